#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>

#include "processes.h"
#include "shape_store.h"

/* ---- What the tests put in and look for ---- */

static oc_status put(oc_cache_t *cache, const char *key, const char *value) {
  oc_slice_t tag = S("orders");
  oc_set_options_t set = {.tags = &tag, .tag_count = 1};
  return oc_set(cache, S(key), S(value), &set, NULL);
}

static bool has(oc_cache_t *cache, const char *key, const char *value) {
  oc_buffer_t out = {0};
  oc_hit_t hit;
  bool found = oc_get(cache, NULL, S(key), false, 0, &out, &hit, NULL) == OC_OK;
  bool same = found && is_text((oc_slice_t){out.data, out.len}, value);
  oc_buffer_free(&out);
  return same;
}

static const char *started(oc_cache_t *cache) {
  static oc_stats_t stats;
  oc_stats(cache, &stats);
  return stats.started;
}

static oc_status open_error(oc_options_t options, oc_error_t *error) {
  oc_cache_t *cache = NULL;
  oc_status status = oc_open(&options, &cache, error);
  if (status == OC_OK) oc_close(cache);
  return status;
}

/* A file with one entry, closed cleanly. */
static void leave_file(oc_options_t options) {
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, put(cache, "key", "1"), OC_OK));
  oc_close(cache);
}

static void write_at(const char *path, off_t at, const void *bytes, size_t size) {
  int fd = open(path, O_WRONLY);
  cr_assert(eq(sz, (size_t)pwrite(fd, bytes, size, at), size));
  close(fd);
}

static void expect_fresh(oc_options_t options, const char *why) {
  oc_cache_t *cache = open_or_fail(options);
  cr_expect(eq(str, (char *)(uintptr_t)started(cache), (char *)(uintptr_t)why));
  cr_expect(not(has(cache, "key", "1")));
  cr_expect(eq(int, put(cache, "other", "2"), OC_OK), "it can be used");
  oc_close(cache);
  unlink(file_path());
}

/* ---- Shared ---- */

static void put_and_stay(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK || put(cache, "key", "1") != OC_OK) _exit(1);
  child_says(self);
  child_waits(self);
  oc_close(cache);
}

Test(memory, what_one_process_sets_another_gets_and_sees_invalidated) {
  oc_options_t options = shared_options();
  struct child child = meet_child(put_and_stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(has(cache, "key", "1"));
  oc_slice_t tag = S("orders");
  cr_assert(eq(int, oc_invalidate(cache, &tag, 1, NULL, NULL), OC_OK));
  cr_assert(not(has(cache, "key", "1")));
  let_child_go_on(&child);
  end_child(&child, 0);
  oc_close(cache);
}

Test(memory, a_region_is_for_its_user_alone_and_gone_with_its_last_process) {
  oc_cache_t *cache = open_or_fail(shared_options());
  struct stat info;
  cr_assert(eq(int, stat(region_path(), &info), 0));
  cr_assert(eq(int, (int)(info.st_mode & 0777), 0600));
  cr_assert(ge(u64, (uint64_t)info.st_blocks * 512, 1 << 20), "every byte is reserved");
  oc_close(cache);
  cr_assert(eq(int, stat(region_path(), &info), -1));
}

Test(memory, what_a_crash_left_in_a_region_is_not_believed) {
  oc_options_t options = shared_options();
  struct child child = meet_child(put_and_stay, &options);
  end_child(&child, SIGKILL);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(not(has(cache, "key", "1")));
  cr_assert(eq(str, (char *)(uintptr_t)started(cache), "fresh: unclean end of its last process"));
  oc_close(cache);
}

Test(memory, one_name_is_another_cache_in_another_memory) {
  oc_options_t options = shared_options();
  oc_cache_t *shared = open_or_fail(options);
  options.memory = OC_PRIVATE;
  oc_cache_t *own = open_or_fail(options);
  cr_assert(eq(int, put(shared, "key", "1"), OC_OK));
  cr_assert(not(has(own, "key", "1")));
  oc_close(own);
  oc_close(shared);
}

Test(memory, a_process_that_asks_for_another_size_than_others_have_is_told_both) {
  oc_options_t options = shared_options();
  struct child child = meet_child(put_and_stay, &options);
  oc_error_t error = {0};
  oc_options_t larger = options, any = options;
  larger.max_bytes = 2 << 20;
  cr_assert(eq(int, open_error(larger, &error), OC_ERR_DIFFERS));
  cr_assert(strstr(error.message, "1048576") && strstr(error.message, "2097152"), "%s", error.message);
  any.max_bytes = 0;
  cr_assert(eq(int, open_error(any, &error), OC_OK), "%s", error.message);
  end_child(&child, SIGKILL);
  unlink(region_path());
}

Test(memory, a_process_of_another_layout_is_refused_while_others_live) {
  oc_options_t options = shared_options();
  struct child child = meet_child(put_and_stay, &options);
  uint32_t layout = ARENA_LAYOUT + 1;
  write_at(region_path(), offsetof(struct arena_identity, layout), &layout, sizeof layout);
  oc_error_t error = {0};
  cr_assert(eq(int, open_error(options, &error), OC_ERR_DIFFERS));
  cr_assert(strstr(error.message, "layout") != NULL, "%s", error.message);
  end_child(&child, SIGKILL);
  unlink(region_path());
}

Test(memory, those_who_join_go_by_the_tables_and_limits_of_the_first) {
  oc_options_t options = shared_options();
  options.max_log = 17;
  options.limits.key_bytes = 5;
  struct child child = meet_child(put_and_stay, &options);
  options.max_log = 900;
  options.limits.key_bytes = 500;
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(u32, arena_header(&cache->arena)->identity.capacity.log, 17));
  cr_assert(eq(int, put(cache, "longer", "1"), OC_ERR_KEY_SIZE));
  end_child(&child, SIGKILL);
  oc_close(cache);
}

