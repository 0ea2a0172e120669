/*
 * api_write.c: storing entries, and mutations from begin to settling.
 *
 * What can be checked without the arena is checked before its lock is taken: sizes, UTF-8, JSON, the query, where the
 * documents lie, what the operations are. What is left under the lock are look-ups and copies.
 */
#include <stdlib.h>
#include <string.h>

#include "cache.h"

enum {
  DEFAULT_TTL = 30000,
  PRINCIPAL_MOST = 512,
  COMPILED_GROWTH = 8 /* compiled operations take a few times their text, more the shorter their members are */
};

/* ---- Entries ---- */

static oc_status check_set(const oc_cache_t *cache, oc_slice_t key, oc_slice_t value, const oc_set_options_t *options,
                           oc_error_t *error) {
  const oc_limits_t *limits = &cache->limits;
  if (key.len == 0 || key.len > limits->key_bytes)
    return error_set(error, OC_ERR_KEY_SIZE, "a key has 1 to %u bytes, this one %zu (limits.keyBytes)",
                     limits->key_bytes, key.len);
  if (value.len > limits->value_bytes)
    return error_set(error, OC_ERR_VALUE_SIZE, "a value may have %u bytes, this one has %zu (limits.valueBytes)",
                     limits->value_bytes, value.len);
  if (options->tag_count > limits->tags_per_entry)
    return error_set(error, OC_ERR_TAG_COUNT, "an entry may have %u tags, this one has %zu (limits.tagsPerEntry)",
                     limits->tags_per_entry, options->tag_count);
  if (options->since > oc_version(cache))
    return error_set(error, OC_ERR_ARGUMENT,
                     "since is a version that there is not yet; read cache.version before the load");
  if (options->stale_until && options->stale_until < options->expires_at)
    return error_set(error, OC_ERR_ARGUMENT, "the stale window must not end before the entry expires");
  if (options->content == OC_BYTES && options->query.len > 0)
    return error_set(error, OC_ERR_QUERY, "query: only JSON has documents to be found; pass json, or leave query out");
  oc_status status = utf8_validate(key, "key", error);
  if (status == OC_OK && options->content == OC_JSON) status = json_validate(value, limits->json_depth, "value", error);
  return status;
}

oc_status oc_set(oc_cache_t *cache, oc_slice_t key, oc_slice_t value, const oc_set_options_t *options,
                 oc_error_t *error) {
  if (!cache || !key.data || (!value.data && value.len > 0) || !options || (options->tag_count > 0 && !options->tags))
    return error_set(error, OC_ERR_ARGUMENT, "key, value and options must be given");
  oc_status status = check_set(cache, key, value, options, error);
  if (status != OC_OK) return status;
  struct shapes *shapes = cache_shapes(cache);
  oc_buffer_t compiled = {0};
  struct documents documents = {0};
  uint64_t since = options->since ? options->since : oc_version(cache), now = clock_now();
  if (options->content == OC_JSON) value = json_trim(value);
  if (options->query.len > 0)
    status = query_compile(options->query, shapes, cache->limits.json_depth, &compiled, error);
  const struct query *query = compiled.len > 0 ? (const struct query *)(const void *)compiled.data : NULL;
  if (status == OC_OK)
    status = documents_find(value, query, shapes, options->tags, options->tag_count, &cache->limits, &documents, error);
  if (status == OC_OK) {
    struct entry_source source = {.key = key,
                                  .value = value,
                                  .documents = &documents,
                                  .query = query,
                                  .since = since,
                                  .expires_at = options->expires_at,
                                  .stale_until = options->stale_until,
                                  .bytes_most =
                                      arena_header(&cache->arena)->identity.size / 1000 * cache->limits.max_share,
                                  .content = options->content};
    arena_lock(&cache->arena);
    entry_note_time_locked(&cache->arena, now);
    /* Shapes that were replaced meanwhile would take the spans for those of other collections. */
    status = cache_shapes_stand_locked(cache, shapes) ? entry_set_locked(&cache->arena, &source) : OC_REFUSED;
    struct arena_counters *counters = &arena_header(&cache->arena)->counters;
    if (status == OC_OK) counters->sets++;
    else counters->refused++;
    cache_unlock(cache, false);
  }
  documents_free(&documents);
  oc_buffer_free(&compiled);
  shapes_release(shapes);
  return status;
}

void oc_count_hits(oc_cache_t *cache, oc_slice_t key, uint64_t hits) {
  arena_lock(&cache->arena);
  uint32_t index = entry_find_locked(&cache->arena, key);
  if (index) entry_touch_locked(entry_at(&cache->arena, index), hits);
  arena_header(&cache->arena)->counters.hits += hits;
  arena_unlock(&cache->arena);
}

