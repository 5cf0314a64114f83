/*
 * chain.h: the ledger of a Bittensor-like chain, block by block.
 *
 * Accounts with balances; hotkeys owned by coldkeys, with stake from owners and nominators;
 * networks of uids that are bought by work or by burning, kept by weights, paid by a mechanism and
 * pruned; a mempool; an event list.  The rules are those of the real code of three dates (the
 * profiles of params.h), in its own integers.  What differs is in docs/CHAIN.md.
 *
 * How a run uses it:
 *
 *     chain_create(&config, &chain, err);
 *     chain_add_account(chain, "miners/0/hotkey", &id, err);          // dense ids 0, 1, 2, ...
 *     chain_genesis_balance(...); chain_genesis_neuron(...);
 *     for each 12 s:
 *         chain_submit(chain, &extrinsic, &ticket, err);              // any number, any time
 *         chain_block(chain, ++block, err);
 *         events = chain_events(chain, &count);                       // what happened in it
 *         view = chain_view(chain, netuid);                           // what is now
 *
 * Blocks are final at once; there are no forks.  Single-threaded; the chain draws no chance.
 * Amounts are RAO in u64; block numbers start at 1 (genesis is 0); fractions are u64 with 1.0 =
 * view->fraction_one.
 */
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include "base/error.h"
#include "chain/mechanism.h"
#include "chain/params.h"
#include "chain/pow.h"

/* No account, no uid. */
#define CHAIN_NONE UINT32_MAX

struct chain;  /* opaque: fields are in chain/state.h, for sim/chain alone */
struct buffer; /* base/buffer.h */
struct buffer_reader;

/* ------------------------------------------------------------------------------- life and set-up
 */

/* One network.  Copied, except `mechanism` and `mechanism_params`, which must outlive the chain. */
struct chain_net_config {
    uint16_t netuid; /* distinct; 0 is the root network (its uids weigh networks, not peers) */
    uint32_t owner;  /* coldkey account that gets owner_cut, or CHAIN_NONE */
    struct chain_params params;
    const struct mechanism_ops *mechanism; /* NULL only for netuid 0 */
    const void *mechanism_params;          /* what mechanism->params describes */
};

struct chain_config {
    enum chain_profile profile;
    uint64_t seed;      /* block hashes derive from it */
    uint32_t net_count; /* >= 1; ascending netuids; nakamoto has exactly one */
    const struct chain_net_config *nets;
};

/* The caller owns *ret_chain.  SIM_CONFIG names the key that does not fit (chain_params_check and
 * the mechanism's own check included); SIM_MEMORY. */
