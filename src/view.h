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

/* Notes an open view; 0 when there is no slot left: its older states are then not kept for it. */
uint32_t view_open_locked(struct arena *arena, uint64_t version, uint64_t now);
/* 0 is allowed. `opened` is the time given to view_open_locked: a slot that aged out and was taken by another stays. */
void view_close_locked(struct arena *arena, uint32_t index, uint64_t opened);
/* The version of the oldest view that is open, or UINT64_MAX. Views open for longer than a minute do not count. */
uint64_t view_oldest_locked(struct arena *arena, uint64_t now);
uint32_t view_count_locked(struct arena *arena);

#endif
