#include "base/param_text.h"

#include "base/error.h"
#include "base/stream.h"

#include <float.h>
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char reason[PARAM_REASON_BYTES];

static bool parses(unsigned kind, const char *text, void *field)
{
    const struct param_key key = {.name = "key", .kind = kind};
    return param_parse(&key, text, field, reason);
}

static uint64_t u64_of(unsigned kind, const char *text)
{
    uint64_t value = 0;
    if (!parses(kind, text, &value))
        fail_msg("'%s': %s", text, reason);
    return value;
}

static double f64_of(unsigned kind, const char *text)
{
    double value = 0;
    if (!parses(kind, text, &value))
        fail_msg("'%s': %s", text, reason);
    return value;
}

static void assert_refused(unsigned kind, const char *text, const char *expected)
{
    uint64_t untouched = 0x5A5A;
    if (parses(kind, text, &untouched))
        fail_msg("'%s' was accepted", text);
    assert_string_equal(reason, expected);
    assert_true(untouched == 0x5A5A);
}

static void whole_numbers_come_from_the_decimal_digits_and_never_from_a_double(void **state)
{
    (void)state;
    assert_true(u64_of(PARAM_U64, "18446744073709551615") == UINT64_MAX);
    assert_true(u64_of(PARAM_U64, "9007199254740993") == UINT64_C(9007199254740993));
    assert_true(u64_of(PARAM_AMOUNT_RAO, "20999999.999999999 TAO") == UINT64_C(20999999999999999));
    assert_true(u64_of(PARAM_AMOUNT_RAO, "0.000000001 TAO") == 1);
    assert_true(u64_of(PARAM_AMOUNT_RAO, "1e-9 TAO") == 1);
    assert_true(u64_of(PARAM_DURATION_NS, "0.1 s") == 100000000);
    assert_true(u64_of(PARAM_DURATION_NS, "1.5min") == UINT64_C(90000000000));
    assert_true(u64_of(PARAM_U64, "1e3") == 1000);
    assert_true(u64_of(PARAM_U64, "1200e-2") == 12);
    assert_true(u64_of(PARAM_SIZE_BYTES, "1.5 KiB") == 1536);
    assert_true(u64_of(PARAM_BLOCKS, "1 block") == 1);
    assert_true((int64_t)u64_of(PARAM_DURATION_NS, "-3 s") == INT64_C(-3000000000));
}

static void what_is_no_whole_number_of_the_smallest_unit_is_refused(void **state)
{
    (void)state;
    assert_refused(PARAM_AMOUNT_RAO, "0.0000000001 TAO",
                   "'0.0000000001 TAO' is no whole number of rao");
    assert_refused(PARAM_DURATION_NS, "0.5 ns", "'0.5 ns' is no whole number of ns");
    assert_refused(PARAM_U32, "2.5", "'2.5' is no whole number");
    assert_refused(PARAM_U64, "18446744073709551616",
                   "'18446744073709551616' is too large for any machine number of this kind");
    assert_refused(PARAM_U64, "1e99", "'1e99' is too large for any machine number of this kind");
    assert_refused(PARAM_U32, "-1", "'-1' is negative");
    assert_refused(PARAM_U64, "1234567890123456789012345",
                   "'1234567890123456789012345' has too many digits");
}

static void only_plain_decimals_are_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {"0x10", "1_000", "nan", "inf", ".5",  "5.", "+5",
                                        "1e",   "1e+",   "",    "1 2", "abc", "-",  "1.2.3"};
    uint64_t field;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(parses(PARAM_U64, texts[i], &field));
        assert_false(parses(PARAM_REAL, texts[i], &field));
    }
    assert_refused(PARAM_U32, "010", "'010' has leading zeros");
    assert_refused(PARAM_REAL, "nan", "'nan' is no decimal number");
    assert_refused(PARAM_REAL, "1e999", "'1e999' is too large for a double");
}

