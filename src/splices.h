/*
 * splices.h: what updates change in a value, as places in its bytes and what comes there.
 *
 * Allocates nothing, so that it can be used on what lies in the arena, with the lock held.
 */
#ifndef SPLICES_H
#define SPLICES_H

#include "subject.h"

enum { SPLICES_MOST = 64 };

struct splice {
  uint32_t at, len;       /* of the old bytes, in the value */
  uint32_t span, index;   /* of the document; of the query's own one that it is, or lies in, among them */
  oc_slice_t name, value; /* of the member; in the operation */
};

struct splices {
  struct splice list[SPLICES_MOST];
  uint32_t count;
  bool within; /* some are in a document that another one shows */
};

/*
 * Finds what the operations of the subjects change in a value. OC_MISS when one of the members is not just replaced, or
 * there are too many: replay.h has the rules.
 */
oc_status splices_find(struct splices *splices, const struct page *whole, const struct subjects *subjects);
/*
 * Fills `out` with the value as it becomes. Returns the bytes that takes; when there is no room for these, `out` is not
 * to be used.
 */
size_t splices_write(struct splices *splices, const struct page *whole, oc_buffer_t *out);
/* The same with [[index, id, member, value, …], []], when none is `within`. */
size_t splices_print(const struct splices *splices, const struct page *whole, oc_buffer_t *out);

#endif
