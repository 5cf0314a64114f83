#include "config_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct config *load_with(const char *text, const struct config_set *sets, size_t set_count)
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

static struct config *load(const char *text)
{
    return load_with(text, NULL, 0);
}

/* All messages of a text that must not load. */
static char *errors_with(const char *text, const struct config_set *sets, size_t set_count)
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

static void assert_errors(const char *text, const char *expected)
{
    char *all = errors_with(text, NULL, 0);
    assert_string_equal(all, expected);
    free(all);
}

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
    struct config *config = load(full_text);
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
    struct config *config = load(full_text);
    char *text = config_emit(config);
    struct config *again = load(text);
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
    assert_errors("name: bad\n"
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
                  "test.yaml:7:37: 'network.sharing': unknown value 'fifoo'; did you mean 'fifo'? "
                  "known: max-min, fifo, latency\n"
                  "   7 | network: {timeout: 50 mss, sharing: fifoo}\n"
                  "     |                                     ^\n"
                  "test.yaml:9:22: key 'count' is given twice, first on line 9\n"
                  "   9 |   miners: {count: 4, count: 5}\n"
                  "     |                      ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_arrives_in_its_struct),
        cmocka_unit_test(the_resolved_scenario_reads_back_to_the_same_text_and_values),
        cmocka_unit_test(all_errors_of_a_file_come_at_once_with_place_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
