/*
 * Queueing theory: an access link is a server, messages are its customers.
 *
 * Customers arrive as a Poisson process of `load` a second and need 1 s on average of a link of
 * 1 MB/s.  Expected mean times in the system W are exact; tolerances are four times the standard
 * deviation of a mean over 10^6 customers, found by repeating such runs (specified with each case).
 */
#include "tests/support/net_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <gsl/gsl_randist.h>

enum { CUSTOMERS = 1000000 };
#define LINK_BYTES_PER_S 1e6
/* So fast that a customer's time there is lost in the rounding to nanoseconds. */
#define FAST_BYTES_PER_S 1e16

enum service { SERVICE_EXPONENTIAL, SERVICE_CONSTANT };

/* One run and what it measured. */
struct station {
    struct net_world world;
    struct stream arrivals, services;
    enum service service;
    double load;
    uint64_t sent_count;
    int64_t *sent_ns;   /* (CUSTOMERS) */
    double *size_s;     /* (CUSTOMERS) the service alone would take */
    double mean_time_s; /* W */
    /* Little: the integral of the number in the system, from the network's own count. */
    double present_integral_s;
    uint32_t present_count;
    int64_t present_since_ns;
};

static void station_count_present(struct station *station, int64_t now_ns)
{
    station->present_integral_s += (double)station->present_count *
                                   (double)(now_ns - station->present_since_ns) / (double)NS_PER_S;
    station->present_since_ns = now_ns;
    station->present_count = net_flow_count(station->world.net);
}

static double station_service_s(struct station *station)
{
    return station->service == SERVICE_CONSTANT ? 1.0
                                                : gsl_ran_exponential(&station->services.rng, 1.0);
}

static enum sim_status station_arrival(void *context, const struct event *event,
                                       struct sim_error *err)
{
    struct station *station = context;
    uint64_t customer = station->sent_count++;
    uint64_t size_bytes = (uint64_t)llround(station_service_s(station) * LINK_BYTES_PER_S);
    station->sent_ns[customer] = event->at_ns;
    station->size_s[customer] = (double)size_bytes / LINK_BYTES_PER_S;
    net_world_send(&station->world, 0, 1, size_bytes, customer);
    station_count_present(station, event->at_ns);
    if (station->sent_count == CUSTOMERS)
        return SIM_OK;
    double wait_s = gsl_ran_exponential(&station->arrivals.rng, 1 / station->load);
    return evq_push(station->world.queue, event->at_ns + (int64_t)llround(wait_s * 1e9),
                    NET_WORLD_KIND_USER, 0, 0, err);
}

static enum sim_status station_departure(struct net_world *world, uint64_t tag, int64_t now_ns,
                                         struct sim_error *err)
{
    (void)tag, (void)err;
    station_count_present(world->context, now_ns);
    return SIM_OK;
}

static void station_run(struct station *station, enum net_sharing sharing, enum service service,
                        double load, uint64_t seed)
{
    struct net_options options = net_world_options();
    options.sharing = sharing;
    struct net_host hosts[2] = {{LINK_BYTES_PER_S, FAST_BYTES_PER_S, 0, 0, 1},
                                {FAST_BYTES_PER_S, FAST_BYTES_PER_S, 0, 0, 2}};
    *station = (struct station){.service = service, .load = load};
    station->sent_ns = malloc(CUSTOMERS * sizeof(station->sent_ns[0]));
    station->size_s = malloc(CUSTOMERS * sizeof(station->size_s[0]));
    assert_true(station->sent_ns != NULL && station->size_s != NULL);
    stream_init(&station->arrivals, seed, STREAM_TEST, stream_entity("arrivals", 0), 0);
    stream_init(&station->services, seed, STREAM_TEST, stream_entity("services", 0), 0);
    net_world_init(&station->world, &options, hosts, 2, seed);
    loop_handle(station->world.loop, NET_WORLD_KIND_USER, 1, "arrival", station_arrival, station);
    station->world.next = station_departure;
    station->world.context = station;
    struct sim_error err = {0};
    assert_int_equal(evq_push(station->world.queue, 0, NET_WORLD_KIND_USER, 0, 0, &err), SIM_OK);
    net_world_run(&station->world, TIME_NS_MAX);
    assert_int_equal(station->world.delivered_count, CUSTOMERS);
    double sum_s = 0;
    for (int i = 0; i < CUSTOMERS; i++)
        sum_s += (double)(station->world.end_ns[i] - station->sent_ns[i]) / (double)NS_PER_S;
    station->mean_time_s = sum_s / CUSTOMERS;
}

