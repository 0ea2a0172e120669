#include <stdio.h>

#include "subject.h"
#include "support.h"

static const char SHAPES[] =
    "{\"orders\":{\"groups\":[\"address\",\"address.geo\"],\"relations\":{\"customer\":\"customers\","
    "\"items.product\":\"products\",\"tags\":\"labels\"},\"localized\":[\"title\"]},"
    "\"customers\":{},\"products\":{},\"labels\":{},\"opaques\":{\"opaque\":true}}";

static const char FIND[] = "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"-orderNumber\",\"depth\":1}";
static const char FLAT[] = "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":0}";

struct outcome {
  oc_status status;
  bool changed;
  char text[1024];
};

/* Applies the `data` of an update of a document to a page. */
static struct outcome apply(const char *value, const char *query_text, const char *collection, const char *id,
                            const char *data, enum replay_mode mode) {
  struct outcome outcome = {0};
  struct shapes *shapes = shapes_of(SHAPES);
  oc_buffer_t query = {0}, operations;
  if (query_text) query = query_of(query_text, shapes);
  char text[1024];
  snprintf(text, sizeof text, "[{\"type\":\"update\",\"collection\":\"%s\",\"id\":%s,%s}]", collection, id, data);
  operations = operations_of(text);
  struct documents documents;
  cr_assert(
      eq(int, documents_find(S(value), as_query(&query), shapes, NULL, 0, &WIDE_LIMITS, &documents, NULL), OC_OK));
  struct page page = {.spans = documents.spans, .query = as_query(&query), .shapes = shapes};
  documents.spans = (oc_buffer_t){0};
  buffer_append(&page.bytes, value, strlen(value));
  const struct operation *operation = operation_next(operations.data, operations.len, NULL);
  outcome.status = replay_apply(&page, operation, mode, &outcome.changed);
  memcpy(outcome.text, page.bytes.data, page.bytes.len);
  if (outcome.status == OC_OK) { /* the spans are where a fresh pass over the new bytes finds them */
    struct documents again;
    documents_find(as_slice(&page.bytes), page.query, shapes, NULL, 0, &WIDE_LIMITS, &again, NULL);
    cr_assert(eq(sz, page.spans.len, again.spans.len), "%s", outcome.text);
    cr_assert(page.spans.len == 0 || !memcmp(page.spans.data, again.spans.data, page.spans.len), "%s", outcome.text);
    documents_free(&again);
  }
  page_free(&page);
  documents_free(&documents);
  oc_buffer_free(&operations);
  oc_buffer_free(&query);
  shapes_release(shapes);
  return outcome;
}

static void becomes(const char *value, const char *query, const char *data, const char *expected) {
  struct outcome outcome = apply(value, query, "orders", "7", data, REPLAY_EXACT);
  cr_assert(eq(int, outcome.status, OC_OK), "%s", data);
  cr_assert(eq(str, outcome.text, (char *)expected));
  cr_assert(eq(int, outcome.changed, strcmp(value, expected) != 0));
}

static void is_not_exact(const char *value, const char *query, const char *data) {
  cr_assert(eq(int, apply(value, query, "orders", "7", data, REPLAY_EXACT).status, OC_MISS), "%s: %s", value, data);
}

static void is_guessed(const char *value, const char *query, const char *data, const char *expected) {
  is_not_exact(value, query, data);
  struct outcome outcome = apply(value, query, "orders", "7", data, REPLAY_GUESS);
  cr_assert(eq(int, outcome.status, OC_OK));
  cr_assert(eq(str, outcome.text, (char *)expected));
}

Test(replay, a_changed_member_is_replaced_and_everything_around_it_stays) {
  becomes("{\"docs\":[{\"id\":6,\"s\":\"a\"},{\"id\":7,\"s\":\"a\",\"n\":1},{\"id\":8,\"s\":\"a\"}],\"totalDocs\":3}",
          FIND, "\"data\":{\"s\":\"longer\",\"n\":null}",
          "{\"docs\":[{\"id\":6,\"s\":\"a\"},{\"id\":7,\"s\":\"longer\",\"n\":null},{\"id\":8,\"s\":\"a\"}],"
          "\"totalDocs\":3}");
  becomes("{\"docs\":[{\"id\":7,\"s\":\"long\"}]}", FIND, "\"data\":{\"s\":\"\"}",
          "{\"docs\":[{\"id\":7,\"s\":\"\"}]}");
}

