/*
 * join.c: lists that lie in documents.
 *
 *   {"id":1,"name":"…","books":{"docs":[{"id":4,…},{"id":2,…}],"hasNextPage":false}}
 *    └ the parent               └ the list of all books whose `on` points at it; deeper down of their ids
 *
 * Documents that enter come first, while what other joins of the page show of them is still there; then those that were
 * shown leave, or move. Both go from a parent to the documents in it, so that parents that come in are looked at, too.
 *
 * A replay is exact on the first page of joins whose documents alone decide what they show (shape_join.replayed), as
 * long as it is known what comes into the page, and where. Else anything that happens in a joined collection is a miss
 * (document.c).
 */
#include "join.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct join_list {
  struct list list;
  const struct shape_join *join;
  uint32_t parent;  /* its span */
  uint32_t level;   /* of the join's documents */
  oc_slice_t value; /* { docs, hasNextPage, totalDocs? } */
  oc_slice_t asked; /* what the query asks of the join; empty: nothing */
  oc_slice_t sort;
  oc_slice_t relation_to; /* { relationTo: the operation's collection } */
  oc_buffer_t block;      /* struct where */
  uint32_t number;        /* of the page */
};

bool joins_show(const struct page *page, int32_t shape) {
  if (!shapes_joined(page->shapes, shape)) return false;
  for (uint32_t i = 0; i < page_span_count(page); i++) {
    uint32_t count;
    const struct shape_join *joins = shapes_joins(page->shapes, page_span(page, i)->shape, &count);
    for (uint32_t j = 0; j < count; j++)
      if (shapes_join_shows(page->shapes, joins + j, shape)) return true;
  }
  return false;
}

/* ---- Reading ---- */

/* False: `found` is what does not lead further. */
static bool member_at(oc_slice_t value, oc_slice_t path, oc_slice_t *found) {
  const char *at = path.data, *end = at + path.len;
  while (at < end) {
    const char *dot = memchr(at, '.', (size_t)(end - at));
    oc_slice_t name = {at, (size_t)((dot ? dot : end) - at)};
    *found = value;
    if (!json_is_object(value) || !json_member(value, name, &value)) return false;
    at = dot ? dot + 1 : end;
  }
  *found = value;
  return true;
}

static oc_slice_t asked_of(const struct join_list *join, oc_slice_t name) {
  oc_slice_t value;
  return json_is_object(join->asked) && json_member(join->asked, name, &value) && !json_is_null(value)
             ? value
             : (oc_slice_t){NULL, 0};
}

static uint32_t read_number(oc_slice_t value, uint32_t otherwise) {
  oc_slice_t text = json_scalar_text(value);
  uint32_t number = 0;
  if (text.len == 0 || text.len > 9) return otherwise;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return otherwise;
    number = number * 10 + (uint32_t)(text.data[i] - '0');
  }
  return number;
}

static bool is_of_collection(oc_slice_t item, oc_slice_t collection) {
  oc_slice_t to;
  return json_is_object(item) && json_member(item, SLICE("relationTo"), &to) &&
         slice_equal(json_scalar_text(to), collection);
}

static bool is_own(const struct list *list, oc_slice_t document) {
  oc_slice_t id;
  if (list->polymorphic &&
      (!is_of_collection(document, list->collection) || !json_member(document, SLICE("value"), &document)))
    return false;
  id = document;
  if (json_is_object(document) && !json_member(document, SLICE("id"), &id)) return false;
  return !json_is_container(id) && !json_is_null(id) && json_decodes_to(json_scalar_text(id), list->named.id);
}

static oc_status read_documents(struct list *list, oc_slice_t docs) {
  struct json_walk walk = json_walk(docs);
  oc_slice_t document;
  oc_status status = OC_OK;
  while (status == OC_OK && json_next_element(&walk, &document)) {
    if (list->own == NO_PLACE && is_own(list, document)) list->own = list_size(list);
    status = buffer_append(&list->docs, &document, sizeof document);
  }
  return status;
}

