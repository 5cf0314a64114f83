/*
 * state.h: what the chain is made of.  For sim/chain and the tests of its rules alone.
 *
 * Everybody else reads chain.h.  Functions of one .c file that another needs are declared here,
 * grouped by file; pure rules (arithmetic without state) are in rules.h.
 */
#ifndef CHAIN_STATE_H
#define CHAIN_STATE_H

#include "base/digest.h"
#include "base/fixed.h"
#include "chain/chain.h"
#include "chain/rules.h"

/* --------------------------------------------------------------------------------------- ledger */

struct chain_stake {
    uint32_t coldkey;
    uint64_t rao; /* > 0 */
};

struct chain_account {
    uint8_t key[32];
    uint64_t balance_rao;
    uint32_t owner; /* coldkey, when this is a hotkey; CHAIN_NONE otherwise */
    bool delegate;
    uint16_t take;
    uint64_t take_changed_block;
    uint64_t last_tx_block;
    uint64_t hotkey_stake_rao; /* sum of stakes */
    struct chain_stake *stakes;
    uint32_t stake_count, stake_capacity;
};

/* -------------------------------------------------------------------------------------- networks
 */

/* Arrays by uid: X(type, name).  One list makes the fields, the memory, the growth and the save. */
#define CHAIN_NET_ARRAYS(X)                                                                        \
    X(uint32_t, hotkey)                                                                            \
    X(uint32_t, coldkey)                                                                           \
    X(uint64_t, stake_rao)                                                                         \
    X(uint64_t, stake_weight)                                                                      \
    X(uint64_t, rank)                                                                              \
    X(uint64_t, trust)                                                                             \
    X(uint64_t, consensus)                                                                         \
    X(uint64_t, incentive)                                                                         \
    X(uint64_t, dividends)                                                                         \
    X(uint64_t, validator_trust)                                                                   \
    X(uint64_t, pruning_score)                                                                     \
    X(uint64_t, emission_rao)                                                                      \
    X(uint64_t, server_emission_rao)                                                               \
    X(uint64_t, validator_emission_rao)                                                            \
    X(uint64_t, last_update)                                                                       \
    X(uint64_t, block_at_registration)                                                             \
    X(uint64_t, priority)                                                                          \
    X(uint64_t, last_served)                                                                       \
    X(uint64_t, earliest_commit)                                                                   \
    X(uint8_t, permit)                                                                             \
    X(uint8_t, active)                                                                             \
    X(uint8_t, pruned)

struct chain_weights {
    uint32_t count, capacity;
    uint32_t *uid;   /* (count) ascending */
    uint32_t *value; /* (count) */
};

/* Bonds between epochs: compressed rows for `rows` uids; later uids have none. */
struct chain_bonds {
    uint32_t rows;
    uint64_t *start; /* (rows + 1) */
    uint32_t *column;
    uint64_t *value;
    uint64_t capacity;
    uint32_t row_capacity;
};

/* What an epoch of finney hands to the next block. */
struct chain_loaded {
    uint32_t hotkey;
    uint64_t server_rao, validator_rao;
    int64_t change_rao;
};

/* A row of weights that waits for its epoch: sealed, or its hash alone. */
struct chain_commit {
    uint32_t hotkey;
    uint64_t epoch, block;
    bool is_hash; /* opened by its owner; the fields of the row are empty then */
    uint8_t hash[32];
    uint64_t version_key;
    uint32_t count;
    uint32_t *payload; /* (2 count) uids, then values; owned; NULL when count is 0 */
};

struct chain_used_work {
    uint64_t block_number;
    uint8_t seal[32];
};

struct chain_net {
    uint16_t netuid;
    uint32_t owner;
    struct chain_params params;
    const struct mechanism_ops *mechanism;
    const void *mechanism_params;
    const struct mechanism_outside *outside;

    uint32_t count;    /* uids in use */
    uint32_t capacity; /* uids that the arrays hold */
#define CHAIN_NET_FIELD(type, name) type *name;
    CHAIN_NET_ARRAYS(CHAIN_NET_FIELD)
#undef CHAIN_NET_FIELD
    uint64_t *memory; /* (capacity, mechanism->memory_words) */
    struct chain_weights *rows;
    uint32_t *uid_of_account;           /* (account_capacity) CHAIN_NONE */
    struct rules_candidate *candidates; /* (capacity) for the pruning rules */
    struct chain_bonds bonds;