/* ---- Refused ---- */

/* Root can make a file that is not its own; others find enough of them. */
Test(memory, a_file_of_another_user_is_refused) {
  oc_options_t options = file_options();
  oc_error_t error = {0};
  if (geteuid() == 0) {
    int fd = open(file_path(), O_CREAT | O_RDWR, 0600);
    cr_assert(eq(int, fchown(fd, 65534, 65534), 0));
    close(fd);
  } else {
    options.file = S("/etc/passwd");
  }
  cr_assert(eq(int, open_error(options, &error), OC_ERR_FOREIGN));
  cr_assert(strstr(error.message, "user") != NULL, "%s", error.message);
  if (geteuid() == 0) unlink(file_path());
}

Test(memory, a_file_that_others_may_open_is_refused) {
  close(open(file_path(), O_CREAT | O_RDWR, 0600));
  cr_assert(eq(int, chmod(file_path(), 0640), 0));
  oc_error_t error = {0};
  cr_assert(eq(int, open_error(file_options(), &error), OC_ERR_FOREIGN));
  cr_assert(strstr(error.message, "640") != NULL, "%s", error.message);
  unlink(file_path());
}

Test(memory, a_symbolic_link_is_not_followed) {
  char folder[] = "/tmp/oc-link-XXXXXX";
  cr_assert(mkdtemp(folder) != NULL);
  char target[64];
  snprintf(target, sizeof target, "%s/cache", folder);
  cr_assert(eq(int, symlink(target, file_path()), 0));
  cr_assert(eq(int, open_error(file_options(), NULL), OC_ERR_FOREIGN));
  cr_assert(eq(int, access(target, F_OK), -1));
  unlink(file_path());
  rmdir(folder);
}

Test(memory, a_folder_and_a_pipe_are_no_files) {
  oc_options_t options = file_options();
  options.file = S("/tmp");
  cr_assert(eq(int, open_error(options, NULL), OC_ERR_FOREIGN));
  cr_assert(eq(int, mkfifo(file_path(), 0600), 0));
  cr_assert(eq(int, open_error(file_options(), NULL), OC_ERR_FOREIGN));
  unlink(file_path());
}

Test(memory, a_file_in_a_folder_that_is_not_there_is_a_system_error) {
  oc_options_t options = file_options();
  options.file = S("/nowhere/cache");
  cr_assert(eq(int, open_error(options, NULL), OC_ERR_SYSTEM));
}

Test(memory, what_does_not_fit_is_said_in_bytes_and_leaves_nothing_behind) {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {1 << 19, 1 << 19};
  cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
  oc_error_t error = {0};
  cr_expect(eq(int, open_error(shared_options(), &error), OC_ERR_SPACE));
  cr_expect(strstr(error.message, "1048576") && strstr(error.message, "/dev/shm"), "%s", error.message);
  cr_expect(eq(int, access(region_path(), F_OK), -1));
  cr_expect(eq(int, open_error(file_options(), &error), OC_ERR_SPACE));
  cr_expect(eq(int, access(file_path(), F_OK), -1));
}

