/*
 * scenario.h: joins what a scenario may say (every layer's tables) to what a run is built from.
 */
#ifndef CLI_SCENARIO_H
#define CLI_SCENARIO_H

#include "config/config.h"
#include "registry/registry.h"
#include "world/world.h"

/* The schema of all scenarios; points into itself, so it must not be moved. */
struct scenario_schema {
    struct registry registry;
    const struct param_table *chain_tables[CHAIN_PROFILE_COUNT];
    struct config_section group_sections[7];
    struct config_section sections[13];
    struct config_section root;
    struct config_schema config;
};

void scenario_schema_init(struct scenario_schema *schema);

/* config_load() and what no table can say: every message is in the report.  Owner and failures as
 * there. */
SIM_CHECKED enum sim_status scenario_load(const struct scenario_schema *schema,
                                          const struct config_input *input,
                                          struct config **ret_config, struct config_report *report,
                                          struct sim_error *err);

/* A scenario made ready to run: the corpus loaded, names turned into operations. */
struct scenario_plan {
    const struct config *config;          /* borrowed */
    struct corpus *corpus;                /* owned */
    struct agents_group *groups;          /* owned, (agents.group_count) */
    struct agents_delegators *delegators; /* owned, (agents.delegator_kind_count) */
    struct genesis_table genesis;         /* owned */
    struct world_fault *faults;           /* owned, (setup.fault_count) */
    struct chain_net_config chain_net;
    struct world_setup setup; /* points into this struct: do not move it */
};

/* Fills *ret_plan; the config must outlive it.  SIM_CONFIG, SIM_IO, SIM_MEMORY. */
SIM_CHECKED enum sim_status scenario_plan_init(struct scenario_plan *ret_plan,
                                               const struct scenario_schema *schema,
                                               const struct config *config, struct sim_error *err);
/* What only the layers themselves can say of a scenario that has passed its tables: the first
 * state.  SIM_CONFIG: messages with places are in the report, the first in `err`.  SIM_MEMORY. */
SIM_CHECKED enum sim_status scenario_check(const struct scenario_schema *schema,
                                           const struct config *config,
                                           struct config_report *report, struct sim_error *err);
/* As config_load, with scenario_check behind it. */
SIM_CHECKED enum sim_status scenario_load(const struct scenario_schema *schema,
                                          const struct config_input *input,
                                          struct config **ret_config, struct config_report *report,
                                          struct sim_error *err);
/* Accepts a zeroed plan. */
void scenario_plan_release(struct scenario_plan *plan);

#endif
