/*
 * soak_kills.c: processes that do everything with one shared arena, and are killed at any moment.
 *
 *   make -C tests/core kills [KILLS=300] [SEED=…]     one seed draws the same acts and moments
 *
 * Four of them work until one gets SIGKILL, after a time that is drawn from a microsecond to 16 milliseconds, and another
 * takes its place. No process keeps the arena open in between: what the dead leave is found by those who work. The
 * database is memory that all of them share: how often each document was written, and how often at least a read that
 * begins now must show it. A document says how often it was written, and its text follows from that, so that every read
 * can be checked byte by byte. What the last write of a dead process left open, the living watch until it has expired.
 *
 * A worker ends by itself when a read was wrong; when it hangs, by SIGALRM. kill-soak.test.js does the same through the
 * addon.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "optimistic_cache.h"

enum {
  DOCUMENTS = 6,
  WORKERS = 4,
  VIEWS = 4,
  ROUND = 50,
  DEAD_MOST = 4096,
  DOCUMENT_MOST = 1024,
  PAGE_MOST = 8192,
  FILLING_MOST = 100000,
  PENDING = -1,   /* what a pending mutation shows, to its author alone */
  HOUR = 3600000, /* milliseconds in which nothing expires by itself, only because its process died */
  SILENCE = 120,  /* seconds after which a process hangs, and a mutation that is pending still will be for ever */
};

/* A write under way; `position` as soon as the database has it. */
struct intent {
  _Atomic bool open;
  _Atomic int64_t position;
  oc_token_t token;
  uint32_t id;
  uint64_t writer;
};

/* What a dead process left; `id`s and `token`s do not change while it waits. */
struct left {
  _Atomic bool waits;
  struct intent intent;
  uint64_t since;
};

static struct world {
  _Atomic int64_t written[DOCUMENTS], acked[DOCUMENTS];
  struct intent intents[WORKERS];
  struct left left[DEAD_MOST];
  _Atomic uint64_t kills, hits, acts, settled, writers;
  _Atomic bool stops;
  _Atomic uint32_t at_work;
} * world;

static struct worker {
  uint64_t number, random;
  struct intent *intent;
  char principal[32];
  oc_options_t options;
  oc_cache_t *cache;
  oc_view_t *views[VIEWS];
  oc_events_t *events;
  oc_buffer_t out;
  char *filling;
} me;

static uint64_t draw_from(uint64_t *state, uint64_t below) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (*state >> 11) % below;
}

static uint64_t draw(uint64_t below) { return draw_from(&me.random, below); }

static oc_slice_t text(const char *chars) { return (oc_slice_t){chars, strlen(chars)}; }

_Noreturn static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "process %" PRIu64 ": ", me.number);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  _exit(1);
}

static void expect(bool holds, const char *what) {
  if (!holds) fail("%s", what);
}

static oc_status done(oc_status status, const oc_error_t *error) {
  if (status < 0) fail("%s: %s", oc_code(status), error->message);
  return status;
}

static void raise_to(_Atomic int64_t *value, int64_t to) {
  int64_t now = atomic_load(value);
  while (now < to && !atomic_compare_exchange_weak(value, &now, to)) continue;
}

/* ---- Documents */

/* Texts of many lengths, so that a splice moves what follows. */
static size_t put_document(char *out, uint32_t id, int64_t n) {
  size_t len = (size_t)sprintf(out, "{\"id\":%u,\"n\":%" PRId64 ",\"text\":\"", id, n);
  for (int64_t i = (n * 7919 + id) % 40; i > 0; i--) len += (size_t)sprintf(out + len, "%" PRId64 ".", n);
  return len + (size_t)sprintf(out + len, "\",\"end\":%u}", id);
}

static void look_at_acks(int64_t least[DOCUMENTS]) {
  for (uint32_t id = 0; id < DOCUMENTS; id++) least[id] = atomic_load(&world->acked[id]);
}

