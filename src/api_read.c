/*
 * api_read.c: reading an entry: is it current, can it be made so, and what does this view see on top of it.
 *
 *   locked    find the entry; ask its tags what it missed up to the view's version; copy what the rest needs
 *   unlocked  replay what it missed
 *   locked    keep the result, if the entry is still in that state and no open view needs the older one
 *   unlocked  lay the view's pending mutations over it
 *
 * Where it missed nothing, and the pending mutations only replace members of documents where they are, that is done
 * while the entry is copied (splices.h); where they change these documents in another way, those are copied out and
 * changed apart (excerpt.h). A caller that has an earlier state of a list parsed gets what became another since
 * (layout.h).
 *
 * Memory is not allocated under the lock: a section that finds its buffers too small says how large they must be, and
 * is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "cache.h"

enum {
  EXCERPT_KEPT_MOST = 1 << 20 /* bytes of one that is kept for the next read */
};

struct read {
  oc_cache_t *cache;
  oc_view_t *view; /* or NULL */
  oc_slice_t key;
  bool base;
  uint64_t known, target;
  uint64_t now, real_now; /* as the view sees it, and as it is */
  oc_hit_t hit;
  oc_buffer_t *out;
  bool changes; /* the caller may get only what is changed */
  bool applies[VIEW_TOKENS_MOST];
  bool overlay; /* some layer applies */
  bool spliced; /* it was laid over while the entry was copied */
  bool apart;   /* it is laid over the excerpt */
  struct splices *splices;
  struct excerpt *excerpt; /* or NULL */
  struct page page;
  oc_buffer_t query, operations;
  size_t need_bytes, need_spans, need_query, need_operations;
  struct missed missed; /* to be replayed */
  uint64_t from;        /* the version of the entry */
  uint64_t layout;      /* its own, once the replay is kept */
};

/* ---- Excerpts ---- */

/* Memory that is there already is half of what a small one costs. */
static oc_status borrow_excerpt(struct read *read) {
  read->excerpt = atomic_exchange(&read->cache->excerpt, NULL);
  if (!read->excerpt) read->excerpt = calloc(1, sizeof *read->excerpt);
  return read->excerpt ? OC_OK : OC_ERR_MEMORY;
}

static void give_excerpt_back(struct read *read) {
  struct excerpt *excerpt = read->excerpt;
  if (excerpt && excerpt->value.cap <= EXCERPT_KEPT_MOST) excerpt = atomic_exchange(&read->cache->excerpt, excerpt);
  if (!excerpt) return;
  excerpt_free(excerpt);
  free(excerpt);
}

/* ---- Copying out ---- */

static bool copy_to(oc_buffer_t *buffer, const void *data, size_t size, size_t *need) {
  if (size > buffer->cap) {
    *need = size;
    return false;
  }
  if (size > 0) memcpy(buffer->data, data, size);
  buffer->len = size;
  return true;
}

static bool copy_missed_operations(struct read *read) {
  oc_buffer_t *out = &read->operations;
  read->need_operations = missed_operations_locked(read->cache, &read->missed, out->data, out->cap);
  out->len = read->need_operations <= out->cap ? read->need_operations : 0;
  return read->need_operations <= out->cap;
}

/* The value, in the arena. */
static struct page page_of(const struct read *read, const struct entry *entry) {
  struct arena *arena = &read->cache->arena;
  oc_slice_t value = entry_value(arena, entry);
  return (struct page){
      .bytes = {.data = (char *)(uintptr_t)value.data, .len = value.len},
      .spans = {.data = (char *)(uintptr_t)entry_spans(arena, entry), .len = entry->span_count * sizeof(struct span)},
      .query = entry_query(arena, entry),
      .shapes = read->page.shapes};
}

static bool copy_spliced(struct read *read, const struct entry *entry) {
  struct page whole = page_of(read, entry);
  bool changes = read->hit.form == OC_CHANGES;
  read->need_bytes =
      changes ? splices_print(read->splices, &whole, read->out) : splices_write(read->splices, &whole, read->out);
  return read->need_bytes <= read->out->cap;
}

