#include "core/rights.h"

const struct rights_mapping rights_file = {
    .read = RIGHT_FILE_GENERIC_READ,
    .write = RIGHT_FILE_GENERIC_WRITE,
    .execute = RIGHT_FILE_GENERIC_EXECUTE,
    .all = RIGHT_FILE_ALL,
};

uint32_t rights_map(uint32_t mask, const struct rights_mapping *mapping)
{
    uint32_t out = mask & ~(RIGHT_GENERIC_READ | RIGHT_GENERIC_WRITE |
                            RIGHT_GENERIC_EXECUTE | RIGHT_GENERIC_ALL);

    if (mask & RIGHT_GENERIC_READ)
        out |= mapping->read;
    if (mask & RIGHT_GENERIC_WRITE)
        out |= mapping->write;
    if (mask & RIGHT_GENERIC_EXECUTE)
        out |= mapping->execute;
    if (mask & RIGHT_GENERIC_ALL)
        out |= mapping->all;
    return out;
}

uint32_t rights_write_restricted(const struct rights_mapping *mapping)
{
    return (mapping->write & ~(mapping->read | mapping->execute)) | RIGHT_DELETE |
           RIGHT_WRITE_DAC | RIGHT_WRITE_OWNER | RIGHT_SYSTEM_SECURITY;
}
