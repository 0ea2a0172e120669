/*
 * failing.h: memory, mappings, files and threads that this thread asks the system for, and is refused.
 *
 * The linker puts these functions in the place of the C library's (--wrap, see the Makefile), in the core and the tests
 * alike; cJSON, which is linked as it is, gets them as its hooks. For one file that is linked: they are defined here.
 */
#ifndef FAILING_H
#define FAILING_H

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum failing { FAILING_ONCE, FAILING_FROM_THEN_ON };

static _Thread_local struct failing_state {
  uint32_t asked;  /* how often, since failing_begin */
  uint32_t nth;    /* the first that fails; 0: none does */
  uint32_t failed; /* how many did */
  enum failing kind;
} failing;

/* The `nth` request from now on fails, or all from then on. */
static inline void failing_begin(uint32_t nth, enum failing kind) {
  failing = (struct failing_state){.nth = nth, .kind = kind};
}
static inline void failing_end(void) { failing.nth = 0; }

static inline bool is_refused(int error) {
  if (failing.nth == 0) return false;
  failing.asked++;
  if (failing.kind == FAILING_ONCE ? failing.asked != failing.nth : failing.asked < failing.nth) return false;
  failing.failed++;
  errno = error;
  return true;
}

#define WRAPPED(result, name, parameters)                                                                              \
  extern result __real_##name parameters;                                                                              \
  result __wrap_##name parameters;                                                                                     \
  result __wrap_##name parameters

WRAPPED(void *, malloc, (size_t size)) { return is_refused(ENOMEM) ? NULL : __real_malloc(size); }
WRAPPED(void *, calloc, (size_t count, size_t size)) { return is_refused(ENOMEM) ? NULL : __real_calloc(count, size); }
WRAPPED(void *, realloc, (void *block, size_t size)) { return is_refused(ENOMEM) ? NULL : __real_realloc(block, size); }
WRAPPED(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset)) {
  return is_refused(ENOMEM) ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}
WRAPPED(int, ftruncate, (int fd, off_t size)) { return is_refused(EIO) ? -1 : __real_ftruncate(fd, size); }
WRAPPED(int, posix_fallocate, (int fd, off_t at, off_t size)) {
  return is_refused(ENOSPC) ? ENOSPC : __real_posix_fallocate(fd, at, size);
}
WRAPPED(int, shm_open, (const char *name, int flags, mode_t mode)) {
  return is_refused(EMFILE) ? -1 : __real_shm_open(name, flags, mode);
}
WRAPPED(int, pthread_create,
        (pthread_t * thread, const pthread_attr_t *attributes, void *(*body)(void *), void *context)) {
  return is_refused(EAGAIN) ? EAGAIN : __real_pthread_create(thread, attributes, body, context);
}
WRAPPED(int, pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes)) {
  return is_refused(ENOMEM) ? ENOMEM : __real_pthread_mutex_init(mutex, attributes);
}

static inline void failing_cjson(void) {
  static cJSON_Hooks hooks = {__wrap_malloc, free};
  cJSON_InitHooks(&hooks);
}

#endif
