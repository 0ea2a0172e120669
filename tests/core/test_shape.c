#include "support.h"

static oc_status compile(const char *text) {
  struct shapes *shapes;
  oc_status status = shapes_compile(S(text), &shapes, NULL);
  if (status == OC_OK) shapes_release(shapes);
  return status;
}

Test(shape, no_text_is_no_shapes_and_every_collection_opaque) {
  struct shapes *shapes = shapes_of("");
  cr_assert(eq(i32, shapes_find(shapes, S("orders")), -1));
  cr_assert(shapes_opaque(shapes, -1));
  cr_assert(shapes_root(shapes, -1) == NULL);
  cr_assert(shapes_member(shapes, NULL, S("id")) == NULL);
  shapes_release(shapes);
}

Test(shape, a_declared_collection_is_not_opaque_unless_it_says_so) {
  struct shapes *shapes = shapes_of("{\"orders\":{},\"drafts\":{\"opaque\":true},\"plain\":{\"opaque\":false}}");
  cr_assert(not(shapes_opaque(shapes, shapes_find(shapes, S("orders")))));
  cr_assert(shapes_opaque(shapes, shapes_find(shapes, S("drafts"))));
  cr_assert(not(shapes_opaque(shapes, shapes_find(shapes, S("plain")))));
  shapes_release(shapes);
}

Test(shape, a_collection_that_is_only_a_relations_target_is_opaque) {
  struct shapes *shapes = shapes_of("{\"orders\":{\"relations\":{\"customer\":\"customers\"}}}");
  int32_t customers = shapes_find(shapes, S("customers"));
  cr_assert(ge(i32, customers, 0));
  cr_assert(shapes_opaque(shapes, customers));
  shapes_release(shapes);
}

Test(shape, one_that_is_declared_after_it_was_a_target_keeps_its_own_shape) {
  struct shapes *shapes =
      shapes_of("{\"orders\":{\"relations\":{\"customer\":\"customers\"}},\"customers\":{\"groups\":[\"address\"]}}");
  int32_t customers = shapes_find(shapes, S("customers"));
  cr_assert(not(shapes_opaque(shapes, customers)));
  const struct shape_node *customer =
      shapes_member(shapes, shapes_root(shapes, shapes_find(shapes, S("orders"))), S("customer"));
  cr_assert(eq(i32, customer->target, customers));
  cr_assert(shapes_member(shapes, shapes_root(shapes, customers), S("address"))->group);
  shapes_release(shapes);
}

Test(shape, a_dotted_path_is_a_node_below_a_node) {
  struct shapes *shapes =
      shapes_of("{\"orders\":{\"groups\":[\"address\",\"address.geo\"],\"localized\":[\"address.label\"],"
                "\"relations\":{\"items.product\":\"products\"}}}");
  const struct shape_node *root = shapes_root(shapes, shapes_find(shapes, S("orders")));
  const struct shape_node *address = shapes_member(shapes, root, S("address"));
  const struct shape_node *items = shapes_member(shapes, root, S("items"));
  cr_assert(address->group && !address->relation && !address->localized);
  cr_assert(shapes_member(shapes, address, S("geo"))->group);
  cr_assert(shapes_member(shapes, address, S("label"))->localized);
  cr_assert(not(items->relation));
  cr_assert(shapes_member(shapes, items, S("product"))->relation);
  cr_assert(shapes_member(shapes, root, S("product")) == NULL);
  cr_assert(shapes_holds_relation(shapes, items) && !shapes_holds_relation(shapes, address));
  cr_assert(not(shapes_holds_relation(shapes, NULL)));
  shapes_release(shapes);
}

Test(shape, a_relation_to_several_collections_is_polymorphic_and_has_no_one_target) {
  struct shapes *shapes = shapes_of("{\"orders\":{\"relations\":{\"about\":[\"customers\",\"products\"]}}}");
  const struct shape_node *about =
      shapes_member(shapes, shapes_root(shapes, shapes_find(shapes, S("orders"))), S("about"));
  cr_assert(about->relation && about->polymorphic && about->target == -1);
  cr_assert(ge(i32, shapes_find(shapes, S("products")), 0));
  shapes_release(shapes);
}

#define JOIN_WITH(members) "{\"a\":{\"relations\":{\"b.docs\":\"b\"},\"joins\":{\"b\":{" members "}}}}"