Test(replay, a_member_that_did_not_change_changes_nothing) {
  becomes("{\"docs\":[{\"id\":7,\"s\":\"a\"}]}", FIND, "\"data\":{\"s\":\"a\",\"id\":7}",
          "{\"docs\":[{\"id\":7,\"s\":\"a\"}]}");
}

Test(replay, a_page_without_the_document_stays_as_it_is) {
  becomes("{\"docs\":[{\"id\":70,\"s\":\"a\"}]}", FIND, "\"data\":{\"s\":\"b\"}",
          "{\"docs\":[{\"id\":70,\"s\":\"a\"}]}");
}

Test(replay, an_array_and_rich_text_are_replaced_whole) {
  becomes("{\"docs\":[{\"id\":7,\"a\":[1,2,3],\"r\":{\"root\":{\"x\":1}}}]}", FIND,
          "\"data\":{\"a\":[],\"r\":{\"root\":{\"y\":2}}}",
          "{\"docs\":[{\"id\":7,\"a\":[],\"r\":{\"root\":{\"y\":2}}}]}");
}

Test(replay, a_group_is_merged_and_a_group_in_it_too) {
  becomes("{\"docs\":[{\"id\":7,\"address\":{\"city\":\"Graz\",\"zip\":\"8010\",\"geo\":{\"x\":1,\"y\":2}},\"s\":1}]}",
          FIND, "\"data\":{\"address\":{\"zip\":\"8020-long\",\"geo\":{\"y\":33}},\"s\":2}",
          "{\"docs\":[{\"id\":7,\"address\":{\"city\":\"Graz\",\"zip\":\"8020-long\",\"geo\":{\"x\":1,\"y\":33}},\"s\":"
          "2}]}");
}

Test(replay, a_member_that_was_deselected_is_not_added) {
  becomes("{\"docs\":[{\"id\":7,\"s\":\"a\"}]}", FIND,
          "\"data\":{\"note\":\"x\"},\"previous\":{\"note\":null,\"s\":\"a\"}", "{\"docs\":[{\"id\":7,\"s\":\"a\"}]}");
}

Test(replay, a_member_that_only_now_came_to_be_cannot_be_placed) {
  is_guessed("{\"docs\":[{\"id\":7,\"s\":\"a\"}]}", FIND, "\"data\":{\"note\":\"x\"}",
             "{\"docs\":[{\"id\":7,\"s\":\"a\"}]}");
  is_not_exact("{\"docs\":[{\"id\":7,\"s\":\"a\"}]}", FIND, "\"data\":{\"note\":\"x\"},\"previous\":{\"s\":\"a\"}");
}

Test(replay, a_member_that_sort_or_where_looks_at_may_move_the_document) {
  is_guessed("{\"docs\":[{\"id\":7,\"orderNumber\":1}]}", FIND, "\"data\":{\"orderNumber\":2}",
             "{\"docs\":[{\"id\":7,\"orderNumber\":2}]}");
  is_not_exact("{\"docs\":[{\"id\":6}]}", FIND, "\"data\":{\"orderNumber\":2}");
}

Test(replay, another_collections_members_of_the_same_name_move_nothing) {
  const char *value = "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"orderNumber\":1}}]}";
  struct outcome outcome = apply(value, FIND, "customers", "3", "\"data\":{\"orderNumber\":2}", REPLAY_EXACT);
  cr_assert(eq(int, outcome.status, OC_OK));
  cr_assert(eq(str, outcome.text, "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"orderNumber\":2}}]}"));
}

Test(replay, a_document_is_changed_in_every_place_that_shows_it) {
  const char *value = "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Ada\"}},"
                      "{\"id\":3,\"customer\":{\"id\":3,\"name\":\"Ada\"},\"name\":\"not hers\"}]}";
  struct outcome outcome = apply(value, FIND, "customers", "3", "\"data\":{\"name\":\"Augusta Ada\"}", REPLAY_EXACT);
  cr_assert(eq(int, outcome.status, OC_OK));
  cr_assert(eq(str, outcome.text,
               "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Augusta Ada\"}},"
               "{\"id\":3,\"customer\":{\"id\":3,\"name\":\"Augusta Ada\"},\"name\":\"not hers\"}]}"));
}

Test(replay, a_container_in_a_document_shown_through_a_relation_may_be_a_part_of_it) {
  const char *value = "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"list\":[1]}}]}";
  cr_assert(eq(int, apply(value, FIND, "customers", "3", "\"data\":{\"list\":[2]}", REPLAY_EXACT).status, OC_MISS));
}

