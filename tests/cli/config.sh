#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Configuration, account and secret files, and a store, in every state they
# should not be in: the exit status, one line with cause and remedy, nothing
# lost, nothing quoted from a secret.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_conf timeout 1
site_endpoint ok:good-token
app=app@contoso.test
echo canary-client-secret >"$SITE/secret/app"
site_account $app "secret_file: $SITE/secret/app"
file=$SITE/etc/exoauth.d/$app.conf
cp "$SITE_CONF" "$SITE/conf.good"
cp "$file" "$SITE/account.good"
cp "$SITE/secret/app" "$SITE/secret.good"

# refused STATUS DESC REGEX: what `token` says about the present state. With
# --min-ttl the store is opened, whatever is published.
refused()
{
    exits "$1" "$2" x token $app --min-ttl 0
    is "$OUT" '' "$2: no token"
    one_line "$2" "$3"
    no_secret "$2: no secret"
}
# A store that cannot be opened takes no token from who has one published.
unopened()
{
    fine "$1: what is published serves"
    exits 74 "$1" x refresh $app --force
    one_line "$1" "$2"
}
fine() { ok "$1" x token $app --min-ttl 0 && is "$OUT" good-token "$1: a token"; }

fine 'to begin with'

# ----- one set of mistakes for all three kinds of file
#
# The store has a good token meanwhile; a broken configuration is refused all
# the same, a broken secret counts when a new token is needed.
mistakes()
{
    local kind=$1 file=$2 good=$3 status=$4
    put() { rm -rf "$file"; cat >"$file"; chmod 0644 "$file"; }
    put <"$good"
    chmod 0664 "$file"
    refused "$status" "$kind writable by the group" "$file.*group"
    chmod 0646 "$file"
    refused "$status" "$kind writable by others" "$file.*others"
    rm "$file" && mkdir "$file"
    refused "$status" "$kind is a directory" "$file.*regular file"
    rmdir "$file" && mkfifo "$file"
    refused "$status" "$kind is a FIFO" "$file.*regular file"
    head -c 200000 /dev/zero | tr '\0' '#' | put
    refused "$status" "$kind too large" "$file"
    ln -sf "$SITE/nowhere" "$SITE/dangling"
    rm "$file" && ln -s "$SITE/dangling" "$file"
    refused "$status" "$kind is a dangling link" "$file"
    rm "$file" && ln -s "$file" "$file"
    refused "$status" "$kind is a link to itself" "$file"
    if [[ $(id -u) == 0 ]]; then
        put <"$good"
        chown daemon "$file"
        refused "$status" "$kind of another user" "$file.*owner"
    else
        put <"$good"
        chmod 0 "$file"
        refused "$status" "$kind unreadable" "$file"
        skip "$kind of another user" 'needs root'
    fi
    # Kubernetes mounts are links to links.
    put <"$good"
    rm -rf "$SITE/real" && mkdir "$SITE/real"
    mv "$file" "$SITE/real/file"
    ln -s real "$SITE/data"
    ln -s "$SITE/data/file" "$file"
    fine "$kind behind two links"
    rm "$SITE/data" "$file"
    put <"$good"
    fine "$kind as it was"
}
lines()
{
    local kind=$1 file=$2 good=$3 line
    line=$(($(wc -l <"$good") + 1))
    broken()
    {
        { cat "$good"; printf '%b' "$2"; } >"$file"
        refused 78 "$kind: $1" "$file( line |:)${3:-$line}.*; "
    }
    broken 'no colon' 'nonsense\n'
    broken 'a key twice' 'user: a@b\nuser: c@d\n' $((line + 1))
    broken 'a key twice in other letters' 'user: a@b\nUSER: c@d\n' $((line + 1))
    broken 'CRLF' 'user: a@b\r\n'
    broken 'a control byte' 'user: a\033[31mb\n'
    broken 'a NUL' 'user: a\0000b\n'
    broken 'no key' ': value\n'
    broken 'a key with a blank' 'us er: a\n'
    { cat "$good"; printf 'user: '; head -c 17000 /dev/zero | tr '\0' a; echo; } >"$file"
    refused 78 "$kind: a value of 17,000 bytes" "$file( line |:)$line.*; "
    { cat "$good"; for ((i = 0; i < 70; i++)); do echo "key$i: v"; done; } >"$file"
    refused 78 "$kind: 70 keys" "$file.*; "
    { cat "$good"; for ((i = 0; i < 70; i++)); do echo "# key$i: v"; done; } >"$file"
    fine "$kind: 70 comments"
    head -c 3000 /dev/urandom >"$file"
    refused 78 "$kind: binary" "$file.*; "
    head -c -1 "$good" >"$file"
    fine "$kind: the last line without its end"
    { cat "$good"; printf 'colour: blue\n\n\n# end'; } >"$file"
    ok "$kind: an unknown key" x status
    is "$(grep -c "unknown key colour" <<<"$ERR")" 1 "$kind: is a warning by name"
    fine "$kind: which is silent for token"
    cat "$good" >"$file"
}
mistakes exoauth.conf "$SITE_CONF" "$SITE/conf.good" 78
lines exoauth.conf "$SITE_CONF" "$SITE/conf.good"
mistakes 'account file' "$file" "$SITE/account.good" 78
lines 'account file' "$file" "$SITE/account.good"
is "$(site_count)" 1 'not one request so far'

