/*
 * shares.h: what the baselines have in common: who votes, what the votes add up to, and how a pool
 * is shared out.
 *
 * Everything is summed in integers, so that no sum depends on the order of uids; a part is cut
 * down, never rounded up, so that no pool is overdrawn.  What cutting leaves is never minted: less
 * than one rao for each uid and pool.
 */
#ifndef MECHANISM_SHARES_H
#define MECHANISM_SHARES_H

#include "chain/mechanism.h"

/* 1.0 of a share: the stakes of all who vote, together. */
#define SHARES_ONE (UINT64_C(1) << 62)

/* What every baseline writes: see shares_finish(). */
enum {
    SHARES_FIELDS = MECHANISM_RANK | MECHANISM_INCENTIVE | MECHANISM_DIVIDENDS |
                    MECHANISM_SERVER_EMISSION | MECHANISM_VALIDATOR_EMISSION | MECHANISM_ACTIVE |
                    MECHANISM_PRUNING_SCORE
};

/* Whether the uid has set weights recently enough to count. */
bool shares_is_active(const struct mechanism_input *input, uint32_t uid);
/* Its stake; 0 where it is below the network's threshold. */
uint64_t shares_stake_rao(const struct mechanism_input *input, uint32_t uid);

/* value x SHARES_ONE / sum for each, cut down; all 0 where the sum is 0. */
void shares_normalise(const uint64_t *value, uint32_t n, uint64_t *ret_share);
/* The same with 1.0 = 2^64 - 1, as outputs are written. */
void shares_store(const uint64_t *value, uint32_t n, uint64_t *ret_fraction);
/* Adds pool_rao x value / sum to each, cut down; nothing where the sum is 0. */
void shares_pay(uint64_t pool_rao, const uint64_t *value, uint32_t n, uint64_t *amount_rao);
/* whole_rao x part / 65535, cut down. */
uint64_t shares_part_rao(uint64_t whole_rao, uint16_t part);

/* Real values >= 0 as integers: (value / largest)^power x 2^52, cut down.  Keeps their order. */
void shares_from_reals(const double *value, uint32_t n, double power, uint64_t *ret_value);

/* Adds x, spread over row i in proportion to its weights, to those that it rates; itself and uids
 * that are gone are left out.  False, and nothing added, where it rates nobody.  x <= SHARES_ONE;
 * each entry is cut down by less than two units. */
bool shares_spread(const struct mechanism_input *input, uint32_t i, uint64_t x, uint64_t *sum);

/* A vote of all who are active and have stake: voter_i = its share of their stake, where it rates
 * anybody, else 0; rank_j = sum_i share_i w_ij / sum_k w_ik.  Both zeroed by the caller; `share` is
 * working memory; (n) each. */
void shares_vote(const struct mechanism_input *input, uint64_t *share, uint64_t *voter,
                 uint64_t *rank);

/* Who is paid from the two parts of an emission. */
struct shares_claims {
    const uint64_t *rank;      /* (n) what is known of each, whether it is paid for or not */
    const uint64_t *incentive; /* (n) claims on the servers' pool */
    const uint64_t *dividends; /* (n) claims on the validators' pool; NULL: there is none */
    uint16_t validator_share;  /* of the emission, in 1/65535, where both have claims */
};
/* Pays, and writes SHARES_FIELDS; there are no bonds.  A pool without claims goes to the other one.
 * A slot is kept by rank or by stake, whichever is the larger share: a payer that pays raters
 * nothing would otherwise evict them all, and nobody would be left to ask. */
void shares_finish(const struct mechanism_input *input, const struct shares_claims *claims,
                   struct mechanism_output *output);

/* Exponential clocks: of several with the rates value_i, i rings first with chance value_i / sum.
 * One race after the other, each uid's clock from a stream of its own dice; nobody else's draw
 * depends on who takes part.  Clocks that ring in the same instant (2^-53): the smaller dice first.
 * Adds to wins; nothing happens where all values are 0. */
void shares_race(const struct mechanism_input *input, const uint64_t *value, uint32_t races,
                 struct mechanism_scratch *scratch, uint64_t *wins);
size_t shares_race_bytes(const struct mechanism_input *input);

#endif
