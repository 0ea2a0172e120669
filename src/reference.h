/*
 * reference.h: that entries carry tags, and which entries carry one.
 *
 * All functions need the lock. references_put_locked makes room, so that any entry may be evicted by it.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "document.h"

struct entry;

enum {
  ENTRY_TAGS_MOST = (1 << 15) - 1 /* that a value may depend on; with those it is asked to keep, as many again */
};

/*
 * That an entry carries a tag: a link in the chain of all that carry it, the one set last first. Its neighbours are
 * named by their entry (0: none) and their place among its references, so that they may lie anywhere.
 */
struct tag_reference {
  uint32_t tag : 28, kinds : 4; /* enum dependency_kind */
  uint32_t next, prior;
  uint16_t next_place, prior_place;
};

/*
 * Writes a reference to each tag that a value depends on. The tags are counted as used, so that no eviction on the way
 * recycles them; `mixed` is set when a mutation of one is in flight. Undoes and says false when there is no room.
 */
bool references_put_locked(struct arena *arena, struct tag_reference *references, const struct documents *documents,
                           bool *mixed);
/* Their tags are not used by them any more. */
void references_drop_locked(struct arena *arena, const struct tag_reference *references, uint32_t count);

/*
 * Adds those of the entry to the `count` of `fresh` that say more than where its documents are: what its caller gave,
 * for one. Returns how many there are then, references_kept_count more at most.
 */
uint32_t references_keep_locked(struct arena *arena, const struct entry *entry, struct tag_reference *fresh,
                                uint32_t count);
uint32_t references_kept_count(const struct arena *arena, const struct entry *entry);

/* Puts the current state at `index` at the head of the chains of its tags; and takes one out of them. */
void references_link_locked(struct arena *arena, uint32_t index);
void references_unlink_locked(struct arena *arena, const struct entry *entry);

/* A place in the chain of a tag; zeroed, it is the beginning. */
struct tag_place {
  uint32_t entry, place;
};
/*
 * Steps to the next entry that carries `tag`, from the one set last; false at the end. A place is good until its entry
 * goes. A chain may hold every entry there is, so a section that walks it must stop after a number of its own.
 */
bool reference_next_locked(const struct arena *arena, uint32_t tag, struct tag_place *place);

#endif
