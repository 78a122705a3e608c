#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth serve: the local protocol to the letter, who may ask, and the
# listening server. Whatever happens, fd 2 stays silent and the exit status 0.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

mkdir -p "$SITE/log"
mkdir -p "$SITE/sock"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/log" "$SITE/sock"
site_up "log: $SITE/log/exoauth.log" 'log_level: debug'
site_conf timeout 1
site_endpoint ok:first-token
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app" \
    'servers: *.contoso.test localhost' 'user: Relay@contoso.test'
sed -i '/^servers: mail/d' "$SITE/etc/exoauth.d/$app.conf"

# A request over a pipe: the program's uid is what counts there.
ask_raw() { printf '%b' "$1" | x serve; }
ask() { ask_raw "$(printf '%s\\n' 'exoauth: 1' "$@")\\n"; }
reply() { sed -n "s/^$1: //p" <<<"$OUT"; }
# A complete reply: order line first, status, an empty line at the end, no more.
whole()
{
    python3 -c 'import sys
data = open(sys.argv[1], "rb").read()
lines = data.split(b"\n")
sys.exit(not (data.endswith(b"\n\n") and lines[0] == b"exoauth: 1" and
    lines[1] == b"status: " + sys.argv[2].encode() and
    lines.index(b"") == len(lines) - 2 and
    all(b": " in l for l in lines[:-2])))' "$TAP_DIR/.out" "$1"
}
# A refusal has a line for the mail log.
refused()
{
    ok "$2: answered and exit 0" "${@:4}"
    is "$ERR" '' "$2: fd 2 is silent"
    is "$(whole "$1" && echo whole)" whole "$2: a whole reply, $1"
    like "$(reply message)" "$3" "$2: cause and remedy"
    is "$(reply token)" '' "$2: no token"
}
# What is no request at all gets no reply.
ignored()
{
    ok "$1: exit 0" "${@:2}"
    is "$OUT$ERR" '' "$1: not a word"
}

# ----- the protocol

ok 'a request' ask "get: $app"
is "$ERR" '' 'fd 2 is silent'
is "$(whole ok && echo whole)" whole 'a whole reply'
# shellcheck disable=SC2001 # line by line
is "$(sed 's/: .*//' <<<"$OUT" | paste -sd' ')" \
    'exoauth status account user servers serial issued refresh_after usable_until expires token' \
    'the fields of a published token'
is "$(reply token)" first-token 'the token'
is "$(reply user)" Relay@contoso.test 'user'
is "$(reply servers)" '*.contoso.test localhost' 'servers'
is "$(reply serial)" 1 'serial'
is "$(reply account)" $app 'account'
is "$(tail -n +2 "$SITE_TOKENS/$app" | grep -v '^config: ')" \
    "$(tail -n +3 "$TAP_DIR/.out")" 'it was published, too'
ok 'case does not matter' ask 'get: APP@Contoso.Test'
is "$(reply account)" $app 'the account is written as it is known'
ok 'keys that nobody knows yet' ask 'colour: blue' "get: $app" 'x-y: 1' 'empty:'
is "$(reply token)" first-token 'are ignored'
ok 'min_ttl that is met' ask "get: $app" 'min_ttl: 3000'
ok 'a server of the list' ask "get: $app" 'server: smtp.contoso.test'
is "$(reply status)" ok 'is allowed'
ok 'in capitals' ask "get: $app" 'server: SMTP.Contoso.TEST'
is "$(reply status)" ok 'too'
refused misconfigured 'another server' 'smtp.fabrikam.test.*; .*servers' \
    ask "get: $app" 'server: smtp.fabrikam.test'
refused misconfigured 'the domain itself is not below it' 'servers' \
    ask "get: $app" 'server: contoso.test'
refused misconfigured 'a name that ends like it' 'servers' \
    ask "get: $app" 'server: evilcontoso.test'
refused no-account 'an unknown account' '; run: exoauth login' \
    ask 'get: nobody@fabrikam.test'
