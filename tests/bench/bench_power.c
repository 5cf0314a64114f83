/*
 * bench_power: the smallest difference in true quality that each scorer ranks rightly 95 times in
 * 100, against the number of questions.
 *
 *   bench_power [REPLICATES [SCORER]]      100, and all, unless told
 *
 * Text comes from a source of known entropy (1.6 nats, 64 symbols), so a peer's true loss is a sum,
 * not an estimate.  A peer answers with the source's own distributions, each logit moved by a
 * normal error of its own, drawn once; the size of the errors sets its loss.  Peer A lies 0.35 nats
 * above the entropy, peer B `gap` nats above A; the other peers are spread from 0.1 to 1.2 above.
 * A question is 4 x 16 predictions put to 20 peers.
 *   same   A and B answer the same questions
 *   apart  A and B answer different ones, each among 19 others, as where many are asked in turn
 * Printed is the gap at which the running average of A, the one that is paid, is above B's in 95 %
 * of the replicates; `inf` where no gap up to 0.64 nats is enough.
 */
#include "agent/router.h"
#include "corpus/source.h"
#include "router/gate.h"
#include "scorer/choice_scorers.h"
#include "scorer/pair_scorers.h"
#include "scorer/scaling.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V = 64, K = 20, B = 4, T = 16, ROWS = B * T, GAPS = 8, COUNTS = 5, OTHERS = 19 };
static const double gaps_nats[GAPS] = {0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64};
static const uint32_t counts[COUNTS] = {1, 4, 16, 64, 256};
#define ENTROPY_NATS 1.6
#define A_ABOVE_NATS 0.35

/* What a peer says: -ln q(y | a, b), (V, V, V) as the source's chance. */
struct peer {
    float *loss_nats;
    double true_nats;
};

struct bench {
    struct source truth;   /* chance is p */
    struct source sampler; /* the same, prepared for sampling */
    struct peer a, b[GAPS], others[OTHERS];
    float *errors; /* scratch (V, V, V) */
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench_power: %s\n", what);
    exit(1);
}

static void make_source(struct source *source)
{
    struct sim_error err = {0};
    struct stream stream;
    stream_init(&stream, 7, STREAM_SOURCE, stream_entity("power", 0), 0);
    static double shared[3 * V * 8];
    if (source_init(source, V, &err) != SIM_OK)
        give_up(err.text);
    source_draw(source, shared, 8, 0, &stream);
    if (!source_tune(source, ENTROPY_NATS))
        give_up("the source does not mix");
}

/* q = softmax(ln p + size x error); returns sum over states of pi x cross entropy. */
static double answer_with(const struct source *truth, const float *errors, double size,
                          float *loss_nats)
{
    double total = 0;
    for (uint32_t pair = 0; pair < V * V; pair++) {
        const double *p = truth->chance + (size_t)pair * V;
        const float *error = errors + (size_t)pair * V;
        double weight[V], sum = 0, cross = 0;
        for (uint32_t y = 0; y < V; y++) {
            weight[y] = (p[y] + 1e-12) * exp(size * (double)error[y]);
            sum += weight[y];
        }
        for (uint32_t y = 0; y < V; y++) {
            double nats = log(sum / weight[y]);
            loss_nats[(size_t)pair * V + y] = (float)nats;
            cross += p[y] * nats;
        }
        total += cross * truth->stationary[(pair % V) * V + pair / V];
    }
    return total;
}

/* Errors of a size such that the true loss is the wanted one. */
static void make_peer(struct bench *bench, uint64_t number, double wanted_nats, struct peer *peer)
{
    struct stream stream;
    stream_init(&stream, 7, STREAM_TEST, stream_entity("peer", number), 0);
    for (size_t i = 0; i < (size_t)V * V * V; i++)
        bench->errors[i] = (float)gsl_ran_gaussian_ziggurat(&stream.rng, 1);
    peer->loss_nats = malloc(sizeof(float) * V * V * V);
    if (peer->loss_nats == NULL)
        give_up("out of memory");
    double low = 0, high = 4;
    for (int step = 0; step < 30 && high - low > 1e-5; step++) {
        double size = (low + high) / 2;
        peer->true_nats = answer_with(&bench->truth, bench->errors, size, peer->loss_nats);
        *(peer->true_nats < wanted_nats ? &low : &high) = size;
    }
}

static void make_bench(struct bench *bench)
{
    make_source(&bench->truth);
    make_source(&bench->sampler);
    source_prepare_sampling(&bench->sampler);
    bench->errors = malloc(sizeof(float) * V * V * V);
    if (bench->errors == NULL)
        give_up("out of memory");
    make_peer(bench, 0, ENTROPY_NATS + A_ABOVE_NATS, &bench->a);
    for (uint32_t g = 0; g < GAPS; g++)
        make_peer(bench, 1 + g, ENTROPY_NATS + A_ABOVE_NATS + gaps_nats[g], &bench->b[g]);
    for (uint32_t i = 0; i < OTHERS; i++)
        make_peer(bench, 100 + i, ENTROPY_NATS + 0.1 + 1.1 * i / (OTHERS - 1), &bench->others[i]);
}

