/* {lognormal: {median: 50 ms, sigma: 0.5}} -> struct dist. */
#include "config/value.h"

#include "base/dist.h"
#include "base/param_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_VALUES_MAX = 50000, PATH_BYTES = 1024 };

/* What is being read, for all helpers here. */
struct context {
    struct loader *loader;
    const struct param_key *key;
    const char *path;
    const struct node *node; /* the map: {lognormal: ...} */
    struct dist *dist;
};

static const char *const shapes[] = {"uniform", "normal", "lognormal", "exponential",
                                     "pareto",  "choice", "file",      NULL};

static const struct param_key bare_key = {.name = "number", .kind = PARAM_REAL};

static bool complain(struct context *c, const struct node *at, const char *text)
{
    loader_complain(c->loader, at->at, "'%s': %s", c->path, text);
    return false;
}

/* A value in the key's own unit, exact, within the key's bounds. */
static bool read_number(struct context *c, const struct node *node, union dist_number *ret_number)
{
    struct param_key plain = *c->key;
    plain.kind &= PARAM_KIND_MASK;
    union {
        uint64_t u64;
        double f64;
    } field = {0};
    if (!loader_visit(c->loader, node) ||
        !value_read_plain(c->loader, &plain, c->path, node, true, &field))
        return false;
    *ret_number = dist_number_of(plain.kind, &field);
    return true;
}

/* A mean, median or spread as a double in the key's unit; bare counts may have decimals. */
static bool read_location(struct context *c, const struct node *node, bool bounded,
                          double *ret_value)
{
    unsigned kind = c->key->kind & PARAM_KIND_MASK;
    bool bare = kind == PARAM_U32 || kind == PARAM_U64 || kind == PARAM_I32;
    struct param_key plain = *c->key;
    plain.kind = bare ? PARAM_REAL : kind;
    union {
        uint64_t u64;
        double f64;
    } field = {0};
    if (!loader_visit(c->loader, node) ||
        !value_read_plain(c->loader, &plain, c->path, node, bounded, &field))
        return false;
    *ret_value = dist_number_f64(dist_type_of(plain.kind), dist_number_of(plain.kind, &field));
    if (fabs(*ret_value) > 0x1p62 && dist_type_of(kind) != DIST_F64)
        return complain(c, node, "too large for a distribution");
    return true;
}

static bool read_bare(struct context *c, const struct node *node, double *ret_value)
{
    return loader_visit(c->loader, node) &&
           value_read_plain(c->loader, &bare_key, c->path, node, true, ret_value);
}

/* The map behind a shape's name, which must have exactly the keys `first` and, if not NULL,
 * `second`. */
static bool find_two(struct context *c, const struct node *map, const char *first,
                     const char *second, const struct node **ret_first,
                     const struct node **ret_second)
{
    if (map->kind == NODE_BROKEN)
        return false;
    const struct entry *a = map->kind == NODE_MAP ? node_find(map, first) : NULL;
    const struct entry *b = a != NULL && second != NULL ? node_find(map, second) : NULL;
    if (a == NULL || (second != NULL && b == NULL) || map->count != (second != NULL ? 2 : 1)) {
        loader_complain(c->loader, map->at, "'%s': the distribution takes {%s: ...%s%s%s}", c->path,
                        first, second != NULL ? ", " : "", second != NULL ? second : "",
                        second != NULL ? ": ..." : "");
        return false;
    }
    *ret_first = a->value;
    *ret_second = b != NULL ? b->value : NULL;
    return true;
}

/* Shapes with a location in the key's unit and a spread. */
static bool read_density(struct context *c, const struct node *map, const char *location,
                         const char *spread, bool spread_has_unit)
{
    const struct node *a, *b;
    if (!find_two(c, map, location, spread, &a, &b))
        return false;
    bool positive = c->dist->shape != DIST_NORMAL;
    if (!read_location(c, a, true, &c->dist->location))
        return false;
    if (positive && c->dist->location <= 0)
        return complain(c, a, "must be above 0 in this distribution");
    if (b == NULL)
        return true;
    bool read = spread_has_unit ? read_location(c, b, false, &c->dist->spread)
                                : read_bare(c, b, &c->dist->spread);
    if (read && c->dist->spread < 0)
        return complain(c, b, "must not be negative");
    if (read && c->dist->shape == DIST_PARETO && c->dist->spread == 0)
        return complain(c, b, "must be above 0");
    return read;
}