/* The document at `at` must be `id`, as some write between `least` and now left it. Returns its end. */
static const char *check_document(const char *at, uint32_t id, int64_t least) {
  uint32_t found;
  int64_t n;
  char expected[DOCUMENT_MOST];
  if (sscanf(at, "{\"id\":%u,\"n\":%" SCNd64, &found, &n) != 2 || found != id) fail("no document %u: %.200s", id, at);
  if (n < least) fail("document %u shows write %" PRId64 ", but %" PRId64 " was acked before the read", id, n, least);
  if (n > atomic_load(&world->written[id])) fail("document %u shows write %" PRId64 ", which was never made", id, n);
  size_t len = put_document(expected, id, n);
  if (strncmp(at, expected, len) != 0) fail("document %u is not as it was written: %.200s", id, at);
  atomic_fetch_add(&world->hits, 1);
  return at + len;
}

static const char PAGE_END[] =
    "],\"totalDocs\":6,\"limit\":6,\"totalPages\":1,\"page\":1,\"pagingCounter\":1,\"hasPrevPage\":"
    "false,\"hasNextPage\":false,\"prevPage\":null,\"nextPage\":null}";

static void check_page(const int64_t least[DOCUMENTS]) {
  oc_slice_t found = {me.out.data, me.out.len};
  const char *at = found.data + strlen("{\"docs\":[");
  for (uint32_t id = 0; id < DOCUMENTS; id++) at = check_document(at, id, least[id]) + (id + 1 < DOCUMENTS);
  size_t rest = found.len - (size_t)(at - found.data);
  expect(rest == strlen(PAGE_END) && memcmp(at, PAGE_END, rest) == 0, "the page does not end as it was written");
}

static oc_slice_t key_of(uint32_t id) {
  static char key[16];
  snprintf(key, sizeof key, "doc %u", id);
  return text(key);
}

/* Reads, with a NUL behind it. */
static oc_status get(oc_view_t *view, oc_slice_t key) {
  oc_error_t error;
  oc_hit_t hit;
  oc_status status = done(oc_get(me.cache, view, key, false, 0, &me.out, &hit, &error), &error);
  if (status != OC_OK) return status;
  if (me.out.len == me.out.cap) me.out.data = realloc(me.out.data, me.out.cap = me.out.len + 1);
  me.out.data[me.out.len] = '\0';
  return status;
}

/* ---- Acts */

/* A database takes its time, now and then. */
static void dawdle(void) {
  if (draw(4) > 0) return;
  struct timespec moment = {0, (long)draw(200000)};
  nanosleep(&moment, NULL);
}

static void read_document(void) {
  uint32_t id = (uint32_t)draw(DOCUMENTS);
  int64_t least[DOCUMENTS];
  look_at_acks(least);
  if (get(NULL, key_of(id)) == OC_OK) {
    expect(*check_document(me.out.data, id, least[id]) == '\0', "the document is longer than it was written");
    return;
  }
  char query[64], document[DOCUMENT_MOST];
  snprintf(query, sizeof query, "{\"type\":\"findByID\",\"collection\":\"docs\",\"id\":%u,\"depth\":0}", id);
  oc_set_options_t options = {.since = oc_version(me.cache), .query = text(query)};
  size_t len = put_document(document, id, atomic_load(&world->written[id]));
  dawdle();
  oc_error_t error;
  done(oc_set(me.cache, key_of(id), (oc_slice_t){document, len}, &options, &error), &error);
}

static void load_page(void) {
  static const char QUERY[] =
      "{\"type\":\"find\",\"collection\":\"docs\",\"sort\":\"id\",\"limit\":6,\"page\":1,\"depth\":0}";
  oc_set_options_t options = {.since = oc_version(me.cache), .query = text(QUERY)};
  char page[PAGE_MOST];
  size_t len = (size_t)sprintf(page, "{\"docs\":[");
  for (uint32_t id = 0; id < DOCUMENTS; id++) {
    if (id > 0) page[len++] = ',';
    len += put_document(page + len, id, atomic_load(&world->written[id]));
  }
  len += (size_t)sprintf(page + len, "%s", PAGE_END);
  dawdle();
  oc_error_t error;
  done(oc_set(me.cache, text("page"), (oc_slice_t){page, len}, &options, &error), &error);
}

