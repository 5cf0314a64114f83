/*
 * schema.h: every dimension and every variable that a result can hold, declared once.
 *
 * The two lists below drive the writer, the reader, `taosim show`, and docs/RESULTS.md; nothing
 * else repeats a name, a type or a unit.  To add a variable, add a line: at the end of its
 * dimension's block, so that files stay easy to compare.  Removing or changing one raises
 * RECORD_SCHEMA_VERSION; readers keep reading older versions (a variable may then be absent).
 *
 * A variable is an array over one leading dimension, which grows row by row (or is fixed for the
 * static ones), and at most one trailing dimension of fixed length.  Variables of the root are
 * opened as one dataset by xarray; each group is a dataset of its own.
 */
#ifndef RECORD_SCHEMA_H
#define RECORD_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_SCHEMA_VERSION 1

/* Time counts from here; the netuid 0 network's first block in a scenario with no date. */
#define RECORD_TIME_UNITS "seconds since 2021-11-02T00:00:00Z"

/* How long a dimension is. */
enum record_growth {
    RECORD_FIXED,  /* known at the start, never grows */
    RECORD_GROWS,  /* rows are appended during the run and land in segments */
    RECORD_STATIC, /* rows are appended at the start and kept whole in every segment */
};

/* X(id, group ("" = root), name, growth, has a coordinate variable counting from 0, meaning) */
#define RECORD_DIM_LIST(X)                                                                         \
    X(EPOCH, "", "epoch", GROWS, true, "epochs of every network, in order of time")                \
    X(UID, "", "uid", FIXED, true, "slots of a network")                                           \
    X(TARGET, "", "target", FIXED, true, "slots of a network, as columns of a matrix")             \
    X(NETWORK, "networks", "network", STATIC, true,                                                \
      "networks of a scenario that names them, by netuid")                                         \
    X(GROUP, "groups", "group", STATIC, true, "groups of neurons of the scenario")                 \
    X(CORPUS_FILE, "corpus", "file", STATIC, true, "text files that were read")                    \
    X(SCHEDULE, "schedule", "change", STATIC, true, "what the schedule sets, in its order")        \
    X(HOTKEY, "hotkeys", "hotkey", GROWS, true, "identities, in order of first appearance")        \
    X(EVENT, "events", "event", GROWS, true, "things that happened to a neuron on the chain")      \
    X(CALL, "set_weights", "call", GROWS, true, "accepted set_weights calls")                      \
    X(CALL_ENTRY, "set_weights", "entry", GROWS, false, "entries of all calls, one after another") \
    X(WEIGHT_SNAPSHOT, "weights", "snapshot", GROWS, true,                                         \
      "instants at which all weights were copied")                                                 \
    X(WEIGHT_EDGE, "weights", "edge", FIXED, false, "row borders: one more than slots")            \
    X(WEIGHT_ENTRY, "weights", "entry", GROWS, false, "stored weights of all snapshots")           \
    X(BOND_SNAPSHOT, "bonds", "snapshot", GROWS, true, "instants at which all bonds were copied")  \
    X(BOND_EDGE, "bonds", "edge", FIXED, false, "row borders: one more than slots")                \
    X(BOND_ENTRY, "bonds", "entry", GROWS, false, "stored bonds of all snapshots")                 \
    X(STATE, "states", "state", GROWS, true, "epochs, by what their mechanism was given")          \
    X(STATE_SLOT, "states", "slot", FIXED, true, "slots of a network")                             \
    X(STATE_ROW, "states", "row", GROWS, false,                                                    \
      "rows of weights that differ from the state before")                                         \
    X(STATE_ENTRY, "states", "entry", GROWS, false, "entries of those rows")

/* X(id, name, leading dimension, trailing dimension or NONE, type, units, long name)
 * Counters count what happened since the previous row of the same network.  A slot without a
 * neuron has hotkey_id 4294967295 and the fill value (0; NaN for floats) elsewhere. */
