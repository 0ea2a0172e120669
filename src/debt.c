/*
 * debt.c: the mutations that a reset forgot, and those that outlived their time.
 *
 * A reset (arena.c) empties the arena, the table of mutations with it. Processes that had one pending go on, and when
 * their transaction ends, they are told that nobody knows their token; so they log what they wrote as it is, without a
 * bracket (oc_record). But one that dies after its database committed, and before it said so, leaves entries behind
 * that were loaded after the reset and before the commit. Its mutation would have expired, and invalidated its
 * documents; nobody knows any more which they were.
 *
 * So a process that has something pending owes an answer from a reset on, until the latest deadline of what it had
 * pending then. These are noted in the table of processes, which a reset leaves alone:
 *
 *   begun_until   the latest deadline of its pending mutations; 0: it has none
 *   owes_until    from a reset on: what begun_until was then; 0: it owes nothing of before one
 *   expired       its mutations that expired while it lived, and that it has not settled since
 *
 * The debt of a reset ends in one of three ways, each with an invalidation of everything, as the mutation's would have
 * been of its documents:
 *   - it closes the cache: at once;
 *   - it is found dead: after a moment, as a COMMIT that it sent may still be on its way;
 *   - its time is over: that is when its mutation would have expired, whatever became of it.
 * When it tells how its transactions ended, that is no end, because it does not say that there are no others. So a
 * reset costs a second emptying of the cache in any case when something was pending; resets are rare.
 *
 * The same goes for mutations whose process had died already, in the moment between that and their expiry.
 *
 * A transaction may also take longer than its mutation's time. Then the mutation has expired, what it touches was loaded
 * again, perhaps from before the commit that is still to come, and again only its process will know of that. So it owes
 * an answer until it settles the mutation, or is gone, whenever that is.
 *
 * Whoever frees or takes the slot of a process that owes (process.c) notes that one is gone, so that no debt is lost
 * however it is noticed.
 */
#include "debt.h"

enum {
  GRACE = 250 /* ms from noticing a death to the invalidation; both are within a second */
};

static struct arena_debts *debts_of(const struct arena *arena) { return &arena_header(arena)->debts; }

static struct arena_process *process_at(const struct arena *arena, uint32_t slot) {
  return arena_header(arena)->processes + slot;
}

static bool owes(const struct arena_process *process) { return process->owes_until || process->expired; }

static bool clear(struct arena *arena, uint32_t slot) {
  struct arena_process *process = process_at(arena, slot);
  if (!owes(process)) return false;
  process->owes_until = 0;
  process->expired = 0;
  debts_of(arena)->owing--;
  return true;
}

void debt_note_expired_locked(struct arena *arena, struct process_id owner) {
  struct arena_process *process = process_at(arena, owner.slot);
  if (!owes(process)) debts_of(arena)->owing++;
  process->expired++;
}

void debt_note_settled_locked(struct arena *arena, struct process_id owner) {
  struct arena_process *process = process_at(arena, owner.slot);
  if (!process_is_present_locked(arena, owner) || !process->expired) return;
  process->expired--;
  if (!owes(process)) debts_of(arena)->owing--;
}

static void invalidate(struct arena *arena) {
  record_everything_locked(arena, SLICE("a mutation that nobody knows any more may have been committed"));
}

/* Those of a reset whose time is over. */
static bool clear_overdue(struct arena *arena, uint64_t now) {
  bool any = false;
  for (uint32_t slot = 0; debts_of(arena)->owing > 0 && slot < arena_header(arena)->processes_high; slot++) {
    struct arena_process *process = process_at(arena, slot);
    if (!process->owes_until || process->owes_until > now) continue;
    process->owes_until = 0;
    if (!owes(process)) debts_of(arena)->owing--;
    any = true;
  }
  return any;
}

/* Those who are gone, when their moment has passed. */
static bool clear_gone(struct arena *arena, uint64_t now) {
  struct arena_debts *debts = debts_of(arena);
  if (!debts->gone) return false;
  if (!debts->gone_at) debts->gone_at = now + GRACE;
  bool went_back = debts->gone_at > now + GRACE; /* the clock, which is no reason to wait */
  if (debts->gone_at > now && !went_back) return false;
  debts->gone = 0;
  debts->gone_at = 0;
  return true;
}

/* When there is something to be done. Nobody but this process can notice its own time, and it need not look at
 * itself. */
static uint64_t next_time(const struct arena *arena) {
  const struct arena_debts *debts = debts_of(arena);
  const struct arena_process *self = process_at(arena, process_self(arena).slot);
  uint64_t next = self->owes_until ? self->owes_until : UINT64_MAX;
  if (debts->gone && debts->gone_at < next) next = debts->gone_at;
  if (debts->owing > (owes(self) ? 1 : 0) && debts->next_look < next) next = debts->next_look;
  return next == UINT64_MAX ? 0 : next;
}

bool debt_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next) {
  *next = 0;
  if (!debts_of(arena)->owing && !debts_of(arena)->gone) return false;
  process_look_locked(arena, now, &debts_of(arena)->next_look);
  bool overdue = clear_overdue(arena, now), gone = clear_gone(arena, now);
  if (overdue || gone) invalidate(arena);
  *next = next_time(arena);
  return overdue || gone;
}

void debt_leave_locked(struct arena *arena, bool all) {
  bool any = clear(arena, process_self(arena).slot);
  if (all && (debts_of(arena)->owing || debts_of(arena)->gone)) {
    for (uint32_t slot = 0; slot < PROCESSES_MOST; slot++) (void)clear(arena, slot);
    *debts_of(arena) = (struct arena_debts){0};
    any = true;
  }
  if (any) invalidate(arena);
}
