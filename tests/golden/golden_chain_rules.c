/*
 * Cases of the chain's arithmetic: each calls the function that a block calls.
 */
#include "golden/golden_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------------- rules */

void golden_chain_run_first_nonce(const struct golden_chain_case *c)
{
    uint8_t hash[32] = {0}, hotkey[32] = {0}, seal[32] = {0};
    golden_chain_bytes_of_hex(c->golden, json_get(c->in, "block_hash"), hash);
    enum pow_seal_rule rule = POW_SEAL_SHA256;
    const struct json_value *text = json_get(c->in, "seal");
    if (text != NULL && strncmp(text->text, "keccak", 6) == 0)
        rule = strstr(text->text, "hotkey") != NULL ? POW_SEAL_KECCAK_HOTKEY : POW_SEAL_KECCAK;
    if (json_get(c->in, "hotkey") != NULL)
        golden_chain_bytes_of_hex(c->golden, json_get(c->in, "hotkey"), hotkey);
    struct pow_task task = {.rule = rule,
                            .block_hash = hash,
                            .hotkey_key = hotkey,
                            .difficulty = golden_chain_need(c->golden, c->in, "difficulty")};
    struct pow_work work = {0};
    uint64_t hashes = 0;
    bool found = pow_search(&task, golden_chain_with_default(c->golden, c->in, "start_nonce", 0),
                            100000000, &work, &hashes);
    if (!found)
        golden_differs(c->golden, "no nonce found");
    golden_chain_expect_wide(c->golden, json_get(c->expected, "nonce"), work.nonce, "nonce");
    if (json_get(c->expected, "seal") == NULL)
        return;
    golden_chain_bytes_of_hex(c->golden, json_get(c->expected, "seal"), seal);
    if (memcmp(seal, work.seal, 32) != 0)
        golden_differs(c->golden, "another seal");
}

void golden_chain_run_meets(const struct golden_chain_case *c)
{
    uint8_t hash[32] = {0};
    golden_chain_bytes_of_hex(c->golden, json_get(c->in, "hash"), hash);
    golden_chain_expect_bool(c->golden, c->expected,
                             pow_meets(hash, golden_chain_need(c->golden, c->in, "difficulty")));
}

void golden_chain_run_adjust_nakamoto(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_difficulty_double(golden_chain_need(c->golden, c->in, "difficulty"),
                                golden_chain_need(c->golden, c->in, "registrations_this_interval"),
                                golden_chain_need(c->golden, c->in, "target"),
                                golden_chain_need(c->golden, c->in, "min"),
                                golden_chain_need(c->golden, c->in, "max")),
        "difficulty");
}

void golden_chain_run_adjust_finney(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_price_adjust(golden_chain_need(c->golden, c->in, "current"),
                           (uint32_t)golden_chain_need(c->golden, c->in, "registrations"),
                           (uint32_t)golden_chain_need(c->golden, c->in, "target"),
                           golden_chain_need(c->golden, c->in, "min"),
                           golden_chain_need(c->golden, c->in, "max"),
                           golden_chain_with_default(c->golden, c->in, "alpha", 0)),
        "difficulty");
}

void golden_chain_run_adjust_terms(const struct golden_chain_case *c)
{
    struct chain_params params;
    chain_params_init(&params, CHAIN_FINNEY);
    params.target_registrations = (uint32_t)golden_chain_need(c->golden, c->in, "target");
    params.adjustment_alpha =
        golden_chain_with_default(c->golden, c->in, "alpha", params.adjustment_alpha);
    params.min_burn = golden_chain_with_default(c->golden, c->in, "burn_min", params.min_burn);
    params.max_burn = golden_chain_with_default(c->golden, c->in, "burn_max", params.max_burn);
    params.min_difficulty =
        golden_chain_with_default(c->golden, c->in, "difficulty_min", params.min_difficulty);
    params.max_difficulty =
        golden_chain_with_default(c->golden, c->in, "difficulty_max", params.max_difficulty);
    struct rules_terms terms = {.burn_rao = golden_chain_need(c->golden, c->in, "burn"),
                                .difficulty = golden_chain_need(c->golden, c->in, "difficulty"),
                                .registrations =
                                    (uint32_t)golden_chain_need(c->golden, c->in, "registrations"),
                                .pow = (uint32_t)golden_chain_need(c->golden, c->in, "pow_regs"),
                                .burn = (uint32_t)golden_chain_need(c->golden, c->in, "burn_regs")};
    rules_adjust_terms(&params, &terms);
    golden_chain_expect_wide(c->golden, json_get(c->expected, "burn"), terms.burn_rao, "burn");
    golden_chain_expect_wide(c->golden, json_get(c->expected, "difficulty"), terms.difficulty,
                             "difficulty");
}

void golden_chain_run_blocks_until_epoch(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_blocks_until_epoch((uint16_t)golden_chain_need(c->golden, c->in, "netuid"),
                                 golden_chain_need(c->golden, c->in, "tempo"),
                                 golden_chain_need(c->golden, c->in, "block")),
        "blocks");
}

