#include "verify/decoy.h"

#include "core/pathsearch.h"
#include "verify/act_net.h"
#include "verify/actor.h"
#include "win/dll.h"
#include "win/paths.h"
#include "win/registry.h"

#define REGISTRY(name) ((__typeof__(&(name)))(void (*)(void))dll_security(#name))
#define PIPE_BYTES     512u
#define MESSAGE_MS     2000u /* how long a posted message may take to end its window */
#define SHELL_FOLDERS                                                                    \
    u"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders"

/* One trial a process. */
static struct {
    struct actor run;            /* of another run */
    HANDLE process, run_process; /* asleep, without a fence and in that run */
    HANDLE window;               /* the process that has it */
    HANDLE pipe;
    const struct remote_request *runner;
    char16_t file[64];           /* on the volume */
    HANDLE held;                 /* a file in a store of the user's */
    char16_t made[WIN_PATH_CAP]; /* one that is not held, or "" */
    char16_t self[WIN_PATH_CAP], line[2 * WIN_PATH_CAP];
} store;

/* The scratch directory's own name, which everything here bears. */
static struct u16s leaf(const struct scratch *s)
{
    return pathsearch_base(u16buf_text(&s->path));
}

static void name_key(enum battery_place place, const struct scratch *s, struct u16buf *b)
{
    u16buf_addz(b, place == BATTERY_MACHINE_KEY ? u"SOFTWARE\\" : u"Software\\");
    u16buf_add(b, leaf(s));
}

static HKEY key_root(enum battery_place place)
{
    return place == BATTERY_MACHINE_KEY ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER;
}

/* The user's key is there, for a value or a key to be set in it; the machine's is not. */
static const char *set_up_key(enum battery_place place, const char *below,
                              const struct scratch *s, struct u16buf *path)
{
    __typeof__(&RegCreateKeyExW) create = REGISTRY(RegCreateKeyExW);
    __typeof__(&RegCloseKey) close = REGISTRY(RegCloseKey);
    char16_t text[64];
    struct u16buf name = U16BUF(text);
    HKEY key = NULL;

    name_key(place, s, &name);
    if (place == BATTERY_KEY) {
        if (!create || !close ||
            create(HKEY_CURRENT_USER, text, 0, NULL, REG_OPTION_VOLATILE, KEY_SET_VALUE,
                   NULL, &key, NULL) != ERROR_SUCCESS)
            return "no key can be made in HKCU";
        close(key);
    }
    u16buf_addz(path, place == BATTERY_KEY ? u"HKCU\\" : u"HKLM\\");
    u16buf_add(path, u16buf_text(&name));
    if (below) {
        u16buf_addc(path, u'\\');
        u16buf_add_ascii(path, below);
    }
    return NULL;
}

