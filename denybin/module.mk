# One program; each name is a byte-identical copy that reads its own file name.
STUBS := $(shell sed -n 's/^\([a-z][a-z0-9-]*\).*/\1/p' denybin/names.txt)

# name, exit code, message -> the rows of deny.c's table
$B/gen/denybin_names.h: denybin/names.txt denybin/module.mk
	@mkdir -p $(@D)
	$Qsed -n 's/^\([a-z][a-z0-9-]*\)  *\([0-9][0-9]*\)  *\(.*\)$$/{ u"\1", \2, "\3" },/p' $< >$@

define denybin_rules
$B/$1/denybin/deny.o: $B/gen/denybin_names.h
$B/$1/deny.exe: $B/$1/denybin/deny.o $B/$1/denybin/deny.res.o $B/$1/launcher.a
	$$Q$(CROSS_$1)gcc $$(call LDWIN,$1) -o $$@ $$^ $$(LIBWIN)
$$(STUBS:%=$D/$1/denybin/%.exe): $B/$1/deny.exe
	@mkdir -p $$(@D)
	$$Qcp $$< $$@
dist-files: $$(STUBS:%=$D/$1/denybin/%.exe)
endef
$(foreach a,$(ARCHES),$(eval $(call denybin_rules,$a)))