static bool may_tell_changes(const struct read *read, const struct query *query) {
  return read->changes && query && query->type == QUERY_FIND;
}

/* Whether all that became another since the state that the caller knows is documents of a list. */
static bool knows_layout(const struct read *read, const struct query *query, uint64_t layout, uint64_t stamp) {
  return may_tell_changes(read, query) && read->known >= layout && read->known < stamp;
}

static bool copy_changed(struct read *read, const struct entry *entry) {
  struct page whole = page_of(read, entry);
  read->hit.form = OC_CHANGES;
  read->need_bytes = layout_print(&whole, entry->layout, read->known, read->out);
  return read->need_bytes <= read->out->cap;
}

/* Copies the entry where it goes; false when a buffer is too small. */
static bool copy_out(struct read *read, const struct entry *entry) {
  struct arena *arena = &read->cache->arena;
  if (read->spliced) return copy_spliced(read, entry);
  oc_slice_t value = entry_value(arena, entry);
  bool as_it_is = read->missed.count == 0 && !read->overlay;
  if (as_it_is && knows_layout(read, entry_query(arena, entry), entry->layout, entry->stamp))
    return copy_changed(read, entry);
  if (as_it_is || read->apart) {
    oc_buffer_t *to = as_it_is ? read->out : &read->excerpt->value;
    return copy_to(to, value.data, value.len, &read->need_bytes);
  }
  bool fits = copy_to(&read->page.bytes, value.data, value.len, &read->need_bytes);
  fits &=
      copy_to(&read->page.spans, entry_spans(arena, entry), entry->span_count * sizeof(struct span), &read->need_spans);
  fits &= copy_to(&read->query, entry_query(arena, entry), entry_query_size(arena, entry), &read->need_query);
  return copy_missed_operations(read) && fits;
}

static oc_status grow(struct read *read) {
  bool whole = !read->apart && (read->missed.count > 0 || read->overlay);
  oc_status status = read->apart && !read->excerpt ? borrow_excerpt(read) : OC_OK;
  if (status != OC_OK) return status;
  oc_buffer_t *bytes = whole ? &read->page.bytes : read->apart ? &read->excerpt->value : read->out;
  status = buffer_reserve(bytes, read->need_bytes);
  if (status == OC_OK && read->apart) status = excerpt_grow(read->excerpt);
  if (status == OC_OK && whole) status = buffer_reserve(&read->page.spans, read->need_spans);
  if (status == OC_OK && whole) status = buffer_reserve(&read->query, read->need_query);
  if (status == OC_OK && whole) status = buffer_reserve(&read->operations, read->need_operations);
  return status;
}

/* ---- The first section ---- */

static bool has_expired(struct read *read, const struct entry *entry) {
  read->hit.stale = entry->expires_at && entry->expires_at <= read->now;
  return read->hit.stale && entry->stale_until <= read->now;
}

/*
 * What `now` and the version are for this read. A view's clock stands still too, or an entry would expire between two
 * reads of one render; not so once the view aged out, or the arena was reset: what it read before is gone then.
 */
static void place_in_time(struct read *read) {
  struct arena *arena = &read->cache->arena;
  oc_view_t *view = read->view;
  read->target = view ? view->version : log_head(arena);
  if (!view) return;
  if (view->generation != arena_header(arena)->generation) {
    view->torn = true;
    read->target = log_head(arena); /* its version means nothing any more */
  } else if (view->name && !view_counts_locked(arena, view->name)) {
    view->torn = true;
  } else {
    read->now = view->opened;
  }
}

/* The newest state of the key that can answer this read; else 0, and why not. */
static uint32_t find_state(struct read *read, enum verdict *why) {
  struct arena *arena = &read->cache->arena;
  *why = USELESS;
  uint32_t index = entry_find_any_locked(arena, read->key);
  for (int looked = 0; index && looked < ENTRY_STATES_MOST; looked++, index = entry_find_earlier_locked(arena, index)) {
    const struct entry *entry = entry_at(arena, index);
    if (!read->view && !entry_is_set(arena, entry)) return 0;
    if (has_expired(read, entry)) continue;
    enum verdict verdict = missed_locked(read->cache, entry, read->target, &read->missed);
    if (verdict == CURRENT || verdict == BEHIND) return index;
    if (verdict == NEWER) *why = NEWER;
  }
  return 0;
}

