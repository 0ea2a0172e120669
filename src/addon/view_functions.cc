// view_functions.cc: what one render reads through.
#include "arguments.h"
#include "errors.h"
#include "functions.h"

namespace optimistic_cache {
namespace {

// openView(cache, principal, tokens) → the view; the version and the number of pending mutations of it are in the
// module's `hit` afterwards
Napi::Value OpenView(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const std::string principal = in.Text(1, "principal");
  const std::vector<oc_token_t> tokens = in.Tokens(2, "tokens");
  CacheHandle* cache = in.Cache();
  if (!in.ok()) return env.Undefined();

  oc_view_t* view = nullptr;
  oc_error_t error = {};
  const oc_status status = oc_view_open(cache->Get(), SliceOf(principal), tokens.data(), tokens.size(), &view, &error);
  if (status < 0) {
    ThrowStatus(env, status, error);
    return env.Undefined();
  }
  oc_view_info_t known = {};
  oc_view_info(view, &known);
  env.GetInstanceData<Instance>()->Note(known);
  return ViewHandle::Wrap(env, cache, view);
}

Napi::Value CloseView(const Napi::CallbackInfo& info) {
  ViewHandle* view = ViewHandle::From(info[0]);
  if (view == nullptr) {
    ThrowArgument(info.Env(), "view", "a view that openView() returned");
  } else {
    view->Close();
  }
  return info.Env().Undefined();
}

// viewInfo(view) → { version, torn, pending, unknown }: the latter two as counts
Napi::Value ViewInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const ViewHandle* view = in.View(0);
  if (!in.ok()) return env.Undefined();
  oc_view_info_t known = {};
  oc_view_info(view->Get(), &known);
  Napi::Object result = Napi::Object::New(env);
  result.Set("version", NumberOf(env, known.version));
  result.Set("torn", Napi::Boolean::New(env, known.torn));
  result.Set("pending", NumberOf(env, known.pending));
  result.Set("unknown", NumberOf(env, known.unknown));
  return result;
}

using List = oc_status (*)(oc_view_t*, oc_buffer_t*, oc_error_t*);

// viewPending(view), viewUnknown(view) → JSON
template <List list>
Napi::Value JsonOfView(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments in(info);
  const ViewHandle* view = in.View(0);
  if (!in.ok()) return env.Undefined();
  Answer answer(env);
  oc_error_t error = {};
  const oc_status status = list(view->Get(), answer.Out(), &error);
  if (status < 0) ThrowStatus(env, status, error);
  return status >= 0 ? answer.Text() : env.Undefined();
}

}  // namespace

void DefineViewFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("openView", Napi::Function::New<OpenView>(env, "openView"));
  exports.Set("closeView", Napi::Function::New<CloseView>(env, "closeView"));
  exports.Set("viewInfo", Napi::Function::New<ViewInfo>(env, "viewInfo"));
  exports.Set("viewPending", Napi::Function::New<JsonOfView<oc_view_pending>>(env, "viewPending"));
  exports.Set("viewUnknown", Napi::Function::New<JsonOfView<oc_view_unknown>>(env, "viewUnknown"));
}

}  // namespace optimistic_cache
