#include "corpus/filter.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

static const char *const licence_phrases[] = {
    "General Public License",    "Free Documentation License",
    "Permission is granted to",  "WITHOUT ANY WARRANTY",
    "MERCHANTABILITY",           "under the same terms as Perl itself",
    "under the terms of either", "All rights reserved",
};

void filter_init(struct filter *filter)
{
    *filter = (struct filter){0};
}

void filter_release(struct filter *filter)
{
    free(filter->seen);
    *filter = (struct filter){0};
}

static uint64_t line_key(const uint8_t *tokens, size_t count)
{
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, tokens, count);
    uint64_t key = digest_value(&digest);
    return key == 0 ? 1 : key;
}

/* Where the key is or would go. */
static size_t slot_of(const uint64_t *seen, size_t capacity, uint64_t key)
{
    size_t at = key & (capacity - 1);
    while (seen[at] != 0 && seen[at] != key)
        at = (at + 1) & (capacity - 1);
    return at;
}

static bool grow(struct filter *filter)
{
    size_t capacity = filter->capacity == 0 ? 1 << 16 : 2 * filter->capacity;
    uint64_t *seen = calloc(capacity, sizeof(*seen));
    if (seen == NULL)
        return false;
    for (size_t i = 0; i < filter->capacity; i++)
        if (filter->seen[i] != 0)
            seen[slot_of(seen, capacity, filter->seen[i])] = filter->seen[i];
    free(filter->seen);
    filter->seen = seen;
    filter->capacity = capacity;
    return true;
}

enum sim_status filter_see(struct filter *filter, const uint8_t *tokens, size_t count,
                           bool *ret_new, struct sim_error *err)
{
    if (2 * filter->count >= filter->capacity && !grow(filter))
        return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    uint64_t key = line_key(tokens, count);
    size_t at = slot_of(filter->seen, filter->capacity, key);
    *ret_new = filter->seen[at] == 0;
    if (*ret_new) {
        filter->seen[at] = key;
        filter->count++;
    } else {
        filter->duplicate_lines++;
    }
    return SIM_OK;
}

/* One pass: most characters begin none of the phrases. */
static bool phrase_at(const char *at, size_t left)
{
    for (size_t i = 0; i < sizeof(licence_phrases) / sizeof(licence_phrases[0]); i++) {
        const char *phrase = licence_phrases[i];
        size_t size = strlen(phrase);
        if (size <= left && at[0] == phrase[0] && memcmp(at, phrase, size) == 0)
            return true;
    }
    return false;
}

bool filter_is_licence(const char *line, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (phrase_at(line + i, size_bytes - i))
            return true;
    return false;
}
