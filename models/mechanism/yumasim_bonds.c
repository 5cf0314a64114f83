/*
 * alpha is the weight of the new bond, b the bonds of the epoch before.
 *
 *   share     d_ij = s_i wb_ij / sum_i s_i wb_ij,  wb = (1 - beta) w + beta w^
 *             b := alpha d + (1 - alpha) b                           D_i = sum_j b_ij I_j
 *   capacity  b := min((1 - decay) b + min(part s_i, max(s_i - b, 0)) w_ij, s_i)
 *                                                                    D_i = sum_j b_ij I_j
 *   relative  b := b' + min(alpha w_ij, 1 - b'),  b' = (1 - alpha) b  D_i = s_i sum_j b_ij I_j
 */
#include "mechanism/yumasim_work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* ------------------------------------------------------------------------------ liquid, server */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* With linear interpolation between neighbours. */
static double quantile(const double *sorted, uint32_t count, double q)
{
    double place = q * (count - 1);
    uint32_t below = (uint32_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - below);
}

static double logit(double x)
{
    return log(1 / x - 1);
}

/* A logistic curve that gives an old bond alpha_low at the lower quartile of consensus and
 * alpha_high at the upper one.  Where all servers have the same consensus there is no curve, and
 * the fixed alpha stays. */
static void find_server_alphas(struct yumasim_work *work, double *sorted)
{
    const struct yumasim_params *p = work->params;
    uint32_t m = work->in->server_count;
    for (uint32_t j = 0; j < m; j++)
        work->server_alpha[j] = p->bond_alpha;
    if (!p->liquid_alpha || m == 0)
        return;
    memcpy(sorted, work->out->consensus, m * sizeof(*sorted));
    qsort(sorted, m, sizeof(*sorted), compare_numbers);
    double low = yumasim_cut(work, quantile(sorted, m, 0.25));
    double high = yumasim_cut(work, quantile(sorted, m, 0.75));
    if (high == low)
        high = yumasim_cut(work, quantile(sorted, m, 0.99));
    if (high == low)
        return;
    double slope = (logit(p->alpha_high) - logit(p->alpha_low)) / (low - high);
    double shift = logit(p->alpha_low) + slope * low;
    for (uint32_t j = 0; j < m; j++) {
        double keep = 1 / (1 + exp(shift - slope * work->out->consensus[j]));
        work->server_alpha[j] = yumasim_cut(work, 1 - clamp(keep, p->alpha_low, p->alpha_high));
    }
}

/* -------------------------------------------------------------------------------- liquid, pair */

/* The consensus that a bond's distance is measured from. */
static double reference(const struct yumasim_work *work, uint32_t j)
{
    double now = work->out->consensus[j];
    if (!work->variant->has_consensus_mode || work->in->old_consensus == NULL)
        return now;
    double before = work->in->old_consensus[j];
    switch ((enum yumasim_mode)work->params->liquid_alpha_consensus_mode) {
    case YUMASIM_CURRENT:
        return now;
    case YUMASIM_PREVIOUS:
        return before;
    case YUMASIM_MIXED:
        return before > now ? before : now;
    }
    return now;
}

/* The further a weight is above consensus, or an old bond above the weight, the faster. */
static double pair_alpha(const struct yumasim_params *p, double consensus, double weight,
                         double bond)
{
    double distance = weight >= bond ? weight - consensus : bond - weight;
    double rise = 1 / (1 + exp(-p->alpha_sigmoid_steepness * (clamp(distance, 0, 1) - 0.5)));
    return clamp(p->alpha_low + (p->alpha_high - p->alpha_low) * rise, p->alpha_low, p->alpha_high);
}

/* (1 - beta) x + beta min(x, c). */
static double blend(const struct yumasim_work *work, double set, double clipped)
{
    double beta = work->params->bond_penalty;
    return yumasim_cut(work,
                       yumasim_cut(work, (1 - beta) * set) + yumasim_cut(work, beta * clipped));
}

static double fixed_alpha(const struct yumasim_work *work)
{
    return work->variant->forgets ? 1 : 1 - work->params->bond_moving_avg;
}

