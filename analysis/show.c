#include "analysis/show.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 512, CELL_BYTES = 40 };

struct table_name {
    const char *name;
    enum record_dim dim;
    bool wide; /* the variables over (dim, uid) instead of those over dim alone */
};

static const struct table_name table_names[] = {
    {"epochs", RECORD_DIM_EPOCH, false},
    {"neurons", RECORD_DIM_EPOCH, true},
    {"networks", RECORD_DIM_NETWORK, false},
    {"groups", RECORD_DIM_GROUP, false},
    {"corpus", RECORD_DIM_CORPUS_FILE, false},
    {"schedule", RECORD_DIM_SCHEDULE, false},
    {"hotkeys", RECORD_DIM_HOTKEY, false},
    {"events", RECORD_DIM_EVENT, false},
    {"set_weights", RECORD_DIM_CALL, false},
    {"set_weights/entry", RECORD_DIM_CALL_ENTRY, false},
    {"weights", RECORD_DIM_WEIGHT_SNAPSHOT, false},
    {"weights/entry", RECORD_DIM_WEIGHT_ENTRY, false},
    {"bonds", RECORD_DIM_BOND_SNAPSHOT, false},
    {"bonds/entry", RECORD_DIM_BOND_ENTRY, false},
    {"states", RECORD_DIM_STATE, false},
    {"states/row", RECORD_DIM_STATE_ROW, false},
    {"states/entry", RECORD_DIM_STATE_ENTRY, false},
};
enum { TABLE_COUNT = sizeof(table_names) / sizeof(table_names[0]) };

static bool belongs(const struct table_name *table, const struct reader *reader,
                    enum record_var var)
{
    const struct record_var_info *info = record_var_info(var);
    return reader_has(reader, var) && info->dim == table->dim &&
           (info->width == RECORD_DIM_UID) == table->wide &&
           (table->wide || info->width == RECORD_DIM_NONE);
}

/* ---- summary */

static void print_variable(enum record_var var, FILE *file)
{
    const struct record_var_info *info = record_var_info(var);
    char name[96];
    const char *group = record_dim_info(info->dim)->group;
    snprintf(name, sizeof(name), "%s%s%s", group, group[0] != '\0' ? "/" : "", info->name);
    fprintf(file, "  %-28s %-4s %-8s %s\n", name, record_type_name(info->type),
            strcmp(info->units, RECORD_TIME_UNITS) == 0 ? "s" : info->units, info->long_name);
}

void show_summary(struct reader *reader, FILE *file)
{
    fprintf(file, "%s: schema version %u, %s%s\n", reader_path(reader),
            reader_schema_version(reader), reader_finished(reader) ? "finished" : "unfinished",
            reader_verified(reader) ? ", checksum good" : ", no checksum");
    for (size_t i = 0; i < reader_attr_count(reader, RECORD_ROOT); i++)
        fprintf(file, "  %-28s %s\n", reader_attr_name(reader, RECORD_ROOT, i),
                reader_attr_print(reader, RECORD_ROOT, i));
    for (int t = 0; t < TABLE_COUNT; t++) {
        const struct table_name *table = &table_names[t];
        fprintf(file, "\n%s: %" PRIu64 " rows", table->name, reader_rows(reader, table->dim));
        if (table->wide)
            fprintf(file, " x %" PRIu64 " slots", reader_rows(reader, RECORD_DIM_UID));
        fprintf(file, " (%s)\n", record_dim_info(table->dim)->doc);
        for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
            if (belongs(table, reader, (enum record_var)v))
                print_variable((enum record_var)v, file);
    }
}

/* ---- cells */

/* A column of a table with a block of its rows. */
struct column {
    enum record_var var;
    void *block; /* owned; NULL for texts */
    int width;   /* of a printed cell */
};

struct cell {
    char text[CELL_BYTES];
};

/* The fewest digits that give the same float again; nothing for NaN. */
static void print_f32(struct cell *cell, float value)
{
    cell->text[0] = '\0';
    for (int digits = 6; digits <= 9 && !isnan(value); digits++) {
        snprintf(cell->text, sizeof(cell->text), "%.*g", digits, (double)value);
        if (strtof(cell->text, NULL) == value)
            return;
    }
}

static void print_f64(struct cell *cell, double value)
{
    cell->text[0] = '\0';
    if (!isnan(value))
        reader_format_f64(value, cell->text, sizeof(cell->text));
}

static void format_number(struct cell *cell, enum record_type type, const void *block, size_t index)
{
    switch (type) {
    case RECORD_U8:
        snprintf(cell->text, sizeof(cell->text), "%" PRIu8, ((const uint8_t *)block)[index]);
        break;
    case RECORD_I8:
        snprintf(cell->text, sizeof(cell->text), "%" PRId8, ((const int8_t *)block)[index]);
        break;
    case RECORD_U16:
        snprintf(cell->text, sizeof(cell->text), "%" PRIu16, ((const uint16_t *)block)[index]);
        break;
    case RECORD_U32:
        snprintf(cell->text, sizeof(cell->text), "%" PRIu32, ((const uint32_t *)block)[index]);
        break;
    case RECORD_I64:
        snprintf(cell->text, sizeof(cell->text), "%" PRId64, ((const int64_t *)block)[index]);
        break;
    case RECORD_U64:
        snprintf(cell->text, sizeof(cell->text), "%" PRIu64, ((const uint64_t *)block)[index]);
        break;
    case RECORD_F32:
        print_f32(cell, ((const float *)block)[index]);
        break;
    case RECORD_F64:
        print_f64(cell, ((const double *)block)[index]);
        break;
    case RECORD_TEXT:
        break;
    }
}

