/*
 * replay.c: splicing what changed into a page.
 *
 * An operation is applied in three steps: what it does to the list is decided (membership.h), the changed members are
 * spliced into every place that shows the document, and then the document moves, comes or goes. Nothing else of the
 * page is looked at. For a guess, joins are lists, too (join.h).
 *
 * For each member that changed: find it in the document's bytes, decide by the rules below what it becomes, and put the
 * new bytes between what lies before and after. The rules, of Payload's update semantics (not RFC 7396), and when they
 * are exact. A member …
 *   - the document does not show: stays away. Exact only when it had it before (then it is deselected or hidden);
 *   - that is localized: is replaced in answers of the locale that it was changed in. What the others show depends on
 *     fallbacks, and so does what an emptied one shows;
 *   - that is a group: its members are merged, by the same rules;
 *   - that is a relation: the same id changes nothing. Another one is put in as the page shows relations, populated
 *     with a copy of the document out of another answer or out of the value it replaces. Without one it is not exact,
 *     and the overlay never turns a populated document into a bare id;
 *   - that has relations below it: likewise, as a whole;
 *   - that is only partly selected, or is an array or an object of a document shown through a relation (whose selection
 *     is not known here): replaced as a whole only where nothing can be lost;
 *   - else: is replaced.
 */
#include "replay.h"

#include <string.h>

#include "join.h"

struct splice {
  struct page *page;
  const struct operation *operation;
  enum replay_mode mode;
  uint32_t span;  /* index of the document's */
  bool populated; /* there are documents in it that have no spans yet */
  bool changed;
};

/* What to do where exactness cannot be had. */
static oc_status inexact(const struct splice *splice) { return splice->mode == REPLAY_EXACT ? OC_MISS : OC_OK; }

static oc_status replace(struct splice *splice, oc_slice_t old, oc_slice_t value) {
  if (slice_equal(old, value)) return OC_OK;
  splice->changed = true;
  return page_replace(splice->page, page_offset(splice->page, old), old.len, value);
}

static uint32_t level_of(const struct splice *splice) { return page_span(splice->page, splice->span)->level; }

static bool relations_are_populated(const struct splice *splice) {
  return !splice->page->query || level_of(splice) < splice->page->query->depth;
}

/* A value with relations in it. What it now names, the entry has to depend on. */
static oc_status merge_related(struct splice *splice, const struct shape_node *node, oc_slice_t old, oc_slice_t value) {
  bool exact = splice->mode == REPLAY_EXACT;
  if (exact && relations_are_populated(splice) && render_shows_ids(node->polymorphic, old)) return OC_MISS;
  oc_buffer_t rendered = {0};
  oc_status status = render_value(splice->page, node, value, old, level_of(splice), splice->mode, &rendered);
  oc_slice_t text = {rendered.data, rendered.len};
  if (status == OC_MISS) status = inexact(splice);
  else if (status == OC_OK && !slice_equal(old, text)) {
    splice->populated = splice->page->entered = true;
    if (!exact) status = copies_keep(splice->page, page_offset(splice->page, old), old.len);
    if (status == OC_OK) status = replace(splice, old, text);
  }
  oc_buffer_free(&rendered);
  return status;
}

static oc_status merge_member(struct splice *splice, const struct shape_node *parent, oc_slice_t object, bool top,
                              oc_slice_t name, oc_slice_t value, uint32_t presence);

/* Merges the members of `value` into the group whose bytes are `old`. */
static oc_status merge_group(struct splice *splice, const struct shape_node *node, oc_slice_t old, oc_slice_t value) {
  oc_status status = OC_OK;
  size_t at = page_offset(splice->page, old), len = old.len;
  struct json_walk walk = json_walk(value);
  oc_slice_t name, item;
  while (status == OC_OK && json_next_member(&walk, &name, &item)) {
    oc_slice_t object = {splice->page->bytes.data + at, len};
    size_t before = splice->page->bytes.len;
    status = merge_member(splice, node, object, false, name, item, PRESENCE_UNKNOWN);
    len = len + splice->page->bytes.len - before;
  }
  return status;
}

