#include "scorer/averages.h"
#include "scorer/divergence.h"
#include "scorer/pair_scorers.h"
#include "scorer/pairs.h"
#include "scorer/scaling.h"
#include "scorer/scorer_list.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PEERS_MAX = 24, ROWS_MAX = 140, SYMBOLS = 64 };

/* A step with losses drawn from a stream, and room for its results. */
struct bench {
    double loss_nats[PEERS_MAX * ROWS_MAX];
    uint8_t answered[PEERS_MAX];
    struct scorer_step step;
    struct scorer_measures measures[PEERS_MAX];
    double pair[PEERS_MAX * PEERS_MAX];
};

static void fill(struct bench *bench, uint32_t peers, uint32_t rows, uint64_t ticket)
{
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, stream_entity("scorer", 0), ticket);
    for (uint32_t i = 0; i < peers * rows; i++)
        bench->loss_nats[i] = -2.5 * log(stream_uniform(&stream));
    for (uint32_t k = 0; k < peers; k++)
        bench->answered[k] = stream_uniform(&stream) < 0.9;
    bench->step = (struct scorer_step){.peer_count = peers,
                                       .row_count = rows,
                                       .vocabulary_symbols = SYMBOLS,
                                       .entropy_floor_nats = 1.2,
                                       .answered = bench->answered,
                                       .loss_nats = bench->loss_nats};
}

static struct pair_params params_of(int era, int loss_map)
{
    return (struct pair_params){.era = era,
                                .loss_map = loss_map,
                                .power = 0.5,
                                .synergy_power = 0.4,
                                .alpha = 0.1,
                                .divergence = 0.02};
}

static void score(const struct scorer_ops *ops, const struct pair_params *params,
                  struct bench *bench)
{
    const struct scorer_step *step = &bench->step;
    size_t bytes = scorer_scratch_bytes(ops, params, step->peer_count, step->row_count,
                                        step->vocabulary_symbols, 0);
    void *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(scratch);
    scorer_score(ops, params, step, scratch, bench->measures, bench->pair);
    free(scratch);
}

/* ---- a slow clear reference ------------------------------------------------------------------ */

static double clear_value(double loss_nats, double power, bool affine)
{
    if (affine)
        loss_nats = 1.69 + (loss_nats - 1.2) * (10.82 - 1.69) / (log(SYMBOLS) - 1.2);
    return pow(exp(log(8.8e13) - log(fmax(loss_nats, 1.69)) / 0.076), power);
}

static double clear_loss(const struct bench *bench, uint32_t k)
{
    double sum = 0;
    for (uint32_t r = 0; r < bench->step.row_count; r++)
        sum += bench->loss_nats[k * bench->step.row_count + r];
    return sum / bench->step.row_count;
}

static double clear_pair_loss(const struct bench *bench, uint32_t i, uint32_t j)
{
    uint32_t rows = bench->step.row_count;
    double sum = 0;
    for (uint32_t r = 0; r < rows; r++)
        sum -=
            log((exp(-bench->loss_nats[i * rows + r]) + exp(-bench->loss_nats[j * rows + r])) / 2 +
                1e-40);
    return sum / rows;
}

