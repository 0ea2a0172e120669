/*
 * arena.c: header, lock, reset.
 *
 *   0                 header (arena_header: what it is, who has it open, the log's head, the lock, the roots)
 *   …                 the modules' tables, of a size fixed when the arena is made
 *   …                 the allocator's pool, up to the end
 *
 * One mutex guards all of it. A lock per table would let readers of different keys pass each other, but a read touches
 * an entry, all its tags and the log, so it would take them all; and a section is short (a hash look-up, a loop
 * over tags, one memcpy), so that a second lock costs more than it saves. What takes longer (validating, finding
 * documents, replaying) happens on copies outside.
 *
 * The mutex is robust: when a process dies inside a section, the next one to lock is told so. What the dead one left
 * half-done cannot be told from what it finished, so the arena is reset: laid out anew and empty. What is counted
 * goes on: the version, so that a load from before the reset is refused its lease (every tag counts as changed at the
 * new head); stamps, so that no two states of an entry ever share one; and the counters, which say what the cache
 * did, not what is in it. The generation is another one: what was pending is forgotten, and whoever holds more than
 * bytes drops it.
 */
#define _GNU_SOURCE
#include "arena.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_nonzero(void) {
  uint64_t value = 0;
  if (getentropy(&value, sizeof value) || value == 0) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    value = ((uint64_t)now.tv_sec << 30) ^ (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 44) ^ 1U;
  }
  return value;
}

static void say_started(struct arena_header *header, const char *sentence) {
  strncpy(header->started, sentence, STARTED_BYTES - 1);
  header->started[STARTED_BYTES - 1] = '\0';
}

/* Empty tables under the next version and another generation. */
static void format_locked(struct arena *arena) {
  struct arena_header *header = arena_header(arena);
  __atomic_store_n(&header->generation, random_nonzero(), __ATOMIC_RELEASE);
  __atomic_add_fetch(&header->version, 1, __ATOMIC_RELEASE);
  memset(header->root, 0, sizeof header->root);
  arena->format(arena, arena->context);
  arena_changed_locked(arena);
}

/* Whoever had something pending owes an answer: see debt.c. Whatever is half-done here is done again. */
static void note_debts(struct arena_header *header) {
  uint32_t owing = 0;
  for (uint32_t slot = 0; slot < PROCESSES_MOST; slot++) {
    struct arena_process *process = header->processes + slot;
    if (process->begun_until > process->owes_until) process->owes_until = process->begun_until;
    process->begun_until = 0;
    if (process->owes_until || process->expired) owing++;
  }
  header->debts.owing = owing;
  if (!header->orphans_until) return;
  header->debts.gone = 1;
  header->debts.gone_at = 0;
  header->orphans_until = 0;
}

static void reset_locked(struct arena *arena, const char *why) {
  struct arena_header *header = arena_header(arena);
  arena->damaged = false;
  header->resets++;
  note_debts(header);
  say_started(header, why);
  format_locked(arena);
}

static void reset_after_death_locked(struct arena *arena) {
  reset_locked(arena, "reset: a process died while it changed the cache");
}

oc_status arena_make(struct arena *arena, const char *started) {
  struct arena_header *header = arena_header(arena);
  int failed = lock_init(&header->lock);
  if (failed) {
    errno = failed;
    return OC_ERR_SYSTEM;
  }
  say_started(header, started);
  format_locked(arena);
  return OC_OK;
}

void arena_close(struct arena *arena) {
  mapping_close(&arena->mapping);
  arena->base = NULL;
}

/*
 * Nothing in this library gives an orphaned lock back without mending it, so this is for the memory of others who did.
 * Behind the gate, because making a lock anew is nothing that two may do at once.
 */
static void replace_broken_lock(struct arena *arena) {
  static pthread_mutex_t threads = PTHREAD_MUTEX_INITIALIZER;
  struct lock *lock = &arena_header(arena)->lock;
  pthread_mutex_lock(&threads);
  mapping_close_gate(&arena->mapping);
  enum lock_result result = lock_take(lock); /* unless another was faster */
  if (result == LOCK_BROKEN) {
    int failed = lock_init(lock);
    assert(failed == 0);
    (void)failed;
    (void)lock_take(lock);
    reset_after_death_locked(arena);
  } else if (result == LOCK_ORPHANED) {
    reset_after_death_locked(arena);
    lock_mend(lock);
  }
  lock_give(lock);
  mapping_open_gate(&arena->mapping);
  pthread_mutex_unlock(&threads);
}

void arena_lock(struct arena *arena) {
  struct lock *lock = &arena_header(arena)->lock;
  enum lock_result result;
  while ((result = lock_take(lock)) == LOCK_BROKEN) replace_broken_lock(arena);
  if (result != LOCK_ORPHANED) return;
  reset_after_death_locked(arena);
  lock_mend(lock);
}

void arena_unlock(struct arena *arena) {
  if (arena->damaged) reset_locked(arena, "reset: what was in the cache was damaged");
  lock_give(&arena_header(arena)->lock);
}

void arena_changed_locked(struct arena *arena) {
  __atomic_fetch_add(&arena_header(arena)->changes, 1, __ATOMIC_RELEASE);
}
