/*
 * mutation.c: the bracket around a database write.
 *
 *   begin ─────────── the write, in a transaction ─────────── commit | rollback | expire
 *   tags.pending +1                                           tags.pending -1, and a version is taken
 *
 * While a tag is pending, an entry set on it is marked as mixed: its load may have run before or after the transaction
 * committed, and no later operation is replayed onto it. Settling takes a version in any case:
 *   commit    the operations enter the log, each as an update that can be replayed, or, when its document changed since
 *             the begin (the order of the two in the database is unknown), as an invalidation;
 *   rollback  an empty record; its tags remember the version, so that loads under way are refused and mixed entries go;
 *   expire    an invalidation of all its tags: a timeout says nothing about what the database did.
 *
 * Before all that, a mutation may be *announced*: its viewers see it, but the database does not know of it. Such a one
 * marks no tags, for no load can have met it, and is rolled back where others expire. The claim of the request that
 * brings the write makes a begun one of it, from the log's head of that moment on.
 *
 * A mutation belongs to the process that began it last, which alone knows how its transaction ends. When that process
 * dies, the outcome is unknown, and it expires; but not at once: a COMMIT that was sent may still be on its way, and
 * what is loaded before it lands must go with the expiry. Until then readers get what they got while it was pending;
 * nobody can know better, because no commit has returned to anybody.
 *
 * Principals have a table of their own, where those that are pending are counted, so that the limit for each costs one
 * look-up however many there are.
 *
 * Settled mutations keep their token, principal and outcome until their slot is needed; the oldest goes first.
 */
#include "mutation.h"

#include <assert.h>
#include <string.h>

#include "debt.h"
#include "event.h"

enum {
  REASON_MOST = 512,
  ORPHAN_GRACE = 250 /* ms from the death of its process being noticed to its expiry; both are within a second */
};

static const oc_slice_t NOTHING = {NULL, 0};

struct principal {
  struct slot slot; /* key: its text */
  uint32_t pending; /* its mutations in flight */
  uint32_t uses;    /* its mutations; forgotten with the last of them */
};

struct mutations {
  struct table table, principals;
  uint32_t pending;
  struct queue settled;
  uint32_t reserved;
  uint64_t next_deadline; /* no pending one expires before; 0: none is pending */
  uint64_t next_look;     /* when others are looked at again */
};

static struct mutations *mutations_of(const struct arena *arena) { return arena_root(arena, ROOT_MUTATIONS); }

static struct mutation *mutation_at(const struct arena *arena, uint32_t index) {
  return table_slot(arena, &mutations_of(arena)->table, index);
}

uint64_t mutation_bytes(uint32_t capacity) {
  return sizeof(struct mutations) + 48 + table_bytes(capacity, sizeof(struct mutation)) +
         table_bytes(capacity + 1, sizeof(struct principal));
}

oc_off mutation_init(struct arena *arena, oc_off at, uint32_t capacity) {
  arena_header(arena)->root[ROOT_MUTATIONS] = at;
  struct mutations *mutations = mutations_of(arena);
  memset(mutations, 0, sizeof *mutations);
  oc_off table = (at + sizeof *mutations + 15) & ~(oc_off)15;
  table_init(arena, &mutations->table, table, capacity, sizeof(struct mutation));
  for (uint32_t slot = 0; slot < PROCESSES_MOST; slot++) arena_header(arena)->processes[slot].pending = 0;
  oc_off principals = (table + table_bytes(capacity, sizeof(struct mutation)) + 15) & ~(oc_off)15;
  /* One more: the slot of a new mutation is taken after its principal's. */
  table_init(arena, &mutations->principals, principals, capacity + 1, sizeof(struct principal));
  return (principals + table_bytes(capacity + 1, sizeof(struct principal)) + 15) & ~(oc_off)15;
}

