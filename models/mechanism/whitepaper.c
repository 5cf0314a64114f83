#include "mechanism/whitepaper.h"

#include "mechanism/exact_sum.h"

#include <math.h>
#include <string.h>

/* Sums of 62 bits leave room for products with an emission of 64. */
static const double parts = 0x1p62;

/* -------------------------------------------------------------------------------------- scores */

static double sigmoid(const struct whitepaper_params *params, double trust)
{
    return 1 / (1 + exp(-(trust - params->shift) * params->temperature));
}

void whitepaper_score(const struct whitepaper_params *params, const struct whitepaper_graph *graph,
                      fixed_i128 *work, struct whitepaper_scores *ret_scores)
{
    uint32_t n = graph->neuron_count;
    exact_sum *rank = work, *connected = work + n, all = 0;
    memset(work, 0, 2 * (size_t)n * sizeof(*work));
    for (uint32_t i = 0; i < n; i++) {
        all += exact_term(graph->stake[i]);
        for (uint64_t k = graph->start[i]; k < graph->start[i + 1]; k++) {
            if (!(graph->weight[k] > 0))
                continue;
            rank[graph->column[k]] += exact_term(graph->stake[i] * graph->weight[k]);
            connected[graph->column[k]] += exact_term(graph->stake[i]);
        }
    }
    for (uint32_t j = 0; j < n; j++) {
        ret_scores->rank[j] = exact_value(rank[j]);
        ret_scores->trust[j] = all > 0 ? exact_value(connected[j]) / exact_value(all) : 0;
        ret_scores->consensus[j] = sigmoid(params, ret_scores->trust[j]);
        ret_scores->incentive[j] = ret_scores->rank[j] * ret_scores->consensus[j];
    }
}

/* --------------------------------------------------------------------------------------- memory */

struct epoch {
    const struct whitepaper_params *params;
    const struct mechanism_input *input;
    struct mechanism_output *output;
    uint32_t n;
    struct whitepaper_graph graph;
    struct whitepaper_scores scores;
    uint64_t *start; /* of the graph, while it is built */
    uint32_t *column;
    double *weight, *stake, *held, *bond_total, *dividend;
    uint64_t *server_part, *validator_part;
    exact_sum *work; /* (2 n) */
};

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    uint32_t n = input->neuron_count;
    uint64_t entries = input->weights.start[n];
    return mechanism_scratch_cost(n + 1u, sizeof(uint64_t)) +
           mechanism_scratch_cost(entries, sizeof(uint32_t)) +
           mechanism_scratch_cost(entries, sizeof(double)) +
           10 * mechanism_scratch_cost(n, sizeof(double)) +
           mechanism_scratch_cost(n, 2 * sizeof(exact_sum));
}

static void take_memory(struct epoch *e, struct mechanism_scratch *scratch)
{
    uint64_t entries = e->input->weights.start[e->n];
    double **const numbers[] = {
        &e->stake,       &e->held,         &e->bond_total,       &e->dividend,
        &e->scores.rank, &e->scores.trust, &e->scores.consensus, &e->scores.incentive};
    e->start = mechanism_scratch_zero(scratch, e->n + 1u, sizeof(uint64_t));
    e->column = mechanism_scratch_take(scratch, entries, sizeof(uint32_t));
    e->weight = mechanism_scratch_take(scratch, entries, sizeof(double));
    for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
        *numbers[k] = mechanism_scratch_zero(scratch, e->n, sizeof(double));
    e->server_part = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    e->validator_part = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    e->work = mechanism_scratch_take(scratch, e->n, 2 * sizeof(exact_sum));
    e->graph = (struct whitepaper_graph){e->n, e->stake, e->start, e->column, e->weight};
}

/* ---------------------------------------------------------------------------------------- graph */

