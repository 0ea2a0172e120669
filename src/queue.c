/* queue.c: a list that is linked both ways, through slots that are named by their index. */
#include "queue.h"

static struct slot *at(const struct arena *arena, const struct table *table, uint32_t index) {
  return table_slot(arena, table, index);
}

void queue_join_locked(struct arena *arena, const struct table *table, struct queue *queue, uint32_t index) {
  struct slot *slot = at(arena, table, index);
  slot->newer = 0;
  slot->older = queue->newest;
  if (queue->newest) at(arena, table, queue->newest)->newer = index;
  else queue->oldest = index;
  queue->newest = index;
  queue->count++;
}

void queue_leave_locked(struct arena *arena, const struct table *table, struct queue *queue, uint32_t index) {
  const struct slot *slot = at(arena, table, index);
  if (slot->newer) at(arena, table, slot->newer)->older = slot->older;
  else queue->newest = slot->older;
  if (slot->older) at(arena, table, slot->older)->newer = slot->newer;
  else queue->oldest = slot->newer;
  queue->count--;
}
