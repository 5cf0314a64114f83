/*
 * w_ij = W_ij / (sum_j W_ij + e)          s_i = S_i / sum S
 * c_j  = the weight that kappa of the stake supports, quantised: trunc(65535 c_j / sum c) / 65535
 * w^   = min(w, c)     r_j = sum_i s_i w^_ij     I_j = r_j / sum r
 */
#include "mechanism/yumasim_work.h"

#include <stdlib.h>
#include <string.h>

/* A share of 2^-16, the grain of a consensus weight on the chain. */
static const double grains = 65535;

/* -------------------------------------------------------------------------------------- memory */

static uint64_t count_of(const struct yumasim_rows *rows, uint32_t validator_count)
{
    return rows->start == NULL ? 0 : rows->start[validator_count];
}

struct yumasim_size yumasim_size_of(const struct yumasim_input *in)
{
    uint32_t v = in->validator_count;
    return (struct yumasim_size){v, in->server_count, count_of(&in->weights, v),
                                 count_of(&in->bonds, v), count_of(&in->old_weights, v)};
}

/* Only what is not zero is a bond, and without INT_MIN nothing comes from nothing. */
uint64_t yumasim_bond_room(const struct yumasim_params *params, const struct yumasim_size *size)
{
    uint64_t all = (uint64_t)size->validators * size->servers;
    uint64_t some = size->weights + size->bonds + size->old_weights;
    return params->no_consensus == YUMASIM_INT_MIN || some > all ? all : some;
}

static size_t columns_cost(uint32_t server_count, uint64_t entries)
{
    return mechanism_scratch_cost(server_count + 2u, sizeof(uint64_t)) +
           mechanism_scratch_cost(entries, sizeof(uint32_t)) +
           mechanism_scratch_cost(entries, sizeof(double));
}

size_t yumasim_scratch_bytes(const struct yumasim_params *params, const struct yumasim_size *size)
{
    return columns_cost(size->servers, size->weights) + columns_cost(size->servers, size->bonds) +
           columns_cost(size->servers, size->old_weights) +
           columns_cost(size->servers, yumasim_bond_room(params, size)) +
           7 * mechanism_scratch_cost(size->validators, sizeof(double)) +
           2 * mechanism_scratch_cost(size->validators, sizeof(exact_sum)) +
           mechanism_scratch_cost(size->validators, 2 * sizeof(double)) +
           2 * mechanism_scratch_cost(size->servers, sizeof(double));
}

static void take_columns(struct yumasim_columns *columns, uint32_t server_count, uint64_t entries,
                         struct mechanism_scratch *scratch)
{
    columns->start = mechanism_scratch_zero(scratch, server_count + 2u, sizeof(uint64_t));
    columns->row = mechanism_scratch_take(scratch, entries, sizeof(uint32_t));
    columns->value = mechanism_scratch_take(scratch, entries, sizeof(double));
}

/* Counts a column's entries one place to the right of where they begin, then fills. */
static void transpose(const struct yumasim_rows *rows, uint32_t validator_count,
                      uint32_t server_count, struct yumasim_columns *ret,
                      struct mechanism_scratch *scratch)
{
    uint64_t entries = count_of(rows, validator_count);
    take_columns(ret, server_count, entries, scratch);
    for (uint64_t k = 0; k < entries; k++)
        ret->start[rows->column[k] + 2]++;
    for (uint32_t j = 0; j <= server_count; j++)
        ret->start[j + 1] += ret->start[j];
    for (uint32_t i = 0; i < validator_count && entries > 0; i++)
        for (uint64_t k = rows->start[i]; k < rows->start[i + 1]; k++) {
            uint64_t at = ret->start[rows->column[k] + 1]++;
            ret->row[at] = i;
            ret->value[at] = rows->value[k];
        }
}

static double *take_validators(const struct yumasim_input *in, struct mechanism_scratch *scratch)
{
    return mechanism_scratch_zero(scratch, in->validator_count, sizeof(double));
}

