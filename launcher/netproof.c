#include "netproof.h"

#include <winsock2.h>

#include "win/dll.h"
#include "win/token.h"

#define TARGET 0x010200C0u /* 192.0.2.1 in network order */
#define PORT   0x5000u     /* 80 */

/* Winsock's, looked up: the runner needs it for this once. */
struct winsock {
    int(WSAAPI *startup)(WORD, WSADATA *);
    int(WSAAPI *cleanup)(void);
    SOCKET(WSAAPI *socket)(int, int, int);
    int(WSAAPI *close)(SOCKET);
    int(WSAAPI *control)(SOCKET, long, u_long *);
    int(WSAAPI *connect)(SOCKET, const struct sockaddr *, int);
    int(WSAAPI *select)(int, fd_set *, fd_set *, fd_set *, const struct timeval *);
    int(WSAAPI *option)(SOCKET, int, int, char *, int *);
    int(WSAAPI *error)(void);
};

typedef BOOL(WINAPI *impersonate_anonymous)(HANDLE);
typedef BOOL(WINAPI *set_thread_token)(HANDLE *, HANDLE);
typedef BOOL(WINAPI *revert_to_self)(void);
typedef BOOL(WINAPI *duplicate_token)(HANDLE, DWORD, LPSECURITY_ATTRIBUTES,
                                      SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE, PHANDLE);

static bool load(struct winsock *ws)
{
    static const char *const names[] = {
        "WSAStartup", "WSACleanup", "socket",     "closesocket",    "ioctlsocket",
        "connect",    "select",     "getsockopt", "WSAGetLastError"
    };
    FARPROC found[sizeof names / sizeof names[0]];
    HMODULE dll = dll_system(u"ws2_32.dll");
    WSADATA data;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found[i] = dll ? GetProcAddress(dll, names[i]) : NULL;
        if (!found[i])
            return false;
    }
    ws->startup = (int(WSAAPI *)(WORD, WSADATA *))(void (*)(void))found[0];
    ws->cleanup = (int(WSAAPI *)(void))(void (*)(void))found[1];
    ws->socket = (SOCKET(WSAAPI *)(int, int, int))(void (*)(void))found[2];
    ws->close = (int(WSAAPI *)(SOCKET))(void (*)(void))found[3];
    ws->control = (int(WSAAPI *)(SOCKET, long, u_long *))(void (*)(void))found[4];
    ws->connect =
        (int(WSAAPI *)(SOCKET, const struct sockaddr *, int))(void (*)(void))found[5];
    ws->select = (int(WSAAPI *)(int, fd_set *, fd_set *, fd_set *,
                                const struct timeval *))(void (*)(void))found[6];
    ws->option = (int(WSAAPI *)(SOCKET, int, int, char *, int *))(void (*)(void))found[7];
    ws->error = (int(WSAAPI *)(void))(void (*)(void))found[8];
    return ws->startup(MAKEWORD(2, 2), &data) == 0;
}

/* An impersonation token made of a primary one, which is closed. */
static HANDLE as_impersonation(HANDLE primary)
{
    duplicate_token copy =
        (duplicate_token)(void (*)(void))dll_security("DuplicateTokenEx");
    HANDLE made = NULL;

    if (primary && copy &&
        !copy(primary, TOKEN_IMPERSONATE | TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, NULL,
              SecurityImpersonation, TokenImpersonation, &made))
        made = NULL;
    handle_close_p(&primary);
    return made;
}

static HANDLE own_token(void)
{
    HANDLE token = NULL;

    return NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(),
                                         TOKEN_DUPLICATE | TOKEN_QUERY, &token))
               ? token
               : NULL;
}

static HANDLE lowered_copy(void)
{
    struct sid low = sid_label(SID_LEVEL_LOW);
    TOKEN_MANDATORY_LABEL label = { .Label = { .Sid = sid_psid(&low),
                                               .Attributes = SE_GROUP_INTEGRITY } };
    HANDLE token = as_impersonation(own_token());

    if (token && !NT_SUCCESS(NtSetInformationToken(token, TokenIntegrityLevel, &label,
                                                   sizeof label)))
        CloseHandle(handle_take(&token));
    return token;
}

static HANDLE deny_only_copy(void)
{
    dll_create_restricted_token create = (dll_create_restricted_token)(void (*)(
        void))dll_security("CreateRestrictedToken");
    auto_handle HANDLE own = own_token();
    SID_AND_ATTRIBUTES disable = { 0 };
    HANDLE token = NULL;
    struct sid self;
    struct err unused;

    if (!own || !create || !token_user_sid(&self, &unused))
        return NULL;
    disable.Sid = sid_psid(&self);
    if (!create(own, 0, 1, &disable, 0, NULL, 0, NULL, &token))
        return NULL;
    return as_impersonation(token);
}

