#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static oc_status validate(const char *text) { return json_validate(S(text), 8, "value", NULL); }

/* ---- UTF-8 ---- */

Test(utf8, well_formed_sequences_of_every_length_are_taken) {
  cr_assert(eq(int, utf8_validate(S(""), "x", NULL), OC_OK));
  cr_assert(eq(int, utf8_validate(S("plain text of more than eight bytes"), "x", NULL), OC_OK));
  /* the first and last code points of two, three and four bytes, and those around the surrogates */
  static const char *const TEXTS[] = {"\xc2\x80",     "\xdf\xbf",     "\xe0\xa0\x80",     "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, utf8_validate(S(TEXTS[i]), "x", NULL), OC_OK), "%zu", i);
}

Test(utf8, overlong_truncated_and_surrogate_sequences_are_refused) {
  static const char *const TEXTS[] = {
      "\x80",             /* a continuation alone */
      "\xc3",             /* cut off */
      "\xc0\xaf",         /* overlong, two bytes */
      "\xe0\x9f\xbf",     /* overlong, three */
      "\xf0\x8f\xbf\xbf", /* overlong, four */
      "\xed\xa0\x80",     /* a surrogate */
      "\xf4\x90\x80\x80", /* past U+10FFFF */
      "\xf5\x80\x80\x80",
      "\xff",
      "\xe2\x82",
      "\xf0\x9f\x98",
      "\xe2\x28\xa1",
  };
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, utf8_validate(S(TEXTS[i]), "x", NULL), OC_ERR_UTF8), "%zu", i);
}

Test(utf8, the_error_names_the_text_and_the_byte) {
  oc_error_t error;
  cr_assert(eq(int, utf8_validate(S("0123456789\xff"), "key", &error), OC_ERR_UTF8));
  cr_assert(strstr(error.message, "key") != NULL && strstr(error.message, "byte 10") != NULL, "%s", error.message);
}

/* ---- Validation ---- */

Test(json, what_rfc_8259_allows_is_taken) {
  static const char *const TEXTS[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "10",
      "-12.5",
      "1e9",
      "1E+9",
      "0.1e-2",
      "\"\"",
      "\"a\\\"b\\\\\\/\\b\\f\\n\\r\\t\"",
      "[]",
      "{}",
      "[1,2]",
      "[[],{}]",
      "{\"a\":1,\"b\":[{}]}",
      " \t\r\n[ 1 , 2 ] ",
      "{ \"a\" : { } }",
      "\"\\u00e9\"",
      "\"\\ud83d\\ude00\"",
      "{\"\":0}",
      "[1,[2,[3]]]",
  };
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, validate(TEXTS[i]), OC_OK), "%s", TEXTS[i]);
}

Test(json, what_is_not_json_is_refused) {
  static const char *const TEXTS[] = {
      "",
      " ",
      "nul",
      "True",
      "01",
      "-",
      "1.",
      ".5",
      "1e",
      "+1",
      "0x1",
      "\"",
      "\"\\\"",
      "\"\\x\"",
      "\"\n\"",
      "[",
      "]",
      "[1",
      "[1,]",
      "[,1]",
      "[1 2]",
      "{",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{1:1}",
      "{\"a\" 1}",
      "[1}",
      "{\"a\":1]",
      "1 2",
      "{}{}",
      "[]]",
      "'a'",
      "NaN",
      "\"\\u12g4\"",
      "\"\\u123\"",
      "nullx",
      "[1,2",
      "{\"a\":1,",
      "{\"a\":1,\"b\"",
  };
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, validate(TEXTS[i]), OC_ERR_JSON), "%s", TEXTS[i]);
}

Test(json, text_that_ends_anywhere_is_refused_and_nothing_past_it_is_read) {
  static const char TEXT[] = "{\"a\":[1,-2.5e+3,true,null],\"b\":{\"c\":\"\\ud83d\\ude00\\n\"},\"d\":\"\xc3\xa9\"}";
  size_t len = sizeof TEXT - 1;
  cr_assert(eq(int, json_validate((oc_slice_t){TEXT, len}, 8, "value", NULL), OC_OK));
  for (size_t cut = 0; cut < len; cut++) {
    char *exact = malloc(cut + 1);
    memcpy(exact + 1, TEXT, cut); /* ends where the block ends, so that ASan sees a read past it */
    cr_assert(lt(int, json_validate((oc_slice_t){exact + 1, cut}, 8, "value", NULL), OC_OK), "%zu", cut);
    free(exact);
  }
}

