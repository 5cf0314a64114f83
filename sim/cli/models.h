/*
 * models.h: the models of a finished run, as files beside its result.
 *
 * With `record: {models: true}` the folder models/ holds UID.lm for every slot that is taken at the
 * run's end, in a folder for each network where there are several (lm/lm_file.h): parameters
 * without the optimiser's moments.
 */
#ifndef CLI_MODELS_H
#define CLI_MODELS_H

#include "world/world.h"

/* FOLDER/models/UID.lm, or FOLDER/models/NETWORK/UID.lm; false when that is too long. */
bool models_path(char *ret_path, size_t size, const char *folder, const char *network,
                 uint32_t uid);

/* Writes them, in place of those of an earlier run.  SIM_IO. */
SIM_CHECKED enum sim_status models_save(const char *folder, const struct world *world,
                                        const struct world_setup *setup, struct sim_error *err);

#endif
