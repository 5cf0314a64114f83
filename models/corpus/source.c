#include "corpus/source.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum sim_status source_init(struct source *source, uint32_t symbols, struct sim_error *err)
{
    size_t pairs = (size_t)symbols * symbols;
    *source = (struct source){.symbols = symbols};
    source->first = malloc(pairs * sizeof(double));
    source->second = malloc(pairs * sizeof(double));
    source->chance = malloc(pairs * symbols * sizeof(double));
    source->stationary = malloc(pairs * sizeof(double));
    source->row_nats = malloc(pairs * sizeof(double));
    source->scratch = malloc(pairs * sizeof(double));
    if (source->first != NULL && source->second != NULL && source->chance != NULL &&
        source->stationary != NULL && source->row_nats != NULL && source->scratch != NULL)
        return SIM_OK;
    source_release(source);
    return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory for a source of %u symbols", symbols);
}

void source_release(struct source *source)
{
    free(source->first);
    free(source->second);
    free(source->chance);
    free(source->stationary);
    free(source->row_nats);
    free(source->scratch);
    *source = (struct source){0};
}

/* ret (V, V) = scale x A B', A and B mixtures of shared and own normal vectors (V, r). */
static void outer(const double *a, const double *b, uint32_t symbols, uint32_t rank, double scale,
                  double *ret)
{
    for (uint32_t i = 0; i < symbols; i++) {
        for (uint32_t j = 0; j < symbols; j++) {
            double sum = 0;
            for (uint32_t k = 0; k < rank; k++)
                sum += a[i * rank + k] * b[j * rank + k];
            ret[i * symbols + j] = scale * sum;
        }
    }
}

void source_draw(struct source *source, const double *shared, uint32_t rank, double overlap,
                 struct stream *stream)
{
    uint32_t symbols = source->symbols;
    size_t size = (size_t)symbols * rank;
    /* `chance` is free at this time and large enough: V^3 >= 3 V r as r <= V / 3. */
    double *vectors = source->chance;
    SIM_ASSERT(3 * rank <= (size_t)symbols * symbols);
    for (size_t i = 0; i < 3 * size; i++)
        vectors[i] = sqrt(overlap) * shared[i] +
                     sqrt(1 - overlap) * gsl_ran_gaussian_ziggurat(&stream->rng, 1);
    const double *u = vectors, *u2 = vectors + size, *w = vectors + 2 * size;
    outer(u, w, symbols, rank, 1 / sqrt(rank), source->first);
    outer(u2, w, symbols, rank, 0.7 / sqrt(rank), source->second);
}

/* One row of chance, softmax of beta x (first + second); returns its entropy ln Z - sum p l. */
static double fill_row(const double *first, const double *second, uint32_t symbols, double beta,
                       double *row)
{
    double largest = -INFINITY, sum = 0, mean = 0;
    for (uint32_t y = 0; y < symbols; y++) {
        row[y] = beta * (first[y] + second[y]);
        largest = row[y] > largest ? row[y] : largest;
    }
    for (uint32_t y = 0; y < symbols; y++) {
        double logit = row[y] - largest;
        row[y] = exp(logit);
        sum += row[y];
        mean += row[y] * logit;
    }
    for (uint32_t y = 0; y < symbols; y++)
        row[y] /= sum;
    return log(sum) - mean / sum;
}

/* One step of the chain of pairs: new[a][y] = sum_b pi[b][a] p(y | a, b). Returns |new - pi|_1. */
static double power_step(struct source *source)
{
    uint32_t symbols = source->symbols;
    double *next = source->scratch, change = 0;
    for (uint32_t a = 0; a < symbols; a++) {
        double *row = next + (size_t)a * symbols;
        memset(row, 0, symbols * sizeof(double));
        for (uint32_t b = 0; b < symbols; b++) {
            double weight = source->stationary[(size_t)b * symbols + a];
            const double *chance = source->chance + ((size_t)a * symbols + b) * symbols;
            for (uint32_t y = 0; y < symbols; y++)
                row[y] += weight * chance[y];
        }
        for (uint32_t y = 0; y < symbols; y++)
            change += fabs(row[y] - source->stationary[(size_t)a * symbols + y]);
    }
    source->scratch = source->stationary;
    source->stationary = next;
    return change;
}

