/*
 * render.h: what an operation says of a document, as the answer to a query shows it.
 */
#ifndef RENDER_H
#define RENDER_H

#include "copy.h"
#include "operation.h"

/* The document that an operation is about. A global has its own shape. */
struct named operation_named(const struct operation *operation, const struct shapes *shapes);

/*
 * Appends a value of a document at `level` of the page, with the documents populated that its relations name. They come
 * from `shown`, the value that is there now (or empty), or from copies. OC_MISS when one is not known, unless `shown`
 * shows ids and it is for a guess. Errors: MEMORY.
 */
oc_status render_value(const struct page *page, const struct shape_node *node, oc_slice_t value, oc_slice_t shown,
                       uint32_t level, enum replay_mode mode, oc_buffer_t *out);

/* Whether what a relation shows are ids; where documents were to be shown, their reader may not see them. */
bool render_shows_ids(bool polymorphic, oc_slice_t shown);

/* Whether a localized field with that value may show what it has in another locale. */
bool render_may_fall_back(oc_slice_t value);

/*
 * Appends the operation's document as the page's query shows it among its own. OC_MISS when not enough is known; exact:
 * also when it does not have the members that the page's documents have. Errors: MEMORY.
 */
oc_status render_document(struct page *page, const struct operation *operation, enum replay_mode mode,
                          oc_buffer_t *out);

/*
 * Appends the operation's document as a join shows it among `others` (of oc_slice_t): a document at `level`, or its id
 * where that is past the query's depth. OC_MISS when not enough is known; exact: also when it does not have the members
 * that the page's other documents like it have. Errors: MEMORY.
 */
oc_status render_joined(struct page *page, const struct operation *operation, uint32_t level, const oc_buffer_t *others,
                        enum replay_mode mode, oc_buffer_t *out);

#endif
