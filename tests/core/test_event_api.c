#define _GNU_SOURCE

#include <semaphore.h>

#include "processes.h"

enum { ALL_TYPES = OC_EVENT_COMMIT | OC_EVENT_ROLLBACK | OC_EVENT_EXPIRE | OC_EVENT_INVALIDATE | OC_EVENT_EVICT };

#define SHIP S("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"shipped\"}}]")
#define TOKEN_TEXT "01000000-0000-7000-8000-0000000000"

static oc_buffer_t text;
static oc_lost_t lost;

static oc_cache_t *open_private(void) {
  return open_or_fail((oc_options_t){.name = unique_name(), .max_bytes = 1 << 20});
}

static oc_events_t *listen_to(oc_cache_t *cache, uint32_t types) {
  oc_events_t *events = NULL;
  cr_assert(eq(int, oc_events_open(cache, types, &events, NULL), OC_OK));
  return events;
}

/* The JSON of what happened since the last time. */
static const char *read_on(oc_events_t *events) {
  cr_assert(eq(int, oc_events_read(events, &text, &lost, NULL), OC_OK));
  cr_assert(eq(int, buffer_append(&text, "", 1), OC_OK));
  return text.data;
}

static void close_all(oc_cache_t *cache, oc_events_t *events) {
  oc_events_close(events);
  oc_close(cache);
  oc_buffer_free(&text);
}

static void begin(oc_cache_t *cache, uint8_t token) {
  cr_assert(eq(int, oc_begin(cache, token_of(token), S("users:7"), SHIP, 0, NULL), OC_OK));
}

static size_t count(const char *json, const char *what) {
  size_t times = 0;
  for (const char *at = json; (at = strstr(at, what)); at++) times++;
  return times;
}

Test(event_api, each_settling_is_told_with_its_mutation_and_what_it_touched) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = listen_to(cache, ALL_TYPES);
  uint64_t version;
  for (uint8_t token = 1; token <= 3; token++) begin(cache, token);
  cr_assert(eq(str, (char *)(uintptr_t)read_on(events), "[]"), "a begin is not told");
  cr_assert(eq(int, oc_commit(cache, token_of(1), S(""), &version, NULL), OC_OK));
  cr_assert(eq(int, oc_rollback(cache, token_of(2), S("no \"stock\""), NULL), OC_OK));
  cr_assert(eq(int, oc_expire(cache, token_of(3), S(""), NULL), OC_OK));
  cr_assert(eq(str, (char *)(uintptr_t)read_on(events),
               "[{\"type\":\"commit\",\"version\":2,\"token\":\"" TOKEN_TEXT
               "01\",\"principal\":\"users:7\",\"tags\":[\"orders\",\"orders:7\"],\"moreTags\":0},"
               "{\"type\":\"rollback\",\"version\":3,\"token\":\"" TOKEN_TEXT
               "02\",\"principal\":\"users:7\",\"reason\":\"no \\\"stock\\\"\",\"tags\":[\"orders\",\"orders:7\"],"
               "\"moreTags\":0},"
               "{\"type\":\"expire\",\"version\":4,\"token\":\"" TOKEN_TEXT
               "03\",\"principal\":\"users:7\",\"tags\":[\"orders\",\"orders:7\"],\"moreTags\":0}]"));
  cr_assert(eq(u64, lost.events, 0));
  cr_assert(eq(str, (char *)(uintptr_t)read_on(events), "[]"), "once");
  close_all(cache, events);
}

Test(event_api, a_call_that_settles_nothing_new_is_not_told) {
  oc_cache_t *cache = open_private();
  uint64_t version;
  begin(cache, 1);
  cr_assert(eq(int, oc_commit(cache, token_of(1), S(""), &version, NULL), OC_OK));
  oc_events_t *events = listen_to(cache, ALL_TYPES);
  cr_assert(eq(int, oc_commit(cache, token_of(1), S(""), &version, NULL), OC_OK));
  cr_assert(eq(int, oc_rollback(cache, token_of(1), S(""), NULL), OC_ERR_TOKEN_SETTLED));
  cr_assert(eq(str, (char *)(uintptr_t)read_on(events), "[]"));
  cr_assert(eq(u64, lost.events, 0));
  close_all(cache, events);
}

Test(event_api, what_turns_out_after_an_expiry_is_told_as_well) {
  oc_cache_t *cache = open_private();
  uint64_t version;
  begin(cache, 1);
  begin(cache, 2);
  cr_assert(eq(int, oc_expire(cache, token_of(1), S(""), NULL), OC_OK));
  cr_assert(eq(int, oc_expire(cache, token_of(2), S(""), NULL), OC_OK));
  oc_events_t *events = listen_to(cache, ALL_TYPES);
  cr_assert(eq(int, oc_commit(cache, token_of(1), S(""), &version, NULL), OC_OK));
  cr_assert(eq(int, oc_rollback(cache, token_of(2), S(""), NULL), OC_OK));
  const char *json = read_on(events);
  cr_assert(eq(sz, count(json, "\"tags\":[\"orders\",\"orders:7\"]"), 2));
  cr_assert(eq(sz, count(json, "\"commit\""), 1));
  cr_assert(eq(sz, count(json, "\"rollback\""), 1));
  close_all(cache, events);
}

