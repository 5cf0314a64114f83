#include "golden/golden_epoch_math.h"

#include "base/fixed.h"
#include "mechanism/rows.h"
#include "mechanism/yuma_math.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row of a table: its cells. */
typedef void (*table_f)(struct golden *golden, const struct json_value *row);

static int64_t cell(struct golden *golden, const struct json_value *row, size_t index)
{
    if (index < json_count(row))
        return golden_i64(golden, json_item(row, index), "argument");
    golden_differs(golden, "a row has only %zu cells", json_count(row));
    return 0;
}

static void expect(struct golden *golden, const struct json_value *row, size_t index,
                   fixed_i128 got, const char *what)
{
    if (index < json_count(row))
        golden_number(golden, json_item(row, index), got, what, index);
    else
        golden_differs(golden, "a row has only %zu cells", json_count(row));
}

/* ------------------------------------------------------------------------------------- scalars */

static void arith(struct golden *g, const struct json_value *row)
{
    int64_t a = cell(g, row, 0), b = cell(g, row, 1);
    expect(g, row, 2, fixed_add(a, b), "add");
    expect(g, row, 3, fixed_sub(a, b), "sub");
    expect(g, row, 4, fixed_mul(a, b), "mul");
    expect(g, row, 5, fixed_div_safe(a, b), "div_safe");
}

static void checked(struct golden *g, const struct json_value *row)
{
    int64_t a = cell(g, row, 0), b = cell(g, row, 1), product;
    bool fits = fixed_mul_checked(a, b, &product);
    if (json_count(row) > 2 && json_item(row, 2)->kind == JSON_NULL) {
        g->compared++;
        if (fits)
            golden_differs(g, "mul_checked fits, but should not");
    } else if (fits) {
        expect(g, row, 2, product, "mul_checked");
    } else {
        golden_differs(g, "mul_checked does not fit");
    }
    if (b != 0 || json_item(row, 3)->kind != JSON_NULL)
        expect(g, row, 3, fixed_div_saturating(a, b), "div_saturating");
}

static void u64_ratio(struct golden *g, const struct json_value *row)
{
    fixed_i128 x = fixed64_from_u64(golden_u64(g, json_item(row, 0), "x"));
    fixed_i128 y = fixed64_from_u64(golden_u64(g, json_item(row, 1), "y"));
    fixed_i128 ratio = fixed64_div_safe(x, y);
    expect(g, row, 2, ratio, "fixed64_div_safe");
    expect(g, row, 3, fixed_from_fixed64(ratio), "fixed_from_fixed64");
}

static void emission(struct golden *g, const struct json_value *row)
{
    int64_t x = cell(g, row, 0);
    uint64_t amount = golden_u64(g, json_item(row, 1), "rao");
    expect(g, row, 2, fixed_share_bits(x, amount), "share_bits");
    expect(g, row, 3, fixed_share(x, amount), "share");
}

static void conv(struct golden *g, const struct json_value *row)
{
    int64_t x = cell(g, row, 0);
    expect(g, row, 1, fixed_to_u16(x), "to_u16");
    expect(g, row, 2, fixed_to_u64(x), "to_u64");
    expect(g, row, 3, fixed_to_u16_proportion(x), "to_u16_proportion");
    expect(g, row, 4, fixed_div_safe(x, 65535 * FIXED_ONE), "x / 65535");
}

static void u16_proportion(struct golden *g, const struct json_value *row)
{
    expect(g, row, 1, fixed_from_u16_proportion((uint16_t)cell(g, row, 0)), "proportion");
}

static void exp_safe(struct golden *g, const struct json_value *row)
{
    expect(g, row, 1, fixed_exp_safe(cell(g, row, 0)), "exp_safe");
}

static void safe_ln(struct golden *g, const struct json_value *row)
{
    expect(g, row, 1, fixed_ln_safe(cell(g, row, 0)), "ln_safe");
}

static void sigmoid(struct golden *g, const struct json_value *row)
{
    expect(g, row, 3, fixed_sigmoid_safe(cell(g, row, 0), cell(g, row, 1), cell(g, row, 2)),
           "sigmoid_safe");
}

static void alpha_sigmoid(struct golden *g, const struct json_value *row)
{
    struct yuma_alpha alpha = yuma_alpha_from((uint16_t)cell(g, row, 3), (uint16_t)cell(g, row, 4),
                                              (int32_t)cell(g, row, 5));
    int64_t got = yuma_alpha_sigmoid(&alpha, cell(g, row, 0), cell(g, row, 1), cell(g, row, 2));
    expect(g, row, 6, got, "alpha_sigmoid");
}

/* ------------------------------------------------------------------------------------- vectors */

enum { VECTOR_MAX = 256 };

