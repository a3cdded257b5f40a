#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each variable of launcher/core/envrules.def against the programs that read it.  The values come
# from a shim's own dry run under Wine and are not typed again here; a live proxy, a live package
# index and a live git server on loopback count who reaches them.  Every refusal has its control:
# the same command, not fenced, gets through.
#   tests/e2e/env_programs.sh DIST ENV_TABLE
# Runs in a network of its own where that can be had: nothing but loopback, and all ports free.
# shellcheck disable=SC2317,SC2329  # the checks are called by their names
set -eu
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
fetched=${RINGFENCE_FETCH:-$top/build/fetch}
export WINEPREFIX=${WINEPREFIX:-$top/build/wine-env}
drive=$WINEPREFIX/drive_c
home='C:\Program Files\Ringfence' # the blank matters: GIT_SSH_COMMAND goes through sh
passed=0 failed=0 skipped=0
rows_seen=

# What a check says, and what it stands on -----------------------------------------------------

# check NAME ROWS COMMAND...: NAME counts as covering these rows of the table.  COMMAND sets $why.
check() {
    local name=$1
    rows_seen="$rows_seen $2"
    shift 2
    why=
    if "$@"; then
        passed=$((passed + 1))
        echo "ok $name"
    else
        failed=$((failed + 1))
        echo "not ok $name: ${why:-no reason given}"
        sed 's/^/    | /' "$work/said" | tail -n 5
    fi
}

skip() { # NAME ROWS REASON
    rows_seen="$rows_seen $2"
    skipped=$((skipped + 1))
    echo "SKIP $1: $3"
}

# check_with PROGRAM NAME ROWS COMMAND...: skipped where there is no such program.
check_with() {
    local program=$1
    shift
    if have "$program"; then check "$@"; else skip "$1" "$2" "there is no $program here"; fi
}

