# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# tap.sh: TAP for the shell tests. A test sources it as its first act,
#
#     . "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
#
# calls the checks below and ends; the plan ("1..N") is printed by the EXIT
# trap, so a test that dies early is seen to have died. Exit status: 0 when
# every check passed, 1 otherwise.
#
#   ok DESC CMD [ARG]...       passes when CMD exits 0
#   not_ok DESC CMD [ARG]...   passes when CMD exits non-zero (not by a signal)
#   exits STATUS DESC CMD...   passes when CMD exits with STATUS
#   is GOT WANT DESC           string equality
#   isnt GOT OTHER DESC
#   like GOT REGEX DESC        bash extended regular expression
#   unlike GOT REGEX DESC
#   pass DESC / fail DESC
#   skip DESC REASON           one point skipped
#   skip_all REASON            the rest of the file skipped; ends the test
#   bail REASON                the test cannot go on; counts as a failure
#   diag TEXT                  "# " lines on stdout
#   need_root WHAT / need_cmd CMD... / need_file FILE   skip_all otherwise
#   tap_dir                    prints the test's own directory ($TAP_DIR)
#   cleanup CMD [ARG]...       run at the end, last one first, whatever happens
#   own_mounts "$@"            the test begins again in a mount namespace of its own
#   soon CMD [ARG]...          until CMD succeeds, for 20 seconds
#
# ok, not_ok and exits leave the command's stdout in $OUT and stderr in $ERR.
# $TAP_LOOP is the loopback address that this host has, 127.0.0.1 or ::1, and
# $TAP_LOOP_URL the same for a URL or relayhost; exported to every tool here.
#   need_ipv4 WHAT          skip_all on a host that has ::1 alone
#
# The directory goes at the end; with EXO_KEEP=1 it stays if a check failed.

[[ -n ${TAP_LOADED:-} ]] && return 0
TAP_LOADED=1
set -u
export LC_ALL=C.UTF-8
unset CDPATH

TAP_N=0 TAP_FAILED=0 TAP_SKIPPED_ALL='' TAP_ENDED='' TAP_DIR='' TAP_CLEANUP=()
TAP_MAIN=$BASHPID
TAP_LOOP=127.0.0.1
# What is local to this network namespace, whatever /etc/hosts says.
if [[ -r /proc/net/fib_trie ]] && ! grep -q -- '|-- 127\.0\.0\.1$' /proc/net/fib_trie &&
    grep -qs '^0*1 ' /proc/net/if_inet6; then
    TAP_LOOP=::1
fi
TAP_LOOP_URL=$TAP_LOOP
[[ $TAP_LOOP == *:* ]] && TAP_LOOP_URL=[$TAP_LOOP]
export TAP_LOOP TAP_LOOP_URL

# What a version manager puts before the system's python3 is a shell script: it
# takes ten times as long, and it knows none of Debian's modules.
tap_path()
{
    local dir two path=''
    local -a dirs
    IFS=: read -r -a dirs <<<"$PATH"
    for dir in "${dirs[@]}"; do
        two=''
        [[ -x $dir/python3 ]] && IFS= read -r -N 2 two <"$dir/python3"
        [[ $two == '#!' ]] || path+=${path:+:}$dir
    done
    [[ -z $(PATH=$path type -P python3) ]] || PATH=$path
}
tap_path 2>/dev/null
OUT='' ERR=''
# Checks made inside $(...) or a redirected block must still reach the reader.
exec {TAP_FD}>&1

tap_say() { printf '%s\n' "$*" >&"$TAP_FD"; }

# Control bytes are escaped: a token server's answer must not break the stream.
diag()
{
    local line
    while IFS= read -r line || [[ -n $line ]]; do
        printf '# %s\n' "$line" >&"$TAP_FD"
    done < <(printf '%s\n' "$*" | tr -c '\n\t -~' '?' | tail -n 60)
}

