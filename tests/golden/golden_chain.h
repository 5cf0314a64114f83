/*
 * golden_chain.h: a case of the chain's vectors, and what the files that run them share.
 */
#ifndef TESTS_GOLDEN_CHAIN_H
#define TESTS_GOLDEN_CHAIN_H

#include "chain/state.h"
#include "golden/golden.h"

struct golden_chain_case {
    struct golden *golden;
    const char *profile;
    const struct json_value *in, *expected;
};

/* Whole numbers, written as such or as texts; what is none makes the case fail and counts as 0. */
fixed_u128 golden_chain_wide(struct golden *golden, const struct json_value *value,
                             const char *what);
uint64_t golden_chain_need(struct golden *golden, const struct json_value *object,
                           const char *name);
uint64_t golden_chain_with_default(struct golden *golden, const struct json_value *object,
                                   const char *name, uint64_t fallback);
/* u32s of an array; the caller frees. */
uint32_t *golden_chain_list(struct golden *golden, const struct json_value *array,
                            uint32_t *ret_count);
/* Compare, and count. */
void golden_chain_expect_wide(struct golden *golden, const struct json_value *expected,
                              fixed_u128 got, const char *what);
void golden_chain_expect_near(struct golden *golden, const struct json_value *expected,
                              uint64_t got, uint64_t tolerance, const char *what);
void golden_chain_expect_bool(struct golden *golden, const struct json_value *expected, bool got);
void golden_chain_expect_text(struct golden *golden, const struct json_value *expected,
                              const char *got);
/* 32 bytes. */
void golden_chain_bytes_of_hex(struct golden *golden, const struct json_value *value,
                               uint8_t bytes[32]);

/* One function of the vectors each; those of state run a chain. */
void golden_chain_run_first_nonce(const struct golden_chain_case *c);
void golden_chain_run_meets(const struct golden_chain_case *c);
void golden_chain_run_adjust_nakamoto(const struct golden_chain_case *c);
void golden_chain_run_adjust_finney(const struct golden_chain_case *c);
void golden_chain_run_adjust_terms(const struct golden_chain_case *c);
void golden_chain_run_blocks_until_epoch(const struct golden_chain_case *c);
void golden_chain_run_tuples_to_drain(const struct golden_chain_case *c);
void golden_chain_run_lock_cost(const struct golden_chain_case *c);
void golden_chain_run_block_emission(const struct golden_chain_case *c);
void golden_chain_run_issuance_bound(const struct golden_chain_case *c);
void golden_chain_run_burn_decay(const struct golden_chain_case *c);
void golden_chain_run_burn_bump(const struct golden_chain_case *c);
void golden_chain_run_decay_factor(const struct golden_chain_case *c);
void golden_chain_run_owner_cut(const struct golden_chain_case *c);
void golden_chain_run_ip_valid(const struct golden_chain_case *c);
void golden_chain_run_normalize(const struct golden_chain_case *c);
void golden_chain_run_max_upscale(const struct golden_chain_case *c);
void golden_chain_run_ratio(const struct golden_chain_case *c);
void golden_chain_run_max_weight(const struct golden_chain_case *c);
void golden_chain_run_rate_limit(const struct golden_chain_case *c);
void golden_chain_run_prune(const struct golden_chain_case *c);
void golden_chain_run_iteration_order(const struct golden_chain_case *c);
void golden_chain_run_mechanism_step(const struct golden_chain_case *c);
void golden_chain_run_blocks_per_step(const struct golden_chain_case *c);
void golden_chain_run_priority(const struct golden_chain_case *c);
void golden_chain_run_prune_refund(const struct golden_chain_case *c);
void golden_chain_run_add_stake(const struct golden_chain_case *c);
void golden_chain_run_remove_stake(const struct golden_chain_case *c);
void golden_chain_run_set_weights(const struct golden_chain_case *c);
void golden_chain_run_version_key(const struct golden_chain_case *c);
void golden_chain_run_emit(const struct golden_chain_case *c);

#endif
