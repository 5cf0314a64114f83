/*
 * Scaling law, pairs, divergence, running averages, weights: models/scorer through its operations.
 */
#include "golden/golden_neuron.h"

#include "router/gating.h"
#include "scorer/choice_scorers.h"
#include "scorer/divergence.h"
#include "scorer/pair_scorers.h"
#include "scorer/pairs.h"
#include "scorer/scaling.h"
#include "scorer/weights.h"

#include <math.h>
#include <string.h>

static void run_scaling_law(struct neuron_case *c)
{
    struct scaling raw = scaling_make(SCALING_RAW, 0, 2);
    double loss_nats = neuron_input(c, "loss");
    neuron_compare_one(c, "num_params", scaling_value(&raw, loss_nats, 1));
    neuron_compare_one(c, "pow_params", scaling_value(&raw, loss_nats, neuron_input(c, "power")));
}

/* One step through a scorer; every peer answers. */
struct scored {
    uint32_t peers;
    struct scorer_measures *measures;
    double *pairs;
};

static struct scored score(struct neuron_case *c, const struct scorer_ops *ops, const void *params,
                           struct scorer_step step)
{
    uint32_t peers = step.peer_count;
    uint8_t *answered = neuron_memory(c, peers, 1);
    memset(answered, 1, peers);
    step.answered = answered;
    struct scored scored = {.peers = peers,
                            .measures = neuron_memory(c, peers, sizeof(*scored.measures)),
                            .pairs = neuron_memory(c, (size_t)peers * peers, sizeof(double))};
    size_t bytes = scorer_scratch_bytes(ops, params, peers, step.row_count, step.vocabulary_symbols,
                                        step.response_width);
    scorer_score(ops, params, &step, neuron_memory(c, bytes, 1), scored.measures, scored.pairs);
    return scored;
}

static void compare_measure(struct neuron_case *c, const char *name, const struct scored *scored,
                            size_t offset)
{
    double *column = neuron_memory(c, scored->peers, sizeof(*column));
    for (uint32_t k = 0; k < scored->peers; k++)
        memcpy(&column[k], (const char *)&scored->measures[k] + offset, sizeof(double));
    neuron_compare(c, name, column, scored->peers);
}
#define COMPARE_MEASURE(c, name, scored, field)                                                    \
    compare_measure((c), (name), (scored), offsetof(struct scorer_measures, field))

static void run_shapley_next(struct neuron_case *c)
{
    const struct json_value *losses = json_get(c->in, "losses");
    struct pair_params params = {.era = SCORER_E5,
                                 .loss_map = SCALING_RAW,
                                 .power = neuron_input(c, "scaling_law_power"),
                                 .synergy_power = neuron_input(c, "synergy_scaling_law_power"),
                                 .alpha = 0.1};
    struct scorer_step step = {.peer_count = (uint32_t)json_count(losses),
                               .row_count = (uint32_t)json_count(json_item(losses, 0)),
                               .vocabulary_symbols = 2,
                               .loss_nats = neuron_reals(c, losses, NULL)};
    struct scored scored = score(c, &scorer_shapley, &params, step);
    COMPARE_MEASURE(c, "loss", &scored, loss_nats);
    COMPARE_MEASURE(c, "base_params", &scored, base);
    COMPARE_MEASURE(c, "synergy", &scored, synergy);
    COMPARE_MEASURE(c, "synergy_loss_diff", &scored, synergy_loss_nats);
    COMPARE_MEASURE(c, "shapley_batch", &scored, value);
    neuron_compare(c, "pair_loss_diff", scored.pairs, (size_t)scored.peers * scored.peers);
}

/* -ln softmax(logits)[target] of each row. */
static void row_losses(const double *logits, const uint32_t *targets, size_t rows, size_t symbols,
                       double *ret)
{
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * symbols;
        double sum = 0;
        for (size_t v = 0; v < symbols; v++)
            sum += exp(z[v] - z[targets[r]]);
        ret[r] = log(sum);
    }
}

