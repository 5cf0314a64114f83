/* Messages with place, source line and caret. */
#include "config/text.h"
#include "config/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXCERPT_CHARS = 90, MESSAGE_BYTES = 1000 };

bool loader_add_source(struct loader *loader, const struct source *source, uint32_t *ret_index)
{
    size_t bytes = (loader->source_count + 1) * sizeof(*loader->sources);
    struct source *sources = realloc(loader->sources, bytes);
    if (sources == NULL) {
        loader->no_memory = true;
        return false;
    }
    loader->sources = sources;
    loader->sources[loader->source_count] = *source;
    *ret_index = (uint32_t)loader->source_count++;
    return true;
}

bool loader_visit(struct loader *loader, const struct node *node)
{
    loader->visits++;
    if (loader->visits > NODE_STEPS_MAX && !loader->over_budget)
        loader_complain(loader, node->at,
                        "the scenario, its twin and its schedule have more than %d nodes together",
                        NODE_STEPS_MAX);
    else if (loader->visits - loader->visits_before <= NODE_COUNT_MAX)
        return true;
    else if (!loader->over_budget)
        loader_complain(loader, node->at,
                        "the scenario has more than %d nodes (an alias counts as all that it "
                        "stands for)",
                        NODE_COUNT_MAX);
    loader->over_budget = true;
    return false;
}

void loader_place_text(const struct loader *loader, struct place at, char *text, size_t bytes)
{
    const struct source *source = &loader->sources[at.source];
    if (source->is_set)
        snprintf(text, bytes, "%s", source->name);
    else
        snprintf(text, bytes, "%s:%u:%u", source->name, at.line + 1, at.column + 1);
}

/* The length of a line break at `at` as libyaml counts them, or 0. */
static size_t break_bytes(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    if (left >= 2 && memcmp(at, "\r\n", 2) == 0)
        return 2;
    if (left >= 1 && (*at == '\n' || *at == '\r'))
        return 1;
    if (left >= 2 && memcmp(at, "\xC2\x85", 2) == 0)
        return 2;
    if (left >= 3 && (memcmp(at, "\xE2\x80\xA8", 3) == 0 || memcmp(at, "\xE2\x80\xA9", 3) == 0))
        return 3;
    return 0;
}

static const char *line_start(const struct source *source, uint32_t line)
{
    const char *at = source->text, *end = at + source->text_bytes;
    while (line > 0 && at < end) {
        size_t skip = break_bytes(at, end);
        line -= skip > 0;
        at += skip > 0 ? skip : 1;
    }
    return at;
}

/* One character of UTF-8, or one byte of what is none. */
static size_t character_bytes(const char *at, const char *end)
{
    size_t bytes = 1;
    while (at + bytes < end && bytes < 4 && ((unsigned char)at[bytes] & 0xC0) == 0x80)
        bytes++;
    return ((unsigned char)*at & 0xC0) == 0xC0 ? bytes : 1;
}

char loader_character(const struct source *source, struct place at)
{
    const char *from = line_start(source, at.line), *end = source->text + source->text_bytes;
    for (uint32_t column = 0; from < end && break_bytes(from, end) == 0; column++) {
        if (column == at.column)
            return *from;
        from += character_bytes(from, end);
    }
    return '\0';
}

/* The line, at most EXCERPT_CHARS of it around the column, and the caret below. */
static void add_excerpt(struct text *text, const struct source *source, struct place at)
{
    const char *from = line_start(source, at.line), *end = source->text + source->text_bytes;
    char margin[16] = "    ";
    if (!source->is_set)
        snprintf(margin, sizeof(margin), "%4u", at.line + 1);
    uint32_t first = at.column > EXCERPT_CHARS - 20 ? at.column - (EXCERPT_CHARS - 20) : 0;
    text_add(text, "%s | %s", margin, first > 0 ? "..." : "");
    uint32_t column = 0;
    for (; from < end && break_bytes(from, end) == 0; column++) {
        size_t bytes = character_bytes(from, end);
        if (column >= first + EXCERPT_CHARS) {
            text_add(text, "...");
            break;
        }
        if (column >= first) {
            bool control = (unsigned char)*from < ' ' || *from == 0x7F;
            text_add(text, "%.*s", (int)bytes, control ? " " : from);
        }
        from += bytes;
    }
    text_trim(text);
    text_add(text, "\n%*s | %*s^\n", (int)strlen(margin), "",
             (int)(at.column - first + (first > 0 ? 3 : 0)), "");
}

