/*
 * lock_portable.c: a plain mutex. It serves threads of one process, which is all that mapping_portable.c lets in:
 * when that process dies, nobody is left who could wait.
 */
#include "lock.h"

#include <assert.h>

int lock_init(struct lock *lock) { return pthread_mutex_init(&lock->mutex, NULL); }

enum lock_result lock_take(struct lock *lock) {
  int result = pthread_mutex_lock(&lock->mutex);
  assert(result == 0);
  return result == 0 ? LOCK_TAKEN : LOCK_BROKEN;
}

void lock_mend(struct lock *lock) { (void)lock; }

void lock_give(struct lock *lock) {
  int result = pthread_mutex_unlock(&lock->mutex);
  assert(result == 0);
  (void)result;
}
