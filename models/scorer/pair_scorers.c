#include "scorer/pair_scorers.h"

#include "scorer/averages.h"
#include "scorer/divergence.h"
#include "scorer/pairs.h"
#include "scorer/scaling.h"
#include "scorer/weights.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const char *const era_choices[] = {"e4", "e4-3.3", "e5", "e6", NULL};
static const char *const map_choices[] = {"raw", "affine", NULL};

#define FIELD(field_) offsetof(struct pair_params, field_)
#define COMMON_KEYS                                                                                \
    {"era",                                                                                        \
     PARAM_ENUM,                                                                                   \
     FIELD(era),                                                                                   \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "e6",                                                                                         \
     era_choices,                                                                                  \
     "release of the historic validator that is followed: e4 v3.0, e4-3.3 v3.3.3, e5 v3.4-3.5, "   \
     "e6 v3.6-4.0"},                                                                               \
        {"loss_map",                                                                               \
         PARAM_ENUM,                                                                               \
         FIELD(loss_map),                                                                          \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "affine",                                                                                 \
         map_choices,                                                                              \
         "raw: losses as they are; affine: from the text's floor and ln V to 1.69 and 10.82 "      \
         "nats"},                                                                                  \
        {"power", PARAM_REAL, FIELD(power), "0",                                                   \
         "10",    "0.5",      NULL,         "power of the scaling law in a peer's base value"},    \
    {                                                                                              \
        "alpha", PARAM_REAL, FIELD(alpha), "0", "1", "0.1", NULL,                                  \
            "weight of the newest step in the running averages"                                    \
    }
#define SYNERGY_KEY                                                                                \
    {                                                                                              \
        "synergy_power", PARAM_REAL, FIELD(synergy_power), "0", "10", "0.5", NULL,                 \
            "power of the scaling law in the synergy of pairs"                                     \
    }

static const struct param_key loss_keys[] = {COMMON_KEYS};
static const struct param_key shapley_keys[] = {COMMON_KEYS, SYNERGY_KEY};
static const struct param_key divergence_keys[] = {
    COMMON_KEYS,
    SYNERGY_KEY,
    {"divergence", PARAM_REAL, FIELD(divergence), "0", "1000", "0.02", NULL,
     "the value is divided by 1 + this x the running average of the excess divergence"}};

static const struct param_table loss_table =
    PARAM_TABLE("loss", struct pair_params, loss_keys, "each peer's own loss, by the scaling law");
static const struct param_table shapley_table =
    PARAM_TABLE("shapley", struct pair_params, shapley_keys,
                "own loss and what each pair adds, by the scaling law (validators v3.0-v4.0)");
static const struct param_table divergence_table =
    PARAM_TABLE("divergence", struct pair_params, divergence_keys,
                "shapley, divided for peers whose distributions are outliers (v3.6.1 and later)");

/* ---- scratch --------------------------------------------------------------------------------- */

/* K peers of which the first `count` entries describe those that answered. */
struct workspace {
    uint32_t *peers;  /* (K) their index among those asked */
    double *half;     /* (K, stride) */
    double *mean;     /* (K) mean loss */
    double *value;    /* (K) N(mean)^synergy_power */
    double *pair;     /* (K) losses of one peer's pairs */
    double *excess;   /* (K) */
    double *distance; /* divergence's own */
};

static size_t doubles_needed(uint32_t peers, uint32_t rows, uint32_t symbols)
{
    return peers * (pairs_stride(rows) + 4) + divergence_scratch_count(peers, symbols);
}

static size_t pair_scratch_bytes(const void *params, uint32_t peer_count, uint32_t row_count,
                                 uint32_t vocabulary_symbols, uint32_t response_width)
{
    (void)params, (void)response_width;
    return doubles_needed(peer_count, row_count, vocabulary_symbols) * sizeof(double) +
           peer_count * sizeof(uint32_t);
}

static struct workspace workspace_at(void *scratch, const struct scorer_step *step)
{
    uint32_t peers = step->peer_count;
    struct workspace space = {.half = scratch};
    space.mean = space.half + peers * pairs_stride(step->row_count);
    space.value = space.mean + peers;
    space.pair = space.value + peers;
    space.excess = space.pair + peers;
    space.distance = space.excess + peers;
    space.peers =
        (uint32_t *)(space.distance + divergence_scratch_count(peers, step->vocabulary_symbols));
    return space;
}

/* ---- score ----------------------------------------------------------------------------------- */

