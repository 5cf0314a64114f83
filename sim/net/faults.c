#include "net/faults.h"

#include "base/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum faults_event { FAULTS_BEGIN, FAULTS_END, FAULTS_RANDOM, FAULTS_RESEND };
#define FLOOD_RESEND_NS NS_PER_S

/* A flood's message: bit 63, the flood's number, its occurrence (a message of an earlier one is not
 * sent again), the sender's place among its hosts. */
enum { TAG_SENDER_BITS = 24, TAG_OCCURRENCE_BITS = 20, TAG_NUMBER_BITS = 19 };

/* A fault of the schedule, with its own copy of the hosts. */
struct plan_entry {
    struct fault fault;
    uint32_t *hosts;
    uint64_t *member; /* bit map of the hosts; NULL for fewer than two */
    bool armed;       /* a random one: between its beginning and its end */
    bool active;
    uint64_t occurrence; /* of a random one, from 0: the one under way or to come */
};

struct host_state {
    struct net_link link; /* without any fault */
    struct host_condition condition;
};

struct faults {
    struct faults_wiring wiring;
    struct host_state *hosts;
    uint32_t host_count;
    struct plan_entry *plan;
    uint32_t plan_count, plan_capacity;
};

enum sim_status faults_create(const struct faults_wiring *wiring, struct faults **ret_faults,
                              struct sim_error *err)
{
    struct faults *faults = calloc(1, sizeof(*faults));
    if (faults == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "faults: out of memory");
    faults->wiring = *wiring;
    faults->host_count = net_host_count(wiring->net);
    faults->hosts = calloc(faults->host_count + 1, sizeof(faults->hosts[0]));
    if (faults->hosts == NULL) {
        faults_free(faults);
        return SIM_FAIL(err, SIM_MEMORY, "faults: out of memory");
    }
    for (uint32_t i = 0; i < faults->host_count; i++) {
        faults->hosts[i].link = net_get_link(wiring->net, i);
        faults->hosts[i].condition = (struct host_condition){.up = true, .speed = 1};
    }
    *ret_faults = faults;
    return SIM_OK;
}

struct faults *faults_free(struct faults *faults)
{
    if (faults == NULL)
        return NULL;
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        free(faults->plan[i].hosts);
        free(faults->plan[i].member);
    }
    free(faults->plan);
    free(faults->hosts);
    free(faults);
    return NULL;
}

static enum sim_status faults_push(struct faults *faults, int64_t at_ns, enum faults_event kind,
                                   uint32_t entity, uint64_t payload, struct sim_error *err)
{
    return evq_push(faults->wiring.queue, at_ns, faults->wiring.first_kind + kind, entity, payload,
                    err);
}

static bool factor_valid(double factor)
{
    return factor > 0 && factor < INFINITY;
}

static enum sim_status fault_check(const struct faults *faults, const struct fault *fault,
                                   struct sim_error *err)
{
    const char *bad = NULL;
    if (fault->at_ns < evq_now_ns(faults->wiring.queue) || fault->at_ns == TIME_NS_MAX)
        bad = "its time";
    if (fault->duration_ns < 0)
        bad = "its duration";
    for (uint32_t i = 0; i < fault->host_count; i++) {
        if (fault->hosts[i] >= faults->host_count)
            bad = "a host";
    }
    if (fault->kind == FAULT_SLOW && !factor_valid(fault->speed))
        bad = "its speed";
    if (fault->kind == FAULT_LINK &&
        !(factor_valid(fault->up_factor) && factor_valid(fault->down_factor) &&
          fault->latency_factor >= 0 && fault->latency_factor < 1e6 && fault->loss >= 0 &&
          fault->loss <= 1))
        bad = "a factor";
    if (fault->kind == FAULT_CUT && (fault->regions_a == 0 || fault->regions_b == 0))
        bad = "a set of regions";
    if ((fault->up_ns == NULL) != (fault->down_ns == NULL))
        bad = "one of its random times";
    if (fault->kind == FAULT_FLOOD &&
        (fault->victim >= faults->host_count || fault->parallel == 0 || fault->message_bytes == 0))
        bad = "its victim, parallel or message size";
    if (fault->kind == FAULT_FLOOD &&
        (fault->host_count >> TAG_SENDER_BITS != 0 || faults->plan_count >> TAG_NUMBER_BITS != 0))
        bad = "the number of its senders, or of faults before it,";
    if (bad != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "fault %u: %s is out of range", faults->plan_count, bad);
    return SIM_OK;
}

