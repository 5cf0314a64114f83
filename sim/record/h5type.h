/* h5type.h: the schema's types as HDF5 types, in the file (little-endian) and in memory. */
#ifndef RECORD_H5TYPE_H
#define RECORD_H5TYPE_H

#include <hdf5.h>

#include "record/schema.h"

/* Never closed by the caller: they are the library's own.  Not for RECORD_TEXT. */
hid_t h5type_file(enum record_type type);
hid_t h5type_memory(enum record_type type);
/* Variable-length UTF-8, the only text that every reader reads; the caller closes it. */
hid_t h5type_text(void);

#endif
