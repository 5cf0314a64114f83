/*
 * param.h: one table says everything about a block of parameters.
 *
 * Each module, mechanism, model, strategy, ... that a scenario can configure declares a struct and
 * one table of its keys.  The table drives parsing, defaults, bounds, error texts, the JSON
 * Schema, `taosim list`, the reference docs and what the result records; nothing else repeats it.
 *
 *   struct gru_params { uint32_t embedding, hidden; };
 *   static const struct param_key gru_keys[] = {
 *       {"embedding", PARAM_U32, offsetof(struct gru_params, embedding), "1", "4096", "16", NULL,
 *        "width of a token's vector"},
 *       ...
 *   };
 *   const struct param_table gru_table = PARAM_TABLE("gru", struct gru_params, gru_keys, "...");
 *
 * Bounds and defaults are texts in the scenario's own notation ("12 s", "1.5 TAO", "0.5") and go
 * through the same parser as the scenario's values.  A NULL default makes the key required; a NULL
 * bound is open (the kind's own range still holds).
 */
#ifndef BASE_PARAM_H
#define BASE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kind fixes the C type of the field and the units that the value must carry. */
enum param_kind {
    PARAM_BOOL,         /* bool: true | false */
    PARAM_U32,          /* uint32_t, no unit */
    PARAM_U64,          /* uint64_t, no unit, never through a double */
    PARAM_I32,          /* int32_t, no unit */
    PARAM_REAL,         /* double, no unit, finite */
    PARAM_ENUM,         /* int: index into choices */
    PARAM_STRING,       /* const char *, owned by the scenario */
    PARAM_DURATION_NS,  /* int64_t: ns us ms s min h d */
    PARAM_BLOCKS,       /* uint64_t: blocks */
    PARAM_AMOUNT_RAO,   /* uint64_t: rao, TAO (exact decimals) */
    PARAM_SIZE_BYTES,   /* uint64_t: B kB MB GB KiB MiB GiB */
    PARAM_RATE_BYTES,   /* double bytes a second: bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s */
    PARAM_FLOPS,        /* double: FLOP/s kFLOP/s MFLOP/s GFLOP/s TFLOP/s */
    PARAM_HASH_RATE,    /* double hashes a second: H/s kH/s MH/s GH/s TH/s */
    PARAM_POWER_W,      /* double: W kW */
    PARAM_FRACTION_U16, /* uint16_t: 'N/65535', or a number 0..1 cut down to one, as wallets do */
    PARAM_NATS,         /* double: nats bits */
    PARAM_STRING_LIST,  /* struct param_strings, owned by the scenario */
    PARAM_KIND_MASK = 63,

    /* Or-ed to the kind. */
    PARAM_DIST_FLAG = 64,     /* to a numeric kind: the field is a struct dist (base/dist.h) */
    PARAM_LIVE_FLAG = 128,    /* may change while running, by `schedule` */
    PARAM_UNHASHED_FLAG = 256 /* no part of a run's identity: `until` */
};

struct param_strings {
    const char *const *items;
    size_t count;
};

struct param_key {
    const char *name;           /* as in YAML; carries no unit */
    unsigned kind;              /* enum param_kind, maybe with PARAM_DIST_FLAG */
    size_t offset;              /* of the field in the parameter struct */
    const char *min, *max;      /* inclusive; NULL = open */
    const char *fallback;       /* NULL = required */
    const char *const *choices; /* NULL-terminated, for PARAM_ENUM */
    const char *doc;            /* one or two sentences for the reference */
};

/*
 * A key that counts only together with another one; given without effect, it is refused.
 * `when` is "solver=search", "solver=search|both", "liquid!=false", or several of these joined by
 * " and ", which binds closer, and " or ".  The left side is a key, a section or a dotted path,
 * looked for in the key's own block and then outward to the root: for a key of a group's host,
 * "hash_rate=..." is the host's, "strategy=sybil" the group's, "chain=finney" the scenario's.  A
 * section stands for its option.  "groups.*.model!=none" holds when it does for at least one group,
 * the same in all terms that " and " joins.  Words on the right are values in canonical notation
 * (param_format).
 */
struct param_condition {
    const char *key;
    const char *when;
};

struct param_table {
    const char *name; /* the YAML name of what is configured */
    const struct param_key *keys;
    size_t key_count;
    size_t struct_bytes;
    const char *doc;                          /* one sentence for `taosim list` */
    const struct param_condition *conditions; /* NULL where every key always counts */
    size_t condition_count;
};

#define PARAM_TABLE(name_, struct_, keys_, doc_)                                                   \
    {                                                                                              \
        .name = (name_), .keys = (keys_), .key_count = sizeof(keys_) / sizeof((keys_)[0]),         \
        .struct_bytes = sizeof(struct_), .doc = (doc_)                                             \
    }
/* The same with an array of conditions. */
#define PARAM_TABLE_WHEN(name_, struct_, keys_, conditions_, doc_)                                 \
    {                                                                                              \
        .name = (name_), .keys = (keys_), .key_count = sizeof(keys_) / sizeof((keys_)[0]),         \
        .struct_bytes = sizeof(struct_), .doc = (doc_), .conditions = (conditions_),               \
        .condition_count = sizeof(conditions_) / sizeof((conditions_)[0])                          \
    }
/* For what has no parameters: the struct is never read. */
#define PARAM_TABLE_EMPTY(name_, doc_)                                                             \
    {                                                                                              \
        .name = (name_), .keys = NULL, .key_count = 0, .struct_bytes = 0, .doc = (doc_)            \
    }

#endif
