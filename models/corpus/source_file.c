#include "corpus/source_file.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void sha256_hex(const char *bytes, size_t size_bytes, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size_bytes, (const uint8_t *)bytes);
    sha256_digest(&context, sizeof(sum), sum);
    for (size_t i = 0; i < sizeof(sum); i++) {
        ret_hex[2 * i] = digits[sum[i] >> 4];
        ret_hex[2 * i + 1] = digits[sum[i] & 15];
    }
    ret_hex[2 * sizeof(sum)] = '\0';
}

/* The whole stream, in one block that grows. */
static char *read_all(FILE *stream, size_t size_hint, size_t *ret_size)
{
    size_t capacity = size_hint + 1, count = 0;
    char *bytes = malloc(capacity);
    while (bytes != NULL) {
        count += fread(bytes + count, 1, capacity - count, stream);
        if (count < capacity)
            break;
        capacity *= 2;
        char *grown = realloc(bytes, capacity);
        if (grown == NULL)
            free(bytes);
        bytes = grown;
    }
    *ret_size = count;
    return bytes;
}

enum sim_status source_file_read(const char *path, struct source_file *ret_file,
                                 struct sim_error *err)
{
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL)
        return SIM_FAIL(err, SIM_IO, "corpus: cannot open '%s': %s", path, strerror(errno));
    struct stat info;
    size_t hint = fstat(fileno(stream), &info) == 0 && info.st_size > 0 ? (size_t)info.st_size : 0;
    struct source_file file = {0};
    file.bytes = read_all(stream, hint, &file.size_bytes);
    int failed = ferror(stream);
    fclose(stream);
    if (file.bytes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory for '%s'", path);
    if (failed) {
        free(file.bytes);
        return SIM_FAIL(err, SIM_IO, "corpus: cannot read '%s'", path);
    }
    sha256_hex(file.bytes, file.size_bytes, file.sha256);
    *ret_file = file;
    return SIM_OK;
}

static bool wanted(const char *path, const char *const *unread)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    for (; unread != NULL && *unread != NULL; unread++)
        if (fnmatch(*unread, name, 0) == 0)
            return false;
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum sim_status copy_wanted(const glob_t *found, const char *const *unread,
                                   struct source_list *list, struct sim_error *err)
{
    list->paths = calloc(found->gl_pathc + 1, sizeof(*list->paths));
    for (size_t i = 0; list->paths != NULL && i < found->gl_pathc; i++) {
        if (!wanted(found->gl_pathv[i], unread))
            continue;
        list->paths[list->count] = strdup(found->gl_pathv[i]);
        if (list->paths[list->count] == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
        list->count++;
    }
    if (list->paths == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "corpus: out of memory");
    qsort(list->paths, list->count, sizeof(*list->paths), by_bytes);
    return SIM_OK;
}

enum sim_status source_list_find(const char *root, const char *pattern, const char *const *unread,
                                 struct source_list *ret_list, struct sim_error *err)
{
    char full[4096];
    int length = snprintf(full, sizeof(full), "%s/%s", root, pattern);
    if (length < 0 || (size_t)length >= sizeof(full))
        return SIM_FAIL(err, SIM_CONFIG, "corpus: the root directory's name is too long");
    glob_t found;
    int result = glob(full, GLOB_NOSORT, NULL, &found);
    struct source_list list = {0};
    enum sim_status status = SIM_OK;
    if (result == 0)
        status = copy_wanted(&found, unread, &list, err);
    else if (result != GLOB_NOMATCH)
        status = SIM_FAIL(err, SIM_IO, "corpus: cannot search '%s'", full);
    globfree(&found);
    if (status == SIM_OK)
        *ret_list = list;
    else
        source_list_release(&list);
    return status;
}

void source_list_release(struct source_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct source_list){0};
}