static void run_synergy_causallm(struct neuron_case *c)
{
    size_t numbers, rows;
    const double *a = neuron_reals(c, json_get(c->in, "logits_a"), &numbers);
    const double *b = neuron_reals(c, json_get(c->in, "logits_b"), NULL);
    const uint32_t *targets = neuron_indices(c, json_get(c->in, "targets"), &rows);
    uint32_t answers = neuron_index(c, json_get(c->in, "n_responsive"));
    double power = neuron_input(c, "power");
    /* Peers beyond the pair find every target impossible: they change R and no more. */
    double *losses = neuron_memory(c, answers * rows, sizeof(*losses));
    row_losses(a, targets, rows, numbers / rows, losses);
    row_losses(b, targets, rows, numbers / rows, losses + rows);
    for (size_t i = 2 * rows; i < answers * rows; i++)
        losses[i] = 600;
    struct pair_params params = {.era = SCORER_E5,
                                 .loss_map = SCALING_RAW,
                                 .power = power,
                                 .synergy_power = power,
                                 .alpha = 0.1};
    struct scorer_step step = {.peer_count = answers,
                               .row_count = (uint32_t)rows,
                               .vocabulary_symbols = 2,
                               .loss_nats = losses};
    const uint32_t both[] = {0, 1};
    double *half = neuron_memory(c, 2 * pairs_stride((uint32_t)rows), sizeof(double));
    double mean[2], measured;
    pairs_prepare(losses, (uint32_t)rows, both, 2, half, mean);
    pairs_losses(half, (uint32_t)rows, 0, 1, 2, &measured);
    neuron_compare_one(c, "measured", measured);

    struct scored scored = score(c, &scorer_shapley, &params, step);
    double loss_a = scored.measures[0].loss_nats, loss_b = scored.measures[1].loss_nats;
    neuron_compare_one(c, "loss_a", loss_a);
    neuron_compare_one(c, "loss_b", loss_b);
    neuron_compare_one(c, "expected_loss", fmin(loss_a, loss_b));
    neuron_compare_one(c, "synergy_share", scored.measures[0].synergy);
}

static void run_logits_divergence(struct neuron_case *c)
{
    const struct json_value *probs = json_get(c->in, "probs");
    uint32_t peers = (uint32_t)json_count(probs);
    uint32_t rows = (uint32_t)json_count(json_item(probs, 0));
    size_t numbers;
    const double *distributions = neuron_reals(c, probs, &numbers);
    uint32_t symbols = (uint32_t)(numbers / peers / rows);

    struct pair_params params = {.era = SCORER_E6,
                                 .loss_map = SCALING_RAW,
                                 .power = 0.5,
                                 .synergy_power = 0.5,
                                 .alpha = 0.1,
                                 .divergence = 1};
    struct scorer_step step = {.peer_count = peers,
                               .row_count = 1,
                               .vocabulary_symbols = symbols,
                               .loss_nats = neuron_memory(c, peers, sizeof(double)),
                               .distribution_rows = rows,
                               .distributions = distributions};
    struct scored scored = score(c, &scorer_divergence, &params, step);
    COMPARE_MEASURE(c, "excess", &scored, excess);

    /* What lies between is compared through the function that the scorer calls. */
    uint32_t *all = neuron_memory(c, peers, sizeof(*all));
    for (uint32_t k = 0; k < peers; k++)
        all[k] = k;
    double *excess = neuron_memory(c, peers, sizeof(double));
    double *hellinger = neuron_memory(c, (size_t)peers * rows, sizeof(double));
    double *mean = neuron_memory(c, rows, sizeof(double));
    double *std = neuron_memory(c, rows, sizeof(double));
    double *scratch = neuron_memory(c, divergence_scratch_count(peers, symbols), sizeof(double));
    divergence_excess(distributions, rows, symbols, all, peers, scratch, excess, hellinger, mean,
                      std);
    neuron_compare(c, "hellinger", hellinger, (size_t)peers * rows);
    neuron_compare(c, "mean", mean, rows);
    neuron_compare(c, "std_unbiased", std, rows);
}

