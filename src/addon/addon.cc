// addon.cc: the module. It is loaded once by each environment that requires it, on that environment's thread.
#include "functions.h"

namespace optimistic_cache {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* instance = new Instance(env);
  env.SetInstanceData(instance);
  exports.Set("hit", instance->Hit());
  DefineCacheFunctions(env, exports);
  DefineEntryFunctions(env, exports);
  DefineFlightFunctions(env, exports);
  DefineMutationFunctions(env, exports);
  DefineViewFunctions(env, exports);
  DefineEventFunctions(env, exports);
  return exports;
}

}  // namespace
}  // namespace optimistic_cache

static Napi::Object InitModule(Napi::Env env, Napi::Object exports) { return optimistic_cache::Init(env, exports); }

NODE_API_MODULE(optimistic_cache, InitModule)
