/*
 * replay.h: an operation applied to the bytes of a value.
 *
 * Works on memory outside the arena and needs no lock.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "document.h"
#include "operation.h"

struct page {
  oc_buffer_t bytes;         /* the value */
  oc_buffer_t spans;         /* of struct span */
  const struct query *query; /* NULL: nothing is known of it */
  const struct shapes *shapes;
};

enum replay_mode {
  REPLAY_EXACT, /* for everybody: the result equals what the database answers, or OC_MISS */
  REPLAY_GUESS  /* for the overlay: what cannot be decided is left as it is */
};

/*
 * Applies one operation. OC_MISS in exact mode when the result could differ from the database's; the page is then of
 * no further use. `changed` is set when bytes changed. Errors: MEMORY (of no further use either).
 */
oc_status replay_apply(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed);

void page_free(struct page *page);

#endif