static void read_page(void) {
  int64_t least[DOCUMENTS];
  look_at_acks(least);
  if (get(NULL, text("page")) == OC_OK) check_page(least);
  else load_page();
}

/* All that a view shows was true when it was opened. */
static void read_through_view(void) {
  int64_t least[DOCUMENTS];
  look_at_acks(least);
  oc_view_t **view = &me.views[draw(VIEWS)];
  if (*view) oc_view_close(*view);
  oc_error_t error;
  done(oc_view_open(me.cache, text(me.principal), NULL, 0, view, &error), &error);
  if (get(*view, text("page")) == OC_OK) check_page(least);
}

static oc_token_t new_token(void) {
  oc_token_t token;
  for (size_t i = 0; i < sizeof token.bytes; i++) token.bytes[i] = (uint8_t)draw(256);
  token.bytes[6] = (uint8_t)(0x70 | (token.bytes[6] & 0x0f));
  token.bytes[8] = (uint8_t)(0x80 | (token.bytes[8] & 0x3f));
  return token;
}

static oc_slice_t update_of(char *out, uint32_t id, const char *data, size_t len) {
  int size =
      sprintf(out, "[{\"type\":\"update\",\"collection\":\"docs\",\"id\":%u,\"data\":%.*s}]", id, (int)len, data);
  return (oc_slice_t){out, (size_t)size};
}

static void intend(oc_token_t token, uint32_t id) {
  me.intent->token = token;
  me.intent->id = id;
  me.intent->writer = me.number;
  atomic_store(&me.intent->position, 0);
  atomic_store(&me.intent->open, true);
}

/* The author sees what is pending, and nobody else does. */
static void read_own(oc_token_t token, uint32_t id) {
  static const char SHOWN[] = "\"n\":-1,";
  oc_view_t *own, *other;
  oc_view_info_t info;
  oc_error_t error;
  done(oc_view_open(me.cache, text(me.principal), &token, 1, &own, &error), &error);
  bool hit = get(own, key_of(id)) == OC_OK;
  bool shown = hit && strstr(me.out.data, SHOWN) != NULL;
  oc_view_info(own, &info);
  expect(!hit || shown || info.torn || info.pending == 0, "its author does not see a pending change");
  oc_view_close(own);
  done(oc_view_open(me.cache, text("users:0"), &token, 1, &other, &error), &error);
  expect(get(other, key_of(id)) != OC_OK || !strstr(me.out.data, SHOWN), "another one sees a pending change");
  oc_view_close(other);
}

/* A reset forgets what is pending; who had written something invalidates it then. */
static void settle(oc_status status, uint32_t id, const oc_error_t *error) {
  if (status != OC_ERR_TOKEN_UNKNOWN) {
    done(status, error);
    return;
  }
  char tag[16];
  snprintf(tag, sizeof tag, "docs:%u", id);
  oc_slice_t tags = text(tag);
  oc_error_t again;
  done(oc_invalidate(me.cache, &tags, 1, NULL, &again), &again);
}

static void end_write(void) {
  if (me.intent->position > 0) raise_to(&world->acked[me.intent->id], me.intent->position);
  atomic_store(&me.intent->open, false);
}

static void commit(oc_token_t token, uint32_t id, int64_t position) {
  char document[DOCUMENT_MOST], operations[DOCUMENT_MOST + 128];
  size_t len = put_document(document, id, position);
  oc_slice_t update = update_of(operations, id, document, len);
  oc_error_t error;
  oc_status status;
  uint64_t version;
  switch (draw(8)) {
  case 0: status = oc_expire(me.cache, token, text("nobody knows"), &error); break;
  case 1:
    done(oc_record(me.cache, update, NULL, &error), &error);
    status = oc_rollback(me.cache, token, (oc_slice_t){0}, &error);
    break;
  default: status = oc_commit(me.cache, token, update, &version, &error);
  }
  settle(status, id, &error);
}

