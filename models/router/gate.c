#include "router/gate.h"

#include "router/gating.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static const char *const learns_names[] = {"losses", "rewards", NULL};

#define FIELD(field_) offsetof(struct gate_params, field_)
static const struct param_key keys[] = {
    {"learns", PARAM_ENUM, FIELD(learns), NULL, NULL, "losses", learns_names,
     "what gates learn of those that answered: a target from each loss (v3.0-v4.0), or each one's "
     "share of the softmax of rewards, which are minus the losses (v5.0)"},
    {"noise", PARAM_REAL, FIELD(noise), "0", "100", "2", NULL,
     "exploration: normal noise of this many times the scores' standard deviation"},
    {"importance", PARAM_REAL, FIELD(importance), "0", "1000", "0.1", NULL,
     "factor of (std / mean)^2 of the scores in what is minimised: keeps all peers in use"},
    {"learning_rate", PARAM_REAL, FIELD(learning_rate), "0", "1000", "0.1", NULL,
     "step of gradient descent"},
    {"momentum", PARAM_REAL, FIELD(momentum), "0", "1", "0.8", NULL, "of gradient descent"},
    {"clip", PARAM_REAL, FIELD(clip_norm), "0", NULL, "1", NULL,
     "largest norm of one step's gradient; 0 is no limit"},
    {"floor", PARAM_NATS, FIELD(floor_nats), "0 nats", NULL, "1.69 nats", NULL,
     "loss at which a gate's target is 1"},
};
static const struct param_condition conditions[] = {
    {"importance", "learns=losses"},
    {"floor", "learns=losses"},
};
static const struct param_table table = PARAM_TABLE_WHEN(
    "gate", struct gate_params, keys, conditions, "the peers that a learnt gate prefers");

/* Behind the header: weights, bias, their momenta, then scratch of one pick or learning step. */
struct gate_state {
    uint32_t capacity, width;
    double numbers[];
};

struct gate_view {
    double *weights, *weight_moment; /* (capacity, width) */
    double *bias, *bias_moment;      /* (capacity) */
    double *scores, *noisy;          /* (capacity) */
    double *answers;                 /* (4 capacity) scratch of learning from rewards */
    uint8_t *allowed;                /* (capacity) */
};

static size_t state_bytes(const void *params, uint32_t uid_capacity, uint32_t context_width)
{
    (void)params;
    size_t numbers = (size_t)uid_capacity * (2 * (size_t)context_width + 8);
    return sizeof(struct gate_state) + numbers * sizeof(double) + (uid_capacity + 7u) / 8 * 8;
}

static struct gate_view view_of(struct gate_state *state)
{
    size_t n = state->capacity, matrix = n * state->width;
    struct gate_view view = {.weights = state->numbers};
    view.weight_moment = view.weights + matrix;
    view.bias = view.weight_moment + matrix;
    view.bias_moment = view.bias + n;
    view.scores = view.bias_moment + n;
    view.noisy = view.scores + n;
    view.answers = view.noisy + n;
    view.allowed = (uint8_t *)(view.answers + 4 * n);
    return view;
}

/* As a linear layer begins: uniform within 1 / sqrt(width). */
static void init(const void *params, uint32_t uid_capacity, uint32_t context_width,
                 struct stream *stream, void *memory)
{
    struct gate_state *state = memory;
    memset(memory, 0, state_bytes(params, uid_capacity, context_width));
    *state = (struct gate_state){.capacity = uid_capacity, .width = context_width};
    struct gate_view view = view_of(state);
    double bound = context_width > 0 ? 1 / sqrt(context_width) : 0;
    for (size_t i = 0; i < (size_t)uid_capacity * context_width; i++)
        view.weights[i] = bound * (2 * stream_uniform(stream) - 1);
}

static enum gating_form form_of(const struct gate_params *params)
{
    return params->learns == GATE_LEARNS_REWARDS ? GATING_LINEAR : GATING_SIGMOID;
}

static void score_all(const struct gate_params *params, struct gate_state *state,
                      const struct gate_view *view, uint32_t uid_count, const double *context,
                      uint32_t rows)
{
    SIM_ASSERT(uid_count <= state->capacity && context != NULL && rows > 0);
    gating_scores(form_of(params), view->weights, view->bias, uid_count, context, rows,
                  state->width, view->scores);
}

static uint32_t pick(const void *params_, void *memory, const struct router_request *request,
                     struct stream *stream, uint32_t *ret_uids, double *ret_gate)
{
    const struct gate_params *params = params_;
    struct gate_state *state = memory;
    struct gate_view view = view_of(state);
    uint32_t n = request->uid_count;
    score_all(params, state, &view, n, request->context, request->context_rows);
    for (uint32_t u = 0; u < n; u++) {
        view.noisy[u] = gsl_ran_gaussian_ziggurat(&stream->rng, 1);
        view.allowed[u] =
            u != request->self_uid && (request->excluded == NULL || !request->excluded[u]);
    }
    gating_add_noise(view.scores, view.noisy, n, params->noise, view.noisy);
    uint32_t count = gating_top(view.noisy, view.allowed, n, request->peer_count_max, ret_uids);
    for (uint32_t i = 0; ret_gate != NULL && i < count; i++)
        ret_gate[i] = view.scores[ret_uids[i]];
    return count;
}

