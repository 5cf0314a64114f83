#include "record/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void every_path_of_the_schema_is_found_and_names_are_unique(void **state)
{
    (void)state;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        const struct record_dim_info *dim = record_dim_info(info->dim);
        char path[96];
        snprintf(path, sizeof(path), "%s%s%s", dim->group, dim->group[0] ? "/" : "", info->name);
        assert_int_equal(record_var_find(path), v);
        assert_true(info->long_name[0] != '\0');
        /* Texts only where they are written whole. */
        assert_true(info->type != RECORD_TEXT || dim->growth == RECORD_STATIC);
    }
    assert_int_equal(record_var_find("stake"), RECORD_VAR_COUNT);
    assert_int_equal(record_var_find("events"), RECORD_VAR_COUNT);
}

static void every_dimension_lies_in_the_group_of_its_variables(void **state)
{
    (void)state;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (info->width == RECORD_DIM_NONE)
            continue;
        assert_int_equal(record_dim_info(info->width)->growth, RECORD_FIXED);
        assert_string_equal(record_dim_info(info->width)->group, record_dim_info(info->dim)->group);
    }
}

static void event_kinds_have_one_word_names(void **state)
{
    (void)state;
    for (unsigned k = 0; k < RECORD_EVENT_KIND_COUNT; k++)
        assert_null(strpbrk(record_event_name((enum record_event_kind)k), " ,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_of_the_schema_is_found_and_names_are_unique),
        cmocka_unit_test(every_dimension_lies_in_the_group_of_its_variables),
        cmocka_unit_test(event_kinds_have_one_word_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
