#include <stdio.h>

#include "support.h"

struct fixture {
  struct sizes sizes;
  struct arena arena;
};

static void open_with(struct fixture *fixture, struct sizes sizes) {
  fixture->sizes = sizes;
  fixture->arena = open_arena(&fixture->sizes);
}

static oc_status set_sized(struct fixture *fixture, const char *key, oc_slice_t value, const char *tag,
                           uint64_t since) {
  struct shapes *shapes = shapes_of("");
  struct documents documents;
  oc_slice_t tags[] = {S(tag)};
  cr_assert(eq(int, documents_find(value, NULL, shapes, tags, 1, &WIDE_LIMITS, &documents, NULL), OC_OK));
  struct entry_source source = {.key = S(key), .value = value, .documents = &documents, .since = since};
  oc_status status = entry_set_locked(&fixture->arena, &source);
  documents_free(&documents);
  shapes_release(shapes);
  return status;
}

static oc_status set(struct fixture *fixture, const char *key, const char *value, const char *tag) {
  return set_sized(fixture, key, S(value), tag, log_head(&fixture->arena));
}

static uint32_t find(struct fixture *fixture, const char *key) { return entry_find_locked(&fixture->arena, S(key)); }

static void change(struct fixture *fixture, const char *tag) {
  struct arena *arena = &fixture->arena;
  oc_off memory = alloc_get_locked(arena, log_record_bytes(1, 0));
  uint32_t index = tag_use_locked(arena, S(tag));
  *(struct log_link *)arena_at(arena, memory) = (struct log_link){.tag = index, .effects = LOG_INVALIDATE};
  log_append_locked(arena, memory, 1, 0);
  tag_drop_locked(arena, index);
}

Test(entry, what_was_set_is_found_with_its_bytes_tags_and_version) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  cr_assert(eq(int, set(&fixture, "key", "[1,2]", "orders"), OC_OK));
  const struct entry *entry = entry_at(&fixture.arena, find(&fixture, "key"));
  cr_assert(is_text(entry_value(&fixture.arena, entry), "[1,2]"));
  cr_assert(eq(u64, entry->version, 1));
  cr_assert(eq(u32, entry->reference_count, 1));
  cr_assert(eq(u32, entry_references(&fixture.arena, entry)[0].tag, tag_find_locked(&fixture.arena, S("orders"))));
  cr_assert(eq(u32, find(&fixture, "other"), 0));
  close_arena(&fixture.arena);
}

Test(entry, setting_a_key_again_replaces_its_entry) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set(&fixture, "key", "1", "one");
  uint64_t stamp = entry_at(&fixture.arena, find(&fixture, "key"))->stamp;
  set(&fixture, "key", "2", "other");
  const struct entry *entry = entry_at(&fixture.arena, find(&fixture, "key"));
  cr_assert(is_text(entry_value(&fixture.arena, entry), "2"));
  cr_assert(ne(u64, entry->stamp, stamp));
  cr_assert(eq(u32, entry_count_locked(&fixture.arena), 1));
  cr_assert(eq(u32, tag_at(&fixture.arena, tag_find_locked(&fixture.arena, S("one")))->uses, 0));
  close_arena(&fixture.arena);
}

Test(entry, a_load_that_a_change_of_its_tag_overtook_is_refused_and_takes_the_old_entry_along) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set(&fixture, "key", "1", "orders");
  uint64_t since = log_head(&fixture.arena);
  change(&fixture, "orders");
  cr_assert(eq(int, set_sized(&fixture, "key", S("2"), "orders", since), OC_REFUSED));
  cr_assert(eq(u32, find(&fixture, "key"), 0));
  cr_assert(eq(int, set_sized(&fixture, "other", S("2"), "customers", since), OC_OK));
  close_arena(&fixture.arena);
}

Test(entry, a_load_that_a_rollback_on_its_tag_overtook_is_refused_too) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  uint64_t since = log_head(&fixture.arena);
  uint32_t tag = tag_use_locked(&fixture.arena, S("orders"));
  tag_at(&fixture.arena, tag)->unsettled = log_append_locked(&fixture.arena, 0, 0, 0);
  cr_assert(eq(int, set_sized(&fixture, "key", S("1"), "orders", since), OC_REFUSED));
  cr_assert(eq(int, set(&fixture, "key", "1", "orders"), OC_OK));
  close_arena(&fixture.arena);
}

