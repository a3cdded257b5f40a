# SPDX-License-Identifier: MIT
#
# What Node and Python load by themselves: the published Windows Node with the library, one
# as it is shipped and one that works without a fence; and Python's loader, natively.
FORCED := $(WINTEST)/x64/forced/objects

$(FORCED)/ringfence-objects.dll: $(patsubst %.c,$B/x64/%.o,$(OBJECTS) tests/fakes/forced.c) $B/x64/launcher.a
	@mkdir -p $(@D)
	$Q$(CROSS_x64)gcc $(call LDWIN,x64) $(LDDLL_x64) \
		$(call wraps,token_is_inside ownobject_pipe) -o $@ $^ $(LIBWIN)
$(FORCED)/objects.js: launcher/objects/objects.js
	@mkdir -p $(@D)
	$Qcp $< $@

test-objects: dist-files $(FORCED)/ringfence-objects.dll $(FORCED)/objects.js
	@tests/tools/fetch.sh node >/dev/null || :
	@tests/e2e/objects_node.sh $D/x64/objects $(FORCED)
	@python3 tests/e2e/objects_python.py launcher/objects/python
## make test-objects    what Node and Python load under a fence: Node under Wine, Python natively
.PHONY: test-objects