/* A member of one history entry; absent, or null, before anything was seen. */
static void compare_history(struct neuron_case *c, const struct json_value *entry, const char *name,
                            double got)
{
    const struct json_value *expected = json_get(entry, name);
    if (expected != NULL && expected->kind != JSON_NULL)
        neuron_compare_value(c, name, expected, &got, 1);
}

static double observed(struct neuron_case *c, const struct json_value *entry, const char *name)
{
    const struct json_value *value = json_get(entry, name);
    return value == NULL || value->kind == JSON_NULL ? (double)NAN : neuron_real(c, value);
}

static void run_peer_stats_ema(struct neuron_case *c)
{
    struct pair_params params = {.era = SCORER_E6,
                                 .loss_map = SCALING_RAW,
                                 .power = neuron_input(c, "scaling_law_power"),
                                 .synergy_power = 0.5,
                                 .alpha = neuron_input(c, "alpha"),
                                 .divergence = neuron_input(c, "logits_divergence")};
    const struct json_value *seen = json_get(c->in, "observations_null_is_no_response");
    const struct json_value *history = json_get(c->expected, "history");
    struct scorer_stats stats = {0};
    for (size_t i = 0; i < json_count(seen); i++) {
        const struct json_value *entry = json_item(seen, i), *want = json_item(history, i);
        struct scorer_measures measures = {.loss_nats = observed(c, entry, "loss_nxt"),
                                           .synergy = observed(c, entry, "synergy_nxt"),
                                           .excess = observed(c, entry, "logits_excess_nxt")};
        scorer_observe(&scorer_divergence, &params, 0, 2,
                       entry->kind == JSON_NULL ? NULL : &measures, &stats);
        compare_history(c, want, "loss_nxt", stats.loss_nats);
        compare_history(c, want, "synergy_nxt", stats.synergy);
        compare_history(c, want, "logits_excess_nxt", stats.excess);
        compare_history(c, want, "updates!", stats.queries);
        compare_history(c, want, "shapley_values_nxt!", stats.value);
        compare_history(c, want, "shapley_values_nxt", stats.value_plain);
    }
    neuron_compared(c, "history");
}

static struct scorer_weights weights_room(struct neuron_case *c, size_t count)
{
    return (struct scorer_weights){.uids = neuron_memory(c, count, sizeof(uint32_t)),
                                   .shares = neuron_memory(c, count, sizeof(double)),
                                   .weights_u16 = neuron_memory(c, count, sizeof(uint16_t))};
}

static void run_weights_from_stats(struct neuron_case *c)
{
    size_t count;
    const double *values = neuron_reals(c, json_get(c->in, "stat_zeroed_ema"), &count);
    struct scorer_stats *stats = neuron_memory(c, count, sizeof(*stats));
    for (size_t uid = 0; uid < count; uid++)
        stats[uid] = (struct scorer_stats){.value = values[uid], .queries = 1};
    struct scorer_limits limits = {.min_allowed_weights =
                                       neuron_index(c, json_get(c->in, "min_allowed_weights")),
                                   .max_weight_limit = neuron_input(c, "max_weight_limit"),
                                   .exclude_quantile = neuron_input(c, "exclude_quantile"),
                                   .max_min_ratio = 64};
    struct pair_params params = {.era = SCORER_E6};
    struct scorer_weights weights = weights_room(c, count);
    size_t bytes = scorer_weights_scratch_bytes(&scorer_shapley, &params, (uint32_t)count);
    scorer_weights(&scorer_shapley, &params, &limits, stats, (uint32_t)count, NULL,
                   neuron_memory(c, bytes, 1), &weights);

    double *uids = neuron_memory(c, weights.count, sizeof(double));
    double *emitted = neuron_memory(c, 2 * (size_t)weights.count, sizeof(double));
    for (uint32_t i = 0; i < weights.count; i++) {
        uids[i] = emitted[2 * i] = weights.uids[i];
        emitted[2 * i + 1] = weights.weights_u16[i];
    }
    neuron_compare(c, "uids", uids, weights.count);
    neuron_compare(c, "weights", weights.shares, weights.count);
    neuron_compare(c, "emit_u16", emitted, 2 * (size_t)weights.count);
}

