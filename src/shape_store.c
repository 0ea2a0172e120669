/*
 * shape_store.c: two halves, of which the serial's last bit names the one that counts.
 *
 *   header │ text of even serials │ text of odd serials │ tables …
 *
 * A new text goes into the other half, and the serial is written last: a process that dies on the way leaves the old
 * shapes whole. That is why they are not kept in the allocator's pool, which a reset empties: without shapes nothing
 * can be replayed, and nobody would give them again before the next deployment.
 */
#include "shape_store.h"

#include <string.h>

enum { LEAST = 16 << 10, MOST = 1 << 20 };

static oc_off half_at(const struct arena *arena, uint32_t serial) {
  uint64_t start = (sizeof(struct arena_header) + 15) & ~(uint64_t)15;
  return start + (serial & 1) * shape_store_most(arena_header(arena)->identity.size);
}

uint64_t shape_store_most(uint64_t arena_size) {
  uint64_t part = (arena_size / 64) & ~(uint64_t)15;
  return part < LEAST ? LEAST : part > MOST ? MOST : part;
}

uint64_t shape_store_bytes(uint64_t arena_size) { return 16 + 2 * shape_store_most(arena_size); }

uint32_t shape_store_serial(const struct arena *arena) {
  return __atomic_load_n(&arena_header(arena)->shapes_serial, __ATOMIC_ACQUIRE);
}

oc_slice_t shape_store_text_locked(const struct arena *arena) {
  const struct arena_header *header = arena_header(arena);
  return (oc_slice_t){arena_at(arena, half_at(arena, header->shapes_serial)),
                      header->shapes_len[header->shapes_serial & 1]};
}

bool shape_store_put_locked(struct arena *arena, oc_slice_t text) {
  struct arena_header *header = arena_header(arena);
  if (text.len > shape_store_most(header->identity.size)) return false;
  uint32_t next = header->shapes_serial + 1;
  memcpy(arena_at(arena, half_at(arena, next)), text.data, text.len);
  header->shapes_len[next & 1] = (uint32_t)text.len;
  __atomic_store_n(&header->shapes_serial, next, __ATOMIC_RELEASE);
  return true;
}
