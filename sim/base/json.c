#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory comes in chunks that live as long as the document. */
struct chunk {
    struct chunk *next;
    max_align_t bytes[];
};

struct json {
    struct chunk *chunks;
    unsigned char *free_bytes; /* in the newest chunk */
    size_t free_count;
    struct json_value root;
};

/* Values of arrays and objects that are still open wait here. */
struct stack {
    struct json_value *values;
    size_t count, capacity;
};

struct parser {
    const char *name;
    const char *at, *end;
    const char *line_start;
    uint32_t line;
    unsigned depth;
    enum json_rules rules;
    struct json *json;
    struct stack stack;
    struct sim_error *err;
};

/* ------------------------------------------------------------------------------------- memory */

static void *take(struct json *json, size_t size_bytes)
{
    const size_t chunk_bytes = 1 << 16, align = sizeof(max_align_t);
    size_t size = (size_bytes + align - 1) / align * align;
    if (size > json->free_count) {
        size_t room = size > chunk_bytes ? size : chunk_bytes;
        struct chunk *chunk = malloc(sizeof(*chunk) + room);
        if (chunk == NULL)
            return NULL;
        chunk->next = json->chunks;
        json->chunks = chunk;
        json->free_bytes = (unsigned char *)chunk->bytes;
        json->free_count = room;
    }
    void *bytes = json->free_bytes;
    json->free_bytes += size;
    json->free_count -= size;
    return bytes;
}

struct json *json_free(struct json *json)
{
    while (json != NULL && json->chunks != NULL) {
        struct chunk *next = json->chunks->next;
        free(json->chunks);
        json->chunks = next;
    }
    free(json);
    return NULL;
}

static enum sim_status no_memory(struct parser *p)
{
    return SIM_FAIL(p->err, SIM_MEMORY, "%s: out of memory", p->name);
}

static enum sim_status push(struct parser *p, const struct json_value *value)
{
    struct stack *stack = &p->stack;
    if (stack->count == stack->capacity) {
        size_t capacity = stack->capacity == 0 ? 256 : 2 * stack->capacity;
        struct json_value *values = realloc(stack->values, capacity * sizeof(*values));
        if (values == NULL)
            return no_memory(p);
        stack->values = values;
        stack->capacity = capacity;
    }
    stack->values[stack->count++] = *value;
    return SIM_OK;
}

/* Moves the values above `base` from the stack into the document. */
static enum sim_status close_items(struct parser *p, size_t base, struct json_value *value)
{
    size_t count = p->stack.count - base;
    struct json_value *items = take(p->json, (count + 1) * sizeof(*items));
    if (items == NULL)
        return no_memory(p);
    if (count > 0)
        memcpy(items, p->stack.values + base, count * sizeof(*items));
    p->stack.count = base;
    value->items = items;
    value->count = count;
    return SIM_OK;
}

/* ------------------------------------------------------------------------------------- reading */

static uint32_t column_of(const struct parser *p, const char *at)
{
    return (uint32_t)(at - p->line_start) + 1;
}

__attribute__((format(printf, 3, 4))) static enum sim_status
fail_at(struct parser *p, const char *at, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return SIM_FAIL(p->err, SIM_CONFIG, "%s:%u:%u: %s", p->name, p->line, column_of(p, at), what);
}

/* What stands at the place of an error, for its message. */
static enum sim_status fail_expected(struct parser *p, const char *expected)
{
    if (p->at == p->end)
        return fail_at(p, p->at, "%s is expected, but the text ends", expected);
    unsigned char c = (unsigned char)*p->at;
    if (c < 0x20 || c >= 0x7f)
        return fail_at(p, p->at, "%s is expected, not byte 0x%02x", expected, c);
    return fail_at(p, p->at, "%s is expected, not '%c'", expected, c);
}

static void skip_space(struct parser *p)
{
    for (; p->at < p->end; p->at++) {
        if (*p->at == '\n') {
            p->line++;
            p->line_start = p->at + 1;
        } else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r') {
            return;
        }
    }
}

