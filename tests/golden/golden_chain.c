/*
 * The chain's vectors: each case through the function that a block runs.
 */
#include "base/param_text.h"
#include "base/units.h"
#include "chain/state.h"
#include "golden/golden.h"
#include "mechanism/mechanism_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- numbers */

static fixed_u128 wide(struct golden *golden, const struct json_value *value, const char *what)
{
    fixed_u128 number = 0;
    bool valid = value != NULL && (value->kind == JSON_STRING || value->kind == JSON_NUMBER) &&
                 value->length > 0;
    for (size_t i = 0; valid && i < value->length; i++) {
        valid = value->text[i] >= '0' && value->text[i] <= '9';
        number = number * 10 + (unsigned)(value->text[i] - '0');
    }
    if (!valid)
        golden_differs(golden, "%s is not a whole number", what);
    return number;
}

static uint64_t need(struct golden *golden, const struct json_value *object, const char *name)
{
    return (uint64_t)wide(golden, json_get(object, name), name);
}

static uint64_t with_default(struct golden *golden, const struct json_value *object,
                             const char *name, uint64_t fallback)
{
    return json_get(object, name) == NULL ? fallback : need(golden, object, name);
}

/* u32s of an array; the caller frees. */
static uint32_t *list(struct golden *golden, const struct json_value *array, uint32_t *ret_count)
{
    *ret_count = (uint32_t)json_count(array);
    uint32_t *values = calloc(*ret_count + 1, sizeof *values);
    for (uint32_t i = 0; i < *ret_count; i++)
        values[i] = (uint32_t)wide(golden, json_item(array, i), "entry");
    return values;
}

static void expect_wide(struct golden *golden, const struct json_value *expected, fixed_u128 got,
                        const char *what)
{
    golden->compared++;
    fixed_u128 number = wide(golden, expected, what);
    if (number != got)
        golden_differs(golden, "%s: expected %llu, got %llu", what, (unsigned long long)number,
                       (unsigned long long)got);
}

static void expect_near(struct golden *golden, const struct json_value *expected, uint64_t got,
                        uint64_t tolerance, const char *what)
{
    golden->compared++;
    uint64_t number = (uint64_t)wide(golden, expected, what);
    uint64_t apart = number > got ? number - got : got - number;
    if (apart > tolerance)
        golden_differs(golden, "%s: expected %llu, got %llu", what, (unsigned long long)number,
                       (unsigned long long)got);
}

static void expect_bool(struct golden *golden, const struct json_value *expected, bool got)
{
    golden->compared++;
    if (expected == NULL || expected->kind != JSON_BOOL || expected->truth != got)
        golden_differs(golden, "got %s", got ? "true" : "false");
}

static void expect_text(struct golden *golden, const struct json_value *expected, const char *got)
{
    golden->compared++;
    if (expected == NULL || expected->kind != JSON_STRING || strcmp(expected->text, got) != 0)
        golden_differs(golden, "expected %s, got %s", expected == NULL ? "" : expected->text, got);
}

static void bytes_of_hex(struct golden *golden, const struct json_value *value, uint8_t bytes[32])
{
    bool valid = value != NULL && value->length == 64;
    for (size_t i = 0; valid && i < 32; i++) {
        unsigned byte;
        valid = sscanf(value->text + 2 * i, "%2x", &byte) == 1;
        bytes[i] = (uint8_t)byte;
    }
    if (!valid)
        golden_differs(golden, "not 32 bytes in hex");
}

/* --------------------------------------------------------------------------------------- rules */

struct golden_chain_case {
    struct golden *golden;
    const char *profile;
    const struct json_value *in, *expected;
};

static void run_first_nonce(const struct golden_chain_case *c)
{
    uint8_t hash[32] = {0}, hotkey[32] = {0}, seal[32] = {0};
    bytes_of_hex(c->golden, json_get(c->in, "block_hash"), hash);
    enum pow_seal_rule rule = POW_SEAL_SHA256;
    const struct json_value *text = json_get(c->in, "seal");
    if (text != NULL && strncmp(text->text, "keccak", 6) == 0)
        rule = strstr(text->text, "hotkey") != NULL ? POW_SEAL_KECCAK_HOTKEY : POW_SEAL_KECCAK;
    if (json_get(c->in, "hotkey") != NULL)
        bytes_of_hex(c->golden, json_get(c->in, "hotkey"), hotkey);
    struct pow_task task = {.rule = rule,
                            .block_hash = hash,
                            .hotkey_key = hotkey,
                            .difficulty = need(c->golden, c->in, "difficulty")};
    struct pow_work work = {0};
    uint64_t hashes = 0;
    bool found = pow_search(&task, with_default(c->golden, c->in, "start_nonce", 0), 100000000,
                            &work, &hashes);
    if (!found)
        golden_differs(c->golden, "no nonce found");
    expect_wide(c->golden, json_get(c->expected, "nonce"), work.nonce, "nonce");
    if (json_get(c->expected, "seal") == NULL)
        return;
    bytes_of_hex(c->golden, json_get(c->expected, "seal"), seal);
    if (memcmp(seal, work.seal, 32) != 0)
        golden_differs(c->golden, "another seal");
}

