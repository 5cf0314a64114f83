#include "cli/predict_chain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double cpu_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- what it costs */

/* Neurons as far as there is room, those that validate first; each with an owner of its own. */
static enum sim_status fill(struct chain *chain, uint16_t netuid, uint32_t uids,
                            uint32_t validators, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t n = 0; n < uids && status == SIM_OK; n++) {
        struct chain_genesis_neuron neuron = {.netuid = netuid, .permit = n < validators};
        uint32_t uid;
        char name[40];
        neuron.stake_rao = n < validators ? UINT64_C(1000000000000) : 0;
        snprintf(name, sizeof(name), "owner %u", n);
        status = chain_add_account(chain, name, &neuron.coldkey, err);
        snprintf(name, sizeof(name), "hotkey %u", n);
        if (status == SIM_OK)
            status = chain_add_account(chain, name, &neuron.hotkey, err);
        if (status == SIM_OK)
            status = chain_genesis_neuron(chain, &neuron, &uid, err);
    }
    return status;
}

static enum sim_status weigh(struct chain *chain, uint16_t netuid, uint32_t uids,
                             uint32_t validators, struct sim_error *err)
{
    uint32_t *row = malloc(2 * ((size_t)uids + 1) * sizeof(*row));
    enum sim_status status = SIM_OK;
    if (row == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u weights", uids);
    for (uint32_t target = 0; target < uids; target++) {
        row[target] = target;
        row[uids + target] = 1 + target % 1000;
    }
    for (uint32_t v = 0; v < validators && uids > validators && status == SIM_OK; v++)
        status = chain_genesis_weights(chain, netuid, v, uids - validators, row + validators,
                                       row + uids + validators, err);
    free(row);
    return status;
}

/* Mean CPU seconds of a block where an epoch runs every `tempo` + 1 (nakamoto: `tempo`). */
static enum sim_status time_blocks(const struct scenario_plan *plan, uint64_t tempo,
                                   uint64_t at_least, uint32_t uids, uint32_t validators,
                                   double *ret_s, struct sim_error *err)
{
    static const double budget_s = 0.05;
    struct chain_net_config net = plan->chain_net;
    struct chain_config config = plan->setup.chain;
    struct chain *chain = NULL;
    net.params.tempo = tempo;
    net.params.activity_cutoff = UINT64_C(1) << 40; /* they have weighed once and for all */
    net.params.activity_cutoff_factor = 0;
    config.nets = &net;
    config.net_count = 1;
    enum sim_status status = chain_create(&config, &chain, err);
    if (status == SIM_OK)
        status = fill(chain, net.netuid, uids, validators, err);
    if (status == SIM_OK)
        status = weigh(chain, net.netuid, uids, validators, err);
    double start_s = cpu_now_s();
    uint64_t block = 0;
    while (status == SIM_OK && (block < at_least || cpu_now_s() - start_s < budget_s))
        status = chain_block(chain, ++block, err);
    *ret_s = block > 0 ? (cpu_now_s() - start_s) / (double)block : 0;
    chain_free(chain);
    return status;
}

enum sim_status predict_chain_measure(const struct scenario_plan *plan,
                                      struct predict_chain_cost *ret_cost, struct sim_error *err)
{
    const struct agents_setup *agents = &plan->setup.agents;
    double neurons = 0, validators = 0, idle_s = 0, both_s = 0;
    for (uint32_t g = 0; g < agents->group_count; g++) {
        const struct group_params *params = agents->groups[g].params;
        neurons += params->count;
        validators += params->validator ? params->count : 0;
    }
    uint32_t uids = (uint32_t)smaller(neurons, plan->chain_net.params.max_uids);
    uint32_t weighing = (uint32_t)smaller(validators, uids);
    enum sim_status status =
        time_blocks(plan, UINT64_C(1) << 40, 1000, uids, weighing, &idle_s, err);
    if (status == SIM_OK)
        status = time_blocks(plan, 1, 2, uids, weighing, &both_s, err);
    double period = plan->setup.chain.profile == CHAIN_NAKAMOTO ? 1 : 2;
    if (status == SIM_OK)
        *ret_cost = (struct predict_chain_cost){idle_s, larger(0, period * (both_s - idle_s))};
    return status;
}

/* ---- how often people come */

static double blocks_of(const struct scenario_plan *plan, double from_ns)
{
    double until_ns = (double)plan->setup.params->until_ns;
    return larger(0, until_ns - from_ns) / (double)plan->setup.params->block_time_ns;
}

/* Hashes a second of everybody in a group who works for uids that are for sale. */
static double hash_rate_of(const struct scenario_plan *plan, const struct agents_group *group)
{
    const struct group_params *params = group->params;
    bool works = plan->chain_net.params.pow_registration &&
                 group->money->registration != MONEY_BURN && (!params->genesis || params->reenter);
    double hosts = params->server == GROUP_ONE ? params->count > 0 : params->count;
    return works ? hosts * dist_mean(&group->host->hash_rate_hashes_per_s) : 0;
}

/* What the rule approaches: `target` registrations an interval, as far as it may go. */
static double settled_difficulty(const struct scenario_plan *plan, double hashes_per_s)
{
    const struct chain_params *params = &plan->chain_net.params;
    double interval_s =
        (double)params->adjustment_interval * (double)plan->setup.params->block_time_ns * 1e-9;
    double target = params->target_registrations > 0 ? params->target_registrations : 1;
    double settled = hashes_per_s * interval_s / target;
    return larger(1, smaller((double)params->max_difficulty,
                             larger((double)params->min_difficulty, settled)));
}

/* An owner hands in one solution a block; one that a cap refuses is found again. */
double predict_chain_solutions(const struct scenario_plan *plan)
{
    const struct agents_setup *agents = &plan->setup.agents;
    double block_s = (double)plan->setup.params->block_time_ns * 1e-9;
    double hashes_per_s = 0, neurons = 0, solutions = 0, waiting = 0;
    double room = plan->chain_net.params.max_uids;
    for (uint32_t g = 0; g < agents->group_count; g++) {
        neurons += agents->groups[g].params->count;
        hashes_per_s += hash_rate_of(plan, &agents->groups[g]);
    }
    double difficulty = settled_difficulty(plan, hashes_per_s);
    for (uint32_t g = 0; g < agents->group_count; g++) {
        const struct agents_group *group = &agents->groups[g];
        const struct group_params *params = group->params;
        double owners = params->owner == GROUP_ONE ? params->count > 0 : params->count;
        double rate = hash_rate_of(plan, group);
        if (params->genesis || owners == 0 || rate == 0)
            continue;
        double a_block = owners * smaller(1, rate / owners * block_s / difficulty);
        solutions += a_block * blocks_of(plan, dist_mean(&params->enter_ns));
        waiting += params->count;
    }
    return neurons > room ? solutions : smaller(solutions, waiting);
}

double predict_chain_unrest(const struct scenario_plan *plan)
{
    const struct chain_params *params = &plan->chain_net.params;
    bool falls = plan->setup.chain.profile == CHAIN_CURRENT && params->burn_registration;
    double least = larger(1, (double)params->min_burn), burn = larger(least, (double)params->burn);
    return falls ? (double)params->burn_half_life * log2(burn / least) : 0;
}

/* Validators that the chain lets set weights, sooner or later. */
static double permitted(const struct scenario_plan *plan, double validators)
{
    const struct chain_params *params = &plan->chain_net.params;
    bool limited = plan->setup.chain.profile != CHAIN_NAKAMOTO;
    return limited ? smaller(validators, params->max_validators) : validators;
}

double predict_chain_looks(const struct scenario_plan *plan, double *ret_rows)
{
    const struct query_params *query = plan->setup.agents.query;
    const struct chain_params *params = &plan->chain_net.params;
    bool nakamoto = plan->setup.chain.profile == CHAIN_NAKAMOTO;
    double blocks = blocks_of(plan, 0), interval = (double)query->weights_interval_blocks;
    double validators = 0, looks = 0;
    for (uint32_t g = 0; g < plan->setup.agents.group_count; g++) {
        const struct group_params *group = plan->setup.agents.groups[g].params;
        validators += group->validator ? group->count : 0;
    }
    if (!query->heed_limits || nakamoto) {
        *ret_rows = validators * blocks / interval;
        return *ret_rows;
    }
    double allowed = permitted(plan, validators);
    double limit = larger(interval, (double)params->weights_rate_limit);
    double first = smaller(blocks, (double)params->tempo); /* the first epoch gives permits */
    double before = first < interval ? first * first / (2 * interval) : first - interval / 2;
    double periods = larger(0, blocks - first) / limit;
    *ret_rows = allowed * periods;
    looks = *ret_rows * (1 + limit - interval);
    looks += (plan->setup.agents.genesis == NULL ? validators : 0) * before;
    return looks + (validators - allowed) * larger(0, blocks - interval / 2);
}