/* floor(2^64 S_i / sum S): the same for any scale of stakes. */
static void share_stake(struct epoch *e)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < e->n; i++)
        sum += e->input->stake_rao[i];
    for (uint32_t i = 0; i < e->n && sum > 0; i++) {
        uint64_t stake_rao = e->input->stake_rao[i];
        e->stake[i] = stake_rao == sum
                          ? 1
                          : (double)((uint64_t)(((fixed_u128)stake_rao << 64) / sum)) * 0x1p-64;
    }
}

/* Set before the slot changed hands, a weight is the opinion of somebody else. */
static bool weight_counts(const struct epoch *e, uint32_t i, uint64_t k)
{
    const struct mechanism_input *in = e->input;
    uint32_t j = in->weights.column[k];
    return j < e->n && in->weights.value[k] > 0 &&
           in->last_update[i] > in->block_at_registration[j];
}

static void read_weights(struct epoch *e)
{
    const struct mechanism_weights *w = &e->input->weights;
    uint64_t count = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        uint64_t sum = 0;
        for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
            sum += weight_counts(e, i, k) ? w->value[k] : 0;
        for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
            if (weight_counts(e, i, k)) {
                e->column[count] = w->column[k];
                e->weight[count++] = (double)w->value[k] / (double)sum;
            }
        e->start[i + 1] = count;
    }
}

/* ---------------------------------------------------------------------------------------- bonds */

static bool is_new(const struct epoch *e, uint32_t uid)
{
    const struct mechanism_input *in = e->input;
    return in->block_at_registration[uid] > in->last_step_block ||
           (in->pruned != NULL && in->pruned[uid]);
}

/* More than any run's epochs could make it. */
static const double largest_bond = 0x1p20;

static double bond_of(uint64_t bits)
{
    double bond;
    memcpy(&bond, &bits, sizeof(bond));
    return bond > largest_bond ? largest_bond : bond > 0 ? bond : 0;
}

/* b_ij := b_ij + S_i w_ij; returns the entries' end. */
static uint64_t update_row(struct epoch *e, uint32_t i, uint64_t at)
{
    const struct mechanism_bonds *old = &e->input->bonds;
    struct mechanism_bonds_out *to = &e->output->bonds;
    for (uint64_t k = old->start[i]; k < old->start[i + 1] && !is_new(e, i); k++)
        if (old->column[k] < e->n && !is_new(e, old->column[k]))
            e->held[old->column[k]] = bond_of(old->value[k]);
    for (uint64_t k = e->start[i]; k < e->start[i + 1]; k++)
        e->held[e->column[k]] += e->stake[i] * e->weight[k];
    for (uint32_t j = 0; j < e->n; j++) {
        if (e->held[j] == 0)
            continue;
        to->column[at] = j;
        memcpy(&to->value[at++], &e->held[j], sizeof(e->held[j]));
        e->work[j] += exact_term(e->held[j]);
        e->held[j] = 0;
    }
    return at;
}

static enum sim_status update_bonds(struct epoch *e, struct sim_error *err)
{
    uint64_t room = e->input->bonds.start[e->n] + e->start[e->n], at = 0;
    enum sim_status status = mechanism_bonds_reserve(&e->output->bonds, room, err);
    if (status != SIM_OK)
        return status;
    memset(e->work, 0, e->n * sizeof(*e->work));
    for (uint32_t i = 0; i < e->n; i++) {
        bool empty = e->start[i] == e->start[i + 1] &&
                     e->input->bonds.start[i] == e->input->bonds.start[i + 1];
        if (!empty)
            at = update_row(e, i, at);
        e->output->bonds.start[i + 1] = at;
    }
    for (uint32_t j = 0; j < e->n; j++)
        e->bond_total[j] = exact_value(e->work[j]);
    return SIM_OK;
}

/* --------------------------------------------------------------------------------------- paying */