Test(json, nesting_is_allowed_up_to_the_limit_and_not_past_it) {
  cr_assert(eq(int, json_validate(S("[[{\"a\":[]}]]"), 4, "value", NULL), OC_OK));
  cr_assert(eq(int, json_validate(S("[[{\"a\":[]}]]"), 3, "value", NULL), OC_ERR_JSON_DEPTH));
  char deep[2 * JSON_DEPTH_MOST + 3];
  memset(deep, '[', JSON_DEPTH_MOST);
  memset(deep + JSON_DEPTH_MOST, ']', JSON_DEPTH_MOST);
  deep[2 * JSON_DEPTH_MOST] = '\0';
  cr_assert(eq(int, json_validate(S(deep), UINT32_MAX, "value", NULL), OC_OK));
  memset(deep, '[', JSON_DEPTH_MOST + 1);
  memset(deep + JSON_DEPTH_MOST + 1, ']', JSON_DEPTH_MOST + 1);
  deep[2 * JSON_DEPTH_MOST + 2] = '\0';
  cr_assert(eq(int, json_validate(S(deep), UINT32_MAX, "value", NULL), OC_ERR_JSON_DEPTH));
}

Test(json, an_escaped_nul_is_refused_wherever_it_stands) {
  cr_assert(eq(int, validate("\"\\u0000\""), OC_ERR_JSON_NUL));
  cr_assert(eq(int, validate("{\"a\\u0000b\":1}"), OC_ERR_JSON_NUL));
  cr_assert(eq(int, validate("\"\\\\u0000\""), OC_OK)); /* an escaped backslash and four zeroes */
}

Test(json, half_of_a_surrogate_pair_is_refused) {
  static const char *const TEXTS[] = {"\"\\ud83d\"",    "\"\\ude00\"",        "\"\\ud83dx\"",
                                      "\"\\ud83d\\n\"", "\"\\ud83d\\ud83d\"", "\"\\ud83d\\u0041\""};
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
    cr_assert(eq(int, validate(TEXTS[i]), OC_ERR_JSON_SURROGATE), "%s", TEXTS[i]);
}

Test(json, the_error_names_the_text_and_the_byte) {
  oc_error_t error;
  cr_assert(eq(int, json_validate(S("{\"a\":x}"), 8, "operations", &error), OC_ERR_JSON));
  cr_assert(strstr(error.message, "operations") != NULL && strstr(error.message, "byte 5") != NULL, "%s",
            error.message);
}

/* ---- Walking ---- */

Test(json, a_walk_finds_every_member_in_order_with_brackets_and_quotes_in_strings) {
  oc_slice_t text = S(" { \"a\" : \"}\\\"]\" , \"b\":[1,{\"x\":\"]\"}],\"c\":-1.5e3,\"\":null } ");
  static const char *const NAMES[] = {"a", "b", "c", ""};
  static const char *const VALUES[] = {"\"}\\\"]\"", "[1,{\"x\":\"]\"}]", "-1.5e3", "null"};
  struct json_walk walk = json_walk(json_trim(text));
  oc_slice_t name, value;
  size_t count = 0;
  while (json_next_member(&walk, &name, &value)) {
    cr_assert(lt(sz, count, 4));
    cr_assert(is_text(name, NAMES[count]) && is_text(value, VALUES[count]), "%zu", count);
    count++;
  }
  cr_assert(eq(sz, count, 4));
}

Test(json, a_walk_finds_every_element_in_order) {
  static const char *const VALUES[] = {"1", "\"a,b\"", "[2,3]", "{}", "true"};
  struct json_walk walk = json_walk(S("[ 1,\"a,b\" ,[2,3],{}, true ]"));
  oc_slice_t value;
  size_t count = 0;
  while (json_next_element(&walk, &value)) {
    cr_assert(lt(sz, count, 5));
    cr_assert(is_text(value, VALUES[count]), "%zu", count);
    count++;
  }
  cr_assert(eq(sz, count, 5));
}

