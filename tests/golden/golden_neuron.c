/*
 * golden_neuron FOLDER: the neuron's pieces against the numbers of the historic code.
 *
 * Each file of the folder holds {cases: [{category, id, rel_tol, inputs, expected}, ...]}; a case
 * goes through the function that a run calls, in double, and each expected number is compared
 * within rel_tol, relative, with an absolute floor of rel_tol.  An expected number that is not
 * compared fails its case, as does an unknown category.
 */
#include "golden/golden_neuron.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `Group: category` of golden_neuron_*.c. */
static const struct neuron_category *const lists[] = {
    neuron_scorer_categories, neuron_join_categories, neuron_router_categories,
    neuron_agent_categories};

static const struct neuron_category *find(const char *name)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        for (const struct neuron_category *c = lists[i]; c->name != NULL; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    return NULL;
}

static const char *text_of(const struct json_value *value)
{
    return value == NULL || value->text == NULL ? "?" : value->text;
}

static bool run_case(const char *file, const struct json_value *json)
{
    struct neuron_case c = {.id = text_of(json_get(json, "id")),
                            .in = json_get(json, "inputs"),
                            .expected = json_get(json, "expected")};
    const char *category = text_of(json_get(json, "category"));
    struct sim_error err = {0};
    if (json_f64(json_get(json, "rel_tol"), &c.tolerance, &err) != SIM_OK) {
        printf("%s: %s: no rel_tol: %s\n", file, c.id, err.text);
        return false;
    }
    const struct neuron_category *found = find(category);
    if (found == NULL) {
        printf("%s: %s: category '%s' is not known\n", file, c.id, category);
        return false;
    }
    found->run(&c);
    neuron_check_all_compared(&c);
    neuron_case_release(&c);
    if (c.wrong > 0)
        printf("%s: %s: %u of %u numbers differ\n", file, c.id, c.wrong, c.compared);
    return c.wrong == 0 && c.compared > 0;
}

struct tally {
    unsigned passed, failed;
};

static void run_file(const char *folder, const char *name, struct tally *tally)
{
    char path[4096];
    struct json *json = NULL;
    struct sim_error err = {0};
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (json_read_file(path, JSON_STRICT, &json, &err) != SIM_OK) {
        printf("%s\n", err.text);
        tally->failed++;
        return;
    }
    const struct json_value *cases = json_get(json_root(json), "cases");
    for (size_t i = 0; i < json_count(cases); i++) {
        if (run_case(name, json_item(cases, i)))
            tally->passed++;
        else
            tally->failed++;
    }
    json_free(json);
}

static int is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    struct tally tally = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &entries, is_json, alphasort);
    if (count < 0)
        fprintf(stderr, "cannot read folder '%s'\n", argv[1]);
    for (int i = 0; i < count; i++) {
        run_file(argv[1], entries[i]->d_name, &tally);
        free(entries[i]);
    }
    free(entries);
    printf("%u passed, %u failed\n", tally.passed, tally.failed);
    return tally.failed == 0 && tally.passed > 0 ? 0 : 1;
}
