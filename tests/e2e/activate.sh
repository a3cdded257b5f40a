#!/bin/bash
# SPDX-License-Identifier: MIT
#
# activate and deactivate: what they change in a terminal, that they change nothing else, and that
# they take it all back.  cmd.exe under Wine with the real install; sh in every shell there is here,
# with a ringfence.exe that only answers.
#   tests/e2e/activate.sh DIST
# shellcheck disable=SC2016,SC2317,SC2329  # scripts for other shells; checks called by name
set -eu
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export WINEPREFIX=${WINEPREFIX:-$top/build/wine-env}
drive=$WINEPREFIX/drive_c
passed=0 failed=0 skipped=0

check() { # NAME COMMAND...: COMMAND sets $why
    local name=$1
    shift
    why=
    if "$@"; then
        passed=$((passed + 1))
        echo "ok $name"
    else
        failed=$((failed + 1))
        echo "not ok $name: ${why:-no reason given}"
        sed 's/^/    | /' "$work/said" 2>/dev/null | tail -n 8
    fi
}

skip() { # NAME REASON
    skipped=$((skipped + 1))
    echo "SKIP $1: $2"
}

same() { # FILE FILE
    cmp -s "$1" "$2" || { why="differs: $(diff "$1" "$2" | head -n 5 | tr '\n' ' ')"; return 1; }
}

# sh -------------------------------------------------------------------------------------------

# A directory that needs all the quoting there is.
lay_out_sh() {
    fake=$work/'Program Files (x86) $HOME'/ringfence
    mkdir -p "$fake/shims" "$work/ws dir" "$work/empty"
    cp "$dist/activate.sh" "$fake/"
    cp "$dist/activate.sh" "$work/empty/"
    cat >"$fake/ringfence.exe" <<'SH'
#!/bin/sh
case $1 in
dead-port) printf '7\r\n' ;;
*) echo "level: asked for $*" >&2; exit 125 ;;
esac
SH
    cp "$fake/ringfence.exe" "$fake/shims/git"
    chmod +x "$fake/ringfence.exe" "$fake/shims/git"
}

# in_shell SHELL SCRIPT: SCRIPT in a clean environment, with -eu, PATH as odd as PATHs get.  $1 is
# activate.sh by its full path, $2 the install.  A line "bad: ..." is a failure, as is any exit code
# but 0, and the last line must be "end".
in_shell() {
    local shell=$1 code=0 home=() script='
        bad() { echo "bad: $*"; }
        facts() { env | sort | grep -v "^_=\|^SHLVL="; echo "PATH=$PATH"; echo "PS1=${PS1-unset}"; }
        '"$2"'
        echo end'
    case $shell in bash* | zsh*) ;; *) home=(RINGFENCE_HOME="$fake") ;; esac
    # shellcheck disable=SC2086
    (cd "$work/ws dir" && env -i HOME="$work" "${home[@]}" \
        PATH="/a b:/c (x86)::/d%e%f:/g;h:$PATH:" ${inherited-} $shell -euc "$script" "${shell%% *}" \
        "$fake/activate.sh" "$fake") >"$work/said" 2>&1 </dev/null || code=$?
    [ "$code" = 0 ] || { why="exit code $code"; return 1; }
    ! grep -q '^bad:' "$work/said" || { why=$(grep -m1 '^bad:' "$work/said"); return 1; }
    [ "$(tail -n 1 "$work/said")" = end ] || { why='did not reach its end'; return 1; }
}

sh_activates='
    before=$PATH
    . "$1"
    [ "$PATH" = "$2/shims:$2:$before" ] || bad "PATH is $PATH"
    [ "$RINGFENCE_ROOT" = "$PWD" ] || bad "RINGFENCE_ROOT is $RINGFENCE_ROOT"
    [ "$RINGFENCE_DEAD_PORT" = 7 ] || bad "RINGFENCE_DEAD_PORT is $RINGFENCE_DEAD_PORT"
    [ "$(env | grep -c "^RINGFENCE_\(ROOT\|DEAD_PORT\|TOLD\)=")" = 3 ] || bad "not exported"
    [ "$(command -v git)" = "$2/shims/git" ] || bad "git is $(command -v git)"'

