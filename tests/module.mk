# Unit tests of the pure core: natively by both compilers, and from the same sources under Wine.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

define unit_rules
$B/$1/test_%: $B/$1/tests/unit/test_%.o $$(patsubst %.c,$B/$1/%.o,$$(CORE) $$(SETUP_PURE))
	$$Q$1 $$(NATIVE) $$^ -lcmocka -o $$@
test-unit-$1: $$(UNIT:%=$B/$1/%)
	$$(call native_tests,unit-$1,$$^)
.PHONY: test-unit-$1
endef
$(foreach c,gcc clang,$(eval $(call unit_rules,$c)))
## make test-unit-gcc, test-unit-clang   the unit tests, natively, with ASan and UBSan

# $(call native_tests,TITLE,PROGRAMS): one line for each program, all it said when it failed.
native_tests = @bad=0; for t in $2; do \
	if $$t >$$t.log 2>&1; then s=ok; else s=FAILED; bad=1; fi; \
	echo "$1: $$(basename $$t): $$s, $$(tests/tally.sh $$t.log)"; \
	[ $$s = ok ] || grep -v '^\[ RUN      \]\|^\[       OK \]' $$t.log; done; [ $$bad = 0 ]

include $(filter-out tests/module.mk,$(wildcard tests/*.mk))

TESTS := lint test-unit-gcc test-unit-clang fuzz test-unit-wine test-win test-e2e test-nt52 test-x86 \
         $(if $(wildcard tests/env.mk),test-env test-activate test-objects) repro demo
test:
	@sh tests/tools/install.sh test
	@tests/run_all.sh $(TESTS)
.PHONY: test
