/*
 * Runs the tests that are linked to it, each in a process of its own; with an argument only those whose name contains
 * it. A fork needs no new start of valgrind, which looks for leaks when each of them ends. Under ThreadSanitizer they
 * share one process, where the first failure is the end: in a child it begins a thread of its own some time later,
 * which tests that count threads would see.
 */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

struct plain_test *plain_tests;

static void run(const struct plain_test *test) {
  if (test->options.init) test->options.init();
  test->run();
  if (test->options.fini) test->options.fini();
}

static bool passes(const struct plain_test *test) {
#ifdef __SANITIZE_THREAD__
  run(test);
  return true;
#endif
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    run(test);
    exit(EXIT_SUCCESS);
  }
  int status;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int count, char **arguments) {
  int tested = 0, failed = 0;
  for (const struct plain_test *test = plain_tests; test; test = test->next) {
    if (count > 1 && !strstr(test->name, arguments[1])) continue;
    tested++;
    if (passes(test)) continue;
    failed++;
    printf("failed: %s\n", test->name);
  }
  printf("Tested: %d, failed: %d\n", tested, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
