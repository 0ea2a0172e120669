/*
 * flight.h: loads under way, so that one caller on the machine loads a key and the others wait for it.
 *
 * All functions need the lock; times are absolute milliseconds. A flight is named by a number that no other flight of
 * this arena has, not even after a reset.
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "log.h"
#include "process.h"

oc_off flight_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t flight_bytes(uint32_t capacity);
/* Of one flight; for those who check that two builds lay out the same. */
uint64_t flight_struct_bytes(void);

struct flight_request {
  oc_slice_t key;
  uint64_t least; /* a load that began at an older version is not waited for */
  uint64_t now, deadline;
};

struct flight_grant {
  uint64_t id;    /* 0: all are taken; load, and tell nobody */
  uint64_t since; /* the log's head when the load began */
  uint64_t deadline;
  bool leads;     /* the caller is to load, and then to call flight_end_locked; else it waits */
  bool is_first;  /* to wait for what another process loads: flight_sweep_locked is to be called */
  bool abandoned; /* others waited for an overdue load of that key, and are to look */
};

/* Joins the load of that key under way, or begins one. */
void flight_begin_locked(struct arena *arena, const struct flight_request *request, struct flight_grant *grant);
/*
 * The load is over: it came to `state`, anything but LOADING. Returns whether somebody waits. Does nothing when another
 * was allowed to load meanwhile. `reason` is cut at OC_FLIGHT_REASON_MOST bytes.
 */
bool flight_end_locked(struct arena *arena, uint64_t id, oc_flight_state state, oc_slice_t reason);
/*
 * What the flight came to, for one who waits, who is out of it with any answer but LOADING. `reason` has
 * OC_FLIGHT_REASON_MOST + 1 bytes and gets a text only with FAILED. `wake`: others wait who are to look, too.
 */
oc_flight_state flight_look_locked(struct arena *arena, uint64_t id, uint64_t now, char *reason, bool *wake);
/* One who waits does not any more. */
void flight_leave_locked(struct arena *arena, uint64_t id);
/*
 * Abandons those that others wait for and whose process died; returns how many. `next` gets when to call it again, or 0
 * while nobody waits for another process.
 */
uint32_t flight_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next);
/* Abandons what this process loads; with `all`, forgets everybody's. */
void flight_abandon_locked(struct arena *arena, bool all);
/* Loads under way. */
uint32_t flight_count_locked(const struct arena *arena);

#endif
