#include "verify/battery.h"

static const struct {
    const char *name;
    bool changes;
} acts[BATTERY_ACTS] = {
    [BATTERY_CREATE] = { "create", true },
    [BATTERY_CREATE_GONE] = { "create-gone", false },
    [BATTERY_OVERWRITE] = { "overwrite", true },
    [BATTERY_OPEN_WRITE] = { "open-write", false },
    [BATTERY_OPEN_READ] = { "open-read", false },
    [BATTERY_APPEND] = { "append", true },
    [BATTERY_TRUNCATE] = { "truncate", true },
    [BATTERY_READ] = { "read", false },
    [BATTERY_DELETE] = { "delete", true },
    [BATTERY_OPEN_DELETE] = { "open-delete", false },
    [BATTERY_RENAME] = { "rename", true },
    [BATTERY_RENAME_BARE] = { "rename-bare", true },
    [BATTERY_REPLACE] = { "replace", true },
    [BATTERY_MKDIR] = { "mkdir", true },
    [BATTERY_RMDIR] = { "rmdir", true },
    [BATTERY_ATTRIBUTES] = { "attributes", true },
    [BATTERY_TIMES] = { "times", true },
    [BATTERY_DACL] = { "dacl", false }, /* Wine keeps only part of a list */
    [BATTERY_OWNER] = { "owner", false },
    [BATTERY_LINK] = { "link", true },
    [BATTERY_LINK_WRITE] = { "link-write", true },
    [BATTERY_JUNCTION_WRITE] = { "junction-write", true },
    [BATTERY_TURN_WRITE] = { "turn-write", true },
    [BATTERY_SYMLINK_WRITE] = { "symlink-write", true },
    [BATTERY_SWAP_WRITE] = { "swap-write", true },
    [BATTERY_START] = { "start", false },
    [BATTERY_WAIT] = { "wait", false },
    [BATTERY_BE_WINDOW] = { "be-window", false },
    [BATTERY_SET_VALUE] = { "set-value", true },
    [BATTERY_CREATE_KEY] = { "create-key", true },
    [BATTERY_VM_WRITE] = { "vm-write", false },
    [BATTERY_VM_READ] = { "vm-read", false },
    [BATTERY_DUP_HANDLE] = { "dup-handle", false },
    [BATTERY_MAY_TERMINATE] = { "may-terminate", false },
    [BATTERY_MAY_THREAD] = { "may-thread", false },
    [BATTERY_TERMINATE] = { "terminate", true },
    [BATTERY_MEMORY] = { "memory", false },
    [BATTERY_THREAD] = { "thread", false },
    [BATTERY_CONNECT_PIPE] = { "connect-pipe", false },
    [BATTERY_PIPE] = { "pipe", false },
    [BATTERY_OWN_PIPE] = { "own-pipe", false },
    [BATTERY_OWN_DIR] = { "own-dir", false },
    [BATTERY_MENDED_PIPE] = { "mended-pipe", false },
    [BATTERY_MENDED_DIR] = { "mended-dir", false },
    [BATTERY_CMD] = { "cmd", false },
    [BATTERY_CHILD_CREATE] = { "child-create", true },
    [BATTERY_POST] = { "post", true },
    [BATTERY_CLIPBOARD] = { "clipboard", false },
    [BATTERY_SERVICE] = { "service", false },
    [BATTERY_CONNECT_AS] = { "connect-as", false },
    [BATTERY_CONNECT_OUT] = { "connect-out", false },
    [BATTERY_DATAGRAM] = { "datagram", false },
    [BATTERY_ECHO] = { "echo", false },
    [BATTERY_RAW] = { "raw", false },
    [BATTERY_HTTP] = { "http", false },
    [BATTERY_CONNECT_TO] = { "connect-to", true },
    [BATTERY_ASK_PROXY] = { "ask-proxy", true },
    [BATTERY_SMB] = { "smb", false },
    [BATTERY_RESOLVE] = { "resolve", false },
};

