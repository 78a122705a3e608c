#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Root follows no path that others control: the mail user in the jail and
# another local user put links and files where root works. What they aim at
# stays as it is; what administrators have linked themselves works.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being attacked'
need_cmd postconf setpriv python3
own_mounts "$@"

mail=4711 # the user in the jail
app=app@contoso.test
site_up "log: $TAP_DIR/log"
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
mailer() { site_as $mail:$mail "$@"; }
state() { (cd "$1" && find . -printf '%p %y %m %U:%G %s\n' | sort); }

# A directory of root's that somebody would like to have.
victim()
{
    rm -rf "$SITE/victim"
    mkdir -p "$SITE/victim$SITE/run/tokens" "$SITE/victim/exoauth/tokens"
    echo precious >"$SITE/victim/exoauth/tokens/file"
    echo precious >"$SITE/victim/exoauth/tokens/$app"
    chmod 0600 "$SITE/victim/exoauth/tokens/"*
    WAS=$(state "$SITE/victim")
}
untouched() { is "$(state "$SITE/victim")" "$WAS" "$1"; }
jail()
{
    rm -rf "$SITE_ROOT"
    mkdir -p "$SITE_ROOT"
}
site_conf token_dir /run/exoauth/tokens
mkdir -p "$SITE/own" && mount --bind "$SITE/own" /run || skip_all 'mounting is not allowed'
cleanup umount /run

# ----- a directory that somebody else has made, and an administrator chowned

# Who made it has said who reads what is made in it (setfacl -d), which chown
# does not take away.
listed() { python3 -c 'import os, struct, sys
list = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in (
    (1, 7, 0xffffffff), (2, 7, int(sys.argv[2])), (4, 5, 0xffffffff),
    (0x10, 7, 0xffffffff), (0x20, 5, 0xffffffff)))
os.setxattr(sys.argv[1], "system.posix_acl_default", list)' "$1" $mail; }
jail
rm -rf /run/exoauth "$SITE_STORE" "$SITE/keys"
mkdir -p /run/exoauth "$SITE/keys"
install -d -m 0700 -o $mail /run/exoauth/tokens "$SITE_STORE"
if mailer true && listed /run/exoauth/tokens 2>/dev/null; then
    listed "$SITE_STORE"
    listed "$SITE/keys"
    listed "$SITE"
    chown root /run/exoauth/tokens "$SITE_STORE"
    site_conf token_group "$(id -gn nobody)"
    site_conf key_file "$SITE/keys/exoauth.key"
    site_conf log "$SITE/keys/log"
    ok 'refresh, in directories with a list of their maker' x refresh $app --force
    site_conf log
    ok 'export' x export $app --out "$SITE/bundle" --password-file - <<<'correct horse battery'
    chmod 0755 /run/exoauth/tokens "$SITE_STORE" "$SITE/keys" # what is in them is looked at
    for file in "/run/exoauth/tokens/$app" "$SITE_STORE/$app.json" "$SITE/keys/exoauth.key" \
        "$SITE_STORE/$app.lock" "$SITE/keys/log"; do
        ok "there is ${file##*/}" test -e "$file"
        not_ok 'which its maker cannot read' mailer cat "$file"
        not_ok 'nor write' mailer sh -c "echo x >>'$file'"
    done
    is "$(stat -c %a "/run/exoauth/tokens/$app")" 640 'the token is for its group'
    not_ok 'nor is the bundle for them' mailer cat "$SITE/bundle"
    python3 -c 'import os, sys; os.removexattr(sys.argv[1], "system.posix_acl_default")' "$SITE"
    site_conf token_group
    site_conf key_file
    rm -rf /run/exoauth "$SITE_STORE" "$SITE/keys" "$SITE/bundle"
else
    skip 'directories with a list' 'the file system has none'
fi

# ----- refresh, below a jail

victim
jail
install -d -o $mail "$SITE_ROOT/run"
mailer ln -s "$SITE/victim/exoauth" "$SITE_ROOT/run/exoauth"
ok 'refresh, where the mail user has linked a parent' x refresh $app --force
untouched 'owner and mode behind the link are as they were'
like "$ERR" "tokens are not published in .*$SITE_ROOT/run.*belongs to uid $mail" \
    'and it says why'
is "$(find /run/exoauth/tokens -type f | wc -l)" 1 'the other place has its token'