sh_takes_back='
    facts >"$HOME/before"
    . "$1"
    deactivate
    facts >"$HOME/after"
    cmp "$HOME/before" "$HOME/after" || bad "$(diff "$HOME/before" "$HOME/after")"
    left=$(set | grep -i "^_*ringfence" | grep -v "^RINGFENCE_HOME=" || :)
    [ -z "$left" ] || bad "left behind: $left"
    for name in deactivate ringfence_deactivate _ringfence_activate _ringfence_save _ringfence_home; do
        [ "$(command -v $name || :)" != $name ] || bad "$name is left"
    done'

sh_twice='
    . "$1"
    facts >"$HOME/before"
    . "$1" 2>"$HOME/second"
    facts >"$HOME/after"
    cmp "$HOME/before" "$HOME/after" || bad "the second time changed something"
    grep -qF "active in this shell already, in \"$PWD\";" "$HOME/second" || bad "said $(cat "$HOME/second")"
    deactivate
    case $PATH in *ringfence*) bad "PATH is $PATH" ;; esac'

sh_again='
    facts >"$HOME/before"
    . "$1"; deactivate; . "$1"; deactivate
    facts >"$HOME/after"
    cmp "$HOME/before" "$HOME/after" || bad "not as it was"'

sh_prompt_untouched='
    PS1="mine $ "
    . "$1"
    [ "$PS1" = "mine $ " ] || bad "PS1 is $PS1"
    deactivate
    [ "$PS1" = "mine $ " ] || bad "PS1 is $PS1"'

sh_prompt='
    PS1="mine $ "
    . "$1" --prompt
    [ "$PS1" = "(ringfence) mine $ " ] || bad "PS1 is $PS1"
    deactivate
    [ "$PS1" = "mine $ " ] || bad "PS1 is $PS1"'

# From a terminal that cmd.exe activated: its variables come back, its own PATH is not taken for ours.
sh_inherited='
    before=$PATH
    . "$1"
    [ "$RINGFENCE_ROOT" = "$PWD" ] || bad "RINGFENCE_ROOT is $RINGFENCE_ROOT"
    deactivate
    [ "$PATH" = "$before" ] || bad "PATH is $PATH"
    [ "$RINGFENCE_ROOT" = "C:\\outer" ] || bad "RINGFENCE_ROOT is $RINGFENCE_ROOT"
    [ "$(env | grep -c "^RINGFENCE_DEAD_PORT=3$")" = 1 ] || bad "RINGFENCE_DEAD_PORT is ${RINGFENCE_DEAD_PORT-unset}"'

sh_other_deactivate='
    deactivate() { echo venv; }
    before=$PATH
    . "$1"
    [ "$(deactivate)" = venv ] || bad "took the name of another"
    ringfence_deactivate
    [ "$PATH" = "$before" ] || bad "PATH is $PATH"
    [ "$(deactivate)" = venv ] || bad "took the other away"'

sh_relative='
    CDPATH=/usr; export CDPATH
    cd() { builtin cd "$@" && echo "went to $*"; }
    builtin cd "$2"
    mkdir -p sub; builtin cd sub
    . ../activate.sh
    [ "${PATH%%:*}" = "$2/shims" ] || bad "PATH is $PATH"
    deactivate
    builtin cd ..
    . ./activate.sh
    [ "${PATH%%:*}" = "$2/shims" ] || bad "PATH is $PATH"'

sh_nothing_there='
    before=$PATH
    RINGFENCE_HOME=$HOME/empty
    set +e
    . "$RINGFENCE_HOME/activate.sh"
    code=$?
    set -e
    [ $code = 125 ] || bad "code $code"
    [ "$PATH${RINGFENCE_ROOT-}${RINGFENCE_TOLD-}" = "$before" ] || bad "half done"'

# Cygwin and MSYS have cygpath; here a stand-in shows that paths go through it, and which way.
sh_cygpath='
    mkdir -p "$HOME/bin"
    printf "#!/bin/sh\ncase \$1 in -w) echo \"W:\$2\" ;; -u) echo \"\${2#U:}\" ;; esac\n" >"$HOME/bin/cygpath"
    chmod +x "$HOME/bin/cygpath"
    PATH=$HOME/bin:$PATH
    RINGFENCE_HOME=U:$2
    . "$1"
    [ "$RINGFENCE_ROOT" = "W:$PWD" ] || bad "RINGFENCE_ROOT is $RINGFENCE_ROOT"
    [ "${PATH%%:*}" = "$2/shims" ] || bad "PATH is $PATH"'

