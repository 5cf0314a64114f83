/*
 * task.h: what became of a task, judged by its files.
 *
 * Task folders lie in the study's folder as runs/HASH12, the first 12 digits of the run's hash: a
 * study that is changed finds the runs again that it still has, and a result can never stand for
 * another scenario, seed or version.  Two tasks with the same hash share one run.
 *
 * In a task's folder, beside what a run leaves there:
 *     log      what the run wrote to stdout and stderr, of the last attempt
 *     failed   why the last attempt failed; removed when the next one begins
 */
#ifndef SWEEP_TASK_H
#define SWEEP_TASK_H

#include "base/error.h"

#include <stdint.h>

enum task_state {
    TASK_WAITING,     /* nothing there */
    TASK_RUNNING,     /* a process holds the folder */
    TASK_INTERRUPTED, /* begun, to be continued */
    TASK_FAILED,
    TASK_DONE,
    TASK_STATE_COUNT
};

enum { TASK_PATH_BYTES = 4096, TASK_REASON_BYTES = 512 };

/* "waiting" and so on. */
const char *task_state_name(enum task_state state);

/* The folder of a task, FOLDER/runs/HASH12.  SIM_CONFIG when it is too long. */
SIM_CHECKED enum sim_status task_folder(const char *folder, const char *hash,
                                        char ret_path[TASK_PATH_BYTES], struct sim_error *err);
/* Done means a result of a run of at least `until_ns`.  Opens no result: collect verifies them. */
enum task_state task_judge(const char *task_folder, int64_t until_ns);

/* Writes or reads the reason why a task failed; "" when none is there. */
SIM_CHECKED enum sim_status task_fail(const char *task_folder, const char *reason,
                                      struct sim_error *err);
void task_forgive(const char *task_folder);
void task_reason(const char *task_folder, char ret_reason[TASK_REASON_BYTES]);
/* The last line of the log, without "taosim: "; "" when there is none. */
void task_last_words(const char *task_folder, char ret_text[TASK_REASON_BYTES]);
/* The last epoch that its progress tells; 0 when none. */
uint64_t task_epoch(const char *task_folder);

#endif
