/*
 * plugins.c: what a scenario chose, be it built in or a user's own shared object.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <string.h>

/* The sections that choose something, and of which kind. */
static const struct {
    const char *section;
    enum registry_kind kind;
} choices[] = {
    {"mechanism", REGISTRY_MECHANISM}, {"model", REGISTRY_MODEL},   {"corpus", REGISTRY_CORPUS},
    {"scorer", REGISTRY_SCORER},       {"router", REGISTRY_ROUTER}, {"strategy", REGISTRY_STRATEGY},
};

enum sim_status scenario_open_plugin(void *context, const char *section, const char *path,
                                     const struct param_table **ret_table, struct sim_error *err)
{
    struct scenario_schema *schema = context;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (strcmp(section, choices[i].section) == 0)
            return plugin_open(&schema->plugins, choices[i].kind, path, ret_table, err);
    return SIM_FAIL(err, SIM_CONFIG, "'%.200s': no file of your own can stand here", path);
}

const void *scenario_operations(const struct scenario_schema *schema, enum registry_kind kind,
                                const struct config_block *block)
{
    if (block->option != SIZE_MAX)
        return registry_operations(&schema->registry, kind, block->option);
    return plugin_operations(&schema->plugins, kind, block->table);
}

/* Paths are at most as long as groups nest: a section, a group's name, a section. */
enum { PATH_BYTES = 400 };

static enum sim_status check_block(const struct scenario_schema *schema,
                                   const struct config *config, const struct config_block *block,
                                   const char *path, struct config_report *report,
                                   struct sim_error *err)
{
    struct sim_error own = {0};
    enum sim_status status = SIM_OK;
    if (block->table != NULL && block->option == SIZE_MAX)
        status = plugin_check(&schema->plugins, block->table, block->values, &own);
    char below[PATH_BYTES];
    if (status != SIM_OK && report != NULL) {
        snprintf(below, sizeof(below), "%s.sha256", path);
        config_complain(config, report, below, "%s", own.text);
    }
    if (status != SIM_OK)
        return SIM_FAIL(err, status, "%s", own.text);
    for (size_t i = 0; i < block->block_count; i++) {
        const struct config_block *child = &block->blocks[i];
        snprintf(below, sizeof(below), "%s%s%s", path, *path != '\0' ? "." : "", child->name);
        enum sim_status found = check_block(schema, config, child, below, report, err);
        status = status == SIM_OK ? found : status;
    }
    return status;
}

enum sim_status scenario_check_plugins(const struct scenario_schema *schema,
                                       const struct config *config, struct config_report *report,
                                       struct sim_error *err)
{
    return check_block(schema, config, config_root(config), "", report, err);
}
