/*
 * sweep_plan.h: a study's plan, made by as many processes as there are cores.
 */
#ifndef CLI_SWEEP_PLAN_H
#define CLI_SWEEP_PLAN_H

#include "sweep/plan.h"

/* The folder's plan if it is of this very study; else a new one, written there.  The folder is
 * made.  SIM_CONFIG: the report says what is wrong with which value. */
SIM_CHECKED enum sim_status sweep_plan_get(const struct study *study, const char *folder,
                                           struct plan **ret_plan, struct config_report *report,
                                           struct sim_error *err);
/* Makes and writes it whether or not there is one. */
SIM_CHECKED enum sim_status sweep_plan_make(const struct study *study, const char *folder,
                                            struct plan **ret_plan, struct config_report *report,
                                            struct sim_error *err);

#endif