# Not sourced: it can change nothing, and says so.
sh_executed() {
    local code=0
    # shellcheck disable=SC2086
    env -i HOME="$work" PATH="$PATH" RINGFENCE_HOME="$fake" $1 "$fake/activate.sh" >"$work/said" 2>&1 || code=$?
    [ "$code" = 125 ] || { why="exit code $code"; return 1; }
    grep -q '^ringfence: nothing is activated: .*with a dot' "$work/said" || { why='said nothing of it'; return 1; }
}

check_shell() {
    local shell=$1 name=${1// /-}
    check "sh-activates-$name" in_shell "$shell" "$sh_activates"
    check "sh-takes-back-$name" in_shell "$shell" "$sh_takes_back"
    check "sh-twice-is-once-$name" in_shell "$shell" "$sh_twice"
    check "sh-again-and-again-$name" in_shell "$shell" "$sh_again"
    check "sh-prompt-untouched-$name" in_shell "$shell" "$sh_prompt_untouched"
    inherited='RINGFENCE_OLD_PATH=C:\x;C:\y RINGFENCE_ROOT=C:\outer RINGFENCE_DEAD_PORT=3'
    check "sh-inherited-comes-back-$name" in_shell "$shell" "$sh_inherited"
    inherited=
    check "sh-other-deactivate-stays-$name" in_shell "$shell" "$sh_other_deactivate"
    check "sh-nothing-there-$name" in_shell "$shell" "$sh_nothing_there"
    check "sh-cygpath-$name" in_shell "$shell" "$sh_cygpath"
    case $shell in
    zsh) skip sh-executed-says-so-zsh "zsh gives a sourced file its own name, as if it were run" ;;
    *) check "sh-executed-says-so-$name" sh_executed "$shell" ;;
    esac
    case $shell in
    bash* | zsh*)
        check "sh-prompt-$name" in_shell "$shell" "$sh_prompt"
        check "sh-relative-path-$name" in_shell "$shell" "$sh_relative"
        ;;
    *) skip "sh-prompt-$name, sh-relative-path-$name" "${shell%% *} gives a sourced file no arguments or no name" ;;
    esac
}

check_sh() {
    local shell
    for shell in dash bash 'bash --posix' zsh mksh 'busybox sh' yash; do
        if command -v "${shell%% *}" >/dev/null 2>&1; then
            check_shell "$shell"
        else
            skip "sh-${shell// /-}" "there is no $shell here"
        fi
    done
    skip sh-git-bash "Git Bash, MSYS2 and Cygwin are not to be had here; a stand-in for cygpath is"
}

# cmd ------------------------------------------------------------------------------------------

in_wine() {
    (cd "$drive/act" && exec timeout 100 env -i HOME="$work" PATH="$PATH" LC_ALL=C.UTF-8 WINEPREFIX="$WINEPREFIX" \
        "$top/tests/wine.sh" "$@")
}

lay_out_cmd() {
    install="$drive/Program Files (x86)/Ringfence"
    rm -rf "$install" "$drive/act"
    mkdir -p "$install" "$drive/act/ws dir"
    cp -a "$dist/." "$install/"
}