Test(entry, one_that_is_set_while_a_mutation_is_on_its_tag_is_mixed) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  uint32_t tag = tag_use_locked(&fixture.arena, S("orders"));
  tag_at(&fixture.arena, tag)->pending = 1;
  set(&fixture, "on it", "1", "orders");
  set(&fixture, "beside it", "1", "customers");
  cr_assert(entry_at(&fixture.arena, find(&fixture, "on it"))->mixed);
  cr_assert(not(entry_at(&fixture.arena, find(&fixture, "beside it"))->mixed));
  close_arena(&fixture.arena);
}

Test(entry, removing_one_gives_back_all_that_it_took) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set(&fixture, "first", "1", "orders"); /* the tag's text stays */
  entry_remove_locked(&fixture.arena, find(&fixture, "first"));
  uint64_t used = alloc_used_locked(&fixture.arena);
  uint32_t changes = arena_header(&fixture.arena)->changes;
  set(&fixture, "key", "[1,2,3]", "orders");
  entry_remove_locked(&fixture.arena, find(&fixture, "key"));
  cr_assert(eq(u64, alloc_used_locked(&fixture.arena), used));
  cr_assert(eq(u32, entry_count_locked(&fixture.arena), 0));
  cr_assert(ne(u32, arena_header(&fixture.arena)->changes, changes), "who remembers it is not told");
  close_arena(&fixture.arena);
}

Test(entry, an_update_replaces_the_bytes_and_moves_version_and_stamp) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set(&fixture, "key", "1", "orders");
  uint32_t index = find(&fixture, "key");
  uint64_t stamp = entry_at(&fixture.arena, index)->stamp;
  struct span span = {.start = 1, .len = 2};
  cr_assert(entry_update_locked(&fixture.arena, index, (struct state){S("[longer]"), &span, 1}, 5));
  const struct entry *entry = entry_at(&fixture.arena, index);
  cr_assert(is_text(entry_value(&fixture.arena, entry), "[longer]"));
  cr_assert(eq(u64, entry->version, 5));
  cr_assert(ne(u64, entry->stamp, stamp));
  cr_assert(eq(u32, entry_spans(&fixture.arena, entry)[0].len, 2));
  close_arena(&fixture.arena);
}

/* ---- The entries of a tag ---- */

static oc_status set_tagged(struct fixture *fixture, const char *key, const oc_slice_t *tags, size_t count) {
  struct shapes *shapes = shapes_of("");
  struct documents documents;
  cr_assert(eq(int, documents_find(S("1"), NULL, shapes, tags, count, &WIDE_LIMITS, &documents, NULL), OC_OK));
  struct entry_source source = {
      .key = S(key), .value = S("1"), .documents = &documents, .since = log_head(&fixture->arena)};
  oc_status status = entry_set_locked(&fixture->arena, &source);
  documents_free(&documents);
  shapes_release(shapes);
  return status;
}

/* The keys (of one character) in the tag's chain. */
static const char *chain(struct fixture *fixture, const char *tag) {
  static char keys[64];
  size_t len = 0;
  struct tag_place place = {0};
  uint32_t index = tag_find_locked(&fixture->arena, S(tag));
  while (index && reference_next_locked(&fixture->arena, index, &place)) {
    const struct entry *entry = entry_at(&fixture->arena, place.entry);
    cr_assert(eq(u32, entry_references(&fixture->arena, entry)[place.place].tag, index));
    keys[len++] = *slot_key(&fixture->arena, &entry->slot).data;
  }
  keys[len] = '\0';
  return keys;
}