static void take_memory(struct yumasim_work *work, struct mechanism_scratch *scratch)
{
    const struct yumasim_input *in = work->in;
    uint32_t v = in->validator_count, m = in->server_count;
    transpose(&in->weights, v, m, &work->weights, scratch);
    transpose(&in->bonds, v, m, &work->bonds, scratch);
    transpose(&in->old_weights, v, m, &work->old_weights, scratch);
    struct yumasim_size size = yumasim_size_of(in);
    take_columns(&work->new_bonds, m, yumasim_bond_room(work->params, &size), scratch);
    double **const columns[] = {&work->share, &work->w,     &work->used, &work->clipped,
                                &work->bond,  &work->fresh, &work->alpha};
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++)
        *columns[k] = take_validators(in, scratch);
    work->row_sum = mechanism_scratch_zero(scratch, v, sizeof(exact_sum));
    work->row_part = mechanism_scratch_zero(scratch, v, sizeof(exact_sum));
    work->server_alpha = mechanism_scratch_zero(scratch, m, sizeof(double));
}

/* --------------------------------------------------------------------------- weights and stake */

void yumasim_spread(const struct yumasim_columns *columns, uint32_t j, uint32_t validator_count,
                    double *ret)
{
    memset(ret, 0, validator_count * sizeof(*ret));
    for (uint64_t k = columns->start[j]; k < columns->start[j + 1]; k++)
        ret[columns->row[k]] = columns->value[k];
}

/* Each row divided by its sum + epsilon: a full row comes to 0.999999, an empty one to 0. */
static void normalize_rows(struct yumasim_work *work, const struct yumasim_rows *rows,
                           struct yumasim_columns *columns)
{
    uint32_t v = work->in->validator_count;
    memset(work->row_sum, 0, v * sizeof(*work->row_sum));
    uint64_t entries = count_of(rows, v);
    for (uint64_t k = 0; k < entries; k++)
        work->row_sum[columns->row[k]] += exact_term(columns->value[k]);
    for (uint64_t k = 0; k < entries; k++) {
        double sum = yumasim_cut(work, exact_value(work->row_sum[columns->row[k]]));
        columns->value[k] =
            yumasim_cut(work, columns->value[k] / yumasim_cut(work, sum + YUMASIM_EPSILON));
    }
}

static void share_stake(struct yumasim_work *work)
{
    double sum = 0, largest = 0;
    exact_sum total = 0;
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        largest = work->in->stake[i] > largest ? work->in->stake[i] : largest;
    /* Any scale of stake must fit the sum: a power of two changes no quotient. */
    double scale = 1;
    while (largest * scale > 0x1p15)
        scale *= 0x1p-16;
    for (uint32_t i = 0; i < work->in->validator_count; i++)
        total += exact_term(work->in->stake[i] * scale);
    sum = yumasim_cut(work, exact_value(total));
    for (uint32_t i = 0; i < work->in->validator_count && sum > 0; i++)
        work->share[i] = yumasim_cut(work, work->in->stake[i] * scale / sum);
}

/* ----------------------------------------------------------------------------------- consensus */

/* By halving: the largest mid that more than kappa of the stake exceeds, from above. */
static double bisect(const struct yumasim_work *work)
{
    double low = 0, high = 1, grain = 1.0 / work->params->consensus_precision;
    while (high - low > grain) {
        double mid = (high + low) / 2;
        exact_sum above = 0;
        for (uint32_t i = 0; i < work->in->validator_count; i++)
            above += work->w[i] > mid ? exact_term(work->share[i]) : 0;
        if (yumasim_cut(work, exact_value(above)) > work->params->kappa)
            low = mid;
        else
            high = mid;
    }
    return high;
}

struct vote {
    double weight, share;
};

