#include "analysis/report/agree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

enum { POINTS_MAX = 6000, RESAMPLES = 300, MODELS_MAX = 64 };

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

/* Honest miners, all (model < 0) or of one model: quality and incentive side by side. */
static size_t select_honest(const struct report_run *run, const struct miners *m, int model,
                            double *ret_quality, double *ret_incentive)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (run->attacker[(size_t)m->group[i]] || (model >= 0 && m->model[i] != model))
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

/* The models that honest miners run, ascending. */
static size_t list_models(const struct report_run *run, const struct miners *m,
                          int models[MODELS_MAX])
{
    bool used[MODELS_MAX] = {false};
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++)
        if (!run->attacker[(size_t)m->group[i]] && m->model[i] < MODELS_MAX)
            used[(size_t)m->model[i]] = true;
    for (int model = 0; model < MODELS_MAX; model++)
        if (used[model])
            models[count++] = model;
    return count;
}

static enum sim_status add_agreements(struct report_run *run, const struct miners *m,
                                      struct report_tables *tables, double *scratch,
                                      struct sim_error *err)
{
    int models[MODELS_MAX];
    size_t rows = 1 + list_models(run, m, models);
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
        int model = row == 0 ? -1 : models[row - 1];
        size_t count = select_honest(run, m, model, scratch, scratch + m->count);
        const char *label = row == 0
                                ? "all honest miners"
                                : reader_label(run->reader, RECORD_MODEL_KIND, (uint64_t)model);
        report_text_set(tables, columns.scope, row, label != NULL ? label : "one model");
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