have() {
    case $1 in
    pip) [ -n "$python" ] && native "$python" -m pip --version >/dev/null 2>&1 ;;
    python3) [ -n "$python" ] ;;
    cargo) native cargo --version >/dev/null 2>&1 ;;
    node22.exe) [ -e "$drive/tools/node22/node.exe" ] ;;
    *.exe) [ -n "$(find "$drive/tools" -name "$1" 2>/dev/null)" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

net() { "$servers" "$here/env_net.py" "$@"; }
count() { net count "$work/net.log" "$1" "${port[$1]}"; }

# All that a command says is in $work/said, its exit code in $code.
run() {
    code=0
    "$@" >"$work/said" 2>&1 </dev/null || code=$?
}

reaches() { # SERVER COMMAND...
    local server=$1 before
    shift
    before=$(count "$server")
    run "$@"
    [ "$(count "$server")" -gt "$before" ] || { why="the control did not reach the $server: $*"; return 1; }
}

is_kept_from() { # SERVER COMMAND...
    local server=$1 before
    shift
    before=$(count "$server")
    run "$@"
    [ "$(count "$server")" = "$before" ] || { why="reached the $server: $*"; return 1; }
    [ "$code" != 0 ] || { why="exit code 0: $*"; return 1; }
}

succeeds() {
    run "$@"
    [ "$code" = 0 ] || { why="exit code $code: $*"; return 1; }
}

says() { # TEXT, in what the last command said
    grep -qF -- "$1" "$work/said" || { why="did not say '$1'"; return 1; }
}

says_not() {
    ! grep -qiF -- "$1" "$work/said" || { why="said '$1'"; return 1; }
}

said() { tr -d '\r' <"$work/said"; }

is() { # GOT WANT
    [ "$1" = "$2" ] || { why="'$1' is not '$2'"; return 1; }
}

is_dir() { [ -d "$1" ] || { why="$1 is not a directory"; return 1; }; }

# Native programs with what the shim sets -------------------------------------------------------

# native [NAME=VALUE]... COMMAND...: with nothing else in its environment.
native() {
    timeout 60 env -i HOME="$work/home" PATH="$PATH" LC_ALL=C.UTF-8 GIT_TERMINAL_PROMPT=0 \
        RUSTUP_HOME="$rustup" CARGO_HOME="$work/cargo" "$@"
}

# Windows paths as ours; the stub is a script that says it was called.
translate() {
    sed -e '/^GIT_SSH/s|C:.*ssh\.exe|'"$work/deny bin/ssh.exe|" -e '/=C:\\/{s|\\|/|g;s|=C:/|='"$drive"'/|;}'
}

row() { grep -a "^$1=" "$work/rows" || echo "NO_SUCH_ROW_$1=1"; }
value_of() { row "$1" | sed 's/^[^=]*=//'; }
live() { row "$1" | sed "s|127\.0\.0\.1:9\$|127.0.0.1:${port[proxy]}|"; }

# proxied ROW COMMAND...: the program takes this row's spelling and value for its proxy.
proxied() {
    local row=$1
    shift
    reaches proxy native "$(live "$row")" "$@" && is_kept_from proxy native "$(row "$row")" "$@"
}

# The programs, with a request in the scheme asked for.
ask_curl() { printf '%s\n' curl -sS --max-time 30 "$1://registry.example/x"; }
ask_wget() { printf '%s\n' wget -O- -t1 -T30 "$1://registry.example/x"; }
ask_git() { printf '%s\n' git ls-remote "$1://registry.example/x.git"; }
ask_python3() { printf '%s\n' "$python" -c "import urllib.request as r; r.urlopen('$1://registry.example/', timeout=30)"; }
ask_pip() { printf '%s\n' "$python" -m pip download -q --retries 0 --no-deps -d "$work/down" --trusted-host registry.example --index-url "$1://registry.example/simple/" left-pad; }
ask_npm() { printf '%s\n' npm view left-pad --fetch-retries=0 --registry "$1://registry.example/"; }
ask_rsync() { printf '%s\n' rsync "$1://registry.example/x"; }
ask_cargo() { printf '%s\n' cargo fetch --manifest-path "$work/crate/Cargo.toml"; }

# Row, scheme, and the programs that take their proxy for that scheme from that row.
check_proxies() {
    local row scheme programs program command
    while read -r row scheme programs; do
        for program in $programs; do
            mapfile -t command < <("ask_$program" "$scheme")
            check_with "$program" "proxy-$row-$scheme-$program" "$row" proxied "$row" "${command[@]}"
        done
    done <<'ROWS'
http_proxy http curl wget git python3 pip npm
https_proxy https curl wget git python3 pip npm
all_proxy http git
all_proxy dict curl
ftp_proxy ftp curl wget
npm_config_proxy http npm
npm_config_https_proxy https npm
PIP_PROXY http pip
PIP_PROXY https pip
RSYNC_PROXY rsync rsync
CARGO_HTTP_PROXY http cargo
ROWS
}

# direct ROW PROXY-ROW COMMAND...: with the dead proxy alone a request to loopback is lost, with
# the row it arrives.
direct() {
    local row=$1 proxy=$2
    shift 2
    is_kept_from origin native "$(row "$proxy")" "$@" && reaches origin native "$(row "$proxy")" "$(row "$row")" "$@"
}

check_loopback() {
    local program command
    for program in curl wget git python3 pip npm; do
        mapfile -t command < <("ask_$program" http | sed "s|registry\.example|127.0.0.1:${port[origin]}|")
        check_with "$program" "loopback-no_proxy-$program" no_proxy direct no_proxy http_proxy "${command[@]}"
    done
    mapfile -t command < <(ask_npm http | sed "s|registry\.example|127.0.0.1:${port[origin]}|")
    check_with npm loopback-npm_config_noproxy-npm npm_config_noproxy \
        direct npm_config_noproxy npm_config_proxy "${command[@]}"
    mapfile -t command < <(ask_curl http | sed "s|registry\.example|localhost:${port[origin]}|")
    check_with curl loopback-localhost-curl no_proxy direct no_proxy http_proxy "${command[@]}"
}

git_protocol() {
    local url=git://127.0.0.1:${port[git]}/repo.git
    reaches git native git ls-remote "$url" && is "$code" 0 &&
        is_kept_from git native "$(row GIT_ALLOW_PROTOCOL)" git ls-remote "$url" &&
        says "transport 'git' not allowed"
}

git_clone_of_path() {
    rm -rf "$work/clone"
    succeeds native "$(row GIT_ALLOW_PROTOCOL)" git clone -q "$work/git/repo.git" "$work/clone" &&
        succeeds git -C "$work/clone" rev-parse HEAD
}

git_config_proxy() {
    local vars=("$(live GIT_CONFIG_COUNT)" "$(live GIT_CONFIG_KEY_0)" "$(live GIT_CONFIG_VALUE_0)")
    succeeds native "$(row GIT_CONFIG_COUNT)" "$(row GIT_CONFIG_KEY_0)" "$(row GIT_CONFIG_VALUE_0)" \
        git config --get http.proxy && is "$(said)" "$(value_of http_proxy)" &&
        reaches proxy native "${vars[@]}" git ls-remote http://registry.example/x.git
}

# The configuration's own proxy would win over http_proxy; the appended one wins over it.
git_config_wins() {
    local vars=("$(row GIT_CONFIG_COUNT)" "$(row GIT_CONFIG_KEY_0)" "$(row GIT_CONFIG_VALUE_0)")
    printf '[http]\n\tproxy = http://127.0.0.1:%s\n' "${port[proxy]}" >"$work/gitconfig"
    reaches proxy native "$(row http_proxy)" GIT_CONFIG_GLOBAL="$work/gitconfig" git ls-remote http://registry.example/x.git &&
        is_kept_from proxy native "${vars[@]}" GIT_CONFIG_GLOBAL="$work/gitconfig" git ls-remote http://registry.example/x.git
}

# git_ssh ROW: git starts exactly the stub, from a directory with a blank in it.
git_ssh() {
    rm -f "$work/ssh-called"
    run native "$(row "$1")" git ls-remote ssh://registry.example/x.git
    is "$code" 128 && cat "$work/ssh-called" >>"$work/said" && says "stub " && says " registry.example git-upload-pack '/x.git'"
}

npm_ask_origin() { # CACHE [NAME=VALUE]...: a request of npm's to the live registry
    local cache=$1
    shift
    native npm_config_cache="$work/$cache" "$@" npm view left-pad --fetch-retries=0 --registry "http://127.0.0.1:${port[origin]}/"
}

npm_offline() {
    local quiet=npm_config_update_notifier=false
    reaches origin npm_ask_origin npm-1 "$quiet" && is "$code" 0 &&
        is_kept_from origin npm_ask_origin npm-2 "$quiet" "$(row npm_config_offline)" && says ENOTCACHED
}

# npm looks for a newer npm even when it is told to be offline.
npm_update_notifier() {
    local offline
    offline=$(row npm_config_offline)
    reaches origin npm_ask_origin npm-3 "$offline" &&
        is_kept_from origin npm_ask_origin npm-4 "$offline" "$(row npm_config_update_notifier)"
}

npm_cache() {
    succeeds native "$(row npm_config_cache)" npm config get cache && is "$(said)" "$(value_of npm_config_cache)" &&
        succeeds native npm config get cache && is "$(said)" "$work/home/.npm"
}

corepack_offline() {
    local ask=(COREPACK_NPM_REGISTRY="http://127.0.0.1:${port[origin]}" COREPACK_ENABLE_DOWNLOAD_PROMPT=0
        corepack prepare yarn@1.22.19)
    reaches origin native "${ask[@]}" && is_kept_from origin native "$(row COREPACK_ENABLE_NETWORK)" "${ask[@]}" &&
        says 'Network access disabled by the environment'
}

pip_no_index() {
    local ask=("$python" -m pip download --retries 0 --no-deps -d "$work/down"
        --index-url "http://127.0.0.1:${port[origin]}/simple/" left-pad)
    reaches origin native "${ask[@]}" && says 'Looking in indexes' &&
        is_kept_from origin native "$(row PIP_NO_INDEX)" "${ask[@]}" && says 'No matching distribution found'
}

# pip asks its index for a newer pip after an install, here of a wheel from a file.  Debian's pip
# has to be told so.
pip_version_check() {
    local ask=(PIP_INDEX_URL="http://127.0.0.1:${port[origin]}/simple/" "$python" -m pip install
        --no-deps --target "$work/site" --upgrade "$work/wheels/tiny-1-py3-none-any.whl") before
    reaches origin native PIP_CACHE_DIR="$work/pip-1" PIP_DISABLE_PIP_VERSION_CHECK=0 "${ask[@]}" && is "$code" 0 || return
    before=$(count origin)
    succeeds native PIP_CACHE_DIR="$work/pip-2" "$(row PIP_DISABLE_PIP_VERSION_CHECK)" "${ask[@]}" &&
        is "$(count origin)" "$before"
}

pip_cache() {
    succeeds native "$(row PIP_CACHE_DIR)" "$python" -m pip cache dir && is "$(said)" "$(value_of PIP_CACHE_DIR)" &&
        succeeds native "$python" -m pip cache dir && is "$(said)" "$work/home/.cache/pip"
}

cargo_offline() {
    local ask=(CARGO_HTTP_PROXY="http://127.0.0.1:${port[proxy]}" cargo fetch --manifest-path "$work/crate/Cargo.toml")
    reaches proxy native "${ask[@]}" && is_kept_from proxy native "$(row CARGO_NET_OFFLINE)" "${ask[@]}" && says offline
}

ccache_dir() {
    succeeds native "$(row CCACHE_DIR)" ccache --get-config cache_dir && is "$(said)" "$(value_of CCACHE_DIR)"
}

# python_temp ROW: by this row alone, a temporary file lands in the box.
python_temp() {
    local ask=("$python" -c "import tempfile; print(tempfile.NamedTemporaryFile().name)")
    succeeds native "$(row "$1")" "${ask[@]}" && is "$(dirname "$(said)")" "$(value_of TEMP)" &&
        succeeds native "${ask[@]}" && is "$(dirname "$(said)")" /tmp
}

gcc_temp() {
    succeeds native "$(row TMPDIR)" gcc -v -c -x c /dev/null -o "$work/null.o" && says "$(value_of TMPDIR)/"
}

check_native() {
    check_with git git-protocol-native GIT_ALLOW_PROTOCOL git_protocol
    check_with git git-clone-of-path-native GIT_ALLOW_PROTOCOL git_clone_of_path
    check_with git git-config-proxy-native '' git_config_proxy
    check_with git git-config-wins-native '' git_config_wins
    check_with git git-ssh-native GIT_SSH git_ssh GIT_SSH
    check_with git git-ssh-command-native GIT_SSH_COMMAND git_ssh GIT_SSH_COMMAND
    check_with npm npm-offline-native npm_config_offline npm_offline
    check_with npm npm-update-notifier-native npm_config_update_notifier npm_update_notifier
    check_with npm npm-cache-native npm_config_cache npm_cache
    check_with corepack corepack-offline-native COREPACK_ENABLE_NETWORK corepack_offline
    check_with pip pip-no-index-native PIP_NO_INDEX pip_no_index
    check_with pip pip-version-check-native PIP_DISABLE_PIP_VERSION_CHECK pip_version_check
    check_with pip pip-cache-native PIP_CACHE_DIR pip_cache
    check_with cargo cargo-offline-native CARGO_NET_OFFLINE cargo_offline
    check_with ccache ccache-dir-native CCACHE_DIR ccache_dir
    check_with python3 temp-TMPDIR-python3 TMPDIR python_temp TMPDIR
    check_with python3 temp-TEMP-python3 TEMP python_temp TEMP
    check_with python3 temp-TMP-python3 TMP python_temp TMP
    check_with gcc temp-TMPDIR-gcc TMPDIR gcc_temp
}

# Windows programs behind the real shims --------------------------------------------------------

# in_wine [NAME=VALUE]... PROGRAM...: in C:\ws, with nothing else in its environment.
in_wine() {
    local assignments=()
    while [[ $1 =~ ^[A-Za-z_][A-Za-z_0-9]*= ]]; do
        assignments+=("$1")
        shift
    done
    (cd "$drive/ws" && exec timeout 100 env -i HOME="$work/home" PATH="$PATH" LC_ALL=C.UTF-8 \
        WINEPREFIX="$WINEPREFIX" WINEPATH='C:\tools\node;C:\tools\git\bin;C:\tools\curl' RINGFENCE_TOLD=1 \
        "${assignments[@]}" "$top/tests/wine.sh" "$@")
}
shim() { printf '%s\\shims\\%s.exe' "$home" "$1"; }
ringfence() { printf '%s\\ringfence.exe' "$home"; }

# inherited TOOL "VARIABLES" ARGUMENT...: a live proxy inherited under these names is used by the
# tool itself, never by the tool behind its shim.
inherited() {
    local tool=$1 name vars=()
    for name in $2; do
        vars+=("$name=http://127.0.0.1:${port[proxy]}")
    done
    shift 2
    reaches proxy in_wine "${vars[@]}" "$(direct_of "$tool")" "$@" &&
        is_kept_from proxy in_wine "${vars[@]}" "$(shim "$tool")" "$@"
}

direct_of() {
    case $1 in
    curl) printf '%s' 'C:\tools\curl\curl.exe' ;;
    git) printf '%s' 'C:\tools\git\bin\git.exe' ;;
    esac
}

