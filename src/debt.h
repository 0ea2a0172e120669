/*
 * debt.h: what a reset forgot, and somebody must answer for.
 *
 * All functions need the lock; times are absolute milliseconds.
 */
#ifndef DEBT_H
#define DEBT_H

#include "mutation.h"

/*
 * Invalidates everything when it is time to: see debt.c. Returns whether it did; `next` gets when to call it again, or
 * 0 while nobody owes anything.
 */
bool debt_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next);
/* The same at once, for what this process owes, or, with `all`, for what anybody does. It is leaving. */
void debt_leave_locked(struct arena *arena, bool all);

#endif