static void run_meets(const struct golden_chain_case *c)
{
    uint8_t hash[32] = {0};
    bytes_of_hex(c->golden, json_get(c->in, "hash"), hash);
    expect_bool(c->golden, c->expected, pow_meets(hash, need(c->golden, c->in, "difficulty")));
}

static void run_adjust_nakamoto(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_difficulty_double(need(c->golden, c->in, "difficulty"),
                                        need(c->golden, c->in, "registrations_this_interval"),
                                        need(c->golden, c->in, "target"),
                                        need(c->golden, c->in, "min"),
                                        need(c->golden, c->in, "max")),
                "difficulty");
}

static void run_adjust_finney(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_price_adjust(need(c->golden, c->in, "current"),
                                   (uint32_t)need(c->golden, c->in, "registrations"),
                                   (uint32_t)need(c->golden, c->in, "target"),
                                   need(c->golden, c->in, "min"), need(c->golden, c->in, "max"),
                                   with_default(c->golden, c->in, "alpha", 0)),
                "difficulty");
}

static void run_adjust_terms(const struct golden_chain_case *c)
{
    struct chain_params params;
    chain_params_init(&params, CHAIN_FINNEY);
    params.target_registrations = (uint32_t)need(c->golden, c->in, "target");
    params.adjustment_alpha = with_default(c->golden, c->in, "alpha", params.adjustment_alpha);
    params.min_burn = with_default(c->golden, c->in, "burn_min", params.min_burn);
    params.max_burn = with_default(c->golden, c->in, "burn_max", params.max_burn);
    params.min_difficulty = with_default(c->golden, c->in, "difficulty_min", params.min_difficulty);
    params.max_difficulty = with_default(c->golden, c->in, "difficulty_max", params.max_difficulty);
    struct rules_terms terms = {.burn_rao = need(c->golden, c->in, "burn"),
                                .difficulty = need(c->golden, c->in, "difficulty"),
                                .registrations = (uint32_t)need(c->golden, c->in, "registrations"),
                                .pow = (uint32_t)need(c->golden, c->in, "pow_regs"),
                                .burn = (uint32_t)need(c->golden, c->in, "burn_regs")};
    rules_adjust_terms(&params, &terms);
    expect_wide(c->golden, json_get(c->expected, "burn"), terms.burn_rao, "burn");
    expect_wide(c->golden, json_get(c->expected, "difficulty"), terms.difficulty, "difficulty");
}

static void run_blocks_until_epoch(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_blocks_until_epoch((uint16_t)need(c->golden, c->in, "netuid"),
                                         need(c->golden, c->in, "tempo"),
                                         need(c->golden, c->in, "block")),
                "blocks");
}

static void run_tuples_to_drain(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_tuples_to_drain((uint16_t)need(c->golden, c->in, "netuid"),
                                      need(c->golden, c->in, "tempo"),
                                      need(c->golden, c->in, "block"), need(c->golden, c->in, "n")),
                "tuples");
}

static void run_lock_cost(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_network_lock_cost(
                    need(c->golden, c->in, "last_lock"), need(c->golden, c->in, "min_lock"),
                    need(c->golden, c->in, "last_lock_block"), need(c->golden, c->in, "interval"),
                    need(c->golden, c->in, "block")),
                "cost");
}

static struct chain_params current_params(void)
{
    struct chain_params params;
    chain_params_init(&params, CHAIN_CURRENT);
    return params;
}

static void run_block_emission(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    expect_wide(c->golden, c->expected,
                rules_block_emission(need(c->golden, c->in, "issuance_rao"), params.block_emission,
                                     params.max_issuance),
                "emission");
}

/* Each round runs step_blocks at the rate that the issuance before it gives. */
static void run_issuance_bound(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    uint64_t step = need(c->golden, c->in, "step_blocks"), n = need(c->golden, c->in, "n");
    uint64_t issuance = 0;
    for (uint64_t i = 0; i < n; i++)
        issuance +=
            step * rules_block_emission(issuance, params.block_emission, params.max_issuance);
    expect_wide(c->golden, c->expected, issuance, "issuance");
}

static void run_burn_decay(const struct golden_chain_case *c)
{
    uint64_t burn = need(c->golden, c->in, "burn");
    uint32_t factor = rules_decay_factor_q32(need(c->golden, c->in, "half_life"));
    uint64_t min = with_default(c->golden, c->in, "min", 0);
    uint64_t max = with_default(c->golden, c->in, "max", UINT64_MAX);
    for (uint64_t i = 0; i < need(c->golden, c->in, "blocks"); i++)
        burn = rules_burn_decay(burn, factor, min, max);
    expect_wide(c->golden, c->expected, burn, "burn");
}

