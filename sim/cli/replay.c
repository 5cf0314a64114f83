/*
 * replay.c: a recorded run through another mechanism, and who would have gained by it.
 */
#include "replay/replay.h"

#include "analysis/mechanisms.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/pick.h"
#include "replay/copy.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char note[] =
    "behaviour is held fixed: stakes, weights and registrations are the recorded ones at every "
    "epoch; nobody reacts to these payments, and they do not become stake";

/* Paid to one group, or to one role, over all epochs. */
struct paid {
    double recorded_rao, replayed_rao;
};

enum { ROLE_COUNT = 4 }; /* flags: 1 serves, 2 validates */

struct comparison {
    struct reader *reader;
    struct copy *copy; /* NULL without -o */
    uint64_t uids, groups, epochs, same_epochs;
    struct paid *group; /* (groups) */
    struct paid role[ROLE_COUNT];
    /* One epoch of the recorded run. */
    uint64_t *emission_rao;
    float *incentive, *dividends;
    uint16_t *group_id;
    uint8_t *role_flags;
};

/* ---- one epoch */

static enum sim_status read_recorded(struct comparison *c, uint64_t row, struct sim_error *err)
{
    enum sim_status status =
        reader_read(c->reader, RECORD_EMISSION_RAO, row, 1, c->emission_rao, err);
    if (status == SIM_OK)
        status = reader_read(c->reader, RECORD_INCENTIVE, row, 1, c->incentive, err);
    if (status == SIM_OK)
        status = reader_read(c->reader, RECORD_DIVIDENDS, row, 1, c->dividends, err);
    if (status == SIM_OK)
        status = reader_read(c->reader, RECORD_GROUP_ID, row, 1, c->group_id, err);
    if (status == SIM_OK)
        status = reader_read(c->reader, RECORD_ROLE, row, 1, c->role_flags, err);
    return status;
}

static float fraction(const struct mechanism_ops *ops, uint64_t value)
{
    return (float)((double)value / (double)ops->fraction_one);
}

static bool is_same(const struct comparison *c, const struct mechanism_ops *ops,
                    const struct mechanism_output *output)
{
    for (uint32_t uid = 0; uid < output->neuron_count; uid++)
        if (output->emission_rao[uid] != c->emission_rao[uid] ||
            fraction(ops, output->incentive[uid]) != c->incentive[uid] ||
            fraction(ops, output->dividends[uid]) != c->dividends[uid])
            return false;
    return true;
}

static enum sim_status compare_epoch(void *context, uint64_t row, const struct replay_rule *rule,
                                     struct snapshot *snapshot,
                                     const struct mechanism_output *output, struct sim_error *err)
{
    (void)snapshot;
    struct comparison *c = context;
    enum sim_status status = read_recorded(c, row, err);
    if (status != SIM_OK)
        return status;
    for (uint32_t uid = 0; uid < output->neuron_count; uid++) {
        double recorded_rao = (double)c->emission_rao[uid];
        double replayed_rao =
            (double)output->emission_rao[uid] + (double)output->stake_change_rao[uid];
        struct paid *group = &c->group[c->group_id[uid]];
        struct paid *role = &c->role[c->role_flags[uid] % ROLE_COUNT];
        group->recorded_rao += recorded_rao;
        group->replayed_rao += replayed_rao;
        role->recorded_rao += recorded_rao;
        role->replayed_rao += replayed_rao;
    }
    c->epochs++;
    c->same_epochs += is_same(c, rule->ops, output);
    return c->copy == NULL ? SIM_OK : copy_epoch(c->copy, row, rule->ops, output, err);
}

/* ---- the table */

static struct paid total_of(const struct comparison *c)
{
    struct paid total = {0};
    for (uint64_t g = 0; g < c->groups; g++) {
        total.recorded_rao += c->group[g].recorded_rao;
        total.replayed_rao += c->group[g].replayed_rao;
    }
    return total;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void print_line(const char *label, const char *strategy, const struct paid *paid,
                       const struct paid *total)
{
    double recorded = percent(paid->recorded_rao, total->recorded_rao);
    double replayed = percent(paid->replayed_rao, total->replayed_rao);
    printf("%-18s %-12s %12.3f TAO %12.3f TAO %8.2f %% %8.2f %% %+8.2f\n", label, strategy,
           paid->recorded_rao / (double)RAO_PER_TAO, paid->replayed_rao / (double)RAO_PER_TAO,
           recorded, replayed, replayed - recorded);
}

static enum sim_status print_groups(const struct comparison *c, const struct paid *total,
                                    struct sim_error *err)
{
    struct paid side[2] = {{0, 0}, {0, 0}}; /* honest, attackers */
    printf("%-18s %-12s %16s %16s %10s %10s %8s\n", "group", "strategy", "recorded", "replayed",
           "recorded", "replayed", "points");
    for (uint64_t g = 0; g < c->groups; g++) {
        uint8_t attacker = 0;
        enum sim_status status =
            reader_read(c->reader, RECORD_GROUP_ATTACKER, g, 1, &attacker, err);
        if (status != SIM_OK)
            return status;
        side[attacker != 0].recorded_rao += c->group[g].recorded_rao;
        side[attacker != 0].replayed_rao += c->group[g].replayed_rao;
        print_line(reader_text(c->reader, RECORD_GROUP_NAME, g),
                   reader_text(c->reader, RECORD_GROUP_STRATEGY, g), &c->group[g], total);
    }
    static const char *const roles[ROLE_COUNT] = {"(neither)", "(servers)", "(validators)",
                                                  "(both)"};
    for (int r = 0; r < ROLE_COUNT; r++)
        if (c->role[r].recorded_rao > 0 || c->role[r].replayed_rao > 0)
            print_line(roles[r], "", &c->role[r], total);
    print_line("(honest)", "", &side[0], total);
    print_line("(attackers)", "", &side[1], total);
    print_line("(all)", "", total, total);
    return SIM_OK;
}

/* ---- the command */

struct replay_arguments {
    const char *result, *output;
    struct pick_request request;
};

static int parse(int argc, char **argv, struct replay_arguments *arguments)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"mechanism", required_argument, NULL, 'm'},
                                            {"set", required_argument, NULL, 's'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (letter == 'o')
            arguments->output = optarg;
        else if (letter == 'm')
            arguments->request.mechanism = optarg;
        else if (letter == 'N')
            arguments->request.network = optarg;
        else if (letter != 's')
            return cli_usage("replay", "no option '%s', or it needs a value", argv[optind - 1]);
        else if (!pick_add_set(&arguments->request, optarg))
            return cli_usage("replay", "too many --set");
    }
    if (optind + 1 != argc)
        return cli_usage("replay", "one result is needed");
    arguments->result = argv[optind];
    return CLI_DONE;
}