/* A state that an open view older than what it lacks may still need stays; it is replaced when it is loaded again. */
static void drop_useless(struct read *read) {
  struct arena *arena = &read->cache->arena;
  uint32_t index = entry_find_locked(arena, read->key);
  if (!index) return;
  bool expired = has_expired(read, entry_at(arena, index));
  if (!expired) arena_header(arena)->counters.inexact++;
  /* A view that sees this very version may have been opened before it expired. */
  uint64_t oldest = view_oldest_locked(arena, read->real_now);
  if (expired ? oldest == UINT64_MAX : oldest >= read->target) entry_remove_locked(arena, index);
}

static void note_hit(struct read *read, struct entry *entry) {
  struct arena *arena = &read->cache->arena;
  if (read->missed.count == 0 && entry->version < read->target) entry->version = read->target;
  entry_touch_locked(entry, 1);
  if (!read->hit.beneath) arena_header(arena)->counters.hits++;
  read->hit.version = read->target;
  read->hit.stamp = entry->stamp;
  read->hit.expires_at = entry->expires_at;
  read->hit.content = (oc_content)entry->content;
}

static void note_overlaid_locked(struct read *read) {
  arena_header(&read->cache->arena)->counters.overlays++;
  read->hit.overlaid = true;
  read->hit.stamp = 0;
}

/* What the caller gets of an overlay that changes documents where they are, in the entry as it is or as it becomes. */
static void choose_form(struct read *read, const struct entry *entry) {
  if (!may_tell_changes(read, entry_query(&read->cache->arena, entry))) return;
  read->hit.beneath = read->missed.count > 0 || read->known != entry->stamp;
  if (read->hit.beneath) read->overlay = read->apart = read->spliced = false;
  else read->hit.form = OC_CHANGES;
}

/*
 * Finds out whether the overlay is of splices only; else whether it can be made apart. OC_OK; OC_REFUSED: run again
 * after grow().
 */
static oc_status take_apart(struct read *read, const struct entry *entry) {
  oc_slice_t operations[VIEW_TOKENS_MOST];
  struct subjects subjects;
  read->apart = read->spliced = read->hit.beneath = false;
  read->hit.form = OC_WHOLE;
  if (!read->overlay || !entry->has_query) return OC_OK;
  struct page whole = page_of(read, entry);
  size_t count = view_layers(read->view, read->applies, operations);
  if (!subjects_find(&subjects, whole.query, whole.shapes, operations, count)) return OC_OK;
  if (read->missed.count > 0) {
    choose_form(read, entry);
    return OC_OK;
  }
  bool spliced = splices_find(read->splices, &whole, &subjects) == OC_OK && !(read->changes && read->splices->within);
  if (spliced) {
    read->overlay = false;
    read->spliced = read->splices->count > 0;
    if (read->spliced) choose_form(read, entry);
    return OC_OK;
  }
  read->apart = true;
  if (!read->excerpt) return OC_REFUSED;
  oc_status status = excerpt_take(read->excerpt, &whole, &subjects);
  if (status != OC_OK) return status;
  read->overlay = read->apart = excerpt_count(read->excerpt) > 0; /* else nothing of it is in there */
  if (read->apart) choose_form(read, entry);
  return OC_OK;
}

