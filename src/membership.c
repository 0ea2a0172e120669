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
 * The overlay's guess does not cut windows: what it does not know stays where it is, or away, and the page is shorter
 * (tests/vectors/README.md has the rules, which the browser follows as well).
 */
#include "membership.h"

#include <stdio.h>
#include <string.h>

struct list {
  struct page *page;
  const struct query *query;
  const struct where *where;
  const struct operation *operation;
  struct named named;
  enum replay_mode mode;
  const uint32_t *tops; /* spans of the page's documents */
  uint32_t size;        /* their number */
  uint32_t own;         /* NO_PLACE: d is not among them */
  uint64_t offset, total;
  bool more;    /* there is a page behind */
  bool bounded; /* the page's size is */
  struct known before, after;
  enum truth was, is; /* d in the list */
};

/* ---- What is known ---- */

static struct known know_nothing(const struct list *list) {
  const struct shapes *shapes = list->page->shapes;
  int32_t shape = shapes_find(shapes, query_collection(list->query));
  return (struct known){.shapes = shapes, .root = shapes_root(shapes, shape)};
}

static bool is_foreign(const struct list *list, oc_slice_t locale) {
  return !slice_equal(locale, query_text(list->query, list->query->locale));
}

static void know_written(const struct list *list, const struct operation *operation, struct known *known) {
  bool foreign = is_foreign(list, operation_locale(operation));
  known_add(known, operation_data(operation), foreign);
  known_add(known, operation_doc(operation), foreign);
}

static void know_previous(const struct list *list, struct known *known) {
  known_add(known, operation_previous(list->operation), is_foreign(list, operation_locale(list->operation)));
}

static void know_shown(const struct list *list, struct known *known) {
  if (list->own != NO_PLACE)
    known_add(known, page_slice(list->page, page_span(list->page, list->tops[list->own])), false);
}

/* For a guess: what the operations before wrote, and other answers show. */
static void know_more(const struct list *list, struct known *known) {
  const struct operation *earlier = NULL;
  const struct copy *copy = NULL;
  while ((earlier = page_earlier(list->page, list->operation, earlier))) know_written(list, earlier, known);
  while ((copy = copies_next(list->page->copies, list->named, copy)))
    known_add(known, page_slice(&copy->page, page_span(&copy->page, 0)),
              is_foreign(list, query_text(copy->page.query, copy->page.query->locale)));
  (void)json_member(operation_text(list->operation), SLICE("id"), &known->id);
}

static void know_both(struct list *list) {
  bool guess = list->mode == REPLAY_GUESS;
  list->before = list->after = know_nothing(list);
  know_written(list, list->operation, &list->after);
  list->after.made = guess && list->operation->type == OPERATION_CREATE;
  know_previous(list, &list->before);
  if (guess) know_previous(list, &list->after);
  know_shown(list, &list->before);
  know_shown(list, &list->after);
  /* Other answers are as they are after everything that happened. */
  if (guess) know_more(list, &list->before);
  if (guess && !list->after.made) know_more(list, &list->after);
  else if (guess) (void)json_member(operation_text(list->operation), SLICE("id"), &list->after.id);
}

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

static oc_status read_page(struct list *list) {
  const struct query *query = list->query;
  struct page *page = list->page;
  oc_status status = page_tops(page, &list->tops, &list->size);
  if (status != OC_OK) return status;
  list->own = NO_PLACE;
  for (uint32_t i = 0; i < list->size && list->own == NO_PLACE; i++)
    if (page_shows(page, page_span(page, list->tops[i]), list->named)) list->own = i;
  list->bounded = query->limit > 0;
  list->offset = list->bounded ? (uint64_t)(query->page - 1) * query->limit : 0;
  if (query->paginates && !read_count(page, SLICE("totalDocs"), &list->total)) return OC_MISS;
  if (!query->paginates) list->total = list->offset + list->size;
  if (list->mode == REPLAY_GUESS) list->more = is_true(page, SLICE("hasNextPage"));
  else if (query->paginates) list->more = list->total > list->offset + list->size;
  else list->more = list->bounded && list->size >= query->limit;
  return OC_OK;
}

static bool shows_all(const struct list *list) { return list->offset == 0 && !list->more; }

/* ---- Was it, is it in the list? ---- */

static enum truth was_in(const struct list *list) {
  if (list->own != NO_PLACE) return TRUTH_TRUE;
  if (list->operation->type == OPERATION_CREATE) return TRUTH_FALSE;
  if (list->query->type == QUERY_FIND && shows_all(list)) return TRUTH_FALSE;
  /* Without the document there is no telling whether it was there to be deleted. */
  bool there = list->operation->type != OPERATION_DELETE || operation_previous(list->operation).len > 0;
  if (!there && list->mode == REPLAY_EXACT) return TRUTH_UNKNOWN;
  return where_matches(list->where, &list->before, list->mode).truth;
}

