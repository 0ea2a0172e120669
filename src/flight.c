/*
 * flight.c: who loads what, and who waits for it.
 *
 *   begin ── leads ────── load, from the database ────── end: kept | unkept | failed
 *   begin ──── waits ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ► look: read the entry | load | throw
 *   begin ─────── waits ─ ─ ─ …
 *
 * A flight says that a load is under way and how it ended; it does not carry the value. Who waited reads the entry,
 * and that read is under the rules of all reads: what was loaded before a change on one of its tags was refused its
 * lease, or is replayed, or is a miss. So nobody can be handed something older than what the cache would answer. An
 * error has no such rule behind it; that is why a load is only joined by callers who came at or before the version that
 * it began at, and who comes later begins another. The newest flight of a key is the one that is found.
 *
 * Nobody has to be waited for. The loader may die, hang, or never say a word:
 *   its process died     whoever keeps deadlines (keeper.c) looks a few times a second, while somebody waits for it
 *   its thread ended     the addon's clean-up ends what the thread had begun
 *   it takes too long    each who waits has the deadline, and looks when it has passed
 * The flight is then abandoned, and the first of those who look begins another. The late loader is not disturbed: what
 * it stores still has the lease of its own beginning.
 *
 * An ended flight stays until all who waited have looked, so that a failed load reaches each of them, whoever begins
 * the next meanwhile. Those who died before they looked are not waited for either: ended flights are queued by age, and
 * the oldest makes room. When all are under way, a caller loads without telling anybody, as if there were no flights.
 *
 * A slot has a fixed size, and needs no memory but the table: a key is known by 128 bits of keyed hash, because a key
 * has up to kilobytes, and evicting entries to write down that one is being loaded would be a bad bargain. Should two
 * keys ever collide, one waits for the load of the other, and then finds that it has to load.
 */
#include "flight.h"

#include <assert.h>
#include <string.h>

#include "json.h"

enum { INDEX_BITS = 12 };

struct flight {
  struct slot slot;  /* key: `name`, below; queued once it has ended, while somebody is to look */
  uint64_t name[2];  /* hashes of the key */
  uint64_t since;    /* the log's head before the load */
  uint64_t deadline; /* until then nobody else loads */
  struct process_id holder;
  uint32_t serial; /* 0: free */
  uint32_t state;  /* oc_flight_state */
  uint32_t waiters;
  uint32_t watched; /* some of those are of another process than the holder, and must learn of its death */
  uint32_t reason_len;
  uint32_t reserved;
  char reason[OC_FLIGHT_REASON_MOST + 1];
};

struct flights {
  struct table table;
  struct hash_key second; /* the table's own is the first */
  uint32_t loading;
  uint32_t watched; /* so many of those */
  struct queue ended;
  uint64_t next_look;
};

_Static_assert(sizeof(struct flight) % 8 == 0, "slots of a table are aligned");

static struct flights *flights_of(const struct arena *arena) { return arena_root(arena, ROOT_FLIGHTS); }

static struct flight *flight_at(const struct arena *arena, uint32_t index) {
  return table_slot(arena, &flights_of(arena)->table, index);
}

uint64_t flight_struct_bytes(void) { return sizeof(struct flight); }

uint64_t flight_bytes(uint32_t capacity) {
  return sizeof(struct flights) + 32 + table_bytes(capacity, sizeof(struct flight));
}

oc_off flight_init(struct arena *arena, oc_off at, uint32_t capacity) {
  assert(capacity < 1U << INDEX_BITS);
  at = (at + 15) & ~(oc_off)15;
  arena_header(arena)->root[ROOT_FLIGHTS] = at;
  struct flights *flights = flights_of(arena);
  memset(flights, 0, sizeof *flights);
  flights->second = hash_key_random();
  oc_off table = (at + sizeof *flights + 15) & ~(oc_off)15;
  table_init(arena, &flights->table, table, capacity, sizeof(struct flight));
  return (table + table_bytes(capacity, sizeof(struct flight)) + 15) & ~(oc_off)15;
}

uint32_t flight_count_locked(const struct arena *arena) { return flights_of(arena)->loading; }

/* ---- Slots ---- */

