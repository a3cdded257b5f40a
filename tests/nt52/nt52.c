/* SPDX-License-Identifier: MIT
 *
 * A Windows Server 2003 between a program and the system under it, as far as the program
 * can tell: linked into the programs by --wrap (tests/nt52.mk), never into what is
 * shipped. What is newer is not found, and what is found refuses what came later.  A name
 * that is looked up and not known here is taken for a newer one: who adds a lookup says
 * here what Windows has had it since, or lives without it.
 */
#include "nt52.h"

#define NOT_KNOWN ((NTSTATUS)0xC0000003) /* STATUS_INVALID_INFO_CLASS */
#define INVALID   ((NTSTATUS)0xC000000D) /* STATUS_INVALID_PARAMETER */
#define LABEL     ((SECURITY_INFORMATION)LABEL_SECURITY_INFORMATION)

#define LAST_TOKEN_CLASS 17      /* TokenOrigin, the last one of Server 2003's winnt.h */
#define LAST_FILE_CLASS  40      /* FileShortNameInformation, of its ntifs.h */
#define LAST_JOB_CLASS   11      /* JobObjectGroupInformation; no nesting, no net rate */
#define LIMITED          0x1000u /* PROCESS_QUERY_LIMITED_INFORMATION */

/* Name by name: `Minimum supported server: Windows Server 2003` or older, in Microsoft's
 * documentation of the function. */
static const char *const functions[] = {
    /* advapi32 */
    "AdjustTokenPrivileges", "CloseServiceHandle", "CreateProcessAsUserW",
    "CreateProcessWithLogonW", "CreateRestrictedToken", "DuplicateTokenEx",
    "GetTokenInformation", "ImpersonateAnonymousToken", "ImpersonateNamedPipeClient",
    "LogonUserW", "LookupAccountNameW", "LookupAccountSidW", "LsaAddAccountRights",
    "LsaClose", "LsaEnumerateAccountRights", "LsaFreeMemory", "LsaOpenPolicy",
    "LsaRemoveAccountRights", "OpenSCManagerW", "OpenServiceW", "QueryServiceConfigW",
    "RegCloseKey", "RegCreateKeyExW", "RegDeleteKeyW", "RegDeleteValueW", "RegFlushKey",
    "RegOpenKeyExW", "RegQueryInfoKeyW", "RegQueryValueExW", "RegSetValueExW",
    "RevertToSelf", "SetThreadToken", "SystemFunction036",
    /* kernel32, ntdll; wine_get_version so that nobody takes this for a Windows */
    "CreateRemoteThread", "GetConsoleWindow", "NtOpenDirectoryObject", "NtQueryObject",
    "OpenProcess", "RtlGetVersion", "RtlNtStatusToDosError", "SetDllDirectoryW", "Sleep",
    "TerminateProcess", "VirtualAllocEx", "WriteProcessMemory", "wine_get_version",
    /* user32 */
    "CloseClipboard", "CloseDesktop", "CloseWindowStation", "CreateDesktopW",
    "CreateWindowExW", "FindWindowExW", "GetMessageW", "GetProcessWindowStation",
    "GetUserObjectInformationW", "OpenClipboard", "OpenDesktopW", "OpenWindowStationW",
    "PostMessageW",
    /* the others */
    "CoCreateInstance", "CoInitializeEx", "CryptProtectData", "CryptUnprotectData",
    "DeleteProfileW", "DnsQuery_W", "GetBestInterfaceEx", "GetIfEntry", "GetTcpTable",
    "GetUserProfileDirectoryW", "IcmpCreateFile", "IcmpSendEcho", "NetApiBufferFree",
    "NetLocalGroupAdd", "NetLocalGroupAddMembers", "NetLocalGroupDel",
    "NetLocalGroupDelMembers", "NetLocalGroupGetInfo", "NetLocalGroupGetMembers",
    "NetUserAdd", "NetUserDel", "NetUserGetInfo", "NetUserSetInfo", "ShellExecuteExW",
    "SysAllocString", "SysFreeString", "VariantClear", "WSAGetLastError", "WSAStartup",
    "WSAStringToAddressW", "WTSEnumerateProcessesW", "WTSFreeMemory", "WinHttpConnect",
    "WinHttpOpen", "WinHttpOpenRequest", "WinHttpSendRequest", "WinHttpSetOption",
    "WinHttpSetTimeouts", "accept", "bind", "closesocket", "connect", "getsockname",
    "getsockopt", "ioctlsocket", "listen", "recv", "select", "send", "sendto",
    "setsockopt", "socket"
};
static const char16_t *const libraries[] = {
    u"advapi32.dll", u"crypt32.dll",  u"dnsapi.dll",  u"iphlpapi.dll", u"netapi32.dll",
    u"ole32.dll",    u"oleaut32.dll", u"shell32.dll", u"user32.dll",   u"userenv.dll",
    u"winhttp.dll",  u"ws2_32.dll",   u"wtsapi32.dll"
};

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static BOOL refuse(DWORD code)
{
    SetLastError(code);
    return FALSE;
}

