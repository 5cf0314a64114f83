/*
 * The stake-weighted median of eight columns at a time.
 *
 * The chain's search by pivots and lists (yuma_weighted_median) compares sums of stake that are
 * exact, so its answer does not depend on the order of the list: with H(p) the stake of those whose
 * score is above p, it is the smallest score p with H(p) < kappa, and the largest score where there
 * is none.  Two ends follow at once: kappa = 0 gives the largest score, and a kappa of at least all
 * the stake gives the smallest.
 *
 * Between them, H is found for a limit in all eight columns with one look at the scores; each look
 * halves the interval and then shrinks it to scores that exist.
 */
#include "mechanism/lanes.h"
#include "mechanism/tile.h"

/* Scores are u32 here, 1.0 as 2^32-1: a row of more than one weight has none between 1 - 2^-16 and
 * 1, so order and equality are kept.  Compares are signed, so all have the highest bit flipped. */
static const int32_t score_zero = INT32_MIN, score_one = INT32_MAX;

static __m256i load_scores(const uint32_t *x)
{
    return _mm256_load_si256((const __m256i *)(const void *)x);
}

/* Eight whole numbers in 0 .. 2^32-1, flipped. */
static __m256i pack_scores(lanes low, lanes high)
{
    /* x + 2^31 modulo 2^32 is x with its highest bit flipped; 2^52 brings it into the low bits. */
    const lanes shift = lanes_set(0x1p52 + 0x1p31);
    __m256 a = _mm256_castpd_ps(lanes_add(low, shift));
    __m256 b = _mm256_castpd_ps(lanes_add(high, shift));
    __m256 words = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0));
    return _mm256_permute4x64_epi64(_mm256_castps_si256(words), _MM_SHUFFLE(3, 1, 2, 0));
}

static void find_scores(const struct tile_walk *walk, uint32_t (*ret)[TILE])
{
    const lanes most = lanes_set(LANES_ONE - 1);
    for (uint32_t t = 0; t < walk->present_voters; t++) {
        lanes inverse = lanes_set(walk->rows[walk->present[t]].inverse);
        const uint32_t *weight = walk->weight[t];
        for (int c = 0; c < TILE; c += 8) {
            lanes low = lanes_div_u16(lanes_load_u32(weight + c), inverse);
            lanes high = lanes_div_u16(lanes_load_u32(weight + c + 4), inverse);
            _mm256_store_si256((__m256i *)(void *)(ret[t] + c),
                               pack_scores(lanes_min(low, most), lanes_min(high, most)));
        }
    }
}

/* Eight columns of a tile. */
struct columns {
    const struct tile_walk *walk;
    uint32_t (*score)[TILE];
    int first;
    __m256i most; /* kappa - 1, the largest stake that may lie above the answer */
};

/* What one look at all scores tells about a limit. */
struct look {
    __m256i stake;       /* of those above it, modulo 2^32 */
    __m256i most_below;  /* the largest score not above it, or 0 */
    __m256i least_above; /* the smallest score above it, or 1 */
};

static struct look look_at(const struct columns *columns, __m256i limit)
{
    const struct tile_walk *walk = columns->walk;
    const __m256i zero = _mm256_set1_epi32(score_zero), one = _mm256_set1_epi32(score_one);
    struct look l = {_mm256_setzero_si256(), zero, one};
    for (uint32_t t = 0; t < walk->present_voters; t++) {
        __m256i x = load_scores(columns->score[t] + columns->first);
        __m256i stake = _mm256_set1_epi32((int32_t)walk->present_stake[t]);
        __m256i above = _mm256_cmpgt_epi32(x, limit);
        l.stake = _mm256_add_epi32(l.stake, _mm256_and_si256(above, stake));
        l.most_below = _mm256_max_epi32(l.most_below, _mm256_blendv_epi8(x, zero, above));
        l.least_above = _mm256_min_epi32(l.least_above, _mm256_blendv_epi8(one, x, above));
    }
    return l;
}