static enum truth is_in(const struct list *list) {
  if (list->operation->type == OPERATION_DELETE) return TRUTH_FALSE;
  return where_matches(list->where, &list->after, list->mode).truth;
}

static bool keeps_its_keys(const struct list *list) {
  return where_same_keys(list->where, &list->before, &list->after, list->mode);
}

/* ---- Its place ---- */

/* The document of the page at `index`, d not counted. */
static struct known know_other(const struct list *list, uint32_t index) {
  if (index >= list->own) index++;
  struct known known = know_nothing(list);
  known_add(&known, page_slice(list->page, page_span(list->page, list->tops[index])), false);
  return known;
}

static uint32_t count_others(const struct list *list) { return list->size - (list->own != NO_PLACE); }

static enum order compare_with(const struct list *list, const struct known *known, uint32_t index) {
  struct known other = know_other(list, index);
  return where_order(list->where, known, &other, list->mode);
}

/* How many of the others come before it; false when that cannot be told. Of equals, a guess has it come last. */
static bool find_place(const struct list *list, uint32_t *place) {
  uint32_t low = 0, high = count_others(list);
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    enum order order = compare_with(list, &list->after, middle);
    if (order == ORDER_UNKNOWN || (order == ORDER_EQUAL && list->mode == REPLAY_EXACT)) return false;
    if (order == ORDER_BEFORE) high = middle;
    else low = middle + 1;
  }
  *place = low;
  return true;
}

/* ---- The guess ---- */

/* A page of all there is would show it, and did not: it is hidden from this reader, and stays so. */
static bool is_hidden(const struct list *list) {
  return list->own == NO_PLACE && list->operation->type != OPERATION_CREATE && shows_all(list) &&
         where_matches(list->where, &list->before, REPLAY_GUESS).truth == TRUTH_TRUE;
}

static oc_status guess(struct list *list, struct membership *plan) {
  bool shown = list->own != NO_PLACE, created = list->operation->type == OPERATION_CREATE;
  if (shown && created) return OC_OK; /* its reader has it already */
  plan->keeps = true;
  if (shown && list->is == TRUTH_FALSE) {
    plan->moves = true;
    plan->place = NO_PLACE;
    plan->count = -1;
    return OC_OK;
  }
  if (list->is == TRUTH_UNKNOWN || list->was == TRUTH_UNKNOWN) return OC_MISS;
  if (list->is == TRUTH_TRUE && is_hidden(list)) return OC_MISS;
  plan->count = (list->is == TRUTH_TRUE) - (list->was == TRUTH_TRUE);
  if (list->is == TRUTH_FALSE || (shown && keeps_its_keys(list))) return OC_OK;
  uint32_t place, others = count_others(list);
  if (!find_place(list, &place)) return OC_MISS;
  bool outside = (place == others && list->more) || (place == 0 && list->offset > 0) ||
                 (list->bounded && place >= list->query->limit);
  plan->moves = true;
  plan->place = outside ? NO_PLACE : place;
  plan->leaves_last = !outside && !shown && list->bounded && others == list->query->limit;
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
  *segment = (struct segment){list->offset, count_others(list), list->more};
  if (list->was != TRUTH_TRUE || list->own != NO_PLACE) return true;
  enum order order = ORDER_UNKNOWN;
  if (list->size == 0) return false;
  if (list->offset == 0) order = ORDER_AFTER;
  else if (!list->more) order = ORDER_BEFORE;
  else if (compare_with(list, &list->before, 0) == ORDER_BEFORE) order = ORDER_BEFORE;
  else if (compare_with(list, &list->before, list->size - 1) == ORDER_AFTER) order = ORDER_AFTER;
  if (order == ORDER_UNKNOWN) return false;
  if (order == ORDER_BEFORE) segment->first--;
  /* Behind the page there was d; is there more? */
  else if (list->query->paginates) segment->more = list->total - 1 > list->offset + list->size;
  return true;
}

