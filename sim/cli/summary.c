#include "cli/summary.h"

#include "base/units.h"
#include "record/reader.h"

#include <stdio.h>
#include <stdlib.h>

/* One group over the slots that it holds. */
struct tally {
    uint32_t slots;         /* at the last epoch */
    double stake_first_rao; /* at the first epoch */
    double stake_last_rao;  /* at the last epoch */
    double paid_rao;        /* over all epochs */
};

struct summary {
    struct reader *reader;
    uint64_t epochs, uids, groups;
    uint64_t *amount; /* (uids) */
    uint16_t *group;  /* (uids) */
    uint32_t *hotkey; /* (uids) */
    struct tally *tally;
};

static enum sim_status add_epoch(struct summary *s, uint64_t epoch, struct sim_error *err)
{
    enum sim_status status = reader_read(s->reader, RECORD_GROUP_ID, epoch, 1, s->group, err);
    if (status == SIM_OK)
        status = reader_read(s->reader, RECORD_HOTKEY_ID, epoch, 1, s->hotkey, err);
    if (status == SIM_OK)
        status = reader_read(s->reader, RECORD_EMISSION_RAO, epoch, 1, s->amount, err);
    for (uint64_t uid = 0; status == SIM_OK && uid < s->uids; uid++)
        if (s->hotkey[uid] != RECORD_NOBODY)
            s->tally[s->group[uid]].paid_rao += (double)s->amount[uid];
    if (status != SIM_OK || (epoch != 0 && epoch + 1 != s->epochs))
        return status;

    status = reader_read(s->reader, RECORD_STAKE_RAO, epoch, 1, s->amount, err);
    for (uint64_t uid = 0; status == SIM_OK && uid < s->uids; uid++) {
        if (s->hotkey[uid] == RECORD_NOBODY)
            continue;
        struct tally *tally = &s->tally[s->group[uid]];
        if (epoch == 0)
            tally->stake_first_rao += (double)s->amount[uid];
        if (epoch + 1 == s->epochs) {
            tally->stake_last_rao += (double)s->amount[uid];
            tally->slots++;
        }
    }
    return status;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void print(const struct summary *s)
{
    double first = 0, last = 0, paid = 0;
    for (uint64_t g = 0; g < s->groups; g++) {
        first += s->tally[g].stake_first_rao;
        last += s->tally[g].stake_last_rao;
        paid += s->tally[g].paid_rao;
    }
    printf("%-18s %6s %14s %14s %18s %9s\n", "group", "slots", "stake, first", "stake, last",
           "share of stake", "paid");
    for (uint64_t g = 0; g < s->groups; g++) {
        const struct tally *tally = &s->tally[g];
        printf("%-18s %6u %10.1f TAO %10.1f TAO %6.2f -> %6.2f %% %7.2f %%\n",
               reader_text(s->reader, RECORD_GROUP_NAME, g), tally->slots,
               tally->stake_first_rao / (double)RAO_PER_TAO,
               tally->stake_last_rao / (double)RAO_PER_TAO, percent(tally->stake_first_rao, first),
               percent(tally->stake_last_rao, last), percent(tally->paid_rao, paid));
    }
}

static enum sim_status summarise(struct summary *s, struct sim_error *err)
{
    s->epochs = reader_rows(s->reader, RECORD_DIM_EPOCH);
    s->uids = reader_rows(s->reader, RECORD_DIM_UID);
    s->groups = reader_rows(s->reader, RECORD_DIM_GROUP);
    if (s->epochs == 0 || s->groups == 0)
        return SIM_OK;
    s->amount = calloc(s->uids, sizeof(*s->amount));
    s->group = calloc(s->uids, sizeof(*s->group));
    s->hotkey = calloc(s->uids, sizeof(*s->hotkey));
    s->tally = calloc(s->groups, sizeof(*s->tally));
    if (!s->amount || !s->group || !s->hotkey || !s->tally)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a summary of %llu slots",
                        (unsigned long long)s->uids);
    enum sim_status status = SIM_OK;
    for (uint64_t e = 0; e < s->epochs && status == SIM_OK; e++)
        status = add_epoch(s, e, err);
    if (status == SIM_OK)
        print(s);
    return status;
}

static enum sim_status summarise_reader(struct reader *reader, struct sim_error *err)
{
    struct summary summary = {.reader = reader};
    enum sim_status status = summarise(&summary, err);
    free(summary.amount);
    free(summary.group);
    free(summary.hotkey);
    free(summary.tally);
    return status;
}

/* Its part of the emission at its last epoch stands over the network's table. */
static enum sim_status print_network(struct reader *reader, struct sim_error *err)
{
    uint64_t epochs = reader_rows(reader, RECORD_DIM_EPOCH);
    uint16_t netuid = 0;
    double share = 0;
    enum sim_status status = reader_read(reader, RECORD_NETWORK_NETUID, 0, 1, &netuid, err);
    if (status == SIM_OK && epochs > 0)
        status = reader_read(reader, RECORD_EMISSION_SHARE, epochs - 1, 1, &share, err);
    if (status != SIM_OK)
        return status;
    printf("network %s, netuid %u, %s: %llu epochs, %.2f %% of the emission\n",
           reader_network(reader), netuid, reader_text(reader, RECORD_NETWORK_MECHANISM, 0),
           (unsigned long long)epochs, 100 * share);
    return summarise_reader(reader, err);
}

enum sim_status summary_print(const char *folder, struct sim_error *err)
{
    char path[4200];
    struct reader *reader;
    snprintf(path, sizeof(path), "%s/result.h5", folder);
    enum sim_status status = reader_open(path, &reader, err);
    if (status != SIM_OK)
        return status;
    uint64_t count = reader_network_count(reader);
    if (count == 0)
        status = summarise_reader(reader, err);
    for (uint64_t n = 0; n < count && status == SIM_OK; n++) {
        status = reader_choose_network(reader, reader_network_name(reader, n), err);
        if (status == SIM_OK)
            status = print_network(reader, err);
    }
    reader_free(reader);
    return status;
}
