/*
 * genesis.c: the state of a result at one of its epochs as the two tables with which a scenario's
 * `genesis:` starts.
 */
#include "base/units.h"
#include "cli/cli.h"
#include "record/reader.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is read of a result. */
struct state {
    struct reader *reader;
    uint64_t epoch, uid_count;
    int64_t block;
    uint32_t peers;
    uint64_t *stake_rao; /* (uid_count) */
    uint32_t *hotkey;    /* (uid_count) row of /hotkeys */
    uint64_t *last_call; /* (uid_count) row of the last row of weights + 1; 0 = none */
};

static void release(struct state *state)
{
    free(state->stake_rao);
    free(state->hotkey);
    free(state->last_call);
    reader_free(state->reader);
}

/* "result.h5@12": row 12 of the epochs, from 0; without it the last. */
static enum sim_status open_state(const char *argument, const char *network, struct state *state,
                                  struct sim_error *err)
{
    char path[4096];
    const char *at = strrchr(argument, '@');
    size_t length = at == NULL ? strlen(argument) : (size_t)(at - argument);
    if (length >= sizeof(path))
        return SIM_FAIL(err, SIM_CONFIG, "the path is too long");
    snprintf(path, sizeof(path), "%.*s", (int)length, argument);
    enum sim_status status = reader_open(path, &state->reader, err);
    if (status == SIM_OK)
        status = reader_choose_network(state->reader, network, err);
    if (status != SIM_OK)
        return status;
    uint64_t rows = reader_rows(state->reader, RECORD_DIM_EPOCH);
    if (rows == 0)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has no epoch", path);
    char *end = NULL;
    state->epoch = at == NULL ? rows - 1 : strtoull(at + 1, &end, 10);
    if (at != NULL && (end == at + 1 || *end != '\0' || state->epoch >= rows))
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has epochs 0 to %llu, not '%s'", path,
                        (unsigned long long)rows - 1, at + 1);
    state->uid_count = reader_rows(state->reader, RECORD_DIM_UID);
    state->stake_rao = calloc(state->uid_count + 1, sizeof(uint64_t));
    state->hotkey = calloc(state->uid_count + 1, sizeof(uint32_t));
    state->last_call = calloc(state->uid_count + 1, sizeof(uint64_t));
    if (!state->stake_rao || !state->hotkey || !state->last_call)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %llu uids",
                        (unsigned long long)state->uid_count);
    return SIM_OK;
}

static enum sim_status read_state(struct state *state, struct sim_error *err)
{
    struct reader *reader = state->reader;
    enum sim_status status = reader_read(reader, RECORD_BLOCK, state->epoch, 1, &state->block, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_PEERS, state->epoch, 1, &state->peers, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_STAKE_RAO, state->epoch, 1, state->stake_rao, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_HOTKEY_ID, state->epoch, 1, state->hotkey, err);
    uint64_t calls = reader_rows(reader, RECORD_DIM_CALL);
    for (uint64_t c = 0; c < calls && status == SIM_OK; c++) {
        int64_t block;
        uint32_t uid, hotkey;
        status = reader_read(reader, RECORD_CALL_BLOCK, c, 1, &block, err);
        if (status != SIM_OK || block > state->block)
            break;
        status = reader_read(reader, RECORD_CALL_UID, c, 1, &uid, err);
        if (status == SIM_OK)
            status = reader_read(reader, RECORD_CALL_HOTKEY, c, 1, &hotkey, err);
        if (status == SIM_OK && uid < state->peers && state->hotkey[uid] == hotkey)
            state->last_call[uid] = c + 1;
    }
    return status;
}

static enum sim_status write_neurons(const struct state *state, FILE *file, struct sim_error *err)
{
    fprintf(file, "uid,hotkey,stake_tao,group\n");
    for (uint32_t uid = 0; uid < state->peers; uid++) {
        uint16_t group;
        uint32_t index;
        enum sim_status status =
            reader_read(state->reader, RECORD_HOTKEY_GROUP, state->hotkey[uid], 1, &group, err);
        if (status == SIM_OK)
            status =
                reader_read(state->reader, RECORD_HOTKEY_INDEX, state->hotkey[uid], 1, &index, err);
        if (status != SIM_OK)
            return status;
        const char *name = reader_text(state->reader, RECORD_GROUP_NAME, group);
        const char *slash = strchr(name, '/'); /* within its network it goes without */
        name = slash != NULL ? slash + 1 : name;
        unsigned long long rao = state->stake_rao[uid];
        fprintf(file, "%u,%s/%u,%llu.%09llu,%s\n", uid, name, index, rao / RAO_PER_TAO,
                rao % RAO_PER_TAO, name);
    }
    return SIM_OK;
}

static enum sim_status write_row(const struct state *state, uint32_t uid, FILE *file,
                                 struct sim_error *err)
{
    int64_t start = 0;
    uint32_t count = 0;
    uint64_t call = state->last_call[uid] - 1;
    enum sim_status status =
        reader_read(state->reader, RECORD_CALL_ENTRY_START, call, 1, &start, err);
    if (status == SIM_OK)
        status = reader_read(state->reader, RECORD_CALL_ENTRY_COUNT, call, 1, &count, err);
    for (uint32_t e = 0; e < count && status == SIM_OK; e++) {
        uint32_t target, value;
        status =
            reader_read(state->reader, RECORD_CALL_TARGET, (uint64_t)start + e, 1, &target, err);
        if (status == SIM_OK)
            status =
                reader_read(state->reader, RECORD_CALL_VALUE, (uint64_t)start + e, 1, &value, err);
        if (status == SIM_OK)
            fprintf(file, "%u,%u,%u\n", uid, target, value);
    }
    return status;
}

static enum sim_status write_weights(const struct state *state, FILE *file, struct sim_error *err)
{
    fprintf(file, "uid,target,weight\n");
    enum sim_status status = SIM_OK;
    for (uint32_t uid = 0; uid < state->peers && status == SIM_OK; uid++)
        if (state->last_call[uid] > 0)
            status = write_row(state, uid, file, err);
    return status;
}

static enum sim_status write_table(const struct state *state, const char *folder, const char *name,
                                   enum sim_status (*write)(const struct state *, FILE *,
                                                            struct sim_error *),
                                   struct sim_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
    enum sim_status status = write(state, file, err);
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    if (status == SIM_OK && !good)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
    if (status == SIM_OK)
        printf("%s\n", path);
    return status;
}

static enum sim_status convert(const char *argument, const char *network, const char *folder,
                               struct sim_error *err)
{
    struct state state = {0};
    enum sim_status status = open_state(argument, network, &state, err);
    if (status == SIM_OK)
        status = read_state(&state, err);
    if (status == SIM_OK && mkdir(folder, 0777) != 0 && errno != EEXIST)
        status = SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", folder, strerror(errno));
    if (status == SIM_OK)
        status = write_table(&state, folder, "neurons.csv", write_neurons, err);
    if (status == SIM_OK)
        status = write_table(&state, folder, "weights.csv", write_weights, err);
    release(&state);
    return status;
}

int cli_genesis(int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    const char *folder = ".", *network = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (letter == 'N')
            network = optarg;
        else if (letter == 'o')
            folder = optarg;
        else
            return cli_usage("genesis", "no option '%s'", argv[optind - 1]);
    }
    if (argc - optind != 1)
        return cli_usage("genesis", "a result, maybe with @ and the row of an epoch");
    struct sim_error err = {0};
    return convert(argv[optind], network, folder, &err) == SIM_OK ? CLI_DONE : cli_fail(&err);
}
