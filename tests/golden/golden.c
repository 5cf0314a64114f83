#include "golden/golden.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_DIFFERENCES = 12 };

void golden_place(struct golden *golden, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(golden->place, sizeof(golden->place), format, arguments);
    va_end(arguments);
}

void golden_differs(struct golden *golden, const char *format, ...)
{
    if (golden->differed++ >= SHOWN_DIFFERENCES)
        return;
    printf("%s: %s: ", golden->file, golden->place);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static const char *decimal(fixed_i128 x, char text[48])
{
    char *at = text + 47;
    bool negative = x < 0;
    fixed_u128 rest = negative ? -(fixed_u128)x : (fixed_u128)x;
    *at = '\0';
    do {
        *--at = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest != 0);
    if (negative)
        *--at = '-';
    return at;
}

bool golden_number(struct golden *golden, const struct json_value *expected, fixed_i128 got,
                   const char *what, uint64_t index)
{
    fixed_i128 number;
    char text[48];
    golden->compared++;
    struct sim_error err = {0};
    if (json_i128(expected, &number, &err) != SIM_OK) {
        golden_differs(golden, "%s[%" PRIu64 "]: %s", what, index, err.text);
        return false;
    }
    if (number == got)
        return true;
    golden_differs(golden, "%s[%" PRIu64 "]: expected %s, got %s", what, index, expected->text,
                   decimal(got, text));
    return false;
}

uint64_t golden_u64(struct golden *golden, const struct json_value *value, const char *what)
{
    uint64_t number = 0;
    struct sim_error err = {0};
    if (json_u64(value, &number, &err) != SIM_OK)
        golden_differs(golden, "%s: %s", what, err.text);
    return number;
}

int64_t golden_i64(struct golden *golden, const struct json_value *value, const char *what)
{
    int64_t number = 0;
    struct sim_error err = {0};
    if (json_i64(value, &number, &err) != SIM_OK)
        golden_differs(golden, "%s: %s", what, err.text);
    return number;
}

static int is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static void finish_case(struct golden *golden)
{
    golden->compared_in_all += golden->compared;
    if (golden->compared == 0)
        golden_differs(golden, "nothing was compared");
    if (golden->differed == 0) {
        golden->passed++;
        return;
    }
    golden->failed++;
    printf("%s: %" PRIu64 " of %" PRIu64 " comparisons differ\n", golden->file, golden->differed,
           golden->compared);
}

static void run_file(struct golden *golden, const char *folder, const char *name,
                     golden_case_f run_case)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    golden->file = name;
    golden->compared = golden->differed = 0;
    golden_place(golden, "reading");
    struct json *json = NULL;
    struct sim_error err = {0};
    if (json_read_file(path, JSON_REPEATED_KEYS, &json, &err) != SIM_OK) {
        golden_differs(golden, "%s", err.text);
        finish_case(golden);
        return;
    }
    if (run_case(golden, json_root(json)))
        finish_case(golden);
    json_free(json);
}

int golden_folder(int argc, char **argv, golden_case_f run_case)
{
    struct golden golden = {0};
    struct dirent **entries = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &entries, is_json, alphasort);
    if (count < 0)
        fprintf(stderr, "cannot read folder '%s'\n", argv[1]);
    for (int i = 0; i < count; i++) {
        run_file(&golden, argv[1], entries[i]->d_name, run_case);
        free(entries[i]);
    }
    free(entries);
    printf("%" PRIu64 " numbers compared\n", golden.compared_in_all);
    printf("%u passed, %u failed\n", golden.passed, golden.failed);
    return golden.failed == 0 && golden.passed > 0 ? 0 : 1;
}