jail
mkdir -p "$SITE/cron.d"
ln -s "$SITE/cron.d" "$SITE_ROOT/run"
ok 'refresh, where TOKEN_DIR leads to cron.d' x refresh $app --force
is "$(ls "$SITE/cron.d")" '' 'no directory is made there'
like "$ERR" "$SITE_ROOT/run is a symbolic link" 'it says why'

jail
mkdir -p "$SITE_ROOT/run/exoauth"
install -d -m 0777 -o $mail "$SITE_ROOT/run/exoauth/tokens"
ok 'refresh, where TOKEN_DIR is the mail user'"'"'s' x refresh $app --force
is "$(ls "$SITE_ROOT/run/exoauth/tokens")" '' \
    'nothing is published into what was refused'
jail
install -d -m 0777 "$SITE_ROOT/run"
ok 'refresh, where everybody may write above it' x refresh $app --force
is "$(find "$SITE_ROOT/run" | wc -l)" 1 'nothing is made, nothing published'
like "$ERR" "$SITE_ROOT/run can be written to by everybody; run: chmod go-w $SITE_ROOT/run" \
    'says how to mend it'
eval "$(sed -n 's/.*run: \(chmod [^;]*\).*/\1/p' <<<"$ERR" | head -n 1)" # as it is told
ok 'what it said' x refresh $app --force
is "$(stat -c '%U %a' "$SITE_ROOT/run/exoauth/tokens" "$SITE_ROOT/run/exoauth/tokens/$app" | paste -sd,)" \
    'nobody 700,nobody 600' 'works'

# A parent that becomes a link while root is at work.
jail
victim
mkdir -p "$SITE_ROOT/run"
cat >"$SITE/swap" <<'PY'
import os, sys
os.chdir(sys.argv[1])
os.setresgid(4711, 4711, 4711)
os.setresuid(4711, 4711, 4711)
os.makedirs("inside/exoauth/tokens", exist_ok=True)
while True:
    try:
        os.symlink(sys.argv[2], "link")
        os.rename("inside", "away")
        os.rename("link", "inside")
        os.unlink("inside")
        os.rename("away", "inside")
    except OSError:
        pass
PY
chown $mail "$SITE_ROOT"
python3 "$SITE/swap" "$SITE_ROOT" "$SITE/victim" &
swapper=$!
cleanup kill $swapper
for _ in {1..20}; do
    site_conf token_dir /inside/exoauth/tokens
    x refresh $app --force >/dev/null 2>&1
done
kill $swapper
wait $swapper 2>/dev/null
site_conf token_dir /run/exoauth/tokens
untouched 'a parent that is exchanged while root is at work'
# A token may be where the attacker moved a directory of his; root made none.
is "$(find "$SITE/victim" -newer "$SITE/swap" ! -newer "$SITE/victim" -user nobody | wc -l)" 0 \
    'nothing of run_as is behind it'

# ----- the store

jail
install -d -o $mail "$SITE/theirs"
site_conf store "file:$SITE/theirs/store"
exits 74 'a store in another user'"'"'s directory' x refresh $app --force
like "$ERR" "$SITE/theirs belongs to uid $mail, .*use a path in directories of root" 'is refused'
unlike "$ERR" 'run: ch(own|mod)' 'and nothing of a stranger is made root'"'"'s'
is "$(ls "$SITE/theirs")" '' 'and not made'
site_conf store "file:$SITE_STORE"

# ----- account files

mkdir "$SITE/etc/open"
chmod 0777 "$SITE/etc/open"
printf '%s\n' 'provider: custom' 'client_id: root' >"$SITE/victim/file"
chmod 0600 "$SITE/victim/file"
WAS=$(state "$SITE/victim")
mailer ln -s "$SITE/victim/file" "$SITE/etc/open/evil@contoso.test.conf"
site_conf account_dir "$SITE/etc/open"
exits 78 'login --set where everybody may write' x login evil@contoso.test \
    --set "token_endpoint=$SITE_URL/token" --set servers=mail.contoso.test \
    --set "secret_file=$SITE/secret/app"
like "$ERR" "$SITE/etc/open can be written to by everybody" 'is refused'
untouched 'and the file behind the link is as it was'
exits 78 'a new file there' x login new@contoso.test --set client_id=a
is "$(ls "$SITE/etc/open")" evil@contoso.test.conf 'is not made'
cp "$SITE/etc/exoauth.d/$app.conf" "$SITE/etc/open/"
isnt "$(x remove $app --account-file >/dev/null 2>&1; echo $?)" 0 \
    'remove --account-file there'
