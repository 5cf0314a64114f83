/*
 * Whole runs that nobody thought of: one seed draws a scenario (sizes, models, strategies, rules,
 * links), the run is checked after every block, and a failure prints the seed and the scenario.
 *
 *   test_world [FIRST_SEED COUNT]
 */
#include "base/stream.h"
#include "cli/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t draw(struct stream *dice, uint64_t low, uint64_t high)
{
    return low + stream_below(dice, high - low + 1);
}

static const char *pick(struct stream *dice, const char *const *texts, size_t count)
{
    return texts[stream_below(dice, count)];
}
#define PICK(dice, ...)                                                                            \
    pick((dice), (const char *const[]){__VA_ARGS__},                                               \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* How a scenario's answers travel, drawn once. */
struct forms {
    bool gradients, phrases;
};

static struct forms write_forms(FILE *yaml, struct stream *dice)
{
    struct forms forms = {.gradients = draw(dice, 0, 1) == 1};
    const char *form = forms.gradients
                           ? PICK(dice, "logits", "hidden", "hidden, width: 40", "topk, kept: 5",
                                  "phrases, phrases: 7", "phrases, phrases: 4, continuation: 2")
                           : PICK(dice, "logits", "hidden", "topk, kept: 3", "phrases, phrases: 7",
                                  "phrases, phrases: 3, continuation: 1");
    forms.phrases = strncmp(form, "phrases", 7) == 0;
    fprintf(yaml, ", response: %s, gradients: %s}\n", form, forms.gradients ? "true" : "false");
    return forms;
}

static void write_training(FILE *yaml, struct stream *dice, bool validator, struct forms forms)
{
    fprintf(yaml, "    training: {interval: %llu s, batch: %llu, sequence: %llu, on_nan: %s",
            (unsigned long long)draw(dice, 5, 90), (unsigned long long)draw(dice, 1, 6),
            (unsigned long long)draw(dice, 1, 12), PICK(dice, "fail", "revert", "stop"));
    if (forms.gradients)
        fprintf(yaml, ", local: %s, remote: %s, remote_max: %llu",
                PICK(dice, "true", "true", "false"), PICK(dice, "sum", "norm"),
                (unsigned long long)draw(dice, 1, 5));
    if (validator && !forms.phrases)
        fprintf(yaml, ", distil: %s", PICK(dice, "0", "0.1", "2"));
    fprintf(yaml, "}\n");
}

/* Draws of their own, so that what was drawn before they came stays. */
struct market {
    struct stream dice;
    bool is_current; /* the profile: sealed weights, burned uids alone, takes of one's own */
};

/* Only what counts: a key without effect is refused. */
/* Whether the owner would ever work for a uid. */
static bool write_money(FILE *yaml, struct market *market, bool genesis)
{
    struct stream *dice = &market->dice;
    const char *registration = PICK(dice, "work", "burn", "cheaper");
    const char *payback = PICK(dice, "0", "0", "50", "5000");
    const char *delegate = PICK(dice, "true", "false");
    uint64_t interval = draw(dice, 0, 9);
    fprintf(yaml,
            "    money: {balance: {uniform: [0 TAO, %llu TAO]}, register: %s, payback: %s blocks, "
            "interval: %llu blocks, delegate: %s",
            (unsigned long long)draw(dice, 1, 300), registration, payback,
            (unsigned long long)interval, delegate);
    if (strcmp(registration, "cheaper") == 0 || strcmp(payback, "0") != 0)
        fprintf(yaml, ", work_price: %llu TAO", (unsigned long long)draw(dice, 1, 100000));
    if (interval > 0) {
        const char *unstake_share = PICK(dice, "0", "0.1", "1");
        fprintf(yaml, ", stake_share: %s, unstake_share: %s", PICK(dice, "0", "0.5", "1"),
                unstake_share);
        if (strcmp(unstake_share, "0") != 0)
            fprintf(yaml, ", keep: %llu rao", (unsigned long long)draw(dice, 0, 1000000));
    }
    if (market->is_current && strcmp(delegate, "true") == 0)
        fprintf(yaml, ", take: %s", PICK(dice, "0", "0.1", "0.17"));
    unsigned long long enter_s = draw(dice, 0, 1200);
    fprintf(yaml, "}\n");
    if (!genesis)
        fprintf(yaml, "    enter: {uniform: [0 s, %llu s]}\n", enter_s);
    return !market->is_current && strcmp(registration, "burn") != 0;
}

static void write_delegators(FILE *yaml, struct market *market)
{
    struct stream *dice = &market->dice;
    fprintf(yaml, "delegators:\n");
    const char *const choices[] = {"return", "stake", "random"};
    for (int i = 0; i < 3; i++)
        fprintf(yaml,
                "  people%d: {count: %llu, balance: {uniform: [0 TAO, 900 TAO]}, interval: %llu "
                "blocks, choice: %s}\n",
                i, (unsigned long long)draw(dice, 0, 9), (unsigned long long)draw(dice, 1, 30),
                choices[i]);
}

static void write_current(FILE *yaml, struct market *market, uint64_t uids)
{
    struct stream *dice = &market->dice;
    fprintf(yaml,
            "chain: {profile: current, tempo: %llu blocks, max_uids: %llu, immunity_period: %llu "
            "blocks, min_non_immune: %llu, burn: %llu TAO, reveal_period: %llu, "
            "weights_rate_limit: %llu blocks, max_validators: %llu, take_rate_limit: %llu blocks, "
            "unstake_on_replacement: %s, nominator_min_stake: %llu TAO, commit_form: %s, "
            "max_pending_commits: %llu}\nmechanism: yuma3\n",
            (unsigned long long)draw(dice, 3, 40), (unsigned long long)uids,
            (unsigned long long)draw(dice, 0, 60), (unsigned long long)draw(dice, 0, 12),
            (unsigned long long)draw(dice, 1, 90), (unsigned long long)draw(dice, 1, 3),
            (unsigned long long)draw(dice, 0, 12), (unsigned long long)draw(dice, 1, 12),
            (unsigned long long)draw(dice, 0, 50), PICK(dice, "true", "false"),
            (unsigned long long)draw(dice, 0, 100), PICK(dice, "timelock", "hash", "hash"),
            (unsigned long long)draw(dice, 1, 10));
}

static void write_group(FILE *yaml, struct stream *dice, const char *name, uint64_t count,
                        bool validator, bool genesis, struct forms forms, struct market *market)
{
    bool miner = !(validator && draw(dice, 0, 1));
    fprintf(yaml, "  %s:\n    count: %llu\n    validator: %s\n    miner: %s\n    genesis: %s\n",
            name, (unsigned long long)count, validator ? "true" : "false", miner ? "true" : "false",
            genesis ? "true" : "false");
    if (genesis)
        fprintf(yaml, "    stake: {lognormal: {median: %llu TAO, sigma: 1}}\n",
                (unsigned long long)draw(dice, 1, 5000));
    fprintf(yaml, "    owner: %s\n    server: %s\n    alliance: %s\n    reenter: %s\n",
            PICK(dice, "each", "one"), PICK(dice, "each", "each", "one"), PICK(dice, "''", "ring"),
            PICK(dice, "true", "true", "false"));
    const char *strategy = PICK(dice, "honest", "honest", "mute", "garbage", "cabal",
                                "{name: mute, silence: 0.3}", "{name: cabal, share: 0.5}");
    if (!miner && strstr(strategy, "silence") != NULL)
        strategy = "mute";
    if (!validator && strstr(strategy, "share") != NULL)
        strategy = "cabal";
    fprintf(yaml, "    strategy: %s\n", strategy);
    fprintf(yaml, "    model: {name: gru, embedding: %llu, hidden: %llu}\n",
            (unsigned long long)draw(dice, 1, 20), (unsigned long long)draw(dice, 1, 24));
    write_training(yaml, dice, validator, forms);
    fprintf(yaml,
            "    host: {region: drawn, flops: {lognormal: {median: %llu GFLOP/s, sigma: 1}}, up: "
            "%llu kbit/s, "
            "down: %llu kbit/s, latency: {uniform: [0 ms, %llu ms]}",
            (unsigned long long)draw(dice, 100, 100000), (unsigned long long)draw(dice, 50, 100000),
            (unsigned long long)draw(dice, 50, 100000), (unsigned long long)draw(dice, 0, 300));
    unsigned long long hash_rate = draw(dice, 0, 2000);
    char *money = NULL;
    size_t money_bytes = 0;
    FILE *lines = open_memstream(&money, &money_bytes);
    SIM_ASSERT(lines != NULL);
    bool works = market == NULL || write_money(lines, market, genesis);
    fclose(lines);
    if (works)
        fprintf(yaml, ", hash_rate: %llu kH/s", hash_rate);
    fprintf(yaml, "}\n%s", money);
    free(money);
}

static void write_fault(FILE *yaml, struct stream *dice, const char *name, const char *what)
{
    fprintf(yaml, "  %s: {%s, at: %llu s", name, what, (unsigned long long)draw(dice, 0, 300));
    if (draw(dice, 0, 1) == 0)
        fprintf(yaml, ", for: %llu s", (unsigned long long)draw(dice, 1, 900));
    if (draw(dice, 0, 1) == 0)
        fprintf(yaml, ", mtbf: {exponential: {mean: %llu s}}, mttr: {exponential: {mean: %llu s}}",
                (unsigned long long)draw(dice, 10, 600), (unsigned long long)draw(dice, 1, 120));
    fprintf(yaml, "}\n");
}

/* Everything that can go wrong, often and at once. */
static void write_faults(FILE *yaml, struct stream *dice)
{
    fprintf(yaml, "faults:\n");
    write_fault(yaml, dice, "crash", "kind: crash, share: 0.7");
    write_fault(yaml, dice, "darkness", "kind: crash");
    write_fault(yaml, dice, "slow", "kind: slow, groups: [miners], speed: 0.1");
    write_fault(yaml, dice, "link", "kind: link, loss: 0.2, up: 0.1, down: 2, latency: 5");
    write_fault(yaml, dice, "cut", "kind: partition, regions: [europe, japan]");
    write_fault(yaml, dice, "flood",
                "kind: flood, groups: [miners], victim: validators, message: 10 kB");
}

/* One scenario in two has all of the above as the pattern of two or three networks, and one in four
 * has a root that splits the emission.  Draws of their own. */
static void write_networks(FILE *yaml, uint64_t seed)
{
    struct stream dice;
    stream_init(&dice, seed, STREAM_TEST, stream_entity("networks", 0), 0);
    uint64_t count = draw(&dice, 0, 3), root = draw(&dice, 0, 1);
    if (count < 2)
        return;
    fprintf(yaml, "networks:\n");
    for (uint64_t n = 0; n < count; n++)
        fprintf(yaml,
                "  net%llu: {netuid: %llu, chain: {emission_share: %s, tempo: %llu blocks}, "
                "groups: {newcomers: {count: %llu}}}\n",
                (unsigned long long)n, (unsigned long long)(1 + 3 * n),
                count == 2 ? "0.5"
                : n == 0   ? "0.6"
                           : "0.2",
                (unsigned long long)draw(&dice, 3, 40), (unsigned long long)draw(&dice, 0, 6));
    if (root == 1)
        fprintf(yaml,
                "root: {tempo: %llu blocks, seats: %llu, voters: {some: {group: net0/validators, "
                "interval: 5 blocks, weights: [net0 1, net1 2]}, others: {group: net1/miners, "
                "interval: 7 blocks, weights: [net1 9]}}}\n",
                (unsigned long long)draw(&dice, 3, 20), (unsigned long long)draw(&dice, 1, 6));
}

static void write_scenario(FILE *yaml, uint64_t seed)
{
    struct stream dice;
    stream_init(&dice, seed, STREAM_TEST, stream_entity("scenario", 0), 0);
    uint64_t validators = draw(&dice, 1, 6), miners = draw(&dice, 2, 30);
    struct market drawn = {0}, *market = NULL;
    stream_init(&drawn.dice, seed, STREAM_TEST, stream_entity("market", 0), 0);
    if (draw(&drawn.dice, 0, 2) > 0)
        market = &drawn;
    drawn.is_current = market != NULL && draw(&drawn.dice, 0, 1) == 1;
    fprintf(yaml, "name: drawn\nseed: %llu\nuntil: %llu min\n", (unsigned long long)seed,
            (unsigned long long)draw(&dice, 5, 40));
    char *finney = NULL;
    size_t finney_bytes = 0;
    FILE *chain = open_memstream(&finney, &finney_bytes);
    SIM_ASSERT(chain != NULL);
    fprintf(chain,
            "chain: {profile: finney, tempo: %llu blocks, max_uids: %llu, immunity_period: %llu "
            "blocks, target_registrations: %llu, difficulty: %llu, min_difficulty: 1000, "
            "min_allowed_weights: %llu, max_weight_limit: 1, weights_rate_limit: %llu blocks, "
            "activity_cutoff: %llu blocks, max_validators: %llu, adjustment_interval: %llu blocks, "
            "capacity: %s}\n",
            (unsigned long long)draw(&dice, 3, 40), (unsigned long long)(validators + miners),
            (unsigned long long)draw(&dice, 0, 60), (unsigned long long)draw(&dice, 1, 9),
            (unsigned long long)draw(&dice, 1000, 20000000), (unsigned long long)draw(&dice, 1, 6),
            (unsigned long long)draw(&dice, 0, 12), (unsigned long long)draw(&dice, 2, 400),
            (unsigned long long)draw(&dice, 1, 12), (unsigned long long)draw(&dice, 3, 30),
            PICK(&dice, "unlimited", "budget"));
    fclose(chain);
    if (drawn.is_current)
        write_current(yaml, &drawn, validators + miners);
    else
        fputs(finney, yaml);
    free(finney);
    fprintf(yaml, "corpus: {name: synthetic, tokens: 81920}\n");
    fprintf(yaml, "scorer: {name: %s}\n", PICK(&dice, "shapley", "shapley", "loss"));
    fprintf(yaml, "router: %s\n", PICK(&dice, "permutation", "random"));
    fprintf(yaml,
            "query: {interval: %llu s, peers: %llu, batch: %llu, sequence: %llu, timeout: %llu s, "
            "max_wait: %llu s, weights_interval: %llu blocks, flop_scale: %llu, wire_scale: %llu, "
            "heed_limits: %s",
            (unsigned long long)draw(&dice, 1, 20), (unsigned long long)draw(&dice, 1, 25),
            (unsigned long long)draw(&dice, 1, 4), (unsigned long long)draw(&dice, 1, 12),
            (unsigned long long)draw(&dice, 1, 20), (unsigned long long)draw(&dice, 1, 20),
            (unsigned long long)draw(&dice, 1, 30), (unsigned long long)draw(&dice, 1, 2000000),
            (unsigned long long)draw(&dice, 1, 64), PICK(&drawn.dice, "true", "false"));
    struct forms forms = write_forms(yaml, &dice);
    fprintf(yaml, "network: {sharing: %s, slow_start: %s, jitter: %s, loss: %s}\n",
            PICK(&dice, "maxmin", "maxmin", "fifo", "latency"), PICK(&dice, "off", "rounds"),
            PICK(&dice, "0", "0.2"), PICK(&dice, "0", "0", "0.05"));
    fprintf(yaml, "record: {evaluation_sequences: 2, weights_interval: 2, bonds_interval: 3}\n");
    fprintf(yaml, "groups:\n");
    write_group(yaml, &dice, "miners", miners, false, true, forms, market);
    write_group(yaml, &dice, "validators", validators, true, true, forms, market);
    write_group(yaml, &dice, "newcomers", draw(&dice, 0, 12), draw(&dice, 0, 3) == 0, false, forms,
                market);
    if (draw(&dice, 0, 1) == 0)
        write_faults(yaml, &dice);
    if (market != NULL)
        write_delegators(yaml, market);
    write_networks(yaml, seed);
}

static enum sim_status run_scenario(const char *text, const char *folder, struct sim_error *err)
{
    static struct scenario_schema schema;
    scenario_schema_init(&schema);
    const struct config_set by_root = {.text = "chain.emission_split=root"};
    struct config_input input = {.path = "drawn",
                                 .text = text,
                                 .text_bytes = strlen(text),
                                 .sets = &by_root,
                                 .set_count = strstr(text, "\nroot: ") != NULL};
    struct config_report report = {0};
    struct config *config;
    enum sim_status status = config_load(&schema.config, &input, &config, &report, err);
    config_report_release(&report);
    if (status != SIM_OK)
        return status;
    struct scenario_plan plan;
    struct world *world = NULL;
    status = scenario_plan_init(&plan, &schema, config, err);
    if (status == SIM_OK) {
        plan.setup.threads = 2;
        plan.setup.folder = folder;
        plan.setup.version = TAOSIM_VERSION;
        plan.setup.scenario = text;
        plan.setup.scenario_sha256 = "";
        plan.setup.check = true;
        plan.setup.compute_test = (struct compute_options){.test_poison_scratch = true};
        status = world_create(&plan.setup, &world, err);
    }
    if (status == SIM_OK)
        status = world_run(world, err);
    if (status == SIM_OK)
        status = world_finish(world, err);
    world_free(world);
    scenario_plan_release(&plan);
    config_free(config);
    return status;
}

static bool holds(uint64_t seed, const char *folder)
{
    char *text = NULL;
    size_t size_bytes = 0;
    FILE *yaml = open_memstream(&text, &size_bytes);
    SIM_ASSERT(yaml != NULL);
    write_scenario(yaml, seed);
    fclose(yaml);
    struct sim_error err = {0};
    enum sim_status status = run_scenario(text, folder, &err);
    if (status != SIM_OK)
        printf("seed %llu: %s\nrepeat with: test_world %llu 1\n%s\n", (unsigned long long)seed,
               err.text, (unsigned long long)seed, text);
    free(text);
    return status == SIM_OK;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 30;
    char folder[] = "/tmp/taosim-property-XXXXXX", command[64];
    SIM_ASSERT(mkdtemp(folder) != NULL);
    uint64_t passed = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        printf("seed %llu\n", (unsigned long long)seed);
        fflush(stdout);
        passed += holds(seed, folder);
    }
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    SIM_ASSERT(system(command) == 0);
    printf("%llu passed, %llu failed\n", (unsigned long long)passed,
           (unsigned long long)(count - passed));
    return passed == count ? 0 : 1;
}
