#include "win/pipe.h"

#include "core/secdesc.h"
#include "win/dll.h"
#include "win/token.h"

#define BUFFER_BYTES 65536u
#define NETWORK_SID  2u /* S-1-5-2: who came through the network */
#define ALL          FILE_ALL_ACCESS

/* A client reads, writes and looks; making an instance (4, which for a file is appending)
 * is not among it. */
#define CLIENT                                                                           \
    (FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES |   \
     READ_CONTROL | SYNCHRONIZE)

#define TOO_SMALL ((NTSTATUS)0xC0000023) /* STATUS_BUFFER_TOO_SMALL */

/* ntifs.h; NOLINTNEXTLINE(readability-identifier-naming): the name is the system's. */
NTSYSAPI NTSTATUS NTAPI NtOpenThreadToken(HANDLE thread, ACCESS_MASK access,
                                          BOOLEAN as_self, HANDLE *token);

typedef BOOLEAN(WINAPI *gen_random)(void *, ULONG);
typedef BOOL(WINAPI *impersonate_client)(HANDLE);
typedef BOOL(WINAPI *revert_to_self)(void);
typedef BOOL(WINAPI *server_process_id)(HANDLE, ULONG *);

bool pipe_random(uint8_t *out, size_t bytes, struct err *err)
{
    HMODULE advapi = dll_system(u"advapi32.dll");
    gen_random make =
        advapi ? (gen_random)(void (*)(void))GetProcAddress(advapi, "SystemFunction036")
               : NULL;

    if (!make || !make(out, (ULONG)bytes))
        return err_rule(err, "the system gives no random bytes", NULL);
    return true;
}

void pipe_name(const uint8_t name[WIRE_NAME_BYTES], char16_t out[PIPE_NAME_CAP])
{
    struct u16buf b = u16buf_init(out, PIPE_NAME_CAP);

    u16buf_addz(&b, u"\\\\.\\pipe\\ringfence-");
    for (size_t i = 0; i < WIRE_NAME_BYTES; i++)
        u16buf_add_hex(&b, name[i], 2);
}

/* A pipe's descriptor, self-relative. */
struct descriptor {
    uint8_t bytes[512];
};

/* The list of pipe_serve.  open: also for our own account, while the instances are made.
 */
static bool describe(struct descriptor *out, const struct sid *user,
                     const struct sid *self, bool open, struct err *err)
{
    const struct acl_entry entries[] = {
        { ACE_DENY, 0, ALL, sid_short(5, 1, NETWORK_SID, 0) },
        { ACE_ALLOW, 0, CLIENT, *user },
        { ACE_ALLOW, 0, ALL, sid_well_known(SID_SYSTEM) },
        { ACE_ALLOW, 0, READ_CONTROL, sid_well_known(SID_OWNER_RIGHTS) },
        { ACE_ALLOW, 0, ALL, *self },
    };
    uint8_t bytes[sizeof out->bytes];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED,
                          .has_owner = true, /* else an administrator's is a group */
                          .owner = *self };
    size_t size = 0;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0] - (open ? 0 : 1); i++)
        aclbuf_add(&list, &entries[i]);
    if (list.cut || !acl_read(&sd.dacl, bytes, list.bytes) ||
        !secdesc_write(&sd, out->bytes, sizeof out->bytes, &size))
        return err_rule(err, "the pipe's list does not fit", NULL);
    return true;
}

static bool make_event(struct pipe_end *end, struct err *err)
{
    end->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return end->event || err_win32(err, "CreateEventW", NULL);
}

static bool make_instance(const char16_t *name, bool first, size_t count,
                          struct descriptor *security, HANDLE *out, struct err *err)
{
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = security->bytes };
    DWORD mode = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | WRITE_DAC |
                 (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0);
    DWORD kind = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT;
    HANDLE h = CreateNamedPipeW(name, mode, kind | PIPE_REJECT_REMOTE_CLIENTS,
                                (DWORD)count, BUFFER_BYTES, BUFFER_BYTES, 0, &attributes);

    /* Before Windows Vista the flag is unknown; the list keeps the network out. */
    if (h == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_PARAMETER)
        h = CreateNamedPipeW(name, mode, kind, (DWORD)count, BUFFER_BYTES, BUFFER_BYTES,
                             0, &attributes);
    if (h == INVALID_HANDLE_VALUE)
        return err_win32(err, "CreateNamedPipeW", name);
    *out = h;
    return true;
}

/* Takes our own account off the list again: the instances are all there. */
static bool close_list(struct pipe_end *end, const struct sid *user,
                       const struct sid *self, struct err *err)
{
    struct descriptor closed;
    NTSTATUS status;

    if (!describe(&closed, user, self, false, err))
        return false;
    status = NtSetSecurityObject(end->pipe, DACL_SECURITY_INFORMATION, closed.bytes);
    return NT_SUCCESS(status) || err_set(err, ERR_NTSTATUS, (uint32_t)status,
                                         "NtSetSecurityObject", u"the runner's pipe");
}

