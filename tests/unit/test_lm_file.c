#include "lm/lm_file.h"
#include "lm_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A folder of this test's own, and a path in it. */
static char folder[] = "/tmp/taosim-test-lm-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/model", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove(path);
    return rmdir(folder);
}

static void every_model_comes_back_from_its_file_bit_by_bit(void **state)
{
    (void)state;
    struct sim_error err = {0};
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        struct lm_sample s = lm_sample_create(c, 1);
        struct lm_file file;
        assert_int_equal(lm_save(path, c->ops, c->shape, s.parameters, &err), SIM_OK);
        assert_int_equal(lm_load(path, &file, &err), SIM_OK);
        assert_ptr_equal(file.ops, c->ops);
        assert_memory_equal(file.shape, c->shape, c->ops->table->struct_bytes);
        assert_memory_equal(file.parameters, s.parameters, s.parameter_count * sizeof(float));
        lm_file_release(&file);
        lm_sample_free(&s);
    }
}

static void save_small(void)
{
    struct sim_error err = {0};
    struct lm_sample s = lm_sample_create(&lm_cases[2], 1);
    assert_int_equal(lm_save(path, lm_cases[2].ops, lm_cases[2].shape, s.parameters, &err), SIM_OK);
    lm_sample_free(&s);
}

static size_t read_all(unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t count = fread(bytes, 1, room, file);
    fclose(file);
    return count;
}

static void write_all(const unsigned char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    fwrite(bytes, 1, count, file);
    fclose(file);
}

static void a_file_cut_anywhere_or_with_one_wrong_byte_is_refused(void **state)
{
    (void)state;
    unsigned char whole[2048], damaged[2048];
    save_small();
    size_t count = read_all(whole, sizeof(whole));
    for (size_t i = 0; i < count; i++) {
        struct sim_error err = {0};
        struct lm_file file;
        write_all(whole, i);
        assert_int_equal(lm_load(path, &file, &err), SIM_IO);
        assert_non_null(strstr(err.text, path));
        memcpy(damaged, whole, count);
        damaged[i] ^= 1;
        write_all(damaged, count);
        assert_int_equal(lm_load(path, &file, &err), SIM_IO);
    }
}

static void refusals_name_file_and_cause(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct lm_file file;
    char expected[256];
    unsigned char bytes[2048];
    save_small();
    size_t count = read_all(bytes, sizeof(bytes));
    bytes[count - 1] ^= 4;
    write_all(bytes, count);
    assert_int_equal(lm_load(path, &file, &err), SIM_IO);
    snprintf(expected, sizeof(expected), "model '%s': the checksum is wrong: the file is damaged",
             path);
    assert_string_equal(err.text, expected);
    assert_int_equal(lm_load("/no/such/model", &file, &err), SIM_IO);
    assert_string_equal(err.text, "model '/no/such/model': No such file or directory");
    assert_int_equal(lm_save("/no/such/model", lm_cases[0].ops, lm_cases[0].shape, NULL, &err),
                     SIM_IO);
    assert_string_equal(err.text, "model '/no/such/model.new': No such file or directory");
}

/* A bigram that says: after token k comes (k + 1) mod 4, with odds 20 to 1 against each other. */
static float counting_bigram[16];
static const struct bigram_shape four = {.vocabulary = 4};

static void make_counting_bigram(void)
{
    for (int k = 0; k < 16; k++)
        counting_bigram[k] = k % 4 == (k / 4 + 1) % 4 ? logf(20) : 0;
}

static void the_most_probable_text_follows_the_model(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct stream stream;
    uint8_t text[9];
    make_counting_bigram();
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    struct lm_generate_options options = {
        .prompt = (const uint8_t[]){0, 2}, .prompt_count = 2, .count = 9};
    assert_int_equal(
        lm_generate(&bigram_ops, &four, counting_bigram, &options, &stream, text, &err), SIM_OK);
    for (int i = 0; i < 9; i++)
        assert_int_equal(text[i], (3 + i) % 4);
}

