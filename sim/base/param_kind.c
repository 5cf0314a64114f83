#include "base/param_kind.h"

#include "base/dist.h"
#include "base/error.h"
#include "base/param_text.h"

#include <string.h>

static const double NATS_PER_BIT = 0.69314718055994530942;

/* Smallest first. */
static const struct param_unit duration_units[] = {
    {"ns", 1, 0, 1, true},
    {"us", 1000, 0, 1, true},
    {"ms", 1000000, 0, 1, true},
    {"s", 1000000000, 0, 1, true},
    {"min", UINT64_C(60000000000), 0, 1, true},
    {"h", UINT64_C(3600000000000), 0, 1, true},
    {"d", UINT64_C(86400000000000), 0, 1, true},
    {0},
};
static const struct param_unit block_units[] = {
    {"blocks", 1, 0, 1, true}, {"block", 1, 0, 1, false}, {0}};
static const struct param_unit amount_units[] = {
    {"rao", 1, 0, 1, true}, {"TAO", 1000000000, 0, 1, true}, {0}};
static const struct param_unit size_units[] = {
    {"B", 1, 0, 1, true},         {"kB", 1000, 0, 1, true},
    {"KiB", 1024, 0, 1, true},    {"MB", 1000000, 0, 1, true},
    {"MiB", 1 << 20, 0, 1, true}, {"GB", 1000000000, 0, 1, true},
    {"GiB", 1 << 30, 0, 1, true}, {0},
};
static const struct param_unit rate_units[] = {
    {"bit/s", 0, 0, 0.125, true},  {"kbit/s", 0, 3, 0.125, true},
    {"Mbit/s", 0, 6, 0.125, true}, {"Gbit/s", 0, 9, 0.125, true},
    {"B/s", 0, 0, 1, false},       {"kB/s", 0, 3, 1, false},
    {"MB/s", 0, 6, 1, false},      {0},
};
static const struct param_unit flops_units[] = {
    {"FLOP/s", 0, 0, 1, true},  {"kFLOP/s", 0, 3, 1, true},  {"MFLOP/s", 0, 6, 1, true},
    {"GFLOP/s", 0, 9, 1, true}, {"TFLOP/s", 0, 12, 1, true}, {0},
};
static const struct param_unit hash_units[] = {
    {"H/s", 0, 0, 1, true},  {"kH/s", 0, 3, 1, true},  {"MH/s", 0, 6, 1, true},
    {"GH/s", 0, 9, 1, true}, {"TH/s", 0, 12, 1, true}, {0},
};
static const struct param_unit power_units[] = {{"W", 0, 0, 1, true}, {"kW", 0, 3, 1, true}, {0}};
static const struct param_unit nats_units[] = {
    {"nats", 0, 0, 1, true}, {"bits", 0, 0, NATS_PER_BIT, false}, {0}};

static const struct param_kind_info kinds[] = {
    [PARAM_BOOL] = {PARAM_FAMILY_WORD, sizeof(bool), 0, false, NULL, NULL, "true"},
    [PARAM_U32] = {PARAM_FAMILY_WHOLE, sizeof(uint32_t), UINT32_MAX, false, NULL, NULL, "12"},
    [PARAM_U64] = {PARAM_FAMILY_WHOLE, sizeof(uint64_t), UINT64_MAX, false, NULL, NULL, "12"},
    [PARAM_I32] = {PARAM_FAMILY_WHOLE, sizeof(int32_t), INT32_MAX, true, NULL, NULL, "12"},
    [PARAM_REAL] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, NULL, NULL, "0.5"},
    [PARAM_ENUM] = {PARAM_FAMILY_WORD, sizeof(int), 0, false, NULL, NULL, NULL},
    [PARAM_STRING] = {PARAM_FAMILY_WORD, sizeof(const char *), 0, false, NULL, NULL, "text"},
    [PARAM_DURATION_NS] = {PARAM_FAMILY_WHOLE, sizeof(int64_t), INT64_MAX, true, duration_units,
                           "ns us ms s min h d", "50 ms"},
    [PARAM_BLOCKS] = {PARAM_FAMILY_WHOLE, sizeof(uint64_t), UINT64_MAX, false, block_units,
                      "blocks", "100 blocks"},
    [PARAM_AMOUNT_RAO] = {PARAM_FAMILY_WHOLE, sizeof(uint64_t), UINT64_MAX, false, amount_units,
                          "rao TAO", "1.5 TAO"},
    [PARAM_SIZE_BYTES] = {PARAM_FAMILY_WHOLE, sizeof(uint64_t), UINT64_MAX, false, size_units,
                          "B kB KiB MB MiB GB GiB", "64 KiB"},
    [PARAM_RATE_BYTES] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, rate_units,
                          "bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s", "10 Mbit/s"},
    [PARAM_FLOPS] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, flops_units,
                     "FLOP/s kFLOP/s MFLOP/s GFLOP/s TFLOP/s", "1.5 TFLOP/s"},
    [PARAM_HASH_RATE] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, hash_units,
                         "H/s kH/s MH/s GH/s TH/s", "400 MH/s"},
    [PARAM_POWER_W] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, power_units, "W kW", "300 W"},
    [PARAM_FRACTION_U16] = {PARAM_FAMILY_FRACTION, sizeof(uint16_t), UINT16_MAX, false, NULL, NULL,
                            "0.5"},
    [PARAM_NATS] = {PARAM_FAMILY_REAL, sizeof(double), 0, true, nats_units, "nats bits",
                    "0.1 nats"},
    [PARAM_STRING_LIST] = {PARAM_FAMILY_WORD, sizeof(struct param_strings), 0, false, NULL, NULL,
                           "[text]"},
};

const struct param_kind_info *param_kind_info(unsigned kind)
{
    unsigned plain = kind & PARAM_KIND_MASK;
    SIM_ASSERT(plain < sizeof(kinds) / sizeof(kinds[0]));
    return &kinds[plain];
}

size_t param_field_bytes(unsigned kind)
{
    return (kind & PARAM_DIST_FLAG) != 0 ? sizeof(struct dist) : param_kind_info(kind)->field_bytes;
}

const char *param_unit_names(unsigned kind)
{
    return param_kind_info(kind)->unit_names;
}

const char *param_example(unsigned kind)
{
    return param_kind_info(kind)->example;
}

union param_field param_load(unsigned kind, const void *field)
{
    union param_field value = {0};
    memcpy(&value, field, param_kind_info(kind)->field_bytes);
    return value;
}
