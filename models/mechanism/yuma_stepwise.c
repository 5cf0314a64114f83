/*
 * The epoch as the chain writes it: one matrix after the other, each operation a function of
 * rows.h.  Slow and clear; it shows every intermediate to a trace and is what the fused epoch is
 * held against.  W weights, C consensus, B bonds, D dividends, as in docs/mechanisms/yuma.md.
 */
#include "mechanism/rows.h"
#include "mechanism/yuma_common.h"
#include "mechanism/yuma_math.h"

#include <string.h>

struct stepwise {
    enum yuma_version version;
    const struct yuma_params *params;
    const struct mechanism_input *input;
    struct mechanism_scratch *scratch;
    const struct mechanism_trace *trace;
    struct yuma_vectors v;
    bool dense;
    struct rows weights;  /* W */
    struct rows clipped;  /* CW */
    struct rows blended;  /* WB: what bonds follow */
    struct rows bonds;    /* B */
    struct rows averaged; /* EB */
    struct rows spare;
    struct rows_dense_row work;
    int64_t *column;  /* (n) working memory */
    uint32_t *member; /* (2n) working memory of the median */
    int64_t *column_alpha;
    bool any_consensus;
};

/* Entries that any of the matrices may hold: a dense one n^2, a joined one both sides. */
static uint64_t entry_bound(const struct yuma_params *params, const struct mechanism_input *input)
{
    uint64_t n = input->neuron_count;
    uint64_t sum = input->weights.start[n] + input->bonds.start[n];
    return params->path == YUMA_PATH_DENSE || sum > n * n ? n * n + sum : sum;
}

enum { STEPWISE_MATRICES = 6 };

size_t yuma_stepwise_scratch_bytes(const struct yuma_params *params,
                                   const struct mechanism_input *input)
{
    size_t n = input->neuron_count, entries = entry_bound(params, input);
    size_t matrix = mechanism_scratch_cost(n + 1, sizeof(uint64_t)) +
                    mechanism_scratch_cost(entries, sizeof(uint32_t)) +
                    mechanism_scratch_cost(entries, sizeof(int64_t));
    return yuma_vectors_cost(input->neuron_count) + STEPWISE_MATRICES * matrix +
           6 * mechanism_scratch_cost(n, sizeof(int64_t));
}

static struct rows take_rows(struct stepwise *s)
{
    uint32_t n = s->v.n;
    uint64_t entries = entry_bound(s->params, s->input);
    return (struct rows){
        .row_count = n,
        .column_count = n,
        .start = mechanism_scratch_zero(s->scratch, n + (size_t)1, sizeof(uint64_t)),
        .column = mechanism_scratch_take(s->scratch, entries, sizeof(uint32_t)),
        .value = mechanism_scratch_take(s->scratch, entries, sizeof(int64_t)),
    };
}

static void take_memory(struct stepwise *s)
{
    uint32_t n = s->input->neuron_count;
    yuma_vectors_take(&s->v, n, s->scratch);
    struct rows *const matrices[STEPWISE_MATRICES] = {&s->weights, &s->clipped,  &s->blended,
                                                      &s->bonds,   &s->averaged, &s->spare};
    for (size_t i = 0; i < STEPWISE_MATRICES; i++)
        *matrices[i] = take_rows(s);
    s->work.a = mechanism_scratch_zero(s->scratch, n, sizeof(int64_t));
    s->work.b = mechanism_scratch_zero(s->scratch, n, sizeof(int64_t));
    s->column = mechanism_scratch_take(s->scratch, n, sizeof(int64_t));
    s->column_alpha = mechanism_scratch_take(s->scratch, n, sizeof(int64_t));
    s->member = mechanism_scratch_take(s->scratch, 2 * (size_t)n, sizeof(uint32_t));
}

/* --------------------------------------------------------------------------------------- trace */

static void trace_rows(const struct stepwise *s, const char *label, const struct rows *x)
{
    if (s->trace == NULL)
        return;
    for (uint32_t i = 0; i < x->row_count; i++)
        s->trace->row(s->trace->context, label, i, (uint32_t)(x->start[i + 1] - x->start[i]),
                      s->dense ? NULL : x->column + x->start[i], x->value + x->start[i]);
}