check_inherited_curl() {
    local names url
    while read -r url names; do
        check_with curl.exe "inherited-${names// /-}-${url%%:*}-curl.exe" '' \
            inherited curl "$names" -sS --max-time 30 "$url"
    done <<'SPELLINGS'
http://registry.example/ HTTP_PROXY
http://registry.example/ http_proxy
http://registry.example/ Http_Proxy
http://registry.example/ HTTP_PROXY http_proxy
http://registry.example/ ALL_PROXY
http://registry.example/ all_proxy
https://registry.example/ HTTPS_PROXY
https://registry.example/ https_proxy
https://registry.example/ HTTPS_PROXY https_proxy ALL_PROXY
SPELLINGS
}

curl_loopback() {
    reaches origin in_wine HTTP_PROXY="http://127.0.0.1:${port[proxy]}" "$(shim curl)" -sS "http://127.0.0.1:${port[origin]}/" &&
        is "$code" 0 && says 'the network answers'
}

npm_exe() { # [NAME=VALUE]... : through the shim, the user's registry behind a live proxy
    in_wine HTTP_PROXY="http://127.0.0.1:${port[proxy]}" https_proxy="http://127.0.0.1:${port[proxy]}" \
        npm_config_registry=http://registry.example/ npm_config_fetch_retries=0 npm_config_update_notifier=false "$@"
}

