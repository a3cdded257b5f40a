#include "verify/scratch.h"

#include "context.h"
#include "grant/grant.h"
#include "win/file.h"
#include "win/security.h"
#include "win/token.h"

#define TRIES    20u /* a virus scanner may still hold what was just made */
#define RETRY_MS 50u

/* One verify a process. */
static struct {
    char16_t path[MAX_PATH + 64], beside[MAX_PATH + 64];
    char16_t name[WIN_PATH_CAP], real[WIN_PATH_CAP];
    struct security security;
    struct aclplan_room room;
    uint8_t bytes[4096];
} store;

void scratch_path(const struct scratch *s, const char *below, struct u16buf *out)
{
    u16buf_add(out, u16buf_text(&s->path));
    u16buf_addc(out, u'\\');
    u16buf_add_ascii(out, below);
}

bool scratch_security(SECURITY_ATTRIBUTES *attributes, struct err *err)
{
    static uint8_t bytes[512], list[256];
    struct sid who[3] = { sid_well_known(SID_SYSTEM),
                          sid_well_known(SID_ADMINISTRATORS) };
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PROTECTED };
    size_t size = 0;

    if (!token_user_sid(&who[2], err))
        return false;
    for (size_t i = 0; i < 3; i++) {
        struct acl_entry entry = { ACE_ALLOW, ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT,
                                   RIGHT_FILE_ALL, who[i] };

        aclbuf_add(&b, &entry);
    }
    sd.dacl = aclbuf_acl(&b);
    if (b.cut || !secdesc_write(&sd, bytes, sizeof bytes, &size))
        return err_rule(err, "the descriptor is too large", NULL);
    *attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof *attributes,
                                         .lpSecurityDescriptor = bytes };
    return true;
}

bool scratch_init(struct scratch *s, bool lowered, struct err *err)
{
    SECURITY_ATTRIBUTES attributes;
    FILETIME now;
    DWORD len = GetTempPathW(MAX_PATH, store.name);

    *s = (struct scratch){ .path = U16BUF(store.path),
                           .beside = U16BUF(store.beside),
                           .lowered = lowered };
    if (len == 0 || len > MAX_PATH)
        return err_win32(err, "GetTempPathW", NULL);
    if (!scratch_security(&attributes, err) || !file_full_path(store.name, &s->path, err))
        return false;
    if (s->path.len == 0 || s->path.at[s->path.len - 1] != u'\\')
        u16buf_addc(&s->path, u'\\');
    GetSystemTimeAsFileTime(&now);
    u16buf_addz(&s->path, u"ringfence-verify-");
    u16buf_add_hex(&s->path, GetCurrentProcessId(), 8);
    u16buf_add_hex(&s->path, now.dwLowDateTime, 8);
    u16buf_add(&s->beside, u16buf_text(&s->path));
    u16buf_addz(&s->beside, u".tmp");
    if (s->beside.cut)
        return err_rule(err, "the path of TEMP is too long", store.name);
    if (!CreateDirectoryW(s->path.at, &attributes)) {
        err_win32(err, "CreateDirectoryW", s->path.at);
        s->path.len = 0; /* not ours to remove */
        return false;
    }
    return true;
}

static bool is_dots(const char16_t *name)
{
    return name[0] == u'.' && (!name[1] || (name[1] == u'.' && !name[2]));
}

static bool delete_one(const char16_t *path, bool directory, struct err *err)
{
    for (size_t i = 0; i < TRIES; i++) {
        DWORD code = 0;

        SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
        if (directory ? RemoveDirectoryW(path) : DeleteFileW(path))
            return true;
        code = GetLastError();
        if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
            return true;
        err_set(err, ERR_WIN32, code, directory ? "RemoveDirectoryW" : "DeleteFileW",
                path);
        Sleep(RETRY_MS);
    }
    return false;
}

/* Empties the directory that *path names; a link in it goes, what it leads to stays.  The
 * tree is a few levels deep. */
