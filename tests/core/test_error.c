#include "support.h"

Test(error, every_status_has_a_code_and_a_sentence_of_its_own) {
  for (int status = OC_REFUSED; status >= OC_ERR_FULL; status--) {
    cr_assert(strcmp(oc_code((oc_status)status), "ERR_OPTIMISTIC_UNKNOWN") != 0, "%d has no code", status);
    cr_assert(strlen(oc_strerror((oc_status)status)) > 0);
    for (int other = OC_REFUSED; other > status; other--)
      cr_assert(strcmp(oc_code((oc_status)status), oc_code((oc_status)other)) != 0, "%d and %d", status, other);
  }
}

Test(error, a_number_that_is_no_status_still_has_a_code_and_a_sentence) {
  cr_assert(eq(str, (char *)oc_code((oc_status)-99), "ERR_OPTIMISTIC_UNKNOWN"));
  cr_assert(eq(str, (char *)oc_strerror((oc_status)-99), "unknown status"));
}

Test(error, a_sentence_that_is_too_long_is_cut_and_ended) {
  oc_error_t error;
  char text[600];
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  cr_assert(eq(int, error_set(&error, OC_ERR_JSON, "%s", text), OC_ERR_JSON));
  cr_assert(eq(int, error.status, OC_ERR_JSON));
  cr_assert(eq(sz, strlen(error.message), sizeof error.message - 1));
}

Test(error, nobody_who_wants_no_sentence_has_to_take_one) {
  cr_assert(eq(int, error_set(NULL, OC_ERR_UTF8, "%s", "x"), OC_ERR_UTF8));
}
