// mutation_functions.cc: brackets around the database's writes, and the log.
#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

Napi::Value ThrowUnlessOk(Napi::Env env, oc_status status, const oc_error_t& error) {
  if (status < 0) ThrowStatus(env, status, error);
  return env.Undefined();
}

Napi::Value VersionUnlessError(Napi::Env env, oc_status status, const oc_error_t& error, uint64_t version) {
  if (status >= 0) return NumberOf(env, version);
  ThrowStatus(env, status, error);
  return env.Undefined();
}

using Enter = oc_status (*)(oc_cache_t*, oc_token_t, oc_slice_t, oc_slice_t, uint64_t, oc_error_t*);

// begin, claim, announce(cache, token, principal, operations, ttl?)
template <Enter enter>
Napi::Value Begin(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const oc_token_t token = in.Token(1, "token");
  const std::string principal = in.Text(2, "principal");
  const std::string operations = in.Text(3, "operations");
  const uint64_t ttl = in.OptionalInteger(4, "ttl");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  oc_error_t error = {};
  return ThrowUnlessOk(info.Env(), enter(cache->Get(), token, SliceOf(principal), SliceOf(operations), ttl, &error),
                       error);
}

// commit(cache, token, operations?) → version
Napi::Value Commit(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const oc_token_t token = in.Token(1, "token");
  const std::string operations = in.OptionalText(2, "operations");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  uint64_t version = 0;
  oc_error_t error = {};
  const oc_status status = oc_commit(cache->Get(), token, SliceOf(operations), &version, &error);
  return VersionUnlessError(info.Env(), status, error, version);
}

using Settle = oc_status (*)(oc_cache_t*, oc_token_t, oc_slice_t, oc_error_t*);

// rollback(cache, token, reason?), expire(cache, token, reason?)
template <Settle settle>
Napi::Value SettleWithReason(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const oc_token_t token = in.Token(1, "token");
  const std::string reason = in.OptionalText(2, "reason");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  oc_error_t error = {};
  return ThrowUnlessOk(info.Env(), settle(cache->Get(), token, SliceOf(reason), &error), error);
}

// record(cache, operations) → version
Napi::Value Record(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const std::string operations = in.Text(1, "operations");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  uint64_t version = 0;
  oc_error_t error = {};
  const oc_status status = oc_record(cache->Get(), SliceOf(operations), &version, &error);
  return VersionUnlessError(info.Env(), status, error, version);
}

// invalidate(cache, tags) → version
Napi::Value Invalidate(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const std::vector<std::string> tags = in.Texts(1, "tags");
  const std::vector<oc_slice_t> slices = SlicesOf(tags);
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  uint64_t version = 0;
  oc_error_t error = {};
  const oc_status status = oc_invalidate(cache->Get(), slices.data(), slices.size(), &version, &error);
  return VersionUnlessError(info.Env(), status, error, version);
}

const char* NameOf(oc_state state) {
  switch (state) {
    case OC_PENDING:
      return "pending";
    case OC_COMMITTED:
      return "committed";
    case OC_ROLLED_BACK:
      return "rolledBack";
    case OC_EXPIRED:
      return "expired";
  }
  return "expired";
}

// status(cache, token, principal) → { state, version, deadline, reason }, or undefined when unknown
Napi::Value Status(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const oc_token_t token = in.Token(1, "token");
  const std::string principal = in.Text(2, "principal");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  oc_mutation_info_t mutation = {};
  oc_error_t error = {};
  const oc_status status = oc_status_of(cache->Get(), token, SliceOf(principal), &mutation, &error);
  if (status == OC_ERR_TOKEN_UNKNOWN) return env.Undefined();
  if (status < 0) {
    ThrowStatus(env, status, error);
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("state", NameOf(mutation.state));
  result.Set("version", NumberOf(env, mutation.version));
  result.Set("deadline", NumberOf(env, mutation.deadline));
  result.Set("reason", Napi::String::New(env, mutation.reason));
  return result;
}

// mutations(cache, limit?) → JSON
Napi::Value Mutations(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const uint32_t limit = in.OptionalUint32(1, "limit");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  Answer answer(env);
  oc_error_t error = {};
  const oc_status status = oc_mutations(cache->Get(), limit, answer.Out(), &error);
  if (status < 0) ThrowStatus(env, status, error);
  return status >= 0 ? answer.Text() : env.Undefined();
}

// sweep(cache) → the earliest deadline that remains, in milliseconds of the epoch, or 0
Napi::Value Sweep(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return info.Env().Undefined();
  uint64_t next = 0;
  oc_sweep(cache->Get(), &next);
  return NumberOf(info.Env(), next);
}

}  // namespace

void DefineMutationFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("begin", Napi::Function::New<Begin<oc_begin>>(env, "begin"));
  exports.Set("claim", Napi::Function::New<Begin<oc_claim>>(env, "claim"));
  exports.Set("announce", Napi::Function::New<Begin<oc_announce>>(env, "announce"));
  exports.Set("commit", Napi::Function::New<Commit>(env, "commit"));
  exports.Set("rollback", Napi::Function::New<SettleWithReason<oc_rollback>>(env, "rollback"));
  exports.Set("expire", Napi::Function::New<SettleWithReason<oc_expire>>(env, "expire"));
  exports.Set("record", Napi::Function::New<Record>(env, "record"));
  exports.Set("invalidate", Napi::Function::New<Invalidate>(env, "invalidate"));
  exports.Set("status", Napi::Function::New<Status>(env, "status"));
  exports.Set("mutations", Napi::Function::New<Mutations>(env, "mutations"));
  exports.Set("sweep", Napi::Function::New<Sweep>(env, "sweep"));
}

}  // namespace optimistic_cache
