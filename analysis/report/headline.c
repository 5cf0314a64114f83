#include "analysis/report/headline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

enum { RESAMPLES = 1000, ROWS_MAX = 8 };

struct line {
    const char *label, *units, *note;
    struct metrics_interval value;
    double twin;
};

struct lines {
    struct line items[ROWS_MAX];
    size_t count;
};

static struct line *add_line(struct lines *lines, const char *label, const char *units,
                             const char *note)
{
    SIM_ASSERT(lines->count < ROWS_MAX);
    struct line *line = &lines->items[lines->count++];
    *line = (struct line){.label = label, .units = units, .note = note};
    line->value = (struct metrics_interval){(double)NAN, (double)NAN, (double)NAN};
    line->twin = (double)NAN;
    return line;
}

/* ---- statistics over slots; rows are uids, drawn with repetition */

struct pair_of_windows {
    const struct report_window *run, *twin;
};

static double attacker_share(const struct report_window *window, const uint32_t *rows, size_t count)
{
    double attacker = 0, honest = 0;
    for (size_t i = 0; i < count; i++) {
        attacker += window->attacker_rao[rows[i]];
        honest += window->honest_rao[rows[i]];
    }
    return attacker / (attacker + honest); /* nothing paid: NaN */
}

static double share_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct pair_of_windows *pair = context;
    return attacker_share(pair->run, rows, count);
}

/* Paired by slot: both networks are resampled alike. */
static double gain_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct pair_of_windows *pair = context;
    return attacker_share(pair->run, rows, count) - attacker_share(pair->twin, rows, count);
}

static double pay_ratio(const struct report_window *window, const uint32_t *rows, size_t count)
{
    double attacker = 0, attacker_slots = 0, miner = 0, miner_slots = 0;
    for (size_t i = 0; i < count; i++) {
        attacker += window->attacker_rao[rows[i]];
        attacker_slots += window->attacker_slots[rows[i]];
        miner += window->miner_rao[rows[i]];
        miner_slots += window->miner_slots[rows[i]];
    }
    return attacker / attacker_slots / (miner / miner_slots);
}

static double pay_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct pair_of_windows *pair = context;
    return pay_ratio(pair->run, rows, count);
}

static enum sim_status bootstrap(metrics_statistic *statistic, const struct pair_of_windows *pair,
                                 struct metrics_interval *ret_interval, struct sim_error *err)
{
    struct stream stream;
    stream_init(&stream, 1, STREAM_SWEEP, stream_entity("report headline", 0), 0);
    return metrics_bootstrap(statistic, pair, pair->run->uid_count, RESAMPLES, 0.95, &stream,
                             ret_interval, err);
}

static void scaled(struct metrics_interval *interval, double factor)
{
    interval->estimate *= factor;
    interval->low *= factor;
    interval->high *= factor;
}

static double whole(metrics_statistic *statistic, const struct report_window *window)
{
    struct pair_of_windows pair = {window, NULL};
    uint32_t *rows = malloc((window->uid_count + (size_t)1) * sizeof(*rows));
    if (rows == NULL)
        return (double)NAN;
    for (uint32_t i = 0; i < window->uid_count; i++)
        rows[i] = i;
    double value = statistic(&pair, rows, window->uid_count);
    free(rows);
    return value;
}

static bool has_attackers(const struct report_run *run)
{
    for (size_t g = 0; g < run->group_count; g++)
        if (run->attacker[g])
            return true;
    return false;
}

static enum sim_status add_attack(const struct report_window *window,
                                  const struct report_window *twin, struct lines *lines,
                                  struct sim_error *err)
{
    struct pair_of_windows pair = {window, twin};
    struct line *line = add_line(lines, "Emission to attackers", "%",
                                 "share over the last quarter of the epochs; interval over slots");
    enum sim_status status = bootstrap(share_statistic, &pair, &line->value, err);
    scaled(&line->value, 100);
    if (status != SIM_OK)
        return status;
    if (twin != NULL)
        line->twin = 100 * whole(share_statistic, twin);
    if (twin != NULL && twin->uid_count == window->uid_count) {
        line = add_line(lines, "Gained by the attack", "percentage points",
                        "run less twin, same groups; paired by slot");
        status = bootstrap(gain_statistic, &pair, &line->value, err);
        scaled(&line->value, 100);
        if (status != SIM_OK)
            return status;
    }
    line = add_line(lines, "Pay of a slot, attacker to honest miner", "times",
                    "emission a slot and epoch, last quarter; 1 = no advantage");
    if (twin != NULL)
        line->twin = whole(pay_statistic, twin);
    return bootstrap(pay_statistic, &pair, &line->value, err);
}