const struct battery_thing battery_things[] = {
    { "docs", true },
    { "docs\\a.txt", false },
    { "docs\\a rather long name.text", false },
    { BATTERY_GUARDED, false },
    { "docs\\empty", true },
    { "docs\\deep", true },
    { "docs\\deep\\b.txt", false },
    { BATTERY_OPEN_TO_ALL, true },
    { BATTERY_BOX, true },
    { "box\\a.txt", false },
    { "ws", true },
    { "ws\\a.txt", false },
    { "ws\\empty", true },
    { "ws\\src", true },
    { "ws\\src\\a.c", false },
    { "ws\\src\\empty", true },
    { "ws\\.git", true },
    { "ws\\.git\\config", false },
    { "ws\\.git\\hooks", true },
    { "ws\\.git\\hooks\\pre-commit", false },
    { "ws\\.git\\objects", true },
    { "ws\\.git\\objects\\x", false },
    { "ws\\.codex", true },
    { "ws\\.codex\\policy.json", false },
    { "ws\\sub", true },
    { "ws\\sub\\.git", true },
    { "ws\\sub\\.git\\config", false },
    { "ws\\tree", true },
    { "ws\\tree\\.git", false }, /* as in a linked worktree */
};
const size_t battery_thing_count = sizeof battery_things / sizeof battery_things[0];

/* Rows as lines: the path, then what else matters by its name. */
#define ROW(id_, text_, act_, expect_, place_, ...)                                      \
    {                                                                                    \
        .id = id_, .text = text_, .act = BATTERY_##act_, .expect = BATTERY_##expect_,    \
        .place = BATTERY_##place_, .path = __VA_ARGS__                                   \
    }
#define DENY(id, text, act, ...) ROW(id, text, act, DENIED, SCRATCH, __VA_ARGS__)
#define OPEN(id, text, act, ...) ROW(id, text, act, OPEN_STANDARD, SCRATCH, __VA_ARGS__)
#define LET(id, text, act, ...)  ROW(id, text, act, ALLOWED, SCRATCH, __VA_ARGS__)
/* The list of a process lets its logon read and end it, and both fences have that SID. */
#define LOGON      "the logon SID may; integrity = lowered and enforced close it"
#define POWERSHELL "-NoProfile -NonInteractive -Command "
/* Whoever starts the program that is to write says nothing of what comes of it: with the
 * fence's own token it starts, and fails.  Not before its file is there, and five seconds
 * at most.  Each such row has a file of its own, for one that is later still. */
#define UNLESS_WRITTEN                                                                   \
    "for($i=0;$i -lt 50 -and -not(Test-Path -LiteralPath '%');$i++){Start-Sleep -m "     \
    "100};if(-not(Test-Path -LiteralPath '%')){exit 5}\""
#define NO_OWNER_RIGHTS "nor without the fence: this Windows knows no OWNER RIGHTS"
#define C_SHARE         "it takes an administrator without the fence, too: C$ is for those"
/* The same file made outside and inside.  What these end with says only that they failed;
 * that they can work behind the fence is what the second row is for. */
#define TOOLS(name, how, code)                                                           \
    DENY(name "-outside", name ": create beside the workspace", CREATE, "docs\\new",     \
         .tool = (name), .script = (how), .refusal = (code), .optional = true),          \
        LET(name "-inside", name ": create in the workspace", CREATE, "ws\\new",         \
            .tool = (name), .script = (how), .optional = true)

/* Network rows are optional: whether there is a network, and a way to somebody else's
 * token, is the machine's. */
#define RUN(id, text, act, place)                                                        \
    ROW(id, text, act, DENIED, place, NULL, .enforced = true)
#define NET(id, text, act, ...)                                                          \
    ROW(id, text, act, DENIED, LITERAL, __VA_ARGS__, .enforced = true, .optional = true)
#define LOOP(id, text, act, place, address)                                              \
    ROW(id, text, act, LOOPBACK, place, address, .enforced = true, .optional = true,     \
        .why = "loopback is open by setup's policy")
#define STORE(id, text, path)                                                            \
    ROW(id, text, READ, READS, STORE, path, .enforced = true, .optional = true)
#define NO_ANSWER 12029 /* ERROR_WINHTTP_CANNOT_CONNECT: by a refusal or at once */
#define NO_LOGON  1385  /* ERROR_LOGON_TYPE_NOT_GRANTED */
/* IP_GENERAL_FAILURE: what a filter makes of an echo request (microsoft/WSL#4985). */
#define NO_ECHO 11050

