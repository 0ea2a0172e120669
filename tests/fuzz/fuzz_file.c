/*
 * fuzz_file.c: a file that a cache left behind, of which bytes were changed: [u8 how][u32 where][bytes] … It is opened
 * as it was left when nothing changed, else empty or not at all, and serves as a cache in any case.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "optimistic_cache.h"

enum { BYTES = 1 << 20, HEADER = 1024 };
static char path[64], aside[80], left[BYTES];

static oc_slice_t text(const char *chars) { return (oc_slice_t){chars, strlen(chars)}; }

static oc_status open_file(oc_cache_t **cache) {
  oc_options_t options = {.name = text("fuzz"), .memory = OC_FILE, .file = text(path), .max_bytes = BYTES};
  return oc_open(&options, cache, NULL);
}

static void put(oc_cache_t *cache, const char *key) {
  oc_set_options_t options = {.query = text("{\"type\":\"findByID\",\"collection\":\"posts\",\"id\":1,\"depth\":0}")};
  CHECK(oc_set(cache, text(key), text("{\"id\":1}"), &options, NULL) == OC_OK);
}

static bool has(oc_cache_t *cache, const char *key) {
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, NULL, text(key), false, 0, &out, &hit, NULL);
  CHECK(status == OC_MISS || (status == OC_OK && out.len == 8 && !memcmp(out.data, "{\"id\":1}", 8)));
  oc_buffer_free(&out);
  return status == OC_OK;
}

static void remove_files(void) {
  unlink(path);
  unlink(aside);
}

/* The file as a clean close leaves it, once a process. */
static void leave_one(void) {
  oc_cache_t *cache;
  snprintf(path, sizeof path, "/tmp/optimistic-cache-fuzz-%d", (int)getpid());
  snprintf(aside, sizeof aside, "%s.set-aside", path);
  atexit(remove_files);
  CHECK(open_file(&cache) == OC_OK);
  put(cache, "kept");
  oc_close(cache);
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0 && read(fd, left, BYTES) == BYTES);
  close(fd);
}

/* Returns whether anything is other than it was. */
static bool write_changed(const uint8_t *data, size_t size) {
  int fd = open(path, O_RDWR | O_CREAT, 0600);
  CHECK(fd >= 0 && pwrite(fd, left, BYTES, 0) == BYTES && ftruncate(fd, BYTES) == 0);
  bool changed = false;
  while (size > 5) {
    uint32_t at;
    memcpy(&at, data + 1, sizeof at);
    size_t len = (data[0] & 31) + 1U;
    if (len > size - 5) len = size - 5;
    at %= data[0] & 32 ? BYTES - 32 : HEADER; /* half of them in the header */
    if (data[0] & 64) {                       /* cut off there, or made longer */
      CHECK(ftruncate(fd, data[0] & 128 ? BYTES + at : at) == 0);
      changed = true;
    } else {
      changed |= memcmp(left + at, data + 5, len) != 0;
      CHECK(pwrite(fd, data + 5, len, at) == (ssize_t)len);
    }
    data += 5 + len;
    size -= 5 + len;
  }
  close(fd);
  return changed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!path[0]) leave_one();
  bool changed = write_changed(data, size);
  oc_cache_t *cache;
  oc_stats_t stats;
  if (open_file(&cache) == OC_OK) {
    oc_stats(cache, &stats);
    bool kept = strcmp(stats.started, "kept") == 0;
    CHECK(kept || strncmp(stats.started, "fresh: ", 7) == 0);
    CHECK(has(cache, "kept") == kept && stats.entries == kept);
    CHECK(kept || changed);
    put(cache, "new");
    CHECK(has(cache, "new"));
    oc_close(cache);
  }
  unlink(aside);
  return 0;
}
