#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store that cannot be written, and one that cannot be read: an account with
# client credentials goes on, the provider is not asked at each login, and a
# token that is published is an answer.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_root 'mounting file systems'
need_cmd unshare mount
if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount true 2>/dev/null || skip_all 'unshare --mount is not allowed'
    rm -rf "$TAP_DIR"
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi
mkdir -p "$SITE_STORE"
mount -t tmpfs -o size=256k,mode=0700 exoauth-test "$SITE_STORE" ||
    skip_all 'mounting a tmpfs is not allowed'
cleanup umount "$SITE_STORE"
chown nobody "$SITE_STORE"
site_up
app=app@contoso.test
site_endpoint ok:first-token:3600
unpublish() { rm -f "$SITE_TOKENS"/* "$SITE_ROOT$SITE_TOKENS"/*; }
due() { site_account $app "secret_file: $SITE/secret/app" "scope: s$1"; }

# ----- min_ttl

short=short@contoso.test
site_account $short "secret_file: $SITE/secret/app"
ok 'a token' x token $short
before=$(site_count)
site_script ok:second-token:3600
if site_later 30; then
    for i in 1 2 3; do
        ok "more life than is left, $i" x token $short --min-ttl 3590
    done
    is "$OUT" first-token 'gets what there is'
    is "$(site_count)" "$before" 'within a minute of a request there is no other'
    site_later 120
    ok 'after that' x token $short --min-ttl 3590
    is "$OUT" second-token 'it is asked for'
    is "$(site_count)" $((before + 1)) 'once'
    # The same from somebody else, whom allow names.
    site_account $short "secret_file: $SITE/secret/app" 'allow: bin'
    printf 'exoauth: 1\nget: %s\nmin_ttl: 3590\n\n' $short >"$SITE/request"
    before=$(site_count)
    for i in 1 2 3 4; do
        ok "an allowed caller, $i" "${SITE_LATER[@]}" python3 -c '
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
if os.fork() == 0:
    # The socket is made by the one who asks.
    a, b = None, None
    os.setgroups([]); os.setgid(2); os.setuid(2)
    a, b = socket.socketpair()
    socket.send_fds(ours, [b"x"], [a.fileno(), b.fileno()])
    os._exit(0)
_, fds, _, _ = socket.recv_fds(theirs, 1, 2)
p = subprocess.Popen(sys.argv[1:], stdin=fds[0], stdout=fds[0])
s = socket.socket(fileno=fds[1])
s.sendall(sys.stdin.buffer.read())
os.close(fds[0])
s.settimeout(30)
print(s.recv(65536).decode())' "$EXO" serve --config "$SITE_CONF" <"$SITE/request"
        like "$OUT" 'token: second-token' 'has the token'
    done
    is "$(site_count)" "$before" 'and costs no request within the minute'
    site_later 240
    site_script ok:later-token:3600
    for i in 1 2 3 4; do
        ok "and later, $i" x token $short --min-ttl 3590
    done
    is "$OUT" later-token 'has a new one'
    is "$(site_count)" $((before + 1)) 'for one request'
    site_later 0
else
    skip 'min_ttl' 'faketime is not installed'
fi

# ----- a full disk

site_script ok:third-token:3600
due 1
ok 'a token' x token $app
dd if=/dev/zero of="$SITE_STORE/filler" bs=4k 2>/dev/null
due 2
unpublish
before=$(site_count)
ok 'a full disk, other settings' x token $app
is "$OUT" third-token 'has a token'
is "$(site_count)" $((before + 1)) 'with a request'
for i in 1 2 3; do ok "again, $i" x token $app; done
is "$OUT" third-token 'has the published one'
is "$(site_count)" $((before + 1)) 'without another request'
site_script aadsts:7000215:invalid_client
rm -f "$SITE_STORE/$app.json" "$SITE_STORE/$app.prev"
dd if=/dev/zero of="$SITE_STORE/filler2" bs=1k 2>/dev/null
due 3
unpublish
before=$(site_count)
for i in 1 2 3; do not_ok "a refused secret, $i" x token $app; done
is "$(site_count)" $((before + 1)) 'is sent once'
like "$ERR" 'could not be stored; check the free space' 'and the error says why'
due 4
not_ok 'with other settings' x token $app
is "$(site_count)" $((before + 2)) 'it is sent again'

# Nothing is published either: who asked first has the token.
rm -f "$SITE_STORE"/filler*
none=none@contoso.test
site_script ok:none-token:3600
site_account $none "secret_file: $SITE/secret/app" 'publish: no'
ok 'an account that is not published' x token $none
dd if=/dev/zero of="$SITE_STORE/filler" bs=4k 2>/dev/null
dd if=/dev/zero of="$SITE_STORE/filler2" bs=1k 2>/dev/null
site_account $none "secret_file: $SITE/secret/app" 'publish: no' 'scope: other'
before=$(site_count)
ok 'a full disk, other settings' x token $none
is "$OUT" none-token 'has a token'
for i in 1 2 3; do x token $none >/dev/null 2>&1; done
is "$(site_count)" $((before + 1)) 'for one request'
rm -f "$SITE_STORE"/filler*
site_script ok:fourth-token:3600
ok 'by force' x refresh $app --force
ok 'there is room again' x token $app
is "$OUT" fourth-token 'has the new token'
due 5
before=$(site_count)
ok 'and other settings' x token $app
is "$(site_count)" $((before + 1)) 'ask at once'

# ----- read-only

due 6
unpublish
mount -o remount,ro "$SITE_STORE"
site_script ok:fifth-token:3600
before=$(site_count)
ok 'a read-only store' x token $app
is "$OUT" fifth-token 'has its token'
ok 'once more' x token $app
is "$OUT" fifth-token 'has the published one'
is "$(site_count)" $((before + 1)) 'without another request'
new=new@contoso.test
site_account $new "secret_file: $SITE/secret/app"
ok 'an account without a record' x token $new
is "$OUT" fifth-token 'has its token, too'
site_script aadsts:7000215:invalid_client
site_account $new "secret_file: $SITE/secret/app" 'scope: x'
unpublish
before=$(site_count)
for i in 1 2 3; do not_ok "a refused secret, $i" x token $new; done
is "$(site_count)" $((before + 1)) 'is sent once'
like "$ERR" 'could not be stored' 'and the error says why'
site_account $new "secret_file: $SITE/secret/app" 'scope: y'
site_script ok:sixth-token:3600
ok 'with other settings' x token $new
is "$OUT" sixth-token 'it is sent again'
site_account $new "secret_file: $SITE/secret/app" 'scope: y' 'publish: no'
for i in 1 2; do
    ok "an account that is not published, $i" x token $new
    is "$OUT" sixth-token 'has its token'
done
mount -o remount,rw "$SITE_STORE"

# ----- a store that cannot be opened

due 7
ok 'a token' x token $app
before=$(site_count)
echo >"$SITE/no-store"
site_conf store "file:$SITE/no-store"
ok 'a store that cannot be opened' x token $app
is "$OUT" sixth-token 'the published token is the answer'
is "$ERR" '' 'in silence'
is "$(site_count)" "$before" 'without a request'
unpublish
not_ok 'and nothing published' x token $app
like "$ERR" "$SITE/no-store" 'is an error that names the store'
