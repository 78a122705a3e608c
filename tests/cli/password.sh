#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The password grant: the warning, where the password comes from, what is
# stored with and without a refresh token, and Entra's refusals.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint 'fields:{"access_token":"pw-1","refresh_token":"canary-rt"}'
who=alice@contoso.test
form() { site_forms "$1" | tail -n 1; }
printf 'canary-password\n' >"$SITE/secret/app"
site_account $who 'scope: mail offline_access'

ok '--password-file' x login $who --password-file "$SITE/secret/app"
is "$OUT" changed 'changed'
like "$ERR" 'the password grant is deprecated.*; use --browser or --device' 'with a warning'
is "$(form grant_type) $(form username) $(form password)" "password $who canary-password" \
    'the request'
is "$(site_record $who grant) $(site_record $who refresh_token) $(site_record $who client_secret)" \
    'password canary-rt ' 'the refresh token is stored, the password is not'
no_secret 'nor shown'
site_script ok:pw-2
ok 'refresh' x refresh $who --force
is "$(form grant_type)" refresh_token 'uses the refresh token'

site_script ok:pw-3
from_stdin() { x login $who --password-file - <"$SITE/secret/app"; }
ok 'from stdin; no refresh token comes' from_stdin
like "$ERR" 'the password itself is stored' 'says what is stored'
is "$(site_record $who refresh_token) $(site_record $who client_secret)" ' canary-password' 'the password'
no_secret 'not shown'
site_script 'fields:{"access_token":"pw-4","refresh_token":"late"}'
ok 'refresh' x refresh $who --force
is "$(form grant_type) $(form password) $(form client_secret)" 'password canary-password ' \
    'uses the password, and not as a client secret'
ok 'again' x refresh $who --force
is "$(form grant_type)" password 'and stays with it'
site_script 'fields:{"access_token":"pw-5","refresh_token":"rt-5"}'
ok 'a login that brings a refresh token' x login $who --password-file "$SITE/secret/app"
is "$(site_record $who refresh_token) $(site_record $who client_secret)" 'rt-5 ' \
    'forgets the password'
ok 'refresh' x refresh $who --force
is "$(form grant_type) $(form client_secret)" 'refresh_token ' 'a public client still'

# ----- with a client secret

printf 'canary-client\n' >"$SITE/secret/client"
chmod 0644 "$SITE/secret/client"
site_account $who "secret_file: $SITE/secret/client" 'grant: password'
site_script ok:pw-6
ok 'a client with a secret_file' x login $who --password-file "$SITE/secret/app"
is "$(form client_secret) $(form password)" 'canary-client canary-password' 'sends both'
ok 'refresh' x refresh $who --force
is "$(form client_secret) $(form password)" 'canary-client canary-password' 'each time'
site_account $who 'grant: password'
exits 78 'a secret that would have to be stored, too' x login $who \
    --secret-file "$SITE/secret/client" --password-file "$SITE/secret/app"
like "$ERR" 'only one can be stored; run: .*--set secret_file=' 'cause and remedy'
exits 64 'no password and no terminal' setsid -w "$EXO" login $who --config "$SITE_CONF"
like "$ERR" 'no password for .*; give it with --password-file' 'cause and remedy'

# ----- Entra's refusals

before=$(site_record $who client_secret)
while read -r code error rc words; do
    site_script "aadsts:$code:$error"
    exits "$rc" "AADSTS$code" x login $who --password-file "$SITE/secret/app"
    like "$(tail -n1 <<<"$ERR")" "AADSTS$code.*$words.*; " 'cause and remedy'
done <<'END'
7000218 invalid_client 78 public client
50076 invalid_grant 77 factor
50126 invalid_grant 77 password
END
is "$(site_record $who client_secret)" "$before" 'what is stored stays'
no_secret 'nothing is shown'
