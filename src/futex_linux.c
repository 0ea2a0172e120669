/*
 * futex_linux.c: futex(2), without FUTEX_PRIVATE_FLAG, so that the kernel finds sleepers by the page and not by the
 * address: that is what works across processes, and it costs a wake-up little more.
 */
#define _GNU_SOURCE
#include "futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ms) {
  struct timespec timeout = {.tv_sec = (time_t)(timeout_ms / 1000), .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
  const struct timespec *most = timeout_ms == UINT64_MAX ? NULL : &timeout;
  /* Whether it was woken, timed out, was interrupted or never slept: the caller looks. */
  (void)syscall(SYS_futex, word, FUTEX_WAIT, expected, most, NULL, 0);
}

void futex_wake_all(uint32_t *word) { (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }
