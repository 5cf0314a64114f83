#include "cli/scenario.h"

#include "lm/train.h"

#include <string.h>

static const struct param_table *const world_tables[] = {&world_param_table};
static const struct param_table *const limits_tables[] = {&world_limits_table};
static const struct param_table *const genesis_tables[] = {&genesis_param_table};
static const struct param_table *const net_tables[] = {&net_param_table};
static const struct param_table *const query_tables[] = {&query_param_table};
static const struct param_table *const record_tables[] = {&probe_param_table};
static const struct param_table *const fault_tables[] = {&world_fault_table};
static const struct param_table *const group_tables[] = {&group_param_table};
static const struct param_table *const host_tables[] = {&group_host_param_table};
static const struct param_table *const training_tables[] = {&group_training_param_table};
static const struct param_table *const money_tables[] = {&group_money_param_table};
static const struct param_table *const delegator_tables[] = {&delegator_param_table};
static const struct param_table *const diet_tables[] = {&group_diet_param_table};
static const struct param_table *const optimiser_tables[] = {&lm_optimiser_table};
static const struct param_table *const network_tables[] = {&world_network_table};
static const struct param_table *const root_tables[] = {&vote_root_param_table};
static const struct param_table *const voter_tables[] = {&vote_param_table};

static struct config_section plain(const char *key, const struct param_table *const *tables,
                                   const char *doc)
{
    return (struct config_section){
        .key = key, .doc = doc, .shape = CONFIG_PLAIN, .tables = tables, .table_count = 1};
}

static struct config_section choice(const struct registry *registry, enum registry_kind kind,
                                    const char *key, const char *fallback, const char *doc)
{
    return (struct config_section){
        .key = key,
        .doc = doc,
        .shape = CONFIG_CHOICE,
        .tables = registry->tables[kind],
        .table_count = registry->count[kind],
        .fallback = fallback,
    };
}

static void fill_group_sections(struct scenario_schema *schema)
{
    const struct registry *registry = &schema->registry;
    struct config_section *at = schema->group_sections;
    *at++ = choice(registry, REGISTRY_MODEL, "model", "gru", "the language model that it serves");
    *at = choice(registry, REGISTRY_STRATEGY, "strategy", "honest", "what it decides");
    (at++)->live = true;
    *at++ = plain("host", host_tables, "the machine behind each neuron");
    *at = plain("training", training_tables, "how often and how much it learns");
    (at++)->when = "model!=none";
    *at = plain("optimiser", optimiser_tables, "how a step of learning changes the model");
    (at++)->when = "model!=none and training.enabled=true";
    *at = plain("diet", diet_tables, "which text a neuron reads");
    (at++)->when = "model!=none";
    *at++ = plain("money", money_tables, "what its owner does with balance and stake");
}

static struct config_section groups_section(const struct scenario_schema *schema)
{
    return (struct config_section){
        .key = "groups",
        .doc = "the neurons, in groups of one kind",
        .shape = CONFIG_GROUPS,
        .tables = group_tables,
        .table_count = 1,
        .sections = schema->group_sections,
        .section_count = sizeof(schema->group_sections) / sizeof(schema->group_sections[0]),
    };
}

static struct config_section delegators_section(const char *when)
{
    return (struct config_section){
        .key = "delegators",
        .doc = "people without a neuron who choose whose stake to add to, in kinds",
        .shape = CONFIG_GROUPS,
        .tables = delegator_tables,
        .table_count = 1,
        .optional = true,
        .when = when,
    };
}

/* What each network has of its own. */
static void fill_network_sections(struct scenario_schema *schema)
{
    const struct registry *registry = &schema->registry;
    struct config_section *at = schema->network_sections;
    for (int p = 0; p < CHAIN_PROFILE_COUNT; p++) {
        chain_net_table_init(&schema->chain_net[p], (enum chain_profile)p);
        schema->chain_net_tables[p] = &schema->chain_net[p].table;
    }
    *at++ = (struct config_section){
        .key = "chain",
        .doc = "the network's own rules; the profile is the chain's",
        .shape = CONFIG_CHOICE,
        .tables = schema->chain_net_tables,
        .table_count = CHAIN_PROFILE_COUNT,
        .selector = "profile",
        .fallback = "finney",
    };
    *at++ = plain("genesis", genesis_tables, "its first state, where a table says it");
    *at = choice(registry, REGISTRY_MECHANISM, "mechanism", "finney", "what its epochs pay");
    (at++)->live = true;
    *at = choice(registry, REGISTRY_CORPUS, "corpus", "text", "the text that its neurons read");
    (at++)->when = GROUP_ANY_MODEL;
    *at = choice(registry, REGISTRY_SCORER, "scorer", "shapley", "how answers are valued");
    (at++)->when = GROUP_ANY_ASKS;
    *at = choice(registry, REGISTRY_ROUTER, "router", "permutation", "who is asked");
    (at++)->when = GROUP_ANY_ASKS;
    *at++ = plain("query", query_tables, "how its validators question their peers");
    *at++ = groups_section(schema);
    *at++ = delegators_section("chain.delegation=true");
    SIM_ASSERT((size_t)(at - schema->network_sections) ==
               sizeof(schema->network_sections) / sizeof(schema->network_sections[0]));
}

