#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Grant managed_identity against a scripted service on a loopback address: App
# Service by file and by environment, Arc as far as it goes without a place for
# its keys, what a service may not answer, and a proxy that is never asked.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

unset IDENTITY_ENDPOINT IDENTITY_HEADER IMDS_ENDPOINT AZURE_CLIENT_ID \
    AZURE_TENANT_ID AZURE_FEDERATED_TOKEN_FILE
mkdir -p "$TAP_DIR/log"
[[ $(id -u) != 0 ]] || chown nobody "$TAP_DIR/log"
site_up "log: $TAP_DIR/log/exoauth.log" 'log_level: debug'
site_endpoint
echo canary-identity-header >"$SITE/secret/header"
chmod 0644 "$SITE/secret/header"
service=$SITE_URL/msi/token
resource=https%3A%2F%2Foutlook.office365.com
me=app@contoso.test
file=$SITE/etc/exoauth.d/$me.conf
soon=$(($(date +%s) + 7200))

account() { printf '%s\n' 'grant: managed_identity' "$@" >"$file"; chmod 0644 "$file"; }
path() { site_asked | sed -n 1p; }
header() { site_asked | sed -n "s/^$1: //p"; }

# A proxy that answers everything: an empty log says that nobody asked it.
mkdir "$SITE/proxy"
python3 "$EXO_SRCDIR/tests/lib/endpoint.py" --http "$SITE/proxy" \
    >/dev/null 2>&1 </dev/null &
cleanup kill $!
for ((i = 0; i < 200; i++)); do [[ -s $SITE/proxy/endpoint.port ]] && break; sleep 0.05; done
site_conf proxy "http://$TAP_LOOP_URL:$(<"$SITE/proxy/endpoint.port")"
http_proxy=http://$TAP_LOOP_URL:$(<"$SITE/proxy/endpoint.port")
export http_proxy

# ----- App Service

account "identity_endpoint: $service" "secret_file: $SITE/secret/header"
site_gets "raw:{\"access_token\":\"canary-token-1\",\"token_type\":\"Bearer\",\"expires_on\":\"$soon\",\"resource\":\"https://outlook.office365.com\",\"client_id\":\"x\"}"
ok 'status before any request' x status $me
like "$OUT" 'managed_identity +ok' 'needs no login'
ok 'App Service' x token $me
is "$OUT" canary-token-1 'the token'
is "$(path)" "/msi/token?api-version=2019-08-01&resource=$resource" \
    'asked for Exchange as the host itself'
is "$(header x-identity-header)" canary-identity-header 'shows the header'
is "$(header metadata)$(header authorization)" '' 'and nothing else'
is "$(header accept)" application/json 'wants JSON'
left=$(($(site_record $me expires) - $(date +%s)))
ok 'expires_on as a string is understood' test $((left > 7000 && left <= 7200))
is "$(site_record $me grant)" managed_identity 'the record'
is "$(site_record $me client_secret)$(site_record $me refresh_token)" '' 'keeps no secret'
is "$(site_record $me granted)" 0 'nobody authorised it'
printf 'canary-token-1\n' >"$SITE/secret/token"
ok 'a new one' x refresh $me --force -v
ok 'there is a log' test -s "$TAP_DIR/log/exoauth.log"
no_secret 'nothing is shown'
is "$(site_count)" 0 'no token endpoint was asked'
ok 'login' x login $me
like "$OUT" changed 'is nothing but a request'
no_secret 'and shows nothing'
ok 'with an id' x login $me --set client_id=user-assigned
like "$(path)" '&client_id=user-assigned$' 'it is the user-assigned identity'
ok 'show' x show $me
like "$OUT" "identity_endpoint: $(site_url "$service")" 'the service'
like "$OUT" $'# from provider microsoft\nresource: https://outlook.office365.com' 'the resource'
unlike "$OUT" 'token_endpoint|device_authorization|^scope' 'no endpoint of the provider'
ok 'status --json' x status $me --json
like "$OUT" '"grant": ?"managed_identity"' 'names the grant'
like "$OUT" '"state": ?"ok"' 'and the state'
for option in --device --paste "--secret-file $SITE/secret/header"; do
    # shellcheck disable=SC2086
    exits 64 "login ${option%% *}" x login $me $option
    one_line "login ${option%% *}" 'has no login'
done
ok 'remove' x remove $me
rm "$SITE/secret/header"
exits 78 'without the file' x token $me
one_line 'without the file' 'secret_file'
printf 'canary\001header\n' >"$SITE/secret/header"
exits 78 'a header with a control character' x token $me
one_line 'a control character' 'control character'
echo canary-identity-header >"$SITE/secret/header"
chmod 0644 "$SITE/secret/header"

# ----- by the environment of App Service

account 'client_auth: none'
azure=(env "IDENTITY_ENDPOINT=$service" IDENTITY_HEADER=canary-env-header)
echo canary-env-header >"$SITE/secret/env"
az() { "${azure[@]}" "$EXO" "$@" --config "$SITE_CONF"; }
ok 'from the environment' az token $me
is "$(header x-identity-header)" canary-env-header 'the header of the environment'
ok 'show' az show $me
like "$OUT" $'# from environment: IDENTITY_ENDPOINT\nidentity_endpoint: ' 'says where it is from'
no_secret 'and not the header'
count=$(grep -c . "$SITE/endpoint.requests")
ok 'a process without the variables' x token $me
is "$OUT" canary-token-1 'has the same token'
is "$(grep -c . "$SITE/endpoint.requests")" "$count" 'and asks nobody'
azure=(env "IDENTITY_ENDPOINT=$service")
ok 'IDENTITY_ENDPOINT alone' az show $me
like "$OUT" $'# from default\npublish: yes\nidentity_endpoint: http://169.254.169.254/metadata/identity/oauth2/token' \
    'is not Azure'
