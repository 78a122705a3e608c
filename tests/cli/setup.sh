#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth setup postfix: what it plans, asks, refuses, warns of and takes back,
# in a mount namespace with an /etc, a queue and a plugin directory of its own.
# That mail flows afterwards is for tests/e2e/setup.sh.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/machine.sh"
need_root 'making users and mounting file systems'
need_cmd postconf postfix script useradd
own_mounts "$@"

# ----- a Debian machine of its own

site_up
site_endpoint ok:token-1
machine_up
setup() { x setup postfix "$@"; }

# As Debian's package makes it for "Internet Site".
plain()
{
    machine_plain <<'END'
# See /usr/share/postfix/main.cf.dist for a commented, more complete version
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
compatibility_level = 3.6
smtpd_tls_security_level=may
smtp_tls_CApath=/etc/ssl/certs
smtp_tls_security_level=may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache

myhostname = mx.contoso.test
mydestination = $myhostname,
    localhost
relayhost = 
mynetworks = 127.0.0.0/8
END
}
tell() { postconf -c $etc -e "$@"; }
value() { postconf -c $etc -h "$1"; }
sums() { find /etc ! -name .exoauth.lock -printf '%p %y %m %U:%G %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort; }
postfix_sums() { sha256sum $etc/main.cf $etc/master.cf; }

echo secret >"$SITE/secret/app"
account()
{
    printf '%s\n' 'provider: custom' 'client_id: app' "servers: ${*:2}" \
        "token_endpoint: $SITE_URL/token" "secret_file: $SITE/secret/app" \
        >"$SITE/etc/exoauth.d/$1.conf"
}
account $relay smtp.office365.com mail.contoso.test
# The user of the system that setup is to make does not own it.
chmod 0644 "$SITE/secret/app"
plain

# ----- usage

exits 64 'nothing to set up' x setup
one_line 'nothing to set up' postfix
exits 64 'something else' x setup exim $relay
one_line 'something else' 'only postfix'
exits 64 'no account' setup
one_line 'no account' 'give the account'
exits 64 'undo of one account' setup $relay --undo
one_line 'undo of one account' 'all of it'
exits 64 'not root' site_as 65534:65534 "$EXO" setup postfix $relay --yes
one_line 'not root' 'sudo exoauth setup'
exits 64 'a relay without brackets' setup $relay --relayhost smtp.office365.com --dry-run
one_line 'a relay without brackets' 'in brackets'
exits 64 'a transport that is no name' setup $relay --transport 'a b' --dry-run
exits 64 'a transport of others' setup $relay --transport relay --dry-run
one_line 'a transport of others' 'another name'
exits 64 'an option of another command' x status --relayhost '[a]'
exits 67 'an account that is none' setup nobody@contoso.test --dry-run
one_line 'an account that is none' 'exoauth login'
exits 78 'a relay that may not have the token' setup $relay --relayhost '[other.test]:587' --dry-run
one_line 'a relay that may not have the token' \
    "--set servers='smtp.office365.com mail.contoso.test other.test'\$"
account second@contoso.test smtp.office365.com
exits 64 'a delay for two mailboxes' setup $relay second@contoso.test --rate-delay 2 --dry-run
one_line 'a delay for two mailboxes' 'single mailbox'

# ----- a dry run

before=$(sums)
ok '--dry-run' setup $relay --dry-run
is "${OUT##*$'\n'}" 'would change' 'says that it would'
is "$(sums)" "$before" 'nothing below /etc is another'
like "$OUT" "users of the system"$'\n'"  \+ exotest$$" 'the user of the system'
like "$OUT" $'\+ chroot: /var/spool/postfix\n  \+ token_group: postfix' 'exoauth.conf'
like "$OUT" "\+ \[smtp.office365.com\]:587 $relay" 'the map; the relay is the first of servers'
like "$OUT" "\+ exoauth unix - n n - 100 spawn user=exotest$$ argv=$EXO serve"$'\n' \
    'the service, which finds its configuration by itself'
like "$OUT" $'- smtp_tls_security_level = may\n  \+ smtp_tls_security_level = secure' 'TLS'
like "$OUT" '\+ smtp_tls_CAfile = /etc/' 'the CA file, which a jail needs'
like "$OUT" '\+ smtp_destination_concurrency_limit = 3' 'three at a time at Exchange'
unlike "$OUT" 'rate_delay' 'no delay that nobody asked for'
like "$OUT" '\+ smtp_sasl_tls_verified_security_options = noanonymous'$'\n' \
    'the one option that is loosened'
unlike "$OUT" '\+ smtp_sasl_(tls_)?security_options' 'and no other'
like "$OUT" '\+ smtp_sasl_mechanism_filter = xoauth2' 'the filter'
is "$ERR" '' 'no warning'
ok 'as anybody' site_as 65534:65534 "$EXO" setup postfix $relay --dry-run
ok 'with a delay' setup $relay --rate-delay 2 --dry-run
like "$OUT" '\+ smtp_destination_rate_delay = 2s' 'that was asked for'
unlike "$OUT" 'concurrency_limit' 'which makes it one at a time'
ok 'at another server' setup $relay --relayhost '[mail.contoso.test]:587' --dry-run
unlike "$OUT" 'concurrency_limit' 'as many as before'
ok 'with implicit TLS' setup $relay --relayhost '[mail.contoso.test]:465' --dry-run
like "$OUT" 'smtp_tls_wrappermode = yes' 'says so'
tell smtp_tls_wrappermode=yes
ok 'without it' setup $relay --relayhost '[mail.contoso.test]:587' --dry-run
like "$OUT" '\+ smtp_tls_wrappermode = no' 'takes TLS from the start away'

# ----- what an administrator has stays

tell smtp_tls_security_level=dane-only smtp_destination_concurrency_limit=2 \
    smtp_tls_CAfile=/etc/own.pem 'smtp_sasl_security_options=noplaintext, noanonymous, nodictionary' \
    smtp_sasl_password_maps=hash:/etc/postfix/sasl_passwd
ok 'stricter values' setup $relay --dry-run
unlike "$OUT" '(tls_security_level|concurrency_limit|CAfile|[+-] smtp_sasl_security_options)' 'stay'
like "$OUT" '\+ smtp_sasl_tls_verified_security_options = noanonymous,nodictionary' \
    'only noplaintext goes'
like "$OUT" '\+ smtp_sasl_password_maps = texthash:/etc/postfix/exoauth_passwd, hash:/etc/postfix/sasl_passwd' \
    'the passwords of other relays stay, after ours'
unlike "$OUT" mechanism_filter 'and so does their mechanism'
tell smtp_sasl_tls_verified_security_options=noanonymous,mutual_auth
exits 78 'an option that no token fulfils' setup $relay --dry-run
one_line 'an option that no token fulfils' 'mutual_auth'
plain
tell smtp_sasl_tls_security_options=noanonymous smtp_tls_security_level=verify
ok 'one that is loose already' setup $relay --dry-run
unlike "$OUT" 'security_options' 'is not touched'
like "$OUT" '\+ smtp_tls_security_level = secure' 'verify becomes secure'
plain
postconf -c $etc -P smtp/unix/smtp_sasl_auth_enable=no
exits 78 'an option of the service in master.cf' setup $relay --dry-run
one_line 'an option of the service in master.cf' 'postconf -c /etc/postfix -PX smtp/unix/smtp_sasl_auth_enable'
plain
tell default_transport=error:no
exits 78 'a default_transport that is no smtp' setup $relay --dry-run
one_line 'a default_transport that is no smtp' '--transport NAME'
ok 'a transport' setup $relay --transport m365 --dry-run
like "$OUT" 'm365 unix - - y - - smtp -o smtp_tls_security_level=secure' 'does not care'
like "$OUT" '\+ m365_destination_concurrency_limit = 3' 'its pace'
unlike "$OUT" '\+ (relayhost|smtp_)' 'main.cf keeps its own'

# ----- passwords that stand in main.cf, master.cf or a map are shown by nothing

# hidden DESC: what was said has the place, and nothing that is in it
hidden()
{
    unlike "$OUT$ERR" canary "$1: no password is shown"
    like "$OUT$ERR" '\(not shown\)' "$1: it says so"
}
for maps in 'static:joe:canary-1, hash:/etc/x, static:{joe:canary 1}' \
    'pipemap:{inline:{ {x=joe:canary}, y=j:canary}, static:joe:canary-3}, randmap:{a:canary-1, b:canary}'; do
    plain
    tell "smtp_sasl_password_maps=$maps"
    before=$(postfix_sums)
    ok "--dry-run with $maps" setup $relay --dry-run
    hidden '--dry-run'
    ok '--yes' setup $relay --yes
    hidden '--yes'
    is "$(value smtp_sasl_password_maps)" "texthash:$etc/exoauth_passwd, $maps" 'it is kept'
    tell "smtp_sasl_password_maps=$maps, static:u:canary-2"
    exits 78 '--undo of what others changed' setup --undo --dry-run
    hidden '--undo, its message'
    tell "smtp_sasl_password_maps=texthash:$etc/exoauth_passwd, $maps"
    ok '--undo --dry-run' setup --undo --dry-run
    hidden '--undo --dry-run'
    ok '--undo' setup --undo --yes
    hidden '--undo'
    is "$(postfix_sums)" "$before" 'gives it back'
done
plain
tell 'smtp_sasl_password_maps=texthash:/etc/static:x, hash:/etc/{a}'
ok 'what only looks like it' setup $relay --dry-run
like "$OUT" 'passwd, texthash:/etc/static:\(not shown\), hash:/etc/\{a\}' 'hides too much'
plain
printf '%s\n' '# joe:canary-0' '[s.test]:587 joe:canary-1' '  more joe:canary-2' >$etc/exoauth_passwd
chmod 0600 $etc/exoauth_passwd
ok "a map of somebody else's" setup $relay --dry-run
hidden 'the map'
like "$OUT" '- \[s.test\]:587 joe:\(not shown\)' 'the map: server and user are'
ok 'in its place' setup $relay --yes
hidden 'the map, --yes'
ok 'back' setup --undo --yes
hidden 'the map, --undo'
ok 'it is there again' grep -q canary-1 $etc/exoauth_passwd
plain
rm -f $etc/exoauth_passwd
ok 'a transport' setup $relay --transport m365 --yes
postconf -c $etc -M 'm365/unix=m365 unix - - n - - smtp -o smtp_sasl_password_maps=static:joe:canary-1'
exits 78 'that others changed' setup --undo --dry-run
hidden '--undo, master.cf'
postconf -c $etc -MX m365/unix
ok 'undo' setup --undo --yes

# ----- a program that others could exchange is not what master(8) runs

install -d -o 4711 "$SITE/theirs"
cp "$EXO" "$SITE/theirs/exoauth"
cp "$EXO" "$SITE/bin/open"
chmod 0777 "$SITE/bin/open"
cp "$EXO" "$SITE/bin/given"
chown 4711 "$SITE/bin/given"
install -d "$SITE/wide"
cp "$EXO" "$SITE/wide/exoauth"
chmod 0775 "$SITE/wide"
plain
before=$(postfix_sums)
for program in theirs/exoauth bin/open bin/given wide/exoauth; do
    exits 78 "setup by $program" "$SITE/$program" setup postfix $relay --yes
    one_line "setup by $program" "master.cf must not name $SITE/$program, .*; (install|use|run)"
    is "$(postfix_sums)" "$before" 'nothing is changed'
done
ok 'by the installed one' setup $relay --yes
postconf -c $etc -M "exoauth/unix=exoauth unix - n n - 100 spawn user=exotest$$ argv=$SITE/wide/exoauth serve"
like "$(x doctor 2>&1)" \
    "service exoauth of master.cf runs $SITE/wide/exoauth, which others could exchange: $SITE/wide can be written to by its group; use a path in directories that only root can write to" \
    'doctor tells of one'
postconf -c $etc -MX exoauth/unix
x setup postfix --undo --yes >/dev/null 2>&1
ok 'undo' setup --undo --yes

# ----- warnings

plain
tell smtp_sasl_auth_cache_name=proxy:btree:/var/lib/postfix/sasl \
    'smtp_tls_policy_maps=inline:{[smtp.office365.com]:587=may}' \
    'transport_maps=inline:{a.test=smtp:b.test}'
printf '\0XOAUTH2\0' >"$plugins/libkdexoauth2.so"
rm "$plugins/libexoauth.so"
ok 'with all that can be in the way' setup $relay --dry-run
like "$ERR" 'smtp_sasl_auth_cache_name is set.*; run: postconf -c /etc/postfix -X' 'the cache'
like "$ERR" "libexoauth.so is not in $plugins, where this Postfix looks" 'the plugin'
like "$ERR" "$plugins/libkdexoauth2.so offers XOAUTH2, too" 'another plugin'
like "$ERR" 'smtp_tls_policy_maps says may for \[smtp.office365.com\]:587' 'a policy'
like "$ERR" 'transport_maps may lead mail to other servers' 'other servers'
rm "$plugins/libkdexoauth2.so"

# ----- what cannot work

sed -i 's/^run_as:.*/run_as: postfix/' $conf
exits 78 'run_as postfix' setup $relay --dry-run
one_line 'run_as postfix' 'spawn.8. of Postfix'
plain
echo 'token_group: daemon' >>$conf
exits 78 'a group without Postfix' setup $relay --dry-run
one_line 'a group without Postfix' 'usermod -a -G daemon postfix'
plain
echo 'no equals sign' >>$etc/main.cf
exits 78 'a broken main.cf' setup $relay --yes
one_line 'a broken main.cf' "missing '=' after attribute name"
plain
rm $etc/main.cf
exits 78 'no main.cf' setup $relay --yes
one_line 'no main.cf' 'main.cf: No such file'
plain
exits 78 'no such directory' setup $relay --config-dir /nonexistent --yes
one_line 'no such directory' '/nonexistent'
exits 64 'a relative directory' setup $relay --config-dir postfix --yes
touch "$SITE/none"
mount --bind "$SITE/none" "$(command -v postconf)"
exits 78 'no Postfix' setup $relay --yes
one_line 'no Postfix' 'no postconf on this host; install'
umount "$(command -v postconf)"
mkdir "$SITE/other"
cat >"$SITE/other/postconf" <<END
#!/bin/sh
case "\$*" in *-A*) echo dovecot; exit;; esac
exec $(command -v postconf) "\$@"
END
chmod +x "$SITE/other/postconf"
exits 78 'a Postfix without Cyrus SASL' env "PATH=$SITE/other:$PATH" "$EXO" setup postfix $relay --yes
one_line 'a Postfix without Cyrus SASL' 'without Cyrus SASL'

