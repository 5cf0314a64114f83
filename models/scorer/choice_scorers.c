#include "scorer/choice_scorers.h"

#include "scorer/averages.h"
#include "scorer/join.h"
#include "scorer/pairs.h"
#include "scorer/sampled.h"
#include "scorer/weights.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ---- parameters ------------------------------------------------------------------------------ */

static const char *const weights_choices[] = {"top", "quantile", NULL};

#define FIELD(field_) offsetof(struct choice_params, field_)
#define KEYS(alpha_, weights_)                                                                     \
    {"alpha", PARAM_REAL, FIELD(alpha), "0",                                                       \
     "1",     (alpha_),   NULL,         "weight of the newest step in the running average"},       \
    {                                                                                              \
        "weights", PARAM_ENUM, FIELD(weights), NULL, NULL, (weights_), weights_choices,            \
            "top: the largest values squashed to the least ratio (until v3.0); quantile: without " \
            "the lowest, capped (v3.4 and later)"                                                  \
    }
static const struct param_key leave_one_out_keys[] = {
    KEYS("0.01", "top"),
    {"unanswered", PARAM_REAL, FIELD(unanswered), NULL, NULL, "-1", NULL,
     "value of silence, and where the average starts"}};
static const struct param_key sampled_keys[] = {KEYS("0.1", "quantile"),
                                                {"orders", PARAM_U32, FIELD(orders), "1", "100000",
                                                 "100", NULL,
                                                 "orders of joining that are drawn each step"}};
static const struct param_key gate_keys[] = {KEYS("0.1", "top")};
static const struct param_key fisher_keys[] = {KEYS("0.005", "top")};
static const struct param_key prompting_keys[] = {KEYS("0.01", "quantile")};

static const struct param_table leave_one_out_table =
    PARAM_TABLE("leave_one_out", struct choice_params, leave_one_out_keys,
                "what the mixture of all answers loses without the peer");
static const struct param_table masking_table =
    PARAM_TABLE("masking", struct choice_params, leave_one_out_keys,
                "what the answer joined by the router's gate loses without the peer (v2.1)");
static const struct param_table sampled_table =
    PARAM_TABLE("sampled_shapley", struct choice_params, sampled_keys,
                "Shapley value in the mixture of all peers, over drawn orders");
static const struct param_table gate_table =
    PARAM_TABLE("gate", struct choice_params, gate_keys, "the gate's own weights (v1.0.4)");
static const struct param_table rowsum_table = PARAM_TABLE(
    "fisher_rowsum", struct choice_params, fisher_keys,
    "salience as it was coded in 2021: identically zero, so what it pays is rounding noise");
static const struct param_table diag_table =
    PARAM_TABLE("fisher_diag", struct choice_params, fisher_keys,
                "salience by the Hessian's diagonal, as it was documented in 2021");
static const struct param_table full_table =
    PARAM_TABLE("fisher_full", struct choice_params, fisher_keys,
                "first- and second-order salience (February 2022)");
static const struct param_table prompting_table =
    PARAM_TABLE("prompting", struct choice_params, prompting_keys,
                "softmax of a reward, here minus the loss, over those that answered (v5.0)");

/* ---- scratch --------------------------------------------------------------------------------- */

struct workspace {
    uint32_t *peers;  /* (K) who answered */
    double *half;     /* (K, stride) */
    double *mean;     /* (K) */
    double *gate;     /* (K) of those that answered */
    double *result;   /* (K) */
    double *gradient; /* (K) */
    double *hessian;  /* (K, K) */
    double *rest;     /* join's or sampled's own */
};

static size_t rest_count(uint32_t peers, uint32_t rows, uint32_t symbols, uint32_t width)
{
    /* join_leave_one_out keeps shares before what join_loss needs. */
    size_t join = join_scratch_count(peers, width, symbols) + peers;
    size_t sampled = sampled_scratch_count(peers, rows);
    return join > sampled ? join : sampled;
}

static size_t choice_scratch_bytes(const void *params, uint32_t peer_count, uint32_t row_count,
                                   uint32_t vocabulary_symbols, uint32_t response_width)
{
    (void)params;
    size_t doubles = peer_count * (pairs_stride(row_count) + 4 + (size_t)peer_count) +
                     rest_count(peer_count, row_count, vocabulary_symbols, response_width);
    return doubles * sizeof(double) + peer_count * sizeof(uint32_t);
}

static struct workspace workspace_at(void *scratch, const struct scorer_step *step)
{
    size_t peers = step->peer_count;
    struct workspace space = {.half = scratch};
    space.mean = space.half + peers * pairs_stride(step->row_count);
    space.gate = space.mean + peers;
    space.result = space.gate + peers;
    space.gradient = space.result + peers;
    space.hessian = space.gradient + peers;
    space.rest = space.hessian + peers * peers;
    space.peers =
        (uint32_t *)(space.rest + rest_count(step->peer_count, step->row_count,
                                             step->vocabulary_symbols, step->response_width));
    return space;
}

/* ---- values of one step ---------------------------------------------------------------------- */

