/* `when` conditions: "solver=search|both", "chain!=nakamoto and burn_registration=true". */
#include "base/param_text.h"
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

enum { SIDE_CHARS_MAX = 200 };

/* What the left side of a condition is at the moment. */
struct subject {
    char text[SIDE_CHARS_MAX];
    int rank;
    bool known;
};

/* The first `length` bytes, cut to the room: conditions are read for every key of every scenario of
 * a study, where printf would be most of the cost. */
static void copy_part(char ret_text[SIDE_CHARS_MAX], const char *text, size_t length)
{
    size_t kept = length < SIDE_CHARS_MAX ? length : SIDE_CHARS_MAX - 1;
    memcpy(ret_text, text, kept);
    ret_text[kept] = '\0';
}

static void copy_text(char ret_text[SIDE_CHARS_MAX], const char *text)
{
    copy_part(ret_text, text, strlen(text));
}

static int rank_of(const struct config *config, const struct given *given)
{
    return given->state == GIVEN_NOT ? 0 : config->sources[given->at.source].rank;
}

static void format_value(const struct param_key *key, const void *values, char *text)
{
    const void *field = (const char *)values + key->offset;
    unsigned kind = key->kind & PARAM_KIND_MASK;
    char plain[PARAM_TEXT_BYTES] = "";
    if ((key->kind & PARAM_DIST_FLAG) != 0)
        copy_text(text, "distribution");
    else if (kind == PARAM_STRING)
        copy_text(text, *(const char *const *)field);
    else if (kind == PARAM_STRING_LIST)
        snprintf(text, SIDE_CHARS_MAX, "%zu", ((const struct param_strings *)field)->count);
    else
        param_format(key, field, plain);
    if (*plain != '\0')
        copy_text(text, plain);
}

static void look_at_key(const struct config *config, const struct config_block *block,
                        const struct param_key *key, struct subject *subject)
{
    const struct given *given = &block->origin->keys[key - block->table->keys];
    subject->rank = rank_of(config, given);
    subject->known = given->state != GIVEN_BAD;
    if (subject->known && (given->state == GIVEN_GOOD || key->fallback != NULL))
        format_value(key, block->values, subject->text);
}

/* A key, a section or a path as seen from one block; false if it has none of that name. */
static bool look_from(const struct config *config, const struct config_block *from,
                      const char *path, struct subject *subject)
{
    char parent[SIDE_CHARS_MAX];
    const char *dot = strrchr(path, '.');
    copy_part(parent, path, dot != NULL ? (size_t)(dot - path) : 0);
    const struct config_block *holder = access_below(from, parent);
    const struct param_key *key =
        holder != NULL ? resolve_key(holder->table, dot != NULL ? dot + 1 : path) : NULL;
    if (key != NULL) {
        look_at_key(config, holder, key, subject);
        return true;
    }
    const struct config_block *block = access_below(from, path);
    if (block == NULL)
        return false;
    subject->rank = rank_of(config, &block->origin->selector);
    subject->known = block->origin->selector.state != GIVEN_BAD;
    copy_text(subject->text, block->table != NULL ? block->table->name : "present");
    return true;
}

/* Is `text` one of the words between the bars? */
static bool is_among(const char *text, const char *alternatives)
{
    size_t length = strlen(text);
    for (const char *at = alternatives;; at++) {
        size_t word = strcspn(at, "|");
        if (word == length && memcmp(at, text, length) == 0)
            return true;
        at += word;
        if (*at == '\0')
            return false;
    }
}

/* One "left=right" of `length` characters. */
static bool term_holds(const struct config *config, const struct config_block *block,
                       const char *term, size_t length, struct subject *ret_subject)
{
    struct subject subject = {.known = true};
    char left[SIDE_CHARS_MAX], right[SIDE_CHARS_MAX];
    size_t equals = strcspn(term, "!=");
    bool negated = term[equals] == '!';
    size_t start = equals + 1 + negated;
    copy_part(left, term, equals);
    copy_part(right, term + start, length - start);
    while (block != NULL && !look_from(config, block, left, &subject))
        block = block->origin->parent;
    *ret_subject = subject;
    return is_among(subject.text, right) != negated;
}

size_t resolve_term_length(const char *when, size_t *ret_next, bool *ret_ends_alternative)
{
    const char *both = strstr(when, " and "), *either = strstr(when, " or ");
    *ret_ends_alternative = both == NULL || (either != NULL && either < both);
    const char *end = *ret_ends_alternative ? either : both;
    size_t length = end != NULL ? (size_t)(end - when) : strlen(when);
    size_t word = *ret_ends_alternative ? strlen(" or ") : strlen(" and ");
    *ret_next = end != NULL ? length + word : length;
    return length;
}

bool resolve_condition(const struct config *config, const struct config_block *block,
                       const char *when, int *ret_rank, bool *ret_known)
{
    bool any = false, all = true;
    *ret_rank = 0;
    *ret_known = true;
    for (size_t next; *when != '\0'; when += next) {
        struct subject subject;
        bool ends;
        size_t length = resolve_term_length(when, &next, &ends);
        all &= term_holds(config, block, when, length, &subject);
        any |= ends && all;
        all |= ends;
        *ret_known &= subject.known;
        *ret_rank = subject.rank > *ret_rank ? subject.rank : *ret_rank;
    }
    return any;
}

const char *resolve_when(const struct param_table *table, const char *key)
{
    for (size_t i = 0; i < table->condition_count; i++)
        if (resolve_same(table->conditions[i].key, key))
            return table->conditions[i].when;
    return NULL;
}

bool resolve_key_counts(const struct config *config, const struct config_block *block,
                        const struct param_key *key)
{
    const struct given *given = &block->origin->keys[key - block->table->keys];
    if (given->effect != EFFECT_UNKNOWN)
        return given->effect == EFFECT_SOME;
    int rank;
    bool known;
    const char *when = resolve_when(block->table, key->name);
    return when == NULL || resolve_condition(config, block, when, &rank, &known);
}

bool resolve_section_counts(const struct config *config, const struct config_block *parent,
                            const struct config_section *section)
{
    int rank;
    bool known;
    return section->when == NULL || resolve_condition(config, parent, section->when, &rank, &known);
}
