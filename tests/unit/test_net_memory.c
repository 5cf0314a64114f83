/* Every allocation of queue and network fails once: each time a status, never a crash or a leak. */
#include "event/loop.h"
#include "net/faults.h"

#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

/* Allocations that still succeed; negative = all do. */
static long allocations_left = -1;

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

/* The linker sends the calls of the libraries under test here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

enum { KIND_NET, KIND_FAULTS = KIND_NET + NET_KIND_COUNT, HOSTS = 3 };

struct scene {
    struct evq *queue;
    struct loop *loop;
    struct net *net;
    struct faults *faults;
    struct buffer buffer;
};

static enum sim_status delivered(void *context, uint64_t tag, enum net_outcome outcome,
                                 int64_t now_ns, struct sim_error *err)
{
    struct scene *scene = context;
    return tag & FAULTS_TAG ? faults_delivered(scene->faults, tag, outcome, now_ns, err) : SIM_OK;
}

static enum sim_status scene_create(struct scene *scene, enum net_sharing sharing,
                                    const struct net_host *hosts, struct sim_error *err)
{
    struct evq_options queue_options = {.capacity = 100000};
    struct net_options options = {
        .sharing = sharing, .eps = 1e-12, .window_growth = 2, .flow_limit = 5000};
    struct net_wiring wiring = {
        .first_kind = KIND_NET, .seed = 1, .delivered = delivered, .context = scene};
    buffer_init(&scene->buffer);
    enum sim_status status = evq_create(&queue_options, &scene->queue, err);
    wiring.queue = scene->queue;
    if (status == SIM_OK)
        status = loop_create(scene->queue, &scene->loop, err);
    if (status == SIM_OK)
        status = net_create(&options, hosts, HOSTS, &wiring, &scene->net, err);
    struct faults_wiring faults_wiring = {
        .queue = scene->queue, .net = scene->net, .first_kind = KIND_FAULTS, .seed = 1};
    if (status == SIM_OK)
        status = faults_create(&faults_wiring, &scene->faults, err);
    if (status != SIM_OK)
        return status;
    loop_handle(scene->loop, KIND_NET, NET_KIND_COUNT, "network", net_handle, scene->net);
    loop_handle(scene->loop, KIND_FAULTS, FAULTS_KIND_COUNT, "faults", faults_handle,
                scene->faults);
    return SIM_OK;
}

static enum sim_status scene_play(struct scene *scene, struct sim_error *err)
{
    uint32_t zero = 0, all[HOSTS];
    for (uint32_t i = 0; i < HOSTS; i++)
        all[i] = i;
    struct fault crash = {.kind = FAULT_CRASH,
                          .at_ns = NS_PER_S / 2,
                          .duration_ns = 1000,
                          .hosts = all,
                          .host_count = HOSTS};
    struct fault flood = {.kind = FAULT_FLOOD,
                          .duration_ns = NS_PER_S,
                          .hosts = &zero,
                          .host_count = 1,
                          .victim = 2,
                          .parallel = 2,
                          .message_bytes = 100000};
    enum sim_status status = faults_add(scene->faults, &flood, err);
    if (status == SIM_OK)
        status = faults_add(scene->faults, &crash, err);
    for (uint64_t i = 0; i < 1200 && status == SIM_OK; i++) {
        struct net_message message = {(uint32_t)(i % HOSTS), (uint32_t)((i / 3) % HOSTS), 1000 + i,
                                      i, NET_CONNECT};
        status = net_send(scene->net, 0, &message, NULL, err);
    }
    if (status == SIM_OK)
        status = evq_cancel(scene->queue, evq_last_sequence(scene->queue), err);
    if (status == SIM_OK)
        status = loop_run(scene->loop, NS_PER_S, err);
    if (status == SIM_OK)
        status = net_host_down(scene->net, NS_PER_S, 1, err);
    if (status == SIM_OK)
        status = evq_save(scene->queue, &scene->buffer, err);
    return status == SIM_OK ? net_save(scene->net, &scene->buffer, err) : status;
}

static void scene_release(struct scene *scene)
{
    buffer_release(&scene->buffer);
    faults_free(scene->faults);
    net_free(scene->net);
    loop_free(scene->loop);
    evq_free(scene->queue);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    const enum net_sharing all[] = {NET_MAXMIN, NET_FIFO, NET_LATENCY, NET_TCP};
    struct net_host hosts[HOSTS];
    for (uint32_t i = 0; i < HOSTS; i++)
        hosts[i] = (struct net_host){1e6, 1e6, NS_PER_MS, 0, i};
    for (int kind = 0; kind < 4; kind++) {
        long allowed = 0;
        for (enum sim_status status = SIM_MEMORY; status != SIM_OK; allowed++) {
            struct sim_error err = {0};
            struct scene scene = {0};
            allocations_left = allowed;
            status = scene_create(&scene, all[kind], hosts, &err);
            if (status == SIM_OK)
                status = scene_play(&scene, &err);
            allocations_left = -1;
            if (status != SIM_OK) {
                assert_int_equal(status, SIM_MEMORY);
                assert_true(err.text[0] != '\0');
            }
            scene_release(&scene);
        }
        assert_true(allowed > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