/* Fills space->result (count) with the values of the `count` peers that answered. */
typedef void value_f(const struct choice_params *params, const struct scorer_step *step,
                     const struct workspace *space, uint32_t count);

static struct join join_of(const struct scorer_step *step, const struct workspace *space,
                           uint32_t count)
{
    SIM_ASSERT(step->responses != NULL && step->targets != NULL && step->gate != NULL);
    for (uint32_t i = 0; i < count; i++)
        space->gate[i] = step->gate[space->peers[i]];
    return (struct join){.rows = step->row_count,
                         .width = step->response_width,
                         .symbols = step->vocabulary_symbols,
                         .responses = step->responses,
                         .decoder = step->decoder,
                         .targets = step->targets,
                         .count = count,
                         .peers = space->peers};
}

/* Whether the numbers look like unit noise: their standard deviation is within 0.05 of 1. */
static bool looks_like_noise(const struct scorer_step *step, uint32_t peer)
{
    size_t count = (size_t)step->row_count * step->response_width;
    const double *response = step->responses + peer * count;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += response[i];
    for (size_t i = 0; i < count; i++)
        squares += (response[i] - sum / (double)count) * (response[i] - sum / (double)count);
    return fabs(1 - sqrt(squares / (double)(count - 1))) < 0.05;
}

/* With vectors to join, the historic score; from losses alone, the same of the plain mixture. */
static void value_leave_one_out(const struct choice_params *params, const struct scorer_step *step,
                                const struct workspace *space, uint32_t count)
{
    if (step->responses == NULL) {
        sampled_leave_one_out(space->half, step->row_count, count, step->vocabulary_symbols,
                              space->rest, space->result);
        return;
    }
    struct join join = join_of(step, space, count);
    join_leave_one_out(&join, space->gate, space->rest, space->result);
    for (uint32_t i = 0; i < count; i++)
        if (looks_like_noise(step, space->peers[i]))
            space->result[i] = params->unanswered;
}

static void value_sampled(const struct choice_params *params, const struct scorer_step *step,
                          const struct workspace *space, uint32_t count)
{
    SIM_ASSERT(step->stream != NULL);
    sampled_shapley(space->half, step->row_count, count, step->vocabulary_symbols, params->orders,
                    step->stream, space->rest, space->result);
}

/* (g - min g) / sum g over the answered; equal gates or a sum of nothing: all equal. */
static void value_gate(const struct choice_params *params, const struct scorer_step *step,
                       const struct workspace *space, uint32_t count)
{
    (void)params;
    SIM_ASSERT(step->gate != NULL);
    double smallest = INFINITY, sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        smallest = fmin(smallest, step->gate[space->peers[i]]);
        sum += step->gate[space->peers[i]];
    }
    for (uint32_t i = 0; i < count; i++) {
        double share = (step->gate[space->peers[i]] - smallest) / sum;
        space->result[i] = isfinite(share) ? share : 1.0 / count;
    }
}

/* Non-negative shares of their sum, and a little for having answered; no sum: only that. */
static void share_out(double *values, uint32_t count)
{
    const double for_answering = 1e-6;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += fabs(values[i]);
    for (uint32_t i = 0; i < count; i++)
        values[i] = (sum > 0 ? values[i] / sum : 0) + for_answering;
}

static void value_rowsum(const struct choice_params *params, const struct scorer_step *step,
                         const struct workspace *space, uint32_t count)
{
    (void)params;
    struct join join = join_of(step, space, count);
    join_derivatives(&join, space->gate, space->rest, space->gradient, space->hessian);
    join_salience_rowsum(space->gate, space->hessian, count, space->result);
    share_out(space->result, count);
}

static void value_diag(const struct choice_params *params, const struct scorer_step *step,
                       const struct workspace *space, uint32_t count)
{
    (void)params;
    struct join join = join_of(step, space, count);
    join_derivatives(&join, space->gate, space->rest, space->gradient, space->hessian);
    join_salience_diag(space->gate, space->hessian, count, space->result);
    for (uint32_t i = 0; i < count; i++)
        space->result[i] = fmax(space->result[i], 0);
    share_out(space->result, count);
}

static void value_full(const struct choice_params *params, const struct scorer_step *step,
                       const struct workspace *space, uint32_t count)
{
    (void)params;
    struct join join = join_of(step, space, count);
    join_derivatives(&join, space->gate, space->rest, space->gradient, space->hessian);
    join_salience_full(space->gate, space->gradient, space->hessian, count, space->result);
}

/* The reward of an answer is minus its loss; rewards are compared within the step alone. */
static void value_prompting(const struct choice_params *params, const struct scorer_step *step,
                            const struct workspace *space, uint32_t count)
{
    (void)params, (void)step;
    for (uint32_t i = 0; i < count; i++)
        space->gate[i] = -space->mean[i];
    join_softmax(space->gate, count, UINT32_MAX, space->result);
}

