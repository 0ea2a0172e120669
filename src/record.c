/*
 * record.c: operations, as the log remembers them.
 *
 * A record names each tag that was touched once, with all that happened to it. An update that can be replayed stays one
 * only where nothing else happened to its document since its mutation began: the order of the two in the database is not
 * known otherwise. What the arena has no memory for is remembered as a change of everything.
 */
#include "record.h"

#include <string.h>

#include "event.h"

bool record_visit_tags(oc_slice_t operations, record_visitor visit, void *context) {
  const struct operation *operation = NULL;
  while ((operation = operation_next(operations.data, operations.len, operation))) {
    for (uint32_t i = 0; i < operation->tag_count; i++) {
      const struct operation_tag *tag = operation_tags(operation) + i;
      if (!visit(context, operation_slice(operation, tag->at, tag->len), operation)) return false;
    }
    if (operation->type == OPERATION_INVALIDATE) continue;
    if (!visit(context, operation_collection(operation), operation)) return false;
    if (operation->document && !visit(context, operation_document_tag(operation), operation)) return false;
  }
  return true;
}

uint32_t record_count_tags(oc_slice_t operations) {
  uint32_t count = 0;
  const struct operation *operation = NULL;
  while ((operation = operation_next(operations.data, operations.len, operation)))
    count += operation->tag_count + (operation->type == OPERATION_INVALIDATE ? 0 : operation->document ? 2 : 1);
  return count;
}

/* The links of a record being made: each tag once, with what happened to it. */
struct link_list {
  struct arena *arena;
  struct log_link *links;
  uint32_t count;
  uint64_t begun;  /* operations on documents that changed after this are invalidations */
  bool invalidate; /* so are all of them */
};

static uint32_t effects_of(const struct link_list *list, const struct operation *operation) {
  if (list->invalidate || operation->type == OPERATION_INVALIDATE) return LOG_INVALIDATE;
  uint32_t effect = operation->type == OPERATION_CREATE   ? LOG_MEMBERSHIP
                    : operation->type == OPERATION_DELETE ? LOG_DELETE
                                                          : LOG_UPDATE;
  if (!operation->document) return effect == LOG_UPDATE ? LOG_INVALIDATE : effect;
  if (effect == LOG_UPDATE && !operation->has_data) return LOG_INVALIDATE;
  uint32_t tag = tag_find_locked(list->arena, operation_document_tag(operation));
  /* One that was not begun on may have been forgotten since. */
  uint64_t last = tag ? tag_last_locked(list->arena, tag) : tag_floor_locked(list->arena);
  return last > list->begun ? LOG_INVALIDATE : effect;
}

static bool add_link(void *context, oc_slice_t name, const struct operation *operation) {
  struct link_list *list = context;
  uint32_t effects = effects_of(list, operation);
  uint32_t tag = entry_use_tag_locked(list->arena, name);
  if (!tag) return false;
  uint32_t place = tag_at(list->arena, tag)->place;
  if (place < list->count && list->links[place].tag == tag) {
    list->links[place].effects |= effects;
    tag_drop_locked(list->arena, tag);
    return true;
  }
  tag_at(list->arena, tag)->place = list->count;
  list->links[list->count++] = (struct log_link){.tag = tag, .effects = effects};
  return true;
}

static void drop_links(struct link_list *list) {
  for (uint32_t i = 0; i < list->count; i++) tag_drop_locked(list->arena, list->links[i].tag);
}

uint64_t record_everything_locked(struct arena *arena, oc_slice_t reason) {
  entry_clear_locked(arena);
  uint64_t version = log_append_locked(arena, 0, 0, 0);
  tag_change_all_locked(arena, version);
  if (event_happened_locked(arena, EVENT_INVALIDATE)) {
    struct event event = {.type = EVENT_INVALIDATE, .everything = true, .version = version, .reason = reason};
    event_record_locked(arena, &event);
  }
  return version;
}

/* Without memory for a record nothing can be said about any tag but that it changed. */
static uint64_t append_all_changed(struct arena *arena) {
  return record_everything_locked(arena, SLICE("the arena has no memory for a record of what changed"));
}

uint64_t record_append_locked(struct arena *arena, oc_slice_t operations, uint64_t begun, bool invalidate) {
  uint32_t most = record_count_tags(operations);
  if (!operations.data || most == 0) return log_append_locked(arena, 0, 0, 0);
  oc_off memory = entry_alloc_locked(arena, log_record_bytes(most, (uint32_t)operations.len));
  if (!memory) return append_all_changed(arena);
  struct link_list list = {arena, arena_at(arena, memory), 0, begun, invalidate};
  if (!record_visit_tags(operations, add_link, &list)) {
    drop_links(&list);
    alloc_free_locked(arena, memory);
    return append_all_changed(arena);
  }
  /* The operations lie behind the links that there really are. */
  memmove((char *)(list.links + list.count), operations.data, operations.len);
  uint64_t version = log_append_locked(arena, memory, list.count, (uint32_t)operations.len);
  drop_links(&list);
  return version;
}
