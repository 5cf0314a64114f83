/* The reference manual of scenarios, in Markdown. */
#include "base/param_text.h"
#include "config/inherit.h"
#include "config/resolve.h"
#include "config/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "# Scenarios: every key\n"
    "\n"
    "<!-- Written by `taosim schema --markdown`; do not edit. -->\n"
    "\n"
    "A scenario is one YAML file. `taosim check FILE` says everything that is wrong with it at\n"
    "once, `taosim run --dry-run FILE` prints it with every default filled in, and `taosim "
    "schema`\n"
    "writes the JSON Schema with which an editor completes, checks and explains; a first line\n"
    "`# yaml-language-server: $schema=...` tells the editor where it lies.\n"
    "\n"
    "A whole scenario, small, with a base, an attack, its honest baseline, a change of the rules "
    "and\n"
    "a fault:\n"
    "\n"
    "```yaml\n"
    "# yaml-language-server: $schema=scenarios/scenario.schema.json\n"
    "base: scenarios/quickstart/scenario.yaml        # everything that is not said here\n"
    "name: quickstart-with-an-outage\n"
    "until: 3 h\n"
    "chain: {tempo: 50 blocks, max_uids: 160}\n"
    "groups:\n"
    "  large:                                        # a group of the base: only this key changes\n"
    "    host: {flops: {lognormal: {median: 1 TFLOP/s, sigma: 0.5}}}\n"
    "  visitors: {count: 8, stake: 2 TAO}            # a group more\n"
    "twin: {set: {groups.swarm.count: 1}}\n"
    "schedule:\n"
    "  - {at: 1 h, set: {mechanism: yuma3}}\n"
    "  - {at: 500 blocks, set: {chain.tempo: 25 blocks, mechanism.bonds_penalty: 0.5}}\n"
    "faults:\n"
    "  power-cut: {kind: crash, groups: [visitors], at: 90 min, for: 10 min}\n"
    "```\n"
    "\n"
    "## Notation\n"
    "\n"
    "Keys carry no units, values do: a unit is required where the table names one, and refused\n"
    "where it does not. Numbers are decimals, with an exponent if need be. Whole numbers are "
    "exact:\n"
    "`0.1 ns` or `0.0000000001 TAO` are refused, not rounded. A text that looks like a number "
    "needs\n"
    "quotes.\n"
    "\n"
    "| value | written | units |\n"
    "| --- | --- | --- |\n";

