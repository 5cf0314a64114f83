/*
 * One seed draws a whole chain: profile, parameters, neurons, and a storm of calls, many of them
 * wrong.  After every block the ledger's invariants hold; a refused call changes no amount; a copy
 * that is saved and loaded along the way ends with the same digest.
 *
 *   test_chain_swarm [SEED [COUNT]]     COUNT chains from SEED on
 */
#include "base/buffer.h"
#include "base/param_text.h"
#include "base/stream.h"
#include "chain/chain.h"
#include "mechanism/mechanism_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 24, ACCOUNTS = 2 * PAIRS, BLOCKS = 150 };

struct swarm {
    uint64_t seed;
    struct stream stream;
    struct chain_config config;
    struct chain_net_config nets[2];
    void *mechanism_params;
    struct chain *chain;
    struct sim_error err;
};

static void fail(const struct swarm *swarm, const char *what)
{
    printf("seed=%llu block=%llu: %s %s\nrepeat: test_chain_swarm %llu 1\n",
           (unsigned long long)swarm->seed,
           (unsigned long long)(swarm->chain == NULL ? 0 : chain_block_number(swarm->chain)), what,
           swarm->err.text, (unsigned long long)swarm->seed);
    exit(1);
}

static void must(struct swarm *swarm, enum sim_status status)
{
    if (status != SIM_OK)
        fail(swarm, "failed:");
}

static uint64_t draw(struct swarm *swarm, uint64_t bound)
{
    return stream_below(&swarm->stream, bound);
}

/* ------------------------------------------------------------------------------------ the chain */

static void draw_params(struct swarm *swarm, struct chain_params *params)
{
    params->max_uids = 1 + (uint32_t)draw(swarm, 10);
    params->tempo = draw(swarm, 15);
    params->immunity_period = draw(swarm, 30);
    params->adjustment_interval = 1 + draw(swarm, 20);
    params->target_registrations = 1 + (uint32_t)draw(swarm, 3);
    params->difficulty = params->min_difficulty = 1 + draw(swarm, 1000);
    params->burn = params->min_burn = draw(swarm, 2000);
    params->adjustment_alpha = draw(swarm, 2) ? 0 : stream_u64(&swarm->stream);
    params->min_allowed_weights = (uint32_t)draw(swarm, 4);
    params->max_weight_limit = draw(swarm, 2) ? UINT16_MAX : (uint16_t)draw(swarm, UINT16_MAX);
    params->weights_rate_limit = draw(swarm, 5);
    params->tx_rate_limit = draw(swarm, 3);
    params->serving_rate_limit = draw(swarm, 5);
    params->activity_cutoff = 1 + draw(swarm, 60);
    params->capacity = (int)draw(swarm, 2);
    params->block_size = 200 + draw(swarm, 2000);
    params->mempool_size = 4 + (uint32_t)draw(swarm, 30);
    params->min_non_immune = (uint32_t)draw(swarm, 4);
    params->pow_used_list = draw(swarm, 2);
    params->halving = draw(swarm, 2);
    params->max_issuance = UINT64_C(400000000000);
    params->block_emission = 1 + draw(swarm, 2000000000);
    params->owner_cut = (uint16_t)draw(swarm, UINT16_MAX);
    params->unstake_on_replacement = draw(swarm, 2);
    params->nominator_min_stake = draw(swarm, 2) * 1000;
    params->min_stake = draw(swarm, 2) * 100;
}

static const struct mechanism_ops *draw_mechanism(struct swarm *swarm)
{
    const struct mechanism_ops *ops;
    do
        ops = mechanism_list_item(draw(swarm, mechanism_list_count()));
    while (ops->needs != 0); /* what no chain knows is not here */
    return ops;
}