/* False when it was announced, and that has ended before it was begun. */
static bool begin(oc_token_t token, uint32_t id) {
  char operations[128];
  oc_slice_t principal = text(me.principal), shown = update_of(operations, id, "{\"n\":-1}", strlen("{\"n\":-1}"));
  oc_error_t error;
  bool announced = draw(4) == 0;
  if (announced) done(oc_announce(me.cache, token, principal, shown, 1 + draw(50), &error), &error);
  oc_status status = draw(2) ? oc_claim(me.cache, token, principal, shown, HOUR, &error)
                             : oc_begin(me.cache, token, principal, shown, HOUR, &error);
  if (announced && status == OC_ERR_TOKEN_SETTLED) return false;
  done(status, &error);
  return true;
}

static void roll_back(oc_token_t token) {
  oc_error_t error;
  oc_status status = oc_rollback(me.cache, token, text("no"), &error);
  if (status != OC_ERR_TOKEN_UNKNOWN) done(status, &error);
}

static void write_document(void) {
  uint32_t id = (uint32_t)draw(DOCUMENTS);
  oc_token_t token = new_token();
  intend(token, id);
  if (begin(token, id)) {
    if (draw(2)) read_own(token, id);
    if (draw(4) == 0) {
      roll_back(token);
    } else {
      int64_t position = atomic_fetch_add(&world->written[id], 1) + 1;
      atomic_store(&me.intent->position, position);
      dawdle();
      commit(token, id, position);
    }
  }
  end_write();
}

/* Things of all sizes, so that the arena is always full. */
static void fill(void) {
  char key[32], tag[32];
  snprintf(key, sizeof key, "filling %" PRIu64, draw(400));
  snprintf(tag, sizeof tag, "filling:%" PRIu64, draw(50));
  oc_slice_t value = {me.filling, 1 + draw(draw(20) == 0 ? FILLING_MOST : 4000)};
  oc_slice_t tags[] = {text(tag), text("filling")};
  oc_set_options_t options = {
      .tags = tags, .tag_count = 2, .content = OC_BYTES, .expires_at = clock_now() + 1 + draw(500)};
  oc_error_t error;
  done(oc_set(me.cache, text(key), value, &options, &error), &error);
  snprintf(key, sizeof key, "filling %" PRIu64, draw(400));
  if (get(NULL, text(key)) == OC_OK) expect(memcmp(me.out.data, me.filling, me.out.len) == 0, "filling is spoilt");
}

static void invalidate(const char *tag) {
  oc_slice_t tags = text(tag);
  oc_error_t error;
  done(oc_invalidate(me.cache, &tags, 1, NULL, &error), &error);
}

static void invalidate_filling(void) {
  char tag[32];
  snprintf(tag, sizeof tag, "filling:%" PRIu64, draw(50));
  invalidate(tag);
}

static void invalidate_documents(void) { invalidate("docs"); }

static void look_in(void) {
  oc_stats_t stats;
  oc_entries_options_t options = {.tag = text("docs"), .order = (oc_order)draw(4)};
  oc_error_t error;
  oc_stats(me.cache, &stats);
  if (strstr(stats.started, "damaged")) fail("the cache says %s", stats.started);
  done(oc_entries(me.cache, &options, &me.out, &error), &error);
  done(oc_entry(me.cache, text("page"), &me.out, &error), &error);
  done(oc_mutations(me.cache, 20, &me.out, &error), &error);
}

static void load_in_flight(void) {
  char reason[OC_FLIGHT_REASON_MOST + 1];
  oc_flight_t flight;
  oc_error_t error;
  done(oc_flight_begin(me.cache, text("page"), oc_version(me.cache), 1 + draw(100), &flight, &error), &error);
  if (flight.leads) {
    load_page();
    oc_flight_state state = draw(2) ? OC_FLIGHT_KEPT : OC_FLIGHT_FAILED;
    done(oc_flight_end(me.cache, flight.id, state, text("no"), &error), &error);
  } else if (oc_flight_look(me.cache, flight.id, reason) == OC_FLIGHT_LOADING) {
    oc_flight_leave(me.cache, flight.id);
  }
}