static const char tail[] =
    "\n"
    "**Distributions.** Where the table says *drawn*, a plain value is the same for all, and each\n"
    "entity draws its own, on its own random stream, from\n"
    "\n"
    "```yaml\n"
    "{uniform: [10 ms, 20 ms]}                      # both ends possible for whole numbers\n"
    "{normal: {mean: 50 ms, sd: 5 ms}}\n"
    "{lognormal: {median: 1 TFLOP/s, sigma: 0.5}}   # sigma of the logarithm\n"
    "{exponential: {mean: 3 s}}\n"
    "{pareto: {minimum: 1 TAO, exponent: 1.2}}      # P(value > x) = (minimum / x)^exponent\n"
    "{choice: [4, 8, 16], weights: [2, 1, 1]}       # weights may be left out\n"
    "{file: stakes.csv, column: stake, unit: TAO}   # one of the column's values\n"
    "```\n"
    "\n"
    "A draw is rounded to the nearest whole number where the value is one. A draw outside of the\n"
    "key's range is repeated, so the range truncates the distribution; after 1000 misses the "
    "nearer\n"
    "end is taken. A file is read when the scenario is: the resolved scenario holds its values.\n"
    "\n"
    "**Lists of texts** may come from a file: `{file: neurons.csv}` is a text a line. The "
    "resolved\n"
    "scenario holds the lines.\n"
    "\n"
    "**Building on another scenario.** `base: other.yaml` (relative to this file) reads that file\n"
    "first and lays this one over it: mappings key by key, everything else as a whole. Naming\n"
    "another option (`mechanism: yuma3`) drops the parameters of the old one. `~` in place of a\n"
    "group or an optional section removes it. `--set chain.tempo='100 blocks'` lays one more "
    "value\n"
    "over all files. Anchors, aliases and merge keys (`<<: *name`) work everywhere; top-level "
    "keys\n"
    "that begin with `x-` are not read and are the place for anchors.\n"
    "\n"
    "**Twin.** `twin: {set: {groups.swarm.count: 1}}` names the overrides that make the honest\n"
    "baseline, for `taosim run --twin`.\n"
    "\n"
    "**Schedule.** `schedule: [{at: 3 d, set: {mechanism: yuma3}}]` changes keys while the "
    "scenario\n"
    "runs, those that the tables mark *live*; `at` takes a time or a number of blocks. A change\n"
    "comes before everything else of its instant, is a row of `/schedule` in the result and an\n"
    "event when it happens; a mechanism takes over the memory of the one before. What cannot be\n"
    "done while running is refused when the scenario is checked; `chain.max_uids` only rises.\n"
    "\n"
    "**Faults.** `faults` names what goes wrong. At one time:\n"
    "`cut: {kind: partition, regions: [japan], at: 2 h, for: 20 min}`; or again and again, each "
    "host\n"
    "by itself: `flaky: {kind: crash, groups: [miners], mtbf: {exponential: {mean: 6 h}}, mttr: 5 "
    "min}`.\n"
    "\n"
    "**A part of your own** (mechanism, strategy, scorer, router, model) is named by its path, "
    "with\n"
    "a `/` in it, relative to the file: `mechanism: ./fair.so`, or with parameters from its table\n"
    "(`taosim list ./fair.so`) `mechanism: {name: ./fair.so, generosity: 0.5}`. `taosim new\n"
    "mechanism fair` writes one to begin from.\n"
    "\n"
    "**Keys without effect.** A key that nothing reads in this scenario is refused; *counts when* "
    "says\n"
    "what it needs; `groups.*.model!=none` means at least one group that has a model, and terms "
    "joined\n"
    "by *and* mean one and the same group. Where a layer over it takes that away\n"
    "(`--set groups.miners.money.interval='0 blocks'`), what the layer below says is left out\n"
    "silently; whatever a layer changes in its groups silences what lies below of keys that go by\n"
    "them.\n"
    "\n"
    "**Several networks.** `networks: {prose: {netuid: 1, chain: {emission_share: 0.75}}, code: "
    "{netuid: 3,\n"
    "chain: {emission_share: 0.25}, mechanism: yuma3}}` puts two on one chain. What an entry "
    "leaves out is\n"
    "the top level's, groups included; what the top level says of these sections is then a pattern "
    "and\n"
    "holds for nobody else. `--set networks.code.chain.tempo='50 blocks'` and a schedule's "
    "`networks.code.`\n"
    "name one of them. Their parts of the emission are whole multiples of 10^-9 that add up to 1, "
    "or go by\n"
    "root's weights ([MODEL.md](MODEL.md)).\n"
    "\n"
    "**Limits.** Files of 4 MiB, nesting of 64, 100000 nodes (an alias counts as all that it "
    "stands\n"
    "for), 16 levels of `base`.\n";

/* ---- Values --------------------------------------------------------------------------------- */

static const char *kind_text(unsigned kind)
{
    static const char *const names[] = {
        [PARAM_BOOL] = "truth value", [PARAM_U32] = "whole number",
        [PARAM_U64] = "whole number", [PARAM_I32] = "whole number, maybe negative",
        [PARAM_REAL] = "number",      [PARAM_ENUM] = "one of",
        [PARAM_STRING] = "text",      [PARAM_DURATION_NS] = "time",
        [PARAM_BLOCKS] = "blocks",    [PARAM_AMOUNT_RAO] = "amount",
        [PARAM_SIZE_BYTES] = "size",  [PARAM_RATE_BYTES] = "rate",
        [PARAM_FLOPS] = "speed",      [PARAM_HASH_RATE] = "hash rate",
        [PARAM_POWER_W] = "power",    [PARAM_FRACTION_U16] = "fraction",
        [PARAM_NATS] = "information", [PARAM_STRING_LIST] = "list of texts"};
    return names[kind & PARAM_KIND_MASK];
}