/* ---- one question ---------------------------------------------------------------------------- */

struct question {
    uint8_t text[B][T + 2]; /* two tokens before the first prediction */
    double loss_nats[K * ROWS], responses[(size_t)K * ROWS * V], distributions[K * B * V];
    double context[B * V], gate[K], mean_nats[K];
    uint8_t targets[ROWS], answered[K];
    struct scorer_measures measures[K];
};

static size_t place(const uint8_t *text, uint32_t t)
{
    return ((size_t)text[t + 1] * V + text[t]) * V;
}

static void draw_text(const struct bench *bench, struct question *q, struct stream *stream)
{
    memset(q->context, 0, sizeof(q->context));
    for (uint32_t b = 0; b < B; b++) {
        source_sample(&bench->sampler, stream, q->text[b], T + 2);
        for (uint32_t t = 0; t < T; t++) {
            q->targets[b * T + t] = q->text[b][t + 2];
            q->context[b * V + q->text[b][t + 1]] += 1.0 / T;
        }
    }
}

static void answer(struct question *q, const struct peer *peer, uint32_t k, uint32_t needs)
{
    q->answered[k] = 1;
    for (uint32_t row = 0; row < ROWS; row++) {
        const float *nats = peer->loss_nats + place(q->text[row / T], row % T);
        q->loss_nats[k * ROWS + row] = (double)nats[q->targets[row]];
        for (uint32_t y = 0; (needs & SCORER_NEEDS_RESPONSES) && y < V; y++)
            q->responses[((size_t)k * ROWS + row) * V + y] = -(double)nats[y];
    }
    for (uint32_t b = 0; (needs & SCORER_NEEDS_DISTRIBUTIONS) && b < B; b++) {
        const float *nats = peer->loss_nats + place(q->text[b], T - 1);
        for (uint32_t y = 0; y < V; y++)
            q->distributions[(k * B + b) * V + y] = exp(-(double)nats[y]);
    }
}

/* ---- scorers --------------------------------------------------------------------------------- */

struct subject {
    const struct scorer_ops *ops;
    const void *params;
    bool same_only; /* a gate knows peers by their place among those asked */
    uint32_t replicates_divisor;
};

static void score(const struct subject *subject, struct question *q, struct stream *dice,
                  void *scratch)
{
    bool joins = (subject->ops->needs & SCORER_NEEDS_RESPONSES) != 0;
    struct scorer_step step = {.peer_count = K,
                               .row_count = ROWS,
                               .vocabulary_symbols = V,
                               .entropy_floor_nats = ENTROPY_NATS,
                               .answered = q->answered,
                               .loss_nats = q->loss_nats,
                               .distribution_rows = B,
                               .distributions = q->distributions,
                               .response_width = V,
                               .responses = joins ? q->responses : NULL,
                               .targets = q->targets,
                               .gate = q->gate,
                               .stream = dice};
    scorer_score(subject->ops, subject->params, &step, scratch, q->measures, NULL);
}

static void observe(const struct subject *subject, const struct question *q, uint32_t k,
                    struct scorer_stats *stats)
{
    scorer_observe(subject->ops, subject->params, ENTROPY_NATS, V, &q->measures[k], stats);
}

/* The gate's own life beside the scorer's: it scores the peers asked, and learns their losses. */
struct gate {
    struct gate_params params;
    void *state;
};

static void gate_open(struct gate *gate, struct stream *stream)
{
    gate->params = (struct gate_params){.importance = 0.1,
                                        .learning_rate = 0.1,
                                        .momentum = 0.8,
                                        .clip_norm = 1,
                                        .floor_nats = ENTROPY_NATS};
    gate->state = malloc(router_state_bytes(&router_gate, &gate->params, K + 1, V));
    if (gate->state == NULL)
        give_up("out of memory");
    router_init(&router_gate, &gate->params, K + 1, V, stream, gate->state);
}

static void gate_ask(struct gate *gate, struct question *q, struct stream *stream)
{
    uint32_t uids[K];
    double scores[K];
    struct router_request request = {.peer_count_max = K,
                                     .uid_count = K + 1,
                                     .self_uid = K,
                                     .context_rows = B,
                                     .context = q->context};
    router_pick(&router_gate, &gate->params, gate->state, &request, stream, uids, scores);
    for (uint32_t i = 0; i < K; i++)
        q->gate[uids[i]] = scores[i];
}

static void gate_learn(struct gate *gate, struct question *q)
{
    uint32_t uids[K];
    for (uint32_t k = 0; k < K; k++) {
        uids[k] = k;
        q->mean_nats[k] = q->measures[k].loss_nats;
    }
    struct router_feedback feedback = {.peer_count = K,
                                       .uids = uids,
                                       .answered = q->answered,
                                       .loss_nats = q->mean_nats,
                                       .uid_count = K + 1,
                                       .context_rows = B,
                                       .context = q->context};
    router_learn(&router_gate, &gate->params, gate->state, &feedback);
}

/* ---- replicates ------------------------------------------------------------------------------ */

