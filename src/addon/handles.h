/*
 * handles.h: caches and views as JavaScript objects, and who closes what when.
 *
 * A handle is a plain object with a type tag and a pointer to one of these. It is closed by close(), by the garbage
 * collector, or when its environment (the main thread, or one worker) goes away, whichever comes first; closing
 * is idempotent, and the native object lives on, closed, until its JavaScript object is collected.
 *
 * The core wants every view closed before its cache. The garbage collector promises no order, so a cache knows its
 * views and closes them first, and a view that outlives its cache only forgets it. It knows the flights that it leads
 * or waits for, too: a worker that is terminated cannot end them itself.
 *
 * A handle belongs to the thread of its environment; only the core behind it is shared.
 */
#ifndef OPTIMISTIC_CACHE_ADDON_HANDLES_H
#define OPTIMISTIC_CACHE_ADDON_HANDLES_H

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "listener.h"
#include "optimistic_cache.h"
#include "watch.h"

namespace optimistic_cache {

class ViewHandle;

class CacheHandle {
 public:
  // Takes `cache` over and returns its object, which has a property `changes`: a Uint32Array of one element over
  // oc_changes(cache), detached when the handle is closed. Empty, with an exception pending, when that fails.
  static Napi::Value Wrap(Napi::Env env, oc_cache_t* cache);
  // Null when `value` is anything else.
  static CacheHandle* From(Napi::Value value);

  bool IsOpen() const { return cache_ != nullptr; }
  oc_cache_t* Get() const { return cache_; }
  void Close();

  // Calls `callback` on this thread after events, until Unwatch. False with an exception pending when that fails.
  bool StartWatch(Napi::Function callback);
  void StopWatch() { watch_.reset(); }

  // A flight counts as this handle's from when it is begun until it is ended, or waited for no longer. What is left of
  // them is abandoned when the handle is closed.
  void NoteFlight(const oc_flight_t& flight);
  void ForgetFlight(uint64_t id);

  // Reads events of these types from now on; `callback` is called on this thread when there are some.
  bool StartListening(uint32_t types, Napi::Function callback);
  void StopListening() { listener_.reset(); }
  // Null when it does not listen.
  oc_events_t* Events() const { return listener_ ? listener_->Get() : nullptr; }

 private:
  friend class ViewHandle;
  CacheHandle(Napi::Env env, oc_cache_t* cache) : env_(env), cache_(cache) {}
  bool ExposeChanges(Napi::Object object);
  void DetachChanges();
  void AbandonFlights();

  Napi::Env env_;
  oc_cache_t* cache_;
  napi_ref changes_ = nullptr;  // weak, to the ArrayBuffer
  std::unordered_set<ViewHandle*> views_;
  std::unordered_set<uint64_t> led_;                   // flights
  std::unordered_map<uint64_t, uint32_t> waited_for_;  // flights, and how often
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Listener> listener_;
};

class ViewHandle {
 public:
  // Takes `view`, opened on `owner`, over.
  static Napi::Value Wrap(Napi::Env env, CacheHandle* owner, oc_view_t* view);
  static ViewHandle* From(Napi::Value value);

  bool IsOpen() const { return view_ != nullptr; }
  oc_view_t* Get() const { return view_; }
  const CacheHandle* Owner() const { return owner_; }
  void Close();

 private:
  ViewHandle(CacheHandle* owner, oc_view_t* view);

  CacheHandle* owner_;
  oc_view_t* view_;
};

}  // namespace optimistic_cache

#endif
