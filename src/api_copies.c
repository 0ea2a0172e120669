/*
 * api_copies.c: finding documents in other entries, for pages that they come into.
 *
 *   unlocked  which documents may come in: those that the operations are about and the page does not show, and those
 *             that relations will name
 *   locked    for each, the entries that show it: the newest few, of the same access rights, that can be brought to the
 *             page's version; the document's bytes are copied, and the operations that the entry has missed
 *   unlocked  those are replayed, so that all copies are of one version
 *
 * What is copied under the lock is bounded, in number and in bytes: a document for which no room is left is not known,
 * and costs a load.
 */
#include <string.h>

#include "cache.h"
#include "join.h"

enum {
  WANTED_MOST = 32,
  COPIES_MOST = 64,
  ENTRIES_MOST = 8, /* looked at for one document */
  BYTES_MOST = 1 << 20,
  TAG_MOST = 1024
};

/* ---- Which? ---- */

struct wanted {
  oc_buffer_t tags; /* texts, one behind the other */
  struct {
    uint32_t at, len;
    struct named named;
    bool relation;
  } list[WANTED_MOST];
  uint32_t count;
};

static oc_status want(struct wanted *wanted, oc_slice_t collection, oc_slice_t id, int32_t shape, bool relation) {
  char tag[TAG_MOST];
  if (wanted->count == WANTED_MOST || collection.len + 1 + id.len > TAG_MOST || memchr(id.data, '\\', id.len))
    return OC_OK;
  memcpy(tag, collection.data, collection.len);
  tag[collection.len] = ':';
  memcpy(tag + collection.len + 1, id.data, id.len);
  oc_slice_t text = {tag, collection.len + 1 + id.len};
  uint64_t hash = hash_document(text);
  for (uint32_t i = 0; i < wanted->count; i++)
    if (wanted->list[i].named.document == hash && wanted->list[i].relation == relation) return OC_OK;
  uint32_t at = (uint32_t)wanted->tags.len, index = wanted->count++;
  wanted->list[index].at = at;
  wanted->list[index].len = (uint32_t)text.len;
  wanted->list[index].named = (struct named){hash, shape, {NULL, id.len}};
  wanted->list[index].relation = relation;
  return buffer_append(&wanted->tags, tag, text.len);
}

static oc_slice_t wanted_tag(const struct wanted *wanted, uint32_t index) {
  return (oc_slice_t){wanted->tags.data + wanted->list[index].at, wanted->list[index].len};
}

static struct named wanted_name(const struct wanted *wanted, uint32_t index) {
  oc_slice_t tag = wanted_tag(wanted, index);
  struct named named = wanted->list[index].named;
  named.id.data = tag.data + tag.len - named.id.len;
  return named;
}

/* The documents that a value's relations name. */
static oc_status want_related(struct wanted *wanted, const struct page *page, const struct shape_node *node,
                              oc_slice_t value) {
  const struct shapes *shapes = page->shapes;
  oc_status status = OC_OK;
  oc_slice_t name, item, collection;
  struct json_walk walk = json_walk(value);
  if (!shapes_holds_relation(shapes, node)) return OC_OK;
  if (json_is_array(value)) {
    while (status == OC_OK && json_next_element(&walk, &item)) status = want_related(wanted, page, node, item);
    return status;
  }
  if (!node->relation) {
    while (status == OC_OK && json_is_object(value) && json_next_member(&walk, &name, &item))
      status = want_related(wanted, page, shapes_member(shapes, node, name), item);
    return status;
  }
  if (node->polymorphic) {
    if (!json_member(value, SLICE("relationTo"), &collection) || !json_member(value, SLICE("value"), &value))
      return OC_OK;
    collection = json_scalar_text(collection);
  } else {
    collection = shapes_at(shapes, node->target)->collection;
  }
  if (json_is_container(value) || json_is_null(value)) return OC_OK;
  return want(wanted, collection, json_scalar_text(value), shapes_find(shapes, collection), true);
}

static bool shows_as_top(const struct page *page, struct named named) {
  for (uint32_t i = 0; i < page_span_count(page); i++)
    if (page_span(page, i)->level == 0 && page_shows(page, page_span(page, i), named)) return true;
  return false;
}

static bool shows(const struct page *page, struct named named) {
  for (uint32_t i = 0; i < page_span_count(page); i++)
    if (page_shows(page, page_span(page, i), named)) return true;
  return false;
}

