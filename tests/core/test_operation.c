#include "support.h"

static const struct operation *first_of(const oc_buffer_t *list) { return operation_next(list->data, list->len, NULL); }

static oc_status compile(const char *text, struct operation_limits limits) {
  oc_buffer_t out = {0};
  buffer_append(&out, "before", 6);
  oc_status status = operations_compile(S(text), &limits, &out, NULL);
  if (status != OC_OK)
    cr_assert(is_text(as_slice(&out), "before"), "a list that is refused leaves something: %s", text);
  oc_buffer_free(&out);
  return status;
}

static const struct operation_limits WIDE = {.count = 8, .bytes = 4096, .json_depth = 16, .tag_bytes = 64};

Test(operation, an_update_knows_its_document_its_text_and_its_members) {
  oc_buffer_t list = operations_of(
      "[ {\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"shipped\",\"total\":12}} ]");
  const struct operation *operation = first_of(&list);
  cr_assert(eq(int, operation->type, OPERATION_UPDATE));
  cr_assert(is_text(operation_document_tag(operation), "orders:7"));
  cr_assert(is_text(operation_collection(operation), "orders"));
  cr_assert(is_text(operation_id(operation), "7"));
  cr_assert(eq(u64, operation->document, hash_document(S("orders:7"))));
  cr_assert(eq(u32, operation->member_count, 2));
  const struct operation_member *members = operation_members(operation);
  cr_assert(is_text(operation_slice(operation, members[0].name_at, members[0].name_len), "status"));
  cr_assert(is_text(operation_slice(operation, members[0].value_at, members[0].value_len), "\"shipped\""));
  cr_assert(is_text(operation_slice(operation, members[1].value_at, members[1].value_len), "12"));
  cr_assert(eq(u32, members[0].presence, PRESENCE_UNKNOWN));
  cr_assert(operation_next(list.data, list.len, operation) == NULL);
  oc_buffer_free(&list);
}

Test(operation, the_document_before_tells_members_that_were_there_from_those_that_came) {
  oc_buffer_t list =
      operations_of("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"a\":1,\"b\":2},"
                    "\"previous\":{\"a\":0}}]");
  const struct operation_member *members = operation_members(first_of(&list));
  cr_assert(eq(u32, members[0].presence, PRESENCE_BEFORE));
  cr_assert(eq(u32, members[1].presence, PRESENCE_NEW));
  oc_buffer_free(&list);
}

Test(operation, an_id_as_text_and_the_same_as_a_number_name_one_document) {
  oc_buffer_t list = operations_of("[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":7},"
                                   "{\"type\":\"update\",\"collection\":\"orders\",\"id\":\"7\"},"
                                   "{\"type\":\"update\",\"collection\":\"orders\",\"id\":8},"
                                   "{\"type\":\"update\",\"collection\":\"orders\"}]");
  const struct operation *seven = first_of(&list), *text = operation_next(list.data, list.len, seven);
  const struct operation *eight = operation_next(list.data, list.len, text);
  const struct operation *nameless = operation_next(list.data, list.len, eight);
  cr_assert(operation_same_document(seven, text));
  cr_assert(not(operation_same_document(seven, eight)));
  cr_assert(not(operation_same_document(nameless, nameless)));
  cr_assert(is_text(operation_document_tag(nameless), "orders"));
  cr_assert(eq(sz, operation_id(nameless).len, 0));
  oc_buffer_free(&list);
}

Test(operation, an_update_without_data_is_not_one_that_changes_nothing) {
  oc_buffer_t list = operations_of("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7},"
                                   "{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{}}]");
  cr_assert(not(first_of(&list)->has_data));
  cr_assert(operation_next(list.data, list.len, first_of(&list))->has_data);
  oc_buffer_free(&list);
}

Test(operation, an_invalidation_holds_its_tags_decoded) {
  oc_buffer_t list = operations_of("[{\"type\":\"invalidate\",\"tags\":[\"orders\",\"caf\\u00e9\"]}]");
  const struct operation *operation = first_of(&list);
  cr_assert(eq(u32, operation->tag_count, 2));
  const struct operation_tag *tags = operation_tags(operation);
  cr_assert(is_text(operation_slice(operation, tags[0].at, tags[0].len), "orders"));
  cr_assert(is_text(operation_slice(operation, tags[1].at, tags[1].len), "caf\xc3\xa9"));
  oc_buffer_free(&list);
}

