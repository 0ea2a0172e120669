/*
 * functions.h: the functions of the addon. Each converts its arguments, calls the function of optimistic_cache.h whose
 * name it has, and converts what that says; lib/cache/native.js lists them with their types.
 */
#ifndef OPTIMISTIC_CACHE_ADDON_FUNCTIONS_H
#define OPTIMISTIC_CACHE_ADDON_FUNCTIONS_H

#include <napi.h>

#include "arguments.h"
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
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // What is known of the last answer, or of the last view that was opened, as `hit` of the module's exports; making an
  // object of it would cost more than the answer.
  Napi::Float64Array Hit() const { return hit_.Value(); }
  void Note(const oc_hit_t& hit) {
    hit_fields_[0] = static_cast<double>(hit.version);
    hit_fields_[1] = static_cast<double>(hit.stamp);
    hit_fields_[2] = static_cast<double>(hit.expires_at);
    hit_fields_[3] = (hit.stale ? kStale : 0) | (hit.overlaid ? kOverlaid : 0) |
                     (hit.form == OC_CHANGES ? kChanges : 0) | (hit.beneath ? kBeneath : 0);
  }
  void Note(const oc_view_info_t& view) {
    hit_fields_[0] = static_cast<double>(view.version);
    hit_fields_[1] = view.pending;
  }

 private:
  friend class Answer;
  enum { kHitFields = 4, kStale = 1, kOverlaid = 2, kChanges = 4, kBeneath = 8 };

  Napi::Reference<Napi::Float64Array> hit_;
  double* hit_fields_;
  oc_buffer_t scratch_ = {};
};

// Where the core writes its answer to one call: memory that is kept from call to call, but for huge ones.
class Answer {
 public:
  explicit Answer(Napi::Env env) : env_(env), scratch_(&env.GetInstanceData<Instance>()->scratch_) {}
  ~Answer() {
    constexpr size_t kKept = 1 << 20;
    if (scratch_->cap > kKept) oc_buffer_free(scratch_);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  oc_buffer_t* Out() { return scratch_; }
  Napi::String Text() const { return TextOf(env_, *scratch_); }
  Napi::Value Bytes() const { return Napi::Buffer<char>::Copy(env_, scratch_->data, scratch_->len); }

 private:
  Napi::Env env_;
  oc_buffer_t* scratch_;
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
