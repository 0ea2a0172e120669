/*
 * join.h: what an operation does to the documents that join fields show.
 *
 * Memory outside the arena; needs no lock.
 */
#ifndef JOIN_H
#define JOIN_H

#include "list.h"

/* Whether joins in the page's documents show documents of that shape. */
bool joins_show(const struct page *page, int32_t shape);

/*
 * Has the operation's document enter, leave, or move in the joins of the page. What it changes in the document itself
 * is left to others. `changed` is set when bytes changed. OC_MISS: exact, and not to be known. Errors: MEMORY.
 */
oc_status joins_follow(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed);

#endif
