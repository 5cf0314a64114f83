#include "record/schema.h"

#include <string.h>

#include "base/error.h"

#define DIM_ROW(id, group_, name_, growth_, coordinate, doc_)                                      \
    {.group = (group_),                                                                            \
     .name = (name_),                                                                              \
     .growth = RECORD_##growth_,                                                                   \
     .has_coordinate = (coordinate),                                                               \
     .doc = (doc_)},
static const struct record_dim_info dims[] = {RECORD_DIM_LIST(DIM_ROW)};
#undef DIM_ROW

#define VAR_ROW(id, name_, dim_, width_, type_, units_, long_name_)                                \
    {.name = (name_),                                                                              \
     .dim = RECORD_DIM_##dim_,                                                                     \
     .width = RECORD_DIM_##width_,                                                                 \
     .type = RECORD_##type_,                                                                       \
     .units = (units_),                                                                            \
     .long_name = (long_name_)},
static const struct record_var_info vars[] = {RECORD_VAR_LIST(VAR_ROW)};
#undef VAR_ROW

const struct record_dim_info *record_dim_info(enum record_dim dim)
{
    SIM_ASSERT((unsigned)dim < RECORD_DIM_COUNT);
    return &dims[dim];
}

const struct record_var_info *record_var_info(enum record_var var)
{
    SIM_ASSERT((unsigned)var < RECORD_VAR_COUNT);
    return &vars[var];
}

const char *record_event_name(enum record_event_kind kind)
{
#define EVENT_NAME(id, name) name,
    static const char *const names[] = {RECORD_EVENT_LIST(EVENT_NAME)};
#undef EVENT_NAME
    SIM_ASSERT((unsigned)kind < RECORD_EVENT_KIND_COUNT);
    return names[kind];
}

size_t record_type_bytes(enum record_type type)
{
    static const size_t bytes[] = {1, 1, 2, 4, 8, 8, 4, 8, sizeof(char *)};
    SIM_ASSERT((unsigned)type < sizeof(bytes) / sizeof(bytes[0]));
    return bytes[type];
}

const char *record_type_name(enum record_type type)
{
    static const char *const names[] = {"u8",  "i8",  "u16", "u32", "i64",
                                        "u64", "f32", "f64", "text"};
    SIM_ASSERT((unsigned)type < sizeof(names) / sizeof(names[0]));
    return names[type];
}

enum record_var record_var_find(const char *path)
{
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const char *group = dims[vars[v].dim].group;
        size_t skip = strlen(group);
        if (skip > 0 && (strncmp(path, group, skip) != 0 || path[skip++] != '/'))
            continue;
        if (strcmp(path + skip, vars[v].name) == 0)
            return (enum record_var)v;
    }
    return RECORD_VAR_COUNT;
}
