/* load.h: files and sets -> one tree; twin and schedule.  Internal to sim/config. */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/resolve.h"

/* One file alone, whatever its keys mean. */
struct node *load_plain(struct loader *loader, const struct config_input *input,
                        struct sim_error *err);

/* The file at `path` with its bases below it; `text` as in struct config_input.  NULL after a
 * complaint, or with `err` set when the file itself cannot be read. */
struct node *load_file(struct loader *loader, const struct config_input *input,
                       struct sim_error *err);

/* A file of lines that the source of `at` names, as a source of its own.  SIM_IO, SIM_LIMIT,
 * SIM_MEMORY. */
SIM_CHECKED enum sim_status load_lines(struct loader *loader, struct place at, const char *path,
                                       uint32_t *ret_source, struct sim_error *err);

/* One --set over the tree; `number` counts those without a label from 1. */
struct node *load_set(struct loader *loader, struct node *root, const struct config_set *set,
                      size_t number);

/* Checks `twin` and `schedule` of the tree, and makes their configs. */
void load_twin(struct loader *loader, struct node *root, struct config *config);
void load_schedule(struct loader *loader, struct node *root, struct config *config);

#endif
