/*
 * query.h: what a value is the answer to, compiled to a block without pointers that lies beside the entry in the arena.
 */
#ifndef QUERY_H
#define QUERY_H

#include "buffer.h"
#include "shape.h"

enum query_type { QUERY_NONE, QUERY_FIND, QUERY_FIND_BY_ID, QUERY_COUNT };

struct query_name {
  uint32_t at, len; /* from the start of the query */
};

struct query {
  uint32_t size; /* of the whole block */
  uint16_t type;
  uint16_t depth; /* relations of a document at level < depth are populated */
  struct query_name collection;
  /* Arrays of struct query_name. */
  uint32_t filters_at, filter_count;   /* top-level members that where or sort look at */
  uint32_t partials_at, partial_count; /* top-level members of which select takes only a part */
  uint32_t wides_at, wide_count;       /* other collections that where or sort look into through a relation */
};

/*
 * { type: 'find' | 'findByID' | 'count', collection, where?, sort?, depth?, select? }; other members are ignored, as
 * they do not bear on replay (limit, page: a member that is not looked at never moves a document).
 * `out` gets the block. Errors: QUERY, JSON*, UTF8, MEMORY.
 */
oc_status query_compile(oc_slice_t text, const struct shapes *shapes, uint32_t json_depth, oc_buffer_t *out,
                        oc_error_t *error);

static inline oc_slice_t query_text(const struct query *query, struct query_name name) {
  return (oc_slice_t){(const char *)query + name.at, name.len};
}
static inline oc_slice_t query_collection(const struct query *query) { return query_text(query, query->collection); }
oc_slice_t query_wide(const struct query *query, uint32_t index);
/* Whether where or sort look at that top-level member. */
bool query_filters(const struct query *query, oc_slice_t member);
/* Whether select takes only a part of that top-level member. */
bool query_selects_partly(const struct query *query, oc_slice_t member);

#endif