# '#' in a description would be read as a directive.
tap_point()
{
    local verdict=$1 desc=${2//#/no.}
    TAP_N=$((TAP_N + 1))
    [[ $verdict == ok ]] || TAP_FAILED=$((TAP_FAILED + 1))
    tap_say "$verdict $TAP_N - ${desc//$'\n'/ }${3:+ # SKIP ${3//$'\n'/ }}"
    [[ $verdict == ok ]]
}

own_mounts()
{
    need_cmd unshare mount
    [[ -z ${EXO_UNSHARED:-} ]] || return 0
    unshare --mount true 2>/dev/null || skip_all 'unshare --mount is not allowed'
    rm -rf -- "$TAP_DIR"
    trap - EXIT
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
}

# own_dir DIR [empty]: behind own_mounts, DIR is a copy from now on, or empty.
own_dir()
{
    mkdir -p "$TAP_DIR/own$1"
    [[ -n ${2:-} ]] || cp -a "$1/." "$TAP_DIR/own$1/"
    mount --bind "$TAP_DIR/own$1" "$1" || skip_all 'mounting is not allowed'
}

# The command sees this name, so it must not be one it uses.
soon()
{
    local soon_left=400
    while ((soon_left-- > 0)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

pass() { tap_point ok "$1"; }
fail() { tap_point 'not ok' "$1"; }
skip() { tap_point ok "$1" "$2"; }

# Without a process of its own for what is read back: there are 20,000 points.
tap_run()
{
    local tap_rc=0
    "$@" >"$TAP_DIR/.out" 2>"$TAP_DIR/.err" || tap_rc=$?
    tap_read OUT "$TAP_DIR/.out"
    tap_read ERR "$TAP_DIR/.err"
    return "$tap_rc"
}

# tap_read NAME FILE: like NAME=$(<FILE), and without its NULs
tap_read()
{
    local -n tap_text=$1
    local IFS='' tap_parts
    mapfile -d '' -t tap_parts <"$2"
    tap_text=${tap_parts[*]}
    while [[ $tap_text == *$'\n' ]]; do tap_text=${tap_text%$'\n'}; done
}

tap_explain()
{
    local rc=$1
    shift
    diag "command: $*"
    diag "exit status $rc"
    [[ -n $OUT ]] && diag "stdout: $OUT"
    [[ -n $ERR ]] && diag "stderr: $ERR"
    return 0
}

ok()
{
    local desc=$1 rc=0
    shift
    tap_run "$@" || rc=$?
    [[ $rc == 0 ]] && { pass "$desc"; return; }
    fail "$desc"
    tap_explain "$rc" "$@"
    return 1
}

not_ok()
{
    local desc=$1 rc=0
    shift
    tap_run "$@" || rc=$?
    [[ $rc -gt 0 && $rc -lt 128 ]] && { pass "$desc"; return; }
    fail "$desc"
    tap_explain "$rc" "$@"
    return 1
}

exits()
{
    local want=$1 desc=$2 rc=0
    shift 2
    tap_run "$@" || rc=$?
    [[ $rc == "$want" ]] && { pass "$desc"; return; }
    fail "$desc"
    diag "expected exit status $want"
    tap_explain "$rc" "$@"
    return 1
}

is()
{
    [[ $1 == "$2" ]] && { pass "$3"; return; }
    fail "$3"
    diag "     got: '$1'"
    diag "expected: '$2'"
    return 1
}

isnt()
{
    [[ $1 != "$2" ]] && { pass "$3"; return; }
    fail "$3"
    diag "got '$1', which it must not be"
    return 1
}

like()
{
    [[ $1 =~ $2 ]] && { pass "$3"; return; }
    fail "$3"
    diag "       got: '$1'"
    diag "no match of: $2"
    return 1
}

unlike()
{
    [[ $1 =~ $2 ]] || { pass "$3"; return; }
    fail "$3"
    diag "     got: '$1'"
    diag "a match of: $2"
    return 1
}

skip_all()
{
    TAP_SKIPPED_ALL=${1:-no reason given}
    exit 0
}

bail()
{
    fail "${1:-cannot go on}"
    exit 1
}

need_root() { [[ $(id -u) == 0 ]] || skip_all "needs root: ${1:-this test}"; }

need_cmd()
{
    local cmd
    for cmd; do
        command -v "$cmd" >/dev/null 2>&1 ||
            skip_all "$cmd is not installed; run: sudo tests/deps"
    done
}

need_ipv4()
{
    [[ $TAP_LOOP == 127.0.0.1 ]] ||
        skip_all "this host has no 127.0.0.1: ${1:-this test} needs it"
}

need_file() { [[ -e $1 ]] || skip_all "$1 is missing${2:+; $2}"; }

tap_dir() { printf '%s\n' "$TAP_DIR"; }

cleanup() { TAP_CLEANUP+=("$(printf '%q ' "$@")"); }

tap_end()
{
    local rc=$? i
    # A subshell inherits the trap but not the duty.
    [[ $BASHPID == "$TAP_MAIN" && -z $TAP_ENDED ]] || return 0
    TAP_ENDED=1
    trap '' INT TERM HUP PIPE
    for ((i = ${#TAP_CLEANUP[@]} - 1; i >= 0; i--)); do
        eval "${TAP_CLEANUP[i]}" >/dev/null 2>&1
    done
    if [[ -n $TAP_SKIPPED_ALL && $TAP_N == 0 ]]; then
        tap_say "1..0 # SKIP $TAP_SKIPPED_ALL"
        rc=0
    else
        [[ -n $TAP_SKIPPED_ALL ]] &&
            { skip 'the rest of this file' "$TAP_SKIPPED_ALL"; rc=0; }
        if [[ $rc != 0 && $TAP_FAILED == 0 ]]; then
            fail "the test ran to its end (exit status $rc)"
        fi
        [[ $TAP_N == 0 ]] && fail 'the test made at least one check'
        tap_say "1..$TAP_N"
        [[ $TAP_FAILED == 0 ]] && rc=0 || rc=1
    fi
    if [[ $TAP_FAILED != 0 && ${EXO_KEEP:-0} == 1 ]]; then
        diag "kept: $TAP_DIR"
    else
        rm -rf -- "$TAP_DIR"
    fi
    exit "$rc"
}

# Short and under /tmp: UNIX socket paths inside must fit in 107 bytes, and a
# private TMPDIR would be closed to the other users the tests run as.
TAP_DIR=$(mktemp -d "${EXO_TMPDIR:-/tmp}/exo.XXXXXX") || exit 99
chmod 0755 "$TAP_DIR"
trap tap_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# The reader may go first ("| head"); what was started must still stop.
trap 'exit 141' PIPE

. "$(dirname "${BASH_SOURCE[0]}")/open.sh"
if open_needed; then
    open_tree "$TAP_DIR/open" || exit 99
    EXO_SRCDIR=$TAP_DIR/open/src EXO_BUILDDIR=$TAP_DIR/open/build
    export EXO_SRCDIR EXO_BUILDDIR
fi