static uint32_t read_vector(struct golden *g, const struct json_value *array, int64_t *ret)
{
    size_t count = json_count(array);
    if (count > VECTOR_MAX) {
        golden_differs(g, "a vector of %zu numbers is too long", count);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        ret[i] = golden_i64(g, json_item(array, i), "vector");
    return (uint32_t)count;
}

static void expect_vector(struct golden *g, const struct json_value *expected, const int64_t *got,
                          size_t count, const char *what)
{
    if (json_count(expected) != count) {
        golden_differs(g, "%s: expected %zu numbers, got %zu", what, json_count(expected), count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        golden_number(g, json_item(expected, i), got[i], what, i);
}

static void expect_top(struct golden *g, const struct json_value *expected, const int64_t *x,
                       uint32_t count, bool nonzero_only)
{
    uint64_t work[VECTOR_MAX];
    uint8_t top[VECTOR_MAX];
    int64_t got[VECTOR_MAX];
    yuma_top(x, count, count / 2, nonzero_only, work, top);
    for (uint32_t i = 0; i < count; i++)
        got[i] = top[i];
    expect_vector(g, expected, got, count, nonzero_only ? "top nonzero" : "top");
}

static void vec(struct golden *g, const struct json_value *row)
{
    int64_t x[VECTOR_MAX], got[VECTOR_MAX];
    uint16_t scaled[VECTOR_MAX];
    uint32_t count = read_vector(g, json_item(row, 0), x);
    memcpy(got, x, sizeof(got));
    fixed_normalize(got, count);
    expect_vector(g, json_item(row, 1), got, count, "normalize");
    fixed_max_upscale(x, count, scaled);
    for (uint32_t i = 0; i < count; i++)
        got[i] = scaled[i];
    expect_vector(g, json_item(row, 2), got, count, "max_upscale");
    expect_top(g, json_item(row, 3), x, count, false);
    expect_top(g, json_item(row, 4), x, count, true);
}

static void u16vec(struct golden *g, const struct json_value *row)
{
    int64_t x[VECTOR_MAX];
    uint16_t narrow[VECTOR_MAX], scaled[VECTOR_MAX];
    uint32_t count = read_vector(g, json_item(row, 0), x);
    for (uint32_t i = 0; i < count; i++)
        narrow[i] = (uint16_t)x[i];
    fixed_max_upscale_u16(narrow, count, scaled);
    for (uint32_t i = 0; i < count; i++)
        x[i] = scaled[i];
    expect_vector(g, json_item(row, 1), x, count, "max_upscale_u16");
    expect(g, row, 3, fixed_within_max_weight(narrow, count, (uint16_t)cell(g, row, 2)),
           "within_max_weight");
}

static int64_t median(const int64_t *stake, const int64_t *score, uint32_t count, int64_t minority,
                      int64_t stake_sum)
{
    uint32_t member[VECTOR_MAX], spare[VECTOR_MAX];
    for (uint32_t i = 0; i < count; i++)
        member[i] = i;
    return yuma_weighted_median(stake, score, count, minority, stake_sum, member, spare);
}

static void weighted_median(struct golden *g, const struct json_value *row)
{
    int64_t stake[VECTOR_MAX], score[VECTOR_MAX];
    uint32_t count = read_vector(g, json_item(row, 0), stake);
    read_vector(g, json_item(row, 1), score);
    expect(g, row, 4, median(stake, score, count, cell(g, row, 2), cell(g, row, 3)), "median");
}

/* Columns of a matrix, with the stake normalised and the majority given. */
static void weighted_median_column(struct golden *g, const struct json_value *row)
{
    int64_t stake[VECTOR_MAX], used[VECTOR_MAX], score[VECTOR_MAX];
    uint32_t count = read_vector(g, json_item(row, 0), stake), voters = 0;
    const struct json_value *scores = json_item(row, 1);
    for (uint32_t i = 0; i < count; i++)
        if (stake[i] > 0)
            used[voters++] = stake[i];
    fixed_normalize(used, voters);
    int64_t sum = fixed_sum(used, voters);
    int64_t minority = fixed_sub(sum, fixed_from_u16_proportion((uint16_t)cell(g, row, 2)));
    for (size_t j = 0; j < json_count(json_item(row, 3)); j++) {
        voters = 0;
        for (uint32_t i = 0; i < count; i++)
            if (stake[i] > 0)
                score[voters++] = cell(g, json_item(scores, i), j);
        int64_t got = median(used, score, voters, minority, sum);
        expect(g, json_item(row, 3), j, got, "median of dense columns");
        expect(g, json_item(row, 4), j, got, "median of sparse columns");
    }
}

static void quantile(struct golden *g, const struct json_value *row)
{
    int64_t x[VECTOR_MAX];
    double q = 0;
    struct sim_error err = {0};
    uint32_t count = read_vector(g, json_item(row, 0), x);
    if (json_f64(json_item(row, 1), &q, &err) != SIM_OK)
        golden_differs(g, "%s", err.text);
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = i; k > 0 && x[k - 1] > x[k]; k--) {
            int64_t swap = x[k];
            x[k] = x[k - 1];
            x[k - 1] = swap;
        }
    expect(g, row, 2, yuma_quantile_sorted(x, count, q), "quantile");
}

static void logistic(struct golden *g, const struct json_value *row)
{
    int64_t low = fixed_from_u16_proportion((uint16_t)cell(g, row, 0));
    int64_t high = fixed_from_u16_proportion((uint16_t)cell(g, row, 1));
    struct yuma_logistic fit = yuma_logistic_from(low, high, cell(g, row, 2), cell(g, row, 3));
    expect(g, row, 4, fit.a, "a");
    expect(g, row, 5, fit.b, "b");
    for (size_t i = 0; i < json_count(json_item(row, 6)); i++) {
        int64_t alpha = yuma_logistic_alpha(&fit, cell(g, json_item(row, 6), i));
        expect(g, json_item(row, 7), i, alpha, "alpha");
        expect(g, json_item(row, 8), i, alpha < low ? low : alpha > high ? high : alpha, "clamped");
    }
}

/* ------------------------------------------------------------------------------------ matrices */

enum { SIDE_MAX = 16, ENTRY_MAX = SIDE_MAX * SIDE_MAX };

struct matrix {
    struct rows rows;
    uint64_t start[SIDE_MAX + 1];
    uint32_t column[ENTRY_MAX];
    int64_t value[ENTRY_MAX];
};

static void matrix_init(struct matrix *m, uint32_t row_count, uint32_t column_count)
{
    *m = (struct matrix){.rows = {.row_count = row_count,
                                  .column_count = column_count,
                                  .start = m->start,
                                  .column = m->column,
                                  .value = m->value}};
}

/* Dense rows of the vector; as a sparse matrix without its zeros. */
static void read_matrix(struct golden *g, const struct json_value *rows, bool sparse,
                        struct matrix *m)
{
    uint32_t row_count = (uint32_t)json_count(rows);
    uint32_t column_count = row_count == 0 ? 0 : (uint32_t)json_count(json_item(rows, 0));
    matrix_init(m, row_count, column_count);
    uint64_t count = 0;
    for (uint32_t i = 0; i < row_count && i < SIDE_MAX; i++) {
        for (uint32_t j = 0; j < column_count && j < SIDE_MAX; j++) {
            int64_t value = cell(g, json_item(rows, i), j);
            if (value == 0 && sparse)
                continue;
            m->column[count] = j;
            m->value[count++] = value;
        }
        m->start[i + 1] = count;
    }
}

static void expect_matrix(struct golden *g, const struct json_value *expected,
                          const struct rows *got, bool sparse, const char *what)
{
    if (expected == NULL)
        return;
    if (json_count(expected) != got->row_count) {
        golden_differs(g, "%s: expected %zu rows, got %u", what, json_count(expected),
                       got->row_count);
        return;
    }
    for (uint32_t i = 0; i < got->row_count; i++) {
        const struct json_value *row = json_item(expected, i);
        uint64_t start = got->start[i], count = got->start[i + 1] - start;
        if (json_count(row) != (sparse ? 2 : 1) * count) {
            golden_differs(g, "%s: row %u has another length", what, i);
            continue;
        }
        for (uint64_t k = 0; k < count; k++) {
            if (sparse)
                expect(g, row, 2 * k, got->column[start + k], what);
            expect(g, row, sparse ? 2 * k + 1 : k, got->value[start + k], what);
        }
    }
}

/* One matrix test: arguments, the member of the table without "_sp", and its result. */
struct matrix_test {
    struct golden *golden;
    const struct json_value *table;
    bool sparse;
    struct matrix w, b, alphas, result;
    int64_t v[VECTOR_MAX], vector[VECTOR_MAX], a[VECTOR_MAX], c[VECTOR_MAX];
    int64_t alpha;
};

static const struct json_value *member(const struct matrix_test *t, const char *name)
{
    char full[32];
    snprintf(full, sizeof(full), "%s%s", name, t->sparse ? "_sp" : "");
    return json_get(t->table, full);
}

static void expect_result(struct matrix_test *t, const char *name)
{
    expect_matrix(t->golden, member(t, name), &t->result.rows, t->sparse, name);
}

static void start_result(struct matrix_test *t)
{
    matrix_init(&t->result, t->w.rows.row_count, t->w.rows.column_count);
    rows_copy(&t->w.rows, &t->result.rows);
}

static int64_t table_alpha(const void *context, uint32_t row, uint32_t column, int64_t fresh,
                           int64_t old)
{
    const struct matrix_test *t = context;
    (void)fresh;
    (void)old;
    return t->alphas.value[t->alphas.start[row] + column];
}

static void one_matrix(struct matrix_test *t)
{
    start_result(t);
    rows_normalize_rows(&t->result.rows);
    expect_result(t, "row_norm");
    start_result(t);
    rows_normalize_columns(&t->result.rows, t->vector);
    expect_result(t, "col_norm");
    start_result(t);
    rows_upscale_columns(&t->result.rows, t->vector);
    expect_result(t, "col_max");
    start_result(t);
    rows_clip_columns(&t->result.rows, t->v, t->sparse);
    expect_result(t, "col_clip");
    start_result(t);
    rows_scale_rows(&t->result.rows, t->v);
    expect_result(t, "hadamard");
    start_result(t);
    rows_scale_columns(&t->result.rows, t->v, t->sparse);
    expect_result(t, "mat_vec");
}

static void matrix_to_vector(struct matrix_test *t)
{
    struct golden *g = t->golden;
    const struct rows *w = &t->w.rows;
    rows_sum_rows(w, t->vector);
    expect_vector(g, json_get(t->table, "row_sum"), t->vector, w->row_count, "row_sum");
    rows_multiply_left(w, t->v, t->vector);
    expect_vector(g, member(t, "matmul"), t->vector, w->column_count, "matmul");
    rows_multiply_right(w, t->v, t->vector);
    expect_vector(g, member(t, "matmul_t"), t->vector, w->row_count, "matmul_t");
    for (uint32_t j = 0; j < w->column_count; j++)
        t->vector[j] = fixed_mul(cell(g, json_item(json_get(t->table, "w"), 0), j), t->v[j]);
    expect_vector(g, json_get(t->table, "vec_mul"), t->vector, w->column_count, "vec_mul");
}

static void two_matrices(struct matrix_test *t)
{
    struct rows_dense_row work = {t->a, t->c};
    bool all = !t->sparse;
    rows_average(&t->w.rows, &t->b.rows, t->alpha, all, work, &t->result.rows);
    expect_result(t, "ema");
    rows_average_each(&t->w.rows, &t->b.rows, table_alpha, t, all, work, &t->result.rows);
    expect_result(t, "ema_alpha");
    rows_interpolate(&t->w.rows, &t->b.rows, t->alpha, all, work, &t->result.rows);
    expect_result(t, "interp");
}

static void matrix(struct golden *g, const struct json_value *table)
{
    static const bool kinds[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        struct matrix_test *t = calloc(1, sizeof(*t));
        if (t == NULL)
            exit(1);
        t->golden = g;
        t->table = table;
        t->sparse = kinds[i];
        read_matrix(g, json_get(table, "w"), t->sparse, &t->w);
        read_matrix(g, json_get(table, "b"), t->sparse, &t->b);
        read_matrix(g, json_get(table, "alpha_mat"), false, &t->alphas);
        read_vector(g, json_get(table, "v"), t->v);
        t->alpha = golden_i64(g, json_get(table, "alpha"), "alpha");
        one_matrix(t);
        matrix_to_vector(t);
        two_matrices(t);
        free(t);
    }
}

/* -------------------------------------------------------------------------------------- tables */

/* By the name before the bracket that lists a table's columns. */
static const struct {
    const char *name;
    table_f run;
} tables[] = {
    {"i32f32_arith", arith},
    {"i32f32_checked", checked},
    {"u64_ratio", u64_ratio},
    {"emission", emission},
    {"conv", conv},
    {"u16_proportion_to_fixed", u16_proportion},
    {"exp_safe", exp_safe},
    {"safe_ln", safe_ln},
    {"sigmoid_safe", sigmoid},
    {"alpha_sigmoid", alpha_sigmoid},
    {"vec", vec},
    {"u16vec", u16vec},
    {"weighted_median", weighted_median},
    {"weighted_median_col", weighted_median_column},
    {"matrix", matrix},
    {"quantile", quantile},
    {"logistic", logistic},
};

bool golden_epoch_math(struct golden *golden, const struct json_value *root)
{
    bool known = false;
    for (size_t i = 0; i < json_count(root); i++) {
        const struct json_value *table = json_item(root, i);
        size_t length = table->name == NULL ? 0 : strcspn(table->name, "[");
        for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++) {
            if (strlen(tables[k].name) != length ||
                strncmp(tables[k].name, table->name, length) != 0 || table->kind != JSON_ARRAY)
                continue;
            known = true;
            for (size_t r = 0; r < json_count(table); r++) {
                golden_place(golden, "%s row %zu", tables[k].name, r);
                tables[k].run(golden, json_item(table, r));
            }
        }
    }
    return known;
}
