# What can be held against the system's own functions.  The tests link the C runtime, cmocka
# and the launcher's library.
WINTESTS := $(patsubst tests/win/%.c,%,$(wildcard tests/win/test_*.c))

$(WINTESTS:%=$(WINTEST)/win_%.exe): $(WINTEST)/win_%.exe: $(WINTEST)/tests/win/%.o $(WINTEST)/launcher.a $(WINTEST)/cmocka.o
	$Q$(CROSS_x64)gcc $^ -ladvapi32 -lntdll -o $@

# Has its own trial.h.
$(WINTEST)/win_test_canary.exe: $(patsubst %,$(WINTEST)/launcher/%.o,canary battery)

win-run: $(WINTESTS:%=$(WINTEST)/win_%.exe)
	$(call wine_tests,win,$(WINTESTS:%=$(WINTEST)/win_%.exe),)
test-win:
	$(call with_cmocka,win-run)
## make test-win        the Windows layer by itself, and the models against the system, under Wine
.PHONY: win-run test-win
