/*
 * config.h: a scenario file, checked against tables and turned into structs.
 *
 * This module knows YAML and parameter tables (base/param.h) and nothing else: what can be said in
 * a scenario is a `struct config_schema` that sim/cli assembles from the layers' tables.
 *
 * A scenario is a tree of blocks.  A block holds the values of one table and may hold further
 * sections, each of which becomes a block below it:
 *
 *     seed: 7                          # root: a PLAIN block without a name
 *     chain: {profile: finney}         # CHOICE, selected by `profile`; or just `chain: finney`
 *     mechanism: {name: yuma3, alpha_low: 0.7}
 *     agents:                          # GROUPS: the user's own names, in the file's order
 *       miners: {count: 100, strategy: honest, host: {flops: 1 TFLOP/s}}
 *
 * Beside the schema's own sections a root accepts `base: other.yaml` (that file first, this one
 * over it; relative to this file), `twin: {set: {path: value}}`, `schedule: [{at: 3 d, set:
 * {path: value}}]`, and top-level blocks `x-...` for anchors, which are not read.  Anchors,
 * aliases and merge keys (<<) work everywhere.  `when` conditions as in base/param.h.
 *
 * Order of override: defaults, base (deepest first), the file, the sets in their order.  Mappings
 * merge key by key, all other values replace.  Naming another option of a CHOICE drops the
 * parameters given for the old one; `~` in place of a group or an optional section removes it.
 *
 * Groups that inherit take what they leave out from the top level's sections of the same keys,
 * which then hold for nobody else: `networks: {a: {}, b: {chain: {tempo: 50 blocks}}}`.
 *
 * A list of texts may be `{file: lines.csv}`: one text a line, in the order of the file (relative
 * to the one that names it).  The resolved scenario holds the texts.
 *
 * Limits: files of 4 MiB, nesting of 64, 100 000 nodes (an alias counts as all that it stands
 * for), 16 levels of `base`; 2 000 000 nodes over scenario, twin and all changes of a schedule.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/error.h"
#include "base/param.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_shape {
    CONFIG_PLAIN,  /* a mapping with the keys of tables[0] */
    CONFIG_CHOICE, /* one of the tables, by name: `NAME` or `{selector: NAME, key: value}` */
    CONFIG_GROUPS  /* an ordered mapping of free names, each a block with the keys of tables[0] */
};

/* Static data; use designated initialisers. */
struct config_section {
    const char *key; /* in YAML; "" for the root */
    const char *doc;
    enum config_shape shape;
    const struct param_table *const *tables; /* (table_count); a PLAIN one may have none */
    size_t table_count;
    const char *selector; /* CHOICE: the key that names the option; NULL = "name" */
    const char *fallback; /* CHOICE: the option when the section is absent; NULL = must be given */
    const struct config_section *sections; /* (section_count) within the block (or each group) */
    size_t section_count;
    bool optional; /* absent means no block at all, rather than all defaults */
    /* GROUPS below the root: the root's sections of its sections' keys are a pattern, which every
     * group lays its own over (config/inherit.h). */
    bool inherits;
    bool live;        /* CHOICE: another option, or other parameters, may come by `schedule` */
    const char *when; /* the whole section counts only then (base/param.h); NULL = always */
};

struct config_schema {
    const struct config_section *root; /* PLAIN */
    /* The table of a plug-in, for a CHOICE whose value contains a '/'; NULL where there are none.
     * `section` is the CHOICE's key; `path` is the value, from the folder of the file that says it
     * (a set's: of the scenario).  The table outlives the config; its name, which a resolved
     * scenario says instead, must contain a '/' and open the same plug-in from anywhere. */
    enum sim_status (*plugin)(void *context, const char *section, const char *path,
                              const struct param_table **ret_table, struct sim_error *err);
    void *plugin_context;
};

/* SIM_CONFIG and a message when the tables contradict themselves: a default or bound that does
 * not parse or lies outside, a name given twice, a condition on an unknown key.  For tests, and
 * for plug-ins when they are loaded (config_table_verify). */
SIM_CHECKED enum sim_status config_schema_verify(const struct config_schema *schema,
                                                 struct sim_error *err);
SIM_CHECKED enum sim_status config_table_verify(const struct param_table *table,
                                                struct sim_error *err);

/* ---- What went wrong ------------------------------------------------------------------------ */

struct config_message {
    char *place;   /* "sybil.yaml:12:3" or "--set #2" */
    char *text;    /* one line, no full stop */
    char *excerpt; /* the source line and a caret line, each ending in '\n'; "" if there is none */
};

/* All errors of one scenario, in the order of the files.  The caller's; start it as {0}. */
struct config_report {
    struct config_message *messages;
    size_t count;
};

void config_report_release(struct config_report *report);

/* "place: text\nexcerpt" for each message; heap, NULL when out of memory. */
char *config_report_text(const struct config_report *report);

/* ---- Reading -------------------------------------------------------------------------------- */

struct config_set {
    const char *text;  /* "chain.tempo=100 blocks"; the value is YAML */
    const char *label; /* what errors call it, "--seed"; NULL: "--set #N", N from 1 among those */
};

struct config_input {
    const char *path; /* the scenario's file, and what messages call it */
    const char *text; /* NULL: read `path`; else its contents */
    size_t text_bytes;
    const struct config_set *sets; /* (set_count) */
    size_t set_count;
    bool sets_differ; /* two sets of one key are an error; else the later one holds */
    /* A result's own text: a later version may know that a key of it has no effect, and leaves it
     * out silently. */
    bool stored;
};

struct config;

