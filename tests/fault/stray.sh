#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Commands killed at each system call that changes a file: afterwards every
# file is the old one or the new one, and after one ordinary command there is
# no stray file in any directory that exoauth writes to. And how often a
# refresh waits for the disk, with the provider's answer in hand.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_cmd strace python3
strace -qq -o /dev/null true 2>/dev/null || skip_all 'strace may trace nothing here'

app=app@contoso.test
person=person@contoso.test
site_up "status_file: $SITE/run/status.json"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/run"
rotated='fields:{"access_token":"token-1","refresh_token":"refresh-1"}'
site_endpoint "$rotated"
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code' 'scope: mail'
printf 'refresh-0\n' >"$SITE/secret/refresh"
printf 'correct horse\n' >"$SITE/secret/passphrase"
mkdir -m 0755 "$SITE/out"
ok 'login' x login $app
ok 'login of a person' x login $person --refresh-token-file "$SITE/secret/refresh"
calls=openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat
calls+=,unlink,unlinkat,fchmod,fchown,mkdir,mkdirat

# ---- fsync
if [[ $(id -u) == 0 ]]; then
    strace -f -y -qq -s 60 -o "$SITE/trace" \
        -e trace=fsync,fdatasync,rename,renameat,renameat2,recvfrom,read,write \
        "$EXO" refresh $person --force --config "$SITE_CONF" 2>/dev/null
    # The status file comes when the answer is out and the lock is free.
    n=$(sed '/status.json/,$d' "$SITE/trace" | grep -cE '(fsync|fdatasync)\(' )
    tmp=$(grep -c "fsync([0-9]*<$SITE/run/\.tmp" "$SITE/trace")
    ok 'a refresh token that rotates: at most 6 fsyncs' test "$((n - tmp))" -le 6
    diag "$((n - tmp)) fsyncs"
    between=$(awk '/(recvfrom|read)\(.*HTTP\/1/ { n = 0; seen = 1 }
        /fsync\(|fdatasync\(/ { n++ }
        seen && /rename.*person@contoso.test.json/ { print n; exit }' "$SITE/trace")
    is "$between" 1 'one of them between the answer and the rename of the record'
    is "$(grep -cE "fsync\([0-9]*<[^>]*tokens" "$SITE/trace")" 0 'none for a published token'
    ok 'and it was published' grep -qE 'rename.*tokens.*person@contoso.test' "$SITE/trace"
else
    skip fsync 'needs root: a process with secrets shows its files to nobody else'
fi

# ---- killed
# Everything but what has a name of its own: a list of strays.
strays()
{
    find "$SITE_STORE" "$SITE_TOKENS" "$SITE_ROOT" "$SITE/run" "$SITE/etc" \
        "$SITE/out" -type f | grep -vE "/(app|person)@contoso.test(|\.json|\.prev|\.lock|\.conf)$" |
        grep -vE '/(exoauth\.conf|exoauth\.key|status\.json|bundle)$|/\.exoauth[^/]*\.lock$|/[^/]*\.lock$' |
        sed "s|^$SITE/||" | sort | paste -sd' '
}
# No two of these have one length.
sound()
{
    x refresh $app --force >/dev/null 2>"$SITE/err" ||
        { echo " app:$(<"$SITE/err")"; return; }
    x refresh $person --force >/dev/null 2>"$SITE/err" ||
        { echo " person:$(<"$SITE/err")"; return; }
    [[ $(site_record $person refresh_token) == refresh-1 ]] || echo ' refresh-token'
    strays
}

# killed WHAT WORD...: at each call that makes or changes a file.
killed()
{
    local what=$1 points call n rc found bad='' total=0 cut=0
    shift
    rm -f "$SITE"/out/*
    strace -f -qq -o "$SITE/trace" -e trace="$calls" "$EXO" "$@" \
        --config "$SITE_CONF" >/dev/null 2>"$SITE/err" || diag "$(<"$SITE/err")"
    # Of an openat that makes nothing, or a write to a pipe, nothing is left.
    points=$(awk '{ sub(/\(.*/, "", $2) ; k = $1 " " $2; n[k]++
        if ($2 != "openat" || $0 ~ /O_CREAT/) print $2, n[k] }' "$SITE/trace" | sort -u)
    while read -r call n; do
        rm -f "$SITE"/out/*
        rc=0
        (exec strace -f -qq -o /dev/null -e trace="$call" \
            -e inject="$call:signal=KILL:when=$n" "$EXO" "$@" \
            --config "$SITE_CONF" >/dev/null 2>&1 </dev/null) 2>/dev/null || rc=$?
        total=$((total + 1))
        [[ $rc == 0 ]] || cut=$((cut + 1))
        [[ ! -s $SITE/out/bundle ]] || x import "$SITE/out/bundle" --force \
            --password-file "$SITE/secret/passphrase" >/dev/null 2>&1 ||
            bad+=" $call:$n:half-a-bundle"
        [[ -z $(find "$SITE/out" -name bundle -empty) ]] || bad+=" $call:$n:empty-bundle"
        found=$(find "$SITE/out" -name '.tmp.*')
        [[ -z $found ]] || bad+=" $call:$n:left:$found"
        found=$(sound)
        [[ -z $found ]] || bad+=" $call:$n:$found"
    done <<<"$points"
    is "$bad" '' "$what, killed at each of $total calls: nothing lost, nothing left"
    ok "$what: it was killed often enough" test "$cut" -ge 5
    diag "$what: $cut of $total runs were killed"
} 2>/dev/null

is "$(sound)" '' 'all is well before'
killed refresh refresh $person --force
killed rekey rekey
killed login login $app --set servers=other.contoso.test --set servers=mail.contoso.test
# A new file has no name until it is whole, so that nothing is left even where
# no command comes to write again.
export=(export $app --out "$SITE/out/bundle" --password-file "$SITE/secret/passphrase")
nameless=''
python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY)' \
    "$SITE/out" 2>/dev/null && nameless=1
if [[ -n $nameless ]]; then
    killed export "${export[@]}"
    rm -f "$SITE"/out/*
    exits 74 'export, with its writer killed' strace -f -qq -o /dev/null \
        -e trace=linkat -e inject=linkat:signal=KILL "$EXO" "${export[@]}" --config "$SITE_CONF"
    one_line 'export' 'the process that was to do it was killed; .*run it again$'
    is "$(ls -A "$SITE/out")" '' 'and leaves nothing'
else
    for i in {1..5}; do skip "export $i" 'the file system knows no file without a name'; done
fi

# Where there are no such files, it has a name, and the next export looks.
rm -f "$SITE"/out/*
exits 74 'the same without them' strace -f -qq -o /dev/null \
    -e trace=faccessat,faccessat2,renameat2 -e inject=faccessat,faccessat2:error=ENOENT \
    -e inject=renameat2:signal=KILL "$EXO" "${export[@]}" --config "$SITE_CONF"
one_line 'export' 'the process that was to do it was killed; .*run it again$'
if [[ $(id -u) == 0 ]]; then # run_as cannot remove what is in root's directory
    like "$(ls -A "$SITE/out")" '^\.tmp\.[0-9a-f]{16}$' 'and leaves its temporary file'
    is "$(stat -c %a "$SITE"/out/.tmp.*)" 600 'for its owner only'
    is "$(grep -alE 'token-1|refresh-|a secret' "$SITE"/out/.tmp.*)" '' 'with nothing in the clear'
    cp "$SITE"/out/.tmp.* "$SITE/whole"
    ok 'it is the bundle' x import "$SITE/whole" --force --password-file "$SITE/secret/passphrase"
else
    is "$(ls -A "$SITE/out")" '' 'and takes away its temporary file'
fi
ok 'one more' x "${export[@]}"
is "$(ls -A "$SITE/out")" bundle 'which takes it away'
exits 64 'and no file is replaced' x "${export[@]}"
