/*
 * Whole runs, each under every way in which the machine may differ: threads, the workers' order,
 * delays, no memo, a checkpoint after each epoch, a stop after each epoch.  One digest.
 *
 * The scenarios have what crosses jobs: gradients that come back, teachers, models that lose
 * their numbers, models behind several hotkeys, every form of answer.  Their text is of eight
 * symbols and nearly foretold, so that a question comes back: to a shared model of the same
 * version, to one that has learnt since, to another one.  A memo that takes one for the other
 * would show.
 */
#include "base/stream.h"
#include "cli/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct form {
    const char *name, *query, *miners, *validators;
};

static const struct form forms[] = {
    {"logits", "gradients: true", "remote: norm", "distil: 0.1"},
    {"hidden", "response: hidden, width: 24, gradients: true", "remote: sum", "distil: 0.1"},
    {"topk", "response: topk, kept: 6, gradients: true", "remote: norm, remote_max: 2",
     "distil: 0.5"},
    {"phrases", "response: phrases, phrases: 7, continuation: 2, gradients: true", "remote: norm",
     "local: true"},
};

static const char frame[] =
    "name: one-digest\n"
    "until: 9 min\n"
    "seed: 5\n"
    "memo_memory: %s\n"
    "chain: {profile: finney, max_uids: 24, tempo: 10 blocks, min_allowed_weights: 1, "
    "max_weight_limit: 1, immunity_period: 10000 blocks, burn_registration: false}\n"
    "corpus: {name: synthetic, symbols: 8, entropy: 0.3 nats, tokens: 81920}\n"
    "query: {peers: 9, interval: 12 s, batch: 1, sequence: 6, weights_interval: 5 blocks, %s}\n"
    "record: {evaluation_sequences: 2}\n"
    "groups:\n"
    "  miners:\n"
    "    count: 6\n"
    "    model: {name: gru, vocabulary: 8, embedding: 8, hidden: 16}\n"
    "    training: {interval: 8 s, batch: 3, sequence: 8, %s}\n"
    "  shared:\n"
    "    count: 4\n"
    "    server: one\n"
    "    model: {name: transformer, vocabulary: 8, context: 12, width: 16, heads: 2, hidden: 16}\n"
    "    training: {interval: 20 s, batch: 3, sequence: 8, %s}\n"
    "  twins:\n"
    "    count: 3\n"
    "    server: one\n"
    "    model: {name: transformer, vocabulary: 8, context: 12, width: 16, heads: 2, hidden: 16}\n"
    "    training: {interval: 24 s, batch: 3, sequence: 8, %s}\n"
    "  lost:\n"
    "    count: 3\n"
    "    model: {name: mlp, vocabulary: 8, context: 4, embedding: 8, hidden: 16}\n"
    "    training: {interval: 10 s, batch: 3, sequence: 8, on_nan: revert, %s}\n"
    "    optimiser: {kind: sgd, clip_norm: 0, learning_rate: 100}\n"
    "  validators:\n"
    "    count: 4\n"
    "    validator: true\n"
    "    miner: false\n"
    "    stake: 1000 TAO\n"
    "    model: {name: conv, vocabulary: 8, context: 4, width: 16, hidden: 16, layers: 1}\n"
    "    training: {interval: 12 s, batch: 3, sequence: 8, %s}\n";

struct way {
    const char *name;
    uint32_t threads, delay_us;
    bool shuffle, no_memo, checkpoints, stops;
};

static const struct way ways[] = {
    {.name = "1 thread", .threads = 1},
    {.name = "2 threads", .threads = 2},
    {.name = "7 threads", .threads = 7},
    {.name = "random delays", .threads = 3, .delay_us = 60},
    {.name = "random order", .threads = 7, .shuffle = true},
    {.name = "no memo", .threads = 2, .no_memo = true},
    {.name = "a checkpoint each epoch", .threads = 2, .checkpoints = true},
    {.name = "a stop each epoch", .threads = 7, .shuffle = true, .stops = true},
    {.name = "all at once",
     .threads = 7,
     .delay_us = 60,
     .shuffle = true,
     .no_memo = true,
     .checkpoints = true,
     .stops = true},
};

/* Asks the run to end once an epoch has passed since it was taken up. */
struct stopper {
    volatile sig_atomic_t stop;
    uint64_t next_block;
};

static void after_block(void *context, const struct world_status *status)
{
    struct stopper *stopper = context;
    if (status->block < stopper->next_block)
        return;
    stopper->stop = 1;
    stopper->next_block = status->block + 10;
}

