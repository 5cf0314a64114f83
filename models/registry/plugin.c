#include "registry/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a part of each kind is */

/* A field that may not be zero. */
struct required_field {
    const char *name;
    size_t offset, bytes;
};
#define FIELD(type, field)                                                                         \
    {                                                                                              \
#field, offsetof(struct type, field), sizeof(((struct type *)NULL)->field)                 \
    }
enum { REQUIRED_MAX = 14 };

struct kind_rules {
    const char *what; /* as `taosim new` says it */
    const char *symbol;
    uint32_t version; /* of the interface */
    /* Where the symbol holds the address of its operations; 0: it is the operations itself, whose
     * first field is the version. */
    size_t ops_offset;
    size_t table_offset;                          /* of the parameters' table, in the operations */
    struct required_field required[REQUIRED_MAX]; /* up to the first without a name */
};

static const struct kind_rules kind_rules[REGISTRY_KIND_COUNT] = {
    [REGISTRY_MECHANISM] = {"mechanism",
                            "taosim_mechanism",
                            MECHANISM_INTERFACE_VERSION,
                            0,
                            offsetof(struct mechanism_ops, params),
                            {FIELD(mechanism_ops, params), FIELD(mechanism_ops, scratch_bytes),
                             FIELD(mechanism_ops, epoch), FIELD(mechanism_ops, fraction_one),
                             FIELD(mechanism_ops, weight_one)}},
    [REGISTRY_MODEL] = {"model",
                        "taosim_model",
                        LM_INTERFACE_VERSION,
                        offsetof(struct lm_plugin, ops),
                        offsetof(struct lm_ops, table),
                        {FIELD(lm_ops, table), FIELD(lm_ops, check), FIELD(lm_ops, vocabulary),
                         FIELD(lm_ops, hidden_width), FIELD(lm_ops, sequence_length_max),
                         FIELD(lm_ops, parameter_count), FIELD(lm_ops, tensors),
                         FIELD(lm_ops, scratch_count), FIELD(lm_ops, forward_flop),
                         FIELD(lm_ops, training_flop), FIELD(lm_ops, init),
                         FIELD(lm_ops, output_layer), FIELD(lm_ops, forward),
                         FIELD(lm_ops, loss_gradient)}},
    [REGISTRY_CORPUS] = {"corpus",
                         "taosim_corpus",
                         CORPUS_INTERFACE_VERSION,
                         offsetof(struct corpus_plugin, ops),
                         offsetof(struct corpus_ops, params),
                         {FIELD(corpus_ops, params), FIELD(corpus_ops, load),
                          FIELD(corpus_ops, free), FIELD(corpus_ops, draw),
                          FIELD(corpus_ops, mixture), FIELD(corpus_ops, mixture_stats)}},
    [REGISTRY_SCORER] = {"scorer",
                         "taosim_scorer",
                         SCORER_INTERFACE_VERSION,
                         offsetof(struct scorer_plugin, ops),
                         offsetof(struct scorer_ops, params),
                         {FIELD(scorer_ops, params), FIELD(scorer_ops, scratch_bytes),
                          FIELD(scorer_ops, score), FIELD(scorer_ops, observe),
                          FIELD(scorer_ops, weights_scratch_bytes), FIELD(scorer_ops, weights)}},
    [REGISTRY_ROUTER] = {"router",
                         "taosim_router",
                         ROUTER_INTERFACE_VERSION,
                         offsetof(struct router_plugin, ops),
                         offsetof(struct router_ops, params),
                         {FIELD(router_ops, params), FIELD(router_ops, state_bytes),
                          FIELD(router_ops, init), FIELD(router_ops, pick)}},
    [REGISTRY_STRATEGY] = {"strategy",
                           "taosim_strategy",
                           STRATEGY_INTERFACE_VERSION,
                           offsetof(struct strategy_plugin, ops),
                           offsetof(struct strategy_ops, params),
                           {FIELD(strategy_ops, params)}},
};

struct plugin_item {
    char path[PATH_MAX]; /* absolute: the table's name */
    char sha256[2 * SHA256_DIGEST_SIZE + 1];
    enum registry_kind kind;
    const void *ops;
    struct param_key *keys; /* the plug-in's own and `sha256` */
    size_t sha256_offset;
    struct param_table table;
};

/* ---- the file */

