# Windows-side tests: the end-to-end claims, and the unit tests a second time, under Wine.
# They link the C runtime and cmocka; the programs under test do not.
CMOCKA  := $B/fetch/cmocka
WINTEST := $B/wintest
E2E     := $(patsubst tests/e2e/%.c,%,$(wildcard tests/e2e/test_*.c))
TESTWIN := -O1 -g -Itests -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -isystem $(CMOCKA)/include
CMOCKA_DEFS := -DHAVE_SIGNAL_H -DHAVE_MALLOC_H=1 -DHAVE_INTTYPES_H=1 \
               -DHAVE_GCC_THREAD_LOCAL_STORAGE=1

define probe_rules
$(WINTEST)/$1/probe.exe: tests/fakes/probe.c
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(COMMON) $$(MACH_$1) -O1 -DUNICODE -D_UNICODE -municode -s $$< -o $$@
endef
$(foreach a,$(ARCHES),$(eval $(call probe_rules,$a)))
probes: $(ARCHES:%=$(WINTEST)/%/probe.exe)
.PHONY: probes

$(WINTEST)/cmocka.o: $(CMOCKA)/src/cmocka.c
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc -w -O1 -I$(CMOCKA)/include $(CMOCKA_DEFS) -c $< -o $@
$(WINTEST)/tests/%.o: tests/%.c Makefile $(WINTEST)/cmocka.o
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(COMMON) $(TESTWIN) -c $< -o $@
# The launcher as it is shipped, but callable from a C runtime's programs.
$(WINTEST)/launcher/%.o: launcher/%.c Makefile
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(COMMON) $(WIN) -c $< -o $@
$(WINTEST)/setup/%.o: setup/%.c Makefile
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(COMMON) $(WIN) -c $< -o $@
$(WINTEST)/launcher.a: $(patsubst %.c,$(WINTEST)/%.o,$(CORE) $(SETUP_PURE) $(filter-out setup/setup.c,$(SETUP_WIN)) $(EXEC))
	@rm -f $@
	$Q$(CROSS_x64)ar rcsD $@ $^
$(WINTEST)/tests/e2e/test_denybin.o: $B/gen/denybin_names.h
$(E2E:%=$(WINTEST)/e2e_%.exe): $(WINTEST)/e2e_%.exe: $(WINTEST)/tests/e2e/%.o $(WINTEST)/tests/e2e/harness.o $(WINTEST)/tests/win/own_console.o $(WINTEST)/cmocka.o
	$Q$(CROSS_x64)gcc -municode $^ -ladvapi32 -o $@
$(UNIT:%=$(WINTEST)/unit_%.exe): $(WINTEST)/unit_%.exe: $(WINTEST)/tests/unit/%.o $(WINTEST)/launcher.a $(WINTEST)/cmocka.o
	$Q$(CROSS_x64)gcc $^ -o $@

# $(call wine_tests,TITLE,PROGRAMS,ARGUMENTS): one line for each program, everything it said
# when it failed, and a summary.  A program that cannot run counts as failed.
WINE_SH = WINEPREFIX=$(abspath $B/wine) tests/wine.sh
wine_tests = @bad=0; for t in $2; do from=$$(date +%s); \
	if $(WINE_SH) --cmocka $$t $3 >$$t.log 2>&1; \
	then s=ok; else s=FAILED; bad=$$((bad + 1)); fi; \
	echo "$1: $$(basename $$t .exe): $$s, $$(tests/tally.sh $$t.log), $$(($$(date +%s) - from)) s"; \
	[ $$s = ok ] || grep -v '^\[ RUN      \]\|^\[       OK \]' $$t.log | cut -c1-600; \
	grep '^SKIP\|^wine.sh:' $$t.log; done; \
	echo "$1: $(words $2) programs, $$bad of them bad"; [ $$bad = 0 ]

e2e-run: dist-files $(WINTEST)/x64/probe.exe $(E2E:%=$(WINTEST)/e2e_%.exe)
	$(call wine_tests,e2e,$(E2E:%=$(WINTEST)/e2e_%.exe),Z:$(abspath $D/x64) Z:$(abspath $(WINTEST)/x64/probe.exe))
unit-wine-run: $(UNIT:%=$(WINTEST)/unit_%.exe)
	$(call wine_tests,unit-wine,$(UNIT:%=$(WINTEST)/unit_%.exe),)
.PHONY: e2e-run unit-wine-run

# The source of cmocka comes from the distribution's archive: without it there is no test,
# and that is said.
with_cmocka = @[ -e $(CMOCKA)/src/cmocka.c ] || tests/tools/fetch.sh cmocka; s=$$?; case $$s in \
	0) $(MAKE) --no-print-directory $1;; \
	77) echo "SKIP $@: the source of cmocka cannot be had (tests/tools/fetch.sh cmocka)";; \
	*) exit $$s;; esac
runner-many-run: dist-files $(WINTEST)/x64/probe.exe $(WINTEST)/e2e_test_runner.exe
	RINGFENCE_LAUNCHES=10000 $(WINE_SH) --cmocka $(WINTEST)/e2e_test_runner.exe \
		Z:$(abspath $D/x64) Z:$(abspath $(WINTEST)/x64/probe.exe)
.PHONY: runner-many-run

test-runner-many:
	$(call with_cmocka,runner-many-run)
.PHONY: test-runner-many
## make test-runner-many  10,000 launches through one runner, and not a handle more (minutes)
test-e2e:
	$(call with_cmocka,e2e-run)
## make test-e2e        the shims as a whole, under Wine
test-unit-wine:
	$(call with_cmocka,unit-wine-run)
## make test-unit-wine  the unit tests of the pure core, cross-built, under Wine
.PHONY: test-e2e test-unit-wine
