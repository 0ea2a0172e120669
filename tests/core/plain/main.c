#include <criterion/criterion.h>

struct plain_test *plain_tests;

int main(void) {
  int tested = 0;
  for (const struct plain_test *test = plain_tests; test; test = test->next, tested++) {
    printf("%s\n", test->name);
    test->run();
  }
  printf("Tested: %d\n", tested);
  return EXIT_SUCCESS;
}
