/*
 * api_missed.c: what happened since an entry's version, as far as it depends on it.
 *
 * Each tag has the version of its last operation, and each record of the log says, for each tag that it touched, which
 * one came before. So an entry that nothing happened to costs one comparison a tag, and one that is behind as many
 * steps as there were operations on its tags.
 */
#include <string.h>

#include "cache.h"

static bool can_replay(uint32_t kinds, uint32_t effects) {
  if (kinds & DEPENDS_OPAQUE || effects & LOG_INVALIDATE) return false;
  /* What becomes of a reference to a deleted document, the database decides. */
  return !(kinds & DEPENDS_REFERENCE && effects & LOG_DELETE);
}

/* Keeps the versions ascending and without repetition. False when there are too many. */
static bool add_missed(struct missed *missed, uint64_t version) {
  uint32_t at = missed->count;
  while (at > 0 && missed->versions[at - 1] > version) at--;
  if (at > 0 && missed->versions[at - 1] == version) return true;
  if (missed->count == REPLAYS_MOST) return false;
  memmove(missed->versions + at + 1, missed->versions + at, (missed->count - at) * sizeof *missed->versions);
  missed->versions[at] = version;
  missed->count++;
  return true;
}

/* Follows a tag's chain back to the entry's version. False when something on it cannot be replayed. */
static bool follow_tag(struct arena *arena, const struct entry *entry, struct tag_reference reference, uint64_t target,
                       struct missed *missed) {
  for (uint64_t version = tag_last_locked(arena, reference.tag); version > entry->version;) {
    const struct log_record *record = log_find_locked(arena, version);
    const struct log_link *link = record ? log_link_of(arena, record, reference.tag) : NULL;
    if (!link) return false;
    if (version <= target) {
      if (entry->mixed || !can_replay(reference.kinds, link->effects)) return false;
      if (reference.kinds != DEPENDS_REFERENCE && !add_missed(missed, version)) return false;
    }
    version = link->prior;
  }
  return true;
}

static enum verdict judge_behind(struct arena *arena, const struct entry *entry, uint64_t target,
                                 struct missed *missed) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    const struct tag *tag = tag_at(arena, references[i].tag);
    if (entry->mixed && tag->unsettled > entry->set_version) return USELESS;
    if (tag_last_locked(arena, references[i].tag) > entry->version &&
        !follow_tag(arena, entry, references[i], target, missed))
      return USELESS;
  }
  return missed->count > 0 ? BEHIND : CURRENT;
}

/* Whether one of its tags changed after `target` and up to the entry's version. */
static enum verdict judge_newer(struct arena *arena, const struct entry *entry, uint64_t target) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    uint64_t version = tag_last_locked(arena, references[i].tag);
    while (version > entry->version) {
      const struct log_record *record = log_find_locked(arena, version);
      const struct log_link *link = record ? log_link_of(arena, record, references[i].tag) : NULL;
      if (!link) return NEWER;
      version = link->prior;
    }
    if (version > target) return NEWER;
  }
  return CURRENT;
}

enum verdict missed_locked(oc_cache_t *cache, const struct entry *entry, uint64_t target, struct missed *missed) {
  struct arena *arena = &cache->arena;
  missed->count = 0;
  /* Set at the log's head, or found current there before: nothing to ask until it moves. */
  if (entry->version == target && target == log_head(arena)) return CURRENT;
  if (entry->version <= target) return judge_behind(arena, entry, target, missed);
  if (entry->mixed && judge_behind(arena, entry, target, missed) == USELESS) return USELESS;
  missed->count = 0;
  return judge_newer(arena, entry, target);
}

size_t missed_operations_locked(oc_cache_t *cache, const struct missed *missed, char *out, size_t cap) {
  struct arena *arena = &cache->arena;
  size_t size = 0;
  for (uint32_t i = 0; i < missed->count; i++) {
    const struct log_record *record = log_find_locked(arena, missed->versions[i]);
    if (record->operations_size > 0 && size + record->operations_size <= cap)
      memcpy(out + size, arena_at(arena, record->operations), record->operations_size);
    size += record->operations_size;
  }
  return size;
}
