/*
 * generate.c: text written by a trained model of a run.
 */
#include "cli/cli.h"
#include "cli/models.h"
#include "cli/scenario.h"
#include "lm/lm_file.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TOKENS_MAX = 10000000 };

struct generate_arguments {
    char folder[PATH_BYTES];
    uint32_t uid;
    uint64_t seed;
    size_t token_count;
    double temperature;
    const char *prompt;
    const char *network; /* NULL: the only one, or the first */
};

/* ---- the command line */

static bool parse_count(const char *text, uint64_t most, uint64_t *ret_value)
{
    char *end;
    errno = 0;
    *ret_value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *ret_value <= most;
}

static bool parse_temperature(const char *text, double *ret_value)
{
    char *end;
    *ret_value = strtod(text, &end);
    return end != text && *end == '\0' && *ret_value >= 0 && isfinite(*ret_value);
}

static int take_option(int letter, struct generate_arguments *arguments)
{
    uint64_t number = 0;
    switch (letter) {
    case 'u':
        if (!parse_count(optarg, UINT32_MAX - 1, &number))
            return cli_usage("generate", "--uid takes a number, not '%s'", optarg);
        arguments->uid = (uint32_t)number;
        return CLI_DONE;
    case 'n':
        if (!parse_count(optarg, TOKENS_MAX, &number) || number == 0)
            return cli_usage("generate", "--tokens takes a number from 1 to %d, not '%s'",
                             TOKENS_MAX, optarg);
        arguments->token_count = number;
        return CLI_DONE;
    case 't':
        if (!parse_temperature(optarg, &arguments->temperature))
            return cli_usage("generate", "--temperature takes a number from 0, not '%s'", optarg);
        return CLI_DONE;
    case 'S':
        if (!parse_count(optarg, UINT64_MAX, &arguments->seed))
            return cli_usage("generate", "--seed takes a number, not '%s'", optarg);
        return CLI_DONE;
    case 'N':
        arguments->network = optarg;
        return CLI_DONE;
    case 'p':
        arguments->prompt = optarg;
        return CLI_DONE;
    default:
        return cli_usage("generate", "no option '%s', or it needs a value", optarg);
    }
}

/* DIR, or the folder of DIR/result.h5. */
static int find_folder(const char *path, struct generate_arguments *arguments)
{
    struct stat found;
    size_t length = strlen(path);
    if (length >= sizeof(arguments->folder))
        return cli_usage("generate", "the path is too long");
    memcpy(arguments->folder, path, length + 1);
    if (stat(path, &found) != 0)
        return cli_usage("generate", "no run folder or result '%s'", path);
    if (S_ISDIR(found.st_mode))
        return CLI_DONE;
    char *slash = strrchr(arguments->folder, '/');
    if (slash == NULL)
        snprintf(arguments->folder, sizeof(arguments->folder), ".");
    else
        *slash = '\0';
    return CLI_DONE;
}

