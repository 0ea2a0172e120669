/*
 * processes.h: tests of several processes: children that share an arena with the test and may be killed in it.
 *
 * A child must open its own cache (process.h), so a test forks before it opens one. Each test's regions and files
 * have the test's process id in their names, and are gone when it ends.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "support.h"

static inline oc_slice_t unique_name(void) {
  static char name[64];
  snprintf(name, sizeof name, "test-%d", (int)getpid());
  return S(name);
}

static inline const char *region_path(void) {
  static char path[128];
  snprintf(path, sizeof path, "/dev/shm/optimistic-cache-%d-test-%d", (int)geteuid(), (int)getpid());
  return path;
}

static inline const char *file_path(void) {
  static char path[128];
  snprintf(path, sizeof path, "/tmp/optimistic-cache-test-%d", (int)getpid());
  return path;
}

static inline oc_options_t shared_options(void) {
  return (oc_options_t){.name = unique_name(), .memory = OC_SHARED, .max_bytes = 1 << 20};
}

static inline oc_options_t file_options(void) {
  return (oc_options_t){.name = S("file"), .memory = OC_FILE, .file = S(file_path()), .max_bytes = 1 << 20};
}

static inline oc_cache_t *open_or_fail(oc_options_t options) {
  oc_cache_t *cache = NULL;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_open(&options, &cache, &error), OC_OK), "%s", error.message);
  return cache;
}

/* A child and two pipes: it says a byte when it got somewhere, and waits for one to go on. */
struct child {
  pid_t pid;
  int from, to;
};

static inline void child_says(struct child *self) { (void)!write(self->to, "x", 1); }
static inline void child_waits(struct child *self) {
  char byte;
  if (read(self->from, &byte, 1) != 1) _exit(0);
}

/* `options` are made before, as they name the test's process. */
static inline struct child start_child(void (*body)(struct child *self, const oc_options_t *options),
                                       const oc_options_t *options) {
  int up[2], down[2];
  cr_assert(eq(int, pipe(up), 0));
  cr_assert(eq(int, pipe(down), 0));
  pid_t pid = fork();
  if (pid == 0) {
    alarm(120); /* so that none is left when a test fails */
    close(up[0]);
    close(down[1]);
    struct child self = {getpid(), down[0], up[1]};
    body(&self, options);
    _exit(0);
  }
  close(up[1]);
  close(down[0]);
  return (struct child){pid, up[0], down[1]};
}

static inline void await_child(struct child *child) {
  char byte;
  cr_assert(eq(sz, (size_t)read(child->from, &byte, 1), 1), "the child ended too early");
}

/* A child that got to where it says so. */
static inline struct child meet_child(void (*body)(struct child *self, const oc_options_t *options),
                                      const oc_options_t *options) {
  struct child child = start_child(body, options);
  await_child(&child);
  return child;
}

static inline void let_child_go_on(struct child *child) { cr_assert(eq(sz, (size_t)write(child->to, "x", 1), 1)); }

static inline void end_child(struct child *child, int signal_number) {
  if (signal_number) kill(child->pid, signal_number);
  close(child->to);
  int status;
  waitpid(child->pid, &status, 0);
  close(child->from);
}

/* Takes the lock when it is let go on, and is to be killed with it. */
static inline void die_in_a_section(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  child_says(self);
  child_waits(self);
  arena_lock(&cache->arena);
  child_says(self);
  child_waits(self);
}

#endif
