/*
 * layer.h: one tree over another: `base`, --set, `twin`, `schedule`.  Internal to sim/config.
 *
 * Trees are never changed: a merged tree has new maps where both had one, and shares the rest.
 */
#ifndef CONFIG_LAYER_H
#define CONFIG_LAYER_H

#include "config/loader.h"

/* `over` laid over `under` as a value of `section` (config.h says how).  NULL when out of memory
 * or over budget. */
struct node *layer_merge(struct loader *loader, const struct config_section *section,
                         struct node *under, struct node *over);

/* `over` laid over `under` as one block (a group) of `section`. */
struct node *layer_merge_block(struct loader *loader, const struct config_section *section,
                               struct node *under, struct node *over);

/* False after a complaint: the path leads into a group that `root` does not have (a slip would make
 * a new one), or `~` removes such a group.  A whole group may be new. */
bool layer_knows_group(struct loader *loader, const struct node *root, const char *path,
                       struct place at, const struct node *value);

/* {a: {b: value}} of "a.b"; the place of each key is its part of the path, which starts at `at`.
 * NULL after a complaint: an empty part, or too many. */
struct node *layer_from_path(struct loader *loader, const char *path, struct place at,
                             struct node *value);

#endif
