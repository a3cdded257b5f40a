# SPDX-License-Identifier: MIT
#
# The programs once more, linked to a stand-in for Windows Server 2003 (tests/nt52/nt52.c),
# and what a user does there from beginning to end.
NT52      := $B/nt52
NT52_DIST := $(NT52)/x64
NT52_OVER := GetProcAddress GetModuleHandleW LoadLibraryExW NtQueryInformationToken \
             NtSetInformationToken NtQueryInformationFile NtSetInformationFile \
             NtQuerySecurityObject NtSetSecurityObject AssignProcessToJobObject \
             SetInformationJobObject CreateNamedPipeW CreateProcessW OpenProcess \
             SetPriorityClass CreateDirectoryW CreateFileW CreateHardLinkW DeleteFileW \
             MoveFileExW RemoveDirectoryW SetFileAttributesW
NT52_STAND_IN := $(patsubst %,$B/x64/tests/nt52/%.o,nt52 fence)
# The launcher's library as objects: all of them read the stand-in's slots.
nt52_link = $(CROSS_x64)gcc $(call LDWIN,x64) $(NT52_OVER:%=-Wl,--wrap=__imp_%) \
            -o $1 $2 $(NT52_STAND_IN) $B/x64/launcher.a $(LIBWIN)
NT52_LAUNCHER := $(patsubst %.c,$B/x64/%.o,$(CLI)) $B/x64/launcher/ringfence.res.o
NT52_RUNNER   := $(patsubst %.c,$B/x64/%.o,$(RUNNER)) $B/x64/launcher/runner.res.o
NT52_SETUP    := $(patsubst %.c,$B/x64/%.o,$(SETUP_PURE) $(SETUP_WIN)) $B/x64/setup/setup.res.o
NT52_SHIM     := $B/x64/shims/shim.o $B/x64/shims/shim.res.o
NT52_DENY     := $B/x64/denybin/deny.o $B/x64/denybin/deny.res.o

$(NT52)/built: dist-files tests/nt52.mk $(NT52_STAND_IN) $(NT52_LAUNCHER) $(NT52_RUNNER) $(NT52_SETUP) $(NT52_SHIM) $(NT52_DENY) $B/x64/launcher.a
	@rm -rf $(NT52) && mkdir -p $(NT52) && cp -r $D/x64 $(NT52_DIST)
	$Q$(call nt52_link,$(NT52_DIST)/ringfence.exe,$(NT52_LAUNCHER))
	$Q$(call nt52_link,$(NT52_DIST)/ringfence-runner.exe,$(NT52_RUNNER))
	$Q$(call nt52_link,$(NT52_DIST)/ringfence-setup.exe,$(NT52_SETUP))
	$Q$(call nt52_link,$(NT52)/shim.exe,$(NT52_SHIM))
	$Q$(call nt52_link,$(NT52)/deny.exe,$(NT52_DENY))
	@for s in $(SHIMS); do cp $(NT52)/shim.exe $(NT52_DIST)/shims/$$s.exe; done
	@for s in $(STUBS); do cp $(NT52)/deny.exe $(NT52_DIST)/denybin/$$s.exe; done
	@touch $@

$(WINTEST)/nt52_test.exe: $(WINTEST)/tests/nt52/test_nt52.o $(WINTEST)/tests/e2e/harness.o $(WINTEST)/tests/win/own_console.o $(WINTEST)/cmocka.o
	$Q$(CROSS_x64)gcc -municode $^ -ladvapi32 -o $@
nt52-run: $(NT52)/built $(WINTEST)/x64/probe.exe $(WINTEST)/nt52_test.exe
	$(call wine_tests,nt52,$(WINTEST)/nt52_test.exe,Z:$(abspath $(NT52_DIST)) Z:$(abspath $(WINTEST)/x64/probe.exe))
test-nt52:
	$(call with_cmocka,nt52-run)
## make test-nt52       the programs where everything newer than Server 2003 is missing
.PHONY: nt52-run test-nt52