/* ---- Mutations ---- */

static oc_status compile(const oc_cache_t *cache, oc_slice_t text, oc_buffer_t *out, oc_error_t *error) {
  struct operation_limits limits = {cache->limits.operations_per_mutation, cache->limits.mutation_bytes,
                                    cache->limits.json_depth, cache->limits.tag_bytes};
  return operations_compile(text, &limits, out, error);
}

/* The sentence for a status that came from under the lock. */
static oc_status explain(const oc_cache_t *cache, oc_status status, oc_error_t *error) {
  const oc_limits_t *limits = &cache->limits;
  switch (status) {
  case OC_ERR_LIMIT_MUTATIONS:
    return error_set(error, status,
                     "the principal has %u pending mutations already (limits.pendingPerPrincipal); "
                     "wait for one to settle",
                     limits->pending_per_principal);
  case OC_ERR_LIMIT_OPERATIONS:
    return error_set(error, status, "a mutation may have %u operations (limits.operationsPerMutation)",
                     limits->operations_per_mutation);
  case OC_ERR_LIMIT_BYTES:
    return error_set(error, status, "the operations of a mutation may have %u bytes (limits.mutationBytes)",
                     limits->mutation_bytes);
  case OC_ERR_TOKEN_SETTLED:
    return error_set(error, status, "the mutation of this token is settled already; make a new token for a new change");
  case OC_ERR_TOKEN_PENDING:
    return error_set(error, status, "a mutation with this token is under way already; wait for it to settle");
  default: return status < 0 ? error_set(error, status, "%s", oc_strerror(status)) : status;
  }
}

static oc_status enter(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                       enum mutation_entrance entrance, oc_error_t *error) {
  if (!cache || !principal.data || principal.len == 0 || principal.len > PRINCIPAL_MOST)
    return error_set(error, OC_ERR_ARGUMENT, "principal must have 1 to %d bytes, like users:7", PRINCIPAL_MOST);
  if (!operations.data) return error_set(error, OC_ERR_ARGUMENT, "operations must be given");
  oc_status status = utf8_validate(principal, "principal", error);
  if (status != OC_OK) return status;
  oc_buffer_t compiled = {0};
  status = compile(cache, operations, &compiled, error);
  if (status == OC_OK) {
    uint64_t now = clock_now(), next;
    if (ttl == 0) ttl = DEFAULT_TTL;
    struct mutation_source source = {.token = token,
                                     .principal = principal,
                                     .operations = {compiled.data, compiled.len},
                                     .deadline = ttl > UINT64_MAX - now ? UINT64_MAX : now + ttl,
                                     .entrance = entrance,
                                     .pending_most = cache->limits.pending_per_principal,
                                     .operations_most = cache->limits.operations_per_mutation,
                                     .bytes_most = cache->limits.mutation_bytes * COMPILED_GROWTH};
    arena_lock(&cache->arena);
    entry_note_time_locked(&cache->arena, now);
    mutation_sweep_locked(&cache->arena, now, &next);
    /* The threads of other processes must know that there is somebody now who may die. */
    bool is_next = next == 0 || source.deadline < next || process_count_locked(&cache->arena) > 1;
    status = mutation_begin_locked(&cache->arena, &source);
    arena_unlock(&cache->arena);
    event_wake(&cache->arena, is_next ? EVENT_ANY | EVENT_DEADLINES : EVENT_ANY);
    explain(cache, status, error);
  }
  oc_buffer_free(&compiled);
  return status;
}

oc_status oc_begin(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                   oc_error_t *error) {
  return enter(cache, token, principal, operations, ttl, MUTATION_BEGIN, error);
}

oc_status oc_claim(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                   oc_error_t *error) {
  return enter(cache, token, principal, operations, ttl, MUTATION_CLAIM, error);
}

oc_status oc_announce(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                      oc_error_t *error) {
  return enter(cache, token, principal, operations, ttl, MUTATION_ANNOUNCE, error);
}

oc_status oc_commit(oc_cache_t *cache, oc_token_t token, oc_slice_t operations, uint64_t *version, oc_error_t *error) {
  if (!cache || !version) return error_set(error, OC_ERR_ARGUMENT, "version must be given");
  static const char NOTHING[8] = {0};
  oc_buffer_t compiled = {0};
  oc_slice_t list = {NULL, 0};
  oc_status status = OC_OK;
  if (operations.len > 0) {
    status = compile(cache, operations, &compiled, error);
    list = (oc_slice_t){compiled.len > 0 ? compiled.data : NOTHING, compiled.len};
  }
  if (status == OC_OK) {
    arena_lock(&cache->arena);
    status = mutation_commit_locked(&cache->arena, token, list, version);
    cache_unlock(cache, true);
    explain(cache, status, error);
  }
  oc_buffer_free(&compiled);
  return status;
}