/* ---- A file ---- */

Test(memory, a_file_that_was_closed_cleanly_is_kept_with_its_versions) {
  oc_cache_t *cache = open_or_fail(file_options());
  cr_assert(eq(str, (char *)(uintptr_t)started(cache), "fresh: a new file"));
  oc_slice_t tag = S("customers");
  cr_assert(eq(int, oc_invalidate(cache, &tag, 1, NULL, NULL), OC_OK));
  cr_assert(eq(int, put(cache, "key", "1"), OC_OK));
  uint64_t version = oc_version(cache), generation = oc_generation(cache);
  oc_close(cache);

  for (int round = 0; round < 2; round++) {
    cache = open_or_fail(file_options());
    cr_assert(eq(str, (char *)(uintptr_t)started(cache), "kept"));
    cr_assert(has(cache, "key", "1"));
    cr_assert(eq(u64, oc_version(cache), version));
    cr_assert(eq(u64, oc_generation(cache), generation));
    oc_close(cache);
  }
  unlink(file_path());
}

Test(memory, a_mutation_that_the_last_process_left_pending_is_expired_in_the_file) {
  oc_cache_t *cache = open_or_fail(file_options());
  oc_token_t token = token_of(1);
  cr_assert(eq(int, put(cache, "key", "1"), OC_OK));
  oc_slice_t operations = S("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"a\":1}}]");
  cr_assert(eq(int, oc_begin(cache, token, S("users:1"), operations, 0, NULL), OC_OK));
  oc_close(cache);
  cache = open_or_fail(file_options());
  cr_assert(eq(str, (char *)(uintptr_t)started(cache), "kept"));
  cr_assert(not(has(cache, "key", "1")));
  oc_mutation_info_t info;
  cr_assert(eq(int, oc_status_of(cache, token, S("users:1"), &info, NULL), OC_OK));
  cr_assert(eq(int, (int)info.state, OC_EXPIRED));
  oc_close(cache);
  unlink(file_path());
}

Test(memory, a_file_whose_last_process_was_killed_is_not_believed) {
  oc_options_t options = file_options();
  struct child child = meet_child(put_and_stay, &options);
  end_child(&child, SIGKILL);
  expect_fresh(options, "fresh: unclean end of its last process");
}

Test(memory, a_file_of_another_size_is_not_believed) {
  leave_file(file_options());
  oc_options_t options = file_options();
  options.max_bytes = 2 << 20;
  expect_fresh(options, "fresh: another size");
}

Test(memory, a_file_with_other_tables_is_not_believed) {
  leave_file(file_options());
  oc_options_t options = file_options();
  options.max_log = 77;
  expect_fresh(options, "fresh: other table sizes");
}

Test(memory, a_file_of_another_layout_is_not_believed) {
  leave_file(file_options());
  uint32_t layout = ARENA_LAYOUT + 1;
  write_at(file_path(), offsetof(struct arena_identity, layout), &layout, sizeof layout);
  expect_fresh(file_options(), "fresh: another layout version");
}

Test(memory, a_file_from_before_the_machine_was_booted_is_not_believed) {
  leave_file(file_options());
  write_at(file_path(), offsetof(struct arena_identity, boot), "another", 7);
  expect_fresh(file_options(), "fresh: another boot of the machine");
}

Test(memory, a_file_that_was_cut_off_anywhere_is_not_believed) {
  const off_t lengths[] = {8, 40, sizeof(struct arena_identity), 5000, (1 << 20) - 1};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    leave_file(file_options());
    cr_assert(eq(int, truncate(file_path(), lengths[i]), 0));
    expect_fresh(file_options(), "fresh: the file was cut off");
  }
}

Test(memory, a_file_in_which_any_byte_changed_is_not_believed) {
  for (off_t at = sizeof(struct arena_identity); at < 1 << 20; at += 9973) {
    leave_file(file_options());
    int fd = open(file_path(), O_RDWR);
    char byte;
    cr_assert(eq(sz, (size_t)pread(fd, &byte, 1, at), 1));
    byte ^= 4;
    cr_assert(eq(sz, (size_t)pwrite(fd, &byte, 1, at), 1));
    close(fd);
    expect_fresh(file_options(), "fresh: its bytes are not those that were left");
  }
}

