#include "enforced_call.h"

#define OTHER_VERSION "it is not of this version, which is " RINGFENCE_VERSION

static char16_t path[WIN_PATH_CAP];

/* By its full path and from nowhere else.  It stays loaded. */
static enforced_call_run load(const struct context *c, struct err *err)
{
    struct u16buf b = U16BUF(path);
    HMODULE dll = NULL;
    enforced_call_run run = NULL;
    UINT mode = 0;

    u16buf_add(&b, u16buf_text(&c->install));
    u16buf_addz(&b, u"\\" ENFORCED_CALL_DLL);
    if (!c->install.len || b.cut) {
        err_rule(err, "this program is not in an install", ENFORCED_CALL_DLL);
        return NULL;
    }
    mode = SetErrorMode(SEM_FAILCRITICALERRORS); /* no box about a file that is no DLL */
    dll = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!dll)
        err_win32(err, "LoadLibraryExW", path);
    SetErrorMode(mode); /* whoever we start has what we had */
    if (!dll)
        return NULL;
    run = (enforced_call_run)(void (*)(void))GetProcAddress(dll, ENFORCED_CALL_NAME);
    if (run && u16s_is(u16s_of(run(NULL)), RINGFENCE_VERSION))
        return run;
    err_rule(err, OTHER_VERSION, path);
    return NULL;
}

bool enforced_call(const struct context *c, const struct context_wish *wish,
                   const struct process_start *start, size_t environment_units,
                   uint32_t *code, struct err *err)
{
    struct enforced_call call = {
        .bytes = sizeof call,
        .root_bytes = sizeof c->root_list[0],
        .version = u"" RINGFENCE_VERSION,
        .flags = (c->network_on ? ENFORCED_NETWORK_ON : 0u) |
                 (c->policy.network_on ? ENFORCED_NETWORK_BY_POLICY : 0u) |
                 (c->verdict.unproven ? ENFORCED_UNPROVEN : 0u) |
                 (c->policy.lowered ? ENFORCED_LOWERED : 0u),
        .level = c->verdict.level,
        .install = u16buf_text(&c->install),
        .data = u16buf_text(&c->data),
        .cwd = u16buf_text(&c->cwd),
        .program = u16s_of(start->program),
        .line = u16s_of(start->command_line),
        .environment = { start->environment, environment_units },
        .root = c->root_list,
        .root_count = c->root_count,
        .wish_root = wish->root,
        .wish_root_count = wish->root_count,
    };
    enforced_call_run run = load(c, err);

    if (!run)
        return false;
    run(&call);
    if (!call.ran)
        return err_rule(err, OTHER_VERSION, path);
    *code = call.code;
    return true;
}
