/*
 * yuma_bonds.h: bonds and dividends of four columns of a tile, from weights to what is stored.
 */
#ifndef MECHANISM_YUMA_BONDS_H
#define MECHANISM_YUMA_BONDS_H

#include "mechanism/lanes.h"
#include "mechanism/yuma_math.h"
#include "mechanism/tile.h"

/* What holds for all columns of an epoch. */
struct yuma_bonds {
    bool absolute;   /* Yuma 3 */
    bool liquid;     /* an alpha for each bond, Yuma 3 only */
    int64_t penalty; /* 0: bonds follow weights as set, 2^32: as clipped */
    struct yuma_alpha alpha;
    double *work;      /* (rows + LANES, LANES) */
    double *dividends; /* (rows, LANES): sums over columns 0, 4, ...; 1, 5, ...; and so on */
};

/* Four columns: consensus, incentive and weight of fresh bonds, as I32F32 bits. */
struct yuma_bonds_columns {
    lanes consensus, incentive, alpha;
    int first; /* in the tile: 0, 4, 8 or 12 */
};

size_t yuma_bonds_cost(uint32_t row_count);
void yuma_bonds_take(struct yuma_bonds *bonds, uint32_t row_count,
                     struct mechanism_scratch *scratch);

/* Adds to the rows' dividends and puts the bonds to be stored, plus one, in the place of the
 * weights; 0 where none is kept. */
void yuma_bonds_run(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                    const struct yuma_bonds_columns *columns);

#endif
