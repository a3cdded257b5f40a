#include "elevate.h"

#include "core/secdesc.h"
#include "identify.h"
#include "win/dll.h"
#include "win/runas.h"
#include "win/secret.h"
#include "win/token.h"

#define CONNECT_MS  60000u
#define WORK_MS     900000u
#define EXIT_MS     30000u
#define NAME_BYTES  (HANDOVER_NAME_LEN / 2)
#define NETWORK_SID 2u /* S-1-5-2: who came through the network */
#define CLIENT      (RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_WRITE)

typedef BOOL(WINAPI *client_process_id)(HANDLE, ULONG *);

/* One run of the other program. */
struct link {
    HANDLE pipe, event, process, stop;
    char16_t name[sizeof HANDOVER_PIPE / sizeof(char16_t) + HANDOVER_NAME_LEN];
    bool ended; /* the process, before it could do all that was expected of it */
};

static bool describe(uint8_t *out, size_t cap, struct err *err)
{
    struct acl_entry entries[] = {
        { ACE_DENY, 0, RIGHT_FILE_ALL, sid_short(5, 1, NETWORK_SID, 0) },
        { ACE_ALLOW, 0, CLIENT, sid_well_known(SID_SYSTEM) },
        { ACE_ALLOW, 0, CLIENT, sid_well_known(SID_ADMINISTRATORS) },
        { .type = ACE_ALLOW, .mask = CLIENT },
    };
    const size_t count = sizeof entries / sizeof entries[0];
    uint8_t bytes[256];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    if (!token_user_sid(&entries[count - 1].sid, err))
        return false;
    for (size_t i = 0; i < count; i++)
        aclbuf_add(&list, &entries[i]);
    return (!list.cut && acl_read(&sd.dacl, bytes, list.bytes) &&
            secdesc_write(&sd, out, cap, &size)) ||
           err_rule(err, "the pipe's list does not fit", NULL);
}

static bool serve(struct link *l, struct err *err)
{
    uint8_t random[NAME_BYTES], security[512];
    SECURITY_ATTRIBUTES attributes = { .nLength = sizeof attributes,
                                       .lpSecurityDescriptor = security };
    struct u16buf name = U16BUF(l->name);
    HANDLE h = NULL;

    if (!secret_random(random, sizeof random, err) ||
        !describe(security, sizeof security, err))
        return false;
    u16buf_addz(&name, HANDOVER_PIPE);
    for (size_t i = 0; i < NAME_BYTES; i++)
        u16buf_add_hex(&name, random[i], 2);
    h = CreateNamedPipeW(l->name,
                         PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE |
                             FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                         HANDOVER_ORDER_BYTES, HANDOVER_TEXT_MAX, 0, &attributes);
    if (h == INVALID_HANDLE_VALUE)
        return err_win32(err, "CreateNamedPipeW", l->name);
    l->pipe = h;
    l->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return l->event || err_win32(err, "CreateEventW", NULL);
}

/* "WORDS --caller PID:NAME". */
static bool start(struct link *l, const struct elevate *how, struct err *err)
{
    char16_t text[512];
    struct u16buf b = U16BUF(text);

    u16buf_add(&b, how->words);
    u16buf_addz(&b, u" --caller ");
    u16buf_add_dec(&b, GetCurrentProcessId());
    u16buf_addc(&b, u':');
    u16buf_addz(&b, l->name + sizeof HANDOVER_PIPE / sizeof(char16_t) - 1);
    return b.cut ? err_rule(err, "the command line is too long", NULL)
                 : runas_start(how->program, text, &l->process, err);
}

/* What an operation on the pipe ends with when its other end is gone. */
static bool is_gone(DWORD code)
{
    return code == ERROR_BROKEN_PIPE || code == ERROR_NO_DATA;
}

/* Waits for an operation on the pipe that has begun. */
static bool finish(struct link *l, OVERLAPPED *io, DWORD ms, DWORD *done,
                   const char *call, struct err *err)
{
    HANDLE any[] = { l->event, l->process, l->stop };
    DWORD woken = WaitForMultipleObjects(l->stop ? 3 : 2, any, FALSE, ms);
    bool stopped = woken == WAIT_OBJECT_0 + 2;

    if (woken != WAIT_OBJECT_0)
        CancelIo(l->pipe); /* it may be done all the same: then it counts */
    if (GetOverlappedResult(l->pipe, io, done, TRUE))
        return true;
    l->ended = woken == WAIT_OBJECT_0 + 1 || is_gone(GetLastError());
    if (stopped)
        return err_rule(err,
                        "stopped by Ctrl-C; what it has begun it ends by itself, and "
                        "`ringfence setup status` tells",
                        NULL);
    if (woken == WAIT_TIMEOUT)
        SetLastError(ERROR_TIMEOUT);
    return err_win32(err, call, u"ringfence-setup.exe");
}