static enum sim_status digest_file(struct plugin_item *item, struct sim_error *err)
{
    FILE *file = fopen(item->path, "rb");
    if (file == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': %s", item->path, strerror(errno));
    struct sha256_ctx context;
    sha256_init(&context);
    uint8_t block[4096], digest[SHA256_DIGEST_SIZE];
    bool first = true, is_elf = false;
    size_t got;
    while ((got = fread(block, 1, sizeof(block), file)) > 0) {
        is_elf = first ? got > 4 && memcmp(block, "\177ELF", 4) == 0 : is_elf;
        first = false;
        sha256_update(&context, got, block);
    }
    bool good = ferror(file) == 0;
    fclose(file);
    if (!good)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' cannot be read", item->path);
    if (!is_elf)
        return SIM_FAIL(err, SIM_CONFIG,
                        "'%s' is no shared object; 'taosim new %s NAME' shows how one is made",
                        item->path, kind_rules[item->kind].what);
    sha256_digest(&context, sizeof(digest), digest);
    base16_encode_update(item->sha256, sizeof(digest), digest);
    return SIM_OK;
}

/* ---- what is in it */

static enum sim_status check_version(const struct plugin_item *item, const char *symbol,
                                     struct sim_error *err)
{
    const struct kind_rules *rules = &kind_rules[item->kind];
    uint32_t version; /* the first field, in every version of every symbol */
    memcpy(&version, symbol, sizeof(version));
    if (version == rules->version)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG,
                    "'%s' was built for version %u of the interface '%s', and this taosim has "
                    "version %u: build it again with this taosim's headers",
                    item->path, version, rules->what, rules->version);
}

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static enum sim_status check_ops(const struct plugin_item *item, struct sim_error *err)
{
    const struct kind_rules *rules = &kind_rules[item->kind];
    if (item->ops == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': its %s leaves out 'ops'", item->path,
                        rules->symbol);
    const struct required_field *field = rules->required;
    for (size_t f = 0; f < REQUIRED_MAX && field[f].name != NULL; f++)
        if (is_zero((const char *)item->ops + field[f].offset, field[f].bytes))
            return SIM_FAIL(err, SIM_CONFIG, "'%s': its %s leaves out '%s'", item->path,
                            rules->symbol, field[f].name);
    return SIM_OK;
}

static enum sim_status read_symbol(struct plugin_item *item, const char *symbol,
                                   struct sim_error *err)
{
    const struct kind_rules *rules = &kind_rules[item->kind];
    if (symbol == NULL)
        return SIM_FAIL(err, SIM_CONFIG,
                        "'%s' has no symbol '%s': it is no %s; 'taosim new %s NAME' shows how one "
                        "is made",
                        item->path, rules->symbol, rules->what, rules->what);
    enum sim_status status = check_version(item, symbol, err);
    if (status != SIM_OK)
        return status;
    item->ops = symbol;
    if (rules->ops_offset != 0)
        memcpy(&item->ops, symbol + rules->ops_offset, sizeof(item->ops));
    return check_ops(item, err);
}