bool pipe_serve(const char16_t *name, const struct sid *user, struct pipe_end *ends,
                size_t count, struct err *err)
{
    struct descriptor open;
    struct sid self;
    bool ok = token_user_sid(&self, err) && describe(&open, user, &self, true, err);

    for (size_t i = 0; i < count; i++)
        ends[i] = (struct pipe_end){ 0 };
    for (size_t i = 0; ok && i < count; i++)
        ok = make_instance(name, i == 0, count, &open, &ends[i].pipe, err) &&
             make_event(&ends[i], err);
    for (size_t i = 0; ok && i < count; i++)
        ok = close_list(&ends[i], user, &self, err);
    for (size_t i = 0; !ok && i < count; i++)
        pipe_close(&ends[i]);
    return ok;
}

enum pipe_accepted pipe_accept(struct pipe_end *end, HANDLE stop, struct err *err)
{
    OVERLAPPED io = { .hEvent = end->event };
    HANDLE either[] = { end->event, stop };
    DWORD unused = 0, code = 0;

    if (ConnectNamedPipe(end->pipe, &io))
        return PIPE_CLIENT;
    code = GetLastError();
    if (code == ERROR_PIPE_CONNECTED)
        return PIPE_CLIENT;
    if (code == ERROR_IO_PENDING) {
        if (WaitForMultipleObjects(2, either, FALSE, INFINITE) == WAIT_OBJECT_0 + 1) {
            CancelIo(end->pipe);
            GetOverlappedResult(end->pipe, &io, &unused, TRUE);
            return PIPE_STOPPED;
        }
        if (GetOverlappedResult(end->pipe, &io, &unused, TRUE))
            return PIPE_CLIENT;
        code = GetLastError();
    }
    /* ERROR_NO_DATA: it was there and has gone again. */
    return err_set(err, ERR_WIN32, code, "ConnectNamedPipe", NULL), PIPE_FAILED;
}

/* What the thread's token says of the client: its user, and whether it is in a fence. */
static bool read_client(HANDLE token, struct sid *user, bool *fenced)
{
    union {
        TOKEN_USER user;
        TOKEN_GROUPS groups;
        BYTE bytes[8192];
    } got;
    ULONG needed = 0;
    NTSTATUS status;

    /* Wine knows no such question; a list too long to read is one. */
    status =
        NtQueryInformationToken(token, TokenRestrictedSids, &got, sizeof got, &needed);
    *fenced = NT_SUCCESS(status) ? got.groups.GroupCount > 0 : status == TOO_SMALL;
    return NT_SUCCESS(
               NtQueryInformationToken(token, TokenUser, &got, sizeof got, &needed)) &&
           sid_read(user, got.user.User.Sid, SECURITY_MAX_SID_SIZE);
}

bool pipe_check_client(const struct pipe_end *end, const struct sid *user,
                       struct err *err)
{
    impersonate_client impersonate =
        (impersonate_client)(void (*)(void))dll_security("ImpersonateNamedPipeClient");
    revert_to_self revert = (revert_to_self)(void (*)(void))dll_security("RevertToSelf");
    auto_handle HANDLE token = NULL;
    struct sid client;
    bool fenced = true, known = false;

    if (!impersonate || !revert)
        return err_rule(err, "ImpersonateNamedPipeClient is missing", NULL);
    if (!impersonate(end->pipe))
        return err_win32(err, "ImpersonateNamedPipeClient", NULL);
    /* As ourselves: the token of an identified client is not to be opened as it. */
    if (!NT_SUCCESS(NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)))
        token = NULL;
    if (!revert())
        ExitProcess(ERROR_CANNOT_IMPERSONATE);
    known = token && read_client(token, &client, &fenced);
    if (!known)
        return err_rule(err, "nobody knows who the pipe's client is", NULL);
    if (!sid_eq(&client, user) || fenced)
        return err_rule(err,
                        fenced ? "the pipe's client is inside a fence"
                               : "the pipe's client is another user",
                        NULL);
    return true;
}

void pipe_hang_up(struct pipe_end *end)
{
    DisconnectNamedPipe(end->pipe);
}

bool pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end, struct err *err)
{
    DWORD began = GetTickCount(), code = 0;
    struct pipe_end made = { 0 };

    for (;;) {
        DWORD passed = GetTickCount() - began;
        HANDLE h = CreateFileW(
            name, CLIENT, 0, NULL, OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);

        if (h != INVALID_HANDLE_VALUE) {
            made.pipe = h;
            break;
        }
        code = GetLastError();
        if (code != ERROR_PIPE_BUSY || passed >= ms)
            return err_set(err, ERR_WIN32, code, "CreateFileW", name);
        /* It fails at once when the last instance goes away: then so does the next open.
         */
        WaitNamedPipeW(name, ms - passed ? ms - passed : 1);
    }
    if (!make_event(&made, err)) {
        pipe_close(&made);
        return false;
    }
    *end = made;
    return true;
}

