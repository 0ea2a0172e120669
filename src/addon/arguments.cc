#include "arguments.h"

#include <cmath>
#include <utility>

#include "errors.h"

namespace optimistic_cache {
namespace {

// What N-API writes for half of a surrogate pair: U+FFFD.
constexpr char kReplacement[] = "\xEF\xBF\xBD";

bool IsAscii(const char* data, size_t len) {
  unsigned char seen = 0;
  for (size_t i = 0; i < len; i++) seen |= static_cast<unsigned char>(data[i]);
  return seen < 0x80;
}

// A short one is read in one call instead of two, as a read's key is.
std::string Utf8Of(Napi::Env env, Napi::Value value) {
  char text[256];
  size_t len = 0;
  const bool read = napi_get_value_string_utf8(env, value, text, sizeof text, &len) == napi_ok;
  // It ends before a character that does not fit, of up to four bytes.
  return read && len < sizeof text - 4 ? std::string(text, len) : value.As<Napi::String>().Utf8Value();
}

bool HasUnpairedSurrogate(const std::u16string& text) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] < 0xD800 || text[i] > 0xDFFF) continue;
    const bool paired = text[i] < 0xDC00 && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] <= 0xDFFF;
    if (!paired) return true;
    i++;
  }
  return false;
}

}  // namespace

Napi::String TextOf(Napi::Env env, const oc_buffer_t& buffer) {
  const char* data = buffer.len == 0 ? "" : buffer.data;
  if (!IsAscii(data, buffer.len)) return Napi::String::New(env, data, buffer.len);
  napi_value text = nullptr;
  NAPI_THROW_IF_FAILED(env, napi_create_string_latin1(env, data, buffer.len, &text), Napi::String());
  return {env, text};
}

std::vector<oc_slice_t> SlicesOf(const std::vector<std::string>& texts) {
  std::vector<oc_slice_t> slices;
  slices.reserve(texts.size());
  for (const std::string& text : texts) slices.push_back(SliceOf(text));
  return slices;
}

Arguments::Arguments(Napi::Env env, std::vector<Napi::Value> values) : env_(env), values_(std::move(values)) {}

Napi::Value Arguments::At(size_t index) const {
  if (info_ != nullptr) return (*info_)[index];
  return index < values_.size() ? values_[index] : env_.Undefined();
}

void Arguments::Refuse(const std::string& name, const char* expected) {
  ok_ = false;
  ThrowArgument(env_, name, expected);
}

std::string Arguments::ToText(Napi::Value value, const std::string& name) {
  if (!value.IsString()) {
    Refuse(name, "a string");
    return {};
  }
  std::string text = Utf8Of(env_, value);
  // A real U+FFFD is possible but rare: only then is the text read once more as it stands in JavaScript.
  if (text.find(kReplacement) != std::string::npos && HasUnpairedSurrogate(value.As<Napi::String>().Utf16Value())) {
    ok_ = false;
    ThrowMalformedText(env_, name);
  }
  return text;
}

std::string Arguments::Text(size_t index, const char* name) { return ok_ ? ToText(At(index), name) : std::string(); }

std::string Arguments::OptionalText(size_t index, const char* name) {
  return At(index).IsUndefined() ? std::string() : Text(index, name);
}

std::vector<std::string> Arguments::Texts(size_t index, const char* name) {
  std::vector<std::string> texts;
  if (!ok_) return texts;
  if (!At(index).IsArray()) {
    Refuse(name, "an array of strings");
    return texts;
  }
  const Napi::Array array = At(index).As<Napi::Array>();
  const uint32_t length = array.Length();
  for (uint32_t i = 0; ok_ && i < length; i++) {
    const Napi::Value element = array.Get(i);
    if (element.IsEmpty() || env_.IsExceptionPending()) {
      ok_ = false;
      break;
    }
    texts.push_back(ToText(element, std::string(name) + "[" + std::to_string(i) + "]"));
  }
  return texts;
}

bool Arguments::Boolean(size_t index, const char* name) {
  if (!ok_) return false;
  if (At(index).IsBoolean()) return At(index).As<Napi::Boolean>().Value();
  Refuse(name, "a boolean");
  return false;
}

