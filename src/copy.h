/*
 * copy.h: documents as other answers show them, for pages that they come into.
 *
 * Memory outside the arena; needs no lock.
 */
#ifndef COPY_H
#define COPY_H

#include "page.h"

struct copy {
  struct page page;  /* the document alone; its first span; `query` is that of the answer it comes from */
  oc_buffer_t query; /* what page.query points to */
};

struct copies {
  oc_buffer_t list; /* of struct copy, the newest first */
};

void copies_free(struct copies *copies);

static inline uint32_t copies_count(const struct copies *copies) {
  return copies ? (uint32_t)(copies->list.len / sizeof(struct copy)) : 0;
}
static inline struct copy *copies_at(const struct copies *copies, uint32_t index) {
  return (struct copy *)(void *)copies->list.data + index;
}

/*
 * Makes a copy of the document of `spans[0]`, whose places, as those of the spans in it, are of its answer. Errors:
 * MEMORY.
 */
oc_status copies_add(struct copies *copies, const char *document, const struct span *spans, uint32_t span_count,
                     const struct query *query, const struct shapes *shapes);

void copies_drop_last(struct copies *copies);
/* Keeps the documents in some bytes of a page that are going to go. Errors: MEMORY. */
oc_status copies_keep(struct page *page, size_t start, size_t len);

/* The document as answers to `query` show it; NULL when it is not known like that. */
struct copy *copies_of_top(const struct copies *copies, struct named named, const struct query *query);
/* As an answer to `query` shows it in a relation, at `level`. */
struct copy *copies_of_related(const struct copies *copies, struct named named, const struct query *query,
                               uint32_t level);
/* Whether it, or a document in it, has any. */
bool copy_has_joins(const struct copy *copy);
/* As any answer shows it; steps on from `after`, which is NULL first. */
struct copy *copies_next(const struct copies *copies, struct named named, const struct copy *after);

#endif
