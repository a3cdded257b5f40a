/* SPDX-License-Identifier: MIT
 *
 * Included before every file for x64, which is compiled with System V's calling
 * convention: makes what mingw calls __stdcall, and on x64 defines away, mean Windows'
 * own convention again.
 */
#pragma once

#include <_mingw.h>
#undef __stdcall
#define __stdcall __attribute__((__ms_abi__))
