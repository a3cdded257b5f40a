@rem SPDX-License-Identifier: MIT
@rem Puts Ringfence's shims first on PATH in this terminal, and nothing else anywhere.
@rem   activate            for the directory you are in
@rem   activate --prompt   and show it in the prompt
@rem   deactivate          takes it all back
@rem A batch file that calls this has its own echo setting, so no "echo off" here.
@if defined RINGFENCE_OLD_PATH goto :there
@if not exist "%~dp0ringfence.exe" goto :torn
@rem The longest line first: cmd.exe gives up at 8,191 characters, and nothing is half done.
@set "RINGFENCE_NEW_PATH=%~dp0shims;%~dp0;%PATH%"
@set "RINGFENCE_OLD_PATH=%PATH%"
@set "RINGFENCE_OLD_ROOT=%RINGFENCE_ROOT%"
@set "RINGFENCE_OLD_DEAD_PORT=%RINGFENCE_DEAD_PORT%"
@set "RINGFENCE_OLD_TOLD=%RINGFENCE_TOLD%"
@set "RINGFENCE_ROOT=%CD%"
@set "PATH=%RINGFENCE_NEW_PATH%"
@set RINGFENCE_NEW_PATH=
@if not "%~1"=="--prompt" goto :tell
@if not defined PROMPT set "PROMPT=$P$G"
@set "RINGFENCE_OLD_PROMPT=%PROMPT%"
@set "PROMPT=(ringfence) %PROMPT%"
:tell
@set RINGFENCE_DEAD_PORT=
@rem The outer quotes are for the cmd.exe that this starts, which takes them off; call would
@rem double a ^ in the path.
@for /f %%p in ('^""%~dp0ringfence.exe" dead-port^"') do @set "RINGFENCE_DEAD_PORT=%%p"
@"%~dp0ringfence.exe" status --line
@set RINGFENCE_TOLD=1
@goto :eof
:there
@echo ringfence: active in this terminal already, in "%RINGFENCE_ROOT%"; `deactivate` leaves. 1>&2
@goto :eof
:torn
@echo ringfence: nothing is activated: no ringfence.exe in "%~dp0"; unzip it again, or ask the antivirus. 1>&2
@exit /b 125