Test(json, empty_containers_have_nothing_in_them) {
  oc_slice_t name, value;
  struct json_walk walk = json_walk(S("{}"));
  cr_assert(not(json_next_member(&walk, &name, &value)));
  walk = json_walk(S("[ ]"));
  cr_assert(not(json_next_element(&walk, &value)));
}

Test(json, the_last_member_of_a_name_counts_and_only_on_its_level) {
  oc_slice_t value;
  cr_assert(json_member(S("{\"a\":1,\"b\":{\"c\":9},\"a\":2}"), S("a"), &value));
  cr_assert(is_text(value, "2"));
  cr_assert(not(json_member(S("{\"a\":1,\"b\":{\"c\":9}}"), S("c"), &value)));
  cr_assert(not(json_member(S("[\"a\",1]"), S("a"), &value)));
  /* However far behind it comes, and whatever looks like it in between. */
  for (size_t gap = 0; gap < 70; gap++) {
    char text[256];
    int len = snprintf(text, sizeof text, "{\"name\":1,\"n\":\"%*s\",\"named\":\"\\\"name\",\"name\":%zu}", (int)gap,
                       "\\n", gap);
    char *exact = memcpy(malloc((size_t)len), text, (size_t)len), wanted[8];
    cr_assert(json_member((oc_slice_t){exact, (size_t)len}, S("name"), &value));
    snprintf(wanted, sizeof wanted, "%zu", gap);
    cr_assert(is_text(value, wanted));
    free(exact);
  }
  cr_assert(json_member(S("{\"\":1,\"\":2}"), S(""), &value));
  cr_assert(is_text(value, "2"));
  cr_assert(is_text(value, "2"), "an out-parameter was touched by a search that failed");
}

Test(json, a_string_that_ends_in_backslashes_ends_where_it_does) {
  oc_slice_t value;
  cr_assert(json_member(S("{\"a\":\"\\\\\",\"b\":\"\\\\\\\"\",\"c\":1}"), S("c"), &value));
  cr_assert(is_text(value, "1"));
}

Test(json, walking_text_that_is_not_json_stays_inside_of_it) {
  static const char *const TEXTS[] = {"{\"a", "{\"a\\",        "{\"a\":", "[[[", "{\"a\":[\"",
                                      "{:1}", "{\"a\" \"b\"}", "[,,]",    "{"};
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
    size_t len = strlen(TEXTS[i]);
    char *exact = malloc(len);
    memcpy(exact, TEXTS[i], len);
    struct json_walk members = json_walk((oc_slice_t){exact, len}), elements = members;
    oc_slice_t name, value;
    for (size_t steps = 0; json_next_member(&members, &name, &value); steps++) cr_assert(lt(sz, steps, 16));
    for (size_t steps = 0; json_next_element(&elements, &value); steps++) cr_assert(lt(sz, steps, 16));
    free(exact);
  }
}

Test(json, escapes_are_decoded) {
  static const char *const CASES[][2] = {
      {"plain", "plain"},
      {"", ""},
      {"a\\\"b", "a\"b"},
      {"\\\\\\/", "\\/"},
      {"\\b\\f\\n\\r\\t", "\b\f\n\r\t"},
      {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac"},
      {"\\ud83d\\ude00!", "\xf0\x9f\x98\x80!"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    char out[64];
    oc_slice_t raw = S(CASES[i][0]);
    size_t len = json_decode(raw, out);
    cr_assert(is_text((oc_slice_t){out, len}, CASES[i][1]), "%s", CASES[i][0]);
    cr_assert(json_decodes_to(raw, S(CASES[i][1])), "%s", CASES[i][0]);
    cr_assert(not(json_decodes_to(raw, S("another"))));
    cr_assert(raw.len == 0 || !json_decodes_to(raw, (oc_slice_t){out, len - 1}));
  }
}