Test(memory, a_file_that_is_no_cache_is_set_aside_and_not_overwritten) {
  char aside[160];
  snprintf(aside, sizeof aside, "%s.set-aside", file_path());
  int fd = open(file_path(), O_CREAT | O_RDWR, 0600);
  cr_assert(eq(sz, (size_t)write(fd, "SQLite format 3", 15), 15));
  close(fd);
  expect_fresh(file_options(), "fresh: the file was no cache, and is now named ….set-aside");
  char text[16] = {0};
  fd = open(aside, O_RDONLY);
  cr_assert(eq(sz, (size_t)read(fd, text, 15), 15));
  close(fd);
  cr_assert(eq(str, text, "SQLite format 3"));

  fd = open(file_path(), O_CREAT | O_RDWR, 0600);
  cr_assert(eq(sz, (size_t)write(fd, "other", 5), 5));
  close(fd);
  cr_assert(eq(int, open_error(file_options(), NULL), OC_ERR_FOREIGN), "there is one aside already");
  unlink(aside);
  unlink(file_path());
}

/* ---- Shapes ---- */

static const char ORDERS[] = "{\"orders\":{\"relations\":{\"customer\":\"customers\"}},\"customers\":{}}";
static const char WITHOUT[] = "{\"orders\":{}}";
static const char QUERY[] = "{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":7,\"depth\":1}";
static const char ORDER[] = "{\"id\":7,\"customer\":{\"id\":1,\"name\":\"Ada\"}}";

static oc_status put_order(oc_cache_t *cache) {
  oc_set_options_t set = {.query = S(QUERY)};
  return oc_set(cache, S("order"), S(ORDER), &set, NULL);
}

static oc_status rename_customer(oc_cache_t *cache, uint8_t number) {
  oc_slice_t operations =
      S("[{\"type\":\"update\",\"collection\":\"customers\",\"id\":1,\"data\":{\"name\":\"Eve\"}}]");
  uint64_t version;
  oc_status status = oc_begin(cache, token_of(number), S("users:1"), operations, 0, NULL);
  return status == OC_OK ? oc_commit(cache, token_of(number), (oc_slice_t){NULL, 0}, &version, NULL) : status;
}

static void put_order_and_stay(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK || put_order(cache) != OC_OK) _exit(1);
  child_says(self);
  child_waits(self);
  /* The other process has replaced the shapes: this one goes by the new ones, too. */
  if (has(cache, "order", ORDER) || put_order(cache) != OC_OK || !has(cache, "order", ORDER)) _exit(2);
  if (rename_customer(cache, 9) != OC_OK || !has(cache, "order", ORDER)) _exit(3);
  child_says(self);
  child_waits(self);
  oc_close(cache);
}

Test(memory, a_process_without_shapes_goes_by_those_of_the_others) {
  oc_options_t options = shared_options();
  options.shapes = S(ORDERS);
  struct child child = meet_child(put_order_and_stay, &options);
  options.shapes = (oc_slice_t){NULL, 0};
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(has(cache, "order", ORDER));
  cr_assert(eq(int, rename_customer(cache, 1), OC_OK));
  cr_assert(has(cache, "order", "{\"id\":7,\"customer\":{\"id\":1,\"name\":\"Eve\"}}"), "it knows where customers lie");
  end_child(&child, SIGKILL);
  oc_close(cache);
}

Test(memory, other_shapes_drop_the_entries_and_become_those_of_every_process) {
  oc_options_t options = shared_options();
  options.shapes = S(ORDERS);
  struct child child = meet_child(put_order_and_stay, &options);
  options.shapes = S(WITHOUT);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(not(has(cache, "order", ORDER)));
  let_child_go_on(&child);
  await_child(&child);
  end_child(&child, SIGKILL);
  oc_close(cache);
}

Test(memory, shapes_outlive_a_reset) {
  oc_options_t options = shared_options();
  options.shapes = S(ORDERS);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, put_order(cache), OC_OK));
  pid_t pid = fork();
  if (pid == 0) {
    oc_cache_t *other = NULL;
    options.shapes = (oc_slice_t){NULL, 0};
    if (oc_open(&options, &other, NULL) != OC_OK) _exit(1);
    arena_lock(&other->arena);
    kill(getpid(), SIGKILL);
  }
  waitpid(pid, NULL, 0);
  cr_assert(not(has(cache, "order", ORDER)));
  cr_assert(eq(str, (char *)(uintptr_t)started(cache), "reset: a process died while it changed the cache"));
  cr_assert(eq(int, put_order(cache), OC_OK));
  cr_assert(eq(int, rename_customer(cache, 1), OC_OK));
  cr_assert(has(cache, "order", "{\"id\":7,\"customer\":{\"id\":1,\"name\":\"Eve\"}}"));
  oc_close(cache);
}

