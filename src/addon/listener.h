/*
 * listener.h: a reader of the core's events, and the watch that calls JavaScript to read on.
 */
#ifndef OPTIMISTIC_CACHE_ADDON_LISTENER_H
#define OPTIMISTIC_CACHE_ADDON_LISTENER_H

#include <napi.h>

#include <memory>

#include "optimistic_cache.h"
#include "watch.h"

namespace optimistic_cache {

class Listener {
 public:
  // Null, with an exception pending, when it fails. Destroy it before `cache` is closed.
  static std::unique_ptr<Listener> Start(Napi::Env env, oc_cache_t* cache, uint32_t types, Napi::Function callback);
  ~Listener() { oc_events_close(events_); }

  oc_events_t* Get() const { return events_; }

 private:
  explicit Listener(oc_events_t* events) : events_(events) {}

  oc_events_t* events_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace optimistic_cache

#endif
