/* SPDX-License-Identifier: MIT
 *
 * Stands in for the sh.exe of Git for Windows, which cannot be built here: git starts
 * local transports and GIT_SSH_COMMAND as `sh -c 'WORDS' NAME ARGS...`.  Understands just
 * that: words with the shell's three ways of quoting, and "$@".  Anything else is
 * refused, exit code 2.
 */
#include <process.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define WORDS 64

struct words {
    wchar_t *at[WORDS + 1]; /* quoted for the C runtime's rule; NULL ends */
    int count;
};

static void refuse(const wchar_t *what)
{
    fwprintf(stderr, L"sh: this stand-in does not do: %ls\n", what);
    exit(2);
}

/* One argument as the receiving C runtime will read it back. */
static wchar_t *quoted(const wchar_t *s)
{
    wchar_t *out = calloc(2 * wcslen(s) + 3, sizeof *out), *o = out;
    size_t slashes = 0;

    if (!out)
        refuse(L"out of memory");
    *o++ = L'"';
    for (; *s; s++) {
        if (*s == L'"')
            for (slashes++; slashes > 0; slashes--)
                *o++ = L'\\';
        slashes = *s == L'\\' ? slashes + 1 : 0;
        *o++ = *s;
    }
    for (; slashes > 0; slashes--)
        *o++ = L'\\';
    *o++ = L'"';
    return out;
}

static void add(struct words *w, const wchar_t *word)
{
    if (w->count == WORDS)
        refuse(L"so many words");
    w->at[w->count++] = quoted(word);
}

/* Takes one word off *s into out, without its quotes. */
static void take_word(const wchar_t **s, wchar_t *out)
{
    wchar_t quote = 0;

    for (; **s && (quote || !wcschr(L" \t\n", **s)); (*s)++) {
        if (quote ? **s == quote : **s == L'\'' || **s == L'"') {
            quote = quote ? 0 : **s;
            continue;
        }
        if (quote != L'\'' && wcschr(quote ? L"$`" : L"$`|&;<>()*?[", **s))
            refuse(*s);
        if (**s == L'\\' && quote != L'\'' && (!quote || wcschr(L"\\\"$`", (*s)[1])))
            if (!*++*s)
                refuse(L"a backslash at the end");
        *out++ = **s;
    }
    if (quote)
        refuse(L"a quote without its end");
    *out = 0;
}

int wmain(int argc, wchar_t **argv)
{
    static wchar_t name[32768], word[32768];
    struct words w = { 0 };

    if (argc < 3 || wcscmp(argv[1], L"-c") != 0 || wcslen(argv[2]) >= 32768)
        refuse(L"anything but -c");
    for (const wchar_t *s = argv[2]; *(s += wcsspn(s, L" \t\n"));) {
        if (wcsncmp(s, L"\"$@\"", 4) == 0) {
            for (int i = 4; i < argc; i++)
                add(&w, argv[i]);
            s += 4;
            continue;
        }
        take_word(&s, word);
        if (w.count == 0)
            wcscpy(name, word);
        add(&w, word);
    }
    if (w.count == 0)
        return 0;
    intptr_t code = _wspawnvp(_P_WAIT, name, (const wchar_t *const *)w.at);

    if (code == -1) {
        fwprintf(stderr, L"sh: %ls: not found\n", name);
        return 127;
    }
    return (int)code;
}