    uint64_t difficulty, burn_rao;
    uint32_t burn_factor_q32; /* of burn_factor_half_life */
    uint64_t burn_factor_half_life;
    uint32_t registrations_block, registrations_interval, pow_interval, burn_interval;
    uint64_t last_adjustment_block;
    struct chain_used_work *used;
    uint32_t used_count, used_capacity;

    uint64_t share; /* of the emission, in parts of chain->share_sum */
    uint64_t pending_rao;
    uint64_t pending_owner_rao; /* current: the owner's cut, paid with the epoch */
    uint64_t blocks_since_step, last_step_block, epoch_index;
    struct chain_loaded *loaded;
    uint32_t loaded_count, loaded_capacity;

    struct chain_commit *commits; /* in the order of their blocks */
    uint32_t commit_count, commit_capacity;

    /* Kept between epochs to save allocations. */
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    uint64_t *csr_start;
    uint32_t *csr_column, *csr_value;
    uint64_t csr_capacity;
    uint32_t csr_rows;

    /* The last epoch's input, for chain_keep_inputs(); not saved: it lasts for one block. */
    bool keeps_input;
    struct mechanism_input kept;
    uint64_t *kept_words;
    uint32_t kept_capacity;

    struct chain_view view;
};

/* --------------------------------------------------------------------------------------- mempool
 */

struct chain_pending {
    struct chain_extrinsic call; /* rows point into `payload` */
    uint32_t *payload;           /* owned, NULL when there is none */
    uint64_t id;
    uint64_t submitted_block; /* the last block made then */
    uint64_t bytes;
    uint64_t priority; /* valid while a block is made */
};

struct chain {
    enum chain_profile profile;
    uint64_t seed;
    uint64_t block; /* the last made; while one is made, its number */

    struct chain_account *accounts;
    uint32_t account_count, account_capacity;
    uint64_t total_issuance_rao, total_stake_rao;

    struct chain_net *nets;
    uint32_t net_count;
    uint64_t share_sum; /* of all networks' shares; 0: nothing is emitted */

    struct chain_pending *pending;
    uint32_t pending_count, pending_capacity;
    uint64_t next_id;

    struct chain_event *events;
    size_t event_count, event_capacity;
    size_t block_event_count; /* of the last block; those behind belong to the next one */

    struct digest digest;
    bool dirty; /* something was digested in this block */
    bool out_of_memory;
};

/* ledger.c: the only writers of amounts.  Each change goes into the digest. */
void chain_balance_add(struct chain *chain, uint32_t account, uint64_t rao);
void chain_balance_sub(struct chain *chain, uint32_t account, uint64_t rao);
SIM_CHECKED enum sim_status chain_stake_add(struct chain *chain, uint32_t hotkey, uint32_t coldkey,
                                            uint64_t rao, struct sim_error *err);
void chain_stake_sub(struct chain *chain, uint32_t hotkey, uint32_t coldkey, uint64_t rao);
void chain_issue(struct chain *chain, uint64_t rao);
void chain_recycle(struct chain *chain, uint64_t rao);
/* Pays all stake of a hotkey back to those who put it there; returns the sum. */
uint64_t chain_unstake_all(struct chain *chain, uint32_t hotkey);
/* What a digested value of a network is about; ledger.c has its own for accounts. */
enum chain_digest_class {
    CHAIN_DIGEST_SLOT = 64, /* uid -> hotkey */
    CHAIN_DIGEST_ROW,       /* uid -> entries, after their bytes */
    CHAIN_DIGEST_DIFFICULTY,
    CHAIN_DIGEST_BURN,
    CHAIN_DIGEST_EPOCH, /* emission offered, after the epoch's arrays */
    CHAIN_DIGEST_PERMIT
};
void chain_digest_value(struct chain *chain, uint64_t what, uint64_t value);
void chain_digest_net_value(struct chain *chain, enum chain_digest_class class,
                            const struct chain_net *net, uint32_t uid, uint64_t value);
