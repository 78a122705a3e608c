#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# oidc-provider, known by its issuer alone: an app by secret and by
# certificate, a person by device code and by paste, and what is asked of it.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

rig_init
unset DISPLAY WAYLAND_DISPLAY
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=relay-app \
    -keyout "$RIG/etc/app.key" -out "$RIG/etc/app.crt" 2>/dev/null
chmod 0644 "$RIG"/etc/app.*
ttl=3000
rig_as_start "{\"jwtCert\": \"$RIG/etc/app.crt\", \"ttl\": $ttl}"
common=(--set provider=custom --set servers=localhost --set "issuer=$RIG_AS")
mail='https://outlook.office.com/SMTP.Send offline_access'

app=app@contoso.test
ok 'an app, by issuer and secret' exo login $app "${common[@]}" \
    --set client_id=relay-app --set "secret_file=$(rig_secret_file)" \
    --set scope=https://outlook.office365.com/.default
is "$(rig_as_count grant_type=client_credentials status=200)" 1 'one token'
ok 'show' exo show $app
like "$OUT" $'# from discovery\ntoken_endpoint: '"$RIG_AS/common/oauth2/v2.0/token" \
    'where the token is from'
# From now on the metadata is not needed.
rig_as_fault '{"match": "/.well-known/", "status": 500}'
ok 'remove the token' exo remove $app
exits 75 'a first token without metadata' exo token $app
like "$ERR" 'HTTP 500.*; ' 'says so'
rig_as_fault ''
ok 'refresh' exo refresh $app --force
rig_as_fault '{"match": "/.well-known/", "status": 500}'
rig_as_reset
cert=cert@contoso.test
login_cert()
{
    exo login $cert "${common[@]}" --set client_id=relay-app-ps256 \
        --set "certificate=$RIG/etc/app.crt" \
        --set "private_key=$RIG/etc/app.key" \
        --set scope=https://outlook.office365.com/.default
}
exits 75 'nor is there a login' login_cert
rig_as_fault ''
ok 'an app, by issuer and certificate' login_cert
is "$(rig_as_count grant_type=client_credentials status=200)" 1 'its audience is the endpoint found'

# ----- a person

who=alice@contoso.test
rig_as_set '{"ttl": 2}'
{
    exo login $who "${common[@]}" --set client_id=device-app \
        --set "scope=$mail" --device >"$RIG/device.out" 2>"$RIG/device.err" </dev/null
    echo $? >"$RIG/device.rc"
} &
rig_wait 20 grep -q 'enter the code:' "$RIG/device.err"
code=$(grep -A2 'enter the code:' "$RIG/device.err" | grep -oE '[0-9A-Z-]{5,}$')
ok 'the person enters the code' rig_as_approve "$code" $who
rig_wait 30 test -s "$RIG/device.rc"
is "$(<"$RIG/device.rc") $(<"$RIG/device.out")" '0 changed' 'login by device code'
rig_as_fault '{"match": "/.well-known/", "drop": true}'
sleep 2
rig_as_set "{\"ttl\": $ttl}"
ok 'a new token without metadata' exo token $who
is "$(rig_as_count grant_type=refresh_token status=200)" 1 'by the endpoint in the record'
rig_as_fault ''

printf 'https://127.0.0.1/?code=x&state=y\n' >"$RIG/address"
exits 77 'paste' exo login paste@contoso.test "${common[@]}" \
    --set client_id=desktop-app --set "scope=$mail" --paste <"$RIG/address"
like "$ERR" "$RIG_AS/common/oauth2/v2.0/authorize[?]client_id=desktop-app" \
    'by the page found'
isnt "$(rig_curl "$RIG_AS/.well-known/openid-configuration" |
    rig_json authorization_response_iss_parameter_supported)" '' \
    'this provider says that it sends iss'

# Its real name has no slash at the end.
exits 78 'almost the issuer' exo login slash@contoso.test "${common[@]}" \
    --set "issuer=$RIG_AS/" --set client_id=relay-app \
    --set "secret_file=$(rig_secret_file)"
like "$ERR" "calls itself .$RIG_AS.; set issuer" 'is not the issuer'
