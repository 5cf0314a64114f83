/*
 * param_text.h: values of parameters as text, and back.
 *
 * The one place that knows the notation of a scenario's values: "12 s", "1.5 TAO", "50 Mbit/s",
 * "true", "0.25".  A unit is required where the kind has units and refused where it has none.
 * Numbers are plain decimals, with an exponent if need be: no hex, nan, inf or underscore.
 * Integer kinds are computed from the decimal digits, never through a double, and a value that is
 * no whole number of the smallest unit is refused.  Real kinds are the double nearest to the
 * decimal number times the power of ten of its unit.
 */
#ifndef BASE_PARAM_TEXT_H
#define BASE_PARAM_TEXT_H

#include "base/param.h"

#include <stdbool.h>
#include <stddef.h>

enum { PARAM_REASON_BYTES = 320, PARAM_TEXT_BYTES = 64 };

/* The size and alignment of the field of a kind (with PARAM_DIST_FLAG: of a struct dist). */
size_t param_field_bytes(unsigned kind);

/* Reads `text` as a value of `key` (its flags are ignored: a plain value) into *field, which has
 * the kind's C type, and checks the bounds.  A PARAM_STRING field points to `text` itself.  Not
 * for PARAM_STRING_LIST.  On failure false, *field untouched, and `reason` says what is wrong and
 * what is allowed, without place or key. */
bool param_parse(const struct param_key *key, const char *text, void *field,
                 char reason[PARAM_REASON_BYTES]);

/* The same without the key's bounds: for spreads, such as the sigma of a normal distribution. */
bool param_parse_unbounded(const struct param_key *key, const char *text, void *field,
                           char reason[PARAM_REASON_BYTES]);

/* Is min <= *field <= max?  `reason` as above.  Always true for kinds without order. */
bool param_within(const struct param_key *key, const void *field, char reason[PARAM_REASON_BYTES]);

/* The canonical text of a plain value, which param_parse reads back to the same bits.  Not for
 * strings and lists, whose quoting is the file format's business. */
void param_format(const struct param_key *key, const void *field, char ret_text[PARAM_TEXT_BYTES]);

/* The units that a kind allows, "ns us ms s min h d", or NULL where it has none. */
const char *param_unit_names(unsigned kind);

/* How a value of this kind looks, "50 ms"; NULL for enums. */
const char *param_example(unsigned kind);

/* Writes every default into `values` (table->struct_bytes, zeroed first); required keys stay 0.
 * A default that does not parse is a bug in the table and aborts.  A list's default is empty. */
void param_defaults(const struct param_table *table, void *values);
/* The default of one key that has one. */
void param_default(const struct param_key *key, void *field);

/* What somebody who wrote `word` probably meant: the nearest of `names` (NULL-terminated) by
 * insertions, deletions, substitutions and swaps of neighbours, case ignored; at most 2 away and
 * less than half of the word; else NULL. */
const char *param_nearest(const char *word, const char *const *names);

/* Puts the names most like `word` first; those equally like stay in order. */
void param_sort_by_nearness(const char *word, const char **names, size_t count);

#endif