/* Labels of the two paths and of the year 2023 differ. */
static void trace_vector(const struct stepwise *s, const char *finney, const char *sparse,
                         const char *dense, const int64_t *x)
{
    const char *label = s->dense ? dense : s->version == YUMA_FINNEY_2023 ? finney : sparse;
    if (label != NULL)
        yuma_trace_vector(s->trace, label, s->v.n, x);
}

/* ------------------------------------------------------------------------------------- weights */

static bool keeps_weight(const struct stepwise *s, uint32_t i, uint32_t j)
{
    const struct mechanism_input *in = s->input;
    if (i == j && i != s->v.owner_uid)
        return false;
    if (in->last_update[i] <= in->block_at_registration[j])
        return false;
    bool hides = s->version == YUMA_HEAD_2026 && !s->dense && in->earliest_commit_block != NULL;
    return !hides || in->earliest_commit_block[i] >= in->block_at_registration[j];
}

/* Puts a row of n columns in place of the sparse one. */
static void fill_row(const int64_t *row, uint32_t n, struct rows *ret, uint64_t *count)
{
    for (uint32_t j = 0; j < n; j++) {
        ret->column[*count] = j;
        ret->value[(*count)++] = row[j];
    }
}

/* W: what permitted uids think of others, outdated opinions removed, rows normalised. */
static void read_weights(struct stepwise *s)
{
    const struct mechanism_weights *in = &s->input->weights;
    uint32_t n = s->v.n;
    uint64_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        memset(s->work.a, 0, n * sizeof(*s->work.a));
        for (uint64_t k = in->start[i]; s->v.old_permit[i] && k < in->start[i + 1]; k++) {
            uint32_t j = in->column[k];
            if (j >= n || !keeps_weight(s, i, j))
                continue;
            int64_t value = fixed_from_i64(in->value[k]);
            if (s->dense) {
                s->work.a[j] = value;
            } else {
                s->weights.column[count] = j;
                s->weights.value[count++] = value;
            }
        }
        if (s->dense)
            fill_row(s->work.a, n, &s->weights, &count);
        s->weights.start[i + 1] = count;
    }
    memset(s->work.a, 0, n * sizeof(*s->work.a));
    rows_normalize_rows(&s->weights);
    if (s->version == YUMA_HEAD_2026)
        trace_rows(s, s->dense ? "W (mask+norm)" : "Weights (mask+norm)", &s->weights);
}

/* C: the stake-weighted median of each column, over those with a positive vote. */
static void find_consensus(struct stepwise *s)
{
    struct yuma_vectors *v = &s->v;
    uint32_t n = v->n, *member = s->member, voters = 0;
    int64_t *stake = s->column, *score = s->work.a;
    for (uint32_t i = 0; i < n; i++)
        if (v->median_stake[i] > 0)
            stake[voters++] = v->median_stake[i];
    int64_t stake_sum = fixed_sum(stake, voters);
    int64_t minority = fixed_sub(stake_sum, fixed_from_u16_proportion(s->params->kappa));

    /* Columns one by one; a cursor a row would do, but rows may be unordered: transpose first. */
    struct rows *t = &s->averaged;
    memset(t->start, 0, (n + (size_t)1) * sizeof(*t->start));
    for (uint64_t k = 0; k < rows_entry_count(&s->weights); k++)
        t->start[s->weights.column[k] + 1]++;
    for (uint32_t j = 0; j < n; j++)
        t->start[j + 1] += t->start[j];
    uint32_t voter = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint64_t k = s->weights.start[i]; k < s->weights.start[i + 1]; k++) {
            uint64_t to = t->start[s->weights.column[k]]++;
            t->column[to] = v->median_stake[i] > 0 ? voter : UINT32_MAX;
            t->value[to] = s->weights.value[k];
        }
        voter += v->median_stake[i] > 0;
    }
    for (uint32_t j = 0; j < n; j++) {
        memset(score, 0, voters * sizeof(*score));
        for (uint64_t k = j == 0 ? 0 : t->start[j - 1]; k < t->start[j]; k++)
            if (t->column[k] != UINT32_MAX)
                score[t->column[k]] = t->value[k];
        for (uint32_t i = 0; i < voters; i++)
            member[i] = i;
        v->consensus[j] =
            yuma_weighted_median(stake, score, voters, minority, stake_sum, member, member + n);
    }
    memset(score, 0, n * sizeof(*score));
    s->any_consensus = yuma_any_nonzero(v->consensus, n);
}

/* CW, ranks and both kinds of trust. */
static void find_ranks(struct stepwise *s)
{
    struct yuma_vectors *v = &s->v;
    uint32_t n = v->n;
    rows_copy(&s->weights, &s->clipped);
    rows_clip_columns(&s->clipped, v->consensus, !s->dense);
    rows_sum_rows(&s->clipped, v->validator_trust);
    rows_multiply_left(&s->clipped, v->active_stake, v->rank);
    if (s->version != YUMA_HEAD_2026) {
        rows_multiply_left(&s->weights, v->active_stake, s->column);
        for (uint32_t j = 0; j < n; j++)
            v->trust[j] = fixed_div_safe(v->rank[j], s->column[j]);
    }
    fixed_normalize(v->rank, n);
    if (s->version == YUMA_HEAD_2026 && !s->dense)
        trace_rows(s, "Clipped Weights", &s->clipped);
    trace_vector(s, "C", "Consensus", NULL, v->consensus);
    trace_vector(s, "Tv", "Validator Trust", NULL, v->validator_trust);
    trace_vector(s, "T", NULL, NULL, v->trust);
    trace_vector(s, "I (=R)", "Incentive (=Rank)", "I", v->rank);
}

/* --------------------------------------------------------------------------------------- bonds */

/* WB: between the weights as set (penalty 0) and as clipped (penalty 1). */
static void blend_weights(struct stepwise *s)
{
    int64_t penalty = s->version == YUMA_FINNEY_2023
                          ? FIXED_ONE
                          : fixed_from_u16_proportion(s->params->bonds_penalty);
    if (penalty == 0)
        rows_copy(&s->weights, &s->blended);
    else if (penalty == FIXED_ONE)
        rows_copy(&s->clipped, &s->blended);
    else
        rows_interpolate(&s->weights, &s->clipped, penalty, s->dense, s->work, &s->blended);
}

static bool keeps_bond(const struct stepwise *s, uint32_t i, uint32_t j, uint64_t last_tempo)
{
    uint64_t registered = s->input->block_at_registration[j];
    return s->version == YUMA_FINNEY_2023 ? s->input->last_update[i] > registered
                                          : last_tempo > registered;
}

/* B: stored bonds, those in uids that changed hands removed if `mask`. */
static void read_bonds(struct stepwise *s, bool mask)
{
    const struct mechanism_bonds *in = &s->input->bonds;
    uint64_t last_tempo = yuma_last_tempo(s->version, s->input), count = 0;
    uint32_t n = s->v.n;
    bool absolute = s->version == YUMA_HEAD_2026 && s->params->yuma3;
    for (uint32_t i = 0; i < n; i++) {
        for (uint64_t k = in->start[i]; k < in->start[i + 1]; k++) {
            uint32_t j = in->column[k];
            if (j >= n || (mask && !keeps_bond(s, i, j, last_tempo)))
                continue;
            int64_t value = fixed_from_i64((int64_t)in->value[k]);
            if (absolute)
                value = fixed_div_safe(value, 65535 * FIXED_ONE);
            if (s->dense) {
                s->work.a[j] = value;
            } else {
                s->bonds.column[count] = j;
                s->bonds.value[count++] = value;
            }
        }
        if (s->dense) {
            fill_row(s->work.a, n, &s->bonds, &count);
            memset(s->work.a, 0, n * sizeof(*s->work.a));
        }
        s->bonds.start[i + 1] = count;
    }
}

/* Yuma 2 and before: bonds are shares of a column; fresh ones are stake times weight. */
static void average_relative_bonds(struct stepwise *s)
{
    bool labels = s->version == YUMA_HEAD_2026, sparse = !s->dense;
    if (labels && sparse) {
        read_bonds(s, false);
        trace_rows(s, "B", &s->bonds);
    }
    read_bonds(s, true);
    if (labels && sparse)
        trace_rows(s, "B (outdatedmask)", &s->bonds);
    rows_normalize_columns(&s->bonds, s->column);
    if (labels)
        trace_rows(s, sparse ? "B (mask+norm)" : "B", &s->bonds);

    struct rows *fresh = &s->spare;
    rows_copy(&s->blended, fresh);
    rows_scale_rows(fresh, s->v.active_stake);
    if (labels && sparse)
        trace_rows(s, "ΔB", fresh);
    rows_normalize_columns(fresh, s->column);
    if (labels)
        trace_rows(s, sparse ? "ΔB (norm)" : "ΔB", fresh);

    bool liquid =
        s->version == YUMA_V2_2025 &&
        yuma_v2_alphas(s->params, s->v.consensus, s->v.n, s->column, s->column_alpha, s->trace);
    if (liquid)
        rows_average_by_column(fresh, &s->bonds, s->column_alpha, s->dense, s->work, &s->averaged);
    else
        rows_average(fresh, &s->bonds, yuma_bonds_alpha(s->params), s->dense, s->work,
                     &s->averaged);
    rows_normalize_columns(&s->averaged, s->column);
    if (labels)
        trace_rows(s, sparse ? "Exponential Moving Average Bonds" : "emaB", &s->averaged);
    rows_multiply_right(&s->averaged, s->v.rank, s->v.dividends);
    fixed_normalize(s->v.dividends, s->v.n);
    trace_vector(s, "D", "Dividends", labels ? "Dividends" : "D", s->v.dividends);
    rows_upscale_columns(&s->averaged, s->column);
}

struct liquid {
    struct yuma_alpha alpha;
    const int64_t *consensus;
};

static int64_t liquid_alpha(const void *context, uint32_t row, uint32_t column, int64_t fresh,
                            int64_t old)
{
    const struct liquid *liquid = context;
    (void)row;
    return yuma_alpha_sigmoid(&liquid->alpha, liquid->consensus[column], fresh, old);
}

/* The chain computes an alpha for every pair, used or not. */
static void trace_alphas(struct stepwise *s, const struct liquid *liquid)
{
    if (s->trace == NULL)
        return;
    for (uint32_t i = 0; i < s->v.n; i++) {
        for (uint64_t k = s->blended.start[i]; k < s->blended.start[i + 1]; k++)
            s->work.a[s->blended.column[k]] = s->blended.value[k];
        for (uint64_t k = s->bonds.start[i]; k < s->bonds.start[i + 1]; k++)
            s->work.b[s->bonds.column[k]] = s->bonds.value[k];
        for (uint32_t j = 0; j < s->v.n; j++) {
            s->column[j] = liquid_alpha(liquid, i, j, s->work.a[j], s->work.b[j]);
            s->work.a[j] = s->work.b[j] = 0;
        }
        s->trace->row(s->trace->context, "alphas", i, s->v.n, NULL, s->column);
    }
}

/* D_i = A_i sum_j (share of i in column j's bonds) I_j. */
static void pay_absolute_bonds(struct stepwise *s)
{
    struct yuma_vectors *v = &s->v;
    rows_copy(&s->averaged, &s->spare);
    rows_normalize_columns(&s->spare, s->column);
    trace_rows(s, "emaB norm", &s->spare);
    rows_scale_columns(&s->spare, v->rank, !s->dense);
    rows_sum_rows(&s->spare, s->column);
    yuma_trace_vector(s->trace, "total_bonds_per_validator", v->n, s->column);
    for (uint32_t i = 0; i < v->n; i++) {
        v->dividends[i] = 0;
        (void)fixed_mul_checked(s->column[i], v->active_stake[i], &v->dividends[i]);
    }
    fixed_normalize(v->dividends, v->n);
    trace_vector(s, NULL, "Dividends", "D", v->dividends);
}