/* Reads and checks a scenario.  SIM_OK: *ret_config is the caller's, and the report is untouched.
 * SIM_CONFIG: every error found is in the report (at most 200) and `err` has the first.  SIM_IO:
 * a file could not be read; SIM_MEMORY.  `schema` must outlive the config; one that contradicts
 * itself (config_schema_verify) is a bug and aborts. */
SIM_CHECKED enum sim_status config_load(const struct config_schema *schema,
                                        const struct config_input *input,
                                        struct config **ret_config, struct config_report *report,
                                        struct sim_error *err);

/* Accepts NULL.  Always returns NULL. */
struct config *config_free(struct config *config);

/* A scenario of which many variants are wanted: its files are read once, and the schema is checked
 * once.  Errors as config_load, but only of the text: keys and values are checked in each variant,
 * so that a key may be required that the file alone leaves out. */
struct config_template;
SIM_CHECKED enum sim_status config_template_create(const struct config_schema *schema,
                                                   const struct config_input *input,
                                                   struct config_template **ret_template,
                                                   struct config_report *report,
                                                   struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct config_template *config_template_free(struct config_template *template);

/* What config_load gives for the input with these sets behind its own; the template must outlive
 * the config. */
SIM_CHECKED enum sim_status config_template_load(const struct config_template *template,
                                                 const struct config_set *sets, size_t set_count,
                                                 struct config **ret_config,
                                                 struct config_report *report,
                                                 struct sim_error *err);

/* ---- The values ----------------------------------------------------------------------------- */

/* One block.  Everything belongs to the config and lives as long as it. */
struct config_block {
    const char *name;                     /* the section's key, or the group's own name */
    const struct config_section *section; /* a group has its GROUPS section */
    const struct param_table *table;      /* of the option chosen; NULL where there is none */
    size_t option;                        /* its index in section->tables; SIZE_MAX = a plug-in */
    const void *values;                   /* the table's struct; NULL without a table */
    const struct config_block *blocks;    /* (block_count) sections in the schema's order (absent */
    size_t block_count;                   /* ones left out), or the groups in the file's order */
    const struct config_origin *origin;   /* this module's own */
};

const struct config_block *config_root(const struct config *config);

/* The block at a dotted path ("agents.miners.model"); NULL if it is absent.  "" is the root. */
const struct config_block *config_at(const struct config *config, const char *path);

/* The block of a section directly below `block`; NULL if it is absent. */
const struct config_block *config_child(const struct config_block *block, const char *key);

/* The key at the end of a dotted path, "chain.tempo"; NULL if there is none (or a section). */
const struct param_key *config_key_at(const struct config *config, const char *path);

/* config_at(...)->values: for sections that are never absent. */
const void *config_values(const struct config *config, const char *path);

/* Adds a message at the place where `path` ("chain.tempo") was given, or at its section's: for
 * what no table can say, such as one key that must not exceed another.  Then the caller fails
 * with SIM_CONFIG. */
void config_complain(const struct config *config, struct config_report *report, const char *path,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for the item `index` of a list of texts that the scenario holds, at its character
 * `column`, from 0: in the file where the list came from one.  An index behind the last means the
 * list as a whole. */
void config_complain_item(const struct config *config, struct config_report *report,
                          const struct param_strings *list, size_t index, unsigned column,
                          const char *format, ...) __attribute__((format(printf, 6, 7)));

/* ---- Twin and schedule ---------------------------------------------------------------------- */

/* The scenario with its twin's overrides, without `twin`; NULL if it has none.  The config's. */
const struct config *config_twin(const struct config *config);

struct config_change {
    int64_t at_ns;              /* since the start; -1 when `at_block` counts */
    uint64_t at_block;          /* '100 blocks' */
    const struct config *after; /* the whole scenario as it is from then on */
    const char *const *paths;   /* (path_count) what this entry sets, in its order */
    size_t path_count;
};

/* The schedule, in the file's order, which is the order of time. */
size_t config_change_count(const struct config *config);
const struct config_change *config_change_at(const struct config *config, size_t index);

/* ---- Writing -------------------------------------------------------------------------------- */

/* The resolved scenario: every key that has an effect, explicit, in the schema's order, canonical
 * units, no comment, no base.  Reading it gives the same structs bit for bit, and the same text.
 * Heap, NULL when out of memory. */
char *config_emit(const struct config *config);

/* One line: what stands at a path, the value of a key, or an option's name with the parameters
 * that are not at their defaults.  "~" where nothing is.  Heap, NULL when out of memory. */
char *config_text_at(const struct config *config, const char *path);

/* SHA-256 in hex over `version` and the resolved scenario without twin and without keys that have
 * PARAM_UNHASHED_FLAG.  The seed is part of the scenario. */
enum { CONFIG_HASH_CHARS = 65 };
SIM_CHECKED enum sim_status config_hash(const struct config *config, const char *version,
                                        char ret_hex[CONFIG_HASH_CHARS], struct sim_error *err);

/* JSON Schema (draft 7) of all scenarios, for editors; and the reference manual in Markdown.
 * Heap, NULL when out of memory. */
char *config_json_schema(const struct config_schema *schema);
char *config_reference(const struct config_schema *schema);

/* For the schema of another kind of file.  A key of one of its tables: {"description": ..., ...}.
 * And an object whose keys are the dotted paths of a scenario: its members "properties" and
 * "patternProperties" (groups have any name).  Each takes a list of the key's values, as `file`,
 * the schema of scenarios beside it, defines them, or what `other` is, a JSON value.  Heap, NULL
 * when out of memory. */
char *config_json_key(const struct param_table *table, const struct param_key *key);
char *config_json_paths(const struct config_schema *schema, const char *file, const char *other);

#endif
