/*
 * process.c: the table of processes.
 *
 *   slot    0                1                2
 *         { serial 7, pid }  { serial 0 }     { serial 9, pid }
 *   claim   held by 7                           held by nobody: 9 died, and nobody has looked since
 *
 * A slot is free for the taking when its byte can be claimed, whatever the table says of it: the kernel is asked,
 * never the memory, because the dead could not clean up. Death is noticed by looking (process_reap_locked), as
 * nothing wakes anybody when a process dies; those who keep deadlines look a few times a second (process_look_locked)
 * while there is something to be lost.
 */
#include "process.h"

#include <unistd.h>

enum { LOOK_EVERY = 200 /* ms */ };

static struct arena_process *slot_at(const struct arena *arena, uint32_t slot) {
  return arena_header(arena)->processes + slot;
}

/* What its process still owed, everybody does now: see debt.c. */
static void vacate(struct arena *arena, uint32_t slot) {
  struct arena_debts *debts = &arena_header(arena)->debts;
  if (slot_at(arena, slot)->owes_until || slot_at(arena, slot)->expired) {
    debts->owing--;
    debts->gone = 1;
    debts->gone_at = 0;
  }
  *slot_at(arena, slot) = (struct arena_process){0};
}

oc_status process_enter_locked(struct arena *arena) {
  struct arena_header *header = arena_header(arena);
  uint32_t slot = 0;
  while (slot < PROCESSES_MOST && !mapping_claim(&arena->mapping, slot)) slot++;
  if (slot == PROCESSES_MOST) return OC_ERR_FULL;
  arena->self = (struct process_id){slot, ++header->last_serial};
  vacate(arena, slot);
  slot_at(arena, slot)->serial = arena->self.serial;
  slot_at(arena, slot)->pid = (uint32_t)getpid();
  if (slot >= header->processes_high) header->processes_high = slot + 1;
  return OC_OK;
}

void process_leave_locked(struct arena *arena) {
  vacate(arena, arena->self.slot);
  mapping_give_up(&arena->mapping, arena->self.slot);
}

bool process_is_present_locked(const struct arena *arena, struct process_id id) {
  return id.serial != 0 && id.slot < PROCESSES_MOST && slot_at(arena, id.slot)->serial == id.serial;
}

bool process_is_alive_locked(struct arena *arena, struct process_id id) {
  if (!process_is_present_locked(arena, id)) return false;
  return process_is_self(arena, id) || mapping_is_claimed(&arena->mapping, id.slot, 1);
}

uint32_t process_reap_locked(struct arena *arena) {
  uint32_t freed = 0;
  for (uint32_t slot = 0; slot < arena_header(arena)->processes_high; slot++) {
    struct process_id id = {slot, slot_at(arena, slot)->serial};
    if (id.serial == 0 || process_is_alive_locked(arena, id)) continue;
    vacate(arena, slot);
    freed++;
  }
  return freed;
}

bool process_look_locked(struct arena *arena, uint64_t now, uint64_t *next_look) {
  bool went_back = *next_look > now + LOOK_EVERY; /* the clock, which is no reason to wait */
  if (now < *next_look && !went_back) return false;
  *next_look = now + LOOK_EVERY;
  process_reap_locked(arena);
  return true;
}

uint32_t process_count_locked(const struct arena *arena) {
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < arena_header(arena)->processes_high; slot++)
    if (slot_at(arena, slot)->serial) count++;
  return count;
}
