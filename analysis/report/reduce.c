#include "analysis/report/reduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

/* Points of a series, and numbers of all series together: the page stays small with many groups. */
enum { POINTS_MAX = 600, NUMBERS_MAX = 40000, PLAIN_SERIES = 8 };

/* A column whose points are means over the epochs of a bucket. */
struct series {
    double *sum; /* the table's column; NULL = could not be made, ignored */
    uint32_t *count;
};

enum group_series { EMISSION_SHARE, SLOT_SHARE, LOSS_P10, LOSS_P50, LOSS_P90, GROUP_SERIES };
enum run_series {
    ATTACKER_EMISSION,
    ATTACKER_SLOTS,
    HONEST_EMISSION,
    GINI_UID,
    GINI_OWNER,
    NAKAMOTO_UID,
    NAKAMOTO_OWNER,
    RUN_SERIES
};
enum group_total {
    TOTAL_SLOTS,
    TOTAL_STAKE,
    TOTAL_EMISSION,
    TOTAL_LOSS,
    TOTAL_STEPS,
    TOTAL_ANSWERED,
    TOTAL_TIMED_OUT,
    TOTAL_UP,
    TOTAL_DOWN,
    GROUP_TOTALS
};

struct reduction {
    struct report_run *run;
    struct report_tables *tables;
    struct report_window *window;
    size_t points;
    struct series run_series[RUN_SERIES];
    struct series *group_series;     /* (group_count, GROUP_SERIES) */
    double *totals[GROUP_TOTALS];    /* (group_count) columns of PREFIX_groups */
    double total_rao;                /* emission over the whole run */
    double *amounts, *owner_amounts; /* (uid_count) scratch */
    double *losses;                  /* (uid_count) scratch */
    uint32_t *owners;                /* (uid_count) scratch */
};

/* ---- columns */

static struct series add_series(struct reduction *r, struct report_table *table, const char *name,
                                const char *units)
{
    struct series series = {report_table_numbers(r->tables, table, name, units),
                            calloc(r->points + 1, sizeof(uint32_t))};
    if (series.count == NULL)
        r->tables->out_of_memory = true;
    return series;
}

static void series_add(const struct reduction *r, struct series *series, size_t epoch, double value)
{
    if (series->sum == NULL || series->count == NULL || isnan(value))
        return;
    size_t point = epoch * r->points / r->run->epoch_count;
    if (series->count[point]++ == 0)
        series->sum[point] = 0;
    series->sum[point] += value;
}

static void series_finish(const struct reduction *r, struct series *series)
{
    for (size_t i = 0; i < r->points && series->sum != NULL && series->count != NULL; i++)
        if (series->count[i] > 0)
            series->sum[i] /= series->count[i];
    free(series->count);
    series->count = NULL;
}

