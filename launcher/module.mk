# core is compiled everywhere; win and exec for Windows only.
CORE := $(wildcard launcher/core/*.c)
EXEC := $(wildcard launcher/win/*.c) $(patsubst %,launcher/%.c,exec enforced_call confine context target report)
CLI  := $(patsubst %,launcher/%.c,ringfence cli logbook elevate identify setup_machine runner/guard runner/netproof) \
        $(foreach d,cmd grant verify remote,$(wildcard launcher/$d/*.c))
RUNNER := $(wildcard launcher/runner/*.c)
# What Node and Python load by themselves under a fence: a library and its two loaders.
OBJECTS := $(wildcard launcher/objects/*.c)
LOADERS := objects.js python/sitecustomize.py
# What a launch at level enforced loads into itself.
ENFORCED := $(patsubst %,launcher/%.c,enforced_dll logbook runner/guard) $(wildcard launcher/remote/*.c)

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
$D/$1/ringfence-enforced.dll: $$(patsubst %.c,$B/$1/%.o,$(ENFORCED)) $B/$1/launcher/enforced.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) $$(LDDLL_$1) -o $$@ $$^ $$(LIBWIN)
$D/$1/objects/ringfence-objects.dll: $$(patsubst %.c,$B/$1/%.o,$(OBJECTS)) $B/$1/launcher/objects.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) $$(LDDLL_$1) -o $$@ $$^ $$(LIBWIN)
$$(LOADERS:%=$D/$1/objects/%): $D/$1/objects/%: launcher/objects/%
	@mkdir -p $$(@D)
	$$Qcp $$< $$@
dist-files: $D/$1/ringfence.exe $D/$1/ringfence-runner.exe $D/$1/ringfence-enforced.dll \
	$D/$1/objects/ringfence-objects.dll $$(LOADERS:%=$D/$1/objects/%)
endef
$(foreach a,$(ARCHES),$(eval $(call launcher_rules,$a)))
