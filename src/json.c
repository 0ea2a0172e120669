/*
 * json.c: one pass to validate, further passes to walk.
 *
 * A page of results is never parsed into a tree: the only questions asked of it are "is it JSON", "where does this
 * value end" and "what are its members", and the bytes themselves answer those at the speed of memory. A value's end is
 * found by counting brackets and skipping strings, which is right for valid text only; so everything is validated
 * when it enters and trusted from then on. Walking is bounded by the slice, so that even text that was never
 * validated cannot lead outside.
 */
#include "json.h"

#include <string.h>

/* ---- UTF-8 (RFC 3629) ---- */

/* The length of the sequence at `at`, or 0 when it is not one. */
static size_t utf8_sequence(const unsigned char *at, const unsigned char *end) {
  size_t left = (size_t)(end - at);
  unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return left >= 2 && (at[1] & 0xc0) == 0x80 ? 2 : 0;
  if ((lead & 0xf0) == 0xe0) {
    if (left < 3 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f)) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (left < 4 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 || (at[3] & 0xc0) != 0x80) return 0;
    if ((lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

oc_status utf8_validate(oc_slice_t text, const char *what, oc_error_t *error) {
  if (text.len == 0) return OC_OK;
  const unsigned char *start = (const unsigned char *)text.data, *at = start, *end = start + text.len;
  while (at < end) {
    uint64_t word;
    if (end - at >= 8 && (memcpy(&word, at, 8), (word & 0x8080808080808080ULL) == 0)) {
      at += 8;
      continue;
    }
    size_t len = utf8_sequence(at, end);
    if (len == 0)
      return error_set(error, OC_ERR_UTF8, "%s is not UTF-8 at byte %zu; encode it as UTF-8 first", what,
                       (size_t)(at - start));
    at += len;
  }
  return OC_OK;
}

size_t utf8_cut(oc_slice_t text, size_t most) {
  if (text.len <= most) return text.len;
  size_t len = most;
  while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80) len--;
  return len;
}

/* ---- Validation ---- */

struct check {
  const char *start, *at, *end;
  const char *what;
  oc_error_t *error;
  uint64_t in_object[JSON_DEPTH_MOST / 64]; /* bit d: the container at depth d is an object */
};

static oc_status wrong(const struct check *check, oc_status status, const char *why) {
  return error_set(check->error, status, "%s is not acceptable JSON at byte %zu: %s", check->what,
                   (size_t)(check->at - check->start), why);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_space(const char *at, const char *end) {
  while (at < end && is_space(*at)) at++;
  return at;
}

static int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The code unit of the four digits at `at`, or -1. */
static int hex_unit(const char *at, const char *end) {
  int unit = 0;
  if (end - at < 4) return -1;
  for (int i = 0; i < 4; i++) {
    int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/* `at` is on the u of an escape; leaves it after the escape (or the pair of them). */
static oc_status check_unicode_escape(struct check *check) {
  int unit = hex_unit(check->at + 1, check->end);
  if (unit < 0) return wrong(check, OC_ERR_JSON, "\\u needs four hexadecimal digits");
  if (unit == 0) return wrong(check, OC_ERR_JSON_NUL, "an escaped NUL would cut the text short; remove it");
  if (unit >= 0xdc00 && unit <= 0xdfff)
    return wrong(check, OC_ERR_JSON_SURROGATE, "a low surrogate without its high one");
  check->at += 5;
  if (unit < 0xd800 || unit > 0xdbff) return OC_OK;
  int low = check->end - check->at >= 6 && check->at[0] == '\\' && check->at[1] == 'u'
                ? hex_unit(check->at + 2, check->end)
                : -1;
  if (low < 0xdc00 || low > 0xdfff)
    return wrong(check, OC_ERR_JSON_SURROGATE, "a high surrogate without its low one; call toWellFormed() first");
  check->at += 6;
  return OC_OK;
}

/* `at` is on the opening quote; leaves it after the closing one. */
static oc_status check_string(struct check *check) {
  check->at++;
  while (check->at < check->end) {
    unsigned char c = (unsigned char)*check->at;
    if (c == '"') {
      check->at++;
      return OC_OK;
    }
    if (c < 0x20) return wrong(check, OC_ERR_JSON, "a control character in a string must be escaped");
    check->at++;
    if (c != '\\') continue;
    if (check->at == check->end) break;
    if (*check->at == 'u') {
      oc_status status = check_unicode_escape(check);
      if (status != OC_OK) return status;
    } else if (memchr("\"\\/bfnrt", *check->at, 8)) {
      check->at++;
    } else {
      return wrong(check, OC_ERR_JSON, "no such escape");
    }
  }
  return wrong(check, OC_ERR_JSON, "the text ends inside a string");
}

static oc_status check_digits(struct check *check) {
  if (check->at == check->end || !is_digit(*check->at)) return wrong(check, OC_ERR_JSON, "a digit is missing");
  while (check->at < check->end && is_digit(*check->at)) check->at++;
  return OC_OK;
}

static oc_status check_number(struct check *check) {
  oc_status status = OC_OK;
  if (*check->at == '-') check->at++;
  if (check->at < check->end && *check->at == '0') check->at++;
  else status = check_digits(check);
  if (status == OC_OK && check->at < check->end && *check->at == '.') {
    check->at++;
    status = check_digits(check);
  }
  if (status == OC_OK && check->at < check->end && (*check->at == 'e' || *check->at == 'E')) {
    check->at++;
    if (check->at < check->end && (*check->at == '+' || *check->at == '-')) check->at++;
    status = check_digits(check);
  }
  return status;
}

static oc_status check_scalar(struct check *check) {
  static const oc_slice_t WORDS[] = {{"true", 4}, {"false", 5}, {"null", 4}};
  if (*check->at == '"') return check_string(check);
  if (*check->at == '-' || is_digit(*check->at)) return check_number(check);
  for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
    if ((size_t)(check->end - check->at) < WORDS[i].len || memcmp(check->at, WORDS[i].data, WORDS[i].len)) continue;
    check->at += WORDS[i].len;
    return OC_OK;
  }
  return wrong(check, OC_ERR_JSON, "no value begins like this");
}

/* A member's name and colon. */
static oc_status check_name(struct check *check) {
  if (check->at == check->end || *check->at != '"') return wrong(check, OC_ERR_JSON, "a member's name is missing");
  oc_status status = check_string(check);
  if (status != OC_OK) return status;
  check->at = skip_space(check->at, check->end);
  if (check->at == check->end || *check->at != ':') return wrong(check, OC_ERR_JSON, "a colon is missing");
  check->at = skip_space(check->at + 1, check->end);
  return OC_OK;
}

static bool object_at(const struct check *check, uint32_t depth) {
  return (check->in_object[depth / 64] >> (depth % 64)) & 1;
}

static void enter(struct check *check, uint32_t depth, bool object) {
  uint64_t bit = 1ULL << (depth % 64);
  if (object) check->in_object[depth / 64] |= bit;
  else check->in_object[depth / 64] &= ~bit;
  check->at = skip_space(check->at + 1, check->end);
}

/* After a value: closes what ends here. Leaves `at` on the next value, or at the end with *depth 0. */
static oc_status check_after(struct check *check, uint32_t *depth) {
  for (;;) {
    check->at = skip_space(check->at, check->end);
    if (*depth == 0) return check->at == check->end ? OC_OK : wrong(check, OC_ERR_JSON, "text after the value");
    if (check->at == check->end) return wrong(check, OC_ERR_JSON, "the text ends too early");
    bool object = object_at(check, *depth - 1);
    if (*check->at == ',') {
      check->at = skip_space(check->at + 1, check->end);
      return object ? check_name(check) : OC_OK;
    }
    if (*check->at != (object ? '}' : ']')) return wrong(check, OC_ERR_JSON, "a comma or a closing bracket is missing");
    check->at++;
    --*depth;
  }
}

static oc_status check_value(struct check *check, uint32_t limit) {
  uint32_t depth = 0;
  check->at = skip_space(check->at, check->end);
  do {
    if (check->at == check->end) return wrong(check, OC_ERR_JSON, "the text ends where a value should be");
    oc_status status;
    if (*check->at == '{' || *check->at == '[') {
      bool object = *check->at == '{';
      if (depth == limit) return wrong(check, OC_ERR_JSON_DEPTH, "it is nested deeper than limits.jsonDepth allows");
      enter(check, depth++, object);
      if (check->at == check->end || *check->at != (object ? '}' : ']')) {
        status = object ? check_name(check) : OC_OK;
        if (status != OC_OK) return status;
        continue;
      }
      check->at++;
      depth--;
    } else {
      status = check_scalar(check);
      if (status != OC_OK) return status;
    }
    status = check_after(check, &depth);
    if (status != OC_OK) return status;
  } while (depth > 0 || check->at < check->end);
  return OC_OK;
}

oc_status json_validate(oc_slice_t text, uint32_t depth, const char *what, oc_error_t *error) {
  oc_status status = utf8_validate(text, what, error);
  if (status != OC_OK) return status;
  if (text.len == 0) return error_set(error, OC_ERR_JSON, "%s is empty; JSON holds at least a value", what);
  struct check check = {.start = text.data, .at = text.data, .end = text.data + text.len, .what = what, .error = error};
  return check_value(&check, depth < JSON_DEPTH_MOST ? depth : JSON_DEPTH_MOST);
}

/* ---- Walking valid text ---- */

/* After the string whose opening quote is at `at`. */
static const char *skip_string(const char *at, const char *end) {
  for (at++; at < end; at++) {
    at = memchr(at, '"', (size_t)(end - at));
    if (!at) return end;
    const char *escape = at;
    while (escape[-1] == '\\') escape--;
    if ((at - escape) % 2 == 0) return at + 1;
  }
  return end;
}

static const char *skip_container(const char *at, const char *end) {
  uint32_t depth = 0;
  while (at < end) {
    switch (*at) {
    case '"': at = skip_string(at, end); continue;
    case '{':
    case '[': depth++; break;
    case '}':
    case ']':
      if (--depth == 0) return at + 1;
      break;
    default: break;
    }
    at++;
  }
  return end;
}

static const char *skip_value(const char *at, const char *end) {
  if (at >= end) return end;
  if (*at == '"') return skip_string(at, end);
  if (*at == '{' || *at == '[') return skip_container(at, end);
  while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at)) at++;
  return at;
}

oc_slice_t json_trim(oc_slice_t text) {
  const char *end = text.data + text.len, *at = skip_space(text.data, end);
  while (end > at && is_space(end[-1])) end--;
  return (oc_slice_t){at, (size_t)(end - at)};
}

struct json_walk json_walk(oc_slice_t container) {
  if (container.len < 2) return (struct json_walk){NULL, NULL};
  return (struct json_walk){container.data + 1, container.data + container.len - 1};
}

bool json_next_element(struct json_walk *walk, oc_slice_t *value) {
  if (!walk->at) return false;
  const char *at = skip_space(walk->at, walk->end);
  if (at < walk->end && *at == ',') at = skip_space(at + 1, walk->end);
  if (at >= walk->end) return false;
  walk->at = skip_value(at, walk->end);
  if (walk->at == at) return false;
  *value = (oc_slice_t){at, (size_t)(walk->at - at)};
  return true;
}

bool json_next_member(struct json_walk *walk, oc_slice_t *name, oc_slice_t *value) {
  oc_slice_t quoted;
  if (!json_next_element(walk, &quoted) || !json_is_string(quoted)) return false;
  const char *at = skip_space(walk->at, walk->end);
  if (at >= walk->end || *at != ':') return false;
  at = skip_space(at + 1, walk->end);
  walk->at = skip_value(at, walk->end);
  *name = json_scalar_text(quoted);
  *value = (oc_slice_t){at, (size_t)(walk->at - at)};
  return true;
}

/* Bytes that are compared at once. */
typedef char lanes __attribute__((vector_size(16)));

static lanes lanes_of(char c) { return (lanes){0} + c; }

static bool any(lanes found) {
  uint64_t halves[2];
  memcpy(halves, &found, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/* Whether the name stands in quotes that open at one of the `count` bytes. */
static bool is_named(const char *at, size_t count, const char *end, oc_slice_t name) {
  for (size_t i = 0; i < count && (size_t)(end - at) - i >= name.len + 2; i++)
    if (at[i] == '"' && at[i + 1 + name.len] == '"' && !memcmp(at + i + 1, name.data, name.len)) return true;
  return false;
}

/*
 * Whether a member of that name may come once more. Looking for quotes before the name's first byte is many times
 * faster than walking over the rest of an object.
 */
static bool may_follow(const struct json_walk *walk, oc_slice_t name) {
  const char *at = walk->at, *end = walk->end;
  if (name.len == 0) return true;
  for (lanes one, next, quote = lanes_of('"'), first = lanes_of(name.data[0]); end - at > 16; at += 16) {
    memcpy(&one, at, sizeof one);
    memcpy(&next, at + 1, sizeof next);
    if (any((lanes)((one == quote) & (next == first))) && is_named(at, 16, end, name)) return true;
  }
  return is_named(at, (size_t)(end - at), end, name);
}

bool json_member(oc_slice_t object, oc_slice_t name, oc_slice_t *value) {
  if (!json_is_object(object)) return false;
  struct json_walk walk = json_walk(object);
  oc_slice_t member, candidate;
  bool found = false;
  while (json_next_member(&walk, &member, &candidate)) {
    if (!slice_equal(member, name)) continue;
    *value = candidate;
    found = true;
    if (!may_follow(&walk, name)) break;
  }
  return found;
}

oc_slice_t json_scalar_text(oc_slice_t value) {
  if (!json_is_string(value) || value.len < 2) return value;
  return (oc_slice_t){value.data + 1, value.len - 2};
}

/* ---- Escapes ---- */

static uint32_t hex4(const char *at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t digit = (unsigned char)at[i];
    value = value * 16 + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
  }
  return value;
}

static size_t put_utf8(uint32_t c, char *out) {
  if (c < 0x80) return out[0] = (char)c, 1;
  if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3f)), 2;
  size_t len = c < 0x10000 ? 3 : 4;
  out[0] = (char)(len == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
  for (size_t i = 1; i < len; i++) out[i] = (char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
  return len;
}

/* Decodes one character's worth at `at`; `len` gets the bytes written, at most 4. Returns what follows it. */
static const char *decode_one(const char *at, const char *end, char *out, size_t *len) {
  static const char NAMES[] = "bfnrt", BYTES[] = "\b\f\n\r\t";
  *len = 1;
  *out = *at;
  if (*at != '\\' || end - at < 2) return at + 1;
  const char *name = memchr(NAMES, at[1], sizeof NAMES - 1);
  *out = name ? BYTES[name - NAMES] : at[1];
  if (at[1] != 'u' || end - at < 6) return at + 2;
  uint32_t c = hex4(at + 2);
  at += 6;
  if (c >= 0xd800 && c < 0xdc00 && end - at >= 6) { /* validated: the other half follows */
    c = 0x10000 + ((c & 0x3ff) << 10) + (hex4(at + 2) & 0x3ff);
    at += 6;
  }
  *len = put_utf8(c, out);
  return at;
}

size_t json_decode(oc_slice_t raw, char *out) {
  size_t size = 0, len;
  for (const char *at = raw.data, *end = at + raw.len; at < end; size += len) {
    char bytes[4];
    at = decode_one(at, end, bytes, &len);
    memcpy(out + size, bytes, len);
  }
  return size;
}

bool json_decodes_to(oc_slice_t raw, oc_slice_t text) {
  if (raw.len == 0 || !memchr(raw.data, '\\', raw.len)) return slice_equal(raw, text);
  size_t matched = 0, len;
  for (const char *at = raw.data, *end = at + raw.len; at < end; matched += len) {
    char bytes[4];
    at = decode_one(at, end, bytes, &len);
    if (text.len - matched < len || memcmp(text.data + matched, bytes, len)) return false;
  }
  return matched == text.len;
}
