#include "corpus/strip.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct reader {
    const char *at, *end;
};

/* What is written never outgrows what was read: a break takes the place of the blank before it. */
struct writer {
    char *text;
    size_t count;
};

static void put(struct writer *out, char c)
{
    out->text[out->count++] = c;
}

/* Ends the line if anything stands on it. */
static void put_break(struct writer *out)
{
    if (out->count > 0 && out->text[out->count - 1] == ' ')
        out->text[out->count - 1] = '\n';
    else if (out->count > 0 && out->text[out->count - 1] != '\n')
        put(out, '\n');
}

/* A blank of the markup: never at the start of a line, never twice. */
static void put_blank(struct writer *out)
{
    if (out->count > 0 && out->text[out->count - 1] != '\n' && out->text[out->count - 1] != ' ')
        put(out, ' ');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- HTML ------------------------------------------------------------------------------------ */

static bool listed(const char *name, size_t size, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strlen(*names) == size && strncasecmp(name, *names, size) == 0)
            return true;
    return false;
}

/* Elements inside a line of text; every other tag ends the line. */
static const char *const inline_tags[] = {
    "a",     "abbr", "acronym", "b",   "bdi", "big", "cite", "code", "del",
    "em",    "font", "i",       "img", "ins", "kbd", "q",    "s",    "samp",
    "small", "span", "strong",  "sub", "sup", "tt",  "u",    "var",  NULL};
static const char *const unread_tags[] = {"head", "script", "style", NULL};

/* A pointer behind the closing tag of `name`, or the end. */
static const char *skip_element(const char *at, const char *end, const char *name, size_t size)
{
    for (; at < end; at++) {
        if (*at == '<' && (size_t)(end - at) > size + 2 && at[1] == '/' &&
            strncasecmp(at + 2, name, size) == 0)
            break;
    }
    while (at < end && *at != '>')
        at++;
    return at < end ? at + 1 : end;
}

static void put_utf8(struct writer *out, uint32_t code_point)
{
    if (code_point < 0x80) {
        put(out, (char)code_point);
    } else if (code_point < 0x800) {
        put(out, (char)(0xC0 | code_point >> 6));
        put(out, (char)(0x80 | (code_point & 0x3F)));
    } else if (code_point < 0x10000) {
        put(out, (char)(0xE0 | code_point >> 12));
        put(out, (char)(0x80 | (code_point >> 6 & 0x3F)));
        put(out, (char)(0x80 | (code_point & 0x3F)));
    }
}

static const struct {
    const char *name;
    uint32_t code_point;
} entities[] = {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},
                {"apos", '\''},    {"nbsp", ' '},     {"copy", 0xA9},     {"reg", 0xAE},
                {"auml", 0xE4},    {"ouml", 0xF6},    {"uuml", 0xFC},     {"szlig", 0xDF},
                {"Auml", 0xC4},    {"Ouml", 0xD6},    {"Uuml", 0xDC},     {"eacute", 0xE9},
                {"egrave", 0xE8},  {"agrave", 0xE0},  {"ccedil", 0xE7},   {"ntilde", 0xF1},
                {"mdash", 0x2014}, {"ndash", 0x2013}, {"hellip", 0x2026}, {"lsquo", 0x2018},
                {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D},  {"bull", 0x2022}};

static uint32_t numeric_entity(const char *digits, size_t size)
{
    bool hex = size > 1 && (digits[0] == 'x' || digits[0] == 'X');
    uint32_t value = 0;
    for (size_t i = hex; i < size && value < 0x110000; i++) {
        char c = digits[i];
        uint32_t digit = is_digit(c) ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
        value = value * (hex ? 16 : 10) + digit;
    }
    return value == 0xA0 ? ' ' : value;
}

/* An entity that is not known stays as it is written. */
static const char *html_entity(const char *at, const char *end, struct writer *out)
{
    const char *semicolon = at + 1;
    while (semicolon < end && semicolon - at < 10 &&
           (is_letter(*semicolon) || is_digit(*semicolon) || *semicolon == '#'))
        semicolon++;
    if (semicolon >= end || *semicolon != ';' || semicolon - at < 3) {
        put(out, '&');
        return at + 1;
    }
    size_t size = (size_t)(semicolon - at - 1);
    if (at[1] == '#') {
        put_utf8(out, numeric_entity(at + 2, size - 1));
        return semicolon + 1;
    }
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (strlen(entities[i].name) == size && memcmp(entities[i].name, at + 1, size) == 0) {
            put_utf8(out, entities[i].code_point);
            return semicolon + 1;
        }
    }
    put(out, '&');
    return at + 1;
}

/* `at` stands on '<'. */
static const char *html_tag(const char *at, const char *end, struct writer *out, bool *in_pre)
{
    if (end - at > 4 && memcmp(at, "<!--", 4) == 0) {
        const char *close = at + 4;
        while (close + 3 <= end && memcmp(close, "-->", 3) != 0)
            close++;
        return close + 3 <= end ? close + 3 : end;
    }
    const char *name = at + 1;
    bool closes = name < end && *name == '/';
    name += closes;
    size_t size = 0;
    while (name + size < end && (is_letter(name[size]) || is_digit(name[size])))
        size++;
    if (!closes && listed(name, size, unread_tags))
        return skip_element(name, end, name, size);
    if (size == 3 && strncasecmp(name, "pre", 3) == 0)
        *in_pre = !closes;
    if (!listed(name, size, inline_tags))
        put_break(out);
    while (at < end && *at != '>')
        at++;
    return at < end ? at + 1 : end;
}

