/*
 * api_open.c: opening, joining and closing caches.
 *
 * A process may hold several copies of this library's users (bundles of one framework app, worker threads), which must
 * all see one cache. So a cache is found by its name, memory and file in a registry of the process, the only global
 * state there is, and is left (attach.h) when the last of its users closed it. Processes find each other in the
 * arena.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct oc_cache *registry;
static pthread_once_t fork_watched = PTHREAD_ONCE_INIT;

enum {
  MEBIBYTE = 1 << 20,
  DEFAULT_MAX_BYTES = 256 * MEBIBYTE,
  MOST_ENTRIES = 1 << 24,
  TAG_BYTES_MOST = 1024 /* document.c builds tags on the stack */
};

/* ---- Options ---- */

static uint32_t clamp(uint64_t value, uint64_t least, uint64_t most) {
  return (uint32_t)(value < least ? least : value > most ? most : value);
}

static uint32_t given_or(uint32_t given, uint64_t fallback, uint64_t most) {
  return given ? clamp(given, 1, most) : clamp(fallback, 1, most);
}

static bool is_name(oc_slice_t name) {
  static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (!name.data || name.len == 0 || name.len > 64) return false;
  for (size_t i = 0; i < name.len; i++)
    if (!memchr(ALLOWED, name.data[i], sizeof ALLOWED - 1)) return false;
  return true;
}

static void read_limits(oc_limits_t *limits, const oc_limits_t *given, uint64_t max_bytes) {
  limits->key_bytes = given_or(given->key_bytes, 4096, 1 << 20);
  limits->value_bytes = given_or(given->value_bytes, clamp(max_bytes / 8, 1, 16 * MEBIBYTE), 1 << 30);
  limits->tag_bytes = given_or(given->tag_bytes, 512, TAG_BYTES_MOST);
  limits->tags_per_entry = given_or(given->tags_per_entry, 4096, ENTRY_TAGS_MOST);
  limits->json_depth = given_or(given->json_depth, 128, JSON_DEPTH_MOST);
  limits->operations_per_mutation = given_or(given->operations_per_mutation, 256, 4096);
  limits->mutation_bytes = given_or(given->mutation_bytes, 256 << 10, 16 * MEBIBYTE);
  limits->pending_per_principal = given_or(given->pending_per_principal, 64, 1 << 20);
  limits->max_share = given_or(given->max_share, 250, 1000);
  limits->view_age = given_or(given->view_age, 60000, UINT32_MAX);
}

static void read_capacity(struct arena_capacity *capacity, const oc_options_t *options, uint64_t max_bytes) {
  capacity->entries = given_or(options->max_entries, clamp(max_bytes / 4096, 256, MOST_ENTRIES), MOST_ENTRIES);
  capacity->tags = given_or(options->max_tags, (uint64_t)capacity->entries * 4, MOST_ENTRIES * 4ULL);
  capacity->mutations = given_or(options->max_mutations, clamp(max_bytes / 16384, 64, 1024), 1 << 20);
  capacity->views = given_or(options->max_views, 1024, 1 << 20);
  capacity->log = given_or(options->max_log, 1024, 1 << 20);
}

/* Loads of different keys at a time that are not done twice; a slot takes about 600 bytes. */
static uint32_t flight_capacity(uint64_t max_bytes) { return clamp(max_bytes >> 18, 16, 1024); }

/* The ring of events: a few hundred of them at least. */
static uint32_t ring_size(uint64_t max_bytes) { return clamp(max_bytes / 512, 16 << 10, 512 << 10) & ~7U; }

static uint64_t tables_size(const struct arena_capacity *capacity, uint64_t max_bytes) {
  return sizeof(struct arena_header) + 16 + shape_store_bytes(max_bytes) + event_bytes(ring_size(max_bytes)) +
         tag_bytes(capacity->tags) + log_bytes(capacity->log) + entry_bytes(capacity->entries) +
         mutation_bytes(capacity->mutations) + view_bytes(capacity->views) + flight_bytes(flight_capacity(max_bytes)) +
         16384;
}

/* A build in which one of these has another size cannot read what this one writes. */
static uint32_t hash_of_structs(void) {
  const uint64_t sizes[] = {sizeof(struct arena_header), sizeof(struct tag),          sizeof(struct log_record),
                            sizeof(struct log_link),     sizeof(struct entry),        sizeof(struct tag_reference),
                            sizeof(struct span),         sizeof(struct mutation),     sizeof(struct operation),
                            sizeof(struct query),        sizeof(struct event_record), flight_struct_bytes()};
  return (uint32_t)hash_document((oc_slice_t){(const char *)sizes, sizeof sizes});
}