void golden_chain_run_tuples_to_drain(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_tuples_to_drain((uint16_t)golden_chain_need(c->golden, c->in, "netuid"),
                              golden_chain_need(c->golden, c->in, "tempo"),
                              golden_chain_need(c->golden, c->in, "block"),
                              golden_chain_need(c->golden, c->in, "n")),
        "tuples");
}

void golden_chain_run_lock_cost(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_network_lock_cost(golden_chain_need(c->golden, c->in, "last_lock"),
                                golden_chain_need(c->golden, c->in, "min_lock"),
                                golden_chain_need(c->golden, c->in, "last_lock_block"),
                                golden_chain_need(c->golden, c->in, "interval"),
                                golden_chain_need(c->golden, c->in, "block")),
        "cost");
}

static struct chain_params current_params(void)
{
    struct chain_params params;
    chain_params_init(&params, CHAIN_CURRENT);
    return params;
}

void golden_chain_run_block_emission(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_block_emission(golden_chain_need(c->golden, c->in, "issuance_rao"),
                             params.block_emission, params.max_issuance),
        "emission");
}

/* Each round runs step_blocks at the rate that the issuance before it gives. */
void golden_chain_run_issuance_bound(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    uint64_t step = golden_chain_need(c->golden, c->in, "step_blocks"),
             n = golden_chain_need(c->golden, c->in, "n");
    uint64_t issuance = 0;
    for (uint64_t i = 0; i < n; i++)
        issuance +=
            step * rules_block_emission(issuance, params.block_emission, params.max_issuance);
    golden_chain_expect_wide(c->golden, c->expected, issuance, "issuance");
}

void golden_chain_run_burn_decay(const struct golden_chain_case *c)
{
    uint64_t burn = golden_chain_need(c->golden, c->in, "burn");
    uint32_t factor = rules_decay_factor_q32(golden_chain_need(c->golden, c->in, "half_life"));
    uint64_t min = golden_chain_with_default(c->golden, c->in, "min", 0);
    uint64_t max = golden_chain_with_default(c->golden, c->in, "max", UINT64_MAX);
    for (uint64_t i = 0; i < golden_chain_need(c->golden, c->in, "blocks"); i++)
        burn = rules_burn_decay(burn, factor, min, max);
    golden_chain_expect_wide(c->golden, c->expected, burn, "burn");
}

void golden_chain_run_burn_bump(const struct golden_chain_case *c)
{
    struct chain_params params = current_params();
    double mult = params.burn_increase;
    struct sim_error err = {0};
    if (json_get(c->in, "mult") != NULL && json_f64(json_get(c->in, "mult"), &mult, &err) != SIM_OK)
        golden_differs(c->golden, "mult: %s", err.text);
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_burn_bump(golden_chain_need(c->golden, c->in, "burn"), mult,
                        golden_chain_with_default(c->golden, c->in, "min", params.min_burn),
                        golden_chain_with_default(c->golden, c->in, "max", params.max_burn)),
        "burn");
}

void golden_chain_run_decay_factor(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_decay_factor_q32(golden_chain_need(c->golden, c->in, "half_life")), "factor");
}

void golden_chain_run_owner_cut(const struct golden_chain_case *c)
{
    golden_chain_expect_wide(
        c->golden, c->expected,
        rules_part_u16(golden_chain_need(c->golden, c->in, "alpha_emission"),
                       (uint16_t)golden_chain_need(c->golden, c->in, "cut_u16")),
        "cut");
}

void golden_chain_run_ip_valid(const struct golden_chain_case *c)
{
    fixed_u128 ip = golden_chain_wide(c->golden, json_get(c->in, "ip"), "ip");
    golden_chain_expect_bool(c->golden, c->expected,
                             rules_ip_valid((uint8_t)golden_chain_need(c->golden, c->in, "ip_type"),
                                            (uint64_t)(ip >> 64), (uint64_t)ip));
}

static void expect_list(const struct golden_chain_case *c, uint32_t count, const uint32_t *values)
{
    if (json_count(c->expected) != count)
        golden_differs(c->golden, "another length");
    for (uint32_t i = 0; i < count && i < json_count(c->expected); i++)
        golden_chain_expect_wide(c->golden, json_item(c->expected, i), values[i], "value");
}

void golden_chain_run_normalize(const struct golden_chain_case *c)
{
    uint32_t count, *values = golden_chain_list(c->golden, json_get(c->in, "values"), &count);
    rules_normalize_u32(count, values);
    expect_list(c, count, values);
    free(values);
}

void golden_chain_run_max_upscale(const struct golden_chain_case *c)
{
    uint32_t count, *values = golden_chain_list(c->golden, json_get(c->in, "values"), &count);
    rules_max_upscale_u16(count, values);
    expect_list(c, count, values);
    free(values);
}