static uint32_t find_index(struct arena *arena, oc_token_t token) {
  oc_slice_t key = {(const char *)token.bytes, sizeof token.bytes};
  return table_find_locked(arena, &mutations_of(arena)->table, table_hash(&mutations_of(arena)->table, key), key);
}

struct mutation *mutation_find_locked(struct arena *arena, oc_token_t token) {
  uint32_t index = find_index(arena, token);
  return index ? mutation_at(arena, index) : NULL;
}

static struct principal *principal_at(const struct arena *arena, uint32_t index) {
  return table_slot(arena, &mutations_of(arena)->principals, index);
}

oc_slice_t mutation_principal(const struct arena *arena, const struct mutation *mutation) {
  return slot_key(arena, &principal_at(arena, mutation->principal)->slot);
}

bool mutation_is_of(const struct arena *arena, const struct mutation *mutation, oc_slice_t principal) {
  return slice_equal(mutation_principal(arena, mutation), principal);
}

oc_slice_t mutation_operations(const struct arena *arena, const struct mutation *mutation) {
  return (oc_slice_t){arena_at_or_null(arena, mutation->operations), mutation->operations_size};
}

oc_slice_t mutation_known_operations_locked(struct arena *arena, const struct mutation *mutation) {
  if (mutation->state != OC_COMMITTED) return mutation_operations(arena, mutation);
  const struct log_record *record = log_find_locked(arena, mutation->version);
  if (!record || record->operations_size == 0) return NOTHING;
  return (oc_slice_t){arena_at(arena, record->operations), record->operations_size};
}

uint32_t mutation_recent_locked(struct arena *arena, oc_token_t *tokens, uint32_t most) {
  const struct mutations *mutations = mutations_of(arena);
  uint32_t count = 0;
  for (uint32_t index = 1; index < mutations->table.fresh && count < most; index++) {
    const struct mutation *mutation = mutation_at(arena, index);
    bool is_pending = mutation->slot.key && mutation->state == OC_PENDING;
    if (is_pending) memcpy(&tokens[count++], mutation->token, sizeof *tokens);
  }
  uint32_t settled = mutations->settled.newest;
  for (; settled && count < most; settled = mutation_at(arena, settled)->slot.older)
    memcpy(&tokens[count++], mutation_at(arena, settled)->token, sizeof *tokens);
  return count;
}

uint32_t mutation_pending_locked(struct arena *arena) { return mutations_of(arena)->pending; }
uint32_t mutation_count_locked(struct arena *arena) { return mutations_of(arena)->table.count; }

/* ---- The tags that are in flight ---- */

struct tag_list {
  struct arena *arena;
  uint32_t *tags;
  uint32_t count;
};

static bool use_once(void *context, oc_slice_t name, const struct operation *operation) {
  (void)operation;
  struct tag_list *list = context;
  uint32_t known = tag_find_locked(list->arena, name);
  if (known) {
    uint32_t place = tag_at(list->arena, known)->place;
    if (place < list->count && list->tags[place] == known) return true;
  }
  uint32_t tag = entry_use_tag_locked(list->arena, name);
  if (!tag) return false;
  tag_at(list->arena, tag)->pending++;
  tag_at(list->arena, tag)->place = list->count;
  list->tags[list->count++] = tag;
  return true;
}

/* `tags` may be null: one that is announced marks none. */
static void drop_tags(struct arena *arena, oc_off tags, uint32_t count) {
  if (!tags) return;
  const uint32_t *list = arena_at(arena, tags);
  for (uint32_t i = 0; i < count; i++) {
    tag_at(arena, list[i])->pending--;
    tag_drop_locked(arena, list[i]);
  }
  alloc_free_locked(arena, tags);
}

/* Marks every tag of `operations` as pending. 0 when there is no room; nothing is marked then. */
static oc_off mark_tags(struct arena *arena, oc_slice_t operations, uint32_t *count) {
  oc_off off = entry_alloc_locked(arena, (uint64_t)record_count_tags(operations) * sizeof(uint32_t));
  if (!off) return 0;
  struct tag_list list = {arena, arena_at(arena, off), 0};
  if (!record_visit_tags(operations, use_once, &list)) {
    drop_tags(arena, off, list.count);
    return 0;
  }
  *count = list.count;
  return off;
}

