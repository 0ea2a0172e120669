/*
 * mapping.h: the memory an arena lives in, and, when it has a file behind it, who else has it open.
 *
 * Three kinds: memory of this process alone; a named region of shared memory; a file. The last two differ in where
 * their name leads and in nothing else. mapping.c holds what every system has, mapping_linux.c what needs files,
 * flock(2) and locks of open file descriptions, and mapping_portable.c refuses the latter elsewhere.
 *
 * The gate is a lock on the whole file: whoever opens or closes it is alone in doing so. A claim is a lock on one byte
 * of it, held by a process for as long as it has the arena open; the kernel gives both up when the process dies,
 * whatever it died of. They belong to the open file description, which a child of fork(2) shares and would keep its
 * parent alive with in the eyes of others; so it does not get the memory, and forsakes the file at once (api_open.c).
 *
 * Not for several threads at once on one mapping, but for mapping_is_claimed.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include "optimistic_cache.h"

struct mapping {
  char *base; /* NULL until it is mapped */
  uint64_t size;
  oc_memory kind;
  int fd;      /* -1 when it is private */
  char *place; /* path, or name of the region; malloc'd, NULL when it is private */
};

/* Anonymous memory. Errors: SYSTEM, with errno. */
oc_status mapping_private(struct mapping *mapping, uint64_t size);

/*
 * Opens the region of that name (of this user) or the file, or makes an empty one, and closes the gate behind itself.
 * Nothing is mapped yet. Refuses what is not a regular file, belongs to another user, or may be opened by others.
 * Errors: MEMORY, FOREIGN, SYSTEM.
 */
oc_status mapping_open(struct mapping *mapping, oc_memory kind, oc_slice_t place, oc_error_t *error);
void mapping_close_gate(const struct mapping *mapping);
void mapping_open_gate(const struct mapping *mapping);

/* Bytes of the file. */
uint64_t mapping_file_size(const struct mapping *mapping);
/* Reads from the start of the file, before it is mapped; false when it is shorter than that. */
bool mapping_peek(const struct mapping *mapping, void *out, size_t size);
/*
 * Empties the file and reserves `size` bytes of zeroes, so that no later access can fail for want of space. Errors:
 * SPACE, SYSTEM; the file is empty then.
 */
oc_status mapping_reserve(const struct mapping *mapping, uint64_t size, oc_error_t *error);
/* Errors: SYSTEM. */
oc_status mapping_map(struct mapping *mapping, uint64_t size, oc_error_t *error);
/* Takes the mapping back; the file stays open. */
void mapping_unmap(struct mapping *mapping);
/*
 * Gives a file that is not ours another name, place + ".set-aside", and opens a new empty one, with the gate closed.
 * Errors: FOREIGN when there is one of that name already; SYSTEM.
 */
oc_status mapping_set_aside(struct mapping *mapping, oc_error_t *error);
/* Takes the name away; who has it open keeps it. */
void mapping_discard(const struct mapping *mapping);
/* In a child of fork(2): lets go of what it shares with its parent, who keeps its claims. Async-signal-safe. */
void mapping_forsake(struct mapping *mapping);
/* Unmaps, gives up claims and gate, frees. */
void mapping_close(struct mapping *mapping);

/* False when another process has claimed that byte. */
bool mapping_claim(const struct mapping *mapping, uint32_t slot);
void mapping_give_up(const struct mapping *mapping, uint32_t slot);
/* Whether another opening of the file (in whatever process) has claimed one of `count` bytes from `slot` on. */
bool mapping_is_claimed(const struct mapping *mapping, uint32_t slot, uint32_t count);

/* What the machine calls the time since it was last booted; "" when it does not say. At most 39 bytes and a NUL. */
void mapping_boot_id(char id[40]);

#endif