refused no-account 'a path as account' '.' ask 'get: ../../etc/passwd'
is "$(site_count)" 1 'all this was one request to the provider'
printf 'no colon\n' >"$SITE/etc/exoauth.d/broken@contoso.test.conf"
refused misconfigured 'a broken account file' 'line 1.*; ' \
    ask 'get: broken@contoso.test'
site_account bob@contoso.test 'grant: device_code'
refused needs-login 'nobody has logged in' '; run: exoauth login bob@contoso.test' \
    ask 'get: bob@contoso.test'
site_script retry:503:900
site_account down@contoso.test "secret_file: $SITE/secret/app"
refused transient 'a provider that is down' 'HTTP 503.*; ' \
    ask 'get: down@contoso.test'
like "$(reply retry_after)" '^[0-9]+$' 'with the seconds to wait'
site_script hang
site_account hang@contoso.test "secret_file: $SITE/secret/app"
refused transient 'a provider that hangs' '; ' ask 'get: hang@contoso.test'

# The end of file is no empty line.
ignored 'nothing' ask_raw ''
ignored 'half a line' ask_raw 'exoa'
ignored 'half a request' ask_raw "exoauth: 1\\nget: $app\\n"
ignored 'no account in it' ask 'server: smtp.contoso.test'
ignored 'an empty account' ask 'get:'
ignored 'a key twice' ask "get: $app" "get: $app"
ignored 'another version' ask_raw "exoauth: 2\\nget: $app\\n\\n"
ignored 'no version' ask_raw "get: $app\\n\\n"
ignored 'the version elsewhere' ask_raw "get: $app\\nexoauth: 1\\n\\n"
ignored 'only an empty line' ask_raw '\n'
ignored 'CRLF' ask_raw "exoauth: 1\\r\\nget: $app\\r\\n\\r\\n"
ignored 'a control byte' ask_raw "exoauth: 1\\nget: $app\\nx: a\\001b\\n\\n"
ignored 'a NUL' ask_raw "exoauth: 1\\nget: app\\000@contoso.test\\n\\n"
ignored 'HTTP' ask_raw 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
ignored 'min_ttl in words' ask "get: $app" 'min_ttl: soon'
ignored 'reject below zero' ask "get: $app" 'reject: -1'
ignored 'nowait in other words' ask "get: $app" 'nowait: perhaps'
flood() { head -c 100000 /dev/urandom | x serve; }
ignored 'noise' flood
long() { { printf 'exoauth: 1\nget: '; head -c 70000 /dev/zero | tr '\0' a; printf '\n\n'; } | x serve; }
ignored 'an account of 70,000 bytes' long
many() { { printf 'exoauth: 1\nget: %s\n' $app; printf 'k%d: v\n' {1..100}; echo; } | x serve; }
ignored 'a hundred keys' many
endless() { yes 'x: y' | head -n 200000 | x serve; }
ignored 'a request without end' endless
closed() { x serve <&-; }
ok 'without stdin' closed
is "$OUT$ERR" '' 'not a word'
mute() { printf 'exoauth: 1\nget: %s\n\n' $app | x serve >&-; }
ok 'without stdout' mute
printf 'exoauth: 1\nget: %s\n\n' $app >"$SITE/request"
from_file() { x serve <"$SITE/request"; }
ok 'a request from a file' from_file
is "$(reply token)" first-token 'is answered'
from_tty() { x serve </dev/null; }
ignored 'from /dev/null' from_tty

# ----- reject: a new token, but not one a second

