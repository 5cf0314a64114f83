/*
 * bench_mechanism: how long an epoch takes, one thread, CPU time, median.
 *
 *   bench_mechanism [REPETITIONS [NAME]]      5 unless told; only figures whose name begins so
 *
 * One figure a line: name, value, unit, separated by tabs.  Each repetition has a state of its own
 * (random full rows, bonds of one epoch before); scratch and output are allocated once, as in a
 * run.  Beside each figure: what subtensor's own code took natively (.subtensor, another machine),
 * the time that merely reading the input's rows takes here (.read) and the memory that the epoch
 * touched above its input, in units of that input's rows (.memory).
 */
#include "base/digest.h"
#include "mechanism/mechanism_list.h"
#include "property/mechanism_states.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct figure {
    const char *name, *mechanism;
    uint32_t voters, neurons;
    double subtensor_s; /* CPU seconds of the real code; 0: not measured */
};

static const struct figure figures[] = {
    {"epoch.yuma2.64x4096", "yuma2", 64, 4096, 0.051},
    {"epoch.yuma3.64x4096", "yuma3", 64, 4096, 0.048},
    {"epoch.yuma3_liquid.64x4096", "yuma3-liquid", 64, 4096, 5.37},
    {"epoch.yuma_v2.64x4096", "yuma-v2", 64, 4096, 0.064},
    {"epoch.finney.64x4096", "finney", 64, 4096, 0.033},
    {"epoch.nakamoto.64x4096", "nakamoto", 64, 4096, 0.087},
    {"epoch.yuma2.4096x4096", "yuma2", 4096, 4096, 2.07},
    {"epoch.nakamoto.4096x4096", "nakamoto", 4096, 4096, 2.02},
    {"epoch.yumasim_sort.4096x4096", "yumasim-c-yuma3", 4096, 4096, 0},
    {"epoch.yumasim_bisection.4096x4096", "yumasim-a-yuma3", 4096, 4096, 0},
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static _Noreturn void give_up(const struct sim_error *err)
{
    fprintf(stderr, "bench_mechanism: %s\n", err->text);
    exit(1);
}

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t row_bytes(const struct mechanism_input *input)
{
    uint32_t n = input->neuron_count;
    return input->weights.start[n] * 8 + input->bonds.start[n] * 12;
}

/* The floor: every byte of the rows once. */
static uint64_t read_rows(const struct mechanism_input *input)
{
    uint32_t n = input->neuron_count;
    uint64_t sum = 0;
    for (uint64_t k = 0; k < input->weights.start[n]; k++)
        sum += input->weights.column[k] ^ input->weights.value[k];
    for (uint64_t k = 0; k < input->bonds.start[n]; k++)
        sum += input->bonds.column[k] ^ input->bonds.value[k];
    return sum;
}

struct bench {
    const struct mechanism_ops *ops;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    double *epoch_s, *read_s;
    double memory_ratio;
    struct digest digest;
};

static void run(struct bench *bench, const struct mechanism_state *state)
{
    struct sim_error err = {0};
    if (mechanism_epoch(bench->ops, &state->params, &state->input, bench->output, &bench->scratch,
                        NULL, &err) != SIM_OK)
        give_up(&err);
}

static void add_to_digest(struct bench *bench)
{
    const struct mechanism_output *out = bench->output;
    uint32_t n = out->neuron_count;
    digest_bytes(&bench->digest, out->emission_rao, n * sizeof(*out->emission_rao));
    digest_bytes(&bench->digest, out->incentive, n * sizeof(*out->incentive));
    digest_bytes(&bench->digest, out->bonds.value, out->bonds.start[n] * sizeof(uint64_t));
}

/* Output and scratch of their own for the epoch before, so that the first timed one also shows how
 * much memory it touches. */
static void warm_up(const struct figure *figure, const struct mechanism_ops *ops,
                    struct mechanism_state *state, uint64_t seed)
{
    struct bench before = {.ops = ops};
    struct sim_error err = {0};
    mechanism_state_full(state, ops, seed, figure->neurons, figure->voters);
    if (mechanism_output_create(figure->neurons, ops->memory_words, &before.output, &err) != SIM_OK)
        give_up(&err);
    run(&before, state);
    mechanism_state_adopt_bonds(state, before.output);
    mechanism_output_free(before.output);
    mechanism_scratch_release(&before.scratch);
}

static void repeat(struct bench *bench, const struct figure *figure, int repetition)
{
    struct mechanism_state state;
    warm_up(figure, bench->ops, &state, (uint64_t)repetition);
    uint64_t before_bytes = resident_bytes();
    double start_s = cpu_s();
    run(bench, &state);
    bench->epoch_s[repetition] = cpu_s() - start_s;
    if (repetition == 0)
        bench->memory_ratio =
            (double)(resident_bytes() - before_bytes) / (double)row_bytes(&state.input);
    start_s = cpu_s();
    digest_u64(&bench->digest, read_rows(&state.input));
    bench->read_s[repetition] = cpu_s() - start_s;
    add_to_digest(bench);
    mechanism_state_release(&state);
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *x, int count)
{
    qsort(x, (size_t)count, sizeof(*x), compare_doubles);
    return count % 2 ? x[count / 2] : (x[count / 2 - 1] + x[count / 2]) / 2;
}

static void print_figure(const struct figure *figure, struct bench *bench, int repetitions)
{
    printf("%s\t%.6f\ts\n", figure->name, median(bench->epoch_s, repetitions));
    if (figure->subtensor_s > 0)
        printf("%s.subtensor\t%.3f\ts\n", figure->name, figure->subtensor_s);
    printf("%s.read\t%.6f\ts\n", figure->name, median(bench->read_s, repetitions));
    printf("%s.memory\t%.2f\tinputs\n", figure->name, bench->memory_ratio);
    printf("%s.checksum\t%016" PRIx64 "\tdigest\n", figure->name, digest_value(&bench->digest));
    fflush(stdout);
}

static void run_figure(const struct figure *figure, int repetitions)
{
    struct sim_error err = {0};
    struct bench bench = {.ops = mechanism_list_find(figure->mechanism),
                          .epoch_s = calloc((size_t)repetitions, sizeof(double)),
                          .read_s = calloc((size_t)repetitions, sizeof(double))};
    if (bench.ops == NULL || bench.epoch_s == NULL || bench.read_s == NULL)
        exit(1);
    digest_init(&bench.digest);
    if (mechanism_output_create(figure->neurons, bench.ops->memory_words, &bench.output, &err) !=
        SIM_OK)
        give_up(&err);
    for (int i = 0; i < repetitions; i++)
        repeat(&bench, figure, i);
    print_figure(figure, &bench, repetitions);
    mechanism_output_free(bench.output);
    mechanism_scratch_release(&bench.scratch);
    free(bench.epoch_s);
    free(bench.read_s);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
    const char *only = argc > 2 ? argv[2] : "";
    if (repetitions < 1 || argc > 3) {
        fprintf(stderr, "usage: bench_mechanism [REPETITIONS [NAME]]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
        if (strncmp(figures[i].name, only, strlen(only)) == 0)
            run_figure(&figures[i], repetitions);
    return 0;
}
