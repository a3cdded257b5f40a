#include "grant/setup_user.h"

#include "core/exitcode.h"
#include "core/fence.h"
#include "core/usersetup.h"
#include "grant/ledger.h"
#include "grant/sandbox.h"
#include "grant/walking.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/paths.h"
#include "win/registry.h"
#include "win/statefile.h"
#include "win/token.h"

#define STATE_NAME   u"\\setup-user"
#define REPORT_TICKS 1000u /* ms between two states written */

typedef BOOL(WINAPI *get_user_profile_directory)(HANDLE, LPWSTR, LPDWORD);

static struct {
    struct walking walking;
    char16_t profile[WIN_PATH_CAP], path[WIN_PATH_CAP];
    struct sid sid;
    struct stores_dirs dirs; /* in the profile's */
    struct usersetup state;
    DWORD told; /* when the state was written */
    char16_t line[WIN_PATH_CAP + 64];
} setup;

bool setup_user_profile(struct u16buf *out, struct err *err)
{
    HMODULE userenv = dll_system(u"userenv.dll");
    get_user_profile_directory get =
        userenv ? (get_user_profile_directory)(void (*)(void))GetProcAddress(
                      userenv, "GetUserProfileDirectoryW")
                : NULL;
    auto_handle HANDLE token = NULL;
    DWORD cap = WIN_PATH_CAP;
    NTSTATUS status = 0;

    if (!get)
        return err_rule(err, "this system has no GetUserProfileDirectoryW", NULL);
    status = NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL);
    if (!get(token, setup.path, &cap))
        return err_win32(err, "GetUserProfileDirectoryW", NULL);
    return file_final_path(setup.path, false, out, err);
}

/* A value of the registry's that is below the profile, without the profile's path. */
static struct u16s read_dir(HANDLE key, const char16_t *value, struct u16s profile,
                            struct u16buf *room)
{
    struct u16s path;

    if (!key || !registry_text(key, value, room))
        return (struct u16s){ 0 };
    path = u16buf_text(room);
    while (path.len && path.at[path.len - 1] == u'\\')
        path.len--;
    return !room->cut && path.len > profile.len + 1 && u16s_istarts(path, profile) &&
                   path.at[profile.len] == u'\\'
               ? u16s_from(path, profile.len + 1)
               : (struct u16s){ 0 };
}

void setup_user_dirs(struct u16s profile, struct stores_dirs *dirs)
{
    static char16_t roaming[1024], local[1024];
    struct u16buf to_roaming = U16BUF(roaming), to_local = U16BUF(local);
    auto_handle HANDLE key = registry_open(
        REGISTRY_USER,
        u"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders");

    dirs->roaming = read_dir(key, u"AppData", profile, &to_roaming);
    dirs->local = read_dir(key, u"Local AppData", profile, &to_local);
}

static bool read_sid(struct sid *sid, struct err *err)
{
    struct sid user;

    if (!token_user_sid(&user, err))
        return false;
    *sid = fence_read_sid(&user);
    return true;
}

bool setup_user_digest(uint8_t digest[JOURNAL_ROOT_BYTES], struct err *err)
{
    struct sid sid;

    if (!read_sid(&sid, err))
        return false;
    for (size_t i = 0; i < JOURNAL_ROOT_BYTES; i++)
        digest[i] = (uint8_t)(sid.sub[2 + i / 4] >> (24 - 8 * (i % 4)));
    return true;
}

/* The state file. */

static bool state_path(const char16_t *data_dir, struct u16buf *path)
{
    u16buf_addz(path, data_dir);
    u16buf_addz(path, STATE_NAME);
    return !path->cut;
}

/* When a process started; 0 when that cannot be had. */
static uint64_t born(HANDLE process)
{
    FILETIME start, unused[3];

    if (!GetProcessTimes(process, &start, &unused[0], &unused[1], &unused[2]))
        return 0;
    return (uint64_t)start.dwHighDateTime << 32 | start.dwLowDateTime;
}

static bool read_state(const char16_t *data_dir, struct usersetup *state)
{
    char text[USERSETUP_BYTES_MAX];
    struct u16buf path = U16BUF(setup.path);
    struct err err;
    size_t bytes = 0;

    return state_path(data_dir, &path) &&
           file_read(path.at, text, sizeof text, &bytes, &err) == FILE_READ_DONE &&
           usersetup_parse(state, text, bytes);
}

static bool is_alive(const struct usersetup *state)
{
    auto_handle HANDLE process =
        OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, state->pid);
    DWORD code = 0;

    return process && born(process) == state->born &&
           GetExitCodeProcess(process, &code) && code == STILL_ACTIVE;
}

bool setup_user_is_running(const char16_t *data_dir, DWORD *pid)
{
    struct usersetup state;

    if (!read_state(data_dir, &state) || state.state > USERSETUP_REMOVING ||
        !is_alive(&state))
        return false;
    *pid = state.pid;
    return true;
}