static enum sim_status plan_grow(struct faults *faults, struct sim_error *err)
{
    if (faults->plan_count < faults->plan_capacity)
        return SIM_OK;
    uint32_t capacity = faults->plan_capacity * 2 + 16;
    struct plan_entry *plan = realloc(faults->plan, capacity * sizeof(plan[0]));
    if (plan == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "faults: out of memory");
    faults->plan = plan;
    faults->plan_capacity = capacity;
    return SIM_OK;
}

static enum sim_status entry_copy(struct faults *faults, const struct fault *fault,
                                  struct sim_error *err)
{
    struct plan_entry *entry = &faults->plan[faults->plan_count];
    *entry = (struct plan_entry){.fault = *fault};
    entry->hosts = malloc((fault->host_count + 1) * sizeof(entry->hosts[0]));
    if (fault->host_count > 1)
        entry->member = calloc(faults->host_count / 64 + 1, sizeof(entry->member[0]));
    faults->plan_count++; /* faults_free takes half-built entries */
    if (entry->hosts == NULL || (fault->host_count > 1 && entry->member == NULL))
        return SIM_FAIL(err, SIM_MEMORY, "faults: out of memory");
    for (uint32_t i = 0; i < fault->host_count; i++) {
        entry->hosts[i] = fault->hosts[i];
        if (entry->member != NULL)
            entry->member[fault->hosts[i] / 64] |= UINT64_C(1) << fault->hosts[i] % 64;
    }
    entry->fault.hosts = entry->hosts;
    return SIM_OK;
}

enum sim_status faults_add(struct faults *faults, const struct fault *fault, struct sim_error *err)
{
    enum sim_status status = fault_check(faults, fault, err);
    if (status == SIM_OK)
        status = plan_grow(faults, err);
    if (status == SIM_OK)
        status = entry_copy(faults, fault, err);
    if (status != SIM_OK)
        return status;
    uint32_t number = faults->plan_count - 1;
    status = faults_push(faults, fault->at_ns, FAULTS_BEGIN, number, 0, err);
    bool ends = fault->duration_ns > 0 && fault->duration_ns < TIME_NS_MAX - fault->at_ns;
    if (status == SIM_OK && ends)
        status = faults_push(faults, fault->at_ns + fault->duration_ns, FAULTS_END, number, 0, err);
    return status;
}

static bool entry_holds(const struct plan_entry *entry, enum fault_kind kind, uint32_t host)
{
    if (!entry->active || entry->fault.kind != kind || entry->fault.host_count == 0)
        return false;
    return entry->member == NULL ? entry->hosts[0] == host
                                 : (entry->member[host / 64] >> host % 64 & 1) != 0;
}

static struct host_condition condition_of(const struct faults *faults, uint32_t host)
{
    struct host_condition condition = {.up = true, .speed = 1};
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        if (entry_holds(&faults->plan[i], FAULT_CRASH, host))
            condition.up = false;
        if (entry_holds(&faults->plan[i], FAULT_SLOW, host))
            condition.speed *= faults->plan[i].fault.speed;
    }
    return condition;
}

static struct net_link link_of(const struct faults *faults, uint32_t host)
{
    struct net_link link = faults->hosts[host].link;
    double latency_factor = 1, kept = 1 - link.loss;
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        const struct fault *fault = &faults->plan[i].fault;
        if (!entry_holds(&faults->plan[i], FAULT_LINK, host))
            continue;
        link.up_bytes_per_s *= fault->up_factor;
        link.down_bytes_per_s *= fault->down_factor;
        latency_factor *= fault->latency_factor;
        kept *= 1 - fault->loss;
    }
    link.half_latency_ns = (int64_t)llround((double)link.half_latency_ns * latency_factor);
    link.loss = 1 - kept;
    return link;
}

/* Brings one host to what holds now and tells the run. */
static enum sim_status host_update(struct faults *faults, int64_t now_ns, uint32_t host,
                                   struct sim_error *err)
{
    struct host_condition *had = &faults->hosts[host].condition, old = *had;
    *had = condition_of(faults, host);
    if (had->up == old.up && had->speed == old.speed)
        return SIM_OK;
    struct host_condition now = *had;
    enum sim_status status = SIM_OK;
    if (old.up && !now.up)
        status = net_host_down(faults->wiring.net, now_ns, host, err);
    if (!old.up && now.up)
        net_host_up(faults->wiring.net, host);
    if (status == SIM_OK && faults->wiring.changed != NULL)
        status = faults->wiring.changed(faults->wiring.context, host, &now, now_ns, err);
    return status;
}

static bool has_region(uint64_t regions, uint32_t region)
{
    return (regions >> region & 1) != 0;
}

