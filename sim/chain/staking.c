/*
 * Stake, delegation, transfers, and how a hotkey's emission reaches those who staked on it.
 */
#include "chain/state.h"

static const struct chain_params *ledger(const struct chain *chain)
{
    return &chain->nets[0].params;
}

static void event_of_stake(struct chain *chain, enum chain_event_kind kind,
                           const struct chain_pending *pending, uint64_t amount)
{
    struct chain_event *event = chain_event_add(chain, kind, 0);
    event->hotkey = pending->call.hotkey;
    event->coldkey = pending->call.signer;
    event->amount = amount;
    event->id = pending->id;
}

/* Whether the hotkey is one at all: nakamoto asks for a uid, later chains for an account. */
static bool hotkey_exists(const struct chain *chain, uint32_t hotkey)
{
    if (chain->profile == CHAIN_NAKAMOTO)
        return chain->nets[0].uid_of_account[hotkey] != CHAIN_NONE;
    return chain->accounts[hotkey].owner != CHAIN_NONE;
}

static enum chain_fault unknown_hotkey(const struct chain *chain)
{
    return chain->profile == CHAIN_NAKAMOTO ? CHAIN_FAULT_NOT_REGISTERED
                                            : CHAIN_FAULT_NO_HOTKEY_ACCOUNT;
}

static bool may_stake_on(const struct chain *chain, uint32_t coldkey, uint32_t hotkey)
{
    const struct chain_account *account = &chain->accounts[hotkey];
    return account->owner == coldkey || account->delegate;
}

static bool too_fast(const struct chain *chain, uint32_t coldkey)
{
    uint64_t limit = ledger(chain)->tx_rate_limit, last = chain->accounts[coldkey].last_tx_block;
    return limit != 0 && last != 0 && chain->block - last <= limit;
}

bool chain_staking_open(const struct chain *chain, uint32_t coldkey)
{
    uint64_t limit = ledger(chain)->tx_rate_limit, last = chain->accounts[coldkey].last_tx_block;
    return limit == 0 || last == 0 || chain->block + 1 - last > limit;
}

/* ----------------------------------------------------------------------------------- staking */

/* nakamoto asks about the hotkey first and the money last; finney the other way round. */
static enum chain_fault check_add(const struct chain *chain, const struct chain_extrinsic *call)
{
    bool poor = chain->accounts[call->signer].balance_rao < call->amount_rao;
    if (call->amount_rao < ledger(chain)->min_stake)
        return CHAIN_FAULT_AMOUNT_TOO_LOW;
    if (poor && chain->profile != CHAIN_NAKAMOTO)
        return CHAIN_FAULT_NOT_ENOUGH_BALANCE_TO_STAKE;
    if (!hotkey_exists(chain, call->hotkey))
        return unknown_hotkey(chain);
    if (!may_stake_on(chain, call->signer, call->hotkey))
        return CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
    if (poor)
        return CHAIN_FAULT_NOT_ENOUGH_BALANCE_TO_STAKE;
    if (too_fast(chain, call->signer))
        return CHAIN_FAULT_TX_RATE_LIMIT_EXCEEDED;
    uint64_t left_rao = chain->accounts[call->signer].balance_rao - call->amount_rao;
    if (call->amount_rao > 0 && left_rao < ledger(chain)->existential_deposit)
        return CHAIN_FAULT_BALANCE_WITHDRAWAL_ERROR;
    return CHAIN_FAULT_OK;
}

enum chain_fault chain_call_add_stake(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    enum chain_fault fault = check_add(chain, call);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    chain_balance_sub(chain, call->signer, call->amount_rao);
    if (chain_stake_add(chain, call->hotkey, call->signer, call->amount_rao, NULL) != SIM_OK)
        chain->out_of_memory = true;
    chain->accounts[call->signer].last_tx_block = chain->block;
    event_of_stake(chain, CHAIN_EVENT_STAKE_ADDED, pending, call->amount_rao);
    return CHAIN_FAULT_OK;
}

static enum chain_fault check_remove(const struct chain *chain, const struct chain_extrinsic *call)
{
    if (!hotkey_exists(chain, call->hotkey))
        return unknown_hotkey(chain);
    if (!may_stake_on(chain, call->signer, call->hotkey))
        return CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
    if (call->amount_rao < ledger(chain)->min_stake)
        return CHAIN_FAULT_AMOUNT_TOO_LOW;
    if (chain_stake_rao(chain, call->hotkey, call->signer) < call->amount_rao)
        return CHAIN_FAULT_NOT_ENOUGH_STAKE_TO_WITHDRAW;
    if (too_fast(chain, call->signer))
        return CHAIN_FAULT_TX_RATE_LIMIT_EXCEEDED;
    return CHAIN_FAULT_OK;
}

enum chain_fault chain_call_remove_stake(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    enum chain_fault fault = check_remove(chain, call);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    uint64_t amount_rao = call->amount_rao;
    uint64_t left_rao = chain_stake_rao(chain, call->hotkey, call->signer) - amount_rao;
    bool nominator = chain->accounts[call->hotkey].owner != call->signer;
    if (nominator && left_rao < ledger(chain)->nominator_min_stake)
        amount_rao += left_rao;
    chain_stake_sub(chain, call->hotkey, call->signer, amount_rao);
    chain_balance_add(chain, call->signer, amount_rao);
    chain->accounts[call->signer].last_tx_block = chain->block;
    event_of_stake(chain, CHAIN_EVENT_STAKE_REMOVED, pending, amount_rao);
    return CHAIN_FAULT_OK;
}