static void a_unit_is_required_where_there_are_units_and_refused_elsewhere(void **state)
{
    (void)state;
    assert_refused(PARAM_DURATION_NS, "5",
                   "unit missing; write for instance '50 ms' (units: ns us ms s min h d)");
    assert_refused(PARAM_DURATION_NS, "5 mss",
                   "unknown unit 'mss'; did you mean 'ms'? units: ns us ms s min h d");
    assert_refused(PARAM_AMOUNT_RAO, "5 tao",
                   "unknown unit 'tao'; did you mean 'TAO'? units: rao TAO");
    assert_refused(PARAM_U32, "5 s", "'5 s' has a unit, but a bare number is expected");
    assert_refused(PARAM_RATE_BYTES, "5 Mbps",
                   "unknown unit 'Mbps'; did you mean 'Mbit/s'? units: bit/s kbit/s Mbit/s Gbit/s "
                   "B/s kB/s MB/s");
}

static void real_values_are_the_nearest_doubles(void **state)
{
    (void)state;
    assert_true(f64_of(PARAM_RATE_BYTES, "0.1 Mbit/s") == 12500.0);
    assert_true(f64_of(PARAM_RATE_BYTES, "1 Gbit/s") == 125e6);
    assert_true(f64_of(PARAM_RATE_BYTES, "3 kB/s") == 3000.0);
    assert_true(f64_of(PARAM_FLOPS, "312.5 TFLOP/s") == 312.5e12);
    assert_true(f64_of(PARAM_HASH_RATE, "0.3 GH/s") == 0.3e9);
    assert_true(f64_of(PARAM_REAL, "0.1") == 0.1);
    assert_true(f64_of(PARAM_NATS, "2 bits") == 2 * 0.69314718055994530942);
    assert_true(f64_of(PARAM_POWER_W, "1.5 kW") == 1500.0);
}

static void fractions_are_cut_down_to_a_65535th_and_may_be_given_exactly(void **state)
{
    (void)state;
    uint16_t value;
    assert_true(parses(PARAM_FRACTION_U16, "0.5", &value));
    assert_int_equal(value, 32767);
    assert_true(parses(PARAM_FRACTION_U16, "45875/65535", &value));
    assert_int_equal(value, 45875);
    assert_true(parses(PARAM_FRACTION_U16, "1", &value));
    assert_int_equal(value, 65535);
    assert_true(parses(PARAM_FRACTION_U16, "0.9999999", &value));
    assert_int_equal(value, 65534);
    assert_refused(PARAM_FRACTION_U16, "1.00000001", "'1.00000001' is not between 0 and 1");
    assert_refused(PARAM_FRACTION_U16, "65536/65535", "'65536/65535' is not between 0 and 1");
    assert_refused(PARAM_FRACTION_U16, "-0.5", "'-0.5' is not between 0 and 1");
    assert_refused(PARAM_FRACTION_U16, "1/2", "'1/2' is neither a number from 0 to 1 nor N/65535");
}

static void bounds_are_inclusive_and_named_in_the_notation_of_the_table(void **state)
{
    (void)state;
    const struct param_key key = {
        .name = "k", .kind = PARAM_DURATION_NS, .min = "1 ms", .max = "2 s"};
    int64_t value;
    assert_true(param_parse(&key, "1 ms", &value, reason));
    assert_true(param_parse(&key, "2 s", &value, reason));
    assert_false(param_parse(&key, "999999 ns", &value, reason));
    assert_string_equal(reason, "999999 ns is out of range; allowed: 1 ms to 2 s");
    assert_false(param_parse(&key, "2001 ms", &value, reason));
    assert_string_equal(reason, "2001 ms is out of range; allowed: 1 ms to 2 s");
}

/* Values drawn over the whole range of the kind, and what a person would write. */
static void every_value_formats_to_a_text_that_reads_back_to_the_same_bits(void **state)
{
    (void)state;
    static const unsigned kinds[] = {
        PARAM_U32,        PARAM_U64,         PARAM_I32,        PARAM_REAL,        PARAM_BLOCKS,
        PARAM_AMOUNT_RAO, PARAM_SIZE_BYTES,  PARAM_RATE_BYTES, PARAM_FLOPS,       PARAM_HASH_RATE,
        PARAM_POWER_W,    PARAM_DURATION_NS, PARAM_NATS,       PARAM_FRACTION_U16};
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct param_key key = {.name = "k", .kind = kinds[k]};
        for (int i = 0; i < 5000; i++) {
            uint64_t bits = stream_u64(&stream) >> stream_below(&stream, 64), back = 0;
            double real = (double)bits * pow(10, (double)stream_below(&stream, 30) - 15);
            bool is_real = kinds[k] == PARAM_REAL || kinds[k] == PARAM_NATS ||
                           (kinds[k] >= PARAM_RATE_BYTES && kinds[k] <= PARAM_POWER_W);
            if (is_real)
                memcpy(&bits, &real, sizeof(bits));
            else if (param_field_bytes(kinds[k]) < 8)
                bits &= (UINT64_C(1) << (8 * param_field_bytes(kinds[k]))) - 1;
            if (kinds[k] == PARAM_DURATION_NS && bits >> 63 != 0)
                bits = ~bits + 2;
            char text[PARAM_TEXT_BYTES];
            param_format(&key, &bits, text);
            if (!param_parse(&key, text, &back, reason) || bits != back)
                fail_msg("kind %u: %016llx, '%s', %016llx", kinds[k], (unsigned long long)bits,
                         text, (unsigned long long)back);
        }
    }
}

