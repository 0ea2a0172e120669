/*
 * page.c: splicing.
 *
 *   {"docs":[{"id":7,…},{"id":8,…}],"hasNextPage":false,"limit":10, … ,"totalDocs":2,"totalPages":1}
 *            └── span ┘ └── span ┘ └── the tail ─────────────────────────────────────────────────┘
 *
 * A change moves the bytes behind it and the places of the spans there, and looks at nothing else. The members around
 * `docs` are few; they are found from the end of the last document on, so that a long page is not walked for them.
 */
#include "page.h"

#include <string.h>

void page_free(struct page *page) {
  oc_buffer_free(&page->bytes);
  oc_buffer_free(&page->spans);
  oc_buffer_free(&page->tops);
  oc_buffer_free(&page->earlier);
}

static void shift_spans(struct page *page, size_t at, size_t old, size_t len) {
  uint32_t kept = 0, count = page_span_count(page);
  for (uint32_t i = 0; i < count; i++) {
    struct span span = *page_span(page, i);
    if (span.start >= at && span.start < at + old) continue;
    if (span.start >= at + old) span.start = (uint32_t)(span.start + len - old);
    else if (span.start + span.len > at) span.len = (uint32_t)(span.len + len - old);
    if (span.id_at >= at + old) span.id_at = (uint32_t)(span.id_at + len - old);
    *page_span(page, kept++) = span;
  }
  page->spans.len = kept * sizeof(struct span);
}

oc_status page_replace(struct page *page, size_t at, size_t old, oc_slice_t value) {
  oc_buffer_t *bytes = &page->bytes;
  size_t tail = bytes->len - at - old;
  if (bytes->len - old + value.len > UINT32_MAX) return OC_ERR_MEMORY;
  oc_status status = buffer_reserve(bytes, bytes->len - old + value.len);
  if (status != OC_OK) return status;
  memmove(bytes->data + at + value.len, bytes->data + at + old, tail);
  if (value.len > 0) memcpy(bytes->data + at, value.data, value.len);
  bytes->len = at + value.len + tail;
  shift_spans(page, at, old, value.len);
  return OC_OK;
}

oc_status page_add_spans(struct page *page, size_t at, const struct span *spans, uint32_t count, uint32_t level) {
  uint32_t before = 0, total = page_span_count(page);
  if (count == 0) return OC_OK;
  oc_status status = buffer_reserve(&page->spans, page->spans.len + count * sizeof *spans);
  if (status != OC_OK) return status;
  while (before < total && page_span(page, before)->start < at) before++;
  struct span *place = page_span(page, before);
  memmove(place + count, place, (total - before) * sizeof *place);
  for (uint32_t i = 0; i < count; i++) {
    place[i] = spans[i];
    place[i].start += (uint32_t)at;
    place[i].id_at += (uint32_t)at;
    place[i].level = (uint16_t)(place[i].level + level);
  }
  page->spans.len += count * sizeof *spans;
  return OC_OK;
}

oc_status page_find_spans(struct page *page, uint32_t index) {
  struct span span = *page_span(page, index);
  struct documents documents;
  oc_status status =
      documents_find_in(page_slice(page, &span), page->query, page->shapes, span.shape, span.level, &documents);
  uint32_t end = index;
  while (end < page_span_count(page) && page_span(page, end)->start < span.start + span.len) end++;
  if (status == OC_OK) {
    struct span *spans = page_span(page, 0);
    memmove(spans + index, spans + end, (page_span_count(page) - end) * sizeof *spans);
    page->spans.len -= (end - index) * sizeof *spans;
    status = page_add_spans(page, span.start, (const struct span *)(void *)documents.spans.data,
                            documents_span_count(&documents), 0);
  }
  documents_free(&documents);
  return status;
}

oc_status page_tops(struct page *page, const uint32_t **tops, uint32_t *count) {
  uint32_t total = page_span_count(page), found = 0;
  oc_status status = buffer_reserve(&page->tops, (total + 1) * sizeof(uint32_t));
  if (status != OC_OK) return status;
  uint32_t *list = (uint32_t *)(void *)page->tops.data;
  for (uint32_t i = 0; i < total; i++)
    if (page_span(page, i)->level == 0) list[found++] = i;
  *tops = list;
  *count = found;
  return OC_OK;
}

void page_put_place(const struct page *page, const struct span *span, uint32_t index, oc_buffer_t *out, size_t *need) {
  buffer_put_digits(out, need, index);
  buffer_put(out, need, SLICE(","));
  buffer_put(out, need, page_id_text(page, span));
  buffer_put(out, need, SLICE(","));
}

