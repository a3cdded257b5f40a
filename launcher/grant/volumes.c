#include "grant/volumes.h"

#define VOLUME_DEVICE     4    /* FileFsDeviceInformation */
#define VOLUME_ATTRIBUTES 5    /* FileFsAttributeInformation */
#define REMOTE_DEVICE     0x10 /* FILE_REMOTE_DEVICE */

static void take_name(const char16_t *name, size_t units, struct volume *volume)
{
    struct u16buf b = U16BUF(volume->file_system);

    u16buf_add(&b, (struct u16s){ name, units });
}

void volume_of(HANDLE file, struct volume *volume)
{
    struct {
        ULONG attributes, longest, name_bytes;
        char16_t name[32];
    } system = { 0 };
    struct {
        ULONG type, characteristics;
    } device = { 0 };
    IO_STATUS_BLOCK io;

    *volume = (struct volume){ .file_system = u"" };
    if (NT_SUCCESS(NtQueryVolumeInformationFile(file, &io, &system, sizeof system,
                                                VOLUME_ATTRIBUTES)) &&
        system.name_bytes <= sizeof system.name) {
        volume->no_acls = !(system.attributes & FILE_PERSISTENT_ACLS);
        take_name(system.name, system.name_bytes / sizeof(char16_t), volume);
    }
    volume->remote = NT_SUCCESS(NtQueryVolumeInformationFile(
                         file, &io, &device, sizeof device, VOLUME_DEVICE)) &&
                     device.characteristics & REMOTE_DEVICE;
}

/* A subst drive is another drive's directory: \??\C:\dir instead of \Device\... */
static bool is_subst(char16_t letter)
{
    const char16_t drive[] = { letter, u':', 0 };
    static char16_t target[WIN_PATH_CAP];

    return QueryDosDeviceW(drive, target, WIN_PATH_CAP) &&
           u16s_istarts(u16s_of(target), U16S("\\??\\"));
}

static bool is_local(char16_t letter)
{
    const char16_t root[] = { letter, u':', u'\\', 0 };

    switch (GetDriveTypeW(root)) {
    case DRIVE_REMOVABLE: /* looking into a floppy drive takes seconds, and a noise */
        return letter > u'B' && !is_subst(letter);
    case DRIVE_FIXED:
    case DRIVE_RAMDISK:
        return !is_subst(letter);
    default:
        return false;
    }
}

static void add_without_acls(struct u16buf *out, char16_t letter, bool *first)
{
    const char16_t root[] = { letter, u':', u'\\', 0 };
    struct volume volume;
    HANDLE file =
        CreateFileW(root, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return;
    volume_of(file, &volume);
    CloseHandle(file);
    if (!volume.no_acls)
        return;
    u16buf_addz(out, *first ? u"" : u", ");
    u16buf_addz(out, root);
    u16buf_addz(out, u" (");
    u16buf_addz(out, volume.file_system);
    u16buf_addc(out, u')');
    *first = false;
}

void volumes_without_acls(struct u16buf *out)
{
    UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS);
    bool first = true;

    for (char16_t letter = u'A'; letter <= u'Z'; letter++)
        if (is_local(letter))
            add_without_acls(out, letter, &first);
    SetErrorMode(mode);
}