static void run_burn_bump(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    double mult = params.burn_increase;
    struct sim_error err = {0};
    if (json_get(c->in, "mult") != NULL && json_f64(json_get(c->in, "mult"), &mult, &err) != SIM_OK)
        golden_differs(c->golden, "mult: %s", err.text);
    expect_wide(c->golden, c->expected,
                rules_burn_bump(need(c->golden, c->in, "burn"), mult,
                                with_default(c->golden, c->in, "min", params.min_burn),
                                with_default(c->golden, c->in, "max", params.max_burn)),
                "burn");
}

static void run_decay_factor(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected, rules_decay_factor_q32(need(c->golden, c->in, "half_life")),
                "factor");
}

static void run_owner_cut(const struct golden_chain_case *c)
{
    expect_wide(c->golden, c->expected,
                rules_part_u16(need(c->golden, c->in, "alpha_emission"),
                               (uint16_t)need(c->golden, c->in, "cut_u16")),
                "cut");
}

static void run_ip_valid(const struct golden_chain_case *c)
{
    fixed_u128 ip = wide(c->golden, json_get(c->in, "ip"), "ip");
    expect_bool(c->golden, c->expected,
                rules_ip_valid((uint8_t)need(c->golden, c->in, "ip_type"), (uint64_t)(ip >> 64),
                               (uint64_t)ip));
}

static void expect_list(const struct golden_chain_case *c, uint32_t count, const uint32_t *values)
{
    if (json_count(c->expected) != count)
        golden_differs(c->golden, "another length");
    for (uint32_t i = 0; i < count && i < json_count(c->expected); i++)
        expect_wide(c->golden, json_item(c->expected, i), values[i], "value");
}

static void run_normalize(const struct golden_chain_case *c)
{
    uint32_t count, *values = list(c->golden, json_get(c->in, "values"), &count);
    rules_normalize_u32(count, values);
    expect_list(c, count, values);
    free(values);
}

static void run_max_upscale(const struct golden_chain_case *c)
{
    uint32_t count, *values = list(c->golden, json_get(c->in, "values"), &count);
    rules_max_upscale_u16(count, values);
    expect_list(c, count, values);
    free(values);
}

static void run_ratio(const struct golden_chain_case *c)
{
    uint32_t count, *values = list(c->golden, json_get(c->in, "values"), &count);
    expect_bool(
        c->golden, c->expected,
        rules_max_min_ratio_ok(count, values, need(c->golden, c->in, "max_allowed_max_min_ratio")));
    free(values);
}

static void run_max_weight(const struct golden_chain_case *c)
{
    uint32_t count, uid_count;
    uint32_t *weights = list(c->golden, json_get(c->in, "weights"), &count);
    uint32_t *uids = list(c->golden, json_get(c->in, "uids"), &uid_count);
    uint32_t uid = (uint32_t)need(c->golden, c->in, "uid");
    expect_bool(c->golden, c->expected,
                rules_is_self_row(uid, uid_count, uids) ||
                    rules_max_weight_ok(count, weights, (uint16_t)need(c->golden, c->in, "limit")));
    free(weights);
    free(uids);
}

static void run_rate_limit(const struct golden_chain_case *c)
{
    expect_bool(c->golden, json_get(c->expected, "allowed"),
                rules_weights_rate_ok(need(c->golden, c->in, "rate_limit"),
                                      need(c->golden, c->in, "last_update"),
                                      need(c->golden, c->in, "block")));
}

/* ------------------------------------------------------------------------------------- pruning */

static bool is_listed(const struct golden_chain_case *c, const char *name, uint64_t number)
{
    const struct json_value *array = json_get(c->in, name);
    for (size_t i = 0; i < json_count(array); i++)
        if (wide(c->golden, json_item(array, i), name) == number)
            return true;
    return false;
}