static int parse_generate(int argc, char **argv, struct generate_arguments *arguments)
{
    static const struct option options[] = {{"uid", required_argument, NULL, 'u'},
                                            {"tokens", required_argument, NULL, 'n'},
                                            {"prompt", required_argument, NULL, 'p'},
                                            {"temperature", required_argument, NULL, 't'},
                                            {"seed", required_argument, NULL, 'S'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (letter == '?' || letter == ':')
            optarg = argv[optind - 1];
        int code = take_option(letter, arguments);
        if (code != CLI_DONE)
            return code;
    }
    if (optind + 1 != argc)
        return cli_usage("generate", "one run folder or result is needed");
    return find_folder(argv[optind], arguments);
}

/* ---- symbols and texts */

/* Bytes of one symbol's text.  A symbol of a byte vocabulary is the byte. */
static size_t symbol_text(const struct corpus *corpus, uint32_t symbol, const char **ret_text,
                          char *byte)
{
    *ret_text = corpus->symbol_texts[symbol];
    if (corpus->vocabulary_symbols != 256)
        return strlen(*ret_text);
    *byte = (char)symbol;
    *ret_text = byte;
    return 1;
}

static void print_tokens(const struct corpus *corpus, const uint8_t *tokens, size_t count,
                         FILE *file)
{
    for (size_t i = 0; i < count; i++) {
        const char *text;
        char byte;
        size_t length = symbol_text(corpus, tokens[i], &text, &byte);
        fwrite(text, 1, length, file);
    }
}

/* The text of a corpus of symbols without a meaning: each is written as it is printed. */
static size_t match_symbols(const struct corpus *corpus, const char *prompt, uint8_t *ret_tokens,
                            const char **ret_rest)
{
    size_t count = 0;
    while (*prompt != '\0') {
        uint32_t v = 0;
        size_t length = 0;
        for (; v < corpus->vocabulary_symbols; v++) {
            length = strlen(corpus->symbol_texts[v]);
            if (strncmp(corpus->symbol_texts[v], prompt, length) == 0)
                break;
        }
        if (v == corpus->vocabulary_symbols)
            break;
        ret_tokens[count++] = (uint8_t)v;
        prompt += length;
    }
    *ret_rest = prompt;
    return count;
}

static bool same_text(const struct corpus *corpus, const uint8_t *tokens, size_t count,
                      const char *text)
{
    for (size_t i = 0; i < count; i++) {
        const char *symbol;
        char byte;
        size_t length = symbol_text(corpus, tokens[i], &symbol, &byte);
        if (strncmp(symbol, text, length) != 0)
            return false;
        text += length;
    }
    return *text == '\0';
}

/* Whether anything is left of a prompt that the corpus has symbols for. */
static bool says_something(const struct corpus *corpus, const uint8_t *tokens, size_t count)
{
    uint8_t unknown[8], blank[2];
    size_t unknown_count = corpus_encode(corpus, "\x01", 1, unknown);
    size_t blank_count = corpus_encode(corpus, "a ", 2, blank);
    for (size_t i = 0; i < count; i++)
        if ((unknown_count != 1 || tokens[i] != unknown[0]) &&
            (blank_count != 2 || tokens[i] != blank[1]))
            return true;
    return false;
}

/* A prompt of text, folded as the corpus folds its own; where that changes it, it is said. */
static enum sim_status fold_prompt(const struct corpus *corpus, const char *prompt,
                                   uint8_t *ret_tokens, size_t *ret_count, struct sim_error *err)
{
    *ret_count = corpus_encode(corpus, prompt, strlen(prompt), ret_tokens);
    if (prompt[0] != '\0' && !says_something(corpus, ret_tokens, *ret_count))
        return SIM_FAIL(err, SIM_CONFIG,
                        "--prompt: the run's vocabulary has no symbol for anything in '%s'; "
                        "'vocabulary: bytes' of the corpus would have",
                        prompt);
    if (!same_text(corpus, ret_tokens, *ret_count, prompt)) {
        fprintf(stderr, "taosim: --prompt: the run's corpus reads it as '");
        print_tokens(corpus, ret_tokens, *ret_count, stderr);
        fprintf(stderr, "'\n");
    }
    return SIM_OK;
}

/* Tokens of the prompt into ret_tokens (2 strlen(prompt) + 1); at least one, since a model needs a
 * token to go on from: the end of a line, or the first symbol.  *ret_shown of them are the
 * prompt's. */
static enum sim_status read_prompt(const struct corpus *corpus, const char *prompt,
                                   uint8_t *ret_tokens, size_t *ret_count, size_t *ret_shown,
                                   struct sim_error *err)
{
    const char *rest = "";
    enum sim_status status = SIM_OK;
    ret_tokens[0] = 0;
    if (corpus->ops->encode != NULL)
        status = fold_prompt(corpus, prompt, ret_tokens, ret_shown, err);
    else
        *ret_shown = match_symbols(corpus, prompt, ret_tokens, &rest);
    if (*rest != '\0')
        return SIM_FAIL(err, SIM_CONFIG,
                        "--prompt: the run's corpus is not of text: its symbols are written %s to "
                        "%s, and '%s' is none",
                        corpus->symbol_texts[0],
                        corpus->symbol_texts[corpus->vocabulary_symbols - 1], rest);
    *ret_count = *ret_shown;
    if (*ret_shown == 0 && corpus->ops->encode != NULL)
        corpus_encode(corpus, "\n", 1, ret_tokens);
    *ret_count = *ret_shown == 0 ? 1 : *ret_shown;
    return status;
}

/* ---- writing */

/* Shown as it comes: a long text says by itself how far it is. */
static void take_tokens(void *context, const uint8_t *tokens, size_t count)
{
    print_tokens(context, tokens, count, stdout);
    fflush(stdout);
}

static enum sim_status write_after(const struct generate_arguments *arguments,
                                   struct corpus *corpus, const struct lm_file *model,
                                   const uint8_t *prompt, size_t prompt_count, uint8_t *tokens,
                                   struct sim_error *err)
{
    struct stream stream;
    stream_init(&stream, arguments->seed, STREAM_CLIENT, stream_entity("generate", 0), 0);
    struct lm_generate_options options = {.prompt = prompt,
                                          .prompt_count = prompt_count,
                                          .count = arguments->token_count,
                                          .temperature = arguments->temperature,
                                          .take = take_tokens,
                                          .take_context = corpus};
    enum sim_status status =
        lm_generate(model->ops, model->shape, model->parameters, &options, &stream, tokens, err);
    putchar('\n');
    return status;
}

static enum sim_status write_text(const struct generate_arguments *arguments, struct corpus *corpus,
                                  const struct lm_file *model, struct sim_error *err)
{
    if (model->ops->vocabulary(model->shape) != corpus->vocabulary_symbols)
        return SIM_FAIL(err, SIM_CONFIG, "'%s': the models are not of this scenario's vocabulary",
                        arguments->folder);
    uint8_t *prompt = malloc(2 * strlen(arguments->prompt) + 1);
    uint8_t *tokens = malloc(arguments->token_count);
    enum sim_status status = SIM_OK;
    size_t prompt_count = 0, shown = 0;
    if (prompt == NULL || tokens == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu tokens", arguments->token_count);
    if (status == SIM_OK)
        status = read_prompt(corpus, arguments->prompt, prompt, &prompt_count, &shown, err);
    if (status == SIM_OK) {
        print_tokens(corpus, prompt, shown, stdout);
        status = write_after(arguments, corpus, model, prompt, prompt_count, tokens, err);
    }
    free(prompt);
    free(tokens);
    return status;
}

static const struct scenario_network *network_of(const struct generate_arguments *arguments,
                                                 const struct scenario_plan *plan)
{
    for (uint32_t n = 0; n < plan->network_count && arguments->network != NULL; n++)
        if (strcmp(plan->networks[n].name, arguments->network) == 0)
            return &plan->networks[n];
    return &plan->networks[0];
}

/* The corpus of the folder's scenario says what the tokens mean. */
static enum sim_status with_corpus(const struct generate_arguments *arguments,
                                   const struct lm_file *model, struct sim_error *err)
{
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof(path), "%s/scenario.yaml", arguments->folder);
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    struct config_input input = {.path = path, .stored = true};
    struct config_report report = {0};
    struct config *config = NULL;
    struct scenario_plan plan = {0};
    enum sim_status status = config_load(&schema.config, &input, &config, &report, err);
    if (status == SIM_CONFIG)
        cli_print_report(&report);
    if (status == SIM_OK)
        status = scenario_plan_init(&plan, &schema, config, err);
    if (status == SIM_OK)
        status = write_text(arguments, network_of(arguments, &plan)->corpus, model, err);
    config_report_release(&report);
    scenario_plan_release(&plan);
    config_free(config);
    return status;
}

/* Of several networks the one of the lowest netuid; NULL where there is one, or no scenario. */
static const char *first_network(const struct generate_arguments *arguments,
                                 char ret_name[SCENARIO_PREFIX_BYTES])
{
    char path[PATH_BYTES + 16];
    struct scenario_schema schema;
    struct config_report report = {0};
    struct sim_error ignored = {0};
    struct config *config = NULL;
    snprintf(path, sizeof(path), "%s/scenario.yaml", arguments->folder);
    struct config_input input = {.path = path, .stored = true};
    scenario_schema_init(&schema);
    ret_name[0] = '\0';
    uint32_t lowest = UINT32_MAX;
    if (config_load(&schema.config, &input, &config, &report, &ignored) == SIM_OK)
        for (size_t n = 0; n < scenario_network_count(config); n++) {
            char prefix[SCENARIO_PREFIX_BYTES];
            const struct config_block *block = scenario_network_at(config, n, prefix);
            const struct world_network_params *params = block->values;
            if (params->netuid < lowest)
                snprintf(ret_name, SCENARIO_PREFIX_BYTES, "%s", block->name);
            lowest = params->netuid < lowest ? params->netuid : lowest;
        }
    config_report_release(&report);
    config_free(config);
    scenario_schema_release(&schema);
    return ret_name[0] == '\0' ? NULL : ret_name;
}

static int no_model(const struct generate_arguments *arguments)
{
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof(path), "%s/models", arguments->folder);
    if (access(path, F_OK) != 0)
        fprintf(stderr,
                "taosim: '%s' holds no models; a run keeps them with "
                "'--set record.models=true', once it has come to its end\n",
                arguments->folder);
    else
        fprintf(stderr, "taosim: '%s' holds no model of uid %u%s%s%s\n", arguments->folder,
                arguments->uid, arguments->network != NULL ? " of network '" : "",
                arguments->network != NULL ? arguments->network : "",
                arguments->network != NULL ? "'" : "");
    return CLI_INVALID;
}

int cli_generate(int argc, char **argv)
{
    struct generate_arguments arguments = {
        .token_count = 400, .temperature = 0.7, .seed = 1, .prompt = ""};
    char path[PATH_BYTES + 128], name[SCENARIO_PREFIX_BYTES];
    int code = parse_generate(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    if (arguments.network == NULL)
        arguments.network = first_network(&arguments, name);
    models_path(path, sizeof(path), arguments.folder, arguments.network, arguments.uid);
    if (access(path, F_OK) != 0)
        return no_model(&arguments);
    struct sim_error err = {0};
    struct lm_file model = {0};
    enum sim_status status = lm_load(path, &model, &err);
    if (status == SIM_OK)
        status = with_corpus(&arguments, &model, &err);
    lm_file_release(&model);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}
