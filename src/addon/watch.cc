#include "watch.h"

#include "errors.h"

namespace optimistic_cache {

std::unique_ptr<Watch> Watch::Start(Napi::Env env, oc_cache_t* cache, Napi::Function callback) {
  constexpr size_t kQueue = 1;
  constexpr size_t kThreads = 1;
  auto wake = Napi::ThreadSafeFunction::New(env, callback, "payload-optimistic-cache", kQueue, kThreads);
  if (env.IsExceptionPending()) return nullptr;
  wake.Unref(env);

  std::unique_ptr<Watch> watch(new Watch(env, cache, wake));
  const oc_status status = oc_watch(cache, OnEvent, watch.get(), &watch->id_);
  if (status < 0) {
    wake.Abort();
    ThrowStatus(env, status, oc_error_t{});
    return nullptr;
  }
  watch->watching_ = true;
  // Hooks run last in, first out: this one, added after the thread-safe function's own, stops the core's calls
  // before that function goes away.
  napi_add_env_cleanup_hook(env, OnTeardown, watch.get());
  return watch;
}

void Watch::OnEvent(void* watch) { static_cast<Watch*>(watch)->wake_.NonBlockingCall(); }

void Watch::OnTeardown(void* watch) { static_cast<Watch*>(watch)->Stop(); }

void Watch::Stop() {
  if (!watching_) return;
  watching_ = false;
  oc_unwatch(cache_, id_);
  wake_.Abort();
}

Watch::~Watch() {
  if (!watching_) return;
  napi_remove_env_cleanup_hook(env_, OnTeardown, this);
  Stop();
}

}  // namespace optimistic_cache