ok 'removes nothing' test -e "$SITE/etc/open/$app.conf"
chmod 0755 "$SITE/etc/open"
exits 78 'a link of another user in a directory of root' x login evil@contoso.test \
    --set client_id=evil
untouched 'is not followed either'
# Account files are root's: run_as is a stranger among them, like the others.
service() { site_as 65534:65534 "$@"; }
rm "$SITE/etc/open"/*
chown nobody "$SITE/etc/open"
service ln -s "$SITE/victim/file" "$SITE/etc/open/evil@contoso.test.conf"
login_evil() { x login evil@contoso.test --set client_id=evil --set "token_endpoint=$SITE_URL/token" \
    --set servers=mail.contoso.test --set "secret_file=$SITE/secret/app"; }
exits 78 'a link of run_as in its own directory' login_evil
untouched 'is not followed by root'
like "$ERR" "$SITE/etc/open(/evil@contoso.test.conf)? (belongs to|is a symbolic link of) uid 65534" 'says why'
exits 78 'a new file in it' x login new@contoso.test --set client_id=a
is "$(ls "$SITE/etc/open")" evil@contoso.test.conf 'is not made'
isnt "$(x remove evil@contoso.test --account-file >/dev/null 2>&1; echo $?)" 0 \
    'remove --account-file there'
untouched 'removes nothing behind it'
chown root "$SITE/etc/open"
exits 78 'a link of run_as in a directory of root' login_evil
untouched 'is not followed either'
service ln -s "$SITE/victim" "$SITE/nobodys.link" 2>/dev/null || {
    ln -s "$SITE/victim" "$SITE/nobodys.link"
    chown -h nobody "$SITE/nobodys.link"
}
site_conf account_dir "$SITE/nobodys.link"
exits 78 'account_dir by a link of run_as' login_evil
untouched 'nothing is made behind it'
site_conf account_dir
chown root:nogroup "$SITE/etc/exoauth.d/$app.conf" # of run_as, who reads it
chmod 0640 "$SITE/etc/exoauth.d/$app.conf"
ok 'login --set' x login $app --set user=relay
is "$(stat -c '%U:%G %a' "$SITE/etc/exoauth.d/$app.conf")" 'root:nogroup 640' \
    'keeps owner, group and mode'
chown root:root "$SITE/etc/exoauth.d/$app.conf"
chmod 0644 "$SITE/etc/exoauth.d/$app.conf"

# ----- the log

victim
ln "$SITE/victim/exoauth/tokens/file" "$SITE/hard"
WAS=$(state "$SITE/victim")
site_conf log "$SITE/hard"
ok 'a log that has another name' x refresh $app
untouched 'is not given away, and not written to'
like "$ERR" 'cannot open log .*/hard: it has more than one hard link' 'but told of'
mkdir -p "$SITE/logs"
chmod 0777 "$SITE/logs"
mailer ln -s "$SITE/victim/new" "$SITE/logs/log"
site_conf log "$SITE/logs/log"
ok 'a log behind a link' x refresh $app
ok 'is not made' test ! -e "$SITE/victim/new"
install -d -m 0700 -o nobody "$SITE/nobodys"
site_conf log "$SITE/nobodys/log"
ok 'a log in a directory of run_as' x refresh $app
is "$(stat -c '%U' "$SITE/nobodys/log")" nobody 'is run_as'"'"'s'
install -m 0660 -g nogroup /dev/null "$SITE/grouped"
site_as 65534:65534 ln -s "$SITE/grouped" "$SITE/nobodys/link"
site_conf log "$SITE/nobodys/link"
ok 'a link of run_as to a file of root' x refresh $app
is "$(stat -c '%U' "$SITE/grouped")" root 'leaves it root'"'"'s'
mknod "$SITE/null" c 1 3 2>/dev/null || mkfifo "$SITE/null"
mknod "$SITE/loop" b 7 77 2>/dev/null || mkfifo "$SITE/loop"
mkfifo "$SITE/fifo"
for what in null loop fifo; do
    site_conf log "$SITE/$what"
    was=$(stat -c '%U:%G %a %F' "$SITE/$what")
    x refresh --all >/dev/null 2>"$SITE/said"
    is "$(stat -c '%U:%G %a %F' "$SITE/$what")" "$was" "log: $what is not given away"
    like "$(<"$SITE/said")" "cannot open log $SITE/$what: it is not a regular file" 'but told of'
    like "$(x doctor $app)" "failure.* log $SITE/$what: it is not a regular file" 'by doctor, too'
