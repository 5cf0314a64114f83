#include "analysis/report/agree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

enum { POINTS_MAX = 6000, RESAMPLES = 300, SIZES_MAX = 64 };

/* The miners of the last epoch. */
struct miners {
    size_t count;
    double *uid, *loss, *incentive, *group, *model, *owner; /* (count), one block */
};

struct gather {
    const struct report_run *run;
    struct miners *miners;
};

static enum sim_status gather_miners(void *context, const struct report_epoch *epoch,
                                     struct sim_error *err)
{
    (void)err;
    struct gather *gather = context;
    struct miners *m = gather->miners;
    const double *owner = epoch->field[FIELD_OWNER], *model = epoch->field[FIELD_MODEL];
    for (uint32_t uid = 0; uid < gather->run->uid_count; uid++) {
        double loss = epoch->field[FIELD_LOSS_NATS][uid];
        double incentive = epoch->field[FIELD_INCENTIVE][uid];
        if (!report_occupied(epoch, uid) || !report_is_miner(epoch, uid) || isnan(loss) ||
            isnan(incentive))
            continue;
        size_t i = m->count++;
        m->uid[i] = uid;
        m->loss[i] = loss;
        m->incentive[i] = incentive;
        m->group[i] = (double)report_group(gather->run, epoch, uid);
        m->model[i] = model != NULL ? model[uid] : 0;
        m->owner[i] = owner != NULL ? owner[uid] : uid;
    }
    return SIM_OK;
}

static void add_points(const struct miners *m, struct report_tables *tables)
{
    size_t rows = m->count < POINTS_MAX ? m->count : POINTS_MAX;
    struct report_table *table = report_table_add(tables, "points", rows);
    const struct {
        const char *name, *units;
        const double *from;
    } columns[] = {
        {"uid", "1", m->uid},     {"loss", "nat", m->loss}, {"incentive", "1", m->incentive},
        {"group", "1", m->group}, {"model", "1", m->model}, {"owner", "1", m->owner}};
    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
        double *to = report_table_numbers(tables, table, columns[c].name, columns[c].units);
        for (size_t i = 0; i < rows && to != NULL; i++)
            to[i] = columns[c].from[i * m->count / rows];
    }
}

struct agreement_columns {
    char **scope;
    double *count, *tau, *tau_low, *tau_high, *rho;
};

/* Honest miners, all (size = NULL) or with models of one size: quality and incentive. */
static size_t select_honest(const struct report_run *run, const struct miners *m,
                            const uint32_t *size, double *ret_quality, double *ret_incentive)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        size_t group = (size_t)m->group[i];
        if (run->attacker[group] || (size != NULL && run->parameters[group] != *size))
            continue;
        ret_quality[count] = -m->loss[i];
        ret_incentive[count++] = m->incentive[i];
    }
    return count;
}

static enum sim_status add_agreement(const double *quality, const double *incentive, size_t count,
                                     struct agreement_columns *columns, size_t row,
                                     struct sim_error *err)
{
    struct stream stream;
    struct metrics_interval tau;
    double rho;
    stream_init(&stream, 1, STREAM_SWEEP, stream_entity("report agreement", row), 0);
    enum sim_status status =
        metrics_kendall_interval(quality, incentive, count, RESAMPLES, 0.95, &stream, &tau, err);
    if (status == SIM_OK)
        status = metrics_spearman(quality, incentive, count, &rho, err);
    if (status != SIM_OK)
        return status;
    columns->count[row] = (double)count;
    columns->tau[row] = tau.estimate;
    columns->tau_low[row] = tau.low;
    columns->tau_high[row] = tau.high;
    columns->rho[row] = rho;
    return SIM_OK;
}

/* The sizes of honest miners' models, ascending, at most SIZES_MAX. */
static size_t list_sizes(const struct report_run *run, const struct miners *m,
                         uint32_t sizes[SIZES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        size_t group = (size_t)m->group[i], at = 0;
        uint32_t size = run->parameters[group];
        while (at < count && sizes[at] < size)
            at++;
        if (run->attacker[group] || count == SIZES_MAX || (at < count && sizes[at] == size))
            continue;
        memmove(&sizes[at + 1], &sizes[at], (count - at) * sizeof(*sizes));
        sizes[at] = size;
        count++;
    }
    return count;
}

static bool has_miner(const struct miners *m, size_t group)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->group[i] == (double)group)
            return true;
    return false;
}

/* "16848 parameters: medium, others of the same size". */
static void name_size(const struct report_run *run, const struct miners *m, uint32_t size,
                      char *ret_text, size_t bytes)
{
    int used = snprintf(ret_text, bytes, "%u parameters:", size);
    const char *between = " ";
    for (size_t g = 0; g < run->group_count && used >= 0 && (size_t)used < bytes; g++) {
        if (run->parameters[g] != size || run->attacker[g] || !has_miner(m, g))
            continue;
        used += snprintf(ret_text + used, bytes - (size_t)used, "%s%s", between,
                         report_group_name(run, g));
        between = ", ";
    }
}

static enum sim_status add_agreements(struct report_run *run, const struct miners *m,
                                      struct report_tables *tables, double *scratch,
                                      struct sim_error *err)
{
    uint32_t sizes[SIZES_MAX];
    size_t rows = 1 + list_sizes(run, m, sizes);
    struct report_table *table = report_table_add(tables, "agreement", rows);
    struct agreement_columns columns = {
        .scope = report_table_texts(tables, table, "scope"),
        .count = report_table_numbers(tables, table, "neurons", "1"),
        .tau = report_table_numbers(tables, table, "kendall_tau", "1"),
        .tau_low = report_table_numbers(tables, table, "kendall_tau_low", "1"),
        .tau_high = report_table_numbers(tables, table, "kendall_tau_high", "1"),
        .rho = report_table_numbers(tables, table, "spearman_rho", "1")};
    if (tables->out_of_memory)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    enum sim_status status = SIM_OK;
    for (size_t row = 0; row < rows && status == SIM_OK; row++) {
        char scope[160] = "all honest miners";
        if (row > 0)
            name_size(run, m, sizes[row - 1], scope, sizeof(scope));
        report_text_set(tables, columns.scope, row, scope);
        size_t count =
            select_honest(run, m, row > 0 ? &sizes[row - 1] : NULL, scratch, scratch + m->count);
        status = add_agreement(scratch, scratch + m->count, count, &columns, row, err);
    }
    return status;
}

enum sim_status report_agree(struct report_run *run, struct report_tables *tables,
                             struct sim_error *err)
{
    if (!run->has[FIELD_LOSS_NATS] || !run->has[FIELD_INCENTIVE])
        return SIM_OK;
    size_t n = run->uid_count;
    double *block = malloc(8 * n * sizeof(*block));
    if (block == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    struct miners miners = {.uid = block,
                            .loss = block + n,
                            .incentive = block + 2 * n,
                            .group = block + 3 * n,
                            .model = block + 4 * n,
                            .owner = block + 5 * n};
    struct gather gather = {run, &miners};
    enum sim_status status =
        report_run_walk(run, run->epoch_count - 1, gather_miners, &gather, err);
    if (status == SIM_OK && miners.count > 0) {
        add_points(&miners, tables);
        status = add_agreements(run, &miners, tables, block + 6 * n, err);
    }
    free(block);
    return status;
}
