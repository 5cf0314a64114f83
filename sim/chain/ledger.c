/*
 * Accounts, balances and stakes: the only place that writes an amount.
 *
 * Every change is fed to the digest as (what, new value), so two chains with the same digest have
 * gone through the same amounts in the same order.
 */
#include "chain/state.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* What a digested value is: a class in the high half, an account or network in the low one. */
enum digest_class { DIGEST_BALANCE = 1, DIGEST_STAKE, DIGEST_NOMINATOR, DIGEST_ISSUANCE };

void chain_digest_value(struct chain *chain, uint64_t what, uint64_t value)
{
    digest_u64(&chain->digest, what);
    digest_u64(&chain->digest, value);
    chain->dirty = true;
}

void chain_digest_net_value(struct chain *chain, enum chain_digest_class class,
                            const struct chain_net *net, uint32_t uid, uint64_t value)
{
    chain_digest_value(chain, (uint64_t) class << 48 | (uint64_t)net->netuid << 32 | uid, value);
}

static uint64_t digest_key(enum digest_class class, uint32_t account)
{
    return (uint64_t) class << 32 | account;
}

bool chain_is_account(const struct chain *chain, uint32_t account)
{
    return account < chain->account_count;
}

static enum sim_status grow_accounts(struct chain *chain, struct sim_error *err)
{
    uint32_t old = chain->account_capacity, capacity = old * 2;
    struct chain_account *accounts = realloc(chain->accounts, capacity * sizeof *accounts);
    if (accounts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for %u accounts", capacity);
    chain->accounts = accounts;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        enum sim_status status = chain_net_grow_accounts(&chain->nets[i], old, capacity, err);
        if (status != SIM_OK)
            return status;
    }
    chain->account_capacity = capacity;
    return SIM_OK;
}

enum sim_status chain_add_account(struct chain *chain, const char *stable_name,
                                  uint32_t *ret_account, struct sim_error *err)
{
    SIM_ASSERT(chain->account_count < CHAIN_NONE - 1);
    if (chain->account_count == chain->account_capacity) {
        enum sim_status status = grow_accounts(chain, err);
        if (status != SIM_OK)
            return status;
    }
    struct chain_account *account = &chain->accounts[chain->account_count];
    *account = (struct chain_account){.owner = CHAIN_NONE};
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, strlen(stable_name), (const uint8_t *)stable_name);
    sha256_digest(&context, sizeof account->key, account->key);
    *ret_account = chain->account_count++;
    return SIM_OK;
}

uint32_t chain_account_count(const struct chain *chain)
{
    return chain->account_count;
}

const uint8_t *chain_account_key(const struct chain *chain, uint32_t account)
{
    SIM_ASSERT(chain_is_account(chain, account));
    return chain->accounts[account].key;
}

/* ----------------------------------------------------------------------------------- amounts */

static void balance_set(struct chain *chain, uint32_t account, uint64_t rao)
{
    chain->accounts[account].balance_rao = rao;
    chain_digest_value(chain, digest_key(DIGEST_BALANCE, account), rao);
}

void chain_balance_add(struct chain *chain, uint32_t account, uint64_t rao)
{
    SIM_ASSERT(chain_is_account(chain, account));
    if (rao > 0)
        balance_set(chain, account, chain->accounts[account].balance_rao + rao);
}

void chain_balance_sub(struct chain *chain, uint32_t account, uint64_t rao)
{
    SIM_ASSERT(chain_is_account(chain, account));
    SIM_ASSERT(chain->accounts[account].balance_rao >= rao);
    if (rao > 0)
        balance_set(chain, account, chain->accounts[account].balance_rao - rao);
}

void chain_issue(struct chain *chain, uint64_t rao)
{
    SIM_ASSERT(chain->total_issuance_rao <= UINT64_MAX - rao);
    chain->total_issuance_rao += rao;
    if (rao > 0)
        chain_digest_value(chain, digest_key(DIGEST_ISSUANCE, 0), chain->total_issuance_rao);
}

void chain_recycle(struct chain *chain, uint64_t rao)
{
    SIM_ASSERT(chain->total_issuance_rao >= rao);
    chain->total_issuance_rao -= rao;
    if (rao > 0)
        chain_digest_value(chain, digest_key(DIGEST_ISSUANCE, 0), chain->total_issuance_rao);
}

/* The sum on a hotkey, where every network that has it sees it. */
static void hotkey_stake_set(struct chain *chain, uint32_t hotkey, uint64_t rao)
{
    struct chain_account *account = &chain->accounts[hotkey];
    chain->total_stake_rao += rao - account->hotkey_stake_rao;
    account->hotkey_stake_rao = rao;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        uint32_t uid = chain->nets[i].uid_of_account[hotkey];
        if (uid != CHAIN_NONE)
            chain->nets[i].stake_rao[uid] = rao;
    }
    chain_digest_value(chain, digest_key(DIGEST_STAKE, hotkey), rao);
}

