#include "scorer/pairs.h"

#include "scorer/scaling.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Four doubles, and the four integers behind their bits.  Unaligned loads go through memcpy. */
typedef double lanes __attribute__((vector_size(32)));
typedef uint64_t bits __attribute__((vector_size(32)));
enum { LANES = 4, LARGEST_LOSS_NATS = 700 };

static inline lanes load(const double *from)
{
    lanes value;
    memcpy(&value, from, sizeof(value));
    return value;
}

/*
 * exp(x) for -700 <= x <= 0: x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by its series up to
 * r^13 (what follows is below 1e-17), times 2^n.
 */
static inline lanes exp_lanes(lanes x)
{
    const double to_integer = 0x1.8p52; /* adding it rounds to an integer in the low bits */
    const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
    lanes shifted = x * 0x1.71547652b82fep0 + to_integer;
    lanes n = shifted - to_integer;
    lanes r = (x - n * ln2_high) - n * ln2_low;
    static const double inverse_factorials[] = {1.0 / 6227020800.0,
                                                1.0 / 479001600.0,
                                                1.0 / 39916800.0,
                                                1.0 / 3628800.0,
                                                1.0 / 362880.0,
                                                1.0 / 40320.0,
                                                1.0 / 5040.0,
                                                1.0 / 720.0,
                                                1.0 / 120.0,
                                                1.0 / 24.0,
                                                1.0 / 6.0,
                                                0.5,
                                                1.0,
                                                1.0};
    lanes sum = {0};
    for (size_t k = 0; k < sizeof(inverse_factorials) / sizeof(inverse_factorials[0]); k++)
        sum = sum * r + inverse_factorials[k];
    bits exponent = ((bits)shifted << 52) + (UINT64_C(1023) << 52);
    return sum * (lanes)exponent;
}

/* What is not a finite number counts as the bad loss; a negative one as certainty. */
static inline double sane(double loss_nats)
{
    double finite =
        loss_nats >= -DBL_MAX && loss_nats <= DBL_MAX ? loss_nats : SCALING_BAD_LOSS_NATS;
    return finite > 0 ? finite : 0;
}

size_t pairs_stride(uint32_t row_count)
{
    return ((size_t)row_count + LANES - 1) / LANES * LANES;
}

/* Up to LANES rows, made sane, the rest 0. */
static inline lanes sane_block(const double *loss_nats, size_t size)
{
    double block[LANES] = {0};
    for (size_t k = 0; k < LANES; k++)
        block[k] = k < size ? sane(loss_nats[k]) : 0;
    return load(block);
}

static inline lanes probabilities(lanes loss_nats)
{
    double block[LANES];
    for (int k = 0; k < LANES; k++)
        block[k] = loss_nats[k] < LARGEST_LOSS_NATS ? -loss_nats[k] : -LARGEST_LOSS_NATS;
    return exp_lanes(load(block));
}

void pairs_probabilities(const double *loss_nats, size_t count, double *ret)
{
    for (size_t i = 0; i < count; i += LANES) {
        size_t size = count - i < LANES ? count - i : LANES;
        lanes value = probabilities(sane_block(loss_nats + i, size));
        memcpy(ret + i, &value, size * sizeof(double));
    }
}

