/*
 * golden_neuron.h: a case of golden_neuron, its inputs as plain arrays, and its comparisons.
 */
#ifndef TESTS_GOLDEN_NEURON_H
#define TESTS_GOLDEN_NEURON_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEURON_BLOCKS_MAX = 64, NEURON_NAMES_MAX = 64 };

struct neuron_case {
    const char *id;
    const struct json_value *in, *expected;
    double tolerance;
    unsigned compared, wrong;
    void *blocks[NEURON_BLOCKS_MAX]; /* what the readers below gave out */
    unsigned block_count;
    const char *names[NEURON_NAMES_MAX]; /* of the expected members that were compared */
    unsigned name_count;
};

struct neuron_category {
    const char *name; /* NULL ends a list */
    void (*run)(struct neuron_case *c);
};
extern const struct neuron_category neuron_scorer_categories[], neuron_join_categories[],
    neuron_router_categories[], neuron_agent_categories[];

/* Zeroed memory that lives as long as the case. */
void *neuron_memory(struct neuron_case *c, size_t count, size_t size_bytes);

/* Inputs; one that is missing or no number fails the case and is 0. */
double neuron_real(struct neuron_case *c, const struct json_value *value);
uint32_t neuron_index(struct neuron_case *c, const struct json_value *value);
double neuron_input(struct neuron_case *c, const char *name);

/* All numbers of nested lists, in order; *ret_count of them (may be NULL). */
double *neuron_reals(struct neuron_case *c, const struct json_value *value, size_t *ret_count);
uint32_t *neuron_indices(struct neuron_case *c, const struct json_value *value, size_t *ret_count);

/* Compares an expected member with the `count` numbers in order (nested lists are flattened); a
 * member that is absent is passed over. */
void neuron_compare(struct neuron_case *c, const char *name, const double *got, size_t count);
void neuron_compare_one(struct neuron_case *c, const char *name, double got);
void neuron_compare_value(struct neuron_case *c, const char *name,
                          const struct json_value *expected, const double *got, size_t count);
/* Notes that the category's function has compared this member itself. */
void neuron_compared(struct neuron_case *c, const char *name);

void neuron_fail(struct neuron_case *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void neuron_check_all_compared(struct neuron_case *c);
void neuron_case_release(struct neuron_case *c);

#endif