#define RECORD_VAR_LIST(X)                                                                         \
    X(BLOCK, "block", EPOCH, NONE, I64, "1", "block at whose end the epoch ran")                   \
    X(TIME, "time", EPOCH, NONE, F64, RECORD_TIME_UNITS, "simulated time of the epoch")            \
    X(NETUID, "netuid", EPOCH, NONE, U16, "1", "network that the row belongs to")                  \
    X(NETWORK_EPOCH, "network_epoch", EPOCH, NONE, U32, "1", "number of the epoch in its network") \
    X(PEERS, "peers", EPOCH, NONE, U32, "1", "slots that hold a neuron")                           \
    X(VALIDATORS, "validators", EPOCH, NONE, U32, "1", "neurons with a validator permit")          \
    X(DIFFICULTY, "difficulty", EPOCH, NONE, U64, "1",                                             \
      "proof-of-work difficulty of a registration")                                                \
    X(BURN_RAO, "burn_rao", EPOCH, NONE, U64, "rao", "price of a registration by burn")            \
    X(TOTAL_STAKE_RAO, "total_stake_rao", EPOCH, NONE, U64, "rao", "stake of all neurons")         \
    X(TOTAL_ISSUANCE_RAO, "total_issuance_rao", EPOCH, NONE, U64, "rao", "everything that exists") \
    X(PAID_RAO, "paid_rao", EPOCH, NONE, U64, "rao", "emission that the epoch paid out")           \
    X(REGISTRATIONS, "registrations", EPOCH, NONE, U32, "1", "registrations since the last row")   \
    X(EVICTIONS, "evictions", EPOCH, NONE, U32, "1", "neurons pushed out since the last row")      \
    X(SEQUENCE_LENGTH, "sequence_length", EPOCH, NONE, U32, "1", "symbols in a query")             \
    X(EVENT_COUNT, "event_count", EPOCH, NONE, U64, "1", "simulator events since the last row")    \
    X(STAKE_RAO, "stake_rao", EPOCH, UID, U64, "rao", "stake after the epoch")                     \
    X(INCENTIVE, "incentive", EPOCH, UID, F32, "1", "share of what servers are paid")              \
    X(DIVIDENDS, "dividends", EPOCH, UID, F32, "1", "share of what validators are paid")           \
    X(EMISSION_RAO, "emission_rao", EPOCH, UID, U64, "rao", "amount paid by this epoch")           \
    X(CONSENSUS, "consensus", EPOCH, UID, F32, "1",                                                \
      "weight that a kappa majority of stake upholds")                                             \
    X(TRUST, "trust", EPOCH, UID, F32, "1", "rank left after clipping, as a fraction")             \
    X(RANK, "rank", EPOCH, UID, F32, "1", "stake-weighted sum of clipped weights")                 \
    X(VALIDATOR_TRUST, "validator_trust", EPOCH, UID, F32, "1", "own weights within consensus")    \
    X(VALIDATOR_PERMIT, "validator_permit", EPOCH, UID, U8, "1", "1 = may set weights on others")  \
    X(ACTIVE, "active", EPOCH, UID, U8, "1", "1 = set weights within the activity cutoff")         \
    X(PRUNING_SCORE, "pruning_score", EPOCH, UID, F32, "1", "the lowest is evicted first")         \
    X(LAST_UPDATE, "last_update", EPOCH, UID, I64, "1", "block of the last set_weights")           \
    X(BLOCK_AT_REGISTRATION, "block_at_registration", EPOCH, UID, I64, "1",                        \
      "block of registration")                                                                     \
    X(LOSS_TRUE_NATS, "loss_true_nats", EPOCH, UID, F32, "nat", "loss on held-out text, a symbol") \
    X(HOTKEY_ID, "hotkey_id", EPOCH, UID, U32, "1", "row of /hotkeys; 4294967295 = empty slot")    \
    X(OWNER_ID, "owner_id", EPOCH, UID, U32, "1", "who holds the key; equal = one person")         \
    X(GROUP_ID, "group_id", EPOCH, UID, U16, "1", "row of /groups")                                \
    X(ROLE, "role", EPOCH, UID, U8, "1", "flags: 1 serves, 2 validates")                           \
    X(STRATEGY, "strategy", EPOCH, UID, U16, "1", "strategy that the neuron follows")              \
    X(MODEL_KIND, "model_kind", EPOCH, UID, U16, "1", "model that the neuron runs")                \
    X(TRAINING_STEPS, "training_steps", EPOCH, UID, U32, "1", "training steps since the last row") \
    X(QUERIES_ASKED, "queries_asked", EPOCH, UID, U32, "1", "queries sent since the last row")     \
    X(QUERIES_ANSWERED, "queries_answered", EPOCH, UID, U32, "1",                                  \
      "queries answered since the last row")                                                       \
    X(QUERIES_TIMED_OUT, "queries_timed_out", EPOCH, UID, U32, "1",                                \
      "queries to this neuron that came too late since the last row")                              \
    X(BYTES_UP, "bytes_up", EPOCH, UID, U64, "byte", "bytes sent since the last row")              \
    X(BYTES_DOWN, "bytes_down", EPOCH, UID, U64, "byte", "bytes received since the last row")      \
    X(FLOP_DONE, "flop_done", EPOCH, UID, U64, "1",                                                \
      "floating-point operations charged since the last row")                                      \
    X(WAIT_NS, "wait_ns", EPOCH, UID, U64, "ns",                                                   \
      "time that queries waited in the queue since the last row, summed")                          \
    X(EMISSION_SHARE, "emission_share", EPOCH, NONE, F64, "1",                                     \
      "part of each block's emission that the network gets")                                       \
    X(NETWORK_NETUID, "netuid", NETWORK, NONE, U16, "1", "its number on the chain")                \
    X(NETWORK_NAME, "name", NETWORK, NONE, TEXT, "", "name in the scenario")                       \
    X(NETWORK_MECHANISM, "mechanism_name", NETWORK, NONE, TEXT, "", "mechanism at the start")      \
    X(NETWORK_CORPUS, "corpus_kind", NETWORK, NONE, TEXT, "", "kind of its text")                  \
    X(NETWORK_FIRST_GROUP, "first_group", NETWORK, NONE, U16, "1", "its first row of /groups")     \
    X(NETWORK_GROUPS, "group_count", NETWORK, NONE, U16, "1", "its rows of /groups")               \
    X(NETWORK_VOCABULARY, "vocabulary_symbols", NETWORK, NONE, U32, "1", "symbols of its text")    \
    X(NETWORK_UNIGRAM, "unigram_entropy_nats", NETWORK, NONE, F64, "nat",                          \
      "loss of knowing how often each symbol comes, in its text")                                  \
    X(NETWORK_BIGRAM, "bigram_entropy_nats", NETWORK, NONE, F64, "nat",                            \
      "loss of knowing the symbol before, in its text")                                            \
    X(NETWORK_EXACT, "exact_entropy_nats", NETWORK, NONE, F64, "nat",                              \
      "loss of knowing the source of its text; NaN: nobody does")                                  \
    X(GROUP_NAME, "name", GROUP, NONE, TEXT, "", "name in the scenario")                           \
    X(GROUP_STRATEGY, "strategy_name", GROUP, NONE, TEXT, "", "strategy at the start")             \
    X(GROUP_MODEL, "model_name", GROUP, NONE, TEXT, "", "model at the start")                      \
    X(GROUP_ATTACKER, "attacker", GROUP, NONE, U8, "1", "1 = not an honest group")                 \
    X(GROUP_SIZE, "neuron_count", GROUP, NONE, U32, "1", "neurons at the start")                   \
    X(GROUP_PARAMETERS, "parameter_count", GROUP, NONE, U32, "1",                                  \
      "parameters of the model; 0 = none")                                                         \
    X(CORPUS_PATH, "path", CORPUS_FILE, NONE, TEXT, "", "file that was read")                      \
    X(CORPUS_DOMAIN, "domain", CORPUS_FILE, NONE, TEXT, "", "domain that it belongs to")           \
    X(CORPUS_BYTES, "size_bytes", CORPUS_FILE, NONE, U64, "byte", "bytes read")                    \
    X(CORPUS_SHA256, "sha256", CORPUS_FILE, NONE, TEXT, "", "SHA-256 of those bytes, in hex")      \
    X(CORPUS_PACKAGE, "package", CORPUS_FILE, NONE, TEXT, "", "Debian package of the file")        \
    X(CORPUS_LICENCE, "licence", CORPUS_FILE, NONE, TEXT, "", "licence of the text")               \
    X(SCHEDULE_TIME_NS, "time_ns", SCHEDULE, NONE, I64, "ns", "simulated time from the start")     \
    X(SCHEDULE_PATH, "path", SCHEDULE, NONE, TEXT, "", "key or section of the scenario")           \
    X(SCHEDULE_VALUE, "value", SCHEDULE, NONE, TEXT, "", "what it is set to")                      \
    X(HOTKEY_OWNER, "owner_id", HOTKEY, NONE, U32, "1", "who holds the key")                       \
    X(HOTKEY_GROUP, "group_id", HOTKEY, NONE, U16, "1", "row of /groups")                          \
    X(HOTKEY_INDEX, "index_in_group", HOTKEY, NONE, U32, "1", "number in its group")               \
    X(HOTKEY_TIME_NS, "time_ns", HOTKEY, NONE, I64, "ns", "first registration, from the start")    \
    X(EVENT_TIME_NS, "time_ns", EVENT, NONE, I64, "ns", "simulated time from the start")           \
    X(EVENT_BLOCK, "block", EVENT, NONE, I64, "1", "block")                                        \
    X(EVENT_NETUID, "netuid", EVENT, NONE, U16, "1", "network")                                    \
    X(EVENT_KIND, "kind", EVENT, NONE, U8, "1", "what happened")                                   \
    X(EVENT_UID, "uid", EVENT, NONE, U32, "1", "slot")                                             \
    X(EVENT_HOTKEY, "hotkey_id", EVENT, NONE, U32, "1", "who")                                     \
    X(EVENT_OWNER, "owner_id", EVENT, NONE, U32, "1", "who holds the key")                         \
    X(EVENT_OTHER, "other_hotkey_id", EVENT, NONE, U32, "1",                                       \
      "who was replaced or counterpart; 4294967295 = nobody")                                      \
    X(EVENT_AMOUNT_RAO, "amount_rao", EVENT, NONE, U64, "rao", "amount moved")                     \
    X(EVENT_VALUE, "value", EVENT, NONE, F64, "1",                                                 \
      "difficulty; no_number: finished steps of the model; committed: epoch; fault, recovered: "   \
      "its number; change: row of /schedule")                                                      \
    X(CALL_BLOCK, "block", CALL, NONE, I64, "1", "block")                                          \
    X(CALL_TIME_NS, "time_ns", CALL, NONE, I64, "ns", "simulated time from the start")             \
    X(CALL_NETUID, "netuid", CALL, NONE, U16, "1", "network")                                      \
    X(CALL_UID, "uid", CALL, NONE, U32, "1", "slot that set its weights")                          \
    X(CALL_HOTKEY, "hotkey_id", CALL, NONE, U32, "1", "who set its weights")                       \
    X(CALL_ENTRY_START, "entry_start", CALL, NONE, I64, "1", "first entry of the call")            \
    X(CALL_ENTRY_COUNT, "entry_count", CALL, NONE, U32, "1", "entries of the call")                \
    X(CALL_AGE, "age_blocks", CALL, NONE, U32, "1",                                                \
      "blocks that the row waited for its place, or since its commit")                             \
    X(CALL_TARGET, "target", CALL_ENTRY, NONE, U32, "1", "slot that the weight is for")            \
    X(CALL_VALUE, "value", CALL_ENTRY, NONE, U32, "1", "weight as stored on the chain")            \
    X(WEIGHT_EPOCH_ROW, "epoch_row", WEIGHT_SNAPSHOT, NONE, I64, "1",                              \
      "row of the root's epoch dimension")                                                         \
    X(WEIGHT_BLOCK, "block", WEIGHT_SNAPSHOT, NONE, I64, "1", "block")                             \
    X(WEIGHT_NETUID, "netuid", WEIGHT_SNAPSHOT, NONE, U16, "1", "network")                         \
    X(WEIGHT_START, "entry_start", WEIGHT_SNAPSHOT, NONE, I64, "1", "first entry of the snapshot") \
    X(WEIGHT_COUNT, "entry_count", WEIGHT_SNAPSHOT, NONE, I64, "1", "entries of the snapshot")     \
    X(WEIGHT_ROW, "row_start", WEIGHT_SNAPSHOT, WEIGHT_EDGE, I64, "1",                             \
      "entry, from entry_start, at which a rater's row begins")                                    \
    X(WEIGHT_TARGET, "target", WEIGHT_ENTRY, NONE, U32, "1", "slot that the weight is for")        \
    X(WEIGHT_VALUE, "value", WEIGHT_ENTRY, NONE, U32, "1", "weight as stored on the chain")        \
    X(BOND_EPOCH_ROW, "epoch_row", BOND_SNAPSHOT, NONE, I64, "1",                                  \
      "row of the root's epoch dimension")                                                         \
    X(BOND_BLOCK, "block", BOND_SNAPSHOT, NONE, I64, "1", "block")                                 \
    X(BOND_NETUID, "netuid", BOND_SNAPSHOT, NONE, U16, "1", "network")                             \
    X(BOND_START, "entry_start", BOND_SNAPSHOT, NONE, I64, "1", "first entry of the snapshot")     \
    X(BOND_COUNT, "entry_count", BOND_SNAPSHOT, NONE, I64, "1", "entries of the snapshot")         \
    X(BOND_ROW, "row_start", BOND_SNAPSHOT, BOND_EDGE, I64, "1",                                   \
      "entry, from entry_start, at which a bond holder's row begins")                              \
    X(BOND_TARGET, "target", BOND_ENTRY, NONE, U32, "1", "slot that the bond is on")               \
    X(BOND_VALUE, "value", BOND_ENTRY, NONE, U64, "1", "bond as stored on the chain")              \
    X(STATE_EPOCH_ROW, "epoch_row", STATE, NONE, I64, "1", "row of the root's epoch dimension")    \
    X(STATE_BLOCK, "block", STATE, NONE, I64, "1", "block")                                        \
    X(STATE_NETUID, "netuid", STATE, NONE, U16, "1", "network")                                    \
    X(STATE_NEURONS, "neuron_count", STATE, NONE, U32, "1", "slots in use")                        \
    X(STATE_LAST_STEP, "last_step_block", STATE, NONE, I64, "1",                                   \
      "block of the epoch before; 0 = none")                                                       \
    X(STATE_EMISSION_RAO, "emission_offered_rao", STATE, NONE, U64, "rao",                         \
      "amount that the epoch may pay")                                                             \
    X(STATE_TEMPO, "tempo_blocks", STATE, NONE, U64, "1", "blocks between epochs")                 \
    X(STATE_CUTOFF, "activity_cutoff_blocks", STATE, NONE, U64, "1",                               \
      "silence after which a neuron is inactive")                                                  \
    X(STATE_MAX_VALIDATORS, "max_validators", STATE, NONE, U32, "1",                               \
      "permits that the epoch hands out")                                                          \
    X(STATE_THRESHOLD_RAO, "stake_threshold_rao", STATE, NONE, U64, "rao",                         \
      "less stake counts as none")                                                                 \
    X(STATE_OWNER, "owner_uid", STATE, NONE, U32, "1",                                             \
      "slot of the network's owner; 4294967295 = none")                                            \
    X(STATE_COMMITS, "commit_reveal", STATE, NONE, U8, "1", "1 = weights are committed first")     \
    X(STATE_WEIGHT_ONE, "weight_one", STATE, NONE, U32, "1", "value of a full weight")             \
    X(STATE_FACTS, "facts", STATE, NONE, U32, "1",                                                 \
      "what no chain knows but the mechanism was told, as flags")                                  \
    X(STATE_NETWORK_DICE, "network_dice", STATE, NONE, U64, "1",                                   \
      "a random word, if the mechanism asks")                                                      \
    X(STATE_STAKE_RAO, "stake_rao", STATE, STATE_SLOT, U64, "rao",                                 \
      "stake that votes in the epoch")                                                             \
    X(STATE_LAST_UPDATE, "last_update", STATE, STATE_SLOT, I64, "1",                               \
      "block of the last set_weights")                                                             \
    X(STATE_REGISTERED, "block_at_registration", STATE, STATE_SLOT, I64, "1",                      \
      "block of registration")                                                                     \
    X(STATE_PERMIT, "validator_permit", STATE, STATE_SLOT, U8, "1",                                \
      "1 = may validate, from the epoch before")                                                   \
    X(STATE_REPLACED, "replaced", STATE, STATE_SLOT, U8, "1",                                      \
      "1 = changed hands since the epoch before")                                                  \
    X(STATE_PRIORITY, "priority", STATE, STATE_SLOT, U64, "1",                                     \
      "priority of the slot's transactions")                                                       \
    X(STATE_COMMIT, "earliest_commit_block", STATE, STATE_SLOT, U64, "1",                          \
      "block of a commit not yet revealed; 18446744073709551615 = none")                           \
    X(STATE_TRUE_VALUE, "true_value", STATE, STATE_SLOT, F64, "1",                                 \
      "what the model is worth, if the mechanism asks")                                            \
    X(STATE_BENCHMARK, "benchmark_score", STATE, STATE_SLOT, F64, "1",                             \
      "score in the public test, if the mechanism asks")                                           \
    X(STATE_SOLVE_TIME, "solve_time_ns", STATE, STATE_SLOT, I64, "ns",                             \
      "time to solve the puzzle, if the mechanism asks")                                           \
    X(STATE_HASHES, "hashes", STATE, STATE_SLOT, F64, "1",                                         \
      "hashes since the last epoch, if the mechanism asks")                                        \
    X(STATE_OPERATIONS, "operations", STATE, STATE_SLOT, F64, "1",                                 \
      "operations since the last epoch, if the mechanism asks")                                    \
    X(STATE_CLONES, "clones", STATE, STATE_SLOT, U32, "1",                                         \
      "slots with the same model, if the mechanism asks")                                          \
    X(STATE_ACCOMPLICE, "accomplice", STATE, STATE_SLOT, U8, "1",                                  \
      "1 = accomplice, if the mechanism asks")                                                     \
    X(STATE_DICE, "dice", STATE, STATE_SLOT, U64, "1", "a random word, if the mechanism asks")     \
    X(STATE_ROW_STATE, "row_state", STATE_ROW, NONE, I64, "1",                                     \
      "first state with this row of weights")                                                      \
    X(STATE_ROW_UID, "row_uid", STATE_ROW, NONE, U32, "1", "slot whose weights they are")          \
    X(STATE_ROW_START, "row_entry_start", STATE_ROW, NONE, I64, "1", "first entry of the row")     \
    X(STATE_ROW_COUNT, "row_entry_count", STATE_ROW, NONE, U32, "1", "entries of the row")         \
    X(STATE_TARGET, "target", STATE_ENTRY, NONE, U32, "1", "slot that the weight is for")          \
    X(STATE_VALUE, "value", STATE_ENTRY, NONE, U32, "1", "weight as stored on the chain")

