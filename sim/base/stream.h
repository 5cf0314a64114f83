/*
 * stream.h: random numbers that nothing else can move.
 *
 * A stream is a counter-based generator (Philox4x64-10, Salmon et al. 2011, from Random123) keyed
 * by (seed, purpose, entity, ticket).  Two different keys give independent streams; drawing from
 * one moves no other, so a twin, a probe or one more neuron leaves every other draw bit-equal.
 *
 * The stream is a gsl_rng, so GSL's distributions work on it: gsl_ran_exponential(&s.rng, mean).
 *
 * A struct stream is the caller's memory, holds no pointer that it owns, and must not be moved or
 * copied after stream_init (its gsl_rng points into it).  To checkpoint one, save `key` and
 * `position` and call stream_seek.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* What a stream is for.  Append only: the number is part of every key. */
enum stream_purpose {
    STREAM_GENESIS = 1, /* scenario distributions drawn for an entity at the start */
    STREAM_MODEL_INIT,  /* first parameters of a model */
    STREAM_TRAIN_DATA,  /* a model's training batches */
    STREAM_QUERY_DATA,  /* text that a validator asks about */
    STREAM_ROUTE,       /* which peers a validator asks */
    STREAM_WORK,        /* proof-of-work solving times */
    STREAM_NETWORK,     /* jitter and loss */
    STREAM_FAULT,       /* failures of hosts and links */
    STREAM_STRATEGY,    /* a strategy's own dice */
    STREAM_CORPUS,      /* how a corpus is cut and which domains a neuron holds */
    STREAM_SOURCE,      /* the synthetic source's own parameters and text */
    STREAM_QUEUE,       /* a server's lottery among stakeless callers */
    STREAM_SCORER,      /* a scorer's own sampling */
    STREAM_CLIENT,      /* client traffic */
    STREAM_SWEEP,       /* designs and replicates */
    STREAM_TEST,        /* tests */
    STREAM_MECHANISM,   /* a mechanism's dice, and the puzzles that it pays for */
    STREAM_MONEY,       /* an owner's balance and habits at the start */
    STREAM_DELEGATE,    /* a delegator's balance at the start, and its choices */
    STREAM_SALT         /* salts of committed rows of weights */
};

struct stream_key {
    uint64_t seed;
    uint64_t purpose; /* enum stream_purpose */
    uint64_t entity;  /* stream_entity() of the scenario's own names, never a uid */
    uint64_t ticket;  /* number of the job that draws; 0 where there is none */
};

struct stream {
    gsl_rng rng; /* use this with GSL */
    struct stream_key key;
    uint64_t position; /* 64-bit words drawn so far */
    uint64_t block[4];
};

/* The stable name of an entity: a group of the scenario and an index in it. */
uint64_t stream_entity(const char *group, uint64_t index);

/* Ready at position 0. */
void stream_init(struct stream *stream, uint64_t seed, enum stream_purpose purpose, uint64_t entity,
                 uint64_t ticket);

/* Continues `key` after `position` words: a resumed stream is the unbroken one. */
void stream_seek(struct stream *stream, const struct stream_key *key, uint64_t position);

/* The next 64 random bits. */
uint64_t stream_u64(struct stream *stream);

/* Uniform in [0, 1) with 53 bits; one word. */
double stream_uniform(struct stream *stream);

/* Uniform in 0..bound-1, exactly (by rejection); bound > 0. */
uint64_t stream_below(struct stream *stream, uint64_t bound);

#endif
