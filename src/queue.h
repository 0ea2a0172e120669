/*
 * queue.h: slots of one table in the order in which they joined: entries by age, tags by when they became idle, …
 *
 * A slot is in one queue at most, and leaves it from any place. All functions need the lock and take constant time.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "table.h"

/* All zero: empty. Its slots are linked by `newer` and `older` of struct slot. */
struct queue {
  uint32_t newest, oldest, count;
};

void queue_join_locked(struct arena *arena, const struct table *table, struct queue *queue, uint32_t index);
void queue_leave_locked(struct arena *arena, const struct table *table, struct queue *queue, uint32_t index);

#endif
