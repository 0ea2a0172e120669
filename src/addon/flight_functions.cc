// flight_functions.cc: single flight: who loads, who waits, and how it ended.
#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

// flightBegin(cache, key, least, ttl?) → { id, leads, present, since, deadline }; `id` 0 when nobody is told
Napi::Value Begin(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const std::string key = in.Text(1, "key");
  const uint64_t least = in.Integer(2, "least");
  const uint64_t ttl = in.OptionalInteger(3, "ttl");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  oc_flight_t flight = {};
  oc_error_t error = {};
  const oc_status status = oc_flight_begin(cache->Get(), SliceOf(key), least, ttl, &flight, &error);
  if (status < 0) {
    ThrowStatus(env, status, error);
    return env.Undefined();
  }
  cache->NoteFlight(flight);
  Napi::Object result = Napi::Object::New(env);
  result.Set("id", NumberOf(env, flight.id));
  result.Set("leads", Napi::Boolean::New(env, flight.leads));
  result.Set("present", Napi::Boolean::New(env, flight.present));
  result.Set("since", NumberOf(env, flight.since));
  result.Set("deadline", NumberOf(env, flight.deadline));
  return result;
}

const char* NameOf(oc_flight_state state) {
  switch (state) {
    case OC_FLIGHT_LOADING:
      return "loading";
    case OC_FLIGHT_KEPT:
      return "kept";
    case OC_FLIGHT_UNKEPT:
      return "unkept";
    case OC_FLIGHT_FAILED:
      return "failed";
    case OC_FLIGHT_ABANDONED:
      return "abandoned";
  }
  return "abandoned";
}

// flightKept(cache, id), flightUnkept(cache, id), flightFailed(cache, id, reason)
template <oc_flight_state state>
Napi::Value End(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const uint64_t id = in.Integer(1, "id");
  const std::string reason = in.OptionalText(2, "reason");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  oc_error_t error = {};
  const oc_status status = oc_flight_end(cache->Get(), id, state, SliceOf(reason), &error);
  if (status < 0) {
    ThrowStatus(info.Env(), status, error);
  } else {
    cache->ForgetFlight(id);
  }
  return info.Env().Undefined();
}

// flightLook(cache, id) → undefined while it is loading; then { state, reason }, once
Napi::Value Look(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const uint64_t id = in.Integer(1, "id");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();
  char reason[OC_FLIGHT_REASON_MOST + 1];
  const oc_flight_state state = oc_flight_look(cache->Get(), id, reason);
  if (state == OC_FLIGHT_LOADING) return env.Undefined();
  cache->ForgetFlight(id);
  Napi::Object result = Napi::Object::New(env);
  result.Set("state", NameOf(state));
  result.Set("reason", Napi::String::New(env, reason));
  return result;
}

// flightLeave(cache, id)
Napi::Value Leave(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const uint64_t id = in.Integer(1, "id");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  oc_flight_leave(cache->Get(), id);
  cache->ForgetFlight(id);
  return info.Env().Undefined();
}

}  // namespace

void DefineFlightFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("flightBegin", Napi::Function::New<Begin>(env, "flightBegin"));
  exports.Set("flightKept", Napi::Function::New<End<OC_FLIGHT_KEPT>>(env, "flightKept"));
  exports.Set("flightUnkept", Napi::Function::New<End<OC_FLIGHT_UNKEPT>>(env, "flightUnkept"));
  exports.Set("flightFailed", Napi::Function::New<End<OC_FLIGHT_FAILED>>(env, "flightFailed"));
  exports.Set("flightLook", Napi::Function::New<Look>(env, "flightLook"));
  exports.Set("flightLeave", Napi::Function::New<Leave>(env, "flightLeave"));
}

}  // namespace optimistic_cache
