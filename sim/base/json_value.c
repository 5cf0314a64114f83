#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct json_value *json_get(const struct json_value *value, const char *name)
{
    if (value == NULL || value->kind != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < value->count; i++)
        if (strcmp(value->items[i].name, name) == 0)
            return &value->items[i];
    return NULL;
}

size_t json_count(const struct json_value *value)
{
    return value == NULL ? 0 : value->count;
}

const struct json_value *json_item(const struct json_value *value, size_t index)
{
    SIM_ASSERT(index < json_count(value));
    return &value->items[index];
}

static enum sim_status fail_number(const struct json_value *value, const char *expected,
                                   struct sim_error *err)
{
    if (value == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "%s is missing", expected);
    const char *name = value->name == NULL ? "this" : value->name;
    return SIM_FAIL(err, SIM_CONFIG, "%u:%u: %s must be %s", value->line, value->column, name,
                    expected);
}

/* Sign and magnitude of an integer that has at most 128 bits. */
static bool read_integer(const struct json_value *value, bool *ret_negative,
                         fixed_u128 *ret_magnitude)
{
    fixed_u128 magnitude = 0;
    if (value == NULL || (value->kind != JSON_NUMBER && value->kind != JSON_BOOL))
        return false;
    if (value->kind == JSON_BOOL) {
        *ret_negative = false;
        *ret_magnitude = value->truth;
        return true;
    }
    const char *at = value->text;
    bool negative = *at == '-';
    for (at += negative; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(magnitude, 10, &magnitude) ||
            __builtin_add_overflow(magnitude, (fixed_u128)(*at - '0'), &magnitude))
            return false;
    }
    *ret_negative = negative && magnitude != 0;
    *ret_magnitude = magnitude;
    return true;
}

enum sim_status json_u64(const struct json_value *value, uint64_t *ret_number,
                         struct sim_error *err)
{
    bool negative;
    fixed_u128 magnitude;
    if (!read_integer(value, &negative, &magnitude) || negative || magnitude > UINT64_MAX)
        return fail_number(value, "an integer from 0 to 2^64-1", err);
    *ret_number = (uint64_t)magnitude;
    return SIM_OK;
}

enum sim_status json_i128(const struct json_value *value, fixed_i128 *ret_number,
                          struct sim_error *err)
{
    bool negative;
    fixed_u128 magnitude;
    if (!read_integer(value, &negative, &magnitude) ||
        magnitude > ((fixed_u128)1 << 127) - (negative ? 0 : 1))
        return fail_number(value, "an integer of at most 128 bits", err);
    *ret_number = (fixed_i128)(negative ? -magnitude : magnitude);
    return SIM_OK;
}

enum sim_status json_i64(const struct json_value *value, int64_t *ret_number, struct sim_error *err)
{
    fixed_i128 number;
    struct sim_error ignored = {0};
    if (json_i128(value, &number, &ignored) != SIM_OK || number != (int64_t)number)
        return fail_number(value, "an integer from -2^63 to 2^63-1", err);
    *ret_number = (int64_t)number;
    return SIM_OK;
}

enum sim_status json_f64(const struct json_value *value, double *ret_number, struct sim_error *err)
{
    if (value == NULL || value->kind != JSON_NUMBER)
        return fail_number(value, "a number", err);
    double number = strtod(value->text, NULL);
    if (!isfinite(number))
        return fail_number(value, "a number that a double can hold", err);
    *ret_number = number;
    return SIM_OK;
}
