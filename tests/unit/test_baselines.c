/*
 * Baselines and reference payers on one small network, whose numbers a reader can work out.
 *
 *   uid            0     1     2     3     4
 *   stake, 10^6  300   100    40    60    20       sum 520
 *   rates        2, 3  1,2,4   -     -     -       (its own entry is ignored)
 *   as parts  1/4 3/4  1/2 1/2
 *   rank           0     0   5/16  9/16  2/16      3/4 of the vote is uid 0's, 1/4 uid 1's
 */
#include "base/stream.h"
#include "mechanism/baselines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, EMISSION = 100000 };
static const uint16_t fifth = 13107; /* 65535 / 5 */

static const uint64_t stake_rao[N] = {300000000, 100000000, 40000000, 60000000, 20000000};
static const uint64_t last_update[N] = {900, 900, 0, 0, 0};
static const uint64_t registered[N] = {1, 1, 1, 1, 1};
static const uint8_t permit[N] = {1, 1};
static const uint64_t weight_start[N + 1] = {0, 2, 5, 5, 5, 5};
static const uint32_t weight_column[] = {2, 3, 1, 2, 4};
static const uint32_t weight_value[] = {100, 300, 65535, 200, 200};
static const uint64_t no_bonds[N + 1];

static const double true_value[N] = {0, 0, 2, 1, 1}, score[N] = {0, 0, 1, 3, 0};
static const double hashes[N] = {0, 1, 3, 0, 4}, operations[N] = {0, 0, 5, 5, 10};
static const int64_t solve_time_ns[N] = {INT64_MAX, 50, 20, 20, 70};
static const uint32_t clones[N] = {0, 0, 1, 2, 2};
static const uint8_t accomplice[N] = {0, 0, 0, 1, 1};

struct scene {
    struct mechanism_input input;
    struct mechanism_outside outside;
    struct mechanism_scratch scratch;
    struct mechanism_output *output;
    uint64_t dice[N];
};

static int build(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct sim_error err = {0};
    assert_non_null(scene);
    assert_int_equal(mechanism_output_create(N, 0, &scene->output, &err), SIM_OK);
    scene->outside = (struct mechanism_outside){.true_value = true_value,
                                                .benchmark_score = score,
                                                .solve_time_ns = solve_time_ns,
                                                .hashes = hashes,
                                                .operations = operations,
                                                .clones = clones,
                                                .accomplice = accomplice,
                                                .dice = scene->dice};
    scene->input = (struct mechanism_input){
        .neuron_count = N,
        .block = 1000,
        .emission_rao = EMISSION,
        .rules = {.tempo_blocks = 100, .activity_cutoff_blocks = 500},
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = stake_rao,
        .last_update = last_update,
        .block_at_registration = registered,
        .permit = permit,
        .weights = {weight_start, weight_column, weight_value},
        .bonds = {no_bonds, NULL, NULL},
        .outside = &scene->outside,
    };
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    mechanism_output_free(scene->output);
    mechanism_scratch_release(&scene->scratch);
    free(scene);
    return 0;
}

/* Dice of one epoch, as a world draws them: words that have nothing to do with each other. */
static void roll(struct scene *scene, uint64_t epoch)
{
    struct stream stream;
    stream_init(&stream, epoch, STREAM_TEST, stream_entity("dice", 0), 0);
    for (uint32_t i = 0; i < N; i++)
        scene->dice[i] = stream_u64(&stream);
    scene->outside.network_dice = stream_u64(&stream);
}

static const uint64_t *run(struct scene *scene, const struct mechanism_ops *ops, const void *params)
{
    struct sim_error err = {0};
    if (mechanism_epoch(ops, params, &scene->input, scene->output, &scene->scratch, NULL, &err) !=
        SIM_OK)
        fail_msg("%s", err.text);
    return scene->output->emission_rao;
}

/* Each within one rao below. */
static void must_pay(struct scene *scene, const struct mechanism_ops *ops, const void *params,
                     const uint64_t expected_rao[N])
{
    const uint64_t *paid_rao = run(scene, ops, params);
    for (uint32_t i = 0; i < N; i++)
        if (paid_rao[i] > expected_rao[i] || paid_rao[i] + 1 < expected_rao[i])
            fail_msg("%s: uid %u is paid %llu, not %llu", ops->params->name, i,
                     (unsigned long long)paid_rao[i], (unsigned long long)expected_rao[i]);
}

#define MUST_PAY(scene_, ops_, params_, ...)                                                       \
    must_pay(scene_, ops_, params_, (const uint64_t[N]){__VA_ARGS__})

/* A count of `trials` draws of chance p, to 4.5 standard deviations. */
static void must_be_chance(double count, double trials, double p)
{
    double sd = sqrt(trials * p * (1 - p));
    if (fabs(count - trials * p) > 4.5 * sd)
        fail_msg("%g of %g, expected %g +- %g", count, trials, trials * p, sd);
}

