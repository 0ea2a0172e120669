/*
 * entry.c: what an entry is, and how there is always room for the next one.
 *
 * An entry is a materialised query result: a key, the answer's bytes, and the log position (version) that they reflect.
 * It does not know what happened since; a read finds that out by asking its tags, and brings the entry up to date by
 * replaying what it missed (api_read.c). In the arena:
 *
 *   entry (slot of the table of entries)
 *     └─ block    key │ tag references │ query │ bytes of the value │ spans
 *
 * The bytes are JSON as JSON.stringify wrote it, never a tree: a reader wants them whole, and a change of one document
 * replaces a few members of one span, which is a memmove. A tree would be built and printed for every reader.
 *
 * All of it is one block, as every block costs a header and what its size is rounded up by, and most entries are small.
 * A replay writes a new value of the same documents: over the old one where it fits, else into a new block, to which
 * what lies before it is copied, so that the tags need not be looked up again. The references are reference.c's.
 *
 * A view sees one version. Where a new state takes the place of one that an open view may still ask for, the old one
 * stays as it is, in its own slot, and its key finds it behind the new one:
 *
 *   key ──► current state ──► state before ──► …        one chain of the table's bucket
 *
 * Older states are needed by views that were opened before they became that, and by nobody else; so they queue in that
 * order, and those at the front that are older than the oldest open view are freed, a few with each call. When memory
 * is short they go before any entry that can be read, and of one key only so many stay, as its chain is walked: their
 * view then says that it is torn.
 *
 * Dropping all entries at once takes no walk: states get ascending stamps, so all whose stamp is not above that
 * of the last clearing are gone. They lie at the old end of every queue and chain, where a few are freed with each
 * call, and before anything else when room is needed.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): one queue by age, one bit an entry. A read sets the bit; a hand walks
 * from the oldest to the newest, clears set bits, and evicts the first entry without one. It needs no list operation on
 * a hit, which an LRU does, and is not worse at keeping what is read again.
 *
 *   newest ◄── older ── … ── [hand] ── … ── older ──► oldest
 *
 * What nobody can read any more goes before that: what was cleared, then what expired, then older states.
 *
 * Room is made by bytes: entries go until the allocator can give the block, at most EVICTIONS_MOST in one call, so that
 * a section stays short; a value for which that is not enough is refused, which costs its caller nothing but a later
 * load.
 */
#include "expiry.h"

#include <string.h>

#include "event.h"

enum {
  EVICTIONS_MOST = 1024,
  GAPS_SHARE = 12,       /* one part in so many of the arena may lie in gaps */
  MOVED_MOST = 16 << 20, /* bytes moved in one call */
  REACH = 4,             /* how many times its size must be evicted for a large value, more or less */
  HAND_MOST = 1024,      /* entries that one eviction looks at; then the one at hand goes, read or not */
  RELEASED_MOST = 32     /* older or cleared states freed in one call */
};

struct entries {
  struct table table;
  struct expiry expiry;
  uint64_t now;                                /* when somebody last said what time it is */
  struct queue current, earlier;               /* states: SIEVE's queue, and those that only views may ask for */
  uint32_t hand, reserved;                     /* where SIEVE is in its queue */
  uint64_t oldest_view;                        /* the oldest version that an open view looks at */
  uint64_t cleared;                            /* states with stamps up to this are gone, though not all are freed */
  uint32_t cleared_count, cleared_older_count; /* of these: still in the table as current ones, and as older ones */
};

static struct entries *entries_of(const struct arena *arena) { return arena_root(arena, ROOT_ENTRIES); }

const struct table *entry_table(const struct arena *arena) { return &entries_of(arena)->table; }

struct entry *entry_at(const struct arena *arena, uint32_t index) {
  return table_slot(arena, &entries_of(arena)->table, index);
}

/* Whether a slot holds the current state of a key, cleared or not. */
static bool is_current(const struct entry *entry) { return entry->slot.key && !entry->older; }

static bool is_cleared(const struct arena *arena, const struct entry *entry) {
  return entry->stamp <= entries_of(arena)->cleared;
}

bool entry_is_set(const struct arena *arena, const struct entry *entry) {
  return is_current(entry) && !is_cleared(arena, entry);
}

