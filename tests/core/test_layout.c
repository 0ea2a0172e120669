#include "layout.h"

#include "support.h"

static const char SHAPES[] = "{\"orders\":{\"relations\":{\"customer\":\"customers\"}},\"customers\":{}}";
static const char QUERY[] = "{\"type\":\"find\",\"collection\":\"orders\",\"depth\":1}";

/* A state of a list, with the documents in it. */
struct listed {
  struct documents documents;
  struct state state;
};

static struct listed listed_of(const char *text) {
  struct listed list;
  struct shapes *shapes = shapes_of(SHAPES);
  oc_buffer_t query = {0};
  oc_slice_t value = S(text);
  cr_assert(eq(int, query_compile(S(QUERY), shapes, 8, &query, NULL), OC_OK));
  cr_assert(eq(int,
               documents_find(value, (const struct query *)(const void *)query.data, shapes, NULL, 0, &WIDE_LIMITS,
                              &list.documents, NULL),
               OC_OK));
  list.state =
      (struct state){value, (struct span *)(void *)list.documents.spans.data, documents_span_count(&list.documents)};
  oc_buffer_free(&query);
  shapes_release(shapes);
  return list;
}

/* The layout that a list has as state `stamp`, after one whose layout began with state 10. */
static uint64_t mark(struct listed *before, struct listed *after, uint64_t stamp) {
  return layout_mark(&before->state, 10, &after->state, stamp);
}

static void expect_changes(const struct listed *list, uint64_t known, const char *expected) {
  char text[512];
  struct page page = {.bytes = {(char *)(uintptr_t)list->state.value.data, list->state.value.len, 0},
                      .spans = list->documents.spans};
  oc_buffer_t out = {.data = text, .cap = sizeof text - 1};
  size_t need = layout_print(&page, 10, known, &out);
  cr_assert(eq(sz, need, out.len));
  text[out.len] = '\0';
  cr_assert(eq(str, text, (char *)(uintptr_t)expected));
  oc_buffer_t small = {.data = text, .cap = need - 1};
  cr_assert(eq(sz, layout_print(&page, 10, known, &small), need), "says what it takes, when there is no room");
}

static void free_lists(struct listed *lists, int count) {
  for (int i = 0; i < count; i++) documents_free(&lists[i].documents);
}

Test(layout, a_document_says_since_which_state_it_is_as_it_is) {
  struct listed lists[] = {
      listed_of("{\"docs\":[{\"id\":7,\"n\":1},{\"id\":8,\"n\":1},{\"id\":\"x\"}],\"totalDocs\":3}"),
      listed_of("{\"docs\":[{\"id\":7,\"n\":1},{\"id\":8,\"n\":22},{\"id\":\"x\"}],\"totalDocs\":3}"),
      listed_of("{\"docs\":[{\"id\":7,\"n\":3},{\"id\":8,\"n\":22},{\"id\":\"x\"}],\"totalDocs\":3}")};
  cr_assert(eq(u64, mark(lists, lists + 1, 14), 10));
  cr_assert(eq(u64, mark(lists + 1, lists + 2, 20), 10));
  expect_changes(lists + 2, 10, "[[],[0,7,{\"id\":7,\"n\":3},1,8,{\"id\":8,\"n\":22}]]");
  expect_changes(lists + 2, 13, "[[],[0,7,{\"id\":7,\"n\":3},1,8,{\"id\":8,\"n\":22}]]");
  expect_changes(lists + 2, 14, "[[],[0,7,{\"id\":7,\"n\":3}]]");
  expect_changes(lists + 2, 20, "[[],[]]");
  free_lists(lists, 3);
}

Test(layout, what_changes_in_a_document_that_another_shows_changes_that_one) {
  struct listed lists[] = {listed_of("{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Ada\"}},{\"id\":8}]}"),
                           listed_of("{\"docs\":[{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Eve\"}},{\"id\":8}]}")};
  cr_assert(eq(u64, mark(lists, lists + 1, 11), 10));
  expect_changes(lists + 1, 10, "[[],[0,7,{\"id\":7,\"customer\":{\"id\":3,\"name\":\"Eve\"}}]]");
  free_lists(lists, 2);
}

Test(layout, it_is_another_where_more_than_documents_in_their_places_changed) {
  static const char *const AFTER[] = {
      "{\"docs\":[{\"id\":8},{\"id\":7}],\"totalDocs\":2}",            /* they changed places */
      "{\"docs\":[{\"id\":7}],\"totalDocs\":2}",                       /* one left */
      "{\"docs\":[{\"id\":7},{\"id\":8},{\"id\":9}],\"totalDocs\":2}", /* one came */
      "{\"docs\":[{\"id\":7},{\"id\":9}],\"totalDocs\":2}",            /* one for another */
      "{\"docs\":[{\"id\":7},{\"id\":8}],\"totalDocs\":3}",            /* a member behind them */
      "{\"a\":1,\"docs\":[{\"id\":7},{\"id\":8}],\"totalDocs\":2}",    /* before them */
      "{\"docs\":[{\"id\":7},5,{\"id\":8}],\"totalDocs\":2}",          /* between them, and no document */
      "{\"docs\":[],\"totalDocs\":2}",
  };
  for (size_t i = 0; i < sizeof AFTER / sizeof *AFTER; i++) {
    struct listed lists[] = {listed_of("{\"docs\":[{\"id\":7},{\"id\":8}],\"totalDocs\":2}"), listed_of(AFTER[i])};
    if (lists[1].state.span_count > 0) lists[1].state.spans[0].changed = 5; /* of the state it was made from */
    cr_assert(eq(u64, mark(lists, lists + 1, 12), 12), "%s", AFTER[i]);
    for (uint32_t j = 0; j < lists[1].state.span_count; j++)
      cr_assert(eq(u16, lists[1].state.spans[j].changed, 0), "%s", AFTER[i]);
    free_lists(lists, 2);
  }
}

Test(layout, it_is_another_when_so_many_states_passed_that_a_span_cannot_say_which) {
  struct listed lists[] = {listed_of("{\"docs\":[{\"id\":7,\"n\":1}]}"), listed_of("{\"docs\":[{\"id\":7,\"n\":2}]}")};
  cr_assert(eq(u64, mark(lists, lists + 1, 10 + UINT16_MAX), 10));
  expect_changes(lists + 1, 9 + UINT16_MAX, "[[],[0,7,{\"id\":7,\"n\":2}]]");
  cr_assert(eq(u64, mark(lists, lists + 1, 11 + UINT16_MAX), 11 + UINT16_MAX));
  free_lists(lists, 2);
}
