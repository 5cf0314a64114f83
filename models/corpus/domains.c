#include "corpus/domains.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#define OUT_OF_MEMORY(err) SIM_FAIL((err), SIM_MEMORY, "corpus: out of memory")

enum sim_status domains_create(const struct corpus_ops *ops, uint32_t symbols,
                               const char *const *symbol_texts, struct domains **ret_domains,
                               struct sim_error *err)
{
    SIM_ASSERT(symbols >= 2 && symbols <= 256);
    struct domains *domains = calloc(1, sizeof(*domains));
    if (domains == NULL)
        return OUT_OF_MEMORY(err);
    domains->base = (struct corpus){.ops = ops,
                                    .vocabulary_symbols = symbols,
                                    .symbol_texts = symbol_texts,
                                    .domains = domains->domains};
    *ret_domains = domains;
    return SIM_OK;
}

/* The names and paths are our own copies behind const pointers. */
static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

struct domains *domains_free(struct domains *domains)
{
    if (domains == NULL)
        return NULL;
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        struct domains_text *text = &domains->texts[d];
        free_text(domains->domains[d].name);
        free(text->tokens);
        free(text->train_pairs);
        free(text->heldout_pairs);
        free(text->train_counts);
        free(text->heldout_counts);
    }
    for (uint32_t f = 0; f < domains->base.file_count; f++)
        free_text(domains->files[f].path);
    free(domains->files);
    free_text(domains->base.fallback);
    free(domains);
    return NULL;
}

struct corpus *domains_free_corpus(struct corpus *corpus)
{
    domains_free((struct domains *)corpus);
    return NULL;
}

enum sim_status domains_add(struct domains *domains, const char *name, uint32_t *ret_domain,
                            struct sim_error *err)
{
    uint32_t count = domains->base.domain_count;
    for (uint32_t d = 0; d < count; d++)
        if (strcmp(domains->domains[d].name, name) == 0)
            return SIM_FAIL(err, SIM_CONFIG, "corpus: domain '%s' is listed twice", name);
    if (count == CORPUS_DOMAINS_MAX)
        return SIM_FAIL(err, SIM_CONFIG, "corpus: more than %d domains", CORPUS_DOMAINS_MAX);
    char *copy = strdup(name);
    if (copy == NULL)
        return OUT_OF_MEMORY(err);
    domains->domains[count] =
        (struct corpus_domain){.name = copy, .stats = {.exact_nats = (double)NAN}};
    domains->base.domain_count = count + 1;
    *ret_domain = count;
    return SIM_OK;
}

enum sim_status domains_append(struct domains *domains, uint32_t domain, const uint8_t *tokens,
                               size_t count, struct sim_error *err)
{
    struct domains_text *text = &domains->texts[domain];
    if (text->count + count > text->capacity) {
        size_t capacity = 2 * text->capacity + count + 65536;
        uint8_t *grown = realloc(text->tokens, capacity);
        if (grown == NULL)
            return OUT_OF_MEMORY(err);
        text->tokens = grown;
        text->capacity = capacity;
    }
    if (count > 0)
        memcpy(text->tokens + text->count, tokens, count);
    text->count += count;
    return SIM_OK;
}

enum sim_status domains_add_file(struct domains *domains, const struct corpus_file *file,
                                 struct sim_error *err)
{
    if (domains->base.file_count == domains->file_capacity) {
        size_t capacity = 2 * domains->file_capacity + 64;
        struct corpus_file *grown = realloc(domains->files, capacity * sizeof(*grown));
        if (grown == NULL)
            return OUT_OF_MEMORY(err);
        domains->files = grown;
        domains->base.files = grown;
        domains->file_capacity = capacity;
    }
    char *path = strdup(file->path);
    if (path == NULL)
        return OUT_OF_MEMORY(err);
    struct corpus_file *slot = &domains->files[domains->base.file_count++];
    *slot = *file;
    slot->path = path;
    return SIM_OK;
}

bool domains_set_private(struct domains *domains, const char *name)
{
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        if (strcmp(domains->domains[d].name, name) == 0) {
            domains->domains[d].is_private = true;
            return true;
        }
    }
    return false;
}

/*
 * Layout of a domain's text: periods of CORPUS_HELDOUT_EVERY blocks, the last block of each held
 * out, then a tail of less than a period.  The tail's first nine blocks are training text; what
 * lies beyond them is part of a held-out block that is not whole, and is cut off.
 */