# ----- asking

cp -L "$EXO_BUILDDIR/.libs/libexoauth.so" "$plugins/"
before=$(sums)
exits 64 'nobody to ask' setup $relay
one_line 'nobody to ask' 'nothing was changed: .*--yes'
said=$(printf 'n\n' | script -qec "$EXO setup postfix $relay" /dev/null | tr -d '\r')
like "$said" 'Change this\? \[y/N\]' 'on a terminal it asks'
like "$said" 'unchanged$' 'no is no'
is "$(sums)" "$before" 'nothing below /etc is another'

# ----- a check that fails

rm "$plugins/libexoauth.so"
exits 78 'without the plugin' setup $relay --yes
like "$ERR" "exoauth serve has a token" 'exoauth itself works'
like "$ERR" 'Postfix was not changed; .*: .*no mechanism XOAUTH2' 'the login does not'
is "$(value relayhost)" '' 'and Postfix is as it was'
ok 'the user was made' id "exotest$$"
ok 'undo of that' setup --undo --yes
cp -L "$EXO_BUILDDIR/.libs/libexoauth.so" "$plugins/"
rm -rf "$SITE_STORE"
site_script aadsts:7000222:invalid_client
rm -f "$SITE_TOKENS"/* "$SITE_STORE"/*
exits 78 'a provider that refuses' setup $relay --yes
like "$ERR" 'Postfix was not changed; .*: .*invalid_client' 'is told, with Postfix as it was'
ok 'undo of that' setup --undo --yes
site_script ok:token-1
rm -rf "$SITE_STORE" "$SITE_TOKENS"

# A secret that is for a group: root's exoauth becomes its user with all of
# his groups, spawn(8) gives him none.
groupadd "exogroup$$"
usermod -a -G "exogroup$$" "exotest$$"
chown "root:exogroup$$" "$SITE/secret/app"
chmod 0640 "$SITE/secret/app"
ok 'what works for root' x token $relay
rm -rf "$SITE_STORE" "$SITE_TOKENS"
exits 78 'and not for spawn(8)' setup $relay --yes
like "$ERR" "Postfix was not changed; .*: .*secret_file $SITE/secret/app" 'is found out'
chmod 0644 "$SITE/secret/app"
ok 'undo of that' setup --undo --yes
rm -rf "$SITE_STORE" "$SITE_TOKENS"

# ----- two at a time

python3 -c 'import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w").close()
sys.stdin.read()' /etc/sasl2/.exoauth.lock "$SITE/locked" < <(sleep 120) &
locker=$!
for ((i = 0; i < 300; i++)); do [[ -e $SITE/locked ]] && break; sleep 0.1; done
exits 75 'beside another setup' setup $relay --yes
one_line 'beside another setup' 'another setup is at work'
kill $locker
wait $locker 2>/dev/null
is "$(stat -c '%U %a' /etc/sasl2/.exoauth.lock)" 'root 600' 'the lock is root'"'"'s'
exec 9<$etc
flock -n 9 # as any user of the host can: from here on nobody cares

# ----- read-only

before=$(sums)
mount -o remount,bind,ro /etc
exits 78 'a read-only /etc' setup $relay --yes
like "$ERR" 'cannot write /etc/postfix/exoauth.undo: Read-only file system; ' 'is told'
is "$(grep -c '' <<<"$ERR")" 1 'in one line'
ok 'a dry run does not care' setup $relay --dry-run
mount -o remount,bind,rw /etc
is "$(sums)" "$before" 'nothing below /etc is another'

# ----- setup, again, and back

tell smtp_tls_CAfile=
before=$(postfix_sums)
was=$(<$conf)
# Files that are open to one more user stay so.
list() { python3 "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/list.py" "$@"; }
listed=(user::6 user:4711:4 group::0 mask::4 other::4)
list set $etc/main.cf "${listed[@]}" 2>/dev/null && list set "$conf" "${listed[@]}"
lists=$(list get $etc/main.cf "$conf")
ok 'setup' setup $relay --yes
is "$(list get $etc/main.cf "$conf")" "$lists" 'the access lists are kept'
is "${OUT##*$'\n'}" changed 'has changed something'
like "$ERR" 'the mail user in the jail can log in' 'was checked'
like "$ERR" 'Postfix does not run; start it' 'and says what is left to do'
is "$(value relayhost)" '[smtp.office365.com]:587' 'the relay'
is "$(stat -c '%U %a' $etc/exoauth.undo)" 'root 600' 'the journal is root'"'"'s'
like "$(<$conf)" '# kept' 'comments stay'
ok 'a second setup' setup $relay --yes
is "${OUT##*$'\n'}" unchanged 'changes nothing'
ok 'another mailbox beside it' setup $relay second@contoso.test --yes
like "$OUT" 'smtp_sender_dependent_authentication = yes' 'each logs in as itself'
is "$(postmap -q Second@contoso.test regexp:$etc/exoauth_senders)" second@contoso.test 'by the map'
unlike "$(<$etc/exoauth_passwd)" second 'that Postfix never asks for a bare local part'
ok 'a transport for both' setup $relay second@contoso.test --transport m365 --dry-run
like "$OUT" 'sender_dependent_default_transport_maps = regexp:/etc/postfix/exoauth_transport' \
    'has such a map as well'
like "$OUT" '\+ /\^second@contoso\\\.test\$/ m365:\[smtp.office365.com\]:587' 'of expressions'
account @contoso.test smtp.office365.com
ok 'a domain beside it' setup $relay @contoso.test --yes
is "$(value smtp_sasl_password_maps)" "texthash:$etc/exoauth_passwd,regexp:$etc/exoauth_senders" \
    'has a map of patterns'
is "$(postmap -q 'Me.too@contoso.test' regexp:$etc/exoauth_senders)" Me.too@contoso.test \
    'which gives each sender its own name'
is "$(postmap -q 'me@contosoxtest' regexp:$etc/exoauth_senders)" '' 'and nobody else'
long=$(printf '%0227d@contoso.test' 1)
is "$(postmap -q "$long" regexp:$etc/exoauth_senders)" "$long" 'a sender of 240 bytes'
ok 'may be an account' x show "$long"
is "$(postmap -q "0$long" regexp:$etc/exoauth_senders)" '' 'one of 241 goes another way'
not_ok 'as it can be none' x show "0$long"
# As smtp(8) looks them up, without quotes, and as they are written. Postfix
# ends the user name at the first colon of what a map gives.
hostile=('other@fabrikam.test:x' '"other@fabrikam.test:x"' 'other:x' '"a b"' 'a b'
    '"x"' 'other@fabrikam.test' 'fabrikam\other' 'a,b' 'a;b' '<a>' '(a)' $'a\tb' '[a]'
    'a/b' '*' 'a?b' '.a' 'a.' 'a..b' $'a\x80' $'\xff' $'a\xc2\x9bb' $'a\xc2\xa0b'
    $'a\xe2\x80\xaetxt' $'a\xe2\x81\xa6' $'a\xef\xbb\xbf' $'a\xf3\xa0\x81\xa1' $'a\xe3\x80\x80b'
    $'run\xef\xbc\x9a id' $'a\x01' $'a\x7f' $'m\xc3\xbcller')
for who in "${hostile[@]}"; do
    is "$(postmap -q "$who@contoso.test" regexp:$etc/exoauth_senders 2>/dev/null)" '' \
        "nor the sender $who"
done
# Each of these is an account, as the plugin has it: what the map lets through
# is what exoauth knows.
for who in "o'brien" 'a+b=c' 'a.b-c_d' '#1' '$x' '{y}' '!#$%&'"'"'+-=^_`{|}~' Az09; do
    is "$(postmap -q "$who@contoso.test" regexp:$etc/exoauth_senders 2>&1)" \
        "$who@contoso.test" "but $who"
done
for ((i = 33; i < 127; i++)); do
    printf -v who "\\x$(printf %x $i)"
    [[ $(postmap -q "a${who}b@contoso.test" regexp:$etc/exoauth_senders 2>/dev/null) == "" ]] ||
        x show "a${who}b@contoso.test" >/dev/null 2>&1 || echo "a${who}b"
done >"$SITE/unknown"
is "$(<"$SITE/unknown")" '' 'every sender that the map lets through is an account'
recipe=$(sed -n '/^\.\\" recipe: postfix-senders-map/,/^\.Ed/s/^\(\/^(.*\)contoso.*/\1/p' \
    "${EXO_SRCDIR:-$(dirname "$0")/../..}/man/exoauth-recipes.7" | sed 's/\\e/\\/g')
