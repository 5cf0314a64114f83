#include "sweep/pool.h"

#include "sweep/progress_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<sys/pidfd.h>)
#include <sys/pidfd.h>
#else
#define pidfd_open(process, flags) (-1)
#endif

extern char **environ;

/* How long a wait lasts at most: with and without a descriptor for each worker. */
enum { WAIT_MS = 200, BLIND_WAIT_MS = 10 };

struct pool {
    const struct plan *plan;
    const struct pool_options *options;
    struct pool_status status;
    struct pool_slot *slots; /* (job_count) */
    struct pollfd *polled;   /* (job_count) */
    size_t *queue;           /* (selected) a ring of tasks that are neither done nor running */
    size_t queue_first;
    uint8_t *attempts; /* (task_count) that ended by a signal */
    bool stopping, killing;
    struct sim_error *err;
};

/* ---- one worker */

/* The arguments of a task: argv[0], run, BASE, --set X..., -o DIR, ...; all owned. */
struct arguments {
    char **items;
    size_t count;
    bool failed;
};

static void add_argument(struct arguments *arguments, const char *option, const char *text)
{
    const char *const both[] = {option, text};
    for (int i = 0; i < 2 && !arguments->failed; i++) {
        char *copy = both[i] != NULL ? strdup(both[i]) : NULL;
        char **items = realloc(arguments->items, (arguments->count + 2) * sizeof(*items));
        if (items != NULL)
            arguments->items = items;
        if ((both[i] != NULL && copy == NULL) || items == NULL) {
            free(copy);
            arguments->failed = true;
        } else if (copy != NULL) {
            items[arguments->count++] = copy;
            items[arguments->count] = NULL;
        }
    }
}

static void release_arguments(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->items[i]);
    free(arguments->items);
}

static struct arguments arguments_of(const struct pool *pool, size_t task, const char *folder)
{
    const struct plan *plan = pool->plan;
    const struct study *study = plan->study;
    struct arguments arguments = {0};
    char text[32];
    add_argument(&arguments, pool->options->program, "run");
    add_argument(&arguments, study->base_path, NULL);
    for (size_t s = 0; s < study->set_count; s++)
        add_argument(&arguments, "--set", study->sets[s]);
    for (size_t a = 0; a < study->axis_count; a++) {
        char *value = plan_value(plan, plan->tasks[task].point, a);
        char *set = value != NULL ? axis_set(&study->axes[a], value) : NULL;
        arguments.failed |= set == NULL;
        add_argument(&arguments, "--set", set);
        free(value);
        free(set);
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)plan->tasks[task].seed);
    add_argument(&arguments, "--seed", text);
    snprintf(text, sizeof(text), "%u", pool->options->threads);
    add_argument(&arguments, "--threads", text);
    add_argument(&arguments, "-o", folder);
    add_argument(&arguments, "--quiet", "--worker");
    return arguments;
}

/* The products' library would start a thread a core, which none of the workers uses. */
static char **environment(void)
{
    static const char name[] = "OPENBLAS_NUM_THREADS=";
    size_t count = 0, used = 0;
    while (environ[count] != NULL)
        count++;
    char **copy = calloc(count + 2, sizeof(*copy));
    for (size_t i = 0; i < count && copy != NULL; i++)
        if (strncmp(environ[i], name, sizeof(name) - 1) != 0)
            copy[used++] = environ[i];
    if (copy != NULL)
        copy[used] = (char *)(uintptr_t) "OPENBLAS_NUM_THREADS=1";
    return copy;
}

static int spawn_into(char *const *arguments, char *const *variables, const char *log,
                      pid_t *ret_process)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t plain;
    sigemptyset(&plain);
    sigaddset(&plain, SIGINT);
    sigaddset(&plain, SIGTERM);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        /* A group of its own: a Ctrl-C at the terminal reaches the pool alone, which tells the
         * workers once. */
        error =
            posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
        if (error == 0)
            error = posix_spawnattr_setsigdefault(&attributes, &plain);
        if (error == 0)
            error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (error == 0)
            error = posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC,
                                                     0666);
        if (error == 0)
            error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
        if (error == 0)
            error =
                posix_spawn(ret_process, arguments[0], &actions, &attributes, arguments, variables);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static enum sim_status make_folder(const char *path, struct sim_error *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return SIM_OK;
    return SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", path, strerror(errno));
}

