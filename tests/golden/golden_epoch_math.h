/*
 * golden_epoch_math.h: tables of the chain's own math functions (arguments and result in a row),
 * held against the functions that the epochs call.
 */
#ifndef TESTS_GOLDEN_EPOCH_MATH_H
#define TESTS_GOLDEN_EPOCH_MATH_H

#include "golden/golden.h"

/* False if the file holds none of the known tables. */
bool golden_epoch_math(struct golden *golden, const struct json_value *root);

#endif
