/* The comparisons of Criterion's new assertions, for the types that the core's tests compare. */
#ifndef PLAIN_ASSERT_H
#define PLAIN_ASSERT_H

#include "../criterion.h"

/* plain_order_<type>: negative, 0 or positive, as strcmp. */
#define PLAIN_ORDER(name, type)                                                                                        \
  static inline int plain_order_##name(type a, type b) { return (a > b) - (a < b); }
PLAIN_ORDER(int, int)
PLAIN_ORDER(uint, unsigned)
PLAIN_ORDER(long, long)
PLAIN_ORDER(chr, char)
PLAIN_ORDER(u8, uint8_t)
PLAIN_ORDER(i16, int16_t)
PLAIN_ORDER(u16, uint16_t)
PLAIN_ORDER(i32, int32_t)
PLAIN_ORDER(u32, uint32_t)
PLAIN_ORDER(i64, int64_t)
PLAIN_ORDER(u64, uint64_t)
PLAIN_ORDER(sz, size_t)
PLAIN_ORDER(dbl, double)
PLAIN_ORDER(ptr, const void *)
static inline int plain_order_str(const char *a, const char *b) { return strcmp(a, b); }

#define eq(type, a, b) (plain_order_##type((a), (b)) == 0)
#define ne(type, a, b) (plain_order_##type((a), (b)) != 0)
#define lt(type, a, b) (plain_order_##type((a), (b)) < 0)
#define le(type, a, b) (plain_order_##type((a), (b)) <= 0)
#define gt(type, a, b) (plain_order_##type((a), (b)) > 0)
#define ge(type, a, b) (plain_order_##type((a), (b)) >= 0)
#define zero(type, a) (plain_order_##type((a), 0) == 0)
#define not(condition) (!(condition))

#endif
