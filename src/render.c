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
  enum replay_mode mode;
  bool loose;                /* an id stays whose document is not known */
  const oc_buffer_t *others; /* of oc_slice_t: what a join shows; NULL: it is a document of the query's own */
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

bool render_shows_ids(bool polymorphic, oc_slice_t shown) {
  struct json_walk walk = json_walk(shown);
  oc_slice_t item;
  if (polymorphic && json_is_object(shown) && json_member(shown, SLICE("value"), &item)) shown = item;
  if (!json_is_array(shown)) return shown.len > 0 && !json_is_container(shown) && !json_is_null(shown);
  while (json_next_element(&walk, &item))
    if (render_shows_ids(polymorphic, item)) return true;
  return false;
}

/* Whether a relation to one document shows just that id. */
static bool shows_id(oc_slice_t shown, oc_slice_t id, oc_slice_t relation_to) {
  oc_slice_t to;
  if (relation_to.len > 0 && (!json_member(shown, SLICE("relationTo"), &to) || !slice_equal(to, relation_to) ||
                              !json_member(shown, SLICE("value"), &shown)))
    return false;
  return slice_equal(shown, id);
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

/* Copies are as of the read's version: what joins in them show, later operations that are still to come did, too. */
static const struct copy *usable(const struct copy *copy, enum replay_mode mode) {
  return copy && mode == REPLAY_EXACT && copy_has_joins(copy) ? NULL : copy;
}

/*
 * `relation_to`: the JSON string that says to what collection a polymorphic one leads; else empty. `level`: of what it
 * leads to.
 */
static oc_status put_related(struct renderer *renderer, oc_slice_t collection, oc_slice_t relation_to, oc_slice_t id,
                             oc_slice_t shown, uint32_t level) {
  const struct page *page = renderer->page;
  oc_slice_t found;
  if (json_is_null(id) || json_is_container(id)) return put(renderer, id);
  if (page->query && level > page->query->depth) return put(renderer, id);
  if (find_shown(shown, id, relation_to.len > 0, relation_to, &found)) return put(renderer, found);
  if (renderer->mode == REPLAY_GUESS && shows_id(shown, id, relation_to)) return put(renderer, id);
  oc_slice_t text = json_scalar_text(id);
  struct named named = {document_hash(collection, text), shapes_find(page->shapes, collection), text};
  const struct copy *copy = NULL;
  bool plain = !memchr(text.data, '\\', text.len);
  if (plain && find_in_page(page, named, level, &found)) return put(renderer, found);
  if (plain && page->query) copy = usable(copies_of_related(page->copies, named, page->query, level), renderer->mode);
  if (copy) return put(renderer, (oc_slice_t){copy->page.bytes.data, copy->page.bytes.len});
  bool stays = renderer->loose || (renderer->mode == REPLAY_GUESS && render_shows_ids(relation_to.len > 0, shown));
  return stays ? put(renderer, id) : OC_MISS;
}

static oc_status put_value(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                           oc_slice_t shown);

static oc_status put_relation(struct renderer *renderer, const struct shape_node *node, oc_slice_t value,
                              oc_slice_t shown) {
  const struct page *page = renderer->page;
  const struct shapes *shapes = page->shapes;
  const struct shape_join *join = page->query ? shapes_join_of(shapes, node) : NULL;
  uint32_t level = document_level_in(join, page->query, renderer->level);
  if (!node->polymorphic)
    return put_related(renderer, shapes_at(shapes, node->target)->collection, (oc_slice_t){NULL, 0}, value, shown,
                       level);
  oc_slice_t to, id;
  if (!json_member(value, SLICE("relationTo"), &to) || !json_member(value, SLICE("value"), &id))
    return put(renderer, value);
  oc_status status = put(renderer, SLICE("{\"relationTo\":"));
  if (status == OC_OK) status = put(renderer, to);
  if (status == OC_OK) status = put(renderer, SLICE(",\"value\":"));
  if (status == OC_OK) status = put_related(renderer, json_scalar_text(to), to, id, shown, level);
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
                       uint32_t level, enum replay_mode mode, oc_buffer_t *out) {
  struct renderer renderer = {.page = page, .level = level, .mode = mode, .out = out};
  return put_value(&renderer, node, value, shown);
}

/* ---- A whole document ---- */

/* Its neighbours in the answer show which members there are; the first will do, as they all come out of one query. */
static bool neighbour(const struct page *page, oc_slice_t *document) {
  if (page_span_count(page) == 0) return false;
  *document = page_slice(page, page_span(page, 0));
  return true;
}

/* For a guess, as there may be some among them that are only being created. */
static bool some_neighbour_has(const struct page *page, oc_slice_t name) {
  oc_slice_t ignored;
  for (uint32_t i = 0; i < page_span_count(page); i++)
    if (page_span(page, i)->level == 0 && json_member(page_slice(page, page_span(page, i)), name, &ignored))
      return true;
  return page_span_count(page) == 0;
}

/* In a join select has no say, and what populate leaves out is seen of the others. */
static bool some_other_has(const oc_buffer_t *others, oc_slice_t name) {
  const oc_slice_t *list = (const oc_slice_t *)(const void *)others->data;
  bool alone = true;
  for (size_t i = 0; i < others->len / sizeof *list; i++) {
    oc_slice_t ignored;
    if (!json_is_object(list[i])) continue;
    if (json_member(list[i], name, &ignored)) return true;
    alone = false;
  }
  return alone;
}

static bool is_shown(const struct renderer *renderer, const struct page *page, const struct shape_node *root,
                     oc_slice_t name, enum replay_mode mode) {
  const struct shape_node *node = shapes_member(page->shapes, root, name);
  if (node && node->hidden) return false;
  if (renderer->others) return mode == REPLAY_EXACT || some_other_has(renderer->others, name);
  return query_selects(page->query, name) && (mode == REPLAY_EXACT || some_neighbour_has(page, name));
}

static oc_status put_members(struct renderer *renderer, const struct page *page, const struct shape_node *root,
                             oc_slice_t source, enum replay_mode mode) {
  bool first = true;
  struct json_walk walk = json_walk(source);
  oc_slice_t name, value;
  oc_status status = OC_OK;
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    if (!is_shown(renderer, page, root, name, mode)) continue;
    status = put_name(renderer, name, first);
    first = false;
    if (status == OC_OK)
      status = put_value(renderer, shapes_member(page->shapes, root, name), value, (oc_slice_t){NULL, 0});
  }
  return status;
}