static uint32_t answered_peers(const struct scorer_step *step, uint32_t *ret_peers)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < step->peer_count; k++)
        if (step->answered[k])
            ret_peers[count++] = k;
    return count;
}

static void score_alone(const struct pair_params *params, const struct workspace *space,
                        uint32_t count, const struct scaling *scaling,
                        struct scorer_measures *ret_measures)
{
    for (uint32_t i = 0; i < count; i++) {
        double base = scaling_value(scaling, space->mean[i], params->power);
        ret_measures[space->peers[i]] = (struct scorer_measures){.loss_nats = space->mean[i],
                                                                 .base = base,
                                                                 .synergy = NAN,
                                                                 .synergy_loss_nats = NAN,
                                                                 .excess = NAN,
                                                                 .value = base};
    }
}

struct pair_share {
    double value, loss_nats;
};

/*
 * Pair (i, j) answers with the mean of both; expected was the better of the two:
 *   share = max(N(measured)^q - N(expected)^q, 0) / 2 / R, R the number of answers.
 * N falls with the loss, so N(expected) is the larger of the two peers' own.  Before v3.3.3 there
 * was no division by R.
 */
static struct pair_share share_of(const struct workspace *space, uint32_t i, uint32_t j,
                                  double measured_nats, const struct scaling *scaling, double power,
                                  double divisor)
{
    double expected_nats = fmin(space->mean[i], space->mean[j]);
    if (!(measured_nats < expected_nats))
        return (struct pair_share){0, 0};
    double gain =
        scaling_value(scaling, measured_nats, power) - fmax(space->value[i], space->value[j]);
    return (struct pair_share){fmax(gain, 0) / 2 / divisor,
                               (expected_nats - measured_nats) / 2 / divisor};
}

static void add_share(struct scorer_measures *measures, struct pair_share share)
{
    measures->synergy += share.value;
    measures->synergy_loss_nats += share.loss_nats;
}