/* The text of a cell: in *scratch, or the reader's own. */
static const char *cell_text(struct reader *reader, const struct column *column, uint64_t row,
                             size_t index, bool csv, struct cell *scratch)
{
    enum record_type type = record_var_info(column->var)->type;
    if (type == RECORD_TEXT)
        return reader_text(reader, column->var, row);
    format_number(scratch, type, column->block, index);
    if (csv || type == RECORD_F32 || type == RECORD_F64)
        return scratch->text;
    const char *label = reader_label(reader, column->var, strtoull(scratch->text, NULL, 10));
    return label != NULL ? label : scratch->text;
}

void show_cell(FILE *file, const char *text, bool csv, int width, bool first)
{
    if (!csv) {
        fprintf(file, "%s%*s", first ? "" : "  ", width, text);
        return;
    }
    if (!first)
        putc(',', file);
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

/* ---- tables */

struct listing {
    struct reader *reader;
    FILE *file;
    bool csv;
    struct column *columns; /* owned */
    size_t column_count;
    uint64_t width; /* slots a row: 1, or uid_count */
};

static void listing_release(struct listing *listing)
{
    for (size_t c = 0; listing->columns != NULL && c < listing->column_count; c++)
        free(listing->columns[c].block);
    free(listing->columns);
}

static enum sim_status listing_init(struct listing *listing, struct reader *reader,
                                    const struct table_name *table, bool csv, FILE *file,
                                    struct sim_error *err)
{
    *listing = (struct listing){.reader = reader, .file = file, .csv = csv};
    listing->width = table->wide ? reader_rows(reader, RECORD_DIM_UID) : 1;
    listing->columns = calloc(RECORD_VAR_COUNT, sizeof(*listing->columns));
    if (listing->columns == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "show: out of memory");
    size_t block_rows = table->wide ? 1 : BLOCK_ROWS;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        if (!belongs(table, reader, (enum record_var)v))
            continue;
        struct column *column = &listing->columns[listing->column_count++];
        const struct record_var_info *info = record_var_info((enum record_var)v);
        column->var = (enum record_var)v;
        column->width = (int)strlen(info->name) > 12 ? (int)strlen(info->name) : 12;
        if (info->type == RECORD_TEXT)
            continue;
        column->block = malloc(block_rows * (size_t)listing->width * record_type_bytes(info->type));
        if (column->block == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "show: out of memory");
    }
    return SIM_OK;
}

static void print_headings(const struct listing *listing, const char *first, const char *second)
{
    show_cell(listing->file, first, listing->csv, 8, true);
    if (second != NULL)
        show_cell(listing->file, second, listing->csv, 6, false);
    for (size_t c = 0; c < listing->column_count; c++)
        show_cell(listing->file, record_var_info(listing->columns[c].var)->name, listing->csv,
                  listing->columns[c].width, false);
    putc('\n', listing->file);
}

static void print_index(const struct listing *listing, uint64_t index, int width, bool first)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, index);
    show_cell(listing->file, text, listing->csv, width, first);
}

static void print_line(const struct listing *listing, uint64_t row, size_t index)
{
    for (size_t c = 0; c < listing->column_count; c++) {
        struct cell cell;
        const struct column *column = &listing->columns[c];
        const char *text = cell_text(listing->reader, column, row, index, listing->csv, &cell);
        show_cell(listing->file, text, listing->csv, column->width, false);
    }
    putc('\n', listing->file);
}

