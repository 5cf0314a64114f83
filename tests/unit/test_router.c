#include "router/router_list.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { UIDS = 50, ASKED = 20 };

struct setup {
    const struct router_ops *ops;
    struct stream stream;
    uint64_t state[4096];
};

static const struct router_ops *find(const char *name)
{
    for (size_t i = 0; i < router_list_count; i++)
        if (strcmp(router_list[i]->params->name, name) == 0)
            return router_list[i];
    fail_msg("no router '%s'", name);
    return NULL;
}

static void start(struct setup *setup, const char *name)
{
    setup->ops = find(name);
    stream_init(&setup->stream, 3, STREAM_ROUTE, stream_entity("validators", 0), 0);
    assert_true(router_state_bytes(setup->ops, NULL, UIDS, 0) <= sizeof(setup->state));
    router_init(setup->ops, NULL, UIDS, 0, &setup->stream, setup->state);
}

static uint32_t pick(struct setup *setup, const uint8_t *excluded, uint32_t self_uid,
                     uint32_t *ret_uids)
{
    double gate[ASKED];
    struct router_request request = {
        .peer_count_max = ASKED, .uid_count = UIDS, .self_uid = self_uid, .excluded = excluded};
    uint32_t count =
        router_pick(setup->ops, NULL, setup->state, &request, &setup->stream, ret_uids, gate);
    for (uint32_t i = 0; i < count; i++)
        assert_true(isnan(gate[i]));
    return count;
}

static void a_permutation_asks_everybody_else_once_before_anybody_twice(void **state)
{
    (void)state;
    struct setup setup;
    start(&setup, "permutation");
    uint32_t uids[ASKED];
    for (int round = 0; round < 5; round++) {
        int asked[UIDS] = {0};
        uint32_t total = 0, sizes[3];
        for (int step = 0; step < 3; step++) {
            sizes[step] = pick(&setup, NULL, 7, uids);
            for (uint32_t i = 0; i < sizes[step]; i++)
                asked[uids[i]]++;
            total += sizes[step];
        }
        assert_int_equal(total, UIDS - 1); /* 20 + 20 + 9: the last slice is shorter */
        assert_int_equal(sizes[0], ASKED);
        for (int uid = 0; uid < UIDS; uid++)
            assert_int_equal(asked[uid], uid != 7);
    }
}

static void the_permutation_goes_on_from_a_copy_of_its_memory(void **state)
{
    (void)state;
    struct setup setup, copy;
    uint32_t uids[ASKED], again[ASKED];
    start(&setup, "permutation");
    pick(&setup, NULL, 0, uids);
    copy.ops = setup.ops;
    memcpy(copy.state, setup.state, sizeof(copy.state));
    stream_seek(&copy.stream, &setup.stream.key, setup.stream.position);
    for (int step = 0; step < 10; step++) {
        uint32_t count = pick(&setup, NULL, 0, uids);
        assert_int_equal(count, pick(&copy, NULL, 0, again));
        assert_memory_equal(uids, again, count * sizeof(*uids));
    }
}

static void the_excluded_and_oneself_are_never_asked(void **state)
{
    (void)state;
    const char *const names[] = {"permutation", "random"};
    for (size_t n = 0; n < 2; n++) {
        struct setup setup;
        uint8_t excluded[UIDS] = {0};
        start(&setup, names[n]);
        for (int uid = 0; uid < UIDS; uid += 2)
            excluded[uid] = 1;
        for (int step = 0; step < 200; step++) {
            uint32_t uids[ASKED];
            uint32_t count = pick(&setup, excluded, 1, uids);
            assert_true(count > 0);
            for (uint32_t i = 0; i < count; i++)
                assert_true(uids[i] % 2 == 1 && uids[i] != 1);
        }
        memset(excluded, 1, sizeof(excluded));
        uint32_t uids[ASKED];
        assert_int_equal(pick(&setup, excluded, 1, uids), 0);
    }
}

static void random_asks_different_uids_equally_often(void **state)
{
    (void)state;
    struct setup setup;
    start(&setup, "random");
    int asked[UIDS] = {0};
    enum { STEPS = 5000 };
    for (int step = 0; step < STEPS; step++) {
        uint32_t uids[ASKED];
        assert_int_equal(pick(&setup, NULL, 0, uids), ASKED);
        int seen[UIDS] = {0};
        for (uint32_t i = 0; i < ASKED; i++) {
            assert_int_equal(seen[uids[i]]++, 0);
            asked[uids[i]]++;
        }
    }
    /* Each of 49 is asked with chance 20/49: 2041 +- 35; 5 standard deviations. */
    for (int uid = 1; uid < UIDS; uid++)
        assert_true(abs(asked[uid] - 2041) < 175);
    assert_int_equal(asked[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permutation_asks_everybody_else_once_before_anybody_twice),
        cmocka_unit_test(the_permutation_goes_on_from_a_copy_of_its_memory),
        cmocka_unit_test(the_excluded_and_oneself_are_never_asked),
        cmocka_unit_test(random_asks_different_uids_equally_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
