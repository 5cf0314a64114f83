#include "sweep/study_schema.h"

#include "base/param_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char scenario_schema[] = "scenario.schema.json";

/* ---- JSON Schema */

static void put_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

/* {"range": [LOW, HIGH], "step": X} or {"normal": {"mean": X, "sd": X}} */
static void put_form(FILE *file, const struct axis_form *form)
{
    static const char quantity[] = "{\"type\": [\"number\", \"string\"]}";
    static const char bare[] = "{\"type\": \"number\"}";
    fputs("{\"type\": \"object\", \"description\": ", file);
    put_string(file, form->doc);
    fprintf(file, ", \"properties\": {\"%s\": ", form->word);
    if (form->first == NULL) {
        fprintf(file,
                "{\"type\": \"array\", \"items\": %s, \"minItems\": 2, \"maxItems\": 2}, "
                "\"n\": {\"type\": \"integer\", \"minimum\": 2}",
                quantity);
        if (form->shape == AXIS_RANGE)
            fprintf(file, ", \"step\": %s", quantity);
    } else {
        fprintf(file, "{\"type\": \"object\", \"properties\": {\"%s\": %s", form->first, quantity);
        if (form->second != NULL)
            fprintf(file, ", \"%s\": %s", form->second, form->second_is_bare ? bare : quantity);
        fprintf(file, "}, \"required\": [\"%s\"", form->first);
        if (form->second != NULL)
            fprintf(file, ", \"%s\"", form->second);
        fputs("], \"additionalProperties\": false}", file);
    }
    fprintf(file, "}, \"required\": [\"%s\"], \"maxProperties\": %d, ", form->word,
            form->first == NULL ? 2 : 1);
    fputs("\"additionalProperties\": false}", file);
}

static void put_forms(FILE *file)
{
    fputs("    \"form\": {\"anyOf\": [\n      ", file);
    for (const struct axis_form *form = axis_forms; form->word != NULL; form++) {
        fputs(form == axis_forms ? "" : ",\n      ", file);
        put_form(file, form);
    }
    fputs("]}\n", file);
}

static void put_names(FILE *file, const struct study_key *key, const struct study_names *names)
{
    fputs(", \"type\": \"array\", \"items\": {", file);
    if (strcmp(key->name, "metrics") == 0) {
        fputs("\"type\": \"string\", \"pattern\": ", file);
        put_string(file, names->metric);
    } else {
        fputs("\"enum\": [", file);
        for (const char *const *name = names->arrays; *name != NULL; name++) {
            fputs(name == names->arrays ? "" : ", ", file);
            put_string(file, *name);
        }
        fputs("]", file);
    }
    fputs("}}", file);
}

static void put_structured(FILE *file, const struct study_key *key, const char *paths,
                           const struct study_names *names)
{
    fprintf(file, ",\n    \"%s\": {\"description\": ", key->name);
    put_string(file, key->doc);
    if (key->kind == DOCUMENT_SCALAR)
        fputs(", \"type\": \"string\"}", file);
    else if (key->kind == DOCUMENT_LIST)
        put_names(file, key, names);
    else if (strcmp(key->name, "set") == 0)
        fprintf(file, ", \"allOf\": [{\"$ref\": \"%s#/definitions/set\"}]}", scenario_schema);
    else
        fprintf(file, ", \"type\": \"object\",\n    %s,\n    \"additionalProperties\": false}",
                paths);
}

static bool put_plain(FILE *file, const struct param_key *key, bool first)
{
    char *value = config_json_key(&study_param_table, key);
    if (value != NULL)
        fprintf(file, "%s    \"%s\": %s", first ? "" : ",\n", key->name, value);
    free(value);
    return value != NULL;
}

static bool put_schema(FILE *file, const char *paths, const struct study_names *names)
{
    bool good = true;
    fputs("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
          "  \"title\": \"taosim study\",\n  \"type\": \"object\",\n  \"required\": [",
          file);
    for (size_t k = 0; k < study_param_table.key_count; k++)
        if (study_param_table.keys[k].fallback == NULL)
            fprintf(file, "\"%s\", ", study_param_table.keys[k].name);
    fputs("\"base\"],\n  \"properties\": {\n", file);
    for (size_t k = 0; k < study_param_table.key_count; k++)
        good &= put_plain(file, &study_param_table.keys[k], k == 0);
    for (const struct study_key *key = study_keys; key->name != NULL; key++)
        put_structured(file, key, paths, names);
    fputs("\n  },\n  \"patternProperties\": {\"^x-\": {\"description\": \"for anchors; not "
          "read\"}},\n  \"additionalProperties\": false,\n  \"definitions\": {\n",
          file);
    put_forms(file);
    fputs("  }\n}\n", file);
    return good;
}

