#include "config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* One scenario over another: what an override switches off, twins, schedules, hashes. */

static void a_key_without_effect_is_refused_unless_an_override_made_it_so(void **state)
{
    (void)state;
    config_cases_assert_errors(
        "name: t\nmechanism: finney\nchain: {search_threads: 4}\n",
        "test.yaml:3:9: 'chain.search_threads' has no effect here: it counts only when "
        "solver=search\n"
        "   3 | chain: {search_threads: 4}\n"
        "     |         ^\n");
    const struct config_set sets[] = {{.text = "chain.solver=statistical"}};
    struct config *config = config_cases_load_with(BASE_TEXT, sets, 1);
    char *text = config_emit(config);
    assert_null(strstr(text, "search_threads"));
    free(text);
    config_free(config);
}

/* Where a later version knows more keys that have no effect, its forerunners' results still open.
 */
static void what_a_result_stored_may_say_keys_without_effect_and_a_set_over_it_may_not(void **state)
{
    (void)state;
    static const char text[] = "name: t\nmechanism: finney\nchain: {search_threads: 4}\n";
    const struct config_set set = {.text = "chain.search_threads=5"};
    struct config_input input = {
        .path = "t", .text = text, .text_bytes = strlen(text), .sets = &set, .stored = true};
    struct config *config = NULL;
    struct sim_error err = {0};
    assert_int_equal(config_load(&fixture_schema, &input, &config, NULL, &err), SIM_OK);
    char *resolved = config_emit(config);
    assert_null(strstr(resolved, "search_threads"));
    free(resolved);
    config_free(config);
    input.set_count = 1;
    assert_int_equal(config_load(&fixture_schema, &input, &config, NULL, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "has no effect here"));
}

static void a_condition_is_looked_up_from_the_key_outward(void **state)
{
    (void)state;
    struct config *config = config_cases_load(
        "name: t\nmechanism: finney\n"
        "agents: {a: {count: 1, strategy: sybil, host: {hash_rate: 5 MH/s, memory: 1 B}}}\n");
    const struct fixture_host *host = config_values(config, "agents.a.host");
    assert_true(host->hash_per_s == 5e6);
    config_free(config);
    config_cases_assert_errors(
        "name: t\nmechanism: finney\nnetwork: {sharing: latency}\nagents:\n"
        "  a: {count: 1, strategy: sybil, host: {hash_rate: 5 MH/s}}\n"
        "  b: {count: 1, host: {hash_rate: 5 MH/s, memory: 1 B}}\n",
        "test.yaml:6:24: 'agents.b.host.hash_rate' has no effect here: it counts only "
        "when strategy=sybil\n"
        "   6 |   b: {count: 1, host: {hash_rate: 5 MH/s, memory: 1 B}}\n"
        "     |                        ^\n"
        "test.yaml:6:43: 'agents.b.host.memory' has no effect here: it counts only when "
        "network.sharing!=latency\n"
        "   6 |   b: {count: 1, host: {hash_rate: 5 MH/s, memory: 1 B}}\n"
        "     |                                           ^\n");
}

#define SAMPLED_FROM(agents_) "name: t\nmechanism: finney\nrecord: {sample: 3}\nagents:\n" agents_

static void a_star_stands_for_one_and_the_same_group(void **state)
{
    (void)state;
    static const char sybils[] = SAMPLED_FROM("  a: {count: 1, model: bigram}\n"
                                              "  b: {count: 1, strategy: sybil}\n");
    struct config *config = config_cases_load(sybils);
    const struct fixture_record *record = config_values(config, "record");
    assert_int_equal(record->sample, 3);
    config_free(config);
    config_free(config_cases_load("name: t\nmechanism: finney\nagents: {a: {count: 1}}\n"
                                  "record: {sample: 3, every: step}\n"));
    config_cases_assert_errors(
        SAMPLED_FROM("  a: {count: 1, model: gru}\n"
                     "  b: {count: 1, strategy: sybil, model: bigram}\n"),
        "test.yaml:3:10: 'record.sample' has no effect here: it counts only when "
        "agents.*.strategy=sybil and agents.*.model!=bigram or every=step\n"
        "   3 | record: {sample: 3}\n"
        "     |          ^\n");
    /* Of a group that cannot be understood nothing follows. */
    config_cases_assert_errors(SAMPLED_FROM("  a: {count: 1, strategy: cyborg}\n"),
                               "test.yaml:5:27: 'agents.a.strategy': unknown strategy 'cyborg'; "
                               "known: sybil, honest\n"
                               "   5 |   a: {count: 1, strategy: cyborg}\n"
                               "     |                           ^\n");
}

static void what_a_layer_does_to_groups_silences_what_lies_below(void **state)
{
    (void)state;
    static const char text[] = SAMPLED_FROM("  a: {count: 1, strategy: sybil}\n"
                                            "  b: {count: 1}\n");
    const char *const layers[] = {"agents.a.strategy=honest", "agents.a=~"};
    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        const struct config_set set = {.text = layers[i]};
        struct config *config = config_cases_load_with(text, &set, 1);
        char *resolved = config_emit(config);
        assert_non_null(resolved);
        assert_null(strstr(resolved, "sample"));
        free(resolved);
        config_free(config);
    }
}

