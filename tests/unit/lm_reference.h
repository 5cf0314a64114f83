/*
 * lm_reference.h: the models once more, slow and plain, in double, one token at a time.
 *
 * Written from the formulas in the models' headers and sharing no code with models/lm.  Each
 * function returns the logits [B][T][V] that the parameters (any shape's flat block) give.
 */
#ifndef UNIT_LM_REFERENCE_H
#define UNIT_LM_REFERENCE_H

#include "agent/lm.h"

/* Parameters in double, as one block in the model's order. */
void lm_reference_logits(const struct lm_ops *ops, const void *shape, const double *parameters,
                         const struct lm_batch *batch, double *ret_logits);

#endif