char *study_schema_json(const struct config_schema *schema, const struct study_names *names)
{
    char *text = NULL;
    size_t bytes = 0;
    char *paths = config_json_paths(schema, scenario_schema, "{\"$ref\": \"#/definitions/form\"}");
    FILE *file = paths != NULL ? open_memstream(&text, &bytes) : NULL;
    bool good = file != NULL && put_schema(file, paths, names);
    if (file != NULL)
        good = fclose(file) == 0 && good;
    free(paths);
    if (good)
        return text;
    free(text);
    return NULL;
}

/* ---- Markdown */

static const char head[] =
    "# Studies: every key\n"
    "\n"
    "<!-- Written by `taosim schema --study --markdown`; do not edit. -->\n"
    "\n"
    "What a study is and how it is run: [SWEEP.md](SWEEP.md). `taosim check STUDY.yaml` says\n"
    "everything that is wrong with one at once, and resolves every point of it. An editor "
    "completes,\n"
    "checks and explains with `taosim schema --study > study.schema.json`, beside the\n"
    "`scenario.schema.json` of [SCENARIO.md](SCENARIO.md), and a first line\n"
    "`# yaml-language-server: $schema=study.schema.json`. Keys that begin with `x-` are not read "
    "and\n"
    "are the place for anchors.\n"
    "\n"
    "| key | value | default | |\n"
    "| --- | --- | --- | --- |\n";

static const char forms_head[] = "\n"
                                 "## What a parameter takes\n"
                                 "\n"
                                 "A path of the scenario with a list, `chain.tempo: [20 blocks, 50 "
                                 "blocks]`, or with one of the\n"
                                 "forms below. X carries the key's unit, N is a bare number. In "
                                 "`grid` and `zip` every parameter\n"
                                 "needs values: a list, an `n` or a `step`. Designs that sample "
                                 "draw from the whole form, and the\n"
                                 "items of a list equally often.\n"
                                 "\n"
                                 "| form | |\n"
                                 "| --- | --- |\n";

static const char *value_of(const struct param_key *key)
{
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_BOOL:
        return "`true`, `false`";
    case PARAM_STRING:
        return "text";
    default:
        return "whole number";
    }
}

static void put_choices(FILE *file, const struct param_key *key)
{
    for (size_t c = 0; key->choices[c] != NULL; c++)
        fprintf(file, "%s`%s`", c > 0 ? ", " : "", key->choices[c]);
}

static void put_key_row(FILE *file, const struct param_key *key)
{
    fprintf(file, "| `%s` | ", key->name);
    if ((key->kind & PARAM_KIND_MASK) == PARAM_ENUM)
        put_choices(file, key);
    else
        fputs(value_of(key), file);
    if (key->min != NULL && key->max != NULL)
        fprintf(file, ", %s to %s", key->min, key->max);
    if (key->fallback == NULL)
        fputs(" | required", file);
    else if (*key->fallback != '\0')
        fprintf(file, " | `%s`", key->fallback);
    else
        fputs(" |", file);
    fprintf(file, " | %s |\n", key->doc);
}

static void put_form_row(FILE *file, const struct axis_form *form)
{
    if (form->first == NULL)
        fprintf(file, "| `{%s: [X, X]}`, with `n: N`%s | %s |\n", form->word,
                form->shape == AXIS_RANGE ? " or `step: X`" : "", form->doc);
    else if (form->second == NULL)
        fprintf(file, "| `{%s: {%s: X}}` | %s |\n", form->word, form->first, form->doc);
    else
        fprintf(file, "| `{%s: {%s: X, %s: %s}}` | %s |\n", form->word, form->first, form->second,
                form->second_is_bare ? "N" : "X", form->doc);
}

char *study_schema_markdown(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return NULL;
    fputs(head, file);
    for (size_t k = 0; k < study_param_table.key_count; k++)
        put_key_row(file, &study_param_table.keys[k]);
    for (const struct study_key *key = study_keys; key->name != NULL; key++)
        fprintf(file, "| `%s` | %s | %s| %s |\n", key->name, key->what,
                key->required ? "required " : "", key->doc);
    fputs(forms_head, file);
    for (const struct axis_form *form = axis_forms; form->word != NULL; form++)
        put_form_row(file, form);
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}