/* X(id, name of flag_meanings): values of /events/kind, from 0.  Append only. */
#define RECORD_EVENT_LIST(X)                                                                       \
    X(REGISTRATION, "registration")                                                                \
    X(EVICTION, "eviction")                                                                        \
    X(BURN, "burn")                                                                                \
    X(STAKE_ADDED, "stake_added")                                                                  \
    X(STAKE_REMOVED, "stake_removed")                                                              \
    X(JOINED, "joined")                                                                            \
    X(LEFT, "left")                                                                                \
    X(FAULT, "fault")                                                                              \
    X(RECOVERED, "recovered")                                                                      \
    X(PARAMETER_CHANGED, "parameter_changed")                                                      \
    X(MECHANISM_CHANGED, "mechanism_changed")                                                      \
    X(NO_NUMBER, "no_number")                                                                      \
    X(COMMITTED, "committed")

#define RECORD_DIM_ENUM(id, ...) RECORD_DIM_##id,
enum record_dim { RECORD_DIM_LIST(RECORD_DIM_ENUM) RECORD_DIM_COUNT, RECORD_DIM_NONE };
#undef RECORD_DIM_ENUM

#define RECORD_VAR_ENUM(id, ...) RECORD_##id,
enum record_var { RECORD_VAR_LIST(RECORD_VAR_ENUM) RECORD_VAR_COUNT };
#undef RECORD_VAR_ENUM

