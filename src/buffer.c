/* buffer.c: growable memory outside the arena: doubles, never shrinks. */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void oc_buffer_free(oc_buffer_t *buffer) {
  free(buffer->data);
  *buffer = (oc_buffer_t){0};
}

oc_status buffer_reserve(oc_buffer_t *buffer, size_t cap) {
  if (cap <= buffer->cap) return OC_OK;
  if (cap > SIZE_MAX / 2) return OC_ERR_MEMORY;
  size_t grown = buffer->cap ? buffer->cap * 2 : 256;
  if (grown < cap) grown = cap;
  char *data = realloc(buffer->data, grown);
  if (!data) return OC_ERR_MEMORY;
  buffer->data = data;
  buffer->cap = grown;
  return OC_OK;
}

oc_status buffer_append(oc_buffer_t *buffer, const void *data, size_t len) {
  if (len > SIZE_MAX / 2 - buffer->len) return OC_ERR_MEMORY;
  oc_status status = buffer_reserve(buffer, buffer->len + len);
  if (status != OC_OK) return status;
  if (len > 0) memcpy(buffer->data + buffer->len, data, len);
  buffer->len += len;
  return OC_OK;
}

oc_status buffer_print(oc_buffer_t *buffer, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  int len = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (len < 0 || (size_t)len >= sizeof text) return OC_ERR_ARGUMENT;
  return buffer_append(buffer, text, (size_t)len);
}

enum { DIGITS_MOST = 20 };

static oc_slice_t digits_of(uint64_t number, char text[static DIGITS_MOST]) {
  char *end = text + DIGITS_MOST, *at = end;
  do *--at = (char)('0' + number % 10);
  while (number /= 10);
  return (oc_slice_t){at, (size_t)(end - at)};
}

oc_status buffer_digits(oc_buffer_t *buffer, uint64_t number) {
  char text[DIGITS_MOST];
  oc_slice_t digits = digits_of(number, text);
  return buffer_append(buffer, digits.data, digits.len);
}

void buffer_put(oc_buffer_t *buffer, size_t *need, oc_slice_t text) {
  *need += text.len;
  if (text.len == 0 || *need > buffer->cap) return;
  memcpy(buffer->data + buffer->len, text.data, text.len);
  buffer->len += text.len;
}

void buffer_put_digits(oc_buffer_t *buffer, size_t *need, uint32_t number) {
  char text[DIGITS_MOST];
  buffer_put(buffer, need, digits_of(number, text));
}

oc_status buffer_quote(oc_buffer_t *buffer, oc_slice_t text) {
  static const char HEX[] = "0123456789abcdef";
  size_t before = buffer->len;
  if (text.len > (SIZE_MAX / 2 - before - 2) / 6) return OC_ERR_MEMORY;
  oc_status status = buffer_reserve(buffer, before + text.len * 6 + 2);
  if (status != OC_OK) return status;
  char *at = buffer->data + before;
  *at++ = '"';
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (c == '"' || c == '\\') {
      *at++ = '\\';
      *at++ = (char)c;
    } else if (c < 0x20) {
      memcpy(at, "\\u00", 4);
      at[4] = HEX[c >> 4];
      at[5] = HEX[c & 15];
      at += 6;
    } else {
      *at++ = (char)c;
    }
  }
  *at++ = '"';
  buffer->len = (size_t)(at - buffer->data);
  return OC_OK;
}
