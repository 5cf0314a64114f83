/*
 * yumasim.h: the research variants of Yuma consensus, in floating point.
 *
 * Researchers tried changes of the consensus in a simulator of a few validators and servers before
 * the chain took some of them over.  Three generations of that simulator use the same names for
 * different algorithms, so a variant's name begins with its generation:
 *
 *   a   DarnoX-reef/yuma-simulation d907b6d (2024-12-26)
 *   b   bactensor/yuma-simulation 2b976fd (2025-06-05)
 *   c   bactensor/interactive-yuma-simulator 6d7726e (2025-07-21)
 *
 * yumasim_step() is one epoch of any of them on validators x servers; the mechanisms of
 * yumasim_mechanisms[] call it on a network's uids.  docs/mechanisms/yumasim.md has the formulas.
 */
#ifndef MECHANISM_YUMASIM_H
#define MECHANISM_YUMASIM_H

#include "chain/mechanism.h"

/* -------------------------------------------------------------------------------- the variants */

/* What a bond is. */
enum yumasim_bond {
    YUMASIM_SHARE,    /* of a server's column, stake counted in */
    YUMASIM_CAPACITY, /* an amount of at most the validator's share of stake, bought and decaying */
    YUMASIM_RELATIVE  /* 0..1 of the validator's own, stake counted when it pays */
};

enum yumasim_liquid { YUMASIM_LIQUID_BY_SERVER, YUMASIM_LIQUID_BY_PAIR };

/* Whether a bond can be reset by schedule. */
enum yumasim_reset { YUMASIM_RESET_NEVER, YUMASIM_RESET_ALWAYS, YUMASIM_RESET_IF_SILENT };

/* Where one variant differs from another. */
struct yumasim_variant {
    enum yumasim_bond bond;
    enum yumasim_liquid liquid;
    enum yumasim_reset reset;
    bool clipped_only;       /* shares follow clipped weights whatever the penalty */
    bool guarded_share;      /* a share's divisor is the column's sum + epsilon */
    bool lagged;             /* shares and ranks use the epoch's weights one epoch late */
    bool forgets;            /* without liquid alpha nothing of the old bonds remains */
    bool normalizes_old;     /* columns of the old bonds / (sum + epsilon) before the average */
    bool normalizes_new;     /* columns of the new ones after it */
    bool normalizes_paid;    /* columns only where they pay; the stored bonds stay as they are */
    bool penalized;          /* relative bonds buy by weights clipped by the penalty */
    bool has_consensus_mode; /* liquid alpha may look at the previous consensus */
};

enum yumasim_search { YUMASIM_BISECTION, YUMASIM_SORT };
enum yumasim_mode { YUMASIM_CURRENT, YUMASIM_PREVIOUS, YUMASIM_MIXED };
enum yumasim_precision { YUMASIM_DOUBLE, YUMASIM_SINGLE };
enum yumasim_no_consensus { YUMASIM_NOTHING, YUMASIM_INT_MIN };
enum yumasim_unreached { YUMASIM_SMALLEST, YUMASIM_LARGEST };

/* One struct for all variants; a variant's table lists the keys that it reads. */
struct yumasim_params {
    double kappa;                 /* stake that must support a weight */
    double bond_penalty;          /* beta: 0 weights as set, 1 weights clipped by consensus */
    double bond_alpha;            /* weight of the new bond (generation a) */
    double bond_moving_avg;       /* weight of the old bond (generations b, c) */
    double alpha_low, alpha_high; /* bounds of the liquid alpha */
    double alpha_sigmoid_steepness;
    double decay_rate, capacity_alpha; /* of bonds that are bought */
    double validator_share;            /* part of the emission that dividends share out */
    uint32_t consensus_precision;      /* bisection stops at 1 / this */
    uint32_t reset_uid, reset_epoch;   /* MECHANISM_NO_UID: no reset */
    bool liquid_alpha;
    bool liquid_alpha_effective_weights;
    bool winner_takes_all;
    int consensus_search; /* enum yumasim_search, ... */
    int liquid_alpha_consensus_mode;
    int precision;
    int no_consensus;
    int unreached_consensus;
};

extern const struct mechanism_ops *const yumasim_mechanisms[];
extern const size_t yumasim_mechanism_count;

/* NULL where `ops` is none of them. */
const struct yumasim_variant *yumasim_variant_of(const struct mechanism_ops *ops);

/* ----------------------------------------------------------------------------------- one epoch */

/* Compressed rows, row = validator, column = server, ascending, each once; absent entries are 0. */
struct yumasim_rows {
    const uint64_t *start;  /* (validator_count + 1) */
    const uint32_t *column; /* (start[validator_count]) 0..server_count-1 */
    const double *value;
};

/* V = validator_count, M = server_count. */
struct yumasim_input {
    uint32_t validator_count, server_count;
    const double *stake;             /* (V) >= 0, any scale */
    struct yumasim_rows weights;     /* (V, M) as set, >= 0 */
    struct yumasim_rows bonds;       /* (V, M) state after the epoch before; start NULL: none yet */
    struct yumasim_rows old_weights; /* (V, M) of the epoch before; start NULL: none yet */
    const double *old_consensus;     /* (M) of the epoch before; NULL: none yet */
    uint32_t reset_server;           /* whose bonds are reset now; MECHANISM_NO_UID: nobody's */
};

/* Arrays are the caller's. */
struct yumasim_output {
    double *consensus, *rank, *incentive, *trust; /* (M) */
    double *validator_trust, *dividends;          /* (V); dividends sum to one, less an epsilon */
    uint64_t *bond_start;                         /* (V + 1) */
    uint32_t *bond_column;                        /* (yumasim_bond_room) */
    double *bond;                                 /* capacities in units of all stake */
    double *alpha; /* (V, M) weight of the new bond; NULL: unwanted */
};

/* What memory a step takes. */
struct yumasim_size {
    uint32_t validators, servers;
    uint64_t weights, bonds, old_weights; /* entries */
};
struct yumasim_size yumasim_size_of(const struct yumasim_input *in);
/* Most entries that the new bonds can have. */
uint64_t yumasim_bond_room(const struct yumasim_params *params, const struct yumasim_size *size);
size_t yumasim_scratch_bytes(const struct yumasim_params *params, const struct yumasim_size *size);
/* One epoch.  Pure; O(V M). */
void yumasim_step(const struct yumasim_variant *variant, const struct yumasim_params *params,
                  const struct yumasim_input *in, struct yumasim_output *out,
                  struct mechanism_scratch *scratch);

#endif
