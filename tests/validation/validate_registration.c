/*
 * How registration behaves under hash power: prints tab-separated figures, fails when one is off.
 *
 *   1. Under constant hash power the registrations an interval settle within 5 % of the rule's own
 *      fixed point, computed apart from the chain's code.
 *   2. Ten times the hash power: how many intervals until the rule has caught up.
 *   3. What a uid costs in hashes, against hash power.
 *   4. A flood of registrations against immunity: who is left.
 *
 * A solver's successes between two blocks are a Poisson process of rate hash_rate / difficulty, so
 * one solver stands for any number that share the power.
 */
#include "base/param_text.h"
#include "base/units.h"
#include "chain/chain.h"
#include "mechanism/mechanism_list.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UIDS = 64, POOL = 512, BLOCK_S = 12, INTERVAL = 100 };

static struct sim_error err;
static int failures;

static void must(enum sim_status status)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static void expect(bool condition, const char *what)
{
    failures += !condition;
    if (!condition)
        printf("FAILED\t%s\n", what);
}

/* --------------------------------------------------------------------------------------- a chain
 */

/* Accounts 0..POOL-1 are hotkeys, POOL..2 POOL-1 their coldkeys. */
struct market {
    struct chain *chain;
    struct chain_net_config net;
    void *mechanism_params;
    struct stream stream;
    double hash_rate;
    uint32_t next;               /* hotkey that solves next */
    struct chain_extrinsic held; /* work refused by a cap, tried again while fresh */
    bool holds;
    uint64_t registered;
};

static void market_init(struct market *m, enum chain_profile profile)
{
    static const char *const mechanisms[] = {"nakamoto", "finney", "yuma2"};
    *m = (struct market){0};
    const struct mechanism_ops *ops = mechanism_list_find(mechanisms[profile]);
    m->mechanism_params = calloc(1, ops->params->struct_bytes + 1);
    param_defaults(ops->params, m->mechanism_params);
    m->net = (struct chain_net_config){.netuid = profile == CHAIN_NAKAMOTO ? 0 : 1,
                                       .owner = CHAIN_NONE,
                                       .mechanism = ops,
                                       .mechanism_params = m->mechanism_params};
    chain_params_init(&m->net.params, profile);
    m->net.params.max_uids = UIDS;
    m->net.params.min_non_immune = 0;
    m->net.params.min_difficulty = 1;
    m->net.params.commit_reveal = false;
    m->net.params.min_allowed_weights = 1;
    m->net.params.max_weight_limit = UINT16_MAX;
}

static void market_start(struct market *m, enum chain_profile profile, double hash_rate,
                         uint64_t seed)
{
    struct chain_config config = {
        .profile = profile, .seed = seed, .net_count = 1, .nets = &m->net};
    must(chain_create(&config, &m->chain, &err));
    for (uint32_t i = 0; i < 2 * POOL; i++) {
        char name[32];
        uint32_t id;
        snprintf(name, sizeof name, "%u", i);
        must(chain_add_account(m->chain, name, &id, &err));
    }
    stream_init(&m->stream, seed, STREAM_WORK, stream_entity("solver", 0), 0);
    m->hash_rate = hash_rate;
    m->next = UIDS;
}

static void market_end(struct market *m)
{
    m->chain = chain_free(m->chain);
    free(m->mechanism_params);
}

static uint32_t free_hotkey(struct market *m)
{
    do
        m->next = (m->next + 1) % POOL;
    while (chain_uid_of_hotkey(m->chain, m->net.netuid, m->next) != CHAIN_NONE);
    return m->next;
}

static void solve(struct market *m)
{
    uint64_t difficulty = chain_view(m->chain, m->net.netuid)->difficulty, id;
    if (m->holds)
        must(chain_submit(m->chain, &m->held, &id, &err));
    m->holds = false;
    double left_s = BLOCK_S;
    while (true) {
        left_s -= (double)pow_draw_time_ns(&m->stream, difficulty, m->hash_rate) / 1e9;
        if (left_s < 0)
            return;
        struct chain_extrinsic call = {.kind = CHAIN_REGISTER_POW, .netuid = m->net.netuid};
        call.signer = call.hotkey = call.solver = free_hotkey(m);
        call.coldkey = POOL + call.hotkey;
        pow_draw_work(&m->stream, chain_block_number(m->chain), difficulty, &call.work);
        must(chain_submit(m->chain, &call, &id, &err));
        m->held = call;
    }
}