static bool accept(struct parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static size_t skip_digits(struct parser *p)
{
    const char *start = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return (size_t)(p->at - start);
}

static enum sim_status read_number(struct parser *p, struct json_value *value)
{
    const char *start = p->at;
    accept(p, '-');
    if (!accept(p, '0') && skip_digits(p) == 0)
        return fail_expected(p, "a digit");
    if (accept(p, '.') && skip_digits(p) == 0)
        return fail_expected(p, "a digit");
    if (accept(p, 'e') || accept(p, 'E')) {
        if (!accept(p, '+'))
            accept(p, '-');
        if (skip_digits(p) == 0)
            return fail_expected(p, "a digit");
    }
    if (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        return fail_at(p, start, "a number must not start with 0");
    size_t length = (size_t)(p->at - start);
    char *text = take(p->json, length + 1);
    if (text == NULL)
        return no_memory(p);
    memcpy(text, start, length);
    text[length] = '\0';
    value->kind = JSON_NUMBER;
    value->text = text;
    value->length = length;
    return SIM_OK;
}

/* Length of a well-formed UTF-8 sequence (RFC 3629), 0 if it is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

static size_t utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead[length] | code);
    return length;
}

/* Four hexadecimal digits at p->at. */
static bool read_hex4(struct parser *p, uint32_t *ret_code)
{
    uint32_t code = 0;
    if (p->end - p->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = p->at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        code = code << 4 | digit;
    }
    p->at += 4;
    *ret_code = code;
    return true;
}

/* After `\u`. */
static enum sim_status read_unicode_escape(struct parser *p, char *out, size_t *length)
{
    uint32_t code, low;
    const char *start = p->at - 2;
    if (!read_hex4(p, &code))
        return fail_at(p, start, "\\u needs four hexadecimal digits");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!accept(p, '\\') || !accept(p, 'u') || !read_hex4(p, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return fail_at(p, start, "a high surrogate needs a low one after it");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return fail_at(p, start, "a low surrogate needs a high one before it");
    }
    *length += utf8_encode(code, out + *length);
    return SIM_OK;
}

/* After the backslash. */
static enum sim_status read_escape(struct parser *p, char *out, size_t *length)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (accept(p, 'u'))
        return read_unicode_escape(p, out, length);
    const char *found = p->at < p->end && *p->at != '\0' ? strchr(from, *p->at) : NULL;
    if (found == NULL)
        return fail_at(p, p->at - 1, "unknown escape in a string");
    p->at++;
    out[(*length)++] = to[found - from];
    return SIM_OK;
}

/* Bytes up to the closing quote, which bound the decoded length. */
static size_t string_bound(const struct parser *p)
{
    const char *at = p->at;
    while (at < p->end && *at != '"')
        at += *at == '\\' && at + 1 < p->end ? 2 : 1;
    return (size_t)(at - p->at);
}

/* At the opening quote. */
static enum sim_status read_string(struct parser *p, const char **ret_text, size_t *ret_length)
{
    const char *start = p->at++;
    char *out = take(p->json, string_bound(p) + 1);
    if (out == NULL)
        return no_memory(p);
    size_t length = 0;
    while (p->at < p->end && *p->at != '"') {
        if (accept(p, '\\')) {
            enum sim_status status = read_escape(p, out, &length);
            if (status != SIM_OK)
                return status;
            continue;
        }
        if ((unsigned char)*p->at < 0x20)
            return fail_at(p, p->at, "a control character in a string must be escaped");
        size_t bytes = utf8_length((const unsigned char *)p->at, (size_t)(p->end - p->at));
        if (bytes == 0)
            return fail_at(p, p->at, "this is not UTF-8");
        memcpy(out + length, p->at, bytes);
        length += bytes;
        p->at += bytes;
    }
    if (!accept(p, '"'))
        return fail_at(p, start, "this string does not end");
    out[length] = '\0';
    *ret_text = out;
    *ret_length = length;
    return SIM_OK;
}

static enum sim_status read_value(struct parser *p, struct json_value *value);

static enum sim_status read_word(struct parser *p, struct json_value *value)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        bool truth;
    } words[] = {
        {"null", JSON_NULL, false}, {"true", JSON_BOOL, true}, {"false", JSON_BOOL, false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i].text);
        if ((size_t)(p->end - p->at) >= length && memcmp(p->at, words[i].text, length) == 0) {
            p->at += length;
            value->kind = words[i].kind;
            value->truth = words[i].truth;
            return SIM_OK;
        }
    }
    return fail_expected(p, "a value");
}

static enum sim_status enter(struct parser *p)
{
    if (++p->depth > JSON_DEPTH_MAX)
        return fail_at(p, p->at, "more than %d levels", JSON_DEPTH_MAX);
    p->at++;
    skip_space(p);
    return SIM_OK;
}

static enum sim_status read_array(struct parser *p, struct json_value *value)
{
    size_t base = p->stack.count;
    enum sim_status status = enter(p);
    value->kind = JSON_ARRAY;
    for (bool more = status == SIM_OK && !accept(p, ']'); more;) {
        struct json_value item;
        status = read_value(p, &item);
        if (status == SIM_OK)
            status = push(p, &item);
        if (status != SIM_OK)
            return status;
        skip_space(p);
        more = accept(p, ',');
        if (more)
            skip_space(p);
        else if (!accept(p, ']'))
            return fail_expected(p, "',' or ']'");
    }
    p->depth--;
    return status == SIM_OK ? close_items(p, base, value) : status;
}

