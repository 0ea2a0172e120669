/*
 * page.h: a value that is being changed: its bytes, and where the documents lie in them.
 *
 * Memory outside the arena; needs no lock. Slices of the bytes are good until the next change of the page.
 */
#ifndef PAGE_H
#define PAGE_H

#include "document.h"
#include "operation.h"

struct copies;

/* A document as it is named: by collection, and by id as text. */
struct named {
  uint64_t document; /* hash_document of its tag */
  int32_t shape;     /* -1: the collection has none */
  oc_slice_t id;
};

struct page {
  oc_buffer_t bytes;         /* the value */
  oc_buffer_t spans;         /* of struct span */
  const struct query *query; /* NULL: nothing is known of it */
  const struct shapes *shapes;
  struct copies *copies;    /* of documents that may come in, or NULL */
  oc_buffer_t tops;         /* of uint32_t: scratch of page_tops */
  oc_buffer_t earlier;      /* of const struct operation *: those that were laid over it */
  bool fragment;            /* a document out of an answer to the query, which decides on no membership */
  const struct page *whole; /* of a fragment: the page that it may come into; NULL: none */
  bool entered;             /* it shows, or names, documents that it may not have before */
  bool joined;              /* likewise, but as the operation says them that they came with */
};

void page_free(struct page *page);

static inline uint32_t page_span_count(const struct page *page) {
  return (uint32_t)(page->spans.len / sizeof(struct span));
}
static inline struct span *page_span(const struct page *page, uint32_t index) {
  return (struct span *)(void *)page->spans.data + index;
}
static inline oc_slice_t page_slice(const struct page *page, const struct span *span) {
  return (oc_slice_t){page->bytes.data + span->start, span->len};
}
static inline size_t page_offset(const struct page *page, oc_slice_t slice) {
  return (size_t)(slice.data - page->bytes.data);
}
/* A document's id as JSON: text with its quotes. */
static inline oc_slice_t page_id_text(const struct page *page, const struct span *span) {
  const char *id = page->bytes.data + span->id_at;
  bool quoted = id[-1] == '"';
  return (oc_slice_t){id - quoted, span->id_len + 2 * (size_t)quoted};
}
/* Puts what says which document follows: `index`, its place among the query's own, and its id, with commas. */
void page_put_place(const struct page *page, const struct span *span, uint32_t index, oc_buffer_t *out, size_t *need);
/* The hash only sorts out other documents: of texts chosen to collide, collection and id tell which is which. */
static inline bool page_shows(const struct page *page, const struct span *span, struct named named) {
  return span->document == named.document && span->shape == named.shape &&
         (span->id_len == 0 || json_decodes_to((oc_slice_t){page->bytes.data + span->id_at, span->id_len}, named.id));
}

/*
 * Replaces bytes [at, at + old). Spans inside go with their bytes, those around and behind follow. Errors: MEMORY
 * (nothing changed).
 */
oc_status page_replace(struct page *page, size_t at, size_t old, oc_slice_t value);
/* Adds spans of what now lies at `at`; their places are relative to it, and so are their levels to `level`. */
oc_status page_add_spans(struct page *page, size_t at, const struct span *spans, uint32_t count, uint32_t level);
/* Finds the spans in the document of a span anew. Errors: MEMORY. */
oc_status page_find_spans(struct page *page, uint32_t span);
/* Takes the element at [at, at + len) out of its array. */
oc_status page_take_element(struct page *page, size_t at, size_t len);
/*
 * The indices of the spans of the query's own documents, in the page's order. Good until the next change. Errors:
 * MEMORY.
 */
oc_status page_tops(struct page *page, const uint32_t **tops, uint32_t *count);

/* The operations on the document of `operation` that were laid over it; the last for `after` NULL, then back in time. */
const struct operation *page_earlier(const struct page *page, const struct operation *operation,
                                     const struct operation *after);

/* ---- The documents of a find ---- */

/* Takes the document of a span of the query's own out of `docs`. */
oc_status page_take_out(struct page *page, uint32_t span);
/* Puts a document before that of `span`; UINT32_MAX: at the end. `spans`: its own, relative to it and to level 0. */
oc_status page_put_in(struct page *page, uint32_t span, oc_slice_t document, const struct span *spans, uint32_t count);

/* A member of the answer that is not one of its documents. False when it is not there. Costs no walk of `docs`. */
bool page_member(const struct page *page, oc_slice_t name, oc_slice_t *value);
oc_status page_set_member(struct page *page, oc_slice_t name, oc_slice_t value);

#endif
