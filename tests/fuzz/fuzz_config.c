/*
 * fuzz_config.c: bytes into the reader of scenarios.
 *
 *   fuzz_config FILE...                     each file once
 *   fuzz_config --seconds N [--seed S] DIR  mutations of the files in DIR for N seconds
 *
 * Whatever the bytes are, config_load either gives a config or says what is wrong, in bounded time;
 * and a config's resolved text loads again and is its own resolved text.  Built with clang's
 * -fsanitize=fuzzer and -DFUZZ_LIBFUZZER, the same function is a libFuzzer target.  With
 * -DFUZZ_SCENARIO the schema is the whole program's, with the checks that go beyond it; else it is
 * the small one of tests/unit, in which mutations meet sooner.
 */
#ifdef FUZZ_SCENARIO
#include "cli/scenario.h"
#else
#include "../unit/config_fixture.h"
#endif
#include "base/stream.h"
#include "config/config.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

_Noreturn static void finding(const char *what, const struct sim_error *err)
{
    fprintf(stderr, "fuzz_config: %s: %s\n", what, err->text);
    abort();
}

#ifdef FUZZ_SCENARIO
static enum sim_status load(const struct config_input *input, struct config **ret_config,
                            struct config_report *report, struct sim_error *err)
{
    static struct scenario_schema schema;
    if (schema.config.root == NULL) {
        scenario_schema_init(&schema);
        schema.config.plugin = NULL; /* a path may name any library of this machine */
    }
    return scenario_load(&schema, input, ret_config, report, err);
}
#else
static enum sim_status load(const struct config_input *input, struct config **ret_config,
                            struct config_report *report, struct sim_error *err)
{
    return config_load(&fixture_schema, input, ret_config, report, err);
}
#endif

/* What a change sets has one line of text, the same in the scenario that was written. */
static void check_changes(const struct config *config, const struct config *again)
{
    struct sim_error err = {0};
    for (size_t c = 0; c < config_change_count(config); c++) {
        const struct config_change *change = config_change_at(config, c);
        for (size_t p = 0; p < change->path_count; p++) {
            const struct config *after = config_change_at(again, c)->after;
            char *text = config_text_at(change->after, change->paths[p]);
            char *text_again = config_text_at(after, change->paths[p]);
            if (text == NULL || text_again == NULL || strcmp(text, text_again) != 0) {
                fprintf(stderr, "%s---\n%s", text, text_again);
                finding("a change reads differently when written", &err);
            }
            free(text);
            free(text_again);
        }
    }
}

/* A valid scenario must survive being written and read. */
static void check_round_trip(struct config *config)
{
    char hash[CONFIG_HASH_CHARS], *text = config_emit(config);
    struct sim_error err = {0};
    struct config *again = NULL;
    struct config_input input = {
        .path = "again.yaml", .text = text, .text_bytes = text != NULL ? strlen(text) : 0};
    if (text == NULL || config_hash(config, "0", hash, &err) != SIM_OK)
        finding("no text or hash", &err);
    if (load(&input, &again, NULL, &err) != SIM_OK) {
        fputs(text, stderr);
        finding("the resolved scenario does not load", &err);
    }
    char *text_again = config_emit(again);
    if (text_again == NULL || strcmp(text, text_again) != 0) {
        fprintf(stderr, "%s---\n%s", text, text_again != NULL ? text_again : "");
        finding("the resolved scenario is not its own", &err);
    }
    check_changes(config, again);
    free(text);
    free(text_again);
    config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_input input = {
        .path = "fuzz.yaml", .text = (const char *)data, .text_bytes = size};
    struct config_report report = {0};
    struct config *config = NULL;
    struct sim_error err = {0};
    double start = cpu_seconds();
    enum sim_status status = load(&input, &config, &report, &err);
    if (status == SIM_OK)
        check_round_trip(config);
    else if (status != SIM_CONFIG || report.count == 0)
        finding("failed without a message", &err);
    if (cpu_seconds() - start > 5.0)
        finding("took more than five seconds", &err);
    config_report_release(&report);
    config_free(config);
    return 0;
}

#ifndef FUZZ_LIBFUZZER

enum { INPUT_BYTES_MAX = 1 << 16, INPUTS_MAX = 4096 };

struct input {
    uint8_t *data;
    size_t size;
};

struct inputs {
    struct input inputs[INPUTS_MAX];
    size_t count;
};

