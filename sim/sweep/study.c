#include "sweep/study.h"

#include "base/digest.h"
#include "base/param_text.h"
#include "sweep/findings.h"
#include "sweep/study_base.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 1200 };

const char *const study_design_names[] = {"grid",  "zip",      "random", "lhs",
                                          "sobol", "saltelli", "morris", NULL};

#define AT(field) offsetof(struct study_params, field)
static const struct param_key keys[] = {
    {"name", PARAM_STRING, AT(name), NULL, NULL, NULL, NULL,
     "letters, digits, '-', '_'; the folder is sweeps/NAME unless -o DIR names another"},
    {"question", PARAM_STRING, AT(question), NULL, NULL, "", NULL,
     "what it is to answer; kept in the collected file"},
    {"cost", PARAM_STRING, AT(cost), NULL, NULL, "", NULL,
     "how long it takes and how much memory, for the list of studies"},
    {"design", PARAM_ENUM, AT(design), NULL, NULL, "grid", study_design_names,
     "how points are chosen among the parameters' values"},
    {"points", PARAM_U32, AT(points), "1", "1000000", "64", NULL,
     "points of random, lhs and sobol; rows of each matrix of saltelli; trajectories of morris"},
    {"levels", PARAM_U32, AT(levels), "2", "1000", "4", NULL,
     "values of each parameter in a morris design; an even number"},
    {"replicates", PARAM_U32, AT(replicates), "1", "100000", "1", NULL,
     "runs of each point, which differ in their seed"},
    {"resamples", PARAM_U32, AT(resamples), "100", "100000", "1000", NULL,
     "bootstrap samples behind the interval of an index"},
    {"seed", PARAM_U64, AT(seed), NULL, NULL, "1", NULL, "from which every run's seed is made"},
    {"common_random_numbers", PARAM_BOOL, AT(common_random_numbers), NULL, NULL, "false", NULL,
     "a replicate has the same seed at all points, so that points are compared in pairs"},
    {"shift", PARAM_BOOL, AT(shift), NULL, NULL, "false", NULL,
     "shifts the Sobol sequence by a random vector (Cranley and Patterson 1976)"},
    {"where", PARAM_STRING, AT(where), NULL, NULL, "", NULL,
     "a condition; points that do not meet it are left out; not in saltelli and morris"},
};
const struct param_table study_param_table =
    PARAM_TABLE("study", struct study_params, keys, "a study");
#undef AT

/* Keys that hold more than one value. */
const struct study_key study_keys[] = {
    {"base", DOCUMENT_SCALAR, "the path of a scenario", true,
     "the scenario, relative to the study"},
    {"set", DOCUMENT_MAP, "a mapping of paths to values", false,
     "over the base, in every run: {until: 30 min, query.timeout: 5 s}"},
    {"params", DOCUMENT_MAP, "a mapping of paths to values", false,
     "what varies: each path with the values that it takes"},
    {"metrics", DOCUMENT_LIST, "a list of names", false,
     "what is computed of each run: VARIABLE[.STATISTIC[@GROUP]][.OVER]"},
    {"arrays", DOCUMENT_LIST, "a list of names", false,
     "variables over epochs that the collected file has whole"},
    {0},
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) + sizeof(study_keys) / sizeof(study_keys[0]) };

/* ---- what kind of file */

static const struct param_key *find_key(const char *name)
{
    for (size_t k = 0; k < study_param_table.key_count; k++)
        if (strcmp(keys[k].name, name) == 0)
            return &keys[k];
    return NULL;
}

static const struct study_key *find_structured(const char *name)
{
    const struct study_key *key = study_keys;
    while (key->name != NULL && strcmp(key->name, name) != 0)
        key++;
    return key->name != NULL ? key : NULL;
}

static bool is_study_key(const char *name)
{
    return find_key(name) != NULL || find_structured(name) != NULL;
}

