/*
 * params.h: every rule and hyper-parameter of the chain, for three profiles.
 *
 * A profile is a set of rules (which code runs) and of defaults (below).  The three share one
 * struct and one list of keys and differ in the fallbacks; a scenario names a profile and
 * overrides any key.  Keys marked [ledger] are read from the first network's block only; all
 * others hold for one network each.
 *
 *   nakamoto   the single network of 2021-11..2023-03 (code of 2022-03)
 *   finney     the networks of 2023 (code of 2023-05..07)
 *   current    the networks of 2026, without the token pools (docs/CHAIN.md, "Left out")
 */
#ifndef CHAIN_PARAMS_H
#define CHAIN_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"

enum chain_profile { CHAIN_NAKAMOTO, CHAIN_FINNEY, CHAIN_CURRENT, CHAIN_PROFILE_COUNT };

enum chain_capacity { CHAIN_CAPACITY_UNLIMITED, CHAIN_CAPACITY_BUDGET };
enum chain_pow { CHAIN_POW_STATISTICAL, CHAIN_POW_SEARCH };
enum chain_commit_form { CHAIN_COMMIT_TIMELOCK, CHAIN_COMMIT_OF_HASH };
/* How a seal is made; see pow.h. */
enum pow_seal_rule { POW_SEAL_SHA256, POW_SEAL_KECCAK, POW_SEAL_KECCAK_HOTKEY };
enum chain_stake_term { CHAIN_STAKE_TERM_INTEGER, CHAIN_STAKE_TERM_REAL };
enum chain_emission_split { CHAIN_SPLIT_FIXED, CHAIN_SPLIT_ROOT };

/* Or-ed to the kind of a key that holds for a whole run: all others may change while running.
 * Work in flight was solved in the old way of `pow`, and a table of emission is the scenario's
 * memory. */
#define CHAIN_FIXED PARAM_LIVE_FLAG

