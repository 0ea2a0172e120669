/*
 * render.c: from a document at depth 0 to what an answer shows.
 *
 * A read at depth 0 has everything that a read at any depth has but for the documents in its relations, and what
 * `select` leaves out and what is hidden can be left out here as well. The documents in relations have to be known
 * from elsewhere: from the value that is replaced, or from other answers (copy.h).
 */
#include "render.h"

#include <string.h>

struct named operation_named(const struct operation *operation, const struct shapes *shapes) {
  oc_slice_t name = operation_collection(operation);
  if (slice_equal(name, SLICE("global"))) name = operation_document_tag(operation);
  return (struct named){operation->document, shapes_find(shapes, name), operation_id(operation)};
}

struct renderer {
  const struct page *page;
  uint32_t level;
  bool loose;
  oc_buffer_t *out;
};

static oc_status put(struct renderer *renderer, oc_slice_t text) {
  return buffer_append(renderer->out, text.data, text.len);
}

static oc_status put_name(struct renderer *renderer, oc_slice_t name, bool first) {
  oc_status status = first ? OC_OK : put(renderer, SLICE(","));
  if (status == OC_OK) status = put(renderer, SLICE("\""));
  if (status == OC_OK) status = put(renderer, name);
  return status == OC_OK ? put(renderer, SLICE("\":")) : status;
}

static bool has_id(oc_slice_t document, oc_slice_t id) {
  oc_slice_t own;
  return json_is_object(document) && json_member(document, SLICE("id"), &own) && slice_equal(own, id);
}

/* The document of that id in what a relation shows: one, or an array of them, polymorphic or not. */
static bool find_shown(oc_slice_t shown, oc_slice_t id, bool polymorphic, oc_slice_t relation_to, oc_slice_t *found) {
  struct json_walk walk = json_walk(shown);
  oc_slice_t item, to;
  if (json_is_array(shown)) {
    while (json_next_element(&walk, &item))
      if (find_shown(item, id, polymorphic, relation_to, found)) return true;
    return false;
  }
  if (polymorphic && (!json_member(shown, SLICE("relationTo"), &to) || !slice_equal(to, relation_to) ||
                      !json_member(shown, SLICE("value"), &shown)))
    return false;
  if (!has_id(shown, id)) return false;
  *found = shown;
  return true;
}

/* The document in another relation of the page, as many levels deep. */
static bool find_in_page(const struct page *page, struct named named, uint32_t level, oc_slice_t *found) {
  for (uint32_t i = 0; i < page_span_count(page); i++) {
    const struct span *span = page_span(page, i);
    if (span->level != level || !page_shows(page, span, named)) continue;
    *found = page_slice(page, span);
    return true;
  }
  return false;
}

/* `relation_to`: the JSON string that says to what collection a polymorphic one leads; else empty. */
static oc_status put_related(struct renderer *renderer, oc_slice_t collection, oc_slice_t relation_to, oc_slice_t id,
                             oc_slice_t shown) {
  const struct page *page = renderer->page;
  oc_slice_t found;
  if (json_is_null(id) || json_is_container(id)) return put(renderer, id);
  if (page->query && renderer->level >= page->query->depth) return put(renderer, id);
  if (find_shown(shown, id, relation_to.len > 0, relation_to, &found)) return put(renderer, found);
  oc_slice_t text = json_scalar_text(id);
  struct named named = {document_hash(collection, text), shapes_find(page->shapes, collection), text};
  const struct copy *copy = NULL;
  bool plain = !memchr(text.data, '\\', text.len);
  if (plain && find_in_page(page, named, renderer->level + 1, &found)) return put(renderer, found);
  if (plain && page->query) copy = copies_of_related(page->copies, named, page->query, renderer->level + 1);
  if (copy) return put(renderer, (oc_slice_t){copy->page.bytes.data, copy->page.bytes.len});
  return renderer->loose ? put(renderer, id) : OC_MISS;
}

static oc_status put_value(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                           oc_slice_t shown);

static oc_status put_relation(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                              oc_slice_t shown) {
  const struct shapes *shapes = renderer->page->shapes;
  if (!node->polymorphic)
    return put_related(renderer, shapes_at(shapes, node->target)->collection, (oc_slice_t){NULL, 0}, value, shown);
  oc_slice_t to, id;
  if (!json_member(value, SLICE("relationTo"), &to) || !json_member(value, SLICE("value"), &id))
    return put(renderer, value);
  oc_status status = put(renderer, SLICE("{\"relationTo\":"));
  if (status == OC_OK) status = put(renderer, to);
  if (status == OC_OK) status = put(renderer, SLICE(",\"value\":"));
  if (status == OC_OK) status = put_related(renderer, json_scalar_text(to), to, id, shown);
  return status == OC_OK ? put(renderer, SLICE("}")) : status;
}

/* The row of the same id, or else nothing: rows move. */
static oc_slice_t row_like(oc_slice_t shown, oc_slice_t row) {
  struct json_walk walk = json_walk(shown);
  oc_slice_t id, item;
  if (json_is_array(shown) && json_is_object(row) && json_member(row, SLICE("id"), &id))
    while (json_next_element(&walk, &item))
      if (has_id(item, id)) return item;
  return (oc_slice_t){NULL, 0};
}

static oc_status put_array(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                           oc_slice_t shown) {
  struct json_walk walk = json_walk(value);
  oc_slice_t item;
  bool first = true;
  oc_status status = put(renderer, SLICE("["));
  while (status == OC_OK && json_next_element(&walk, &item)) {
    if (!first) status = put(renderer, SLICE(","));
    first = false;
    if (status == OC_OK) status = put_value(renderer, node, item, node->relation ? shown : row_like(shown, item));
  }
  return status == OC_OK ? put(renderer, SLICE("]")) : status;
}

