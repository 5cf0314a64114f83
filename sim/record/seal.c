#include "record/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

enum { SEAL_BYTES = 16, MARK_BYTES = 8, BLOCK_BYTES = 1 << 16 };
static const char seal_mark[MARK_BYTES + 1] = "taosim1\n";

/* XXH64 of the first `size` bytes; false when they cannot be read. */
static bool hash_prefix(int descriptor, uint64_t size, uint64_t *ret_hash)
{
    unsigned char *block = malloc(BLOCK_BYTES);
    if (block == NULL)
        return false;
    struct digest digest;
    digest_init(&digest);
    uint64_t done = 0;
    while (done < size) {
        size_t want = size - done < BLOCK_BYTES ? (size_t)(size - done) : BLOCK_BYTES;
        ssize_t got = pread(descriptor, block, want, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        digest_bytes(&digest, block, (size_t)got);
        done += (uint64_t)got;
    }
    free(block);
    *ret_hash = digest_value(&digest);
    return done == size;
}

static void put_u64(unsigned char *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

static bool write_seal(int descriptor)
{
    struct stat info;
    uint64_t hash;
    if (fstat(descriptor, &info) != 0 || !hash_prefix(descriptor, (uint64_t)info.st_size, &hash))
        return false;
    unsigned char seal[SEAL_BYTES];
    memcpy(seal, seal_mark, MARK_BYTES);
    put_u64(seal + MARK_BYTES, hash);
    for (int done = 0; done < SEAL_BYTES;) {
        ssize_t put =
            pwrite(descriptor, seal + done, (size_t)(SEAL_BYTES - done), info.st_size + done);
        if (put <= 0 && errno != EINTR)
            return false;
        done += put > 0 ? (int)put : 0;
    }
    return true;
}

static bool sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return false;
    int descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (descriptor < 0)
        return false;
    /* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
    bool synced = fsync(descriptor) == 0 || errno == EINVAL;
    return close(descriptor) == 0 && synced;
}

enum sim_status seal_rename(const char *path_aside, const char *path, struct sim_error *err)
{
    /* A rename would put a file in the place of a device or a pipe. */
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
        (void)unlink(path_aside);
        return SIM_FAIL(err, SIM_IO, "'%s' is there and is no ordinary file", path);
    }
    if (rename(path_aside, path) != 0)
        return SIM_FAIL(err, SIM_IO, "'%s': cannot rename to '%s': %s", path_aside, path,
                        strerror(errno));
    if (!sync_folder_of(path))
        return SIM_FAIL(err, SIM_IO, "'%s': cannot sync its folder: %s", path, strerror(errno));
    return SIM_OK;
}

enum sim_status seal_publish(const char *path_aside, const char *path, struct sim_error *err)
{
    const char *step = "open it again";
    int descriptor = open(path_aside, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        goto fail;
    step = "write its checksum";
    if (!write_seal(descriptor))
        goto fail;
    step = "sync";
    if (fsync(descriptor) != 0)
        goto fail;
    int closed = close(descriptor);
    descriptor = -1;
    if (closed != 0)
        goto fail;
    return seal_rename(path_aside, path, err);

fail:;
    int error = errno;
    if (descriptor >= 0)
        close(descriptor);
    return SIM_FAIL(err, SIM_IO, "'%s': cannot %s: %s", path_aside, step, strerror(error));
}

static bool seal_fits(int descriptor, uint64_t size, bool *ret_sealed)
{
    unsigned char seal[SEAL_BYTES], expected[8];
    *ret_sealed = size >= SEAL_BYTES &&
                  pread(descriptor, seal, SEAL_BYTES, (off_t)(size - SEAL_BYTES)) == SEAL_BYTES &&
                  memcmp(seal, seal_mark, MARK_BYTES) == 0;
    if (!*ret_sealed)
        return true;
    uint64_t hash;
    if (!hash_prefix(descriptor, size - SEAL_BYTES, &hash))
        return false;
    put_u64(expected, hash);
    return memcmp(seal + MARK_BYTES, expected, 8) == 0;
}

enum sim_status seal_verify(const char *path, bool *ret_sealed, struct sim_error *err)
{
    struct stat info;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path, strerror(errno));
    bool sealed = false;
    bool fits =
        fstat(descriptor, &info) == 0 && seal_fits(descriptor, (uint64_t)info.st_size, &sealed);
    close(descriptor);
    if (!fits)
        return SIM_FAIL(err, SIM_IO, "'%s' is damaged: its bytes do not fit its checksum", path);
    *ret_sealed = sealed;
    return SIM_OK;
}