static bool reaches(const struct yumasim_work *work, exact_sum supporting)
{
    return yumasim_cut(work, exact_value(supporting)) >= work->params->kappa;
}

static double middle_of(double a, double b, double c)
{
    double low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Those above the pivot, then those at it, then those below; adds up the stake of the first two. */
struct cut {
    size_t at, below;
    exact_sum above_share, at_share;
};

static struct cut cut_at(struct vote *votes, size_t first, size_t end, double pivot)
{
    struct cut cut = {first, end, 0, 0};
    for (size_t i = first; i < cut.below;) {
        struct vote vote = votes[i];
        if (vote.weight < pivot) {
            votes[i] = votes[--cut.below];
            votes[cut.below] = vote;
            continue;
        }
        if (vote.weight > pivot) {
            cut.above_share += exact_term(vote.share);
            votes[i] = votes[cut.at];
            votes[cut.at++] = vote;
        } else {
            cut.at_share += exact_term(vote.share);
        }
        i++;
    }
    return cut;
}

/* The weight at which the stake of those who set as much or more reaches kappa.  Sums are exact, so
 * that the order does not matter and the votes need not be sorted: of the three parts that a pivot
 * makes, one holds the answer.  All who set the same weight support it. */
static double support(const struct yumasim_work *work, struct vote *votes)
{
    uint32_t v = work->in->validator_count;
    double largest = 0, smallest = 0;
    for (uint32_t i = 0; i < v; i++) {
        votes[i] = (struct vote){work->w[i], work->share[i]};
        largest = i == 0 || votes[i].weight > largest ? votes[i].weight : largest;
        smallest = i == 0 || votes[i].weight < smallest ? votes[i].weight : smallest;
    }
    exact_sum supporting = 0;
    for (size_t first = 0, end = v; first < end;) {
        double pivot = middle_of(votes[first].weight, votes[first + (end - first) / 2].weight,
                                 votes[end - 1].weight);
        struct cut cut = cut_at(votes, first, end, pivot);
        if (cut.at > first && reaches(work, supporting + cut.above_share)) {
            end = cut.at;
            continue;
        }
        supporting += cut.above_share + cut.at_share;
        if (reaches(work, supporting))
            return pivot;
        first = cut.below;
    }
    bool takes_largest = work->params->unreached_consensus == YUMASIM_LARGEST;
    if (v == 0 || (supporting == 0 && !takes_largest))
        return 0;
    return takes_largest ? largest : smallest;
}

/* Truncates shares of consensus to 16 bits.  Where there is no consensus the originals cast NaN to
 * an integer, which on x86 gives INT_MIN. */
static void quantize(struct yumasim_work *work, double sum)
{
    double *consensus = work->out->consensus;
    bool accident = sum == 0 && work->params->no_consensus == YUMASIM_INT_MIN;
    for (uint32_t j = 0; j < work->in->server_count; j++) {
        double share = sum > 0 ? yumasim_cut(work, consensus[j] / sum) : 0;
        double grain = (double)(int32_t)yumasim_cut(work, share * grains);
        consensus[j] = yumasim_cut(work, (accident ? (double)INT32_MIN : grain) / grains);
    }
}

static void find_consensus(struct yumasim_work *work, struct vote *votes)
{
    exact_sum sum = 0;
    for (uint32_t j = 0; j < work->in->server_count; j++) {
        yumasim_spread(&work->weights, j, work->in->validator_count, work->w);
        work->out->consensus[j] = work->params->consensus_search == YUMASIM_BISECTION
                                      ? bisect(work)
                                      : support(work, votes);
        sum += exact_term(work->out->consensus[j]);
    }
    quantize(work, yumasim_cut(work, exact_value(sum)));
}

/* ---------------------------------------------------------------------------------- incentives */

void yumasim_weigh(struct yumasim_work *work, uint32_t j)
{
    uint32_t v = work->in->validator_count;
    bool lagged = work->variant->lagged && work->in->old_weights.start != NULL;
    yumasim_spread(&work->weights, j, v, work->w);
    yumasim_spread(lagged ? &work->old_weights : &work->weights, j, v, work->used);
    double limit = work->out->consensus[j];
    for (uint32_t i = 0; i < v; i++)
        work->clipped[i] = work->used[i] < limit ? work->used[i] : limit;
}

static void rank_server(struct yumasim_work *work, uint32_t j)
{
    exact_sum rank = 0, wanted = 0;
    for (uint32_t i = 0; i < work->in->validator_count; i++) {
        rank += exact_term(yumasim_cut(work, work->share[i] * work->clipped[i]));
        wanted += exact_term(yumasim_cut(work, work->share[i] * work->used[i]));
        work->row_sum[i] += exact_term(work->w[i]);
        work->row_part[i] += exact_term(work->clipped[i]);
    }
    work->out->rank[j] = yumasim_cut(work, exact_value(rank));
    work->out->trust[j] = wanted > 0 ? exact_value(rank) / exact_value(wanted) : 0;
}

static void rank_servers(struct yumasim_work *work)
{
    uint32_t v = work->in->validator_count;
    memset(work->row_sum, 0, v * sizeof(*work->row_sum));
    memset(work->row_part, 0, v * sizeof(*work->row_part));
    for (uint32_t j = 0; j < work->in->server_count; j++) {
        yumasim_weigh(work, j);
        rank_server(work, j);
    }
    for (uint32_t i = 0; i < v; i++) {
        double set = yumasim_cut(work, exact_value(work->row_sum[i]));
        double kept = yumasim_cut(work, exact_value(work->row_part[i]));
        work->out->validator_trust[i] = set > 0 ? yumasim_cut(work, kept / set) : 0;
    }
}

/* Equal parts for all whose rank is the largest; where that is 0 everybody ties, and only the
 * originals pay for it. */
static void pay_winners(struct yumasim_work *work)
{
    uint32_t m = work->in->server_count, winners = 0;
    const double *rank = work->out->rank;
    double largest = m > 0 ? rank[0] : 0;
    for (uint32_t j = 1; j < m; j++)
        largest = rank[j] > largest ? rank[j] : largest;
    bool paid = largest != 0 || work->params->no_consensus == YUMASIM_INT_MIN;
    for (uint32_t j = 0; j < m; j++)
        winners += rank[j] == largest;
    for (uint32_t j = 0; j < m; j++)
        work->out->incentive[j] = paid && rank[j] == largest ? yumasim_cut(work, 1.0 / winners) : 0;
}

static void pay_servers(struct yumasim_work *work)
{
    exact_sum total = 0;
    for (uint32_t j = 0; j < work->in->server_count; j++)
        total += exact_term(work->out->rank[j]);
    double sum = yumasim_cut(work, exact_value(total));
    for (uint32_t j = 0; j < work->in->server_count; j++)
        work->out->incentive[j] = sum != 0 ? yumasim_cut(work, work->out->rank[j] / sum) : 0;
}

void yumasim_step(const struct yumasim_variant *variant, const struct yumasim_params *params,
                  const struct yumasim_input *in, struct yumasim_output *out,
                  struct mechanism_scratch *scratch)
{
    struct yumasim_work work = {.variant = variant, .params = params, .in = in, .out = out};
    take_memory(&work, scratch);
    double *sorted = mechanism_scratch_take(scratch, in->server_count, sizeof(*sorted));
    struct vote *votes = mechanism_scratch_take(scratch, in->validator_count, sizeof(*votes));
    normalize_rows(&work, &in->weights, &work.weights);
    normalize_rows(&work, &in->old_weights, &work.old_weights);
    share_stake(&work);
    find_consensus(&work, votes);
    rank_servers(&work);
    if (params->winner_takes_all)
        pay_winners(&work);
    else
        pay_servers(&work);
    yumasim_bond(&work, sorted);
}
