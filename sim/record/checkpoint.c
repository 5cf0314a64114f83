#include "record/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "record/folder.h"
#include "record/seal.h"

/*
 * File: header, then sections: section header, bytes, XXH64 of header and bytes.  The last
 * section is called "end" and is empty: a file cut at a section's border is seen.
 */
static const char magic[8] = {'t', 'a', 'o', 's', 'i', 'm', 'c', 'k'};
static const char end_name[] = "end";

struct file_header {
    char magic[8];
    uint64_t format;
    uint64_t epoch;
    uint64_t run_hash;
    uint64_t hash; /* of the fields before */
};

struct section_header {
    char name[32]; /* NUL-padded */
    uint64_t size_bytes;
};

enum { KEPT = 2 };

/* ---- writing */

struct checkpoint_writer {
    FILE *file;
    struct folder_path folder, path, path_aside;
    int error; /* the first errno */
    struct section_header section;
    uint64_t section_offset; /* of its header; 0 = no section open */
    uint64_t offset;
    struct digest digest; /* of the section's bytes */
};

static uint64_t header_hash(const struct file_header *header)
{
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, header, offsetof(struct file_header, hash));
    return digest_value(&digest);
}

/* Bytes first, so that a section can be hashed while its size is not known yet. */
static uint64_t section_hash(struct digest *bytes, const struct section_header *header)
{
    digest_bytes(bytes, header, sizeof(*header));
    return digest_value(bytes);
}

static void write_all(struct checkpoint_writer *writer, const void *bytes, size_t size)
{
    if (writer->error == 0 && size > 0 && fwrite(bytes, 1, size, writer->file) != size)
        writer->error = errno != 0 ? errno : EIO;
    writer->offset += size;
}

static enum sim_status open_aside(struct checkpoint_writer *writer, const char *folder,
                                  uint64_t epoch, struct sim_error *err)
{
    char name[48], name_aside[48];
    snprintf(name, sizeof(name), "checkpoint/%08" PRIu64 ".ckpt", epoch);
    snprintf(name_aside, sizeof(name_aside), "checkpoint/%08" PRIu64 ".ckpt.part", epoch);
    enum sim_status status = folder_path_of(folder, "checkpoint", &writer->folder, err);
    if (status == SIM_OK)
        status = folder_path_of(folder, name, &writer->path, err);
    if (status == SIM_OK)
        status = folder_path_of(folder, name_aside, &writer->path_aside, err);
    if (status != SIM_OK)
        return status;
    if (mkdir(writer->folder.text, 0777) != 0 && errno != EEXIST)
        return SIM_FAIL(err, SIM_IO, "checkpoint: cannot make the folder '%s': %s",
                        writer->folder.text, strerror(errno));
    writer->file = fopen(writer->path_aside.text, "wbe");
    if (writer->file == NULL)
        return SIM_FAIL(err, SIM_IO, "checkpoint: cannot create '%s': %s", writer->path_aside.text,
                        strerror(errno));
    return SIM_OK;
}

enum sim_status checkpoint_begin(const char *folder, uint64_t epoch, uint64_t run_hash,
                                 struct checkpoint_writer **ret_writer, struct sim_error *err)
{
    struct checkpoint_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "checkpoint: out of memory");
    enum sim_status status = open_aside(writer, folder, epoch, err);
    if (status != SIM_OK) {
        free(writer);
        return status;
    }
    struct file_header header = {.format = CHECKPOINT_FORMAT, .epoch = epoch, .run_hash = run_hash};
    memcpy(header.magic, magic, sizeof(magic));
    header.hash = header_hash(&header);
    write_all(writer, &header, sizeof(header));
    *ret_writer = writer;
    return SIM_OK;
}

/* Writes the section's size into its header, and the checksum behind it. */
static void end_section(struct checkpoint_writer *writer)
{
    if (writer->section_offset == 0)
        return;
    uint64_t hash = section_hash(&writer->digest, &writer->section);
    write_all(writer, &hash, sizeof(hash));
    uint64_t end = writer->offset;
    if (writer->error == 0 && fseeko(writer->file, (off_t)writer->section_offset, SEEK_SET) != 0)
        writer->error = errno;
    write_all(writer, &writer->section, sizeof(writer->section));
    if (writer->error == 0 && fseeko(writer->file, (off_t)end, SEEK_SET) != 0)
        writer->error = errno;
    writer->offset = end;
    writer->section_offset = 0;
}

