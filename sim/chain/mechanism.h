/*
 * mechanism.h: the interface of consensus and incentive code.
 *
 * A mechanism maps what the chain knows at an epoch (stake, weights, bonds, permits, ...) to what
 * it pays and remembers.  It is a pure function: the same input and parameters give the same
 * output, whoever calls it (the chain, a replay, a test vector).  It owns nothing.  All memory
 * that outlives an epoch (bonds, priorities, words of its own) is the chain's, goes in through
 * struct mechanism_input and comes out through struct mechanism_output.
 *
 * How the chain uses it, once an epoch:
 *
 *     struct mechanism_input input = {...};               // pointers into the chain's arrays
 *     status = mechanism_epoch(ops, params, &input, &output, &scratch, NULL, err);
 *     // add output.emission_rao to stakes, keep output.permit, swap output.bonds in, ...
 *
 * `output` and `scratch` are made once (mechanism_output_create, {0}) and used again.
 *
 * Shapes: n = input.neuron_count; every per-uid array has n elements and index = uid.
 * Sparse matrices are compressed rows: row i is entries start[i] .. start[i+1]-1.
 * Amounts are RAO in uint64; blocks are uint64; fractions are uint64 with 1.0 written as the
 * mechanism's `fraction_one`.
 */
#ifndef CHAIN_MECHANISM_H
#define CHAIN_MECHANISM_H

#include "base/error.h"
#include "base/param.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever a struct below changes; a plug-in built for another number is refused. */
#define MECHANISM_INTERFACE_VERSION 2u

/* No such uid, and no such block. */
#define MECHANISM_NO_UID UINT32_MAX
#define MECHANISM_NO_BLOCK UINT64_MAX

/* ------------------------------------------------------------------------------- sparse rows */

/* What validators have set: row = the one who rates, column = the one who is rated.  Read-only.
 * A column stands at most once in a row; ascending columns are fastest but any order gives the
 * chain's result.  Columns >= n (uids that no longer exist) are allowed and ignored.  An entry of
 * value 0 is not the same as no entry. */
struct mechanism_weights {
    const uint64_t *start;  /* (n + 1) */
    const uint32_t *column; /* (start[n]) */
    const uint32_t *value;  /* (start[n]) 0..ops->weight_one */
};

/* Bonds as they come in: same layout and rules, other values. */
struct mechanism_bonds {
    const uint64_t *start;  /* (n + 1) */
    const uint32_t *column; /* (start[n]) */
    const uint64_t *value;  /* (start[n]) in ops->bond_unit */
};

/* Bonds as they go out: owned memory that grows.  A mechanism reserves the most entries that it
 * may write and then fills start[0..n], column and value. */
struct mechanism_bonds_out {
    uint64_t *start;   /* (n + 1), start[0] = 0 */
    uint32_t *column;  /* (capacity) ascending within a row */
    uint64_t *value;   /* (capacity) in ops->bond_unit */
    uint64_t capacity; /* entries that fit */
};

/* What one unit of a stored bond means; migrate translates from one to another. */
enum mechanism_bond_unit {
    MECHANISM_BONDS_NONE,     /* keeps no bonds: rows come out empty */
    MECHANISM_BONDS_RELATIVE, /* 0..65535, a column's largest entry is 65535 (finney, yuma 2) */
    MECHANISM_BONDS_ABSOLUTE, /* 0..65535, 65535 = a full bond (yuma 3) */
    MECHANISM_BONDS_RAO,      /* RAO spent on the bond (nakamoto) */
    MECHANISM_BONDS_F64       /* the bits of a double (research variants) */
};

/* --------------------------------------------------------------------------------------- input */

/* Network-wide values that belong to the chain because the chain itself acts on them (permissions,
 * pruning, schedule); every mechanism may read them.  What only a mechanism reads (kappa, rho,
 * bond averages, liquid alpha, ...) is in that mechanism's own parameter table. */
struct mechanism_rules {
    uint64_t tempo_blocks;           /* blocks between epochs */
    uint64_t activity_cutoff_blocks; /* silence after which a uid counts as inactive */
    uint32_t max_validators;         /* permits that an epoch hands out */
    uint64_t stake_threshold_rao;    /* less stake than this counts as none (0: off) */
};

/* Facts that no chain can know, measured by the simulator at the instant of the epoch; for
 * reference payers and experiments only.  A mechanism that declares a need gets that array; those
 * that it did not ask for may be NULL.  Whoever asks for more than dice is marked in results and
 * reports. Numbers are finite; a slot without a neuron, or what does not apply to it, is 0 (solve
 * times: INT64_MAX). */