/* Appends `below` with the members of `above` put over its own; in groups likewise. */
static oc_status put_over(struct renderer *renderer, const struct shape_node *node, oc_slice_t below,
                          oc_slice_t above) {
  struct json_walk walk = json_walk(below), rest = json_walk(above);
  oc_slice_t name, value, next;
  bool first = true;
  oc_status status = put(renderer, SLICE("{"));
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    const struct shape_node *member = shapes_member(renderer->page->shapes, node, name);
    bool set = json_member(above, name, &next);
    bool merges = set && member && member->group && json_is_object(value) && json_is_object(next);
    status = put_name(renderer, name, first);
    first = false;
    if (status == OC_OK) status = merges ? put_over(renderer, member, value, next) : put(renderer, set ? next : value);
  }
  while (status == OC_OK && json_next_member(&rest, &name, &value)) {
    if (json_member(below, name, &next)) continue;
    status = put_name(renderer, name, first);
    first = false;
    if (status == OC_OK) status = put(renderer, value);
  }
  return status == OC_OK ? put(renderer, SLICE("}")) : status;
}

/* Of a create, what was sent, after the id: the rest is not known before the database has answered. */
static oc_status put_created(struct renderer *renderer, const struct shape_node *root,
                             const struct operation *operation) {
  oc_slice_t id;
  oc_buffer_t named = {0};
  if (!json_member(operation_text(operation), SLICE("id"), &id)) return OC_MISS;
  oc_status status = buffer_append(&named, "{\"id\":", 6);
  if (status == OC_OK) status = buffer_append(&named, id.data, id.len);
  if (status == OC_OK) status = buffer_append(&named, "}", 1);
  if (status == OC_OK)
    status = put_over(renderer, root, (oc_slice_t){named.data, named.len}, operation_data(operation));
  oc_buffer_free(&named);
  return status;
}