static double clear_synergy(const struct bench *bench, uint32_t i, bool affine)
{
    uint32_t answers = 0;
    double sum = 0;
    for (uint32_t j = 0; j < bench->step.peer_count; j++) {
        answers += bench->answered[j];
        if (j == i || !bench->answered[j])
            continue;
        double expected = fmin(clear_loss(bench, i), clear_loss(bench, j));
        double gain = clear_value(clear_pair_loss(bench, i, j), 0.4, affine) -
                      clear_value(expected, 0.4, affine);
        sum += fmax(gain, 0) / 2;
    }
    return sum / answers;
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

static void shapley_agrees_with_the_formulas_written_out_for_many_shapes(void **state)
{
    (void)state;
    static struct bench bench;
    const uint32_t shapes[][2] = {{2, 1}, {3, 2}, {5, 3}, {7, 5}, {20, 128}, {24, 140}, {6, 29}};
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        for (int affine = 0; affine < 2; affine++) {
            fill(&bench, shapes[s][0], shapes[s][1], s);
            struct pair_params params = params_of(SCORER_E6, affine);
            score(&scorer_shapley, &params, &bench);
            for (uint32_t k = 0; k < shapes[s][0]; k++) {
                const struct scorer_measures *m = &bench.measures[k];
                if (!bench.answered[k]) {
                    assert_true(isnan(m->loss_nats) && isnan(m->value));
                    continue;
                }
                double base = clear_value(clear_loss(&bench, k), 0.5, affine);
                double synergy = clear_synergy(&bench, k, affine);
                assert_near(m->loss_nats, clear_loss(&bench, k), 1e-12);
                assert_near(m->base, base, 1e-10);
                assert_near(m->synergy, synergy, 1e-9);
                assert_near(m->value, base + synergy, 1e-9);
            }
        }
    }
}

static void probabilities_are_exact_to_two_units_in_the_last_place(void **state)
{
    (void)state;
    double loss[1001], probability[1001];
    for (int i = 0; i <= 1000; i++)
        loss[i] = i * 0.69777;
    pairs_probabilities(loss, 1001, probability);
    for (int i = 0; i <= 1000; i++)
        if (fabs(probability[i] - exp(-loss[i])) > 2 * 0x1p-52 * exp(-loss[i]))
            fail_msg("exp(-%g): %.17g, not %.17g", loss[i], probability[i], exp(-loss[i]));
}

static void a_loss_that_is_no_number_counts_as_twenty_nats(void **state)
{
    (void)state;
    static struct bench good, bad;
    fill(&good, 4, 8, 1);
    bad = good;
    bad.step.loss_nats = bad.loss_nats;
    bad.step.answered = bad.answered;
    memset(good.answered, 1, 4);
    memset(bad.answered, 1, 4);
    const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (int i = 0; i < 3; i++) {
        good.loss_nats[i * 5] = 20;
        bad.loss_nats[i * 5] = odd[i];
    }
    struct pair_params params = params_of(SCORER_E6, SCALING_AFFINE);
    score(&scorer_shapley, &params, &good);
    score(&scorer_shapley, &params, &bad);
    assert_memory_equal(good.measures, bad.measures, 4 * sizeof(good.measures[0]) - 0);
}

static void very_unlikely_targets_stay_finite(void **state)
{
    (void)state;
    static struct bench bench;
    fill(&bench, 3, 128, 2);
    memset(bench.answered, 1, 3);
    for (int i = 0; i < 3 * 128; i++)
        bench.loss_nats[i] = 650 + i % 3;
    struct pair_params params = params_of(SCORER_E6, SCALING_RAW);
    score(&scorer_shapley, &params, &bench);
    /* The pair's probability is the floor itself: 40 ln 10 = 92.1 nats, better than 650. */
    assert_near(bench.pair[1], (bench.measures[0].loss_nats - 40 * log(10)) / 2 / 3, 1e-3);
}

static void twins_earn_no_synergy_with_each_other_and_the_same_with_others(void **state)
{
    (void)state;
    static struct bench bench;
    fill(&bench, 4, 16, 3);
    memset(bench.answered, 1, 4);
    memcpy(bench.loss_nats + 16, bench.loss_nats, 16 * sizeof(double));
    struct pair_params params = params_of(SCORER_E6, SCALING_AFFINE);
    score(&scorer_shapley, &params, &bench);
    assert_near(bench.pair[1], 0, 1e-15);
    assert_true(bench.measures[0].value == bench.measures[1].value);
    assert_true(bench.measures[0].synergy > 0);
}

