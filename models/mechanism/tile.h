/*
 * tile.h: sixteen columns of an epoch at a time, as dense rows.
 *
 * The fused epoch goes through the matrix twice from left to right.  A walk keeps one cursor for
 * each row that has weights or bonds and spreads their entries of the next sixteen columns into a
 * tile; rows without an entry there take no part.  So the work is what is there, one visit of each
 * row a tile, and the arithmetic runs on dense vectors.
 */
#ifndef MECHANISM_TILE_H
#define MECHANISM_TILE_H

#include "mechanism/yuma_common.h"

enum { TILE = 16 };

/* One row's entries, ascending; `whole`: columns are 0, 1, ..., n-1. */
struct tile_source {
    const uint32_t *column;
    uint32_t count, next;
    bool whole;
};

/* A uid with weights or bonds. */
struct tile_row {
    uint32_t uid;
    bool diagonal; /* its weight on itself counts (the owner's) */
    struct tile_source weights, bonds;
    const uint32_t *weight;
    const uint64_t *bond;
    /* Entries on uids registered at this block or later are void. */
    uint64_t weight_limit, bond_limit;
    double inverse; /* of the row's sum of weights, for lanes_div_u16; 0 if that is 0 */
    double active_stake;
    uint32_t median_stake; /* 0: no part in the median; 2^32 is kept as 2^32-1 */
};

struct tile_walk {
    uint32_t n, row_count;
    uint32_t voter_count; /* rows with a part in the median; the first ones */
    uint32_t voter_total; /* the same with those who have no weights and so no row */
    int64_t voter_stake;  /* sum of theirs, I32F32 */
    struct tile_row *rows;
    const uint64_t *registered;     /* (n) */
    const uint64_t *registered_max; /* (tiles) largest of each tile */
    uint64_t registered_latest;     /* of all */
    uint64_t bond_tempo;            /* bonds in uids registered here or later are void */
    uint32_t first;                 /* the tile's first column */
    /* The tile: row t of it is rows[present[t]]. */
    uint32_t present_count, present_voters;
    uint32_t *present;
    uint32_t *present_stake;  /* their median_stake */
    uint16_t *has_weight;     /* bit c: the row has a weight in column first + c */
    uint32_t (*weight)[TILE]; /* u16 as set, 0 where there is none */
    uint32_t (*bond)[TILE];   /* likewise; only if asked for */
    uint64_t bond_bits;       /* all bonds seen, or-ed: to find any above 65535 */
};

size_t tile_walk_cost(uint32_t n, uint32_t row_count);
void tile_walk_take(struct tile_walk *walk, uint32_t n, uint32_t row_count,
                    struct mechanism_scratch *scratch);

/* Back to the first column. */
void tile_rewind(struct tile_walk *walk);
/* Fills the tile that begins at `first`; tiles come one after the other from 0. */
void tile_fill(struct tile_walk *walk, uint32_t first, bool bonds);

/* Appends a row of the tile to stored bonds at entry `at`: codes are bonds plus one, 0 where there
 * is none.  Returns the entry after the last.  `past_cache`: there are so many that the writes had
 * better not wait for the memory's old contents. */
uint64_t tile_write(const uint32_t code[TILE], uint32_t first, struct mechanism_bonds_out *out,
                    uint64_t at, bool past_cache);

/* Consensus of the tile's columns, as yuma_weighted_median() finds it, for 0 <= kappa <= 2^32.
 * Scores are weights divided by their rows' sums, 0 where a voter has none.  `score` is working
 * memory, a row a present voter. */
void tile_consensus(const struct tile_walk *walk, int64_t kappa, uint32_t (*score)[TILE],
                    double ret_consensus[TILE]);

#endif
