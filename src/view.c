/*
 * view.c: a fixed array of open views.
 *
 * A read that brought an entry up to date keeps the result only when no open view needs the older state. Renders are
 * short, so this rarely holds anything back; a view that is never closed (a render that crashed) stops counting after a
 * minute, so that it cannot hold the cache back for ever.
 */
#include "view.h"

#include <string.h>

enum { VIEW_AGE_MOST = 60000 };

struct open_view {
  uint64_t version; /* 0: free */
  uint64_t opened;
};

struct views {
  uint32_t capacity, count;
  uint32_t high; /* slots from here on were never used */
  uint32_t reserved;
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
  views->slots = (at + sizeof *views + 15) & ~(oc_off)15;
  return views->slots + (uint64_t)capacity * sizeof(struct open_view);
}

static bool is_aged(const struct open_view *view, uint64_t now) {
  return now > view->opened && now - view->opened > VIEW_AGE_MOST;
}

uint32_t view_open_locked(struct arena *arena, uint64_t version, uint64_t now) {
  struct views *views = views_of(arena);
  uint32_t index = 1;
  while (index <= views->high && view_at(arena, index)->version && !is_aged(view_at(arena, index), now)) index++;
  if (index > views->capacity) return 0;
  if (index > views->high) views->high = index;
  else if (view_at(arena, index)->version) views->count--;
  *view_at(arena, index) = (struct open_view){version, now};
  views->count++;
  return index;
}

void view_close_locked(struct arena *arena, uint32_t index, uint64_t opened) {
  struct views *views = views_of(arena);
  if (!index || index > views->high || view_at(arena, index)->opened != opened) return;
  if (view_at(arena, index)->version) views->count--;
  view_at(arena, index)->version = 0;
}

uint64_t view_oldest_locked(struct arena *arena, uint64_t now) {
  uint64_t oldest = UINT64_MAX;
  for (uint32_t index = 1; index <= views_of(arena)->high; index++) {
    const struct open_view *view = view_at(arena, index);
    if (view->version && view->version < oldest && !is_aged(view, now)) oldest = view->version;
  }
  return oldest;
}

uint32_t view_count_locked(struct arena *arena) { return views_of(arena)->count; }