static void the_affine_map_takes_floor_and_guess_to_the_historic_ends(void **state)
{
    (void)state;
    struct scaling scaling = scaling_make(SCALING_AFFINE, 1.6, 64);
    assert_near(scaling.offset + scaling.slope * 1.6, 1.69, 1e-14);
    assert_near(scaling.offset + scaling.slope * log(64), 10.82, 1e-14);
    /* A floor at or above the guess has no line through it. */
    scaling = scaling_make(SCALING_AFFINE, 5, 64);
    assert_near(scaling.slope, 1, 0);
}

static void a_peer_that_falls_silent_decays_by_alpha_and_keeps_its_plain_averages(void **state)
{
    (void)state;
    struct pair_params params = params_of(SCORER_E6, SCALING_RAW);
    struct scorer_measures measures = {3, 0, 10, 0, (double)NAN, 0};
    struct scorer_stats stats = {0};
    scorer_observe(&scorer_shapley, &params, 1.2, SYMBOLS, &measures, &stats);
    double once = stats.value;
    assert_near(once, 0.1 * (clear_value(3, 0.5, false) + 10), 1e-12);
    scorer_observe(&scorer_shapley, &params, 1.2, SYMBOLS, NULL, &stats);
    assert_near(stats.value, 0.9 * once, 1e-12);
    assert_near(stats.value_plain, 10 * once, 1e-12);
    assert_int_equal(stats.queries, 2);
    assert_int_equal(stats.answers, 1);
}

static void the_sixth_era_values_the_average_loss_and_the_fifth_the_batch(void **state)
{
    (void)state;
    struct pair_params e5 = params_of(SCORER_E5, SCALING_RAW);
    struct pair_params e6 = params_of(SCORER_E6, SCALING_RAW);
    struct scorer_measures first = {4, clear_value(4, 0.5, false), 0, 0, (double)NAN, 0};
    struct scorer_measures second = {2, clear_value(2, 0.5, false), 0, 0, (double)NAN, 0};
    first.value = first.base;
    second.value = second.base;
    struct scorer_stats a = {0}, b = {0};
    scorer_observe(&scorer_shapley, &e5, 1.2, SYMBOLS, &first, &a);
    scorer_observe(&scorer_shapley, &e5, 1.2, SYMBOLS, &second, &a);
    scorer_observe(&scorer_shapley, &e6, 1.2, SYMBOLS, &first, &b);
    scorer_observe(&scorer_shapley, &e6, 1.2, SYMBOLS, &second, &b);
    assert_near(a.value, 0.09 * first.base + 0.1 * second.base, 1e-12);
    assert_near(b.value, 0.09 * first.base + 0.1 * clear_value(3.8, 0.5, false), 1e-12);
}

static void one_odd_distribution_among_twenty_meets_the_cap_and_the_others_nothing(void **state)
{
    (void)state;
    enum { K = 20, V = 5 };
    double p[K * V];
    uint32_t peers[K];
    for (uint32_t u = 0; u < K; u++) {
        peers[u] = u;
        for (uint32_t v = 0; v < V; v++)
            p[u * V + v] = u + 1 < K ? 0.2 : v == 0;
    }
    double scratch[K + V], excess[K];
    assert_int_equal(divergence_scratch_count(K, V), K + V);
    divergence_excess(p, 1, V, peers, K, scratch, excess, NULL, NULL, NULL);
    assert_near(excess[K - 1], 10, 0);
    for (uint32_t u = 0; u + 1 < K; u++)
        assert_near(excess[u], 0, 0);
    /* Of three, the outlier reaches ((2/sqrt 3 - 1))^3 only. */
    peers[2] = K - 1;
    divergence_excess(p, 1, V, peers, 3, scratch, excess, NULL, NULL, NULL);
    assert_near(excess[2], pow(2 / sqrt(3) - 1, 3), 1e-2);
}

