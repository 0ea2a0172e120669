/*
 * membership.c: leaving, entering, and moving within a list of which an answer shows a page.
 *
 * The list is in an order, R, and the page is the window R[o, o + limit). An operation takes its document d out of R,
 * puts it in again, or both:
 *
 *              a                     a + m
 *   R without d  … ? ? [ s0 s1 s2 … ] ? ? …      s: the page's documents but d; what is known of R
 *   new R        … ? ? [ s0 d  s1 … ] ? ? …      the window is cut out of this
 *
 * `a` is o, or o - 1 when d was before the page. Where d goes among the s is found by a binary search; before the first
 * or behind the last of them it is somewhere in the unknown, unless the list begins or ends there. When a document that
 * is not known would be in the new window, only the database can tell.
 *
 * That is for exactness; the overlay's guess does not cut windows (list.h).
 */
#include "membership.h"

#include <stdio.h>
#include <string.h>

/* ---- The page ---- */

static bool read_count(const struct page *page, oc_slice_t name, uint64_t *count) {
  oc_slice_t value;
  if (!page_member(page, name, &value) || value.len == 0 || value.len > 15) return false;
  *count = 0;
  for (size_t i = 0; i < value.len; i++) {
    if (value.data[i] < '0' || value.data[i] > '9') return false;
    *count = *count * 10 + (uint64_t)(value.data[i] - '0');
  }
  return true;
}

static bool is_true(const struct page *page, oc_slice_t name) {
  oc_slice_t value;
  return page_member(page, name, &value) && slice_equal(value, SLICE("true"));
}

/* The documents of the page, of which one may be the operation's. */
static oc_status read_documents(struct list *list) {
  struct page *page = list->page;
  const uint32_t *tops;
  uint32_t size;
  oc_status status = page_tops(page, &tops, &size);
  if (status == OC_OK) status = buffer_reserve(&list->docs, size * sizeof(oc_slice_t));
  for (uint32_t i = 0; i < size && status == OC_OK; i++) {
    const struct span *span = page_span(page, tops[i]);
    oc_slice_t document = page_slice(page, span);
    status = buffer_append(&list->docs, &document, sizeof document);
    if (list->own == NO_PLACE && page_shows(page, span, list->named)) list->own = i;
  }
  return status;
}

static oc_status read_page(struct list *list) {
  const struct query *query = list->query;
  struct page *page = list->page;
  oc_status status = read_documents(list);
  if (status != OC_OK) return status;
  uint64_t limit = list->limit = query->limit, size = list_size(list);
  list->offset = limit > 0 ? (query->page - 1) * limit : 0;
  if (query->paginates && !read_count(page, SLICE("totalDocs"), &list->total)) return OC_MISS;
  if (!query->paginates) list->total = list->offset + size;
  if (list->mode == REPLAY_GUESS) list->more = is_true(page, SLICE("hasNextPage"));
  else if (query->paginates) list->more = list->total > list->offset + size;
  else list->more = limit > 0 && size >= limit;
  return OC_OK;
}

/* ---- The exact answer ---- */

/*
 * Whether the database joins tables for the query: then it answers an empty page in another way, and it is left to it.
 */
static bool may_join(const struct list *list) {
  return where_may_join(list->where, &list->before) || where_matches(list->where, &list->before, REPLAY_EXACT).rows;
}

/* Where R without d is known: its index of the first of the others, and whether there is more of it behind them. */
struct segment {
  uint64_t first, count;
  bool more;
};

/* False when it cannot be told whether d was before the page or behind it. */
static bool find_segment(const struct list *list, struct segment *segment) {
  *segment = (struct segment){list->offset, list_count_others(list), list->more};
  if (list->was != TRUTH_TRUE || list->own != NO_PLACE) return true;
  enum order order = ORDER_UNKNOWN;
  if (list_size(list) == 0) return false;
  if (list->offset == 0) order = ORDER_AFTER;
  else if (!list->more) order = ORDER_BEFORE;
  else if (list_compare(list, &list->before, 0) == ORDER_BEFORE) order = ORDER_BEFORE;
  else if (list_compare(list, &list->before, list_size(list) - 1) == ORDER_AFTER) order = ORDER_AFTER;
  if (order == ORDER_UNKNOWN) return false;
  if (order == ORDER_BEFORE) segment->first--;
  /* Behind the page there was d; is there more? */
  else if (list->query->paginates) segment->more = list->total - 1 > list->offset + list_size(list);
  return true;
}