/* H = sum over pairs of pi(b, a) x entropy of the row (a, b). */
static double entropy_rate_nats(const struct source *source)
{
    uint32_t symbols = source->symbols;
    double sum = 0;
    for (uint32_t b = 0; b < symbols; b++)
        for (uint32_t a = 0; a < symbols; a++)
            sum += source->stationary[(size_t)b * symbols + a] *
                   source->row_nats[(size_t)a * symbols + b];
    return sum;
}

void source_set_beta(struct source *source, double beta, bool from_uniform)
{
    uint32_t symbols = source->symbols;
    size_t pairs = (size_t)symbols * symbols;
    for (size_t i = 0; from_uniform && i < pairs; i++)
        source->stationary[i] = 1 / (double)pairs;
    for (uint32_t a = 0; a < symbols; a++) {
        for (uint32_t b = 0; b < symbols; b++) {
            size_t pair = (size_t)a * symbols + b;
            source->row_nats[pair] =
                fill_row(source->first + (size_t)a * symbols, source->second + (size_t)b * symbols,
                         symbols, beta, source->chance + pair * symbols);
        }
    }
    source->beta = beta;
    source->iterations = 1;
    while (power_step(source) >= SOURCE_TOLERANCE && source->iterations <= SOURCE_ITERATIONS_MAX)
        source->iterations++;
    source->entropy_nats = entropy_rate_nats(source);
}

/* A bracket [low, high] of the wanted entropy: the hotter end has more of it. */
static bool bracket(struct source *source, double wanted_nats, double *ret_low, double *ret_high)
{
    double low = 0, high = 1;
    while (source_set_beta(source, high, true), source->entropy_nats > wanted_nats) {
        low = high;
        high *= 1.5;
        if (high > 100)
            return false;
    }
    *ret_low = low;
    *ret_high = high;
    return true;
}

/* The Illinois form of false position; each step starts from the last stationary distribution. */
static void close_in(struct source *source, double wanted_nats, double low, double high)
{
    double above = log(source->symbols) - wanted_nats, below = source->entropy_nats - wanted_nats;
    if (low > 0) {
        source_set_beta(source, low, false);
        above = source->entropy_nats - wanted_nats;
    }
    int last_side = 0;
    for (int step = 0; step < 60; step++) {
        source_set_beta(source, (low * below - high * above) / (below - above), false);
        double error = source->entropy_nats - wanted_nats;
        if (fabs(error) < 1e-10)
            return;
        int side = error > 0 ? 1 : -1;
        if (side > 0) {
            low = source->beta;
            above = error;
            below = last_side == side ? below / 2 : below;
        } else {
            high = source->beta;
            below = error;
            above = last_side == side ? above / 2 : above;
        }
        last_side = side;
    }
}

bool source_tune(struct source *source, double entropy_nats)
{
    double low, high;
    if (!bracket(source, entropy_nats, &low, &high))
        return false;
    close_in(source, entropy_nats, low, high);
    source_set_beta(source, source->beta, true);
    return source->iterations <= SOURCE_ITERATIONS_MAX &&
           fabs(source->entropy_nats - entropy_nats) < 1e-9;
}

void source_prepare_sampling(struct source *source)
{
    uint32_t symbols = source->symbols;
    for (size_t pair = 0; pair < (size_t)symbols * symbols; pair++) {
        double *row = source->chance + pair * symbols;
        for (uint32_t y = 1; y < symbols; y++)
            row[y] += row[y - 1];
    }
}

/* First index whose cumulative value exceeds u, the last one if none does. */
static uint32_t pick(const double *cumulative, uint32_t count, double u)
{
    uint32_t low = 0, high = count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (cumulative[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t pick_pair(const struct source *source, double u)
{
    uint32_t pairs = source->symbols * source->symbols;
    for (uint32_t pair = 0; pair < pairs; pair++) {
        if (u < source->stationary[pair])
            return pair;
        u -= source->stationary[pair];
    }
    return pairs - 1;
}

void source_sample(const struct source *source, struct stream *stream, uint8_t *ret_tokens,
                   size_t count)
{
    uint32_t symbols = source->symbols;
    uint32_t pair = pick_pair(source, stream_uniform(stream));
    uint32_t before = pair / symbols, last = pair % symbols;
    for (size_t i = 0; i < count; i++) {
        const double *row = source->chance + ((size_t)last * symbols + before) * symbols;
        uint32_t next = pick(row, symbols, stream_uniform(stream));
        ret_tokens[i] = (uint8_t)next;
        before = last;
        last = next;
    }
}