/* Whether where or sort look at members that the page does not show. */
static bool hides_filters(const struct query *query) {
  for (uint32_t i = 0; i < query->filter_count; i++)
    if (!query_selects(query, query_filter(query, i))) return true;
  return false;
}

static oc_status want_for(struct wanted *wanted, const struct page *page, const struct operation *operation) {
  const struct query *query = page->query;
  struct named named = operation_named(operation, page->shapes);
  oc_slice_t collection = operation_collection(operation);
  bool changes = operation->type == OPERATION_UPDATE || operation->type == OPERATION_CREATE;
  bool lists = query->type == QUERY_FIND || query->type == QUERY_COUNT;
  bool listed = lists && slice_equal(collection, query_collection(query));
  bool joined = joins_show(page, named.shape), enters = joined || (listed && !shows_as_top(page, named));
  bool judged = enters || (listed && hides_filters(query));
  if (!operation->document || !(enters || shows(page, named))) return OC_OK;
  oc_status status = OC_OK;
  if (judged && operation->type != OPERATION_CREATE) status = want(wanted, collection, named.id, named.shape, false);
  const struct shape_node *root = shapes_root(page->shapes, named.shape);
  if (!changes || query->depth == 0 || query->type == QUERY_COUNT) return status;
  if (status == OC_OK) status = want_related(wanted, page, root, operation_data(operation));
  if (status == OC_OK && enters) status = want_related(wanted, page, root, operation_doc(operation));
  return status;
}

static oc_status want_all(struct wanted *wanted, const struct page *page, const oc_slice_t *operations, size_t count) {
  oc_status status = OC_OK;
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = NULL;
    while (status == OC_OK && (operation = operation_next(operations[i].data, operations[i].len, operation)))
      status = want_for(wanted, page, operation);
  }
  return status;
}

/* ---- From where? ---- */

/* What is copied for one copy, in a row: this, the document, its spans, the query, the operations missed. */
struct parcel {
  uint32_t size, document_len, span_count, query_size, operations_size;
  uint32_t reserved;
};

struct collector {
  oc_cache_t *cache;
  const struct page *page;
  oc_slice_t key;
  uint64_t target, now;
  struct wanted wanted;
  oc_buffer_t parcels;
  size_t need; /* bytes of all parcels */
  uint32_t count;
};

static size_t aligned(size_t size) { return (size + 7) & ~(size_t)7; }

/* The next of the entry's spans that is one of the wanted document; NULL at the end. */
static const struct span *next_span(const struct arena *arena, const struct entry *entry, struct named named,
                                    bool relation, const struct span *after) {
  const struct span *spans = entry_spans(arena, entry), *end = spans + entry->span_count;
  oc_slice_t value = entry_value(arena, entry);
  struct page page = {.bytes = {.data = (char *)(uintptr_t)value.data, .len = value.len}};
  for (const struct span *span = after ? after + 1 : spans; span < end; span++)
    if ((!relation || span->level > 0) && page_shows(&page, span, named)) return span;
  return NULL;
}

/* Everything is copied when there is room; else it is only counted. */
static void pack(struct collector *collector, const struct entry *entry, const struct span *span,
                 const struct missed *missed) {
  struct arena *arena = &collector->cache->arena;
  const struct span *end = entry_spans(arena, entry) + entry->span_count, *last = span;
  while (last < end && last->start < span->start + span->len) last++;
  struct parcel parcel = {.document_len = span->len, .span_count = (uint32_t)(last - span)};
  parcel.query_size = entry_query_size(arena, entry);
  parcel.operations_size = (uint32_t)missed_operations_locked(collector->cache, missed, NULL, 0);
  size_t spans_size = parcel.span_count * sizeof *span, document_size = aligned(span->len);
  size_t size =
      sizeof parcel + document_size + spans_size + aligned(parcel.query_size) + aligned(parcel.operations_size);
  if (collector->need + size > BYTES_MOST || collector->count == COPIES_MOST) return;
  parcel.size = (uint32_t)size;
  collector->count++;
  collector->need += size;
  if (collector->need > collector->parcels.cap) return;
  char *at = collector->parcels.data + collector->need - size;
  memcpy(at, &parcel, sizeof parcel);
  memcpy(at += sizeof parcel, entry_value(arena, entry).data + span->start, span->len);
  memcpy(at += document_size, span, spans_size);
  memcpy(at += spans_size, entry_query(arena, entry), parcel.query_size);
  at += aligned(parcel.query_size);
  (void)missed_operations_locked(collector->cache, missed, at, parcel.operations_size);
}

