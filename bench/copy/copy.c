/*
 * copy.c: what any addon pays that answers with bytes of its own: one call and one copy into a new Buffer. `keep(bytes)`
 * takes a copy, `copy()` gives one. Not thread-safe; nothing is ever freed.
 */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

static void *kept;
static size_t kept_len;

static napi_value keep(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  void *bytes = NULL;
  size_t len = 0;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      napi_get_buffer_info(env, argument, &bytes, &len) != napi_ok) {
    napi_throw_type_error(env, NULL, "keep takes a Buffer");
    return NULL;
  }
  void *copy = malloc(len > 0 ? len : 1);
  if (copy == NULL) {
    napi_throw_error(env, NULL, "no memory");
    return NULL;
  }
  memcpy(copy, bytes, len);
  kept = copy;
  kept_len = len;
  return NULL;
}

static napi_value copy(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value buffer = NULL;
  if (napi_create_buffer_copy(env, kept_len, kept, NULL, &buffer) != napi_ok) {
    napi_throw_error(env, NULL, "no Buffer");
    return NULL;
  }
  return buffer;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "keep", .method = keep, .attributes = napi_default},
      {.utf8name = "copy", .method = copy, .attributes = napi_default},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions) != napi_ok) return NULL;
  return exports;
}
