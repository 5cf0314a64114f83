/*
 * The ledger's invariants, from scratch.
 */
#include "chain/state.h"

__extension__ typedef unsigned __int128 u128;

static enum sim_status check_account(const struct chain *chain, uint32_t id, u128 *ret_stake,
                                     struct sim_error *err)
{
    const struct chain_account *account = &chain->accounts[id];
    u128 sum = 0;
    for (uint32_t i = 0; i < account->stake_count; i++) {
        if (account->stakes[i].rao == 0)
            return SIM_FAIL(err, SIM_NUMERIC, "chain: account %u holds an empty stake", id);
        sum += account->stakes[i].rao;
    }
    if (sum != account->hotkey_stake_rao)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: hotkey %u has %llu rao, its holders another sum",
                        id, (unsigned long long)account->hotkey_stake_rao);
    if (sum > 0 && account->owner == CHAIN_NONE)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: stake on account %u, which is no hotkey", id);
    *ret_stake = sum;
    return SIM_OK;
}

static enum sim_status check_sums(const struct chain *chain, struct sim_error *err)
{
    u128 balances = 0, stakes = 0, pending = 0;
    for (uint32_t id = 0; id < chain->account_count; id++) {
        u128 stake = 0;
        enum sim_status status = check_account(chain, id, &stake, err);
        if (status != SIM_OK)
            return status;
        balances += chain->accounts[id].balance_rao;
        stakes += stake;
    }
    for (uint32_t i = 0; i < chain->net_count && chain->profile == CHAIN_CURRENT; i++)
        pending += (u128)chain->nets[i].pending_rao + chain->nets[i].pending_owner_rao;
    if (stakes != chain->total_stake_rao)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: total stake is %llu, the stakes' sum another",
                        (unsigned long long)chain->total_stake_rao);
    if (balances + stakes + pending != chain->total_issuance_rao)
        return SIM_FAIL(err, SIM_NUMERIC,
                        "chain: issuance is %llu, but balances, stakes and pending emission sum "
                        "to %llu",
                        (unsigned long long)chain->total_issuance_rao,
                        (unsigned long long)(uint64_t)(balances + stakes + pending));
    const struct chain_params *params = &chain->nets[0].params;
    if (params->halving && chain->total_issuance_rao > params->max_issuance)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: issuance %llu is above the cap %llu",
                        (unsigned long long)chain->total_issuance_rao,
                        (unsigned long long)params->max_issuance);
    return SIM_OK;
}

static enum sim_status check_slot(const struct chain *chain, const struct chain_net *net,
                                  uint32_t uid, struct sim_error *err)
{
    uint32_t hotkey = net->hotkey[uid];
    if (!chain_is_account(chain, hotkey) || net->uid_of_account[hotkey] != uid)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u, uid %u: hotkey %u is not there alone",
                        net->netuid, uid, hotkey);
    if (net->coldkey[uid] != chain->accounts[hotkey].owner)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u, uid %u: coldkey is not the owner",
                        net->netuid, uid);
    if (net->stake_rao[uid] != chain->accounts[hotkey].hotkey_stake_rao)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u, uid %u: stake is stale", net->netuid,
                        uid);
    return SIM_OK;
}

/* nakamoto: sums to at most one.  Later: the largest is one, except that a slot's change of hands
 * may have zeroed it (current).  A change of mechanism rescales both. */
static bool row_is_normal(const struct chain *chain, const struct chain_net *net,
                          const struct chain_weights *row)
{
    uint64_t sum = 0, largest = 0, one = net->view.weight_one;
    for (uint32_t i = 0; i < row->count; i++) {
        sum += row->value[i];
        largest = row->value[i] > largest ? row->value[i] : largest;
    }
    if (chain->profile == CHAIN_NAKAMOTO)
        return sum <= one;
    bool largest_ok = largest == one || largest == 0 || chain->profile == CHAIN_CURRENT;
    return largest_ok && largest <= one;
}

static enum sim_status check_row(const struct chain *chain, const struct chain_net *net,
                                 uint32_t uid, struct sim_error *err)
{
    const struct chain_weights *row = &net->rows[uid];
    for (uint32_t i = 0; i < row->count; i++)
        if ((row->uid[i] >= net->count && net->mechanism != NULL) ||
            (i > 0 && row->uid[i - 1] >= row->uid[i]))
            return SIM_FAIL(err, SIM_NUMERIC,
                            "chain: network %u, uid %u: weights do not ascend over known uids",
                            net->netuid, uid);
    if (!row_is_normal(chain, net, row))
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u, uid %u: weights are not normalised",
                        net->netuid, uid);
    return SIM_OK;
}

static enum sim_status check_bonds(const struct chain_net *net, struct sim_error *err)
{
    const struct chain_bonds *bonds = &net->bonds;
    for (uint32_t uid = 0; uid < bonds->rows; uid++)
        for (uint64_t k = bonds->start[uid]; k < bonds->start[uid + 1]; k++)
            if (bonds->column[k] >= net->count ||
                (k > bonds->start[uid] && bonds->column[k - 1] >= bonds->column[k]))
                return SIM_FAIL(err, SIM_NUMERIC,
                                "chain: network %u, uid %u: bonds do not ascend over known uids",
                                net->netuid, uid);
    return SIM_OK;
}

static enum sim_status check_net(const struct chain *chain, const struct chain_net *net,
                                 struct sim_error *err)
{
    if (net->count > net->params.max_uids)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u has %u uids, more than %u",
                        net->netuid, net->count, net->params.max_uids);
    uint32_t mapped = 0;
    for (uint32_t id = 0; id < chain->account_count; id++)
        mapped += net->uid_of_account[id] != CHAIN_NONE;
    if (mapped != net->count)
        return SIM_FAIL(err, SIM_NUMERIC, "chain: network %u: %u hotkeys for %u uids", net->netuid,
                        mapped, net->count);
    enum sim_status status = SIM_OK;
    for (uint32_t uid = 0; uid < net->count && status == SIM_OK; uid++) {
        status = check_slot(chain, net, uid, err);
        if (status == SIM_OK)
            status = check_row(chain, net, uid, err);
    }
    return status == SIM_OK ? check_bonds(net, err) : status;
}

enum sim_status chain_check(const struct chain *chain, struct sim_error *err)
{
    enum sim_status status = check_sums(chain, err);
    for (uint32_t i = 0; i < chain->net_count && status == SIM_OK; i++)
        status = check_net(chain, &chain->nets[i], err);
    return status;
}
