/*
 * The research variants on a network: what a slot's change of hands voids, what the accidents of
 * the originals become by default, resets by schedule, and bonds that come from another mechanism.
 */
#include "mechanism/mechanism_list.h"
#include "mechanism/yumasim.h"

#include "base/param_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Uids 0..2 validate, 3 and 4 serve. */
enum { N = 5, VALIDATORS = 3, ENTRIES_MAX = N * N, TEMPO_BLOCKS = 100 };

struct network {
    const struct mechanism_ops *ops;
    struct yumasim_params params;
    struct mechanism_output *output;
    uint64_t block, emission_rao;
    uint64_t stake[N], registered[N], update[N], memory[2 * N];
    uint8_t permit[N];
    double weight[VALIDATORS][3]; /* of itself, of servers 3 and 4 */
    uint64_t bond_start[N + 1], bond[ENTRIES_MAX];
    uint32_t bond_column[ENTRIES_MAX];
};

static void network_init(struct network *net, const char *name)
{
    struct sim_error err = {0};
    *net = (struct network){.ops = mechanism_list_find(name),
                            .block = TEMPO_BLOCKS,
                            .emission_rao = 1000000,
                            .stake = {800, 100, 100},
                            .permit = {1, 1, 1}};
    assert_non_null(net->ops);
    param_defaults(net->ops->params, &net->params);
    if (net->params.bond_alpha == 0)
        net->params.bond_alpha = 0.1;
    assert_int_equal(mechanism_output_create(N, net->ops->memory_words, &net->output, &err),
                     SIM_OK);
}

static void set_all(struct network *net, double first, double second)
{
    for (int i = 0; i < VALIDATORS; i++) {
        net->weight[i][1] = first;
        net->weight[i][2] = second;
    }
}

struct weights {
    uint64_t start[N + 1];
    uint32_t column[3 * VALIDATORS], value[3 * VALIDATORS];
};

static struct mechanism_input input_of(struct network *net, struct weights *weights)
{
    *weights = (struct weights){{0, 3, 6, 9, 9, 9}, {0, 3, 4, 1, 3, 4, 2, 3, 4}, {0}};
    for (int k = 0; k < 3 * VALIDATORS; k++)
        weights->value[k] = (uint32_t)(net->weight[k / 3][k % 3] * 65535);
    return (struct mechanism_input){
        .neuron_count = N,
        .block = net->block,
        .last_step_block = net->block - TEMPO_BLOCKS,
        .emission_rao = net->emission_rao,
        .rules = {TEMPO_BLOCKS, 5000, VALIDATORS, 0},
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = net->stake,
        .last_update = net->update,
        .block_at_registration = net->registered,
        .permit = net->permit,
        .weights = {weights->start, weights->column, weights->value},
        .bonds = {net->bond_start, net->bond_column, net->bond},
        .memory = net->memory,
    };
}

static void keep(struct network *net)
{
    const struct mechanism_bonds_out *bonds = &net->output->bonds;
    uint64_t count = bonds->start[N];
    memcpy(net->bond_start, bonds->start, sizeof(net->bond_start));
    if (count > 0) {
        memcpy(net->bond_column, bonds->column, count * sizeof(*bonds->column));
        memcpy(net->bond, bonds->value, count * sizeof(*bonds->value));
    }
    if (net->output->memory != NULL)
        memcpy(net->memory, net->output->memory, sizeof(net->memory));
}

/* One epoch with the weights that are set. */
static void run_again(struct network *net)
{
    struct mechanism_scratch scratch = {0};
    struct weights weights;
    struct sim_error err = {0};
    struct mechanism_input input = input_of(net, &weights);
    assert_int_equal(
        mechanism_epoch(net->ops, &net->params, &input, net->output, &scratch, NULL, &err), SIM_OK);
    keep(net);
    mechanism_scratch_release(&scratch);
}

/* One epoch; everybody set weights in the block before. */
static void run(struct network *net)
{
    net->block += TEMPO_BLOCKS;
    for (int i = 0; i < N; i++)
        net->update[i] = net->block - 1;
    run_again(net);
}

