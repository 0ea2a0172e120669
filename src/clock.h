/* clock.h: what time it is for all processes: absolute milliseconds, as all times of the core. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* On CLOCK_REALTIME, which may be set back. */
uint64_t clock_now(void);

#endif