struct mechanism_outside {
    const double *true_value;      /* (n) what the neuron's model is worth, >= 0 */
    const double *benchmark_score; /* (n) score in a fixed public test, >= 0 */
    const int64_t *solve_time_ns;  /* (n) time to solve this epoch's puzzle; INT64_MAX: unsolved */
    const double *hashes;          /* (n) hashes that it can have done since the last epoch, >= 0 */
    const double *operations;      /* (n) operations done for questions and training since, >= 0 */
    const uint32_t *clones;    /* (n) uids behind which the same model stands, itself included */
    const uint8_t *accomplice; /* (n) 1: of those who would profit if the payer were corrupt */
    /* (n) A random word for each, keyed by the neuron's stable name and the epoch, never by the
     * uid. Where one is too few it is the seed of a stream of base/stream.h (STREAM_MECHANISM). */
    const uint64_t *dice;
    uint64_t network_dice; /* one random word for the epoch */
};

/* What the chain knows at an epoch.  Read-only; nothing is kept beyond the call.  Optional arrays
 * may be NULL where it is said. */
struct mechanism_input {
    uint32_t neuron_count; /* n >= 1 */
    uint64_t block;        /* the block that runs the epoch */
    /* Block of the previous epoch of this network; 0: none yet. */
    uint64_t last_step_block;
    uint64_t emission_rao; /* to be paid out at most */
    struct mechanism_rules rules;
    uint32_t owner_uid; /* of the network's owner, or MECHANISM_NO_UID */

    const uint64_t *stake_rao;             /* (n) stake that votes */
    const uint64_t *stake_fraction;        /* (n) more of it, in 2^-64 rao; NULL: whole rao only */
    const uint64_t *last_update;           /* (n) block of the last set weights (or commit) */
    const uint64_t *block_at_registration; /* (n) */
    const uint8_t *permit;                 /* (n) 1: may validate, from the previous epoch */
    /* (n) earliest block of a weight commit not yet revealed, MECHANISM_NO_BLOCK: none;
     * NULL: commit-reveal is off. */
    const uint64_t *earliest_commit_block;
    /* (n) 1: the slot changed hands since the last epoch, and bonds of others in it are void;
     * NULL: none. Read by nakamoto; later chains compare blocks of registration instead. */
    const uint8_t *pruned;
    struct mechanism_weights weights;
    struct mechanism_bonds bonds;
    /* (n) queue priority of a uid's transactions; the chain zeroes it when one is used.  NULL: all
     * zero. */
    const uint64_t *priority;
    /* (n, ops->memory_words) words of the mechanism's own, row = uid.  The chain zeroes a row when
     * its slot changes hands and otherwise only carries it.  NULL when memory_words is 0. */
    const uint64_t *memory;
    const struct mechanism_outside *outside; /* NULL unless ops->needs asks for something in it */
};

/* -------------------------------------------------------------------------------------- output */

/* The per-uid arrays of an output; ops->fields says which a mechanism computes, the others are
 * zero. */
enum mechanism_field {
    MECHANISM_STAKE_WEIGHT = 1 << 0,
    MECHANISM_RANK = 1 << 1,
    MECHANISM_TRUST = 1 << 2,
    MECHANISM_CONSENSUS = 1 << 3,
    MECHANISM_INCENTIVE = 1 << 4,
    MECHANISM_DIVIDENDS = 1 << 5,
    MECHANISM_VALIDATOR_TRUST = 1 << 6,
    MECHANISM_PRUNING_SCORE = 1 << 7, /* the lowest is evicted first */
    MECHANISM_SERVER_EMISSION = 1 << 8,
    MECHANISM_VALIDATOR_EMISSION = 1 << 9,
    MECHANISM_ACTIVE = 1 << 10,
    MECHANISM_PERMIT = 1 << 11,      /* otherwise the old permits come back unchanged */
    MECHANISM_PRIORITY = 1 << 12,    /* otherwise the old priorities come back unchanged */
    MECHANISM_STAKE_CHANGE = 1 << 13 /* a mechanism that takes; otherwise all zero */
};

/* Everything an epoch gives back.  Owned by the caller; every array is written in full by
 * mechanism_epoch, so nothing of an earlier epoch shows through. */
struct mechanism_output {
    uint32_t neuron_count; /* arrays hold this many */
    uint32_t memory_words; /* a row of `memory` */

