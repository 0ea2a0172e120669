/*
 * mutation.h: mutations, from begin to settling, and a while longer for those who ask how it ended.
 *
 * All functions need the lock; times are absolute milliseconds.
 */
#ifndef MUTATION_H
#define MUTATION_H

#include "process.h"
#include "record.h"

struct mutation {
  struct slot slot; /* key: the token, below; queued once it is settled */
  uint8_t token[16];
  uint32_t state;     /* oc_state */
  uint32_t announced; /* pending, but not begun: it has no tags, and no database knows of it */
  uint32_t operation_count, operations_size, tag_count;
  uint32_t principal; /* in the table of those that mutations are of */
  uint32_t reason_len;
  oc_off reason;
  oc_off operations; /* kept until the outcome is known */
  oc_off tags;       /* uint32_t[], while pending */
  uint64_t begun;    /* the log's head before the database was touched */
  uint64_t version;  /* of its settling */
  uint64_t deadline;
  struct process_id owner; /* who began it last, while it lives and has not said how it ended; then nobody */
};

oc_off mutation_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t mutation_bytes(uint32_t capacity);

enum mutation_entrance {
  MUTATION_BEGIN,   /* anew, or again */
  MUTATION_CLAIM,   /* anew, or one that was announced */
  MUTATION_ANNOUNCE /* anew, or again while it is only announced */
};

struct mutation_source {
  oc_token_t token;
  oc_slice_t principal;
  oc_slice_t operations; /* compiled */
  uint64_t deadline;
  enum mutation_entrance entrance;
  uint32_t pending_most;    /* per principal */
  uint32_t operations_most; /* per mutation */
  uint32_t bytes_most;
};
/*
 * As oc_begin, oc_claim or oc_announce. Errors: TOKEN_UNKNOWN, TOKEN_SETTLED, TOKEN_PENDING, LIMIT_*, FULL. On an error
 * no mutation is changed or forgotten; entries may have been evicted.
 */
oc_status mutation_begin_locked(struct arena *arena, const struct mutation_source *source);
/*
 * As oc_commit. `operations` NULL data: as they were begun. Errors: TOKEN_UNKNOWN, TOKEN_SETTLED. For want of memory
 * for the record everything is invalidated instead, so that this cannot fail for it.
 */
oc_status mutation_commit_locked(struct arena *arena, oc_token_t token, oc_slice_t operations, uint64_t *version);
oc_status mutation_rollback_locked(struct arena *arena, oc_token_t token, oc_slice_t reason);
oc_status mutation_expire_locked(struct arena *arena, oc_token_t token, oc_slice_t reason);
/* Logs compiled operations, each as an invalidation of what it is about. */
uint64_t mutation_record_locked(struct arena *arena, oc_slice_t operations);
/*
 * Expires what is past its deadline at `now`, and what belongs to processes that died. Returns how many; `next` gets
 * when to call it again, or 0 while nothing is pending.
 */
uint32_t mutation_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next);

/* Expires what this process began; with `all`, also what is anybody's. Returns how many. */
uint32_t mutation_abandon_locked(struct arena *arena, bool all);

/* NULL when nobody began it or it is forgotten. */
struct mutation *mutation_find_locked(struct arena *arena, oc_token_t token);
bool mutation_is_of(const struct arena *arena, const struct mutation *mutation, oc_slice_t principal);
oc_slice_t mutation_principal(const struct arena *arena, const struct mutation *mutation);
oc_slice_t mutation_operations(const struct arena *arena, const struct mutation *mutation);
/*
 * What a committed one did, while the log remembers it; else what it was begun with, while that is kept: until it is
 * committed or rolled back.
 */
oc_slice_t mutation_known_operations_locked(struct arena *arena, const struct mutation *mutation);
/* The tokens of those that are pending, and then of those settled last, `most` at most; returns how many. */
uint32_t mutation_recent_locked(struct arena *arena, oc_token_t *tokens, uint32_t most);
uint32_t mutation_pending_locked(struct arena *arena);
uint32_t mutation_count_locked(struct arena *arena);

#endif