/* -------------------------------------------------------------------------------- delegation */

static enum chain_fault check_owner(const struct chain *chain, const struct chain_extrinsic *call)
{
    if (!ledger(chain)->delegation)
        return CHAIN_FAULT_CALL_DISABLED;
    if (chain->accounts[call->hotkey].owner == CHAIN_NONE)
        return CHAIN_FAULT_NO_HOTKEY_ACCOUNT;
    return chain->accounts[call->hotkey].owner == call->signer
               ? CHAIN_FAULT_OK
               : CHAIN_FAULT_NON_ASSOCIATED_COLD_KEY;
}

enum chain_fault chain_call_become_delegate(struct chain *chain,
                                            const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    enum chain_fault fault = check_owner(chain, call);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    struct chain_account *account = &chain->accounts[call->hotkey];
    if (account->delegate)
        return CHAIN_FAULT_ALREADY_DELEGATE;
    if (too_fast(chain, call->signer))
        return CHAIN_FAULT_TX_RATE_LIMIT_EXCEEDED;
    account->delegate = true;
    account->take = ledger(chain)->default_take;
    chain->accounts[call->signer].last_tx_block = chain->block;
    event_of_stake(chain, CHAIN_EVENT_DELEGATED, pending, account->take);
    return CHAIN_FAULT_OK;
}

/* Lowering starts the clock too, so that nobody lowers to attract stake and raises at once. */
enum chain_fault chain_call_set_take(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    enum chain_fault fault =
        chain->profile == CHAIN_CURRENT ? check_owner(chain, call) : CHAIN_FAULT_CALL_DISABLED;
    if (fault != CHAIN_FAULT_OK)
        return fault;
    struct chain_account *account = &chain->accounts[call->hotkey];
    const struct chain_params *params = ledger(chain);
    if (!account->delegate)
        return CHAIN_FAULT_NOT_DELEGATE;
    if (call->take < params->min_take)
        return CHAIN_FAULT_TAKE_TOO_LOW;
    if (call->take > params->max_take)
        return CHAIN_FAULT_TAKE_TOO_HIGH;
    uint64_t since = chain->block - account->take_changed_block;
    if (call->take > account->take && account->take_changed_block != 0 &&
        since < params->take_rate_limit)
        return CHAIN_FAULT_DELEGATE_TX_RATE_LIMIT_EXCEEDED;
    account->take = call->take;
    account->take_changed_block = chain->block;
    event_of_stake(chain, CHAIN_EVENT_DELEGATED, pending, account->take);
    return CHAIN_FAULT_OK;
}

enum chain_fault chain_call_transfer(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    uint64_t balance_rao = chain->accounts[call->signer].balance_rao;
    if (balance_rao < call->amount_rao ||
        balance_rao - call->amount_rao < ledger(chain)->existential_deposit)
        return CHAIN_FAULT_INSUFFICIENT_BALANCE;
    chain_balance_sub(chain, call->signer, call->amount_rao);
    chain_balance_add(chain, call->coldkey, call->amount_rao);
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_TRANSFERRED, 0);
    event->coldkey = call->signer;
    event->other = call->coldkey;
    event->amount = call->amount_rao;
    event->id = pending->id;
    return CHAIN_FAULT_OK;
}

/* ---------------------------------------------------------------------------------- emission */

/* Gives each holder its floor of `rest`, by the stakes as they are now; returns the sum given.
 * Holders keep their places while their stakes grow. */
static uint64_t pay_holders(struct chain *chain, uint32_t hotkey, uint64_t rest_rao)
{
    const struct chain_account *account = &chain->accounts[hotkey];
    uint64_t total_rao = account->hotkey_stake_rao, given_rao = 0;
    for (uint32_t i = 0; i < account->stake_count; i++) {
        struct chain_stake stake = account->stakes[i];
        uint64_t part_rao = rules_nominator_part(rest_rao, stake.rao, total_rao);
        if (chain_stake_add(chain, hotkey, stake.coldkey, part_rao, NULL) != SIM_OK)
            chain->out_of_memory = true;
        given_rao += part_rao;
    }
    return given_rao;
}

enum sim_status chain_emit_through_hotkey(struct chain *chain, uint32_t hotkey, uint64_t server_rao,
                                          uint64_t validator_rao, struct sim_error *err)
{
    const struct chain_account *account = &chain->accounts[hotkey];
    SIM_ASSERT(account->owner != CHAIN_NONE);
    uint64_t owner_rao = server_rao + validator_rao;
    chain_issue(chain, owner_rao);
    if (account->delegate) {
        uint64_t shared_rao = validator_rao;
        if (ledger(chain)->share_server_emission)
            shared_rao += server_rao;
        uint64_t take_rao = rules_take(shared_rao, account->take);
        owner_rao -= pay_holders(chain, hotkey, shared_rao - take_rao);
    }
    return chain_stake_add(chain, hotkey, account->owner, owner_rao, err);
}
