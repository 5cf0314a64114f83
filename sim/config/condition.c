/*
 * `when` conditions: "solver=search|both", "chain!=nakamoto and burn_registration=true",
 * "groups.*.validator=true and groups.*.model!=none".  A user's own part is called "own".
 */
#include "base/param_text.h"
#include "config/inherit.h"
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
    /* Whoever chose the option chose its defaults. */
    subject->rank = rank_of(config, given->state != GIVEN_NOT ? given : &block->origin->selector);
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
    bool is_own = block->section->shape == CONFIG_CHOICE && block->option == SIZE_MAX;
    copy_text(subject->text, block->table == NULL ? "present"
                             : is_own             ? "own"
                                                  : block->table->name);
    return true;
}

/* Which of the blocks under its name a '*' stands for, while an alternative is tried. */
struct star {
    size_t pick;
    bool used;   /* there is a '*' in the alternative */
    bool beyond; /* there are no so many blocks */
};

/* The `pick`-th block of a section and how many there are.  Of a section of the root that is the
 * pattern of groups which inherit, theirs: it has none of its own. */
static const struct config_block *pick_block(const struct config *config,
                                             const struct config_block *holder, size_t pick,
                                             size_t *ret_count)
{
    const struct config_block *parent = holder->origin->parent, *picked = NULL;
    const struct config_block *groups =
        resolve_is_pattern(config, parent, holder->section) ? resolve_inheritors(config) : NULL;
    *ret_count = 0;
    for (size_t g = 0; g < (groups == NULL ? 1 : groups->block_count); g++) {
        const struct config_block *own =
            groups == NULL ? holder : config_child(&groups->blocks[g], holder->name);
        if (own != NULL && pick >= *ret_count && pick - *ret_count < own->block_count)
            picked = &own->blocks[pick - *ret_count];
        *ret_count += own != NULL ? own->block_count : 0;
    }
    return picked;
}

/* "groups.*.model", `after` is what stands behind the star: as seen from the block picked.  What
 * took a block away has touched the section, so that the section's rank counts too. */
static void look_at_pick(const struct config *config, const struct config_block *from,
                         const char *path, const char *after, struct star *star,
                         struct subject *subject)
{
    char name[SIDE_CHARS_MAX];
    copy_part(name, path, (size_t)(after - path) - strlen(".*."));
    const struct config_block *holder = NULL;
    for (; from != NULL && holder == NULL; from = from->origin->parent)
        holder = access_below(from, name);
    star->used = true;
    size_t count = 0;
    const struct config_block *picked =
        holder != NULL ? pick_block(config, holder, star->pick, &count) : NULL;
    star->beyond = picked == NULL;
    if (holder == NULL)
        return;
    subject->known = count > 0;
    if (picked != NULL)
        look_from(config, picked, after, subject);
    int rank = config->sources[holder->origin->at.source].rank;
    subject->rank = rank > subject->rank ? rank : subject->rank;
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
                       const char *term, size_t length, struct star *star,
                       struct subject *ret_subject)
{
    struct subject subject = {.known = true};
    char left[SIDE_CHARS_MAX], right[SIDE_CHARS_MAX];
    size_t equals = strcspn(term, "!=");
    bool negated = term[equals] == '!';
    size_t start = equals + 1 + negated;
    copy_part(left, term, equals);
    copy_part(right, term + start, length - start);
    const char *picked = strstr(left, ".*.");
    if (picked != NULL)
        look_at_pick(config, block, left, picked + strlen(".*."), star, &subject);
    while (picked == NULL && block != NULL && !look_from(config, block, left, &subject))
        block = block->origin->parent;
    *ret_subject = subject;
    return !star->beyond && is_among(subject.text, right) != negated;
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

/* The terms joined by " and " at the start of `when`, all with the same block for a '*'.  With
 * `ret_blame` all of them are looked at, else no more than it takes. */
static bool alternative_holds(const struct config *config, const struct config_block *block,
                              const char *when, struct star *star, struct blame *ret_blame)
{
    bool all = true, ends = false;
    for (size_t next; !ends && (all || ret_blame != NULL); when += next) {
        struct subject subject;
        size_t length = resolve_term_length(when, &next, &ends);
        all &= term_holds(config, block, when, length, star, &subject);
        if (ret_blame == NULL)
            continue;
        ret_blame->known &= subject.known;
        ret_blame->rank = subject.rank > ret_blame->rank ? subject.rank : ret_blame->rank;
    }
    return all;
}

static const char *next_alternative(const char *when)
{
    bool ends = false;
    for (size_t next; !ends; when += next)
        resolve_term_length(when, &next, &ends);
    return when;
}

static bool holds(const struct config *config, const struct config_block *block, const char *when,
                  struct blame *ret_blame)
{
    bool any = false;
    for (; *when != '\0'; when = next_alternative(when)) {
        struct star star = {0};
        do {
            star.beyond = false;
            any |= alternative_holds(config, block, when, &star, ret_blame);
            star.pick++;
        } while (star.used && !star.beyond && !any);
        if (any && ret_blame == NULL)
            break;
    }
    return any;
}

bool resolve_condition(const struct config *config, const struct config_block *block,
                       const char *when)
{
    return holds(config, block, when, NULL);
}

struct blame resolve_blame(const struct config *config, const struct config_block *block,
                           const char *when)
{
    struct blame blame = {.known = true};
    if (when != NULL)
        holds(config, block, when, &blame);
    return blame;
}

const struct config_block *resolve_inheritors(const struct config *config)
{
    const struct config_section *section = inherit_section(config->schema->root);
    return section != NULL ? config_child(&config->root, section->key) : NULL;
}

bool resolve_is_pattern(const struct config *config, const struct config_block *parent,
                        const struct config_section *section)
{
    const struct config_section *root = config->schema->root;
    if (parent != &config->root || resolve_inheritors(config) == NULL)
        return false;
    const struct config_section *groups = inherit_section(root);
    const struct config_section *child =
        resolve_section(groups->sections, groups->section_count, section->key);
    return child != NULL && inherit_moves(root, child);
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
    const char *when = resolve_when(block->table, key->name);
    return when == NULL || resolve_condition(config, block, when);
}

bool resolve_block_counts(const struct config *config, const struct config_block *parent,
                          const struct config_block *block)
{
    if (block->origin->effect != EFFECT_UNKNOWN)
        return block->origin->effect == EFFECT_SOME;
    if (resolve_is_pattern(config, parent, block->section))
        return false;
    const char *when = block->section->when;
    return when == NULL || resolve_condition(config, parent, when);
}