/* Yuma 3: bonds are absolute; each approaches the weight itself. */
static void average_absolute_bonds(struct stepwise *s)
{
    read_bonds(s, true);
    trace_rows(s, s->dense ? "B" : "Bonds: (mask)", &s->bonds);
    if (s->params->liquid_alpha && s->any_consensus) {
        struct liquid liquid = {
            .alpha = yuma_alpha_from(s->params->alpha_low, s->params->alpha_high,
                                     s->params->alpha_sigmoid_steepness),
            .consensus = s->v.consensus,
        };
        trace_alphas(s, &liquid);
        rows_average_each(&s->blended, &s->bonds, liquid_alpha, &liquid, s->dense, s->work,
                          &s->averaged);
    } else {
        rows_average(&s->blended, &s->bonds, yuma_bonds_alpha(s->params), s->dense, s->work,
                     &s->averaged);
    }
    trace_rows(s, "emaB", &s->averaged);
    pay_absolute_bonds(s);
}

static enum sim_status store_bonds(struct stepwise *s, struct mechanism_output *output,
                                   struct sim_error *err)
{
    struct mechanism_bonds_out *out = &output->bonds;
    uint64_t room = rows_entry_count(&s->averaged) + s->input->bonds.start[s->v.n], count = 0;
    enum sim_status status = mechanism_bonds_reserve(out, room, err);
    if (status != SIM_OK)
        return status;
    for (uint32_t i = 0; i < s->v.n; i++) {
        enum yuma_bond_fate fate = yuma_bond_fate(s->version, &s->v, i);
        if (fate == YUMA_BONDS_KEEP)
            yuma_keep_bonds(s->input, i, out, &count);
        uint64_t end = fate == YUMA_BONDS_WRITE ? s->averaged.start[i + 1] : 0;
        for (uint64_t k = s->averaged.start[i]; k < end; k++) {
            out->column[count] = s->averaged.column[k];
            out->value[count++] = fixed_to_u16_proportion(s->averaged.value[k]);
        }
        out->start[i + 1] = count;
    }
    return SIM_OK;
}

static enum sim_status check_units(const struct stepwise *s, struct sim_error *err)
{
    const struct mechanism_input *in = s->input;
    for (uint32_t i = 0; i < s->v.n; i++)
        for (uint64_t k = in->weights.start[i]; k < in->weights.start[i + 1]; k++)
            if (s->v.old_permit[i] && in->weights.value[k] > UINT16_MAX)
                return SIM_FAIL(err, SIM_NUMERIC, "a weight is above 65535");
    for (uint64_t k = 0; k < in->bonds.start[s->v.n]; k++)
        if (in->bonds.value[k] > UINT16_MAX)
            return SIM_FAIL(err, SIM_NUMERIC, "a bond is above 65535");
    return SIM_OK;
}

enum sim_status yuma_stepwise_epoch(enum yuma_version version, const struct yuma_params *params,
                                    const struct mechanism_input *input,
                                    struct mechanism_output *output,
                                    struct mechanism_scratch *scratch,
                                    const struct mechanism_trace *trace, struct sim_error *err)
{
    struct stepwise s = {.version = version,
                         .params = params,
                         .input = input,
                         .scratch = scratch,
                         .trace = trace,
                         .dense = params->path == YUMA_PATH_DENSE};
    take_memory(&s);
    yuma_begin(version, params, input, &s.v, scratch, trace);
    enum sim_status status = check_units(&s, err);
    if (status != SIM_OK)
        return status;
    read_weights(&s);
    find_consensus(&s);
    find_ranks(&s);
    blend_weights(&s);
    if (version == YUMA_HEAD_2026 && params->yuma3)
        average_absolute_bonds(&s);
    else
        average_relative_bonds(&s);
    yuma_emit(version, input, &s.v, output, trace);
    yuma_store(version, &s.v, output, scratch);
    return store_bonds(&s, output, err);
}
