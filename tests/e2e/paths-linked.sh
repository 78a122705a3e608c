#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Hosts whose directories are links of root's: ostree (/home, /root, /opt,
# /usr/local), merged /usr (/bin, /lib), and /var/run. A root directory is made
# that looks so, and everything works in it as on any other host, without a
# warning; a link of somebody else on the same way is not followed.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'another root directory'
need_cmd chroot setpriv python3
own_mounts "$@"

app=app@contoso.test
alice=4711
mallory=4712
site_up
site_endpoint ok:token-1
# Not below $SITE, which is removed at the end, with everything in it.
host=/mnt
mount -t tmpfs -o mode=0755 exoauth-test "$host" || skip_all 'mounting is not allowed'
# Every name that is not ours is the one of this host.
for name in /*; do
    case $name in
    /home | /root | /opt | /var | /run | /etc | /mnt | /srv | /sys | /boot | /lost+found | /media) continue ;;
    esac
    if [[ -L $name ]]; then
        cp -P "$name" "$host$name"
    elif [[ -d $name ]]; then
        mkdir "$host$name"
        mount --rbind "$name" "$host$name"
    fi
done
mkdir -p "$host"/{etc/sasl2/exoauth.d,run,var/lib,var/log,var/home,var/roothome,var/opt/exoauth,mnt}
cp -r /etc/{passwd,group,nsswitch.conf,hosts,ssl,ld.so.cache,ld.so.conf,ld.so.conf.d,localtime,alternatives} \
    "$host/etc" 2>/dev/null
ln -s var/home "$host/home"
ln -s var/roothome "$host/root"
ln -s var/opt "$host/opt"
ln -s /run "$host/var/run"
printf 'alice:x:%d:%d::/home/alice:/bin/sh\n' $alice $alice >>"$host/etc/passwd"
printf 'alice:x:%d:\n' $alice >>"$host/etc/group"
h() { chroot "$host" "$@"; }
ok 'the host is there' h "$EXO" --version || skip_all 'a root directory of mounts does not work'

# ---- ostree: a person below /home
install -d -m 0700 -o $alice -g $alice "$host/var/home/alice"
printf 'canary-refresh\n' >"$host/var/home/alice/token"
chown $alice "$host/var/home/alice/token"
person() { h setpriv --reuid $alice --regid $alice --clear-groups env -i PATH=/bin HOME="${HOME_IS:-/home/alice}" "$@"; }
set_up=(--set provider=custom --set client_id=desk --set "token_endpoint=$SITE_URL/token"
    --set servers=mail.contoso.test --set grant=device_code
    --set "device_authorization_endpoint=$SITE_URL/devicecode")
me=alice@contoso.test
quiet() { is "$(grep -vE "authorised|new token|not due" <<<"$ERR")" "" "$1: without a warning"; }
for HOME_IS in /home/alice /var/home/alice; do
    ok "$HOME_IS: login" person "$EXO" login $me "${set_up[@]}" --refresh-token-file "$HOME_IS/token"
    quiet 'login'
    ok 'token' person "$EXO" token $me
    is "$OUT $ERR" 'token-1 ' 'one token'
    ok 'refresh' person "$EXO" refresh $me --force
    quiet 'refresh'
    ok 'rekey' person "$EXO" rekey
    quiet 'rekey'
    ok 'login --set' person "$EXO" login $me --if-needed --set servers=other.contoso.test
    quiet 'login --set'
    ok 'export' person "$EXO" export --all --out "$HOME_IS/bundle" \
        --password-file - <<<'correct horse battery'
    ok 'import' person "$EXO" import "$HOME_IS/bundle" --password-file - --force \
        <<<'correct horse battery'
    unlike "$(person "$EXO" doctor 2>&1 | grep -E 'files|store|key')" \
        'belongs|written to|symbolic|not published' 'doctor agrees'
    rm "$host/var/home/alice/bundle"
done
home=$host/var/home/alice
is "$(stat -c '%u %a' "$home/.local/share/exoauth/exoauth.key" "$home/.local/share/exoauth" | paste -sd,)" \
    "$alice 400,$alice 700" 'the key is where a key of a person is'
is "$(find "$home/.local/state/exoauth" -type d -printf '%m ' -o -name "$me*" -printf '%m ')" \
    "$(find "$home/.local/state/exoauth" -type d -printf '700 ' -o -name "$me*" -printf '600 ')" \
    'the store and the tokens are closed to others'
is "$(find "$home" ! -uid $alice)" '' 'all of it is of that person'
is "$(find "$home" -name '.tmp.*')" '' 'nothing is left over'
HOME_IS=/home/alice
mv "$home/.config" "$home/dotfiles"
person ln -s dotfiles "$HOME_IS/.config"
ok 'a configuration in another directory' person "$EXO" refresh $me --force
quiet 'a configuration in another directory'
chown -h $mallory "$home/.config"
exits 78 'by a link of somebody else' person "$EXO" refresh $me --force
like "$ERR" "/home/alice/.config is a symbolic link of uid $mallory" 'is not followed'
chown -h $alice "$home/.config"
chown -h $mallory "$host/home"
exits 78 '/home of somebody else' person "$EXO" refresh $me --force
like "$ERR" "/home is a symbolic link of uid $mallory" 'is not followed'
chown -h root "$host/home"

# ---- umask 002: a group that is this person's alone may write
chmod 0775 "$host/var/home/alice/dotfiles/exoauth" "$host/var/home/alice/dotfiles/exoauth/exoauth.d"
mine=$host/var/home/alice/dotfiles/exoauth/exoauth.d/$me.conf
chmod 0664 "$mine" # as an editor leaves it
ok 'a configuration that the own group can write' person "$EXO" refresh $me --force
quiet 'a configuration that the own group can write'
chmod 0666 "$mine"
exits 78 'an account file that everybody can write' person "$EXO" refresh $me --force
chmod 0664 "$mine"
chgrp $mallory "$mine"
exits 78 'or a group of others' person "$EXO" refresh $me --force
chgrp $alice "$mine"
touch "$host/var/home/alice/dotfiles/exoauth/exoauth.conf"
chown $alice:$alice "$host/var/home/alice/dotfiles/exoauth/exoauth.conf"
chmod 0664 "$host/var/home/alice/dotfiles/exoauth/exoauth.conf"
exits 78 'exoauth.conf, which the plugin reads' person "$EXO" refresh $me --force
like "$ERR" 'exoauth.conf is not used: it is writable by group or others; run: chmod go-w /home/alice' 'is to be closed'
chmod 0644 "$host/var/home/alice/dotfiles/exoauth/exoauth.conf"
ok 'closed' person "$EXO" refresh $me --force
chmod 0460 "$home/.local/share/exoauth/exoauth.key"
exits 74 'a key that the group can write' person "$EXO" refresh $me --force
chmod 0400 "$home/.local/share/exoauth/exoauth.key"
printf 'bob:x:%d:%d::/home/bob:/bin/sh\n' $((alice + 100)) $alice >>"$host/etc/passwd"
exits 78 'where it is the first group of another' person "$EXO" refresh $me --force
like "$ERR" 'can be written to by its group; run: chmod g-w /var/home/alice/' 'is refused'
sed -i '/^bob:/d' "$host/etc/passwd"
sed -i "s/^alice:x:$alice:/&bob/" "$host/etc/group"
exits 78 'where another is a member' person "$EXO" refresh $me --force
like "$ERR" 'can be written to by its group; run: chmod g-w /var/home/alice/' 'is refused'
sed -i "s/^\(alice:x:$alice:\)bob/\1/" "$host/etc/group"
printf 'another:x:%d:bob\n' $alice >>"$host/etc/group"
exits 78 'where another is a member of another name of the group' person "$EXO" refresh $me --force
like "$ERR" 'can be written to by its group; run: chmod g-w /var/home/alice/' 'is refused'
sed -i 's/^another:.*/another:x:'$alice':alice/' "$host/etc/group"
ok 'another name, alone in it' person "$EXO" refresh $me --force
sed -i '/^another:/d' "$host/etc/group"
chmod 0755 "$host/var/home/alice/dotfiles/exoauth" "$host/var/home/alice/dotfiles/exoauth/exoauth.d"
sed -i "s/^alice:x:$alice:/&bob/" "$host/etc/group"
exits 78 'a file that another member can write' person "$EXO" refresh $me --force
like "$ERR" 'writable by group or others' 'is refused'
sed -i "s/^\(alice:x:$alice:\)bob/\1/" "$host/etc/group"
ok 'alone again' person "$EXO" refresh $me --force
chmod 0755 "$host/var/home/alice/dotfiles/exoauth" "$host/var/home/alice/dotfiles/exoauth/exoauth.d"

