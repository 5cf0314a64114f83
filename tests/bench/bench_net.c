/*
 * bench_net [quick]: query fan-out through the dispatch that a run uses, order digest on.
 * One figure a line: name<TAB>value<TAB>unit.
 */
#include "event/loop.h"
#include "net/net.h"
#include "tests/bench/peers/fanout.h"

#include "base/stream.h"

enum { KIND_ASK, KIND_NET };

struct bench {
    struct fanout fanout;
    struct evq *queue;
    struct loop *loop;
    struct net *net;
    int64_t *end_ns; /* of each query's answer */
    uint64_t arrived_count;
};

struct figures {
    double cpu_s, flows_per_s, us_per_flow;
    uint64_t net_bytes, event_count, digest;
    struct net_effort effort;
    int64_t *end_ns;
};

static void die(const struct sim_error *err)
{
    fprintf(stderr, "bench_net: %s\n", err->text);
    exit(1);
}

static int64_t ns(double seconds)
{
    return (int64_t)llround(seconds * 1e9);
}

/* A validator's second begins; payload = its round. */
static enum sim_status ask(void *context, const struct event *event, struct sim_error *err)
{
    struct bench *bench = context;
    const struct fanout *fanout = &bench->fanout;
    int asker = (int)event->entity, round = (int)event->payload;
    enum sim_status status = SIM_OK;
    for (int i = 0; i < fanout->peers_asked && status == SIM_OK; i++) {
        struct net_message message = {.source = (uint32_t)asker,
                                      .target = (uint32_t)fanout_peer(fanout, asker, round, i),
                                      .size_bytes = (uint64_t)fanout->request_bytes,
                                      .tag = (uint64_t)fanout_query(fanout, asker, round, i) * 2,
                                      .connection = NET_CONNECT};
        status = net_send(bench->net, event->at_ns, &message, NULL, err);
    }
    if (status != SIM_OK || round + 1 == fanout->rounds)
        return status;
    return evq_push(bench->queue, ns(fanout_phase_s(asker) + round + 1), KIND_ASK, event->entity,
                    event->payload + 1, err);
}

static enum sim_status arrived(void *context, uint64_t tag, enum net_outcome outcome,
                               int64_t now_ns, struct sim_error *err)
{
    struct bench *bench = context;
    const struct fanout *fanout = &bench->fanout;
    (void)outcome;
    bench->arrived_count++;
    long query = (long)(tag / 2);
    if (tag % 2 == 1) {
        bench->end_ns[query] = now_ns;
        return SIM_OK;
    }
    int number = (int)(query % fanout->peers_asked);
    int asker = (int)(query / fanout->peers_asked % fanout->askers);
    int round = (int)(query / fanout->peers_asked / fanout->askers);
    struct net_message message = {.source = (uint32_t)fanout_peer(fanout, asker, round, number),
                                  .target = (uint32_t)asker,
                                  .size_bytes = (uint64_t)fanout->reply_bytes,
                                  .tag = tag + 1,
                                  .connection = NET_ON_CONNECTION};
    return net_send(bench->net, now_ns, &message, NULL, err);
}

static void bench_create(struct bench *bench, const struct net_options *options)
{
    struct sim_error err = {0};
    const struct fanout *fanout = &bench->fanout;
    struct evq_options queue_options = {.capacity = UINT64_C(1) << 32};
    struct net_host *hosts = calloc((size_t)fanout->hosts, sizeof(hosts[0]));
    bench->end_ns = calloc((size_t)fanout_query_count(fanout), sizeof(bench->end_ns[0]));
    if (hosts == NULL || bench->end_ns == NULL)
        exit(1);
    for (int i = 0; i < fanout->hosts; i++)
        hosts[i] = (struct net_host){.up_bytes_per_s = fanout_up_bytes_per_s(fanout, i),
                                     .down_bytes_per_s = fanout_down_bytes_per_s(fanout, i),
                                     .half_latency_ns = ns(fanout_half_latency_s(fanout, i)),
                                     .entity = stream_entity("host", (uint64_t)i)};
    struct net_wiring wiring = {.first_kind = KIND_NET, .seed = 1, .delivered = arrived};
    enum sim_status status = evq_create(&queue_options, &bench->queue, &err);
    if (status == SIM_OK)
        status = loop_create(bench->queue, &bench->loop, &err);
    wiring.queue = bench->queue;
    wiring.context = bench;
    if (status == SIM_OK)
        status = net_create(options, hosts, (uint32_t)fanout->hosts, &wiring, &bench->net, &err);
    if (status != SIM_OK)
        die(&err);
    loop_handle(bench->loop, KIND_ASK, 1, "ask", ask, bench);
    loop_handle(bench->loop, KIND_NET, NET_KIND_COUNT, "network", net_handle, bench->net);
    free(hosts);
}

