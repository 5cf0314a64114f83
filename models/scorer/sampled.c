#include "scorer/sampled.h"

#include "scorer/pairs.h"

#include <math.h>
#include <string.h>

size_t sampled_scratch_count(uint32_t count, uint32_t row_count)
{
    return pairs_stride(row_count) + count;
}

/* v of the coalition whose halved probabilities `sum` adds. */
static double worth_nats(const double *sum, uint32_t row_count, uint32_t members, uint32_t symbols)
{
    double scale = 2.0 / members;
    return log(symbols) - pairs_mean_loss(sum, row_count, scale);
}

static void add(double *sum, const double *half, size_t stride)
{
    for (size_t row = 0; row < stride; row++)
        sum[row] += half[row];
}

static void shuffle(uint32_t *order, uint32_t count, struct stream *stream)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)stream_below(stream, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

void sampled_shapley(const double *half, uint32_t row_count, uint32_t count, uint32_t symbols,
                     uint32_t orders, struct stream *stream, double *scratch, double *ret)
{
    size_t stride = pairs_stride(row_count);
    double *sum = scratch;
    uint32_t *order = (uint32_t *)(scratch + stride);
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
        ret[i] = 0;
    }
    for (uint32_t n = 0; n < orders; n++) {
        double before = 0;
        uint32_t first = n % count;
        memset(sum, 0, stride * sizeof(*sum));
        if (first == 0)
            shuffle(order, count, stream);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t peer = order[(first + i) % count];
            add(sum, half + peer * stride, stride);
            double now = worth_nats(sum, row_count, i + 1, symbols);
            ret[peer] += (now - before) / orders;
            before = now;
        }
    }
}

void sampled_leave_one_out(const double *half, uint32_t row_count, uint32_t count, uint32_t symbols,
                           double *scratch, double *ret)
{
    size_t stride = pairs_stride(row_count);
    double *all = scratch;
    memset(all, 0, stride * sizeof(*all));
    for (uint32_t i = 0; i < count; i++)
        add(all, half + i * stride, stride);
    double worth = worth_nats(all, row_count, count, symbols);
    for (uint32_t i = 0; i < count; i++) {
        memset(all, 0, stride * sizeof(*all));
        for (uint32_t j = 0; j < count; j++)
            if (j != i)
                add(all, half + j * stride, stride);
        ret[i] = worth - (count > 1 ? worth_nats(all, row_count, count - 1, symbols) : 0);
    }
}
