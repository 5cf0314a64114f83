#include "chain/state.h"

#include <stdlib.h>

#define FAULT_NAMES(name, nakamoto, finney, current) {nakamoto, finney, current},
static const char *const fault_names[][CHAIN_PROFILE_COUNT] = {CHAIN_FAULT_LIST(FAULT_NAMES)};

const char *chain_fault_name(enum chain_profile profile, enum chain_fault fault)
{
    SIM_ASSERT(fault < CHAIN_FAULT_COUNT && profile < CHAIN_PROFILE_COUNT);
    return fault_names[fault][profile];
}

/* Grows by doubling.  Without memory the event goes into the list's last place and the block ends
 * with SIM_MEMORY: nobody acts on a list with a hole. */
struct chain_event *chain_event_add(struct chain *chain, enum chain_event_kind kind,
                                    uint16_t netuid)
{
    if (chain->event_count == chain->event_capacity) {
        size_t capacity = chain->event_capacity * 2;
        struct chain_event *events = realloc(chain->events, capacity * sizeof *events);
        if (events == NULL) {
            chain->out_of_memory = true;
            chain->event_count--;
        } else {
            chain->events = events;
            chain->event_capacity = capacity;
        }
    }
    struct chain_event *event = &chain->events[chain->event_count++];
    *event = (struct chain_event){.kind = kind,
                                  .netuid = netuid,
                                  .uid = CHAIN_NONE,
                                  .hotkey = CHAIN_NONE,
                                  .coldkey = CHAIN_NONE,
                                  .other = CHAIN_NONE};
    return event;
}

const struct chain_event *chain_events(const struct chain *chain, size_t *ret_count)
{
    *ret_count = chain->event_count;
    return chain->events;
}
