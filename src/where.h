/*
 * where.h: Payload's where and sort, compiled to a block without pointers. What it comes to for a document:
 * where_known.h.
 */
#ifndef WHERE_H
#define WHERE_H

#include <string.h>

#include "buffer.h"
#include "scalar.h"
#include "shape.h"

struct where_text {
  uint32_t at, len; /* from the start of the block */
};

/* The head of the block. */
struct where {
  uint32_t size;
  uint32_t nodes_at, node_count; /* struct where_node; without any, every document is asked for */
  uint32_t keys_at, key_count;   /* struct sort_key */
};

enum where_kind {
  WHERE_AND,
  WHERE_OR,
  WHERE_UNDECIDED, /* not understood, or too much */
  WHERE_EQUALS,
  WHERE_NOT_EQUALS,
  WHERE_IN,
  WHERE_NOT_IN,
  WHERE_ALL,
  WHERE_EXISTS,
  WHERE_GREATER,
  WHERE_GREATER_EQUAL,
  WHERE_LESS,
  WHERE_LESS_EQUAL,
  WHERE_LIKE,
  WHERE_NOT_LIKE,
  WHERE_CONTAINS
};

struct where_node {
  uint16_t kind;
  uint16_t doubtful;
  uint32_t end;
  struct where_text path, value; /* of a condition */
};

struct sort_key {
  struct where_text path;
  uint8_t descending;
  uint8_t implied;  /* what Payload adds to make an order of it: creation, or the id where that is not kept */
  uint8_t doubtful; /* not read the same way by every way into Payload */
  uint8_t reserved;
};

/*
 * Appends the block. `where` and `sort` are valid JSON, or empty. `trash`: documents with a deletedAt are not asked
 * for. Whatever is not understood, or too much, is unknown of every document, never an error. Errors: MEMORY.
 */
oc_status where_compile(oc_slice_t where, oc_slice_t sort, bool trash, oc_buffer_t *out);
/* Whether a member at that path of the documents themselves can have an influence on the order. */
bool where_sorts_by(const struct where *where, oc_slice_t member);

static inline const struct where_node *where_nodes(const struct where *where) {
  return (const struct where_node *)(const void *)((const char *)where + where->nodes_at);
}
static inline const struct sort_key *where_keys(const struct where *where) {
  return (const struct sort_key *)(const void *)((const char *)where + where->keys_at);
}
static inline oc_slice_t where_slice(const struct where *where, struct where_text text) {
  return (oc_slice_t){(const char *)where + text.at, text.len};
}
/* The first name of a dotted path. */
static inline oc_slice_t where_first_of(oc_slice_t path, oc_slice_t *rest) {
  const char *dot = memchr(path.data, '.', path.len);
  size_t len = dot ? (size_t)(dot - path.data) : path.len, used = len + (dot ? 1 : 0);
  *rest = (oc_slice_t){path.data + used, path.len - used};
  return (oc_slice_t){path.data, len};
}

#endif
