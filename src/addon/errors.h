// errors.h: statuses of the core, and arguments that do not fit, as JavaScript errors with a `code`.
#ifndef OPTIMISTIC_CACHE_ADDON_ERRORS_H
#define OPTIMISTIC_CACHE_ADDON_ERRORS_H

#include <napi.h>

#include <string>

#include "optimistic_cache.h"

namespace optimistic_cache {

// Each of these leaves an exception pending; the caller returns to JavaScript at once.

void ThrowStatus(Napi::Env env, oc_status status, const oc_error_t& error);

// "<name> must be <expected>", as a TypeError with code ERR_OPTIMISTIC_ARGUMENT.
void ThrowArgument(Napi::Env env, const std::string& name, const std::string& expected);

// ERR_OPTIMISTIC_UTF8: text of `name` that has no UTF-8 form.
void ThrowMalformedText(Napi::Env env, const std::string& name);

// ERR_OPTIMISTIC_CLOSED: `name` is "cache" or "view".
void ThrowClosed(Napi::Env env, const std::string& name);

}  // namespace optimistic_cache

#endif
