/*
 * excerpt.c: changing documents apart from their page.
 *
 *   value    {"docs":[{"id":7,…},{"id":8,…},{"id":9,…}],"hasNextPage":false, … }
 *                                └─ place ─┘
 *   excerpt  {"id":8,…}                      what is replayed on it touches nothing else
 *
 * Where the operations only change members of documents where they are (subject.h), the cost is that of the changed
 * documents: of the page only the spans are looked at, and its bytes are copied once, when somebody wants them.
 */
#include "excerpt.h"

#include <string.h>

enum {
  USUAL_BYTES = 4096,
  USUAL_SPANS = 32 * sizeof(struct span),
  USUAL_PLACES = 8 * sizeof(struct excerpt_place),
  USUAL_QUERY = 1024
};

void excerpt_free(struct excerpt *excerpt) {
  page_free(&excerpt->page);
  oc_buffer_free(&excerpt->value);
  oc_buffer_free(&excerpt->query);
  oc_buffer_free(&excerpt->places);
}

/* ---- Taking ---- */

static bool is_subject(const struct subjects *subjects, const struct page *whole, const struct span *span) {
  if (!subjects_may_have(subjects, span)) return false;
  for (uint32_t i = 0; i < subjects->count; i++)
    if (page_shows(whole, span, subjects->list[i].named)) return true;
  return false;
}

static struct excerpt_place *place_at(const struct excerpt *excerpt, uint32_t index) {
  return (struct excerpt_place *)(void *)excerpt->places.data + index;
}

/* The number of spans in the document that begins with the span. */
static uint32_t count_spans(const struct page *whole, uint32_t first) {
  const struct span *top = page_span(whole, first);
  uint32_t end = first;
  while (end < page_span_count(whole) && page_span(whole, end)->start < top->start + top->len) end++;
  return end - first;
}

/* The next one to be noted; without room for it, `spare`. */
static struct excerpt_place *add_place(struct excerpt *excerpt, struct excerpt_place *spare) {
  excerpt->need_places += sizeof *spare;
  if (excerpt->need_places > excerpt->places.cap) return spare;
  excerpt->places.len += sizeof *spare;
  return place_at(excerpt, excerpt_count(excerpt) - 1);
}

/* Notes where they are. Until they are copied, `span` is that of the value. */
static void find_places(struct excerpt *excerpt, const struct subjects *subjects, const struct page *whole) {
  struct excerpt_place place = {0}, spare, *last = NULL;
  uint32_t tops = 0;
  for (uint32_t i = 0; i < page_span_count(whole); i++) {
    const struct span *span = page_span(whole, i);
    if (span->level == 0) {
      place = (struct excerpt_place){.at = span->start, .len = span->len, .index = tops++, .span = i};
      last = NULL;
    }
    if (!is_subject(subjects, whole, span)) continue;
    if (!last) {
      last = add_place(excerpt, &spare);
      *last = place;
      excerpt->need_bytes += place.len;
      excerpt->need_spans += count_spans(whole, place.span) * sizeof *span;
    }
    last->within |= span->level > 0;
  }
}

static void copy_place(struct excerpt *excerpt, struct excerpt_place *place, const struct page *whole) {
  oc_buffer_t *bytes = &excerpt->page.bytes, *spans = &excerpt->page.spans;
  uint32_t first = place->span, count = count_spans(whole, first), at = (uint32_t)bytes->len;
  memcpy(bytes->data + at, whole->bytes.data + place->at, place->len);
  bytes->len += place->len;
  place->span = page_span_count(&excerpt->page);
  for (uint32_t i = 0; i < count; i++) {
    struct span span = *page_span(whole, first + i);
    span.start = span.start - place->at + at;
    span.id_at = span.id_at - place->at + at;
    memcpy(spans->data + spans->len, &span, sizeof span);
    spans->len += sizeof span;
  }
}

static bool has_room(const struct excerpt *excerpt) {
  return excerpt->need_places <= excerpt->places.cap && excerpt->need_query <= excerpt->query.cap &&
         excerpt->need_bytes <= excerpt->page.bytes.cap && excerpt->need_spans <= excerpt->page.spans.cap;
}

oc_status excerpt_take(struct excerpt *excerpt, const struct page *whole, const struct subjects *subjects) {
  excerpt->page.bytes.len = excerpt->page.spans.len = excerpt->places.len = 0;
  excerpt->need_bytes = excerpt->need_spans = excerpt->need_places = 0;
  excerpt->need_query = whole->query->size;
  find_places(excerpt, subjects, whole);
  if (!has_room(excerpt)) return OC_REFUSED;
  for (uint32_t i = 0; i < excerpt_count(excerpt); i++) copy_place(excerpt, place_at(excerpt, i), whole);
  memcpy(excerpt->query.data, whole->query, whole->query->size);
  excerpt->page.query = (const struct query *)(void *)excerpt->query.data;
  return OC_OK;
}

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

