/*
 * The system refuses memory, a mapping, a file or a thread, at each place where the core asks for one: the call says
 * so, nothing else is wrong, and the cache is as good as before.
 */
#include "failing.h"
#include "processes.h"

static const char *const SHAPES = "{\"orders\":{\"relations\":{\"customer\":\"customers\"}},\"customers\":{}}";
static const char *const FIND =
    "{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"and\":[{\"n\":{\"less_than\":9}}]},\"sort\":[\"n\"],"
    "\"select\":{\"n\":true,\"customer\":true},\"depth\":1,\"limit\":10}";

/* Each trial has tokens of its own, as a file remembers those that were settled. */
static uint16_t trial;
static oc_token_t own_token(uint8_t last) {
  oc_token_t token = token_of(last);
  memcpy(token.bytes + 12, &trial, sizeof trial);
  return token;
}

/* Of `status` that a call gave: that it went well, or that it could not and said so. */
static bool went_well(oc_status status, oc_error_t *error) {
  if (status >= 0) return true;
  cr_assert(failing.failed > 0, "%s: %s", oc_code(status), error->message);
  cr_assert(status == OC_ERR_MEMORY || status == OC_ERR_SYSTEM || status == OC_ERR_SPACE, "%s: %s", oc_code(status),
            error->message);
  cr_assert(error->message[0] != '\0' && error->status == status, "%s without a message", oc_code(status));
  *error = (oc_error_t){0};
  return false;
}

/* `n` is at most 5, by which the page is sorted. */
static oc_slice_t page_of(int n) {
  static char text[512];
  snprintf(
      text, sizeof text,
      "{\"docs\":[{\"id\":1,\"n\":%d,\"customer\":{\"id\":7,\"name\":\"Ada\"}},{\"id\":2,\"n\":5,\"customer\":null}],"
      "\"totalDocs\":2,\"limit\":10,\"totalPages\":1,\"page\":1,\"pagingCounter\":1,\"hasPrevPage\":false,"
      "\"hasNextPage\":false,\"prevPage\":null,\"nextPage\":null}",
      n);
  return S(text);
}

static oc_slice_t update_of(int n) {
  static char text[128];
  snprintf(text, sizeof text, "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":1,\"data\":{\"n\":%d}}]", n);
  return S(text);
}

static bool set_page(oc_cache_t *cache, int n) {
  oc_error_t error = {0};
  const oc_slice_t tags[] = {S("mine"), S("too")};
  oc_set_options_t options = {.tags = tags, .tag_count = 2, .query = S(FIND)};
  return went_well(oc_set(cache, S("page"), page_of(n), &options, &error), &error);
}

/* Whoever reads without a view sees `n`, or nothing. */
static oc_status read_page(oc_cache_t *cache, int n) {
  oc_error_t error = {0};
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, NULL, S("page"), false, 0, &out, &hit, &error);
  went_well(status, &error);
  if (status == OC_OK) cr_assert(slice_equal(as_slice(&out), page_of(n)), "%.*s", (int)out.len, out.data);
  oc_buffer_free(&out);
  return status;
}

static bool begin(oc_cache_t *cache, uint8_t last, int n) {
  oc_error_t error = {0};
  return went_well(oc_begin(cache, own_token(last), S("ada"), update_of(n), 0, &error), &error);
}

/* Ada reads the page through a view of her mutation: without it, with it, or not at all. */
static void read_as_ada(oc_cache_t *cache, uint8_t last, int before, int after) {
  oc_error_t error = {0};
  oc_view_t *view;
  oc_token_t tokens[] = {own_token(last), own_token(99)};
  if (!went_well(oc_view_open(cache, S("ada"), tokens, 2, &view, &error), &error)) return;
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, view, S("page"), false, 0, &out, &hit, &error);
  if (went_well(status, &error) && status == OC_OK)
    cr_assert(slice_equal(as_slice(&out), page_of(hit.overlaid ? after : before)), "%.*s", (int)out.len, out.data);
  if (went_well(oc_overlay(cache, view, page_of(before), S(FIND), oc_version(cache), &out, &hit, &error), &error))
    cr_assert(slice_equal(as_slice(&out), page_of(hit.overlaid ? after : before)), "%.*s", (int)out.len, out.data);
  out.len = 0;
  went_well(oc_view_pending(view, &out, &error), &error);
  out.len = 0;
  went_well(oc_view_unknown(view, &out, &error), &error);
  oc_buffer_free(&out);
  oc_view_close(view);
}

/* To give up a mutation takes no memory, so that it can always be done. */
static void expire(oc_cache_t *cache, uint8_t last) {
  oc_error_t error = {0};
  cr_assert(eq(int, oc_expire(cache, own_token(last), S("no memory"), &error), OC_OK), "%s", error.message);
}

