/*
 * query.c: from the description of a query to the questions that replay asks of it.
 *
 * Most operations change no member that where and sort look at, and so cannot have moved a document in or out, or to
 * another place: the names of those members are kept apart, and the collections that a path like customer.name reads on
 * its way. What decides on the other operations is in the block of where.h, which follows.
 */
#include "query.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

enum { PAYLOAD_DEFAULT_DEPTH = 2, DEPTH_MOST = 10, PAYLOAD_DEFAULT_LIMIT = 10, NUMBER_MOST = 1000000000 };

/* Names found so far, as NUL-terminated strings owned by the cJSON tree or the shapes. */
struct names {
  oc_buffer_t slices; /* of oc_slice_t */
};

struct compiler {
  const struct shapes *shapes;
  oc_slice_t collection, global, locale;
  oc_slice_t where, sort, joins; /* as they are written */
  bool leaves_trash;
  struct names filters, partials, selects, wides;
  oc_error_t *error;
};

static size_t names_count(const struct names *names) { return names->slices.len / sizeof(oc_slice_t); }

static oc_slice_t names_at(const struct names *names, size_t index) {
  oc_slice_t name;
  memcpy(&name, names->slices.data + index * sizeof name, sizeof name);
  return name;
}

static oc_status names_add(struct names *names, oc_slice_t name) {
  for (size_t i = 0; i < names_count(names); i++)
    if (slice_equal(names_at(names, i), name)) return OC_OK;
  return buffer_append(&names->slices, &name, sizeof name);
}

static oc_status wrong(struct compiler *compiler, const char *why) {
  return error_set(compiler->error, OC_ERR_QUERY, "query.%s", why);
}

/* Notes the collections that a dotted path reads after it left its own through a relation, or a join. */
static oc_status add_wides(struct compiler *compiler, oc_slice_t path) {
  const struct shape_node *node = shapes_root(compiler->shapes, shapes_find(compiler->shapes, compiler->collection));
  while (node) {
    const char *dot = memchr(path.data, '.', path.len);
    if (!dot) return OC_OK;
    oc_slice_t name = {path.data, (size_t)(dot - path.data)};
    path = (oc_slice_t){dot + 1, path.len - name.len - 1};
    node = shapes_member(compiler->shapes, node, name);
    const struct shape_node *docs = shapes_member(compiler->shapes, node, SLICE("docs"));
    if (shapes_join_of(compiler->shapes, docs)) node = docs;
    if (!node || !node->relation) continue;
    if (node->target < 0) return OC_OK; /* polymorphic: value and relationTo are the document's own */
    oc_status status = names_add(&compiler->wides, shapes_at(compiler->shapes, node->target)->collection);
    if (status != OC_OK) return status;
    node = shapes_root(compiler->shapes, node->target);
  }
  return OC_OK;
}

static oc_status add_path(struct compiler *compiler, oc_slice_t path) {
  const char *dot = memchr(path.data, '.', path.len);
  oc_slice_t first = {path.data, dot ? (size_t)(dot - path.data) : path.len};
  oc_status status = names_add(&compiler->filters, first);
  return status == OC_OK ? add_wides(compiler, path) : status;
}

static oc_status add_where(struct compiler *compiler, const cJSON *where) {
  if (!cJSON_IsObject(where)) return wrong(compiler, "where must be an object");
  const cJSON *item;
  cJSON_ArrayForEach(item, where) {
    bool combines = !strcmp(item->string, "and") || !strcmp(item->string, "or") || !strcmp(item->string, "AND") ||
                    !strcmp(item->string, "OR");
    oc_status status = OC_OK;
    if (combines && cJSON_IsArray(item)) {
      const cJSON *part;
      cJSON_ArrayForEach(part, item) {
        if (status == OC_OK) status = add_where(compiler, part);
      }
    } else {
      status = add_path(compiler, (oc_slice_t){item->string, strlen(item->string)});
    }
    if (status != OC_OK) return status;
  }
  return OC_OK;
}

/* "-createdAt", "a,-b", or an array of such. */
static oc_status add_sort(struct compiler *compiler, const cJSON *sort) {
  if (cJSON_IsArray(sort)) {
    const cJSON *item;
    cJSON_ArrayForEach(item, sort) {
      oc_status status = cJSON_IsString(item) ? add_sort(compiler, item) : wrong(compiler, "sort must hold strings");
      if (status != OC_OK) return status;
    }
    return OC_OK;
  }
  if (!cJSON_IsString(sort)) return wrong(compiler, "sort must be a string or an array of strings");
  for (const char *at = sort->valuestring; *at;) {
    size_t len = strcspn(at, ",");
    const char *next = at[len] ? at + len + 1 : at + len;
    while (len > 0 && (*at == '-' || *at == ' ')) at++, len--;
    if (len > 0) {
      oc_status status = add_path(compiler, (oc_slice_t){at, len});
      if (status != OC_OK) return status;
    }
    at = next;
  }
  return OC_OK;
}

