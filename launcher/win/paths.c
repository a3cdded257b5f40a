#include "win/paths.h"

#include "core/pathsearch.h"
#include "win/file.h"
#include "win/registry.h"

bool paths_self(struct u16buf *out, struct err *err)
{
    DWORD len = GetModuleFileNameW(NULL, out->at, (DWORD)out->cap);

    if (len == 0)
        return err_win32(err, "GetModuleFileNameW", NULL);
    if (len >= out->cap) /* Windows XP cuts and does not end the string */
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "GetModuleFileNameW",
                       NULL);
    out->len = len;
    return true;
}

/* Cuts *path to the install directory if its program lies in one: dir itself or the one
 * above, whichever holds denybin. */
static bool install_of(struct u16buf *path)
{
    for (int up = 0; up < 2; up++) {
        path->len = pathsearch_dir(u16buf_text(path)).len;
        path->at[path->len] = 0;
        if (path->len == 0)
            return false;
        struct u16buf probe = *path;
        u16buf_addz(&probe, u"\\denybin");
        bool found = !probe.cut && file_kind(probe.at) == FILE_IS_DIRECTORY;
        path->at[path->len] = 0;
        if (found)
            return true;
    }
    return false;
}

bool paths_install(struct u16buf *out, struct err *err)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf self = U16BUF(text);

    if (!paths_self(&self, err))
        return false;
    u16buf_add(out, u16buf_text(&self));
    if (install_of(out))
        return true;
    *out = u16buf_init(out->at, out->cap);
    if (file_final_path(self.at, false, out, err) && install_of(out))
        return true;
    *out = u16buf_init(out->at, out->cap);
    return true;
}

bool paths_data(struct u16buf *out, struct err *err)
{
    static const struct {
        const char16_t *key, *value;
    } places[] = {
        { u"Volatile Environment", u"LOCALAPPDATA" },
        { u"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders",
          u"Local AppData" },
    };
    static char16_t text[1024];

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        auto_handle HANDLE key = registry_open(REGISTRY_USER, places[i].key);
        struct u16buf value = U16BUF(text);

        if (!key || !registry_text(key, places[i].value, &value) || value.len < 3 ||
            text[1] != u':')
            continue;
        u16buf_add(out, u16buf_text(&value));
        u16buf_addz(out, u"\\ringfence");
        return true;
    }
    return err_rule(err, "no local data directory in the registry",
                    u"HKCU\\Volatile Environment\\LOCALAPPDATA");
}

bool paths_current(struct u16buf *out, struct err *err)
{
    DWORD len = GetCurrentDirectoryW((DWORD)out->cap, out->at);

    if (len == 0 || len >= out->cap)
        return err_win32(err, "GetCurrentDirectoryW", NULL);
    out->len = len;
    return true;
}
