# SPDX-License-Identifier: MIT
#
# Puts Ringfence's shims first on PATH in this shell, and nothing else anywhere.
# To be sourced, by Git Bash, MSYS2, Cygwin or any other POSIX shell:
#   . /c/ringfence/activate.sh             for the directory you are in
#   . /c/ringfence/activate.sh --prompt    and show it in the prompt
#   deactivate                             takes it all back
# A shell that does not tell a sourced file its name (dash, ksh) needs RINGFENCE_HOME set to
# this directory first.  Where something else, as a Python venv, is called deactivate already,
# ringfence_deactivate is the name.
# shellcheck shell=sh

# The directory of this file: nothing of the user's own cd, CDPATH or aliases gets in the way,
# as this runs in a subshell.
_ringfence_home() {
    _ringfence_file=
    if [ -n "${RINGFENCE_HOME:-}" ]; then
        _ringfence_file=$RINGFENCE_HOME/activate.sh
    elif [ -n "${BASH_VERSION:-}" ]; then
        eval '_ringfence_file=${BASH_SOURCE[0]}'
    elif [ -n "${ZSH_VERSION:-}" ]; then
        eval '_ringfence_file=${(%):-%x}'
    fi
    [ -n "$_ringfence_file" ] || return 0
    if command -v cygpath >/dev/null 2>&1; then
        _ringfence_file=$(cygpath -u "$_ringfence_file")
    fi
    case $_ringfence_file in
    */*) ;;
    *) _ringfence_file=./$_ringfence_file ;;
    esac
    unset CDPATH
    unset -f cd 2>/dev/null || :
    \cd "${_ringfence_file%/*}/" >/dev/null 2>&1 && pwd
}

# The current directory as Windows writes it.
_ringfence_cwd() {
    if command -v cygpath >/dev/null 2>&1; then
        cygpath -w "$PWD"
    else
        printf '%s\n' "$PWD"
    fi
}

# Whether NAME was set, and to what.
_ringfence_save() {
    eval "if [ -n \"\${$1+set}\" ]; then _ringfence_old_$1=\$$1; else unset _ringfence_old_$1; fi"
}

_ringfence_restore() {
    eval "if [ -n \"\${_ringfence_old_$1+set}\" ]; then
        $1=\$_ringfence_old_$1; unset _ringfence_old_$1
    else
        unset $1
    fi"
}

ringfence_deactivate() {
    [ -n "${_ringfence_dir:-}" ] || return 0
    _ringfence_restore PATH
    _ringfence_restore RINGFENCE_ROOT
    _ringfence_restore RINGFENCE_DEAD_PORT
    _ringfence_restore RINGFENCE_TOLD
    [ -z "${_ringfence_prompt:-}" ] || _ringfence_restore PS1
    if [ -n "${_ringfence_short:-}" ]; then
        # shellcheck disable=SC3044  # where there is no typeset, it says nothing
        case $(typeset -f deactivate 2>/dev/null) in
        '' | *ringfence_deactivate*) unset -f deactivate ;;
        esac
    fi
    unset _ringfence_dir _ringfence_prompt _ringfence_short
    hash -r 2>/dev/null || :
    unset -f _ringfence_home _ringfence_cwd _ringfence_save _ringfence_restore \
        _ringfence_take_port _ringfence_name_way_back _ringfence_activate ringfence_deactivate
}

# A native Windows program may end its line with a carriage return.
_ringfence_take_port() {
    RINGFENCE_DEAD_PORT=$("$_ringfence_dir/ringfence.exe" dead-port) || RINGFENCE_DEAD_PORT=
    RINGFENCE_DEAD_PORT=${RINGFENCE_DEAD_PORT%"$(printf '\r')"}
    case $RINGFENCE_DEAD_PORT in
    '' | *[!0-9]*) unset RINGFENCE_DEAD_PORT ;;
    *) export RINGFENCE_DEAD_PORT ;;
    esac
}

_ringfence_name_way_back() {
    _ringfence_short=
    [ "$(command -v deactivate 2>/dev/null)" != deactivate ] || return 0
    _ringfence_short=1
    deactivate() {
        ringfence_deactivate
    }
}

_ringfence_activate() {
    if [ -n "${_ringfence_dir:-}" ]; then
        # shellcheck disable=SC2016
        printf 'ringfence: active in this shell already, in "%s"; `deactivate` leaves.\n' "${RINGFENCE_ROOT:-}" >&2
        return 0
    fi
    _ringfence_dir=$(_ringfence_home) || :
    if [ -z "$_ringfence_dir" ] || [ ! -d "$_ringfence_dir/shims" ] || [ ! -f "$_ringfence_dir/ringfence.exe" ]; then
        echo "ringfence: no shims or no ringfence.exe in '$_ringfence_dir'; set RINGFENCE_HOME to Ringfence's directory" >&2
        unset _ringfence_dir
        return 125
    fi
    _ringfence_save PATH
    _ringfence_save RINGFENCE_ROOT
    _ringfence_save RINGFENCE_DEAD_PORT
    _ringfence_save RINGFENCE_TOLD
    _ringfence_name_way_back
    RINGFENCE_ROOT=$(_ringfence_cwd)
    PATH=$_ringfence_dir/shims:$_ringfence_dir:$PATH
    export PATH RINGFENCE_ROOT
    _ringfence_take_port
    _ringfence_prompt=
    if [ "${1:-}" = --prompt ]; then
        _ringfence_prompt=1
        _ringfence_save PS1
        PS1="(ringfence) ${PS1:-}"
    fi
    "$_ringfence_dir/ringfence.exe" status --line || :
    RINGFENCE_TOLD=1
    export RINGFENCE_TOLD
    hash -r 2>/dev/null || :
}

# Run as a program, it would change a shell that ends with it.  (zsh gives a sourced file its
# own name as $0.)
case ${ZSH_VERSION:-}${0##*/} in
activate.sh)
    echo "ringfence: nothing is activated: source it, with a dot: . '$0'" >&2
    exit 125
    ;;
esac

_ringfence_activate "$@"