static bool is_scenario_key(const struct config_schema *schema, const char *name)
{
    static const char *const always[] = {"base", "twin", "schedule"};
    const struct config_section *root = schema->root;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (strcmp(always[i], name) == 0)
            return true;
    for (size_t k = 0; root->table_count > 0 && k < root->tables[0]->key_count; k++)
        if (strcmp(root->tables[0]->keys[k].name, name) == 0)
            return true;
    for (size_t i = 0; i < root->section_count; i++)
        if (strcmp(root->sections[i].key, name) == 0)
            return true;
    return false;
}

/* Names of plain keys and of others; with a NULL behind. */
static void list_names(const char *ret_names[KEY_COUNT])
{
    size_t count = 0;
    for (size_t k = 0; k < study_param_table.key_count; k++)
        ret_names[count++] = keys[k].name;
    for (const struct study_key *key = study_keys; key->name != NULL; key++)
        ret_names[count++] = key->name;
    ret_names[count] = NULL;
}

/* How many keys only a study has, or almost, less those that only a scenario has. */
static int leaning(const struct config_document *document, const struct config_schema *schema)
{
    const struct node *root = document_root(document);
    const char *names[KEY_COUNT];
    int more = 0;
    list_names(names);
    for (size_t i = 0; i < document_count(root); i++) {
        const char *name = document_key(root, i);
        bool theirs = is_scenario_key(schema, name);
        more += (is_study_key(name) || (!theirs && param_nearest(name, names) != NULL)) - theirs;
    }
    return more;
}

bool study_is_one(const char *path, const struct config_schema *schema)
{
    struct config_document *document;
    struct config_report report = {0};
    struct sim_error err = {0};
    if (document_read(path, NULL, 0, &document, &report, &err) != SIM_OK) {
        config_report_release(&report);
        return false;
    }
    bool is_one = leaning(document, schema) > 0;
    document_free(document);
    return is_one;
}

/* ---- plain values */

static void complain_unknown(struct study_reading *reading, size_t index)
{
    const struct node *root = document_root(reading->study->document);
    const char *names[KEY_COUNT], *name = document_key(root, index);
    list_names(names);
    const char *meant = param_nearest(name, names);
    reading->good = false;
    if (is_scenario_key(reading->schema, name))
        document_complain_key(reading->study->document, reading->report, root, index,
                              "'%s' is the scenario's: put it under 'set'", name);
    else
        document_complain_key(reading->study->document, reading->report, root, index,
                              "a study has no key '%.60s'%s%s%s", name,
                              meant ? "; did you mean '" : "", meant ? meant : "",
                              meant ? "'?" : "");
}

static void read_plain(struct study_reading *reading)
{
    struct study *study = reading->study;
    const struct node *root = document_root(study->document);
    param_defaults(&study_param_table, &study->params);
    for (size_t i = 0; i < document_count(root); i++) {
        const struct param_key *key = find_key(document_key(root, i));
        const char *text = document_text(document_item(root, i));
        char reason[PARAM_REASON_BYTES];
        if (!is_study_key(document_key(root, i))) {
            /* A place for anchors, as in scenarios. */
            if (strncmp(document_key(root, i), "x-", 2) != 0)
                complain_unknown(reading, i);
        } else if (key != NULL && text == NULL) {
            study_complain(study, reading->report, document_item(root, i),
                           "'%s' takes a single value", key->name);
            reading->good = false;
        } else if (key != NULL &&
                   !param_parse(key, text, (char *)&study->params + key->offset, reason)) {
            study_complain(study, reading->report, document_item(root, i), "%s", reason);
            reading->good = false;
        }
    }
}

static void require(struct study_reading *reading, const char *key, bool holds, const char *what)
{
    const struct node *root = document_root(reading->study->document);
    const struct node *node = document_find(root, key);
    if (holds)
        return;
    study_complain(reading->study, reading->report, node != NULL ? node : root, "%s", what);
    reading->good = false;
}

static bool is_folder_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return name != NULL && *name != '\0' && strspn(name, allowed) == strlen(name);
}

