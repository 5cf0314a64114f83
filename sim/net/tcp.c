/*
 * tcp.c: sharing = tcp: the windows of TCP's slow start queue at the links, first in first out.
 *
 * Max-min fairness describes long flows.  Short ones live in slow start, where what matters under
 * congestion is that a connection's whole first window stands in the queue before the next
 * connection's, and that its second window joins the end of that queue when the first is
 * acknowledged.  Here a window is one train of packets; it occupies each link for bytes / capacity
 * in the order of arrival (a train can only leave after its last packet has come), and the next
 * window follows the acknowledgements, which stand in the queues of the way back.  A new connection
 * first sends a packet there and back.
 *
 *   windows: 10, 10 * growth, 10 * growth^2 ... segments, at most WINDOW_SEGMENTS_MAX
 *   segment: 1448 bytes of payload and 54 of headers on the wire; an acknowledgement, 54 bytes,
 *            for every second one
 *   way:     up link, half latency of the source (and the region table), down link, half latency of
 *            the target
 *
 * Not modelled: losses in full queues and what TCP does about them, timers.
 */
#include "net/internal.h"

enum { SEGMENT_BYTES = 1448, HEADER_BYTES = 54 };
enum { WINDOW_SEGMENTS_FIRST = 10, WINDOW_SEGMENTS_MAX = 724 };
/* Bounds of the time-out: RFC 6298, sections 2.1 and 2.4. */
#define TIMEOUT_NS_FIRST 1e9
#define TIMEOUT_NS_MIN 1e9
/* Packets that an acknowledgement confirms. */
enum { ACKNOWLEDGED_SEGMENTS = 2 };

/* Where a message's train is; odd ones are down links. */
enum tcp_stage {
    TCP_HELLO_UP,
    TCP_HELLO_DOWN,
    TCP_WELCOME_UP,
    TCP_WELCOME_DOWN,
    TCP_DATA_UP,
    TCP_DATA_DOWN,
    TCP_ACK_UP,
    TCP_ACK_DOWN
};

/* The ends of a train in time, at one place. */
struct train {
    int64_t first_ns, last_ns;
};

static bool stage_is_down(uint8_t stage)
{
    return stage % 2 == 1;
}

/* Hello and data go from source to target, welcome and acknowledgements back. */
static bool stage_is_back(uint8_t stage)
{
    return stage / 2 % 2 == 1;
}

static uint32_t stage_link(const struct flow *flow, uint8_t stage)
{
    uint32_t source = link_host(flow->link[FLOW_UP]), target = link_host(flow->link[FLOW_DOWN]);
    bool at_source = stage_is_back(stage) == stage_is_down(stage);
    return 2 * (at_source ? source : target) + (stage_is_down(stage) ? FLOW_DOWN : FLOW_UP);
}

static int64_t bytes_ns(const struct link *link, uint64_t size_bytes)
{
    return ns_after(0, (double)size_bytes / link->bytes_per_s * (double)NS_PER_S);
}

/* How a train meets a link. */
struct load {
    uint64_t size_bytes;  /* on the wire */
    uint64_t ahead_bytes; /* must be through before whoever waits for its head goes on */
    uint64_t tail_bytes;  /* come together at its end */
};

/* A train through one link: waits its turn, keeps its spacing, leaves at the link's speed. */
static struct train link_pass(struct link *link, struct train train, struct load load)
{
    int64_t begin_ns = train.first_ns > link->busy_until_ns ? train.first_ns : link->busy_until_ns;
    int64_t through_ns = ns_after(begin_ns, (double)bytes_ns(link, load.size_bytes));
    int64_t last_ns = ns_after(train.last_ns, (double)bytes_ns(link, load.tail_bytes));
    link->busy_until_ns = through_ns;
    link->passed_bytes += (double)load.size_bytes;
    return (struct train){ns_after(begin_ns, (double)bytes_ns(link, load.ahead_bytes)),
                          through_ns > last_ns ? through_ns : last_ns};
}

/* The latency is split where the links are: the half of the host at the down link comes last. */
static int64_t stage_latency_ns(const struct net *net, const struct flow *flow, uint8_t stage)
{
    bool back = stage_is_back(stage);
    const struct host *receiver = &net->hosts[link_host(flow->link[back ? FLOW_UP : FLOW_DOWN])];
    int64_t after_ns =
        receiver->half_latency_ns < flow->latency_ns ? receiver->half_latency_ns : flow->latency_ns;
    return stage_is_down(stage) ? after_ns : flow->latency_ns - after_ns;
}

