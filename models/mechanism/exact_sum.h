/*
 * exact_sum.h: sums of doubles that do not depend on the order of what is added.
 *
 * Each term is cut to a multiple of 2^-94 and added as an integer, so that the sum of permuted
 * terms is the same to the last bit: renaming uids then renames a result and changes nothing.
 * Terms lie within -2^16 .. 2^16; as many as 2^16 of them never overflow.
 */
#ifndef MECHANISM_EXACT_SUM_H
#define MECHANISM_EXACT_SUM_H

#include "base/fixed.h"

/* In units of 2^-94; starts as 0. */
typedef fixed_i128 exact_sum;

static inline exact_sum exact_term(double x)
{
    double scaled = x * 0x1p32;
    int64_t whole = (int64_t)scaled;
    int64_t rest = (int64_t)((scaled - (double)whole) * 0x1p62);
    return (exact_sum)whole * ((exact_sum)1 << 62) + rest;
}

static inline double exact_value(exact_sum sum)
{
    return (double)sum * 0x1p-94;
}

#endif
