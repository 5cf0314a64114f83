/*
 * golden_yuma_chain.h: a case's run once more as a network's epochs, through mechanism_epoch().
 */
#ifndef TESTS_GOLDEN_YUMA_CHAIN_H
#define TESTS_GOLDEN_YUMA_CHAIN_H

#include "golden/golden_yuma.h"

/* Validators become uids 0.., servers the uids after them.  Only runs in double whose weights are
 * whole 65535ths, which a chain can store, and which need no accident of the originals' machine;
 * others are left alone. */
void golden_yuma_chain(const struct yuma_run *run, const struct json_value *root,
                       const struct json_value *json);

#endif
