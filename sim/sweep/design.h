/*
 * design.h: the points of a study as coordinates in the unit cube, one a parameter.
 *
 * axis.h turns a coordinate into a value.  For grid and zip it is the middle of the value's part of
 * the list; random, lhs, sobol and saltelli have it in [0, 1), morris in [0, 1].
 *
 * Order, which the numbers of points and with them their seeds follow:
 *  - grid: the last parameter changes fastest;
 *  - saltelli: blocks of k + 2 points, one a row of the matrices: A, B, then A with column i from B
 *    for i = 1..k (Saltelli et al. 2010, table 2).  A and B are the first and the last k
 *    coordinates of a Sobol sequence in 2k dimensions;
 *  - morris: blocks of k + 1 points, one a trajectory (Morris 1991): each step changes one
 *    parameter, in random order, by half the levels.  Levels lie at 0, 1/(p-1), ..., 1; for a
 *    distribution without ends they are moved to the middles of p equal parts.
 * More `points` keep the earlier points of all designs but lhs, grid and zip.
 */
#ifndef SWEEP_DESIGN_H
#define SWEEP_DESIGN_H

#include "base/error.h"
#include "sweep/study.h"

#include <stdint.h>

enum { DESIGN_POINTS_MAX = 1000000, DESIGN_SOBOL_MAX = 40 };

struct design {
    size_t point_count;
    size_t axis_count;
    double *unit; /* (point_count, axis_count), owned */
};

/* SIM_CONFIG: the report says what does not fit the design; SIM_MEMORY. */
SIM_CHECKED enum sim_status design_init(struct design *ret_design, const struct study *study,
                                        struct config_report *report, struct sim_error *err);
void design_release(struct design *design);

/* Which parameter the step from point `index` of a trajectory to the next one moved, and by how
 * much of the unit cube's side, with its sign; `index` < k. */
size_t design_morris_moved(const struct design *design, size_t trajectory, size_t index,
                           double *ret_step);

#endif