static double bond_of(const struct network *net, uint32_t row, uint32_t column)
{
    double bond = 0;
    for (uint64_t k = net->bond_start[row]; k < net->bond_start[row + 1]; k++)
        if (net->bond_column[k] == column)
            memcpy(&bond, &net->bond[k], sizeof(bond));
    return bond;
}

static uint64_t paid_rao(const struct network *net)
{
    uint64_t paid = 0;
    for (int i = 0; i < N; i++)
        paid += net->output->emission_rao[i];
    return paid;
}

/* -------------------------------------------------------------------------------------- payment */

/* All agree: server 3 gets the servers' half; of the other, validators 8, 1 and 1 tenths. */
static void each_variant_pays_an_agreed_server_half_and_validators_by_stake(void **state)
{
    (void)state;
    for (size_t k = 0; k < yumasim_mechanism_count; k++) {
        struct network net;
        network_init(&net, yumasim_mechanisms[k]->params->name);
        set_all(&net, 1, 0);
        run(&net);
        run(&net);
        static const double expected[N] = {400000, 50000, 50000, 500000, 0};
        for (int i = 0; i < N; i++)
            /* By bisection the other server keeps the last bits of consensus, 1/65535 at most. */
            if (fabs((double)net.output->emission_rao[i] - expected[i]) > 20)
                fail_msg("%s pays uid %d %llu rao", net.ops->params->name, i,
                         (unsigned long long)net.output->emission_rao[i]);
        net.output = mechanism_output_free(net.output);
    }
}

static void the_validators_share_of_the_emission_is_a_parameter(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma3");
    net.params.validator_share = 0.25;
    set_all(&net, 1, 0);
    run(&net);
    assert_in_range(net.output->emission_rao[3], 749990, 750010);
    assert_in_range(paid_rao(&net), net.emission_rao - N, net.emission_rao);
    mechanism_output_free(net.output);
}

/* An average that takes nothing new leaves bonds, and with them dividends, at 0. */
static void without_dividends_incentives_get_all(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma3");
    net.params.bond_moving_avg = 1;
    net.params.validator_share = 1;
    set_all(&net, 1, 0);
    run(&net);
    assert_int_equal(net.output->emission_rao[3], net.emission_rao);
    mechanism_output_free(net.output);
}

/* Sorting asks for at least kappa of the stake behind a weight, halving for more. */
static void half_of_the_stake_supports_a_weight_when_sorted_but_not_when_halved(void **state)
{
    (void)state;
    for (int search = YUMASIM_BISECTION; search <= YUMASIM_SORT; search++) {
        struct network net;
        network_init(&net, "yumasim-b-yuma2");
        net.params.consensus_search = search;
        net.params.consensus_precision = 100000;
        static const uint64_t stake[N] = {500, 250, 250};
        memcpy(net.stake, stake, sizeof(stake));
        set_all(&net, 0.8, 0.2);
        net.weight[0][1] = 0.2;
        net.weight[0][2] = 0.8;
        run(&net);
        /* Supported are .8 and .8, or .2 and .2; of both sums a half each, so clipped at .5:
         * .5 x .2 + .5 x .5. */
        double rank = (double)net.output->rank[3] * 0x1p-64;
        assert_true(fabs(rank - 0.35) < 1e-4);
        /* Six tenths are behind the first weight of 1, half behind the second's. */
        set_all(&net, 1, 0);
        net.weight[0][1] = 0.25;
        net.weight[0][2] = 0.75;
        run(&net);
        double consensus = (double)net.output->consensus[4] * 0x1p-64;
        /* Sorted: 1 and .75 of 1.75; halved: .25 and 0. */
        assert_true(fabs(consensus - (search == YUMASIM_SORT ? 0.75 / 1.75 : 0)) < 1e-4);
        mechanism_output_free(net.output);
    }
}

static void nobody_rates_himself(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma2");
    set_all(&net, 0.5, 0);
    net.weight[0][0] = 1;
    run(&net);
    assert_int_equal(net.output->incentive[0], 0);
    assert_true(net.output->incentive[3] > UINT64_MAX - (UINT64_C(1) << 20));
    mechanism_output_free(net.output);
}

