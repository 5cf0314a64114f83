/* What a prediction says, as comments behind the resolved scenario. */
#include "cli/predict.h"

#include <stdio.h>

static void print_bytes(const char *name, double bytes, const char *what)
{
    printf("#   %-12s %10.*f MB  %s\n", name, bytes < 10e6 ? 3 : 1, bytes / 1e6, what);
}

static void print_count(const char *name, double count, const char *what)
{
    printf("#   %-12s %13.0f  %s\n", name, count, what);
}

void predict_print(const struct prediction *prediction, const struct scenario_plan *plan,
                   uint32_t threads)
{
    printf("\n# Predicted, to a factor of two; speeds measured on this machine in %.1f s:\n",
           prediction->calibration_s);
    print_count("events", prediction->events, "of the event loop, of which:");
    print_count("blocks", prediction->blocks, "");
    print_count("questions", prediction->questions, "of validators, each to its peers");
    print_count("messages", prediction->messages, "over the network");
    print_count("answers", prediction->answers, "forward passes");
    print_count("steps", prediction->training_steps, "of training");
    print_count("solutions", prediction->solutions, "of proofs of work");
    print_count("looks", prediction->looks, "of validators at their weights");
    print_count("epochs", prediction->epochs, "of the chain");
    print_count("rows", prediction->rows, "of the result");
    print_bytes("memory", prediction->memory_bytes, "of the process at its largest, of which:");
    print_bytes("models", prediction->model_bytes, "parameters and the optimisers' moments");
    print_bytes("disk", prediction->disk_bytes, "of the run's folder at its largest, of which:");
    print_bytes("result", prediction->result_bytes,
                plan->setup.probe->calls ? "result.h5 with all set_weights calls" : "result.h5");
    print_bytes("checkpoint", prediction->checkpoint_bytes, "each; two are kept");
    printf("#   %-12s %12.1f s  with %u threads; of one core:\n", "time", prediction->wall_s,
           threads);
    printf("#   %-12s %12.1f s  answering\n", "forward", prediction->forward_s);
    printf("#   %-12s %12.1f s  learning\n", "training", prediction->training_s);
    printf("#   %-12s %12.1f s  measuring every model at each epoch\n", "evaluation",
           prediction->evaluation_s);
    printf("#   %-12s %12.1f s  events, blocks and epochs\n", "loop", prediction->loop_s);
    printf("#   %-12s %12.1f s  packing the result\n", "record", prediction->record_s);
    printf("#   %-12s %12.1f s  reading the scenario and its text\n", "start", prediction->start_s);
}
