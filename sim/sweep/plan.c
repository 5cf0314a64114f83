#include "sweep/plan.h"

#include "sweep/findings.h"
#include "sweep/seed.h"
#include "sweep/where.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SET_BYTES = 4096, PLACE_BYTES = 1200, BAD_EXPLAINED_MAX = 200 };

struct plan *plan_free(struct plan *plan)
{
    if (plan != NULL) {
        design_release(&plan->design);
        free(plan->points);
        free(plan->tasks);
    }
    free(plan);
    return NULL;
}

static struct plan_task make_task(const struct study *study, uint32_t point, uint32_t number,
                                  uint32_t replicate)
{
    uint64_t of = study->params.common_random_numbers ? SEED_COMMON_POINT : number;
    return (struct plan_task){.point = point,
                              .replicate = replicate,
                              .seed = seed_of(study->params.seed, of, replicate, "run")};
}

enum sim_status plan_draft(const struct study *study, const char *version, struct plan **ret_plan,
                           struct config_report *report, struct sim_error *err)
{
    struct plan *plan = calloc(1, sizeof(*plan));
    if (plan == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a plan");
    *plan = (struct plan){.study = study, .version = version};
    enum sim_status status = design_init(&plan->design, study, report, err);
    if (status != SIM_OK) {
        plan_free(plan);
        return status;
    }
    uint32_t replicates = study->params.replicates;
    plan->point_count = plan->design.point_count;
    plan->task_count = plan->point_count * replicates;
    plan->points = calloc(plan->point_count, sizeof(*plan->points));
    plan->tasks = calloc(plan->task_count, sizeof(*plan->tasks));
    if (plan->points == NULL || plan->tasks == NULL) {
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu runs", plan->task_count);
        plan_free(plan);
        return status;
    }
    for (uint32_t p = 0; p < plan->point_count; p++) {
        plan->points[p] = p;
        for (uint32_t r = 0; r < replicates; r++)
            plan->tasks[(size_t)p * replicates + r] = make_task(study, p, p, r);
    }
    *ret_plan = plan;
    return SIM_OK;
}

char *plan_value(const struct plan *plan, size_t point, size_t axis)
{
    const struct design *design = &plan->design;
    return axis_at(&plan->study->axes[axis],
                   design->unit[plan->points[point] * design->axis_count + axis]);
}

/* ---- checking */

/* The sets of a task, with room for their texts; built once, filled for each task. */
struct sets {
    struct config_set *items; /* (axis_count + 1) */
    char (*texts)[SET_BYTES];
    char (*places)[PLACE_BYTES];
};

static bool sets_init(struct sets *sets, const struct study *study)
{
    size_t count = study->axis_count + 1;
    *sets = (struct sets){calloc(count, sizeof(*sets->items)), calloc(count, sizeof(*sets->texts)),
                          calloc(count, sizeof(*sets->places))};
    return sets->items != NULL && sets->texts != NULL && sets->places != NULL;
}

static void sets_release(struct sets *sets)
{
    free(sets->items);
    free(sets->texts);
    free(sets->places);
}

/* The item of a list that was chosen, for messages; else the whole axis. */
static const struct node *node_at(const struct axis *axis, double u)
{
    if (axis_is_computed(axis))
        return axis->node;
    size_t index = (size_t)axis_number(axis, u);
    return document_item(axis->node, index < axis->count ? index : axis->count - 1);
}

static enum sim_status sets_fill(struct sets *sets, const struct plan *plan,
                                 const struct plan_task *task, struct sim_error *err)
{
    const struct study *study = plan->study;
    for (size_t a = 0; a < study->axis_count; a++) {
        const struct axis *axis = &study->axes[a];
        double u = plan->design.unit[plan->points[task->point] * study->axis_count + a];
        char *value = plan_value(plan, task->point, a);
        int used = snprintf(sets->texts[a], SET_BYTES, "%s=%s", axis->path, value ? value : "");
        free(value);
        if (value == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for a value of '%s'", axis->path);
        if (used < 0 || used >= SET_BYTES)
            return SIM_FAIL(err, SIM_LIMIT, "a value of '%s' is too long", axis->path);
        document_place(study->document, node_at(axis, u), sets->places[a], PLACE_BYTES);
        sets->items[a] = (struct config_set){sets->texts[a], sets->places[a]};
    }
    snprintf(sets->texts[study->axis_count], SET_BYTES, "seed=%llu",
             (unsigned long long)task->seed);
    sets->items[study->axis_count] =
        (struct config_set){sets->texts[study->axis_count], "the run's seed"};
    return SIM_OK;
}

static enum sim_status check_config(const struct plan *plan, const struct config *config,
                                    struct plan_mark *mark, struct config_report *report,
                                    struct sim_error *err)
{
    const struct study *study = plan->study;
    bool holds = true;
    enum sim_status status = SIM_OK;
    if (*study->params.where != '\0')
        status = where_holds(study->params.where, config, &holds, err);
    if (status != SIM_OK) {
        struct config_report own = {0};
        const struct node *node = document_find(document_root(study->document), "where");
        study_complain(study, &own, node, "%s", err != NULL ? err->text : "not valid");
        findings_join(study, &own, report);
        return status;
    }
    if (holds)
        status = config_hash(config, plan->version, mark->hash, err);
    if (status == SIM_OK)
        mark->verdict = holds ? PLAN_KEPT : PLAN_LEFT_OUT;
    return status;
}

/* What is wrong with one point joins what is wrong with others. */
static enum sim_status load_point(const struct plan *plan, const struct sets *sets,
                                  struct config **ret_config, struct config_report *report,
                                  struct sim_error *err)
{
    struct config_report own = {0};
    enum sim_status status =
        config_template_load(plan->study->base, sets->items, plan->study->axis_count + 1,
                             ret_config, report != NULL ? &own : NULL, err);
    findings_join(plan->study, &own, report);
    return status;
}

static enum sim_status check_task(const struct plan *plan, const struct plan_task *task,
                                  struct sets *sets, struct plan_mark *mark,
                                  struct config_report *report, struct sim_error *err)
{
    struct config *config = NULL;
    enum sim_status status = sets_fill(sets, plan, task, err);
    if (status == SIM_OK)
        status = load_point(plan, sets, &config, report, err);
    if (status == SIM_OK)
        status = check_config(plan, config, mark, report, err);
    config_free(config);
    if (status == SIM_CONFIG)
        mark->verdict = PLAN_BAD;
    return status;
}

enum sim_status plan_check(const struct plan *plan, size_t first, size_t count,
                           struct plan_mark *marks, struct config_report *report,
                           struct sim_error *err)
{
    struct sets sets;
    enum sim_status status = SIM_OK, worst = SIM_OK;
    if (!sets_init(&sets, plan->study))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for a plan");
    size_t bad = 0;
    for (size_t t = first; t < first + count && status == SIM_OK; t++) {
        bool explain = report != NULL && bad < BAD_EXPLAINED_MAX;
        status = check_task(plan, &plan->tasks[t], &sets, &marks[t], explain ? report : NULL,
                            worst == SIM_OK ? err : NULL);
        if (status != SIM_CONFIG)
            continue;
        worst = SIM_CONFIG;
        status = SIM_OK;
        bad++;
    }
    sets_release(&sets);
    return status != SIM_OK ? status : worst;
}

static enum sim_status try_task(const struct plan *plan, const struct plan_task *task,
                                struct sets *sets, struct plan_mark *mark, plan_judge *judge,
                                void *context, struct config_report *report, struct sim_error *err)
{
    struct config *config = NULL;
    enum sim_status status = sets_fill(sets, plan, task, err);
    if (status == SIM_OK)
        status = load_point(plan, sets, &config, report, err);
    if (status == SIM_OK)
        status = check_config(plan, config, mark, report, err);
    if (status == SIM_OK && mark->verdict == PLAN_KEPT) {
        struct config_report own = {0};
        status = judge(context, config, &own, err);
        findings_join(plan->study, &own, report);
    }
    config_free(config);
    return status;
}

enum sim_status plan_try(const struct plan *plan, plan_judge *judge, void *context,
                         struct config_report *report, struct sim_error *err)
{
    struct sets sets;
    size_t kept = 0, bad = 0, step = plan->study->params.replicates;
    enum sim_status status = SIM_OK;
    if (!sets_init(&sets, plan->study))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for a plan");
    for (size_t t = 0; t < plan->task_count && status == SIM_OK && bad < BAD_EXPLAINED_MAX;
         t += step) {
        struct plan_mark mark = {.verdict = PLAN_OPEN};
        status = try_task(plan, &plan->tasks[t], &sets, &mark, judge, context, report, err);
        kept += mark.verdict == PLAN_KEPT;
        bad += status == SIM_CONFIG;
        if (status == SIM_CONFIG)
            status = SIM_OK;
    }
    sets_release(&sets);
    if (status == SIM_OK && bad > 0)
        return SIM_FAIL(err, SIM_CONFIG, "the study '%s' is not valid", plan->study->path);
    return status == SIM_OK ? plan_check_empty(plan->study, kept, report, err) : status;
}

enum sim_status plan_check_empty(const struct study *study, size_t task_count,
                                 struct config_report *report, struct sim_error *err)
{
    static const char message[] = "no point meets this condition";
    if (task_count > 0)
        return SIM_OK;
    const struct node *node = document_find(document_root(study->document), "where");
    if (report != NULL && node != NULL)
        study_complain(study, report, node, "%s", message);
    return SIM_FAIL(err, SIM_CONFIG, "%s: '%s'", message, study->params.where);
}

void plan_settle(struct plan *plan, const struct plan_mark *marks)
{
    uint32_t replicates = plan->study->params.replicates;
    size_t points = 0, tasks = 0;
    for (size_t p = 0; p < plan->point_count; p++) {
        if (marks[p * replicates].verdict == PLAN_LEFT_OUT)
            continue;
        for (size_t r = 0; r < replicates; r++) {
            const struct plan_mark *mark = &marks[p * replicates + r];
            SIM_ASSERT(mark->verdict == PLAN_KEPT);
            struct plan_task task = plan->tasks[p * replicates + r];
            task.point = (uint32_t)points;
            memcpy(task.hash, mark->hash, sizeof(task.hash));
            plan->tasks[tasks++] = task;
        }
        plan->points[points++] = plan->points[p];
    }
    plan->point_count = points;
    plan->task_count = tasks;
}

/* ---- points.tsv */

static bool path_of(char *ret_path, size_t bytes, const char *folder, const char *name)
{
    int used = snprintf(ret_path, bytes, "%s/%s", folder, name);
    return used > 0 && (size_t)used < bytes;
}

static void write_lines(const struct plan *plan, FILE *file)
{
    const struct study *study = plan->study;
    fprintf(file, "# taosim %s\n# study %s %016llx\ntask\tpoint\treplicate\tseed\thash",
            plan->version, study->params.name, (unsigned long long)study->digest);
    for (size_t a = 0; a < study->axis_count; a++)
        fprintf(file, "\t%s", study->axes[a].path);
    fputc('\n', file);
    for (size_t t = 0; t < plan->task_count; t++) {
        const struct plan_task *task = &plan->tasks[t];
        fprintf(file, "%zu\t%u\t%u\t%llu\t%s", t, plan->points[task->point], task->replicate,
                (unsigned long long)task->seed, task->hash);
        for (size_t a = 0; a < study->axis_count; a++) {
            char *value = plan_value(plan, task->point, a);
            fprintf(file, "\t%s", value != NULL ? value : "");
            free(value);
        }
        fputc('\n', file);
    }
}

enum sim_status plan_write(const struct plan *plan, const char *folder, struct sim_error *err)
{
    char path[4096], aside[4200];
    if (!path_of(path, sizeof(path), folder, "points.tsv"))
        return SIM_FAIL(err, SIM_CONFIG, "the path '%s' is too long", folder);
    /* Tasks on many machines may do this at once, all with the same text. */
    snprintf(aside, sizeof(aside), "%s.%ld.tmp", path, (long)getpid());
    FILE *file = fopen(aside, "w");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", aside, strerror(errno));
    write_lines(plan, file);
    bool good = !ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (good && rename(aside, path) == 0)
        return SIM_OK;
    enum sim_status status = SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
    unlink(aside);
    return status;
}

/* Is it the same study, of the same version? */
static bool read_head(FILE *file, const struct study *study, const char *version)
{
    char expected[2][512], line[512];
    snprintf(expected[0], sizeof(expected[0]), "# taosim %s\n", version);
    snprintf(expected[1], sizeof(expected[1]), "# study %s %016llx\n", study->params.name,
             (unsigned long long)study->digest);
    for (int i = 0; i < 2; i++)
        if (fgets(line, sizeof(line), file) == NULL || strcmp(line, expected[i]) != 0)
            return false;
    int c;
    while ((c = getc(file)) != EOF && c != '\n')
        continue;
    return c == '\n';
}

/* The next task's line; false at the end or when it does not continue what was drafted. */
static bool read_line(FILE *file, struct plan *plan, size_t index, size_t *points)
{
    unsigned long long number, point, replicate, seed;
    char hash[CONFIG_HASH_CHARS];
    int c;
    if (fscanf(file, "%llu\t%llu\t%llu\t%llu\t%64[0-9a-f]", &number, &point, &replicate, &seed,
               hash) != 5 ||
        number != index || strlen(hash) != CONFIG_HASH_CHARS - 1 || index >= plan->task_count ||
        point >= plan->design.point_count || replicate >= plan->study->params.replicates)
        return false;
    while ((c = getc(file)) != EOF && c != '\n')
        continue;
    if (replicate == 0)
        plan->points[(*points)++] = (uint32_t)point;
    if (*points == 0)
        return false;
    struct plan_task task =
        make_task(plan->study, (uint32_t)(*points - 1), (uint32_t)point, (uint32_t)replicate);
    memcpy(task.hash, hash, sizeof(hash));
    plan->tasks[index] = task;
    return task.seed == seed && c == '\n';
}

enum sim_status plan_read(const struct study *study, const char *version, const char *folder,
                          struct plan **ret_plan, struct sim_error *err)
{
    char path[4096];
    *ret_plan = NULL;
    if (!path_of(path, sizeof(path), folder, "points.tsv"))
        return SIM_FAIL(err, SIM_CONFIG, "the path '%s' is too long", folder);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return SIM_OK;
    struct plan *plan = NULL;
    if (read_head(file, study, version) &&
        plan_draft(study, version, &plan, NULL, NULL) == SIM_OK) {
        size_t tasks = 0, points = 0;
        while (read_line(file, plan, tasks, &points))
            tasks++;
        plan->point_count = points;
        plan->task_count = tasks;
        if (!feof(file) || tasks != points * study->params.replicates)
            plan = plan_free(plan);
    }
    fclose(file);
    *ret_plan = plan;
    return SIM_OK;
}

/* ---- selections */

enum sim_status plan_select(const struct plan *plan, const char *only, bool *ret_selected,
                            struct sim_error *err)
{
    memset(ret_selected, only == NULL, plan->task_count * sizeof(*ret_selected));
    for (const char *at = only; at != NULL && *at != '\0';) {
        char *end;
        errno = 0;
        unsigned long long first = strtoull(at, &end, 10), last = first;
        bool good = *at >= '0' && *at <= '9';
        if (good && *end == '-') {
            at = end + 1;
            last = strtoull(at, &end, 10);
            good = *at >= '0' && *at <= '9';
        }
        if (!good || (*end != ',' && *end != '\0') || errno != 0 || last < first)
            return SIM_FAIL(err, SIM_CONFIG, "--only takes numbers of tasks like 3,7-9, not '%s'",
                            only);
        /* The last part of a plan that was cut into equal ones may be shorter. */
        if (first >= plan->task_count)
            return SIM_FAIL(err, SIM_CONFIG, "--only: the plan has tasks 0 to %zu, not %llu",
                            plan->task_count - 1, first);
        for (unsigned long long t = first; t <= last && t < plan->task_count; t++)
            ret_selected[t] = true;
        at = *end == ',' ? end + 1 : end;
    }
    return SIM_OK;
}