static void run_prune(const struct golden_chain_case *c)
{
    const struct json_value *neurons = json_get(c->in, "neurons");
    uint32_t count = (uint32_t)json_count(neurons), victim = 0;
    struct rules_candidate *candidates = calloc(count + 1, sizeof *candidates);
    const char *score = *c->profile == 'A'   ? "incentive"
                        : *c->profile == 'B' ? "score"
                                             : "emission";
    for (uint32_t i = 0; i < count; i++) {
        const struct json_value *neuron = json_item(neurons, i);
        candidates[i] =
            (struct rules_candidate){.score = need(c->golden, neuron, score),
                                     .stake_rao = with_default(c->golden, neuron, "stake", 0),
                                     .block_at_registration = need(c->golden, neuron, "reg"),
                                     .immortal = is_listed(c, "immortal", i)};
    }
    struct chain_params params;
    enum chain_profile profile = *c->profile == 'A'   ? CHAIN_NAKAMOTO
                                 : *c->profile == 'B' ? CHAIN_FINNEY
                                                      : CHAIN_CURRENT;
    chain_params_init(&params, profile);
    params.immunity_period = with_default(c->golden, c->in, "immunity", params.immunity_period);
    params.stake_pruning_denominator =
        (uint32_t)with_default(c->golden, c->in, "stake_pruning_denominator", 1);
    params.incentive_pruning_denominator =
        (uint32_t)with_default(c->golden, c->in, "incentive_pruning_denominator", 1);
    uint64_t block = with_default(c->golden, c->in, "block", 0);
    block = with_default(c->golden, c->in, "current_block", block);
    if (profile == CHAIN_NAKAMOTO)
        victim = rules_prune_nakamoto(count, candidates, need(c->golden, c->in, "total_stake"),
                                      block, &params);
    else if (profile == CHAIN_FINNEY)
        victim = rules_prune_finney(count, candidates, block, params.immunity_period);
    else
        victim = rules_prune_current(
            count, candidates, block, params.immunity_period,
            (uint32_t)with_default(c->golden, c->in, "min_non_immune", params.min_non_immune));
    expect_wide(c->golden, c->expected, victim, "uid");
    free(candidates);
}

static void run_iteration_order(const struct golden_chain_case *c)
{
    uint32_t count = (uint32_t)need(c->golden, c->in, "n");
    struct rules_candidate *candidates = calloc(count + 1, sizeof *candidates);
    struct chain_params params;
    chain_params_init(&params, CHAIN_NAKAMOTO);
    for (uint32_t i = 0; i < count; i++)
        candidates[i].score = is_listed(c, "exclude_lower", i) ? UINT64_MAX / 2 : 0;
    expect_wide(c->golden, c->expected, rules_prune_nakamoto(count, candidates, 0, 100000, &params),
                "uid");
    free(candidates);
}

/* --------------------------------------------------------------------------------- whole chains */

/* One network with accounts 2i (hotkey) and 2i + 1 (coldkey). */
struct golden_ledger {
    struct golden *golden;
    struct chain *chain;
    struct chain_net_config net;
    void *mechanism_params;
    struct sim_error err;
};

static void must(struct golden_ledger *ledger, enum sim_status status)
{
    if (status == SIM_OK)
        return;
    printf("%s: %s: %s\n", ledger->golden->file, ledger->golden->place, ledger->err.text);
    exit(1);
}

static void ledger_init(struct golden_ledger *ledger, struct golden *golden,
                        enum chain_profile profile)
{
    const char *name = profile == CHAIN_NAKAMOTO ? "nakamoto" : "finney";
    *ledger = (struct golden_ledger){.golden = golden};
    ledger->net = (struct chain_net_config){.netuid = profile == CHAIN_NAKAMOTO ? 0 : 1,
                                            .owner = CHAIN_NONE,
                                            .mechanism = mechanism_list_find(name)};
    const struct param_table *table = ledger->net.mechanism->params;
    ledger->mechanism_params = calloc(1, table->struct_bytes + 1);
    param_defaults(table, ledger->mechanism_params);
    ledger->net.mechanism_params = ledger->mechanism_params;
    chain_params_init(&ledger->net.params, profile);
    ledger->net.params.capacity = CHAIN_CAPACITY_UNLIMITED;
}

/* Overrides one of the mechanism's own integer parameters. */
static void ledger_mechanism_param(struct golden_ledger *ledger, const char *name,
                                   const struct json_value *value)
{
    const struct param_table *table = ledger->net.mechanism->params;
    if (value == NULL)
        return;
    for (size_t i = 0; i < table->key_count; i++) {
        char reason[PARAM_REASON_BYTES];
        if (strcmp(table->keys[i].name, name) == 0 &&
            param_parse(&table->keys[i], value->text,
                        (char *)ledger->mechanism_params + table->keys[i].offset, reason))
            return;
    }
    golden_differs(ledger->golden, "parameter %s is not the mechanism's", name);
}

static void ledger_start(struct golden_ledger *ledger, enum chain_profile profile, uint32_t pairs)
{
    struct chain_config config = {.profile = profile, .net_count = 1, .nets = &ledger->net};
    must(ledger, chain_create(&config, &ledger->chain, &ledger->err));
    for (uint32_t i = 0; i < 2 * pairs; i++) {
        char name[32];
        uint32_t id;
        snprintf(name, sizeof name, "account/%u", i);
        must(ledger, chain_add_account(ledger->chain, name, &id, &ledger->err));
    }
}

