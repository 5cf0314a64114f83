/*
 * checks.c: what hangs together between keys of a scenario, with the place where it was said.
 */
#include "cli/networks.h"
#include "cli/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checker {
    const struct scenario_schema *schema;
    bool no_memory;
    struct config_report *report;
    size_t before;                      /* messages that were there */
    const struct config_change *change; /* the one that is checked; NULL: the start */
};

/* A module's message names keys: "burn is 5, above max_burn, ..." is about the first of them, but
 * in a change about the one that the change sets. */
static void complain(struct checker *checker, const struct config *config, const char *section,
                     const struct sim_error *err)
{
    char path[200];
    size_t length = strcspn(err->text, " :");
    snprintf(path, sizeof(path), "%s.%.*s", section, (int)length, err->text);
    if (config_key_at(config, path) == NULL)
        snprintf(path, sizeof(path), "%s", section);
    for (size_t p = 0; checker->change != NULL && p < checker->change->path_count; p++) {
        const char *set = checker->change->paths[p], *dot = strrchr(set, '.');
        bool here = strncmp(set, section, strlen(section)) == 0;
        if (here && (dot == NULL || strstr(err->text, dot + 1) != NULL))
            snprintf(path, sizeof(path), "%s", set);
    }
    config_complain(config, checker->report, path, "'%s': %s", section, err->text);
}

/* A section of the network that is looked at. */
struct part {
    const struct config_block *network;
    char prefix[SCENARIO_PREFIX_BYTES];
    char path[SCENARIO_PREFIX_BYTES + 40]; /* of part_path() */
};

static const char *part_path(struct part *part, const char *section)
{
    snprintf(part->path, sizeof(part->path), "%s%s", part->prefix, section);
    return part->path;
}

static void check_chain(struct checker *checker, const struct config *config, struct part *part)
{
    const struct config_block *chain = config_at(config, "chain");
    const struct config_block *mechanism = config_child(part->network, "mechanism");
    const struct mechanism_ops *ops =
        scenario_operations(checker->schema, REGISTRY_MECHANISM, mechanism);
    struct chain_params params = scenario_chain_params(config, part->network);
    struct sim_error err = {0};
    bool same = config_child(part->network, "chain")->option == chain->option;
    if (same && chain_params_check(&params, (enum chain_profile)chain->option, &err) != SIM_OK)
        complain(checker, config, part_path(part, "chain"), &err);
    if (ops->check != NULL && ops->check(mechanism->values, &err) != SIM_OK)
        complain(checker, config, part_path(part, "mechanism"), &err);
}

/* Held-out text is drawn into one block of fixed size. */
static void check_record(struct checker *checker, const struct config *config,
                         const struct part *part)
{
    const struct probe_params *record = config_values(config, "record");
    const struct query_params *query = config_child(part->network, "query")->values;
    uint64_t tokens = (uint64_t)record->evaluation_sequences * (query->sequence + 1);
    if (tokens > AGENT_EVALUATION_TOKENS_MAX)
        config_complain(config, checker->report, "record.evaluation_sequences",
                        "'record.evaluation_sequences': %u sequences of %squery.sequence, which "
                        "is %u, are more than %d symbols",
                        record->evaluation_sequences, part->prefix, query->sequence,
                        AGENT_EVALUATION_TOKENS_MAX);
}

static void check_limits(struct checker *checker, const struct config *config,
                         const struct part *part)
{
    const struct chain_params *chain = config_child(part->network, "chain")->values;
    const struct world_limits *limits = config_values(config, "limits");
    if (limits->max_uids != 0 && limits->max_uids < chain->max_uids)
        config_complain(config, checker->report, "limits.max_uids",
                        "'limits.max_uids': %u, but %schain.max_uids is %u", limits->max_uids,
                        part->prefix, chain->max_uids);
}

static size_t part_count(const struct config *config)
{
    size_t count = scenario_network_count(config);
    return count > 0 ? count : 1;
}

static size_t group_count(const struct config *config)
{
    size_t count = 0;
    struct part part;
    for (size_t n = 0; n < part_count(config); n++) {
        part.network = scenario_network_at(config, n, part.prefix);
        count += config_child(part.network, "groups")->block_count;
    }
    return count;
}

enum { GROUP_NAME_BYTES = 136 };

/* Names and sizes of all networks' groups: what others may refer to.  Heap, with the names behind
 * it; NULL when out of memory. */
static struct agents_group *name_groups(const struct config *config, size_t count)
{
    struct agents_group *named = calloc(count + 1, sizeof(*named) + GROUP_NAME_BYTES);
    char *name = (char *)(named + count + 1);
    struct part part;
    for (size_t n = 0, at = 0; named != NULL && n < part_count(config); n++) {
        part.network = scenario_network_at(config, n, part.prefix);
        const struct config_block *groups = config_child(part.network, "groups");
        for (size_t g = 0; g < groups->block_count; g++, name += GROUP_NAME_BYTES) {
            named[at].name = groups->blocks[g].name;
            named[at].params = groups->blocks[g].values;
            snprintf(name, GROUP_NAME_BYTES, "%s/%s", part.network->name, named[at].name);
            named[at++].stable_name = part.prefix[0] == '\0' ? NULL : name;
        }
    }
    return named;
}