static oc_status add_select(struct compiler *compiler, const cJSON *select, struct query *query) {
  if (!cJSON_IsObject(select)) return wrong(compiler, "select must be an object");
  const cJSON *item;
  oc_status status = OC_OK;
  cJSON_ArrayForEach(item, select) {
    oc_slice_t name = {item->string, strlen(item->string)};
    enum query_select kind = cJSON_IsTrue(item) ? SELECT_NAMED : cJSON_IsFalse(item) ? SELECT_OTHERS : SELECT_PARTS;
    query->select = (uint8_t)(query->select == SELECT_ALL || query->select == kind ? kind : SELECT_PARTS);
    status = names_add(&compiler->selects, name);
    if (status == OC_OK && cJSON_IsObject(item)) status = names_add(&compiler->partials, name);
    if (status != OC_OK) return status;
  }
  return OC_OK;
}

static oc_status read_type(struct compiler *compiler, const cJSON *type, struct query *query) {
  static const struct {
    const char *name;
    enum query_type type;
  } TYPES[] = {
      {"find", QUERY_FIND}, {"findByID", QUERY_FIND_BY_ID}, {"findGlobal", QUERY_FIND_GLOBAL}, {"count", QUERY_COUNT}};
  for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
    if (!cJSON_IsString(type) || strcmp(type->valuestring, TYPES[i].name)) continue;
    query->type = (uint16_t)TYPES[i].type;
    return OC_OK;
  }
  return wrong(compiler, "type must be 'find', 'findByID', 'findGlobal' or 'count'");
}

static oc_status read_depth(struct compiler *compiler, const cJSON *depth, struct query *query) {
  query->depth = PAYLOAD_DEFAULT_DEPTH;
  if (!depth || cJSON_IsNull(depth)) return OC_OK;
  if (!cJSON_IsNumber(depth) || depth->valuedouble < 0) return wrong(compiler, "depth must be a number, 0 or more");
  query->depth = depth->valuedouble > DEPTH_MOST ? DEPTH_MOST : (uint16_t)depth->valuedouble;
  return OC_OK;
}

static const cJSON *member_of(const cJSON *tree, const char *name) {
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(tree, name);
  return member && !cJSON_IsNull(member) ? member : NULL;
}

/* A count; REST has it as text. What is none says nothing, and Payload falls back to what it does without. */
static uint32_t read_count(const cJSON *member, uint32_t otherwise) {
  double number = member ? member->valuedouble : -1;
  if (member && cJSON_IsString(member) && *member->valuestring) {
    char *end;
    number = strtod(member->valuestring, &end);
    if (*end) return otherwise;
  } else if (!member || !cJSON_IsNumber(member)) {
    return otherwise;
  }
  return number >= 0 && number <= NUMBER_MOST ? (uint32_t)number : otherwise;
}

static void read_page(const cJSON *tree, struct query *query) {
  query->paginates = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(tree, "pagination"));
  query->limit = read_count(member_of(tree, "limit"), query->paginates ? PAYLOAD_DEFAULT_LIMIT : 0);
  query->page = read_count(member_of(tree, "page"), 1);
  if (query->limit == 0) query->paginates = 0;
  query->unstable = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "unstable")) ? 1 : 0;
  if (query->page == 0) query->page = 1;
}

/* The hash of some members of the description, and a number. */
static oc_status hash_members(const cJSON *tree, const char *const *names, size_t count, uint32_t number,
                              uint64_t *hash) {
  oc_buffer_t text = {0};
  oc_status status = buffer_print(&text, "%u", number);
  for (size_t i = 0; i < count && status == OC_OK; i++) {
    const cJSON *member = member_of(tree, names[i]);
    char *printed = member ? cJSON_PrintUnformatted(member) : NULL;
    if (member && !printed) status = OC_ERR_MEMORY;
    if (status == OC_OK) status = buffer_append(&text, ";", 1);
    if (status == OC_OK && printed) status = buffer_append(&text, printed, strlen(printed));
    cJSON_free(printed);
  }
  if (status == OC_OK) *hash = hash_text((struct hash_key){{0, 0}}, (oc_slice_t){text.data, text.len});
  oc_buffer_free(&text);
  return status;
}

