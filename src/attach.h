/*
 * attach.h: opening and closing an arena that others may have open, or have left behind.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "process.h"

struct attach_options {
  oc_memory kind;
  oc_slice_t place; /* a name, or the path of a file; ignored for private memory */
  uint64_t size;    /* of an arena that is made */
  bool any_size;    /* an arena of another size is as welcome, when others have it open */
  uint32_t structs; /* see arena_identity */
  struct arena_capacity capacity;
  oc_limits_t limits;
  void (*format)(struct arena *arena, void *context);
  void *context;
};

/*
 * Joins the arena when other processes have it open, keeps it when it is a file that was closed cleanly and is what is
 * asked for, and else makes it anew; oc_stats_t.started says which and why. What stands is in the header. Errors:
 * SYSTEM, MEMORY, SPACE, FOREIGN, DIFFERS (others have another layout or size open), FULL.
 */
oc_status attach_open(struct arena *arena, const struct attach_options *options, oc_error_t *error);
/*
 * Leaves it. `leaving` is called with the lock held and is to settle what is this process's own, or, when `last`, all
 * that is anybody's; then memory that only others could have used is given back, and a file marked as clean.
 */
void attach_close(struct arena *arena, void (*leaving)(struct arena *arena, bool last));

#endif
