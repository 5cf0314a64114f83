#include "record/reader_pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/reader_state.h"

/* Of a dimension, which variable says whose a row is. */
static const struct {
    enum record_dim dim;
    enum record_var netuid;
} owned[] = {
    {RECORD_DIM_EPOCH, RECORD_NETUID},
    {RECORD_DIM_NETWORK, RECORD_NETWORK_NETUID},
    {RECORD_DIM_EVENT, RECORD_EVENT_NETUID},
    {RECORD_DIM_CALL, RECORD_CALL_NETUID},
    {RECORD_DIM_WEIGHT_SNAPSHOT, RECORD_WEIGHT_NETUID},
    {RECORD_DIM_BOND_SNAPSHOT, RECORD_BOND_NETUID},
    {RECORD_DIM_STATE, RECORD_STATE_NETUID},
};

void reader_pick_release(struct reader_pick *pick)
{
    for (int dim = 0; dim < RECORD_DIM_COUNT; dim++)
        free(pick->rows[dim]);
    *pick = (struct reader_pick){.active = false};
}

static enum sim_status pick_owned(struct reader *reader, enum record_dim dim, enum record_var var,
                                  struct reader_pick *pick, struct sim_error *err)
{
    uint64_t total = reader_rows(reader, dim);
    uint16_t *netuid = calloc(total + 1, sizeof(*netuid));
    pick->rows[dim] = calloc(total + 1, sizeof(uint64_t));
    enum sim_status status = SIM_OK;
    if (netuid == NULL || pick->rows[dim] == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the rows of a network");
    else if (total > 0)
        status = reader_read(reader, var, 0, total, netuid, err);
    for (uint64_t row = 0; row < total && status == SIM_OK; row++)
        if (netuid[row] == pick->netuid)
            pick->rows[dim][pick->count[dim]++] = row;
    free(netuid);
    return status;
}

/* Where a row stands among those that are seen; UINT64_MAX: nowhere. */
static uint64_t place_of(const struct reader_pick *pick, enum record_dim dim, uint64_t row)
{
    uint64_t low = 0, high = pick->count[dim];
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (pick->rows[dim][middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < pick->count[dim] && pick->rows[dim][low] == row ? low : UINT64_MAX;
}

static enum sim_status pick_state_rows(struct reader *reader, struct reader_pick *pick,
                                       struct sim_error *err)
{
    enum record_dim dim = RECORD_DIM_STATE_ROW;
    uint64_t total = reader_rows(reader, dim);
    int64_t *state = calloc(total + 1, sizeof(*state));
    pick->rows[dim] = calloc(total + 1, sizeof(uint64_t));
    enum sim_status status = SIM_OK;
    if (state == NULL || pick->rows[dim] == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the rows of a network");
    else if (total > 0)
        status = reader_read(reader, RECORD_STATE_ROW_STATE, 0, total, state, err);
    for (uint64_t row = 0; row < total && status == SIM_OK; row++)
        if (place_of(pick, RECORD_DIM_STATE, (uint64_t)state[row]) != UINT64_MAX)
            pick->rows[dim][pick->count[dim]++] = row;
    free(state);
    return status;
}

static enum sim_status pick_groups(struct reader *reader, struct reader_pick *pick,
                                   struct sim_error *err)
{
    uint16_t first = 0, count = 0;
    enum record_dim dim = RECORD_DIM_GROUP;
    enum sim_status status =
        reader_read(reader, RECORD_NETWORK_FIRST_GROUP, pick->network, 1, &first, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_NETWORK_GROUPS, pick->network, 1, &count, err);
    if (status == SIM_OK && (uint64_t)first + count > reader_rows(reader, dim))
        status = SIM_FAIL(err, SIM_IO, "'%s': a network has groups that are not there",
                          reader_path(reader));
    pick->rows[dim] = calloc((size_t)count + 1, sizeof(uint64_t));
    if (status == SIM_OK && pick->rows[dim] == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the rows of a network");
    for (uint16_t g = 0; g < count && status == SIM_OK; g++)
        pick->rows[dim][pick->count[dim]++] = (uint64_t)first + g;
    return status;
}

enum sim_status reader_pick_make(struct reader *reader, uint64_t network,
                                 struct reader_pick *ret_pick, struct sim_error *err)
{
    struct reader_pick pick = {.active = true, .network = network};
    enum sim_status status =
        reader_read(reader, RECORD_NETWORK_NETUID, network, 1, &pick.netuid, err);
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]) && status == SIM_OK; i++)
        if (reader_has(reader, owned[i].netuid))
            status = pick_owned(reader, owned[i].dim, owned[i].netuid, &pick, err);
    if (status == SIM_OK && reader_has(reader, RECORD_STATE_ROW_STATE))
        status = pick_state_rows(reader, &pick, err);
    if (status == SIM_OK)
        status = pick_groups(reader, &pick, err);
    if (status != SIM_OK) {
        reader_pick_release(&pick);
        return status;
    }
    *ret_pick = pick;
    return SIM_OK;
}

/* ---- numbers of rows */

static enum record_dim target_of(enum record_var var)
{
    switch (var) {
    case RECORD_WEIGHT_EPOCH_ROW:
    case RECORD_BOND_EPOCH_ROW:
    case RECORD_STATE_EPOCH_ROW:
        return RECORD_DIM_EPOCH;
    case RECORD_STATE_ROW_STATE:
        return RECORD_DIM_STATE;
    case RECORD_GROUP_ID:
    case RECORD_HOTKEY_GROUP:
    case RECORD_NETWORK_FIRST_GROUP:
        return RECORD_DIM_GROUP;
    default:
        return RECORD_DIM_NONE;
    }
}

/* Of another network's groups it is 65535; an empty slot keeps its 0. */
static uint16_t own_group(const struct reader_pick *pick, uint16_t group)
{
    uint64_t place = place_of(pick, RECORD_DIM_GROUP, group);
    return place == UINT64_MAX ? (uint16_t)(group == 0 ? 0 : UINT16_MAX) : (uint16_t)place;
}

void reader_pick_translate(const struct reader_pick *pick, enum record_var var,
                           enum record_type type, uint64_t count, void *values)
{
    enum record_dim dim = target_of(var);
    if (dim == RECORD_DIM_NONE)
        return;
    for (uint64_t i = 0; i < count; i++) {
        if (type == RECORD_U16) {
            uint16_t *group = (uint16_t *)values + i;
            *group = own_group(pick, *group);
        } else if (type == RECORD_I64) {
            int64_t *row = (int64_t *)values + i;
            *row = (int64_t)place_of(pick, dim, (uint64_t)*row);
        } else {
            double *number = (double *)values + i;
            bool is_group = dim == RECORD_DIM_GROUP;
            *number = is_group ? own_group(pick, (uint16_t)*number)
                               : (double)(int64_t)place_of(pick, dim, (uint64_t)*number);
        }
    }
}

/* ---- one network of several */

const char *reader_network_name(const struct reader *reader, uint64_t index)
{
    return reader_stored_text(reader, RECORD_NETWORK_NAME, index);
}

static void show_text(struct reader *reader, const char *name, enum record_var var)
{
    struct attr *attr = meta_attr(&reader->meta, RECORD_ROOT, name, ATTR_TEXT);
    if (attr != NULL)
        meta_set_text(&reader->meta, &attr->text,
                      reader_text(reader, var, 0)); /* the only row that is shown */
}

static enum sim_status show_number(struct reader *reader, const char *name, enum record_var var,
                                   struct sim_error *err)
{
    double value;
    char text[64];
    enum sim_status status = reader_read(reader, var, 0, 1, &value, err);
    struct attr *attr = NULL;
    if (status == SIM_OK)
        attr = meta_attr(&reader->meta, RECORD_ROOT, name, ATTR_F64);
    if (attr == NULL)
        return status;
    attr->value.f64 = value;
    reader_format_f64(value, text, sizeof(text));
    meta_set_text(&reader->meta, &attr->text, text);
    return SIM_OK;
}

/* What the root's attributes say of the first network. */
static enum sim_status show_own(struct reader *reader, struct sim_error *err)
{
    show_text(reader, "mechanism", RECORD_NETWORK_MECHANISM);
    show_text(reader, "corpus", RECORD_NETWORK_CORPUS);
    enum sim_status status =
        show_number(reader, "unigram_entropy_nats", RECORD_NETWORK_UNIGRAM, err);
    if (status == SIM_OK)
        status = show_number(reader, "bigram_entropy_nats", RECORD_NETWORK_BIGRAM, err);
    if (status == SIM_OK)
        status = show_number(reader, "exact_entropy_nats", RECORD_NETWORK_EXACT, err);
    return status;
}

static enum sim_status no_such_network(struct reader *reader, const char *name,
                                       struct sim_error *err)
{
    char known[400] = "";
    size_t used = 0;
    for (uint64_t n = 0; n < reader->rows[RECORD_DIM_NETWORK] && used < sizeof(known); n++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", n > 0 ? ", " : "",
                                 reader_network_name(reader, n));
    if (reader->rows[RECORD_DIM_NETWORK] == 0)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has one network, without a name; '%.60s' is none",
                        reader->path, name);
    return SIM_FAIL(err, SIM_CONFIG, "'%s' has no network '%.60s'; there are: %s", reader->path,
                    name, known);
}

enum sim_status reader_choose_network(struct reader *reader, const char *name,
                                      struct sim_error *err)
{
    reader_pick_release(&reader->pick);
    uint64_t count = reader->rows[RECORD_DIM_NETWORK], network = 0;
    if (count == 0 && name == NULL)
        return SIM_OK;
    while (name != NULL && network < count &&
           strcmp(reader_network_name(reader, network), name) != 0)
        network++;
    if (network >= count)
        return no_such_network(reader, name, err);
    struct reader_pick pick;
    enum sim_status status = reader_pick_make(reader, network, &pick, err);
    if (status != SIM_OK)
        return status;
    reader->pick = pick;
    return show_own(reader, err);
}

const char *reader_network(const struct reader *reader)
{
    return reader->pick.active ? reader_network_name(reader, reader->pick.network) : NULL;
}

uint64_t reader_network_count(const struct reader *reader)
{
    return reader->rows[RECORD_DIM_NETWORK];
}
