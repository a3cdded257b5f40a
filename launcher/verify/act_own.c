/* What tools make for themselves, with the lists that they or Windows give it. */
#include "core/acl.h"
#include "core/secdesc.h"
#include "verify/act.h"
#include "win/paths.h"
#include "win/pipe.h"

#define ALL_ACCESS 0x1F01FFu /* FILE_ALL_ACCESS */

DWORD act_own_pipe(void)
{
    char16_t name[PIPE_NAME_CAP];
    uint8_t random[WIRE_NAME_BYTES] = { 0 };
    auto_handle HANDLE server = NULL;
    HANDLE client = NULL;
    struct err err = { 0 };
    DWORD code = 0;

    if (!pipe_random(random, sizeof random, &err))
        return err.code ? err.code : ERROR_GEN_FAILURE;
    pipe_name(random, name);
    /* Without a descriptor: full access for SYSTEM, administrators and the owner, reading
     * for everyone.  MS: CreateNamedPipe, lpSecurityAttributes. */
    server = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
                              PIPE_TYPE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
    if (server == INVALID_HANDLE_VALUE) {
        server = NULL;
        return act_result(FALSE);
    }
    client = CreateFileW(name, GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0, NULL,
                         OPEN_EXISTING, 0, NULL);
    if (client == INVALID_HANDLE_VALUE)
        return act_result(FALSE);
    code = ERROR_SUCCESS;
    CloseHandle(client);
    return code;
}

/* SYSTEM, administrators and whoever owns it: what CPython's os.mkdir makes of the mode
 * 0o700, which tempfile asks for. */
static bool describe(uint8_t *out, size_t cap)
{
    static const enum sid_known whom[] = { SID_SYSTEM, SID_ADMINISTRATORS,
                                           SID_OWNER_RIGHTS };
    uint8_t bytes[256];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    for (size_t i = 0; i < sizeof whom / sizeof whom[0]; i++) {
        const struct acl_entry entry = { ACE_ALLOW,
                                         ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT,
                                         ALL_ACCESS, sid_well_known(whom[i]) };

        aclbuf_add(&list, &entry);
    }
    return !list.cut && acl_read(&sd.dacl, bytes, list.bytes) &&
           secdesc_write(&sd, out, cap, &size);
}

DWORD act_own_dir(const char16_t *path)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf name = U16BUF(text);
    uint8_t descriptor[512];
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = descriptor };
    HANDLE file = NULL;
    DWORD code = ERROR_SUCCESS;

    u16buf_addz(&name, path);
    u16buf_addz(&name, u"\\file");
    if (name.cut || !describe(descriptor, sizeof descriptor))
        return ERROR_BUFFER_OVERFLOW;
    if (!CreateDirectoryW(path, &attributes))
        return act_result(FALSE);
    file = CreateFileW(text, GENERIC_WRITE, 0, NULL, CREATE_NEW,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE)
        code = act_result(FALSE);
    else
        CloseHandle(file);
    RemoveDirectoryW(path); /* where it may not, whoever has tried us does */
    return code;
}

DWORD act_mend(void)
{
    static char16_t path[WIN_PATH_CAP];
    struct u16buf b = U16BUF(path);
    struct err err;

    if (!paths_install(&b, &err))
        return err.code ? err.code : ERROR_GEN_FAILURE;
    u16buf_addz(&b, u"\\objects\\ringfence-objects.dll");
    if (b.cut)
        return ERROR_FILENAME_EXCED_RANGE;
    return act_result(LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH) != NULL);
}