/* X(field, C type, kind, min, max, nakamoto, finney, current, choices, doc) */
#define CHAIN_PARAM_LIST(X)                                                                        \
    /* --- when and how much ------------------------------------------------------------------ */ \
    X(tempo, uint64_t, PARAM_BLOCKS, "0 blocks", NULL, "100 blocks", "99 blocks", "360 blocks",    \
      NULL,                                                                                        \
      "blocks of an epoch; finney runs one every tempo + 1 blocks; 0 = never (nakamoto: always)")  \
    X(max_epochs_per_block, uint32_t, PARAM_U32, NULL, NULL, "0", "0", "2", NULL,                  \
      "[ledger] current: epochs that one block runs, of the lowest netuids that are due; the "     \
      "others' "                                                                                   \
      "wait for the next block; 0 = all")                                                          \
    X(block_emission, uint64_t, PARAM_AMOUNT_RAO, "0 rao", "1000000 TAO", "1 TAO", "1 TAO",        \
      "1 TAO", NULL, "[ledger] minted each block before any halving")                              \
    X(halving, bool, PARAM_BOOL, NULL, NULL, "false", "false", "true", NULL,                       \
      "[ledger] halve the emission each time that issuance passes max_issuance x (1 - 2^-j)")      \
    X(max_issuance, uint64_t, PARAM_AMOUNT_RAO, "1 rao", NULL, "21000000 TAO", "21000000 TAO",     \
      "21000000 TAO", NULL, "[ledger] the cap that halvings approach; read when halving is on")    \
    X(emission_table, struct param_strings, PARAM_STRING_LIST | CHAIN_FIXED, NULL, NULL, "", "",   \
      "", NULL,                                                                                    \
      "[ledger] 'BLOCK RAO' lines, ascending: from that block on, that much; replaces the rest")   \
    X(emission_split, int, PARAM_ENUM, NULL, NULL, "fixed", "fixed", "fixed",                      \
      chain_emission_split_names,                                                                  \
      "[ledger] how networks share the emission: their emission_share, or root's weights")         \
    X(emission_share, double, PARAM_REAL, "0", "1000000000", "1", "1", "1", NULL,                  \
      "this network's part of the emission, in multiples of 10^-9 that add up to 1; under a "      \
      "split "                                                                                     \
      "by root it holds until root's first count")                                                 \
    X(owner_cut, uint16_t, PARAM_FRACTION_U16, NULL, NULL, "0/65535", "0/65535", "11796/65535",    \
      NULL, "part of the network's emission that goes to its owner's coldkey, if it has one")      \
    /* --- registration ------------------------------------------------------------------------   \
     */                                                                                            \
    X(max_uids, uint32_t, PARAM_U32, "1", "65535", "4096", "4096", "256", NULL,                    \
      "uids of the network; a full network replaces")                                              \
    X(registration_allowed, bool, PARAM_BOOL, NULL, NULL, "true", "true", "true", NULL,            \
      "whether anybody may register")                                                              \
    X(pow_registration, bool, PARAM_BOOL, NULL, NULL, "true", "true", "false", NULL,               \
      "whether proof of work buys a uid")                                                          \
    X(burn_registration, bool, PARAM_BOOL, NULL, NULL, "false", "true", "true", NULL,              \
      "whether the burn price buys a uid")                                                         \
    X(target_registrations, uint32_t, PARAM_U32, "1", "32767", "2", "2", "2", NULL,                \
      "registrations an interval that the price aims at")                                          \
    X(adjustment_interval, uint64_t, PARAM_BLOCKS, "1 blocks", NULL, "100 blocks", "100 blocks",   \
      "100 blocks", NULL, "blocks between two adjustments of difficulty and burn")                 \
    X(adjustment_alpha, uint64_t, PARAM_U64, NULL, NULL, "0", "0", "0", NULL,                      \
      "weight of the old price, in units of 1/(2^64-1)")                                           \
    X(adjust_both_on_tie, bool, PARAM_BOOL, NULL, NULL, "true", "true", "true", NULL,              \
      "finney: as many burns as works move both prices; false is the rule before 2023-05-30")      \
    X(max_registrations_per_block, uint32_t, PARAM_U32, NULL, NULL, "2", "1", "0", NULL,           \
      "0 = no cap")                                                                                \
    X(max_registrations_per_interval_factor, uint32_t, PARAM_U32, NULL, NULL, "0", "3", "0", NULL, \
      "cap of an interval in targets; 0 = no cap")                                                 \
    X(difficulty, uint64_t, PARAM_U64, "1", NULL, "10000000", "10000000", "10000000", NULL,        \
      "at the start")                                                                              \
    X(min_difficulty, uint64_t, PARAM_U64, "0", NULL, "10000000", "10000000", "10000000", NULL,    \
      "the rule never goes below")                                                                 \
    X(max_difficulty, uint64_t, PARAM_U64, "1", NULL, "4611686018427387903",                       \
      "4611686018427387903", "4611686018427387903", NULL, "the rule never goes above")             \
    X(burn, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "1 TAO", "1 TAO", "1 TAO", NULL,               \
      "price of a registration at the start")                                                      \
    X(min_burn, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "1 TAO", "1 TAO", "500000 rao", NULL,      \
      "the rule never goes below")                                                                 \
    X(max_burn, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "100 TAO", "100 TAO", "100 TAO", NULL,     \
      "the rule never goes above")                                                                 \
    X(burn_half_life, uint64_t, PARAM_BLOCKS, NULL, "65535 blocks", "0 blocks", "0 blocks",        \
      "360 blocks", NULL, "current: blocks in which an unused burn halves; 0 = never")             \
    X(burn_increase, double, PARAM_REAL, "1", "1000", "1", "1", "1.26", NULL,                      \
      "current: what each registration multiplies the burn by")                                    \
    X(pow, int, PARAM_ENUM | CHAIN_FIXED, NULL, NULL, "statistical", "statistical", "statistical", \
      chain_pow_names, "[ledger] solving times drawn from their law, or hashes really searched")   \
    X(pow_seal, int, PARAM_ENUM, NULL, NULL, "sha256", "keccak_hotkey", "keccak_hotkey",           \
      pow_seal_names, "what is hashed; only keccak_hotkey binds the work to a hotkey")             \
    X(pow_window, uint64_t, PARAM_BLOCKS, "1 blocks", NULL, "3 blocks", "3 blocks", "3 blocks",    \
      NULL, "work older than this many blocks is stale")                                           \
    X(pow_used_list, bool, PARAM_BOOL, NULL, NULL, "false", "false", "false", NULL,                \
      "refuse work that was accepted before (finney until 2023-05)")                               \
    X(immunity_period, uint64_t, PARAM_BLOCKS, NULL, NULL, "200 blocks", "4096 blocks",            \
      "5000 blocks", NULL, "blocks in which a newcomer is replaced only when nobody else can be")  \
    X(stake_pruning_denominator, uint32_t, PARAM_U32, "1", NULL, "1", "1", "1", NULL,              \
      "nakamoto: divides the stake's part of the pruning score")                                   \
    X(incentive_pruning_denominator, uint32_t, PARAM_U32, "1", NULL, "1", "1", "1", NULL,          \
      "nakamoto: divides the incentive's part of the pruning score")                               \
    X(stake_pruning_term, int, PARAM_ENUM, NULL, NULL, "integer", "integer", "integer",            \
      chain_stake_term_names,                                                                      \
      "nakamoto: 1/denominator as the code of 2022-03 computes it (0 above 1), or as a ratio")     \
    X(stake_pruning_min, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "0 rao", "0 rao", "0 rao", NULL,  \
      "nakamoto: whoever has more stake than this is never replaced; 0 = off")                     \
    X(min_non_immune, uint32_t, PARAM_U32, NULL, NULL, "0", "0", "10", NULL,                       \
      "current: with no more than this many non-immune uids, immune ones are replaced first")      \
    X(owner_immortal_limit, uint32_t, PARAM_U32, NULL, NULL, "0", "0", "1", NULL,                  \
      "current: uids of the network's owner that are never replaced")                              \
    X(unstake_on_replacement, bool, PARAM_BOOL, NULL, NULL, "true", "true", "false", NULL,         \
      "pay a replaced hotkey's stake back to all holders (finney: from 2023-04-27; nakamoto: "     \
      "always)")                                                                                   \
    /* --- stake -------------------------------------------------------------------------------   \
     */                                                                                            \
    X(existential_deposit, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "500 rao", "500 rao",           \
      "500 rao", NULL, "[ledger] a coldkey's balance may not fall below it by staking or paying")  \
    X(delegation, bool, PARAM_BOOL, NULL, NULL, "false", "true", "true", NULL,                     \
      "[ledger] whether a hotkey can become a delegate")                                           \
    X(default_take, uint16_t, PARAM_FRACTION_U16, NULL, NULL, "0/65535", "11796/65535",            \
      "11796/65535", NULL, "[ledger] a delegate's part of its validator emission")                 \
    X(min_take, uint16_t, PARAM_FRACTION_U16, NULL, NULL, "0/65535", "0/65535", "0/65535", NULL,   \
      "[ledger] lowest take that a delegate may set")                                              \
    X(max_take, uint16_t, PARAM_FRACTION_U16, NULL, NULL, "0/65535", "65535/65535", "11796/65535", \
      NULL, "[ledger] highest take that a delegate may set")                                       \
    X(take_rate_limit, uint64_t, PARAM_BLOCKS, NULL, NULL, "0 blocks", "0 blocks",                 \
      "216000 blocks", NULL, "[ledger] blocks after a change of take before it may rise; 0 = off") \
    X(share_server_emission, bool, PARAM_BOOL, NULL, NULL, "false", "false", "false", NULL,        \
      "[ledger] nominators share the server's emission too (finney before 2023-05-29)")            \
    X(min_stake, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "0 rao", "0 rao", "2000000 rao", NULL,    \
      "[ledger] least amount of one staking call")                                                 \
    X(nominator_min_stake, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "0 rao", "0 rao", "0 rao",      \
      NULL, "[ledger] a nomination left below this is paid out whole")                             \
    X(tx_rate_limit, uint64_t, PARAM_BLOCKS, NULL, NULL, "0 blocks", "1000 blocks", "0 blocks",    \
      NULL, "[ledger] blocks between two staking calls of one coldkey; 0 = off")                   \
    /* --- weights and serving ------------------------------------------------------------------  \
     */                                                                                            \
    X(min_allowed_weights, uint32_t, PARAM_U32, NULL, "65535", "1", "1024", "1", NULL,             \
      "entries that a row needs unless it is the own uid alone")                                   \
    X(max_weight_limit, uint16_t, PARAM_FRACTION_U16, NULL, NULL, "65535/65535", "1000/65535",     \
      "65535/65535", NULL, "largest share of a row; 65535/65535 = no limit")                       \
    X(max_min_ratio, uint32_t, PARAM_U32, NULL, NULL, "10", "0", "0", NULL,                        \
      "nakamoto: largest over smallest weight of a row; 0 = off")                                  \
    X(weights_rate_limit, uint64_t, PARAM_BLOCKS, NULL, NULL, "0 blocks", "100 blocks",            \
      "100 blocks", NULL, "blocks between two rows of one uid; 0 = off")                           \
    X(weights_version_key, uint64_t, PARAM_U64, NULL, NULL, "0", "0", "0", NULL,                   \
      "rows with a lower version are refused; 0 = any")                                            \
    X(weights_stake_threshold, uint64_t, PARAM_AMOUNT_RAO, NULL, NULL, "0 rao", "0 rao", "0 rao",  \
      NULL, "current: less stake sets no weights and holds no permit")                             \
    X(activity_cutoff, uint64_t, PARAM_BLOCKS, "1 blocks", NULL, "5000 blocks", "5000 blocks",     \
      "5000 blocks", NULL, "blocks without a row after which a uid is inactive")                   \
    X(activity_cutoff_factor, uint32_t, PARAM_U32, NULL, "50000", "0", "0", "13889", NULL,         \
      "current: cutoff in thousandths of a tempo; 0 = activity_cutoff in blocks")                  \
    X(max_validators, uint32_t, PARAM_U32, NULL, "65535", "0", "128", "64", NULL,                  \
      "validator permits; nakamoto has none and reads nothing here")                               \
    X(serving_rate_limit, uint64_t, PARAM_BLOCKS, NULL, NULL, "0 blocks", "50 blocks",             \
      "50 blocks", NULL, "blocks between two announcements of an address; 0 = off")                \
    X(commit_reveal, bool, PARAM_BOOL, NULL, NULL, "false", "false", "true", NULL,                 \
      "rows are committed hidden and opened an interval later")                                    \
    X(commit_form, int, PARAM_ENUM, NULL, NULL, "timelock", "timelock", "timelock",                \
      chain_commit_form_names,                                                                     \
      "what new commits hold: the sealed row, which the chain opens, or its hash with a salt, "    \
      "and "                                                                                       \
      "the validator reveals the row in the one epoch that is right (2024-10 to 2025-08)")         \
    X(reveal_period, uint64_t, PARAM_U64, "1", "100", "1", "1", "1", NULL,                         \
      "epochs between the one of a commit and the one in which it is opened")                      \
    X(max_pending_commits, uint32_t, PARAM_U32, "1", "1000", "10", "10", "10", NULL,               \
      "unopened commits of one hotkey")                                                            \
    /* --- blocks -------------------------------------------------------------------------------  \
     */                                                                                            \
    X(capacity, int, PARAM_ENUM, NULL, NULL, "budget", "budget", "budget", chain_capacity_names,   \
      "[ledger] whether a block has room for everything, or for block_size bytes")                 \
    X(block_size, uint64_t, PARAM_SIZE_BYTES, "1 B", NULL, "20971 B", "3932160 B", "3932160 B",    \
      NULL, "[ledger] bytes of normal calls in a block (2 % of 1 MiB; 75 % of 5 MiB)")             \
    X(mempool_size, uint32_t, PARAM_U32, "1", NULL, "8192", "8192", "8192", NULL,                  \
      "[ledger] calls that wait; at the limit the least urgent is refused")                        \
    X(weights_longevity, uint64_t, PARAM_BLOCKS, "1 blocks", NULL, "1 blocks", "64 blocks",        \
      "64 blocks", NULL, "[ledger] blocks that a waiting row of weights stays valid")              \
    X(call_longevity, uint64_t, PARAM_BLOCKS, "1 blocks", NULL, "64 blocks", "64 blocks",          \
      "64 blocks", NULL, "[ledger] blocks that any other waiting call stays valid")