void checkpoint_section(struct checkpoint_writer *writer, const char *name)
{
    size_t length = strlen(name);
    SIM_ASSERT(length > 0 && length < sizeof(writer->section.name));
    end_section(writer);
    writer->section = (struct section_header){.size_bytes = 0};
    memcpy(writer->section.name, name, length);
    writer->section_offset = writer->offset;
    digest_init(&writer->digest);
    write_all(writer, &writer->section, sizeof(writer->section));
}

void checkpoint_put(struct checkpoint_writer *writer, const void *bytes, size_t size_bytes)
{
    SIM_ASSERT(writer->section_offset != 0);
    digest_bytes(&writer->digest, bytes, size_bytes);
    write_all(writer, bytes, size_bytes);
    writer->section.size_bytes += size_bytes;
}

struct checkpoint_writer *checkpoint_abandon(struct checkpoint_writer *writer)
{
    if (writer == NULL)
        return NULL;
    if (writer->file != NULL)
        fclose(writer->file);
    unlink(writer->path_aside.text);
    free(writer);
    return NULL;
}

static int name_order(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? 1 : *x > *y ? -1 : 0; /* newest first */
}

/* The epochs of all NNNNNNNN.ckpt, newest first; *ret_epochs is the caller's to free. */
static enum sim_status list_epochs(const char *folder, uint64_t **ret_epochs, size_t *ret_count,
                                   struct sim_error *err)
{
    uint64_t *epochs = NULL;
    size_t count = 0;
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        uint64_t epoch;
        int end = 0;
        if (sscanf(entry->d_name, "%" SCNu64 ".ckpt%n", &epoch, &end) != 1 || end == 0 ||
            entry->d_name[end] != '\0')
            continue;
        uint64_t *more = realloc(epochs, (count + 1) * sizeof(*epochs));
        if (more == NULL) {
            free(epochs);
            closedir(directory);
            return SIM_FAIL(err, SIM_MEMORY, "checkpoint: out of memory");
        }
        epochs = more;
        epochs[count++] = epoch;
    }
    if (directory != NULL)
        closedir(directory);
    if (count > 0)
        qsort(epochs, count, sizeof(*epochs), name_order);
    *ret_epochs = epochs;
    *ret_count = count;
    return SIM_OK;
}

/* Best effort: an old file that stays does no harm. */
static void drop_old(const char *folder)
{
    struct sim_error ignored = {0};
    uint64_t *epochs = NULL;
    size_t count = 0;
    if (list_epochs(folder, &epochs, &count, &ignored) != SIM_OK)
        return;
    for (size_t i = KEPT; i < count; i++) {
        struct folder_path path;
        char name[32];
        snprintf(name, sizeof(name), "%08" PRIu64 ".ckpt", epochs[i]);
        if (folder_path_of(folder, name, &path, &ignored) == SIM_OK)
            unlink(path.text);
    }
    free(epochs);
}

/* "00000012.ckpt" from `first_epoch` on, and any "00000012.ckpt.part"; nothing else is ours. */
static bool is_dropped(const char *name, uint64_t first_epoch)
{
    uint64_t epoch;
    int end = 0;
    if (sscanf(name, "%" SCNu64 ".ckpt%n", &epoch, &end) != 1 || end == 0)
        return false;
    return strcmp(name + end, ".part") == 0 || (name[end] == '\0' && epoch >= first_epoch);
}

enum sim_status checkpoint_drop(const char *folder, uint64_t first_epoch, struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_path_of(folder, "checkpoint", &path, err);
    if (status != SIM_OK)
        return status;
    DIR *directory = opendir(path.text);
    struct dirent *entry;
    while (directory != NULL && status == SIM_OK && (entry = readdir(directory)) != NULL) {
        if (is_dropped(entry->d_name, first_epoch) &&
            unlinkat(dirfd(directory), entry->d_name, 0) != 0)
            status = SIM_FAIL(err, SIM_IO, "cannot remove '%s/%s': %s", path.text, entry->d_name,
                              strerror(errno));
    }
    if (directory != NULL)
        closedir(directory);
    return status;
}

