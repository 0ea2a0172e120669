/*
 * attach.c: who may use the bytes that are there.
 *
 *                       │ others have it open │ nobody does
 *   ────────────────────┼─────────────────────┼─────────────────────────────────────────────
 *   private             │ (there are none)    │ made
 *   shared              │ joined              │ made: it is what a crash left behind
 *   file                │ joined              │ kept when in no doubt, else made
 *
 * All of it happens behind the mapping's gate, so that "nobody does" stays true until this process has its claim. A
 * process that dies on the way leaves a file without others and without its clean mark, which the next one makes anew.
 *
 * No doubt means: it was closed by its last process, by this layout, with the size and the tables now asked for, in
 * this boot of the machine (an earlier one may have lost pages that were never written), and its checksum is right.
 * The checksum covers every byte, because bounds and chains could be checked one by one and the text of an entry
 * still have lost a bit, and a hit must be the truth. It is no signature: the file is mode 0600, and who may write to
 * it needs no forgery. Two numbers a word and no division make it as fast as memory.
 */
#define _GNU_SOURCE
#include "attach.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "event.h"

/* ---- The checksum ---- */

static uint64_t mix(uint64_t sum, uint64_t word) {
  sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL; /* invertible: no single changed word goes unnoticed */
  return sum ^ (sum >> 29);
}

/* Four sums side by side, so that one multiplication need not wait for the last. `size` is a multiple of 32. */
static uint64_t checksum_of(const char *bytes, uint64_t size) {
  uint64_t sums[4] = {1, 2, 3, 4}, words[4];
  for (uint64_t at = 0; at < size; at += sizeof words) {
    memcpy(words, bytes + at, sizeof words);
    for (int i = 0; i < 4; i++) sums[i] = mix(sums[i], words[i]);
  }
  return mix(mix(mix(mix(size, sums[0]), sums[1]), sums[2]), sums[3]);
}

/* The checksum itself counts as 0 in it. */
static uint64_t arena_checksum(struct arena *arena) {
  struct arena_identity *identity = &arena_header(arena)->identity;
  uint64_t noted = identity->checksum;
  identity->checksum = 0;
  uint64_t sum = checksum_of(arena->base, arena->mapping.size & ~(uint64_t)31);
  identity->checksum = noted;
  return sum;
}

/* ---- Making ---- */

static void identify(struct arena *arena, const struct attach_options *options) {
  struct arena_header *header = arena_header(arena);
  header->identity = (struct arena_identity){
      .layout = ARENA_LAYOUT, .structs = options->structs, .size = options->size, .capacity = options->capacity};
  mapping_boot_id(header->identity.boot);
  header->limits = options->limits;
}

static oc_status map(struct arena *arena, uint64_t size, oc_error_t *error) {
  oc_status status = mapping_map(&arena->mapping, size, error);
  if (status == OC_OK) arena->base = arena->mapping.base;
  return status;
}

static oc_status make(struct arena *arena, const struct attach_options *options, const char *started,
                      oc_error_t *error) {
  oc_status status = OC_OK;
  if (options->kind == OC_PRIVATE) {
    status = mapping_private(&arena->mapping, options->size);
    if (status != OC_OK)
      return error_set(error, status, "cannot map %llu bytes: %s", (unsigned long long)options->size, strerror(errno));
    arena->base = arena->mapping.base;
  } else {
    status = mapping_reserve(&arena->mapping, options->size, error);
    if (status == OC_OK) status = map(arena, options->size, error);
  }
  if (status != OC_OK) return status;
  identify(arena, options);
  status = arena_make(arena, started);
  if (status != OC_OK) return error_set(error, status, "cannot make the lock of a cache: %s", strerror(errno));
  arena_header(arena)->identity.magic = ARENA_MAGIC; /* last: what has it is whole */
  return OC_OK;
}

/* ---- Joining ---- */

static oc_status join(struct arena *arena, const struct attach_options *options, oc_error_t *error) {
  struct arena_identity found;
  if (!mapping_peek(&arena->mapping, &found, sizeof found) || found.magic != ARENA_MAGIC)
    return error_set(error, OC_ERR_DIFFERS, "other processes have '%.100s' open, and it is no cache of this package",
                     arena->mapping.place);
  if (found.layout != ARENA_LAYOUT || found.structs != options->structs)
    return error_set(error, OC_ERR_DIFFERS,
                     "other processes have '%.80s' open with layout %u.%08x, this one has %u.%08x: they run another "
                     "version of this package; use another name until they end",
                     arena->mapping.place, found.layout, found.structs, (unsigned)ARENA_LAYOUT, options->structs);
  if (found.size != options->size && !options->any_size)
    return error_set(
        error, OC_ERR_DIFFERS,
        "other processes have '%.80s' open with maxBytes %llu, this one asks for %llu; ask for the same, or "
        "leave it out",
        arena->mapping.place, (unsigned long long)found.size, (unsigned long long)options->size);
  if (mapping_file_size(&arena->mapping) != found.size)
    return error_set(error, OC_ERR_DIFFERS, "'%.100s' was cut off while other processes have it open; end them",
                     arena->mapping.place);
  return map(arena, found.size, error);
}

/* ---- Keeping ---- */

