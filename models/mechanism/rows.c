#include "mechanism/rows.h"

#include "base/fixed.h"

#include <string.h>

void rows_copy(const struct rows *x, struct rows *ret)
{
    uint64_t count = rows_entry_count(x);
    ret->row_count = x->row_count;
    ret->column_count = x->column_count;
    memcpy(ret->start, x->start, (x->row_count + (size_t)1) * sizeof(*x->start));
    memcpy(ret->column, x->column, count * sizeof(*x->column));
    memcpy(ret->value, x->value, count * sizeof(*x->value));
}

void rows_normalize_rows(struct rows *x)
{
    for (uint32_t i = 0; i < x->row_count; i++) {
        int64_t *row = x->value + x->start[i];
        size_t count = x->start[i + 1] - x->start[i];
        int64_t sum = fixed_sum(row, count);
        if (sum > 0)
            fixed_normalize_by(row, count, sum);
    }
}

void rows_sum_columns(const struct rows *x, int64_t *ret_sum)
{
    memset(ret_sum, 0, x->column_count * sizeof(*ret_sum));
    for (uint64_t k = 0; k < rows_entry_count(x); k++)
        ret_sum[x->column[k]] = fixed_add_wrap(ret_sum[x->column[k]], x->value[k]);
}

static void divide_columns(struct rows *x, const int64_t *divisor)
{
    for (uint64_t k = 0; k < rows_entry_count(x); k++)
        if (divisor[x->column[k]] != 0)
            x->value[k] = fixed_div_safe(x->value[k], divisor[x->column[k]]);
}

void rows_normalize_columns(struct rows *x, int64_t *sum)
{
    rows_sum_columns(x, sum);
    divide_columns(x, sum);
}

void rows_upscale_columns(struct rows *x, int64_t *largest)
{
    memset(largest, 0, x->column_count * sizeof(*largest));
    for (uint64_t k = 0; k < rows_entry_count(x); k++)
        if (x->value[k] > largest[x->column[k]])
            largest[x->column[k]] = x->value[k];
    divide_columns(x, largest);
}

void rows_clip_columns(struct rows *x, const int64_t *limit, bool drop)
{
    uint64_t kept = 0, from = 0;
    for (uint32_t i = 0; i < x->row_count; i++) {
        uint64_t to = x->start[i + 1];
        for (uint64_t k = from; k < to; k++) {
            int64_t most = limit[x->column[k]];
            if (drop && most < x->value[k] && most <= 0)
                continue;
            x->column[kept] = x->column[k];
            x->value[kept] = x->value[k] < most ? x->value[k] : most;
            kept++;
        }
        from = to;
        x->start[i + 1] = kept;
    }
}

void rows_sum_rows(const struct rows *x, int64_t *ret_sum)
{
    for (uint32_t i = 0; i < x->row_count; i++)
        ret_sum[i] = fixed_sum(x->value + x->start[i], x->start[i + 1] - x->start[i]);
}

void rows_multiply_left(const struct rows *x, const int64_t *v, int64_t *ret)
{
    memset(ret, 0, x->column_count * sizeof(*ret));
    for (uint32_t i = 0; i < x->row_count; i++)
        for (uint64_t k = x->start[i]; k < x->start[i + 1]; k++)
            ret[x->column[k]] = fixed_add(ret[x->column[k]], fixed_mul(v[i], x->value[k]));
}

void rows_multiply_right(const struct rows *x, const int64_t *v, int64_t *ret)
{
    for (uint32_t i = 0; i < x->row_count; i++) {
        int64_t sum = 0;
        for (uint64_t k = x->start[i]; k < x->start[i + 1]; k++)
            sum = fixed_add(sum, fixed_mul(x->value[k], v[x->column[k]]));
        ret[i] = sum;
    }
}

void rows_scale_rows(struct rows *x, const int64_t *v)
{
    for (uint32_t i = 0; i < x->row_count; i++)
        for (uint64_t k = x->start[i]; k < x->start[i + 1]; k++)
            x->value[k] = fixed_mul(v[i], x->value[k]);
}

void rows_scale_columns(struct rows *x, const int64_t *v, bool drop)
{
    uint64_t kept = 0, from = 0;
    for (uint32_t i = 0; i < x->row_count; i++) {
        uint64_t to = x->start[i + 1];
        for (uint64_t k = from; k < to; k++) {
            int64_t product = fixed_mul(x->value[k], v[x->column[k]]);
            if (product == 0 && drop)
                continue;
            x->column[kept] = x->column[k];
            x->value[kept++] = product;
        }
        from = to;
        x->start[i + 1] = kept;
    }
}

