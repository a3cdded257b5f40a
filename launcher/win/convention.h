/* SPDX-License-Identifier: MIT
 *
 * Included before every file of ours, because we call each other by another convention
 * than Windows does (see the Makefile): what mingw calls __stdcall, and on x64 defines
 * away, means Windows' own again.
 */
#pragma once

#include <_mingw.h>
#undef __stdcall
#ifdef __x86_64__
#    define __stdcall __attribute__((__ms_abi__))
#else
#    define __stdcall __attribute__((__stdcall__, __regparm__(0)))
#endif