DECLARE(GetProcAddress);
DECLARE(GetModuleHandleW);
DECLARE(LoadLibraryExW);
DECLARE(NtQueryInformationToken);
DECLARE(NtSetInformationToken);
DECLARE(NtSetInformationFile);
DECLARE(AssignProcessToJobObject);
DECLARE(SetInformationJobObject);
DECLARE(CreateNamedPipeW);
DECLARE(CreateProcessW);
DECLARE(OpenProcess);
DECLARE(SetPriorityClass);

/* What the program looks up and gets, with a word of its own. */

static BOOL(WINAPI *create_restricted_token)(HANDLE, DWORD, DWORD, PSID_AND_ATTRIBUTES,
                                             DWORD, PLUID_AND_ATTRIBUTES, DWORD,
                                             PSID_AND_ATTRIBUTES, PHANDLE);
static BOOL(WINAPI *duplicate_token)(HANDLE, DWORD, LPSECURITY_ATTRIBUTES,
                                     SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE, PHANDLE);
static BOOL(WINAPI *create_process_as_user)(HANDLE, LPCWSTR, LPWSTR,
                                            LPSECURITY_ATTRIBUTES, LPSECURITY_ATTRIBUTES,
                                            BOOL, DWORD, LPVOID, LPCWSTR, LPSTARTUPINFOW,
                                            LPPROCESS_INFORMATION);

/* A token is one process's, and CreateProcessAsUserW makes no copy of it. */
static HANDLE used[64];
static size_t used_next;

static bool is_used(HANDLE token)
{
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        if (used[i] == token)
            return true;
    return false;
}

/* The handle is of another token now. */
static void is_new(HANDLE token)
{
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        if (used[i] == token)
            used[i] = NULL;
}

/* LUA_TOKEN and WRITE_RESTRICTED as we know them: `not supported` there; but what is
 * under test goes on to find a value that is taken, 4; and none with NT52_PLAIN. */
static BOOL WINAPI my_create_restricted_token(
    HANDLE base, DWORD flags, DWORD disable_count, PSID_AND_ATTRIBUTES disable,
    DWORD delete_count, PLUID_AND_ATTRIBUTES delete, DWORD count,
    PSID_AND_ATTRIBUTES restrict_to, PHANDLE out)
{
    bool plain = GetEnvironmentVariableW(u"NT52_PLAIN", NULL, 0) != 0;

    if (flags & ~(plain ? 3u : 7u))
        return refuse(ERROR_INVALID_PARAMETER);
    if (!create_restricted_token(base, flags & ~4u, disable_count, disable, delete_count,
                                 delete, count, restrict_to, out))
        return FALSE;
    is_new(*out);
    if (fence_is_on())
        fence_made(*out, count, restrict_to);
    return TRUE;
}

static BOOL WINAPI my_duplicate_token(HANDLE token, DWORD access,
                                      LPSECURITY_ATTRIBUTES security,
                                      SECURITY_IMPERSONATION_LEVEL level, TOKEN_TYPE type,
                                      PHANDLE out)
{
    if (!duplicate_token(token, access, security, level, type, out))
        return FALSE;
    is_new(*out);
    if (fence_is_on())
        fence_copied(token, *out);
    return TRUE;
}