static void assert_format(unsigned kind, const char *text, const char *expected)
{
    const struct param_key key = {.name = "k", .kind = kind};
    uint64_t field = 0;
    char formatted[PARAM_TEXT_BYTES];
    assert_true(param_parse(&key, text, &field, reason));
    param_format(&key, &field, formatted);
    assert_string_equal(formatted, expected);
}

static void canonical_texts_are_the_ones_a_person_would_write(void **state)
{
    (void)state;
    assert_format(PARAM_DURATION_NS, "90000 ms", "90 s");
    assert_format(PARAM_DURATION_NS, "48 h", "2 d");
    assert_format(PARAM_DURATION_NS, "0 d", "0 s");
    assert_format(PARAM_AMOUNT_RAO, "1500000000 rao", "1.5 TAO");
    assert_format(PARAM_AMOUNT_RAO, "999999 rao", "999999 rao");
    assert_format(PARAM_AMOUNT_RAO, "21000000 TAO", "21000000 TAO");
    assert_format(PARAM_RATE_BYTES, "1.25 MB/s", "10 Mbit/s");
    assert_format(PARAM_RATE_BYTES, "0 B/s", "0 bit/s");
    assert_format(PARAM_SIZE_BYTES, "65536 B", "64 KiB");
    assert_format(PARAM_FLOPS, "1500 GFLOP/s", "1.5 TFLOP/s");
    assert_format(PARAM_REAL, "1e-3", "0.001");
    assert_format(PARAM_REAL, "1e300", "1e300");
    assert_format(PARAM_REAL, "123456", "123456");
    assert_format(PARAM_FRACTION_U16, "0.5", "32767/65535");
}

static void the_nearest_name_is_what_a_slip_of_the_fingers_meant(void **state)
{
    (void)state;
    static const char *const names[] = {"tempo", "max_uids", "burn", "ms", NULL};
    assert_string_equal(param_nearest("tmepo", names), "tempo");
    assert_string_equal(param_nearest("TEMPO", names), "tempo");
    assert_string_equal(param_nearest("max_uid", names), "max_uids");
    assert_string_equal(param_nearest("bunr", names), "burn");
    assert_null(param_nearest("emission", names));
    assert_null(param_nearest("xy", names));
}

static size_t significant_digits(const char *text)
{
    size_t count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (!isdigit((unsigned char)*text) || (count == 0 && *text == '0'))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        count++;
    }
    return count > 0 ? count - zeros : 1;
}

/* The slow way to the same digits: one more until it reads back. */
static void a_real_number_is_written_with_the_fewest_digits_that_read_back(void **state)
{
    static const struct param_key key = {.name = "x", .kind = PARAM_REAL};
    struct stream stream;
    (void)state;
    stream_init(&stream, 2, STREAM_TEST, stream_entity("reals", 0), 0);
    for (int i = 0; i < 20000; i++) {
        char written[PARAM_TEXT_BYTES], shortest[40];
        double whole = (double)(stream_u64(&stream) >> (11 + stream_below(&stream, 50)));
        double value = whole / pow(10, (double)stream_below(&stream, 25));
        for (int after = 0; after <= 16; after++) {
            snprintf(shortest, sizeof(shortest), "%.*e", after, value);
            if (strtod(shortest, NULL) == value)
                break;
        }
        param_format(&key, &value, written);
        if (significant_digits(written) != significant_digits(shortest))
            fail_msg("%s was written %s", shortest, written);
    }
}

