/* value.h: one node of the tree -> one field.  Internal to sim/config. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/loader.h"

/* Reads `node` as the value of `key` into `field`; `path` is what complaints call it. */
bool value_read(struct loader *loader, const struct param_key *key, const char *path,
                const struct node *node, void *field);

/* The same for a distribution. */
bool value_read_dist(struct loader *loader, const struct param_key *key, const char *path,
                     const struct node *node, void *field);

/* A scalar that is no distribution and no list. */
bool value_read_plain(struct loader *loader, const struct param_key *key, const char *path,
                      const struct node *node, bool bounded, void *field);

#endif
