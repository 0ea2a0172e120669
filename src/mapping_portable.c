/*
 * mapping_portable.c: in the place of mapping_linux.c where there are no locks of open file descriptions, or no robust
 * mutexes: a process that dies there in the middle would leave the others waiting for ever. So memory is private.
 */
#define _DEFAULT_SOURCE
#include "mapping.h"

#include <string.h>
#include <sys/mman.h>

#include "error.h"

oc_status mapping_open(struct mapping *mapping, oc_memory kind, oc_slice_t place, oc_error_t *error) {
  (void)kind;
  (void)place;
  *mapping = (struct mapping){.fd = -1};
  return error_set(error, OC_ERR_SYSTEM,
                   "only memory 'private' works on this system: it has no locks that survive the "
                   "death of a process; run on Linux to share a cache");
}

void mapping_close(struct mapping *mapping) {
  mapping_unmap(mapping);
  *mapping = (struct mapping){.fd = -1};
}

/* A private mapping has no gate, no file and no claims, and no other kind is ever open. */
void mapping_close_gate(const struct mapping *mapping) { (void)mapping; }
void mapping_open_gate(const struct mapping *mapping) { (void)mapping; }
void mapping_discard(const struct mapping *mapping) { (void)mapping; }
void mapping_boot_id(char id[40]) { memset(id, 0, 40); }

uint64_t mapping_file_size(const struct mapping *mapping) {
  (void)mapping;
  return 0;
}

bool mapping_peek(const struct mapping *mapping, void *out, size_t size) {
  (void)mapping;
  (void)out;
  (void)size;
  return false;
}

oc_status mapping_reserve(const struct mapping *mapping, uint64_t size, oc_error_t *error) {
  (void)mapping;
  (void)size;
  return error_set(error, OC_ERR_SYSTEM, "only memory 'private' works on this system");
}

oc_status mapping_map(struct mapping *mapping, uint64_t size, oc_error_t *error) {
  (void)mapping;
  (void)size;
  return error_set(error, OC_ERR_SYSTEM, "only memory 'private' works on this system");
}

oc_status mapping_set_aside(struct mapping *mapping, oc_error_t *error) {
  (void)mapping;
  return error_set(error, OC_ERR_SYSTEM, "only memory 'private' works on this system");
}

bool mapping_claim(const struct mapping *mapping, uint32_t slot) {
  (void)mapping;
  (void)slot;
  return true;
}

void mapping_give_up(const struct mapping *mapping, uint32_t slot) {
  (void)mapping;
  (void)slot;
}

bool mapping_is_claimed(const struct mapping *mapping, uint32_t slot, uint32_t count) {
  (void)mapping;
  (void)slot;
  (void)count;
  return false;
}
