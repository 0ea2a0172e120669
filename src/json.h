/*
 * json.h: JSON as bytes: validated once, then walked without a tree.
 *
 * Slices point into the text that was given. Everything but json_validate and utf8_validate takes text that was
 * validated; on other text the result is unspecified, but no byte outside of it is read.
 */
#ifndef JSON_H
#define JSON_H

#include "error.h"

enum { JSON_DEPTH_MOST = 960 }; /* cJSON gives up at 1,000 */

/* Errors: UTF8, naming `what` and the byte. */
oc_status utf8_validate(oc_slice_t text, const char *what, oc_error_t *error);
/* How many bytes of UTF-8 are its first whole characters that fit into `most`. */
size_t utf8_cut(oc_slice_t text, size_t most);
/*
 * UTF-8 and RFC 8259, nested at most `depth` (≤ JSON_DEPTH_MOST) deep, no escaped NUL, no half surrogate pair.
 * Errors: UTF8, JSON, JSON_DEPTH, JSON_NUL, JSON_SURROGATE, naming `what` and the byte.
 */
oc_status json_validate(oc_slice_t text, uint32_t depth, const char *what, oc_error_t *error);

/* A value without the whitespace around it. */
oc_slice_t json_trim(oc_slice_t text);

static inline bool json_is_object(oc_slice_t value) { return value.len > 0 && value.data[0] == '{'; }
static inline bool json_is_array(oc_slice_t value) { return value.len > 0 && value.data[0] == '['; }
static inline bool json_is_string(oc_slice_t value) { return value.len > 0 && value.data[0] == '"'; }
static inline bool json_is_container(oc_slice_t value) { return json_is_object(value) || json_is_array(value); }
static inline bool json_is_null(oc_slice_t value) { return value.len > 0 && value.data[0] == 'n'; }
static inline bool json_is_number(oc_slice_t value) {
  return value.len > 0 && (value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9'));
}

/* Walks the members of an object, or the elements of an array, in their order. */
struct json_walk {
  const char *at, *end;
};
struct json_walk json_walk(oc_slice_t container);
/* `name` is what stands between the quotes, escapes and all. False at the end. */
bool json_next_member(struct json_walk *walk, oc_slice_t *name, oc_slice_t *value);
bool json_next_element(struct json_walk *walk, oc_slice_t *value);
/* The last member of that name (as JSON.parse would have it), or false. */
bool json_member(oc_slice_t object, oc_slice_t name, oc_slice_t *value);
/* What stands between the quotes of a string, or a scalar as it is. */
oc_slice_t json_scalar_text(oc_slice_t value);

/*
 * Writes a string's text, given as between its quotes, with its escapes decoded. Returns the bytes written, which are
 * never more than were given.
 */
size_t json_decode(oc_slice_t raw, char *out);
/* Whether that text, decoded, is `text`. */
bool json_decodes_to(oc_slice_t raw, oc_slice_t text);

static inline bool slice_equal(oc_slice_t a, oc_slice_t b) {
  return a.len == b.len && (a.len == 0 || !__builtin_memcmp(a.data, b.data, a.len));
}
#define SLICE(literal) ((oc_slice_t){(literal), sizeof(literal) - 1})

#endif
