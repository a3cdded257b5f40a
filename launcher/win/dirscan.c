#include "win/dirscan.h"

#include "core/bytes.h"
#include "core/reparse.h"
#include "win/dll.h"
#include "win/fileid.h"

/* ntstatus.h and windows.h exclude each other. */
#define NO_MORE_FILES   0x80000006u
#define BUFFER_OVERFLOW 0x80000005u
#define NO_SUCH_FILE    0xC000000Fu
#define NAME_NOT_FOUND  0xC0000034u
#define NAME_INVALID    0xC0000033u
#define PATH_NOT_FOUND  0xC000003Au
#define DELETE_PENDING  0xC0000056u
#define FILE_DELETED    0xC0000123u
#define NO_MEMORY       0xC0000017u

#define RENAME_MAX 255u /* units: a longer name no file system takes */

#define NAME_BYTES                                                                       \
    (sizeof(OBJECT_NAME_INFORMATION) + 65536u) /* a UNICODE_STRING's most */

typedef NTSTATUS(NTAPI *query_object)(HANDLE, OBJECT_INFORMATION_CLASS, void *, ULONG,
                                      ULONG *);

/* Not in mingw's winternl.h; exported since Windows XP.  MS: ntifs.h. */
NTSTATUS NTAPI NtQueryDirectoryFile(/* NOLINT(readability-identifier-naming) */
                                    HANDLE directory, HANDLE event, PIO_APC_ROUTINE apc,
                                    void *apc_context, IO_STATUS_BLOCK *io, void *data,
                                    ULONG bytes, FILE_INFORMATION_CLASS what,
                                    BOOLEAN single, UNICODE_STRING *pattern,
                                    BOOLEAN restart);

#define SHARE_ALL ((ULONG)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))

enum dirscan_read dirscan_read(HANDLE directory, bool restart, void *buffer, size_t bytes,
                               struct dirscan *scan, struct err *err)
{
    IO_STATUS_BLOCK io = { 0 };
    NTSTATUS status =
        NtQueryDirectoryFile(directory, NULL, NULL, NULL, &io, buffer, (ULONG)bytes,
                             FileFullDirectoryInformation, FALSE, NULL, restart);

    /* No "." and "..": the root of a volume that is empty. */
    if (STATUS_IS(status, NO_MORE_FILES) || (restart && STATUS_IS(status, NO_SUCH_FILE)))
        return DIRSCAN_END;
    /* A first call says overflow, a later one success and no bytes. */
    if (STATUS_IS(status, BUFFER_OVERFLOW) || (status == 0 && io.Information == 0))
        return DIRSCAN_TOO_SMALL;
    if (status != 0)
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQueryDirectoryFile", NULL),
               DIRSCAN_FAILED;
    *scan = (struct dirscan){ buffer, io.Information < bytes ? io.Information : bytes };
    return DIRSCAN_SOME;
}

static DWORD without_placeholder(DWORD attributes, DWORD tag)
{
    return reparse_is_link(tag) ? attributes
                                : attributes & ~(DWORD)FILE_ATTRIBUTE_REPARSE_POINT;
}

static bool is_dots(struct u16s name)
{
    return u16s_eq(name, U16S(".")) || u16s_eq(name, U16S(".."));
}

/* The lengths come from a file system, which may be a server far away: none of them is
 * taken beyond the buffer. */
bool dirscan_next(struct dirscan *scan, struct dirscan_name *name)
{
    const size_t fixed = offsetof(FILE_FULL_DIR_INFORMATION, FileName);

    while (scan->bytes >= fixed) {
        const FILE_FULL_DIR_INFORMATION *info = (const void *)scan->at;
        size_t len = info->FileNameLength;
        size_t step = info->NextEntryOffset;

        if (len > scan->bytes - fixed)
            len = scan->bytes - fixed;
        *name = (struct dirscan_name){ { info->FileName, len / sizeof(char16_t) },
                                       info->FileAttributes };
        if (name->attributes & FILE_ATTRIBUTE_REPARSE_POINT)
            name->attributes = without_placeholder(name->attributes, info->EaSize);
        if (step < fixed || step >= scan->bytes || step % sizeof(LONGLONG) != 0)
            step = scan->bytes;
        scan->at += step;
        scan->bytes -= step;
        if (!is_dots(name->name))
            return true;
    }
    return false;
}

/* With the thing itself if it is a reparse point. */
static NTSTATUS open_it(OBJECT_ATTRIBUTES *attributes, ACCESS_MASK access, ULONG options,
                        HANDLE *file)
{
    IO_STATUS_BLOCK io = { 0 };
    HANDLE opened = NULL;
    NTSTATUS status =
        NtOpenFile(&opened, access | SYNCHRONIZE, attributes, &io, SHARE_ALL,
                   FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT | options);

    if (status == 0)
        *file = opened;
    return status;
}

