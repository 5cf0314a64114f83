/*
 * What the last epoch's mechanism was given, kept for whoever records it: most of the arrays have
 * changed by the end of the same block.
 */
#include "chain/state.h"

#include <stdlib.h>
#include <string.h>

void chain_keep_inputs(struct chain *chain, uint16_t netuid)
{
    struct chain_net *net = chain_net_of(chain, netuid);
    SIM_ASSERT(net != NULL);
    net->keeps_input = true;
}

enum { WORD_ARRAYS = 5, BYTE_ARRAYS = 2 };

static bool reserve(struct chain_net *net)
{
    if (net->kept_capacity >= net->count)
        return true;
    free(net->kept_words);
    net->kept_words =
        malloc((size_t)net->capacity * (WORD_ARRAYS * sizeof(uint64_t) + BYTE_ARRAYS));
    net->kept_capacity = net->kept_words == NULL ? 0 : net->capacity;
    return net->kept_words != NULL;
}

enum sim_status chain_keep_input(struct chain_net *net, const struct mechanism_input *input,
                                 struct sim_error *err)
{
    if (!reserve(net))
        return SIM_FAIL(err, SIM_MEMORY, "chain: no memory to keep an epoch's input");
    size_t n = net->count;
    struct mechanism_input *kept = &net->kept;
    const uint64_t **const words[WORD_ARRAYS] = {&kept->stake_rao, &kept->last_update,
                                                 &kept->block_at_registration, &kept->priority,
                                                 &kept->earliest_commit_block};
    *kept = *input;
    uint64_t *at = net->kept_words;
    for (size_t k = 0; k < WORD_ARRAYS; k++) {
        if (*words[k] == NULL)
            continue;
        *words[k] = memcpy(at, *words[k], n * sizeof *at);
        at += n;
    }
    uint8_t *bytes = (uint8_t *)at;
    kept->permit = memcpy(bytes, input->permit, n);
    kept->pruned = memcpy(bytes + n, input->pruned, n);
    /* The mechanism's own memory becomes its next one in place. */
    kept->bonds = (struct mechanism_bonds){0};
    kept->memory = NULL;
    return SIM_OK;
}