static bool read_uniform(struct context *c, const struct node *list)
{
    if (list->kind == NODE_BROKEN)
        return false;
    if (list->kind != NODE_LIST || list->count != 2)
        return complain(c, list, "the distribution takes {uniform: [LOW, HIGH]}");
    struct dist *dist = c->dist;
    if (!read_number(c, list->items[0], &dist->low) || !read_number(c, list->items[1], &dist->high))
        return false;
    if (dist_number_f64(dist->type, dist->low) > dist_number_f64(dist->type, dist->high))
        return complain(c, list->items[0], "the low end lies above the high end");
    return true;
}

static bool sum_weights(struct context *c, const struct node *weights, double *each,
                        double *cumulative)
{
    double sum = 0;
    for (size_t i = 0; i < c->dist->count; i++) {
        double weight = 1;
        if (weights != NULL && !read_bare(c, weights->items[i], &weight))
            return false;
        if (weight < 0)
            return complain(c, weights->items[i], "a weight is negative");
        each[i] = weight;
        sum += weight;
        cumulative[i] = sum;
    }
    if (!(sum > 0) || !isfinite(sum))
        return complain(c, weights, "the weights sum to no positive number");
    return true;
}

static bool finish_choice(struct context *c, union dist_number *values, size_t count,
                          const struct node *weights)
{
    double *each = arena_alloc(c->loader->arena, count * sizeof(*each));
    double *cumulative = arena_alloc(c->loader->arena, count * sizeof(*cumulative));
    if (each == NULL || cumulative == NULL) {
        c->loader->no_memory = true;
        return false;
    }
    c->dist->shape = DIST_CHOICE;
    c->dist->values = values;
    c->dist->weights = each;
    c->dist->cumulative = cumulative;
    c->dist->count = count;
    return sum_weights(c, weights, each, cumulative);
}

static bool read_choice(struct context *c, const struct node *list)
{
    const struct entry *weights = node_find(c->node, "weights");
    if (list->kind == NODE_BROKEN || (weights != NULL && weights->value->kind == NODE_BROKEN))
        return false;
    if (list->kind != NODE_LIST || list->count == 0)
        return complain(c, list, "the distribution takes {choice: [first, second, ...]}");
    if (weights != NULL &&
        (weights->value->kind != NODE_LIST || weights->value->count != list->count))
        return complain(c, weights->value, "'weights' is a list with a number for each choice");
    union dist_number *values = arena_alloc(c->loader->arena, list->count * sizeof(*values));
    if (values == NULL) {
        c->loader->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < list->count; i++)
        if (!read_number(c, list->items[i], &values[i]))
            return false;
    return finish_choice(c, values, list->count, weights != NULL ? weights->value : NULL);
}

/* ---- {file: data.csv, column: NAME, unit: U} ------------------------------------------------ */

enum { LINE_BYTES = 4096, COLUMN_ERRORS_MAX = 20 };

/* A string beside `file`; NULL when it is absent or no text. */
static const char *text_of(struct context *c, const char *key)
{
    const struct entry *entry = node_find(c->node, key);
    return entry != NULL && entry->value->kind == NODE_SCALAR ? entry->value->text : NULL;
}

/* The field number `index` of a comma-separated line, trimmed; false if there is none. */
static bool csv_field(const char *line, size_t index, char *field, size_t bytes)
{
    for (; index > 0; index--) {
        line = strchr(line, ',');
        if (line == NULL)
            return false;
        line++;
    }
    line += strspn(line, " \t\"");
    size_t length = strcspn(line, ",\r\n");
    while (length > 0 && strchr(" \t\"", line[length - 1]) != NULL)
        length--;
    if (length >= bytes)
        return false;
    memcpy(field, line, length);
    field[length] = '\0';
    return true;
}