/* ------------------------------------------------------------------------ two matrices to one */

static void spread(const struct rows *x, uint32_t row, int64_t *dense)
{
    for (uint64_t k = x->start[row]; k < x->start[row + 1]; k++)
        dense[x->column[k]] = x->value[k];
}

static void begin(const struct rows *x, struct rows *ret)
{
    ret->row_count = x->row_count;
    ret->column_count = x->column_count;
    ret->start[0] = 0;
}

static void append(struct rows *ret, uint64_t *count, uint32_t column, int64_t value, bool all)
{
    if (value > 0 || all) {
        ret->column[*count] = column;
        ret->value[*count] = value;
        (*count)++;
    }
}

void rows_average_by_column(const struct rows *fresh, const struct rows *old, const int64_t *alpha,
                            bool all, struct rows_dense_row work, struct rows *ret)
{
    uint64_t count = 0;
    begin(fresh, ret);
    for (uint32_t i = 0; i < fresh->row_count; i++) {
        spread(fresh, i, work.a);
        spread(old, i, work.b);
        for (uint32_t j = 0; j < fresh->column_count; j++) {
            int64_t value = fixed_add(fixed_mul(alpha[j], work.a[j]),
                                      fixed_mul(fixed_sub(FIXED_ONE, alpha[j]), work.b[j]));
            append(ret, &count, j, value, all);
            work.a[j] = work.b[j] = 0;
        }
        ret->start[i + 1] = count;
    }
}

void rows_average(const struct rows *fresh, const struct rows *old, int64_t alpha, bool all,
                  struct rows_dense_row work, struct rows *ret)
{
    uint64_t count = 0;
    begin(fresh, ret);
    for (uint32_t i = 0; i < fresh->row_count; i++) {
        spread(fresh, i, work.a);
        spread(old, i, work.b);
        for (uint32_t j = 0; j < fresh->column_count; j++) {
            int64_t value = fixed_add(fixed_mul(alpha, work.a[j]),
                                      fixed_mul(fixed_sub(FIXED_ONE, alpha), work.b[j]));
            append(ret, &count, j, value, all);
            work.a[j] = work.b[j] = 0;
        }
        ret->start[i + 1] = count;
    }
}

static int64_t average_liquid(int64_t alpha, int64_t fresh, int64_t old)
{
    int64_t pull = fixed_mul(alpha, fresh);
    int64_t value = fixed_add(fixed_mul(fixed_sub(FIXED_ONE, alpha), old), pull > 0 ? pull : 0);
    return value < FIXED_ONE ? value : FIXED_ONE;
}

void rows_average_each(const struct rows *fresh, const struct rows *old, rows_alpha_f alpha,
                       const void *context, bool all, struct rows_dense_row work, struct rows *ret)
{
    uint64_t count = 0;
    begin(fresh, ret);
    for (uint32_t i = 0; i < fresh->row_count; i++) {
        /* work.a: value + 1 where present, so that an entry of 0 is not an absent one. */
        for (uint64_t k = fresh->start[i]; k < fresh->start[i + 1]; k++)
            work.a[fresh->column[k]] = fresh->value[k] + 1;
        spread(old, i, work.b);
        for (uint32_t j = 0; j < fresh->column_count; j++) {
            bool present = work.a[j] != 0;
            int64_t value = present ? work.a[j] - 1 : 0;
            if (present || all)
                append(ret, &count, j,
                       average_liquid(alpha(context, i, j, value, work.b[j]), value, work.b[j]),
                       all);
            work.a[j] = work.b[j] = 0;
        }
        ret->start[i + 1] = count;
    }
}

void rows_interpolate(const struct rows *a, const struct rows *b, int64_t ratio, bool all,
                      struct rows_dense_row work, struct rows *ret)
{
    uint64_t count = 0;
    begin(a, ret);
    for (uint32_t i = 0; i < a->row_count; i++) {
        spread(a, i, work.a);
        spread(b, i, work.b);
        for (uint32_t j = 0; j < a->column_count; j++) {
            int64_t change = fixed_mul(ratio, fixed_sub(work.b[j], work.a[j]));
            append(ret, &count, j, fixed_add(work.a[j], change), all);
            work.a[j] = work.b[j] = 0;
        }
        ret->start[i + 1] = count;
    }
}
