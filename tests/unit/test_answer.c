#include "agent/answer.h"
#include "agent/exchange.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

static void what_the_top_leaves_is_shared_by_the_rest(void **state)
{
    (void)state;
    const double logits[] = {log(0.1), log(0.4), log(0.1), log(0.25), log(0.15)};
    uint32_t indices[2];
    double probabilities[2], read[5], sum = 0;
    answer_topk_encode(logits, 5, 2, indices, probabilities);
    assert_int_equal(indices[0], 1);
    assert_int_equal(indices[1], 3);
    assert_near(probabilities[0], 0.4);
    answer_topk_decode(indices, probabilities, 2, 5, read);
    assert_near(exp(read[0]), 0.35 / 3);
    for (int v = 0; v < 5; v++)
        sum += exp(read[v]);
    assert_near(sum, 1);
}

static void keeping_everything_loses_nothing(void **state)
{
    (void)state;
    const double logits[] = {0.3, -1, 2};
    uint32_t indices[3];
    double probabilities[3], read[3];
    answer_topk_encode(logits, 3, 3, indices, probabilities);
    answer_topk_decode(indices, probabilities, 3, 3, read);
    assert_near(read[2] - read[0], 1.7);
    assert_near(read[0] - read[1], 1.3);
}

static struct answer_phrase_loss loss_of(double p0, double p1, double floor)
{
    static const uint32_t one[] = {7}, two[] = {7, 8};
    static const uint32_t *const tokens[] = {one, two};
    static const uint32_t lengths[] = {1, 2}, target[] = {7, 8, 9};
    const double probabilities[] = {p0, p1};
    struct answer_phrases phrases = {.count = 2,
                                     .probabilities = probabilities,
                                     .lengths = lengths,
                                     .tokens = tokens,
                                     .floor = floor};
    return answer_phrases_loss(&phrases, target, 3, 10);
}

static void phrases_are_charged_by_the_mass_that_they_put_on_the_target(void **state)
{
    (void)state;
    struct answer_phrase_loss loss = loss_of(0.5, 0.3, 0.025);
    assert_near(loss.next_nats, -log(0.8));
    assert_near(loss.continuation_nats, -log(0.8));
}

static void claiming_more_than_everything_wins_nothing(void **state)
{
    (void)state;
    assert_near(loss_of(1, 1, 0).next_nats, 0);
    assert_near(loss_of(50, 50, 0).next_nats, 0);
    /* The claim 2 counts as 1, and the floor of the 8 unlisted symbols weighs against it. */
    assert_near(loss_of(2, 0, 0.125).next_nats, -log(0.5));
    assert_true(loss_of(0.4, 0.1, -3).next_nats >= 0);
    assert_near(loss_of((double)NAN, 0, 0).next_nats, 20);
}

/* Every probability and the floor, within what the clamps let through and beyond. */
static void a_phrases_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    static const uint32_t a[] = {7, 8}, b[] = {7}, c[] = {3, 7}, d[] = {7, 8};
    static const uint32_t *const tokens[] = {a, b, c, d};
    static const uint32_t lengths[] = {2, 1, 2, 2};
    static const uint32_t targets[][2] = {{7, 8}, {7, 9}, {3, 7}, {5, 5}};
    static const double claims[][5] = {{0.3, 0.2, 0.1, 0.15, 0.01},
                                       {0.9, 0.8, 0.7, 0.6, 0.5},
                                       {1.5, 0.2, -0.3, 0.1, 0.02},
                                       {0.3, 0.2, 0.1, 0.15, -0.1}};
    enum { COUNT = 4, SYMBOLS = 20 };
    for (int n = 0; n < 16; n++) {
        const uint32_t *target = targets[n % 4];
        double p[COUNT + 1], gradient[COUNT + 1];
        for (int k = 0; k <= COUNT; k++)
            p[k] = claims[n / 4][k];
        struct answer_phrases phrases = {
            .count = COUNT, .probabilities = p, .lengths = lengths, .tokens = tokens};
        phrases.floor = p[COUNT];
        answer_phrases_gradient(&phrases, target, 2, SYMBOLS, gradient);
        double loss = answer_phrases_loss(&phrases, target, 2, SYMBOLS).continuation_nats;
        if (loss > 80) /* nobody put any mass on the truth: 1e40 a step */
            continue;
        for (int k = 0; k <= COUNT; k++) {
            double around[2];
            for (int side = 0; side < 2; side++) {
                p[k] = claims[n / 4][k] + (side - 0.5) * 1e-6;
                phrases.floor = p[COUNT];
                around[side] = answer_phrases_loss(&phrases, target, 2, SYMBOLS).continuation_nats;
                p[k] = claims[n / 4][k];
                phrases.floor = p[COUNT];
            }
            double estimate = (around[1] - around[0]) / 1e-6;
            if (!(fabs(estimate - gradient[k]) <= 1e-6 * fmax(1, fabs(estimate))))
                fail_msg("case %d, number %d: %.10g, finite difference %.10g", n, k, gradient[k],
                         estimate);
        }
    }
}

