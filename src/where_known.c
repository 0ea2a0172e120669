/*
 * where_known.c: what Payload's SQL adapters make of where and sort, without a database.
 *
 * A condition is asked of the values at its path. Where an array lies on the way, the database joins its table, so the
 * condition holds when it holds for one of the rows, and no rows are one row of nulls. A relation gives its id, whether
 * the document is shown or not. SQL has its own three values, but an answer only tells true from not true, so a
 * comparison with null is false here; unknown means that what is known of the document is not enough, or that databases
 * do not agree.
 *
 * The overlay takes doubtful nodes at their word, a replay does not decide on them. The same goes for two conditions on
 * rows, which may have to hold for the same row.
 */
#include "where_known.h"

#include <string.h>

/* ---- Asking a value ---- */

struct question {
  oc_slice_t path, operand;
  enum where_kind kind;
  const struct shapes *shapes;
  enum replay_mode mode;
  bool date;     /* the value is of a date field */
  bool relation; /* the value is of a relation */
  bool rows;     /* an array lies on the way */
  bool foreign;  /* localized members are of another locale */
  bool absent;   /* nothing on the way was but objects that are merged, so another layer may have it */
};

static bool is_date(oc_slice_t path) {
  return slice_equal(path, SLICE("createdAt")) || slice_equal(path, SLICE("updatedAt")) ||
         slice_equal(path, SLICE("deletedAt"));
}

static const oc_slice_t NULL_VALUE = {"null", 4};

static enum truth ask_equals(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  return scalar_equal(value, operand, question->date, question->mode);
}

/* Of a list: an array, or text with commas. */
static enum truth ask_in(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  enum truth found = TRUTH_FALSE;
  oc_slice_t item;
  if (json_is_array(operand)) {
    struct json_walk walk = json_walk(operand);
    while (json_next_element(&walk, &item)) {
      bool cast = json_is_null(item) && question->relation; /* Payload casts it to an id */
      enum truth equal = cast && question->mode == REPLAY_EXACT ? TRUTH_UNKNOWN : ask_equals(question, value, item);
      found = truth_or(found, equal);
    }
    return found;
  }
  if (!json_is_string(operand)) return ask_equals(question, value, operand);
  oc_slice_t text = json_scalar_text(operand);
  if (!memchr(text.data, ',', text.len)) return ask_equals(question, value, operand);
  if (question->mode == REPLAY_EXACT) return TRUTH_UNKNOWN;
  for (const char *at = text.data, *end = at + text.len; at <= end;) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    size_t len = (size_t)((comma ? comma : end) - at);
    oc_slice_t plain = json_is_string(value) ? json_scalar_text(value) : value;
    found = truth_or(found, slice_equal(plain, (oc_slice_t){at, len}) ? TRUTH_TRUE : TRUTH_FALSE);
    at += len + 1;
  }
  return found;
}

static bool holds_null(oc_slice_t list) {
  struct json_walk walk = json_walk(list);
  oc_slice_t item;
  while (json_is_array(list) && json_next_element(&walk, &item))
    if (json_is_null(item)) return true;
  return false;
}

static enum truth ask_not_in(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  if (json_is_null(value) && question->relation) return TRUTH_TRUE;
  oc_slice_t ignored;
  struct json_walk walk = json_walk(operand);
  if (json_is_array(operand) && !json_next_element(&walk, &ignored)) return TRUTH_TRUE;
  if (holds_null(operand)) return question->mode == REPLAY_EXACT ? TRUTH_UNKNOWN : TRUTH_FALSE;
  if (json_is_null(value)) return TRUTH_FALSE; /* to compare with null is not true */
  return truth_not(ask_in(question, value, operand));
}

