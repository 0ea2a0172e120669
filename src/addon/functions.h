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
  explicit Instance(Napi::Env env) {
    auto hit = Napi::Float64Array::New(env, kHitFields);
    hit_fields_ = hit.Data();
    hit_ = Napi::Persistent(hit);
    hit_.SuppressDestruct();  // it goes with the environment, which is gone by then
  }
  ~Instance() { oc_buffer_free(&scratch_); }

  // What is known of the last answer, as `hit` of the module's exports; making an object of it would cost more than the
  // answer.
  Napi::Float64Array Hit() const { return hit_.Value(); }
  void Note(const oc_hit_t& hit) {
    hit_fields_[0] = static_cast<double>(hit.version);
    hit_fields_[1] = static_cast<double>(hit.stamp);
    hit_fields_[2] = static_cast<double>(hit.expires_at);
    hit_fields_[3] = (hit.stale ? kStale : 0) | (hit.overlaid ? kOverlaid : 0);
  }

  // Where the core writes its answers, kept from call to call. Valid until the next Release.
  oc_buffer_t* Scratch() { return &scratch_; }
  // Call when the answer has been copied: one huge answer must not stay for ever.
  void Release() {
    constexpr size_t kKept = 1 << 20;
    if (scratch_.cap > kKept) oc_buffer_free(&scratch_);
  }

 private:
  enum { kHitFields = 4, kStale = 1, kOverlaid = 2 };

  Napi::Reference<Napi::Float64Array> hit_;
  double* hit_fields_;
  oc_buffer_t scratch_ = {};
};

void DefineCacheFunctions(Napi::Env env, Napi::Object exports);
void DefineEntryFunctions(Napi::Env env, Napi::Object exports);
void DefineFlightFunctions(Napi::Env env, Napi::Object exports);
void DefineMutationFunctions(Napi::Env env, Napi::Object exports);
void DefineViewFunctions(Napi::Env env, Napi::Object exports);
void DefineEventFunctions(Napi::Env env, Napi::Object exports);

// Versions, sizes and times stay far below 2^53, where a double is exact.
inline Napi::Number NumberOf(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

}  // namespace optimistic_cache

#endif
