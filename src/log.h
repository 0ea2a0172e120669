/*
 * log.h: the ordered ring of what was committed. A position in it is a version.
 *
 * All functions need the lock.
 */
#ifndef LOG_H
#define LOG_H

#include "tag.h"

/* What a record did to a tag: a set of these. */
enum log_effect {
  LOG_UPDATE = 1,     /* members of a document changed, and the record says which */
  LOG_MEMBERSHIP = 2, /* a document was created */
  LOG_DELETE = 4,
  LOG_INVALIDATE = 8 /* it changed in a way that nothing can be replayed across */
};

struct log_link {
  uint64_t prior; /* version of the operation on this tag before this one */
  uint32_t tag;
  uint32_t effects;
};

struct log_record {
  uint32_t link_count;      /* in the order of their tags */
  uint32_t operations_size; /* bytes; struct operation after struct operation */
  oc_off links;             /* struct log_link[link_count], and the operations behind them */
  oc_off operations;
};

oc_off log_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t log_bytes(uint32_t capacity);

static inline uint64_t log_head(const struct arena *arena) { return arena_header(arena)->version; }

/* The bytes of a record's memory, for the caller to allocate (and evict for) before it appends. */
uint64_t log_record_bytes(uint32_t link_count, uint32_t operations_size);
/*
 * Appends a record under the next version and returns that version. `memory` of log_record_bytes becomes the log's; it
 * holds link_count links with `tag` and `effects` filled in, each tag once, and the operations behind them. Each tag's
 * last version moves. `memory` 0 appends an empty record.
 */
uint64_t log_append_locked(struct arena *arena, oc_off memory, uint32_t link_count, uint32_t operations_size);
/* NULL when the ring has forgotten it. */
const struct log_record *log_find_locked(struct arena *arena, uint64_t version);
/* NULL when the record did not touch that tag. */
const struct log_link *log_link_of(const struct arena *arena, const struct log_record *record, uint32_t tag);

#endif
