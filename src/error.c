/*
 * error.c: the names and sentences of statuses.
 *
 * The sentence that names the value is made where the value is known (error_set); the ones here are for those who only
 * have the number.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
  oc_status status;
  const char *code, *sentence;
} STATUSES[] = {
    {OC_OK, "OK", "done"},
    {OC_MISS, "MISS", "no entry that is known to equal what the database would answer"},
    {OC_UNCHANGED, "UNCHANGED", "the entry is still in the state that the caller knows"},
    {OC_REFUSED, "REFUSED", "not stored: a tag gained an operation after the load began, or there is no room"},
    {OC_ERR_ARGUMENT, "ERR_OPTIMISTIC_ARGUMENT", "an argument is missing or out of range"},
    {OC_ERR_MEMORY, "ERR_OPTIMISTIC_MEMORY", "the process is out of memory"},
    {OC_ERR_SYSTEM, "ERR_OPTIMISTIC_SYSTEM", "the operating system refused memory or a lock"},
    {OC_ERR_KEY_SIZE, "ERR_OPTIMISTIC_KEY_SIZE", "the key is empty or too long"},
    {OC_ERR_VALUE_SIZE, "ERR_OPTIMISTIC_VALUE_SIZE", "the value is too long"},
    {OC_ERR_TAG_SIZE, "ERR_OPTIMISTIC_TAG_SIZE", "a tag is empty or too long"},
    {OC_ERR_TAG_COUNT, "ERR_OPTIMISTIC_TAG_COUNT", "the entry has too many tags"},
    {OC_ERR_UTF8, "ERR_OPTIMISTIC_UTF8", "the text is not UTF-8"},
    {OC_ERR_JSON, "ERR_OPTIMISTIC_JSON", "the text is not JSON"},
    {OC_ERR_JSON_DEPTH, "ERR_OPTIMISTIC_JSON_DEPTH", "the JSON is nested too deep"},
    {OC_ERR_JSON_NUL, "ERR_OPTIMISTIC_JSON_NUL", "the JSON holds an escaped NUL"},
    {OC_ERR_JSON_SURROGATE, "ERR_OPTIMISTIC_JSON_SURROGATE", "the JSON holds half of a surrogate pair"},
    {OC_ERR_QUERY, "ERR_OPTIMISTIC_QUERY", "the query description is not one"},
    {OC_ERR_OPERATION, "ERR_OPTIMISTIC_OPERATION", "the operation is not one"},
    {OC_ERR_SHAPES, "ERR_OPTIMISTIC_SHAPES", "the shapes are not shapes"},
    {OC_ERR_TOKEN_UNKNOWN, "ERR_OPTIMISTIC_TOKEN_UNKNOWN", "no mutation of this token and principal is known"},
    {OC_ERR_TOKEN_SETTLED, "ERR_OPTIMISTIC_TOKEN_SETTLED", "the mutation is settled already"},
    {OC_ERR_TOKEN_PENDING, "ERR_OPTIMISTIC_TOKEN_PENDING", "the mutation was begun already"},
    {OC_ERR_LIMIT_MUTATIONS, "ERR_OPTIMISTIC_LIMIT_MUTATIONS", "the principal has too many pending mutations"},
    {OC_ERR_LIMIT_OPERATIONS, "ERR_OPTIMISTIC_LIMIT_OPERATIONS", "the mutation has too many operations"},
    {OC_ERR_LIMIT_BYTES, "ERR_OPTIMISTIC_LIMIT_BYTES", "the mutation's operations are too long"},
    {OC_ERR_FULL, "ERR_OPTIMISTIC_FULL", "the cache is full of pending mutations"},
    {OC_ERR_FOREIGN, "ERR_OPTIMISTIC_FOREIGN", "the memory is another user's, open to others, or no regular file"},
    {OC_ERR_DIFFERS, "ERR_OPTIMISTIC_DIFFERS", "other processes have it open with another layout or size"},
    {OC_ERR_SPACE, "ERR_OPTIMISTIC_SPACE", "there is not enough room for the arena"},
};

enum { STATUS_COUNT = sizeof STATUSES / sizeof *STATUSES };

const char *oc_code(oc_status status) {
  for (size_t i = 0; i < STATUS_COUNT; i++)
    if (STATUSES[i].status == status) return STATUSES[i].code;
  return "ERR_OPTIMISTIC_UNKNOWN";
}

const char *oc_strerror(oc_status status) {
  for (size_t i = 0; i < STATUS_COUNT; i++)
    if (STATUSES[i].status == status) return STATUSES[i].sentence;
  return "unknown status";
}

oc_status error_set(oc_error_t *error, oc_status status, const char *format, ...) {
  if (!error) return status;
  error->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return status;
}