static void ledger_neuron(struct golden_ledger *ledger, uint32_t i, uint64_t stake_rao)
{
    uint32_t uid;
    struct chain_genesis_neuron neuron = {.netuid = ledger->net.netuid,
                                          .hotkey = 2 * i,
                                          .coldkey = 2 * i + 1,
                                          .stake_rao = stake_rao,
                                          .permit = true};
    must(ledger, chain_genesis_neuron(ledger->chain, &neuron, &uid, &ledger->err));
}

static void ledger_blocks(struct golden_ledger *ledger, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        must(ledger,
             chain_block(ledger->chain, chain_block_number(ledger->chain) + 1, &ledger->err));
        must(ledger, chain_check(ledger->chain, &ledger->err));
    }
}

static void ledger_end(struct golden_ledger *ledger)
{
    ledger->chain = chain_free(ledger->chain);
    free(ledger->mechanism_params);
}

/* A block with this call; "ok" or the error's name. */
static const char *ledger_call(struct golden_ledger *ledger, enum chain_profile profile,
                               const struct chain_extrinsic *call)
{
    uint64_t id;
    must(ledger, chain_submit(ledger->chain, call, &id, &ledger->err));
    ledger_blocks(ledger, 1);
    size_t count;
    const struct chain_event *events = chain_events(ledger->chain, &count);
    for (size_t i = 0; i < count; i++)
        if (events[i].id == id)
            return events[i].kind == CHAIN_EVENT_FAILED ? chain_fault_name(profile, events[i].fault)
                                                        : "ok";
    return "no event";
}

static void ledger_set_tempo(struct golden_ledger *ledger, uint64_t tempo)
{
    struct chain_params values = ledger->net.params;
    values.tempo = tempo;
    must(ledger,
         chain_set_param(ledger->chain, ledger->net.netuid, "tempo", &values, &ledger->err));
}

static const uint64_t NEVER = UINT64_C(1) << 40;

static void start_four(struct golden_ledger *ledger, const struct golden_chain_case *c,
                       const struct json_value *stakes, const struct json_value *weights)
{
    uint32_t count = stakes == NULL ? 4 : (uint32_t)json_count(stakes);
    ledger_start(ledger, CHAIN_NAKAMOTO, count);
    for (uint32_t i = 0; i < count; i++)
        ledger_neuron(ledger, i,
                      stakes == NULL ? RAO_PER_TAO
                                     : (uint64_t)wide(c->golden, json_item(stakes, i), "stake"));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t target = (i + 1) % count, value = UINT32_MAX;
        if (weights != NULL && weights->kind == JSON_ARRAY) {
            const struct json_value *entry = json_item(weights, i);
            target = (uint32_t)wide(c->golden, json_item(entry, 0), "target");
            value = (uint32_t)wide(c->golden, json_item(entry, 1), "weight");
        } else if (weights != NULL) { /* "identity" */
            target = i;
        }
        must(ledger, chain_genesis_weights(ledger->chain, 0, i, 1, &target, &value, &ledger->err));
    }
}

static void run_mechanism_step(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    ledger.net.params.tempo = 1;
    ledger.net.params.block_emission = with_default(c->golden, c->in, "emission", RAO_PER_TAO);
    if (json_get(c->in, "activity_cutoff_exceeded") != NULL)
        ledger.net.params.activity_cutoff = 1; /* block 1 is then one too many */
    ledger_mechanism_param(&ledger, "rho", json_get(c->in, "rho"));
    ledger_mechanism_param(&ledger, "kappa", json_get(c->in, "kappa_denominator"));
    ledger_mechanism_param(&ledger, "self_ownership",
                           json_get(c->in, "self_ownership_denominator"));
    ledger_mechanism_param(&ledger, "bonds_moving_average",
                           json_get(c->in, "bonds_moving_average"));
    start_four(&ledger, c, json_get(c->in, "stake"), json_get(c->in, "weights"));
    uint64_t before = chain_total_issuance_rao(ledger.chain);
    ledger_blocks(&ledger, 1);

    const struct chain_view *view = chain_view(ledger.chain, 0);
    uint64_t near = with_default(c->golden, c->expected, "tolerance", 0);
    for (uint32_t i = 0; i < view->neuron_count; i++) {
        expect_near(c->golden, json_item(json_get(c->expected, "stake"), i), view->stake_rao[i],
                    near, "stake");
        if (json_get(c->expected, "emission") != NULL)
            expect_near(c->golden, json_item(json_get(c->expected, "emission"), i),
                        view->emission_rao[i], near, "emission");
        if (json_get(c->expected, "consensus_u64") != NULL)
            expect_near(c->golden, json_item(json_get(c->expected, "consensus_u64"), i),
                        view->consensus[i], near, "consensus");
        if (json_get(c->expected, "active") != NULL)
            expect_wide(c->golden, json_item(json_get(c->expected, "active"), i), view->active[i],
                        "active");
        if (json_get(c->expected, "all_scores_zero") != NULL &&
            (view->rank[i] | view->trust[i] | view->consensus[i] | view->incentive[i] |
             view->dividends[i]) != 0)
            golden_differs(c->golden, "uid %u: a score is not zero", i);
        double fraction = 0;
        const struct json_value *incentive = json_get(c->expected, "incentive_fraction");
        if (incentive != NULL && json_f64(incentive, &fraction, &ledger.err) == SIM_OK &&
            ((double)view->incentive[i] / (double)view->fraction_one < fraction - 1e-9 ||
             (double)view->incentive[i] / (double)view->fraction_one > fraction + 1e-9))
            golden_differs(c->golden, "uid %u: incentive", i);
    }
    if (json_get(c->expected, "issuance_added") != NULL)
        expect_wide(c->golden, json_get(c->expected, "issuance_added"),
                    chain_total_issuance_rao(ledger.chain) - before, "issuance");
    ledger_end(&ledger);
}

