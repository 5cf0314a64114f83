#include "sweep/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 1200 };

/* ---- where a set was written */

/* An entry of `params` or `set`, and its value or, of a list, the item that was chosen. */
struct origin {
    const struct node *map, *value;
    size_t index;
};

static bool is_at(const struct study *study, const struct node *node, const char *place)
{
    char text[PLACE_BYTES];
    document_place(study->document, node, text, sizeof(text));
    return strcmp(text, place) == 0;
}

static const struct node *value_at(const struct study *study, const struct node *value,
                                   const char *place)
{
    if (is_at(study, value, place))
        return value;
    for (size_t i = 0; document_kind(value) == DOCUMENT_LIST && i < document_count(value); i++)
        if (is_at(study, document_item(value, i), place))
            return document_item(value, i);
    return NULL;
}

static bool find_origin(const struct study *study, const char *place, struct origin *ret_origin)
{
    static const char *const keys[] = {"params", "set"};
    for (int k = 0; k < 2; k++) {
        const struct node *map = document_find(document_root(study->document), keys[k]);
        if (map == NULL || document_kind(map) != DOCUMENT_MAP)
            continue;
        for (size_t i = 0; i < document_count(map); i++) {
            const struct node *value = value_at(study, document_item(map, i), place);
            if (value == NULL)
                continue;
            *ret_origin = (struct origin){map, value, i};
            return true;
        }
    }
    return false;
}

/* Does the caret of a set's excerpt, "     | chain.tempoo=1", stand before the '='? */
static bool is_about_path(const char *excerpt)
{
    const char *end = strchr(excerpt, '\n'), *equals = strchr(excerpt, '=');
    const char *caret = end != NULL ? strchr(end, '^') : NULL;
    return caret != NULL && equals != NULL && equals < end && caret - end - 1 < equals - excerpt;
}

/* ---- joining */

static bool is_known(const struct config_report *report, const struct config_message *message)
{
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->messages[i].place, message->place) == 0 &&
            strcmp(report->messages[i].text, message->text) == 0)
            return true;
    return false;
}

static void append(struct config_report *report, struct config_message *message)
{
    struct config_message *messages =
        realloc(report->messages, (report->count + 1) * sizeof(*messages));
    if (messages == NULL)
        return;
    report->messages = messages;
    messages[report->count++] = *message;
    *message = (struct config_message){0};
}

static void join_one(const struct study *study, struct config_message *message,
                     struct config_report *report)
{
    struct config_report placed = {0};
    struct origin origin;
    if (find_origin(study, message->place, &origin)) {
        if (is_about_path(message->excerpt))
            document_complain_key(study->document, &placed, origin.map, origin.index, "%s",
                                  message->text);
        else
            document_complain(study->document, &placed, origin.value, "%s", message->text);
    }
    struct config_message *better = placed.count > 0 ? &placed.messages[0] : message;
    if (!is_known(report, better))
        append(report, better);
    config_report_release(&placed);
}

void findings_join(const struct study *study, struct config_report *own,
                   struct config_report *report)
{
    for (size_t i = 0; i < own->count && report != NULL; i++)
        join_one(study, &own->messages[i], report);
    config_report_release(own);
}

/* ---- order */

/* "study.yaml:12:3" as a number that grows with line and column; the largest for other files. */
static unsigned long long rank_of(const struct study *study, const struct config_message *message)
{
    size_t length = strlen(study->path);
    unsigned line, column;
    if (strncmp(message->place, study->path, length) != 0 ||
        sscanf(message->place + length, ":%u:%u", &line, &column) != 2)
        return ~0ULL;
    return (unsigned long long)line << 32 | column;
}

void findings_sort(const struct study *study, struct config_report *report)
{
    /* Insertion: nearly in order, and stable. */
    for (size_t i = 1; i < report->count; i++) {
        struct config_message message = report->messages[i];
        unsigned long long rank = rank_of(study, &message);
        size_t to = i;
        for (; to > 0 && rank_of(study, &report->messages[to - 1]) > rank; to--)
            report->messages[to] = report->messages[to - 1];
        report->messages[to] = message;
    }
}
