/*
 * operation.h: what a mutation does to a document, compiled to blocks without pointers that lie in the arena.
 *
 * A list of operations is one block after the other, each aligned to 8 bytes.
 */
#ifndef OPERATION_H
#define OPERATION_H

#include "buffer.h"
#include "json.h"

enum operation_type { OPERATION_UPDATE = 1, OPERATION_CREATE, OPERATION_DELETE, OPERATION_INVALIDATE };

/* Whether the document had the member before, which tells a deselected member from one that only now came to be. */
enum operation_presence { PRESENCE_UNKNOWN, PRESENCE_BEFORE, PRESENCE_NEW };

struct operation_member {
  uint32_t name_at, name_len, value_at, value_len; /* from the start of the operation; names as between quotes */
  uint32_t presence;
};

struct operation_tag {
  uint32_t at, len;
};

struct operation {
  uint32_t size; /* of the block, padding included */
  uint8_t type;
  uint8_t has_data;
  uint16_t collection_len;
  uint64_t document;                  /* hash_document of its tag, or 0 when the id is not known */
  uint32_t tag_at, tag_len;           /* "collection:id", or "collection" when the id is not known */
  uint32_t text_at, text_len;         /* the operation's own JSON */
  uint32_t data_at, data_len;         /* in the text, like the next three; 0 long where there is none */
  uint32_t previous_at, previous_len; /* the document before, at depth 0 */
  uint32_t doc_at, doc_len;           /* the document after, at depth 0 */
  uint32_t repeated;                  /* the same mutation has created, or deleted, the document before */
  uint32_t locale_at, locale_len;     /* that data is in; without one, the default one */
  uint32_t members_at, member_count;  /* struct operation_member: the members of data */
  uint32_t tags_at, tag_count;        /* struct operation_tag: of an invalidate */
};

struct operation_limits {
  uint32_t count, bytes, json_depth, tag_bytes;
};

/*
 * Appends the blocks of a JSON array of operations to `out`. Errors: OPERATION, LIMIT_OPERATIONS, LIMIT_BYTES, JSON*,
 * UTF8, TAG_SIZE, MEMORY.
 */
oc_status operations_compile(oc_slice_t text, const struct operation_limits *limits, oc_buffer_t *out,
                             oc_error_t *error);

/* Steps through a list: the first for `previous` NULL; NULL at the end. */
const struct operation *operation_next(const void *list, size_t size, const struct operation *previous);

static inline oc_slice_t operation_slice(const struct operation *operation, uint32_t at, uint32_t len) {
  return (oc_slice_t){(const char *)operation + at, len};
}
static inline oc_slice_t operation_text(const struct operation *operation) {
  return operation_slice(operation, operation->text_at, operation->text_len);
}
static inline oc_slice_t operation_data(const struct operation *operation) {
  return operation_slice(operation, operation->data_at, operation->data_len);
}
static inline oc_slice_t operation_previous(const struct operation *operation) {
  return operation_slice(operation, operation->previous_at, operation->previous_len);
}
static inline oc_slice_t operation_doc(const struct operation *operation) {
  return operation_slice(operation, operation->doc_at, operation->doc_len);
}
static inline oc_slice_t operation_locale(const struct operation *operation) {
  return operation_slice(operation, operation->locale_at, operation->locale_len);
}
/* "collection:id"; without an id the collection. */
static inline oc_slice_t operation_document_tag(const struct operation *operation) {
  return operation_slice(operation, operation->tag_at, operation->tag_len);
}
static inline oc_slice_t operation_collection(const struct operation *operation) {
  return operation_slice(operation, operation->tag_at, operation->collection_len);
}
/* The id as text, its escapes decoded. Empty when it is not known. */
static inline oc_slice_t operation_id(const struct operation *operation) {
  if (!operation->document) return (oc_slice_t){NULL, 0};
  return operation_slice(operation, operation->tag_at + operation->collection_len + 1,
                         operation->tag_len - operation->collection_len - 1);
}
static inline const struct operation_member *operation_members(const struct operation *operation) {
  return (const struct operation_member *)(const void *)((const char *)operation + operation->members_at);
}
static inline const struct operation_tag *operation_tags(const struct operation *operation) {
  return (const struct operation_tag *)(const void *)((const char *)operation + operation->tags_at);
}
/* Whether both are about one known document. */
bool operation_same_document(const struct operation *a, const struct operation *b);

#endif
