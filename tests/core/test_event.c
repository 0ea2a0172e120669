#include "support.h"

#include "event.h"

enum { EVICTIONS = 1 << (EVENT_EVICT - 1), COMMITS = 1 << (EVENT_COMMIT - 1), ALL_TYPES = 31 };

static struct event_cursor cursor;
static uint64_t happened;

/* A fresh arena whose ring takes 1,024 bytes, with a listener to these types. */
static struct arena listen_to(uint32_t types) {
  static struct sizes sizes;
  struct arena arena = open_arena(&sizes);
  event_begin_locked(&arena, types, &cursor);
  return arena;
}

static void record(struct arena *arena, uint64_t version, const char *key) {
  if (event_happened_locked(arena, EVENT_EVICT))
    event_record_locked(arena, &(struct event){.type = EVENT_EVICT, .version = version, .key = S(key)});
}

static uint64_t room[256];

/* Reads on; returns how many records there were, all of them in order and behind `after`. */
static uint64_t read_on(struct arena *arena, uint64_t after) {
  struct event_cursor next;
  uint64_t size = event_read_locked(arena, &cursor, room, sizeof room, &next), count = 0;
  const struct event_record *at = NULL;
  while ((at = event_next(&cursor, room, size, at))) {
    cr_assert(gt(u64, at->version, after));
    after = at->version;
    count++;
  }
  happened = event_count(&cursor, &next);
  cursor = next;
  return count;
}

/* The only event that there is to be read. */
static struct event read_one(struct arena *arena, oc_slice_t *tags) {
  struct event_cursor next;
  struct event event = {0};
  uint64_t size = event_read_locked(arena, &cursor, room, sizeof room, &next);
  const struct event_record *record = event_next(&cursor, room, size, NULL);
  cr_assert(record != NULL);
  cr_assert(event_next(&cursor, room, size, record) == NULL);
  event_open(record, &event, tags);
  happened = event_count(&cursor, &next);
  cursor = next;
  return event;
}

Test(event, a_record_says_what_was_put_into_it) {
  struct arena arena = listen_to(ALL_TYPES);
  const uint8_t token[16] = {1, 2, 3};
  const oc_slice_t tags[] = {S("orders"), S("orders:7")};
  cr_assert(event_happened_locked(&arena, EVENT_COMMIT));
  event_record_locked(&arena, &(struct event){.type = EVENT_COMMIT,
                                              .version = 9,
                                              .token = token,
                                              .principal = S("users:7"),
                                              .reason = S("because"),
                                              .key = S("key"),
                                              .everything = true,
                                              .tags = tags,
                                              .tag_count = 2,
                                              .more_tags = 3});
  oc_slice_t read_tags[EVENT_TAGS_MOST];
  struct event read = read_one(&arena, read_tags);
  cr_assert(eq(u64, happened, 1));
  cr_assert(eq(int, read.type, EVENT_COMMIT));
  cr_assert(eq(u64, read.version, 9));
  cr_assert(zero(int, memcmp(read.token, token, 16)));
  cr_assert(is_text(read.principal, "users:7"));
  cr_assert(is_text(read.reason, "because"));
  cr_assert(is_text(read.key, "key"));
  cr_assert(read.everything);
  cr_assert(eq(u32, read.tag_count, 2));
  cr_assert(is_text(read.tags[0], "orders"));
  cr_assert(is_text(read.tags[1], "orders:7"));
  cr_assert(eq(u32, read.more_tags, 3));
  close_arena(&arena);
}

Test(event, nothing_is_recorded_before_somebody_listens_and_what_is_not_recorded_is_not_lost) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  for (uint64_t version = 1; version < 5; version++) record(&arena, version, "unheard");
  cr_assert(not(event_is_new_locked(&arena)));
  event_begin_locked(&arena, ALL_TYPES, &cursor);
  record(&arena, 5, "heard");
  cr_assert(event_is_new_locked(&arena));
  cr_assert(not(event_is_new_locked(&arena)));
  cr_assert(eq(u64, read_on(&arena, 4), 1));
  cr_assert(eq(u64, happened, 1));
  close_arena(&arena);
}

Test(event, a_reader_that_keeps_up_gets_every_event_once_over_many_rounds_of_the_ring) {
  struct arena arena = listen_to(ALL_TYPES);
  static const char KEYS[][40] = {"a", "a key of some length", "a key that is even a bit longer, really"};
  uint64_t version = 0;
  for (int round = 0; round < 500; round++) {
    uint64_t before = version;
    for (int i = 0; i <= round % 5; i++, version++) record(&arena, version + 1, KEYS[version % 3]);
    cr_assert(eq(u64, read_on(&arena, before), version - before));
    cr_assert(eq(u64, happened, version - before));
  }
  close_arena(&arena);
}

Test(event, a_reader_that_is_overtaken_gets_the_newest_and_the_number_of_those_it_lost) {
  struct arena arena = listen_to(ALL_TYPES);
  for (uint64_t version = 1; version <= 20; version++) record(&arena, version, "key");
  uint64_t got = read_on(&arena, 0);
  cr_assert(gt(u64, got, 0));
  cr_assert(lt(u64, got, 20));
  cr_assert(eq(u64, happened, 20));
  record(&arena, 21, "key");
  cr_assert(eq(u64, read_on(&arena, 20), 1));
  cr_assert(eq(u64, happened, 1));
  close_arena(&arena);
}