Test(replay, a_member_of_which_select_took_a_part_cannot_be_replaced) {
  const char *select = "{\"type\":\"find\",\"collection\":\"orders\",\"select\":{\"rows\":{\"a\":true},\"s\":true}}";
  is_not_exact("{\"docs\":[{\"id\":7,\"rows\":[{\"a\":1}],\"s\":1}]}", select,
               "\"data\":{\"rows\":[{\"a\":2,\"b\":3}]}");
  becomes("{\"docs\":[{\"id\":7,\"rows\":[{\"a\":1}],\"s\":1}]}", select, "\"data\":{\"s\":2}",
          "{\"docs\":[{\"id\":7,\"rows\":[{\"a\":1}],\"s\":2}]}");
}

Test(replay, a_populated_relation_never_turns_into_a_bare_id) {
  const char *value = "{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Ada\"}}]}";
  is_guessed(value, FIND, "\"data\":{\"customer\":4}", value);
  becomes(value, FIND, "\"data\":{\"customer\":3}", value);
}

Test(replay, a_relation_that_was_emptied_shows_null_populated_or_not) {
  becomes("{\"docs\":[{\"id\":7,\"customer\":{\"id\":3},\"s\":1}]}", FIND, "\"data\":{\"customer\":null}",
          "{\"docs\":[{\"id\":7,\"customer\":null,\"s\":1}]}");
  becomes("{\"docs\":[{\"id\":7,\"customer\":3}]}", FLAT, "\"data\":{\"customer\":null}",
          "{\"docs\":[{\"id\":7,\"customer\":null}]}");
}

Test(replay, a_bare_id_becomes_another_where_relations_are_not_populated) {
  becomes("{\"docs\":[{\"id\":7,\"customer\":3}]}", FLAT, "\"data\":{\"customer\":4}",
          "{\"docs\":[{\"id\":7,\"customer\":4}]}");
}

Test(replay, an_array_that_holds_relations_is_replaced_where_their_documents_are_known) {
  becomes("{\"docs\":[{\"id\":7,\"items\":[{\"product\":9}]}]}", FLAT, "\"data\":{\"items\":[{\"product\":8}]}",
          "{\"docs\":[{\"id\":7,\"items\":[{\"product\":8}]}]}");
  const char *value = "{\"docs\":[{\"id\":7,\"items\":[{\"product\":{\"id\":9}}]}]}";
  is_guessed(value, FIND, "\"data\":{\"items\":[{\"product\":8}]}", value);
  becomes("{\"docs\":[{\"id\":7,\"tags\":[1]}]}", FLAT, "\"data\":{\"tags\":[2]}",
          "{\"docs\":[{\"id\":7,\"tags\":[2]}]}");
}

Test(replay, a_localized_member_changes_in_answers_of_its_locale_alone) {
  const char *value = "{\"docs\":[{\"id\":7,\"title\":\"Hallo\"}]}";
  becomes(value, FIND, "\"data\":{\"title\":\"Hello\"}", "{\"docs\":[{\"id\":7,\"title\":\"Hello\"}]}");
  is_guessed(value, FIND, "\"locale\":\"en\",\"data\":{\"title\":\"Hello\"}", value);
  is_not_exact(value, FIND, "\"data\":{\"title\":null}");
}

Test(replay, nothing_is_replayed_on_an_opaque_or_unknown_collection) {
  const char *value = "{\"docs\":[{\"id\":7,\"s\":1}]}";
  static const char *const COLLECTIONS[] = {"opaques", "unknown"};
  for (int i = 0; i < 2; i++) {
    char query[96];
    snprintf(query, sizeof query, "{\"type\":\"find\",\"collection\":\"%s\"}", COLLECTIONS[i]);
    cr_assert(eq(int, apply(value, query, COLLECTIONS[i], "7", "\"data\":{\"s\":2}", REPLAY_EXACT).status, OC_MISS));
    struct outcome guess = apply(value, query, COLLECTIONS[i], "7", "\"data\":{\"s\":2}", REPLAY_GUESS);
    cr_assert(eq(str, guess.text, "{\"docs\":[{\"id\":7,\"s\":2}]}"));
  }
}

Test(replay, an_update_that_does_not_say_what_changed_is_never_exact) {
  is_guessed("{\"docs\":[{\"id\":7,\"s\":1}]}", FIND, "\"data\":null", "{\"docs\":[{\"id\":7,\"s\":1}]}");
}

Test(replay, an_id_that_is_text_is_told_from_one_that_only_begins_like_it) {
  const char *value = "{\"docs\":[{\"id\":\"a\",\"s\":1},{\"id\":\"ab\",\"s\":1}]}";
  struct outcome outcome = apply(value, FIND, "orders", "\"a\"", "\"data\":{\"s\":2}", REPLAY_EXACT);
  cr_assert(eq(str, outcome.text, "{\"docs\":[{\"id\":\"a\",\"s\":2},{\"id\":\"ab\",\"s\":1}]}"));
}

