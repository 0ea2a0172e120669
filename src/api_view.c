/*
 * api_view.c: views, and the overlay that they see.
 *
 * A view copies the operations of its pending mutations when it is opened. Reads then need the lock only to ask how
 * those mutations stand, and a page that shows a mutation from its first query on goes on showing it when the commit
 * comes between two queries of one render.
 */
#include <stdlib.h>
#include <string.h>

#include "cache.h"

/* ---- Tokens (RFC 9562) ---- */

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool is_dash_at(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

oc_status oc_token_parse(oc_slice_t text, oc_token_t *token, oc_error_t *error) {
  oc_token_t parsed;
  size_t byte = 0;
  bool valid = text.len == 36;
  for (size_t i = 0; valid && i < 36; i++) {
    if (is_dash_at(i)) {
      valid = text.data[i] == '-';
      continue;
    }
    int high = hex_value(text.data[i]), low = hex_value(text.data[i + 1]);
    valid = high >= 0 && low >= 0;
    if (valid) parsed.bytes[byte++] = (uint8_t)(high * 16 + low);
    i++;
  }
  if (!valid || parsed.bytes[6] >> 4 != 7 || parsed.bytes[8] >> 6 != 2)
    return error_set(error, OC_ERR_ARGUMENT,
                     "a token must be a UUID of version 7 (RFC 9562), like "
                     "01890a5d-ac96-774b-bcce-b302099a8057");
  *token = parsed;
  return OC_OK;
}

void oc_token_format(oc_token_t token, char text[37]) {
  static const char HEX[] = "0123456789abcdef";
  size_t at = 0;
  for (size_t byte = 0; byte < 16; byte++) {
    if (is_dash_at(at)) text[at++] = '-';
    text[at++] = HEX[token.bytes[byte] >> 4];
    text[at++] = HEX[token.bytes[byte] & 15];
  }
  text[at] = '\0';
}

static int compare_layers(const void *a, const void *b) {
  return memcmp(((const struct view_layer *)a)->token.bytes, ((const struct view_layer *)b)->token.bytes, 16);
}

/* ---- Opening ---- */

static void destroy(oc_view_t *view) {
  free((char *)(uintptr_t)view->principal.data);
  free(view->layers);
  oc_buffer_free(&view->operations);
  free(view);
}

static oc_status create(oc_cache_t *cache, oc_slice_t principal, const oc_token_t *tokens, size_t count,
                        oc_view_t **out) {
  oc_view_t *view = calloc(1, sizeof *view);
  char *copy = malloc(principal.len + 1);
  struct view_layer *layers = calloc(count + 1, sizeof *layers);
  if (!view || !copy || !layers) {
    free(view);
    free(copy);
    free(layers);
    return OC_ERR_MEMORY;
  }
  if (principal.len > 0) memcpy(copy, principal.data, principal.len);
  view->cache = cache;
  view->principal = (oc_slice_t){copy, principal.len};
  view->layers = layers;
  for (size_t i = 0; i < count; i++) layers[i].token = tokens[i];
  qsort(layers, count, sizeof *layers, compare_layers);
  for (size_t i = 0; i < count; i++) /* a token presented twice counts once */
    if (view->layer_count == 0 || compare_layers(layers + view->layer_count - 1, layers + i))
      layers[view->layer_count++] = layers[i];
  *out = view;
  return OC_OK;
}

enum { LAYER_UNKNOWN = 0, LAYER_PENDING = 1, LAYER_SETTLED = 2 };

/* Copies as much as fits; returns the bytes that all operations take. */
static size_t copy_operations_locked(oc_view_t *view) {
  struct arena *arena = &view->cache->arena;
  size_t size = 0;
  for (uint32_t i = 0; i < view->layer_count; i++) {
    struct view_layer *layer = view->layers + i;
    const struct mutation *mutation = mutation_find_locked(arena, layer->token);
    if (mutation && !mutation_is_of(arena, mutation, view->principal)) mutation = NULL;
    layer->pending = !mutation ? LAYER_UNKNOWN : mutation->state == OC_PENDING ? LAYER_PENDING : LAYER_SETTLED;
    layer->size = 0;
    if (layer->pending != LAYER_PENDING) continue;
    oc_slice_t operations = mutation_operations(arena, mutation);
    layer->at = size;
    layer->size = (uint32_t)operations.len;
    size += operations.len;
    if (view->operations.data && size <= view->operations.cap && operations.len > 0)
      memcpy(view->operations.data + layer->at, operations.data, operations.len);
  }
  return size;
}

oc_status oc_view_open(oc_cache_t *cache, oc_slice_t principal, const oc_token_t *tokens, size_t count, oc_view_t **out,
                       oc_error_t *error) {
  if (!cache || !out || (count > 0 && !tokens) || count > VIEW_TOKENS_MOST)
    return error_set(error, OC_ERR_ARGUMENT, "a view takes at most %d tokens", VIEW_TOKENS_MOST);
  oc_view_t *view;
  oc_status status = create(cache, principal, tokens, count, &view);
  for (int tries = 0; status == OC_OK; tries++) {
    uint64_t now = clock_now(), next;
    arena_lock(&cache->arena);
    uint32_t expired = mutation_sweep_locked(&cache->arena, now, &next);
    size_t size = copy_operations_locked(view);
    bool fits = size <= view->operations.cap;
    if (fits) {
      view->version = log_head(&cache->arena);
      view->opened = now;
      view->generation = arena_header(&cache->arena)->generation;
      view->name = view_open_locked(&cache->arena, now, cache->limits.view_age);
    }
    cache_unlock(cache, expired > 0);
    if (fits) {
      view->operations.len = size;
      *out = view;
      return OC_OK;
    }
    status = tries < GROW_TRIES ? buffer_reserve(&view->operations, size) : OC_ERR_MEMORY;
    if (status != OC_OK) destroy(view);
  }
  return error_set(error, status, "no memory for a view");
}

void oc_view_close(oc_view_t *view) {
  if (!view) return;
  arena_lock(&view->cache->arena);
  view_close_locked(&view->cache->arena, view->name);
  arena_unlock(&view->cache->arena);
  destroy(view);
}

/* ---- Looking in ---- */

void oc_view_info(oc_view_t *view, oc_view_info_t *info) {
  *info = (oc_view_info_t){.version = view->version, .torn = view->torn};
  for (uint32_t i = 0; i < view->layer_count; i++) {
    if (view->layers[i].pending == LAYER_PENDING) info->pending++;
    if (view->layers[i].pending == LAYER_UNKNOWN) info->unknown++;
  }
}

static oc_slice_t layer_operations(const oc_view_t *view, const struct view_layer *layer) {
  return (oc_slice_t){view->operations.data + layer->at, layer->size};
}

static oc_status print_layer(const oc_view_t *view, const struct view_layer *layer, oc_buffer_t *out) {
  char token[37];
  oc_token_format(layer->token, token);
  oc_status status = buffer_print(out, "%s{\"token\":\"%s\",\"operations\":[", out->len > 1 ? "," : "", token);
  oc_slice_t operations = layer_operations(view, layer);
  const struct operation *operation = NULL;
  bool first = true;
  while (status == OC_OK && layer->size > 0 &&
         (operation = operation_next(operations.data, operations.len, operation))) {
    oc_slice_t text = operation_slice(operation, operation->text_at, operation->text_len);
    if (!first) status = buffer_append(out, ",", 1);
    if (status == OC_OK) status = buffer_append(out, text.data, text.len);
    first = false;
  }
  return status == OC_OK ? buffer_append(out, "]}", 2) : status;
}

oc_status oc_view_pending(oc_view_t *view, oc_buffer_t *out, oc_error_t *error) {
  out->len = 0;
  oc_status status = buffer_append(out, "[", 1);
  for (uint32_t i = 0; i < view->layer_count && status == OC_OK; i++)
    if (view->layers[i].pending == LAYER_PENDING) status = print_layer(view, view->layers + i, out);
  if (status == OC_OK) status = buffer_append(out, "]", 1);
  return status == OC_OK ? OC_OK : error_set(error, status, "no memory for the pending mutations of a view");
}

oc_status oc_view_unknown(oc_view_t *view, oc_buffer_t *out, oc_error_t *error) {
  out->len = 0;
  oc_status status = buffer_append(out, "[", 1);
  for (uint32_t i = 0; i < view->layer_count && status == OC_OK; i++) {
    if (view->layers[i].pending != LAYER_UNKNOWN) continue;
    char token[37];
    oc_token_format(view->layers[i].token, token);
    status = buffer_print(out, "%s\"%s\"", out->len > 1 ? "," : "", token);
  }
  if (status == OC_OK) status = buffer_append(out, "]", 1);
  return status == OC_OK ? OC_OK : error_set(error, status, "no memory for the unknown tokens of a view");
}

/* ---- The overlay ---- */

void view_layers_locked(oc_view_t *view, uint64_t version, bool *applies) {
  for (uint32_t i = 0; i < view->layer_count; i++) {
    applies[i] = false;
    if (view->layers[i].pending != LAYER_PENDING) continue;
    const struct mutation *mutation = mutation_find_locked(&view->cache->arena, view->layers[i].token);
    bool stands = mutation && (mutation->state == OC_PENDING || mutation->state == OC_COMMITTED);
    applies[i] = stands && (mutation->state == OC_PENDING || mutation->version > version);
    if (!stands) view->torn = true; /* what was read before showed it */
  }
}

size_t view_layers(const oc_view_t *view, const bool *applies, oc_slice_t *operations) {
  size_t count = 0;
  for (uint32_t i = 0; i < view->layer_count; i++)
    if (applies[i] && view->layers[i].size > 0) operations[count++] = layer_operations(view, view->layers + i);
  return count;
}

oc_status view_overlay(const oc_view_t *view, const bool *applies, struct page *page, bool *changed) {
  oc_slice_t layers[VIEW_TOKENS_MOST];
  size_t count = view_layers(view, applies, layers);
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = NULL;
    while ((operation = operation_next(layers[i].data, layers[i].len, operation))) {
      oc_status status = replay_apply(page, operation, REPLAY_GUESS, changed);
      if (status != OC_OK) return status;
    }
  }
  return OC_OK;
}
