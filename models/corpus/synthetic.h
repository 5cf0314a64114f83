/*
 * synthetic.h: the corpus "synthetic": text of exactly known entropy.
 *
 * Each domain is a stationary order-2 Markov source over V symbols,
 *   p(y | a, b) = softmax_y( beta (U[a].W[y] + 0.7 U2[b].W[y]) / sqrt(r) ),  a = x[t-1], b =
 * x[t-2], with U, U2, W normal (V, r).  Its temperature beta is chosen so that the entropy rate H =
 * sum over (a, b) of pi(a, b) x entropy of p(. | a, b) is the wanted one; pi is the stationary
 * distribution of pairs, by power iteration.  Domains share a part `overlap` of the variance of
 * their vectors.
 */
#ifndef CORPUS_SYNTHETIC_H
#define CORPUS_SYNTHETIC_H

#include "agent/corpus.h"
#include "corpus/domains.h"

struct synthetic_params {
    uint32_t domains;         /* 1..CORPUS_DOMAINS_MAX */
    uint32_t private_domains; /* the last so many are private */
    uint32_t symbols;         /* V, 4..128 */
    uint32_t rank;            /* r */
    double entropy_nats;      /* wanted entropy rate; below ln V */
    double overlap;           /* 0..1 */
    uint64_t tokens;          /* of each domain, held-out blocks included */
    int64_t drift_ns;
};

extern const struct corpus_ops corpus_synthetic;

struct synthetic_params synthetic_defaults(void);

/* As the ops' load, with names for the domains (params->domains of them) and the names of those
 * that are private. */
SIM_CHECKED enum sim_status synthetic_load_named(const struct synthetic_params *params,
                                                 uint64_t seed, const char *const *names,
                                                 const struct param_strings *private_names,
                                                 struct domains **ret_domains,
                                                 struct sim_error *err);

#endif
