/*
 * nakamoto.h: the epoch of the single network of 2021-2023 (subtensor 576f2bd, 2023-03-17): trust
 * as a sigmoid of the stake that rates a neuron at all, bonds in RAO, no permits, no clipping.
 * docs/mechanisms/nakamoto.md has the formulas.
 */
#ifndef MECHANISM_NAKAMOTO_H
#define MECHANISM_NAKAMOTO_H

#include "chain/mechanism.h"

struct nakamoto_params {
    uint32_t rho;                  /* steepness of the trust sigmoid */
    uint32_t kappa;                /* 1/kappa of the stake gives consensus 1/2 */
    uint32_t self_ownership;       /* 1/self_ownership of its incentive is a neuron's own */
    uint32_t bonds_moving_average; /* weight of old bonds, parts per million */
};

extern const struct mechanism_ops nakamoto_mechanism;

#endif