Test(event, when_nobody_reads_for_two_rounds_recording_stops_until_a_listener_comes_back) {
  struct arena arena = listen_to(ALL_TYPES);
  uint64_t version = 0;
  uint64_t before = 0;
  while (version < 1000 && event_is_new_locked(&arena) == (version > before)) {
    before = version;
    record(&arena, ++version, "key");
  }
  cr_assert(lt(u64, version, 1000));
  for (int i = 0; i < 5; i++) record(&arena, ++version, "unheard");
  (void)read_on(&arena, 0);
  cr_assert(ge(u64, happened, version));
  record(&arena, ++version, "heard");
  cr_assert(eq(u64, read_on(&arena, version - 1), 1));
  close_arena(&arena);
}

Test(event, tags_that_do_not_fit_are_counted_and_a_text_that_does_not_is_lost) {
  struct arena arena = listen_to(ALL_TYPES);
  oc_slice_t tags[EVENT_TAGS_MOST];
  for (int i = 0; i < EVENT_TAGS_MOST; i++) tags[i] = S("a tag of 16 bytes");
  cr_assert(event_happened_locked(&arena, EVENT_INVALIDATE));
  uint32_t tag_count = EVENT_TAGS_MOST - 1; /* odd, so that its halves differ */
  event_record_locked(&arena, &(struct event){.type = EVENT_INVALIDATE, .tags = tags, .tag_count = tag_count});
  char key[400] = {0};
  memset(key, 'k', sizeof key - 1);
  record(&arena, 2, key);
  struct event read = read_one(&arena, tags);
  cr_assert(eq(u64, happened, 2));
  cr_assert(eq(u32, read.tag_count + read.more_tags, tag_count));
  cr_assert(gt(u32, read.tag_count, 0));
  cr_assert(gt(u32, read.more_tags, 0));
  close_arena(&arena);
}

Test(event, a_buffer_that_is_too_small_leaves_the_reader_where_it_was) {
  struct arena arena = listen_to(ALL_TYPES);
  record(&arena, 1, "key");
  struct event_cursor next = {.position = 77};
  cr_assert(gt(u64, event_read_locked(&arena, &cursor, NULL, 0, &next), 0));
  cr_assert(eq(u64, next.position, 77));
  cr_assert(eq(u64, read_on(&arena, 0), 1));
  close_arena(&arena);
}

Test(event, a_reader_who_was_further_than_a_new_ring_begins_at_its_beginning) {
  struct arena arena = listen_to(ALL_TYPES);
  record(&arena, 1, "key");
  cr_assert(eq(u64, read_on(&arena, 0), 1));
  arena_header(&arena)->resets++;
  event_init(&arena, arena_header(&arena)->root[ROOT_EVENTS], 1024);
  cr_assert(eq(u64, read_on(&arena, 1), 0));
  record(&arena, 2, "key");
  cr_assert(eq(u64, read_on(&arena, 1), 1));
  close_arena(&arena);
}

Test(event, only_the_types_that_somebody_listens_to_are_recorded_and_drive_nothing_else_out) {
  struct arena arena = listen_to(COMMITS);
  cr_assert(event_happened_locked(&arena, EVENT_COMMIT));
  event_record_locked(&arena, &(struct event){.type = EVENT_COMMIT, .version = 1});
  for (uint64_t version = 2; version < 100; version++) record(&arena, version, "key");
  cr_assert(eq(u64, read_on(&arena, 0), 1));
  cr_assert(eq(u64, happened, 1), "those of other types are not lost");
  close_arena(&arena);
}

Test(event, a_reader_gets_its_own_types_among_those_that_others_wanted) {
  struct arena arena = listen_to(COMMITS);
  struct event_cursor other;
  event_begin_locked(&arena, EVICTIONS, &other);
  record(&arena, 1, "not mine");
  cr_assert(event_happened_locked(&arena, EVENT_COMMIT));
  event_record_locked(&arena, &(struct event){.type = EVENT_COMMIT, .version = 2});
  record(&arena, 3, "not mine");
  oc_slice_t tags[EVENT_TAGS_MOST];
  cr_assert(eq(u64, read_one(&arena, tags).version, 2));
  cr_assert(eq(u64, happened, 1));
  close_arena(&arena);
}

Test(event, who_wants_another_type_gets_it_from_then_on_although_others_had_it_recorded_before) {
  struct arena arena = listen_to(COMMITS);
  struct event_cursor other;
  event_begin_locked(&arena, EVICTIONS, &other);
  record(&arena, 1, "before");
  event_want_locked(&arena, COMMITS | EVICTIONS, &cursor);
  record(&arena, 2, "after");
  cr_assert(eq(u64, read_on(&arena, 1), 1));
  cr_assert(eq(u64, happened, 1));
  event_want_locked(&arena, COMMITS, &cursor);
  record(&arena, 3, "given up");
  cr_assert(eq(u64, read_on(&arena, 3), 0));
  cr_assert(eq(u64, happened, 0));
  close_arena(&arena);
}
