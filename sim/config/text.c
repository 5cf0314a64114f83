#include "config/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct text *text, size_t bytes)
{
    if (text->capacity - text->used > bytes)
        return true;
    size_t capacity = text->capacity == 0 ? 256 : text->capacity;
    while (capacity - text->used <= bytes)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int bytes = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (bytes >= 0 && !text->failed && reserve(text, (size_t)bytes)) {
        vsnprintf(text->data + text->used, (size_t)bytes + 1, format, arguments);
        text->used += (size_t)bytes;
    }
    va_end(arguments);
}

void text_trim(struct text *text)
{
    while (text->used > 0 && text->data[text->used - 1] == ' ')
        text->data[--text->used] = '\0';
}

char *text_take(struct text *text)
{
    char *data = text->data;
    if (text->failed) {
        free(data);
        data = NULL;
    }
    *text = (struct text){0};
    return data;
}
