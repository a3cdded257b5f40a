# What can be held against the system's own functions.  The tests link the C runtime, cmocka
# and the launcher's library.
WINTESTS := $(patsubst tests/win/%.c,%,$(wildcard tests/win/test_*.c))

$(WINTESTS:%=$(WINTEST)/win_%.exe): $(WINTEST)/win_%.exe: $(WINTEST)/tests/win/%.o $(WINTEST)/launcher.a $(WINTEST)/cmocka.o
	$Q$(CROSS_x64)gcc $(filter %.o,$^) $(filter %.a,$^) $(LDTEST) -ladvapi32 -lntdll -o $@
# Of ringfence.exe's own, which the library has not; and what a test puts in its place.
wraps = $(patsubst %,-Wl$(comma)--wrap=%,$1)
$(WINTEST)/win_test_grant.exe: $(patsubst %,$(WINTEST)/launcher/%.o,grant/grant grant/grantwork grant/grantwalk grant/grantgit grant/grantparent grant/grantstate grant/gitlink verify/scratch verify/battery)
$(WINTEST)/win_test_ledger.exe: $(WINTEST)/launcher/grant/ledger.o
$(WINTEST)/win_test_grant.exe: LDTEST = $(call wraps,security_read_handle security_write security_is_kept security_token dirscan_attributes __imp_CreateFileW __imp_DeviceIoControl)

$(WINTEST)/win_test_token.exe: LDTEST = $(call wraps,dll_security machine_is_before_vista)
# Is in another session now and then.
$(WINTEST)/win_test_station.exe: LDTEST = $(call wraps,dll_loaded __imp_ProcessIdToSessionId)
$(WINTEST)/win_test_netproof.exe: $(WINTEST)/launcher/runner/netproof.o
# Has its own netproof.h, and a child that says what it is told.
$(WINTEST)/win_test_runner_network.exe: $(WINTEST)/launcher/runner/runner_network.o
# Has its own runner_make_job: jobs keep limits on windows, and may or may not be left.
$(WINTEST)/win_test_runnerjob.exe: $(WINTEST)/launcher/runner/runner_start.o
$(WINTEST)/win_test_runnerjob.exe: LDTEST = $(call wraps,dll_security token_restrict token_lower)
# Has its own runner_start, and desktops that come up or do not.
$(WINTEST)/win_test_settle.exe: $(patsubst %,$(WINTEST)/launcher/%.o,runner/runner_desktop runner/runner_trial)
$(WINTEST)/win_test_settle.exe: LDTEST = $(call wraps,station_name_desktop station_make_desktop station_open_desktop station_close_desktop)

$(WINTEST)/win_test_prepare.exe: $(WINTEST)/launcher/cmd/cmd_prepare.o
$(WINTEST)/win_test_confine.exe $(WINTEST)/win_test_prepare.exe: $(WINTEST)/tests/win/fake_token.o
$(WINTEST)/win_test_confine.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject file_open_itself file_is_link)
$(WINTEST)/win_test_prepare.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject file_is_link)
$(WINTEST)/win_test_appeared.exe: $(patsubst %,$(WINTEST)/launcher/%.o,grant/appeared grant/quarantine cmd/cmd_new cli grant/roster)
$(WINTEST)/win_test_appeared.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject)
$(WINTEST)/win_test_status.exe: $(patsubst %,$(WINTEST)/launcher/%.o,cmd/cmd_status grant/roster grant/boxsize)
$(WINTEST)/win_test_status.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject context_begin context_complete)
$(WINTEST)/win_test_explain.exe: $(patsubst %,$(WINTEST)/launcher/%.o,cmd/cmd_explain grant/volumes)
$(WINTEST)/win_test_explain.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject context_begin context_complete account_find)
# Has a walk of its own.
$(WINTEST)/win_test_reading.exe: $(WINTEST)/launcher/grant/reading.o
$(WINTEST)/win_test_reading.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject)
$(WINTEST)/win_test_actor.exe: $(patsubst %,$(WINTEST)/%.o,launcher/verify/actor tests/win/fake_token)
# Has lists of its own.
$(WINTEST)/win_test_scratch.exe: $(patsubst %,$(WINTEST)/launcher/%.o,grant/grant grant/grantwork grant/grantwalk grant/grantgit grant/grantparent grant/gitlink verify/scratch verify/battery)
$(WINTEST)/win_test_scratch.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject __imp_NtSetSecurityObject)
# Has an engine of its own.
$(WINTEST)/win_test_walking.exe: $(patsubst %,$(WINTEST)/launcher/%.o,grant/walking grant/granting grant/grantstate grant/boxroot grant/setup_user grant/sandbox grant/ledger grant/rootcheck grant/volumes grant/roster)
$(WINTEST)/win_test_walking.exe: LDTEST = $(call wraps,__imp_RemoveDirectoryW security_read)
$(WINTEST)/win_test_rootcheck.exe: $(patsubst %,$(WINTEST)/launcher/%.o,grant/rootcheck grant/volumes)
$(WINTEST)/win_test_rootcheck.exe: LDTEST = $(call wraps,dll_loaded)

