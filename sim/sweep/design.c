#include "sweep/design.h"

#include "base/stream.h"

#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum sim_status refuse(const struct study *study, struct config_report *report,
                              const struct node *node, struct sim_error *err, const char *what)
{
    if (report != NULL)
        study_complain(study, report, node, "%s", what);
    return SIM_FAIL(err, SIM_CONFIG, "the study '%s' is not valid", study->path);
}

/* ---- how many */

static bool is_sampled(const struct study *study)
{
    return study->params.design != STUDY_GRID && study->params.design != STUDY_ZIP;
}

static enum sim_status check_levels(const struct study *study, struct config_report *report,
                                    struct sim_error *err)
{
    for (size_t a = 0; a < study->axis_count; a++) {
        const struct axis *axis = &study->axes[a];
        if (axis->shape != AXIS_LIST)
            return refuse(study, report, axis->node, err,
                          "grid and zip need values: a list, a 'step' or an 'n'");
        if (study->params.design == STUDY_ZIP && axis->count != study->axes[0].count)
            return refuse(study, report, axis->node, err,
                          "zip needs as many values here as of the first parameter");
    }
    return SIM_OK;
}

static enum sim_status count_points(const struct study *study, size_t *ret_count,
                                    struct config_report *report, struct sim_error *err)
{
    const struct node *root = document_root(study->document);
    size_t k = study->axis_count, count = study->params.points;
    enum sim_status status = is_sampled(study) ? SIM_OK : check_levels(study, report, err);
    if (status != SIM_OK)
        return status;
    if (study->params.design == STUDY_SALTELLI)
        count *= k + 2;
    if (study->params.design == STUDY_MORRIS)
        count *= k + 1;
    if (study->params.design == STUDY_ZIP)
        count = study->axes[0].count;
    if (study->params.design == STUDY_GRID)
        count = 1;
    for (size_t a = 0; a < k && study->params.design == STUDY_GRID; a++)
        if (count <= DESIGN_POINTS_MAX)
            count *= study->axes[a].count;
    size_t dimensions = study->params.design == STUDY_SALTELLI ? 2 * k : k;
    bool sobol = study->params.design == STUDY_SOBOL || study->params.design == STUDY_SALTELLI;
    if (sobol && dimensions > DESIGN_SOBOL_MAX)
        return refuse(study, report, document_find(root, "params"), err,
                      "the Sobol sequence has 40 dimensions: 40 parameters, or 20 in saltelli");
    if (count > DESIGN_POINTS_MAX / study->params.replicates)
        return refuse(study, report, root, err, "more than 1000000 runs");
    *ret_count = count;
    return SIM_OK;
}

/* ---- where */

static void fill_levels(struct design *design, const struct study *study)
{
    for (size_t p = 0; p < design->point_count; p++) {
        size_t rest = p;
        for (size_t a = design->axis_count; a-- > 0;) {
            size_t count = study->axes[a].count;
            size_t index = study->params.design == STUDY_ZIP ? p : rest % count;
            rest /= count;
            design->unit[p * design->axis_count + a] = ((double)index + 0.5) / (double)count;
        }
    }
}

/* A stream a point, so that more points move no other. */
static void fill_random(struct design *design, const struct study *study)
{
    for (size_t p = 0; p < design->point_count; p++) {
        struct stream stream;
        stream_init(&stream, study->params.seed, STREAM_SWEEP, stream_entity("random", p), 0);
        for (size_t a = 0; a < design->axis_count; a++)
            design->unit[p * design->axis_count + a] = stream_uniform(&stream);
    }
}

static bool fill_lhs(struct design *design, const struct study *study)
{
    size_t n = design->point_count;
    size_t *order = calloc(n, sizeof(*order));
    if (order == NULL)
        return false;
    for (size_t a = 0; a < design->axis_count; a++) {
        struct stream stream;
        stream_init(&stream, study->params.seed, STREAM_SWEEP, stream_entity("lhs", a), 0);
        for (size_t p = 0; p < n; p++)
            order[p] = p;
        gsl_ran_shuffle(&stream.rng, order, n, sizeof(*order));
        for (size_t p = 0; p < n; p++)
            design->unit[p * design->axis_count + a] =
                ((double)order[p] + stream_uniform(&stream)) / (double)n;
    }
    free(order);
    return true;
}

/* The next point of the sequence, moved by `shift` around the unit cube. */
static void next_sobol(const gsl_qrng *sequence, const double *shift, size_t dimensions,
                       double *row)
{
    gsl_qrng_get(sequence, row);
    for (size_t d = 0; d < dimensions; d++) {
        row[d] += shift[d];
        row[d] -= floor(row[d]);
    }
}