/* RFC 6298: the time-out from smoothed round trips. */
static void round_trip_learn(struct tcp_flow *tcp, double sample_ns)
{
    if (tcp->rtt_ns == 0) {
        tcp->rtt_ns = sample_ns;
        tcp->rtt_deviation_ns = sample_ns / 2;
    } else {
        tcp->rtt_deviation_ns += (fabs(tcp->rtt_ns - sample_ns) - tcp->rtt_deviation_ns) / 4;
        tcp->rtt_ns += (sample_ns - tcp->rtt_ns) / 8;
    }
    double timeout_ns = tcp->rtt_ns + 4 * tcp->rtt_deviation_ns;
    tcp->timeout_ns = timeout_ns > TIMEOUT_NS_MIN ? timeout_ns : TIMEOUT_NS_MIN;
}

static uint64_t wire_bytes(uint64_t payload_bytes)
{
    return payload_bytes + (payload_bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES * HEADER_BYTES;
}

/* The first acknowledgement of a window is there: what its lateness does to the next one.  Returns
 * the bytes that are sent a second time. */
static uint64_t window_acknowledged(const struct net *net, struct tcp_flow *tcp, int64_t now_ns)
{
    double sample_ns = (double)(now_ns - tcp->released_ns);
    uint64_t again_bytes = 0;
    if (sample_ns > tcp->timeout_ns) {
        /* The sender takes all of it for lost, starts with one segment, and by the time that the
         * acknowledgements of the first sending have come it has sent all of it again and stands at
         * half the old window. */
        tcp->steady = true;
        tcp->window = tcp->sent_window > 4 ? tcp->sent_window / 2 : 2;
        again_bytes = tcp->train_bytes;
    } else if (tcp->steady) {
        tcp->window = tcp->sent_window + 1;
    } else {
        double next = (double)tcp->sent_window * net->options.window_growth;
        tcp->window = next < WINDOW_SEGMENTS_MAX ? (uint32_t)next : WINDOW_SEGMENTS_MAX;
    }
    round_trip_learn(tcp, sample_ns);
    return again_bytes;
}

static void window_release(const struct net *net, struct tcp_flow *tcp, int64_t now_ns)
{
    uint64_t again_bytes = 0;
    if (tcp->sent_window > 0)
        again_bytes = window_acknowledged(net, tcp, now_ns);
    uint64_t window_bytes = (uint64_t)tcp->window * SEGMENT_BYTES;
    uint64_t payload_bytes = tcp->left_bytes < window_bytes ? tcp->left_bytes : window_bytes;
    tcp->left_bytes -= payload_bytes;
    /* The rest of a message needs the first acknowledgements only. */
    if (payload_bytes < window_bytes && tcp->last_ns > now_ns)
        tcp->last_ns = ns_after(now_ns, (double)(tcp->last_ns - now_ns) * (double)payload_bytes /
                                            (double)window_bytes);
    tcp->train_bytes = wire_bytes(payload_bytes) + again_bytes;
    tcp->sent_window = tcp->window;
    tcp->released_ns = now_ns;
}

static enum sim_status tcp_at(struct net *net, uint32_t index, int64_t at_ns, bool arrived,
                              struct sim_error *err)
{
    struct flow *flow = &net->flows[index];
    uint32_t host = link_host(stage_link(flow, net->tcp[index].stage));
    flow->state = arrived ? FLOW_ARRIVING : FLOW_QUEUED;
    return net_push(net, at_ns, arrived ? NET_EVENT_ARRIVE : NET_EVENT_START, host,
                    net_flow_handle(net, index), err);
}

void tcp_begin(struct net *net, uint32_t index, int64_t now_ns, enum net_connection connection)
{
    net->tcp[index] =
        (struct tcp_flow){.stage = connection == NET_CONNECT ? TCP_HELLO_UP : TCP_DATA_UP,
                          .left_bytes = net->flows[index].size_bytes,
                          .window = WINDOW_SEGMENTS_FIRST,
                          .last_ns = now_ns,
                          .released_ns = now_ns,
                          .timeout_ns = TIMEOUT_NS_FIRST};
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static struct load data_load(uint64_t train_bytes, uint64_t ahead_segments, uint64_t tail_segments)
{
    uint64_t segment_bytes = SEGMENT_BYTES + HEADER_BYTES;
    return (struct load){train_bytes, at_most(ahead_segments * segment_bytes, train_bytes),
                         at_most(tail_segments * segment_bytes, train_bytes)};
}

/* What the train of the present stage is to its link. */
static struct load stage_load(const struct net *net, const struct tcp_flow *tcp)
{
    uint64_t segment_bytes = SEGMENT_BYTES + HEADER_BYTES;
    uint64_t segments = (tcp->train_bytes + segment_bytes - 1) / segment_bytes;
    uint64_t acks = (segments + ACKNOWLEDGED_SEGMENTS - 1) / ACKNOWLEDGED_SEGMENTS;
    switch ((enum tcp_stage)tcp->stage) {
    case TCP_DATA_UP: /* an acknowledgement releases as many as it confirms, times the growth */
        return data_load(tcp->train_bytes, 1,
                         (uint64_t)(ACKNOWLEDGED_SEGMENTS * net->options.window_growth));
    case TCP_DATA_DOWN: /* the first acknowledgement waits for the second segment */
        return data_load(tcp->train_bytes, ACKNOWLEDGED_SEGMENTS, 1);
    case TCP_ACK_UP:
    case TCP_ACK_DOWN:
        return (struct load){acks * HEADER_BYTES, HEADER_BYTES, HEADER_BYTES};
    case TCP_HELLO_UP:
    case TCP_HELLO_DOWN:
    case TCP_WELCOME_UP:
    case TCP_WELCOME_DOWN:
        break;
    }
    return (struct load){HEADER_BYTES, HEADER_BYTES, HEADER_BYTES};
}

/* The last window's acknowledgements: nobody waits for them, but they take their room. */
static void acknowledge_last(struct net *net, uint32_t index, int64_t now_ns)
{
    struct train now = {now_ns, now_ns};
    struct tcp_flow acknowledgement = net->tcp[index];
    for (uint8_t stage = TCP_ACK_UP; stage <= TCP_ACK_DOWN; stage++) {
        acknowledgement.stage = stage;
        link_pass(&net->links[stage_link(&net->flows[index], stage)], now,
                  stage_load(net, &acknowledgement));
    }
}

enum sim_status tcp_step(struct net *net, int64_t now_ns, uint32_t index, struct sim_error *err)
{
    const struct flow *flow = &net->flows[index];
    struct tcp_flow *tcp = &net->tcp[index];
    if (tcp->stage == TCP_DATA_UP)
        window_release(net, tcp, now_ns);
    struct train train = {now_ns, tcp->last_ns > now_ns ? tcp->last_ns : now_ns};
    struct link *link = &net->links[stage_link(flow, tcp->stage)];
    train = link_pass(link, train, stage_load(net, tcp));
    double latency_ns = (double)stage_latency_ns(net, flow, tcp->stage);
    tcp->last_ns = ns_after(train.last_ns, latency_ns);
    if (tcp->stage == TCP_DATA_DOWN && tcp->left_bytes == 0) {
        acknowledge_last(net, index, now_ns);
        return tcp_at(net, index, tcp->last_ns, true, err);
    }
    if (tcp->stage == TCP_WELCOME_DOWN)
        round_trip_learn(tcp, (double)(now_ns - tcp->released_ns));
    tcp->stage = tcp->stage == TCP_ACK_DOWN ? TCP_DATA_UP : (uint8_t)(tcp->stage + 1);
    return tcp_at(net, index, ns_after(train.first_ns, latency_ns), false, err);
}

void tcp_save(const struct tcp_flow *tcp, struct buffer *buffer)
{
    buffer_put_u64(buffer, tcp->left_bytes);
    buffer_put_u64(buffer, tcp->train_bytes);
    buffer_put_i64(buffer, tcp->last_ns);
    buffer_put_i64(buffer, tcp->released_ns);
    buffer_put_f64(buffer, tcp->rtt_ns);
    buffer_put_f64(buffer, tcp->rtt_deviation_ns);
    buffer_put_f64(buffer, tcp->timeout_ns);
    buffer_put_u32(buffer, tcp->window);
    buffer_put_u32(buffer, tcp->sent_window);
    buffer_put_u8(buffer, tcp->stage);
    buffer_put_u8(buffer, tcp->steady);
}

void tcp_load(struct tcp_flow *tcp, struct buffer_reader *reader)
{
    tcp->left_bytes = buffer_get_u64(reader);
    tcp->train_bytes = buffer_get_u64(reader);
    tcp->last_ns = buffer_get_i64(reader);
    tcp->released_ns = buffer_get_i64(reader);
    tcp->rtt_ns = buffer_get_f64(reader);
    tcp->rtt_deviation_ns = buffer_get_f64(reader);
    tcp->timeout_ns = buffer_get_f64(reader);
    tcp->window = buffer_get_u32(reader);
    tcp->sent_window = buffer_get_u32(reader);
    tcp->stage = buffer_get_u8(reader);
    tcp->steady = buffer_get_u8(reader) != 0;
    if (tcp->stage > TCP_ACK_DOWN)
        buffer_reader_fail(reader);
}
