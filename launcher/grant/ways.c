#include "grant/ways.h"

#include "grant/setup_user.h"
#include "win/security.h"

static struct {
    struct security old;
    struct aclplan_room room;
    uint8_t bytes[SECURITY_BYTES_MAX] __attribute__((aligned(8)));
    char16_t profile[WIN_PATH_CAP], path[WIN_PATH_CAP];
} store;

static bool write(const struct aclplan_edit *edit, struct err *err)
{
    auto_handle HANDLE directory = NULL;

    if (edit->result == ACLPLAN_REFUSED)
        return err_rule(err, "its access control list is full", store.path);
    if (!security_open(store.path, &directory, err))
        return false;
    switch (security_write(directory, edit, store.bytes, err)) {
    case SECURITY_WRITTEN:
        return true;
    case SECURITY_NOT_KEPT:
        return err_rule(err, "the volume does not keep what is written", store.path);
    case SECURITY_NOT_WRITTEN:
        break;
    }
    return err_set(err, err->domain, err->code, err->call, store.path);
}

static bool edit_for(const struct sid *sid, bool open, struct err *err)
{
    struct aclplan_edit edit;

    switch (security_read(store.path, &store.old, err)) {
    case SECURITY_ABSENT:
        return !open;
    case SECURITY_FAILED:
        return false;
    case SECURITY_READ:
        break;
    }
    edit = aclplan_way(sid, open, &store.old.sd, &store.room);
    return edit.result == ACLPLAN_SAME || write(&edit, err);
}

/* The directory at store.path, len units long. */
static bool edit_one(const struct ways *ways, size_t len, struct err *err)
{
    bool good = true;

    if (!ways->open && ways->needed && ways->needed((struct u16s){ store.path, len }))
        return true;
    for (size_t i = 0; good && i < ways->count; i++)
        good = edit_for(ways->sid[i], ways->open, err);
    return good;
}

static bool is_in(struct u16s path, struct u16s directory)
{
    return u16s_istarts(path, directory) &&
           (path.len == directory.len || path.at[directory.len] == u'\\');
}

bool ways_edit(const struct ways *ways, const char16_t *root, struct err *err)
{
    struct u16buf profile = U16BUF(store.profile), path = U16BUF(store.path);
    struct err later;
    bool good = true;

    if (!setup_user_profile(&profile, err))
        return false;
    u16buf_addz(&path, root);
    if (path.cut)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "NtOpenFile", root);
    if (!is_in(u16buf_text(&path), u16buf_text(&profile))) {
        path = U16BUF(store.path);
        u16buf_add(&path, u16buf_text(&profile));
        return edit_one(ways, path.len, err);
    }
    while (path.len > profile.len) {
        while (path.at[--path.len] != u'\\')
            ;
        path.at[path.len] = 0;
        if (!edit_one(ways, path.len, good ? err : &later))
            good = false;
    }
    return good;
}