static void add_network_sections(struct scenario_schema *schema, struct config_section **at)
{
    schema->root_sections[0] = (struct config_section){
        .key = "voters",
        .doc = "who seeks seats in root, and how they weigh the networks",
        .shape = CONFIG_GROUPS,
        .tables = voter_tables,
        .table_count = 1,
    };
    *(*at)++ = (struct config_section){
        .key = "networks",
        .doc = "several networks on one chain, each with its own rules, text and neurons",
        .shape = CONFIG_GROUPS,
        .tables = network_tables,
        .table_count = 1,
        .sections = schema->network_sections,
        .section_count = sizeof(schema->network_sections) / sizeof(schema->network_sections[0]),
        .optional = true,
        .inherits = true,
    };
    *(*at)++ = (struct config_section){
        .key = "root",
        .doc = "the root network, netuid 0, whose weights split the emission when "
               "chain.emission_split is root",
        .shape = CONFIG_PLAIN,
        .tables = root_tables,
        .table_count = 1,
        .sections = schema->root_sections,
        .section_count = 1,
        .optional = true,
        .when = "networks=present",
    };
}

static void fill_sections(struct scenario_schema *schema)
{
    const struct registry *registry = &schema->registry;
    struct config_section *at = schema->sections;
    for (int p = 0; p < CHAIN_PROFILE_COUNT; p++)
        schema->chain_tables[p] = chain_param_table((enum chain_profile)p);
    *at++ = (struct config_section){
        .key = "chain",
        .doc = "the ledger's rules: a profile of the real chain, and what differs from it",
        .shape = CONFIG_CHOICE,
        .tables = schema->chain_tables,
        .table_count = CHAIN_PROFILE_COUNT,
        .selector = "profile",
        .fallback = "finney",
    };
    *at++ = plain("genesis", genesis_tables, "the network's first state, where a table says it");
    *at = choice(registry, REGISTRY_MECHANISM, "mechanism", "finney",
                 "consensus and incentive: what an epoch pays");
    (at++)->live = true;
    *at = choice(registry, REGISTRY_CORPUS, "corpus", "text", "the text that everybody reads");
    (at++)->when = GROUP_ANY_MODEL;
    *at = choice(registry, REGISTRY_SCORER, "scorer", "shapley", "how answers are valued");
    (at++)->when = GROUP_ANY_ASKS;
    *at = choice(registry, REGISTRY_ROUTER, "router", "permutation", "who is asked");
    (at++)->when = GROUP_ANY_ASKS;
    *at++ = plain("query", query_tables, "how validators question their peers");
    *at = plain("network", net_tables, "how messages share links");
    (at++)->when = GROUP_ANY_PLACE;
    *at++ = plain("record", record_tables, "what is kept of the run");
    *at++ = plain("limits", limits_tables, "how far the run may grow beyond its start");
    *at++ = groups_section(schema);
    *at++ = delegators_section("chain.delegation=true");
    *at++ = (struct config_section){
        .key = "faults",
        .doc = "what goes wrong, by schedule or at random",
        .shape = CONFIG_GROUPS,
        .tables = fault_tables,
        .table_count = 1,
        .optional = true,
    };
    add_network_sections(schema, &at);
    schema->root.section_count = (size_t)(at - schema->sections);
    SIM_ASSERT(schema->root.section_count ==
               sizeof(schema->sections) / sizeof(schema->sections[0]));
}

void scenario_schema_init(struct scenario_schema *schema)
{
    *schema = (struct scenario_schema){0};
    registry_init(&schema->registry);
    fill_group_sections(schema);
    fill_network_sections(schema);
    schema->root = (struct config_section){
        .key = "",
        .doc = "a scenario",
        .shape = CONFIG_PLAIN,
        .tables = world_tables,
        .table_count = 1,
        .sections = schema->sections,
    };
    fill_sections(schema);
    schema->config = (struct config_schema){
        .root = &schema->root, .plugin = scenario_open_plugin, .plugin_context = schema};
}

void scenario_schema_release(struct scenario_schema *schema)
{
    plugin_release(&schema->plugins);
}
