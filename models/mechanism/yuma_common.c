#include "mechanism/yuma_common.h"

#include "mechanism/yuma_math.h"

#include <stdlib.h>
#include <string.h>

size_t yuma_vectors_cost(uint32_t neuron_count)
{
    return 12 * mechanism_scratch_cost(neuron_count, sizeof(int64_t)) +
           3 * mechanism_scratch_cost(neuron_count, 1) +
           /* working memory of yuma_begin and yuma_store */
           2 * mechanism_scratch_cost(neuron_count, sizeof(fixed_i128));
}

void yuma_vectors_take(struct yuma_vectors *v, uint32_t neuron_count,
                       struct mechanism_scratch *scratch)
{
    int64_t **const numbers[] = {&v->stake,  &v->active_stake, &v->median_stake,    &v->consensus,
                                 &v->rank,   &v->trust,        &v->validator_trust, &v->dividends,
                                 &v->server, &v->validator,    &v->combined};
    uint8_t **const flags[] = {&v->inactive, &v->old_permit, &v->new_permit};
    v->n = neuron_count;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = mechanism_scratch_zero(scratch, neuron_count, sizeof(int64_t));
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        *flags[i] = mechanism_scratch_zero(scratch, neuron_count, 1);
}

/* --------------------------------------------------------------------------------------- begin */

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void find_inactive(const struct mechanism_input *input, struct yuma_vectors *v)
{
    uint64_t cutoff = input->rules.activity_cutoff_blocks;
    for (uint32_t i = 0; i < v->n; i++)
        v->inactive[i] = add_saturating(input->last_update[i], cutoff) < input->block;
}

/* Stake as I64F64; below the threshold it counts as none, except the owner's. */
static fixed_i128 filtered_stake(enum yuma_version version, const struct mechanism_input *input,
                                 const struct yuma_vectors *v, uint32_t uid)
{
    uint64_t whole = input->stake_rao[uid];
    if (version == YUMA_HEAD_2026 && uid != v->owner_uid &&
        whole < input->rules.stake_threshold_rao)
        return 0;
    uint64_t fraction = input->stake_fraction == NULL ? 0 : input->stake_fraction[uid];
    return whole >> 63 ? fixed64_from_u64(whole) : fixed64_from_u64(whole) | (fixed_i128)fraction;
}

static void trace_wide(const struct mechanism_trace *trace, const char *label, uint32_t count,
                       const fixed_i128 *value)
{
    if (trace == NULL)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t words[2] = {(uint64_t)value[i], (uint64_t)(value[i] >> 64)};
        trace->wide(trace->context, label, i, count, words);
    }
}

static void share_stake(enum yuma_version version, const struct mechanism_input *input,
                        struct yuma_vectors *v, fixed_i128 *filtered,
                        const struct mechanism_trace *trace)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        filtered[i] = filtered_stake(version, input, v, i);
        sum += (fixed_u128)filtered[i];
    }
    if (version == YUMA_HEAD_2026)
        trace_wide(trace, "Filtered stake", v->n, filtered);
    for (uint32_t i = 0; i < v->n; i++) {
        fixed_i128 share = sum == 0 ? filtered[i] : fixed64_div_safe(filtered[i], (fixed_i128)sum);
        v->stake[i] = fixed_from_fixed64(share);
    }
}

static void find_permits(enum yuma_version version, const struct mechanism_input *input,
                         struct yuma_vectors *v, void *work)
{
    memcpy(v->old_permit, input->permit, v->n);
    yuma_top(v->stake, v->n, input->rules.max_validators, version == YUMA_HEAD_2026, work,
             v->new_permit);
    if (version == YUMA_HEAD_2026 && v->owner_uid < v->n)
        v->old_permit[v->owner_uid] = v->new_permit[v->owner_uid] = 1;
}

/* Those who were permitted and are active vote; the median counts their positive shares only. */
static void share_votes(struct yuma_vectors *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        v->active_stake[i] = v->inactive[i] || !v->old_permit[i] ? 0 : v->stake[i];
    fixed_normalize(v->active_stake, v->n);
    for (uint32_t i = 0; i < v->n; i++)
        v->median_stake[i] = v->active_stake[i] > 0 ? v->active_stake[i] : 0;
    fixed_normalize(v->median_stake, v->n);
}