is "$recipe" "$(sed -n 's/^\(\/^(.*\)contoso.*/\1/p' $etc/exoauth_senders)" \
    'the pattern is that of exoauth-recipes(7)'
account Upper@contoso.test smtp.office365.com
ok 'an account in a file that is not read, in a domain that has one' \
    setup upper@contoso.test --dry-run
like "$ERR" 'Upper@contoso.test.conf is not read: .* named upper@contoso.test.conf' 'is a warning'
mv "$SITE/etc/exoauth.d/@contoso.test.conf" "$SITE/domain"
exits 67 'an account in a file that is not read' setup upper@contoso.test --dry-run
like "$ERR" 'Upper@contoso.test.conf is not read: .* named upper@contoso.test.conf' 'names the file'
mv "$SITE/domain" "$SITE/etc/exoauth.d/@contoso.test.conf"
rm "$SITE/etc/exoauth.d/Upper@contoso.test.conf"
for who in 'a#b' 'a:b' 'a b' 'a{b' 'a}b' 'a$b' 'a,b' '"a"' 'a\b' '*'; do
    exits 64 "an account $who" setup "$who@contoso.test" --dry-run
    one_line "an account $who" 'it contains'
done
ok 'without it again' setup $relay --yes
is "$(value smtp_sasl_password_maps)" "texthash:$etc/exoauth_passwd" 'it is not looked for'
ok 'undo --dry-run' setup --undo --dry-run
is "${OUT##*$'\n'}" 'would change' 'would'
isnt "$(postfix_sums)" "$before" 'and does not'
exits 64 'undo asks, too' setup --undo
ok 'undo of both' setup --undo --yes
is "$(postfix_sums)" "$before" 'to the byte'
is "$(<$conf)" "$was" 'exoauth.conf as well'
is "$(find $etc -name '*exoauth*')" '' 'nothing is left over'
ok 'nothing to undo' setup --undo --yes
is "$OUT" unchanged 'is said'

