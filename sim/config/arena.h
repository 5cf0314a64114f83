/*
 * arena.h: memory that is given back all at once.  Internal to sim/config: everything that belongs
 * to a config lives in its arena.
 */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
};

/* Zeroed, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_copy(struct arena *arena, const char *text, size_t bytes);
void arena_release(struct arena *arena);

#endif