static void run_blocks_per_step(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    start_four(&ledger, c, NULL, NULL);
    uint64_t before = chain_total_issuance_rao(ledger.chain);
    const struct json_value *ops = json_get(c->in, "ops");
    const struct json_value *sums = json_get(c->expected, "cumulative_tao");
    uint64_t near = with_default(c->golden, c->expected, "tolerance_rao", 0);
    size_t step = 0;
    for (size_t i = 0; i < json_count(ops); i++) {
        const char *op = json_item(json_item(ops, i), 0)->text;
        uint64_t number = (uint64_t)wide(c->golden, json_item(json_item(ops, i), 1), "op");
        if (strcmp(op, "bps") == 0) {
            ledger_set_tempo(&ledger, number);
            continue;
        }
        ledger_blocks(&ledger, number);
        uint64_t got = chain_total_issuance_rao(ledger.chain) - before;
        uint64_t want = (uint64_t)wide(c->golden, json_item(sums, step++), "sum") * RAO_PER_TAO;
        c->golden->compared++;
        if (got > want || want - got > near)
            golden_differs(c->golden, "step %zu: expected %llu, got %llu", step,
                           (unsigned long long)want, (unsigned long long)got);
    }
    ledger_end(&ledger);
}

/* Steps run in blocks of their own: a tempo that is never reached keeps them out of the others. */
static void run_priority(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    ledger_start(&ledger, CHAIN_NAKAMOTO, 1);
    must(&ledger, chain_genesis_balance(ledger.chain, 1, RAO_PER_TAO, &ledger.err));
    ledger_neuron(&ledger, 0, need(c->golden, c->in, "initial_stake"));
    const struct json_value *ops = json_get(c->in, "ops");
    for (size_t i = 0; i < json_count(ops); i++) {
        const char *op = json_item(json_item(ops, i), 0)->text;
        uint32_t self = 0, value = 1;
        struct chain_extrinsic call = {.hotkey = 0};
        ledger_set_tempo(&ledger, strcmp(op, "step") == 0 ? 0 : NEVER);
        if (strcmp(op, "step") == 0) {
            ledger_blocks(&ledger, 1);
        } else if (strcmp(op, "set_weights") == 0) {
            call.kind = CHAIN_SET_WEIGHTS;
            call.row_count = call.value_count = 1;
            call.row_uids = &self;
            call.row_values = &value;
            ledger_call(&ledger, CHAIN_NAKAMOTO, &call);
        } else {
            call.kind = CHAIN_ADD_STAKE;
            call.signer = 1;
            call.amount_rao = (uint64_t)wide(c->golden, json_item(json_item(ops, i), 1), "op");
            ledger_call(&ledger, CHAIN_NAKAMOTO, &call);
        }
        expect_wide(c->golden, json_item(json_get(c->expected, "priority_after_op"), i),
                    chain_view(ledger.chain, 0)->priority[0], "priority");
    }
    ledger_end(&ledger);
}

static void run_prune_refund(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    const struct json_value *stakes = json_get(c->in, "stake");
    uint32_t count = (uint32_t)json_count(stakes);
    uint32_t pruned = (uint32_t)need(c->golden, c->in, "pruned");
    ledger.net.params.max_uids = count;
    ledger_start(&ledger, CHAIN_NAKAMOTO, count + 1);
    for (uint32_t i = 0; i < count; i++)
        ledger_neuron(&ledger, i, (uint64_t)wide(c->golden, json_item(stakes, i), "stake"));
    chain_evict(ledger.chain, chain_net_of(ledger.chain, 0), pruned, 2 * count, 2 * count + 1);
    for (uint32_t i = 0; i < count; i++)
        expect_wide(c->golden, json_item(json_get(c->expected, "stake"), i),
                    chain_view(ledger.chain, 0)->stake_rao[i], "stake");
    expect_wide(c->golden, json_get(c->expected, "total_stake"),
                chain_total_stake_rao(ledger.chain), "total stake");
    expect_wide(c->golden, json_get(c->expected, "coldkey_balance_of_pruned"),
                chain_balance_rao(ledger.chain, 2 * pruned + 1), "balance");
    ledger_end(&ledger);
}