static void a_validator_that_is_silent_for_long_does_not_vote(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma2");
    net.block = 20000;
    set_all(&net, 0, 1);
    net.weight[0][1] = 1;
    net.weight[0][2] = 0;
    run(&net);
    assert_true(net.output->incentive[3] > UINT64_MAX - (UINT64_C(1) << 20));
    net.update[0] = 1;
    run_again(&net);
    assert_true(net.output->incentive[4] > UINT64_MAX - (UINT64_C(1) << 20));
    assert_int_equal(net.output->dividends[0], 0);
    assert_int_equal(net.output->active[0], 0);
    mechanism_output_free(net.output);
}

static void weights_from_before_a_slot_changed_hands_do_not_count(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma2");
    set_all(&net, 1, 0.01);
    run(&net);
    net.registered[3] = net.block;
    run_again(&net);
    assert_int_equal(net.output->incentive[3], 0);
    assert_true(net.output->incentive[4] > UINT64_MAX - (UINT64_C(1) << 20));
    mechanism_output_free(net.output);
}

static void whatever_stands_in_memory_gives_numbers(void **state)
{
    (void)state;
    static const double odd[] = {-1, 1e300, 1e-310, 2};
    for (size_t k = 0; k < yumasim_mechanism_count; k++) {
        struct network net;
        network_init(&net, yumasim_mechanisms[k]->params->name);
        set_all(&net, 0.5, 0.5);
        for (uint32_t i = 0; i < VALIDATORS; i++) {
            net.bond_column[i] = 3;
            net.bond_start[i + 1] = i + 1;
            memcpy(&net.bond[i], &odd[(i + k) % 4], sizeof(net.bond[i]));
            net.memory[2 * i] = UINT64_MAX - 1;
            net.memory[2 * i + 1] = UINT64_MAX; /* NaN */
        }
        net.bond[k % VALIDATORS] = UINT64_C(0x7ff8000000000000) + (k << 20); /* NaN */
        net.bond_start[4] = net.bond_start[5] = VALIDATORS;
        run(&net);
        for (uint32_t i = 0; i < VALIDATORS; i++)
            /* A lagged variant's weights stand in the lowest bits. */
            assert_true(bond_of(&net, i, 3) >= 0 && bond_of(&net, i, 3) <= 1 + 0x1p-36);
        assert_in_range(paid_rao(&net), net.emission_rao - N, net.emission_rao);
        mechanism_output_free(net.output);
    }
}

/* ------------------------------------------------------------------------------------- accidents
 */

static void three_winners(struct network *net)
{
    net->stake[0] = 34;
    net->stake[1] = net->stake[2] = 33;
    memset(net->weight, 0, sizeof(net->weight));
    net->weight[0][1] = net->weight[1][2] = 1;
}

/* No weight has half of the stake behind it. */
static void without_consensus_stake_is_paid_and_no_server(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-c-yuma2a");
    three_winners(&net);
    run(&net);
    assert_int_equal(net.output->consensus[3], 0);
    assert_int_equal(net.output->emission_rao[3] + net.output->emission_rao[4], 0);
    assert_in_range(net.output->emission_rao[0], 339999, 340000);
    mechanism_output_free(net.output);
}

/* Every clipped weight is then -32768.5, every rank the same, and both servers are paid alike. */
static void the_originals_accident_pays_every_server_alike(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-c-yuma2a");
    net.params.no_consensus = YUMASIM_INT_MIN;
    three_winners(&net);
    run(&net);
    assert_in_range(net.output->emission_rao[3], 249990, 250010);
    assert_int_equal(net.output->emission_rao[3], net.output->emission_rao[4]);
    mechanism_output_free(net.output);
}

/* ---------------------------------------------------------------------------------------- memory
 */

static void bonds_in_a_slot_that_changed_hands_are_void(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-b-yuma3");
    set_all(&net, 1, 0);
    for (int epoch = 0; epoch < 5; epoch++)
        run(&net);
    double before = bond_of(&net, 0, 3);
    net.registered[3] = net.block + 50;
    run(&net);
    double after = bond_of(&net, 0, 3);
    assert_true(before > 0.1);
    assert_true(after < 0.026);
    mechanism_output_free(net.output);
}

