/*
 * product.h: products of matrices, each element summed in one order.
 *
 * Every element of a product is one chain of fused multiply-adds over k = 0, 1, ..., so a row's
 * bits do not depend on which rows stand beside it, on the thread, or on the processor.  Our own
 * kernels beat OpenBLAS's at the sizes of these models (docs/MODELS.md).  A product of at least
 * LM_BLAS_ROWS rows whose right factor has LM_BLAS_RIGHT elements or more, which no model below
 * some 250 000 parameters has, goes to OpenBLAS; its bits depend on the shape and on the core type
 * that OpenBLAS chose (lm_kernel_name).
 *
 * Matrices are row-major; `stride` is the distance between rows, in reals.
 */
#ifndef LM_PRODUCT_H
#define LM_PRODUCT_H

#include "lm/real.h"

enum { LM_BLAS_ROWS = 64, LM_BLAS_RIGHT = 1 << 18 };

/* c[m][n] = a[m][k] b[k][n], added to c when `add`. */
void lm_product(bool add, size_t m, size_t n, size_t k, const lm_real *a, size_t a_stride,
                const lm_real *b, size_t b_stride, lm_real *c, size_t c_stride);

/* c[m][n] = a[k][m]^T b[k][n]: gradients of weights, k over the batch's rows. */
void lm_product_transposed(bool add, size_t m, size_t n, size_t k, const lm_real *a,
                           size_t a_stride, const lm_real *b, size_t b_stride, lm_real *c,
                           size_t c_stride);

/* to[columns][rows] = from[rows][columns]^T. */
void lm_transpose(size_t rows, size_t columns, const lm_real *from, size_t from_stride, lm_real *to,
                  size_t to_stride);

/* The derivative by a bias that each row got: bias[n] += the columns' sums of c[m][n]. */
void lm_add_columns(size_t m, size_t n, const lm_real *c, lm_real *bias);

#endif
