#include "net/region.h"

#include "base/error.h"
#include "base/units.h"

#include <stddef.h>

#define MBIT_PER_S(x) ((x)*1e6 / 8)

static const struct region region_2015[REGION_COUNT] = {
    {"north_america", 0.3869, MBIT_PER_S(4.7), MBIT_PER_S(25), {36, 119, 255, 310, 154, 208}},
    {"europe", 0.5159, MBIT_PER_S(8.1), MBIT_PER_S(24), {119, 12, 221, 242, 266, 350}},
    {"south_america", 0.0113, MBIT_PER_S(1.8), MBIT_PER_S(6.5), {255, 221, 137, 347, 256, 269}},
    {"asia_pacific", 0.0574, MBIT_PER_S(5.3), MBIT_PER_S(10), {310, 242, 347, 99, 172, 278}},
    {"japan", 0.0119, MBIT_PER_S(3.4), MBIT_PER_S(17.5), {154, 266, 256, 172, 9, 163}},
    {"australia", 0.0166, MBIT_PER_S(5.2), MBIT_PER_S(14), {208, 350, 269, 278, 163, 22}},
};

static const struct region region_2019[REGION_COUNT] = {
    {"north_america", 0.3316, MBIT_PER_S(19.2), MBIT_PER_S(52), {32, 124, 184, 198, 151, 189}},
    {"europe", 0.4998, MBIT_PER_S(20.7), MBIT_PER_S(40), {124, 11, 227, 237, 252, 294}},
    {"south_america", 0.0090, MBIT_PER_S(5.8), MBIT_PER_S(18), {184, 227, 88, 325, 301, 322}},
    {"asia_pacific", 0.1177, MBIT_PER_S(15.7), MBIT_PER_S(22.8), {198, 237, 325, 85, 58, 198}},
    {"japan", 0.0224, MBIT_PER_S(10.2), MBIT_PER_S(22.8), {151, 252, 301, 58, 12, 126}},
    {"australia", 0.0195, MBIT_PER_S(11.3), MBIT_PER_S(29.9), {189, 294, 322, 198, 126, 16}},
};

const struct region *region_table(enum region_set set)
{
    switch (set) {
    case REGION_2015:
        return region_2015;
    case REGION_2019:
        return region_2019;
    case REGION_NONE:
        return NULL;
    }
    return NULL;
}

int64_t region_latency_ns(enum region_set set, uint32_t from, uint32_t to)
{
    const struct region *table = region_table(set);
    if (table == NULL)
        return 0;
    SIM_ASSERT(from < REGION_COUNT && to < REGION_COUNT);
    return table[from].latency_ms[to] * NS_PER_MS;
}