static void another_option_drops_the_parameters_of_the_old_one(void **state)
{
    (void)state;
    const struct config_set same[] = {{.text = "mechanism.alpha_low=0.1"}};
    struct config *config = config_cases_load_with(BASE_TEXT, same, 1);
    const struct fixture_yuma *yuma = config_values(config, "mechanism");
    assert_int_equal(yuma->alpha_low, 6553);
    assert_int_equal(yuma->alpha_high, 58981);
    config_free(config);
    const struct config_set other[] = {{.text = "mechanism=finney"}};
    config = config_cases_load_with(BASE_TEXT, other, 1);
    assert_string_equal(config_at(config, "mechanism")->table->name, "finney");
    config_free(config);
}

static void the_twin_is_the_scenario_with_its_own_values(void **state)
{
    (void)state;
    struct config *config =
        config_cases_load(BASE_TEXT "twin: {set: {agents.sybils: ~, mechanism: finney, "
                                    "chain.solver: statistical}}\n");
    const struct config *twin = config_twin(config);
    assert_int_equal(config_at(config, "agents")->block_count, 2);
    assert_int_equal(config_at(twin, "agents")->block_count, 1);
    assert_string_equal(config_at(twin, "mechanism")->table->name, "finney");
    assert_null(config_twin(twin));
    char *text = config_emit(config);
    struct config *again = config_cases_load(text);
    char *text_again = config_emit(again);
    assert_string_equal(text, text_again);
    char *twin_text = config_emit(twin), *twin_again = config_emit(config_twin(again));
    assert_string_equal(twin_text, twin_again);
    free(text);
    free(text_again);
    free(twin_text);
    free(twin_again);
    config_free(config);
    config_free(again);
}

static void a_twin_says_which_keys_differ_and_not_a_section_as_a_whole(void **state)
{
    (void)state;
    config_cases_assert_errors(
        BASE_TEXT "twin: {set: {agents: {sybils: ~}, network: {loss: 0.5}}}\n",
        "test.yaml:5:14: 'agents' is a section; set its keys one by one, each with its "
        "path\n"
        "   5 | twin: {set: {agents: {sybils: ~}, network: {loss: 0.5}}}\n"
        "     |              ^\n"
        "test.yaml:5:35: 'network' is a section; set its keys one by one, each with its "
        "path\n"
        "   5 | twin: {set: {agents: {sybils: ~}, network: {loss: 0.5}}}\n"
        "     |                                   ^\n");
    struct config *config =
        config_cases_load(BASE_TEXT "faults: {mtbf: 3 h}\n"
                                    "twin: {set: {faults: ~, agents.sybils: {count: 7}}}\n");
    assert_null(config_at(config_twin(config), "faults"));
    char *text = config_emit(config);
    struct config *again = config_cases_load(text);
    char *text_again = config_emit(again);
    assert_string_equal(text, text_again);
    assert_null(config_at(config_twin(again), "faults"));
    free(text);
    free(text_again);
    config_free(config);
    config_free(again);
}

static void a_slip_in_a_groups_name_makes_no_new_group(void **state)
{
    (void)state;
    config_cases_assert_errors(
        BASE_TEXT "twin: {set: {agents.sybil.count: 1, agents.nobody: ~}}\n",
        "test.yaml:5:21: 'agents' has no group 'sybil'; did you mean 'sybils'?\n"
        "   5 | twin: {set: {agents.sybil.count: 1, agents.nobody: ~}}\n"
        "     |                     ^\n"
        "test.yaml:5:44: 'agents' has no group 'nobody'\n"
        "   5 | twin: {set: {agents.sybil.count: 1, agents.nobody: ~}}\n"
        "     |                                            ^\n");
    const struct config_set slip[] = {{.text = "agents.minerss.count=3"}};
    char *all = config_cases_errors_with(BASE_TEXT, slip, 1);
    assert_string_equal(all, "--set #1: 'agents' has no group 'minerss'; did you mean 'miners'?\n"
                             "     | agents.minerss.count=3\n"
                             "     |        ^\n");
    free(all);
    const struct config_set whole[] = {{.text = "agents.more={count: 3}"},
                                       {.text = "agents.more.count=4"}};
    struct config *config = config_cases_load_with(BASE_TEXT, whole, 2);
    assert_int_equal(((const struct fixture_group *)config_values(config, "agents.more"))->count,
                     4);
    config_free(config);
}

