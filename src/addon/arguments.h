// arguments.h: JavaScript arguments in, values of the C interface out; and its texts.
#ifndef OPTIMISTIC_CACHE_ADDON_ARGUMENTS_H
#define OPTIMISTIC_CACHE_ADDON_ARGUMENTS_H

#include <napi.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "handles.h"
#include "optimistic_cache.h"

namespace optimistic_cache {

inline oc_slice_t SliceOf(const std::string& text) { return {text.data(), text.size()}; }
std::vector<oc_slice_t> SlicesOf(const std::vector<std::string>& texts);

// ASCII, which most of JSON is, is taken without decoding.
Napi::String TextOf(Napi::Env env, const oc_buffer_t& buffer);

// The largest integer that a JavaScript number holds exactly.
inline constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

struct Room {
  char* data;
  size_t len;
};

/*
 * Reads the arguments of one call. The first that does not fit leaves an exception pending that names it; from then on
 * every reader answers an empty value, so that a function reads all of its arguments and looks at ok() once.
 *
 * Reading an array can run JavaScript (a getter, a proxy), which can close a cache or detach a buffer. So handles and
 * bytes are read after everything else of the same call.
 */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : env_(info.Env()), info_(&info) {}
  Arguments(Napi::Env env, std::vector<Napi::Value> values);

  bool ok() const { return ok_; }
  Napi::Env Env() const { return env_; }

  // A string without unpaired surrogates, as UTF-8.
  std::string Text(size_t index, const char* name);
  std::string OptionalText(size_t index, const char* name);  // empty when undefined
  std::vector<std::string> Texts(size_t index, const char* name);
  bool Boolean(size_t index, const char* name);
  // An integer from 0 to `max`.
  uint64_t Integer(size_t index, const char* name, uint64_t max = kMaxSafeInteger);
  uint32_t OptionalUint32(size_t index, const char* name);   // 0 when undefined
  uint64_t OptionalInteger(size_t index, const char* name);  // 0 when undefined
  oc_token_t Token(size_t index, const char* name);
  std::vector<oc_token_t> Tokens(size_t index, const char* name);
  Napi::Function Function(size_t index, const char* name);

  // Borrows the bytes of a Uint8Array (a Buffer is one), or copies those of a string into `storage`.
  oc_slice_t Bytes(size_t index, const char* name, std::string* storage);
  // The memory of a Uint8Array, to be written to.
  Room Memory(size_t index, const char* name);

  // Open handles of the right kind; never null when ok().
  CacheHandle* Cache(size_t index = 0);
  ViewHandle* View(size_t index);
  // Null when undefined; else an open view of `cache`.
  ViewHandle* OptionalViewOf(size_t index, const CacheHandle* cache);

 private:
  Napi::Value At(size_t index) const;
  std::string ToText(Napi::Value value, const std::string& name);
  oc_token_t ToToken(const std::string& text);
  void Refuse(const std::string& name, const char* expected);
  bool IsUnsharedBytes(Napi::Value value, Room* memory) const;

  Napi::Env env_;
  const Napi::CallbackInfo* info_ = nullptr;  // null: the arguments are values_
  std::vector<Napi::Value> values_;
  bool ok_ = true;
};

}  // namespace optimistic_cache

#endif