static void draw_config(struct swarm *swarm)
{
    enum chain_profile profile = (enum chain_profile)draw(swarm, CHAIN_PROFILE_COUNT);
    const struct mechanism_ops *ops = draw_mechanism(swarm);
    swarm->mechanism_params = calloc(1, ops->params->struct_bytes + 1);
    param_defaults(ops->params, swarm->mechanism_params);
    uint32_t count = profile == CHAIN_NAKAMOTO ? 1 : 1 + (uint32_t)draw(swarm, 2);
    for (uint32_t i = 0; i < count; i++) {
        struct chain_net_config *net = &swarm->nets[i];
        *net = (struct chain_net_config){.netuid = (uint16_t)(1 + 2 * i),
                                         .owner = draw(swarm, 2) ? PAIRS : CHAIN_NONE,
                                         .mechanism = ops,
                                         .mechanism_params = swarm->mechanism_params};
        chain_params_init(&net->params, profile);
        draw_params(swarm, &net->params);
        if (profile == CHAIN_NAKAMOTO)
            net->params.owner_cut = 0;
        net->params.commit_reveal = profile == CHAIN_CURRENT && draw(swarm, 2);
    }
    swarm->config = (struct chain_config){
        .profile = profile, .seed = swarm->seed, .net_count = count, .nets = swarm->nets};
}

static void populate(struct swarm *swarm)
{
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        char name[16];
        uint32_t id;
        snprintf(name, sizeof name, "%u", i);
        must(swarm, chain_add_account(swarm->chain, name, &id, &swarm->err));
    }
    for (uint32_t i = 0; i < PAIRS; i++)
        must(swarm,
             chain_genesis_balance(swarm->chain, PAIRS + i, draw(swarm, 100000), &swarm->err));
    uint32_t neurons = (uint32_t)draw(swarm, 8);
    for (uint32_t i = 0; i < neurons; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = swarm->nets[0].netuid,
                                              .hotkey = i,
                                              .coldkey = PAIRS + i,
                                              .stake_rao = draw(swarm, 5) * 1000000000,
                                              .permit = draw(swarm, 3) > 0};
        if (i < swarm->nets[0].params.max_uids)
            must(swarm, chain_genesis_neuron(swarm->chain, &neuron, &uid, &swarm->err));
    }
}

/* ------------------------------------------------------------------------------------- the storm
 */

/* Any call with fields that are right as often as wrong. */
static void submit_any(struct swarm *swarm)
{
    struct chain *chain = swarm->chain;
    uint32_t uids[6], values[6], i = (uint32_t)draw(swarm, PAIRS), count;
    uint16_t netuid = swarm->nets[draw(swarm, swarm->config.net_count)].netuid;
    count = (uint32_t)draw(swarm, 7);
    for (uint32_t k = 0; k < count; k++) {
        uids[k] = draw(swarm, 4) ? k : (uint32_t)draw(swarm, 12);
        values[k] = (uint32_t)(stream_u64(&swarm->stream) >> (draw(swarm, 3) * 16 + 16));
    }
    struct chain_extrinsic call = {
        .kind = (enum chain_call)draw(swarm, CHAIN_CALL_COUNT),
        .netuid = draw(swarm, 20) ? netuid : 77,
        .hotkey = draw(swarm, 10) ? i : (uint32_t)draw(swarm, ACCOUNTS),
        .coldkey = draw(swarm, 10) ? PAIRS + i : (uint32_t)draw(swarm, ACCOUNTS),
        .amount_rao = draw(swarm, 30) ? draw(swarm, 20000) : UINT64_MAX,
        .take = (uint16_t)draw(swarm, UINT16_MAX),
        .row_count = count,
        .value_count = draw(swarm, 20) ? count : (uint32_t)draw(swarm, count + 1),
        .row_uids = uids,
        .row_values = values,
        .ip_type = 4,
        .ip_low = draw(swarm, 4) ? 134744072 : 0,
        .port = (uint16_t)draw(swarm, 3)};
    bool by_hotkey = call.kind == CHAIN_SET_WEIGHTS || call.kind == CHAIN_COMMIT_WEIGHTS ||
                     call.kind == CHAIN_SERVE_AXON || call.kind == CHAIN_REGISTER_POW;
    call.signer = by_hotkey ? call.hotkey : call.coldkey;
    call.solver = draw(swarm, 10) ? call.hotkey : i;
    uint64_t number = chain_block_number(chain), id;
    pow_draw_work(&swarm->stream, number - (number > 5 ? draw(swarm, 4) : 0),
                  draw(swarm, 4) ? chain_view(chain, netuid)->difficulty : 1, &call.work);
    must(swarm, chain_submit(chain, &call, &id, &swarm->err));
}