static void station_release(struct station *station)
{
    free(station->sent_ns);
    free(station->size_s);
    net_world_release(&station->world);
}

static void assert_mean(const char *what, double found, double expected, double deviation)
{
    printf("    %s: %.6f, expected %.6f +- 4 * %.4g\n", what, found, expected, deviation);
    if (fabs(found - expected) > 4 * deviation)
        fail_msg("%s: %.6f is not %.6f +- 4 * %.4g", what, found, expected, deviation);
}

/* Everybody who came has left, so the identity has no end correction: integral N dt = sum of T.
 * The left side is the network's own count of messages under way. */
static void assert_little(const struct station *station)
{
    double sum_s = station->mean_time_s * CUSTOMERS;
    double relative = fabs(station->present_integral_s - sum_s) / sum_s;
    if (relative > 1e-9)
        fail_msg("Little: %.9f against %.9f customer seconds", station->present_integral_s, sum_s);
}

/* W = 1 / (1 - load); Little's law L = load * W on the way. */
static void a_fifo_link_is_an_mm1_queue(void **state)
{
    (void)state;
    struct station station;
    station_run(&station, NET_FIFO, SERVICE_EXPONENTIAL, 0.5, 1);
    assert_mean("M/M/1 0.5", station.mean_time_s, 2.0, 0.0059);
    assert_little(&station);
    station_release(&station);
    station_run(&station, NET_FIFO, SERVICE_EXPONENTIAL, 0.8, 2);
    assert_mean("M/M/1 0.8", station.mean_time_s, 5.0, 0.045);
    assert_little(&station);
    station_release(&station);
}

/* Pollaczek-Khinchine: W = 1 + load / (2 (1 - load)). */
static void a_fifo_link_with_equal_messages_is_an_md1_queue(void **state)
{
    (void)state;
    struct station station;
    station_run(&station, NET_FIFO, SERVICE_CONSTANT, 0.8, 3);
    assert_mean("M/D/1 0.8", station.mean_time_s, 3.0, 0.016);
    assert_little(&station);
    station_release(&station);
}

/* Mean of time / size over customers whose size lies within a factor 2 of `around_s`. */
static double slowdown_around(const struct station *station, double around_s)
{
    double time_s = 0, size_s = 0;
    for (int i = 0; i < CUSTOMERS; i++) {
        if (station->size_s[i] < around_s / 2 || station->size_s[i] > around_s * 2)
            continue;
        time_s += (double)(station->world.end_ns[i] - station->sent_ns[i]) / (double)NS_PER_S;
        size_s += station->size_s[i];
    }
    return time_s / size_s;
}

/* W = 1 / (1 - load) whatever the sizes' distribution, and E[T | x] = x / (1 - load). */
static void a_fair_link_is_a_processor_sharing_server(void **state)
{
    (void)state;
    struct station station;
    station_run(&station, NET_MAXMIN, SERVICE_EXPONENTIAL, 0.8, 4);
    assert_mean("M/M/1-PS 0.8", station.mean_time_s, 5.0, 0.044);
    assert_mean("slowdown of small ones", slowdown_around(&station, 0.2), 5.0, 0.044);
    assert_mean("slowdown of large ones", slowdown_around(&station, 3.0), 5.0, 0.044);
    assert_little(&station);
    station_release(&station);
    station_run(&station, NET_MAXMIN, SERVICE_CONSTANT, 0.8, 5);
    assert_mean("M/D/1-PS 0.8", station.mean_time_s, 5.0, 0.032);
    assert_little(&station);
    station_release(&station);
}

