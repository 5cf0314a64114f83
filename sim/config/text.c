#include "config/text.h"

#include "config/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void append(struct text *text, const char *bytes, size_t count)
{
    if (text->failed || !reserve(text, count))
        return;
    memcpy(text->data + text->used, bytes, count);
    text->used += count;
    text->data[text->used] = '\0';
}

/* Most formats hold nothing but %s.  printf takes its slow way through them in a process whose
 * libraries have registered conversions of their own, as the Fortran ones below BLAS do. */
static bool is_plain(const char *format)
{
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%'))
        if (at[1] != 's')
            return false;
    return true;
}

static void add_plain(struct text *text, const char *format, va_list arguments)
{
    const char *at;
    for (; (at = strchr(format, '%')) != NULL; format = at + 2) {
        append(text, format, (size_t)(at - format));
        const char *string = va_arg(arguments, const char *);
        append(text, string, strlen(string));
    }
    append(text, format, strlen(format));
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    if (is_plain(format)) {
        add_plain(text, format, arguments);
        va_end(arguments);
        return;
    }
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

/* ---- Strings in YAML ------------------------------------------------------------------------ */

static bool is_safe_plain(const char *string)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    struct node as_read = {.kind = NODE_SCALAR, .plain = true, .text = string};
    bool starts_well = (*string >= 'a' && *string <= 'z') || (*string >= 'A' && *string <= 'Z') ||
                       *string == '.' || *string == '/';
    return starts_well && strspn(string, safe) == strlen(string) && !node_is_typed(&as_read);
}

/* The code point of valid UTF-8 at `at`, and its bytes. */
static uint32_t decode(const char *at, size_t *ret_bytes)
{
    unsigned char first = (unsigned char)*at;
    size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t point = bytes == 1 ? first : first & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++)
        point = point << 6 | ((unsigned char)at[i] & 0x3Fu);
    *ret_bytes = bytes;
    return point;
}

/* Characters that YAML does not take, or takes for line breaks or a byte order mark. */
static bool needs_escape(uint32_t point)
{
    return point < ' ' || (point >= 0x7F && point <= 0xA0) || point == 0x2028 || point == 0x2029 ||
           point == 0xFEFF || point == 0xFFFE || point == 0xFFFF;
}

void text_add_yaml(struct text *text, const char *string)
{
    if (is_safe_plain(string)) {
        text_add(text, "%s", string);
        return;
    }
    text_add(text, "\"");
    for (size_t bytes; *string != '\0'; string += bytes) {
        uint32_t point = decode(string, &bytes);
        if (point == '"' || point == '\\')
            text_add(text, "\\%c", (char)point);
        else if (needs_escape(point))
            text_add(text, point < 0x100 ? "\\x%02X" : "\\u%04X", point);
        else
            text_add(text, "%.*s", (int)bytes, string);
    }
    text_add(text, "\"");
}