static const char *const words[] = {
    "name: t\n",
    "mechanism: ",
    "chain: {",
    "agents:\n",
    "  miners: {count: 4}\n",
    "base: ",
    "twin: {set: ",
    "schedule: ",
    "{at: 3 d, ",
    "set: {",
    "at: 5 blocks, ",
    "limits: {",
    "<<: *a",
    "&a ",
    "*a",
    "x-a: ",
    "~",
    "null",
    "true",
    "1e999",
    "-0",
    "0.5",
    "18446744073709551616",
    "1.5 TAO",
    "50 ms",
    "100 blocks",
    "{uniform: [",
    "{lognormal: {median: ",
    "{choice: [",
    "weights: [",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "\n",
    "  ",
    "- ",
    "\"",
    "'",
    "|\n",
    ">\n",
    "# ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "!!str ",
    "\t",
    "\r",
    "\xC2\x85",
    "\xE2\x80\xA8",
    "\xEF\xBB\xBF",
    "\xFF",
    "\\x00",
    "name: yuma3",
    "liquid: true",
    "profile: ",
    "solver: search",
    "search_threads: 2",
    "strategy: {",
    "sybil",
    "model: ",
    "host: {",
    "count: ",
    "mechanism: yuma3\n",
    "chain.tempo: 5 blocks",
    "agents.miners: ~",
    "base: ../files/market.yaml\n",
    "{file: ../files/neurons.csv}",
    "{file: ../files/stakes.csv, column: stake, unit: TAO}",
    "{file: ",
    "genesis: {neurons: ",
    "\"uid,hotkey,stake_tao\"",
    "\"0,a,1\"",
    "emission_table: [",
    "\"100 5\"",
    "groups:\n",
    "groups.servers.model: none",
    "model: none",
    "validator: true",
    "faults:\n",
    "{kind: flood, victim: ",
    "regions: [",
    "delegators: {",
    "query: {",
    "schedule: [{at: 1 h, set: {chain.tempo: 5 blocks}}]",
};

static bool add_file(struct inputs *corpus, const char *path)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || corpus->count == INPUTS_MAX) {
        fprintf(stderr, "fuzz_config: cannot read '%s'\n", path);
        return false;
    }
    struct input *input = &corpus->inputs[corpus->count];
    input->data = malloc(INPUT_BYTES_MAX);
    input->size = input->data != NULL ? fread(input->data, 1, INPUT_BYTES_MAX, stream) : 0;
    fclose(stream);
    corpus->count += input->data != NULL;
    return input->data != NULL;
}

static bool add_folder(struct inputs *corpus, const char *folder)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort);
    bool read = count >= 0;
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            read &= add_file(corpus, path);
        free(names[i]);
    }
    free(names);
    return read;
}

/* Replaces `cut` bytes at `at` by `bytes`, as far as there is room. */
static void splice(struct input *input, size_t at, size_t cut, const void *bytes, size_t count)
{
    if (cut > input->size - at)
        cut = input->size - at;
    if (input->size - cut + count > INPUT_BYTES_MAX)
        return;
    memmove(input->data + at + count, input->data + at + cut, input->size - at - cut);
    memcpy(input->data + at, bytes, count);
    input->size += count - cut;
}

static void mutate(struct input *input, const struct inputs *corpus, struct stream *stream)
{
    size_t at = stream_below(stream, input->size + 1);
    uint8_t byte = (uint8_t)stream_u64(stream);
    const struct input *other = &corpus->inputs[stream_below(stream, corpus->count)];
    size_t from = stream_below(stream, other->size + 1);
    size_t length = stream_below(stream, 1 + (other->size - from < 64 ? other->size - from : 64));
    const char *word = words[stream_below(stream, sizeof(words) / sizeof(words[0]))];
    switch (stream_below(stream, 6)) {
    case 0:
        splice(input, at, 1, &byte, 1);
        break;
    case 1:
        splice(input, at, 1 + stream_below(stream, 20), "", 0);
        break;
    case 2:
        splice(input, at, stream_below(stream, 8), other->data + from, length);
        break;
    case 3:
        if (at < input->size)
            input->data[at] ^= (uint8_t)(1u << (byte & 7));
        break;
    default:
        splice(input, at, stream_below(stream, 2) * stream_below(stream, 12), word, strlen(word));
    }
}

static void fuzz(const struct inputs *corpus, uint64_t seed, double seconds)
{
    static uint8_t data[INPUT_BYTES_MAX];
    uint64_t runs = 0;
    for (double end = cpu_seconds() + seconds; cpu_seconds() < end; runs++) {
        struct stream stream;
        stream_init(&stream, seed, STREAM_TEST, stream_entity("fuzz_config", runs), 0);
        const struct input *start = &corpus->inputs[stream_below(&stream, corpus->count)];
        struct input input = {data, start->size};
        memcpy(data, start->data, start->size);
        for (uint64_t n = 1 + stream_below(&stream, 8); n > 0; n--)
            mutate(&input, corpus, &stream);
        LLVMFuzzerTestOneInput(input.data, input.size);
    }
    printf("%" PRIu64 " inputs from seed %" PRIu64 "\n", runs, seed);
}

int main(int argc, char **argv)
{
    static struct inputs corpus;
    double seconds = 0;
    uint64_t seed = 1;
    bool read = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = strtod(argv[++i], NULL);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else
            read &= seconds > 0 ? add_folder(&corpus, argv[i]) : add_file(&corpus, argv[i]);
    }
    if (!read || corpus.count == 0) {
        fprintf(stderr, "usage: fuzz_config FILE... | --seconds N [--seed S] FOLDER...\n");
        return 2;
    }
    for (size_t i = 0; i < corpus.count; i++)
        LLVMFuzzerTestOneInput(corpus.inputs[i].data, corpus.inputs[i].size);
    if (seconds > 0)
        fuzz(&corpus, seed, seconds);
    for (size_t i = 0; i < corpus.count; i++)
        free(corpus.inputs[i].data);
    return 0;
}

#endif