/* Whether any active cut separates the two. */
static bool is_cut(const struct faults *faults, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        const struct fault *cut = &faults->plan[i].fault;
        if (!faults->plan[i].active || cut->kind != FAULT_CUT)
            continue;
        if ((has_region(cut->regions_a, a) && has_region(cut->regions_b, b)) ||
            (has_region(cut->regions_a, b) && has_region(cut->regions_b, a)))
            return true;
    }
    return false;
}

static enum sim_status cut_update(struct faults *faults, int64_t now_ns, const struct fault *fault,
                                  struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t a = 0; a < NET_REGION_MAX; a++) {
        for (uint32_t b = 0; b < NET_REGION_MAX && status == SIM_OK; b++) {
            if (has_region(fault->regions_a, a) && has_region(fault->regions_b, b))
                status = net_cut(faults->wiring.net, now_ns, a, b, is_cut(faults, a, b), err);
        }
    }
    return status;
}

static uint32_t tag_field(uint64_t tag, unsigned shift, unsigned bits)
{
    return (uint32_t)(tag >> shift & ((UINT64_C(1) << bits) - 1));
}

static uint32_t tag_number(uint64_t tag)
{
    return tag_field(tag, TAG_SENDER_BITS + TAG_OCCURRENCE_BITS, TAG_NUMBER_BITS);
}

static uint64_t tag_of(const struct faults *faults, uint32_t number, uint32_t sender)
{
    uint64_t occurrence = tag_field(faults->plan[number].occurrence, 0, TAG_OCCURRENCE_BITS);
    return FAULTS_TAG | (uint64_t)number << (TAG_SENDER_BITS + TAG_OCCURRENCE_BITS) |
           occurrence << TAG_SENDER_BITS | sender;
}

/* Whether the flood that the message belongs to goes on. */
static bool flood_goes_on(const struct faults *faults, uint64_t tag)
{
    uint32_t number = tag_number(tag);
    SIM_ASSERT((tag & FAULTS_TAG) != 0 && number < faults->plan_count);
    return faults->plan[number].active &&
           tag_of(faults, number, tag_field(tag, 0, TAG_SENDER_BITS)) == tag;
}

static enum sim_status flood_send(struct faults *faults, int64_t now_ns, uint64_t tag,
                                  struct sim_error *err)
{
    const struct fault *flood = &faults->plan[tag_number(tag)].fault;
    struct net_message message = {.source = flood->hosts[tag_field(tag, 0, TAG_SENDER_BITS)],
                                  .target = flood->victim,
                                  .size_bytes = flood->message_bytes,
                                  .tag = tag,
                                  .connection = NET_CONNECT};
    if (message.source == message.target)
        return SIM_OK; /* nobody floods its own link */
    return net_send(faults->wiring.net, now_ns, &message, NULL, err);
}

static enum sim_status flood_begin(struct faults *faults, int64_t now_ns, uint32_t number,
                                   struct sim_error *err)
{
    const struct fault *flood = &faults->plan[number].fault;
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < flood->host_count; i++) {
        for (uint32_t k = 0; k < flood->parallel && status == SIM_OK; k++)
            status = flood_send(faults, now_ns, tag_of(faults, number, i), err);
    }
    return status;
}

static enum sim_status plan_turn(struct faults *faults, int64_t now_ns, uint32_t number,
                                 bool active, struct sim_error *err)
{
    SIM_ASSERT(number < faults->plan_count && faults->plan[number].active != active);
    faults->plan[number].active = active;
    const struct fault *fault = &faults->plan[number].fault;
    enum sim_status status = SIM_OK;
    if (faults->wiring.turned != NULL)
        status = faults->wiring.turned(faults->wiring.context, fault, active, now_ns, err);
    if (status == SIM_OK && fault->kind == FAULT_CUT)
        return cut_update(faults, now_ns, fault, err);
    if (status == SIM_OK && fault->kind == FAULT_FLOOD)
        return active ? flood_begin(faults, now_ns, number, err) : SIM_OK;
    for (uint32_t i = 0; i < fault->host_count && status == SIM_OK; i++) {
        struct net_link link = link_of(faults, fault->hosts[i]);
        status = fault->kind == FAULT_LINK
                     ? net_set_link(faults->wiring.net, now_ns, fault->hosts[i], &link, err)
                     : host_update(faults, now_ns, fault->hosts[i], err);
    }
    return status;
}

enum sim_status faults_delivered(struct faults *faults, uint64_t tag, enum net_outcome outcome,
                                 int64_t now_ns, struct sim_error *err)
{
    if (!flood_goes_on(faults, tag))
        return SIM_OK;
    if (outcome == NET_DELIVERED)
        return flood_send(faults, now_ns, tag, err);
    return faults_push(faults, now_ns + FLOOD_RESEND_NS, FAULTS_RESEND, 0, tag, err);
}

