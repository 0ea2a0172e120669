/*
 * where_known.h: what is known of a document, and what a where and a sort come to for it.
 */
#ifndef WHERE_KNOWN_H
#define WHERE_KNOWN_H

#include "where.h"

enum { KNOWN_MOST = 24 };

/*
 * What is known of a document: objects that have members of it, of which the first that has a member counts. `made`: it
 * is only being created, and what it will be given counts as given. `whole`: what none of them has is null.
 */
struct known {
  const struct shapes *shapes;
  const struct shape_node *root;
  oc_slice_t layers[KNOWN_MOST];
  uint32_t layer_count;
  uint32_t foreign; /* a bit for each layer whose localized members are of another locale, and do not count */
  bool made, whole;
  oc_slice_t id; /* as JSON, where no layer has it; empty: not known */
};

static inline void known_add(struct known *known, oc_slice_t object, bool foreign) {
  if (!json_is_object(object) || known->layer_count == KNOWN_MOST) return;
  known->foreign |= (uint32_t)foreign << known->layer_count;
  known->layers[known->layer_count++] = object;
}

struct where_answer {
  enum truth truth;
  bool rows; /* a condition looked into an array: the database joins a table */
};
/* Exact: unknown where SQLite and PostgreSQL may differ. */
struct where_answer where_matches(const struct where *where, const struct known *known, enum replay_mode mode);
/* By all sort keys. */
enum order where_order(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode);
/* Whether the database may join other tables for it. */
bool where_may_join(const struct where *where, const struct known *known);
/* Whether both have the same value, as it is written, for every sort key; false when a value is not known. */
bool where_same_keys(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode);

#endif
