#include "remote/remote_open.h"

#include "core/exitcode.h"
#include "core/logon.h"
#include "runner/guard.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/statefile.h"
#include "win/station.h"
#include "win/token.h"

#define FRAME_MS     10000u   /* for a frame that needs no work */
#define CONNECT_MS   30000u   /* while all its instances are taken */
#define READY_MS     120000u  /* for a runner: a profile to be made, trials that hang */
#define LOCK_TRIES   26u      /* of 5 seconds: somebody else is starting one */
#define WITH_PROFILE 1u       /* LOGON_WITH_PROFILE: the account's secrets and settings */
#define HANDLE_LIST  0x20002u /* PROC_THREAD_ATTRIBUTE_HANDLE_LIST, Windows Vista */

typedef BOOL(WINAPI *logon_process)(LPCWSTR, LPCWSTR, LPCWSTR, DWORD, LPCWSTR, LPWSTR,
                                    DWORD, LPVOID, LPCWSTR, LPSTARTUPINFOW,
                                    LPPROCESS_INFORMATION);
typedef BOOL(WINAPI *init_list)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD, PSIZE_T);
typedef BOOL(WINAPI *update_list)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD_PTR, PVOID,
                                  SIZE_T, PVOID, PSIZE_T);

/* One command a process: large, and not for the stack. */
uint8_t remote_frame[WIRE_FRAME_MAX];
static char16_t note_path[STATEFILE_PATH_CAP];
static char16_t program_path[WIN_PATH_CAP];
static char16_t line[WIN_PATH_CAP + SID_TEXT_CAP + 64];

void remote_close(struct remote *r)
{
    pipe_close(&r->end);
    handle_close_p(&r->process);
    r->process = NULL;
}

static bool name_files(const struct remote_request *q, struct err *err)
{
    struct u16buf note = U16BUF(note_path), program = U16BUF(program_path);

    u16buf_add(&note, q->data);
    u16buf_addz(&note, u"\\runner-");
    u16buf_addz(&note, q->account.name ? q->account.name : u"own");
    u16buf_addz(&note, u".txt");
    u16buf_add(&program, q->install);
    u16buf_addz(&program, u"\\ringfence-runner.exe");
    if (note.cut || program.cut || q->install.len == 0)
        return err_rule(err, "the runner has no place", NULL);
    return true;
}

