#include "corpus/synthetic.h"

#include "corpus/alphabet.h"
#include "corpus/source.h"

#include <gsl/gsl_randist.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTITY "corpus.synthetic"
enum { TRIES_MAX = 64 };

static const struct param_key keys[] = {
    {"domains", PARAM_U32, offsetof(struct synthetic_params, domains), "1", "64", "4", NULL,
     "number of domains, each a source of its own"},
    {"private", PARAM_U32, offsetof(struct synthetic_params, private_domains), "0", "63", "0", NULL,
     "so many of the domains, the last ones, are in no neuron's ordinary mixture"},
    {"symbols", PARAM_U32, offsetof(struct synthetic_params, symbols), "4", "128", "64", NULL,
     "size of the vocabulary"},
    {"rank", PARAM_U32, offsetof(struct synthetic_params, rank), "1", "32", "8", NULL,
     "width of the symbols' vectors in the source"},
    {"entropy", PARAM_NATS, offsetof(struct synthetic_params, entropy_nats), "0.1 nats", "4.8 nats",
     "1.6 nats", NULL, "entropy rate of each domain, met to 1e-9"},
    {"overlap", PARAM_REAL, offsetof(struct synthetic_params, overlap), "0", "1", "0.5", NULL,
     "share of the vectors' variance that all domains have in common"},
    {"tokens", PARAM_U64, offsetof(struct synthetic_params, tokens), "40960", "1000000000",
     "1000000", NULL, "length of each domain's text, held-out blocks included"},
    {"drift", PARAM_DURATION_NS, offsetof(struct synthetic_params, drift_ns), "0 s", NULL, "0 s",
     NULL, "simulated time in which all interest moves on by one public domain; 0 s is never"},
};
static const struct param_table table =
    PARAM_TABLE("synthetic", struct synthetic_params, keys,
                "order-2 sources of exactly known entropy, generated from the seed");

struct synthetic_params synthetic_defaults(void)
{
    return (struct synthetic_params){.domains = 4,
                                     .symbols = 64,
                                     .rank = 8,
                                     .entropy_nats = 1.6,
                                     .overlap = 0.5,
                                     .tokens = 1000000};
}

static enum sim_status check(const struct synthetic_params *params, struct sim_error *err)
{
    if (params->entropy_nats >= log(params->symbols))
        return SIM_FAIL(err, SIM_CONFIG,
                        "corpus: an entropy of %g nats is not below ln %u = %.4f nats",
                        params->entropy_nats, params->symbols, log(params->symbols));
    if (params->private_domains >= params->domains)
        return SIM_FAIL(err, SIM_CONFIG, "corpus: all %u domains are private", params->domains);
    if (3 * params->rank > params->symbols * params->symbols)
        return SIM_FAIL(err, SIM_CONFIG, "corpus: rank %u is too large for %u symbols",
                        params->rank, params->symbols);
    return SIM_OK;
}

/* The vectors that domains share: (3, V, r). */
static double *draw_shared(const struct synthetic_params *params, uint64_t seed)
{
    size_t count = (size_t)3 * params->symbols * params->rank;
    double *shared = malloc(count * sizeof(*shared));
    struct stream stream;
    stream_init(&stream, seed, STREAM_SOURCE, stream_entity(ENTITY ".shared", 0), 0);
    for (size_t i = 0; shared != NULL && i < count; i++)
        shared[i] = gsl_ran_gaussian_ziggurat(&stream.rng, 1);
    return shared;
}

static enum sim_status tune_domain(struct source *source, const struct synthetic_params *params,
                                   const double *shared, uint64_t seed, uint32_t domain,
                                   struct sim_error *err)
{
    for (uint64_t try = 0; try < TRIES_MAX; try++) {
        struct stream stream;
        stream_init(&stream, seed, STREAM_SOURCE, stream_entity(ENTITY ".vectors", domain), try);
        source_draw(source, shared, params->rank, params->overlap, &stream);
        if (source_tune(source, params->entropy_nats))
            return SIM_OK;
    }
    return SIM_FAIL(err, SIM_CONFIG,
                    "corpus: no well-mixing source of %g nats over %u symbols in %d tries; ask for "
                    "a higher entropy",
                    params->entropy_nats, params->symbols, (int)TRIES_MAX);
}