static void weights_of_a_lagged_variant_count_one_epoch_late(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-c-yuma2b");
    set_all(&net, 1, 0);
    run(&net);
    set_all(&net, 0.5, 0.5);
    run(&net);
    /* Clipped at half, but still the old weights: all on the first. */
    assert_true(net.output->incentive[3] > UINT64_MAX - (UINT64_C(1) << 20));
    assert_int_equal(net.output->incentive[4], 0);
    run(&net);
    assert_true(net.output->incentive[4] > UINT64_MAX / 4);
    mechanism_output_free(net.output);
}

static void a_reset_drops_the_bonds_in_one_server_in_its_epoch(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool resets;
    } cases[] = {{"yumasim-a-yuma3", false},
                 {"yumasim-a-yuma3.1", true},
                 {"yumasim-a-yuma3.2", false}, /* the server is not silent */
                 {"yumasim-b-yuma2c", true},
                 {"yumasim-c-yuma3", true}};
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct network net;
        network_init(&net, cases[k].name);
        net.params.reset_uid = 3;
        net.params.reset_epoch = 4;
        set_all(&net, 1, 0);
        for (int epoch = 0; epoch < 4; epoch++)
            run(&net);
        double before = bond_of(&net, 0, 3);
        run(&net);
        assert_int_equal(bond_of(&net, 0, 3) < before, cases[k].resets);
        mechanism_output_free(net.output);
    }
}

/* --------------------------------------------------------------------------------------- migrate
 */

static void migrate(struct network *net, const struct mechanism_ops *from)
{
    struct weights weights;
    struct sim_error err = {0};
    struct mechanism_input input = input_of(net, &weights);
    assert_int_equal(mechanism_migrate(net->ops, &net->params, from, &input, net->output, &err),
                     SIM_OK);
    keep(net);
}

static const double bonds_before[VALIDATORS][2] = {{0.8, 0.5}, {0.1, 0}, {0.1, 0.5}};

/* Validators' bonds in both servers, in doubles or in 65535ths. */
static void give_bonds(struct network *net, bool doubles)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t j = 0; i < VALIDATORS && j < 2; j++) {
            double bond = bonds_before[i][j];
            if (bond == 0)
                continue;
            net->bond_column[at] = 3 + j;
            net->bond[at] = (uint64_t)(bond * 65535);
            if (doubles)
                memcpy(&net->bond[at], &bond, sizeof(bond));
            at++;
        }
        net->bond_start[i + 1] = at;
    }
}

/* Shares .8 .1 .1 of stakes .8 .1 .1 are as full as one another; half each of .5 and .1 stake is
 * fuller for the smaller. */
static void shares_become_relative_bonds_by_what_stake_could_hold(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-c-yuma3");
    give_bonds(&net, true);
    migrate(&net, mechanism_list_find("yumasim-c-yuma2a"));
    for (uint32_t i = 0; i < VALIDATORS; i++)
        assert_true(fabs(bond_of(&net, i, 3) - 1) < 1e-12);
    assert_true(fabs(bond_of(&net, 0, 4) - 0.125) < 1e-12);
    assert_true(fabs(bond_of(&net, 2, 4) - 1) < 1e-12);
    net.output = mechanism_output_free(net.output);
    net.ops = mechanism_list_find("yumasim-a-yuma3");
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, net.ops->memory_words, &net.output, &err), SIM_OK);
    migrate(&net, mechanism_list_find("yumasim-c-yuma3"));
    assert_true(fabs(bond_of(&net, 0, 4) - 0.1) < 1e-12);
    mechanism_output_free(net.output);
}

