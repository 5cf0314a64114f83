/*
 * Writes a run folder whose numbers follow closed formulas, through the recorder that runs use:
 * the fixture of the tests of readers and of the report.
 *
 * usage: sample_result FOLDER UIDS EPOCHS SEGMENT_EPOCHS attack|twin
 *
 * A quarter of the slots changes hands over the run; losses fall from ln 64 towards a floor that
 * depends on the model's size; in `attack` one owner's newcomers all serve one trained model.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "record/record.h"

enum { GROUP_VALIDATORS, GROUP_SMALL, GROUP_MEDIUM, GROUP_LARGE, GROUP_SYBILS, GROUP_COUNT };

struct sample {
    struct record *record;
    struct sim_error err;
    uint32_t uids, epochs;
    bool attack;
    /* one of each a slot */
    uint64_t *stake_rao, *emission_rao, *bytes_up, *bytes_down;
    float *loss_nats, *incentive, *dividends;
    uint32_t *hotkey_id, *owner_id, *training_steps, *answered, *timed_out;
    uint16_t *group_id, *model_kind, *strategy;
    uint8_t *role, *permit;
    int64_t *registered;
    uint32_t hotkeys;
};

static void need(struct sample *sample, enum sim_status status)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "sample_result: %s\n", sample->err.text);
    exit(1);
}

static void *zeros(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        exit(1);
    return memory;
}

static void allocate(struct sample *s)
{
    s->stake_rao = zeros(s->uids, sizeof(*s->stake_rao));
    s->emission_rao = zeros(s->uids, sizeof(*s->emission_rao));
    s->bytes_up = zeros(s->uids, sizeof(*s->bytes_up));
    s->bytes_down = zeros(s->uids, sizeof(*s->bytes_down));
    s->loss_nats = zeros(s->uids, sizeof(*s->loss_nats));
    s->incentive = zeros(s->uids, sizeof(*s->incentive));
    s->dividends = zeros(s->uids, sizeof(*s->dividends));
    s->hotkey_id = zeros(s->uids, sizeof(*s->hotkey_id));
    s->owner_id = zeros(s->uids, sizeof(*s->owner_id));
    s->training_steps = zeros(s->uids, sizeof(*s->training_steps));
    s->answered = zeros(s->uids, sizeof(*s->answered));
    s->timed_out = zeros(s->uids, sizeof(*s->timed_out));
    s->group_id = zeros(s->uids, sizeof(*s->group_id));
    s->model_kind = zeros(s->uids, sizeof(*s->model_kind));
    s->strategy = zeros(s->uids, sizeof(*s->strategy));
    s->role = zeros(s->uids, sizeof(*s->role));
    s->permit = zeros(s->uids, sizeof(*s->permit));
    s->registered = zeros(s->uids, sizeof(*s->registered));
}

static void release(struct sample *s)
{
    void *const blocks[] = {s->stake_rao, s->emission_rao, s->bytes_up,       s->bytes_down,
                            s->loss_nats, s->incentive,    s->dividends,      s->hotkey_id,
                            s->owner_id,  s->group_id,     s->training_steps, s->answered,
                            s->timed_out, s->model_kind,   s->strategy,       s->role,
                            s->permit,    s->registered};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        free(blocks[i]);
    s->record = record_free(s->record);
}

