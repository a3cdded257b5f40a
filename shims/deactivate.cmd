@echo off
rem Takes back what activate.cmd did to this terminal.
if not defined RINGFENCE_OLD_PATH goto :eof
set "PATH=%RINGFENCE_OLD_PATH%"
if not defined RINGFENCE_OLD_PROMPT goto :variables
set "PROMPT=%RINGFENCE_OLD_PROMPT%"
:variables
set RINGFENCE_OLD_PATH=
set RINGFENCE_OLD_PROMPT=
set RINGFENCE_ROOT=
set RINGFENCE_DEAD_PORT=
set RINGFENCE_TOLD=
