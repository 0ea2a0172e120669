/*
 * copy.c: what else is known of a document.
 *
 * How an answer shows a document depends on its query, and, for one in a relation, on how many levels are still to be
 * populated below it. Two hashes in the query say when two answers show the same document in the same bytes.
 */
#include "copy.h"

#include <string.h>

static void free_copy(struct copy *copy) {
  page_free(&copy->page);
  oc_buffer_free(&copy->query);
}

void copies_free(struct copies *copies) {
  for (uint32_t i = 0; i < copies_count(copies); i++) free_copy(copies_at(copies, i));
  oc_buffer_free(&copies->list);
}

oc_status copies_add(struct copies *copies, const char *document, const struct span *spans, uint32_t span_count,
                     const struct query *query, const struct shapes *shapes) {
  struct copy copy = {.page = {.shapes = shapes, .fragment = true}};
  uint32_t start = spans[0].start;
  oc_status status = buffer_append(&copy.page.bytes, document, spans[0].len);
  for (uint32_t i = 0; i < span_count && status == OC_OK && spans[i].start < start + spans[0].len; i++) {
    struct span span = spans[i];
    span.start -= start;
    span.id_at -= start;
    status = buffer_append(&copy.page.spans, &span, sizeof span);
  }
  if (status == OC_OK) status = buffer_append(&copy.query, query, query->size);
  copy.page.query = (const struct query *)(const void *)copy.query.data;
  if (status == OC_OK) status = buffer_append(&copies->list, &copy, sizeof copy);
  if (status != OC_OK) free_copy(&copy);
  return status;
}

oc_status copies_keep(struct page *page, size_t start, size_t len) {
  uint32_t count = page_span_count(page);
  oc_status status = OC_OK;
  if (!page->copies || !page->query || page->fragment) return OC_OK;
  for (uint32_t i = 0; i < count && status == OC_OK; i++) {
    const struct span *span = page_span(page, i);
    if (span->start < start || span->start >= start + len) continue;
    status = copies_add(page->copies, page->bytes.data + span->start, span, count - i, page->query, page->shapes);
  }
  return status;
}

void copies_drop_last(struct copies *copies) {
  free_copy(copies_at(copies, copies_count(copies) - 1));
  copies->list.len -= sizeof(struct copy);
}

static bool is_of(const struct copy *copy, struct named named) {
  return page_span_count(&copy->page) > 0 && page_shows(&copy->page, page_span(&copy->page, 0), named);
}

struct copy *copies_next(const struct copies *copies, struct named named, const struct copy *after) {
  uint32_t first = after ? (uint32_t)(after - copies_at(copies, 0)) + 1 : 0;
  for (uint32_t i = first; i < copies_count(copies); i++)
    if (is_of(copies_at(copies, i), named)) return copies_at(copies, i);
  return NULL;
}

struct copy *copies_of_top(const struct copies *copies, struct named named, const struct query *query) {
  struct copy *copy = NULL;
  while ((copy = copies_next(copies, named, copy)))
    if (page_span(&copy->page, 0)->level == 0 && copy->page.query->rendering == query->rendering) return copy;
  return NULL;
}

bool copy_has_joins(const struct copy *copy) {
  const struct page *page = &copy->page;
  uint32_t count = 0;
  for (uint32_t i = 0; i < page_span_count(page) && count == 0; i++)
    (void)shapes_joins(page->shapes, page_span(page, i)->shape, &count);
  return count > 0;
}

struct copy *copies_of_related(const struct copies *copies, struct named named, const struct query *query,
                               uint32_t level) {
  struct copy *copy = NULL;
  while ((copy = copies_next(copies, named, copy))) {
    const struct query *other = copy->page.query;
    uint32_t at = page_span(&copy->page, 0)->level;
    bool alike = at > 0 && other->populating == query->populating;
    if (!alike || (int64_t)other->depth - at != (int64_t)query->depth - level) continue;
    /* How deep a join populates is counted from the answer's own documents. */
    if (other->depth == query->depth || !copy_has_joins(copy)) return copy;
  }
  return NULL;
}
