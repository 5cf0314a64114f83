#include "cli/sweep_plan.h"

#include "cli/execute.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Below this a process costs more than it saves. */
enum { TASKS_PER_PROCESS_MIN = 500, PROCESSES_MAX = 16 };

/* Fills the marks in helpers, each a part of the tasks.  What a helper leaves open, for it failed
 * or could not be started, is the caller's to do. */
static void check_in_helpers(const struct plan *plan, struct plan_mark *marks, size_t helpers)
{
    pid_t processes[PROCESSES_MAX] = {0};
    fflush(NULL);
    for (size_t h = 0; h < helpers; h++) {
        size_t first = plan->task_count * h / helpers;
        size_t end = plan->task_count * (h + 1) / helpers;
        processes[h] = fork();
        if (processes[h] != 0)
            continue;
        struct sim_error err = {0};
        _exit(plan_check(plan, first, end - first, marks, NULL, &err) == SIM_OK ? 0 : 1);
    }
    for (size_t h = 0; h < helpers; h++)
        while (processes[h] > 0 && waitpid(processes[h], NULL, 0) < 0 && errno == EINTR)
            continue;
}

/* Does what is still open, and explains what is bad. */
static enum sim_status check_rest(const struct plan *plan, struct plan_mark *marks,
                                  struct config_report *report, struct sim_error *err)
{
    enum sim_status worst = SIM_OK;
    for (size_t t = 0; t < plan->task_count; t++) {
        if (marks[t].verdict == PLAN_KEPT || marks[t].verdict == PLAN_LEFT_OUT)
            continue;
        size_t end = t + 1;
        while (end < plan->task_count &&
               (marks[end].verdict == PLAN_OPEN || marks[end].verdict == PLAN_BAD))
            end++;
        enum sim_status status =
            plan_check(plan, t, end - t, marks, report, worst == SIM_OK ? err : NULL);
        if (status != SIM_OK && status != SIM_CONFIG)
            return status;
        if (status != SIM_OK)
            worst = status;
        t = end;
    }
    return worst;
}

static enum sim_status check_all(struct plan *plan, struct config_report *report,
                                 struct sim_error *err)
{
    size_t bytes = plan->task_count * sizeof(struct plan_mark);
    struct plan_mark *marks =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (marks == MAP_FAILED)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu runs", plan->task_count);
    size_t helpers = plan->task_count / TASKS_PER_PROCESS_MIN;
    if (helpers > execute_core_count())
        helpers = execute_core_count();
    if (helpers > 1)
        check_in_helpers(plan, marks, helpers < PROCESSES_MAX ? helpers : PROCESSES_MAX);
    enum sim_status status = check_rest(plan, marks, report, err);
    if (status == SIM_OK)
        plan_settle(plan, marks);
    munmap(marks, bytes);
    return status;
}

enum sim_status sweep_plan_make(const struct study *study, const char *folder,
                                struct plan **ret_plan, struct config_report *report,
                                struct sim_error *err)
{
    struct plan *plan = NULL;
    enum sim_status status = plan_draft(study, TAOSIM_VERSION, &plan, report, err);
    if (status == SIM_OK)
        status = check_all(plan, report, err);
    if (status == SIM_OK)
        status = plan_check_empty(study, plan->task_count, report, err);
    if (status == SIM_OK)
        status = execute_make_folders(folder, err);
    if (status == SIM_OK)
        status = plan_write(plan, folder, err);
    if (status == SIM_OK)
        *ret_plan = plan;
    else
        plan_free(plan);
    return status;
}

enum sim_status sweep_plan_get(const struct study *study, const char *folder,
                               struct plan **ret_plan, struct config_report *report,
                               struct sim_error *err)
{
    struct plan *plan;
    enum sim_status status = plan_read(study, TAOSIM_VERSION, folder, &plan, err);
    if (status == SIM_OK && plan == NULL)
        status = sweep_plan_make(study, folder, &plan, report, err);
    if (status == SIM_OK)
        *ret_plan = plan;
    return status;
}
