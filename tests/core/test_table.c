#include "support.h"

enum { CAPACITY = 8 };

struct item {
  struct slot slot;
  uint64_t value;
};

struct fixture {
  struct sizes sizes;
  struct arena arena;
  struct table table;
};

static void open_table(struct fixture *fixture) {
  fixture->sizes = (struct sizes){0};
  fixture->arena = open_arena(&fixture->sizes);
  oc_off at = alloc_get_locked(&fixture->arena, table_bytes(CAPACITY, sizeof(struct item)));
  table_init(&fixture->arena, &fixture->table, at, CAPACITY, sizeof(struct item));
}

/* Under a hash of the test's choice, so that collisions can be had. */
static uint32_t put(struct fixture *fixture, const char *key, uint64_t hash) {
  uint32_t index = table_take_locked(&fixture->arena, &fixture->table);
  if (!index) return 0;
  oc_off off = alloc_get_locked(&fixture->arena, strlen(key));
  memcpy(arena_at(&fixture->arena, off), key, strlen(key));
  table_link_locked(&fixture->arena, &fixture->table, index, hash, off, (uint32_t)strlen(key));
  return index;
}

static uint32_t find(struct fixture *fixture, const char *key, uint64_t hash) {
  return table_find_locked(&fixture->arena, &fixture->table, hash, S(key));
}

Test(table, what_was_linked_is_found_under_its_index_until_it_is_released) {
  struct fixture fixture;
  open_table(&fixture);
  uint32_t index = put(&fixture, "one", 1);
  cr_assert(ne(u32, index, 0));
  cr_assert(eq(u32, find(&fixture, "one", 1), index));
  table_release_locked(&fixture.arena, &fixture.table, index);
  cr_assert(eq(u32, find(&fixture, "one", 1), 0));
  close_arena(&fixture.arena);
}

Test(table, keys_of_one_hash_are_told_apart_in_whatever_order_they_go) {
  static const char *const KEYS[] = {"one", "two", "six"};
  for (int gone = 0; gone < 3; gone++) {
    struct fixture fixture;
    open_table(&fixture);
    uint32_t index[3];
    for (int i = 0; i < 3; i++) index[i] = put(&fixture, KEYS[i], 99);
    table_release_locked(&fixture.arena, &fixture.table, index[gone]);
    for (int i = 0; i < 3; i++) cr_assert(eq(u32, find(&fixture, KEYS[i], 99), i == gone ? 0 : index[i]));
    close_arena(&fixture.arena);
  }
}

Test(table, a_key_that_only_begins_like_another_is_another) {
  struct fixture fixture;
  open_table(&fixture);
  put(&fixture, "orders:7", 5);
  cr_assert(eq(u32, find(&fixture, "orders:71", 5), 0));
  cr_assert(eq(u32, find(&fixture, "orders:", 5), 0));
  close_arena(&fixture.arena);
}

Test(table, a_full_one_gives_no_slot_until_one_is_released) {
  struct fixture fixture;
  open_table(&fixture);
  uint32_t index = 0;
  for (uint64_t i = 0; i < CAPACITY; i++) cr_assert(ne(u32, index = put(&fixture, "key", i), 0));
  cr_assert(eq(u32, fixture.table.count, CAPACITY));
  cr_assert(eq(u32, table_take_locked(&fixture.arena, &fixture.table), 0));
  table_release_locked(&fixture.arena, &fixture.table, index);
  cr_assert(eq(u32, table_take_locked(&fixture.arena, &fixture.table), index));
  close_arena(&fixture.arena);
}

Test(table, a_slot_that_is_used_again_is_zeroed) {
  struct fixture fixture;
  open_table(&fixture);
  uint32_t index = put(&fixture, "one", 1);
  ((struct item *)table_slot(&fixture.arena, &fixture.table, index))->value = 42;
  table_release_locked(&fixture.arena, &fixture.table, index);
  cr_assert(eq(u32, table_take_locked(&fixture.arena, &fixture.table), index));
  cr_assert(eq(u64, ((struct item *)table_slot(&fixture.arena, &fixture.table, index))->value, 0));
  close_arena(&fixture.arena);
}

Test(table, a_slot_that_was_taken_but_never_linked_can_be_given_back) {
  struct fixture fixture;
  open_table(&fixture);
  put(&fixture, "one", 0);
  uint32_t index = table_take_locked(&fixture.arena, &fixture.table);
  table_release_locked(&fixture.arena, &fixture.table, index);
  cr_assert(eq(u32, fixture.table.count, 1));
  cr_assert(ne(u32, find(&fixture, "one", 0), 0));
  close_arena(&fixture.arena);
}

Test(table, keys_that_collide_in_one_table_do_not_in_another) {
  enum { KEYS = 4096, BUCKETS = 8 };
  struct fixture first, second;
  open_table(&first);
  open_table(&second);
  uint32_t chosen = 0, together[BUCKETS * 2] = {0};
  for (uint32_t i = 0; i < KEYS; i++) {
    oc_slice_t key = {(const char *)&i, sizeof i};
    if (table_hash(&first.table, key) & first.table.mask) continue; /* a flood, for who knows the first table's key */
    chosen++;
    together[table_hash(&second.table, key) & second.table.mask]++;
  }
  cr_assert(gt(u32, chosen, KEYS / 32));
  for (size_t i = 0; i <= second.table.mask; i++) cr_assert(lt(u32, together[i], chosen / 2));
  close_arena(&first.arena);
  close_arena(&second.arena);
}