# ----- key by key

ok 'setup' setup $relay --yes
tell smtp_tls_security_level=encrypt biff=yes
postconf -c $etc -M 'exoauth/unix=exoauth unix - n n - 5 spawn user=nobody argv=/bin/true'
exits 78 'undo where others were at work' setup --undo --yes
like "$ERR" 'smtp_tls_security_level is "encrypt" now.*postconf -c /etc/postfix -e smtp_tls_security_level=may' \
    'says which, and how to go back'
like "$ERR" 'exoauth/unix is "exoauth unix - n n - 5 spawn' 'of master.cf, too'
is "$(value smtp_sasl_auth_enable) $(value biff) $(value smtp_tls_security_level)" \
    'no yes encrypt' 'the rest is taken back, what others did stays'
like "$(postconf -c $etc -M exoauth/unix)" 'argv=/bin/true' 'the service stays'
tell smtp_tls_security_level=may
postconf -c $etc -MX exoauth/unix
ok 'put right' setup --undo --yes
is "$(find $etc -name '*exoauth*')" '' 'nothing is left over'
plain
ok 'setup' setup $relay --yes
sed -i 's/^chroot:.*/chroot: \/var\/spool\/postfix \/srv\/jail/' $conf
tell 'smtp_sasl_password_maps=texthash:/etc/postfix/exoauth_passwd, hash:/etc/postfix/more'
exits 78 'undo where others have joined' setup --undo --yes
like "$(<$conf)" $'\nchroot: /srv/jail' 'only our jail goes'
like "$(<$conf)" 'token_group: postfix' 'what others may need stays'
like "$ERR" 'exoauth_passwd stays, as main.cf leads to it' 'as does the map that is in use'
ok 'it is there' test -e $etc/exoauth_passwd
plain
ok 'setup of a transport' setup $relay --transport m365 --yes
tell 'transport_maps=inline:{a.test=m365:[b.test]:587}'
exits 78 'undo where it has found other work' setup --undo --yes
like "$ERR" 'm365/unix stays, as main.cf leads to it' 'leaves the service'
like "$(postconf -c $etc -M m365/unix)" 'exoauth_passwd' 'with what it needs'
ok 'its map is there' test -e $etc/exoauth_passwd
tell transport_maps=
ok 'when it is idle' setup --undo --yes
is "$(find $etc -name '*exoauth*')" '' 'nothing is left over'

