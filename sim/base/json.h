/*
 * json.h: reads JSON texts (RFC 8259), strictly, and keeps numbers as they were written.
 *
 * The chain's numbers need up to 127 bits, so no number passes through a double unless the caller
 * asks for one.  Refused, with line and column: anything after the value, comments, trailing
 * commas, NaN and infinities, leading zeros, bad UTF-8, unpaired surrogates, control characters in
 * strings, a key given twice (unless allowed), and more than JSON_DEPTH_MAX levels.
 *
 *     struct json *json;
 *     status = json_read_file("case.json", JSON_STRICT, &json, err);
 *     const struct json_value *steps = json_get(json_root(json), "steps");
 *     for (size_t i = 0; i < json_count(steps); i++) ... json_item(steps, i) ...
 *     json = json_free(json);
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/error.h"
#include "base/fixed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value; lives as long as its document. */
struct json_value {
    enum json_kind kind;
    uint32_t line, column; /* where it starts, from 1; columns count bytes */
    bool truth;            /* JSON_BOOL */
    const char *text;      /* JSON_NUMBER as written, JSON_STRING decoded; ends with a zero */
    size_t length;         /* of text in bytes; a string may hold zeros */
    const char *name;      /* the key, if a member of an object, else NULL */
    const struct json_value *items; /* JSON_ARRAY, JSON_OBJECT, in the text's order */
    size_t count;
};

struct json;

/* Some writers repeat keys; json_get() then gives the first, json_item() all. */
enum json_rules { JSON_STRICT = 0, JSON_REPEATED_KEYS = 1 };

/* Copies what it needs of the text.  SIM_CONFIG with "name:line:column: what" for a bad text,
 * SIM_MEMORY.  The caller owns *ret_json. */
SIM_CHECKED enum sim_status json_parse(const char *name, const char *text, size_t size_bytes,
                                       enum json_rules rules, struct json **ret_json,
                                       struct sim_error *err);
/* The same from a file; SIM_IO where it cannot be read. */
SIM_CHECKED enum sim_status json_read_file(const char *path, enum json_rules rules,
                                           struct json **ret_json, struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct json *json_free(struct json *json);

const struct json_value *json_root(const struct json *json);
/* NULL where `value` is NULL, no object, or has no such member. */
const struct json_value *json_get(const struct json_value *value, const char *name);
/* 0 for NULL and for what is neither array nor object. */
size_t json_count(const struct json_value *value);
/* index < json_count(value). */
const struct json_value *json_item(const struct json_value *value, size_t index);

/* Numbers, exactly: an integer without fraction or exponent that fits.  true and false count as 1
 * and 0.  SIM_CONFIG with "line:column: what" otherwise, also for a missing value (NULL). */
SIM_CHECKED enum sim_status json_u64(const struct json_value *value, uint64_t *ret_number,
                                     struct sim_error *err);
SIM_CHECKED enum sim_status json_i64(const struct json_value *value, int64_t *ret_number,
                                     struct sim_error *err);
SIM_CHECKED enum sim_status json_i128(const struct json_value *value, fixed_i128 *ret_number,
                                      struct sim_error *err);
/* The nearest double of any number; SIM_CONFIG where it overflows. */
SIM_CHECKED enum sim_status json_f64(const struct json_value *value, double *ret_number,
                                     struct sim_error *err);

#endif