static bool csv_column(const char *header, const char *name, size_t *ret_index)
{
    char field[256];
    for (size_t i = 0; csv_field(header, i, field, sizeof(field)); i++)
        if (strcmp(field, name) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

/* False, and the reason, for a cell that is no value of the key. */
static bool read_cell(struct context *c, const char *line, size_t column,
                      char reason[PARAM_REASON_BYTES], union dist_number *ret_value)
{
    char cell[256], value[320];
    const char *unit = text_of(c, "unit");
    struct param_key plain = *c->key;
    plain.kind &= PARAM_KIND_MASK;
    union {
        uint64_t u64;
        double f64;
    } field = {0};
    if (!csv_field(line, column, cell, sizeof(cell)))
        snprintf(cell, sizeof(cell), "%s", "");
    snprintf(value, sizeof(value), "%s%s%s", cell, unit != NULL ? " " : "",
             unit != NULL ? unit : "");
    if (!param_parse(&plain, value, &field, reason))
        return false;
    *ret_value = dist_number_of(plain.kind, &field);
    return true;
}

/* The rows below the header; false if one of them is wrong, all of which are said up to a limit. */
static bool read_cells(struct context *c, FILE *stream, const char *file, size_t column,
                       union dist_number *values, size_t *ret_count)
{
    char line[LINE_BYTES], reason[PARAM_REASON_BYTES];
    size_t count = 0, wrong = 0;
    for (size_t number = 2; fgets(line, sizeof(line), stream) != NULL; number++) {
        if (strspn(line, " \t\r\n") == strlen(line))
            continue;
        if (count == COLUMN_VALUES_MAX)
            return complain(c, c->node, "the file has more than 50000 values");
        bool whole = strchr(line, '\n') != NULL || feof(stream);
        if (!whole) {
            loader_complain(c->loader, c->node->at,
                            "'%s': %.200s, line %zu: more than %d characters", c->path, file,
                            number, LINE_BYTES - 2);
            return false;
        }
        if (read_cell(c, line, column, reason, &values[count]))
            count++;
        else if (++wrong <= COLUMN_ERRORS_MAX)
            loader_complain(c->loader, c->node->at, "'%s': %.200s, line %zu: %s", c->path, file,
                            number, reason);
    }
    if (wrong > COLUMN_ERRORS_MAX)
        loader_complain(c->loader, c->node->at, "'%s': %.200s: %zu more lines are wrong", c->path,
                        file, wrong - COLUMN_ERRORS_MAX);
    *ret_count = count;
    return wrong == 0;
}

static bool read_rows(struct context *c, FILE *stream, const char *file, const char *column)
{
    char line[LINE_BYTES];
    size_t index, count = 0;
    if (fgets(line, sizeof(line), stream) == NULL || !csv_column(line, column, &index)) {
        loader_complain(c->loader, c->node->at, "'%s': %.200s has no column '%.60s'", c->path, file,
                        column);
        return false;
    }
    union dist_number *values = malloc(COLUMN_VALUES_MAX * sizeof(*values));
    if (values == NULL) {
        c->loader->no_memory = true;
        return false;
    }
    bool valid = read_cells(c, stream, file, index, values, &count);
    if (valid && count == 0)
        valid = complain(c, c->node, "the file has no value");
    union dist_number *kept = valid ? arena_alloc(c->loader->arena, count * sizeof(*values)) : NULL;
    if (kept != NULL)
        memcpy(kept, values, count * sizeof(*values));
    free(values);
    return kept != NULL && finish_choice(c, kept, count, NULL);
}

/* A file is read once, however often the scenario is checked for its twin and schedule. */
struct column {
    const struct node *node;
    const struct param_key *key;
    struct dist dist;
    struct column *next;
};

static const struct column *find_column(const struct context *c)
{
    const struct column *column = c->loader->columns;
    while (column != NULL && (column->node != c->node || column->key != c->key))
        column = column->next;
    return column;
}

static bool keep_column(struct context *c)
{
    struct column *column = arena_alloc(c->loader->arena, sizeof(*column));
    c->loader->no_memory |= column == NULL;
    if (column == NULL)
        return false;
    *column = (struct column){c->node, c->key, *c->dist, c->loader->columns};
    c->loader->columns = column;
    return true;
}

static bool read_file(struct context *c)
{
    const struct column *known = find_column(c);
    if (known != NULL) {
        *c->dist = known->dist;
        return true;
    }
    const char *file = text_of(c, "file"), *column = text_of(c, "column");
    if (file == NULL || column == NULL)
        return complain(c, c->node,
                        "the distribution takes {file: data.csv, column: NAME}, and 'unit: U' if "
                        "the numbers have none");
    char path[PATH_BYTES];
    loader_relative_path(c->loader, c->node->at, file, path, sizeof(path));
    FILE *stream = fopen(path, "r");
    if (stream == NULL) {
        loader_complain(c->loader, node_find(c->node, "file")->value->at,
                        "'%s': cannot read '%.200s'", c->path, path);
        return false;
    }
    bool read = read_rows(c, stream, path, column);
    fclose(stream);
    return read && keep_column(c);
}

/* ---- The whole value ------------------------------------------------------------------------ */

static bool read_shape(struct context *c, const char *shape, const struct node *argument)
{
    static const enum dist_shape by_name[] = {DIST_UNIFORM,     DIST_NORMAL, DIST_LOGNORMAL,
                                              DIST_EXPONENTIAL, DIST_PARETO, DIST_CHOICE,
                                              DIST_CHOICE};
    size_t index = 0;
    while (strcmp(shapes[index], shape) != 0)
        index++;
    c->dist->shape = by_name[index];
    switch (index) {
    case 0:
        return read_uniform(c, argument);
    case 1:
        return read_density(c, argument, "mean", "sd", true);
    case 2:
        return read_density(c, argument, "median", "sigma", false);
    case 3:
        return read_density(c, argument, "mean", NULL, false);
    case 4:
        return read_density(c, argument, "minimum", "exponent", false);
    case 5:
        return read_choice(c, argument);
    default:
        return read_file(c);
    }
}

/* The one entry that names the shape; the others must be what may stand beside it. */
static const struct entry *find_shape(struct context *c)
{
    const struct entry *found = NULL;
    for (size_t i = 0; i < c->node->count; i++) {
        const struct entry *entry = &c->node->entries[i];
        bool is_shape = false;
        for (size_t k = 0; shapes[k] != NULL; k++)
            is_shape |= strcmp(entry->key, shapes[k]) == 0;
        if (is_shape && found == NULL) {
            found = entry;
            continue;
        }
        bool beside = strcmp(entry->key, "weights") == 0 || strcmp(entry->key, "column") == 0 ||
                      strcmp(entry->key, "unit") == 0;
        const char *near = param_nearest(entry->key, shapes);
        if (is_shape)
            loader_complain(c->loader, entry->at, "'%s': '%s' is a second distribution beside '%s'",
                            c->path, entry->key, found->key);
        else if (!beside && near != NULL)
            loader_complain(c->loader, entry->at,
                            "'%s': unknown distribution '%.40s'; did you mean '%s'?", c->path,
                            entry->key, near);
        else if (!beside)
            loader_complain(c->loader, entry->at,
                            "'%s': unknown distribution '%.40s'; known: uniform, normal, "
                            "lognormal, exponential, pareto, choice, file",
                            c->path, entry->key);
        if (!beside || is_shape)
            return NULL;
    }
    if (found == NULL)
        complain(c, c->node, "a distribution is expected, such as {uniform: [LOW, HIGH]}");
    return found;
}

static bool beside_fits(struct context *c, const char *shape)
{
    for (size_t i = 0; i < c->node->count; i++) {
        const struct entry *entry = &c->node->entries[i];
        bool weights = strcmp(entry->key, "weights") == 0;
        bool of_file = strcmp(entry->key, "column") == 0 || strcmp(entry->key, "unit") == 0;
        if ((weights && strcmp(shape, "choice") != 0) || (of_file && strcmp(shape, "file") != 0)) {
            loader_complain(c->loader, entry->at, "'%s': '%s' has no meaning beside '%s'", c->path,
                            entry->key, shape);
            return false;
        }
    }
    return true;
}

/* The key's bounds, or the range of the kind. */
static void set_bounds(struct context *c)
{
    struct param_key plain = *c->key;
    plain.kind &= PARAM_KIND_MASK;
    static const union dist_number lowest[] = {
        [DIST_F64] = {.f64 = -HUGE_VAL}, [DIST_U64] = {.u64 = 0}, [DIST_I64] = {.i64 = INT64_MIN}};
    static const union dist_number highest[] = {[DIST_F64] = {.f64 = HUGE_VAL},
                                                [DIST_U64] = {.u64 = UINT64_MAX},
                                                [DIST_I64] = {.i64 = INT64_MAX}};
    c->dist->min = lowest[c->dist->type];
    c->dist->max = highest[c->dist->type];
    if (plain.kind == PARAM_U32)
        c->dist->max.u64 = UINT32_MAX;
    if (plain.kind == PARAM_FRACTION_U16)
        c->dist->max.u64 = UINT16_MAX;
    if (plain.kind == PARAM_I32) {
        c->dist->min.i64 = INT32_MIN;
        c->dist->max.i64 = INT32_MAX;
    }
    union {
        uint64_t u64;
        double f64;
    } field = {0};
    char reason[PARAM_REASON_BYTES];
    if (plain.min != NULL && param_parse_unbounded(&plain, plain.min, &field, reason))
        c->dist->min = dist_number_of(plain.kind, &field);
    if (plain.max != NULL && param_parse_unbounded(&plain, plain.max, &field, reason))
        c->dist->max = dist_number_of(plain.kind, &field);
}

bool value_read_dist(struct loader *loader, const struct param_key *key, const char *path,
                     const struct node *node, void *field)
{
    struct dist dist = {.type = dist_type_of(key->kind)};
    struct context c = {loader, key, path, node, &dist};
    if (node->kind != NODE_MAP) {
        union dist_number value;
        if (!read_number(&c, node, &value))
            return false;
        dist = (struct dist){.type = dist.type, .low = value, .high = value};
        dist.min = dist.max = value;
    } else {
        const struct entry *shape = find_shape(&c);
        if (shape == NULL || !beside_fits(&c, shape->key))
            return false;
        set_bounds(&c);
        if (!read_shape(&c, shape->key, shape->value))
            return false;
    }
    memcpy(field, &dist, sizeof(dist));
    return true;
}
