#include "chain/state.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ creation */

static enum sim_status check_net(const struct chain_config *config,
                                 const struct chain_net_config *net, struct sim_error *err)
{
    enum sim_status status = chain_params_check(&net->params, config->profile, err);
    if (status != SIM_OK)
        return status;
    if (net->mechanism == NULL)
        return net->netuid == 0 && config->profile != CHAIN_NAKAMOTO
                   ? SIM_OK
                   : SIM_FAIL(err, SIM_CONFIG, "only the root network, netuid 0, has no mechanism");
    if (net->mechanism->interface_version != MECHANISM_INTERFACE_VERSION)
        return SIM_FAIL(err, SIM_CONFIG,
                        "mechanism %s was built for interface version %u; this is version %u",
                        net->mechanism->params->name, net->mechanism->interface_version,
                        MECHANISM_INTERFACE_VERSION);
    if (net->mechanism->check == NULL)
        return SIM_OK;
    return net->mechanism->check(net->mechanism_params, err);
}

static enum sim_status check_config(const struct chain_config *config, struct sim_error *err)
{
    if (config->net_count == 0)
        return SIM_FAIL(err, SIM_CONFIG, "a chain needs at least one network");
    if (config->profile == CHAIN_NAKAMOTO && config->net_count != 1)
        return SIM_FAIL(err, SIM_CONFIG, "nakamoto has exactly one network, not %u",
                        config->net_count);
    if (config->nets[0].params.emission_split == CHAIN_SPLIT_ROOT &&
        config->nets[0].mechanism != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "emission_split: root needs the root network, netuid 0");
    for (uint32_t i = 0; i < config->net_count; i++) {
        if (i > 0 && config->nets[i].netuid <= config->nets[i - 1].netuid)
            return SIM_FAIL(err, SIM_CONFIG, "netuid %u does not come after %u",
                            config->nets[i].netuid, config->nets[i - 1].netuid);
        enum sim_status status = check_net(config, &config->nets[i], err);
        if (status != SIM_OK)
            return sim_error_context(err, "network %u", config->nets[i].netuid);
    }
    return SIM_OK;
}

enum { FIRST_CAPACITY = 64 };

static enum sim_status init(struct chain *chain, const struct chain_config *config,
                            struct sim_error *err)
{
    *chain = (struct chain){.profile = config->profile,
                            .seed = config->seed,
                            .account_capacity = FIRST_CAPACITY,
                            .event_capacity = FIRST_CAPACITY,
                            .next_id = 1};
    digest_init(&chain->digest);
    chain->accounts = calloc(chain->account_capacity, sizeof *chain->accounts);
    chain->events = calloc(chain->event_capacity, sizeof *chain->events);
    chain->nets = calloc(config->net_count, sizeof *chain->nets);
    if (chain->accounts == NULL || chain->events == NULL || chain->nets == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: out of memory");
    for (uint32_t i = 0; i < config->net_count; i++) {
        chain->net_count++;
        enum sim_status status = chain_net_init(chain, &chain->nets[i], &config->nets[i], err);
        if (status != SIM_OK)
            return status;
    }
    chain_share_out(chain);
    return SIM_OK;
}

enum sim_status chain_create(const struct chain_config *config, struct chain **ret_chain,
                             struct sim_error *err)
{
    enum sim_status status = check_config(config, err);
    if (status != SIM_OK)
        return status;
    struct chain *chain = malloc(sizeof *chain);
    if (chain == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "chain: out of memory");
    status = init(chain, config, err);
    if (status != SIM_OK) {
        chain_free(chain);
        return status;
    }
    *ret_chain = chain;
    return SIM_OK;
}

struct chain *chain_free(struct chain *chain)
{
    if (chain == NULL)
        return NULL;
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain_net_release(&chain->nets[i]);
    for (uint32_t i = 0; i < chain->account_count; i++)
        free(chain->accounts[i].stakes);
    chain_mempool_release(chain);
    free(chain->accounts);
    free(chain->events);
    free(chain->nets);
    free(chain);
    return NULL;
}

/* ------------------------------------------------------------------------------------- genesis */

/* Issues genesis money; SIM_CONFIG when there would be more than a u64 holds. */
static enum sim_status issue_genesis(struct chain *chain, uint64_t rao, struct sim_error *err)
{
    SIM_ASSERT(chain->block == 0);
    if (rao > UINT64_MAX - chain->total_issuance_rao)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: more than 2^64-1 rao in all");
    chain_issue(chain, rao);
    return SIM_OK;
}

enum sim_status chain_genesis_balance(struct chain *chain, uint32_t account, uint64_t balance_rao,
                                      struct sim_error *err)
{
    enum sim_status status = issue_genesis(chain, balance_rao, err);
    if (status == SIM_OK)
        chain_balance_add(chain, account, balance_rao);
    return status;
}

enum sim_status chain_genesis_stake(struct chain *chain, uint32_t hotkey, uint32_t coldkey,
                                    uint64_t stake_rao, struct sim_error *err)
{
    SIM_ASSERT(chain_is_account(chain, hotkey) && chain_is_account(chain, coldkey));
    if (chain->accounts[hotkey].owner == CHAIN_NONE)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: stake on account %u, which is no hotkey",
                        hotkey);
    enum sim_status status = issue_genesis(chain, stake_rao, err);
    if (status == SIM_OK)
        status = chain_stake_add(chain, hotkey, coldkey, stake_rao, err);
    return status;
}

