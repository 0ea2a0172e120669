/*
 * futex_portable.c: looking at the word, at intervals that double from a quarter of a millisecond to 32 ms.
 *
 * POSIX has nothing that sleeps on a word of shared memory and survives the death of whoever was to wake it: a
 * condition variable that a dead process had half-changed stays so. So nobody is woken here; an event is noticed late
 * by as much as was waited for it already, and by 32 ms at most. This is for systems other than Linux, where a cache
 * that is idle does take a look 31 times a second.
 */
#define _POSIX_C_SOURCE 200809L
#include "futex.h"

#include <time.h>

enum { FIRST_MICROSECONDS = 250, MOST_MICROSECONDS = 32000 };

void futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ms) {
  uint64_t left = timeout_ms > UINT64_MAX / 1000 ? UINT64_MAX : timeout_ms * 1000; /* microseconds */
  uint64_t pause = FIRST_MICROSECONDS;
  while (left > 0 && __atomic_load_n(word, __ATOMIC_ACQUIRE) == expected) {
    if (pause > left) pause = left;
    nanosleep(&(struct timespec){.tv_nsec = (long)pause * 1000}, NULL);
    left -= pause;
    pause = pause * 2 < MOST_MICROSECONDS ? pause * 2 : MOST_MICROSECONDS;
  }
}

void futex_wake_all(uint32_t *word) { (void)word; }