static void add_kinds(struct text *text)
{
    for (unsigned kind = 0; kind <= PARAM_STRING_LIST; kind++) {
        const char *units = param_unit_names(kind);
        if (kind == PARAM_U64 || kind == PARAM_ENUM)
            continue;
        text_add(text, "| %s | `%s` | %s |\n", kind_text(kind), param_example(kind),
                 kind == PARAM_FRACTION_U16
                     ? "none; `N/65535` is exact, a decimal is cut down to it"
                 : units != NULL ? units
                                 : "none");
    }
}

static void add_range(struct text *text, const struct param_key *key)
{
    if (key->min != NULL && key->max != NULL)
        text_add(text, ", %s to %s", key->min, key->max);
    else if (key->min != NULL)
        text_add(text, ", %s or more", key->min);
    else if (key->max != NULL)
        text_add(text, ", %s or less", key->max);
}

/* "solver=search|both" for a cell, which a bar would end. */
static void add_condition(struct text *text, const char *when)
{
    text_add(text, "; counts when ");
    for (const char *at = when; *at != '\0'; at++) {
        if (*at == '|')
            text_add(text, " or ");
        else
            text_add(text, "%c", *at);
    }
}

/* "whole number, 1 to 9, *live*" */
static void add_value_cell(struct text *text, const struct param_key *key)
{
    text_add(text, "%s", kind_text(key->kind));
    for (size_t i = 0; key->choices != NULL && key->choices[i] != NULL; i++)
        text_add(text, "%s `%s`", i > 0 ? "," : "", key->choices[i]);
    add_range(text, key);
    text_add(text, "%s%s", (key->kind & PARAM_DIST_FLAG) != 0 ? ", *drawn*" : "",
             (key->kind & PARAM_LIVE_FLAG) != 0 ? ", *live*" : "");
}

static void add_default_cell(struct text *text, const struct param_key *key)
{
    if (key->fallback == NULL)
        text_add(text, " | required");
    else if (*key->fallback != '\0')
        text_add(text, " | `%s`", key->fallback);
    else
        text_add(text, " |");
}

