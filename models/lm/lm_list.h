/*
 * lm_list.h: every language model of this folder, by its YAML name.
 */
#ifndef LM_LM_LIST_H
#define LM_LM_LIST_H

#include "agent/lm.h"

/* Ends with NULL; the order is that of `taosim list`. */
extern const struct lm_ops *const lm_all[];

/* No model: every function but parameter_count and hidden_width is NULL (agent/lm.h says what that
 * means). */
extern const struct lm_ops lm_none_ops;

/* The core type whose kernels OpenBLAS uses, for provenance.  Only models with matrices of
 * LM_BLAS_RIGHT elements (lm/product.h) depend on it; the bits of all others are the same on every
 * processor. */
const char *lm_kernel_name(void);

/* Sets OpenBLAS to one thread and asserts it; SIM_CONFIG when this processor lacks what the
 * kernels are compiled for (AVX2 and FMA). */
SIM_CHECKED enum sim_status lm_kernel_check(struct sim_error *err);

#endif
