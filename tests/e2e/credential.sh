#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The key of the store as a systemd credential, in the shipped units: the lines
# that they and the manual tell to add, and the directory as systemd lays it
# out for a service of a user (by ACL, or by owner where the file system has
# none) and for one of root.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_root 'only root lays out credentials for another user'
need_cmd python3 setpriv
units=$EXO_BUILDDIR/contrib/systemd
need_file "$units/exoauth@.service"

# ----- the lines of the units

line=$(sed -n 's/^# *\(LoadCredentialEncrypted=.*\)/\1/p' "$units/exoauth@.service")
like "$line" '^LoadCredentialEncrypted=exoauth.key:/' 'a unit names the credential'
if command -v systemd-analyze >/dev/null; then
    checked=$TAP_DIR/units
    mkdir "$checked"
    for unit in exoauth@1.service exoauth-refresh.service; do
        sed "s,^\(ExecStart=\|ExecStartPre=+\)[^ ]*/exoauth,\1/bin/true," \
            "$units/${unit/@1/@}" >"$checked/$unit"
        mkdir "$checked/$unit.d"
        printf '[Service]\n%s\n' "$line" >"$checked/$unit.d/key.conf"
    done
    verify() { systemd-analyze verify --man=no "$checked"/*.service; }
    ok 'systemd-analyze verify with these lines' verify
    unlike "$ERR" "$checked" 'has no complaint'
else
    skip 'systemd-analyze verify' 'systemd-analyze is not installed'
fi

# ----- the directory

site_up
site_endpoint ok:by-credential
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app"
ok 'login' x login $app
key=$SITE/etc/exoauth.key
mv "$key" "$SITE/key"
chmod 0755 "$SITE" "$SITE/etc"
nobody=$(id -u "$SITE_USER"):$(id -g "$SITE_USER")

# systemd 252: 0400 in a directory 0500, of root; a service of another user
# gets an ACL, which shows as the bits of the group.
lay_out()
{
    python3 - "$SITE/credentials" "$SITE/key" "$1" "${nobody%:*}" <<'PY'
import os, shutil, struct, sys
there, key, how, uid = *sys.argv[1:4], int(sys.argv[4])
shutil.rmtree(there, ignore_errors=True)
os.mkdir(there, 0o700)
file = there + "/exoauth.key"
shutil.copyfile(key, file)
def acl(path, mine, users):
    entries = [(1, mine, -1), (2, users, uid), (4, 0, -1), (16, users, -1), (32, 0, -1)]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, bits, who & 0xffffffff) for tag, bits, who in entries))
os.chmod(file, 0o400)
os.chmod(there, 0o500)
if how == "owner":
    os.chown(file, uid, -1)
    os.chown(there, uid, -1)
elif how == "acl":
    acl(file, 4, 4)
    acl(there, 5, 5)
PY
}
unit() { env -i CREDENTIALS_DIRECTORY="$SITE/credentials" "$@" --config "$SITE_CONF"; }
# What exoauth.socket starts.
serve()
{
    python3 - "$EXO" "$SITE_CONF" "$SITE/credentials" $app "${nobody%:*}" <<'PY'
import socket, subprocess, sys
exo, conf, credentials, account, uid = sys.argv[1:]
ours, theirs = socket.socketpair()
p = subprocess.Popen([exo, "serve", "--config", conf], stdin=theirs,
                     env={"CREDENTIALS_DIRECTORY": credentials}, stdout=theirs,
                     user=int(uid), group=int(uid), extra_groups=[])
theirs.close()
ours.sendall(f"exoauth: 1\nget: {account}\nserver: mail.contoso.test\n\n".encode())
sys.stdout.write(b"".join(iter(lambda: ours.recv(65536), b"")).decode())
p.wait()
PY
}
exits 74 'without the credential' x refresh $app --force
for how in acl owner; do
    if ! lay_out $how 2>"$SITE/acl.err"; then
        skip "$how" "$(tail -n 1 "$SITE/acl.err")"
        continue
    fi
    diag "$how: $(stat -c '%A %U' "$SITE/credentials" "$SITE/credentials/exoauth.key" | tr '\n' ' ')"
    ok "$how: exoauth@.service" serve
    like "$OUT" 'status: ok.*token: by-credential' "$how: is served"
    ok "$how: as the user of the unit" site_as "$nobody" env \
        CREDENTIALS_DIRECTORY="$SITE/credentials" "$EXO" refresh $app --force --config "$SITE_CONF"
done
lay_out root
ok 'root: exoauth-refresh.service, which becomes another user' \
    unit "$EXO" refresh --all --force
is "$ERR" '' 'has no complaint'
ok 'root: login in such a unit' unit "$EXO" login $app
ok 'root: status' unit "$EXO" status
ok 'no key file was made' test ! -e "$key"
seal() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["seal"])' "$SITE_STORE/$app.json"; }
is "$(seal)" aes-256-gcm 'all of it sealed'

# ----- what can be wrong with it

chmod 0444 "$SITE/credentials/exoauth.key"
exits 74 'a credential that everybody can read' unit "$EXO" refresh $app --force
one_line 'everybody' 'accessible to others; '
lay_out root
echo nonsense >"$SITE/credentials/exoauth.key"
exits 74 'a credential that is no key' unit "$EXO" refresh $app --force
one_line 'no key' 'credentials/exoauth.key: .*; '
rm "$SITE/credentials/exoauth.key"
exits 74 'a unit with other credentials only' unit "$EXO" refresh $app --force
one_line 'no credential' 'which is not there; put the key back'