/* The squash alone: every uid is among the top, so weights_top hands all of x to it. */
static void run_normalize_max_multiple(struct neuron_case *c)
{
    size_t count;
    double *x = neuron_reals(c, json_get(c->in, "x"), &count);
    weights_squash(x, (uint32_t)count, neuron_input(c, "multiple"));
    neuron_compare(c, "weights", x, count);
}

/* Rewards are minus losses here; a peer's index among those asked is its place in `queried`. */
static void run_prompting_scores(struct neuron_case *c)
{
    size_t uids, asked, answers;
    const double *ema = neuron_reals(c, json_get(c->in, "ema"), &uids);
    const uint32_t *queried = neuron_indices(c, json_get(c->in, "queried"), &asked);
    const double *rewards = neuron_reals(c, json_get(c->in, "rewards"), &answers);
    struct choice_params params = {.alpha = 1 - neuron_input(c, "alpha"),
                                   .weights = CHOICE_QUANTILE};
    struct scorer_stats *stats = neuron_memory(c, uids, sizeof(*stats));
    for (size_t uid = 0; uid < uids; uid++)
        stats[uid] = (struct scorer_stats){.value = ema[uid], .queries = 1};

    uint8_t *answered = neuron_memory(c, asked, 1);
    double *losses = neuron_memory(c, asked, sizeof(double));
    double largest = 0;
    for (size_t k = 0; k < answers; k++)
        largest = fmax(largest, rewards[k]);
    for (size_t k = 0; k < asked; k++) {
        answered[k] = k < answers;
        losses[k] = k < answers ? largest - rewards[k] : 0;
    }
    struct scorer_step step = {.peer_count = (uint32_t)asked,
                               .row_count = 1,
                               .vocabulary_symbols = 2,
                               .answered = answered,
                               .loss_nats = losses};
    struct scorer_measures *measures = neuron_memory(c, asked, sizeof(*measures));
    size_t bytes = scorer_scratch_bytes(&scorer_prompting, &params, (uint32_t)asked, 1, 2, 0);
    scorer_score(&scorer_prompting, &params, &step, neuron_memory(c, bytes, 1), measures, NULL);
    for (size_t k = 0; k < asked; k++)
        scorer_observe(&scorer_prompting, &params, 0, 2, answered[k] ? &measures[k] : NULL,
                       &stats[queried[k]]);

    double *ema_new = neuron_memory(c, uids, sizeof(double));
    for (size_t uid = 0; uid < uids; uid++)
        ema_new[uid] = stats[uid].value;
    neuron_compare(c, "ema_new", ema_new, uids);

    struct scorer_limits limits = {.min_allowed_weights = 0,
                                   .max_weight_limit = 1,
                                   .exclude_quantile = 0,
                                   .max_min_ratio = 64};
    struct scorer_weights weights = weights_room(c, uids);
    scorer_weights(&scorer_prompting, &params, &limits, stats, (uint32_t)uids, NULL,
                   neuron_memory(c, weights_scratch_bytes((uint32_t)uids), 1), &weights);
    double *raw = neuron_memory(c, uids, sizeof(double));
    for (uint32_t i = 0; i < weights.count; i++)
        raw[weights.uids[i]] = weights.shares[i];
    neuron_compare(c, "raw_weights", raw, uids);

    const double *gate = neuron_reals(c, json_get(c->in, "gate_scores"), NULL);
    double *gradient = neuron_memory(c, 2 * answers, sizeof(double));
    neuron_compare_one(c, "gate_mse",
                       gating_reward_loss(gate, rewards, (uint32_t)answers, gradient));
}

const struct neuron_category neuron_scorer_categories[] = {
    {"scaling_law", run_scaling_law},
    {"shapley_next", run_shapley_next},
    {"synergy_causallm", run_synergy_causallm},
    {"logits_divergence", run_logits_divergence},
    {"peer_stats_ema", run_peer_stats_ema},
    {"weights_from_stats", run_weights_from_stats},
    {"normalize_max_multiple", run_normalize_max_multiple},
    {"prompting_scores", run_prompting_scores},
    {NULL, NULL}};