/* NULL before Windows Vista. */
static client_process_id find_client_process_id(void)
{
    return (client_process_id)(void (*)(void))dll_loaded(u"kernel32.dll",
                                                         "GetNamedPipeClientProcessId");
}

static bool accept(struct link *l, struct err *err)
{
    client_process_id ask = find_client_process_id();
    OVERLAPPED io = { .hEvent = l->event };
    ULONG client = 0;
    DWORD code = 0, unused = 0;

    if (!ConnectNamedPipe(l->pipe, &io))
        code = GetLastError();
    if (code == ERROR_IO_PENDING) {
        if (!finish(l, &io, CONNECT_MS, &unused, "ConnectNamedPipe", err))
            return false;
    } else if (code != 0 && code != ERROR_PIPE_CONNECTED) {
        l->ended = is_gone(code);
        return err_set(err, ERR_WIN32, code, "ConnectNamedPipe", NULL);
    }
    if (!ask(l->pipe, &client))
        return err_win32(err, "GetNamedPipeClientProcessId", NULL);
    return client == GetProcessId(l->process) ||
           err_rule(err, "another process has taken the pipe", NULL);
}

/* All the bytes, in either direction. */
static bool transfer(struct link *l, bool write, void *data, size_t bytes,
                     struct err *err)
{
    const char *call = write ? "WriteFile" : "ReadFile";
    uint8_t *at = data;

    while (bytes) {
        OVERLAPPED io = { .hEvent = l->event };
        DWORD done = 0;
        BOOL begun = write ? WriteFile(l->pipe, at, (DWORD)bytes, NULL, &io)
                           : ReadFile(l->pipe, at, (DWORD)bytes, NULL, &io);

        if (!begun && GetLastError() != ERROR_IO_PENDING) {
            l->ended = is_gone(GetLastError());
            return err_win32(err, call, u"ringfence-setup.exe");
        }
        if (!finish(l, &io, WORK_MS, &done, call, err))
            return false;
        at += done;
        bytes -= done;
    }
    return true;
}

static bool give_order(struct link *l, const struct handover_order *order,
                       struct err *err)
{
    uint8_t bytes[HANDOVER_ORDER_BYTES];
    bool given = false;

    handover_format_order(order, bytes);
    given = transfer(l, true, bytes, sizeof bytes, err);
    password_wipe(bytes, sizeof bytes);
    return given;
}

static bool take_answer(struct link *l, struct elevate_answer *answer, struct err *err)
{
    uint8_t bytes[HANDOVER_HEAD_BYTES];
    struct handover_answer head;

    if (!transfer(l, false, bytes, sizeof bytes, err))
        return false;
    if (!handover_parse_answer(&head, bytes))
        return err_rule(err, "the answer of ringfence-setup.exe is not one", NULL);
    if (!transfer(l, false, answer->text, head.text_bytes, err))
        return false;
    answer->exit_code = head.exit_code;
    answer->has_text = true;
    answer->out_bytes = head.text_bytes - head.err_bytes;
    answer->err_bytes = head.err_bytes;
    return true;
}

static bool await_end(const struct link *l, struct elevate_answer *answer,
                      struct err *err)
{
    DWORD code = 0;

    if (WaitForSingleObject(l->process, EXIT_MS) != WAIT_OBJECT_0)
        return err_rule(err, "ringfence-setup.exe does not end", NULL);
    if (!GetExitCodeProcess(l->process, &code))
        return err_win32(err, "GetExitCodeProcess", NULL);
    if (answer->has_text ? code != answer->exit_code : code == 0)
        return err_rule(err, "ringfence-setup.exe ended otherwise than it said", NULL);
    answer->exit_code = code;
    return true;
}

bool elevate_run(const struct elevate *how, struct elevate_answer *answer,
                 struct err *err)
{
    struct link l = { .stop = how->stop };
    struct err ignored;
    bool good = false;

    answer->has_text = false;
    answer->out_bytes = answer->err_bytes = 0;
    *err = (struct err){ 0 };
    /* Both came with Windows Vista, and nobody is asked for an administrator in vain. */
    if (!find_client_process_id())
        return err_rule(err,
                        "this Windows has no filtering platform: `enforced` is not "
                        "available",
                        NULL) ||
               err_hint(err, "level `confined` needs no setup");
    /* What it must see and does not, the other end says. */
    (void)!identify_to_administrators(&ignored);
    good = serve(&l, err) && start(&l, how, err);
    if (good)
        good = (accept(&l, err) && give_order(&l, how->order, err) &&
                take_answer(&l, answer, err)) ||
               l.ended;
    handle_close_p(&l.pipe); /* who still waits at its other end need not */
    good = good && await_end(&l, answer, err);
    handle_close_p(&l.event);
    handle_close_p(&l.process);
    return good;
}
