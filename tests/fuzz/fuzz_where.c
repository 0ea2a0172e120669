/*
 * fuzz_where.c: a where, a sort and two documents, a line each, of any JSON: what is decided for everybody is what is
 * guessed, too, and an order is the other's reverse.
 */
#include "fuzz.h"
#include "query.h"

static void both_ways(enum order one, enum order other) {
  CHECK((one == ORDER_UNKNOWN) == (other == ORDER_UNKNOWN));
  if (one != ORDER_UNKNOWN) CHECK(one == ORDER_AFTER - other);
}

static void decide(const struct where *where, const struct known *a, const struct known *b) {
  enum truth exact = where_matches(where, a, REPLAY_EXACT).truth, guess = where_matches(where, a, REPLAY_GUESS).truth;
  CHECK(exact == TRUTH_UNKNOWN || exact == guess);
  both_ways(where_order(where, a, b, REPLAY_EXACT), where_order(where, b, a, REPLAY_EXACT));
  both_ways(where_order(where, a, b, REPLAY_GUESS), where_order(where, b, a, REPLAY_GUESS));
  for (enum replay_mode mode = REPLAY_EXACT; mode <= REPLAY_GUESS; mode++)
    CHECK(where_same_keys(where, a, b, mode) == where_same_keys(where, b, a, mode));
  (void)where_may_join(where, a);
  (void)where_sorts_by(where, SLICE("n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {(const char *)data, (const char *)data + size};
  oc_slice_t where = fuzz_line(&input), sort = fuzz_line(&input), one = fuzz_line(&input), other = fuzz_line(&input);
  if (!fuzz_is_json(where) || !fuzz_is_json(sort) || !fuzz_is_json(one) || !fuzz_is_json(other)) return 0;
  struct shapes *shapes;
  CHECK(shapes_compile(SLICE("{\"posts\":{\"relations\":{\"by\":\"users\"}}}"), &shapes, NULL) == OC_OK);
  const struct shape_node *root = shapes_root(shapes, shapes_find(shapes, SLICE("posts")));
  struct known a = {.shapes = shapes, .root = root}, b = a;
  known_add(&a, json_trim(one), false);
  known_add(&b, json_trim(other), false);
  oc_buffer_t block = {0};
  CHECK(where_compile(where, sort, false, &block) == OC_OK);
  decide((const struct where *)(const void *)block.data, &a, &b);
  oc_buffer_free(&block);
  shapes_release(shapes);
  return 0;
}
