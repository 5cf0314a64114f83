#include "cli/sweep_check.h"

#include "analysis/collect.h"
#include "cli/cli.h"
#include "sweep/findings.h"
#include "sweep/plan.h"

static enum sim_status judge(void *schema, const struct config *config,
                             struct config_report *report, struct sim_error *err)
{
    return scenario_check(schema, config, report, err);
}

/* What is wrong with names does not keep points from being tried. */
static enum sim_status check_all(const struct scenario_schema *schema, const struct study *study,
                                 struct config_report *report, struct sim_error *err)
{
    struct collect_wanted wanted = {0};
    struct plan *plan = NULL;
    enum sim_status names = collect_wanted_init(&wanted, study, report, err);
    collect_wanted_release(&wanted);
    enum sim_status status = plan_draft(study, TAOSIM_VERSION, &plan, report, err);
    if (status == SIM_OK)
        status = plan_try(plan, judge, (void *)(uintptr_t)schema, report, err);
    plan_free(plan);
    findings_sort(study, report);
    return status != SIM_OK ? status : names;
}

int sweep_check(const struct scenario_schema *schema, const char *path)
{
    struct study *study = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    enum sim_status status = study_read(path, &schema->config, TAOSIM_VERSION, collect_check_names,
                                        &study, &report, &err);
    if (status == SIM_OK)
        status = check_all(schema, study, &report, &err);
    study_free(study);
    int code = CLI_DONE;
    if (report.count > 0) {
        cli_print_report(&report);
        code = CLI_INVALID;
    } else if (status != SIM_OK) {
        code = cli_fail(&err);
    }
    config_report_release(&report);
    return code;
}