/* OC_OK: copied. OC_UNCHANGED. OC_MISS. OC_REFUSED: buffers too small, run again after grow(). */
static oc_status look_locked(struct read *read) {
  struct arena *arena = &read->cache->arena;
  place_in_time(read);
  read->overlay = false;
  if (read->view && !read->base) {
    view_layers_locked(read->view, read->target, read->applies);
    for (uint32_t i = 0; i < read->view->layer_count; i++) read->overlay |= read->applies[i];
  }
  /* Replaced: the spans are of others than we hold. */
  if (!cache_shapes_stand_locked(read->cache, read->page.shapes)) return OC_MISS;
  enum verdict why;
  uint32_t index = find_state(read, &why);
  if (!index) {
    if (why == NEWER) read->view->torn = true;
    else drop_useless(read);
    return OC_MISS;
  }
  struct entry *entry = entry_at(arena, index);
  read->from = entry->version;
  read->overlay = read->overlay && entry->content == OC_JSON && (entry->has_query || entry->span_count > 0);
  if (take_apart(read, entry) != OC_OK) return OC_REFUSED;
  bool as_it_is = read->missed.count == 0 && !read->overlay && !read->spliced;
  bool unchanged = as_it_is && read->known && read->known == entry->stamp;
  bool later = read->apart && read->hit.form == OC_CHANGES;
  if (!unchanged && !later && !copy_out(read, entry)) return OC_REFUSED;
  note_hit(read, entry);
  if (read->spliced) note_overlaid_locked(read);
  return unchanged ? OC_UNCHANGED : OC_OK;
}

static oc_status look(struct read *read) {
  for (int tries = 0; tries < GROW_TRIES; tries++) {
    arena_lock(&read->cache->arena);
    oc_status status = look_locked(read);
    if (status == OC_MISS) arena_header(&read->cache->arena)->counters.misses++;
    arena_unlock(&read->cache->arena);
    if (status != OC_REFUSED) return status;
    status = grow(read);
    if (status != OC_OK) return status;
  }
  return OC_MISS; /* it grew faster than we could follow */
}

/* ---- Replay and overlay ---- */

static oc_status note_shown(const struct page *page, oc_buffer_t *shown) {
  oc_status status = buffer_reserve(shown, page_span_count(page) * sizeof(uint64_t));
  for (uint32_t i = 0; i < page_span_count(page) && status == OC_OK; i++)
    status = buffer_append(shown, &page_span(page, i)->document, sizeof(uint64_t));
  return status;
}

/*
 * Whether the operation is about a document that came in with an earlier one. A copy came as it is at the read's
 * version, with what this operation did to it: it would be set back, and where it was before cannot be seen of it any
 * more.
 */
static bool came_in(const struct page *page, const oc_buffer_t *shown, const struct operation *operation) {
  const uint64_t *before = (const uint64_t *)(const void *)shown->data;
  struct named named = operation_named(operation, page->shapes);
  if (!page->entered || !operation->document) return false;
  for (size_t i = 0; i < shown->len / sizeof *before; i++)
    if (before[i] == operation->document) return false;
  for (uint32_t i = 0; i < page_span_count(page); i++)
    if (page_shows(page, page_span(page, i), named)) return true;
  return false;
}

static oc_status replay_missed(struct read *read) {
  bool changed = false;
  oc_buffer_t shown = {0};
  const struct operation *operation = NULL;
  oc_status status = note_shown(&read->page, &shown);
  while (status == OC_OK && (operation = operation_next(read->operations.data, read->operations.len, operation))) {
    if (came_in(&read->page, &shown, operation)) status = OC_MISS;
    else status = replay_apply(&read->page, operation, REPLAY_EXACT, &changed);
  }
  oc_buffer_free(&shown);
  return status;
}

/* Of each tag the place among the entry's references, to be found from the tag. */
static bool depends_already(const struct arena *arena, const struct entry *entry, uint32_t tag) {
  const struct tag_reference *references = entry_references(arena, entry);
  uint32_t place = tag_at(arena, tag)->place;
  return place < entry->reference_count && references[place].tag == tag;
}

static void note_references(struct arena *arena, const struct entry *entry) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) tag_at(arena, references[i].tag)->place = i;
}

/*
 * Whether what the value now shows, or names, besides what the entry did, is there still: the entry was not asked
 * about it, so a document may have been deleted after the operation that refers to it.
 */
