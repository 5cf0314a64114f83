/*
 * lm_list.h: every language model of this folder, by its YAML name.
 */
#ifndef LM_LM_LIST_H
#define LM_LM_LIST_H

#include "agent/lm.h"

/* Ends with NULL; the order is that of `taosim list`. */
extern const struct lm_ops *const lm_all[];

/* What products run on, for provenance and for refusing to resume elsewhere: the kernels of this
 * folder, and the core type whose kernels OpenBLAS uses for the large ones. */
const char *lm_kernel_name(void);

/* Sets OpenBLAS to one thread and asserts it; SIM_CONFIG when this processor lacks what the
 * kernels are compiled for (AVX2 and FMA). */
SIM_CHECKED enum sim_status lm_kernel_check(struct sim_error *err);

#endif