Test(operation, no_operations_are_a_list_too) {
  oc_buffer_t list = operations_of("[]");
  cr_assert(eq(sz, list.len, 0));
  cr_assert(operation_next(list.data, list.len, NULL) == NULL);
  oc_buffer_free(&list);
}

Test(operation, every_block_is_aligned_and_none_holds_a_pointer) {
  oc_buffer_t list = operations_of("[{\"type\":\"update\",\"collection\":\"o\",\"id\":1,\"data\":{\"a\":1}},"
                                   "{\"type\":\"invalidate\",\"tags\":[\"abc\"]},"
                                   "{\"type\":\"create\",\"collection\":\"orders\",\"data\":{\"b\":[1,2]}}]");
  oc_buffer_t copy = {0};
  buffer_append(&copy, list.data, list.len);
  memset(list.data, 0xff, list.len);
  int count = 0;
  for (const struct operation *at = NULL; (at = operation_next(copy.data, copy.len, at)); count++)
    cr_assert(eq(u32, at->size % 8, 0));
  cr_assert(eq(int, count, 3));
  cr_assert(is_text(operation_document_tag(first_of(&copy)), "o:1"));
  oc_buffer_free(&copy);
  oc_buffer_free(&list);
}

Test(operation, what_is_not_an_operation_is_refused_with_its_place) {
  static const char *const TEXTS[] = {
      "{}",
      "7",
      "[7]",
      "[{}]",
      "[{\"type\":\"replace\",\"collection\":\"orders\"}]",
      "[{\"type\":\"update\"}]",
      "[{\"type\":\"update\",\"collection\":\"\"}]",
      "[{\"type\":\"update\",\"collection\":7}]",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":\"\"}]",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":{}}]",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":true}]",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"data\":[]}]",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"data\":{},\"previous\":1}]",
      "[{\"type\":\"invalidate\"}]",
      "[{\"type\":\"invalidate\",\"tags\":\"orders\"}]",
      "[{\"type\":\"invalidate\",\"tags\":[1]}]",
  };
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, compile(TEXTS[i], WIDE), OC_ERR_OPERATION), "%s", TEXTS[i]);
  oc_error_t error;
  oc_buffer_t out = {0};
  const char *second = "[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":1},{\"type\":\"x\"}]";
  cr_assert(eq(int, operations_compile(S(second), &WIDE, &out, &error), OC_ERR_OPERATION));
  cr_assert(strstr(error.message, "operations[1]") != NULL, "%s", error.message);
  oc_buffer_free(&out);
}

Test(operation, limits_hold_and_each_has_its_own_error) {
  const char *two = "[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":1},"
                    "{\"type\":\"delete\",\"collection\":\"orders\",\"id\":2}]";
  struct operation_limits limits = WIDE;
  cr_assert(eq(int, compile(two, limits), OC_OK));
  limits.count = 1;
  cr_assert(eq(int, compile(two, limits), OC_ERR_LIMIT_OPERATIONS));
  limits = WIDE;
  limits.bytes = (uint32_t)strlen(two) - 1;
  cr_assert(eq(int, compile(two, limits), OC_ERR_LIMIT_BYTES));
  limits.bytes++;
  cr_assert(eq(int, compile(two, limits), OC_OK));
  limits.tag_bytes = 8;
  cr_assert(eq(int, compile(two, limits), OC_OK));
  limits.tag_bytes = 7;
  cr_assert(eq(int, compile(two, limits), OC_ERR_TAG_SIZE));
  cr_assert(eq(int, compile("[{\"type\":\"invalidate\",\"tags\":[\"12345678\"]}]", limits), OC_ERR_TAG_SIZE));
  cr_assert(eq(int, compile("[{\"type\":\"invalidate\",\"tags\":[\"\"]}]", limits), OC_ERR_TAG_SIZE));
  limits.json_depth = 1;
  cr_assert(eq(int, compile(two, limits), OC_ERR_JSON_DEPTH));
}

Test(operation, text_that_could_be_cut_or_misread_is_refused) {
  cr_assert(eq(int, compile("[{\"type\":\"invalidate\",\"tags\":[\"a\\u0000b\"]}]", WIDE), OC_ERR_JSON_NUL));
  cr_assert(eq(int, compile("[{\"type\":\"invalidate\",\"tags\":[\"\\ud83d\"]}]", WIDE), OC_ERR_JSON_SURROGATE));
  cr_assert(eq(int, compile("[{\"type\":\"invalidate\",\"tags\":[\"\xc3\"]}]", WIDE), OC_ERR_UTF8));
  cr_assert(eq(int, compile("[", WIDE), OC_ERR_JSON));
}