bool chain_is_account(const struct chain *chain, uint32_t account);

/* events.c.  Never NULL. */
struct chain_event *chain_event_add(struct chain *chain, enum chain_event_kind kind,
                                    uint16_t netuid);

/* keep.c: copies what changes before the block ends; weights stay in the csr_ arrays. */
SIM_CHECKED enum sim_status
chain_keep_input(struct chain_net *net, const struct mechanism_input *input, struct sim_error *err);

/* net.c */
struct chain_net *chain_net_of(const struct chain *chain, uint16_t netuid);
SIM_CHECKED enum sim_status chain_net_init(struct chain *chain, struct chain_net *net,
                                           const struct chain_net_config *config,
                                           struct sim_error *err);
void chain_net_release(struct chain_net *net);
/* Words that the network's mechanism keeps for each uid. */
size_t chain_net_words(const struct chain_net *net);
SIM_CHECKED enum sim_status chain_net_grow(struct chain_net *net, uint32_t capacity,
                                           struct sim_error *err);
SIM_CHECKED enum sim_status chain_net_grow_accounts(struct chain_net *net, uint32_t old_capacity,
                                                    uint32_t capacity, struct sim_error *err);
void chain_net_refresh_view(struct chain_net *net);
SIM_CHECKED enum sim_status chain_weights_store(struct chain *chain, struct chain_net *net,
                                                uint32_t uid, uint32_t count, const uint32_t *uids,
                                                const uint32_t *values, struct sim_error *err);
/* Ascending by uid, in place. */
void chain_row_sort(uint32_t *uids, uint32_t *values, uint32_t count);
/* The profile's normalisation, in the scale of the network's mechanism. */
void chain_row_normalize(const struct chain *chain, const struct chain_net *net, uint32_t count,
                         uint32_t *values);
void chain_bonds_clear_row(struct chain_net *net, uint32_t uid);
/* The next uid for the hotkey. There is room. */
uint32_t chain_net_append(struct chain *chain, struct chain_net *net, uint32_t hotkey,
                          uint32_t coldkey, uint64_t block);