static void put_head(struct sample *s)
{
    static const char *const names[] = {"validators", "small miners", "medium miners",
                                        "large miners", "sybil swarm"};
    static const char *const strategies[] = {"honest", "sybil"};
    static const char *const models[] = {"none", "gru-16", "gru-32", "gru-64"};
    const char *group_strategies[] = {"honest", "honest", "honest", "honest",
                                      s->attack ? "sybil" : "honest"};
    const char *group_models[] = {"gru-32", "gru-16", "gru-32", "gru-64", "gru-16"};
    const uint8_t attacker[] = {0, 0, 0, 0, 1};
    const uint32_t parameters[] = {11072, 4160, 11072, 33280, 4160};
    const char *paths[] = {"/usr/share/common-licenses/GPL-3", "/usr/share/perl/5.36/perlfaq4.pod"};
    const char *domains[] = {"licences", "manuals"};
    struct record *r = s->record;

    record_attr_u64(r, RECORD_ROOT, "seed", 7);
    record_attr_text(r, RECORD_ROOT, "title", "sample");
    record_attr_text(r, RECORD_ROOT, "question",
                     "What does one owner gain who answers with a single model from many slots?");
    record_attr_text(r, RECORD_ROOT, "mechanism", "finney");
    record_attr_text(r, RECORD_ROOT, "version", TAOSIM_VERSION);
    record_attr_f64(r, RECORD_ROOT, "unigram_entropy_nats", 3.02);
    record_attr_f64(r, RECORD_ROOT, "bigram_entropy_nats", 2.41);
    record_attr_text(r, RECORD_ROOT, "digest_order", "89ab0123cdef4567");
    record_attr_text(r, RECORD_ROOT, "digest_chain", "0123456789abcdef");
    record_attr_text(r, RECORD_ROOT, "digest_model", "fedcba9876543210");
    record_attr_text(r, RECORD_ROOT, "trace_digest", "76543210fedcba98");
    record_attr_text(r, RECORD_PROVENANCE, "host", "sample");
    record_attr_f64(r, RECORD_PROVENANCE, "wall_s", 1.5);
    record_attr_u64(r, RECORD_PROVENANCE, "threads", 2);
    record_scenario(r, "# Question: what does one owner gain?\nschema: 1\nseed: 7\n");
    record_labels(r, RECORD_STRATEGY, strategies, 2);
    record_labels(r, RECORD_MODEL_KIND, models, 4);
    need(s, record_rows_begin(r, RECORD_DIM_GROUP, GROUP_COUNT, &s->err));
    record_put(r, RECORD_GROUP_NAME, names, GROUP_COUNT);
    record_put(r, RECORD_GROUP_STRATEGY, group_strategies, GROUP_COUNT);
    record_put(r, RECORD_GROUP_MODEL, group_models, GROUP_COUNT);
    record_put(r, RECORD_GROUP_ATTACKER, attacker, GROUP_COUNT);
    record_put(r, RECORD_GROUP_PARAMETERS, parameters, GROUP_COUNT);
    need(s, record_rows_end(r, RECORD_DIM_GROUP, &s->err));
    need(s, record_rows_begin(r, RECORD_DIM_CORPUS_FILE, 2, &s->err));
    record_put(r, RECORD_CORPUS_PATH, paths, 2);
    record_put(r, RECORD_CORPUS_DOMAIN, domains, 2);
    record_put(r, RECORD_CORPUS_BYTES, ((const uint64_t[]){35149, 88311}), 2);
    record_put(r, RECORD_CORPUS_SHA256, ((const char *const[]){"00ff", "5e"}), 2);
    need(s, record_rows_end(r, RECORD_DIM_CORPUS_FILE, &s->err));
}

static int draw_group(struct sample *s, struct stream *dice, uint32_t uid, bool new_comer)
{
    if (uid % 64 == 0)
        return GROUP_VALIDATORS;
    if (new_comer && stream_uniform(dice) < 0.5)
        return GROUP_SYBILS;
    double u = stream_uniform(dice);
    (void)s;
    return u < 0.5 ? GROUP_SMALL : u < 0.9 ? GROUP_MEDIUM : GROUP_LARGE;
}

static void settle(struct sample *s, struct stream *dice, uint32_t uid, int64_t block)
{
    int group = draw_group(s, dice, uid, block > 0);
    bool sybil = group == GROUP_SYBILS;
    s->group_id[uid] = (uint16_t)group;
    s->hotkey_id[uid] = s->hotkeys++;
    s->owner_id[uid] = sybil && s->attack ? 1000000 : s->hotkey_id[uid];
    s->model_kind[uid] = (uint16_t)(group == GROUP_MEDIUM ? 2 : group == GROUP_LARGE ? 3 : 1);
    s->strategy[uid] = sybil && s->attack;
    s->role[uid] = group == GROUP_VALIDATORS ? 3 : 1;
    s->permit[uid] = group == GROUP_VALIDATORS;
    s->registered[uid] = block;
    s->stake_rao[uid] = group == GROUP_VALIDATORS ? UINT64_C(20000000000000) : 0;
    need(s, record_rows_begin(s->record, RECORD_DIM_HOTKEY, 1, &s->err));
    record_put(s->record, RECORD_HOTKEY_OWNER, &s->owner_id[uid], 1);
    record_put(s->record, RECORD_HOTKEY_GROUP, &s->group_id[uid], 1);
    need(s, record_rows_end(s->record, RECORD_DIM_HOTKEY, &s->err));
}

