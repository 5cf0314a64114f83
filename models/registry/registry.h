/*
 * registry.h: everything that a scenario can choose by name.
 *
 * The registry joins the lists of models/ and hands their parameter tables to whoever assembles
 * the scenario's schema (sim/cli).  The table at index i of a kind belongs to the operations at
 * index i, so the option that the scenario chose (config_block.option) finds its code.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "agent/corpus.h"
#include "agent/lm.h"
#include "agent/router.h"
#include "agent/scorer.h"
#include "agent/strategy.h"
#include "chain/mechanism.h"

#include <stddef.h>

enum registry_kind {
    REGISTRY_MECHANISM,
    REGISTRY_MODEL,
    REGISTRY_CORPUS,
    REGISTRY_SCORER,
    REGISTRY_ROUTER,
    REGISTRY_STRATEGY,
    REGISTRY_KIND_COUNT
};

enum { REGISTRY_ITEMS_MAX = 64 };

/* Filled by registry_init; points at static data only. */
struct registry {
    size_t count[REGISTRY_KIND_COUNT];
    const struct param_table *tables[REGISTRY_KIND_COUNT][REGISTRY_ITEMS_MAX];
    const void *operations[REGISTRY_KIND_COUNT][REGISTRY_ITEMS_MAX];
};

void registry_init(struct registry *registry);

/* The name of a kind as `taosim list` takes it, never NULL. */
const char *registry_kind_name(enum registry_kind kind);

/* The operations at an index of a kind: a struct mechanism_ops, lm_ops, corpus_ops, scorer_ops,
 * router_ops or strategy_ops. */
const void *registry_operations(const struct registry *registry, enum registry_kind kind,
                                size_t index);

#endif
