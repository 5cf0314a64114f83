#include "net/flows.h"

#include "base/stream.h"
#include "event/loop.h"
#include "net/table.h"

#include <math.h>
#include <stdlib.h>

/* Event kinds of such a run: a query begins; then the network's. */
enum { KIND_QUERY, KIND_NET };
/* Tags: query number and which of its two messages. */
enum { TAG_REPLY = 1 };
#define SECONDS_MAX 9.0e9

struct net_options flows_default_options(void)
{
    return (struct net_options){.sharing = NET_MAXMIN,
                                .eps = 1e-12,
                                .slow_start = NET_SLOW_START_OFF,
                                .rtt_weights = true,
                                .regions = REGION_NONE,
                                .flow_limit = 100000000};
}

static int64_t ns_of_seconds(double seconds)
{
    return (int64_t)llround(seconds * (double)NS_PER_S);
}

struct host_columns {
    int host, up, down, half_latency, region;
};

static enum sim_status host_columns_find(const struct table *table, struct host_columns *ret,
                                         struct sim_error *err)
{
    enum sim_status status = table_column(table, "host", false, &ret->host, err);
    if (status == SIM_OK)
        status = table_column(table, "up_bytes_per_s", false, &ret->up, err);
    if (status == SIM_OK)
        status = table_column(table, "down_bytes_per_s", false, &ret->down, err);
    if (status == SIM_OK)
        status = table_column(table, "half_latency_s", false, &ret->half_latency, err);
    if (status == SIM_OK)
        status = table_column(table, "region", true, &ret->region, err);
    return status;
}

/* One line of HOSTS.csv. */
static enum sim_status host_parse(const struct table *table, const struct host_columns *columns,
                                  uint64_t *ret_number, struct net_host *ret_host,
                                  struct sim_error *err)
{
    double half_latency_s = 0;
    uint64_t region = 0;
    struct net_host host = {0};
    enum sim_status status = table_whole(table, columns->host, NET_HOST_MAX - 1, ret_number, err);
    if (status == SIM_OK)
        status = table_positive(table, columns->up, 1e18, &host.up_bytes_per_s, err);
    if (status == SIM_OK)
        status = table_positive(table, columns->down, 1e18, &host.down_bytes_per_s, err);
    if (status == SIM_OK)
        status = table_real(table, columns->half_latency, 1e6, &half_latency_s, err);
    if (status == SIM_OK && columns->region >= 0)
        status = table_whole(table, columns->region, NET_REGION_MAX - 1, &region, err);
    if (status != SIM_OK)
        return status;
    host.half_latency_ns = ns_of_seconds(half_latency_s);
    host.region = (uint32_t)region;
    host.entity = stream_entity("host", *ret_number);
    *ret_host = host;
    return SIM_OK;
}

/* Makes room for item `count` in an array that doubles. */
static enum sim_status array_grow(void **items, uint64_t count, uint64_t *capacity,
                                  size_t item_bytes, struct sim_error *err)
{
    if (count < *capacity)
        return SIM_OK;
    uint64_t bigger = *capacity * 2 + 1024;
    void *moved = realloc(*items, bigger * item_bytes);
    if (moved == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "flows: out of memory for %llu rows",
                        (unsigned long long)bigger);
    *items = moved;
    *capacity = bigger;
    return SIM_OK;
}

/* Rows in file order, with each row's host number. */
struct host_rows {
    struct net_host *hosts;
    uint64_t *numbers;
    uint64_t count, host_capacity, number_capacity;
};

static enum sim_status host_rows_read(struct table *table, struct host_rows *rows,
                                      struct sim_error *err)
{
    struct host_columns columns;
    enum sim_status status = host_columns_find(table, &columns, err);
    for (bool row = true; status == SIM_OK;) {
        status = table_next(table, &row, err);
        if (status != SIM_OK || !row)
            break;
        status = array_grow((void **)&rows->hosts, rows->count, &rows->host_capacity,
                            sizeof(rows->hosts[0]), err);
        if (status == SIM_OK)
            status = array_grow((void **)&rows->numbers, rows->count, &rows->number_capacity,
                                sizeof(rows->numbers[0]), err);
        if (status == SIM_OK)
            status = host_parse(table, &columns, &rows->numbers[rows->count],
                                &rows->hosts[rows->count], err);
        rows->count++;
    }
    return status;
}

/* Puts the rows where their numbers say; each of 0..count-1 must occur once. */
static enum sim_status host_rows_order(const char *path, const struct host_rows *rows,
                                       struct flows *flows, struct sim_error *err)
{
    flows->hosts = calloc(rows->count + 1, sizeof(flows->hosts[0]));
    if (flows->hosts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "flows: out of memory for the hosts");
    flows->host_count = (uint32_t)rows->count;
    for (uint64_t i = 0; i < rows->count; i++) {
        uint64_t number = rows->numbers[i];
        if (number >= rows->count || flows->hosts[number].entity != 0)
            return SIM_FAIL(err, SIM_CONFIG, "%s:%llu:1: host %llu: numbers are 0..%llu, each once",
                            path, (unsigned long long)(i + 2), (unsigned long long)number,
                            (unsigned long long)(rows->count - 1));
        flows->hosts[number] = rows->hosts[i];
    }
    return SIM_OK;
}

