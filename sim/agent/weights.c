/*
 * weights.c: from a validator's running averages to a row of weights on the chain: in the open or,
 * where the network commits and reveals, sealed until its epoch, or as a hash first (reveal.c).
 */
#include "agent/state.h"

#include <math.h>
#include <string.h>

bool agents_allied(const struct agents *agents, uint32_t a, uint32_t b)
{
    if (agents->neurons[a].group == agents->neurons[b].group)
        return true;
    const char *alliance = agents_group_of(agents, a)->params->alliance;
    return alliance[0] != '\0' &&
           strcmp(alliance, agents_group_of(agents, b)->params->alliance) == 0;
}

struct strategy_view agents_view(const struct agents *agents, uint32_t neuron)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    return (struct strategy_view){
        .block = chain_block_number(agents->wiring.chain),
        .uid_count = view->neuron_count,
        .self_uid = agents->neurons[neuron].uid,
        .self_owner = agents->owners[agents->neurons[neuron].owner].account,
        .owner_of_uid = view->coldkey,
        .stake_rao = view->stake_rao,
        .validator_permit = view->validator_permit,
        .serves = agents->axon,
    };
}

/* What a validator knows of a uid that has changed hands is worth nothing. */
static void forget_replaced(struct agents *agents, struct agent_validator *validator,
                            uint32_t uid_count)
{
    for (uint32_t uid = 0; uid < uid_count; uid++) {
        uint32_t neuron = agents->neuron_of_uid[uid];
        bool same =
            neuron != AGENT_NONE && agents->neurons[neuron].hotkey == validator->stats_hotkey[uid];
        if (!same)
            validator->stats[uid] = (struct scorer_stats){0};
    }
    validator->stats[agents->neurons[validator->neuron].uid] = (struct scorer_stats){0};
}

/* A strategy may be a user's own: what it says is not taken on trust. */
static enum sim_status check_real(const struct agents_group *group, const double *real,
                                  uint32_t uid_count, struct sim_error *err)
{
    for (uint32_t uid = 0; uid < uid_count; uid++)
        if (!isfinite(real[uid]) || real[uid] < 0)
            return SIM_FAIL(err, SIM_NUMERIC,
                            "groups.%s: the strategy '%s' gave uid %u the weight %g; weights are "
                            "finite and at least 0",
                            group->name, group->strategy->params->name, uid, real[uid]);
    return SIM_OK;
}

/* Lets the strategy rewrite the scores; *ret_count is how many entries the row has then. */
static enum sim_status rewrite(struct agents *agents, const struct agent_validator *validator,
                               uint32_t uid_count, uint32_t *ret_count, struct sim_error *err)
{
    const struct agents_group *group = agents_group_of(agents, validator->neuron);
    double *real = agents->weights_real;
    for (uint32_t uid = 0; uid < uid_count; uid++)
        real[uid] = 0;
    for (uint32_t e = 0; e < agents->weights.count; e++)
        real[agents->weights.uids[e]] = agents->weights.shares[e];
    struct strategy_view view = agents_view(agents, validator->neuron);
    for (uint32_t uid = 0; uid < uid_count; uid++) {
        uint32_t other = agents->neuron_of_uid[uid];
        agents->ally[uid] = other != AGENT_NONE && agents_allied(agents, validator->neuron, other);
    }
    view.ally = agents->ally;
    group->strategy->weights(group->strategy_params, &view, real);
    enum sim_status status = check_real(group, real, uid_count, err);
    if (status != SIM_OK)
        return status;

    double largest = 0;
    for (uint32_t uid = 0; uid < uid_count; uid++)
        largest = real[uid] > largest ? real[uid] : largest;
    uint32_t count = 0;
    for (uint32_t uid = 0; uid < uid_count && largest > 0; uid++) {
        uint16_t weight = (uint16_t)(65535.0 * (real[uid] / largest));
        if (weight == 0)
            continue;
        agents->weights.uids[count] = uid;
        agents->weights.weights_u16[count++] = weight;
    }
    *ret_count = count;
    return SIM_OK;
}