/* Tables with the same keys, side by side: a column of defaults each. */
static void add_tables(struct text *text, const struct param_table *const *tables, size_t count)
{
    if (tables[0]->key_count == 0)
        return;
    text_add(text, "\n| key | value |");
    for (size_t t = 0; t < count; t++)
        text_add(text, " default%s%s%s |", count > 1 ? " of `" : "",
                 count > 1 ? tables[t]->name : "", count > 1 ? "`" : "");
    text_add(text, " meaning |\n| --- | --- |");
    for (size_t t = 0; t < count; t++)
        text_add(text, " --- |");
    text_add(text, " --- |\n");
    for (size_t i = 0; i < tables[0]->key_count; i++) {
        const struct param_key *key = &tables[0]->keys[i];
        const char *when = resolve_when(tables[0], key->name);
        text_add(text, "| `%s` | ", key->name);
        add_value_cell(text, key);
        for (size_t t = 0; t < count; t++)
            add_default_cell(text, &tables[t]->keys[i]);
        text_add(text, " | %s", key->doc);
        if (when != NULL)
            add_condition(text, when);
        text_add(text, " |\n");
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Do the tables differ in defaults only? */
static bool same_keys(const struct param_table *a, const struct param_table *b)
{
    bool same = a->key_count == b->key_count;
    for (size_t i = 0; same && i < a->key_count; i++) {
        const struct param_key *x = &a->keys[i], *y = &b->keys[i];
        same = same_text(x->name, y->name) && x->kind == y->kind && same_text(x->min, y->min) &&
               same_text(x->max, y->max) && same_text(x->doc, y->doc) &&
               same_text(resolve_when(a, x->name), resolve_when(b, y->name));
    }
    return same;
}

/* ---- Sections ------------------------------------------------------------------------------- */

static void add_options(struct text *text, const struct config_section *section)
{
    text_add(text, "\nOne of these by `%s`, or just the name", resolve_selector(section));
    if (section->fallback != NULL)
        text_add(text, "; default `%s`", section->fallback);
    text_add(text, "%s:\n\n", section->live ? "; *live*, with its parameters" : "");
    for (size_t t = 0; t < section->table_count; t++)
        text_add(text, "- `%s`: %s%s\n", section->tables[t]->name, section->tables[t]->doc,
                 section->tables[t]->key_count == 0 ? " (no parameters)" : "");
    for (size_t t = 0, same = 1; t < section->table_count; t += same, same = 1) {
        while (t + same < section->table_count &&
               same_keys(section->tables[t], section->tables[t + same]))
            same++;
        for (size_t i = 0; i < same && section->tables[t]->key_count > 0; i++)
            text_add(text, "%s`%s`%s", i > 0 ? ", " : "\n**", section->tables[t + i]->name,
                     i + 1 < same ? "" : "**\n");
        add_tables(text, &section->tables[t], same);
    }
}

/* What a group that inherits may say beside its own keys: the top level's, told once. */
static void add_inherited(struct text *text, const struct config_section *root,
                          const struct config_section *section)
{
    text_add(text, "\nWhat is left out here is as at the top level, in the sections of these "
                   "names; what\nstands there holds for nobody else:\n\n");
    for (size_t i = 0; i < section->section_count; i++) {
        const struct config_section *child = &section->sections[i];
        text_add(text, "- `%s`: %s", child->key, child->doc);
        const struct config_section *source = inherit_source(root, child);
        for (size_t k = 0, left = 0;
             !inherit_moves(root, child) && source != NULL && k < source->tables[0]->key_count; k++)
            if (resolve_key(child->tables[0], source->tables[0]->keys[k].name) == NULL)
                text_add(text, "%s`%s`", left++ == 0 ? "; all but " : ", ",
                         source->tables[0]->keys[k].name);
        text_add(text, "\n");
    }
}

/* The section of groups that inherit this one of the root; NULL for none. */
static const struct config_section *inheritor_of(const struct config_section *root,
                                                 const struct config_section *section)
{
    const struct config_section *groups = inherit_section(root);
    for (size_t i = 0; groups != NULL && i < groups->section_count; i++)
        if (inherit_source(root, &groups->sections[i]) == section &&
            inherit_moves(root, &groups->sections[i]))
            return &groups->sections[i];
    return NULL;
}

static void add_section(struct text *text, const struct config_section *root,
                        const struct config_section *section, const char *parent)
{
    struct text name = {0};
    text_add(&name, "%s%s%s", parent, section->key, section->shape == CONFIG_GROUPS ? ".NAME" : "");
    char *path = text_take(&name);
    text->failed |= path == NULL;
    if (path == NULL)
        return;
    text_add(text, "\n## %s\n\n%c%s%s%s.\n", path, toupper((unsigned char)section->doc[0]),
             section->doc + 1, section->optional ? "; may be left out" : "",
             section->shape == CONFIG_GROUPS ? "; NAME is any name, and part of the identity of "
                                               "what the group draws"
                                             : "");
    const struct config_section *inheritor = inheritor_of(root, section);
    if (section->when != NULL)
        text_add(text, "\nCounts only when `%s`.\n", section->when);
    if (inheritor != NULL)
        text_add(text, "\nWith `%s`: the pattern over which each of them lays its own.\n",
                 inherit_section(root)->key);
    if (section->shape == CONFIG_CHOICE)
        add_options(text, section);
    else if (section->table_count > 0)
        add_tables(text, section->tables, 1);
    if (section->inherits)
        add_inherited(text, root, section);
    text_add(&name, "%s.", path);
    char *prefix = text_take(&name);
    for (size_t i = 0; prefix != NULL && i < section->section_count && !section->inherits; i++)
        add_section(text, root, &section->sections[i], prefix);
    text->failed |= prefix == NULL;
    free(prefix);
    free(path);
}

char *config_reference(const struct config_schema *schema)
{
    struct text text = {0};
    text_add(&text, "%s", head);
    add_kinds(&text);
    text_add(&text, "%s\n## Top level\n", tail);
    if (schema->root->table_count > 0)
        add_tables(&text, schema->root->tables, 1);
    for (size_t i = 0; i < schema->root->section_count; i++)
        add_section(&text, schema->root, &schema->root->sections[i], "");
    return text_take(&text);
}
