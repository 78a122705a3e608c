#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A published token that is fresh is what `exoauth token` prints, whatever store,
# key or provider do meanwhile; and it is not where --min-ttl asks for more,
# where its time to be renewed has come, or where the configuration was changed
# since.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:the-token
app=app@contoso.test
shared=shared@contoso.test
site_account $app "secret_file: $SITE/secret/app"
site_account $shared "credential: $app" 'user: info@contoso.test'

# A key that another program gives, which shows that the store is opened.
printf 'exoauth: 1\nkey: %s\n' "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)" \
    >"$SITE/secret/key"
chmod 0644 "$SITE/secret/key"
mkdir -m 1777 "$SITE/marks"
vault() { printf '#!/bin/sh\ntouch %s/marks/asked\n%s\n' "$SITE" "$*" >"$SITE/vault"; }
opened() { [[ -e $SITE/marks/asked ]]; }
close() { rm -f "$SITE/marks/asked"; }
vault cat "$SITE/secret/key"
chmod 0755 "$SITE/vault"
site_conf key_file none
site_conf key_command "$SITE/vault"
ok 'a token' x token $app
ok 'a pointer to it' x refresh $shared
is "$(site_count)" 1 'one request'
ok 'for which the store was opened' opened
close

# given DESC NAME: the published token, in silence, and the store is closed
given()
{
    ok "$1" timeout 60 "$EXO" token "$2" --config "$SITE_CONF"
    is "$OUT$ERR" the-token 'is the published token, in silence'
    not_ok 'and the store is not opened' opened
}
# asked DESC NAME [OPTION]...: the token by way of the store
asked()
{
    ok "$1" x token "${@:2}"
    is "$OUT$ERR" the-token 'is the token'
    ok 'by way of the store' opened
    close
}

vault sleep 300
for name in $app $shared; do given "$name while key_command hangs" $name; done
ok 'json' x token $shared --format json
like "$OUT" '"user": ?"info@contoso.test"' 'has the user of the account'
mv "$SITE_STORE" "$SITE/away"
given 'without a store' $app
rm -rf "$SITE_STORE"
mv "$SITE/away" "$SITE_STORE"
vault cat "$SITE/secret/key"
asked '--min-ttl' $app --min-ttl 60

# ----- a changed configuration: what the token was had with, and not a file's time
site_script ok:another-token
# other DESC NAME: a token of the account as it is now
other()
{
    ok "$1" x token "${@:2}"
    is "$OUT" another-token 'is a new token'
    ok 'by way of the store' opened
    close
}
back()
{
    cp -p "$SITE/kept" "$1"
    site_script ok:the-token
    ok 'as it was before' x refresh $app
    ok 'and the pointer' x refresh $shared
    site_script ok:another-token
    close
    given 'the token again' $shared
}
file=$SITE/etc/exoauth.d/$app.conf
cp -p "$file" "$SITE/kept"
sed 's/^client_id: .*/client_id: other/' "$file" >"$SITE/new"
touch -d '1 hour ago' "$SITE/new"
mv "$SITE/new" "$file"
other 'another client_id, of an old file' $app
back "$file"
cp -p "$SITE_CONF" "$SITE/kept"
echo 'scope: https://contoso.test/.default' >>"$SITE_CONF"
other 'a default for all accounts' $app
back "$SITE_CONF"
file=$SITE/etc/exoauth.d/$shared.conf
cp -p "$file" "$SITE/kept"
sed -i 's/^user: .*/user: sales@contoso.test/' "$file"
ok 'another user' x token $shared --format json
like "$OUT" '"user": ?"sales@contoso.test"' 'is the one that is printed'
ok 'by way of the store' opened
back "$file"
sed -i "s/^credential: .*/credential: third@contoso.test/" "$file"
site_account third@contoso.test "secret_file: $SITE/secret/app"
other 'another credential' $shared
back "$file"

# While a request is under way: it was made with what was there before.
file=$SITE/etc/exoauth.d/$app.conf
cp -p "$file" "$SITE/kept"
site_script slow:2:ok:the-token
before=$(site_count)
x refresh $app --force &
soon eval '[[ $(site_count) -gt $before ]]'
sed -i 's/^client_id: .*/client_id: other/' "$file"
wait $!
site_script ok:another-token
other 'changed while a request was under way' $app
back "$file"

# What files do not say counts, too.
export AZURE_CLIENT_ID=app
other=other@contoso.test
site_account $other "secret_file: $SITE/secret/app" 'tenant: contoso.test'
sed -i '/^client_id/d; s/custom/microsoft/' "$SITE/etc/exoauth.d/$other.conf"
other 'a client_id of the environment' $other
export AZURE_CLIENT_ID=app2
other 'another one' $other
unset AZURE_CLIENT_ID

# ----- an older credential that comes back
site_script ok:the-token
printf 'correct horse battery\n' >"$SITE/secret/phrase"
ok 'export' x export $app --out "$SITE/bundle" --password-file "$SITE/secret/phrase"
site_script ok:another-token
ok 'a newer token' x refresh $app --force
ok 'import' x import "$SITE/bundle" --force --password-file "$SITE/secret/phrase"
ok 'the token' x token $app
is "$OUT" the-token 'is that of what is stored'
rm "$SITE/etc/exoauth.d/$other.conf"
ok 'published again' x refresh --all
close

# ----- its time has come
given 'before refresh_after' $app
for file in "$SITE_TOKENS/$app" "$SITE_ROOT$SITE_TOKENS/$app"; do
    text=$(sed "s/^refresh_after: .*/refresh_after: $(($(date +%s) - 1))/" "$file")
    printf '%s\n\n' "$text" >"$file"
done
asked 'behind it' $app
