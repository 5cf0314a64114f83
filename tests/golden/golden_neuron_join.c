/*
 * Joined answers, leave-one-out and salience: models/scorer's join through its scorers.
 */
#include "golden/golden_neuron.h"

#include "router/gating.h"
#include "scorer/choice_scorers.h"
#include "scorer/join.h"

#include <string.h>

/* Peers' vectors for S positions and the tokens there; the last position predicts nothing. */
struct text {
    uint32_t peers, positions, width, symbols;
    const double *responses; /* (peers, positions, width) */
    const double *decoder;
    const uint8_t *tokens; /* (positions) */
};

static struct text read_text(struct neuron_case *c)
{
    const struct json_value *responses = json_get(c->in, "responses");
    size_t numbers, decoder;
    struct text text = {.peers = (uint32_t)json_count(responses),
                        .responses = neuron_reals(c, responses, &numbers),
                        .decoder = neuron_reals(c, json_get(c->in, "decoder_W"), &decoder)};
    size_t positions;
    const uint32_t *tokens = neuron_indices(c, json_get(c->in, "tokens"), &positions);
    uint8_t *bytes = neuron_memory(c, positions, 1);
    for (size_t i = 0; i < positions; i++)
        bytes[i] = (uint8_t)tokens[i];
    text.tokens = bytes;
    text.positions = (uint32_t)positions;
    text.width = (uint32_t)(numbers / text.peers / positions);
    text.symbols = (uint32_t)(decoder / text.width);
    return text;
}

/* The same without the last position, whose next token is not known. */
static struct scorer_step step_of(struct neuron_case *c, const struct text *text,
                                  const uint8_t *answered, const double *gate)
{
    uint32_t rows = text->positions - 1;
    size_t row_numbers = (size_t)rows * text->width;
    double *responses = neuron_memory(c, text->peers * row_numbers, sizeof(double));
    for (uint32_t i = 0; i < text->peers; i++)
        memcpy(responses + i * row_numbers,
               text->responses + (size_t)i * text->positions * text->width,
               row_numbers * sizeof(double));
    return (struct scorer_step){.peer_count = text->peers,
                                .row_count = rows,
                                .vocabulary_symbols = text->symbols,
                                .answered = answered,
                                .loss_nats =
                                    neuron_memory(c, (size_t)text->peers * rows, sizeof(double)),
                                .response_width = text->width,
                                .responses = responses,
                                .decoder = text->decoder,
                                .targets = text->tokens + 1,
                                .gate = gate};
}

static void score(struct neuron_case *c, const struct scorer_ops *ops,
                  const struct scorer_step *step, double *ret_values)
{
    struct choice_params params = {.alpha = 0.01, .unanswered = -1};
    struct scorer_measures *measures = neuron_memory(c, step->peer_count, sizeof(*measures));
    size_t bytes = scorer_scratch_bytes(ops, &params, step->peer_count, step->row_count,
                                        step->vocabulary_symbols, step->response_width);
    scorer_score(ops, &params, step, neuron_memory(c, bytes, 1), measures, NULL);
    for (uint32_t k = 0; k < step->peer_count; k++)
        ret_values[k] = measures[k].value;
}

static struct join join_of(struct neuron_case *c, const struct scorer_step *step)
{
    uint32_t *peers = neuron_memory(c, step->peer_count, sizeof(*peers));
    struct join join = {.rows = step->row_count,
                        .width = step->response_width,
                        .symbols = step->vocabulary_symbols,
                        .responses = step->responses,
                        .decoder = step->decoder,
                        .targets = step->targets,
                        .peers = peers};
    for (uint32_t k = 0; k < step->peer_count; k++)
        if (step->answered[k])
            peers[join.count++] = k;
    return join;
}

static double *join_scratch(struct neuron_case *c, const struct join *join)
{
    return neuron_memory(c,
                         join_scratch_count(join->count, join->width, join->symbols) + join->count,
                         sizeof(double));
}

/* The joined vectors of all positions, the last one too. */
static void compare_joined(struct neuron_case *c, const struct text *text, struct join join,
                           const double *shares)
{
    double *joined = neuron_memory(c, (size_t)text->positions * text->width, sizeof(double));
    join.rows = text->positions;
    join.responses = text->responses;
    for (uint32_t row = 0; row < text->positions; row++)
        join_row(&join, shares, row, joined + (size_t)row * text->width);
    neuron_compare(c, "joined", joined, (size_t)text->positions * text->width);
}

