#include "support.h"

static const char UPDATE_7[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"s\":1}}]";
static const char UPDATE_8[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":8,\"data\":{\"s\":1}}]";

struct fixture {
  struct sizes sizes;
  struct arena arena;
};

static void open_with(struct fixture *fixture, struct sizes sizes) {
  fixture->sizes = sizes;
  fixture->arena = open_arena(&fixture->sizes);
}

static struct mutation_source source_of(uint8_t token, const oc_buffer_t *operations) {
  return (struct mutation_source){.token = token_of(token),
                                  .principal = S("users:1"),
                                  .operations = as_slice(operations),
                                  .deadline = 1000,
                                  .pending_most = 8,
                                  .operations_most = 8,
                                  .bytes_most = 4096};
}

static oc_status enter(struct fixture *fixture, uint8_t token, const char *text, enum mutation_entrance entrance) {
  oc_buffer_t operations = operations_of(text);
  struct mutation_source source = source_of(token, &operations);
  source.entrance = entrance;
  oc_status status = mutation_begin_locked(&fixture->arena, &source);
  oc_buffer_free(&operations);
  return status;
}

static oc_status begin(struct fixture *fixture, uint8_t token, const char *text) {
  return enter(fixture, token, text, MUTATION_BEGIN);
}

/* With the operations as they were begun. */
static uint64_t commit(struct fixture *fixture, uint8_t token) {
  uint64_t version = 0;
  cr_assert(eq(int, mutation_commit_locked(&fixture->arena, token_of(token), (oc_slice_t){0}, &version), OC_OK));
  return version;
}

static uint32_t pending_on(struct fixture *fixture, const char *tag) {
  uint32_t index = tag_find_locked(&fixture->arena, S(tag));
  return index ? tag_at(&fixture->arena, index)->pending : 0;
}

/* What the record of a version did to a tag; 0: nothing. */
static uint32_t effects(struct fixture *fixture, uint64_t version, const char *tag) {
  const struct log_record *record = log_find_locked(&fixture->arena, version);
  const struct log_link *link = log_link_of(&fixture->arena, record, tag_find_locked(&fixture->arena, S(tag)));
  return link ? link->effects : 0;
}

static uint32_t state_of(struct fixture *fixture, uint8_t token) {
  const struct mutation *mutation = mutation_find_locked(&fixture->arena, token_of(token));
  return mutation ? mutation->state : 0;
}

Test(mutation, a_bracket_marks_the_documents_and_their_collections_and_unmarks_them) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  cr_assert(eq(int, begin(&fixture, 1, UPDATE_7), OC_OK));
  cr_assert(eq(u32, pending_on(&fixture, "orders"), 1));
  cr_assert(eq(u32, pending_on(&fixture, "orders:7"), 1));
  cr_assert(eq(int, begin(&fixture, 2, UPDATE_8), OC_OK));
  cr_assert(eq(u32, pending_on(&fixture, "orders"), 2));
  commit(&fixture, 1);
  mutation_rollback_locked(&fixture.arena, token_of(2), S(""));
  cr_assert(eq(u32, pending_on(&fixture, "orders"), 0));
  cr_assert(eq(u32, pending_on(&fixture, "orders:8"), 0));
  cr_assert(eq(u32, mutation_pending_locked(&fixture.arena), 0));
  cr_assert(eq(u32, mutation_count_locked(&fixture.arena), 2));
  close_arena(&fixture.arena);
}

Test(mutation, a_commit_logs_what_was_done_to_each_tag_under_one_version) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1,
        "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{}},{\"type\":\"create\",\"collection\":"
        "\"notes\"},"
        "{\"type\":\"delete\",\"collection\":\"orders\",\"id\":8},{\"type\":\"invalidate\",\"tags\":[\"sales\"]}]");
  uint64_t version = commit(&fixture, 1);
  cr_assert(eq(u64, version, 2));
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), LOG_UPDATE));
  cr_assert(eq(u32, effects(&fixture, version, "orders:8"), LOG_DELETE));
  cr_assert(eq(u32, effects(&fixture, version, "orders"), LOG_UPDATE | LOG_DELETE));
  cr_assert(eq(u32, effects(&fixture, version, "notes"), LOG_MEMBERSHIP));
  cr_assert(eq(u32, effects(&fixture, version, "sales"), LOG_INVALIDATE));
  close_arena(&fixture.arena);
}