static bool write_state(enum usersetup_state what, struct err *err)
{
    char text[USERSETUP_BYTES_MAX];
    struct u16buf path = U16BUF(setup.path);
    const struct walking *w = &setup.walking;

    if (w->dry_run)
        return true;
    setup.state.state = what;
    setup.state.updated = win_time();
    setup.told = GetTickCount();
    return state_path(w->data_dir, &path) &&
           statefile_replace(path.at, text, usersetup_format(&setup.state, text), err);
}

/* A state that cannot be written now is not worth ending the walk for: the next
 * one may be. */
static void tick(struct walking *w)
{
    struct err ignored;

    setup.state.entries = w->at.entries;
    if (GetTickCount() - setup.told >= REPORT_TICKS &&
        !write_state(setup.state.state, &ignored))
        setup.told = GetTickCount();
}

void setup_user_forget(const char16_t *data_dir)
{
    struct u16buf path = U16BUF(setup.path);

    if (state_path(data_dir, &path))
        DeleteFileW(path.at);
}

/* The walk. */

static bool note(enum journal_state state, struct err *err)
{
    struct journal_record record = { .state = state,
                                     .plan = ACLPLAN_VERSION,
                                     .entries = setup.walking.result.entries,
                                     .failed = setup.walking.result.failed };

    return setup.walking.dry_run ||
           (setup_user_digest(record.root, err) &&
            ledger_note(setup.walking.data_dir, &record, setup.profile, err));
}

static enum usersetup_state end_state(bool undo)
{
    static const enum usersetup_state states[] = { [GRANT_DONE] = USERSETUP_DONE,
                                                   [GRANT_STOPPED] = USERSETUP_STOPPED,
                                                   [GRANT_NO_ACLS] = USERSETUP_NO_ACLS,
                                                   [GRANT_NOT_KEPT] = USERSETUP_NOT_KEPT,
                                                   [GRANT_FAILED] = USERSETUP_FAILED };

    return undo && setup.walking.outcome == GRANT_DONE ? USERSETUP_UNDONE
                                                       : states[setup.walking.outcome];
}

static enum aclplan_kind kind_of(struct u16s path)
{
    return stores_kind(path, &setup.dirs);
}

/* How deep a store may lie: the rows' depth, and what the names here have more. */
static uint32_t depth_of_stores(void)
{
    const struct u16s dirs[] = { setup.dirs.roaming, setup.dirs.local };
    size_t most = 2; /* as the rows have them */

    for (size_t i = 0; i < 2; i++) {
        struct u16s rest = dirs[i];
        size_t parts = 0;

        for (; rest.at; parts++)
            (void)u16s_split(&rest, u'\\');
        most = parts > most ? parts : most;
    }
    return (uint32_t)(STORES_DEPTH_MAX + most - 2);
}

static void walk(bool undo)
{
    const struct grant_request how = { .sid = setup.sid,
                                       .read = true,
                                       .special = kind_of,
                                       .special_depth = depth_of_stores() };

    if (undo)
        walking_remove(&setup.walking, setup.profile, &setup.sid);
    else
        walking_add(&setup.walking, setup.profile, &how);
    setup.state.entries = setup.walking.result.entries;
    setup.state.closed = setup.walking.result.protected_found;
    setup.state.failed = setup.walking.result.failed;
}

/* The group to be walked with: the one that is there, or any there was. */
static bool find_group(bool undo, struct err *err)
{
    struct walking *w = &setup.walking;

    if (undo) {
        w->group = sandbox_group_to_take(w->data_dir);
        return true;
    }
    return sandbox_group_to_give(w->data_dir, w->dry_run, &w->group, err);
}

/* What the journal says afterwards.  Where lists are not kept nothing of ours
 * is to be looked for. */
static bool note_end(bool undo, struct err *err)
{
    const struct walking *w = &setup.walking;

    if (w->outcome == GRANT_DONE && !undo)
        return note(JOURNAL_DONE, err);
    if (walking_is_good(w) || w->outcome == GRANT_NO_ACLS ||
        (w->outcome == GRANT_NOT_KEPT && !walking_has_ours(setup.profile)))
        return note(JOURNAL_CLEARED, err);
    return true;
}

static bool run(bool undo, struct err *err)
{
    struct walking *w = &setup.walking;
    struct err later = { 0 };
    bool good = false;

    setup.state = (struct usersetup){ .pid = GetCurrentProcessId(),
                                      .born = born(GetCurrentProcess()),
                                      .started = win_time() };
    if (!walking_begin(w, err) || !find_group(undo, err) ||
        !note(undo ? JOURNAL_CLEARING : JOURNAL_BEGUN, err) ||
        !write_state(undo ? USERSETUP_REMOVING : USERSETUP_ADDING, err))
        return false;
    walk(undo);
    good = walking_error(w, err);
    if (w->json || good)
        walking_show(w);
    if (write_state(end_state(undo), &later) && note_end(undo, &later))
        return good;
    if (good)
        *err = later;
    return false;
}

