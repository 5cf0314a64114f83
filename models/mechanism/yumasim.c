#include "mechanism/yumasim.h"

#include "mechanism/yumasim_chain.h"

/* --------------------------------------------------------------------------------- the variants */

/* Generation a. */
static const struct yumasim_variant a_yuma0 = {
    .clipped_only = true, .guarded_share = true, .normalizes_new = true};
static const struct yumasim_variant a_yuma1 = {0};
static const struct yumasim_variant a_yuma2 = {.lagged = true};
static const struct yumasim_variant a_yuma3 = {.bond = YUMASIM_CAPACITY};
static const struct yumasim_variant a_yuma3_1 = {.bond = YUMASIM_CAPACITY,
                                                 .reset = YUMASIM_RESET_ALWAYS};
static const struct yumasim_variant a_yuma3_2 = {.bond = YUMASIM_CAPACITY,
                                                 .reset = YUMASIM_RESET_IF_SILENT};
static const struct yumasim_variant a_yuma4 = {.bond = YUMASIM_RELATIVE,
                                               .reset = YUMASIM_RESET_IF_SILENT};

/* Generations b and c. */
static const struct yumasim_variant bc_yuma1 = {.liquid = YUMASIM_LIQUID_BY_PAIR,
                                                .guarded_share = true,
                                                .forgets = true,
                                                .normalizes_new = true};
static const struct yumasim_variant b_yuma2 = {.liquid = YUMASIM_LIQUID_BY_PAIR};
static const struct yumasim_variant c_yuma2 = {.liquid = YUMASIM_LIQUID_BY_PAIR,
                                               .guarded_share = true,
                                               .normalizes_old = true,
                                               .normalizes_new = true};
static const struct yumasim_variant c_yuma2a = {.liquid = YUMASIM_LIQUID_BY_PAIR,
                                                .guarded_share = true};
static const struct yumasim_variant bc_yuma2b = {.liquid = YUMASIM_LIQUID_BY_PAIR, .lagged = true};
static const struct yumasim_variant bc_yuma2c = {.bond = YUMASIM_CAPACITY,
                                                 .liquid = YUMASIM_LIQUID_BY_PAIR,
                                                 .reset = YUMASIM_RESET_ALWAYS,
                                                 .normalizes_paid = true};
static const struct yumasim_variant b_yuma3 = {.bond = YUMASIM_RELATIVE,
                                               .liquid = YUMASIM_LIQUID_BY_PAIR,
                                               .reset = YUMASIM_RESET_ALWAYS,
                                               .normalizes_paid = true,
                                               .has_consensus_mode = true};
static const struct yumasim_variant c_yuma3 = {.bond = YUMASIM_RELATIVE,
                                               .liquid = YUMASIM_LIQUID_BY_PAIR,
                                               .reset = YUMASIM_RESET_ALWAYS,
                                               .normalizes_paid = true,
                                               .penalized = true,
                                               .has_consensus_mode = true};

/* ------------------------------------------------------------------------------------ parameters
 */

static const char *const search_names[] = {"bisection", "sort", NULL};
static const char *const mode_names[] = {"current", "previous", "mixed", NULL};
static const char *const precision_names[] = {"double", "single", NULL};
static const char *const no_consensus_names[] = {"nothing", "int-min", NULL};
static const char *const unreached_names[] = {"smallest", "largest", NULL};

#define CHOICE_KEY(name_, fallback_, names_, doc_)                                                 \
    {                                                                                              \
#name_, PARAM_ENUM, offsetof(struct yumasim_params, name_), NULL, NULL, fallback_, names_, \
            doc_                                                                                   \
    }
#define KEY(name_, kind_, min_, max_, fallback_, doc_)                                             \
    {                                                                                              \
#name_, kind_, offsetof(struct yumasim_params, name_), min_, max_, fallback_, NULL, doc_   \
    }
#define REAL_KEY(name_, min_, max_, fallback_, doc_)                                               \
    KEY(name_, PARAM_REAL, min_, max_, fallback_, doc_)