SIM_CHECKED enum sim_status chain_create(const struct chain_config *config,
                                         struct chain **ret_chain, struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct chain *chain_free(struct chain *chain);

/* The next dense account id.  Its public key is SHA-256 of the name, so it depends on nothing else
 * (name it by scenario group and index).  At any time.  SIM_MEMORY. */
SIM_CHECKED enum sim_status chain_add_account(struct chain *chain, const char *stable_name,
                                              uint32_t *ret_account, struct sim_error *err);
uint32_t chain_account_count(const struct chain *chain);
/* 32 bytes, valid until the next chain_add_account. */
const uint8_t *chain_account_key(const struct chain *chain, uint32_t account);

/* Genesis, before block 1.  All amounts so given are the initial issuance. */
SIM_CHECKED enum sim_status chain_genesis_balance(struct chain *chain, uint32_t account,
                                                  uint64_t balance_rao, struct sim_error *err);
/* The next uid of the network, owned and staked by `coldkey`.  Rows are empty; last_update =
 * block_at_registration (0 as a rule; finney's genesis registered everybody at 0); the validator
 * permit is given when `permit` is (finney's genesis gave none: first permits come with the first
 * epoch).  SIM_LIMIT when the network is full, SIM_CONFIG when the hotkey is in it, has another
 * owner, or issuance would pass 2^64-1. */
struct chain_genesis_neuron {
    uint16_t netuid;
    uint32_t hotkey, coldkey;
    uint64_t stake_rao;
    uint64_t block_at_registration;
    bool permit;
    bool delegate; /* a delegate at default_take; needs delegation */
};
SIM_CHECKED enum sim_status chain_genesis_neuron(struct chain *chain,
                                                 const struct chain_genesis_neuron *neuron,
                                                 uint32_t *ret_uid, struct sim_error *err);
/* Who gets owner_cut from now on, and in the current profile keeps uids and needs neither stake nor
 * permit for weights.  Not part of what is saved: whoever loads a chain says it again, as in
 * chain_net_config. */
void chain_set_owner(struct chain *chain, uint16_t netuid, uint32_t coldkey);
/* Stake of a nominator on a hotkey that a neuron has introduced. */
SIM_CHECKED enum sim_status chain_genesis_stake(struct chain *chain, uint32_t hotkey,
                                                uint32_t coldkey, uint64_t stake_rao,
                                                struct sim_error *err);
/* A row as it would stand after set_weights (normalised by the profile's rule, unchecked).  From
 * finney on its block is the one after the last registration so far, so that it counts. */
SIM_CHECKED enum sim_status chain_genesis_weights(struct chain *chain, uint16_t netuid,
                                                  uint32_t uid, uint32_t count,
                                                  const uint32_t *uids, const uint32_t *values,
                                                  struct sim_error *err);

/* ------------------------------------------------------------------------------------ extrinsics
 */

enum chain_call {
    CHAIN_REGISTER_POW,    /* netuid, hotkey, coldkey, work, solver */
    CHAIN_REGISTER_BURN,   /* netuid, hotkey; signer = coldkey */
    CHAIN_REGISTER_ROOT,   /* hotkey; signer = coldkey that owns it; a seat in netuid 0 by stake */
    CHAIN_SET_WEIGHTS,     /* netuid, row, version_key; signer = hotkey */
    CHAIN_COMMIT_WEIGHTS,  /* as SET_WEIGHTS, kept sealed (timelocked) and opened by the chain */
    CHAIN_SERVE_AXON,      /* netuid, ip_type, ip, port; signer = hotkey */
    CHAIN_ADD_STAKE,       /* hotkey, amount; signer = coldkey */
    CHAIN_REMOVE_STAKE,    /* hotkey, amount; signer = coldkey */
    CHAIN_BECOME_DELEGATE, /* hotkey; signer = coldkey that owns it */
    CHAIN_SET_TAKE,        /* hotkey, take; signer = coldkey that owns it */
    CHAIN_TRANSFER,        /* to `coldkey`, amount; signer pays */
    CHAIN_COMMIT_HASH,     /* netuid, commit_hash; signer = hotkey; opened by REVEAL_WEIGHTS */
    CHAIN_REVEAL_WEIGHTS,  /* as SET_WEIGHTS, and the salt of its commit; signer = hotkey */
    CHAIN_CALL_COUNT
};

/* 16-bit numbers of a commit's salt. */
enum { CHAIN_SALT_COUNT = 8 };

/* One signed call.  Fields that the kind does not list are ignored. */
struct chain_extrinsic {
    enum chain_call kind;
    uint16_t netuid;
    uint32_t signer;          /* account */
    uint32_t hotkey, coldkey; /* accounts */
    uint64_t amount_rao;
    uint16_t take;
    struct pow_work work;
    uint32_t solver; /* hotkey account for which drawn work was solved (statistical) */
    uint32_t row_count, value_count; /* equal in an honest call */
    const uint32_t *row_uids;        /* (row_count) copied by chain_submit */
    const uint32_t *row_values;      /* (value_count) any scale; the chain normalises */
    uint64_t version_key;
    uint8_t commit_hash[32];
    uint16_t salt[CHAIN_SALT_COUNT];
    uint8_t ip_type;          /* 4 or 6 */
    uint64_t ip_high, ip_low; /* the address as a 128-bit number */
    uint16_t port;
    uint8_t modality; /* nakamoto: must be 0 */
};

/* Why a call failed, named as the real chain of each profile names it: X(name, nakamoto, finney,
 * current).  Calls that a profile does not know keep the name of the profile that has them. */
#define CHAIN_FAULT_LIST(X)                                                                        \
    X(OK, "Ok", "Ok", "Ok")                                                                        \
    X(TOO_MANY_REGISTRATIONS_BLOCK, "ToManyRegistrationsThisBlock",                                \
      "TooManyRegistrationsThisBlock", "TooManyRegistrationsThisBlock")                            \
    X(TOO_MANY_REGISTRATIONS_INTERVAL, "TooManyRegistrationsThisInterval",                         \
      "TooManyRegistrationsThisInterval", "TooManyRegistrationsThisInterval")                      \
    X(REGISTRATION_DISABLED, "RegistrationDisabled", "RegistrationDisabled",                       \
      "SubNetRegistrationDisabled")                                                                \
    X(HOTKEY_ORIGIN_MISMATCH, "HotkeyOriginMismatch", "HotkeyOriginMismatch",                      \
      "TransactorAccountShouldBeHotKey")                                                           \
    X(ALREADY_REGISTERED, "AlreadyRegistered", "AlreadyRegistered",                                \
      "HotKeyAlreadyRegisteredInSubNet")                                                           \
    X(INVALID_WORK_BLOCK, "InvalidWorkBlock", "InvalidWorkBlock", "InvalidWorkBlock")              \
    X(INVALID_DIFFICULTY, "InvalidDifficulty", "InvalidDifficulty", "InvalidDifficulty")           \
    X(INVALID_SEAL, "InvalidSeal", "InvalidSeal", "InvalidSeal")                                   \
    X(WORK_REPEATED, "WorkRepeated", "WorkRepeated", "WorkRepeated")                               \
    X(NETWORK_DOES_NOT_EXIST, "NetworkDoesNotExist", "NetworkDoesNotExist", "SubnetNotExists")     \
    X(NO_NEURON_ID_AVAILABLE, "NoNeuronIdAvailable", "NoNeuronIdAvailable", "NoNeuronIdAvailable") \
    X(NOT_REGISTERED, "NotRegistered", "NotRegistered", "HotKeyNotRegisteredInSubNet")             \
    X(NOT_REGISTERED_ANYWHERE, "NotRegistered", "NotRegistered", "HotKeyNotRegisteredInNetwork")   \
    X(STAKE_TOO_LOW_FOR_ROOT, "StakeTooLowForRoot", "StakeTooLowForRoot", "StakeTooLowForRoot")    \
    X(NO_HOTKEY_ACCOUNT, "NotRegistered", "NotRegistered", "HotKeyAccountNotExists")               \
    X(NON_ASSOCIATED_COLD_KEY, "NonAssociatedColdKey", "NonAssociatedColdKey",                     \
      "NonAssociatedColdKey")                                                                      \
    X(NOT_ENOUGH_BALANCE_TO_STAKE, "NotEnoughBalanceToStake", "NotEnoughBalanceToStake",           \
      "NotEnoughBalanceToStake")                                                                   \
    X(NOT_ENOUGH_STAKE_TO_WITHDRAW, "NotEnoughStaketoWithdraw", "NotEnoughStaketoWithdraw",        \
      "NotEnoughStakeToWithdraw")                                                                  \
    X(BALANCE_WITHDRAWAL_ERROR, "BalanceWithdrawalError", "BalanceWithdrawalError",                \
      "BalanceWithdrawalError")                                                                    \
    X(INSUFFICIENT_BALANCE, "InsufficientBalance", "InsufficientBalance", "InsufficientBalance")   \
    X(TX_RATE_LIMIT_EXCEEDED, "TxRateLimitExceeded", "TxRateLimitExceeded", "TxRateLimitExceeded") \
    X(DELEGATE_TX_RATE_LIMIT_EXCEEDED, "DelegateTxRateLimitExceeded",                              \
      "DelegateTxRateLimitExceeded", "DelegateTxRateLimitExceeded")                                \
    X(ALREADY_DELEGATE, "AlreadyDelegate", "AlreadyDelegate", "HotKeyAlreadyDelegate")             \
    X(NOT_DELEGATE, "NotDelegate", "NotDelegate", "NotDelegate")                                   \
    X(TAKE_TOO_LOW, "DelegateTakeTooLow", "DelegateTakeTooLow", "DelegateTakeTooLow")              \
    X(TAKE_TOO_HIGH, "DelegateTakeTooHigh", "DelegateTakeTooHigh", "DelegateTakeTooHigh")          \
    X(AMOUNT_TOO_LOW, "AmountTooLow", "AmountTooLow", "AmountTooLow")                              \
    X(WEIGHT_VEC_NOT_EQUAL_SIZE, "WeightVecNotEqualSize", "WeightVecNotEqualSize",                 \
      "WeightVecNotEqualSize")                                                                     \
    X(TOO_MANY_UIDS, "TooManyUids", "TooManyUids", "UidsLengthExceedUidsInSubNet")                 \
    X(INCORRECT_VERSION_KEY, "IncorrectNetworkVersionKey", "IncorrectNetworkVersionKey",           \
      "IncorrectWeightVersionKey")                                                                 \
    X(SETTING_WEIGHTS_TOO_FAST, "SettingWeightsTooFast", "SettingWeightsTooFast",                  \
      "SettingWeightsTooFast")                                                                     \
    X(NO_VALIDATOR_PERMIT, "NoValidatorPermit", "NoValidatorPermit", "NeuronNoValidatorPermit")    \
    X(DUPLICATE_UIDS, "DuplicateUids", "DuplicateUids", "DuplicateUids")                           \
    X(INVALID_UID, "InvalidUid", "InvalidUid", "UidVecContainInvalidOne")                          \
    X(NOT_SETTING_ENOUGH_WEIGHTS, "NotSettingEnoughWeights", "NotSettingEnoughWeights",            \
      "WeightVecLengthIsLow")                                                                      \
    X(MAX_WEIGHT_EXCEEDED, "MaxWeightExceeded", "MaxWeightExceeded", "MaxWeightExceeded")          \
    X(MAX_MIN_RATIO_EXCEEDED, "MaxAllowedMaxMinRatioExceeded", "MaxAllowedMaxMinRatioExceeded",    \
      "MaxAllowedMaxMinRatioExceeded")                                                             \
    X(NOT_ENOUGH_STAKE_TO_SET_WEIGHTS, "NotEnoughStakeToSetWeights", "NotEnoughStakeToSetWeights", \
      "NotEnoughStakeToSetWeights")                                                                \
    X(COMMIT_REVEAL_ENABLED, "CommitRevealEnabled", "CommitRevealEnabled", "CommitRevealEnabled")  \
    X(COMMIT_REVEAL_DISABLED, "CommitRevealDisabled", "CommitRevealDisabled",                      \
      "CommitRevealDisabled")                                                                      \
    X(TOO_MANY_UNREVEALED_COMMITS, "TooManyUnrevealedCommits", "TooManyUnrevealedCommits",         \
      "TooManyUnrevealedCommits")                                                                  \
    X(COMMITTING_WEIGHTS_TOO_FAST, "CommittingWeightsTooFast", "CommittingWeightsTooFast",         \
      "CommittingWeightsTooFast")                                                                  \
    X(NO_WEIGHTS_COMMIT_FOUND, "NoWeightsCommitFound", "NoWeightsCommitFound",                     \
      "NoWeightsCommitFound")                                                                      \
    X(INVALID_REVEAL_HASH, "InvalidRevealCommitHashNotMatch", "InvalidRevealCommitHashNotMatch",   \
      "InvalidRevealCommitHashNotMatch")                                                           \
    X(EXPIRED_WEIGHT_COMMIT, "ExpiredWeightCommit", "ExpiredWeightCommit", "ExpiredWeightCommit")  \
    X(REVEAL_TOO_EARLY, "RevealTooEarly", "RevealTooEarly", "RevealTooEarly")                      \
    X(INVALID_MODALITY, "InvalidModality", "InvalidModality", "InvalidModality")                   \
    X(INVALID_IP_TYPE, "InvalidIpType", "InvalidIpType", "InvalidIpType")                          \
    X(INVALID_IP_ADDRESS, "InvalidIpAddress", "InvalidIpAddress", "InvalidIpAddress")              \
    X(INVALID_PORT, "InvalidPort", "InvalidPort", "InvalidPort")                                   \
    X(SERVING_RATE_LIMIT_EXCEEDED, "ServingRateLimitExceeded", "ServingRateLimitExceeded",         \
      "ServingRateLimitExceeded")                                                                  \
    X(CALL_DISABLED, "CallDisabled", "CallDisabled", "CallDisabled") /* no such call in here */    \
    X(EXPIRED, "Expired", "Expired", "Expired")                  /* waited beyond its longevity */ \
    X(MEMPOOL_FULL, "MempoolFull", "MempoolFull", "MempoolFull") /* pushed out by more urgent */

#define CHAIN_FAULT_ENUM(name, nakamoto, finney, current) CHAIN_FAULT_##name,
enum chain_fault { CHAIN_FAULT_LIST(CHAIN_FAULT_ENUM) CHAIN_FAULT_COUNT };
#undef CHAIN_FAULT_ENUM
/* The error's name on the profile's real chain, never NULL. */
const char *chain_fault_name(enum chain_profile profile, enum chain_fault fault);

/* What CHAIN_COMMIT_HASH carries for the row, salt and version of a CHAIN_REVEAL_WEIGHTS call by
 * its signer: BLAKE2b-256 of the real chain's encoding, in which uids and values have 16 bits.
 * SIM_MEMORY. */
SIM_CHECKED enum sim_status chain_commit_hash(const struct chain *chain,
                                              const struct chain_extrinsic *reveal,
                                              uint8_t ret_hash[32], struct sim_error *err);

/* Puts a copy into the mempool; *ret_id counts from 1 and comes back in the event that says what
 * became of it.  The call runs in a later chain_block: by priority (set_weights by its profile's
 * rule, all else before it), then by id, as far as the block has room.  A full mempool drops its
 * least urgent member (event CHAIN_EVENT_FAILED, MEMPOOL_FULL, in the next block's list).
 * SIM_MEMORY; accounts out of range are a bug. */
SIM_CHECKED enum sim_status chain_submit(struct chain *chain,
                                         const struct chain_extrinsic *extrinsic, uint64_t *ret_id,
                                         struct sim_error *err);
uint32_t chain_pending_count(const struct chain *chain);
/* Bytes of the encoded call, as the block's budget counts them (a host's network sends the same
 * number to the chain). */
uint64_t chain_encoded_bytes(enum chain_profile profile, const struct chain_extrinsic *extrinsic);

/* ---------------------------------------------------------------------------------------- blocks
 */

/* Makes block `number` (the last one + 1): the profile's order of operations, then extrinsics.
 * Replaces the event list.  SIM_MEMORY, or what the mechanism returns; the chain is then unusable
 * but may be freed. */
SIM_CHECKED enum sim_status chain_block(struct chain *chain, uint64_t number,
                                        struct sim_error *err);
/* The last block made; 0 = genesis. */
uint64_t chain_block_number(const struct chain *chain);

/* Makes all blocks up to and including `last`, merging idle stretches (no call waits, nothing due,
 * prices at rest) into one computation with the same state and digest as one by one.  Event lists
 * of merged blocks are not kept: only the last block's. */
SIM_CHECKED enum sim_status chain_run_to(struct chain *chain, uint64_t last, struct sim_error *err);

/* How many blocks from the next one on, up to and including `last`, chain_run_to would merge. */
uint64_t chain_idle_blocks(const struct chain *chain, uint64_t last);

/* Whether block `number` (the last one + 1) will run an epoch of the network, which is neither
 * waiting for its tempo nor deferred: the moment to hand over what its mechanism needs from
 * outside. */
bool chain_epoch_due(const struct chain *chain, uint16_t netuid, uint64_t number);
/* Blocks from block `number` until the network's next epoch is due; 0 = in that block; 1000 when
 * the tempo is 0 (as the real function answers). */
uint64_t chain_blocks_until_epoch(const struct chain *chain, uint16_t netuid, uint64_t number);
/* Borrowed until replaced; arrays by uid, read in each epoch of the network. NULL: none. */
void chain_set_outside(struct chain *chain, uint16_t netuid,
                       const struct mechanism_outside *outside);

/* From now on an epoch's event shows what the mechanism was given, as it was then (valid until the
 * next block).  Without `bonds` and `memory`: they are what the mechanism itself left, but for
 * slots that changed hands (chain_clears_slot).  Costs a copy of a few arrays an epoch. */
void chain_keep_inputs(struct chain *chain, uint16_t netuid);
/* Whether a slot that changes hands loses its row of bonds, its permit and its priority (all but
 * finney); a mechanism's own words it always loses. */
bool chain_clears_slot(enum chain_profile profile);

/* The hash of a block (0..the last), which work seals. */
void chain_block_hash(const struct chain *chain, uint64_t number, uint8_t ret_hash[32]);

enum chain_event_kind {
    CHAIN_EVENT_REGISTERED,    /* netuid, uid, hotkey, coldkey, other = replaced hotkey or NONE,
                                  amount = burn paid, 0 for work; id */
    CHAIN_EVENT_EVICTED,       /* netuid, uid, hotkey, coldkey, amount = stake paid back */
    CHAIN_EVENT_WEIGHTS_SET,   /* netuid, uid, hotkey, amount = entries, age (of a row that was
                                  committed: since then); id (0: opened by the chain) */
    CHAIN_EVENT_COMMITTED,     /* netuid, uid, hotkey, amount = entries (of a hash 0), other = epoch
                                  that the commit belongs to; id */
    CHAIN_EVENT_SERVED,        /* netuid, uid, hotkey; id */
    CHAIN_EVENT_STAKE_ADDED,   /* hotkey, coldkey, amount; id */
    CHAIN_EVENT_STAKE_REMOVED, /* hotkey, coldkey, amount; id */
    CHAIN_EVENT_DELEGATED,     /* hotkey, coldkey, amount = take; id (become_delegate, set_take) */
    CHAIN_EVENT_TRANSFERRED,   /* coldkey = payer, other = receiver, amount; id */
    CHAIN_EVENT_FAILED,        /* call, fault, netuid, signer in coldkey; id */
    CHAIN_EVENT_EPOCH,         /* netuid, amount = emission offered, other = epoch index from 1,
                                  output (until the next block), lost = not minted;
                                  input where chain_keep_inputs was called */
    CHAIN_EVENT_PAID,          /* netuid, amount = minted into stake and balances */
    CHAIN_EVENT_DIFFICULTY,    /* netuid, amount = new */
    CHAIN_EVENT_BURN,          /* netuid, amount = new (not current's per-block decay) */
    CHAIN_EVENT_PARAMETER,     /* netuid, key */
    CHAIN_EVENT_MECHANISM,     /* netuid, key = new mechanism's name */
    CHAIN_EVENT_DEFERRED,      /* netuid: its epoch waits for the next block */
    CHAIN_EVENT_KIND_COUNT
};

struct chain_event {
    enum chain_event_kind kind;
    uint16_t netuid;
    uint32_t uid, hotkey, coldkey, other;
    uint64_t id; /* of the extrinsic */
    uint64_t amount;
    uint64_t age_blocks; /* from chain_submit to inclusion */
    uint64_t lost_rao;
    enum chain_call call;
    enum chain_fault fault;
    const char *key;
    const struct mechanism_output *output;
    const struct mechanism_input *input;
};

/* Of the last chain_block, in the order in which things happened; valid until the next one. */
const struct chain_event *chain_events(const struct chain *chain, size_t *ret_count);

/* ----------------------------------------------------------------------------------------- views
 */

/* Entries of one row; valid until the next chain_block. */
struct chain_row {
    uint32_t count;
    const uint32_t *uid;   /* (count) ascending */
    const uint32_t *value; /* (count) 0..view->weight_one */
};
struct chain_bond_row {
    uint32_t count;
    const uint32_t *uid;   /* (count) ascending */
    const uint64_t *value; /* (count) in the mechanism's bond_unit */
};

/* A network as it is now.  Arrays by uid (neuron_count elements), read-only, valid until the next
 * chain_block, chain_set_*, or genesis call.  Fractions and amounts of an epoch are those of the
 * last one, after what a replacement since then has cleared. */
struct chain_view {
    uint16_t netuid;
    uint32_t neuron_count;
    uint32_t max_uids;
    uint64_t epoch_index;      /* epochs done */
    uint64_t last_epoch_block; /* 0: none */
    uint64_t difficulty;
    uint64_t burn_rao;
    uint32_t registrations_this_block;
    uint32_t registrations_this_interval;
    uint64_t last_adjustment_block;
    uint64_t pending_emission_rao;
    uint64_t fraction_one;
    uint32_t weight_one;
    const struct mechanism_ops *mechanism;
    const struct chain_params *params;

    const uint32_t *hotkey, *coldkey;
    const uint64_t *stake_rao; /* on the hotkey, nominators included */
    const uint64_t *stake_weight, *rank, *trust, *consensus, *incentive, *dividends;
    const uint64_t *validator_trust, *pruning_score;
    const uint64_t *emission_rao, *server_emission_rao, *validator_emission_rao;
    const uint8_t *validator_permit, *active;
    const uint64_t *last_update, *block_at_registration, *priority;
};

/* NULL: no such network.  The struct lives as long as the chain. */
const struct chain_view *chain_view(const struct chain *chain, uint16_t netuid);
struct chain_row chain_weights_row(const struct chain *chain, uint16_t netuid, uint32_t uid);
struct chain_bond_row chain_bonds_row(const struct chain *chain, uint16_t netuid, uint32_t uid);
/* CHAIN_NONE: not registered. */
uint32_t chain_uid_of_hotkey(const struct chain *chain, uint16_t netuid, uint32_t hotkey);

uint64_t chain_balance_rao(const struct chain *chain, uint32_t account);
uint64_t chain_stake_rao(const struct chain *chain, uint32_t hotkey, uint32_t coldkey);
uint64_t chain_hotkey_stake_rao(const struct chain *chain, uint32_t hotkey);
/* CHAIN_NONE: no hotkey. */
uint32_t chain_owner_of_hotkey(const struct chain *chain, uint32_t hotkey);
bool chain_is_delegate(const struct chain *chain, uint32_t hotkey, uint16_t *ret_take);
uint32_t chain_nominator_count(const struct chain *chain, uint32_t hotkey);
uint64_t chain_total_stake_rao(const struct chain *chain);
uint64_t chain_total_issuance_rao(const struct chain *chain);
/* Whether a row of other uids by this uid would pass the checks on its caller in the next block:
 * permit (where the mechanism gives any), stake, rate limit. */
bool chain_may_set_weights(const struct chain *chain, uint16_t netuid, uint32_t uid);
/* Whether the rate limit lets the coldkey move stake in the next block. */
bool chain_staking_open(const struct chain *chain, uint32_t coldkey);
/* The network's part of the emission, 0..1: the fixed one, or root's last word. */
double chain_emission_share(const struct chain *chain, uint16_t netuid);
/* What the next block mints over all networks. */
uint64_t chain_block_emission_rao(const struct chain *chain);

/* Whether work could be accepted in the next block: the caps leave room (a solver's reason to
 * wait). */
bool chain_registration_open(const struct chain *chain, uint16_t netuid);

/* --------------------------------------------------------------------------- changes while running
 */

/* Sets `key` of the network to the value that *values holds for it.  Between blocks; an event in
 * the next block's list.  SIM_CONFIG for an unknown key, one that cannot change while running
 * (difficulty and burn can: they are set now), or a combination that chain_params_check refuses;
 * nothing is changed then.  Raising max_uids makes room; lowering it below the number of uids is
 * refused. */
SIM_CHECKED enum sim_status chain_set_param(struct chain *chain, uint16_t netuid, const char *key,
                                            const struct chain_params *values,
                                            struct sim_error *err);
/* Whether chain_set_param knows the key: for checking a schedule before a run. */
bool chain_param_can_change(const char *key);
/* The network's next epoch runs under `mechanism`, which takes over the old one's memory
 * (mechanism_migrate) and weights (rescaled to its weight_one). */
SIM_CHECKED enum sim_status chain_set_mechanism(struct chain *chain, uint16_t netuid,
                                                const struct mechanism_ops *mechanism,
                                                const void *mechanism_params,
                                                struct sim_error *err);

/* ------------------------------------------------------------------------------ check, digest,
 * save */

/* Every invariant of the ledger:
 *   issuance = balances + stakes + pending (current: emission is issued before it is paid out);
 *   a hotkey's stake = the sum over its nominators; total stake = the sum over hotkeys;
 *   every uid has one hotkey, every hotkey at most one uid a network;
 *   rows: ascending distinct uids, values normalised as the profile does it;
 *   issuance <= max_issuance when halving is on.
 * SIM_NUMERIC names the first that is broken.  Cost: all of the state. */
SIM_CHECKED enum sim_status chain_check(const struct chain *chain, struct sim_error *err);

/* One number over every amount that changed on chain, in order, since genesis. */
uint64_t chain_digest(const struct chain *chain);

/* Appends everything that the future depends on (mempool included, event list not). */
SIM_CHECKED enum sim_status chain_save(const struct chain *chain, struct buffer *buffer,
                                       struct sim_error *err);
/* A chain from chain_save's bytes and the same config (mechanisms by name): it continues bit for
 * bit.  SIM_IO for bytes that are not such a state. */
SIM_CHECKED enum sim_status chain_load(const struct chain_config *config,
                                       struct buffer_reader *reader, struct chain **ret_chain,
                                       struct sim_error *err);

#endif
