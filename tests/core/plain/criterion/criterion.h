/*
 * The little of Criterion that the tests of several threads use, without its processes: those share memory at an
 * address that ThreadSanitizer keeps for itself. Tests run one after the other in one process; the first failure ends
 * it.
 */
#ifndef PLAIN_CRITERION_H
#define PLAIN_CRITERION_H

#include <stdio.h>
#include <stdlib.h>

struct plain_test {
  const char *name;
  void (*run)(void);
  struct plain_test *next;
};
extern struct plain_test *plain_tests;

#define Test(suite, test)                                                                                              \
  static void suite##_##test(void);                                                                                    \
  __attribute__((constructor)) static void suite##_##test##_register(void) {                                           \
    static struct plain_test self = {#suite "::" #test, suite##_##test, NULL};                                         \
    self.next = plain_tests;                                                                                           \
    plain_tests = &self;                                                                                               \
  }                                                                                                                    \
  static void suite##_##test(void)

#define cr_assert(condition)                                                                                           \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);                                         \
      exit(EXIT_FAILURE);                                                                                              \
    }                                                                                                                  \
  } while (0)

#endif