static void read_events(void) {
  oc_lost_t lost;
  oc_error_t error;
  if (!me.events) done(oc_events_open(me.cache, 31, &me.events, &error), &error);
  done(oc_events_read(me.events, &me.out, &lost, &error), &error);
  if (draw(4) > 0) return;
  oc_events_close(me.events);
  me.events = NULL;
}

static void count_call(void *context) { (*(_Atomic uint64_t *)context)++; }

static void watch(void) {
  static _Atomic uint64_t calls;
  uint64_t id;
  expect(oc_watch(me.cache, count_call, &calls, &id) == OC_OK, "no memory for a watcher");
  write_document();
  oc_unwatch(me.cache, id);
}

static void open_cache(void) {
  oc_error_t error;
  done(oc_open(&me.options, &me.cache, &error), &error);
}

static void close_cache(void) {
  for (size_t i = 0; i < VIEWS; i++) {
    if (me.views[i]) oc_view_close(me.views[i]);
    me.views[i] = NULL;
  }
  if (me.events) oc_events_close(me.events);
  me.events = NULL;
  oc_close(me.cache);
}

static void reopen(void) {
  close_cache();
  open_cache();
}

/* Of 1,000. */
static const struct act {
  uint32_t weight;
  void (*run)(void);
} ACTS[] = {{230, read_document},
            {200, read_page},
            {90, read_through_view},
            {200, write_document},
            {180, fill},
            {10, look_in},
            {20, invalidate_filling},
            {10, invalidate_documents},
            {25, load_in_flight},
            {20, read_events},
            {10, watch},
            {5, reopen}};

static void act(void) {
  uint64_t at = draw(1000);
  const struct act *drawn = ACTS;
  for (; at >= drawn->weight; drawn++) at -= drawn->weight;
  drawn->run();
}

/* ---- What the dead leave */

/* From when it has settled, readers may count on it. Who was never begun, or is forgotten, nobody else knows of. */
static void settle_left(struct left *left) {
  oc_mutation_info_t info = {0};
  oc_error_t error;
  char principal[32];
  struct intent *intent = &left->intent;
  snprintf(principal, sizeof principal, "users:%" PRIu64, intent->writer);
  oc_status status = oc_status_of(me.cache, intent->token, text(principal), &info, &error);
  if (status == OC_OK && info.state == OC_PENDING) {
    expect(clock_now() - left->since < SILENCE * 1000, "a mutation of a dead process is pending still");
    return;
  }
  settle(status, intent->id, &error);
  if (intent->position > 0) raise_to(&world->acked[intent->id], intent->position);
  atomic_store(&left->waits, false);
  atomic_fetch_add(&world->settled, 1);
}

static void look_after_the_dead(void) {
  for (size_t i = 0; i < DEAD_MOST; i++) {
    if (atomic_load(&world->left[i].waits)) settle_left(&world->left[i]);
  }
}

static bool any_left(void) {
  for (size_t i = 0; i < DEAD_MOST; i++) {
    if (atomic_load(&world->left[i].waits)) return true;
  }
  return false;
}

/* The last one looks whether all is right in the end. */
static void look_at_the_end(void) {
  oc_stats_t stats;
  do {
    look_after_the_dead();
    oc_stats(me.cache, &stats);
  } while (any_left() || stats.mutations_pending > 0 || stats.processes > 1);
  for (uint32_t id = 0; id < DOCUMENTS; id++) {
    if (get(NULL, key_of(id)) == OC_OK) check_document(me.out.data, id, atomic_load(&world->written[id]));
  }
  printf("%" PRIu64 " resets, ", stats.resets);
}

