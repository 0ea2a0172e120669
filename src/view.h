/*
 * view.h: which versions are still being looked at.
 *
 * The arena only knows of a view that it is open, at which version and since when; the principal, the tokens and a copy
 * of their operations are the reader's own. All functions need the lock; times are absolute milliseconds.
 */
#ifndef VIEW_H
#define VIEW_H

#include "mutation.h"

oc_off view_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t view_bytes(uint32_t capacity);

/*
 * Notes a view of the log's head; it counts until it is closed or `most` milliseconds passed. Returns what names it
 * from now on, or 0 when there is no slot left: older states are then not kept for it.
 */
uint64_t view_open_locked(struct arena *arena, uint64_t now, uint64_t most);
/* Whether older states are still kept for it: not once it was closed, aged out, or the arena was reset. */
bool view_counts_locked(const struct arena *arena, uint64_t view);
/* Closing twice, or what is no view any more, does nothing. */
void view_close_locked(struct arena *arena, uint64_t view);
/*
 * Takes those that aged out for closed (a few in one call) and returns the version of the oldest that is open, or
 * UINT64_MAX.
 */
uint64_t view_oldest_locked(struct arena *arena, uint64_t now);
uint32_t view_count_locked(struct arena *arena);

#endif
