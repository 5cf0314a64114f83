/*
 * query.c: commands that look and tell: check, schema, list.
 */
#include "cli/cli.h"

#include "analysis/collect.h"
#include "cli/scenario.h"
#include "cli/sweep_check.h"
#include "sweep/study_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_scenario(const struct scenario_schema *schema, const char *path)
{
    struct config_input input = {.path = path};
    struct config_report report = {0};
    struct config *config = NULL;
    struct sim_error err = {0};
    int code = CLI_DONE;
    enum sim_status status = scenario_load(schema, &input, &config, &report, &err);
    if (status == SIM_CONFIG) {
        cli_print_report(&report);
        code = CLI_INVALID;
    } else if (status != SIM_OK) {
        code = cli_fail(&err);
    }
    config_report_release(&report);
    config_free(config);
    return code;
}

int cli_check(int argc, char **argv)
{
    if (argc < 2)
        return cli_usage("check", "which scenario or study?");
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    int code = CLI_DONE;
    for (int a = 1; a < argc; a++) {
        int found = study_is_one(argv[a], &schema.config) ? sweep_check(&schema, argv[a])
                                                          : check_scenario(&schema, argv[a]);
        code = found != CLI_DONE ? found : code;
    }
    scenario_schema_release(&schema);
    return code;
}

static char *study_schema(const struct config_schema *schema)
{
    const char *arrays[RECORD_VAR_COUNT + 1];
    char *pattern = metric_pattern(), *text = NULL;
    (void)collect_array_names(arrays);
    struct study_names names = {pattern, arrays};
    if (pattern != NULL)
        text = study_schema_json(schema, &names);
    free(pattern);
    return text;
}

int cli_schema(int argc, char **argv)
{
    bool markdown = false, study = false;
    for (int a = 1; a < argc; a++) {
        bool is_markdown = strcmp(argv[a], "--markdown") == 0;
        if (!is_markdown && strcmp(argv[a], "--study") != 0)
            return cli_usage("schema", "no option '%s'", argv[a]);
        markdown |= is_markdown;
        study |= !is_markdown;
    }
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    char *text = study && markdown ? study_schema_markdown()
                 : study           ? study_schema(&schema.config)
                 : markdown        ? config_reference(&schema.config)
                                   : config_json_schema(&schema.config);
    scenario_schema_release(&schema);
    if (text == NULL) {
        struct sim_error err = {0};
        (void)SIM_FAIL(&err, SIM_MEMORY, "no memory for the schema");
        return cli_fail(&err);
    }
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

static void list_table(const struct param_table *table)
{
    printf("  %-14s %s\n", table->name, table->doc);
    for (size_t k = 0; k < table->key_count; k++) {
        const struct param_key *key = &table->keys[k];
        printf("    %-22s %s (%s)\n", key->name, key->doc,
               key->fallback == NULL ? "required" : key->fallback);
    }
}

static void list_kind(const struct registry *registry, enum registry_kind kind)
{
    printf("%s\n", registry_kind_name(kind));
    for (size_t i = 0; i < registry->count[kind]; i++)
        list_table(registry->tables[kind][i]);
}

/* A part of the user's own. */
static int list_file(const char *path)
{
    struct plugin_list plugins = {0};
    const struct param_table *table;
    struct sim_error err = {0};
    enum registry_kind kind;
    enum sim_status status = plugin_kind(path, &kind, &err);
    if (status == SIM_OK)
        status = plugin_open(&plugins, kind, path, &table, &err);
    if (status == SIM_OK)
        status = config_table_verify(table, &err);
    if (status == SIM_OK)
        list_table(table);
    plugin_release(&plugins);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

int cli_list(int argc, char **argv)
{
    struct registry registry;
    registry_init(&registry);
    if (argc == 2 && strchr(argv[1], '/') != NULL)
        return list_file(argv[1]);
    bool found = false;
    for (int kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
        bool wanted = argc < 2 || strcmp(argv[1], registry_kind_name(kind)) == 0;
        if (wanted)
            list_kind(&registry, (enum registry_kind)kind);
        found |= wanted;
    }
    if (!found)
        return cli_usage("list",
                         "no kind '%s'; there are mechanisms, models, corpora, scorers, "
                         "routers, strategies",
                         argv[1]);
    return CLI_DONE;
}
