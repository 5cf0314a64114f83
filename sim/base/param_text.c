#include "base/param_text.h"

#include "base/dist.h"
#include "base/error.h"
#include "base/param_kind.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* More significant digits than any integer kind can hold; times the largest factor below 2^47 the
 * product still fits 128 bits. */
enum { DIGITS_MAX = 24, NUMBER_CHARS_MAX = 48 };

static bool refuse(char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, PARAM_REASON_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

static bool parse_bool(const char *text, bool *value, char *reason)
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return refuse(reason, "'%.40s' is neither true nor false", text);
    *value = yes;
    return true;
}

static bool parse_enum(const char *const *choices, const char *text, int *value, char *reason)
{
    char all[PARAM_REASON_BYTES / 2] = "";
    size_t used = 0;
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *value = i;
            return true;
        }
        if (used < sizeof(all))
            used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "",
                                     choices[i]);
    }
    const char *near = param_nearest(text, choices);
    if (near != NULL)
        return refuse(reason, "unknown value '%.40s'; did you mean '%s'?", text, near);
    return refuse(reason, "unknown value '%.40s'; known: %s", text, all);
}

/* ---- Numbers -------------------------------------------------------------------------------- */

/* "-12.50e3 ms" taken apart. */
struct number {
    bool negative;
    char mantissa[NUMBER_CHARS_MAX]; /* "12.50" */
    int exponent;                    /* 3 */
    const char *rest;                /* "ms" */
};

