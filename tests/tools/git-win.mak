# SPDX-License-Identifier: MIT
#
# Laid as config.mak into Debian's git source: a git.exe with the built-in commands and the
# git:// and file transports, nothing that needs a library but zlib.  Not optimised: it is
# built to be refused.  The precompiled headers (windows.h is in all of them) make it four times faster.
CROSS := x86_64-w64-mingw32-
CC := $(CROSS)gcc
AR := $(CROSS)ar
RC := $(CROSS)windres -O coff
CFLAGS := -O0 -w
BASIC_CFLAGS += -I../zlib
BASIC_LDFLAGS += -static -s -L../zlib
HOST_CPU := x86_64
BLK_SHA1 := 1
NO_CURL := 1
NO_OPENSSL := 1
NO_EXPAT := 1
NO_GETTEXT := 1
NO_PERL := 1
NO_PYTHON := 1
NO_TCLTK := 1
NO_ICONV := 1
NEEDS_LIBICONV :=

%.gch: %
	$(QUIET_CC)$(CC) $(ALL_CFLAGS) -x c-header $< -o $@
