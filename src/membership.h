/*
 * membership.h: what an operation does to the list that a query asks for, and to the page of it that an answer shows.
 */
#ifndef MEMBERSHIP_H
#define MEMBERSHIP_H

#include "list.h"

/*
 * Decides before the page is changed. OC_MISS: not to be known, and when exact, or when the guess is to leave the list
 * as it is. Errors: MEMORY.
 */
oc_status membership_plan(struct page *page, const struct operation *operation, enum replay_mode mode,
                          struct membership *plan);
/*
 * Does it: `document` is what is put in where the page does not have it, with its spans; empty when it cannot be shown.
 * `place` is the index of the span that it has then, or NO_PLACE. Errors: MEMORY, MISS (not a page).
 */
oc_status membership_carry_out(struct page *page, const struct membership *plan, oc_slice_t document,
                               const struct span *spans, uint32_t span_count, uint32_t *place);

#endif