uint64_t entry_bytes(uint32_t capacity) {
  return sizeof(struct entries) + 32 + table_bytes(capacity, sizeof(struct entry)) + expiry_bytes(capacity);
}

oc_off entry_init(struct arena *arena, oc_off at, uint32_t capacity) {
  arena_header(arena)->root[ROOT_ENTRIES] = at;
  struct entries *entries = entries_of(arena);
  memset(entries, 0, sizeof *entries);
  entries->oldest_view = UINT64_MAX;
  oc_off table = (at + sizeof *entries + 15) & ~(oc_off)15;
  table_init(arena, &entries->table, table, capacity, sizeof(struct entry));
  entries->expiry.heap = (table + table_bytes(capacity, sizeof(struct entry)) + 15) & ~(oc_off)15;
  return (entries->expiry.heap + expiry_bytes(capacity) + 15) & ~(oc_off)15;
}

/* ---- Queues ---- */

static void join(struct arena *arena, struct queue *queue, uint32_t index) {
  queue_join_locked(arena, &entries_of(arena)->table, queue, index);
}

static void leave(struct arena *arena, struct queue *queue, uint32_t index) {
  queue_leave_locked(arena, &entries_of(arena)->table, queue, index);
}

static void leave_current(struct arena *arena, uint32_t index) {
  struct entries *entries = entries_of(arena);
  if (entries->hand == index) entries->hand = entry_at(arena, index)->slot.newer;
  leave(arena, &entries->current, index);
}

/* ---- Older states ---- */

static bool drop_oldest_state(struct arena *arena) {
  uint32_t index = entries_of(arena)->earlier.oldest;
  if (index) entry_remove_locked(arena, index);
  return index != 0;
}

void entry_keep_for_locked(struct arena *arena, uint64_t oldest) {
  struct entries *entries = entries_of(arena);
  entries->oldest_view = oldest;
  for (int freed = 0; freed < RELEASED_MOST && entries->earlier.oldest; freed++) {
    const struct entry *entry = entry_at(arena, entries->earlier.oldest);
    if (entry->needed_before > oldest && !is_cleared(arena, entry)) break;
    drop_oldest_state(arena);
  }
}

/* A chain is walked by who looks for a state in it, and by who frees one. `index`: the last that became older. */
static void shorten_chain(struct arena *arena, uint32_t index) {
  for (int states = 2; index && states <= ENTRY_STATES_MOST; states++)
    index = table_find_earlier_locked(arena, &entries_of(arena)->table, index);
  if (index) entry_remove_locked(arena, index);
}

/* Makes room for a new state of the key: the old one is gone, or kept for the views that may ask for it. */
static void leave_to_views(struct arena *arena, uint32_t index) {
  if (entries_of(arena)->oldest_view >= log_head(arena)) {
    entry_remove_locked(arena, index);
    return;
  }
  struct entry *entry = entry_at(arena, index);
  references_unlink_locked(arena, entry); /* its tags stay in use, so that they remember what happened to it */
  leave_current(arena, index);
  expiry_leave_locked(arena, &entries_of(arena)->expiry, index);
  arena_changed_locked(arena);
  entry->older = true;
  entry->needed_before = log_head(arena);
  join(arena, &entries_of(arena)->earlier, index);
  shorten_chain(arena, index);
}

/* ---- Making room ---- */

/* Every entry that could still be found and goes to make room, or because it expired, goes through here. */
static void evict(struct arena *arena, uint32_t index, oc_slice_t reason) {
  const struct entry *entry = entry_at(arena, index);
  if (event_happened_locked(arena, EVENT_EVICT)) {
    struct event event = {.type = EVENT_EVICT, .version = entry->version, .reason = reason};
    event.key = slot_key(arena, &entry->slot);
    event_record_locked(arena, &event);
  }
  entry_remove_locked(arena, index);
}

static bool evict_expired(struct arena *arena) {
  uint32_t index = expiry_first_locked(arena, &entries_of(arena)->expiry, entries_of(arena)->now);
  if (index) evict(arena, index, SLICE("expired"));
  return index != 0;
}

static bool evict_one(struct arena *arena) {
  struct entries *entries = entries_of(arena);
  if (!entries->current.oldest) return false;
  uint32_t index = entries->hand ? entries->hand : entries->current.oldest;
  for (int looked = 0; looked < HAND_MOST && entry_at(arena, index)->visited; looked++) {
    entry_at(arena, index)->visited = false;
    uint32_t newer = entry_at(arena, index)->slot.newer;
    index = newer ? newer : entries->current.oldest;
  }
  entries->hand = index;
  evict(arena, index, SLICE("room")); /* moves the hand on */
  return true;
}