static struct figures fanout_run(const struct fanout *fanout, const struct net_options *options)
{
    struct sim_error err = {0};
    struct bench bench = {.fanout = *fanout};
    bench_create(&bench, options);
    double begin_s = fanout_cpu_s();
    for (int i = 0; i < fanout->askers; i++) {
        if (evq_push(bench.queue, ns(fanout_phase_s(i)), KIND_ASK, (uint32_t)i, 0, &err) != SIM_OK)
            die(&err);
    }
    if (loop_run(bench.loop, TIME_NS_MAX, &err) != SIM_OK)
        die(&err);
    double cpu_s = fanout_cpu_s() - begin_s;
    double flows = 2.0 * (double)fanout_query_count(fanout);
    struct figures figures = {.cpu_s = cpu_s,
                              .flows_per_s = flows / cpu_s,
                              .us_per_flow = cpu_s / flows * 1e6,
                              .net_bytes = net_size_bytes(bench.net),
                              .event_count = loop_event_count(bench.loop),
                              .digest = loop_digest(bench.loop),
                              .effort = net_effort(bench.net),
                              .end_ns = bench.end_ns};
    if ((double)bench.arrived_count != flows)
        fprintf(stderr, "bench_net: %g messages arrived of %g\n", (double)bench.arrived_count,
                flows);
    net_free(bench.net);
    loop_free(bench.loop);
    evq_free(bench.queue);
    return figures;
}

static struct net_options net_options_of(double eps, bool rtt_weights)
{
    return (struct net_options){.sharing = NET_MAXMIN,
                                .eps = eps,
                                .slow_start = NET_SLOW_START_OFF,
                                .rtt_weights = rtt_weights,
                                .flow_limit = 100000000};
}

int main(int argument_count, char **arguments)
{
    struct fanout fanout = fanout_default();
    double eps = 1e-12;
    int weights = 1;
    for (int i = 1; i < argument_count; i++) {
        if (strncmp(arguments[i], "eps=", 4) == 0)
            eps = atof(arguments[i] + 4);
        else if (strncmp(arguments[i], "w=", 2) == 0)
            weights = atoi(arguments[i] + 2);
        else
            fanout_argument(&fanout, arguments[i]);
    }
    struct net_options options = net_options_of(eps, weights);
    struct figures f = fanout_run(&fanout, &options);
    double flows = 2.0 * (double)fanout_query_count(&fanout);
    printf("V=%d flows %.0f cpu %.3f s, %.0f flows/s, %.3f us/flow, net %.2f MB, ev/flow %.2f, "
           "settles/flow %.2f solves/settle %.2f (max %llu) changes/settle %.2f switches/settle "
           "%.3f stale/flow %.2f digest %016llx\n",
           fanout.askers, flows, f.cpu_s, f.flows_per_s, f.us_per_flow, (double)f.net_bytes / 1e6,
           (double)f.event_count / flows, (double)f.effort.settle_count / flows,
           (double)f.effort.level_count / (double)f.effort.settle_count,
           (unsigned long long)f.effort.settle_levels_max,
           (double)f.effort.changed_count / (double)f.effort.settle_count,
           (double)f.effort.switch_count / (double)f.effort.settle_count,
           (double)f.effort.stale_count / flows, (unsigned long long)f.digest);
    const char *out = getenv("OUT");
    if (out) {
        FILE *o = fopen(out, "wb");
        fwrite(f.end_ns, 8, fanout_query_count(&fanout), o);
        fclose(o);
    }
    free(f.end_ns);
    return 0;
}
