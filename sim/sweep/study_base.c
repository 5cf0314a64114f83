#include "sweep/study_base.h"

#include "base/digest.h"
#include "base/param_text.h"
#include "sweep/findings.h"
#include "sweep/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 1200, VALUES_TRIED_MAX = 1000 };

/* Notes what a reading of the scenario found; what is no finding stays an error. */
static enum sim_status note(struct study_reading *reading, enum sim_status status,
                            struct config_report *own)
{
    findings_join(reading->study, own, reading->report);
    if (status == SIM_OK)
        return SIM_OK;
    reading->good = false;
    return status == SIM_CONFIG ? SIM_OK : status;
}

static enum sim_status open_base(struct study_reading *reading, bool with_sets,
                                 struct sim_error *err)
{
    struct study *study = reading->study;
    struct config_set *sets = calloc(study->set_count + 1, sizeof(*sets));
    if (sets == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    for (size_t i = 0; i < study->set_count; i++)
        sets[i] = (struct config_set){study->sets[i], study->set_places[i]};
    struct config_input input = {
        .path = study->base_path, .sets = sets, .set_count = with_sets ? study->set_count : 0};
    struct config_report own = {0};
    struct sim_error why = {0};
    study->base = config_template_free(study->base);
    enum sim_status status =
        config_template_create(reading->schema, &input, &study->base, &own, &why);
    free(sets);
    if (status == SIM_IO) {
        const struct node *root = document_root(study->document);
        study_complain(study, reading->report, document_find(root, "base"), "%s", why.text);
        status = SIM_CONFIG;
    }
    if (status == SIM_MEMORY)
        (void)SIM_FAIL(err, status, "%s", why.text);
    return note(reading, status, &own);
}

/* ---- a scenario of the study */

struct samples {
    struct config_set *sets; /* (count) with texts, owned */
    char (*places)[PLACE_BYTES];
    size_t count;
    bool failed;
};

static void add_sample(struct samples *samples, const struct study *study, const struct axis *axis,
                       const char *value)
{
    char *text = axis_set(axis, value);
    samples->failed |= text == NULL;
    if (text == NULL)
        return;
    document_place(study->document, axis->node, samples->places[samples->count], PLACE_BYTES);
    /* A list is as wrong as the item that is tried. */
    for (size_t i = 0; !axis_is_computed(axis) && i < axis->count; i++)
        if (axis->texts[i] == value)
            document_place(study->document, document_item(axis->node, i),
                           samples->places[samples->count], PLACE_BYTES);
    samples->sets[samples->count] = (struct config_set){text, samples->places[samples->count]};
    samples->count++;
}

enum sim_status study_base_load(const struct study *study, const struct study_sample *sample,
                                struct config **ret_config, struct config_report *report,
                                struct sim_error *err)
{
    size_t count = study->axis_count;
    struct samples samples = {calloc(count + 1, sizeof(*samples.sets)),
                              calloc(count + 1, sizeof(*samples.places)), 0, false};
    samples.failed = samples.sets == NULL || samples.places == NULL;
    for (size_t a = 0; a < count && !samples.failed; a++) {
        const struct axis *axis = &study->axes[a];
        bool is_tried = axis == sample->tried;
        if (axis->valid && (is_tried || (sample->lists && !axis_is_computed(axis))))
            add_sample(&samples, study, axis,
                       is_tried && sample->value != NULL ? sample->value : axis_sample(axis));
    }
    enum sim_status status =
        samples.failed ? SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path)
                       : config_template_load(study->base, samples.sets, samples.count, ret_config,
                                              report, err);
    for (size_t i = 0; i < samples.count; i++)
        free((char *)(uintptr_t)samples.sets[i].text);
    free(samples.sets);
    free(samples.places);
    return status;
}

/* ---- parameters on keys */

/* A scenario with these values, or NULL and what is wrong with them in the report. */
static enum sim_status try_sample(struct study_reading *reading, struct study_sample sample,
                                  struct config **ret_config, struct sim_error *err)
{
    struct config_report own = {0};
    *ret_config = NULL;
    enum sim_status status = study_base_load(reading->study, &sample, ret_config, &own, err);
    return note(reading, status, &own);
}

/* The same once more with fewer values, to find what else is wrong: says nothing by itself. */
static enum sim_status fall_back(struct study_reading *reading, struct study_sample sample,
                                 struct config **ret_config, struct sim_error *err)
{
    struct sim_error why = {0};
    *ret_config = NULL;
    enum sim_status status = study_base_load(reading->study, &sample, ret_config, NULL, &why);
    if (status == SIM_OK || status == SIM_CONFIG)
        return SIM_OK;
    return SIM_FAIL(err, status, "%s", why.text);
}

/* The key may be there only with another parameter's value; where that is wrong, without. */
static enum sim_status bind_axis(struct study_reading *reading, struct axis *axis,
                                 struct sim_error *err)
{
    struct config *config;
    enum sim_status status =
        try_sample(reading, (struct study_sample){true, axis, NULL}, &config, err);
    if (status == SIM_OK && config == NULL)
        status = fall_back(reading, (struct study_sample){false, axis, NULL}, &config, err);
    if (status != SIM_OK || config == NULL)
        return status;
    const struct param_key *key = config_key_at(config, axis->path);
    reading->good &= axis_bind(axis, reading->study->document, key, reading->report);
    reading->no_memory |= axis->no_memory;
    config_free(config);
    return SIM_OK;
}

