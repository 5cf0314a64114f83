/* Files, their bases and the sets: everything that makes one tree. */
#include "config/load.h"

#include "config/layer.h"
#include "config/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, RANK_MAIN = 1000, FILE_BYTES_MAX = 4 << 20, BASES_MAX = 16 };

void loader_relative_path(const struct loader *loader, struct place at, const char *path,
                          char *ret_path, size_t bytes)
{
    const char *from = loader->sources[at.source].path;
    const char *slash = from != NULL ? strrchr(from, '/') : NULL;
    if (*path == '/' || slash == NULL)
        snprintf(ret_path, bytes, "%s", path);
    else
        snprintf(ret_path, bytes, "%.*s/%s", (int)(slash - from), from, path);
}

/* ---- Files ---------------------------------------------------------------------------------- */

/* The whole file in the arena.  SIM_IO, SIM_MEMORY, or SIM_LIMIT when it is too large. */
static enum sim_status read_file(struct arena *arena, const char *path, const char **ret_text,
                                 size_t *ret_bytes, struct sim_error *err)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path, strerror(errno));
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t bytes = text != NULL ? fread(text, 1, FILE_BYTES_MAX + 1, stream) : 0;
    bool failed = ferror(stream) != 0;
    int cause = errno;
    fclose(stream);
    char *copy = NULL;
    if (text != NULL && !failed && bytes <= FILE_BYTES_MAX)
        copy = arena_copy(arena, text, bytes);
    free(text);
    if (failed)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path, strerror(cause));
    if (bytes > FILE_BYTES_MAX)
        return SIM_FAIL(err, SIM_LIMIT, "the file is larger than 4 MiB");
    if (copy == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for '%s'", path);
    *ret_text = copy;
    *ret_bytes = bytes;
    return SIM_OK;
}

/* A byte order mark would shift the columns of the first line. */
static void skip_mark(const char **text, size_t *bytes)
{
    if (*bytes >= 3 && memcmp(*text, "\xEF\xBB\xBF", 3) == 0) {
        *text += 3;
        *bytes -= 3;
    }
}

enum sim_status load_lines(struct loader *loader, struct place at, const char *path,
                           uint32_t *ret_source, struct sim_error *err)
{
    char full[PATH_BYTES];
    loader_relative_path(loader, at, path, full, sizeof(full));
    struct source source = {.rank = loader->sources[at.source].rank};
    enum sim_status status = read_file(loader->arena, full, &source.text, &source.text_bytes, err);
    if (status != SIM_OK)
        return status;
    skip_mark(&source.text, &source.text_bytes);
    source.name = source.path = arena_copy(loader->arena, full, strlen(full));
    if (source.name == NULL || !loader_add_source(loader, &source, ret_source))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for '%s'", full);
    return SIM_OK;
}

static struct node *parse_file(struct loader *loader, const char *path, const char *text,
                               size_t bytes, int depth)
{
    struct place start = {0};
    skip_mark(&text, &bytes);
    char *name = arena_copy(loader->arena, path, strlen(path));
    struct source source = {
        .name = name, .path = name, .text = text, .text_bytes = bytes, .rank = RANK_MAIN - depth};
    loader->no_memory |= name == NULL;
    if (name == NULL || !loader_add_source(loader, &source, &start.source))
        return NULL;
    struct node *root = reader_parse(loader, start.source);
    if (root == NULL)
        return NULL;
    if (root->kind == NODE_MAP)
        return root;
    if (root->kind == NODE_SCALAR && node_is_null(root))
        loader_complain(loader, start, "the file is empty");
    else if (root->kind != NODE_BROKEN)
        loader_complain(loader, root->at, "a mapping of keys is expected, not %s",
                        node_kind_text(root));
    return NULL;
}

static struct node *load_base(struct loader *loader, struct node *over, const struct node *base,
                              int depth);

/* A file of which the root is known, over its base. */
static struct node *over_base(struct loader *loader, struct node *root, int depth)
{
    const struct entry *base = root != NULL ? node_find(root, "base") : NULL;
    return base != NULL ? load_base(loader, root, base->value, depth) : root;
}

static bool is_open_already(const struct loader *loader, const char *path)
{
    for (size_t i = 0; i < loader->source_count; i++)
        if (strcmp(loader->sources[i].name, path) == 0)
            return true;
    return false;
}

static struct node *load_base(struct loader *loader, struct node *over, const struct node *base,
                              int depth)
{
    if (base->kind != NODE_SCALAR || node_is_typed(base)) {
        loader->incomplete = true;
        if (base->kind != NODE_BROKEN)
            loader_complain(loader, base->at, "'base' takes the path of another scenario");
        return over;
    }
    char path[PATH_BYTES];
    loader_relative_path(loader, base->at, base->text, path, sizeof(path));
    if (is_open_already(loader, path) || depth >= BASES_MAX) {
        loader->incomplete = true;
        loader_complain(loader, base->at, "'base' goes in a circle or more than %d levels deep",
                        BASES_MAX);
        return over;
    }
    struct sim_error err = {0};
    const char *text;
    size_t bytes;
    if (read_file(loader->arena, path, &text, &bytes, &err) != SIM_OK) {
        loader->incomplete = true;
        loader_complain(loader, base->at, "'base': %s", err.text);
        return over;
    }
    struct node *under =
        over_base(loader, parse_file(loader, path, text, bytes, depth + 1), depth + 1);
    loader->incomplete |= under == NULL;
    return under != NULL ? layer_merge(loader, loader->schema->root, under, over) : over;
}