static void drawn_text_has_the_models_frequencies(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct sim_error err = {0};
    struct stream stream;
    static uint8_t text[COUNT];
    make_counting_bigram();
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    struct lm_generate_options options = {
        .prompt = (const uint8_t[]){0}, .prompt_count = 1, .count = COUNT, .temperature = 1};
    assert_int_equal(
        lm_generate(&bigram_ops, &four, counting_bigram, &options, &stream, text, &err), SIM_OK);
    int follows = 0;
    for (int i = 0; i < COUNT; i++)
        follows += text[i] == ((i == 0 ? 0 : text[i - 1]) + 1) % 4;
    /* 20 of 23; the standard error is 0.0024. */
    assert_true(fabs((double)follows / COUNT - 20.0 / 23) < 0.01);
}

static void a_model_without_numbers_writes_no_text(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct stream stream;
    uint8_t text[4];
    make_counting_bigram();
    counting_bigram[5] = NAN;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    struct lm_generate_options options = {
        .prompt = (const uint8_t[]){0}, .prompt_count = 1, .count = 4, .temperature = 0};
    assert_int_equal(
        lm_generate(&bigram_ops, &four, counting_bigram, &options, &stream, text, &err),
        SIM_NUMERIC);
    assert_string_equal(err.text, "the model gives no number after 2 tokens");
}

/* Where a model carries a state, a pass that goes on from another's end is one pass. */
static void a_sequence_goes_on_from_a_state_with_the_same_bits(void **state)
{
    (void)state;
    int carrying = 0;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        if (c->ops->reach(c->shape) != 0 || c->sequence_length < 4)
            continue;
        carrying++;
        struct lm_sample s = lm_sample_create(c, 12);
        size_t symbols = c->ops->vocabulary(c->shape), width = c->ops->hidden_width(c->shape);
        uint32_t length = c->sequence_length, first = length / 2;
        lm_real *whole = lm_case_floats(length * symbols),
                *parts = lm_case_floats(length * symbols);
        lm_real *hidden = lm_case_floats(length * width);
        struct lm_batch batch = {
            .sequence_count = 1, .sequence_length = length, .tokens = s.tokens};
        c->ops->forward(c->shape, s.parameters, &batch, &(struct lm_outputs){.logits = whole},
                        s.scratch);
        batch.sequence_length = first;
        c->ops->forward(c->shape, s.parameters, &batch,
                        &(struct lm_outputs){.logits = parts, .hidden = hidden}, s.scratch);
        batch = (struct lm_batch){.sequence_count = 1,
                                  .sequence_length = length - first,
                                  .tokens = s.tokens + first,
                                  .state = hidden + (first - 1) * width};
        c->ops->forward(c->shape, s.parameters, &batch,
                        &(struct lm_outputs){.logits = parts + first * symbols}, s.scratch);
        assert_memory_equal(whole, parts, length * symbols * sizeof(lm_real));
        free(whole);
        free(parts);
        free(hidden);
        lm_sample_free(&s);
    }
    assert_true(carrying >= 2);
}

/* Changing the token just out of reach changes nothing, the one before it something. */
static void a_prediction_depends_on_the_tokens_within_reach(void **state)
{
    (void)state;
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        uint32_t reach = c->ops->reach(c->shape), length = c->sequence_length;
        if (reach == 0 || reach >= length)
            continue;
        size_t symbols = c->ops->vocabulary(c->shape);
        lm_real *logits[3];
        struct lm_sample s = lm_sample_create(c, 13);
        for (int n = 0; n < 3; n++) {
            logits[n] = lm_case_floats(length * symbols);
            struct lm_batch batch = {
                .sequence_count = 1, .sequence_length = length, .tokens = s.tokens};
            uint8_t *token = &s.tokens[length - reach - (n == 1)];
            uint8_t kept = *token;
            *token = (uint8_t)((kept + (n > 0)) % symbols);
            c->ops->forward(c->shape, s.parameters, &batch,
                            &(struct lm_outputs){.logits = logits[n]}, s.scratch);
            *token = kept;
        }
        size_t last = (length - 1) * symbols * sizeof(lm_real);
        const char *at[3];
        for (int n = 0; n < 3; n++)
            at[n] = (const char *)logits[n] + last;
        assert_memory_equal(at[0], at[1], symbols * sizeof(lm_real));
        assert_memory_not_equal(at[0], at[2], symbols * sizeof(lm_real));
        for (int n = 0; n < 3; n++)
            free(logits[n]);
        lm_sample_free(&s);
    }
}

