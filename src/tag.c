/*
 * tag.c: the table of tags.
 *
 * A tag must be remembered as long as somebody may ask about it: an entry that carries it, a mutation in flight on it,
 * and also a load that began before its last operation and will be stored after it. The last kind cannot be counted, so
 * a tag that nothing refers to stays as an idle one, and when the table is full the one idle for the longest is
 * recycled. What is forgotten with it is bounded by the floor: the highest version at which any forgotten tag
 * changed. A tag that comes back starts there, so that forgetting can only refuse a load too many or miss, and never
 * let something stale through.
 *
 * What happens to all tags at once is one number beside them, so that it takes no walk over the table.
 */
#include "tag.h"

#include <string.h>

struct tags {
  struct table table;
  uint64_t floor;
  uint64_t all_changed; /* version at which all of them changed at once; 0: never */
  struct queue idle;
};

static struct tags *tags_of(const struct arena *arena) { return arena_root(arena, ROOT_TAGS); }

struct tag *tag_at(const struct arena *arena, uint32_t index) {
  return table_slot(arena, &tags_of(arena)->table, index);
}

uint64_t tag_bytes(uint32_t capacity) { return sizeof(struct tags) + 16 + table_bytes(capacity, sizeof(struct tag)); }

oc_off tag_init(struct arena *arena, oc_off at, uint32_t capacity) {
  arena_header(arena)->root[ROOT_TAGS] = at;
  struct tags *tags = tags_of(arena);
  memset(tags, 0, sizeof *tags);
  tags->floor = arena_header(arena)->version; /* after a reset, all that was forgotten changed now */
  oc_off table = (at + sizeof *tags + 15) & ~(oc_off)15;
  table_init(arena, &tags->table, table, capacity, sizeof(struct tag));
  return table + table_bytes(capacity, sizeof(struct tag));
}

static void leave_idle(struct arena *arena, uint32_t index) {
  queue_leave_locked(arena, &tags_of(arena)->table, &tags_of(arena)->idle, index);
}

static void join_idle(struct arena *arena, uint32_t index) {
  queue_join_locked(arena, &tags_of(arena)->table, &tags_of(arena)->idle, index);
}

static void raise_floor(struct arena *arena, uint64_t version) {
  struct tags *tags = tags_of(arena);
  if (version > tags->floor) tags->floor = version;
}

bool tag_recycle_locked(struct arena *arena) {
  uint32_t index = tags_of(arena)->idle.oldest;
  if (!index) return false;
  struct tag *tag = tag_at(arena, index);
  raise_floor(arena, tag->last > tag->unsettled ? tag->last : tag->unsettled);
  leave_idle(arena, index);
  oc_off name = tag->slot.key;
  table_release_locked(arena, &tags_of(arena)->table, index);
  alloc_free_locked(arena, name);
  return true;
}

uint32_t tag_find_locked(struct arena *arena, oc_slice_t name) {
  return table_find_locked(arena, &tags_of(arena)->table, table_hash(&tags_of(arena)->table, name), name);
}

static uint32_t make_tag(struct arena *arena, uint64_t hash, oc_slice_t name) {
  struct table *table = &tags_of(arena)->table;
  oc_off text = alloc_get_locked(arena, name.len);
  if (!text) return 0;
  uint32_t index = table_take_locked(arena, table);
  if (!index && tag_recycle_locked(arena)) index = table_take_locked(arena, table);
  if (!index) {
    alloc_free_locked(arena, text);
    return 0;
  }
  memcpy(arena_at(arena, text), name.data, name.len);
  table_link_locked(arena, table, index, hash, text, (uint32_t)name.len);
  alloc_own_locked(arena, text, ALLOC_TAG_NAME, index);
  struct tag *tag = tag_at(arena, index);
  tag->last = tag->unsettled = tags_of(arena)->floor;
  return index;
}

uint32_t tag_use_locked(struct arena *arena, oc_slice_t name) {
  uint64_t hash = table_hash(&tags_of(arena)->table, name);
  uint32_t index = table_find_locked(arena, &tags_of(arena)->table, hash, name);
  if (!index) {
    index = make_tag(arena, hash, name);
    if (!index) return 0;
  } else if (tag_at(arena, index)->uses == 0) {
    leave_idle(arena, index);
  }
  tag_at(arena, index)->uses++;
  return index;
}

void tag_drop_locked(struct arena *arena, uint32_t index) {
  struct tag *tag = tag_at(arena, index);
  if (tag->uses == 0) arena_damaged_locked(arena);
  else if (--tag->uses == 0) join_idle(arena, index);
}

uint64_t tag_floor_locked(struct arena *arena) { return tags_of(arena)->floor; }

void tag_change_all_locked(struct arena *arena, uint64_t version) {
  raise_floor(arena, version); /* tags that are made or come back later start there */
  tags_of(arena)->all_changed = version;
}

uint64_t tag_last_locked(const struct arena *arena, uint32_t index) {
  uint64_t last = tag_at(arena, index)->last, all = tags_of(arena)->all_changed;
  return last > all ? last : all;
}

uint32_t tag_count_locked(struct arena *arena) { return tags_of(arena)->table.count; }