#define COMMON_KEYS(search_)                                                                       \
    REAL_KEY(kappa, "0", "1", "0.5", "Share of stake that must support a weight."),                \
        CHOICE_KEY(consensus_search, search_, search_names,                                        \
                   "How the supported weight is found: by halving 0..1, from above, or exactly, "  \
                   "by sorting the weights."),                                                     \
        KEY(consensus_precision, PARAM_U32, "1", "1000000000", "100000",                           \
            "The bisection stops when its interval is at most 1 over this."),                      \
        REAL_KEY(validator_share, "0", "1", "0.5",                                                 \
                 "Part of the emission that dividends share out; incentives get the rest."),       \
        KEY(reset_uid, PARAM_U32, NULL, NULL, "4294967295",                                        \
            "All bonds in this uid are dropped once; 4294967295: nobody's. A variant without "     \
            "resets ignores it."),                                                                 \
        KEY(reset_epoch, PARAM_U32, NULL, NULL, "0",                                               \
            "The epoch, counted from 0 since the mechanism began, that drops them."),              \
        CHOICE_KEY(precision, "double", precision_names,                                           \
                   "Compatibility: single rounds every vector and matrix to float, as the "        \
                   "originals were shipped."),                                                     \
        CHOICE_KEY(                                                                                \
            no_consensus, "nothing", no_consensus_names,                                           \
            "Compatibility: where no weight is supported, every consensus is 0 (nothing) "         \
            "or -2147483648/65535, what the originals' cast of NaN gives on x86 (int-min)."),      \
        CHOICE_KEY(                                                                                \
            unreached_consensus, "smallest", unreached_names,                                      \
            "Compatibility: a server whose weights never reach kappa, for want of stake or "       \
            "by rounding, gets its smallest weight (0 without any stake) or, as in the "           \
            "originals, its largest.")
#define KEY_PENALTY                                                                                \
    REAL_KEY(                                                                                      \
        bond_penalty, "0", "1", "1",                                                               \
        "How far bonds follow weights clipped by consensus (1) instead of weights as set (0).")
#define KEY_ALPHA(fallback_)                                                                       \
    REAL_KEY(bond_alpha, "0", "1", fallback_, "Weight of the new bond in the moving average.")
#define KEY_AVERAGE(fallback_)                                                                     \
    REAL_KEY(bond_moving_avg, "0", "1", fallback_, "Weight of the old bond in the moving average.")
#define LIQUID_KEYS(liquid_, low_, high_)                                                          \
    KEY(liquid_alpha, PARAM_BOOL, NULL, NULL, liquid_,                                             \
        "Let consensus decide how fast bonds adapt, between alpha_low and alpha_high."),           \
        REAL_KEY(alpha_low, "0.0001", "0.9999", low_, "Lower bound of the liquid alpha."),         \
        REAL_KEY(alpha_high, "0.0001", "0.9999", high_, "Upper bound of the liquid alpha.")
#define PAIR_KEYS(liquid_)                                                                         \
    LIQUID_KEYS(liquid_, "0.1", "0.3"),                                                            \
        REAL_KEY(alpha_sigmoid_steepness, "-1000", "1000", "10",                                   \
                 "Steepness of the liquid alpha's sigmoid; negative ones reverse it.")
#define KEY_WINNER                                                                                 \
    KEY(winner_takes_all, PARAM_BOOL, NULL, NULL, "false",                                         \
        "Only the server with the highest rank is paid (several share equally).")
#define KEY_DECAY REAL_KEY(decay_rate, "0", "1", "0.1", "Part of a bond that is lost each epoch.")
#define KEY_CAPACITY                                                                               \
    REAL_KEY(capacity_alpha, "0", "1", "0.1",                                                      \
             "Part of its capacity that a validator can spend on one server in an epoch.")
#define KEY_MODE                                                                                   \
    CHOICE_KEY(liquid_alpha_consensus_mode, "current", mode_names,                                 \
               "The consensus that the liquid alpha looks at: this epoch's, the one before, or "   \
               "the larger of the two.")
