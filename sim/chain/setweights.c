/*
 * Rows of weights: the checks in the real order and the normalisation.
 */
#include "chain/state.h"

static bool is_self_only(const struct chain_row_call *row)
{
    return row->value_count == 1 && rules_is_self_row(row->uid, row->uid_count, row->uids);
}

static bool has_duplicates(const struct chain_row_call *row)
{
    for (uint32_t i = 1; i < row->uid_count; i++)
        if (row->uids[i - 1] == row->uids[i])
            return true;
    return false;
}

/* Uids ascend, so the last is the largest.  The root network's rows name networks. */
static bool has_unknown(const struct chain *chain, const struct chain_net *net,
                        const struct chain_row_call *row)
{
    for (uint32_t i = 0; i < row->uid_count && net->mechanism == NULL; i++)
        if (row->uids[i] > UINT16_MAX || row->uids[i] == net->netuid ||
            chain_net_of(chain, (uint16_t)row->uids[i]) == NULL)
            return true;
    return net->mechanism != NULL && row->uid_count > 0 &&
           row->uids[row->uid_count - 1] >= net->count;
}

static bool is_long_enough(const struct chain *chain, const struct chain_net *net,
                           const struct chain_row_call *row)
{
    uint32_t least = net->params.min_allowed_weights;
    if (is_self_only(row))
        return true;
    if (chain->profile == CHAIN_NAKAMOTO && row->uid_count == 1)
        return false;
    if (chain->profile == CHAIN_CURRENT && least > net->count)
        least = net->count;
    if (net->mechanism == NULL)
        least = 1;
    return row->uid_count >= least;
}

static void normalize_native(const struct chain *chain, uint32_t count, uint32_t *values)
{
    if (chain->profile == CHAIN_NAKAMOTO)
        rules_normalize_u32(count, values);
    else
        rules_max_upscale_u16(count, values);
}

/* From the profile's scale to the mechanism's: 65537 x 65535 = 2^32 - 1, so both ways are exact. */
static void to_mechanism_scale(const struct chain *chain, const struct chain_net *net,
                               uint32_t count, uint32_t *values)
{
    uint64_t native_one = chain->profile == CHAIN_NAKAMOTO ? UINT32_MAX : UINT16_MAX;
    uint64_t one = net->view.weight_one;
    for (uint32_t i = 0; i < count && one != native_one; i++)
        values[i] = (uint32_t)(values[i] * one / native_one);
}

void chain_row_normalize(const struct chain *chain, const struct chain_net *net, uint32_t count,
                         uint32_t *values)
{
    normalize_native(chain, count, values);
    to_mechanism_scale(chain, net, count, values);
}

/* The profile's limits on one entry, on the normalised row (before any change of scale). */
static enum chain_fault check_largest(const struct chain *chain, const struct chain_net *net,
                                      const struct chain_row_call *row)
{
    const struct chain_params *params = &net->params;
    uint16_t limit = params->max_weight_limit;
    if (chain->profile != CHAIN_NAKAMOTO)
        return is_self_only(row) || net->mechanism == NULL ||
                       rules_max_weight_ok(row->value_count, row->values, limit)
                   ? CHAIN_FAULT_OK
                   : CHAIN_FAULT_MAX_WEIGHT_EXCEEDED;
    if (!rules_max_min_ratio_ok(row->value_count, row->values, params->max_min_ratio))
        return CHAIN_FAULT_MAX_MIN_RATIO_EXCEEDED;
    for (uint32_t i = 0; i < row->value_count && limit != UINT16_MAX && !is_self_only(row); i++)
        if (row->values[i] > limit * UINT32_C(65537))
            return CHAIN_FAULT_MAX_WEIGHT_EXCEEDED;
    return CHAIN_FAULT_OK;
}

static enum chain_fault check_content(struct chain *chain, const struct chain_net *net,
                                      struct chain_row_call *row)
{
    chain_row_sort(row->uids, row->values, row->uid_count);
    if (has_duplicates(row))
        return CHAIN_FAULT_DUPLICATE_UIDS;
    if (has_unknown(chain, net, row))
        return CHAIN_FAULT_INVALID_UID;
    if (!is_long_enough(chain, net, row))
        return CHAIN_FAULT_NOT_SETTING_ENOUGH_WEIGHTS;
    normalize_native(chain, row->value_count, row->values);
    return check_largest(chain, net, row);
}

static bool owns_network(const struct chain *chain, const struct chain_net *net, uint32_t uid)
{
    return chain->profile == CHAIN_CURRENT && net->owner != CHAIN_NONE &&
           net->coldkey[uid] == net->owner;
}

static bool has_stake(const struct chain *chain, const struct chain_net *net, uint32_t uid)
{
    return owns_network(chain, net, uid) ||
           net->stake_rao[uid] >= net->params.weights_stake_threshold;
}

/* Nobody needs a permit where nobody gets one: in the root network and under mechanisms that hand
 * out none. */
static bool has_permit(const struct chain *chain, const struct chain_net *net, uint32_t uid)
{
    return net->mechanism == NULL || !(net->mechanism->fields & MECHANISM_PERMIT) ||
           owns_network(chain, net, uid) || net->permit[uid];
}

