#include "base/param_text.h"

#include "base/dist.h"
#include "base/error.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* More significant digits than any integer kind can hold; times the largest factor below 2^47 the
 * product still fits 128 bits. */
enum { DIGITS_MAX = 24, NUMBER_CHARS_MAX = 48 };

/* value = number * factor for integer kinds; = number * 10^power * scale for real ones.
 * `canonical` units are the ones that param_format writes. */
struct unit {
    const char *name;
    uint64_t factor;
    int power;
    double scale;
    bool canonical;
};

static const double NATS_PER_BIT = 0.69314718055994530942;

/* Smallest first. */
static const struct unit duration_units[] = {
    {"ns", 1, 0, 1, true},
    {"us", 1000, 0, 1, true},
    {"ms", 1000000, 0, 1, true},
    {"s", 1000000000, 0, 1, true},
    {"min", UINT64_C(60000000000), 0, 1, true},
    {"h", UINT64_C(3600000000000), 0, 1, true},
    {"d", UINT64_C(86400000000000), 0, 1, true},
    {0},
};
static const struct unit block_units[] = {
    {"blocks", 1, 0, 1, true}, {"block", 1, 0, 1, false}, {0}};
static const struct unit amount_units[] = {
    {"rao", 1, 0, 1, true}, {"TAO", 1000000000, 0, 1, true}, {0}};
static const struct unit size_units[] = {
    {"B", 1, 0, 1, true},         {"kB", 1000, 0, 1, true},
    {"KiB", 1024, 0, 1, true},    {"MB", 1000000, 0, 1, true},
    {"MiB", 1 << 20, 0, 1, true}, {"GB", 1000000000, 0, 1, true},
    {"GiB", 1 << 30, 0, 1, true}, {0},
};
static const struct unit rate_units[] = {
    {"bit/s", 0, 0, 0.125, true},  {"kbit/s", 0, 3, 0.125, true},
    {"Mbit/s", 0, 6, 0.125, true}, {"Gbit/s", 0, 9, 0.125, true},
    {"B/s", 0, 0, 1, false},       {"kB/s", 0, 3, 1, false},
    {"MB/s", 0, 6, 1, false},      {0},
};
static const struct unit flops_units[] = {
    {"FLOP/s", 0, 0, 1, true},  {"kFLOP/s", 0, 3, 1, true},  {"MFLOP/s", 0, 6, 1, true},
    {"GFLOP/s", 0, 9, 1, true}, {"TFLOP/s", 0, 12, 1, true}, {0},
};
static const struct unit hash_units[] = {
    {"H/s", 0, 0, 1, true},  {"kH/s", 0, 3, 1, true},  {"MH/s", 0, 6, 1, true},
    {"GH/s", 0, 9, 1, true}, {"TH/s", 0, 12, 1, true}, {0},
};
static const struct unit power_units[] = {{"W", 0, 0, 1, true}, {"kW", 0, 3, 1, true}, {0}};
static const struct unit nats_units[] = {
    {"nats", 0, 0, 1, true}, {"bits", 0, 0, NATS_PER_BIT, false}, {0}};

/* What a kind is made of. */
struct kind_info {
    enum { WHOLE, REAL, FRACTION, WORD } family;
    size_t field_bytes;
    uint64_t largest; /* WHOLE */
    bool is_signed;   /* WHOLE */
    const struct unit *units;
    const char *unit_names;
    const char *example;
};

