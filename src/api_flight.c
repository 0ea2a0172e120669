/*
 * api_flight.c: single flight: who is to load, and what became of the load that one waits for.
 *
 * Whoever ends a flight moves the pulse only when somebody waits, so that loads which nobody shares wake nobody.
 */
#include <string.h>

#include "cache.h"

enum { DEFAULT_TTL = 30000 };

static bool is_present_locked(struct arena *arena, oc_slice_t key, uint64_t now) {
  uint32_t index = entry_find_locked(arena, key);
  if (!index) return false;
  uint64_t expires_at = entry_at(arena, index)->expires_at;
  return expires_at == 0 || expires_at > now;
}

oc_status oc_flight_begin(oc_cache_t *cache, oc_slice_t key, uint64_t least, uint64_t ttl, oc_flight_t *flight,
                          oc_error_t *error) {
  if (!cache || !flight || !key.data) return error_set(error, OC_ERR_ARGUMENT, "key must be given");
  if (key.len == 0 || key.len > cache->limits.key_bytes)
    return error_set(error, OC_ERR_KEY_SIZE, "a key has 1 to %u bytes, this one %zu (limits.keyBytes)",
                     cache->limits.key_bytes, key.len);
  uint64_t now = clock_now();
  if (ttl == 0) ttl = DEFAULT_TTL;
  struct flight_request request = {
      .key = key, .least = least, .now = now, .deadline = ttl > UINT64_MAX - now ? UINT64_MAX : now + ttl};
  struct flight_grant grant;
  arena_lock(&cache->arena);
  flight_begin_locked(&cache->arena, &request, &grant);
  bool present = is_present_locked(&cache->arena, key, now);
  arena_unlock(&cache->arena);
  uint32_t interests = (grant.abandoned ? EVENT_ANY : 0) | (grant.is_first ? EVENT_DEADLINES : 0);
  if (interests) event_wake(&cache->arena, interests);
  *flight = (oc_flight_t){
      .id = grant.id, .leads = grant.leads, .present = present, .since = grant.since, .deadline = grant.deadline};
  return OC_OK;
}

oc_status oc_flight_end(oc_cache_t *cache, uint64_t id, oc_flight_state state, oc_slice_t reason, oc_error_t *error) {
  if (!cache || state <= OC_FLIGHT_LOADING || state > OC_FLIGHT_ABANDONED)
    return error_set(error, OC_ERR_ARGUMENT, "state must be one that a load can end in");
  oc_status status = utf8_validate(reason, "reason", error);
  if (status != OC_OK) return status;
  arena_lock(&cache->arena);
  bool awaited = flight_end_locked(&cache->arena, id, state, reason);
  arena_unlock(&cache->arena);
  if (awaited) cache_notify(cache);
  return OC_OK;
}

oc_flight_state oc_flight_look(oc_cache_t *cache, uint64_t id, char reason[OC_FLIGHT_REASON_MOST + 1]) {
  bool wake;
  reason[0] = '\0';
  arena_lock(&cache->arena);
  oc_flight_state state = flight_look_locked(&cache->arena, id, clock_now(), reason, &wake);
  arena_unlock(&cache->arena);
  if (wake) cache_notify(cache);
  return state;
}

void oc_flight_leave(oc_cache_t *cache, uint64_t id) {
  arena_lock(&cache->arena);
  flight_leave_locked(&cache->arena, id);
  arena_unlock(&cache->arena);
}