static enum truth ask_order(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  if (json_is_null(value)) return TRUTH_FALSE;
  if (json_is_null(operand)) return question->mode == REPLAY_EXACT ? TRUTH_UNKNOWN : TRUTH_FALSE;
  enum order order = scalar_order(value, operand, question->date, question->mode);
  if (order == ORDER_UNKNOWN) return TRUTH_UNKNOWN;
  bool above = order == ORDER_AFTER, below = order == ORDER_BEFORE, equal = order == ORDER_EQUAL;
  bool yes = false;
  switch (question->kind) {
  case WHERE_GREATER: yes = above; break;
  case WHERE_GREATER_EQUAL: yes = above || equal; break;
  case WHERE_LESS: yes = below; break;
  default: yes = below || equal; break;
  }
  return yes ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Every word of the operand is in the text; of other values it asks whether they are equal. */
static enum truth ask_like(const struct question *question, oc_slice_t value, oc_slice_t operand, bool words) {
  if (json_is_null(value)) return TRUTH_FALSE;
  if (question->relation || !json_is_string(value)) return ask_equals(question, value, operand);
  if (question->mode == REPLAY_EXACT) return TRUTH_UNKNOWN;
  oc_slice_t text = json_scalar_text(value), part = json_scalar_text(operand);
  for (;;) {
    const char *space = words ? memchr(part.data, ' ', part.len) : NULL;
    size_t len = space ? (size_t)(space - part.data) : part.len;
    if (!scalar_holds(text, (oc_slice_t){part.data, len})) return TRUTH_FALSE;
    if (!space) return TRUTH_TRUE;
    part = (oc_slice_t){space + 1, part.len - len - 1};
  }
}

static enum truth ask_not_like(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  if (json_is_null(value)) return TRUTH_FALSE;
  if (question->mode == REPLAY_EXACT) return TRUTH_UNKNOWN;
  return scalar_is_like(json_scalar_text(value), json_scalar_text(operand)) ? TRUTH_FALSE : TRUTH_TRUE;
}

static enum truth ask_exists(oc_slice_t value, oc_slice_t operand) {
  bool wanted = scalar_is_like(json_scalar_text(operand), SLICE("true"));
  return json_is_null(value) != wanted ? TRUTH_TRUE : TRUTH_FALSE;
}

/* { relationTo, value } and another such, or null. */
static enum truth ask_polymorphic(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  oc_slice_t to, asked_to, inner, asked;
  if (json_is_null(operand)) return TRUTH_FALSE;
  if (!json_member(value, SLICE("relationTo"), &to) || !json_member(value, SLICE("value"), &inner) ||
      !json_member(operand, SLICE("relationTo"), &asked_to) || !json_member(operand, SLICE("value"), &asked))
    return TRUTH_UNKNOWN;
  if (json_is_object(inner) && !json_member(inner, SLICE("id"), &inner)) return TRUTH_UNKNOWN;
  return slice_equal(to, asked_to) ? ask_equals(question, inner, asked) : TRUTH_FALSE;
}

static enum truth ask_equal(const struct question *question, oc_slice_t value, oc_slice_t operand) {
  if (json_is_object(value)) return ask_polymorphic(question, value, operand);
  if (json_is_null(value) && json_is_object(operand) && question->mode == REPLAY_GUESS) return TRUTH_FALSE;
  if (json_is_array(operand) && question->relation) return ask_in(question, value, operand);
  return ask_equals(question, value, operand);
}

static enum truth ask_value(const struct question *question, oc_slice_t value) {
  oc_slice_t operand = question->operand;
  enum where_kind kind = question->kind;
  if (json_is_object(value) && kind != WHERE_EXISTS && kind != WHERE_EQUALS && kind != WHERE_NOT_EQUALS)
    return TRUTH_UNKNOWN;
  switch (kind) {
  case WHERE_EQUALS: return ask_equal(question, value, operand);
  case WHERE_NOT_EQUALS: return truth_not(ask_equal(question, value, operand));
  case WHERE_IN: return ask_in(question, value, operand);
  case WHERE_NOT_IN: return ask_not_in(question, value, operand);
  case WHERE_EXISTS: return ask_exists(value, operand);
  case WHERE_GREATER:
  case WHERE_GREATER_EQUAL:
  case WHERE_LESS:
  case WHERE_LESS_EQUAL: return ask_order(question, value, operand);
  case WHERE_LIKE: return ask_like(question, value, operand, true);
  case WHERE_CONTAINS: return ask_like(question, value, operand, false);
  case WHERE_NOT_LIKE: return ask_not_like(question, value, operand);
  default: return TRUTH_UNKNOWN;
  }
}

/* ---- The way to the values ---- */

static enum truth ask_at(struct question *question, const struct shape_node *node, oc_slice_t value, oc_slice_t path);

static enum truth ask_rows(struct question *question, const struct shape_node *node, oc_slice_t rows, oc_slice_t path) {
  struct json_walk walk = json_walk(rows);
  oc_slice_t row;
  enum truth any = TRUTH_FALSE;
  bool empty = true;
  question->rows = true;
  while (json_next_element(&walk, &row)) {
    any = truth_or(any, ask_at(question, node, row, path));
    question->absent = empty = false;
  }
  return empty ? ask_at(question, node, NULL_VALUE, path) : any;
}

/* A relation is its id, or { relationTo, value }, and further on what the document shows that is there. */
static enum truth ask_relation(struct question *question, const struct shape_node *node, oc_slice_t value,
                               oc_slice_t path) {
  oc_slice_t rest, name, member;
  question->relation = true;
  if (path.len == 0) {
    if (!node->polymorphic && json_is_object(value) && !json_member(value, SLICE("id"), &value)) return TRUTH_UNKNOWN;
    return ask_value(question, value);
  }
  name = where_first_of(path, &rest);
  if (node->polymorphic) {
    if (rest.len > 0 || !json_member(value, name, &member)) return TRUTH_UNKNOWN;
    if (json_is_object(member) && !json_member(member, SLICE("id"), &member)) return TRUTH_UNKNOWN;
    return ask_value(question, member);
  }
  if (!json_is_object(value))
    return rest.len == 0 && slice_equal(name, SLICE("id")) ? ask_value(question, value) : TRUTH_UNKNOWN;
  question->relation = false;
  if (!json_member(value, name, &member)) return TRUTH_UNKNOWN;
  const struct shape_node *root = shapes_root(question->shapes, node->target);
  enum truth truth = ask_at(question, shapes_member(question->shapes, root, name), member, rest);
  question->absent = false;
  return truth;
}

/* Whether the database keeps the value where conditions are asked of it, and not as JSON of its own. */
static bool is_column(const struct shape_node *node, oc_slice_t value) {
  if (node && node->json) return false;
  if (!json_is_container(value)) return true;
  return node && (node->relation || node->rows || (node->group && json_is_object(value)));
}

static bool leads_to_relation(const struct question *question, const struct shape_node *node, oc_slice_t path) {
  while (node && path.len > 0) {
    oc_slice_t rest, name = where_first_of(path, &rest);
    node = shapes_member(question->shapes, node, name);
    path = rest;
  }
  return node && node->relation;
}

static enum truth say_absent(struct question *question) {
  question->absent = true;
  return TRUTH_UNKNOWN;
}

static enum truth ask_at(struct question *question, const struct shape_node *node, oc_slice_t value, oc_slice_t path) {
  bool exact = question->mode == REPLAY_EXACT, localized = node && node->localized;
  if (exact && (localized || (question->kind != WHERE_EXISTS && !is_column(node, value)))) return TRUTH_UNKNOWN;
  if (localized && question->foreign) return say_absent(question);
  question->date |= node && node->date;
  if (json_is_array(value)) return ask_rows(question, node, value, path);
  if (json_is_null(value)) {
    question->relation = leads_to_relation(question, node, path);
    return ask_value(question, value);
  }
  if (node && node->relation) return ask_relation(question, node, value, path);
  if (path.len == 0) return ask_value(question, value);
  oc_slice_t rest, member, name = where_first_of(path, &rest);
  if (!json_is_object(value)) return TRUTH_UNKNOWN;
  if (!json_member(value, name, &member)) return say_absent(question);
  return ask_at(question, shapes_member(question->shapes, node, name), member, rest);
}

/* What is known of a member without any layer that has it; empty when nothing is. */
static oc_slice_t given_otherwise(const struct known *known, oc_slice_t path) {
  if (slice_equal(path, SLICE("id"))) return known->id;
  bool is_null = known->whole || (known->made && slice_equal(path, SLICE("deletedAt")));
  return is_null ? NULL_VALUE : (oc_slice_t){NULL, 0};
}

static enum truth ask_members(struct question *question, const struct known *known) {
  oc_slice_t rest, name = where_first_of(question->path, &rest), member;
  for (uint32_t i = 0; i < known->layer_count; i++) {
    if (!json_member(known->layers[i], name, &member)) continue;
    question->foreign = known->foreign >> i & 1;
    question->absent = false;
    enum truth truth = ask_at(question, shapes_member(known->shapes, known->root, name), member, rest);
    if (!question->absent) return truth;
  }
  oc_slice_t given = given_otherwise(known, question->path);
  return given.len > 0 ? ask_value(question, given) : TRUTH_UNKNOWN;
}

/* `all` asks as `equals` does for each of its values. No SQL adapter has it, so it is only ever asked of a guess. */
static enum truth ask_all(struct question *question, const struct known *known) {
  enum truth all = TRUTH_TRUE;
  struct json_walk walk = json_walk(question->operand);
  if (question->mode == REPLAY_EXACT || !json_is_array(question->operand)) return TRUTH_UNKNOWN;
  question->kind = WHERE_EQUALS;
  while (json_next_element(&walk, &question->operand)) all = truth_and(all, ask_members(question, known));
  return all;
}

static enum truth ask_known(struct question *question, const struct known *known) {
  if (question->kind == WHERE_UNDECIDED || memchr(question->path.data, '\\', question->path.len)) return TRUTH_UNKNOWN;
  question->date = is_date(question->path);
  return question->kind == WHERE_ALL ? ask_all(question, known) : ask_members(question, known);
}

struct asking {
  const struct where *where;
  const struct known *known;
  enum replay_mode mode;
  uint32_t rows; /* conditions that looked into arrays */
  bool strange;  /* there are conditions that no SQL adapter takes */
};

static enum truth ask_node(struct asking *asking, uint32_t index) {
  const struct where_node *nodes = where_nodes(asking->where), *node = nodes + index;
  enum truth truth;
  if (node->kind == WHERE_AND || node->kind == WHERE_OR) {
    truth = node->kind == WHERE_AND ? TRUTH_TRUE : TRUTH_FALSE;
    for (uint32_t child = index + 1; child < node->end; child = nodes[child].end) {
      enum truth part = ask_node(asking, child);
      truth = node->kind == WHERE_AND ? truth_and(truth, part) : truth_or(truth, part);
    }
  } else {
    struct question question = {.path = where_slice(asking->where, node->path),
                                .operand = where_slice(asking->where, node->value),
                                .kind = (enum where_kind)node->kind,
                                .shapes = asking->known->shapes,
                                .mode = asking->mode};
    truth = ask_known(&question, asking->known);
    if (question.rows) asking->rows++;
    if (node->kind == WHERE_UNDECIDED || node->kind == WHERE_ALL) asking->strange = true;
  }
  return node->doubtful && asking->mode == REPLAY_EXACT ? TRUTH_UNKNOWN : truth;
}

struct where_answer where_matches(const struct where *where, const struct known *known, enum replay_mode mode) {
  struct asking asking = {.where = where, .known = known, .mode = mode};
  struct where_answer answer = {.truth = where->node_count > 0 ? ask_node(&asking, 0) : TRUTH_TRUE};
  answer.rows = asking.rows > 0;
  bool same_row = asking.rows > 1; /* or for two of them? */
  if ((same_row || asking.strange) && mode == REPLAY_EXACT) answer.truth = TRUTH_UNKNOWN;
  return answer;
}

/* ---- Sorting ---- */

enum lookup { LOOKUP_FOUND, LOOKUP_ABSENT, LOOKUP_UNDECIDED };

static enum lookup look_in(const struct known *known, uint32_t layer, oc_slice_t path, enum replay_mode mode,
                           oc_slice_t *value) {
  const struct shape_node *node = known->root;
  oc_slice_t at = known->layers[layer], rest;
  while (path.len > 0) {
    if (json_is_null(at)) break;
    oc_slice_t name = where_first_of(path, &rest);
    if (!json_is_object(at)) return LOOKUP_UNDECIDED;
    if (!json_member(at, name, &at)) return LOOKUP_ABSENT;
    bool relation = node && node->relation;
    node = relation ? shapes_root(known->shapes, node->target) : node;
    node = shapes_member(known->shapes, node, name);
    if (node && node->localized && known->foreign >> layer & 1) return LOOKUP_ABSENT;
    path = rest;
  }
  if (node && node->relation && json_is_object(at) && !json_member(at, SLICE("id"), &at)) return LOOKUP_UNDECIDED;
  bool elsewhere = node && (node->json || (node->localized && mode == REPLAY_EXACT));
  if (json_is_container(at) || elsewhere) return LOOKUP_UNDECIDED;
  *value = at;
  return LOOKUP_FOUND;
}

static enum lookup look_up(const struct known *known, oc_slice_t path, enum replay_mode mode, oc_slice_t *value) {
  for (uint32_t i = 0; i < known->layer_count; i++) {
    enum lookup found = look_in(known, i, path, mode, value);
    if (found != LOOKUP_ABSENT) return found;
  }
  *value = given_otherwise(known, path);
  return value->len > 0 ? LOOKUP_FOUND : LOOKUP_ABSENT;
}

/* A document that is only being created is the last to be created, and to be updated. */
static bool is_latest(const struct known *known, enum lookup found, oc_slice_t path) {
  return known->made && found == LOOKUP_ABSENT && is_date(path);
}

static enum order order_by(const struct where *where, const struct sort_key *key, const struct known *a,
                           const struct known *b, enum replay_mode mode) {
  oc_slice_t path = where_slice(where, key->path), one, other;
  if (mode == REPLAY_EXACT && (key->doubtful || memchr(path.data, '.', path.len))) return ORDER_UNKNOWN;
  enum lookup found = look_up(a, path, mode, &one), found_other = look_up(b, path, mode, &other);
  if (mode == REPLAY_EXACT && key->implied && found == LOOKUP_ABSENT && found_other == LOOKUP_ABSENT) {
    /* A collection that does not keep it is in the order of its ids, the last first. */
    path = SLICE("id");
    found = look_up(a, path, mode, &one);
    found_other = look_up(b, path, mode, &other);
  }
  if (is_latest(a, found, path) && is_latest(b, found_other, path)) return ORDER_EQUAL;
  if (is_latest(a, found, path)) return ORDER_AFTER; /* whether or not the other's time is shown */
  if (is_latest(b, found_other, path)) return ORDER_BEFORE;
  if (found == LOOKUP_ABSENT && found_other == LOOKUP_ABSENT) return mode == REPLAY_EXACT ? ORDER_UNKNOWN : ORDER_EQUAL;
  if (found != LOOKUP_FOUND || found_other != LOOKUP_FOUND) return ORDER_UNKNOWN;
  enum order order = scalar_order(one, other, is_date(path), mode);
  /* A number has a place beside an operand that is the text of one, but not among texts. */
  return scalar_order(other, one, is_date(path), mode) == ORDER_UNKNOWN ? ORDER_UNKNOWN : order;
}

enum order where_order(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode) {
  const struct sort_key *keys = where_keys(where);
  for (uint32_t i = 0; i < where->key_count; i++) {
    enum order order = order_by(where, keys + i, a, b, mode);
    if (order == ORDER_UNKNOWN) return order;
    if (order == ORDER_EQUAL) continue;
    if (!keys[i].descending) return order;
    return order == ORDER_BEFORE ? ORDER_AFTER : ORDER_BEFORE;
  }
  return ORDER_EQUAL;
}

bool where_same_keys(const struct where *where, const struct known *a, const struct known *b, enum replay_mode mode) {
  const struct sort_key *keys = where_keys(where);
  for (uint32_t i = 0; i < where->key_count; i++) {
    oc_slice_t path = where_slice(where, keys[i].path), one, other;
    enum lookup found = look_up(a, path, mode, &one), found_other = look_up(b, path, mode, &other);
    if (found == LOOKUP_ABSENT && found_other == LOOKUP_ABSENT) continue;
    if (found != LOOKUP_FOUND || found_other != LOOKUP_FOUND || !slice_equal(one, other)) return false;
  }
  return true;
}

static bool path_may_join(const struct known *known, oc_slice_t path) {
  const struct shape_node *node = shapes_member(known->shapes, known->root, path);
  return memchr(path.data, '.', path.len) || (node && (node->rows || node->relation || node->localized));
}

bool where_may_join(const struct where *where, const struct known *known) {
  for (uint32_t i = 0; i < where->node_count; i++)
    if (where_nodes(where)[i].kind > WHERE_OR && path_may_join(known, where_slice(where, where_nodes(where)[i].path)))
      return true;
  for (uint32_t i = 0; i < where->key_count; i++)
    if (path_may_join(known, where_slice(where, where_keys(where)[i].path))) return true;
  return false;
}
