#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A file that is rewritten stays open to those it was open to, and to no other:
# owner, group, mode and access list. What cannot be kept is refused.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being somebody else'
need_cmd python3 setpriv
own_mounts "$@"

app=app@contoso.test
member=4711 # of the group, which the list keeps out
list() { python3 "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/list.py" "$@"; }
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
chmod 0755 "$SITE"
file=$SITE/etc/exoauth.d/$app.conf
entries=(user::6 user:65534:4 group::0 mask::4 other::0)

closed() # FILE: for run_as, and its group, which the list keeps out
{
    chown root:daemon "$1"
    chmod 0640 "$1"
    list set "$1" "${entries[@]}"
}
closed "$file" 2>/dev/null || skip_all 'the file system has no access lists'
was=$(list get "$file"; stat -c '%U:%G %a' "$file")
reads() { site_as "$member:$(getent group daemon | cut -d: -f3)" cat "$1"; }
kept()
{
    is "$(list get "$1"; stat -c '%U:%G %a' "$1")" "$was" "$2: the list is kept"
    not_ok 'the group reads as little as before' reads "$1"
    ok 'run_as as much' site_as 65534:65534 cat "$1"
}

ok 'refresh, by the list' x refresh $app
ok 'login --set' x login $app --set user=relay
ok 'has written it' grep -q '^user: relay' "$file"
kept "$file" 'login --set'
ok 'refresh, by the list' x refresh $app --force
is "$ERR" '' 'without a warning'

# A mask without bits, more entries than fit where lists usually lie, set-id.
# run_as reads it as one of the others.
for e in $(seq 5000 5150); do many+=("user:$e:4"); done
list set "$file" user::6 "${many[@]}" group::4 mask::0 other::4
was=$(list get "$file"; stat -c '%U:%G %a' "$file")
ok 'a list that lets nobody of it in, a long one' x login $app --set user=other
is "$(list get "$file"; stat -c '%U:%G %a' "$file")" "$was" 'is kept as well'
closed "$file"

# A list that the directory gives is not the file's.
install -d "$SITE/etc/given"
cp "$file" "$SITE/etc/given/"
chmod 0644 "$SITE/etc/given/"*
list default "$SITE/etc/given" user::7 user:$member:7 group::7 mask::7 other::5
site_conf account_dir "$SITE/etc/given"
ok 'login --set, in a directory that gives lists' x login $app --set user=third
is "$(list get "$SITE/etc/given/$app.conf")" none 'leaves a file without one so'
site_conf account_dir

# Users that are not mapped cannot be named in a list.
chown root:root "$file"
list set "$file" user::6 user:$member:4 group::4 mask::4 other::4
was=$(list get "$file"; cat "$file")
cat >"$SITE/ns" <<'PY'
import ctypes, os, sys

out, back = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    if ctypes.CDLL(None).unshare(0x10000000) != 0:  # CLONE_NEWUSER
        os._exit(125)
    os.write(out[1], b"x")
    if os.read(back[0], 1) != b"x":
        os._exit(125)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
os.close(out[1])
if os.read(out[0], 1) == b"x":
    for kind in "uid", "gid":
        with open("/proc/%d/%s_map" % (child, kind), "w") as file:
            file.write("0 0 1\n65534 65534 1\n")
    os.write(back[1], b"x")
os.close(back[1])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
ns() { python3 "$SITE/ns" "$@"; }
if ns /bin/true 2>/dev/null; then
    exits 78 'a list that cannot be set' ns "$EXO" login $app --set user=fourth --config "$SITE_CONF"
    one_line 'a list that cannot be set' \
        "cannot write $file, nothing was changed: its access list cannot be kept: .*run: setfacl -b $file"
    is "$(list get "$file"; cat "$file")" "$was" 'nothing is changed'
    is "$(find "$SITE/etc" -name '.tmp.*')" '' 'nor left over'
else
    skip 'a list that cannot be set' 'no user namespace'
fi

# ----- exoauth.conf, by undo

own_dir /etc
cleanup umount /etc
queue=$SITE/queue
rm -rf /etc/postfix
mkdir -p "$queue/run" /etc/postfix /etc/sasl2
echo "queue_directory = $queue" >/etc/postfix/main.cf
: >/etc/postfix/master.cf
printf '%s\n' "chroot: $queue" 'run_as: nobody' '# mine' >/etc/sasl2/exoauth.conf
cat >/etc/postfix/exoauth.undo <<END
{"version": 1, "files": [], "changes": [
  {"kind": "conf", "name": "chroot", "before": null, "ours": ["$queue"]}]}
END
chmod 0600 /etc/postfix/exoauth.undo
closed /etc/sasl2/exoauth.conf
was=$(list get /etc/sasl2/exoauth.conf; stat -c '%U:%G %a' /etc/sasl2/exoauth.conf)
ok 'undo' "$EXO" setup postfix --undo --yes --config-dir /etc/postfix
is "$(grep -c '^chroot' /etc/sasl2/exoauth.conf)" 0 'has rewritten exoauth.conf'
kept /etc/sasl2/exoauth.conf 'undo'