/* One block; counts what came in, and keeps one work that only a cap kept out. */
static void market_block(struct market *m)
{
    must(chain_block(m->chain, chain_block_number(m->chain) + 1, &err));
    size_t count;
    const struct chain_event *events = chain_events(m->chain, &count);
    for (size_t i = 0; i < count; i++) {
        m->registered += events[i].kind == CHAIN_EVENT_REGISTERED;
        if (events[i].kind == CHAIN_EVENT_FAILED &&
            (events[i].fault == CHAIN_FAULT_TOO_MANY_REGISTRATIONS_BLOCK ||
             events[i].fault == CHAIN_FAULT_TOO_MANY_REGISTRATIONS_INTERVAL))
            m->holds = chain_block_number(m->chain) + 1 - m->held.work.block_number < 3;
    }
}

static uint64_t market_interval(struct market *m)
{
    m->registered = 0;
    for (int i = 0; i < INTERVAL; i++) {
        solve(m);
        market_block(m);
    }
    return m->registered;
}

/* ------------------------------------------------------------------------------- 1. fixed points
 */

/* The rule alone on Poisson counts, in double: mean count of an interval. */
static double rule_fixed_point(enum chain_profile profile)
{
    struct stream stream;
    stream_init(&stream, 99, STREAM_TEST, 1, 0);
    double mean = 3, sum = 0;
    const int rounds = 400000;
    for (int i = 0; i < rounds; i++) {
        unsigned r = gsl_ran_poisson(&stream.rng, mean);
        if (profile == CHAIN_FINNEY && r > 6)
            r = 6; /* three targets an interval */
        sum += r;
        if (profile == CHAIN_NAKAMOTO)
            mean *= r > 2 ? 0.5 : 2;
        else if (r > 2)
            mean /= (r + 2) / 4.0;
        else if (r == 0)
            mean *= 2;
    }
    return sum / rounds;
}

static void check_fixed_point(enum chain_profile profile, double published)
{
    enum { BURN_IN = 50, INTERVALS = 4000 };
    struct market m;
    market_init(&m, profile);
    market_start(&m, profile, 1e7, 11);
    double sum = 0;
    for (int i = 0; i < BURN_IN + INTERVALS; i++) {
        uint64_t r = market_interval(&m);
        sum += i >= BURN_IN ? (double)r : 0;
    }
    double measured = sum / INTERVALS, own = rule_fixed_point(profile);
    printf("fixed_point.%s\t%.3f\tregistrations an interval\town\t%.3f\tpublished\t%.2f\n",
           chain_profile_names[profile], measured, own, published);
    expect(fabs(measured / own - 1) < 0.05, "fixed point of the rule");
    expect(fabs(measured / published - 1) < 0.05, "published fixed point");
    market_end(&m);
}

/* Whoever pays up to 10 TAO registers as soon as the burn is there. */
static void check_burn_fixed_point(void)
{
    enum { BURN_IN = 3600, BLOCKS = 72000 };
    const uint64_t worth = 10 * RAO_PER_TAO;
    struct market m;
    market_init(&m, CHAIN_CURRENT);
    market_start(&m, CHAIN_CURRENT, 1, 12);
    for (uint32_t i = 0; i < POOL; i++)
        must(chain_genesis_balance(m.chain, POOL + i, 1000000 * RAO_PER_TAO, &err));
    for (int i = 0; i < BURN_IN + BLOCKS; i++) {
        if (i == BURN_IN)
            m.registered = 0;
        if (chain_view(m.chain, 1)->burn_rao <= worth) {
            struct chain_extrinsic call = {.kind = CHAIN_REGISTER_BURN, .netuid = 1};
            uint64_t id;
            call.hotkey = free_hotkey(&m);
            call.signer = POOL + call.hotkey;
            must(chain_submit(m.chain, &call, &id, &err));
        }
        market_block(&m);
    }
    double measured = (double)m.registered / BLOCKS * 360, own = log(2) / log(1.26);
    printf("fixed_point.current\t%.3f\tregistrations a half-life\town\t%.3f\n", measured, own);
    expect(fabs(measured / own - 1) < 0.05, "fixed point of the burn");
    market_end(&m);
}

/* -------------------------------------------------------------------------------------- 2. burst
 */

static void show_burst(enum chain_profile profile, double fixed_point)
{
    enum { REPEATS = 40, BEFORE = 30, AFTER = 20 };
    double mean[AFTER] = {0};
    for (uint64_t seed = 1; seed <= REPEATS; seed++) {
        struct market m;
        market_init(&m, profile);
        market_start(&m, profile, 1e7, seed);
        for (int i = 0; i < BEFORE; i++)
            market_interval(&m);
        m.hash_rate *= 10;
        for (int i = 0; i < AFTER; i++)
            mean[i] += (double)market_interval(&m) / REPEATS;
        market_end(&m);
    }
    int caught_up = 0;
    printf("burst.%s", chain_profile_names[profile]);
    for (int i = 0; i < AFTER; i++) {
        printf("\t%.2f", mean[i]);
        if (mean[i] > 1.5 * fixed_point)
            caught_up = i + 1;
    }
    printf("\nburst.%s.intervals\t%d\n", chain_profile_names[profile], caught_up);
    expect(mean[0] > 2 * fixed_point && caught_up < 15, "a tenfold burst is caught up with");
}

