#include "analysis/report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release_table(struct report_table *table)
{
    for (size_t c = 0; c < table->column_count; c++) {
        struct report_column *column = &table->columns[c];
        for (size_t i = 0; column->texts != NULL && i < table->rows; i++)
            free(column->texts[i]);
        free(column->texts);
        free(column->numbers);
    }
    free(table->columns);
}

void report_tables_release(struct report_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        release_table(&tables->items[i]);
    free(tables->items);
    *tables = (struct report_tables){0};
}

struct report_table *report_table_add(struct report_tables *tables, const char *name, size_t rows)
{
    struct report_table *items =
        realloc(tables->items, (tables->count + 1) * sizeof(*tables->items));
    if (items == NULL) {
        tables->out_of_memory = true;
        return NULL;
    }
    tables->items = items;
    struct report_table *table = &items[tables->count++];
    *table = (struct report_table){.rows = rows};
    snprintf(table->name, sizeof(table->name), "%s", name);
    return table;
}

static struct report_column *add_column(struct report_tables *tables, struct report_table *table,
                                        const char *name, const char *units)
{
    if (table == NULL)
        return NULL;
    struct report_column *columns =
        realloc(table->columns, (table->column_count + 1) * sizeof(*columns));
    if (columns == NULL) {
        tables->out_of_memory = true;
        return NULL;
    }
    table->columns = columns;
    struct report_column *column = &columns[table->column_count++];
    *column = (struct report_column){0};
    snprintf(column->name, sizeof(column->name), "%s", name);
    snprintf(column->units, sizeof(column->units), "%s", units);
    return column;
}

double *report_table_numbers(struct report_tables *tables, struct report_table *table,
                             const char *name, const char *units)
{
    struct report_column *column = add_column(tables, table, name, units);
    if (column == NULL)
        return NULL;
    column->numbers = malloc((table->rows + 1) * sizeof(*column->numbers));
    if (column->numbers == NULL) {
        table->column_count--;
        tables->out_of_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < table->rows; i++)
        column->numbers[i] = (double)NAN;
    return column->numbers;
}

double *report_table_find(const struct report_table *table, const char *name)
{
    for (size_t c = 0; c < table->column_count; c++)
        if (strcmp(table->columns[c].name, name) == 0)
            return table->columns[c].numbers;
    return NULL;
}

char **report_table_texts(struct report_tables *tables, struct report_table *table,
                          const char *name)
{
    struct report_column *column = add_column(tables, table, name, "");
    if (column == NULL)
        return NULL;
    column->texts = calloc(table->rows + 1, sizeof(*column->texts));
    if (column->texts == NULL) {
        table->column_count--;
        tables->out_of_memory = true;
        return NULL;
    }
    return column->texts;
}

void report_text_set(struct report_tables *tables, char **texts, size_t row, const char *text)
{
    if (texts == NULL)
        return;
    free(texts[row]);
    texts[row] = strdup(text);
    if (texts[row] == NULL)
        tables->out_of_memory = true;
}

/* ---- JSON */

void report_print_json_text(FILE *file, const char *text)
{
    putc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 0x20 || *c == '<' || *c == '>' || *c == '&')
            fprintf(file, "\\u%04x", *c); /* '<' could end the script element */
        else
            putc(*c, file);
    }
    putc('"', file);
}

static void print_json_column(const struct report_column *column, size_t rows, FILE *file)
{
    report_print_json_text(file, column->name);
    fputs(":{\"units\":", file);
    report_print_json_text(file, column->units);
    fputs(",\"values\":[", file);
    for (size_t i = 0; i < rows; i++) {
        if (i > 0)
            putc(',', file);
        if (column->texts != NULL)
            report_print_json_text(file, column->texts[i] != NULL ? column->texts[i] : "");
        else if (isfinite(column->numbers[i]))
            fprintf(file, "%.7g", column->numbers[i]);
        else
            fputs("null", file);
    }
    fputs("]}", file);
}

void report_tables_print_json(const struct report_tables *tables, FILE *file)
{
    putc('{', file);
    for (size_t t = 0; t < tables->count; t++) {
        const struct report_table *table = &tables->items[t];
        if (t > 0)
            putc(',', file);
        report_print_json_text(file, table->name);
        fprintf(file, ":{\"rows\":%zu,\"columns\":{", table->rows);
        for (size_t c = 0; c < table->column_count; c++) {
            if (c > 0)
                putc(',', file);
            print_json_column(&table->columns[c], table->rows, file);
        }
        fputs("}}\n", file);
    }
    putc('}', file);
}

/* ---- CSV (RFC 4180, with \n) */

static void print_csv_text(const char *text, FILE *file)
{
    if (strpbrk(text, ",\"\n") == NULL) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            putc('"', file);
        putc(*c, file);
    }
    putc('"', file);
}

static void print_csv_cell(const struct report_column *column, size_t row, FILE *file)
{
    if (column->texts != NULL)
        print_csv_text(column->texts[row] != NULL ? column->texts[row] : "", file);
    else if (isfinite(column->numbers[row]))
        fprintf(file, "%.15g", column->numbers[row]);
}

void report_table_print_csv(const struct report_table *table, FILE *file)
{
    for (size_t c = 0; c < table->column_count; c++) {
        char title[96];
        const struct report_column *column = &table->columns[c];
        if (column->units[0] != '\0' && strcmp(column->units, "1") != 0)
            snprintf(title, sizeof(title), "%s [%s]", column->name, column->units);
        else
            snprintf(title, sizeof(title), "%s", column->name);
        if (c > 0)
            putc(',', file);
        print_csv_text(title, file);
    }
    putc('\n', file);
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t c = 0; c < table->column_count; c++) {
            if (c > 0)
                putc(',', file);
            print_csv_cell(&table->columns[c], row, file);
        }
        putc('\n', file);
    }
}
