#include "analysis/outcome.h"

#include "analysis/mechanisms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines behind the groups. */
enum { LINE_SERVERS, LINE_VALIDATORS, LINE_BOTH, LINE_HONEST, LINE_ATTACKERS, LINE_EXTRA_COUNT };
static const char *const extra_names[LINE_EXTRA_COUNT] = {"role.servers", "role.validators",
                                                          "role.both", "honest", "attackers"};

struct columns {
    uint64_t uids, groups;
    uint64_t *paid_rao, *stake_rao;
    uint16_t *group;
    uint32_t *hotkey;
    uint8_t *role, *attacker;
};

static bool allocate_columns(struct columns *c, struct reader *reader)
{
    c->uids = reader_rows(reader, RECORD_DIM_UID);
    c->groups = reader_rows(reader, RECORD_DIM_GROUP);
    size_t n = c->uids + 1;
    c->paid_rao = calloc(n, sizeof(*c->paid_rao));
    c->stake_rao = calloc(n, sizeof(*c->stake_rao));
    c->group = calloc(n, sizeof(*c->group));
    c->hotkey = calloc(n, sizeof(*c->hotkey));
    c->role = calloc(n, 1);
    c->attacker = calloc(c->groups + 1, 1);
    return c->paid_rao && c->stake_rao && c->group && c->hotkey && c->role && c->attacker;
}

static void release_columns(struct columns *c)
{
    free(c->paid_rao);
    free(c->stake_rao);
    free(c->group);
    free(c->hotkey);
    free(c->role);
    free(c->attacker);
}

static bool allocate_lines(struct outcome *o, struct reader *reader, uint64_t groups)
{
    o->line_count = groups + LINE_EXTRA_COUNT;
    o->lines = calloc(o->line_count, sizeof(*o->lines));
    o->total_paid_rao = calloc(o->epoch_count, sizeof(double));
    o->total_stake_rao = calloc(o->epoch_count, sizeof(double));
    bool good = o->lines && o->total_paid_rao && o->total_stake_rao;
    for (size_t i = 0; good && i < o->line_count; i++) {
        struct outcome_line *line = &o->lines[i];
        if (i < groups)
            snprintf(line->name, sizeof(line->name), "group.%s",
                     reader_text(reader, RECORD_GROUP_NAME, i));
        else
            snprintf(line->name, sizeof(line->name), "%s", extra_names[i - groups]);
        line->paid_rao = calloc(o->epoch_count, sizeof(double));
        line->stake_rao = calloc(o->epoch_count, sizeof(double));
        good = line->paid_rao != NULL && line->stake_rao != NULL;
    }
    return good;
}

static enum sim_status read_columns(struct columns *c, struct reader *reader, uint64_t epoch,
                                    struct sim_error *err)
{
    enum sim_status status = reader_read(reader, RECORD_EMISSION_RAO, epoch, 1, c->paid_rao, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_STAKE_RAO, epoch, 1, c->stake_rao, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_GROUP_ID, epoch, 1, c->group, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_HOTKEY_ID, epoch, 1, c->hotkey, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_ROLE, epoch, 1, c->role, err);
    return status;
}

static void add(struct outcome *o, size_t line, uint64_t epoch, double paid_rao, double stake_rao)
{
    o->lines[line].paid_rao[epoch] += paid_rao;
    o->lines[line].stake_rao[epoch] += stake_rao;
}

static void add_epoch(struct outcome *o, const struct columns *c, uint64_t epoch)
{
    for (uint64_t uid = 0; uid < c->uids; uid++) {
        if (c->hotkey[uid] == RECORD_NOBODY || c->group[uid] >= c->groups)
            continue;
        double paid_rao = (double)c->paid_rao[uid], stake_rao = (double)c->stake_rao[uid];
        size_t side = c->attacker[c->group[uid]] ? LINE_ATTACKERS : LINE_HONEST;
        add(o, c->group[uid], epoch, paid_rao, stake_rao);
        add(o, c->groups + side, epoch, paid_rao, stake_rao);
        if (c->role[uid] >= 1 && c->role[uid] <= 3)
            add(o, c->groups + LINE_SERVERS + c->role[uid] - 1, epoch, paid_rao, stake_rao);
        o->total_paid_rao[epoch] += paid_rao;
        o->total_stake_rao[epoch] += stake_rao;
    }
}

static enum sim_status read_all(struct outcome *o, struct columns *c, struct reader *reader,
                                struct sim_error *err)
{
    mechanisms_text(reader, o->mechanism, sizeof(o->mechanism));
    reader_attr_u64(reader, RECORD_ROOT, "seed", &o->seed);
    enum sim_status status = SIM_OK;
    if (c->groups > 0)
        status = reader_read(reader, RECORD_GROUP_ATTACKER, 0, c->groups, c->attacker, err);
    for (uint64_t epoch = 0; epoch < o->epoch_count && status == SIM_OK; epoch++) {
        status = read_columns(c, reader, epoch, err);
        if (status == SIM_OK)
            add_epoch(o, c, epoch);
    }
    return status;
}

enum sim_status outcome_read(struct reader *reader, struct outcome *ret_outcome,
                             struct sim_error *err)
{
    struct columns columns = {0};
    *ret_outcome = (struct outcome){.epoch_count = reader_rows(reader, RECORD_DIM_EPOCH)};
    if (ret_outcome->epoch_count == 0)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has no epoch", reader_path(reader));
    enum sim_status status = SIM_OK;
    if (!allocate_columns(&columns, reader) || !allocate_lines(ret_outcome, reader, columns.groups))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for what a run paid");
    if (status == SIM_OK)
        status = read_all(ret_outcome, &columns, reader, err);
    release_columns(&columns);
    return status;
}

void outcome_release(struct outcome *outcome)
{
    for (size_t i = 0; outcome->lines != NULL && i < outcome->line_count; i++) {
        free(outcome->lines[i].paid_rao);
        free(outcome->lines[i].stake_rao);
    }
    free(outcome->lines);
    free(outcome->total_paid_rao);
    free(outcome->total_stake_rao);
    *outcome = (struct outcome){0};
}

const struct outcome_line *outcome_find(const struct outcome *outcome, const char *name)
{
    for (size_t i = 0; i < outcome->line_count; i++)
        if (strcmp(outcome->lines[i].name, name) == 0)
            return &outcome->lines[i];
    return NULL;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

double outcome_share_at(const struct outcome *outcome, const struct outcome_line *line,
                        enum outcome_measure measure, uint64_t epoch)
{
    if (line == NULL)
        return 0;
    return measure == OUTCOME_PAID ? share(line->paid_rao[epoch], outcome->total_paid_rao[epoch])
                                   : share(line->stake_rao[epoch], outcome->total_stake_rao[epoch]);
}

double outcome_share(const struct outcome *outcome, const struct outcome_line *line,
                     enum outcome_measure measure)
{
    if (line == NULL)
        return 0;
    if (measure == OUTCOME_STAKE)
        return outcome_share_at(outcome, line, measure, outcome->epoch_count - 1);
    double paid_rao = 0, total_rao = 0;
    for (uint64_t epoch = 0; epoch < outcome->epoch_count; epoch++) {
        paid_rao += line->paid_rao[epoch];
        total_rao += outcome->total_paid_rao[epoch];
    }
    return share(paid_rao, total_rao);
}
