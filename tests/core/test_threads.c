/*
 * Several threads on one cache: writers in brackets, readers that fill what they miss, and one that looks in, over a
 * model database. The documents of a pair (1 and 2, 3 and 4, …) are only ever written together, with the same number,
 * and numbers in the database only grow. So every hit can be judged on the spot:
 *
 *   - its numbers are not older than what was committed before the read began (hit equals truth);
 *   - nor newer than the database after the read ended (isolation: a pending number is far above any real one);
 *   - the two of a pair are equal (atomic commit).
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "optimistic_cache.h"

enum { DOCUMENTS = 8, WRITERS = 3, READERS = 3, ROUNDS = 1500, GUESS = 1000000 };

#define TEXT(literal) ((oc_slice_t){(literal), sizeof(literal) - 1})

static const oc_slice_t LIST = {"list", 4};
static const char LIST_QUERY[] = "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"id\",\"depth\":0}";

static struct {
  pthread_mutex_t lock;
  int number[DOCUMENTS + 1];
} database = {.lock = PTHREAD_MUTEX_INITIALIZER};

static atomic_int confirmed[DOCUMENTS + 1]; /* the number of the newest commit that has returned */
static atomic_int latest[DOCUMENTS + 1];    /* the number in the database */
static atomic_int writers_left;
static atomic_long hits;

struct thread {
  pthread_t id;
  oc_cache_t *cache;
  unsigned seed;
  char failure[160]; /* assertions are for the main thread */
};

static unsigned draw(struct thread *self, unsigned below) {
  self->seed ^= self->seed << 13;
  self->seed ^= self->seed >> 17;
  self->seed ^= self->seed << 5;
  return self->seed % below;
}

static oc_slice_t slice(const char *text) { return (oc_slice_t){text, strlen(text)}; }

static void expect(struct thread *self, bool holds, const char *what, int got, int wanted) {
  if (holds || self->failure[0]) return;
  snprintf(self->failure, sizeof self->failure, "%s: got %d, expected %d", what, got, wanted);
}

static void raise_to(atomic_int *number, int value) {
  int now = atomic_load(number);
  while (now < value && !atomic_compare_exchange_weak(number, &now, value)) {
  }
}

/* Writes both documents of a pair, as one transaction. */
static int write_pair(int first) {
  pthread_mutex_lock(&database.lock);
  int number = ++database.number[first];
  database.number[first + 1] = number;
  raise_to(&latest[first], number);
  raise_to(&latest[first + 1], number);
  pthread_mutex_unlock(&database.lock);
  return number;
}

static void pair_operations(char text[256], int first, int number) {
  static const char *const FORMAT = "{\"type\":\"update\",\"collection\":\"orders\",\"id\":%d,\"data\":{\"n\":%d}}";
  char one[112], other[112];
  snprintf(one, sizeof one, FORMAT, first, number);
  snprintf(other, sizeof other, FORMAT, first + 1, number);
  snprintf(text, 256, "[%s,%s]", one, other);
}

/* Reads the number of each document in a page. */
static void parse_page(oc_buffer_t *page, int numbers[DOCUMENTS + 1]) {
  const char *at = page->data, *end = page->data + page->len;
  for (int id = 1; id <= DOCUMENTS; id++) {
    at = memmem(at, (size_t)(end - at), "\"n\":", 4);
    if (!at) return;
    at += 4;
    numbers[id] = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) numbers[id] = numbers[id] * 10 + (*at - '0');
  }
}

static void fill(struct thread *self) {
  char page[1024] = "{\"docs\":[";
  uint64_t since = oc_version(self->cache);
  pthread_mutex_lock(&database.lock);
  for (int id = 1; id <= DOCUMENTS; id++) {
    size_t len = strlen(page);
    snprintf(page + len, sizeof page - len, "%s{\"id\":%d,\"n\":%d}", id > 1 ? "," : "", id, database.number[id]);
  }
  pthread_mutex_unlock(&database.lock);
  strcat(page, "]}");
  oc_set_options_t options = {.since = since, .query = slice(LIST_QUERY)};
  oc_error_t error = {0};
  oc_status status = oc_set(self->cache, LIST, slice(page), &options, &error);
  expect(self, status == OC_OK || status == OC_REFUSED, "oc_set", status, OC_OK);
}

static void *read_and_fill(void *context) {
  struct thread *self = context;
  oc_buffer_t page = {0};
  while (atomic_load(&writers_left) > 0) {
    int oldest[DOCUMENTS + 1], shown[DOCUMENTS + 1] = {0};
    for (int id = 1; id <= DOCUMENTS; id++) oldest[id] = atomic_load(&confirmed[id]);
    oc_hit_t hit;
    oc_status status = oc_get(self->cache, NULL, LIST, false, 0, &page, &hit, NULL);
    if (status == OC_MISS) {
      fill(self);
      continue;
    }
    expect(self, status == OC_OK, "oc_get", status, OC_OK);
    atomic_fetch_add(&hits, 1);
    parse_page(&page, shown);
    for (int id = 1; id <= DOCUMENTS; id++) {
      int newest = atomic_load(&latest[id]);
      expect(self, shown[id] >= oldest[id], "a hit is older than a commit that had returned", shown[id], oldest[id]);
      expect(self, shown[id] <= newest, "a hit shows what the database never had", shown[id], newest);
      if (id % 2 == 0) expect(self, shown[id] == shown[id - 1], "a pair was torn", shown[id], shown[id - 1]);
    }
  }
  oc_buffer_free(&page);
  return NULL;
}

