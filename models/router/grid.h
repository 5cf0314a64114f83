/*
 * grid.h: the router "grid": experts on a grid of product keys (DMoE, as in hivemind).
 *
 * An expert has one coordinate in each dimension; a linear gate scores each coordinate, and an
 * expert's score is the sum of its coordinates' scores.  The k best that are alive are found by
 * beam search: the best live first coordinates, then dimension by dimension their live successors.
 * uid u stands at (u / side, u mod side), side = the square root of the number of uids, rounded
 * up.
 */
#ifndef ROUTER_GRID_H
#define ROUTER_GRID_H

#include "agent/router.h"

enum { GRID_DIMENSIONS_MAX = 4 };

/* Live experts and their scores. */
struct grid {
    uint32_t dimensions;                 /* 1..GRID_DIMENSIONS_MAX */
    uint32_t sides[GRID_DIMENSIONS_MAX]; /* coordinates of each dimension */
    const double *scores;                /* of dimension 0's coordinates, then 1's, ... */
    uint32_t alive_count;
    const uint32_t *alive; /* (alive_count, dimensions) */
};

/* scores (sum of sides) = weights (sum of sides, width) x + bias. */
void grid_scores(const double *weights, const double *bias, uint32_t count, const double *x,
                 uint32_t width, double *ret);

/* Score of live expert e: the sum over its coordinates. */
double grid_expert_score(const struct grid *grid, uint32_t e);

/*
 * Positions in `alive` of at most k experts, best first (the lower position on ties).  `scratch`
 * holds 2 alive_count + k uint32.  In two dimensions all live experts that the first beam reaches
 * are scored.  The beam may miss one of the k best.
 */
uint32_t grid_beam(const struct grid *grid, uint32_t k, uint32_t *scratch, uint32_t *ret_experts);

struct grid_params {
    double learning_rate;
    double floor_nats;
};

extern const struct router_ops router_grid;

#endif