/* OC_REFUSED: the parent does not show the join. OC_MISS: it may show several. */
static oc_status read_join(struct join_list *join) {
  struct list *list = &join->list;
  const struct page *page = list->page;
  const struct span *parent = page_span(page, join->parent);
  oc_slice_t docs, more;
  if (!member_at(page_slice(page, parent), join->join->path, &join->value))
    return json_is_array(join->value) ? OC_MISS : OC_REFUSED;
  if (!json_is_object(join->value) || !json_member(join->value, SLICE("docs"), &docs) || !json_is_array(docs))
    return OC_REFUSED;
  oc_slice_t joins = query_text(page->query, page->query->joins);
  if (parent->level > 0 || !json_is_object(joins) || !json_member(joins, join->join->path, &join->asked))
    join->asked = (oc_slice_t){NULL, 0};
  list->limit = read_number(asked_of(join, SLICE("limit")), join->join->limit);
  join->number = read_number(asked_of(join, SLICE("page")), 1);
  if (join->number == 0) join->number = 1;
  list->offset = (uint64_t)(join->number - 1) * list->limit;
  list->more = json_member(join->value, SLICE("hasNextPage"), &more) && slice_equal(more, SLICE("true"));
  join->sort = asked_of(join, SLICE("sort"));
  if (join->sort.len == 0) join->sort = join->join->sort;
  return read_documents(list, docs);
}

/* ---- What it asks ---- */

static oc_slice_t first_of(oc_slice_t path) {
  const char *dot = memchr(path.data, '.', path.len);
  return (oc_slice_t){path.data, dot ? (size_t)(dot - path.data) : path.len};
}

/* Whether a condition asks for that top-level member. */
static bool asks_for(oc_slice_t where, oc_slice_t member) {
  struct json_walk walk = json_walk(where);
  oc_slice_t path, value, part;
  if (!json_is_object(where)) return false;
  while (json_next_member(&walk, &path, &value)) {
    if (!json_is_array(value)) {
      if (slice_equal(first_of(path), member)) return true;
      continue;
    }
    struct json_walk parts = json_walk(value);
    while (json_next_element(&parts, &part))
      if (asks_for(part, member)) return true;
  }
  return false;
}

static bool writes(const struct operation *operation, oc_slice_t member) {
  const struct operation_member *members = operation_members(operation);
  for (uint32_t i = 0; i < operation->member_count; i++)
    if (slice_equal(operation_slice(operation, members[i].name_at, members[i].name_len), member)) return true;
  return false;
}

/* An update of members that neither the relation, where nor sort look at moves nothing. */
static bool may_move(const struct join_list *join) {
  const struct operation *operation = join->list.operation;
  const struct operation_member *members = operation_members(operation);
  if (operation->type != OPERATION_UPDATE || writes(operation, first_of(join->join->on))) return true;
  for (uint32_t i = 0; i < operation->member_count; i++) {
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    if (asks_for(join->join->where, name) || asks_for(asked_of(join, SLICE("where")), name)) return true;
    if (where_sorts_by(join->list.where, name)) return true;
  }
  return false;
}

static oc_status put_condition(oc_buffer_t *out, oc_slice_t where) {
  if (!json_is_object(where)) return OC_OK;
  oc_status status = buffer_append(out, ",", out->len > 1);
  return status == OC_OK ? buffer_append(out, where.data, where.len) : status;
}

/* { on: { equals: the parent } } */
static oc_status put_relation(const struct join_list *join, oc_buffer_t *out) {
  const struct shapes *shapes = join->list.page->shapes;
  const struct shape_node *node = shapes_path(shapes, shapes_root(shapes, join->list.named.shape), join->join->on);
  const struct span *parent = page_span(join->list.page, join->parent);
  oc_slice_t id = page_id_text(join->list.page, parent), collection = shapes_at(shapes, parent->shape)->collection;
  oc_status status = buffer_append(out, "{", 1);
  if (status == OC_OK) status = buffer_quote(out, join->join->on);
  if (status == OC_OK) status = buffer_print(out, ":{\"equals\":");
  bool polymorphic = node && node->polymorphic;
  if (status == OC_OK && polymorphic) status = buffer_print(out, "{\"relationTo\":");
  if (status == OC_OK && polymorphic) status = buffer_quote(out, collection);
  if (status == OC_OK && polymorphic) status = buffer_print(out, ",\"value\":");
  if (status == OC_OK) status = buffer_append(out, id.data, id.len);
  return status == OC_OK ? buffer_print(out, polymorphic ? "}}}" : "}}") : status;
}