static const char *skip_digits(const char *at)
{
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

static bool split_number(const char *text, struct number *ret_number, char *reason)
{
    struct number number = {.negative = *text == '-'};
    const char *start = text + number.negative;
    const char *end = skip_digits(start);
    bool valid = end > start;
    if (valid && *end == '.') {
        const char *after = skip_digits(end + 1);
        valid = after > end + 1;
        end = after;
    }
    if (!valid && *start == '.' && isdigit((unsigned char)start[1]))
        return refuse(reason, "'%.40s' needs a digit before the point: %s0%.40s", text,
                      number.negative ? "-" : "", start);
    if (!valid)
        return refuse(reason, "'%.40s' is no decimal number", text);
    if (start[0] == '0' && isdigit((unsigned char)start[1]))
        return refuse(reason, "'%.40s' has leading zeros", text);
    if ((size_t)(end - start) >= sizeof(number.mantissa))
        return refuse(reason, "'%.40s...' has too many digits", text);
    memcpy(number.mantissa, start, (size_t)(end - start));
    if (*end == 'e' || *end == 'E') {
        const char *digits = end + 1 + (end[1] == '-' || end[1] == '+');
        const char *after = skip_digits(digits);
        if (after == digits || after - digits > 4)
            return refuse(reason, "'%.40s' is no decimal number", text);
        number.exponent = (int)strtol(end + 1, NULL, 10);
        end = after;
    }
    while (*end == ' ')
        end++;
    number.rest = end;
    *ret_number = number;
    return true;
}

/* Other spellings of units, and slips. */
static const char *meant_unit(const char *word, const char *const *names)
{
    static const char *const spellings[][2] = {
        {"bps", "bit/s"}, {"kbps", "kbit/s"}, {"Mbps", "Mbit/s"}, {"Gbps", "Gbit/s"},
        {"sec", "s"},     {"seconds", "s"},   {"m", "min"},       {"minutes", "min"},
        {"hours", "h"},   {"hour", "h"},      {"days", "d"},      {"day", "d"},
        {"watt", "W"},    {"watts", "W"},     {"nat", "nats"},    {"bit", "bits"},
        {"weeks", "d"},   {"week", "d"},
    };
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        for (size_t k = 0; strcmp(word, spellings[i][0]) == 0 && names[k] != NULL; k++)
            if (strcmp(spellings[i][1], names[k]) == 0)
                return names[k];
    return param_nearest(word, names);
}

/* The unit that stands behind a number; NULL without error where the kind has none. */
static bool find_unit(const struct param_kind_info *info, const char *text, const char *rest,
                      const struct param_unit **ret_unit, char *reason)
{
    *ret_unit = NULL;
    if (info->units == NULL) {
        if (*rest == '\0')
            return true;
        if (isalpha((unsigned char)*rest) && text[strcspn(text, "xob")] == '\0')
            return refuse(reason, "'%.40s' has a unit, but a bare number is expected", text);
        return refuse(reason, "'%.40s' is no decimal number", text);
    }
    if (*rest == '\0')
        return refuse(reason, "unit missing; write for instance '%s' (units: %s)", info->example,
                      info->unit_names);
    const char *names[12] = {NULL};
    for (size_t i = 0; info->units[i].name != NULL; i++) {
        names[i] = info->units[i].name;
        if (strcmp(rest, names[i]) == 0) {
            *ret_unit = &info->units[i];
            return true;
        }
    }
    const char *near = meant_unit(rest, names);
    if (near != NULL)
        return refuse(reason, "unknown unit '%.20s'; did you mean '%s'? units: %s", rest, near,
                      info->unit_names);
    return refuse(reason, "unknown unit '%.20s'; units: %s", rest, info->unit_names);
}

/* |number| as digits * 10^exponent without trailing zeros; false if there are too many digits. */
static bool to_digits(const struct number *number, u128 *ret_digits, int *ret_exponent)
{
    u128 digits = 0;
    int exponent = number->exponent, zeros = 0, count = 0;
    bool fraction = false;
    for (const char *at = number->mantissa; *at != '\0'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        zeros++;
        if (*at == '0')
            continue;
        for (; zeros > 1 && digits > 0; zeros--, count++)
            digits *= 10;
        zeros = 0;
        digits = digits * 10 + (u128)(*at - '0');
        if (++count > DIGITS_MAX)
            return false;
    }
    *ret_digits = digits;
    *ret_exponent = exponent + zeros;
    return true;
}

/* digits * factor * 10^exponent, if it is a whole number. */
enum whole { WHOLE_OK, WHOLE_TOO_LARGE, WHOLE_BROKEN };

static enum whole to_whole(u128 digits, uint64_t factor, int exponent, uint64_t *ret_value)
{
    u128 value = digits * factor;
    for (; value > 0 && exponent < 0; exponent++) {
        if (value % 10 != 0)
            return WHOLE_BROKEN;
        value /= 10;
    }
    for (; value > 0 && exponent > 0; exponent--) {
        if (value > UINT64_MAX)
            return WHOLE_TOO_LARGE;
        value *= 10;
    }
    if (value > UINT64_MAX)
        return WHOLE_TOO_LARGE;
    *ret_value = (uint64_t)value;
    return WHOLE_OK;
}

static void store_whole(unsigned kind, uint64_t magnitude, bool negative, void *field)
{
    int64_t with_sign = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    switch (param_kind_info(kind)->field_bytes) {
    case sizeof(uint16_t):
        *(uint16_t *)field = (uint16_t)magnitude;
        break;
    case sizeof(uint32_t):
        if ((kind & PARAM_KIND_MASK) == PARAM_I32)
            *(int32_t *)field = (int32_t)with_sign;
        else
            *(uint32_t *)field = (uint32_t)magnitude;
        break;
    default:
        if (param_kind_info(kind)->is_signed)
            *(int64_t *)field = with_sign;
        else
            *(uint64_t *)field = magnitude;
    }
}

static bool parse_whole(unsigned kind, const char *text, void *field, char *reason)
{
    const struct param_kind_info *info = param_kind_info(kind);
    struct number number;
    const struct param_unit *unit;
    if (!split_number(text, &number, reason) || !find_unit(info, text, number.rest, &unit, reason))
        return false;
    u128 digits;
    int exponent;
    if (!to_digits(&number, &digits, &exponent))
        return refuse(reason, "'%.40s' has too many digits", text);
    uint64_t magnitude;
    enum whole whole = to_whole(digits, unit != NULL ? unit->factor : 1, exponent, &magnitude);
    if (whole == WHOLE_BROKEN)
        return info->units == NULL
                   ? refuse(reason, "'%.40s' is no whole number", text)
                   : refuse(reason, "'%.40s' is no whole number of %s", text, info->units[0].name);
    if (number.negative && digits > 0 && !info->is_signed)
        return refuse(reason, "'%.40s' is negative", text);
    if (whole == WHOLE_TOO_LARGE || magnitude > info->largest)
        return refuse(reason, "'%.40s' is too large for any machine number of this kind", text);
    store_whole(kind, magnitude, number.negative, field);
    return true;
}

/* The double nearest to the digits times a power of ten, where both are exact doubles, so that the
 * one operation rounds as strtod does (Clinger 1990); false for all others. */
static bool exact_real(const struct number *number, int power, double *ret_value)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    u128 digits;
    int exponent;
    if (!to_digits(number, &digits, &exponent) || digits > UINT64_C(1) << 53)
        return false;
    exponent += power;
    if (exponent < -22 || exponent > 22)
        return false;
    double value = (double)(uint64_t)digits;
    value = exponent < 0 ? value / tens[-exponent] : value * tens[exponent];
    *ret_value = number->negative ? -value : value;
    return true;
}

