/*
 * reference.c: the chains of the entries that carry one tag.
 *
 *   tag ──► entry set last, place 2 ◄──► entry, place 0 ◄──► … ◄──► entry set first, place 1
 *
 * Through them the entries that show a document can be found. An operation on a tag does not walk its chain: it writes
 * one number, however many entries carry the tag, and each of them finds it when it is next read.
 *
 * Only current states are in chains. A reference lies in the block of its entry, which may be moved: its neighbours
 * know it by the entry's index, which stays.
 */
#include "entry.h"

#include <assert.h>

static struct tag_reference reference_to(uint32_t tag, uint32_t kinds) {
  assert(tag >> 28 == 0 && kinds >> 4 == 0);
  return (struct tag_reference){.tag = tag & 0xfffffff, .kinds = kinds & 0xf};
}

static struct tag_reference *reference_at(const struct arena *arena, uint32_t index, uint32_t place) {
  return entry_references(arena, entry_at(arena, index)) + place;
}

void references_link_locked(struct arena *arena, uint32_t index) {
  const struct entry *entry = entry_at(arena, index);
  struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    struct tag_reference *reference = references + i;
    struct tag *tag = tag_at(arena, reference->tag);
    reference->prior = 0;
    reference->next = tag->first;
    reference->next_place = tag->first_place;
    tag->first = index;
    tag->first_place = (uint16_t)i;
    if (!reference->next) continue;
    struct tag_reference *next = reference_at(arena, reference->next, reference->next_place);
    next->prior = index;
    next->prior_place = (uint16_t)i;
  }
}

void references_unlink_locked(struct arena *arena, const struct entry *entry) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    const struct tag_reference *reference = references + i;
    if (reference->next) {
      struct tag_reference *next = reference_at(arena, reference->next, reference->next_place);
      next->prior = reference->prior;
      next->prior_place = reference->prior_place;
    }
    if (reference->prior) {
      struct tag_reference *prior = reference_at(arena, reference->prior, reference->prior_place);
      prior->next = reference->next;
      prior->next_place = reference->next_place;
    } else {
      struct tag *tag = tag_at(arena, reference->tag);
      tag->first = reference->next;
      tag->first_place = reference->next_place;
    }
  }
}

bool reference_next_locked(const struct arena *arena, uint32_t tag, struct tag_place *place) {
  struct tag_place next = {.entry = tag_at(arena, tag)->first, .place = tag_at(arena, tag)->first_place};
  if (place->entry) {
    const struct tag_reference *reference = reference_at(arena, place->entry, place->place);
    next = (struct tag_place){.entry = reference->next, .place = reference->next_place};
  }
  if (!next.entry || !entry_is_set(arena, entry_at(arena, next.entry))) return false; /* and so are all behind it */
  *place = next;
  return true;
}

bool references_put_locked(struct arena *arena, struct tag_reference *references, const struct documents *documents,
                           bool *mixed) {
  uint32_t count = documents_dependency_count(documents);
  const struct dependency *dependencies = documents_dependencies(documents);
  for (uint32_t used = 0; used < count; used++) {
    uint32_t tag = entry_use_tag_locked(arena, documents_name(documents, dependencies + used));
    if (!tag) {
      references_drop_locked(arena, references, used);
      return false;
    }
    references[used] = reference_to(tag, dependencies[used].kinds);
    if (tag_at(arena, tag)->pending > 0) *mixed = true;
  }
  return true;
}

void references_drop_locked(struct arena *arena, const struct tag_reference *references, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) tag_drop_locked(arena, references[i].tag);
}

uint32_t references_keep_locked(struct arena *arena, const struct entry *entry, struct tag_reference *fresh,
                                uint32_t count) {
  const struct tag_reference *old = entry_references(arena, entry);
  for (uint32_t i = 0; i < count; i++) tag_at(arena, fresh[i].tag)->place = i;
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    if (!(old[i].kinds & DEPENDS_OPAQUE)) continue;
    struct tag *tag = tag_at(arena, old[i].tag);
    if (tag->place < count && fresh[tag->place].tag == old[i].tag) {
      fresh[tag->place] = reference_to(old[i].tag, fresh[tag->place].kinds | old[i].kinds);
      continue;
    }
    tag->uses++; /* it is in use by the old reference */
    tag->place = count;
    fresh[count++] = reference_to(old[i].tag, old[i].kinds);
  }
  return count;
}

uint32_t references_kept_count(const struct arena *arena, const struct entry *entry) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < entry->reference_count; i++)
    if (entry_references(arena, entry)[i].kinds & DEPENDS_OPAQUE) count++;
  return count;
}