static struct chain_stake *stake_find(struct chain_account *account, uint32_t coldkey)
{
    for (uint32_t i = 0; i < account->stake_count; i++)
        if (account->stakes[i].coldkey == coldkey)
            return &account->stakes[i];
    return NULL;
}

static struct chain_stake *stake_append(struct chain_account *account, uint32_t coldkey)
{
    if (account->stake_count == account->stake_capacity) {
        uint32_t capacity = account->stake_capacity == 0 ? 1 : account->stake_capacity * 2;
        struct chain_stake *stakes = realloc(account->stakes, capacity * sizeof *stakes);
        if (stakes == NULL)
            return NULL;
        account->stakes = stakes;
        account->stake_capacity = capacity;
    }
    struct chain_stake *stake = &account->stakes[account->stake_count++];
    *stake = (struct chain_stake){.coldkey = coldkey};
    return stake;
}

enum sim_status chain_stake_add(struct chain *chain, uint32_t hotkey, uint32_t coldkey,
                                uint64_t rao, struct sim_error *err)
{
    SIM_ASSERT(chain_is_account(chain, hotkey) && chain_is_account(chain, coldkey));
    if (rao == 0)
        return SIM_OK;
    struct chain_account *account = &chain->accounts[hotkey];
    struct chain_stake *stake = stake_find(account, coldkey);
    if (stake == NULL)
        stake = stake_append(account, coldkey);
    if (stake == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory for a nominator");
    stake->rao += rao;
    if (account->owner != coldkey)
        chain_digest_value(chain, digest_key(DIGEST_NOMINATOR, coldkey), stake->rao);
    hotkey_stake_set(chain, hotkey, account->hotkey_stake_rao + rao);
    return SIM_OK;
}

/* The last entry takes the place of an empty one: the order of nominators changes no amount. */
static void stake_drop_if_empty(struct chain_account *account, struct chain_stake *stake)
{
    if (stake->rao == 0)
        *stake = account->stakes[--account->stake_count];
}

void chain_stake_sub(struct chain *chain, uint32_t hotkey, uint32_t coldkey, uint64_t rao)
{
    if (rao == 0)
        return;
    struct chain_account *account = &chain->accounts[hotkey];
    struct chain_stake *stake = stake_find(account, coldkey);
    SIM_ASSERT(stake != NULL && stake->rao >= rao);
    stake->rao -= rao;
    if (account->owner != coldkey)
        chain_digest_value(chain, digest_key(DIGEST_NOMINATOR, coldkey), stake->rao);
    stake_drop_if_empty(account, stake);
    hotkey_stake_set(chain, hotkey, account->hotkey_stake_rao - rao);
}

uint64_t chain_unstake_all(struct chain *chain, uint32_t hotkey)
{
    struct chain_account *account = &chain->accounts[hotkey];
    uint64_t sum = account->hotkey_stake_rao;
    for (uint32_t i = 0; i < account->stake_count; i++)
        chain_balance_add(chain, account->stakes[i].coldkey, account->stakes[i].rao);
    account->stake_count = 0;
    if (sum > 0)
        hotkey_stake_set(chain, hotkey, 0);
    return sum;
}

/* ------------------------------------------------------------------------------------- views */

uint64_t chain_balance_rao(const struct chain *chain, uint32_t account)
{
    SIM_ASSERT(chain_is_account(chain, account));
    return chain->accounts[account].balance_rao;
}

uint64_t chain_stake_rao(const struct chain *chain, uint32_t hotkey, uint32_t coldkey)
{
    SIM_ASSERT(chain_is_account(chain, hotkey));
    const struct chain_stake *stake = stake_find(&chain->accounts[hotkey], coldkey);
    return stake == NULL ? 0 : stake->rao;
}

uint64_t chain_hotkey_stake_rao(const struct chain *chain, uint32_t hotkey)
{
    SIM_ASSERT(chain_is_account(chain, hotkey));
    return chain->accounts[hotkey].hotkey_stake_rao;
}

uint32_t chain_owner_of_hotkey(const struct chain *chain, uint32_t hotkey)
{
    SIM_ASSERT(chain_is_account(chain, hotkey));
    return chain->accounts[hotkey].owner;
}

bool chain_is_delegate(const struct chain *chain, uint32_t hotkey, uint16_t *ret_take)
{
    SIM_ASSERT(chain_is_account(chain, hotkey));
    if (chain->accounts[hotkey].delegate)
        *ret_take = chain->accounts[hotkey].take;
    return chain->accounts[hotkey].delegate;
}

uint32_t chain_nominator_count(const struct chain *chain, uint32_t hotkey)
{
    SIM_ASSERT(chain_is_account(chain, hotkey));
    return chain->accounts[hotkey].stake_count;
}

uint64_t chain_total_stake_rao(const struct chain *chain)
{
    return chain->total_stake_rao;
}

uint64_t chain_total_issuance_rao(const struct chain *chain)
{
    return chain->total_issuance_rao;
}
