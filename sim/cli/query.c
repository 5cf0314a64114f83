/*
 * query.c: commands that look and tell: check, schema, list, scenarios, show, report.
 */
#include "cli/cli.h"
#include "cli/scenario.h"
#include "analysis/report/report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_check(int argc, char **argv)
{
    if (argc < 2)
        return cli_usage("check", "which scenario?");
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    int code = CLI_DONE;
    for (int a = 1; a < argc; a++) {
        struct config_input input = {.path = argv[a]};
        struct config_report report = {0};
        struct config *config = NULL;
        struct sim_error err = {0};
        enum sim_status status = config_load(&schema.config, &input, &config, &report, &err);
        if (status == SIM_CONFIG) {
            cli_print_report(&report);
            code = CLI_INVALID;
        } else if (status != SIM_OK) {
            code = cli_fail(&err);
        }
        config_report_release(&report);
        config_free(config);
    }
    return code;
}

int cli_schema(int argc, char **argv)
{
    bool markdown = argc == 2 && strcmp(argv[1], "--markdown") == 0;
    if (argc > 1 && !markdown)
        return cli_usage("schema", "no option '%s'", argv[1]);
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    char *text = markdown ? config_reference(&schema.config) : config_json_schema(&schema.config);
    fputs(text == NULL ? "" : text, stdout);
    free(text);
    return CLI_DONE;
}

static void list_kind(const struct registry *registry, enum registry_kind kind)
{
    printf("%s\n", registry_kind_name(kind));
    for (size_t i = 0; i < registry->count[kind]; i++) {
        const struct param_table *table = registry->tables[kind][i];
        printf("  %-14s %s\n", table->name, table->doc);
        for (size_t k = 0; k < table->key_count; k++) {
            const struct param_key *key = &table->keys[k];
            printf("    %-22s %s (%s)\n", key->name, key->doc,
                   key->fallback == NULL ? "required" : key->fallback);
        }
    }
}

int cli_list(int argc, char **argv)
{
    struct registry registry;
    registry_init(&registry);
    bool found = false;
    for (int kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
        bool wanted = argc < 2 || strcmp(argv[1], registry_kind_name(kind)) == 0;
        if (wanted)
            list_kind(&registry, (enum registry_kind)kind);
        found |= wanted;
    }
    if (!found)
        return cli_usage("list", "no kind '%s'; there are mechanisms, models, corpora, scorers, "
                                 "routers, strategies",
                         argv[1]);
    return CLI_DONE;
}

int cli_report(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"twin", required_argument, NULL, 't'},
        {"csv", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    struct report_options report = {0};
    const char *output = NULL, *csv = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (letter == 'o')
            output = optarg;
        else if (letter == 't')
            report.twin_path = optarg;
        else if (letter == 'c')
            csv = optarg;
        else
            return cli_usage("report", "no option '%s', or it needs a value", argv[optind - 1]);
    }
    if (optind + 1 != argc)
        return cli_usage("report", "one result is needed");
    report.result_path = argv[optind];
    struct sim_error err = {0};
    if (csv != NULL && report_csv(&report, csv, &err) != SIM_OK)
        return cli_fail(&err);
    if (csv != NULL && output == NULL)
        return CLI_DONE;
    if (output == NULL)
        output = "report.html";
    if (report_write(&report, output, &err) != SIM_OK)
        return cli_fail(&err);
    printf("report        %s\n", output);
    return CLI_DONE;
}