/* An empty name is the directory again, one with a separator leads out of it: no honest
 * file system lists either. */
static NTSTATUS open_name(HANDLE directory, struct u16s name, ACCESS_MASK access,
                          ULONG flags, ULONG options, HANDLE *file)
{
    UNICODE_STRING text = { .Buffer = (PWSTR)name.at };
    OBJECT_ATTRIBUTES attributes;

    if (name.len == 0 || name.len > UNICODE_STRING_MAX_CHARS ||
        u16s_find(name, u'\\', 0) < name.len)
        return (NTSTATUS)NAME_INVALID;
    text.Length = text.MaximumLength = (USHORT)(name.len * sizeof(char16_t));
    InitializeObjectAttributes(&attributes, &text, flags, directory, NULL);
    return open_it(&attributes, access, options, file);
}

NTSTATUS dirscan_open(HANDLE directory, struct u16s name, ACCESS_MASK access,
                      bool is_directory, HANDLE *file)
{
    /* Not OBJ_CASE_INSENSITIVE: in a case-sensitive directory "a" is not "A". */
    return open_name(directory, name, access, 0,
                     is_directory ? FILE_DIRECTORY_FILE : FILE_NON_DIRECTORY_FILE, file);
}

NTSTATUS dirscan_open_known(HANDLE directory, struct u16s name, ACCESS_MASK access,
                            HANDLE *file)
{
    return open_name(directory, name, access, OBJ_CASE_INSENSITIVE, 0, file);
}

/* By the path that the system has for the open file. */
static NTSTATUS open_by_path(HANDLE file, ACCESS_MASK access, HANDLE *again)
{
    query_object query =
        (query_object)(void (*)(void))dll_loaded(u"ntdll.dll", "NtQueryObject");
    OBJECT_NAME_INFORMATION *name = HeapAlloc(GetProcessHeap(), 0, NAME_BYTES);
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status = (NTSTATUS)NO_MEMORY;

    if (name && query) {
        status = query(file, ObjectNameInformation, name, NAME_BYTES, NULL);
        InitializeObjectAttributes(&attributes, &name->Name, 0, NULL, NULL);
        if (status == 0)
            status = open_it(&attributes, access, 0, again);
    }
    if (name)
        HeapFree(GetProcessHeap(), 0, name);
    return status;
}

NTSTATUS dirscan_reopen(HANDLE file, ACCESS_MASK access, HANDLE *again)
{
    char16_t empty[1] = { 0 };
    UNICODE_STRING text = { .Buffer = (PWSTR)empty };
    OBJECT_ATTRIBUTES attributes;
    auto_handle HANDLE opened = NULL;
    NTSTATUS status = 0;

    InitializeObjectAttributes(&attributes, &text, 0, file, NULL);
    status = open_it(&attributes, access, 0, &opened);
    /* On some file systems that is their volume, on others it cannot be done. */
    if (status != 0 || !fileid_is_one_there(file, opened)) {
        handle_close_p(&opened);
        opened = NULL;
        status = open_by_path(file, access, &opened);
        if (status == 0 && !fileid_is_one(file, opened))
            status = (NTSTATUS)DIRSCAN_ANOTHER;
    }
    if (status == 0)
        *again = handle_take(&opened);
    return status;
}

NTSTATUS dirscan_rename(HANDLE file, HANDLE directory, struct u16s name)
{
    union {
        FILE_RENAME_INFORMATION info;
        uint8_t bytes[sizeof(FILE_RENAME_INFORMATION) + RENAME_MAX * sizeof(char16_t)];
    } to = { .info = { .RootDirectory = directory } };
    IO_STATUS_BLOCK io = { 0 };

    if (name.len == 0 || name.len > RENAME_MAX || u16s_find(name, u'\\', 0) < name.len)
        return (NTSTATUS)NAME_INVALID;
    to.info.FileNameLength = (ULONG)(name.len * sizeof(char16_t));
    bytes_copy(to.bytes + offsetof(FILE_RENAME_INFORMATION, FileName),
               (const uint8_t *)name.at, to.info.FileNameLength);
    return NtSetInformationFile(file, &io, &to, sizeof to, FileRenameInformation);
}

bool dirscan_is_gone(NTSTATUS status)
{
    static const uint32_t gone[] = { NAME_NOT_FOUND, PATH_NOT_FOUND, NO_SUCH_FILE,
                                     DELETE_PENDING, FILE_DELETED };

    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        if (STATUS_IS(status, gone[i]))
            return true;
    return false;
}

DWORD dirscan_attributes(HANDLE file)
{
    FILE_ATTRIBUTE_TAG_INFORMATION info = { 0 };
    IO_STATUS_BLOCK io = { 0 };

    if (NtQueryInformationFile(file, &io, &info, sizeof info,
                               FileAttributeTagInformation) != 0)
        return 0;
    return without_placeholder(info.FileAttributes, info.ReparseTag);
}
