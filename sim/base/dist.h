/*
 * dist.h: a distribution as the value of a parameter.
 *
 * A key with PARAM_DIST_FLAG has a struct dist as its field.  In a scenario it is a plain value
 * (a constant) or one of
 *     {uniform: [LOW, HIGH]}                 both ends possible for whole numbers
 *     {normal: {mean: X, sd: X}}
 *     {lognormal: {median: X, sigma: N}}     log(value) is normal(log(median), sigma)
 *     {exponential: {mean: X}}
 *     {pareto: {minimum: X, exponent: N}}    P(value > x) = (minimum / x)^exponent
 *     {choice: [X, ...], weights: [N, ...]}  weights may be left out: all equal
 *     {file: data.csv, column: NAME, unit: U}  a choice among the column's values
 * where X carries the key's unit and N is a bare number.
 *
 * Whoever uses the value draws it per entity, on that entity's own stream (STREAM_GENESIS).
 * A draw is rounded to the nearest whole number for integer kinds.  One outside the key's bounds
 * is drawn again, so the bounds truncate the distribution; after 1000 misses it is set to the
 * nearer bound.  All numbers are in the C unit of the key's kind (ns, RAO, bytes/s, ...).
 */
#ifndef BASE_DIST_H
#define BASE_DIST_H

#include "base/param.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dist_shape {
    DIST_CONSTANT,
    DIST_UNIFORM,
    DIST_NORMAL,
    DIST_LOGNORMAL,
    DIST_EXPONENTIAL,
    DIST_PARETO,
    DIST_CHOICE
};

/* Which member of union dist_number a kind uses. */
enum dist_type { DIST_F64, DIST_U64, DIST_I64 };

union dist_number {
    double f64;
    uint64_t u64;
    int64_t i64;
};

struct dist {
    enum dist_shape shape;
    enum dist_type type;
    union dist_number min, max;      /* the key's bounds, or the kind's own range */
    union dist_number low, high;     /* constant: low; uniform: both */
    double location;                 /* mean, median or minimum */
    double spread;                   /* sd, sigma or exponent; 0 where there is none */
    const union dist_number *values; /* (count) choice; owned by the scenario */
    const double *weights;           /* (count) as given; 1 where none were */
    const double *cumulative;        /* (count) sums of the weights, the last is their total */
    size_t count;
};

/* The member that values of this kind use: U64 for U32, U64, BLOCKS, AMOUNT_RAO, SIZE_BYTES and
 * FRACTION_U16, I64 for I32 and DURATION_NS, else F64.  Strings, lists, enums, bools: a bug. */
enum dist_type dist_type_of(unsigned kind);

/* The value of a plain field of that kind as the member dist_type_of(kind), and as a double. */
union dist_number dist_number_of(unsigned kind, const void *field);
double dist_number_f64(enum dist_type type, union dist_number number);

/* A constant; `field` has the C type of `kind`.  The bounds are the value itself. */
void dist_init_constant(struct dist *dist, unsigned kind, const void *field);

/* One draw.  The type must be that of the dist (a bug otherwise); dist_draw_f64 takes any type
 * and converts.  A constant draws nothing from the stream. */
double dist_draw_f64(const struct dist *dist, struct stream *stream);
uint64_t dist_draw_u64(const struct dist *dist, struct stream *stream);
int64_t dist_draw_i64(const struct dist *dist, struct stream *stream);

/* The mean before truncation by the bounds; for predictions.  A Pareto with exponent <= 1 has
 * none: INFINITY. */
double dist_mean(const struct dist *dist);

#endif
