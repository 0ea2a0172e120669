/*
 * api_mutations.c: which mutations are pending, which were settled lately, and what they touch.
 *
 * As with the list of entries, they are picked first, by their tokens, and then looked up and printed, some at a time,
 * into memory that was there before.
 */
#include <stdlib.h>
#include <string.h>

#include "cache.h"

enum {
  LIMIT_DEFAULT = 100,
  LIMIT_MOST = 1000,
  FIRST_BUFFER = 64 << 10,
  PRINTED_AT_ONCE = 8, /* under one hold of the lock */
  DOCUMENTS_MOST = 16, /* told of one mutation … */
  ENTRIES_MOST = 100   /* … and entries counted of one document */
};

struct picks {
  uint32_t count;
  oc_token_t tokens[LIMIT_MOST];
};

typedef void (*document_visitor)(void *context, oc_slice_t tag);

static void visit_documents(oc_slice_t operations, document_visitor visit, void *context) {
  const struct operation *operation = NULL;
  while ((operation = operation_next(operations.data, operations.len, operation))) {
    for (uint32_t i = 0; i < operation->tag_count; i++) {
      const struct operation_tag *tag = operation_tags(operation) + i;
      visit(context, operation_slice(operation, tag->at, tag->len));
    }
    if (operation->type != OPERATION_INVALIDATE) visit(context, operation_document_tag(operation));
  }
}

static void add_printed_most(void *context, oc_slice_t tag) { *(size_t *)context += tag.len * 6 + 32; }

/* An upper bound of what print_mutation appends. */
static size_t printed_most(struct arena *arena, const struct mutation *mutation) {
  size_t most = 320 + (size_t)mutation->reason_len * 6 + mutation_principal(arena, mutation).len * 6;
  visit_documents(mutation_known_operations_locked(arena, mutation), add_printed_most, &most);
  return most;
}

static uint32_t count_entries(struct arena *arena, oc_slice_t name) {
  uint32_t count = 0, tag = tag_find_locked(arena, name);
  for (struct tag_place place = {0}; tag && count < ENTRIES_MOST; count++)
    if (!reference_next_locked(arena, tag, &place)) break;
  return count;
}

struct printing {
  struct arena *arena;
  oc_buffer_t *out;
  uint32_t count;
};

/* The room was made before, so none of these can fail. */
static void print_document(void *context, oc_slice_t tag) {
  struct printing *printing = context;
  if (printing->count++ >= DOCUMENTS_MOST) return;
  (void)buffer_print(printing->out, "%s{\"tag\":", printing->count > 1 ? "," : "");
  (void)buffer_quote(printing->out, tag);
  (void)buffer_print(printing->out, ",\"entries\":%u}", count_entries(printing->arena, tag));
}

static const char *name_of(const struct mutation *mutation) {
  switch (mutation->state) {
  case OC_PENDING: return mutation->announced ? "announced" : "pending";
  case OC_COMMITTED: return "committed";
  case OC_ROLLED_BACK: return "rolledBack";
  default: return "expired";
  }
}

static void print_mutation(struct arena *arena, const struct mutation *mutation, oc_buffer_t *out) {
  oc_token_t token;
  char text[37];
  memcpy(&token, mutation->token, sizeof token);
  oc_token_format(token, text);
  (void)buffer_print(out, "{\"token\":\"%s\",\"state\":\"%s\",\"version\":%llu,\"deadline\":%llu,\"principal\":", text,
                     name_of(mutation), (unsigned long long)mutation->version, (unsigned long long)mutation->deadline);
  (void)buffer_quote(out, mutation_principal(arena, mutation));
  if (mutation->reason_len > 0) {
    (void)buffer_print(out, ",\"reason\":");
    (void)buffer_quote(out, (oc_slice_t){arena_at(arena, mutation->reason), mutation->reason_len});
  }
  struct printing printing = {.arena = arena, .out = out};
  (void)buffer_print(out, ",\"documents\":[");
  visit_documents(mutation_known_operations_locked(arena, mutation), print_document, &printing);
  uint32_t more = printing.count > DOCUMENTS_MOST ? printing.count - DOCUMENTS_MOST : 0;
  (void)buffer_print(out, "],\"moreDocuments\":%u}", more);
}

/* Prints picks from `*next` on; false when the buffer must grow first. */
static bool print_section_locked(struct arena *arena, const struct picks *picks, uint32_t *next, oc_buffer_t *out) {
  for (uint32_t printed = 0; *next < picks->count && printed < PRINTED_AT_ONCE; printed++, ++*next) {
    const struct mutation *mutation = mutation_find_locked(arena, picks->tokens[*next]);
    if (!mutation) continue;
    if (out->cap - out->len < printed_most(arena, mutation) + 1) return false;
    if (out->len > 1) (void)buffer_append(out, ",", 1);
    print_mutation(arena, mutation, out);
  }
  return true;
}

static oc_status print_picks(struct arena *arena, const struct picks *picks, oc_buffer_t *out) {
  oc_status status = buffer_reserve(out, FIRST_BUFFER);
  if (status == OC_OK) status = buffer_append(out, "[", 1);
  for (uint32_t next = 0; status == OC_OK && next < picks->count;) {
    arena_lock(arena);
    bool fits = print_section_locked(arena, picks, &next, out);
    arena_unlock(arena);
    if (!fits) status = buffer_reserve(out, out->cap * 2);
  }
  return status == OC_OK ? buffer_append(out, "]", 1) : status;
}

oc_status oc_mutations(oc_cache_t *cache, uint32_t limit, oc_buffer_t *out, oc_error_t *error) {
  if (!cache || !out) return error_set(error, OC_ERR_ARGUMENT, "out must be given");
  if (limit > LIMIT_MOST)
    return error_set(error, OC_ERR_ARGUMENT, "limit may be %d mutations, not %u", LIMIT_MOST, limit);
  struct picks *picks = calloc(1, sizeof *picks);
  out->len = 0;
  oc_status status = picks ? OC_OK : OC_ERR_MEMORY;
  if (status == OC_OK) {
    arena_lock(&cache->arena);
    picks->count = mutation_recent_locked(&cache->arena, picks->tokens, limit ? limit : LIMIT_DEFAULT);
    arena_unlock(&cache->arena);
    status = print_picks(&cache->arena, picks, out);
  }
  free(picks);
  return status == OC_OK ? OC_OK : error_set(error, status, "no memory for the list of mutations");
}
