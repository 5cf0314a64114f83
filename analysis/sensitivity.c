#include "analysis/sensitivity.h"

#include <math.h>
#include <stdlib.h>

/* Which number of which parameter; the context of the statistic. */
struct index {
    const double *outputs; /* (rows, width) blocks without NaN, or effects */
    size_t width, column;
    enum { INDEX_FIRST, INDEX_TOTAL, INDEX_MEAN, INDEX_MEAN_ABS, INDEX_SD } kind;
};

/* ---- variance shares */

static double share_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct index *index = context;
    double sum = 0, squares = 0, mean = 0;
    for (size_t r = 0; r < count; r++) {
        const double *block = index->outputs + rows[r] * index->width;
        mean += block[0] + block[1];
    }
    mean /= 2 * (double)count;
    for (size_t r = 0; r < count; r++) {
        const double *block = index->outputs + rows[r] * index->width;
        double a = block[0] - mean, b = block[1] - mean, ab = block[2 + index->column] - mean;
        sum += index->kind == INDEX_FIRST ? b * (ab - a) : (a - ab) * (a - ab) / 2;
        squares += a * a + b * b;
    }
    return squares > 0 ? 2 * sum / squares : NAN;
}

/* Copies the blocks that are whole and returns how many. */
static size_t whole_blocks(const double *outputs, size_t block_count, size_t width, double *ret)
{
    size_t kept = 0;
    for (size_t b = 0; b < block_count; b++) {
        bool whole = true;
        for (size_t i = 0; i < width; i++) {
            ret[kept * width + i] = outputs[b * width + i];
            whole &= !isnan(outputs[b * width + i]);
        }
        kept += whole;
    }
    return kept;
}

static enum sim_status interval_of(metrics_statistic *statistic, struct index *index, size_t count,
                                   size_t resamples, double level, struct stream *stream,
                                   struct metrics_interval *ret_interval, struct sim_error *err)
{
    if (count == 0) {
        *ret_interval = (struct metrics_interval){NAN, NAN, NAN};
        return SIM_OK;
    }
    return metrics_bootstrap(statistic, index, count, resamples, level, stream, ret_interval, err);
}

enum sim_status sensitivity_saltelli(const double *outputs, size_t block_count, size_t k,
                                     size_t resamples, double level, struct stream *stream,
                                     struct sensitivity_shares *shares, struct sim_error *err)
{
    size_t width = k + 2;
    double *blocks = malloc((block_count * width + 1) * sizeof(*blocks));
    if (blocks == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu outputs", block_count * width);
    size_t count = whole_blocks(outputs, block_count, width, blocks);
    struct index index = {.outputs = blocks, .width = width};
    enum sim_status status = SIM_OK;
    for (index.column = 0; index.column < k && status == SIM_OK; index.column++) {
        index.kind = INDEX_FIRST;
        status = interval_of(share_statistic, &index, count, resamples, level, stream,
                             &shares->first[index.column], err);
        index.kind = INDEX_TOTAL;
        if (status == SIM_OK)
            status = interval_of(share_statistic, &index, count, resamples, level, stream,
                                 &shares->total[index.column], err);
    }
    free(blocks);
    return status;
}

/* ---- elementary effects */

static double effect_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct index *index = context;
    double sum = 0, sum_abs = 0, squares = 0;
    for (size_t r = 0; r < count; r++) {
        double effect = index->outputs[rows[r] * index->width + index->column];
        sum += effect;
        sum_abs += fabs(effect);
    }
    double mean = sum / (double)count;
    if (index->kind == INDEX_MEAN)
        return mean;
    if (index->kind == INDEX_MEAN_ABS)
        return sum_abs / (double)count;
    for (size_t r = 0; r < count; r++) {
        double effect = index->outputs[rows[r] * index->width + index->column];
        squares += (effect - mean) * (effect - mean);
    }
    return count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
}

/* The effect of each parameter on each trajectory; NaN where an output is. */
static void fill_effects(const double *outputs, const struct design *design, double *ret_effects)
{
    size_t k = design->axis_count, trajectories = design->point_count / (k + 1);
    for (size_t t = 0; t < trajectories; t++) {
        for (size_t i = 0; i < k; i++) {
            double step;
            size_t axis = design_morris_moved(design, t, i, &step);
            double rise = outputs[t * (k + 1) + i + 1] - outputs[t * (k + 1) + i];
            ret_effects[t * k + axis] = rise / step;
        }
    }
}

enum sim_status sensitivity_morris(const double *outputs, const struct design *design,
                                   size_t resamples, double level, struct stream *stream,
                                   struct sensitivity_effects *effects, struct sim_error *err)
{
    size_t k = design->axis_count, trajectories = design->point_count / (k + 1);
    double *all = malloc((trajectories * k + 1) * sizeof(*all));
    double *whole = malloc((trajectories * k + 1) * sizeof(*whole));
    enum sim_status status = SIM_OK;
    if (all == NULL || whole == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu effects", trajectories * k);
    size_t count = 0;
    if (status == SIM_OK) {
        fill_effects(outputs, design, all);
        count = whole_blocks(all, trajectories, k, whole);
    }
    struct index index = {.outputs = whole, .width = k};
    for (; index.column < k && status == SIM_OK; index.column++) {
        struct metrics_interval *const to[] = {&effects->mean[index.column],
                                               &effects->mean_abs[index.column],
                                               &effects->sd[index.column]};
        for (int i = 0; i < 3 && status == SIM_OK; i++) {
            index.kind = INDEX_MEAN + i;
            status =
                interval_of(effect_statistic, &index, count, resamples, level, stream, to[i], err);
        }
    }
    free(all);
    free(whole);
    return status;
}
