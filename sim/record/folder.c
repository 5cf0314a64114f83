#include "record/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum sim_status folder_path_of(const char *folder, const char *name, struct folder_path *ret_path,
                               struct sim_error *err)
{
    int size = snprintf(ret_path->text, sizeof(ret_path->text), "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof(ret_path->text))
        return SIM_FAIL(err, SIM_LIMIT, "'%.200s...': the path is too long", folder);
    return SIM_OK;
}

enum sim_status folder_segment(const char *folder, uint32_t index, struct folder_path *ret_path,
                               struct sim_error *err)
{
    char name[32];
    snprintf(name, sizeof(name), "seg/%05u.h5", index);
    return folder_path_of(folder, name, ret_path, err);
}

enum sim_status folder_count_segments(const char *folder, uint32_t *ret_count,
                                      struct sim_error *err)
{
    struct folder_path path;
    for (uint32_t count = 0;; count++) {
        enum sim_status status = folder_segment(folder, count, &path, err);
        if (status != SIM_OK)
            return status;
        if (access(path.text, R_OK) != 0) {
            *ret_count = count;
            return SIM_OK;
        }
    }
}

static bool make_one(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

enum sim_status folder_make(const char *folder, struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_path_of(folder, "seg", &path, err);
    if (status != SIM_OK)
        return status;
    /* Every parent in turn, as `mkdir -p` does. */
    for (char *slash = strchr(path.text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = make_one(path.text);
        if (!made)
            return SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", path.text,
                            strerror(errno));
        *slash = '/';
    }
    if (!make_one(path.text))
        return SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", path.text, strerror(errno));
    return SIM_OK;
}

static enum sim_status drop_file(const char *path, struct sim_error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return SIM_FAIL(err, SIM_IO, "cannot remove '%s': %s", path, strerror(errno));
    return SIM_OK;
}

/* "00012.h5" and "00012.h5.part" are ours; anything else in seg/ is left alone. */
static bool segment_index(const char *name, uint32_t *ret_index)
{
    unsigned index;
    int end = 0;
    if (sscanf(name, "%5u.h5%n", &index, &end) != 1 || end < 8)
        return false;
    if (name[end] != '\0' && strcmp(name + end, ".part") != 0)
        return false;
    *ret_index = index;
    return true;
}

static enum sim_status drop_segments(const char *folder, uint32_t first, struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_path_of(folder, "seg", &path, err);
    if (status != SIM_OK)
        return status;
    DIR *directory = opendir(path.text);
    if (directory == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot read the folder '%s': %s", path.text, strerror(errno));
    struct dirent *entry;
    while (status == SIM_OK && (entry = readdir(directory)) != NULL) {
        uint32_t index;
        if (!segment_index(entry->d_name, &index))
            continue;
        bool aside = strstr(entry->d_name, ".part") != NULL;
        if (index < first && !aside)
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, 0) != 0)
            status = SIM_FAIL(err, SIM_IO, "cannot remove '%s/%s': %s", path.text, entry->d_name,
                              strerror(errno));
    }
    closedir(directory);
    return status;
}

enum sim_status folder_drop(const char *folder, uint32_t first_segment, struct sim_error *err)
{
    static const char *const names[] = {"result.h5", "result.h5.part"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct folder_path path;
        enum sim_status status = folder_path_of(folder, names[i], &path, err);
        if (status == SIM_OK)
            status = drop_file(path.text, err);
        if (status != SIM_OK)
            return status;
    }
    return drop_segments(folder, first_segment, err);
}

/* The offset behind the first `lines` lines. */
static long offset_of_line(FILE *file, uint64_t lines)
{
    int c;
    while (lines > 0 && (c = getc(file)) != EOF)
        lines -= c == '\n';
    return ftell(file);
}

enum sim_status folder_cut_progress(const char *folder, uint64_t lines, struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_path_of(folder, "progress.jsonl", &path, err);
    if (status != SIM_OK)
        return status;
    FILE *file = fopen(path.text, "re");
    if (file == NULL)
        return errno == ENOENT
                   ? SIM_OK
                   : SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path.text, strerror(errno));
    long offset = offset_of_line(file, lines);
    fclose(file);
    if (offset < 0 || truncate(path.text, offset) != 0)
        return SIM_FAIL(err, SIM_IO, "cannot cut '%s': %s", path.text, strerror(errno));
    return SIM_OK;
}