#define RECORD_EVENT_ENUM(id, name) RECORD_EVENT_##id,
enum record_event_kind { RECORD_EVENT_LIST(RECORD_EVENT_ENUM) RECORD_EVENT_KIND_COUNT };
#undef RECORD_EVENT_ENUM

enum record_type {
    RECORD_U8,
    RECORD_I8,
    RECORD_U16,
    RECORD_U32,
    RECORD_I64,
    RECORD_U64,
    RECORD_F32,
    RECORD_F64,
    RECORD_TEXT, /* variable-length UTF-8; static dimensions only */
};

/* "Nobody" in every column of hotkeys, owners and slots. */
#define RECORD_NOBODY UINT32_MAX

struct record_dim_info {
    const char *group; /* "" = root */
    const char *name;
    enum record_growth growth;
    bool has_coordinate;
    const char *doc;
};

struct record_var_info {
    const char *name;
    enum record_dim dim;   /* leading */
    enum record_dim width; /* trailing, or RECORD_DIM_NONE */
    enum record_type type;
    const char *units; /* "" = none */
    const char *long_name;
};

/* The tables; never NULL for an id of the enum. */
const struct record_dim_info *record_dim_info(enum record_dim dim);
const struct record_var_info *record_var_info(enum record_var var);
/* The name of an event kind as in flag_meanings. */
const char *record_event_name(enum record_event_kind kind);
/* Bytes of one element; of a pointer for RECORD_TEXT. */
size_t record_type_bytes(enum record_type type);
const char *record_type_name(enum record_type type);
/* The variable of that path ("stake_rao", "events/block"), or RECORD_VAR_COUNT. */
enum record_var record_var_find(const char *path);

#endif