const struct operation *page_earlier(const struct page *page, const struct operation *operation,
                                     const struct operation *after) {
  const struct operation *const *list = (const struct operation *const *)(const void *)page->earlier.data;
  bool passed = after == NULL;
  for (size_t i = page->earlier.len / sizeof *list; i > 0; i--) {
    if (passed && operation_same_document(list[i - 1], operation)) return list[i - 1];
    passed |= list[i - 1] == after;
  }
  return NULL;
}

/* ---- The documents of a find ---- */

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

oc_status page_take_element(struct page *page, size_t at, size_t len) {
  const char *data = page->bytes.data;
  size_t from = at, to = from + len, after = to, before = from;
  while (is_space(data[after])) after++; /* the array is closed somewhere behind */
  while (is_space(data[before - 1])) before--;
  if (data[after] == ',') to = after + 1; /* with the comma behind it, or else with the one before it */
  else if (data[before - 1] == ',') from = before - 1;
  while (to > after && is_space(data[to])) to++;
  return page_replace(page, from, to - from, (oc_slice_t){NULL, 0});
}

oc_status page_take_out(struct page *page, uint32_t index) {
  const struct span *span = page_span(page, index);
  return page_take_element(page, span->start, span->len);
}

static const struct span *last_top(const struct page *page) {
  for (uint32_t i = page_span_count(page); i > 0; i--)
    if (page_span(page, i - 1)->level == 0) return page_span(page, i - 1);
  return NULL;
}

static oc_status insert(struct page *page, size_t at, oc_slice_t document, const struct span *spans, uint32_t count,
                        const char *before, const char *after) {
  size_t skip = strlen(before);
  oc_status status = page_replace(page, at, 0, (oc_slice_t){before, skip});
  if (status == OC_OK) status = page_replace(page, at + skip, 0, document);
  if (status == OC_OK) status = page_replace(page, at + skip + document.len, 0, (oc_slice_t){after, strlen(after)});
  return status == OC_OK ? page_add_spans(page, at + skip, spans, count, 0) : status;
}

oc_status page_put_in(struct page *page, uint32_t index, oc_slice_t document, const struct span *spans,
                      uint32_t count) {
  if (index != UINT32_MAX) return insert(page, page_span(page, index)->start, document, spans, count, "", ",");
  const struct span *last = last_top(page);
  if (last) return insert(page, last->start + last->len, document, spans, count, ",", "");
  oc_slice_t docs;
  if (!json_member((oc_slice_t){page->bytes.data, page->bytes.len}, SLICE("docs"), &docs) || !json_is_array(docs))
    return OC_MISS;
  return insert(page, page_offset(page, docs) + 1, document, spans, count, "", "");
}

/* From the end of `docs` to the end of the answer; everything when no document is in it. */
static struct json_walk walk_tail(const struct page *page) {
  const struct span *last = last_top(page);
  struct json_walk walk = json_walk((oc_slice_t){page->bytes.data, page->bytes.len});
  if (!last) return walk;
  const char *at = page->bytes.data + last->start + last->len;
  while (at < walk.end && is_space(*at)) at++;
  if (at < walk.end && *at == ']') walk.at = at + 1;
  return walk;
}

/* The members before `docs`, which Payload writes first. */
static struct json_walk walk_head(const struct page *page) {
  struct json_walk walk = json_walk((oc_slice_t){page->bytes.data, page->bytes.len});
  const struct span *first = page_span_count(page) > 0 ? page_span(page, 0) : NULL;
  if (first) walk.end = page->bytes.data + first->start;
  return walk;
}

static bool find_member(struct json_walk walk, oc_slice_t wanted, oc_slice_t *value) {
  oc_slice_t name, member;
  while (json_next_member(&walk, &name, &member)) {
    if (!slice_equal(name, wanted)) continue;
    *value = member;
    return true;
  }
  return false;
}

bool page_member(const struct page *page, oc_slice_t name, oc_slice_t *value) {
  return find_member(walk_tail(page), name, value) ||
         (page_span_count(page) > 0 && find_member(walk_head(page), name, value));
}

oc_status page_set_member(struct page *page, oc_slice_t name, oc_slice_t value) {
  oc_slice_t old;
  if (!page_member(page, name, &old) || slice_equal(old, value)) return OC_OK;
  return page_replace(page, page_offset(page, old), old.len, value);
}