/* -------------------------------------------------------------------------------------- 3. price
 */

static void show_price(enum chain_profile profile)
{
    enum { BURN_IN = 60, INTERVALS = 400 };
    double last = 0;
    for (double rate = 1e5; rate < 2e9; rate *= 10) {
        struct market m;
        market_init(&m, profile);
        m.net.params.difficulty = (uint64_t)(rate * BLOCK_S * INTERVAL / 3);
        market_start(&m, profile, rate, 21);
        double registrations = 0;
        for (int i = 0; i < BURN_IN; i++)
            market_interval(&m);
        for (int i = 0; i < INTERVALS; i++)
            registrations += (double)market_interval(&m);
        double hashes = rate * BLOCK_S * INTERVAL * INTERVALS / registrations;
        printf("price.%s\t%.0f\thashes a second\t%.3g\thashes a uid\n",
               chain_profile_names[profile], rate, hashes);
        /* The rule holds the rate, so the price follows the power. */
        expect(last == 0 || (hashes / last > 9 && hashes / last < 11), "price follows the power");
        last = hashes;
        market_end(&m);
    }
}

/* -------------------------------------------------------------------------------------- 4. flood
 */

/* Four validators rate sixty established miners; a flood fills every block and interval cap. */
static uint32_t survivors_of_flood(uint64_t immunity)
{
    struct market m;
    market_init(&m, CHAIN_FINNEY);
    m.net.params.immunity_period = immunity;
    m.net.params.activity_cutoff = UINT64_MAX; /* the validators write once, at genesis */
    m.net.params.max_difficulty = 1;           /* hash power without limit: only caps bind */
    m.net.params.difficulty = 1;
    market_start(&m, CHAIN_FINNEY, 1, 31);
    for (uint32_t i = 0; i < UIDS; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = 1,
                                              .hotkey = i,
                                              .coldkey = POOL + i,
                                              .stake_rao = i < 4 ? 1000 * RAO_PER_TAO : 0,
                                              .permit = i < 4};
        must(chain_genesis_neuron(m.chain, &neuron, &uid, &err));
    }
    uint32_t uids[UIDS], values[UIDS];
    for (uint32_t i = 0; i < UIDS; i++) {
        uids[i] = i;
        values[i] = i < 4 ? 0 : 65000 + i;
    }
    for (uint32_t i = 0; i < 4; i++)
        must(chain_genesis_weights(m.chain, 1, i, UIDS, uids, values, &err));
    /* Scores stand and nobody is young any more. */
    must(chain_run_to(m.chain, immunity + 200, &err));
    for (int i = 0; i < 50 * INTERVAL; i++) {
        solve(&m);
        market_block(&m);
    }
    uint32_t alive = 0;
    for (uint32_t i = 0; i < UIDS; i++)
        alive += chain_uid_of_hotkey(m.chain, 1, i) != CHAIN_NONE;
    market_end(&m);
    return alive;
}

static void show_flood(void)
{
    static const uint64_t periods[] = {0, 100, 400, 1600, 4096};
    uint32_t last = UIDS;
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        uint32_t alive = survivors_of_flood(periods[i]);
        printf("flood.survivors\t%llu\tblocks of immunity\t%u\tof %d\n",
               (unsigned long long)periods[i], alive, UIDS);
        /* Once the immune fill the network a longer period changes nothing but the order. */
        expect(alive <= last + UIDS / 16, "longer immunity saves no established uid");
        last = alive;
    }
    expect(last < UIDS / 2, "a flood behind immunity pushes the established out");
}

int main(void)
{
    check_fixed_point(CHAIN_NAKAMOTO, 3.09);
    check_fixed_point(CHAIN_FINNEY, 2.0);
    check_burn_fixed_point();
    show_burst(CHAIN_NAKAMOTO, 3.09);
    show_burst(CHAIN_FINNEY, 2.0);
    show_price(CHAIN_NAKAMOTO);
    show_price(CHAIN_FINNEY);
    show_flood();
    printf("%s\n", failures == 0 ? "all as expected" : "not as expected");
    return failures > 0;
}