# Values that make no sense, in exoauth.conf and in the account file.
while IFS='|' read -r text words; do
    { cat "$SITE/conf.good"; echo "$text"; } >"$SITE_CONF"
    sed -i "1,$(wc -l <"$SITE/conf.good")s/^${text%%:*}:.*//" "$SITE_CONF"
    refused 78 "exoauth.conf with $text" "$words"
done <<'EOF'
timeout: soon|timeout.*1 to 600
timeout: 0|timeout.*1 to 600
refresh_margin: -1|refresh_margin.*seconds
log_level: loud|log_level.*debug
store: relative/path|store.*; 
store: s3:/bucket|store.*; 
token_dir: relative|token_dir.*; 
mechanisms: plain|mechanisms.*; 
initial_response: perhaps|initial_response.*; 
account_dir: here|account_dir.*; 
chroot: a b|chroot.*; 
EOF
cat "$SITE/conf.good" >"$SITE_CONF"
while IFS='|' read -r text words; do
    { grep -v "^${text%%:*}:" "$SITE/account.good"; echo "$text"; } >"$file"
    refused 78 "account with $text" "$words"
done <<'EOF'
provider: nobody|provider nobody.*; 
cloud: moon|cloud.*; 
grant: magic|grant magic.*; 
grant: managed_identity|resource is missing; .*--set resource=
identity_endpoint: http://login.contoso.test/|identity_endpoint.*169.254.*; 
private_key: here|private_key.*; 
issuer: http://login.contoso.test/|issuer.*https.*; 
client_auth: handshake|client_auth.*; 
client_auth: private_key_jwt|certificate is missing; .*--set certificate=
token_endpoint: ftp://x/|token_endpoint.*; 
token_endpoint: http://login.contoso.test/|token_endpoint.*https.*; 
servers: mail server!|servers.*; 
secret_file: relative|secret_file.*; 
secret_expires: tomorrow|secret_expires.*; 
credential: app@contoso.test/..|credential.*; 
credential: none@contoso.test|credential.*; .*run: exoauth login none@contoso.test
client_id:|client_id.*; 
EOF
for key in client_id token_endpoint servers; do
    grep -v "^$key:" "$SITE/account.good" >"$file"
    refused 78 "an account without $key" "$key.*; run: exoauth login $app --set $key="
done
cat "$SITE/account.good" >"$file"
fine 'as it was'

# ----- the secret

