/*
 * join.c: lists that lie in documents.
 *
 *   {"id":1,"name":"…","books":{"docs":[{"id":4,…},{"id":2,…}],"hasNextPage":false}}
 *    └ the parent               └ the list of all books whose `on` points at it; deeper down of their ids
 *
 * Documents that enter come first, while what other joins of the page show of them is still there; then those that were
 * shown leave, or move. Both go from a parent to the documents in it, so that parents that come in are looked at, too.
 *
 * Nothing of this is ever exact: an answer depends on whatever happens in a joined collection (document.c).
 */
#include "join.h"

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
  oc_buffer_t block; /* struct where */
  uint32_t number;   /* of the page */
};

bool joins_show(const struct page *page, int32_t shape) {
  if (!shapes_joined(page->shapes, shape)) return false;
  for (uint32_t i = 0; i < page_span_count(page); i++) {
    uint32_t count;
    const struct shape_join *joins = shapes_joins(page->shapes, page_span(page, i)->shape, &count);
    for (uint32_t j = 0; j < count; j++)
      if (joins[j].target == shape) return true;
  }
  return false;
}

/* ---- Reading ---- */

static bool member_at(oc_slice_t value, oc_slice_t path, oc_slice_t *found) {
  const char *at = path.data, *end = at + path.len;
  while (at < end) {
    const char *dot = memchr(at, '.', (size_t)(end - at));
    oc_slice_t name = {at, (size_t)((dot ? dot : end) - at)};
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

static bool is_own(oc_slice_t document, struct named named) {
  oc_slice_t id = document;
  if (json_is_object(document) && !json_member(document, SLICE("id"), &id)) return false;
  return !json_is_container(id) && json_decodes_to(json_scalar_text(id), named.id);
}

static oc_status read_documents(struct list *list, oc_slice_t docs) {
  struct json_walk walk = json_walk(docs);
  oc_slice_t document;
  oc_status status = OC_OK;
  while (status == OC_OK && json_next_element(&walk, &document)) {
    if (list->own == NO_PLACE && is_own(document, list->named)) list->own = list_size(list);
    status = buffer_append(&list->docs, &document, sizeof document);
  }
  return status;
}

/* OC_MISS: the parent does not show the join. */
static oc_status read_join(struct join_list *join) {
  struct list *list = &join->list;
  const struct page *page = list->page;
  const struct span *parent = page_span(page, join->parent);
  oc_slice_t docs, more;
  if (!member_at(page_slice(page, parent), join->join->path, &join->value) || !json_is_object(join->value) ||
      !json_member(join->value, SLICE("docs"), &docs) || !json_is_array(docs))
    return OC_MISS;
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
  const struct shape *target = shapes_at(join->list.page->shapes, join->join->target);
  if (operation->type != OPERATION_UPDATE || writes(operation, first_of(join->join->on))) return true;
  for (uint32_t i = 0; i < operation->member_count; i++) {
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    if (asks_for(join->join->where, name) || asks_for(asked_of(join, SLICE("where")), name)) return true;
    if (where_sorts_by(join->list.where, name) || (target->trash && slice_equal(name, SLICE("deletedAt")))) return true;
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
  const struct shape_node *node = shapes_path(shapes, shapes_root(shapes, join->join->target), join->join->on);
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
 * What a join asks of its documents, and in which order they are. One that it shows points at the parent, which need
 * not be seen of it: as long as the relation is not written, only the rest is asked.
 */
static oc_status compile(struct join_list *join) {
  struct list *list = &join->list;
  bool stays = list->own != NO_PLACE && !writes(list->operation, first_of(join->join->on));
  oc_buffer_t conditions = {0}, text = {0};
  bool trash = shapes_at(list->page->shapes, join->join->target)->trash;
  oc_status status = buffer_append(&conditions, "[", 1);
  if (status == OC_OK && !stays) status = put_relation(join, &conditions);
  if (status == OC_OK) status = put_condition(&conditions, join->join->where);
  if (status == OC_OK) status = put_condition(&conditions, asked_of(join, SLICE("where")));
  if (status == OC_OK) status = buffer_print(&text, "{\"and\":");
  if (status == OC_OK) status = buffer_append(&text, conditions.data, conditions.len);
  if (status == OC_OK) status = buffer_print(&text, "]}");
  if (status == OC_OK) status = where_compile((oc_slice_t){text.data, text.len}, join->sort, trash, &join->block);
  list->where = (const struct where *)(const void *)join->block.data;
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

static oc_status enter(struct join_list *join, const struct membership *plan) {
  oc_buffer_t document = {0};
  const struct list *list = &join->list;
  oc_status status = render_joined(list->page, list->operation, join->level, &list->docs, &document);
  if (status == OC_OK && plan->leaves_last) status = take_out(join, list_size(list) - 1);
  if (status == OC_OK) status = put_in(join, plan->place, (oc_slice_t){document.data, document.len});
  oc_buffer_free(&document);
  return status == OC_MISS ? OC_OK : status;
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

static oc_status follow(struct join_list *join, enum pass pass, oc_buffer_t *entered, bool *changed) {
  struct list *list = &join->list;
  oc_status status = read_join(join);
  bool shown = list->own != NO_PLACE;
  if (status == OC_OK && shown != (pass == SHOWN)) status = OC_MISS;
  if (status == OC_OK && shown && has_entered(join, entered)) status = OC_MISS;
  if (status == OC_OK) status = compile(join);
  if (status == OC_OK && !may_move(join)) status = OC_MISS;
  struct membership plan = {.own = list->own, .place = list->own};
  if (status == OC_OK) {
    list_know(list);
    list_judge(list);
    status = list_guess(list, &plan);
  }
  if (status == OC_OK && (plan.moves || plan.count != 0)) {
    struct entered own = entered_of(join);
    status = carry_out(join, &plan);
    if (status == OC_OK && pass == ENTERING) status = buffer_append(entered, &own, sizeof own);
    *changed = true;
  }
  oc_buffer_free(&list->docs);
  oc_buffer_free(&join->block);
  return status == OC_MISS ? OC_OK : status;
}

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
                           enum pass pass, const oc_buffer_t *seen, oc_buffer_t *entered, bool *changed) {
  uint32_t count;
  const struct shape_join *joins = shapes_joins(page->shapes, page_span(page, parent)->shape, &count);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < count && status == OC_OK; i++) {
    if (joins[i].target != named.shape) continue;
    struct join_list join = {.join = joins + i, .parent = parent};
    join.level = document_level_in(joins + i, page->query, page_span(page, parent)->level);
    join.list = (struct list){.page = page,
                              .query = page->query,
                              .operation = operation,
                              .named = named,
                              .collection = operation_collection(operation),
                              .mode = REPLAY_GUESS,
                              .own = NO_PLACE,
                              .seen = seen};
    status = follow(&join, pass, entered, changed);
  }
  return status;
}

oc_status joins_follow(struct page *page, const struct operation *operation, bool *changed) {
  struct named named = operation_named(operation, page->shapes);
  if (!page->query || !joins_show(page, named.shape)) return OC_OK;
  oc_buffer_t bytes = {0}, seen = {0}, entered = {0};
  oc_status status = see(page, named, &bytes, &seen);
  for (enum pass pass = ENTERING; pass <= SHOWN; pass++)
    for (uint32_t i = 0; i < page_span_count(page) && status == OC_OK; i++)
      status = follow_in(page, operation, named, i, pass, &seen, &entered, changed);
  oc_buffer_free(&bytes);
  oc_buffer_free(&seen);
  oc_buffer_free(&entered);
  return status;
}