/* The newest flight of a key, or 0. */
static uint32_t find_newest(struct arena *arena, const uint64_t name[2]) {
  oc_slice_t key = {(const char *)name, 2 * sizeof *name};
  return table_find_locked(arena, &flights_of(arena)->table, name[0], key);
}

/* The slot of a flight that is not forgotten, or 0. */
static uint32_t find_id(const struct arena *arena, uint64_t id) {
  uint32_t index = (uint32_t)(id & ((1U << INDEX_BITS) - 1));
  if (!index || index >= flights_of(arena)->table.fresh) return 0;
  uint32_t serial = flight_at(arena, index)->serial;
  return serial && serial == id >> INDEX_BITS ? index : 0;
}

static uint64_t id_of(const struct flight *flight, uint32_t index) {
  return (uint64_t)flight->serial << INDEX_BITS | index;
}

static void release(struct arena *arena, uint32_t index) {
  flight_at(arena, index)->serial = 0;
  table_release_locked(arena, &flights_of(arena)->table, index);
}

static void forget_ended(struct arena *arena, uint32_t index) {
  queue_leave_locked(arena, &flights_of(arena)->table, &flights_of(arena)->ended, index);
  release(arena, index);
}

static void keep_reason(struct flight *flight, oc_slice_t reason) {
  size_t len = reason.data ? utf8_cut(reason, OC_FLIGHT_REASON_MOST) : 0;
  if (len > 0) memcpy(flight->reason, reason.data, len);
  flight->reason_len = (uint32_t)len;
}

/* Ends a load under way. Returns whether somebody waits for it, who is to look before it is forgotten. */
static bool end(struct arena *arena, uint32_t index, oc_flight_state state, oc_slice_t reason) {
  struct flights *flights = flights_of(arena);
  struct flight *flight = flight_at(arena, index);
  assert(flight->state == OC_FLIGHT_LOADING);
  flights->loading--;
  flights->watched -= flight->watched;
  if (flight->waiters == 0) {
    release(arena, index);
    return false;
  }
  flight->state = (uint32_t)state;
  keep_reason(flight, reason);
  queue_join_locked(arena, &flights->table, &flights->ended, index);
  return true;
}

static bool abandon(struct arena *arena, uint32_t index) {
  return end(arena, index, OC_FLIGHT_ABANDONED, (oc_slice_t){NULL, 0});
}

static void count_out(struct arena *arena, uint32_t index) {
  struct flight *flight = flight_at(arena, index);
  if (flight->waiters == 0) return; /* one who did not wait */
  flight->waiters--;
  if (flight->waiters == 0 && flight->state != OC_FLIGHT_LOADING) forget_ended(arena, index);
}

/* ---- Begin ---- */

static bool is_loading(const struct flight *flight, uint64_t now) {
  return flight->state == OC_FLIGHT_LOADING && flight->deadline > now;
}

static void join(struct arena *arena, uint32_t index, struct flight_grant *grant) {
  struct flight *flight = flight_at(arena, index);
  flight->waiters++;
  if (!flight->watched && !process_is_self(arena, flight->holder)) {
    flight->watched = 1;
    flights_of(arena)->watched++;
    grant->is_first = true;
  }
  grant->id = id_of(flight, index);
  grant->since = flight->since;
  grant->deadline = flight->deadline;
}

/*
 * Abandons what nobody works on any more, bounded by the table: loads of processes that are gone, and overdue ones.
 * Returns how many had others waiting.
 */
static uint32_t clear_away(struct arena *arena, uint64_t now) {
  uint32_t awaited = 0;
  for (uint32_t index = 1; index < flights_of(arena)->table.fresh; index++) {
    const struct flight *flight = flight_at(arena, index);
    if (flight->serial == 0 || flight->state != OC_FLIGHT_LOADING) continue;
    if (!is_loading(flight, now) || !process_is_present_locked(arena, flight->holder)) awaited += abandon(arena, index);
  }
  return awaited;
}

static uint32_t take_slot(struct arena *arena, uint64_t now, struct flight_grant *grant) {
  struct flights *flights = flights_of(arena);
  uint32_t index = table_take_locked(arena, &flights->table);
  if (index) return index;
  if (!flights->ended.oldest && process_look_locked(arena, now, &flights->next_look))
    grant->abandoned |= clear_away(arena, now) > 0;
  if (flights->ended.oldest) forget_ended(arena, flights->ended.oldest);
  return table_take_locked(arena, &flights->table);
}

