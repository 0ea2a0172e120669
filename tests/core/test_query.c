#include <stdio.h>

#include "support.h"

static const char SHAPES[] = "{\"orders\":{\"relations\":{\"customer\":\"customers\",\"about\":[\"customers\"]}},"
                             "\"customers\":{\"relations\":{\"country\":\"countries\"}}}";

struct fixture {
  struct shapes *shapes;
  oc_buffer_t block;
  const struct query *query;
};

static struct fixture compile(const char *text) {
  struct fixture fixture = {.shapes = shapes_of(SHAPES)};
  fixture.block = query_of(text, fixture.shapes);
  fixture.query = as_query(&fixture.block);
  return fixture;
}

static void release(struct fixture *fixture) {
  oc_buffer_free(&fixture->block);
  shapes_release(fixture->shapes);
}

Test(query, type_collection_and_depth_are_read_and_payloads_default_depth_is_2) {
  struct fixture plain = compile("{\"type\":\"find\",\"collection\":\"orders\"}");
  cr_assert(eq(int, plain.query->type, QUERY_FIND));
  cr_assert(eq(int, plain.query->depth, 2));
  cr_assert(is_text(query_collection(plain.query), "orders"));
  release(&plain);
  struct fixture deep = compile("{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":7,\"depth\":99}");
  cr_assert(eq(int, deep.query->type, QUERY_FIND_BY_ID));
  cr_assert(eq(int, deep.query->depth, 10));
  release(&deep);
  struct fixture count =
      compile("{\"type\":\"count\",\"collection\":\"orders\",\"depth\":null,\"where\":null,\"sort\":null}");
  cr_assert(eq(int, count.query->type, QUERY_COUNT));
  release(&count);
}

Test(query, every_member_that_where_looks_at_filters_at_any_depth_of_and_and_or) {
  struct fixture fixture =
      compile("{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"status\":{\"equals\":\"pending\"},"
              "\"and\":[{\"total\":{\"greater_than\":5}},{\"or\":[{\"note\":{\"exists\":true}}]}],"
              "\"OR\":[{\"address.city\":{\"equals\":\"Graz\"}}]}}");
  static const char *const YES[] = {"status", "total", "note", "address"};
  for (size_t i = 0; i < 4; i++) cr_assert(query_filters(fixture.query, S(YES[i])), "%s", YES[i]);
  static const char *const NO[] = {"and", "or", "OR", "city", "equals", "orderNumber", "stat", "status2"};
  for (size_t i = 0; i < 8; i++) cr_assert(not(query_filters(fixture.query, S(NO[i]))), "%s", NO[i]);
  release(&fixture);
}

Test(query, every_member_that_sort_looks_at_filters_in_each_way_to_write_it) {
  static const char *const SORTS[] = {"\"-createdAt,total\"", "[\"-createdAt\",\"total\"]", "\" -createdAt, total\"",
                                      "[\"-createdAt,total\"]"};
  for (size_t i = 0; i < sizeof SORTS / sizeof *SORTS; i++) {
    char text[128];
    snprintf(text, sizeof text, "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":%s}", SORTS[i]);
    struct fixture fixture = compile(text);
    cr_assert(query_filters(fixture.query, S("createdAt")), "%s", SORTS[i]);
    cr_assert(not(query_filters(fixture.query, S("status"))), "%s", SORTS[i]);
    release(&fixture);
  }
}

Test(query, a_path_through_relations_depends_on_each_collection_on_its_way) {
  struct fixture fixture = compile(
      "{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"customer.country.name\":{\"equals\":\"Portugal\"}}}");
  cr_assert(query_filters(fixture.query, S("customer")));
  cr_assert(eq(u32, fixture.query->wide_count, 2));
  cr_assert(is_text(query_wide(fixture.query, 0), "customers"));
  cr_assert(is_text(query_wide(fixture.query, 1), "countries"));
  release(&fixture);
}

Test(query, a_relation_itself_and_a_polymorphic_one_lead_nowhere) {
  struct fixture fixture =
      compile("{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"customer\":{\"equals\":3},"
              "\"about.value\":{\"equals\":3}}}");
  cr_assert(eq(u32, fixture.query->wide_count, 0));
  cr_assert(query_filters(fixture.query, S("about")));
  release(&fixture);
}

Test(query, a_member_of_which_select_takes_a_part_is_known_to_be_partial) {
  struct fixture fixture =
      compile("{\"type\":\"find\",\"collection\":\"orders\",\"select\":{\"status\":true,\"address\":{\"city\":true}}}");
  cr_assert(query_selects_partly(fixture.query, S("address")));
  cr_assert(not(query_selects_partly(fixture.query, S("status"))));
  release(&fixture);
}

Test(query, a_block_holds_no_pointer_and_can_lie_anywhere) {
  struct fixture fixture = compile("{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"customer.name\":{}},"
                                   "\"sort\":\"total\",\"select\":{\"address\":{}}}");
  cr_assert(eq(sz, fixture.query->size, fixture.block.len));
  oc_buffer_t copy = {0};
  buffer_append(&copy, fixture.block.data, fixture.block.len);
  memset(fixture.block.data, 0xff, fixture.block.len);
  const struct query *moved = as_query(&copy);
  cr_assert(is_text(query_collection(moved), "orders") && is_text(query_wide(moved, 0), "customers"));
  cr_assert(query_filters(moved, S("total")) && query_selects_partly(moved, S("address")));
  oc_buffer_free(&copy);
  release(&fixture);
}

Test(query, what_is_not_a_query_is_refused) {
  static const char *const TEXTS[] = {
      "{}",
      "[]",
      "{\"type\":\"find\"}",
      "{\"type\":\"find\",\"collection\":\"\"}",
      "{\"type\":\"find\",\"collection\":3}",
      "{\"type\":\"findOne\",\"collection\":\"orders\"}",
      "{\"collection\":\"orders\"}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":-1}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":\"1\"}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"where\":[]}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"and\":[1]}}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":1}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":[1]}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"select\":[]}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"a\":{}},\"where\":{\"b\":{}}}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"wh\\u0065re\":{\"a\":{\"equals\":1}}}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"a\",\"s\\u006frt\":\"b\"}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"joins\":{},\"joins\":false}",
  };
  struct shapes *shapes = shapes_of(SHAPES);
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
    oc_buffer_t out = {0};
    cr_assert(eq(int, query_compile(S(TEXTS[i]), shapes, 128, &out, NULL), OC_ERR_QUERY), "%s", TEXTS[i]);
    oc_buffer_free(&out);
  }
  oc_buffer_t out = {0};
  cr_assert(eq(int, query_compile(S("{"), shapes, 128, &out, NULL), OC_ERR_JSON));
  cr_assert(eq(int, query_compile(S("{\"where\":{\"a\":{\"b\":1}}}"), shapes, 2, &out, NULL), OC_ERR_JSON_DEPTH));
  oc_buffer_free(&out);
  shapes_release(shapes);
}
