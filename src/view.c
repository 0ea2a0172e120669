/*
 * view.c: the open views, by age.
 *
 *   oldest ──► newer ──► … ──► newest        a list over slots; what is not in it is in the free list
 *
 * A view is opened at the log's head, so the list is in the order of versions too, and its first is the oldest version
 * that anybody still looks at. That one number decides which older states are kept (entry.c), and is passed on
 * whenever it moves.
 *
 * Renders are short. A view that is never closed (a render that crashed, a process that died) is taken for closed
 * when it has reached its age, so that it cannot hold the cache back for ever; if it is used all the same, it finds
 * out by its name, which holds a serial number that the slot's next user does not share.
 */
#include "view.h"

#include <string.h>

enum {
  SLOT_BITS = 24,
  AGED_MOST = 64 /* that one call takes for closed */
};

struct open_view {
  uint64_t version;
  uint64_t ages_at;
  uint64_t name; /* 0: free */
  uint32_t older, newer;
};

struct views {
  uint32_t capacity, count;
  uint32_t fresh; /* slots from here on were never used */
  uint32_t free;  /* linked by `newer` */
  uint32_t oldest, newest;
  uint64_t serial;
  oc_off slots;
};

static struct views *views_of(const struct arena *arena) { return arena_root(arena, ROOT_VIEWS); }

static struct open_view *view_at(const struct arena *arena, uint32_t index) {
  return (struct open_view *)arena_at(arena, views_of(arena)->slots) + (index - 1);
}

uint64_t view_bytes(uint32_t capacity) {
  return sizeof(struct views) + 16 + (uint64_t)capacity * sizeof(struct open_view);
}

oc_off view_init(struct arena *arena, oc_off at, uint32_t capacity) {
  arena_header(arena)->root[ROOT_VIEWS] = at;
  struct views *views = views_of(arena);
  memset(views, 0, sizeof *views);
  views->capacity = capacity;
  views->fresh = 1;
  /* Names from before a reset must not come again. */
  views->serial = arena_header(arena)->version << 8;
  views->slots = (at + sizeof *views + 15) & ~(oc_off)15;
  return views->slots + (uint64_t)capacity * sizeof(struct open_view);
}

static uint64_t oldest_version(struct arena *arena) {
  uint32_t oldest = views_of(arena)->oldest;
  return oldest ? view_at(arena, oldest)->version : UINT64_MAX;
}

static uint32_t take_slot(struct arena *arena) {
  struct views *views = views_of(arena);
  uint32_t index = views->free;
  if (index) views->free = view_at(arena, index)->newer;
  else if (views->fresh <= views->capacity) index = views->fresh++;
  return index;
}

/* The slot of a view that still counts, or 0. */
static uint32_t find(const struct arena *arena, uint64_t name) {
  uint32_t index = (uint32_t)(name & ((1U << SLOT_BITS) - 1));
  if (!index || index >= views_of(arena)->fresh || view_at(arena, index)->name != name) return 0;
  return index;
}

static void close_at(struct arena *arena, uint32_t index) {
  struct views *views = views_of(arena);
  struct open_view *view = view_at(arena, index);
  if (view->older) view_at(arena, view->older)->newer = view->newer;
  else views->oldest = view->newer;
  if (view->newer) view_at(arena, view->newer)->older = view->older;
  else views->newest = view->older;
  view->name = 0;
  view->newer = views->free;
  views->free = index;
  views->count--;
}

uint64_t view_oldest_locked(struct arena *arena, uint64_t now) {
  const struct views *views = views_of(arena);
  for (int aged = 0; aged < AGED_MOST && views->oldest && view_at(arena, views->oldest)->ages_at < now; aged++)
    close_at(arena, views->oldest);
  entry_keep_for_locked(arena, oldest_version(arena));
  return oldest_version(arena);
}

uint64_t view_open_locked(struct arena *arena, uint64_t now, uint64_t most) {
  view_oldest_locked(arena, now);
  struct views *views = views_of(arena);
  uint32_t index = take_slot(arena);
  if (!index) return 0;
  struct open_view *view = view_at(arena, index);
  *view = (struct open_view){.version = log_head(arena), .older = views->newest};
  view->ages_at = most > UINT64_MAX - now ? UINT64_MAX : now + most;
  view->name = ++views->serial << SLOT_BITS | index;
  if (views->newest) view_at(arena, views->newest)->newer = index;
  else views->oldest = index;
  views->newest = index;
  views->count++;
  entry_keep_for_locked(arena, oldest_version(arena));
  return view->name;
}

bool view_counts_locked(const struct arena *arena, uint64_t view) { return find(arena, view) != 0; }

void view_close_locked(struct arena *arena, uint64_t view) {
  uint32_t index = find(arena, view);
  if (!index) return;
  close_at(arena, index);
  entry_keep_for_locked(arena, oldest_version(arena));
}

uint32_t view_count_locked(struct arena *arena) { return views_of(arena)->count; }