static void divergence_divides_what_an_outlier_is_worth(void **state)
{
    (void)state;
    static struct bench bench;
    static double distributions[20 * SYMBOLS];
    fill(&bench, 20, 8, 4);
    memset(bench.answered, 1, 20);
    for (int i = 0; i < 20 * SYMBOLS; i++)
        distributions[i] = i / SYMBOLS < 19 ? 1.0 / SYMBOLS : i % SYMBOLS == 3;
    bench.step.distributions = distributions;
    bench.step.distribution_rows = 1;
    struct pair_params params = params_of(SCORER_E6, SCALING_AFFINE);
    params.divergence = 1;
    score(&scorer_divergence, &params, &bench);
    const struct scorer_measures *odd = &bench.measures[19];
    assert_near(odd->excess, 10, 0);
    assert_near(odd->value, (odd->base + odd->synergy) / 11, 1e-12);
    assert_near(bench.measures[0].value, bench.measures[0].base + bench.measures[0].synergy, 1e-12);
}

/* ---- weights --------------------------------------------------------------------------------- */

enum { UIDS = 64 };
struct result {
    uint32_t uids[UIDS];
    double shares[UIDS];
    uint16_t u16[UIDS];
    struct scorer_weights weights;
};

static void set_weights(int era, const struct scorer_limits *limits,
                        const struct scorer_stats *stats, uint32_t count, struct result *result)
{
    struct pair_params params = params_of(era, SCALING_RAW);
    struct stream stream;
    stream_init(&stream, 5, STREAM_TEST, 0, 0);
    void *scratch = malloc(scorer_weights_scratch_bytes(&scorer_shapley, &params, count));
    assert_non_null(scratch);
    result->weights = (struct scorer_weights){
        .uids = result->uids, .shares = result->shares, .weights_u16 = result->u16};
    scorer_weights(&scorer_shapley, &params, limits, stats, count, &stream, scratch,
                   &result->weights);
    free(scratch);
}

static void the_lowest_quantile_is_dropped_and_no_share_exceeds_the_cap(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    for (int uid = 0; uid < UIDS; uid++)
        stats[uid].value = uid == 7 ? 1000 : uid;
    struct scorer_limits limits = {.min_allowed_weights = 8,
                                   .max_weight_limit = 0.05,
                                   .exclude_quantile = 0.1,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E6, &limits, stats, UIDS, &result);
    /* 63 positive values; the 0.1-quantile lies 6.2 places above the smallest, 1. */
    assert_int_equal(result.weights.count, 56);
    double sum = 0;
    for (uint32_t i = 0; i < result.weights.count; i++) {
        assert_true(result.shares[i] <= 0.05 + 1e-6);
        assert_int_equal(result.u16[i], (uint16_t)(65535 * result.shares[i]));
        if (i > 0)
            assert_true(result.uids[i] > result.uids[i - 1]);
        sum += result.shares[i];
    }
    assert_near(sum, 1, 1e-12);
    assert_int_equal(result.uids[0], 7);
    assert_near(result.shares[0], 0.05, 1e-5);
}

static void the_quantile_never_leaves_fewer_than_the_least_number_of_weights(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    for (int uid = 0; uid < 10; uid++)
        stats[uid].value = 1 + uid;
    struct scorer_limits limits = {.min_allowed_weights = 9,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0.9,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E6, &limits, stats, UIDS, &result);
    assert_int_equal(result.weights.count, 9);
}

static void a_value_that_is_the_quantile_itself_is_kept(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    for (int uid = 0; uid < 21; uid++)
        stats[uid].value = 1 + uid;
    struct scorer_limits limits = {.min_allowed_weights = 1,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0.1,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E6, &limits, stats, UIDS, &result);
    assert_int_equal(result.weights.count, 19); /* 0.1 x (21 - 1) = 2 from below go */
    assert_int_equal(result.uids[0], 2);
}