static __m256i is_enough(const struct columns *columns, __m256i stake)
{
    return _mm256_cmpeq_epi32(_mm256_max_epu32(stake, columns->most), columns->most);
}

static __m256i middle(__m256i a, __m256i b)
{
    __m256i half = _mm256_srai_epi32(_mm256_xor_si256(a, b), 1);
    return _mm256_add_epi32(_mm256_and_si256(a, b), half);
}

/* The answer, which lies above `above` and is at most the score `below`. */
static __m256i search(const struct columns *columns, __m256i above, __m256i below)
{
    const __m256i unit = _mm256_set1_epi32(1);
    for (;;) {
        __m256i open = _mm256_cmpgt_epi32(below, _mm256_add_epi32(above, unit));
        if (_mm256_testz_si256(open, open))
            return below;
        struct look l = look_at(columns, _mm256_blendv_epi8(below, middle(above, below), open));
        __m256i enough = is_enough(columns, l.stake);
        below = _mm256_blendv_epi8(below, l.most_below, enough);
        above = _mm256_blendv_epi8(_mm256_sub_epi32(l.least_above, unit), above, enough);
    }
}

static __m256i largest(const struct columns *columns)
{
    return look_at(columns, _mm256_set1_epi32(score_one)).most_below;
}

/* Also right where a voter without a weight, whose score is 0, is not in the tile. */
static __m256i smallest(const struct columns *columns)
{
    const struct tile_walk *walk = columns->walk;
    __m256i least =
        _mm256_set1_epi32(walk->present_voters < walk->voter_total ? score_zero : score_one);
    for (uint32_t t = 0; t < walk->present_voters; t++)
        least = _mm256_min_epi32(least, load_scores(columns->score[t] + columns->first));
    return least;
}

/* 0 < kappa < all the stake. */
static __m256i between(const struct columns *columns)
{
    const __m256i zero = _mm256_set1_epi32(score_zero);
    struct look l = look_at(columns, zero);
    __m256i is_zero = is_enough(columns, l.stake), above = zero;
    /* When it is exactly 1, the sum of all the stake wraps to 0: never look below all scores. */
    if (columns->walk->voter_stake == FIXED_ONE) {
        __m256i least = smallest(columns);
        __m256i positive = _mm256_cmpgt_epi32(least, zero);
        is_zero = _mm256_andnot_si256(positive, is_zero);
        above = _mm256_add_epi32(least, positive); /* minus 1 where positive */
    }
    __m256i below = _mm256_blendv_epi8(largest(columns), zero, is_zero);
    return search(columns, _mm256_blendv_epi8(above, zero, is_zero), below);
}

/* Eight flipped scores to I32F32 bits. */
static void unpack_scores(__m256i score, double ret[8])
{
    uint32_t words[8];
    _mm256_storeu_si256((__m256i *)(void *)words, score);
    for (int c = 0; c < 8; c++) {
        uint32_t x = words[c] ^ 0x80000000u;
        ret[c] = (double)x + (x == UINT32_MAX);
    }
}

void tile_consensus(const struct tile_walk *walk, int64_t kappa, uint32_t (*score)[TILE],
                    double ret_consensus[TILE])
{
    find_scores(walk, score);
    for (int c = 0; c < TILE; c += 8) {
        struct columns columns = {walk, score, c,
                                  _mm256_set1_epi32((int32_t)(uint32_t)(kappa - 1))};
        __m256i answer = _mm256_set1_epi32(score_zero);
        if (walk->present_voters == 0)
            ; /* nobody voted: 0 */
        else if (kappa <= 0)
            answer = largest(&columns);
        else if (kappa >= walk->voter_stake)
            answer = smallest(&columns);
        else
            answer = between(&columns);
        unpack_scores(answer, ret_consensus + c);
    }
}
