#include "net/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Cuts the line at its commas; -1 when there are too many. */
static int fields_cut(char *line, const char **ret_fields)
{
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line;; at++) {
        if (count == TABLE_COLUMNS_MAX)
            return -1;
        ret_fields[count++] = at;
        at += strcspn(at, ",");
        if (*at == '\0')
            return count;
        *at = '\0';
    }
}

static enum sim_status line_read(struct table *table, char *line, bool *ret_read,
                                 struct sim_error *err)
{
    table->line_number++;
    if (fgets(line, TABLE_LINE_BYTES, table->file) == NULL) {
        if (ferror(table->file))
            return SIM_FAIL(err, SIM_IO, "%s: cannot read: %s", table->path, strerror(errno));
        *ret_read = false;
        return SIM_OK;
    }
    if (strchr(line, '\n') == NULL && strlen(line) < TABLE_LINE_BYTES - 1 && !feof(table->file))
        return SIM_FAIL(err, SIM_CONFIG, "%s:%d:%d: a byte 0, which no text has", table->path,
                        table->line_number, (int)strlen(line) + 1);
    if (strchr(line, '\n') == NULL && !feof(table->file))
        return SIM_FAIL(err, SIM_CONFIG, "%s:%d:1: line longer than %d bytes", table->path,
                        table->line_number, TABLE_LINE_BYTES - 2);
    *ret_read = true;
    return SIM_OK;
}

enum sim_status table_open(struct table *table, const char *path, struct sim_error *err)
{
    *table = (struct table){.path = path};
    table->file = fopen(path, "r");
    if (table->file == NULL)
        return SIM_FAIL(err, SIM_IO, "%s: cannot open: %s", path, strerror(errno));
    bool read = false;
    enum sim_status status = line_read(table, table->names, &read, err);
    if (status == SIM_OK && !read)
        status = SIM_FAIL(err, SIM_CONFIG, "%s:1:1: the file is empty", path);
    if (status == SIM_OK) {
        /* Spreadsheets write a byte order mark before the first name. */
        char *names = table->names;
        if (strncmp(names, "\xef\xbb\xbf", 3) == 0)
            names += 3;
        table->name_count = fields_cut(names, table->name);
        if (table->name_count < 0)
            status =
                SIM_FAIL(err, SIM_CONFIG, "%s:1:1: more than %d columns", path, TABLE_COLUMNS_MAX);
    }
    if (status != SIM_OK)
        table_close(table);
    return status;
}

void table_close(struct table *table)
{
    fclose(table->file);
    table->file = NULL;
}

enum sim_status table_column(const struct table *table, const char *name, bool optional,
                             int *ret_column, struct sim_error *err)
{
    int column = 0;
    while (column < table->name_count && strcmp(table->name[column], name) != 0)
        column++;
    if (column == table->name_count && !optional)
        return SIM_FAIL(err, SIM_CONFIG, "%s:1:1: there is no column '%s'", table->path, name);
    *ret_column = column < table->name_count ? column : -1;
    return SIM_OK;
}

enum sim_status table_next(struct table *table, bool *ret_row, struct sim_error *err)
{
    for (;;) {
        bool read = false;
        enum sim_status status = line_read(table, table->line, &read, err);
        if (status != SIM_OK)
            return status;
        if (!read) {
            *ret_row = false;
            return SIM_OK;
        }
        if (table->line[strspn(table->line, " \t\r\n")] != '\0')
            break;
    }
    table->field_count = fields_cut(table->line, table->field);
    if (table->field_count != table->name_count)
        return SIM_FAIL(err, SIM_CONFIG, "%s:%d:1: this line has not the first line's %d fields",
                        table->path, table->line_number, table->name_count);
    *ret_row = true;
    return SIM_OK;
}

static enum sim_status field_refuse(const struct table *table, int column, const char *wanted,
                                    struct sim_error *err)
{
    int place = (int)(table->field[column] - table->line) + 1;
    return SIM_FAIL(err, SIM_CONFIG, "%s:%d:%d: %s '%s' is not %s", table->path, table->line_number,
                    place, table->name[column], table->field[column], wanted);
}

enum sim_status table_real(const struct table *table, int column, double max, double *ret_value,
                           struct sim_error *err)
{
    char *end;
    double value = strtod(table->field[column], &end);
    if (end == table->field[column] || *end != '\0' || !(value >= 0 && value <= max))
        return field_refuse(table, column, "a number within its range", err);
    *ret_value = value;
    return SIM_OK;
}

enum sim_status table_positive(const struct table *table, int column, double max, double *ret_value,
                               struct sim_error *err)
{
    double value = 0;
    enum sim_status status = table_real(table, column, max, &value, err);
    if (status != SIM_OK)
        return status;
    if (value <= 0)
        return field_refuse(table, column, "above 0", err);
    *ret_value = value;
    return SIM_OK;
}

enum sim_status table_whole(const struct table *table, int column, uint64_t max,
                            uint64_t *ret_value, struct sim_error *err)
{
    const char *text = table->field[column];
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno == ERANGE || value > max)
        return field_refuse(table, column, "a whole number within its range", err);
    *ret_value = value;
    return SIM_OK;
}