/* Which of the top peers are asked, by the functions of the gate router. */
static const double *compare_gating(struct neuron_case *c, uint32_t *ret_top, uint32_t top_count)
{
    size_t n, numbers;
    const struct json_value *context = json_get(c->in, "context_last");
    const double *bias = neuron_reals(c, json_get(c->in, "gate_b"), &n);
    const double *weights = neuron_reals(c, json_get(c->in, "gate_W"), &numbers);
    double *scores = neuron_memory(c, n, sizeof(double));
    double *noisy = neuron_memory(c, n, sizeof(double));
    gating_scores(GATING_LINEAR, weights, bias, (uint32_t)n, neuron_reals(c, context, NULL),
                  (uint32_t)json_count(context), (uint32_t)(numbers / n), scores);
    gating_add_noise(scores, neuron_reals(c, json_get(c->in, "noise_unit_normal"), NULL),
                     (uint32_t)n, neuron_input(c, "noise_multiplier"), noisy);
    neuron_compare(c, "batchwise", scores, n);
    neuron_compare(c, "noisy", noisy, n);

    double *top = neuron_memory(c, top_count, sizeof(double));
    uint32_t count = gating_top(noisy, NULL, (uint32_t)n, top_count, ret_top);
    for (uint32_t i = 0; i < count; i++)
        top[i] = ret_top[i];
    neuron_compare(c, "topk_idx", top, count);

    double *gradient = neuron_memory(c, n, sizeof(double));
    neuron_compare_one(
        c, "importance_loss",
        gating_importance(scores, (uint32_t)n, neuron_input(c, "importance"), gradient));
    neuron_compare(c, "importance_grad_batchwise", gradient, n);
    return scores;
}

static void run_sgmoe_gating(struct neuron_case *c)
{
    size_t asked;
    const double *responded = neuron_reals(c, json_get(c->in, "responded"), &asked);
    uint32_t *top = neuron_memory(c, asked, sizeof(*top));
    const double *scores = compare_gating(c, top, (uint32_t)asked);
    struct text text = read_text(c);

    uint8_t *answered = neuron_memory(c, asked, 1);
    double *gate = neuron_memory(c, asked, sizeof(double));
    for (size_t k = 0; k < asked; k++) {
        answered[k] = responded[k] != 0;
        gate[k] = scores[top[k]];
    }
    struct scorer_step step = step_of(c, &text, answered, gate);
    struct join join = join_of(c, &step);
    double *w = neuron_memory(c, join.count, sizeof(double));
    double *shares = neuron_memory(c, join.count, sizeof(double));
    for (uint32_t i = 0; i < join.count; i++)
        w[i] = gate[join.peers[i]];
    join_softmax(w, join.count, UINT32_MAX, shares);
    neuron_compare(c, "join_weights_responders", shares, join.count);
    compare_joined(c, &text, join, shares);
    double target_nats = join_loss(&join, shares, join_scratch(c, &join));
    neuron_compare_one(c, "target_loss", target_nats);
    double importance = gating_importance(scores, (uint32_t)json_count(json_get(c->in, "gate_b")),
                                          neuron_input(c, "importance"), NULL);
    neuron_compare_one(c, "total_loss", target_nats + importance);

    /* Before the rule that gives unit noise its -1, which the numbers leave out. */
    double *values = neuron_memory(c, join.count, sizeof(double));
    double *by_place = neuron_memory(c, asked, sizeof(double));
    join_leave_one_out(&join, w, join_scratch(c, &join), values);
    for (size_t k = 0; k < asked; k++)
        by_place[k] = -1;
    for (uint32_t i = 0; i < join.count; i++)
        by_place[join.peers[i]] = values[i];
    if (json_count(json_get(c->expected, "masking_shapley_v2")) == asked)
        neuron_compare(c, "masking_shapley_v2", by_place, asked);
    else
        neuron_compare(c, "masking_shapley_v2", values, join.count);
}

static void run_fisher_salience(struct neuron_case *c)
{
    struct text text = read_text(c);
    size_t count;
    const double *w = neuron_reals(c, json_get(c->in, "peer_weights"), &count);
    uint8_t *answered = neuron_memory(c, count, 1);
    memset(answered, 1, count);
    struct scorer_step step = step_of(c, &text, answered, w);
    struct join join = join_of(c, &step);
    double *scratch = join_scratch(c, &join);
    double *shares = neuron_memory(c, count, sizeof(double));
    double *gradient = neuron_memory(c, count, sizeof(double));
    double *hessian = neuron_memory(c, count * count, sizeof(double));
    double *values = neuron_memory(c, count, sizeof(double));
    join_softmax(w, join.count, UINT32_MAX, shares);
    neuron_compare_one(c, "loss", join_loss(&join, shares, scratch));
    join_derivatives(&join, w, scratch, gradient, hessian);
    neuron_compare(c, "grad", gradient, count);
    neuron_compare(c, "hessian", hessian, count * count);
    join_salience_rowsum(w, hessian, join.count, values);
    neuron_compare(c, "score_2021_rowsum", values, count);
    join_salience_diag(w, hessian, join.count, values);
    neuron_compare(c, "score_diag", values, count);
    score(c, &scorer_fisher_full, &step, values);
    neuron_compare(c, "score_2022_first_plus_second", values, count);
    join_leave_one_out(&join, w, scratch, values);
    neuron_compare(c, "exact_leave_one_out", values, count);
}

const struct neuron_category neuron_join_categories[] = {
    {"sgmoe_gating", run_sgmoe_gating}, {"fisher_salience", run_fisher_salience}, {NULL, NULL}};
