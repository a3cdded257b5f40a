# core is compiled everywhere; win and exec for Windows only.
CORE := $(wildcard launcher/core/*.c)
EXEC := $(wildcard launcher/win/*.c) $(patsubst %,launcher/%.c,exec confine context target report)
CLI  := $(patsubst %,launcher/%.c,ringfence cli logbook elevate identify setup_machine runner/guard runner/netproof) \
        $(foreach d,cmd grant verify remote,$(wildcard launcher/$d/*.c))
RUNNER := $(wildcard launcher/runner/*.c)
# What Node and Python load by themselves under a fence: a library and its two loaders.
# (Its base address would else be made from the path it is written to.)
OBJECTS := $(wildcard launcher/objects/*.c)
LOADERS := objects.js python/sitecustomize.py
OBJECTS_ENTRY_x64 := objects_main
OBJECTS_ENTRY_x86 := _objects_main@12

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
$D/$1/objects/ringfence-objects.dll: $$(patsubst %.c,$B/$1/%.o,$(OBJECTS)) $B/$1/launcher/objects.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc -shared $$(call LDWIN,$1) -Wl,--disable-auto-image-base -Wl,-e,$$(OBJECTS_ENTRY_$1) -o $$@ $$^ $$(LIBWIN)
$$(LOADERS:%=$D/$1/objects/%): $D/$1/objects/%: launcher/objects/%
	@mkdir -p $$(@D)
	$$Qcp $$< $$@
dist-files: $D/$1/ringfence.exe $D/$1/ringfence-runner.exe \
	$D/$1/objects/ringfence-objects.dll $$(LOADERS:%=$D/$1/objects/%)
endef
$(foreach a,$(ARCHES),$(eval $(call launcher_rules,$a)))