/* clang-format off */
/* The smoke script of openai/codex, case by case, and what answers it here.  Its cases for
 * a read-only mode are the same acts outside the workspace.
 *   2 6 8 10 11 12 14 24 26 27   ws-*, src-*, cmd-, powershell- and python-inside
 *   1 3 5 7 9 13 18 25 28        docs-*, temp-create, *-outside: what is written to is the
 *                                user's own, and looked at afterwards
 *   3b 4                         box-*: the workspace's own TEMP
 *   15 16 17                     net-*, at level enforced; tests/e2e/env_programs.sh below it
 *   19 20 21                     *-inside: the tool works behind the fence
 *   29 30 37                     docs-junction*, docs-everyone: onto what the user may write,
 *                                for C:\Windows proves nothing
 *   31                           disk, volume, user-pipe: a pipe that is there
 *   32                           docs-stream (ws-stream is no escape), docs-verbatim
 *   33 34                        git-case-*, codex-*, data-create
 *   35                           tests/e2e/test_denybin.c
 *   36                           docs-swap: looked at is what the link leads to
 *   38                           such a root is refused: the tests of the rules for roots
 *   39                           docs-symlink*, docs-unc*, fat-create
 *   40                           docs-child: whoever outlives the tool has its token
 *   41                           shell
 * 22 and 23 were about its configuration. */