oc_status excerpt_grow(struct excerpt *excerpt) {
  oc_status status = buffer_reserve(&excerpt->page.bytes, most(excerpt->need_bytes, USUAL_BYTES));
  if (status == OC_OK) status = buffer_reserve(&excerpt->page.spans, most(excerpt->need_spans, USUAL_SPANS));
  if (status == OC_OK) status = buffer_reserve(&excerpt->places, most(excerpt->need_places, USUAL_PLACES));
  return status == OC_OK ? buffer_reserve(&excerpt->query, most(excerpt->need_query, USUAL_QUERY)) : status;
}

/* ---- What it has become ---- */

static oc_slice_t document_of(const struct excerpt *excerpt, const struct excerpt_place *place) {
  return page_slice(&excerpt->page, page_span(&excerpt->page, place->span));
}

oc_status excerpt_assemble(const struct excerpt *excerpt, oc_buffer_t *out) {
  const char *value = excerpt->value.data;
  size_t at = 0;
  oc_status status = buffer_reserve(out, out->len + excerpt->value.len + excerpt->page.bytes.len);
  for (uint32_t i = 0; i < excerpt_count(excerpt) && status == OC_OK; i++) {
    const struct excerpt_place *place = place_at(excerpt, i);
    oc_slice_t document = document_of(excerpt, place);
    status = buffer_append(out, value + at, place->at - at);
    if (status == OC_OK) status = buffer_append(out, document.data, document.len);
    at = place->at + place->len;
  }
  return status == OC_OK ? buffer_append(out, value + at, excerpt->value.len - at) : status;
}

/* Whose values follow. */
static oc_status print_place(const struct excerpt *excerpt, const struct excerpt_place *place, oc_buffer_t *out) {
  oc_slice_t id = page_id_text(&excerpt->page, page_span(&excerpt->page, place->span));
  oc_status status = buffer_append(out, ",", out->data[out->len - 1] != '[');
  if (status == OC_OK) status = buffer_digits(out, place->index);
  if (status == OC_OK) status = buffer_append(out, ",", 1);
  if (status == OC_OK) status = buffer_append(out, id.data, id.len);
  return status == OC_OK ? buffer_append(out, ",", 1) : status;
}

static oc_status print_members(const struct excerpt *excerpt, const struct excerpt_place *place,
                               const struct operation *operation, oc_buffer_t *out) {
  const struct operation_member *members = operation_members(operation);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < operation->member_count && status == OC_OK; i++) {
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len), value;
    if (slice_equal(name, SLICE("id")) || !json_member(document_of(excerpt, place), name, &value)) continue;
    status = print_place(excerpt, place, out);
    if (status == OC_OK) status = buffer_append(out, "\"", 1);
    if (status == OC_OK) status = buffer_append(out, name.data, name.len);
    if (status == OC_OK) status = buffer_append(out, "\",", 2);
    if (status == OC_OK) status = buffer_append(out, value.data, value.len);
  }
  return status;
}

static oc_status print_changed(const struct excerpt *excerpt, const struct excerpt_place *place,
                               const oc_slice_t *operations, size_t count, oc_buffer_t *out) {
  const struct span *span = page_span(&excerpt->page, place->span);
  oc_status status = OC_OK;
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = NULL;
    while (status == OC_OK && (operation = operation_next(operations[i].data, operations[i].len, operation)))
      if (page_shows(&excerpt->page, span, operation_named(operation, excerpt->page.shapes)))
        status = print_members(excerpt, place, operation, out);
  }
  return status;
}

static oc_status print_whole(const struct excerpt *excerpt, const struct excerpt_place *place, oc_buffer_t *out) {
  oc_slice_t document = document_of(excerpt, place);
  oc_status status = print_place(excerpt, place, out);
  return status == OC_OK ? buffer_append(out, document.data, document.len) : status;
}

static oc_status print_places(const struct excerpt *excerpt, const oc_slice_t *operations, size_t count, bool within,
                              oc_buffer_t *out) {
  oc_status status = buffer_append(out, "[", 1);
  for (uint32_t i = 0; i < excerpt_count(excerpt) && status == OC_OK; i++) {
    const struct excerpt_place *place = place_at(excerpt, i);
    if (place->within != within) continue;
    status = within ? print_whole(excerpt, place, out) : print_changed(excerpt, place, operations, count, out);
  }
  return status == OC_OK ? buffer_append(out, "]", 1) : status;
}

oc_status excerpt_print(const struct excerpt *excerpt, const oc_slice_t *operations, size_t count, oc_buffer_t *out) {
  oc_status status = buffer_append(out, "[", 1);
  if (status == OC_OK) status = print_places(excerpt, operations, count, false, out);
  if (status == OC_OK) status = buffer_append(out, ",", 1);
  if (status == OC_OK) status = print_places(excerpt, operations, count, true, out);
  return status == OC_OK ? buffer_append(out, "]", 1) : status;
}
