/*
 * excerpt.h: the documents of an entry that updates change where they are, without the rest of the entry.
 *
 * Memory outside the arena. What it is taken from may lie in the arena; only excerpt_take reads that, allocates nothing,
 * and may be called with the lock held.
 */
#ifndef EXCERPT_H
#define EXCERPT_H

#include "replay.h"
#include "subject.h"

/* Where one of the query's own documents was. */
struct excerpt_place {
  uint32_t at, len; /* in the value */
  uint32_t index;   /* among them */
  uint32_t span;    /* in the excerpt's page */
  bool within;      /* a document that it shows may change, too */
};

struct excerpt {
  struct page page;   /* the documents alone, one behind the other; without `shapes`, which are the caller's */
  oc_buffer_t value;  /* room for all of the value, for excerpt_assemble */
  oc_buffer_t query;  /* what page.query points to */
  oc_buffer_t places; /* of struct excerpt_place, in the order of the value */
  size_t need_bytes, need_spans, need_query, need_places;
};

void excerpt_free(struct excerpt *excerpt);

/* Takes the subjects out of a value. OC_REFUSED: there is not enough room; try again after excerpt_grow. */
oc_status excerpt_take(struct excerpt *excerpt, const struct page *whole, const struct subjects *subjects);
/* Makes what room was needed, and at first as much as usual. Errors: MEMORY. */
oc_status excerpt_grow(struct excerpt *excerpt);

static inline uint32_t excerpt_count(const struct excerpt *excerpt) {
  return (uint32_t)(excerpt->places.len / sizeof(struct excerpt_place));
}

/* Appends excerpt->value, with the documents as they are now in their places. Errors: MEMORY. */
oc_status excerpt_assemble(const struct excerpt *excerpt, oc_buffer_t *out);
/*
 * Appends [[index, id, member, value, …], [index, id, document, …]]: members of some that the operations are about, and
 * others as a whole. Errors: MEMORY.
 */
oc_status excerpt_print(const struct excerpt *excerpt, const oc_slice_t *operations, size_t count, oc_buffer_t *out);

#endif
