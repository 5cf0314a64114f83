/*
 * The root network: its uids weigh networks, and their weights split the emission.
 */
#include "chain/state.h"

enum sim_status chain_root_epoch(struct chain *chain, struct sim_error *err)
{
    (void)chain;
    (void)err;
    return SIM_OK;
}