/* Incentives as parts of their sum, and D_i = sum_j (b_ij / sum_i b_ij) I_j. */
static void share_incentives(struct epoch *e)
{
    const struct mechanism_bonds_out *bonds = &e->output->bonds;
    exact_sum total = 0;
    for (uint32_t j = 0; j < e->n; j++)
        total += exact_term(e->scores.incentive[j]);
    double sum = exact_value(total);
    for (uint32_t j = 0; j < e->n; j++)
        e->scores.incentive[j] = sum > 0 ? e->scores.incentive[j] / sum : 0;
    for (uint32_t i = 0; i < e->n; i++) {
        exact_sum dividend = 0;
        for (uint64_t k = bonds->start[i]; k < bonds->start[i + 1]; k++) {
            uint32_t j = bonds->column[k];
            dividend +=
                exact_term(bond_of(bonds->value[k]) / e->bond_total[j] * e->scores.incentive[j]);
        }
        e->dividend[i] = exact_value(dividend);
    }
}

static uint64_t cut_emission(const struct epoch *e, uint64_t part, fixed_u128 sum)
{
    return sum == 0 ? 0 : (uint64_t)((fixed_u128)e->input->emission_rao * part / sum);
}

static void pay(struct epoch *e)
{
    double xi = e->params->dividend_share;
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        e->server_part[i] = (uint64_t)(e->scores.incentive[i] * (1 - xi) * parts);
        e->validator_part[i] = (uint64_t)(e->dividend[i] * xi * parts);
        sum += (fixed_u128)e->server_part[i] + e->validator_part[i];
    }
    for (uint32_t i = 0; i < e->n; i++) {
        e->output->server_emission_rao[i] = cut_emission(e, e->server_part[i], sum);
        e->output->validator_emission_rao[i] = cut_emission(e, e->validator_part[i], sum);
        e->output->emission_rao[i] = cut_emission(e, e->server_part[i] + e->validator_part[i], sum);
    }
}

static void store(const double *x, uint32_t n, uint64_t *ret)
{
    for (uint32_t i = 0; i < n; i++)
        ret[i] = x[i] >= 1 ? UINT64_MAX : (uint64_t)(x[i] * 0x1p64);
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    struct epoch e = {.params = params, .input = input, .output = output, .n = input->neuron_count};
    take_memory(&e, scratch);
    share_stake(&e);
    read_weights(&e);
    whitepaper_score(e.params, &e.graph, e.work, &e.scores);
    enum sim_status status = update_bonds(&e, err);
    if (status != SIM_OK)
        return status;
    share_incentives(&e);
    pay(&e);
    store(e.scores.rank, e.n, output->rank);
    store(e.scores.trust, e.n, output->trust);
    store(e.scores.consensus, e.n, output->consensus);
    store(e.scores.incentive, e.n, output->incentive);
    store(e.dividend, e.n, output->dividends);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"temperature", PARAM_REAL, offsetof(struct whitepaper_params, temperature), "0", "1000", "10",
     NULL, "Steepness of the sigmoid that turns trust into consensus."},
    {"shift", PARAM_REAL, offsetof(struct whitepaper_params, shift), "0", "1", "0.5", NULL,
     "Trust, as a share of all stake, that gives a consensus of 1/2."},
    {"dividend_share", PARAM_REAL, offsetof(struct whitepaper_params, dividend_share), "0", "1",
     "0.5", NULL, "Part of the emission that goes to holders of bonds; incentives get the rest."},
};

static const struct param_table table = PARAM_TABLE(
    "whitepaper", struct whitepaper_params, keys,
    "The whitepaper of 2021: rank times a sigmoid of connected stake, bonds that add up.");

const struct mechanism_ops whitepaper_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = MECHANISM_RANK | MECHANISM_TRUST | MECHANISM_CONSENSUS | MECHANISM_INCENTIVE |
              MECHANISM_DIVIDENDS | MECHANISM_SERVER_EMISSION | MECHANISM_VALIDATOR_EMISSION,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .bond_unit = MECHANISM_BONDS_F64,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
