# Ringfence: one non-recursive make.  Flags and warnings live here only; each folder's
# module.mk says what is built from it.
#
#   make          dist/x64 and dist/x86
#   make demo     the main job, shown under Wine (installs what is missing)
#   make test     everything that is checked (installs what is missing)
#   make help     the rest
VERSION := 0.1.0
B       := build
D       := dist
Q       := $(if $(V),,@)
MAKEFLAGS += -rR
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
all: dist-files

# The only list of warnings: every compiler, every target, the tests too.
WARN   := -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wvla \
          -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Werror
INC    := -Ilauncher -Isetup -I$B/gen
COMMON := $(WARN) $(INC) -MMD -MP -ffile-prefix-map=$(CURDIR)=. \
          -DRINGFENCE_VERSION='"$(VERSION)"' -DRINGFENCE_VERSION_16='u"$(VERSION)"'

# Native: the pure core under the sanitizers, by both compilers.
NATIVE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all

# Windows: nothing of ours links the C runtime.  The subsystem version stays the linker's
# own (5.2 and 4.0): a newer one would keep older Windows from even trying.
ARCHES    := x64 x86
CROSS_x64 := x86_64-w64-mingw32-
CROSS_x86 := i686-w64-mingw32-
MACH_x64  :=
MACH_x86  := -march=i686 -mstackrealign
# Among ourselves we call by registers: on x64 as System V does, which passes a struct u16s
# in two of them where Windows passes a pointer to a copy.  It makes a shim a tenth smaller.
# What is Windows' keeps its own convention, by __stdcall: imports, callbacks, COM.  There is
# no red zone, for Windows writes below the stack pointer.
ABI       := -include launcher/win/convention.h
ABI_x64   := -mabi=sysv -mno-red-zone -D_WIN64=1 $(ABI)
ABI_x86   := -mregparm=3 $(ABI)
WIN       := -Oz -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -ffreestanding -fno-builtin \
             -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident \
             -ffunction-sections
ENTRY_x64 := entry
ENTRY_x86 := _entry
LDWIN      = -nostdlib -s -Wl,-e,$(ENTRY_$1) -Wl,--gc-sections -Wl,--no-insert-timestamp \
             -Wl,--dynamicbase -Wl,--nxcompat -Wl,--fatal-warnings
# A DLL exports what is marked so, by its plain name; an automatic base would come from the
# path that it is built at.
LDDLL_x64 := -shared -Wl,--disable-auto-image-base
LDDLL_x86 := $(LDDLL_x64) -Wl,-e,_entry@12 -Wl,--kill-at
LIBWIN    := -lgcc -lkernel32 -lntdll

include launcher/module.mk shims/module.mk denybin/module.mk setup/module.mk tests/module.mk

# A flag that changes makes every object anew.
$B/gcc/%.o: %.c Makefile
	@mkdir -p $(@D)
	$Qgcc $(COMMON) $(NATIVE) -c $< -o $@
$B/clang/%.o: %.c Makefile
	@mkdir -p $(@D)
	$Qclang $(COMMON) $(NATIVE) -c $< -o $@

# The assembler fills each function up to 16 bytes unless its section says otherwise: that is
# 1.7 KB of a shim.
PACKED    := sed -i 's/^\(\t\.section\t\.text\$$[^,]*\),"x"$$/\1,"x0"/'

define win_rules
$B/$1/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(COMMON) -MT $$@ $$(MACH_$1) $$(WIN) $$(ABI_$1) $$(WINX) -S $$< -o $$(@:.o=.s)
	$$Q$$(PACKED) $$(@:.o=.s)
	$$Q$(CROSS_$1)as $$(@:.o=.s) -o $$@
$B/$1/%.res.o: %.rc launcher/app.manifest launcher/version.rc
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)windres -Ilauncher -DVERSION_TEXT='\"$(VERSION)\"' \
		-DVERSION_QUAD=$(subst .,$(comma),$(VERSION)),0 -O coff $$< $$@
endef
comma := ,
$(foreach a,$(ARCHES),$(eval $(call win_rules,$a)))

# A zip for each architecture, the same bytes whenever built, with its SHA-256.
dist: $(ARCHES:%=$D/ringfence-$(VERSION)-%.zip)
	@cd $D && sha256sum $(ARCHES:%=ringfence-$(VERSION)-%.zip) | tee SHA256SUMS
$D/ringfence-$(VERSION)-%.zip: dist-files
	@rm -rf $@ $B/zip-$* && mkdir -p $B/zip-$* && cp -r $D/$*/. README.md LICENSE $B/zip-$*
	@cd $B/zip-$* && find . -exec touch -d @315619200 {} + && \
		find . -type f | LC_ALL=C sort | TZ=UTC zip -qX9 $(abspath $@) -@
## make dist     a zip with its SHA-256 for each architecture, in dist/

help:
	@sed -n '4,7s/^# *//p' Makefile
	@grep -hE '^## ' $(sort $(wildcard Makefile */module.mk tests/*.mk)) | sed 's/^## //'
clean:
	rm -rf $(filter-out $B/fetch,$(wildcard $B/*)) $D
## make clean    remove what was built (downloads in build/fetch stay)

-include $(shell find $B -name '*.d' -not -path '$B/fetch/*' 2>/dev/null)
.PHONY: all help clean dist dist-files
