# core is compiled everywhere; win and exec for Windows only.
CORE := $(wildcard launcher/core/*.c)
EXEC := $(wildcard launcher/win/*.c) $(patsubst %,launcher/%.c,exec confine context target report)
CLI  := $(patsubst %,launcher/%.c,ringfence cli battery scratch decoy actor trial canary act_file act_other act_own act_net netproof rootcheck volumes grant gitlink ledger walking setup_user granting reading appeared grantwork grantwalk grantgit grantparent sandbox quarantine grantstate boxroot ways logbook roster) $(wildcard launcher/cmd_*.c)

# The unelevated end of setup.
CLI    += $(patsubst %,launcher/%.c,elevate identify setup_machine)

# The warm runner of level enforced, and the launcher's side of it.
CLI    += $(patsubst %,launcher/%.c,guard remote remote_console remote_open enforced)
RUNNER := $(patsubst %,launcher/%.c,runner runner_console runner_desktop runner_job runner_network runner_serve runner_signal runner_start runner_trial guard netproof)

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
