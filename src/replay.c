/*
 * replay.c: splicing changed members into a page.
 *
 * For each span of the operation's document, for each member that changed: find the member in the document's bytes,
 * decide by the rules below what it becomes, and put the new bytes between what lies before and after. Nothing else of
 * the page is looked at.
 *
 * The rules, of Payload's update semantics (not RFC 7396), and when they are exact. A member …
 *   - the document does not show: stays away. Exact only when it had it before (then it is deselected or hidden);
 *   - that is a group: its members are merged, by the same rules;
 *   - that is a relation: the same id changes nothing. Another one is never exact, as the entry does not depend on the
 *     document that it would now refer to; null is, where relations are not populated. The overlay never turns a
 *     populated document into a bare id;
 *   - that holds relations below it, or is only partly selected, or lies in a document shown through a relation (whose
 *     selection is not known here) and is an array or an object: replaced as a whole only where nothing can be lost;
 *   - else: is replaced.
 * A member of which where or sort make use may move the document: never exact.
 */
#include "replay.h"

#include <assert.h>
#include <string.h>

struct splice {
  struct page *page;
  enum replay_mode mode;
  uint32_t span; /* index of the document's */
  bool changed;
};

static struct span *span_at(const struct page *page, uint32_t index) {
  return (struct span *)(void *)page->spans.data + index;
}

static uint32_t span_count(const struct page *page) { return (uint32_t)(page->spans.len / sizeof(struct span)); }

static oc_slice_t span_bytes(const struct page *page, const struct span *span) {
  return (oc_slice_t){page->bytes.data + span->start, span->len};
}

/* What to do where exactness cannot be had. */
static oc_status inexact(const struct splice *splice) { return splice->mode == REPLAY_EXACT ? OC_MISS : OC_OK; }

/* Moves the spans after bytes [at, at + old) became `new` bytes long. Spans inside are gone with their bytes. */
static void shift_spans(struct page *page, size_t at, size_t old, size_t len) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < span_count(page); i++) {
    struct span span = *span_at(page, i);
    if (span.start >= at && span.start < at + old) continue;
    if (span.start >= at + old) span.start = (uint32_t)(span.start + len - old);
    else if (span.start + span.len > at) span.len = (uint32_t)(span.len + len - old);
    if (span.id_at >= at + old) span.id_at = (uint32_t)(span.id_at + len - old);
    *span_at(page, kept++) = span;
  }
  page->spans.len = kept * sizeof(struct span);
}

static oc_status replace(struct splice *splice, oc_slice_t old, oc_slice_t value) {
  oc_buffer_t *bytes = &splice->page->bytes;
  if (slice_equal(old, value)) return OC_OK;
  size_t at = (size_t)(old.data - bytes->data), tail = bytes->len - at - old.len;
  if (bytes->len - old.len + value.len > UINT32_MAX) return OC_ERR_MEMORY;
  oc_status status = buffer_reserve(bytes, bytes->len - old.len + value.len);
  if (status != OC_OK) return status;
  memmove(bytes->data + at + value.len, bytes->data + at + old.len, tail);
  memcpy(bytes->data + at, value.data, value.len);
  bytes->len = at + value.len + tail;
  shift_spans(splice->page, at, old.len, value.len);
  splice->changed = true;
  return OC_OK;
}

static bool shows_document_inside(const struct page *page, oc_slice_t value) {
  size_t at = (size_t)(value.data - page->bytes.data);
  for (uint32_t i = 0; i < span_count(page); i++) {
    const struct span *span = span_at(page, i);
    if (span->start >= at && span->start < at + value.len) return true;
  }
  return false;
}

static bool relations_are_populated(const struct splice *splice) {
  return !splice->page->query || span_at(splice->page, splice->span)->level < splice->page->query->depth;
}

static oc_status merge_relation(struct splice *splice, oc_slice_t old, oc_slice_t value) {
  oc_slice_t id;
  if (json_is_object(old)) {
    if (!json_is_container(value) && json_member(old, SLICE("id"), &id) && slice_equal(id, value)) return OC_OK;
    return json_is_null(value) && splice->mode == REPLAY_GUESS ? replace(splice, old, value) : inexact(splice);
  }
  if (slice_equal(old, value)) return OC_OK;
  if (relations_are_populated(splice) && splice->mode == REPLAY_EXACT) return OC_MISS;
  if (shows_document_inside(splice->page, old)) return inexact(splice);
  if (json_is_null(value)) return replace(splice, old, value);
  return splice->mode == REPLAY_EXACT || relations_are_populated(splice) ? inexact(splice)
                                                                         : replace(splice, old, value);
}

