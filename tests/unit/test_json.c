#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct json *parse(const char *text)
{
    struct json *json = NULL;
    struct sim_error err = {0};
    if (json_parse("t", text, strlen(text), JSON_STRICT, &json, &err) != SIM_OK)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static void must_refuse(const char *text, const char *message)
{
    struct json *json = NULL;
    struct sim_error err = {0};
    assert_int_equal(json_parse("t", text, strlen(text), JSON_STRICT, &json, &err), SIM_CONFIG);
    assert_string_equal(err.text, message);
    assert_null(json);
}

static void values_are_found_by_key_and_place(void **state)
{
    (void)state;
    struct json *json = parse(" {\"a\": [1, true, null, \"x\"],\n  \"b\": {\"c\": -2.5e3}} ");
    const struct json_value *root = json_root(json), *a = json_get(root, "a");
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(json_count(a), 4);
    assert_string_equal(json_item(a, 0)->text, "1");
    assert_true(json_item(a, 1)->truth);
    assert_int_equal(json_item(a, 2)->kind, JSON_NULL);
    assert_string_equal(json_item(a, 3)->text, "x");
    const struct json_value *c = json_get(json_get(root, "b"), "c");
    assert_string_equal(c->text, "-2.5e3");
    assert_int_equal(c->line, 2);
    assert_int_equal(c->column, 14);
    assert_null(json_get(root, "none"));
    assert_null(json_get(a, "a"));
    assert_int_equal(json_count(NULL), 0);
    json_free(json);
}

static void numbers_keep_all_their_digits(void **state)
{
    (void)state;
    struct json *json = parse("[170141183460469231731687303715884105727, "
                              "-170141183460469231731687303715884105728, 18446744073709551615, "
                              "-9223372036854775808, 0.1]");
    fixed_i128 wide;
    uint64_t large;
    int64_t small;
    double real;
    struct sim_error err = {0};
    const struct json_value *root = json_root(json);
    assert_int_equal(json_i128(json_item(root, 0), &wide, &err), SIM_OK);
    assert_true(wide == (fixed_i128)(((fixed_u128)1 << 127) - 1));
    assert_int_equal(json_i128(json_item(root, 1), &wide, &err), SIM_OK);
    assert_true((fixed_u128)wide == (fixed_u128)1 << 127);
    assert_int_equal(json_u64(json_item(root, 2), &large, &err), SIM_OK);
    assert_true(large == UINT64_MAX);
    assert_int_equal(json_i64(json_item(root, 3), &small, &err), SIM_OK);
    assert_true(small == INT64_MIN);
    assert_int_equal(json_f64(json_item(root, 4), &real, &err), SIM_OK);
    assert_true(real == 0.1);
    json_free(json);
}

static void numbers_that_do_not_fit_are_refused_by_name_and_place(void **state)
{
    (void)state;
    struct json *json =
        parse("{\"n\": 18446744073709551616, \"f\": 1.5, \"s\": \"1\", \"e\": 1e400}");
    uint64_t number = 7;
    double real;
    struct sim_error err = {0};
    const struct json_value *root = json_root(json);
    assert_int_equal(json_u64(json_get(root, "n"), &number, &err), SIM_CONFIG);
    assert_string_equal(err.text, "1:7: n must be an integer from 0 to 2^64-1");
    assert_int_equal(json_u64(json_get(root, "f"), &number, &err), SIM_CONFIG);
    assert_int_equal(json_u64(json_get(root, "s"), &number, &err), SIM_CONFIG);
    assert_int_equal(json_u64(json_get(root, "missing"), &number, &err), SIM_CONFIG);
    assert_string_equal(err.text, "an integer from 0 to 2^64-1 is missing");
    assert_int_equal(json_f64(json_get(root, "e"), &real, &err), SIM_CONFIG);
    assert_int_equal(number, 7);
    json_free(json);
}

static void strings_are_decoded_to_utf8(void **state)
{
    (void)state;
    struct json *json = parse("\"\\u0394\\ud83d\\ude00\\n\\/\\\\\\\"\xc3\xa9\\u0000z\"");
    const struct json_value *root = json_root(json);
    static const char expected[] = "\xce\x94\xf0\x9f\x98\x80\n/\\\"\xc3\xa9\0z";
    assert_int_equal(root->length, sizeof(expected) - 1);
    assert_memory_equal(root->text, expected, sizeof(expected));
    json_free(json);
}

static void bad_texts_are_refused_with_line_and_column(void **state)
{
    (void)state;
    must_refuse("", "t:1:1: a value is expected, but the text ends");
    must_refuse("{\"a\": 1,\n \"b\" 2}", "t:2:6: ':' is expected, not '2'");
    must_refuse("[1, 2", "t:1:6: ',' or ']' is expected, but the text ends");
    must_refuse("[1,]", "t:1:4: a value is expected, not ']'");
    must_refuse("{\"a\":1,}", "t:1:8: a key in double quotes is expected, not '}'");
    must_refuse("{a:1}", "t:1:2: a key in double quotes is expected, not 'a'");
    must_refuse("[1] x", "t:1:5: the end of the text is expected, not 'x'");
    must_refuse("NaN", "t:1:1: a value is expected, not 'N'");
    must_refuse("[-Infinity]", "t:1:3: a digit is expected, not 'I'");
    must_refuse("01", "t:1:1: a number must not start with 0");
    must_refuse("1.", "t:1:3: a digit is expected, but the text ends");
    must_refuse("1e+", "t:1:4: a digit is expected, but the text ends");
    must_refuse("+1", "t:1:1: a value is expected, not '+'");
    must_refuse("\"a", "t:1:1: this string does not end");
    must_refuse("\"a\nb\"", "t:1:3: a control character in a string must be escaped");
    must_refuse("\"\\x\"", "t:1:2: unknown escape in a string");
    must_refuse("\"\\u12g4\"", "t:1:2: \\u needs four hexadecimal digits");
    must_refuse("\"\\ud800x\"", "t:1:2: a high surrogate needs a low one after it");
    must_refuse("\"\\udc00\"", "t:1:2: a low surrogate needs a high one before it");
    must_refuse("\"\xff\"", "t:1:2: this is not UTF-8");
    must_refuse("\"\xc0\xaf\"", "t:1:2: this is not UTF-8");
    must_refuse("\"\xed\xa0\x80\"", "t:1:2: this is not UTF-8");
    must_refuse("// no\n1", "t:1:1: a value is expected, not '/'");
    must_refuse("{\"a\":1,\"b\":2,\"a\":3}", "t:1:18: key 'a' is given twice");
    must_refuse("{\"\\u0000\":1}", "t:1:2: a key must not hold \\u0000");
    must_refuse("\x01", "t:1:1: a value is expected, not byte 0x01");
}

static void repeated_keys_may_be_allowed(void **state)
{
    (void)state;
    static const char text[] = "{\"S\":1,\"S\":2}";
    struct json *json = NULL;
    struct sim_error err = {0};
    assert_int_equal(json_parse("t", text, sizeof(text) - 1, JSON_REPEATED_KEYS, &json, &err),
                     SIM_OK);
    assert_int_equal(json_count(json_root(json)), 2);
    assert_string_equal(json_get(json_root(json), "S")->text, "1");
    assert_string_equal(json_item(json_root(json), 1)->text, "2");
    json_free(json);
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 3] = {0};
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    json_free(parse(text));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    must_refuse(text, "t:1:65: more than 64 levels");
}

static void files_are_read_and_missing_ones_named(void **state)
{
    (void)state;
    char path[] = "json_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "[5]", 3), 3);
    close(file);
    struct json *json = NULL;
    struct sim_error err = {0};
    assert_int_equal(json_read_file(path, JSON_STRICT, &json, &err), SIM_OK);
    assert_string_equal(json_item(json_root(json), 0)->text, "5");
    json = json_free(json);
    unlink(path);
    assert_int_equal(json_read_file("no/such.json", JSON_STRICT, &json, &err), SIM_IO);
    assert_string_equal(err.text, "cannot open 'no/such.json': No such file or directory");
    assert_null(json_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_key_and_place),
        cmocka_unit_test(numbers_keep_all_their_digits),
        cmocka_unit_test(numbers_that_do_not_fit_are_refused_by_name_and_place),
        cmocka_unit_test(strings_are_decoded_to_utf8),
        cmocka_unit_test(bad_texts_are_refused_with_line_and_column),
        cmocka_unit_test(repeated_keys_may_be_allowed),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(files_are_read_and_missing_ones_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