static BOOL WINAPI my_create_process_as_user(HANDLE token, LPCWSTR program, LPWSTR line,
                                             LPSECURITY_ATTRIBUTES process,
                                             LPSECURITY_ATTRIBUTES thread, BOOL inherit,
                                             DWORD flags, LPVOID environment, LPCWSTR cwd,
                                             LPSTARTUPINFOW si, LPPROCESS_INFORMATION pi)
{
    if (flags & EXTENDED_STARTUPINFO_PRESENT || si->cb != sizeof *si)
        return refuse(ERROR_INVALID_PARAMETER);
    if (is_used(token))
        return refuse(ERROR_TOKEN_ALREADY_IN_USE);
    used[used_next++ % (sizeof used / sizeof used[0])] = token;
    if (fence_is_on()) {
        environment = fence_environment(token, environment);
        flags |= CREATE_UNICODE_ENVIRONMENT;
    }
    return create_process_as_user(token, program, line, process, thread, inherit, flags,
                                  environment, cwd, si, pi);
}

static NTSTATUS NTAPI my_rtl_get_version(RTL_OSVERSIONINFOEXW *v)
{
    if (v->dwOSVersionInfoSize < sizeof(RTL_OSVERSIONINFOW))
        return INVALID;
    v->dwMajorVersion = 5;
    v->dwMinorVersion = 2;
    v->dwBuildNumber = 3790;
    v->dwPlatformId = VER_PLATFORM_WIN32_NT;
    v->szCSDVersion[0] = 0;
    if (v->dwOSVersionInfoSize >= sizeof *v)
        v->wProductType = VER_NT_WORKSTATION;
    return 0;
}

static FARPROC stand_in(const char *name, FARPROC found)
{
    if (same(name, "CreateRestrictedToken")) {
        create_restricted_token =
            (__typeof__(create_restricted_token))(void (*)(void))found;
        return (FARPROC)(void (*)(void))my_create_restricted_token;
    }
    if (same(name, "CreateProcessAsUserW")) {
        create_process_as_user =
            (__typeof__(create_process_as_user))(void (*)(void))found;
        return (FARPROC)(void (*)(void))my_create_process_as_user;
    }
    if (same(name, "DuplicateTokenEx")) {
        duplicate_token = (__typeof__(duplicate_token))(void (*)(void))found;
        return (FARPROC)(void (*)(void))my_duplicate_token;
    }
    if (same(name, "RtlGetVersion"))
        return (FARPROC)(void (*)(void))my_rtl_get_version;
    return found;
}

static FARPROC WINAPI my_GetProcAddress(HMODULE module, LPCSTR name)
{
    FARPROC found = __real___imp_GetProcAddress(module, name);

    for (size_t i = 0; found && i < sizeof functions / sizeof functions[0]; i++)
        if (same(functions[i], name))
            return stand_in(name, found);
    refuse(ERROR_PROC_NOT_FOUND);
    return NULL;
}
STANDS_FOR(GetProcAddress);

static HMODULE WINAPI my_GetModuleHandleW(LPCWSTR name)
{
    if (name && u16s_ieq(u16s_of(name), U16S("kernelbase.dll"))) {
        refuse(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return __real___imp_GetModuleHandleW(name);
}
STANDS_FOR(GetModuleHandleW);

static HMODULE WINAPI my_LoadLibraryExW(LPCWSTR path, HANDLE file, DWORD flags)
{
    struct u16s s = u16s_of(path);

    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (u16s_iends(s, u16s_of(libraries[i])) &&
            !(flags & ~(DWORD)LOAD_WITH_ALTERED_SEARCH_PATH))
            return __real___imp_LoadLibraryExW(path, file, flags);
    refuse(flags & ~(DWORD)LOAD_WITH_ALTERED_SEARCH_PATH ? ERROR_INVALID_PARAMETER
                                                         : ERROR_MOD_NOT_FOUND);
    return NULL;
}
STANDS_FOR(LoadLibraryExW);

/* The native calls. */

static NTSTATUS NTAPI my_NtQueryInformationToken(HANDLE token,
                                                 TOKEN_INFORMATION_CLASS what, void *data,
                                                 ULONG bytes, ULONG *needed)
{
    if (what == TokenRestrictedSids && fence_is_on())
        return fence_restricting(token, data, bytes, needed);
    return (int)what > LAST_TOKEN_CLASS
               ? NOT_KNOWN
               : __real___imp_NtQueryInformationToken(token, what, data, bytes, needed);
}
STANDS_FOR(NtQueryInformationToken);

static NTSTATUS NTAPI my_NtSetInformationToken(HANDLE token, TOKEN_INFORMATION_CLASS what,
                                               void *data, ULONG bytes)
{
    return (int)what > LAST_TOKEN_CLASS
               ? NOT_KNOWN
               : __real___imp_NtSetInformationToken(token, what, data, bytes);
}
STANDS_FOR(NtSetInformationToken);

static NTSTATUS NTAPI my_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io,
                                                void *data, ULONG bytes,
                                                FILE_INFORMATION_CLASS what)
{
    return (int)what > LAST_FILE_CLASS
               ? NOT_KNOWN
               : __real___imp_NtQueryInformationFile(file, io, data, bytes, what);
}
STANDS_FOR(NtQueryInformationFile);

static NTSTATUS NTAPI my_NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK *io,
                                              void *data, ULONG bytes,
                                              FILE_INFORMATION_CLASS what)
{
    return (int)what > LAST_FILE_CLASS
               ? NOT_KNOWN
               : __real___imp_NtSetInformationFile(file, io, data, bytes, what);
}
STANDS_FOR(NtSetInformationFile);

