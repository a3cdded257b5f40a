# Pure, and so natively tested as launcher/core is; the rest is for Windows only.
SETUP_PURE := $(patsubst %,setup/%.c,codes filters plan)
SETUP_WIN  := $(patsubst %,setup/%.c,setup steps account caller firewall lookup privilege processes service store wfp)

# The one program that asks for an administrator.
$B/gen/setup.manifest: launcher/app.manifest
	@mkdir -p $(@D)
	$Qsed 's/level="asInvoker"/level="requireAdministrator"/' $< >$@

define setup_rules
$B/$1/setup/setup.res.o: setup/setup.rc launcher/version.rc $B/gen/setup.manifest
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)windres -Ilauncher -I$B/gen -DVERSION_TEXT='\"$(VERSION)\"' \
		-DVERSION_QUAD=$(subst .,$(comma),$(VERSION)),0 -O coff $$< $$@
$D/$1/ringfence-setup.exe: $$(patsubst %.c,$B/$1/%.o,$(SETUP_PURE) $(SETUP_WIN)) $B/$1/setup/setup.res.o $B/$1/launcher.a
	@mkdir -p $$(@D)
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) -o $$@ $$^ $$(LIBWIN)
dist-files: $D/$1/ringfence-setup.exe
endef
$(foreach a,$(ARCHES),$(eval $(call setup_rules,$a)))