/* Four servers on the bare event kernel: customers wait in one line. */
enum { SERVERS = 4 };
struct clerks {
    struct evq *queue;
    struct stream arrivals, services;
    int64_t *line_ns; /* (CUSTOMERS) arrival times; line_ns[first..arrived) wait */
    uint64_t arrived_count, first_waiting, busy_count, waited_count, done_count;
    double time_sum_s;
};
enum { CLERK_ARRIVAL, CLERK_DEPARTURE };

static enum sim_status clerks_serve(struct clerks *clerks, int64_t now_ns, struct sim_error *err)
{
    double service_s = gsl_ran_exponential(&clerks->services.rng, 1.0);
    int64_t end_ns = now_ns + (int64_t)llround(service_s * 1e9);
    int64_t came_ns = clerks->line_ns[clerks->first_waiting++];
    clerks->time_sum_s += (double)(end_ns - came_ns) / (double)NS_PER_S;
    return evq_push(clerks->queue, end_ns, CLERK_DEPARTURE, 0, 0, err);
}

static enum sim_status clerks_handle(void *context, const struct event *event,
                                     struct sim_error *err)
{
    struct clerks *clerks = context;
    enum sim_status status = SIM_OK;
    if (event->kind == CLERK_DEPARTURE) {
        clerks->done_count++;
        if (clerks->first_waiting < clerks->arrived_count)
            return clerks_serve(clerks, event->at_ns, err);
        clerks->busy_count--;
        return SIM_OK;
    }
    clerks->line_ns[clerks->arrived_count++] = event->at_ns;
    if (clerks->busy_count < SERVERS) {
        clerks->busy_count++;
        status = clerks_serve(clerks, event->at_ns, err);
    } else {
        clerks->waited_count++;
    }
    if (status != SIM_OK || clerks->arrived_count == CUSTOMERS)
        return status;
    double wait_s = gsl_ran_exponential(&clerks->arrivals.rng, 1 / 3.2);
    return evq_push(clerks->queue, event->at_ns + (int64_t)llround(wait_s * 1e9), CLERK_ARRIVAL, 0,
                    0, err);
}

/* Erlang C for 4 servers at 3.2 erlang: 0.596432 have to wait, W = 1.745541. */
static void four_servers_on_the_event_loop_are_an_mm4_queue(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct evq_options options = {.capacity = 1000};
    struct clerks clerks = {.line_ns = malloc(CUSTOMERS * sizeof(int64_t))};
    struct loop *loop = NULL;
    assert_non_null(clerks.line_ns);
    stream_init(&clerks.arrivals, 6, STREAM_TEST, stream_entity("arrivals", 0), 0);
    stream_init(&clerks.services, 6, STREAM_TEST, stream_entity("services", 0), 0);
    assert_int_equal(evq_create(&options, &clerks.queue, &err), SIM_OK);
    assert_int_equal(loop_create(clerks.queue, &loop, &err), SIM_OK);
    loop_handle(loop, CLERK_ARRIVAL, 2, "clerks", clerks_handle, &clerks);
    assert_int_equal(evq_push(clerks.queue, 0, CLERK_ARRIVAL, 0, 0, &err), SIM_OK);
    assert_int_equal(loop_run(loop, TIME_NS_MAX, &err), SIM_OK);
    assert_int_equal(clerks.done_count, CUSTOMERS);
    assert_mean("M/M/4 3.2", clerks.time_sum_s / CUSTOMERS, 1.745541, 0.011);
    /* The deviation over 12 seeds. */
    assert_mean("Erlang C", (double)clerks.waited_count / CUSTOMERS, 0.596432, 0.0014);
    loop = loop_free(loop);
    clerks.queue = evq_free(clerks.queue);
    free(clerks.line_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifo_link_is_an_mm1_queue),
        cmocka_unit_test(a_fifo_link_with_equal_messages_is_an_md1_queue),
        cmocka_unit_test(a_fair_link_is_a_processor_sharing_server),
        cmocka_unit_test(four_servers_on_the_event_loop_are_an_mm4_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