enum {
    TRAIN_RUN = CORPUS_BLOCK_TOKENS * (CORPUS_HELDOUT_EVERY - 1),
    PERIOD = CORPUS_BLOCK_TOKENS * CORPUS_HELDOUT_EVERY
};

static uint64_t without_partial_heldout(uint64_t count)
{
    uint64_t tail = count % PERIOD;
    return count - (tail > TRAIN_RUN ? tail - TRAIN_RUN : 0);
}

static void count_pairs(const uint8_t *tokens, size_t count, uint32_t symbols, uint32_t *pairs)
{
    for (size_t i = 1; i < count; i++)
        pairs[tokens[i - 1] * symbols + tokens[i]]++;
}

static void sum_over_first(const uint32_t *pairs, uint32_t symbols, uint32_t *counts)
{
    for (uint32_t a = 0; a < symbols; a++)
        for (uint32_t b = 0; b < symbols; b++)
            counts[b] += pairs[a * symbols + b];
}

static bool count_domain(struct domains_text *text, uint32_t symbols)
{
    size_t pairs = (size_t)symbols * symbols;
    text->train_pairs = calloc(pairs, sizeof(uint32_t));
    text->heldout_pairs = calloc(pairs, sizeof(uint32_t));
    text->train_counts = calloc(symbols, sizeof(uint32_t));
    text->heldout_counts = calloc(symbols, sizeof(uint32_t));
    if (text->train_pairs == NULL || text->heldout_pairs == NULL || text->train_counts == NULL ||
        text->heldout_counts == NULL)
        return false;
    for (size_t at = 0; at < text->count; at += PERIOD) {
        size_t left = text->count - at;
        count_pairs(text->tokens + at, left < TRAIN_RUN ? left : TRAIN_RUN, symbols,
                    text->train_pairs);
        if (left >= PERIOD)
            count_pairs(text->tokens + at + TRAIN_RUN, CORPUS_BLOCK_TOKENS, symbols,
                        text->heldout_pairs);
    }
    sum_over_first(text->train_pairs, symbols, text->train_counts);
    sum_over_first(text->heldout_pairs, symbols, text->heldout_counts);
    return true;
}

static uint64_t heldout_tokens(uint64_t count)
{
    return count / PERIOD * CORPUS_BLOCK_TOKENS;
}

static void digest_domains(struct domains *domains)
{
    struct digest digest;
    digest_init(&digest);
    digest_u64(&digest, domains->base.vocabulary_symbols);
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        const struct corpus_domain *domain = &domains->domains[d];
        digest_u64(&digest, strlen(domain->name));
        digest_bytes(&digest, domain->name, strlen(domain->name));
        digest_u64(&digest, domain->token_count);
        digest_bytes(&digest, domain->tokens, domain->token_count);
    }
    domains->base.digest = digest_value(&digest);
}

static enum sim_status finish_domain(struct domains *domains, uint32_t d, struct sim_error *err)
{
    struct domains_text *text = &domains->texts[d];
    struct corpus_domain *domain = &domains->domains[d];
    if (text->count < PERIOD)
        return SIM_FAIL(err, SIM_CONFIG,
                        "corpus: domain '%s' has %zu tokens; at least %d are needed for one "
                        "held-out block",
                        domain->name, text->count, (int)PERIOD);
    text->count = without_partial_heldout(text->count);
    if (!count_domain(text, domains->base.vocabulary_symbols))
        return OUT_OF_MEMORY(err);
    domain->tokens = text->tokens;
    domain->token_count = text->count;

    double exact_nats = domain->stats.exact_nats;
    double weights[CORPUS_DOMAINS_MAX] = {0};
    weights[d] = 1;
    domain->stats.heldout_tokens = heldout_tokens(text->count);
    domain->stats.train_tokens = text->count - domain->stats.heldout_tokens;
    domains_mixture_stats(&domains->base, weights, &domain->stats);
    SIM_ASSERT(isnan(exact_nats) || domain->stats.exact_nats == exact_nats);
    if (domain->is_private)
        domains->private_domains[domains->private_count++] = d;
    else
        domains->public_domains[domains->public_count++] = d;
    return SIM_OK;
}

