#include "record/file_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct driver_file {
    H5FD_t base; /* first: HDF5 sees this */
    int descriptor;
    haddr_t end_allocated;
    haddr_t end_written;
    struct file_trouble *trouble;
};

struct driver_info {
    struct file_trouble *trouble;
};

static struct driver_file *driver_file(H5FD_t *file)
{
    return (struct driver_file *)(void *)file;
}

static const struct driver_file *driver_file_const(const H5FD_t *file)
{
    return (const struct driver_file *)(const void *)file;
}

static void note_error(struct driver_file *file)
{
    if (file->trouble->error == 0)
        file->trouble->error = errno != 0 ? errno : EIO;
}

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t fapl, haddr_t address_max)
{
    (void)address_max;
    const struct driver_info *info = H5Pget_driver_info(fapl);
    if (info == NULL || !(flags & H5F_ACC_CREAT))
        return NULL;
    struct driver_file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return NULL;
    file->trouble = info->trouble;
    file->descriptor = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        note_error(file);
        free(file);
        return NULL;
    }
    return &file->base;
}

static herr_t driver_close(H5FD_t *base)
{
    struct driver_file *file = driver_file(base);
    if (close(file->descriptor) != 0)
        note_error(file);
    free(file);
    return 0;
}

static herr_t driver_query(const H5FD_t *base, unsigned long *ret_flags)
{
    (void)base;
    *ret_flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
                 H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return driver_file_const(base)->end_allocated;
}

static herr_t driver_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    driver_file(base)->end_allocated = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return driver_file_const(base)->end_written;
}

static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                          size_t size, void *ret_bytes)
{
    (void)type, (void)transfer;
    struct driver_file *file = driver_file(base);
    unsigned char *bytes = ret_bytes;
    while (size > 0) {
        ssize_t got = pread(file->descriptor, bytes, size, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        bytes += got, size -= (size_t)got, address += (haddr_t)got;
    }
    memset(bytes, 0, size); /* beyond the end, as HDF5 expects */
    return 0;
}

static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                           size_t size, const void *source)
{
    (void)type, (void)transfer;
    struct driver_file *file = driver_file(base);
    const unsigned char *bytes = source;
    if (address + size > file->end_written)
        file->end_written = address + size;
    while (size > 0 && file->trouble->error == 0) {
        ssize_t put = pwrite(file->descriptor, bytes, size, (off_t)address);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            note_error(file);
            break;
        }
        bytes += put, size -= (size_t)put, address += (haddr_t)put;
    }
    return 0;
}

static herr_t driver_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    (void)transfer, (void)closing;
    struct driver_file *file = driver_file(base);
    if (file->end_allocated == file->end_written || file->trouble->error != 0)
        return 0;
    if (ftruncate(file->descriptor, (off_t)file->end_allocated) != 0)
        note_error(file);
    file->end_written = file->end_allocated;
    return 0;
}

hid_t file_driver_register(void)
{
    static const H5FD_class_t class = {
        .name = "taosim_file",
        .maxaddr = (haddr_t)INT64_MAX,
        .fc_degree = H5F_CLOSE_WEAK,
        .fapl_size = sizeof(struct driver_info),
        .open = driver_open,
        .close = driver_close,
        .query = driver_query,
        .get_eoa = driver_get_eoa,
        .set_eoa = driver_set_eoa,
        .get_eof = driver_get_eof,
        .read = driver_read,
        .write = driver_write,
        .truncate = driver_truncate,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    return H5FDregister(&class);
}

herr_t file_driver_use(hid_t fapl, hid_t driver, struct file_trouble *trouble)
{
    struct driver_info info = {.trouble = trouble};
    return H5Pset_driver(fapl, driver, &info);
}
