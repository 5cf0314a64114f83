/*
 * mechanism_list.h: every mechanism that is built in, for models/registry and for tests.
 */
#ifndef MECHANISM_MECHANISM_LIST_H
#define MECHANISM_MECHANISM_LIST_H

#include "chain/mechanism.h"

#include <stddef.h>

size_t mechanism_list_count(void);
/* index < mechanism_list_count(). */
const struct mechanism_ops *mechanism_list_item(size_t index);
/* NULL where there is none of this name. */
const struct mechanism_ops *mechanism_list_find(const char *name);

#endif
