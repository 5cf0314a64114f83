/*
 * Gates and grids: models/router's arithmetic.
 */
#include "golden/golden_neuron.h"

#include "router/gating.h"
#include "router/grid.h"
#include "scorer/join.h"

#include <string.h>

/* The gates' logits are given: gates of unit weights read them off a context made of them. */
static void run_routing_loss(struct neuron_case *c)
{
    const struct json_value *logits = json_get(c->in, "gate_logits");
    size_t n;
    const double *losses = neuron_reals(c, json_get(c->in, "peer_loss"), &n);
    double *unit = neuron_memory(c, n * n, sizeof(double));
    double *bias = neuron_memory(c, n, sizeof(double));
    double *scores = neuron_memory(c, n, sizeof(double));
    double *target = neuron_memory(c, n, sizeof(double));
    double *gradient = neuron_memory(c, n, sizeof(double));
    double validator_nats = 0;
    for (size_t u = 0; u < n; u++) {
        unit[u * n + u] = 1;
        validator_nats += losses[u];
    }
    gating_scores(GATING_SIGMOID, unit, bias, (uint32_t)n, neuron_reals(c, logits, NULL),
                  (uint32_t)json_count(logits), (uint32_t)n, scores);
    double loss = gating_routing_loss(scores, losses, (uint32_t)n, 1.69, target, gradient);
    neuron_compare(c, "score", scores, n);
    neuron_compare(c, "target", target, n);
    neuron_compare_one(c, "routing_loss", loss);
    neuron_compare(c, "grad_score", gradient, n);
    neuron_compare_one(c, "validator_loss", validator_nats + loss);
}

static void compare_experts(struct neuron_case *c, const char *name, const struct grid *grid,
                            const uint32_t *experts, uint32_t count)
{
    uint32_t d = grid->dimensions;
    double *coordinates = neuron_memory(c, (size_t)count * d, sizeof(double));
    for (uint32_t i = 0; i < count * d; i++)
        coordinates[i] = grid->alive[experts[i / d] * d + i % d];
    neuron_compare(c, name, coordinates, (size_t)count * d);
}

/* Softmax of the scores over those that answered, 0 for the others, and the joined output. */
static void compare_output(struct neuron_case *c, const double *logits, uint32_t count)
{
    size_t numbers;
    const double *outputs = neuron_reals(c, json_get(c->in, "expert_outputs"), &numbers);
    const double *responded = neuron_reals(c, json_get(c->in, "responded"), NULL);
    uint32_t *peers = neuron_memory(c, count, sizeof(*peers));
    double *w = neuron_memory(c, count, sizeof(double));
    double *shares = neuron_memory(c, count, sizeof(double));
    double *weights = neuron_memory(c, count, sizeof(double));
    struct join join = {
        .rows = 1, .width = (uint32_t)(numbers / count), .responses = outputs, .peers = peers};
    for (uint32_t i = 0; i < count; i++) {
        if (responded[i] == 0)
            continue;
        w[join.count] = logits[i];
        peers[join.count++] = i;
    }
    join_softmax(w, join.count, UINT32_MAX, shares);
    for (uint32_t i = 0; i < join.count; i++)
        weights[peers[i]] = shares[i];
    neuron_compare(c, "weights", weights, count);
    double *output = neuron_memory(c, join.width, sizeof(double));
    join_row(&join, shares, 0, output);
    neuron_compare(c, "output", output, join.width);
}

static void run_dmoe_gate(struct neuron_case *c)
{
    size_t dimensions, coordinates, width, numbers;
    const uint32_t *sides = neuron_indices(c, json_get(c->in, "grid"), &dimensions);
    const uint32_t *alive = neuron_indices(c, json_get(c->in, "alive"), &numbers);
    const double *x = neuron_reals(c, json_get(c->in, "x"), &width);
    const double *bias = neuron_reals(c, json_get(c->in, "b"), &coordinates);
    double *scores = neuron_memory(c, coordinates, sizeof(double));
    grid_scores(neuron_reals(c, json_get(c->in, "W"), NULL), bias, (uint32_t)coordinates, x,
                (uint32_t)width, scores);
    struct grid grid = {.dimensions = (uint32_t)dimensions,
                        .scores = scores,
                        .alive_count = (uint32_t)(numbers / dimensions),
                        .alive = alive};
    memcpy(grid.sides, sides, dimensions * sizeof(*sides));

    uint32_t k = neuron_index(c, json_get(c->in, "k_best"));
    uint32_t *scratch = neuron_memory(c, 2 * (size_t)grid.alive_count + k, sizeof(uint32_t));
    uint32_t *chosen = neuron_memory(c, k, sizeof(uint32_t));
    uint32_t count = grid_beam(&grid, k, scratch, chosen);
    compare_experts(c, "chosen", &grid, chosen, count);
    double *logits = neuron_memory(c, count, sizeof(double));
    for (uint32_t i = 0; i < count; i++)
        logits[i] = grid_expert_score(&grid, chosen[i]);
    neuron_compare(c, "logits", logits, count);
    compare_output(c, logits, count);

    /* The exact answer: all live experts ranked. */
    double *all = neuron_memory(c, grid.alive_count, sizeof(double));
    uint32_t *exact = neuron_memory(c, k, sizeof(uint32_t));
    for (uint32_t e = 0; e < grid.alive_count; e++)
        all[e] = grid_expert_score(&grid, e);
    uint32_t exact_count = gating_top(all, NULL, grid.alive_count, k, exact);
    compare_experts(c, "exact_topk", &grid, exact, exact_count);
    bool equal = exact_count == count && memcmp(exact, chosen, count * sizeof(*exact)) == 0;
    neuron_compare_one(c, "beam_equals_exact", equal);
}

const struct neuron_category neuron_router_categories[] = {
    {"routing_loss", run_routing_loss}, {"dmoe_gate", run_dmoe_gate}, {NULL, NULL}};