Test(entry, a_tag_knows_the_entries_that_carry_it_and_no_others) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set_tagged(&fixture, "a", (oc_slice_t[]){S("x"), S("y")}, 2);
  set_tagged(&fixture, "b", (oc_slice_t[]){S("y")}, 1);
  set_tagged(&fixture, "c", (oc_slice_t[]){S("y"), S("x"), S("z")}, 3);
  cr_assert(eq(str, (char *)chain(&fixture, "x"), "ca"));
  cr_assert(eq(str, (char *)chain(&fixture, "y"), "cba"));
  cr_assert(eq(str, (char *)chain(&fixture, "z"), "c"));
  entry_remove_locked(&fixture.arena, find(&fixture, "b"));
  cr_assert(eq(str, (char *)chain(&fixture, "y"), "ca"), "from the middle");
  set_tagged(&fixture, "c", (oc_slice_t[]){S("z")}, 1);
  cr_assert(eq(str, (char *)chain(&fixture, "y"), "a"), "from the front");
  cr_assert(eq(str, (char *)chain(&fixture, "z"), "c"));
  entry_remove_locked(&fixture.arena, find(&fixture, "a"));
  cr_assert(eq(str, (char *)chain(&fixture, "x"), ""));
  close_arena(&fixture.arena);
}

Test(entry, updates_of_any_length_leave_key_tags_and_chains_as_they_are) {
  enum { LONGEST = 300 };
  struct fixture fixture;
  char text[LONGEST];
  struct span spans[2] = {{.start = 1}, {.start = 3}};
  open_with(&fixture, (struct sizes){0});
  set_tagged(&fixture, "a", (oc_slice_t[]){S("x"), S("y")}, 2);
  set_tagged(&fixture, "b", (oc_slice_t[]){S("y"), S("x")}, 2);
  set_tagged(&fixture, "c", (oc_slice_t[]){S("y")}, 1);
  for (uint32_t i = 1; i <= 4 * LONGEST; i++) {
    size_t len = i < LONGEST ? i : i * 7919 % LONGEST + 1;
    memset(text, 'a' + (int)(i % 26), len);
    spans[0].len = spans[1].len = i;
    uint32_t index =
        entry_update_locked(&fixture.arena, find(&fixture, "b"), (struct state){{text, len}, spans, i % 3}, i);
    const struct entry *entry = entry_at(&fixture.arena, index);
    cr_assert(slice_equal(entry_value(&fixture.arena, entry), (oc_slice_t){text, len}));
    cr_assert(eq(u32, entry->span_count, i % 3));
    for (uint32_t span = 0; span < i % 3; span++) cr_assert(eq(u32, entry_spans(&fixture.arena, entry)[span].len, i));
    cr_assert(eq(str, (char *)chain(&fixture, "x"), "ba"));
    cr_assert(eq(str, (char *)chain(&fixture, "y"), "cba"));
  }
  alloc_check_locked(&fixture.arena);
  close_arena(&fixture.arena);
}

Test(entry, a_value_of_other_tags_keeps_those_that_were_given_each_once) {
  struct fixture fixture;
  struct documents documents;
  struct span span = {.start = 1, .len = 2};
  oc_slice_t tags[] = {S("y"), S("z")};
  open_with(&fixture, (struct sizes){0});
  set_tagged(&fixture, "a", (oc_slice_t[]){S("x"), S("y")}, 2);
  struct shapes *shapes = shapes_of("");
  cr_assert(eq(int, documents_find(S("[12]"), NULL, shapes, tags, 2, &WIDE_LIMITS, &documents, NULL), OC_OK));
  struct state state = {S("[12]"), &span, 1};
  uint32_t index = entry_replace_locked(&fixture.arena, find(&fixture, "a"), state, &documents, 3);
  const struct entry *entry = entry_at(&fixture.arena, index);
  cr_assert(eq(u32, entry->reference_count, 3));
  cr_assert(is_text(entry_value(&fixture.arena, entry), "[12]"));
  cr_assert(eq(u32, entry_spans(&fixture.arena, entry)[0].len, 2));
  for (int tag = 0; tag < 3; tag++) cr_assert(eq(str, (char *)chain(&fixture, (char[]){"xyz"[tag], '\0'}), "a"));
  entry_remove_locked(&fixture.arena, index); /* which finds each tag in use */
  documents_free(&documents);
  shapes_release(shapes);
  close_arena(&fixture.arena);
}