bool pipe_check_server(const struct pipe_end *end, DWORD pid, const struct sid *owner,
                       struct err *err)
{
    server_process_id ask = (server_process_id)(void (*)(void))dll_loaded(
        u"kernel32.dll", "GetNamedPipeServerProcessId");
    uint8_t bytes[SECDESC_HEAD_BYTES + SECURITY_MAX_SID_SIZE];
    struct secdesc sd;
    ULONG needed = 0, served_by = 0;
    NTSTATUS status = NtQuerySecurityObject(end->pipe, OWNER_SECURITY_INFORMATION, bytes,
                                            sizeof bytes, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       u"the runner's pipe");
    if (!secdesc_read(&sd, bytes, sizeof bytes) || !sd.has_owner ||
        !sid_eq(&sd.owner, owner))
        return err_rule(err, "another account has taken the runner's pipe", NULL);
    if (!ask)
        return true;
    if (!ask(end->pipe, &served_by))
        return err_win32(err, "GetNamedPipeServerProcessId", NULL);
    return served_by == pid ||
           err_rule(err, "another process has taken the runner's pipe", NULL);
}

bool pipe_pair(struct pipe_end *read, HANDLE *write, struct err *err)
{
    SECURITY_ATTRIBUTES inherited = { .nLength = sizeof inherited,
                                      .bInheritHandle = TRUE };
    char16_t name[PIPE_NAME_CAP];
    uint8_t random[WIRE_NAME_BYTES] = { 0 };
    struct pipe_end made = { 0 };
    HANDLE h = NULL;

    if (!pipe_random(random, sizeof random, err) || !make_event(&made, err))
        return false;
    pipe_name(random, name);
    h = CreateNamedPipeW(
        name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_WAIT, 1, 0, BUFFER_BYTES, 0, NULL);
    if (h != INVALID_HANDLE_VALUE) {
        made.pipe = h;
        h = CreateFileW(name, GENERIC_WRITE, 0, &inherited, OPEN_EXISTING, 0, NULL);
    }
    if (h == INVALID_HANDLE_VALUE) {
        err_win32(err, "CreateNamedPipeW", name);
        pipe_close(&made);
        return false;
    }
    *read = made;
    *write = h;
    return true;
}

void pipe_close(struct pipe_end *end)
{
    handle_close_p(&end->pipe);
    handle_close_p(&end->event);
    *end = (struct pipe_end){ 0 };
}

/* Waits for what was begun; false, with *code, when it failed or ms are over. */
static bool finish(struct pipe_end *end, OVERLAPPED *io, DWORD ms, DWORD *done,
                   DWORD *code)
{
    bool late = WaitForSingleObject(end->event, ms) != WAIT_OBJECT_0;

    if (late)
        CancelIo(end->pipe); /* it may be done all the same: then it counts */
    if (GetOverlappedResult(end->pipe, io, done, TRUE))
        return true;
    *code = late ? WAIT_TIMEOUT : GetLastError();
    return false;
}

struct span {
    uint8_t *at;
    size_t bytes;
    bool out;
};

/* All the bytes before ms from `began` on are over. */
static bool transfer(struct pipe_end *end, struct span s, DWORD began, DWORD ms,
                     struct err *err)
{
    const char *call = s.out ? "WriteFile" : "ReadFile";

    while (s.bytes) {
        OVERLAPPED io = { .hEvent = end->event };
        DWORD passed = GetTickCount() - began, part = (DWORD)s.bytes, done = 0, code = 0;
        BOOL begun = s.out ? WriteFile(end->pipe, s.at, part, NULL, &io)
                           : ReadFile(end->pipe, s.at, part, NULL, &io);

        if (!begun && GetLastError() != ERROR_IO_PENDING)
            return err_win32(err, call, u"the runner's pipe");
        if (!finish(end, &io, passed < ms ? ms - passed : 0, &done, &code))
            return err_set(err, ERR_WIN32, code, call, u"the runner's pipe");
        if (done == 0) /* a pipe gives no empty reads but at its end */
            return err_set(err, ERR_WIN32, ERROR_BROKEN_PIPE, call, u"the runner's pipe");
        s.at += done;
        s.bytes -= done;
    }
    return true;
}

bool pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                  struct err *err)
{
    uint8_t head[WIRE_HEAD_BYTES];
    struct span rest = { .at = frame->at };
    DWORD began = GetTickCount();
    enum wire_kind kind;

    if (!transfer(end, (struct span){ .at = head, .bytes = sizeof head }, began, ms,
                  err) ||
        !wire_head_read(head, &kind, &rest.bytes, err))
        return false;
    if (rest.bytes > frame->cap)
        return err_rule(err, "the frame is not one to be expected here", NULL);
    if (!transfer(end, rest, began, ms, err))
        return false;
    frame->kind = kind;
    frame->bytes = rest.bytes;
    return true;
}

bool pipe_send(struct pipe_end *end, DWORD ms, const uint8_t *frame, size_t bytes,
               struct err *err)
{
    if (bytes == 0)
        return err_rule(err, "a text is too long for the runner, or is none", NULL);
    return transfer(end,
                    (struct span){ .at = (uint8_t *)frame, .bytes = bytes, .out = true },
                    GetTickCount(), ms, err);
}
