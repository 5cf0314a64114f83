#include "lm/lm_list.h"

#include "lm/bigram.h"
#include "lm/conv.h"
#include "lm/gru.h"
#include "lm/mlp.h"
#include "lm/transformer.h"

#include <cblas.h>

const struct lm_ops *const lm_all[] = {&gru_ops,         &mlp_ops,    &conv_ops,
                                       &transformer_ops, &bigram_ops, NULL};

const char *lm_kernel_name(void)
{
    return openblas_get_corename();
}

enum sim_status lm_kernel_check(struct sim_error *err)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return SIM_FAIL(err, SIM_CONFIG,
                        "this processor has no AVX2 and FMA, which the models are compiled for");
    openblas_set_num_threads(1);
    SIM_ASSERT(openblas_get_num_threads() == 1);
    return SIM_OK;
}