static double nearest_real(const struct number *number, int power)
{
    char decimal[NUMBER_CHARS_MAX + 16];
    double value;
    if (exact_real(number, power, &value))
        return value;
    snprintf(decimal, sizeof(decimal), "%s%se%d", number->negative ? "-" : "", number->mantissa,
             number->exponent + power);
    return strtod(decimal, NULL);
}

static bool parse_real(unsigned kind, const char *text, double *field, char *reason)
{
    struct number number;
    const struct param_unit *unit;
    if (!split_number(text, &number, reason) ||
        !find_unit(param_kind_info(kind), text, number.rest, &unit, reason))
        return false;
    double value =
        nearest_real(&number, unit != NULL ? unit->power : 0) * (unit != NULL ? unit->scale : 1.0);
    if (!isfinite(value))
        return refuse(reason, "'%.40s' is too large for a double", text);
    *field = value;
    return true;
}

/* floor(x * 65535) from the digits, as the chain's wallets turn a ratio into its u16; N/65535
 * says the integer itself. */
static bool parse_fraction(const char *text, uint16_t *field, char *reason)
{
    struct number number;
    if (!split_number(text, &number, reason))
        return false;
    u128 digits;
    int exponent;
    if (!to_digits(&number, &digits, &exponent))
        return refuse(reason, "'%.40s' has too many digits", text);
    bool parts = strcmp(number.rest, "/65535") == 0;
    if (!parts && *number.rest != '\0')
        return refuse(reason, "'%.40s' is neither a number from 0 to 1 nor N/65535", text);
    u128 value = digits * (parts ? 1 : UINT16_MAX);
    for (; exponent < 0 && value > 0; exponent++) {
        if (parts && value % 10 != 0)
            return refuse(reason, "'%.40s' is no whole number of 1/65535", text);
        value /= 10;
    }
    for (; exponent > 0 && value > 0 && value <= UINT16_MAX; exponent--)
        value *= 10;
    /* Only numbers from 1 up are cut down to 65535; without trailing zeros 1 itself is digit 1. */
    bool above = value > UINT16_MAX || (!parts && value == UINT16_MAX && digits != 1);
    if (above || (number.negative && digits > 0))
        return refuse(reason, "'%.40s' is not between 0 and 1", text);
    *field = (uint16_t)value;
    return true;
}

bool param_parse_unbounded(const struct param_key *key, const char *text, void *field,
                           char reason[PARAM_REASON_BYTES])
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    switch (kind) {
    case PARAM_BOOL:
        return parse_bool(text, field, reason);
    case PARAM_ENUM:
        return parse_enum(key->choices, text, field, reason);
    case PARAM_STRING:
        *(const char **)field = text;
        return true;
    case PARAM_FRACTION_U16:
        return parse_fraction(text, field, reason);
    default:
        break;
    }
    SIM_ASSERT(kind != PARAM_STRING_LIST);
    return param_kind_info(kind)->family == PARAM_FAMILY_WHOLE
               ? parse_whole(kind, text, field, reason)
               : parse_real(kind, text, field, reason);
}