npm_exe_offline() {
    reaches proxy npm_exe 'C:\tools\node\node.exe' 'C:\tools\node\node_modules\npm\bin\npm-cli.js' view left-pad version &&
        is "$code" 0 && is_kept_from proxy npm_exe "$(shim npm)" view left-pad version && says ENOTCACHED
}

# npm behind the dead proxy only, its offline switch kept away by the policy.
npm_exe_proxy() {
    policy 'keep = npm_config_offline'
    is_kept_from proxy npm_exe "$(shim npm)" view left-pad version && says_not ENOTCACHED && says 127.0.0.1:9
    local rc=$?
    policy
    return $rc
}

npm_exe_direct() { # PROGRAM...: to the live registry without a proxy
    in_wine npm_config_fetch_retries=0 npm_config_registry="http://127.0.0.1:${port[origin]}/" "$@" view left-pad version
}

npm_exe_loopback() {
    policy 'keep = npm_config_offline'
    reaches origin npm_exe_direct "$(shim npm)" && is "$code" 0
    local rc=$?
    policy
    return $rc
}

check_npm_exe_loopback() {
    local name=npm-loopback-npm.exe
    if ! have node.exe; then
        skip $name npm_config_noproxy "there is no node.exe here"
    elif ! reaches origin npm_exe_direct 'C:\tools\node\node.exe' 'C:\tools\node\node_modules\npm\bin\npm-cli.js'; then
        skip $name npm_config_noproxy "under Wine 8 npm reaches no server but through a proxy, with or without the shim"
    else
        check $name npm_config_noproxy npm_exe_loopback
    fi
}

