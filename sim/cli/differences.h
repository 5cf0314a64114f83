/*
 * differences.h: which keys two resolved scenarios give different values.
 */
#ifndef CLI_DIFFERENCES_H
#define CLI_DIFFERENCES_H

#include <stddef.h>

/* Prints a line "  path: A -> B" for each key of resolved scenarios (config_emit's text) that only
 * one of them has or that differs, in A's order, then B's; `seed` and `name` do not count.  Returns
 * how many. */
size_t differences_print(const char *a, const char *b);

#endif
