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

# Somebody else, whom allow names; he asks what stands in $SITE/request.
caller()
{
    "${SITE_LATER[@]}" python3 -c '
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
}

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
        ok "an allowed caller, $i" caller
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

# ----- no key, and none can be made: no record is kept

site_conf store "file:$SITE_STORE"
mkdir "$SITE/ro"
mount -t tmpfs -o ro exoauth-test "$SITE/ro"
cleanup umount "$SITE/ro"
site_conf key_file "$SITE/ro/exoauth.key"
rm -f "$SITE_STORE"/*
unpublish
rm -f "$SITE"/etc/exoauth.d/*
less=less@contoso.test
site_account $less "secret_file: $SITE/secret/app" 'allow: bin'
printf 'exoauth: 1\nget: %s\nmin_ttl: 3590\n\n' $less >"$SITE/request"
site_script ok:keyless-1:3600
before=$(site_count)
for i in 1 2 3; do
    ok "without a key, an allowed caller, $i" caller
    like "$OUT" 'token: keyless-1' 'has a token'
    ok "without a key, $i" x token $less
    is "$OUT" keyless-1 'has the same'
done
is "$(site_count)" $((before + 1)) 'for one request'
ok 'nothing was stored' test ! -e "$SITE_STORE/$less.json"
if site_later 120; then
    site_script ok:keyless-2:3600
    for i in 1 2 3; do
        ok "later, $i" x token $less
        is "$OUT" keyless-1 'it is good for who needs no more'
    done
    is "$(site_count)" $((before + 1)) 'without a request'
    for i in 1 2 3; do
        ok "for who needs more, $i" caller
        like "$OUT" 'token: keyless-2' 'there is another'
    done
    is "$(site_count)" $((before + 2)) 'for one request'
    unpublish
    ok 'nothing published' x token $less
    is "$(site_count)" $((before + 3)) 'is no reason to wait'
    site_later 2700
    site_script ok:keyless-3:3600
    ok 'the timer' x refresh --all
    ok 'the timer once more' x refresh --all
    is "$(site_count)" $((before + 4)) 'renews it in time'
    ok 'who asks' x token $less
    is "$OUT" keyless-3 'has that one'
    site_later 0
else
    skip 'min_ttl without a key' 'faketime is not installed'
fi
unpublish
site_script aadsts:7000215:invalid_client
site_account $less "secret_file: $SITE/secret/app" 'allow: bin' 'scope: x'
before=$(site_count)
for i in 1 2 3; do
    not_ok "a refused secret, $i" x token $less
    caller >"$SITE/said" 2>&1
done
is "$(site_count)" $((before + 1)) 'is sent once'
like "$ERR" 'the provider was asked for .* already and gave no token; the next request is made in [0-9]+ s' \
    'and the error says when the next is due'
like "$ERR" "$SITE/ro/exoauth.key" 'and what is missing'
like "$(cat "$SITE/said")" 'status: transient' 'the caller, too'
site_script ok:keyless-4:3600
ok 'by force' x refresh $less --force
is "$(site_count)" $((before + 2)) 'it is sent again'
ok 'and then' x token $less
is "$OUT" keyless-4 'the token is the answer'
site_account $less "secret_file: $SITE/secret/app" 'scope: y'
ok 'other settings' x token $less
is "$(site_count)" $((before + 3)) 'ask at once'
umount "$SITE/ro"
mkdir -p "$SITE/ro"
chown nobody "$SITE/ro"
ok 'with a key again' x refresh $less --force
ok 'it is stored' test -s "$SITE_STORE/$less.json"
