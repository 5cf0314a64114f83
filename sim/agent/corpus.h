/*
 * corpus.h: the text that neurons learn from and are asked about.
 *
 * A corpus is a set of domains over one vocabulary.  Each domain's text is cut into blocks of
 * CORPUS_BLOCK_TOKENS; every tenth block is held out: training draws never touch it, held-out
 * draws touch nothing else.  Tokens are bytes, 0..vocabulary_symbols-1.
 *
 * A corpus is loaded once, is immutable afterwards and may be read from any number of threads; all
 * chance comes from the caller's stream.  models/corpus implements the kinds ("text",
 * "synthetic"); whoever draws uses the functions at the end of this header.
 */
#ifndef AGENT_CORPUS_H
#define AGENT_CORPUS_H

#include "base/error.h"
#include "base/param.h"
#include "base/stream.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CORPUS_BLOCK_TOKENS = 4096,  /* also the longest draw */
    CORPUS_HELDOUT_EVERY = 10,   /* block numbers 9, 19, 29, ... are held out */
    CORPUS_DOMAINS_MAX = 64,     /* a loader refuses more, so weights fit on the stack */
    CORPUS_SHA256_HEX_BYTES = 65 /* 64 digits and the terminating NUL */
};

/* Where a text came from; strings live as long as the corpus. */
struct corpus_file {
    const char *path;
    const char *package; /* Debian package, or "" for the user's own file and for a source */
    const char *licence; /* as the package states it, or "unknown" */
    uint32_t domain;
    uint64_t size_bytes; /* of the file as read */
    char sha256[CORPUS_SHA256_HEX_BYTES];
};

/* How predictable a text is.  A model of a given order is fitted to the counts of the training
 * text (add-0.5 smoothing over the vocabulary; a mixture's counts are its domains' relative
 * counts, weighted) and charged, in nats a token, on the held-out text. */
struct corpus_stats {
    uint64_t train_tokens, heldout_tokens;
    double unigram_nats;
    double bigram_nats;
    double exact_nats; /* entropy rate where it is known, else NAN; of a mixture: with the domain
                          known to the reader, a lower bound of what a model can reach */
};

struct corpus_domain {
    const char *name;
    bool is_private;       /* left out of corpus_mixture()'s Dirichlet */
    const uint8_t *tokens; /* (token_count), held-out blocks included */
    uint64_t token_count;
    struct corpus_stats stats;
};

enum corpus_part { CORPUS_TRAIN, CORPUS_HELDOUT };

/* One sequence to draw.  Fields left zero are switched off. */
struct corpus_request {
    enum corpus_part part;
    const double *weights;  /* (domain_count), not all zero: the domain is drawn; NULL: `domain` */
    uint32_t domain;        /* read when weights is NULL */
    uint32_t length_tokens; /* 1..CORPUS_BLOCK_TOKENS */
    int64_t time_ns;        /* simulated; matters only to a corpus that drifts */
    /* Spoiled training text, each a chance 0..1 that this sequence is such a one (drawn in this
     * order, at most one applies): */
    double leak_share;   /* taken from the held-out part although `part` is CORPUS_TRAIN */
    double junk_share;   /* uniform noise over the vocabulary */
    double poison_share; /* real text whose tokens are put in reverse order */
};

/* How a neuron's mixture over domains is made.  CORPUS_DIET_KEYS declares it in a parameter
 * table. */
struct corpus_diet {
    double concentration; /* of the symmetric Dirichlet over the public domains; 0 = one domain */
    double private_share; /* 0..1 of the weight goes to one private domain, if there is any */
    double leak_share, junk_share, poison_share; /* see struct corpus_request */
};
#define CORPUS_DIET_KEYS(struct_, member_)                                                         \
    {"concentration",                                                                              \
     PARAM_REAL,                                                                                   \
     offsetof(struct_, member_.concentration),                                                     \
     "0",                                                                                          \
     "1e6",                                                                                        \
     "1",                                                                                          \
     NULL,                                                                                         \
     "Dirichlet concentration of a neuron's mixture over the public domains; 0 gives one domain"}, \
        {"private",                                                                                \
         PARAM_REAL,                                                                               \
         offsetof(struct_, member_.private_share),                                                 \
         "0",                                                                                      \
         "1",                                                                                      \
         "0",                                                                                      \
         NULL,                                                                                     \
         "share of a neuron's text that comes from one private domain"},                           \
        {"leak",                                                                                   \
         PARAM_REAL,                                                                               \
         offsetof(struct_, member_.leak_share),                                                    \
         "0",                                                                                      \
         "1",                                                                                      \
         "0",                                                                                      \
         NULL,                                                                                     \
         "chance that a training sequence is held-out text"},                                      \
        {"junk", PARAM_REAL, offsetof(struct_, member_.junk_share),     "0", "1",                  \
         "0",    NULL,       "chance that a training sequence is noise"},                          \
    {                                                                                              \
        "poison", PARAM_REAL, offsetof(struct_, member_.poison_share), "0", "1", "0", NULL,        \
            "chance that a training sequence runs backwards"                                       \
    }

