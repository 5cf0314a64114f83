/*
 * bench_mechanism.c: several mechanisms on the recorded states of one run, in one table.
 */
#include "analysis/metrics.h"
#include "cli/cli.h"
#include "cli/pick.h"
#include "replay/replay.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What one mechanism paid over all epochs. */
struct bench {
    struct reader *reader;
    uint64_t epochs, uids;
    double offered_rao, paid_rao, attackers_rao, servers_rao, validators_rao;
    double *uid_paid_rao; /* (uids) */
    uint16_t *group;
    uint8_t *role, *attacker; /* by uid, by group */
};

static enum sim_status add_epoch(void *context, uint64_t row, const struct replay_rule *rule,
                                 struct snapshot *snapshot, const struct mechanism_output *output,
                                 struct sim_error *err)
{
    (void)rule;
    struct bench *b = context;
    enum sim_status status = reader_read(b->reader, RECORD_GROUP_ID, row, 1, b->group, err);
    if (status == SIM_OK)
        status = reader_read(b->reader, RECORD_ROLE, row, 1, b->role, err);
    for (uint32_t uid = 0; status == SIM_OK && uid < output->neuron_count; uid++) {
        double rao = (double)output->emission_rao[uid] + (double)output->stake_change_rao[uid];
        b->paid_rao += rao;
        b->attackers_rao += b->attacker[b->group[uid]] ? rao : 0;
        b->servers_rao += b->role[uid] & 1 ? rao : 0;
        b->validators_rao += b->role[uid] & 2 ? rao : 0;
        b->uid_paid_rao[uid] += rao > 0 ? rao : 0;
    }
    b->offered_rao += (double)snapshot->emission_rao;
    b->epochs++;
    return status;
}

static bool allocate(struct bench *b)
{
    b->uids = reader_rows(b->reader, RECORD_DIM_UID);
    b->uid_paid_rao = calloc(b->uids + 1, sizeof(*b->uid_paid_rao));
    b->group = calloc(b->uids + 1, sizeof(*b->group));
    b->role = calloc(b->uids + 1, 1);
    b->attacker = calloc(UINT16_MAX + 1, 1);
    return b->uid_paid_rao && b->group && b->role && b->attacker;
}

static void release(struct bench *b)
{
    free(b->uid_paid_rao);
    free(b->group);
    free(b->role);
    free(b->attacker);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static enum sim_status bench_one(struct reader *reader, const struct pick *pick,
                                 struct sim_error *err)
{
    struct bench b = {.reader = reader};
    struct replay_setup setup = {.reader = reader,
                                 .clears = pick->clears,
                                 .rule = pick->rule,
                                 .epoch = add_epoch,
                                 .context = &b};
    double start_s = cpu_s();
    enum sim_status status = SIM_OK;
    if (!allocate(&b))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for a replay");
    uint64_t groups = reader_rows(reader, RECORD_DIM_GROUP);
    if (status == SIM_OK && groups > 0)
        status = reader_read(reader, RECORD_GROUP_ATTACKER, 0, groups, b.attacker, err);
    if (status == SIM_OK)
        status = replay_run(&setup, err);
    metrics_sort(b.uid_paid_rao, status == SIM_OK ? b.uids : 0);
    if (status == SIM_OK)
        printf("%-24s %9.2f %% %9.2f %% %9.2f %% %9.2f %% %8.4f %10.2f ms\n",
               pick->rule.ops->params->name, percent(b.paid_rao, b.offered_rao),
               percent(b.attackers_rao, b.paid_rao), percent(b.servers_rao, b.paid_rao),
               percent(b.validators_rao, b.paid_rao), metrics_gini(b.uid_paid_rao, b.uids),
               1e3 * (cpu_s() - start_s) / (double)b.epochs);
    release(&b);
    return status;
}

int cli_bench_mechanism(int argc, char **argv)
{
    static const struct option options[] = {{"on", required_argument, NULL, 'r'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    const char *result = NULL, *network = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (letter == 'N') {
            network = optarg;
            continue;
        }
        if (letter != 'r')
            return cli_usage("bench-mechanism", "no option '%s', or it needs a value",
                             argv[optind - 1]);
        result = optarg;
    }
    if (result == NULL || optind >= argc)
        return cli_usage("bench-mechanism", "mechanisms and a recorded run are needed");
    struct sim_error err = {0};
    struct reader *reader;
    if (reader_open(result, &reader, &err) != SIM_OK)
        return cli_fail(&err);
    if (reader_choose_network(reader, network, &err) != SIM_OK) {
        reader_free(reader);
        return cli_fail(&err);
    }
    printf("%s: recorded behaviour, held fixed, through each mechanism\n\n", result);
    printf("%-24s %11s %11s %11s %11s %8s %13s\n", "mechanism", "paid out", "attackers", "servers",
           "validators", "gini", "cpu, epoch");
    int code = CLI_DONE;
    for (int a = optind; a < argc && code == CLI_DONE; a++) {
        struct pick_request request = {.mechanism = argv[a], .network = reader_network(reader)};
        struct pick pick;
        code = pick_init(&pick, "the stored scenario", reader_scenario(reader), &request);
        if (code == CLI_DONE && bench_one(reader, &pick, &err) != SIM_OK)
            code = cli_fail(&err);
        pick_release(&pick);
    }
    reader_free(reader);
    return code;
}
