#include "corpus/text.h"

#include "corpus/alphabet.h"
#include "corpus/catalogue.h"
#include "corpus/domains.h"
#include "corpus/filter.h"
#include "corpus/source_file.h"
#include "corpus/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const alphabet_choices[] = {"latin64", "bytes", NULL};
static const char *const else_choices[] = {"none", "synthetic", NULL};

static const struct param_key keys[] = {
    {"text", PARAM_STRING_LIST, offsetof(struct text_params, text), NULL, NULL, "", NULL,
     "built-in domains, each from a Debian package (docs/CORPUS.md lists them); if neither these "
     "nor files are named: reference-en, reference-de, reference-fr, reference-es, perl, fortunes"},
    {"files", PARAM_STRING_LIST, offsetof(struct text_params, files), NULL, NULL, "", NULL,
     "text files of your own, UTF-8, each as 'domain=path'; several files may make one domain"},
    {"licences", PARAM_STRING_LIST, offsetof(struct text_params, licences), NULL, NULL, "", NULL,
     "licences of your own text, each as 'domain=licence', for the result; unknown where not said"},
    {"sha256", PARAM_STRING_LIST, offsetof(struct text_params, sha256), NULL, NULL, "", NULL,
     "checksums that your own files must have, each as 'path=64 hex digits', path as in files"},
    {"private", PARAM_STRING_LIST, offsetof(struct text_params, private_), NULL, NULL, "", NULL,
     "domains that no neuron's ordinary mixture contains"},
    {"vocabulary", PARAM_ENUM, offsetof(struct text_params, alphabet), NULL, NULL, "latin64",
     alphabet_choices, "latin64: 64 symbols, Latin script; bytes: the 256 bytes of UTF-8"},
    {"tokens", PARAM_U64, offsetof(struct text_params, tokens_max), "40960", "1000000000",
     "2000000", NULL, "longest text of one domain; what is beyond is not used"},
    {"else", PARAM_ENUM, offsetof(struct text_params, otherwise), NULL, NULL, "none", else_choices,
     "what takes the place of text whose package is not installed: none is an error"},
    {"root", PARAM_STRING, offsetof(struct text_params, root), NULL, NULL, "/", NULL,
     "directory below which usr/share with the packages' text lies"},
    {"drift", PARAM_DURATION_NS, offsetof(struct text_params, drift_ns), "0 s", NULL, "0 s", NULL,
     "simulated time in which all interest moves on by one public domain; 0 s is never"},
};
static const struct param_table table =
    PARAM_TABLE("text", struct text_params, keys, "real text from Debian packages or files");

/* What loading needs beside the domains themselves. */
struct loader {
    const struct text_params *params;
    struct domains *domains;
    struct filter filter;
    bool missing; /* the error is that a package's text is not there */
};

/* ---- from a file's bytes to a domain's tokens ------------------------------------------------ */