/* ---- Begin ---- */

static bool names_document(oc_slice_t operations, const struct operation *wanted) {
  const struct operation *operation = NULL;
  while ((operation = operation_next(operations.data, operations.len, operation)))
    if (operation_same_document(operation, wanted)) return true;
  return false;
}

/* What is left of the old operations, then the new ones. 0 when there is no room. */
static oc_off join_operations(struct arena *arena, oc_slice_t old, oc_slice_t fresh, uint32_t *size, uint32_t *count) {
  oc_off off = entry_alloc_locked(arena, (uint64_t)old.len + fresh.len);
  if (!off) return 0;
  char *at = arena_at(arena, off);
  *count = 0;
  const struct operation *operation = NULL;
  while ((operation = operation_next(old.data, old.len, operation))) {
    if (names_document(fresh, operation)) continue;
    memcpy(at, operation, operation->size);
    at += operation->size;
    ++*count;
  }
  operation = NULL;
  while ((operation = operation_next(fresh.data, fresh.len, operation))) ++*count;
  if (fresh.len > 0) memcpy(at, fresh.data, fresh.len);
  *size = (uint32_t)((size_t)(at - (char *)arena_at(arena, off)) + fresh.len);
  return off;
}

/* Replaces what the mutation is going to do, or, of one that is begun already, adds to it. */
static oc_status take_operations(struct arena *arena, struct mutation *mutation, const struct mutation_source *source) {
  uint32_t size, count, tag_count = 0;
  bool announces = source->entrance == MUTATION_ANNOUNCE;
  oc_slice_t old = mutation->announced ? (oc_slice_t){NULL, 0} : mutation_operations(arena, mutation);
  oc_off operations = join_operations(arena, old, source->operations, &size, &count);
  if (!operations) return OC_ERR_FULL;
  oc_status status = OC_ERR_FULL;
  if (count > source->operations_most) status = OC_ERR_LIMIT_OPERATIONS;
  else if (size > source->bytes_most) status = OC_ERR_LIMIT_BYTES;
  oc_off tags = 0;
  if (count <= source->operations_most && size <= source->bytes_most) {
    if (announces) status = OC_OK;
    else tags = mark_tags(arena, (oc_slice_t){arena_at(arena, operations), size}, &tag_count);
  }
  if (tags) status = OC_OK;
  if (status != OC_OK) {
    alloc_free_locked(arena, operations);
    return status;
  }
  drop_tags(arena, mutation->tags, mutation->tag_count);
  alloc_free_locked(arena, mutation->operations);
  mutation->operations = operations;
  mutation->operations_size = size;
  mutation->operation_count = count;
  mutation->tags = tags;
  mutation->tag_count = tag_count;
  mutation->announced = announces;
  return OC_OK;
}

static uint32_t find_principal(struct arena *arena, oc_slice_t name) {
  const struct table *table = &mutations_of(arena)->principals;
  return table_find_locked(arena, table, table_hash(table, name), name);
}

/* Finds or makes it and counts one use. 0 when there is no room. */
static uint32_t use_principal(struct arena *arena, oc_slice_t name) {
  uint32_t index = find_principal(arena, name);
  if (!index) {
    struct table *table = &mutations_of(arena)->principals;
    oc_off text = entry_alloc_locked(arena, name.len);
    if (text) index = table_take_locked(arena, table);
    if (!index) {
      alloc_free_locked(arena, text);
      return 0;
    }
    memcpy(arena_at(arena, text), name.data, name.len);
    table_link_locked(arena, table, index, table_hash(table, name), text, (uint32_t)name.len);
  }
  principal_at(arena, index)->uses++;
  return index;
}