/* ------------------------------------------------------------------------------------- baselines
 */

static void stake_pays_stake(void **state)
{
    struct stake_params all = {false}, active = {true};
    MUST_PAY(*state, &stake_mechanism, &all, 57692, 19230, 7692, 11538, 3846);
    MUST_PAY(*state, &stake_mechanism, &active, 75000, 25000, 0, 0, 0);
}

static void proportional_pays_the_ratings_that_stake_gives(void **state)
{
    struct proportional_params servers = {0}, both = {fifth};
    MUST_PAY(*state, &proportional_mechanism, &servers, 0, 0, 31250, 56250, 12500);
    MUST_PAY(*state, &proportional_mechanism, &both, 15000, 5000, 25000, 45000, 10000);
}

static void stake_below_the_threshold_has_no_vote(void **state)
{
    struct scene *scene = *state;
    struct proportional_params params = {fifth};
    scene->input.rules.stake_threshold_rao = 100000001;
    MUST_PAY(scene, &proportional_mechanism, &params, 20000, 0, 20000, 60000, 0);
}

static void who_is_silent_for_too_long_has_no_vote(void **state)
{
    struct scene *scene = *state;
    struct proportional_params params = {0};
    const uint64_t update[N] = {500, 900, 0, 0, 0};
    scene->input.last_update = update;
    MUST_PAY(scene, &proportional_mechanism, &params, 0, 0, 50000, 0, 50000);
}

static void without_ratings_nobody_is_paid_by_them(void **state)
{
    struct scene *scene = *state;
    struct proportional_params params = {fifth};
    scene->input.weights.start = no_bonds;
    MUST_PAY(scene, &proportional_mechanism, &params, 0, 0, 0, 0, 0);
}

static void a_lottery_has_one_winner_and_the_odds_of_the_ratings(void **state)
{
    struct scene *scene = *state;
    struct lottery_params params = {0, 1};
    enum { EPOCHS = 8000 };
    double wins[N] = {0};
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        roll(scene, epoch);
        const uint64_t *paid_rao = run(scene, &lottery_mechanism, &params);
        uint32_t winners = 0;
        for (uint32_t i = 0; i < N; i++) {
            winners += paid_rao[i] > 0;
            wins[i] += paid_rao[i] == EMISSION;
        }
        assert_int_equal(winners, 1);
    }
    static const double odds[N] = {0, 0, 0.3125, 0.5625, 0.125};
    for (uint32_t i = 0; i < N; i++)
        must_be_chance(wins[i], EPOCHS, odds[i]);
}

static void many_draws_come_near_to_proportional_pay(void **state)
{
    struct scene *scene = *state;
    struct lottery_params params = {fifth, 4096};
    roll(scene, 7);
    const uint64_t *paid_rao = run(scene, &lottery_mechanism, &params);
    assert_int_equal(paid_rao[0], 15000);
    must_be_chance((double)paid_rao[3] / 80000 * 4096, 4096, 0.5625);
    assert_in_range(paid_rao[2] + paid_rao[3] + paid_rao[4], 79998, 80000);
}

static void work_is_paid_by_share_or_block_by_block(void **state)
{
    struct scene *scene = *state;
    struct pow_params shares = {POW_WORK_HASHES, POW_PAY_SHARES},
                      useful = {POW_WORK_OPERATIONS, POW_PAY_SHARES}, blocks = {0};
    MUST_PAY(scene, &pow_mechanism, &shares, 0, 12500, 37500, 0, 50000);
    MUST_PAY(scene, &pow_mechanism, &useful, 0, 0, 25000, 25000, 50000);
    double won[N] = {0};
    for (uint64_t epoch = 0; epoch < 300; epoch++) {
        roll(scene, epoch);
        const uint64_t *paid_rao = run(scene, &pow_mechanism, &blocks);
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(paid_rao[i] % (EMISSION / 100), 0); /* whole blocks */
            won[i] += (double)paid_rao[i] / (EMISSION / 100.0);
        }
    }
    for (uint32_t i = 0; i < N; i++)
        must_be_chance(won[i], 300 * 100, hashes[i] / 8);
}

static void the_first_solver_takes_all_and_ties_share(void **state)
{
    struct scene *scene = *state;
    struct race_params one = {1}, three = {3}, all = {65536};
    static const int64_t nobody[N] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    MUST_PAY(scene, &race_mechanism, &one, 0, 0, 50000, 50000, 0);
    MUST_PAY(scene, &race_mechanism, &three, 0, 33333, 33333, 33333, 0);
    MUST_PAY(scene, &race_mechanism, &all, 0, 25000, 25000, 25000, 25000);
    scene->outside.solve_time_ns = nobody;
    MUST_PAY(scene, &race_mechanism, &one, 0, 0, 0, 0, 0);
}

