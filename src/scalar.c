/*
 * scalar.c: what two values of a field are to each other.
 *
 * No column types are known here: a value says what it is by how JSON writes it. That is enough, because what a column
 * makes of an operand (text of a query string for a number, a day for a point in time) follows from the value that is
 * in the document. Where a column of one type would see equal values and another would not, the answer is unknown.
 *
 * What the databases do not do alike is unknown to a replay:
 *   - the order of texts: SQLite compares bytes, PostgreSQL asks a collation. Points in time, written by
 *     Date.toISOString, have digits and punctuation at fixed places, and come out alike everywhere;
 *   - null: first in SQLite, last in PostgreSQL;
 *   - numbers that a double does not hold exactly.
 */
#include "scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT_MOST = 40, DIGITS_EXACT = 15, INSTANT_LEN = 24 };

enum scalar_kind { SCALAR_NULL, SCALAR_BOOLEAN, SCALAR_NUMBER, SCALAR_TEXT, SCALAR_OTHER };

enum truth truth_not(enum truth truth) {
  return truth == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

enum truth truth_and(enum truth a, enum truth b) {
  if (a == TRUTH_FALSE || b == TRUTH_FALSE) return TRUTH_FALSE;
  return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth truth_or(enum truth a, enum truth b) { return truth_not(truth_and(truth_not(a), truth_not(b))); }

static enum truth truth_of(bool value) { return value ? TRUTH_TRUE : TRUTH_FALSE; }

static enum scalar_kind kind_of(oc_slice_t value) {
  if (json_is_null(value)) return SCALAR_NULL;
  if (json_is_number(value)) return SCALAR_NUMBER;
  if (json_is_string(value)) return SCALAR_TEXT;
  return value.len > 0 && (value.data[0] == 't' || value.data[0] == 'f') ? SCALAR_BOOLEAN : SCALAR_OTHER;
}

/* ---- Numbers ---- */

/* `exact`: a double holds it, and every database writes it like this. */
static bool read_number(oc_slice_t text, double *number, bool *exact) {
  char copy[NUMBER_TEXT_MOST + 1], *end;
  if (text.len == 0 || text.len > NUMBER_TEXT_MOST ||
      (text.data[0] != '-' && (text.data[0] < '0' || text.data[0] > '9')))
    return false;
  size_t digits = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (c >= '0' && c <= '9') digits++;
    else if (!strchr("+-.eE", c)) return false;
    copy[i] = c;
  }
  copy[text.len] = '\0';
  *number = strtod(copy, &end);
  *exact = digits <= DIGITS_EXACT;
  return *end == '\0' && isfinite(*number);
}

/* ---- Points in time ---- */

static bool read_digits(const char **at, size_t count, int64_t *value) {
  *value = 0;
  for (size_t i = 0; i < count; i++, ++*at) {
    if (**at < '0' || **at > '9') return false;
    *value = *value * 10 + (**at - '0');
  }
  return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar (after Howard Hinnant's days_from_civil). */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = year / 400, of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* `YYYY-MM-DD`, alone or with a time in UTC: what says nothing of its zone is local time, and not known here. */
static bool read_instant(oc_slice_t text, int64_t *milliseconds) {
  char copy[INSTANT_LEN + 1];
  if (text.len < 10 || text.len > INSTANT_LEN) return false;
  memcpy(copy, text.data, text.len);
  copy[text.len] = '\0'; /* no digit, so that reading stops there */
  const char *at = copy;
  int64_t year, month, day, hour = 0, minute = 0, second = 0, fraction = 0;
  if (!read_digits(&at, 4, &year) || *at++ != '-' || !read_digits(&at, 2, &month) || *at++ != '-' ||
      !read_digits(&at, 2, &day))
    return false;
  if (month < 1 || month > 12 || day < 1 || day > 31 || year < 1) return false;
  if (*at == 'T') {
    at++;
    if (!read_digits(&at, 2, &hour) || *at++ != ':' || !read_digits(&at, 2, &minute)) return false;
    if (*at == ':' && (at++, !read_digits(&at, 2, &second))) return false;
    if (*at == '.' && (at++, !read_digits(&at, 3, &fraction))) return false;
    if (*at++ != 'Z' || hour > 23 || minute > 59 || second > 59) return false;
  }
  if (*at != '\0') return false;
  *milliseconds = (((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction;
  return true;
}

/* As Date.toISOString writes it, and a database stores it. */
static bool is_stored_instant(oc_slice_t text) {
  int64_t ignored;
  return text.len == INSTANT_LEN && read_instant(text, &ignored);
}

/* ---- Texts ---- */

/* Whether equal texts can have been written differently: JSON.stringify has one way, others may have escaped more. */
static bool may_be_written_otherwise(oc_slice_t text) {
  for (size_t i = 0; i + 1 < text.len; i++) {
    if (text.data[i] != '\\') continue;
    if (text.data[i + 1] == 'u' || text.data[i + 1] == '/') return true;
    i++;
  }
  return false;
}

static enum truth equal_texts(oc_slice_t a, oc_slice_t b, bool date, enum replay_mode mode) {
  if (slice_equal(a, b)) return TRUTH_TRUE;
  int64_t at, other;
  if (read_instant(a, &at) && read_instant(b, &other)) {
    if (at != other) return TRUTH_FALSE;
    return date || mode == REPLAY_GUESS ? TRUTH_TRUE : TRUTH_UNKNOWN; /* equal as dates, not as texts */
  }
  if (mode == REPLAY_EXACT && date) return TRUTH_UNKNOWN; /* some other way to write a date */
  return may_be_written_otherwise(a) || may_be_written_otherwise(b) ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

/* The next byte of what a string says, its simple escapes undone; those of code points stay as they are written. */
static int next_byte(oc_slice_t *text) {
  static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
  if (text->len == 0) return -1;
  size_t used = 1;
  unsigned char byte = (unsigned char)text->data[0];
  const char *escape = byte == '\\' && text->len > 1 ? strchr(FROM, text->data[1]) : NULL;
  if (escape && *escape) {
    byte = (unsigned char)TO[escape - FROM];
    used = 2;
  }
  *text = (oc_slice_t){text->data + used, text->len - used};
  return byte;
}

/* UTF-8 is in the order of its code points. */
static enum order order_texts(oc_slice_t a, oc_slice_t b) {
  for (;;) {
    int one = next_byte(&a), other = next_byte(&b);
    if (one != other) return one < other ? ORDER_BEFORE : ORDER_AFTER;
    if (one < 0) return ORDER_EQUAL;
  }
}

static int folded(int byte) { return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte; }

static bool begins_like(oc_slice_t text, oc_slice_t part) {
  for (;;) {
    int wanted = next_byte(&part);
    if (wanted < 0) return true;
    if (folded(next_byte(&text)) != folded(wanted)) return false;
  }
}

bool scalar_holds(oc_slice_t text, oc_slice_t part) {
  do {
    if (begins_like(text, part)) return true;
  } while (next_byte(&text) >= 0);
  return false;
}

bool scalar_is_like(oc_slice_t a, oc_slice_t b) {
  for (;;) {
    int one = folded(next_byte(&a)), other = folded(next_byte(&b));
    if (one != other) return false;
    if (one < 0) return true;
  }
}

/* ---- Two values ---- */

static enum order order_numbers(double a, double b) { return a < b ? ORDER_BEFORE : a > b ? ORDER_AFTER : ORDER_EQUAL; }

/* A number, and another or its text: a query string has only texts. */
static enum order order_as_numbers(oc_slice_t a, oc_slice_t b, enum replay_mode mode) {
  double one, other;
  bool exact, as_exact;
  oc_slice_t a_text = json_scalar_text(a), b_text = json_scalar_text(b);
  if (!read_number(a_text, &one, &exact) || !read_number(b_text, &other, &as_exact)) return ORDER_UNKNOWN;
  if (mode == REPLAY_EXACT && !(exact && as_exact) && !slice_equal(a_text, b_text)) return ORDER_UNKNOWN;
  return order_numbers(one, other);
}

static enum truth equal_to_boolean(oc_slice_t boolean, oc_slice_t text) {
  return truth_of(scalar_is_like(boolean, text));
}

enum truth scalar_equal(oc_slice_t a, oc_slice_t b, bool date, enum replay_mode mode) {
  enum scalar_kind kind = kind_of(a), other = kind_of(b);
  if (kind == SCALAR_OTHER || other == SCALAR_OTHER) return TRUTH_UNKNOWN;
  if (kind == SCALAR_NULL || other == SCALAR_NULL) return truth_of(kind == other);
  if (kind == SCALAR_TEXT && other == SCALAR_TEXT)
    return equal_texts(json_scalar_text(a), json_scalar_text(b), date, mode);
  if (kind == SCALAR_BOOLEAN && other == SCALAR_BOOLEAN) return truth_of(slice_equal(a, b));
  if (kind == SCALAR_BOOLEAN && other == SCALAR_TEXT) return equal_to_boolean(a, json_scalar_text(b));
  if (kind == SCALAR_TEXT && other == SCALAR_BOOLEAN) return equal_to_boolean(b, json_scalar_text(a));
  enum order order = order_as_numbers(a, b, mode);
  if (order != ORDER_UNKNOWN) return truth_of(order == ORDER_EQUAL);
  return mode == REPLAY_EXACT ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

static enum order order_instants(oc_slice_t a, oc_slice_t b) {
  int64_t one, other;
  if (!read_instant(a, &one) || !read_instant(b, &other)) return ORDER_UNKNOWN;
  return one < other ? ORDER_BEFORE : one > other ? ORDER_AFTER : ORDER_EQUAL;
}

enum order scalar_order(oc_slice_t a, oc_slice_t b, bool date, enum replay_mode mode) {
  enum scalar_kind kind = kind_of(a), other = kind_of(b);
  if (kind == SCALAR_OTHER || other == SCALAR_OTHER) return ORDER_UNKNOWN;
  if (kind == SCALAR_NULL && other == SCALAR_NULL) return ORDER_EQUAL;
  if (kind == SCALAR_NULL || other == SCALAR_NULL) {
    if (mode == REPLAY_EXACT) return ORDER_UNKNOWN;
    return kind == SCALAR_NULL ? ORDER_BEFORE : ORDER_AFTER;
  }
  if (kind == SCALAR_BOOLEAN && other == SCALAR_BOOLEAN)
    return order_numbers(a.data[0] == 't' ? 1 : 0, b.data[0] == 't' ? 1 : 0);
  if (kind == SCALAR_NUMBER) return order_as_numbers(a, b, mode);
  if (kind != SCALAR_TEXT || other != SCALAR_TEXT) return ORDER_UNKNOWN;
  oc_slice_t one = json_scalar_text(a), another = json_scalar_text(b);
  if (slice_equal(one, another)) return ORDER_EQUAL;
  bool stored = is_stored_instant(one) && is_stored_instant(another);
  enum order instants = order_instants(one, another);
  if (instants != ORDER_UNKNOWN && (stored || date || mode == REPLAY_GUESS)) return instants;
  return mode == REPLAY_EXACT ? ORDER_UNKNOWN : order_texts(one, another);
}