static void check_plain(struct study_reading *reading)
{
    const struct study_params *params = &reading->study->params;
    bool structured = params->design == STUDY_SALTELLI || params->design == STUDY_MORRIS;
    require(reading, "name", is_folder_name(params->name),
            "a study needs a 'name' of letters, digits, '-' and '_'");
    require(reading, "where", !structured || *params->where == '\0',
            "'where' would tear holes into a saltelli or morris design");
    require(reading, "levels", params->levels % 2 == 0, "'levels' must be even");
}

/* ---- maps and lists */

/* The value of a key of study_keys; NULL when it is absent or of another kind. */
static const struct node *find_value(struct study_reading *reading, const char *name)
{
    const struct study_key *key = find_structured(name);
    const struct node *root = document_root(reading->study->document);
    const struct node *node = document_find(root, name);
    SIM_ASSERT(key != NULL);
    if (node == NULL && key->required)
        study_complain(reading->study, reading->report, root, "a study needs a '%s', %s", name,
                       key->what);
    else if (node != NULL && document_kind(node) != key->kind)
        study_complain(reading->study, reading->report, node, "'%s' takes %s", name, key->what);
    else
        return node;
    reading->good = false;
    return NULL;
}

static void read_base(struct study_reading *reading)
{
    struct study *study = reading->study;
    const struct node *node = find_value(reading, "base");
    if (node == NULL)
        return;
    const char *text = document_text(node), *slash = strrchr(study->path, '/');
    size_t folder = *text == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - study->path);
    study->base_path = malloc(folder + strlen(text) + 1);
    if (study->base_path == NULL)
        return;
    memcpy(study->base_path, study->path, folder);
    memcpy(study->base_path + folder, text, strlen(text) + 1);
}

static void read_sets(struct study_reading *reading)
{
    struct study *study = reading->study;
    const struct node *map = find_value(reading, "set");
    size_t count = map != NULL ? document_count(map) : 0;
    study->sets = calloc(count + 1, sizeof(*study->sets));
    study->set_places = calloc(count + 1, sizeof(*study->set_places));
    for (size_t i = 0; i < count && study->sets != NULL && study->set_places != NULL; i++) {
        char place[PLACE_BYTES], *value = document_flow(document_item(map, i));
        document_place(study->document, document_item(map, i), place, sizeof(place));
        size_t bytes = strlen(document_key(map, i)) + (value != NULL ? strlen(value) : 0) + 2;
        study->sets[i] = value != NULL ? malloc(bytes) : NULL;
        study->set_places[i] = strdup(place);
        study->set_count = i + 1;
        if (study->sets[i] != NULL)
            snprintf(study->sets[i], bytes, "%s=%s", document_key(map, i), value);
        free(value);
    }
}

static void read_axes(struct study_reading *reading)
{
    struct study *study = reading->study;
    const struct node *map = find_value(reading, "params");
    size_t count = map != NULL ? document_count(map) : 0;
    study->axes = calloc(count + 1, sizeof(*study->axes));
    for (size_t i = 0; i < count && study->axes != NULL; i++) {
        reading->good &= axis_init(&study->axes[i], study->document, map, i, reading->report);
        reading->no_memory |= study->axes[i].no_memory;
        study->axis_count = i + 1;
    }
    require(reading, "params", count > 0 || study->params.design == STUDY_GRID,
            "this design needs 'params'");
}

static size_t read_names(struct study_reading *reading, const char *key, const char ***ret_names,
                         const struct node ***ret_nodes)
{
    const struct node *list = find_value(reading, key);
    size_t count = list != NULL ? document_count(list) : 0;
    *ret_names = calloc(count + 1, sizeof(**ret_names));
    *ret_nodes = calloc(count + 1, sizeof(**ret_nodes));
    for (size_t i = 0; i < count && *ret_names != NULL && *ret_nodes != NULL; i++) {
        (*ret_nodes)[i] = document_item(list, i);
        (*ret_names)[i] = document_text(document_item(list, i));
        if ((*ret_names)[i] != NULL)
            continue;
        study_complain(reading->study, reading->report, document_item(list, i),
                       "'%s' takes a list of names", key);
        reading->good = false;
    }
    return count;
}