/*
 * What a join asks of its documents, those in the trash included, and in which order they are: of several collections
 * nothing settles a tie. One that it shows points at the parent, which need
 * not be seen of it: as long as the relation is not written, only the rest is asked.
 */
static oc_status compile(struct join_list *join) {
  struct list *list = &join->list;
  bool exact = list->mode == REPLAY_EXACT;
  bool stays = !exact && list->own != NO_PLACE && !writes(list->operation, first_of(join->join->on));
  oc_buffer_t conditions = {0}, text = {0};
  oc_status status = buffer_append(&conditions, "[", 1);
  if (status == OC_OK && !stays) status = put_relation(join, &conditions);
  if (status == OC_OK) status = put_condition(&conditions, join->join->where);
  if (status == OC_OK) status = put_condition(&conditions, asked_of(join, SLICE("where")));
  if (status == OC_OK) status = buffer_print(&text, "{\"and\":");
  if (status == OC_OK) status = buffer_append(&text, conditions.data, conditions.len);
  if (status == OC_OK) status = buffer_print(&text, "]}");
  if (status == OC_OK) status = where_compile((oc_slice_t){text.data, text.len}, join->sort, false, &join->block);
  struct where *where = (struct where *)(void *)join->block.data;
  if (status == OC_OK && list->polymorphic) where->key_count = 1;
  list->where = where;
  oc_buffer_free(&conditions);
  oc_buffer_free(&text);
  return status;
}

/* ---- Carrying it out ---- */

/* The join's bytes are read anew after each change: those around it have moved. */
static oc_status read_again(struct join_list *join) {
  join->list.docs.len = 0;
  join->list.own = NO_PLACE;
  return read_join(join);
}

static oc_status take_out(struct join_list *join, uint32_t index) {
  struct page *page = join->list.page;
  oc_slice_t document = list_document(&join->list, index);
  size_t at = page_offset(page, document);
  oc_status status = copies_keep(page, at, document.len);
  if (status == OC_OK) status = page_take_element(page, at, document.len);
  return status == OC_OK ? read_again(join) : status;
}

static oc_status put_in(struct join_list *join, uint32_t index, oc_slice_t document) {
  struct page *page = join->list.page;
  uint32_t size = list_size(&join->list);
  oc_slice_t docs, around;
  (void)json_member(join->value, SLICE("docs"), &docs);
  size_t at = page_offset(page, docs) + 1;
  bool last = index >= size;
  if (size > 0) {
    around = list_document(&join->list, last ? size - 1 : index);
    at = page_offset(page, around) + (last ? around.len : 0);
  }
  oc_buffer_t text = {0};
  oc_status status = buffer_append(&text, ",", last && size > 0);
  if (status == OC_OK) status = buffer_append(&text, document.data, document.len);
  if (status == OC_OK) status = buffer_append(&text, ",", !last);
  if (status == OC_OK) status = page_replace(page, at, 0, (oc_slice_t){text.data, text.len});
  oc_buffer_free(&text);
  return status == OC_OK ? read_again(join) : status;
}

static oc_status move(struct join_list *join, uint32_t place) {
  oc_slice_t document = list_document(&join->list, join->list.own);
  oc_buffer_t kept = {0};
  oc_status status = buffer_append(&kept, document.data, document.len);
  if (status == OC_OK) status = take_out(join, join->list.own);
  if (status == OC_OK) status = put_in(join, place, (oc_slice_t){kept.data, kept.len});
  oc_buffer_free(&kept);
  return status;
}

/* Where documents are to be shown, some reader may see only their ids. */
static bool is_like_others(const struct join_list *join, oc_slice_t document) {
  for (uint32_t i = 0; i < list_size(&join->list); i++)
    if (json_is_object(list_shown(&join->list, i)) != json_is_object(document)) return false;
  return true;
}

/* The documents of its own collection. */
static oc_status find_others(const struct list *list, oc_buffer_t *others) {
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < list_size(list) && status == OC_OK; i++) {
    oc_slice_t shown = list_shown(list, i);
    if (list->polymorphic && !is_of_collection(list_document(list, i), list->collection)) continue;
    status = buffer_append(others, &shown, sizeof shown);
  }
  return status;
}

