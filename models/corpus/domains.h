/*
 * domains.h: what every kind of corpus holds, and the draws and statistics over it.
 *
 * A loader creates a struct domains, adds domains, appends tokens, and finishes it; from then on
 * it is immutable.  It is a struct corpus (first member), so it is what a loader returns.
 */
#ifndef CORPUS_DOMAINS_H
#define CORPUS_DOMAINS_H

#include "agent/corpus.h"

struct domains_text {
    uint8_t *tokens;
    size_t count, capacity;
    uint32_t *train_pairs, *heldout_pairs;   /* (V, V) counts of [token][next] */
    uint32_t *train_counts, *heldout_counts; /* (V) of the `next` tokens of those pairs */
};

struct domains {
    struct corpus base;
    int64_t drift_ns; /* simulated time in which interest moves one domain on; 0 = never */
    struct corpus_domain domains[CORPUS_DOMAINS_MAX];
    struct domains_text texts[CORPUS_DOMAINS_MAX];
    uint32_t public_domains[CORPUS_DOMAINS_MAX], public_count;
    uint32_t private_domains[CORPUS_DOMAINS_MAX], private_count;
    struct corpus_file *files;
    size_t file_capacity;
};

/* Empty; the symbol texts must be static. */
SIM_CHECKED enum sim_status domains_create(const struct corpus_ops *ops, uint32_t symbols,
                                           const char *const *symbol_texts,
                                           struct domains **ret_domains, struct sim_error *err);

/* Takes half-built ones and NULL; returns NULL. */
struct domains *domains_free(struct domains *domains);

/* Copies the name. SIM_CONFIG when there is one of that name or there are too many. */
SIM_CHECKED enum sim_status domains_add(struct domains *domains, const char *name,
                                        uint32_t *ret_domain, struct sim_error *err);
SIM_CHECKED enum sim_status domains_append(struct domains *domains, uint32_t domain,
                                           const uint8_t *tokens, size_t count,
                                           struct sim_error *err);
/* Copies path; package and licence must be static. */
SIM_CHECKED enum sim_status domains_add_file(struct domains *domains,
                                             const struct corpus_file *file, struct sim_error *err);
/* Makes the named domain private; false when there is none. */
bool domains_set_private(struct domains *domains, const char *name);

/* Statistics, digest, lists of public and private domains.  SIM_CONFIG when a domain has no whole
 * held-out block, or none is public. */
SIM_CHECKED enum sim_status domains_finish(struct domains *domains, const char *kind,
                                           int64_t drift_ns, struct sim_error *err);

/* For struct corpus_ops; the corpus is a struct domains. */
struct corpus *domains_free_corpus(struct corpus *corpus);
uint32_t domains_draw(const struct corpus *corpus, const struct corpus_request *request,
                      struct stream *stream, uint8_t *ret_tokens);
void domains_mixture(const struct corpus *corpus, const struct corpus_diet *diet,
                     struct stream *stream, double *ret_weights);
void domains_mixture_stats(const struct corpus *corpus, const double *weights,
                           struct corpus_stats *ret_stats);

#endif