static enum sim_status hosts_read(const char *path, struct flows *flows, struct sim_error *err)
{
    struct table table;
    struct host_rows rows = {0};
    enum sim_status status = table_open(&table, path, err);
    if (status != SIM_OK)
        return status;
    status = host_rows_read(&table, &rows, err);
    table_close(&table);
    if (status == SIM_OK)
        status = host_rows_order(path, &rows, flows, err);
    free(rows.hosts);
    free(rows.numbers);
    return status;
}

struct query_columns {
    int validator, peer, request, reply, start, request_end, reply_end;
};

static enum sim_status query_columns_find(const struct table *table, struct query_columns *ret,
                                          struct sim_error *err)
{
    const struct {
        const char *name;
        bool optional;
        int *column;
    } wanted[] = {
        {"validator", false, &ret->validator},   {"peer", false, &ret->peer},
        {"request_bytes", false, &ret->request}, {"reply_bytes", false, &ret->reply},
        {"request_start_s", false, &ret->start}, {"request_end_s", true, &ret->request_end},
        {"reply_end_s", true, &ret->reply_end},
    };
    enum sim_status status = SIM_OK;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && status == SIM_OK; i++)
        status = table_column(table, wanted[i].name, wanted[i].optional, wanted[i].column, err);
    return status;
}

static enum sim_status query_parse(const struct table *table, const struct query_columns *columns,
                                   uint32_t host_count, struct flows_query *ret_query,
                                   struct sim_error *err)
{
    struct flows_query query = {.expected_request_s = NAN, .expected_reply_s = NAN};
    uint64_t validator = 0, peer = 0, host_max = host_count - 1;
    double start_s = 0;
    enum sim_status status = table_whole(table, columns->validator, host_max, &validator, err);
    if (status == SIM_OK)
        status = table_whole(table, columns->peer, host_max, &peer, err);
    if (status == SIM_OK)
        status = table_whole(table, columns->request, UINT64_MAX >> 16, &query.request_bytes, err);
    if (status == SIM_OK)
        status = table_whole(table, columns->reply, UINT64_MAX >> 16, &query.reply_bytes, err);
    if (status == SIM_OK)
        status = table_real(table, columns->start, SECONDS_MAX, &start_s, err);
    if (status == SIM_OK && columns->request_end >= 0)
        status =
            table_real(table, columns->request_end, SECONDS_MAX, &query.expected_request_s, err);
    if (status == SIM_OK && columns->reply_end >= 0)
        status = table_real(table, columns->reply_end, SECONDS_MAX, &query.expected_reply_s, err);
    if (status != SIM_OK)
        return status;
    query.validator = (uint32_t)validator;
    query.peer = (uint32_t)peer;
    query.request_start_ns = ns_of_seconds(start_s);
    *ret_query = query;
    return SIM_OK;
}

static enum sim_status query_rows_read(struct table *table, struct flows *flows,
                                       struct sim_error *err)
{
    struct query_columns columns;
    uint64_t capacity = 0;
    enum sim_status status = query_columns_find(table, &columns, err);
    for (bool row = true; status == SIM_OK;) {
        status = table_next(table, &row, err);
        if (status != SIM_OK || !row)
            break;
        if (flows->host_count == 0)
            return SIM_FAIL(err, SIM_CONFIG, "%s:%d:1: a query, but there are no hosts",
                            table->path, table->line_number);
        status = array_grow((void **)&flows->queries, flows->query_count, &capacity,
                            sizeof(flows->queries[0]), err);
        if (status == SIM_OK)
            status = query_parse(table, &columns, flows->host_count,
                                 &flows->queries[flows->query_count], err);
        flows->query_count++;
    }
    return status;
}

static enum sim_status queries_read(const char *path, struct flows *flows, struct sim_error *err)
{
    struct table table;
    enum sim_status status = table_open(&table, path, err);
    if (status != SIM_OK)
        return status;
    status = query_rows_read(&table, flows, err);
    table_close(&table);
    return status;
}

enum sim_status flows_read(const char *hosts_path, const char *queries_path,
                           struct flows **ret_flows, struct sim_error *err)
{
    struct flows *flows = calloc(1, sizeof(*flows));
    if (flows == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "flows: out of memory");
    enum sim_status status = hosts_read(hosts_path, flows, err);
    if (status == SIM_OK)
        status = queries_read(queries_path, flows, err);
    if (status == SIM_OK)
        *ret_flows = flows;
    else
        flows_free(flows);
    return status;
}

enum sim_status flows_from(struct net_host *hosts, uint32_t host_count, struct flows_query *queries,
                           uint64_t query_count, struct flows **ret_flows, struct sim_error *err)
{
    struct flows *flows = calloc(1, sizeof(*flows));
    if (flows == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "flows: out of memory");
    flows->hosts = hosts;
    flows->host_count = host_count;
    flows->queries = queries;
    flows->query_count = query_count;
    *ret_flows = flows;
    return SIM_OK;
}

