#include "sweep/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slurm's MaxArraySize is 1001 unless a site raises it.  For parallel a part costs only its start.
 */
enum { SLURM_PARTS_MAX = 1000, PARALLEL_PARTS_MAX = 10000, LAST_CHANCE_S = 120 };

const char *const emit_engine_names[] = {"slurm", "snakemake", "parallel", NULL};

enum emit_engine emit_engine_of(const char *name)
{
    int engine = 0;
    while (engine < EMIT_ENGINE_COUNT && strcmp(emit_engine_names[engine], name) != 0)
        engine++;
    return (enum emit_engine)engine;
}

const char *emit_file_name(enum emit_engine engine)
{
    static const char *const names[] = {"study.sbatch", "Snakefile", "parallel.sh"};
    return names[engine];
}

const char *emit_command(enum emit_engine engine)
{
    static const char *const commands[] = {"sbatch", "snakemake --cores all --keep-going -s", "sh"};
    return commands[engine];
}

uint32_t emit_task_size(enum emit_engine engine, const struct emit_options *options,
                        size_t task_count)
{
    size_t most = engine == EMIT_SLURM ? SLURM_PARTS_MAX : PARALLEL_PARTS_MAX;
    if (options->task_size > 0)
        return options->task_size;
    return engine == EMIT_SNAKEMAKE ? 1 : (uint32_t)((task_count + most - 1) / most);
}

/* 'text' for a shell, whatever is in it. */
static void put_quoted(FILE *file, const char *text)
{
    fputc('\'', file);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", file);
        else
            fputc(*text, file);
    fputc('\'', file);
}