/* ret_right[c] += 1 when A is above B after counts[c] questions, 1/2 when they are equal. */
static void replicate(const struct bench *bench, const struct subject *subject, uint32_t gap,
                      bool same, uint64_t number, double *ret_right)
{
    static struct question q; /* 1 MB */
    struct stream text, dice;
    stream_init(&text, 7, STREAM_QUERY_DATA, stream_entity("text", gap), number);
    stream_init(&dice, 7, STREAM_SCORER, stream_entity("dice", gap), number);
    size_t bytes = scorer_scratch_bytes(subject->ops, subject->params, K, ROWS, V, V);
    void *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    struct gate gate;
    gate_open(&gate, &dice);
    struct scorer_stats a = {0}, b = {0};
    uint32_t needs = subject->ops->needs, c = 0;
    if (scratch == NULL)
        give_up("out of memory");
    for (uint32_t n = 1; n <= counts[COUNTS - 1]; n++) {
        draw_text(bench, &q, &text);
        for (uint32_t i = 0; i < OTHERS; i++)
            answer(&q, &bench->others[i], i + 1, needs);
        answer(&q, &bench->a, 0, needs);
        if (same)
            answer(&q, &bench->b[gap], 1, needs);
        if (needs & SCORER_NEEDS_GATE)
            gate_ask(&gate, &q, &dice);
        score(subject, &q, &dice, scratch);
        observe(subject, &q, 0, &a);
        if (needs & SCORER_NEEDS_GATE)
            gate_learn(&gate, &q);
        if (!same) {
            draw_text(bench, &q, &text);
            for (uint32_t i = 0; i < OTHERS; i++)
                answer(&q, &bench->others[i], i + 1, needs);
            answer(&q, &bench->b[gap], 0, needs);
            score(subject, &q, &dice, scratch);
        }
        observe(subject, &q, same ? 1 : 0, &b);
        if (n == counts[c])
            ret_right[c++] += a.value > b.value ? 1 : a.value == b.value ? 0.5 : 0;
    }
    free(gate.state);
    free(scratch);
}

/* Where the share of right rankings crosses 0.95 for good, between two gaps on a log scale. */
static double threshold_nats(const double *share)
{
    uint32_t g = GAPS;
    while (g > 0 && share[g - 1] >= 0.95)
        g--;
    if (g == GAPS)
        return (double)INFINITY;
    if (g == 0)
        return gaps_nats[0];
    double part = (0.95 - share[g - 1]) / (share[g] - share[g - 1]);
    return gaps_nats[g - 1] * pow(gaps_nats[g] / gaps_nats[g - 1], part);
}

static void measure(const struct bench *bench, const struct subject *subject, bool same,
                    uint32_t replicates)
{
    double right[GAPS][COUNTS] = {{0}};
    replicates = (replicates + subject->replicates_divisor - 1) / subject->replicates_divisor;
    for (uint32_t g = 0; g < GAPS; g++)
        for (uint32_t r = 0; r < replicates; r++)
            replicate(bench, subject, g, same, r, right[g]);
    for (uint32_t c = 0; c < COUNTS; c++) {
        double share[GAPS];
        for (uint32_t g = 0; g < GAPS; g++)
            share[g] = right[g][c] / replicates;
        printf("power.%s.%s.n%u\t%.3g\tnats\n", subject->ops->params->name, same ? "same" : "apart",
               counts[c], threshold_nats(share));
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static const struct pair_params e6 = {.era = SCORER_E6,
                                          .loss_map = SCALING_AFFINE,
                                          .power = 0.5,
                                          .synergy_power = 0.5,
                                          .alpha = 0.1,
                                          .divergence = 0.02};
    static const struct choice_params slow = {.alpha = 0.01, .unanswered = -1};
    static const struct choice_params fast = {.alpha = 0.1, .orders = 100};
    static const struct choice_params fisher = {.alpha = 0.005};
    static const struct subject subjects[] = {{&scorer_loss, &e6, false, 1},
                                              {&scorer_shapley, &e6, false, 1},
                                              {&scorer_divergence, &e6, false, 2},
                                              {&scorer_leave_one_out, &slow, false, 2},
                                              {&scorer_sampled_shapley, &fast, false, 4},
                                              {&scorer_prompting, &slow, false, 1},
                                              {&scorer_masking, &slow, true, 5},
                                              {&scorer_gate, &fast, true, 2},
                                              {&scorer_fisher_rowsum, &fisher, true, 5},
                                              {&scorer_fisher_diag, &fisher, true, 5},
                                              {&scorer_fisher_full, &fisher, true, 5}};
    const char *only = argc > 2 ? argv[2] : NULL;
    uint32_t replicates = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100;
    make_bench(&bench);
    printf("power.a.true\t%.6f\tnats\n", bench.a.true_nats);
    for (size_t s = 0; s < sizeof(subjects) / sizeof(subjects[0]); s++) {
        if (only != NULL && strcmp(only, subjects[s].ops->params->name) != 0)
            continue;
        measure(&bench, &subjects[s], true, replicates);
        if (!subjects[s].same_only)
            measure(&bench, &subjects[s], false, replicates);
    }
    return 0;
}
