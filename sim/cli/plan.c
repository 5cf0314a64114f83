/*
 * plan.c: from a scenario that was read to what a run is built from, network by network.
 */
#include "cli/scenario.h"

#include "agent/genesis.h"
#include "agent/money.h"
#include "base/param_text.h"
#include "lm/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- networks of a scenario */

size_t scenario_network_count(const struct config *config)
{
    const struct config_block *networks = config_at(config, "networks");
    return networks == NULL ? 0 : networks->block_count;
}

const struct config_block *scenario_network_at(const struct config *config, size_t index,
                                               char ret_prefix[SCENARIO_PREFIX_BYTES])
{
    const struct config_block *networks = config_at(config, "networks");
    ret_prefix[0] = '\0';
    if (scenario_network_count(config) == 0)
        return config_root(config);
    SIM_ASSERT(index < networks->block_count);
    snprintf(ret_prefix, SCENARIO_PREFIX_BYTES, "networks.%s.", networks->blocks[index].name);
    return &networks->blocks[index];
}

struct chain_params scenario_chain_params(const struct config *config,
                                          const struct config_block *network)
{
    const struct chain_params *ledger = config_values(config, "chain");
    struct chain_params params =
        *(const struct chain_params *)config_child(network, "chain")->values;
    if (network != config_root(config))
        chain_params_share_ledger(&params, ledger);
    return params;
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

/* "NETWORK/NAME" of groups and delegators, one behind the other; nothing where there is one
 * network. */
static bool name_stably(struct scenario_network *network)
{
    enum { NAME_BYTES = 136 };
    size_t groups = network->agents.group_count, kinds = network->agents.delegator_kind_count;
    if (network->name == NULL)
        return true;
    network->stable_names = calloc(groups + kinds + 1, NAME_BYTES);
    if (network->stable_names == NULL)
        return false;
    for (size_t i = 0; i < groups + kinds; i++) {
        char *name = network->stable_names + i * NAME_BYTES;
        snprintf(name, NAME_BYTES, "%s/%s", network->name,
                 i < groups ? network->groups[i].name : network->delegators[i - groups].name);
        if (i < groups)
            network->groups[i].stable_name = name;
        else
            network->delegators[i - groups].stable_name = name;
    }
    return true;
}

static enum sim_status plan_groups(struct scenario_network *network,
                                   const struct scenario_schema *schema, struct sim_error *err)
{
    const struct config_block *groups = config_child(network->block, "groups");
    size_t count = groups == NULL ? 0 : groups->block_count;
    if (count == 0)
        return SIM_FAIL(err, SIM_CONFIG, "groups: a network needs at least one group of neurons");
    network->groups = calloc(count, sizeof(*network->groups));
    if (network->groups == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    for (size_t g = 0; g < count; g++)
        network->groups[g] = group_of(schema, &groups->blocks[g]);
    network->agents.groups = network->groups;
    network->agents.group_count = (uint32_t)count;
    return SIM_OK;
}

static enum sim_status plan_delegators(struct scenario_network *network, enum chain_profile profile,
                                       struct sim_error *err)
{
    const struct config_block *kinds = config_child(network->block, "delegators");
    size_t count = kinds == NULL ? 0 : kinds->block_count;
    network->delegators = calloc(count + 1, sizeof(*network->delegators));
    if (network->delegators == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu kinds of delegators", count);
    for (size_t k = 0; k < count; k++)
        network->delegators[k] = (struct agents_delegators){.name = kinds->blocks[k].name,
                                                            .params = kinds->blocks[k].values};
    network->agents.delegators = network->delegators;
    network->agents.delegator_kind_count = (uint32_t)count;
    network->agents.can_set_take = profile == CHAIN_CURRENT;
    return name_stably(network) ? SIM_OK : SIM_FAIL(err, SIM_MEMORY, "no memory for names");
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

/* ---- texts */

static bool anybody_reads(const struct scenario_network *network)
{
    for (uint32_t g = 0; g < network->agents.group_count; g++)
        if (network->groups[g].lm->forward != NULL)
            return true;
    return false;
}

static char *corpus_text_of(const struct scenario_plan *plan,
                            const struct scenario_network *network)
{
    char path[SCENARIO_PREFIX_BYTES + 8] = "corpus";
    if (network->name != NULL)
        snprintf(path, sizeof(path), "networks.%s.corpus", network->name);
    return config_text_at(plan->config, path);
}

/* Networks that read the same read it once. */
static struct corpus *same_corpus(const struct scenario_plan *plan, uint32_t index)
{
    struct corpus *same = NULL;
    char *own = corpus_text_of(plan, &plan->networks[index]);
    for (uint32_t n = 0; n < index && same == NULL && own != NULL; n++) {
        if (!anybody_reads(&plan->networks[n]))
            continue;
        char *other = corpus_text_of(plan, &plan->networks[n]);
        if (other != NULL && strcmp(own, other) == 0)
            same = plan->networks[n].corpus;
        free(other);
    }
    free(own);
    return same;
}

/* Where nobody has a model the scenario does not say what is read: text that costs nothing. */
static enum sim_status load_unread(const struct scenario_schema *schema, uint64_t seed,
                                   struct corpus **ret_corpus, struct sim_error *err)
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
    enum sim_status status = ops->load(params, seed, ret_corpus, err);
    free(params);
    return status;
}

static enum sim_status plan_corpora(struct scenario_plan *plan,
                                    const struct scenario_schema *schema, struct sim_error *err)
{
    uint64_t seed = plan->setup.params->seed;
    enum sim_status status = SIM_OK;
    for (uint32_t n = 0; n < plan->network_count && status == SIM_OK; n++) {
        struct scenario_network *network = &plan->networks[n];
        const struct config_block *block = config_child(network->block, "corpus");
        const struct corpus_ops *ops = scenario_operations(schema, REGISTRY_CORPUS, block);
        bool reads = anybody_reads(network);
        network->corpus = reads ? same_corpus(plan, n) : NULL;
        network->shares_corpus = network->corpus != NULL;
        if (network->corpus == NULL)
            status = reads ? ops->load(block->values, seed, &network->corpus, err)
                           : load_unread(schema, seed, &network->corpus, err);
        network->agents.corpus = network->corpus;
    }
    return status;
}

/* ---- the chain */

static void plan_chain(struct scenario_plan *plan, const struct scenario_schema *schema,
                       struct scenario_network *network)
{
    const struct config_block *chain = config_at(plan->config, "chain");
    const struct config_block *mechanism = config_child(network->block, "mechanism");
    const struct world_network_params *own = network->block->values;
    enum chain_profile profile = (enum chain_profile)chain->option;
    uint16_t alone = profile == CHAIN_NAKAMOTO ? 1 : 3; /* finney's text network had number 3 */
    network->chain_net = (struct chain_net_config){
        .netuid = network->name == NULL ? alone : (uint16_t)own->netuid,
        .owner = CHAIN_NONE,
        .params = scenario_chain_params(plan->config, network->block),
        .mechanism = scenario_operations(schema, REGISTRY_MECHANISM, mechanism),
        .mechanism_params = mechanism->values,
    };
    if (plan->setup.mechanism_sha256 == NULL)
        plan->setup.mechanism_sha256 = plugin_sha256(&schema->plugins, mechanism->table);
}

/* Its rules are the chain's, but for what root does in its own way under every profile. */
static struct chain_net_config root_of(const struct config *config,
                                       const struct vote_root_params *root)
{
    struct chain_net_config net = {
        .netuid = 0,
        .owner = CHAIN_NONE,
        .params = *(const struct chain_params *)config_values(config, "chain")};
    net.params.tempo = root->tempo_blocks;
    net.params.max_uids = root->seats;
    net.params.max_registrations_per_block = 1;
    net.params.commit_reveal = false;
    return net;
}

static int by_netuid(const void *a, const void *b)
{
    const struct scenario_network *x = a, *y = b;
    return (x->chain_net.netuid > y->chain_net.netuid) -
           (x->chain_net.netuid < y->chain_net.netuid);
}

static enum sim_status plan_votes(struct scenario_plan *plan, const struct config_block *root,
                                  struct sim_error *err)
{
    const struct config_block *voters = config_child(root, "voters");
    plan->votes = calloc(voters->block_count + 1, sizeof(*plan->votes));
    if (plan->votes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for root's voters");
    for (size_t v = 0; v < voters->block_count; v++)
        plan->votes[v] = (struct vote){voters->blocks[v].name, voters->blocks[v].values};
    plan->setup.votes = plan->votes;
    plan->setup.vote_count = (uint32_t)voters->block_count;
    return SIM_OK;
}

/* Behind the networks' own parts: all of them as the world and the chain take them. */
static enum sim_status join_networks(struct scenario_plan *plan, struct sim_error *err)
{
    const struct config_block *chain = config_at(plan->config, "chain");
    const struct config_block *root = config_at(plan->config, "root");
    uint32_t nets = 0, count = plan->network_count;
    bool named = plan->networks[0].name != NULL;
    plan->nets = calloc(count + 1, sizeof(*plan->nets));
    plan->world_networks = calloc(count, sizeof(*plan->world_networks));
    if (plan->nets == NULL || plan->world_networks == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u networks", count);
    if (named && root != NULL)
        plan->nets[nets++] = root_of(plan->config, root->values);
    for (uint32_t n = 0; n < count; n++) {
        plan->nets[nets++] = plan->networks[n].chain_net;
        plan->world_networks[n] = (struct world_network){.name = plan->networks[n].name,
                                                         .agents = plan->networks[n].agents};
    }
    plan->chain_net = plan->networks[0].chain_net;
    plan->setup.agents = plan->networks[0].agents;
    plan->setup.chain = (struct chain_config){
        .profile = (enum chain_profile)chain->option, .net_count = nets, .nets = plan->nets};
    if (!named)
        return SIM_OK;
    plan->setup.networks = plan->world_networks;
    plan->setup.network_count = count;
    return root == NULL ? SIM_OK : plan_votes(plan, root, err);
}

/* ---- the first state */

static void complain_table(const struct config *config, const char *prefix,
                           const struct genesis_params *params,
                           const struct genesis_problems *problems, struct config_report *report)
{
    char path[SCENARIO_PREFIX_BYTES + 8];
    for (size_t p = 0; p < problems->count && p < GENESIS_PROBLEMS_MAX; p++) {
        const struct genesis_place *place = &problems->items[p].place;
        config_complain_item(config, report,
                             place->in_weights ? &params->weights : &params->neurons, place->line,
                             place->column, "'%sgenesis.%s': %s", prefix,
                             place->in_weights ? "weights" : "neurons", problems->items[p].text);
    }
    snprintf(path, sizeof(path), "%sgenesis", prefix);
    if (problems->count > GENESIS_PROBLEMS_MAX)
        config_complain(config, report, path, "'%s': %zu more lines are wrong", path,
                        problems->count - GENESIS_PROBLEMS_MAX);
}

static enum sim_status plan_genesis(const struct config *config, struct scenario_network *network,
                                    const char *prefix, struct config_report *report,
                                    struct sim_error *err)
{
    const struct genesis_params *params = config_child(network->block, "genesis")->values;
    struct genesis_problems problems = {0};
    struct sim_error reason = {0};
    char path[SCENARIO_PREFIX_BYTES + 8];
    enum sim_status status = genesis_parse(params, &network->genesis, &problems, &reason);
    if (status == SIM_CONFIG)
        complain_table(config, prefix, params, &problems, report);
    if (status == SIM_OK) {
        network->agents.genesis = params->neurons.count > 0 ? &network->genesis : NULL;
        status = genesis_plan_check(&network->agents, &network->chain_net, &reason);
        snprintf(path, sizeof(path), "%s%s", prefix,
                 params->neurons.count > 0 ? "genesis" : "groups");
        if (status == SIM_CONFIG)
            config_complain(config, report, path, "%s", reason.text);
    }
    return status == SIM_OK ? SIM_OK : SIM_FAIL(err, status, "%s", reason.text);
}

static void check_owner(const struct config *config, const struct scenario_network *network,
                        const char *prefix, struct config_report *report)
{
    const char *group = "";
    struct sim_error reason = {0};
    char path[2 * SCENARIO_PREFIX_BYTES];
    if (money_plan_check(&network->agents, &group, &reason) == SIM_OK)
        return;
    snprintf(path, sizeof(path), "%sgroups.%s.money.owns_network", prefix, group);
    config_complain(config, report, path, "'%s': %s", path, reason.text);
}

/* The message begins with a key of the network, or with a part of it. */
static void check_agents(const struct config *config, const struct scenario_network *network,
                         const char *prefix, struct config_report *report)
{
    struct sim_error reason = {0};
    char path[2 * SCENARIO_PREFIX_BYTES];
    if (agents_setup_check(&network->agents, &reason) == SIM_OK)
        return;
    size_t length = strcspn(reason.text, " :");
    snprintf(path, sizeof(path), "%s%.*s", prefix, (int)length, reason.text);
    config_complain(config, report, path, "%s%s", prefix, reason.text);
}

/* Everything of one network but its text. */
static enum sim_status plan_network(struct scenario_plan *plan,
                                    const struct scenario_schema *schema, uint32_t index,
                                    struct config_report *report, struct sim_error *err)
{
    struct scenario_network *network = &plan->networks[index];
    char prefix[SCENARIO_PREFIX_BYTES], path[SCENARIO_PREFIX_BYTES + 8];
    network->block = scenario_network_at(plan->config, index, prefix);
    network->name = prefix[0] == '\0' ? NULL : network->block->name;
    const struct config_block *scorer = config_child(network->block, "scorer");
    const struct config_block *router = config_child(network->block, "router");
    network->agents = (struct agents_setup){
        .query = config_child(network->block, "query")->values,
        .trainer = &lm_trainer,
        .scorer = scenario_operations(schema, REGISTRY_SCORER, scorer),
        .scorer_params = scorer->values,
        .router = scenario_operations(schema, REGISTRY_ROUTER, router),
        .router_params = router->values,
    };
    plan_chain(plan, schema, network);
    enum sim_status status = plan_groups(network, schema, err);
    snprintf(path, sizeof(path), "%sgroups", prefix);
    if (status == SIM_CONFIG)
        config_complain(plan->config, report, path, "%s", err->text);
    const struct config_block *chain = config_at(plan->config, "chain");
    if (status == SIM_OK)
        check_owner(plan->config, network, prefix, report);
    if (status == SIM_OK)
        status = plan_delegators(network, (enum chain_profile)chain->option, err);
    if (status == SIM_OK)
        check_agents(plan->config, network, prefix, report);
    return status == SIM_OK ? plan_genesis(plan->config, network, prefix, report, err) : status;
}

static enum sim_status plan_networks(struct scenario_plan *plan,
                                     const struct scenario_schema *schema,
                                     struct config_report *report, struct sim_error *err)
{
    size_t count = scenario_network_count(plan->config);
    enum sim_status status = SIM_OK;
    plan->network_count = count > 0 ? (uint32_t)count : 1;
    plan->networks = calloc(plan->network_count, sizeof(*plan->networks));
    if (plan->networks == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu networks", count);
    for (uint32_t n = 0; n < plan->network_count && status == SIM_OK; n++)
        status = plan_network(plan, schema, n, report, err);
    return status;
}

enum sim_status scenario_check_genesis(const struct scenario_schema *schema,
                                       const struct config *config, struct config_report *report,
                                       struct sim_error *err)
{
    struct scenario_plan plan = {.config = config};
    enum sim_status status = plan_networks(&plan, schema, report, err);
    scenario_plan_release(&plan);
    return status;
}

/* The setups point to tables of the plan, which do not move any more. */
static void point_to_tables(struct scenario_plan *plan)
{
    for (uint32_t n = 0; n < plan->network_count; n++)
        if (plan->networks[n].agents.genesis != NULL)
            plan->networks[n].agents.genesis = &plan->networks[n].genesis;
}

enum sim_status scenario_plan_init(struct scenario_plan *plan, const struct scenario_schema *schema,
                                   const struct config *config, struct sim_error *err)
{
    *plan = (struct scenario_plan){.config = config};
    plan->setup = (struct world_setup){
        .params = config_root(config)->values,
        .net = config_values(config, "network"),
        .probe = config_values(config, "record"),
        .limits = config_values(config, "limits"),
    };
    struct config_report said = {0}; /* scenario_load() has shown it, or nobody wants it */
    enum sim_status status = scenario_check_plugins(schema, config, NULL, err);
    if (status == SIM_OK)
        status = plan_networks(plan, schema, &said, err);
    config_report_release(&said);
    if (status == SIM_OK) {
        qsort(plan->networks, plan->network_count, sizeof(*plan->networks), by_netuid);
        point_to_tables(plan);
        status = plan_corpora(plan, schema, err);
    }
    if (status == SIM_OK)
        status = join_networks(plan, err);
    if (status == SIM_OK)
        status = plan_faults(plan, err);
    if (status == SIM_OK)
        status = scenario_plan_schedule(plan, schema, err);
    if (status != SIM_OK)
        scenario_plan_release(plan);
    return status;
}

static void release_network(struct scenario_network *network)
{
    if (!network->shares_corpus)
        corpus_free(network->corpus);
    free(network->groups);
    free(network->delegators);
    free(network->stable_names);
    genesis_release(&network->genesis);
}

void scenario_plan_release(struct scenario_plan *plan)
{
    for (uint32_t n = 0; plan->networks != NULL && n < plan->network_count; n++)
        release_network(&plan->networks[n]);
    scenario_release_schedule(plan);
    free(plan->networks);
    free(plan->nets);
    free(plan->world_networks);
    free(plan->votes);
    free(plan->faults);
    *plan = (struct scenario_plan){0};
}
