/*
 * fuzz.h: what the fuzz targets share: the input in parts, and checks that end the process, and so show libFuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);                                         \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

static const uint32_t FUZZ_DEPTH = 128;

/* The input, line by line. */
struct fuzz_input {
  const char *at, *end;
};

static inline oc_slice_t fuzz_line(struct fuzz_input *input) {
  const char *stop = memchr(input->at, '\n', (size_t)(input->end - input->at));
  oc_slice_t line = {input->at, (size_t)((stop ? stop : input->end) - input->at)};
  input->at = stop ? stop + 1 : input->end;
  return line;
}

static inline bool fuzz_is_json(oc_slice_t text) { return json_validate(text, FUZZ_DEPTH, "input", NULL) == OC_OK; }

#endif