struct shown {
    size_t calls, count;
    uint8_t text[9000];
};

static void show(void *context, const uint8_t *tokens, size_t count)
{
    struct shown *shown = context;
    memcpy(shown->text + shown->count, tokens, count);
    shown->count += count;
    shown->calls++;
}

/* One pass over everything that was written: at each place the likeliest token is the next one. */
static void a_long_text_is_what_one_long_pass_foretells(void **state)
{
    (void)state;
    enum { PROMPT = 300, COUNT = 5000 };
    for (int i = 0; i < LM_CASE_COUNT; i++) {
        const struct lm_case *c = &lm_cases[i];
        size_t reach = c->ops->reach(c->shape), symbols = c->ops->vocabulary(c->shape);
        struct lm_sample sample = lm_sample_create(c, 9);
        struct sim_error err = {0};
        struct stream stream;
        struct shown shown = {0};
        uint8_t text[PROMPT + COUNT + 1] = {0};
        for (int t = 0; t < PROMPT; t++)
            text[t] = (uint8_t)(t * t % 7 % (int)symbols);
        struct lm_generate_options options = {.prompt = text,
                                              .prompt_count = PROMPT,
                                              .count = COUNT,
                                              .take = show,
                                              .take_context = &shown};
        stream_init(&stream, 1, STREAM_TEST, 0, 0);
        assert_int_equal(lm_generate(c->ops, c->shape, sample.parameters, &options, &stream,
                                     text + PROMPT, &err),
                         SIM_OK);
        assert_int_equal(shown.count, COUNT);
        assert_int_equal(shown.calls, 2);
        assert_memory_equal(shown.text, text + PROMPT, COUNT);
        /* From nothing where all tokens count, else as far back as they do. */
        for (int at = PROMPT; at < PROMPT + COUNT; at += 977) {
            uint32_t length = reach == 0 ? (uint32_t)at : (uint32_t)reach;
            lm_real *logits = lm_case_floats(length * symbols);
            lm_real *scratch = lm_case_floats(c->ops->scratch_count(c->shape, 1, length, false));
            struct lm_batch batch = {
                .sequence_count = 1, .sequence_length = length, .tokens = text + at - length};
            c->ops->forward(c->shape, sample.parameters, &batch,
                            &(struct lm_outputs){.logits = logits}, scratch);
            const lm_real *last = logits + (length - 1) * symbols;
            for (size_t v = 0; v < symbols; v++)
                assert_true(last[v] <= last[text[at]]);
            free(logits);
            free(scratch);
        }
        lm_sample_free(&sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_comes_back_from_its_file_bit_by_bit),
        cmocka_unit_test(a_file_cut_anywhere_or_with_one_wrong_byte_is_refused),
        cmocka_unit_test(refusals_name_file_and_cause),
        cmocka_unit_test(the_most_probable_text_follows_the_model),
        cmocka_unit_test(drawn_text_has_the_models_frequencies),
        cmocka_unit_test(a_model_without_numbers_writes_no_text),
        cmocka_unit_test(a_sequence_goes_on_from_a_state_with_the_same_bits),
        cmocka_unit_test(a_prediction_depends_on_the_tokens_within_reach),
        cmocka_unit_test(a_long_text_is_what_one_long_pass_foretells),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