# Have a console of their own.
$(WINTEST)/win_test_terminal.exe $(WINTEST)/win_test_remote_console.exe: $(WINTEST)/tests/win/own_console.o
$(WINTEST)/win_test_remote_console.exe: $(WINTEST)/launcher/remote/remote_console.o
# Has pseudo consoles of its own.
$(WINTEST)/win_test_runner_console.exe: $(WINTEST)/launcher/runner/runner_console.o
$(WINTEST)/win_test_runner_console.exe: LDTEST = $(call wraps,dll_loaded)

# Has a token and a process of its own.
$(WINTEST)/win_test_caller.exe: LDTEST = $(call wraps,__imp_NtQueryInformationToken __imp_NtOpenProcessToken __imp_OpenProcess)

# Has its own CreateProcessWithLogonW.
$(WINTEST)/win_test_remote_open.exe: $(patsubst %,$(WINTEST)/launcher/%.o,remote/remote_open runner/guard)
$(WINTEST)/win_test_remote_open.exe: LDTEST = $(call wraps,__imp_GetProcAddress)

# Has a file system that keeps lists.
$(WINTEST)/win_test_secret.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject __imp_NtSetSecurityObject __imp_CreateFileW)

# Starts itself in the place of ringfence-setup.exe.
$(WINTEST)/win_test_elevate.exe: $(patsubst %,$(WINTEST)/launcher/%.o,elevate identify setup_machine grant/sandbox)
$(WINTEST)/win_test_elevate.exe: LDTEST = -municode $(call wraps,secret_random sandbox_try_logon)

# The account, its password and the other end of the pipe are the test's.
$(WINTEST)/win_test_enforced.exe: $(patsubst %,$(WINTEST)/launcher/%.o,remote/enforced remote/remote remote/remote_console remote/remote_open runner/guard)
$(WINTEST)/win_test_enforced.exe: LDTEST = $(call wraps,secret_load account_find confine_prepare __imp_NtQuerySecurityObject pipe_connect pipe_check_server pipe_receive)

# Is the runner itself, and closes the console.
$(WINTEST)/win_test_remote_end.exe: $(patsubst %,$(WINTEST)/launcher/%.o,remote/remote remote/remote_console remote/remote_open runner/guard)
$(WINTEST)/win_test_remote_end.exe: LDTEST = $(call wraps,__imp_SetConsoleCtrlHandler pipe_connect pipe_check_server pipe_send pipe_receive)

$(WINTEST)/win_test_ways.exe: $(WINTEST)/launcher/grant/ways.o
$(WINTEST)/win_test_ways.exe: LDTEST = $(call wraps,security_read security_open security_write)

$(WINTEST)/win_test_clean.exe: $(WINTEST)/launcher/cmd/cmd_clean.o
$(WINTEST)/win_test_clean.exe: LDTEST = $(call wraps,paths_data)

# Has a level, a tool and an install of its own.
$(WINTEST)/win_test_loaders.exe: LDTEST = $(call wraps,context_begin context_complete target_find confine_admit report_launch)
# Has the list of the directory above.
$(WINTEST)/win_test_objects.exe: $(patsubst %,$(WINTEST)/launcher/%.o,objects/hooks objects/ownobject objects/children)
$(WINTEST)/win_test_objects.exe: LDTEST = $(call wraps,__imp_NtQuerySecurityObject)

# Has its own trial.h.
$(WINTEST)/win_test_canary.exe: $(patsubst %,$(WINTEST)/launcher/%.o,verify/canary verify/battery)
# Has its own actor.h, scratch.h and decoy.h.
$(WINTEST)/win_test_trial.exe: $(patsubst %,$(WINTEST)/launcher/%.o,verify/trial verify/battery)

# A Windows in memory behind lookup_function().
$(WINTEST)/win_test_setup.exe $(WINTEST)/win_test_wfp.exe: $(WINTEST)/tests/win/fake_wfp.o
$(WINTEST)/win_test_setup.exe: $(WINTEST)/tests/win/fake_windows.o
$(WINTEST)/win_test_setup.exe: LDTEST = -loleaut32

win-run: $(WINTESTS:%=$(WINTEST)/win_%.exe)
	$(call wine_tests,win,$(WINTESTS:%=$(WINTEST)/win_%.exe),)
test-win:
	$(call with_cmocka,win-run)
## make test-win        the Windows layer by itself, and the models against the system, under Wine
.PHONY: win-run test-win
