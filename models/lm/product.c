#include "lm/product.h"

/* Not cblas.h: GSL brings a library of its own, and a slow one, under the same names. */
#include <f77blas.h>

/*
 * Blocks of up to 4 rows x 3 vectors live in registers (12 sums, 3 vectors of b, one of a: the 16
 * that AVX2 has) while k runs.  b is read as it lies: at these sizes it stays in the first two
 * caches and packing it costs more than it gains.
 */
enum { ROWS = 4, VECTORS = 3 };

struct factor {
    const lm_real *values;
    size_t row_step, k_step; /* element (i, k) is values[i * row_step + k * k_step] */
};

#define INLINE static inline __attribute__((always_inline))

/* All bits set in the first `count` lanes. */
static __m256i lane_mask(size_t count)
{
    static const int32_t ones_then_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    size_t words = count * (sizeof(lm_real) / sizeof(int32_t));
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones_then_zeros + 8 - words));
}

INLINE lm_vec load_masked(const lm_real *from, __m256i mask)
{
    if (LM_IS_FLOAT)
        return (lm_vec)_mm256_maskload_ps((const float *)(const void *)from, mask);
    return (lm_vec)_mm256_maskload_pd((const double *)(const void *)from, mask);
}

INLINE void store_masked(lm_real *to, __m256i mask, lm_vec value)
{
    if (LM_IS_FLOAT)
        _mm256_maskstore_ps((float *)(void *)to, mask, (__m256)value);
    else
        _mm256_maskstore_pd((double *)(void *)to, mask, (__m256d)value);
}

/* The block: `rows` and `vectors` are constants in every call, so the loops unroll. */
INLINE void block(int rows, int vectors, bool add, size_t k, struct factor a, const lm_real *b,
                  size_t b_stride, lm_real *c, size_t c_stride)
{
    lm_vec sum[ROWS][VECTORS];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int j = 0; j < vectors; j++)
            sum[i][j] = add ? lm_load(c + i * c_stride + j * LM_LANES) : (lm_vec){0};
    for (size_t step = 0; step < k; step++) {
        lm_vec right[VECTORS];
#pragma GCC unroll 3
        for (int j = 0; j < vectors; j++)
            right[j] = lm_load(b + j * LM_LANES);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            lm_vec left = lm_splat(a.values[i * a.row_step]);
#pragma GCC unroll 3
            for (int j = 0; j < vectors; j++)
                sum[i][j] = lm_fma_vec(left, right[j], sum[i][j]);
        }
        a.values += a.k_step;
        b += b_stride;
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int j = 0; j < vectors; j++)
            lm_store(c + i * c_stride + j * LM_LANES, sum[i][j]);
}

/* The last columns, fewer than a vector holds. */
INLINE void block_tail(int rows, size_t lanes, bool add, size_t k, struct factor a,
                       const lm_real *b, size_t b_stride, lm_real *c, size_t c_stride)
{
    __m256i mask = lane_mask(lanes);
    lm_vec sum[ROWS];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
        sum[i] = add ? load_masked(c + i * c_stride, mask) : (lm_vec){0};
    for (size_t step = 0; step < k; step++) {
        lm_vec right = load_masked(b, mask);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++)
            sum[i] = lm_fma_vec(lm_splat(a.values[i * a.row_step]), right, sum[i]);
        a.values += a.k_step;
        b += b_stride;
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
        store_masked(c + i * c_stride, mask, sum[i]);
}

/* All columns of `rows` rows. */
INLINE void strip(int rows, bool add, size_t n, size_t k, struct factor a, const lm_real *b,
                  size_t b_stride, lm_real *c, size_t c_stride)
{
    size_t j = 0;
    for (; j + 3 * LM_LANES <= n && n - j != 4 * LM_LANES; j += 3 * LM_LANES)
        block(rows, 3, add, k, a, b + j, b_stride, c + j, c_stride);
    for (; j + 2 * LM_LANES <= n; j += 2 * LM_LANES)
        block(rows, 2, add, k, a, b + j, b_stride, c + j, c_stride);
    for (; j + LM_LANES <= n; j += LM_LANES)
        block(rows, 1, add, k, a, b + j, b_stride, c + j, c_stride);
    if (j < n)
        block_tail(rows, n - j, add, k, a, b + j, b_stride, c + j, c_stride);
}

