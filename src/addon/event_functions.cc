// event_functions.cc: what happens in a cache, whoever does it.
#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

// watch(cache, callback)
Napi::Value StartWatch(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const Napi::Function callback = in.Function(1, "callback");
  CacheHandle* cache = in.Cache();
  if (in.ok()) cache->StartWatch(callback);
  return info.Env().Undefined();
}

// unwatch(cache)
Napi::Value StopWatch(const Napi::CallbackInfo& info) {
  Arguments in(info);
  CacheHandle* cache = in.Cache();
  if (in.ok()) cache->StopWatch();
  return info.Env().Undefined();
}

// listen(cache, types, callback): `callback` is called when there may be something to read. When it listens already, to
// these types from now on.
Napi::Value Listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const uint32_t types = static_cast<uint32_t>(in.Integer(1, "types", std::numeric_limits<uint32_t>::max()));
  const Napi::Function callback = in.Function(2, "callback");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();
  oc_events_t* events = cache->Events();
  if (events == nullptr) {
    cache->StartListening(types, callback);
    return env.Undefined();
  }
  oc_error_t error = {};
  const oc_status status = oc_events_want(events, types, &error);
  if (status < 0) ThrowStatus(env, status, error);
  return env.Undefined();
}

// unlisten(cache)
Napi::Value Unlisten(const Napi::CallbackInfo& info) {
  Arguments in(info);
  CacheHandle* cache = in.Cache();
  if (in.ok()) cache->StopListening();
  return info.Env().Undefined();
}

// readEvents(cache) → { events, lost, reset }: events as JSON. Undefined when it does not listen.
Napi::Value ReadEvents(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const CacheHandle* cache = in.Cache();
  if (!in.ok() || cache->Events() == nullptr) return env.Undefined();
  Answer answer(env);
  oc_lost_t lost = {};
  oc_error_t error = {};
  const oc_status status = oc_events_read(cache->Events(), answer.Out(), &lost, &error);
  if (status < 0) {
    ThrowStatus(env, status, error);
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("events", answer.Text());
  result.Set("lost", NumberOf(env, lost.events));
  result.Set("reset", Napi::Boolean::New(env, lost.reset));
  return result;
}

}  // namespace

void DefineEventFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("watch", Napi::Function::New<StartWatch>(env, "watch"));
  exports.Set("unwatch", Napi::Function::New<StopWatch>(env, "unwatch"));
  exports.Set("listen", Napi::Function::New<Listen>(env, "listen"));
  exports.Set("unlisten", Napi::Function::New<Unlisten>(env, "unlisten"));
  exports.Set("readEvents", Napi::Function::New<ReadEvents>(env, "readEvents"));
}

}  // namespace optimistic_cache