static const struct kind_info kinds[] = {
    [PARAM_BOOL] = {WORD, sizeof(bool), 0, false, NULL, NULL, "true"},
    [PARAM_U32] = {WHOLE, sizeof(uint32_t), UINT32_MAX, false, NULL, NULL, "12"},
    [PARAM_U64] = {WHOLE, sizeof(uint64_t), UINT64_MAX, false, NULL, NULL, "12"},
    [PARAM_I32] = {WHOLE, sizeof(int32_t), INT32_MAX, true, NULL, NULL, "12"},
    [PARAM_REAL] = {REAL, sizeof(double), 0, true, NULL, NULL, "0.5"},
    [PARAM_ENUM] = {WORD, sizeof(int), 0, false, NULL, NULL, NULL},
    [PARAM_STRING] = {WORD, sizeof(const char *), 0, false, NULL, NULL, "text"},
    [PARAM_DURATION_NS] = {WHOLE, sizeof(int64_t), INT64_MAX, true, duration_units,
                           "ns us ms s min h d", "50 ms"},
    [PARAM_BLOCKS] = {WHOLE, sizeof(uint64_t), UINT64_MAX, false, block_units, "blocks",
                      "100 blocks"},
    [PARAM_AMOUNT_RAO] = {WHOLE, sizeof(uint64_t), UINT64_MAX, false, amount_units, "rao TAO",
                          "1.5 TAO"},
    [PARAM_SIZE_BYTES] = {WHOLE, sizeof(uint64_t), UINT64_MAX, false, size_units,
                          "B kB KiB MB MiB GB GiB", "64 KiB"},
    [PARAM_RATE_BYTES] = {REAL, sizeof(double), 0, true, rate_units,
                          "bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s", "10 Mbit/s"},
    [PARAM_FLOPS] = {REAL, sizeof(double), 0, true, flops_units,
                     "FLOP/s kFLOP/s MFLOP/s GFLOP/s TFLOP/s", "1.5 TFLOP/s"},
    [PARAM_HASH_RATE] = {REAL, sizeof(double), 0, true, hash_units, "H/s kH/s MH/s GH/s TH/s",
                         "400 MH/s"},
    [PARAM_POWER_W] = {REAL, sizeof(double), 0, true, power_units, "W kW", "300 W"},
    [PARAM_FRACTION_U16] = {FRACTION, sizeof(uint16_t), UINT16_MAX, false, NULL, NULL, "0.5"},
    [PARAM_NATS] = {REAL, sizeof(double), 0, true, nats_units, "nats bits", "0.1 nats"},
    [PARAM_STRING_LIST] = {WORD, sizeof(struct param_strings), 0, false, NULL, NULL, "[text]"},
};

static const struct kind_info *info_of(unsigned kind)
{
    unsigned plain = kind & PARAM_KIND_MASK;
    SIM_ASSERT(plain < sizeof(kinds) / sizeof(kinds[0]));
    return &kinds[plain];
}

size_t param_field_bytes(unsigned kind)
{
    return (kind & PARAM_DIST_FLAG) != 0 ? sizeof(struct dist) : info_of(kind)->field_bytes;
}

const char *param_unit_names(unsigned kind)
{
    return info_of(kind)->unit_names;
}

const char *param_example(unsigned kind)
{
    return info_of(kind)->example;
}

/* ---- Words ---------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Damerau-Levenshtein without editing a swapped pair again. */
static size_t distance(const char *a, size_t a_chars, const char *b, size_t b_chars)
{
    enum { CHARS_MAX = 48 };
    size_t rows[3][CHARS_MAX + 1];
    if (a_chars > CHARS_MAX || b_chars > CHARS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_chars; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_chars; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_chars; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            row[j] = least(above[j - 1] + (x != y), 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_chars % 3][b_chars];
}

const char *param_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t chars = strlen(word);
    size_t best_distance = least(3, (chars + 1) / 2);
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t d = distance(word, chars, names[i], strlen(names[i]));
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

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
        return refuse(reason, "unknown value '%.40s'; did you mean '%s'? known: %s", text, near,
                      all);
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
    if (!valid)
        return refuse(reason, "'%.40s' is no decimal number", text);
    if ((size_t)(end - start) >= sizeof(number.mantissa))
        return refuse(reason, "'%.40s...' has too many digits", text);
    memcpy(number.mantissa, start, (size_t)(end - start));
    if (*end == 'e' || *end == 'E') {
        const char *digits = end + 1 + (end[1] == '-' || end[1] == '+');
        const char *after = skip_digits(digits);
        if (after == digits || after - digits > 4)
            return refuse(reason, "'%.40s' is no decimal number", text);
        number.exponent = atoi(end + 1);
        end = after;
    }
    while (*end == ' ')
        end++;
    number.rest = end;
    *ret_number = number;
    return true;
}

