#include "record/meta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void meta_init(struct meta *meta, uint32_t uid_count, const bool *skipped)
{
    *meta = (struct meta){.uid_count = uid_count};
    if (skipped != NULL)
        memcpy(meta->skipped, skipped, sizeof(meta->skipped));
}

void meta_release(struct meta *meta)
{
    for (size_t i = 0; i < meta->attr_count; i++)
        free(meta->attrs[i].text);
    free(meta->attrs);
    free(meta->scenario);
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        meta_labels_release(&meta->labels[v]);
        meta_stage_release(&meta->static_stage[v], (enum record_var)v);
    }
    *meta = (struct meta){0};
}

static int attr_order(const struct attr *attr, enum record_scope scope, const char *name)
{
    if (attr->scope != scope)
        return attr->scope < scope ? -1 : 1;
    return strcmp(attr->name, name);
}

struct attr *meta_attr(struct meta *meta, enum record_scope scope, const char *name,
                       enum attr_kind kind)
{
    SIM_ASSERT(strlen(name) < sizeof(meta->attrs->name));
    size_t at = 0;
    while (at < meta->attr_count && attr_order(&meta->attrs[at], scope, name) < 0)
        at++;
    if (at < meta->attr_count && attr_order(&meta->attrs[at], scope, name) == 0) {
        meta->attrs[at].kind = kind;
        return &meta->attrs[at];
    }
    if (meta->attr_count == meta->attr_capacity) {
        size_t capacity = 2 * meta->attr_capacity + 16;
        struct attr *attrs = realloc(meta->attrs, capacity * sizeof(*attrs));
        if (attrs == NULL) {
            meta->out_of_memory = true;
            return NULL;
        }
        meta->attrs = attrs;
        meta->attr_capacity = capacity;
    }
    memmove(&meta->attrs[at + 1], &meta->attrs[at], (meta->attr_count - at) * sizeof(*meta->attrs));
    meta->attr_count++;
    meta->attrs[at] = (struct attr){.scope = scope, .kind = kind};
    memcpy(meta->attrs[at].name, name, strlen(name) + 1);
    return &meta->attrs[at];
}

void meta_set_text(struct meta *meta, char **text, const char *value)
{
    char *copy = strdup(value);
    if (copy == NULL) {
        meta->out_of_memory = true;
        return;
    }
    free(*text);
    *text = copy;
}

bool meta_labels_set(struct labels *labels, const char *meanings)
{
    struct labels made = {.count = 1};
    for (const char *c = meanings; *c != '\0'; c++)
        made.count += *c == ' ';
    made.meanings = strdup(meanings);
    made.storage = strdup(meanings);
    made.names = calloc(made.count, sizeof(*made.names));
    if (made.meanings == NULL || made.storage == NULL || made.names == NULL) {
        meta_labels_release(&made);
        return false;
    }
    char *at = made.storage;
    for (uint32_t i = 0; i < made.count; i++) {
        made.names[i] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    meta_labels_release(labels);
    *labels = made;
    return true;
}

void meta_labels_release(struct labels *labels)
{
    free(labels->meanings);
    free(labels->storage);
    free(labels->names);
    *labels = (struct labels){0};
}

void meta_set_labels(struct meta *meta, enum record_var var, const char *const *names, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(names[i]) + 1;
    char *meanings = malloc(size);
    if (meanings == NULL) {
        meta->out_of_memory = true;
        return;
    }
    char *at = meanings;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ' ';
        for (const char *c = names[i]; *c != '\0'; c++)
            *at++ = *c == ' ' ? '_' : *c;
    }
    *at = '\0';
    if (!meta_labels_set(&meta->labels[var], meanings))
        meta->out_of_memory = true;
    free(meanings);
}

uint64_t meta_fixed_length(const struct meta *meta, enum record_dim dim)
{
    SIM_ASSERT(record_dim_info(dim)->growth == RECORD_FIXED);
    bool edges = dim == RECORD_DIM_WEIGHT_EDGE || dim == RECORD_DIM_BOND_EDGE;
    return (uint64_t)meta->uid_count + (edges ? 1 : 0);
}

uint64_t meta_width(const struct meta *meta, enum record_var var)
{
    enum record_dim width = record_var_info(var)->width;
    return width == RECORD_DIM_NONE ? 1 : meta_fixed_length(meta, width);
}

size_t meta_row_bytes(const struct meta *meta, enum record_var var)
{
    return (size_t)meta_width(meta, var) * record_type_bytes(record_var_info(var)->type);
}

union fill_value meta_fill(enum record_var var)
{
    union fill_value fill = {.u64 = 0};
    enum record_type type = record_var_info(var)->type;
    if (type == RECORD_F32)
        fill.f32 = NAN;
    else if (type == RECORD_F64)
        fill.f64 = (double)NAN;
    else if (var == RECORD_HOTKEY_ID || var == RECORD_OWNER_ID)
        fill.u32 = RECORD_NOBODY;
    return fill;
}

enum sim_status meta_stage_grow(struct stage *stage, const struct meta *meta, enum record_var var,
                                uint64_t count, struct sim_error *err)
{
    size_t row_bytes = meta_row_bytes(meta, var);
    size_t used = (size_t)stage->rows * row_bytes;
    size_t need = used + (size_t)count * row_bytes;
    if (need > stage->capacity_bytes) {
        size_t capacity = need + need / 2;
        unsigned char *bytes = realloc(stage->bytes, capacity);
        if (bytes == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "recorder: out of memory for %zu bytes of '%s'",
                            capacity, record_var_info(var)->name);
        stage->bytes = bytes;
        stage->capacity_bytes = capacity;
    }
    union fill_value fill = meta_fill(var);
    size_t element = record_type_bytes(record_var_info(var)->type);
    for (size_t at = used; at < need; at += element)
        memcpy(stage->bytes + at, &fill, element);
    stage->rows += count;
    return SIM_OK;
}

void meta_stage_drop(struct stage *stage, const struct meta *meta, enum record_var var,
                     uint64_t count)
{
    SIM_ASSERT(count <= stage->rows);
    size_t row_bytes = meta_row_bytes(meta, var);
    stage->rows -= count;
    if (stage->rows > 0)
        memmove(stage->bytes, stage->bytes + (size_t)count * row_bytes,
                (size_t)stage->rows * row_bytes);
}

void meta_stage_release(struct stage *stage, enum record_var var)
{
    if (record_var_info(var)->type == RECORD_TEXT)
        for (uint64_t i = 0; i < stage->rows; i++) {
            char *text;
            memcpy(&text, stage->bytes + i * sizeof(text), sizeof(text));
            free(text);
        }
    free(stage->bytes);
    *stage = (struct stage){0};
}
