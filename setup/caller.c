#include "caller.h"

#include "account.h"
#include "privilege.h"
#include "win/dll.h"
#include "win/out.h"

#define LIMIT_MS 20000u
#define SAID_MAX (HANDOVER_TEXT_MAX / 2)

#define NOT_IMPLEMENTED 0xC0000002u /* STATUS_NOT_IMPLEMENTED */

typedef BOOL(WINAPI *get_server_pid)(HANDLE, PULONG);

/* Room for what a token tells: the largest ones hold 1,015 SIDs. */
union answer {
    TOKEN_USER user;
    TOKEN_GROUPS groups;
    BYTE bytes[1u << 17];
};

/* Opens the token of a process.  An administrator who typed his name for another user's
 * elevation is in that one's lists only where it has put him (launcher/identify.h); the
 * privilege opens the process whatever its list says, but no token. */
static bool open_token(uint32_t pid, HANDLE *token, struct err *err)
{
    auto_handle HANDLE process = NULL;
    struct err ignored;
    NTSTATUS status = 0;

    (void)!privilege_enable_debug(&ignored); /* it may open without */
    process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (!process)
        return err_win32(err, "OpenProcess", u"the caller");
    status = NtOpenProcessToken(process, TOKEN_QUERY, token);
    return NT_SUCCESS(status) || err_set(err, ERR_NTSTATUS, (uint32_t)status,
                                         "NtOpenProcessToken", u"the caller");
}

static bool query(HANDLE token, TOKEN_INFORMATION_CLASS what, union answer *answer,
                  NTSTATUS *status, struct err *err)
{
    ULONG needed = 0;

    *status = NtQueryInformationToken(token, what, answer, sizeof *answer, &needed);
    return NT_SUCCESS(*status) || err_set(err, ERR_NTSTATUS, (uint32_t)*status,
                                          "NtQueryInformationToken", u"the caller");
}

static bool read_sid(const union answer *answer, PSID at, struct sid *sid)
{
    const BYTE *p = at;

    return p >= answer->bytes && p < answer->bytes + sizeof answer->bytes &&
           sid_read(sid, p, (size_t)(answer->bytes + sizeof answer->bytes - p));
}

/* A sandbox account orders no setup, whoever says yes to it. */
static bool is_no_sandbox(HANDLE token, struct err *err)
{
    static union answer answer;
    NTSTATUS status = 0;
    struct sid user;

    if (!query(token, TokenUser, &answer, &status, err))
        return false;
    if (!read_sid(&answer, answer.user.User.Sid, &user))
        return err_rule(err, "the token's user is no SID", NULL);
    for (unsigned i = 0; i < ACCOUNT_COUNT; i++) {
        struct err none;
        struct sid sid;

        if (account_sid((enum account)i, &sid, &none) && sid_eq(&user, &sid))
            return err_rule(err, "the caller is a sandbox account",
                            account_name((enum account)i));
    }
    return true;
}

/* Nor does a fenced program of the user's own: what restricts its token says so. */
static bool is_not_fenced(HANDLE token, struct err *err)
{
    static union answer answer;
    NTSTATUS status = 0;

    if (!query(token, TokenRestrictedSids, &answer, &status, err))
        return (uint32_t)status == NOT_IMPLEMENTED; /* Wine: no token is restricted */
    for (DWORD i = 0; i < answer.groups.GroupCount; i++) {
        struct sid sid;

        if (!read_sid(&answer, answer.groups.Groups[i].Sid, &sid))
            return err_rule(err, "the token's restricting SIDs are none", NULL);
        if (sid_is_ours(&sid))
            return err_rule(err, "the caller is a fenced program", NULL);
    }
    return true;
}

static bool may_order(uint32_t pid, struct err *err)
{
    auto_handle HANDLE token = NULL;

    return open_token(pid, &token, err) && is_no_sandbox(token, err) &&
           is_not_fenced(token, err);
}

/* Whether the pipe is served by that process, and it may order a setup.  Its user need
 * not be ours: an administrator may have typed another name for the elevation. */
static bool is_served_by(HANDLE pipe, uint32_t pid, struct err *err)
{
    get_server_pid get = (get_server_pid)(void (*)(void))dll_loaded(
        u"kernel32.dll", "GetNamedPipeServerProcessId");
    ULONG server = 0;
    DWORD own = 0, its = 0;

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
    return may_order(pid, err);
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
