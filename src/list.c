/*
 * list.c: what is known of a document, whether it belongs to a list, and where.
 *
 * The overlay's guess does not cut windows: what it does not know stays where it is, or away, and the page is shorter
 * (tests/vectors/README.md has the rules, which the browser follows as well).
 */
#include "list.h"

/* ---- What is known ---- */

static struct known know_nothing(const struct list *list) {
  const struct shapes *shapes = list->page->shapes;
  int32_t shape = shapes_find(shapes, list->collection);
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
  if (list->own != NO_PLACE) known_add(known, list_shown(list, list->own), false);
}

static void know_elsewhere(const struct list *list, struct known *known) {
  const struct page *page = list->page;
  const oc_slice_t *seen = list->seen ? (const oc_slice_t *)(const void *)list->seen->data : NULL;
  for (size_t i = 0; seen && i < list->seen->len / sizeof *seen; i++) known_add(known, seen[i], false);
  for (uint32_t i = 0; !list->seen && i < page_span_count(page); i++)
    if (page_shows(page, page_span(page, i), list->named))
      known_add(known, page_slice(page, page_span(page, i)), false);
}

/* For a guess: what the operations before wrote, and other answers show. */
static void know_more(const struct list *list, struct known *known) {
  const struct operation *earlier = NULL;
  const struct copy *copy = NULL;
  while ((earlier = page_earlier(list->page, list->operation, earlier))) know_written(list, earlier, known);
  while ((copy = copies_next(list->page->copies, list->named, copy)))
    known_add(known, page_slice(&copy->page, page_span(&copy->page, 0)),
              is_foreign(list, query_text(copy->page.query, copy->page.query->locale)));
  know_elsewhere(list, known);
  (void)json_member(operation_text(list->operation), SLICE("id"), &known->id);
}

oc_slice_t list_shown(const struct list *list, uint32_t index) {
  oc_slice_t shown = list_document(list, index);
  if (list->polymorphic) (void)json_member(shown, SLICE("value"), &shown);
  return shown;
}

void list_know(struct list *list) {
  bool guess = list->mode == REPLAY_GUESS;
  list->before = list->after = know_nothing(list);
  know_written(list, list->operation, &list->after);
  list->after.made = guess && list->operation->type == OPERATION_CREATE;
  know_previous(list, &list->before);
  known_add(&list->before, list->unwritten, is_foreign(list, operation_locale(list->operation)));
  if (guess) know_previous(list, &list->after);
  know_shown(list, &list->before);
  know_shown(list, &list->after);
  /* Other answers are as they are after everything that happened. */
  if (guess) know_more(list, &list->before);
  if (guess && !list->after.made) know_more(list, &list->after);
  else if (guess) (void)json_member(operation_text(list->operation), SLICE("id"), &list->after.id);
}

/* ---- Was it, is it in the list? ---- */

static enum truth was_in(const struct list *list) {
  if (list->own != NO_PLACE) return TRUTH_TRUE;
  if (list->operation->type == OPERATION_CREATE) return TRUTH_FALSE;
  if (!list->counts && list_shows_all(list)) return TRUTH_FALSE;
  /* Without the document there is no telling whether it was there to be deleted. */
  bool there = list->operation->type != OPERATION_DELETE || operation_previous(list->operation).len > 0;
  if (!there && list->mode == REPLAY_EXACT) return TRUTH_UNKNOWN;
  return where_matches(list->where, &list->before, list->mode).truth;
}

static enum truth is_in(const struct list *list) {
  if (list->operation->type == OPERATION_DELETE) return TRUTH_FALSE;
  return where_matches(list->where, &list->after, list->mode).truth;
}

void list_judge(struct list *list) {
  list->was = was_in(list);
  list->is = is_in(list);
}

bool list_keeps_its_keys(const struct list *list) {
  return where_same_keys(list->where, &list->before, &list->after, list->mode);
}

/* ---- Its place ---- */

static struct known know_other(const struct list *list, uint32_t index) {
  if (index >= list->own) index++;
  struct known known = know_nothing(list);
  oc_slice_t other = list_shown(list, index), to;
  known.whole = list->polymorphic && json_is_object(other);
  if (known.whole && json_member(list_document(list, index), SLICE("relationTo"), &to))
    known.root = shapes_root(known.shapes, shapes_find(known.shapes, json_scalar_text(to)));
  if (json_is_object(other)) known_add(&known, other, false);
  else known.id = other;
  return known;
}

enum order list_compare(const struct list *list, const struct known *known, uint32_t index) {
  struct known other = know_other(list, index);
  return where_order(list->where, known, &other, list->mode);
}

/* SQLite gives what joins of several collections show in its own order when it answers for several parents at once. */
static bool is_in_order(const struct list *list) {
  for (uint32_t i = 1; i < list_count_others(list); i++) {
    struct known before = know_other(list, i - 1);
    enum order order = list_compare(list, &before, i);
    if (order == ORDER_AFTER || order == ORDER_UNKNOWN) return false;
  }
  return true;
}

bool list_find_place(const struct list *list, uint32_t *place) {
  if (list->polymorphic && !is_in_order(list)) return false;
  uint32_t low = 0, high = list_count_others(list);
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    enum order order = list_compare(list, &list->after, middle);
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
  return list->own == NO_PLACE && list->operation->type != OPERATION_CREATE && list_shows_all(list) &&
         where_matches(list->where, &list->before, REPLAY_GUESS).truth == TRUTH_TRUE;
}

oc_status list_guess(const struct list *list, struct membership *plan) {
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
  if (list->is == TRUTH_FALSE || (shown && list_keeps_its_keys(list))) return OC_OK;
  uint32_t place, others = list_count_others(list), limit = list->limit;
  if (!list_find_place(list, &place)) return OC_MISS;
  bool outside = (place == others && list->more) || (place == 0 && list->offset > 0) || (limit > 0 && place >= limit);
  plan->moves = true;
  plan->place = outside ? NO_PLACE : place;
  plan->leaves_last = !outside && !shown && limit > 0 && others == limit;
  return OC_OK;
}