/* The code of 2023 calls both of them S and shows the votes first. */
static void trace_stake(enum yuma_version version, const struct yuma_vectors *v,
                        const struct mechanism_trace *trace)
{
    bool finney_sparse = v->sparse && version == YUMA_FINNEY_2023;
    bool names = v->sparse && !finney_sparse;
    if (finney_sparse)
        yuma_trace_vector(trace, "S", v->n, v->active_stake);
    yuma_trace_vector(trace, names ? "Normalised Stake" : "S", v->n, v->stake);
    if (!finney_sparse)
        yuma_trace_vector(trace, names ? "Active Stake" : "S", v->n, v->active_stake);
}

void yuma_begin(enum yuma_version version, const struct yuma_params *params,
                const struct mechanism_input *input, struct yuma_vectors *v,
                struct mechanism_scratch *scratch, const struct mechanism_trace *trace)
{
    void *work = mechanism_scratch_take(scratch, v->n, sizeof(fixed_i128));
    v->sparse = params->path == YUMA_PATH_SPARSE;
    v->owner_uid = version != YUMA_FINNEY_2023 && v->sparse ? input->owner_uid : MECHANISM_NO_UID;
    find_inactive(input, v);
    share_stake(version, input, v, work, trace);
    find_permits(version, input, v, work);
    share_votes(v);
    trace_stake(version, v, trace);
}

/* ---------------------------------------------------------------------------------------- emit */

bool yuma_any_nonzero(const int64_t *x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (x[i] != 0)
            return true;
    return false;
}

/* Nobody was ranked: stake itself is paid, preferably that of those who vote. */
static void emit_by_stake(struct yuma_vectors *v)
{
    const int64_t *stake = fixed_sum(v->active_stake, v->n) == 0 ? v->stake : v->active_stake;
    memcpy(v->validator, stake, v->n * sizeof(*stake));
    memcpy(v->combined, stake, v->n * sizeof(*stake));
}

void yuma_emit(enum yuma_version version, const struct mechanism_input *input,
               struct yuma_vectors *v, struct mechanism_output *output,
               const struct mechanism_trace *trace)
{
    memcpy(v->server, v->rank, v->n * sizeof(*v->server));
    memcpy(v->validator, v->dividends, v->n * sizeof(*v->validator));
    for (uint32_t i = 0; i < v->n; i++)
        v->combined[i] = fixed_add(v->rank[i], v->dividends[i]);
    int64_t sum = fixed_sum(v->combined, v->n);
    fixed_normalize_by(v->server, v->n, sum);
    fixed_normalize_by(v->validator, v->n, sum);
    fixed_normalize(v->combined, v->n);
    if (sum == 0)
        emit_by_stake(v);
    for (uint32_t i = 0; i < v->n; i++) {
        output->server_emission_rao[i] = fixed_share(v->server[i], input->emission_rao);
        output->validator_emission_rao[i] = fixed_share(v->validator[i], input->emission_rao);
        output->emission_rao[i] = fixed_share(v->combined[i], input->emission_rao);
    }
    bool long_names = v->sparse && version != YUMA_FINNEY_2023;
    yuma_trace_vector(trace, long_names ? "Normalized Server Emission" : "nSE", v->n, v->server);
    yuma_trace_vector(trace, long_names ? "Normalized Validator Emission" : "nVE", v->n,
                      v->validator);
    yuma_trace_vector(trace, long_names ? "Normalized Combined Emission" : "nCE", v->n,
                      v->combined);
    if (version != YUMA_HEAD_2026)
        yuma_trace_vector(trace, long_names ? "Pruning Scores" : "P", v->n, v->combined);
}

/* --------------------------------------------------------------------------------------- store */

static void store_fractions(const int64_t *x, uint32_t n, uint64_t *ret)
{
    for (uint32_t i = 0; i < n; i++)
        ret[i] = fixed_to_u16_proportion(x[i]);
}

static void store_pruning(const struct yuma_vectors *v, struct mechanism_output *output,
                          uint16_t *work)
{
    fixed_max_upscale(v->combined, v->n, work);
    for (uint32_t i = 0; i < v->n; i++)
        output->pruning_score[i] = work[i];
}

