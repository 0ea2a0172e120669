/*
 * portable.c: what a cache says where only src/mapping_portable.c works.
 */
#include <criterion/criterion.h>

#include "optimistic_cache.h"

#define S(text) ((oc_slice_t){(text), strlen(text)})

static void refuses(oc_memory memory) {
  oc_options_t options = {.name = S("cache"), .memory = memory, .file = S("/tmp/cache"), .max_bytes = 1 << 20};
  oc_cache_t *cache = NULL;
  oc_error_t error = {0};
  cr_assert(oc_open(&options, &cache, &error) == OC_ERR_SYSTEM);
  cr_assert(cache == NULL);
  cr_assert(strstr(error.message, "only memory 'private' works on this system") != NULL);
}

Test(portable, shared_memory_is_refused) { refuses(OC_SHARED); }

Test(portable, a_file_is_refused) { refuses(OC_FILE); }
