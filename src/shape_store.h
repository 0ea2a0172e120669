/*
 * shape_store.h: the text of the shapes, in the arena, for every process to compile for itself.
 *
 * It lies outside of what a reset lays out anew. All functions but shape_store_serial need the lock.
 */
#ifndef SHAPE_STORE_H
#define SHAPE_STORE_H

#include "arena.h"

/* Bytes that it takes in an arena of that size; it begins right behind the header. */
uint64_t shape_store_bytes(uint64_t arena_size);
/* The longest text that it takes there. */
uint64_t shape_store_most(uint64_t arena_size);

/* 0 when no shapes were ever given: then the text is empty. Moves with each replacement. */
uint32_t shape_store_serial(const struct arena *arena);
oc_slice_t shape_store_text_locked(const struct arena *arena);
/* False when the text is longer than shape_store_most. */
bool shape_store_put_locked(struct arena *arena, oc_slice_t text);

#endif
