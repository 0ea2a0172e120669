/*
 * list.h: a list of which something shows a page, an operation that may move a document in it, and the guess where to.
 *
 * The list is a query's, or what a join field shows of one. Memory outside the arena; needs no lock.
 */
#ifndef LIST_H
#define LIST_H

#include "render.h"

static const uint32_t NO_PLACE = UINT32_MAX;

/* What an operation does to a list. */
struct membership {
  uint32_t own;      /* which of the page's documents is the operation's; NO_PLACE: none */
  uint32_t place;    /* where it is to be among the others; NO_PLACE: not on the page */
  bool moves;        /* it is not where it was */
  bool leaves_first; /* of the others the first goes to the page before */
  bool leaves_last;  /* the last goes to the page behind */
  bool keeps;        /* later operations may name what leaves, or bring it back */
  int32_t count;     /* by how much the list grows: -1, 0 or 1 */
};

struct list {
  struct page *page;
  const struct query *query;
  const struct where *where;
  const struct operation *operation;
  struct named named;
  oc_slice_t collection;
  enum replay_mode mode;
  oc_buffer_t docs;        /* of oc_slice_t: its documents, or ids of them */
  const oc_buffer_t *seen; /* of oc_slice_t: how the page showed d before; NULL: as it does */
  oc_slice_t unwritten;    /* an object: what is known of d that the operation did not change; empty: nothing */
  uint32_t own;            /* which of them is the operation's document, d; NO_PLACE: none */
  uint32_t limit;          /* 0: all */
  uint64_t offset, total;
  bool counts;      /* it shows no documents, only their number */
  bool polymorphic; /* its documents are { relationTo, value } of several collections */
  bool more;        /* there is a page behind */
  struct known before, after;
  enum truth was, is; /* d in the list */
};

static inline uint32_t list_size(const struct list *list) { return (uint32_t)(list->docs.len / sizeof(oc_slice_t)); }
static inline uint32_t list_count_others(const struct list *list) { return list_size(list) - (list->own != NO_PLACE); }
static inline oc_slice_t list_document(const struct list *list, uint32_t index) {
  return ((const oc_slice_t *)(const void *)list->docs.data)[index];
}
static inline bool list_shows_all(const struct list *list) { return list->offset == 0 && !list->more; }

/* The document, or id, that the list shows at `index`. */
oc_slice_t list_shown(const struct list *list, uint32_t index);
/* Gathers what is known of d before and after the operation. */
void list_know(struct list *list);
/* Decides `was` and `is`. */
void list_judge(struct list *list);
bool list_keeps_its_keys(const struct list *list);
/* Where a document belongs as compared to the page's at `index`, d not counted. */
enum order list_compare(const struct list *list, const struct known *known, uint32_t index);
/* How many of the others come before d; false when that cannot be told. Of equals, a guess has it come last. */
bool list_find_place(const struct list *list, uint32_t *place);
/* For the overlay. OC_MISS: the list is to be left as it is. */
oc_status list_guess(const struct list *list, struct membership *plan);

#endif
