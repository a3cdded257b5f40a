#include "core/cmdline.h"

#include <string.h>

#define CAP 40000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Arguments of any tail, quoted again, are the same arguments. */
static void check_round_trip(struct u16s tail)
{
    static char16_t text[CAP], one[CAP], two[CAP];
    struct u16buf line = U16BUF(text), a = U16BUF(one), b = U16BUF(two);
    struct u16s rest = tail, again;

    u16buf_addz(&line, u"x");
    while (cmdline_next(&rest, &a)) {
        cmdline_add(&line, u16buf_text(&a));
        a = U16BUF(one);
    }
    if (line.cut)
        return;
    rest = tail;
    again = cmdline_tail(u16buf_text(&line));
    while (cmdline_next(&rest, &a)) {
        if (!cmdline_next(&again, &b) || !u16s_eq(u16buf_text(&a), u16buf_text(&b)))
            __builtin_trap();
        a = U16BUF(one);
        b = U16BUF(two);
    }
    if (cmdline_next(&again, &b))
        __builtin_trap();
}

/* Whatever is in it, quotes pair up, nothing live is outside them, and every percent
 * sign is part of a harmless `%%cd:~,%`. */
static void check_batch(struct u16s script, struct u16s tail)
{
    static char16_t text[CAP];
    struct u16buf line = U16BUF(text);
    struct u16s live = U16S("&|<>^()%!,;="), percent = U16S("%%cd:~,%"), s;
    struct err err;
    bool quoted = false;

    if (!cmdline_batch(&line, U16S("C:\\cmd.exe"), script, tail, &err))
        return;
    s = u16s_from(u16buf_text(&line),
                  u16_len(u"\"C:\\cmd.exe\" /d /e:on /v:off /s /c \""));
    if (line.len > CMDLINE_BATCH_MAX || s.len < 2 || s.at[--s.len] != u'"')
        __builtin_trap();
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == u'"')
            quoted = !quoted;
        else if (!quoted && (u16s_find(live, s.at[i], 0) < live.len || s.at[i] < u' '))
            __builtin_trap();
        if (s.at[i] != u'%')
            continue;
        if (!u16s_eq(u16s_head(u16s_from(s, i), percent.len), percent))
            __builtin_trap();
        i += percent.len - 1;
    }
    if (quoted)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t units[2048];
    struct u16s s = { units, size / 2 }, tail;

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    tail = cmdline_tail(s);
    check_round_trip(tail);
    check_batch(u16s_head(s, s.len - tail.len), tail);
    check_batch(U16S("C:\\x.cmd"), s);
    return 0;
}