done
site_conf log "$SITE/hard"
like "$(x doctor $app)" "failure.* log $SITE/hard: it has more than one hard link" \
    'doctor says what commands do of a hard link'
ln -s moved.log "$SITE/root.log"
site_conf log "$SITE/root.log"
ok 'a log that root has linked' x refresh $app
is "$ERR" '' 'is followed'
is "$(stat -c '%U' "$SITE/moved.log")" nobody 'and is run_as'"'"'s'
site_conf log /dev/stdout
touch "$SITE/cron"
x refresh $app >"$SITE/cron" 2>"$SITE/said"
is "$(stat -c '%U' "$SITE/cron")" root 'log: /dev/stdout is not given away'
like "$(<"$SITE/said")" 'cannot open log /dev/stdout: .*; name the file itself' 'and not to be removed'
site_conf log
prepare() { x refresh --prepare; }
site_conf token_dir "$SITE/logs/nobody/tokens"
not_ok '--prepare where token_dir is refused' prepare
like "$ERR" 'token_dir .* was not prepared' 'says so'
not_ok 'nor is refresh --all content' x refresh --all
site_conf token_dir /run/exoauth/tokens
site_conf store "file:$SITE/logs/store"
not_ok '--prepare where the store is refused' prepare
site_conf store "file:$SITE/empty"
site_conf key_file "$SITE/logs/key"
not_ok '--prepare where the key cannot be made' prepare
like "$ERR" "cannot make the key file $SITE/logs/key" 'says so'
site_conf key_file
site_conf store "file:$SITE_STORE"
ok '--prepare where all is well' prepare
site_conf log

# ----- what is root's already stays root's

full=$SITE/roots/full
full()
{
    rm -rf "$SITE/roots" /run/lck
    mkdir -p "$full/sub" "$SITE/roots/empty" /run/lck /run/exoauth
    echo precious >"$full/file"
    echo precious >/run/lck/file
    WAS=$(stat -c '%n %U:%G %a' "$full" /run/lck /run)
}
kept() { is "$(stat -c '%n %U:%G %a' "$full" /run/lck /run)" "$WAS" "$1 is not given away"; }
refuses()
{
    full
    site_conf "$1" "$2"
    x refresh --all >/dev/null 2>"$SITE/said"
    kept "$1: $2"
    OUT=$(x doctor 2>&1; cat "$SITE/said")
    unlike "$OUT" "run: [a-z -]*ch(own|mod)[^;]* ($full|/run/lck)/?( |\$)" 'nor is that told'
}
for dir in "$full" "$full/" "$SITE/roots/../roots/full" /run/exoauth/../lck; do
    refuses store "file:$dir"
    like "$OUT" "store .* is not used: it belongs to root and is not empty, .*; name " \
        'it says what to do'
    site_conf store "file:$SITE_STORE"
    refuses token_dir "$dir"
    like "$OUT" "not published in .*: it belongs to root and is not empty, .*; name " \
        'it says what to do'
    not_ok '--prepare fails' x refresh --prepare
    site_conf token_dir /run/exoauth/tokens
    refuses status_file "${dir%/}/status"
    site_conf status_file
    refuses log "${dir%/}/log"
    site_conf log
done
chmod 1777 "$SITE/roots/empty"
site_conf store "file:$SITE/roots/empty"
x refresh --all >/dev/null 2>&1
is "$(stat -c '%U %a' "$SITE/roots/empty")" 'root 1777' 'an empty directory of everybody is not given away'
chmod 0755 "$SITE/roots/empty"
ok 'an empty one of root'"'"'s' x refresh --all
is "$(stat -c '%U %a' "$SITE/roots/empty")" 'nobody 700' 'is'
site_conf store "file:$SITE_STORE"
echo 'line of another' >"$SITE/roots/log"
site_conf log "$SITE/roots/log"
ok 'a log that root has written to' x refresh $app
is "$(stat -c '%U' "$SITE/roots/log")" root 'is not given away'
site_conf log

# ----- the socket

site_conf log "$SITE/etc/log"
exits 78 'listening where others may write' timeout 5 "$EXO" serve --config "$SITE_CONF" --listen "$SITE/logs/socket"
like "$(<"$SITE/etc/log")" "cannot listen on $SITE/logs/socket: $SITE/logs can be written to" \
    'is refused'