/* Cuts the window out. `place`: of d among the others; NO_PLACE: not in the list any more. False: not known. */
static bool cut(const struct list *list, const struct segment *segment, uint32_t place, struct membership *plan) {
  uint64_t m = segment->count, a = segment->first, limit = list->limit;
  uint64_t from = list->offset - a, to; /* of the window, as indices of the others */
  bool in = place != NO_PLACE, before = in && place == 0 && a > 0, behind = in && place == m && segment->more;
  if (before && from == 0) return false; /* at the window's start, or before it */
  /* d is at its place in the window, or before it, or behind it. */
  bool inside = in && !before && !behind && place >= from;
  if (in && !inside && !behind) from--; /* what is behind d moves on by one */
  to = list->limit > 0 ? from + limit - inside : m;
  if (inside && list->limit > 0 && place >= from + limit) {
    inside = false;
    to = from + limit;
  }
  if (behind && (list->limit == 0 || to > m)) return false;
  if (to > m) {
    if (segment->more) return false; /* one that is not known comes in */
    to = m;
  }
  if (from > 1 || m - to > 1) return false;
  plan->moves = true;
  plan->place = inside ? place : NO_PLACE;
  plan->leaves_first = from == 1;
  plan->leaves_last = to < m;
  return true;
}

/* d is on another page, and stays there. */
static oc_status stay_elsewhere(const struct list *list) {
  uint32_t count = list_size(list);
  if (list_shows_all(list) || list->was == TRUTH_FALSE) return OC_OK;
  if (count > 0 && list->more && list_compare(list, &list->after, count - 1) == ORDER_AFTER) return OC_OK;
  return count > 0 && list->offset > 0 && list_compare(list, &list->after, 0) == ORDER_BEFORE ? OC_OK : OC_MISS;
}

/*
 * Whether d stays where it is, its keys being the same. No database gives an order to equals: when d is written it may go
 * past those, also to or from the next page.
 */
static oc_status stay(const struct list *list) {
  uint32_t own = list->own, others = list_count_others(list);
  if (where_sorts_by(list->where, SLICE("id"))) return OC_OK;
  if (own == NO_PLACE) return stay_elsewhere(list);
  if ((own == 0 && list->offset > 0) || (own == others && list->more)) return OC_MISS;
  if (own > 0 && list_compare(list, &list->after, own - 1) != ORDER_AFTER) return OC_MISS;
  return own < others && list_compare(list, &list->after, own) != ORDER_BEFORE ? OC_MISS : OC_OK;
}

static oc_status decide(struct list *list, struct membership *plan) {
  if (list->was == TRUTH_UNKNOWN || list->is == TRUTH_UNKNOWN) return OC_MISS;
  /* SQLite gives the id of a deleted document to a new one, but not to one that is there. */
  if (list->operation->type == OPERATION_CREATE && list->own != NO_PLACE) return OC_MISS;
  bool was = list->was == TRUTH_TRUE, is = list->is == TRUTH_TRUE;
  plan->count = is - was;
  if (!was && !is) return OC_OK;
  if (was && is && list_keeps_its_keys(list)) return stay(list);
  if (list_size(list) == 0 && list->offset > 0) return OC_MISS;
  struct segment segment;
  uint32_t place = NO_PLACE;
  if (!find_segment(list, &segment)) return OC_MISS;
  if (is && !list_find_place(list, &place)) return OC_MISS;
  if (!cut(list, &segment, place, plan)) return OC_MISS;
  bool empty = plan->place == NO_PLACE && segment.count == (uint64_t)plan->leaves_first + plan->leaves_last;
  if ((empty || list_size(list) == 0) && may_join(list)) return OC_MISS;
  return OC_OK;
}

/* ---- The plan ---- */

/* An update of members that neither where nor sort look at moves nothing. */
static bool may_move(const struct list *list) {
  const struct operation *operation = list->operation;
  const struct operation_member *members = operation_members(operation);
  if (operation->type != OPERATION_UPDATE) return true;
  for (uint32_t i = 0; i < operation->member_count; i++) {
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    if (query_filters(list->query, name)) return true;
    if (list->query->type == QUERY_FIND && where_sorts_by(list->where, name)) return true;
  }
  return false;
}

