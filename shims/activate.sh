# Puts Ringfence's shims first on PATH in this shell, and nothing else anywhere.
# To be sourced, by Git Bash, MSYS2, Cygwin or any other POSIX shell:
#   . /c/ringfence/activate.sh             for the directory you are in
#   . /c/ringfence/activate.sh --prompt    and show it in the prompt
#   deactivate                             takes it all back
# A shell that does not tell a sourced file its name needs RINGFENCE_HOME set to this
# directory first.
# shellcheck shell=sh

_ringfence_home() {
    if [ -n "${RINGFENCE_HOME:-}" ]; then
        printf '%s\n' "$RINGFENCE_HOME"
    elif [ -n "${BASH_VERSION:-}" ]; then
        eval 'cd "$(dirname "${BASH_SOURCE[0]}")" && pwd'
    elif [ -n "${ZSH_VERSION:-}" ]; then
        eval 'cd "$(dirname "${(%):-%x}")" && pwd'
    fi
}

# The current directory as Windows writes it.
_ringfence_root() {
    if command -v cygpath >/dev/null 2>&1; then
        cygpath -w "$PWD"
    else
        printf '%s\n' "$PWD"
    fi
}

deactivate() {
    [ -n "${RINGFENCE_OLD_PATH+set}" ] || return 0
    PATH=$RINGFENCE_OLD_PATH
    export PATH
    if [ -n "${RINGFENCE_OLD_PS1+set}" ]; then
        PS1=$RINGFENCE_OLD_PS1
    fi
    unset RINGFENCE_OLD_PATH RINGFENCE_OLD_PS1 RINGFENCE_ROOT RINGFENCE_DEAD_PORT RINGFENCE_TOLD
    unset -f deactivate
    hash -r 2>/dev/null || :
}

_ringfence_activate() {
    _ringfence_dir=$(_ringfence_home)
    if [ ! -d "$_ringfence_dir/shims" ]; then
        echo "ringfence: no shims in '$_ringfence_dir'; set RINGFENCE_HOME to Ringfence's directory" >&2
        return 125
    fi
    if [ -n "${RINGFENCE_OLD_PATH+set}" ]; then
        echo 'ringfence: active in this terminal already; `deactivate` leaves.' >&2
        return 0
    fi
    RINGFENCE_OLD_PATH=$PATH
    RINGFENCE_ROOT=$(_ringfence_root)
    PATH=$_ringfence_dir/shims:$_ringfence_dir:$PATH
    export PATH RINGFENCE_ROOT
    RINGFENCE_DEAD_PORT=$("$_ringfence_dir/ringfence.exe" dead-port) && export RINGFENCE_DEAD_PORT
    if [ "${1:-}" = --prompt ]; then
        RINGFENCE_OLD_PS1=${PS1:-}
        PS1="(ringfence) ${PS1:-}"
    fi
    "$_ringfence_dir/ringfence.exe" status --line
    RINGFENCE_TOLD=1
    export RINGFENCE_TOLD
    hash -r 2>/dev/null || :
}

_ringfence_activate "$@"
