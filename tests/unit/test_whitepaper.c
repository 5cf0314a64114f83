/*
 * The whitepaper's incentive: trust counts connections, bonds add up, and what was before a slot
 * changed hands is void.  Its published series is in tests/golden.
 */
#include "mechanism/whitepaper.h"

#include "base/param_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

/* Uids 0 and 1 hold stake and rate; 2 and 3 are rated. */
enum { N = 4, TEMPO_BLOCKS = 100 };

struct network {
    struct whitepaper_params params;
    struct mechanism_output *output;
    uint64_t block, stake[N], registered[N], update[N];
    uint32_t weight[4]; /* 0 on 2, 0 on 3, 1 on 2, 1 on 3 */
    uint64_t bond_start[N + 1], bond[N * N];
    uint32_t bond_column[N * N];
};

static void network_init(struct network *net)
{
    struct sim_error err = {0};
    *net = (struct network){.block = TEMPO_BLOCKS, .stake = {500, 500}};
    param_defaults(whitepaper_mechanism.params, &net->params);
    assert_int_equal(mechanism_output_create(N, 0, &net->output, &err), SIM_OK);
}

static void run_again(struct network *net)
{
    static const uint64_t start[N + 1] = {0, 2, 4, 4, 4};
    static const uint32_t column[] = {2, 3, 2, 3};
    static const uint8_t permit[N];
    struct mechanism_scratch scratch = {0};
    struct sim_error err = {0};
    struct mechanism_input input = {
        .neuron_count = N,
        .block = net->block,
        .last_step_block = net->block - TEMPO_BLOCKS,
        .emission_rao = 1000000,
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = net->stake,
        .last_update = net->update,
        .block_at_registration = net->registered,
        .permit = permit,
        .weights = {start, column, net->weight},
        .bonds = {net->bond_start, net->bond_column, net->bond},
    };
    assert_int_equal(mechanism_epoch(&whitepaper_mechanism, &net->params, &input, net->output,
                                     &scratch, NULL, &err),
                     SIM_OK);
    uint64_t count = net->output->bonds.start[N];
    memcpy(net->bond_start, net->output->bonds.start, sizeof(net->bond_start));
    if (count > 0) { /* else there is no array to copy from */
        memcpy(net->bond_column, net->output->bonds.column, count * sizeof(*net->bond_column));
        memcpy(net->bond, net->output->bonds.value, count * sizeof(*net->bond));
    }
    mechanism_scratch_release(&scratch);
}

static void run(struct network *net)
{
    net->block += TEMPO_BLOCKS;
    for (int i = 0; i < N; i++)
        net->update[i] = net->block - 1;
    run_again(net);
}

static void set_weights(struct network *net, const uint32_t weight[4])
{
    memcpy(net->weight, weight, sizeof(net->weight));
}

/* Uid 0 alone is bonded to 2 after the first epoch; when 1 joins it in the second, 0 has .5 + .5 of
 * 1.5 in it, so it gets two thirds of what 2 yields to bonds: 333333 of 500000. */
static void bonds_add_up_over_epochs(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    set_weights(&net, (const uint32_t[]){65535, 0, 0, 65535});
    run(&net);
    assert_int_equal(net.output->emission_rao[0], 250000);
    assert_int_equal(net.output->emission_rao[1], 250000);
    set_weights(&net, (const uint32_t[]){65535, 0, 65535, 0});
    run(&net);
    assert_in_range(net.output->emission_rao[0], 333330, 333334);
    assert_in_range(net.output->emission_rao[1], 166663, 166667);
    assert_in_range(net.output->emission_rao[2], 499999, 500000);
    mechanism_output_free(net.output);
}

static void bonds_in_a_slot_that_changed_hands_are_void(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    set_weights(&net, (const uint32_t[]){65535, 0, 0, 65535});
    run(&net);
    net.registered[2] = net.block + 1;
    set_weights(&net, (const uint32_t[]){65535, 0, 65535, 0});
    run(&net);
    assert_in_range(net.output->emission_rao[0], 249999, 250000);
    assert_in_range(net.output->emission_rao[1], 249999, 250000);
    mechanism_output_free(net.output);
}

static void weights_from_before_a_slot_changed_hands_do_not_count(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    set_weights(&net, (const uint32_t[]){65535, 0, 0, 65535});
    run(&net);
    net.registered[2] = net.block;
    run_again(&net);
    assert_int_equal(net.output->incentive[2], 0);
    assert_int_equal(net.output->incentive[3], UINT64_MAX);
    mechanism_output_free(net.output);
}

static void nobody_is_paid_where_nobody_is_rated(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    run(&net);
    for (int i = 0; i < N; i++)
        assert_int_equal(net.output->emission_rao[i], 0);
    mechanism_output_free(net.output);
}

/* A third of the stake connects to the first by a hair, all of it to the second; a weight of 0 is
 * no connection. */
static void trust_counts_the_stake_that_connects_however_weakly(void **state)
{
    (void)state;
    static const double stake[] = {1, 2}, weight[] = {0.001, 0.999, 0, 1};
    static const uint64_t start[] = {0, 2, 4};
    static const uint32_t column[] = {0, 1, 0, 1};
    struct whitepaper_params params = {10, 0.5, 0.5};
    struct whitepaper_graph graph = {2, stake, start, column, weight};
    double rank[2], trust[2], consensus[2], incentive[2];
    struct whitepaper_scores scores = {rank, trust, consensus, incentive};
    fixed_i128 work[4];
    whitepaper_score(&params, &graph, work, &scores);
    assert_true(fabs(trust[0] - 1.0 / 3) < 1e-15 && trust[1] == 1);
    assert_true(fabs(rank[0] - 0.001) < 1e-15 && fabs(rank[1] - 2.999) < 1e-15);
    assert_true(fabs(consensus[0] - 1 / (1 + exp(10.0 / 6))) < 1e-15);
    assert_true(incentive[0] == rank[0] * consensus[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bonds_add_up_over_epochs),
        cmocka_unit_test(bonds_in_a_slot_that_changed_hands_are_void),
        cmocka_unit_test(weights_from_before_a_slot_changed_hands_do_not_count),
        cmocka_unit_test(nobody_is_paid_where_nobody_is_rated),
        cmocka_unit_test(trust_counts_the_stake_that_connects_however_weakly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
