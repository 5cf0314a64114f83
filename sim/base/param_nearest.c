#include "base/param_text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Damerau-Levenshtein without editing a swapped pair again. */
static size_t distance(const char *a, size_t a_chars, const char *b, size_t b_chars)
{
    enum { CHARS_MAX = 48 };
    size_t rows[3][CHARS_MAX + 1];
    if (a_chars > CHARS_MAX || b_chars > CHARS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_chars; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_chars; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_chars; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            row[j] = least(above[j - 1] + (x != y), 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_chars % 3][b_chars];
}

const char *param_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t chars = strlen(word);
    size_t best_distance = least(3, (chars + 1) / 2);
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t d = distance(word, chars, names[i], strlen(names[i]));
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

/* Few names, and only when one of them was not understood: insertion. */
void param_sort_by_nearness(const char *word, const char **names, size_t count)
{
    size_t chars = strlen(word);
    for (size_t i = 1; i < count; i++) {
        const char *name = names[i];
        size_t to = i, d = distance(word, chars, name, strlen(name));
        for (; to > 0 && distance(word, chars, names[to - 1], strlen(names[to - 1])) > d; to--)
            names[to] = names[to - 1];
        names[to] = name;
    }
}
