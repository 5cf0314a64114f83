/*
 * scorer.h: what a validator makes of its peers' answers, and how that becomes weights.
 *
 * Three pure steps, in the order in which a validator takes them:
 *   score    the answers to one batch            -> measures of each peer asked (scorer_score)
 *   observe  one peer's measures                 -> that peer's running averages (scorer_observe)
 *   weights  all peers' averages and the limits  -> uids and u16 weights for set_weights
 *                                                   (scorer_weights)
 * The formulas are those of the text validators of 2021-2023; docs/SCORING.md states each with its
 * source, and `era` in a scorer's parameters picks the release that is followed (e6, the v3.6/3.7
 * validator, by default).
 *
 * No function keeps state, allocates or draws chance of its own: scratch and stream are the
 * caller's, so scoring may run in a compute job or inline, on any thread.
 */
#ifndef AGENT_SCORER_H
#define AGENT_SCORER_H

#include "base/error.h"
#include "base/param.h"
#include "base/stream.h"

#include <stddef.h>
#include <stdint.h>

/* What the step must carry beyond the losses; a bit set. */
enum scorer_needs {
    SCORER_NEEDS_LOSSES = 1,        /* loss_nats */
    SCORER_NEEDS_DISTRIBUTIONS = 2, /* distributions */
    SCORER_NEEDS_RESPONSES = 4,     /* responses, decoder, targets, gate */
    SCORER_NEEDS_GATE = 8,          /* gate */
    SCORER_NEEDS_STREAM = 16        /* stream */
};

/* One validator step: the same batch sent to `peer_count` peers.  K = peer_count.  Rows of peers
 * that did not answer are never read.  Float32 answers are widened by the caller (exact). */
struct scorer_step {
    uint32_t peer_count;         /* K */
    uint32_t row_count;          /* rows = sequences x scored positions, >= 1 */
    uint32_t vocabulary_symbols; /* V */
    double entropy_floor_nats;   /* corpus_stats_floor_nats() of the validator's text */
    const uint8_t *answered;     /* (K) 1 = a valid answer came in time */
    const double *loss_nats;     /* (K, row_count) -ln p(target); NaN or infinite counts as 20 */
    /* Next-token distributions, for divergence only: */
    uint32_t distribution_rows;  /* usually one a sequence */
    const double *distributions; /* (K, distribution_rows, V), or NULL */
    /* Answers as vectors that the validator joins itself (eras e1-e3: hidden states, or logits):
     * joined = sum_i softmax(gate over the answered)_i responses_i, logits = decoder joined. */
    uint32_t response_width;
    const double *responses; /* (K, row_count, response_width), or NULL */
    const double *decoder;   /* (V, response_width); NULL = identity, response_width = V */
    const uint8_t *targets;  /* (row_count) the token that follows each row */
    const double *gate;      /* (K) the router's noise-free score of each peer, or NULL */
    struct stream *stream;   /* of STREAM_SCORER, for sampling scorers, or NULL */
};

/* What one step says of one peer.  A measure that this scorer does not make is NaN, and so is
 * everything of a peer that did not answer. */
struct scorer_measures {
    double loss_nats;         /* mean over rows, before loss_map */
    double base;              /* scaling-law value of that loss, N(L)^power */
    double synergy;           /* sum over pairs of this peer's share of what the pair adds */
    double synergy_loss_nats; /* the same as a difference of losses; recorded, not scored */
    double excess;            /* outlier measure of the distribution, 0..10 */
    double value; /* what this step alone says the peer is worth, the scorer's own unit */
};

/* A validator's memory of one peer.  Plain memory: zero bytes are a peer never asked; zero it when
 * the uid's hotkey changes; copy it for a checkpoint. */
struct scorer_stats {
    double loss_nats, synergy, excess; /* plain running averages; meaningful if their bit is set */
    double value_plain;                /* starts at the first value; shown, never paid */
    double value; /* starts at zero, falls on silence: what weights come from */
    uint32_t queries, answers;
    uint32_t seen; /* bit set of the plain averages above that have begun */
    uint32_t reserved;
};

