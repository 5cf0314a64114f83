/*
 * networks.h: what hangs together between the networks of a scenario.
 */
#ifndef CLI_NETWORKS_H
#define CLI_NETWORKS_H

#include "cli/scenario.h"

/* Their numbers, their profile, how they share the emission, and who votes in root; nothing where
 * the scenario names no networks.  What is wrong goes into the report. */
void networks_check(struct config_report *report, const struct config *config);

#endif
