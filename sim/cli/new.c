/*
 * new.c: a folder with the beginnings of a user's own part: `taosim new KIND NAME`.
 *
 * What is written is in template/; @NAME@, @IDENT@, @DATA@, @TAOSIM@ and @HEADERS@ are filled in.
 */
#include "cli/cli.h"
#include "cli/template/template.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_CHARS = 48 };

/* A file of the new folder. */
struct new_file {
    const char *name; /* NULL: the source, which is named as the part is */
    const char *text;
};
enum { NEW_FILES_MAX = 6 };

struct new_kind {
    const char *kind;
    const char *place; /* in a scenario */
    const char *data;  /* the file that its test reads */
    struct new_file files[NEW_FILES_MAX];
};

#define MARKET_FILES                                                                               \
    {"meson.build", template_part_meson}, {"market.py", template_market},                          \
    {                                                                                              \
        "scenario.yaml", template_market_scenario                                                  \
    }
static const struct new_kind kinds[] = {
    {"mechanism",
     "mechanism",
     "state.json",
     {{NULL, template_mechanism_c},
      {"meson.build", template_part_meson},
      {"test.py", template_mechanism_test},
      {"state.json", template_mechanism_state}}},
    {"strategy",
     "groups.GROUP.strategy",
     "scenario.yaml",
     {{NULL, template_strategy_c}, {"test.py", template_strategy_test}, MARKET_FILES}},
    {"scorer",
     "scorer",
     "scenario.yaml",
     {{NULL, template_scorer_c}, {"test.py", template_scorer_test}, MARKET_FILES}},
    {"router",
     "router",
     "scenario.yaml",
     {{NULL, template_router_c}, {"test.py", template_router_test}, MARKET_FILES}},
    {"model",
     "groups.GROUP.model",
     "scenario.yaml",
     {{NULL, template_model_c}, {"test.py", template_model_test}, MARKET_FILES}},
};

struct new_part {
    const struct new_kind *kind;
    const char *name;
    char ident[NAME_MAX_CHARS + 1]; /* the name as C writes it */
    char taosim[PATH_MAX];          /* this program */
    char headers[PATH_MAX];         /* the folder that holds chain/mechanism.h and the others */
};

/* ---- where the program and its headers are */

static bool has_headers(const char *folder)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/chain/mechanism.h", folder);
    return access(path, R_OK) == 0;
}

/* Beside an installed program, beside the build folder, or where the program was built. */
static bool find_headers(struct new_part *part)
{
    char folder[PATH_MAX], candidate[PATH_MAX + 32];
    snprintf(folder, sizeof(folder), "%s", part->taosim);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    static const char *const beside[] = {"../include/taosim", "../sim", NULL};
    for (size_t i = 0; beside[i] != NULL; i++) {
        snprintf(candidate, sizeof(candidate), "%s/%s", folder, beside[i]);
        if (has_headers(candidate) && realpath(candidate, part->headers) != NULL)
            return true;
    }
    snprintf(part->headers, sizeof(part->headers), "%s", TAOSIM_HEADERS);
    return has_headers(part->headers);
}

static bool find_program(struct new_part *part)
{
    ssize_t length = readlink("/proc/self/exe", part->taosim, sizeof(part->taosim) - 1);
    if (length <= 0)
        return false;
    part->taosim[length] = '\0';
    return true;
}

/* ---- writing */

/* Within single quotes of a meson file. */
static void put_quoted(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

/* The text behind a placeholder, or NULL where none stands at `at`. */
static const char *put_placeholder(FILE *file, const struct new_part *part, const char *at)
{
    const struct {
        const char *mark, *value;
    } marks[] = {{"@NAME@", part->name},
                 {"@IDENT@", part->ident},
                 {"@DATA@", part->kind->data},
                 {"@TAOSIM@", part->taosim},
                 {"@HEADERS@", part->headers}};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (strncmp(at, marks[i].mark, strlen(marks[i].mark)) == 0) {
            put_quoted(file, marks[i].value);
            return at + strlen(marks[i].mark);
        }
    return NULL;
}

static bool write_file(const struct new_part *part, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", part->name, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    while (*text != '\0') {
        const char *after = *text == '@' ? put_placeholder(file, part, text) : NULL;
        if (after == NULL)
            fputc(*text++, file);
        else
            text = after;
    }
    bool good = ferror(file) == 0;
    return fclose(file) == 0 && good;
}

