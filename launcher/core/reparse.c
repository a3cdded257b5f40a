#include "core/reparse.h"

#define HEAD_BYTES 8u  /* tag, bytes of what follows, reserved */
#define LIST_AT    12u /* behind the version */
#define VERSION    3u

#define NAME_SURROGATE 0x20000000u
#define MOUNT_POINT    0xA0000003u
#define SYMLINK        0xA000000Cu
#define RELATIVE       1u  /* of a symbolic link's flags */
#define NAMES_AT       16u /* a mount point's names; a symbolic link's flags */

bool reparse_is_link(uint32_t tag)
{
    return tag == 0 || tag & NAME_SURROGATE;
}

/* UTF-16 in the file system's buffer, which whoever made the alias has filled: at any
 * alignment, of any length, perhaps without an end.  So it is read byte by byte. */
struct raw {
    const uint8_t *at;
    size_t len; /* whole units */
};

static uint32_t read_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_u32(const uint8_t *at)
{
    return read_u16(at) | read_u16(at + 2) << 16;
}

static char16_t unit(struct raw s, size_t i)
{
    return (char16_t)read_u16(s.at + 2 * i);
}

/* Takes a string and its terminator off *rest; false when there is no terminator. */
static bool take_string(struct raw *rest, struct raw *s)
{
    size_t n = 0;

    while (n < rest->len && unit(*rest, n))
        n++;
    if (n == rest->len)
        return false;
    *s = (struct raw){ rest->at, n };
    *rest = (struct raw){ rest->at + 2 * (n + 1), rest->len - n - 1 };
    return true;
}

/* X:\ and more, as packages have it. */
static bool is_full_path(struct raw s)
{
    return s.len > 3 && u16_upper(unit(s, 0)) >= u'A' && u16_upper(unit(s, 0)) <= u'Z' &&
           unit(s, 1) == u':' && unit(s, 2) == u'\\';
}

static bool has_tail(struct raw s, struct u16s tail)
{
    if (s.len < tail.len)
        return false;
    for (size_t i = 0; i < tail.len; i++)
        if (u16_upper(unit(s, s.len - tail.len + i)) != u16_upper(tail.at[i]))
            return false;
    return true;
}

bool reparse_is_alias(const uint8_t *data, size_t bytes)
{
    return bytes >= HEAD_BYTES && read_u32(data) == REPARSE_APPEXECLINK;
}

enum reparse_alias reparse_read(const uint8_t *data, size_t bytes, struct u16buf *target)
{
    struct raw list, package, application, path;
    size_t list_bytes = 0;

    if (bytes < LIST_AT || read_u32(data) != REPARSE_APPEXECLINK)
        return REPARSE_NOT_ALIAS;
    list_bytes = HEAD_BYTES + read_u16(data + 4);
    if (list_bytes > bytes || list_bytes < LIST_AT ||
        read_u32(data + HEAD_BYTES) != VERSION)
        return REPARSE_NOT_ALIAS;
    list = (struct raw){ data + LIST_AT, (list_bytes - LIST_AT) / 2 };
    if (!take_string(&list, &package) || !take_string(&list, &application) ||
        !take_string(&list, &path) || !is_full_path(path))
        return REPARSE_NOT_ALIAS;
    if (has_tail(path, U16S("\\AppInstallerPythonRedirector.exe")))
        return REPARSE_STORE_STUB;
    /* The launcher that every sandboxed app's alias leads to cannot do without the alias.
     */
    if (has_tail(path, U16S("\\SystemUWPLauncher.exe")))
        return REPARSE_NOT_ALIAS;
    for (size_t i = 0; i < path.len; i++)
        u16buf_addc(target, unit(path, i));
    return REPARSE_ALIAS;
}

/* The name that the system goes by, as it stands in the data. */
static bool find_name(const uint8_t *data, size_t bytes, size_t names_at,
                      struct raw *name)
{
    size_t at = names_at + read_u16(data + 8), len = read_u16(data + 10);

    if (at > bytes || len > bytes - at || len % 2)
        return false;
    *name = (struct raw){ data + at, len / 2 };
    for (size_t i = 0; i < name->len; i++)
        if (!unit(*name, i))
            return false;
    return name->len != 0;
}

static bool starts_with(struct raw s, struct u16s head)
{
    for (size_t i = 0; i < head.len; i++)
        if (i >= s.len || unit(s, i) != head.at[i])
            return false;
    return true;
}

bool reparse_read_link(const uint8_t *data, size_t bytes, struct u16buf *path)
{
    const struct u16s native = U16S("\\??\\");
    bool relative = false;
    struct raw name;
    uint32_t tag = 0;

    if (bytes < NAMES_AT + 4)
        return false;
    tag = read_u32(data);
    if (HEAD_BYTES + read_u16(data + 4) < bytes)
        bytes = HEAD_BYTES + read_u16(data + 4);
    if (tag == SYMLINK)
        relative = read_u32(data + NAMES_AT) & RELATIVE;
    else if (tag != MOUNT_POINT)
        return false;
    if (!find_name(data, bytes, tag == SYMLINK ? NAMES_AT + 4 : NAMES_AT, &name))
        return false;
    if (!relative) {
        if (!starts_with(name, native))
            return false;
        name = (struct raw){ name.at + 2 * native.len, name.len - native.len };
        if (!is_full_path(name))
            return false;
    }
    for (size_t i = 0; i < name.len; i++)
        u16buf_addc(path, unit(name, i));
    return true;
}
