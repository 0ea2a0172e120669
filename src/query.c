/*
 * query.c: from the description of a query to the questions that replay asks of it.
 *
 * Replay does not evaluate where and sort; it only needs to know that an operation cannot have moved a document in or
 * out, or to another place. That holds when the operation changed no member that they look at, so all that is kept
 * of them are the names of those members, and the collections that a path like customer.name reads on its way.
 */
#include "query.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { PAYLOAD_DEFAULT_DEPTH = 2, DEPTH_MOST = 10 };

/* Names found so far, as NUL-terminated strings owned by the cJSON tree or the shapes. */
struct names {
  oc_buffer_t slices; /* of oc_slice_t */
};

struct compiler {
  const struct shapes *shapes;
  oc_slice_t collection;
  struct names filters, partials, wides;
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

/* Notes the collections that a dotted path reads after it left its own through a relation. */
static oc_status add_wides(struct compiler *compiler, oc_slice_t path) {
  const struct shape_node *node = shapes_root(compiler->shapes, shapes_find(compiler->shapes, compiler->collection));
  while (node) {
    const char *dot = memchr(path.data, '.', path.len);
    if (!dot) return OC_OK;
    oc_slice_t name = {path.data, (size_t)(dot - path.data)};
    path = (oc_slice_t){dot + 1, path.len - name.len - 1};
    node = shapes_member(compiler->shapes, node, name);
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

static oc_status add_select(struct compiler *compiler, const cJSON *select) {
  if (!cJSON_IsObject(select)) return wrong(compiler, "select must be an object");
  const cJSON *item;
  cJSON_ArrayForEach(item, select) {
    if (!cJSON_IsObject(item)) continue;
    oc_status status = names_add(&compiler->partials, (oc_slice_t){item->string, strlen(item->string)});
    if (status != OC_OK) return status;
  }
  return OC_OK;
}

static oc_status read_type(struct compiler *compiler, const cJSON *type, struct query *query) {
  static const struct {
    const char *name;
    enum query_type type;
  } TYPES[] = {{"find", QUERY_FIND}, {"findByID", QUERY_FIND_BY_ID}, {"count", QUERY_COUNT}};
  for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
    if (!cJSON_IsString(type) || strcmp(type->valuestring, TYPES[i].name)) continue;
    query->type = (uint16_t)TYPES[i].type;
    return OC_OK;
  }
  return wrong(compiler, "type must be 'find', 'findByID' or 'count'");
}

static oc_status read_depth(struct compiler *compiler, const cJSON *depth, struct query *query) {
  query->depth = PAYLOAD_DEFAULT_DEPTH;
  if (!depth || cJSON_IsNull(depth)) return OC_OK;
  if (!cJSON_IsNumber(depth) || depth->valuedouble < 0) return wrong(compiler, "depth must be a number, 0 or more");
  query->depth = depth->valuedouble > DEPTH_MOST ? DEPTH_MOST : (uint16_t)depth->valuedouble;
  return OC_OK;
}

static oc_status read_all(struct compiler *compiler, const cJSON *tree, struct query *query) {
  const cJSON *collection = cJSON_GetObjectItemCaseSensitive(tree, "collection");
  if (!cJSON_IsString(collection) || !*collection->valuestring)
    return wrong(compiler, "collection must be the slug of a collection");
  compiler->collection = (oc_slice_t){collection->valuestring, strlen(collection->valuestring)};
  const cJSON *where = cJSON_GetObjectItemCaseSensitive(tree, "where");
  const cJSON *sort = cJSON_GetObjectItemCaseSensitive(tree, "sort");
  const cJSON *select = cJSON_GetObjectItemCaseSensitive(tree, "select");
  oc_status status = read_type(compiler, cJSON_GetObjectItemCaseSensitive(tree, "type"), query);
  if (status == OC_OK) status = read_depth(compiler, cJSON_GetObjectItemCaseSensitive(tree, "depth"), query);
  if (status == OC_OK && where && !cJSON_IsNull(where)) status = add_where(compiler, where);
  if (status == OC_OK && sort && !cJSON_IsNull(sort)) status = add_sort(compiler, sort);
  if (status == OC_OK && select && !cJSON_IsNull(select)) status = add_select(compiler, select);
  return status;
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

static oc_status put_query(const struct compiler *compiler, struct query *query, oc_buffer_t *out) {
  size_t start = out->len;
  oc_status status = buffer_append(out, query, sizeof *query);
  if (status == OC_OK) status = put_text(out, start, compiler->collection, &query->collection);
  if (status == OC_OK) status = put_names(out, start, &compiler->filters, &query->filters_at, &query->filter_count);
  if (status == OC_OK) status = put_names(out, start, &compiler->partials, &query->partials_at, &query->partial_count);
  if (status == OC_OK) status = put_names(out, start, &compiler->wides, &query->wides_at, &query->wide_count);
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
  status = read_all(&compiler, tree, &query);
  if (status == OC_OK) status = put_query(&compiler, &query, out);
  if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for the query");
  oc_buffer_free(&compiler.filters.slices);
  oc_buffer_free(&compiler.partials.slices);
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

bool query_filters(const struct query *query, oc_slice_t member) {
  return has_name(query, query->filters_at, query->filter_count, member);
}

bool query_selects_partly(const struct query *query, oc_slice_t member) {
  return has_name(query, query->partials_at, query->partial_count, member);
}