static bool same_place(struct place a, struct place b)
{
    return a.source == b.source && a.line == b.line && a.column == b.column;
}

static bool said_already(const struct loader *loader, struct place at, const char *text)
{
    for (size_t i = 0; i < loader->report.count; i++)
        if (same_place(loader->message_places[i], at) &&
            strcmp(loader->report.messages[i].text, text) == 0)
            return true;
    return false;
}

bool loader_report_add(struct config_report *report, const char *place, const char *text,
                       char *excerpt)
{
    size_t bytes = (report->count + 1) * sizeof(*report->messages);
    struct config_message *messages = realloc(report->messages, bytes);
    if (messages == NULL) {
        free(excerpt);
        return false;
    }
    report->messages = messages;
    struct config_message message = {strdup(place), strdup(text), excerpt};
    if (message.place == NULL || message.text == NULL || excerpt == NULL) {
        free(message.place);
        free(message.text);
        free(excerpt);
        return false;
    }
    messages[report->count++] = message;
    return true;
}

char *loader_excerpt(const struct source *source, struct place at)
{
    struct text excerpt = {0};
    add_excerpt(&excerpt, source, at);
    return text_take(&excerpt);
}

void loader_complain(struct loader *loader, struct place at, const char *format, ...)
{
    char message[MESSAGE_BYTES], place[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (loader->report.count >= LOADER_MESSAGES_MAX || said_already(loader, at, message))
        return;
    size_t bytes = (loader->report.count + 1) * sizeof(*loader->message_places);
    struct place *places = realloc(loader->message_places, bytes);
    if (places == NULL) {
        loader->no_memory = true;
        return;
    }
    loader->message_places = places;
    places[loader->report.count] = at;
    loader_place_text(loader, at, place, sizeof(place));
    if (!loader_report_add(&loader->report, place, message,
                           loader_excerpt(&loader->sources[at.source], at)))
        loader->no_memory = true;
}

static bool stands_before(struct place a, struct place b)
{
    if (a.source != b.source)
        return a.source < b.source;
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static void sort_messages(struct loader *loader)
{
    /* Insertion: at most LOADER_MESSAGES_MAX, nearly in order, and stable. */
    for (size_t i = 1; i < loader->report.count; i++) {
        struct place at = loader->message_places[i];
        struct config_message message = loader->report.messages[i];
        size_t to = i;
        for (; to > 0 && stands_before(at, loader->message_places[to - 1]); to--) {
            loader->message_places[to] = loader->message_places[to - 1];
            loader->report.messages[to] = loader->report.messages[to - 1];
        }
        loader->message_places[to] = at;
        loader->report.messages[to] = message;
    }
}

enum sim_status loader_fail(struct loader *loader, struct config_report *report,
                            struct sim_error *err)
{
    sort_messages(loader);
    const struct config_message *first = &loader->report.messages[0];
    SIM_FAIL(err, SIM_CONFIG, "%s: %s", first->place, first->text);
    if (report != NULL) {
        config_report_release(report);
        *report = loader->report;
        loader->report = (struct config_report){0};
    }
    return SIM_CONFIG;
}

void loader_release(struct loader *loader)
{
    config_report_release(&loader->report);
    free(loader->message_places);
    free(loader->sources);
}

void config_report_release(struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->messages[i].place);
        free(report->messages[i].text);
        free(report->messages[i].excerpt);
    }
    free(report->messages);
    *report = (struct config_report){0};
}

char *config_report_text(const struct config_report *report)
{
    struct text text = {0};
    text_add(&text, "%s", "");
    for (size_t i = 0; i < report->count; i++)
        text_add(&text, "%s: %s\n%s", report->messages[i].place, report->messages[i].text,
                 report->messages[i].excerpt);
    return text_take(&text);
}