static void run_staking(const struct golden_chain_case *c, bool add)
{
    struct golden_ledger ledger;
    enum chain_profile profile = *c->profile == 'A' ? CHAIN_NAKAMOTO : CHAIN_FINNEY;
    ledger_init(&ledger, c->golden, profile);
    ledger_start(&ledger, profile, 1);
    must(&ledger,
         chain_genesis_balance(ledger.chain, 1, need(c->golden, c->in, "balance"), &ledger.err));
    ledger_neuron(&ledger, 0, need(c->golden, c->in, "stake"));
    struct chain_extrinsic call = {.kind = add ? CHAIN_ADD_STAKE : CHAIN_REMOVE_STAKE,
                                   .signer = 1,
                                   .hotkey = 0,
                                   .amount_rao = need(c->golden, c->in, "amount")};
    const char *outcome = ledger_call(&ledger, profile, &call);
    if (c->expected->kind == JSON_STRING) {
        expect_text(c->golden, c->expected, outcome);
    } else {
        expect_wide(c->golden, json_get(c->expected, "balance"), chain_balance_rao(ledger.chain, 1),
                    "balance");
        expect_wide(c->golden, json_get(c->expected, "stake"),
                    chain_hotkey_stake_rao(ledger.chain, 0), "stake");
    }
    ledger_end(&ledger);
}

static void run_add_stake(const struct golden_chain_case *c)
{
    run_staking(c, true);
}

static void run_remove_stake(const struct golden_chain_case *c)
{
    run_staking(c, false);
}

static uint32_t largest(uint32_t count, const uint32_t *values)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

/* One row through a block.  The vector's limits apply; others are off, as in its source. */
static const char *row_outcome(const struct golden_chain_case *c, enum chain_profile profile,
                               uint64_t network_key, uint64_t key)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, profile);
    struct chain_params *params = &ledger.net.params;
    params->min_allowed_weights = (uint32_t)with_default(c->golden, c->in, "min_allowed", 0);
    params->max_weight_limit =
        (uint16_t)with_default(c->golden, c->in, "max_weight_limit", UINT16_MAX);
    params->weights_version_key = network_key;
    uint32_t count, value_count, uid = (uint32_t)with_default(c->golden, c->in, "uid", 0);
    uint32_t *uids = list(c->golden, json_get(c->in, "uids"), &count);
    uint32_t *values = list(c->golden, json_get(c->in, "values"), &value_count);
    if (count == 0 && json_get(c->in, "uids") == NULL) { /* the row does not matter */
        uids[0] = uid;
        values[0] = 1;
        count = value_count = 1;
    }
    uint32_t n = (uint32_t)with_default(c->golden, c->in, "n", 0);
    if (n == 0) {
        uint32_t most = largest(count, uids);
        n = (most > uid ? most : uid) + 1;
        n = n < count ? count : n; /* the length itself is not at issue */
    }
    ledger_start(&ledger, profile, n);
    for (uint32_t i = 0; i < n; i++)
        ledger_neuron(&ledger, i, RAO_PER_TAO);
    struct chain_extrinsic call = {.kind = CHAIN_SET_WEIGHTS,
                                   .netuid = ledger.net.netuid,
                                   .signer = 2 * uid,
                                   .row_count = count,
                                   .value_count = value_count,
                                   .row_uids = uids,
                                   .row_values = values,
                                   .version_key = key};
    const char *outcome = ledger_call(&ledger, profile, &call);
    free(uids);
    free(values);
    ledger_end(&ledger);
    return outcome;
}

static void run_set_weights(const struct golden_chain_case *c)
{
    enum chain_profile profile = *c->profile == 'A'   ? CHAIN_NAKAMOTO
                                 : *c->profile == 'B' ? CHAIN_FINNEY
                                                      : CHAIN_CURRENT;
    expect_text(c->golden, c->expected, row_outcome(c, profile, 0, 0));
}

static void run_version_key(const struct golden_chain_case *c)
{
    const char *outcome = row_outcome(c, CHAIN_FINNEY, need(c->golden, c->in, "network_key"),
                                      need(c->golden, c->in, "key"));
    expect_bool(c->golden, c->expected, strcmp(outcome, "IncorrectNetworkVersionKey") != 0);
}