static uint64_t created_at(HANDLE process)
{
    FILETIME created = { 0 }, unused;

    if (!GetProcessTimes(process, &created, &unused, &unused, &unused))
        return 0;
    return (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
}

/* The process a note names, if it still is that one. */
static bool find_process(const struct wire_note *note, HANDLE *process)
{
    auto_handle HANDLE h = OpenProcess(
        PROCESS_DUP_HANDLE | PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, note->pid);

    if (!h || WaitForSingleObject(h, 0) == WAIT_OBJECT_0 ||
        created_at(h) != note->created)
        return false;
    *process = handle_take(&h);
    return true;
}

bool remote_receive(struct remote *r, DWORD ms, enum wire_kind expected, size_t *bytes,
                    bool *refused, struct err *err)
{
    struct pipe_frame got = { .at = remote_frame, .cap = sizeof remote_frame };

    if (!pipe_receive(&r->end, ms, &got, err))
        return false;
    *bytes = got.bytes;
    if (got.kind == expected)
        return true;
    if (got.kind != WIRE_ERROR || !wire_error_read(&r->said, got.at, got.bytes))
        return err_rule(err, "the runner's answer is not one", NULL);
    wire_error_give(&r->said, err);
    if (refused)
        *refused = true;
    return false;
}

enum met { MET_RUNNER, MET_NOBODY, MET_STRANGER };

/* Connects to the runner of a note, and looks who it is on both counts before a word is
 * said. */
static enum met meet(struct remote *r, const struct wire_note *note, struct err *err)
{
    char16_t name[PIPE_NAME_CAP];
    size_t bytes = 0;

    pipe_name(note->name, name);
    if (!r->process && !find_process(note, &r->process))
        return err_rule(err, "the runner is gone", NULL), MET_NOBODY;
    if (!pipe_connect(name, CONNECT_MS, &r->end, err)) {
        remote_close(r);
        return MET_NOBODY;
    }
    if (!pipe_check_server(&r->end, note->pid, &r->owner, err)) {
        remote_close(r);
        return MET_STRANGER;
    }
    if (!remote_receive(r, FRAME_MS, WIRE_HELLO, &bytes, NULL, err) ||
        !wire_hello_read(&r->hello, remote_frame, bytes)) {
        remote_close(r);
        return MET_NOBODY;
    }
    if (sid_eq(&r->hello.account, &r->owner) && r->hello.pid == note->pid)
        return MET_RUNNER;
    remote_close(r);
    err_rule(err, "the runner is not the one it says", NULL);
    return MET_STRANGER;
}

static bool read_note(struct wire_note *note)
{
    char text[WIRE_NOTE_BYTES + 1];
    size_t bytes = 0;
    struct err unused;

    return file_read(note_path, text, sizeof text, &bytes, &unused) == FILE_READ_DONE &&
           wire_note_read(note, text, bytes);
}

bool remote_note(const struct remote_request *request, struct wire_note *note)
{
    struct err unused;

    return name_files(request, &unused) && read_note(note);
}

/* "ringfence-runner.exe --user SID", which is who may ask; desktop "" is none. */
static bool write_line(const struct remote *r, const char16_t *desktop, struct err *err)
{
    struct u16buf b = U16BUF(line);

    u16buf_addc(&b, u'"');
    u16buf_addz(&b, program_path);
    u16buf_addz(&b, u"\" --user ");
    sid_format(&r->user, &b);
    if (r->request->idle_ms) {
        u16buf_addz(&b, u" --idle-ms ");
        u16buf_add_dec(&b, r->request->idle_ms);
    }
    if (desktop[0]) {
        u16buf_addz(&b, u" --desktop ");
        u16buf_addz(&b, desktop);
    }
    return !b.cut || err_rule(err, "the runner's path is too long", program_path);
}

/* What a runner is started with. */
struct starting {
    const char16_t *name, *password; /* NULL: our own account */
    HANDLE out;                      /* its standard output */
    const char16_t *environment;     /* of our own account's; NULL: our own */
    char16_t cwd[MAX_PATH + 1];
};

/* Our own account's runner: it inherits its stdout and nothing else, or whoever waits for
 * the end of ours would wait for the runner's. */
static bool create_direct(const struct starting *s, DWORD flags, PROCESS_INFORMATION *pi)
{
    init_list init = (init_list)(void (*)(void))dll_loaded(
        u"kernel32.dll", "InitializeProcThreadAttributeList");
    update_list update = (update_list)(void (*)(void))dll_loaded(
        u"kernel32.dll", "UpdateProcThreadAttribute");
    _Alignas(16) uint8_t room[256];
    SIZE_T bytes = sizeof room;
    HANDLE out = s->out;
    STARTUPINFOEXW si = { .StartupInfo = { .cb = sizeof si,
                                           .dwFlags = STARTF_USESTDHANDLES,
                                           .hStdOutput = out } };

    si.lpAttributeList = (LPPROC_THREAD_ATTRIBUTE_LIST)(void *)room;
    if (!init || !update) {
        SetLastError(ERROR_PROC_NOT_FOUND);
        return false;
    }
    return init(si.lpAttributeList, 1, 0, &bytes) &&
           update(si.lpAttributeList, 0, HANDLE_LIST, &out, sizeof out, NULL, NULL) &&
           CreateProcessW(program_path, line, NULL, NULL, TRUE,
                          flags | EXTENDED_STARTUPINFO_PRESENT |
                              CREATE_UNICODE_ENVIRONMENT,
                          (void *)s->environment, s->cwd, &si.StartupInfo, pi);
}

static bool create_as(const struct starting *s, DWORD flags, PROCESS_INFORMATION *pi)
{
    HMODULE advapi = dll_system(u"advapi32.dll");
    logon_process create = advapi ? (logon_process)(void (*)(void))GetProcAddress(
                                        advapi, "CreateProcessWithLogonW")
                                  : NULL;
    STARTUPINFOW si = { .cb = sizeof si,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdOutput = s->out };

    if (!create) {
        SetLastError(ERROR_PROC_NOT_FOUND);
        return false;
    }
    return create(s->name, u".", s->password, WITH_PROFILE, program_path, line, flags,
                  NULL, s->cwd, &si, pi);
}

/* Starts it, not running yet.  It leaves our job where that lets it, for it is to serve
 * others after us (the launcher's does; where somebody's around that does not, whoever
 * ends that job ends the runner and all it has started), and needs no console; what
 * CreateProcessWithLogonW takes of that is not the same everywhere.  MS: Process Creation
 * Flags; CreateProcessWithLogonW. */
static bool create_runner(const struct starting *s, PROCESS_INFORMATION *pi,
                          struct err *err)
{
    static const DWORD flags[] = { DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB,
                                   DETACHED_PROCESS, CREATE_NO_WINDOW };
    const char *remedy = NULL;
    DWORD code = 0;

    if (s->name && u16_len(line) >= LOGON_LINE_CAP) {
        err_rule(err, "CreateProcessWithLogonW takes no more than 1,023 characters",
                 program_path);
        return err_hint(err, "put Ringfence where its path is shorter");
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (s->name ? create_as(s, flags[i] | CREATE_SUSPENDED, pi)
                    : create_direct(s, flags[i] | CREATE_SUSPENDED, pi))
            return true;
        code = GetLastError();
        if (code != ERROR_ACCESS_DENIED && code != ERROR_INVALID_PARAMETER)
            break;
    }
    err_set(err, ERR_WIN32, code ? code : ERROR_GEN_FAILURE,
            s->name ? "CreateProcessWithLogonW" : "CreateProcessW",
            s->name ? s->name : program_path);
    remedy = s->name ? logon_remedy(err->code) : NULL;
    return remedy ? err_hint(err, remedy) : false;
}

/* With the account's password, which is there for no longer than the call that wants it.
 */
static bool create_with_password(const struct remote_request *q, HANDLE out,
                                 PROCESS_INFORMATION *pi, struct err *err)
{
    struct starting s = { .name = q->account.name,
                          .out = out,
                          .environment = q->environment.at };
    UINT len = GetSystemDirectoryW(s.cwd, MAX_PATH);
    bool ok = false;

    if (len == 0 || len >= MAX_PATH)
        return err_win32(err, "GetSystemDirectoryW", NULL);
    if (!s.name)
        return create_runner(&s, pi, err);
    s.password = q->account.open_password(q, err);
    ok = s.password && create_runner(&s, pi, err);
    q->account.wipe_password();
    return ok;
}

/* Guards a runner that has not run yet, lets it run, and hears where it listens. */
static bool raise_runner(struct remote *r, const PROCESS_INFORMATION *pi,
                         struct pipe_end *from, struct wire_ready *ready, struct err *err)
{
    uint8_t payload[WIRE_SMALL_MAX];
    struct pipe_frame got = { .at = payload, .cap = sizeof payload };
    struct guard guard;

    /* What it shows itself is what counts later: where this fails, it says so. */
    if (guard_init(&guard, &r->user, err)) {
        (void)!guard_set(&guard, pi->hProcess, err);
        (void)!guard_set(&guard, pi->hThread, err);
    }
    if (ResumeThread(pi->hThread) == (DWORD)-1)
        return err_win32(err, "ResumeThread", program_path);
    if (!pipe_receive(from, READY_MS, &got, err))
        return err_rule(err, "the runner ended before it was ready", program_path);
    if (got.kind == WIRE_READY && wire_ready_read(ready, got.at, got.bytes))
        return true;
    if (got.kind != WIRE_ERROR || !wire_error_read(&r->said, got.at, got.bytes))
        return err_rule(err, "the runner does not say where it listens", program_path);
    wire_error_give(&r->said, err);
    return false;
}

/* What the runner's children stand on; the account itself may not make desktops.  The
 * user's own entries are not ours to edit: our own account's runner is not let in.  What
 * fails here shows in the runner's trials. */
static HANDLE make_place(const struct remote *r, char16_t name[STATION_NAME_CAP])
{
    const struct station_guest guest = { r->owner, fence_station_sid(&r->owner) };
    HANDLE desktop = NULL;
    struct err unused;

    if (!sid_eq(&r->owner, &r->user))
        (void)!station_admit(&guest, &unused);
    if (!station_name_desktop(name, &unused) ||
        !station_make_desktop(name, &r->user, &guest, &desktop, &unused))
        name[0] = 0;
    return desktop;
}

/* Starts it with what its end of the note needs, and hears where it listens. */
static bool start_process(struct remote *r, PROCESS_INFORMATION *pi,
                          struct wire_ready *ready, struct err *err)
{
    char16_t desktop[STATION_NAME_CAP];
    HANDLE place = make_place(r, desktop);
    struct pipe_end from = { 0 };
    auto_handle HANDLE out = NULL;
    bool ok = write_line(r, desktop, err) && pipe_pair(&from, &out, err) &&
              create_with_password(r->request, out, pi, err);

    handle_close_p(&out); /* so that its end is seen */
    out = NULL;
    if (ok) {
        ok = raise_runner(r, pi, &from, ready, err);
        if (!ok)
            TerminateProcess(pi->hProcess, EXIT_RINGFENCE);
        CloseHandle(pi->hThread);
    }
    pipe_close(&from);
    station_close_desktop(place); /* the runner is on it by now */
    return ok;
}

/* Starts a runner and writes the note.  Under the lock of the note. */
static bool start_runner(struct remote *r, struct wire_note *note, struct err *err)
{
    PROCESS_INFORMATION pi = { 0 };
    struct wire_ready ready = { 0 };
    char text[WIRE_NOTE_BYTES];

    if (!start_process(r, &pi, &ready, err)) {
        handle_close_p(&pi.hProcess);
        return false;
    }
    r->process = pi.hProcess;
    *note =
        (struct wire_note){ .pid = pi.dwProcessId, .created = created_at(r->process) };
    for (size_t i = 0; i < sizeof note->name; i++)
        note->name[i] = ready.name[i];
    wire_note_write(note, text);
    return statefile_replace(note_path, text, sizeof text, err);
}

/* A stranger at the runner's pipe is an error and no reason to go on; the note that leads
 * to it is taken away, so that the next command starts a runner of its own. */
static bool give_up(struct err *err)
{
    DeleteFileW(note_path);
    return err_hint(err, "again: the next command starts a new runner");
}

static bool lock_note(const struct remote_request *q, HANDLE *lock, struct err *err)
{
    char16_t dir[STATEFILE_PATH_CAP];
    struct u16buf b = U16BUF(dir);

    u16buf_add(&b, q->data);
    if (b.cut || !file_make_dirs(dir, err))
        return false;
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (statefile_lock(note_path, lock, err))
            return true;
        if (err->code != ERROR_SHARING_VIOLATION)
            return false;
    }
    return false;
}