Test(shape, a_join_says_what_it_shows_and_what_moves_documents_in_it) {
  struct shapes *shapes = shapes_of(JOIN_WITH("\"collection\":\"b\",\"on\":\"owner.a\",\"sort\":[\"-x,y\"],\"limit\":3,"
                                              "\"where\":{\"or\":[{\"z.w\":{\"equals\":1}}]}"));
  int32_t a = shapes_find(shapes, S("a")), b = shapes_find(shapes, S("b"));
  uint32_t count;
  const struct shape_join *join = shapes_joins(shapes, a, &count);
  cr_assert(eq(u32, count, 1));
  cr_assert(shapes_join_target(shapes, join, 0) == b && join->limit == 3 && join->max_depth == 1);
  cr_assert(not(join->polymorphic));
  cr_assert(slice_equal(join->on, S("owner.a")) && slice_equal(join->sort, S("[\"-x,y\"]")));
  cr_assert(shapes_join_of(shapes, shapes_path(shapes, shapes_root(shapes, a), S("b.docs"))) == join);
  (void)shapes_joins(shapes, b, &count);
  cr_assert(eq(u32, count, 0));
  static const char *const MOVERS[] = {"owner", "x", "y", "z", "createdAt", "deletedAt"};
  for (size_t i = 0; i < sizeof MOVERS / sizeof *MOVERS; i++)
    cr_assert(shapes_joined_by(shapes, b, S(MOVERS[i])), "%s", MOVERS[i]);
  cr_assert(not(shapes_joined_by(shapes, b, S("w"))));
  cr_assert(not(shapes_joined_by(shapes, a, S("x"))));
  cr_assert(not(shapes_joined(shapes, a)));
  shapes_release(shapes);
}

Test(shape, they_live_as_long_as_anybody_holds_them) {
  struct shapes *shapes = shapes_of("{\"orders\":{}}");
  struct shapes *held = shapes_retain(shapes);
  shapes_release(shapes);
  cr_assert(eq(i32, shapes_find(held, S("orders")), 0));
  shapes_release(held);
  shapes_release(NULL);
}

Test(shape, what_is_not_a_shape_is_refused_with_the_collection_in_the_sentence) {
  static const char *const TEXTS[] = {
      "[]",
      "1",
      "{\"orders\":1}",
      "{\"orders\":{\"groups\":\"address\"}}",
      "{\"orders\":{\"groups\":[1]}}",
      "{\"orders\":{\"groups\":[\"\"]}}",
      "{\"orders\":{\"localized\":{}}}",
      "{\"orders\":{\"relations\":[]}}",
      "{\"orders\":{\"relations\":{\"customer\":1}}}",
      "{\"orders\":{\"relations\":{\"customer\":\"\"}}}",
      "{\"orders\":{\"relations\":{\"customer\":[\"a\",2]}}}",
      "{\"orders\":{\"opaque\":\"yes\"}}",
      "{\"a\":{\"joins\":[]}}",
      "{\"a\":{\"joins\":{\"b\":{\"collection\":\"b\",\"on\":\"a\"}}}}",
      "{\"a\":{\"relations\":{\"b.docs\":[\"b\"]},\"joins\":{\"b\":{\"collection\":\"b\",\"on\":\"a\"}}}}",
      "{\"a\":{\"relations\":{\"b.docs\":\"c\"},\"joins\":{\"b\":{\"collection\":\"b\",\"on\":\"a\"}}},\"b\":{}}",
      JOIN_WITH("\"collection\":\"b\""),
      JOIN_WITH("\"on\":\"a\""),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"\""),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"a\",\"limit\":-1"),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"a\",\"maxDepth\":\"1\""),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"a\",\"where\":[]"),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"a\",\"sort\":[1]"),
      JOIN_WITH("\"collection\":\"b\",\"on\":\"a\",\"sort\":{}"),
  };
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, compile(TEXTS[i]), OC_ERR_SHAPES), "%s", TEXTS[i]);
  cr_assert(eq(int, compile("{"), OC_ERR_JSON));
  cr_assert(eq(int, compile("{\"\xff\":{}}"), OC_ERR_UTF8));
  oc_error_t error;
  struct shapes *shapes;
  cr_assert(eq(int, shapes_compile(S("{\"orders\":{\"groups\":1}}"), &shapes, &error), OC_ERR_SHAPES));
  cr_assert(strstr(error.message, "shapes.orders") != NULL, "%s", error.message);
}