static void drop_principal(struct arena *arena, uint32_t index) {
  struct principal *principal = principal_at(arena, index);
  if (--principal->uses > 0) return;
  oc_off text = principal->slot.key;
  table_release_locked(arena, &mutations_of(arena)->principals, index);
  alloc_free_locked(arena, text);
}

static void forget(struct arena *arena, uint32_t index) {
  struct mutation *mutation = mutation_at(arena, index);
  oc_off reason = mutation->reason, operations = mutation->operations;
  drop_principal(arena, mutation->principal);
  table_release_locked(arena, &mutations_of(arena)->table, index);
  alloc_free_locked(arena, operations);
  alloc_free_locked(arena, reason);
}

static uint32_t take_slot(struct arena *arena) {
  struct mutations *mutations = mutations_of(arena);
  uint32_t index = table_take_locked(arena, &mutations->table);
  uint32_t oldest = mutations->settled.oldest;
  if (!index && oldest) {
    queue_leave_locked(arena, &mutations->table, &mutations->settled, oldest);
    forget(arena, oldest);
    index = table_take_locked(arena, &mutations->table);
  }
  return index;
}

static void note_deadline(struct arena *arena, uint64_t deadline) {
  struct mutations *mutations = mutations_of(arena);
  if (!mutations->next_deadline || deadline < mutations->next_deadline) mutations->next_deadline = deadline;
}

/* Those of other processes. */
static uint32_t foreign_pending(struct arena *arena) {
  return mutations_of(arena)->pending - arena_header(arena)->processes[process_self(arena).slot].pending;
}

static void disown(struct arena *arena, struct mutation *mutation) {
  struct arena_process *owner = arena_header(arena)->processes + mutation->owner.slot;
  if (process_is_present_locked(arena, mutation->owner) && --owner->pending == 0) owner->begun_until = 0;
  mutation->owner = (struct process_id){0, 0};
}

/* With its deadline. First this process has it and then no other one, in case that this one dies in between. */
static void own(struct arena *arena, struct mutation *mutation) {
  struct process_id self = process_self(arena);
  struct arena_process *owner = arena_header(arena)->processes + self.slot;
  owner->pending++;
  disown(arena, mutation);
  mutation->owner = self;
  if (mutation->deadline > owner->begun_until) owner->begun_until = mutation->deadline;
}

/* The slot comes last: what is forgotten for it must not be forgotten in vain. */
static oc_status begin_new(struct arena *arena, const struct mutation_source *source) {
  struct mutations *mutations = mutations_of(arena);
  uint32_t known = find_principal(arena, source->principal);
  if (known && principal_at(arena, known)->pending >= source->pending_most) return OC_ERR_LIMIT_MUTATIONS;
  struct mutation begun = {.state = OC_PENDING, .begun = log_head(arena), .deadline = source->deadline};
  memcpy(begun.token, source->token.bytes, sizeof begun.token);
  oc_status status = take_operations(arena, &begun, source);
  if (status != OC_OK) return status;
  begun.principal = use_principal(arena, source->principal);
  uint32_t index = begun.principal ? take_slot(arena) : 0;
  if (!index) {
    if (begun.principal) drop_principal(arena, begun.principal);
    drop_tags(arena, begun.tags, begun.tag_count);
    alloc_free_locked(arena, begun.operations);
    return OC_ERR_FULL;
  }
  struct mutation *mutation = mutation_at(arena, index);
  *mutation = begun;
  oc_slice_t key = {(const char *)mutation->token, sizeof mutation->token};
  table_link_locked(arena, &mutations->table, index, table_hash(&mutations->table, key),
                    arena_off(arena, mutation->token), sizeof mutation->token);
  mutations->pending++;
  principal_at(arena, mutation->principal)->pending++;
  own(arena, mutation);
  note_deadline(arena, source->deadline);
  return OC_OK;
}