static oc_status render(const struct join_list *join, oc_buffer_t *out) {
  const struct list *list = &join->list;
  oc_buffer_t others = {0};
  oc_status status = find_others(list, &others);
  if (status == OC_OK && list->polymorphic)
    status = buffer_append(out, join->relation_to.data, join->relation_to.len - 1);
  if (status == OC_OK && list->polymorphic) status = buffer_print(out, ",\"value\":");
  if (status == OC_OK) status = render_joined(list->page, list->operation, join->level, &others, list->mode, out);
  if (status == OC_OK && list->polymorphic) status = buffer_print(out, "}");
  oc_buffer_free(&others);
  return status;
}

static oc_status enter(struct join_list *join, const struct membership *plan) {
  oc_buffer_t document = {0};
  const struct list *list = &join->list;
  bool exact = list->mode == REPLAY_EXACT;
  oc_status status = render(join, &document);
  if (exact && status == OC_OK && !is_like_others(join, (oc_slice_t){document.data, document.len})) status = OC_MISS;
  if (exact && status == OC_OK) list->page->joined = true;
  if (status == OC_OK && plan->leaves_last) status = take_out(join, list_size(list) - 1);
  if (status == OC_OK) status = put_in(join, plan->place, (oc_slice_t){document.data, document.len});
  oc_buffer_free(&document);
  return status == OC_MISS && !exact ? OC_OK : status;
}

static oc_status set(struct join_list *join, oc_slice_t name, oc_slice_t value) {
  struct page *page = join->list.page;
  oc_slice_t old;
  if (!json_member(join->value, name, &old) || slice_equal(old, value)) return OC_OK;
  oc_status status = page_replace(page, page_offset(page, old), old.len, value);
  return status == OC_OK ? read_again(join) : status;
}

/* `grown`: one came in where there was no room. */
static oc_status recount(struct join_list *join, int32_t count, bool grown) {
  oc_slice_t number;
  if (count == 0) return OC_OK;
  if (!json_member(join->value, SLICE("totalDocs"), &number))
    return grown ? set(join, SLICE("hasNextPage"), SLICE("true")) : OC_OK;
  uint32_t total = read_number(number, 0);
  if (total > 0 || count > 0) total += (uint32_t)count;
  char text[16];
  int len = snprintf(text, sizeof text, "%u", total);
  oc_status status = set(join, SLICE("totalDocs"), (oc_slice_t){text, (size_t)len});
  if (status != OC_OK) return status;
  bool more = join->list.limit > 0 && total > (uint64_t)join->number * join->list.limit;
  return set(join, SLICE("hasNextPage"), more ? SLICE("true") : SLICE("false"));
}

static oc_status carry_out(struct join_list *join, const struct membership *plan) {
  struct page *page = join->list.page;
  uint32_t own = join->list.own, others = list_count_others(&join->list);
  bool full = join->list.limit > 0 && others >= join->list.limit;
  oc_status status = OC_OK;
  if (own != NO_PLACE && plan->moves && plan->place == NO_PLACE) status = take_out(join, own);
  else if (own != NO_PLACE && plan->moves && plan->place != own) status = move(join, plan->place);
  else if (own == NO_PLACE && plan->place != NO_PLACE) status = enter(join, plan);
  if (status == OC_OK) status = recount(join, plan->count, full && plan->moves);
  return status == OC_OK ? page_find_spans(page, join->parent) : status;
}

/* Whether a document that comes in is, or may be, one that was put into the trash, and for which null is shown. */
static bool shows_trash(const struct join_list *join) {
  const struct known *after = &join->list.after;
  bool exact = join->list.mode == REPLAY_EXACT;
  oc_slice_t deleted;
  if (!shapes_at(join->list.page->shapes, join->list.named.shape)->trash) return false;
  if (join->level > join->list.query->depth) return false;
  for (uint32_t i = 0; i < after->layer_count; i++)
    if (json_member(after->layers[i], SLICE("deletedAt"), &deleted)) return !json_is_null(deleted);
  return exact;
}

/* ---- Exactly ---- */