static void format(struct arena *arena, void *context);

static oc_status read_options(const oc_options_t *options, struct attach_options *attach, oc_error_t *error) {
  uint64_t max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_MAX_BYTES;
  if (max_bytes < MEBIBYTE || max_bytes > (1ULL << 42))
    return error_set(error, OC_ERR_ARGUMENT, "maxBytes must be between 1 MiB and 4 TiB");
  *attach = (struct attach_options){.kind = options->memory,
                                    .place = options->memory == OC_FILE ? options->file : options->name,
                                    .size = max_bytes,
                                    .any_size = options->max_bytes == 0,
                                    .structs = hash_of_structs(),
                                    .format = format};
  read_limits(&attach->limits, &options->limits, max_bytes);
  read_capacity(&attach->capacity, options, max_bytes);
  if (tables_size(&attach->capacity, max_bytes) > max_bytes / 4 * 3)
    return error_set(error, OC_ERR_ARGUMENT,
                     "maxBytes is too small for the tables; raise it, or lower maxEntries or maxTags");
  return OC_OK;
}

/* ---- The arena's content ---- */

static void format(struct arena *arena, void *context) {
  (void)context;
  const struct arena_identity *identity = &arena_header(arena)->identity;
  const struct arena_capacity *capacity = &identity->capacity;
  oc_off at = (sizeof(struct arena_header) + shape_store_bytes(identity->size) + 15) & ~(oc_off)15;
  at = event_init(arena, at, ring_size(identity->size));
  at = tag_init(arena, at, capacity->tags);
  at = log_init(arena, (at + 15) & ~(oc_off)15, capacity->log);
  at = entry_init(arena, at, capacity->entries);
  at = mutation_init(arena, at, capacity->mutations);
  at = view_init(arena, at, capacity->views);
  at = flight_init(arena, at, flight_capacity(identity->size));
  alloc_init(arena, at);
}

/* What is pending when its process goes can no longer be settled by it; with the last one, by nobody. */
static void leave(struct arena *arena, bool last) {
  mutation_abandon_locked(arena, last);
  debt_leave_locked(arena, last);
  flight_abandon_locked(arena, last);
}

/* ---- After a fork ---- */

/*
 * A child shares its parent's open files, and with them the claims that say that the parent lives; so it gives them
 * up at once. It also begins without caches, as those of its parent are not its own. It has one thread: no lock is
 * held.
 */
