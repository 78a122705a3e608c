#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Files that are named to the program are read through no link and no
# directory of somebody else: root would send his own to a provider, and
# run_as would take another's key or configuration.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being attacked'
need_cmd setpriv python3 openssl

mail=4711 # somebody else
app=app@contoso.test
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
them() { site_as $mail:$mail "$@"; }
account=$SITE/etc/exoauth.d/$app.conf
ok 'refresh' x refresh $app
install -d -o $mail "$SITE/w"
# try ANSWER DESC COMMAND...: refused, the link is named, nobody is asked
try()
{
    local before rc=$1 desc=$2
    before=$(site_count)
    shift 2
    exits "$rc" "$desc" "$@"
    like "$ERR" "$SITE/w(/[a-z]+)? (is a symbolic link of uid $mail, .*remove it|belongs to uid $mail)" \
        'is refused, and it says why'
    is "$(site_count)" "$before" 'nobody is asked'
}
own() { install -m 0644 -o "${3:-root}" "$1" "$2"; }

# ----- named on the command line

echo root-only >"$SITE/secret/shadow"
chmod 0600 "$SITE/secret/shadow"
them ln -s "$SITE/secret/shadow" "$SITE/w/x"
try 64 'login --secret-file' x login $app --secret-file "$SITE/w/x"
try 64 'a relative name' env -C "$SITE" "$EXO" login $app --secret-file w/x --config "$SITE_CONF"
install -d -m 1777 "$SITE/sticky"
them ln -s "$SITE/secret/shadow" "$SITE/sticky/x"
exits 64 'a link in a sticky directory' x login $app --secret-file "$SITE/sticky/x"
like "$ERR" "$SITE/sticky/x is a symbolic link of uid $mail" 'is refused, too'
try 64 'export --password-file' x export --all --out "$SITE/bundle" --password-file "$SITE/w/x"
try 64 '--refresh-token-file' x login new@contoso.test --set provider=google --set client_id=a \
    --refresh-token-file "$SITE/w/x"
mkfifo "$SITE/pipe"
rm "$SITE/w/x"
them ln -s "$SITE/pipe" "$SITE/w/x"
try 64 'a pipe behind it' timeout 5 "$EXO" login $app --secret-file "$SITE/w/x" --config "$SITE_CONF"
rm "$SITE/w/x"
them ln -s "$SITE_CONF" "$SITE/w/x"
try 78 '--config' "$EXO" token $app --config "$SITE/w/x"
them ln -s "$SITE/etc" "$SITE/w/etc"
try 78 '--config below a linked directory' "$EXO" token $app --config "$SITE/w/etc/exoauth.conf"

# ----- named by a key

rm "$SITE/w/x"
site_account $app "secret_file: $SITE/w/x"
own "$SITE/secret/app" "$SITE/secret/good" nobody
them ln -s "$SITE/secret/good" "$SITE/w/x"
try 78 'secret_file' x refresh $app --force
like "$(x doctor $app)" "secret_file $SITE/w/x: $SITE/w(/x)? (is|belongs)" 'doctor names it'
site_account $app "assertion_file: $SITE/w/x"
try 78 'assertion_file' x refresh $app --force
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -days 9 -keyout "$SITE/k.pem" \
    -out "$SITE/c.pem" 2>/dev/null
chmod 0644 "$SITE"/[ck].pem
chown nobody "$SITE/k.pem"
them ln -s "$SITE/k.pem" "$SITE/w/k"
them ln -s "$SITE/c.pem" "$SITE/w/c"
site_account $app "certificate: $SITE/w/c" "private_key: $SITE/k.pem"
try 78 'certificate' x refresh $app --force
site_account $app "certificate: $SITE/c.pem" "private_key: $SITE/w/k"
try 78 'private_key' x refresh $app --force
site_account $app "certificate: $SITE/c.pem" "private_key: file:$SITE/w/k"
try 78 'private_key as a URI' x refresh $app --force
site_account $app "secret_file: $SITE/secret/app"
site_conf ca_file "$SITE/w/c"
try 78 'ca_file' x refresh $app --force
site_conf ca_file
site_conf proxy http://$TAP_LOOP_URL:1
site_conf proxy_auth_file "$SITE/w/x"
# Plain http goes to no proxy, and needs none of its words.
sed -i 's|^token_endpoint: .*|token_endpoint: https://localhost:1/token|' \
    "$SITE/etc/exoauth.d/$app.conf"
