# core is compiled everywhere; win and exec for Windows only.
CORE := $(wildcard launcher/core/*.c)
EXEC := $(wildcard launcher/win/*.c) $(patsubst %,launcher/%.c,exec confine context target report)
CLI  := $(patsubst %,launcher/%.c,ringfence cli logbook elevate identify setup_machine runner/guard runner/netproof) \
        $(foreach d,cmd grant verify remote,$(wildcard launcher/$d/*.c))
RUNNER := $(wildcard launcher/runner/*.c)

define launcher_rules
$B/$1/launcher.a: $$(patsubst %.c,$B/$1/%.o,$(CORE) $(EXEC))
	@rm -f $$@
	$$Q$(CROSS_$1)ar rcsD $$@ $$^
$D/$1/ringfence.exe: $$(patsubst %.c,$B/$1/%.o,$(CLI)) $B/$1/launcher/ringfence.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) -o $$@ $$^ $$(LIBWIN)
$D/$1/ringfence-runner.exe: $$(patsubst %.c,$B/$1/%.o,$(RUNNER)) $B/$1/launcher/runner.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) -o $$@ $$^ $$(LIBWIN)
dist-files: $D/$1/ringfence.exe $D/$1/ringfence-runner.exe
endef
$(foreach a,$(ARCHES),$(eval $(call launcher_rules,$a)))
