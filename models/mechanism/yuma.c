#include "mechanism/yuma.h"

static const char *const path_names[] = {"sparse", "dense", NULL};

#define KEY(name_, kind_, min_, max_, fallback_, doc_)                                             \
    {                                                                                              \
#name_, kind_, offsetof(struct yuma_params, name_), min_, max_, fallback_, NULL, doc_      \
    }

#define KEY_KAPPA                                                                                  \
    KEY(kappa, PARAM_FRACTION_U16, NULL, NULL, "32767/65535",                                      \
        "Share of stake that must support a weight: the consensus weight is the largest that "     \
        "validators with this much stake set at least.")
#define KEY_AVERAGE                                                                                \
    KEY(bonds_moving_average, PARAM_U32, "0", "1000000", "900000",                                 \
        "Weight of the old bonds in the moving average, in parts per million.")
#define KEY_PENALTY                                                                                \
    KEY(bonds_penalty, PARAM_FRACTION_U16, NULL, NULL, "65535/65535",                              \
        "How far bonds follow weights clipped by consensus (1) instead of weights as set (0).")
#define KEY_LIQUID(fallback_)                                                                      \
    KEY(liquid_alpha, PARAM_BOOL, NULL, NULL, fallback_,                                           \
        "Let consensus decide how fast bonds adapt, between alpha_low and alpha_high.")
#define KEY_ALPHA_LOW                                                                              \
    KEY(alpha_low, PARAM_FRACTION_U16, NULL, NULL, "45875/65535", "Slowest liquid adaptation.")
#define KEY_ALPHA_HIGH                                                                             \
    KEY(alpha_high, PARAM_FRACTION_U16, NULL, NULL, "58982/65535", "Fastest liquid adaptation.")
#define KEY_STEEPNESS                                                                              \
    KEY(alpha_sigmoid_steepness, PARAM_I32, "-32768", "32767", "1000",                             \
        "Steepness of the liquid alpha's sigmoid, in hundredths; negative ones reverse it.")
#define KEY_YUMA3(fallback_)                                                                       \
    KEY(yuma3, PARAM_BOOL, NULL, NULL, fallback_,                                                  \
        "Bonds on an absolute scale that approach the weights themselves (Yuma 3).")
#define KEY_PATH                                                                                   \
    {                                                                                              \
        "path", PARAM_ENUM, offsetof(struct yuma_params, path), NULL, NULL, "sparse", path_names,  \
            "The chain's production code (sparse) or the one that only its tests run (dense)."     \
    }

static const struct param_key finney_keys[] = {KEY_KAPPA, KEY_AVERAGE, KEY_PATH};

static const struct param_key v2_keys[] = {
    KEY_KAPPA,     KEY_AVERAGE,    KEY_PENALTY, KEY_LIQUID("false"),
    KEY_ALPHA_LOW, KEY_ALPHA_HIGH, KEY_PATH,
};

#define HEAD_KEYS(liquid_, yuma3_)                                                                 \
    {                                                                                              \
        KEY_KAPPA, KEY_AVERAGE, KEY_PENALTY, KEY_LIQUID(liquid_), KEY_ALPHA_LOW, KEY_ALPHA_HIGH,   \
            KEY_STEEPNESS, KEY_YUMA3(yuma3_), KEY_PATH                                             \
    }
static const struct param_key yuma2_keys[] = HEAD_KEYS("false", "false");
static const struct param_key yuma3_keys[] = HEAD_KEYS("false", "true");
static const struct param_key yuma3_liquid_keys[] = HEAD_KEYS("true", "true");

static const struct param_condition v2_conditions[] = {
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
};
static const struct param_condition head_conditions[] = {
    {"liquid_alpha", "yuma3=true"},
    {"alpha_low", "liquid_alpha=true"},
    {"alpha_high", "liquid_alpha=true"},
    {"alpha_sigmoid_steepness", "liquid_alpha=true"},
};

static const struct param_table finney_table =
    PARAM_TABLE("finney", struct yuma_params, finney_keys,
                "The first epoch with median consensus and validator permits (2023-05).");
static const struct param_table v2_table =
    PARAM_TABLE_WHEN("yuma-v2", struct yuma_params, v2_keys, v2_conditions,
                     "The epoch of 2025-04: bond penalty, liquid alpha by quantiles.");
static const struct param_table yuma2_table =
    PARAM_TABLE_WHEN("yuma2", struct yuma_params, yuma2_keys, head_conditions,
                     "The epoch of 2026-06 with relative bonds, the chain's default.");
