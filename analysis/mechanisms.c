#include "analysis/mechanisms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A replay shows its run's events, but paid by them only if it says so. */
static bool follows_events(struct reader *reader)
{
    uint64_t follows = 0;
    reader_attr_u64(reader, RECORD_ROOT, "replay_follows_schedule", &follows);
    return reader_attr_text(reader, RECORD_ROOT, "replay_of") == NULL || follows == 1;
}

/* The row of /schedule and the first block of an event, if it is one of a mechanism. */
static bool read_change(struct reader *reader, uint64_t event, uint64_t *ret_row,
                        int64_t *ret_block)
{
    struct sim_error ignored = {0};
    uint8_t kind = 0;
    int64_t block = 0;
    double row = -1;
    if (reader_read(reader, RECORD_EVENT_KIND, event, 1, &kind, &ignored) != SIM_OK ||
        kind != RECORD_EVENT_MECHANISM_CHANGED ||
        reader_read(reader, RECORD_EVENT_BLOCK, event, 1, &block, &ignored) != SIM_OK ||
        reader_read(reader, RECORD_EVENT_VALUE, event, 1, &row, &ignored) != SIM_OK)
        return false;
    if (row < 0 || row >= (double)reader_rows(reader, RECORD_DIM_SCHEDULE))
        return false;
    *ret_row = (uint64_t)row;
    *ret_block = block + 1;
    return true;
}

/* False when it does not fit. */
static bool append(char *text, size_t bytes, const char *path, const char *value, int64_t block)
{
    static const char own[] = "mechanism.", of_several[] = "networks.";
    const char *behind = strncmp(path, of_several, strlen(of_several)) == 0
                             ? strchr(path + strlen(of_several), '.')
                             : NULL;
    path = behind != NULL ? behind + 1 : path;
    size_t used = strlen(text);
    bool is_key = strncmp(path, own, strlen(own)) == 0;
    int more = snprintf(text + used, bytes - used, ", from block %" PRId64 " %s%s%s", block,
                        is_key ? path + strlen(own) : "", is_key ? " " : "", value);
    if (more >= 0 && (size_t)more < bytes - used)
        return true;
    size_t end = used + 6 <= bytes ? used : bytes - 6;
    snprintf(text + end, bytes - end, ", ...");
    return false;
}

void mechanisms_text(struct reader *reader, char *ret_text, size_t bytes)
{
    const char *first = reader_attr_text(reader, RECORD_ROOT, "mechanism");
    snprintf(ret_text, bytes, "%s", first == NULL ? "?" : first);
    bool changes = reader_rows(reader, RECORD_DIM_SCHEDULE) > 0 && follows_events(reader) &&
                   reader_has(reader, RECORD_EVENT_VALUE);
    uint64_t count = changes ? reader_rows(reader, RECORD_DIM_EVENT) : 0;
    for (uint64_t event = 0; event < count; event++) {
        uint64_t row;
        int64_t block;
        if (read_change(reader, event, &row, &block) &&
            !append(ret_text, bytes, reader_text(reader, RECORD_SCHEDULE_PATH, row),
                    reader_text(reader, RECORD_SCHEDULE_VALUE, row), block))
            return;
    }
}
