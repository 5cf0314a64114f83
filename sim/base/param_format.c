#include "base/param_text.h"

#include "base/error.h"
#include "base/param_kind.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t load_magnitude(unsigned kind, const void *field, bool *ret_negative)
{
    union param_field value = param_load(kind, field);
    int64_t number;
    *ret_negative = false;
    switch (kind & PARAM_KIND_MASK) {
    case PARAM_FRACTION_U16:
        return value.u16;
    case PARAM_U32:
        return value.u32;
    case PARAM_I32:
        number = value.i32;
        break;
    case PARAM_DURATION_NS:
        number = value.i64;
        break;
    default:
        return value.u64;
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
static void format_whole(unsigned kind, uint64_t magnitude, bool negative, char *text)
{
    const struct param_kind_info *info = param_kind_info(kind);
    if (info->units == NULL) {
        snprintf(text, PARAM_TEXT_BYTES, "%s%" PRIu64, negative ? "-" : "", magnitude);
        return;
    }
    const struct param_unit *best = &info->units[0];
    for (const struct param_unit *unit = info->units; unit->name != NULL; unit++)
        if (unit->canonical && magnitude != 0 && magnitude % unit->factor == 0)
            best = unit;
    if (magnitude == 0 && kind == PARAM_DURATION_NS)
        best = &info->units[3] /* s */;
    snprintf(text, PARAM_TEXT_BYTES, "%s%" PRIu64 " %s", negative ? "-" : "",
             magnitude / best->factor, best->name);
}

/* The same for whole numbers that have no more digits than a double tells apart. */
static void whole_digits(uint64_t whole, char digits[24], int *ret_exponent)
{
    char reversed[24];
    size_t count = 0, used = 0;
    do
        reversed[count++] = (char)('0' + whole % 10);
    while ((whole /= 10) > 0);
    *ret_exponent = (int)count - 1;
    while (count > 0)
        digits[used++] = reversed[--count];
    while (used > 1 && digits[used - 1] == '0')
        used--;
    digits[used] = '\0';
}

/* The fewest digits that strtod reads back to the same double: "1234" and 3 for 1.234e3. */
static void shortest_digits(double value, char digits[24], int *ret_exponent)
{
    char text[40];
    if (value < 1e15 && value == floor(value)) {
        whole_digits((uint64_t)value, digits, ret_exponent);
        return;
    }
    for (int after = 0; after <= 16; after++) {
        snprintf(text, sizeof(text), "%.*e", after, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *e = strchr(text, 'e');
    *ret_exponent = (int)strtol(e + 1, NULL, 10);
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
static void format_real(const struct param_kind_info *info, double value, char *text)
{
    double scale = info->units != NULL ? info->units[0].scale : 1.0;
    char digits[24];
    int exponent;
    shortest_digits(fabs(value) / scale, digits, &exponent);
    const struct param_unit *best = info->units;
    for (const struct param_unit *unit = info->units; unit != NULL && unit->name != NULL; unit++)
        if (unit->canonical && value != 0.0 && unit->power <= exponent)
            best = unit;
    write_decimal(signbit(value) != 0, digits, exponent - (best != NULL ? best->power : 0), text);
    if (best != NULL) {
        size_t used = strlen(text);
        snprintf(text + used, PARAM_TEXT_BYTES - used, " %s", best->name);
    }
}

static void write_word(const char *word, char *text)
{
    size_t length = strlen(word), kept = length < PARAM_TEXT_BYTES ? length : PARAM_TEXT_BYTES - 1;
    memcpy(text, word, kept);
    text[kept] = '\0';
}

void param_format(const struct param_key *key, const void *field, char ret_text[PARAM_TEXT_BYTES])
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    const struct param_kind_info *info = param_kind_info(kind);
    SIM_ASSERT(kind != PARAM_STRING && kind != PARAM_STRING_LIST);
    if (kind == PARAM_BOOL) {
        write_word(*(const bool *)field ? "true" : "false", ret_text);
    } else if (kind == PARAM_ENUM) {
        write_word(key->choices[*(const int *)field], ret_text);
    } else if (info->family == PARAM_FAMILY_REAL) {
        format_real(info, *(const double *)field, ret_text);
    } else {
        bool negative;
        uint64_t magnitude = load_magnitude(kind, field, &negative);
        if (kind == PARAM_AMOUNT_RAO)
            format_amount(magnitude, ret_text);
        else
            format_whole(kind, magnitude, negative, ret_text);
        size_t used = strlen(ret_text);
        if (kind == PARAM_FRACTION_U16)
            snprintf(ret_text + used, PARAM_TEXT_BYTES - used, "/65535");
    }
}