/* Short numbers take one exact operation instead of strtod: every digit must come out the same. */
static void a_real_number_is_the_one_that_strtod_gives(void **state)
{
    static const struct param_key key = {.name = "x", .kind = PARAM_REAL};
    struct stream stream;
    (void)state;
    stream_init(&stream, 1, STREAM_TEST, stream_entity("reals", 0), 0);
    for (int i = 0; i < 200000; i++) {
        char text[64], again[PARAM_TEXT_BYTES];
        int digits = 1 + (int)stream_below(&stream, 17), point = (int)stream_below(&stream, 18);
        uint64_t mantissa = stream_u64(&stream);
        for (int d = digits; d < 20; d++)
            mantissa /= 10;
        int used = snprintf(text, sizeof(text), "%s%llu", i % 2 == 0 ? "" : "-",
                            (unsigned long long)mantissa);
        if (i % 3 == 0)
            used +=
                snprintf(text + used, sizeof(text) - (size_t)used, ".%0*d", 1 + point % 5, i % 10);
        if (i % 5 != 0)
            snprintf(text + used, sizeof(text) - (size_t)used, "e%d",
                     (int)stream_below(&stream, 60) - 30);
        double value = 0, expected = strtod(text, NULL), back = 0;
        assert_true(param_parse(&key, text, &value, reason));
        if (memcmp(&value, &expected, sizeof(value)) != 0)
            fail_msg("%s: %.17g, not %.17g", text, value, expected);
        param_format(&key, &value, again);
        assert_true(param_parse(&key, again, &back, reason));
        if (memcmp(&value, &back, sizeof(value)) != 0)
            fail_msg("%s was written %s", text, again);
    }
}

static void defaults_fill_the_whole_struct(void **state)
{
    (void)state;
    struct values {
        uint32_t count;
        double rate;
        const char *name;
        struct param_strings list;
        bool on;
    } values;
    static const struct param_key keys[] = {
        {.name = "count",
         .kind = PARAM_U32,
         .offset = offsetof(struct values, count),
         .fallback = "7",
         .doc = "d"},
        {.name = "rate",
         .kind = PARAM_RATE_BYTES,
         .offset = offsetof(struct values, rate),
         .fallback = "8 kbit/s",
         .doc = "d"},
        {.name = "name",
         .kind = PARAM_STRING,
         .offset = offsetof(struct values, name),
         .fallback = "x",
         .doc = "d"},
        {.name = "list",
         .kind = PARAM_STRING_LIST,
         .offset = offsetof(struct values, list),
         .fallback = "",
         .doc = "d"},
        {.name = "on", .kind = PARAM_BOOL, .offset = offsetof(struct values, on), .doc = "d"},
    };
    const struct param_table table = PARAM_TABLE("t", struct values, keys, "d");
    memset(&values, 0xA5, sizeof(values));
    param_defaults(&table, &values);
    assert_int_equal(values.count, 7);
    assert_true(values.rate == 1000);
    assert_string_equal(values.name, "x");
    assert_int_equal(values.list.count, 0);
    assert_false(values.on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_come_from_the_decimal_digits_and_never_from_a_double),
        cmocka_unit_test(what_is_no_whole_number_of_the_smallest_unit_is_refused),
        cmocka_unit_test(only_plain_decimals_are_numbers),
        cmocka_unit_test(a_unit_is_required_where_there_are_units_and_refused_elsewhere),
        cmocka_unit_test(real_values_are_the_nearest_doubles),
        cmocka_unit_test(fractions_are_cut_down_to_a_65535th_and_may_be_given_exactly),
        cmocka_unit_test(bounds_are_inclusive_and_named_in_the_notation_of_the_table),
        cmocka_unit_test(every_value_formats_to_a_text_that_reads_back_to_the_same_bits),
        cmocka_unit_test(canonical_texts_are_the_ones_a_person_would_write),
        cmocka_unit_test(the_nearest_name_is_what_a_slip_of_the_fingers_meant),
        cmocka_unit_test(a_real_number_is_written_with_the_fewest_digits_that_read_back),
        cmocka_unit_test(a_real_number_is_the_one_that_strtod_gives),
        cmocka_unit_test(defaults_fill_the_whole_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
