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

# ----- a changed configuration
for file in "$SITE_CONF" "$SITE/etc/exoauth.d/$app.conf" "$SITE/etc/exoauth.d/$shared.conf"; do
    given "before a change of ${file##*/}" $shared
    mv "$file" "$SITE/old"
    mv "$SITE/old" "$file"
    asked 'after it' $shared
    find "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS" -type f -delete
    ok 'published anew' x refresh $shared
    close
done
# What files do not say has no time.
export AZURE_CLIENT_ID=app
other=other@contoso.test
site_account $other "secret_file: $SITE/secret/app" 'tenant: contoso.test'
sed -i '/^client_id/d; s/custom/microsoft/' "$SITE/etc/exoauth.d/$other.conf"
for n in 1 2; do asked "a client_id of the environment, $n" $other; done
unset AZURE_CLIENT_ID

# ----- its time has come
given 'before refresh_after' $app
for file in "$SITE_TOKENS/$app" "$SITE_ROOT$SITE_TOKENS/$app"; do
    text=$(sed "s/^refresh_after: .*/refresh_after: $(($(date +%s) - 1))/" "$file")
    printf '%s\n\n' "$text" >"$file"
done
asked 'behind it' $app
is "$(site_count)" 2 'all this was one request for each credential'
