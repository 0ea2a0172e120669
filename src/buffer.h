/* buffer.h: growable memory outside the arena. */
#ifndef BUFFER_H
#define BUFFER_H

#include "optimistic_cache.h"

/* Makes room for `cap` bytes in all; what is in it stays. Errors: MEMORY (nothing changed). */
oc_status buffer_reserve(oc_buffer_t *buffer, size_t cap);
/* Errors: MEMORY (nothing appended). */
oc_status buffer_append(oc_buffer_t *buffer, const void *data, size_t len);
oc_status buffer_print(oc_buffer_t *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends its decimal digits. */
oc_status buffer_digits(oc_buffer_t *buffer, uint64_t number);
/*
 * Appends it if there is room, and counts its bytes in any case: `need` is what all of it takes. For where nothing may
 * be allocated.
 */
void buffer_put(oc_buffer_t *buffer, size_t *need, oc_slice_t text);
void buffer_put_digits(oc_buffer_t *buffer, size_t *need, uint32_t number);
/* Appends `text` as a JSON string, quotes included. */
oc_status buffer_quote(oc_buffer_t *buffer, oc_slice_t text);

#endif
