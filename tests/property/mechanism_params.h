/*
 * mechanism_params.h: random parameters of any mechanism, drawn from its own table.
 */
#ifndef TESTS_MECHANISM_PARAMS_H
#define TESTS_MECHANISM_PARAMS_H

#include "base/param.h"
#include "base/stream.h"

/* Defaults first; then each key, one time in two, becomes one of its bounds or anything between.
 * Open bounds of numbers are taken as 0 and 100; keys that name a uid name one below 40. */
void mechanism_params_draw(const struct param_table *table, struct stream *stream, void *values);

/* Whether the value of a key is a uid, which is renamed with it. */
bool mechanism_params_name_uid(const struct param_key *key);

#endif
