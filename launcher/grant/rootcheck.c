#include "grant/rootcheck.h"

#include "core/aclplan.h"
#include "grant/volumes.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/registry.h"
#include "win/security.h"

#define SHARE_ALL ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))
#define DEPTH_MAX 1024u /* a path of 32,767 characters could have 16 times that */
#define SUBST_MAX 8u    /* a subst drive may lie on another one */

typedef BOOL(WINAPI *lookup_account)(LPCWSTR, PSID, LPWSTR, LPDWORD, LPWSTR, LPDWORD,
                                     PSID_NAME_USE);

/* One look. */
struct look {
    struct rootcheck *out;
    struct err *err;
    struct u16buf given;            /* the \\?\ spelling of what was asked for */
    struct u16buf real;             /* and of where that is */
    struct fileid chain[DEPTH_MAX]; /* the root, its parent, ... its volume's root */
    size_t depth;
    struct rootrule_judgement judgement;
    char16_t windows[MAX_PATH]; /* the Windows directory */
};

/* One is enough: a check is over before the next one begins. */
static struct {
    struct look look;
    char16_t given[WIN_PATH_CAP], real[WIN_PATH_CAP], place[WIN_PATH_CAP];
    char16_t full[WIN_PATH_CAP], text[WIN_PATH_CAP];
    struct security security;
    struct aclplan_room room;
} store;

