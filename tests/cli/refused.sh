#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The provider has refused for good, and the token still lives: logins by the
# plugin use it without asking anybody, and who asks all the same costs neither
# a request nor a process more.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd python3
site_up
site_endpoint
plugin=$(readlink -f "$EXO_BUILDDIR/.libs/libexoauth.so")
need_file "$plugin" 'run: make'
mkdir "$SITE/sasl"
ln -s "$plugin" "$SITE/sasl/libexoauth.so"
alice=alice@contoso.test

# Each helper leaves a line.
printf '#!/bin/sh\necho >>%s/helpers\nexec %s "$@"\n' "$SITE" "$EXO" >"$SITE/helper"
chmod 0755 "$SITE/helper"
helpers() { wc -l <"$SITE/helpers"; }
none() { : >"$SITE/helpers"; chmod 0666 "$SITE/helpers"; }
none
site_conf helper "$SITE/helper"

# logins N: by libsasl2 and the plugin, as a mail program does; prints how many
# had which token.
cat >"$SITE/logins.py" <<'PY'
import collections, ctypes, sys
sasl = ctypes.CDLL("libsasl2.so.2")
sasl.sasl_errdetail.restype = ctypes.c_char_p
name = sys.argv[2].encode()
simple = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int,
    ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_uint))
@simple
def give(context, id, result, length):
    result[0] = name
    if length:
        length[0] = len(name)
    return 0
class Callback(ctypes.Structure):
    _fields_ = [("id", ctypes.c_ulong), ("proc", simple), ("context", ctypes.c_void_p)]
calls = (Callback * 3)(Callback(0x4001, give, None), Callback(0x4002, give, None), Callback(0, simple(), None))
if sasl.sasl_client_init(None):
    sys.exit("sasl_client_init")
seen = collections.Counter()
for _ in range(int(sys.argv[1])):
    conn, out = ctypes.c_void_p(), ctypes.POINTER(ctypes.c_char)()
    length = ctypes.c_uint()
    sasl.sasl_client_new(b"smtp", b"mail.contoso.test", None, None, calls, 0, ctypes.byref(conn))
    rc = sasl.sasl_client_start(conn, b"XOAUTH2", None, ctypes.byref(out), ctypes.byref(length), None)
    if rc in (0, 1):
        seen[out[:length.value].split(b"Bearer ")[1].strip(b"\1").decode()] += 1
    else:
        seen[sasl.sasl_errdetail(conn).decode()] += 1
    sasl.sasl_dispose(ctypes.byref(conn))
print(*(f"{n} {token}" for token, n in seen.items()))
PY
logins()
{
    env -u HOME SASL_PATH="$SITE/sasl" SASL_CONF_PATH="$SITE/etc" \
        python3 "$SITE/logins.py" "$1" $alice
}
published() { sed -n "s/^$1: //p" "$SITE_TOKENS/$alice"; }
has_state() { [[ $(site_record $alice state) == "$1" ]]; }
state_is() { soon has_state "$1"; }
has_times() { [[ $(published refresh_after) == "$(published expires)" ]]; }
expect_times() { soon has_times; }
due() { while (($(date +%s) <= $(published refresh_after))); do sleep 0.2; done; }

site_account $alice 'grant: authorization_code' \
    "authorization_endpoint: $SITE_URL/authorize"
echo rt-0 >"$SITE/secret/rt"
token='fields:{"access_token":"living-token","refresh_token":"rt-1","expires_in":3600,"refresh_in":1}'
site_script "$token"
ok 'login' x login $alice --refresh-token-file "$SITE/secret/rt"
ok 'a login' logins 1
is "$OUT" '1 living-token' 'has the token'
due
site_script aadsts:700082:invalid_grant
before=$(site_count)
none
ok 'the token is due, and the grant is refused' logins 1
is "$OUT" '1 living-token' 'the token serves'
ok 'the refusal is noted' state_is needs-login
ok 'and published: nothing is asked before the token expires' expect_times
like "$(helpers)" '^1$' 'one helper was started'
none
ok 'fifty more logins' logins 50
is "$OUT" '50 living-token' 'have the token'
is "$(helpers)" 0 'without a helper'
is "$(site_count)" $((before + 1)) 'and the provider had one request'

# Over a socket: nobody connects.
python3 - "$SITE/counter" >"$SITE/counted" <<'PY' &
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.listen(100)
while True:
    s.accept()[0].close()
    print("one", flush=True)
PY
cleanup kill $!
for ((i = 0; i < 200; i++)); do [[ -S $SITE/counter ]] && break; sleep 0.05; done
site_conf socket "$SITE/counter"
ok 'fifty logins that could ask a socket' logins 50
is "$OUT" '50 living-token' 'have the token'
is "$(wc -l <"$SITE/counted")" 0 'and do not'
is "$(helpers)" 0 'nor do they start a helper'
site_conf socket none

# Who asks all the same, in the last minutes of the token: nothing but the
# answer. The helper that answers makes no process of its own.
if command -v strace >/dev/null && site_later 3300; then
    printf 'exoauth: 1\nget: %s\n\n' $alice >"$SITE/request"
    asks()
    {
        "${SITE_LATER[@]}" strace -f -qq -e trace=fork,vfork,clone,clone3 \
            -o "$SITE/forks" "$EXO" serve --config "$SITE_CONF" <"$SITE/request"
    }
    ok 'serve, past usable_until' asks
    like "$OUT" 'token: living-token' 'has the token'
    is "$(grep -cE 'clone|fork' "$SITE/forks")" 0 'and no further process'
    site_later 0
else
    skip 'serve makes no process' 'strace or faketime is not installed'
fi
is "$(site_count)" $((before + 1)) 'the provider had no other request'

# A new login ends it.
site_script "$token"
ok 'somebody logs in' x login $alice --refresh-token-file "$SITE/secret/rt"
due
none
ok 'a due token is asked for again' logins 1
is "$(helpers)" 1 'by a helper'