/* So for a scorer. */
static enum sim_status check_row(const struct agents *agents, uint32_t uid_count,
                                 struct sim_error *err)
{
    const struct scorer_weights *row = &agents->weights;
    for (uint32_t e = 0; e < row->count; e++)
        if (row->uids[e] >= uid_count || (e > 0 && row->uids[e] <= row->uids[e - 1]))
            return SIM_FAIL(err, SIM_NUMERIC,
                            "the scorer '%s' gave a weight to uid %u, which is not there or not "
                            "in ascending order",
                            agents->setup.scorer->params->name, row->uids[e]);
    return SIM_OK;
}

static enum sim_status submit(struct agents *agents, const struct agent_validator *validator,
                              uint32_t count, struct sim_error *err)
{
    for (uint32_t e = 0; e < count; e++)
        agents->row_values[e] = agents->weights.weights_u16[e];
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    struct chain_extrinsic extrinsic = {
        .kind = view->params->commit_reveal ? CHAIN_COMMIT_WEIGHTS : CHAIN_SET_WEIGHTS,
        .netuid = agents->setup.netuid,
        .signer = agents->neurons[validator->neuron].hotkey,
        .row_count = count,
        .value_count = count,
        .row_uids = agents->weights.uids,
        .row_values = agents->row_values,
        .version_key = agents_group_of(agents, validator->neuron)->params->version_key,
    };
    digest_bytes(&agents->digest, agents->weights.uids, count * sizeof(uint32_t));
    digest_bytes(&agents->digest, agents->weights.weights_u16, count * sizeof(uint16_t));
    if (view->params->commit_reveal && view->params->commit_form == CHAIN_COMMIT_OF_HASH)
        return reveal_commit(agents, validator->neuron, extrinsic, err);
    uint64_t id;
    return chain_submit(agents->wiring.chain, &extrinsic, &id, err);
}

static enum sim_status set_weights(struct agents *agents, struct agent_validator *validator,
                                   struct sim_error *err)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    const struct query_params *query = agents->setup.query;
    uint32_t uid_count = view->neuron_count;
    forget_replaced(agents, validator, uid_count);
    struct scorer_limits limits = {
        .min_allowed_weights = view->params->min_allowed_weights,
        .max_weight_limit = (double)view->params->max_weight_limit / 65535.0,
        .exclude_quantile = query->exclude_quantile,
        .max_min_ratio = query->max_min_ratio,
    };
    scorer_weights(agents->setup.scorer, agents->setup.scorer_params, &limits, validator->stats,
                   uid_count, validator->dice, agents->weights_scratch, &agents->weights);
    enum sim_status status = check_row(agents, uid_count, err);
    uint32_t count = agents->weights.count;
    if (status == SIM_OK && agents_group_of(agents, validator->neuron)->strategy->weights != NULL)
        status = rewrite(agents, validator, uid_count, &count, err);
    return status != SIM_OK || count == 0 ? status : submit(agents, validator, count, err);
}

enum sim_status weights_on_due(struct agents *agents, uint32_t index, int64_t now_ns,
                               struct sim_error *err)
{
    struct agent_validator *validator = &agents->validators[index];
    const struct query_params *query = agents->setup.query;
    uint32_t uid = agents->neurons[validator->neuron].uid;
    /* A wallet that asks first tries again with the next block, not with the next interval. */
    bool waits = query->heed_limits && uid != AGENT_NONE &&
                 !chain_may_set_weights(agents->wiring.chain, agents->setup.netuid, uid);
    int64_t interval_blocks = waits ? 1 : (int64_t)query->weights_interval_blocks;
    enum sim_status status =
        agents_schedule(agents, now_ns + interval_blocks * agents->setup.block_time_ns,
                        AGENT_SET_WEIGHTS, index, 0, err);
    if (status != SIM_OK || waits || uid == AGENT_NONE ||
        !agents_host_is_up(agents, validator->neuron))
        return status;
    return set_weights(agents, validator, err);
}
