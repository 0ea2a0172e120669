/*
 * scalar.h: comparing the values of fields as a database does, as far as SQLite and PostgreSQL do it alike.
 */
#ifndef SCALAR_H
#define SCALAR_H

#include "json.h"

/* For whom something is decided. */
enum replay_mode {
  REPLAY_EXACT, /* for everybody: what cannot be decided as the database would is not decided */
  REPLAY_GUESS  /* for the overlay: the best guess */
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };
enum order { ORDER_BEFORE, ORDER_EQUAL, ORDER_AFTER, ORDER_UNKNOWN };

/* `date`: the values are known to be of a date field. Both take JSON scalars; other values are unknown. */
enum truth scalar_equal(oc_slice_t a, oc_slice_t b, bool date, enum replay_mode mode);
/* Null comes first, which only SQLite agrees with; text is in the order of its code points. */
enum order scalar_order(oc_slice_t a, oc_slice_t b, bool date, enum replay_mode mode);

/* Whether a string holds another one; A–Z count as a–z, other letters only as themselves, as SQLite has it. */
bool scalar_holds(oc_slice_t text, oc_slice_t part);
/* The same, of the whole text. */
bool scalar_is_like(oc_slice_t a, oc_slice_t b);

enum truth truth_not(enum truth truth);
enum truth truth_and(enum truth a, enum truth b);
enum truth truth_or(enum truth a, enum truth b);

#endif
