/* config_fixture.h: a schema like the product's, with tables of its own, for tests of sim/config.
 */
#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

#include "base/dist.h"
#include "config/config.h"

struct fixture_root {
    const char *name, *question, *cost;
    uint64_t seed;
    int64_t until_ns;
};

struct fixture_chain {
    uint64_t tempo_blocks, burn_rao;
    uint32_t max_uids;
    uint16_t kappa;
    int solver;
    uint32_t search_threads;
};

struct fixture_yuma {
    uint16_t alpha_low, alpha_high;
    bool liquid;
};

struct fixture_net {
    int sharing;
    double loss, backbone_bytes_per_s;
    int64_t timeout_ns;
    struct dist jitter_ns;
};

struct fixture_group {
    uint32_t count;
    struct dist stake_rao, batch;
    struct param_strings domains;
};

struct fixture_gru {
    uint32_t embedding, hidden;
    double learning_rate;
};

struct fixture_sybil {
    double budget_hash_per_s;
    int32_t bias;
};

struct fixture_host {
    struct dist flops, up_bytes_per_s;
    double power_w, hash_per_s;
    uint64_t memory_bytes;
};

struct fixture_faults {
    int64_t mtbf_ns;
};

struct fixture_record {
    const char *every;
    struct param_strings tables;
    double floor_nats;
    uint32_t sample, words;
};

extern const struct config_schema fixture_schema;

#endif
