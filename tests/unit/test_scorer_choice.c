#include "scorer/choice_scorers.h"
#include "scorer/join.h"
#include "scorer/pairs.h"
#include "scorer/sampled.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PEERS = 5, ROWS = 7, WIDTH = 3, SYMBOLS = 6 };

/* Peers' vectors, a decoder, targets and gates, all drawn. */
struct bench {
    double responses[PEERS * ROWS * SYMBOLS], decoder[SYMBOLS * WIDTH], gate[PEERS];
    double loss_nats[PEERS * ROWS];
    uint8_t targets[ROWS], answered[PEERS];
    uint32_t peers[PEERS];
    struct join join;
    struct scorer_step step;
    double scratch[512];
    struct stream stream;
};

static void fill(struct bench *bench, bool with_decoder, uint64_t ticket)
{
    memset(bench, 0, sizeof(*bench));
    stream_init(&bench->stream, 1, STREAM_TEST, stream_entity("choice", 0), ticket);
    const gsl_rng *dice = &bench->stream.rng;
    uint32_t width = with_decoder ? WIDTH : SYMBOLS;
    for (uint32_t i = 0; i < PEERS * ROWS * width; i++)
        bench->responses[i] = 2 * gsl_ran_gaussian_ziggurat(dice, 1);
    for (uint32_t i = 0; i < SYMBOLS * WIDTH; i++)
        bench->decoder[i] = gsl_ran_gaussian_ziggurat(dice, 1);
    for (uint32_t i = 0; i < PEERS * ROWS; i++)
        bench->loss_nats[i] = -2 * log(stream_uniform(&bench->stream));
    for (uint32_t t = 0; t < ROWS; t++)
        bench->targets[t] = (uint8_t)stream_below(&bench->stream, SYMBOLS);
    for (uint32_t k = 0; k < PEERS; k++) {
        bench->peers[k] = k;
        bench->answered[k] = 1;
        bench->gate[k] = gsl_ran_gaussian_ziggurat(dice, 1);
    }
    bench->join = (struct join){.rows = ROWS,
                                .width = width,
                                .symbols = SYMBOLS,
                                .responses = bench->responses,
                                .decoder = with_decoder ? bench->decoder : NULL,
                                .targets = bench->targets,
                                .count = PEERS,
                                .peers = bench->peers};
    bench->step = (struct scorer_step){.peer_count = PEERS,
                                       .row_count = ROWS,
                                       .vocabulary_symbols = SYMBOLS,
                                       .answered = bench->answered,
                                       .loss_nats = bench->loss_nats,
                                       .response_width = width,
                                       .responses = bench->responses,
                                       .decoder = bench->join.decoder,
                                       .targets = bench->targets,
                                       .gate = bench->gate,
                                       .stream = &bench->stream};
    assert_true(join_scratch_count(PEERS, width, SYMBOLS) + PEERS <= 512);
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* ---- joined answers -------------------------------------------------------------------------- */

static double loss_at(struct bench *bench, const double *w)
{
    double shares[PEERS];
    join_softmax(w, PEERS, UINT32_MAX, shares);
    return join_loss(&bench->join, shares, bench->scratch);
}

/* L with two gates moved. */
static double moved(struct bench *bench, uint32_t i, double by_i, uint32_t j, double by_j)
{
    double w[PEERS];
    memcpy(w, bench->gate, sizeof(w));
    w[i] += by_i;
    w[j] += by_j;
    return loss_at(bench, w);
}

static void derivatives_agree_with_finite_differences(void **state)
{
    (void)state;
    struct bench bench;
    const double h = 1e-4;
    for (int with_decoder = 0; with_decoder < 2; with_decoder++) {
        fill(&bench, with_decoder, 1);
        double gradient[PEERS], hessian[PEERS * PEERS];
        join_derivatives(&bench.join, bench.gate, bench.scratch, gradient, hessian);
        for (uint32_t i = 0; i < PEERS; i++) {
            double slope = (moved(&bench, i, h, i, 0) - moved(&bench, i, -h, i, 0)) / (2 * h);
            assert_near(gradient[i], slope, 1e-6);
            for (uint32_t j = 0; j < PEERS; j++) {
                double bend = (moved(&bench, i, h, j, h) - moved(&bench, i, h, j, -h) -
                               moved(&bench, i, -h, j, h) + moved(&bench, i, -h, j, -h)) /
                              (4 * h * h);
                assert_near(hessian[i * PEERS + j], bend, 1e-5);
            }
        }
    }
}

static void the_row_sums_that_were_paid_in_2021_are_rounding_noise(void **state)
{
    (void)state;
    struct bench bench;
    fill(&bench, true, 2);
    double gradient[PEERS], hessian[PEERS * PEERS], rowsum[PEERS], diag[PEERS];
    join_derivatives(&bench.join, bench.gate, bench.scratch, gradient, hessian);
    join_salience_rowsum(bench.gate, hessian, PEERS, rowsum);
    join_salience_diag(bench.gate, hessian, PEERS, diag);
    double largest = 0;
    for (uint32_t i = 0; i < PEERS; i++) {
        assert_true(rowsum[i] < 1e-14);
        largest = fmax(largest, fabs(diag[i]));
    }
    assert_true(largest > 1e-4);
}

static void score(const struct scorer_ops *ops, const struct choice_params *params,
                  struct bench *bench, struct scorer_measures *ret_measures)
{
    const struct scorer_step *step = &bench->step;
    size_t bytes = scorer_scratch_bytes(ops, params, step->peer_count, step->row_count,
                                        step->vocabulary_symbols, step->response_width);
    void *scratch = malloc(bytes);
    assert_non_null(scratch);
    scorer_score(ops, params, step, scratch, ret_measures, NULL);
    free(scratch);
}

static void leaving_out_is_the_difference_of_two_joins(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    struct choice_params params = {.alpha = 0.01, .unanswered = -1};
    fill(&bench, true, 3);
    bench.answered[1] = 0;
    score(&scorer_masking, &params, &bench, measures);
    assert_true(isnan(measures[1].value));
    const uint32_t with_all[] = {0, 2, 3, 4}, without_2[] = {0, 3, 4};
    double w[PEERS], shares[PEERS];
    struct join join = bench.join;
    join.count = 4;
    join.peers = with_all;
    for (uint32_t i = 0; i < 4; i++)
        w[i] = bench.gate[with_all[i]];
    join_softmax(w, 4, UINT32_MAX, shares);
    double all = join_loss(&join, shares, bench.scratch);
    join.count = 3;
    join.peers = without_2;
    for (uint32_t i = 0; i < 3; i++)
        w[i] = bench.gate[without_2[i]];
    join_softmax(w, 3, UINT32_MAX, shares);
    assert_near(measures[2].value, join_loss(&join, shares, bench.scratch) - all, 1e-12);
}

static void unit_noise_is_given_what_silence_gets(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    struct choice_params params = {.alpha = 0.01, .unanswered = -1};
    fill(&bench, true, 4);
    double mean = 0, squares = 0;
    enum { COUNT = ROWS * WIDTH };
    double *noise = bench.responses + 3 * COUNT;
    for (int i = 0; i < COUNT; i++)
        mean += noise[i] / COUNT;
    for (int i = 0; i < COUNT; i++)
        squares += (noise[i] - mean) * (noise[i] - mean);
    const double deviations[] = {1, 0.96, 1.04, 0.94, 1.06};
    double now = sqrt(squares / (COUNT - 1));
    for (int d = 0; d < 5; d++) {
        for (int i = 0; i < COUNT; i++)
            noise[i] *= deviations[d] / now;
        now = deviations[d];
        score(&scorer_masking, &params, &bench, measures);
        assert_true((measures[3].value == -1) == (d < 3));
        assert_true(measures[2].value != -1);
    }
}

/* ---- the plain mixture ----------------------------------------------------------------------- */

/* v of the coalition in the bits of `members`, written out. */
static double worth(const struct bench *bench, unsigned members)
{
    double sum = 0;
    int count = __builtin_popcount(members);
    for (uint32_t t = 0; t < ROWS && count > 0; t++) {
        double p = 0;
        for (uint32_t k = 0; k < PEERS; k++)
            if (members >> k & 1)
                p += exp(-bench->loss_nats[k * ROWS + t]) / count;
        sum += log(p) + log(SYMBOLS);
    }
    return sum / ROWS;
}

/* The Shapley value over all orders: weights of coalitions without i. */
static double exact_shapley(const struct bench *bench, uint32_t i)
{
    static const double factorial[] = {1, 1, 2, 6, 24, 120};
    double value = 0;
    for (unsigned s = 0; s < 1u << PEERS; s++) {
        if (s >> i & 1)
            continue;
        int size = __builtin_popcount(s);
        double weight = factorial[size] * factorial[PEERS - size - 1] / factorial[PEERS];
        value += weight * (worth(bench, s | 1u << i) - worth(bench, s));
    }
    return value;
}

static void sampled_values_approach_all_orders_and_always_share_out_the_whole(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    fill(&bench, false, 5);
    bench.step.responses = NULL;
    for (uint32_t orders = 1; orders <= 20000; orders *= 20000) {
        struct choice_params params = {.alpha = 0.1, .orders = orders};
        score(&scorer_sampled_shapley, &params, &bench, measures);
        double sum = 0;
        for (uint32_t k = 0; k < PEERS; k++)
            sum += measures[k].value;
        assert_near(sum, worth(&bench, (1u << PEERS) - 1), 1e-12);
    }
    for (uint32_t k = 0; k < PEERS; k++)
        assert_near(measures[k].value, exact_shapley(&bench, k), 0.02);
}

static void without_vectors_leaving_out_is_of_the_plain_mixture(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    struct choice_params params = {.alpha = 0.01, .unanswered = -1};
    fill(&bench, false, 6);
    bench.step.responses = NULL;
    score(&scorer_leave_one_out, &params, &bench, measures);
    for (uint32_t k = 0; k < PEERS; k++) {
        unsigned all = (1u << PEERS) - 1;
        assert_near(measures[k].value, worth(&bench, all) - worth(&bench, all & ~(1u << k)), 1e-12);
    }
}

/* ---- gates, rewards, averages ---------------------------------------------------------------- */

static void the_gate_scorer_hands_out_the_gates_above_the_least(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    struct choice_params params = {.alpha = 0.1};
    fill(&bench, true, 7);
    const double gate[] = {0.5, 0.1, 0.2, 0.1, 0.1};
    bench.step.gate = gate;
    score(&scorer_gate, &params, &bench, measures);
    assert_near(measures[0].value, 0.4, 1e-12);
    assert_near(measures[1].value, 0, 1e-12);
    assert_near(measures[2].value, 0.1, 1e-12);
}

static void rewards_are_compared_by_softmax_of_minus_the_loss(void **state)
{
    (void)state;
    struct bench bench;
    struct scorer_measures measures[PEERS];
    struct choice_params params = {.alpha = 0.01};
    fill(&bench, true, 8);
    bench.answered[0] = 0;
    score(&scorer_prompting, &params, &bench, measures);
    double sum = 0;
    for (uint32_t k = 1; k < PEERS; k++)
        sum += measures[k].value;
    assert_near(sum, 1, 1e-12);
    assert_near(log(measures[1].value / measures[2].value),
                measures[2].loss_nats - measures[1].loss_nats, 1e-12);
}

static void the_average_of_leaving_out_starts_at_and_returns_to_its_floor(void **state)
{
    (void)state;
    struct choice_params params = {.alpha = 0.01, .unanswered = -1};
    struct scorer_stats stats = {0};
    struct scorer_measures measures = {.loss_nats = 3, .value = 0.5};
    scorer_observe(&scorer_leave_one_out, &params, 0, SYMBOLS, &measures, &stats);
    assert_near(stats.value, -0.99 + 0.005, 1e-15);
    scorer_observe(&scorer_leave_one_out, &params, 0, SYMBOLS, NULL, &stats);
    assert_near(stats.value, 0.99 * -0.985 - 0.01, 1e-15);
    assert_int_equal(stats.queries, 2);
    assert_int_equal(stats.answers, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_agree_with_finite_differences),
        cmocka_unit_test(the_row_sums_that_were_paid_in_2021_are_rounding_noise),
        cmocka_unit_test(leaving_out_is_the_difference_of_two_joins),
        cmocka_unit_test(unit_noise_is_given_what_silence_gets),
        cmocka_unit_test(sampled_values_approach_all_orders_and_always_share_out_the_whole),
        cmocka_unit_test(without_vectors_leaving_out_is_of_the_plain_mixture),
        cmocka_unit_test(the_gate_scorer_hands_out_the_gates_above_the_least),
        cmocka_unit_test(rewards_are_compared_by_softmax_of_minus_the_loss),
        cmocka_unit_test(the_average_of_leaving_out_starts_at_and_returns_to_its_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
