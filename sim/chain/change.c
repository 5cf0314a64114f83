/*
 * Changes while the chain runs: parameters, the cap on uids, the mechanism.
 */
#include "chain/state.h"
#include "base/param_text.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------- parameters */

static const struct param_key *find_key(enum chain_profile profile, const char *name)
{
    const struct param_table *table = chain_param_table(profile);
    for (size_t i = 0; i < table->key_count; i++)
        if (strcmp(table->keys[i].name, name) == 0)
            return &table->keys[i];
    return NULL;
}

bool chain_param_can_change(const char *key)
{
    const struct param_key *entry = find_key(CHAIN_FINNEY, key);
    return entry != NULL && (entry->kind & PARAM_LIVE_FLAG) != 0;
}

static enum sim_status check_change(const struct chain *chain, const struct chain_net *net,
                                    const char *key, const struct chain_params *next,
                                    struct sim_error *err)
{
    if (find_key(chain->profile, key) == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "key '%s' is unknown", key);
    if (!chain_param_can_change(key))
        return SIM_FAIL(err, SIM_CONFIG, "key '%s' cannot change while the chain runs", key);
    if (next->emission_split == CHAIN_SPLIT_ROOT && chain->nets[0].mechanism != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "emission_split: root needs the root network, netuid 0");
    if (next->max_uids < net->count)
        return SIM_FAIL(err, SIM_CONFIG,
                        "max_uids: network %u has %u uids, which cannot be taken back", net->netuid,
                        net->count);
    return chain_params_check(next, chain->profile, err);
}

enum sim_status chain_set_param(struct chain *chain, uint16_t netuid, const char *key,
                                const struct chain_params *values, struct sim_error *err)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    if (net == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "there is no network %u", netuid);
    const struct param_key *entry = find_key(chain->profile, key);
    struct chain_params next = net->params;
    if (entry != NULL)
        memcpy((char *)&next + entry->offset, (const char *)values + entry->offset,
               param_field_bytes(entry->kind));
    enum sim_status status = check_change(chain, net, key, &next, err);
    if (status == SIM_OK && next.max_uids > net->capacity)
        status = chain_net_grow(net, next.max_uids, err);
    if (status != SIM_OK)
        return status;
    net->params = next;
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_PARAMETER, netuid);
    event->key = entry->name;
    if (strcmp(key, "difficulty") == 0)
        chain_set_difficulty(chain, net, next.difficulty);
    if (strcmp(key, "burn") == 0)
        chain_set_burn(chain, net, next.burn, true);
    bool fixed = chain->nets[0].params.emission_split == CHAIN_SPLIT_FIXED;
    if (fixed && (strcmp(key, "emission_share") == 0 || strcmp(key, "emission_split") == 0))
        chain_share_out(chain);
    chain_net_refresh_view(net);
    return SIM_OK;
}

/* ----------------------------------------------------------------------------------- mechanism */

static uint64_t rescale(uint64_t value, uint64_t from_one, uint64_t to_one)
{
    return from_one == to_one ? value : (uint64_t)((fixed_u128)value * to_one / from_one);
}

/* What is shown and stored in the old mechanism's scale moves to the new one's. */
static void rescale_net(struct chain_net *net, const struct mechanism_ops *from,
                        const struct mechanism_ops *to)
{
    uint64_t *const fractions[] = {net->stake_weight,    net->rank,         net->trust,
                                   net->consensus,       net->incentive,    net->dividends,
                                   net->validator_trust, net->pruning_score};
    for (size_t k = 0; k < sizeof fractions / sizeof *fractions; k++)
        for (uint32_t uid = 0; uid < net->count; uid++)
            fractions[k][uid] = rescale(fractions[k][uid], from->fraction_one, to->fraction_one);
    for (uint32_t uid = 0; uid < net->count; uid++)
        for (uint32_t i = 0; i < net->rows[uid].count; i++)
            net->rows[uid].value[i] =
                (uint32_t)rescale(net->rows[uid].value[i], from->weight_one, to->weight_one);
}

static enum sim_status migrate(struct chain *chain, struct chain_net *net,
                               const struct mechanism_ops *to, const void *params,
                               struct sim_error *err)
{
    if (net->count == 0)
        return SIM_OK;
    struct mechanism_input input;
    struct mechanism_output *output = NULL;
    enum sim_status status = chain_mechanism_input(chain, net, 0, &input, err);
    if (status == SIM_OK)
        status = mechanism_output_create(net->count, to->memory_words, &output, err);
    if (status == SIM_OK)
        status = mechanism_migrate(to, params, net->mechanism, &input, output, err);
    if (status != SIM_OK) {
        mechanism_output_free(output);
        return status;
    }
    mechanism_output_free(net->output);
    net->output = output;
    return SIM_OK;
}

enum sim_status chain_set_mechanism(struct chain *chain, uint16_t netuid,
                                    const struct mechanism_ops *mechanism,
                                    const void *mechanism_params, struct sim_error *err)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    if (net == NULL || net->mechanism == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "there is no network %u with a mechanism", netuid);
    enum sim_status status = SIM_OK;
    if (mechanism->check != NULL)
        status = mechanism->check(mechanism_params, err);
    /* The same rule with other parameters: memory and scales are its own already. */
    if (status == SIM_OK && mechanism == net->mechanism) {
        net->mechanism_params = mechanism_params;
        chain_event_add(chain, CHAIN_EVENT_MECHANISM, netuid)->key = mechanism->params->name;
        return SIM_OK;
    }
    size_t words = mechanism->memory_words;
    uint64_t *memory = NULL;
    if (status == SIM_OK && words > 0) {
        memory = calloc(net->capacity * words, sizeof *memory);
        if (memory == NULL)
            status = SIM_FAIL(err, SIM_MEMORY, "chain: no memory for a mechanism's words");
    }
    if (status == SIM_OK)
        status = migrate(chain, net, mechanism, mechanism_params, err);
    if (status != SIM_OK) {
        free(memory);
        return status;
    }
    if (net->count > 0) {
        if (words > 0)
            memcpy(memory, net->output->memory, net->count * words * sizeof *memory);
        chain_bonds_take(net);
    }
    free(net->memory);
    net->memory = memory;
    rescale_net(net, net->mechanism, mechanism);
    net->mechanism = mechanism;
    net->mechanism_params = mechanism_params;
    chain_event_add(chain, CHAIN_EVENT_MECHANISM, netuid)->key = mechanism->params->name;
    chain_net_refresh_view(net);
    return SIM_OK;
}