/* Lines of the stripped text that are worth keeping; `keep` false only remembers them. */
static enum sim_status append_lines(struct loader *loader, uint32_t domain, const char *text,
                                    size_t size_bytes, uint8_t *tokens, bool keep,
                                    struct sim_error *err)
{
    enum alphabet_kind alphabet = (enum alphabet_kind)loader->params->alphabet;
    for (size_t at = 0; at < size_bytes;) {
        const char *line = text + at;
        size_t size = (size_t)((const char *)memchr(line, '\n', size_bytes - at) - line);
        at += size + 1;
        if (filter_is_licence(line, size)) {
            loader->filter.licence_lines++;
            continue;
        }
        size_t count = alphabet_encode(alphabet, line, size, tokens);
        bool is_new = true;
        if (count >= FILTER_SHORTEST_TOKENS) {
            enum sim_status status = filter_see(&loader->filter, tokens, count, &is_new, err);
            if (status != SIM_OK)
                return status;
        }
        if (!is_new || !keep || count == 0)
            continue;
        tokens[count++] = alphabet_newline(alphabet);
        uint64_t room = loader->params->tokens_max - loader->domains->texts[domain].count;
        enum sim_status status =
            domains_append(loader->domains, domain, tokens, count < room ? count : room, err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

struct reading {
    uint32_t domain;
    enum strip_format format;
    const char *package, *licence;
    bool keep;          /* false: only remember its lines as seen */
    bool must_be_utf8;  /* the user's own files */
    const char *sha256; /* what the file must be, in hex; NULL: whatever it is */
};

static enum sim_status append_text(struct loader *loader, const struct reading *reading,
                                   const struct source_file *file, struct sim_error *err)
{
    char *text = malloc(file->size_bytes + 1);
    uint8_t *tokens = malloc(2 * file->size_bytes + 2);
    enum sim_status status;
    if (text == NULL || tokens == NULL) {
        status = SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    } else {
        size_t size = strip_markup(reading->format, file->bytes, file->size_bytes, text);
        status = append_lines(loader, reading->domain, text, size, tokens, reading->keep, err);
    }
    free(text);
    free(tokens);
    return status;
}

static enum sim_status read_one(struct loader *loader, const struct reading *reading,
                                const char *path, struct sim_error *err)
{
    struct source_file file;
    enum sim_status status = source_file_read(path, &file, err);
    if (status != SIM_OK)
        return status;
    size_t valid = alphabet_utf8_check(file.bytes, file.size_bytes);
    if (reading->sha256 != NULL && strcasecmp(reading->sha256, file.sha256) != 0) {
        status = SIM_FAIL(err, SIM_CONFIG,
                          "corpus: '%s' is not the file that the scenario names: its SHA-256 is "
                          "%s, not %s",
                          path, file.sha256, reading->sha256);
    } else if (reading->must_be_utf8 && valid < file.size_bytes) {
        status = SIM_FAIL(err, SIM_CONFIG, "corpus: '%s' is not UTF-8 (at byte %zu)", path, valid);
    } else {
        struct corpus_file provenance = {.path = path,
                                         .package = reading->package,
                                         .licence = reading->licence,
                                         .domain = reading->domain,
                                         .size_bytes = file.size_bytes};
        memcpy(provenance.sha256, file.sha256, sizeof(provenance.sha256));
        status = domains_add_file(loader->domains, &provenance, err);
        if (status == SIM_OK)
            status = append_text(loader, reading, &file, err);
    }
    free(file.bytes);
    return status;
}

/* All files of a pattern, in byte order, until the domain is full; *ret_count of them matched. */
static enum sim_status read_pattern(struct loader *loader, const struct reading *reading,
                                    const char *pattern, const char *const *unread,
                                    size_t *ret_count, struct sim_error *err)
{
    const char *root = loader->params->root;
    struct source_list list;
    enum sim_status status =
        source_list_find(strcmp(root, "/") == 0 ? "" : root, pattern, unread, &list, err);
    if (status != SIM_OK)
        return status;
    for (size_t i = 0; i < list.count && status == SIM_OK; i++) {
        bool full = loader->domains->texts[reading->domain].count >= loader->params->tokens_max;
        if (!full)
            status = read_one(loader, reading, list.paths[i], err);
    }
    *ret_count = list.count;
    source_list_release(&list);
    return status;
}

/* ---- domains --------------------------------------------------------------------------------- */

static enum sim_status read_package(struct loader *loader, const struct catalogue_entry *entry,
                                    uint32_t domain, struct sim_error *err)
{
    struct reading reading = {.domain = domain,
                              .format = entry->format,
                              .package = entry->package,
                              .licence = entry->licence};
    size_t count;
    enum sim_status status = SIM_OK;
    if (entry->original != NULL)
        status = read_pattern(loader, &reading, entry->original, entry->unread, &count, err);
    reading.keep = true;
    if (status == SIM_OK)
        status = read_pattern(loader, &reading, entry->pattern, entry->unread, &count, err);
    if (status == SIM_OK && count == 0) {
        loader->missing = true;
        return SIM_FAIL(err, SIM_CONFIG,
                        "corpus: domain '%s' needs the Debian package '%s', which is not installed "
                        "(no file %s%s%s); install it with: apt-get install %s",
                        entry->name, entry->package, loader->params->root,
                        strcmp(loader->params->root, "/") == 0 ? "" : "/", entry->pattern,
                        entry->package);
    }
    return status;
}

static const char *listed_name(const struct text_params *params, size_t i)
{
    bool none = params->text.count == 0 && params->files.count == 0;
    if (none)
        return catalogue_default[i];
    return i < params->text.count ? params->text.items[i] : NULL;
}

/* The domains get their numbers in the order of the list, their text in the catalogue's. */
static enum sim_status add_packages(struct loader *loader, struct sim_error *err)
{
    uint32_t domain_of[CORPUS_DOMAINS_MAX];
    const struct catalogue_entry *entry_of[CORPUS_DOMAINS_MAX];
    enum sim_status status = SIM_OK;
    uint32_t count = 0;
    for (const char *name; (name = listed_name(loader->params, count)) != NULL; count++) {
        const struct catalogue_entry *entry = catalogue_find(name);
        if (entry == NULL)
            return SIM_FAIL(err, SIM_CONFIG,
                            "corpus: there is no built-in domain '%s'; docs/CORPUS.md lists them",
                            name);
        status = domains_add(loader->domains, name, &domain_of[count], err);
        if (status != SIM_OK)
            return status;
        entry_of[count] = entry;
    }
    for (size_t c = 0; c < catalogue_count; c++) {
        for (uint32_t i = 0; i < count && status == SIM_OK; i++)
            if (entry_of[i] == &catalogue_entries[c])
                status = read_package(loader, &catalogue_entries[c], domain_of[i], err);
    }
    return status;
}

static enum sim_status find_or_add(struct domains *domains, const char *name, uint32_t *ret_domain,
                                   struct sim_error *err)
{
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        if (strcmp(domains->domains[d].name, name) == 0) {
            *ret_domain = d;
            return SIM_OK;
        }
    }
    return domains_add(domains, name, ret_domain, err);
}

/* What follows "key=" in a list of such items, or NULL. */
static const char *said_of(const struct param_strings *list, const char *key, size_t key_chars)
{
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], key, key_chars) == 0 && list->items[i][key_chars] == '=')
            return list->items[i] + key_chars + 1;
    return NULL;
}

