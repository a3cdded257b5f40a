#include "core/secdesc.h"
#include "runner.h"
#include "win/dll.h"

#define EVERYTHING 0xF01FFu /* DESKTOP_ALL_ACCESS, and the standard rights */

typedef HANDLE(WINAPI *create_desktop)(LPCWSTR, LPCWSTR, void *, DWORD, DWORD,
                                       LPSECURITY_ATTRIBUTES);
typedef BOOL(WINAPI *close_desktop)(HANDLE);

/* For the account, whose children pass the second check by its logon SID. */
static bool describe(uint8_t *out, size_t cap, struct err *err)
{
    const struct acl_entry entries[] = {
        { ACE_ALLOW, 0, EVERYTHING, sid_well_known(SID_SYSTEM) },
        { ACE_ALLOW, 0, EVERYTHING, runner.self },
        { ACE_ALLOW, 0, READ_CONTROL, sid_well_known(SID_OWNER_RIGHTS) },
        { ACE_ALLOW, 0, EVERYTHING, runner.logon },
    };
    uint8_t bytes[256];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0] - !runner.has_logon; i++)
        aclbuf_add(&list, &entries[i]);
    if (list.cut || !acl_read(&sd.dacl, bytes, list.bytes) ||
        !secdesc_write(&sd, out, cap, &size))
        return err_rule(err, "the desktop's list does not fit", NULL);
    return true;
}

static bool name_it(struct err *err)
{
    struct u16buf b = U16BUF(runner.desktop);
    uint8_t random[8] = { 0 };

    if (!pipe_random(random, sizeof random, err))
        return false;
    u16buf_addz(&b, u"ringfence-");
    for (size_t i = 0; i < sizeof random; i++)
        u16buf_add_hex(&b, random[i], 2);
    return true;
}

static HANDLE made;

static FARPROC look_up(const char *name)
{
    HMODULE user32 = dll_system(u"user32.dll");

    return user32 ? GetProcAddress(user32, name) : NULL;
}

bool runner_make_desktop(struct err *err)
{
    create_desktop create = (create_desktop)(void (*)(void))look_up("CreateDesktopW");
    uint8_t descriptor[512];
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = descriptor };

    if (!create || !look_up("CloseDesktop"))
        return err_rule(err, "there is no CreateDesktopW", NULL);
    if (!describe(descriptor, sizeof descriptor, err) || !name_it(err))
        return false;
    made = create(runner.desktop, NULL, NULL, 0, EVERYTHING, &attributes);
    if (made)
        return true; /* it lives as long as this process */
    err_win32(err, "CreateDesktopW", runner.desktop);
    runner.desktop[0] = 0;
    return false;
}

void runner_drop_desktop(void)
{
    close_desktop drop = (close_desktop)(void (*)(void))look_up("CloseDesktop");

    if (made && drop)
        drop(handle_take(&made));
    runner.desktop[0] = 0;
}
