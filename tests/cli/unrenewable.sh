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
        'f"{redirect}?code=canary-code&state={state}"' --paste
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
