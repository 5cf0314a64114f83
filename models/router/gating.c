#include "router/gating.h"

#include <math.h>

void gating_scores(enum gating_form form, const double *weights, const double *bias, uint32_t n,
                   const double *context, uint32_t rows, uint32_t width, double *ret)
{
    for (uint32_t u = 0; u < n; u++) {
        double sum = 0;
        for (uint32_t b = 0; b < rows; b++) {
            double logit = bias[u];
            for (uint32_t k = 0; k < width; k++)
                logit += weights[(size_t)u * width + k] * context[(size_t)b * width + k];
            sum += form == GATING_SIGMOID ? 1 / (1 + exp(-logit)) : logit;
        }
        ret[u] = sum / rows;
    }
}

static double mean_of(const double *scores, uint32_t n)
{
    double sum = 0;
    for (uint32_t u = 0; u < n; u++)
        sum += scores[u];
    return sum / n;
}

double gating_std(const double *scores, uint32_t n)
{
    if (n < 2)
        return 0;
    double mean = mean_of(scores, n), squares = 0;
    for (uint32_t u = 0; u < n; u++)
        squares += (scores[u] - mean) * (scores[u] - mean);
    return sqrt(squares / (n - 1));
}

void gating_add_noise(const double *scores, const double *unit_normal, uint32_t n,
                      double multiplier, double *ret)
{
    double scale = multiplier * gating_std(scores, n);
    for (uint32_t u = 0; u < n; u++)
        ret[u] = scores[u] + scale * unit_normal[u];
}

uint32_t gating_top(const double *scores, const uint8_t *allowed, uint32_t n, uint32_t k,
                    uint32_t *ret_indices)
{
    uint32_t count = 0;
    for (uint32_t u = 0; u < n && k > 0; u++) {
        if (allowed != NULL && !allowed[u])
            continue;
        if (count == k && !(scores[u] > scores[ret_indices[k - 1]]))
            continue;
        uint32_t place = count < k ? count++ : k - 1;
        while (place > 0 && scores[u] > scores[ret_indices[place - 1]]) {
            ret_indices[place] = ret_indices[place - 1];
            place--;
        }
        ret_indices[place] = u;
    }
    return count;
}

double gating_importance(const double *scores, uint32_t n, double factor, double *ret_gradient)
{
    double mean = mean_of(scores, n), std = gating_std(scores, n);
    double ratio = std / mean;
    for (uint32_t u = 0; ret_gradient != NULL && n > 1 && u < n; u++) {
        /* (std/mean)^2 = var / mean^2; d var = 2 (x - mean) / (n - 1), d mean = 1 / n. */
        double by_variance = 2 * (scores[u] - mean) / (n - 1) / (mean * mean);
        double by_mean = -2 * std * std / (mean * mean * mean) / n;
        ret_gradient[u] += factor * (by_variance + by_mean);
    }
    return factor * ratio * ratio;
}

double gating_routing_loss(const double *scores, const double *loss_nats, uint32_t count,
                           double floor_nats, double *ret_target, double *ret_gradient)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        double target = exp(-fmax(loss_nats[i] - floor_nats, 0));
        double error = scores[i] - target;
        sum += error * error;
        if (ret_target != NULL)
            ret_target[i] = target;
        if (ret_gradient != NULL)
            ret_gradient[i] = 2 * error;
    }
    return sum;
}

static void softmax(const double *x, uint32_t count, double *ret)
{
    double largest = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = fmax(largest, x[i]);
    for (uint32_t i = 0; i < count; i++) {
        ret[i] = exp(x[i] - largest);
        sum += ret[i];
    }
    for (uint32_t i = 0; i < count; i++)
        ret[i] /= sum;
}

double gating_reward_loss(const double *scores, const double *rewards, uint32_t count,
                          double *ret_gradient)
{
    double sum = 0, along = 0, *p = ret_gradient, *q = ret_gradient + count;
    softmax(scores, count, p);
    softmax(rewards, count, q);
    for (uint32_t i = 0; i < count; i++) {
        sum += (p[i] - q[i]) * (p[i] - q[i]);
        along += p[i] * (p[i] - q[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        ret_gradient[i] = 2 * p[i] * (p[i] - q[i] - along) / count;
    return sum / count;
}