/* ---- numbers that other tables hold already */

static const struct report_table *find_table(const struct report_tables *tables, const char *name)
{
    for (size_t i = 0; i < tables->count; i++)
        if (strcmp(tables->items[i].name, name) == 0)
            return &tables->items[i];
    return NULL;
}

static double last_of(const struct report_tables *tables, const char *name, const char *column)
{
    const struct report_table *table = find_table(tables, name);
    const double *values = table != NULL ? report_table_find(table, column) : NULL;
    return values != NULL && table->rows > 0 ? values[table->rows - 1] : (double)NAN;
}

static void add_agreement(const struct report_tables *tables, struct lines *lines)
{
    const struct report_table *table = find_table(tables, "agreement");
    if (table == NULL)
        return;
    struct line *line =
        add_line(lines, "Pay follows quality (Kendall's tau)", "",
                 "incentive against held-out loss, honest miners, last epoch; 1 = same order");
    line->value.estimate = report_table_find(table, "kendall_tau")[0];
    line->value.low = report_table_find(table, "kendall_tau_low")[0];
    line->value.high = report_table_find(table, "kendall_tau_high")[0];
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Median over the honest miners of `points`, with its 10-90 % band. */
static void add_loss(const struct report_run *run, const struct report_tables *tables,
                     struct lines *lines)
{
    const struct report_table *table = find_table(tables, "points");
    double *honest = table != NULL ? malloc((table->rows + 1) * sizeof(*honest)) : NULL;
    if (honest == NULL)
        return;
    const double *loss = report_table_find(table, "loss");
    const double *group = report_table_find(table, "group");
    size_t count = 0;
    for (size_t i = 0; i < table->rows; i++)
        if (!run->attacker[(size_t)group[i]])
            honest[count++] = loss[i];
    qsort(honest, count, sizeof(*honest), ascending);
    struct line *line = add_line(lines, "Median held-out loss of honest miners", "nat a symbol",
                                 "last epoch; below it the 10-90 % band of miners");
    line->value.estimate = metrics_quantile(honest, count, 0.5);
    line->value.low = metrics_quantile(honest, count, 0.1);
    line->value.high = metrics_quantile(honest, count, 0.9);
    free(honest);
}

static void add_concentration(const struct report_tables *tables, struct lines *lines)
{
    struct line *line = add_line(lines, "Gini coefficient of emission by owner", "",
                                 "last point; 0 = all equal, 1 = one takes all");
    line->value.estimate = last_of(tables, "run_epochs", "gini_owner");
    line->twin = last_of(tables, "twin_epochs", "gini_owner");
    line = add_line(lines, "Owners that hold half of emission", "",
                    "last point; Nakamoto coefficient");
    line->value.estimate = last_of(tables, "run_epochs", "nakamoto_owner");
    line->twin = last_of(tables, "twin_epochs", "nakamoto_owner");
}

static void write_lines(const struct lines *lines, struct report_tables *tables)
{
    size_t rows = 0;
    for (size_t i = 0; i < lines->count; i++)
        rows += !isnan(lines->items[i].value.estimate);
    struct report_table *table = report_table_add(tables, "headline", rows);
    char **label = report_table_texts(tables, table, "label");
    char **units = report_table_texts(tables, table, "units");
    char **note = report_table_texts(tables, table, "note");
    double *value = report_table_numbers(tables, table, "value", "");
    double *low = report_table_numbers(tables, table, "low", "");
    double *high = report_table_numbers(tables, table, "high", "");
    double *twin = report_table_numbers(tables, table, "twin", "");
    for (size_t i = 0, row = 0; i < lines->count && !tables->out_of_memory; i++) {
        const struct line *line = &lines->items[i];
        if (isnan(line->value.estimate))
            continue;
        report_text_set(tables, label, row, line->label);
        report_text_set(tables, units, row, line->units);
        report_text_set(tables, note, row, line->note);
        value[row] = line->value.estimate;
        low[row] = line->value.low;
        high[row] = line->value.high;
        twin[row++] = line->twin;
    }
}

enum sim_status report_headline(struct report_run *run, const struct report_window *window,
                                const struct report_window *twin_window,
                                struct report_tables *tables, struct sim_error *err)
{
    struct lines lines = {.count = 0};
    enum sim_status status = SIM_OK;
    if (has_attackers(run) && run->has[FIELD_EMISSION_RAO])
        status = add_attack(window, twin_window, &lines, err);
    if (status != SIM_OK)
        return status;
    add_agreement(tables, &lines);
    add_loss(run, tables, &lines);
    add_concentration(tables, &lines);
    write_lines(&lines, tables);
    return SIM_OK;
}