static void strip_html(const char *at, const char *end, struct writer *out)
{
    bool in_pre = false;
    while (at < end) {
        if (*at == '<') {
            at = html_tag(at, end, out, &in_pre);
        } else if (*at == '&') {
            at = html_entity(at, end, out);
        } else {
            if (in_pre && *at == '\n')
                put_break(out);
            else if (is_blank(*at))
                put_blank(out);
            else
                put(out, *at);
            at++;
        }
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The next line without its end; false when there is none. */
static bool next_line(struct reader *in, const char **ret_line, size_t *ret_size)
{
    if (in->at >= in->end)
        return false;
    const char *newline = memchr(in->at, '\n', (size_t)(in->end - in->at));
    const char *stop = newline == NULL ? in->end : newline;
    *ret_line = in->at;
    *ret_size = (size_t)(stop - in->at);
    in->at = newline == NULL ? in->end : newline + 1;
    return true;
}

static void put_words(struct writer *out, const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (is_blank(line[i]))
            put_blank(out);
        else
            put(out, line[i]);
    }
}

static bool all_blank(const char *line, size_t size)
{
    while (size > 0 && is_blank(line[size - 1]))
        size--;
    return size == 0;
}

/* ---- POD ------------------------------------------------------------------------------------- */

/* Opens of X<..> or X<< .. >> not closed yet, as the number of their angle brackets. */
struct pod_codes {
    size_t brackets[32];
    size_t depth;
};

static size_t run_length(const char *at, const char *end, char c)
{
    size_t n = 0;
    while (at + n < end && at[n] == c)
        n++;
    return n;
}

/* E<gt> and its like, else the letter and brackets vanish and what they hold stays. */
static const char *pod_open(const char *at, const char *end, struct writer *out,
                            struct pod_codes *codes)
{
    size_t brackets = run_length(at + 1, end, '<');
    if (at[0] == 'E' && brackets == 1) {
        const char *name = at + 2;
        size_t size = 0;
        while (name + size < end && name[size] != '>' && size < 10)
            size++;
        if (size == 2 && (memcmp(name, "lt", 2) == 0 || memcmp(name, "gt", 2) == 0))
            put(out, name[0] == 'l' ? '<' : '>');
        return name + size < end ? name + size + 1 : end;
    }
    codes->brackets[codes->depth++] = brackets;
    return at + 1 + brackets;
}

/* A paragraph's text; formatting codes do not reach beyond it. */
static void put_pod(struct writer *out, const char *at, const char *end, struct pod_codes *codes)
{
    while (at < end) {
        bool room = codes->depth < sizeof(codes->brackets) / sizeof(codes->brackets[0]);
        size_t closing = codes->depth > 0 ? codes->brackets[codes->depth - 1] : 0;
        if (room && *at >= 'A' && *at <= 'Z' && at + 1 < end && at[1] == '<') {
            at = pod_open(at, end, out, codes);
        } else if (closing > 0 && *at == '>' && run_length(at, end, '>') >= closing) {
            at += closing;
            codes->depth--;
        } else {
            put_words(out, at, 1);
            at++;
        }
    }
}

static void strip_pod(struct reader in, struct writer *out)
{
    struct pod_codes codes = {.depth = 0};
    const char *line;
    size_t size;
    bool unread = false; /* between =begin and =end */
    while (next_line(&in, &line, &size)) {
        bool command = size > 1 && line[0] == '=' && is_letter(line[1]);
        bool verbatim = size > 0 && is_blank(line[0]);
        if (command || verbatim || all_blank(line, size)) {
            put_break(out);
            codes.depth = 0;
        }
        if (command) {
            unread = (unread || (size > 5 && memcmp(line, "=begin", 6) == 0)) &&
                     !(size > 3 && memcmp(line, "=end", 4) == 0);
            const char *text = line;
            while (text < line + size && !is_blank(*text))
                text++;
            size -= (size_t)(text - line);
            line = text;
        }
        if (unread)
            continue;
        if (verbatim)
            put_words(out, line, size);
        else
            put_pod(out, line, line + size, &codes);
        put_blank(out);
        if (command || verbatim)
            put_break(out);
    }
}

/* ---- fortunes and plain text ----------------------------------------------------------------- */

static void strip_fortunes(struct reader in, struct writer *out)
{
    const char *line;
    size_t size;
    while (next_line(&in, &line, &size)) {
        if (size == 1 && line[0] == '%') {
            put_break(out);
            continue;
        }
        put_words(out, line, size);
        put_blank(out);
    }
}

/* Paragraphs, separated by empty lines. */
static void strip_plain(struct reader in, struct writer *out)
{
    const char *line;
    size_t size;
    while (next_line(&in, &line, &size)) {
        if (all_blank(line, size))
            put_break(out);
        put_words(out, line, size);
        put_blank(out);
    }
}

size_t strip_markup(enum strip_format format, const char *markup, size_t size_bytes, char *ret_text)
{
    struct writer out = {.text = ret_text};
    struct reader in = {.at = markup, .end = markup + size_bytes};
    if (format == STRIP_HTML)
        strip_html(in.at, in.end, &out);
    else if (format == STRIP_POD)
        strip_pod(in, &out);
    else if (format == STRIP_FORTUNES)
        strip_fortunes(in, &out);
    else
        strip_plain(in, &out);
    put_break(&out);
    return out.count;
}