/* Up to six of the tags "0" to "5", in an order of their own. */
static size_t draw_tags(uint32_t *random, oc_slice_t tags[6]) {
  static const char NAMES[] = "012345";
  size_t count = 6;
  for (size_t i = 0; i < 6; i++) tags[i] = (oc_slice_t){NAMES + i, 1};
  while (count > 0) {
    *random = *random * 1664525 + 1013904223;
    size_t picked = (*random >> 8) % count--;
    oc_slice_t tag = tags[picked];
    tags[picked] = tags[count];
    tags[count] = tag;
  }
  return (*random >> 16) % 7;
}

/* Of the keys that carry the tag, the one set last, but before that step; `keys` for none. */
static uint32_t newest_before(const uint32_t *set_at, const uint32_t *carries, uint32_t keys, uint32_t tag,
                              uint32_t before) {
  uint32_t newest = keys;
  for (uint32_t key = 0; key < keys; key++)
    if (carries[key] >> tag & 1 && set_at[key] < before && (newest == keys || set_at[key] > set_at[newest]))
      newest = key;
  return newest;
}

Test(entry, chains_are_right_after_any_history_of_entries_with_the_same_tags_in_other_places) {
  enum { KEYS = 20, STEPS = 1000, SEED = 7 };
  struct fixture fixture;
  uint32_t random = SEED, set_at[KEYS] = {0}, carries[KEYS] = {0};
  open_with(&fixture, (struct sizes){0});
  for (uint32_t step = 1; step <= STEPS; step++) {
    oc_slice_t tags[6];
    size_t count = draw_tags(&random, tags);
    uint32_t key = (random >> 10) % KEYS;
    char name[2] = {(char)('a' + key)};
    carries[key] = 0;
    set_at[key] = step;
    for (size_t i = 0; i < count; i++) carries[key] |= 1U << (tags[i].data[0] - '0');
    if (count > 0 || !find(&fixture, name)) set_tagged(&fixture, name, tags, count);
    else entry_remove_locked(&fixture.arena, find(&fixture, name));
    for (uint32_t tag = 0; tag < 6; tag++) {
      char expected[KEYS + 1] = "";
      size_t len = 0;
      for (uint32_t before = step + 1, newest; (newest = newest_before(set_at, carries, KEYS, tag, before)) < KEYS;) {
        expected[len++] = (char)('a' + newest);
        before = set_at[newest];
      }
      cr_assert(eq(str, (char *)chain(&fixture, (char[]){(char)('0' + tag), '\0'}), expected), "seed %d, step %u", SEED,
                step);
    }
  }
  close_arena(&fixture.arena);
}

Test(entry, an_operation_on_a_tag_does_not_touch_the_entries_that_carry_it) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  set(&fixture, "a", "1", "orders");
  struct entry before = *entry_at(&fixture.arena, find(&fixture, "a"));
  change(&fixture, "orders");
  cr_assert(eq(int, memcmp(&before, entry_at(&fixture.arena, find(&fixture, "a")), sizeof before), 0));
  cr_assert(eq(str, (char *)chain(&fixture, "orders"), "a"));
  close_arena(&fixture.arena);
}

/* ---- Eviction ---- */

static char PADDING[200000];

static oc_status set_large(struct fixture *fixture, const char *key, size_t len) {
  memset(PADDING, ' ', sizeof PADDING);
  return set_sized(fixture, key, (oc_slice_t){PADDING, len}, "orders", log_head(&fixture->arena));
}

Test(entry, the_bytes_stay_within_the_arena_however_much_is_set) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.bytes = 512 << 10});
  for (int i = 0; i < 500; i++) {
    char key[16];
    snprintf(key, sizeof key, "key %d", i);
    cr_assert(eq(int, set_large(&fixture, key, (size_t)(i * 97 % 20000)), OC_OK));
    cr_assert(le(u64, alloc_used_locked(&fixture.arena), alloc_capacity_locked(&fixture.arena)));
  }
  cr_assert(gt(u64, arena_header(&fixture.arena)->counters.evictions, 0));
  cr_assert(gt(u32, entry_count_locked(&fixture.arena), 1));
  close_arena(&fixture.arena);
}

