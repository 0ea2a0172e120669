/*
 * lock.h: the mutex of an arena, shared by threads and processes.
 *
 * lock_linux.c, or lock_portable.c where a mutex cannot tell that its holder died.
 */
#ifndef LOCK_H
#define LOCK_H

#include <pthread.h>

struct lock {
  pthread_mutex_t mutex;
};

enum lock_result {
  LOCK_TAKEN,
  LOCK_ORPHANED, /* taken, and its last holder died inside: see to what it guards, then lock_mend */
  /* not taken: it was given back without being mended, or something else was written there; only lock_init helps */
  LOCK_BROKEN
};

/* Returns 0 or an error number. The bytes may hold anything before; nobody may hold it, or wait. */
int lock_init(struct lock *lock);
enum lock_result lock_take(struct lock *lock);
void lock_mend(struct lock *lock);
void lock_give(struct lock *lock);

#endif