site_script ok:second-token
site_account rej@contoso.test "secret_file: $SITE/secret/app"
ok 'a token' ask 'get: rej@contoso.test'
before=$(site_count)
ok 'rejected while it is new' ask 'get: rej@contoso.test' "reject: $(reply serial)"
is "$(reply serial)" 1 'is given again'
is "$(site_count)" "$before" 'a server that rejects all cannot make us ask without end'
ok 'an older one rejected' ask 'get: rej@contoso.test' 'reject: 0'
is "$(site_count)" "$before" 'means nothing'
if site_later 100; then
    site_script ok:third-token
    ok 'rejected after a minute' ask 'get: rej@contoso.test' 'reject: 1'
    is "$(reply serial) $(reply token)" '2 third-token' 'is renewed'
    ok 'and the next one at once' ask 'get: rej@contoso.test' 'reject: 2'
    is "$(reply serial)" 2 'is not'
    ok 'those who still have the first one' ask 'get: rej@contoso.test' 'reject: 1'
    is "$(reply serial)" 2 'get the second'
    is "$(site_count)" $((before + 1)) 'one request in all'

    # ----- min_ttl and nowait
    site_later 3200
    site_script ok:fourth-token
    ok 'less is left than refresh_margin' ask 'get: rej@contoso.test'
    is "$(reply token)" fourth-token 'renewed'
    ok 'min_ttl 0' ask 'get: rej@contoso.test' 'min_ttl: 0'
    before=$(site_count)
    site_later 5200
    site_script ok:fifth-token
    ok 'nowait, and it is due' ask 'get: rej@contoso.test' 'nowait: yes'
    is "$OUT$ERR" '' 'no reply'
    is "$(site_count)" $((before + 1)) 'one request'
    is "$(sed -n 's/^token: //p' "$SITE_TOKENS/rej@contoso.test")" fifth-token \
        'which was published'
    ok 'nowait, and it is not due' ask 'get: rej@contoso.test' 'nowait: yes'
    is "$(site_count)" $((before + 1)) 'no request'

    # Fifty logins are refused the same token: one renews it, and the rest
    # find the lock taken, which is nothing to fill a log with.
    serial=$(sed -n 's/^serial: //p' "$SITE_TOKENS/rej@contoso.test")
    site_later 5300
    log=$(sed -n 's/^log: //p' "$SITE_CONF")
    before_it=$(wc -l <"$log")
    (exec python3 -c 'import fcntl, struct, sys, time
f = open(sys.argv[1], "r+")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w")
time.sleep(600)' "$SITE_STORE/rej@contoso.test.lock" "$SITE/locked") &
    holder=$!
    cleanup kill $holder
    for ((i = 0; i < 100; i++)); do [[ -e $SITE/locked ]] && break; sleep 0.05; done
    ok 'the lock is taken' test -e "$SITE/locked"
    ok 'a refused token meanwhile' ask 'get: rej@contoso.test' \
        "reject: $serial" 'nowait: yes'
    is "$(site_count)" $((before + 1)) 'no request'
    is "$(wc -l <"$log")" "$before_it" 'and not a word in the log'
    kill $holder
    wait $holder 2>/dev/null
    ok 'a refused token when it is free' ask 'get: rej@contoso.test' \
        "reject: $serial" 'nowait: yes'
    is "$(site_count)" $((before + 2)) 'one request'
    site_later 0
else
    skip 'as time goes by' 'faketime is not installed; run: sudo tests/deps'
fi
ignored 'nowait for an unknown account' ask 'get: nobody@fabrikam.test' 'nowait: yes'

# ----- the listening server

need_cmd python3
client() { python3 "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/ask.py" "$@"; }
request() { printf '%s\n' 'exoauth: 1' "$@" ''; }
listening() { client "$SITE/sock/et" <"$SITE/request"; }
serve()
{
    "$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF" \
        >"$SITE/serve.out" 2>"$SITE/serve.err" </dev/null &
    server=$!
    cleanup kill -KILL $server
    local i
    for ((i = 0; i < 100; i++)); do
        [[ -S $SITE/sock/et ]] && client --nowait "$SITE/sock/et" </dev/null \
            2>/dev/null && return
        sleep 0.05
    done
    bail 'serve --listen does not listen'
}

usage() { x serve --listen relative; }
exits 64 'a relative path' usage
is "$ERR" '' 'fd 2 is silent all the same'
toolong() { x serve --listen "/tmp/$(printf 'x%.0s' {1..200})"; }
exits 64 'a path too long for a socket' toolong
nodir() { x serve --listen "$SITE/no/such/dir/socket"; }
exits 78 'a directory that is not there' nodir
is "$ERR" '' 'fd 2 is silent'
like "$(cat "$SITE/log/exoauth.log")" 'cannot listen on .*no/such/dir' 'the log says why'
echo important >"$SITE/sock/et"
inuse() { timeout 20 "$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF"; }
exits 78 'a file in its place' inuse
is "$(cat "$SITE/sock/et")" important 'is not harmed'
rm "$SITE/sock/et"

serve
is "$(stat -c %a "$SITE/sock/et")" 666 'mode 0666'
ok 'a request' listening
is "$(whole ok && echo whole)" whole 'a whole reply'
is "$(reply token)" first-token 'the token'
open() { client --open "$SITE/sock/et" <"$SITE/request"; }
ok 'the server closes, whatever the client does' open
garbage() { head -c 200000 /dev/urandom | client "$SITE/sock/et"; }
ok 'noise' garbage
is "$OUT" '' 'gets no reply'
half() { printf 'exoauth: 1\nget: ' | client --open "$SITE/sock/et"; }
ok 'half a request and silence ends with timeout' half
is "$OUT" '' 'without a reply'
exits 78 'a second server on the same socket' inuse
ok 'leaves the first one alone' listening
crowd() { client --many 200 "$SITE/sock/et" <"$SITE/request"; }
ok '200 clients at once' crowd
like "$OUT" '^200 exoauth: 1\|status: ok\|.*\|token: first-token\|\|$' 'all are served'
if [[ -d /proc/$server/fd ]]; then
    is "$(find "/proc/$server/task" -maxdepth 1 -mindepth 1 | wc -l)" 1 'one thread'
    # shellcheck disable=SC2009,SC2143 # not every pgrep knows states
    zombies() { [[ -z $(ps -o stat= --ppid "$server" 2>/dev/null | grep Z) ]]; }
    ok 'no zombie stays' zombies
fi
site_script ok:pushed
if [[ $(id -u) != 0 ]]; then mkdir -p "$SITE_STORE"; fi
site_account push@contoso.test "secret_file: $SITE/secret/app"
hint() { request 'get: push@contoso.test' 'nowait: yes' | client --nowait "$SITE/sock/et"; }
before=$(site_count)
ok 'nowait, and gone' hint
for ((i = 0; i < 100; i++)); do
    [[ -s $SITE_TOKENS/push@contoso.test ]] && break
    sleep 0.05
done
is "$(site_count)" $((before + 1)) 'the work is done'
hints() { request 'get: push@contoso.test' 'nowait: yes' | client --many 20 --nowait "$SITE/sock/et"; }
ok 'twenty more' hints
ok 'and a request behind them' listening
is "$(site_count)" $((before + 1)) 'make no work'

kill -TERM $server
wait $server
is $? 0 'SIGTERM ends it with 0'
ok 'the socket is removed' test ! -e "$SITE/sock/et"
is "$(cat "$SITE/serve.out" "$SITE/serve.err")" '' 'it never said a word'
serve
disown $server
kill -KILL $server
while kill -0 $server 2>/dev/null; do sleep 0.05; done
ok 'a killed server leaves its socket' test -S "$SITE/sock/et"
serve
ok 'which the next one replaces' listening

kill -TERM $server
wait $server

# Each deferred mail asks again; the host's log has the answer each time.
site_account gone@contoso.test "secret_file: $SITE/secret/app"
site_script aadsts:7000215:invalid_client
site_conf log_level
serve
again() { request 'get: gone@contoso.test' | client "$SITE/sock/et"; }
for i in 1 2 3; do ok "refused, $i" again; done
like "$OUT" 'AADSTS7000215' 'the asker is told why, each time'
is "$(grep -c 'gone@contoso.test' "$SITE/log/exoauth.log")" 1 \
    'the log has it once, when the provider was asked'
kill -TERM $server
wait $server
site_conf log_level debug
site_script ok:pushed

# In a directory of root's the socket stays behind, as a root that lived on
# beside the server would cost more than it.
if [[ $(id -u) == 0 ]]; then
    chown root "$SITE/sock" && chmod 0755 "$SITE/sock"
    serve
    kill -TERM $server
    wait $server
    is $? 0 "SIGTERM, in a directory of root's"
    ok 'leaves the socket' test -S "$SITE/sock/et"
    exits 1 'on which nobody listens' listening
    serve
    ok 'and which the next one replaces' listening
    kill -TERM $server
    wait $server
else
    skip "SIGTERM, in a directory of root's" 'needs root'
fi

# A log that cannot be written, or is said to be stderr, does not mean fd 2.
site_conf log stderr
ok 'log: stderr' ask 'get: nobody@fabrikam.test'
is "$ERR" '' 'is not for serve'
serve
stranger() { request 'get: nobody@fabrikam.test' | client "$SITE/sock/et"; }
ok 'but a server that listens, as in a container,' stranger
like "$(cat "$SITE/serve.err")" 'no account nobody@fabrikam.test' 'logs there'
kill -TERM $server
wait $server
site_conf log "$SITE/no/such/dir/log"
ok 'a log that cannot be opened' ask 'get: nobody@fabrikam.test'
is "$ERR" '' 'is no reason to use fd 2'
site_conf log "$SITE/log/exoauth.log"
kept_open() { ask "get: $app" 3>>"$SITE/inherited" 4>>"$SITE/inherited"; }
ok 'descriptors of the host' kept_open
is "$(cat "$SITE/inherited")" '' 'are not written to'
serve

# ----- who may ask

if [[ $(id -u) != 0 ]]; then
    skip 'who may ask' 'needs root'
else
    from() { request "get: $1" | client --as "$2" "$SITE/sock/et"; }
    nobody=$(id -u nobody):$(id -g nobody)
    ok 'root' from $app 0:0
    is "$(reply status)" ok 'may'
    ok 'the owner of the store' from $app "$nobody"
    is "$(reply status)" ok 'may'
    refused denied 'another user' 'uid 2 .*; .*allow' from $app 2:2
    refused denied 'another user, an account that needs a login' 'allow' \
        from bob@contoso.test 2:2
    refused no-account 'another user, an unknown account' '.' \
        from no@fabrikam.test 2:2
    kill -TERM $server
    wait $server
    site_conf token_group daemon
    serve
    ok 'a member of token_group' from $app 2:1
    is "$(reply status)" ok 'may'
    ok 'by a supplementary group' from $app 2:2,60,1
    is "$(reply status)" ok 'may'
    refused denied 'a member of others' 'allow' from $app 2:2,60
    site_account allow@contoso.test "secret_file: $SITE/secret/app" \
        'allow: bin 4711 @daemon'
    ok 'allow: a user' from allow@contoso.test 2:2
    is "$(reply status)" ok 'may'
    ok 'allow: a number' from allow@contoso.test 4711:4711
    is "$(reply status)" ok 'may'
    ok 'allow: a group' from allow@contoso.test 4712:1
    is "$(reply status)" ok 'may'
    ok 'allow: a supplementary group' from allow@contoso.test 4712:4712,1
    is "$(reply status)" ok 'may'
    refused denied 'allow: somebody else' 'allow' from allow@contoso.test 4712:4712
    refused denied 'allow: a token for somebody else is not renewed' 'allow' \
        from allow@contoso.test 3:3
    site_account names@contoso.test "secret_file: $SITE/secret/app" \
        'allow: no-such-user @no-such-group'
    refused denied 'allow: names nobody has' 'allow' from names@contoso.test 2:1

    # Over a pipe or file: only its own uid, and no stranger behind a socket.
    mkdir "$SITE/bin"
    cp "$EXO" "$SITE/bin/exoauth"
    chmod 0755 "$SITE/bin" "$SITE/bin/exoauth"
    kill -TERM $server
    wait $server
    piped() { request "get: $app" | site_as "$1" "$SITE/bin/exoauth" serve --config "$SITE_CONF"; }
    ok 'the owner of the store over a pipe' piped "$nobody"
    is "$(reply status)" ok 'may'
    refused denied 'another user over a pipe' 'spawn' piped 2:2
    is "$(reply token)" '' 'gets nothing'
fi
kill -TERM $server 2>/dev/null
no_secret 'no secret in any log'
like "$(cat "$SITE/log/exoauth.log")" "no account" 'there is a log'
unlike "$(cat "$SITE/log/exoauth.log")" 'first-token|second-token|third-token|pushed' \
    'and no token'
