#include "cli/differences.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 32, PATH_BYTES = 512, LINE_BYTES = 1024 };

/* Goes through the lines of a resolved scenario, which is nested by two blanks a level; the dash of
 * a list's entry is a level too. */
struct walk {
    const char *at;
    char path[PATH_BYTES];
    size_t ends[DEPTH_MAX];   /* of the path at each depth */
    unsigned item[DEPTH_MAX]; /* entries of the list at each depth so far */
    char value[LINE_BYTES];
};

/* The path of the level above, and then `text`. */
static void set_step(struct walk *w, size_t depth, const char *dot, const char *text, int length)
{
    size_t from = depth == 0 ? 0 : w->ends[depth - 1];
    int used =
        snprintf(w->path + from, PATH_BYTES - from, "%s%.*s", from > 0 ? dot : "", length, text);
    w->ends[depth] = from + (used < 0 ? 0 : (size_t)used);
    if (w->ends[depth] >= PATH_BYTES)
        w->ends[depth] = PATH_BYTES - 1;
}

/* "[2]" for the second entry of a list. */
static void enter_item(struct walk *w, size_t depth)
{
    char number[24];
    int length = snprintf(number, sizeof(number), "[%u]", ++w->item[depth]);
    set_step(w, depth, "", number, length);
}

/* The next key with a value of its own; false at the end. */
static bool next_key(struct walk *w)
{
    while (*w->at != '\0') {
        const char *line = w->at;
        size_t length = strcspn(line, "\n");
        w->at += length + (line[length] == '\n');
        size_t blanks = strspn(line, " ");
        const char *colon = memchr(line, ':', length);
        size_t depth = blanks / 2;
        if (colon == NULL || line[blanks] == '#' || depth >= DEPTH_MAX - 2)
            continue;
        if (strncmp(line + blanks, "- ", 2) == 0) {
            enter_item(w, depth++);
            blanks += 2;
        }
        set_step(w, depth, ".", line + blanks, (int)(colon - line - (long)blanks));
        w->item[depth + 1] = 0;
        const char *value = colon + 1;
        size_t left = length - (size_t)(value - line), skip = strspn(value, " ");
        if (skip >= left)
            continue;
        snprintf(w->value, sizeof(w->value), "%.*s", (int)(left - skip), value + skip);
        return true;
    }
    return false;
}

static bool counts(const char *path)
{
    return strcmp(path, "seed") != 0 && strcmp(path, "name") != 0;
}

/* The value of a path in another scenario; NULL: it has none. */
static const char *find_value(const char *text, const char *path, struct walk *walk)
{
    *walk = (struct walk){.at = text};
    while (next_key(walk))
        if (strcmp(walk->path, path) == 0)
            return walk->value;
    return NULL;
}

size_t differences_print(const char *a, const char *b)
{
    size_t count = 0;
    struct walk mine = {.at = a}, other;
    while (next_key(&mine)) {
        const char *value = counts(mine.path) ? find_value(b, mine.path, &other) : mine.value;
        if (value != NULL && strcmp(value, mine.value) == 0)
            continue;
        printf("  %s: %s -> %s\n", mine.path, mine.value, value == NULL ? "(none)" : value);
        count++;
    }
    mine = (struct walk){.at = b};
    while (next_key(&mine)) {
        if (!counts(mine.path) || find_value(a, mine.path, &other) != NULL)
            continue;
        printf("  %s: (none) -> %s\n", mine.path, mine.value);
        count++;
    }
    return count;
}
