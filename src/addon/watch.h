/*
 * watch.h: events of the core, brought to one JavaScript thread.
 *
 * The core calls its watchers on whatever thread began or settled something. A thread-safe function with a queue of one
 * carries that over: while a wake-up is queued, further events are dropped, because the callback looks at the
 * state itself. It never keeps a loop alive; whoever waits has a timer for that.
 */
#ifndef OPTIMISTIC_CACHE_ADDON_WATCH_H
#define OPTIMISTIC_CACHE_ADDON_WATCH_H

#include <napi.h>

#include <memory>

#include "optimistic_cache.h"

namespace optimistic_cache {

class Watch {
 public:
  // Null, with an exception pending, when it fails. Destroy it before `cache` is closed.
  static std::unique_ptr<Watch> Start(Napi::Env env, oc_cache_t* cache, Napi::Function callback);
  ~Watch();

 private:
  Watch(Napi::Env env, oc_cache_t* cache, Napi::ThreadSafeFunction wake) : env_(env), cache_(cache), wake_(wake) {}
  static void OnEvent(void* watch);
  static void OnTeardown(void* watch);
  void Stop();

  Napi::Env env_;
  oc_cache_t* cache_;
  Napi::ThreadSafeFunction wake_;
  uint64_t id_ = 0;
  bool watching_ = false;
};

}  // namespace optimistic_cache

#endif