Test(memory, shapes_longer_than_the_arena_takes_are_refused) {
  oc_options_t options = {.name = unique_name(), .max_bytes = 1 << 20};
  char *text = calloc(1, 64 << 10);
  strcpy(text, "{\"orders\":{\"groups\":[\"a\"");
  for (size_t len = strlen(text); len < 20000; len += 4) strcpy(text + len, ",\"b\"");
  strcat(text, "]}}");
  options.shapes = S(text);
  oc_error_t error = {0};
  cr_assert(eq(int, open_error(options, &error), OC_ERR_SHAPES));
  cr_assert(strstr(error.message, "maxBytes") != NULL, "%s", error.message);
  free(text);
}

Test(memory, shapes_of_just_the_bytes_that_the_arena_takes_are_taken) {
  oc_options_t options = {.name = unique_name(), .max_bytes = 1 << 20};
  size_t most = (size_t)shape_store_most(1 << 20);
  char *text = malloc(most + 1);
  memset(text, ' ', most + 1);
  memcpy(text, "{}", 2);
  options.shapes = (oc_slice_t){text, most + 1};
  cr_assert(eq(int, open_error(options, NULL), OC_ERR_SHAPES));
  options.shapes.len = most;
  oc_close(open_or_fail(options));
  free(text);
}

/* ---- Mutations of the dead ---- */

static const char UPDATE[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"a\":1}}]";

static void begin_and_stay(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  if (oc_begin(cache, token_of(1), S("users:1"), S(UPDATE), 0, NULL) != OC_OK) _exit(1);
  child_says(self);
  child_waits(self);
  oc_close(cache);
  child_says(self);
  child_waits(self);
}

/* Does what the library's thread does as well, whichever comes first; no later than the times it was told. */
static uint64_t sweep_until_nothing_is_pending(oc_cache_t *cache) {
  uint64_t begun = clock_now(), next = 0;
  for (oc_sweep(cache, &next); next != 0; oc_sweep(cache, &next)) {
    uint64_t now = clock_now();
    if (next > now) usleep((unsigned)(next - now) * 1000);
  }
  return clock_now() - begun;
}

Test(memory, a_mutation_whose_process_was_killed_expires_and_invalidates_its_documents) {
  oc_options_t options = shared_options();
  struct child child = meet_child(begin_and_stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, put(cache, "key", "1"), OC_OK));
  end_child(&child, SIGKILL);
  cr_log_info("nothing was pending after %llu ms", (unsigned long long)sweep_until_nothing_is_pending(cache));
  cr_assert(not(has(cache, "key", "1")));
  oc_mutation_info_t info;
  cr_assert(eq(int, oc_status_of(cache, token_of(1), S("users:1"), &info, NULL), OC_OK));
  cr_assert(eq(int, (int)info.state, OC_EXPIRED));
  cr_assert(eq(str, info.reason, "its process died; whether the database has it is unknown"));
  uint64_t next;
  cr_assert(eq(sz, oc_sweep(cache, &next), 0));
  cr_assert(eq(u64, next, 0), "nothing is pending, and nobody is looked at");
  oc_close(cache);
}

Test(memory, a_mutation_whose_process_closed_the_cache_expires_at_once) {
  oc_options_t options = shared_options();
  struct child child = meet_child(begin_and_stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, put(cache, "key", "1"), OC_OK));
  let_child_go_on(&child);
  await_child(&child);
  cr_assert(not(has(cache, "key", "1")));
  end_child(&child, SIGKILL);
  oc_close(cache);
}

Test(memory, a_mutation_that_another_process_took_over_does_not_die_with_the_first) {
  oc_options_t options = shared_options();
  struct child child = meet_child(begin_and_stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, oc_begin(cache, token_of(1), S("users:1"), S(UPDATE), 0, NULL), OC_OK));
  end_child(&child, SIGKILL);
  uint64_t next, now = clock_now();
  arena_lock(&cache->arena);
  cr_assert(eq(u32, mutation_sweep_locked(&cache->arena, now + 500, &next), 0));
  cr_assert(eq(u32, mutation_sweep_locked(&cache->arena, now + 1000, &next), 0));
  arena_unlock(&cache->arena);
  oc_mutation_info_t info;
  cr_assert(eq(int, oc_status_of(cache, token_of(1), S("users:1"), &info, NULL), OC_OK));
  cr_assert(eq(int, (int)info.state, OC_PENDING));
  oc_close(cache);
}