/* Becomes, on this thread, who the way says; false when the system does not let us. */
static bool become(enum netcheck_way way)
{
    impersonate_anonymous anonymous =
        (impersonate_anonymous)(void (*)(void))dll_security("ImpersonateAnonymousToken");
    set_thread_token set =
        (set_thread_token)(void (*)(void))dll_security("SetThreadToken");
    auto_handle HANDLE token = NULL;

    if (way == NETCHECK_OWN)
        return true;
    if (way == NETCHECK_LOWERED)
        token = lowered_copy();
    else if (way == NETCHECK_DENY_ONLY)
        token = deny_only_copy();
    else
        return anonymous && anonymous(GetCurrentThread());
    return token && set && set(NULL, token);
}

/* Nothing more may run as somebody else. */
static void become_ourselves(void)
{
    revert_to_self revert = (revert_to_self)(void (*)(void))dll_security("RevertToSelf");

    if (!revert || !revert())
        ExitProcess(ERROR_CANNOT_IMPERSONATE);
}

static SOCKET make_socket(const struct winsock *ws, struct netcheck_try *try)
{
    SOCKET s = ws->socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    u_long no_wait = 1;

    if (s != INVALID_SOCKET && ws->control(s, (long)FIONBIO, &no_wait) == 0)
        return s;
    try->end = NETCHECK_NO_SOCKET;
    try->code = (uint32_t)ws->error();
    if (s != INVALID_SOCKET)
        ws->close(s);
    return INVALID_SOCKET;
}

static void begin_connect(const struct winsock *ws, SOCKET s, struct netcheck_try *try)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = PORT };

    to.sin_addr.s_addr = TARGET;
    try->end = NETCHECK_ENDED;
    try->code = 0;
    if (ws->connect(s, (const struct sockaddr *)&to, sizeof to) == 0)
        return;
    try->code = (uint32_t)ws->error();
    if (try->code == WSAEWOULDBLOCK)
        try->end = NETCHECK_PENDING;
}

/* One try, up to the point where only time tells. */
static SOCKET begin(const struct winsock *ws, enum netcheck_way way,
                    struct netcheck_try *try)
{
    bool first = way != NETCHECK_BEFORE;
    SOCKET s = INVALID_SOCKET;

    if (!first)
        s = make_socket(ws, try);
    if (!become(way)) {
        become_ourselves();
        try->end = NETCHECK_NO_TOKEN;
        if (s != INVALID_SOCKET)
            ws->close(s);
        return INVALID_SOCKET;
    }
    if (first)
        s = make_socket(ws, try);
    if (way == NETCHECK_AFTER)
        become_ourselves();
    if (s != INVALID_SOCKET)
        begin_connect(ws, s, try);
    become_ourselves();
    return s;
}

/* What has come of those that were pending; true when none is any more. */
static bool look(const struct winsock *ws, const SOCKET *sockets, DWORD ms,
                 struct netcheck_try *tries)
{
    struct timeval wait = { .tv_sec = (long)(ms / 1000),
                            .tv_usec = (long)(ms % 1000 * 1000) };
    fd_set connected = { .fd_count = 0 }, failed = { .fd_count = 0 };
    bool all = true;

    for (unsigned i = 0; i < NETCHECK_WAYS; i++)
        if (tries[i].end == NETCHECK_PENDING) {
            connected.fd_array[connected.fd_count++] = sockets[i];
            failed.fd_array[failed.fd_count++] = sockets[i];
        }
    if (connected.fd_count == 0 || ws->select(0, NULL, &connected, &failed, &wait) <= 0)
        return connected.fd_count == 0;
    for (unsigned i = 0; i < NETCHECK_WAYS; i++) {
        int code = 0, bytes = sizeof code;

        for (u_int k = 0; k < connected.fd_count; k++)
            if (connected.fd_array[k] == sockets[i])
                tries[i] = (struct netcheck_try){ NETCHECK_ENDED, 0 };
        for (u_int k = 0; k < failed.fd_count; k++)
            if (failed.fd_array[k] == sockets[i] &&
                ws->option(sockets[i], SOL_SOCKET, SO_ERROR, (char *)&code, &bytes) == 0)
                tries[i] = (struct netcheck_try){ NETCHECK_ENDED, (uint32_t)code };
        all = all && tries[i].end != NETCHECK_PENDING;
    }
    return all;
}

void netproof_run(DWORD wait_ms, struct netcheck_try tries[NETCHECK_WAYS])
{
    struct winsock ws;
    SOCKET sockets[NETCHECK_WAYS];
    DWORD began = 0;

    for (unsigned i = 0; i < NETCHECK_WAYS; i++)
        tries[i] = (struct netcheck_try){ NETCHECK_UNTRIED, 0 };
    if (!load(&ws))
        return;
    for (unsigned i = 0; i < NETCHECK_WAYS; i++)
        sockets[i] = begin(&ws, (enum netcheck_way)i, &tries[i]);
    began = GetTickCount();
    for (;;) {
        DWORD passed = GetTickCount() - began;

        if (passed >= wait_ms || look(&ws, sockets, wait_ms - passed, tries))
            break;
    }
    for (unsigned i = 0; i < NETCHECK_WAYS; i++)
        if (sockets[i] != INVALID_SOCKET)
            ws.close(sockets[i]);
    ws.cleanup();
}
