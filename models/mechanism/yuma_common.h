/*
 * yuma_common.h: the parts of an epoch that are one number a uid, shared by both implementations:
 * who is active, how stake becomes a share, who gets permits, and how shares become amounts.
 */
#ifndef MECHANISM_YUMA_COMMON_H
#define MECHANISM_YUMA_COMMON_H

#include "base/fixed.h"
#include "mechanism/yuma.h"

/* One epoch's vectors (n); I32F32 unless said.  In scratch. */
struct yuma_vectors {
    uint32_t n;
    bool sparse;         /* the production path */
    uint32_t owner_uid;  /* MECHANISM_NO_UID where this version and path ignore the owner */
    uint8_t *inactive;   /* 1: silent for longer than the cutoff */
    uint8_t *old_permit; /* as the epoch sees them */
    uint8_t *new_permit;
    int64_t *stake;        /* S, share of all stake */
    int64_t *active_stake; /* A, share among those who vote */
    int64_t *median_stake; /* A's positive part, normalised once more */
    int64_t *consensus;    /* C */
    int64_t *rank;         /* R = I */
    int64_t *trust;        /* servers' trust, until 2025 */
    int64_t *validator_trust;
    int64_t *dividends;
    int64_t *server, *validator, *combined; /* normalised emission */
};

size_t yuma_vectors_cost(uint32_t neuron_count);
void yuma_vectors_take(struct yuma_vectors *v, uint32_t neuron_count,
                       struct mechanism_scratch *scratch);

/* inactive, permits, stake, active_stake, median_stake.  `trace` may be NULL. */
void yuma_begin(enum yuma_version version, const struct yuma_params *params,
                const struct mechanism_input *input, struct yuma_vectors *v,
                struct mechanism_scratch *scratch, const struct mechanism_trace *trace);

/* From rank and dividends to emission, in fractions and in rao. */
void yuma_emit(enum yuma_version version, const struct mechanism_input *input,
               struct yuma_vectors *v, struct mechanism_output *output,
               const struct mechanism_trace *trace);

/* All u16 outputs, flags and permits. */
void yuma_store(enum yuma_version version, const struct yuma_vectors *v,
                struct mechanism_output *output, struct mechanism_scratch *scratch);

/* What becomes of uid's stored bonds. */
enum yuma_bond_fate { YUMA_BONDS_WRITE, YUMA_BONDS_CLEAR, YUMA_BONDS_KEEP };
enum yuma_bond_fate yuma_bond_fate(enum yuma_version version, const struct yuma_vectors *v,
                                   uint32_t uid);
/* Copies uid's old row to entry *count and on, ascending, without columns >= n. */
void yuma_keep_bonds(const struct mechanism_input *input, uint32_t uid,
                     struct mechanism_bonds_out *bonds, uint64_t *count);

/* Block after which a registration voids the bonds of others in a uid: drop b_ij if
 * yuma_last_tempo() <= block_at_registration_j.  Not used by finney. */
uint64_t yuma_last_tempo(enum yuma_version version, const struct mechanism_input *input);

/* Weight of fresh bonds. */
static inline int64_t yuma_bonds_alpha(const struct yuma_params *params)
{
    return fixed_sub(FIXED_ONE, fixed_from_ppm(params->bonds_moving_average));
}

/* Alphas a column of liquid alpha v1; false: not in use, *ret_alpha untouched.  `sorted` (n) is
 * working memory. */
bool yuma_v2_alphas(const struct yuma_params *params, const int64_t *consensus, uint32_t n,
                    int64_t *sorted, int64_t *ret_alpha, const struct mechanism_trace *trace);

bool yuma_any_nonzero(const int64_t *x, uint32_t n);

static inline void yuma_trace_vector(const struct mechanism_trace *trace, const char *label,
                                     uint32_t count, const int64_t *value)
{
    if (trace != NULL)
        trace->vector(trace->context, label, count, value);
}

#endif