static oc_status put_object(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                            oc_slice_t shown) {
  struct json_walk walk = json_walk(value);
  oc_slice_t name, item, inner;
  bool first = true;
  oc_status status = put(renderer, SLICE("{"));
  while (status == OC_OK && json_next_member(&walk, &name, &item)) {
    const struct shape_node *member = shapes_member(renderer->page->shapes, node, name);
    if (member && member->hidden) continue;
    if (!json_member(shown, name, &inner)) inner = (oc_slice_t){NULL, 0};
    status = put_name(renderer, name, first);
    first = false;
    if (status == OC_OK) status = put_value(renderer, member, item, inner);
  }
  return status == OC_OK ? put(renderer, SLICE("}")) : status;
}

static oc_status put_value(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                           oc_slice_t shown) {
  const struct shapes *shapes = renderer->page->shapes;
  if (!shapes_holds_relation(shapes, node) && !shapes_holds_hidden(shapes, node)) return put(renderer, value);
  if (json_is_array(value)) return put_array(renderer, node, value, shown);
  if (node->relation) return put_relation(renderer, node, value, shown);
  return json_is_object(value) ? put_object(renderer, node, value, shown) : put(renderer, value);
}

oc_status render_value(const struct page *page, const struct shape_node *node, oc_slice_t value, oc_slice_t shown,
                       uint32_t level, bool loose, oc_buffer_t *out) {
  struct renderer renderer = {.page = page, .level = level, .loose = loose, .out = out};
  return put_value(&renderer, node, value, shown);
}

/* ---- A whole document ---- */

/* Its neighbours in the answer show which members there are; the first will do, as they all come out of one query. */
static bool neighbour(struct page *page, oc_slice_t *document) {
  if (page_span_count(page) == 0) return false;
  *document = page_slice(page, page_span(page, 0));
  return true;
}

static bool is_shown(struct page *page, const struct shape_node *root, oc_slice_t name, enum replay_mode mode) {
  const struct shape_node *node = shapes_member(page->shapes, root, name);
  oc_slice_t like, ignored;
  if ((node && node->hidden) || !query_selects(page->query, name)) return false;
  return mode == REPLAY_EXACT || !neighbour(page, &like) || json_member(like, name, &ignored);
}

static oc_status put_members(struct renderer *renderer, struct page *page, const struct shape_node *root,
                             oc_slice_t source, enum replay_mode mode, bool has_id_already) {
  bool first = !has_id_already;
  struct json_walk walk = json_walk(source);
  oc_slice_t name, value;
  oc_status status = OC_OK;
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    if (!is_shown(page, root, name, mode) || (has_id_already && slice_equal(name, SLICE("id")))) continue;
    status = put_name(renderer, name, first);
    first = false;
    if (status == OC_OK)
      status = put_value(renderer, shapes_member(page->shapes, root, name), value, (oc_slice_t){NULL, 0});
  }
  return status;
}

/* Of a create, what was sent, after the id: the rest is not known before the database has answered. */
static oc_status put_id(struct renderer *renderer, const struct operation *operation) {
  oc_slice_t text = operation_slice(operation, operation->text_at, operation->text_len), id;
  if (!json_member(text, SLICE("id"), &id)) return OC_MISS;
  oc_status status = put(renderer, SLICE("\"id\":"));
  return status == OC_OK ? put(renderer, id) : status;
}

static bool has_same_members(oc_slice_t a, oc_slice_t b) {
  struct json_walk walk = json_walk(a), other = json_walk(b);
  oc_slice_t name, other_name, ignored;
  for (;;) {
    bool more = json_next_member(&walk, &name, &ignored);
    if (more != json_next_member(&other, &other_name, &ignored)) return false;
    if (!more) return true;
    if (!slice_equal(name, other_name)) return false;
  }
}

oc_status render_document(struct page *page, const struct operation *operation, enum replay_mode mode,
                          oc_buffer_t *out) {
  const struct query *query = page->query;
  oc_slice_t doc = operation_doc(operation), like;
  const struct copy *copy = copies_of_top(page->copies, operation_named(operation, page->shapes), query);
  /* A copy of a document that is only now created would be of one that had its id before. */
  if (copy && !(mode == REPLAY_EXACT && operation->type == OPERATION_CREATE))
    return buffer_append(out, copy->page.bytes.data, copy->page.bytes.len);
  bool created = operation->type == OPERATION_CREATE && mode == REPLAY_GUESS, sent = doc.len == 0;
  if (sent && !created) return OC_MISS;
  if (mode == REPLAY_EXACT && query->select == SELECT_PARTS) return OC_MISS;
  struct renderer renderer = {.page = page, .loose = created, .out = out};
  const struct shape_node *root = shapes_root(page->shapes, shapes_find(page->shapes, query_collection(query)));
  size_t start = out->len;
  oc_status status = put(&renderer, SLICE("{"));
  if (status == OC_OK && sent) status = put_id(&renderer, operation);
  if (status == OC_OK) status = put_members(&renderer, page, root, sent ? operation_data(operation) : doc, mode, sent);
  if (status == OC_OK) status = put(&renderer, SLICE("}"));
  if (status != OC_OK || mode == REPLAY_GUESS || !neighbour(page, &like)) return status;
  return has_same_members(like, (oc_slice_t){out->data + start, out->len - start}) ? OC_OK : OC_MISS;
}