static enum sim_status start_worker(struct pool *pool, struct pool_slot *slot, size_t task)
{
    char log[TASK_PATH_BYTES];
    enum sim_status status =
        task_folder(pool->options->folder, pool->plan->tasks[task].hash, slot->folder, pool->err);
    if (status == SIM_OK)
        status = make_folder(slot->folder, pool->err);
    if (status != SIM_OK)
        return status;
    task_forgive(slot->folder);
    snprintf(log, sizeof(log), "%.*s/log", TASK_PATH_BYTES - 8, slot->folder);
    struct arguments arguments = arguments_of(pool, task, slot->folder);
    char **variables = environment();
    if (arguments.failed || variables == NULL) {
        status = SIM_FAIL(pool->err, SIM_MEMORY, "no memory for a worker");
    } else {
        int error = spawn_into(arguments.items, variables, log, &slot->process);
        if (error != 0) {
            slot->process = 0;
            status = SIM_FAIL(pool->err, SIM_IO, "cannot start '%s': %s", pool->options->program,
                              strerror(error));
        }
    }
    free(variables);
    release_arguments(&arguments);
    if (status != SIM_OK)
        return status;
    slot->task = task;
    slot->start_s = progress_clock_s();
    slot->descriptor = pidfd_open(slot->process, 0);
    if (slot->descriptor >= 0)
        (void)fcntl(slot->descriptor, F_SETFD, FD_CLOEXEC);
    pool->status.running++;
    return SIM_OK;
}

/* ---- the queue */

static void push(struct pool *pool, size_t task)
{
    size_t at = (pool->queue_first + pool->status.waiting) % pool->status.selected;
    pool->queue[at] = task;
    pool->status.waiting++;
}

static size_t pop(struct pool *pool)
{
    size_t task = pool->queue[pool->queue_first];
    pool->queue_first = (pool->queue_first + 1) % pool->status.selected;
    pool->status.waiting--;
    return task;
}

static struct pool_slot *free_slot(struct pool *pool)
{
    for (size_t s = 0; s < pool->options->job_count; s++)
        if (pool->slots[s].process == 0)
            return &pool->slots[s];
    return NULL;
}

/* Fills the free slots from the queue; each waiting task is looked at once at most. */
static enum sim_status fill_slots(struct pool *pool)
{
    struct pool_slot *slot;
    pool->status.elsewhere = 0;
    for (size_t left = pool->status.waiting; left > 0 && (slot = free_slot(pool)) != NULL; left--) {
        size_t task = pop(pool);
        enum sim_status status = task_folder(pool->options->folder, pool->plan->tasks[task].hash,
                                             slot->folder, pool->err);
        if (status != SIM_OK)
            return status;
        enum task_state state = task_judge(slot->folder, pool->plan->study->until_ns);
        if (state == TASK_DONE) {
            pool->status.done++;
        } else if (state == TASK_RUNNING) {
            push(pool, task);
            pool->status.elsewhere++;
        } else {
            status = start_worker(pool, slot, task);
            if (status != SIM_OK)
                return status;
        }
    }
    return SIM_OK;
}

/* ---- the end of a worker */

static enum sim_status note_failure(struct pool *pool, const struct pool_slot *slot,
                                    const char *reason)
{
    pool->status.failed++;
    if (pool->options->failed != NULL)
        pool->options->failed(pool->options->context, slot->task, reason);
    return task_fail(slot->folder, reason, pool->err);
}

static enum sim_status judge_end(struct pool *pool, const struct pool_slot *slot, int code)
{
    char words[TASK_REASON_BYTES], reason[TASK_REASON_BYTES + 64];
    if (task_judge(slot->folder, pool->plan->study->until_ns) == TASK_DONE) {
        pool->status.done++;
        pool->status.finished_here++;
        return SIM_OK;
    }
    bool interrupted = WIFSIGNALED(code) || WEXITSTATUS(code) == 75;
    task_last_words(slot->folder, words);
    bool taken = strstr(words, "another process is running") != NULL;
    if (pool->stopping || taken ||
        (interrupted && ++pool->attempts[slot->task] < POOL_ATTEMPTS_MAX)) {
        push(pool, slot->task);
        return SIM_OK;
    }
    if (WIFSIGNALED(code))
        snprintf(reason, sizeof(reason), "ended by signal %d, %d times: %s", WTERMSIG(code),
                 POOL_ATTEMPTS_MAX, strsignal(WTERMSIG(code)));
    else
        snprintf(reason, sizeof(reason), "exit code %d: %s", WEXITSTATUS(code),
                 *words != '\0' ? words : "no word in its log");
    return note_failure(pool, slot, reason);
}

