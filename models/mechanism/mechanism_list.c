#include "mechanism/mechanism_list.h"

#include "mechanism/baselines.h"
#include "mechanism/nakamoto.h"
#include "mechanism/yuma.h"

#include <string.h>

size_t mechanism_list_count(void)
{
    return 1 + yuma_mechanism_count + baselines_count;
}

const struct mechanism_ops *mechanism_list_item(size_t index)
{
    SIM_ASSERT(index < mechanism_list_count());
    if (index == 0)
        return &nakamoto_mechanism;
    index -= 1;
    if (index < yuma_mechanism_count)
        return yuma_mechanisms[index];
    index -= yuma_mechanism_count;
    return baselines_all[index];
}

const struct mechanism_ops *mechanism_list_find(const char *name)
{
    for (size_t i = 0; i < mechanism_list_count(); i++)
        if (strcmp(mechanism_list_item(i)->params->name, name) == 0)
            return mechanism_list_item(i);
    return NULL;
}
