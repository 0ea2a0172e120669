/*
 * layout.c: one state of a list after the other.
 *
 *   known    {"docs":[{"id":7,"status":"paid"},{"id":8,…},{"id":9,…}],"totalDocs":3, … }
 *   now      {"docs":[{"id":7,"status":"sent"},{"id":8,…},{"id":9,…}],"totalDocs":3, … }
 *   changes  [[],[0,7,{"id":7,"status":"sent"}]]
 *
 * States have the same layout as long as they show the same documents in the same places, with the same around them.
 * The span of each document says with which of these states it became another. A reader that parsed any of them needs
 * only what became another since, so a commit costs it what changed, not the page.
 *
 * What changed is found by comparing bytes when a state takes the place of the one before. So it does not matter what
 * was replayed, and nothing that a replay may do can be forgotten here.
 */
#include "layout.h"

static uint32_t next_top(const struct state *state, uint32_t from) {
  while (from < state->span_count && state->spans[from].level > 0) from++;
  return from;
}

/* The bytes from where the last document ended to where the next begins. */
static oc_slice_t between(const struct state *state, size_t end, size_t start) {
  return (oc_slice_t){state->value.data + end, start - end};
}

static oc_slice_t document_at(const struct state *state, const struct span *span) {
  return (oc_slice_t){state->value.data + span->start, span->len};
}

/* False when more than documents changed; then not all marks are set. */
static bool mark_documents(const struct state *before, struct state *after, uint16_t mark) {
  size_t old_end = 0, new_end = 0;
  uint32_t i = next_top(before, 0), j = next_top(after, 0);
  for (; i < before->span_count && j < after->span_count; i = next_top(before, i + 1), j = next_top(after, j + 1)) {
    const struct span *old = before->spans + i;
    struct span *new = after->spans + j;
    if (old->document != new->document) return false;
    if (!slice_equal(between(before, old_end, old->start), between(after, new_end, new->start))) return false;
    new->changed = slice_equal(document_at(before, old), document_at(after, new)) ? old->changed : mark;
    old_end = old->start + old->len;
    new_end = new->start + new->len;
  }
  return i == before->span_count && j == after->span_count &&
         slice_equal(between(before, old_end, before->value.len), between(after, new_end, after->value.len));
}

uint64_t layout_mark(const struct state *before, uint64_t layout, struct state *after, uint64_t stamp) {
  if (stamp - layout <= UINT16_MAX && mark_documents(before, after, (uint16_t)(stamp - layout))) return layout;
  for (uint32_t i = 0; i < after->span_count; i++) after->spans[i].changed = 0;
  return stamp;
}

size_t layout_print(const struct page *whole, uint64_t layout, uint64_t known, oc_buffer_t *out) {
  size_t need = 0;
  uint32_t index = 0;
  bool first = true;
  out->len = 0;
  buffer_put(out, &need, SLICE("[[],["));
  for (uint32_t i = 0; i < page_span_count(whole); i++) {
    const struct span *span = page_span(whole, i);
    if (span->level > 0) continue;
    if (layout + span->changed > known) {
      if (!first) buffer_put(out, &need, SLICE(","));
      first = false;
      page_put_place(whole, span, index, out, &need);
      buffer_put(out, &need, page_slice(whole, span));
    }
    index++;
  }
  buffer_put(out, &need, SLICE("]]"));
  return need;
}
