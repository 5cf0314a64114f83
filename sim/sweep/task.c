#include "sweep/task.h"

#include "base/param_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TAIL_BYTES = 4096 };

const char *task_state_name(enum task_state state)
{
    static const char *const names[] = {"waiting", "running", "interrupted", "failed", "done"};
    return names[state];
}

enum sim_status task_folder(const char *folder, const char *hash, char ret_path[TASK_PATH_BYTES],
                            struct sim_error *err)
{
    char path[TASK_PATH_BYTES];
    /* Names of files follow. */
    int used = snprintf(path, sizeof(path), "%s/runs/%.12s", folder, hash);
    if (used < 0 || used >= TASK_PATH_BYTES - 64)
        return SIM_FAIL(err, SIM_CONFIG, "the path '%s' is too long", folder);
    memcpy(ret_path, path, sizeof(path));
    return SIM_OK;
}

static bool path_in(char ret_path[TASK_PATH_BYTES], const char *folder, const char *name)
{
    int used = snprintf(ret_path, TASK_PATH_BYTES, "%s/%s", folder, name);
    return used > 0 && used < TASK_PATH_BYTES;
}

static bool exists(const char *folder, const char *name)
{
    char path[TASK_PATH_BYTES];
    return path_in(path, folder, name) && access(path, F_OK) == 0;
}

/* The end of a file, "" if there is none. */
static void read_tail(const char *folder, const char *name, char ret_text[TAIL_BYTES])
{
    char path[TASK_PATH_BYTES];
    size_t used = 0;
    FILE *file = path_in(path, folder, name) ? fopen(path, "r") : NULL;
    if (file != NULL) {
        if (fseek(file, -(TAIL_BYTES - 1), SEEK_END) != 0)
            rewind(file);
        used = fread(ret_text, 1, TAIL_BYTES - 1, file);
        fclose(file);
    }
    ret_text[used] = '\0';
}

/* The last line that is not empty. */
static const char *last_line(char *text)
{
    size_t used = strlen(text);
    while (used > 0 && (text[used - 1] == '\n' || text[used - 1] == ' '))
        text[--used] = '\0';
    const char *line = strrchr(text, '\n');
    return line != NULL ? line + 1 : text;
}

/* Up to where the stored scenario of a run goes; -1 when it does not say. */
static int64_t stored_until_ns(const char *folder)
{
    static const struct param_key key = {.name = "until", .kind = PARAM_DURATION_NS};
    char path[TASK_PATH_BYTES], line[256], reason[PARAM_REASON_BYTES];
    int64_t until_ns = -1;
    FILE *file = path_in(path, folder, "scenario.yaml") ? fopen(path, "r") : NULL;
    while (file != NULL && until_ns < 0 && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "until: ", 7) == 0 && !param_parse(&key, line + 7, &until_ns, reason))
            break;
    }
    if (file != NULL)
        fclose(file);
    return until_ns;
}

/* Does a process run in the folder?  A file system without locks cannot tell. */
static bool is_locked(const char *folder)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(descriptor);
    return locked;
}

enum task_state task_judge(const char *folder, int64_t until_ns)
{
    if (access(folder, F_OK) != 0)
        return TASK_WAITING;
    if (exists(folder, "result.h5") && stored_until_ns(folder) >= until_ns)
        return TASK_DONE;
    if (is_locked(folder))
        return TASK_RUNNING;
    if (exists(folder, "failed"))
        return TASK_FAILED;
    return exists(folder, "scenario.yaml") ? TASK_INTERRUPTED : TASK_WAITING;
}

enum sim_status task_fail(const char *folder, const char *reason, struct sim_error *err)
{
    char path[TASK_PATH_BYTES];
    FILE *file = path_in(path, folder, "failed") ? fopen(path, "w") : NULL;
    bool good = file != NULL && fprintf(file, "%s\n", reason) >= 0;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    return good ? SIM_OK
                : SIM_FAIL(err, SIM_IO, "cannot write '%s/failed': %s", folder, strerror(errno));
}

void task_forgive(const char *folder)
{
    char path[TASK_PATH_BYTES];
    if (path_in(path, folder, "failed"))
        unlink(path);
}

void task_reason(const char *folder, char ret_reason[TASK_REASON_BYTES])
{
    char text[TAIL_BYTES];
    read_tail(folder, "failed", text);
    snprintf(ret_reason, TASK_REASON_BYTES, "%s", last_line(text));
}

void task_last_words(const char *folder, char ret_text[TASK_REASON_BYTES])
{
    static const char prefix[] = "taosim: ";
    char text[TAIL_BYTES];
    read_tail(folder, "log", text);
    const char *line = last_line(text);
    if (strncmp(line, prefix, sizeof(prefix) - 1) == 0)
        line += sizeof(prefix) - 1;
    snprintf(ret_text, TASK_REASON_BYTES, "%s", line);
}

uint64_t task_epoch(const char *folder)
{
    char text[TAIL_BYTES];
    read_tail(folder, "progress.jsonl", text);
    const char *found = strstr(last_line(text), "\"epoch\":");
    return found != NULL ? strtoull(found + 8, NULL, 10) : 0;
}
