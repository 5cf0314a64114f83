#include "analysis/metric.h"

#include "analysis/metrics.h"
#include "base/param_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const statistic_names[] = {"sum",  "mean", "median",   "min",   "max",
                                              "gini", "hhi",  "nakamoto", "share", NULL};
static const char *const over_names[] = {"last", "mean", "sum", "min", "max", NULL};

/* ---- reading the text */

static int index_of(const char *const *names, const char *word)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return -1;
}

static bool refuse(char *reason, const char *what, const char *word, const char *const *known)
{
    const char *meant = known != NULL ? param_nearest(word, known) : NULL;
    snprintf(reason, METRIC_REASON_BYTES, "%s '%.60s'%s%s%s", what, word,
             meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
             meant != NULL ? "'?" : "");
    return false;
}

static bool is_metric_var(const struct record_var_info *info)
{
    return info->dim == RECORD_DIM_EPOCH && info->type != RECORD_TEXT;
}

/* A number over epochs; RECORD_VAR_COUNT when there is none of that name. */
static enum record_var find_var(const char *name, const char **ret_known)
{
    size_t known = 0;
    enum record_var found = RECORD_VAR_COUNT;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (!is_metric_var(info))
            continue;
        ret_known[known++] = info->name;
        if (strcmp(info->name, name) == 0)
            found = (enum record_var)v;
    }
    ret_known[known] = NULL;
    return found;
}

static void set_name(struct metric *metric, const char *text)
{
    snprintf(metric->name, sizeof(metric->name), "%s", text);
    for (char *at = metric->name; *at != '\0'; at++)
        if (strchr(".@-", *at) != NULL)
            *at = '_';
}

/* "share@attackers" */
static bool parse_statistic(char *word, struct metric *metric, char *reason)
{
    char *group = strchr(word, '@');
    if (group != NULL) {
        *group++ = '\0';
        snprintf(metric->group, sizeof(metric->group), "%s", group);
    }
    int index = index_of(statistic_names, word);
    if (index < 0)
        return refuse(reason, "no statistic of slots is called", word, statistic_names);
    metric->statistic = (enum metric_statistic)(index + 1);
    if (group != NULL && *group == '\0')
        return refuse(reason, "a group's name is missing behind", word, NULL);
    if (metric->statistic == METRIC_SHARE && group == NULL)
        return refuse(reason, "whose share? write 'share@GROUP' or 'share@attackers', not", word,
                      NULL);
    return true;
}

bool metric_parse(const char *text, struct metric *ret_metric, char reason[METRIC_REASON_BYTES])
{
    char copy[METRIC_NAME_BYTES], *rest = NULL;
    const char *known[RECORD_VAR_COUNT + 1];
    struct metric metric = {.statistic = METRIC_PLAIN};
    if (strlen(text) >= sizeof(copy))
        return refuse(reason, "too long:", text, NULL);
    snprintf(copy, sizeof(copy), "%s", text);
    const char *name = strtok_r(copy, ".", &rest);
    metric.var = find_var(name != NULL ? name : "", known);
    if (metric.var == RECORD_VAR_COUNT)
        return refuse(reason, "results have no number an epoch called", name != NULL ? name : "",
                      known);
    char *word = strtok_r(NULL, ".", &rest);
    bool slots = record_var_info(metric.var)->width == RECORD_DIM_UID;
    if (slots && word == NULL)
        return refuse(reason, "this variable has slots: add a statistic, such as '.mean', to", name,
                      NULL);
    if (slots && !parse_statistic(word, &metric, reason))
        return false;
    if (slots)
        word = strtok_r(NULL, ".", &rest);
    int over = word != NULL ? index_of(over_names, word) : 0;
    if (over < 0)
        return refuse(reason, "over epochs there is no", word, over_names);
    if (word != NULL && strtok_r(NULL, ".", &rest) != NULL)
        return refuse(reason, "too many parts in", text, NULL);
    metric.over = (enum metric_over)over;
    set_name(&metric, text);
    *ret_metric = metric;
    return true;
}

static void put_alternatives(FILE *file, bool slots)
{
    bool first = true;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (!is_metric_var(info) || (info->width == RECORD_DIM_UID) != slots)
            continue;
        fprintf(file, "%s%s", first ? "" : "|", info->name);
        first = false;
    }
}

static void put_words(FILE *file, const char *const *words, const char *but)
{
    bool first = true;
    for (; *words != NULL; words++) {
        if (strcmp(*words, but) == 0)
            continue;
        fprintf(file, "%s%s", first ? "" : "|", *words);
        first = false;
    }
}

