// entry_functions.cc: entries: storing, reading, listing.
#include <cstring>

#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

// set(cache, key, value, json, tags, since, expiresAt, staleUntil, query?) → was it stored?
Napi::Value Set(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const std::string key = in.Text(1, "key");
  const bool json = in.Boolean(3, "json");
  const std::vector<std::string> tags = in.Texts(4, "tags");
  const std::vector<oc_slice_t> tag_slices = SlicesOf(tags);
  oc_set_options_t options = {};
  options.tags = tag_slices.data();
  options.tag_count = tag_slices.size();
  options.since = in.Integer(5, "since");
  options.expires_at = in.Integer(6, "expiresAt");
  options.stale_until = in.Integer(7, "staleUntil");
  const std::string query = in.OptionalText(8, "query");
  options.query = SliceOf(query);
  options.content = json ? OC_JSON : OC_BYTES;
  const CacheHandle* cache = in.Cache();
  std::string storage;
  const oc_slice_t value = in.Bytes(2, "value", &storage);
  if (!in.ok()) return env.Undefined();

  oc_error_t error = {};
  const oc_status status = oc_set(cache->Get(), SliceOf(key), value, &options, &error);
  if (status >= 0) return Napi::Boolean::New(env, status == OC_OK);
  ThrowStatus(env, status, error);
  return env.Undefined();
}

using Getter = decltype(oc_get);

// What get, getChanges and getBytes begin with: (cache, view?, key, base). OC_MISS also with an exception pending.
oc_status Read(Arguments* in, Getter* getter, uint64_t known, Answer* answer, oc_hit_t* hit) {
  const std::string key = in->Text(2, "key");
  const bool base = in->Boolean(3, "base");
  const CacheHandle* cache = in->Cache();
  const ViewHandle* view = in->OptionalViewOf(1, cache);
  if (!in->ok()) return OC_MISS;
  oc_error_t error = {};
  const oc_status status = getter(cache->Get(), view == nullptr ? nullptr : view->Get(), SliceOf(key), base, known,
                                  answer->Out(), hit, &error);
  if (status >= 0) return status;
  ThrowStatus(in->Env(), status, error);
  return OC_MISS;
}

// What get answers for what is there.
Napi::Value Found(Napi::Env env, oc_status status, const oc_hit_t& hit, const Answer& answer) {
  env.GetInstanceData<Instance>()->Note(hit);
  if (status == OC_UNCHANGED) return Napi::Boolean::New(env, true);
  return hit.content == OC_JSON ? answer.Text() : env.Null();
}

Napi::Value GetWith(const Napi::CallbackInfo& info, Getter* getter) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  Answer answer(env);
  oc_hit_t hit = {};
  const uint64_t known = in.Integer(4, "known");
  const oc_status status = Read(&in, getter, known, &answer, &hit);
  return status == OC_MISS ? env.Undefined() : Found(env, status, hit, answer);
}

// get(cache, view?, key, base, known) → what an oc_hit_t says is in the module's `hit` afterwards; returns the JSON
// text, true when the state `known` still stands, null for opaque bytes, undefined for a miss.
Napi::Value Get(const Napi::CallbackInfo& info) { return GetWith(info, oc_get); }

// getChanges(cache, view?, key, base, known) → as get; `hit` says whether the text is the answer or what makes it of
// the state `known`, and whether it is just what is beneath the overlay.
Napi::Value GetChanges(const Napi::CallbackInfo& info) { return GetWith(info, oc_get_changes); }

