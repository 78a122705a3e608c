#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A person authorises, and the provider gives no refresh token: the login is
# good for the life of one token. login and status say so before it ends, and
# every command says afterwards what to do.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
unset DISPLAY WAYLAND_DISPLAY
site_endpoint 'fields:{"access_token":"only","expires_in":3600}'
rm "$SITE/secret/app"
app=alice@contoso.test
site_account $app "authorization_endpoint: $SITE_URL/authorize" 'grant: authorization_code'
paste_login()
{
    python3 "${BASH_SOURCE[0]%/*}/../lib/paste.py" "$EXO" "$SITE_CONF" $app \
        'f"{redirect}?code=canary-code&state={state}"' --paste "$@"
}
words="the login of $app ends with its token, as the provider gave no refresh token; see that scope has .*offline_access, and run: exoauth login $app"

ok 'a login' paste_login
like "$ERR" "exoauth: $words" 'which says that it will end'
ok 'a token is there' x token $app
exits 1 'status warns' x status --nagios
like "$OUT" "WARNING.*$words" 'with the same words'
ok 'status, read by a person' x status $app
like "$OUT" "$words" 'too'
x status --json >"$SITE/json"
is "$(python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))["accounts"][0]; print(a["state"], a["severity"])' "$SITE/json")" \
    'ok warning' 'and one that a program reads'

site_edit $app python3 -c 'import json, sys, time
r = json.load(sys.stdin)
for key in "issued", "refresh_after", "usable_until", "expires", "refreshed":
    r[key] = int(time.time()) - 4000 + (100 if key == "expires" else 0)
json.dump(r, sys.stdout)'
rm -f "$SITE_TOKENS"/*
words=${words/ ends / has ended }
exits 2 'status when it has ended' x status --nagios
like "$OUT" "CRITICAL.*$words" 'says what to do'
exits 77 'token' x token $app
like "$ERR" "exoauth: $words" 'does so, too'
exits 77 'refresh' x refresh $app
like "$ERR" "exoauth: $words" 'does so, too'
is "$(site_count)" 1 'and the provider is not asked'

site_script 'fields:{"access_token":"more","refresh_token":"canary-refresh","expires_in":3600}'
ok 'a login with what the remedy says' paste_login
unlike "$ERR" 'no refresh token' 'says nothing of it'
ok 'and all is well' x status --nagios

# ----- in the place of one that is renewed

record() { site_record $app refresh_token; }
site_script 'fields:{"access_token":"brief","expires_in":3600}'
for more in '' '--set client_id=other' "--set token_endpoint=${SITE_URL/127.0.0.1/localhost}/token"; do
    # shellcheck disable=SC2086
    exits 77 "a login that would end${more:+, $more}" paste_login $more
    like "$ERR" "the provider gave no refresh token, so $app keeps the credential that works; see that scope has .*offline_access, and log in again" \
        'says why it is not taken'
    is "$OUT" '' 'nothing is changed'
    is "$(record)" canary-refresh 'what works stays'
    ok 'and is used' x status --nagios
done
site_script 'status:400:{"error":"invalid_grant"}'
exits 77 'the grant has ended' x refresh $app --force
site_script 'fields:{"access_token":"brief","expires_in":3600}'
ok 'then it is taken' paste_login
like "$ERR" "the login of $app ends with its token" 'with the warning'
is "$(record)" '' 'and the one that was refused is gone'
exits 1 'status warns' x status --nagios

# ----- by a password, where grant says something else

printf 'canary-password\n' >"$SITE/secret/app"
site_account $app 'grant: device_code' "device_authorization_endpoint: $SITE_URL/device"
exits 78 'a password that would be sent as a client secret' x login $app --password-file "$SITE/secret/app"
like "$ERR" "a password is stored only where grant is password; run: exoauth login $app --set grant=password" 'is not stored'
is "$(site_record $app client_secret)" '' 'indeed'
no_secret 'nor shown'
ok 'what it says' x login $app --set grant=password --password-file "$SITE/secret/app"
is "$(site_record $app client_secret)" canary-password 'stores it'
ok 'a refresh' x refresh $app --force
is "$(site_forms grant_type | tail -n 1) $(site_forms client_secret | tail -n 1)" 'password ' 'sends it as what it is'

# ----- the password stays what it is, whatever is logged in with next

sent() { site_forms client_secret | grep -c canary-password; }
site_account $app "authorization_endpoint: $SITE_URL/authorize"
ok 'a password by default' x login $app --password-file "$SITE/secret/app"
is "$(site_record $app client_secret)" canary-password 'is stored'
printf 'canary-given\n' >"$SITE/secret/refresh"
exits 77 'a login that would end' paste_login
is "$(site_record $app client_secret)" canary-password 'does not take its place'
site_script 'fields:{"access_token":"new","refresh_token":"canary-new","expires_in":3600}'
ok 'a refresh token that is adopted' x login $app --refresh-token-file "$SITE/secret/refresh"
is "$(site_record $app client_secret) $(site_record $app refresh_token)" ' canary-new' 'does, and the password is gone'
ok 'the password again' x login $app --set grant=password --password-file "$SITE/secret/app"
site_script 'fields:{"access_token":"brief","expires_in":3600}'
site_account $app "authorization_endpoint: $SITE_URL/authorize"
ok 'by default' x login $app --password-file "$SITE/secret/app"
site_script 'fields:{"access_token":"new","refresh_token":"canary-new","expires_in":3600}'
ok 'a login in a browser' paste_login
is "$(site_record $app client_secret) $(site_record $app refresh_token)" ' canary-new' 'forgets it, too'
site_script 'fields:{"access_token":"brief","expires_in":3600}'
site_script 'status:400:{"error":"invalid_grant"}'
x refresh $app --force
site_script 'fields:{"access_token":"brief","expires_in":3600}'
ok 'once more by default' x login $app --password-file "$SITE/secret/app"
app_login() { x login $app --set grant=client_credentials </dev/null; }
not_ok 'an application without a secret' app_login
is "$(sent)" 0 'and nobody was ever sent it as a client secret'

# ----- nor does a client secret that works give way to such a login

site_account $app "authorization_endpoint: $SITE_URL/authorize"
printf 'canary-client\n' >"$SITE/secret/client"
x remove $app
ok 'an application' x login $app --secret-file "$SITE/secret/client"
exits 77 'a person who would end it' paste_login
is "$(site_record $app client_secret)" canary-client 'does not'
ok 'it goes on' x refresh $app --force
