/*
 * The little of Criterion that the core's tests use, without what its processes share: ThreadSanitizer keeps that
 * address for itself, and valgrind takes a second to start in each of them. The first failure ends a test.
 */
#ifndef PLAIN_CRITERION_H
#define PLAIN_CRITERION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct plain_options {
  void (*init)(void);
  void (*fini)(void);
  double timeout; /* not kept: valgrind takes its time */
};

struct plain_test {
  const char *name;
  void (*run)(void);
  struct plain_options options;
  struct plain_test *next;
  pid_t pid; /* of the process that it runs in */
};
extern struct plain_test *plain_tests;

/* Options are optional, which a strict compiler takes for a macro that wants an argument. */
#pragma GCC system_header

#define Test(suite, test, ...)                                                                                         \
  static void suite##_##test(void);                                                                                    \
  __attribute__((constructor)) static void suite##_##test##_register(void) {                                           \
    static struct plain_test self = {#suite "/" #test, suite##_##test, {__VA_ARGS__}, NULL, 0};                        \
    self.next = plain_tests;                                                                                           \
    plain_tests = &self;                                                                                               \
  }                                                                                                                    \
  static void suite##_##test(void)

/* The message that may follow is Criterion's to print: the line says enough. */
#define PLAIN_CONDITION(condition, ...) condition
#define PLAIN_TEXT(condition, ...) #condition
#define cr_assert(...)                                                                                                 \
  do {                                                                                                                 \
    if (!(PLAIN_CONDITION(__VA_ARGS__, ))) {                                                                           \
      fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, PLAIN_TEXT(__VA_ARGS__, ));                          \
      exit(EXIT_FAILURE);                                                                                              \
    }                                                                                                                  \
  } while (0)
#define cr_expect cr_assert

#define cr_log_info(...)                                                                                               \
  do {                                                                                                                 \
    printf(__VA_ARGS__);                                                                                               \
    printf("\n");                                                                                                      \
  } while (0)

#endif