static bool free_cleared(struct arena *arena) {
  struct entries *entries = entries_of(arena);
  uint32_t index = entries->cleared_count         ? entries->current.oldest
                   : entries->cleared_older_count ? entries->earlier.oldest
                                                  : 0;
  if (index) entry_remove_locked(arena, index);
  return index != 0;
}

static bool drop_some_state(struct arena *arena) {
  return free_cleared(arena) || evict_expired(arena) || drop_oldest_state(arena) || evict_one(arena);
}

/* Idle tags go last: what is forgotten with one costs misses everywhere. */
static bool make_room(struct arena *arena) { return drop_some_state(arena) || tag_recycle_locked(arena); }

static void note_moved(struct arena *arena, enum alloc_owner kind, uint32_t index, oc_off from, oc_off to) {
  (void)from;
  if (kind == ALLOC_TAG_NAME) tag_at(arena, index)->slot.key = to;
  if (kind == ALLOC_ENTRY) entry_at(arena, index)->slot.key = to;
}

/* Gaps that together hold more than a share of the arena are worth being brought together, instead of evicting. */
static bool compact(struct arena *arena, uint64_t size, uint64_t *budget) {
  uint64_t capacity = alloc_capacity_locked(arena), free = capacity - alloc_used_locked(arena);
  return free >= size + capacity / GAPS_SHARE && alloc_compact_locked(arena, size, budget, note_moved);
}

oc_off entry_alloc_locked(struct arena *arena, uint64_t size) {
  if (size > alloc_capacity_locked(arena)) return 0;
  uint64_t budget = MOVED_MOST;
  oc_off off = alloc_get_locked(arena, size);
  for (int freed = 0; !off && freed < EVICTIONS_MOST; freed++) {
    if (!compact(arena, size, &budget) && !make_room(arena)) break;
    off = alloc_get_locked(arena, size);
  }
  return off;
}

uint32_t entry_use_tag_locked(struct arena *arena, oc_slice_t name) {
  uint32_t tag = tag_use_locked(arena, name);
  for (int freed = 0; !tag && freed < EVICTIONS_MOST && make_room(arena); freed++) tag = tag_use_locked(arena, name);
  return tag;
}

void entry_note_time_locked(struct arena *arena, uint64_t now) { entries_of(arena)->now = now; }

void entry_check_locked(struct arena *arena) {
  expiry_check_locked(arena, &entries_of(arena)->expiry);
  alloc_check_locked(arena);
}

void entry_touch_locked(struct entry *entry, uint64_t hits) {
  entry->visited = true;
  if (!entry->older) entry->hits = hits < UINT32_MAX - entry->hits ? entry->hits + (uint32_t)hits : UINT32_MAX;
}

/* ---- Storing ---- */

uint32_t entry_find_any_locked(struct arena *arena, oc_slice_t key) {
  const struct table *table = &entries_of(arena)->table;
  uint32_t index = table_find_locked(arena, table, table_hash(table, key), key);
  return index && !is_cleared(arena, entry_at(arena, index)) ? index : 0;
}

uint32_t entry_find_locked(struct arena *arena, oc_slice_t key) {
  uint32_t index = entry_find_any_locked(arena, key);
  return index && is_current(entry_at(arena, index)) ? index : 0;
}

uint32_t entry_find_earlier_locked(const struct arena *arena, uint32_t index) {
  index = table_find_earlier_locked(arena, &entries_of(arena)->table, index);
  return index && !is_cleared(arena, entry_at(arena, index)) ? index : 0;
}

void entry_remove_locked(struct arena *arena, uint32_t index) {
  struct entry *entry = entry_at(arena, index);
  struct entries *entries = entries_of(arena);
  if (is_cleared(arena, entry)) --*(is_current(entry) ? &entries->cleared_count : &entries->cleared_older_count);
  if (is_current(entry)) {
    references_unlink_locked(arena, entry);
    leave_current(arena, index);
    expiry_leave_locked(arena, &entries->expiry, index);
  } else {
    leave(arena, &entries_of(arena)->earlier, index);
  }
  arena_changed_locked(arena); /* who remembers its bytes must not take a later entry of that key for it */
  oc_off block = entry->slot.key;
  references_drop_locked(arena, entry_references(arena, entry), entry->reference_count);
  table_release_locked(arena, &entries_of(arena)->table, index);
  alloc_free_locked(arena, block);
}