oc_status oc_rollback(oc_cache_t *cache, oc_token_t token, oc_slice_t reason, oc_error_t *error) {
  if (!cache) return error_set(error, OC_ERR_ARGUMENT, "cache must be given");
  oc_status status = utf8_validate(reason, "reason", error);
  if (status != OC_OK) return status;
  arena_lock(&cache->arena);
  status = mutation_rollback_locked(&cache->arena, token, reason);
  cache_unlock(cache, true);
  return explain(cache, status, error);
}

oc_status oc_expire(oc_cache_t *cache, oc_token_t token, oc_slice_t reason, oc_error_t *error) {
  if (!cache) return error_set(error, OC_ERR_ARGUMENT, "cache must be given");
  oc_status status = utf8_validate(reason, "reason", error);
  if (status != OC_OK) return status;
  arena_lock(&cache->arena);
  status = mutation_expire_locked(&cache->arena, token, reason);
  cache_unlock(cache, true);
  return explain(cache, status, error);
}

oc_status oc_record(oc_cache_t *cache, oc_slice_t operations, uint64_t *version, oc_error_t *error) {
  if (!cache || !operations.data) return error_set(error, OC_ERR_ARGUMENT, "operations must be given");
  oc_buffer_t compiled = {0};
  oc_status status = compile(cache, operations, &compiled, error);
  if (status == OC_OK) {
    arena_lock(&cache->arena);
    uint64_t recorded = mutation_record_locked(&cache->arena, (oc_slice_t){compiled.data, compiled.len});
    cache_unlock(cache, true);
    if (version) *version = recorded;
  }
  oc_buffer_free(&compiled);
  return status;
}

/* The operations text of an invalidation; its tags are checked where all operations are. */
static oc_status print_invalidation(const oc_slice_t *tags, size_t count, oc_buffer_t *out, oc_error_t *error) {
  oc_status status = buffer_append(out, "[{\"type\":\"invalidate\",\"tags\":[", 30);
  for (size_t i = 0; i < count && status == OC_OK; i++) {
    status = utf8_validate(tags[i], "a tag", error);
    if (status == OC_OK && i > 0) status = buffer_append(out, ",", 1);
    if (status == OC_OK) status = buffer_quote(out, tags[i]);
  }
  return status == OC_OK ? buffer_append(out, "]}]", 3) : status;
}

oc_status oc_invalidate(oc_cache_t *cache, const oc_slice_t *tags, size_t count, uint64_t *version, oc_error_t *error) {
  if (!cache || count == 0 || !tags) return error_set(error, OC_ERR_ARGUMENT, "tags must hold at least one tag");
  oc_buffer_t text = {0};
  oc_status status = print_invalidation(tags, count, &text, error);
  if (status == OC_OK) status = oc_record(cache, (oc_slice_t){text.data, text.len}, version, error);
  else if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for an invalidation");
  oc_buffer_free(&text);
  return status;
}

oc_status oc_status_of(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_mutation_info_t *info,
                       oc_error_t *error) {
  if (!cache || !info) return error_set(error, OC_ERR_ARGUMENT, "info must be given");
  uint64_t next;
  oc_status status = OC_ERR_TOKEN_UNKNOWN;
  arena_lock(&cache->arena);
  uint32_t expired = mutation_sweep_locked(&cache->arena, clock_now(), &next);
  const struct mutation *mutation = mutation_find_locked(&cache->arena, token);
  if (mutation && mutation_is_of(&cache->arena, mutation, principal)) {
    status = OC_OK;
    *info = (oc_mutation_info_t){
        .state = (oc_state)mutation->state, .version = mutation->version, .deadline = mutation->deadline};
    if (mutation->reason) memcpy(info->reason, arena_at(&cache->arena, mutation->reason), mutation->reason_len);
  }
  cache_unlock(cache, expired > 0);
  return explain(cache, status, error);
}

size_t oc_sweep(oc_cache_t *cache, uint64_t *next) {
  arena_lock(&cache->arena);
  uint32_t expired = mutation_sweep_locked(&cache->arena, clock_now(), next);
  cache_unlock(cache, expired > 0);
  return expired;
}