static bool is_there_still_locked(struct read *read, const struct entry *entry, const struct documents *documents) {
  struct arena *arena = &read->cache->arena;
  const struct dependency *dependencies = documents_dependencies(documents);
  if (entry) note_references(arena, entry);
  for (uint32_t i = 0; i < documents_dependency_count(documents); i++) {
    uint32_t tag = tag_find_locked(arena, documents_name(documents, dependencies + i));
    if (!tag && tag_floor_locked(arena) > read->from) return false;
    if (!tag || (entry && depends_already(arena, entry, tag))) continue;
    for (uint64_t version = tag_last_locked(arena, tag); version > read->from;) {
      const struct log_record *record = log_find_locked(arena, version);
      const struct log_link *link = record ? log_link_of(arena, record, tag) : NULL;
      if (!link || (version <= read->target && link->effects & (LOG_DELETE | LOG_INVALIDATE))) return false;
      version = link->prior;
    }
  }
  return true;
}

static void count_replay(const struct read *read, bool exact) {
  struct arena_counters *counters = &arena_header(&read->cache->arena)->counters;
  if (exact) {
    counters->replays++;
    return;
  }
  counters->inexact++;
  if (!read->hit.beneath) counters->hits--; /* look_locked took it for one */
  counters->misses++;
}

/*
 * Under the lock again: keeps what the replay made of the entry, or drops the entry when nothing could be. `documents`
 * are those of the value when it shows others than before; else NULL. Returns OC_MISS when it turns out to be none.
 */
static oc_status keep_or_drop_locked(struct read *read, oc_status replayed, const struct documents *documents) {
  struct arena *arena = &read->cache->arena;
  uint32_t index = entry_find_locked(arena, read->key);
  if (index && entry_at(arena, index)->stamp != read->hit.stamp) index = 0;
  if (replayed == OC_OK && documents && !is_there_still_locked(read, index ? entry_at(arena, index) : NULL, documents))
    replayed = OC_MISS;
  count_replay(read, replayed == OC_OK);
  bool needed = view_oldest_locked(arena, read->real_now) < read->missed.versions[read->missed.count - 1];
  read->hit.stamp = 0;
  if (!index) return replayed; /* changed meanwhile, or an older state, which stays as it is for its views */
  if (replayed != OC_OK) {
    if (!needed) entry_remove_locked(arena, index);
    return replayed;
  }
  struct state state = {.value = {read->page.bytes.data, read->page.bytes.len},
                        .spans = (struct span *)(void *)read->page.spans.data,
                        .span_count = page_span_count(&read->page)};
  index = documents ? entry_replace_locked(arena, index, state, documents, read->target)
                    : entry_update_locked(arena, index, state, read->target);
  if (index) read->hit.stamp = entry_at(arena, index)->stamp;
  if (index) read->layout = entry_at(arena, index)->layout;
  return replayed;
}

static void swap(oc_buffer_t *a, oc_buffer_t *b) {
  oc_buffer_t swapped = *a;
  *a = *b;
  *b = swapped;
}

static oc_status catch_up(struct read *read) {
  struct documents documents = {0};
  oc_slice_t value;
  oc_status status = replay_missed(read);
  bool entered = status == OC_OK && (read->page.entered || read->page.joined);
  if (entered) {
    value = (oc_slice_t){read->page.bytes.data, read->page.bytes.len};
    status =
        documents_find(value, read->page.query, read->page.shapes, NULL, 0, &read->cache->limits, &documents, NULL);
    if (status < 0 && status != OC_ERR_MEMORY) status = OC_MISS; /* more than an entry may depend on */
    if (status == OC_OK) swap(&read->page.spans, &documents.spans);
  }
  arena_lock(&read->cache->arena);
  status = keep_or_drop_locked(read, status, entered && status == OC_OK ? &documents : NULL);
  cache_unlock(read->cache, false); /* room may have been made */
  documents_free(&documents);
  return status;
}

/* What other entries know of the documents that may come in. */
static oc_status collect_copies(struct read *read) {
  oc_slice_t operations[VIEW_TOKENS_MOST + 1];
  size_t count = 0;
  if (read->missed.count > 0) operations[count++] = (oc_slice_t){read->operations.data, read->operations.len};
  if (read->overlay) count += view_layers(read->view, read->applies, operations + count);
  return copies_collect(read->cache, &read->page, read->key, read->target, read->now, operations, count);
}