try 78 'proxy_auth_file' x refresh $app --force
site_account $app "secret_file: $SITE/secret/app"
site_conf proxy
site_conf proxy_auth_file
site_conf account_dir "$SITE/w/ad"
them ln -s "$SITE/etc/exoauth.d" "$SITE/w/ad"
try 78 'account_dir' x refresh $app --force
site_conf account_dir
mv "$account" "$SITE/account"
ln -s "$SITE/account" "$account"
chown -h $mail "$account"
exits 78 'an account file that is a link of somebody else' x refresh $app --force
like "$ERR" "$account is a symbolic link of uid $mail" 'is refused'
chown -h root "$account"
ok 'one of root' x refresh $app --force
them ln -s "$SITE/etc/exoauth.key" "$SITE/w/key"
site_conf key_file "$SITE/w/key"
try 74 'key_file' x refresh $app --force
# doctor says so whether there is a key or not.
key_row() { x doctor $app 2>/dev/null | grep '^failure  files .*key' | grep -v "account_dir"; }
like "$(key_row)" "$SITE/w(/key)? (is a symbolic link of|belongs to) uid $mail" 'doctor: a link of theirs'
rm "$SITE/w/key"
like "$(key_row)" "key_file $SITE/w/key: $SITE/w belongs to uid $mail" 'doctor: no key there yet'
them ln -s "$SITE/nowhere" "$SITE/w/key"
like "$(key_row)" "key_file $SITE/w/key: $SITE/w(/key)? (is a symbolic link of|belongs to) uid $mail" \
    'doctor: a link that leads nowhere'
rm "$SITE/w/key"
them mkdir "$SITE/w/sub"
site_conf key_file "$SITE/w/sub/key"
like "$(key_row)" "key_file $SITE/w/sub/key: $SITE/w belongs to uid $mail" 'doctor: a directory below'
rmdir "$SITE/w/sub"
them ln -s "$SITE/nowhere" "$SITE/sticky/key"
site_conf key_file "$SITE/sticky/key"
like "$(key_row)" "key_file $SITE/sticky/key: $SITE/sticky/key is a symbolic link of uid $mail" \
    'doctor: one in a sticky directory'
rm "$SITE/sticky/key"
site_conf key_file

# ----- the files of other programs

# Its owner may be anybody, so the way to it must be that owner's, or root's.
# try_import DESC FILE COMMAND...: FILE is not sent for somebody else's link
try_import()
{
    local before desc=$1
    before=$(site_count)
    shift
    exits 64 "import through $desc" x import --from "$@" --set client_id=a \
        --set token_endpoint="$SITE_URL/token" --set servers=m.test
    like "$ERR" "$SITE/(w(/[a-z]+)?|sticky/[a-z]+) (is a symbolic link of uid $mail|belongs to uid $mail)" \
        'is refused, and it says why'
    is "$(site_count)" "$before" 'nobody is asked'
}
install -d -o 4712 -m 0700 "$SITE/bob"
json='{"client_id": "a", "client_secret": "b", "token_endpoint": "%s/token",
 "refresh_token": "bobs", "access_token": "c", "expiry": "1"}'
# shellcheck disable=SC2059 # that is the format
printf "$json" "$SITE_URL" >"$SITE/bob/token"
chown 4712 "$SITE/bob/token"
chmod 0600 "$SITE/bob/token"
cp -p "$SITE/bob/token" "$SITE/secret/conf"
chown root "$SITE/secret/conf"
them ln -s "$SITE/bob/token" "$SITE/w/bob"
them ln -s "$SITE/bob" "$SITE/w/dir"
them ln -s "$SITE/bob/token" "$SITE/sticky/bob"
them ln -s "$SITE/secret/conf" "$SITE/w/conf"
ln "$SITE/bob/token" "$SITE/w/hard"
for tool in sasl-xoauth2 mutt email-oauth2-proxy; do
    try_import "a link, $tool" $tool "$SITE/w/bob" new@contoso.test