static bool may_be_partial(const struct splice *splice, bool top, oc_slice_t name) {
  if (level_of(splice) > 0) return splice->mode == REPLAY_EXACT;
  return top && splice->page->query && query_selects_partly(splice->page->query, name);
}

static bool is_in_locale(const struct splice *splice) {
  const struct query *query = splice->page->query;
  oc_slice_t asked = query ? query_text(query, query->locale) : (oc_slice_t){NULL, 0};
  return slice_equal(asked, operation_locale(splice->operation));
}

/*
 * A localized member: the place of the operation's locale in the answer; false when it shows another one. Where a value
 * is empty another locale's is shown, and when rows and groups are, the database decides.
 */
static bool find_localized(const struct splice *splice, oc_slice_t *old, oc_slice_t value) {
  const struct query *query = splice->page->query;
  oc_slice_t asked = query ? query_text(query, query->locale) : (oc_slice_t){NULL, 0};
  oc_slice_t locale = operation_locale(splice->operation);
  bool all = slice_equal(asked, SLICE("all")) || slice_equal(asked, SLICE("*"));
  if (all) return locale.len > 0 && !slice_equal(locale, SLICE("all")) && json_member(*old, locale, old);
  return is_in_locale(splice) && !(splice->mode == REPLAY_EXACT && render_may_fall_back(value));
}

static bool is_selected(const struct splice *splice, oc_slice_t name) {
  return level_of(splice) > 0 || !splice->page->query || query_selects(splice->page->query, name);
}

/* `object` holds the member, if anything does; `top`: it is the document itself. */
static oc_status merge_member(struct splice *splice, const struct shape_node *parent, oc_slice_t object, bool top,
                              oc_slice_t name, oc_slice_t value, uint32_t presence) {
  const struct shapes *shapes = splice->page->shapes;
  const struct shape_node *node = shapes_member(shapes, parent, name);
  oc_slice_t old;
  if (!json_member(object, name, &old)) {
    if (top && !is_selected(splice, name)) return OC_OK;
    /* It may be there with what another locale says. */
    bool elsewhere = shapes_holds_localized(shapes, node) && !is_in_locale(splice);
    return presence == PRESENCE_BEFORE && !elsewhere ? OC_OK : inexact(splice);
  }
  if (slice_equal(old, value)) return OC_OK;
  if (node && node->localized && !find_localized(splice, &old, value)) return inexact(splice);
  if (node && node->group && json_is_object(old) && json_is_object(value)) return merge_group(splice, node, old, value);
  /* As a whole it has values of every locale, of which an operation says one. */
  bool rows = node && !node->localized && shapes_holds_localized(shapes, node);
  if (rows && (splice->mode == REPLAY_EXACT || !is_in_locale(splice))) return inexact(splice);
  bool one = node && node->relation && !json_is_array(old) && !json_is_array(value);
  bool whole = json_is_container(old) || json_is_container(value);
  if (!one && whole && may_be_partial(splice, top, name)) return inexact(splice);
  if (shapes_holds_relation(shapes, node)) return merge_related(splice, node, old, value);
  /* Below an array, nothing tells whether this reader is shown what is hidden from others. */
  if (node && !node->hidden && shapes_holds_hidden(shapes, node)) return inexact(splice);
  return replace(splice, old, value);
}

/* The document that holds the span, or is its own. */
static uint32_t top_of(const struct page *page, uint32_t span) {
  while (span > 0 && page_span(page, span)->level > 0) span--;
  return span;
}

static oc_status merge_into_span(struct splice *splice) {
  const struct operation *operation = splice->operation;
  const struct operation_member *members = operation_members(operation);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < operation->member_count && status == OC_OK; i++) {
    const struct span *span = page_span(splice->page, splice->span);
    const struct shape_node *root = shapes_root(splice->page->shapes, span->shape);
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    oc_slice_t value = operation_slice(operation, members[i].value_at, members[i].value_len);
    if (slice_equal(name, SLICE("id"))) continue;
    status = merge_member(splice, root, page_slice(splice->page, span), true, name, value, members[i].presence);
  }
  if (status != OC_OK || !splice->populated) return status;
  splice->populated = false;
  return page_find_spans(splice->page, top_of(splice->page, splice->span));
}

/* ---- Documents in relations that are deleted ---- */

