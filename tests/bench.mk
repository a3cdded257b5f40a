# SPDX-License-Identifier: MIT
#
# What a call through a shim costs.  The driver has a C runtime; what it measures has none.
BENCH := $B/bench

$(BENCH)/bench.exe: tests/bench/bench.c
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(COMMON) -O1 -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -municode -s $< -o $@
$(BENCH)/floor.exe $(BENCH)/target.exe: $(BENCH)/%.exe: $B/x64/tests/bench/%.o
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(call LDWIN,x64) -o $@ $< -lkernel32

bench: dist-files $(BENCH)/bench.exe $(BENCH)/floor.exe $(BENCH)/target.exe
	@tests/bench/bench.sh $(abspath $D/x64) $(abspath $(BENCH))
## make bench          what a call costs, under Wine, next to other shims (BENCH_ROUNDS=100)
.PHONY: bench
