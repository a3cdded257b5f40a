/* SPDX-License-Identifier: MIT
 *
 * Functions newer than Windows Server 2003, or too dear to import on the hot path: looked
 * up at run time, in what is loaded already where possible, else from System32 only.
 */
#pragma once

#include "win/win.h"

typedef BOOL(WINAPI *dll_create_restricted_token)(HANDLE, DWORD, DWORD,
                                                  PSID_AND_ATTRIBUTES, DWORD,
                                                  PLUID_AND_ATTRIBUTES, DWORD,
                                                  PSID_AND_ATTRIBUTES, PHANDLE);
typedef BOOL(WINAPI *dll_create_process_as_user)(HANDLE, LPCWSTR, LPWSTR,
                                                 LPSECURITY_ATTRIBUTES,
                                                 LPSECURITY_ATTRIBUTES, BOOL, DWORD,
                                                 LPVOID, LPCWSTR, LPSTARTUPINFOW,
                                                 LPPROCESS_INFORMATION);
typedef BOOL(WINAPI *dll_init_attributes)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD,
                                          PSIZE_T);
typedef BOOL(WINAPI *dll_update_attribute)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD_PTR,
                                           PVOID, SIZE_T, PVOID, PSIZE_T);
typedef DWORD(WINAPI *dll_get_final_path)(HANDLE, LPWSTR, DWORD, DWORD);
typedef const char *(WINAPI *dll_wine_get_version)(void);

/* The function in a module that every process has (kernel32, kernelbase, ntdll), or NULL.
 */
FARPROC dll_loaded(const char16_t *module, const char *name);

/* A function of the security API: from kernelbase where it has it (Windows 7 on; loads
 * nothing), else from System32's advapi32.  NULL when neither has it. */
FARPROC dll_security(const char *name);

/* Loads name (a bare file name) from System32 and from nowhere else; NULL when it is not
 * there.  It stays loaded. */
HMODULE dll_system(const char16_t *name);