/* Cuts the window out. `place`: of d among the others; NO_PLACE: not in the list any more. False: not known. */
static bool cut(const struct list *list, const struct segment *segment, uint32_t place, struct membership *plan) {
  uint64_t m = segment->count, a = segment->first, limit = list->query->limit;
  uint64_t from = list->offset - a, to; /* of the window, as indices of the others */
  bool in = place != NO_PLACE, before = in && place == 0 && a > 0, behind = in && place == m && segment->more;
  if (before && from == 0) return false; /* at the window's start, or before it */
  /* d is at its place in the window, or before it, or behind it. */
  bool inside = in && !before && !behind && place >= from;
  if (in && !inside && !behind) from--; /* what is behind d moves on by one */
  to = list->bounded ? from + limit - inside : m;
  if (inside && list->bounded && place >= from + limit) {
    inside = false;
    to = from + limit;
  }
  if (behind && (!list->bounded || to > m)) return false;
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

/*
 * Whether d stays where it is, its keys being the same. Where the database gives no order to equals, it may go past
 * those when it is written (PostgreSQL puts what it writes to another place); on the next page there may be some, too.
 */
static oc_status stay(const struct list *list) {
  uint32_t own = list->own, others = count_others(list);
  if (!list->query->unstable || own == NO_PLACE || where_sorts_by(list->where, SLICE("id"))) return OC_OK;
  if ((own == 0 && list->offset > 0) || (own == others && list->more)) return OC_MISS;
  if (own > 0 && compare_with(list, &list->after, own - 1) != ORDER_AFTER) return OC_MISS;
  return own < others && compare_with(list, &list->after, own) != ORDER_BEFORE ? OC_MISS : OC_OK;
}

static oc_status decide(struct list *list, struct membership *plan) {
  if (list->was == TRUTH_UNKNOWN || list->is == TRUTH_UNKNOWN) return OC_MISS;
  /* SQLite gives the id of a deleted document to a new one, but not to one that is there. */
  if (list->operation->type == OPERATION_CREATE && list->own != NO_PLACE) return OC_MISS;
  bool was = list->was == TRUTH_TRUE, is = list->is == TRUTH_TRUE;
  plan->count = is - was;
  if (!was && !is) return OC_OK;
  if (was && is && keeps_its_keys(list)) return stay(list);
  if (list->size == 0 && list->offset > 0) return OC_MISS;
  struct segment segment;
  uint32_t place = NO_PLACE;
  if (!find_segment(list, &segment)) return OC_MISS;
  if (is && !find_place(list, &place)) return OC_MISS;
  if (!cut(list, &segment, place, plan)) return OC_MISS;
  bool empty = plan->place == NO_PLACE && segment.count == (uint64_t)plan->leaves_first + plan->leaves_last;
  if ((empty || list->size == 0) && may_join(list)) return OC_MISS;
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

static oc_status plan_to_stay(struct list *list) {
  if (!list->query->unstable || list->query->type != QUERY_FIND || list->mode == REPLAY_GUESS) return OC_OK;
  oc_status status = read_page(list);
  if (status != OC_OK) return status;
  know_both(list);
  return stay(list);
}

static oc_status plan_count(struct list *list, struct membership *plan) {
  list->own = NO_PLACE;
  know_both(list);
  list->was = was_in(list);
  list->is = is_in(list);
  if (list->was == TRUTH_UNKNOWN || list->is == TRUTH_UNKNOWN) return OC_MISS;
  plan->count = (list->is == TRUTH_TRUE) - (list->was == TRUTH_TRUE);
  return OC_OK;
}

/* One document has a where, too, when its reader's access depends on what it holds. */
static oc_status plan_single(struct list *list) {
  const struct span *span = page_span_count(list->page) > 0 ? page_span(list->page, 0) : NULL;
  if (!span || !page_shows(list->page, span, list->named)) return OC_OK;
  static const uint32_t FIRST = 0;
  list->tops = &FIRST;
  list->own = 0;
  know_both(list);
  return is_in(list) == TRUTH_TRUE ? OC_OK : OC_MISS;
}

static oc_status plan_find(struct list *list, struct membership *plan) {
  oc_status status = read_page(list);
  if (status != OC_OK) return status;
  know_both(list);
  plan->own = plan->place = list->own;
  list->was = was_in(list);
  list->is = is_in(list);
  return list->mode == REPLAY_EXACT ? decide(list, plan) : guess(list, plan);
}

oc_status membership_plan(struct page *page, const struct operation *operation, enum replay_mode mode,
                          struct membership *plan) {
  struct list list = {.page = page, .query = page->query, .operation = operation, .mode = mode};
  list.named = operation_named(operation, page->shapes);
  *plan = (struct membership){.own = NO_PLACE, .place = NO_PLACE};
  if (!page->query || page->fragment || !operation->document) return OC_OK;
  if (!slice_equal(query_collection(page->query), operation_collection(operation))) return OC_OK;
  list.where = query_where(page->query);
  if (!may_move(&list)) return plan_to_stay(&list);
  switch (page->query->type) {
  case QUERY_FIND: return plan_find(&list, plan);
  case QUERY_COUNT: return plan_count(&list, plan);
  default: return plan_single(&list);
  }
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
