/* What every model stands on: exp, log and products of matrices. */
#include "lm/product.h"
#include "lm/real.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

static float *floats(size_t count)
{
    float *block = aligned_alloc(LM_ALIGNMENT, (count * sizeof(float) + 127) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        block[i] = NAN; /* what is read before it is written shows */
    return block;
}

static void exp_and_log_are_within_their_stated_errors(void **state)
{
    (void)state;
    for (double x = -86.9; x < 86.9; x += 0.00731) {
        double exact = exp((double)(float)x);
        assert_true(fabs((double)lm_exp((float)x) - exact) <= 2e-7 * exact);
    }
    assert_true(isnan(lm_exp(NAN)));
    assert_true(lm_exp(-1e30F) > 0 && lm_exp(-1e30F) < 1e-37F);
    assert_true(isfinite(lm_exp(1e30F)));
    for (double x = 1e-300; x < 1e300; x *= 1.7)
        assert_true(fabs(lm_log(x) - log(x)) <= 1e-15 * (1 + fabs(log(x))));
}

/* Each element is one chain of fused multiply-adds, whatever block it falls in. */
static void products_of_every_shape_have_the_bits_of_the_plain_chain(void **state)
{
    (void)state;
    enum { MOST = 60 };
    static float a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], transposed[MOST * MOST];
    struct stream stream;
    stream_init(&stream, 21, STREAM_TEST, 0, 0);
    for (int i = 0; i < MOST * MOST; i++) {
        a[i] = (float)(stream_uniform(&stream) - 0.5);
        b[i] = (float)(stream_uniform(&stream) - 0.5);
    }
    for (int trial = 0; trial < 400; trial++) {
        size_t m = 1 + stream_below(&stream, MOST), n = 1 + stream_below(&stream, MOST);
        size_t k = 1 + stream_below(&stream, MOST);
        bool add = trial % 2 == 0, transpose = trial % 4 < 2;
        for (int i = 0; i < MOST * MOST; i++)
            c[i] = 0.5F;
        if (transpose) {
            lm_transpose(m, k, a, MOST, transposed, MOST);
            lm_product_transposed(add, m, n, k, transposed, MOST, b, MOST, c, MOST);
        } else {
            lm_product(add, m, n, k, a, MOST, b, MOST, c, MOST);
        }
        for (size_t i = 0; i < MOST; i++)
            for (size_t j = 0; j < MOST; j++) {
                float expected = i < m && j < n && !add ? 0 : 0.5F;
                for (size_t step = 0; i < m && j < n && step < k; step++)
                    expected = fmaf(a[i * MOST + step], b[step * MOST + j], expected);
                assert_true(c[i * MOST + j] == expected);
            }
    }
}

static void large_products_agree_with_sums_in_double(void **state)
{
    (void)state;
    enum { M = 70, N = 520, K = 512 };
    float *a = floats(M * K), *b = floats(K * N), *c = floats(M * N);
    float *transposed = floats(M * K);
    struct stream stream;
    stream_init(&stream, 22, STREAM_TEST, 0, 0);
    for (int i = 0; i < M * K; i++)
        a[i] = (float)(stream_uniform(&stream) - 0.5);
    for (int i = 0; i < K * N; i++)
        b[i] = (float)(stream_uniform(&stream) - 0.5);
    lm_transpose(M, K, a, K, transposed, M);
    for (int turn = 0; turn < 2; turn++) {
        if (turn == 0)
            lm_product(false, M, N, K, a, K, b, N, c, N);
        else
            lm_product_transposed(true, M, N, K, transposed, M, b, N, c, N);
        for (size_t i = 0; i < M; i += 7)
            for (size_t j = 0; j < N; j++) {
                double sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += (double)a[i * K + k] * (double)b[k * N + j];
                assert_true(fabs((double)c[i * N + j] - (turn + 1) * sum) < 1e-4);
            }
    }
    free(a);
    free(b);
    free(c);
    free(transposed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_and_log_are_within_their_stated_errors),
        cmocka_unit_test(products_of_every_shape_have_the_bits_of_the_plain_chain),
        cmocka_unit_test(large_products_agree_with_sums_in_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