/* One row, one line. */
const struct battery_row battery_rows[] = {
    ROW("start", "start a program", START, ALLOWED, NOWHERE, NULL, .canary = true),
    /* beside the workspace */
    DENY("docs-create", "create a file beside the workspace", CREATE, "docs\\new.txt", .canary = true),
    DENY("docs-mkdir", "make a directory there", MKDIR, "docs\\new"),
    DENY("docs-overwrite", "overwrite a file there", OVERWRITE, "docs\\a.txt", .canary = true),
    DENY("docs-append", "append to it", APPEND, "docs\\a.txt"),
    DENY("docs-truncate", "truncate it", TRUNCATE, "docs\\a.txt"),
    OPEN("docs-delete", "delete it", DELETE, "docs\\a.txt", .canary = true),
    OPEN("docs-delete-child", "delete one through its parent alone", DELETE, BATTERY_GUARDED, .canary = true),
    OPEN("docs-rmdir", "remove a directory there", RMDIR, "docs\\empty"),
    DENY("docs-rename", "rename a file there", RENAME, "docs\\a.txt", .other = "docs\\moved.txt", .canary = true),
    OPEN("docs-rename-bare", "rename it by a bare name", RENAME_BARE, "docs\\a.txt", .other = "docs\\moved.txt"),
    OPEN("docs-move-in", "move it into the workspace", RENAME, "docs\\a.txt", .other = "ws\\moved.txt"),
    DENY("docs-replace", "replace it by one of the workspace", REPLACE, "ws\\a.txt", .other = "docs\\a.txt"),
    DENY("docs-attributes", "set its attributes", ATTRIBUTES, "docs\\a.txt"),
    DENY("docs-times", "set its times", TIMES, "docs\\a.txt"),
    DENY("docs-stream", "write an alternate stream of it", CREATE, "docs\\a.txt:stream"),
    DENY("docs-dacl", "change its DACL", DACL, "docs\\a.txt"),
    DENY("docs-owner", "open it to take ownership", OWNER, "docs\\a.txt"),
    DENY("docs-link-out", "hard-link a workspace file out", LINK, "docs\\link.txt", .other = "ws\\a.txt"),
    DENY("docs-link-in", "hard-link it in and write through it", LINK_WRITE, "ws\\link.txt", .other = "docs\\a.txt"),
    DENY("docs-dotdot", "overwrite it through the workspace's ..", OVERWRITE, "ws\\src\\..\\..\\docs\\a.txt"),
    DENY("docs-junction", "overwrite it through a new junction", JUNCTION_WRITE, "ws\\jump", .other = "docs", .look = "docs\\a.txt"),
    DENY("docs-junction-deep", "overwrite one with a junction amid its path", JUNCTION_WRITE, "ws\\src\\jump", .other = "docs", .look = "docs\\deep\\b.txt"),
    DENY("docs-symlink", "overwrite it through a symbolic link", SYMLINK_WRITE, "ws\\jump.txt", .other = "docs\\a.txt", .look = "docs\\a.txt", .optional = true),
    DENY("docs-symlink-dir", "overwrite it through one to its directory", SYMLINK_WRITE, "ws\\jump", .other = "docs", .look = "docs\\a.txt", .optional = true),
    DENY("docs-swap", "overwrite it as a directory becomes a junction", SWAP_WRITE, "ws\\swap", .other = "docs", .look = "docs\\a.txt"),
    ROW("docs-device", "overwrite it by its \\\\.\\ path", OVERWRITE, DENIED, DEVICE, "docs\\a.txt"),
    ROW("docs-verbatim", "overwrite it by its \\\\?\\ path", OVERWRITE, DENIED, VERBATIM, "docs\\a.txt"),
    ROW("docs-unc", "overwrite it as \\\\localhost\\C$\\...", OVERWRITE, DENIED, UNC_NAME, "docs\\a.txt", .needs = C_SHARE, .refusal = NO_LOGON, .optional = true),
    ROW("docs-unc-address", "overwrite it as \\\\127.0.0.1\\C$\\...", OVERWRITE, DENIED, UNC_ADDRESS, "docs\\a.txt", .needs = C_SHARE, .refusal = NO_LOGON, .optional = true),
    DENY("docs-dots", "overwrite it with dots and blanks behind", OVERWRITE, "docs\\a.txt. .", .look = "docs\\a.txt"),
    ROW("docs-short", "overwrite one by its 8.3 name", OVERWRITE, DENIED, SHORT, "docs\\a rather long name.text", .look = "docs\\a rather long name.text", .optional = true),
    ROW("docs-read", "read a file there", READ, READS, SCRATCH, "docs\\a.txt"),
    DENY("docs-child", "have a child's child create a file there", CHILD_CREATE, "docs\\new.txt"),
    ROW("docs-everyone", "create one where Everyone may write", CREATE, OPEN_MEDIUM, SCRATCH, "docs\\open\\new.txt", .why = "integrity = lowered closes it", .canary = true),
    ROW("temp-create", "create a file in the user's TEMP", CREATE, DENIED, TEMP, NULL),
    ROW("fat-create", "create one on a volume without ACLs", CREATE, OPEN, VOLUME, NULL, .why = "nothing fences it; status names it", .optional = true),
    ROW("startup-create", "create a file in the Startup folder", CREATE_GONE, DENIED, STARTUP, NULL, .optional = true),
    ROW("data-create", "create a file in Ringfence's own directory", CREATE_GONE, DENIED, DATA, NULL, .optional = true),
    ROW("data-delete", "delete one there", DELETE, DENIED, DATA_FILE, NULL, .optional = true),
    ROW("data-rename", "move one from there into the workspace", RENAME, DENIED, DATA_FILE, NULL, .other = "ws\\moved.txt", .optional = true),
    /* the user's other things */
    ROW("hkcu-set", "set a value in HKCU\\Software", SET_VALUE, DENIED, KEY, NULL),
    ROW("hkcu-create", "create a key in HKCU\\Software", CREATE_KEY, DENIED, KEY, "sub"),
    ROW("hklm-create", "create a key in HKLM\\SOFTWARE", CREATE_KEY, DENIED, MACHINE_KEY, NULL, .optional = true),
    ROW("parent-vm-write", "open the parent process for VM_WRITE", VM_WRITE, DENIED, PARENT, NULL),
    ROW("parent-vm-read", "open it for VM_READ", VM_READ, OPEN_LOGON, PARENT, NULL, .why = LOGON),
    ROW("parent-dup-handle", "open it for DUP_HANDLE", DUP_HANDLE, DENIED, PARENT, NULL),
    ROW("parent-terminate", "open it for TERMINATE", MAY_TERMINATE, OPEN_LOGON, PARENT, NULL, .why = LOGON),
    ROW("parent-thread", "open it for CREATE_THREAD", MAY_THREAD, DENIED, PARENT, NULL),
    ROW("other-memory", "write into another process of the user", MEMORY, DENIED, OTHER, NULL),
    ROW("other-thread", "run a thread in it", THREAD, DENIED, OTHER, NULL),
    ROW("other-terminate", "end it", TERMINATE, OPEN_LOGON, OTHER, NULL, .why = LOGON),
    ROW("run-memory", "write into a process of another run", MEMORY, DENIED, OTHER_RUN, NULL),
    ROW("run-dup-handle", "open it for DUP_HANDLE", DUP_HANDLE, DENIED, OTHER_RUN, NULL),
    ROW("run-vm-read", "open it for VM_READ", VM_READ, OPEN_STANDARD, OTHER_RUN, NULL, .why = "no write; strict closes it"),
    ROW("run-terminate", "end it", TERMINATE, OPEN_STANDARD, OTHER_RUN, NULL, .why = "no write; strict closes it"),
    ROW("user-pipe", "write to a pipe of the user's", OPEN_WRITE, DENIED, NAMED_PIPE, NULL),
    ROW("window-post", "post a message to a window of the user's", POST, OPEN_MEDIUM, WINDOW, NULL, .why = "one desktop; integrity = lowered closes it", .optional = true),
    ROW("clipboard", "open the clipboard", CLIPBOARD, OPEN, NOWHERE, NULL, .why = "one clipboard for the desktop", .optional = true),
    /* by way of somebody else */
    ROW("task", "schedule a task", CREATE, DENIED, TASK, NULL, .tool = "schtasks", .script = "/create /tn % /sc once /st 00:00 /tr \"cmd /c exit\"", .refusal = 1, .optional = true),
    ROW("service", "open the service manager to create one", SERVICE, DENIED, NOWHERE, NULL, .optional = true),
    DENY("wmi", "have WMI start a program that creates a file", CREATE, "docs\\wmi.txt", .tool = "powershell", .script = POWERSHELL "\"try{$r=([wmiclass]'Win32_Process').Create('cmd /d /c echo x> \\\"%\\\"')}catch{exit 5};if($r.ReturnValue){exit 5};" UNLESS_WRITTEN, .refusal = 5, .optional = true),
    OPEN("shell", "have the desktop's shell start one, by COM", CREATE, "docs\\shell.txt", .tool = "powershell", .script = POWERSHELL "\"try{$w=[activator]::CreateInstance([type]::GetTypeFromCLSID('9BA05972-F6A8-11CF-A442-00A0C90A8F39'));$w.Item().Document.Application.ShellExecute('cmd.exe','/d /c echo x> \\\"%\\\"','','open',0)}catch{exit 5};" UNLESS_WRITTEN, .refusal = 5, .why = "a COM call is no write; strict closes it", .optional = true),
    ROW("disk", "open the raw disk for writing", OPEN_WRITE, DENIED, LITERAL, "\\\\.\\PhysicalDrive0", .optional = true),
    ROW("volume", "open the raw volume C: for writing", OPEN_WRITE, DENIED, LITERAL, "\\\\.\\C:", .optional = true),
    ROW("net-ipv4", "connect to 192.0.2.1:80", CONNECT_AS, OPEN_CONFINED, LITERAL, "own token", .why = "environment only; enforced closes it", .optional = true),
    NET("net-ipv6", "connect to [2001:db8::1]:80", CONNECT_OUT, "[2001:db8::1]:80"),
    NET("net-lowered", "connect, the thread at low integrity", CONNECT_AS, "lowered copy"),
    NET("net-anonymous", "connect, the thread anonymous", CONNECT_AS, "anonymous"),
    NET("net-deny-only", "connect, its own SID deny-only", CONNECT_AS, "deny-only copy"),
    NET("net-before", "connect a socket made before, as anonymous", CONNECT_AS, "socket made before"),
    NET("net-after", "connect a socket made as anonymous", CONNECT_AS, "socket made after"),
    NET("net-dns-udp", "ask 192.0.2.1 for a name over UDP", DATAGRAM, "192.0.2.1:53"),
    NET("net-dns-tcp", "ask it over TCP", CONNECT_OUT, "192.0.2.1:53"),
    NET("net-icmp", "send it an ICMP echo request", ECHO, "192.0.2.1", .refusal = NO_ECHO),
    NET("net-raw", "open a raw socket", RAW, ""),
    NET("net-winhttp", "ask it for a page by WinHTTP", HTTP, "192.0.2.1", .refusal = NO_ANSWER),
    NET("net-logon", "log on over the network, at 127.0.0.1", OPEN_READ, "\\\\127.0.0.1\\pipe\\srvsvc", .refusal = NO_LOGON),
    ROW("net-smb", "have the redirector ask 192.0.2.1 by SMB", SMB, OPEN, LITERAL, "\\\\192.0.2.1\\x", .why = "the system's own redirector carries it", .enforced = true, .optional = true),
    ROW("net-dns-service", "have the DNS client service resolve a name", RESOLVE, OPEN, NOWHERE, NULL, .why = "a system service carries it, the name with it", .enforced = true, .optional = true),
    LOOP("loopback", "connect to a server of the user's on 127.0.0.1", CONNECT_TO, LISTENER, "127.0.0.1"),
    LOOP("loopback-other", "connect to one on 127.0.0.2", CONNECT_TO, LISTENER, "127.0.0.2"),
    LOOP("loopback-ipv6", "connect to one on ::1", CONNECT_TO, LISTENER, "[::1]"),
    LOOP("loopback-proxy", "ask a proxy on 127.0.0.1 for 192.0.2.1:80", ASK_PROXY, PROXY, "127.0.0.1"),
    ROW("bits", "have BITS fetch a page from 127.0.0.1", CONNECT_TO, OPEN, URL, "127.0.0.1", .tool = "powershell", .script = POWERSHELL "\"try{$j=Start-BitsTransfer -Asynchronous -Priority Foreground -Source '%' -Destination (Join-Path $env:TEMP 'ringfence-verify.bits')}catch{exit 5};for($i=0;$i -lt 50 -and 'Queued','Connecting' -contains $j.JobState;$i++){Start-Sleep -m 100};Remove-BitsTransfer $j\"", .refusal = 5, .why = "a system service carries it", .enforced = true, .optional = true),
    /* level enforced's own */
    RUN("runner-vm-write", "open the runner for VM_WRITE", VM_WRITE, RUNNER),
    RUN("runner-vm-read", "open it for VM_READ", VM_READ, RUNNER),
    RUN("runner-dup-handle", "open it for DUP_HANDLE", DUP_HANDLE, RUNNER),
    RUN("runner-thread", "open it for CREATE_THREAD", MAY_THREAD, RUNNER),
    RUN("runner-terminate", "open it for TERMINATE", MAY_TERMINATE, RUNNER),
    RUN("runner-pipe", "connect to its pipe", CONNECT_PIPE, RUNNER_PIPE),
    /* credential stores: what is in them is opened or listed at most, and only a file of
     * verify's own is read */
    ROW("store-ssh", "open the user's .ssh to list it", OPEN_READ, READS, PROFILE, ".ssh", .enforced = true, .optional = true),
    STORE("store-ssh-read", "read a file in .ssh", ".ssh"),
    STORE("store-aws", "read a file in .aws", ".aws"),
    STORE("store-credentials", "read one in Microsoft\\Credentials", "AppData\\Roaming\\Microsoft\\Credentials"),
    STORE("store-protect", "read one in Microsoft\\Protect", "AppData\\Roaming\\Microsoft\\Protect"),
    ROW("store-secret", "open Ringfence's own sealed passwords", OPEN_READ, READS, DATA, "secret", .enforced = true, .optional = true),
    /* by tools: each of them also has to work inside */
    TOOLS("cmd", "/d /c echo x> \"%\"", 1),
    TOOLS("powershell", POWERSHELL "\"[IO.File]::WriteAllText('%','x')\"", 1),
    TOOLS("python", "-I -c \"import sys;open(sys.argv[1],'w').write('x')\" \"%\"", 1),
    TOOLS("node", "-e \"require('fs').writeFileSync(process.argv[1],'x')\" \"%\"", 1),
    TOOLS("git", "init -q \"%\"", 128),
    /* the workspace itself */
    DENY("root-rename", "rename the workspace", RENAME, "ws", .other = "ws2", .canary = true),
    DENY("root-rename-bare", "rename it by a bare name", RENAME_BARE, "ws", .other = "ws2"),
    DENY("root-delete", "open it for DELETE", OPEN_DELETE, "ws"),
    DENY("root-dacl", "change its DACL", DACL, "ws"),
    DENY("inside-dacl", "change the DACL of a file in it", DACL, "ws\\a.txt"),
    /* protected names in it */
    DENY("git-create", "create a file in .git", CREATE, "ws\\.git\\new", .canary = true),
    DENY("git-overwrite", "overwrite .git\\config", OVERWRITE, "ws\\.git\\config"),
    DENY("git-append", "append to .git\\config", APPEND, "ws\\.git\\config"),
    DENY("git-delete", "delete .git\\config", DELETE, "ws\\.git\\config", .canary = true),
    DENY("git-rename", "rename .git\\config", RENAME, "ws\\.git\\config", .other = "ws\\.git\\old"),
    DENY("git-move-out", "move .git\\config out of .git", RENAME, "ws\\.git\\config", .other = "ws\\moved.txt"),
    DENY("git-replace", "replace .git\\config", REPLACE, "ws\\a.txt", .other = "ws\\.git\\config"),
    DENY("git-stream", "write an alternate stream of it", CREATE, "ws\\.git\\config:stream"),
    DENY("git-link", "hard-link it and write through that", LINK_WRITE, "ws\\link.txt", .other = "ws\\.git\\config"),
    DENY("git-dacl", "change the DACL of .git", DACL, "ws\\.git"),
    DENY("git-hook-create", "create a hook", CREATE, "ws\\.git\\hooks\\post-checkout"),
    DENY("git-hook-overwrite", "overwrite a hook", OVERWRITE, "ws\\.git\\hooks\\pre-commit"),
    DENY("git-object-create", "create in .git\\objects", CREATE, "ws\\.git\\objects\\new"),
    DENY("git-object-overwrite", "overwrite .git\\objects\\x", OVERWRITE, "ws\\.git\\objects\\x"),
    DENY("git-object-delete", "delete .git\\objects\\x", DELETE, "ws\\.git\\objects\\x"),
    DENY("git-object-rename", "rename .git\\objects\\x", RENAME, "ws\\.git\\objects\\x", .other = "ws\\.git\\objects\\y"),
    DENY("git-case-create", "create a file in .GIT", CREATE, "ws\\.GIT\\new"),
    DENY("git-case-overwrite", "overwrite .GIT\\CONFIG", OVERWRITE, "ws\\.GIT\\CONFIG"),
    DENY("git-case-delete", "delete .GIT\\CONFIG", DELETE, "ws\\.GIT\\CONFIG"),
    DENY("git-dots", "overwrite .git\\config, dots and blanks behind", OVERWRITE, "ws\\.git\\config. .", .look = "ws\\.git\\config"),
    DENY("git-dot-amid", "overwrite it through .git.", OVERWRITE, "ws\\.git.\\config", .look = "ws\\.git\\config"),
    ROW("git-verbatim", "overwrite it by its \\\\?\\ path", OVERWRITE, DENIED, VERBATIM, "ws\\.git\\config"),
    ROW("git-short", "overwrite it through .git's 8.3 name", OVERWRITE, DENIED, SHORT, "ws\\.git\\config", .look = "ws\\.git\\config", .optional = true),
    DENY("git-junction", "overwrite it through a new junction", JUNCTION_WRITE, "ws\\jump", .other = "ws\\.git", .look = "ws\\.git\\config"),
    DENY("git-self-rename", "rename .git itself", RENAME, "ws\\.git", .other = "ws\\git"),
    DENY("git-self-delete", "open .git for DELETE", OPEN_DELETE, "ws\\.git"),
    DENY("nested-create", "create in a nested repository's .git", CREATE, "ws\\sub\\.git\\new"),
    DENY("nested-overwrite", "overwrite its config", OVERWRITE, "ws\\sub\\.git\\config"),
    DENY("nested-delete", "delete its config", DELETE, "ws\\sub\\.git\\config"),
    DENY("nested-rename", "rename its .git", RENAME, "ws\\sub\\.git", .other = "ws\\sub\\git"),
    DENY("gitfile-overwrite", "overwrite a .git file", OVERWRITE, "ws\\tree\\.git"),
    DENY("gitfile-delete", "delete it", DELETE, "ws\\tree\\.git"),
    DENY("gitfile-rename", "rename it", RENAME, "ws\\tree\\.git", .other = "ws\\tree\\git"),
    DENY("gitfile-replace", "replace it", REPLACE, "ws\\a.txt", .other = "ws\\tree\\.git"),
    DENY("codex-create", "create a file in .codex", CREATE, "ws\\.codex\\new"),
    DENY("codex-overwrite", "overwrite .codex\\policy.json", OVERWRITE, "ws\\.codex\\policy.json"),
    /* its box: the junction may be made, and nothing is to come through it */
    DENY("box-junction", "turn the box into a junction and write out", TURN_WRITE, "box", .other = "docs", .look = "docs\\a.txt"),
    /* what has to work */
    LET("ws-create", "create a file in the workspace", CREATE, "ws\\new.txt", .canary = true),
    LET("ws-overwrite", "overwrite one", OVERWRITE, "ws\\a.txt", .canary = true),
    LET("ws-append", "append to it", APPEND, "ws\\a.txt"),
    LET("ws-truncate", "truncate it", TRUNCATE, "ws\\a.txt"),
    LET("ws-read", "read it", READ, "ws\\a.txt"),
    LET("ws-rename", "rename it", RENAME, "ws\\a.txt", .other = "ws\\moved.txt", .canary = true),
    LET("ws-replace", "replace one by it", REPLACE, "ws\\a.txt", .other = "ws\\src\\a.c"),
    LET("ws-delete", "delete it", DELETE, "ws\\a.txt", .canary = true),
    LET("ws-mkdir", "make a directory", MKDIR, "ws\\new"),
    LET("ws-rmdir", "remove a directory", RMDIR, "ws\\empty"),
    LET("src-create", "create a file in src", CREATE, "ws\\src\\new.c"),
    LET("src-overwrite", "overwrite one in src", OVERWRITE, "ws\\src\\a.c"),
    LET("src-append", "append to it", APPEND, "ws\\src\\a.c"),
    LET("src-rename", "rename it", RENAME, "ws\\src\\a.c", .other = "ws\\src\\b.c"),
    LET("src-delete", "delete it", DELETE, "ws\\src\\a.c"),
    LET("src-mkdir", "make a directory in src", MKDIR, "ws\\src\\new"),
    LET("src-rmdir", "remove a directory in src", RMDIR, "ws\\src\\empty"),
    LET("src-self-rename", "rename src", RENAME, "ws\\src", .other = "ws\\source"),
    LET("ws-stream", "write an alternate stream", CREATE, "ws\\a.txt:stream"),
    LET("box-create", "create a file in the box", CREATE, "box\\new.txt"),
    LET("box-overwrite", "overwrite one in the box", OVERWRITE, "box\\a.txt"),
    LET("box-delete", "delete it", DELETE, "box\\a.txt"),
    LET("ws-child", "have a child's child create a file", CHILD_CREATE, "ws\\new.txt"),
    ROW("system-read", "read System32\\kernel32.dll", READ, ALLOWED, SYSTEM, "kernel32.dll"),
    ROW("pipe", "use an anonymous pipe", PIPE, ALLOWED, NOWHERE, NULL),
    ROW("own-pipe", "open its own pipe by name, as Node does", OWN_PIPE, COSTS, NOWHERE, NULL, .why = "its default list names the owner, no restricting SID"),
    ROW("own-dir", "use a directory of its owner alone, as Python", OWN_DIR, COSTS, SCRATCH, "ws\\own", .why = "its list names the owner, no restricting SID", .needs = NO_OWNER_RIGHTS, .optional = true),
    ROW("mended-pipe", "open its own pipe with ringfence-objects.dll, as Node", MENDED_PIPE, ALLOWED, NOWHERE, NULL),
    ROW("mended-dir", "use such a directory with that library, as Python", MENDED_DIR, ALLOWED, SCRATCH, "ws\\own", .needs = NO_OWNER_RIGHTS, .optional = true),
    ROW("cmd", "run cmd /c exit 7", CMD, ALLOWED, SYSTEM, "cmd.exe"),
};
/* clang-format on */
const size_t battery_count = sizeof battery_rows / sizeof battery_rows[0];
_Static_assert(sizeof battery_rows / sizeof battery_rows[0] <= BATTERY_MAX,
               "BATTERY_MAX");