/* Rows are a table of their own, in which a document may be found more than once, and is then listed as often. */
static enum truth belongs(const struct join_list *join, const struct known *known) {
  struct where_answer answer = where_matches(join->list.where, known, REPLAY_EXACT);
  return answer.rows && answer.truth == TRUTH_TRUE ? TRUTH_UNKNOWN : answer.truth;
}

static void judge(struct join_list *join) {
  struct list *list = &join->list;
  bool absent = list->operation->type == OPERATION_CREATE || list_shows_all(list);
  if (list->own != NO_PLACE) list->was = TRUTH_TRUE;
  else list->was = absent ? TRUTH_FALSE : belongs(join, &list->before);
  list->is = list->operation->type == OPERATION_DELETE ? TRUTH_FALSE : belongs(join, &list->after);
}

/* A document in the trash is null, and may be the operation's. */
static bool shows_null(const struct list *list) {
  for (uint32_t i = 0; i < list_size(list); i++)
    if (json_is_null(list_shown(list, i))) return true;
  return false;
}

/*
 * An update that leaves the document's keys as they are. It may still move among its equals: they are in the order in
 * which the database finds them, and any index may lead there.
 */
static oc_status stay(const struct list *list) {
  uint32_t own = list->own, others = list_count_others(list);
  if (others == 0) return OC_OK;
  if (own == NO_PLACE) {
    if (shows_null(list)) return OC_MISS;
    if (list_shows_all(list) || list->was == TRUTH_FALSE) return OC_OK;
    bool behind = list->offset == 0 && list->was == TRUTH_TRUE;
    return behind && list_compare(list, &list->after, others - 1) == ORDER_AFTER ? OC_OK : OC_MISS;
  }
  if (list->offset > 0 || (own == others && list->more)) return OC_MISS;
  if (own > 0 && list_compare(list, &list->after, own - 1) != ORDER_AFTER) return OC_MISS;
  return own < others && list_compare(list, &list->after, own) != ORDER_BEFORE ? OC_MISS : OC_OK;
}

static bool is_shown_twice(const struct list *list) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < list_size(list); i++) count += is_own(list, list_document(list, i));
  return count > 1;
}

static oc_status place(const struct list *list, struct membership *plan) {
  bool shown = list->own != NO_PLACE;
  uint32_t place, others = list_count_others(list);
  bool full = list->limit > 0 && others >= list->limit;
  if (list->more && !shown && !full) return OC_MISS;
  if (!list_find_place(list, &place)) return OC_MISS;
  bool behind = place == others && list->more;
  if (behind && shown) return OC_MISS;
  bool inside = !behind && (list->limit == 0 || place < list->limit);
  plan->moves = true;
  plan->place = inside ? place : NO_PLACE;
  plan->leaves_last = inside && !shown && full;
  return OC_OK;
}

static oc_status decide(struct join_list *join, struct membership *plan) {
  struct list *list = &join->list;
  bool shown = list->own != NO_PLACE, trash = shapes_at(list->page->shapes, list->named.shape)->trash;
  assert(join->join->replayed); /* others the entry depends on with all that happens (document.c) */
  if (trash && writes(list->operation, SLICE("deletedAt"))) return OC_MISS;
  list_know(list);
  judge(join);
  if (!may_move(join)) return stay(list);
  if (shows_null(list)) return OC_MISS;
  if (list->was == TRUTH_UNKNOWN || list->is == TRUTH_UNKNOWN || is_shown_twice(list)) return OC_MISS;
  if (shown && list->operation->type == OPERATION_CREATE) return OC_MISS;
  bool was = list->was == TRUTH_TRUE, is = list->is == TRUTH_TRUE;
  plan->count = is - was;
  if (!was && !is) return OC_OK;
  if (was && is && list_keeps_its_keys(list)) return stay(list);
  if (list->offset > 0) return OC_MISS;
  if (is && !shown && shows_trash(join)) return OC_MISS;
  if (is) return place(list, plan);
  plan->moves = true;
  plan->place = NO_PLACE;
  return list->more ? OC_MISS : OC_OK;
}

/* ---- All of them ---- */

enum pass { ENTERING, SHOWN };

/* A join that the document has entered: it is at its place, and not looked at again. */
struct entered {
  uint64_t parent;
  const struct shape_join *join;
  uint32_t level, reserved;
};

