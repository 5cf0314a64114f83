/*
 * sweep_check.h: everything that is wrong with a study, before anything is made.
 */
#ifndef CLI_SWEEP_CHECK_H
#define CLI_SWEEP_CHECK_H

#include "cli/scenario.h"

/* Resolves every point and checks it as a run would.  Prints what it finds, nothing when all is
 * well; an exit code. */
int sweep_check(const struct scenario_schema *schema, const char *path);

#endif
