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
    load_schedule(loader, root, config);
}

static struct node *build_tree(struct loader *loader, const struct config_input *input,
                               struct sim_error *err)
{
    struct node *root = load_file(loader, input, err);
    size_t unnamed = 0;
    for (size_t i = 0; root != NULL && i < input->set_count; i++) {
        unnamed += input->sets[i].label == NULL;
        root = load_set(loader, root, &input->sets[i], unnamed);
    }
    return root;
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

enum sim_status config_load(const struct config_schema *schema, const struct config_input *input,
                            struct config **ret_config, struct config_report *report,
                            struct sim_error *err)
{
    struct sim_error io = {0}, bug = {0};
    if (config_schema_verify(schema, &bug) != SIM_OK)
        sim_assert_failed(bug.text, __FILE__, __LINE__);
    struct loader loader = {.schema = schema, .arena = calloc(1, sizeof(struct arena))};
    struct config *config = calloc(1, sizeof(*config));
    enum sim_status status = SIM_OK;
    if (loader.arena != NULL && config != NULL) {
        *config = (struct config){.schema = schema, .arena = loader.arena};
        struct node *root = build_tree(&loader, input, &io);
        SIM_ASSERT(root != NULL || loader.no_memory || io.status != SIM_OK ||
                   loader.report.count > 0);
        if (root != NULL && !loader.no_memory)
            check_tree(&loader, root, config);
    }
    if (loader.arena == NULL || config == NULL || loader.no_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for scenario '%s'", input->path);
    else if (io.status != SIM_OK)
        status = SIM_FAIL(err, io.status, "%s", io.text);
    else if (loader.report.count > 0)
        status = loader_fail(&loader, report, err);
    if (status == SIM_OK) {
        hand_over_sources(&loader, config);
        loader.sources = NULL;
        *ret_config = config;
    } else {
        if (loader.arena != NULL)
            arena_release(loader.arena);
        free(loader.arena);
        free(config);
    }
    loader_release(&loader);
    return status;
}