#define CHAIN_PARAM_FIELD(field, type, kind, min, max, a, b, c, choices, doc) type field;
struct chain_params {
    CHAIN_PARAM_LIST(CHAIN_PARAM_FIELD)
};
#undef CHAIN_PARAM_FIELD

extern const char *const chain_profile_names[]; /* NULL-terminated, as are the others */
extern const char *const chain_capacity_names[];
extern const char *const chain_pow_names[];
extern const char *const chain_commit_form_names[];
extern const char *const pow_seal_names[];
extern const char *const chain_stake_term_names[];
extern const char *const chain_emission_split_names[];

/* The table of a profile's keys over struct chain_params, for sim/config. */
const struct param_table *chain_param_table(enum chain_profile profile);

/* The same for a further network of a chain: what holds for one network alone, over the same
 * struct. */
enum { CHAIN_PARAM_KEYS_MAX = 96 };
struct chain_net_table {
    struct param_table table;
    struct param_key keys[CHAIN_PARAM_KEYS_MAX];
    struct param_condition conditions[CHAIN_PARAM_KEYS_MAX];
};
void chain_net_table_init(struct chain_net_table *table, enum chain_profile profile);
/* Takes what holds for the whole chain from its first block of parameters. */
void chain_params_share_ledger(struct chain_params *params, const struct chain_params *ledger);

/* The parts of 10^9 that an emission_share stands for. */
uint64_t chain_emission_parts(double emission_share);

/* The profile's defaults, as the table states them. */
void chain_params_init(struct chain_params *params, enum chain_profile profile);

/* What hangs together between keys: min <= max, an emission table in order, root split only where
 * there is a root, ...  SIM_CONFIG names the key.  Bounds of single keys are the table's. */
SIM_CHECKED enum sim_status chain_params_check(const struct chain_params *params,
                                               enum chain_profile profile, struct sim_error *err);

/* Reads one line of emission_table; false when it is none. */
bool chain_emission_line(const char *line, uint64_t *ret_block, uint64_t *ret_rao);

#endif