static void multiply(bool add, size_t m, size_t n, size_t k, struct factor a, const lm_real *b,
                     size_t b_stride, lm_real *c, size_t c_stride)
{
    size_t i = 0;
    for (; i + ROWS <= m; i += ROWS) {
        strip(ROWS, add, n, k, a, b, b_stride, c + i * c_stride, c_stride);
        a.values += ROWS * a.row_step;
    }
    for (; i < m; i++) {
        strip(1, add, n, k, a, b, b_stride, c + i * c_stride, c_stride);
        a.values += a.row_step;
    }
}

/* The same by OpenBLAS, whose matrices lie by columns: c^T = b^T a^T.  One of the two calls is
 * left, by the type. */
static void multiply_large(bool transposed, bool add, size_t m, size_t n, size_t k,
                           const lm_real *a, size_t a_stride, const lm_real *b, size_t b_stride,
                           lm_real *c, size_t c_stride)
{
    char as_it_lies[] = "N", turned[] = "T";
    blasint rows = (blasint)n, columns = (blasint)m, depth = (blasint)k;
    blasint steps[3] = {(blasint)b_stride, (blasint)a_stride, (blasint)c_stride};
    lm_real one = 1, beta = add ? 1 : 0;
    void *left = lm_unconst(b), *right = lm_unconst(a), *sum = c, *alpha = &one, *old = &beta;
    char *turn = transposed ? turned : as_it_lies;
    if (LM_IS_FLOAT)
        sgemm_(as_it_lies, turn, &rows, &columns, &depth, alpha, left, &steps[0], right, &steps[1],
               old, sum, &steps[2]);
    else
        dgemm_(as_it_lies, turn, &rows, &columns, &depth, alpha, left, &steps[0], right, &steps[1],
               old, sum, &steps[2]);
}

static bool is_large(size_t m, size_t n, size_t k)
{
    return m >= LM_BLAS_ROWS && n * k >= LM_BLAS_RIGHT;
}

void lm_product(bool add, size_t m, size_t n, size_t k, const lm_real *a, size_t a_stride,
                const lm_real *b, size_t b_stride, lm_real *c, size_t c_stride)
{
    struct factor left = {.values = a, .row_step = a_stride, .k_step = 1};
    if (is_large(m, n, k))
        multiply_large(false, add, m, n, k, a, a_stride, b, b_stride, c, c_stride);
    else
        multiply(add, m, n, k, left, b, b_stride, c, c_stride);
}

void lm_product_transposed(bool add, size_t m, size_t n, size_t k, const lm_real *a,
                           size_t a_stride, const lm_real *b, size_t b_stride, lm_real *c,
                           size_t c_stride)
{
    struct factor left = {.values = a, .row_step = 1, .k_step = a_stride};
    if (is_large(m, n, k))
        multiply_large(true, add, m, n, k, a, a_stride, b, b_stride, c, c_stride);
    else
        multiply(add, m, n, k, left, b, b_stride, c, c_stride);
}

void lm_transpose(size_t rows, size_t columns, const lm_real *from, size_t from_stride, lm_real *to,
                  size_t to_stride)
{
    enum { TILE = 8 }; /* so that both sides stay within a few cache lines */
    for (size_t top = 0; top < rows; top += TILE)
        for (size_t column = 0; column < columns; column++)
            for (size_t row = top; row < rows && row < top + TILE; row++)
                to[column * to_stride + row] = from[row * from_stride + column];
}

void lm_add_columns(size_t m, size_t n, const lm_real *c, lm_real *bias)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            bias[j] += c[i * n + j];
}