# terminal LINE...: one cmd.exe that does these lines in a PATH as odd as PATHs get; ACTIVATE and
# DEACTIVATE stand for the scripts, FACTS NAME for the environment written to NAME.txt.
terminal() {
    rm -f "$drive"/act/*.txt
    {
        printf '@echo off\ncd /d "C:\\act\\ws dir"\n'
        printf 'set "PATH=C:\\a b;C:\\c (x86)\\;%sC:\\d^e;%%PATH%%;C:\\z&y"\n' "${percent-}"
        printf '%s\n' "$@"
    } | sed -e 's/^\(set .*&& \)\?ACTIVATE/call "C:\\Program Files (x86)\\Ringfence\\activate.cmd"/' \
        -e 's/^DEACTIVATE/call "C:\\Program Files (x86)\\Ringfence\\deactivate.cmd"/' \
        -e 's/^FACTS \(.*\)/set >C:\\act\\\1.txt/' -e 's/$/\r/' >"$drive/act/terminal.bat"
    in_wine cmd /d /c 'C:\act\terminal.bat' >"$work/said" 2>&1 </dev/null || true
}

# The value of a variable in what FACTS wrote.
fact() { tr -d '\r' <"$drive/act/$1.txt" | sed -n "s/^$2=//p"; }

is() { # FILE VARIABLE VALUE
    [ "$(fact "$1" "$2")" = "$3" ] || { why="$2 is '$(fact "$1" "$2")', not '$3'"; return 1; }
}

cmd_activates() {
    local dir="C:\\Program Files (x86)\\Ringfence\\"
    terminal 'FACTS before' ACTIVATE 'FACTS during'
    is during PATH "${dir}shims;$dir;$(fact before PATH)" && is during RINGFENCE_ROOT 'C:\act\ws dir' &&
        is during RINGFENCE_DEAD_PORT 9 && is during RINGFENCE_TOLD 1 && is during PROMPT "$(fact before PROMPT)" &&
        case $(fact before PATH) in *'C:\a b;C:\c (x86)\;C:\d^e;'*'C:\z&y') ;; *) why="PATH was $(fact before PATH)"; false ;; esac
}

cmd_finds_the_shim() {
    terminal ACTIVATE 'git --version'
    grep -q '^ringfence: cannot find git' "$work/said" || { why='git is not the shim'; return 1; }
}

cmd_takes_back() {
    terminal 'FACTS before' ACTIVATE DEACTIVATE 'FACTS after'
    same "$drive/act/before.txt" "$drive/act/after.txt"
}

# A % in PATH, where cmd.exe itself copies a variable that has one (Wine 8 expands it again).
check_percent() {
    local percent='C:\100%%done;'
    terminal 'set "COPY=%PATH%"' 'FACTS copy'
    if [ "$(fact copy COPY)" = "$(fact copy PATH)" ]; then
        check cmd-percent-in-PATH cmd_takes_back
    else
        skip cmd-percent-in-PATH "cmd.exe of Wine 8 expands twice: a copy of such a PATH differs from it without any script of ours"
    fi
}

cmd_deactivate_by_name() {
    terminal 'FACTS before' ACTIVATE 'call deactivate' 'FACTS after'
    same "$drive/act/before.txt" "$drive/act/after.txt"
}

cmd_twice() {
    terminal 'FACTS before' ACTIVATE 'FACTS once' ACTIVATE 'FACTS twice' DEACTIVATE 'FACTS after'
    same "$drive/act/once.txt" "$drive/act/twice.txt" && same "$drive/act/before.txt" "$drive/act/after.txt" &&
        { grep -qF 'active in this terminal already, in "C:\act\ws dir";' "$work/said" || { why='said nothing'; false; }; }
}

cmd_deactivate_alone() {
    terminal 'FACTS before' DEACTIVATE 'FACTS after'
    same "$drive/act/before.txt" "$drive/act/after.txt" &&
        { grep -q '^ringfence: not activated in this cmd.exe' "$work/said" || { why='said nothing'; false; }; }
}

# Half of an install, as an antivirus leaves it.
cmd_torn() {
    mkdir -p "$drive/act/torn/shims"
    cp "$install/activate.cmd" "$drive/act/torn/"
    terminal 'FACTS before' 'call C:\\act\\torn\\activate.cmd' 'FACTS after'
    same "$drive/act/before.txt" "$drive/act/after.txt" &&
        { grep -qF 'nothing is activated: no ringfence.exe in "C:\act\torn\"' "$work/said" || { why='said nothing'; false; }; }
}

# A script that shows its commands goes on showing them, and none of ours.
cmd_leaves_echo_on() {
    terminal '@echo on' ACTIVATE 'echo shown' DEACTIVATE 'echo shown again'
    grep -q '>echo shown *.$' "$work/said" || { why='echo is off after activate'; return 1; }
    grep -q '>echo shown again *.$' "$work/said" || { why='echo is off after deactivate'; return 1; }
    ! grep -qi '>@\?set\|>@\?rem\|>@\?for' "$work/said" || { why='our own lines are shown'; return 1; }
}

cmd_prompt() {
    terminal 'set "PROMPT=mine $P$G"' 'FACTS before' 'ACTIVATE --prompt' 'FACTS during' DEACTIVATE 'FACTS after'
    is during PROMPT '(ringfence) mine $P$G' && same "$drive/act/before.txt" "$drive/act/after.txt"
}

cmd_inherited() {
    terminal 'set "RINGFENCE_ROOT=C:\outer"' 'set "RINGFENCE_DEAD_PORT=3"' 'FACTS before' ACTIVATE 'FACTS during' \
        DEACTIVATE 'FACTS after'
    is during RINGFENCE_ROOT 'C:\act\ws dir' && is during RINGFENCE_DEAD_PORT 9 &&
        same "$drive/act/before.txt" "$drive/act/after.txt"
}

# Below a shim there is no way back to be carried along.
cmd_leaves_no_old() {
    terminal ACTIVATE 'ringfence run -- cmd /d /c set >C:\act\child.txt'
    is child RINGFENCE_ROOT 'C:\act\ws dir' || return
    ! grep -q '^RINGFENCE_OLD' "$drive/act/child.txt" || { why=$(grep -m1 '^RINGFENCE_OLD' "$drive/act/child.txt"); return 1; }
}

# The user's and the machine's own variables are as before.
cmd_only_this_process() {
    local keys=('HKCU\Environment' 'HKLM\System\CurrentControlSet\Control\Session Manager\Environment') key
    for key in "${keys[@]}"; do in_wine reg query "$key" || true; done >"$work/registry-before" 2>&1
    terminal ACTIVATE
    for key in "${keys[@]}"; do in_wine reg query "$key" || true; done >"$work/registry-after" 2>&1
    grep -qi 'PATHEXT' "$work/registry-before" || { why='the control sees no PATHEXT in the registry'; return 1; }
    same "$work/registry-before" "$work/registry-after"
}

line_ends() {
    local file
    for file in activate.cmd deactivate.cmd; do
        [ "$(grep -c $'\r$' "$dist/$file")" = "$(wc -l <"$dist/$file")" ] || { why="$file has bare line feeds"; return 1; }
    done
    ! grep -q $'\r' "$dist/activate.sh" || { why='activate.sh has carriage returns'; return 1; }
}

check_cmd() {
    check cmd-activates cmd_activates
    check cmd-finds-the-shim cmd_finds_the_shim
    check cmd-takes-back cmd_takes_back
    check cmd-deactivate-by-name cmd_deactivate_by_name
    check cmd-twice-is-once cmd_twice
    check cmd-deactivate-alone-does-nothing-and-says-so cmd_deactivate_alone
    check cmd-torn-install-activates-nothing cmd_torn
    check cmd-echo-stays-on cmd_leaves_echo_on
    check cmd-prompt cmd_prompt
    check cmd-inherited-comes-back cmd_inherited
    check cmd-children-carry-no-way-back cmd_leaves_no_old
    check cmd-only-this-process cmd_only_this_process
    check_percent
    skip cmd-exit-code-of-call "cmd.exe of Wine 8 gives 1 for any call of a batch file"
    skip cmd-very-long-PATH "cmd.exe of Wine 8 has other limits than the 8,191 characters of Windows"
}

# PowerShell -----------------------------------------------------------------------------------

# What can be seen without PowerShell: 5.1 reads a file without a BOM in the ANSI code page, and
# what is opened is closed.
ps1_is_plain() {
    ! LC_ALL=C grep -q '[^ -~]' "$dist/Activate.ps1" || { why='not plain ASCII'; return 1; }
    local code pair
    code=$(sed -e "s/'[^']*'//g" -e 's/"[^"]*"//g' -e 's/#.*//' "$dist/Activate.ps1")
    for pair in '{}' '()' '[]'; do
        [ "$(tr -cd "${pair:0:1}" <<<"$code" | wc -c)" = "$(tr -cd "${pair:1:1}" <<<"$code" | wc -c)" ] ||
            { why="$pair do not pair"; return 1; }
    done
}

ps1_parses() {
    ACTIVATE=$dist/Activate.ps1 pwsh -NoProfile -NonInteractive -Command '$e = $null
        [void][System.Management.Automation.Language.Parser]::ParseFile($env:ACTIVATE, [ref]$null, [ref]$e)
        $e; exit $e.Count' >"$work/said" 2>&1 || { why='does not parse'; return 1; }
}

check_powershell() {
    check powershell-file-is-plain ps1_is_plain
    if command -v pwsh >/dev/null 2>&1; then
        check powershell-parses ps1_parses
    else
        skip powershell-parses "there is no pwsh here"
    fi
    skip powershell-behaviour "needs PowerShell on Windows; Wine's is an empty stub"
}

main() {
    dist=$(cd "$1" && pwd)
    mkdir -p "$WINEPREFIX"
    exec 8>"$WINEPREFIX/env.lock"
    flock 8 # one at a time in a prefix
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    lay_out_sh
    check line-ends line_ends
    check_sh
    lay_out_cmd
    if in_wine cmd /d /c exit 0 8>&-; then
        check_cmd 8>&-
    else
        skip cmd "no Wine"
    fi
    check_powershell
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

main "$@"