void entry_clear_locked(struct arena *arena) {
  struct entries *entries = entries_of(arena);
  entries->cleared = arena_header(arena)->stamp;
  entries->cleared_older_count = entries->earlier.count;
  entries->cleared_count = entries->table.count - entries->earlier.count;
  arena_changed_locked(arena);
}

/* From now on it may be moved. */
static void own_block(struct arena *arena, uint32_t index) {
  alloc_own_locked(arena, entry_at(arena, index)->slot.key, ALLOC_ENTRY, index);
}

/* A load that began at `since` may not be kept when one of its tags changed, or was rolled back, after that. */
static bool lease_holds(struct arena *arena, const struct entry_source *source) {
  if (source->since > log_head(arena)) return false; /* the arena was reset while it loaded */
  const struct dependency *dependencies = documents_dependencies(source->documents);
  for (uint32_t i = 0; i < documents_dependency_count(source->documents); i++) {
    uint32_t tag = tag_find_locked(arena, documents_name(source->documents, dependencies + i));
    uint64_t changed = tag_floor_locked(arena);
    if (tag) {
      changed = tag_last_locked(arena, tag);
      if (tag_at(arena, tag)->unsettled > changed) changed = tag_at(arena, tag)->unsettled;
    }
    if (changed > source->since) return false;
  }
  return true;
}

/*
 * Whether the evictions of one call would hardly make room for it, going by the mean size of what there is: it is
 * refused before it pushes out others in vain. Evicted entries do not lie side by side, hence REACH.
 */
static bool is_out_of_reach(struct arena *arena, uint64_t size) {
  uint32_t count = entries_of(arena)->table.count;
  return count > EVICTIONS_MOST && size / (EVICTIONS_MOST / REACH) > alloc_used_locked(arena) / count;
}

static oc_off get_block(struct arena *arena, uint64_t size) {
  oc_off off = alloc_get_locked(arena, size);
  return off || is_out_of_reach(arena, size) ? off : entry_alloc_locked(arena, size);
}

/* `places` are those of the value, in a block at `block`. */
static void put_state(struct arena *arena, oc_off block, struct entry_places places, struct state state) {
  char *at = arena_at(arena, block);
  memcpy(at + places.value, state.value.data, state.value.len);
  if (state.span_count > 0) memcpy(at + places.spans, state.spans, state.span_count * sizeof *state.spans);
}

/* Where making room for it would cost more than it is worth. */
static bool is_too_large(const struct entry_source *source) {
  const struct documents *documents = source->documents;
  uint64_t size = source->key.len + source->value.len + (source->query ? source->query->size : 0) +
                  (uint64_t)documents_span_count(documents) * sizeof(struct span) +
                  (uint64_t)documents_dependency_count(documents) * sizeof(struct tag_reference);
  return source->bytes_most && size > source->bytes_most;
}

static struct entry_places places_of_source(const struct entry_source *source) {
  return entry_places_for(source->key.len, documents_dependency_count(source->documents),
                          source->query ? source->query->size : 0, source->value.len,
                          documents_span_count(source->documents));
}

static struct state state_of_source(const struct entry_source *source) {
  struct span *spans = (struct span *)(void *)source->documents->spans.data;
  return (struct state){source->value, spans, documents_span_count(source->documents)};
}

static uint32_t take_slot(struct arena *arena) {
  struct table *table = &entries_of(arena)->table;
  uint32_t index = table_take_locked(arena, table);
  if (!index && drop_some_state(arena)) index = table_take_locked(arena, table);
  return index;
}

/* A state that is whole takes its place in all that orders the current ones. */
static void make_current(struct arena *arena, uint32_t index) {
  own_block(arena, index);
  references_link_locked(arena, index);
  join(arena, &entries_of(arena)->current, index);
  expiry_join_locked(arena, &entries_of(arena)->expiry, index);
}