/* register.c */
enum chain_fault chain_call_register_pow(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_register_burn(struct chain *chain, const struct chain_pending *pending);
/* The uid that the profile's rule gives up for a newcomer; CHAIN_NONE: none may be. */
uint32_t chain_uid_to_prune(const struct chain *chain, struct chain_net *net);
/* The slot for a newcomer, as registration fills it. */
uint32_t chain_take_slot(struct chain *chain, struct chain_net *net, uint32_t hotkey,
                         uint32_t coldkey, uint64_t burn_rao, uint64_t id);
/* A newcomer takes over a uid, whose stake goes back as the parameters say. */
void chain_evict(struct chain *chain, struct chain_net *net, uint32_t uid, uint32_t hotkey,
                 uint32_t coldkey);
void chain_replace(struct chain *chain, struct chain_net *net, uint32_t uid, uint32_t hotkey,
                   uint32_t coldkey);

/* terms.c: prices of a registration at the start of a block. */
void chain_adjust_terms(struct chain *chain, struct chain_net *net);
void chain_set_difficulty(struct chain *chain, struct chain_net *net, uint64_t difficulty);
void chain_set_burn(struct chain *chain, struct chain_net *net, uint64_t burn_rao, bool announce);

/* setweights.c */
enum chain_fault chain_call_set_weights(struct chain *chain, const struct chain_pending *pending);
/* A row as the checks see it.  The arrays are the caller's and are sorted and normalised there. */
struct chain_row_call {
    uint32_t hotkey, uid;
    uint32_t uid_count, value_count;
    uint32_t *uids, *values;
    uint64_t version_key;
};
struct chain_row_call chain_row_of_call(const struct chain *chain,
                                        const struct chain_pending *pending);
/* The checks in the profile's order; net may be NULL. */
enum chain_fault chain_row_check(struct chain *chain, const struct chain_net *net,
                                 struct chain_row_call *row, bool rate_limited);
/* A checked row takes effect; all but last_update. */
void chain_row_accept(struct chain *chain, struct chain_net *net, const struct chain_row_call *row);
struct chain_event *chain_row_announce(struct chain *chain, enum chain_event_kind kind,
                                       const struct chain_net *net,
                                       const struct chain_row_call *row);

/* commits.c */
enum chain_fault chain_call_commit_weights(struct chain *chain, struct chain_pending *pending);
enum chain_fault chain_call_commit_hash(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_reveal_weights(struct chain *chain, struct chain_pending *pending);
/* Opens the sealed rows whose epoch has come. */
void chain_reveal_due(struct chain *chain, struct chain_net *net);
/* Whether a sealed row waits: the chain has something to open one day. */
bool chain_has_sealed(const struct chain_net *net);
/* For the epoch that is about to run: each uid's first commit that can still be opened. */
void chain_refresh_earliest_commits(struct chain_net *net);

/* staking.c.  A failure of memory is remembered in the chain. */
enum chain_fault chain_call_add_stake(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_remove_stake(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_become_delegate(struct chain *chain,
                                            const struct chain_pending *pending);
enum chain_fault chain_call_register_root(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_set_take(struct chain *chain, const struct chain_pending *pending);
enum chain_fault chain_call_transfer(struct chain *chain, const struct chain_pending *pending);
/* Mints server + validator to the hotkey's stakers by the profile's rule of take. */
SIM_CHECKED enum sim_status chain_emit_through_hotkey(struct chain *chain, uint32_t hotkey,
                                                      uint64_t server_rao, uint64_t validator_rao,
                                                      struct sim_error *err);

/* serving.c */
enum chain_fault chain_call_serve(struct chain *chain, const struct chain_pending *pending);

/* emission.c: epochs and what they pay, in the profile's order. */
SIM_CHECKED enum sim_status chain_emission_step(struct chain *chain, struct sim_error *err);
bool chain_net_epoch_due(const struct chain *chain, const struct chain_net *net, uint64_t number);
/* root.c: the root network's epoch when one is due, which sets the shares. */
void chain_root_epoch(struct chain *chain);
/* The network's part of a block's emission; parts sum to the whole. */
uint64_t chain_net_part(const struct chain *chain, const struct chain_net *net, uint64_t rao);
/* The emission of a block, and the first block after it in which it may differ when nothing but
 * minting happens. */
uint64_t chain_emission_of_block(const struct chain *chain, uint64_t number);
uint64_t chain_next_emission_change(const struct chain *chain, uint64_t number);
/* Adds `blocks` blocks' emission to what is pending: the whole of an idle block's work. */
void chain_accrue(struct chain *chain, struct chain_net *net, uint64_t part_rao, uint64_t blocks);
/* Sets each network's share of the emission from the parameters. */
void chain_share_out(struct chain *chain);

/* epoch.c */
/* An epoch's input from the network's arrays; rows are gathered into its own memory. */
SIM_CHECKED enum sim_status chain_mechanism_input(const struct chain *chain, struct chain_net *net,
                                                  uint64_t emission_rao,
                                                  struct mechanism_input *ret_input,
                                                  struct sim_error *err);
SIM_CHECKED enum sim_status chain_output_ready(struct chain_net *net, struct sim_error *err);
/* Gives every uid a row of bonds; takes the rows of the output (swapping memory with it). */
SIM_CHECKED enum sim_status chain_bonds_extend(struct chain_net *net, struct sim_error *err);
void chain_bonds_take(struct chain_net *net);
/* Runs the mechanism on the network as it is and keeps what it gives back.  The payments wait in
 * net->loaded; with more to pay than was offered there are none (the real code's own guard). */
SIM_CHECKED enum sim_status chain_run_epoch(struct chain *chain, struct chain_net *net,
                                            uint64_t emission_rao, struct sim_error *err);
/* Mints what waits. */
SIM_CHECKED enum sim_status chain_pay_loaded(struct chain *chain, struct chain_net *net,
                                             struct sim_error *err);

/* mempool.c */
void chain_run_extrinsics(struct chain *chain);
/* Whether the keys that a call of its kind reads are accounts; whatever else it holds is judged
 * when it runs. */
bool chain_call_names_accounts(const struct chain *chain, const struct chain_extrinsic *call);
void chain_mempool_release(struct chain *chain);

#endif
