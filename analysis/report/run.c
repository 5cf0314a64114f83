#include "analysis/report/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Epochs that are read at once. */
enum { BLOCK_EPOCHS = 32 };

static const enum record_var field_var[FIELD_COUNT] = {[FIELD_EMISSION_RAO] = RECORD_EMISSION_RAO,
                                                       [FIELD_STAKE_RAO] = RECORD_STAKE_RAO,
                                                       [FIELD_INCENTIVE] = RECORD_INCENTIVE,
                                                       [FIELD_LOSS_NATS] = RECORD_LOSS_TRUE_NATS,
                                                       [FIELD_HOTKEY] = RECORD_HOTKEY_ID,
                                                       [FIELD_OWNER] = RECORD_OWNER_ID,
                                                       [FIELD_GROUP] = RECORD_GROUP_ID,
                                                       [FIELD_ROLE] = RECORD_ROLE,
                                                       [FIELD_MODEL] = RECORD_MODEL_KIND,
                                                       [FIELD_TRAINING_STEPS] =
                                                           RECORD_TRAINING_STEPS,
                                                       [FIELD_ANSWERED] = RECORD_QUERIES_ANSWERED,
                                                       [FIELD_TIMED_OUT] = RECORD_QUERIES_TIMED_OUT,
                                                       [FIELD_BYTES_UP] = RECORD_BYTES_UP,
                                                       [FIELD_BYTES_DOWN] = RECORD_BYTES_DOWN};

/* The rows of the network that is shown. */
static enum sim_status choose_network(struct report_run *run, struct sim_error *err)
{
    size_t total = (size_t)reader_rows(run->reader, RECORD_DIM_EPOCH);
    uint16_t *netuids = calloc(total + 1, sizeof(*netuids));
    run->rows = calloc(total + 1, sizeof(*run->rows));
    if (netuids == NULL || run->rows == NULL) {
        free(netuids);
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    }
    enum sim_status status = SIM_OK;
    if (reader_has(run->reader, RECORD_NETUID))
        status = reader_read(run->reader, RECORD_NETUID, 0, total, netuids, err);
    uint16_t lowest = UINT16_MAX;
    for (size_t i = 0; i < total; i++)
        lowest = netuids[i] < lowest ? netuids[i] : lowest;
    for (size_t i = 0; i < total; i++)
        if (netuids[i] == lowest)
            run->rows[run->epoch_count++] = i;
    run->netuid = lowest;
    run->networks = (uint32_t)reader_network_count(run->reader);
    free(netuids);
    return status;
}

static enum sim_status read_groups(struct report_run *run, struct sim_error *err)
{
    size_t groups = (size_t)reader_rows(run->reader, RECORD_DIM_GROUP);
    run->group_count = groups > 0 ? groups : 1;
    run->attacker = calloc(run->group_count, sizeof(*run->attacker));
    run->parameters = calloc(run->group_count, sizeof(*run->parameters));
    uint8_t *flags = calloc(run->group_count, 1);
    if (run->attacker == NULL || run->parameters == NULL || flags == NULL) {
        free(flags);
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    }
    enum sim_status status = SIM_OK;
    if (groups > 0 && reader_has(run->reader, RECORD_GROUP_ATTACKER))
        status = reader_read(run->reader, RECORD_GROUP_ATTACKER, 0, groups, flags, err);
    if (status == SIM_OK && groups > 0 && reader_has(run->reader, RECORD_GROUP_PARAMETERS))
        status = reader_read(run->reader, RECORD_GROUP_PARAMETERS, 0, groups, run->parameters, err);
    for (size_t g = 0; g < run->group_count; g++)
        run->attacker[g] = flags[g] != 0;
    free(flags);
    return status;
}

enum sim_status report_run_open(const char *path, const char *network, struct report_run *ret_run,
                                struct sim_error *err)
{
    struct report_run run = {0};
    enum sim_status status = reader_open(path, &run.reader, err);
    if (status != SIM_OK)
        return status;
    status = reader_choose_network(run.reader, network, err);
    if (status != SIM_OK) {
        reader_free(run.reader);
        return status;
    }
    run.uid_count = (uint32_t)reader_rows(run.reader, RECORD_DIM_UID);
    for (int f = 0; f < FIELD_COUNT; f++)
        run.has[f] = reader_has(run.reader, field_var[f]);
    status = choose_network(&run, err);
    if (status == SIM_OK)
        status = read_groups(&run, err);
    if (status == SIM_OK && run.epoch_count == 0)
        status = SIM_FAIL(err, SIM_CONFIG, "'%s' holds no epoch yet: nothing to report", path);
    if (status != SIM_OK)
        report_run_release(&run);
    else
        *ret_run = run;
    return status;
}