/* A file that is too large is an error of the scenario, not of the disk. */
static struct node *refuse_size(struct loader *loader, const char *path, struct sim_error *err)
{
    struct place start = {0};
    struct source source = {.name = path, .path = path, .text = ""};
    if (loader_add_source(loader, &source, &start.source))
        loader_complain(loader, start, "%s", err->text);
    *err = (struct sim_error){0};
    return NULL;
}

struct node *load_plain(struct loader *loader, const struct config_input *input,
                        struct sim_error *err)
{
    const char *text = input->text;
    size_t bytes = input->text_bytes;
    if (text != NULL) {
        text = arena_copy(loader->arena, text, bytes);
        if (text == NULL) {
            SIM_FAIL(err, SIM_MEMORY, "no memory for '%s'", input->path);
            return NULL;
        }
    } else if (read_file(loader->arena, input->path, &text, &bytes, err) != SIM_OK) {
        return err->status == SIM_LIMIT ? refuse_size(loader, input->path, err) : NULL;
    }
    return parse_file(loader, input->path, text, bytes, 0);
}

struct node *load_file(struct loader *loader, const struct config_input *input,
                       struct sim_error *err)
{
    return over_base(loader, load_plain(loader, input, err), 0);
}

/* ---- Sets ----------------------------------------------------------------------------------- */

/* The value starts behind the '=': its places are moved to where it stands in the whole text. */
static void shift_places(struct node *node, uint32_t columns)
{
    node->at.column += columns * (node->at.line == 0);
    for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++)
        shift_places(node->items[i], columns);
    for (size_t i = 0; node->kind == NODE_MAP && i < node->count; i++) {
        node->entries[i].at.column += columns * (node->entries[i].at.line == 0);
        shift_places(node->entries[i].value, columns);
    }
}

/* The set before this one, source `last`, that gives the same path; NULL if there is none. */
static const struct source *same_set(const struct loader *loader, uint32_t last, const char *path)
{
    size_t length = strlen(path);
    for (uint32_t s = 0; s < last; s++) {
        const struct source *source = &loader->sources[s];
        if (source->is_set && strncmp(source->text, path, length) == 0 &&
            source->text[length] == '=')
            return source;
    }
    return NULL;
}

struct node *load_set(struct loader *loader, struct node *root, const struct config_set *set,
                      size_t number)
{
    char label[32];
    snprintf(label, sizeof(label), "--set #%zu", number);
    const char *name = set->label != NULL ? set->label : label;
    struct place at = {0};
    struct source source = {.name = arena_copy(loader->arena, name, strlen(name)),
                            .path = loader->sources[0].path,
                            .text = arena_copy(loader->arena, set->text, strlen(set->text)),
                            .text_bytes = strlen(set->text),
                            .is_set = true,
                            .rank = RANK_MAIN + 1};
    loader->no_memory |= source.name == NULL || source.text == NULL;
    if (loader->no_memory || !loader_add_source(loader, &source, &at.source))
        return NULL;
    const char *equals = strchr(source.text, '=');
    char *path = equals != NULL
                     ? arena_copy(loader->arena, source.text, (size_t)(equals - source.text))
                     : NULL;
    if (path == NULL) {
        loader_complain(loader, at, "KEY=VALUE is expected, such as chain.tempo='100 blocks'");
        return root;
    }
    const struct source *before = loader->sets_differ ? same_set(loader, at.source, path) : NULL;
    if (before != NULL) {
        loader_complain(loader, at, "'%s' is already set by %s", path, before->name);
        return root;
    }
    if (equals[1] == '\0') {
        at.column = (uint32_t)(equals + 1 - source.text);
        loader_complain(loader, at, "'%s': the value is empty; an empty text is written ''", path);
        return root;
    }
    if (strncmp(path, "x-", 2) == 0) {
        loader_complain(loader, at, "'%s' is not read: it is the place for a file's anchors", path);
        return root;
    }
    /* Read the value alone, as if the path were spaces before it. */
    size_t skip = (size_t)(equals - source.text) + 1;
    loader->sources[at.source].text += skip;
    loader->sources[at.source].text_bytes -= skip;
    struct node *value = reader_parse(loader, at.source);
    loader->sources[at.source] = source;
    if (value == NULL)
        return root;
    shift_places(value, (uint32_t)skip);
    if (strcmp(path, "base") == 0) {
        loader_complain(loader, at, "'base' can only be given in a file");
        return root;
    }
    if (!layer_knows_group(loader, root, path, at, value))
        return root;
    struct node *tree = layer_from_path(loader, path, at, value);
    return tree != NULL ? layer_merge(loader, loader->schema->root, root, tree) : root;
}