static struct entered entered_of(const struct join_list *join) {
  uint64_t parent = page_span(join->list.page, join->parent)->document;
  return (struct entered){.parent = parent, .join = join->join, .level = join->level};
}

static bool has_entered(const struct join_list *join, const oc_buffer_t *entered) {
  const struct entered *list = (const struct entered *)(const void *)entered->data, own = entered_of(join);
  for (size_t i = 0; i < entered->len / sizeof own; i++)
    if (list[i].parent == own.parent && list[i].join == own.join && list[i].level == own.level) return true;
  return false;
}

/* As the operation writes it: null for one that comes out of the trash; empty for none that goes in or comes out. */
static oc_slice_t written_deletion(const struct list *list) {
  oc_slice_t deleted;
  bool trash = shapes_at(list->page->shapes, list->named.shape)->trash;
  bool written = trash && json_member(operation_data(list->operation), SLICE("deletedAt"), &deleted);
  return written && list->operation->type == OPERATION_UPDATE ? deleted : (oc_slice_t){NULL, 0};
}

/* What goes into the trash leaves null behind, of which nothing tells what it stands for when it comes out again. */
static oc_status bin(struct join_list *join, bool *changed) {
  struct list *list = &join->list;
  if (list->own == NO_PLACE || json_is_null(written_deletion(list))) return OC_MISS;
  oc_slice_t shown = list_shown(list, list->own);
  size_t at = page_offset(list->page, shown);
  if (!json_is_object(shown)) return OC_MISS;
  oc_status status = copies_keep(list->page, at, shown.len);
  if (status == OC_OK) status = page_replace(list->page, at, shown.len, SLICE("null"));
  if (status == OC_OK) *changed = true;
  return status == OC_OK ? OC_REFUSED : status;
}

static oc_status guess(struct join_list *join, struct membership *plan, bool *changed) {
  if (written_deletion(&join->list).len > 0) return bin(join, changed);
  if (!may_move(join)) return OC_MISS;
  list_know(&join->list);
  if (join->list.own == NO_PLACE && shows_trash(join)) return OC_MISS;
  if (join->list.polymorphic) known_add(&join->list.after, join->relation_to, false);
  if (join->list.polymorphic) known_add(&join->list.before, join->relation_to, false);
  list_judge(&join->list);
  return list_guess(&join->list, plan);
}

static oc_status follow(struct join_list *join, enum pass pass, oc_buffer_t *entered, bool *changed) {
  struct list *list = &join->list;
  bool exact = list->mode == REPLAY_EXACT;
  oc_status status = read_join(join);
  bool shown = list->own != NO_PLACE;
  if (status == OC_OK && !exact && shown != (pass == SHOWN)) status = OC_REFUSED;
  if (status == OC_OK && shown && has_entered(join, entered)) status = OC_REFUSED;
  if (status == OC_OK) status = compile(join);
  struct membership plan = {.own = list->own, .place = list->own};
  if (status == OC_OK) status = exact ? decide(join, &plan) : guess(join, &plan, changed);
  if (status == OC_OK && (plan.moves || plan.count != 0)) {
    struct entered own = entered_of(join);
    status = carry_out(join, &plan);
    if (status == OC_OK && !exact && pass == ENTERING) status = buffer_append(entered, &own, sizeof own);
    *changed = true;
  }
  oc_buffer_free(&list->docs);
  oc_buffer_free(&join->block);
  return status == OC_REFUSED || (status == OC_MISS && !exact) ? OC_OK : status;
}

/* What is known of the document before anything of the page changes. */
struct sighting {
  oc_buffer_t seen;      /* of oc_slice_t: how it is shown; for a guess */
  oc_buffer_t bytes;     /* that they point into */
  oc_buffer_t unwritten; /* list.unwritten; for exactness */
  oc_buffer_t relation_to;
};

static oc_status see_in(const struct page *page, struct named named, oc_buffer_t *bytes, oc_buffer_t *seen) {
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < page_span_count(page) && status == OC_OK; i++) {
    const struct span *span = page_span(page, i);
    oc_slice_t document = page_slice(page, span);
    if (!page_shows(page, span, named)) continue;
    status = buffer_append(bytes, document.data, document.len);
    if (status == OC_OK) status = buffer_append(seen, &document, sizeof document);
  }
  return status;
}