static bool empty(struct u16buf *path, struct err *err)
{
    WIN32_FIND_DATAW found;
    size_t len = path->len;
    HANDLE find = NULL;
    bool good = true;

    u16buf_addz(path, u"\\*");
    find = FindFirstFileW(path->at, &found);
    path->len = len;
    path->at[len] = 0;
    if (find == INVALID_HANDLE_VALUE)
        return err_win32(err, "FindFirstFileW", path->at);
    do {
        bool directory = found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;

        if (is_dots(found.cFileName))
            continue;
        u16buf_addc(path, u'\\');
        u16buf_addz(path, found.cFileName);
        if (directory && !(found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
            good = empty(path, err) && good;
        good = delete_one(path->at, directory, err) && good;
        path->len = len;
        path->at[len] = 0;
    } while (FindNextFileW(find, &found));
    FindClose(find);
    return good;
}

static bool empty_scratch(const struct scratch *s, struct err *err)
{
    struct u16buf path = U16BUF(store.name);

    u16buf_add(&path, u16buf_text(&s->path));
    return empty(&path, err);
}

bool scratch_remove(struct scratch *s, struct err *err)
{
    bool good = true;

    if (s->path.len == 0)
        return true;
    good = delete_one(s->beside.at, false, err);
    good = empty_scratch(s, err) && good;
    return delete_one(s->path.at, true, err) && good;
}

/* A name that was just deleted may still be there for a moment, for who has it open. */
static bool make_directory(const char16_t *path, struct err *err)
{
    for (size_t i = 0; i < TRIES; i++) {
        if (CreateDirectoryW(path, NULL))
            return true;
        err_win32(err, "CreateDirectoryW", path);
        Sleep(RETRY_MS);
    }
    return false;
}

static bool make_thing(const struct scratch *s, const struct battery_thing *thing,
                       struct err *err)
{
    static const char contents[] = BATTERY_CONTENTS;
    struct u16buf path = U16BUF(store.name);
    auto_handle HANDLE file = NULL;
    DWORD done = 0;

    scratch_path(s, thing->path, &path);
    if (thing->directory)
        return make_directory(path.at, err);
    file = CreateFileW(path.at, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL,
                       NULL);
    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        return err_win32(err, "CreateFileW", path.at);
    }
    return WriteFile(file, contents, sizeof contents - 1, &done, NULL) ||
           err_win32(err, "WriteFile", path.at);
}

/* Writes sd's DACL to what is at path. */
static bool write_dacl(struct scratch *s, const char16_t *path, const struct secdesc *sd,
                       struct err *err)
{
    static uint8_t room[SECURITY_BYTES_MAX];
    const struct aclplan_edit edit = { .dacl = true, .sd = *sd };
    auto_handle HANDLE file = NULL;

    if (!security_open(path, &file, err))
        return false;
    switch (security_write(file, &edit, room, err)) {
    case SECURITY_NOT_WRITTEN:
        return false;
    case SECURITY_NOT_KEPT:
        s->not_kept = true;
        break;
    case SECURITY_WRITTEN:
        break;
    }
    return true;
}

/* Writes a list of these two entries, and nothing from above; the user gets all by the
 * second. */
static bool set_list(struct scratch *s, const char *below, const struct acl_entry *first,
                     struct err *err)
{
    struct aclbuf b = aclbuf_init(store.room.dacl, sizeof store.room.dacl);
    struct acl_entry allow = { ACE_ALLOW, 0, RIGHT_FILE_ALL, { 0 } };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    struct u16buf path = U16BUF(store.name);

    if (!token_user_sid(&allow.sid, err))
        return false;
    scratch_path(s, below, &path);
    aclbuf_add(&b, first);
    aclbuf_add(&b, &allow);
    sd.dacl = aclbuf_acl(&b);
    return write_dacl(s, path.at, &sd, err);
}

/* Nobody may delete the guarded file, except who may delete in its directory. */
static bool guard(struct scratch *s, struct err *err)
{
    const struct acl_entry deny = { ACE_DENY, 0, RIGHT_DELETE, sid_everyone() };

    return set_list(s, BATTERY_GUARDED, &deny, err);
}

/* Everybody may do anything in the open directory. */
static bool open_up(struct scratch *s, struct err *err)
{
    const struct acl_entry allow = { ACE_ALLOW,
                                     ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT,
                                     RIGHT_FILE_ALL, sid_everyone() };

    return set_list(s, BATTERY_OPEN_TO_ALL, &allow, err);
}

/* Gives a directory of it the entries of a root by the very walk that readies a
 * workspace: what goes wrong with that is to show here.  What cannot be given a list is
 * no failure: the rows will show it. */
static bool fence(struct scratch *s, const char *below, struct err *err)
{
    static struct grant_result result;
    struct u16buf path = U16BUF(store.name), real = U16BUF(store.real);
    const struct grant_request request = {
        .path = store.real, .sid = s->root, .group = s->group, .lowered = s->lowered
    };

    scratch_path(s, below, &path);
    if (!file_final_path(path.at, false, &real, err))
        return false;
    switch (grant_apply(&request, &result, err)) {
    case GRANT_DONE:
        break;
    case GRANT_NO_ACLS:
        return s->refused = true;
    case GRANT_NOT_KEPT:
        return s->not_kept = true;
    case GRANT_STOPPED:
    case GRANT_FAILED:
    default:
        return false;
    }
    s->not_kept = s->not_kept || result.not_kept;
    s->refused = s->refused || result.null_dacl || result.too_big;
    if (result.failed <= result.not_kept + result.null_dacl + result.too_big)
        return true;
    *err = result.kept[0];
    return false;
}

static bool name_root(struct scratch *s, struct err *err)
{
    uint8_t digest[SHA256_BYTES];
    struct u16buf path = U16BUF(store.name);

    scratch_path(s, BATTERY_ROOT, &path);
    if (!context_hash_path(path.at, digest, err))
        return false;
    s->root = sid_ours(digest);
    return true;
}

bool scratch_fill(struct scratch *s, struct err *err)
{
    if (!delete_one(s->beside.at, false, err) || !empty_scratch(s, err))
        return false;
    for (size_t i = 0; i < battery_thing_count; i++)
        if (!make_thing(s, &battery_things[i], err))
            return false;
    return name_root(s, err) && fence(s, BATTERY_BOX, err) &&
           fence(s, BATTERY_ROOT, err) && guard(s, err) && open_up(s, err);
}

/* Owner and list; a child that changed them shows. */
static void look_at_security(const char16_t *path, struct scratch_look *look)
{
    struct {
        struct sid owner;
        uint8_t list[SHA256_BYTES];
    } both = { 0 };
    const struct secdesc *sd = &store.security.sd;
    struct err err = { 0 };

    if (security_read(path, &store.security, &err) != SECURITY_READ)
        return;
    for (size_t i = 0; sd->has_owner && i < sid_bytes(&sd->owner); i++)
        ((uint8_t *)&both.owner)[i] = ((const uint8_t *)&sd->owner)[i];
    if (sd->dacl.at)
        sha256(sd->dacl.at, sd->dacl.used, both.list);
    sha256(&both, sizeof both, look->security);
}

void scratch_look(const char16_t *path, struct scratch_look *look)
{
    BY_HANDLE_FILE_INFORMATION info;
    size_t bytes = 0;
    struct err err = { 0 };
    HANDLE file = CreateFileW(path, FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    *look = (struct scratch_look){ .there = file != INVALID_HANDLE_VALUE };
    if (!look->there)
        return;
    if (GetFileInformationByHandle(file, &info)) {
        look->attributes = info.dwFileAttributes;
        look->index_high = info.nFileIndexHigh;
        look->index_low = info.nFileIndexLow;
        if (!(info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
            look->links = info.nNumberOfLinks;
            look->size_low = info.nFileSizeLow;
            look->written = info.ftLastWriteTime;
        }
    }
    CloseHandle(file);
    if (file_read(path, store.bytes, sizeof store.bytes, &bytes, &err) == FILE_READ_DONE)
        sha256(store.bytes, bytes, look->contents);
    look_at_security(path, look);
}

static bool same_digest(const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

bool scratch_same(const struct scratch_look *a, const struct scratch_look *b)
{
    return a->there == b->there && a->attributes == b->attributes &&
           a->links == b->links && a->size_low == b->size_low &&
           a->index_high == b->index_high && a->index_low == b->index_low &&
           a->written.dwLowDateTime == b->written.dwLowDateTime &&
           a->written.dwHighDateTime == b->written.dwHighDateTime &&
           same_digest(a->contents, b->contents) && same_digest(a->security, b->security);
}