/* A value or a key in the user's key, or the machine's key at all. */
static bool key_is_changed(enum battery_place place, const struct scratch *s)
{
    __typeof__(&RegOpenKeyExW) open = REGISTRY(RegOpenKeyExW);
    __typeof__(&RegQueryInfoKeyW) query = REGISTRY(RegQueryInfoKeyW);
    __typeof__(&RegCloseKey) close = REGISTRY(RegCloseKey);
    char16_t text[64];
    struct u16buf name = U16BUF(text);
    DWORD keys = 0, values = 0;
    HKEY key = NULL;

    name_key(place, s, &name);
    if (!open || !query || !close ||
        open(key_root(place), text, 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS)
        return false;
    query(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
    close(key);
    return place == BATTERY_MACHINE_KEY || keys || values;
}

static bool remove_key(enum battery_place place, const struct scratch *s, struct err *err)
{
    __typeof__(&RegDeleteKeyW) delete = REGISTRY(RegDeleteKeyW);
    char16_t text[64];
    struct u16buf name = U16BUF(text);
    LSTATUS status = ERROR_SUCCESS;
    size_t len = 0;

    if (!delete)
        return true; /* nor was there a key */
    name_key(place, s, &name);
    len = name.len;
    u16buf_addz(&name, u"\\sub");
    delete (key_root(place), text);
    text[len] = 0;
    status = delete (key_root(place), text);
    return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND ||
           err_set(err, ERR_WIN32, (uint32_t)status, "RegDeleteKeyW", text);
}

/* Starts one of our own children, under the other run's fence or none, unless it is
 * there. */
static const char *start_child(const struct actor *actor, const char16_t *act,
                               const struct scratch *s, HANDLE *process)
{
    struct u16buf self = U16BUF(store.self), line = U16BUF(store.line);
    struct actor_start start = { .program = store.self, .line = store.line };
    struct err err;

    if (*process)
        return NULL;
    u16buf_addz(&line, u"ringfence verify-act ");
    u16buf_addz(&line, act);
    u16buf_addc(&line, u' ');
    u16buf_add(&line, leaf(s));
    if (!paths_self(&self, &err) || actor_start(actor, &start, process) != 0)
        return "no process can be started for it";
    return NULL;
}

/* Asleep until it is killed: by us, or by the job when we are gone. */
static const char *set_up_process(enum battery_place place, const struct scratch *s,
                                  struct u16buf *path)
{
    bool fenced = place == BATTERY_OTHER_RUN;
    HANDLE *process = fenced ? &store.run_process : &store.process;
    enum level_token kept = LEVEL_TOKEN_UNTRIED;
    const char *missing = NULL;
    PROCESS_BASIC_INFORMATION basic;
    struct err err;

    if (fenced && !store.run.token &&
        !actor_make(&store.run, FENCE_STANDARD, s->lowered, &s->root, &kept, &err))
        return "no process can be started for it";
    missing = start_child(fenced ? &store.run : NULL, u"wait", s, process);
    if (missing)
        return missing;
    if (!NT_SUCCESS(NtQueryInformationProcess(*process, ProcessBasicInformation, &basic,
                                              sizeof basic, NULL)))
        return "the process has no id";
    u16buf_add_dec(path, (uint64_t)basic.UniqueProcessId);
    return NULL;
}

static bool has_ended(HANDLE process)
{
    return WaitForSingleObject(process, 0) == WAIT_OBJECT_0;
}

static void end_process(HANDLE *process)
{
    if (!*process)
        return;
    TerminateProcess(*process, 0);
    WaitForSingleObject(*process, INFINITE);
    handle_close_p(process);
    *process = NULL;
}

/* For the user, SYSTEM and Administrators. */
static const char *set_up_pipe(const struct scratch *s, struct u16buf *path)
{
    SECURITY_ATTRIBUTES security;
    struct err err;

    u16buf_addz(path, u"\\\\.\\pipe\\");
    u16buf_add(path, leaf(s));
    if (!scratch_security(&security, &err))
        return "no pipe can be made here";
    store.pipe =
        CreateNamedPipeW(path->at, PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE, 1, PIPE_BYTES, PIPE_BYTES, 0, &security);
    if (store.pipe == INVALID_HANDLE_VALUE)
        store.pipe = NULL;
    return store.pipe ? NULL : "no pipe can be made here";
}

/* schtasks with these words, about our task. */
static DWORD run_schtasks(const char16_t *before, const struct scratch *s,
                          const char16_t *behind)
{
    char16_t program[MAX_PATH + 32], text[256];
    struct u16buf path = U16BUF(program), line = U16BUF(text);
    struct actor_start start = { .program = program, .line = text, .console = true };
    auto_handle HANDLE process = NULL;
    DWORD failed = 0;

    path.len = GetSystemDirectoryW(program, MAX_PATH);
    u16buf_addz(&path, u"\\schtasks.exe");
    u16buf_addz(&line, u"schtasks ");
    u16buf_addz(&line, before);
    u16buf_addz(&line, u" /tn ");
    u16buf_add(&line, leaf(s));
    u16buf_addz(&line, behind);
    failed = actor_start(NULL, &start, &process);
    return failed ? failed : actor_wait(process);
}

static bool has_task(const struct scratch *s)
{
    return run_schtasks(u"/query", s, u"") == 0;
}

static bool remove_task(const struct scratch *s, struct err *err)
{
    if (!has_task(s) || run_schtasks(u"/delete", s, u" /f") == 0)
        return true;
    return err_rule(err, "the scheduled task cannot be deleted", leaf(s).at);
}

static const char *name_startup(const struct scratch *s, struct u16buf *path)
{
    auto_handle HANDLE key = registry_open(REGISTRY_USER, SHELL_FOLDERS);

    if (!key || !registry_text(key, u"Startup", path))
        return "no Startup folder";
    u16buf_addc(path, u'\\');
    u16buf_add(path, leaf(s));
    return NULL;
}

/* below: it has to be there; NULL: a name for a new file. */
static const char *name_data(const char *below, const struct scratch *s,
                             struct u16buf *path)
{
    struct err err;

    if (!paths_data(path, &err))
        return "no data directory";
    u16buf_addc(path, u'\\');
    if (!below)
        u16buf_add(path, leaf(s));
    else
        u16buf_add_ascii(path, below);
    return !below || GetFileAttributesW(path->at) != INVALID_FILE_ATTRIBUTES
               ? NULL
               : "not there: no `ringfence setup` yet";
}

/* Wherever the act has left it: what it moved into the scratch directory goes with that.
 */
static bool remove_file(struct err *err)
{
    bool gone = true;

    handle_close_p(&store.held);
    store.held = NULL;
    if (store.made[0])
        gone = DeleteFileW(store.made) || GetLastError() == ERROR_FILE_NOT_FOUND ||
               err_win32(err, "DeleteFileW", store.made);
    store.made[0] = 0;
    return gone;
}

/* A file of our own; path is the directory as yet, and the file then.  One that is held
 * goes with this process, whatever becomes of it. */
static const char *make_file(const struct scratch *s, bool held, struct u16buf *path)
{
    static const char contents[] = BATTERY_CONTENTS;
    struct u16buf name = U16BUF(store.made);
    DWORD done = 0;
    struct err unused;
    bool good = false;

    u16buf_addc(path, u'\\');
    u16buf_add(path, leaf(s));
    if (path->cut)
        return "the path is too long";
    store.held = CreateFileW(path->at, GENERIC_WRITE | DELETE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             CREATE_NEW, held ? FILE_FLAG_DELETE_ON_CLOSE : 0, NULL);
    if (store.held == INVALID_HANDLE_VALUE) {
        store.held = NULL;
        return "no file can be made in it";
    }
    good = WriteFile(store.held, contents, sizeof contents - 1, &done, NULL);
    if (!held) {
        u16buf_add(&name, u16buf_text(path));
        handle_close_p(&store.held);
        store.held = NULL;
    }
    if (good)
        return NULL;
    return remove_file(&unused) ? "no file can be made in it" : "a file made in it stays";
}

/* The first disk that keeps no lists; drives A and B are left alone. */
static const char *name_volume(const struct scratch *s, struct u16buf *path)
{
    struct u16buf file = U16BUF(store.file);
    char16_t root[] = u"C:\\";
    UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS); /* no box about an empty drive */
    DWORD drives = GetLogicalDrives(), flags = 0;
    bool found = false;

    for (; root[0] <= u'Z' && !found; root[0]++) {
        UINT type = drives >> (root[0] - u'A') & 1 ? GetDriveTypeW(root) : DRIVE_UNKNOWN;

        found = (type == DRIVE_FIXED || type == DRIVE_REMOVABLE) &&
                GetVolumeInformationW(root, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
                !(flags & (FILE_PERSISTENT_ACLS | FILE_READ_ONLY_VOLUME));
        if (found)
            u16buf_addz(&file, root);
    }
    SetErrorMode(mode);
    u16buf_add(&file, leaf(s));
    u16buf_addz(path, store.file);
    return found ? NULL : "no volume without ACLs here";
}

void decoy_use_runner(const struct remote_request *runner)
{
    store.runner = runner;
}

/* The one that is warm at this moment. */
static const char *name_runner(enum battery_place place, struct u16buf *path)
{
    struct wire_note note;
    char16_t name[PIPE_NAME_CAP];

    if (!store.runner || !remote_note(store.runner, &note))
        return "no runner is warm";
    pipe_name(note.name, name);
    if (place == BATTERY_RUNNER_PIPE)
        u16buf_addz(path, name);
    else
        u16buf_add_dec(path, note.pid);
    return NULL;
}

/* Never made: what is in it is the user's. */
static const char *name_in_profile(const char *below, struct u16buf *path)
{
    DWORD len = GetEnvironmentVariableW(u"USERPROFILE", store.line, WIN_PATH_CAP);

    u16buf_add(path, (struct u16s){ store.line, len < WIN_PATH_CAP ? len : 0 });
    u16buf_addc(path, u'\\');
    u16buf_add_ascii(path, below);
    return len && GetFileAttributesW(path->at) != INVALID_FILE_ATTRIBUTES
               ? NULL
               : "not in this profile";
}

/* "127.0.0.1:PORT", or a URL there. */
static const char *set_up_listener(enum battery_place place, const char *address,
                                   struct u16buf *path)
{
    char16_t text[32], number[8];
    struct u16buf b = U16BUF(text), port = U16BUF(number);

    u16buf_add_ascii(&b, address);
    if (!act_net_listen(text, &port))
        return "nothing can listen there";
    u16buf_addz(path, place == BATTERY_URL ? u"http://" : u"");
    u16buf_addz(path, text);
    u16buf_addc(path, u':');
    u16buf_addz(path, number);
    u16buf_addz(path, place == BATTERY_URL ? u"/" : u"");
    return NULL;
}

const char *decoy_set_up(enum battery_place place, const char *below,
                         const struct scratch *s, struct u16buf *path)
{
    const char *missing = NULL;
    struct err unused;

    switch ((int)place) {
    case BATTERY_KEY:
    case BATTERY_MACHINE_KEY:
        return set_up_key(place, below, s, path);
    case BATTERY_OTHER:
    case BATTERY_OTHER_RUN:
        return set_up_process(place, s, path);
    case BATTERY_WINDOW:
        u16buf_add(path, leaf(s));
        return start_child(NULL, u"be-window", s, &store.window);
    case BATTERY_NAMED_PIPE:
        return set_up_pipe(s, path);
    case BATTERY_TASK:
        u16buf_add(path, leaf(s));
        return has_task(s) ? "schtasks tells nothing here" : NULL;
    case BATTERY_STARTUP:
        return name_startup(s, path);
    case BATTERY_DATA:
        return name_data(below, s, path);
    case BATTERY_DATA_FILE:
        return paths_data(path, &unused) ? make_file(s, false, path)
                                         : "no data directory";
    case BATTERY_STORE:
        missing = name_in_profile(below, path);
        return missing ? missing : make_file(s, true, path);
    case BATTERY_VOLUME:
        return name_volume(s, path);
    case BATTERY_RUNNER:
    case BATTERY_RUNNER_PIPE:
        return name_runner(place, path);
    case BATTERY_PROFILE:
        return name_in_profile(below, path);
    case BATTERY_LISTENER:
    case BATTERY_PROXY:
    case BATTERY_URL:
        return set_up_listener(place, below, path);
    default:
        return "no such place";
    }
}

bool decoy_is_changed(enum battery_place place, const struct scratch *s)
{
    switch ((int)place) {
    case BATTERY_KEY:
    case BATTERY_MACHINE_KEY:
        return key_is_changed(place, s);
    case BATTERY_OTHER:
        return has_ended(store.process);
    case BATTERY_OTHER_RUN:
        return has_ended(store.run_process);
    case BATTERY_WINDOW:
        return WaitForSingleObject(store.window, MESSAGE_MS) == WAIT_OBJECT_0;
    case BATTERY_TASK:
        return has_task(s);
    case BATTERY_LISTENER:
    case BATTERY_PROXY:
    case BATTERY_URL:
        return act_net_was_reached(place == BATTERY_PROXY);
    default:
        return false;
    }
}

bool decoy_put_away(enum battery_place place, const struct scratch *s, struct err *err)
{
    switch ((int)place) {
    case BATTERY_KEY:
    case BATTERY_MACHINE_KEY:
        return remove_key(place, s, err);
    case BATTERY_OTHER:
        if (store.process && has_ended(store.process))
            end_process(&store.process);
        return true;
    case BATTERY_OTHER_RUN:
        if (store.run_process && has_ended(store.run_process))
            end_process(&store.run_process);
        return true;
    case BATTERY_WINDOW:
        end_process(&store.window);
        return true;
    case BATTERY_NAMED_PIPE:
        handle_close_p(&store.pipe);
        store.pipe = NULL;
        return true;
    case BATTERY_LISTENER:
    case BATTERY_PROXY:
    case BATTERY_URL:
        act_net_close();
        return true;
    case BATTERY_TASK:
        return remove_task(s, err);
    case BATTERY_DATA_FILE:
    case BATTERY_STORE:
        return remove_file(err);
    case BATTERY_VOLUME:
        return DeleteFileW(store.file) || GetLastError() == ERROR_FILE_NOT_FOUND ||
               err_win32(err, "DeleteFileW", store.file);
    default:
        return true;
    }
}

void decoy_close(void)
{
    struct err unused;
    bool gone = remove_file(&unused);

    (void)gone; /* after a row this has been told already */
    end_process(&store.process);
    end_process(&store.run_process);
    actor_clear(&store.run);
    end_process(&store.window);
}
