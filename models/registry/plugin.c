#include "registry/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING(text) #text
#define EXPANDED_STRING(text) STRING(text)
static const char symbol_name[] = EXPANDED_STRING(PLUGIN_MECHANISM_SYMBOL);

struct plugin_item {
    char path[PATH_MAX]; /* absolute: the table's name */
    char sha256[2 * SHA256_DIGEST_SIZE + 1];
    const struct mechanism_ops *ops;
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
                        "'%s' is no shared object; 'taosim new mechanism NAME' shows how one is "
                        "made",
                        item->path);
    sha256_digest(&context, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(item->sha256 + 2 * i, 3, "%02x", digest[i]);
    return SIM_OK;
}

/* ---- what is in it */

static enum sim_status check_version(const struct plugin_item *item, struct sim_error *err)
{
    /* The first field, in every version of the struct. */
    uint32_t version = item->ops->interface_version;
    if (version == MECHANISM_INTERFACE_VERSION)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG,
                    "'%s' was built for version %u of the mechanisms' interface, and this taosim "
                    "has version %u: build it again with this taosim's headers",
                    item->path, version, MECHANISM_INTERFACE_VERSION);
}

static enum sim_status check_ops(const struct plugin_item *item, struct sim_error *err)
{
    const struct mechanism_ops *ops = item->ops;
    const char *missing = ops->params == NULL || ops->params->name == NULL ? "params"
                          : ops->scratch_bytes == NULL                     ? "scratch_bytes"
                          : ops->epoch == NULL                             ? "epoch"
                          : ops->fraction_one == 0                         ? "fraction_one"
                          : ops->weight_one == 0                           ? "weight_one"
                                                                           : NULL;
    if (missing != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': its %s leaves out '%s'", item->path, symbol_name,
                        missing);
    return SIM_OK;
}

static enum sim_status load_file(struct plugin_item *item, struct sim_error *err)
{
    void *handle = dlopen(item->path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' cannot be loaded: %s", item->path, dlerror());
    item->ops = dlsym(handle, symbol_name);
    enum sim_status status = SIM_OK;
    if (item->ops == NULL)
        status =
            SIM_FAIL(err, SIM_CONFIG,
                     "'%s' has no symbol '%s': it is no mechanism; 'taosim new mechanism NAME' "
                     "shows how one is made",
                     item->path, symbol_name);
    if (status == SIM_OK)
        status = check_version(item, err);
    if (status == SIM_OK)
        status = check_ops(item, err);
    if (status != SIM_OK)
        dlclose(handle);
    return status;
}

/* ---- its table, with the checksum as one key more */

static enum sim_status make_table(struct plugin_item *item, struct sim_error *err)
{
    const struct param_table *own = item->ops->params;
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

static struct plugin_item *find_path(const struct plugin_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->path, path) == 0)
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

static enum sim_status add_item(struct plugin_list *list, const char *path,
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

enum sim_status plugin_open(struct plugin_list *list, const char *path,
                            const struct param_table **ret_table, struct sim_error *err)
{
    char absolute[PATH_MAX];
    if (realpath(path, absolute) == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': %s", path, strerror(errno));
    struct plugin_item *item = find_path(list, absolute);
    enum sim_status status = item == NULL ? add_item(list, absolute, &item, err) : SIM_OK;
    if (status == SIM_OK)
        *ret_table = &item->table;
    return status;
}

void plugin_release(struct plugin_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_item(list->items[i]);
    free(list->items);
    *list = (struct plugin_list){0};
}

const struct mechanism_ops *plugin_mechanism(const struct plugin_list *list,
                                             const struct param_table *table)
{
    const struct plugin_item *item = find_table(list, table);
    return item == NULL ? NULL : item->ops;
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
                    "the mechanism '%s' is not the one that the run was made with: its SHA-256 is "
                    "%.16s..., not %.16s...",
                    item->path, item->sha256, wanted);
}
