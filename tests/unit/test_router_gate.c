#include "router/gate.h"
#include "router/gating.h"
#include "router/grid.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { UIDS = 30, WIDTH = 4, ASKED = 5 };

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

static void the_importance_loss_has_the_slope_that_it_says(void **state)
{
    (void)state;
    double scores[] = {0.3, 0.8, 0.5, 0.9}, gradient[4] = {0};
    const double h = 1e-6;
    gating_importance(scores, 4, 3, gradient);
    for (int u = 0; u < 4; u++) {
        double at = scores[u];
        scores[u] = at + h;
        double above = gating_importance(scores, 4, 3, NULL);
        scores[u] = at - h;
        double below = gating_importance(scores, 4, 3, NULL);
        scores[u] = at;
        assert_near(gradient[u], (above - below) / (2 * h), 1e-6);
    }
}

static void the_top_are_the_largest_in_order_and_only_the_allowed(void **state)
{
    (void)state;
    const double scores[] = {3, 9, 1, 9, 5, 7};
    const uint8_t allowed[] = {1, 1, 1, 1, 0, 1};
    uint32_t top[6];
    assert_int_equal(gating_top(scores, NULL, 6, 3, top), 3);
    assert_true(top[0] == 1 && top[1] == 3 && top[2] == 5);
    assert_int_equal(gating_top(scores, allowed, 6, 6, top), 5);
    assert_true(top[3] == 0 && top[4] == 2);
    assert_int_equal(gating_top(scores, allowed, 6, 0, top), 0);
}

/* Uids below 5 answer texts of the first kind well, uids 5..9 those of the second kind; all
 * others are poor at both. */
struct school {
    const struct router_ops *ops;
    const void *params;
    struct stream stream;
    void *state;
    double context[WIDTH];
};

static void school_open(struct school *school, const struct router_ops *ops, const void *params)
{
    school->ops = ops;
    school->params = params;
    stream_init(&school->stream, 1, STREAM_ROUTE, 0, 0);
    school->state = malloc(router_state_bytes(ops, params, UIDS, WIDTH));
    assert_non_null(school->state);
    router_init(ops, params, UIDS, WIDTH, &school->stream, school->state);
}

static uint32_t ask(struct school *school, int kind, const uint8_t *excluded, uint32_t *ret_uids)
{
    memset(school->context, 0, sizeof(school->context));
    school->context[kind] = 1;
    struct router_request request = {.peer_count_max = ASKED,
                                     .uid_count = UIDS,
                                     .self_uid = UIDS - 1,
                                     .excluded = excluded,
                                     .context_rows = 1,
                                     .context = school->context};
    double gate[ASKED];
    uint32_t count = router_pick(school->ops, school->params, school->state, &request,
                                 &school->stream, ret_uids, gate);
    for (uint32_t i = 0; i < count; i++)
        assert_true(isfinite(gate[i]) && ret_uids[i] != UIDS - 1);
    return count;
}

static int good_ones(struct school *school, int kind, const uint32_t *uids, uint32_t count)
{
    uint8_t answered[ASKED];
    double loss_nats[ASKED];
    int good = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool fits = (int)(uids[i] / 5) == kind;
        answered[i] = 1;
        loss_nats[i] = fits ? 1.8 : 4;
        good += fits;
    }
    struct router_feedback feedback = {.peer_count = count,
                                       .uids = uids,
                                       .answered = answered,
                                       .loss_nats = loss_nats,
                                       .uid_count = UIDS,
                                       .context_rows = 1,
                                       .context = school->context};
    router_learn(school->ops, school->params, school->state, &feedback);
    return good;
}

static void learns_whom_to_ask(const struct gate_params *params)
{
    struct school school;
    school_open(&school, &router_gate, params);
    int early = 0, late = 0;
    enum { STEPS = 2000, EARLY = 10, LATE = 100 };
    for (int step = 0; step < STEPS; step++) {
        uint32_t uids[ASKED];
        int kind = step % 2;
        assert_int_equal(ask(&school, kind, NULL, uids), ASKED);
        int good = good_ones(&school, kind, uids, ASKED);
        early += step < EARLY ? good : 0;
        late += step >= STEPS - LATE ? good : 0;
    }
    /* By chance 5 of 29 are right: 9 of the first 50, 86 of the last 500. */
    assert_true(early < 25);
    assert_true(late > 350);
    free(school.state);
}

static void a_gate_learns_whom_to_ask_about_which_text(void **state)
{
    (void)state;
    learns_whom_to_ask(&(struct gate_params){
        .noise = 0.5, .learning_rate = 2, .momentum = 0.5, .clip_norm = 1, .floor_nats = 1.69});
}

static void a_gate_learns_it_from_rewards_too(void **state)
{
    (void)state;
    learns_whom_to_ask(&(struct gate_params){.learns = GATE_LEARNS_REWARDS,
                                             .noise = 0.5,
                                             .learning_rate = 2,
                                             .momentum = 0.5,
                                             .clip_norm = 1});
}

