/*
 * Runs the tests that are linked to it, each in a process of its own, two at a time. Arguments choose by what names
 * contain: those with 'TEXT', without '-TEXT'. A fork needs no new start of valgrind, which looks for leaks when each of
 * them ends. Under ThreadSanitizer they share one process, where the first failure is the end: in a child it begins a
 * thread of its own some time later, which tests that count threads would see.
 */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 2 };

struct plain_test *plain_tests;
static int running, failed;

static void run(const struct plain_test *test) {
  if (test->options.init) test->options.init();
  test->run();
  if (test->options.fini) test->options.fini();
}

static void await_one(void) {
  int status;
  pid_t pid = wait(&status);
  const struct plain_test *test = plain_tests;
  while (test->pid != pid) test = test->next;
  running--;
  if (status == 0) return;
  failed++;
  printf("failed: %s\n", test->name);
}

static void start(struct plain_test *test) {
#ifdef __SANITIZE_THREAD__
  run(test);
#else
  while (running == AT_ONCE) await_one();
  fflush(NULL);
  test->pid = fork();
  if (test->pid == 0) {
    run(test);
    exit(EXIT_SUCCESS);
  }
  if (test->pid > 0) {
    running++;
  } else {
    perror("fork");
    failed++;
  }
#endif
}

static bool is_chosen(const struct plain_test *test, char **texts) {
  for (; *texts; texts++) {
    bool without = **texts == '-';
    if ((strstr(test->name, *texts + without) != NULL) == without) return false;
  }
  return true;
}

int main(int count, char **arguments) {
  (void)count;
  int tested = 0;
  for (struct plain_test *test = plain_tests; test; test = test->next) {
    if (!is_chosen(test, arguments + 1)) continue;
    tested++;
    start(test);
  }
  while (running > 0) await_one();
  printf("Tested: %d, failed: %d\n", tested, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
