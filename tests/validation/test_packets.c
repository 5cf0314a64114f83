/*
 * The network against packets: answer times of ns-3's TCP for the same fan-out (data/README.md).
 *
 * Bounds are on the relative difference of single answer times (median, 95th percentile) and of
 * the mean; nothing of the model was fitted to these files.
 */
#include "tests/support/fanout_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <cmocka.h>

static const char *data_folder;

struct packets {
    struct fanout fanout;
    double *took_s; /* (queries) by ns-3 */
};

static struct packets packets_read(const char *name)
{
    char path[1024], line[256];
    struct packets packets = {.fanout = fanout_default()};
    snprintf(path, sizeof(path), "%s/ns3_%s.txt", data_folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    assert_non_null(fgets(line, sizeof(line), file));
    for (char *word = line; *word != '\0' && *word != '\n';) {
        size_t length = strcspn(word, " \n");
        char end = word[length];
        word[length] = '\0';
        assert_true(fanout_argument(&packets.fanout, word));
        word += length + (end != '\0');
    }
    long count = fanout_query_count(&packets.fanout);
    packets.took_s = malloc((size_t)count * sizeof(packets.took_s[0]));
    assert_non_null(packets.took_s);
    for (long i = 0; i < count; i++) {
        assert_non_null(fgets(line, sizeof(line), file));
        packets.took_s[i] = atof(line) * 1e-6;
    }
    fclose(file);
    return packets;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct difference {
    double bias, p50, p95;
};

static struct difference difference_of(const char *name, enum net_sharing sharing)
{
    struct net_options options = {.sharing = sharing,
                                  .eps = 1e-12,
                                  .slow_start = NET_SLOW_START_ROUNDS,
                                  .window_growth = 2,
                                  .flow_limit = 1000000};
    struct packets packets = packets_read(name);
    const struct fanout *fanout = &packets.fanout;
    struct fanout_figures figures = fanout_run(fanout, &options);
    long count = fanout_query_count(fanout);
    double *errors = malloc((size_t)count * sizeof(errors[0])), own_s = 0, ns3_s = 0;
    assert_non_null(errors);
    for (long i = 0; i < count; i++) {
        int asker = (int)(i / fanout->peers_asked % fanout->askers);
        int round = (int)(i / fanout->peers_asked / fanout->askers);
        double took_s = (double)figures.end_ns[i] / 1e9 - fanout_ask_s(fanout, asker, round);
        errors[i] = fabs(took_s / packets.took_s[i] - 1);
        own_s += took_s;
        ns3_s += packets.took_s[i];
    }
    qsort(errors, (size_t)count, sizeof(errors[0]), compare_doubles);
    struct difference difference = {own_s / ns3_s - 1, errors[count / 2], errors[count * 95 / 100]};
    printf("    %-16s %s: bias %+.2f %%, p50 %.2f %%, p95 %.2f %%\n", name,
           sharing == NET_TCP ? "tcp   " : "maxmin", 100 * difference.bias, 100 * difference.p50,
           100 * difference.p95);
    free(errors);
    free(figures.end_ns);
    free(packets.took_s);
    return difference;
}

static void assert_within(struct difference found, double bias, double p50, double p95)
{
    assert_true(fabs(found.bias) <= bias);
    assert_true(found.p50 <= p50);
    assert_true(found.p95 <= p95);
}

static void short_messages_on_fast_links_agree_with_packets(void **state)
{
    (void)state;
    assert_within(difference_of("latency_bound", NET_TCP), 0.005, 0.002, 0.01);
    assert_within(difference_of("latency_bound", NET_MAXMIN), 0.01, 0.01, 0.03);
}

static void trains_agree_with_packets_under_congestion(void **state)
{
    (void)state;
    assert_within(difference_of("congested", NET_TCP), 0.03, 0.01, 0.06);
    assert_within(difference_of("congested_near", NET_TCP), 0.03, 0.03, 0.13);
    assert_within(difference_of("many_askers", NET_TCP), 0.01, 0.01, 0.06);
}

/* A megabyte leaves slow start, and how TCP goes on from there is not modelled. */
static void trains_are_less_exact_for_long_messages(void **state)
{
    (void)state;
    assert_within(difference_of("long_answers", NET_TCP), 0.10, 0.05, 0.30);
}

/* Queues of seconds: connections time out and send everything twice. */
static void trains_keep_the_mean_where_connections_time_out(void **state)
{
    (void)state;
    assert_within(difference_of("overloaded", NET_TCP), 0.05, 0.10, 0.40);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: test_packets DATA_FOLDER\n");
        return 2;
    }
    data_folder = arguments[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_messages_on_fast_links_agree_with_packets),
        cmocka_unit_test(trains_agree_with_packets_under_congestion),
        cmocka_unit_test(trains_are_less_exact_for_long_messages),
        cmocka_unit_test(trains_keep_the_mean_where_connections_time_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
