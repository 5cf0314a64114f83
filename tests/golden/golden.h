/*
 * golden.h: what the golden runners share: a folder's cases, comparisons, and the last line.
 *
 * A case is one file.  A comparison that fails prints one line and marks the case; the runner goes
 * on, so that everything that is wrong is seen at once.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct golden {
    const char *file;  /* the case at work, without its folder */
    char place[256];   /* where in the file, for messages */
    uint64_t compared; /* in this case */
    uint64_t differed; /* in this case */
    uint64_t compared_in_all;
    unsigned passed, failed;
};

/* Prints the difference unless the case has printed many already. */
void golden_differs(struct golden *golden, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void golden_place(struct golden *golden, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One number against the expected one; true if equal. */
bool golden_number(struct golden *golden, const struct json_value *expected, fixed_i128 got,
                   const char *what, uint64_t index);

/* Reads every *.json of the folder in the order of names and gives it to `run_case`, which
 * returns false for a file that is none of its cases.  Prints `N passed, N failed` last; the
 * result is main's: 0 if all passed and there was at least one. */
typedef bool (*golden_case_f)(struct golden *golden, const struct json_value *root);
int golden_folder(int argc, char **argv, golden_case_f run_case);

/* Exit with a message for a vector that is not what the runner understands. */
uint64_t golden_u64(struct golden *golden, const struct json_value *value, const char *what);
int64_t golden_i64(struct golden *golden, const struct json_value *value, const char *what);

#endif
