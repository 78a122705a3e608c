#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth login --browser: the URL, the listener on loopback, what it serves to
# whom, and what a browser can send that is not the answer of this login.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
unset DISPLAY WAYLAND_DISPLAY
site_endpoint 'fields:{"access_token":"browser-1","refresh_token":"canary-rt-1"}'
who=alice@contoso.test
site=(--set provider=custom --set client_id=desk --set servers=mail.contoso.test
    --set "token_endpoint=$SITE_URL/token" --set scope=mail
    --set "authorization_endpoint=$SITE_URL/authorize?tenant=x"
    --set issuer=https://issuer.test/)
form() { site_forms "$1" | tail -n 1; }
printf 'canary-rt-1\n' >"$SITE/secret/rt"
rm "$SITE/secret/app"

# login [ARG]... in the background; its URL, parameters, and port
login()
{
    rm -f "$SITE"/login.*
    {
        x login $who --browser "${site[@]}" "$@" >"$SITE/login.out" \
            2>"$SITE/login.err" </dev/null
        echo $? >"$SITE/login.rc"
    } &
    login_job=$!
    soon grep -q 'waiting for it' "$SITE/login.err"
    url=$(grep -oE 'http://[^ ]*authorize[^ ]*' "$SITE/login.err")
    state=$(parameter state)
    redirect=$(parameter redirect_uri)
    port=${redirect##*:}
}
parameter()
{
    python3 -c 'import sys, urllib.parse as u
print(*u.parse_qs(u.urlsplit(sys.argv[1]).query).get(sys.argv[2], []))' "$url" "$1"
}
# visit TARGET [HOST]: one GET, the whole answer
visit()
{
    python3 - "$port" "$1" "${2:-$TAP_LOOP}" <<'PY'
import socket, sys
s = socket.create_connection((sys.argv[3], int(sys.argv[1])), 10)
s.sendall(f"GET {sys.argv[2]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
data = b""
while True:
    more = s.recv(65536)
    if not more:
        break
    data += more
sys.stdout.write(data.decode())
PY
}
# garbage PYTHON-BYTES: those bytes; what came back, if anything
garbage()
{
    python3 - "$port" "$1" <<'PY'
import os, socket, sys
s = socket.create_connection((os.environ["TAP_LOOP"], int(sys.argv[1])), 10)
try:
    s.sendall(eval(sys.argv[2]))
    print(s.recv(65536).decode("ascii", "replace").split("\r\n")[0])
except OSError:
    pass
PY
}
finish()
{
    wait "$login_job"
    RC=$(<"$SITE/login.rc") OUT=$(<"$SITE/login.out") ERR=$(<"$SITE/login.err")
}

# ----- success

login
is "$(parameter response_type) $(parameter client_id) $(parameter scope) $(parameter tenant)" \
    'code desk mail x' 'the URL: a code for this client, and its own query stays'
is "$(parameter code_challenge_method) $(parameter login_hint)" "S256 $who" \
    'PKCE S256, and whom to sign in'
like "$redirect" '^http://localhost:[0-9]+$' 'back to a port of localhost'
is "$(site_count)" 0 'nobody was asked so far'
like "$(visit /favicon.ico)" '^HTTP/1.1 404 ' 'another page: 404'
like "$(visit /other?code=x)" '^HTTP/1.1 404 ' 'another path: 404'
page=$(visit "/?code=canary-code&state=$state&iss=https%3A%2F%2Fissuer.test%2F")
like "$page" '^HTTP/1.1 200 .*Login complete' 'the answer: a page that says so'
finish
is "$RC $OUT" '0 changed' 'login ends with changed'
unlike "$page" 'canary|<script|<img|<link|https?:' 'no secret in it, and nothing to load'
like "$page" 'Content-Security-Policy: default-src .none.' 'nor would a browser'
like "$page" 'Cache-Control: no-store' 'nor keep it'
like "$ERR" 'authorised by authorization_code' 'it says how'
is "$(form grant_type) $(form code) $(form redirect_uri)" \
    "authorization_code canary-code $redirect" 'the code is redeemed with the same address'
verifier=$(form code_verifier)
is "$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =)" \
    "$(parameter code_challenge)" 'the verifier is that of the challenge'
is "$(site_record $who grant) $(site_record $who refresh_token)" \
    'authorization_code canary-rt-1' 'what is stored'
no_secret 'no secret is shown'
site_script 'fields:{"access_token":"browser-2","refresh_token":"canary-rt-1"}'
ok 'refresh' x refresh $who --force
is "$(form grant_type) $(form refresh_token)" 'refresh_token canary-rt-1' 'uses the refresh token'

# ----- what is not the answer

before=$(site_count)
login --wait 60
like "$(visit '/?code=canary-code&state=AAAA')" '^HTTP/1.1 400 .*Not this login' \
    'another state: refused'
like "$(visit '/?code=canary-code')" '^HTTP/1.1 400 ' 'no state: refused'
like "$(visit "/?code=a&code=b&state=$state")" '^HTTP/1.1 400 ' 'two codes: refused'
like "$(visit "/?state=$state")" '^HTTP/1.1 400 ' 'no code: refused'
like "$(garbage 'b"\x16\x03\x01\x00\xff" * 40 + b"\r\n\r\n"')" '400' 'TLS: 400'
garbage 'b"\x00" * 100' >/dev/null
garbage 'b"POST /?code=a HTTP/1.1\r\n\r\n"' >"$SITE/post"
like "$(<"$SITE/post")" '400' 'POST: 400'
garbage 'b"GET /?" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"' >/dev/null
garbage 'b"GET /?x HTTP/9.1\r\n\r\n"' >"$SITE/nine"
like "$(<"$SITE/nine")" '400' 'HTTP/9: 400'
garbage 'b""' >/dev/null
# Browsers connect in advance; the silent one must not be in the way.
exec {silent}<>"/dev/tcp/$TAP_LOOP/$port"
is "$(site_count)" "$before" 'none of them reached the provider'
site_script 'fields:{"access_token":"browser-3","refresh_token":"canary-rt-1"}'
page=$(visit "/?code=c3&state=$state")
exec {silent}>&-
like "$page" 'Login complete' 'and the answer still counts'
finish
is "$RC" 0 'login succeeds'
like "$ERR" 'ignored: .*another state' 'and has said what it ignored'

# ----- other users, and many connections

before=$(site_count)
login --wait 60
exec {held}< <(python3 - "$port" <<'PY'
import os, socket, sys, time
held = [socket.create_connection((os.environ["TAP_LOOP"], int(sys.argv[1])), 10)
        for _ in range(60)]
for s in held[::2]:
    s.sendall(b"GET /?code=")
print("held", flush=True)
time.sleep(60)
PY
)
read -r <&"$held"
cleanup kill $!
if [[ $(id -u) == 0 ]]; then
    hijack()
    {
        python3 - "$port" "/?code=theirs&state=$state" <<'PY'
import encodings.idna, os, socket, sys
os.setgroups([])
os.setgid(2)
os.setuid(2)
s = socket.create_connection((os.environ["TAP_LOOP"], int(sys.argv[1])), 10)
try:
    s.sendall(f"GET {sys.argv[2]} HTTP/1.1\r\n\r\n".encode())
    print(s.recv(65536).decode())
except OSError:
    print("HTTP/1.1 403 reset")
PY
    }
    like "$(hijack)" '^HTTP/1.1 403 ' 'another user who knows the address: refused'
    is "$(site_count)" "$before" 'and has no effect'
else
    skip 'another user' 'needs root'
fi
site_script 'fields:{"access_token":"browser-3","refresh_token":"canary-rt-1"}'
like "$(visit "/?code=c3&state=$state")" 'Login complete' \
    'beside 60 idle connections the answer counts'
finish
is "$RC" 0 'login succeeds'
[[ $(id -u) != 0 ]] || like "$ERR" 'refused a connection .*; .*--paste' 'with the remedy'

# ----- [::1]

if [[ -e /proc/net/if_inet6 ]] && grep -q '^0*1 ' /proc/net/if_inet6; then
    login
    site_script 'fields:{"access_token":"browser-4","refresh_token":"canary-rt-1"}'
    like "$(visit "/?code=c4&state=$state" ::1)" 'Login complete' 'on [::1], too'
    finish
    is "$RC" 0 'login succeeds there'
else
    skip '[::1]' 'no IPv6 on this host'
fi

# ----- refusals

count=$(site_count)
login
like "$(visit "/?error=access_denied&error_description=no+%3Cb%3E&state=$state")" \
    'Login failed' 'the person declined: the page says so'
finish
is "$RC" 77 'status 77'
like "$ERR" 'access_denied.*; .*run: exoauth login' 'cause and remedy'
login
like "$(visit "/?code=x&state=$state&iss=https%3A%2F%2Fevil.test%2F")" 'Login failed' \
    'another issuer: refused'
finish
is "$RC" 78 'status 78'
like "$ERR" 'another issuer than https://issuer.test/' 'and says which'
is "$(site_count)" "$count" 'and the code was given to nobody'
login
site_script aadsts:54005
like "$(visit "/?code=used&state=$state")" 'Login failed' 'a code that was used'
finish
is "$RC" 77 'status 77'
like "$ERR" 'AADSTS54005' 'says the code'
is "$(site_record $who refresh_token)" canary-rt-1 'what is stored stays'
login --wait 1
finish
is "$RC" 77 'nobody comes: status 77'
like "$ERR" 'no browser came back within 1 s; add --paste for a browser elsewhere, or run: exoauth login' 'and says so'
# A background job of this shell would ignore the signal.
rm -f "$SITE"/login.*
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$EXO" login $who --browser --config "$SITE_CONF" \
    >"$SITE/login.out" 2>"$SITE/login.err" </dev/null &
login_job=$!
for ((i = 0; i < 200; i++)); do
    grep -q 'waiting for it' "$SITE/login.err" && break
    sleep 0.05
done
port=$(grep -oE 'on http://localhost:[0-9]+' "$SITE/login.err")
port=${port##*:}
kill -INT "$login_job"
wait "$login_job"
is $? 130 'Ctrl-C ends it'
not_ok 'and leaves no listener' bash -c "exec 3<>/dev/tcp/$TAP_LOOP/$port"
is "$(site_record $who refresh_token)" canary-rt-1 'nor anything else'

# ----- the command line

exits 64 'two ways' x login $who --browser --device
one_line 'two ways' 'only one'
exits 64 '--wait 0' x login $who --browser --wait 0
site_account none@contoso.test
exits 78 'no authorization_endpoint' x login none@contoso.test --browser
one_line 'no authorization_endpoint' 'authorization_endpoint'