void yuma_store(enum yuma_version version, const struct yuma_vectors *v,
                struct mechanism_output *output, struct mechanism_scratch *scratch)
{
    store_fractions(v->consensus, v->n, output->consensus);
    store_fractions(v->rank, v->n, output->incentive);
    store_fractions(v->dividends, v->n, output->dividends);
    store_fractions(v->validator_trust, v->n, output->validator_trust);
    if (version != YUMA_FINNEY_2023)
        store_fractions(v->stake, v->n, output->stake_weight);
    if (version != YUMA_HEAD_2026) {
        store_fractions(v->rank, v->n, output->rank);
        store_fractions(v->trust, v->n, output->trust);
        store_pruning(v, output, mechanism_scratch_take(scratch, v->n, sizeof(uint16_t)));
    }
    for (uint32_t i = 0; i < v->n; i++)
        output->active[i] = !v->inactive[i];
    memcpy(output->permit, v->new_permit, v->n);
}

/* --------------------------------------------------------------------------------------- bonds */

enum yuma_bond_fate yuma_bond_fate(enum yuma_version version, const struct yuma_vectors *v,
                                   uint32_t uid)
{
    if (v->new_permit[uid])
        return YUMA_BONDS_WRITE;
    bool rewrites_all = version == YUMA_HEAD_2026 && v->sparse;
    return v->old_permit[uid] || rewrites_all ? YUMA_BONDS_CLEAR : YUMA_BONDS_KEEP;
}

/* Insertion keeps the row ascending; rows that come in so, as nearly all do, cost one compare an
 * entry. */
static void insert_bond(struct mechanism_bonds_out *bonds, uint64_t start, uint64_t at,
                        uint32_t column, uint64_t value)
{
    for (; at > start && bonds->column[at - 1] > column; at--) {
        bonds->column[at] = bonds->column[at - 1];
        bonds->value[at] = bonds->value[at - 1];
    }
    bonds->column[at] = column;
    bonds->value[at] = value;
}

void yuma_keep_bonds(const struct mechanism_input *input, uint32_t uid,
                     struct mechanism_bonds_out *bonds, uint64_t *count)
{
    const struct mechanism_bonds *old = &input->bonds;
    uint64_t start = *count;
    for (uint64_t k = old->start[uid]; k < old->start[uid + 1]; k++)
        if (old->column[k] < input->neuron_count)
            insert_bond(bonds, start, (*count)++, old->column[k], old->value[k]);
}

uint64_t yuma_last_tempo(enum yuma_version version, const struct mechanism_input *input)
{
    if (version == YUMA_HEAD_2026 && input->last_step_block != 0)
        return add_saturating(input->last_step_block, 1);
    return input->block < input->rules.tempo_blocks ? 0 : input->block - input->rules.tempo_blocks;
}

/* -------------------------------------------------------------------------- liquid alpha, 2025 */

static int compare_numbers(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool yuma_v2_alphas(const struct yuma_params *params, const int64_t *consensus, uint32_t n,
                    int64_t *sorted, int64_t *ret_alpha, const struct mechanism_trace *trace)
{
    if (!params->liquid_alpha || !yuma_any_nonzero(consensus, n))
        return false;
    memcpy(sorted, consensus, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare_numbers);
    int64_t high = yuma_quantile_sorted(sorted, n, 0.75);
    int64_t low = yuma_quantile_sorted(sorted, n, 0.25);
    if (!(high > low || high != 0 || low < 0))
        return false;
    int64_t alpha_low = fixed_from_u16_proportion(params->alpha_low);
    int64_t alpha_high = fixed_from_u16_proportion(params->alpha_high);
    struct yuma_logistic logistic = yuma_logistic_from(alpha_low, alpha_high, high, low);
    for (uint32_t j = 0; j < n; j++)
        ret_alpha[j] = yuma_logistic_alpha(&logistic, consensus[j]);
    yuma_trace_vector(trace, "consensus_high", 1, &high);
    yuma_trace_vector(trace, "consensus_low", 1, &low);
    yuma_trace_vector(trace, "a", 1, &logistic.a);
    yuma_trace_vector(trace, "b", 1, &logistic.b);
    yuma_trace_vector(trace, "alpha", n, ret_alpha);
    for (uint32_t j = 0; j < n; j++) {
        int64_t x = ret_alpha[j];
        ret_alpha[j] = x < alpha_low ? alpha_low : x > alpha_high ? alpha_high : x;
    }
    yuma_trace_vector(trace, "alpha_clamped", n, ret_alpha);
    return true;
}