static enum sim_status sync_and_close(struct checkpoint_writer *writer, struct sim_error *err)
{
    const char *step = "write";
    if (writer->error == 0 && fflush(writer->file) != 0)
        writer->error = errno;
    if (writer->error == 0 && fsync(fileno(writer->file)) != 0)
        step = "sync", writer->error = errno;
    int closed = fclose(writer->file);
    writer->file = NULL;
    if (writer->error == 0 && closed != 0)
        step = "close", writer->error = errno;
    if (writer->error != 0)
        return SIM_FAIL(err, SIM_IO, "checkpoint '%s': cannot %s: %s", writer->path_aside.text,
                        step, strerror(writer->error));
    return SIM_OK;
}

enum sim_status checkpoint_commit(struct checkpoint_writer *writer, struct sim_error *err)
{
    checkpoint_section(writer, end_name);
    end_section(writer);
    enum sim_status status = sync_and_close(writer, err);
    if (status == SIM_OK)
        status = seal_rename(writer->path_aside.text, writer->path.text, err);
    if (status == SIM_OK)
        drop_old(writer->folder.text);
    checkpoint_abandon(writer);
    return status;
}

/* ---- reading */

struct checkpoint {
    unsigned char *bytes; /* owned: the whole file */
    size_t size;
    struct file_header header;
    char damage[512];
};

static unsigned char *read_file(const char *path, size_t *ret_size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    unsigned char *bytes = NULL;
    if (descriptor >= 0 && fstat(descriptor, &info) == 0)
        bytes = malloc((size_t)info.st_size + 1);
    size_t size = 0;
    while (bytes != NULL && size < (size_t)info.st_size) {
        ssize_t got = read(descriptor, bytes + size, (size_t)info.st_size - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (descriptor >= 0)
        close(descriptor);
    *ret_size = size;
    return bytes;
}

/* Steps over one section; false when it is damaged or cut. */
static bool next_section(const struct checkpoint *checkpoint, size_t *offset,
                         struct section_header *ret_header, const unsigned char **ret_bytes)
{
    size_t left = checkpoint->size - *offset;
    if (left < sizeof(*ret_header) + 8)
        return false;
    memcpy(ret_header, checkpoint->bytes + *offset, sizeof(*ret_header));
    left -= sizeof(*ret_header) + 8;
    if (ret_header->size_bytes > left)
        return false;
    size_t size = (size_t)ret_header->size_bytes;
    *ret_bytes = checkpoint->bytes + *offset + sizeof(*ret_header);
    uint64_t stored;
    memcpy(&stored, *ret_bytes + size, sizeof(stored));
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, *ret_bytes, size);
    *offset += sizeof(*ret_header) + size + 8;
    return section_hash(&digest, ret_header) == stored &&
           ret_header->name[sizeof(ret_header->name) - 1] == '\0';
}

/* What is wrong with the file; NULL when nothing is. */
static const char *find_damage(struct checkpoint *checkpoint)
{
    if (checkpoint->bytes == NULL)
        return "it cannot be read";
    if (checkpoint->size < sizeof(checkpoint->header))
        return "it is cut short";
    memcpy(&checkpoint->header, checkpoint->bytes, sizeof(checkpoint->header));
    if (memcmp(checkpoint->header.magic, magic, sizeof(magic)) != 0 ||
        checkpoint->header.hash != header_hash(&checkpoint->header))
        return "its header is damaged";
    if (checkpoint->header.format != CHECKPOINT_FORMAT)
        return "another version of taosim wrote it";
    size_t offset = sizeof(checkpoint->header);
    struct section_header section;
    const unsigned char *bytes;
    do {
        if (!next_section(checkpoint, &offset, &section, &bytes))
            return "a section is damaged or cut short";
    } while (strcmp(section.name, end_name) != 0);
    return offset == checkpoint->size ? NULL : "bytes follow its end";
}

/* Tries one file; notes what is wrong with it. */
static bool load(struct checkpoint *checkpoint, const char *path)
{
    free(checkpoint->bytes);
    checkpoint->bytes = read_file(path, &checkpoint->size);
    const char *damage = find_damage(checkpoint);
    if (damage == NULL)
        return true;
    size_t used = strlen(checkpoint->damage);
    snprintf(checkpoint->damage + used, sizeof(checkpoint->damage) - used,
             "%scheckpoint '%.300s' is not used: %s", used > 0 ? "; " : "", path, damage);
    return false;
}

static enum sim_status load_newest(struct checkpoint *checkpoint, const char *folder,
                                   const uint64_t *epochs, size_t count, uint64_t epoch_max,
                                   bool *ret_loaded, struct sim_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct folder_path path;
        char name[48];
        snprintf(name, sizeof(name), "checkpoint/%08" PRIu64 ".ckpt", epochs[i]);
        enum sim_status status = folder_path_of(folder, name, &path, err);
        if (status != SIM_OK)
            return status;
        if (epochs[i] <= epoch_max && load(checkpoint, path.text)) {
            *ret_loaded = true;
            return SIM_OK;
        }
    }
    *ret_loaded = false;
    return checkpoint->damage[0] == '\0' ? SIM_OK : SIM_FAIL(err, SIM_IO, "%s", checkpoint->damage);
}