struct corpus_ops;

/* An implementation embeds this as the first member of its own struct. */
struct corpus {
    const struct corpus_ops *ops;
    const char *kind;     /* what was loaded: "text", or "synthetic" when text fell back to it */
    const char *fallback; /* why text fell back, or NULL: belongs in the result */
    uint32_t vocabulary_symbols;     /* 2..256 */
    const char *const *symbol_texts; /* (vocabulary_symbols) UTF-8 of each token, for people */
    uint32_t domain_count;
    const struct corpus_domain *domains; /* (domain_count) */
    uint32_t file_count;
    const struct corpus_file *files; /* (file_count), in the order in which they were read */
    uint64_t digest; /* of vocabulary, domain names and all tokens; part of what a run is */
};

struct corpus_ops {
    const struct param_table *params; /* params->name is the YAML name */

    /* Reads or generates everything.  `params` is a struct as the table says; a copy of what is
     * needed is kept.  Chance: STREAM_SOURCE of `seed`.  Same params, seed and files give the same
     * tokens.  SIM_CONFIG when a package or file is not there or has too little text (the message
     * names it), SIM_IO, SIM_MEMORY.  The caller owns *ret_corpus; ops->free gives it back. */
    enum sim_status (*load)(const void *params, uint64_t seed, struct corpus **ret_corpus,
                            struct sim_error *err);
    /* Accepts NULL; always returns NULL. */
    struct corpus *(*free)(struct corpus *corpus);

    /* The functions below are called through corpus_draw() etc. */
    uint32_t (*draw)(const struct corpus *corpus, const struct corpus_request *request,
                     struct stream *stream, uint8_t *ret_tokens);
    void (*mixture)(const struct corpus *corpus, const struct corpus_diet *diet,
                    struct stream *stream, double *ret_weights);
    void (*mixture_stats)(const struct corpus *corpus, const double *weights,
                          struct corpus_stats *ret_stats);
    /* Or NULL for a corpus that is not made of text. */
    size_t (*encode)(const struct corpus *corpus, const char *text, size_t size_bytes,
                     uint8_t *ret_tokens);
};

/* What a shared object of a user's own exports as `taosim_corpus`. */
#define CORPUS_INTERFACE_VERSION 1u
struct corpus_plugin {
    uint32_t interface_version; /* CORPUS_INTERFACE_VERSION */
    const struct corpus_ops *ops;
};

/* Writes request->length_tokens consecutive tokens of one domain and returns the domain's index.
 * Every start that keeps the sequence within its part is equally likely.  A bug in the caller:
 * a length of 0 or over CORPUS_BLOCK_TOKENS, a domain that does not exist. */
static inline uint32_t corpus_draw(const struct corpus *corpus,
                                   const struct corpus_request *request, struct stream *stream,
                                   uint8_t *ret_tokens)
{
    return corpus->ops->draw(corpus, request, stream, ret_tokens);
}

/* The weights (domain_count; they sum to 1) of one neuron.  Draw them once, from a stream of
 * STREAM_CORPUS keyed by the neuron's stable name, and keep them. */
static inline void corpus_mixture(const struct corpus *corpus, const struct corpus_diet *diet,
                                  struct stream *stream, double *ret_weights)
{
    corpus->ops->mixture(corpus, diet, stream, ret_weights);
}

/* Statistics of a mixture; `weights` need not sum to 1.  The token counts are sums over the
 * domains of positive weight.  Costs domain_count x vocabulary^2: call it once a mixture. */
static inline void corpus_mixture_stats(const struct corpus *corpus, const double *weights,
                                        struct corpus_stats *ret_stats)
{
    corpus->ops->mixture_stats(corpus, weights, ret_stats);
}

/* Tokens of a text as the corpus reads its own, into ret_tokens (2 x size_bytes); only a blank at
 * the very end stays, since the text may go on.  Returns their number. */
static inline size_t corpus_encode(const struct corpus *corpus, const char *text, size_t size_bytes,
                                   uint8_t *ret_tokens)
{
    return corpus->ops->encode(corpus, text, size_bytes, ret_tokens);
}

/* What a perfect model could reach on this text: the exact entropy rate where it is known;
 * elsewhere nobody knows, and half the bigram entropy is the stated convention.  The floor of the
 * scorers' `loss_map: affine`. */
static inline double corpus_stats_floor_nats(const struct corpus_stats *stats)
{
    return isnan(stats->exact_nats) ? 0.5 * stats->bigram_nats : stats->exact_nats;
}

static inline struct corpus *corpus_free(struct corpus *corpus)
{
    return corpus == NULL ? NULL : corpus->ops->free(corpus);
}

#endif
