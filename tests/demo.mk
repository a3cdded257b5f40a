# SPDX-License-Identifier: MIT
#
# The main job, from nothing: what is missing is installed and fetched, once.
demo:
	@tests/tools/install.sh demo
	@tests/tools/fetch.sh node git curl project
	@echo "Building dist/ ..."
	@$(MAKE) --no-print-directory -s -j2 dist-files
	@tests/e2e/demo.sh $D/x64
.PHONY: demo