static void find_pair_alphas(struct yumasim_work *work, uint32_t j)
{
    const struct yumasim_params *p = work->params;
    bool liquid = p->liquid_alpha && work->in->bonds.start != NULL;
    double consensus = reference(work, j);
    for (uint32_t i = 0; i < work->in->validator_count; i++) {
        double weight = p->liquid_alpha_effective_weights
                            ? blend(work, work->used[i], work->clipped[i])
                            : work->w[i];
        work->alpha[i] = liquid ? yumasim_cut(work, pair_alpha(p, consensus, weight, work->bond[i]))
                                : fixed_alpha(work);
    }
}

static void find_alphas(struct yumasim_work *work, uint32_t j)
{
    uint32_t v = work->in->validator_count, m = work->in->server_count;
    if (work->variant->liquid == YUMASIM_LIQUID_BY_PAIR)
        find_pair_alphas(work, j);
    else
        for (uint32_t i = 0; i < v; i++)
            work->alpha[i] = work->server_alpha[j];
    for (uint32_t i = 0; i < v && work->out->alpha != NULL; i++)
        work->out->alpha[(size_t)i * m + j] = work->alpha[i];
}

/* --------------------------------------------------------------------------------------- bonds */

static double column_sum(const struct yumasim_work *work, const double *x)
{
    exact_sum sum = 0;
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        sum += exact_term(x[i]);
    return yumasim_cut(work, exact_value(sum));
}

static void divide_column(const struct yumasim_work *work, double *x, double divisor)
{
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        x[i] = divisor != 0 ? yumasim_cut(work, x[i] / divisor) : 0;
}

/* Part of a guarded sum: the originals count capacities in units of 2^-64 of all stake. */
static double epsilon(const struct yumasim_work *work)
{
    return work->variant->bond == YUMASIM_CAPACITY ? YUMASIM_EPSILON * 0x1p-64 : YUMASIM_EPSILON;
}

static void normalize_column(const struct yumasim_work *work, double *x)
{
    divide_column(work, x, yumasim_cut(work, column_sum(work, x) + epsilon(work)));
}

/* fresh: each validator's part of what all would buy now. */
static void share_now(struct yumasim_work *work)
{
    for (uint32_t i = 0; i < work->in->validator_count; i++) {
        double wanted = work->variant->clipped_only ? work->clipped[i]
                                                    : blend(work, work->used[i], work->clipped[i]);
        work->fresh[i] = yumasim_cut(work, work->share[i] * wanted);
    }
    double sum = column_sum(work, work->fresh);
    double guard = work->variant->guarded_share ? YUMASIM_EPSILON : 0;
    divide_column(work, work->fresh, yumasim_cut(work, sum + guard));
}

static void update_shares(struct yumasim_work *work)
{
    share_now(work);
    if (work->in->bonds.start == NULL)
        memcpy(work->bond, work->fresh, work->in->validator_count * sizeof(*work->bond));
    else if (work->variant->normalizes_old)
        normalize_column(work, work->bond);
    for (uint32_t i = 0; i < work->in->validator_count && work->in->bonds.start != NULL; i++) {
        double gained = yumasim_cut(work, work->alpha[i] * work->fresh[i]);
        double kept = yumasim_cut(work, yumasim_cut(work, 1 - work->alpha[i]) * work->bond[i]);
        work->bond[i] = yumasim_cut(work, gained + kept);
    }
    if (work->variant->normalizes_new)
        normalize_column(work, work->bond);
}

static void buy_capacity(struct yumasim_work *work)
{
    const struct yumasim_params *p = work->params;
    for (uint32_t i = 0; i < work->in->validator_count; i++) {
        double cap = work->share[i], old = work->bond[i];
        double most = yumasim_cut(work, p->capacity_alpha * cap);
        double room = cap - old > 0 ? yumasim_cut(work, cap - old) : 0;
        double bought = yumasim_cut(work, (most < room ? most : room) * work->w[i]);
        double held = yumasim_cut(work, yumasim_cut(work, (1 - p->decay_rate) * old) + bought);
        work->bond[i] = held < cap ? held : cap;
    }
}

static void approach_weights(struct yumasim_work *work)
{
    for (uint32_t i = 0; i < work->in->validator_count; i++) {
        double alpha = work->alpha[i];
        double weight =
            work->variant->penalized ? blend(work, work->used[i], work->clipped[i]) : work->w[i];
        double kept = yumasim_cut(work, yumasim_cut(work, 1 - alpha) * work->bond[i]);
        double room = kept < 1 ? yumasim_cut(work, 1 - kept) : 0;
        double wanted = yumasim_cut(work, alpha * weight);
        double held = yumasim_cut(work, kept + (wanted < room ? wanted : room));
        work->bond[i] = held < 1 ? held : 1;
    }
}