static enum sim_status add_own_file(struct loader *loader, const char *item, struct sim_error *err)
{
    const char *equals = strchr(item, '=');
    if (equals == NULL || equals == item || equals[1] == '\0')
        return SIM_FAIL(err, SIM_CONFIG, "corpus: file '%s' is not of the form 'domain=path'",
                        item);
    char name[64];
    int length = snprintf(name, sizeof(name), "%.*s", (int)(equals - item), item);
    if (length < 0 || (size_t)length >= sizeof(name))
        return SIM_FAIL(err, SIM_CONFIG, "corpus: the domain's name in '%s' is too long", item);
    struct reading reading = {.format = STRIP_PLAIN,
                              .package = "",
                              .licence = said_of(&loader->params->licences, item, (size_t)length),
                              .keep = true,
                              .must_be_utf8 = true,
                              .sha256 =
                                  said_of(&loader->params->sha256, equals + 1, strlen(equals + 1))};
    if (reading.licence == NULL)
        reading.licence = "unknown";
    enum sim_status status = find_or_add(loader->domains, name, &reading.domain, err);
    return status == SIM_OK ? read_one(loader, &reading, equals + 1, err) : status;
}

/* Whether each item of a list speaks of one of the user's own files: by its domain, or its path. */
static enum sim_status check_said(const struct text_params *params, const char *key,
                                  const struct param_strings *list, bool by_path,
                                  struct sim_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *item = list->items[i];
        bool known = false;
        for (size_t f = 0; f < params->files.count; f++) {
            const char *file = params->files.items[f], *equals = strchr(file, '=');
            size_t chars = by_path ? strlen(equals + 1) : (size_t)(equals - file);
            const char *start = by_path ? equals + 1 : file;
            known = known || (strncmp(item, start, chars) == 0 && item[chars] == '=' &&
                              item[chars + 1] != '\0');
        }
        if (!known)
            return SIM_FAIL(err, SIM_CONFIG, "corpus: '%s' of %s is of none of the files", item,
                            key);
    }
    return SIM_OK;
}

