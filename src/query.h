/*
 * query.h: what a value is the answer to, compiled to a block without pointers that lies beside the entry in the arena.
 */
#ifndef QUERY_H
#define QUERY_H

#include "where_known.h"

enum query_type { QUERY_NONE, QUERY_FIND, QUERY_FIND_BY_ID, QUERY_FIND_GLOBAL, QUERY_COUNT };

/* What select leaves of the documents. */
enum query_select {
  SELECT_ALL,    /* there is none */
  SELECT_NAMED,  /* the id and the selected top-level members */
  SELECT_OTHERS, /* all but those */
  SELECT_PARTS   /* parts of members, too */
};

struct query_name {
  uint32_t at, len; /* from the start of the query */
};

struct query {
  uint32_t size; /* of the whole block */
  uint16_t type;
  uint16_t depth;      /* relations of a document at level < depth are populated */
  uint64_t rendering;  /* equal where two queries show a document alike */
  uint64_t populating; /* equal where they show it alike in a relation, as many levels above the depth */
  uint64_t scope;      /* equal where the same access rights produced the answers */
  struct query_name collection;
  struct query_name global; /* "global:slug", of a global */
  struct query_name locale; /* empty: the default one */
  struct query_name joins;  /* JSON: what it asks of joins; empty: nothing */
  uint32_t limit, page;     /* limit 0: all */
  uint8_t paginates;        /* counts what lies outside of its page */
  uint8_t select;           /* enum query_select */
  uint8_t unstable;         /* of equals in every sort key, the order changes when one of them is written */
  uint8_t reserved;
  uint32_t where_at; /* struct where */
  /* Arrays of struct query_name. */
  uint32_t filters_at, filter_count;   /* top-level members that where or sort look at */
  uint32_t partials_at, partial_count; /* top-level members of which select takes only a part */
  uint32_t selects_at, select_count;   /* top-level members that select names */
  uint32_t wides_at, wide_count;       /* other collections that where or sort look into through a relation */
};

/*
 * { type: 'find' | 'findByID' | 'count', collection, where?, sort?, limit?, page?, pagination?, depth?, select?,
 * populate?, joins?, locale?, fallbackLocale?, draft?, trash?, scope?, unstable? }, or { type: 'findGlobal', global,
 * depth?, … }. `scope` tells answers apart that show documents differently for any other reason. Other members are
 * ignored. A global is the document of its name in the collection "global", and has its shape under "global:name".
 * `out` gets the block. Errors: QUERY, JSON*, UTF8, MEMORY.
 */
oc_status query_compile(oc_slice_t text, const struct shapes *shapes, uint32_t json_depth, oc_buffer_t *out,
                        oc_error_t *error);

static inline oc_slice_t query_text(const struct query *query, struct query_name name) {
  return (oc_slice_t){(const char *)query + name.at, name.len};
}
static inline const struct where *query_where(const struct query *query) {
  return (const struct where *)(const void *)((const char *)query + query->where_at);
}
static inline oc_slice_t query_collection(const struct query *query) { return query_text(query, query->collection); }
static inline oc_slice_t query_global(const struct query *query) { return query_text(query, query->global); }
static inline oc_slice_t query_global_slug(const struct query *query) {
  oc_slice_t name = query_global(query);
  return (oc_slice_t){name.data + sizeof "global:" - 1, name.len > 0 ? name.len - (sizeof "global:" - 1) : 0};
}
oc_slice_t query_wide(const struct query *query, uint32_t index);
oc_slice_t query_filter(const struct query *query, uint32_t index);
/* Whether where or sort look at that top-level member. */
bool query_filters(const struct query *query, oc_slice_t member);
/* Whether select takes only a part of that top-level member. */
bool query_selects_partly(const struct query *query, oc_slice_t member);
/* Whether its documents show that top-level member, if they have it. */
bool query_selects(const struct query *query, oc_slice_t member);

#endif