/* The bytes that show it in a relation: itself, or { relationTo, value }. */
static oc_slice_t shown_relation(const struct page *page, oc_slice_t document, oc_slice_t collection) {
  const char *start = document.data, *first = page->bytes.data;
  static const oc_slice_t BEFORE = {"{\"relationTo\":\"", 15}, BETWEEN = {"\",\"value\":", 10};
  size_t len = BEFORE.len + collection.len + BETWEEN.len;
  if ((size_t)(start - first) < len) return document;
  const char *at = start - len;
  if (memcmp(at, BEFORE.data, BEFORE.len) || memcmp(at + BEFORE.len, collection.data, collection.len) ||
      memcmp(start - BETWEEN.len, BETWEEN.data, BETWEEN.len) || document.data[document.len] != '}')
    return document;
  return (oc_slice_t){at, document.len + len + 1};
}

/* The guess: it is taken out of its array, or leaves null behind. The database may also refuse. */
static oc_status delete_related(struct splice *splice) {
  struct page *page = splice->page;
  const struct span *span = page_span(page, splice->span);
  oc_slice_t shown = shown_relation(page, page_slice(page, span), operation_collection(splice->operation));
  size_t at = page_offset(page, shown);
  splice->changed = true;
  oc_status status = copies_keep(page, at, shown.len);
  if (status != OC_OK) return status;
  char before = at > 0 ? page->bytes.data[at - 1] : ':', after = page->bytes.data[at + shown.len];
  if (before == ':') return page_replace(page, at, shown.len, SLICE("null"));
  if (after == ',') return page_replace(page, at, shown.len + 1, (oc_slice_t){NULL, 0});
  if (before == ',') return page_replace(page, at - 1, shown.len + 1, (oc_slice_t){NULL, 0});
  return page_replace(page, at, shown.len, (oc_slice_t){NULL, 0});
}

/* ---- One operation ---- */

static oc_status merge_everywhere(struct splice *splice) {
  const struct operation *operation = splice->operation;
  struct named named = operation_named(operation, splice->page->shapes);
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < page_span_count(splice->page) && status == OC_OK; i++) {
    const struct span *span = page_span(splice->page, i);
    if (!page_shows(splice->page, span, named)) continue;
    splice->span = i;
    if (operation->type == OPERATION_UPDATE) status = merge_into_span(splice);
    if (operation->type != OPERATION_DELETE || (span->level == 0 && !splice->page->fragment)) continue;
    if (splice->mode == REPLAY_EXACT) return OC_MISS; /* what becomes of the reference, the database decides */
    if (i == 0) splice->page->spans.len = 0;          /* a copy of it, which is of no use any more */
    else status = delete_related(splice);
    i--;
  }
  return status;
}

/* Merges into the document of a span, and where that one shows it again. */
static oc_status merge_within(struct splice *splice, uint32_t top) {
  const struct page *page = splice->page;
  struct named named = operation_named(splice->operation, page->shapes);
  oc_status status = OC_OK;
  for (uint32_t i = top; i < page_span_count(page) && status == OC_OK; i++) {
    const struct span *outer = page_span(page, top), *span = page_span(page, i);
    if (span->start >= outer->start + outer->len) break;
    if (!page_shows(page, span, named)) continue;
    splice->span = i;
    status = merge_into_span(splice);
  }
  return status;
}

/* The bytes of a document that comes in, and the spans in it. Without bytes it cannot be shown. */
static oc_status render(struct splice *splice, oc_buffer_t *bytes, struct documents *documents) {
  struct page *page = splice->page;
  oc_status status = render_document(page, splice->operation, splice->mode, bytes);
  if (status != OC_OK) bytes->len = 0;
  if (status == OC_MISS) return inexact(splice);
  if (status != OC_OK) return status;
  return documents_find_in((oc_slice_t){bytes->data, bytes->len}, page->query, page->shapes, -1, 0, documents);
}