/*
 * SQLite finds documents by their ids, or by an index of what is asked, so that nothing moves unless that is written;
 * PostgreSQL puts what it writes to another place.
 */
static oc_status plan_to_stay(struct list *list) {
  if (!list->query->unstable || list->query->type != QUERY_FIND || list->mode == REPLAY_GUESS) return OC_OK;
  oc_status status = read_page(list);
  if (status != OC_OK) return status;
  list_know(list);
  list_judge(list);
  return stay(list);
}

static oc_status plan_count(struct list *list, struct membership *plan) {
  list->counts = true;
  list_know(list);
  list_judge(list);
  if (list->was == TRUTH_UNKNOWN || list->is == TRUTH_UNKNOWN) return OC_MISS;
  plan->count = (list->is == TRUTH_TRUE) - (list->was == TRUTH_TRUE);
  return OC_OK;
}

/* One document has a where, too, when its reader's access depends on what it holds. */
static oc_status plan_single(struct list *list) {
  const struct span *span = page_span_count(list->page) > 0 ? page_span(list->page, 0) : NULL;
  if (!span || !page_shows(list->page, span, list->named)) return OC_OK;
  oc_slice_t document = page_slice(list->page, span);
  oc_status status = buffer_append(&list->docs, &document, sizeof document);
  if (status != OC_OK) return status;
  list->own = 0;
  list_know(list);
  list_judge(list);
  return list->is == TRUTH_TRUE ? OC_OK : OC_MISS;
}

static oc_status plan_find(struct list *list, struct membership *plan) {
  oc_status status = read_page(list);
  if (status != OC_OK) return status;
  list_know(list);
  plan->own = plan->place = list->own;
  list_judge(list);
  return list->mode == REPLAY_EXACT ? decide(list, plan) : list_guess(list, plan);
}

static oc_status plan_for(struct list *list, struct membership *plan) {
  if (!may_move(list)) return plan_to_stay(list);
  switch (list->query->type) {
  case QUERY_FIND: return plan_find(list, plan);
  case QUERY_COUNT: return plan_count(list, plan);
  default: return plan_single(list);
  }
}

oc_status membership_plan(struct page *page, const struct operation *operation, enum replay_mode mode,
                          struct membership *plan) {
  struct list list = {.page = page, .query = page->query, .operation = operation, .mode = mode, .own = NO_PLACE};
  *plan = (struct membership){.own = NO_PLACE, .place = NO_PLACE};
  if (!page->query || page->fragment || !operation->document) return OC_OK;
  if (!slice_equal(query_collection(page->query), operation_collection(operation))) return OC_OK;
  list.named = operation_named(operation, page->shapes);
  list.collection = query_collection(page->query);
  list.where = query_where(page->query);
  oc_status status = plan_for(&list, plan);
  oc_buffer_free(&list.docs);
  return status;
}

/* ---- Carrying it out ---- */

static oc_status set_number(struct page *page, oc_slice_t name, uint64_t number) {
  char text[24];
  int len = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  return page_set_member(page, name, (oc_slice_t){text, (size_t)len});
}

static oc_status set_boolean(struct page *page, oc_slice_t name, bool value) {
  return page_set_member(page, name, value ? SLICE("true") : SLICE("false"));
}

static oc_status set_page_number(struct page *page, oc_slice_t name, bool there, uint64_t number) {
  return there ? set_number(page, name, number) : page_set_member(page, name, SLICE("null"));
}

/* As Payload counts: without documents there is still one page, and nothing before it. */
static oc_status set_totals(struct page *page, uint64_t total) {
  const struct query *query = page->query;
  uint64_t limit = query->paginates ? query->limit : 0, at = query->page;
  uint64_t pages = limit > 0 && total > 0 ? (total + limit - 1) / limit : 1;
  bool next = limit > 0 && total > 0 && at<pages, prior = limit> 0 && total > 0 && at > 1;
  oc_status status = set_number(page, SLICE("totalDocs"), total);
  if (status == OC_OK) status = set_number(page, SLICE("totalPages"), pages);
  if (status == OC_OK) status = set_boolean(page, SLICE("hasNextPage"), next);
  if (status == OC_OK) status = set_boolean(page, SLICE("hasPrevPage"), prior);
  if (status == OC_OK) status = set_page_number(page, SLICE("nextPage"), next, at + 1);
  if (status == OC_OK) status = set_page_number(page, SLICE("prevPage"), prior, at - 1);
  if (status != OC_OK || query->type == QUERY_COUNT) return status;
  return set_number(page, SLICE("pagingCounter"), limit > 0 && total > 0 ? (at - 1) * limit + 1 : 1);
}

