#include "verify/actor.h"

#include "context.h"
#include "core/cmdline.h"
#include "win/dll.h"
#include "win/job.h"
#include "win/paths.h"

#define LIMIT_MS 30000u

static HANDLE all; /* the job; NULL where there is none */

/* What stands for a child of a runner. */
static struct {
    char16_t self[WIN_PATH_CAP], line[CMDLINE_MAX + 1];
} through;

bool actor_make(struct actor *actor, enum fence fence, bool lowered,
                const struct sid *root, enum level_token *kept, struct err *err)
{
    struct fence_parts parts = { .root = { *root },
                                 .root_count = 1,
                                 .run = context_run_sid() };
    struct fence_list list;
    struct err why; /* *kept says enough */

    actor->root = *root;
    actor->lowered = lowered;
    if (!token_user_sid(&parts.user, err))
        return false;
    parts.has_logon = token_logon_sid(&parts.logon);
    fence_list(fence, &parts, &list);
    *kept = token_restrict(&list, &actor->token, &why);
    if (*kept == LEVEL_TOKEN_RESTRICTED && lowered && !token_lower(actor->token, &why))
        *kept = LEVEL_TOKEN_FAILED;
    token_child_security(&parts.user, &parts.run, &actor->security);
    return !actor->token || token_set_default_dacl(actor->token, &actor->security, err);
}

void actor_clear(struct actor *actor)
{
    handle_close_p(&actor->token);
    actor->token = NULL;
}

void actor_begin(void)
{
    struct err err;

    if (!job_enclose(false, &all, &err))
        all = NULL; /* already in one, and jobs do not nest */
}

void actor_end(void)
{
    job_release(all);
    handle_close_p(&all);
    all = NULL;
}

/* ringfence verify-act --runner [--lowered] SID PROGRAM, and the line as it is. */
static bool wrap(const struct actor *actor, const struct actor_start *start)
{
    struct u16buf self = U16BUF(through.self), line = U16BUF(through.line);
    char16_t text[SID_TEXT_CAP];
    struct u16buf sid = U16BUF(text);
    struct err unused;

    sid_format(&actor->root, &sid);
    if (!paths_self(&self, &unused))
        return false;
    cmdline_add(&line, u16buf_text(&self));
    cmdline_add(&line, U16S("verify-act"));
    cmdline_add(&line,
                actor->by == ACTOR_RUNNER ? U16S("--runner") : U16S("--own-runner"));
    if (actor->lowered)
        cmdline_add(&line, U16S("--lowered"));
    cmdline_add(&line, u16buf_text(&sid));
    cmdline_add(&line, u16s_of(start->program));
    u16buf_addc(&line, u' ');
    u16buf_addz(&line, start->line);
    return !line.cut;
}

typedef BOOL(WINAPI *duplicate_token)(HANDLE, DWORD, LPSECURITY_ATTRIBUTES,
                                      SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE, PHANDLE);

/* Under the token of the actor's, which serves for all its children.  A token is one
 * process's: Windows makes a copy, but a system like it may have that left to us.  MS:
 * ERROR_TOKEN_ALREADY_IN_USE. */
static BOOL create_as(const struct actor *actor, const struct actor_start *start,
                      DWORD flags, const char16_t *cwd, PROCESS_INFORMATION *pi)
{
    dll_create_process_as_user as_user =
        (dll_create_process_as_user)(void (*)(void))dll_security("CreateProcessAsUserW");
    duplicate_token duplicate =
        (duplicate_token)(void (*)(void))dll_security("DuplicateTokenEx");
    SECURITY_ATTRIBUTES security = actor->security.attributes;
    STARTUPINFOW si = { .cb = sizeof si };
    auto_handle HANDLE copy = NULL;

    if (!as_user)
        return SetLastError(ERROR_PROC_NOT_FOUND), FALSE;
    if (as_user(actor->token, start->program, start->line, &security, &security, FALSE,
                flags, NULL, cwd, &si, pi))
        return TRUE;
    if ((GetLastError() != ERROR_TOKEN_ALREADY_IN_USE &&
         GetLastError() != ERROR_GEN_FAILURE) ||
        !duplicate ||
        !duplicate(actor->token, 0, NULL, SecurityAnonymous, TokenPrimary, &copy))
        return FALSE;
    return as_user(copy, start->program, start->line, &security, &security, FALSE, flags,
                   NULL, cwd, &si, pi);
}

static DWORD create(const struct actor *actor, const struct actor_start *start,
                    PROCESS_INFORMATION *pi)
{
    DWORD flags = start->console ? CREATE_NO_WINDOW : DETACHED_PROCESS;
    STARTUPINFOW si = { .cb = sizeof si };
    char16_t system[MAX_PATH + 1];
    BOOL done = FALSE;
    DWORD code = 0;

    if (GetSystemDirectoryW(system, MAX_PATH) == 0)
        return ERROR_PATH_NOT_FOUND;
    done = actor && actor->token ? create_as(actor, start, flags, system, pi)
                                 : CreateProcessW(start->program, start->line, NULL, NULL,
                                                  FALSE, flags, NULL, system, &si, pi);
    code = done ? 0 : GetLastError();
    return done || code ? code : ERROR_GEN_FAILURE;
}

/* A second time where Wine fails to start anything now and then (1359): nothing has been
 * done yet, and a row that says so is no use to anybody. */
DWORD actor_start(const struct actor *actor, const struct actor_start *start,
                  HANDLE *process)
{
    struct actor_start wrapped = *start;
    PROCESS_INFORMATION pi = { 0 };
    DWORD code = 0;

    if (actor && actor->by != ACTOR_US) {
        if (!wrap(actor, start))
            return ERROR_FILENAME_EXCED_RANGE;
        wrapped.program = through.self;
        wrapped.line = through.line;
        actor = NULL;
    }
    code = create(actor, &wrapped, &pi);
    if (code == ERROR_INTERNAL_ERROR)
        code = create(actor, &wrapped, &pi);
    if (code)
        return code;
    CloseHandle(pi.hThread);
    *process = pi.hProcess;
    return 0;
}

DWORD actor_wait(HANDLE process)
{
    DWORD code = 0;

    if (WaitForSingleObject(process, LIMIT_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process, ERROR_TIMEOUT);
        WaitForSingleObject(process, LIMIT_MS); /* it holds files */
        return ERROR_TIMEOUT;
    }
    return GetExitCodeProcess(process, &code) ? code : ERROR_GEN_FAILURE;
}