Test(entry, the_number_of_entries_stays_within_its_cap) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.entries = 4});
  for (int i = 0; i < 20; i++) {
    char key[16];
    snprintf(key, sizeof key, "key %d", i);
    cr_assert(eq(int, set(&fixture, key, "1", "orders"), OC_OK));
  }
  cr_assert(eq(u32, entry_count_locked(&fixture.arena), 4));
  cr_assert(ne(u32, find(&fixture, "key 19"), 0));
  close_arena(&fixture.arena);
}

Test(entry, what_was_read_outlives_what_was_not) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.entries = 4});
  set(&fixture, "oldest", "1", "orders");
  set(&fixture, "unread", "1", "orders");
  set(&fixture, "read", "1", "orders");
  set(&fixture, "newest", "1", "orders");
  entry_touch_locked(entry_at(&fixture.arena, find(&fixture, "oldest")), 1);
  entry_touch_locked(entry_at(&fixture.arena, find(&fixture, "read")), 1);
  set(&fixture, "more", "1", "orders");
  cr_assert(eq(u32, find(&fixture, "unread"), 0));
  cr_assert(ne(u32, find(&fixture, "oldest"), 0));
  set(&fixture, "even more", "1", "orders");
  cr_assert(eq(u32, find(&fixture, "newest"), 0), "the hand goes on from where it stopped");
  cr_assert(ne(u32, find(&fixture, "read"), 0));
  close_arena(&fixture.arena);
}

Test(entry, room_can_be_made_when_everything_was_read) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.entries = 2});
  set(&fixture, "one", "1", "orders");
  set(&fixture, "two", "1", "orders");
  entry_touch_locked(entry_at(&fixture.arena, find(&fixture, "one")), 1);
  entry_touch_locked(entry_at(&fixture.arena, find(&fixture, "two")), 1);
  cr_assert(eq(int, set(&fixture, "three", "1", "orders"), OC_OK));
  cr_assert(ne(u32, find(&fixture, "three"), 0));
  close_arena(&fixture.arena);
}

Test(entry, a_value_larger_than_the_pool_is_refused_and_evicts_nothing) {
  struct fixture fixture;
  open_with(&fixture,
            (struct sizes){.bytes = 128 << 10, .tags = 8, .log = 8, .entries = 8, .mutations = 8, .views = 8});
  set(&fixture, "small", "1", "orders");
  cr_assert(eq(int, set_large(&fixture, "large", sizeof PADDING), OC_REFUSED));
  cr_assert(ne(u32, find(&fixture, "small"), 0));
  close_arena(&fixture.arena);
}

Test(entry, tags_are_made_room_for_by_evicting_and_those_of_mutations_are_not_taken) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.tags = 2});
  set(&fixture, "one", "1", "first");
  set(&fixture, "two", "1", "second");
  cr_assert(eq(int, set(&fixture, "three", "1", "third"), OC_OK));
  cr_assert(eq(u32, find(&fixture, "one"), 0));
  cr_assert(ne(u32, entry_use_tag_locked(&fixture.arena, S("held")), 0));
  cr_assert(ne(u32, entry_use_tag_locked(&fixture.arena, S("held too")), 0));
  uint64_t used = alloc_used_locked(&fixture.arena);
  cr_assert(eq(int, set(&fixture, "four", "1", "fourth"), OC_REFUSED));
  cr_assert(eq(u64, alloc_used_locked(&fixture.arena), used));
  close_arena(&fixture.arena);
}

/* ---- Room is made by moving before it is made by evicting ---- */

enum { SMALL = 3000, LARGE = 100000, SMALL_MOST = 400 };

/* JSON text of `size` bytes that tells which it is. */
static oc_slice_t text_of(char *text, size_t size, int index) {
  memset(text, 'a' + index % 26, size);
  text[0] = text[size - 1] = '"';
  return (oc_slice_t){text, size};
}

static const char *name_of(int index, const char *prefix) {
  static char name[32];
  snprintf(name, sizeof name, "%s%d", prefix, index);
  return name;
}

