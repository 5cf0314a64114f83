/*
 * scenario.h: joins what a scenario may say (every layer's tables) to what a run is built from.
 */
#ifndef CLI_SCENARIO_H
#define CLI_SCENARIO_H

#include "config/config.h"
#include "registry/plugin.h"
#include "registry/registry.h"
#include "world/world.h"

/* The schema of all scenarios; points into itself, so it must not be moved. */
struct scenario_schema {
    struct registry registry;
    struct plugin_list plugins; /* opened by the scenarios read so far */
    const struct param_table *chain_tables[CHAIN_PROFILE_COUNT];
    struct chain_net_table chain_net[CHAIN_PROFILE_COUNT];
    const struct param_table *chain_net_tables[CHAIN_PROFILE_COUNT];
    struct config_section group_sections[7];
    struct config_section network_sections[9];
    struct config_section root_sections[1];
    struct config_section sections[15];
    struct config_section root;
    struct config_schema config;
};

void scenario_schema_init(struct scenario_schema *schema);
/* After the configs that were read with it. */
void scenario_schema_release(struct scenario_schema *schema);

/* The operations that a block chose, of the type that belongs to `kind`: the registry's, or those
 * of a user's own shared object. */
const void *scenario_operations(const struct scenario_schema *schema, enum registry_kind kind,
                                const struct config_block *block);
/* config_schema.plugin; the context is the struct scenario_schema. */
SIM_CHECKED enum sim_status scenario_open_plugin(void *schema, const char *section,
                                                 const char *path,
                                                 const struct param_table **ret_table,
                                                 struct sim_error *err);
/* SIM_CONFIG when a shared object is not the one whose checksum the scenario says; `report` may be
 * NULL. */
SIM_CHECKED enum sim_status scenario_check_plugins(const struct scenario_schema *schema,
                                                   const struct config *config,
                                                   struct config_report *report,
                                                   struct sim_error *err);

/* One network of a plan. */
struct scenario_network {
    const struct config_block *block; /* of `networks`, or the root where it is the only one */
    const char *name;                 /* NULL: the only one */
    struct corpus *corpus;            /* owned, unless it is another network's */
    bool shares_corpus;
    struct agents_group *groups;          /* owned, (agents.group_count) */
    struct agents_delegators *delegators; /* owned, (agents.delegator_kind_count) */
    char *stable_names;                   /* owned; of groups and delegators */
    struct genesis_table genesis;         /* owned */
    struct chain_net_config chain_net;
    struct agents_setup agents;
};

/* A scenario made ready to run: texts loaded, names turned into operations. */
struct scenario_plan {
    const struct config *config;       /* borrowed */
    struct scenario_network *networks; /* owned, (network_count) by netuid */
    uint32_t network_count;
    uint32_t network;                     /* predict.c's: the one that is looked at */
    struct chain_net_config *nets;        /* owned; root's first, if there is one */
    struct world_network *world_networks; /* owned, (network_count) */
    struct vote *votes;                   /* owned, (setup.vote_count) */
    struct world_fault *faults;           /* owned, (setup.fault_count) */
    struct chain_net_config chain_net;    /* the first network's, as setup.agents is */
    struct world_change *changes; /* owned, (setup.change_count), each with its sets and texts */
    struct world_setup setup;     /* points into this struct: do not move it */
};

/* Networks that the scenario names; 0: it has the one. */
size_t scenario_network_count(const struct config *config);
/* Entry `index` of `networks` in the file's order, or the root where there are none; "networks.a."
 * and "" into ret_prefix. */
enum { SCENARIO_PREFIX_BYTES = 80 };
const struct config_block *scenario_network_at(const struct config *config, size_t index,
                                               char ret_prefix[SCENARIO_PREFIX_BYTES]);
/* The whole parameters of a network's chain: its own keys and the ledger's. */
struct chain_params scenario_chain_params(const struct config *config,
                                          const struct config_block *network);

/* Fills *ret_plan; the config must outlive it.  SIM_CONFIG, SIM_IO, SIM_MEMORY. */
SIM_CHECKED enum sim_status scenario_plan_init(struct scenario_plan *ret_plan,
                                               const struct scenario_schema *schema,
                                               const struct config *config, struct sim_error *err);
/* What no single key can say and no table's condition: ranges that must be in order, a cap that
 * can only grow, a mechanism's own rules; for the scenario and for what its twin and schedule make
 * of it.  SIM_CONFIG: all of it is in the report, with places, and `err` has the first. */
SIM_CHECKED enum sim_status scenario_check(const struct scenario_schema *schema,
                                           const struct config *config,
                                           struct config_report *report, struct sim_error *err);
/* Of these, what makes up the first state: groups, delegators, a table of neurons. */
SIM_CHECKED enum sim_status scenario_check_genesis(const struct scenario_schema *schema,
                                                   const struct config *config,
                                                   struct config_report *report,
                                                   struct sim_error *err);
/* Reads a scenario as config_load does and checks it. */
SIM_CHECKED enum sim_status scenario_load(const struct scenario_schema *schema,
                                          const struct config_input *input,
                                          struct config **ret_config, struct config_report *report,
                                          struct sim_error *err);

/* The schedule of the plan's config, for its setup. */
SIM_CHECKED enum sim_status scenario_plan_schedule(struct scenario_plan *plan,
                                                   const struct scenario_schema *schema,
                                                   struct sim_error *err);
void scenario_release_schedule(struct scenario_plan *plan);

/* Accepts a zeroed plan. */
void scenario_plan_release(struct scenario_plan *plan);

#endif
