/*
 * functions.h: the functions of the addon. Each converts its arguments, calls the function of optimistic_cache.h whose
 * name it has, and converts what that says; lib/cache/native.js lists them with their types.
 */
#ifndef OPTIMISTIC_CACHE_ADDON_FUNCTIONS_H
#define OPTIMISTIC_CACHE_ADDON_FUNCTIONS_H

#include <napi.h>

#include "optimistic_cache.h"

namespace optimistic_cache {

// What an environment (the main thread, or one worker) has of its own.
class Instance {
 public:
  ~Instance() { oc_buffer_free(&scratch_); }

  // Where the core writes its answers, kept from call to call. Valid until the next Release.
  oc_buffer_t* Scratch() { return &scratch_; }
  // Call when the answer has been copied: one huge answer must not stay for ever.
  void Release() {
    constexpr size_t kKept = 1 << 20;
    if (scratch_.cap > kKept) oc_buffer_free(&scratch_);
  }

 private:
  oc_buffer_t scratch_ = {};
};

void DefineCacheFunctions(Napi::Env env, Napi::Object exports);
void DefineEntryFunctions(Napi::Env env, Napi::Object exports);
void DefineMutationFunctions(Napi::Env env, Napi::Object exports);
void DefineViewFunctions(Napi::Env env, Napi::Object exports);

// Versions, sizes and times stay far below 2^53, where a double is exact.
inline Napi::Number NumberOf(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

inline Napi::String TextOf(Napi::Env env, const oc_buffer_t& buffer) {
  return Napi::String::New(env, buffer.len == 0 ? "" : buffer.data, buffer.len);
}

}  // namespace optimistic_cache

#endif
