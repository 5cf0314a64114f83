/* The network on two tables: reading, errors with their place, results. */
#include "net/flows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define HOSTS "host,up_bytes_per_s,down_bytes_per_s,half_latency_s\n"
#define QUERIES "validator,peer,request_bytes,reply_bytes,request_start_s\n"

/* Writes a file of that text; the caller unlinks it. */
static void file_write(char *path, const char *text)
{
    strcpy(path, "/tmp/test_flows_XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
}

static enum sim_status tables_read(const char *hosts, const char *queries, struct flows **ret_flows,
                                   struct sim_error *err)
{
    char hosts_path[32], queries_path[32];
    file_write(hosts_path, hosts);
    file_write(queries_path, queries);
    enum sim_status status = flows_read(hosts_path, queries_path, ret_flows, err);
    unlink(hosts_path);
    unlink(queries_path);
    return status;
}

/* The message behind the file's name. */
static void assert_refused(const char *hosts, const char *queries, const char *message)
{
    struct sim_error err = {0};
    struct flows *flows = NULL;
    assert_int_equal(tables_read(hosts, queries, &flows, &err), SIM_CONFIG);
    const char *place = strchr(err.text, ':');
    assert_non_null(place);
    assert_string_equal(place + 1, message);
}

static void a_query_goes_there_and_back(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct flows *flows = NULL;
    struct net_options options = flows_default_options();
    /* Rows in any order, columns too, unknown ones ignored, a missing end of line, a byte
     * order mark. */
    assert_int_equal(
        tables_read("\xef\xbb\xbfname,half_latency_s,host,down_bytes_per_s,up_bytes_per_s\r\n"
                    "b,0.02,1,1000,4000\r\n\r\na,0.01,0,2000,1000\r\n",
                    QUERIES "0,1,500,1000,1.5\n1,0,0,0,2", &flows, &err),
        SIM_OK);
    assert_int_equal(flows->host_count, 2);
    assert_int_equal(flows->query_count, 2);
    assert_int_equal(flows_run(flows, &options, 1, &err), SIM_OK);
    /* 30 ms and 500 bytes at 1000 B/s; 30 ms and 1000 bytes at 2000 B/s. */
    assert_int_equal(flows->queries[0].request_end_ns, 2030 * NS_PER_MS);
    assert_int_equal(flows->queries[0].reply_end_ns, 2560 * NS_PER_MS);
    assert_int_equal(flows->queries[1].reply_end_ns, 2060 * NS_PER_MS);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    flows->queries[1].reply_end_ns = -1;
    assert_int_equal(flows_write(flows, out, &err), SIM_OK);
    fclose(out);
    assert_string_equal(
        text, "validator,peer,request_bytes,reply_bytes,request_start_s,request_end_s,reply_end_s\n"
              "0,1,500,1000,1.500000000,2.030000000,2.560000000\n"
              "1,0,0,0,2.000000000,2.030000000,\n");
    free(text);
    flows = flows_free(flows);
}

static void mistakes_are_told_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("", QUERIES, "1:1: the file is empty");
    assert_refused("host,up_bytes_per_s\n", QUERIES, "1:1: there is no column 'down_bytes_per_s'");
    assert_refused(HOSTS "0,1,1\n", QUERIES, "2:1: this line has not the first line's 4 fields");
    assert_refused(HOSTS "0,1,fast,0\n", QUERIES,
                   "2:5: down_bytes_per_s 'fast' is not a number within its range");
    assert_refused(HOSTS "0,1,1,0\n-1,1,1,0\n", QUERIES,
                   "3:1: host '-1' is not a whole number within its range");
    assert_refused(HOSTS "0,1,1,0\n0,1,1,0\n", QUERIES, "3:1: host 0: numbers are 0..1, each once");
    assert_refused(HOSTS "0,nan,1,0\n", QUERIES,
                   "2:3: up_bytes_per_s 'nan' is not a number within its range");
    assert_refused(HOSTS "0,1,1,0\n", QUERIES "0,1,1,1,0\n",
                   "2:3: peer '1' is not a whole number within its range");
    assert_refused(HOSTS "0,1,0,0\n", QUERIES, "2:5: down_bytes_per_s '0' is not above 0");
    assert_refused(HOSTS, QUERIES "0,0,1,1,0\n", "2:1: a query, but there are no hosts");
    struct sim_error err = {0};
    struct flows *flows = NULL;
    assert_int_equal(flows_read("/nonexistent/hosts.csv", "/nonexistent/q.csv", &flows, &err),
                     SIM_IO);
    assert_string_equal(err.text, "/nonexistent/hosts.csv: cannot open: No such file or directory");
}

static void empty_tables_give_an_empty_result(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct flows *flows = NULL;
    struct net_options options = flows_default_options();
    assert_int_equal(tables_read(HOSTS, QUERIES, &flows, &err), SIM_OK);
    assert_int_equal(flows_run(flows, &options, 1, &err), SIM_OK);
    assert_int_equal(flows->event_count, 0);
    flows = flows_free(flows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_goes_there_and_back),
        cmocka_unit_test(mistakes_are_told_with_line_and_column),
        cmocka_unit_test(empty_tables_give_an_empty_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