    /* Fractions in 0..ops->fraction_one. */
    uint64_t *stake_weight;
    uint64_t *rank;
    uint64_t *trust;
    uint64_t *consensus;
    uint64_t *incentive;
    uint64_t *dividends;
    uint64_t *validator_trust;
    uint64_t *pruning_score;

    /* Amounts.  emission_rao is what is paid; server and validator are its parts as the mechanism
     * defines them (their sum may fall short of it, or exceed it, by one rao of truncation). */
    uint64_t *emission_rao;
    uint64_t *server_emission_rao;
    uint64_t *validator_emission_rao;
    /* Signed, on top of emission_rao: taken (< 0) or given (> 0). */
    int64_t *stake_change_rao;

    uint8_t *active;
    uint8_t *permit;
    uint64_t *priority;
    uint64_t *memory; /* (n, memory_words); NULL when there is none */
    struct mechanism_bonds_out bonds;

    void *block; /* what the arrays above point into */
};

/* Arrays for n uids and rows of `memory_words`.  The caller owns *ret_output and gives it back
 * with mechanism_output_free(). */
SIM_CHECKED enum sim_status mechanism_output_create(uint32_t neuron_count, uint32_t memory_words,
                                                    struct mechanism_output **ret_output,
                                                    struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct mechanism_output *mechanism_output_free(struct mechanism_output *output);

/* Room for `count` entries in all; what is there is not kept.  SIM_MEMORY when there is none. */
SIM_CHECKED enum sim_status mechanism_bonds_reserve(struct mechanism_bonds_out *bonds,
                                                    uint64_t count, struct sim_error *err);

/* ------------------------------------------------------------------------------------- scratch */

/* Working memory of one epoch, from ops->scratch_bytes(); start it as {0} and keep it between
 * epochs to save the allocation.  Its contents mean nothing from one epoch to the next. */
struct mechanism_scratch {
    unsigned char *bytes;
    size_t size_bytes;
    size_t used_bytes;
};

void mechanism_scratch_release(struct mechanism_scratch *scratch);

/* The next `count` elements of `element_bytes`, 64-byte aligned, contents undefined.  Taking more
 * than scratch_bytes() announced is a bug.  Never NULL. */
void *mechanism_scratch_take(struct mechanism_scratch *scratch, size_t count, size_t element_bytes);
/* The same, zeroed. */
void *mechanism_scratch_zero(struct mechanism_scratch *scratch, size_t count, size_t element_bytes);
/* What a take costs: for writing scratch_bytes() as a sum of them. */
size_t mechanism_scratch_cost(size_t count, size_t element_bytes);

/* --------------------------------------------------------------------------------------- trace */

/* Where an epoch's raw intermediates go, for tests and teaching.  The same code runs with and
 * without a trace; with NULL nothing is emitted and no number differs.  Values are raw fixed-point
 * bits; `label` is the name that the traced chain code uses for the intermediate. */
struct mechanism_trace {
    void *context;
    /* A vector, or one number (count 1). */
    void (*vector)(void *context, const char *label, uint32_t count, const int64_t *value);
    /* One element of a vector of 128-bit numbers: low and high word. */
    void (*wide)(void *context, const char *label, uint32_t index, uint32_t count,
                 const uint64_t value[2]);
    /* One row of a matrix, sparse (columns given) or dense (columns NULL); rows of a label come
     * in ascending order, each once. */
    void (*row)(void *context, const char *label, uint32_t row, uint32_t count,
                const uint32_t *column, const int64_t *value);
};

/* ----------------------------------------------------------------------------------- operations */

/* The arrays of struct mechanism_outside that a mechanism cannot work without: one bit each, in the
 * order of the struct, so that `dice` and `network_dice` share the last one. */
enum mechanism_need {
    MECHANISM_NEEDS_TRUE_VALUE = 1 << 0,
    MECHANISM_NEEDS_BENCHMARK = 1 << 1,
    MECHANISM_NEEDS_SOLVE_TIME = 1 << 2,
    MECHANISM_NEEDS_HASHES = 1 << 3,
    MECHANISM_NEEDS_OPERATIONS = 1 << 4,
    MECHANISM_NEEDS_CLONES = 1 << 5,
    MECHANISM_NEEDS_ACCOMPLICES = 1 << 6,
    MECHANISM_NEEDS_DICE = 1 << 7,
    /* Dice are chance, which a chain can have; the others are facts that it cannot. */
    MECHANISM_NEEDS_FACTS = MECHANISM_NEEDS_DICE - 1
};

/* The facts among `needs` by name, "true_value, clones"; "" for none (dice are no fact). */
enum { MECHANISM_NEEDS_BYTES = 128 };
void mechanism_needs_text(uint32_t needs, char ret_text[MECHANISM_NEEDS_BYTES]);

/* One mechanism.  Constant data; `params` below is the struct that ops->params describes, filled
 * by the scenario reader or by hand. */
struct mechanism_ops {
    uint32_t interface_version;       /* MECHANISM_INTERFACE_VERSION */
    const struct param_table *params; /* its name is the mechanism's, as in YAML */
    uint32_t needs;                   /* enum mechanism_need, or-ed */
    uint32_t fields;                  /* enum mechanism_field, or-ed */
    uint32_t weight_one;   /* full weight: 65535 or 2^32-1; the chain stores weights so */
    uint64_t fraction_one; /* 1.0 in the output: 65535 or 2^64-1 */
    uint32_t memory_words; /* own words a uid; 0: none */
    enum mechanism_bond_unit bond_unit;

    /* Checks what a table cannot say (relations between parameters).  NULL: nothing to check. */
    enum sim_status (*check)(const void *params, struct sim_error *err);

    /* Upper bound of what epoch() takes from its scratch for this input, with a trace or without.
     */
    size_t (*scratch_bytes)(const void *params, const struct mechanism_input *input, bool traced);

    /* The epoch.  Pure.  Writes the fields it declares and the bonds (start[] included); the rest
     * of `output` has been set by mechanism_epoch().  `trace` may be NULL. */
    enum sim_status (*epoch)(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err);

    /* Takes over the memory that `from` left: writes output->bonds and output->memory in this
     * mechanism's units.  NULL: mechanism_migrate() translates bonds by their units and zeroes the
     * words. */
    enum sim_status (*migrate)(const void *params, const struct mechanism_ops *from,
                               const struct mechanism_input *input, struct mechanism_output *output,
                               struct sim_error *err);
};

/* Runs one epoch: grows the scratch, sets the output to its defaults (zero; permits and priorities
 * as they were; empty bonds), calls ops->epoch and checks the result (mechanism_check_output).
 * Everybody calls this and nothing else.  `output` must have been created for this n and
 * ops->memory_words.  SIM_CONFIG (input->outside lacks what ops->needs asks for), SIM_MEMORY,
 * SIM_NUMERIC (a result that breaks conservation), or what the mechanism returns; `output` is then
 * undefined. */
SIM_CHECKED enum sim_status mechanism_epoch(const struct mechanism_ops *ops, const void *params,
                                            const struct mechanism_input *input,
                                            struct mechanism_output *output,
                                            struct mechanism_scratch *scratch,
                                            const struct mechanism_trace *trace,
                                            struct sim_error *err);

/* The one conservation check:
 *   sum(emission_rao) + sum(stake_change_rao) <= input->emission_rao, in 128 bits;
 *   stake_change_rao[i] is 0 unless the mechanism declares that it takes, and
 *   stake_rao[i] + emission_rao[i] + stake_change_rao[i] lies in 0..2^64-1 (the last for those
 *   that take; a plain payer's overflow is the ledger's to refuse);
 *   fractions <= fraction_one; bond rows well formed, columns ascending and < n.
 * SIM_NUMERIC with the uid and the numbers otherwise. */
SIM_CHECKED enum sim_status mechanism_check_output(const struct mechanism_ops *ops,
                                                   const struct mechanism_input *input,
                                                   const struct mechanism_output *output,
                                                   struct sim_error *err);

/* Hands the memory that `from` left in `input` (bonds, words) to `to`: output->bonds and
 * output->memory are then what `to` continues with.  Bonds of the same unit are copied; relative
 * and absolute u16 bonds keep their value; RAO and doubles become u16 by dividing each column by
 * its largest entry; u16 becomes value/65535 of input->emission_rao, which is what a full bond
 * converges to in nakamoto, or value/65535 as a double.  To a mechanism without bonds: empty rows.
 * Words are copied when from == to and zeroed otherwise.  `output` as for an epoch of `to`. */
SIM_CHECKED enum sim_status mechanism_migrate(const struct mechanism_ops *to, const void *params,
                                              const struct mechanism_ops *from,
                                              const struct mechanism_input *input,
                                              struct mechanism_output *output,
                                              struct sim_error *err);

/* A stored weight when the mechanism, and with it the scale, changes: value * to / from, floor. */
static inline uint32_t mechanism_rescale_weight(uint32_t value, uint32_t from_one, uint32_t to_one)
{
    return (uint32_t)((uint64_t)value * to_one / from_one);
}

#endif