npm_exe_cache() {
    succeeds in_wine "$(shim npm)" config get cache && is "$(said)" "$box\\cache\\npm" &&
        is_dir "$(unix "$box")/cache/npm"
}

git_exe_protocol() {
    local url=git://127.0.0.1:${port[git]}/repo.git
    reaches git in_wine "$(direct_of git)" ls-remote "$url" && is "$code" 0 &&
        is_kept_from git in_wine "$(shim git)" ls-remote "$url" && says "transport 'git' not allowed"
}

# What the user counts there already stays; ours comes behind it.
git_exe_config() {
    succeeds in_wine "$(shim git)" config --get http.proxy && is "$(said)" "$(value_of http_proxy)" &&
        succeeds in_wine GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=Ada \
            "$(ringfence)" run -- git config --get user.name && is "$(said | tail -n 1)" Ada &&
        succeeds in_wine GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.proxy GIT_CONFIG_VALUE_0=http://127.0.0.1:1234 \
            "$(shim git)" config --get http.proxy && is "$(said)" "$(value_of http_proxy)"
}

# git.exe without its GIT_ALLOW_PROTOCOL starts the stub itself (there is no sh for
# GIT_SSH_COMMAND under Wine).
git_exe_ssh() {
    policy 'keep = GIT_ALLOW_PROTOCOL, GIT_SSH_COMMAND'
    run in_wine "$(shim git)" ls-remote ssh://registry.example/x.git
    policy
    is "$code" 128 && says 'ringfence: ssh refused: the network is off'
}

# Without the row Node knows no proxy at all.
node22_env_proxy() {
    local ask=('C:\tools\node22\node.exe' 'C:\ws\ask.js') inherited=HTTP_PROXY=http://127.0.0.1:${port[proxy]}
    is_kept_from proxy in_wine "$inherited" "${ask[@]}" &&
        reaches proxy in_wine "$inherited" "$(row NODE_USE_ENV_PROXY)" "${ask[@]}" && is "$code" 0 &&
        is_kept_from proxy in_wine "$inherited" "$(ringfence)" run -- "${ask[@]}" && says 127.0.0.1:9
}

