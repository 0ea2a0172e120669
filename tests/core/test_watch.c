#include "support.h"

#include "watch.h"

static void count(void *context) { ++*(int *)context; }

Test(watch, everybody_is_called_once_for_each_event_until_taken_out) {
  struct watchers watchers;
  cr_assert(eq(int, watch_init(&watchers), OC_OK));
  int calls[3] = {0};
  uint64_t ids[3];
  for (int i = 0; i < 3; i++) cr_assert(eq(int, watch_add(&watchers, count, &calls[i], &ids[i]), OC_OK));
  watch_notify(&watchers);
  watch_remove(&watchers, ids[1]);
  watch_notify(&watchers);
  cr_assert(eq(int, calls[0], 2));
  cr_assert(eq(int, calls[1], 1));
  cr_assert(eq(int, calls[2], 2));
  watch_destroy(&watchers);
}

Test(watch, an_id_is_never_given_twice_and_removing_it_twice_does_nothing) {
  struct watchers watchers;
  cr_assert(eq(int, watch_init(&watchers), OC_OK));
  int calls = 0;
  uint64_t first, second;
  watch_add(&watchers, count, &calls, &first);
  watch_remove(&watchers, first);
  watch_add(&watchers, count, &calls, &second);
  cr_assert(ne(u64, first, second));
  watch_remove(&watchers, first);
  watch_notify(&watchers);
  cr_assert(eq(int, calls, 1));
  watch_destroy(&watchers);
}
