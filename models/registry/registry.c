#include "registry/registry.h"

#include "corpus/corpus_list.h"
#include "lm/lm_list.h"
#include "mechanism/mechanism_list.h"
#include "router/router_list.h"
#include "scorer/scorer_list.h"
#include "strategy/strategy_list.h"

#include <string.h>

static void add(struct registry *registry, enum registry_kind kind, const struct param_table *table,
                const void *operations)
{
    size_t index = registry->count[kind]++;
    SIM_ASSERT(index < REGISTRY_ITEMS_MAX);
    registry->tables[kind][index] = table;
    registry->operations[kind][index] = operations;
}

void registry_init(struct registry *registry)
{
    *registry = (struct registry){0};
    for (size_t i = 0; i < mechanism_list_count(); i++) {
        const struct mechanism_ops *mechanism = mechanism_list_item(i);
        add(registry, REGISTRY_MECHANISM, mechanism->params, mechanism);
    }
    for (size_t i = 0; lm_all[i] != NULL; i++)
        add(registry, REGISTRY_MODEL, lm_all[i]->table, lm_all[i]);
    add(registry, REGISTRY_MODEL, lm_none_ops.table, &lm_none_ops);
    for (size_t i = 0; i < corpus_list_count; i++)
        add(registry, REGISTRY_CORPUS, corpus_list[i]->params, corpus_list[i]);
    for (size_t i = 0; i < scorer_list_count; i++)
        add(registry, REGISTRY_SCORER, scorer_list[i]->params, scorer_list[i]);
    for (size_t i = 0; i < router_list_count; i++)
        add(registry, REGISTRY_ROUTER, router_list[i]->params, router_list[i]);
    for (size_t i = 0; strategy_list[i] != NULL; i++)
        add(registry, REGISTRY_STRATEGY, strategy_list[i]->params, strategy_list[i]);
}

const char *registry_kind_name(enum registry_kind kind)
{
    static const char *const names[REGISTRY_KIND_COUNT] = {"mechanisms", "models",  "corpora",
                                                           "scorers",    "routers", "strategies"};
    return names[kind];
}

const void *registry_operations(const struct registry *registry, enum registry_kind kind,
                                size_t index)
{
    SIM_ASSERT(index < registry->count[kind]);
    return registry->operations[kind][index];
}