check_windows() {
    check_inherited_curl
    check_with curl.exe loopback-curl.exe no_proxy curl_loopback
    check_with git.exe git-protocol-git.exe GIT_ALLOW_PROTOCOL git_exe_protocol
    skip git-clone-of-path-git.exe '' "git.exe starts the other end of a clone through sh.exe, which is not to be had here"
    check_with git.exe git-config-git.exe '' git_exe_config
    check_with git.exe git-ssh-git.exe GIT_SSH git_exe_ssh
    skip git-ssh-command-git.exe GIT_SSH_COMMAND "git.exe runs it through sh.exe, which is not to be had here"
    skip git-http-git.exe '' "git.exe is built without its http transport; native git stands in"
    check_with node.exe npm-offline-npm.exe npm_config_offline npm_exe_offline
    check_with node.exe npm-proxy-npm.exe npm_config_proxy npm_exe_proxy
    check_npm_exe_loopback
    check_with node.exe npm-cache-npm.exe npm_config_cache npm_exe_cache
    check_with node.exe temp-node.exe TEMP node_exe_temp
    skip python.exe '' "Python for Windows is not to be had here; native python3 and pip stand in"
    check_with node22.exe env-proxy-node22.exe NODE_USE_ENV_PROXY node22_env_proxy
}

# The box, secrets, the dead port ---------------------------------------------------------------

unix() { printf '%s' "$1" | sed -e 's|\\|/|g' -e "s|^C:|$drive|"; }

policy() { # [LINE]: the user's policy file; none without a line
    rm -f "$drive/local/ringfence/policy.ini"
    [ $# = 0 ] || printf '[default]\r\n%s\r\n' "$1" >"$drive/local/ringfence/policy.ini"
}

node_exe_temp() {
    local ask=('C:\tools\node\node.exe' 'C:\ws\temp.js') file
    succeeds in_wine "$(ringfence)" run -- "${ask[@]}" || return
    file=$(said | tail -n 1)
    is "${file%\\*}" "$box\\temp" && is "$(cat "$(unix "$file")")" 'temporary' &&
        succeeds in_wine "${ask[@]}" && says_not "$box"
}

box_is_made() {
    rm -rf "$drive/local/ringfence"
    succeeds in_wine "$(ringfence)" run -- cmd /d /c set || return
    [[ $box == 'C:\local\ringfence\box'* ]] || { why="the box is $box"; return 1; }
    is_dir "$(unix "$box")/temp" && is_dir "$(unix "$box")/cache" && says "TEMP=$box\\temp" && says "TMP=$box\\temp" &&
        says "TMPDIR=$box\\temp"
}

# The dry run, whose values all of this stands on, and what a child really gets.
dry_run_is_true() {
    local line
    succeeds in_wine "$(ringfence)" run -- cmd /d /c set || return
    while read -r line; do
        grep -qxF -- "$line" <(said) || { why="the child does not have $line"; return 1; }
    done <"$work/dry"
}

# What only a fence gets is not there: under Wine there is none.
every_row_is_set() {
    local name when
    while IFS=$'\t' read -r name _ when; do
        case $when in
        *'in a fence') ! grep -q "^$name=" "$work/dry" || { why="$name is set, without a fence"; return 1; } ;;
        *) grep -q "^$name=" "$work/dry" || { why="$name is not set"; return 1; } ;;
        esac
    done < <("$table" --rows)
}

# A value for every row, in two spellings where there are two, loses against ours.
inherited_values_lose() {
    local name when vars=()
    while IFS=$'\t' read -r name _ when; do
        case $name in T*MP*) continue ;; esac # Wine itself needs these, natively
        case $when in *'in a fence') continue ;; esac
        vars+=("$name=http://inherited.example/" "${name^^}=http://inherited.example/")
    done < <("$table" --rows)
    succeeds in_wine "${vars[@]}" 'C:\windows\system32\cmd.exe' /d /c set && says http://inherited.example/ &&
        succeeds in_wine "${vars[@]}" "$(ringfence)" run -- cmd /d /c set && says_not http://inherited.example/ &&
        is "$(said | sed 's/=.*//' | sort -f | uniq -di)" ''
}

secrets=(AWS_SECRET_ACCESS_KEY=s1 GITHUB_TOKEN=s2 MY_API_KEY=s3 SSH_AUTH_SOCK=s4 npm_config_registry_authToken=s5)

secrets_are_gone() {
    local secret
    succeeds in_wine "${secrets[@]}" HARMLESS=1 'C:\windows\system32\cmd.exe' /d /c set || return
    for secret in "${secrets[@]}" HARMLESS=1; do
        says "$secret" || { why="the control: $why"; return 1; }
    done
    succeeds in_wine "${secrets[@]}" HARMLESS=1 "$(ringfence)" run -- cmd /d /c set && says HARMLESS=1 || return
    for secret in "${secrets[@]}"; do
        says_not "${secret%%=*}" || return
    done
}

secrets_are_kept() {
    policy 'keep = GITHUB_TOKEN, AWS_*'
    succeeds in_wine "${secrets[@]}" "$(ringfence)" run -- cmd /d /c set
    policy
    is "$code" 0 && says GITHUB_TOKEN=s2 && says AWS_SECRET_ACCESS_KEY=s1 && says_not MY_API_KEY && says_not SSH_AUTH_SOCK
}

