#include "config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char full_text[] =
    "x-hosts:\n"
    "  big: &big {flops: 2 TFLOP/s, up: 1 Gbit/s, memory: 16 GiB}\n"
    "name: full\n"
    "seed: 18446744073709551615\n"
    "until: 2 d\n"
    "chain: {profile: nakamoto, tempo: 50 blocks, burn: 0.123456789 TAO, kappa: 0.6}\n"
    "mechanism: {name: yuma3, liquid: true, alpha_high: 0.9}\n"
    "network:\n"
    "  sharing: fifo\n"
    "  loss: 1e-3\n"
    "  backbone: 40 Mbit/s\n"
    "  jitter: {lognormal: {median: 20 ms, sigma: 0.5}}\n"
    "agents:\n"
    "  miners:\n"
    "    count: 100\n"
    "    stake: {uniform: [1 TAO, 21000.000000001 TAO]}\n"
    "    batch: {choice: [4, 8, 16], weights: [0.5, 0.25, 0.25]}\n"
    "    domains: [linux, \"2021\", fr]\n"
    "    model: {name: gru, hidden: 128}\n"
    "    host: {<<: *big, power: 1.5 kW}\n"
    "  swarm:\n"
    "    count: 4\n"
    "    strategy: {name: sybil, budget: 400 MH/s, bias: -3}\n"
    "    model: bigram\n"
    "record: {floor: 0.5 bits}\n";

static void every_kind_of_value_arrives_in_its_struct(void **state)
{
    (void)state;
    struct config *config = config_cases_load(full_text);
    const struct fixture_root *root = config_values(config, "");
    assert_string_equal(root->name, "full");
    assert_true(root->seed == UINT64_MAX);
    assert_true(root->until_ns == INT64_C(172800000000000));

    const struct fixture_chain *chain = config_values(config, "chain");
    assert_string_equal(config_at(config, "chain")->table->name, "nakamoto");
    assert_int_equal(chain->tempo_blocks, 50);
    assert_true(chain->burn_rao == 123456789);
    assert_int_equal(chain->kappa, 39321); /* floor(0.6 * 65535) = floor(39321.0) */
    assert_int_equal(chain->max_uids, 4096);

    const struct fixture_yuma *yuma = config_values(config, "mechanism");
    assert_int_equal(config_at(config, "mechanism")->option, 1);
    assert_int_equal(yuma->alpha_high, 58981); /* floor(58981.5) */
    assert_true(yuma->liquid);

    const struct fixture_net *net = config_values(config, "network");
    assert_int_equal(net->sharing, 1);
    assert_true(net->loss == 1e-3);
    assert_true(net->backbone_bytes_per_s == 5e6);
    assert_int_equal(net->jitter_ns.shape, DIST_LOGNORMAL);
    assert_true(net->jitter_ns.location == 2e7 && net->jitter_ns.spread == 0.5);
    assert_true(net->jitter_ns.max.i64 == INT64_C(10000000000));

    const struct config_block *agents = config_at(config, "agents");
    assert_int_equal(agents->block_count, 2);
    assert_string_equal(agents->blocks[0].name, "miners");
    const struct fixture_group *miners = agents->blocks[0].values;
    assert_int_equal(miners->count, 100);
    assert_true(miners->stake_rao.high.u64 == UINT64_C(21000000000001));
    assert_int_equal(miners->batch.count, 3);
    assert_true(miners->batch.cumulative[1] == 0.75);
    assert_int_equal(miners->domains.count, 3);
    assert_string_equal(miners->domains.items[1], "2021");
    const struct fixture_host *host = config_values(config, "agents.miners.host");
    assert_true(host->flops.low.f64 == 2e12 && host->power_w == 1500);
    assert_true(host->memory_bytes == UINT64_C(16) << 30);
    const struct fixture_gru *gru = config_values(config, "agents.miners.model");
    assert_int_equal(gru->hidden, 128);
    assert_int_equal(gru->embedding, 16);
    const struct fixture_sybil *sybil = config_values(config, "agents.swarm.strategy");
    assert_true(sybil->budget_hash_per_s == 4e8);
    assert_int_equal(sybil->bias, -3);
    assert_null(config_at(config, "faults"));
    const struct fixture_record *record = config_values(config, "record");
    assert_true(record->floor_nats == 0.5 * 0.69314718055994530942);
    config_free(config);
}

