#include "analysis/report/failures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Events that are read at once. */
enum { BLOCK_ROWS = 4096 };

struct events {
    int64_t time_ns[BLOCK_ROWS];
    uint8_t kind[BLOCK_ROWS];
    uint32_t hotkey[BLOCK_ROWS];
    double value[BLOCK_ROWS];
};

struct failures {
    size_t count;      /* faults */
    size_t hotkeys;    /* and one more for nobody */
    bool *struck;      /* (count, hotkeys + 1) */
    double *held_s;    /* (count) ends less beginnings so far */
    double *open;      /* (count) begun and not ended */
    double *began;     /* (count) */
    double *first_s;   /* (count) NaN before the first */
    struct events *at; /* scratch */
};

static size_t count_names(const char *names)
{
    size_t count = *names != '\0';
    for (const char *at = names; *at != '\0'; at++)
        count += *at == ' ';
    return count;
}

static bool failures_init(struct failures *failures, size_t count, size_t hotkeys)
{
    *failures = (struct failures){.count = count, .hotkeys = hotkeys};
    failures->struck = calloc(count * (hotkeys + 1), sizeof(*failures->struck));
    failures->held_s = calloc(4 * count, sizeof(double));
    failures->at = malloc(sizeof(*failures->at));
    if (failures->struck == NULL || failures->held_s == NULL || failures->at == NULL)
        return false;
    failures->open = failures->held_s + count;
    failures->began = failures->open + count;
    failures->first_s = failures->began + count;
    for (size_t f = 0; f < count; f++)
        failures->first_s[f] = NAN;
    return true;
}

static void failures_release(struct failures *failures)
{
    free(failures->struck);
    free(failures->held_s);
    free(failures->at);
}

static void take(struct failures *failures, size_t row)
{
    const struct events *events = failures->at;
    bool begins = events->kind[row] == RECORD_EVENT_FAULT;
    double number = events->value[row], time_s = (double)events->time_ns[row] * 1e-9;
    if (!begins && events->kind[row] != RECORD_EVENT_RECOVERED)
        return;
    if (!(number >= 0 && number < (double)failures->count))
        return;
    size_t f = (size_t)number;
    size_t hotkey =
        events->hotkey[row] < failures->hotkeys ? events->hotkey[row] : failures->hotkeys;
    failures->held_s[f] += begins ? -time_s : time_s;
    failures->open[f] += begins ? 1 : -1;
    failures->began[f] += begins;
    failures->struck[f * (failures->hotkeys + 1) + hotkey] = true;
    if (isnan(failures->first_s[f]))
        failures->first_s[f] = time_s;
}

/* Rows of the last epoch's time or before: what the closed segments of a run hold. */
static enum sim_status read_events(struct report_run *run, struct failures *failures, double end_s,
                                   struct sim_error *err)
{
    struct events *at = failures->at;
    uint64_t rows = reader_rows(run->reader, RECORD_DIM_EVENT);
    enum sim_status status = SIM_OK;
    for (uint64_t first = 0; first < rows && status == SIM_OK; first += BLOCK_ROWS) {
        uint64_t count = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
        status = reader_read(run->reader, RECORD_EVENT_TIME_NS, first, count, at->time_ns, err);
        if (status == SIM_OK)
            status = reader_read(run->reader, RECORD_EVENT_KIND, first, count, at->kind, err);
        if (status == SIM_OK)
            status = reader_read(run->reader, RECORD_EVENT_HOTKEY, first, count, at->hotkey, err);
        if (status == SIM_OK)
            status = reader_read(run->reader, RECORD_EVENT_VALUE, first, count, at->value, err);
        for (uint64_t row = 0; row < count && status == SIM_OK; row++)
            if ((double)at->time_ns[row] * 1e-9 <= end_s)
                take(failures, row);
    }
    return status;
}

static void put_names(struct report_tables *tables, char **texts, const char *names)
{
    char name[256];
    for (size_t row = 0; texts != NULL && *names != '\0'; row++) {
        size_t length = strcspn(names, " ");
        snprintf(name, sizeof(name), "%.*s", (int)length, names);
        report_text_set(tables, texts, row, name);
        names += length + (names[length] == ' ');
    }
}

static void put_table(struct report_tables *tables, const struct failures *failures,
                      const char *names, double end_s)
{
    struct report_table *table = report_table_add(tables, "faults", failures->count);
    put_names(tables, report_table_texts(tables, table, "fault"), names);
    double *began = report_table_numbers(tables, table, "began", "1");
    double *struck = report_table_numbers(tables, table, "neurons", "1");
    double *held = report_table_numbers(tables, table, "held", "h");
    double *first = report_table_numbers(tables, table, "first", "h");
    if (tables->out_of_memory)
        return;
    for (size_t f = 0; f < failures->count; f++) {
        const bool *flags = failures->struck + f * (failures->hotkeys + 1);
        struck[f] = 0;
        for (size_t h = 0; h < failures->hotkeys; h++)
            struck[f] += flags[h];
        began[f] = failures->began[f];
        held[f] = (failures->held_s[f] + failures->open[f] * end_s) / 3600;
        first[f] = failures->first_s[f] / 3600;
    }
}

enum sim_status report_failures(struct report_run *run, struct report_tables *tables,
                                struct sim_error *err)
{
    const char *names = reader_attr_text(run->reader, RECORD_ROOT, "fault_names");
    if (names == NULL || *names == '\0' || !reader_has(run->reader, RECORD_EVENT_VALUE) ||
        !reader_has(run->reader, RECORD_TIME))
        return SIM_OK;
    struct failures failures;
    double end_s = 0;
    enum sim_status status = SIM_OK;
    if (!failures_init(&failures, count_names(names),
                       (size_t)reader_rows(run->reader, RECORD_DIM_HOTKEY)))
        status = SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    if (status == SIM_OK)
        status =
            reader_read(run->reader, RECORD_TIME, run->rows[run->epoch_count - 1], 1, &end_s, err);
    if (status == SIM_OK)
        status = read_events(run, &failures, end_s, err);
    if (status == SIM_OK)
        put_table(tables, &failures, names, end_s);
    failures_release(&failures);
    return status;
}
