/*
 * rows.h: sparse matrices of I32F32 numbers, with the operations of the chain's own epoch.
 *
 * Each function is one function of the chain's matrix code, rounding for rounding, so that an
 * epoch can be written as the chain writes it and each intermediate be compared.  A dense matrix
 * is one whose rows hold all columns; the dense code of the chain gives the same numbers except
 * where a function here takes a flag.
 *
 * Memory is the caller's (usually an epoch's scratch).
 */
#ifndef MECHANISM_ROWS_H
#define MECHANISM_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Row i is entries start[i] .. start[i+1]-1.  Absent entries are 0, but an entry may be 0 too. */
struct rows {
    uint32_t row_count, column_count;
    uint64_t *start;  /* (row_count + 1) */
    uint32_t *column; /* in any order within a row, each once */
    int64_t *value;
};

static inline uint64_t rows_entry_count(const struct rows *x)
{
    return x->start[x->row_count];
}

/* `ret` has room for as many entries as `x`. */
void rows_copy(const struct rows *x, struct rows *ret);

/* Each row divided by its sum where that is > 0. */
void rows_normalize_rows(struct rows *x);
/* ret_sum_j = sum_i x_ij (wrapping). */
void rows_sum_columns(const struct rows *x, int64_t *ret_sum);
/* Each column divided by its sum where that is not 0; `sum` is working memory (column_count). */
void rows_normalize_columns(struct rows *x, int64_t *sum);
/* Each column divided by its largest entry where that is not 0 (absent ones count as 0). */
void rows_upscale_columns(struct rows *x, int64_t *largest);
/* x_ij := min(x_ij, limit_j); an entry above a limit <= 0 goes if `drop`, else becomes it. */
void rows_clip_columns(struct rows *x, const int64_t *limit, bool drop);
/* ret_i = sum_j x_ij (wrapping). */
void rows_sum_rows(const struct rows *x, int64_t *ret_sum);
/* ret_j = sum_i v_i x_ij, saturating, i ascending. */
void rows_multiply_left(const struct rows *x, const int64_t *v, int64_t *ret);
/* ret_i = sum_j x_ij v_j, saturating, in the row's order. */
void rows_multiply_right(const struct rows *x, const int64_t *v, int64_t *ret);
/* x_ij := v_i x_ij. */
void rows_scale_rows(struct rows *x, const int64_t *v);
/* x_ij := x_ij v_j; products of 0 go if `drop`. */
void rows_scale_columns(struct rows *x, const int64_t *v, bool drop);

/* Rows of full length for functions that join two matrices. */
struct rows_dense_row {
    int64_t *a, *b; /* (column_count), all zero between calls */
};

/* ret_ij = alpha new_ij + (1 - alpha) old_ij in column order, > 0 only unless `all` (then all
 * columns). */
void rows_average(const struct rows *fresh, const struct rows *old, int64_t alpha, bool all,
                  struct rows_dense_row work, struct rows *ret);
/* The same with a weight for each column. */
void rows_average_by_column(const struct rows *fresh, const struct rows *old, const int64_t *alpha,
                            bool all, struct rows_dense_row work, struct rows *ret);
/* The form of liquid bonds: ret_ij = min((1 - alpha_ij) old_ij + max(alpha_ij new_ij, 0), 1) with
 * alpha_ij from `alpha(context, j, new_ij, old_ij)`.  Only columns that stand in `fresh` come out
 * (an old entry without one is lost), > 0 only; all columns if `all`. */
typedef int64_t (*rows_alpha_f)(const void *context, uint32_t row, uint32_t column, int64_t fresh,
                                int64_t old);
void rows_average_each(const struct rows *fresh, const struct rows *old, rows_alpha_f alpha,
                       const void *context, bool all, struct rows_dense_row work, struct rows *ret);
/* ret_ij = a_ij + ratio (b_ij - a_ij) in column order, > 0 only unless `all`. */
void rows_interpolate(const struct rows *a, const struct rows *b, int64_t ratio, bool all,
                      struct rows_dense_row work, struct rows *ret);

#endif