static void the_gradient_of_rewards_agrees_with_finite_differences(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    double scores[COUNT] = {0.3, -1.2, 2, 0.1, 0.7}, gradient[2 * COUNT], other[2 * COUNT];
    const double rewards[COUNT] = {-1, -2.5, -1.8, -4, -1.1};
    gating_reward_loss(scores, rewards, COUNT, gradient);
    for (int i = 0; i < COUNT; i++) {
        double kept = scores[i], loss[2];
        for (int side = 0; side < 2; side++) {
            scores[i] = kept + (side - 0.5) * 1e-5;
            loss[side] = gating_reward_loss(scores, rewards, COUNT, other);
        }
        scores[i] = kept;
        double estimate = (loss[1] - loss[0]) / 1e-5;
        if (!(fabs(gradient[i] - estimate) < 1e-9))
            fail_msg("score %d: %.12g, finite difference %.12g", i, gradient[i], estimate);
    }
}

static void a_gate_forgets_an_old_owner(void **state)
{
    (void)state;
    struct gate_params params = {.learning_rate = 2, .clip_norm = 0, .floor_nats = 1.69};
    struct school school;
    school_open(&school, &router_gate, &params);
    uint32_t uids[ASKED], again[ASKED];
    for (int step = 0; step < 50; step++) {
        ask(&school, 0, NULL, uids);
        good_ones(&school, 0, uids, ASKED);
    }
    uint32_t favourite = uids[0];
    router_forget(school.ops, school.params, school.state, favourite);
    ask(&school, 0, NULL, again);
    assert_int_not_equal(again[0], favourite);
    free(school.state);
}

static void the_grid_router_asks_only_the_living(void **state)
{
    (void)state;
    struct grid_params params = {.learning_rate = 0.5, .floor_nats = 1.69};
    struct school school;
    school_open(&school, &router_grid, &params);
    uint8_t excluded[UIDS] = {0};
    for (int uid = 0; uid < UIDS; uid += 3)
        excluded[uid] = 1;
    for (int step = 0; step < 50; step++) {
        uint32_t uids[ASKED];
        uint32_t count = ask(&school, step % 2, excluded, uids);
        assert_int_equal(count, ASKED);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(uids[i] % 3 != 0);
            for (uint32_t j = 0; j < i; j++)
                assert_int_not_equal(uids[i], uids[j]);
        }
        good_ones(&school, step % 2, uids, count);
    }
    memset(excluded, 1, sizeof(excluded));
    uint32_t uids[ASKED];
    assert_int_equal(ask(&school, 0, excluded, uids), 0);
    free(school.state);
}

/* A beam as wide as there are prefixes sees everything. */
static void a_beam_wide_enough_finds_the_exact_best(void **state)
{
    (void)state;
    enum { D = 3, SIDE = 5, LIVE = 60, K = 25 };
    struct stream stream;
    for (uint64_t ticket = 0; ticket < 50; ticket++) {
        stream_init(&stream, 1, STREAM_TEST, 1, ticket);
        double scores[D * SIDE], all[LIVE];
        uint32_t alive[LIVE * D], scratch[2 * LIVE + K], found[K], exact[K];
        bool used[SIDE * SIDE * SIDE] = {false};
        for (int i = 0; i < D * SIDE; i++)
            scores[i] = gsl_ran_gaussian_ziggurat(&stream.rng, 1);
        for (int e = 0; e < LIVE;) {
            uint32_t cell = (uint32_t)stream_below(&stream, SIDE * SIDE * SIDE);
            if (used[cell])
                continue;
            used[cell] = true;
            alive[e * D] = cell / (SIDE * SIDE);
            alive[e * D + 1] = cell / SIDE % SIDE;
            alive[e++ * D + 2] = cell % SIDE;
        }
        struct grid grid = {.dimensions = D,
                            .sides = {SIDE, SIDE, SIDE},
                            .scores = scores,
                            .alive_count = LIVE,
                            .alive = alive};
        for (uint32_t e = 0; e < LIVE; e++)
            all[e] = grid_expert_score(&grid, e);
        assert_int_equal(grid_beam(&grid, K, scratch, found), K);
        assert_int_equal(gating_top(all, NULL, LIVE, K, exact), K);
        assert_memory_equal(found, exact, sizeof(found));
        /* A narrow one still returns whole experts, best first. */
        assert_int_equal(grid_beam(&grid, 2, scratch, found), 2);
        assert_true(all[found[0]] >= all[found[1]]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_importance_loss_has_the_slope_that_it_says),
        cmocka_unit_test(the_top_are_the_largest_in_order_and_only_the_allowed),
        cmocka_unit_test(a_gate_learns_whom_to_ask_about_which_text),
        cmocka_unit_test(a_gate_learns_it_from_rewards_too),
        cmocka_unit_test(the_gradient_of_rewards_agrees_with_finite_differences),
        cmocka_unit_test(a_gate_forgets_an_old_owner),
        cmocka_unit_test(the_grid_router_asks_only_the_living),
        cmocka_unit_test(a_beam_wide_enough_finds_the_exact_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
