#include "win/out.h"

#include <stdarg.h>

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

static void add_piece(struct u16buf *line, const char16_t *text)
{
    u16buf_add(line, u16s_head(u16s_of(text), LINE_CAP - 2 - line->len));
}

/* The line feed always fits. */
static void write_line(DWORD where, struct u16buf *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (line->at[i] < u' ' || (line->at[i] >= 0x7F && line->at[i] < 0xA0))
            line->at[i] = u'?'; /* of a path or an argument: a line stays one line */
    u16buf_addc(line, u'\n');
    out_text(where, u16buf_text(line));
}

void out_pieces(DWORD where, const char16_t *const *pieces)
{
    char16_t text[LINE_CAP];
    struct u16buf line = U16BUF(text);

    for (; *pieces; pieces++)
        add_piece(&line, *pieces);
    write_line(where, &line);
}

void out_say(DWORD where, const char *pattern, ...)
{
    char16_t text[LINE_CAP];
    struct u16buf line = U16BUF(text);
    va_list list;

    va_start(list, pattern);
    for (; *pattern; pattern++) {
        if (*pattern == '%') /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
            add_piece(&line, va_arg(list, const char16_t *));
        else if (line.len < LINE_CAP - 2)
            u16buf_addc(&line, (unsigned char)*pattern);
    }
    va_end(list);
    write_line(where, &line);
}