#define KEY_EFFECTIVE                                                                              \
    KEY(liquid_alpha_effective_weights, PARAM_BOOL, NULL, NULL, "false",                           \
        "The liquid alpha looks at weights clipped by the penalty instead of weights as set.")

#define SHARE_KEYS_A(liquid_)                                                                      \
    {                                                                                              \
        COMMON_KEYS("bisection"), KEY_PENALTY, KEY_ALPHA("0.1"),                                   \
            LIQUID_KEYS(liquid_, "0.7", "0.9")                                                     \
    }
static const struct param_key a_yuma0_keys[] = {COMMON_KEYS("bisection"), KEY_ALPHA("0.1"),
                                                LIQUID_KEYS("false", "0.7", "0.9")};
static const struct param_key a_share_keys[] = SHARE_KEYS_A("false");
static const struct param_key a_share_liquid_keys[] = SHARE_KEYS_A("true");
static const struct param_key a_capacity_keys[] = {COMMON_KEYS("bisection"), KEY_DECAY,
                                                   KEY_CAPACITY};
static const struct param_key a_relative_keys[] = {COMMON_KEYS("bisection"), KEY_ALPHA("0.1"),
                                                   LIQUID_KEYS("false", "0.7", "0.9")};
static const struct param_key a_relative_liquid_keys[] = {
    COMMON_KEYS("bisection"), KEY_ALPHA("0.025"), LIQUID_KEYS("true", "0.9", "0.99")};

static const struct param_key bc_yuma1_keys[] = {COMMON_KEYS("sort"), KEY_PENALTY,
                                                 PAIR_KEYS("false"), KEY_WINNER};
static const struct param_key bc_share_keys[] = {
    COMMON_KEYS("sort"), KEY_PENALTY, KEY_AVERAGE("0.1"), PAIR_KEYS("false"), KEY_WINNER};
static const struct param_key bc_capacity_keys[] = {COMMON_KEYS("sort"), KEY_DECAY, KEY_CAPACITY,
                                                    KEY_WINNER};
#define RELATIVE_KEYS(liquid_)                                                                     \
    COMMON_KEYS("sort"), KEY_AVERAGE("0.975"), PAIR_KEYS(liquid_), KEY_MODE, KEY_WINNER
static const struct param_key b_relative_keys[] = {RELATIVE_KEYS("false")};
static const struct param_key b_relative_liquid_keys[] = {RELATIVE_KEYS("true")};
static const struct param_key c_relative_keys[] = {RELATIVE_KEYS("false"), KEY_PENALTY,
                                                   KEY_EFFECTIVE};
static const struct param_key c_relative_liquid_keys[] = {RELATIVE_KEYS("true"), KEY_PENALTY,
                                                          KEY_EFFECTIVE};

static const struct param_condition liquid_conditions[] = {
    {"consensus_precision", "consensus_search=bisection"},
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
};
static const struct param_condition pair_conditions[] = {
    {"consensus_precision", "consensus_search=bisection"},
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
    {"alpha_sigmoid_steepness", "liquid_alpha=true"},
};
static const struct param_condition b_relative_conditions[] = {
    {"consensus_precision", "consensus_search=bisection"},
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
    {"alpha_sigmoid_steepness", "liquid_alpha=true"},
    {"liquid_alpha_consensus_mode", "liquid_alpha=true"},
};
static const struct param_condition c_relative_conditions[] = {
    {"consensus_precision", "consensus_search=bisection"},
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
    {"alpha_sigmoid_steepness", "liquid_alpha=true"},
    {"liquid_alpha_consensus_mode", "liquid_alpha=true"},
    {"liquid_alpha_effective_weights", "liquid_alpha=true"},
};
static const struct param_condition capacity_conditions[] = {
    {"consensus_precision", "consensus_search=bisection"},
};

static enum sim_status check(const void *params, struct sim_error *err)
{
    const struct yumasim_params *p = params;
    if (p->alpha_low > p->alpha_high)
        return SIM_FAIL(err, SIM_CONFIG, "alpha_low (%g) is above alpha_high (%g)", p->alpha_low,
                        p->alpha_high);
    return SIM_OK;
}

