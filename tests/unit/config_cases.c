#include "config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct config *config_cases_load_with(const char *text, const struct config_set *sets,
                                      size_t set_count)
{
    struct config_input input = {.path = "test.yaml",
                                 .text = text,
                                 .text_bytes = strlen(text),
                                 .sets = sets,
                                 .set_count = set_count};
    struct config_report report = {0};
    struct config *config = NULL;
    struct sim_error err = {0};
    if (config_load(&fixture_schema, &input, &config, &report, &err) != SIM_OK) {
        char *all = config_report_text(&report);
        print_error("%s\n", all);
        free(all);
        config_report_release(&report);
        fail_msg("%s", err.text);
    }
    return config;
}

struct config *config_cases_load(const char *text)
{
    return config_cases_load_with(text, NULL, 0);
}

/* All messages of a text that must not load. */
char *config_cases_errors_with(const char *text, const struct config_set *sets, size_t set_count)
{
    struct config_input input = {.path = "test.yaml",
                                 .text = text,
                                 .text_bytes = strlen(text),
                                 .sets = sets,
                                 .set_count = set_count};
    struct config_report report = {0};
    struct config *config = NULL;
    struct sim_error err = {0};
    assert_int_equal(config_load(&fixture_schema, &input, &config, &report, &err), SIM_CONFIG);
    assert_null(config);
    char *all = config_report_text(&report);
    config_report_release(&report);
    return all;
}

void config_cases_assert_errors(const char *text, const char *expected)
{
    char *all = config_cases_errors_with(text, NULL, 0);
    assert_string_equal(all, expected);
    free(all);
}