/* The chain's limits at the moment of setting weights. */
struct scorer_limits {
    uint32_t min_allowed_weights;
    double max_weight_limit; /* largest share of one uid, 0..1 */
    double exclude_quantile; /* 0..1 of the positive values are dropped from below */
    double max_min_ratio;    /* > 1; eras up to e4 squash weights to this ratio */
};

/* Room for `uid_count` entries each, the caller's; the first `count` are valid, uids ascending. */
struct scorer_weights {
    uint32_t count;
    uint32_t *uids;
    double *shares;        /* after cap and normalisation */
    uint16_t *weights_u16; /* floor(65535 x share); those that came out 0 are not in the list */
};

struct scorer_ops {
    const struct param_table *params; /* params->name is the YAML name */
    uint32_t needs;                   /* enum scorer_needs */
    size_t (*scratch_bytes)(const void *params, uint32_t peer_count, uint32_t row_count,
                            uint32_t vocabulary_symbols, uint32_t response_width);
    void (*score)(const void *params, const struct scorer_step *step, void *scratch,
                  struct scorer_measures *ret_measures, double *ret_pairs);
    void (*observe)(const void *params, double entropy_floor_nats, uint32_t vocabulary_symbols,
                    const struct scorer_measures *measures, struct scorer_stats *stats);
    size_t (*weights_scratch_bytes)(const void *params, uint32_t uid_count);
    void (*weights)(const void *params, const struct scorer_limits *limits,
                    const struct scorer_stats *stats, uint32_t uid_count, struct stream *stream,
                    void *scratch, struct scorer_weights *ret_weights);
};

/* What a shared object of a user's own exports as `taosim_scorer`. */
#define SCORER_INTERFACE_VERSION 1u
struct scorer_plugin {
    uint32_t interface_version; /* SCORER_INTERFACE_VERSION */
    const struct scorer_ops *ops;
};

/* Bytes of scratch that scorer_score() needs, 64-byte aligned by the caller. */
static inline size_t scorer_scratch_bytes(const struct scorer_ops *ops, const void *params,
                                          uint32_t peer_count, uint32_t row_count,
                                          uint32_t vocabulary_symbols, uint32_t response_width)
{
    return ops->scratch_bytes(params, peer_count, row_count, vocabulary_symbols, response_width);
}

/* Fills ret_measures (K).  `ret_pairs` (K, K) may be NULL: at (i, j) the nats that the pair gains
 * each of its two, at (i, i) the peer's own loss; 0 for silent peers and for scorers without pairs.
 * Never fails: numerical trouble has the defined results of docs/SCORING.md.  A step that lacks
 * what ops->needs names is the caller's bug. */
static inline void scorer_score(const struct scorer_ops *ops, const void *params,
                                const struct scorer_step *step, void *scratch,
                                struct scorer_measures *ret_measures, double *ret_pairs)
{
    ops->score(params, step, scratch, ret_measures, ret_pairs);
}

/* Updates one asked peer's stats.  `measures` NULL = it did not answer (zero enters the value that
 * is paid).  Call it for each of the K peers asked, in the order asked. */
static inline void scorer_observe(const struct scorer_ops *ops, const void *params,
                                  double entropy_floor_nats, uint32_t vocabulary_symbols,
                                  const struct scorer_measures *measures,
                                  struct scorer_stats *stats)
{
    ops->observe(params, entropy_floor_nats, vocabulary_symbols, measures, stats);
}

static inline size_t scorer_weights_scratch_bytes(const struct scorer_ops *ops, const void *params,
                                                  uint32_t uid_count)
{
    return ops->weights_scratch_bytes(params, uid_count);
}

/* stats is (uid_count), index = uid; the validator's own entry should be zero bytes.  No positive
 * value: count 0.  `stream` (STREAM_SCORER) breaks ties in eras before e5; later eras draw
 * nothing. */
static inline void scorer_weights(const struct scorer_ops *ops, const void *params,
                                  const struct scorer_limits *limits,
                                  const struct scorer_stats *stats, uint32_t uid_count,
                                  struct stream *stream, void *scratch,
                                  struct scorer_weights *ret_weights)
{
    ops->weights(params, limits, stats, uid_count, stream, scratch, ret_weights);
}

#endif
