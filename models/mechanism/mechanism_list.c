#include "mechanism/mechanism_list.h"

#include "mechanism/baselines.h"
#include "mechanism/nakamoto.h"
#include "mechanism/whitepaper.h"
#include "mechanism/yuma.h"
#include "mechanism/yumasim.h"

#include <string.h>

static const struct mechanism_ops *const singles[] = {&nakamoto_mechanism, &whitepaper_mechanism};
static const size_t single_count = sizeof(singles) / sizeof(singles[0]);

/* In the order of the list; a line each. */
static const struct {
    const struct mechanism_ops *const *item;
    const size_t *count;
} families[] = {
    {singles, &single_count},
    {yuma_mechanisms, &yuma_mechanism_count},
    {yumasim_mechanisms, &yumasim_mechanism_count},
    {baselines_all, &baselines_count},
};

size_t mechanism_list_count(void)
{
    size_t count = 0;
    for (size_t k = 0; k < sizeof(families) / sizeof(families[0]); k++)
        count += *families[k].count;
    return count;
}

const struct mechanism_ops *mechanism_list_item(size_t index)
{
    SIM_ASSERT(index < mechanism_list_count());
    size_t k = 0;
    for (; index >= *families[k].count; k++)
        index -= *families[k].count;
    return families[k].item[index];
}

const struct mechanism_ops *mechanism_list_find(const char *name)
{
    for (size_t i = 0; i < mechanism_list_count(); i++)
        if (strcmp(mechanism_list_item(i)->params->name, name) == 0)
            return mechanism_list_item(i);
    return NULL;
}
