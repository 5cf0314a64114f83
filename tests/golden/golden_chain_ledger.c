/*
 * Cases of the chain's state: each builds a chain and makes blocks.
 */
#include "base/param_text.h"
#include "base/units.h"
#include "golden/golden_chain.h"
#include "mechanism/mechanism_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
                      stakes == NULL
                          ? RAO_PER_TAO
                          : (uint64_t)golden_chain_wide(c->golden, json_item(stakes, i), "stake"));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t target = (i + 1) % count, value = UINT32_MAX;
        if (weights != NULL && weights->kind == JSON_ARRAY) {
            const struct json_value *entry = json_item(weights, i);
            target = (uint32_t)golden_chain_wide(c->golden, json_item(entry, 0), "target");
            value = (uint32_t)golden_chain_wide(c->golden, json_item(entry, 1), "weight");
        } else if (weights != NULL) { /* "identity" */
            target = i;
        }
        must(ledger, chain_genesis_weights(ledger->chain, 0, i, 1, &target, &value, &ledger->err));
    }
}

void golden_chain_run_mechanism_step(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    ledger.net.params.tempo = 1;
    ledger.net.params.block_emission =
        golden_chain_with_default(c->golden, c->in, "emission", RAO_PER_TAO);
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
    uint64_t near = golden_chain_with_default(c->golden, c->expected, "tolerance", 0);
    for (uint32_t i = 0; i < view->neuron_count; i++) {
        golden_chain_expect_near(c->golden, json_item(json_get(c->expected, "stake"), i),
                                 view->stake_rao[i], near, "stake");
        if (json_get(c->expected, "emission") != NULL)
            golden_chain_expect_near(c->golden, json_item(json_get(c->expected, "emission"), i),
                                     view->emission_rao[i], near, "emission");
        if (json_get(c->expected, "consensus_u64") != NULL)
            golden_chain_expect_near(c->golden,
                                     json_item(json_get(c->expected, "consensus_u64"), i),
                                     view->consensus[i], near, "consensus");
        if (json_get(c->expected, "active") != NULL)
            golden_chain_expect_wide(c->golden, json_item(json_get(c->expected, "active"), i),
                                     view->active[i], "active");
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
        golden_chain_expect_wide(c->golden, json_get(c->expected, "issuance_added"),
                                 chain_total_issuance_rao(ledger.chain) - before, "issuance");
    ledger_end(&ledger);
}

void golden_chain_run_blocks_per_step(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    start_four(&ledger, c, NULL, NULL);
    uint64_t before = chain_total_issuance_rao(ledger.chain);
    const struct json_value *ops = json_get(c->in, "ops");
    const struct json_value *sums = json_get(c->expected, "cumulative_tao");
    uint64_t near = golden_chain_with_default(c->golden, c->expected, "tolerance_rao", 0);
    size_t step = 0;
    for (size_t i = 0; i < json_count(ops); i++) {
        const char *op = json_item(json_item(ops, i), 0)->text;
        uint64_t number =
            (uint64_t)golden_chain_wide(c->golden, json_item(json_item(ops, i), 1), "op");
        if (strcmp(op, "bps") == 0) {
            ledger_set_tempo(&ledger, number);
            continue;
        }
        ledger_blocks(&ledger, number);
        uint64_t got = chain_total_issuance_rao(ledger.chain) - before;
        uint64_t want =
            (uint64_t)golden_chain_wide(c->golden, json_item(sums, step++), "sum") * RAO_PER_TAO;
        c->golden->compared++;
        if (got > want || want - got > near)
            golden_differs(c->golden, "step %zu: expected %llu, got %llu", step,
                           (unsigned long long)want, (unsigned long long)got);
    }
    ledger_end(&ledger);
}

/* Steps run in blocks of their own: a tempo that is never reached keeps them out of the others. */
void golden_chain_run_priority(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    ledger_start(&ledger, CHAIN_NAKAMOTO, 1);
    must(&ledger, chain_genesis_balance(ledger.chain, 1, RAO_PER_TAO, &ledger.err));
    ledger_neuron(&ledger, 0, golden_chain_need(c->golden, c->in, "initial_stake"));
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
            call.amount_rao =
                (uint64_t)golden_chain_wide(c->golden, json_item(json_item(ops, i), 1), "op");
            ledger_call(&ledger, CHAIN_NAKAMOTO, &call);
        }
        golden_chain_expect_wide(c->golden,
                                 json_item(json_get(c->expected, "priority_after_op"), i),
                                 chain_view(ledger.chain, 0)->priority[0], "priority");
    }
    ledger_end(&ledger);
}

