#include "analysis/report/changes.h"

enum sim_status report_changes(struct report_run *run, struct report_tables *tables,
                               struct sim_error *err)
{
    const struct reader *reader = run->reader;
    uint64_t count = reader_rows(reader, RECORD_DIM_SCHEDULE);
    if (count == 0 || !reader_has(reader, RECORD_SCHEDULE_TIME_NS))
        return SIM_OK;
    struct report_table *table = report_table_add(tables, "changes", (size_t)count);
    double *hours = report_table_numbers(tables, table, "time", "h");
    char **path = report_table_texts(tables, table, "path");
    char **value = report_table_texts(tables, table, "value");
    if (tables->out_of_memory)
        return SIM_OK; /* told by whoever asked for the tables */
    enum sim_status status =
        reader_read(run->reader, RECORD_SCHEDULE_TIME_NS, 0, count, hours, err);
    for (uint64_t row = 0; row < count && status == SIM_OK; row++) {
        hours[row] /= 3600e9;
        report_text_set(tables, path, (size_t)row, reader_text(reader, RECORD_SCHEDULE_PATH, row));
        report_text_set(tables, value, (size_t)row,
                        reader_text(reader, RECORD_SCHEDULE_VALUE, row));
    }
    return status;
}
