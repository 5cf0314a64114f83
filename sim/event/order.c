#include "event/order.h"

/* The constants and steps are those of XXH64 (Collet, xxHash specification 0.1.1, section XXH64).
 */
#define ORDER_PRIME_3 UINT64_C(0x165667B19E3779F9)
#define ORDER_PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define ORDER_PRIME_5 UINT64_C(0x27D4EB2F165667C5)
enum { EVENT_BYTES = 32 };

void order_digest_init(struct order_digest *digest)
{
    *digest = (struct order_digest){
        .lane = {ORDER_PRIME_1 + ORDER_PRIME_2, ORDER_PRIME_2, 0, UINT64_C(0) - ORDER_PRIME_1}};
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t lanes_merged(const uint64_t lane[4])
{
    static const unsigned rotations[4] = {1, 7, 12, 18};
    uint64_t hash = 0;
    for (int i = 0; i < 4; i++)
        hash += rotate_left(lane[i], rotations[i]);
    for (int i = 0; i < 4; i++)
        hash = (hash ^ order_digest_round(0, lane[i])) * ORDER_PRIME_1 + ORDER_PRIME_4;
    return hash;
}

uint64_t order_digest_value(const struct order_digest *digest)
{
    uint64_t hash = digest->event_count > 0 ? lanes_merged(digest->lane) : ORDER_PRIME_5;
    hash += digest->event_count * EVENT_BYTES;
    hash = (hash ^ hash >> 33) * ORDER_PRIME_2;
    hash = (hash ^ hash >> 29) * ORDER_PRIME_3;
    return hash ^ hash >> 32;
}