static void the_resolved_scenario_reads_back_to_the_same_text_and_values(void **state)
{
    (void)state;
    struct config *config = config_cases_load(full_text);
    char *text = config_emit(config);
    struct config *again = config_cases_load(text);
    char *text_again = config_emit(again);
    assert_string_equal(text, text_again);
    const struct fixture_net *a = config_values(config, "network");
    const struct fixture_net *b = config_values(again, "network");
    assert_memory_equal(a, b, sizeof(*a));
    const struct fixture_record *c = config_values(config, "record");
    const struct fixture_record *d = config_values(again, "record");
    assert_memory_equal(&c->floor_nats, &d->floor_nats, sizeof(double));
    free(text);
    free(text_again);
    config_free(config);
    config_free(again);
}

static void all_errors_of_a_file_come_at_once_with_place_and_remedy(void **state)
{
    (void)state;
    config_cases_assert_errors(
        "name: bad\n"
        "mechansim: finney\n"
        "chain:\n"
        "  tempoo: 100 blocks\n"
        "  burn: 1.5\n"
        "  max_uids: 70000\n"
        "network: {timeout: 50 mss, sharing: fifoo}\n"
        "agents:\n"
        "  miners: {count: 4, count: 5}\n",
        "test.yaml:1:1: 'mechanism' is missing; it names one of: finney, yuma3\n"
        "   1 | name: bad\n"
        "     | ^\n"
        "test.yaml:2:1: unknown key 'mechansim'; did you mean 'mechanism'?\n"
        "   2 | mechansim: finney\n"
        "     | ^\n"
        "test.yaml:4:3: unknown key 'tempoo' in 'chain'; did you mean 'tempo'?\n"
        "   4 |   tempoo: 100 blocks\n"
        "     |   ^\n"
        "test.yaml:5:9: 'chain.burn': unit missing; write for instance '1.5 TAO' "
        "(units: rao TAO)\n"
        "   5 |   burn: 1.5\n"
        "     |         ^\n"
        "test.yaml:6:13: 'chain.max_uids': 70000 is out of range; allowed: 1 to 65536\n"
        "   6 |   max_uids: 70000\n"
        "     |             ^\n"
        "test.yaml:7:20: 'network.timeout': unknown unit 'mss'; did you mean 'ms'? "
        "units: ns us ms s min h d\n"
        "   7 | network: {timeout: 50 mss, sharing: fifoo}\n"
        "     |                    ^\n"
        "test.yaml:7:37: 'network.sharing': unknown value 'fifoo'; did you mean 'fifo'?\n"
        "   7 | network: {timeout: 50 mss, sharing: fifoo}\n"
        "     |                                     ^\n"
        "test.yaml:9:22: key 'count' is given twice, first on line 9\n"
        "   9 |   miners: {count: 4, count: 5}\n"
        "     |                      ^\n");
}

static void a_tab_is_called_by_its_name(void **state)
{
    (void)state;
    config_cases_assert_errors("name: t\nnetwork:\n\tloss: 0.1\n",
                               "test.yaml:3:1: a tab cannot indent; use spaces\n"
                               "   3 |  loss: 0.1\n"
                               "     | ^\n");
}

static void sets_go_over_the_file_one_after_the_other(void **state)
{
    (void)state;
    const struct config_set sets[] = {
        {.text = "chain.tempo=7 blocks"},
        {.text = "agents.miners.count=9"},
        {.text = "chain.tempo=8 blocks"},
        {.text = "agents.sybils=~"},
        {.text = "agents.miners.stake={normal: {mean: 9 TAO, sd: 1 TAO}}"},
        {.text = "seed=5", .label = "--seed"}};
    struct config *config = config_cases_load_with(BASE_TEXT, sets, 6);
    assert_int_equal(((const struct fixture_chain *)config_values(config, "chain"))->tempo_blocks,
                     8);
    const struct fixture_group *miners = config_values(config, "agents.miners");
    assert_int_equal(miners->count, 9);
    assert_int_equal(miners->stake_rao.shape, DIST_NORMAL);
    assert_int_equal(config_at(config, "agents")->block_count, 1);
    assert_int_equal(((const struct fixture_root *)config_values(config, ""))->seed, 5);
    config_free(config);
}

