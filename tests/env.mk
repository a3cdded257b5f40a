# SPDX-License-Identifier: MIT
#
# The environment table against the programs that read it, activate and deactivate, and the
# table as the README shows it.
$B/gcc/env_table: $B/gcc/tests/env_table.o $(CORE:%.c=$B/gcc/%.o)
	$Qgcc $(NATIVE) $^ -o $@

test-env: dist-files $B/gcc/env_table
	@tests/tools/fetch.sh node node22 git curl || echo "SKIP $@: not all Windows programs can be had"
	@tests/e2e/env_programs.sh $D/x64 $B/gcc/env_table
## make test-env        each variable of the table against the programs that read it
test-activate: dist-files
	@tests/e2e/activate.sh $D/x64
## make test-activate   activate and deactivate, in cmd and in sh
env-table: $B/gcc/env_table
	@$<
## make env-table       the README's table of variables, to be pasted between its marks
.PHONY: test-env test-activate env-table
