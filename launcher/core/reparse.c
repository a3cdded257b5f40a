#include "core/reparse.h"

#define HEAD_BYTES 8u  /* tag, bytes of what follows, reserved */
#define LIST_AT    12u /* behind the version */
#define VERSION    3u

#define NAME_SURROGATE 0x20000000u

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
