#include "handles.h"

#include "errors.h"

namespace optimistic_cache {
namespace {

// Drawn once at random; they tell our objects from every other addon's.
constexpr napi_type_tag kCacheTag = {0x6f2d1d5b0c6e4b71, 0x9a43f7c2583e1d06};
constexpr napi_type_tag kViewTag = {0x2b8e90417da54cc3, 0xb1d6507e94fa2c38};

void* Unwrap(Napi::Value value, const napi_type_tag& tag) {
  bool ours = false;
  void* pointer = nullptr;
  if (!value.IsObject()) return nullptr;
  if (napi_check_object_type_tag(value.Env(), value, &tag, &ours) != napi_ok || !ours) return nullptr;
  return napi_unwrap(value.Env(), value, &pointer) == napi_ok ? pointer : nullptr;
}

template <typename Handle>
void Finalize(napi_env, void* handle, void*) {
  static_cast<Handle*>(handle)->Close();
  delete static_cast<Handle*>(handle);
}

void CloseAtTeardown(void* handle) { static_cast<CacheHandle*>(handle)->Close(); }

// Gives `handle` to `object`, whose finalizer deletes it from then on.
template <typename Handle>
bool Own(Napi::Object object, Handle* handle, const napi_type_tag& tag) {
  const Napi::Env env = object.Env();
  if (napi_type_tag_object(env, object, &tag) == napi_ok &&
      napi_wrap(env, object, handle, Finalize<Handle>, nullptr, nullptr) == napi_ok) {
    return true;
  }
  handle->Close();
  delete handle;
  return false;
}

}  // namespace

Napi::Value CacheHandle::Wrap(Napi::Env env, oc_cache_t* cache) {
  auto* handle = new CacheHandle(env, cache);
  napi_add_env_cleanup_hook(env, CloseAtTeardown, handle);
  const Napi::Object object = Napi::Object::New(env);
  if (!Own(object, handle, kCacheTag)) return {};
  if (handle->ExposeChanges(object)) return object;
  handle->Close();
  return {};
}

CacheHandle* CacheHandle::From(Napi::Value value) { return static_cast<CacheHandle*>(Unwrap(value, kCacheTag)); }

bool CacheHandle::ExposeChanges(Napi::Object object) {
  // Only ever read, by Atomics.load; N-API has no external memory that is read-only or shared.
  void* counter = const_cast<uint32_t*>(oc_changes(cache_));
  const Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env_, counter, sizeof(uint32_t));
  if (env_.IsExceptionPending()) return false;
  if (napi_create_reference(env_, memory, 0, &changes_) != napi_ok) return false;
  object.Set("changes", Napi::Uint32Array::New(env_, 1, memory, 0));
  return !env_.IsExceptionPending();
}

void CacheHandle::DetachChanges() {
  const Napi::HandleScope scope(env_);
  napi_value memory = nullptr;
  if (napi_get_reference_value(env_, changes_, &memory) == napi_ok && memory != nullptr) {
    napi_detach_arraybuffer(env_, memory);
  }
  napi_delete_reference(env_, changes_);
  changes_ = nullptr;
}

void CacheHandle::Close() {
  if (cache_ == nullptr) return;
  napi_remove_env_cleanup_hook(env_, CloseAtTeardown, this);
  watch_.reset();
  listener_.reset();
  while (!views_.empty()) (*views_.begin())->Close();
  if (changes_ != nullptr) DetachChanges();
  AbandonFlights();
  oc_close(cache_);
  cache_ = nullptr;
}

void CacheHandle::NoteFlight(const oc_flight_t& flight) {
  if (flight.id == 0) return;
  if (flight.leads) {
    led_.insert(flight.id);
  } else {
    ++waited_for_[flight.id];
  }
}

void CacheHandle::ForgetFlight(uint64_t id) {
  const auto waited = waited_for_.find(id);
  if (waited == waited_for_.end()) {
    led_.erase(id);
  } else if (--waited->second == 0) {
    waited_for_.erase(waited);
  }
}

void CacheHandle::AbandonFlights() {
  for (const uint64_t id : led_) oc_flight_end(cache_, id, OC_FLIGHT_ABANDONED, {}, nullptr);
  for (const auto& [id, times] : waited_for_) {
    for (uint32_t i = 0; i < times; i++) oc_flight_leave(cache_, id);
  }
  led_.clear();
  waited_for_.clear();
}

bool CacheHandle::StartWatch(Napi::Function callback) {
  watch_.reset();
  watch_ = Watch::Start(env_, cache_, callback);
  return watch_ != nullptr;
}

bool CacheHandle::StartListening(uint32_t types, Napi::Function callback) {
  listener_.reset();
  listener_ = Listener::Start(env_, cache_, types, callback);
  return listener_ != nullptr;
}

Napi::Value ViewHandle::Wrap(Napi::Env env, CacheHandle* owner, oc_view_t* view) {
  const Napi::Object object = Napi::Object::New(env);
  if (!Own(object, new ViewHandle(owner, view), kViewTag)) return {};
  return object;
}

ViewHandle::ViewHandle(CacheHandle* owner, oc_view_t* view) : owner_(owner), view_(view) { owner->views_.insert(this); }

ViewHandle* ViewHandle::From(Napi::Value value) { return static_cast<ViewHandle*>(Unwrap(value, kViewTag)); }

void ViewHandle::Close() {
  if (view_ == nullptr) return;
  owner_->views_.erase(this);
  oc_view_close(view_);
  view_ = nullptr;
  owner_ = nullptr;
}

}  // namespace optimistic_cache