# ---- the same for root, and merged /usr, and /var/run
mkdir -p "$host/run/exoauth-usr"
mount --bind "$host/run/exoauth-usr" "$host/usr/lib/tmpfiles.d" # a place below /lib
printf 'canary-client-secret\n' >"$host/var/opt/exoauth/secret"
cp "$host/var/opt/exoauth/secret" "$host/usr/lib/tmpfiles.d/exoauth-secret"
cp "$host/var/opt/exoauth/secret" "$host/var/roothome/secret"
chmod 0600 "$host/var/roothome/secret"
conf=$host/etc/sasl2/exoauth.conf
account=$host/etc/sasl2/exoauth.d/$app.conf
configure()
{
    printf '%s\n' 'run_as: nobody' 'socket: none' 'helper: none' 'timeout: 5' "$@" >"$conf"
}
account()
{
    printf '%s\n' 'provider: custom' 'client_id: app' "token_endpoint: $SITE_URL/token" \
        'servers: mail.contoso.test' "$@" >"$account"
}
exo() { h env -i PATH=/usr/bin:/bin HOME=/root "$EXO" "$@"; }
run=$host/run/exoauth
configure 'token_dir: /var/run/exoauth/tokens' 'status_file: /var/run/exoauth/status.json' \
    'log: /var/run/exoauth/log' 'log_level: info'