static oc_status read_rendering(const cJSON *tree, struct query *query) {
  static const char *const NAMES[] = {"collection", "global", "select",         "draft", "joins",
                                      "populate",   "locale", "fallbackLocale", "scope"};
  enum { COUNT = sizeof NAMES / sizeof *NAMES, OF_THE_TOP = 3 };
  oc_status status = hash_members(tree, NAMES, COUNT, query->depth, &query->rendering);
  if (status == OC_OK) status = hash_members(tree, NAMES + COUNT - 1, 1, 0, &query->scope);
  if (status != OC_OK) return status;
  return hash_members(tree, NAMES + OF_THE_TOP, COUNT - OF_THE_TOP, 0, &query->populating);
}

static oc_status read_collection(struct compiler *compiler, const cJSON *tree, const struct query *query) {
  bool global = query->type == QUERY_FIND_GLOBAL;
  const cJSON *name = cJSON_GetObjectItemCaseSensitive(tree, global ? "global" : "collection");
  if (!cJSON_IsString(name) || !*name->valuestring)
    return wrong(compiler,
                 global ? "global must be the slug of a global" : "collection must be the slug of a collection");
  oc_slice_t slug = {name->valuestring, strlen(name->valuestring)};
  compiler->collection = global ? SLICE("global") : slug;
  if (global) compiler->global = slug;
  return OC_OK;
}

/* Without asking for them, nobody gets the documents in the trash of a collection that has one. */
static oc_status read_trash(struct compiler *compiler, const cJSON *tree) {
  int32_t shape = shapes_find(compiler->shapes, compiler->collection);
  compiler->leaves_trash = shape >= 0 && shapes_at(compiler->shapes, shape)->trash &&
                           !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "trash"));
  return compiler->leaves_trash ? names_add(&compiler->filters, SLICE("deletedAt")) : OC_OK;
}

/* A member as it is written. What is read of the tree and what of the text must be the same one. */
static oc_status find_text(struct compiler *compiler, const cJSON *tree, oc_slice_t text, const char *name,
                           oc_slice_t *member) {
  uint32_t given = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, tree) given += !strcmp(item->string, name);
  if (given == (json_member(text, (oc_slice_t){name, strlen(name)}, member) ? 1U : 0U)) return OC_OK;
  return error_set(compiler->error, OC_ERR_QUERY, "query.%s must be written once, and without escapes", name);
}

static oc_status read_all(struct compiler *compiler, const cJSON *tree, oc_slice_t text, struct query *query) {
  oc_status status = read_type(compiler, cJSON_GetObjectItemCaseSensitive(tree, "type"), query);
  if (status == OC_OK) status = read_collection(compiler, tree, query);
  const cJSON *where = member_of(tree, "where"), *sort = member_of(tree, "sort");
  const cJSON *select = member_of(tree, "select"), *locale = member_of(tree, "locale");
  if (status == OC_OK) status = read_depth(compiler, cJSON_GetObjectItemCaseSensitive(tree, "depth"), query);
  if (status == OC_OK && where) status = add_where(compiler, where);
  if (status == OC_OK && sort) status = add_sort(compiler, sort);
  if (status == OC_OK && select) status = add_select(compiler, select, query);
  if (status == OC_OK) status = read_trash(compiler, tree);
  if (status == OC_OK) status = read_rendering(tree, query);
  if (status != OC_OK) return status;
  read_page(tree, query);
  if (cJSON_IsString(locale)) compiler->locale = (oc_slice_t){locale->valuestring, strlen(locale->valuestring)};
  status = find_text(compiler, tree, text, "where", &compiler->where);
  if (status == OC_OK) status = find_text(compiler, tree, text, "sort", &compiler->sort);
  return status == OC_OK ? find_text(compiler, tree, text, "joins", &compiler->joins) : status;
}

static oc_status put_text(oc_buffer_t *out, size_t start, oc_slice_t text, struct query_name *name) {
  *name = (struct query_name){(uint32_t)(out->len - start), (uint32_t)text.len};
  return buffer_append(out, text.data, text.len);
}

/* Texts first, then the array of their places. */
static oc_status put_names(oc_buffer_t *out, size_t start, const struct names *names, uint32_t *at, uint32_t *count) {
  size_t total = names_count(names);
  struct names places = {0};
  oc_status status = OC_OK;
  for (size_t i = 0; i < total && status == OC_OK; i++) {
    struct query_name place;
    status = put_text(out, start, names_at(names, i), &place);
    if (status == OC_OK) status = buffer_append(&places.slices, &place, sizeof place);
  }
  static const char PADDING[4] = {0};
  if (status == OC_OK) status = buffer_append(out, PADDING, (4 - (out->len - start) % 4) % 4);
  *at = (uint32_t)(out->len - start);
  *count = (uint32_t)total;
  if (status == OC_OK) status = buffer_append(out, places.slices.data, places.slices.len);
  oc_buffer_free(&places.slices);
  return status;
}

