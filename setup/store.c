#include "store.h"

#include "lookup.h"

#define ADVAPI         u"advapi32.dll"
#define STORE_TEXT_CAP 512u /* char16_t */
#define ALL_64BIT      (KEY_READ | KEY_WRITE | KEY_WOW64_64KEY)

static struct {
    LOOKUP_MEMBER(RegOpenKeyExW);
    LOOKUP_MEMBER(RegCreateKeyExW);
    LOOKUP_MEMBER(RegQueryValueExW);
    LOOKUP_MEMBER(RegSetValueExW);
    LOOKUP_MEMBER(RegDeleteValueW);
    LOOKUP_MEMBER(RegQueryInfoKeyW);
    LOOKUP_MEMBER(RegDeleteKeyExW); /* in 64-bit Windows, and since Vista: else NULL */
    LOOKUP_MEMBER(RegDeleteKeyW);
    LOOKUP_MEMBER(RegFlushKey);
    LOOKUP_MEMBER(RegCloseKey);
} reg;

static bool load(struct err *err)
{
    (void)LOOKUP(reg, ADVAPI, RegDeleteKeyExW);
    if (reg.RegCloseKey ||
        (LOOKUP(reg, ADVAPI, RegOpenKeyExW) && LOOKUP(reg, ADVAPI, RegCreateKeyExW) &&
         LOOKUP(reg, ADVAPI, RegQueryValueExW) && LOOKUP(reg, ADVAPI, RegSetValueExW) &&
         LOOKUP(reg, ADVAPI, RegDeleteValueW) && LOOKUP(reg, ADVAPI, RegQueryInfoKeyW) &&
         LOOKUP(reg, ADVAPI, RegDeleteKeyW) && LOOKUP(reg, ADVAPI, RegFlushKey) &&
         LOOKUP(reg, ADVAPI, RegCloseKey)))
        return true;
    return err_rule(err, "advapi32.dll lacks a registry function", NULL);
}

static void close_p(HKEY *key)
{
    if (*key)
        reg.RegCloseKey(*key);
}
#define auto_key __attribute__((cleanup(close_p)))

static bool reg_failed(struct err *err, LONG code, const char *call, const char16_t *key)
{
    return err_set(err, ERR_WIN32, (uint32_t)code, call, key);
}

static enum store_read open_key(const char16_t *path, REGSAM access, HKEY *key,
                                struct err *err)
{
    LONG code = 0;

    if (!load(err))
        return STORE_FAILED;
    code = reg.RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access, key);
    if (code == ERROR_SUCCESS)
        return STORE_READ;
    *key = NULL;
    if (code == ERROR_FILE_NOT_FOUND)
        return STORE_ABSENT;
    return reg_failed(err, code, "RegOpenKeyExW", path), STORE_FAILED;
}

/* Reads a value of `type`; *bytes is the room at data, then what is there. */
static enum store_read get(const char16_t *path, const char16_t *name, DWORD type,
                           void *data, DWORD *bytes, struct err *err)
{
    auto_key HKEY key = NULL;
    DWORD is = 0;
    enum store_read opened = open_key(path, KEY_READ | KEY_WOW64_64KEY, &key, err);
    LONG code = 0;

    if (opened != STORE_READ)
        return opened;
    code = reg.RegQueryValueExW(key, name, NULL, &is, data, bytes);
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_MORE_DATA)
        return STORE_ABSENT;
    if (code != ERROR_SUCCESS)
        return reg_failed(err, code, "RegQueryValueExW", path), STORE_FAILED;
    return is == type ? STORE_READ : STORE_ABSENT;
}

enum store_read store_number(const char16_t *path, const char16_t *name, uint32_t *value,
                             struct err *err)
{
    DWORD data = 0, bytes = sizeof data;
    enum store_read read = get(path, name, REG_DWORD, &data, &bytes, err);

    if (read == STORE_READ)
        *value = data;
    return read;
}

enum store_read store_text(const char16_t *path, const char16_t *name, struct u16buf *out,
                           struct err *err)
{
    char16_t text[STORE_TEXT_CAP];
    DWORD bytes = sizeof text;
    enum store_read read = get(path, name, REG_SZ, text, &bytes, err);
    struct u16s got = { text, bytes / sizeof text[0] };