/* -------------------------------------------------------------------------------- the mechanisms
 */

/* name in C and in YAML, variant, keys, conditions, doc */
#define YUMASIM_LIST(X)                                                                            \
    X(op_a_yuma0, "a-yuma0", a_yuma0, a_yuma0_keys, liquid_conditions,                             \
      "Yuma 0 (subtensor), generation a: shares of clipped weights.")                              \
    X(op_a_yuma1, "a-yuma1", a_yuma1, a_share_keys, liquid_conditions,                             \
      "Yuma 1 (paper), generation a: shares with a bond penalty.")                                 \
    X(op_a_yuma1_liquid, "a-yuma1-liquid", a_yuma1, a_share_liquid_keys, liquid_conditions,        \
      "Yuma 1 (paper), generation a, with a liquid alpha for each server.")                        \
    X(op_a_yuma2, "a-yuma2", a_yuma2, a_share_keys, liquid_conditions,                             \
      "Yuma 2 (Adrian-Fish), generation a: weights count one epoch late.")                         \
    X(op_a_yuma3, "a-yuma3", a_yuma3, a_capacity_keys, capacity_conditions,                        \
      "Yuma 3 (Rhef), generation a: bonds bought within a capacity, decaying.")                    \
    X(op_a_yuma3_1, "a-yuma3.1", a_yuma3_1, a_capacity_keys, capacity_conditions,                  \
      "Yuma 3.1 (Rhef+reset), generation a.")                                                      \
    X(op_a_yuma3_2, "a-yuma3.2", a_yuma3_2, a_capacity_keys, capacity_conditions,                  \
      "Yuma 3.2 (Rhef+conditional), generation a: only silent servers are reset.")                 \
    X(op_a_yuma4, "a-yuma4", a_yuma4, a_relative_keys, liquid_conditions,                          \
      "Yuma 4 (Rhef+relative bonds), generation a: stake counts when bonds pay.")                  \
    X(op_a_yuma4_liquid, "a-yuma4-liquid", a_yuma4, a_relative_liquid_keys, liquid_conditions,     \
      "Yuma 4 (Rhef+relative bonds), generation a, with a liquid alpha.")                          \
    X(op_b_yuma1, "b-yuma1", bc_yuma1, bc_yuma1_keys, pair_conditions,                             \
      "Yuma 1, generation b: no memory without liquid alpha.")                                     \
    X(op_b_yuma2, "b-yuma2", b_yuma2, bc_share_keys, pair_conditions,                              \
      "Yuma 2 (subtensor), generation b: shares with a bond penalty.")                             \
    X(op_b_yuma2b, "b-yuma2b", bc_yuma2b, bc_share_keys, pair_conditions,                          \
      "Yuma 2B (Adrian-Fish), generation b: weights count one epoch late.")                        \
    X(op_b_yuma2c, "b-yuma2c", bc_yuma2c, bc_capacity_keys, capacity_conditions,                   \
      "Yuma 2C (Rhef+reset), generation b: bonds bought within a capacity.")                       \
    X(op_b_yuma3, "b-yuma3", b_yuma3, b_relative_keys, b_relative_conditions,                      \
      "Yuma 3 (Rhef+relative bonds), generation b.")                                               \
    X(op_b_yuma3_liquid, "b-yuma3-liquid", b_yuma3, b_relative_liquid_keys, b_relative_conditions, \
      "Yuma 3 (Rhef+relative bonds), generation b, with an alpha for each bond.")                  \
    X(op_c_yuma1, "c-yuma1", bc_yuma1, bc_yuma1_keys, pair_conditions,                             \
      "Yuma 1 (legacy), generation c: no memory without liquid alpha.")                            \
    X(op_c_yuma2, "c-yuma2", c_yuma2, bc_share_keys, pair_conditions,                              \
      "Yuma 2 (subtensor), generation c: columns normalised before and after the average.")        \
    X(op_c_yuma2a, "c-yuma2a", c_yuma2a, bc_share_keys, pair_conditions,                           \
      "Yuma 2A (paper), generation c: shares with a bond penalty.")                                \
    X(op_c_yuma2b, "c-yuma2b", bc_yuma2b, bc_share_keys, pair_conditions,                          \
      "Yuma 2B (Adrian-Fish), generation c: weights count one epoch late.")                        \
    X(op_c_yuma2c, "c-yuma2c", bc_yuma2c, bc_capacity_keys, capacity_conditions,                   \
      "Yuma 2C (Rhef+reset), generation c: bonds bought within a capacity.")                       \
    X(op_c_yuma3, "c-yuma3", c_yuma3, c_relative_keys, c_relative_conditions,                      \
      "Yuma 3 (Rhef+relative bonds), generation c: the bond penalty acts on purchases.")           \
    X(op_c_yuma3_liquid, "c-yuma3-liquid", c_yuma3, c_relative_liquid_keys, c_relative_conditions, \
      "Yuma 3 (Rhef+relative bonds), generation c, with an alpha for each bond.")