static void errors_of_a_set_name_the_set(void **state)
{
    (void)state;
    const struct config_set sets[] = {{.text = "seed=3", .label = "--seed"},
                                      {.text = "chain.tempo=7 blocks"},
                                      {.text = "chain.tempoo=7 blocks"},
                                      {.text = "chain.tempo=7"},
                                      {.text = "nonsense"},
                                      {.text = "seed=-1", .label = "--seed"}};
    char *all = config_cases_errors_with(BASE_TEXT, sets, 6);
    assert_string_equal(all, "--set #2: unknown key 'tempoo' in 'chain'; did you mean 'tempo'?\n"
                             "     | chain.tempoo=7 blocks\n"
                             "     |       ^\n"
                             "--set #3: 'chain.tempo': unit missing; write for instance '100 "
                             "blocks' (units: blocks)\n"
                             "     | chain.tempo=7\n"
                             "     |             ^\n"
                             "--set #4: KEY=VALUE is expected, such as chain.tempo='100 blocks'\n"
                             "     | nonsense\n"
                             "     | ^\n"
                             "--seed: 'seed': '-1' is negative\n"
                             "     | seed=-1\n"
                             "     |      ^\n");
    free(all);
}

static void own_keys_win_over_merged_ones_and_the_first_map_over_the_second(void **state)
{
    (void)state;
    struct config *config = config_cases_load("name: t\n"
                                              "mechanism: finney\n"
                                              "x-a: &a {loss: 0.1, timeout: 1 s}\n"
                                              "x-b: &b {loss: 0.2, timeout: 2 s, sharing: fifo}\n"
                                              "network: {<<: [*a, *b], timeout: 3 s}\n");
    const struct fixture_net *net = config_values(config, "network");
    assert_true(net->loss == 0.1);
    assert_true(net->timeout_ns == INT64_C(3000000000));
    assert_int_equal(net->sharing, 1);
    config_free(config);
}

static void a_caller_can_complain_about_what_no_table_says(void **state)
{
    (void)state;
    struct config *config = config_cases_load(BASE_TEXT);
    struct config_report report = {0};
    config_complain(config, &report, "chain.search_threads", "%d threads are too many", 4);
    config_complain(config, &report, "agents.sybils", "who are they");
    config_complain(config, &report, "network.loss", "never given");
    char *all = config_report_text(&report);
    assert_string_equal(all,
                        "test.yaml:3:25: 4 threads are too many\n"
                        "   3 | chain: {solver: search, search_threads: 4}\n"
                        "     |                         ^\n"
                        "test.yaml:4:30: who are they\n"
                        "   4 | agents: {miners: {count: 8}, sybils: {count: 2, strategy: sybil}}\n"
                        "     |                              ^\n"
                        "test.yaml:1:1: never given\n"
                        "   1 | name: t\n"
                        "     | ^\n");
    free(all);
    config_report_release(&report);
    config_free(config);
}

static void an_alias_counts_as_all_that_it_stands_for(void **state)
{
    (void)state;
    enum { CHOICES = 1000, GROUPS = 200, BYTES = 64 << 10 };
    static char text[BYTES];
    size_t used = (size_t)snprintf(text, BYTES, "name: t\nmechanism: finney\nx-a: &a {choice: [1");
    for (int i = 1; i < CHOICES; i++)
        used += (size_t)snprintf(text + used, BYTES - used, ",%d", 1 + i % 9);
    used += (size_t)snprintf(text + used, BYTES - used, "]}\nagents:\n");
    for (int i = 0; i < GROUPS; i++)
        used += (size_t)snprintf(text + used, BYTES - used, "  g%d: {count: 1, batch: *a}\n", i);
    assert_true(used < BYTES);
    char *all = config_cases_errors_with(text, NULL, 0);
    assert_non_null(strstr(all, "the scenario has more than 100000 nodes (an alias counts as all "
                                "that it stands for)"));
    free(all);
}