Test(mutation, what_the_database_made_of_it_counts_and_not_what_was_begun) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  oc_buffer_t other = operations_of(UPDATE_8);
  uint64_t version;
  cr_assert(eq(int, mutation_commit_locked(&fixture.arena, token_of(1), as_slice(&other), &version), OC_OK));
  cr_assert(eq(u32, effects(&fixture, version, "orders:8"), LOG_UPDATE));
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), 0));
  oc_buffer_free(&other);
  close_arena(&fixture.arena);
}

Test(mutation, an_update_that_does_not_say_what_changed_is_an_invalidation) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7}]");
  uint64_t version = commit(&fixture, 1);
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), LOG_INVALIDATE));
  cr_assert(eq(u32, effects(&fixture, version, "orders"), LOG_INVALIDATE));
  close_arena(&fixture.arena);
}

Test(mutation, of_two_that_overlap_on_one_document_the_second_to_commit_is_an_invalidation) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  begin(&fixture, 2, UPDATE_7);
  begin(&fixture, 3, UPDATE_8);
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 2), "orders:7"), LOG_UPDATE));
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 1), "orders:7"), LOG_INVALIDATE));
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 3), "orders:8"), LOG_UPDATE), "only the collection is shared");
  begin(&fixture, 4, UPDATE_7);
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 4), "orders:7"), LOG_UPDATE),
            "one after the other is no overlap");
  close_arena(&fixture.arena);
}

Test(mutation, a_rollback_takes_a_version_that_no_tag_changed_at) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  cr_assert(eq(int, mutation_rollback_locked(&fixture.arena, token_of(1), S("no stock")), OC_OK));
  const struct tag *tag = tag_at(&fixture.arena, tag_find_locked(&fixture.arena, S("orders:7")));
  cr_assert(eq(u64, log_head(&fixture.arena), 2));
  cr_assert(eq(u64, tag->last, 1));
  cr_assert(eq(u64, tag->unsettled, 2));
  const struct mutation *mutation = mutation_find_locked(&fixture.arena, token_of(1));
  cr_assert(eq(u32, mutation->state, OC_ROLLED_BACK));
  cr_assert(is_text((oc_slice_t){arena_at(&fixture.arena, mutation->reason), mutation->reason_len}, "no stock"));
  close_arena(&fixture.arena);
}

Test(mutation, settling_it_again_the_same_way_changes_nothing_and_the_other_way_is_refused) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  begin(&fixture, 2, UPDATE_8);
  uint64_t version = commit(&fixture, 1);
  mutation_rollback_locked(&fixture.arena, token_of(2), S(""));
  uint64_t head = log_head(&fixture.arena);
  cr_assert(eq(u64, commit(&fixture, 1), version));
  cr_assert(eq(int, mutation_rollback_locked(&fixture.arena, token_of(2), S("")), OC_OK));
  cr_assert(eq(int, mutation_rollback_locked(&fixture.arena, token_of(1), S("")), OC_ERR_TOKEN_SETTLED));
  cr_assert(
      eq(int, mutation_commit_locked(&fixture.arena, token_of(2), (oc_slice_t){0}, &version), OC_ERR_TOKEN_SETTLED));
  cr_assert(eq(u64, log_head(&fixture.arena), head));
  close_arena(&fixture.arena);
}

Test(mutation, a_token_that_nobody_began_cannot_be_settled) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  uint64_t version;
  cr_assert(
      eq(int, mutation_commit_locked(&fixture.arena, token_of(1), (oc_slice_t){0}, &version), OC_ERR_TOKEN_UNKNOWN));
  cr_assert(eq(int, mutation_rollback_locked(&fixture.arena, token_of(1), S("")), OC_ERR_TOKEN_UNKNOWN));
  cr_assert(eq(int, mutation_expire_locked(&fixture.arena, token_of(1), S("")), OC_ERR_TOKEN_UNKNOWN));
  close_arena(&fixture.arena);
}

Test(mutation, one_that_expired_invalidates_and_does_so_again_when_it_turns_out_to_have_committed) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  cr_assert(eq(int, mutation_expire_locked(&fixture.arena, token_of(1), S("late")), OC_OK));
  cr_assert(eq(u32, effects(&fixture, log_head(&fixture.arena), "orders:7"), LOG_INVALIDATE));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_EXPIRED));
  uint64_t version = commit(&fixture, 1);
  cr_assert(eq(u64, version, log_head(&fixture.arena)));
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), LOG_INVALIDATE));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_COMMITTED));
  close_arena(&fixture.arena);
}