static void there_and_back_leaves_shares_as_they_were(void **state)
{
    (void)state;
    static const char *const ways[] = {"yumasim-b-yuma3", "yumasim-a-yuma3.2", "yumasim-a-yuma0"};
    for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
        struct network net;
        network_init(&net, "yumasim-b-yuma2");
        const struct mechanism_ops *home = net.ops;
        give_bonds(&net, true);
        net.ops = mechanism_list_find(ways[k]);
        migrate(&net, home);
        net.ops = home;
        migrate(&net, mechanism_list_find(ways[k]));
        for (uint32_t i = 0; i < VALIDATORS; i++)
            for (uint32_t j = 0; j < 2; j++)
                assert_true(fabs(bond_of(&net, i, 3 + j) - bonds_before[i][j]) < 1e-12);
        mechanism_output_free(net.output);
    }
}

/* The chain's yuma2 counts stake in its bonds and scales the largest to 65535; yuma3 does not. */
static void the_chains_bonds_become_shares(void **state)
{
    (void)state;
    for (int absolute = 0; absolute < 2; absolute++) {
        struct network net;
        network_init(&net, "yumasim-b-yuma2");
        give_bonds(&net, false);
        migrate(&net, mechanism_list_find(absolute ? "yuma3" : "yuma2"));
        /* yuma3: .8 x .8, .1 x .1, .1 x .1 of their sum. */
        double expected = absolute ? 0.64 / 0.66 : 0.8;
        assert_true(fabs(bond_of(&net, 0, 3) - expected) < 1e-4);
        run(&net);
        assert_in_range(paid_rao(&net), net.emission_rao - N, net.emission_rao);
        mechanism_output_free(net.output);
    }
}

/* Bonds go on and are averaged, not replaced as in a first epoch. */
static void a_mechanism_that_takes_over_goes_on_from_the_bonds_it_finds(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-a-yuma1");
    give_bonds(&net, false);
    migrate(&net, mechanism_list_find("yuma2"));
    set_all(&net, 1, 0);
    run(&net);
    assert_true(fabs(bond_of(&net, 0, 4) - 0.9 * 0.5) < 1e-4);
    mechanism_output_free(net.output);
}

/* Its old weights are not to be had, so its first ranks are by those of now. */
static void a_lagged_variant_that_takes_over_begins_with_the_weights_it_finds(void **state)
{
    (void)state;
    struct network net;
    network_init(&net, "yumasim-c-yuma2a");
    set_all(&net, 1, 0);
    run(&net);
    const struct mechanism_ops *before = net.ops;
    net.ops = mechanism_list_find("yumasim-c-yuma2b");
    migrate(&net, before);
    set_all(&net, 0, 1);
    run(&net);
    assert_true(net.output->incentive[4] > UINT64_MAX - (UINT64_C(1) << 20));
    mechanism_output_free(net.output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_variant_pays_an_agreed_server_half_and_validators_by_stake),
        cmocka_unit_test(the_validators_share_of_the_emission_is_a_parameter),
        cmocka_unit_test(without_dividends_incentives_get_all),
        cmocka_unit_test(half_of_the_stake_supports_a_weight_when_sorted_but_not_when_halved),
        cmocka_unit_test(nobody_rates_himself),
        cmocka_unit_test(a_validator_that_is_silent_for_long_does_not_vote),
        cmocka_unit_test(weights_from_before_a_slot_changed_hands_do_not_count),
        cmocka_unit_test(whatever_stands_in_memory_gives_numbers),
        cmocka_unit_test(without_consensus_stake_is_paid_and_no_server),
        cmocka_unit_test(the_originals_accident_pays_every_server_alike),
        cmocka_unit_test(bonds_in_a_slot_that_changed_hands_are_void),
        cmocka_unit_test(weights_of_a_lagged_variant_count_one_epoch_late),
        cmocka_unit_test(a_reset_drops_the_bonds_in_one_server_in_its_epoch),
        cmocka_unit_test(shares_become_relative_bonds_by_what_stake_could_hold),
        cmocka_unit_test(there_and_back_leaves_shares_as_they_were),
        cmocka_unit_test(the_chains_bonds_become_shares),
        cmocka_unit_test(a_mechanism_that_takes_over_goes_on_from_the_bonds_it_finds),
        cmocka_unit_test(a_lagged_variant_that_takes_over_begins_with_the_weights_it_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