/* One row of A and B becomes the k + 2 points of its block. */
static void spread_row(const double *row, size_t k, double *block)
{
    memcpy(block, row, k * sizeof(*row));
    memcpy(block + k, row + k, k * sizeof(*row));
    for (size_t i = 0; i < k; i++) {
        memcpy(block + (i + 2) * k, row, k * sizeof(*row));
        block[(i + 2) * k + i] = row[k + i];
    }
}

static bool fill_sobol(struct design *design, const struct study *study)
{
    bool saltelli = study->params.design == STUDY_SALTELLI;
    size_t k = design->axis_count, dimensions = saltelli ? 2 * k : k;
    size_t block = saltelli ? (k + 2) * k : k;
    double row[DESIGN_SOBOL_MAX], shift[DESIGN_SOBOL_MAX] = {0};
    SIM_ASSERT(dimensions <= DESIGN_SOBOL_MAX);
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dimensions);
    if (sequence == NULL)
        return false;
    struct stream stream;
    stream_init(&stream, study->params.seed, STREAM_SWEEP, stream_entity("shift", 0), 0);
    for (size_t d = 0; d < dimensions && study->params.shift; d++)
        shift[d] = stream_uniform(&stream);
    for (size_t n = 0; n < study->params.points; n++) {
        next_sobol(sequence, shift, dimensions, row);
        if (saltelli)
            spread_row(row, k, design->unit + n * block);
        else
            memcpy(design->unit + n * block, row, k * sizeof(*row));
    }
    gsl_qrng_free(sequence);
    return true;
}

/* ---- morris */

static bool has_ends(const struct axis *axis)
{
    return axis->shape <= AXIS_LOG;
}

/* Starts in the half from which a step of half the levels stays inside, in one direction. */
static void fill_trajectory(struct design *design, const struct study *study, size_t trajectory,
                            size_t *order, uint32_t *level)
{
    size_t k = design->axis_count;
    uint32_t levels = study->params.levels, half = levels / 2;
    double *at = design->unit + trajectory * (k + 1) * k;
    struct stream stream;
    stream_init(&stream, study->params.seed, STREAM_SWEEP, stream_entity("morris", trajectory), 0);
    for (size_t a = 0; a < k; a++) {
        order[a] = a;
        level[a] = (uint32_t)stream_below(&stream, levels);
    }
    gsl_ran_shuffle(&stream.rng, order, k, sizeof(*order));
    for (size_t step = 0; step <= k; step++) {
        for (size_t a = 0; a < k; a++)
            at[step * k + a] = has_ends(&study->axes[a])
                                   ? (double)level[a] / (double)(levels - 1)
                                   : ((double)level[a] + 0.5) / (double)levels;
        if (step < k)
            level[order[step]] += level[order[step]] < half ? half : -half;
    }
}

static bool fill_morris(struct design *design, const struct study *study)
{
    size_t *order = calloc(design->axis_count, sizeof(*order));
    uint32_t *level = calloc(design->axis_count, sizeof(*level));
    bool good = order != NULL && level != NULL;
    for (size_t t = 0; t < study->params.points && good; t++)
        fill_trajectory(design, study, t, order, level);
    free(order);
    free(level);
    return good;
}

size_t design_morris_moved(const struct design *design, size_t trajectory, size_t index,
                           double *ret_step)
{
    size_t k = design->axis_count;
    const double *before = design->unit + (trajectory * (k + 1) + index) * k, *after = before + k;
    for (size_t a = 0; a < k; a++) {
        if (before[a] == after[a])
            continue;
        *ret_step = after[a] - before[a];
        return a;
    }
    sim_assert_failed("a step moves a parameter", __FILE__, __LINE__);
}

/* ---- together */

enum sim_status design_init(struct design *ret_design, const struct study *study,
                            struct config_report *report, struct sim_error *err)
{
    struct design design = {.axis_count = study->axis_count};
    enum sim_status status = count_points(study, &design.point_count, report, err);
    if (status != SIM_OK)
        return status;
    design.unit = calloc(design.point_count * design.axis_count + 1, sizeof(*design.unit));
    bool good = design.unit != NULL;
    switch ((enum study_design)study->params.design) {
    case STUDY_GRID:
    case STUDY_ZIP:
        if (good)
            fill_levels(&design, study);
        break;
    case STUDY_RANDOM:
        if (good)
            fill_random(&design, study);
        break;
    case STUDY_LHS:
        good = good && fill_lhs(&design, study);
        break;
    case STUDY_SOBOL:
    case STUDY_SALTELLI:
        good = good && fill_sobol(&design, study);
        break;
    case STUDY_MORRIS:
        good = good && fill_morris(&design, study);
        break;
    }
    if (!good) {
        design_release(&design);
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu points", design.point_count);
    }
    *ret_design = design;
    return SIM_OK;
}

void design_release(struct design *design)
{
    free(design->unit);
    design->unit = NULL;
}
