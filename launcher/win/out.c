#include "win/out.h"

#define CHUNK    2048u /* UTF-16 units a time */
#define LINE_CAP 4096u

static void write_utf8(HANDLE to, struct u16s text)
{
    char bytes[3 * CHUNK];

    while (text.len) {
        size_t n = text.len < CHUNK ? text.len : CHUNK;
        size_t len = 0;
        DWORD done = 0;

        if (n < text.len && (text.at[n - 1] & 0xFC00) == 0xD800)
            n--; /* a pair stays together */
        len = u16s_to_utf8(u16s_head(text, n), bytes, sizeof bytes);
        if (!WriteFile(to, bytes, (DWORD)len, &done, NULL))
            return;
        text = u16s_from(text, n);
    }
}

void out_text(DWORD where, struct u16s text)
{
    HANDLE to = GetStdHandle(where);
    DWORD mode = 0, done = 0;

    if (!to || to == INVALID_HANDLE_VALUE)
        return;
    if (GetFileType(to) == FILE_TYPE_CHAR && GetConsoleMode(to, &mode))
        WriteConsoleW(to, text.at, (DWORD)text.len, &done, NULL);
    else
        write_utf8(to, text);
}

void out_pieces(DWORD where, const char16_t *const *pieces)
{
    char16_t line[LINE_CAP];
    struct u16buf buf = U16BUF(line);

    for (; *pieces; pieces++) /* the line feed always fits */
        u16buf_add(&buf, u16s_head(u16s_of(*pieces), LINE_CAP - 2 - buf.len));
    for (size_t i = 0; i < buf.len; i++)
        if (line[i] < u' ' || (line[i] >= 0x7F && line[i] < 0xA0))
            line[i] = u'?'; /* of a path or an argument: a line stays one line */
    u16buf_addc(&buf, u'\n');
    out_text(where, u16buf_text(&buf));
}