static uint32_t replace_some(struct sample *s, struct stream *dice, uint32_t epoch, int64_t block)
{
    uint32_t count = epoch == 0 ? 0 : s->uids / (4 * s->epochs) + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t uid = (uint32_t)stream_below(dice, s->uids);
        uint32_t old = s->hotkey_id[uid];
        settle(s, dice, uid, block);
        const struct record_event event = {.time_ns = block * 12000000000,
                                           .block = block,
                                           .kind = RECORD_EVENT_REGISTRATION,
                                           .uid = uid,
                                           .hotkey_id = s->hotkey_id[uid],
                                           .owner_id = s->owner_id[uid],
                                           .other_hotkey_id = old,
                                           .amount_rao = 0,
                                           .value = 1e9};
        need(s, record_event(s->record, &event, &s->err));
    }
    return count;
}

/* Loss falls with the training steps taken; incentive follows exp(-loss) with noise. */
static void live(struct sample *s, struct stream *dice, int64_t block)
{
    static const double floor_nats[GROUP_COUNT] = {2.3, 2.35, 2.15, 1.95, 2.6};
    double sum = 0;
    for (uint32_t uid = 0; uid < s->uids; uid++) {
        double age = (double)(block - s->registered[uid]) / 100.0 + 1;
        double floor = floor_nats[s->group_id[uid]];
        if (s->group_id[uid] == GROUP_SYBILS && s->attack) {
            age = (double)block / 100.0 + 10; /* the owner's one model, trained since the start */
            floor = 2.05;
        }
        s->loss_nats[uid] =
            (float)(floor + (4.1589 - floor) * exp(-age / 4) + 0.03 * stream_uniform(dice));
        double quality = s->permit[uid] ? 0 : exp(-2.0 * s->loss_nats[uid]);
        s->incentive[uid] = (float)(quality * (0.8 + 0.4 * stream_uniform(dice)));
        sum += (double)s->incentive[uid];
        s->training_steps[uid] = 17;
        s->answered[uid] = (uint32_t)(30 + stream_below(dice, 20));
        s->timed_out[uid] = (uint32_t)stream_below(dice, 3);
        s->bytes_up[uid] = s->answered[uid] * UINT64_C(409600);
        s->bytes_down[uid] = s->answered[uid] * UINT64_C(2048);
    }
    for (uint32_t uid = 0; uid < s->uids; uid++) {
        s->incentive[uid] /= (float)sum;
        s->dividends[uid] = s->permit[uid] ? 64.0f / (float)s->uids : 0.0f;
        s->emission_rao[uid] =
            (uint64_t)(50e9 * ((double)s->incentive[uid] + (double)s->dividends[uid]));
        s->stake_rao[uid] += s->emission_rao[uid];
    }
}

