/*
 * text.h: a string that grows.  Internal to sim/config.
 *
 * Start as {0}.  A failure to allocate is remembered and shows at the end, in text_take.
 */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data;
    size_t used, capacity;
    bool failed;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes blanks at the end away. */
void text_trim(struct text *text);

/* The string as a YAML scalar that reads back to it, quoted where it must be. */
void text_add_yaml(struct text *text, const char *string);

/* The string, which is then the caller's to free; NULL when out of memory. */
char *text_take(struct text *text);

#endif
