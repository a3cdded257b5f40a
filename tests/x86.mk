# The end-to-end tests once more as 32-bit programs, in a root with 32-bit Wine.
W32 := $(WINTEST)/x86

$(W32)/cmocka.o: $(CMOCKA)/src/cmocka.c
	@mkdir -p $(@D)
	$Q$(CROSS_x86)gcc $(MACH_x86) -w -O1 -I$(CMOCKA)/include $(CMOCKA_DEFS) -c $< -o $@
$(W32)/tests/%.o: tests/%.c Makefile $(W32)/cmocka.o
	@mkdir -p $(@D)
	$Q$(CROSS_x86)gcc $(COMMON) $(MACH_x86) $(TESTWIN) -c $< -o $@
$(E2E:%=$(W32)/e2e_%.exe): $(W32)/e2e_%.exe: $(W32)/tests/e2e/%.o $(W32)/tests/e2e/harness.o $(W32)/tests/win/own_console.o $(W32)/cmocka.o
	$Q$(CROSS_x86)gcc -municode $^ -ladvapi32 -o $@

x86-run: WINE_SH := tests/wine32.sh
x86-run: dist-files $(W32)/probe.exe $(E2E:%=$(W32)/e2e_%.exe)
	$(call wine_tests,x86,$(E2E:%=$(W32)/e2e_%.exe),'Z:\ringfence\$(subst /,\,$D)\x86' 'Z:\ringfence\$(subst /,\,$(W32))\probe.exe')
test-x86:
	@tests/wine32.sh --make; s=$$?; [ $$s = 0 ] || { [ $$s = 77 ] && exit 0; exit $$s; }; \
	$(MAKE) --no-print-directory test-x86-with-root
test-x86-with-root:
	$(call with_cmocka,x86-run)
## make test-x86        test-e2e again with the 32-bit programs
.PHONY: test-x86 test-x86-with-root x86-run