/* What it knows, from `first` on, of documents that may come in goes along with what comes over them. */
static oc_status for_copies(const struct page *page, const struct operation *operation, uint32_t first,
                            oc_status (*step)(struct page *copy, const struct operation *operation, bool *changed)) {
  bool ignored = false;
  oc_status status = OC_OK;
  for (uint32_t i = first; i < copies_count(page->copies) && status == OC_OK; i++) {
    struct page *copy = &copies_at(page->copies, i)->page;
    copy->copies = page->copies;
    copy->earlier = page->earlier;
    copy->whole = page;
    status = step(copy, operation, &ignored);
    copy->earlier = (oc_buffer_t){0};
    copy->whole = NULL;
  }
  return status;
}

static oc_status follow_in_copy(struct page *copy, const struct operation *operation, bool *changed) {
  return joins_follow(copy, operation, REPLAY_GUESS, changed);
}

static oc_status follow_in_joins(struct splice *splice) {
  struct page *page = splice->page;
  bool exact = splice->mode == REPLAY_EXACT;
  if (!exact && page->fragment) return OC_OK; /* that was done for all copies before */
  uint32_t known = copies_count(page->copies);
  oc_status status = joins_follow(page, splice->operation, splice->mode, &splice->changed);
  /* What left a join meanwhile is as it was before the operation, more or less. */
  return status == OC_OK && !exact ? for_copies(page, splice->operation, known, follow_in_copy) : status;
}

static oc_status apply(struct splice *splice) {
  struct page *page = splice->page;
  struct membership plan;
  oc_buffer_t bytes = {0};
  struct documents documents = {0};
  uint32_t place;
  oc_status status = membership_plan(page, splice->operation, splice->mode, &plan);
  if (status == OC_MISS) {
    plan = (struct membership){.own = NO_PLACE, .place = NO_PLACE};
    status = inexact(splice);
  }
  if (status == OC_OK) status = follow_in_joins(splice);
  if (status == OC_OK && plan.own == NO_PLACE && plan.place != NO_PLACE) status = render(splice, &bytes, &documents);
  if (status == OC_OK) status = merge_everywhere(splice);
  if (status == OC_OK && (plan.moves || plan.count != 0)) {
    splice->changed = true;
    page->entered |= bytes.len > 0;
    status = membership_carry_out(page, &plan, (oc_slice_t){bytes.data, bytes.len},
                                  (const struct span *)(void *)documents.spans.data, documents_span_count(&documents),
                                  &place);
    /* A copy is as it was before the operation. */
    if (status == OC_OK && bytes.len > 0 && place != NO_PLACE && splice->mode == REPLAY_GUESS)
      status = merge_within(splice, place);
  }
  documents_free(&documents);
  oc_buffer_free(&bytes);
  return status;
}

static oc_status apply_to_copy(struct page *copy, const struct operation *operation, bool *changed) {
  return replay_apply(copy, operation, REPLAY_GUESS, changed);
}

static bool is_known(const struct operation *operation) {
  if (!operation->document || operation->repeated) return false;
  return operation->type == OPERATION_CREATE || operation->type == OPERATION_DELETE ||
         (operation->type == OPERATION_UPDATE && operation->has_data);
}

/* A document of which nothing is known yet but its id is not shown: a reader could do nothing with it. */
static bool is_blank(const struct operation *operation) {
  return operation->type == OPERATION_CREATE && !operation->has_data && operation_doc(operation).len == 0;
}

static bool is_opaque(const struct page *page, const struct operation *operation) {
  return shapes_opaque(page->shapes, operation_named(operation, page->shapes).shape);
}

oc_status replay_apply(struct page *page, const struct operation *operation, enum replay_mode mode, bool *changed) {
  struct splice splice = {.page = page, .operation = operation, .mode = mode};
  if (!is_known(operation) || (mode == REPLAY_EXACT && is_opaque(page, operation))) return inexact(&splice);
  if (mode == REPLAY_GUESS && is_blank(operation)) return OC_OK;
  bool guesses = mode == REPLAY_GUESS && !page->fragment;
  /* Of parents, copies come in as they are after the operation. */
  oc_status status = guesses ? for_copies(page, operation, 0, follow_in_copy) : OC_OK;
  if (status == OC_OK) status = apply(&splice);
  if (status == OC_OK && splice.changed) *changed = true;
  if (status != OC_OK || !guesses) return status;
  status = for_copies(page, operation, 0, apply_to_copy);
  return status == OC_OK ? buffer_append(&page->earlier, &operation, sizeof operation) : status;
}
