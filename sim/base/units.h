/*
 * units.h: the integer units that every layer shares.
 *
 * Time is int64 nanoseconds from the start of the run; amounts are uint64 RAO.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define RAO_PER_TAO UINT64_C(1000000000)

/* The end of time: no event lies at or beyond it. */
#define TIME_NS_MAX INT64_MAX

#endif
