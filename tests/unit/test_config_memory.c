/*
 * Each allocation of a load fails once; nothing is tested where malloc cannot be replaced
 * (failing_malloc.h).
 */
#include "config_fixture.h"
#include "failing_malloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifdef FAILING_MALLOC

/* Every allocation up to the last fails once; the result is a status, never a crash or a leak. */
static void fail_each(const char *text, enum sim_status expected)
{
    if (is_replaced())
        skip();
    struct config_input input = {.path = "t.yaml", .text = text, .text_bytes = strlen(text)};
    struct sim_error err = {0};
    long before = live;
    for (long n = 0;; n++) {
        struct config_report report = {0};
        struct config *config = NULL;
        countdown = n;
        enum sim_status status = config_load(&fixture_schema, &input, &config, &report, &err);
        char *resolved = status == SIM_OK ? config_emit(config) : NULL;
        bool finished = countdown >= 0;
        countdown = -1;
        free(resolved);
        config_report_release(&report);
        config_free(config);
        assert_int_equal(live, before);
        if (finished) {
            assert_int_equal(status, expected);
            assert_true(n > 20);
            return;
        }
        if (status != SIM_OK)
            assert_int_equal(status, SIM_MEMORY);
        else
            assert_null(resolved);
    }
}

static void a_load_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    fail_each("name: t\n"
              "x-a: &a {count: 3}\n"
              "mechanism: {name: yuma3, alpha_low: 0.5}\n"
              "agents: {miners: {<<: *a, domains: [a, b], batch: {choice: [1, 2]}}}\n"
              "twin: {set: {agents.miners.count: 1}}\n"
              "schedule: [{at: 3 d, set: {mechanism: finney}}]\n",
              SIM_OK);
}

static void a_report_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    fail_each("nam: t\nmechanism: {name: yuma4, alpha_low: 0.5}\nseed: x\n", SIM_CONFIG);
}

#else

static void a_load_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

static void a_report_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_without_memory_says_so_and_leaks_nothing),
        cmocka_unit_test(a_report_without_memory_says_so_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