enum {
    FIELDS = MECHANISM_STAKE_WEIGHT | MECHANISM_RANK | MECHANISM_TRUST | MECHANISM_CONSENSUS |
             MECHANISM_INCENTIVE | MECHANISM_DIVIDENDS | MECHANISM_VALIDATOR_TRUST |
             MECHANISM_SERVER_EMISSION | MECHANISM_VALIDATOR_EMISSION | MECHANISM_ACTIVE |
             MECHANISM_PERMIT,
};

#define YUMASIM_OPS(id_, name_, variant_, keys_, conditions_, doc_)                                \
    static enum sim_status id_##_epoch(const void *params, const struct mechanism_input *input,    \
                                       struct mechanism_output *output,                            \
                                       struct mechanism_scratch *scratch,                          \
                                       const struct mechanism_trace *trace, struct sim_error *err) \
    {                                                                                              \
        (void)trace;                                                                               \
        return yumasim_chain_epoch(&variant_, params, input, output, scratch, err);                \
    }                                                                                              \
    static const struct param_table id_##_table =                                                  \
        PARAM_TABLE_WHEN("yumasim-" name_, struct yumasim_params, keys_, conditions_, doc_);       \
    static const struct mechanism_ops id_;                                                         \
    static enum sim_status id_##_migrate(const void *params, const struct mechanism_ops *from,     \
                                         const struct mechanism_input *input,                      \
                                         struct mechanism_output *output, struct sim_error *err)   \
    {                                                                                              \
        return yumasim_chain_migrate(&id_, params, from, input, output, err);                      \
    }                                                                                              \
    static const struct mechanism_ops id_ = {                                                      \
        .interface_version = MECHANISM_INTERFACE_VERSION,                                          \
        .params = &id_##_table,                                                                    \
        .fields = FIELDS,                                                                          \
        .weight_one = 65535,                                                                       \
        .fraction_one = UINT64_MAX,                                                                \
        .memory_words = YUMASIM_WORDS,                                                             \
        .bond_unit = MECHANISM_BONDS_F64,                                                          \
        .check = check,                                                                            \
        .scratch_bytes = yumasim_chain_scratch_bytes,                                              \
        .epoch = id_##_epoch,                                                                      \
        .migrate = id_##_migrate,                                                                  \
    };
YUMASIM_LIST(YUMASIM_OPS)

#define YUMASIM_POINTER(id_, ...) &id_,
const struct mechanism_ops *const yumasim_mechanisms[] = {YUMASIM_LIST(YUMASIM_POINTER)};
const size_t yumasim_mechanism_count = sizeof(yumasim_mechanisms) / sizeof(yumasim_mechanisms[0]);

#define YUMASIM_VARIANT(id_, name_, variant_, ...) &variant_,
static const struct yumasim_variant *const variants[] = {YUMASIM_LIST(YUMASIM_VARIANT)};

const struct yumasim_variant *yumasim_variant_of(const struct mechanism_ops *ops)
{
    for (size_t i = 0; i < yumasim_mechanism_count; i++)
        if (yumasim_mechanisms[i] == ops)
            return variants[i];
    return NULL;
}