static uint32_t count_of_tag(struct arena *arena, const char *tag) {
  uint32_t count = 0;
  for (struct tag_place place = {0}; reference_next_locked(arena, tag_find_locked(arena, S(tag)), &place); count++)
    continue;
  return count;
}

Test(entry, a_large_one_fits_between_small_ones_that_keep_their_bytes_tags_and_older_states) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.bytes = 1 << 20, .entries = 1000, .tags = 1000});
  struct arena *arena = &fixture.arena;
  static char text[LARGE], older[SMALL];
  int kept = 0;
  for (; kept < SMALL_MOST && arena_header(arena)->counters.evictions == 0; kept++) {
    char tag[32];
    strcpy(tag, name_of(kept % 7, "tag "));
    set_sized(&fixture, name_of(kept, "key "), text_of(text, SMALL, kept), tag, log_head(arena));
  }
  cr_assert(gt(int, kept, 200));
  uint64_t evicted = arena_header(arena)->counters.evictions;
  text_of(older, SMALL, kept - 1);
  for (int index = 3; index < kept - 1; index += 3) entry_remove_locked(arena, find(&fixture, name_of(index, "key ")));
  /* A view needs the state of the last one before this. */
  change(&fixture, "another tag");
  entry_keep_for_locked(arena, log_head(arena) - 1);
  uint32_t last = find(&fixture, name_of(kept - 1, "key "));
  last = entry_update_locked(arena, last, (struct state){.value = S("\"new\"")}, log_head(arena));
  cr_assert(ne(u32, last, 0));
  cr_assert(eq(int, set_sized(&fixture, "large", text_of(text, LARGE, 0), "large", log_head(arena)), OC_OK));
  cr_assert(eq(u64, arena_header(arena)->counters.evictions, evicted), "%d entries", kept);
  entry_check_locked(arena);

  uint32_t counts[7] = {0};
  for (int index = (int)evicted; index < kept - 1; index++) {
    uint32_t found = find(&fixture, name_of(index, "key "));
    if (index >= 3 && index % 3 == 0) {
      cr_assert(eq(u32, found, 0));
      continue;
    }
    cr_assert(ne(u32, found, 0), "key %d", index);
    counts[index % 7]++;
    cr_assert(slice_equal(entry_value(arena, entry_at(arena, found)), text_of(text, SMALL, index)), "key %d", index);
    const struct tag_reference *reference = entry_references(arena, entry_at(arena, found));
    cr_assert(eq(u32, reference->tag, tag_find_locked(arena, S(name_of(index % 7, "tag ")))));
  }
  counts[(kept - 1) % 7]++;
  for (int tag = 0; tag < 7; tag++) cr_assert(eq(u32, count_of_tag(arena, name_of(tag, "tag ")), counts[tag]));
  uint32_t before = entry_find_earlier_locked(arena, find(&fixture, name_of(kept - 1, "key ")));
  cr_assert(slice_equal(entry_value(arena, entry_at(arena, before)), (oc_slice_t){older, SMALL}));
  cr_assert(eq(u32, entry_older_count_locked(arena), 1));
  entry_keep_for_locked(arena, UINT64_MAX);
  cr_assert(eq(u32, entry_older_count_locked(arena), 0));
  close_arena(arena);
}

/* ---- What goes first ---- */

static oc_status set_expiring(struct fixture *fixture, const char *key, oc_slice_t value, uint64_t expires_at,
                              uint64_t stale_until) {
  struct shapes *shapes = shapes_of("");
  struct documents documents;
  cr_assert(eq(int, documents_find(value, NULL, shapes, NULL, 0, &WIDE_LIMITS, &documents, NULL), OC_OK));
  struct entry_source source = {.key = S(key),
                                .value = value,
                                .documents = &documents,
                                .since = log_head(&fixture->arena),
                                .expires_at = expires_at,
                                .stale_until = stale_until};
  oc_status status = entry_set_locked(&fixture->arena, &source);
  documents_free(&documents);
  shapes_release(shapes);
  return status;
}