enum sim_status checkpoint_open(const char *folder, uint64_t epoch_max, uint64_t run_hash,
                                struct checkpoint **ret_checkpoint, struct sim_error *err)
{
    struct folder_path path;
    uint64_t *epochs = NULL;
    size_t count = 0;
    bool loaded = false;
    struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
    if (checkpoint == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "checkpoint: out of memory");
    enum sim_status status = folder_path_of(folder, "checkpoint", &path, err);
    if (status == SIM_OK)
        status = list_epochs(path.text, &epochs, &count, err);
    if (status == SIM_OK)
        status = load_newest(checkpoint, folder, epochs, count, epoch_max, &loaded, err);
    free(epochs);
    if (status == SIM_OK && loaded && checkpoint->header.run_hash != run_hash)
        status = SIM_FAIL(err, SIM_CONFIG,
                          "'%s': the checkpoint at epoch %" PRIu64
                          " belongs to another scenario, seed, version or kernel",
                          folder, checkpoint->header.epoch);
    if (status != SIM_OK || !loaded)
        checkpoint = checkpoint_free(checkpoint);
    if (status == SIM_OK)
        *ret_checkpoint = checkpoint;
    return status;
}

struct checkpoint *checkpoint_free(struct checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return NULL;
    free(checkpoint->bytes);
    free(checkpoint);
    return NULL;
}

uint64_t checkpoint_epoch(const struct checkpoint *checkpoint)
{
    return checkpoint->header.epoch;
}

const char *checkpoint_damage(const struct checkpoint *checkpoint)
{
    return checkpoint->damage;
}

enum sim_status checkpoint_find(const struct checkpoint *checkpoint, const char *name,
                                struct checkpoint_cursor *ret_cursor, struct sim_error *err)
{
    size_t offset = sizeof(checkpoint->header);
    struct section_header section;
    const unsigned char *bytes;
    while (next_section(checkpoint, &offset, &section, &bytes)) {
        if (strcmp(section.name, name) == 0) {
            *ret_cursor = (struct checkpoint_cursor){bytes, bytes + section.size_bytes, name};
            return SIM_OK;
        }
        if (strcmp(section.name, end_name) == 0)
            break;
    }
    return SIM_FAIL(err, SIM_IO, "the checkpoint has no section '%s'", name);
}

enum sim_status checkpoint_take(struct checkpoint_cursor *cursor, void *ret_bytes,
                                size_t size_bytes, struct sim_error *err)
{
    if ((size_t)(cursor->end - cursor->at) < size_bytes)
        return SIM_FAIL(err, SIM_IO, "the checkpoint's section '%s' is too short", cursor->section);
    if (size_bytes > 0)
        memcpy(ret_bytes, cursor->at, size_bytes);
    cursor->at += size_bytes;
    return SIM_OK;
}

enum sim_status checkpoint_taken(const struct checkpoint_cursor *cursor, struct sim_error *err)
{
    if (cursor->at != cursor->end)
        return SIM_FAIL(err, SIM_IO, "the checkpoint's section '%s' is longer than expected",
                        cursor->section);
    return SIM_OK;
}