_Noreturn static void work(uint64_t seed, size_t slot, const oc_options_t *options) {
  me = (struct worker){.number = atomic_fetch_add(&world->writers, 1) + 1, .options = *options};
  me.random = (seed * 0x9e3779b97f4a7c15) ^ (me.number * 0xbf58476d1ce4e5b9) ^ 1;
  me.intent = &world->intents[slot];
  me.filling = malloc(FILLING_MOST);
  expect(me.filling != NULL, "no memory");
  memset(me.filling, 'x', FILLING_MOST);
  snprintf(me.principal, sizeof me.principal, "users:%" PRIu64, me.number);
  alarm(SILENCE);
  open_cache();
  while (!atomic_load(&world->stops)) {
    for (size_t i = 0; i < ROUND; i++) act();
    atomic_fetch_add(&world->acts, ROUND);
    look_after_the_dead();
    alarm(SILENCE);
  }
  if (atomic_fetch_sub(&world->at_work, 1) == 1) look_at_the_end();
  close_cache();
  oc_buffer_free(&me.out);
  free(me.filling);
  fflush(stdout);
  _exit(0);
}

/* ---- Who kills */

static pid_t start(uint64_t seed, size_t slot, const oc_options_t *options) {
  atomic_store(&world->intents[slot].open, false);
  pid_t pid = fork();
  if (pid < 0) fail("fork: %s", strerror(errno));
  if (pid == 0) work(seed, slot, options);
  return pid;
}

static void mourn(const struct intent *intent) {
  for (size_t i = 0; intent->open; i = (i + 1) % DEAD_MOST) {
    struct left *left = &world->left[i];
    if (atomic_load(&left->waits)) continue;
    left->intent = *intent;
    left->since = clock_now();
    atomic_store(&left->waits, true);
    return;
  }
}

/* How a process ended that was sent `signal_number`, or 0: false when it was otherwise. */
static bool ended_well(pid_t pid, int signal_number) {
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) fprintf(stderr, "a process hangs\n");
  if (signal_number) return WIFSIGNALED(status) && WTERMSIG(status) == signal_number;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void wait_a_moment(uint64_t *random) {
  long most = 1000L << draw_from(random, 15);
  struct timespec moment = {0, (long)draw_from(random, (uint64_t)most)};
  nanosleep(&moment, NULL);
}

static bool soak(uint64_t kills, uint64_t seed, const oc_options_t *options) {
  pid_t pids[WORKERS];
  uint64_t random = seed;
  bool is_well = true;
  world->at_work = WORKERS;
  for (size_t slot = 0; slot < WORKERS; slot++) pids[slot] = start(seed, slot, options);
  for (; is_well && world->kills < kills; world->kills++) {
    size_t slot = draw_from(&random, WORKERS);
    wait_a_moment(&random);
    kill(pids[slot], SIGKILL);
    is_well = ended_well(pids[slot], SIGKILL);
    mourn(&world->intents[slot]);
    pids[slot] = start(seed, slot, options);
  }
  atomic_store(&world->stops, true);
  for (size_t slot = 0; slot < WORKERS; slot++) is_well = ended_well(pids[slot], 0) && is_well;
  return is_well;
}

int main(int argc, char **argv) {
  uint64_t kills = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : clock_now();
  if (seed == 0) seed = 1;
  char name[64];
  snprintf(name, sizeof name, "kills-%d", (int)getpid());
  oc_options_t options = {
      .name = text(name), .memory = OC_SHARED, .max_bytes = 4 << 20, .shapes = text("{\"docs\":{}}")};
  world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (world == MAP_FAILED) fail("mmap: %s", strerror(errno));
  printf("seed %" PRIu64 ": ", seed);
  fflush(stdout);
  bool is_well = soak(kills, seed, &options);
  printf("%" PRIu64 " kills, %" PRIu64 " acts, %" PRIu64 " hits checked, %" PRIu64 " open writes of the dead settled\n",
         atomic_load(&world->kills), atomic_load(&world->acts), atomic_load(&world->hits),
         atomic_load(&world->settled));
  return is_well && atomic_load(&world->hits) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
