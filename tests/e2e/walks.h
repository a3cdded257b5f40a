/* SPDX-License-Identifier: MIT
 *
 * What the tests of grant, clean and setup --user share: the data directory,
 * lines of the journal made by hand, and the lock that one walk at a time
 * holds.
 */
#pragma once

#include "harness.h"

#include <wincrypt.h>

#define DATA    u"local\\ringfence"
#define JOURNAL u"local\\ringfence\\journal"

/* "RFJ1 done 00… 1 2 3 0 0.1.0 PATH CHECK" between line feeds; path without
 * blanks. */
static inline char *journal_line(int version, const char *state, const char *root,
                                 const char16_t *path)
{
    static char line[8192];
    char narrow[4096];
    BYTE digest[32];
    DWORD bytes = sizeof digest;
    HCRYPTPROV provider = 0;
    HCRYPTHASH hash = 0;
    int len;

    WideCharToMultiByte(CP_UTF8, 0, path, -1, narrow, sizeof narrow, NULL, NULL);
    len = snprintf(line, sizeof line, "\nRFJ%d %s %s 1 132000000000000000 3 0 0.1.0 %s",
                   version, state, root, narrow);
    assert_true(
        CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT));
    assert_true(CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hash));
    assert_true(CryptHashData(hash, (const BYTE *)line + 1, (DWORD)len - 1, 0));
    assert_true(CryptGetHashParam(hash, HP_HASHVAL, digest, &bytes, 0));
    CryptDestroyHash(hash);
    CryptReleaseContext(provider, 0);
    len += snprintf(line + len, 2, " ");
    for (size_t i = 0; i < 8; i++)
        len += snprintf(line + len, 3, "%02x", digest[i]);
    snprintf(line + len, 2, "\n");
    return line;
}

/* One more root in the journal. */
static inline void journal_add(const char *state, const char *root, const char16_t *path)
{
    const char *line = journal_line(1, state, root, path);
    char *before = file_text(JOURNAL);
    char *both = calloc(1, strlen(before) + strlen(line) + 1);

    assert_non_null(both);
    strcat(strcpy(both, before), line);
    put_file(JOURNAL, both);
    free(both);
    free(before);
}

static inline void remove_tree(const char16_t *path)
{
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileW(text(L"%ls\\*", path), &found);

    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        const char16_t *one = text(L"%ls\\%ls", path, found.cFileName);

        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            remove_tree(one);
        else
            DeleteFileW(one);
    } while (FindNextFileW(find, &found));
    FindClose(find);
    RemoveDirectoryW(path);
}

/* A new data directory, with nothing in it. */
static inline void clear_data(void)
{
    remove_tree(place(DATA));
    make_dir(DATA);
}

/* Another walk, as the commands see it. */
static inline HANDLE hold_walk(void)
{
    HANDLE file = INVALID_HANDLE_VALUE;

    make_dir(DATA);
    file = CreateFileW(place(DATA u"\\walk.lock"), GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    return file;
}

/* How often `needle` is in the file. */
static inline size_t count_in_file(const char16_t *relative, const char *needle)
{
    char *whole = file_text(relative);
    size_t count = 0;

    for (const char *at = whole; (at = strstr(at, needle)) != NULL; at++)
        count++;
    free(whole);
    return count;
}

/* Whether the text is one JSON object, as far as brackets and strings tell. */
static inline bool is_json(const char *at)
{
    size_t depth = 0;

    if (*at != '{')
        return false;
    for (; *at; at++) {
        if (*at == '"') {
            for (at++; *at && *at != '"'; at++)
                at += *at == '\\' && at[1];
            if (!*at)
                return false;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        if (depth == 0)
            return !at[1 + strspn(at + 1, "\r\n")];
    }
    return false;
}