static void count_overlay(oc_cache_t *cache) {
  arena_lock(&cache->arena);
  arena_header(&cache->arena)->counters.overlays++;
  arena_unlock(&cache->arena);
}

/* From the excerpt to what the caller gets. */
static oc_status finish_apart(struct read *read) {
  struct excerpt *excerpt = read->excerpt;
  oc_slice_t operations[VIEW_TOKENS_MOST];
  excerpt->page.shapes = read->page.shapes;
  oc_status status = view_overlay(read->view, read->applies, &excerpt->page, &read->hit.overlaid);
  read->out->len = 0;
  if (status != OC_OK) return status;
  if (read->hit.form == OC_CHANGES && !read->hit.overlaid) return OC_UNCHANGED;
  if (read->hit.overlaid) read->hit.stamp = 0;
  if (read->hit.overlaid) count_overlay(read->cache);
  if (read->hit.form != OC_CHANGES) return excerpt_assemble(excerpt, read->out);
  size_t count = view_layers(read->view, read->applies, operations);
  return excerpt_print(excerpt, operations, count, read->out);
}

static oc_status print_changed(struct read *read) {
  size_t need = layout_print(&read->page, read->layout, read->known, read->out);
  read->hit.form = OC_CHANGES;
  if (need <= read->out->cap) return OC_OK;
  oc_status status = buffer_reserve(read->out, need);
  if (status == OC_OK) layout_print(&read->page, read->layout, read->known, read->out);
  return status;
}

/* From the copied entry to the bytes for the caller. */
static oc_status finish(struct read *read) {
  oc_status status;
  read->page.query = read->query.len > 0 ? (const struct query *)(const void *)read->query.data : NULL;
  status = collect_copies(read);
  if (status == OC_OK && read->missed.count > 0) status = catch_up(read);
  if (status == OC_OK && read->overlay) {
    status = view_overlay(read->view, read->applies, &read->page, &read->hit.overlaid);
    if (read->hit.overlaid) read->hit.stamp = 0;
    if (read->hit.overlaid) count_overlay(read->cache);
  }
  if (status != OC_OK) return status;
  if (!read->overlay && knows_layout(read, read->page.query, read->layout, read->hit.stamp)) return print_changed(read);
  swap(read->out, &read->page.bytes);
  return OC_OK;
}

static oc_status get(oc_cache_t *cache, oc_view_t *view, oc_slice_t key, bool base, uint64_t known, bool changes,
                     oc_buffer_t *out, oc_hit_t *hit, oc_error_t *error) {
  if (!cache || !out || !hit || !key.data) return error_set(error, OC_ERR_ARGUMENT, "key must be given");
  if (view && view->cache != cache) return error_set(error, OC_ERR_ARGUMENT, "the view is another cache's");
  if (key.len == 0 || key.len > cache->limits.key_bytes)
    return error_set(error, OC_ERR_KEY_SIZE, "a key has 1 to %u bytes, this one %zu (limits.keyBytes)",
                     cache->limits.key_bytes, key.len);
  uint64_t now = clock_now();
  struct read read = {.cache = cache,
                      .view = view,
                      .key = key,
                      .base = base,
                      .known = known,
                      .changes = changes,
                      .out = out,
                      .now = now,
                      .real_now = now};
  struct shapes *shapes = cache_shapes(cache);
  struct copies copies = {0};
  struct splices splices;
  read.splices = &splices;
  read.page.shapes = shapes;
  read.page.copies = &copies;
  oc_status status = look(&read);
  if (status == OC_OK && (read.missed.count > 0 || read.overlay))
    status = read.apart ? finish_apart(&read) : finish(&read);
  if (status == OC_OK || status == OC_UNCHANGED) *hit = read.hit;
  give_excerpt_back(&read);
  copies_free(&copies);
  page_free(&read.page);
  oc_buffer_free(&read.query);
  oc_buffer_free(&read.operations);
  shapes_release(shapes);
  if (status == OC_ERR_MEMORY)
    error_set(error, status, "no memory to read '%.*s'", (int)(key.len < 64 ? key.len : 64), key.data);
  return status;
}