static enum sim_status write_domain(struct source *source, const struct synthetic_params *params,
                                    uint64_t seed, struct domains *domains, uint32_t domain,
                                    struct sim_error *err)
{
    uint8_t *tokens = malloc(params->tokens);
    if (tokens == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    domains->domains[domain].stats.exact_nats = source->entropy_nats;
    struct stream stream;
    stream_init(&stream, seed, STREAM_SOURCE, stream_entity(ENTITY ".text", domain), 0);
    source_prepare_sampling(source);
    source_sample(source, &stream, tokens, params->tokens);
    enum sim_status status = domains_append(domains, domain, tokens, params->tokens, err);
    free(tokens);
    return status;
}

static enum sim_status add_domain(struct source *source, const struct synthetic_params *params,
                                  const double *shared, uint64_t seed, const char *name,
                                  struct domains *domains, struct sim_error *err)
{
    uint32_t domain;
    enum sim_status status = domains_add(domains, name, &domain, err);
    if (status == SIM_OK)
        status = tune_domain(source, params, shared, seed, domain, err);
    if (status == SIM_OK)
        status = write_domain(source, params, seed, domains, domain, err);
    return status;
}

static enum sim_status fill(const struct synthetic_params *params, uint64_t seed,
                            const char *const *names, const struct param_strings *private_names,
                            struct domains *domains, struct sim_error *err)
{
    struct source source;
    enum sim_status status = source_init(&source, params->symbols, err);
    if (status != SIM_OK)
        return status;
    double *shared = draw_shared(params, seed);
    if (shared == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    for (uint32_t d = 0; d < params->domains && status == SIM_OK; d++)
        status = add_domain(&source, params, shared, seed, names[d], domains, err);
    free(shared);
    source_release(&source);
    for (size_t i = 0; i < private_names->count && status == SIM_OK; i++)
        if (!domains_set_private(domains, private_names->items[i]))
            status =
                SIM_FAIL(err, SIM_CONFIG, "corpus: private domain '%s' is not among the domains",
                         private_names->items[i]);
    return status == SIM_OK ? domains_finish(domains, "synthetic", params->drift_ns, err) : status;
}

enum sim_status synthetic_load_named(const struct synthetic_params *params, uint64_t seed,
                                     const char *const *names,
                                     const struct param_strings *private_names,
                                     struct domains **ret_domains, struct sim_error *err)
{
    struct domains *domains = NULL;
    enum sim_status status = check(params, err);
    if (status == SIM_OK)
        status = domains_create(&corpus_synthetic, params->symbols,
                                alphabet_symbol_texts(ALPHABET_BYTES), &domains, err);
    if (status == SIM_OK)
        status = fill(params, seed, names, private_names, domains, err);
    if (status == SIM_OK)
        *ret_domains = domains;
    else
        domains_free(domains);
    return status;
}

static enum sim_status synthetic_load(const void *params_, uint64_t seed,
                                      struct corpus **ret_corpus, struct sim_error *err)
{
    const struct synthetic_params *params = params_;
    char texts[CORPUS_DOMAINS_MAX][24];
    const char *names[CORPUS_DOMAINS_MAX];
    for (uint32_t d = 0; d < params->domains; d++) {
        snprintf(texts[d], sizeof(texts[d]), "source-%u", d);
        names[d] = texts[d];
    }
    uint32_t first_private = params->domains - params->private_domains;
    bool any = params->private_domains < params->domains;
    struct param_strings private_names = {names + (any ? first_private : 0),
                                          any ? params->private_domains : 0};
    struct domains *domains;
    enum sim_status status =
        synthetic_load_named(params, seed, names, &private_names, &domains, err);
    if (status == SIM_OK)
        *ret_corpus = &domains->base;
    return status;
}

const struct corpus_ops corpus_synthetic = {.params = &table,
                                            .load = synthetic_load,
                                            .free = domains_free_corpus,
                                            .draw = domains_draw,
                                            .mixture = domains_mixture,
                                            .mixture_stats = domains_mixture_stats};