const char *battery_act_name(enum battery_act act)
{
    return acts[act].name;
}

bool battery_act_read(struct u16s word, enum battery_act *act)
{
    for (size_t i = 0; i < BATTERY_ACTS; i++) {
        char16_t name[32];

        if (u16s_eq(word, u16s_ascii(name, 32, acts[i].name))) {
            *act = (enum battery_act)i;
            return true;
        }
    }
    return false;
}

bool battery_act_changes(enum battery_act act)
{
    return acts[act].changes;
}

/* The label keeps a lowered child from what it may change by no list, and from processes
 * and windows; what somebody else does for it is not held by that. */
static bool closes_lowered(const struct battery_row *row)
{
    return row->expect == BATTERY_OPEN_MEDIUM || row->expect == BATTERY_OPEN_LOGON ||
           (row->expect == BATTERY_OPEN_STANDARD && row->place <= BATTERY_LAST_FILE &&
            !row->tool);
}

enum battery_expect battery_expect(const struct battery_row *row, enum fence fence,
                                   bool lowered)
{
    bool strict = fence == FENCE_STRICT;

    if (lowered && closes_lowered(row))
        return BATTERY_DENIED;
    switch (row->expect) {
    case BATTERY_READS:
        return strict ? BATTERY_DENIED : BATTERY_ALLOWED;
    case BATTERY_OPEN_STANDARD:
        return strict ? BATTERY_DENIED : BATTERY_OPEN;
    case BATTERY_OPEN_MEDIUM:
    case BATTERY_OPEN_LOGON:
    case BATTERY_OPEN_CONFINED:
    case BATTERY_LOOPBACK:
        return BATTERY_OPEN;
    case BATTERY_DENIED:
    case BATTERY_OPEN:
    case BATTERY_ALLOWED:
    case BATTERY_COSTS:
        break;
    }
    return row->expect;
}

/* The account has no rights of its own on what is the user's, nor anything of his logon.
 */
enum battery_expect battery_expect_enforced(const struct battery_row *row,
                                            bool loopback_open)
{
    if (row->expect == BATTERY_OPEN || row->expect == BATTERY_OPEN_MEDIUM)
        return BATTERY_OPEN;
    if (row->expect == BATTERY_ALLOWED || row->expect == BATTERY_COSTS)
        return row->expect;
    return row->expect == BATTERY_LOOPBACK && loopback_open ? BATTERY_OPEN
                                                            : BATTERY_DENIED;
}