oc_status mutation_begin_locked(struct arena *arena, const struct mutation_source *source) {
  struct mutation *mutation = mutation_find_locked(arena, source->token);
  if (!mutation) return begin_new(arena, source);
  if (!mutation_is_of(arena, mutation, source->principal)) return OC_ERR_TOKEN_UNKNOWN;
  if (mutation->state != OC_PENDING) return OC_ERR_TOKEN_SETTLED;
  if (source->entrance != MUTATION_BEGIN && !mutation->announced) return OC_ERR_TOKEN_PENDING;
  bool was_announced = mutation->announced != 0;
  oc_status status = take_operations(arena, mutation, source);
  if (status != OC_OK) return status;
  if (was_announced) mutation->begun = log_head(arena);
  mutation->deadline = source->deadline;
  own(arena, mutation);
  note_deadline(arena, source->deadline);
  return OC_OK;
}

/* ---- Telling ---- */

/* As many of the texts as an event takes; returns how many. */
static uint32_t name_tags(const struct arena *arena, const uint32_t *tags, size_t stride, uint32_t count,
                          oc_slice_t *names) {
  if (count > EVENT_TAGS_MOST) count = EVENT_TAGS_MOST;
  for (uint32_t i = 0; i < count; i++)
    names[i] =
        slot_key(arena, &tag_at(arena, *(const uint32_t *)(const void *)((const char *)tags + i * stride))->slot);
  return count;
}

/*
 * Tells listeners what was just logged under `version`: what the record touched, or, when it touched nothing, what the
 * mutation is still pending on. `mutation` may be NULL.
 */
static void tell(struct arena *arena, enum event_type type, const struct mutation *mutation, uint64_t version,
                 oc_slice_t reason) {
  if (!event_happened_locked(arena, type)) return;
  struct event event = {.type = type, .version = version, .reason = reason};
  oc_slice_t names[EVENT_TAGS_MOST];
  const struct log_record *record = log_find_locked(arena, version);
  uint32_t touched = record ? record->link_count : 0;
  if (touched > 0) {
    const struct log_link *links = arena_at(arena, record->links);
    event.tag_count = name_tags(arena, &links->tag, sizeof *links, touched, names);
  } else if (mutation && mutation->tags) {
    touched = mutation->tag_count;
    event.tag_count = name_tags(arena, arena_at(arena, mutation->tags), sizeof(uint32_t), touched, names);
  }
  event.tags = names;
  event.more_tags = touched - event.tag_count;
  if (mutation) {
    event.token = mutation->token;
    event.principal = mutation_principal(arena, mutation);
  }
  event_record_locked(arena, &event);
}

/* ---- Settling ---- */

static void drop_operations(struct arena *arena, struct mutation *mutation) {
  alloc_free_locked(arena, mutation->operations);
  mutation->operations = 0;
  mutation->operations_size = mutation->operation_count = 0;
}

/*
 * An expired one turns out to have ended: what was loaded since it expired may be from before that, so it is
 * invalidated again.
 */
static void settle_expired(struct arena *arena, struct mutation *mutation, oc_slice_t operations, oc_state state) {
  if (!operations.data) operations = mutation_operations(arena, mutation);
  mutation->version = record_append_locked(arena, operations, 0, true);
  mutation->state = (uint32_t)state;
  drop_operations(arena, mutation);
  debt_note_settled_locked(arena, mutation->owner);
  mutation->owner = (struct process_id){0, 0};
}

/* The mutation is over; what entries on its tags may have seen of it is not to be replayed on, nor loaded. */
static void settle(struct arena *arena, struct mutation *mutation, oc_state state, uint64_t version) {
  struct mutations *mutations = mutations_of(arena);
  for (uint32_t i = 0; i < mutation->tag_count; i++)
    tag_at(arena, ((const uint32_t *)arena_at(arena, mutation->tags))[i])->unsettled = version;
  drop_tags(arena, mutation->tags, mutation->tag_count);
  mutation->tags = 0;
  mutation->tag_count = 0;
  if (state != OC_EXPIRED) drop_operations(arena, mutation);
  mutation->state = (uint32_t)state;
  mutation->announced = 0;
  mutation->version = version;
  disown(arena, mutation);
  principal_at(arena, mutation->principal)->pending--;
  mutations->pending--;
  if (mutations->pending == 0) mutations->next_deadline = 0;
  uint32_t index = find_index(arena, *(const oc_token_t *)(const void *)mutation->token);
  queue_join_locked(arena, &mutations->table, &mutations->settled, index);
}