static void lead(struct arena *arena, const struct flight_request *request, const uint64_t name[2],
                 struct flight_grant *grant) {
  struct flights *flights = flights_of(arena);
  grant->since = log_head(arena);
  grant->deadline = request->deadline;
  grant->leads = true;
  uint32_t index = take_slot(arena, request->now, grant);
  if (!index) return;
  struct flight *flight = flight_at(arena, index);
  flight->name[0] = name[0];
  flight->name[1] = name[1];
  flight->since = grant->since;
  flight->deadline = request->deadline;
  flight->holder = process_self(arena);
  flight->state = OC_FLIGHT_LOADING;
  flight->serial = ++arena_header(arena)->flight_serial;
  if (flight->serial == 0) flight->serial = ++arena_header(arena)->flight_serial; /* after four thousand million */
  table_link_locked(arena, &flights->table, index, name[0], arena_off(arena, flight->name), sizeof flight->name);
  flights->loading++;
  grant->id = id_of(flight, index);
}

void flight_begin_locked(struct arena *arena, const struct flight_request *request, struct flight_grant *grant) {
  const struct flights *flights = flights_of(arena);
  uint64_t name[2] = {table_hash(&flights->table, request->key), hash_text(flights->second, request->key)};
  *grant = (struct flight_grant){0};
  uint32_t index = find_newest(arena, name);
  if (index) {
    const struct flight *flight = flight_at(arena, index);
    if (is_loading(flight, request->now) && flight->since >= request->least) {
      join(arena, index, grant);
      return;
    }
    if (flight->state == OC_FLIGHT_LOADING && !is_loading(flight, request->now))
      grant->abandoned = abandon(arena, index);
  }
  lead(arena, request, name, grant);
}

/* ---- End ---- */

bool flight_end_locked(struct arena *arena, uint64_t id, oc_flight_state state, oc_slice_t reason) {
  uint32_t index = find_id(arena, id);
  if (!index || flight_at(arena, index)->state != OC_FLIGHT_LOADING) return false;
  return end(arena, index, state, reason);
}

oc_flight_state flight_look_locked(struct arena *arena, uint64_t id, uint64_t now, char *reason, bool *wake) {
  uint32_t index = find_id(arena, id);
  *wake = false;
  if (!index) return OC_FLIGHT_ABANDONED;
  const struct flight *flight = flight_at(arena, index);
  if (is_loading(flight, now)) return OC_FLIGHT_LOADING;
  if (flight->state == OC_FLIGHT_LOADING) *wake = abandon(arena, index) && flight->waiters > 1;
  oc_flight_state state = flight->serial ? (oc_flight_state)flight->state : OC_FLIGHT_ABANDONED;
  if (state == OC_FLIGHT_FAILED) {
    memcpy(reason, flight->reason, flight->reason_len);
    reason[flight->reason_len] = '\0';
  }
  count_out(arena, index);
  return state;
}

void flight_leave_locked(struct arena *arena, uint64_t id) {
  uint32_t index = find_id(arena, id);
  if (index) count_out(arena, index);
}

/* ---- Those who died ---- */

uint32_t flight_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next) {
  struct flights *flights = flights_of(arena);
  *next = 0;
  if (flights->watched == 0) return 0;
  uint32_t abandoned = process_look_locked(arena, now, &flights->next_look) ? clear_away(arena, now) : 0;
  if (flights->watched > 0) *next = flights->next_look;
  return abandoned;
}

void flight_abandon_locked(struct arena *arena, bool all) {
  struct flights *flights = flights_of(arena);
  for (uint32_t index = 1; index < flights->table.fresh; index++) {
    const struct flight *flight = flight_at(arena, index);
    if (flight->serial == 0 || flight->state != OC_FLIGHT_LOADING) continue;
    if (all || process_is_self(arena, flight->holder)) abandon(arena, index);
  }
  while (all && flights->ended.oldest) forget_ended(arena, flights->ended.oldest);
}