/* Under the lock: the runner that somebody else started while we waited, or ours. */
static enum met meet_or_start(struct remote *r, struct err *err)
{
    auto_handle HANDLE lock = NULL;
    struct wire_note note;
    enum met met = MET_NOBODY;

    if (!lock_note(r->request, &lock, err))
        return MET_NOBODY;
    if (read_note(&note))
        met = meet(r, &note, err);
    if (met != MET_NOBODY)
        return met;
    if (start_runner(r, &note, err))
        return meet(r, &note, err);
    remote_close(r);
    return MET_NOBODY;
}

bool remote_open(struct remote *remote, const struct remote_request *request,
                 struct err *err)
{
    struct wire_note note;
    enum met met = MET_NOBODY;

    remote->request = request;
    if (!name_files(request, err) || !token_user_sid(&remote->user, err))
        return false;
    remote->owner = request->account.name ? request->account.sid : remote->user;
    if (read_note(&note))
        met = meet(remote, &note, err);
    if (met == MET_NOBODY)
        met = meet_or_start(remote, err);
    return met == MET_STRANGER ? give_up(err) : met == MET_RUNNER;
}

bool remote_send(struct remote *r, size_t bytes, struct err *err)
{
    return pipe_send(&r->end, FRAME_MS, remote_frame, bytes, err);
}
