#include "scorer/divergence.h"

#include <math.h>

enum { EXCESS_POWER = 3, EXCESS_CAP = 10 };

size_t divergence_scratch_count(uint32_t peer_count, uint32_t symbols)
{
    return (size_t)peer_count + symbols;
}

struct row_moments {
    double mean, std;
};

/* Distances of one row into h (count). */
static void row_distances(const double *distributions, uint32_t rows, uint32_t row,
                          uint32_t symbols, const uint32_t *peers, uint32_t count, double *mean,
                          double *h)
{
    for (uint32_t v = 0; v < symbols; v++)
        mean[v] = 0;
    for (uint32_t u = 0; u < count; u++) {
        const double *p = distributions + ((size_t)peers[u] * rows + row) * symbols;
        for (uint32_t v = 0; v < symbols; v++)
            mean[v] += p[v];
    }
    for (uint32_t v = 0; v < symbols; v++)
        mean[v] = sqrt(mean[v] / count);
    for (uint32_t u = 0; u < count; u++) {
        const double *p = distributions + ((size_t)peers[u] * rows + row) * symbols;
        double sum = 0;
        for (uint32_t v = 0; v < symbols; v++) {
            double difference = sqrt(p[v]) - mean[v];
            sum += difference * difference;
        }
        h[u] = sqrt(0.5 * sum);
    }
}

static struct row_moments moments(const double *h, uint32_t count)
{
    double sum = 0, squares = 0;
    for (uint32_t u = 0; u < count; u++)
        sum += h[u];
    double mean = sum / count;
    for (uint32_t u = 0; u < count; u++)
        squares += (h[u] - mean) * (h[u] - mean);
    return (struct row_moments){mean, count > 1 ? sqrt(squares / (count - 1)) : 0};
}

static double excess(double h, struct row_moments moments)
{
    double beyond = h - moments.mean - moments.std;
    double ratio = (beyond > 0 ? beyond : 0) / (moments.std + 1e-9);
    return fmin(pow(ratio, EXCESS_POWER), EXCESS_CAP);
}

void divergence_excess(const double *distributions, uint32_t rows, uint32_t symbols,
                       const uint32_t *peers, uint32_t count, double *scratch, double *ret_excess,
                       double *ret_hellinger, double *ret_mean, double *ret_std)
{
    double *h = scratch, *mean = scratch + count;
    for (uint32_t u = 0; u < count; u++)
        ret_excess[u] = 0;
    for (uint32_t row = 0; row < rows; row++) {
        row_distances(distributions, rows, row, symbols, peers, count, mean, h);
        struct row_moments m = moments(h, count);
        for (uint32_t u = 0; u < count; u++) {
            if (count > 1)
                ret_excess[u] += excess(h[u], m) / rows;
            if (ret_hellinger != NULL)
                ret_hellinger[(size_t)u * rows + row] = h[u];
        }
        if (ret_mean != NULL)
            ret_mean[row] = m.mean;
        if (ret_std != NULL)
            ret_std[row] = m.std;
    }
}
