#include "sweep/study.h"

#include "base/digest.h"
#include "base/param_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, PLACE_BYTES = 1200 };

static const char *const design_names[] = {"grid",  "zip",      "random", "lhs",
                                           "sobol", "saltelli", "morris", NULL};

#define AT(field) offsetof(struct study_params, field)
static const struct param_key keys[] = {
    {"name", PARAM_STRING, AT(name), NULL, NULL, NULL, NULL,
     "what the study's folder and its collected file are called: letters, digits, '-', '_'"},
    {"question", PARAM_STRING, AT(question), NULL, NULL, "", NULL, "what it is to answer"},
    {"design", PARAM_ENUM, AT(design), NULL, NULL, "grid", design_names,
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
     "a condition; points that do not meet it are left out"},
};
const struct param_table study_param_table =
    PARAM_TABLE("study", struct study_params, keys, "a study");
#undef AT

/* Keys that hold more than one value. */
static const char *const own_keys[] = {"base", "set", "params", "metrics", "arrays", NULL};

struct reading {
    struct study *study;
    const struct config_schema *schema;
    struct config_report *report;
    bool good;
};

static bool is_own(const char *name)
{
    for (const char *const *own = own_keys; *own != NULL; own++)
        if (strcmp(*own, name) == 0)
            return true;
    return false;
}

/* ---- plain values */

static const struct param_key *find_key(const char *name)
{
    for (size_t k = 0; k < study_param_table.key_count; k++)
        if (strcmp(keys[k].name, name) == 0)
            return &keys[k];
    return NULL;
}

static void complain_unknown(struct reading *reading, size_t index)
{
    const struct node *root = document_root(reading->study->document);
    const char *names[sizeof(keys) / sizeof(keys[0]) + sizeof(own_keys) / sizeof(own_keys[0])];
    size_t count = 0;
    for (size_t k = 0; k < study_param_table.key_count; k++)
        names[count++] = keys[k].name;
    for (const char *const *own = own_keys; *own != NULL; own++)
        names[count++] = *own;
    names[count] = NULL;
    const char *name = document_key(root, index), *meant = param_nearest(name, names);
    document_complain_key(reading->study->document, reading->report, root, index,
                          "a study has no key '%s'%s%s%s", name, meant ? "; did you mean '" : "",
                          meant ? meant : "", meant ? "'?" : "");
    reading->good = false;
}

