/* SPDX-License-Identifier: MIT
 *
 * Claim: a guest's entries are on the session's objects exactly once, with what it takes
 * to come up and no more; a desktop is for the user and the guest alone.
 */
#include "win/station.h"

#include "core/fence.h"
#include "core/secdesc.h"
#include "win/dll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct station_guest guest;
static struct err err;
static uint8_t bytes[8192];

static int begin(void **state)
{
    (void)state;
    guest.account = sid_short(5, 2, 32, 4711);
    guest.runs = fence_station_sid(&guest.account);
    return 0;
}

/* Borrowed from bytes, until the next one is read. */
static struct acl list_of(HANDLE object)
{
    struct secdesc sd;
    ULONG needed = 0;

    assert_true(NT_SUCCESS(NtQuerySecurityObject(object, DACL_SECURITY_INFORMATION, bytes,
                                                 sizeof bytes, &needed)));
    assert_true(secdesc_read(&sd, bytes, sizeof bytes));
    return sd.dacl;
}

/* The mask of the only entry there is for a SID; 0 for none. */
static uint32_t mask_of(const struct acl *list, const struct sid *sid)
{
    struct ace ace = { 0 };
    uint32_t mask = 0;

    while (acl_next(list, &ace))
        if (ace.plain && sid_eq(&ace.sid, sid)) {
            assert_int_equal(ace.type, ACE_ALLOW);
            assert_int_equal(mask, 0);
            mask = ace.mask;
        }
    return mask;
}

static uint32_t mask_of_guest(HANDLE object)
{
    struct acl list = list_of(object);

    return mask_of(&list, &guest.account);
}

/* Where an object has no list (Wine's have none), everybody may do everything: as much is
 * written down, so that there is something to edit.  False when not even that is kept. */
static bool have_list(HANDLE object)
{
    const struct acl_entry everybody = { ACE_ALLOW, 0, 0xF037F, sid_everyone() };
    uint8_t list[64], sd_bytes[128];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    size_t size = 0;

    if (list_of(object).at)
        return true;
    aclbuf_add(&b, &everybody);
    sd.dacl = aclbuf_acl(&b);
    assert_true(secdesc_write(&sd, sd_bytes, sizeof sd_bytes, &size));
    return NT_SUCCESS(NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, sd_bytes)) &&
           list_of(object).at;
}

static void admit__twice__each_entry_is_there_once_and_the_others_stay(void **state)
{
    HANDLE station = OpenWindowStationW(u"WinSta0", FALSE, READ_CONTROL | WRITE_DAC);
    struct acl list;
    size_t before;

    (void)state;
    if (!have_list(station)) {
        print_message("SKIP the window station's list: it keeps none here\n");
        skip();
    }
    before = list_of(station).count - (mask_of_guest(station) ? 2u : 0u);
    for (int i = 0; i < 2; i++) {
        assert_true(station_admit(&guest, &err));
        list = list_of(station);
        assert_int_equal(list.count, before + 2);
        assert_int_equal(mask_of(&list, &guest.account), 0x2037F);
        assert_int_equal(mask_of(&list, &guest.runs), 0x20333);
    }
}

static bool in_session_0;

extern __typeof__(&ProcessIdToSessionId) __real___imp_ProcessIdToSessionId;
extern __typeof__(&ProcessIdToSessionId) __wrap___imp_ProcessIdToSessionId;

static BOOL WINAPI session_of(DWORD pid, DWORD *session)
{
    if (!in_session_0)
        return __real___imp_ProcessIdToSessionId(pid, session);
    *session = 0;
    return TRUE;
}
__typeof__(&ProcessIdToSessionId) __wrap___imp_ProcessIdToSessionId = session_of;

static NTSTATUS NTAPI refuse_directory(HANDLE *names, ACCESS_MASK access,
                                       OBJECT_ATTRIBUTES *at)
{
    (void)names, (void)access, (void)at;
    return (NTSTATUS)0xC0000022; /* STATUS_ACCESS_DENIED */
}

