/*
 * document.h: where the documents lie in a value, and what the value depends on.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include "query.h"

/* A document in a value: bytes [start, start + len). */
struct span {
  uint64_t document; /* hash_document of its tag */
  uint32_t start, len;
  uint32_t id_at, id_len; /* its id as between quotes, from the start of the value; a global has none */
  int32_t shape;          /* -1: none */
  uint16_t level;         /* 0 for the query's own documents, 1 for what they show, … */
  uint16_t changed;       /* of the query's own, in an entry: see layout.h */
};

/* In which ways a value depends on a tag: a set of these. */
enum dependency_kind {
  DEPENDS_OPAQUE = 1,     /* on anything that happens to it */
  DEPENDS_COLLECTION = 2, /* on the membership of its query */
  DEPENDS_DOCUMENT = 4,   /* shows the document, or lists its id */
  DEPENDS_REFERENCE = 8   /* shows only its id: deleting it matters, changing it does not */
};

struct dependency {
  uint64_t hash;
  uint32_t name_at, name_len; /* in documents.names */
  uint32_t kinds;
};

struct documents {
  oc_buffer_t spans;        /* of struct span, in the order of their start; one inside another follows it */
  oc_buffer_t dependencies; /* of struct dependency, each tag once */
  oc_buffer_t names;
  oc_buffer_t index; /* of uint32_t: hash table of dependencies */
};

/*
 * Finds them in one pass over `value`, which is valid JSON. `query` may be NULL: then only the caller's own tags count.
 * Errors: TAG_SIZE, TAG_COUNT, UTF8, MEMORY. Free with documents_free in any case.
 */
oc_status documents_find(oc_slice_t value, const struct query *query, const struct shapes *shapes,
                         const oc_slice_t *tags, size_t tag_count, const oc_limits_t *limits,
                         struct documents *documents, oc_error_t *error);
/*
 * The same for a document at some level, below 0 of that shape: places are relative to it. Every limit is wide. Errors:
 * MEMORY.
 */
oc_status documents_find_in(oc_slice_t document, const struct query *query, const struct shapes *shapes, int32_t shape,
                            uint32_t level, struct documents *documents);
/*
 * The level of documents that a document at `level` shows in a join (NULL: in a relation). Those of a join are as deep
 * as they would be were the depth the join's own: how they are shown depends on what is left of it.
 */
uint32_t document_level_in(const struct shape_join *join, const struct query *query, uint32_t level);
/* The hash of a document's tag; 0 for one that is too long to be one. */
uint64_t document_hash(oc_slice_t collection, oc_slice_t id);
void documents_free(struct documents *documents);

static inline uint32_t documents_span_count(const struct documents *documents) {
  return (uint32_t)(documents->spans.len / sizeof(struct span));
}
static inline uint32_t documents_dependency_count(const struct documents *documents) {
  return (uint32_t)(documents->dependencies.len / sizeof(struct dependency));
}
static inline const struct dependency *documents_dependencies(const struct documents *documents) {
  return (const struct dependency *)(const void *)documents->dependencies.data;
}
static inline oc_slice_t documents_name(const struct documents *documents, const struct dependency *dependency) {
  return (oc_slice_t){documents->names.data + dependency->name_at, dependency->name_len};
}

#endif