static enum sim_status bind_axes(struct study_reading *reading, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (size_t a = 0; a < reading->study->axis_count && status == SIM_OK; a++) {
        struct axis *axis = &reading->study->axes[a];
        if (axis->valid && axis_is_computed(axis) && axis->key == NULL)
            status = bind_axis(reading, axis, err);
    }
    return status;
}

/* What the scenario of the first values tells. */
static enum sim_status learn(struct study *study, const struct config *config,
                             struct sim_error *err)
{
    const struct param_key *key = config_key_at(config, "until");
    if (key != NULL && (key->kind & PARAM_KIND_MASK) == PARAM_DURATION_NS)
        memcpy(&study->until_ns, (const char *)config_root(config)->values + key->offset,
               sizeof(study->until_ns));
    for (size_t a = 0; a < study->axis_count; a++)
        axis_learn(&study->axes[a], config_key_at(config, study->axes[a].path));
    char *text = config_emit(config);
    if (text == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for study '%s'", study->path);
    struct digest digest;
    digest_init(&digest);
    digest_u64(&digest, study->digest);
    digest_bytes(&digest, text, strlen(text) + 1);
    study->digest = digest_value(&digest);
    free(text);
    return SIM_OK;
}

static void check_where(struct study_reading *reading, const struct config *config)
{
    const struct study *study = reading->study;
    struct sim_error wrong = {0};
    bool holds;
    if (*study->params.where == '\0' ||
        where_holds(study->params.where, config, &holds, &wrong) == SIM_OK)
        return;
    const struct node *root = document_root(study->document);
    study_complain(study, reading->report, document_find(root, "where"), "%s", wrong.text);
    reading->good = false;
}

static enum sim_status read_sample(struct study_reading *reading, struct sim_error *err)
{
    struct config *config;
    enum sim_status status =
        try_sample(reading, (struct study_sample){.lists = true}, &config, err);
    if (status == SIM_OK && config == NULL)
        status = fall_back(reading, (struct study_sample){0}, &config, err);
    if (config == NULL)
        return status;
    check_where(reading, config);
    if (reading->good)
        status = learn(reading->study, config, err);
    config_free(config);
    return status;
}

/* Every item of every list, by itself: something is wrong already, and all of it is to be told. */
static enum sim_status try_values(struct study_reading *reading, struct sim_error *err)
{
    const struct study *study = reading->study;
    enum sim_status status = SIM_OK;
    size_t tried = 0;
    for (size_t a = 0; a < study->axis_count; a++) {
        const struct axis *axis = &study->axes[a];
        bool listed = axis->valid && !axis_is_computed(axis);
        for (size_t i = 0; listed && i < axis->count && status == SIM_OK; i++) {
            struct config *config;
            if (tried++ == VALUES_TRIED_MAX)
                return SIM_OK;
            status = try_sample(reading, (struct study_sample){true, axis, axis->texts[i]}, &config,
                                err);
            config_free(config);
        }
    }
    return status;
}

static enum sim_status read_all(struct study_reading *reading, struct sim_error *err)
{
    enum sim_status status = bind_axes(reading, err);
    return status == SIM_OK ? read_sample(reading, err) : status;
}

/* Wrong sets, which have been told, hide everything else: once more without them. */
static enum sim_status read_without_sets(struct study_reading *reading, struct sim_error *err)
{
    struct config *config;
    enum sim_status status = fall_back(reading, (struct study_sample){0}, &config, err);
    bool wrong = config == NULL;
    config_free(config);
    if (status != SIM_OK || !wrong)
        return status;
    status = open_base(reading, false, err);
    return status == SIM_OK && reading->study->base != NULL ? read_all(reading, err) : status;
}

enum sim_status study_base_bind(struct study_reading *reading, struct sim_error *err)
{
    if (reading->study->base_path == NULL)
        return SIM_OK;
    enum sim_status status = open_base(reading, true, err);
    if (status != SIM_OK || reading->study->base == NULL)
        return status;
    status = read_all(reading, err);
    if (status == SIM_OK && !reading->good && reading->study->set_count > 0)
        status = read_without_sets(reading, err);
    if (status == SIM_OK && !reading->good && reading->study->base != NULL)
        status = try_values(reading, err);
    return status;
}

bool study_has_group(const struct study *study, const char *name, char *ret_meant, size_t bytes)
{
    struct config *config;
    struct sim_error err = {0};
    *ret_meant = '\0';
    if (study_base_load(study, &(struct study_sample){.lists = true}, &config, NULL, &err) !=
        SIM_OK)
        return false;
    const struct config_block *groups = config_at(config, "groups");
    size_t count = groups != NULL ? groups->block_count : 0;
    const char **names = calloc(count + 1, sizeof(*names));
    bool has = false;
    for (size_t g = 0; g < count && names != NULL; g++) {
        names[g] = groups->blocks[g].name;
        has |= strcmp(names[g], name) == 0;
    }
    const char *meant = names != NULL ? param_nearest(name, names) : NULL;
    snprintf(ret_meant, bytes, "%s", meant != NULL ? meant : "");
    free(names);
    config_free(config);
    return has;
}