static HANDLE open_path(const char16_t *path)
{
    HANDLE h = CreateFileW(path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                           FILE_FLAG_BACKUP_SEMANTICS, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

/* The verdict on a path that cannot be opened. */
static enum rootcheck_verdict not_opened(struct look *l, const char *call)
{
    switch (GetLastError()) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_INVALID_DRIVE:
        return ROOTCHECK_MISSING;
    case ERROR_DIRECTORY: /* a file in the middle of the path */
        return ROOTCHECK_NOT_DIRECTORY;
    default:
        return err_win32(l->err, call, l->given.at), ROOTCHECK_FAILED;
    }
}

/* What a drive letter stands for when that is another drive's directory. */
static bool resolve_subst(struct u16buf *path)
{
    const char16_t drive[] = { path->at[4], u':', 0 };
    struct u16s target = { store.full, 0 }, rest = u16s_from(u16buf_text(path), 6);
    struct u16buf joined = U16BUF(store.text);

    if (path->at[5] != u':' || !QueryDosDeviceW(drive, store.full, WIN_PATH_CAP))
        return false;
    target.len = u16_len(store.full);
    if (!u16s_istarts(target, U16S("\\??\\")))
        return false;
    u16buf_add(&joined, target);
    u16buf_add(&joined, rest);
    *path = u16buf_init(path->at, path->cap);
    u16buf_add(path, u16buf_text(&joined));
    path->cut |= joined.cut;
    return true;
}

/* GetFullPathNameW would resolve what \\?\ asks to be left alone. */
static bool is_literal(const char16_t *path)
{
    struct u16s s = u16s_of(path);

    return u16s_istarts(s, U16S("\\\\?\\")) || u16s_istarts(s, U16S("\\??\\"));
}

/* Asked before anything is opened there: a server may be slow, or out to collect logons.
 */
static bool is_remote_drive(const struct u16buf *path)
{
    const char16_t root[] = { path->at[4], u':', u'\\', 0 };

    return path->at[5] == u':' && GetDriveTypeW(root) == DRIVE_REMOTE;
}

/* Brings the path into the spelling that is opened as it stands. */
static enum rootcheck_verdict spell(struct look *l, const char16_t *path)
{
    struct u16buf full = U16BUF(store.full);
    enum rootrule_form form = ROOTRULE_LOCAL;

    if (is_literal(path))
        u16buf_addz(&full, path);
    else if (!file_full_path(path, &full, l->err))
        return ROOTCHECK_FAILED;
    form = rootrule_path(u16buf_text(&full), &l->given);
    for (unsigned i = 0;
         form == ROOTRULE_LOCAL && !l->given.cut && resolve_subst(&l->given); i++) {
        struct u16buf again = U16BUF(store.full); /* no longer needed for `full` */

        form =
            i < SUBST_MAX ? rootrule_path(u16buf_text(&l->given), &again) : ROOTRULE_ODD;
        l->given = U16BUF(store.given);
        u16buf_add(&l->given, u16buf_text(&again));
        l->given.cut |= again.cut;
    }
    if (form == ROOTRULE_NETWORK)
        return ROOTCHECK_NETWORK;
    if (form == ROOTRULE_ODD || full.cut || l->given.cut)
        return err_rule(l->err, "only a plain path on a drive can be a writable root",
                        path),
               ROOTCHECK_FAILED;
    return is_remote_drive(&l->given) ? ROOTCHECK_NETWORK : ROOTCHECK_FINE;
}

/* Looks at each directory on the way down, so that none is passed through unseen. */
static enum rootcheck_verdict look_for_links(struct look *l, bool *found)
{
    struct u16s path = u16buf_text(&l->given);

    *found = false;
    for (size_t len = rootrule_next_len(path, rootrule_root_len(path));
         len <= path.len && !*found; len = rootrule_next_len(path, len)) {
        char16_t behind = l->given.at[len];
        DWORD attributes = 0;

        l->given.at[len] = 0;
        attributes = GetFileAttributesW(l->given.at);
        if (attributes == INVALID_FILE_ATTRIBUTES)
            *found = GetLastError() == ERROR_ACCESS_DENIED;
        else
            *found = file_is_link(l->given.at);
        l->given.at[len] = behind;
        if (attributes == INVALID_FILE_ATTRIBUTES && !*found)
            return not_opened(l, "GetFileAttributesW");
    }
    return ROOTCHECK_FINE;
}

/* Where path really is, as \\?\X:\... or \\?\Volume{...}\...: a volume may have neither
 * letter nor folder. */
static bool find_real(const char16_t *path, struct u16buf *out, struct err *err)
{
    for (int by_volume = 0; by_volume < 2; by_volume++) {
        struct u16buf text = U16BUF(store.text);

        if (!file_final_path(path, by_volume, &text, err))
            continue;
        if (rootrule_path(u16buf_text(&text), out) == ROOTRULE_LOCAL && !out->cut)
            return true;
        err_rule(err, "its real path is not one on a drive", text.at);
    }
    return false;
}

/* Without \\?\ before a drive. */
static struct u16s shown(const struct u16buf *path)
{
    return u16s_from(u16buf_text(path), path->at[5] == u':' ? 4 : 0);
}

/* A volume's root, whatever name it was opened by. */
static bool is_volume_root(HANDLE file)
{
    struct {
        ULONG bytes;
        char16_t name[2];
    } name = { 0 };
    IO_STATUS_BLOCK io;

    /* One that is longer than "\" is a warning: STATUS_BUFFER_OVERFLOW. */
    return NT_SUCCESS(NtQueryInformationFile(file, &io, &name, sizeof name,
                                             FileNameInformation)) &&
           name.bytes == sizeof name.name[0];
}

/* The identities of the root and of all that it lies in. */
static bool read_chain(struct look *l)
{
    struct u16buf path = U16BUF(store.place);

    u16buf_add(&path, u16buf_text(&l->real));
    while (path.len) {
        auto_handle HANDLE file = open_path(path.at);

        if (!file)
            return err_win32(l->err, "CreateFileW", path.at);
        if (l->depth == DEPTH_MAX)
            return err_rule(l->err, "it lies in more than 1,024 directories", l->real.at);
        if (!fileid_read(file, &l->chain[l->depth++]))
            return err_rule(l->err, "the file system gives it no identity", path.at);
        path.len = rootrule_parent_len(u16buf_text(&path));
        path.at[path.len] = 0;
    }
    /* It was looked at by the path asked for, and its parents by the real one. */
    return fileid_same(&l->chain[0], &l->out->id) ||
           err_rule(l->err, "it was replaced while it was looked at", l->given.at);
}

/* What and where it is. */
static enum rootcheck_verdict look_at_root(struct look *l)
{
    BY_HANDLE_FILE_INFORMATION info;
    struct volume volume;
    struct u16buf path = U16BUF(l->out->path), name = U16BUF(l->out->file_system);
    bool linked = false;
    enum rootcheck_verdict verdict = look_for_links(l, &linked);
    auto_handle HANDLE file = NULL;

    if (verdict != ROOTCHECK_FINE)
        return verdict;
    file = open_path(l->given.at);
    if (!file)
        return not_opened(l, "CreateFileW");
    if (!GetFileInformationByHandle(file, &info))
        return err_win32(l->err, "GetFileInformationByHandle", l->given.at),
               ROOTCHECK_FAILED;
    if (!fileid_read(file, &l->out->id))
        return err_rule(l->err, "the file system gives it no identity", l->given.at),
               ROOTCHECK_FAILED;
    volume_of(file, &volume);
    u16buf_addz(&name, volume.file_system);
    if (!(info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        return ROOTCHECK_NOT_DIRECTORY;
    if (volume.remote)
        return ROOTCHECK_NETWORK;
    if (!find_real(l->given.at, &l->real, l->err))
        return ROOTCHECK_FAILED;
    if (linked && !file_resolves_links())
        return ROOTCHECK_REPARSE; /* to wherever */
    u16buf_add(&path, shown(&l->real));
    /* A volume that is mounted in a directory, and nowhere else, has no other path. */
    if (linked && !u16s_ieq(u16buf_text(&l->given), u16buf_text(&l->real)))
        return ROOTCHECK_REPARSE;
    if (is_volume_root(file))
        return ROOTCHECK_DRIVE_ROOT;
    if (!read_chain(l))
        return ROOTCHECK_FAILED;
    return volume.no_acls ? ROOTCHECK_NO_ACLS : ROOTCHECK_FINE;
}

/* How far the root is below a directory, or ROOTRULE_APART. */
static size_t depth_below(const struct look *l, const struct fileid *id)
{
    for (size_t i = 1; i < l->depth; i++)
        if (fileid_same(id, &l->chain[i]))
            return i;
    return ROOTRULE_APART;
}

/* How the root lies to the place at *path, which is cut up from its end while its
 * directories are opened; what is missing of it is passed over. */
static void compare(const struct look *l, struct u16buf *path,
                    struct rootrule_place *place)
{
    for (size_t level = 0; path->len && place->above == ROOTRULE_APART; level++) {
        auto_handle HANDLE file = open_path(path->at);
        struct fileid id;

        if (file && fileid_read(file, &id)) {
            if (fileid_same(&id, &l->chain[0]))
                place->above = level;
            if (level == 0)
                place->below = depth_below(l, &id);
        }
        path->len = rootrule_parent_len(u16buf_text(path));
        path->at[path->len] = 0;
    }
}

/* Takes in the place that is at *path, named as the registry does. */
static void judge(struct look *l, const struct rootrule_place *kind, struct u16buf *path,
                  struct u16s named)
{
    struct rootrule_place place = *kind;
    struct u16buf whose;

    compare(l, path, &place);
    if (!rootrule_judge(&l->judgement, &place))
        return;
    whose = U16BUF(l->out->whose);
    u16buf_add(&whose, named);
}

/* Takes in the place at root\leaf; root is as the registry has it, or empty. */
static void add_place(struct look *l, enum rootcheck_verdict verdict,
                      enum rootrule_reach reach, struct u16s root, const char16_t *leaf)
{
    const struct rootrule_place kind = { verdict, reach, ROOTRULE_APART, ROOTRULE_APART };
    struct u16buf spelled = U16BUF(store.full), path = U16BUF(store.place);
    struct u16buf named = U16BUF(store.text);
    struct err unused;
    bool same = false;

    if (!rootrule_expand(root, u16s_of(l->windows), &named))
        return;
    u16buf_addz(&named, leaf);
    if (rootrule_path(u16buf_text(&named), &spelled) != ROOTRULE_LOCAL || spelled.cut)
        return;
    if (find_real(spelled.at, &path, &unused)) {
        same = u16s_ieq(u16buf_text(&path), u16buf_text(&spelled));
        judge(l, &kind, &path, shown(&spelled));
    }
    if (same)
        return;
    /* Once more by the path it is known by: who may write above a junction on that path
     * may put another one in its place.  What is missing is looked for here as well. */
    path = U16BUF(store.place);
    u16buf_add(&path, u16buf_text(&spelled));
    judge(l, &kind, &path, shown(&spelled));
}

/* A place whose path is a value of the key. */
static void add_value(struct look *l, HANDLE key, const char16_t *value,
                      enum rootcheck_verdict verdict, enum rootrule_reach reach)
{
    static char16_t text[1024];
    struct u16buf path = U16BUF(text);

    if (registry_text(key, value, &path))
        add_place(l, verdict, reach, u16buf_text(&path), u"");
}

static bool add_system(struct look *l)
{
    static const char16_t *const programs[] = { u"ProgramFilesDir",
                                                u"ProgramFilesDir (x86)",
                                                u"ProgramW6432Dir" };
    auto_handle HANDLE key =
        registry_open(REGISTRY_MACHINE, u"SOFTWARE\\Microsoft\\Windows\\CurrentVersion");

    if (!key)
        return err_rule(l->err, "the registry does not say where Program Files is", NULL);
    add_place(l, ROOTCHECK_SYSTEM, ROOTRULE_TREE, u16s_of(l->windows), u"");
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        add_value(l, key, programs[i], ROOTCHECK_SYSTEM, ROOTRULE_TREE);
    return true;
}

/* A profile: it, its AppData, and what is run at the next logon. */
static void add_profile(struct look *l, struct u16s path)
{
    add_place(l, ROOTCHECK_PROFILE, ROOTRULE_ITSELF, path, u"");
    add_place(l, ROOTCHECK_PROFILE, ROOTRULE_ITSELF, path, u"\\AppData\\Local");
    add_place(l, ROOTCHECK_PROFILE, ROOTRULE_ITSELF, path, u"\\AppData\\LocalLow");
    add_place(l, ROOTCHECK_PROFILE, ROOTRULE_TREE, path,
              u"\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup");
}

/* The directory of the profiles with all that are in it, known or not (Public, Default),
 * and those that are elsewhere. */
static bool add_profiles(struct look *l)
{
    auto_handle HANDLE list =
        registry_open(REGISTRY_MACHINE,
                      u"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList");
    char16_t name[256];
    static char16_t text[1024];

    if (!list)
        return err_rule(l->err, "the registry does not say where the profiles are", NULL);
    add_value(l, list, u"ProgramData", ROOTCHECK_SYSTEM, ROOTRULE_TREE);
    add_value(l, list, u"ProfilesDirectory", ROOTCHECK_PROFILE, ROOTRULE_CHILDREN);
    for (uint32_t i = 0;; i++) {
        struct u16buf sid = U16BUF(name), path = U16BUF(text);
        auto_handle HANDLE key = NULL;

        if (!registry_subkey(list, i, &sid))
            return true;
        key = registry_open_in(list, name);
        if (key && registry_text(key, u"ProfileImagePath", &path))
            add_profile(l, u16buf_text(&path));
    }
}

/* The user's own, which may have been moved out of the profile. */
static void add_shell_folders(struct look *l)
{
    auto_handle HANDLE key = registry_open(
        REGISTRY_USER,
        u"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders");

    if (!key)
        return;
    add_value(l, key, u"AppData", ROOTCHECK_PROFILE, ROOTRULE_ITSELF);
    add_value(l, key, u"Local AppData", ROOTCHECK_PROFILE, ROOTRULE_ITSELF);
    add_value(l, key, u"{A520A1A4-1780-4FF6-BD18-167343C5AF16}", /* LocalLow */
              ROOTCHECK_PROFILE, ROOTRULE_ITSELF);
    add_value(l, key, u"Startup", ROOTCHECK_PROFILE, ROOTRULE_TREE);
}

/* Whether it is, or lies above or in, a place that is never given away. */
static enum rootcheck_verdict look_at_places(struct look *l, const struct context *c)
{
    UINT len = GetSystemWindowsDirectoryW(l->windows, MAX_PATH);

    if (len == 0 || len >= MAX_PATH)
        return err_win32(l->err, "GetSystemWindowsDirectoryW", NULL), ROOTCHECK_FAILED;
    rootrule_judge_init(&l->judgement);
    add_place(l, ROOTCHECK_FINE, ROOTRULE_EXEMPT, u16buf_text(&c->data), u"\\box");
    add_place(l, ROOTCHECK_OWN, ROOTRULE_TREE, u16buf_text(&c->data), u"");
    add_place(l, ROOTCHECK_OWN, ROOTRULE_TREE, u16buf_text(&c->install), u"");
    if (!add_system(l) || !add_profiles(l))
        return ROOTCHECK_FAILED;
    add_shell_folders(l);
    return l->judgement.verdict;
}

/* DOMAIN\NAME, or the SID where nobody knows it. */
static void name_account(const struct sid *sid, struct u16buf *out)
{
    lookup_account lookup =
        (lookup_account)(void (*)(void))dll_security("LookupAccountSidW");
    char16_t name[128] = u"", domain[128] = u"";
    DWORD name_cap = 128, domain_cap = 128;
    SID_NAME_USE use = SidTypeUnknown;

    if (!lookup ||
        !lookup(NULL, sid_psid(sid), name, &name_cap, domain, &domain_cap, &use)) {
        sid_format(sid, out);
        return;
    }
    u16buf_addz(out, domain);
    u16buf_addz(out, domain[0] ? u"\\" : u"");
    u16buf_addz(out, name);
}

static enum rootcheck_verdict not_ours(struct look *l)
{
    struct u16buf whose = U16BUF(l->out->whose);
    struct err unused;

    if (security_read(l->real.at, &store.security, &unused) == SECURITY_READ &&
        store.security.sd.has_owner)
        name_account(&store.security.sd.owner, &whose);
    return ROOTCHECK_NOT_OURS_TO_EDIT;
}

/* Whether our entries can be put into its list: asked of the edit itself. */
static enum rootcheck_verdict look_at_list(struct look *l)
{
    static const uint8_t nobody[32];
    const struct aclplan_object object = {
        .kind = ACLPLAN_ROOT, .directory = true, .holds = true, .reached = true
    };
    const struct aclplan_policy policy = { .sid = sid_ours(nobody) };
    struct aclplan_edit edit;
    auto_handle HANDLE file = NULL;

    if (!security_open(l->real.at, &file, l->err))
        return l->err->code == ERROR_ACCESS_DENIED ? not_ours(l) : ROOTCHECK_FAILED;
    switch (security_read(l->real.at, &store.security, l->err)) {
    case SECURITY_ABSENT:
        return ROOTCHECK_MISSING;
    case SECURITY_FAILED:
        return ROOTCHECK_FAILED;
    case SECURITY_READ:
        break;
    }
    edit = aclplan_apply(&object, &policy, &store.security.sd, &store.room);
    if (edit.result != ACLPLAN_REFUSED)
        return ROOTCHECK_FINE;
    return edit.rule == ACLPLAN_NULL_DACL ? ROOTCHECK_NULL_DACL : ROOTCHECK_FULL_DACL;
}

enum rootcheck_verdict rootcheck(const struct context *c, const char16_t *path,
                                 struct rootcheck *out, struct err *err)
{
    struct look *l = &store.look;
    UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS); /* no dialog for an empty drive */

    out->path[0] = out->whose[0] = out->file_system[0] = 0;
    l->out = out;
    l->err = err;
    l->given = U16BUF(store.given);
    l->real = U16BUF(store.real);
    l->depth = 0;
    out->verdict = spell(l, path);
    if (out->verdict == ROOTCHECK_FINE)
        out->verdict = look_at_root(l);
    if (out->verdict == ROOTCHECK_FINE)
        out->verdict = look_at_places(l, c);
    if (out->verdict == ROOTCHECK_FINE)
        out->verdict = look_at_list(l);
    SetErrorMode(mode);
    return out->verdict;
}

/* The workspace is where `activate` was called, wherever one has gone since. */
#define ACTIVATE_THERE u" (where activated: deactivate first, and activate there)"

const char16_t *rootcheck_remedy(const struct rootcheck *check)
{
    static const struct {
        const char16_t *before, *after;
        enum rootcheck_verdict verdict;
        bool whose; /* which path stands in between */
    } remedies[] = {
        { u"work in a copy on a local drive", NULL, ROOTCHECK_NETWORK, false },
        { u"move it to an NTFS volume", NULL, ROOTCHECK_NO_ACLS, false },
        { u"cd to ", u"", ROOTCHECK_REPARSE, false },
        { u"cd to a directory in ", ACTIVATE_THERE, ROOTCHECK_DRIVE_ROOT, false },
        { u"work in a directory that is not in or above ", u"", ROOTCHECK_SYSTEM, true },
        { u"cd to a project's own directory in ", ACTIVATE_THERE, ROOTCHECK_PROFILE,
          false },
        { u"work in a directory that is not in or above ", u"", ROOTCHECK_OWN, true },
        { u"as an administrator: takeown /r /f \"", u"\"", ROOTCHECK_NOT_OURS_TO_EDIT,
          false },
        { u"give it a DACL: icacls \"", u"\" /reset", ROOTCHECK_NULL_DACL, false },
        { u"give it a shorter DACL: icacls \"", u"\" /reset", ROOTCHECK_FULL_DACL,
          false },
    };
    struct u16buf b = U16BUF(store.text);

    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].verdict != check->verdict)
            continue;
        if (check->verdict == ROOTCHECK_REPARSE && !check->path[0])
            return NULL;
        u16buf_addz(&b, remedies[i].before);
        if (remedies[i].after) {
            u16buf_addz(&b, remedies[i].whose ? check->whose : check->path);
            u16buf_addz(&b, remedies[i].after);
        }
        return store.text;
    }
    return NULL;
}
