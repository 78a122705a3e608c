#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Files of account_dir whose names exoauth does not read: list, status, doctor and
# serve name each of them, and what its name should be; serve --listen once.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/doctor.sh"
need_cmd python3

mkdir "$SITE/log" "$SITE/sock"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/log" "$SITE/sock"
site_up "log: $SITE/log/exoauth.log"
doctor_up
site_endpoint ok:token-1
me=relay@contoso.test
site_account $me "secret_file: $SITE/secret/app"
ok 'an account' x token $me
etc=$SITE/etc/exoauth.d
put() { cp "$etc/$me.conf" "$etc/$1"; }
unread=(none@x.test upper@x.test.CONF tilde@x.test.conf~ Capital@x.test.conf
    'blank b@x.test.conf' old@x.test.conf.bak $'c1\xc2\x9bq@x.test.conf'
    c1%C2%9Bq@x.test.conf $'line\nfeed@x.test.conf' '; run: id@x.test.conf'
    '<angle@x.test>' 'space@x.test copy' cvs@x.test,v mailto:web@x.test)
quiet=(.hidden@x.test.conf $me.conf~ $me.conf.dpkg-old README .#lock)
for name in "${unread[@]}" "${quiet[@]}"; do put "$name"; done

# Each of them, on one line, cleaned, and no other.
named()
{
    local name
    for name in none@x.test upper@x.test.CONF tilde@x.test.conf~ Capital@x.test.conf \
        'blank b@x.test.conf' old@x.test.conf.bak 'c1?q@x.test.conf' \
        c1%C2%9Bq@x.test.conf 'line?feed@x.test.conf' '; run. id@x.test.conf' \
        '<angle@x.test>' 'space@x.test copy' cvs@x.test,v mailto:web@x.test; do
        is "$(grep -cF "$etc/$name is not read: " <<<"$2")" "${3:-1}" "$1: $name"
    done
    is "$(grep -c 'is not read: .*; rename it' <<<"$2")" $((${#unread[@]} * ${3:-1})) \
        "$1: and no other"
    like "$2" 'none@x.test is not read: .* is named none@x.test.conf; rename it' \
        "$1: how it has to be named"
}
ok list x list
is "$OUT" "$me" 'list: the account alone'
named list "$ERR"
ok status x status
named status "$ERR"
exits 67 token x token none@x.test
named 'no account' "$ERR"
exits 3 'status --nagios' x status none@x.test --nagios
named 'status --nagios' "$ERR"
doctor >"$SITE/found" 2>&1
named doctor "$(grep '^warning  configuration' "$SITE/found")"
cp -p "$SITE_STORE/$me.json" "$SITE_STORE/c1%C2%9Bq@x.test.json"
doctor >"$SITE/found" 2>&1
like "$(<"$SITE/found")" \
    "warning  files .*store/c1%C2%9Bq@x.test.json is not read: its name is not that of an account; move it away" \
    'a record that nobody reads'
rm "$SITE_STORE/c1%C2%9Bq@x.test.json"

ask() { printf 'exoauth: 1\nget: %s\n\n' "$1" | x serve; }
: >"$SITE/log/exoauth.log"
ok 'serve, an account that is there' ask $me
is "$(grep -c 'is not read' "$SITE/log/exoauth.log")" 0 'has nothing to say'
ok 'serve, one that is not' ask none@x.test
like "$OUT" 'status: no-account' 'says so'
is "$ERR" '' 'and nothing on fd 2'
named 'the log of serve' "$(<"$SITE/log/exoauth.log")"

# A listener says it once, however often it is asked, and again after a change.
: >"$SITE/log/exoauth.log"
"$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF" </dev/null >/dev/null 2>&1 &
cleanup kill $!
listening()
{
    printf 'exoauth: 1\nget: %s\n\n' "$1" | python3 \
        "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/ask.py" "$SITE/sock/et"
}
# A process that answered is looked at when it is gone.
await() { for ((i = 0; i < 200; i++)); do grep -qF "$1" "$SITE/log/exoauth.log" && return; sleep 0.05; done; }
for ((i = 0; i < 200; i++)); do [[ -S $SITE/sock/et ]] && break; sleep 0.05; done
for i in 1 2 3; do ok "a listener, $i" listening none@x.test; done
like "$OUT" 'status: no-account' 'knows none'
await 'feed@x.test.conf is not read'
ok 'once more' listening none@x.test
named 'the log of a listener' "$(<"$SITE/log/exoauth.log")"
put late@x.test
for i in 1 2 3; do ok 'after a change' listening none@x.test; done
await 'late@x.test is not read'
is "$(grep -cF '/none@x.test is not read' "$SITE/log/exoauth.log")" 2 'once more'
is "$(grep -cF '/late@x.test is not read' "$SITE/log/exoauth.log")" 1 'with the new one'
