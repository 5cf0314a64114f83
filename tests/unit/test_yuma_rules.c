/*
 * Rules of the epoch of 2026 that no vector shows, on three uids whose numbers can be followed by
 * hand: uid 0 validates and gives 1 and 2 the same weight.  Each is tried with a trace and without.
 */
#include "mechanism/mechanism_list.h"
#include "mechanism/yuma.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { N = 3, HALF = 32767, FULL = 65535 };

struct network {
    uint64_t stake_rao[N], stake_fraction[N], last_update[N], registered[N], commit[N];
    uint8_t permit[N];
    uint64_t weight_start[N + 1], bond_start[N + 1];
    uint32_t column[2], weight[2];
    struct mechanism_input input;
};

static void network_init(struct network *net)
{
    *net = (struct network){
        .stake_rao = {1000, 0, 0},
        .last_update = {100, 100, 100},
        .registered = {0, 0, 50},
        .commit = {MECHANISM_NO_BLOCK, MECHANISM_NO_BLOCK, MECHANISM_NO_BLOCK},
        .permit = {1, 0, 0},
        .weight_start = {0, 2, 2, 2},
        .column = {1, 2},
        .weight = {1, 1},
    };
    net->input = (struct mechanism_input){
        .neuron_count = N,
        .block = 200,
        .emission_rao = 1000000,
        .rules = {.tempo_blocks = 100, .activity_cutoff_blocks = 5000, .max_validators = N},
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = net->stake_rao,
        .last_update = net->last_update,
        .block_at_registration = net->registered,
        .permit = net->permit,
        .weights = {net->weight_start, net->column, net->weight},
        .bonds = {net->bond_start, net->column, NULL},
    };
}

static void drop_vector(void *context, const char *label, uint32_t count, const int64_t *value)
{
    (void)context, (void)label, (void)count, (void)value;
}

static void drop_wide(void *context, const char *label, uint32_t index, uint32_t count,
                      const uint64_t value[2])
{
    (void)context, (void)label, (void)index, (void)count, (void)value;
}

static void drop_row(void *context, const char *label, uint32_t row, uint32_t count,
                     const uint32_t *column, const int64_t *value)
{
    (void)context, (void)label, (void)row, (void)count, (void)column, (void)value;
}

/* The incentives of all uids, and the permits of the first. */
static void expect(const char *mechanism, const struct network *net, uint64_t first,
                   uint64_t second, uint64_t third)
{
    static const struct mechanism_trace trace = {NULL, drop_vector, drop_wide, drop_row};
    static const struct yuma_params params = {
        .kappa = HALF, .bonds_moving_average = 900000, .bonds_penalty = FULL};
    const struct mechanism_ops *ops = mechanism_list_find(mechanism);
    struct mechanism_output *output = NULL;
    struct mechanism_scratch scratch = {0};
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);
    for (int traced = 0; traced < 2; traced++) {
        assert_int_equal(mechanism_epoch(ops, &params, &net->input, output, &scratch,
                                         traced ? &trace : NULL, &err),
                         SIM_OK);
        assert_int_equal(output->incentive[0], first);
        assert_int_equal(output->incentive[1], second);
        assert_int_equal(output->incentive[2], third);
    }
    mechanism_scratch_release(&scratch);
    mechanism_output_free(output);
}

static void equal_weights_share_the_incentive(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    expect("yuma2", &net, 0, HALF, HALF);
}

static void an_opinion_committed_before_a_registration_is_masked(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    net.input.earliest_commit_block = net.commit;
    expect("yuma2", &net, 0, HALF, HALF);
    net.commit[0] = 50; /* the block of uid 2's registration: not before it */
    expect("yuma2", &net, 0, HALF, HALF);
    net.commit[0] = 49;
    expect("yuma2", &net, 0, FULL, 0);
    /* Earlier chains know no such rule. */
    expect("yuma-v2", &net, 0, HALF, HALF);
}

static void an_opinion_as_old_as_the_registration_is_outdated(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    net.registered[2] = 100;
    expect("yuma2", &net, 0, FULL, 0);
    net.registered[2] = 99;
    expect("yuma2", &net, 0, HALF, HALF);
}

static void stake_below_the_threshold_votes_only_for_the_owner(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    net.input.rules.stake_threshold_rao = 1001;
    expect("yuma2", &net, 0, 0, 0);
    net.input.owner_uid = 0;
    expect("yuma2", &net, 0, HALF, HALF);
    net.input.owner_uid = MECHANISM_NO_UID;
    net.input.rules.stake_threshold_rao = 1000;
    expect("yuma2", &net, 0, HALF, HALF);
}

static void a_fraction_of_a_rao_counts_as_stake(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    net.stake_rao[0] = 0;
    expect("yuma2", &net, 0, 0, 0);
    net.stake_fraction[0] = (uint64_t)1 << 63;
    net.input.stake_fraction = net.stake_fraction;
    expect("yuma2", &net, 0, HALF, HALF);
}

static void weights_and_bonds_above_65535_are_refused(void **state)
{
    (void)state;
    struct network net;
    network_init(&net);
    net.weight[1] = 65536;
    static const struct yuma_params params = {.kappa = HALF};
    struct mechanism_output *output = NULL;
    struct mechanism_scratch scratch = {0};
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);
    const struct mechanism_ops *ops = mechanism_list_find("yuma2");
    assert_int_equal(mechanism_epoch(ops, &params, &net.input, output, &scratch, NULL, &err),
                     SIM_NUMERIC);
    assert_string_equal(err.text, "a weight is above 65535");
    mechanism_scratch_release(&scratch);
    mechanism_output_free(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_weights_share_the_incentive),
        cmocka_unit_test(an_opinion_committed_before_a_registration_is_masked),
        cmocka_unit_test(an_opinion_as_old_as_the_registration_is_outdated),
        cmocka_unit_test(stake_below_the_threshold_votes_only_for_the_owner),
        cmocka_unit_test(a_fraction_of_a_rao_counts_as_stake),
        cmocka_unit_test(weights_and_bonds_above_65535_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