static enum sim_status load_file(struct plugin_item *item, struct sim_error *err)
{
    void *handle = dlopen(item->path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' cannot be loaded: %s", item->path, dlerror());
    enum sim_status status = read_symbol(item, dlsym(handle, kind_rules[item->kind].symbol), err);
    if (status != SIM_OK)
        dlclose(handle);
    return status;
}

static const struct param_table *own_table(const struct plugin_item *item)
{
    const struct param_table *table;
    memcpy(&table, (const char *)item->ops + kind_rules[item->kind].table_offset, sizeof(table));
    return table;
}

/* ---- its table, with the checksum as one key more */

static enum sim_status make_table(struct plugin_item *item, struct sim_error *err)
{
    const struct param_table *own = own_table(item);
    if (own->name == NULL || (own->keys == NULL && own->key_count > 0))
        return SIM_FAIL(err, SIM_CONFIG, "'%s': its table of parameters is not complete",
                        item->path);
    item->keys = calloc(own->key_count + 1, sizeof(*item->keys));
    if (item->keys == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the parameters of '%s'", item->path);
    for (size_t k = 0; k < own->key_count; k++)
        item->keys[k] = own->keys[k];
    size_t align = alignof(max_align_t);
    item->sha256_offset = (own->struct_bytes + align - 1) / align * align;
    item->keys[own->key_count] = (struct param_key){
        .name = "sha256",
        .kind = PARAM_STRING,
        .offset = item->sha256_offset,
        .fallback = item->sha256,
        .doc = "checksum of the shared object, in the resolved scenario; another one is refused",
    };
    item->table = *own;
    item->table.name = item->path;
    item->table.keys = item->keys;
    item->table.key_count = own->key_count + 1;
    item->table.struct_bytes = item->sha256_offset + sizeof(const char *);
    return SIM_OK;
}

/* ---- the list */

static struct plugin_item *find_path(const struct plugin_list *list, enum registry_kind kind,
                                     const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->kind == kind && strcmp(list->items[i]->path, path) == 0)
            return list->items[i];
    return NULL;
}

static struct plugin_item *find_table(const struct plugin_list *list,
                                      const struct param_table *table)
{
    for (size_t i = 0; i < list->count; i++)
        if (&list->items[i]->table == table)
            return list->items[i];
    return NULL;
}

static struct plugin_item *free_item(struct plugin_item *item)
{
    if (item != NULL)
        free(item->keys);
    free(item);
    return NULL;
}

static enum sim_status add_item(struct plugin_list *list, enum registry_kind kind, const char *path,
                                struct plugin_item **ret_item, struct sim_error *err)
{
    struct plugin_item **items = realloc(list->items, (list->count + 1) * sizeof(*items));
    if (items != NULL)
        list->items = items;
    struct plugin_item *item = calloc(1, sizeof(*item));
    enum sim_status status = SIM_OK;
    if (items == NULL || item == NULL) {
        free_item(item);
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the plug-in '%s'", path);
    }
    item->kind = kind;
    snprintf(item->path, sizeof(item->path), "%s", path);
    status = digest_file(item, err);
    if (status == SIM_OK)
        status = load_file(item, err);
    if (status == SIM_OK)
        status = make_table(item, err);
    if (status != SIM_OK) {
        free_item(item);
        return status;
    }
    *ret_item = list->items[list->count++] = item;
    return SIM_OK;
}

enum sim_status plugin_open(struct plugin_list *list, enum registry_kind kind, const char *path,
                            const struct param_table **ret_table, struct sim_error *err)
{
    char absolute[PATH_MAX];
    if (realpath(path, absolute) == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': %s", path, strerror(errno));
    struct plugin_item *item = find_path(list, kind, absolute);
    enum sim_status status = item == NULL ? add_item(list, kind, absolute, &item, err) : SIM_OK;
    if (status == SIM_OK)
        *ret_table = &item->table;
    return status;
}

enum sim_status plugin_kind(const char *path, enum registry_kind *ret_kind, struct sim_error *err)
{
    char absolute[PATH_MAX];
    if (realpath(path, absolute) == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': %s", path, strerror(errno));
    void *handle = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' cannot be loaded: %s", absolute, dlerror());
    int kind = 0;
    while (kind < REGISTRY_KIND_COUNT && dlsym(handle, kind_rules[kind].symbol) == NULL)
        kind++;
    dlclose(handle);
    if (kind == REGISTRY_KIND_COUNT)
        return SIM_FAIL(err, SIM_CONFIG,
                        "'%s' has nothing that taosim looks for, such as 'taosim_mechanism'; "
                        "'taosim new KIND NAME' shows how a part of your own is made",
                        absolute);
    *ret_kind = (enum registry_kind)kind;
    return SIM_OK;
}

void plugin_release(struct plugin_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_item(list->items[i]);
    free(list->items);
    *list = (struct plugin_list){0};
}

const void *plugin_operations(const struct plugin_list *list, enum registry_kind kind,
                              const struct param_table *table)
{
    const struct plugin_item *item = find_table(list, table);
    return item == NULL || item->kind != kind ? NULL : item->ops;
}

const char *plugin_sha256(const struct plugin_list *list, const struct param_table *table)
{
    const struct plugin_item *item = find_table(list, table);
    return item == NULL ? NULL : item->sha256;
}

enum sim_status plugin_check(const struct plugin_list *list, const struct param_table *table,
                             const void *values, struct sim_error *err)
{
    const struct plugin_item *item = find_table(list, table);
    if (item == NULL)
        return SIM_OK;
    const char *wanted = *(const char *const *)((const char *)values + item->sha256_offset);
    if (strcmp(wanted, item->sha256) == 0)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG,
                    "the %s '%s' is not the one that the run was made with: its SHA-256 is "
                    "%.16s..., not %.16s...",
                    kind_rules[item->kind].what, item->path, item->sha256, wanted);
}
