# SPDX-License-Identifier: MIT
#
# What a call through a shim costs, and what a fence does.  The drivers have a C runtime;
# what bench.exe starts has none, and the others hold the launcher's code as tests/win do,
# enforced.exe as a shim does.
BENCH := $B/bench

$(BENCH)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(COMMON) -O1 -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -c $< -o $@
$(patsubst %,$(BENCH)/%.exe,bench fence walk): $(BENCH)/%.exe: $(BENCH)/tests/bench/%.o
	$Q$(CROSS_x64)gcc -municode -s $(filter %.o,$^) $(filter %.a,$^) $(LDBENCH) -ladvapi32 -lntdll -o $@
$(BENCH)/fence.exe: $(BENCH)/tests/win/fake_token.o $B/wintest/launcher.a
$(BENCH)/fence.exe: LDBENCH = $(call wraps,__imp_NtQuerySecurityObject __imp_CreateFileW)
$(BENCH)/walk.exe: $(patsubst %,$B/wintest/launcher/%.o,grant/grant grant/grantwork grant/grantwalk grant/grantgit grant/grantparent grant/gitlink) $B/wintest/launcher.a
$(BENCH)/walk.exe: LDBENCH = $(call wraps,treewalk_run security_write security_is_kept)
$(BENCH)/floor.exe $(BENCH)/target.exe: $(BENCH)/%.exe: $B/x64/tests/bench/%.o
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(call LDWIN,x64) -o $@ $< -lkernel32

$(BENCH)/enforced.exe: $B/x64/tests/bench/enforced.o $B/x64/launcher.a
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(call LDWIN,x64) -o $@ $^ $(LIBWIN)

bench: dist-files $(patsubst %,$(BENCH)/%.exe,bench floor target enforced fence walk)
	@tests/bench/bench.sh $(abspath $D/x64) $(abspath $(BENCH))
## make bench          what a call costs, and a fence, under Wine (BENCH_ROUNDS=100, BENCH_FILES=10000)
.PHONY: bench