/* "text" for Python. */
static void put_python(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static void put_variable(FILE *file, const char *name, const char *value)
{
    fprintf(file, "%s=", name);
    put_quoted(file, value);
    fputc('\n', file);
}

/* Other processors have other kernels for large products, whose last bits differ. */
static void put_portable(FILE *file, const struct emit_options *options)
{
    fprintf(
        file,
        "# Where the machines have different processors: large models multiply by kernels made\n"
        "# for the processor, whose last bits differ.  One core type that all have is portable.\n"
        "%sexport OPENBLAS_CORETYPE=Haswell\n",
        options->portable ? "" : "# ");
}

static void put_head(FILE *file, const struct plan *plan, const struct emit_options *options,
                     uint32_t size)
{
    fprintf(file,
            "# Study %s: %zu tasks in parts of %u.  Finished tasks are skipped, so that this\n",
            plan->study->params.name, plan->task_count, size);
    fputs("# may be started again at any time.\n", file);
    put_variable(file, "program", options->program);
    put_variable(file, "study", options->study);
    put_variable(file, "folder", options->folder);
    put_portable(file, options);
}

static void emit_slurm(FILE *file, const struct plan *plan, const struct emit_options *options,
                       uint32_t size)
{
    size_t parts = (plan->task_count + size - 1) / size;
    fprintf(file, "#!/bin/bash\n#SBATCH --job-name=%s\n#SBATCH --array=0-%zu",
            plan->study->params.name, parts - 1);
    if (options->part_limit > 0)
        fprintf(file, "%%%u", options->part_limit);
    fprintf(file,
            "\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%u\n#SBATCH --requeue\n"
            "#SBATCH --open-mode=append\n#SBATCH --output=\"%s/slurm-%%a.log\"\n"
            "#SBATCH --signal=B:USR1@%d\n",
            options->threads, options->folder, LAST_CHANCE_S);
    fputs("# Add what your site asks for: --time, --mem, --partition, --account.\n", file);
    put_head(file, plan, options, size);
    fprintf(file, "size=%u\n", size);
    fprintf(file,
            "first=$((SLURM_ARRAY_TASK_ID * size))\n"
            "\"$program\" sweep run \"$study\" -o \"$folder\" --only "
            "\"$first-$((first + size - 1))\" \\\n"
            "    -j 1 --threads %u --quiet &\n",
            options->threads);
    fputs(
        "worker=$!\n"
        "# A signal makes the run write a checkpoint and end with 75.  Slurm sends TERM when it\n"
        "# takes the machine away (then it requeues by itself), USR1 when the time is nearly up.\n"
        "out_of_time=no\n"
        "trap 'kill -TERM \"$worker\" 2>/dev/null' TERM\n"
        "trap 'out_of_time=yes; kill -TERM \"$worker\" 2>/dev/null' USR1\n"
        "# A trap ends a wait early; the last wait has the worker's own code.\n"
        "while kill -0 \"$worker\" 2>/dev/null; do wait \"$worker\"; done\n"
        "wait \"$worker\"\n"
        "code=$?\n"
        "if [ \"$out_of_time\" = yes ] && [ \"$code\" -ge 75 ]; then\n"
        "    scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"\n"
        "fi\n"
        "exit \"$code\"\n",
        file);
}

static void emit_parallel(FILE *file, const struct plan *plan, const struct emit_options *options,
                          uint32_t size)
{
    fputs("#!/bin/sh\n", file);
    put_head(file, plan, options, size);
    fprintf(file,
            "# More options for parallel may follow: --sshloginfile NODES, --jobs N, --bar.\n"
            "\"$program\" sweep status \"$study\" -o \"$folder\" --todo --task-size %u |\n"
            "    parallel --will-cite --jobs %u%s --env OPENBLAS_CORETYPE \"$@\" \\\n"
            "    \"'$program' sweep run '$study' -o '$folder' --only {} -j 1 --threads %u "
            "--quiet\"\n",
            size, options->part_limit > 0 ? options->part_limit : 100,
            options->part_limit > 0 ? "" : "%", options->threads);
}

static void emit_snakemake(FILE *file, const struct plan *plan, const struct emit_options *options,
                           uint32_t size)
{
    (void)size; /* parts are --group-components here */
    fprintf(file, "# Study %s: %zu tasks, a rule a run; what is not there is made.\n",
            plan->study->params.name, plan->task_count);
    fputs("# On a cluster, send several runs in one job: --group-components part=20\n"
          "import csv\nimport shlex\n\nPROGRAM = ",
          file);
    put_python(file, options->program);
    fputs("\nSTUDY = ", file);
    put_python(file, options->study);
    fputs("\nFOLDER = ", file);
    put_python(file, options->folder);
    fprintf(file,
            "\n# Machines with different processors: see docs/CLUSTER.md.\n"
            "PORTABLE = %s\n"
            "COMMAND = ((\"OPENBLAS_CORETYPE=Haswell \" if PORTABLE else \"\")\n"
            "           + shlex.quote(PROGRAM) + \" sweep %%s \" + shlex.quote(STUDY)\n"
            "           + \" -o \" + shlex.quote(FOLDER))\n\n",
            options->portable ? "True" : "False");
    fputs("with open(FOLDER + \"/points.tsv\") as lines:\n"
          "    rows = list(csv.DictReader((line for line in lines if not line.startswith(\"#\")),\n"
          "                               delimiter=\"\\t\", quoting=csv.QUOTE_NONE))\n"
          "TASK = {row[\"hash\"][:12]: row[\"task\"] for row in rows}\n\n"
          "rule collect:\n"
          "    input: expand(FOLDER + \"/runs/{hash}/result.h5\", hash=TASK)\n"
          "    output: FOLDER + \"/collected.h5\"\n"
          "    params: command=COMMAND % \"collect\"\n"
          "    shell: \"{params.command}\"\n\n"
          "rule run:\n"
          "    output: FOLDER + \"/runs/{hash,[0-9a-f]+}/result.h5\"\n"
          "    params: command=COMMAND % \"run\", task=lambda wildcards: TASK[wildcards.hash]\n",
          file);
    fprintf(
        file,
        "    threads: %u\n    retries: 2\n    group: \"part\"\n"
        "    shell: \"{params.command} --only {params.task} -j 1 --threads {threads} --quiet\"\n",
        options->threads);
}

char *emit_script(enum emit_engine engine, const struct plan *plan,
                  const struct emit_options *options)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return NULL;
    uint32_t size = emit_task_size(engine, options, plan->task_count);
    switch (engine) {
    case EMIT_SLURM:
        emit_slurm(file, plan, options, size);
        break;
    case EMIT_SNAKEMAKE:
        emit_snakemake(file, plan, options, size);
        break;
    case EMIT_PARALLEL:
        emit_parallel(file, plan, options, size);
        break;
    case EMIT_ENGINE_COUNT:
        break;
    }
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