static oc_status recount(struct page *page, int32_t count) {
  uint64_t total;
  const uint32_t *tops;
  uint32_t size;
  oc_status status = page_tops(page, &tops, &size);
  if (status != OC_OK || !page->query) return status;
  if (!page->query->paginates && page->query->type == QUERY_FIND) return set_totals(page, size);
  if (count == 0 || !read_count(page, SLICE("totalDocs"), &total)) return OC_OK;
  if (total == 0 && count < 0) return OC_OK;
  return page->query->type == QUERY_COUNT ? set_number(page, SLICE("totalDocs"), total + (uint64_t)(int64_t)count)
                                          : set_totals(page, total + (uint64_t)(int64_t)count);
}

static oc_status take_out(struct page *page, uint32_t index, bool keeps) {
  const uint32_t *tops;
  uint32_t size;
  oc_status status = page_tops(page, &tops, &size);
  if (status != OC_OK || index >= size) return status;
  const struct span *span = page_span(page, tops[index]);
  if (keeps) status = copies_keep(page, span->start, span->len);
  return status == OC_OK ? page_take_out(page, tops[index]) : status;
}

/* Puts it before the index-th of the page's documents; `place` is its span's index then. */
static oc_status put_in(struct page *page, uint32_t index, oc_slice_t document, const struct span *spans,
                        uint32_t span_count, uint32_t *place) {
  const uint32_t *tops;
  uint32_t size;
  oc_status status = page_tops(page, &tops, &size);
  if (status != OC_OK) return status;
  uint32_t before = index < size ? tops[index] : NO_PLACE;
  *place = before == NO_PLACE ? page_span_count(page) : before;
  return page_put_in(page, before, document, spans, span_count);
}

/* A document of the page, kept while it is not in it. */
static oc_status lift(const struct page *page, uint32_t index, oc_buffer_t *bytes, oc_buffer_t *spans) {
  const struct span *top = page_span(page, index);
  oc_status status = buffer_append(bytes, page->bytes.data + top->start, top->len);
  for (uint32_t i = index; i < page_span_count(page) && status == OC_OK; i++) {
    struct span span = *page_span(page, i);
    if (span.start >= top->start + top->len) break;
    span.start -= top->start;
    span.id_at -= top->start;
    status = buffer_append(spans, &span, sizeof span);
  }
  return status;
}

oc_status membership_carry_out(struct page *page, const struct membership *plan, oc_slice_t document,
                               const struct span *spans, uint32_t span_count, uint32_t *place) {
  oc_buffer_t own = {0}, own_spans = {0};
  const uint32_t *tops;
  uint32_t size;
  bool enters = document.len > 0 && plan->place != NO_PLACE;
  bool moves = plan->moves && plan->own != NO_PLACE && plan->own != plan->place;
  *place = NO_PLACE;
  oc_status status = page_tops(page, &tops, &size);
  if (moves && status == OC_OK) {
    status = lift(page, tops[plan->own], &own, &own_spans);
    if (status == OC_OK) status = take_out(page, plan->own, plan->keeps && plan->place == NO_PLACE);
    document = (oc_slice_t){own.data, own.len};
    spans = (const struct span *)(void *)own_spans.data;
    span_count = (uint32_t)(own_spans.len / sizeof(struct span));
    size--;
  }
  bool shown = moves || enters || plan->place == NO_PLACE;
  if (status == OC_OK && shown && plan->leaves_last) status = take_out(page, size - 1, plan->keeps);
  if (status == OC_OK && shown && plan->leaves_first) status = take_out(page, 0, plan->keeps);
  if (status == OC_OK && (moves || enters) && plan->place != NO_PLACE)
    status = put_in(page, plan->place - plan->leaves_first, document, spans, span_count, place);
  oc_buffer_free(&own);
  oc_buffer_free(&own_spans);
  return status == OC_OK ? recount(page, plan->count) : status;
}
