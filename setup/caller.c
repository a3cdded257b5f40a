#include "caller.h"

#include "core/secdesc.h"
#include "win/dll.h"

#define SD_BYTES 1024u

typedef BOOL(WINAPI *get_server_pid)(HANDLE, PULONG);

/* The user of a process. */
static bool user_of(uint32_t pid, struct sid *sid, struct err *err)
{
    struct {
        TOKEN_USER head;
        uint8_t sid[SECURITY_MAX_SID_SIZE];
    } got;
    auto_handle HANDLE process =
        OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    auto_handle HANDLE token = NULL;
    ULONG needed = 0;
    NTSTATUS status = 0;

    if (!process)
        return err_win32(err, "OpenProcess", NULL);
    status = NtOpenProcessToken(process, TOKEN_QUERY, &token);
    if (NT_SUCCESS(status))
        status = NtQueryInformationToken(token, TokenUser, &got, sizeof got, &needed);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL);
    return sid_read(sid, got.head.User.Sid, SECURITY_MAX_SID_SIZE) ||
           err_rule(err, "the token's user is no SID", NULL);
}

static bool owner_of(HANDLE pipe, struct sid *sid, struct err *err)
{
    uint8_t bytes[SD_BYTES];
    struct secdesc sd;
    ULONG needed = 0;
    NTSTATUS status = NtQuerySecurityObject(pipe, OWNER_SECURITY_INFORMATION, bytes,
                                            sizeof bytes, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       NULL);
    if (!secdesc_read(&sd, bytes, sizeof bytes) || !sd.has_owner)
        return err_rule(err, "the pipe has no owner", NULL);
    *sid = sd.owner;
    return true;
}

/* Whether the pipe is served by that process, here, and is its user's. */
static bool is_served_by(HANDLE pipe, uint32_t pid, struct err *err)
{
    get_server_pid get = (get_server_pid)(void (*)(void))dll_loaded(
        u"kernel32.dll", "GetNamedPipeServerProcessId");
    ULONG server = 0;
    DWORD own = 0, its = 0;
    struct sid user, owner;

    if (!get)
        return err_rule(err, "this Windows does not tell who serves a pipe", NULL);
    if (!get(pipe, &server))
        return err_win32(err, "GetNamedPipeServerProcessId", NULL);
    if (server != pid)
        return err_rule(err, "the pipe is another process's", NULL);
    if (!ProcessIdToSessionId(GetCurrentProcessId(), &own) ||
        !ProcessIdToSessionId(pid, &its))
        return err_win32(err, "ProcessIdToSessionId", NULL);
    if (own != its)
        return err_rule(err, "the pipe is of another session", NULL);
    if (!user_of(pid, &user, err) || !owner_of(pipe, &owner, err))
        return false;
    return sid_eq(&user, &owner) || err_rule(err, "the pipe is another user's", NULL);
}

bool caller_connect(struct u16s name, uint32_t pid, HANDLE *pipe, struct err *err)
{
    char16_t path[64];
    struct u16buf b = U16BUF(path);
    auto_handle HANDLE h = NULL;

    if (!handover_is_name(name.at, name.len))
        return err_rule(err, "--caller is no PID and name", NULL);
    u16buf_addz(&b, HANDOVER_PIPE);
    u16buf_add(&b, name);
    h = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                    SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    if (h == INVALID_HANDLE_VALUE) {
        h = NULL;
        return err_win32(err, "CreateFileW", path);
    }
    if (!is_served_by(h, pid, err))
        return false;
    *pipe = handle_take(&h);
    return true;
}

bool caller_take_order(HANDLE pipe, struct handover_order *order, struct err *err)
{
    uint8_t bytes[HANDOVER_ORDER_BYTES];
    size_t have = 0;
    bool ok = true;

    password_wipe(order, sizeof *order);
    while (ok && have < sizeof bytes) {
        DWORD got = 0;

        ok = ReadFile(pipe, bytes + have, (DWORD)(sizeof bytes - have), &got, NULL) &&
             got > 0;
        have += got;
    }
    if (!ok)
        err_win32(err, "ReadFile", u"pipe");
    else if (!handover_parse_order(order, bytes, have))
        ok = err_rule(err, "the caller's order is not one", NULL);
    password_wipe(bytes, sizeof bytes);
    return ok;
}

void caller_answer(HANDLE pipe, uint32_t exit_code, struct u16s text)
{
    static char utf8[HANDOVER_TEXT_MAX];
    uint8_t head[HANDOVER_HEAD_BYTES];
    size_t bytes = u16s_to_utf8(text, utf8, sizeof utf8), sent = 0;
    DWORD done = 0;

    handover_format_answer(exit_code, (uint32_t)bytes, head);
    if (!WriteFile(pipe, head, sizeof head, &done, NULL) || done != sizeof head)
        return;
    while (sent < bytes &&
           WriteFile(pipe, utf8 + sent, (DWORD)(bytes - sent), &done, NULL) && done > 0)
        sent += done;
    FlushFileBuffers(pipe);
}