static void score_pairs(const struct pair_params *params, const struct scorer_step *step,
                        const struct workspace *space, uint32_t count,
                        const struct scaling *scaling, struct scorer_measures *measures,
                        double *ret_pairs)
{
    double divisor = params->era == SCORER_E4 ? 1 : count;
    for (uint32_t i = 0; i < count; i++) {
        space->value[i] = scaling_value(scaling, space->mean[i], params->synergy_power);
        measures[space->peers[i]].synergy = 0;
        measures[space->peers[i]].synergy_loss_nats = 0;
        if (ret_pairs != NULL)
            ret_pairs[(size_t)space->peers[i] * (step->peer_count + 1)] = space->mean[i];
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        pairs_losses(space->half, step->row_count, i, i + 1, count, space->pair);
        for (uint32_t j = i + 1; j < count; j++) {
            struct pair_share share = share_of(space, i, j, space->pair[j - i - 1], scaling,
                                               params->synergy_power, divisor);
            uint32_t a = space->peers[i], b = space->peers[j];
            add_share(&measures[a], share);
            add_share(&measures[b], share);
            if (ret_pairs == NULL)
                continue;
            ret_pairs[(size_t)a * step->peer_count + b] = share.loss_nats;
            ret_pairs[(size_t)b * step->peer_count + a] = share.loss_nats;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        measures[space->peers[i]].value += measures[space->peers[i]].synergy;
}

static void score_divergence(const struct pair_params *params, const struct scorer_step *step,
                             const struct workspace *space, uint32_t count,
                             struct scorer_measures *measures)
{
    SIM_ASSERT(step->distributions != NULL);
    if (count == 0)
        return;
    divergence_excess(step->distributions, step->distribution_rows, step->vocabulary_symbols,
                      space->peers, count, space->distance, space->excess, NULL, NULL, NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct scorer_measures *m = &measures[space->peers[i]];
        m->excess = space->excess[i];
        m->value /= 1 + params->divergence * m->excess;
    }
}

static void score(const struct pair_params *params, const struct scorer_step *step, void *scratch,
                  bool with_pairs, bool with_divergence, struct scorer_measures *ret_measures,
                  double *ret_pairs)
{
    struct workspace space = workspace_at(scratch, step);
    struct scaling scaling = scaling_make((enum scaling_map)params->loss_map,
                                          step->entropy_floor_nats, step->vocabulary_symbols);
    for (uint32_t k = 0; k < step->peer_count; k++)
        ret_measures[k] = (struct scorer_measures){NAN, NAN, NAN, NAN, NAN, NAN};
    if (ret_pairs != NULL)
        memset(ret_pairs, 0, (size_t)step->peer_count * step->peer_count * sizeof(*ret_pairs));
    uint32_t count = answered_peers(step, space.peers);
    pairs_prepare(step->loss_nats, step->row_count, space.peers, count, space.half, space.mean);
    score_alone(params, &space, count, &scaling, ret_measures);
    if (with_pairs)
        score_pairs(params, step, &space, count, &scaling, ret_measures, ret_pairs);
    if (with_divergence)
        score_divergence(params, step, &space, count, ret_measures);
}

static void loss_score(const void *params, const struct scorer_step *step, void *scratch,
                       struct scorer_measures *ret_measures, double *ret_pairs)
{
    score(params, step, scratch, false, false, ret_measures, ret_pairs);
}

static void shapley_score(const void *params, const struct scorer_step *step, void *scratch,
                          struct scorer_measures *ret_measures, double *ret_pairs)
{
    score(params, step, scratch, true, false, ret_measures, ret_pairs);
}

static void divergence_score(const void *params, const struct scorer_step *step, void *scratch,
                             struct scorer_measures *ret_measures, double *ret_pairs)
{
    score(params, step, scratch, true, true, ret_measures, ret_pairs);
}

/* ---- observe --------------------------------------------------------------------------------- */

/* sh of the step: up to v3.5 the batch's own value, later made of the running averages,
 * (N(loss)^power + synergy) / (1 + lambda x excess); what a scorer does not measure is absent. */
static double shown_value(const struct pair_params *params, const struct scaling *scaling,
                          const struct scorer_measures *measures, const struct scorer_stats *stats)
{
    if (params->era != SCORER_E6)
        return measures->value;
    double value = scaling_value(scaling, stats->loss_nats, params->power);
    if (stats->seen & 1u << AVERAGES_SYNERGY)
        value += stats->synergy;
    if (stats->seen & 1u << AVERAGES_EXCESS)
        value /= 1 + params->divergence * stats->excess;
    return value;
}

static void pair_observe(const void *params_, double entropy_floor_nats,
                         uint32_t vocabulary_symbols, const struct scorer_measures *measures,
                         struct scorer_stats *stats)
{
    const struct pair_params *params = params_;
    if (measures == NULL) {
        averages_paid(stats, params->alpha, 0, false);
        return;
    }
    struct scaling scaling =
        scaling_make((enum scaling_map)params->loss_map, entropy_floor_nats, vocabulary_symbols);
    averages_plain(stats, AVERAGES_LOSS, params->alpha, measures->loss_nats);
    averages_plain(stats, AVERAGES_SYNERGY, params->alpha, measures->synergy);
    averages_plain(stats, AVERAGES_EXCESS, params->alpha, measures->excess);
    double value = shown_value(params, &scaling, measures, stats);
    averages_plain(stats, AVERAGES_VALUE, params->alpha, value);
    averages_paid(stats, params->alpha, value, true);
}

/* ---- weights --------------------------------------------------------------------------------- */

static size_t pair_weights_scratch_bytes(const void *params, uint32_t uid_count)
{
    (void)params;
    return weights_scratch_bytes(uid_count);
}

static void pair_weights(const void *params_, const struct scorer_limits *limits,
                         const struct scorer_stats *stats, uint32_t uid_count,
                         struct stream *stream, void *scratch, struct scorer_weights *ret_weights)
{
    const struct pair_params *params = params_;
    if (params->era == SCORER_E4)
        weights_top(limits, stats, uid_count, 0, stream, scratch, ret_weights);
    else if (params->era == SCORER_E4_3_3)
        weights_responsive_first(limits, stats, uid_count, stream, scratch, ret_weights);
    else
        weights_quantile_and_cap(limits, stats, uid_count, scratch, ret_weights);
}

#define PAIR_SCORER(table_, needs_, score_)                                                        \
    {                                                                                              \
        .params = &(table_), .needs = (needs_), .scratch_bytes = pair_scratch_bytes,               \
        .score = (score_), .observe = pair_observe,                                                \
        .weights_scratch_bytes = pair_weights_scratch_bytes, .weights = pair_weights               \
    }

const struct scorer_ops scorer_loss = PAIR_SCORER(loss_table, SCORER_NEEDS_LOSSES, loss_score);
const struct scorer_ops scorer_shapley =
    PAIR_SCORER(shapley_table, SCORER_NEEDS_LOSSES, shapley_score);
const struct scorer_ops scorer_divergence = PAIR_SCORER(
    divergence_table, SCORER_NEEDS_LOSSES | SCORER_NEEDS_DISTRIBUTIONS, divergence_score);
