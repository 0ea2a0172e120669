/*
 * api_shapes.c: whose shapes a cache has.
 *
 * Entries hold places of shapes and were understood by them, so all processes of one arena must go by the same. Their
 * text lies in the arena (shape_store.h); each process compiles it, outside the lock, when it sees another serial
 * than that of its own. Until it has, it neither finds nor stores an entry.
 */
#include <string.h>

#include "cache.h"

bool cache_shapes_stand_locked(const oc_cache_t *cache, const struct shapes *shapes) {
  return cache->shapes == shapes && cache->shapes_serial == shape_store_serial(&cache->arena);
}

/* With the arena's lock held. Returns the shapes that were there, to be released outside of it. */
static struct shapes *install_locked(oc_cache_t *cache, struct shapes *shapes) {
  pthread_mutex_lock(&cache->shapes_lock);
  struct shapes *old = cache->shapes;
  cache->shapes = shapes_retain(shapes);
  __atomic_store_n(&cache->shapes_serial, shape_store_serial(&cache->arena), __ATOMIC_RELEASE);
  pthread_mutex_unlock(&cache->shapes_lock);
  return old;
}

static oc_status copy_text(oc_cache_t *cache, oc_buffer_t *text, uint32_t *serial) {
  oc_status status = OC_OK;
  for (int tries = 0; status == OC_OK && tries < GROW_TRIES; tries++) {
    arena_lock(&cache->arena);
    oc_slice_t there = shape_store_text_locked(&cache->arena);
    bool fits = there.len <= text->cap;
    if (text->data && fits) memcpy(text->data, there.data, there.len);
    *serial = shape_store_serial(&cache->arena);
    arena_unlock(&cache->arena);
    text->len = fits ? there.len : 0;
    if (fits) return OC_OK;
    status = buffer_reserve(text, there.len);
  }
  return OC_ERR_MEMORY;
}

static void compile_anew(oc_cache_t *cache) {
  oc_buffer_t text = {0};
  struct shapes *shapes = NULL, *old = NULL;
  uint32_t serial = 0;
  oc_status status = copy_text(cache, &text, &serial);
  if (status == OC_OK) status = shapes_compile((oc_slice_t){text.data, text.len}, &shapes, NULL);
  if (status == OC_OK) {
    arena_lock(&cache->arena);
    if (serial == shape_store_serial(&cache->arena)) old = install_locked(cache, shapes);
    arena_unlock(&cache->arena);
    shapes_release(shapes);
  }
  if (old) shapes_release(old);
  oc_buffer_free(&text);
}

struct shapes *cache_shapes(oc_cache_t *cache) {
  if (__atomic_load_n(&cache->shapes_serial, __ATOMIC_ACQUIRE) != shape_store_serial(&cache->arena))
    compile_anew(cache);
  pthread_mutex_lock(&cache->shapes_lock);
  struct shapes *shapes = shapes_retain(cache->shapes);
  pthread_mutex_unlock(&cache->shapes_lock);
  return shapes;
}

oc_status cache_give_shapes(oc_cache_t *cache, oc_slice_t text, struct shapes *shapes, oc_error_t *error) {
  struct arena *arena = &cache->arena;
  arena_lock(arena);
  bool first = shape_store_serial(arena) == 0 && log_head(arena) == 1; /* nothing was understood without them */
  bool same = slice_equal(shape_store_text_locked(arena), text);
  bool put = same || shape_store_put_locked(arena, text);
  struct shapes *old = put ? install_locked(cache, shapes) : NULL;
  if (put && !same && first) entry_clear_locked(arena);
  if (put && !same && !first) record_everything_locked(arena, SLICE("other shapes")); /* no load is kept */
  cache_unlock(cache, false);
  if (old) shapes_release(old);
  if (put) return OC_OK;
  return error_set(error, OC_ERR_SHAPES, "shapes have %zu bytes, and the arena takes %llu; raise maxBytes", text.len,
                   (unsigned long long)shape_store_most(arena_header(arena)->identity.size));
}