static void volunteers_get_credit_and_no_pay(void **state)
{
    struct scene *scene = *state;
    MUST_PAY(scene, &volunteer_mechanism, NULL, 0, 0, 0, 0, 0);
    assert_int_equal(scene->output->rank[4], UINT64_MAX / 2);
    assert_int_equal(scene->output->rank[2], UINT64_MAX / 4);
    assert_int_equal(scene->output->rank[0], 0);
}

/* Solves A x = b of size N in place by elimination with pivots. */
static void solve(double a[N][N], double b[N])
{
    for (int k = 0; k < N; k++) {
        int pivot = k;
        for (int i = k + 1; i < N; i++)
            pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        for (int j = 0; j < N; j++) {
            double swap = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swap;
        }
        double swap = b[k];
        b[k] = b[pivot];
        b[pivot] = swap;
        for (int i = 0; i < N; i++) {
            double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (int j = 0; j < N; j++)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = 0; k < N; k++)
        b[k] /= a[k][k];
}

/* t = (1 - a) C^T t + a p as a system of equations; uids 2, 3 and 4 rate nobody and trust as p. */
static void eigentrust_is_the_solution_of_its_equation(void **state)
{
    struct scene *scene = *state;
    struct eigentrust_params params = {fifth, EIGENTRUST_STAKE, 1e-12, 1000};
    const double p[N] = {300 / 520.0, 100 / 520.0, 40 / 520.0, 60 / 520.0, 20 / 520.0};
    const double c[2][N] = {{0, 0, 0.25, 0.75, 0}, {0, 0, 0.5, 0, 0.5}};
    double a[N][N], t[N], sum = 0;
    for (int j = 0; j < N; j++) {
        for (int i = 0; i < N; i++)
            a[j][i] = (i == j) - 0.8 * (i < 2 ? c[i][j] : p[j]);
        t[j] = 0.2 * p[j];
    }
    solve(a, t);
    const uint64_t *paid_rao = run(scene, &eigentrust_mechanism, &params);
    for (int j = 0; j < N; j++) {
        sum += t[j];
        assert_true(fabs((double)paid_rao[j] - t[j] * EMISSION) < 1.01);
    }
    assert_true(fabs(sum - 1) < 1e-12);
    params.pretrusted = EIGENTRUST_UNIFORM;
    params.restart = 65535;
    MUST_PAY(scene, &eigentrust_mechanism, &params, 20000, 20000, 20000, 20000, 20000);
}

/* The mean rank of those who do not rate is 1/3: uid 2 lacks 1/16 of it, uid 4 10/16. */
static void slash_takes_what_low_ratings_cost(void **state)
{
    struct scene *scene = *state;
    struct slash_params params = {.validator_share = fifth, .threshold = 65535, .rate = fifth};
    MUST_PAY(scene, &slash_mechanism, &params, 15000, 5000, 25000, 45000, 10000);
    const int64_t *change = scene->output->stake_change_rao;
    assert_in_range(-change[2], 40000000 / 5 / 16 - 1, 40000000 / 5 / 16);
    assert_in_range(-change[4], 20000000 / 5 / 16 * 10 - 1, 20000000 / 5 / 16 * 10);
    assert_true(change[0] == 0 && change[1] == 0 && change[3] == 0);
}

static void what_slash_takes_can_be_given_to_the_others(void **state)
{
    struct scene *scene = *state;
    struct slash_params params = {.threshold = 65535, .rate = fifth, .taken = SLASH_GIVEN};
    run(scene, &slash_mechanism, &params);
    const int64_t *change = scene->output->stake_change_rao;
    assert_int_equal(change[3], -change[2] - change[4]);
    assert_true(change[3] > 2900000);
}

static void nobody_is_slashed_within_its_grace(void **state)
{
    struct scene *scene = *state;
    struct slash_params params = {.threshold = 65535, .rate = fifth, .grace_blocks = 1000};
    run(scene, &slash_mechanism, &params);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(scene->output->stake_change_rao[i], 0);
}

/* --------------------------------------------------------------------------------------- payers */

static void the_oracle_pays_the_truth(void **state)
{
    struct oracle_params plain = {1, false}, split = {1, true}, square = {2, false},
                         best = {1000, false}, alike = {0, false};
    MUST_PAY(*state, &oracle_mechanism, &plain, 0, 0, 50000, 25000, 25000);
    MUST_PAY(*state, &oracle_mechanism, &split, 0, 0, 66666, 16666, 16666);
    MUST_PAY(*state, &oracle_mechanism, &square, 0, 0, 66666, 16666, 16666);
    MUST_PAY(*state, &oracle_mechanism, &best, 0, 0, 100000, 0, 0);
    MUST_PAY(*state, &oracle_mechanism, &alike, 0, 0, 33333, 33333, 33333);
}

static void a_benchmark_pays_its_test_and_not_the_truth(void **state)
{
    struct benchmark_params params = {1};
    MUST_PAY(*state, &benchmark_mechanism, &params, 0, 0, 25000, 75000, 0);
}

static void an_honest_operator_is_the_oracle_and_a_corrupt_one_pays_its_friends(void **state)
{
    struct scene *scene = *state;
    struct central_params honest = {0, 0, 1, 65535}, corrupt = {1, 0, 1, 65535},
                          modest = {1, 0, 1, fifth};
    for (uint64_t epoch = 0; epoch < 100; epoch++) {
        roll(scene, epoch);
        MUST_PAY(scene, &central_mechanism, &honest, 0, 0, 50000, 25000, 25000);
        MUST_PAY(scene, &central_mechanism, &corrupt, 0, 0, 0, 50000, 50000);
    }
    MUST_PAY(scene, &central_mechanism, &modest, 0, 0, 40000, 30000, 30000);
    static const uint8_t none[N] = {0};
    scene->outside.accomplice = none;
    MUST_PAY(scene, &central_mechanism, &corrupt, 0, 0, 50000, 25000, 25000);
}

static void an_operator_is_corrupt_as_often_as_it_says(void **state)
{
    struct scene *scene = *state;
    struct central_params params = {0.3, 0, 1, 65535};
    double corrupt = 0;
    for (uint64_t epoch = 0; epoch < 4000; epoch++) {
        roll(scene, epoch);
        corrupt += run(scene, &central_mechanism, &params)[2] == 0;
    }
    must_be_chance(corrupt, 4000, 0.3);
}

/* The logarithm of pay of uid 2 over uid 3 has mean ln 2 and variance 2 noise^2. */
static void an_operator_measures_with_its_noise(void **state)
{
    struct scene *scene = *state;
    struct central_params params = {0, 0.1, 1, 65535};
    enum { EPOCHS = 4000 };
    double sum = 0, squares = 0;
    scene->input.emission_rao = 1000000000000;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        roll(scene, epoch);
        const uint64_t *paid_rao = run(scene, &central_mechanism, &params);
        double off = log((double)paid_rao[2] / (double)paid_rao[3]) - log(2);
        sum += off;
        squares += off * off;
    }
    assert_true(fabs(sum / EPOCHS) < 4.5 * sqrt(0.02 / EPOCHS));
    assert_true(fabs(squares / EPOCHS / 0.02 - 1) < 4.5 * sqrt(2.0 / EPOCHS));
}