Test(mutation, beginning_it_again_replaces_what_it_does_to_a_document_and_adds_what_is_new) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  begin(&fixture, 1, "[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":7}]");
  begin(&fixture, 1, UPDATE_8);
  cr_assert(eq(u32, pending_on(&fixture, "orders"), 1));
  cr_assert(eq(u32, mutation_find_locked(&fixture.arena, token_of(1))->operation_count, 2));
  uint64_t version = commit(&fixture, 1);
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), LOG_DELETE));
  cr_assert(eq(u32, effects(&fixture, version, "orders:8"), LOG_UPDATE));
  close_arena(&fixture.arena);
}

Test(mutation, nobody_else_can_begin_a_token_again_and_a_settled_one_stays_settled) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  oc_buffer_t operations = operations_of(UPDATE_8);
  struct mutation_source source = source_of(1, &operations);
  source.principal = S("users:2");
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_ERR_TOKEN_UNKNOWN));
  commit(&fixture, 1);
  cr_assert(eq(int, begin(&fixture, 1, UPDATE_8), OC_ERR_TOKEN_SETTLED));
  cr_assert(eq(u32, pending_on(&fixture, "orders:8"), 0));
  oc_buffer_free(&operations);
  close_arena(&fixture.arena);
}

Test(mutation, limits_hold_for_each_principal_and_mutation_and_refusal_leaves_nothing) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  oc_buffer_t seven = operations_of(UPDATE_7), eight = operations_of(UPDATE_8);
  struct mutation_source source = source_of(1, &seven);
  source.pending_most = source.operations_most = 1;
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_OK));
  uint64_t used = alloc_used_locked(&fixture.arena);
  source.operations = as_slice(&eight);
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_ERR_LIMIT_OPERATIONS));
  source.token = token_of(2);
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_ERR_LIMIT_MUTATIONS));
  source.principal = S("users:2");
  source.bytes_most = 8;
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_ERR_LIMIT_BYTES));
  cr_assert(eq(u64, alloc_used_locked(&fixture.arena), used));
  cr_assert(eq(u32, mutation_count_locked(&fixture.arena), 1));
  source.bytes_most = 4096;
  cr_assert(eq(int, mutation_begin_locked(&fixture.arena, &source), OC_OK));
  oc_buffer_free(&seven);
  oc_buffer_free(&eight);
  close_arena(&fixture.arena);
}

Test(mutation, a_full_table_forgets_the_one_that_was_settled_first_and_never_a_pending_one) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.mutations = 3});
  begin(&fixture, 1, UPDATE_7);
  begin(&fixture, 2, UPDATE_7);
  begin(&fixture, 3, UPDATE_7);
  cr_assert(eq(int, begin(&fixture, 4, UPDATE_7), OC_ERR_FULL));
  commit(&fixture, 2);
  commit(&fixture, 1);
  cr_assert(eq(int, begin(&fixture, 4, UPDATE_7), OC_OK));
  cr_assert(eq(u32, state_of(&fixture, 2), 0));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_COMMITTED));
  cr_assert(eq(u32, state_of(&fixture, 3), OC_PENDING));
  close_arena(&fixture.arena);
}

Test(mutation, the_sweep_expires_what_is_past_its_deadline_and_says_when_to_come_again) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  oc_buffer_t operations = operations_of(UPDATE_7);
  for (uint8_t i = 1; i <= 3; i++) {
    struct mutation_source source = source_of(i, &operations);
    source.deadline = i * 1000U;
    mutation_begin_locked(&fixture.arena, &source);
  }
  uint64_t next;
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 999, &next), 0));
  cr_assert(eq(u64, next, 1000));
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 2000, &next), 2));
  cr_assert(eq(u64, next, 3000));
  cr_assert(eq(u32, state_of(&fixture, 2), OC_EXPIRED));
  cr_assert(eq(u32, state_of(&fixture, 3), OC_PENDING));
  commit(&fixture, 3);
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 9000, &next), 0));
  cr_assert(eq(u64, next, 0));
  oc_buffer_free(&operations);
  close_arena(&fixture.arena);
}

/* Begins it as a process that dies right after. */
static void begin_and_die(struct fixture *fixture, uint8_t token, uint64_t deadline) {
  struct arena *arena = &fixture->arena;
  struct process_id self = arena->self, other = {.slot = self.slot + 1, .serial = self.serial + 1};
  oc_buffer_t operations = operations_of(UPDATE_7);
  struct mutation_source source = source_of(token, &operations);
  source.deadline = deadline;
  arena->self = other;
  arena_header(arena)->processes[other.slot].serial = other.serial;
  cr_assert(eq(int, mutation_begin_locked(arena, &source), OC_OK));
  arena_header(arena)->processes[other.slot] = (struct arena_process){0};
  arena->self = self;
  oc_buffer_free(&operations);
}

