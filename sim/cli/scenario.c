#include "cli/scenario.h"

#include "agent/genesis.h"
#include "base/param_text.h"
#include "lm/train.h"

#include <stdlib.h>
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
    *at++ = (struct config_section){
        .key = "groups",
        .doc = "the neurons, in groups of one kind",
        .shape = CONFIG_GROUPS,
        .tables = group_tables,
        .table_count = 1,
        .sections = schema->group_sections,
        .section_count = sizeof(schema->group_sections) / sizeof(schema->group_sections[0]),
    };
    *at++ = (struct config_section){
        .key = "delegators",
        .doc = "people without a neuron who choose whose stake to add to, in kinds",
        .shape = CONFIG_GROUPS,
        .tables = delegator_tables,
        .table_count = 1,
        .optional = true,
        .when = "chain.delegation=true",
    };
    *at++ = (struct config_section){
        .key = "faults",
        .doc = "what goes wrong, by schedule or at random",
        .shape = CONFIG_GROUPS,
        .tables = fault_tables,
        .table_count = 1,
        .optional = true,
    };
    schema->root.section_count = (size_t)(at - schema->sections);
    SIM_ASSERT(schema->root.section_count ==
               sizeof(schema->sections) / sizeof(schema->sections[0]));
}

void scenario_schema_init(struct scenario_schema *schema)
{
    *schema = (struct scenario_schema){0};
    registry_init(&schema->registry);
    fill_group_sections(schema);
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

/* ---- from blocks to a set-up */

static struct agents_group group_of(const struct scenario_schema *schema,
                                    const struct config_block *block)
{
    const struct config_block *model = config_child(block, "model");
    const struct config_block *strategy = config_child(block, "strategy");
    const struct group_diet_params *diet = config_child(block, "diet")->values;
    return (struct agents_group){
        .name = block->name,
        .params = block->values,
        .host = config_child(block, "host")->values,
        .training = config_child(block, "training")->values,
        .diet = &diet->diet,
        .optimiser = config_child(block, "optimiser")->values,
        .lm = scenario_operations(schema, REGISTRY_MODEL, model),
        .lm_shape = model->values,
        .strategy = scenario_operations(schema, REGISTRY_STRATEGY, strategy),
        .strategy_params = strategy->values,
        .money = config_child(block, "money")->values,
    };
}

static enum sim_status plan_groups(struct scenario_plan *plan, const struct scenario_schema *schema,
                                   struct sim_error *err)
{
    const struct config_block *groups = config_at(plan->config, "groups");
    size_t count = groups == NULL ? 0 : groups->block_count;
    if (count == 0)
        return SIM_FAIL(err, SIM_CONFIG, "groups: a network needs at least one group of neurons");
    plan->groups = calloc(count, sizeof(*plan->groups));
    if (plan->groups == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    for (size_t g = 0; g < count; g++)
        plan->groups[g] = group_of(schema, &groups->blocks[g]);
    plan->setup.agents.groups = plan->groups;
    plan->setup.agents.group_count = (uint32_t)count;
    return SIM_OK;
}

static enum sim_status plan_delegators(struct scenario_plan *plan, struct sim_error *err)
{
    const struct config_block *kinds = config_at(plan->config, "delegators");
    size_t count = kinds == NULL ? 0 : kinds->block_count;
    plan->delegators = calloc(count + 1, sizeof(*plan->delegators));
    if (plan->delegators == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu kinds of delegators", count);
    for (size_t k = 0; k < count; k++)
        plan->delegators[k] = (struct agents_delegators){.name = kinds->blocks[k].name,
                                                         .params = kinds->blocks[k].values};
    plan->setup.agents.delegators = plan->delegators;
    plan->setup.agents.delegator_kind_count = (uint32_t)count;
    plan->setup.agents.can_set_take = plan->setup.chain.profile == CHAIN_CURRENT;
    return SIM_OK;
}

static enum sim_status plan_faults(struct scenario_plan *plan, struct sim_error *err)
{
    const struct config_block *faults = config_at(plan->config, "faults");
    size_t count = faults == NULL ? 0 : faults->block_count;
    if (count == 0)
        return SIM_OK;
    plan->faults = calloc(count, sizeof(*plan->faults));
    if (plan->faults == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu faults", count);
    for (size_t f = 0; f < count; f++)
        plan->faults[f] = (struct world_fault){faults->blocks[f].name, faults->blocks[f].values};
    plan->setup.faults = plan->faults;
    plan->setup.fault_count = (uint32_t)count;
    return SIM_OK;
}

static bool anybody_reads(const struct scenario_plan *plan)
{
    for (uint32_t g = 0; g < plan->setup.agents.group_count; g++)
        if (plan->groups[g].lm->forward != NULL)
            return true;
    return false;
}

/* Where nobody has a model the scenario does not say what is read: text that costs nothing. */
static enum sim_status load_unread(struct scenario_plan *plan, const struct scenario_schema *schema,
                                   struct sim_error *err)
{
    const struct registry *registry = &schema->registry;
    size_t index = 0;
    while (strcmp(registry->tables[REGISTRY_CORPUS][index]->name, "synthetic") != 0)
        index++;
    const struct corpus_ops *ops = registry_operations(registry, REGISTRY_CORPUS, index);
    void *params = calloc(1, ops->params->struct_bytes);
    if (params == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a corpus");
    param_defaults(ops->params, params);
    enum sim_status status = ops->load(params, plan->setup.params->seed, &plan->corpus, err);
    free(params);
    return status;
}

static enum sim_status plan_corpus(struct scenario_plan *plan, const struct scenario_schema *schema,
                                   struct sim_error *err)
{
    const struct config_block *block = config_at(plan->config, "corpus");
    const struct corpus_ops *ops = scenario_operations(schema, REGISTRY_CORPUS, block);
    enum sim_status status =
        anybody_reads(plan) ? ops->load(block->values, plan->setup.params->seed, &plan->corpus, err)
                            : load_unread(plan, schema, err);
    plan->setup.agents.corpus = plan->corpus;
    return status;
}

static enum sim_status plan_chain(struct scenario_plan *plan, const struct scenario_schema *schema,
                                  struct sim_error *err)
{
    const struct config_block *chain = config_at(plan->config, "chain");
    const struct config_block *mechanism = config_at(plan->config, "mechanism");
    enum chain_profile profile = (enum chain_profile)chain->option;
    plan->chain_net = (struct chain_net_config){
        .netuid = profile == CHAIN_NAKAMOTO ? 1 : 3, /* finney's text network had number 3 */
        .owner = CHAIN_NONE,
        .params = *(const struct chain_params *)chain->values,
        .mechanism = scenario_operations(schema, REGISTRY_MECHANISM, mechanism),
        .mechanism_params = mechanism->values,
    };
    plan->setup.chain =
        (struct chain_config){.profile = profile, .net_count = 1, .nets = &plan->chain_net};
    plan->setup.mechanism_sha256 = plugin_sha256(&schema->plugins, mechanism->table);
    return scenario_check_plugins(schema, plan->config, NULL, err);
}

/* ---- the first state */

static void complain_table(const struct config *config, const struct genesis_params *params,
                           const struct genesis_problems *problems, struct config_report *report)
{
    for (size_t p = 0; p < problems->count && p < GENESIS_PROBLEMS_MAX; p++) {
        const struct genesis_place *place = &problems->items[p].place;
        config_complain_item(config, report,
                             place->in_weights ? &params->weights : &params->neurons, place->line,
                             place->column, "'genesis.%s': %s",
                             place->in_weights ? "weights" : "neurons", problems->items[p].text);
    }
    if (problems->count > GENESIS_PROBLEMS_MAX)
        config_complain(config, report, "genesis", "'genesis': %zu more lines are wrong",
                        problems->count - GENESIS_PROBLEMS_MAX);
}

static enum sim_status plan_genesis(struct scenario_plan *plan, struct config_report *report,
                                    struct sim_error *err)
{
    const struct genesis_params *params = config_values(plan->config, "genesis");
    struct genesis_problems problems = {0};
    struct sim_error reason = {0};
    enum sim_status status = genesis_parse(params, &plan->genesis, &problems, &reason);
    if (status == SIM_CONFIG)
        complain_table(plan->config, params, &problems, report);
    if (status == SIM_OK) {
        plan->setup.agents.genesis = params->neurons.count > 0 ? &plan->genesis : NULL;
        status = genesis_plan_check(&plan->setup.agents, &plan->chain_net, &reason);
        if (status == SIM_CONFIG)
            config_complain(plan->config, report, params->neurons.count > 0 ? "genesis" : "groups",
                            "%s", reason.text);
    }
    return status == SIM_OK ? SIM_OK : SIM_FAIL(err, status, "%s", reason.text);
}

enum sim_status scenario_check_genesis(const struct scenario_schema *schema,
                                       const struct config *config, struct config_report *report,
                                       struct sim_error *err)
{
    struct scenario_plan plan = {.config = config};
    enum sim_status status = plan_chain(&plan, schema, err);
    if (status == SIM_OK)
        status = plan_groups(&plan, schema, err);
    if (status == SIM_CONFIG)
        config_complain(config, report, "groups", "%s", err->text);
    if (status == SIM_OK)
        status = plan_delegators(&plan, err);
    if (status == SIM_OK)
        status = plan_genesis(&plan, report, err);
    scenario_plan_release(&plan);
    return status;
}

enum sim_status scenario_plan_init(struct scenario_plan *plan, const struct scenario_schema *schema,
                                   const struct config *config, struct sim_error *err)
{
    const struct config_block *scorer = config_at(config, "scorer");
    const struct config_block *router = config_at(config, "router");
    *plan = (struct scenario_plan){.config = config};
    plan->setup = (struct world_setup){
        .params = config_root(config)->values,
        .net = config_values(config, "network"),
        .probe = config_values(config, "record"),
        .limits = config_values(config, "limits"),
    };
    plan->setup.agents = (struct agents_setup){
        .query = config_values(config, "query"),
        .trainer = &lm_trainer,
        .scorer = scenario_operations(schema, REGISTRY_SCORER, scorer),
        .scorer_params = scorer->values,
        .router = scenario_operations(schema, REGISTRY_ROUTER, router),
        .router_params = router->values,
    };
    enum sim_status status = plan_chain(plan, schema, err);
    if (status == SIM_OK)
        status = plan_groups(plan, schema, err);
    if (status == SIM_OK)
        status = plan_delegators(plan, err);
    struct config_report said = {0}; /* scenario_load() has shown it, or nobody wants it */
    if (status == SIM_OK)
        status = plan_genesis(plan, &said, err);
    config_report_release(&said);
    if (status == SIM_OK)
        status = plan_faults(plan, err);
    if (status == SIM_OK)
        status = scenario_plan_schedule(plan, schema, err);
    if (status == SIM_OK)
        status = plan_corpus(plan, schema, err);
    if (status != SIM_OK)
        scenario_plan_release(plan);
    return status;
}

void scenario_plan_release(struct scenario_plan *plan)
{
    corpus_free(plan->corpus);
    free(plan->groups);
    scenario_release_schedule(plan);
    free(plan->delegators);
    genesis_release(&plan->genesis);
    free(plan->faults);
    *plan = (struct scenario_plan){0};
}
