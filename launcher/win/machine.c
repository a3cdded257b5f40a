#include "win/machine.h"

#include "win/dll.h"
#include "win/registry.h"

#define VALUE_PARTIAL 2 /* KeyValuePartialInformation, wdm.h */

typedef NTSTATUS(NTAPI *rtl_get_version)(RTL_OSVERSIONINFOW *);

static bool read_version(RTL_OSVERSIONINFOW *os)
{
    rtl_get_version get =
        (rtl_get_version)(void (*)(void))dll_loaded(u"ntdll.dll", "RtlGetVersion");

    os->dwOSVersionInfoSize = sizeof *os;
    return get && NT_SUCCESS(get(os));
}

bool machine_is_before_vista(void)
{
    RTL_OSVERSIONINFOW os;

    return read_version(&os) && os.dwMajorVersion < 6;
}

static uint32_t read_revision(void)
{
    struct {
        ULONG title_index, type, bytes, number;
    } value;
    auto_handle HANDLE key = registry_open(
        REGISTRY_MACHINE, u"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion");
    UNICODE_STRING name;
    ULONG needed = 0;

    if (!key)
        return 0;
    RtlInitUnicodeString(&name, u"UBR");
    if (!NT_SUCCESS(
            NtQueryValueKey(key, &name, VALUE_PARTIAL, &value, sizeof value, &needed)) ||
        value.type != REG_DWORD || value.bytes != sizeof value.number)
        return 0;
    return value.number;
}

bool machine_key(uint8_t key[PROOF_KEY_BYTES])
{
    dll_wine_get_version wine = (dll_wine_get_version)(void (*)(void))dll_loaded(
        u"ntdll.dll", "wine_get_version");
    struct proof_machine machine = { .bits = 8 * sizeof(void *),
                                     .version = RINGFENCE_VERSION };
    RTL_OSVERSIONINFOW os;
    const char *text = wine ? wine() : "";

    if (!read_version(&os))
        return false;
    machine.major = os.dwMajorVersion;
    machine.minor = os.dwMinorVersion;
    machine.build = os.dwBuildNumber;
    machine.revision = read_revision();
    for (size_t i = 0; i < sizeof machine.wine && text[i]; i++)
        machine.wine[i] = text[i];
    proof_key(&machine, key);
    return true;
}

bool machine_is_services(void)
{
    DWORD session = 0;

    return ProcessIdToSessionId(GetCurrentProcessId(), &session) && session == 0;
}
