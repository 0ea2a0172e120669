// cache_functions.cc: opening, closing, and looking at a cache as a whole.
#include <cinttypes>
#include <cstdio>

#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

Napi::String GenerationOf(Napi::Env env, uint64_t generation) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, generation);
  return Napi::String::New(env, text);
}

struct Count {
  const char* name;
  uint32_t* value;
};

// What oc_options_t points to.
struct Texts {
  std::string name;
  std::string shapes;
  std::string file;
};

// Reads `object` into `options`, which then points to `texts`.
bool ReadOptions(Napi::Object object, oc_options_t* options, Texts* texts) {
  oc_limits_t* limits = &options->limits;
  const Count counts[] = {
      {"maxEntries", &options->max_entries},
      {"maxTags", &options->max_tags},
      {"maxMutations", &options->max_mutations},
      {"maxViews", &options->max_views},
      {"maxLog", &options->max_log},
      {"keyBytes", &limits->key_bytes},
      {"valueBytes", &limits->value_bytes},
      {"tagBytes", &limits->tag_bytes},
      {"tagsPerEntry", &limits->tags_per_entry},
      {"jsonDepth", &limits->json_depth},
      {"operationsPerMutation", &limits->operations_per_mutation},
      {"mutationBytes", &limits->mutation_bytes},
      {"pendingPerPrincipal", &limits->pending_per_principal},
      {"viewAge", &limits->view_age},
      {"maxShare", &limits->max_share},
  };
  std::vector<Napi::Value> values = {object.Get("name"), object.Get("shapes"), object.Get("memory"), object.Get("file"),
                                     object.Get("maxBytes")};
  for (const Count& count : counts) values.push_back(object.Get(count.name));
  if (object.Env().IsExceptionPending()) return false;

  Arguments in(object.Env(), std::move(values));
  size_t index = 0;
  texts->name = in.Text(index++, "name");
  texts->shapes = in.OptionalText(index++, "shapes");
  options->memory = static_cast<oc_memory>(in.OptionalUint32(index++, "memory"));
  texts->file = in.OptionalText(index++, "file");
  options->max_bytes = in.OptionalInteger(index++, "maxBytes");
  for (const Count& count : counts) *count.value = in.OptionalUint32(index++, count.name);
  options->name = SliceOf(texts->name);
  options->shapes = SliceOf(texts->shapes);
  options->file = SliceOf(texts->file);
  return in.ok();
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) {
    ThrowArgument(env, "options", "an object");
    return env.Undefined();
  }
  oc_options_t options = {};
  Texts texts;
  if (!ReadOptions(info[0].As<Napi::Object>(), &options, &texts)) return env.Undefined();

  oc_cache_t* cache = nullptr;
  oc_error_t error = {};
  const oc_status status = oc_open(&options, &cache, &error);
  if (status < 0) {
    ThrowStatus(env, status, error);
    return env.Undefined();
  }
  return CacheHandle::Wrap(env, cache);
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  CacheHandle* handle = CacheHandle::From(info[0]);
  if (handle == nullptr) {
    ThrowArgument(info.Env(), "cache", "a cache that open() returned");
  } else {
    handle->Close();
  }
  return info.Env().Undefined();
}

Napi::Value Version(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const CacheHandle* cache = in.Cache();
  return in.ok() ? NumberOf(info.Env(), oc_version(cache->Get())) : info.Env().Undefined();
}

Napi::Value Generation(const Napi::CallbackInfo& info) {
  Arguments in(info);
  const CacheHandle* cache = in.Cache();
  return in.ok() ? GenerationOf(info.Env(), oc_generation(cache->Get())) : info.Env().Undefined();
}

Napi::Value Stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();
  oc_stats_t stats = {};
  oc_stats(cache->Get(), &stats);
  const struct {
    const char* name;
    uint64_t value;
  } members[] = {
      {"version", stats.version},
      {"hits", stats.hits},
      {"misses", stats.misses},
      {"sets", stats.sets},
      {"refused", stats.refused},
      {"replays", stats.replays},
      {"inexact", stats.inexact},
      {"overlays", stats.overlays},
      {"evictions", stats.evictions},
      {"commits", stats.commits},
      {"rollbacks", stats.rollbacks},
      {"expirations", stats.expirations},
      {"invalidations", stats.invalidations},
      {"entries", stats.entries},
      {"tags", stats.tags},
      {"mutationsPending", stats.mutations_pending},
      {"mutations", stats.mutations},
      {"views", stats.views},
      {"flights", stats.flights},
      {"arenaBytes", stats.arena_bytes},
      {"usedBytes", stats.used_bytes},
      {"processes", stats.processes},
      {"resets", stats.resets},
  };
  Napi::Object result = Napi::Object::New(env);
  for (const auto& member : members) result.Set(member.name, NumberOf(env, member.value));
  result.Set("generation", GenerationOf(env, stats.generation));
  result.Set("started", Napi::String::New(env, stats.started));
  return result;
}

}  // namespace

void DefineCacheFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New<Open>(env, "open"));
  exports.Set("close", Napi::Function::New<Close>(env, "close"));
  exports.Set("version", Napi::Function::New<Version>(env, "version"));
  exports.Set("generation", Napi::Function::New<Generation>(env, "generation"));
  exports.Set("stats", Napi::Function::New<Stats>(env, "stats"));
}

}  // namespace optimistic_cache
