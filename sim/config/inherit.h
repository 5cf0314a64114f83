/*
 * inherit.h: groups that take from the top level what they leave out.  Internal to sim/config.
 */
#ifndef CONFIG_INHERIT_H
#define CONFIG_INHERIT_H

#include "config/loader.h"

/* The section below the root whose groups inherit; NULL if the schema has none. */
const struct config_section *inherit_section(const struct config_section *root);

/* The root's section under `child`, a section of such groups; NULL if it has none. */
const struct config_section *inherit_source(const struct config_section *root,
                                            const struct config_section *child);

/* Does the whole section go down?  Otherwise only those of its keys that the group knows. */
bool inherit_moves(const struct config_section *root, const struct config_section *child);

/* `root` with every such group filled up; `root` itself where there is none.  NULL when out of
 * memory or over budget. */
const struct node *inherit_tree(struct loader *loader, const struct node *root);

/* False after a complaint: the path of a twin or a schedule leads into the pattern, which a
 * resolved scenario has no more. */
bool inherit_allows_set(struct loader *loader, const struct node *root, const char *path,
                        struct place at);

#endif