static enum sim_status read_block(const struct listing *listing, uint64_t first, uint64_t count,
                                  struct sim_error *err)
{
    for (size_t c = 0; c < listing->column_count; c++) {
        const struct column *column = &listing->columns[c];
        if (column->block == NULL)
            continue;
        enum sim_status status =
            reader_read_typed(listing->reader, column->var, record_var_info(column->var)->type,
                              first, count, column->block, err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

static uint64_t row_end(uint64_t rows, const struct show_options *options)
{
    if (options->count == 0 || options->first >= rows || options->count > rows - options->first)
        return rows;
    return options->first + options->count;
}

/* A line a row of the dimension. */
static enum sim_status list_rows(const struct listing *listing, const struct table_name *table,
                                 const struct show_options *options, struct sim_error *err)
{
    uint64_t end = row_end(reader_rows(listing->reader, table->dim), options);
    print_headings(listing, record_dim_info(table->dim)->name, NULL);
    for (uint64_t first = options->first; first < end; first += BLOCK_ROWS) {
        uint64_t count = end - first < BLOCK_ROWS ? end - first : BLOCK_ROWS;
        enum sim_status status = read_block(listing, first, count, err);
        if (status != SIM_OK)
            return status;
        for (uint64_t i = 0; i < count; i++) {
            print_index(listing, first + i, 8, true);
            print_line(listing, first + i, (size_t)i);
        }
    }
    return SIM_OK;
}

/* A line an epoch and slot: `first` and `count` are epochs. */
static enum sim_status list_neurons(const struct listing *listing, const struct table_name *table,
                                    const struct show_options *options, struct sim_error *err)
{
    uint64_t end = row_end(reader_rows(listing->reader, table->dim), options);
    print_headings(listing, "epoch", "uid");
    for (uint64_t row = options->first; row < end; row++) {
        enum sim_status status = read_block(listing, row, 1, err);
        if (status != SIM_OK)
            return status;
        for (uint64_t uid = 0; uid < listing->width; uid++) {
            print_index(listing, row, 8, true);
            print_index(listing, uid, 6, false);
            print_line(listing, row, (size_t)uid);
        }
    }
    return SIM_OK;
}

static enum sim_status list_table(struct reader *reader, const struct table_name *table,
                                  const struct show_options *options, FILE *file,
                                  struct sim_error *err)
{
    struct listing listing;
    enum sim_status status = listing_init(&listing, reader, table, options->csv, file, err);
    if (status == SIM_OK)
        status = table->wide ? list_neurons(&listing, table, options, err)
                             : list_rows(&listing, table, options, err);
    listing_release(&listing);
    return status;
}

/* One variable: a line a row, a column an element. */
static enum sim_status list_variable(struct reader *reader, enum record_var var,
                                     const struct show_options *options, FILE *file,
                                     struct sim_error *err)
{
    const struct record_var_info *info = record_var_info(var);
    uint64_t width = reader_width(reader, var);
    uint64_t end = row_end(reader_rows(reader, info->dim), options);
    size_t bytes = (size_t)(width > 0 ? width : 1) * record_type_bytes(info->type);
    struct column column = {.var = var, .block = malloc(bytes), .width = 12};
    if (column.block == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "show: out of memory");
    struct listing listing = {.reader = reader, .file = file, .csv = options->csv};
    show_cell(file, record_dim_info(info->dim)->name, options->csv, 8, true);
    for (uint64_t i = 0; i < width; i++) {
        if (width == 1)
            show_cell(file, info->name, options->csv, column.width, false);
        else
            print_index(&listing, i, column.width, false);
    }
    putc('\n', file);
    enum sim_status status = SIM_OK;
    for (uint64_t row = options->first; row < end && status == SIM_OK; row++) {
        if (info->type != RECORD_TEXT)
            status = reader_read_typed(reader, var, info->type, row, 1, column.block, err);
        print_index(&listing, row, 8, true);
        for (uint64_t i = 0; i < width && status == SIM_OK; i++) {
            struct cell cell;
            const char *text = cell_text(reader, &column, row, (size_t)i, options->csv, &cell);
            show_cell(file, text, options->csv, column.width, false);
        }
        putc('\n', file);
    }
    free(column.block);
    return status;
}

static void list_attributes(struct reader *reader, enum record_scope scope, bool csv, FILE *file)
{
    if (csv)
        fputs("name,value\n", file);
    for (size_t i = 0; i < reader_attr_count(reader, scope); i++) {
        if (csv) {
            show_cell(file, reader_attr_name(reader, scope, i), true, 0, true);
            show_cell(file, reader_attr_print(reader, scope, i), true, 0, false);
            putc('\n', file);
        } else {
            fprintf(file, "%-28s %s\n", reader_attr_name(reader, scope, i),
                    reader_attr_print(reader, scope, i));
        }
    }
}

static enum sim_status no_such_table(const struct reader *reader, const char *name,
                                     struct sim_error *err)
{
    char names[400] = "attributes, provenance";
    size_t used = strlen(names);
    for (int t = 0; t < TABLE_COUNT; t++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, ", %s", table_names[t].name);
    return SIM_FAIL(err, SIM_CONFIG,
                    "'%s' has no table or variable '%.60s'; tables: %s; variables: see `taosim "
                    "show RESULT`",
                    reader_path(reader), name, names);
}

enum sim_status show_table(struct reader *reader, const char *table,
                           const struct show_options *options, FILE *file, struct sim_error *err)
{
    if (strcmp(table, "attributes") == 0 || strcmp(table, "provenance") == 0) {
        bool root = table[0] == 'a';
        list_attributes(reader, root ? RECORD_ROOT : RECORD_PROVENANCE, options->csv, file);
        return SIM_OK;
    }
    for (int t = 0; t < TABLE_COUNT; t++)
        if (strcmp(table, table_names[t].name) == 0)
            return list_table(reader, &table_names[t], options, file, err);
    enum record_var var = record_var_find(table);
    if (var == RECORD_VAR_COUNT || !reader_has(reader, var))
        return no_such_table(reader, table, err);
    return list_variable(reader, var, options, file, err);
}
