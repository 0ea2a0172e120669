/*
 * splices.c: the changes that need no thought.
 *
 *   {"docs":[{"id":7,"status":"paid","note":"x"},{"id":8,…}], … }
 *                             └ old ┘
 *                            "shipped"
 *
 * Where a member is just replaced, its new bytes are those of the operation. So the changed value is written in one go
 * from the bytes of both, and nothing is copied to be changed.
 */
#include "splices.h"

#include <assert.h>

/* ---- Finding ---- */

/* Whether a member that holds no relation is replaced, wherever it is shown. */
static bool is_just_replaced(const struct page *whole, int32_t shape, oc_slice_t name) {
  const struct shapes *shapes = whole->shapes;
  const struct shape_node *node = shapes_member(shapes, shapes_root(shapes, shape), name);
  if (query_selects_partly(whole->query, name)) return false;
  return !node || !(node->group || shapes_holds_localized(shapes, node) || shapes_holds_hidden(shapes, node));
}

/* That of an operation before on the same member. */
static struct splice *find_earlier(struct splices *splices, uint32_t span, oc_slice_t name) {
  for (uint32_t i = splices->count; i > 0 && splices->list[i - 1].span == span; i--)
    if (slice_equal(splices->list[i - 1].name, name)) return splices->list + i - 1;
  return NULL;
}

static oc_status add(struct splices *splices, const struct page *whole, struct splice splice) {
  const struct span *span = page_span(whole, splice.span);
  struct splice *earlier = find_earlier(splices, splice.span, splice.name);
  oc_slice_t old;
  if (earlier) {
    earlier->value = splice.value;
    return OC_OK;
  }
  if (!json_member(page_slice(whole, span), splice.name, &old) || slice_equal(old, splice.value)) return OC_OK;
  if (splices->count == SPLICES_MOST) return OC_MISS;
  splice.at = (uint32_t)page_offset(whole, old);
  splice.len = (uint32_t)old.len;
  splices->list[splices->count++] = splice;
  splices->within |= span->level > 0;
  return OC_OK;
}

static oc_status add_members(struct splices *splices, const struct page *whole, const struct subject *subject,
                             uint32_t span, uint32_t index) {
  const struct operation *operation = subject->operation;
  const struct operation_member *members = operation_members(operation);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < operation->member_count && status == OC_OK; i++) {
    struct splice splice = {.span = span, .index = index};
    splice.name = operation_slice(operation, members[i].name_at, members[i].name_len);
    splice.value = operation_slice(operation, members[i].value_at, members[i].value_len);
    if (slice_equal(splice.name, SLICE("id"))) continue;
    if (!is_just_replaced(whole, subject->named.shape, splice.name)) return OC_MISS;
    status = add(splices, whole, splice);
  }
  return status;
}

oc_status splices_find(struct splices *splices, const struct page *whole, const struct subjects *subjects) {
  oc_status status = OC_OK;
  uint32_t tops = 0;
  splices->count = 0;
  splices->within = false;
  for (uint32_t i = 0; i < page_span_count(whole) && status == OC_OK; i++) {
    const struct span *span = page_span(whole, i);
    tops += span->level == 0;
    if (!subjects_may_have(subjects, span)) continue;
    for (uint32_t j = 0; j < subjects->count && status == OC_OK; j++)
      if (page_shows(whole, span, subjects->list[j].named))
        status = add_members(splices, whole, subjects->list + j, i, tops - 1);
  }
  return status;
}

/* ---- Writing ---- */

/* There are few, and mostly they are in order. */
static void sort(struct splices *splices) {
  for (uint32_t i = 1; i < splices->count; i++) {
    struct splice splice = splices->list[i];
    uint32_t place = i;
    for (; place > 0 && splices->list[place - 1].at > splice.at; place--)
      splices->list[place] = splices->list[place - 1];
    splices->list[place] = splice;
  }
}

/* Bytes of the value that stay. */
static void put_kept(const struct page *whole, size_t from, size_t to, oc_buffer_t *out, size_t *need) {
  buffer_put(out, need, (oc_slice_t){whole->bytes.data + from, to - from});
}

size_t splices_write(struct splices *splices, const struct page *whole, oc_buffer_t *out) {
  size_t need = 0, at = 0;
  out->len = 0;
  sort(splices);
  for (uint32_t i = 0; i < splices->count; i++) {
    const struct splice *splice = splices->list + i;
    assert(splice->at >= at);
    put_kept(whole, at, splice->at, out, &need);
    buffer_put(out, &need, splice->value);
    at = splice->at + splice->len;
  }
  put_kept(whole, at, whole->bytes.len, out, &need);
  return need;
}

size_t splices_print(const struct splices *splices, const struct page *whole, oc_buffer_t *out) {
  size_t need = 0;
  out->len = 0;
  buffer_put(out, &need, SLICE("[["));
  for (uint32_t i = 0; i < splices->count; i++) {
    const struct splice *splice = splices->list + i;
    if (i > 0) buffer_put(out, &need, SLICE(","));
    page_put_place(whole, page_span(whole, splice->span), splice->index, out, &need);
    buffer_put(out, &need, SLICE("\""));
    buffer_put(out, &need, splice->name);
    buffer_put(out, &need, SLICE("\","));
    buffer_put(out, &need, splice->value);
  }
  buffer_put(out, &need, SLICE("],[]]"));
  return need;
}
