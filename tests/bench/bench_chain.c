/*
 * What the chain costs, one figure a line: name, value, unit.  Inputs are generated; the digest of
 * all amounts stands on the last line.
 *
 *   bench_chain [UIDS]      default 4096
 */
#include "base/param_text.h"
#include "base/units.h"
#include "chain/chain.h"
#include "mechanism/mechanism_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct sim_error err;

static void must(enum sim_status status)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct chain *create(uint32_t uids, const struct mechanism_ops *mechanism, void *params)
{
    static struct chain_net_config net;
    net = (struct chain_net_config){
        .netuid = 3, .owner = CHAIN_NONE, .mechanism = mechanism, .mechanism_params = params};
    chain_params_init(&net.params, CHAIN_FINNEY);
    net.params.max_uids = uids;
    net.params.max_weight_limit = UINT16_MAX;
    net.params.min_allowed_weights = 1;
    net.params.weights_rate_limit = 0;
    net.params.max_registrations_per_block = 0;
    net.params.max_registrations_per_interval_factor = 0;
    net.params.capacity = CHAIN_CAPACITY_UNLIMITED;
    struct chain_config config = {.profile = CHAIN_FINNEY, .seed = 1, .net_count = 1, .nets = &net};
    struct chain *chain;
    must(chain_create(&config, &chain, &err));
    for (uint32_t i = 0; i < 4 * uids; i++) {
        char name[32];
        uint32_t id;
        snprintf(name, sizeof name, "account/%u", i);
        must(chain_add_account(chain, name, &id, &err));
    }
    for (uint32_t i = 0; i < uids; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = 3,
                                              .hotkey = 2 * i,
                                              .coldkey = 2 * i + 1,
                                              .stake_rao = (1 + i % 100) * RAO_PER_TAO,
                                              .permit = true};
        must(chain_genesis_neuron(chain, &neuron, &uid, &err));
    }
    return chain;
}

static void next_block(struct chain *chain)
{
    must(chain_block(chain, chain_block_number(chain) + 1, &err));
}

/* Microseconds of a block in which `count` validators set full rows. */
static double rows_us(struct chain *chain, uint32_t uids, uint32_t count)
{
    uint32_t *row = malloc(2 * uids * sizeof *row);
    for (uint32_t i = 0; i < uids; i++) {
        row[i] = i;
        row[uids + i] = 1 + i * 7 % 60000;
    }
    double start = seconds();
    for (uint32_t i = 0; i < count; i++) {
        struct chain_extrinsic call = {.kind = CHAIN_SET_WEIGHTS,
                                       .netuid = 3,
                                       .signer = 2 * i,
                                       .row_count = uids,
                                       .value_count = uids,
                                       .row_uids = row,
                                       .row_values = row + uids};
        uint64_t id;
        must(chain_submit(chain, &call, &id, &err));
    }
    next_block(chain);
    free(row);
    return (seconds() - start) * 1e6 / count;
}

/* Microseconds of a registration that replaces somebody. */
static double replacement_us(struct chain *chain, uint32_t uids, uint32_t count)
{
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct chain_extrinsic call = {.kind = CHAIN_REGISTER_POW, .netuid = 3};
        call.signer = call.hotkey = call.solver = 2 * uids + 2 * i;
        call.coldkey = call.hotkey + 1;
        pow_draw_work(&stream, chain_block_number(chain), chain_view(chain, 3)->difficulty,
                      &call.work);
        uint64_t id;
        must(chain_submit(chain, &call, &id, &err));
    }
    double start = seconds();
    next_block(chain);
    return (seconds() - start) * 1e6 / count;
}

static double idle_block_ns(struct chain *chain)
{
    enum { BLOCKS = 40 };
    double start = seconds();
    for (int i = 0; i < BLOCKS; i++)
        next_block(chain);
    return (seconds() - start) * 1e9 / BLOCKS;
}

int main(int argc, char **argv)
{
    uint32_t uids = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 4096;
    const struct mechanism_ops *mechanism = mechanism_list_find("finney");
    void *params = calloc(1, mechanism->params->struct_bytes + 1);
    param_defaults(mechanism->params, params);
    struct chain *chain = create(uids, mechanism, params);
    next_block(chain);
    uint32_t rows = uids < 64 ? uids : 64, newcomers = uids < 50 ? uids : 50;
    printf("chain.set_weights.%u\t%.1f\tus\n", uids, rows_us(chain, uids, rows));
    printf("chain.idle_block.%u\t%.0f\tns\n", uids, idle_block_ns(chain));
    while (!chain_epoch_due(chain, 3, chain_block_number(chain) + 1))
        next_block(chain);
    double start = seconds();
    next_block(chain);
    printf("chain.epoch_block.%ux%u\t%.2f\tms\n", rows, uids, (seconds() - start) * 1e3);
    start = seconds();
    next_block(chain);
    printf("chain.pay_block.%u\t%.2f\tms\n", uids, (seconds() - start) * 1e3);
    printf("chain.replace.%u\t%.1f\tus\n", uids, replacement_us(chain, uids, newcomers));
    printf("chain.digest\t%016llx\n", (unsigned long long)chain_digest(chain));
    chain = chain_free(chain);
    free(params);
    return 0;
}
