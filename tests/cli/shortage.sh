#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Too few descriptors, and output that goes nowhere: a shortage is said to be
# one, with exit 75 and no remedy that would cost a credential, and nothing
# that was not printed is a success.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_conf timeout 2
site_endpoint ok:the-token
app=app@contoso.test
person=person@contoso.test
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
echo canary-refresh >"$SITE/secret/refresh"
ok 'a credential that is sealed' x token $app
ok 'one of a person' x login $person --refresh-token-file "$SITE/secret/refresh"

printf 'correct horse battery\n' >"$SITE/secret/phrase"
ok 'a bundle' x export --all --out "$SITE/bundle" --password-file "$SITE/secret/phrase"
# few LIMIT COMMAND...: with that many descriptors
few() { (ulimit -n "$1" && shift && x "$@"); }

for n in 4 5 6 7 8 10 12 14 16 18 19 20; do
    for command in "token $app --min-ttl 7200" "refresh $app --force" \
        "refresh $person --force" "status $app" \
        "login $person --refresh-token-file $SITE/secret/refresh" "login $app" \
        "login $person --if-needed" \
        "import $SITE/bundle --password-file $SITE/secret/phrase" \
        "export --all --out $SITE/new --password-file $SITE/secret/phrase"; do
        rm -f "$SITE/new"
        [[ $n -lt 7 || $command == @(status*|"login $app"|*--if-needed) ]] || continue
        rc=0 count=$(site_count)
        # shellcheck disable=SC2086
        tap_run few $n $command || rc=$?
        said=$ERR
        label="$n descriptors: ${command%% *}: ${said//$'\n'/ }"
        if [[ $said =~ (damaged|refused|does\ not\ hold|chown|mv\ |rm\ -f|right\ key|remove|somebody\ else|internal) ]]; then
            fail "$label: calls it damage"
        else
            pass "$n descriptors: ${command%% *} does not call it damage"
        fi
        if [[ $command == refresh* && $rc == 0 && -z $said ]]; then
            isnt "$(site_count)" "$count" "$label: 0 in silence, and a request"
        fi
        if [[ $command == *--if-needed && $rc == 0 && $n -lt 9 ]]; then
            fail "$label: 0, and nothing was read"
        fi
        if [[ $rc != @(0|75) ]]; then
            fail "$label: exit $rc, and not 75"
        fi
    done
done
# Nothing is half removed.
kept=$(find "$SITE_STORE" "$SITE_TOKENS" -type f ! -name '*.lock' | sort)
for n in 4 5 6; do
    exits 75 "remove with $n descriptors" few $n remove $app
    like "$ERR" 'oo many open files; raise the limit of open files$' 'says so'
    is "$(find "$SITE_STORE" "$SITE_TOKENS" -type f ! -name '*.lock' | sort)" "$kept" \
        'and leaves all of it'
done
exits 75 'remove of what is not there' few 5 remove nobody@contoso.test
one_line 'what is not there' 'oo many open files; raise the limit of open files$'
# The key file is under the new passphrase, or it is not.
printf 'correct horse battery\n' >"$SITE/secret/new"
key=$SITE/etc/exoauth.key
mkdir "$SITE/before"
cp -a "$key" "$SITE_STORE" "$SITE/before/"
back()
{
    rm -rf "$key" "$SITE_STORE"
    cp -a "$SITE/before/exoauth.key" "$key" && cp -a "$SITE/before/store" "$SITE_STORE"
}
written=0
for n in 5 6 7 8 9 10; do
    few $n rekey --passphrase --password-file "$SITE/secret/new" >/dev/null 2>"$SITE/err" && break
    said=$(<"$SITE/err")
    if cmp -s "$key" "$SITE/before/exoauth.key"; then
        unlike "$said" 'has a new key' "rekey with $n descriptors changes nothing, and says nothing else"
    else
        like "$said" "exoauth.key has a new key, is under the new passphrase, and the old one, .*run: exoauth rekey" \
            "rekey with $n descriptors says what the key file is now"
        written=1
    fi
    back
done
back
is "$written" 1 'one of them got so far'
# What scrypt takes is more than there is.
little() { (ulimit -v 60000 && x "$@"); }
for command in "import $SITE/bundle" "export --all --out $SITE/new"; do
    # shellcheck disable=SC2086
    exits 75 "${command%% *} without memory" little $command --password-file "$SITE/secret/phrase"
    like "$ERR" 'out of memory; free some memory' 'says so'
done
not_ok 'and leaves no file' test -e "$SITE/new"
is "$(site_record $person refresh_token)" canary-refresh 'nothing is lost'
ok 'and all works again' x refresh $app --force

# ---- what was not printed
ok 'a token' x token $app
for command in rekey "login $app" "import $SITE/bundle --password-file $SITE/secret/phrase"; do
    # shellcheck disable=SC2086
    exits 74 "${command%% *} >/dev/full is no success" eval "x $command >/dev/full"
    like "$ERR" 'all is done, but cannot write to standard output: ' 'but says that it is done'
done
for command in "token $app" "token $app --format json" "show $app" list \
    "status $app" '--help' '--version' 'explain AADSTS7000215'; do
    # shellcheck disable=SC2086
    exits 74 "${command%% *} >&- is no success" eval "x $command >&-"
    # shellcheck disable=SC2086
    exits 74 "${command%% *} >/dev/full is no success" \
        eval "x $command >/dev/full"
done
