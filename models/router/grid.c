#include "router/grid.h"

#include "router/gating.h"

#include <math.h>
#include <string.h>

/* ---- beam search ----------------------------------------------------------------------------- */

void grid_scores(const double *weights, const double *bias, uint32_t count, const double *x,
                 uint32_t width, double *ret)
{
    gating_scores(GATING_LINEAR, weights, bias, count, x, 1, width, ret);
}

/* Sum of the scores of the expert's first `length` coordinates. */
static double prefix_score(const struct grid *grid, uint32_t expert, uint32_t length)
{
    double sum = 0;
    uint32_t first = 0;
    for (uint32_t d = 0; d < length; d++) {
        sum += grid->scores[first + grid->alive[expert * grid->dimensions + d]];
        first += grid->sides[d];
    }
    return sum;
}

double grid_expert_score(const struct grid *grid, uint32_t e)
{
    return prefix_score(grid, e, grid->dimensions);
}

static bool same_prefix(const struct grid *grid, uint32_t a, uint32_t b, uint32_t length)
{
    return memcmp(grid->alive + a * grid->dimensions, grid->alive + b * grid->dimensions,
                  length * sizeof(*grid->alive)) == 0;
}

static bool listed(const struct grid *grid, const uint32_t *experts, uint32_t count,
                   uint32_t expert, uint32_t length)
{
    for (uint32_t i = 0; i < count; i++)
        if (same_prefix(grid, experts[i], expert, length))
            return true;
    return false;
}

/* Every different prefix of length + 1 below the beam, each as the first live expert that has it;
 * a whole expert is its own. */
static uint32_t successors(const struct grid *grid, const uint32_t *beam, uint32_t beam_count,
                           uint32_t length, uint32_t *ret)
{
    bool whole = length + 1 == grid->dimensions;
    uint32_t count = 0;
    for (uint32_t e = 0; e < grid->alive_count; e++) {
        if (!listed(grid, beam, beam_count, e, length))
            continue;
        if (whole || !listed(grid, ret, count, e, length + 1))
            ret[count++] = e;
    }
    return count;
}

/* The k best of `candidates` by prefix score, best first. */
static uint32_t keep_best(const struct grid *grid, const uint32_t *candidates, uint32_t count,
                          uint32_t length, uint32_t k, uint32_t *ret)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        double score = prefix_score(grid, candidates[i], length);
        if (kept == k && !(score > prefix_score(grid, ret[k - 1], length)))
            continue;
        uint32_t place = kept < k ? kept++ : k - 1;
        for (; place > 0 && score > prefix_score(grid, ret[place - 1], length); place--)
            ret[place] = ret[place - 1];
        ret[place] = candidates[i];
    }
    return kept;
}

uint32_t grid_beam(const struct grid *grid, uint32_t k, uint32_t *scratch, uint32_t *ret_experts)
{
    SIM_ASSERT(grid->dimensions >= 1 && grid->dimensions <= GRID_DIMENSIONS_MAX && k > 0);
    if (grid->alive_count == 0)
        return 0;
    uint32_t *candidates = scratch, *beam = scratch + grid->alive_count;
    uint32_t beam_count = 1;
    beam[0] = 0; /* of length 0, which everybody has */
    for (uint32_t length = 0; length < grid->dimensions; length++) {
        uint32_t count = successors(grid, beam, beam_count, length, candidates);
        beam_count = keep_best(grid, candidates, count, length + 1, k, beam);
    }
    memcpy(ret_experts, beam, beam_count * sizeof(*beam));
    return beam_count;
}

/* ---- the router ------------------------------------------------------------------------------ */

#define FIELD(field_) offsetof(struct grid_params, field_)
static const struct param_key keys[] = {
    {"learning_rate", PARAM_REAL, FIELD(learning_rate), "0", "1000", "0.1", NULL,
     "step of gradient descent on the coordinates' gates"},
    {"floor", PARAM_NATS, FIELD(floor_nats), "0 nats", NULL, "1.69 nats", NULL,
     "loss at which an expert's target is 1"},
};
static const struct param_table table =
    PARAM_TABLE("grid", struct grid_params, keys,
                "experts on a two-dimensional grid of product keys, by beam search (DMoE)");

/* Behind the header: weights (2 side, width), bias (2 side), scores (2 side), a mean context
 * (width), then alive (capacity, 2), their uids (capacity) and the search's scratch. */
struct grid_state {
    uint32_t capacity, side, width, reserved;
    double numbers[];
};

static uint32_t side_of(uint32_t uid_capacity)
{
    uint32_t side = 1;
    while ((uint64_t)side * side < uid_capacity)
        side++;
    return side;
}

static size_t number_count(uint32_t side, uint32_t width)
{
    return 2 * (size_t)side * ((size_t)width + 2) + width;
}

static size_t state_bytes(const void *params, uint32_t uid_capacity, uint32_t context_width)
{
    (void)params;
    size_t numbers = number_count(side_of(uid_capacity), context_width);
    size_t integers = 7 * (size_t)uid_capacity + 8;
    return sizeof(struct grid_state) + numbers * sizeof(double) + integers * sizeof(uint32_t);
}

