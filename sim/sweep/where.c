#include "sweep/where.h"

#include "base/dist.h"
#include "base/param_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = 256, DEPTH_MAX = 64 };

/* A truth value is the number 0 or 1. */
struct value {
    bool is_text;
    double number;
    char text[WORD_BYTES];
};

struct parser {
    const char *text, *at;
    const struct config *config;
    struct sim_error *err;
    bool failed;
    int depth;
};

static struct value number_value(double number)
{
    return (struct value){.number = number};
}

static struct value fail(struct parser *parser, const char *what, const char *word)
{
    if (!parser->failed)
        (void)SIM_FAIL(parser->err, SIM_CONFIG, "where, column %zu: %s%s%s%s",
                       (size_t)(parser->at - parser->text) + 1, what, word != NULL ? " '" : "",
                       word != NULL ? word : "", word != NULL ? "'" : "");
    parser->failed = true;
    return number_value(0);
}

static void skip_blanks(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

/* Takes a sign, or a word that stands alone. */
static bool take(struct parser *parser, const char *token)
{
    skip_blanks(parser);
    size_t length = strlen(token);
    if (strncmp(parser->at, token, length) != 0)
        return false;
    if (isalpha((unsigned char)*token) &&
        (isalnum((unsigned char)parser->at[length]) || strchr("_.-", parser->at[length]) != NULL) &&
        parser->at[length] != '\0')
        return false;
    parser->at += length;
    return true;
}

/* ---- literals and paths */

/* The length of a unit at `text`, "blocks" or "Mbit/s"; 0 for the words of the language. */
static size_t unit_length(const char *text)
{
    size_t length = 0;
    while (isalpha((unsigned char)text[length]))
        length++;
    if (length > 0 && text[length] == '/' && text[length + 1] == 's' &&
        !isalnum((unsigned char)text[length + 2]))
        length += 2;
    bool is_word = (length == 2 && strncmp(text, "or", 2) == 0) ||
                   (length == 3 && strncmp(text, "and", 3) == 0);
    return is_word ? 0 : length;
}

/* The kinds that have units share none, so the text tells its kind. */
static bool read_united(const char *text, double *ret_number)
{
    for (unsigned kind = PARAM_DURATION_NS; kind <= PARAM_NATS; kind++) {
        struct param_key key = {.name = "number", .kind = kind};
        union {
            double f64;
            uint64_t u64;
            int64_t i64;
        } field = {0};
        char reason[PARAM_REASON_BYTES];
        if (param_unit_names(kind) == NULL || !param_parse(&key, text, &field, reason))
            continue;
        *ret_number = dist_number_f64(dist_type_of(kind), dist_number_of(kind, &field));
        return true;
    }
    return false;
}

static struct value read_number(struct parser *parser)
{
    char *end, text[WORD_BYTES];
    double number = strtod(parser->at, &end);
    const char *unit = end + strspn(end, " ");
    size_t length = unit_length(unit);
    if (length == 0) {
        parser->at = end;
        return number_value(number);
    }
    int used = snprintf(text, sizeof(text), "%.*s %.*s", (int)(end - parser->at), parser->at,
                        (int)length, unit);
    if (used < 0 || (size_t)used >= sizeof(text) || !read_united(text, &number))
        return fail(parser, "no number with a unit:", text);
    parser->at = unit + length;
    return number_value(number);
}

static struct value read_quoted(struct parser *parser)
{
    struct value value = {.is_text = true};
    char quote = *parser->at;
    const char *end = strchr(parser->at + 1, quote);
    if (end == NULL || (size_t)(end - parser->at) > sizeof(value.text))
        return fail(parser, "a quote that does not end", NULL);
    memcpy(value.text, parser->at + 1, (size_t)(end - parser->at) - 1);
    parser->at = end + 1;
    return value;
}

/* The value of a key of the scenario's block. */
static struct value key_value(struct parser *parser, const struct param_key *key,
                              const void *values, const char *path)
{
    const void *field = (const char *)values + key->offset;
    unsigned kind = key->kind & PARAM_KIND_MASK;
    struct value value = {0};
    if ((key->kind & PARAM_DIST_FLAG) != 0) {
        const struct dist *dist = field;
        if (dist->shape != DIST_CONSTANT)
            return fail(parser, "a distribution has no single value:", path);
        value.number = dist_number_f64(dist->type, dist->low);
    } else if (kind == PARAM_BOOL) {
        value.number = *(const bool *)field;
    } else if (kind == PARAM_ENUM || kind == PARAM_STRING) {
        value.is_text = true;
        snprintf(value.text, sizeof(value.text), "%s",
                 kind == PARAM_ENUM ? key->choices[*(const int *)field]
                                    : *(const char *const *)field);
    } else if (kind == PARAM_STRING_LIST) {
        return fail(parser, "a list has no single value:", path);
    } else {
        value.number = dist_number_f64(dist_type_of(kind), dist_number_of(kind, field));
    }
    return value;
}

static struct value read_path(struct parser *parser)
{
    char path[WORD_BYTES], parent[WORD_BYTES];
    size_t length = 0;
    while (isalnum((unsigned char)parser->at[length]) ||
           (parser->at[length] != '\0' && strchr("_.-", parser->at[length]) != NULL))
        length++;
    if (length == 0 || length >= sizeof(path))
        return fail(parser, "a value is expected at", parser->at);
    snprintf(path, sizeof(path), "%.*s", (int)length, parser->at);
    if (strcmp(path, "true") == 0 || strcmp(path, "false") == 0) {
        parser->at += length;
        return number_value(path[0] == 't');
    }
    const char *dot = strrchr(path, '.');
    snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    const struct config_block *block = config_at(parser->config, path);
    const struct param_key *key = config_key_at(parser->config, path);
    struct value value = {.is_text = true};
    if (key != NULL)
        value = key_value(parser, key, config_at(parser->config, parent)->values, path);
    else if (block != NULL && block->table != NULL)
        snprintf(value.text, sizeof(value.text), "%s", block->table->name);
    else
        return fail(parser, "the scenario has no", path);
    parser->at += length;
    return value;
}

/* ---- operators */

static struct value read_or(struct parser *parser);

static struct value read_atom(struct parser *parser)
{
    if (parser->failed || ++parser->depth > DEPTH_MAX)
        return fail(parser, "too deeply nested", NULL);
    struct value value;
    skip_blanks(parser);
    if (take(parser, "(")) {
        value = read_or(parser);
        if (!take(parser, ")"))
            value = fail(parser, "')' is missing", NULL);
    } else if (take(parser, "-")) {
        value = read_atom(parser);
        value.number = -value.number;
        if (value.is_text)
            value = fail(parser, "a text is no number", NULL);
    } else if (*parser->at == '\'' || *parser->at == '"') {
        value = read_quoted(parser);
    } else if (isdigit((unsigned char)*parser->at)) {
        value = read_number(parser);
    } else {
        value = read_path(parser);
    }
    parser->depth--;
    return value;
}

static struct value need_number(struct parser *parser, struct value value)
{
    return value.is_text ? fail(parser, "a text is no number:", value.text) : value;
}

static struct value read_product(struct parser *parser)
{
    struct value left = read_atom(parser);
    for (;;) {
        bool times = take(parser, "*");
        if (!times && !take(parser, "/"))
            return left;
        left = need_number(parser, left);
        struct value right = need_number(parser, read_atom(parser));
        left.number = times ? left.number * right.number : left.number / right.number;
    }
}

static struct value read_sum(struct parser *parser)
{
    struct value left = read_product(parser);
    for (;;) {
        bool plus = take(parser, "+");
        if (!plus && !take(parser, "-"))
            return left;
        left = need_number(parser, left);
        struct value right = need_number(parser, read_product(parser));
        left.number += plus ? right.number : -right.number;
    }
}

static struct value read_comparison(struct parser *parser)
{
    static const char *const signs[] = {"<=", ">=", "==", "!=", "<", ">"};
    struct value left = read_sum(parser);
    size_t sign = 0;
    while (sign < 6 && !take(parser, signs[sign]))
        sign++;
    if (sign == 6)
        return left;
    struct value right = read_sum(parser);
    if (left.is_text != right.is_text || (left.is_text && sign != 2 && sign != 3))
        return fail(parser, "a text is equal to a text or not, and nothing else", NULL);
    double order = left.is_text ? strcmp(left.text, right.text) : 0;
    double a = left.is_text ? order : left.number, b = left.is_text ? 0 : right.number;
    const bool holds[] = {a <= b, a >= b, a == b, a != b, a<b, a> b};
    return number_value(holds[sign]);
}

static struct value read_not(struct parser *parser)
{
    if (!take(parser, "not"))
        return need_number(parser, read_comparison(parser));
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, "too deeply nested", NULL);
    struct value value = read_not(parser);
    parser->depth--;
    return number_value(value.number == 0);
}

static struct value read_and(struct parser *parser)
{
    struct value left = read_not(parser);
    while (take(parser, "and")) {
        struct value right = read_not(parser);
        left = number_value(left.number != 0 && right.number != 0);
    }
    return left;
}

static struct value read_or(struct parser *parser)
{
    struct value left = read_and(parser);
    while (take(parser, "or")) {
        struct value right = read_and(parser);
        left = number_value(left.number != 0 || right.number != 0);
    }
    return left;
}

enum sim_status where_holds(const char *text, const struct config *config, bool *ret_holds,
                            struct sim_error *err)
{
    struct parser parser = {.text = text, .at = text, .config = config, .err = err};
    struct value value = read_or(&parser);
    skip_blanks(&parser);
    if (!parser.failed && *parser.at != '\0')
        fail(&parser, "nothing is expected at", parser.at);
    if (parser.failed)
        return SIM_CONFIG;
    *ret_holds = value.number != 0;
    return SIM_OK;
}
