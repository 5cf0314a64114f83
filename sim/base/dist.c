#include "base/dist.h"

#include "base/error.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* Draws outside the bounds before the nearer bound is taken. */
enum { MISSES_MAX = 1000 };

enum dist_type dist_type_of(unsigned kind)
{
    switch (kind & PARAM_KIND_MASK) {
    case PARAM_U32:
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
    case PARAM_SIZE_BYTES:
    case PARAM_FRACTION_U16:
        return DIST_U64;
    case PARAM_I32:
    case PARAM_DURATION_NS:
        return DIST_I64;
    case PARAM_REAL:
    case PARAM_RATE_BYTES:
    case PARAM_FLOPS:
    case PARAM_HASH_RATE:
    case PARAM_POWER_W:
    case PARAM_NATS:
        return DIST_F64;
    default:
        sim_assert_failed("a kind with distributions", __FILE__, __LINE__);
    }
}

union dist_number dist_number_of(unsigned kind, const void *field)
{
    union dist_number number = {.u64 = 0};
    switch (kind & PARAM_KIND_MASK) {
    case PARAM_U32:
        number.u64 = *(const uint32_t *)field;
        break;
    case PARAM_FRACTION_U16:
        number.u64 = *(const uint16_t *)field;
        break;
    case PARAM_I32:
        number.i64 = *(const int32_t *)field;
        break;
    case PARAM_DURATION_NS:
        number.i64 = *(const int64_t *)field;
        break;
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
    case PARAM_SIZE_BYTES:
        number.u64 = *(const uint64_t *)field;
        break;
    default:
        SIM_ASSERT(dist_type_of(kind) == DIST_F64);
        number.f64 = *(const double *)field;
    }
    return number;
}

double dist_number_f64(enum dist_type type, union dist_number number)
{
    if (type == DIST_F64)
        return number.f64;
    return type == DIST_U64 ? (double)number.u64 : (double)number.i64;
}

void dist_init_constant(struct dist *dist, unsigned kind, const void *field)
{
    union dist_number value = dist_number_of(kind, field);
    *dist = (struct dist){.shape = DIST_CONSTANT,
                          .type = dist_type_of(kind),
                          .min = value,
                          .max = value,
                          .low = value,
                          .high = value};
}

static bool below(enum dist_type type, union dist_number a, union dist_number b)
{
    if (type == DIST_F64)
        return a.f64 < b.f64;
    return type == DIST_U64 ? a.u64 < b.u64 : a.i64 < b.i64;
}

/* Nearest whole number, ties away from zero; what the type cannot hold becomes its end. */
static union dist_number from_real(enum dist_type type, double x)
{
    union dist_number number = {.f64 = x};
    if (type == DIST_U64)
        number.u64 = !(x > 0) ? 0 : x >= 0x1p64 ? UINT64_MAX : (uint64_t)round(x);
    else if (type == DIST_I64)
        number.i64 = x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : (int64_t)round(x);
    return number;
}

static union dist_number draw_uniform(const struct dist *dist, struct stream *stream)
{
    union dist_number number;
    if (dist->type == DIST_F64) {
        double u = stream_uniform(stream);
        number.f64 = dist->low.f64 + u * (dist->high.f64 - dist->low.f64);
        return number;
    }
    /* Two's complement: the width and the sum are right for both integer types. */
    uint64_t width = dist->high.u64 - dist->low.u64;
    uint64_t offset = width == UINT64_MAX ? stream_u64(stream) : stream_below(stream, width + 1);
    number.u64 = dist->low.u64 + offset;
    return number;
}

/* The first value whose cumulative weight exceeds the draw. */
static union dist_number draw_choice(const struct dist *dist, struct stream *stream)
{
    double target = stream_uniform(stream) * dist->cumulative[dist->count - 1];
    size_t low = 0, high = dist->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dist->cumulative[middle] > target)
            high = middle;
        else
            low = middle + 1;
    }
    return dist->values[low];
}

static double draw_real(const struct dist *dist, struct stream *stream)
{
    switch (dist->shape) {
    case DIST_NORMAL:
        return dist->location + gsl_ran_gaussian(&stream->rng, dist->spread);
    case DIST_LOGNORMAL:
        return dist->location * exp(gsl_ran_gaussian(&stream->rng, dist->spread));
    case DIST_EXPONENTIAL:
        return gsl_ran_exponential(&stream->rng, dist->location);
    case DIST_PARETO:
        return gsl_ran_pareto(&stream->rng, dist->spread, dist->location);
    default:
        sim_assert_failed("a shape that is a density", __FILE__, __LINE__);
    }
}

static union dist_number draw(const struct dist *dist, struct stream *stream)
{
    if (dist->shape == DIST_CONSTANT)
        return dist->low;
    if (dist->shape == DIST_UNIFORM)
        return draw_uniform(dist, stream);
    if (dist->shape == DIST_CHOICE)
        return draw_choice(dist, stream);
    union dist_number number = {.u64 = 0};
    for (int misses = 0; misses < MISSES_MAX; misses++) {
        double x = draw_real(dist, stream);
        /* A negative draw of an unsigned kind is a miss, not a zero. */
        bool representable = dist->type != DIST_U64 || x > -0.5;
        number = from_real(dist->type, x);
        if (representable && !below(dist->type, number, dist->min) &&
            !below(dist->type, dist->max, number))
            return number;
    }
    return below(dist->type, number, dist->min) ? dist->min : dist->max;
}

double dist_draw_f64(const struct dist *dist, struct stream *stream)
{
    return dist_number_f64(dist->type, draw(dist, stream));
}

uint64_t dist_draw_u64(const struct dist *dist, struct stream *stream)
{
    SIM_ASSERT(dist->type == DIST_U64);
    return draw(dist, stream).u64;
}

int64_t dist_draw_i64(const struct dist *dist, struct stream *stream)
{
    SIM_ASSERT(dist->type == DIST_I64);
    return draw(dist, stream).i64;
}

static double choice_mean(const struct dist *dist)
{
    double sum = 0, before = 0;
    for (size_t i = 0; i < dist->count; i++) {
        sum += (dist->cumulative[i] - before) * dist_number_f64(dist->type, dist->values[i]);
        before = dist->cumulative[i];
    }
    return sum / before;
}

double dist_mean(const struct dist *dist)
{
    switch (dist->shape) {
    case DIST_CONSTANT:
        return dist_number_f64(dist->type, dist->low);
    case DIST_UNIFORM:
        return 0.5 *
               (dist_number_f64(dist->type, dist->low) + dist_number_f64(dist->type, dist->high));
    case DIST_LOGNORMAL:
        return dist->location * exp(0.5 * dist->spread * dist->spread);
    case DIST_PARETO:
        return dist->spread > 1 ? dist->location * dist->spread / (dist->spread - 1) : INFINITY;
    case DIST_CHOICE:
        return choice_mean(dist);
    default:
        return dist->location;
    }
}
