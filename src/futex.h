/*
 * futex.h: sleeping until a word of memory changes.
 *
 * The word may lie in memory that several processes have mapped, each at an address of its own. futex_linux.c asks the
 * kernel; futex_portable.c looks again and again. binding.gyp and tests/core/Makefile choose the file.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include <stdint.h>

/*
 * Sleeps while *word is `expected`, for `timeout_ms` at most (UINT64_MAX: for as long as it takes). May return early
 * and for no reason: the caller looks at what it is waiting for, and at the clock, itself.
 */
void futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ms);

/* Wakes all who sleep on that word, in any process. Change the word before. */
void futex_wake_all(uint32_t *word);

#endif
