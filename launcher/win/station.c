#include "win/station.h"

#include "core/secdesc.h"
#include "win/dll.h"
#include "win/pipe.h"

#define LIST_MAX  4096u
#define USER_NAME 2 /* UOI_NAME */

/* winuser.h; each with READ_CONTROL, without which whoever attaches hangs. */
#define STATION_ALL    0x2037Fu
#define STATION_ATTACH (STATION_ALL & ~0x4Cu) /* no clipboard, no desktops, no exit */
#define DESKTOP_USE    0x201FFu
#define DESKTOP_OWN    0xF01FFu

/* DIRECTORY_QUERY | TRAVERSE | CREATE_OBJECT | CREATE_SUBDIRECTORY, ntifs.h: what the
 * logon SID has there. */
#define NAMES_MAKE 0xFu

typedef HANDLE(WINAPI *get_station)(void);
typedef HANDLE(WINAPI *create_desktop)(LPCWSTR, LPCWSTR, void *, DWORD, DWORD,
                                       LPSECURITY_ATTRIBUTES);
typedef HANDLE(WINAPI *open_desktop)(LPCWSTR, DWORD, BOOL, DWORD);
typedef BOOL(WINAPI *close_user)(HANDLE);
typedef BOOL(WINAPI *get_user_name)(HANDLE, int, void *, DWORD, DWORD *);
typedef HANDLE(WINAPI *open_by_name)(LPCWSTR, BOOL, DWORD);
typedef NTSTATUS(NTAPI *open_directory)(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);

static FARPROC user32(const char *name)
{
    HMODULE dll = dll_system(u"user32.dll");

    return dll ? GetProcAddress(dll, name) : NULL;
}

/* Both descriptors, and the list that goes from one into the other. */
struct lists {
    uint8_t shown[LIST_MAX];
    uint8_t list[LIST_MAX];
    uint8_t made[LIST_MAX + 256];
};

enum admitted { ADMITTED_ALREADY, ADMITTED_NEWLY, ADMITTED_NOT };

/* The list in l->shown with the guest's entries, as a descriptor in l->made. */
static enum admitted add_guest(struct lists *l, const struct station_guest *guest,
                               uint32_t account_mask, uint32_t runs_mask)
{
    const struct acl_ours ours = { .sid = &guest->account, .also = &guest->runs };
    const struct acl_entry want[] = { { ACE_ALLOW, 0, account_mask, guest->account },
                                      { ACE_ALLOW, 0, runs_mask, guest->runs } };
    struct aclbuf out = aclbuf_init(l->list, sizeof l->list);
    struct secdesc sd;
    size_t size = 0;

    if (!secdesc_read(&sd, l->shown, sizeof l->shown))
        return ADMITTED_NOT;
    if (!sd.dacl.at)
        return ADMITTED_ALREADY; /* no list: everybody has every right */
    switch (acl_edit(&sd.dacl, &ours, want, 2, &out)) {
    case ACL_SAME:
        return ADMITTED_ALREADY;
    case ACL_TOO_BIG:
        return ADMITTED_NOT;
    case ACL_CHANGED:
        break;
    }
    sd = (struct secdesc){ .control = sd.control | SECDESC_DACL_PRESENT,
                           .dacl = aclbuf_acl(&out) };
    return secdesc_write(&sd, l->made, sizeof l->made, &size) ? ADMITTED_NEWLY
                                                              : ADMITTED_NOT;
}

/* Opened for READ_CONTROL and WRITE_DAC.  A window station's handle is one of the
 * kernel's like any other: user32's own calls for its list do just this. */
static bool admit(HANDLE object, const char16_t *name, const struct station_guest *guest,
                  const uint32_t masks[2], struct err *err)
{
    static struct lists l;
    ULONG needed = 0;
    NTSTATUS status = NtQuerySecurityObject(object, DACL_SECURITY_INFORMATION, l.shown,
                                            sizeof l.shown, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       name);
    switch (add_guest(&l, guest, masks[0], masks[1])) {
    case ADMITTED_ALREADY:
        return true;
    case ADMITTED_NOT:
        return err_rule(err, "the list cannot be edited", name);
    case ADMITTED_NEWLY:
        break;
    }
    status = NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, l.made);
    return NT_SUCCESS(status) ||
           err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtSetSecurityObject", name);
}

static bool open_names(HANDLE *names, struct err *err)
{
    open_directory open =
        (open_directory)(void (*)(void))dll_loaded(u"ntdll.dll", "NtOpenDirectoryObject");
    char16_t text[64];
    struct u16buf b = U16BUF(text);
    UNICODE_STRING name = { .Buffer = text, .MaximumLength = sizeof text };
    OBJECT_ATTRIBUTES at = { .Length = sizeof at, .ObjectName = &name };
    DWORD session = 0;
    NTSTATUS status = 0;

    if (!open)
        return err_rule(err, "there is no NtOpenDirectoryObject", NULL);
    if (!ProcessIdToSessionId(GetCurrentProcessId(), &session))
        return err_win32(err, "ProcessIdToSessionId", NULL);
    if (session) { /* 0 has them where all were before there were sessions */
        u16buf_addz(&b, u"\\Sessions\\");
        u16buf_add_dec(&b, session);
    }
    u16buf_addz(&b, u"\\BaseNamedObjects");
    name.Length = (USHORT)(b.len * sizeof(char16_t));
    status = open(names, READ_CONTROL | WRITE_DAC, &at);
    return NT_SUCCESS(status) ||
           err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenDirectoryObject", text);
}