static enum sim_status check_genesis_neuron(const struct chain *chain, const struct chain_net *net,
                                            const struct chain_genesis_neuron *neuron,
                                            struct sim_error *err)
{
    SIM_ASSERT(chain_is_account(chain, neuron->hotkey));
    SIM_ASSERT(chain_is_account(chain, neuron->coldkey));
    if (net == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: no network %u", neuron->netuid);
    if (net->count >= net->params.max_uids)
        return SIM_FAIL(err, SIM_LIMIT, "genesis: network %u has max_uids = %u neurons already",
                        net->netuid, net->params.max_uids);
    if (net->uid_of_account[neuron->hotkey] != CHAIN_NONE)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: hotkey %u is in network %u twice",
                        neuron->hotkey, net->netuid);
    uint32_t owner = chain->accounts[neuron->hotkey].owner;
    if (owner != CHAIN_NONE && owner != neuron->coldkey)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: hotkey %u has two owners, %u and %u",
                        neuron->hotkey, owner, neuron->coldkey);
    if (neuron->delegate && !chain->nets[0].params.delegation)
        return SIM_FAIL(err, SIM_CONFIG, "genesis: a delegate, but delegation is off");
    return SIM_OK;
}

enum sim_status chain_genesis_neuron(struct chain *chain, const struct chain_genesis_neuron *neuron,
                                     uint32_t *ret_uid, struct sim_error *err)
{
    struct chain_net *net = chain_net_of(chain, neuron->netuid);
    enum sim_status status = check_genesis_neuron(chain, net, neuron, err);
    if (status != SIM_OK)
        return status;
    struct chain_account *account = &chain->accounts[neuron->hotkey];
    account->owner = neuron->coldkey;
    if (neuron->delegate) {
        account->delegate = true;
        account->take = chain->nets[0].params.default_take;
    }
    status = chain_genesis_stake(chain, neuron->hotkey, neuron->coldkey, neuron->stake_rao, err);
    if (status != SIM_OK)
        return status;
    uint32_t uid = chain_net_append(chain, net, neuron->hotkey, neuron->coldkey,
                                    neuron->block_at_registration);
    net->permit[uid] = neuron->permit;
    if (chain->profile == CHAIN_NAKAMOTO)
        status = chain_weights_store(chain, net, uid, 1, &uid, &net->view.weight_one, err);
    chain_net_refresh_view(net);
    if (status == SIM_OK)
        *ret_uid = uid;
    return status;
}

void chain_set_owner(struct chain *chain, uint16_t netuid, uint32_t coldkey)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && chain_is_account(chain, coldkey));
    net->owner = coldkey;
}

/* Later chains mask a row that is not younger than the uids it rates. */
static uint64_t after_registrations(const struct chain_net *net)
{
    uint64_t last = 0;
    for (uint32_t uid = 0; uid < net->count; uid++)
        if (net->block_at_registration[uid] > last)
            last = net->block_at_registration[uid];
    return last + 1;
}

enum sim_status chain_genesis_weights(struct chain *chain, uint16_t netuid, uint32_t uid,
                                      uint32_t count, const uint32_t *uids, const uint32_t *values,
                                      struct sim_error *err)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL && uid < net->count);
    enum sim_status status = chain_weights_store(chain, net, uid, count, uids, values, err);
    if (status != SIM_OK)
        return status;
    chain_row_normalize(chain, net, count, net->rows[uid].value);
    if (chain->profile != CHAIN_NAKAMOTO)
        net->last_update[uid] = after_registrations(net);
    return SIM_OK;
}

/* -------------------------------------------------------------------------------------- blocks */

/* Events made between blocks open the new block's list. */
static void begin_events(struct chain *chain)
{
    size_t early = chain->event_count - chain->block_event_count;
    memmove(chain->events, chain->events + chain->block_event_count, early * sizeof *chain->events);
    chain->event_count = early;
}

enum sim_status chain_block(struct chain *chain, uint64_t number, struct sim_error *err)
{
    SIM_ASSERT(number == chain->block + 1);
    begin_events(chain);
    chain->block = number;
    chain->dirty = false;
    enum sim_status status = chain_emission_step(chain, err);
    if (status != SIM_OK)
        return status;
    chain_run_extrinsics(chain);
    if (chain->out_of_memory)
        return SIM_FAIL(err, SIM_MEMORY, "chain: out of memory in block %llu",
                        (unsigned long long)number);
    if (chain->dirty)
        digest_u64(&chain->digest, number);
    for (uint32_t i = 0; i < chain->net_count; i++)
        chain_net_refresh_view(&chain->nets[i]);
    chain->block_event_count = chain->event_count;
    return SIM_OK;
}

uint64_t chain_block_number(const struct chain *chain)
{
    return chain->block;
}

uint64_t chain_digest(const struct chain *chain)
{
    return digest_value(&chain->digest);
}

/* SHA-256 of the run's seed and the number: nobody knows it earlier, everybody finds the same. */
void chain_block_hash(const struct chain *chain, uint64_t number, uint8_t ret_hash[32])
{
    uint8_t bytes[16];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(chain->seed >> (8 * i));
        bytes[8 + i] = (uint8_t)(number >> (8 * i));
    }
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, sizeof bytes, bytes);
    sha256_digest(&context, 32, ret_hash);
}
