/*
 * baselines.h: simple ways to pay, to hold the chain's against.
 *
 * stake, pow, lottery, race, volunteer, proportional, eigentrust and slash are what somebody would
 * try first, or what another field does; oracle, central and benchmark pay by facts that no chain
 * knows and mark where the others could get at best.  docs/mechanisms/baselines.md and payers.md
 * have the formulas and sources.
 */
#ifndef MECHANISM_BASELINES_H
#define MECHANISM_BASELINES_H

#include "chain/mechanism.h"

struct stake_params {
    bool active_only;
};
extern const struct mechanism_ops stake_mechanism;

enum pow_work_kind { POW_WORK_HASHES, POW_WORK_OPERATIONS };
enum pow_pay { POW_PAY_BLOCKS, POW_PAY_SHARES };
struct pow_params {
    int work; /* enum pow_work_kind */
    int pay;  /* enum pow_pay */
};
extern const struct mechanism_ops pow_mechanism;

struct lottery_params {
    uint16_t validator_share;
    uint32_t draws;
};
extern const struct mechanism_ops lottery_mechanism;

struct race_params {
    uint32_t winners;
};
extern const struct mechanism_ops race_mechanism;

extern const struct mechanism_ops volunteer_mechanism;

struct proportional_params {
    uint16_t validator_share;
};
extern const struct mechanism_ops proportional_mechanism;

enum eigentrust_pretrusted { EIGENTRUST_STAKE, EIGENTRUST_UNIFORM };
struct eigentrust_params {
    uint16_t restart;
    int pretrusted; /* enum eigentrust_pretrusted */
    double tolerance;
    uint32_t max_iterations;
};
extern const struct mechanism_ops eigentrust_mechanism;

enum slash_taken { SLASH_BURNED, SLASH_GIVEN };
struct slash_params {
    uint16_t validator_share, threshold, rate;
    uint64_t grace_blocks;
    int taken; /* enum slash_taken */
};
extern const struct mechanism_ops slash_mechanism;

struct oracle_params {
    double power;
    bool split_clones;
};
extern const struct mechanism_ops oracle_mechanism;

struct central_params {
    double corruption, noise, power;
    uint16_t skim;
};
extern const struct mechanism_ops central_mechanism;

struct benchmark_params {
    double power;
};
extern const struct mechanism_ops benchmark_mechanism;

/* All of them. */
extern const struct mechanism_ops *const baselines_all[];
extern const size_t baselines_count;

#endif