static void score(const struct choice_params *params, const struct scorer_step *step, void *scratch,
                  value_f *value, struct scorer_measures *ret_measures, double *ret_pairs)
{
    struct workspace space = workspace_at(scratch, step);
    uint32_t count = 0;
    for (uint32_t k = 0; k < step->peer_count; k++) {
        ret_measures[k] = (struct scorer_measures){NAN, NAN, NAN, NAN, NAN, NAN};
        if (step->answered[k])
            space.peers[count++] = k;
    }
    if (ret_pairs != NULL)
        memset(ret_pairs, 0, (size_t)step->peer_count * step->peer_count * sizeof(*ret_pairs));
    if (count == 0)
        return;
    pairs_prepare(step->loss_nats, step->row_count, space.peers, count, space.half, space.mean);
    value(params, step, &space, count);
    for (uint32_t i = 0; i < count; i++) {
        ret_measures[space.peers[i]].loss_nats = space.mean[i];
        ret_measures[space.peers[i]].value = space.result[i];
    }
}

/* ---- observe --------------------------------------------------------------------------------- */

static void choice_observe(const void *params_, double entropy_floor_nats,
                           uint32_t vocabulary_symbols, const struct scorer_measures *measures,
                           struct scorer_stats *stats)
{
    (void)entropy_floor_nats, (void)vocabulary_symbols;
    const struct choice_params *params = params_;
    if (measures != NULL) {
        averages_plain(stats, AVERAGES_LOSS, params->alpha, measures->loss_nats);
        averages_plain(stats, AVERAGES_VALUE, params->alpha, measures->value);
    }
    double value = measures == NULL ? 0 : measures->value;
    averages_paid(stats, params->alpha, value, measures != NULL && !isnan(value));
}

/* The average starts at what silence is worth, and silence pulls it there. */
static void leave_one_out_observe(const void *params_, double entropy_floor_nats,
                                  uint32_t vocabulary_symbols,
                                  const struct scorer_measures *measures,
                                  struct scorer_stats *stats)
{
    const struct choice_params *params = params_;
    struct scorer_measures silence = {.loss_nats = NAN, .value = params->unanswered};
    bool answered = measures != NULL && !isnan(measures->value);
    if (stats->queries == 0)
        stats->value = params->unanswered;
    choice_observe(params, entropy_floor_nats, vocabulary_symbols, answered ? measures : &silence,
                   stats);
    stats->answers -= !answered;
}

/* ---- weights --------------------------------------------------------------------------------- */

static size_t choice_weights_scratch_bytes(const void *params, uint32_t uid_count)
{
    (void)params;
    return weights_scratch_bytes(uid_count);
}

static void choice_weights(const void *params_, const struct scorer_limits *limits,
                           const struct scorer_stats *stats, uint32_t uid_count,
                           struct stream *stream, void *scratch, struct scorer_weights *ret_weights)
{
    const struct choice_params *params = params_;
    if (params->weights == CHOICE_TOP)
        weights_top(limits, stats, uid_count, params->unanswered, stream, scratch, ret_weights);
    else
        weights_quantile_and_cap(limits, stats, uid_count, scratch, ret_weights);
}

/* ---- the list -------------------------------------------------------------------------------- */

#define CHOICE_SCORER(name_, table_, needs_, value_, observe_)                                     \
    static void name_##_score(const void *params, const struct scorer_step *step, void *scratch,   \
                              struct scorer_measures *ret_measures, double *ret_pairs)             \
    {                                                                                              \
        score(params, step, scratch, (value_), ret_measures, ret_pairs);                           \
    }                                                                                              \
    const struct scorer_ops scorer_##name_ = {.params = &(table_),                                 \
                                              .needs = (needs_),                                   \
                                              .scratch_bytes = choice_scratch_bytes,               \
                                              .score = name_##_score,                              \
                                              .observe = (observe_),                               \
                                              .weights_scratch_bytes =                             \
                                                  choice_weights_scratch_bytes,                    \
                                              .weights = choice_weights}

#define JOINED (SCORER_NEEDS_LOSSES | SCORER_NEEDS_RESPONSES | SCORER_NEEDS_GATE)

CHOICE_SCORER(leave_one_out, leave_one_out_table, SCORER_NEEDS_LOSSES, value_leave_one_out,
              leave_one_out_observe);
CHOICE_SCORER(masking, masking_table, JOINED, value_leave_one_out, leave_one_out_observe);
CHOICE_SCORER(sampled_shapley, sampled_table, SCORER_NEEDS_LOSSES | SCORER_NEEDS_STREAM,
              value_sampled, choice_observe);
CHOICE_SCORER(gate, gate_table, SCORER_NEEDS_LOSSES | SCORER_NEEDS_GATE, value_gate,
              choice_observe);
CHOICE_SCORER(fisher_rowsum, rowsum_table, JOINED, value_rowsum, choice_observe);
CHOICE_SCORER(fisher_diag, diag_table, JOINED, value_diag, choice_observe);
CHOICE_SCORER(fisher_full, full_table, JOINED, value_full, choice_observe);
CHOICE_SCORER(prompting, prompting_table, SCORER_NEEDS_LOSSES, value_prompting, choice_observe);