/* Our window station, opened anew: the handle that every process has may lack the rights.
 */
static HANDLE open_station(struct err *err)
{
    get_station get = (get_station)(void (*)(void))user32("GetProcessWindowStation");
    get_user_name name_of =
        (get_user_name)(void (*)(void))user32("GetUserObjectInformationW");
    open_by_name open = (open_by_name)(void (*)(void))user32("OpenWindowStationW");
    HANDLE own = get ? get() : NULL, station = NULL;
    char16_t name[64] = u"";

    if (!own || !name_of || !open) {
        err_rule(err, "there is no window station", NULL);
        return NULL;
    }
    if (!name_of(own, USER_NAME, name, sizeof name, NULL)) {
        err_win32(err, "GetUserObjectInformationW", NULL);
        return NULL;
    }
    station = open(name, FALSE, READ_CONTROL | WRITE_DAC);
    if (!station)
        err_win32(err, "OpenWindowStationW", name);
    return station;
}

static bool admit_to_station(const struct station_guest *guest, struct err *err)
{
    static const uint32_t masks[2] = { STATION_ALL, STATION_ATTACH };
    close_user close = (close_user)(void (*)(void))user32("CloseWindowStation");
    HANDLE station = open_station(err);
    bool ok = station && admit(station, u"the window station", guest, masks, err);

    if (station && close)
        close(station);
    return ok;
}

static bool admit_to_names(const struct station_guest *guest, struct err *err)
{
    static const uint32_t masks[2] = { NAMES_MAKE, NAMES_MAKE };
    auto_handle HANDLE names = NULL;

    return open_names(&names, err) &&
           admit(names, u"the session's named objects", guest, masks, err);
}

bool station_admit(const struct station_guest *guest, struct err *err)
{
    return admit_to_station(guest, err) && admit_to_names(guest, err);
}

/* The owner of a desktop could write its list: the account makes some itself. */
static bool describe(const struct sid *user, const struct station_guest *guest,
                     uint8_t *out, size_t cap, struct err *err)
{
    const struct acl_entry entries[] = {
        { ACE_ALLOW, 0, DESKTOP_OWN, sid_well_known(SID_SYSTEM) },
        { ACE_ALLOW, 0, DESKTOP_OWN, *user },
        { ACE_ALLOW, 0, READ_CONTROL, sid_well_known(SID_OWNER_RIGHTS) },
        { ACE_ALLOW, 0, DESKTOP_USE, guest->account },
        { ACE_ALLOW, 0, DESKTOP_USE, guest->runs },
    };
    uint8_t bytes[256];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        aclbuf_add(&list, &entries[i]);
    if (list.cut || !acl_read(&sd.dacl, bytes, list.bytes) ||
        !secdesc_write(&sd, out, cap, &size))
        return err_rule(err, "the desktop's list does not fit", NULL);
    return true;
}

bool station_make_desktop(const char16_t *name, const struct sid *user,
                          const struct station_guest *guest, HANDLE *desktop,
                          struct err *err)
{
    create_desktop create = (create_desktop)(void (*)(void))user32("CreateDesktopW");
    uint8_t descriptor[512];
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = descriptor };
    HANDLE made = NULL;

    if (!create)
        return err_rule(err, "there is no CreateDesktopW", NULL);
    if (!describe(user, guest, descriptor, sizeof descriptor, err))
        return false;
    made = create(name, NULL, NULL, 0, DESKTOP_USE, &attributes);
    if (!made)
        return err_win32(err, "CreateDesktopW", name);
    *desktop = made;
    return true;
}

bool station_open_desktop(const char16_t *name, HANDLE *desktop, struct err *err)
{
    open_desktop open = (open_desktop)(void (*)(void))user32("OpenDesktopW");
    HANDLE opened = open ? open(name, 0, FALSE, DESKTOP_USE) : NULL;

    if (!opened)
        return err_win32(err, "OpenDesktopW", name);
    *desktop = opened;
    return true;
}

void station_close_desktop(HANDLE desktop)
{
    close_user drop = (close_user)(void (*)(void))user32("CloseDesktop");

    if (desktop && drop)
        drop(desktop);
}

bool station_name_desktop(char16_t name[STATION_NAME_CAP], struct err *err)
{
    struct u16buf b = u16buf_init(name, STATION_NAME_CAP);
    uint8_t random[8] = { 0 };

    if (!pipe_random(random, sizeof random, err))
        return false;
    u16buf_addz(&b, u"ringfence-");
    for (size_t i = 0; i < sizeof random; i++)
        u16buf_add_hex(&b, random[i], 2);
    return true;
}