/* Holders are accounts 1, 2, ... in the vector's order; account 0 is the hotkey. */
static void run_emit(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_FINNEY);
    const struct json_value *stakes = json_get(c->in, "stakes");
    const struct json_value *owner = json_get(c->in, "owner");
    uint32_t count = (uint32_t)json_count(stakes), owner_id = 0;
    ledger_start(&ledger, CHAIN_FINNEY, count + 1);
    for (uint32_t i = 0; i < count && owner != NULL; i++)
        if (strcmp(json_item(stakes, i)->name, owner->text) == 0)
            owner_id = i + 1;
    struct chain_genesis_neuron neuron = {.netuid = 1, .hotkey = 0, .coldkey = owner_id};
    uint32_t uid;
    must(&ledger, chain_genesis_neuron(ledger.chain, &neuron, &uid, &ledger.err));
    for (uint32_t i = 0; i < count; i++)
        must(&ledger, chain_genesis_stake(ledger.chain, 0, i + 1,
                                          (uint64_t)wide(c->golden, json_item(stakes, i), "stake"),
                                          &ledger.err));
    const struct json_value *delegate = json_get(c->in, "is_delegate");
    ledger.chain->accounts[0].delegate = delegate == NULL || delegate->truth;
    ledger.chain->accounts[0].take = (uint16_t)need(c->golden, c->in, "take_u16");
    must(&ledger, chain_emit_through_hotkey(ledger.chain, 0, need(c->golden, c->in, "server"),
                                            need(c->golden, c->in, "validator"), &ledger.err));
    must(&ledger, chain_check(ledger.chain, &ledger.err));
    for (uint32_t i = 0; i < count; i++)
        expect_wide(c->golden, json_get(c->expected, json_item(stakes, i)->name),
                    chain_stake_rao(ledger.chain, 0, i + 1), json_item(stakes, i)->name);
    ledger_end(&ledger);
}

/* ---------------------------------------------------------------------------------------- cases */

static const struct {
    const char *function;
    void (*run)(const struct golden_chain_case *c);
} functions[] = {
    {"first_nonce_from_0", run_first_nonce},
    {"hash_meets_difficulty", run_meets},
    {"adjust", run_adjust_nakamoto},
    {"adjust_difficulty", run_adjust_finney},
    {"adjust_terms", run_adjust_terms},
    {"blocks_until_next_epoch", run_blocks_until_epoch},
    {"tuples_to_drain_this_block", run_tuples_to_drain},
    {"network_lock_cost", run_lock_cost},
    {"block_emission_for_issuance", run_block_emission},
    {"issuance_bound_100_halvings", run_issuance_bound},
    {"burn_decay", run_burn_decay},
    {"burn_decay_clamped", run_burn_decay},
    {"burn_bump", run_burn_bump},
    {"decay_factor_q32", run_decay_factor},
    {"owner_cut", run_owner_cut},
    {"ip_valid", run_ip_valid},
    {"normalize_u32", run_normalize},
    {"max_upscale", run_max_upscale},
    {"max_min_ratio_ok", run_ratio},
    {"max_weight_limited", run_max_weight},
    {"rate_limit", run_rate_limit},
    {"uid_to_prune", run_prune},
    {"iteration_order_ties", run_iteration_order},
    {"mechanism_step_ring4", run_mechanism_step},
    {"mechanism_step_self_weights4", run_mechanism_step},
    {"mechanism_step_all_inactive", run_mechanism_step},
    {"blocks_per_step_sequence", run_blocks_per_step},
    {"priority_accumulation", run_priority},
    {"on_prune_refund", run_prune_refund},
    {"add_stake", run_add_stake},
    {"remove_stake", run_remove_stake},
    {"set_weights", run_set_weights},
    {"set_weights_length", run_set_weights},
    {"set_weights_errors", run_set_weights},
    {"version_key", run_version_key},
    {"emit_through_hotkey", run_emit},
};

static void run_one(struct golden *golden, const struct json_value *value)
{
    const struct json_value *function = json_get(value, "function");
    const struct json_value *profile = json_get(value, "profile"), *id = json_get(value, "id");
    struct golden_chain_case c = {.golden = golden,
                                  .profile = profile == NULL ? "" : profile->text,
                                  .in = json_get(value, "inputs"),
                                  .expected = json_get(value, "expected")};
    golden->compared = golden->differed = 0;
    golden_place(golden, "%s %s", id == NULL ? "?" : id->text,
                 function == NULL ? "?" : function->text);
    bool known = false;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (function == NULL || strcmp(function->text, functions[i].function) != 0)
            continue;
        known = true;
        functions[i].run(&c);
    }
    if (!known)
        golden_differs(golden, "no such function");
    if (known && golden->compared == 0)
        golden_differs(golden, "nothing was compared");
    golden->compared_in_all += golden->compared;
    golden->passed += golden->differed == 0;
    golden->failed += golden->differed != 0;
}

/* A file holds many cases, each counted for itself. */
static bool run_file(struct golden *golden, const struct json_value *root)
{
    const struct json_value *cases = json_get(root, "cases");
    for (size_t i = 0; i < json_count(cases); i++)
        run_one(golden, json_item(cases, i));
    return false;
}

int main(int argc, char **argv)
{
    return golden_folder(argc, argv, run_file);
}
