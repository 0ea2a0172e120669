/*
 * lock_linux.c: a robust, process-shared mutex of POSIX. The kernel walks what a dying thread holds, however it dies.
 */
#define _GNU_SOURCE
#include "lock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int lock_init(struct lock *lock) {
  pthread_mutexattr_t attributes;
  memset(lock, 0, sizeof *lock);
  int failed = pthread_mutexattr_init(&attributes);
  if (failed) return failed;
  failed = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  if (!failed) failed = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  if (!failed) failed = pthread_mutex_init(&lock->mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return failed;
}

enum lock_result lock_take(struct lock *lock) {
  int result = pthread_mutex_lock(&lock->mutex);
  return result == 0 ? LOCK_TAKEN : result == EOWNERDEAD ? LOCK_ORPHANED : LOCK_BROKEN;
}

void lock_mend(struct lock *lock) { (void)pthread_mutex_consistent(&lock->mutex); }

void lock_give(struct lock *lock) {
  int result = pthread_mutex_unlock(&lock->mutex);
  assert(result == 0);
  (void)result;
}