static void what_is_missing_from_outside_is_named(void **state)
{
    struct scene *scene = *state;
    struct central_params params = {0, 0, 1, 0};
    struct lottery_params lottery = {0, 1};
    struct sim_error err = {0};
    scene->outside.true_value = NULL;
    assert_int_equal(mechanism_epoch(&central_mechanism, &params, &scene->input, scene->output,
                                     &scene->scratch, NULL, &err),
                     SIM_CONFIG);
    assert_string_equal(err.text, "mechanism central needs what no chain knows (true_value), which "
                                  "only a run can give it");
    scene->input.outside = NULL;
    assert_int_equal(mechanism_epoch(&lottery_mechanism, &lottery, &scene->input, scene->output,
                                     &scene->scratch, NULL, &err),
                     SIM_CONFIG);
    assert_non_null(strstr(err.text, "(dice)"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, build, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stake_pays_stake),
        TEST(proportional_pays_the_ratings_that_stake_gives),
        TEST(stake_below_the_threshold_has_no_vote),
        TEST(who_is_silent_for_too_long_has_no_vote),
        TEST(without_ratings_nobody_is_paid_by_them),
        TEST(a_lottery_has_one_winner_and_the_odds_of_the_ratings),
        TEST(many_draws_come_near_to_proportional_pay),
        TEST(work_is_paid_by_share_or_block_by_block),
        TEST(the_first_solver_takes_all_and_ties_share),
        TEST(volunteers_get_credit_and_no_pay),
        TEST(eigentrust_is_the_solution_of_its_equation),
        TEST(slash_takes_what_low_ratings_cost),
        TEST(what_slash_takes_can_be_given_to_the_others),
        TEST(nobody_is_slashed_within_its_grace),
        TEST(the_oracle_pays_the_truth),
        TEST(a_benchmark_pays_its_test_and_not_the_truth),
        TEST(an_honest_operator_is_the_oracle_and_a_corrupt_one_pays_its_friends),
        TEST(an_operator_is_corrupt_as_often_as_it_says),
        TEST(an_operator_measures_with_its_noise),
        TEST(what_is_missing_from_outside_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
