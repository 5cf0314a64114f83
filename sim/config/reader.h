/* reader.h: YAML text -> tree.  Internal to sim/config; reader.c is the only user of libyaml. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/loader.h"

/* The tree of one source.  NULL after a complaint when the text is no YAML, is empty or breaks a
 * limit; complaints that leave a usable tree (a key given twice) give the tree as well. */
struct node *reader_parse(struct loader *loader, uint32_t source);

#endif