/*
 * How the page, and the one that it may come into, show the document before anything of it changes. `bytes` is what the
 * slices point into.
 */
static oc_status see(const struct page *page, struct named named, oc_buffer_t *bytes, oc_buffer_t *seen) {
  oc_status status = see_in(page, named, bytes, seen);
  if (status == OC_OK && page->whole) status = see_in(page->whole, named, bytes, seen);
  oc_slice_t *list = (oc_slice_t *)(void *)seen->data;
  size_t at = 0;
  for (size_t i = 0; i < seen->len / sizeof *list; at += list[i++].len) list[i].data = bytes->data + at;
  return status;
}

static oc_status follow_in(struct page *page, const struct operation *operation, struct named named, uint32_t parent,
                           enum replay_mode mode, enum pass pass, const struct sighting *sighting, oc_buffer_t *entered,
                           bool *changed) {
  uint32_t count;
  const struct shape_join *joins = shapes_joins(page->shapes, page_span(page, parent)->shape, &count);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < count && status == OC_OK; i++) {
    if (!shapes_join_shows(page->shapes, joins + i, named.shape)) continue;
    struct join_list join = {.join = joins + i, .parent = parent};
    join.relation_to = (oc_slice_t){sighting->relation_to.data, sighting->relation_to.len};
    join.level = document_level_in(joins + i, page->query, page_span(page, parent)->level);
    join.list = (struct list){.page = page,
                              .query = page->query,
                              .operation = operation,
                              .named = named,
                              .collection = operation_collection(operation),
                              .mode = mode,
                              .own = NO_PLACE,
                              .polymorphic = joins[i].polymorphic,
                              .seen = mode == REPLAY_GUESS ? &sighting->seen : NULL,
                              .unwritten = {sighting->unwritten.data, sighting->unwritten.len}};
    status = follow(&join, pass, entered, changed);
  }
  return status;
}

/* What the operation says of the document and did not change. */
static oc_status put_unwritten(const struct operation *operation, oc_buffer_t *out) {
  struct json_walk walk = json_walk(operation_doc(operation));
  oc_slice_t name, value;
  if (operation->type != OPERATION_UPDATE || operation_doc(operation).len == 0) return OC_OK;
  oc_status status = buffer_append(out, "{", 1);
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    if (writes(operation, name)) continue;
    status = buffer_append(out, ",\"", out->len > 1 ? 2 : 0);
    if (status == OC_OK && out->len == 1) status = buffer_append(out, "\"", 1);
    if (status == OC_OK) status = buffer_append(out, name.data, name.len);
    if (status == OC_OK) status = buffer_append(out, "\":", 2);
    if (status == OC_OK) status = buffer_append(out, value.data, value.len);
  }
  return status == OC_OK ? buffer_append(out, "}", 1) : status;
}

oc_status joins_follow(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed) {
  struct named named = operation_named(operation, page->shapes);
  if (!page->query || !joins_show(page, named.shape)) return OC_OK;
  struct sighting sighting = {0};
  oc_buffer_t entered = {0};
  bool exact = mode == REPLAY_EXACT;
  oc_status status =
      exact ? put_unwritten(operation, &sighting.unwritten) : see(page, named, &sighting.bytes, &sighting.seen);
  if (status == OC_OK) status = buffer_print(&sighting.relation_to, "{\"relationTo\":");
  if (status == OC_OK) status = buffer_quote(&sighting.relation_to, operation_collection(operation));
  if (status == OC_OK) status = buffer_print(&sighting.relation_to, "}");
  for (enum pass pass = ENTERING; pass <= (exact ? ENTERING : SHOWN); pass++)
    for (uint32_t i = 0; i < page_span_count(page) && status == OC_OK; i++)
      status = follow_in(page, operation, named, i, mode, pass, &sighting, &entered, changed);
  oc_buffer_free(&sighting.bytes);
  oc_buffer_free(&sighting.seen);
  oc_buffer_free(&sighting.unwritten);
  oc_buffer_free(&sighting.relation_to);
  oc_buffer_free(&entered);
  return status;
}
