#include "mechanism/ascending.h"

bool ascending_is_ordered(const uint32_t *column, uint64_t count)
{
    uint32_t wrong = 0;
    for (uint64_t k = 1; k < count; k++)
        wrong |= (uint32_t)(column[k - 1] >= column[k]);
    return wrong == 0;
}

uint32_t ascending_inside(const uint32_t *column, uint64_t count, uint32_t n)
{
    while (count > 0 && column[count - 1] >= n)
        count--;
    return (uint32_t)count;
}

/* Writes the places of the entries in the order of their columns; returns how many. */
static uint32_t sort_places(const uint32_t *column, uint64_t count, uint32_t n,
                            const struct ascending_room *room, uint64_t *ret_place)
{
    uint32_t kept = 0;
    for (uint64_t k = 0; k < count; k++)
        if (column[k] < n)
            room->slot[column[k]] = k + 1;
    for (uint32_t j = 0; j < n; j++) {
        if (room->slot[j] == 0)
            continue;
        room->column[kept] = j;
        ret_place[kept++] = room->slot[j] - 1;
        room->slot[j] = 0;
    }
    return kept;
}

struct ascending_u32 ascending_sort_u32(const uint32_t *column, const uint32_t *value,
                                        uint64_t count, uint32_t n,
                                        const struct ascending_room *room)
{
    uint32_t kept = sort_places(column, count, n, room, room->wide);
    for (uint32_t k = 0; k < kept; k++)
        room->narrow[k] = value[room->wide[k]];
    return (struct ascending_u32){room->column, room->narrow, kept};
}

struct ascending_u64 ascending_sort_u64(const uint32_t *column, const uint64_t *value,
                                        uint64_t count, uint32_t n,
                                        const struct ascending_room *room)
{
    uint32_t kept = sort_places(column, count, n, room, room->wide);
    for (uint32_t k = 0; k < kept; k++)
        room->wide[k] = value[room->wide[k]];
    return (struct ascending_u64){room->column, room->wide, kept};
}

struct ascending_u32 ascending_row_u32(const uint32_t *column, const uint32_t *value,
                                       uint64_t count, uint32_t n,
                                       const struct ascending_room *room)
{
    if (!ascending_is_ordered(column, count))
        return ascending_sort_u32(column, value, count, n, room);
    return (struct ascending_u32){column, value, ascending_inside(column, count, n)};
}

struct ascending_u64 ascending_row_u64(const uint32_t *column, const uint64_t *value,
                                       uint64_t count, uint32_t n,
                                       const struct ascending_room *room)
{
    if (!ascending_is_ordered(column, count))
        return ascending_sort_u64(column, value, count, n, room);
    return (struct ascending_u64){column, value, ascending_inside(column, count, n)};
}