Test(mutation, of_dead_processes_the_last_to_expire_is_answered_for_until_then) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin_and_die(&fixture, 1, 100000);
  begin_and_die(&fixture, 2, 5010);
  uint64_t next, last;
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 5000, &next), 0));
  last = mutation_find_locked(&fixture.arena, token_of(1))->deadline;
  cr_assert(lt(u64, last, 6000));
  cr_assert(eq(u64, arena_header(&fixture.arena)->orphans_until, last));
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 5010, &next), 1));
  cr_assert(eq(u64, arena_header(&fixture.arena)->orphans_until, last));
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, last, &next), 1));
  cr_assert(eq(u64, arena_header(&fixture.arena)->orphans_until, 0));
  close_arena(&fixture.arena);
}

Test(mutation, one_of_a_dead_process_expires_within_a_second_although_the_clock_is_set_back) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin_and_die(&fixture, 1, 5000000);
  uint64_t next;
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 4000000, &next), 0));
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 1000, &next), 0));
  cr_assert(lt(u64, next, 2000));
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 2000, &next), 1));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_EXPIRED));
  close_arena(&fixture.arena);
}

Test(mutation, a_record_without_a_bracket_is_an_invalidation) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  oc_buffer_t operations = operations_of(UPDATE_7);
  uint64_t version = mutation_record_locked(&fixture.arena, as_slice(&operations));
  cr_assert(eq(u32, effects(&fixture, version, "orders:7"), LOG_INVALIDATE));
  cr_assert(eq(u32, effects(&fixture, version, "orders"), LOG_INVALIDATE));
  oc_buffer_free(&operations);
  close_arena(&fixture.arena);
}

Test(mutation, a_reason_is_cut_between_characters) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  char reason[600];
  for (size_t i = 0; i + 2 <= sizeof reason; i += 2) memcpy(reason + i, "\xc3\xa9", 2);
  reason[0] = 'x'; /* so that the cut would fall into a character */
  reason[1] = 'y';
  memmove(reason + 1, reason + 2, sizeof reason - 2);
  begin(&fixture, 1, UPDATE_7);
  mutation_rollback_locked(&fixture.arena, token_of(1), (oc_slice_t){reason, sizeof reason - 1});
  const struct mutation *mutation = mutation_find_locked(&fixture.arena, token_of(1));
  cr_assert(eq(u32, mutation->reason_len, 511));
  oc_slice_t kept = {arena_at(&fixture.arena, mutation->reason), mutation->reason_len};
  cr_assert(eq(int, utf8_validate(kept, "reason", NULL), OC_OK));
  close_arena(&fixture.arena);
}

Test(mutation, brackets_leave_no_memory_behind_however_they_end) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){.log = 4, .mutations = 4, .tags = 8});
  uint64_t used = 0;
  for (int round = 0; round < 200; round++) {
    begin(&fixture, 1, UPDATE_7);
    begin(&fixture, 2, UPDATE_8);
    begin(&fixture, 3, UPDATE_7);
    commit(&fixture, 1);
    mutation_rollback_locked(&fixture.arena, token_of(2), S("reason"));
    mutation_expire_locked(&fixture.arena, token_of(3), S("reason"));
    for (uint8_t token = 10; token < 14; token++) { /* has the settled ones forgotten */
      begin(&fixture, token, UPDATE_7);
      commit(&fixture, token);
    }
    for (uint8_t token = 20; token < 24; token++) {
      begin(&fixture, token, UPDATE_7);
      commit(&fixture, token);
    }
    if (round == 10) used = alloc_used_locked(&fixture.arena);
    if (round > 10) cr_assert(eq(u64, alloc_used_locked(&fixture.arena), used), "round %d", round);
  }
  close_arena(&fixture.arena);
}

/* ---- Announced ---- */

Test(mutation, one_that_is_announced_marks_nothing_and_is_rolled_back_when_its_time_has_passed) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE), OC_OK));
  cr_assert(eq(u32, pending_on(&fixture, "orders:7"), 0));
  cr_assert(eq(u32, mutation_pending_locked(&fixture.arena), 1));
  uint64_t next, before = log_head(&fixture.arena);
  cr_assert(eq(u32, mutation_sweep_locked(&fixture.arena, 1000, &next), 1));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_ROLLED_BACK));
  cr_assert(eq(u64, arena_header(&fixture.arena)->counters.expirations, 0));
  cr_assert(eq(u64, log_head(&fixture.arena), before + 1));
  cr_assert(eq(u32, effects(&fixture, before + 1, "orders:7"), 0));
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_7, MUTATION_CLAIM), OC_ERR_TOKEN_SETTLED));
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE), OC_ERR_TOKEN_SETTLED));
  close_arena(&fixture.arena);
}