static bool allocate(struct comparison *c)
{
    c->uids = reader_rows(c->reader, RECORD_DIM_UID);
    c->groups = reader_rows(c->reader, RECORD_DIM_GROUP);
    c->group = calloc(UINT16_MAX + 1, sizeof(*c->group));
    c->emission_rao = calloc(c->uids + 1, sizeof(*c->emission_rao));
    c->incentive = calloc(c->uids + 1, sizeof(*c->incentive));
    c->dividends = calloc(c->uids + 1, sizeof(*c->dividends));
    c->group_id = calloc(c->uids + 1, sizeof(*c->group_id));
    c->role_flags = calloc(c->uids + 1, sizeof(*c->role_flags));
    return c->group && c->emission_rao && c->incentive && c->dividends && c->group_id &&
           c->role_flags;
}

static void release(struct comparison *c)
{
    copy_free(c->copy);
    free(c->group);
    free(c->emission_rao);
    free(c->incentive);
    free(c->dividends);
    free(c->group_id);
    free(c->role_flags);
}

static void print_head(const struct replay_arguments *arguments, const struct comparison *c,
                       const struct pick *pick)
{
    char recorded[1024];
    const char *network = reader_network(c->reader);
    mechanisms_text(c->reader, recorded, sizeof(recorded));
    printf("%s%s%s, recorded with %s, replayed through %s\n", arguments->result,
           network == NULL ? "" : ", network ", network == NULL ? "" : network, recorded,
           pick->change_count > 0 ? "the same" : pick->rule.ops->params->name);
    printf("%c%s.\n\n", note[0] - 'a' + 'A', note + 1);
}

static void print_end(const struct comparison *c, const struct replay_arguments *arguments)
{
    printf("\n%llu of %llu epochs pay what was recorded, to the last bit\n",
           (unsigned long long)c->same_epochs, (unsigned long long)c->epochs);
    if (arguments->output != NULL)
        printf("result        %s\n", arguments->output);
}

static enum sim_status replay_into(struct comparison *c, const struct replay_arguments *arguments,
                                   const struct pick *pick, struct sim_error *err)
{
    struct replay_setup setup = {
        .reader = c->reader,
        .clears = pick->clears,
        .rule = pick->rule,
        .changes = pick->changes,
        .change_count = pick->change_count,
        .epoch = compare_epoch,
        .context = c,
    };
    enum sim_status status = SIM_OK;
    if (!allocate(c))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for a replay");
    if (status == SIM_OK && arguments->output != NULL)
        status = copy_create(c->reader, arguments->output, pick->rule.ops, pick->changes_later,
                             note, &c->copy, err);
    if (status == SIM_OK)
        status = replay_run(&setup, err);
    if (status == SIM_OK && c->copy != NULL)
        status = copy_finish(c->copy, err);
    return status;
}

static int replay_result(const struct replay_arguments *arguments, struct reader *reader,
                         const struct pick *pick)
{
    struct comparison c = {.reader = reader};
    struct sim_error err = {0};
    enum sim_status status = replay_into(&c, arguments, pick, &err);
    if (status == SIM_OK) {
        struct paid total = total_of(&c);
        print_head(arguments, &c, pick);
        status = print_groups(&c, &total, &err);
    }
    if (status == SIM_OK)
        print_end(&c, arguments);
    release(&c);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

int cli_replay(int argc, char **argv)
{
    struct replay_arguments arguments = {0};
    int code = parse(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    struct sim_error err = {0};
    struct reader *reader;
    if (reader_open(arguments.result, &reader, &err) != SIM_OK)
        return cli_fail(&err);
    if (reader_choose_network(reader, arguments.request.network, &err) != SIM_OK) {
        reader_free(reader);
        return cli_fail(&err);
    }
    arguments.request.network = reader_network(reader);
    struct pick pick;
    code = pick_init_recorded(&pick, reader, &arguments.request);
    if (code == CLI_DONE)
        code = replay_result(&arguments, reader, &pick);
    pick_release(&pick);
    reader_free(reader);
    return code;
}
