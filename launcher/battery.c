#include "battery.h"

static const struct {
    const char *name;
    bool changes;
} acts[BATTERY_ACTS] = {
    [BATTERY_START] = { "start", false },
    [BATTERY_CREATE] = { "create", true },
    [BATTERY_OVERWRITE] = { "overwrite", true },
    [BATTERY_APPEND] = { "append", true },
    [BATTERY_TRUNCATE] = { "truncate", true },
    [BATTERY_READ] = { "read", false },
    [BATTERY_DELETE] = { "delete", true },
    [BATTERY_OPEN_DELETE] = { "open-delete", false },
    [BATTERY_RENAME] = { "rename", true },
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
    [BATTERY_SET_VALUE] = { "set-value", true },
    [BATTERY_VM_WRITE] = { "vm-write", false },
    [BATTERY_VM_READ] = { "vm-read", false },
    [BATTERY_DUP_HANDLE] = { "dup-handle", false },
    [BATTERY_TERMINATE] = { "terminate", false },
    [BATTERY_THREAD] = { "thread", false },
    [BATTERY_PIPE] = { "pipe", false },
    [BATTERY_CMD] = { "cmd", false },
};

const struct battery_thing battery_things[] = {
    { "docs", true },
    { "docs\\a.txt", false },
    { "docs\\a rather long name.text", false },
    { BATTERY_GUARDED, false },
    { "docs\\empty", true },
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

/* Rows as lines: places other than the scratch directory, the second path and where to
 * look are named where they matter. */
#define DENY(id, text, act, ...)                                                         \
    {                                                                                    \
        id, text, BATTERY_##act, BATTERY_DENIED, BATTERY_SCRATCH, __VA_ARGS__            \
    }
#define OPEN(id, text, act, ...)                                                         \
    {                                                                                    \
        id, text, BATTERY_##act, BATTERY_OPEN_STANDARD, BATTERY_SCRATCH, __VA_ARGS__     \
    }
#define LET(id, text, act, ...)                                                          \
    {                                                                                    \
        id, text, BATTERY_##act, BATTERY_ALLOWED, BATTERY_SCRATCH, __VA_ARGS__           \
    }
#define AT(id, text, act, expect, place, path, look)                                     \
    {                                                                                    \
        id, text, BATTERY_##act, BATTERY_##expect, BATTERY_##place, path, NULL, look     \
    }

/* One row, one line. */
/* clang-format off */
const struct battery_row battery_rows[] = {
    AT("start", "start a program", START, ALLOWED, NOWHERE, NULL, NULL),
    /* beside the workspace */
    DENY("docs-create", "create a file beside the workspace", CREATE, "docs\\new.txt", NULL, NULL),
    DENY("docs-mkdir", "make a directory there", MKDIR, "docs\\new", NULL, NULL),
    DENY("docs-overwrite", "overwrite a file there", OVERWRITE, "docs\\a.txt", NULL, NULL),
    DENY("docs-append", "append to it", APPEND, "docs\\a.txt", NULL, NULL),
    DENY("docs-truncate", "truncate it", TRUNCATE, "docs\\a.txt", NULL, NULL),
    OPEN("docs-delete", "delete it", DELETE, "docs\\a.txt", NULL, NULL),
    OPEN("docs-delete-child", "delete one through its parent alone", DELETE, BATTERY_GUARDED, NULL, NULL),
    OPEN("docs-rmdir", "remove a directory there", RMDIR, "docs\\empty", NULL, NULL),
    DENY("docs-rename", "rename a file there", RENAME, "docs\\a.txt", "docs\\moved.txt", NULL),
    OPEN("docs-move-in", "move it into the workspace", RENAME, "docs\\a.txt", "ws\\moved.txt", NULL),
    DENY("docs-replace", "replace it by one of the workspace", REPLACE, "ws\\a.txt", "docs\\a.txt", NULL),
    DENY("docs-attributes", "set its attributes", ATTRIBUTES, "docs\\a.txt", NULL, NULL),
    DENY("docs-times", "set its times", TIMES, "docs\\a.txt", NULL, NULL),
    DENY("docs-stream", "write an alternate stream of it", CREATE, "docs\\a.txt:stream", NULL, NULL),
    DENY("docs-dacl", "change its DACL", DACL, "docs\\a.txt", NULL, NULL),
    DENY("docs-owner", "open it to take ownership", OWNER, "docs\\a.txt", NULL, NULL),
    DENY("docs-link-out", "hard-link a workspace file out", LINK, "docs\\link.txt", "ws\\a.txt", NULL),
    DENY("docs-link-in", "hard-link it in and write through it", LINK_WRITE, "ws\\link.txt", "docs\\a.txt", NULL),
    DENY("docs-dotdot", "overwrite it through the workspace's ..", OVERWRITE, "ws\\src\\..\\..\\docs\\a.txt", NULL, NULL),
    DENY("docs-junction", "overwrite it through a new junction", JUNCTION_WRITE, "ws\\jump", "docs", "docs\\a.txt"),
    AT("docs-device", "overwrite it by its \\\\.\\ path", OVERWRITE, DENIED, DEVICE, "docs\\a.txt", NULL),
    AT("docs-verbatim", "overwrite it by its \\\\?\\ path", OVERWRITE, DENIED, VERBATIM, "docs\\a.txt", NULL),
    DENY("docs-dots", "overwrite it with dots and blanks behind", OVERWRITE, "docs\\a.txt. .", NULL, "docs\\a.txt"),
    AT("docs-short", "overwrite one by its 8.3 name", OVERWRITE, DENIED, SHORT, "docs\\a rather long name.text", "docs\\a rather long name.text"),
    AT("docs-read", "read a file there", READ, READS, SCRATCH, "docs\\a.txt", NULL),
    AT("temp-create", "create a file in the user's TEMP", CREATE, DENIED, TEMP, NULL, NULL),
    /* the user's other things */
    AT("hkcu-set", "set a value in HKCU\\Software", SET_VALUE, DENIED, KEY, NULL, NULL),
    AT("parent-vm-write", "open the parent process for VM_WRITE", VM_WRITE, DENIED, PARENT, NULL, NULL),
    AT("parent-vm-read", "open it for VM_READ", VM_READ, DENIED, PARENT, NULL, NULL),
    AT("parent-dup-handle", "open it for DUP_HANDLE", DUP_HANDLE, DENIED, PARENT, NULL, NULL),
    AT("parent-terminate", "open it for TERMINATE", TERMINATE, DENIED, PARENT, NULL, NULL),
    AT("parent-thread", "open it for CREATE_THREAD", THREAD, DENIED, PARENT, NULL, NULL),
    /* the workspace itself */
    DENY("root-rename", "rename the workspace", RENAME, "ws", "ws2", NULL),
    DENY("root-delete", "open it for DELETE", OPEN_DELETE, "ws", NULL, NULL),
    DENY("root-dacl", "change its DACL", DACL, "ws", NULL, NULL),
    DENY("inside-dacl", "change the DACL of a file in it", DACL, "ws\\a.txt", NULL, NULL),
    /* protected names in it */
    DENY("git-create", "create a file in .git", CREATE, "ws\\.git\\new", NULL, NULL),
    DENY("git-overwrite", "overwrite .git\\config", OVERWRITE, "ws\\.git\\config", NULL, NULL),
    DENY("git-append", "append to .git\\config", APPEND, "ws\\.git\\config", NULL, NULL),
    DENY("git-delete", "delete .git\\config", DELETE, "ws\\.git\\config", NULL, NULL),
    DENY("git-rename", "rename .git\\config", RENAME, "ws\\.git\\config", "ws\\.git\\old", NULL),
    DENY("git-move-out", "move .git\\config out of .git", RENAME, "ws\\.git\\config", "ws\\moved.txt", NULL),
    DENY("git-replace", "replace .git\\config", REPLACE, "ws\\a.txt", "ws\\.git\\config", NULL),
    DENY("git-stream", "write an alternate stream of it", CREATE, "ws\\.git\\config:stream", NULL, NULL),
    DENY("git-link", "hard-link it and write through that", LINK_WRITE, "ws\\link.txt", "ws\\.git\\config", NULL),
    DENY("git-dacl", "change the DACL of .git", DACL, "ws\\.git", NULL, NULL),
    DENY("git-hook-create", "create a hook", CREATE, "ws\\.git\\hooks\\post-checkout", NULL, NULL),
    DENY("git-hook-overwrite", "overwrite a hook", OVERWRITE, "ws\\.git\\hooks\\pre-commit", NULL, NULL),
    DENY("git-object-create", "create in .git\\objects", CREATE, "ws\\.git\\objects\\new", NULL, NULL),
    DENY("git-object-overwrite", "overwrite .git\\objects\\x", OVERWRITE, "ws\\.git\\objects\\x", NULL, NULL),
    DENY("git-object-delete", "delete .git\\objects\\x", DELETE, "ws\\.git\\objects\\x", NULL, NULL),
    DENY("git-object-rename", "rename .git\\objects\\x", RENAME, "ws\\.git\\objects\\x", "ws\\.git\\objects\\y", NULL),
    DENY("git-case-create", "create a file in .GIT", CREATE, "ws\\.GIT\\new", NULL, NULL),
    DENY("git-case-overwrite", "overwrite .GIT\\CONFIG", OVERWRITE, "ws\\.GIT\\CONFIG", NULL, NULL),
    DENY("git-case-delete", "delete .GIT\\CONFIG", DELETE, "ws\\.GIT\\CONFIG", NULL, NULL),
    DENY("git-self-rename", "rename .git itself", RENAME, "ws\\.git", "ws\\git", NULL),
    DENY("git-self-delete", "open .git for DELETE", OPEN_DELETE, "ws\\.git", NULL, NULL),
    DENY("nested-create", "create in a nested repository's .git", CREATE, "ws\\sub\\.git\\new", NULL, NULL),
    DENY("nested-overwrite", "overwrite its config", OVERWRITE, "ws\\sub\\.git\\config", NULL, NULL),
    DENY("nested-delete", "delete its config", DELETE, "ws\\sub\\.git\\config", NULL, NULL),
    DENY("nested-rename", "rename its .git", RENAME, "ws\\sub\\.git", "ws\\sub\\git", NULL),
    DENY("gitfile-overwrite", "overwrite a .git file", OVERWRITE, "ws\\tree\\.git", NULL, NULL),
    DENY("gitfile-delete", "delete it", DELETE, "ws\\tree\\.git", NULL, NULL),
    DENY("gitfile-rename", "rename it", RENAME, "ws\\tree\\.git", "ws\\tree\\git", NULL),
    DENY("gitfile-replace", "replace it", REPLACE, "ws\\a.txt", "ws\\tree\\.git", NULL),
    DENY("codex-create", "create a file in .codex", CREATE, "ws\\.codex\\new", NULL, NULL),
    DENY("codex-overwrite", "overwrite .codex\\policy.json", OVERWRITE, "ws\\.codex\\policy.json", NULL, NULL),
    /* what has to work */
    LET("ws-create", "create a file in the workspace", CREATE, "ws\\new.txt", NULL, NULL),
    LET("ws-overwrite", "overwrite one", OVERWRITE, "ws\\a.txt", NULL, NULL),
    LET("ws-append", "append to it", APPEND, "ws\\a.txt", NULL, NULL),
    LET("ws-truncate", "truncate it", TRUNCATE, "ws\\a.txt", NULL, NULL),
    LET("ws-read", "read it", READ, "ws\\a.txt", NULL, NULL),
    LET("ws-rename", "rename it", RENAME, "ws\\a.txt", "ws\\moved.txt", NULL),
    LET("ws-replace", "replace one by it", REPLACE, "ws\\a.txt", "ws\\src\\a.c", NULL),
    LET("ws-delete", "delete it", DELETE, "ws\\a.txt", NULL, NULL),
    LET("ws-mkdir", "make a directory", MKDIR, "ws\\new", NULL, NULL),
    LET("ws-rmdir", "remove a directory", RMDIR, "ws\\empty", NULL, NULL),
    LET("src-create", "create a file in src", CREATE, "ws\\src\\new.c", NULL, NULL),
    LET("src-overwrite", "overwrite one in src", OVERWRITE, "ws\\src\\a.c", NULL, NULL),
    LET("src-append", "append to it", APPEND, "ws\\src\\a.c", NULL, NULL),
    LET("src-rename", "rename it", RENAME, "ws\\src\\a.c", "ws\\src\\b.c", NULL),
    LET("src-delete", "delete it", DELETE, "ws\\src\\a.c", NULL, NULL),
    LET("src-mkdir", "make a directory in src", MKDIR, "ws\\src\\new", NULL, NULL),
    LET("src-rmdir", "remove a directory in src", RMDIR, "ws\\src\\empty", NULL, NULL),
    LET("src-self-rename", "rename src", RENAME, "ws\\src", "ws\\source", NULL),
    AT("system-read", "read System32\\kernel32.dll", READ, ALLOWED, SYSTEM, "kernel32.dll", NULL),
    AT("pipe", "use an anonymous pipe", PIPE, ALLOWED, NOWHERE, NULL, NULL),
    AT("cmd", "run cmd /c exit 7", CMD, ALLOWED, SYSTEM, "cmd.exe", NULL),
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

enum battery_expect battery_expect(const struct battery_row *row, enum fence fence)
{
    if (row->expect == BATTERY_READS)
        return fence == FENCE_STRICT ? BATTERY_DENIED : BATTERY_ALLOWED;
    if (row->expect == BATTERY_OPEN_STANDARD && fence == FENCE_STRICT)
        return BATTERY_DENIED;
    return row->expect;
}
