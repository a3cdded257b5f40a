# What is checked without running the shims: style, analysers, layers, exes, fuzzing, and that
# two builds are one.
SOURCES  := $(wildcard launcher/*.[ch] launcher/*/*.[ch] shims/*.[ch] denybin/*.[ch] setup/*.[ch])
CHECKED  := $(SOURCES) $(wildcard tests/*.[ch] tests/*/*.[ch])
PURE     := $(CORE) $(SETUP_PURE)
PROGRAMS := $(filter-out $(PURE),$(filter %.c,$(SOURCES)))
DEFINES  := -std=c11 $(INC) -DRINGFENCE_VERSION='"x"' -DRINGFENCE_VERSION_16='u"x"'
WINDEFS  := -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -ffreestanding
FUZZERS  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 5

# $(call lint_step,NAME,COMMAND): one line, and what the command said when it failed.
lint_step = @if $2 >$B/lint-$1.log 2>&1; then echo "lint: $1: ok"; \
	else echo "lint: $1: FAILED"; cat $B/lint-$1.log; exit 1; fi

LINTS := format tidy-core tidy-win cppcheck analyzer layers exes
lint: $(LINTS:%=lint-%)
	@echo "lint: $(words $(LINTS)) passed, 0 failed"
## make lint     clang-format, clang-tidy, cppcheck, gcc -fanalyzer, layers, imports, sizes
lint-format:
	@mkdir -p $B
	$(call lint_step,format,clang-format --dry-run -Werror $(CHECKED))
lint-tidy-core: $B/gen/denybin_names.h
	$(call lint_step,tidy-core,clang-tidy --quiet $(PURE) -- $(DEFINES))
lint-tidy-win: $B/gen/denybin_names.h
	$(call lint_step,tidy-win,clang-tidy --quiet $(PROGRAMS) -- $(DEFINES) $(WINDEFS) --target=x86_64-w64-mingw32)
lint-cppcheck: $B/gen/denybin_names.h
	$(call lint_step,cppcheck,for p in win64 win32W; do cppcheck --quiet --std=c11 --platform=$$p \
		--enable=warning$(comma)performance$(comma)portability --error-exitcode=1 \
		--inline-suppr --suppress=missingIncludeSystem $(filter-out -std=%,$(DEFINES)) -D_WIN32 \
		launcher shims denybin setup || exit 1; done)
lint-analyzer: $B/gen/denybin_names.h
	$(call lint_step,analyzer,for f in $(PURE); do gcc $(DEFINES) -O1 -fanalyzer -Werror -c $$f -o /dev/null || exit 1; done; \
		for c in $(CROSS_x64) $(CROSS_x86); do for f in $(PROGRAMS); do \
		$${c}gcc $(DEFINES) $(WINDEFS) -O1 -fanalyzer -Werror -c $$f -o /dev/null || exit 1; done; done)
lint-layers:
	@tests/check_layers.sh
lint-exes: dist-files
	@for a in $(ARCHES); do tests/check_exes.sh $D/$$a $(CROSS_x64)objdump || exit 1; done
.PHONY: lint $(LINTS:%=lint-%)

$B/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	$Qclang $(COMMON) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c $< -o $@
$B/fuzz/fuzz_%: $B/fuzz/tests/fuzz/fuzz_%.o $(PURE:%.c=$B/fuzz/%.o)
	$Qclang -fsanitize=fuzzer,address,undefined $^ -o $@
$(FUZZERS:%=run-%): run-%: $B/fuzz/%
	@mkdir -p $<.corpus; \
	if $< -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -artifact_prefix=$<. $<.corpus >$<.log 2>&1; \
	then echo "fuzz: $*: ok, $$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' $<.log) runs"; \
	else echo "fuzz: $*: FAILED"; tail -30 $<.log; exit 1; fi
fuzz: $(FUZZERS:%=run-%)
	@echo "fuzz: $(words $(FUZZERS)) passed, 0 failed"
## make fuzz     every parser, FUZZ_SECONDS each (5)
.PHONY: fuzz $(FUZZERS:%=run-%)

repro: dist-files
	@tests/repro.sh $D
## make repro    builds again in two other folders: the same bytes
.PHONY: repro
