#include "scorer/averages.h"

#include <math.h>

static double *field(struct scorer_stats *stats, enum averages_key key)
{
    switch (key) {
    case AVERAGES_LOSS:
        return &stats->loss_nats;
    case AVERAGES_SYNERGY:
        return &stats->synergy;
    case AVERAGES_EXCESS:
        return &stats->excess;
    case AVERAGES_VALUE:
        break;
    }
    return &stats->value_plain;
}

void averages_plain(struct scorer_stats *stats, enum averages_key key, double alpha,
                    double observed)
{
    if (isnan(observed))
        return;
    double *average = field(stats, key);
    uint32_t bit = 1u << key;
    *average = stats->seen & bit ? (1 - alpha) * *average + alpha * observed : observed;
    stats->seen |= bit;
}

void averages_paid(struct scorer_stats *stats, double alpha, double value, int answered)
{
    stats->value = (1 - alpha) * stats->value + alpha * (answered ? value : 0);
    stats->queries++;
    stats->answers += answered != 0;
}
