#include "scorer/scaling.h"

#include <math.h>

#define KAPLAN_CONSTANT 8.8e13
#define KAPLAN_EXPONENT 0.076

struct scaling scaling_make(enum scaling_map map, double entropy_floor_nats,
                            uint32_t vocabulary_symbols)
{
    double width = log(vocabulary_symbols) - entropy_floor_nats;
    if (map == SCALING_RAW || !(width > 0))
        return (struct scaling){.slope = 1, .offset = 0};
    double slope = (SCALING_START_NATS - SCALING_FLOOR_NATS) / width;
    return (struct scaling){.slope = slope,
                            .offset = SCALING_FLOOR_NATS - slope * entropy_floor_nats};
}

static double log_parameters(double loss_nats)
{
    double above_floor = loss_nats > SCALING_FLOOR_NATS ? loss_nats : SCALING_FLOOR_NATS;
    return log(KAPLAN_CONSTANT) - log(above_floor) / KAPLAN_EXPONENT;
}

double scaling_value(const struct scaling *scaling, double loss_nats, double power)
{
    if (isnan(loss_nats))
        loss_nats = SCALING_BAD_LOSS_NATS;
    return exp(power * log_parameters(scaling->offset + scaling->slope * loss_nats));
}
