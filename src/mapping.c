/*
 * mapping.c: what needs no file: memory of this process alone, and giving memory back.
 *
 * Threads share it and nobody else does, so that no name, no file and no claim is needed: as long as anybody looks at
 * it, its one process is alive.
 */
#define _DEFAULT_SOURCE
#include "mapping.h"

#include <sys/mman.h>
#include <unistd.h>

oc_status mapping_private(struct mapping *mapping, uint64_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return OC_ERR_SYSTEM;
  *mapping = (struct mapping){.base = base, .size = size, .kind = OC_PRIVATE, .fd = -1};
  return OC_OK;
}

void mapping_unmap(struct mapping *mapping) {
  if (mapping->base) munmap(mapping->base, mapping->size);
  mapping->base = NULL;
}

void mapping_forsake(struct mapping *mapping) {
  if (mapping->fd >= 0) close(mapping->fd);
  mapping->fd = -1;
}
