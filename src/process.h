/*
 * process.h: who has the arena open, and whether they still live.
 *
 * Each opening takes a slot of a table in the arena's header, for the life of that opening, and claims the slot in the
 * mapping, which the kernel gives up with the process. A slot is told from its earlier owners by a serial, so that
 * neither a process id nor a slot that comes back is ever taken for somebody who died.
 *
 * What belongs to a process (a pending mutation, a fill under way) carries its struct process_id.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "arena.h"

/* Takes a slot. Called once an opening, with the gate closed. Errors: FULL when PROCESSES_MOST have it open. */
oc_status process_enter_locked(struct arena *arena);
/* Gives the slot back. Whoever asks from then on finds this process dead. */
void process_leave_locked(struct arena *arena);

/* The opening that this arena is. */
static inline struct process_id process_self(const struct arena *arena) { return arena->self; }

static inline bool process_is_self(const struct arena *arena, struct process_id id) {
  return id.slot == arena->self.slot && id.serial == arena->self.serial;
}

/* One system call when `id` is another process that seems to live; else none. Nobody ({0, 0}) is dead. */
bool process_is_alive_locked(struct arena *arena, struct process_id id);
/* As process_is_alive_locked, as of the last process_reap_locked or departure: a look at the table. */
bool process_is_present_locked(const struct arena *arena, struct process_id id);
/* Frees the slots of those who died, with one system call for each other process. Returns how many it freed. */
uint32_t process_reap_locked(struct arena *arena);
/*
 * The same a few times a second, for who waits for others to die and asks again and again: `next_look` is its own, and is
 * moved on. Returns whether it looked.
 */
bool process_look_locked(struct arena *arena, uint64_t now, uint64_t *next_look);
/* Slots in use, this process's among them. */
uint32_t process_count_locked(const struct arena *arena);

#endif