struct outcome {
    uint64_t digest, memo_hits;
    uint32_t parts;
};

/* Runs to the end, taking the run up again as often as it stopped. */
static enum sim_status run_world(struct world_setup *setup, struct stopper *stopper,
                                 struct outcome *ret_outcome, struct sim_error *err)
{
    enum sim_status status = SIM_INTERRUPTED;
    *ret_outcome = (struct outcome){0};
    for (; status == SIM_INTERRUPTED; ret_outcome->parts++) {
        struct world *world = NULL;
        stopper->stop = 0;
        status = world_create(setup, &world, err);
        if (status == SIM_OK)
            status = world_run(world, err);
        if (status == SIM_OK) {
            status = world_finish(world, err);
            ret_outcome->digest = world_digests(world).trace;
        }
        if (world != NULL)
            ret_outcome->memo_hits += world_compute(world).memo_hits[AGENT_JOB_FORWARD];
        world_free(world);
        setup->resume = true;
    }
    return status;
}

static enum sim_status run_text(const char *text, const struct way *way, const char *folder,
                                struct outcome *ret_outcome, struct sim_error *err)
{
    static struct scenario_schema schema;
    scenario_schema_init(&schema);
    struct config_input input = {.path = "one-digest", .text = text, .text_bytes = strlen(text)};
    struct config_report report = {0};
    struct config *config;
    enum sim_status status = config_load(&schema.config, &input, &config, &report, err);
    config_report_release(&report);
    if (status != SIM_OK)
        return status;
    struct scenario_plan plan;
    struct stopper stopper = {.next_block = 10};
    status = scenario_plan_init(&plan, &schema, config, err);
    if (status == SIM_OK) {
        plan.setup.threads = way->threads;
        plan.setup.folder = folder;
        plan.setup.version = TAOSIM_VERSION;
        plan.setup.scenario = text;
        plan.setup.scenario_sha256 = "";
        plan.setup.kernel = "";
        plan.setup.checkpoint_each_epoch = way->checkpoints;
        plan.setup.compute_test = (struct compute_options){.test_seed = way->threads,
                                                           .test_delay_us_max = way->delay_us,
                                                           .test_shuffle = way->shuffle,
                                                           .test_poison_scratch = true};
        if (way->stops) {
            plan.setup.stop = &stopper.stop;
            plan.setup.progress = after_block;
            plan.setup.progress_context = &stopper;
        }
        status = run_world(&plan.setup, &stopper, ret_outcome, err);
    }
    scenario_plan_release(&plan);
    config_free(config);
    return status;
}

static bool run_way(const struct form *form, const struct way *way, const char *folder,
                    uint64_t *ret_digest)
{
    char text[4096];
    int length = snprintf(text, sizeof(text), frame, way->no_memo ? "0 B" : "1 MiB", form->query,
                          form->miners, form->miners, form->miners, form->miners, form->validators);
    SIM_ASSERT(length > 0 && (size_t)length < sizeof(text));
    struct sim_error err = {0};
    struct outcome outcome = {0};
    enum sim_status status = run_text(text, way, folder, &outcome, &err);
    if (status != SIM_OK)
        printf("%s, %s: %s\n", form->name, way->name, err.text);
    else
        printf("%s, %s: %016llx, in %u parts, %llu answers from the memo\n", form->name, way->name,
               (unsigned long long)outcome.digest, outcome.parts,
               (unsigned long long)outcome.memo_hits);
    fflush(stdout);
    *ret_digest = outcome.digest;
    bool remembered = way->no_memo ? outcome.memo_hits == 0 : outcome.memo_hits > 100;
    return status == SIM_OK && (outcome.parts > 3) == way->stops && remembered;
}

int main(void)
{
    char folder[] = "/tmp/taosim-one-digest-XXXXXX", command[64];
    SIM_ASSERT(mkdtemp(folder) != NULL);
    size_t passed = 0, count = 0;
    uint64_t last = 0;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        uint64_t first = 0, digest = 0;
        for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
            bool ran = run_way(&forms[f], &ways[w], folder, &digest);
            if (w == 0)
                first = digest;
            bool differs_by_form = w > 0 || digest != last;
            passed += ran && digest == first && differs_by_form;
            count++;
        }
        last = first;
    }
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    SIM_ASSERT(system(command) == 0);
    printf("%zu passed, %zu failed\n", passed, count - passed);
    return passed == count ? 0 : 1;
}