/* When a random fault begins again or the present occurrence ends. */
static enum sim_status random_next(struct faults *faults, int64_t now_ns, uint32_t number,
                                   struct sim_error *err)
{
    const struct plan_entry *entry = &faults->plan[number];
    struct stream stream;
    stream_init(&stream, faults->wiring.seed, STREAM_FAULT, entry->fault.entity, entry->occurrence);
    /* Both in a fixed order, so that they are known from the occurrence's number alone. */
    int64_t until_ns = dist_draw_i64(entry->fault.up_ns, &stream);
    int64_t for_ns = dist_draw_i64(entry->fault.down_ns, &stream);
    int64_t wait_ns = entry->active ? for_ns : until_ns;
    if (wait_ns < 1)
        wait_ns = 1;
    if (wait_ns >= (TIME_NS_MAX - now_ns) / 2)
        return SIM_OK;
    return faults_push(faults, now_ns + wait_ns, FAULTS_RANDOM, number, 0, err);
}

static enum sim_status random_turn(struct faults *faults, int64_t now_ns, uint32_t number,
                                   struct sim_error *err)
{
    struct plan_entry *entry = &faults->plan[number];
    if (!entry->armed)
        return SIM_OK; /* its time is over */
    if (entry->active)
        entry->occurrence++;
    enum sim_status status = plan_turn(faults, now_ns, number, !entry->active, err);
    return status == SIM_OK ? random_next(faults, now_ns, number, err) : status;
}

static enum sim_status plan_begin(struct faults *faults, int64_t now_ns, uint32_t number,
                                  struct sim_error *err)
{
    if (faults->plan[number].fault.up_ns == NULL)
        return plan_turn(faults, now_ns, number, true, err);
    faults->plan[number].armed = true;
    return random_next(faults, now_ns, number, err);
}

static enum sim_status plan_end(struct faults *faults, int64_t now_ns, uint32_t number,
                                struct sim_error *err)
{
    faults->plan[number].armed = false;
    return faults->plan[number].active ? plan_turn(faults, now_ns, number, false, err) : SIM_OK;
}

enum sim_status faults_handle(void *context, const struct event *event, struct sim_error *err)
{
    struct faults *faults = context;
    SIM_ASSERT(event->kind - faults->wiring.first_kind < FAULTS_KIND_COUNT);
    switch ((enum faults_event)(event->kind - faults->wiring.first_kind)) {
    case FAULTS_BEGIN:
        return plan_begin(faults, event->at_ns, event->entity, err);
    case FAULTS_END:
        return plan_end(faults, event->at_ns, event->entity, err);
    case FAULTS_RANDOM:
        return random_turn(faults, event->at_ns, event->entity, err);
    case FAULTS_RESEND:
        return flood_goes_on(faults, event->payload)
                   ? flood_send(faults, event->at_ns, event->payload, err)
                   : SIM_OK;
    }
    return SIM_OK;
}

struct host_condition faults_host(const struct faults *faults, uint32_t host)
{
    SIM_ASSERT(host < faults->host_count);
    return faults->hosts[host].condition;
}

void faults_save(const struct faults *faults, struct buffer *buffer)
{
    buffer_put_tag(buffer, "faults");
    buffer_put_u64(buffer, faults->plan_count);
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        buffer_put_u8(buffer, faults->plan[i].armed);
        buffer_put_u8(buffer, faults->plan[i].active);
        buffer_put_u64(buffer, faults->plan[i].occurrence);
    }
    buffer_put_u64(buffer, faults->host_count);
    for (uint32_t i = 0; i < faults->host_count; i++) {
        buffer_put_u8(buffer, faults->hosts[i].condition.up);
        buffer_put_f64(buffer, faults->hosts[i].condition.speed);
    }
}

enum sim_status faults_load(struct faults *faults, struct buffer_reader *reader,
                            struct sim_error *err)
{
    buffer_get_tag(reader, "faults");
    if (buffer_get_u64(reader) != faults->plan_count)
        buffer_reader_fail(reader);
    for (uint32_t i = 0; i < faults->plan_count; i++) {
        faults->plan[i].armed = buffer_get_u8(reader) != 0;
        faults->plan[i].active = buffer_get_u8(reader) != 0;
        faults->plan[i].occurrence = buffer_get_u64(reader);
    }
    if (buffer_get_u64(reader) != faults->host_count)
        buffer_reader_fail(reader);
    for (uint32_t i = 0; i < faults->host_count; i++) {
        faults->hosts[i].condition.up = buffer_get_u8(reader) != 0;
        faults->hosts[i].condition.speed = buffer_get_f64(reader);
    }
    return buffer_reader_status(reader, err);
}
