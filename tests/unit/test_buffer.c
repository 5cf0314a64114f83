#include "base/buffer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct buffer buffer;
    struct buffer_reader reader;
    char text[16];
    buffer_init(&buffer);
    buffer_put_tag(&buffer, "part.one");
    buffer_put_u8(&buffer, 200);
    buffer_put_u32(&buffer, UINT32_MAX - 5);
    buffer_put_u64(&buffer, UINT64_MAX - 7);
    buffer_put_i64(&buffer, INT64_MIN);
    buffer_put_f64(&buffer, -INFINITY);
    buffer_put_f64(&buffer, -0.0);
    buffer_put_string(&buffer, "fifteen letters");
    buffer_put_string(&buffer, NULL);
    assert_int_equal(buffer_status(&buffer, &err), SIM_OK);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    buffer_get_tag(&reader, "part.one");
    assert_int_equal(buffer_get_u8(&reader), 200);
    assert_int_equal(buffer_get_u32(&reader), UINT32_MAX - 5);
    assert_true(buffer_get_u64(&reader) == UINT64_MAX - 7);
    assert_true(buffer_get_i64(&reader) == INT64_MIN);
    assert_true(isinf(buffer_get_f64(&reader)));
    assert_true(signbit(buffer_get_f64(&reader)));
    buffer_get_string(&reader, text, sizeof(text));
    assert_string_equal(text, "fifteen letters");
    buffer_get_string(&reader, text, sizeof(text));
    assert_string_equal(text, "");
    assert_int_equal(reader.position, buffer.size_bytes);
    assert_int_equal(buffer_reader_status(&reader, &err), SIM_OK);
    buffer_release(&buffer);
}

static void numbers_have_one_form_on_every_machine(void **state)
{
    (void)state;
    const uint8_t expected[] = {0x04, 0x03, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f};
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_put_u32(&buffer, 0x01020304);
    buffer_put_f64(&buffer, 1.5);
    assert_int_equal(buffer.size_bytes, sizeof(expected));
    assert_memory_equal(buffer.bytes, expected, sizeof(expected));
    buffer_release(&buffer);
}

static void a_large_block_grows_the_buffer_in_one_step(void **state)
{
    (void)state;
    static uint8_t block[1000000];
    struct buffer buffer;
    memset(block, 0x5a, sizeof(block));
    buffer_init(&buffer);
    buffer_put_u8(&buffer, 1);
    buffer_put_bytes(&buffer, block, sizeof(block));
    buffer_put_bytes(&buffer, NULL, 0);
    assert_int_equal(buffer.size_bytes, sizeof(block) + 1);
    assert_memory_equal(buffer.bytes + 1, block, sizeof(block));
    size_t capacity_bytes = buffer.capacity_bytes;
    buffer_clear(&buffer);
    assert_int_equal(buffer.size_bytes, 0);
    assert_int_equal(buffer.capacity_bytes, capacity_bytes);
    buffer_release(&buffer);
}

static void reading_past_the_end_is_an_error_and_gives_zeros(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct buffer_reader reader;
    const uint8_t bytes[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint8_t rest[4] = {9, 9, 9, 9};
    buffer_reader_init(&reader, bytes, sizeof(bytes));
    (void)buffer_get_u64(&reader);
    assert_true(buffer_get_u32(&reader) == 0);
    buffer_get_bytes(&reader, rest, sizeof(rest));
    assert_int_equal(rest[0] | rest[1] | rest[2] | rest[3], 0);
    assert_true(buffer_get_u8(&reader) == 0); /* failure is sticky, though a byte is left */
    assert_int_equal(buffer_reader_status(&reader, &err), SIM_IO);
    assert_string_equal(err.text, "saved state: damaged or cut short at byte 8 of 10");
}

static void a_damaged_count_never_becomes_an_allocation(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct buffer buffer;
    struct buffer_reader reader;
    char text[4];
    buffer_init(&buffer);
    buffer_put_u64(&buffer, 3);
    buffer_put_bytes(&buffer, "abcdefghijkl", 12);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    assert_int_equal(buffer_get_count(&reader, 4), 3);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    assert_int_equal(buffer_get_count(&reader, 5), 0);
    assert_int_equal(buffer_reader_status(&reader, &err), SIM_IO);
    buffer_clear(&buffer);
    buffer_put_string(&buffer, "four");
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    buffer_get_string(&reader, text, sizeof(text));
    assert_string_equal(text, "");
    assert_int_equal(buffer_reader_status(&reader, &err), SIM_IO);
    buffer_release(&buffer);
}

static void a_wrong_part_is_named(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct buffer buffer;
    struct buffer_reader reader;
    buffer_init(&buffer);
    buffer_put_tag(&buffer, "net");
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    buffer_get_tag(&reader, "chain");
    assert_int_equal(buffer_reader_status(&reader, &err), SIM_IO);
    assert_string_equal(err.text, "saved state: part 'chain' not found before byte 8");
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(numbers_have_one_form_on_every_machine),
        cmocka_unit_test(a_large_block_grows_the_buffer_in_one_step),
        cmocka_unit_test(reading_past_the_end_is_an_error_and_gives_zeros),
        cmocka_unit_test(a_damaged_count_never_becomes_an_allocation),
        cmocka_unit_test(a_wrong_part_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
