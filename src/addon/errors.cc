#include "errors.h"

namespace optimistic_cache {
namespace {

void Throw(const Napi::Error& error, const char* code) {
  error.Set("code", code);
  error.ThrowAsJavaScriptException();
}

}  // namespace

void ThrowStatus(Napi::Env env, oc_status status, const oc_error_t& error) {
  const char* message = error.message[0] == '\0' ? oc_strerror(status) : error.message;
  Throw(Napi::Error::New(env, message), oc_code(status));
}

void ThrowArgument(Napi::Env env, const std::string& name, const std::string& expected) {
  Throw(Napi::TypeError::New(env, name + " must be " + expected), oc_code(OC_ERR_ARGUMENT));
}

void ThrowMalformedText(Napi::Env env, const std::string& name) {
  Throw(Napi::Error::New(env, name + " holds an unpaired surrogate; see String.toWellFormed()"), oc_code(OC_ERR_UTF8));
}

void ThrowClosed(Napi::Env env, const std::string& name) {
  Throw(Napi::Error::New(env, "the " + name + " is closed; open a new one"), "ERR_OPTIMISTIC_CLOSED");
}

}  // namespace optimistic_cache