/* As much of it as is kept. */
static oc_slice_t cut_reason(oc_slice_t reason) { return (oc_slice_t){reason.data, utf8_cut(reason, REASON_MOST)}; }

static void keep_reason(struct arena *arena, struct mutation *mutation, oc_slice_t reason) {
  if (reason.len == 0 || mutation->reason) return;
  mutation->reason = alloc_get_locked(arena, reason.len);
  if (!mutation->reason) return;
  memcpy(arena_at(arena, mutation->reason), reason.data, reason.len);
  mutation->reason_len = (uint32_t)reason.len;
}

oc_status mutation_commit_locked(struct arena *arena, oc_token_t token, oc_slice_t operations, uint64_t *version) {
  struct mutation *mutation = mutation_find_locked(arena, token);
  if (!mutation) return OC_ERR_TOKEN_UNKNOWN;
  if (mutation->state == OC_ROLLED_BACK) return OC_ERR_TOKEN_SETTLED;
  if (mutation->state == OC_PENDING) {
    if (!operations.data) operations = mutation_operations(arena, mutation);
    uint64_t committed = record_append_locked(arena, operations, mutation->begun, mutation->announced != 0);
    settle(arena, mutation, OC_COMMITTED, committed);
    tell(arena, EVENT_COMMIT, mutation, committed, NOTHING);
  } else if (mutation->state == OC_EXPIRED) {
    settle_expired(arena, mutation, operations, OC_COMMITTED);
    tell(arena, EVENT_COMMIT, mutation, mutation->version, NOTHING);
  }
  *version = mutation->version;
  return OC_OK;
}

static void roll_back(struct arena *arena, struct mutation *mutation, oc_slice_t reason) {
  reason = cut_reason(reason);
  if (mutation->state == OC_PENDING) {
    uint64_t version = log_append_locked(arena, 0, 0, 0);
    tell(arena, EVENT_ROLLBACK, mutation, version, reason); /* while its tags are known */
    settle(arena, mutation, OC_ROLLED_BACK, version);
  } else {
    settle_expired(arena, mutation, NOTHING, OC_ROLLED_BACK);
    tell(arena, EVENT_ROLLBACK, mutation, mutation->version, reason);
  }
  keep_reason(arena, mutation, reason);
}

oc_status mutation_rollback_locked(struct arena *arena, oc_token_t token, oc_slice_t reason) {
  struct mutation *mutation = mutation_find_locked(arena, token);
  if (!mutation) return OC_ERR_TOKEN_UNKNOWN;
  if (mutation->state == OC_ROLLED_BACK) return OC_OK;
  if (mutation->state == OC_COMMITTED) return OC_ERR_TOKEN_SETTLED;
  roll_back(arena, mutation, reason);
  return OC_OK;
}

static void expire(struct arena *arena, struct mutation *mutation, oc_slice_t reason) {
  if (mutation->announced) {
    roll_back(arena, mutation, SLICE("it was announced, and did not come"));
    return;
  }
  uint64_t version = record_append_locked(arena, mutation_operations(arena, mutation), 0, true);
  reason = cut_reason(reason);
  settle(arena, mutation, OC_EXPIRED, version);
  tell(arena, EVENT_EXPIRE, mutation, version, reason);
  keep_reason(arena, mutation, reason);
}

