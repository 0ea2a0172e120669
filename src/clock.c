/* clock.c: the system's clock in milliseconds. */
#define _GNU_SOURCE
#include "clock.h"

#include <time.h>

uint64_t clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