static bool is_of_use(struct collector *collector, const struct entry *entry, struct missed *missed) {
  struct arena *arena = &collector->cache->arena;
  const struct query *query = entry_query(arena, entry);
  bool expired = entry->expires_at && entry->expires_at <= collector->now;
  if (entry->content != OC_JSON || !query || expired || query->scope != collector->page->query->scope) return false;
  if (slice_equal(slot_key(arena, &entry->slot), collector->key)) return false;
  if (entry->mixed) return false; /* it goes when it turns out to show what never became true; a copy of it would not */
  enum verdict verdict = missed_locked(collector->cache, entry, collector->target, missed);
  return verdict == CURRENT || verdict == BEHIND;
}

static void collect_one_locked(struct collector *collector, uint32_t index) {
  struct arena *arena = &collector->cache->arena;
  uint32_t tag = tag_find_locked(arena, wanted_tag(&collector->wanted, index));
  struct tag_place place = {0};
  struct missed missed;
  if (!tag) return;
  for (uint32_t looked = 0; looked < ENTRIES_MOST && reference_next_locked(arena, tag, &place); looked++) {
    const struct entry *entry = entry_at(arena, place.entry);
    if (!is_of_use(collector, entry, &missed)) continue;
    struct named named = wanted_name(&collector->wanted, index);
    bool relation = collector->wanted.list[index].relation;
    const struct span *span = NULL;
    uint32_t levels = 0; /* a bit for each: how a document is shown depends on it */
    while ((span = next_span(arena, entry, named, relation, span))) {
      uint32_t level = (uint32_t)1 << (span->level & 31);
      if (!(levels & level)) pack(collector, entry, span, &missed);
      levels |= level;
    }
  }
}

static oc_status collect(struct collector *collector) {
  for (int tries = 0; tries < GROW_TRIES; tries++) {
    collector->need = collector->count = 0;
    arena_lock(&collector->cache->arena);
    /* Other shapes take the spans for those of other collections. */
    if (cache_shapes_stand_locked(collector->cache, collector->page->shapes))
      for (uint32_t i = 0; i < collector->wanted.count; i++) collect_one_locked(collector, i);
    arena_unlock(&collector->cache->arena);
    if (collector->need <= collector->parcels.cap) break;
    oc_status status = buffer_reserve(&collector->parcels, collector->need);
    if (status != OC_OK) return status;
    collector->need = 0; /* nothing, when this was the last try */
  }
  collector->parcels.len = collector->need;
  return OC_OK;
}

/* ---- Up to date ---- */

static oc_status unpack(struct collector *collector, const char *at, const struct parcel *parcel) {
  struct copies *copies = collector->page->copies;
  const char *document = at + sizeof *parcel, *spans_at = document + aligned(parcel->document_len);
  const struct span *spans = (const struct span *)(const void *)spans_at;
  const char *query_at = spans_at + parcel->span_count * sizeof *spans;
  const char *operations = query_at + aligned(parcel->query_size);
  oc_status status = copies_add(copies, document, spans, parcel->span_count,
                                (const struct query *)(const void *)query_at, collector->page->shapes);
  if (status != OC_OK) return status;
  struct page *page = &copies_at(copies, copies_count(copies) - 1)->page;
  const struct operation *operation = NULL;
  bool ignored;
  while (status == OC_OK && (operation = operation_next(operations, parcel->operations_size, operation)))
    status = replay_apply(page, operation, REPLAY_EXACT, &ignored);
  if (status == OC_MISS) copies_drop_last(copies);
  return status == OC_MISS ? OC_OK : status;
}

oc_status copies_collect(oc_cache_t *cache, struct page *page, oc_slice_t key, uint64_t target, uint64_t now,
                         const oc_slice_t *operations, size_t count) {
  struct collector collector = {.cache = cache, .page = page, .key = key, .target = target, .now = now};
  if (!page->query) return OC_OK;
  oc_status status = want_all(&collector.wanted, page, operations, count);
  if (status == OC_OK && collector.wanted.count > 0) status = collect(&collector);
  for (size_t at = 0; status == OC_OK && at < collector.parcels.len;) {
    struct parcel parcel;
    memcpy(&parcel, collector.parcels.data + at, sizeof parcel);
    status = unpack(&collector, collector.parcels.data + at, &parcel);
    at += parcel.size;
  }
  oc_buffer_free(&collector.wanted.tags);
  oc_buffer_free(&collector.parcels);
  return status;
}