oc_status entry_set_locked(struct arena *arena, const struct entry_source *source) {
  uint32_t existing = entry_find_locked(arena, source->key);
  for (int freed = 0; freed < RELEASED_MOST && free_cleared(arena); freed++) continue;
  if (existing) leave_to_views(arena, existing);
  if (!lease_holds(arena, source) || is_too_large(source)) return OC_REFUSED;
  struct entry_places places = places_of_source(source);
  oc_off block = get_block(arena, places.size);
  if (!block) return OC_REFUSED;
  bool mixed = false;
  uint32_t count = documents_dependency_count(source->documents), index = 0;
  struct tag_reference *references = arena_at(arena, block + places.references);
  if (!references_put_locked(arena, references, source->documents, &mixed)) goto refuse;
  index = take_slot(arena);
  if (!index) goto refuse_tags;
  memcpy(arena_at(arena, block), source->key.data, source->key.len);
  if (source->query) memcpy(arena_at(arena, block + places.query), source->query, source->query->size);
  put_state(arena, block, places, state_of_source(source));
  table_link_locked(arena, &entries_of(arena)->table, index, table_hash(&entries_of(arena)->table, source->key), block,
                    (uint32_t)source->key.len);
  struct entry *entry = entry_at(arena, index);
  entry->version = source->since;
  entry->set_version = log_head(arena);
  entry->stamp = entry->layout = ++arena_header(arena)->stamp;
  entry->set_at = (uint32_t)(entries_of(arena)->now / 1000);
  entry->expires_at = source->expires_at;
  entry->stale_until = source->stale_until;
  entry->value_len = (uint32_t)source->value.len;
  entry->span_count = documents_span_count(source->documents);
  entry->reference_count = (uint16_t)count;
  entry->has_query = source->query != NULL;
  entry->content = (uint8_t)source->content;
  entry->mixed = mixed;
  make_current(arena, index);
  return OC_OK;
refuse_tags:
  references_drop_locked(arena, references, count);
refuse:
  alloc_free_locked(arena, block);
  return OC_REFUSED;
}

/* Making room may have evicted it in spite of all, and given its slot to another. */
static bool is_state(const struct entry *entry, uint64_t stamp) { return is_current(entry) && entry->stamp == stamp; }

static struct entry_places places_with(const struct arena *arena, const struct entry *entry, struct state state) {
  return entry_places_for(entry->slot.key_len, entry->reference_count, entry_query_size(arena, entry), state.value.len,
                          state.span_count);
}

static void take_state(struct arena *arena, struct entry *entry, struct state state) {
  put_state(arena, entry->slot.key, places_with(arena, entry, state), state);
  entry->value_len = (uint32_t)state.value.len;
  entry->span_count = state.span_count;
}

/* What lies before the value: key, references and query. */
static void copy_head(struct arena *arena, oc_off block, const struct entry *entry) {
  memcpy(arena_at(arena, block), arena_at(arena, entry->slot.key), entry_places(arena, entry).value);
}

/* Gives `added` all that `index` has, in a block of its own; the state at `index` is left to the views. */
static void succeed(struct arena *arena, uint32_t index, uint32_t added, oc_off block) {
  const struct entry *entry = entry_at(arena, index);
  struct entry *successor = entry_at(arena, added);
  struct slot slot = successor->slot;
  *successor = *entry;
  successor->slot = slot;
  successor->expiry_place = 0;
  copy_head(arena, block, entry);
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) tag_at(arena, references[i].tag)->uses++;
  table_link_locked(arena, &entries_of(arena)->table, added, entry->slot.hash, block, entry->slot.key_len);
  leave_to_views(arena, index);
}

static uint32_t update_beside(struct arena *arena, uint32_t index, struct state state) {
  uint64_t stamp = entry_at(arena, index)->stamp;
  oc_off block = get_block(arena, places_with(arena, entry_at(arena, index), state).size);
  uint32_t added = block ? take_slot(arena) : 0;
  if (!added || !is_state(entry_at(arena, index), stamp)) goto undo;
  succeed(arena, index, added, block);
  take_state(arena, entry_at(arena, added), state);
  make_current(arena, added);
  return added;
undo:
  if (added) table_release_locked(arena, &entries_of(arena)->table, added);
  alloc_free_locked(arena, block);
  return 0;
}