uint64_t Arguments::Integer(size_t index, const char* name, uint64_t max) {
  if (!ok_) return 0;
  const Napi::Value value = At(index);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (number >= 0 && number <= static_cast<double>(max) && std::trunc(number) == number) {
    return static_cast<uint64_t>(number);
  }
  Refuse(name, ("an integer from 0 to " + std::to_string(max)).c_str());
  return 0;
}

uint64_t Arguments::OptionalInteger(size_t index, const char* name) {
  return At(index).IsUndefined() ? 0 : Integer(index, name);
}

uint32_t Arguments::OptionalUint32(size_t index, const char* name) {
  if (At(index).IsUndefined()) return 0;
  return static_cast<uint32_t>(Integer(index, name, std::numeric_limits<uint32_t>::max()));
}

oc_token_t Arguments::ToToken(const std::string& text) {
  oc_token_t token = {};
  oc_error_t error = {};
  const oc_status status = oc_token_parse(SliceOf(text), &token, &error);
  if (status < 0) {
    ok_ = false;
    ThrowStatus(env_, status, error);
  }
  return token;
}

oc_token_t Arguments::Token(size_t index, const char* name) {
  const std::string text = Text(index, name);
  return ok_ ? ToToken(text) : oc_token_t{};
}

std::vector<oc_token_t> Arguments::Tokens(size_t index, const char* name) {
  std::vector<oc_token_t> tokens;
  for (const std::string& text : Texts(index, name)) {
    if (ok_) tokens.push_back(ToToken(text));
  }
  return tokens;
}

Napi::Function Arguments::Function(size_t index, const char* name) {
  if (ok_ && At(index).IsFunction()) return At(index).As<Napi::Function>();
  if (ok_) Refuse(name, "a function");
  return {};
}

oc_slice_t Arguments::Bytes(size_t index, const char* name, std::string* storage) {
  if (!ok_) return {};
  const Napi::Value value = At(index);
  Room memory;
  if (value.IsString()) {
    *storage = ToText(value, name);
    return SliceOf(*storage);
  }
  if (IsUnsharedBytes(value, &memory)) return {memory.data, memory.len};
  Refuse(name, "a string, or a Uint8Array over memory that is not shared");
  return {};
}

Room Arguments::Memory(size_t index, const char* name) {
  Room memory = {};
  if (ok_ && !IsUnsharedBytes(At(index), &memory)) Refuse(name, "a Uint8Array over memory that is not shared");
  return memory;
}

// Another thread could change shared memory between the check of the bytes and their copy.
bool Arguments::IsUnsharedBytes(Napi::Value value, Room* memory) const {
  napi_typedarray_type type = {};
  napi_value buffer = nullptr;
  void* data = nullptr;
  bool unshared = false;
  if (napi_get_typedarray_info(env_, value, &type, &memory->len, &data, &buffer, nullptr) != napi_ok) return false;
  memory->data = static_cast<char*>(data);
  return type == napi_uint8_array && napi_is_arraybuffer(env_, buffer, &unshared) == napi_ok && unshared;
}

CacheHandle* Arguments::Cache(size_t index) {
  if (!ok_) return nullptr;
  CacheHandle* handle = CacheHandle::From(At(index));
  if (handle == nullptr) {
    Refuse("cache", "a cache that open() returned");
  } else if (!handle->IsOpen()) {
    ok_ = false;
    ThrowClosed(env_, "cache");
  }
  return ok_ ? handle : nullptr;
}

ViewHandle* Arguments::View(size_t index) {
  if (!ok_) return nullptr;
  ViewHandle* handle = ViewHandle::From(At(index));
  if (handle == nullptr) {
    Refuse("view", "a view that openView() returned");
  } else if (!handle->IsOpen()) {
    ok_ = false;
    ThrowClosed(env_, "view");
  }
  return ok_ ? handle : nullptr;
}

ViewHandle* Arguments::OptionalViewOf(size_t index, const CacheHandle* cache) {
  if (!ok_ || At(index).IsUndefined()) return nullptr;
  ViewHandle* handle = View(index);
  if (ok_ && handle->Owner() != cache) Refuse("view", "a view of this cache");
  return ok_ ? handle : nullptr;
}

}  // namespace optimistic_cache