/* The name of its document, and of its shape. */
static oc_status put_global(oc_buffer_t *out, size_t start, oc_slice_t slug, struct query_name *name) {
  struct query_name rest;
  oc_status status = put_text(out, start, SLICE("global:"), name);
  if (status == OC_OK) status = put_text(out, start, slug, &rest);
  if (status == OC_OK) name->len += rest.len;
  return status;
}

static oc_status put_query(const struct compiler *compiler, struct query *query, oc_buffer_t *out) {
  static const char PADDING[8] = {0};
  size_t start = out->len;
  oc_status status = buffer_append(out, query, sizeof *query);
  if (status == OC_OK) status = put_text(out, start, compiler->collection, &query->collection);
  if (status == OC_OK && compiler->global.len > 0) status = put_global(out, start, compiler->global, &query->global);
  if (status == OC_OK) status = put_text(out, start, compiler->locale, &query->locale);
  if (status == OC_OK) status = put_text(out, start, compiler->joins, &query->joins);
  if (status == OC_OK) status = put_names(out, start, &compiler->filters, &query->filters_at, &query->filter_count);
  if (status == OC_OK) status = put_names(out, start, &compiler->partials, &query->partials_at, &query->partial_count);
  if (status == OC_OK) status = put_names(out, start, &compiler->selects, &query->selects_at, &query->select_count);
  if (status == OC_OK) status = put_names(out, start, &compiler->wides, &query->wides_at, &query->wide_count);
  if (status == OC_OK) status = buffer_append(out, PADDING, (8 - (out->len - start) % 8) % 8);
  query->where_at = (uint32_t)(out->len - start);
  if (status == OC_OK) status = where_compile(compiler->where, compiler->sort, compiler->leaves_trash, out);
  if (status != OC_OK) return status;
  query->size = (uint32_t)(out->len - start);
  memcpy(out->data + start, query, sizeof *query);
  return OC_OK;
}

oc_status query_compile(oc_slice_t text, const struct shapes *shapes, uint32_t json_depth, oc_buffer_t *out,
                        oc_error_t *error) {
  oc_status status = json_validate(text, json_depth, "query", error);
  if (status != OC_OK) return status;
  cJSON *tree = cJSON_ParseWithLength(text.data, text.len);
  if (!tree) return error_set(error, OC_ERR_MEMORY, "no memory for the query");
  struct compiler compiler = {.shapes = shapes, .error = error};
  struct query query = {0};
  status = read_all(&compiler, tree, json_trim(text), &query);
  if (status == OC_OK) status = put_query(&compiler, &query, out);
  if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for the query");
  oc_buffer_free(&compiler.filters.slices);
  oc_buffer_free(&compiler.partials.slices);
  oc_buffer_free(&compiler.selects.slices);
  oc_buffer_free(&compiler.wides.slices);
  cJSON_Delete(tree);
  return status;
}

static oc_slice_t name_at(const struct query *query, uint32_t array_at, uint32_t index) {
  struct query_name name;
  memcpy(&name, (const char *)query + array_at + index * sizeof name, sizeof name);
  return query_text(query, name);
}

static bool has_name(const struct query *query, uint32_t array_at, uint32_t count, oc_slice_t wanted) {
  for (uint32_t i = 0; i < count; i++)
    if (slice_equal(name_at(query, array_at, i), wanted)) return true;
  return false;
}

oc_slice_t query_wide(const struct query *query, uint32_t index) { return name_at(query, query->wides_at, index); }

oc_slice_t query_filter(const struct query *query, uint32_t index) { return name_at(query, query->filters_at, index); }

bool query_filters(const struct query *query, oc_slice_t member) {
  return has_name(query, query->filters_at, query->filter_count, member);
}

bool query_selects_partly(const struct query *query, oc_slice_t member) {
  return has_name(query, query->partials_at, query->partial_count, member);
}

bool query_selects(const struct query *query, oc_slice_t member) {
  if (query->select == SELECT_ALL || slice_equal(member, SLICE("id"))) return true;
  return has_name(query, query->selects_at, query->select_count, member) == (query->select != SELECT_OTHERS);
}
