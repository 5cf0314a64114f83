/*
 * source.h: one stationary order-2 source (synthetic.h has the formula).
 */
#ifndef CORPUS_SOURCE_H
#define CORPUS_SOURCE_H

#include "base/error.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More power iterations than this to reach SOURCE_TOLERANCE mean that the source mixes slowly, so
 * that a text of ordinary length is no fair sample of it: such a source is refused. */
enum { SOURCE_ITERATIONS_MAX = 150 };
#define SOURCE_TOLERANCE 1e-13

struct source {
    uint32_t symbols;    /* V */
    double *first;       /* (V, V) U W' / sqrt(r): [a][y] */
    double *second;      /* (V, V) 0.7 U2 W' / sqrt(r): [b][y] */
    double *chance;      /* (V, V, V) p(y | a, b): [a][b][y] */
    double *stationary;  /* (V, V) pi: [b][a], the older symbol first */
    double *row_nats;    /* (V, V) entropy of p(. | a, b): [a][b] */
    double *scratch;     /* (V, V) */
    double beta;         /* inverse temperature that `chance` stands for */
    double entropy_nats; /* entropy rate at beta */
    uint32_t iterations; /* that the last power iteration took */
};

/* Memory for V symbols; SIM_MEMORY. */
SIM_CHECKED enum sim_status source_init(struct source *source, uint32_t symbols,
                                        struct sim_error *err);
void source_release(struct source *source);

/* New vectors of rank r: sqrt(overlap) of the shared ones (3, V, r) and the rest from `stream`. */
void source_draw(struct source *source, const double *shared, uint32_t rank, double overlap,
                 struct stream *stream);

/* Sets beta, and with it chance, stationary and entropy_nats. */
void source_set_beta(struct source *source, double beta, bool from_uniform);

/* Finds the beta of the wanted entropy rate, to 1e-9.  False when there is none or the source
 * mixes slowly. */
bool source_tune(struct source *source, double entropy_nats);

/* Makes `chance` cumulative over y; only source_sample may follow. */
void source_prepare_sampling(struct source *source);
/* `count` tokens, the first pair from the stationary distribution. */
void source_sample(const struct source *source, struct stream *stream, uint8_t *ret_tokens,
                   size_t count);

#endif