    if (read == STORE_READ)
        u16buf_add(out, u16s_head(got, u16s_find(got, 0, 0)));
    return read;
}

static bool is_empty(HKEY key)
{
    DWORD keys = 1, values = 1;

    return reg.RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL,
                                NULL, NULL, NULL) == ERROR_SUCCESS &&
           keys == 0 && values == 0;
}

/* The key at path, if nothing is in it.  A key that cannot be removed may stay. */
static void remove_empty(const char16_t *path)
{
    struct err err;
    HKEY key = NULL;
    bool empty = false;

    if (open_key(path, ALL_64BIT, &key, &err) != STORE_READ)
        return;
    empty = is_empty(key);
    reg.RegCloseKey(key);
    if (empty && reg.RegDeleteKeyExW)
        reg.RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, KEY_WOW64_64KEY, 0);
    else if (empty)
        reg.RegDeleteKeyW(HKEY_LOCAL_MACHINE, path);
}

/* And the one above it. */
static void remove_both(const char16_t *path)
{
    char16_t above[256];
    struct u16buf b = U16BUF(above);

    remove_empty(path);
    u16buf_addz(&b, path);
    while (b.len && above[b.len] != u'\\')
        above[b.len--] = 0;
    above[b.len] = 0;
    remove_empty(above);
}

/* Into a key that is there or not. */
static bool set(const char16_t *path, const char16_t *name, DWORD type, const void *data,
                size_t bytes, struct err *err)
{
    HKEY key = NULL;
    const char *call = "RegCreateKeyExW";
    LONG code = 0;

    if (!load(err))
        return false;
    code = reg.RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, REG_OPTION_NON_VOLATILE,
                               ALL_64BIT, NULL, &key, NULL);
    if (code == ERROR_SUCCESS) {
        call = "RegSetValueExW";
        code = reg.RegSetValueExW(key, name, 0, type, data, (DWORD)bytes);
        if (code == ERROR_SUCCESS) {
            call = "RegFlushKey";
            code = reg.RegFlushKey(key);
        }
        reg.RegCloseKey(key);
    }
    if (code == ERROR_SUCCESS)
        return true;
    remove_both(path); /* what was made for the value goes with it */
    return reg_failed(err, code, call, path);
}

#define NOT_KEPT "RegSetValueExW succeeded, but the value is not there"

bool store_set_number(const char16_t *path, const char16_t *name, uint32_t value,
                      struct err *err)
{
    DWORD data = value;
    uint32_t back = ~value;

    if (!set(path, name, REG_DWORD, &data, sizeof data, err))
        return false;
    return (store_number(path, name, &back, err) == STORE_READ && back == value) ||
           err_rule(err, NOT_KEPT, path);
}

bool store_set_text(const char16_t *path, const char16_t *name, struct u16s value,
                    struct err *err)
{
    char16_t text[STORE_TEXT_CAP], read[STORE_TEXT_CAP];
    struct u16buf b = U16BUF(text), back = U16BUF(read);

    u16buf_add(&b, value);
    if (b.cut)
        return err_rule(err, "the value is too long", path);
    if (!set(path, name, REG_SZ, text, (b.len + 1) * sizeof text[0], err))
        return false;
    return (store_text(path, name, &back, err) == STORE_READ &&
            u16s_eq(u16buf_text(&back), value)) ||
           err_rule(err, NOT_KEPT, path);
}

bool store_remove(const char16_t *path, const char16_t *name, struct err *err)
{
    auto_key HKEY key = NULL;
    enum store_read opened = open_key(path, ALL_64BIT, &key, err);
    LONG code = 0;

    if (opened == STORE_FAILED)
        return false;
    if (opened == STORE_ABSENT) {
        remove_both(path); /* a run that was killed may have left the one above */
        return true;
    }
    code = reg.RegDeleteValueW(key, name);
    if (code != ERROR_SUCCESS && code != ERROR_FILE_NOT_FOUND)
        return reg_failed(err, code, "RegDeleteValueW", path);
    code = reg.RegFlushKey(key);
    if (code != ERROR_SUCCESS)
        return reg_failed(err, code, "RegFlushKey", path);
    remove_both(path);
    return true;
}