/* ---- Bounds --------------------------------------------------------------------------------- */

/* -1, 0 or 1 for a below, at or above b; 0 for kinds without order. */
static int compare(unsigned kind, const union param_field *x, const union param_field *y)
{
    switch (kind & PARAM_KIND_MASK) {
    case PARAM_U32:
        return (x->u32 > y->u32) - (x->u32 < y->u32);
    case PARAM_I32:
        return (x->i32 > y->i32) - (x->i32 < y->i32);
    case PARAM_FRACTION_U16:
        return (x->u16 > y->u16) - (x->u16 < y->u16);
    case PARAM_DURATION_NS:
        return (x->i64 > y->i64) - (x->i64 < y->i64);
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
    case PARAM_SIZE_BYTES:
        return (x->u64 > y->u64) - (x->u64 < y->u64);
    case PARAM_BOOL:
    case PARAM_ENUM:
    case PARAM_STRING:
    case PARAM_STRING_LIST:
        return 0;
    default:
        return (x->f64 > y->f64) - (x->f64 < y->f64);
    }
}

/* A bound of the table; one that does not parse is the table's bug. */
static union param_field bound_of(const struct param_key *key, const char *text)
{
    union param_field field = {0};
    char reason[PARAM_REASON_BYTES];
    bool parsed = param_parse_unbounded(key, text, &field, reason);
    SIM_ASSERT(parsed);
    return field;
}

bool param_within(const struct param_key *key, const void *field, char reason[PARAM_REASON_BYTES])
{
    union param_field value = param_load(key->kind, field);
    bool inside = true;
    if (key->min != NULL) {
        union param_field min = bound_of(key, key->min);
        inside = compare(key->kind, &value, &min) >= 0;
    }
    if (inside && key->max != NULL) {
        union param_field max = bound_of(key, key->max);
        inside = compare(key->kind, &value, &max) <= 0;
    }
    if (inside)
        return true;
    char text[PARAM_TEXT_BYTES];
    param_format(key, field, text);
    if (key->min != NULL && key->max != NULL)
        return refuse(reason, "%s is out of range; allowed: %s to %s", text, key->min, key->max);
    if (key->min != NULL)
        return refuse(reason, "%s is out of range; allowed: %s or more", text, key->min);
    return refuse(reason, "%s is out of range; allowed: %s or less", text, key->max);
}

bool param_parse(const struct param_key *key, const char *text, void *field,
                 char reason[PARAM_REASON_BYTES])
{
    union param_field value = {0};
    if (!param_parse_unbounded(key, text, &value, reason) || !param_within(key, &value, reason))
        return false;
    memcpy(field, &value, param_kind_info(key->kind)->field_bytes);
    return true;
}

/* ---- Defaults ------------------------------------------------------------------------------- */

void param_default(const struct param_key *key, void *field)
{
    if ((key->kind & PARAM_KIND_MASK) == PARAM_STRING_LIST) {
        *(struct param_strings *)field = (struct param_strings){0};
        return;
    }
    union param_field value = {0};
    char reason[PARAM_REASON_BYTES];
    /* config_table_verify() holds it against the bounds, once a table and not once a block. */
    bool parsed = param_parse_unbounded(key, key->fallback, &value, reason);
    SIM_ASSERT(parsed);
    if ((key->kind & PARAM_DIST_FLAG) != 0)
        dist_init_constant(field, key->kind, &value);
    else
        memcpy(field, &value, param_field_bytes(key->kind));
}

void param_defaults(const struct param_table *table, void *values)
{
    memset(values, 0, table->struct_bytes);
    for (size_t i = 0; i < table->key_count; i++)
        if (table->keys[i].fallback != NULL)
            param_default(&table->keys[i], (char *)values + table->keys[i].offset);
}