struct flows *flows_free(struct flows *flows)
{
    if (flows == NULL)
        return NULL;
    free(flows->hosts);
    free(flows->queries);
    free(flows);
    return NULL;
}

/* One run: the tables and what they are played on. */
struct flows_play {
    struct flows *flows;
    struct evq *queue;
    struct loop *loop;
    struct net *net;
};

static enum sim_status query_begin(void *context, const struct event *event, struct sim_error *err)
{
    struct flows_play *play = context;
    const struct flows_query *query = &play->flows->queries[event->payload];
    struct net_message request = {.source = query->validator,
                                  .target = query->peer,
                                  .size_bytes = query->request_bytes,
                                  .tag = event->payload << 1,
                                  .connection = NET_CONNECT};
    return net_send(play->net, event->at_ns, &request, NULL, err);
}

static enum sim_status message_arrived(void *context, uint64_t tag, enum net_outcome outcome,
                                       int64_t now_ns, struct sim_error *err)
{
    struct flows_play *play = context;
    struct flows_query *query = &play->flows->queries[tag >> 1];
    if (outcome != NET_DELIVERED)
        return SIM_OK;
    if (tag & TAG_REPLY) {
        query->reply_end_ns = now_ns;
        return SIM_OK;
    }
    query->request_end_ns = now_ns;
    struct net_message reply = {.source = query->peer,
                                .target = query->validator,
                                .size_bytes = query->reply_bytes,
                                .tag = tag | TAG_REPLY,
                                .connection = NET_ON_CONNECTION};
    return net_send(play->net, now_ns, &reply, NULL, err);
}

static enum sim_status play_create(struct flows_play *play, const struct net_options *options,
                                   uint64_t seed, struct sim_error *err)
{
    struct evq_options queue_options = {.capacity = UINT64_C(1) << 40};
    enum sim_status status = evq_create(&queue_options, &play->queue, err);
    if (status == SIM_OK)
        status = loop_create(play->queue, &play->loop, err);
    struct net_wiring wiring = {.queue = play->queue,
                                .first_kind = KIND_NET,
                                .seed = seed,
                                .delivered = message_arrived,
                                .context = play};
    if (status == SIM_OK)
        status = net_create(options, play->flows->hosts, play->flows->host_count, &wiring,
                            &play->net, err);
    if (status != SIM_OK)
        return status;
    loop_handle(play->loop, KIND_QUERY, 1, "query", query_begin, play);
    loop_handle(play->loop, KIND_NET, NET_KIND_COUNT, "network", net_handle, play->net);
    return SIM_OK;
}

static enum sim_status queries_push(struct flows_play *play, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint64_t i = 0; i < play->flows->query_count && status == SIM_OK; i++) {
        struct flows_query *query = &play->flows->queries[i];
        query->request_end_ns = query->reply_end_ns = -1;
        status =
            evq_push(play->queue, query->request_start_ns, KIND_QUERY, query->validator, i, err);
    }
    return status;
}

enum sim_status flows_run(struct flows *flows, const struct net_options *options, uint64_t seed,
                          struct sim_error *err)
{
    struct flows_play play = {.flows = flows};
    enum sim_status status = play_create(&play, options, seed, err);
    if (status == SIM_OK)
        status = queries_push(&play, err);
    if (status == SIM_OK)
        status = loop_run(play.loop, TIME_NS_MAX, err);
    if (status == SIM_OK) {
        flows->event_count = loop_event_count(play.loop);
        flows->digest_order = loop_digest(play.loop);
        flows->net_size_bytes = net_size_bytes(play.net);
        flows->totals = net_totals(play.net);
        flows->effort = net_effort(play.net);
    }
    net_free(play.net);
    loop_free(play.loop);
    evq_free(play.queue);
    return status;
}

static void time_write(FILE *out, int64_t at_ns, char after)
{
    if (at_ns >= 0)
        fprintf(out, "%lld.%09lld", (long long)(at_ns / NS_PER_S), (long long)(at_ns % NS_PER_S));
    fputc(after, out);
}

enum sim_status flows_write(const struct flows *flows, FILE *out, struct sim_error *err)
{
    fputs("validator,peer,request_bytes,reply_bytes,request_start_s,request_end_s,reply_end_s\n",
          out);
    for (uint64_t i = 0; i < flows->query_count; i++) {
        const struct flows_query *query = &flows->queries[i];
        fprintf(out, "%u,%u,%llu,%llu,", query->validator, query->peer,
                (unsigned long long)query->request_bytes, (unsigned long long)query->reply_bytes);
        time_write(out, query->request_start_ns, ',');
        time_write(out, query->request_end_ns, ',');
        time_write(out, query->reply_end_ns, '\n');
    }
    if (fflush(out) != 0 || ferror(out))
        return SIM_FAIL(err, SIM_IO, "flows: the result could not be written");
    return SIM_OK;
}