/* Was there memory for everything?  A base that is no path has been complained about. */
static bool is_complete(const struct study_reading *reading)
{
    const struct study *study = reading->study;
    if (reading->no_memory || (reading->good && study->base_path == NULL) || study->sets == NULL ||
        study->set_places == NULL || study->axes == NULL || study->metrics == NULL ||
        study->metric_nodes == NULL || study->arrays == NULL || study->array_nodes == NULL)
        return false;
    for (size_t i = 0; i < study->set_count; i++)
        if (study->sets[i] == NULL || study->set_places[i] == NULL)
            return false;
    return true;
}

/* ---- together */

static enum sim_status read_document(struct study *study, const char *version,
                                     struct config_report *report, struct sim_error *err)
{
    enum sim_status status = document_read(study->path, NULL, 0, &study->document, report, err);
    if (status != SIM_OK)
        return status;
    char *text = document_flow(document_root(study->document));
    if (text == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, version, strlen(version) + 1);
    digest_bytes(&digest, text, strlen(text) + 1);
    study->digest = digest_value(&digest);
    free(text);
    return SIM_OK;
}

static enum sim_status read_all(struct study_reading *reading, study_check_names *check,
                                struct sim_error *err)
{
    struct study *study = reading->study;
    if (leaning(study->document, reading->schema) < 0) {
        study_complain(study, reading->report, document_root(study->document),
                       "this is a scenario: a study names one as its 'base'");
        return SIM_FAIL(err, SIM_CONFIG, "'%s' is no study", study->path);
    }
    read_plain(reading);
    check_plain(reading);
    read_base(reading);
    read_sets(reading);
    read_axes(reading);
    study->metric_count = read_names(reading, "metrics", &study->metrics, &study->metric_nodes);
    study->array_count = read_names(reading, "arrays", &study->arrays, &study->array_nodes);
    if (!is_complete(reading))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    if (check != NULL)
        reading->good &= check(study, reading->report);
    enum sim_status status = study_base_bind(reading, err);
    if (status == SIM_OK && reading->no_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    if (status == SIM_OK && !reading->good)
        status = SIM_FAIL(err, SIM_CONFIG, "the study '%s' is not valid", study->path);
    return status;
}

enum sim_status study_read(const char *path, const struct config_schema *schema,
                           const char *version, study_check_names *check, struct study **ret_study,
                           struct config_report *report, struct sim_error *err)
{
    struct study *study = calloc(1, sizeof(*study));
    if (study == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", path);
    study->path = path;
    struct study_reading reading = {study, schema, report, true, false};
    enum sim_status status = read_document(study, version, report, err);
    if (status == SIM_OK)
        status = read_all(&reading, check, err);
    if (status != SIM_OK && study->document != NULL && report != NULL)
        findings_sort(study, report);
    if (status == SIM_OK)
        *ret_study = study;
    else
        study_free(study);
    return status;
}

struct study *study_free(struct study *study)
{
    if (study == NULL)
        return NULL;
    for (size_t i = 0; i < study->set_count; i++) {
        free(study->sets[i]);
        free(study->set_places[i]);
    }
    for (size_t a = 0; a < study->axis_count; a++)
        axis_release(&study->axes[a]);
    config_template_free(study->base);
    document_free(study->document);
    free(study->base_path);
    free(study->sets);
    free(study->set_places);
    free(study->axes);
    free(study->metrics);
    free(study->metric_nodes);
    free(study->arrays);
    free(study->array_nodes);
    free(study);
    return NULL;
}

void study_complain(const struct study *study, struct config_report *report,
                    const struct node *node, const char *format, ...)
{
    char message[PLACE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    document_complain(study->document, report, node, "%s", message);
}