static void check_faults(struct checker *checker, const struct config *config)
{
    const struct config_block *faults = config_at(config, "faults");
    size_t count = group_count(config);
    struct agents_group *named = name_groups(config, count);
    checker->no_memory = checker->no_memory || named == NULL;
    for (size_t f = 0; named != NULL && faults != NULL && f < faults->block_count; f++) {
        struct world_fault fault = {faults->blocks[f].name, faults->blocks[f].values};
        struct sim_error found = {0};
        const char *key;
        char path[600];
        if (world_fault_check(&fault, named, (uint32_t)count, &key, &found) == SIM_OK)
            continue;
        snprintf(path, sizeof(path), "faults.%s.%s", fault.name, key);
        config_complain(config, checker->report, path, "%s", found.text);
    }
    free(named);
}

static void check_one(struct checker *checker, const struct config *config)
{
    struct part part;
    /* Of the rest another file than the one that was meant has nothing to say. */
    if (scenario_check_plugins(checker->schema, config, checker->report, NULL) != SIM_OK)
        return;
    networks_check(checker->report, config);
    for (size_t n = 0; n < part_count(config); n++) {
        part.network = scenario_network_at(config, n, part.prefix);
        check_chain(checker, config, &part);
        check_record(checker, config, &part);
        check_limits(checker, config, &part);
    }
    check_faults(checker, config);
}

/* Uids that are taken cannot be taken back; how many there will be nobody knows beforehand. */
static void check_step(struct checker *checker, const struct config *before,
                       const struct config *after)
{
    struct part part;
    for (size_t n = 0; n < part_count(after) && n < part_count(before); n++) {
        part.network = scenario_network_at(before, n, part.prefix);
        const struct chain_params *old = config_child(part.network, "chain")->values;
        part.network = scenario_network_at(after, n, part.prefix);
        const struct chain_params *new = config_child(part.network, "chain")->values;
        if (new->max_uids < old->max_uids)
            config_complain(after, checker->report, part_path(&part, "chain.max_uids"),
                            "'%schain.max_uids' can only rise while the scenario runs: %u after %u",
                            part.prefix, new->max_uids, old->max_uids);
    }
}

static int64_t instant_ns(const struct config *config, const struct config_change *change)
{
    const struct world_params *params = config_root(config)->values;
    double ns = (double)change->at_block * (double)params->block_time_ns;
    if (change->at_ns >= 0)
        return change->at_ns;
    return ns < 9e18 ? (int64_t)change->at_block * params->block_time_ns : TIME_NS_MAX;
}

static void check_all(struct checker *checker, const struct config *config)
{
    const struct config *before = config;
    struct sim_error said = {0}; /* of which the report knows more */
    checker->change = NULL;
    check_one(checker, config);
    if (checker->report->count == checker->before &&
        scenario_check_genesis(checker->schema, config, checker->report, &said) == SIM_MEMORY)
        checker->no_memory = true;
    for (size_t c = 0; c < config_change_count(config) && checker->report->count == checker->before;
         c++) {
        const struct config_change *change = config_change_at(config, c);
        checker->change = change;
        check_one(checker, change->after);
        check_step(checker, before, change->after);
        if (c > 0 && instant_ns(config, change) < instant_ns(config, change - 1))
            config_complain(change->after, checker->report, change->paths[0],
                            "'schedule': the entries stand in the order of time; this one is due "
                            "before the one before it");
        before = change->after;
    }
}

enum sim_status scenario_check(const struct scenario_schema *schema, const struct config *config,
                               struct config_report *report, struct sim_error *err)
{
    struct config_report own = {0};
    struct config_report *into = report != NULL ? report : &own;
    struct checker checker = {.schema = schema, .report = into, .before = into->count};
    enum sim_status status = SIM_OK;
    check_all(&checker, config);
    if (config_twin(config) != NULL && into->count == checker.before)
        check_all(&checker, config_twin(config));
    if (into->count > checker.before) {
        const struct config_message *first = &into->messages[checker.before];
        status = SIM_FAIL(err, SIM_CONFIG, "%s: %s", first->place, first->text);
    }
    if (status == SIM_OK && checker.no_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory to check the scenario");
    config_report_release(&own);
    return status;
}

enum sim_status scenario_load(const struct scenario_schema *schema,
                              const struct config_input *input, struct config **ret_config,
                              struct config_report *report, struct sim_error *err)
{
    struct config *config;
    enum sim_status status = config_load(&schema->config, input, &config, report, err);
    if (status != SIM_OK)
        return status;
    status = scenario_check(schema, config, report, err);
    if (status != SIM_OK) {
        config_free(config);
        return status;
    }
    *ret_config = config;
    return SIM_OK;
}