char *metric_pattern(void)
{
    static const char group[] = "@[A-Za-z][A-Za-z0-9_-]*";
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return NULL;
    fputs("^((", file);
    put_alternatives(file, false);
    fputs(")|(", file);
    put_alternatives(file, true);
    fputs(")\\.((", file);
    put_words(file, statistic_names, "share");
    fprintf(file, ")(%s)?|share%s))(\\.(", group, group);
    put_words(file, over_names, "");
    fputs("))?$", file);
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

const char *metric_units(const struct metric *metric)
{
    bool bare = metric->statistic >= METRIC_GINI;
    return bare ? "1" : record_var_info(metric->var)->units;
}

/* ---- rows */

enum sim_status metric_rows(struct reader *reader, uint64_t *ret_rows, size_t *ret_count,
                            struct sim_error *err)
{
    uint64_t total = reader_rows(reader, RECORD_DIM_EPOCH);
    uint16_t *netuid = calloc(total + 1, sizeof(*netuid)), lowest = UINT16_MAX;
    if (netuid == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %llu epochs", (unsigned long long)total);
    enum sim_status status = SIM_OK;
    if (reader_has(reader, RECORD_NETUID) && total > 0)
        status = reader_read(reader, RECORD_NETUID, 0, total, netuid, err);
    for (uint64_t row = 0; row < total; row++)
        if (netuid[row] < lowest)
            lowest = netuid[row];
    size_t count = 0;
    for (uint64_t row = 0; row < total; row++)
        if (netuid[row] == lowest)
            ret_rows[count++] = row;
    free(netuid);
    if (status == SIM_OK)
        *ret_count = count;
    return status;
}

/* ---- slots */

/* Room for one epoch, and which groups count. */
struct slots {
    size_t uid_count;
    double *values, *picked; /* (uid_count) */
    uint32_t *hotkey;        /* (uid_count) */
    uint16_t *group;         /* (uid_count) */
    bool *counts;            /* (group_count) */
    size_t group_count;
};

static void slots_release(struct slots *slots)
{
    free(slots->values);
    free(slots->picked);
    free(slots->hotkey);
    free(slots->group);
    free(slots->counts);
}

static enum sim_status choose_groups(const struct metric *metric, struct reader *reader,
                                     struct slots *slots, struct sim_error *err)
{
    bool attackers = strcmp(metric->group, "attackers") == 0, found = *metric->group == '\0';
    for (size_t g = 0; g < slots->group_count; g++) {
        uint8_t attacks = 0;
        if (attackers && reader_has(reader, RECORD_GROUP_ATTACKER) &&
            reader_read(reader, RECORD_GROUP_ATTACKER, g, 1, &attacks, err) != SIM_OK)
            return err->status;
        const char *name = reader_text(reader, RECORD_GROUP_NAME, g);
        slots->counts[g] =
            *metric->group == '\0' || attacks != 0 || strcmp(name, metric->group) == 0;
        found |= slots->counts[g];
    }
    /* A network without attackers has none, which is no mistake; another name is. */
    if (!found && !attackers)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has no group '%s'", reader_path(reader),
                        metric->group);
    return SIM_OK;
}

static enum sim_status slots_init(const struct metric *metric, struct reader *reader,
                                  struct slots *slots, struct sim_error *err)
{
    *slots = (struct slots){.uid_count = reader_width(reader, metric->var),
                            .group_count = reader_rows(reader, RECORD_DIM_GROUP)};
    slots->values = calloc(slots->uid_count + 1, sizeof(*slots->values));
    slots->picked = calloc(slots->uid_count + 1, sizeof(*slots->picked));
    slots->hotkey = calloc(slots->uid_count + 1, sizeof(*slots->hotkey));
    slots->group = calloc(slots->uid_count + 1, sizeof(*slots->group));
    slots->counts = calloc(slots->group_count + 1, sizeof(*slots->counts));
    enum sim_status status = SIM_OK;
    if (slots->values == NULL || slots->picked == NULL || slots->hotkey == NULL ||
        slots->group == NULL || slots->counts == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu slots", slots->uid_count);
    if (status == SIM_OK)
        status = choose_groups(metric, reader, slots, err);
    if (status != SIM_OK)
        slots_release(slots);
    return status;
}

static enum sim_status read_epoch(const struct metric *metric, struct reader *reader, uint64_t row,
                                  struct slots *slots, struct sim_error *err)
{
    enum sim_status status = reader_read(reader, metric->var, row, 1, slots->values, err);
    if (status == SIM_OK && reader_has(reader, RECORD_HOTKEY_ID))
        status = reader_read(reader, RECORD_HOTKEY_ID, row, 1, slots->hotkey, err);
    if (status == SIM_OK && reader_has(reader, RECORD_GROUP_ID))
        status = reader_read(reader, RECORD_GROUP_ID, row, 1, slots->group, err);
    return status;
}

/* The values that count, into `picked`; *ret_all is the sum over all groups. */
static size_t pick(struct slots *slots, double *ret_all)
{
    size_t count = 0;
    *ret_all = 0;
    for (size_t uid = 0; uid < slots->uid_count; uid++) {
        if (slots->hotkey[uid] == UINT32_MAX || isnan(slots->values[uid]))
            continue;
        *ret_all += slots->values[uid];
        if (slots->group[uid] < slots->group_count ? slots->counts[slots->group[uid]]
                                                   : slots->group_count == 0)
            slots->picked[count++] = slots->values[uid];
    }
    return count;
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static double statistic_of(enum metric_statistic statistic, double *values, size_t count,
                           double all)
{
    if (statistic == METRIC_SHARE)
        return all > 0 ? sum_of(values, count) / all : NAN;
    if (statistic == METRIC_SUM)
        return sum_of(values, count);
    if (count == 0)
        return NAN;
    metrics_sort(values, count);
    switch (statistic) {
    case METRIC_MEAN:
        return sum_of(values, count) / (double)count;
    case METRIC_MEDIAN:
        return metrics_quantile(values, count, 0.5);
    case METRIC_MIN:
        return values[0];
    case METRIC_MAX:
        return values[count - 1];
    case METRIC_GINI:
        return metrics_gini(values, count);
    case METRIC_HHI:
        return metrics_hhi(values, count);
    case METRIC_NAKAMOTO:
        return (double)metrics_nakamoto(values, count, 0.5);
    case METRIC_PLAIN:
    case METRIC_SUM:
    case METRIC_SHARE:
        break;
    }
    return NAN;
}

static enum sim_status slot_series(const struct metric *metric, struct reader *reader,
                                   const uint64_t *rows, size_t count, double *ret_series,
                                   struct sim_error *err)
{
    struct slots slots;
    enum sim_status status = slots_init(metric, reader, &slots, err);
    if (status != SIM_OK)
        return status;
    for (size_t e = 0; e < count && status == SIM_OK; e++) {
        status = read_epoch(metric, reader, rows[e], &slots, err);
        if (status != SIM_OK)
            break;
        double all;
        size_t picked = pick(&slots, &all);
        ret_series[e] = statistic_of(metric->statistic, slots.picked, picked, all);
    }
    slots_release(&slots);
    return status;
}

enum sim_status metric_series(const struct metric *metric, struct reader *reader,
                              const uint64_t *rows, size_t count, double *ret_series,
                              struct sim_error *err)
{
    if (!reader_has(reader, metric->var))
        return SIM_FAIL(err, SIM_CONFIG, "'%s' did not record '%s'", reader_path(reader),
                        record_var_info(metric->var)->name);
    if (metric->statistic != METRIC_PLAIN)
        return slot_series(metric, reader, rows, count, ret_series, err);
    enum sim_status status = SIM_OK;
    for (size_t e = 0; e < count && status == SIM_OK; e++)
        status = reader_read(reader, metric->var, rows[e], 1, &ret_series[e], err);
    return status;
}

double metric_over(const struct metric *metric, const double *series, size_t count)
{
    if (count == 0)
        return NAN;
    if (metric->over == METRIC_OVER_LAST)
        return series[count - 1];
    double sum = 0, low = INFINITY, high = -INFINITY;
    size_t counted = 0;
    for (size_t e = 0; e < count; e++) {
        if (isnan(series[e]))
            continue;
        sum += series[e];
        low = fmin(low, series[e]);
        high = fmax(high, series[e]);
        counted++;
    }
    if (counted == 0)
        return NAN;
    switch (metric->over) {
    case METRIC_OVER_MEAN:
        return sum / (double)counted;
    case METRIC_OVER_SUM:
        return sum;
    case METRIC_OVER_MIN:
        return low;
    case METRIC_OVER_MAX:
    case METRIC_OVER_LAST:
        break;
    }
    return high;
}
