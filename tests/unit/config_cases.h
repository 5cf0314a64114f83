/* config_cases.h: what tests of sim/config do with a text: load it, or collect its errors. */
#ifndef TESTS_CONFIG_CASES_H
#define TESTS_CONFIG_CASES_H

#include "config_fixture.h"

#define BASE_TEXT                                                                                  \
    "name: t\n"                                                                                    \
    "mechanism: {name: yuma3, liquid: true, alpha_high: 0.9}\n"                                    \
    "chain: {solver: search, search_threads: 4}\n"                                                 \
    "agents: {miners: {count: 8}, sybils: {count: 2, strategy: sybil}}\n"

/* The text as test.yaml with `sets` over it; the test fails with the report if it does not load. */
struct config *config_cases_load_with(const char *text, const struct config_set *sets,
                                      size_t set_count);
struct config *config_cases_load(const char *text);

/* All messages of a text that must not load; heap. */
char *config_cases_errors_with(const char *text, const struct config_set *sets, size_t set_count);
void config_cases_assert_errors(const char *text, const char *expected);

#endif
