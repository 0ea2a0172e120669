/*
 * replay.h: an operation applied to the bytes of a value.
 *
 * Works on memory outside the arena and needs no lock.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "membership.h"

/*
 * Applies one operation. OC_MISS in exact mode when the result could differ from the database's; the page is then of
 * no further use. `changed` is set when bytes changed. Errors: MEMORY (of no further use either).
 */
oc_status replay_apply(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed);

#endif