site_conf log

# ----- what only root can do, and locks that are root's

rm -rf "$SITE/fresh"
mkdir -p "$SITE/fresh/etc/exoauth.d" "$SITE/fresh/lib" "$SITE/fresh/run"
printf '%s\n' "store: file:$SITE/fresh/lib/store" "token_dir: $SITE/fresh/run/tokens" \
    'run_as: nobody' 'socket: none' 'helper: none' >"$SITE/fresh/etc/exoauth.conf"
cp "$SITE/etc/exoauth.d/$app.conf" "$SITE/fresh/etc/exoauth.d/"
fresh() { "$EXO" "$@" --config "$SITE/fresh/etc/exoauth.conf"; }
before=$(site_count)
ok 'refresh --prepare' fresh refresh --prepare
is "$(stat -c '%U %a' "$SITE/fresh/lib/store" "$SITE/fresh/run/tokens" "$SITE/fresh/etc/exoauth.key" | paste -sd,)" \
    'nobody 700,nobody 700,nobody 400' 'makes directories and key'
is "$(site_count)" "$before" 'and asks nobody'
ok 'run_as refreshes without root' setpriv --reuid nobody --regid nogroup --clear-groups \
    "$EXO" refresh --all --config "$SITE/fresh/etc/exoauth.conf"
is "$ERR" '' 'and without a complaint'
ok 'it is published' test -s "$SITE/fresh/run/tokens/$app"
exits 64 '--prepare has no account' fresh refresh $app --prepare
like "$(<"$EXO_SRCDIR/contrib/systemd/exoauth-refresh.service.in")" \
    'ExecStartPre=\+@bindir@/exoauth refresh --prepare.*User=exoauth' 'the unit does it so'

for dir in "$SITE/fresh/etc" "$SITE/fresh/lib" "$SITE/fresh/run"; do
    mailer flock -s "$dir" sleep 60 &
    cleanup kill $!
    mailer flock "$dir" sleep 60 &
    cleanup kill $!
done
sleep 0.5
ok 'rekey, while a local user locks whatever he can open' fresh rekey
is "$(stat -c '%U %a' "$SITE/fresh/etc/.exoauth.lock")" 'root 600' 'its lock is root'"'"'s'
not_ok 'and nobody else opens it' mailer flock -n "$SITE/fresh/etc/.exoauth.lock" true
python3 -c 'import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("locked", flush=True)
sys.stdin.read()' "$SITE/fresh/etc/.exoauth.lock" >"$SITE/locked" < <(sleep 30) &
locker=$!
for _ in {1..100}; do [[ -s $SITE/locked ]] && break; sleep 0.05; done
exits 75 'beside another rekey' fresh rekey
kill $locker
wait $locker 2>/dev/null
chmod 0777 "$SITE/fresh/etc"
ln -s "$SITE/victim/key" "$SITE/fresh/etc/.exoauth.lock2"
isnt "$(fresh rekey >/dev/null 2>&1; echo $?)" 0 'no rekey where everybody may write'
chmod 0755 "$SITE/fresh/etc"

# ----- doctor says so, too

said() { OUT=$(fresh doctor 2>&1); like "$OUT" "$1" "doctor: $2"; }
OUT=$(fresh doctor 2>&1)
unlike "$OUT" 'can be written to|belongs to uid|symbolic link' 'doctor: nothing wrong yet'
chmod 0777 "$SITE/fresh/etc/exoauth.d"
said "account_dir .*: $SITE/fresh/etc/exoauth.d can be written to by everybody; run: chmod go-w" account_dir
chmod 0755 "$SITE/fresh/etc/exoauth.d"
chmod 0777 "$SITE/fresh/etc"
said "configuration .*: $SITE/fresh/etc can be written to by everybody" 'configuration directory'
chmod 0755 "$SITE/fresh/etc"
mkdir "$SITE/fresh/keys"
cp -p "$SITE/fresh/etc/exoauth.key" "$SITE/fresh/keys/"
echo "key_file: $SITE/fresh/keys/exoauth.key" >>"$SITE/fresh/etc/exoauth.conf"
chmod 0777 "$SITE/fresh/keys"
said "key .*: $SITE/fresh/keys can be written to by everybody" 'key directory'
sed -i '/^key_file:/d' "$SITE/fresh/etc/exoauth.conf"
chown $mail "$SITE/fresh/run"
said "tokens are not published in $SITE/fresh/run/tokens: $SITE/fresh/run belongs to uid $mail" \
    'parent of a token directory'