static enum sim_status read_member(struct parser *p)
{
    if (p->at == p->end || *p->at != '"')
        return fail_expected(p, "a key in double quotes");
    const char *name, *start = p->at;
    size_t length;
    enum sim_status status = read_string(p, &name, &length);
    if (status != SIM_OK)
        return status;
    if (strlen(name) != length)
        return fail_at(p, start, "a key must not hold \\u0000");
    skip_space(p);
    if (!accept(p, ':'))
        return fail_expected(p, "':'");
    skip_space(p);
    struct json_value item;
    status = read_value(p, &item);
    item.name = name;
    return status == SIM_OK ? push(p, &item) : status;
}

static int compare_names(const void *a, const void *b)
{
    const struct json_value *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Sorts pointers: objects of thousands of members (rows by uid) are usual. */
static enum sim_status check_unique_names(struct parser *p, const struct json_value *value)
{
    if (value->count < 2 || p->rules == JSON_REPEATED_KEYS)
        return SIM_OK;
    const struct json_value **sorted = malloc(value->count * sizeof(*sorted));
    if (sorted == NULL)
        return no_memory(p);
    for (size_t i = 0; i < value->count; i++)
        sorted[i] = &value->items[i];
    qsort(sorted, value->count, sizeof(*sorted), compare_names);
    enum sim_status status = SIM_OK;
    for (size_t i = 1; i < value->count && status == SIM_OK; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0)
            continue;
        const struct json_value *later = sorted[i - 1] > sorted[i] ? sorted[i - 1] : sorted[i];
        status = SIM_FAIL(p->err, SIM_CONFIG, "%s:%u:%u: key '%s' is given twice", p->name,
                          later->line, later->column, later->name);
    }
    free(sorted);
    return status;
}

static enum sim_status read_object(struct parser *p, struct json_value *value)
{
    size_t base = p->stack.count;
    enum sim_status status = enter(p);
    value->kind = JSON_OBJECT;
    for (bool more = status == SIM_OK && !accept(p, '}'); more;) {
        status = read_member(p);
        if (status != SIM_OK)
            return status;
        skip_space(p);
        more = accept(p, ',');
        if (more)
            skip_space(p);
        else if (!accept(p, '}'))
            return fail_expected(p, "',' or '}'");
    }
    p->depth--;
    if (status == SIM_OK)
        status = close_items(p, base, value);
    return status == SIM_OK ? check_unique_names(p, value) : status;
}

static enum sim_status read_value(struct parser *p, struct json_value *value)
{
    *value = (struct json_value){.line = p->line, .column = column_of(p, p->at)};
    char c = p->at < p->end ? *p->at : '\0';
    switch (c) {
    case '{':
        return read_object(p, value);
    case '[':
        return read_array(p, value);
    case '"':
        value->kind = JSON_STRING;
        return read_string(p, &value->text, &value->length);
    default:
        return c == '-' || (c >= '0' && c <= '9') ? read_number(p, value) : read_word(p, value);
    }
}

static enum sim_status read_document(struct parser *p)
{
    skip_space(p);
    enum sim_status status = read_value(p, &p->json->root);
    skip_space(p);
    if (status == SIM_OK && p->at != p->end)
        return fail_expected(p, "the end of the text");
    return status;
}

enum sim_status json_parse(const char *name, const char *text, size_t size_bytes,
                           enum json_rules rules, struct json **ret_json, struct sim_error *err)
{
    struct json *json = calloc(1, sizeof(*json));
    if (json == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "%s: out of memory", name);
    struct parser p = {.name = name,
                       .at = text,
                       .end = text + size_bytes,
                       .line_start = text,
                       .line = 1,
                       .rules = rules,
                       .json = json,
                       .err = err};
    enum sim_status status = read_document(&p);
    free(p.stack.values);
    if (status == SIM_OK)
        *ret_json = json;
    else
        json_free(json);
    return status;
}

/* All of a file that is open, which may be a pipe. */
static enum sim_status read_all(FILE *file, const char *path, char **ret_text, size_t *ret_size,
                                struct sim_error *err)
{
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text != NULL) {
        size += fread(text + size, 1, capacity - size, file);
        if (size < capacity)
            break;
        capacity *= 2;
        char *grown = realloc(text, capacity);
        if (grown == NULL)
            free(text);
        text = grown;
    }
    if (text == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "%s: out of memory", path);
    if (ferror(file)) {
        free(text);
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    *ret_text = text;
    *ret_size = size;
    return SIM_OK;
}

enum sim_status json_read_file(const char *path, enum json_rules rules, struct json **ret_json,
                               struct sim_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot open '%s': %s", path, strerror(errno));
    char *text = NULL;
    size_t size = 0;
    enum sim_status status = read_all(file, path, &text, &size, err);
    fclose(file);
    if (status != SIM_OK)
        return status;
    status = json_parse(path, text, size, rules, ret_json, err);
    free(text);
    return status;
}

const struct json_value *json_root(const struct json *json)
{
    return &json->root;
}