oc_status mutation_expire_locked(struct arena *arena, oc_token_t token, oc_slice_t reason) {
  struct mutation *mutation = mutation_find_locked(arena, token);
  if (!mutation) return OC_ERR_TOKEN_UNKNOWN;
  if (mutation->state == OC_EXPIRED) return OC_OK;
  if (mutation->state != OC_PENDING) return OC_ERR_TOKEN_SETTLED;
  expire(arena, mutation, reason);
  return OC_OK;
}

uint64_t mutation_record_locked(struct arena *arena, oc_slice_t operations) {
  uint64_t version = record_append_locked(arena, operations, 0, true);
  tell(arena, EVENT_INVALIDATE, NULL, version, NOTHING);
  return version;
}

/* Those whose process died lose their owner, and have a little while left; no more when the clock is set back. */
static void find_orphans(struct arena *arena, uint64_t now) {
  struct mutations *mutations = mutations_of(arena);
  uint64_t last = 0;
  for (uint32_t index = 1; index < mutations->table.fresh; index++) {
    struct mutation *mutation = mutation_at(arena, index);
    if (!mutation->slot.key || mutation->state != OC_PENDING) continue;
    if (process_is_present_locked(arena, mutation->owner)) continue;
    mutation->owner = (struct process_id){0, 0};
    if (mutation->deadline > now + ORPHAN_GRACE) mutation->deadline = now + ORPHAN_GRACE;
    note_deadline(arena, mutation->deadline);
    if (mutation->deadline > last) last = mutation->deadline;
  }
  arena_header(arena)->orphans_until = last;
}

static void expire_overdue(struct arena *arena, struct mutation *mutation) {
  struct process_id owner = mutation->owner;
  expire(arena, mutation,
         owner.serial == 0 ? SLICE("its process died; whether the database has it is unknown")
                           : SLICE("it was not settled in time; whether the database has it is unknown"));
  if (mutation->state != OC_EXPIRED || !process_is_present_locked(arena, owner)) return;
  mutation->owner = owner;
  debt_note_expired_locked(arena, owner);
}

static uint32_t expire_all_overdue(struct arena *arena, uint64_t now) {
  struct mutations *mutations = mutations_of(arena);
  uint64_t earliest = 0;
  uint32_t expired = 0;
  for (uint32_t index = 1; index < mutations->table.fresh; index++) {
    struct mutation *mutation = mutation_at(arena, index);
    if (!mutation->slot.key || mutation->state != OC_PENDING) continue;
    if (mutation->deadline <= now) {
      expire_overdue(arena, mutation);
      expired++;
    } else if (!earliest || mutation->deadline < earliest) {
      earliest = mutation->deadline;
    }
  }
  mutations->next_deadline = earliest;
  return expired;
}

uint32_t mutation_sweep_locked(struct arena *arena, uint64_t now, uint64_t *next) {
  struct mutations *mutations = mutations_of(arena);
  /* Somebody who may be dead has something pending. */
  if (foreign_pending(arena) > 0 && process_look_locked(arena, now, &mutations->next_look)) find_orphans(arena, now);
  uint32_t expired = 0;
  if (mutations->next_deadline && mutations->next_deadline <= now) expired = expire_all_overdue(arena, now);
  if (arena_header(arena)->orphans_until <= now) arena_header(arena)->orphans_until = 0; /* none is left */
  *next = mutations->next_deadline;
  if (foreign_pending(arena) > 0 && mutations->next_look < *next) *next = mutations->next_look;
  return expired;
}

uint32_t mutation_abandon_locked(struct arena *arena, bool all) {
  struct mutations *mutations = mutations_of(arena);
  uint32_t expired = 0;
  for (uint32_t index = 1; index < mutations->table.fresh; index++) {
    struct mutation *mutation = mutation_at(arena, index);
    if (!mutation->slot.key || mutation->state != OC_PENDING) continue;
    if (!all && !process_is_self(arena, mutation->owner)) continue;
    expire(arena, mutation, SLICE("its process closed the cache; whether the database has it is unknown"));
    expired++;
  }
  return expired;
}