/* One peer's halved probabilities (stride) and the sum of its losses. */
static double prepare_peer(const double *loss_nats, uint32_t row_count, double *half)
{
    lanes sum = {0};
    uint32_t whole = row_count / LANES * LANES;
    for (uint32_t row = 0; row < whole; row += LANES) {
        lanes loss = sane_block(loss_nats + row, LANES);
        lanes value = 0.5 * probabilities(loss) + 0.5 * PAIRS_PROBABILITY_FLOOR;
        memcpy(half + row, &value, sizeof(value));
        sum += loss;
    }
    if (whole < row_count) {
        lanes loss = sane_block(loss_nats + whole, row_count - whole);
        lanes value = 0.5 * probabilities(loss) + 0.5 * PAIRS_PROBABILITY_FLOOR;
        for (uint32_t k = 0; k < LANES; k++) /* padding: two halves multiply by one */
            half[whole + k] = whole + k < row_count ? value[k] : 0.5;
        sum += loss;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void pairs_prepare(const double *loss_nats, uint32_t row_count, const uint32_t *peers,
                   uint32_t count, double *ret_half, double *ret_mean)
{
    size_t stride = pairs_stride(row_count);
    for (uint32_t i = 0; i < count; i++)
        ret_mean[i] = prepare_peer(loss_nats + (size_t)peers[i] * row_count, row_count,
                                   ret_half + i * stride) /
                      row_count;
}

/* A product of positive numbers, its exponents split off before it can underflow. */
struct product {
    lanes mantissa;
    bits exponent; /* biased, summed over `splits` */
};

static inline void split(struct product *product)
{
    bits raw = (bits)product->mantissa;
    product->exponent += raw >> 52;
    product->mantissa = (lanes)((raw & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(1023) << 52);
}

/* Factors are at least 1e-40, so seven of them on top of a mantissa stay above 1e-280. */
enum { FACTORS_BETWEEN_SPLITS = 7, TOGETHER = 4 };

static double log_of(const struct product *product, uint64_t splits)
{
    double mantissa = 1;
    uint64_t exponent = 0;
    for (int k = 0; k < LANES; k++) {
        mantissa *= product->mantissa[k];
        exponent += product->exponent[k];
    }
    int64_t power = (int64_t)exponent - (int64_t)(LANES * 1023 * splits);
    return log(mantissa) + 0.693147180559945309417 * (double)power;
}

/* Four pairs at a time, (i, j[0..3]), so that their chains of products overlap. */
static void four_losses(const double *half_i, const double *const half_j[TOGETHER],
                        uint32_t row_count, double ret[TOGETHER])
{
    struct product product[TOGETHER];
    for (int p = 0; p < TOGETHER; p++)
        product[p] = (struct product){{1, 1, 1, 1}, {0, 0, 0, 0}};
    size_t stride = pairs_stride(row_count), row = 0;
    uint64_t splits = 0;
    while (row < stride) {
        size_t stop = row + FACTORS_BETWEEN_SPLITS * LANES;
        stop = stop < stride ? stop : stride;
        for (; row < stop; row += LANES) {
            lanes mine = load(half_i + row);
            for (int p = 0; p < TOGETHER; p++)
                product[p].mantissa *= mine + load(half_j[p] + row);
        }
        for (int p = 0; p < TOGETHER; p++)
            split(&product[p]);
        splits++;
    }
    for (int p = 0; p < TOGETHER; p++)
        ret[p] = -log_of(&product[p], splits) / row_count;
}

void pairs_losses(const double *half, uint32_t row_count, uint32_t i, uint32_t first, uint32_t last,
                  double *ret)
{
    size_t stride = pairs_stride(row_count);
    for (uint32_t j = first; j < last; j += TOGETHER) {
        const double *half_j[TOGETHER];
        double losses[TOGETHER];
        uint32_t count = last - j < TOGETHER ? last - j : TOGETHER;
        for (uint32_t p = 0; p < TOGETHER; p++)
            half_j[p] = half + (j + (p < count ? p : 0)) * stride;
        four_losses(half + i * stride, half_j, row_count, losses);
        memcpy(ret + (j - first), losses, count * sizeof(double));
    }
}

double pairs_mean_loss(const double *sum, uint32_t row_count, double scale)
{
    struct product product = {{1, 1, 1, 1}, {0, 0, 0, 0}};
    uint32_t whole = row_count / LANES * LANES;
    uint64_t splits = 0;
    for (uint32_t row = 0; row < whole;) {
        uint32_t stop = row + FACTORS_BETWEEN_SPLITS * LANES;
        for (stop = stop < whole ? stop : whole; row < stop; row += LANES)
            product.mantissa *= scale * load(sum + row);
        split(&product);
        splits++;
    }
    double rest = 1;
    for (uint32_t row = whole; row < row_count; row++)
        rest *= scale * sum[row];
    return -(log_of(&product, splits) + log(rest)) / row_count;
}