bool setup_user_run(const char16_t *data_dir, const struct setup_user *how,
                    uint32_t *exit_code, struct err *err)
{
    struct u16buf profile = U16BUF(setup.profile);
    uint32_t code = EXIT_RINGFENCE;
    DWORD pid = 0;
    bool good = false;

    setup.walking = (struct walking){ .data_dir = data_dir,
                                      .verb = "setup --user",
                                      .removes = how->undo,
                                      .reads = true,
                                      .dry_run = how->dry_run,
                                      .json = how->json,
                                      .quiet = how->background,
                                      .background = how->background,
                                      .tick = how->dry_run ? NULL : tick };
    if (!how->dry_run && setup_user_is_running(data_dir, &pid))
        return err_rule(err, "it is being done already; `ringfence status` says how far",
                        NULL);
    if (!setup_user_profile(&profile, err) || !read_sid(&setup.sid, err))
        return false;
    setup_user_dirs(u16buf_text(&profile), &setup.dirs);
    good = run(how->undo, err);
    code = walking_end(&setup.walking, good);
    if (good)
        *exit_code = code;
    return good;
}

/* The process that does it in the background. */

bool setup_user_start(bool undo, DWORD *pid, struct err *err)
{
    const DWORD flags = DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB;
    STARTUPINFOW start = { .cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES };
    struct u16buf self = U16BUF(setup.path), line = U16BUF(setup.line);
    char16_t system[MAX_PATH + 1];
    PROCESS_INFORMATION process;

    if (!paths_self(&self, err))
        return false;
    if (!GetSystemDirectoryW(system, MAX_PATH))
        return err_win32(err, "GetSystemDirectoryW", NULL);
    u16buf_addc(&line, u'"');
    u16buf_add(&line, u16buf_text(&self));
    u16buf_addz(&line,
                undo ? u"\" setup --user --worker --undo" : u"\" setup --user --worker");
    /* Out of the job of whoever asked, where it may be left; the current
     * directory is not to be held. */
    if (!CreateProcessW(self.at, line.at, NULL, NULL, FALSE, flags, NULL, system, &start,
                        &process) &&
        !CreateProcessW(self.at, line.at, NULL, NULL, FALSE, DETACHED_PROCESS, NULL,
                        system, &start, &process))
        return err_win32(err, "CreateProcessW", self.at);
    *pid = process.dwProcessId;
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return true;
}

/* For people. */

static void add_date(struct u16buf *b, uint64_t time)
{
    FILETIME utc = { (DWORD)time, (DWORD)(time >> 32) }, local;
    SYSTEMTIME date;
    const char16_t *const zero[] = { u"-0", u"-" };

    if (!FileTimeToLocalFileTime(&utc, &local) || !FileTimeToSystemTime(&local, &date))
        return;
    u16buf_addc(b, u' ');
    u16buf_add_dec(b, date.wYear);
    u16buf_addz(b, zero[date.wMonth > 9]);
    u16buf_add_dec(b, date.wMonth);
    u16buf_addz(b, zero[date.wDay > 9]);
    u16buf_add_dec(b, date.wDay);
}

static void add_counted(struct u16buf *b, const char16_t *before, uint64_t count,
                        const char16_t *after)
{
    u16buf_addz(b, before);
    walking_add_count(b, count);
    u16buf_addz(b, after);
}

void setup_user_status(const struct context *context, struct u16buf *out)
{
    struct usersetup state;
    bool moving = false;

    if (!read_state(context->data.at, &state)) {
        u16buf_addz(out, u"profile not granted: ringfence setup --user");
        return;
    }
    moving = state.state <= USERSETUP_REMOVING;
    if (moving && is_alive(&state)) {
        u16buf_addz(out, state.state == USERSETUP_ADDING ? u"profile being granted"
                                                         : u"profile being cleaned");
        add_counted(out, u", ", state.entries, u" files and directories so far");
        return;
    }
    switch (state.state) {
    case USERSETUP_DONE:
        u16buf_addz(out, u"profile granted");
        add_date(out, state.updated);
        add_counted(out, u", ", state.closed, u" credential stores closed");
        if (state.failed)
            add_counted(out, u", ", state.failed, u" paths not readable for the fence");
        break;
    case USERSETUP_UNDONE:
        u16buf_addz(out, u"profile not granted: ringfence setup --user");
        break;
    case USERSETUP_NO_ACLS:
        u16buf_addz(out, u"profile not granted: its volume keeps no ACLs");
        break;
    case USERSETUP_NOT_KEPT:
        u16buf_addz(out, u"profile not granted: its files do not keep the lists they are "
                         u"given");
        break;
    case USERSETUP_ADDING:
    case USERSETUP_REMOVING:
    case USERSETUP_STOPPED:
        add_counted(out, u"profile granted in part, stopped after ", state.entries,
                    u" files and directories: ringfence setup --user");
        break;
    case USERSETUP_FAILED:
    case USERSETUP_STATE_COUNT:
        u16buf_addz(out, u"profile not granted, setup failed: ringfence setup --user");
        break;
    }
}
