#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# client_auth assertion: a file another system keeps fresh, mounted as
# Kubernetes does; and the variables of Azure's workload identity.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
unset AZURE_FEDERATED_TOKEN_FILE AZURE_CLIENT_ID AZURE_TENANT_ID
site_endpoint ok:wif-1
app=app@contoso.test
form() { site_forms "$1" | tail -n 1; }
# mount DIR TEXT: DIR/token -> ..data/token -> ..N/token, replaced by rename
n=0
mount()
{
    mkdir -p "$1/..$((++n))"
    printf '%b' "$2" >"$1/..$n/token"
    ln -s "..$n" "$1/..new"
    mv -T "$1/..new" "$1/..data"
    [[ -L $1/token ]] || ln -s ..data/token "$1/token"
}
where=$SITE/etc/azure
mkdir "$where"
mount "$where" 'canary.one.sig\n \n'
echo canary >"$SITE/secret/app"
site_account $app "assertion_file: $where/token"

ok 'an assertion alone makes it client_credentials' x token $app
is "$OUT" wif-1 'the token'
is "$(form grant_type) $(form client_assertion) $(form client_secret)" \
    'client_credentials canary.one.sig ' 'the request, white space stripped'
is "$(form client_assertion_type)" urn:ietf:params:oauth:client-assertion-type:jwt-bearer 'its type'
count=$(site_count)
mount "$where" canary.two.sig
ok 'a new assertion' x token $app
is "$(site_count)" "$count" 'asks for no new token'
ok 'refresh' x refresh $app --force
is "$(form client_assertion)" canary.two.sig 'is read anew'
ok 'login' x login $app
is "$(site_record $app client_secret)" '' 'nothing of it is stored'
mount "$where" '\n\n'
exits 78 'an empty one' x refresh $app --force
one_line 'empty' 'assertion_file .*empty'
mount "$where" 'two\nlines'
exits 78 'two lines' x refresh $app --force
one_line 'two lines' 'no usable assertion'
rm "$where/..data"
exits 78 'none' x refresh $app --force
one_line 'none' 'assertion_file'
mount "$where" canary.three.sig
site_script aadsts:700213:invalid_client
exits 78 'Entra refuses it' x refresh $app --force
like "$ERR" 'AADSTS700213.*; ' 'cause and remedy'
no_secret 'nothing is shown'

# ----- the environment

site_script ok:wif-env
cat >"$SITE/etc/exoauth.d/env@contoso.test.conf" <<END
token_endpoint: $SITE_URL/token
END
azure=(env AZURE_FEDERATED_TOKEN_FILE="$where/token" AZURE_CLIENT_ID=env-id
    AZURE_TENANT_ID=env.test)
exits 78 'no tenant anywhere' x token env@contoso.test
az() { "${azure[@]}" "$EXO" "$@" --config "$SITE_CONF"; }
ok 'all of it from the environment' az token env@contoso.test
is "$(form client_id) $(form client_assertion)" 'env-id canary.three.sig' 'the request'
ok 'show' az show env@contoso.test
like "$OUT" $'# from environment: AZURE_TENANT_ID\ntenant: env.test' 'says where the tenant is from'
like "$OUT" "# from environment: AZURE_FEDERATED_TOKEN_FILE
assertion_file: $where/token" 'and the assertion'
ok 'an account of another provider' az show $app
unlike "$OUT" 'environment|env-id' 'does not look there'
echo 'client_id: mine' >>"$SITE/etc/exoauth.d/env@contoso.test.conf"
ok 'a file that says more' az refresh env@contoso.test --force
is "$(form client_id)" mine 'counts more'
echo 'grant: device_code' >>"$SITE/etc/exoauth.d/env@contoso.test.conf"
ok 'a person' az show env@contoso.test
unlike "$OUT" 'assertion_file' 'needs no assertion'
bad() { env AZURE_TENANT_ID='../evil' "$EXO" show env@contoso.test --config "$SITE_CONF"; }
tap_run bad || true
unlike "$OUT" evil 'a value that could not stand in the file is ignored'
