/*
 * gating.h: the arithmetic of gates: which peers a text is likely to be answered well by.
 *
 * n peers, a context of `rows` vectors (rows, width), one linear gate a peer: l_bu = G_u . c_b +
 * b_u.
 */
#ifndef ROUTER_GATING_H
#define ROUTER_GATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gating_form {
    GATING_LINEAR, /* g_u = mean_b l_bu               (validators v1.0-v2.1) */
    GATING_SIGMOID /* s_u = mean_b 1 / (1 + e^-l_bu)  (validators v3.0-v4.0) */
};

/* weights (n, width), bias (n), context (rows, width); ret (n). */
void gating_scores(enum gating_form form, const double *weights, const double *bias, uint32_t n,
                   const double *context, uint32_t rows, uint32_t width, double *ret);

/* Unbiased standard deviation; 0 for fewer than two numbers. */
double gating_std(const double *scores, uint32_t n);

/* scores + multiplier x std(scores) x unit_normal, elementwise; ret (n) may be `scores`. */
void gating_add_noise(const double *scores, const double *unit_normal, uint32_t n,
                      double multiplier, double *ret);

/* Indices of the k largest scores, largest first, the lower index on ties, of those with
 * allowed[u] (NULL: all).  Returns how many there were. */
uint32_t gating_top(const double *scores, const uint8_t *allowed, uint32_t n, uint32_t k,
                    uint32_t *ret_indices);

/* factor x (std / mean)^2, and its derivative by each score (ret_gradient (n), added to; may be
 * NULL).  A mean near 0, which signed gates can have, makes it explode, as it did historically. */
double gating_importance(const double *scores, uint32_t n, double factor, double *ret_gradient);

/* v3: the target of an answered peer is t = exp(-max(loss - floor, 0)); returns
 * sum (s - t)^2; ret_target and ret_gradient (count; each may be NULL), the latter 2 (s - t). */
double gating_routing_loss(const double *scores, const double *loss_nats, uint32_t count,
                           double floor_nats, double *ret_target, double *ret_gradient);

/* v5.0: mean over the answered of (softmax(score) - softmax(reward))^2.  ret_gradient (2 count):
 * the first half is the derivative by each score, the second one is scratch. */
double gating_reward_loss(const double *scores, const double *rewards, uint32_t count,
                          double *ret_gradient);

#endif