Test(entry, what_expired_goes_before_anything_that_can_be_read_however_new_and_read_it_is) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.entries = 4});
  set_expiring(&fixture, "ever", S("1"), 0, 0);
  set_expiring(&fixture, "later", S("1"), 300, 0);
  set_expiring(&fixture, "stale", S("1"), 100, 250);
  set_expiring(&fixture, "gone", S("1"), 200, 0);
  entry_touch_locked(entry_at(&fixture.arena, find(&fixture, "gone")), 1);
  entry_note_time_locked(&fixture.arena, 200);
  set_expiring(&fixture, "new", S("1"), 0, 0);
  cr_assert(find(&fixture, "ever") && find(&fixture, "later") && find(&fixture, "stale") && !find(&fixture, "gone"));
  entry_note_time_locked(&fixture.arena, 299);
  set_expiring(&fixture, "newer", S("1"), 0, 0);
  cr_assert(find(&fixture, "ever") && find(&fixture, "later") && !find(&fixture, "stale"));
  set_expiring(&fixture, "newest", S("1"), 0, 0);
  cr_assert(eq(u32, find(&fixture, "ever"), 0), "nothing has expired: the oldest goes");
  entry_check_locked(&fixture.arena);
  close_arena(&fixture.arena);
}

Test(entry, expired_entries_go_in_the_order_of_their_times_whatever_came_and_went_between) {
  enum { KEYS = 300 };
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.entries = 128});
  uint64_t times[KEYS] = {0}, seed = 1;
  for (int step = 0; step < 20000; step++) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    uint32_t nth = (uint32_t)(seed >> 33) % KEYS, index;
    char key[16];
    snprintf(key, sizeof key, "key %u", nth);
    if (seed >> 62 == 0) {
      if ((index = find(&fixture, key))) entry_remove_locked(&fixture.arena, index);
      continue;
    }
    times[nth] = 1 + (seed >> 40) % 5000;
    entry_note_time_locked(&fixture.arena, (uint64_t)step / 5);
    bool full = entry_count_locked(&fixture.arena) == 128 && !find(&fixture, key);
    uint64_t first = UINT64_MAX, gone = UINT64_MAX;
    bool held[KEYS];
    for (uint32_t i = 0; full && i < KEYS; i++) {
      char other[16];
      snprintf(other, sizeof other, "key %u", i);
      held[i] = find(&fixture, other) != 0;
      if (held[i] && times[i] < first) first = times[i];
    }
    cr_assert(eq(int, set_expiring(&fixture, key, S("1"), times[nth], 0), OC_OK));
    for (uint32_t i = 0; full && i < KEYS; i++) {
      char other[16];
      snprintf(other, sizeof other, "key %u", i);
      if (held[i] && !find(&fixture, other)) gone = times[i];
    }
    if (full && first <= (uint64_t)step / 5) cr_assert(eq(u64, gone, first), "step %d", step);
    if (step % 100 == 0) entry_check_locked(&fixture.arena);
  }
  close_arena(&fixture.arena);
}

Test(entry, a_value_that_the_evictions_of_one_call_cannot_make_room_for_pushes_nothing_out) {
  static char value[1 << 20];
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.bytes = 4 << 20, .entries = 8192});
  char key[16];
  uint64_t evictions = 0;
  for (int i = 0; evictions == 0; i++) {
    snprintf(key, sizeof key, "key %d", i);
    cr_assert(eq(int, set_expiring(&fixture, key, (oc_slice_t){value, 900}, 0, 0), OC_OK));
    evictions = arena_header(&fixture.arena)->counters.evictions;
  }
  uint32_t count = entry_count_locked(&fixture.arena);
  cr_assert(eq(int, set_expiring(&fixture, "large", (oc_slice_t){value, sizeof value}, 0, 0), OC_REFUSED));
  cr_assert(ge(u32, entry_count_locked(&fixture.arena) + 1, count), "only its head may have cost one");
  cr_assert(eq(int, set_expiring(&fixture, "page", (oc_slice_t){value, 20000}, 0, 0), OC_OK));
  entry_check_locked(&fixture.arena);
  close_arena(&fixture.arena);
}