static oc_status merge_member(struct splice *splice, const struct shape_node *parent, oc_slice_t object, bool top,
                              oc_slice_t name, oc_slice_t value, uint32_t presence);

/* Merges the members of `value` into the group whose bytes are `old`. */
static oc_status merge_group(struct splice *splice, const struct shape_node *node, oc_slice_t old, oc_slice_t value) {
  oc_status status = OC_OK;
  size_t at = (size_t)(old.data - splice->page->bytes.data), len = old.len;
  struct json_walk walk = json_walk(value);
  oc_slice_t name, item;
  while (status == OC_OK && json_next_member(&walk, &name, &item)) {
    oc_slice_t object = {splice->page->bytes.data + at, len};
    size_t before = splice->page->bytes.len;
    status = merge_member(splice, node, object, false, name, item, PRESENCE_UNKNOWN);
    len = len + splice->page->bytes.len - before;
  }
  return status;
}

static bool may_be_partial(const struct splice *splice, bool top, oc_slice_t name) {
  if (span_at(splice->page, splice->span)->level > 0) return true;
  return top && splice->page->query && query_selects_partly(splice->page->query, name);
}

/* `object` holds the member, if anything does; `top`: it is the document itself. */
static oc_status merge_member(struct splice *splice, const struct shape_node *parent, oc_slice_t object, bool top,
                              oc_slice_t name, oc_slice_t value, uint32_t presence) {
  oc_slice_t old;
  if (!json_member(object, name, &old)) return presence == PRESENCE_BEFORE ? OC_OK : inexact(splice);
  if (slice_equal(old, value)) return OC_OK;
  const struct shape_node *node = shapes_member(splice->page->shapes, parent, name);
  if (node && node->localized) return inexact(splice);
  if (node && node->group && json_is_object(old) && json_is_object(value)) return merge_group(splice, node, old, value);
  if (node && node->relation && !json_is_array(old) && !json_is_array(value)) return merge_relation(splice, old, value);
  if (shapes_holds_relation(splice->page->shapes, node)) {
    if (splice->mode == REPLAY_EXACT || relations_are_populated(splice)) return inexact(splice);
  }
  if ((json_is_container(old) || json_is_container(value)) && may_be_partial(splice, top, name)) return inexact(splice);
  return replace(splice, old, value);
}

static bool is_span_of(const struct page *page, const struct span *span, const struct operation *operation) {
  /* The hash is under a known key: of texts chosen to collide, collection and id tell which is which. */
  return span->document == operation->document &&
         span->shape == shapes_find(page->shapes, operation_collection(operation)) &&
         json_decodes_to((oc_slice_t){page->bytes.data + span->id_at, span->id_len}, operation_id(operation));
}

static oc_status merge_into_span(struct splice *splice, const struct operation *operation) {
  const struct operation_member *members = operation_members(operation);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < operation->member_count && status == OC_OK; i++) {
    const struct span *span = span_at(splice->page, splice->span);
    const struct shape_node *root = shapes_root(splice->page->shapes, span->shape);
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    oc_slice_t value = operation_slice(operation, members[i].value_at, members[i].value_len);
    if (slice_equal(name, SLICE("id"))) continue;
    status = merge_member(splice, root, span_bytes(splice->page, span), true, name, value, members[i].presence);
  }
  return status;
}

/*
 * Whether the operation could have moved a document into, out of, or within the query's result. A single document has
 * a where too when its reader's access depends on what it holds.
 */
static bool may_move(const struct page *page, const struct operation *operation) {
  const struct query *query = page->query;
  if (!query) return false;
  if (!slice_equal(query_collection(query), operation_collection(operation))) return false;
  const struct operation_member *members = operation_members(operation);
  for (uint32_t i = 0; i < operation->member_count; i++)
    if (query_filters(query, operation_slice(operation, members[i].name_at, members[i].name_len))) return true;
  return false;
}

oc_status replay_apply(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed) {
  bool decided = operation->type == OPERATION_UPDATE && operation->has_data && operation->document;
  if (!decided) return mode == REPLAY_EXACT ? OC_MISS : OC_OK;
  if (mode == REPLAY_EXACT) {
    if (shapes_opaque(page->shapes, shapes_find(page->shapes, operation_collection(operation)))) return OC_MISS;
    if (may_move(page, operation)) return OC_MISS;
  }
  struct splice splice = {.page = page, .mode = mode};
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < span_count(page) && status == OC_OK; i++) {
    if (!is_span_of(page, span_at(page, i), operation)) continue;
    splice.span = i;
    status = merge_into_span(&splice, operation);
  }
  if (status == OC_OK && splice.changed) *changed = true;
  return status;
}

void page_free(struct page *page) {
  oc_buffer_free(&page->bytes);
  oc_buffer_free(&page->spans);
}