done
try_import 'a linked directory' sasl-xoauth2 "$SITE/w/dir/token" new@contoso.test
try_import 'a link in a sticky directory' sasl-xoauth2 "$SITE/sticky/bob" new@contoso.test
try_import 'a hard link' sasl-xoauth2 "$SITE/w/hard" new@contoso.test
try_import "a link to root's file" sasl-xoauth2 "$SITE/w/conf" new@contoso.test
try_import 'a link for --config-file' sasl-xoauth2 "$SITE/bob/token" new@contoso.test \
    --config-file "$SITE/w/conf"
try_import 'a link for --config-file, mutt' email-oauth2-proxy "$SITE/bob/token" new@contoso.test \
    --config-file "$SITE/w/conf"
site_script 'fields:{"access_token":"token-9","refresh_token":"next-9"}'
ok "somebody's own file in his own directory" x import --from sasl-xoauth2 "$SITE/bob/token" \
    new@contoso.test --set servers=m.test
ln -s "$SITE/bob/token" "$SITE/etc/bobs"
site_script 'fields:{"access_token":"token-9","refresh_token":"next-9"}'
ok 'a link of root to it' x import --from sasl-xoauth2 "$SITE/etc/bobs" \
    next@contoso.test --set servers=m.test
site_script 'fields:{"access_token":"token-9","refresh_token":"next-9"}'
ok 'standard input by its name' x import --from sasl-xoauth2 /dev/stdin third@contoso.test \
    --set servers=m.test < <(cat "$SITE/bob/token")
for n in new next third; do x remove --account-file --yes $n@contoso.test >/dev/null 2>&1; done

# ----- what works as ever

ln -s ../secret/app "$SITE/etc/linked"
site_account $app "secret_file: $SITE/etc/linked"
ok 'a link of root' x refresh $app --force
install -d -o nobody -m 0700 "$SITE/home"
own "$SITE/secret/app" "$SITE/home/secret" nobody
site_as 65534:65534 ln -s "$SITE/home/secret" "$SITE/home/link"
site_account $app "secret_file: $SITE/home/link"
ok 'a link of run_as' x refresh $app --force
install -d -m 3777 "$SITE/volume"
install -d -m 2755 "$SITE/volume/..1"
own "$SITE/secret/app" "$SITE/volume/..1/secret"
ln -s ..1 "$SITE/volume/..data"
ln -s ..data/secret "$SITE/volume/secret"
site_account $app "secret_file: $SITE/volume/secret"
ok 'a volume of Kubernetes' x refresh $app --force
site_account $app 'grant: client_credentials'
for how in /dev/stdin /dev/fd/0 /proc/self/fd/0 -; do
    ok "--secret-file $how" x login $app --secret-file $how <"$SITE/secret/app"
    ok "--secret-file $how of a pipe" x login $app --secret-file $how < <(cat "$SITE/secret/app")
done
exec {gone}<>"$SITE/gone"
echo a secret >"$SITE/gone"
rm "$SITE/gone"
ok 'an open file without a name' x login $app --secret-file /dev/fd/$gone
ok 'a relative name' env -C "$SITE" "$EXO" login $app --secret-file secret/app --config etc/exoauth.conf

# ----- what is written where it is told to

site_account $app "secret_file: $SITE/secret/app"
mkdir "$SITE/cron.d"
echo pass-pass-pass-123 >"$SITE/pass"
them ln -s "$SITE/cron.d" "$SITE/w/cron"
out() { "$EXO" export --all --password-file "$SITE/pass" --config "$SITE_CONF" --out "$@"; }
try 64 'export --out' out "$SITE/w/cron/zz"
try 64 'export --out in a directory of somebody else' out "$SITE/w/zz"
like "$ERR" "$SITE/w belongs to uid $mail, .*; use a path in directories of root" \
    'nothing is taken from its owner'