static enum sim_status reap(struct pool *pool)
{
    enum sim_status status = SIM_OK;
    for (size_t s = 0; s < pool->options->job_count && status == SIM_OK; s++) {
        struct pool_slot *slot = &pool->slots[s];
        int code = 0;
        if (slot->process == 0 || waitpid(slot->process, &code, WNOHANG) != slot->process)
            continue;
        if (slot->descriptor >= 0)
            close(slot->descriptor);
        slot->process = 0;
        pool->status.running--;
        status = judge_end(pool, slot, code);
    }
    return status;
}

/* Until a worker ends, a signal comes, or a moment has passed. */
static void wait_a_moment(struct pool *pool)
{
    size_t count = 0;
    bool blind = false;
    for (size_t s = 0; s < pool->options->job_count; s++) {
        if (pool->slots[s].process == 0)
            continue;
        blind |= pool->slots[s].descriptor < 0;
        pool->polled[count++] = (struct pollfd){.fd = pool->slots[s].descriptor, .events = POLLIN};
    }
    (void)poll(pool->polled, count, blind ? BLIND_WAIT_MS : WAIT_MS);
}

static void signal_workers(struct pool *pool, int number)
{
    for (size_t s = 0; s < pool->options->job_count; s++)
        if (pool->slots[s].process != 0)
            kill(pool->slots[s].process, number);
}

static void heed_stop(struct pool *pool)
{
    if (*pool->options->stop > 0 && !pool->stopping) {
        pool->stopping = true;
        signal_workers(pool, SIGTERM);
    }
    if (*pool->options->stop > 1 && !pool->killing) {
        pool->killing = true;
        signal_workers(pool, SIGKILL);
    }
}

static void tell(struct pool *pool)
{
    pool->status.now_s = progress_clock_s();
    if (pool->options->update != NULL)
        pool->options->update(pool->options->context, &pool->status);
}

static enum sim_status work(struct pool *pool)
{
    enum sim_status status = SIM_OK;
    for (;;) {
        heed_stop(pool);
        if (status == SIM_OK && !pool->stopping)
            status = fill_slots(pool);
        tell(pool);
        bool nothing_left = pool->status.waiting == 0 || pool->stopping || status != SIM_OK;
        if (pool->status.running == 0 && nothing_left)
            break;
        wait_a_moment(pool);
        enum sim_status reaped = reap(pool);
        if (status == SIM_OK)
            status = reaped;
        /* The pool cannot go on; what runs is told so, and waited for. */
        if (status != SIM_OK && !pool->stopping) {
            pool->stopping = true;
            signal_workers(pool, SIGTERM);
        }
    }
    if (status == SIM_OK && pool->stopping && pool->status.waiting > 0)
        status = SIM_FAIL(pool->err, SIM_INTERRUPTED,
                          "interrupted with %zu of %zu tasks done; the same command continues",
                          pool->status.done, pool->status.selected);
    return status;
}

static enum sim_status make_study_folders(const char *folder, struct sim_error *err)
{
    char path[TASK_PATH_BYTES];
    int used = snprintf(path, sizeof(path), "%s/runs", folder);
    if (used < 0 || used >= TASK_PATH_BYTES)
        return SIM_FAIL(err, SIM_CONFIG, "the path '%s' is too long", folder);
    return make_folder(path, err);
}

enum sim_status pool_run(const struct plan *plan, const bool *selected,
                         const struct pool_options *options, struct pool_status *ret_status,
                         struct sim_error *err)
{
    SIM_ASSERT(options->job_count >= 1 && options->job_count <= POOL_JOBS_MAX);
    struct pool pool = {.plan = plan, .options = options, .err = err};
    for (size_t t = 0; t < plan->task_count; t++)
        pool.status.selected += selected[t];
    pool.slots = calloc(options->job_count, sizeof(*pool.slots));
    pool.polled = calloc(options->job_count, sizeof(*pool.polled));
    pool.queue = calloc(pool.status.selected + 1, sizeof(*pool.queue));
    pool.attempts = calloc(plan->task_count + 1, sizeof(*pool.attempts));
    pool.status.plan = plan;
    pool.status.slots = pool.slots;
    pool.status.job_count = options->job_count;
    pool.status.start_s = progress_clock_s();
    enum sim_status status = make_study_folders(options->folder, err);
    if (pool.slots == NULL || pool.polled == NULL || pool.queue == NULL || pool.attempts == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu tasks", pool.status.selected);
    if (status == SIM_OK) {
        for (size_t t = 0; t < plan->task_count; t++)
            if (selected[t])
                push(&pool, t);
        status = work(&pool);
        *ret_status = pool.status;
        ret_status->slots = NULL;
    }
    free(pool.slots);
    free(pool.polled);
    free(pool.queue);
    free(pool.attempts);
    return status;
}
