/*
 * golden_net FOLDER: every pair X_hosts.csv, X_queries.csv of the folder is a case: the queries'
 * end times, computed by the function behind `taosim flows`, against the columns request_end_s and
 * reply_end_s, to 1e-6 relative.  Ends with the line `N passed, N failed`; exit status 1 when a
 * case failed or there was none.
 */
#include "net/flows.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-6
#define HOSTS_END "_hosts.csv"
#define QUERIES_END "_queries.csv"

struct comparison {
    uint64_t compared_count, wrong_count;
    double worst; /* relative difference */
};

static void compare(struct comparison *comparison, uint64_t row, const char *what, int64_t at_ns,
                    double expected_s)
{
    if (isnan(expected_s))
        return;
    double found_s = at_ns < 0 ? -1 : (double)at_ns / (double)NS_PER_S;
    double relative = fabs(found_s - expected_s) / (expected_s > 0 ? expected_s : 1);
    comparison->compared_count++;
    if (relative > comparison->worst)
        comparison->worst = relative;
    if (relative <= TOLERANCE)
        return;
    if (comparison->wrong_count++ < 10)
        printf("  query %llu: %s at %.9f s, expected %.9f s\n", (unsigned long long)row, what,
               found_s, expected_s);
}

/* True when the case passes. */
static bool case_run(const char *name, const char *hosts_path, const char *queries_path)
{
    struct sim_error err = {0};
    struct flows *flows = NULL;
    struct net_options options = flows_default_options();
    enum sim_status status = flows_read(hosts_path, queries_path, &flows, &err);
    if (status == SIM_OK)
        status = flows_run(flows, &options, 1, &err);
    if (status != SIM_OK) {
        printf("%s: %s\n", name, err.text);
        flows_free(flows);
        return false;
    }
    struct comparison comparison = {0};
    for (uint64_t i = 0; i < flows->query_count; i++) {
        const struct flows_query *query = &flows->queries[i];
        compare(&comparison, i, "request", query->request_end_ns, query->expected_request_s);
        compare(&comparison, i, "reply", query->reply_end_ns, query->expected_reply_s);
    }
    printf("%s: %llu end times, %llu wrong, worst relative difference %.3g\n", name,
           (unsigned long long)comparison.compared_count,
           (unsigned long long)comparison.wrong_count, comparison.worst);
    flows_free(flows);
    return comparison.compared_count > 0 && comparison.wrong_count == 0;
}

/* Only X_hosts.csv that have their X_queries.csv. */
static int is_hosts_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), end = strlen(HOSTS_END);
    return length > end && strcmp(entry->d_name + length - end, HOSTS_END) == 0;
}

static char *path_of(const char *folder, const char *name, size_t name_length, const char *end)
{
    size_t size = strlen(folder) + name_length + strlen(end) + 2;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%.*s%s", folder, (int)name_length, name, end);
    return path;
}

static bool case_named(const char *folder, const char *file_name)
{
    size_t length = strlen(file_name) - strlen(HOSTS_END);
    char *hosts_path = path_of(folder, file_name, length, HOSTS_END);
    char *queries_path = path_of(folder, file_name, length, QUERIES_END);
    bool passed = false;
    if (hosts_path != NULL && queries_path != NULL)
        passed = case_run(file_name, hosts_path, queries_path);
    free(hosts_path);
    free(queries_path);
    return passed;
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: golden_net FOLDER\n");
        return 2;
    }
    struct dirent **entries = NULL;
    int count = scandir(arguments[1], &entries, is_hosts_file, alphasort);
    int passed_count = 0, failed_count = 0;
    for (int i = 0; i < count; i++) {
        if (case_named(arguments[1], entries[i]->d_name))
            passed_count++;
        else
            failed_count++;
        free(entries[i]);
    }
    free(entries);
    printf("%d passed, %d failed\n", passed_count, failed_count);
    return failed_count > 0 || passed_count == 0;
}