// getBytes(cache, view?, key, base, memory, at) → `hit` as for get, and how many bytes it wrote into `memory`, a
// Uint8Array, from `at` on; a Buffer of their own when there is no room; undefined for a miss. Nothing else is made, as
// this is the path of whole pages.
Napi::Value GetBytes(const Napi::CallbackInfo& info) {
  Arguments in(info);
  Answer answer(info.Env());
  oc_hit_t hit = {};
  const uint64_t at = in.Integer(5, "at");
  const Room memory = in.Memory(4, "memory");
  if (Read(&in, oc_get, 0, &answer, &hit) != OC_OK) return info.Env().Undefined();
  info.Env().GetInstanceData<Instance>()->Note(hit);
  const oc_buffer_t& bytes = *answer.Out();
  if (at > memory.len || bytes.len > memory.len - at) return answer.Bytes();
  if (bytes.len > 0) std::memcpy(memory.data + at, bytes.data, bytes.len);
  return NumberOf(info.Env(), bytes.len);
}

// overlay(cache, view, value, query, since) → the text with what the view has in flight, undefined when that is
// nothing.
Napi::Value Overlay(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const std::string value = in.Text(2, "value");
  const std::string query = in.OptionalText(3, "query");
  const uint64_t since = in.Integer(4, "since");
  const CacheHandle* cache = in.Cache();
  const ViewHandle* view = in.View(1);
  in.OptionalViewOf(1, cache);
  if (!in.ok()) return env.Undefined();

  Answer answer(env);
  oc_hit_t hit = {};
  oc_error_t error = {};
  const oc_status status =
      oc_overlay(cache->Get(), view->Get(), SliceOf(value), SliceOf(query), since, answer.Out(), &hit, &error);
  if (status < 0) ThrowStatus(env, status, error);
  return status >= 0 && hit.overlaid ? answer.Text() : env.Undefined();
}

// countHits(cache, key, hits)
Napi::Value CountHits(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const std::string key = in.Text(1, "key");
  const uint64_t hits = in.Integer(2, "hits");
  const CacheHandle* cache = in.Cache();
  if (in.ok()) oc_count_hits(cache->Get(), SliceOf(key), hits);
  return info.Env().Undefined();
}

// entry(cache, key) → JSON, or undefined
Napi::Value Entry(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const std::string key = in.Text(1, "key");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  Answer answer(env);
  oc_error_t error = {};
  const oc_status status = oc_entry(cache->Get(), SliceOf(key), answer.Out(), &error);
  if (status < 0) ThrowStatus(env, status, error);
  return status == OC_OK ? answer.Text() : env.Undefined();
}

// entries(cache, order, limit, tag?, prefix?, contains?, cursor?) → JSON
Napi::Value Entries(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const auto order = static_cast<oc_order>(in.Integer(1, "order", OC_MOST_READ));
  const uint32_t limit = in.OptionalUint32(2, "limit");
  const std::string tag = in.OptionalText(3, "tag");
  const std::string prefix = in.OptionalText(4, "prefix");
  const std::string contains = in.OptionalText(5, "contains");
  const std::string cursor = in.OptionalText(6, "cursor");
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  const oc_entries_options_t options = {SliceOf(tag), SliceOf(prefix), SliceOf(contains),
                                        order,        limit,           SliceOf(cursor)};
  Answer answer(env);
  oc_error_t error = {};
  const oc_status status = oc_entries(cache->Get(), &options, answer.Out(), &error);
  if (status < 0) ThrowStatus(env, status, error);
  return status >= 0 ? answer.Text() : env.Undefined();
}

}  // namespace

void DefineEntryFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("set", Napi::Function::New<Set>(env, "set"));
  exports.Set("get", Napi::Function::New<Get>(env, "get"));
  exports.Set("getChanges", Napi::Function::New<GetChanges>(env, "getChanges"));
  exports.Set("getBytes", Napi::Function::New<GetBytes>(env, "getBytes"));
  exports.Set("overlay", Napi::Function::New<Overlay>(env, "overlay"));
  exports.Set("countHits", Napi::Function::New<CountHits>(env, "countHits"));
  exports.Set("entry", Napi::Function::New<Entry>(env, "entry"));
  exports.Set("entries", Napi::Function::New<Entries>(env, "entries"));
}

}  // namespace optimistic_cache
