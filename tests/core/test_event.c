#include "support.h"

#include "event.h"

static struct event_cursor cursor;
static uint64_t happened;

/* A fresh arena whose ring takes 1,024 bytes, with a listener. */
static struct arena listen_in(struct sizes *sizes) {
  struct arena arena = open_arena(sizes);
  event_begin_locked(&arena, &cursor);
  return arena;
}

static void record(struct arena *arena, uint64_t version, const char *key) {
  if (event_is_wanted_locked(arena))
    event_record_locked(arena, &(struct event){.type = EVENT_EVICT, .version = version, .key = S(key)});
}

/* Reads on; returns how many records there were, all of them in order and behind `after`. */
static uint64_t read_on(struct arena *arena, uint64_t after) {
  static uint64_t room[256];
  uint64_t size = event_read_locked(arena, &cursor, room, sizeof room, &happened), count = 0;
  const struct event_record *at = NULL;
  while ((at = event_next(room, size, at))) {
    cr_assert(gt(u64, at->version, after));
    after = at->version;
    count++;
  }
  return count;
}

Test(event, a_record_says_what_was_put_into_it) {
  struct arena arena = listen_in(&(struct sizes){0});
  const uint8_t token[16] = {1, 2, 3};
  const oc_slice_t tags[] = {S("orders"), S("orders:7")};
  event_record_locked(&arena, &(struct event){.type = EVENT_COMMIT,
                                              .version = 9,
                                              .token = token,
                                              .principal = S("users:7"),
                                              .reason = S("because"),
                                              .tags = tags,
                                              .tag_count = 2,
                                              .more_tags = 3});
  uint64_t room[64];
  uint64_t size = event_read_locked(&arena, &cursor, room, sizeof room, &happened);
  const struct event_record *read = event_next(room, size, NULL);
  cr_assert(eq(u64, happened, 1));
  cr_assert(eq(int, read->type, EVENT_COMMIT));
  cr_assert(eq(u64, read->version, 9));
  cr_assert(read->has_token);
  cr_assert(zero(int, memcmp(read->token, token, 16)));
  cr_assert(eq(u32, read->tag_count, 2));
  cr_assert(eq(u32, read->more_tags, 3));
  const char *text = (const char *)(read + 1);
  cr_assert(is_text((oc_slice_t){text, read->principal_len + read->reason_len}, "users:7because"));
  cr_assert(zero(ptr, (void *)(uintptr_t)event_next(room, size, read)));
  close_arena(&arena);
}

Test(event, nothing_is_recorded_before_somebody_listens_and_what_is_not_recorded_is_not_lost) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  for (uint64_t version = 1; version < 5; version++) record(&arena, version, "unheard");
  cr_assert(not(event_is_new_locked(&arena)));
  event_begin_locked(&arena, &cursor);
  record(&arena, 5, "heard");
  cr_assert(event_is_new_locked(&arena));
  cr_assert(not(event_is_new_locked(&arena)));
  cr_assert(eq(u64, read_on(&arena, 4), 1));
  cr_assert(eq(u64, happened, 1));
  close_arena(&arena);
}

Test(event, a_reader_that_keeps_up_gets_every_event_once_over_many_rounds_of_the_ring) {
  struct arena arena = listen_in(&(struct sizes){0});
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
  struct arena arena = listen_in(&(struct sizes){0});
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
  struct arena arena = listen_in(&(struct sizes){0});
  uint64_t version = 0;
  while (event_is_wanted_locked(&arena) && version < 1000) record(&arena, ++version, "key");
  cr_assert(lt(u64, version, 1000));
  for (int i = 0; i < 5; i++) record(&arena, ++version, "unheard");
  (void)read_on(&arena, 0);
  cr_assert(ge(u64, happened, version));
  record(&arena, ++version, "heard");
  cr_assert(eq(u64, read_on(&arena, version - 1), 1));
  close_arena(&arena);
}

Test(event, tags_that_do_not_fit_are_counted_and_a_text_that_does_not_is_lost) {
  struct arena arena = listen_in(&(struct sizes){0});
  oc_slice_t tags[EVENT_TAGS_MOST];
  for (int i = 0; i < EVENT_TAGS_MOST; i++) tags[i] = S("a tag of 16 bytes");
  struct event event = {.type = EVENT_INVALIDATE, .version = 1, .tags = tags, .tag_count = EVENT_TAGS_MOST};
  event_record_locked(&arena, &event);
  char key[400];
  memset(key, 'k', sizeof key);
  event_record_locked(&arena, &(struct event){.type = EVENT_EVICT, .version = 2, .key = {key, sizeof key}});
  uint64_t room[64];
  uint64_t size = event_read_locked(&arena, &cursor, room, sizeof room, &happened);
  const struct event_record *read = event_next(room, size, NULL);
  cr_assert(eq(u64, happened, 2));
  cr_assert(eq(u32, read->tag_count + read->more_tags, EVENT_TAGS_MOST));
  cr_assert(gt(u32, read->tag_count, 0));
  cr_assert(gt(u32, read->more_tags, 0));
  cr_assert(zero(ptr, (void *)(uintptr_t)event_next(room, size, read)));
  close_arena(&arena);
}

Test(event, a_buffer_that_is_too_small_leaves_the_reader_where_it_was) {
  struct arena arena = listen_in(&(struct sizes){0});
  record(&arena, 1, "key");
  happened = 77;
  cr_assert(gt(u64, event_read_locked(&arena, &cursor, NULL, 0, &happened), 0));
  cr_assert(eq(u64, happened, 77));
  cr_assert(eq(u64, read_on(&arena, 0), 1));
  close_arena(&arena);
}