# ----- another instance: what is to be typed says which, in quotes

plain
other='/etc/pf;echo oops'
cp -a $etc "$other"
ok 'setup' setup $relay --yes
ok 'setup of the other' setup $relay --config-dir "$other" --yes
like "$ERR" "start it: postfix -c '$other' start"$'(\n|$)' 'is started by itself'
mkdir "$SITE/fake"
printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$SITE/fake/postfix"
chmod +x "$SITE/fake/postfix"
is "$(PATH=$SITE/fake:$PATH sh -c "$(sed -n 's/.*start it: //p' <<<"$ERR")")" "<-c><$other><start>" \
    'by that very command'
postconf -c "$other" -e 'relayhost=[else.test]'
exits 78 'undo where others were at work' setup --undo --config-dir "$other/" --yes
command=${ERR##*run: }
is "$command" "exoauth setup postfix --undo --config-dir '$other'" 'has a command for the other'
postconf -c "$other" -e 'relayhost='
ok 'which' env PATH="$SITE/bin:$PATH" sh -c "$command --yes"
is "$(find "$other" -name '*exoauth*')" '' 'takes it back'
is "$(value relayhost)" '[smtp.office365.com]:587' 'and nothing of the first'
tell 'relayhost=[else.test]'
exits 78 'undo of the first, by its name' setup --undo --config-dir $etc --yes
is "${ERR##*run: }" 'exoauth setup postfix --undo' 'which is not needed'
tell relayhost=
ok 'undo' setup --undo --yes
exits 64 'somebody' setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$EXO" setup postfix --undo --config-dir "$other"
like "$ERR" "sudo exoauth setup postfix --undo --config-dir '$other'$" 'is told the same'
rm -rf "$other"
echo '{"version": 7}' >$etc/exoauth.undo
exits 78 'a journal that is damaged' setup --undo --yes
like "$ERR" 'exoauth.undo is damaged .*; move it away' 'is told'

# ----- values that are longer than most

# maps N: so many maps in one list, of 70 bytes each
maps()
{
    local i
    for ((i = 0; i < $1; i++)); do
        printf 'hash:/etc/postfix/sasl/a-map-of-one-customer-of-ours-number-%010d, ' "$i"
    done
}
plain
tell "smtp_sasl_password_maps=$(maps 200)hash:/etc/postfix/last"
tell "sender_dependent_default_transport_maps=$(maps 200)hash:/etc/postfix/ways"
before=$(postfix_sums)
ok 'a plan with 200 maps' setup $relay --dry-run
like "$OUT" "smtp_sasl_password_maps = texthash:$etc/exoauth_passwd, hash:.*hash:/etc/postfix/last" \
    'keeps them'
ok 'setup with 200 maps' setup $relay --yes
is "$(value smtp_sasl_password_maps)" \
    "texthash:$etc/exoauth_passwd, $(maps 200)hash:/etc/postfix/last" 'keeps all of them'
ok 'again' setup $relay --yes
is "${OUT##*$'\n'}" unchanged 'is nothing to do'
ok 'undo' setup --undo --yes
is "$(postfix_sums)" "$before" 'brings them back'
ok 'a transport with 200 maps' setup $relay --transport m365 --yes
is "$(value sender_dependent_default_transport_maps)" \
    "regexp:$etc/exoauth_transport, $(maps 200)hash:/etc/postfix/ways" 'keeps all of them'
ok 'undo' setup --undo --yes
is "$(postfix_sums)" "$before" 'brings them back'
tell "smtp_sasl_tls_verified_security_options=noplaintext,$(maps 100)"
before=$(postfix_sums)
exits 78 'security options of 7,000 bytes' setup $relay --yes
one_line 'security options of 7,000 bytes' 'nothing was changed: .* too large; shorten'
is "$(postfix_sums)" "$before" 'are not replaced by others'

# ----- a machine that knows nothing of exoauth but the account

mkdir "$SITE/empty" "$SITE/run-empty"
mount --bind "$SITE/empty" /var/lib && mount --bind "$SITE/run-empty" /run ||
    skip_all 'mounting is not allowed'
cleanup umount /var/lib /run
plain
rm $conf
mkdir /etc/sasl2/exoauth.d
cp "$SITE/etc/exoauth.d/$relay.conf" /etc/sasl2/exoauth.d/
userdel exoauth 2>/dev/null
before=$(postfix_sums)
ok 'setup with every default' setup $relay --yes
is "$(<$conf)" $'chroot: /var/spool/postfix\ntoken_group: postfix' 'exoauth.conf is made'
is "$(getent passwd exoauth | cut -d: -f6-)" /var/lib/exoauth:/usr/sbin/nologin \
    'so is the user exoauth'
is "$(stat -c '%U:%G %a' /var/lib/exoauth /run/exoauth/tokens /var/spool/postfix/run/exoauth/tokens)" \
    $'exoauth:exoauth 700\nexoauth:postfix 2750\nexoauth:postfix 2750' 'the directories'
like "$(postconf -c $etc -M exoauth/unix)" 'user=exoauth argv=[^ ]* serve$' 'the service'
ok 'undo' setup --undo --yes
is "$(postfix_sums)" "$before" 'Postfix is as before'
ok 'exoauth.conf is gone' test ! -e $conf
ok 'and what was below the jail' test ! -e /var/spool/postfix/run
