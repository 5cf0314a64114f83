/*
 * param_kind.h: what the kinds of parameters are made of.  Internal to base's param_*.c.
 */
#ifndef BASE_PARAM_KIND_H
#define BASE_PARAM_KIND_H

#include "base/param.h"

/* value = number * factor for integer kinds; = number * 10^power * scale for real ones.
 * `canonical` units are the ones that param_format writes. */
struct param_unit {
    const char *name;
    uint64_t factor;
    int power;
    double scale;
    bool canonical;
};

/* What a kind is made of. */
struct param_kind_info {
    enum { PARAM_FAMILY_WHOLE, PARAM_FAMILY_REAL, PARAM_FAMILY_FRACTION, PARAM_FAMILY_WORD } family;
    size_t field_bytes;
    uint64_t largest; /* PARAM_FAMILY_WHOLE */
    bool is_signed;   /* PARAM_FAMILY_WHOLE */
    const struct param_unit *units;
    const char *unit_names;
    const char *example;
};

/* Of a kind, flags ignored. */
const struct param_kind_info *param_kind_info(unsigned kind);

/* Space for any plain field. */
union param_field {
    bool boolean;
    int choice;
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    int64_t i64;
    double f64;
    const char *text;
};

/* The plain field of a kind, wherever it lies. */
union param_field param_load(unsigned kind, const void *field);

#endif