chown root "$SITE/fresh/run"
chmod 0777 "$SITE/fresh/lib"
said "store $SITE/fresh/lib/store: $SITE/fresh/lib can be written to by everybody" 'parent of the store'
chmod 0755 "$SITE/fresh/lib"
install -d -m 0777 "$SITE/fresh/sockets"
: >"$SITE/fresh/sockets/s"
sed -i "s|^socket:.*|socket: $SITE/fresh/sockets/s|" "$SITE/fresh/etc/exoauth.conf"
said "socket $SITE/fresh/sockets/s: $SITE/fresh/sockets can be written to by everybody" sockets

# ----- undo

own_dir /etc
cleanup umount /etc
mkdir /etc/empty.d # root would read what is in it, as in cron.d
site_conf token_dir /etc/empty.d
x refresh --all >/dev/null 2>"$SITE/said"
is "$(stat -c '%U %a' /etc/empty.d)" 'root 755' 'an empty directory of the system is not given away'
like "$(<"$SITE/said")" '/etc/empty.d: it is a directory of the system; name one' 'and named'
site_conf token_dir /run/exoauth/tokens
queue=$SITE/queue
plain()
{
    rm -rf "$queue" /etc/postfix
    mkdir -p "$queue/run" /etc/postfix /etc/sasl2
    echo "queue_directory = $queue" >/etc/postfix/main.cf
    : >/etc/postfix/master.cf
    printf '%s\n' "chroot: $queue" 'run_as: nobody' '# mine' >/etc/sasl2/exoauth.conf
    chown root:daemon /etc/sasl2/exoauth.conf
    chmod 0640 /etc/sasl2/exoauth.conf
    cat >/etc/postfix/exoauth.undo <<END
{"version": 1, "files": [], "changes": [
  {"kind": "conf", "name": "chroot", "before": null, "ours": ["$queue"]}]}
END
    chmod 0600 /etc/postfix/exoauth.undo
}
undo() { "$EXO" setup postfix --undo --yes --config-dir /etc/postfix </dev/null; }
plain
victim
chown $mail "$queue/run"
mailer mkdir "$queue/run/exoauth"
mailer ln -s "$SITE/victim/exoauth/tokens" "$queue/run/exoauth/tokens"
exits 78 'undo, where the mail user has linked TOKEN_DIR' undo
untouched 'empties nothing'
like "$ERR" "the tokens below $queue stay: $queue/run belongs to uid $mail" 'says so'
is "$(grep -c '^chroot' /etc/sasl2/exoauth.conf)" 1 'chroot stays, so that remove looks there'
rm "$queue/run/exoauth/tokens"
chown root "$queue/run" "$queue/run/exoauth"
ok 'undo, when that is put right' undo
is "$(stat -c '%U:%G %a' /etc/sasl2/exoauth.conf)" 'root:daemon 640' \
    'and exoauth.conf keeps owner, group and mode'
is "$(grep -c '^chroot' /etc/sasl2/exoauth.conf)" 0 'without its chroot'
# Links of the mail user's in the place of each directory on the way.
for way in "/run $SITE/victim/run" "/run/exoauth $SITE/victim/exoauth" \
    "/run/exoauth/tokens $SITE/victim/exoauth/tokens" '/run/exoauth/tokens /run/exoauth/tokens' \
    '/run/exoauth ../../../../../run/exoauth'; do
    plain
    rm -rf "$queue/run"
    mkdir -p "$queue$(dirname "${way%% *}")"
    victim
    cp -p "/run/exoauth/tokens/$app" "$SITE/victim/exoauth/tokens/"
    WAS=$(state "$SITE/victim")
    mine=$(state /run/exoauth)
    chown $mail "$queue$(dirname "${way%% *}")"
    mailer ln -s "${way#* }" "$queue${way%% *}"
    exits 78 "undo, where the mail user has linked ${way%% *} to ${way#* }" undo
    untouched 'takes no token behind it'
    is "$(state /run/exoauth)" "$mine" 'nor those of the host'
    like "$ERR" "the tokens below $queue stay: " 'and says that tokens stay'
    like "$ERR" 'then run: exoauth setup postfix --undo' 'and what to do'
    ok 'the link is there' test -L "$queue${way%% *}"
    # What it says is done.
    rm "$queue${way%% *}"
    chown root "$queue$(dirname "${way%% *}")"
    ok 'put right: undo' undo
    ok 'takes its journal along' test ! -e /etc/postfix/exoauth.undo
