#include "core/exitcode.h"
#include "core/secdesc.h"
#include "runner.h"
#include "win/dll.h"

#define EVERYTHING 0xF01FFu /* DESKTOP_ALL_ACCESS, and the standard rights */
#define TRIAL_MS   15000u

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

/* Whether a child under a token like any other's comes up there and gets its windows'
 * library: one that does not dies with 0xC0000142, and so would every command. */
static bool try_it(struct err *err)
{
    static char16_t line[] = u"ringfence-runner --trial";
    char16_t *block = GetEnvironmentStringsW();
    struct runner_child child = { 0 };
    struct wire_started started;
    struct wire_start start = {
        .flags = WIRE_START_UNPROVEN | WIRE_START_DETACHED,
        .program = u16s_of(runner.path),
        .line = u16s_of(line),
        .cwd = u16s_of(runner.system),
        .environment = { block, 0 }, /* its length is the frame's business */
    };
    DWORD code = ERROR_TIMEOUT;
    bool ok = block && runner_start(&start, &child, &started, err) &&
              WaitForSingleObject(child.process, TRIAL_MS) == WAIT_OBJECT_0 &&
              GetExitCodeProcess(child.process, &code) && code == EXIT_OK;

    runner_child_close(&child);
    return ok || err_set(err, ERR_WIN32, code, "CreateDesktopW", runner.desktop);
}

bool runner_make_desktop(struct err *err)
{
    HMODULE user32 = dll_system(u"user32.dll");
    create_desktop create =
        user32 ? (create_desktop)(void (*)(void))GetProcAddress(user32, "CreateDesktopW")
               : NULL;
    close_desktop drop =
        user32 ? (close_desktop)(void (*)(void))GetProcAddress(user32, "CloseDesktop")
               : NULL;
    uint8_t descriptor[512];
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = descriptor };
    HANDLE made = NULL;

    if (!create || !drop)
        return err_rule(err, "there is no CreateDesktopW", NULL);
    if (!describe(descriptor, sizeof descriptor, err) || !name_it(err))
        return false;
    made = create(runner.desktop, NULL, NULL, 0, EVERYTHING, &attributes);
    if (!made)
        err_win32(err, "CreateDesktopW", runner.desktop);
    else if (try_it(err))
        return true; /* it lives as long as this process */
    else
        drop(made);
    runner.desktop[0] = 0;
    return false;
}

uint32_t runner_trial_main(void)
{
    return dll_system(u"user32.dll") ? EXIT_OK : EXIT_RINGFENCE;
}
