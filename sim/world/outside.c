#include "world/outside.h"

#include "base/stream.h"
#include "chain/pow.h"

#include <math.h>
#include <stdlib.h>

struct outside {
    struct outside_wiring wiring;
    uint32_t uid_count;
    double *true_value, *benchmark_score, *hashes, *operations; /* (uid_count) */
    int64_t *solve_time_ns;                                     /* (uid_count) */
    uint64_t *dice;                                             /* (uid_count) */
    uint32_t *clones;                                           /* (uid_count) */
    uint8_t *accomplice;                                        /* (uid_count) */
    struct mechanism_outside block;                             /* points to the above */

    /* Scratch of one epoch. */
    double *loss_nats;    /* (models) */
    uint32_t *model_uids; /* (models) uids behind which each stands */
    uint32_t *owner_uids; /* (neurons, as many as there can be owners) */
    uint64_t epoch, epoch_blocks;
};

/* ---- life */

static bool allocate(struct outside *outside)
{
    size_t uids = outside->uid_count, models = agents_model_count(outside->wiring.agents);
    outside->true_value = calloc(uids, sizeof(double));
    outside->benchmark_score = calloc(uids, sizeof(double));
    outside->hashes = calloc(uids, sizeof(double));
    outside->operations = calloc(uids, sizeof(double));
    outside->solve_time_ns = calloc(uids, sizeof(int64_t));
    outside->dice = calloc(uids, sizeof(uint64_t));
    outside->clones = calloc(uids, sizeof(uint32_t));
    outside->accomplice = calloc(uids, 1);
    outside->loss_nats = calloc(models + 1, sizeof(double));
    outside->model_uids = calloc(models + 1, sizeof(uint32_t));
    outside->owner_uids = calloc(agents_count(outside->wiring.agents) + 1, sizeof(uint32_t));
    return outside->true_value && outside->benchmark_score && outside->hashes &&
           outside->operations && outside->solve_time_ns && outside->dice && outside->clones &&
           outside->accomplice && outside->loss_nats && outside->model_uids && outside->owner_uids;
}