# Something listens on port 9: another one is taken, by activate's question and by run.
dead_port_is_alive() {
    local ready=$work/ready
    succeeds in_wine "$(ringfence)" dead-port && is "$(said)" 9 || return
    mkfifo "$work/hold"
    net listen 9 "$ready" <"$work/hold" &
    exec 6>"$work/hold"
    await "$ready"
    if [ "$(cat "$ready")" = listening ]; then
        succeeds in_wine "$(ringfence)" dead-port && is "$(said)" 1 &&
            succeeds in_wine "$(ringfence)" run -- cmd /d /c set && says http_proxy=http://127.0.0.1:1 &&
            says npm_config_proxy=http://127.0.0.1:1 && says GIT_CONFIG_VALUE_0=http://127.0.0.1:1 &&
            says RSYNC_PROXY=127.0.0.1:1
    else
        why="cannot listen on port 9: $(cat "$ready")"
        false
    fi
    local rc=$?
    exec 6>&-
    wait $!
    return $rc
}

# A shim alone does not look; it takes what activate or run has found.
dead_port_is_passed_on() {
    succeeds in_wine RINGFENCE_DEAD_PORT=7 "$(shim git)" config --get http.proxy && is "$(said)" http://127.0.0.1:7
}

check_ringfence() {
    check box-is-made '' box_is_made
    check every-row-is-set '' every_row_is_set
    check dry-run-is-true '' dry_run_is_true
    check inherited-values-lose '' inherited_values_lose
    check secrets-are-gone '' secrets_are_gone
    check secrets-are-kept-by-policy '' secrets_are_kept
    if [ -n "$own_net" ]; then
        check dead-port-is-alive '' dead_port_is_alive
    else
        skip dead-port-is-alive '' "port 9 of the machine is left alone; no network namespace to be had"
    fi
    check_with git.exe dead-port-is-passed-on '' dead_port_is_passed_on
}

# The table says of each row where it was seen: here, exactly if a check above is about it.
proofs_are_true() {
    local name proof here
    while IFS=$'\t' read -r name proof _; do
        case " $rows_seen " in *" $name "*) here=yes ;; *) here= ;; esac
        case $proof in
        tests/e2e/env_programs.sh) [ -n "$here" ] || { why="$name: nothing here is about it"; return 1; } ;;
        *) [ -z "$here" ] || { why="$name: the table says '$proof', but it is seen here"; return 1; } ;;
        esac
    done < <("$table" --rows)
}

readme_shows_the_table() {
    sed -n '/^<!-- env-table -->$/,/^<!-- \/env-table -->$/p' "$top/README.md" | sed '1d;$d' >"$work/shown"
    "$table" >"$work/table"
    diff "$work/table" "$work/shown" >"$work/said" || { why="README.md differs from 'make env-table'"; return 1; }
}

check_documents() {
    check proofs-are-true '' proofs_are_true
    if grep -qx '<!-- env-table -->' "$top/README.md" 2>/dev/null; then
        check readme-shows-the-table '' readme_shows_the_table
    else
        skip readme-shows-the-table '' "README.md has no <!-- env-table --> marks"
    fi
}

# Laying out -----------------------------------------------------------------------------------

await() { # FILE
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [ ! -s "$1" ] || return 0
        sleep 0.05
    done
    echo "env_programs: $1 did not appear" >&2
    exit 1
}

lay_out_windows() {
    local tool install
    install=$(unix "$home")
    rm -rf "$install" "$drive/tools" "$drive/ws" "$drive/local"
    mkdir -p "$install" "$drive/tools" "$drive/ws" "$drive/local"
    cp -a "$dist/." "$install/"
    for tool in node node22 git curl; do
        [ ! -d "$fetched/$tool" ] || cp -al "$fetched/$tool" "$drive/tools/$tool" 2>/dev/null || cp -a "$fetched/$tool" "$drive/tools/$tool"
    done
    cat >"$drive/ws/ask.js" <<'JS'
require('http').get('http://registry.example/x', (r) => r.resume()).on('error', (e) => {
    console.log(e.message);
    process.exitCode = 1;
});
JS
    cat >"$drive/ws/temp.js" <<'JS'
const fs = require('fs'), path = require('path');
const file = path.join(require('os').tmpdir(), 'ringfence-' + process.pid);
fs.writeFileSync(file, 'temporary\n');
console.log(file);
JS
}

