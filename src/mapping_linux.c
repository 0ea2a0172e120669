/*
 * mapping_linux.c: memory with a file behind it.
 *
 * Why locks of open file descriptions (fcntl F_OFD_*), and not process ids in the memory: an id is given to somebody
 * else once its process is dead, and /proc may be hidden or belong to another container. And not the older locks of
 * fcntl, which any close(2) of the same file in the process gives up, nor one flock a process, which cannot be asked
 * about without being taken.
 *
 *   the file:   byte 0 ── claim of slot 0 ── byte 1 ── claim of slot 1 ── …      (claims lock bytes, and use none)
 *   the gate:   flock(2) on all of it, which is another kind of lock and does not meet them
 *
 * Who waited for the gate may hold a file that meanwhile lost its name, because the last process took it away. So the
 * name is followed once more behind the gate, and when it leads elsewhere, all starts over.
 */
#define _GNU_SOURCE
#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "error.h"

enum {
  OPEN_TRIES = 64,
  PLACE_MOST = 4096,
  RESERVE_STEP = 16 << 20, /* a signal undoes the step under way, not all of it */
  RESERVE_TRIES = 1000
};

/* ---- Opening ---- */

static int open_place(const struct mapping *mapping, int create) {
  int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | create;
  if (mapping->kind == OC_SHARED) return shm_open(mapping->place, flags, 0600);
  return open(mapping->place, flags, 0600);
}

static oc_status refuse_open(const struct mapping *mapping, int failed, oc_error_t *error) {
  switch (failed) {
  case ELOOP:
    return error_set(error, OC_ERR_FOREIGN, "'%.120s' is a symbolic link; name the file itself", mapping->place);
  case EISDIR:
  case ENXIO: return error_set(error, OC_ERR_FOREIGN, "'%.120s' is not a regular file; name another", mapping->place);
  case EACCES:
  case EPERM:
    return error_set(error, OC_ERR_FOREIGN,
                     "'%.120s' may not be opened by this user (%s); it may be another user's: use another name",
                     mapping->place, strerror(failed));
  default: return error_set(error, OC_ERR_SYSTEM, "cannot open '%.120s': %s", mapping->place, strerror(failed));
  }
}

static oc_status check_ours(const struct mapping *mapping, int fd, oc_error_t *error) {
  struct stat info;
  if (fstat(fd, &info)) return refuse_open(mapping, errno, error);
  if (!S_ISREG(info.st_mode)) return refuse_open(mapping, ENXIO, error);
  if (info.st_uid != geteuid())
    return error_set(error, OC_ERR_FOREIGN,
                     "'%.120s' belongs to user %lu, this process runs as %lu; use another name, or have it removed",
                     mapping->place, (unsigned long)info.st_uid, (unsigned long)geteuid());
  if (info.st_mode & 077)
    return error_set(error, OC_ERR_FOREIGN, "'%.120s' may be opened by other users (mode %03o); chmod it to 600",
                     mapping->place, (unsigned)info.st_mode & 0777);
  return OC_OK;
}

static int lock_whole(int fd, int how) {
  int failed;
  do failed = flock(fd, how);
  while (failed && errno == EINTR);
  return failed;
}

/* Whether the name leads to the file that is open. */
static bool is_named(const struct mapping *mapping, int fd) {
  struct stat held, named;
  int again = open_place(mapping, 0);
  if (again < 0) return false;
  bool same = !fstat(fd, &held) && !fstat(again, &named) && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
  close(again);
  return same;
}

static oc_status open_behind_gate(struct mapping *mapping, oc_error_t *error) {
  for (int tries = 0; tries < OPEN_TRIES; tries++) {
    int fd = open_place(mapping, O_CREAT);
    if (fd < 0) return refuse_open(mapping, errno, error);
    oc_status status = check_ours(mapping, fd, error);
    if (status == OC_OK && lock_whole(fd, LOCK_EX))
      status = error_set(error, OC_ERR_SYSTEM, "cannot lock '%.120s': %s; use a local file system", mapping->place,
                         strerror(errno));
    if (status == OC_OK && is_named(mapping, fd)) {
      mapping->fd = fd;
      return OC_OK;
    }
    close(fd);
    if (status != OC_OK) return status;
  }
  return error_set(error, OC_ERR_SYSTEM, "'%.120s' is removed and made again all the time", mapping->place);
}

oc_status mapping_open(struct mapping *mapping, oc_memory kind, oc_slice_t place, oc_error_t *error) {
  if (place.len == 0 || place.len >= PLACE_MOST || memchr(place.data, '\0', place.len))
    return error_set(error, OC_ERR_ARGUMENT, "the file must have a path of 1 to %d bytes, without NUL", PLACE_MOST - 1);
  *mapping = (struct mapping){.kind = kind, .fd = -1};
  size_t size = place.len + 64;
  mapping->place = malloc(size);
  if (!mapping->place) return error_set(error, OC_ERR_MEMORY, "no memory for the name of a mapping");
  if (kind == OC_SHARED)
    snprintf(mapping->place, size, "/optimistic-cache-%lu-%.*s", (unsigned long)geteuid(), (int)place.len, place.data);
  else snprintf(mapping->place, size, "%.*s", (int)place.len, place.data);
  oc_status status = open_behind_gate(mapping, error);
  if (status != OC_OK) mapping_close(mapping);
  return status;
}

void mapping_close_gate(const struct mapping *mapping) {
  if (mapping->fd >= 0) (void)lock_whole(mapping->fd, LOCK_EX);
}

