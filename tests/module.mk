# Unit tests of the pure core: natively by both compilers, and from the same sources under Wine.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

define unit_rules
$B/$1/test_%: $B/$1/tests/unit/test_%.o $$(CORE:%.c=$B/$1/%.o)
	$$Q$1 $$(NATIVE) $$^ -lcmocka -o $$@
test-unit-$1: $$(UNIT:%=$B/$1/%.ok)
.PHONY: test-unit-$1
endef
$(foreach c,gcc clang,$(eval $(call unit_rules,$c)))
%.ok: %
	$Q$< && touch $@

include tests/e2e.mk
include tests/demo.mk
