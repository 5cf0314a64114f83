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

/* Numbers are written without printf: the digits are all there is to do, every value of every
 * scenario of a study comes by, and where a library has registered conversions of its own (the
 * Fortran ones below BLAS do) printf takes its slow way. */
static char *put_text(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    at[length] = '\0';
    return at + length;
}

static char *put_word(char *at, const char *word)
{
    return put_text(at, word, strlen(word));
}

static char *put_zeros(char *at, int count)
{
    for (; count > 0; count--)
        at = put_text(at, "0", 1);
    return at;
}

static char *put_whole(char *at, uint64_t whole)
{
    char digits[24];
    size_t first = sizeof(digits);
    do
        digits[--first] = (char)('0' + whole % 10);
    while ((whole /= 10) > 0);
    return put_text(at, digits + first, sizeof(digits) - first);
}

/* TAO with as many decimals as there are, from a thousandth up; below that rao. */
static void format_amount(uint64_t rao, char *text)
{
    if (rao != 0 && rao < 1000000) {
        put_word(put_whole(text, rao), " rao");
        return;
    }
    char *at = put_whole(text, rao / 1000000000);
    char decimals[24];
    /* A one in front keeps the zeros behind the point. */
    char *end = put_whole(decimals, 1000000000 + rao % 1000000000);
    while (end[-1] == '0')
        end--;
    if (end > decimals + 1)
        at = put_text(put_word(at, "."), decimals + 1, (size_t)(end - decimals) - 1);
    put_word(at, " TAO");
}

/* The largest unit that leaves a whole number; zero takes the unit a person would. */
static void format_whole(unsigned kind, uint64_t magnitude, bool negative, char *text)
{
    const struct param_kind_info *info = param_kind_info(kind);
    char *at = put_word(text, negative ? "-" : "");
    if (info->units == NULL) {
        put_whole(at, magnitude);
        return;
    }
    const struct param_unit *best = &info->units[0];
    for (const struct param_unit *unit = info->units; unit->name != NULL; unit++)
        if (unit->canonical && magnitude != 0 && magnitude % unit->factor == 0)
            best = unit;
    if (magnitude == 0 && kind == PARAM_DURATION_NS)
        best = &info->units[3] /* s */;
    put_word(put_word(put_whole(at, magnitude / best->factor), " "), best->name);
}

/* The digits of a whole number, without zeros at their end: "1234" and 5 for 123400. */
static void whole_digits(uint64_t whole, char digits[24], int *ret_exponent)
{
    char *end = put_whole(digits, whole);
    *ret_exponent = (int)(end - digits) - 1;
    while (end > digits + 1 && end[-1] == '0')
        *--end = '\0';
}

/* Most numbers of a scenario have few digits: whole / 10^places with both exact in a double, so
 * that the division rounds as strtod does (Clinger 1990), and below 10^15, where no two such
 * decimals are the same double.  The fewest places come first. */
static bool few_digits(double value, char digits[24], int *ret_exponent)
{
    double ten = 1.0;
    for (int places = 0; places <= 22; places++, ten *= 10.0) {
        double whole = rint(value * ten);
        if (!(whole < 1e15))
            return false;
        if (whole / ten == value) {
            whole_digits((uint64_t)whole, digits, ret_exponent);
            *ret_exponent -= places;
            return true;
        }
    }
    return false;
}

/* The fewest digits that strtod reads back to the same double: "1234" and 3 for 1.234e3. */
static void shortest_digits(double value, char digits[24], int *ret_exponent)
{
    char text[40];
    if (few_digits(value, digits, ret_exponent))
        return;
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
static char *write_decimal(bool negative, const char *digits, int exponent, char *text)
{
    int count = (int)strlen(digits);
    char *at = put_word(text, negative ? "-" : "");
    if (exponent < -5 || exponent > 16) {
        at = put_text(at, digits, 1);
        at = put_word(put_word(at, count > 1 ? "." : ""), digits + 1);
        at = put_word(at, exponent < 0 ? "e-" : "e");
        return put_whole(at, (uint64_t)(exponent < 0 ? -exponent : exponent));
    }
    if (exponent < 0)
        return put_word(put_zeros(put_word(at, "0."), -exponent - 1), digits);
    if (exponent + 1 >= count)
        return put_zeros(put_word(at, digits), exponent + 1 - count);
    at = put_text(at, digits, (size_t)exponent + 1);
    return put_word(put_word(at, "."), digits + exponent + 1);
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
    int power = best != NULL ? best->power : 0;
    char *end = write_decimal(signbit(value) != 0, digits, exponent - power, text);
    if (best != NULL)
        put_word(put_word(end, " "), best->name);
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
        if (kind == PARAM_FRACTION_U16)
            put_word(ret_text + strlen(ret_text), "/65535");
    }
}