account
ok 'root, a secret in /root' exo login $app --secret-file /root/secret
quiet 'a secret in /root'
ok 'published' test -s "$run/tokens/$app"
is "$(stat -c '%U %a' "$run/status.json" "$run/log" "$run" | paste -sd,)" \
    "nobody 644,nobody 640,nobody 755" 'status_file and log are where /var/run leads'
ok 'the log has it' grep -q "$app: new token" "$run/log"
was=$(stat -c %i "$run/status.json")
lines=$(wc -l <"$run/log")
ok 'refresh' exo refresh $app --force
quiet 'refresh'
isnt "$(stat -c %i "$run/status.json")" "$was" 'writes the status file anew'
ok 'and to the log' test "$(wc -l <"$run/log")" -gt "$lines"
ok 'status from it' exo status
# As after a boot.
rm -r "$run"
ok 'after a boot' exo refresh $app
quiet 'after a boot'
ok 'all of it is there again' test -s "$run/status.json" -a -s "$run/log" -a -s "$run/tokens/$app"
is "$(find "$host/run" -name '.tmp.*')" '' 'nothing is left over'
# By whoever asks in run_as's place.
ok 'serve' h setpriv --reuid nobody --regid nogroup --clear-groups "$EXO" serve \
    < <(printf 'exoauth: 1\nget: %s\n\n' $app)
like "$OUT" 'status: ok' 'answers'
unlike "$(exo doctor 2>&1 | grep -vi 'plugin\|sasl')" '/var/run.*(symbolic|belongs|written)' 'doctor agrees'
chown -h $mallory "$host/var/run"
exo refresh $app --force >"$SITE/said" 2>&1
like "$(<"$SITE/said")" "/var/run is a symbolic link of uid $mallory" 'but not if it is of somebody else'
chown -h root "$host/var/run"

configure 'token_dir: /run/exoauth/tokens' 'key_file: /opt/exoauth/exoauth.key'
rm -r "$host/var/lib/exoauth"
for what in 'secret_file: /opt/exoauth/secret' 'secret_file: /lib/tmpfiles.d/exoauth-secret' \
    'secret_command: /bin/cat /lib/tmpfiles.d/exoauth-secret'; do
    account "$what"
    ok "$what" exo refresh $app --force
    quiet "$what"
done
is "$(tail -n 1 "$SITE/endpoint.requests" | grep -c canary-client-secret)" 1 'that secret is sent'
ok 'the key is below /opt' test -s "$host/var/opt/exoauth/exoauth.key"
ok 'rekey' exo rekey
quiet 'rekey'
rm -r "$host/var/lib/exoauth"
configure 'token_dir: /run/exoauth/tokens' 'key_file: /lib/tmpfiles.d/exoauth.key'
ok 'a key below /lib' exo refresh $app --force
quiet 'a key below /lib'
ok 'is there' test -s "$host/usr/lib/tmpfiles.d/exoauth.key"
umount "$host/usr/lib/tmpfiles.d"