static bool is_reset(const struct yumasim_work *work, uint32_t j)
{
    if (work->in->reset_server != j)
        return false;
    bool silent = work->in->old_consensus != NULL && work->in->old_consensus[j] == 0;
    return work->variant->reset == YUMASIM_RESET_ALWAYS ||
           (work->variant->reset == YUMASIM_RESET_IF_SILENT && silent);
}

static void update_column(struct yumasim_work *work, uint32_t j)
{
    yumasim_weigh(work, j);
    yumasim_spread(&work->bonds, j, work->in->validator_count, work->bond);
    if (is_reset(work, j))
        memset(work->bond, 0, work->in->validator_count * sizeof(*work->bond));
    find_alphas(work, j);
    switch (work->variant->bond) {
    case YUMASIM_SHARE:
        update_shares(work);
        break;
    case YUMASIM_CAPACITY:
        buy_capacity(work);
        break;
    case YUMASIM_RELATIVE:
        approach_weights(work);
        break;
    }
}

/* ------------------------------------------------------------------------------------- payment */

static void store_column(struct yumasim_work *work, uint32_t j)
{
    struct yumasim_columns *to = &work->new_bonds;
    uint64_t at = to->start[j];
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        if (work->bond[i] != 0) {
            to->row[at] = i;
            to->value[at++] = work->bond[i];
        }
    to->start[j + 1] = at;
}

static void pay_column(struct yumasim_work *work, uint32_t j)
{
    if (work->variant->normalizes_paid)
        normalize_column(work, work->bond);
    double incentive = work->out->incentive[j];
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        work->row_sum[i] += exact_term(yumasim_cut(work, work->bond[i] * incentive));
}

static void find_dividends(struct yumasim_work *work)
{
    uint32_t v = work->in->validator_count;
    double *dividends = work->out->dividends;
    bool counts_stake = work->variant->bond == YUMASIM_RELATIVE;
    exact_sum total = 0;
    for (uint32_t i = 0; i < v; i++) {
        double earned = yumasim_cut(work, exact_value(work->row_sum[i]));
        dividends[i] = counts_stake ? yumasim_cut(work, work->share[i] * earned) : earned;
        total += exact_term(dividends[i]);
    }
    double guard = work->variant->normalizes_paid ? YUMASIM_EPSILON : epsilon(work);
    double divisor = yumasim_cut(work, yumasim_cut(work, exact_value(total)) + guard);
    for (uint32_t i = 0; i < v; i++)
        dividends[i] = yumasim_cut(work, dividends[i] / divisor);
}

/* Columns to rows. */
static void store_rows(struct yumasim_work *work)
{
    const struct yumasim_columns *from = &work->new_bonds;
    struct yumasim_output *out = work->out;
    uint32_t v = work->in->validator_count, m = work->in->server_count;
    memset(out->bond_start, 0, (v + (size_t)1) * sizeof(*out->bond_start));
    for (uint64_t k = 0; k < from->start[m]; k++)
        out->bond_start[from->row[k] + 1]++;
    for (uint32_t i = 0; i < v; i++)
        out->bond_start[i + 1] += out->bond_start[i];
    for (uint32_t j = 0; j < m; j++)
        for (uint64_t k = from->start[j]; k < from->start[j + 1]; k++) {
            uint64_t at = out->bond_start[from->row[k]]++;
            out->bond_column[at] = j;
            out->bond[at] = from->value[k];
        }
    for (uint32_t i = v; i > 0; i--)
        out->bond_start[i] = out->bond_start[i - 1];
    out->bond_start[0] = 0;
}

void yumasim_bond(struct yumasim_work *work, double *sorted)
{
    memset(work->row_sum, 0, work->in->validator_count * sizeof(*work->row_sum));
    find_server_alphas(work, sorted);
    for (uint32_t j = 0; j < work->in->server_count; j++) {
        update_column(work, j);
        store_column(work, j);
        pay_column(work, j);
    }
    find_dividends(work);
    store_rows(work);
}