void report_run_release(struct report_run *run)
{
    reader_free(run->reader);
    free(run->rows);
    free(run->attacker);
    free(run->parameters);
    *run = (struct report_run){0};
}

/* Fields of BLOCK_EPOCHS rows, one array a field. */
struct block {
    double *field[FIELD_COUNT];
    uint64_t first, count; /* rows of the file */
};

static void block_release(struct block *block)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        free(block->field[f]);
}

static enum sim_status block_allocate(const struct report_run *run, struct block *block,
                                      struct sim_error *err)
{
    *block = (struct block){.count = 0};
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (!run->has[f])
            continue;
        block->field[f] = malloc((size_t)BLOCK_EPOCHS * run->uid_count * sizeof(double));
        if (block->field[f] == NULL) {
            block_release(block);
            return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
        }
    }
    return SIM_OK;
}

static enum sim_status block_read(struct report_run *run, struct block *block, uint64_t row,
                                  struct sim_error *err)
{
    if (row >= block->first && row < block->first + block->count)
        return SIM_OK;
    uint64_t left = reader_rows(run->reader, RECORD_DIM_EPOCH) - row;
    block->first = row;
    block->count = left < BLOCK_EPOCHS ? left : BLOCK_EPOCHS;
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (block->field[f] == NULL)
            continue;
        enum sim_status status =
            reader_read(run->reader, field_var[f], row, block->count, block->field[f], err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

enum sim_status report_run_walk(struct report_run *run, size_t first, report_visit *visit,
                                void *context, struct sim_error *err)
{
    struct block block;
    enum sim_status status = block_allocate(run, &block, err);
    if (status != SIM_OK)
        return status;
    for (size_t i = first; i < run->epoch_count && status == SIM_OK; i++) {
        status = block_read(run, &block, run->rows[i], err);
        if (status != SIM_OK)
            break;
        struct report_epoch epoch = {.index = i, .row = run->rows[i]};
        size_t offset = (size_t)(run->rows[i] - block.first) * run->uid_count;
        for (int f = 0; f < FIELD_COUNT; f++)
            epoch.field[f] = block.field[f] != NULL ? block.field[f] + offset : NULL;
        status = visit(context, &epoch, err);
    }
    block_release(&block);
    return status;
}

enum sim_status report_run_column(struct report_run *run, enum record_var var, double *ret_values,
                                  struct sim_error *err)
{
    for (size_t i = 0; i < run->epoch_count; i++)
        ret_values[i] = (double)NAN;
    if (!reader_has(run->reader, var))
        return SIM_OK;
    size_t total = (size_t)reader_rows(run->reader, RECORD_DIM_EPOCH);
    double *all = malloc((total + 1) * sizeof(*all));
    if (all == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    enum sim_status status = reader_read(run->reader, var, 0, total, all, err);
    for (size_t i = 0; i < run->epoch_count && status == SIM_OK; i++)
        ret_values[i] = all[run->rows[i]];
    free(all);
    return status;
}

bool report_occupied(const struct report_epoch *epoch, uint32_t uid)
{
    return epoch->field[FIELD_HOTKEY] == NULL ||
           epoch->field[FIELD_HOTKEY][uid] != (double)RECORD_NOBODY;
}

size_t report_group(const struct report_run *run, const struct report_epoch *epoch, uint32_t uid)
{
    if (epoch->field[FIELD_GROUP] == NULL)
        return 0;
    size_t group = (size_t)epoch->field[FIELD_GROUP][uid];
    return group < run->group_count ? group : 0;
}

bool report_is_miner(const struct report_epoch *epoch, uint32_t uid)
{
    const double *role = epoch->field[FIELD_ROLE];
    return role == NULL || ((unsigned)role[uid] & 3u) == 1u;
}

const char *report_group_name(const struct report_run *run, size_t group)
{
    const char *name = reader_text(run->reader, RECORD_GROUP_NAME, group);
    return name[0] != '\0' ? name : "neurons";
}
