#include "grant/sandbox.h"

#include "core/sandbox.h"
#include "win/account.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/statefile.h"

#define NOTE_NAME u"\\sandbox-group"

typedef BOOL(WINAPI *logon_user)(LPCWSTR, LPCWSTR, LPCWSTR, DWORD, DWORD, HANDLE *);

static const char16_t *const names[] = { SANDBOX_OFFLINE, SANDBOX_ONLINE };
_Static_assert(sizeof names / sizeof names[0] == PASSWORD_ACCOUNTS, "a password each");

/* One command a process. */
static char16_t path[STATEFILE_PATH_CAP];
static struct sid group_sid;

void sandbox_secret_path(const char16_t *data_dir, struct u16buf *out)
{
    u16buf_addz(out, data_dir);
    u16buf_addz(out, u"\\" SANDBOX_SECRET);
}

bool sandbox_is_installed(const char16_t *data_dir)
{
    struct u16buf secret = U16BUF(path);
    struct passwords passwords;
    struct sid sid;
    struct err ignored;
    bool opens = false;

    sandbox_secret_path(data_dir, &secret);
    if (secret.cut || file_kind(path) != FILE_IS_FILE ||
        !account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &sid, &ignored))
        return false;
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++)
        if (!account_find(names[i], ACCOUNT_IS_USER, &sid, &ignored))
            return false;
    opens = secret_load(path, &passwords, &ignored) == SECRET_LOADED;
    password_wipe(&passwords, sizeof passwords);
    return opens;
}

enum sandbox_logon sandbox_try_logon(const struct passwords *passwords)
{
    logon_user log_on = (logon_user)(void (*)(void))dll_security("LogonUserW");
    enum sandbox_logon result = SANDBOX_LOGS_ON;

    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++) {
        auto_handle HANDLE token = NULL;
        struct sid sid;
        struct err ignored;

        if (!log_on || !account_find(names[i], ACCOUNT_IS_USER, &sid, &ignored))
            return SANDBOX_UNTRIED;
        if (log_on(names[i], u".", passwords->text[i], LOGON32_LOGON_INTERACTIVE,
                   LOGON32_PROVIDER_DEFAULT, &token))
            continue;
        token = NULL;
        switch (GetLastError()) {
        case ERROR_LOGON_FAILURE:
        case ERROR_PASSWORD_EXPIRED:
        case ERROR_PASSWORD_MUST_CHANGE:
            return SANDBOX_NEEDS_PASSWORD;
        default:
            result = SANDBOX_UNTRIED;
        }
    }
    return result;
}

static bool note_path(const char16_t *data_dir)
{
    struct u16buf b = U16BUF(path);

    u16buf_addz(&b, data_dir);
    u16buf_addz(&b, NOTE_NAME);
    return !b.cut;
}

static bool read_note(const char16_t *data_dir, struct sid *sid)
{
    char bytes[SID_TEXT_CAP];
    char16_t text[SID_TEXT_CAP];
    struct u16buf b = U16BUF(text);
    size_t size = 0;
    struct err ignored;

    return note_path(data_dir) &&
           file_read(path, bytes, sizeof bytes, &size, &ignored) == FILE_READ_DONE &&
           u16buf_add_utf8(&b, bytes, size, NULL) && !b.cut &&
           sid_parse(sid, u16buf_text(&b));
}

static bool write_note(const char16_t *data_dir, const struct sid *sid, struct err *err)
{
    char bytes[3 * SID_TEXT_CAP];
    char16_t text[SID_TEXT_CAP];
    struct u16buf b = U16BUF(text);

    sid_format(sid, &b);
    if (!note_path(data_dir))
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW",
                       data_dir);
    return statefile_replace(path, bytes,
                             u16s_to_utf8(u16buf_text(&b), bytes, sizeof bytes), err);
}

bool sandbox_group_to_give(const char16_t *data_dir, bool dry_run,
                           const struct sid **group, struct err *err)
{
    struct sid noted;

    *group = NULL;
    if (!sandbox_is_installed(data_dir))
        return true;
    if (!account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &group_sid, err))
        return false;
    if (!dry_run && !(read_note(data_dir, &noted) && sid_eq(&noted, &group_sid)) &&
        !write_note(data_dir, &group_sid, err))
        return false;
    *group = &group_sid;
    return true;
}

const struct sid *sandbox_group_to_take(const char16_t *data_dir)
{
    struct err ignored;

    return read_note(data_dir, &group_sid) ||
                   account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &group_sid, &ignored)
               ? &group_sid
               : NULL;
}

void sandbox_forget_group(const char16_t *data_dir)
{
    if (note_path(data_dir))
        DeleteFileW(path);
}
