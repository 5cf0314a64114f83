/*
 * Announcing an address: serve_axon.
 */
#include "chain/state.h"

static bool registered_anywhere(const struct chain *chain, uint32_t hotkey)
{
    for (uint32_t i = 0; i < chain->net_count; i++)
        if (chain->nets[i].uid_of_account[hotkey] != CHAIN_NONE)
            return true;
    return false;
}

static enum chain_fault check_address(const struct chain *chain, const struct chain_extrinsic *call)
{
    if (chain->profile == CHAIN_NAKAMOTO && call->modality != 0)
        return CHAIN_FAULT_INVALID_MODALITY;
    if (call->ip_type != 4 && call->ip_type != 6)
        return CHAIN_FAULT_INVALID_IP_TYPE;
    return rules_ip_valid(call->ip_type, call->ip_high, call->ip_low)
               ? CHAIN_FAULT_OK
               : CHAIN_FAULT_INVALID_IP_ADDRESS;
}

enum chain_fault chain_call_serve(struct chain *chain, const struct chain_pending *pending)
{
    const struct chain_extrinsic *call = &pending->call;
    struct chain_net *net = chain_net_of(chain, call->netuid);
    if (net == NULL)
        return CHAIN_FAULT_NETWORK_DOES_NOT_EXIST;
    if (!registered_anywhere(chain, call->signer))
        return CHAIN_FAULT_NOT_REGISTERED_ANYWHERE;
    enum chain_fault fault = check_address(chain, call);
    if (fault != CHAIN_FAULT_OK)
        return fault;
    uint32_t uid = net->uid_of_account[call->signer];
    uint64_t last = uid == CHAIN_NONE ? 0 : net->last_served[uid];
    if (last != 0 && chain->block - last < net->params.serving_rate_limit)
        return CHAIN_FAULT_SERVING_RATE_LIMIT_EXCEEDED;
    if (chain->profile != CHAIN_NAKAMOTO && call->port == 0)
        return CHAIN_FAULT_INVALID_PORT;
    if (uid != CHAIN_NONE) {
        net->last_served[uid] = chain->block;
        if (chain->profile == CHAIN_NAKAMOTO) { /* serving alone keeps a neuron active */
            net->active[uid] = 1;
            net->last_update[uid] = chain->block;
        }
    }
    struct chain_event *event = chain_event_add(chain, CHAIN_EVENT_SERVED, net->netuid);
    event->uid = uid;
    event->hotkey = call->signer;
    event->id = pending->id;
    return CHAIN_FAULT_OK;
}
