/*
 * resolve.h: tree + schema -> blocks.  Internal to sim/config.
 */
#ifndef CONFIG_RESOLVE_H
#define CONFIG_RESOLVE_H

#include "config/config.h"
#include "config/loader.h"

/* What a condition said, if it was asked. */
enum effect { EFFECT_UNKNOWN, EFFECT_SOME, EFFECT_NONE };

/* Where a value of a block came from. */
struct given {
    enum { GIVEN_NOT, GIVEN_GOOD, GIVEN_BAD } state;
    enum effect effect;
    struct place at;    /* of the key */
    int forgotten_rank; /* of the source that made it ineffective; 0 if it is as given */
};

struct config_origin {
    struct place at; /* of the section's key, or of the nearest block above that was given */
    const struct config_block *parent; /* NULL for the root */
    const char *path;                  /* "agents.miners", "" for the root */
    enum effect effect;                /* of the section's condition */
    struct given selector;             /* CHOICE: of the option's name */
    struct given *keys;                /* (table->key_count) */
};

struct config {
    const struct config_schema *schema;
    struct config_block root;
    struct arena *arena;    /* shared with twin and schedule */
    struct source *sources; /* (source_count) likewise */
    size_t source_count;
    const struct loader_list *lists; /* likewise */
    struct config *owner;            /* the scenario that this is a twin or a change of; or NULL */
    struct config *twin;
    struct config_change *changes; /* (change_count) */
    size_t change_count;
    const struct node *set; /* of a twin or change: the map that makes it one */
};

/* Keys that the loader itself reads at the root. */
bool resolve_is_own_key(const char *key);

/* Checks the tree and fills config->root; complaints go to the loader.  `root` is a map. */
void resolve_tree(struct loader *loader, const struct node *root, struct config *config);

/* Is `when` true for a key of `block`? */
bool resolve_condition(const struct config *config, const struct config_block *block,
                       const char *when);

/* Who is to blame for what a condition said. */
struct blame {
    int rank;   /* of the source that decided it: 0 for a default */
    bool known; /* false when a value that it asks for was not readable */
};
/* For messages; `when` may be NULL. */
struct blame resolve_blame(const struct config *config, const struct config_block *block,
                           const char *when);

/* A condition is terms joined by " and ", which binds closer, and " or ".  The characters of the
 * first term, where the next begins, and whether an alternative ends here. */
size_t resolve_term_length(const char *when, size_t *ret_next, bool *ret_ends_alternative);

/* Does this key of the block's table count?  And does the block itself? */
bool resolve_key_counts(const struct config *config, const struct config_block *block,
                        const struct param_key *key);
bool resolve_block_counts(const struct config *config, const struct config_block *parent,
                          const struct config_block *block);

/* The block at a dotted path below `block`, which is its own at ""; NULL if it is absent. */
const struct config_block *access_below(const struct config_block *block, const char *path);

/* Are the names equal?  Asked for every name of every table, for each scenario of a study. */
bool resolve_same(const char *a, const char *b);

/* The block of the groups that inherit (config/inherit.h); NULL if there are none. */
const struct config_block *resolve_inheritors(const struct config *config);
/* Is the section, below `parent`, nobody's own, since such groups took it over? */
bool resolve_is_pattern(const struct config *config, const struct config_block *parent,
                        const struct config_section *section);

const char *resolve_when(const struct param_table *table, const char *key);

const struct config_section *resolve_section(const struct config_section *sections, size_t count,
                                             const char *key);
const struct param_key *resolve_key(const struct param_table *table, const char *key);
const char *resolve_selector(const struct config_section *section);

#endif