/* d loss / d score of every peer into view->noisy: of the answered alone. */
static void reward_gradient(const struct gate_view *view, const struct router_feedback *feedback)
{
    uint32_t count = 0, n = feedback->uid_count;
    double *scores = view->answers, *rewards = scores + n, *gradient = rewards + n;
    memset(view->noisy, 0, n * sizeof(*view->noisy));
    for (uint32_t i = 0; i < feedback->peer_count; i++) {
        if (!feedback->answered[i] || isnan(feedback->loss_nats[i]))
            continue;
        scores[count] = view->scores[feedback->uids[i]];
        rewards[count++] = -feedback->loss_nats[i];
    }
    if (count == 0)
        return;
    gating_reward_loss(scores, rewards, count, gradient);
    for (uint32_t i = 0, at = 0; i < feedback->peer_count; i++)
        if (feedback->answered[i] && !isnan(feedback->loss_nats[i]))
            view->noisy[feedback->uids[i]] += gradient[at++];
}

/* The same with the importance of all and the target of each answered. */
static void score_gradient(const struct gate_params *params, const struct gate_view *view,
                           const struct router_feedback *feedback)
{
    memset(view->noisy, 0, feedback->uid_count * sizeof(*view->noisy));
    if (params->importance > 0)
        gating_importance(view->scores, feedback->uid_count, params->importance, view->noisy);
    for (uint32_t i = 0; i < feedback->peer_count; i++) {
        if (!feedback->answered[i] || isnan(feedback->loss_nats[i]))
            continue;
        uint32_t uid = feedback->uids[i];
        double gradient;
        gating_routing_loss(&view->scores[uid], &feedback->loss_nats[i], 1, params->floor_nats,
                            NULL, &gradient);
        view->noisy[uid] += gradient;
    }
}

/* d score / d logit of sequence b, over rows. */
static double logit_slope(const struct gate_params *params, const struct gate_state *state,
                          const struct gate_view *view, uint32_t uid, const double *context,
                          uint32_t rows)
{
    if (form_of(params) == GATING_LINEAR)
        return 1.0 / rows;
    double logit = view->bias[uid];
    for (uint32_t k = 0; k < state->width; k++)
        logit += view->weights[(size_t)uid * state->width + k] * context[k];
    double score = 1 / (1 + exp(-logit));
    return score * (1 - score) / rows;
}

/* Moments take their decay and `scale` times the gradient; with `only_norm` nothing changes. */
static double accumulate(const struct gate_params *params, struct gate_state *state,
                         const struct gate_view *view, const struct router_feedback *feedback,
                         double scale, bool only_norm)
{
    double squares = 0;
    for (uint32_t u = 0; u < feedback->uid_count; u++) {
        double bias_gradient = 0;
        for (uint32_t b = 0; view->noisy[u] != 0 && b < feedback->context_rows; b++) {
            const double *context = feedback->context + (size_t)b * state->width;
            double slope = view->noisy[u] *
                           logit_slope(params, state, view, u, context, feedback->context_rows);
            bias_gradient += slope;
            for (uint32_t k = 0; k < state->width; k++) {
                squares += slope * slope * context[k] * context[k];
                if (!only_norm)
                    view->weight_moment[(size_t)u * state->width + k] += scale * slope * context[k];
            }
        }
        squares += bias_gradient * bias_gradient;
        if (!only_norm)
            view->bias_moment[u] += scale * bias_gradient;
    }
    return sqrt(squares);
}

static void learn(const void *params_, void *memory, const struct router_feedback *feedback)
{
    const struct gate_params *params = params_;
    struct gate_state *state = memory;
    struct gate_view view = view_of(state);
    uint32_t n = feedback->uid_count;
    score_all(params, state, &view, n, feedback->context, feedback->context_rows);
    if (params->learns == GATE_LEARNS_REWARDS)
        reward_gradient(&view, feedback);
    else
        score_gradient(params, &view, feedback);
    double norm = accumulate(params, state, &view, feedback, 0, true);
    bool clip = params->clip_norm > 0 && norm > params->clip_norm;
    if (!isfinite(norm))
        return; /* an importance loss that explodes teaches nothing */
    for (size_t i = 0; i < (size_t)n * state->width; i++)
        view.weight_moment[i] *= params->momentum;
    for (uint32_t u = 0; u < n; u++)
        view.bias_moment[u] *= params->momentum;
    accumulate(params, state, &view, feedback, clip ? params->clip_norm / norm : 1, false);
    for (size_t i = 0; i < (size_t)n * state->width; i++)
        view.weights[i] -= params->learning_rate * view.weight_moment[i];
    for (uint32_t u = 0; u < n; u++)
        view.bias[u] -= params->learning_rate * view.bias_moment[u];
}

/* The newcomer starts from a gate that is half open for every text. */
static void forget(const void *params, void *memory, uint32_t uid)
{
    (void)params;
    struct gate_state *state = memory;
    struct gate_view view = view_of(state);
    size_t row = (size_t)uid * state->width, bytes = state->width * sizeof(double);
    memset(view.weights + row, 0, bytes);
    memset(view.weight_moment + row, 0, bytes);
    view.bias[uid] = view.bias_moment[uid] = 0;
}

const struct router_ops router_gate = {.params = &table,
                                       .uses_context = true,
                                       .state_bytes = state_bytes,
                                       .init = init,
                                       .pick = pick,
                                       .learn = learn,
                                       .forget = forget};
