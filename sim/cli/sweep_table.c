#include "cli/sweep_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_INTERVAL_S = 30, ROWS_MAX = 16, VALUE_CHARS = 60, FAILURES_TOLD_MAX = 20 };

void sweep_table_init(struct sweep_table *table, const char *name, bool quiet)
{
    const char *terminal = getenv("TERM");
    bool capable = terminal != NULL && strcmp(terminal, "dumb") != 0;
    *table = (struct sweep_table){
        .name = name, .quiet = quiet, .terminal = capable && isatty(STDERR_FILENO) == 1};
}

static void print_duration(double seconds)
{
    if (seconds < 100)
        fprintf(stderr, "%.0f s", seconds);
    else if (seconds < 6000)
        fprintf(stderr, "%.0f min", seconds / 60);
    else
        fprintf(stderr, "%.1f h", seconds / 3600);
}

/* One line, without its end. */
static void print_head(const struct sweep_table *table, const struct pool_status *status)
{
    double elapsed_s = status->now_s - status->start_s;
    size_t left = status->waiting + status->running;
    fprintf(stderr, "%s: %zu of %zu done, %zu running, %zu failed", table->name, status->done,
            status->selected, status->running, status->failed);
    if (status->elsewhere > 0)
        fprintf(stderr, ", %zu held elsewhere", status->elsewhere);
    if (status->finished_here == 0 || elapsed_s <= 0)
        return;
    double rate = (double)status->finished_here / elapsed_s;
    fprintf(stderr, ", %.3g tasks/s, ", rate);
    print_duration((double)left / rate);
    fprintf(stderr, " left");
}

/* "kappa 0.4, tempo 20 blocks": the last part of each path is enough to tell them apart. */
static void print_values(const struct plan *plan, size_t task)
{
    size_t used = 0;
    for (size_t a = 0; a < plan->study->axis_count && used < VALUE_CHARS; a++) {
        const char *path = plan->study->axes[a].path, *dot = strrchr(path, '.');
        char *value = plan_value(plan, plan->tasks[task].point, a);
        int written = fprintf(stderr, "%s%s %.*s", a > 0 ? ", " : "", dot != NULL ? dot + 1 : path,
                              VALUE_CHARS / 2, value != NULL ? value : "");
        used += written > 0 ? (size_t)written : 0;
        free(value);
    }
}

static size_t print_rows(const struct pool_status *status)
{
    size_t rows = 0;
    for (size_t s = 0; s < status->job_count && rows < ROWS_MAX; s++) {
        const struct pool_slot *slot = &status->slots[s];
        if (slot->process == 0)
            continue;
        fprintf(stderr, "\n\033[K  task %-6zu %5.0f s  epoch %-5llu ", slot->task,
                status->now_s - slot->start_s, (unsigned long long)task_epoch(slot->folder));
        print_values(status->plan, slot->task);
        rows++;
    }
    return rows;
}

/* Back to the first line of what was drawn last. */
static void rewind_table(struct sweep_table *table)
{
    fprintf(stderr, "\r");
    if (table->lines > 0)
        fprintf(stderr, "\033[%zuA", table->lines);
    fprintf(stderr, "\033[J");
    table->lines = 0;
}

void sweep_table_update(void *context, const struct pool_status *status)
{
    struct sweep_table *table = context;
    double interval_s = table->terminal ? 0.2 : LINE_INTERVAL_S;
    double last_s = table->last_s > 0 ? table->last_s : status->start_s;
    if (table->quiet || status->now_s - last_s < interval_s)
        return;
    table->last_s = status->now_s;
    if (!table->terminal) {
        print_head(table, status);
        fputc('\n', stderr);
        return;
    }
    /* A line that wraps would be two to go back over: no wrapping while the table is drawn. */
    rewind_table(table);
    fprintf(stderr, "\033[?7l");
    print_head(table, status);
    table->lines = print_rows(status);
    fprintf(stderr, "\033[?7h");
    fflush(stderr);
}

void sweep_table_failed(void *context, size_t task, const char *reason)
{
    struct sweep_table *table = context;
    if (table->quiet || table->failures_told++ >= FAILURES_TOLD_MAX)
        return;
    if (table->terminal)
        rewind_table(table);
    fprintf(stderr, "taosim: task %zu failed: %s\n", task, reason);
}

void sweep_table_end(struct sweep_table *table, const struct pool_status *status)
{
    if (table->quiet)
        return;
    if (table->terminal)
        rewind_table(table);
    print_head(table, status);
    fputc('\n', stderr);
}