/* What the author of a pending mutation sees, and what somebody does who presents its token. */
static void look_through_views(struct thread *self, oc_token_t token, oc_slice_t author, int first) {
  oc_buffer_t page = {0};
  oc_hit_t hit;
  oc_view_t *own = NULL, *foreign = NULL;
  oc_status status = oc_view_open(self->cache, author, &token, 1, &own, NULL);
  if (status == OC_OK) status = oc_view_open(self->cache, TEXT("users:99"), &token, 1, &foreign, NULL);
  expect(self, status == OC_OK, "oc_view_open", status, OC_OK);
  int shown[DOCUMENTS + 1] = {0};
  if (own && oc_get(self->cache, own, LIST, false, 0, &page, &hit, NULL) == OC_OK) {
    parse_page(&page, shown);
    expect(self, shown[first] == GUESS, "the author does not see the own change", shown[first], GUESS);
    expect(self, shown[first + 1] == GUESS, "the author sees half of the own change", shown[first + 1], GUESS);
  }
  if (foreign && oc_get(self->cache, foreign, LIST, false, 0, &page, &hit, NULL) == OC_OK) {
    parse_page(&page, shown);
    expect(self, shown[first] < GUESS, "somebody else sees a pending change", shown[first], 0);
  }
  if (own) oc_view_close(own);
  if (foreign) oc_view_close(foreign);
  oc_buffer_free(&page);
}

static void *write_in_brackets(void *context) {
  struct thread *self = context;
  char author_text[32], operations[256];
  snprintf(author_text, sizeof author_text, "users:%u", self->seed);
  const oc_slice_t author = slice(author_text);
  oc_token_t token = {{(uint8_t)self->seed, 0, 0, 0, 0, 0, 0x70, 0, 0x80}};
  for (unsigned round = 0; round < ROUNDS; round++) {
    int first = 1 + 2 * (int)draw(self, DOCUMENTS / 2);
    token.bytes[14] = (uint8_t)(round >> 8);
    token.bytes[15] = (uint8_t)round;
    pair_operations(operations, first, GUESS);
    oc_status status = oc_begin(self->cache, token, author, slice(operations), 0, NULL);
    expect(self, status == OC_OK, "oc_begin", status, OC_OK);
    if (draw(self, 4) == 0) look_through_views(self, token, author, first);
    if (draw(self, 3) == 0) {
      status = oc_rollback(self->cache, token, TEXT("refused"), NULL);
      expect(self, status == OC_OK, "oc_rollback", status, OC_OK);
      continue;
    }
    int number = write_pair(first);
    pair_operations(operations, first, number);
    uint64_t version;
    status = oc_commit(self->cache, token, slice(operations), &version, NULL);
    expect(self, status == OC_OK, "oc_commit", status, OC_OK);
    raise_to(&confirmed[first], number);
    raise_to(&confirmed[first + 1], number);
  }
  atomic_fetch_sub(&writers_left, 1);
  return NULL;
}

static void count_event(void *context) { atomic_fetch_add((atomic_long *)context, 1); }

/* Everything else that may go on meanwhile: watchers that come and go, sweeps, statistics, invalidations. */
static void *look_in(void *context) {
  struct thread *self = context;
  atomic_long events = 0;
  oc_buffer_t text = {0};
  while (atomic_load(&writers_left) > 0) {
    uint64_t watcher, next;
    oc_stats_t stats;
    oc_status status = oc_watch(self->cache, count_event, &events, &watcher);
    expect(self, status == OC_OK, "oc_watch", status, OC_OK);
    oc_sweep(self->cache, &next);
    oc_stats(self->cache, &stats);
    expect(self, stats.used_bytes <= stats.arena_bytes, "more bytes in use than there are", 1, 0);
    status = oc_entries(self->cache, &(oc_entries_options_t){0}, &text, NULL);
    expect(self, status == OC_OK, "oc_entries", status, OC_OK);
    if (draw(self, 8) == 0) oc_invalidate(self->cache, &(oc_slice_t){"orders", 6}, 1, NULL, NULL);
    oc_unwatch(self->cache, watcher);
  }
  oc_buffer_free(&text);
  return NULL;
}

Test(threads, every_hit_under_concurrent_brackets_is_the_truth_whole_and_nobody_elses) {
  oc_options_t options = {.name = TEXT("threads"), .max_bytes = 4 << 20, .shapes = TEXT("{\"orders\":{}}")};
  struct thread threads[WRITERS + READERS + 1] = {0};
  const unsigned count = WRITERS + READERS + 1;
  atomic_store(&writers_left, WRITERS);
  for (unsigned i = 0; i < count; i++) {
    threads[i].seed = i + 1;
    cr_assert(oc_open(&options, &threads[i].cache, NULL) == OC_OK);
    void *(*run)(void *) = i < WRITERS ? write_in_brackets : i < WRITERS + READERS ? read_and_fill : look_in;
    cr_assert(pthread_create(&threads[i].id, NULL, run, &threads[i]) == 0);
  }
  for (unsigned i = 0; i < count; i++) cr_assert(pthread_join(threads[i].id, NULL) == 0);
  oc_stats_t stats;
  oc_stats(threads[0].cache, &stats);
  for (unsigned i = 0; i < count; i++) {
    if (threads[i].failure[0]) fprintf(stderr, "thread %u: %s\n", i, threads[i].failure);
    cr_assert(threads[i].failure[0] == '\0');
    oc_close(threads[i].cache);
  }
  cr_assert(stats.mutations_pending == 0);
  cr_assert(atomic_load(&hits) > 0);
}