enum sim_status domains_finish(struct domains *domains, const char *kind, int64_t drift_ns,
                               struct sim_error *err)
{
    domains->base.kind = kind;
    domains->drift_ns = drift_ns;
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        enum sim_status status = finish_domain(domains, d, err);
        if (status != SIM_OK)
            return status;
    }
    if (domains->public_count == 0)
        return SIM_FAIL(err, SIM_CONFIG, "corpus: there is no domain that is not private");
    digest_domains(domains);
    return SIM_OK;
}

/* ---- draws ---------------------------------------------------------------------------------- */

static uint32_t draw_index(const double *weights, uint32_t count, struct stream *stream)
{
    double sum = 0;
    for (uint32_t d = 0; d < count; d++)
        sum += weights[d];
    double left = stream_uniform(stream) * sum;
    uint32_t last_positive = 0;
    for (uint32_t d = 0; d < count; d++) {
        if (weights[d] <= 0)
            continue;
        if (left < weights[d])
            return d;
        left -= weights[d];
        last_positive = d;
    }
    return last_positive; /* rounding ate the rest */
}

/* Interest moves on through the public domains, one every drift_ns; between two of them a
 * sequence comes from either in proportion to the time passed. */
static uint32_t drifted(const struct domains *domains, uint32_t domain, int64_t time_ns,
                        struct stream *stream)
{
    if (domains->drift_ns <= 0 || domains->domains[domain].is_private)
        return domain;
    uint64_t steps = (uint64_t)(time_ns / domains->drift_ns);
    double part = (double)(time_ns % domains->drift_ns) / (double)domains->drift_ns;
    steps += stream_uniform(stream) < part;
    uint32_t place = 0;
    while (domains->public_domains[place] != domain)
        place++;
    return domains->public_domains[(place + steps) % domains->public_count];
}

static const uint8_t *draw_train(const struct domains_text *text, uint32_t length,
                                 struct stream *stream)
{
    uint64_t run_starts = TRAIN_RUN - length + 1;
    uint64_t tail = text->count % PERIOD;
    uint64_t tail_starts = tail >= length ? tail - length + 1 : 0;
    uint64_t start = stream_below(stream, text->count / PERIOD * run_starts + tail_starts);
    return text->tokens + start / run_starts * PERIOD + start % run_starts;
}

static const uint8_t *draw_heldout(const struct domains_text *text, uint32_t length,
                                   struct stream *stream)
{
    uint64_t block_starts = CORPUS_BLOCK_TOKENS - length + 1;
    uint64_t start = stream_below(stream, text->count / PERIOD * block_starts);
    return text->tokens + start / block_starts * PERIOD + TRAIN_RUN + start % block_starts;
}

enum spoil { SPOIL_NONE, SPOIL_LEAK, SPOIL_JUNK, SPOIL_POISON };

static enum spoil draw_spoil(const struct corpus_request *request, struct stream *stream)
{
    double leak = request->leak_share;
    double junk = leak + request->junk_share;
    double poison = junk + request->poison_share;
    if (poison <= 0)
        return SPOIL_NONE;
    double u = stream_uniform(stream);
    return u < leak ? SPOIL_LEAK : u < junk ? SPOIL_JUNK : u < poison ? SPOIL_POISON : SPOIL_NONE;
}

uint32_t domains_draw(const struct corpus *corpus, const struct corpus_request *request,
                      struct stream *stream, uint8_t *ret_tokens)
{
    const struct domains *domains = (const struct domains *)corpus;
    uint32_t length = request->length_tokens;
    SIM_ASSERT(length >= 1 && length <= CORPUS_BLOCK_TOKENS);
    uint32_t domain = request->weights == NULL
                          ? request->domain
                          : draw_index(request->weights, corpus->domain_count, stream);
    SIM_ASSERT(domain < corpus->domain_count);
    if (request->weights != NULL)
        domain = drifted(domains, domain, request->time_ns, stream);

    enum spoil spoil = draw_spoil(request, stream);
    if (spoil == SPOIL_JUNK) {
        for (uint32_t i = 0; i < length; i++)
            ret_tokens[i] = (uint8_t)stream_below(stream, corpus->vocabulary_symbols);
        return domain;
    }
    bool heldout = request->part == CORPUS_HELDOUT || spoil == SPOIL_LEAK;
    const uint8_t *from =
        (heldout ? draw_heldout : draw_train)(&domains->texts[domain], length, stream);
    for (uint32_t i = 0; i < length; i++)
        ret_tokens[i] = from[spoil == SPOIL_POISON ? length - 1 - i : i];
    return domain;
}
