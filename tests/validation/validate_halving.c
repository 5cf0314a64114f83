/*
 * 130 years of halvings: a chain alone, 16 uids, an epoch every 360 blocks.
 *
 *   validate_halving [YEARS]      default 130; a year has 365.25 days of 7200 blocks
 *
 * Fails when issuance ever passes the cap, when an invariant of the ledger breaks, or when a year
 * of single blocks gives another state than a year of merged idle blocks.
 */
#include "base/buffer.h"
#include "base/param_text.h"
#include "base/units.h"
#include "chain/chain.h"
#include "mechanism/mechanism_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UIDS = 16, BLOCKS_A_YEAR = 2629800 };

static struct sim_error err;

static void must(enum sim_status status)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "%s\n", err.text);
    exit(1);
}

/* Four validators with the stake, all rating all others, so that every epoch pays. */
static struct chain *create(void *mechanism_params, const struct mechanism_ops *mechanism)
{
    static struct chain_net_config net;
    net = (struct chain_net_config){.netuid = 1,
                                    .owner = CHAIN_NONE,
                                    .mechanism = mechanism,
                                    .mechanism_params = mechanism_params};
    chain_params_init(&net.params, CHAIN_CURRENT);
    net.params.max_uids = UIDS;
    net.params.activity_cutoff_factor = 0;
    net.params.activity_cutoff = UINT64_MAX; /* nobody writes in 130 years */
    struct chain_config config = {
        .profile = CHAIN_CURRENT, .seed = 1, .net_count = 1, .nets = &net};
    struct chain *chain;
    must(chain_create(&config, &chain, &err));
    for (uint32_t i = 0; i < UIDS; i++) {
        char name[32];
        uint32_t hotkey, coldkey, uid;
        snprintf(name, sizeof name, "hot/%u", i);
        must(chain_add_account(chain, name, &hotkey, &err));
        snprintf(name, sizeof name, "cold/%u", i);
        must(chain_add_account(chain, name, &coldkey, &err));
        struct chain_genesis_neuron neuron = {.netuid = 1,
                                              .hotkey = hotkey,
                                              .coldkey = coldkey,
                                              .stake_rao = i < 4 ? (i + 1) * RAO_PER_TAO : 0,
                                              .permit = i < 4};
        must(chain_genesis_neuron(chain, &neuron, &uid, &err));
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t uids[UIDS], values[UIDS];
        for (uint32_t k = 0; k < UIDS; k++) {
            uids[k] = k;
            values[k] = 1 + k + i;
        }
        must(chain_genesis_weights(chain, 1, i, UIDS, uids, values, &err));
    }
    return chain;
}

static bool same_state(const struct chain *a, const struct chain *b)
{
    struct buffer left, right;
    buffer_init(&left);
    buffer_init(&right);
    must(chain_save(a, &left, &err));
    must(chain_save(b, &right, &err));
    bool same = left.size_bytes == right.size_bytes &&
                memcmp(left.bytes, right.bytes, left.size_bytes) == 0;
    buffer_release(&left);
    buffer_release(&right);
    return same;
}

/* Processor time: what else the machine does is not the chain's cost. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    uint64_t years = argc > 1 ? strtoull(argv[1], NULL, 10) : 130;
    const struct mechanism_ops *mechanism = mechanism_list_find("yuma2");
    void *params = calloc(1, mechanism->params->struct_bytes + 1);
    param_defaults(mechanism->params, params);

    struct chain *merged = create(params, mechanism), *single = create(params, mechanism);
    double start = seconds();
    for (uint64_t block = 1; block <= BLOCKS_A_YEAR; block++)
        must(chain_block(single, block, &err));
    double single_s = seconds() - start;
    start = seconds();
    for (uint64_t year = 1; year <= years; year++) {
        must(chain_run_to(merged, year * BLOCKS_A_YEAR, &err));
        must(chain_check(merged, &err));
        uint64_t issuance = chain_total_issuance_rao(merged);
        if (issuance > UINT64_C(21000000000000000)) {
            fprintf(stderr, "year %llu: issuance %llu is above the cap\n", (unsigned long long)year,
                    (unsigned long long)issuance);
            return 1;
        }
        if (year == 1 && !same_state(merged, single)) {
            fprintf(stderr, "a year of merged blocks differs from a year of single ones\n");
            return 1;
        }
        if (year % 10 == 0 || year == 1)
            printf("year\t%llu\tissuance_rao\t%llu\tblock_emission_rao\t%llu\n",
                   (unsigned long long)year, (unsigned long long)issuance,
                   (unsigned long long)chain_block_emission_rao(merged));
    }
    printf("single_year_cpu_s\t%.2f\nmerged_years\t%llu\nmerged_cpu_s\t%.2f\n", single_s,
           (unsigned long long)years, seconds() - start);
    merged = chain_free(merged);
    single = chain_free(single);
    free(params);
    return 0;
}