Test(event_api, an_invalidation_names_its_tags_64_at_most) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = listen_to(cache, OC_EVENT_INVALIDATE);
  oc_slice_t tags[70];
  char names[70][16];
  for (int i = 0; i < 70; i++) {
    snprintf(names[i], sizeof names[i], "tag %d", i);
    tags[i] = S(names[i]);
  }
  cr_assert(eq(int, oc_invalidate(cache, tags, 1, NULL, NULL), OC_OK));
  cr_assert(eq(int, oc_invalidate(cache, tags, 70, NULL, NULL), OC_OK));
  const char *json = read_on(events);
  static const char FIRST[] =
      "[{\"type\":\"invalidate\",\"version\":2,\"everything\":false,\"tags\":[\"tag 0\"],\"moreTags\":0},";
  cr_assert(zero(int, strncmp(json, FIRST, sizeof FIRST - 1)), "%s", json);
  cr_assert(eq(sz, count(json, "\"tag "), 65));
  cr_assert(eq(sz, count(json, "\"moreTags\":6}"), 1));
  close_all(cache, events);
}

Test(event_api, other_shapes_are_told_as_an_invalidation_of_everything) {
  oc_options_t options = {.name = unique_name(), .max_bytes = 1 << 20, .shapes = S("{\"orders\":{}}")};
  oc_cache_t *cache = open_or_fail(options);
  oc_events_t *events = listen_to(cache, OC_EVENT_INVALIDATE);
  options.shapes = S("{\"orders\":{\"groups\":[\"address\"]}}");
  oc_close(open_or_fail(options));
  const char *json = read_on(events);
  cr_assert(eq(sz, count(json, "\"reason\":\"other shapes\",\"everything\":true,\"tags\":[]"), 1), "%s", json);
  close_all(cache, events);
}

static void set(oc_cache_t *cache, const char *key, size_t size, uint64_t expires_at) {
  static char value[64 << 10];
  oc_set_options_t options = {.content = OC_BYTES, .expires_at = expires_at};
  cr_assert(eq(int, oc_set(cache, S(key), (oc_slice_t){value, size}, &options, NULL), OC_OK));
}

Test(event_api, an_eviction_is_told_with_its_key_and_why) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = listen_to(cache, OC_EVENT_EVICT);
  set(cache, "expired", 100, 1);
  char key[16];
  for (int i = 0; i < 40; i++) {
    snprintf(key, sizeof key, "key %d", i);
    set(cache, key, 60 << 10, 0);
  }
  const char *json = read_on(events);
  static const char FIRST[] = "[{\"type\":\"evict\",\"version\":1,\"key\":\"expired\",\"reason\":\"expired\"},"
                              "{\"type\":\"evict\",\"version\":1,\"key\":\"key 0\",\"reason\":\"room\"},";
  cr_assert(zero(int, strncmp(json, FIRST, sizeof FIRST - 1)), "%s", json);
  oc_stats_t stats;
  oc_stats(cache, &stats);
  cr_assert(eq(sz, count(json, "\"evict\""), stats.evictions));
  close_all(cache, events);
}

Test(event_api, what_a_reader_is_too_late_for_it_is_told_as_a_number) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = listen_to(cache, OC_EVENT_INVALIDATE), *late = listen_to(cache, OC_EVENT_INVALIDATE);
  for (uint64_t round = 0; round < 1000; round++) {
    cr_assert(eq(int, oc_invalidate(cache, &S("orders"), 1, NULL, NULL), OC_OK));
    cr_assert(eq(sz, count(read_on(events), "\"invalidate\""), 1));
    cr_assert(eq(u64, lost.events, 0));
  }
  size_t told = count(read_on(late), "\"invalidate\"");
  cr_assert(gt(sz, told, 0));
  cr_assert(lt(sz, told, 1000));
  cr_assert(eq(u64, told + lost.events, 1000));
  oc_events_close(late);
  close_all(cache, events);
}

Test(event_api, who_wants_other_types_gets_them_from_then_on) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = listen_to(cache, OC_EVENT_COMMIT), *other = listen_to(cache, OC_EVENT_INVALIDATE);
  cr_assert(eq(int, oc_invalidate(cache, &S("before"), 1, NULL, NULL), OC_OK));
  cr_assert(eq(int, oc_events_want(events, OC_EVENT_INVALIDATE, NULL), OC_OK));
  cr_assert(eq(int, oc_invalidate(cache, &S("after"), 1, NULL, NULL), OC_OK));
  const char *json = read_on(events);
  cr_assert(eq(sz, count(json, "after"), 1));
  cr_assert(eq(sz, count(json, "before"), 0));
  cr_assert(eq(u64, lost.events, 0));
  oc_events_close(other);
  close_all(cache, events);
}