/* A variable over epochs as a column; left out when it was not recorded. */
static enum sim_status add_plain(struct reduction *r, struct report_table *table,
                                 enum record_var var, const char *name, const char *units,
                                 double scale, struct sim_error *err)
{
    if (!reader_has(r->run->reader, var))
        return SIM_OK;
    double *values = malloc((r->run->epoch_count + 1) * sizeof(*values));
    if (values == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    enum sim_status status = report_run_column(r->run, var, values, err);
    struct series series = add_series(r, table, name, units);
    for (size_t i = 0; i < r->run->epoch_count && status == SIM_OK; i++)
        series_add(r, &series, i, values[i] * scale);
    series_finish(r, &series);
    free(values);
    return status;
}

/* ---- one epoch */

static void add_to_window(struct reduction *r, const struct report_epoch *epoch, uint32_t uid,
                          bool attacker, double rao)
{
    struct report_window *window = r->window;
    if (epoch->index < window->first_epoch)
        return;
    if (attacker) {
        window->attacker_rao[uid] += rao;
        window->attacker_slots[uid] += 1;
        return;
    }
    window->honest_rao[uid] += rao;
    if (report_is_miner(epoch, uid)) {
        window->miner_rao[uid] += rao;
        window->miner_slots[uid] += 1;
    }
}

static void add_to_totals(struct reduction *r, const struct report_epoch *epoch, uint32_t uid,
                          size_t group, double rao)
{
    static const struct {
        enum group_total total;
        enum report_field field;
    } sums[] = {{TOTAL_STEPS, FIELD_TRAINING_STEPS},
                {TOTAL_ANSWERED, FIELD_ANSWERED},
                {TOTAL_TIMED_OUT, FIELD_TIMED_OUT},
                {TOTAL_UP, FIELD_BYTES_UP},
                {TOTAL_DOWN, FIELD_BYTES_DOWN}};
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        if (epoch->field[sums[i].field] != NULL)
            r->totals[sums[i].total][group] += epoch->field[sums[i].field][uid];
    r->totals[TOTAL_EMISSION][group] += rao;
    r->total_rao += rao;
    if (epoch->index + 1 < r->run->epoch_count)
        return;
    r->totals[TOTAL_SLOTS][group] += 1;
    if (epoch->field[FIELD_STAKE_RAO] != NULL)
        r->totals[TOTAL_STAKE][group] += epoch->field[FIELD_STAKE_RAO][uid] / 1e9;
}

static void add_group_losses(struct reduction *r, const struct report_epoch *epoch, size_t group)
{
    const double *loss = epoch->field[FIELD_LOSS_NATS];
    size_t count = 0;
    for (uint32_t uid = 0; loss != NULL && uid < r->run->uid_count; uid++)
        if (report_occupied(epoch, uid) && report_group(r->run, epoch, uid) == group &&
            !isnan(loss[uid]))
            r->losses[count++] = loss[uid];
    metrics_sort(r->losses, count);
    struct series *series = &r->group_series[group * GROUP_SERIES];
    series_add(r, &series[LOSS_P10], epoch->index, metrics_quantile(r->losses, count, 0.1));
    series_add(r, &series[LOSS_P50], epoch->index, metrics_quantile(r->losses, count, 0.5));
    series_add(r, &series[LOSS_P90], epoch->index, metrics_quantile(r->losses, count, 0.9));
    if (epoch->index + 1 == r->run->epoch_count)
        r->totals[TOTAL_LOSS][group] = metrics_quantile(r->losses, count, 0.5);
}

static enum sim_status add_concentration(struct reduction *r, const struct report_epoch *epoch,
                                         size_t count, struct sim_error *err)
{
    size_t owner_count = 0;
    if (epoch->field[FIELD_OWNER] != NULL) {
        enum sim_status status =
            metrics_sum_by_key(r->amounts, r->owners, count, r->owner_amounts, &owner_count, err);
        if (status != SIM_OK)
            return status;
        metrics_sort(r->owner_amounts, owner_count);
        series_add(r, &r->run_series[GINI_OWNER], epoch->index,
                   metrics_gini(r->owner_amounts, owner_count));
        series_add(r, &r->run_series[NAKAMOTO_OWNER], epoch->index,
                   (double)metrics_nakamoto(r->owner_amounts, owner_count, 0.5));
    }
    metrics_sort(r->amounts, count);
    series_add(r, &r->run_series[GINI_UID], epoch->index, metrics_gini(r->amounts, count));
    series_add(r, &r->run_series[NAKAMOTO_UID], epoch->index,
               (double)metrics_nakamoto(r->amounts, count, 0.5));
    return SIM_OK;
}

/* Emission and slots of each group in this epoch, into the series. */
static void add_shares(struct reduction *r, size_t epoch, const double *group_rao,
                       const double *group_slots)
{
    double total_rao = 0, total_slots = 0, attacker_rao = 0, attacker_slots = 0;
    for (size_t g = 0; g < r->run->group_count; g++) {
        total_rao += group_rao[g];
        total_slots += group_slots[g];
        attacker_rao += r->run->attacker[g] ? group_rao[g] : 0;
        attacker_slots += r->run->attacker[g] ? group_slots[g] : 0;
    }
    /* Nothing paid: a share is not known, and leaves a gap. */
    for (size_t g = 0; g < r->run->group_count; g++) {
        struct series *series = &r->group_series[g * GROUP_SERIES];
        series_add(r, &series[EMISSION_SHARE], epoch, group_rao[g] / total_rao);
        series_add(r, &series[SLOT_SHARE], epoch, group_slots[g] / total_slots);
    }
    series_add(r, &r->run_series[ATTACKER_EMISSION], epoch, attacker_rao / total_rao);
    series_add(r, &r->run_series[HONEST_EMISSION], epoch, 1 - attacker_rao / total_rao);
    series_add(r, &r->run_series[ATTACKER_SLOTS], epoch, attacker_slots / total_slots);
}

static enum sim_status visit(void *context, const struct report_epoch *epoch, struct sim_error *err)
{
    struct reduction *r = context;
    size_t groups = r->run->group_count, count = 0;
    double *group_rao = calloc(2 * groups, sizeof(*group_rao)), *group_slots = group_rao + groups;
    if (group_rao == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    for (uint32_t uid = 0; uid < r->run->uid_count; uid++) {
        if (!report_occupied(epoch, uid))
            continue;
        size_t group = report_group(r->run, epoch, uid);
        const double *emission = epoch->field[FIELD_EMISSION_RAO];
        double rao = emission != NULL ? emission[uid] : 0;
        group_rao[group] += rao;
        group_slots[group] += 1;
        add_to_window(r, epoch, uid, r->run->attacker[group], rao);
        add_to_totals(r, epoch, uid, group, rao);
        r->amounts[count] = rao;
        r->owners[count++] =
            epoch->field[FIELD_OWNER] != NULL ? (uint32_t)epoch->field[FIELD_OWNER][uid] : uid;
    }
    add_shares(r, epoch->index, group_rao, group_slots);
    for (size_t g = 0; g < groups; g++)
        add_group_losses(r, epoch, g);
    free(group_rao);
    return add_concentration(r, epoch, count, err);
}

/* ---- tables */

static enum sim_status add_epoch_columns(struct reduction *r, struct report_table *table,
                                         struct sim_error *err)
{
    static const struct {
        enum record_var var;
        const char *name, *units;
        double scale;
    } plain[] = {{RECORD_BLOCK, "block", "1", 1},
                 {RECORD_TIME, "time", "h", 1.0 / 3600},
                 {RECORD_PEERS, "peers", "1", 1},
                 {RECORD_DIFFICULTY, "difficulty", "1", 1},
                 {RECORD_BURN_RAO, "burn", "TAO", 1e-9},
                 {RECORD_REGISTRATIONS, "registrations", "1", 1},
                 {RECORD_EVICTIONS, "evictions", "1", 1},
                 {RECORD_TOTAL_STAKE_RAO, "total_stake", "TAO", 1e-9}};
    static const char *const run_names[RUN_SERIES] = {"attacker_emission_share",
                                                      "attacker_slot_share",
                                                      "honest_emission_share",
                                                      "gini_uid",
                                                      "gini_owner",
                                                      "nakamoto_uid",
                                                      "nakamoto_owner"};
    static const struct {
        const char *name, *units;
    } group_names[GROUP_SERIES] = {{"emission_share", "1"},
                                   {"slot_share", "1"},
                                   {"loss_p10", "nat"},
                                   {"loss_p50", "nat"},
                                   {"loss_p90", "nat"}};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        enum sim_status status =
            add_plain(r, table, plain[i].var, plain[i].name, plain[i].units, plain[i].scale, err);
        if (status != SIM_OK)
            return status;
    }
    for (int s = 0; s < RUN_SERIES; s++)
        r->run_series[s] = add_series(r, table, run_names[s], "1");
    for (size_t g = 0; g < r->run->group_count; g++)
        for (int s = 0; s < GROUP_SERIES; s++) {
            char name[64];
            snprintf(name, sizeof(name), "group%zu_%s", g, group_names[s].name);
            r->group_series[g * GROUP_SERIES + (size_t)s] =
                add_series(r, table, name, group_names[s].units);
        }
    return SIM_OK;
}

/* The file's two scratch arrays of texts and flags of a group. */
static void add_group_columns(struct reduction *r, struct report_table *table)
{
    static const struct {
        const char *name, *units;
        enum report_field needs;
    } totals[GROUP_TOTALS] = {{"slots_at_end", "1", FIELD_COUNT},
                              {"stake_at_end", "TAO", FIELD_STAKE_RAO},
                              {"emission", "TAO", FIELD_EMISSION_RAO},
                              {"median_loss_at_end", "nat", FIELD_LOSS_NATS},
                              {"training_steps", "1", FIELD_TRAINING_STEPS},
                              {"queries_answered", "1", FIELD_ANSWERED},
                              {"queries_timed_out", "1", FIELD_TIMED_OUT},
                              {"bytes_up", "byte", FIELD_BYTES_UP},
                              {"bytes_down", "byte", FIELD_BYTES_DOWN}};
    char **names = report_table_texts(r->tables, table, "group");
    char **strategies = report_table_texts(r->tables, table, "strategy");
    char **models = report_table_texts(r->tables, table, "model");
    double *attacker = report_table_numbers(r->tables, table, "attacker", "1");
    for (size_t g = 0; g < r->run->group_count; g++) {
        report_text_set(r->tables, names, g, report_group_name(r->run, g));
        report_text_set(r->tables, strategies, g,
                        reader_text(r->run->reader, RECORD_GROUP_STRATEGY, g));
        report_text_set(r->tables, models, g, reader_text(r->run->reader, RECORD_GROUP_MODEL, g));
        if (attacker != NULL)
            attacker[g] = r->run->attacker[g];
    }
    for (int t = 0; t < GROUP_TOTALS; t++) {
        r->totals[t] = report_table_numbers(r->tables, table, totals[t].name, totals[t].units);
        bool known = totals[t].needs == FIELD_COUNT || r->run->has[totals[t].needs];
        for (size_t g = 0; g < r->run->group_count && r->totals[t] != NULL && known; g++)
            r->totals[t][g] = 0;
    }
}

static void finish_groups(struct reduction *r, struct report_table *table)
{
    double *share = report_table_numbers(r->tables, table, "emission_share", "1");
    double *emission = r->totals[TOTAL_EMISSION];
    for (size_t g = 0; g < r->run->group_count && share != NULL; g++) {
        share[g] = r->total_rao > 0 ? emission[g] / r->total_rao : (double)NAN;
        emission[g] /= 1e9;
    }
}

void report_window_release(struct report_window *window)
{
    free(window->attacker_rao);
    free(window->honest_rao);
    free(window->attacker_slots);
    free(window->miner_slots);
    free(window->miner_rao);
    *window = (struct report_window){0};
}

static bool allocate(struct reduction *r)
{
    size_t n = r->run->uid_count + (size_t)1;
    struct report_window *window = r->window;
    double **const arrays[] = {
        &window->attacker_rao, &window->honest_rao, &window->miner_rao, &window->attacker_slots,
        &window->miner_slots,  &r->amounts,         &r->owner_amounts,  &r->losses};
    bool good = true;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        good &= (*arrays[i] = calloc(n, sizeof(double))) != NULL;
    r->owners = calloc(n, sizeof(*r->owners));
    r->group_series = calloc(r->run->group_count * GROUP_SERIES, sizeof(*r->group_series));
    return good && r->owners != NULL && r->group_series != NULL;
}

static void release(struct reduction *r)
{
    for (int s = 0; s < RUN_SERIES; s++)
        free(r->run_series[s].count);
    for (size_t s = 0; r->group_series != NULL && s < r->run->group_count * GROUP_SERIES; s++)
        free(r->group_series[s].count);
    free(r->group_series);
    free(r->amounts);
    free(r->owner_amounts);
    free(r->losses);
    free(r->owners);
}

static enum sim_status fill(struct reduction *r, const char *prefix, struct sim_error *err)
{
    char name[32];
    if (!allocate(r))
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    snprintf(name, sizeof(name), "%s_epochs", prefix);
    struct report_table *table = report_table_add(r->tables, name, r->points);
    enum sim_status status = add_epoch_columns(r, table, err);
    if (status != SIM_OK)
        return status;
    snprintf(name, sizeof(name), "%s_groups", prefix);
    table = report_table_add(r->tables, name, r->run->group_count);
    add_group_columns(r, table);
    if (r->tables->out_of_memory)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    status = report_run_walk(r->run, 0, visit, r, err);
    for (int s = 0; s < RUN_SERIES; s++)
        series_finish(r, &r->run_series[s]);
    for (size_t s = 0; s < r->run->group_count * GROUP_SERIES; s++)
        series_finish(r, &r->group_series[s]);
    finish_groups(r, table);
    return status;
}

static size_t choose_points(const struct report_run *run)
{
    size_t series = PLAIN_SERIES + RUN_SERIES + GROUP_SERIES * run->group_count;
    size_t most = NUMBERS_MAX / series + 1;
    most = most < POINTS_MAX ? most : POINTS_MAX;
    return run->epoch_count < most ? run->epoch_count : most;
}

enum sim_status report_reduce(struct report_run *run, const char *prefix,
                              struct report_tables *tables, struct report_window *ret_window,
                              struct sim_error *err)
{
    struct report_window window = {.first_epoch = run->epoch_count - (run->epoch_count + 3) / 4,
                                   .uid_count = run->uid_count};
    struct reduction reduction = {.run = run, .tables = tables, .window = &window};
    reduction.points = choose_points(run);
    enum sim_status status = fill(&reduction, prefix, err);
    release(&reduction);
    if (status != SIM_OK)
        report_window_release(&window);
    else
        *ret_window = window;
    return status;
}