/* Another block for the entry, which is gone when there is none. */
static bool change_block(struct arena *arena, uint32_t index, uint64_t size) {
  uint64_t stamp = entry_at(arena, index)->stamp;
  oc_off block = get_block(arena, size);
  struct entry *entry = entry_at(arena, index);
  bool still_there = is_state(entry, stamp);
  if (block && still_there) {
    copy_head(arena, block, entry);
    alloc_free_locked(arena, entry->slot.key);
    entry->slot.key = block;
    own_block(arena, index);
    return true;
  }
  alloc_free_locked(arena, block);
  if (still_there) entry_remove_locked(arena, index);
  return false;
}

static uint32_t update_in_place(struct arena *arena, uint32_t index, struct state state) {
  struct entry *entry = entry_at(arena, index);
  uint64_t size = places_with(arena, entry, state).size;
  if (!alloc_fits_locked(arena, entry->slot.key, size) && !change_block(arena, index, size)) return 0;
  take_state(arena, entry, state);
  return index;
}

uint32_t entry_update_locked(struct arena *arena, uint32_t index, struct state state, uint64_t version) {
  struct entry *entry = entry_at(arena, index);
  struct state before = entry_state(arena, entry);
  uint64_t stamp = ++arena_header(arena)->stamp, layout = layout_mark(&before, entry->layout, &state, stamp);
  entry->visited = true; /* so that making room does not begin with it */
  bool needed = entries_of(arena)->oldest_view < version;
  uint32_t updated = needed ? update_beside(arena, index, state) : update_in_place(arena, index, state);
  if (!updated) return 0;
  entry = entry_at(arena, updated);
  entry->version = version;
  entry->stamp = stamp;
  entry->layout = layout;
  return updated;
}

/* False when there is no room; the entry may be gone then. */
static bool replace_references(struct arena *arena, uint32_t index, const struct documents *documents) {
  struct entry *entry = entry_at(arena, index);
  uint64_t stamp = entry->stamp;
  uint32_t count = documents_dependency_count(documents), most = count + references_kept_count(arena, entry);
  uint32_t key_len = entry->slot.key_len, query_size = entry_query_size(arena, entry),
           old_count = entry->reference_count;
  bool ignored = false; /* it is what the database has at its version, whatever is in flight */
  if (most > 2 * ENTRY_TAGS_MOST) return false;
  struct entry_places places = entry_places_for(key_len, most, query_size, entry->value_len, entry->span_count);
  oc_off block = entry_alloc_locked(arena, places.size);
  if (!block) return false;
  struct tag_reference *references = arena_at(arena, block + places.references);
  if (!references_put_locked(arena, references, documents, &ignored)) goto undo;
  if (!is_state(entry, stamp)) goto undo_tags;
  count = references_keep_locked(arena, entry, references, count);
  places = entry_places_for(key_len, count, query_size, entry->value_len, entry->span_count);
  memcpy(arena_at(arena, block), arena_at(arena, entry->slot.key), key_len);
  if (query_size > 0) memcpy(arena_at(arena, block + places.query), entry_query(arena, entry), query_size);
  put_state(arena, block, places, entry_state(arena, entry));
  references_unlink_locked(arena, entry);
  references_drop_locked(arena, entry_references(arena, entry), old_count);
  alloc_free_locked(arena, entry->slot.key);
  entry->slot.key = block;
  entry->reference_count = (uint16_t)count;
  own_block(arena, index);
  references_link_locked(arena, index);
  return true;
undo_tags:
  references_drop_locked(arena, references, count);
undo:
  alloc_free_locked(arena, block);
  return false;
}

uint32_t entry_replace_locked(struct arena *arena, uint32_t index, struct state state,
                              const struct documents *documents, uint64_t version) {
  index = entry_update_locked(arena, index, state, version);
  if (!index) return 0;
  uint64_t stamp = entry_at(arena, index)->stamp;
  if (replace_references(arena, index, documents)) return index;
  if (is_state(entry_at(arena, index), stamp))
    entry_remove_locked(arena, index); /* its old references say too little */
  return 0;
}

uint32_t entry_count_locked(struct arena *arena) {
  const struct entries *entries = entries_of(arena);
  return entries->table.count - entries->earlier.count - entries->cleared_count;
}

uint32_t entry_older_count_locked(struct arena *arena) {
  return entries_of(arena)->earlier.count - entries_of(arena)->cleared_older_count;
}