FARPROC __real_dll_loaded(const char16_t *module, const char *name);
FARPROC __wrap_dll_loaded(const char16_t *module, const char *name);
FARPROC __wrap_dll_loaded(const char16_t *module, const char *name)
{
    return in_session_0 && !strcmp(name, "NtOpenDirectoryObject")
               ? (FARPROC)(void (*)(void))refuse_directory
               : __real_dll_loaded(module, name);
}

/* Services' session, and before Windows Vista the first user's. */
static void admit__session_0__names_are_where_all_were_once(void **state)
{
    (void)state;
    in_session_0 = true;
    bool done = station_admit(&guest, &err);
    in_session_0 = false;
    assert_false(done);
    assert_string_equal(err.call, "NtOpenDirectoryObject");
    assert_true(u16s_is(u16s_of(err.object), "\\BaseNamedObjects"));
}

static HANDLE open_names(void)
{
    NTSTATUS(NTAPI * open)
    (HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *) =
        (NTSTATUS(NTAPI *)(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *))(
            void (*)(void))dll_loaded(u"ntdll.dll", "NtOpenDirectoryObject");
    char16_t text[64];
    struct u16buf b = U16BUF(text);
    UNICODE_STRING name = { .Buffer = text, .MaximumLength = sizeof text };
    OBJECT_ATTRIBUTES at = { .Length = sizeof at, .ObjectName = &name };
    HANDLE names = NULL;
    DWORD session = 0;

    assert_true(ProcessIdToSessionId(GetCurrentProcessId(), &session));
    if (session) {
        u16buf_addz(&b, u"\\Sessions\\");
        u16buf_add_dec(&b, session);
    }
    u16buf_addz(&b, u"\\BaseNamedObjects");
    name.Length = (USHORT)(b.len * sizeof(char16_t));
    assert_true(NT_SUCCESS(open(&names, READ_CONTROL | WRITE_DAC, &at)));
    return names;
}

static void admit__named_objects__may_be_made(void **state)
{
    HANDLE names = open_names();
    struct acl list;

    (void)state;
    if (!have_list(names)) {
        print_message("SKIP the named objects' list: they keep none here\n");
        skip();
    }
    assert_true(station_admit(&guest, &err));
    list = list_of(names);
    CloseHandle(names);
    assert_int_equal(mask_of(&list, &guest.account), 0xF);
    assert_int_equal(mask_of(&list, &guest.runs), 0xF);
}

static void desktop__made__is_the_users_and_the_guests_and_can_be_opened(void **state)
{
    const struct sid user = sid_short(5, 2, 32, 1001),
                     system = sid_well_known(SID_SYSTEM);
    const struct sid owner = sid_well_known(SID_OWNER_RIGHTS);
    char16_t name[STATION_NAME_CAP];
    HANDLE desktop = NULL, again = NULL;
    struct acl list;

    (void)state;
    assert_true(station_name_desktop(name, &err));
    assert_true(station_make_desktop(name, &user, &guest, &desktop, &err));
    assert_true(station_open_desktop(name, &again, &err));
    list = list_of(desktop);
    if (list.at) {
        assert_int_equal(list.count, 5);
        assert_int_equal(mask_of(&list, &user), 0xF01FF);
        assert_int_equal(mask_of(&list, &system), 0xF01FF);
        assert_int_equal(mask_of(&list, &owner), READ_CONTROL);
        assert_int_equal(mask_of(&list, &guest.account), 0x201FF);
        assert_int_equal(mask_of(&list, &guest.runs), 0x201FF);
    } else {
        print_message("SKIP the desktop's list: it was not kept\n");
    }
    station_close_desktop(again);
    station_close_desktop(desktop);
    assert_false(station_open_desktop(name, &again, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(admit__twice__each_entry_is_there_once_and_the_others_stay,
                               begin),
        cmocka_unit_test_setup(admit__session_0__names_are_where_all_were_once, begin),
        cmocka_unit_test_setup(admit__named_objects__may_be_made, begin),
        cmocka_unit_test_setup(
            desktop__made__is_the_users_and_the_guests_and_can_be_opened, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