struct grid_view {
    double *weights, *bias, *scores, *context;
    uint32_t *alive, *uids, *chosen, *scratch;
};

static struct grid_view view_of(struct grid_state *state)
{
    size_t coordinates = 2 * (size_t)state->side;
    struct grid_view view = {.weights = state->numbers};
    view.bias = view.weights + coordinates * state->width;
    view.scores = view.bias + coordinates;
    view.context = view.scores + coordinates;
    view.alive = (uint32_t *)(view.context + state->width);
    view.uids = view.alive + 2 * (size_t)state->capacity;
    view.chosen = view.uids + state->capacity;
    view.scratch = view.chosen + state->capacity;
    return view;
}

static void init(const void *params, uint32_t uid_capacity, uint32_t context_width,
                 struct stream *stream, void *memory)
{
    struct grid_state *state = memory;
    memset(memory, 0, state_bytes(params, uid_capacity, context_width));
    *state = (struct grid_state){
        .capacity = uid_capacity, .side = side_of(uid_capacity), .width = context_width};
    double bound = context_width > 0 ? 1 / sqrt(context_width) : 0;
    for (size_t i = 0; i < 2 * (size_t)state->side * context_width; i++)
        state->numbers[i] = bound * (2 * stream_uniform(stream) - 1);
}

/* The mean over the batch decides: one set of peers for all of it. */
static void score_all(const struct grid_state *state, const struct grid_view *view,
                      const double *context, uint32_t rows)
{
    SIM_ASSERT(context != NULL && rows > 0);
    for (uint32_t k = 0; k < state->width; k++) {
        double sum = 0;
        for (uint32_t b = 0; b < rows; b++)
            sum += context[(size_t)b * state->width + k];
        view->context[k] = sum / rows;
    }
    grid_scores(view->weights, view->bias, 2 * state->side, view->context, state->width,
                view->scores);
}

static struct grid grid_of(const struct grid_state *state, const struct grid_view *view)
{
    return (struct grid){.dimensions = 2,
                         .sides = {state->side, state->side},
                         .scores = view->scores,
                         .alive = view->alive};
}

static uint32_t pick(const void *params, void *memory, const struct router_request *request,
                     struct stream *stream, uint32_t *ret_uids, double *ret_gate)
{
    (void)params, (void)stream;
    struct grid_state *state = memory;
    struct grid_view view = view_of(state);
    struct grid grid = grid_of(state, &view);
    SIM_ASSERT(request->uid_count <= state->capacity);
    score_all(state, &view, request->context, request->context_rows);
    for (uint32_t uid = 0; uid < request->uid_count; uid++) {
        if (uid == request->self_uid || (request->excluded != NULL && request->excluded[uid]))
            continue;
        view.alive[2 * grid.alive_count] = uid / state->side;
        view.alive[2 * grid.alive_count + 1] = uid % state->side;
        view.uids[grid.alive_count++] = uid;
    }
    uint32_t wanted =
        request->peer_count_max < state->capacity ? request->peer_count_max : state->capacity;
    uint32_t count = grid_beam(&grid, wanted, view.scratch, view.chosen);
    for (uint32_t i = 0; i < count; i++) {
        ret_uids[i] = view.uids[view.chosen[i]];
        if (ret_gate != NULL)
            ret_gate[i] = grid_expert_score(&grid, view.chosen[i]);
    }
    return count;
}

/* One coordinate's gate moves against the gradient `slope` of the loss by its score. */
static void descend(const struct grid_state *state, const struct grid_view *view,
                    uint32_t coordinate, double step)
{
    for (uint32_t k = 0; k < state->width; k++)
        view->weights[(size_t)coordinate * state->width + k] -= step * view->context[k];
    view->bias[coordinate] -= step;
}

/* Gradient of (sigmoid(score) - exp(-max(loss - floor, 0)))^2, for each that answered. */
static void learn(const void *params_, void *memory, const struct router_feedback *feedback)
{
    const struct grid_params *params = params_;
    struct grid_state *state = memory;
    struct grid_view view = view_of(state);
    score_all(state, &view, feedback->context, feedback->context_rows);
    for (uint32_t i = 0; i < feedback->peer_count; i++) {
        if (!feedback->answered[i] || isnan(feedback->loss_nats[i]))
            continue;
        uint32_t row = feedback->uids[i] / state->side;
        uint32_t column = state->side + feedback->uids[i] % state->side;
        double open = 1 / (1 + exp(-(view.scores[row] + view.scores[column])));
        double gradient;
        gating_routing_loss(&open, &feedback->loss_nats[i], 1, params->floor_nats, NULL, &gradient);
        double step = params->learning_rate * gradient * open * (1 - open);
        descend(state, &view, row, step);
        descend(state, &view, column, step);
    }
}

const struct router_ops router_grid = {.params = &table,
                                       .uses_context = true,
                                       .state_bytes = state_bytes,
                                       .init = init,
                                       .pick = pick,
                                       .learn = learn};