static void read_plain(struct reading *reading)
{
    struct study *study = reading->study;
    const struct node *root = document_root(study->document);
    param_defaults(&study_param_table, &study->params);
    for (size_t i = 0; i < document_count(root); i++) {
        const struct param_key *key = find_key(document_key(root, i));
        const char *text = document_text(document_item(root, i));
        char reason[PARAM_REASON_BYTES];
        if (key == NULL && !is_own(document_key(root, i))) {
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

static void require(struct reading *reading, const char *key, bool holds, const char *what)
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

static void check_plain(struct reading *reading)
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

static const struct node *find_kind(struct reading *reading, const char *key,
                                    enum document_kind kind, const char *what)
{
    const struct node *node = document_find(document_root(reading->study->document), key);
    if (node == NULL || document_kind(node) == kind)
        return node;
    study_complain(reading->study, reading->report, node, "'%s' takes %s", key, what);
    reading->good = false;
    return NULL;
}

static void read_base(struct reading *reading)
{
    struct study *study = reading->study;
    const struct node *node = find_kind(reading, "base", DOCUMENT_SCALAR, "the path of a scenario");
    require(reading, "base", node != NULL, "a study needs a 'base', the path of a scenario");
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

static void read_sets(struct reading *reading)
{
    struct study *study = reading->study;
    const struct node *map =
        find_kind(reading, "set", DOCUMENT_MAP, "a mapping of paths to values");
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

static void read_axes(struct reading *reading)
{
    struct study *study = reading->study;
    const struct node *map =
        find_kind(reading, "params", DOCUMENT_MAP, "a mapping of paths to values");
    size_t count = map != NULL ? document_count(map) : 0;
    study->axes = calloc(count + 1, sizeof(*study->axes));
    for (size_t i = 0; i < count && study->axes != NULL; i++) {
        reading->good &= axis_init(&study->axes[i], study->document, map, i, reading->report);
        study->axis_count = i + 1;
    }
    require(reading, "params", count > 0 || study->params.design == STUDY_GRID,
            "this design needs 'params'");
}

static size_t read_names(struct reading *reading, const char *key, const char ***ret_names,
                         const struct node ***ret_nodes)
{
    const struct node *list = find_kind(reading, key, DOCUMENT_LIST, "a list of names");
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

static bool is_complete(const struct study *study)
{
    if (study->base_path == NULL || study->sets == NULL || study->set_places == NULL ||
        study->axes == NULL || study->metrics == NULL || study->metric_nodes == NULL ||
        study->arrays == NULL || study->array_nodes == NULL)
        return false;
    for (size_t i = 0; i < study->set_count; i++)
        if (study->sets[i] == NULL || study->set_places[i] == NULL)
            return false;
    return true;
}

/* ---- the base, and parameters on its keys */

static enum sim_status open_base(struct reading *reading, struct sim_error *err)
{
    struct study *study = reading->study;
    struct config_set *sets = calloc(study->set_count + 1, sizeof(*sets));
    if (sets == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    for (size_t i = 0; i < study->set_count; i++)
        sets[i] = (struct config_set){study->sets[i], study->set_places[i]};
    struct config_input input = {
        .path = study->base_path, .sets = sets, .set_count = study->set_count};
    enum sim_status status =
        config_template_create(reading->schema, &input, &study->base, reading->report, err);
    free(sets);
    return status;
}

/* The base with the first value of every list and, if `tried` is computed, that axis' sample: the
 * scenario in which the axis' key can be looked up. */
static enum sim_status load_sample(const struct study *study, const struct axis *tried,
                                   struct config **ret_config, struct config_report *report,
                                   struct sim_error *err)
{
    size_t count = study->axis_count;
    struct config_set *sets = calloc(count + 1, sizeof(*sets));
    char(*texts)[2][PLACE_BYTES] = calloc(count + 1, sizeof(*texts));
    size_t used = 0;
    for (size_t a = 0; a < count && sets != NULL && texts != NULL; a++) {
        const struct axis *axis = &study->axes[a];
        if (axis_is_computed(axis) && axis != tried)
            continue;
        snprintf(texts[used][0], PLACE_BYTES, "%s=%s", axis->path, axis_sample(axis));
        document_place(study->document, axis->node, texts[used][1], PLACE_BYTES);
        sets[used] = (struct config_set){texts[used][0], texts[used][1]};
        used++;
    }
    enum sim_status status =
        sets == NULL || texts == NULL
            ? SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path)
            : config_template_load(study->base, sets, used, ret_config, report, err);
    free(sets);
    free(texts);
    return status;
}

static enum sim_status bind_axes(struct reading *reading, struct sim_error *err)
{
    struct study *study = reading->study;
    for (size_t a = 0; a < study->axis_count; a++) {
        struct axis *axis = &study->axes[a];
        struct config *config;
        if (!axis_is_computed(axis))
            continue;
        enum sim_status status = load_sample(study, axis, &config, reading->report, err);
        if (status != SIM_OK)
            return status;
        const struct param_key *key = config_key_at(config, axis->path);
        reading->good &= axis_bind(axis, study->document, key, reading->report);
        config_free(config);
    }
    return SIM_OK;
}

/* What the scenario of the first values tells. */
static enum sim_status read_sample(struct reading *reading, struct sim_error *err)
{
    struct study *study = reading->study;
    struct config *config;
    enum sim_status status = load_sample(study, NULL, &config, reading->report, err);
    if (status != SIM_OK)
        return status;
    const struct param_key *key = config_key_at(config, "until");
    if (key != NULL && (key->kind & PARAM_KIND_MASK) == PARAM_DURATION_NS)
        memcpy(&study->until_ns, (const char *)config_root(config)->values + key->offset,
               sizeof(study->until_ns));
    for (size_t a = 0; a < study->axis_count; a++)
        axis_learn(&study->axes[a], config_key_at(config, study->axes[a].path));
    char *text = config_emit(config);
    struct digest digest;
    digest_init(&digest);
    digest_u64(&digest, study->digest);
    if (text != NULL)
        digest_bytes(&digest, text, strlen(text) + 1);
    else
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    study->digest = digest_value(&digest);
    free(text);
    config_free(config);
    return status;
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

static enum sim_status read_all(struct reading *reading, struct sim_error *err)
{
    struct study *study = reading->study;
    read_plain(reading);
    check_plain(reading);
    read_base(reading);
    read_sets(reading);
    read_axes(reading);
    study->metric_count = read_names(reading, "metrics", &study->metrics, &study->metric_nodes);
    study->array_count = read_names(reading, "arrays", &study->arrays, &study->array_nodes);
    if (reading->good && !is_complete(study))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    enum sim_status status = SIM_OK;
    if (reading->good)
        status = open_base(reading, err);
    if (reading->good && status == SIM_OK)
        status = bind_axes(reading, err);
    if (reading->good && status == SIM_OK)
        status = read_sample(reading, err);
    if (status == SIM_OK && !reading->good)
        status = SIM_FAIL(err, SIM_CONFIG, "the study '%s' is not valid", study->path);
    return status;
}

enum sim_status study_read(const char *path, const struct config_schema *schema,
                           const char *version, struct study **ret_study,
                           struct config_report *report, struct sim_error *err)
{
    struct study *study = calloc(1, sizeof(*study));
    if (study == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", path);
    study->path = path;
    struct reading reading = {.study = study, .schema = schema, .report = report, .good = true};
    enum sim_status status = read_document(study, version, report, err);
    if (status == SIM_OK)
        status = read_all(&reading, err);
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

bool study_has_section(const struct study *study, const char *path)
{
    struct config *config;
    struct sim_error err = {0};
    if (load_sample(study, NULL, &config, NULL, &err) != SIM_OK)
        return false;
    bool has = config_at(config, path) != NULL;
    config_free(config);
    return has;
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