oc_status oc_get(oc_cache_t *cache, oc_view_t *view, oc_slice_t key, bool base, uint64_t known, oc_buffer_t *out,
                 oc_hit_t *hit, oc_error_t *error) {
  return get(cache, view, key, base, known, false, out, hit, error);
}

oc_status oc_get_changes(oc_cache_t *cache, oc_view_t *view, oc_slice_t key, bool base, uint64_t known,
                         oc_buffer_t *out, oc_hit_t *hit, oc_error_t *error) {
  return get(cache, view, key, base, known, true, out, hit, error);
}

/* ---- An overlay over what is not in the cache ---- */

static void tear_if_newer_locked(oc_view_t *view, const struct documents *documents) {
  struct arena *arena = &view->cache->arena;
  for (uint32_t i = 0; i < documents_dependency_count(documents); i++) {
    uint32_t tag = tag_find_locked(arena, documents_name(documents, documents_dependencies(documents) + i));
    uint64_t last = tag ? tag_last_locked(arena, tag) : tag_floor_locked(arena);
    if (last > view->version) view->torn = true;
  }
}

static oc_status overlay_value(oc_view_t *view, oc_slice_t value, uint64_t since, const struct query *query,
                               struct page *page, bool *changed, oc_error_t *error) {
  struct documents documents;
  bool applies[VIEW_TOKENS_MOST];
  oc_status status = documents_find(value, query, page->shapes, NULL, 0, &view->cache->limits, &documents, error);
  if (status == OC_OK) {
    arena_lock(&view->cache->arena);
    view_layers_locked(view, since, applies);
    tear_if_newer_locked(view, &documents);
    arena_unlock(&view->cache->arena);
    status = buffer_append(&page->bytes, value.data, value.len);
  }
  if (status == OC_OK) status = buffer_append(&page->spans, documents.spans.data, documents.spans.len);
  page->query = query;
  oc_slice_t operations[VIEW_TOKENS_MOST];
  if (status == OC_OK) {
    size_t count = view_layers(view, applies, operations);
    oc_slice_t no_key = {NULL, 0};
    status = copies_collect(view->cache, page, no_key, view->version, clock_now(), operations, count);
  }
  if (status == OC_OK) status = view_overlay(view, applies, page, changed);
  if (status == OC_OK && *changed) count_overlay(view->cache);
  documents_free(&documents);
  return status;
}

oc_status oc_overlay(oc_cache_t *cache, oc_view_t *view, oc_slice_t value, oc_slice_t query, uint64_t since,
                     oc_buffer_t *out, oc_hit_t *hit, oc_error_t *error) {
  if (!cache || !view || !out || !hit || !value.data) return error_set(error, OC_ERR_ARGUMENT, "value must be given");
  if (view->cache != cache) return error_set(error, OC_ERR_ARGUMENT, "the view is another cache's");
  if (value.len > cache->limits.value_bytes)
    return error_set(error, OC_ERR_VALUE_SIZE, "a value may have %u bytes, this one has %zu (limits.valueBytes)",
                     cache->limits.value_bytes, value.len);
  oc_status status = json_validate(value, cache->limits.json_depth, "value", error);
  if (status != OC_OK) return status;
  struct shapes *shapes = cache_shapes(cache);
  struct copies copies = {0};
  struct page page = {.shapes = shapes, .copies = &copies};
  oc_buffer_t compiled = {0};
  oc_hit_t found = {.version = since, .content = OC_JSON};
  if (query.len > 0) status = query_compile(query, shapes, cache->limits.json_depth, &compiled, error);
  const struct query *parsed = compiled.len > 0 ? (const struct query *)(const void *)compiled.data : NULL;
  if (status == OC_OK) status = overlay_value(view, json_trim(value), since, parsed, &page, &found.overlaid, error);
  if (status == OC_OK) {
    swap(out, &page.bytes);
    *hit = found;
  }
  copies_free(&copies);
  page_free(&page);
  oc_buffer_free(&compiled);
  shapes_release(shapes);
  return status == OC_ERR_MEMORY ? error_set(error, status, "no memory for an overlay") : status;
}
