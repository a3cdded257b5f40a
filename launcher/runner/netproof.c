#include "runner/netproof.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include "win/dll.h"
#include "win/token.h"

#include <iphlpapi.h>

#define HTTP_PORT    0x5000u /* 80 in network order */
#define DISCARD_PORT 0x0900u /* 9 */

#define DATAGRAM 1000u
#define BURST    (16u * DATAGRAM)
#define SELF     (64u * DATAGRAM)
#define BURST_MS 300u /* a datagram a millisecond at the least, were it not held */
#define COUNT_MS 200u /* for the last to leave, and to be counted */

#define FOUND(dll, name)                                                                 \
    ((__typeof__(&(name)))(void (*)(void))((dll) ? GetProcAddress(dll, #name) : NULL))

/* Winsock's, looked up: the runner needs it for this once. */
static struct {
    __typeof__(&WSAStartup) startup;
    __typeof__(&WSAGetLastError) error;
    __typeof__(&socket) socket;
    __typeof__(&closesocket) close;
    __typeof__(&ioctlsocket) control;
    __typeof__(&connect) connect;
    __typeof__(&bind) bind;
    __typeof__(&getsockname) name;
    __typeof__(&select) select;
    __typeof__(&send) send;
    __typeof__(&recv) receive;
    __typeof__(&getsockopt) option;
    __typeof__(&setsockopt) set;
    bool loaded;
} ws;

typedef BOOL(WINAPI *impersonate_anonymous)(HANDLE);
typedef BOOL(WINAPI *set_thread_token)(HANDLE *, HANDLE);
typedef BOOL(WINAPI *revert_to_self)(void);
typedef BOOL(WINAPI *duplicate_token)(HANDLE, DWORD, LPSECURITY_ATTRIBUTES,
                                      SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE, PHANDLE);

static bool load(void)
{
    HMODULE dll = dll_system(u"ws2_32.dll");
    WSADATA data;

    if (ws.loaded)
        return true;
    ws.startup = FOUND(dll, WSAStartup);
    ws.error = FOUND(dll, WSAGetLastError);
    ws.socket = FOUND(dll, socket);
    ws.close = FOUND(dll, closesocket);
    ws.control = FOUND(dll, ioctlsocket);
    ws.connect = FOUND(dll, connect);
    ws.bind = FOUND(dll, bind);
    ws.name = FOUND(dll, getsockname);
    ws.select = FOUND(dll, select);
    ws.send = FOUND(dll, send);
    ws.receive = FOUND(dll, recv);
    ws.option = FOUND(dll, getsockopt);
    ws.set = FOUND(dll, setsockopt);
    ws.loaded = ws.startup && ws.error && ws.socket && ws.close && ws.control &&
                ws.connect && ws.bind && ws.name && ws.select && ws.send && ws.receive &&
                ws.option && ws.set && ws.startup(MAKEWORD(2, 2), &data) == 0;
    return ws.loaded;
}

/* An address, and how to get there. */
struct target {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    int bytes;
    int type;
};

static struct target target_of(unsigned family, bool loopback, int type, u_short port)
{
    static const uint8_t v4[2][4] = { { 192, 0, 2, 1 }, { 127, 0, 0, 1 } };
    static const uint8_t v6[2][16] = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
                                       { [15] = 1 } };
    struct target t = { .type = type };
    uint8_t *to = family ? t.at.v6.sin6_addr.s6_addr : (uint8_t *)&t.at.v4.sin_addr;

    for (size_t i = 0; i < (family ? 16u : 4u); i++)
        to[i] = family ? v6[loopback][i] : v4[loopback][i];
    t.at.any.sa_family = family ? AF_INET6 : AF_INET;
    t.at.v4.sin_port = port; /* both families have it in the same place */
    t.bytes = family ? sizeof t.at.v6 : sizeof t.at.v4;
    return t;
}

static struct target target_of_kind(unsigned kind)
{
    bool tcp = kind == NETCHECK_TCP4 || kind == NETCHECK_TCP6;

    return target_of(kind >= NETCHECK_TCP6, false, tcp ? SOCK_STREAM : SOCK_DGRAM,
                     tcp ? HTTP_PORT : DISCARD_PORT);
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

static SOCKET make_socket(const struct target *to, struct netcheck_try *try)
{
    SOCKET s = ws.socket(to->at.any.sa_family, to->type, 0);
    u_long no_wait = 1;

    if (s != INVALID_SOCKET && ws.control(s, (long)FIONBIO, &no_wait) == 0)
        return s;
    *try = (struct netcheck_try){ NETCHECK_NO_SOCKET, (uint32_t)ws.error() };
    if (s != INVALID_SOCKET)
        ws.close(s);
    return INVALID_SOCKET;
}

static void begin_connect(SOCKET s, const struct target *to, struct netcheck_try *try)
{
    *try = (struct netcheck_try){ NETCHECK_ENDED, 0 };
    if (ws.connect(s, &to->at.any, to->bytes) == 0 &&
        (to->type == SOCK_STREAM || ws.send(s, "", 1, 0) == 1))
        return;
    try->code = (uint32_t)ws.error();
    if (try->code == WSAEWOULDBLOCK)
        try->end = NETCHECK_PENDING;
}

/* One try, up to the point where only time tells. */
static SOCKET begin(unsigned kind, enum netcheck_way way, struct netcheck_try *try)
{
    struct target to = target_of_kind(kind);
    bool first = way != NETCHECK_BEFORE;
    SOCKET s = INVALID_SOCKET;

    if (!first)
        s = make_socket(&to, try);
    if (!become(way)) {
        become_ourselves();
        *try = (struct netcheck_try){ NETCHECK_NO_TOKEN, 0 };
        if (s != INVALID_SOCKET)
            ws.close(s);
        return INVALID_SOCKET;
    }
    if (first)
        s = make_socket(&to, try);
    if (way == NETCHECK_AFTER)
        become_ourselves();
    if (s != INVALID_SOCKET)
        begin_connect(s, &to, try);
    become_ourselves();
    return s;
}

/* A try that only time tells of. */
struct waiting {
    SOCKET socket;
    struct netcheck_try *try;
};

static bool has(const fd_set *set, SOCKET s)
{
    for (u_int i = 0; i < set->fd_count; i++)
        if (set->fd_array[i] == s)
            return true;
    return false;
}

/* What has come of those that were pending; true when none is any more. */
static bool look(struct waiting *all, size_t count, DWORD ms)
{
    struct timeval wait = { .tv_sec = (long)(ms / 1000),
                            .tv_usec = (long)(ms % 1000 * 1000) };
    fd_set connected = { .fd_count = 0 }, failed = { .fd_count = 0 };
    bool none = true;

    for (size_t i = 0; i < count; i++)
        if (all[i].try->end == NETCHECK_PENDING) {
            connected.fd_array[connected.fd_count++] = all[i].socket;
            failed.fd_array[failed.fd_count++] = all[i].socket;
        }
    if (connected.fd_count == 0 || ws.select(0, NULL, &connected, &failed, &wait) <= 0)
        return connected.fd_count == 0;
    for (size_t i = 0; i < count; i++) {
        int code = 0, bytes = sizeof code;

        if (all[i].try->end != NETCHECK_PENDING)
            continue;
        if (has(&failed, all[i].socket) &&
            ws.option(all[i].socket, SOL_SOCKET, SO_ERROR, (char *)&code, &bytes) == 0)
            *all[i].try = (struct netcheck_try){ NETCHECK_ENDED, (uint32_t)code };
        else if (has(&connected, all[i].socket))
            *all[i].try = (struct netcheck_try){ NETCHECK_ENDED, 0 };
        else
            none = false;
    }
    return none;
}

_Static_assert(NETCHECK_BITS <= FD_SETSIZE, "all in one set");

void netproof_run(unsigned kinds, DWORD wait_ms, struct netcheck *n)
{
    struct waiting all[NETCHECK_BITS];
    size_t count = 0;
    DWORD began = 0;

    if (!load())
        return;
    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++) {
        unsigned kind = bit / NETCHECK_WAYS;
        enum netcheck_way way = (enum netcheck_way)(bit % NETCHECK_WAYS);
        struct waiting w = { INVALID_SOCKET, &n->try[kind][way] };

        if (!(kinds & NETPROOF_KIND(kind)))
            continue;
        w.socket = begin(kind, way, w.try);
        if (w.socket != INVALID_SOCKET)
            all[count++] = w;
    }
    began = GetTickCount();
    for (;;) {
        DWORD passed = GetTickCount() - began;

        if (passed >= wait_ms || look(all, count, wait_ms - passed))
            break;
    }
    for (size_t i = 0; i < count; i++)
        ws.close(all[i].socket);
}

void netproof_loopback(struct netcheck_try loopback[NETCHECK_FAMILIES])
{
    for (unsigned family = 0; family < NETCHECK_FAMILIES; family++) {
        struct target to = target_of(family, true, SOCK_STREAM, DISCARD_PORT);
        SOCKET s = INVALID_SOCKET;

        if (!load())
            return;
        s = make_socket(&to, &loopback[family]);
        if (s == INVALID_SOCKET)
            continue;
        begin_connect(s, &to, &loopback[family]);
        ws.close(s);
    }
}

/* Whatever filters say. */
static bool find_interface(struct target *to, DWORD *index)
{
    HMODULE dll = dll_system(u"iphlpapi.dll");
    __typeof__(&GetBestInterfaceEx) best = FOUND(dll, GetBestInterfaceEx);

    return best && best(&to->at.any, index) == NO_ERROR;
}

/* Bytes that the interface which leads there has sent so far. */
static bool count_sent(struct target *to, uint32_t *bytes)
{
    HMODULE dll = dll_system(u"iphlpapi.dll");
    __typeof__(&GetIfEntry) entry = FOUND(dll, GetIfEntry);
    static MIB_IFROW row;

    if (!entry || !find_interface(to, &row.dwIndex) || entry(&row) != NO_ERROR)
        return false;
    *bytes = row.dwOutOctets;
    return true;
}

/* As many datagrams as the system takes, up to `offered` bytes.  It takes no more while
 * one waits to be sent. */
static void pour(SOCKET s, struct netcheck_burst *burst)
{
    static const char datagram[DATAGRAM];
    int room = DATAGRAM;
    DWORD began = GetTickCount();

    ws.set(s, SOL_SOCKET, SO_SNDBUF, (const char *)&room, sizeof room);
    while (burst->taken < burst->offered && GetTickCount() - began < BURST_MS) {
        if (ws.send(s, datagram, DATAGRAM, 0) == (int)DATAGRAM)
            burst->taken += DATAGRAM;
        else if (ws.error() == WSAEWOULDBLOCK)
            Sleep(1);
        else
            break;
    }
}

void netproof_burst(enum netcheck_kind kind, enum netcheck_way way,
                    struct netcheck_burst *burst)
{
    struct target to = target_of(kind >= NETCHECK_TCP6, false, SOCK_DGRAM, DISCARD_PORT);
    struct netcheck_try try;
    uint32_t before = 0, after = 0;
    SOCKET s = INVALID_SOCKET;

    *burst = (struct netcheck_burst){ .offered = BURST };
    if (!load())
        return;
    burst->counted = count_sent(&to, &before);
    if (become(way))
        s = make_socket(&to, &try);
    if (s != INVALID_SOCKET && ws.connect(s, &to.at.any, to.bytes) == 0)
        pour(s, burst);
    become_ourselves();
    Sleep(COUNT_MS);
    burst->counted = burst->counted && count_sent(&to, &after);
    burst->left = after - before;
    if (s != INVALID_SOCKET)
        ws.close(s);
}

/* What has come so far. */
static void drain(SOCKET s, struct netcheck_burst *burst)
{
    char got[DATAGRAM];
    int bytes = 0;

    while ((bytes = ws.receive(s, got, DATAGRAM, 0)) > 0)
        burst->taken += (uint32_t)bytes;
}

void netproof_to_self(struct netcheck_burst *burst)
{
    static const char datagram[DATAGRAM];
    struct target self = target_of(0, true, SOCK_DGRAM, 0);
    struct netcheck_try try;
    DWORD began = GetTickCount();
    SOCKET s = INVALID_SOCKET;

    *burst = (struct netcheck_burst){ .offered = 0 };
    if (!load())
        return;
    s = make_socket(&self, &try);
    if (s == INVALID_SOCKET)
        return;
    if (ws.bind(s, &self.at.any, self.bytes) == 0 &&
        ws.name(s, &self.at.any, &self.bytes) == 0 &&
        ws.connect(s, &self.at.any, self.bytes) == 0) {
        burst->offered = SELF;
        for (uint32_t sent = 0;
             burst->taken < SELF && GetTickCount() - began < BURST_MS;) {
            /* No more on the way than it has room for. */
            if (sent - burst->taken < 4 * DATAGRAM && sent < SELF &&
                ws.send(s, datagram, DATAGRAM, 0) == (int)DATAGRAM)
                sent += DATAGRAM;
            drain(s, burst);
        }
    }
    ws.close(s);
}

bool netproof_has_route(unsigned family)
{
    struct target to = target_of(family, false, SOCK_DGRAM, DISCARD_PORT);
    DWORD index = 0;

    return find_interface(&to, &index);
}
