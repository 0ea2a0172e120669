#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const char SHAPES[] =
    "{\"orders\":{\"groups\":[\"address\"],\"relations\":{\"customer\":\"customers\",\"items.product\":\"products\","
    "\"about\":[\"customers\",\"products\"],\"address.country\":\"countries\"}},"
    "\"customers\":{\"relations\":{\"country\":\"countries\"}},\"products\":{},\"countries\":{}}";

struct found {
  struct shapes *shapes;
  oc_buffer_t query;
  const char *value;
  struct documents documents;
  oc_status status;
};

static struct found find_within(const char *value, const char *query, oc_limits_t limits) {
  struct found found = {.shapes = shapes_of(SHAPES), .value = value};
  found.query = query_of(query, found.shapes);
  found.status =
      documents_find(S(value), as_query(&found.query), found.shapes, NULL, 0, &limits, &found.documents, NULL);
  return found;
}

static struct found find(const char *value, const char *query) {
  struct found found = find_within(value, query, WIDE_LIMITS);
  cr_assert(eq(int, found.status, OC_OK));
  return found;
}

static void release(struct found *found) {
  documents_free(&found->documents);
  oc_buffer_free(&found->query);
  shapes_release(found->shapes);
}

/* The kinds of the dependency on that tag; 0 when there is none. */
static uint32_t kinds_of(const struct found *found, const char *tag) {
  const struct dependency *dependencies = documents_dependencies(&found->documents);
  for (uint32_t i = 0; i < documents_dependency_count(&found->documents); i++)
    if (is_text(documents_name(&found->documents, dependencies + i), tag)) return dependencies[i].kinds;
  return 0;
}

static const struct span *span_of(const struct found *found, uint32_t index) {
  cr_assert(lt(u32, index, documents_span_count(&found->documents)));
  return (const struct span *)(const void *)found->documents.spans.data + index;
}

static void assert_span(const struct found *found, uint32_t index, const char *bytes, const char *id, uint32_t level) {
  const struct span *span = span_of(found, index);
  cr_assert(is_text((oc_slice_t){found->value + span->start, span->len}, bytes), "%u", index);
  cr_assert(is_text((oc_slice_t){found->value + span->id_at, span->id_len}, id), "%u", index);
  cr_assert(eq(u32, span->level, level));
}

Test(document, a_page_has_a_span_for_each_document_and_for_those_it_shows) {
  struct found found =
      find("{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Ada\"}},{\"id\":\"x8\"}],\"totalDocs\":2}",
           "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":1}");
  cr_assert(eq(u32, documents_span_count(&found.documents), 3));
  assert_span(&found, 0, "{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Ada\"}}", "7", 0);
  assert_span(&found, 1, "{\"id\":3,\"name\":\"Ada\"}", "3", 1);
  assert_span(&found, 2, "{\"id\":\"x8\"}", "x8", 0);
  cr_assert(eq(u64, span_of(&found, 1)->document, hash_document(S("customers:3"))));
  cr_assert(eq(u32, kinds_of(&found, "orders"), DEPENDS_COLLECTION));
  cr_assert(eq(u32, kinds_of(&found, "orders:7"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "orders:x8"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "customers:3"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "customers"), 0));
  release(&found);
}

Test(document, documents_in_arrays_groups_and_other_documents_are_found) {
  struct found found = find("{\"id\":7,\"items\":[{\"product\":{\"id\":1}},{\"product\":{\"id\":2}}],"
                            "\"address\":{\"country\":{\"id\":\"pt\"}},"
                            "\"customer\":{\"id\":3,\"country\":{\"id\":\"at\"}}}",
                            "{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":7,\"depth\":2}");
  cr_assert(eq(u32, documents_span_count(&found.documents), 6));
  cr_assert(eq(u32, kinds_of(&found, "products:1"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "products:2"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "countries:pt"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "countries:at"), DEPENDS_DOCUMENT));
  assert_span(&found, 5, "{\"id\":\"at\"}", "at", 2);
  cr_assert(eq(u32, kinds_of(&found, "orders"), 0), "a single document does not depend on the collection");
  release(&found);
}

Test(document, an_id_at_the_depths_end_is_a_reference_and_one_above_it_hides_a_document) {
  struct found flat =
      find("{\"id\":7,\"customer\":3}", "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":0}");
  cr_assert(eq(u32, kinds_of(&flat, "customers:3"), DEPENDS_REFERENCE));
  release(&flat);
  struct found hidden =
      find("{\"id\":7,\"customer\":3}", "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":1}");
  cr_assert(eq(u32, kinds_of(&hidden, "customers:3"), DEPENDS_OPAQUE));
  release(&hidden);
  struct found deeper = find("{\"id\":7,\"customer\":{\"id\":3,\"country\":\"pt\"}}",
                             "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":1}");
  cr_assert(eq(u32, kinds_of(&deeper, "countries:pt"), DEPENDS_REFERENCE));
  release(&deeper);
}

Test(document, a_polymorphic_relation_says_itself_whose_document_it_shows) {
  struct found found = find("{\"id\":7,\"about\":[{\"relationTo\":\"products\",\"value\":{\"id\":9}},"
                            "{\"relationTo\":\"customers\",\"value\":4},{\"relationTo\":\"products\"},null]}",
                            "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":1}");
  cr_assert(eq(u32, kinds_of(&found, "products:9"), DEPENDS_DOCUMENT));
  cr_assert(eq(u32, kinds_of(&found, "customers:4"), DEPENDS_OPAQUE));
  cr_assert(eq(u32, documents_span_count(&found.documents), 2));
  release(&found);
}