static void change_something(struct swarm *swarm)
{
    static const char *const keys[] = {"tempo",          "max_uids", "immunity_period",
                                       "block_emission", "burn",     "difficulty"};
    const char *key = keys[draw(swarm, sizeof keys / sizeof *keys)];
    uint16_t netuid = swarm->nets[draw(swarm, swarm->config.net_count)].netuid;
    struct chain_params values = *chain_view(swarm->chain, netuid)->params;
    draw_params(swarm, &values);
    struct sim_error refused = {0};
    if (chain_set_param(swarm->chain, netuid, key, &values, &refused) != SIM_OK &&
        refused.text[0] == '\0')
        fail(swarm, "a change was refused without a reason");
}

static void save_and_load(struct swarm *swarm)
{
    struct buffer buffer;
    buffer_init(&buffer);
    must(swarm, chain_save(swarm->chain, &buffer, &swarm->err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    uint64_t digest = chain_digest(swarm->chain);
    swarm->chain = chain_free(swarm->chain);
    must(swarm, chain_load(&swarm->config, &reader, &swarm->chain, &swarm->err));
    if (chain_digest(swarm->chain) != digest)
        fail(swarm, "another digest after loading");
    buffer_release(&buffer);
}

/* What a block without any accepted call may not have changed: amounts move by emission alone. */
static void check_refusals(struct swarm *swarm, uint64_t balances_before)
{
    size_t count;
    const struct chain_event *events = chain_events(swarm->chain, &count);
    for (size_t i = 0; i < count; i++)
        if (events[i].kind != CHAIN_EVENT_FAILED)
            return;
    uint64_t balances = 0;
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        balances += chain_balance_rao(swarm->chain, i);
    bool cut = swarm->nets[0].owner != CHAIN_NONE || swarm->nets[1].owner != CHAIN_NONE;
    if (balances != balances_before && !cut)
        fail(swarm, "a refused call moved money");
}

static uint64_t run(uint64_t seed, bool with_saving, unsigned *accepted)
{
    struct swarm swarm = {.seed = seed};
    stream_init(&swarm.stream, seed, STREAM_TEST, stream_entity("swarm", 0), 0);
    draw_config(&swarm);
    must(&swarm, chain_create(&swarm.config, &swarm.chain, &swarm.err));
    populate(&swarm);
    must(&swarm, chain_check(swarm.chain, &swarm.err));
    for (uint64_t block = 1; block <= BLOCKS; block++) {
        uint64_t balances = 0;
        for (uint32_t i = 0; i < ACCOUNTS; i++)
            balances += chain_balance_rao(swarm.chain, i);
        uint64_t calls = draw(&swarm, 9);
        for (uint64_t i = 0; i < calls; i++)
            submit_any(&swarm);
        if (with_saving && block % 40 == 0)
            save_and_load(&swarm);
        if (draw(&swarm, 30) == 0)
            change_something(&swarm);
        must(&swarm, chain_block(swarm.chain, block, &swarm.err));
        must(&swarm, chain_check(swarm.chain, &swarm.err));
        check_refusals(&swarm, balances);
        size_t count;
        const struct chain_event *events = chain_events(swarm.chain, &count);
        for (size_t i = 0; i < count; i++)
            *accepted += events[i].id != 0 && events[i].kind != CHAIN_EVENT_FAILED;
    }
    uint64_t digest = chain_digest(swarm.chain);
    swarm.chain = chain_free(swarm.chain);
    free(swarm.mechanism_params);
    return digest;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 300;
    unsigned accepted = 0, again = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (run(seed + i, false, &accepted) == run(seed + i, true, &again))
            continue;
        printf("seed=%llu: saving changes the outcome\nrepeat: test_chain_swarm %llu 1\n",
               (unsigned long long)(seed + i), (unsigned long long)(seed + i));
        return 1;
    }
    printf("%llu chains, %u calls accepted\n", (unsigned long long)count, accepted);
    /* A storm in which nothing ever succeeds would prove little. */
    return accepted > 20 * count ? 0 : 1;
}