Test(mutation, one_that_is_announced_is_rolled_back_by_an_expiry_too) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  cr_assert(eq(int, mutation_expire_locked(&fixture.arena, token_of(1), S("gone")), OC_OK));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_ROLLED_BACK));
  enter(&fixture, 2, UPDATE_7, MUTATION_ANNOUNCE);
  cr_assert(eq(u32, mutation_abandon_locked(&fixture.arena, true), 1));
  cr_assert(eq(u32, state_of(&fixture, 2), OC_ROLLED_BACK));
  close_arena(&fixture.arena);
}

Test(mutation, a_claim_takes_an_announced_one_over_once_and_with_its_own_operations) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_8, MUTATION_CLAIM), OC_OK));
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_8, MUTATION_CLAIM), OC_ERR_TOKEN_PENDING));
  cr_assert(eq(int, enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE), OC_ERR_TOKEN_PENDING));
  cr_assert(eq(u32, pending_on(&fixture, "orders:7"), 0));
  cr_assert(eq(u32, pending_on(&fixture, "orders:8"), 1));
  cr_assert(eq(u32, mutation_find_locked(&fixture.arena, token_of(1))->operation_count, 1));
  cr_assert(eq(int, begin(&fixture, 1, UPDATE_7), OC_OK));
  cr_assert(eq(u32, mutation_find_locked(&fixture.arena, token_of(1))->operation_count, 2));
  mutation_expire_locked(&fixture.arena, token_of(1), S(""));
  cr_assert(eq(u32, state_of(&fixture, 1), OC_EXPIRED));
  cr_assert(eq(u32, pending_on(&fixture, "orders:8"), 0));
  close_arena(&fixture.arena);
}

Test(mutation, what_was_committed_between_an_announcement_and_its_claim_came_before_it) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  begin(&fixture, 2, UPDATE_7);
  commit(&fixture, 2);
  enter(&fixture, 1, UPDATE_7, MUTATION_CLAIM);
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 1), "orders:7"), LOG_UPDATE));
  close_arena(&fixture.arena);
}

Test(mutation, a_commit_of_one_that_nobody_claimed_is_an_invalidation) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  cr_assert(eq(u32, effects(&fixture, commit(&fixture, 1), "orders:7"), LOG_INVALIDATE));
  close_arena(&fixture.arena);
}

Test(mutation, announced_again_it_has_the_later_operations_alone_and_the_later_deadline) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  mutation_find_locked(&fixture.arena, token_of(1))->deadline = 500;
  enter(&fixture, 1, UPDATE_8, MUTATION_ANNOUNCE);
  const struct mutation *mutation = mutation_find_locked(&fixture.arena, token_of(1));
  cr_assert(eq(u32, mutation->operation_count, 1));
  cr_assert(eq(u64, mutation->deadline, 1000));
  cr_assert(eq(u32, mutation_pending_locked(&fixture.arena), 1));
  close_arena(&fixture.arena);
}

/* ---- What a process owes an answer for ---- */

static uint32_t owing_after_expiry(struct fixture *fixture) {
  uint64_t next;
  cr_assert(eq(u32, mutation_sweep_locked(&fixture->arena, 1000, &next), 1));
  return arena_header(&fixture->arena)->debts.owing;
}

Test(mutation, who_lives_owes_an_answer_for_what_expired) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  cr_assert(eq(u32, owing_after_expiry(&fixture), 1));
  commit(&fixture, 1);
  cr_assert(eq(u32, arena_header(&fixture.arena)->debts.owing, 0));
  close_arena(&fixture.arena);
}

Test(mutation, nobody_owes_an_answer_for_what_was_only_announced) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  enter(&fixture, 1, UPDATE_7, MUTATION_ANNOUNCE);
  cr_assert(eq(u32, owing_after_expiry(&fixture), 0));
  close_arena(&fixture.arena);
}

Test(mutation, who_has_the_slot_of_one_that_is_gone_does_not_owe_its_answer) {
  struct fixture fixture;
  open_with(&fixture, (struct sizes){0});
  begin(&fixture, 1, UPDATE_7);
  arena_header(&fixture.arena)->processes[process_self(&fixture.arena).slot].serial++;
  cr_assert(eq(u32, owing_after_expiry(&fixture), 0));
  close_arena(&fixture.arena);
}