/* Who may set weights and when, from finney on. */
static enum chain_fault check_caller(const struct chain *chain, const struct chain_net *net,
                                     const struct chain_row_call *row, bool rate_limited)
{
    const struct chain_params *params = &net->params;
    if (!has_stake(chain, net, row->uid))
        return CHAIN_FAULT_NOT_ENOUGH_STAKE_TO_SET_WEIGHTS;
    if (row->version_key < params->weights_version_key)
        return CHAIN_FAULT_INCORRECT_VERSION_KEY;
    if (rate_limited && !rules_weights_rate_ok(params->weights_rate_limit,
                                               net->last_update[row->uid], chain->block))
        return CHAIN_FAULT_SETTING_WEIGHTS_TOO_FAST;
    return is_self_only(row) || has_permit(chain, net, row->uid) ? CHAIN_FAULT_OK
                                                                 : CHAIN_FAULT_NO_VALIDATOR_PERMIT;
}

bool chain_may_set_weights(const struct chain *chain, uint16_t netuid, uint32_t uid)
{
    const struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && uid < net->count);
    return chain->profile == CHAIN_NAKAMOTO ||
           (has_stake(chain, net, uid) && has_permit(chain, net, uid) &&
            rules_weights_rate_ok(net->params.weights_rate_limit, net->last_update[uid],
                                  chain->block + 1));
}

static enum chain_fault check_nakamoto(struct chain *chain, const struct chain_net *net,
                                       struct chain_row_call *row)
{
    if (row->uid == CHAIN_NONE)
        return CHAIN_FAULT_NOT_REGISTERED;
    if (row->uid_count != row->value_count)
        return CHAIN_FAULT_WEIGHT_VEC_NOT_EQUAL_SIZE;
    return check_content(chain, net, row);
}

enum chain_fault chain_row_check(struct chain *chain, const struct chain_net *net,
                                 struct chain_row_call *row, bool rate_limited)
{
    if (chain->profile == CHAIN_NAKAMOTO)
        return net == NULL ? CHAIN_FAULT_NETWORK_DOES_NOT_EXIST : check_nakamoto(chain, net, row);
    if (row->uid_count != row->value_count)
        return CHAIN_FAULT_WEIGHT_VEC_NOT_EQUAL_SIZE;
    if (net == NULL)
        return CHAIN_FAULT_NETWORK_DOES_NOT_EXIST;
    if (row->uid_count > net->count && net->mechanism != NULL)
        return CHAIN_FAULT_TOO_MANY_UIDS;
    if (row->uid == CHAIN_NONE)
        return CHAIN_FAULT_NOT_REGISTERED;
    enum chain_fault fault = check_caller(chain, net, row, rate_limited);
    return fault == CHAIN_FAULT_OK ? check_content(chain, net, row) : fault;
}

void chain_row_accept(struct chain *chain, struct chain_net *net, const struct chain_row_call *row)
{
    to_mechanism_scale(chain, net, row->value_count, row->values);
    if (chain_weights_store(chain, net, row->uid, row->uid_count, row->uids, row->values, NULL) !=
        SIM_OK)
        chain->out_of_memory = true;
    net->active[row->uid] = 1;
    net->priority[row->uid] = 0;
}

struct chain_row_call chain_row_of_call(const struct chain *chain,
                                        const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    const struct chain_net *net = chain_net_of(chain, call->netuid);
    struct chain_row_call row = {.hotkey = call->signer,
                                 .uid =
                                     net == NULL ? CHAIN_NONE : net->uid_of_account[call->signer],
                                 .uid_count = call->row_count,
                                 .value_count = call->value_count,
                                 .uids = pending->payload,
                                 .values = pending->payload + call->row_count,
                                 .version_key = call->version_key};
    /* The call's own type is u16 from finney on. */
    for (uint32_t i = 0; i < row.value_count && chain->profile != CHAIN_NAKAMOTO; i++)
        if (row.values[i] > UINT16_MAX)
            row.values[i] = UINT16_MAX;
    return row;
}

struct chain_event *chain_row_announce(struct chain *chain, enum chain_event_kind kind,
                                       const struct chain_net *net,
                                       const struct chain_row_call *row)
{
    struct chain_event *event = chain_event_add(chain, kind, net->netuid);
    event->uid = row->uid;
    event->hotkey = row->hotkey;
    event->amount = row->uid_count;
    return event;
}

enum chain_fault chain_call_set_weights(struct chain *chain, const struct chain_pending *pending)
{
    struct chain_net *net = chain_net_of(chain, pending->call.netuid);
    if (net != NULL && net->params.commit_reveal)
        return CHAIN_FAULT_COMMIT_REVEAL_ENABLED;
    struct chain_row_call row = chain_row_of_call(chain, pending);
    enum chain_fault fault = chain_row_check(chain, net, &row, true);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    chain_row_accept(chain, net, &row);
    net->last_update[row.uid] = chain->block;
    struct chain_event *event = chain_row_announce(chain, CHAIN_EVENT_WEIGHTS_SET, net, &row);
    event->id = pending->id;
    event->age_blocks = chain->block - pending->submitted_block;
    return CHAIN_FAULT_OK;
}