static void forget_parents_caches(void) {
  for (oc_cache_t *cache = registry; cache; cache = cache->next) mapping_forsake(&cache->arena.mapping);
  registry = NULL;
  registry_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void watch_forks(void) { (void)pthread_atfork(NULL, NULL, forget_parents_caches); }

/* ---- Open and close ---- */

static bool is_same(const oc_cache_t *cache, const oc_options_t *options) {
  oc_slice_t name = {cache->name, strlen(cache->name)}, file = {cache->file, cache->file ? strlen(cache->file) : 0};
  return cache->arena.mapping.kind == options->memory && slice_equal(name, options->name) &&
         (options->memory != OC_FILE || slice_equal(file, options->file));
}

static oc_cache_t *find(const oc_options_t *options) {
  oc_cache_t *cache = registry;
  while (cache && !is_same(cache, options)) cache = cache->next;
  return cache;
}

/* The parts that are the process's own. Freed by destroy_handle, which takes half-made ones too. */
static oc_status make_handle(const oc_options_t *options, oc_cache_t **out, oc_error_t *error) {
  oc_cache_t *cache = calloc(1, sizeof *cache);
  if (!cache) return error_set(error, OC_ERR_MEMORY, "no memory for a cache");
  memcpy(cache->name, options->name.data, options->name.len);
  if (options->memory == OC_FILE) {
    cache->file = calloc(1, options->file.len + 1);
    if (cache->file) memcpy(cache->file, options->file.data, options->file.len);
  }
  bool made = (options->memory != OC_FILE || cache->file) && watch_init(&cache->watchers) == OC_OK;
  if (made && pthread_mutex_init(&cache->shapes_lock, NULL)) {
    watch_destroy(&cache->watchers);
    made = false;
  }
  if (made) {
    *out = cache;
    return OC_OK;
  }
  free(cache->file);
  free(cache);
  return error_set(error, OC_ERR_MEMORY, "no memory for a cache");
}

static void destroy_handle(oc_cache_t *cache) {
  struct excerpt *excerpt = atomic_load(&cache->excerpt);
  if (excerpt) excerpt_free(excerpt);
  free(excerpt);
  shapes_release(cache->shapes);
  watch_destroy(&cache->watchers);
  pthread_mutex_destroy(&cache->shapes_lock);
  free(cache->file);
  free(cache);
}

static oc_status create(const oc_options_t *options, struct shapes *shapes, oc_cache_t **out, oc_error_t *error) {
  struct attach_options attach;
  oc_cache_t *cache = NULL;
  oc_status status = read_options(options, &attach, error);
  if (status == OC_OK) status = make_handle(options, &cache, error);
  if (!cache) return status;
  status = attach_open(&cache->arena, &attach, error);
  if (status != OC_OK) {
    destroy_handle(cache);
    return status;
  }
  cache->limits = arena_header(&cache->arena)->limits;
  cache->shapes = shapes_retain(shapes);
  status = keeper_start(&cache->keeper, &cache->arena, &cache->watchers);
  if (status != OC_OK) {
    error_set(error, status, "cannot start a thread for the cache '%s': %s", cache->name, strerror(errno));
    attach_close(&cache->arena, leave);
    destroy_handle(cache);
    return status;
  }
  cache->next = registry;
  registry = cache;
  *out = cache;
  return OC_OK;
}

/* Gives one reference up, with the registry's lock held. */
static void release(oc_cache_t *cache) {
  if (--cache->references > 0) return;
  struct oc_cache **link = &registry;
  while (*link != cache) link = &(*link)->next;
  *link = cache->next;
  keeper_stop(&cache->keeper);
  attach_close(&cache->arena, leave);
  destroy_handle(cache);
}

/*
 * A thread that the end of the process caught inside a section would make the next process empty the arena. What else
 * still holds a reference then goes with the process.
 */
__attribute__((destructor)) static void stop_keepers(void) {
  if (pthread_mutex_trylock(&registry_lock)) return;
  for (oc_cache_t *cache = registry; cache; cache = cache->next) keeper_stop(&cache->keeper);
  pthread_mutex_unlock(&registry_lock);
}

oc_status oc_open(const oc_options_t *options, oc_cache_t **cache, oc_error_t *error) {
  if (!options || !cache || !is_name(options->name))
    return error_set(error, OC_ERR_ARGUMENT, "name must have 1 to 64 characters of A-Z a-z 0-9 . _ -");
  if ((unsigned)options->memory > OC_FILE ||
      (options->memory == OC_FILE && (!options->file.data || !options->file.len)))
    return error_set(error, OC_ERR_ARGUMENT, "memory must be private, shared, or a file with a path");
  struct shapes *shapes;
  oc_status status = shapes_compile(options->shapes, &shapes, error);
  if (status != OC_OK) return status;
  pthread_once(&fork_watched, watch_forks);
  pthread_mutex_lock(&registry_lock);
  oc_cache_t *found = find(options);
  if (!found) status = create(options, shapes, &found, error);
  if (found) {
    found->references++;
    if (options->shapes.len > 0) status = cache_give_shapes(found, options->shapes, shapes, error);
    if (status == OC_OK) *cache = found;
    else release(found);
  }
  pthread_mutex_unlock(&registry_lock);
  shapes_release(shapes);
  return status;
}

void oc_close(oc_cache_t *cache) {
  if (!cache) return;
  pthread_mutex_lock(&registry_lock);
  release(cache);
  pthread_mutex_unlock(&registry_lock);
}

uint64_t oc_version(const oc_cache_t *cache) {
  return __atomic_load_n(&arena_header(&cache->arena)->version, __ATOMIC_ACQUIRE);
}

uint64_t oc_generation(const oc_cache_t *cache) {
  return __atomic_load_n(&arena_header(&cache->arena)->generation, __ATOMIC_ACQUIRE);
}

const volatile uint32_t *oc_changes(const oc_cache_t *cache) { return &arena_header(&cache->arena)->changes; }

void cache_notify(oc_cache_t *cache) { event_wake(&cache->arena, EVENT_ANY); }

void cache_unlock(oc_cache_t *cache, bool happened) {
  bool is_new = event_is_new_locked(&cache->arena);
  arena_unlock(&cache->arena);
  if (happened || is_new) cache_notify(cache);
}

oc_status oc_watch(oc_cache_t *cache, oc_watcher watcher, void *context, uint64_t *id) {
  if (!cache || !watcher || !id) return OC_ERR_ARGUMENT;
  bool is_first = watch_is_empty(&cache->watchers); /* when others say so, too, all of them see to it */
  oc_status status = watch_add(&cache->watchers, watcher, context, id);
  if (status == OC_OK && is_first) event_wake(&cache->arena, EVENT_DEADLINES);
  return status;
}

void oc_unwatch(oc_cache_t *cache, uint64_t id) { watch_remove(&cache->watchers, id); }