done
# In a directory of ours, with tokens of ours in it: names of others.
plain
victim
tokens=$queue/run/exoauth/tokens
install -d -o nobody -m 0700 "$tokens"
cp -p "/run/exoauth/tokens/$app" "$tokens/"
cp -p "/run/exoauth/tokens/$app" "$SITE/victim/exoauth/tokens/"
ln -s "$SITE/victim/exoauth/tokens/$app" "$tokens/link@contoso.test"
ln -s "$SITE/victim/exoauth/tokens" "$tokens/dir@contoso.test"
ln "$SITE/victim/exoauth/tokens/file" "$tokens/hard@contoso.test"
mkfifo "$tokens/pipe@contoso.test"
mkdir -p "$tokens/sub@contoso.test"
cp -p "/run/exoauth/tokens/$app" "$tokens/sub@contoso.test/"
WAS=$(state "$SITE/victim")
ok 'undo, with names of others beside the token' timeout 20 "$EXO" setup postfix --undo --yes \
    --config-dir /etc/postfix
untouched 'nothing behind them is touched'
is "$(ls "$tokens" | paste -sd' ')" \
    'dir@contoso.test hard@contoso.test link@contoso.test pipe@contoso.test sub@contoso.test' \
    'the token is gone, what is not ours stays'
ok 'and what is below' test -e "$tokens/sub@contoso.test/$app"
plain
install -d -o nobody -m 0700 "$queue/run/exoauth/tokens"
cp -p "/run/exoauth/tokens/$app" "$queue/run/exoauth/tokens/"
echo note >"$queue/run/exoauth/tokens/notes"
ok 'undo, where a stranger'"'"'s file is beside the token' undo
is "$(ls "$queue/run/exoauth/tokens")" notes 'removes the token, and leaves the file'
plain
install -d -o nobody -m 0700 "$queue/run/exoauth/tokens"
cp -p "/run/exoauth/tokens/$app" "$queue/run/exoauth/tokens/"
ok 'undo, where only ours is there' undo
ok 'leaves nothing of it' test ! -e "$queue/run"

# ----- what administrators link themselves

jail
mv "$SITE_ROOT" "$SITE/moved"
ln -s moved "$SITE_ROOT"
mkdir "$SITE/run2"
ln -s run2 "$SITE/linked"
site_conf token_dir "$SITE/linked/tokens"
mkdir -p "$SITE/var/state"
ln -s "$SITE/var/state" "$SITE/state"
site_conf store "file:$SITE/state/store"
ok 'a linked jail, a linked /var/run, a linked store' x refresh $app --force
is "$ERR" '' 'are as good as others'
ok 'published' test -s "$SITE/run2/tokens/$app"
ok 'and in the jail, below its real name' test -s "$SITE/moved$SITE/linked/tokens/$app"
ok 'stored' test -s "$SITE/var/state/store/$app.json"
site_conf store "file:$SITE_STORE"
site_conf token_dir "$SITE_TOKENS"

# A ConfigMap: ..data -> ..2026, exoauth.conf -> ..data/exoauth.conf, in a
# directory of mode 1777.
map=$SITE/map
mkdir -p "$map/..2026_11_29/exoauth.d"
cp "$SITE_CONF" "$map/..2026_11_29/exoauth.conf"
cp "$SITE/etc/exoauth.d/$app.conf" "$map/..2026_11_29/"
ln -s ..2026_11_29 "$map/..data"
ln -s ..data/exoauth.conf "$map/exoauth.conf"
mkdir "$map/exoauth.d"
ln -s "../..data/$app.conf" "$map/exoauth.d/$app.conf"
chmod 1777 "$map"
cp "$SITE/etc/exoauth.key" "$map/exoauth.key"
chown nobody "$map/exoauth.key"
ok 'a ConfigMap with its two hops' "$EXO" refresh $app --force --config "$map/exoauth.conf"
is "$ERR" '' 'is as good as files'
ok 'doctor agrees' test -z "$("$EXO" doctor $app --config "$map/exoauth.conf" 2>&1 | grep -E 'files.*(belongs|written|link)')"