static void what_is_no_number_is_no_gradient(void **state)
{
    (void)state;
    static const uint32_t one[] = {7};
    static const uint32_t *const tokens[] = {one, one};
    static const uint32_t lengths[] = {1, 1};
    const double probabilities[] = {(double)NAN, 0.5};
    double gradient[3];
    struct answer_phrases phrases = {
        .count = 2, .probabilities = probabilities, .lengths = lengths, .tokens = tokens};
    answer_phrases_gradient(&phrases, one, 1, 20, gradient);
    for (int k = 0; k < 3; k++)
        assert_true(gradient[k] == 0);
}

static void stake_comes_first_and_the_lot_is_for_those_without(void **state)
{
    (void)state;
    assert_near(exchange_priority(1000, 0, 0.005), 1005);
    assert_near(exchange_priority(0, 60, 0), 60);
    /* Who holds less than was drawn waits behind somebody who holds nothing. */
    assert_true(exchange_priority(0, 60, 0) > exchange_priority(50, 0, 0.01));
}

static void a_gradient_is_divided_by_its_sum_not_its_size(void **state)
{
    (void)state;
    double gradient[] = {1, -3};
    exchange_normalise_gradient(gradient, 2);
    assert_near(gradient[0], 1 / (-2 + 1e-5)); /* the sign flips */
    assert_near(gradient[1], -3 / (-2 + 1e-5));
}

static void a_student_is_pulled_to_its_teacher(void **state)
{
    (void)state;
    const double student[] = {1, 2, 3, 4}, teacher[] = {1, 0, 3, 5};
    double gradient[4];
    assert_near(exchange_distil(student, teacher, 4, gradient), 5.0 / 4);
    assert_near(gradient[1], 1);
    assert_near(gradient[3], -0.5);
    assert_near(exchange_distil(student, teacher, 4, NULL), 5.0 / 4);
}

static void a_hidden_state_comes_back_from_between_its_zeros(void **state)
{
    (void)state;
    const float hidden[2 * 3] = {1, 2, 3, 4, 5, 6};
    float wire[2 * 8], read[2 * 3];
    answer_hidden_encode(hidden, 2, 3, 8, wire);
    assert_true(wire[1] == 0 && wire[2] == 1 && wire[4] == 3 && wire[5] == 0 && wire[10] == 4);
    answer_hidden_decode(wire, 2, 3, 8, read);
    assert_memory_equal(read, hidden, sizeof(hidden));
}

static void phrases_of_any_length_come_back_from_one_row_of_floats(void **state)
{
    (void)state;
    static const uint32_t one[] = {0}, two[] = {63, 7};
    static const uint32_t *const tokens[] = {one, two};
    static const uint32_t lengths[] = {1, 2};
    const double probabilities[] = {0.5, 1};
    struct answer_phrases sent = {.count = 2,
                                  .probabilities = probabilities,
                                  .lengths = lengths,
                                  .tokens = tokens,
                                  .floor = 0.125};
    float wire[6];
    double read_probabilities[6];
    uint32_t read_lengths[6], space[6];
    const uint32_t *read_tokens[6];
    assert_int_equal(answer_phrases_encode(&sent, wire), 6);
    struct answer_phrases read =
        answer_phrases_decode(wire, 6, read_probabilities, read_lengths, read_tokens, space);
    assert_int_equal(read.count, 2);
    assert_true(read.floor == 0.125 && read.probabilities[0] == 0.5 && read.probabilities[1] == 1);
    assert_true(read.lengths[0] == 1 && read.lengths[1] == 2);
    assert_true(read.tokens[0][0] == 0 && read.tokens[1][0] == 63 && read.tokens[1][1] == 7);
    /* Tokens before any probability belong to no phrase. */
    const float nonsense[] = {9, 9, 0.5f, 3, 0};
    read = answer_phrases_decode(nonsense, 5, read_probabilities, read_lengths, read_tokens, space);
    assert_true(read.count == 1 && read.lengths[0] == 1 && read.tokens[0][0] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_top_leaves_is_shared_by_the_rest),
        cmocka_unit_test(keeping_everything_loses_nothing),
        cmocka_unit_test(phrases_are_charged_by_the_mass_that_they_put_on_the_target),
        cmocka_unit_test(claiming_more_than_everything_wins_nothing),
        cmocka_unit_test(a_phrases_gradient_agrees_with_finite_differences),
        cmocka_unit_test(what_is_no_number_is_no_gradient),
        cmocka_unit_test(stake_comes_first_and_the_lot_is_for_those_without),
        cmocka_unit_test(a_gradient_is_divided_by_its_sum_not_its_size),
        cmocka_unit_test(a_student_is_pulled_to_its_teacher),
        cmocka_unit_test(a_hidden_state_comes_back_from_between_its_zeros),
        cmocka_unit_test(phrases_of_any_length_come_back_from_one_row_of_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
