/*
 * debt.h: mutations whose end nobody waits for any more, and somebody must answer for.
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
/* A mutation expired while its process lives, which may still commit it. */
void debt_note_expired_locked(struct arena *arena, struct process_id owner);
/* It has said how it ended. */
void debt_note_settled_locked(struct arena *arena, struct process_id owner);
/* The same at once, for what this process owes, or, with `all`, for what anybody does. It is leaving. */
void debt_leave_locked(struct arena *arena, bool all);

#endif