static NTSTATUS NTAPI my_NtQuerySecurityObject(HANDLE object, SECURITY_INFORMATION what,
                                               void *data, ULONG bytes, ULONG *needed)
{
    NTSTATUS status = INVALID;

    if (what & LABEL || fence_query(object, what, data, bytes, needed, &status))
        return status;
    return __real___imp_NtQuerySecurityObject(object, what, data, bytes, needed);
}
STANDS_FOR(NtQuerySecurityObject);

static NTSTATUS NTAPI my_NtSetSecurityObject(HANDLE object, SECURITY_INFORMATION what,
                                             void *descriptor)
{
    NTSTATUS status = INVALID;

    if (what & LABEL || fence_set(object, what, descriptor, &status))
        return status;
    return __real___imp_NtSetSecurityObject(object, what, descriptor);
}
STANDS_FOR(NtSetSecurityObject);

/* And kernel32. */

static BOOL WINAPI my_AssignProcessToJobObject(HANDLE job, HANDLE process)
{
    BOOL is_in = FALSE;

    if (IsProcessInJob(process, NULL, &is_in) && is_in)
        return refuse(ERROR_ACCESS_DENIED);
    return __real___imp_AssignProcessToJobObject(job, process);
}
STANDS_FOR(AssignProcessToJobObject);

static BOOL WINAPI my_SetInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS what,
                                              LPVOID data, DWORD bytes)
{
    if ((int)what > LAST_JOB_CLASS)
        return refuse(ERROR_INVALID_PARAMETER);
    return __real___imp_SetInformationJobObject(job, what, data, bytes);
}
STANDS_FOR(SetInformationJobObject);

static HANDLE WINAPI my_CreateNamedPipeW(LPCWSTR name, DWORD open, DWORD kind,
                                         DWORD count, DWORD out, DWORD in, DWORD wait,
                                         LPSECURITY_ATTRIBUTES security)
{
    if (kind & PIPE_REJECT_REMOTE_CLIENTS) {
        refuse(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return __real___imp_CreateNamedPipeW(name, open, kind, count, out, in, wait,
                                         security);
}
STANDS_FOR(CreateNamedPipeW);

static BOOL WINAPI my_CreateProcessW(LPCWSTR program, LPWSTR line,
                                     LPSECURITY_ATTRIBUTES process,
                                     LPSECURITY_ATTRIBUTES thread, BOOL inherit,
                                     DWORD flags, LPVOID environment, LPCWSTR cwd,
                                     LPSTARTUPINFOW si, LPPROCESS_INFORMATION pi)
{
    if (flags & EXTENDED_STARTUPINFO_PRESENT)
        return refuse(ERROR_INVALID_PARAMETER);
    return __real___imp_CreateProcessW(program, line, process, thread, inherit, flags,
                                       environment, cwd, si, pi);
}
STANDS_FOR(CreateProcessW);

static HANDLE WINAPI my_OpenProcess(DWORD access, BOOL inherit, DWORD pid)
{
    if (access & LIMITED) {
        refuse(ERROR_ACCESS_DENIED); /* a right that no list gives */
        return NULL;
    }
    return __real___imp_OpenProcess(access, inherit, pid);
}
STANDS_FOR(OpenProcess);

static BOOL WINAPI my_SetPriorityClass(HANDLE process, DWORD class)
{
    if (class == PROCESS_MODE_BACKGROUND_BEGIN || class == PROCESS_MODE_BACKGROUND_END)
        return refuse(ERROR_INVALID_PARAMETER);
    return __real___imp_SetPriorityClass(process, class);
}
STANDS_FOR(SetPriorityClass);
