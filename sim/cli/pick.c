#include "cli/pick.h"

#include "cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char no_scenario[] = "name: none\nuntil: 1 s\n";

bool pick_add_set(struct pick_request *request, const char *text)
{
    if (request->set_count == PICK_SETS_MAX)
        return false;
    request->sets[request->set_count++] = text;
    return true;
}

/* ---- the request as overrides of a scenario */

struct overrides {
    struct config_set sets[PICK_SETS_MAX + 1];
    char *texts[PICK_SETS_MAX + 1]; /* owned */
    char labels[PICK_SETS_MAX + 1][256];
    size_t count;
    bool names_mechanism;
};

static bool add(struct overrides *overrides, const char *before, const char *text,
                const char *label)
{
    size_t bytes = strlen(before) + strlen(text) + 1, at = overrides->count;
    char *joined = malloc(bytes);
    if (joined == NULL)
        return false;
    snprintf(joined, bytes, "%s%s", before, text);
    snprintf(overrides->labels[at], sizeof(overrides->labels[at]), "%s", label);
    overrides->texts[at] = joined;
    overrides->sets[at] = (struct config_set){joined, overrides->labels[at]};
    overrides->count++;
    return true;
}

static bool add_mechanism(struct overrides *overrides, const char *prefix, const char *mechanism,
                          const char *place)
{
    char absolute[PATH_MAX];
    const char *dot = strrchr(mechanism, '.');
    bool is_file = strchr(mechanism, '/') != NULL || (dot != NULL && strcmp(dot, ".so") == 0);
    /* A set's paths start from the scenario's folder; the command line's from the current one. */
    if (is_file && realpath(mechanism, absolute) != NULL)
        mechanism = absolute;
    char before[SCENARIO_PREFIX_BYTES + 16];
    snprintf(before, sizeof(before), "%smechanism=", prefix);
    return add(overrides, before, mechanism, place == NULL ? "--mechanism" : place);
}

static bool build(struct overrides *overrides, const char *prefix,
                  const struct pick_request *request)
{
    bool good = request->mechanism == NULL ||
                add_mechanism(overrides, prefix, request->mechanism, request->place);
    overrides->names_mechanism = request->mechanism != NULL;
    for (size_t s = 0; s < request->set_count && good; s++) {
        char label[48], before[SCENARIO_PREFIX_BYTES + 16];
        bool whole = strncmp(request->sets[s], "mechanism.", 10) == 0;
        snprintf(label, sizeof(label), "--set #%zu", s + 1);
        snprintf(before, sizeof(before), "%s%s", prefix, whole ? "" : "mechanism.");
        good = add(overrides, before, request->sets[s], label);
    }
    return good;
}

static void release(struct overrides *overrides)
{
    for (size_t i = 0; i < overrides->count; i++)
        free(overrides->texts[i]);
}

/* ---- the mechanism */

static bool changes_mechanism(const struct config *config, const char *path)
{
    for (size_t c = 0; c < config_change_count(config); c++) {
        const struct config_change *change = config_change_at(config, c);
        for (size_t p = 0; p < change->path_count; p++)
            if (strncmp(change->paths[p], path, strlen(path)) == 0)
                return true;
    }
    return false;
}

static int load(struct pick *pick, const char *from, const char *text, const char *prefix,
                const struct overrides *overrides)
{
    char path[SCENARIO_PREFIX_BYTES + 16];
    snprintf(path, sizeof(path), "%smechanism", prefix);
    struct config_input input = {.path = from,
                                 .text = text,
                                 .text_bytes = strlen(text),
                                 .sets = overrides->sets,
                                 .set_count = overrides->count};
    struct config_report report = {0};
    struct sim_error err = {0};
    enum sim_status status =
        config_load(&pick->schema.config, &input, &pick->config, &report, &err);
    if (status == SIM_CONFIG)
        cli_print_report(&report);
    config_report_release(&report);
    if (status != SIM_OK)
        return status == SIM_CONFIG ? CLI_INVALID : cli_fail(&err);
    const struct config_block *block = config_at(pick->config, path);
    const struct config_block *chain = config_at(pick->config, "chain");
    pick->clears = chain_clears_slot((enum chain_profile)chain->option);
    pick->ops = scenario_mechanism(&pick->schema, block);
    pick->params = block->values;
    if (changes_mechanism(pick->config, path) && !overrides->names_mechanism)
        return cli_usage(NULL, "the run changes its mechanism by schedule; name one for all of it "
                               "with --mechanism");
    status = plugin_check(&pick->schema.plugins, block->table, block->values, &err);
    if (status == SIM_OK && pick->ops->check != NULL)
        status = pick->ops->check(pick->params, &err);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

int pick_init(struct pick *pick, const char *from, const char *text,
              const struct pick_request *request)
{
    struct overrides overrides = {.count = 0};
    *pick = (struct pick){0};
    scenario_schema_init(&pick->schema);
    int code = CLI_FAILED;
    char prefix[SCENARIO_PREFIX_BYTES] = "";
    if (request->network != NULL)
        snprintf(prefix, sizeof(prefix), "networks.%s.", request->network);
    if (build(&overrides, prefix, request))
        code = load(pick, from, text == NULL ? no_scenario : text, prefix, &overrides);
    else
        fprintf(stderr, "taosim: out of memory\n");
    release(&overrides);
    return code;
}

void pick_release(struct pick *pick)
{
    config_free(pick->config);
    scenario_schema_release(&pick->schema);
}
