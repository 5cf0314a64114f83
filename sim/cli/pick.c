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

/* The mechanism of one state of the scenario. */
static enum sim_status take_rule(struct pick *pick, const struct config *config,
                                 struct replay_rule *ret_rule, struct sim_error *err)
{
    const struct config_block *block = config_at(config, pick->path);
    struct replay_rule rule = {scenario_operations(&pick->schema, REGISTRY_MECHANISM, block),
                               block->values};
    enum sim_status status = plugin_check(&pick->schema.plugins, block->table, block->values, err);
    if (status == SIM_OK && rule.ops->check != NULL)
        status = rule.ops->check(rule.params, err);
    if (status == SIM_OK)
        *ret_rule = rule;
    return status;
}

static int load(struct pick *pick, const char *from, const char *text, const char *prefix,
                const struct overrides *overrides)
{
    snprintf(pick->path, sizeof(pick->path), "%smechanism", prefix);
    struct config_input input = {.path = from,
                                 .text = text,
                                 .text_bytes = strlen(text),
                                 .sets = overrides->sets,
                                 .set_count = overrides->count,
                                 .stored = true};
    struct config_report report = {0};
    struct sim_error err = {0};
    enum sim_status status =
        config_load(&pick->schema.config, &input, &pick->config, &report, &err);
    if (status == SIM_CONFIG)
        cli_print_report(&report);
    config_report_release(&report);
    if (status != SIM_OK)
        return status == SIM_CONFIG ? CLI_INVALID : cli_fail(&err);
    const struct config_block *chain = config_at(pick->config, "chain");
    pick->clears = chain_clears_slot((enum chain_profile)chain->option);
    pick->changes_later =
        changes_mechanism(pick->config, pick->path) && !overrides->names_mechanism;
    if (pick->changes_later && overrides->count > 0)
        return cli_usage(NULL, "the run changes its mechanism by schedule: --set has one meaning "
                               "only with --mechanism, which then pays for all of it");
    status = take_rule(pick, pick->config, &pick->rule, &err);
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

/* ---- what a run's schedule changed */

/* Of the change whose keys include this row of /schedule; NULL: there is none. */
static const struct config *state_after(const struct config *config, double row)
{
    size_t before = 0;
    for (size_t c = 0; c < config_change_count(config); c++) {
        const struct config_change *change = config_change_at(config, c);
        before += change->path_count;
        if (row < (double)before)
            return change->after;
    }
    return NULL;
}

/* One event of the run: nothing, unless it is that of a mechanism. */
static enum sim_status add_change(struct pick *pick, struct reader *reader, uint64_t event,
                                  struct sim_error *err)
{
    uint8_t kind;
    int64_t block;
    double row;
    enum sim_status status = reader_read(reader, RECORD_EVENT_KIND, event, 1, &kind, err);
    if (status != SIM_OK || kind != RECORD_EVENT_MECHANISM_CHANGED)
        return status;
    status = reader_read(reader, RECORD_EVENT_BLOCK, event, 1, &block, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_EVENT_VALUE, event, 1, &row, err);
    if (status != SIM_OK)
        return status;
    const struct config *after = state_after(pick->config, row);
    if (after == NULL)
        return SIM_FAIL(err, SIM_IO, "'%s': its schedule has no row %.0f", reader_path(reader),
                        row);
    struct replay_change *changes =
        realloc(pick->changes, (pick->change_count + 1) * sizeof(*changes));
    if (changes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a schedule");
    pick->changes = changes;
    changes[pick->change_count].block = (uint64_t)block;
    status = take_rule(pick, after, &changes[pick->change_count].rule, err);
    pick->change_count += status == SIM_OK;
    return status;
}

int pick_init_recorded(struct pick *pick, struct reader *reader, const struct pick_request *request)
{
    struct sim_error err = {0};
    int code = pick_init(pick, "the stored scenario", reader_scenario(reader), request);
    uint64_t count = pick->changes_later ? reader_rows(reader, RECORD_DIM_EVENT) : 0;
    for (uint64_t event = 0; event < count && code == CLI_DONE; event++)
        if (add_change(pick, reader, event, &err) != SIM_OK)
            code = cli_fail(&err);
    return code;
}

void pick_release(struct pick *pick)
{
    free(pick->changes);
    config_free(pick->config);
    scenario_schema_release(&pick->schema);
}