static void nobody_of_worth_means_no_weights(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    stats[3].value = -1;
    stats[4].value = (double)NAN;
    struct scorer_limits limits = {.min_allowed_weights = 1,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0.1,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E6, &limits, stats, UIDS, &result);
    assert_int_equal(result.weights.count, 0);
}

static void a_cap_that_cannot_be_met_gives_equal_shares(void **state)
{
    (void)state;
    struct scorer_stats stats[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 94}};
    struct scorer_limits limits = {.min_allowed_weights = 1,
                                   .max_weight_limit = 0.2,
                                   .exclude_quantile = 0,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E5, &limits, stats, 4, &result);
    for (int i = 0; i < 4; i++)
        assert_near(result.shares[i], 0.25, 1e-15);
}

static void the_fourth_era_takes_the_top_and_keeps_within_the_ratio(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    for (int uid = 0; uid < UIDS; uid++)
        stats[uid] = (struct scorer_stats){.value = uid * uid, .queries = 1};
    struct scorer_limits limits = {.min_allowed_weights = 10,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0.1,
                                   .max_min_ratio = 3};
    struct result result;
    set_weights(SCORER_E4, &limits, stats, UIDS, &result);
    assert_int_equal(result.weights.count, 10);
    assert_int_equal(result.uids[0], UIDS - 10);
    assert_true(result.shares[9] / result.shares[0] <= 3 + 1e-9);
    assert_true(result.shares[9] / result.shares[0] > 2);
}

static void the_release_before_the_fifth_era_prefers_whoever_answered(void **state)
{
    (void)state;
    struct scorer_stats stats[UIDS] = {0};
    for (int uid = 0; uid < UIDS; uid++) {
        stats[uid].queries = uid < 20;
        stats[uid].answers = uid < 6;
        stats[uid].value = uid;
    }
    struct scorer_limits limits = {.min_allowed_weights = 10,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0.1,
                                   .max_min_ratio = 64};
    struct result result;
    set_weights(SCORER_E4_3_3, &limits, stats, UIDS, &result);
    assert_int_equal(result.weights.count, 10);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(result.uids[i], i);
    assert_true(result.uids[9] < 20);
}

static void every_scorer_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < scorer_list_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(scorer_list[i]->params->name, scorer_list[j]->params->name);
    assert_string_equal(scorer_list[0]->params->name, "shapley");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapley_agrees_with_the_formulas_written_out_for_many_shapes),
        cmocka_unit_test(probabilities_are_exact_to_two_units_in_the_last_place),
        cmocka_unit_test(a_loss_that_is_no_number_counts_as_twenty_nats),
        cmocka_unit_test(very_unlikely_targets_stay_finite),
        cmocka_unit_test(twins_earn_no_synergy_with_each_other_and_the_same_with_others),
        cmocka_unit_test(the_affine_map_takes_floor_and_guess_to_the_historic_ends),
        cmocka_unit_test(a_peer_that_falls_silent_decays_by_alpha_and_keeps_its_plain_averages),
        cmocka_unit_test(the_sixth_era_values_the_average_loss_and_the_fifth_the_batch),
        cmocka_unit_test(one_odd_distribution_among_twenty_meets_the_cap_and_the_others_nothing),
        cmocka_unit_test(divergence_divides_what_an_outlier_is_worth),
        cmocka_unit_test(the_lowest_quantile_is_dropped_and_no_share_exceeds_the_cap),
        cmocka_unit_test(the_quantile_never_leaves_fewer_than_the_least_number_of_weights),
        cmocka_unit_test(a_value_that_is_the_quantile_itself_is_kept),
        cmocka_unit_test(nobody_of_worth_means_no_weights),
        cmocka_unit_test(a_cap_that_cannot_be_met_gives_equal_shares),
        cmocka_unit_test(the_fourth_era_takes_the_top_and_keeps_within_the_ratio),
        cmocka_unit_test(the_release_before_the_fifth_era_prefers_whoever_answered),
        cmocka_unit_test(every_scorer_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