/* The unit that stands behind a number; NULL without error where the kind has none. */
static bool find_unit(const struct kind_info *info, const char *text, const char *rest,
                      const struct unit **ret_unit, char *reason)
{
    *ret_unit = NULL;
    if (info->units == NULL) {
        if (*rest == '\0')
            return true;
        if (isalpha((unsigned char)*rest))
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
    const char *near = param_nearest(rest, names);
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
    switch (info_of(kind)->field_bytes) {
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
        if (info_of(kind)->is_signed)
            *(int64_t *)field = with_sign;
        else
            *(uint64_t *)field = magnitude;
    }
}

static bool parse_whole(unsigned kind, const char *text, void *field, char *reason)
{
    const struct kind_info *info = info_of(kind);
    struct number number;
    const struct unit *unit;
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

static bool parse_real(unsigned kind, const char *text, double *field, char *reason)
{
    struct number number;
    const struct unit *unit;
    if (!split_number(text, &number, reason) ||
        !find_unit(info_of(kind), text, number.rest, &unit, reason))
        return false;
    char decimal[NUMBER_CHARS_MAX + 16];
    snprintf(decimal, sizeof(decimal), "%s%se%d", number.negative ? "-" : "", number.mantissa,
             number.exponent + (unit != NULL ? unit->power : 0));
    double value = strtod(decimal, NULL) * (unit != NULL ? unit->scale : 1.0);
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
    return info_of(kind)->family == WHOLE ? parse_whole(kind, text, field, reason)
                                          : parse_real(kind, text, field, reason);
}

/* ---- Bounds --------------------------------------------------------------------------------- */

/* Space for any plain field. */
union field {
    bool boolean;
    int choice;
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    int64_t i64;
    double f64;
    const char *text;
};

/* -1, 0 or 1 for a below, at or above b; 0 for kinds without order. */
static int compare(unsigned kind, const void *a, const void *b)
{
    const union field *x = a, *y = b;
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
static union field bound_of(const struct param_key *key, const char *text)
{
    union field field = {0};
    char reason[PARAM_REASON_BYTES];
    bool parsed = param_parse_unbounded(key, text, &field, reason);
    SIM_ASSERT(parsed);
    return field;
}

bool param_within(const struct param_key *key, const void *field, char reason[PARAM_REASON_BYTES])
{
    bool inside = true;
    if (key->min != NULL) {
        union field min = bound_of(key, key->min);
        inside = compare(key->kind, field, &min) >= 0;
    }
    if (inside && key->max != NULL) {
        union field max = bound_of(key, key->max);
        inside = compare(key->kind, field, &max) <= 0;
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
    union field value = {0};
    if (!param_parse_unbounded(key, text, &value, reason) || !param_within(key, &value, reason))
        return false;
    memcpy(field, &value, info_of(key->kind)->field_bytes);
    return true;
}

/* ---- Formatting ----------------------------------------------------------------------------- */

static uint64_t load_magnitude(unsigned kind, const void *field, bool *ret_negative)
{
    const union field *value = field;
    int64_t number;
    *ret_negative = false;
    switch (kind & PARAM_KIND_MASK) {
    case PARAM_FRACTION_U16:
        return value->u16;
    case PARAM_U32:
        return value->u32;
    case PARAM_I32:
        number = value->i32;
        break;
    case PARAM_DURATION_NS:
        number = value->i64;
        break;
    default:
        return value->u64;
    }
    *ret_negative = number < 0;
    return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

/* TAO with as many decimals as there are, from a thousandth up; below that rao. */
static void format_amount(uint64_t rao, char *text)
{
    if (rao != 0 && rao < 1000000) {
        snprintf(text, PARAM_TEXT_BYTES, "%" PRIu64 " rao", rao);
        return;
    }
    char decimals[16];
    int length = snprintf(decimals, sizeof(decimals), ".%09" PRIu64, rao % 1000000000);
    while (length > 1 && decimals[length - 1] == '0')
        decimals[--length] = '\0';
    snprintf(text, PARAM_TEXT_BYTES, "%" PRIu64 "%s TAO", rao / 1000000000,
             length > 1 ? decimals : "");
}

/* The largest unit that leaves a whole number; zero takes the unit a person would. */
static void format_whole(const struct kind_info *info, uint64_t magnitude, bool negative,
                         char *text)
{
    if (info->units == NULL) {
        snprintf(text, PARAM_TEXT_BYTES, "%s%" PRIu64, negative ? "-" : "", magnitude);
        return;
    }
    const struct unit *best = &info->units[0];
    for (const struct unit *unit = info->units; unit->name != NULL; unit++)
        if (unit->canonical && magnitude != 0 && magnitude % unit->factor == 0)
            best = unit;
    if (magnitude == 0 && info->units == duration_units)
        best = &duration_units[3];
    snprintf(text, PARAM_TEXT_BYTES, "%s%" PRIu64 " %s", negative ? "-" : "",
             magnitude / best->factor, best->name);
}

/* The fewest digits that strtod reads back to the same double: "1234" and 3 for 1.234e3. */
static void shortest_digits(double value, char digits[24], int *ret_exponent)
{
    char text[40];
    for (int after = 0; after <= 16; after++) {
        snprintf(text, sizeof(text), "%.*e", after, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *e = strchr(text, 'e');
    *ret_exponent = atoi(e + 1);
    size_t used = 0;
    for (char *at = text; at < e; at++)
        if (isdigit((unsigned char)*at))
            digits[used++] = *at;
    while (used > 1 && digits[used - 1] == '0')
        used--;
    digits[used] = '\0';
}

/* 0.d1d2... written out: plain while it is short, else with an exponent. */
static void write_decimal(bool negative, const char *digits, int exponent, char *text)
{
    int count = (int)strlen(digits);
    const char *sign = negative ? "-" : "";
    if (exponent < -5 || exponent > 16)
        snprintf(text, PARAM_TEXT_BYTES, "%s%c%s%se%d", sign, digits[0], count > 1 ? "." : "",
                 digits + 1, exponent);
    else if (exponent < 0)
        snprintf(text, PARAM_TEXT_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "00000000", digits);
    else if (exponent + 1 >= count)
        snprintf(text, PARAM_TEXT_BYTES, "%s%s%.*s", sign, digits, exponent + 1 - count,
                 "00000000000000000");
    else
        snprintf(text, PARAM_TEXT_BYTES, "%s%.*s.%s", sign, exponent + 1, digits,
                 digits + exponent + 1);
}

/* The largest canonical unit in which the number is at least 1.  Scales are powers of two, so the
 * division is exact, and the unit's power of ten moves the point only. */
static void format_real(const struct kind_info *info, double value, char *text)
{
    double scale = info->units != NULL ? info->units[0].scale : 1.0;
    char digits[24];
    int exponent;
    shortest_digits(fabs(value) / scale, digits, &exponent);
    const struct unit *best = info->units;
    for (const struct unit *unit = info->units; unit != NULL && unit->name != NULL; unit++)
        if (unit->canonical && value != 0.0 && unit->power <= exponent)
            best = unit;
    write_decimal(signbit(value) != 0, digits, exponent - (best != NULL ? best->power : 0), text);
    if (best != NULL) {
        size_t used = strlen(text);
        snprintf(text + used, PARAM_TEXT_BYTES - used, " %s", best->name);
    }
}

void param_format(const struct param_key *key, const void *field, char ret_text[PARAM_TEXT_BYTES])
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    const struct kind_info *info = info_of(kind);
    SIM_ASSERT(kind != PARAM_STRING && kind != PARAM_STRING_LIST);
    if (kind == PARAM_BOOL) {
        snprintf(ret_text, PARAM_TEXT_BYTES, "%s", *(const bool *)field ? "true" : "false");
    } else if (kind == PARAM_ENUM) {
        snprintf(ret_text, PARAM_TEXT_BYTES, "%s", key->choices[*(const int *)field]);
    } else if (info->family == REAL) {
        format_real(info, *(const double *)field, ret_text);
    } else {
        bool negative;
        uint64_t magnitude = load_magnitude(kind, field, &negative);
        if (kind == PARAM_AMOUNT_RAO)
            format_amount(magnitude, ret_text);
        else
            format_whole(info, magnitude, negative, ret_text);
        if (kind == PARAM_FRACTION_U16)
            strcat(ret_text, "/65535");
    }
}

/* ---- Defaults ------------------------------------------------------------------------------- */

static void set_default(const struct param_key *key, void *field)
{
    if ((key->kind & PARAM_KIND_MASK) == PARAM_STRING_LIST)
        return;
    union field value = {0};
    char reason[PARAM_REASON_BYTES];
    bool parsed = param_parse(key, key->fallback, &value, reason);
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
            set_default(&table->keys[i], (char *)values + table->keys[i].offset);
}