Test(event_api, types_that_there_are_not_are_refused) {
  oc_cache_t *cache = open_private();
  oc_events_t *events = NULL;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_events_open(cache, 0, &events, &error), OC_ERR_ARGUMENT));
  cr_assert(eq(int, oc_events_open(cache, 32, &events, &error), OC_ERR_ARGUMENT));
  cr_assert(events == NULL);
  events = listen_to(cache, ALL_TYPES);
  cr_assert(eq(int, oc_events_want(events, 64, &error), OC_ERR_ARGUMENT));
  close_all(cache, events);
}

/* ---- Two processes ---- */

static void post(void *context) { child_says(context); }

/* Says a byte whenever its watcher is called, waits for a go, and says what it reads. */
static void listen(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  oc_events_t *events = NULL;
  oc_buffer_t json = {0};
  oc_lost_t ignored;
  uint64_t id;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  if (oc_events_open(cache, OC_EVENT_INVALIDATE, &events, NULL) != OC_OK) _exit(2);
  if (oc_watch(cache, post, self, &id) != OC_OK) _exit(3);
  child_waits(self);
  if (oc_events_read(events, &json, &ignored, NULL) != OC_OK) _exit(4);
  oc_unwatch(cache, id);
  (void)!write(self->to, json.data, json.len);
  (void)!write(self->to, "\n", 1);
  child_waits(self);
}

/* What the child read, without the bytes that its watcher said. */
static const char *line_of(struct child *child) {
  static char line[4096];
  size_t len = 0;
  for (char byte = 0; byte != '\n' && len < sizeof line - 1;) {
    cr_assert(eq(sz, (size_t)read(child->from, &byte, 1), 1), "the child ended too early");
    if (byte != 'x' && byte != '\n') line[len++] = byte;
  }
  line[len] = '\0';
  return line;
}

Test(event_api, a_process_is_woken_for_what_another_one_does_and_reads_it) {
  oc_options_t options = shared_options();
  struct child child = meet_child(listen, &options); /* a new watcher is called once for nothing */
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, oc_invalidate(cache, &S("orders"), 1, NULL, NULL), OC_OK));
  await_child(&child);
  let_child_go_on(&child);
  const char *json = line_of(&child);
  cr_assert(eq(sz, count(json, "\"tags\":[\"orders\"]"), 1), "%s", json);
  end_child(&child, SIGKILL);
  oc_close(cache);
}

Test(event_api, a_reset_is_told_to_readers_and_what_they_had_not_read_is_counted) {
  oc_options_t options = shared_options();
  struct child child = meet_child(die_in_a_section, &options);
  oc_cache_t *cache = open_or_fail(options);
  oc_events_t *events = listen_to(cache, OC_EVENT_INVALIDATE);
  for (int i = 0; i < 5; i++) cr_assert(eq(int, oc_invalidate(cache, &S("orders"), 1, NULL, NULL), OC_OK));
  let_child_go_on(&child);
  await_child(&child);
  end_child(&child, SIGKILL);
  cr_assert(eq(str, (char *)(uintptr_t)read_on(events), "[]"));
  cr_assert(lost.reset);
  cr_assert(eq(u64, lost.events, 5));
  cr_assert(eq(int, oc_invalidate(cache, &S("again"), 1, NULL, NULL), OC_OK));
  cr_assert(eq(sz, count(read_on(events), "again"), 1));
  cr_assert(not(lost.reset));
  cr_assert(eq(u64, lost.events, 0));
  close_all(cache, events);
}

static void begin_and_close(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  if (oc_begin(cache, token_of(1), S("users:7"), SHIP, 0, NULL) != OC_OK) _exit(2);
  child_says(self);
  child_waits(self);
  oc_close(cache);
  child_says(self);
}

static void raise_semaphore(void *context) { sem_post(context); }

/* Hangs when nobody is woken after the expiry. */
Test(event_api, what_a_process_that_closes_leaves_pending_is_told_and_wakes_who_waits) {
  oc_options_t options = shared_options();
  struct child child = meet_child(begin_and_close, &options);
  oc_cache_t *cache = open_or_fail(options);
  oc_events_t *events = listen_to(cache, OC_EVENT_EXPIRE);
  sem_t called;
  uint64_t id;
  sem_init(&called, 0, 0);
  cr_assert(eq(int, oc_watch(cache, raise_semaphore, &called, &id), OC_OK));
  let_child_go_on(&child);
  while (count(read_on(events), "\"expire\"") == 0) sem_wait(&called);
  oc_unwatch(cache, id);
  end_child(&child, 0);
  close_all(cache, events);
  sem_destroy(&called);
}
