#include "config/config.h"

#include "config/load.h"

#include <stdlib.h>

struct config *config_free(struct config *config)
{
    if (config != NULL) {
        arena_release(config->arena);
        free(config->arena);
        free(config->sources);
        free(config);
    }
    return NULL;
}

/* Everything that is in the tree, into the config. */
static void check_tree(struct loader *loader, struct node *root, struct config *config)
{
    resolve_tree(loader, root, config);
    if (loader->over_budget || loader->no_memory)
        return;
    load_twin(loader, root, config);
    config->sources = loader->sources; /* the twin may have brought some */
    config->source_count = loader->source_count;
    load_schedule(loader, root, config);
}

static struct node *add_sets(struct loader *loader, struct node *root,
                             const struct config_set *sets, size_t count, size_t unnamed)
{
    for (size_t i = 0; root != NULL && i < count; i++) {
        unnamed += sets[i].label == NULL;
        root = load_set(loader, root, &sets[i], unnamed);
    }
    return root;
}

static struct node *build_tree(struct loader *loader, const struct config_input *input,
                               struct sim_error *err)
{
    loader->sets_differ = input->sets_differ;
    loader->stored = input->stored;
    return add_sets(loader, load_file(loader, input, err), input->sets, input->set_count, 0);
}

/* The sources outlive the loader: twin and changes look at the same array. */
static void hand_over_sources(struct loader *loader, struct config *config)
{
    config->sources = loader->sources;
    config->source_count = loader->source_count;
    config->lists = loader->lists;
    for (size_t i = 0; i < config->change_count; i++) {
        struct config *after = (struct config *)(uintptr_t)config->changes[i].after;
        after->sources = loader->sources;
        after->source_count = loader->source_count;
        after->lists = loader->lists;
    }
    if (config->twin != NULL)
        hand_over_sources(loader, config->twin);
}

static void assert_schema(const struct config_schema *schema)
{
    struct sim_error bug = {0};
    if (config_schema_verify(schema, &bug) != SIM_OK)
        sim_assert_failed(bug.text, __FILE__, __LINE__);
}

static enum sim_status loader_outcome(struct loader *loader, const char *path,
                                      const struct sim_error *io, struct config_report *report,
                                      struct sim_error *err)
{
    if (loader->arena == NULL || loader->no_memory)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for scenario '%s'", path);
    if (io->status != SIM_OK)
        return SIM_FAIL(err, io->status, "%s", io->text);
    if (loader->report.count > 0)
        return loader_fail(loader, report, err);
    return SIM_OK;
}

static void arena_discard(struct arena *arena)
{
    if (arena != NULL)
        arena_release(arena);
    free(arena);
}

/* What both ways of loading do once there is a tree. */
static enum sim_status finish_load(struct loader *loader, struct node *root, const char *path,
                                   const struct sim_error *io, struct config **ret_config,
                                   struct config_report *report, struct sim_error *err)
{
    struct config *config = calloc(1, sizeof(*config));
    loader->no_memory |= config == NULL;
    SIM_ASSERT(root != NULL || loader->no_memory || io->status != SIM_OK ||
               loader->report.count > 0);
    if (root != NULL && !loader->no_memory) {
        *config = (struct config){.schema = loader->schema, .arena = loader->arena};
        check_tree(loader, root, config);
    }
    enum sim_status status = loader_outcome(loader, path, io, report, err);
    if (status == SIM_OK) {
        hand_over_sources(loader, config);
        loader->sources = NULL;
        *ret_config = config;
    } else {
        arena_discard(loader->arena);
        free(config);
    }
    loader_release(loader);
    return status;
}

enum sim_status config_load(const struct config_schema *schema, const struct config_input *input,
                            struct config **ret_config, struct config_report *report,
                            struct sim_error *err)
{
    assert_schema(schema);
    struct sim_error io = {0};
    struct loader loader = {.schema = schema, .arena = calloc(1, sizeof(struct arena))};
    loader.no_memory = loader.arena == NULL;
    struct node *root = loader.no_memory ? NULL : build_tree(&loader, input, &io);
    return finish_load(&loader, root, input->path, &io, ret_config, report, err);
}

/* ---- One scenario, many sets ---------------------------------------------------------------- */

struct config_template {
    const struct config_schema *schema;
    struct arena *arena;    /* owned, with the tree and the texts of the sources */
    struct source *sources; /* (source_count), owned */
    size_t source_count;
    struct node *root; /* never changed: trees that are merged with it share its nodes */
};

enum sim_status config_template_create(const struct config_schema *schema,
                                       const struct config_input *input,
                                       struct config_template **ret_template,
                                       struct config_report *report, struct sim_error *err)
{
    assert_schema(schema);
    struct sim_error io = {0};
    struct loader loader = {.schema = schema, .arena = calloc(1, sizeof(struct arena))};
    struct config_template *made = calloc(1, sizeof(*made));
    loader.no_memory = loader.arena == NULL || made == NULL;
    struct node *root = loader.no_memory ? NULL : build_tree(&loader, input, &io);
    enum sim_status status = loader_outcome(&loader, input->path, &io, report, err);
    if (status == SIM_OK) {
        *made = (struct config_template){.schema = schema,
                                         .arena = loader.arena,
                                         .sources = loader.sources,
                                         .source_count = loader.source_count,
                                         .root = root};
        loader.sources = NULL;
        *ret_template = made;
    } else {
        arena_discard(loader.arena);
        free(made);
    }
    loader_release(&loader);
    return status;
}

struct config_template *config_template_free(struct config_template *template)
{
    if (template != NULL) {
        arena_discard(template->arena);
        free(template->sources);
    }
    free(template);
    return NULL;
}

enum sim_status config_template_load(const struct config_template *template,
                                     const struct config_set *sets, size_t set_count,
                                     struct config **ret_config, struct config_report *report,
                                     struct sim_error *err)
{
    struct sim_error io = {0};
    struct loader loader = {.schema = template->schema, .arena = calloc(1, sizeof(struct arena))};
    loader.no_memory = loader.arena == NULL;
    for (size_t i = 0; i < template->source_count && !loader.no_memory; i++) {
        uint32_t index;
        (void)loader_add_source(&loader, &template->sources[i], &index);
    }
    struct node *root = NULL;
    if (!loader.no_memory)
        root = add_sets(&loader, template->root, sets, set_count, 0);
    return finish_load(&loader, root, template->sources[0].name, &io, ret_config, report, err);
}