Test(replay, the_last_of_two_members_of_one_name_is_the_one_that_counts) {
  becomes("{\"docs\":[{\"id\":7,\"s\":1,\"s\":2}]}", FIND, "\"data\":{\"s\":3}",
          "{\"docs\":[{\"id\":7,\"s\":1,\"s\":3}]}");
}

Test(replay, whitespace_between_tokens_is_kept) {
  becomes("{ \"docs\" : [ { \"id\" : 7 , \"s\" : 1 } ] }", FIND, "\"data\":{\"s\":22}",
          "{ \"docs\" : [ { \"id\" : 7 , \"s\" : 22 } ] }");
}

Test(replay, what_cannot_be_placed_is_not_exact_and_changes_no_guess) {
  struct shapes *shapes = shapes_of(SHAPES);
  oc_buffer_t query = query_of(FIND, shapes);
  oc_buffer_t list = operations_of("[{\"type\":\"create\",\"collection\":\"orders\",\"id\":9,\"data\":{\"s\":1}},"
                                   "{\"type\":\"delete\",\"collection\":\"orders\",\"id\":9},"
                                   "{\"type\":\"invalidate\",\"tags\":[\"orders\"]}]");
  const struct operation *operation = NULL;
  while ((operation = operation_next(list.data, list.len, operation))) {
    struct page page = {.query = as_query(&query), .shapes = shapes};
    bool changed = false;
    cr_assert(eq(int, replay_apply(&page, operation, REPLAY_EXACT, &changed), OC_MISS));
    cr_assert(eq(int, replay_apply(&page, operation, REPLAY_GUESS, &changed), OC_OK));
    cr_assert(not(changed));
    page_free(&page);
  }
  oc_buffer_free(&list);
  oc_buffer_free(&query);
  shapes_release(shapes);
}

Test(replay, a_document_that_is_being_created_is_shown_however_long_its_id_is) {
  struct shapes *shapes = shapes_of(SHAPES);
  oc_buffer_t query = query_of("{\"type\":\"find\",\"collection\":\"labels\",\"depth\":0}", shapes);
  char id[506], text[640], expected[640];
  snprintf(id, sizeof id, "%0505d", 7);
  snprintf(text, sizeof text, "[{\"type\":\"create\",\"collection\":\"labels\",\"id\":\"%s\",\"data\":{\"s\":1}}]", id);
  snprintf(expected, sizeof expected, "{\"docs\":[{\"id\":\"%s\",\"s\":1}],\"totalDocs\":1}", id);
  oc_buffer_t list = operations_of(text);
  struct page page = {.query = as_query(&query), .shapes = shapes};
  cr_assert(eq(int, buffer_print(&page.bytes, "{\"docs\":[],\"totalDocs\":0}"), OC_OK));
  bool changed = false;
  cr_assert(eq(int, replay_apply(&page, operation_next(list.data, list.len, NULL), REPLAY_GUESS, &changed), OC_OK));
  cr_assert(is_text(as_slice(&page.bytes), expected), "%.*s", (int)page.bytes.len, page.bytes.data);
  page_free(&page);
  oc_buffer_free(&list);
  oc_buffer_free(&query);
  shapes_release(shapes);
}

/* An update of that many members. */
static oc_buffer_t update_of_members(uint32_t count) {
  oc_buffer_t text = {0};
  buffer_print(&text, "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"m\":0");
  for (uint32_t i = 1; i < count; i++) buffer_print(&text, ",\"m%u\":0", i);
  buffer_append(&text, "}}]", sizeof "}}]");
  oc_buffer_t operations = operations_of(text.data);
  oc_buffer_free(&text);
  return operations;
}

Test(replay, changes_of_a_great_many_members_are_not_looked_for_with_the_lock_held) {
  struct shapes *shapes = shapes_of(SHAPES);
  oc_buffer_t query = query_of(FLAT, shapes);
  struct subjects subjects;
  for (uint32_t more = 0; more < 2; more++) {
    oc_buffer_t list = update_of_members(SUBJECT_MEMBERS_MOST + more);
    oc_slice_t operations = as_slice(&list);
    cr_assert(eq(int, subjects_find(&subjects, as_query(&query), shapes, &operations, 1), more == 0));
    oc_buffer_free(&list);
  }
  oc_buffer_free(&query);
  shapes_release(shapes);
}