static enum sim_status set_private(struct loader *loader, struct sim_error *err)
{
    const struct param_strings *names = &loader->params->private_;
    for (size_t i = 0; i < names->count; i++)
        if (!domains_set_private(loader->domains, names->items[i]))
            return SIM_FAIL(err, SIM_CONFIG, "corpus: private domain '%s' is not among the domains",
                            names->items[i]);
    return SIM_OK;
}

static enum sim_status load_text(struct loader *loader, struct sim_error *err)
{
    enum alphabet_kind alphabet = (enum alphabet_kind)loader->params->alphabet;
    enum sim_status status = domains_create(&corpus_text, alphabet_symbol_count(alphabet),
                                            alphabet_symbol_texts(alphabet), &loader->domains, err);
    if (status == SIM_OK)
        status = add_packages(loader, err);
    for (size_t i = 0; i < loader->params->files.count && status == SIM_OK; i++)
        status = add_own_file(loader, loader->params->files.items[i], err);
    if (status == SIM_OK)
        status = check_said(loader->params, "licences", &loader->params->licences, false, err);
    if (status == SIM_OK)
        status = check_said(loader->params, "sha256", &loader->params->sha256, true, err);
    if (status == SIM_OK)
        status = set_private(loader, err);
    if (status == SIM_OK)
        status = domains_finish(loader->domains, "text", loader->params->drift_ns, err);
    return status;
}

/* ---- the stated way to do without the packages ------------------------------------------------
 */

/* The source takes over the domains' names, so that the rest of a scenario still fits. */
static enum sim_status fall_back(const struct text_params *params, uint64_t seed,
                                 const char *reason, struct corpus **ret_corpus,
                                 struct sim_error *err)
{
    struct synthetic_params source = synthetic_defaults();
    const char *names[CORPUS_DOMAINS_MAX];
    uint32_t count = 0;
    for (const char *name; (name = listed_name(params, count)) != NULL; count++)
        names[count] = name;
    source.domains = count;
    source.drift_ns = params->drift_ns;
    struct domains *domains;
    enum sim_status status =
        synthetic_load_named(&source, seed, names, &params->private_, &domains, err);
    if (status != SIM_OK)
        return status;
    domains->base.fallback = strdup(reason);
    if (domains->base.fallback == NULL) {
        domains_free(domains);
        return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    }
    *ret_corpus = &domains->base;
    return SIM_OK;
}

static enum sim_status text_load(const void *params, uint64_t seed, struct corpus **ret_corpus,
                                 struct sim_error *err)
{
    struct loader loader = {.params = params};
    struct sim_error problem = {0};
    filter_init(&loader.filter);
    enum sim_status status = load_text(&loader, &problem);
    filter_release(&loader.filter);
    if (status == SIM_OK) {
        *ret_corpus = &loader.domains->base;
        return SIM_OK;
    }
    domains_free(loader.domains);
    if (loader.missing && loader.params->otherwise == TEXT_ELSE_SYNTHETIC)
        return fall_back(loader.params, seed, problem.text, ret_corpus, err);
    return SIM_FAIL(err, status, "%s", problem.text);
}

static size_t text_encode(const struct corpus *corpus, const char *text, size_t size_bytes,
                          uint8_t *ret_tokens)
{
    enum alphabet_kind kind = corpus->vocabulary_symbols == 256 ? ALPHABET_BYTES : ALPHABET_LATIN64;
    return alphabet_encode_text(kind, text, size_bytes, ret_tokens);
}

const struct corpus_ops corpus_text = {.params = &table,
                                       .load = text_load,
                                       .free = domains_free_corpus,
                                       .draw = domains_draw,
                                       .mixture = domains_mixture,
                                       .mixture_stats = domains_mixture_stats,
                                       .encode = text_encode};
