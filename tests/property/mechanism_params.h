/*
 * mechanism_params.h: random parameters of any mechanism, drawn from its own table.
 */
#ifndef TESTS_MECHANISM_PARAMS_H
#define TESTS_MECHANISM_PARAMS_H

#include "base/param.h"
#include "base/stream.h"

/* Defaults first; then each key, one time in two, becomes one of its bounds or anything between.
 * Keys that name a uid stay as they are: a renamed uid would be another one.  Open bounds of
 * numbers are taken as 0 and 100. */
void mechanism_params_draw(const struct param_table *table, struct stream *stream, void *values);

#endif