static void put_epoch(struct sample *s, uint32_t epoch, uint32_t registrations)
{
    struct record *r = s->record;
    int64_t block = (int64_t)epoch * 100;
    double time_s = (double)block * 12;
    uint64_t difficulty = (uint64_t)(1e6 * pow(1.08, epoch)), total_stake_rao = 0;
    for (uint32_t uid = 0; uid < s->uids; uid++)
        total_stake_rao += s->stake_rao[uid];
    need(s, record_rows_begin(r, RECORD_DIM_EPOCH, 1, &s->err));
    record_put(r, RECORD_BLOCK, &block, 1);
    record_put(r, RECORD_TIME, &time_s, 1);
    record_put(r, RECORD_PEERS, &s->uids, 1);
    record_put(r, RECORD_DIFFICULTY, &difficulty, 1);
    record_put(r, RECORD_TOTAL_STAKE_RAO, &total_stake_rao, 1);
    record_put(r, RECORD_REGISTRATIONS, &registrations, 1);
    record_put(r, RECORD_STAKE_RAO, s->stake_rao, s->uids);
    record_put(r, RECORD_INCENTIVE, s->incentive, s->uids);
    record_put(r, RECORD_DIVIDENDS, s->dividends, s->uids);
    record_put(r, RECORD_EMISSION_RAO, s->emission_rao, s->uids);
    record_put(r, RECORD_VALIDATOR_PERMIT, s->permit, s->uids);
    record_put(r, RECORD_BLOCK_AT_REGISTRATION, s->registered, s->uids);
    record_put(r, RECORD_LOSS_TRUE_NATS, s->loss_nats, s->uids);
    record_put(r, RECORD_HOTKEY_ID, s->hotkey_id, s->uids);
    record_put(r, RECORD_OWNER_ID, s->owner_id, s->uids);
    record_put(r, RECORD_GROUP_ID, s->group_id, s->uids);
    record_put(r, RECORD_ROLE, s->role, s->uids);
    record_put(r, RECORD_STRATEGY, s->strategy, s->uids);
    record_put(r, RECORD_MODEL_KIND, s->model_kind, s->uids);
    record_put(r, RECORD_TRAINING_STEPS, s->training_steps, s->uids);
    record_put(r, RECORD_QUERIES_ANSWERED, s->answered, s->uids);
    record_put(r, RECORD_QUERIES_TIMED_OUT, s->timed_out, s->uids);
    record_put(r, RECORD_BYTES_UP, s->bytes_up, s->uids);
    record_put(r, RECORD_BYTES_DOWN, s->bytes_down, s->uids);
    need(s, record_rows_end(r, RECORD_DIM_EPOCH, &s->err));
    const uint64_t row_start[] = {0, 2, 3};
    const uint32_t target[] = {1, 2, 0}, weight[] = {65535, 100 + epoch, 65535};
    const uint64_t bond[] = {1, UINT64_C(1) << 60, epoch};
    const struct record_csr csr = {
        .block = block, .row_count = 2, .row_start = row_start, .target = target};
    need(s, record_weights(r, &csr, weight, &s->err));
    need(s, record_bonds(r, &csr, bond, &s->err));
    const struct record_call call = {
        .block = block, .uid = 0, .entry_count = 3, .target = target, .value = weight};
    need(s, record_set_weights(r, &call, &s->err));
    const struct record_progress_item items[] = {{"epoch", epoch}, {"block", (double)block}};
    need(s, record_progress(r, items, 2, &s->err));
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: sample_result FOLDER UIDS EPOCHS SEGMENT_EPOCHS attack|twin\n", stderr);
        return 2;
    }
    struct sample sample = {.uids = (uint32_t)strtoul(argv[2], NULL, 10),
                            .epochs = (uint32_t)strtoul(argv[3], NULL, 10),
                            .attack = strcmp(argv[5], "attack") == 0};
    uint32_t segment_epochs = (uint32_t)strtoul(argv[4], NULL, 10);
    const struct record_options options = {.uid_count = sample.uids};
    allocate(&sample);
    need(&sample, record_create(argv[1], &options, &sample.record, &sample.err));
    put_head(&sample);
    struct stream dice;
    stream_init(&dice, 7, STREAM_TEST, 0, 0);
    for (uint32_t uid = 0; uid < sample.uids; uid++)
        settle(&sample, &dice, uid, 0);
    for (uint32_t epoch = 0; epoch < sample.epochs; epoch++) {
        int64_t block = (int64_t)epoch * 100;
        uint32_t registrations = replace_some(&sample, &dice, epoch, block);
        live(&sample, &dice, block);
        put_epoch(&sample, epoch, registrations);
        if ((epoch + 1) % segment_epochs == 0)
            need(&sample, record_segment_close(sample.record, NULL, &sample.err));
    }
    need(&sample, record_finish(sample.record, &sample.err));
    release(&sample);
    return 0;
}
