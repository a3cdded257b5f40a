/* SPDX-License-Identifier: MIT
 *
 * Shows administrators who we are: the one who typed his name for an elevation need not
 * be our user, and then neither our process nor our token names him.
 */
#pragma once

#include "win/win.h"

/* Lets the group Administrators query this process (its image and token) and its token,
 * and nothing else.  What ringfence-setup.exe finds there decides whether it obeys.
 * False, with *err, where the system keeps no such list: it may look all the same. */
MUST_CHECK bool identify_to_administrators(struct err *err);