static void the_schedule_is_a_row_of_whole_scenarios(void **state)
{
    (void)state;
    struct config *config = config_cases_load(
        BASE_TEXT "schedule:\n"
                  "  - {at: 3 h, set: {mechanism: finney}}\n"
                  "  - {at: 1 d, set: {chain.tempo: 7 blocks, chain.burn: 2 TAO}}\n"
                  "  - {at: 2 d, set: {mechanism: {name: yuma3, alpha_low: 0.25}}}\n");
    assert_int_equal(config_change_count(config), 3);
    const struct config_change *first = config_change_at(config, 0);
    const struct config_change *second = config_change_at(config, 1);
    const struct config_change *third = config_change_at(config, 2);
    assert_true(first->at_ns == INT64_C(10800000000000));
    assert_string_equal(config_at(first->after, "mechanism")->table->name, "finney");
    const struct fixture_chain *before = config_values(first->after, "chain");
    const struct fixture_chain *after = config_values(second->after, "chain");
    assert_int_equal(before->tempo_blocks, 99);
    assert_int_equal(after->tempo_blocks, 7);
    assert_true(after->burn_rao == 2000000000);
    assert_string_equal(second->paths[1], "chain.burn");
    /* What was set before stays. */
    assert_string_equal(config_at(second->after, "mechanism")->table->name, "finney");
    assert_int_equal(
        ((const struct fixture_chain *)config_values(third->after, "chain"))->tempo_blocks, 7);
    char *text = config_emit(config);
    struct config *again = config_cases_load(text);
    char *text_again = config_emit(again);
    assert_string_equal(text, text_again);
    free(text);
    free(text_again);
    config_free(config);
    config_free(again);
}

static void a_change_may_build_on_the_change_before_it(void **state)
{
    (void)state;
    struct config *config =
        config_cases_load("name: t\n"
                          "mechanism: finney\n"
                          "schedule:\n"
                          "  - {at: 1 h, set: {mechanism: yuma3}}\n"
                          "  - {at: 100 blocks, set: {mechanism.alpha_low: 0.25}}\n");
    const struct config_change *second = config_change_at(config, 1);
    assert_true(second->at_ns == -1 && second->at_block == 100);
    const struct fixture_yuma *yuma = config_values(second->after, "mechanism");
    assert_int_equal(yuma->alpha_low, 16383);
    config_free(config);
    /* What counts is what runs by then: before yuma3 comes there is no such parameter. */
    config_cases_assert_errors(
        "name: t\n"
        "mechanism: finney\n"
        "schedule:\n"
        "  - {at: 1 h, set: {mechanism.liquid: true}}\n"
        "  - {at: 2 h, set: {mechanism: yuma3}}\n",
        "test.yaml:4:31: key 'liquid' in 'mechanism' belongs to yuma3, not to finney\n"
        "   4 |   - {at: 1 h, set: {mechanism.liquid: true}}\n"
        "     |                               ^\n");
}

static void an_error_is_said_once_though_twin_and_changes_see_it_too(void **state)
{
    (void)state;
    config_cases_assert_errors("name: t\n"
                               "mechanism: finney\n"
                               "seed: x\n"
                               "twin: {set: {chain.tempo: 5 blocks}}\n"
                               "schedule: [{at: 1 h, set: {chain.tempo: 5 blocks}}]\n",
                               "test.yaml:3:7: 'seed': 'x' is no decimal number\n"
                               "   3 | seed: x\n"
                               "     |       ^\n");
}

static void the_hash_knows_seed_and_version_but_not_until(void **state)
{
    (void)state;
    static const struct config_set sets[] = {
        {.text = "until=2 h"}, {.text = "seed=2"}, {.text = "chain.tempo=98 blocks"}};
    char hash[5][CONFIG_HASH_CHARS];
    struct sim_error err = {0};
    struct config *config = config_cases_load(BASE_TEXT);
    assert_int_equal(config_hash(config, "0.1.0", hash[3], &err), SIM_OK);
    assert_int_equal(config_hash(config, "0.1.1", hash[4], &err), SIM_OK);
    config_free(config);
    for (size_t i = 0; i < 3; i++) {
        config = config_cases_load_with(BASE_TEXT, &sets[i], 1);
        assert_int_equal(config_hash(config, "0.1.0", hash[i], &err), SIM_OK);
        config_free(config);
    }
    assert_string_equal(hash[0], hash[3]);
    assert_string_not_equal(hash[1], hash[3]);
    assert_string_not_equal(hash[2], hash[3]);
    assert_string_not_equal(hash[4], hash[3]);
    assert_int_equal(strlen(hash[0]), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_without_effect_is_refused_unless_an_override_made_it_so),
        cmocka_unit_test(
            what_a_result_stored_may_say_keys_without_effect_and_a_set_over_it_may_not),
        cmocka_unit_test(a_condition_is_looked_up_from_the_key_outward),
        cmocka_unit_test(a_star_stands_for_one_and_the_same_group),
        cmocka_unit_test(what_a_layer_does_to_groups_silences_what_lies_below),
        cmocka_unit_test(another_option_drops_the_parameters_of_the_old_one),
        cmocka_unit_test(the_twin_is_the_scenario_with_its_own_values),
        cmocka_unit_test(a_twin_says_which_keys_differ_and_not_a_section_as_a_whole),
        cmocka_unit_test(a_slip_in_a_groups_name_makes_no_new_group),
        cmocka_unit_test(the_schedule_is_a_row_of_whole_scenarios),
        cmocka_unit_test(a_change_may_build_on_the_change_before_it),
        cmocka_unit_test(an_error_is_said_once_though_twin_and_changes_see_it_too),
        cmocka_unit_test(the_hash_knows_seed_and_version_but_not_until),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
