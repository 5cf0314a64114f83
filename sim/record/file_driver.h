/*
 * file_driver.h: an HDF5 file driver that survives a full disk.
 *
 * After a failed write the HDF5 library can neither flush nor close its file, and complains at
 * exit.  This driver (plain POSIX files, creation only) notes the first error, pretends that
 * later writes worked, and lets the library close; the caller then looks at the noted error and
 * throws the file away.
 */
#ifndef RECORD_FILE_DRIVER_H
#define RECORD_FILE_DRIVER_H

#include <hdf5.h>

/* The first errno of a file; 0 = none.  The caller's; must outlive the open file. */
struct file_trouble {
    int error;
};

/* Registers the driver: give the id back with H5FDunregister after closing the file.  Negative on
 * failure. */
hid_t file_driver_register(void);
/* Makes files created with `fapl` use the driver and note errors in *trouble. */
herr_t file_driver_use(hid_t fapl, hid_t driver, struct file_trouble *trouble);

#endif
