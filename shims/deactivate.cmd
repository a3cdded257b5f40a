@rem SPDX-License-Identifier: MIT
@rem Takes back what activate.cmd did to this terminal.
@if not defined RINGFENCE_OLD_PATH goto :elsewhere
@set "PATH=%RINGFENCE_OLD_PATH%"
@set "RINGFENCE_ROOT=%RINGFENCE_OLD_ROOT%"
@set "RINGFENCE_DEAD_PORT=%RINGFENCE_OLD_DEAD_PORT%"
@set "RINGFENCE_TOLD=%RINGFENCE_OLD_TOLD%"
@if not defined RINGFENCE_OLD_PROMPT goto :forget
@set "PROMPT=%RINGFENCE_OLD_PROMPT%"
:forget
@set RINGFENCE_OLD_PATH=
@set RINGFENCE_OLD_ROOT=
@set RINGFENCE_OLD_DEAD_PORT=
@set RINGFENCE_OLD_TOLD=
@set RINGFENCE_OLD_PROMPT=
@exit /b 0
:elsewhere
@rem Not here, or by the PowerShell or sh that started this cmd.exe.
@echo ringfence: not activated in this cmd.exe; `deactivate` where it was. 1>&2
@exit /b 0