void golden_chain_run_ratio(const struct golden_chain_case *c)
{
    uint32_t count, *values = golden_chain_list(c->golden, json_get(c->in, "values"), &count);
    golden_chain_expect_bool(
        c->golden, c->expected,
        rules_max_min_ratio_ok(count, values,
                               golden_chain_need(c->golden, c->in, "max_allowed_max_min_ratio")));
    free(values);
}

void golden_chain_run_max_weight(const struct golden_chain_case *c)
{
    uint32_t count, uid_count;
    uint32_t *weights = golden_chain_list(c->golden, json_get(c->in, "weights"), &count);
    uint32_t *uids = golden_chain_list(c->golden, json_get(c->in, "uids"), &uid_count);
    uint32_t uid = (uint32_t)golden_chain_need(c->golden, c->in, "uid");
    golden_chain_expect_bool(
        c->golden, c->expected,
        rules_is_self_row(uid, uid_count, uids) ||
            rules_max_weight_ok(count, weights,
                                (uint16_t)golden_chain_need(c->golden, c->in, "limit")));
    free(weights);
    free(uids);
}

void golden_chain_run_rate_limit(const struct golden_chain_case *c)
{
    golden_chain_expect_bool(
        c->golden, json_get(c->expected, "allowed"),
        rules_weights_rate_ok(golden_chain_need(c->golden, c->in, "rate_limit"),
                              golden_chain_need(c->golden, c->in, "last_update"),
                              golden_chain_need(c->golden, c->in, "block")));
}

/* ------------------------------------------------------------------------------------- pruning */

static bool is_listed(const struct golden_chain_case *c, const char *name, uint64_t number)
{
    const struct json_value *array = json_get(c->in, name);
    for (size_t i = 0; i < json_count(array); i++)
        if (golden_chain_wide(c->golden, json_item(array, i), name) == number)
            return true;
    return false;
}

void golden_chain_run_prune(const struct golden_chain_case *c)
{
    const struct json_value *neurons = json_get(c->in, "neurons");
    uint32_t count = (uint32_t)json_count(neurons), victim = 0;
    struct rules_candidate *candidates = calloc(count + 1, sizeof *candidates);
    const char *score = *c->profile == 'A'   ? "incentive"
                        : *c->profile == 'B' ? "score"
                                             : "emission";
    for (uint32_t i = 0; i < count; i++) {
        const struct json_value *neuron = json_item(neurons, i);
        candidates[i] = (struct rules_candidate){
            .score = golden_chain_need(c->golden, neuron, score),
            .stake_rao = golden_chain_with_default(c->golden, neuron, "stake", 0),
            .block_at_registration = golden_chain_need(c->golden, neuron, "reg"),
            .immortal = is_listed(c, "immortal", i)};
    }
    struct chain_params params;
    enum chain_profile profile = *c->profile == 'A'   ? CHAIN_NAKAMOTO
                                 : *c->profile == 'B' ? CHAIN_FINNEY
                                                      : CHAIN_CURRENT;
    chain_params_init(&params, profile);
    params.immunity_period =
        golden_chain_with_default(c->golden, c->in, "immunity", params.immunity_period);
    params.stake_pruning_denominator =
        (uint32_t)golden_chain_with_default(c->golden, c->in, "stake_pruning_denominator", 1);
    params.incentive_pruning_denominator =
        (uint32_t)golden_chain_with_default(c->golden, c->in, "incentive_pruning_denominator", 1);
    uint64_t block = golden_chain_with_default(c->golden, c->in, "block", 0);
    block = golden_chain_with_default(c->golden, c->in, "current_block", block);
    if (profile == CHAIN_NAKAMOTO)
        victim = rules_prune_nakamoto(
            count, candidates, golden_chain_need(c->golden, c->in, "total_stake"), block, &params);
    else if (profile == CHAIN_FINNEY)
        victim = rules_prune_finney(count, candidates, block, params.immunity_period);
    else
        victim =
            rules_prune_current(count, candidates, block, params.immunity_period,
                                (uint32_t)golden_chain_with_default(
                                    c->golden, c->in, "min_non_immune", params.min_non_immune));
    if (c->expected != NULL && c->expected->kind != JSON_NULL) {
        golden_chain_expect_wide(c->golden, c->expected, victim, "uid");
    } else { /* nobody may be taken */
        c->golden->compared++;
        if (victim != UINT32_MAX)
            golden_differs(c->golden, "got uid %u", victim);
    }
    free(candidates);
}

void golden_chain_run_iteration_order(const struct golden_chain_case *c)
{
    uint32_t count = (uint32_t)golden_chain_need(c->golden, c->in, "n");
    struct rules_candidate *candidates = calloc(count + 1, sizeof *candidates);
    struct chain_params params;
    chain_params_init(&params, CHAIN_NAKAMOTO);
    for (uint32_t i = 0; i < count; i++)
        candidates[i].score = is_listed(c, "exclude_lower", i) ? UINT64_MAX / 2 : 0;
    golden_chain_expect_wide(c->golden, c->expected,
                             rules_prune_nakamoto(count, candidates, 0, 100000, &params), "uid");
    free(candidates);
}
