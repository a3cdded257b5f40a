# One program; each name is a byte-identical copy that reads its own file name.
SHIMS   := $(shell sed -n 's/^\([a-z][a-z0-9-]*\).*/\1/p' shims/names.txt)
SCRIPTS := activate.cmd deactivate.cmd Activate.ps1 activate.sh

define shims_rules
$B/$1/shim.exe: $B/$1/shims/shim.o $B/$1/shims/shim.res.o $B/$1/launcher.a
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) -o $$@ $$^ $$(LIBWIN)
$$(SHIMS:%=$D/$1/shims/%.exe): $B/$1/shim.exe
	@mkdir -p $$(@D)
	$$Qcp $$< $$@
$$(filter-out %.cmd,$$(SCRIPTS:%=$D/$1/%)): $D/$1/%: shims/%
	@mkdir -p $$(@D)
	$$Qcp $$< $$@
# cmd.exe can miss a label in a file without carriage returns.
$$(filter %.cmd,$$(SCRIPTS:%=$D/$1/%)): $D/$1/%: shims/%
	@mkdir -p $$(@D)
	$$Qsed 's/$$$$/\r/' $$< >$$@
dist-files: $$(SHIMS:%=$D/$1/shims/%.exe) $$(SCRIPTS:%=$D/$1/%)
endef
$(foreach a,$(ARCHES),$(eval $(call shims_rules,$a)))
