/*
 * record.h: what operations do to tags, and the log's records of that.
 *
 * Functions that end in _locked need the lock, and may evict entries.
 */
#ifndef RECORD_H
#define RECORD_H

#include "entry.h"
#include "operation.h"

typedef bool (*record_visitor)(void *context, oc_slice_t tag, const struct operation *operation);
/*
 * Calls `visit` for each tag that operations touch, again for one that several do: those named, and of an operation on a
 * document its own and its collection's. False as soon as `visit` says so.
 */
bool record_visit_tags(oc_slice_t operations, record_visitor visit, void *context);
/* How often `visit` would be called. */
uint32_t record_count_tags(oc_slice_t operations);

/*
 * Logs compiled operations under one version, which it returns. Those on documents that changed after version `begun`
 * are invalidations, and with `invalidate` all are. For want of memory everything is invalidated instead.
 */
uint64_t record_append_locked(struct arena *arena, oc_slice_t operations, uint64_t begun, bool invalidate);
/* Drops every entry, and logs that everything may have changed. Returns the version. */
uint64_t record_everything_locked(struct arena *arena, oc_slice_t reason);

#endif