Test(document, one_document_in_many_places_is_one_dependency_and_many_spans) {
  struct found found = find("{\"docs\":[{\"id\":1,\"customer\":{\"id\":3}},{\"id\":2,\"customer\":{\"id\":3}}]}",
                            "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":1}");
  cr_assert(eq(u32, documents_span_count(&found.documents), 4));
  cr_assert(eq(u32, documents_dependency_count(&found.documents), 4)); /* orders, orders:1, orders:2, customers:3 */
  cr_assert(eq(u64, span_of(&found, 1)->document, span_of(&found, 3)->document));
  release(&found);
}

Test(document, a_count_depends_on_the_membership_and_shows_no_document) {
  struct found found = find("{\"totalDocs\":3}", "{\"type\":\"count\",\"collection\":\"orders\"}");
  cr_assert(eq(u32, documents_span_count(&found.documents), 0));
  cr_assert(eq(u32, kinds_of(&found, "orders"), DEPENDS_COLLECTION));
  release(&found);
}

Test(document, what_a_where_reads_through_a_relation_is_depended_on_as_a_whole) {
  struct found found = find("{\"docs\":[]}", "{\"type\":\"find\",\"collection\":\"orders\","
                                             "\"where\":{\"customer.name\":{\"equals\":\"Ada\"}}}");
  cr_assert(eq(u32, kinds_of(&found, "customers"), DEPENDS_OPAQUE));
  release(&found);
}

Test(document, an_answer_without_a_document_to_name_depends_on_the_whole_collection) {
  static const char *const VALUES[] = {
      "null", "{\"docs\":7}", "[]", "{\"docs\":[{\"status\":\"x\"}]}", "{\"docs\":[{\"id\":null}]}", "{\"docs\":[3]}"};
  for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
    struct found found = find(VALUES[i], "{\"type\":\"find\",\"collection\":\"orders\"}");
    cr_assert(kinds_of(&found, "orders") & DEPENDS_OPAQUE, "%s", VALUES[i]);
    release(&found);
  }
  struct found missing = find("null", "{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":7}");
  cr_assert(eq(u32, kinds_of(&missing, "orders"), DEPENDS_OPAQUE));
  release(&missing);
}

Test(document, own_tags_are_opaque_and_need_no_query) {
  struct shapes *shapes = shapes_of("");
  struct documents documents;
  oc_slice_t tags[] = {S("sales"), S("orders"), S("sales")};
  cr_assert(eq(int, documents_find(S("1"), NULL, shapes, tags, 3, &WIDE_LIMITS, &documents, NULL), OC_OK));
  cr_assert(eq(u32, documents_dependency_count(&documents), 2));
  cr_assert(eq(u32, documents_dependencies(&documents)[0].kinds, DEPENDS_OPAQUE));
  documents_free(&documents);
  shapes_release(shapes);
}

Test(document, tags_past_the_limits_are_refused) {
  oc_limits_t limits = WIDE_LIMITS;
  limits.tags_per_entry = 2;
  struct found many =
      find_within("{\"docs\":[{\"id\":1},{\"id\":2}]}", "{\"type\":\"find\",\"collection\":\"orders\"}", limits);
  cr_assert(eq(int, many.status, OC_ERR_TAG_COUNT));
  release(&many);
  limits = WIDE_LIMITS;
  limits.tag_bytes = 8;
  struct found longer =
      find_within("{\"docs\":[{\"id\":\"abc\"}]}", "{\"type\":\"find\",\"collection\":\"orders\"}", limits);
  cr_assert(eq(int, longer.status, OC_ERR_TAG_SIZE));
  release(&longer);
  struct shapes *shapes = shapes_of("");
  struct documents documents;
  oc_slice_t bad[] = {{"\xff", 1}, {"", 0}};
  cr_assert(eq(int, documents_find(S("1"), NULL, shapes, bad, 1, &WIDE_LIMITS, &documents, NULL), OC_ERR_UTF8));
  documents_free(&documents);
  cr_assert(eq(int, documents_find(S("1"), NULL, shapes, bad + 1, 1, &WIDE_LIMITS, &documents, NULL), OC_ERR_TAG_SIZE));
  documents_free(&documents);
  shapes_release(shapes);
}

Test(document, a_large_page_is_indexed_whole) {
  enum { COUNT = 3000 };
  char *value = malloc(COUNT * 16 + 16), *at = value;
  at += sprintf(at, "{\"docs\":[");
  for (int i = 0; i < COUNT; i++) at += sprintf(at, "%s{\"id\":%d}", i ? "," : "", i);
  sprintf(at, "]}");
  struct found found = find(value, "{\"type\":\"find\",\"collection\":\"orders\"}");
  cr_assert(eq(u32, documents_span_count(&found.documents), COUNT));
  cr_assert(eq(u32, documents_dependency_count(&found.documents), COUNT + 1));
  cr_assert(eq(u32, kinds_of(&found, "orders:2999"), DEPENDS_DOCUMENT));
  release(&found);
  free(value);
}
