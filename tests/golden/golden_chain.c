/*
 * The chain's vectors: a file holds many cases, each counted for itself.
 */
#include "golden/golden_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- numbers */

fixed_u128 golden_chain_wide(struct golden *golden, const struct json_value *value,
                             const char *what)
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

uint64_t golden_chain_need(struct golden *golden, const struct json_value *object, const char *name)
{
    return (uint64_t)golden_chain_wide(golden, json_get(object, name), name);
}

uint64_t golden_chain_with_default(struct golden *golden, const struct json_value *object,
                                   const char *name, uint64_t fallback)
{
    return json_get(object, name) == NULL ? fallback : golden_chain_need(golden, object, name);
}

/* u32s of an array; the caller frees. */
uint32_t *golden_chain_list(struct golden *golden, const struct json_value *array,
                            uint32_t *ret_count)
{
    *ret_count = (uint32_t)json_count(array);
    uint32_t *values = calloc(*ret_count + 1, sizeof *values);
    for (uint32_t i = 0; i < *ret_count; i++)
        values[i] = (uint32_t)golden_chain_wide(golden, json_item(array, i), "entry");
    return values;
}

void golden_chain_expect_wide(struct golden *golden, const struct json_value *expected,
                              fixed_u128 got, const char *what)
{
    golden->compared++;
    fixed_u128 number = golden_chain_wide(golden, expected, what);
    if (number != got)
        golden_differs(golden, "%s: expected %llu, got %llu", what, (unsigned long long)number,
                       (unsigned long long)got);
}

void golden_chain_expect_near(struct golden *golden, const struct json_value *expected,
                              uint64_t got, uint64_t tolerance, const char *what)
{
    golden->compared++;
    uint64_t number = (uint64_t)golden_chain_wide(golden, expected, what);
    uint64_t apart = number > got ? number - got : got - number;
    if (apart > tolerance)
        golden_differs(golden, "%s: expected %llu, got %llu", what, (unsigned long long)number,
                       (unsigned long long)got);
}

void golden_chain_expect_bool(struct golden *golden, const struct json_value *expected, bool got)
{
    golden->compared++;
    if (expected == NULL || expected->kind != JSON_BOOL || expected->truth != got)
        golden_differs(golden, "got %s", got ? "true" : "false");
}

void golden_chain_expect_text(struct golden *golden, const struct json_value *expected,
                              const char *got)
{
    golden->compared++;
    if (expected == NULL || expected->kind != JSON_STRING || strcmp(expected->text, got) != 0)
        golden_differs(golden, "expected %s, got %s", expected == NULL ? "" : expected->text, got);
}

void golden_chain_bytes_of_hex(struct golden *golden, const struct json_value *value,
                               uint8_t bytes[32])
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

/* ---------------------------------------------------------------------------------------- cases */

static const struct {
    const char *function;
    void (*run)(const struct golden_chain_case *c);
} functions[] = {
    {"first_nonce_from_0", golden_chain_run_first_nonce},
    {"hash_meets_difficulty", golden_chain_run_meets},
    {"adjust", golden_chain_run_adjust_nakamoto},
    {"adjust_difficulty", golden_chain_run_adjust_finney},
    {"adjust_terms", golden_chain_run_adjust_terms},
    {"blocks_until_next_epoch", golden_chain_run_blocks_until_epoch},
    {"tuples_to_drain_this_block", golden_chain_run_tuples_to_drain},
    {"network_lock_cost", golden_chain_run_lock_cost},
    {"block_emission_for_issuance", golden_chain_run_block_emission},
    {"issuance_bound_100_halvings", golden_chain_run_issuance_bound},
    {"burn_decay", golden_chain_run_burn_decay},
    {"burn_decay_clamped", golden_chain_run_burn_decay},
    {"burn_bump", golden_chain_run_burn_bump},
    {"decay_factor_q32", golden_chain_run_decay_factor},
    {"owner_cut", golden_chain_run_owner_cut},
    {"ip_valid", golden_chain_run_ip_valid},
    {"normalize_u32", golden_chain_run_normalize},
    {"max_upscale", golden_chain_run_max_upscale},
    {"max_min_ratio_ok", golden_chain_run_ratio},
    {"max_weight_limited", golden_chain_run_max_weight},
    {"rate_limit", golden_chain_run_rate_limit},
    {"uid_to_prune", golden_chain_run_prune},
    {"iteration_order_ties", golden_chain_run_iteration_order},
    {"mechanism_step_ring4", golden_chain_run_mechanism_step},
    {"mechanism_step_self_weights4", golden_chain_run_mechanism_step},
    {"mechanism_step_all_inactive", golden_chain_run_mechanism_step},
    {"blocks_per_step_sequence", golden_chain_run_blocks_per_step},
    {"priority_accumulation", golden_chain_run_priority},
    {"on_prune_refund", golden_chain_run_prune_refund},
    {"add_stake", golden_chain_run_add_stake},
    {"remove_stake", golden_chain_run_remove_stake},
    {"set_weights", golden_chain_run_set_weights},
    {"set_weights_length", golden_chain_run_set_weights},
    {"set_weights_errors", golden_chain_run_set_weights},
    {"version_key", golden_chain_run_version_key},
    {"emit_through_hotkey", golden_chain_run_emit},
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