static void look_in(oc_cache_t *cache) {
  oc_error_t error = {0};
  oc_buffer_t out = {0};
  oc_stats_t stats;
  oc_mutation_info_t info;
  uint64_t id;
  oc_stats(cache, &stats);
  went_well(oc_entries(cache, &(oc_entries_options_t){.tag = S("mine")}, &out, &error), &error);
  went_well(oc_mutations(cache, 0, &out, &error), &error);
  oc_status status = oc_status_of(cache, own_token(1), S("ada"), &info, &error);
  cr_assert(status == OC_OK || status == OC_ERR_TOKEN_UNKNOWN);
  if (oc_watch(cache, (oc_watcher)free, NULL, &id) == OC_OK) oc_unwatch(cache, id);
  oc_buffer_free(&out);
}

/*
 * Everything that asks the system for something; what could not be done is left out, and the rest is done. `n`: what
 * the page says, if it is there.
 */
static void use(oc_cache_t *cache, int n) {
  oc_error_t error = {0};
  uint64_t version;
  if (set_page(cache, 1)) n = 1;
  read_page(cache, n);
  if (begin(cache, 1, 2)) {
    read_as_ada(cache, 1, n, 2);
    if (went_well(oc_commit(cache, own_token(1), update_of(2), &version, &error), &error)) n = 2;
    else expire(cache, 1);
  }
  read_page(cache, n);
  if (set_page(cache, 2)) n = 2;
  if (begin(cache, 2, 3)) {
    read_as_ada(cache, 2, n, 3);
    cr_assert(eq(int, oc_rollback(cache, own_token(2), S("sold out"), &error), OC_OK), "%s", error.message);
  }
  read_page(cache, n);
  look_in(cache);
  went_well(oc_record(cache, update_of(4), NULL, &error), &error);
  const oc_slice_t tags[] = {S("orders"), S("mine")};
  went_well(oc_invalidate(cache, tags, 2, NULL, &error), &error);
}

enum { LAST_N = 4 };

static void is_as_good_as_before(oc_cache_t *cache) {
  oc_error_t error = {0};
  oc_stats_t stats;
  uint64_t version;
  cr_assert(set_page(cache, 3));
  cr_assert(eq(int, read_page(cache, 3), OC_OK));
  cr_assert(begin(cache, 9, LAST_N));
  read_as_ada(cache, 9, 3, LAST_N);
  cr_assert(eq(int, oc_commit(cache, own_token(9), update_of(LAST_N), &version, &error), OC_OK), "%s", error.message);
  cr_assert(eq(int, read_page(cache, LAST_N), OC_OK));
  oc_stats(cache, &stats);
  cr_assert(eq(u64, stats.mutations_pending, 0));
  cr_assert(eq(u64, stats.views, 0));
  arena_lock(&cache->arena);
  alloc_check_locked(&cache->arena);
  arena_unlock(&cache->arena);
}

/* Opens and uses the cache while the `nth` request fails; false when there are not so many. */
static bool try_once(const oc_options_t *options, uint32_t nth, enum failing kind) {
  oc_error_t error = {0};
  oc_cache_t *cache = NULL;
  trial++;
  failing_begin(nth, kind);
  bool open = went_well(oc_open(options, &cache, &error), &error);
  cr_assert(open == (cache != NULL));
  if (open) use(cache, LAST_N);
  failing_end();
  bool failed = failing.failed > 0;
  if (!open && options->memory == OC_SHARED && kind == FAILING_ONCE)
    cr_assert(eq(int, access(region_path(), F_OK), -1));
  if (!open) cache = open_or_fail(*options);
  is_as_good_as_before(cache);
  oc_close(cache);
  return failed;
}

static void try_all(oc_options_t options) {
  options.shapes = S(SHAPES);
  for (int kind = FAILING_ONCE; kind <= FAILING_FROM_THEN_ON; kind++) {
    uint32_t nth = 1;
    while (try_once(&options, nth, (enum failing)kind)) nth++;
    cr_assert(gt(u32, nth, 20), "the core asks for more than that");
  }
}

Test(failures, any_one_or_all_from_one_on_leave_a_private_cache_as_good_as_before, .init = failing_cjson) {
  try_all((oc_options_t){.name = S("failures"), .max_bytes = 1 << 20});
}

Test(failures, any_one_or_all_from_one_on_leave_a_shared_cache_as_good_as_before, .init = failing_cjson) {
  try_all(shared_options());
}

Test(failures, any_one_or_all_from_one_on_leave_a_file_as_good_as_before, .init = failing_cjson) {
  try_all(file_options());
  unlink(file_path());
}
