#include "caller.h"

#include "account.h"
#include "win/dll.h"
#include "win/out.h"

#define LIMIT_MS 20000u
#define SAID_MAX (HANDOVER_TEXT_MAX / 2)

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

/* A fenced program orders no setup, whoever says yes to it. */
static bool is_no_sandbox(const struct sid *user, struct err *err)
{
    for (unsigned i = 0; i < ACCOUNT_COUNT; i++) {
        struct err none;
        struct sid sid;

        if (account_sid((enum account)i, &sid, &none) && sid_eq(user, &sid))
            return err_rule(err, "the caller is a sandbox account",
                            account_name((enum account)i));
    }
    return true;
}

/* Whether the pipe is served by that process, and it may order a setup.  Its user need
 * not be ours: an administrator may have typed another name for the elevation. */
static bool is_served_by(HANDLE pipe, uint32_t pid, struct err *err)
{
    get_server_pid get = (get_server_pid)(void (*)(void))dll_loaded(
        u"kernel32.dll", "GetNamedPipeServerProcessId");
    ULONG server = 0;
    DWORD own = 0, its = 0;
    struct sid user;

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
    return user_of(pid, &user, err) && is_no_sandbox(&user, err);
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
    h = CreateFileW(
        path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
        SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION | FILE_FLAG_OVERLAPPED, NULL);
    if (h == INVALID_HANDLE_VALUE) {
        h = NULL;
        return err_win32(err, "CreateFileW", path);
    }
    if (!is_served_by(h, pid, err))
        return false;
    *pipe = handle_take(&h);
    return true;
}

/* One read or write, for as long as it may take; *done is what came of it.  A caller that
 * neither reads nor writes must not hold an elevated process for ever. */
static bool transfer(HANDLE pipe, bool write, void *data, size_t bytes, DWORD *done,
                     struct err *err)
{
    auto_handle HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED io = { .hEvent = event };
    const char *call = write ? "WriteFile" : "ReadFile";
    BOOL ok = FALSE;

    *done = 0;
    if (!event)
        return err_win32(err, "CreateEventW", NULL);
    ok = write ? WriteFile(pipe, data, (DWORD)bytes, NULL, &io)
               : ReadFile(pipe, data, (DWORD)bytes, NULL, &io);
    if (!ok && GetLastError() != ERROR_IO_PENDING)
        return err_win32(err, call, u"pipe");
    if (WaitForSingleObject(event, LIMIT_MS) != WAIT_OBJECT_0)
        CancelIo(pipe);
    if (!GetOverlappedResult(pipe, &io, done, TRUE))
        return err_win32(err, call, u"pipe");
    return *done > 0 || err_set(err, ERR_WIN32, ERROR_BROKEN_PIPE, call, u"pipe");
}

bool caller_take_order(HANDLE pipe, struct handover_order *order, struct err *err)
{
    uint8_t bytes[HANDOVER_ORDER_BYTES];
    size_t have = 0;
    bool ok = true;

    password_wipe(order, sizeof *order);
    while (ok && have < sizeof bytes) {
        DWORD got = 0;

        ok = transfer(pipe, false, bytes + have, sizeof bytes - have, &got, err);
        have += got;
    }
    if (ok && !handover_parse_order(order, bytes, have))
        ok = err_rule(err, "the caller's order is not one", NULL);
    password_wipe(bytes, sizeof bytes);
    return ok;
}

/* The read ends of what is said for stdout and for stderr. */
static HANDLE said[2];

void caller_listen(void)
{
    static const DWORD which[] = { OUT_STDOUT, OUT_STDERR };

    for (size_t i = 0; i < 2; i++) {
        HANDLE write = NULL;

        /* All of it fits into the pipe's buffer: nobody reads before it is said. */
        if (!CreatePipe(&said[i], &write, NULL, SAID_MAX))
            said[i] = write = NULL;
        SetStdHandle(which[i], write);
    }
}

static size_t take_said(HANDLE from, char *to)
{
    DWORD there = 0, got = 0;
    size_t bytes = 0;

    while (from && PeekNamedPipe(from, NULL, 0, NULL, &there, NULL) && there &&
           bytes < SAID_MAX &&
           ReadFile(from, to + bytes, (DWORD)(SAID_MAX - bytes), &got, NULL))
        bytes += got;
    return bytes;
}

void caller_answer(HANDLE pipe, uint32_t exit_code)
{
    static char answer[HANDOVER_HEAD_BYTES + HANDOVER_TEXT_MAX];
    struct handover_answer head = { .exit_code = exit_code };
    char *text = answer + HANDOVER_HEAD_BYTES;
    size_t bytes = 0, sent = 0;
    DWORD done = 0;
    struct err err;

    head.text_bytes = (uint32_t)take_said(said[0], text);
    head.err_bytes = (uint32_t)take_said(said[1], text + head.text_bytes);
    head.text_bytes += head.err_bytes;
    handover_format_answer(&head, (uint8_t *)answer);
    bytes = HANDOVER_HEAD_BYTES + head.text_bytes;
    while (sent < bytes && transfer(pipe, true, answer + sent, bytes - sent, &done, &err))
        sent += done;
}
