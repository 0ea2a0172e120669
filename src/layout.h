/*
 * layout.h: which documents of a list became others since a state that a reader still has.
 *
 * Allocates nothing, so that it can be used on what lies in the arena, with the lock held.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "page.h"

/* One state of an entry: its bytes, and where the documents lie in them. */
struct state {
  oc_slice_t value;
  struct span *spans;
  uint32_t span_count;
};

/*
 * Notes in the spans of the state `stamp` which of the query's own documents are others than in the state before it,
 * whose layout is that of the state `layout`. Returns the first state whose layout it has: `layout`, or `stamp` itself
 * when more than these documents changed, or it cannot be noted any more.
 */
uint64_t layout_mark(const struct state *before, uint64_t layout, struct state *after, uint64_t stamp);
/*
 * Fills `out` with [[], [index, id, document, …]]: what became others since the state `known`, which has that layout.
 * Returns the bytes that takes; when there is no room for these, `out` is not to be used.
 */
size_t layout_print(const struct page *whole, uint64_t layout, uint64_t known, oc_buffer_t *out);

#endif
