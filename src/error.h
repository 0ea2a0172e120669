/* error.h: how a function fails with a sentence. */
#ifndef ERROR_H
#define ERROR_H

#include "optimistic_cache.h"

/* Fills `error` when it is not NULL, and returns `status`. */
oc_status error_set(oc_error_t *error, oc_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
