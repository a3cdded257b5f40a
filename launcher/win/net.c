#include "win/net.h"

#include "win/dll.h"

#define ROWS_MAX     2048u
#define STATE_LISTEN 2u          /* MIB_TCP_STATE_LISTEN */
#define LOOPBACK     0x0100007Fu /* 127.0.0.1 in network order, as the table has it */

/* MIB_TCPTABLE; spelled out so that no winsock header is needed here. */
struct row {
    DWORD state, local, local_port, remote, remote_port;
};
struct table {
    DWORD count;
    struct row row[ROWS_MAX];
};
typedef DWORD(WINAPI *get_tcp_table)(struct table *, DWORD *, BOOL);

bool net_listens(uint16_t port)
{
    static struct table table;
    DWORD bytes = sizeof table;
    HMODULE dll = dll_system(u"iphlpapi.dll");
    get_tcp_table get =
        dll ? (get_tcp_table)(void (*)(void))GetProcAddress(dll, "GetTcpTable") : NULL;
    DWORD wire = (DWORD)(port >> 8 | (port & 0xFFu) << 8);

    if (!get || get(&table, &bytes, FALSE) != NO_ERROR)
        return false;
    for (DWORD i = 0; i < table.count && i < ROWS_MAX; i++)
        if (table.row[i].state == STATE_LISTEN &&
            (table.row[i].local_port & 0xFFFF) == wire &&
            (table.row[i].local == 0 || table.row[i].local == LOOPBACK))
            return true;
    return false;
}
