#include "support.h"

#include "buffer.h"

Test(buffer, what_is_appended_stays_while_it_grows) {
  oc_buffer_t buffer = {0};
  for (int i = 0; i < 10000; i++) {
    char digit = (char)('0' + i % 10);
    cr_assert(eq(int, buffer_append(&buffer, &digit, 1), OC_OK));
  }
  cr_assert(eq(sz, buffer.len, 10000));
  for (size_t i = 0; i < buffer.len; i++) cr_assert(buffer.data[i] == (char)('0' + i % 10));
  oc_buffer_free(&buffer);
  cr_assert(buffer.data == NULL && buffer.len == 0 && buffer.cap == 0);
}

Test(buffer, a_size_that_no_memory_has_is_an_error_and_changes_nothing) {
  oc_buffer_t buffer = {0};
  cr_assert(eq(int, buffer_append(&buffer, "abc", 3), OC_OK));
  cr_assert(eq(int, buffer_reserve(&buffer, SIZE_MAX), OC_ERR_MEMORY));
  cr_assert(eq(int, buffer_append(&buffer, "abc", SIZE_MAX / 2), OC_ERR_MEMORY));
  cr_assert(is_text(as_slice(&buffer), "abc"));
  oc_buffer_free(&buffer);
}

Test(buffer, appending_nothing_is_allowed_without_data) {
  oc_buffer_t buffer = {0};
  cr_assert(eq(int, buffer_append(&buffer, NULL, 0), OC_OK));
  cr_assert(eq(sz, buffer.len, 0));
  oc_buffer_free(&buffer);
}

Test(buffer, numbers_are_their_decimal_digits) {
  oc_buffer_t buffer = {0};
  const uint64_t numbers[] = {0, 9, 10, 4294967295, UINT64_MAX};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    cr_assert(eq(int, buffer_digits(&buffer, numbers[i]), OC_OK));
    cr_assert(eq(int, buffer_append(&buffer, ",", 1), OC_OK));
  }
  cr_assert(is_text(as_slice(&buffer), "0,9,10,4294967295,18446744073709551615,"));
  oc_buffer_free(&buffer);
}

Test(buffer, quoted_text_is_json_whatever_it_holds) {
  oc_buffer_t buffer = {0};
  char every[33];
  for (int i = 0; i < 32; i++) every[i] = (char)(i + 1);
  every[32] = '\0';
  cr_assert(eq(int, buffer_quote(&buffer, S("say \"\\\" to\tGr\xc3\xbc\xc3\x9f\x65")), OC_OK));
  cr_assert(is_text(as_slice(&buffer), "\"say \\\"\\\\\\\" to\\u0009Gr\xc3\xbc\xc3\x9f\x65\""));
  buffer.len = 0;
  cr_assert(eq(int, buffer_quote(&buffer, S(every)), OC_OK));
  cr_assert(eq(int, json_validate(as_slice(&buffer), 1, "text", NULL), OC_OK));
  oc_buffer_free(&buffer);
}

Test(buffer, print_appends_and_refuses_what_is_longer_than_its_line) {
  oc_buffer_t buffer = {0};
  cr_assert(eq(int, buffer_print(&buffer, "%d,", 1), OC_OK));
  cr_assert(eq(int, buffer_print(&buffer, "%d", 2), OC_OK));
  cr_assert(eq(int, buffer_print(&buffer, "%600d", 3), OC_ERR_ARGUMENT));
  cr_assert(is_text(as_slice(&buffer), "1,2"));
  oc_buffer_free(&buffer);
}