void mapping_open_gate(const struct mapping *mapping) {
  if (mapping->fd >= 0) (void)lock_whole(mapping->fd, LOCK_UN);
}

oc_status mapping_set_aside(struct mapping *mapping, oc_error_t *error) {
  char aside[PLACE_MOST + 16];
  snprintf(aside, sizeof aside, "%s.set-aside", mapping->place);
  /* Not rename(2), which would replace what has that name. */
  if (link(mapping->place, aside) || unlink(mapping->place))
    return error_set(error, OC_ERR_FOREIGN, "'%.100s' is no cache and cannot be named '….set-aside' (%s); move it away",
                     mapping->place, strerror(errno));
  close(mapping->fd);
  mapping->fd = -1;
  return open_behind_gate(mapping, error);
}

void mapping_discard(const struct mapping *mapping) {
  if (mapping->fd < 0 || !is_named(mapping, mapping->fd)) return;
  if (mapping->kind == OC_SHARED) (void)shm_unlink(mapping->place);
  else (void)unlink(mapping->place);
}

void mapping_close(struct mapping *mapping) {
  mapping_unmap(mapping);
  mapping_open_gate(mapping); /* said aloud, and not left to close(2): a child that is about to exec may have it too */
  if (mapping->fd >= 0) close(mapping->fd);
  free(mapping->place);
  *mapping = (struct mapping){.fd = -1};
}

/* ---- Its bytes ---- */

uint64_t mapping_file_size(const struct mapping *mapping) {
  struct stat info;
  return fstat(mapping->fd, &info) ? 0 : (uint64_t)info.st_size;
}

bool mapping_peek(const struct mapping *mapping, void *out, size_t size) {
  return pread(mapping->fd, out, size, 0) == (ssize_t)size;
}

static oc_status refuse_size(const struct mapping *mapping, uint64_t size, int failed, oc_error_t *error) {
  struct statvfs room = {0};
  (void)fstatvfs(mapping->fd, &room);
  unsigned long long left = (unsigned long long)room.f_bavail * room.f_frsize, needed = (unsigned long long)size;
  (void)ftruncate(mapping->fd, 0);
  if (failed != ENOSPC && failed != EFBIG && failed != EDQUOT)
    return error_set(error, OC_ERR_SYSTEM, "cannot reserve %llu bytes for '%.100s': %s", needed, mapping->place,
                     strerror(failed));
  if (mapping->kind == OC_SHARED)
    return error_set(error, OC_ERR_SPACE,
                     "the cache needs %llu bytes of /dev/shm, which has %llu free (%s); lower maxBytes, or enlarge it "
                     "(docker run --shm-size)",
                     needed, left, strerror(failed));
  return error_set(error, OC_ERR_SPACE,
                   "the cache needs %llu bytes for '%.80s', where %llu are free (%s); lower maxBytes, or make room",
                   needed, mapping->place, left, strerror(failed));
}

oc_status mapping_reserve(const struct mapping *mapping, uint64_t size, oc_error_t *error) {
  if (ftruncate(mapping->fd, 0) || ftruncate(mapping->fd, (off_t)size)) return refuse_size(mapping, size, errno, error);
  int tries = 0;
  for (uint64_t at = 0; at < size;) {
    uint64_t step = size - at < RESERVE_STEP ? size - at : RESERVE_STEP;
    int failed = posix_fallocate(mapping->fd, (off_t)at, (off_t)step);
    if (failed == EINTR && ++tries < RESERVE_TRIES) continue;
    if (failed) return refuse_size(mapping, size, failed, error);
    at += step;
  }
  return OC_OK;
}

oc_status mapping_map(struct mapping *mapping, uint64_t size, oc_error_t *error) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mapping->fd, 0);
  if (base == MAP_FAILED)
    return error_set(error, OC_ERR_SYSTEM, "cannot map %llu bytes of '%.100s': %s", (unsigned long long)size,
                     mapping->place, strerror(errno));
  mapping->base = base;
  mapping->size = size;
  (void)madvise(base, size, MADV_DONTFORK); /* a child's copy would hold the open file, and with it the claims */
  return OC_OK;
}

/* ---- Claims ---- */

static int claim(const struct mapping *mapping, int command, short type, uint32_t slot, uint32_t count,
                 struct flock *lock) {
  *lock = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = slot, .l_len = count};
  return fcntl(mapping->fd, command, lock);
}

bool mapping_claim(const struct mapping *mapping, uint32_t slot) {
  struct flock lock;
  return mapping->fd < 0 || claim(mapping, F_OFD_SETLK, F_WRLCK, slot, 1, &lock) == 0;
}

void mapping_give_up(const struct mapping *mapping, uint32_t slot) {
  struct flock lock;
  if (mapping->fd >= 0) (void)claim(mapping, F_OFD_SETLK, F_UNLCK, slot, 1, &lock);
}

bool mapping_is_claimed(const struct mapping *mapping, uint32_t slot, uint32_t count) {
  struct flock lock;
  if (mapping->fd < 0) return false;
  /* One that cannot be asked about counts as alive: nothing is taken from it. */
  return claim(mapping, F_OFD_GETLK, F_WRLCK, slot, count, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* ---- The machine ---- */

void mapping_boot_id(char id[40]) {
  memset(id, 0, 40);
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t got = read(fd, id, 36);
  if (got != 36) memset(id, 0, 40);
  close(fd);
}
