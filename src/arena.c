/*
 * arena.c: mapping, header, lock.
 *
 *   0                 header (arena_header: what it is, the log's head, the lock, the roots)
 *   …                 the modules' tables, of a size fixed when the arena is made
 *   …                 the allocator's pool, up to the end
 *
 * One mutex guards all of it. A lock per table would let readers of different keys pass each other, but a read touches
 * an entry, all its tags and the log, so it would take them all; and a section is short (a hash look-up, a loop
 * over tags, one memcpy), so that a second lock costs more than it saves. What takes longer (validating, finding
 * documents, replaying) happens on copies outside.
 *
 * The mutex is robust: when a process dies inside a section, the next one to lock is told so. What the dead one left
 * half-done cannot be told from what it finished, so the arena is formatted anew: at worst the cache is empty.
 */
#define _GNU_SOURCE
#include "arena.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

static uint64_t random_nonzero(void) {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value || value == 0) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    value = ((uint64_t)now.tv_sec << 30) ^ (uint64_t)now.tv_nsec ^ 1U;
  }
  return value;
}

static int init_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t attributes;
  int failed = pthread_mutexattr_init(&attributes);
  if (failed) return failed;
  failed = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  if (!failed) failed = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  if (!failed) failed = pthread_mutex_init(lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return failed;
}

/* Everything but the size and the lock, which outlive a reset. */
static void format_locked(struct arena *arena) {
  struct arena_header *header = arena_header(arena);
  header->magic = ARENA_MAGIC;
  header->layout = ARENA_LAYOUT;
  header->generation = random_nonzero();
  header->version = 1;
  header->stamp = 0;
  memset(header->root, 0, sizeof header->root);
  memset(&header->counters, 0, sizeof header->counters);
  arena->format(arena, arena->context);
  arena_changed_locked(arena);
}

oc_status arena_open_private(struct arena *arena, uint64_t size, void (*format)(struct arena *, void *),
                             void *context) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return OC_ERR_SYSTEM;
  arena->base = base;
  arena->format = format;
  arena->context = context;
  arena_header(arena)->size = size;
  int failed = init_lock(&arena_header(arena)->lock);
  if (failed) {
    munmap(base, size);
    errno = failed;
    return OC_ERR_SYSTEM;
  }
  format_locked(arena);
  return OC_OK;
}

void arena_close(struct arena *arena) {
  pthread_mutex_destroy(&arena_header(arena)->lock);
  munmap(arena->base, arena_header(arena)->size);
  arena->base = NULL;
}

void arena_lock(struct arena *arena) {
  pthread_mutex_t *lock = &arena_header(arena)->lock;
  int result = pthread_mutex_lock(lock);
  if (result == EOWNERDEAD) {
    format_locked(arena);
    pthread_mutex_consistent(lock);
    result = 0;
  }
  assert(result == 0);
  (void)result;
}

void arena_unlock(struct arena *arena) {
  int result = pthread_mutex_unlock(&arena_header(arena)->lock);
  assert(result == 0);
  (void)result;
}

void arena_changed_locked(struct arena *arena) {
  __atomic_fetch_add(&arena_header(arena)->changes, 1, __ATOMIC_RELEASE);
}
