/*
 * membership.h: what an operation does to the list that a query asks for, and to the page of it that an answer shows.
 */
#ifndef MEMBERSHIP_H
#define MEMBERSHIP_H

#include "render.h"

enum { NO_PLACE = UINT32_MAX };

struct membership {
  uint32_t own;      /* which of the page's documents is the operation's; NO_PLACE: none */
  uint32_t place;    /* where it is to be among the others; NO_PLACE: not on the page */
  bool moves;        /* it is not where it was */
  bool leaves_first; /* of the others the first goes to the page before */
  bool leaves_last;  /* the last goes to the page behind */
  bool keeps;        /* later operations may name what leaves, or bring it back */
  int32_t count;     /* by how much the list grows: -1, 0 or 1 */
};

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