static int write_folder(const struct new_part *part)
{
    char source[NAME_MAX_CHARS + 3];
    snprintf(source, sizeof(source), "%s.c", part->name);
    const struct new_file *files = part->kind->files;
    if (mkdir(part->name, 0777) != 0) {
        fprintf(stderr, "taosim: cannot make the folder '%s': %s\n", part->name, strerror(errno));
        return errno == EEXIST ? CLI_INVALID : CLI_IO;
    }
    for (size_t f = 0; f < NEW_FILES_MAX && files[f].text != NULL; f++)
        if (!write_file(part, files[f].name != NULL ? files[f].name : source, files[f].text)) {
            fprintf(stderr, "taosim: cannot write into '%s': %s\n", part->name, strerror(errno));
            return CLI_IO;
        }
    return CLI_DONE;
}

/* ---- the command */

static bool is_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[length] == '\0' && length > 0 && length <= NAME_MAX_CHARS && name[0] >= 'a' &&
           name[0] <= 'z';
}

/* Names that mean something else to meson and ninja. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "all",   "benchmark", "clean",     "coverage",   "dist",        "distcheck", "install",
        "phony", "test",      "uninstall", "scan-build", "reconfigure", NULL};
    for (size_t i = 0; reserved[i] != NULL; i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return strncmp(name, "meson-", 6) == 0 || strncmp(name, "coverage-", 9) == 0 ||
           strncmp(name, "clean-", 6) == 0 || strncmp(name, "clang-", 6) == 0;
}

static void fill_ident(struct new_part *part)
{
    snprintf(part->ident, sizeof(part->ident), "%s", part->name);
    for (char *at = part->ident; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
}

static const struct new_kind *find_kind(const char *name)
{
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        if (strcmp(kinds[k].kind, name) == 0)
            return &kinds[k];
    return NULL;
}

int cli_new(int argc, char **argv)
{
    if (argc != 3)
        return cli_usage("new", "a kind and a name are needed");
    const struct new_kind *kind = find_kind(argv[1]);
    if (strcmp(argv[1], "corpus") == 0)
        return cli_usage("new", "text of your own needs no code: corpus: {name: text, files: "
                                "['domain=path']} (docs/CORPUS.md)");
    if (kind == NULL)
        return cli_usage("new",
                         "no kind '%s' of your own; there are mechanism, strategy, scorer, router, "
                         "model",
                         argv[1]);
    if (!is_name(argv[2]))
        return cli_usage("new",
                         "a name is at most %d small letters, digits, '_' and '-', and begins with "
                         "a letter; not '%s'",
                         NAME_MAX_CHARS, argv[2]);
    if (is_reserved(argv[2]))
        return cli_usage("new", "'%s' is a name of the build system's own; choose another",
                         argv[2]);
    struct new_part part = {.kind = kind, .name = argv[2]};
    fill_ident(&part);
    if (!find_program(&part) || !find_headers(&part)) {
        fprintf(stderr, "taosim: cannot find the headers for a plug-in (chain/mechanism.h)\n");
        return CLI_IO;
    }
    int code = write_folder(&part);
    if (code == CLI_DONE)
        printf("%s/%s.c is a %s to change.  To build and test it:\n"
               "  meson setup %s/build %s && meson test -C %s/build\n"
               "Then, in a scenario: '%s: ./%s/build/%s.so' (from the scenario's folder)\n",
               part.name, part.name, kind->kind, part.name, part.name, part.name, kind->place,
               part.name, part.name);
    return code;
}