/*
 * The document after the operation, by what it and those before it say: the last that has it whole, or creates it, and
 * what came over that. OC_MISS when there is none. `laid`: the operation is one of those before.
 */
static oc_status put_written(struct renderer *renderer, const struct shape_node *root,
                             const struct operation *operation, bool laid) {
  oc_slice_t doc = operation_doc(operation);
  if (doc.len > 0) return put(renderer, doc);
  if (operation->type == OPERATION_CREATE) return put_created(renderer, root, operation);
  const struct operation *before = page_earlier(renderer->page, operation, laid ? operation : NULL);
  oc_buffer_t below = {0};
  struct renderer under = {.page = renderer->page, .out = &below};
  oc_status status = before ? put_written(&under, root, before, true) : OC_MISS;
  if (status == OC_OK)
    status = put_over(renderer, root, (oc_slice_t){below.data, below.len}, operation_data(operation));
  oc_buffer_free(&below);
  return status;
}

static bool is_being_created(const struct page *page, const struct operation *operation) {
  const struct operation *before = NULL;
  bool created = operation->type == OPERATION_CREATE;
  while (!created && (before = page_earlier(page, operation, before))) created = before->type == OPERATION_CREATE;
  return created;
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

/* A document at depth 0, as the page shows it. */
static oc_status put_document(struct renderer *renderer, struct page *page, const struct shape_node *root,
                              oc_slice_t document, enum replay_mode mode) {
  oc_status status = put(renderer, SLICE("{"));
  if (status == OC_OK) status = put_members(renderer, page, root, document, mode);
  return status == OC_OK ? put(renderer, SLICE("}")) : status;
}

bool render_may_fall_back(oc_slice_t value) {
  return json_is_null(value) || json_is_container(value) || slice_equal(value, SLICE("\"\""));
}

/* Whether a document in the operation's locale says what is shown of it in the page's. What it lacks may fall back. */
static bool is_in_locale(const struct page *page, const struct shape_node *root, const struct operation *operation,
                         bool joined) {
  bool same = slice_equal(operation_locale(operation), query_text(page->query, page->query->locale));
  oc_slice_t value;
  for (const struct shape_node *node = NULL; (node = shapes_next_member(page->shapes, root, node));) {
    if (!(joined || query_selects(page->query, node->name)) || !shapes_holds_localized(page->shapes, node)) continue;
    bool said = same && json_member(operation_doc(operation), node->name, &value);
    if (!said || render_may_fall_back(value)) return false;
  }
  return true;
}

static oc_status render_exactly(struct page *page, const struct shape_node *root, const struct operation *operation,
                                oc_buffer_t *out) {
  struct renderer renderer = {.page = page, .out = out};
  oc_slice_t doc = operation_doc(operation), like;
  size_t start = out->len;
  uint32_t joins;
  /* What it shows in joins, the operation does not say. */
  (void)shapes_joins(page->shapes, shapes_find(page->shapes, operation_collection(operation)), &joins);
  if (doc.len == 0 || joins > 0 || page->query->select == SELECT_PARTS) return OC_MISS;
  if (!is_in_locale(page, root, operation, false)) return OC_MISS;
  oc_status status = put_document(&renderer, page, root, doc, REPLAY_EXACT);
  if (status != OC_OK || !neighbour(page, &like)) return status;
  return has_same_members(like, (oc_slice_t){out->data + start, out->len - start}) ? OC_OK : OC_MISS;
}

static oc_status render_guess(struct renderer *renderer, struct page *page, const struct shape_node *root,
                              const struct operation *operation) {
  oc_buffer_t written = {0};
  struct renderer writer = {.page = page, .out = &written};
  renderer->loose = is_being_created(page, operation);
  oc_status status = put_written(&writer, root, operation, false);
  if (status == OC_OK)
    status = put_document(renderer, page, root, (oc_slice_t){written.data, written.len}, REPLAY_GUESS);
  oc_buffer_free(&written);
  return status;
}

oc_status render_document(struct page *page, const struct operation *operation, enum replay_mode mode,
                          oc_buffer_t *out) {
  struct named named = operation_named(operation, page->shapes);
  const struct copy *copy = usable(copies_of_top(page->copies, named, page->query), mode);
  const struct shape_node *root = shapes_root(page->shapes, shapes_find(page->shapes, query_collection(page->query)));
  /* A copy of a document that is only now created would be of one that had its id before. */
  if (copy && !(mode == REPLAY_EXACT && operation->type == OPERATION_CREATE))
    return buffer_append(out, copy->page.bytes.data, copy->page.bytes.len);
  if (mode == REPLAY_EXACT) return render_exactly(page, root, operation, out);
  struct renderer renderer = {.page = page, .mode = mode, .out = out};
  return render_guess(&renderer, page, root, operation);
}

/* Any document of its collection that is shown through a relation: populate takes the same members of all. */
static bool find_alike(const struct page *page, int32_t shape, oc_slice_t *found) {
  for (uint32_t i = 0; i < page_span_count(page); i++) {
    if (page_span(page, i)->level == 0 || page_span(page, i)->shape != shape) continue;
    *found = page_slice(page, page_span(page, i));
    return true;
  }
  return false;
}

static bool holds_rows(oc_slice_t value) {
  struct json_walk walk = json_walk(value);
  oc_slice_t item;
  while (json_is_array(value) && json_next_element(&walk, &item))
    if (json_is_container(item)) return true;
  return false;
}

/* Whether a document has what another that is shown like it has: of parts, too, populate may take a part. */
static bool is_alike(const struct shapes *shapes, const struct shape_node *node, oc_slice_t like, oc_slice_t own) {
  struct json_walk walk = json_walk(own);
  oc_slice_t name, value, other;
  if (!has_same_members(like, own)) return false;
  while (json_next_member(&walk, &name, &value)) {
    const struct shape_node *member = shapes_member(shapes, node, name);
    bool whole = member && (member->json || member->relation);
    if (whole || !json_is_container(value)) continue;
    (void)json_member(like, name, &other);
    if (json_is_array(value) ? holds_rows(value) : !json_is_object(other) || !is_alike(shapes, member, other, value))
      return false;
  }
  return true;
}

/* Without the documents in its relations, of which it is not known what this operation does to their joins. */
static oc_status render_joined_exactly(const struct page *page, struct named named, const struct operation *operation,
                                       struct renderer *renderer) {
  const struct shape_node *root = shapes_root(page->shapes, named.shape);
  oc_slice_t doc = operation_doc(operation), like;
  struct page bare = {.query = page->query, .shapes = page->shapes};
  size_t start = renderer->out->len;
  uint32_t joins;
  (void)shapes_joins(page->shapes, named.shape, &joins);
  if (doc.len == 0 || joins > 0 || !is_in_locale(page, root, operation, true)) return OC_MISS;
  if (!find_alike(page, named.shape, &like)) return OC_MISS;
  renderer->page = &bare;
  oc_status status = put_document(renderer, &bare, root, doc, REPLAY_EXACT);
  if (status != OC_OK) return status;
  oc_slice_t own = {renderer->out->data + start, renderer->out->len - start};
  return is_alike(page->shapes, root, like, own) ? OC_OK : OC_MISS;
}

oc_status render_joined(struct page *page, const struct operation *operation, uint32_t level, const oc_buffer_t *others,
                        enum replay_mode mode, oc_buffer_t *out) {
  struct named named = operation_named(operation, page->shapes);
  oc_slice_t found, id;
  if (level > page->query->depth) {
    if (!json_member(operation_text(operation), SLICE("id"), &id)) return OC_MISS;
    return buffer_append(out, id.data, id.len);
  }
  struct renderer renderer = {.page = page, .level = level, .mode = mode, .others = others, .out = out};
  if (mode == REPLAY_EXACT) return render_joined_exactly(page, named, operation, &renderer);
  const struct copy *copy = copies_of_related(page->copies, named, page->query, level);
  bool shown = !is_being_created(page, operation) && find_in_page(page, named, level, &found);
  if (shown) return buffer_append(out, found.data, found.len);
  if (copy) return buffer_append(out, copy->page.bytes.data, copy->page.bytes.len);
  return render_guess(&renderer, page, shapes_root(page->shapes, named.shape), operation);
}