azure=(env IDENTITY_ENDPOINT=http://evil.test/ IDENTITY_HEADER=x)
ok 'another host' az show $me
unlike "$OUT" evil 'is ignored'
azure=(env AZURE_CLIENT_ID=from-azure IDENTITY_HEADER=canary-env-header
    "IDENTITY_ENDPOINT=$service")
ok 'AZURE_CLIENT_ID' az refresh $me --force
like "$(path)" '&client_id=from-azure$' 'is the id'

# ----- Arc

azure=(env "IDENTITY_ENDPOINT=$service" "IMDS_ENDPOINT=$SITE_URL")
site_gets ok:canary-token-2
ok 'Arc' az refresh $me --force
is "$(path) $(header metadata)" \
    "/msi/token?api-version=2020-06-01&resource=$resource true" 'its request'
is "$(header x-identity-header)" '' 'without a header of App Service'
account "identity_endpoint: $service"
ok 'by the account file' x refresh $me --force
like "$(path)" 'api-version=2020-06-01' 'it is Arc, too'

mkdir "$SITE/keys"
echo canary-arc-key >"$SITE/keys/a.key"
cp "$SITE/keys/a.key" "$SITE/secret/arc"
chmod 0644 "$SITE/keys/a.key"
count=$(grep -c . "$SITE/endpoint.requests")
n=0
while IFS= read -r challenge; do
    site_gets "challenge:$challenge" ok:canary-token-3
    exits 78 "$challenge" x refresh $me --force
    one_line "$challenge" 'Arc wants a proof.*reads \*.key of /var/opt/azcmagent/tokens only'
    no_secret "$challenge: the key stays here"
    n=$((n + 1))
done <<END
Basic realm=$SITE/keys/a.key
Basic realm=/etc/passwd
Basic realm=/var/opt/azcmagent/tokens/../../../../etc/passwd
Basic realm=/var/opt/azcmagent/tokens/a/b.key
Basic realm=/var/opt/azcmagent/tokens/.key
Basic realm=/var/opt/azcmagent/tokens/a.pem
Basic realm=/var/opt/azcmagent/tokensa.key
Basic realm=a.key
Basic
Bearer realm=/var/opt/azcmagent/tokens/a.key
END
is "$(($(grep -c . "$SITE/endpoint.requests") - count))" "$n" \
    'no second request was made'
is "$(site_asked "$n" | grep -c authorization)" 0 'and nothing proved'
tap_run x token $me
is "$OUT" canary-token-2 'the token in hand is used'

# ----- answers of a service in trouble

try=0
answer()
{
    local status=$1 words=$2
    me=try$((++try))@contoso.test
    file=$SITE/etc/exoauth.d/$me.conf
    account "identity_endpoint: $service"
    shift 2
    site_gets "$@"
    exits "$status" "${1:0:60}" x token "$me"
    one_line "${1:0:60}" "$words"
    no_secret "${1:0:60}: no secret"
}
answer 78 'Identity not found.*no managed identity.*Identity\), or correct client_id' \
    'error:invalid_request:Identity not found'
answer 78 'No User Assigned.*correct client_id' \
    'status:400:{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.","correlationId":"1"}'
answer 78 'refuses; check client_id, resource' 'error:invalid_resource:the resource'
answer 78 'AADSTS90002.*tenant' aadsts:90002:invalid_request
answer 78 'does not accept who asks' 'status:403:{}'
answer 75 'not ready.*tries again by itself' 'status:404:{"error":"not_found","error_description":"updating"}'
answer 75 'not ready' status:410:gone
answer 75 'fewer requests' 'retry:429:60'
answer 75 'overloaded or down' status:503:down
answer 78 'redirect' redirect:302:http://$TAP_LOOP_URL:1/
answer 75 'HTML' html
answer 75 'nothing' empty
answer 75 'no valid HTTP.*identity_endpoint' truncated
answer 75 'sent more' huge:4
answer 78 'without access_token' no-token
answer 75 'access_token' control-token
answer 75 'time to come' 'raw:{"access_token":"t","expires_on":"12"}'
answer 75 'time to come' 'raw:{"access_token":"t","expires_on":"11/22/2026 01:02:03 +00:00"}'
answer 78 'Bearer' 'fields:{"token_type":"pop"}'
answer 75 'cannot connect|no valid' drop

ok 'explain' x explain 'Identity not found'
like "$OUT" 'az vm identity assign' 'names the command'

me=down@contoso.test
file=$SITE/etc/exoauth.d/$me.conf
account "identity_endpoint: http://$TAP_LOOP_URL:1/"
exits 75 'nobody answers' x token $me
one_line 'nobody answers' "cannot connect to .*; managed_identity works on Azure's own hosts only"
unlike "$ERR" proxy 'and a proxy is not the remedy'
refuse()
{
    account "${@:2}"
    exits 78 "${*:2}" x token $me
    one_line "${*:2}" "$1"
}
refuse 'identity_endpoint must be' 'identity_endpoint: http://10.0.0.1/'
refuse 'identity_endpoint must be' 'identity_endpoint: http://169.254.169.254.evil.test/'
refuse 'identity_endpoint must be' 'identity_endpoint: http://u@127.0.0.1/'
refuse 'needs no client_auth' 'client_auth: private_key_jwt'
refuse 'resource is missing' 'provider: custom' 'servers: mail.contoso.test'

is "$(cat "$SITE/proxy/endpoint.requests" 2>/dev/null)" '' 'the proxy was never asked'
