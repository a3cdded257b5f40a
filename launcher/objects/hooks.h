/* SPDX-License-Identifier: MIT
 *
 * Puts itself between the modules of this process and the functions that make named
 * objects, and children.  A convenience of a program that is fenced already, never a
 * boundary: the program may undo it, and gains nothing by having it.
 */
#pragma once

#include "win/win.h"

/* Redirects CreateNamedPipeW and A, CreateDirectoryW and CreateProcessW in the import
 * tables of what is loaded now, except of Windows' own modules: they go through
 * objects/ownobject.h and objects/children.h, and then where they went before.  A slot
 * that holds anything but the function's own address is left alone, and so is one on a
 * page that is not plain data.  Twice is once.  Returns how many slots it has changed.
 * For DllMain, under the loader's lock. */
size_t hooks_place(void);

/* The same in one image of that many bytes; one that is not a PE image is left alone. */
size_t hooks_place_in(uint8_t *image, size_t bytes);