# The server lives as long as we do: what is set here (some of it volatile) stays.
start_wine() {
    local server
    mkdir -p "$drive/ws"
    in_wine cmd /d /c exit 0 || [ $? != 77 ] || { echo "SKIP env_programs: no Wine"; exit 0; }
    for server in /usr/lib/wine/wineserver64 /usr/lib/wine/wineserver "$(command -v wineserver)"; do
        [ ! -x "$server" ] || break
    done
    wineserver=$server
    "$wineserver" -k -w || true # an earlier one has another network
    "$wineserver" -p
    in_wine reg add 'HKCU\Software\Wine\AppDefaults\node.exe' /v Version /d win10 /f >/dev/null
    in_wine reg add 'HKCU\Volatile Environment' /v LOCALAPPDATA /d 'C:\local' /f >/dev/null
}

lay_out_native() {
    mkdir -p "$work/home" "$work/git" "$work/deny bin" "$work/wheels" "$work/cargo"
    git init -q --bare "$work/git/repo.git"
    git init -q "$work/first"
    git -C "$work/first" -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m first
    git -C "$work/first" push -q "$work/git/repo.git" HEAD:refs/heads/main
    git -C "$work/git/repo.git" symbolic-ref HEAD refs/heads/main
    printf '#!/bin/sh\necho "stub $*" >"%s"\nexit 255\n' "$work/ssh-called" >"$work/deny bin/ssh.exe"
    chmod +x "$work/deny bin/ssh.exe"
    mkdir -p "$work/crate/src"
    : >"$work/crate/src/lib.rs"
    printf '[package]\nname = "a"\nversion = "0.1.0"\n[dependencies]\nb = "1"\n' >"$work/crate/Cargo.toml"
    printf '[source.crates-io]\nreplace-with = "here"\n[source.here]\nregistry = "sparse+http://registry.example/"\n[net]\nretry = 0\n' \
        >"$work/cargo/config.toml"
    [ -z "$python" ] || "$python" - "$work/wheels/tiny-1-py3-none-any.whl" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('tiny.py', '')
    z.writestr('tiny-1.dist-info/METADATA', 'Metadata-Version: 2.1\nName: tiny\nVersion: 1\n')
    z.writestr('tiny-1.dist-info/WHEEL', 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    z.writestr('tiny-1.dist-info/RECORD', '')
PY
}

start_network() {
    local name number
    mkfifo "$work/alive"
    net serve "$work/net.log" "$work/ports" "$work/git" <"$work/alive" &
    exec 7>"$work/alive" # the servers end when we do
    await "$work/ports"
    while IFS='=' read -r name number; do
        port[$name]=$number
    done <"$work/ports"
}

# What the shims set, as the dry run tells it, and the same for native programs.
learn_rows() {
    in_wine RINGFENCE_DRYRUN=1 "$(ringfence)" run -- cmd /d /c set >"$work/dry-run" 2>&1
    tr -d '\r' <"$work/dry-run" | sed -n 's/^ringfence: env      [+~] //p' >"$work/dry"
    translate <"$work/dry" >"$work/rows"
    box=$(sed -n 's/^TEMP=\(.*\)\\temp$/\1/p' "$work/dry")
    [ -n "$box" ] || { echo "env_programs: the dry run says no TEMP:" >&2; cat "$work/dry-run" >&2; exit 1; }
}

clean_up() {
    exec 7>&-
    [ -z "${wineserver-}" ] || "$wineserver" -k || true
    rm -rf "$work"
}

# A network of our own, unless there is none to be had.
enter_own_net() {
    [ -z "${RINGFENCE_TEST_NET-}" ] || return 0
    if unshare -n true 2>/dev/null; then
        RINGFENCE_TEST_NET=own exec unshare -n "$0" "$@"
    elif unshare -rn true 2>/dev/null; then
        RINGFENCE_TEST_NET=own exec unshare -rn "$0" "$@"
    fi
}

main() {
    enter_own_net "$@"
    own_net=${RINGFENCE_TEST_NET-}
    dist=$(cd "$1" && pwd) table=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
    declare -gA port
    python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null || true)
    servers=$python
    [ -n "$python" ] || { echo "SKIP env_programs: no python3 for the live servers"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
    rustup=${RUSTUP_HOME:-$HOME/.rustup}
    mkdir -p "$WINEPREFIX"
    exec 8>"$WINEPREFIX/env.lock"
    flock 8 # one at a time in a prefix
    work=$(mktemp -d)
    trap clean_up EXIT
    [ -z "$own_net" ] || net up
    lay_out_native
    start_network 8>&-
    start_wine 8>&-
    lay_out_windows
    learn_rows
    check_ringfence 8>&-
    check_proxies
    check_loopback
    check_native
    check_windows 8>&-
    check_documents
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

main "$@"
