#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The first `sudo exoauth login` of a host: no /etc/sasl2, no store, no key.
# Everything is made and sealed. With a read-only /etc nothing is stored, and
# what needs no login works. /etc, /var/lib and /run are of a mount namespace.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'hosts are made of mounts'
need_cmd python3 unshare mount
unshare -m true 2>/dev/null || skip_all 'no namespaces can be made here'

app=app@contoso.test
SITE_URL=''
site_endpoint ok:canary-access-token:3600
mkdir -p "$SITE"/{etc,lib,run,secret}
cp /etc/hosts /etc/nsswitch.conf /etc/ld.so.cache "$SITE/etc/"
printf 'root:x:0:0:root:/root:/bin/sh\nexoauth:x:71234:71234::/:/bin/false\n' >"$SITE/etc/passwd"
printf 'root:x:0:\nexoauth:x:71234:\n' >"$SITE/etc/group"
printf 'canary-client-secret\n' >"$SITE/secret/app"
chmod 0644 "$SITE/secret/app"
cat >"$SITE/host" <<'END'
set -e
site=$1 how=$2
shift 2
mount --bind "$site/etc" /etc
mount -o "remount,bind,$how" /etc
mount --bind "$site/lib" /var/lib
mount --bind "$site/run" /run
exec "$@"
END
how=rw
host() { unshare -m --propagation private bash "$SITE/host" "$SITE" $how "$@"; }
x() { host "$EXO" "$@"; }
values=(--set provider=custom --set client_id=app --set "token_endpoint=$SITE_URL/token"
    --set servers=mail.contoso.test --set "secret_file=$SITE/secret/app")
clear_words() { grep -rlF canary "$SITE/lib" "$SITE/etc" 2>/dev/null; }
at() { (cd "$SITE" && stat -c '%u:%g %a' "$1"); }

# A read-only one first, so that nothing is there.
how=ro
exits 78 'a read-only /etc: login' x login $app --secret-file "$SITE/secret/app" "${values[@]}"
one_line 'login' '.'
is "$(find "$SITE/lib" -name '*.json')$(clear_words)" '' 'stores nothing'
is "$(site_count)" 0 'and asks nobody'

# The configuration is there, the key is not, and cannot be made.
mkdir -p "$SITE/etc/sasl2/exoauth.d"
printf '%s\n' "${values[@]}" | sed -n 's/=/: /p' >"$SITE/etc/sasl2/exoauth.d/$app.conf"
exits 78 'with an account: login' x login $app
one_line 'login' '/etc/sasl2/exoauth.key: Read-only file system; .*key_file'
is "$(find "$SITE/lib" -name '*.json')$(clear_words)" '' 'stores nothing'
ok 'token' x token $app
is "$OUT" canary-access-token 'is handed out'
ok 'refresh' x refresh --all
is "$(cat "$SITE/run/exoauth/tokens/$app" | grep -c canary-access-token)" 1 'and published'
is "$(find "$SITE/lib" -name '*.json')$(clear_words)" '' 'and stored nowhere'
not_ok 'no key' test -e "$SITE/etc/sasl2/exoauth.key"
rm -r "$SITE/etc/sasl2" "$SITE/lib"/* "$SITE/run"/*

# A host as it should be.
how=rw
ok 'a fresh host: login' x login $app --secret-file "$SITE/secret/app" "${values[@]}"
is "$OUT" changed 'changed'
unlike "$ERR" 'key' 'without a warning'
is "$(at etc/sasl2)" '0:0 755' '/etc/sasl2 is made'
is "$(at etc/sasl2/exoauth.key)" '71234:71234 400' 'and the key'
is "$(at lib/exoauth)" '71234:71234 700' 'and the store'
like "$(cat "$SITE/lib/exoauth/$app.json")" '"seal": "aes-256-gcm"' 'the record is sealed'
is "$(clear_words)" '' 'and no secret is in the clear'
ok 'token' x token $app
is "$OUT" canary-access-token 'works'
