/*
 * subject.h: the documents that operations are about, when all they do is change members of documents where they are.
 *
 * Allocates nothing.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "render.h"

enum { SUBJECTS_MOST = 32, SUBJECT_MEMBERS_MOST = 512 /* that they change, all told */ };

struct subject {
  struct named named;
  const struct operation *operation;
};

struct subjects {
  struct subject list[SUBJECTS_MOST]; /* in the order of the operations */
  uint32_t count;
  uint64_t marks; /* a bit of each one's hash: without it a span is none of them */
};

/*
 * Finds those of lists of operations. False when one of these may do more to an answer to the query, or there are more
 * of them than should be looked for with the lock held.
 */
bool subjects_find(struct subjects *subjects, const struct query *query, const struct shapes *shapes,
                   const oc_slice_t *operations, size_t count);

static inline bool subjects_may_have(const struct subjects *subjects, const struct span *span) {
  return subjects->marks >> (span->document & 63) & 1;
}

#endif
