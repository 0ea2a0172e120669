#include "support.h"

/* Appends a record that touches the tags, with some bytes of operations. */
static uint64_t append(struct arena *arena, const uint32_t *tags, uint32_t count) {
  oc_off memory = alloc_get_locked(arena, log_record_bytes(count, 8));
  cr_assert(ne(u64, memory, 0));
  struct log_link *links = arena_at(arena, memory);
  for (uint32_t i = 0; i < count; i++) links[i] = (struct log_link){.tag = tags[i], .effects = LOG_UPDATE};
  memcpy(links + count, "payload!", 8);
  return log_append_locked(arena, memory, count, 8);
}

Test(log, versions_begin_after_1_and_follow_each_other) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  cr_assert(eq(u64, log_head(&arena), 1));
  cr_assert(eq(u64, append(&arena, &tag, 1), 2));
  cr_assert(eq(u64, append(&arena, &tag, 1), 3));
  cr_assert(eq(u64, log_head(&arena), 3));
  close_arena(&arena);
}

Test(log, a_record_is_found_under_its_version_with_what_was_put_in) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tags[] = {tag_use_locked(&arena, S("orders")), tag_use_locked(&arena, S("orders:7"))};
  const struct log_record *record = log_find_locked(&arena, append(&arena, tags, 2));
  cr_assert(record != NULL);
  cr_assert(eq(u32, record->link_count, 2));
  cr_assert(eq(u32, log_link_of(&arena, record, tags[1])->effects, LOG_UPDATE));
  cr_assert(log_link_of(&arena, record, 40) == NULL);
  cr_assert(is_text((oc_slice_t){arena_at(&arena, record->operations), record->operations_size}, "payload!"));
  close_arena(&arena);
}

Test(log, each_of_many_links_is_found_whatever_their_order_was) {
  enum { MANY = 300 };
  struct sizes sizes = {.tags = MANY};
  struct arena arena = open_arena(&sizes);
  uint32_t tags[MANY];
  for (uint32_t i = 0; i < MANY; i++)
    tags[i] = tag_use_locked(&arena, (oc_slice_t){(char[]){(char)(i >> 8), (char)i}, 2});
  for (uint32_t count = 0; count < MANY; count += count / 8 + 1) {
    uint32_t shuffled[MANY];
    for (uint32_t i = 0; i < count; i++) shuffled[i] = tags[i * 7 % count];
    if (count % 7 == 0) memcpy(shuffled, tags, count * sizeof *tags);
    uint64_t version = append(&arena, shuffled, count);
    const struct log_record *record = log_find_locked(&arena, version);
    for (uint32_t i = 0; i < MANY; i++) {
      const struct log_link *link = log_link_of(&arena, record, tags[i]);
      cr_assert(i < count ? link && link->tag == tags[i] && link->prior < version : !link);
      cr_assert(eq(u64, tag_last_locked(&arena, tags[i]) == version, i < count));
    }
  }
  close_arena(&arena);
}

Test(log, a_tags_links_lead_back_through_its_own_records_only) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t one = tag_use_locked(&arena, S("one")), other = tag_use_locked(&arena, S("other"));
  uint64_t first = append(&arena, &one, 1);
  append(&arena, &other, 1);
  append(&arena, &other, 1);
  uint64_t second = append(&arena, &one, 1);
  cr_assert(eq(u64, tag_at(&arena, one)->last, second));
  cr_assert(eq(u64, log_link_of(&arena, log_find_locked(&arena, second), one)->prior, first));
  cr_assert(eq(u64, log_link_of(&arena, log_find_locked(&arena, first), one)->prior, 1));
  close_arena(&arena);
}

Test(log, the_ring_forgets_the_oldest_and_gives_its_memory_back) {
  struct sizes sizes = {.log = 4};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  for (int i = 0; i < 4; i++) append(&arena, &tag, 1);
  uint64_t used = alloc_used_locked(&arena);
  for (int i = 0; i < 100; i++) append(&arena, &tag, 1);
  cr_assert(eq(u64, alloc_used_locked(&arena), used));
  uint64_t head = log_head(&arena);
  cr_assert(log_find_locked(&arena, head - 4) == NULL);
  cr_assert(log_find_locked(&arena, head - 3) != NULL);
  cr_assert(log_find_locked(&arena, head + 1) == NULL);
  cr_assert(log_find_locked(&arena, 0) == NULL);
  cr_assert(log_find_locked(&arena, 1) == NULL);
  close_arena(&arena);
}

Test(log, an_empty_record_takes_a_version_and_touches_no_tag) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  const struct log_record *record = log_find_locked(&arena, log_append_locked(&arena, 0, 0, 0));
  cr_assert(eq(u64, log_head(&arena), 2));
  cr_assert(record != NULL && log_link_of(&arena, record, tag) == NULL);
  cr_assert(eq(u64, tag_at(&arena, tag)->last, 1));
  close_arena(&arena);
}

Test(log, appending_moves_the_counter_that_readers_watch) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t changes = arena_header(&arena)->changes;
  log_append_locked(&arena, 0, 0, 0);
  cr_assert(ne(u32, arena_header(&arena)->changes, changes));
  close_arena(&arena);
}
