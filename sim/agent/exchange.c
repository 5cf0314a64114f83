#include "agent/exchange.h"

void exchange_normalise_gradient(double *gradient, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += gradient[i];
    for (size_t i = 0; i < count; i++)
        gradient[i] /= sum + 1e-5;
}

double exchange_distil(const double *student, const double *teacher, size_t count,
                       double *ret_gradient)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = student[i] - teacher[i];
        sum += difference * difference;
        if (ret_gradient != NULL)
            ret_gradient[i] = 2 * difference / (double)count;
    }
    return sum / (double)count;
}

double exchange_priority(double stake_tao, double lot, double noise)
{
    double p = stake_tao > 0 ? stake_tao : lot;
    return p + noise * p;
}