static void the_schema_of_the_tests_is_sound_and_a_bad_table_is_named(void **state)
{
    (void)state;
    struct sim_error err = {0};
    assert_int_equal(config_schema_verify(&fixture_schema, &err), SIM_OK);
    struct values {
        uint32_t count;
    };
    const struct param_key keys[] = {
        {.name = "count", .kind = PARAM_U32, .max = "4", .fallback = "5", .doc = "d"}};
    const struct param_table table = PARAM_TABLE("bad", struct values, keys, "d");
    assert_int_equal(config_table_verify(&table, &err), SIM_CONFIG);
    assert_string_equal(err.text,
                        "table 'bad', key 'count': 5 is out of range; allowed: 4 or less");
    const struct param_key good_keys[] = {
        {.name = "count", .kind = PARAM_U32, .fallback = "5", .doc = "d"}};
    const struct param_condition conditions[] = {{"count", "count=many"}};
    const struct param_table idle =
        PARAM_TABLE_WHEN("idle", struct values, good_keys, conditions, "d");
    assert_int_equal(config_table_verify(&idle, &err), SIM_CONFIG);
    assert_string_equal(err.text, "table 'idle': the condition on 'count' is none: count=many");
}

static enum sim_status open_plugin(void *context, const char *section, const char *path,
                                   const struct param_table **ret_table, struct sim_error *err)
{
    static const struct param_key keys[] = {
        {.name = "gain", .kind = PARAM_REAL, .fallback = "0.5", .max = "1", .doc = "d"}};
    static const struct param_table table = {.name = "./mine.so",
                                             .keys = keys,
                                             .key_count = 1,
                                             .struct_bytes = sizeof(double),
                                             .doc = "a plug-in"};
    assert_string_equal(section, "mechanism");
    assert_ptr_equal(context, &fixture_schema);
    if (strcmp(path, "./mine.so") != 0)
        return SIM_FAIL(err, SIM_CONFIG, "no plug-in '%s'", path);
    *ret_table = &table;
    return SIM_OK;
}

static void a_path_names_a_plug_in_whose_parameters_are_checked_like_others(void **state)
{
    (void)state;
    struct config_schema schema = fixture_schema;
    schema.plugin = open_plugin;
    schema.plugin_context = (void *)(uintptr_t)&fixture_schema;
    static const char *const texts[] = {"name: t\nmechanism: {name: ./mine.so, gain: 0.25}\n",
                                        "name: t\nmechanism: {name: ./mine.so, gain: 2}\n",
                                        "name: t\nmechanism: ./other.so\n"};
    static const char *const errors[] = {
        "", "t:2:36: 'mechanism.gain': 2 is out of range; allowed: 1 or less",
        "t:2:12: 'mechanism': no plug-in './other.so'"};
    for (size_t i = 0; i < 3; i++) {
        struct config_input input = {.path = "t", .text = texts[i], .text_bytes = strlen(texts[i])};
        struct config *config = NULL;
        struct sim_error err = {0};
        enum sim_status status = config_load(&schema, &input, &config, NULL, &err);
        assert_int_equal(status, i == 0 ? SIM_OK : SIM_CONFIG);
        assert_string_equal(err.text, errors[i]);
        if (i == 0) {
            assert_true(*(const double *)config_values(config, "mechanism") == 0.25);
            assert_true(config_at(config, "mechanism")->option == SIZE_MAX);
            char *text = config_emit(config);
            assert_non_null(strstr(text, "  name: ./mine.so\n  gain: 0.25\n"));
            free(text);
        }
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_arrives_in_its_struct),
        cmocka_unit_test(the_resolved_scenario_reads_back_to_the_same_text_and_values),
        cmocka_unit_test(all_errors_of_a_file_come_at_once_with_place_and_remedy),
        cmocka_unit_test(a_tab_is_called_by_its_name),
        cmocka_unit_test(sets_go_over_the_file_one_after_the_other),
        cmocka_unit_test(errors_of_a_set_name_the_set),
        cmocka_unit_test(own_keys_win_over_merged_ones_and_the_first_map_over_the_second),
        cmocka_unit_test(a_caller_can_complain_about_what_no_table_says),
        cmocka_unit_test(an_alias_counts_as_all_that_it_stands_for),
        cmocka_unit_test(the_schema_of_the_tests_is_sound_and_a_bad_table_is_named),
        cmocka_unit_test(a_path_names_a_plug_in_whose_parameters_are_checked_like_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
