#include "listener.h"

#include "errors.h"

namespace optimistic_cache {

std::unique_ptr<Listener> Listener::Start(Napi::Env env, oc_cache_t* cache, uint32_t types, Napi::Function callback) {
  oc_events_t* events = nullptr;
  oc_error_t error = {};
  const oc_status status = oc_events_open(cache, types, &events, &error);
  if (status < 0) {
    ThrowStatus(env, status, error);
    return nullptr;
  }
  std::unique_ptr<Listener> listener(new Listener(events));
  listener->watch_ = Watch::Start(env, cache, callback);
  if (listener->watch_ == nullptr) return nullptr;
  return listener;
}

}  // namespace optimistic_cache
