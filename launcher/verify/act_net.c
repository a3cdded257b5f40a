/* Looked up at run time, as everything that is needed once. */
#include "verify/act_net.h"

#include <winsock2.h>

#include "core/netcheck.h"
#include "runner/netproof.h"
#include "win/dll.h"
#include "win/paths.h"

#include <windns.h>
#include <winhttp.h>

#define WAIT_MS      1000u       /* for an answer; no answer is no refusal */
#define SMB_MS       3000u       /* the same, of the redirector */
#define NOBODY       0x010200C0u /* 192.0.2.1 in network order */
#define HTTP_TIMEOUT 12002u
#define ECHO_TIMEOUT 11010u /* IP_REQ_TIMED_OUT, ipexport.h */
#define REQUEST      "CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: 192.0.2.1:80\r\n\r\n"

#define FOUND(dll, name)                                                                 \
    ((__typeof__(&(name)))(void (*)(void))((dll) ? GetProcAddress(dll, #name) : NULL))

static struct {
    __typeof__(&WSAStartup) startup;
    __typeof__(&WSAGetLastError) error;
    __typeof__(&WSAStringToAddressW) parse;
    __typeof__(&socket) socket;
    __typeof__(&closesocket) close;
    __typeof__(&ioctlsocket) control;
    __typeof__(&connect) connect;
    __typeof__(&select) select;
    __typeof__(&getsockopt) option;
    __typeof__(&bind) bind;
    __typeof__(&getsockname) name;
    __typeof__(&listen) listen;
    __typeof__(&accept) accept;
    __typeof__(&send) send;
    __typeof__(&sendto) send_to;
    __typeof__(&recv) receive;
    bool loaded;
} ws;

static bool load(void)
{
    HMODULE dll = dll_system(u"ws2_32.dll");
    WSADATA data;

    if (ws.loaded)
        return true;
    ws.startup = FOUND(dll, WSAStartup);
    ws.error = FOUND(dll, WSAGetLastError);
    ws.parse = FOUND(dll, WSAStringToAddressW);
    ws.socket = FOUND(dll, socket);
    ws.close = FOUND(dll, closesocket);
    ws.control = FOUND(dll, ioctlsocket);
    ws.connect = FOUND(dll, connect);
    ws.select = FOUND(dll, select);
    ws.option = FOUND(dll, getsockopt);
    ws.bind = FOUND(dll, bind);
    ws.name = FOUND(dll, getsockname);
    ws.listen = FOUND(dll, listen);
    ws.accept = FOUND(dll, accept);
    ws.send = FOUND(dll, send);
    ws.send_to = FOUND(dll, sendto);
    ws.receive = FOUND(dll, recv);
    ws.loaded = ws.startup && ws.error && ws.parse && ws.socket && ws.close &&
                ws.control && ws.connect && ws.select && ws.option && ws.bind &&
                ws.name && ws.listen && ws.accept && ws.send && ws.send_to &&
                ws.receive && ws.startup(MAKEWORD(2, 2), &data) == 0;
    return ws.loaded;
}

/* An address, and the socket that goes with it. */
struct peer {
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } at;
    int bytes;
    SOCKET socket;
};

/* "192.0.2.1:80", "[2001:db8::1]:80", or either without a port. */
static DWORD open_peer(const char16_t *address, int type, struct peer *p)
{
    static char16_t text[64]; /* WSAStringToAddressW's is not const */
    struct u16buf b = U16BUF(text);
    int family = address[0] == u'[' ? AF_INET6 : AF_INET;
    u_long no_wait = 1;

    *p = (struct peer){ .bytes = sizeof p->at, .socket = INVALID_SOCKET };
    if (!load())
        return ERROR_PROC_NOT_FOUND;
    u16buf_addz(&b, address);
    if (ws.parse(text, family, NULL, &p->at.any, &p->bytes) != 0)
        return (DWORD)ws.error();
    p->socket = ws.socket(family, type, 0);
    if (p->socket == INVALID_SOCKET || ws.control(p->socket, (long)FIONBIO, &no_wait))
        return (DWORD)ws.error();
    return ERROR_SUCCESS;
}

/* What has come of it, as netcheck has it; sockets go with the process. */
static struct netcheck_try try_connect(const struct peer *p)
{
    struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
    fd_set connected = { .fd_count = 1, .fd_array = { p->socket } }, failed = connected;
    int code = 0, bytes = sizeof code;

    if (ws.connect(p->socket, &p->at.any, p->bytes) == 0)
        return (struct netcheck_try){ NETCHECK_ENDED, 0 };
    code = ws.error();
    if (code != WSAEWOULDBLOCK)
        return (struct netcheck_try){ NETCHECK_ENDED, (uint32_t)code };
    if (ws.select(0, NULL, &connected, &failed, &wait) <= 0)
        return (struct netcheck_try){ NETCHECK_PENDING, 0 };
    code = 0;
    if (failed.fd_count)
        ws.option(p->socket, SOL_SOCKET, SO_ERROR, (char *)&code, &bytes);
    return (struct netcheck_try){ NETCHECK_ENDED, (uint32_t)code };
}

/* Done where it got out: an answer of whatever kind is one, and none within the time is
 * no refusal.  A way that the system does not let us go is closed. */
static DWORD judge(const struct netcheck_try *try)
{
    if (netcheck_got_out(try))
        return ERROR_SUCCESS;
    switch (try->end) {
    case NETCHECK_NO_TOKEN:
        return ERROR_ACCESS_DENIED;
    case NETCHECK_UNTRIED:
        return ERROR_PROC_NOT_FOUND;
    case NETCHECK_NO_SOCKET:
    case NETCHECK_PENDING:
    case NETCHECK_ENDED:
        break;
    }
    return try->code ? try->code : ERROR_GEN_FAILURE;
}

static DWORD connect_out(const char16_t *address)
{
    struct netcheck_try try;
    struct peer p;
    DWORD code = open_peer(address, SOCK_STREAM, &p);

    if (code)
        return code;
    try = try_connect(&p);
    return judge(&try);
}

static DWORD connect_as(const char16_t *name)
{
    static struct netcheck n;

    for (unsigned way = 0; way < NETCHECK_WAYS; way++) {
        if (!u16s_is(u16s_of(name), netcheck_name((enum netcheck_way)way)))
            continue;
        netproof_run(NETPROOF_KIND(NETCHECK_TCP4), WAIT_MS, &n);
        return judge(&n.try[NETCHECK_TCP4][way]);
    }
    return ERROR_INVALID_PARAMETER;
}

/* Here there is somebody to answer. */
static DWORD connect_to_listener(const char16_t *address, bool ask)
{
    struct netcheck_try try = { NETCHECK_UNTRIED, 0 };
    struct peer p;
    DWORD code = open_peer(address, SOCK_STREAM, &p);

    if (code)
        return code;
    try = try_connect(&p);
    if (try.end == NETCHECK_PENDING)
        return WSAETIMEDOUT;
    if (try.code == 0 && ask &&
        ws.send(p.socket, REQUEST, sizeof REQUEST - 1, 0) != sizeof REQUEST - 1)
        return (DWORD)ws.error();
    return try.code;
}

/* Asks for the name servers of the root.  RFC 1035, 4.1. */
static DWORD ask_by_udp(const char16_t *address)
{
    static const char query[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1 };
    struct peer p;
    DWORD code = open_peer(address, SOCK_DGRAM, &p);

    if (code)
        return code;
    return ws.send_to(p.socket, query, sizeof query, 0, &p.at.any, p.bytes) ==
                   sizeof query
               ? ERROR_SUCCESS
               : (DWORD)ws.error();
}

static DWORD open_raw(void)
{
    if (!load())
        return ERROR_PROC_NOT_FOUND;
    return ws.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) != INVALID_SOCKET
               ? ERROR_SUCCESS
               : (DWORD)ws.error();
}

/* MS: IcmpSendEcho.  Without a reply its error is a status of ipexport.h. */
static DWORD send_echo(void)
{
    HMODULE dll = dll_system(u"iphlpapi.dll");
    HANDLE(WINAPI * create)
    (void) = (HANDLE(WINAPI *)(void))(void (*)(void))(
        dll ? GetProcAddress(dll, "IcmpCreateFile") : NULL);
    DWORD(WINAPI * echo)
    (HANDLE, ULONG, void *, WORD, void *, void *, DWORD, DWORD) =
        (DWORD(WINAPI *)(HANDLE, ULONG, void *, WORD, void *, void *, DWORD, DWORD))(
            void (*)(void))(dll ? GetProcAddress(dll, "IcmpSendEcho") : NULL);
    struct {
        _Alignas(8) ULONG from;
        ULONG status;
        uint8_t rest[256];
    } reply = { 0 };
    char data[] = "ringfence";
    HANDLE icmp = NULL;
    DWORD code = 0;

    if (!create || !echo)
        return ERROR_PROC_NOT_FOUND;
    icmp = create();
    if (icmp == INVALID_HANDLE_VALUE)
        return act_result(FALSE);
    code = echo(icmp, NOBODY, data, sizeof data, NULL, &reply, sizeof reply, WAIT_MS)
               ? reply.status
               : act_result(FALSE);
    return code == ECHO_TIMEOUT ? ERROR_SUCCESS : code;
}

/* MS: WinHttpSendRequest.  That nobody answers is what getting out looks like. */
static DWORD send_http(const char16_t *host)
{
    HMODULE dll = dll_system(u"winhttp.dll");
    __typeof__(&WinHttpOpen) open = FOUND(dll, WinHttpOpen);
    __typeof__(&WinHttpSetTimeouts) limit = FOUND(dll, WinHttpSetTimeouts);
    __typeof__(&WinHttpSetOption) set = FOUND(dll, WinHttpSetOption);
    __typeof__(&WinHttpConnect) to = FOUND(dll, WinHttpConnect);
    __typeof__(&WinHttpOpenRequest) make = FOUND(dll, WinHttpOpenRequest);
    __typeof__(&WinHttpSendRequest) go = FOUND(dll, WinHttpSendRequest);
    DWORD tries = 1;
    HINTERNET session = NULL, server = NULL, request = NULL;

    if (!open || !limit || !set || !to || !make || !go)
        return ERROR_PROC_NOT_FOUND;
    session = open(NULL, WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    if (!session || !limit(session, WAIT_MS, WAIT_MS, WAIT_MS, WAIT_MS))
        return act_result(FALSE);
    set(session, WINHTTP_OPTION_CONNECT_RETRIES, &tries, sizeof tries);
    server = to(session, host, INTERNET_DEFAULT_HTTP_PORT, 0);
    request = server ? make(server, NULL, NULL, NULL, NULL, NULL, 0) : NULL;
    if (!request)
        return act_result(FALSE);
    if (go(request, NULL, 0, NULL, 0, 0, 0) || GetLastError() == HTTP_TIMEOUT)
        return ERROR_SUCCESS;
    return act_result(FALSE);
}

/* MS: DnsQuery.  A name of its own each time: an answer that the service remembers would
 * not have left the machine.  That there is no such name, somebody outside has said. */
static DWORD resolve(void)
{
    HMODULE dll = dll_system(u"dnsapi.dll");
    __typeof__(&DnsQuery_W) query = FOUND(dll, DnsQuery_W);
    char16_t text[96];
    struct u16buf name = U16BUF(text);
    DNS_RECORD *records = NULL; /* freed with the process */
    FILETIME now;
    DWORD code = 0;

    if (!query)
        return ERROR_PROC_NOT_FOUND;
    GetSystemTimeAsFileTime(&now);
    u16buf_addz(&name, u"ringfence-verify-");
    u16buf_add_hex(&name, GetCurrentProcessId(), 8);
    u16buf_add_hex(&name, now.dwLowDateTime, 8);
    u16buf_addz(&name, u".example.com");
    code = (DWORD)query(text, DNS_TYPE_A, DNS_QUERY_STANDARD, NULL, &records, NULL);
    return code == DNS_ERROR_RCODE_NAME_ERROR || code == DNS_INFO_NO_RECORDS
               ? ERROR_SUCCESS
               : code;
}

/* The redirector waits far longer for an answer than for a refusal, and whoever asked
 * cannot be ended meanwhile: so another process asks. */
static DWORD ask_by_smb(const char16_t *path)
{
    static char16_t self[WIN_PATH_CAP], text[WIN_PATH_CAP + 64];
    struct u16buf program = U16BUF(self), line = U16BUF(text);
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    auto_handle HANDLE process = NULL;
    DWORD code = 0;
    struct err err;

    if (!paths_self(&program, &err))
        return ERROR_PATH_NOT_FOUND;
    u16buf_addz(&line, u"ringfence verify-act open-read \"");
    u16buf_addz(&line, path);
    u16buf_addz(&line, u"\"");
    if (!CreateProcessW(self, text, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &si,
                        &pi))
        return act_result(FALSE);
    CloseHandle(pi.hThread);
    process = pi.hProcess;
    if (WaitForSingleObject(process, SMB_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process, ERROR_TIMEOUT);
        return ERROR_SUCCESS; /* nobody answers, and nobody refuses */
    }
    return GetExitCodeProcess(process, &code) ? code : act_result(FALSE);
}

DWORD act_on_net(enum battery_act act, const struct act *w)
{
    switch ((int)act) {
    case BATTERY_CONNECT_AS:
        return connect_as(w->path);
    case BATTERY_CONNECT_OUT:
        return connect_out(w->path);
    case BATTERY_DATAGRAM:
        return ask_by_udp(w->path);
    case BATTERY_ECHO:
        return send_echo();
    case BATTERY_RAW:
        return open_raw();
    case BATTERY_HTTP:
        return send_http(w->path);
    case BATTERY_SMB:
        return ask_by_smb(w->path);
    case BATTERY_RESOLVE:
        return resolve();
    default:
        return connect_to_listener(w->path, act == BATTERY_ASK_PROXY);
    }
}

static struct peer listener = { .socket = INVALID_SOCKET };

/* On that address alone: no firewall asks about what only this machine can reach. */
bool act_net_listen(const char16_t *address, struct u16buf *port)
{
    struct peer *p = &listener;

    act_net_close();
    if (open_peer(address, SOCK_STREAM, p) != 0 ||
        ws.bind(p->socket, &p->at.any, p->bytes) != 0 || ws.listen(p->socket, 4) != 0 ||
        ws.name(p->socket, &p->at.any, &p->bytes) != 0)
        return false;
    /* Both families have the port in the same place, in network order. */
    u16buf_add_dec(port, (uint64_t)((uint8_t)p->at.any.sa_data[0] << 8 |
                                    (uint8_t)p->at.any.sa_data[1]));
    return true;
}

bool act_net_was_reached(bool asked)
{
    SOCKET s = INVALID_SOCKET;
    char first = 0;
    bool reached = false;

    if (listener.socket == INVALID_SOCKET)
        return false;
    s = ws.accept(listener.socket, NULL, NULL);
    if (s == INVALID_SOCKET)
        return !asked && ws.error() == WSAECONNRESET; /* come, and gone again */
    reached = !asked || (ws.receive(s, &first, 1, 0) == 1 && first == REQUEST[0]);
    ws.close(s);
    return reached;
}

void act_net_close(void)
{
    if (listener.socket != INVALID_SOCKET)
        ws.close(listener.socket);
    listener.socket = INVALID_SOCKET;
}