try 64 'doctor --bundle' x doctor --bundle "$SITE/w/cron/zz2"
try 64 'doctor --bundle, a relative name' env -C "$SITE" "$EXO" doctor \
    --bundle w/cron/zz2 --config "$SITE_CONF"
them ln -s "$SITE/cron.d/zz3" "$SITE/sticky/zz3"
exits 64 'a link at the end of --out' out "$SITE/sticky/zz3"
exits 64 'of --bundle' x doctor --bundle "$SITE/sticky/zz3"
is "$(find "$SITE/cron.d" "$SITE/w" -name 'zz*' -o -name '.tmp*')" '' 'nothing is made'
ok 'export --out in a sticky directory' out "$SITE/sticky/mine"
ok 'is there' test -s "$SITE/sticky/mine"
exits 64 'once more' out "$SITE/sticky/mine"
ok 'a relative --out' env -C "$SITE/etc" "$EXO" export --all --password-file "$SITE/pass" \
    --config exoauth.conf --out mine
ok 'is there, too' test -s "$SITE/etc/mine"
is "$(find "$SITE/etc" "$SITE/sticky" "$SITE/w" -name '.tmp*')" '' 'nothing is left beside them'
x doctor --bundle "$SITE/sticky/report" >/dev/null 2>&1
ok 'doctor --bundle' test -s "$SITE/sticky/report"

# ----- what is told to be typed makes root follow no link

echo precious >"$SITE/victim"
chmod 0600 "$SITE/victim"
was=$(stat -c '%U %a' "$SITE/victim")
# told TEXT DESC: every command in it, typed by root, leaves the victim alone
told()
{
    local command
    like "$1" 'remove|correct|belongs|name the file' "$2: something is told"
    while read -r command; do
        [[ $command == chown* || $command == chmod* || $command == mv* ]] || continue
        (eval "$command") >/dev/null 2>&1
    done < <(sed -n 's/.*run: //p' <<<"$1")
    is "$(stat -c "%U %a" "$SITE/victim")" "$was" \
        "$2: and the victim stays as it is"
}
both() { x "$@" 2>&1; }
rm -f "$SITE/w/key"
them ln -s "$SITE/victim" "$SITE/w/key"
site_conf key_file "$SITE/w/key"
told "$(both login $app --secret-file "$SITE/secret/app")" 'a key behind a link'
told "$(both doctor $app | grep 'key ')" 'doctor'
ln "$SITE/victim" "$SITE/etc/hard"
site_conf key_file "$SITE/etc/hard"
OUT=$(both login $app --secret-file "$SITE/secret/app")
like "$OUT" 'more than one hard link' 'a key that has another name'
told "$OUT" 'a key that has another name'
told "$(both doctor $app | grep 'key ')" 'doctor on it'
site_as 65534:65534 ln -s "$SITE/victim" "$SITE/home/key"
site_conf key_file "$SITE/home/key"
OUT=$(both login $app --secret-file "$SITE/secret/app")
told "$OUT" 'a key behind a link of run_as'
unlike "$OUT" 'run: ch(own|mod)' 'no chown is told'
site_conf key_file
install -d "$SITE/victims"
site_as 65534:65534 ln -s "$SITE/victims" "$SITE/home/tokens"
chown daemon "$SITE/victims"
site_conf token_dir "$SITE/home/tokens"
for what in "refresh $app --force" "doctor $app"; do
    # shellcheck disable=SC2086 # words
    OUT=$(both $what)
    like "$OUT" "$SITE/home/tokens.* symbolic link" "${what%% *}: token_dir behind a link: it is named"
    unlike "$OUT" "run: chown[^;]* $SITE/(victims|home/tokens)" 'and no chown is told'
done
site_conf token_dir "$SITE_TOKENS"
chown daemon "$SITE_STORE"
unlike "$(both refresh $app --force)" 'chown -R' 'a store of another user is not taken over'
chown nobody "$SITE_STORE"