static const struct param_table yuma3_table =
    PARAM_TABLE_WHEN("yuma3", struct yuma_params, yuma3_keys, head_conditions,
                     "The epoch of 2026-06 with absolute bonds.");
static const struct param_table yuma3_liquid_table =
    PARAM_TABLE_WHEN("yuma3-liquid", struct yuma_params, yuma3_liquid_keys, head_conditions,
                     "The epoch of 2026-06 with absolute bonds and an alpha for each bond.");

static enum sim_status check(const void *params, struct sim_error *err)
{
    const struct yuma_params *p = params;
    if (p->alpha_low > p->alpha_high)
        return SIM_FAIL(err, SIM_CONFIG, "alpha_low (%u/65535) is above alpha_high (%u/65535)",
                        p->alpha_low, p->alpha_high);
    return SIM_OK;
}

static bool is_fused(const void *params, const struct mechanism_input *input, bool traced)
{
    return !traced && yuma_fused_can(params, input);
}

/* A trace needs the intermediates, which only the stepwise epoch has one by one. */
static enum sim_status epoch(enum yuma_version version, const void *params,
                             const struct mechanism_input *input, struct mechanism_output *output,
                             struct mechanism_scratch *scratch, const struct mechanism_trace *trace,
                             struct sim_error *err)
{
    if (is_fused(params, input, trace != NULL))
        return yuma_fused_epoch(version, params, input, output, scratch, err);
    return yuma_stepwise_epoch(version, params, input, output, scratch, trace, err);
}

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    return is_fused(params, input, traced) ? yuma_fused_scratch_bytes(input)
                                           : yuma_stepwise_scratch_bytes(params, input);
}

#define YUMA_FUNCTIONS(name_, version_)                                                            \
    static enum sim_status name_##_epoch(                                                          \
        const void *params, const struct mechanism_input *input, struct mechanism_output *output,  \
        struct mechanism_scratch *scratch, const struct mechanism_trace *trace,                    \
        struct sim_error *err)                                                                     \
    {                                                                                              \
        return epoch(version_, params, input, output, scratch, trace, err);                        \
    }
YUMA_FUNCTIONS(finney, YUMA_FINNEY_2023)
YUMA_FUNCTIONS(v2, YUMA_V2_2025)
YUMA_FUNCTIONS(head, YUMA_HEAD_2026)

enum {
    FIELDS_ALL_VERSIONS = MECHANISM_CONSENSUS | MECHANISM_INCENTIVE | MECHANISM_DIVIDENDS |
                          MECHANISM_VALIDATOR_TRUST | MECHANISM_SERVER_EMISSION |
                          MECHANISM_VALIDATOR_EMISSION | MECHANISM_ACTIVE | MECHANISM_PERMIT,
    FIELDS_UNTIL_2025 = MECHANISM_RANK | MECHANISM_TRUST | MECHANISM_PRUNING_SCORE,
};

#define YUMA_OPS(table_, functions_, fields_, unit_)                                               \
    {                                                                                              \
        .interface_version = MECHANISM_INTERFACE_VERSION, .params = &table_, .weight_one = 65535,  \
        .fraction_one = 65535, .fields = FIELDS_ALL_VERSIONS | (fields_), .bond_unit = (unit_),    \
        .check = check, .scratch_bytes = scratch_bytes, .epoch = functions_##_epoch                \
    }

static const struct mechanism_ops finney_ops =
    YUMA_OPS(finney_table, finney, FIELDS_UNTIL_2025, MECHANISM_BONDS_RELATIVE);
static const struct mechanism_ops v2_ops =
    YUMA_OPS(v2_table, v2, FIELDS_UNTIL_2025 | MECHANISM_STAKE_WEIGHT, MECHANISM_BONDS_RELATIVE);
static const struct mechanism_ops yuma2_ops =
    YUMA_OPS(yuma2_table, head, MECHANISM_STAKE_WEIGHT, MECHANISM_BONDS_RELATIVE);
static const struct mechanism_ops yuma3_ops =
    YUMA_OPS(yuma3_table, head, MECHANISM_STAKE_WEIGHT, MECHANISM_BONDS_ABSOLUTE);
static const struct mechanism_ops yuma3_liquid_ops =
    YUMA_OPS(yuma3_liquid_table, head, MECHANISM_STAKE_WEIGHT, MECHANISM_BONDS_ABSOLUTE);

const struct mechanism_ops *const yuma_mechanisms[] = {&finney_ops, &v2_ops, &yuma2_ops, &yuma3_ops,
                                                       &yuma3_liquid_ops};
const size_t yuma_mechanism_count = sizeof(yuma_mechanisms) / sizeof(yuma_mechanisms[0]);
