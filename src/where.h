/*
 * where.h: Payload's where and sort, compiled to a block without pointers, and decided on what is known of a document.
 */
#ifndef WHERE_H
#define WHERE_H

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

struct sort_key {
  struct where_text path;
  uint8_t descending;
  uint8_t implied;  /* what Payload adds to make an order of it: creation, or the id where that is not kept */
  uint8_t doubtful; /* not read the same way by every way into Payload */
  uint8_t reserved;
};

enum { KNOWN_MOST = 24 };

/*
 * What is known of a document: objects that have members of it, of which the first that has a member counts. `made`: it
 * is only being created, and what it will be given counts as given.
 */
struct known {
  const struct shapes *shapes;
  const struct shape_node *root;
  oc_slice_t layers[KNOWN_MOST];
  uint32_t layer_count;
  uint32_t foreign; /* a bit for each layer whose localized members are of another locale, and do not count */
  bool made;
  oc_slice_t id; /* as JSON, where no layer has it; empty: not known */
};

static inline void known_add(struct known *known, oc_slice_t object, bool foreign) {
  if (!json_is_object(object) || known->layer_count == KNOWN_MOST) return;
  known->foreign |= (uint32_t)foreign << known->layer_count;
  known->layers[known->layer_count++] = object;
}

/*
 * Appends the block. `where` and `sort` are valid JSON, or empty. `trash`: documents with a deletedAt are not asked
 * for. Whatever is not understood, or too much, is unknown of every document, never an error. Errors: MEMORY.
 */
oc_status where_compile(oc_slice_t where, oc_slice_t sort, bool trash, oc_buffer_t *out);

struct where_answer {
  enum truth truth;
  bool rows; /* a condition looked into an array: the database joins a table */
};
/* Exact: unknown where SQLite and PostgreSQL may differ. */
struct where_answer where_matches(const struct where *where, const struct known *known, enum replay_mode mode);
/* By all sort keys. */
enum order where_order(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode);
/* Whether a member at that path of the documents themselves can have an influence on the order. */
bool where_sorts_by(const struct where *where, oc_slice_t member);
/* Whether the database may join other tables for it. */
bool where_may_join(const struct where *where, const struct known *known);
/* Whether both have the same value, as it is written, for every sort key; false when a value is not known. */
bool where_same_keys(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode);

static inline const struct where_node *where_nodes(const struct where *where) {
  return (const struct where_node *)(const void *)((const char *)where + where->nodes_at);
}
static inline const struct sort_key *where_keys(const struct where *where) {
  return (const struct sort_key *)(const void *)((const char *)where + where->keys_at);
}
static inline oc_slice_t where_slice(const struct where *where, struct where_text text) {
  return (oc_slice_t){(const char *)where + text.at, text.len};
}

#endif