void golden_chain_run_prune_refund(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_NAKAMOTO);
    const struct json_value *stakes = json_get(c->in, "stake");
    uint32_t count = (uint32_t)json_count(stakes);
    uint32_t pruned = (uint32_t)golden_chain_need(c->golden, c->in, "pruned");
    ledger.net.params.max_uids = count;
    ledger_start(&ledger, CHAIN_NAKAMOTO, count + 1);
    for (uint32_t i = 0; i < count; i++)
        ledger_neuron(&ledger, i,
                      (uint64_t)golden_chain_wide(c->golden, json_item(stakes, i), "stake"));
    chain_evict(ledger.chain, chain_net_of(ledger.chain, 0), pruned, 2 * count, 2 * count + 1);
    for (uint32_t i = 0; i < count; i++)
        golden_chain_expect_wide(c->golden, json_item(json_get(c->expected, "stake"), i),
                                 chain_view(ledger.chain, 0)->stake_rao[i], "stake");
    golden_chain_expect_wide(c->golden, json_get(c->expected, "total_stake"),
                             chain_total_stake_rao(ledger.chain), "total stake");
    golden_chain_expect_wide(c->golden, json_get(c->expected, "coldkey_balance_of_pruned"),
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
         chain_genesis_balance(ledger.chain, 1, golden_chain_need(c->golden, c->in, "balance"),
                               &ledger.err));
    ledger_neuron(&ledger, 0, golden_chain_need(c->golden, c->in, "stake"));
    struct chain_extrinsic call = {.kind = add ? CHAIN_ADD_STAKE : CHAIN_REMOVE_STAKE,
                                   .signer = 1,
                                   .hotkey = 0,
                                   .amount_rao = golden_chain_need(c->golden, c->in, "amount")};
    const char *outcome = ledger_call(&ledger, profile, &call);
    if (c->expected->kind == JSON_STRING) {
        golden_chain_expect_text(c->golden, c->expected, outcome);
    } else {
        golden_chain_expect_wide(c->golden, json_get(c->expected, "balance"),
                                 chain_balance_rao(ledger.chain, 1), "balance");
        golden_chain_expect_wide(c->golden, json_get(c->expected, "stake"),
                                 chain_hotkey_stake_rao(ledger.chain, 0), "stake");
    }
    ledger_end(&ledger);
}

void golden_chain_run_add_stake(const struct golden_chain_case *c)
{
    run_staking(c, true);
}

void golden_chain_run_remove_stake(const struct golden_chain_case *c)
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
    params->min_allowed_weights =
        (uint32_t)golden_chain_with_default(c->golden, c->in, "min_allowed", 0);
    params->max_weight_limit =
        (uint16_t)golden_chain_with_default(c->golden, c->in, "max_weight_limit", UINT16_MAX);
    params->weights_version_key = network_key;
    uint32_t count, value_count,
        uid = (uint32_t)golden_chain_with_default(c->golden, c->in, "uid", 0);
    uint32_t *uids = golden_chain_list(c->golden, json_get(c->in, "uids"), &count);
    uint32_t *values = golden_chain_list(c->golden, json_get(c->in, "values"), &value_count);
    if (count == 0 && json_get(c->in, "uids") == NULL) { /* the row does not matter */
        uids[0] = uid;
        values[0] = 1;
        count = value_count = 1;
    }
    uint32_t n = (uint32_t)golden_chain_with_default(c->golden, c->in, "n", 0);
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

void golden_chain_run_set_weights(const struct golden_chain_case *c)
{
    enum chain_profile profile = *c->profile == 'A'   ? CHAIN_NAKAMOTO
                                 : *c->profile == 'B' ? CHAIN_FINNEY
                                                      : CHAIN_CURRENT;
    golden_chain_expect_text(c->golden, c->expected, row_outcome(c, profile, 0, 0));
}

void golden_chain_run_version_key(const struct golden_chain_case *c)
{
    const char *outcome =
        row_outcome(c, CHAIN_FINNEY, golden_chain_need(c->golden, c->in, "network_key"),
                    golden_chain_need(c->golden, c->in, "key"));
    golden_chain_expect_bool(c->golden, c->expected,
                             strcmp(outcome, "IncorrectNetworkVersionKey") != 0);
}

/* Holders are accounts 1, 2, ... in the vector's order, an owner without stake comes behind them;
 * account 0 is the hotkey. */
static uint32_t holder_named(const struct json_value *stakes, const char *name)
{
    for (uint32_t i = 0; i < json_count(stakes); i++)
        if (strcmp(json_item(stakes, i)->name, name) == 0)
            return i + 1;
    return (uint32_t)json_count(stakes) + 1;
}

void golden_chain_run_emit(const struct golden_chain_case *c)
{
    struct golden_ledger ledger;
    ledger_init(&ledger, c->golden, CHAIN_FINNEY);
    const struct json_value *stakes = json_get(c->in, "stakes");
    const struct json_value *owner = json_get(c->in, "owner");
    uint32_t count = (uint32_t)json_count(stakes), uid;
    ledger_start(&ledger, CHAIN_FINNEY, count + 1);
    struct chain_genesis_neuron neuron = {
        .netuid = 1, .hotkey = 0, .coldkey = owner == NULL ? 1 : holder_named(stakes, owner->text)};
    must(&ledger, chain_genesis_neuron(ledger.chain, &neuron, &uid, &ledger.err));
    for (uint32_t i = 0; i < count; i++)
        must(&ledger, chain_genesis_stake(
                          ledger.chain, 0, i + 1,
                          (uint64_t)golden_chain_wide(c->golden, json_item(stakes, i), "stake"),
                          &ledger.err));
    const struct json_value *delegate = json_get(c->in, "is_delegate");
    ledger.chain->accounts[0].delegate = delegate == NULL || delegate->truth;
    ledger.chain->accounts[0].take = (uint16_t)golden_chain_need(c->golden, c->in, "take_u16");
    must(&ledger,
         chain_emit_through_hotkey(ledger.chain, 0, golden_chain_need(c->golden, c->in, "server"),
                                   golden_chain_need(c->golden, c->in, "validator"), &ledger.err));
    must(&ledger, chain_check(ledger.chain, &ledger.err));
    for (uint32_t i = 0; i < json_count(c->expected); i++) {
        const char *name = json_item(c->expected, i)->name;
        golden_chain_expect_wide(c->golden, json_item(c->expected, i),
                                 chain_stake_rao(ledger.chain, 0, holder_named(stakes, name)),
                                 name);
    }
    ledger_end(&ledger);
}
