#include "win/fileid.h"

#include "core/bytes.h"

#define FILE_ID         59          /* FileIdInformation: Windows 8 and later, wdm.h */
#define VOLUME_LABEL    32u         /* units */
#define BUFFER_OVERFLOW 0x80000005u /* the label is longer, which is no matter */

static bool is_zero(const struct fileid *id)
{
    uint8_t any = 0;

    for (size_t i = 0; i < sizeof id->file; i++)
        any |= id->file[i];
    return !any;
}

bool fileid_read(HANDLE file, struct fileid *id)
{
    struct fileid wide = { 0 };
    FILE_INTERNAL_INFORMATION index;
    struct {
        FILE_FS_VOLUME_INFORMATION info;
        char16_t label[VOLUME_LABEL];
    } volume = { 0 };
    IO_STATUS_BLOCK io;

    /* A file system without 128-bit identities answers 0 or nothing. */
    if (NT_SUCCESS(NtQueryInformationFile(file, &io, &wide, sizeof wide,
                                          (FILE_INFORMATION_CLASS)FILE_ID)) &&
        !is_zero(&wide)) {
        *id = wide;
        return true;
    }
    if (!NT_SUCCESS(NtQueryInformationFile(file, &io, &index, sizeof index,
                                           FileInternalInformation)))
        return false;
    (void)NtQueryVolumeInformationFile(file, &io, &volume, sizeof volume,
                                       FileFsVolumeInformation);
    *id = (struct fileid){ .volume = volume.info.VolumeSerialNumber };
    bytes_copy(id->file, (const uint8_t *)&index.IndexNumber, sizeof index.IndexNumber);
    return true;
}

bool fileid_same(const struct fileid *a, const struct fileid *b)
{
    return a->volume == b->volume && bytes_eq(a->file, b->file, sizeof a->file);
}

/* What else must agree: where an empty file's identity is 0, as on some FAT drivers, the
 * volume's is too. */
static bool look_alike(HANDLE a, HANDLE b, bool nameless)
{
    FILE_STANDARD_INFORMATION one, other;
    IO_STATUS_BLOCK io;

    return NT_SUCCESS(NtQueryInformationFile(a, &io, &one, sizeof one,
                                             FileStandardInformation)) &&
           NT_SUCCESS(NtQueryInformationFile(b, &io, &other, sizeof other,
                                             FileStandardInformation)) &&
           one.Directory == other.Directory &&
           (!nameless || one.EndOfFile.QuadPart == other.EndOfFile.QuadPart);
}

bool fileid_is_one(HANDLE a, HANDLE b)
{
    struct fileid one, other;

    return fileid_read(a, &one) && fileid_read(b, &other) && fileid_same(&one, &other) &&
           look_alike(a, b, is_zero(&one));
}

/* A file's number on its volume; false where there is none that tells it from others. */
static bool read_index(HANDLE file, int64_t *index)
{
    FILE_INTERNAL_INFORMATION info;
    IO_STATUS_BLOCK io;

    if (!NT_SUCCESS(NtQueryInformationFile(file, &io, &info, sizeof info,
                                           FileInternalInformation)))
        return false;
    *index = info.IndexNumber.QuadPart;
    return *index != 0 && *index != -1;
}

bool fileid_is_one_there(HANDLE a, HANDLE b)
{
    int64_t one = 0, other = 0;

    if (!read_index(a, &one) || !read_index(b, &other))
        return fileid_is_one(a, b);
    return one == other && look_alike(a, b, false);
}