fresh() { rm -f "$SITE_STORE"/*; }
put_secret() { rm -rf "$SITE/secret/app"; cat >"$SITE/secret/app"; chmod 0644 "$SITE/secret/app"; fresh; }
put_secret <"$SITE/secret.good"
chmod 0666 "$SITE/secret/app"
refused 78 'secret writable by all' 'secret_file.*group or others'
rm "$SITE/secret/app"
exits 78 'no secret' x token $app --min-ttl 0
one_line 'no secret' 'secret_file'
: | put_secret
exits 78 'an empty secret' x token $app --min-ttl 0
one_line 'an empty secret' 'secret_file.*nothing'
printf 'canary-client-secret\ncanary-second-line\n' | put_secret
refused 78 'a secret of two lines' 'secret_file.*one line'
printf 'canary-client\0secret\n' | put_secret
exits 78 'a secret with a NUL' x token $app --min-ttl 0
one_line 'a NUL' 'control character'
unlike "$ERR" canary 'which is not quoted'
head -c 300000 /dev/zero | tr '\0' c | put_secret
exits 78 'a secret of 300,000 bytes' x token $app --min-ttl 0
one_line 'a large secret' 'secret_file'
printf 'canary-client-secret\r\n' | put_secret
tap_run x token $app --min-ttl 0
is "$(site_forms client_secret | tail -n 1)" canary-client-secret 'CRLF after a secret is dropped'
printf 'a+b&c=d%%e f"\xc3\xa4' | put_secret
ok 'a secret with every kind of character' x token $app --min-ttl 0
is "$(site_forms client_secret | tail -n 1)" $'a+b&c=d%e f"\xc3\xa4' 'arrives as it is'
printf 'canary-client-secret\n' | put_secret
mv "$SITE/secret/app" "$SITE/secret/..data"
ln -s ..data "$SITE/secret/app"
fresh
fine 'a secret behind a link'
put_secret <"$SITE/secret.good"

# ----- the store

record=$SITE_STORE/$app.json
store()
{
    refused 74 "$1" "$2"
    is "$(sha256sum <"$record" 2>/dev/null)" "$sum" "$1: not touched"
}
keep() { sum=$(sha256sum <"$record" 2>/dev/null); }
owner() { chmod 0600 "$record"; [[ $(id -u) != 0 ]] || chown nobody "$record"; }
fine 'a new record'
cp "$record" "$SITE/record.good"
head -c 100 "$SITE/record.good" >"$record"; keep
store 'a truncated record' 'damaged credential.*; run: exoauth login'
: >"$record"; keep
store 'an empty record' 'damaged credential.*; '
head -c 2000 /dev/urandom >"$record"; keep
store 'a binary record' 'damaged credential.*; '
sed 's/"exoauth": 1/"exoauth": 2/' "$SITE/record.good" >"$record"; keep
store 'a record of a later version' 'upgrade'
sed "s/$app/other@contoso.test/" "$SITE/record.good" >"$record"; keep
store "another account's record" 'another account.*; '
head -c 3000000 /dev/zero >"$record"; keep
store 'a record of 3 MB' '; '
cat "$SITE/record.good" >"$record"; chmod 0640 "$record"; keep
store 'a record that the group may read' 'with mode 0600'
owner
ln "$record" "$SITE_STORE/second"; keep
store 'a record with two names' '; '
rm "$SITE_STORE/second"
mv "$record" "$SITE/moved.json"; ln -s "$SITE/moved.json" "$record"; keep
store 'a record that is a link' 'link.*; '
rm "$record"; mkfifo -m 0600 "$record"; sum=$(sha256sum </dev/null)
[[ $(id -u) != 0 ]] || chown nobody "$record"
refused 74 'a record that is a FIFO' 'regular'
rm "$record"; cp "$SITE/record.good" "$record"; owner
fine 'a record as it was'
if [[ $(id -u) == 0 ]]; then
    chown daemon "$record"; keep
    rm "$SITE_TOKENS/$app" # which would serve, see unread.sh
    store 'a record of another user' "make it uid [0-9]+'s"
    owner
else
    skip 'a record of another user' 'needs root'
fi
# login mends what is damaged.
head -c 100 "$SITE/record.good" >"$record"
sum=$(sha256sum <"$record")
site_script status:503:down
exits 75 'login over a damaged record, the provider is down' x login $app
is "$(sha256sum <"$record")" "$sum" 'replaces nothing'
site_script ok:good-token
ok 'login over a damaged record' x login $app
is "$OUT" changed 'changed'
fine 'mended'
sed 's/"exoauth": 1/"exoauth": 2/' "$SITE/record.good" >"$record"; keep
exits 74 'login over a record of a later version' x login $app
one_line 'later version' 'upgrade'
is "$(sha256sum <"$record")" "$sum" 'replaces nothing'
cat "$SITE/record.good" >"$record"; keep
fine 'a record of before'
rm "$SITE_STORE/$app.lock"; ln -s "$SITE/target" "$SITE_STORE/$app.lock"
exits 74 'a lock that is a link' x refresh $app --force
one_line 'link for a lock' 'lock.*link'
ok 'which is not followed' test ! -e "$SITE/target"
rm "$SITE_STORE/$app.lock"
chmod 0755 "$SITE_STORE"
if [[ $(id -u) == 0 ]]; then
    fine 'a store with an open mode is closed by root'
    is "$(stat -c %a "$SITE_STORE")" 700 'mode 0700 again'
else
    unopened 'a store with an open mode' 'chmod 700'
    chmod 0700 "$SITE_STORE"
fi
mv "$SITE_STORE" "$SITE/elsewhere"
ln -s "$SITE/elsewhere" "$SITE_STORE"
fine 'a store behind a link of its own'
rm "$SITE_STORE"
echo 'in the way' >"$SITE_STORE"
unopened 'a store that is a file' '; '
rm "$SITE_STORE"
mv "$SITE/elsewhere" "$SITE_STORE"
fine 'the store as it was'

# ----- which configuration

for command in "remove $app" rekey; do
    # shellcheck disable=SC2086 # words
    exits 78 "$command with a --config that is not there" "$EXO" $command --config "$SITE/none/exoauth.conf"
    one_line "$command" "$SITE/none/exoauth.conf does not exist, and nothing was changed; name"
done
conf_of() { env SASL_CONF_PATH="$1" "$EXO" show $app; }
mkdir -p "$SITE/c1" "$SITE/c2/exoauth.d"
cp "$SITE/conf.good" "$SITE/c2/exoauth.conf"
cp "$SITE/account.good" "$SITE/c2/exoauth.d/$app.conf"
ok 'SASL_CONF_PATH' conf_of "$SITE/c2"
like "$OUT" "c2/exoauth.d/$app.conf" 'is searched'
ok 'the first file in it wins' conf_of "$SITE/c1:$SITE/c2:$SITE/etc"
like "$OUT" "c2/exoauth.d/$app.conf" 'where there is one'
mkdir -p "$SITE/c1/exoauth.d"
cp "$SITE/conf.good" "$SITE/c1/exoauth.conf"
exits 67 'files are not merged' conf_of "$SITE/c1:$SITE/c2"
override() { env SASL_CONF_PATH="$SITE/c1" "$EXO" show $app --config "$SITE_CONF"; }
ok '--config is stronger' override
echo 'nonsense' >"$SITE/c1/exoauth.conf"
exits 78 'a broken first file is not skipped' conf_of "$SITE/c1:$SITE/c2"
one_line 'broken first file' 'c1/exoauth.conf:1'
exits 78 'the same for a dangling link' \
    env SASL_CONF_PATH="$SITE/c1:$SITE/c2" sh -c "ln -sf nowhere $SITE/c1/exoauth.conf; exec $EXO show $app"
lost() { "$EXO" list --config "$SITE/none/exoauth.conf"; }
tap_run lost
like "$ERR" "none/exoauth.conf" '--config of a file that is not there is said'
relative() { (cd "$SITE/etc" && "$EXO" token $app --config exoauth.conf); }
ok 'a relative --config' relative
exits 64 '--config without a value' "$EXO" list --config

# A set-user-ID copy believes nothing that its caller put into the environment.
if [[ $(id -u) == 0 ]]; then
    mkdir "$SITE/setid" "$SITE/setid/home"
    cp "$EXO" "$SITE/setid/exoauth"
    chown daemon "$SITE/setid/exoauth"
    setid_list()
    {
        site_as 2:2 env SASL_CONF_PATH="$SITE/c2" HOME="$SITE/setid/home" \
            "$SITE/setid/exoauth" list
    }
    chmod 0755 "$SITE/setid/exoauth"
    ok 'an ordinary copy' setid_list
    like "$OUT" "$app" 'obeys SASL_CONF_PATH'
    chmod 4755 "$SITE/setid/exoauth"
    tap_run setid_list
    unlike "$OUT" "$app" 'a set-user-ID copy does not'
else
    skip 'a set-user-ID copy' 'needs root'
fi