enum sim_status outside_create(const struct outside_wiring *wiring, struct outside **ret_outside,
                               struct sim_error *err)
{
    struct outside *outside = calloc(1, sizeof(*outside));
    if (outside == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for what a chain does not know");
    outside->wiring = *wiring;
    outside->uid_count = wiring->setup->uid_capacity;
    if (!allocate(outside)) {
        outside_free(outside);
        return SIM_FAIL(err, SIM_MEMORY, "no memory for what a chain does not know");
    }
    outside->block = (struct mechanism_outside){.true_value = outside->true_value,
                                                .benchmark_score = outside->benchmark_score,
                                                .solve_time_ns = outside->solve_time_ns,
                                                .hashes = outside->hashes,
                                                .operations = outside->operations,
                                                .clones = outside->clones,
                                                .accomplice = outside->accomplice,
                                                .dice = outside->dice};
    *ret_outside = outside;
    return SIM_OK;
}

struct outside *outside_free(struct outside *outside)
{
    if (outside == NULL)
        return NULL;
    free(outside->true_value);
    free(outside->benchmark_score);
    free(outside->hashes);
    free(outside->operations);
    free(outside->solve_time_ns);
    free(outside->dice);
    free(outside->clones);
    free(outside->accomplice);
    free(outside->loss_nats);
    free(outside->model_uids);
    free(outside->owner_uids);
    free(outside);
    return NULL;
}

/* ---- models */

/* What is left of the loss of knowing nothing: nats a token below ln V, at least 0. */
static double value_of(const struct outside *outside, double loss_nats)
{
    double saved = log(outside->wiring.setup->corpus->vocabulary_symbols) - loss_nats;
    return saved > 0 ? saved : 0;
}

static enum sim_status measure(struct outside *outside, enum agents_test test, double *ret_value,
                               struct sim_error *err)
{
    struct agents *agents = outside->wiring.agents;
    enum sim_status status =
        agents_test_models(agents, test, outside->wiring.test_sequences, outside->loss_nats, err);
    for (uint32_t uid = 0; uid < outside->uid_count && status == SIM_OK; uid++) {
        uint32_t neuron = agents_of_uid(agents, uid);
        ret_value[uid] = 0;
        if (neuron == AGENT_NONE)
            continue;
        struct agent_info info = agents_info(agents, neuron);
        if (info.miner)
            ret_value[uid] = value_of(outside, outside->loss_nats[info.model]);
    }
    return status;
}

/* ---- what each is and has done */

static void count_shared(struct outside *outside)
{
    struct agents *agents = outside->wiring.agents;
    for (uint32_t m = 0; m < agents_model_count(agents); m++)
        outside->model_uids[m] = 0;
    for (uint32_t n = 0; n < agents_count(agents); n++)
        outside->owner_uids[agents_info(agents, n).owner] = 0;
    for (uint32_t uid = 0; uid < outside->uid_count; uid++) {
        uint32_t neuron = agents_of_uid(agents, uid);
        if (neuron == AGENT_NONE)
            continue;
        struct agent_info info = agents_info(agents, neuron);
        outside->owner_uids[info.owner]++;
        outside->model_uids[info.model] += info.miner;
    }
}

static double epoch_s(const struct outside *outside)
{
    return (double)outside->epoch_blocks * (double)outside->wiring.setup->block_time_ns /
           (double)NS_PER_S;
}

/* Dice first, so that they do not depend on anything else that is drawn. */
static void draw(struct outside *outside, uint32_t uid, const struct agent_info *info,
                 double hashes_per_s)
{
    const struct agents_setup *setup = outside->wiring.setup;
    const struct chain_view *view = chain_view(outside->wiring.chain, setup->netuid);
    struct stream stream;
    stream_init(
        &stream, setup->seed, STREAM_MECHANISM,
        stream_entity(agents_group_stable_name(&setup->groups[info->group]), info->index_in_group),
        outside->epoch);
    outside->dice[uid] = stream_u64(&stream);
    if (hashes_per_s <= 0)
        return;
    int64_t solved_ns = pow_draw_time_ns(&stream, view->difficulty, hashes_per_s);
    if ((double)solved_ns <= epoch_s(outside) * (double)NS_PER_S)
        outside->solve_time_ns[uid] = solved_ns;
}

static void clear(struct outside *outside, uint32_t uid)
{
    outside->hashes[uid] = outside->operations[uid] = 0;
    outside->solve_time_ns[uid] = INT64_MAX;
    outside->dice[uid] = 0;
    outside->clones[uid] = 0;
    outside->accomplice[uid] = 0;
}

static void describe(struct outside *outside, uint32_t uid)
{
    struct agents *agents = outside->wiring.agents;
    uint32_t neuron = agents_of_uid(agents, uid);
    clear(outside, uid);
    if (neuron == AGENT_NONE)
        return;
    struct agent_info info = agents_info(agents, neuron);
    /* An owner's machines work for all its uids alike: more uids are not more work. */
    double hashes_per_s = info.owner_hashes_per_s / outside->owner_uids[info.owner];
    outside->hashes[uid] = hashes_per_s * epoch_s(outside);
    outside->operations[uid] = (double)agents_counters(agents, neuron)->flop_done;
    outside->clones[uid] = info.miner ? outside->model_uids[info.model] : 0;
    outside->accomplice[uid] = outside->wiring.setup->groups[info.group].params->attacker;
    draw(outside, uid, &info, hashes_per_s);
}

static void draw_network(struct outside *outside)
{
    const struct agents_setup *setup = outside->wiring.setup;
    struct stream stream;
    stream_init(&stream, setup->seed, STREAM_MECHANISM, stream_entity("(network)", setup->netuid),
                outside->epoch);
    outside->block.network_dice = stream_u64(&stream);
}

/* ---- the epoch */

static enum sim_status gather(struct outside *outside, uint32_t needs, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    if (needs & MECHANISM_NEEDS_TRUE_VALUE)
        status = measure(outside, AGENTS_TEST_HELDOUT, outside->true_value, err);
    if (status == SIM_OK && (needs & MECHANISM_NEEDS_BENCHMARK))
        status = measure(outside, AGENTS_TEST_PUBLIC, outside->benchmark_score, err);
    if (status != SIM_OK)
        return status;
    /* Not measured, so not told: the arrays may hold what another mechanism asked for long ago. */
    outside->block.true_value = needs & MECHANISM_NEEDS_TRUE_VALUE ? outside->true_value : NULL;
    outside->block.benchmark_score =
        needs & MECHANISM_NEEDS_BENCHMARK ? outside->benchmark_score : NULL;
    count_shared(outside);
    for (uint32_t uid = 0; uid < outside->uid_count; uid++)
        describe(outside, uid);
    draw_network(outside);
    return SIM_OK;
}

enum sim_status outside_feed(struct outside *outside, uint64_t number, struct sim_error *err)
{
    uint16_t netuid = outside->wiring.setup->netuid;
    const struct chain_view *view = chain_view(outside->wiring.chain, netuid);
    uint32_t needs = view->mechanism->needs;
    if (!chain_epoch_due(outside->wiring.chain, netuid, number))
        return SIM_OK;
    if (needs == 0) { /* the one before, in a schedule, may have been told something */
        chain_set_outside(outside->wiring.chain, netuid, NULL);
        return SIM_OK;
    }
    outside->epoch = view->epoch_index;
    outside->epoch_blocks = number - view->last_epoch_block;
    enum sim_status status = gather(outside, needs, err);
    if (status == SIM_OK)
        chain_set_outside(outside->wiring.chain, netuid, &outside->block);
    return status;
}
