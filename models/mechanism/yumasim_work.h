/*
 * yumasim_work.h: what the two halves of one epoch of a research variant share: the front end up to
 * incentives (yumasim_step.c), and bonds and dividends (yumasim_bonds.c).
 *
 * The epoch goes column by column: a server's weights and bonds are spread over all validators,
 * worked on, and gathered again.
 */
#ifndef MECHANISM_YUMASIM_WORK_H
#define MECHANISM_YUMASIM_WORK_H

#include "mechanism/exact_sum.h"
#include "mechanism/yumasim.h"

#define YUMASIM_EPSILON 1e-6

/* Column j is entries start[j] .. start[j+1]-1, rows ascending. */
struct yumasim_columns {
    uint64_t *start; /* (M + 1) */
    uint32_t *row;
    double *value;
};

struct yumasim_work {
    const struct yumasim_variant *variant;
    const struct yumasim_params *params;
    const struct yumasim_input *in;
    struct yumasim_output *out;
    double *share; /* (V) s */
    struct yumasim_columns weights, old_weights, bonds, new_bonds;
    /* One column of all validators (V). */
    double *w;       /* weights as set, normalised by rows */
    double *used;    /* those that ranks and shares are built from: w, or the epoch's before */
    double *clipped; /* used, cut at consensus */
    double *bond, *fresh, *alpha;
    double *server_alpha;          /* (M), liquid alpha by server */
    exact_sum *row_sum, *row_part; /* (V) */
};

/* Rounds what the originals hold in a tensor to that tensor's numbers. */
static inline double yumasim_cut(const struct yumasim_work *work, double x)
{
    return work->params->precision == YUMASIM_SINGLE ? (double)(float)x : x;
}

/* Spreads column j over `ret` (V). */
void yumasim_spread(const struct yumasim_columns *columns, uint32_t j, uint32_t validator_count,
                    double *ret);
/* w, used and clipped of server j. */
void yumasim_weigh(struct yumasim_work *work, uint32_t j);

/* From incentives to bonds and dividends.  `sorted` (M) is working memory. */
void yumasim_bond(struct yumasim_work *work, double *sorted);

#endif
