#include "win/dll.h"

FARPROC dll_loaded(const char16_t *module, const char *name)
{
    HMODULE m = GetModuleHandleW(module);

    return m ? GetProcAddress(m, name) : NULL;
}

/* LOAD_LIBRARY_SEARCH_SYSTEM32 is newer than Server 2003, so the full path is spelled
 * out; LOAD_WITH_ALTERED_SEARCH_PATH lets the library's own imports come from there as
 * well. */
HMODULE dll_system(const char16_t *name)
{
    char16_t path[MAX_PATH + 64];
    struct u16buf b = U16BUF(path);
    UINT len = GetSystemDirectoryW(path, MAX_PATH);

    if (len == 0 || len >= MAX_PATH)
        return NULL;
    b.len = len;
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, name);
    return b.cut ? NULL : LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}

FARPROC dll_security(const char *name)
{
    FARPROC f = dll_loaded(u"kernelbase.dll", name);
    HMODULE advapi = NULL;

    if (f)
        return f;
    advapi = dll_system(u"advapi32.dll");
    return advapi ? GetProcAddress(advapi, name) : NULL;
}