/* Why what the file says of itself is not what is asked for; NULL when it is. */
static const char *doubt(const struct arena *arena, const struct arena_identity *found,
                         const struct attach_options *options) {
  char boot[40];
  mapping_boot_id(boot);
  if (found->magic != ARENA_MAGIC) return "fresh: it was never finished";
  if (found->layout != ARENA_LAYOUT || found->structs != options->structs) return "fresh: another layout version";
  if (found->clean != 1) return "fresh: unclean end of its last process";
  if (found->size != options->size) return "fresh: another size";
  if (mapping_file_size(&arena->mapping) != found->size) return "fresh: the file was cut off";
  if (memcmp(&found->capacity, &options->capacity, sizeof found->capacity)) return "fresh: other table sizes";
  if (boot[0] == '\0' || memcmp(found->boot, boot, sizeof boot)) return "fresh: another boot of the machine";
  return NULL;
}

/* It is as it was left: only who had it open is gone, and the lock is made anew. */
static oc_status resume(struct arena *arena, const struct attach_options *options, oc_error_t *error) {
  struct arena_header *header = arena_header(arena);
  header->identity.clean = 0;
  header->limits = options->limits;
  memset(header->processes, 0, sizeof header->processes);
  header->processes_high = 0;
  header->debts = (struct arena_debts){0};
  header->orphans_until = 0;
  memset(header->started, 0, sizeof header->started);
  memcpy(header->started, "kept", 4);
  int failed = lock_init(&header->lock);
  return failed ? error_set(error, OC_ERR_SYSTEM, "cannot make the lock of a cache: %s", strerror(failed)) : OC_OK;
}

static void unmap(struct arena *arena) {
  mapping_unmap(&arena->mapping);
  arena->base = NULL;
}

static oc_status keep_or_make(struct arena *arena, const struct attach_options *options, oc_error_t *error) {
  struct arena_identity found = {0};
  uint64_t size = mapping_file_size(&arena->mapping);
  if (size == 0) return make(arena, options, "fresh: a new file", error);
  bool readable = mapping_peek(&arena->mapping, &found, sizeof found);
  if (!readable) (void)mapping_peek(&arena->mapping, &found.magic, sizeof found.magic);
  if (found.magic != ARENA_MAGIC && found.magic != 0) {
    oc_status status = mapping_set_aside(&arena->mapping, error);
    if (status != OC_OK) return status;
    return make(arena, options, "fresh: the file was no cache, and is now named ….set-aside", error);
  }
  const char *why = readable ? doubt(arena, &found, options) : "fresh: the file was cut off";
  if (why) return make(arena, options, why, error);
  oc_status status = map(arena, found.size, error);
  if (status != OC_OK) return status;
  if (arena_checksum(arena) == found.checksum) return resume(arena, options, error);
  unmap(arena);
  return make(arena, options, "fresh: its bytes are not those that were left", error);
}

/* ---- Open and close ---- */

static oc_status attach(struct arena *arena, const struct attach_options *options, oc_error_t *error) {
  if (options->kind == OC_PRIVATE) return make(arena, options, "fresh: private memory", error);
  if (mapping_is_claimed(&arena->mapping, 0, PROCESSES_MOST)) return join(arena, options, error);
  if (options->kind == OC_FILE) return keep_or_make(arena, options, error);
  bool left = mapping_file_size(&arena->mapping) > 0;
  return make(arena, options, left ? "fresh: unclean end of its last process" : "fresh: a new region", error);
}

static oc_status enter(struct arena *arena, oc_error_t *error) {
  arena_lock(arena);
  oc_status status = process_enter_locked(arena);
  arena_unlock(arena);
  return status == OC_OK ? OC_OK
                         : error_set(error, status, "%d processes have '%.100s' open already", PROCESSES_MOST,
                                     arena->mapping.place);
}

/* When nothing came of it, no name is left behind: that of a region never, that of a file unless something is in it. */
static void abandon(struct arena *arena) {
  const struct mapping *mapping = &arena->mapping;
  bool others = mapping_is_claimed(mapping, 0, PROCESSES_MOST);
  if (!others && (mapping->kind == OC_SHARED || mapping_file_size(mapping) == 0)) mapping_discard(mapping);
  mapping_close(&arena->mapping);
}

oc_status attach_open(struct arena *arena, const struct attach_options *options, oc_error_t *error) {
  *arena = (struct arena){.mapping = {.fd = -1}, .format = options->format, .context = options->context};
  oc_status status = OC_OK;
  if (options->kind != OC_PRIVATE) status = mapping_open(&arena->mapping, options->kind, options->place, error);
  if (status != OC_OK) return status;
  status = attach(arena, options, error);
  if (status == OC_OK) status = enter(arena, error);
  if (status == OC_OK) mapping_open_gate(&arena->mapping);
  else abandon(arena);
  return status;
}

void attach_close(struct arena *arena, void (*leaving)(struct arena *, bool)) {
  mapping_close_gate(&arena->mapping);
  bool last = true;
  if (arena->mapping.kind != OC_PRIVATE) {
    arena_lock(arena);
    last = !mapping_is_claimed(&arena->mapping, 0, PROCESSES_MOST);
    leaving(arena, last);
    process_leave_locked(arena);
    arena_unlock(arena);
    event_wake(arena, EVENT_ANY); /* others may wait for what was settled */
  }
  if (last && arena->mapping.kind == OC_SHARED) mapping_discard(&arena->mapping);
  if (last && arena->mapping.kind == OC_FILE) {
    arena_header(arena)->identity.clean = 1;
    arena_header(arena)->identity.checksum = arena_checksum(arena);
  }
  arena_close(arena);
}
