#include "record/h5type.h"

#include "base/error.h"

hid_t h5type_file(enum record_type type)
{
    const hid_t types[] = {H5T_STD_U8LE,  H5T_STD_I8LE,  H5T_STD_U16LE,  H5T_STD_U32LE,
                           H5T_STD_I64LE, H5T_STD_U64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
    SIM_ASSERT((unsigned)type < RECORD_TEXT);
    return types[type];
}

hid_t h5type_memory(enum record_type type)
{
    const hid_t types[] = {H5T_NATIVE_UINT8,  H5T_NATIVE_INT8,  H5T_NATIVE_UINT16,
                           H5T_NATIVE_UINT32, H5T_NATIVE_INT64, H5T_NATIVE_UINT64,
                           H5T_NATIVE_FLOAT,  H5T_NATIVE_DOUBLE};
    SIM_ASSERT((unsigned)type < RECORD_TEXT);
    return types[type];
}

hid_t h5type_text(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 &&
        (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}
