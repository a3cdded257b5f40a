/* SPDX-License-Identifier: MIT
 *
 * ringfence-objects.dll: lets a fenced program use the pipes and the private directories
 * that it makes for itself (objects/hooks.h).  Node and Python load it, by their own
 * environment variables.  Outside a fence it does nothing, and it is no part of the
 * fence: what a program may do is for its token and the objects' lists to say, and no
 * list here lets in more than a fenced program of the same run (pipes) or the entries of
 * the directory above (directories).
 */
#include "objects/hooks.h"
#include "win/token.h"

#ifdef __x86_64__
#    define NODE_API __attribute__((dllexport, ms_abi))
#else
#    define NODE_API __attribute__((dllexport, cdecl, regparm(0)))
#endif

BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved);

/* Called by the loader. */
BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved)
{
    HMODULE pinned = NULL;

    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH || !token_is_inside())
        return TRUE;
    /* Not to be unloaded while slots lead here. */
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN |
                               GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                           (const WCHAR *)self, &pinned))
        hooks_place();
    return TRUE;
}

/* What makes this an addon to Node, with nothing in it.  Node-API, "Module
 * registration". NOLINTNEXTLINE(readability-identifier-naming): Node looks for it. */
NODE_API void *napi_register_module_v1(void *env, void *exports);
NODE_API void *napi_register_module_v1(void *env, void *exports)
{
    (void)env;
    return exports;
}
