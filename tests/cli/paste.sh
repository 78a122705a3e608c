#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth login --paste: the URL for a browser elsewhere, and the address it
# ends on from stdin or a terminal; which way a login takes without a flag;
# whose mailbox it was.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
unset DISPLAY WAYLAND_DISPLAY
site_endpoint ok:paste-1
who=alice@contoso.test
rm "$SITE/secret/app"
form() { site_forms "$1" | tail -n 1; }
micro=(provider: microsoft tenant: contoso.test)

paste_login() { python3 "${BASH_SOURCE[0]%/*}/../lib/paste.py" "$EXO" "$SITE_CONF" "$@"; }
good='f"{redirect}?code=canary-code&state={state}&session_state=x#frag"'

site_account $who "authorization_endpoint: $SITE_URL/authorize"
site_script 'fields:{"access_token":"paste-1","refresh_token":"canary-rt"}'
ok 'paste' paste_login $who "$good" --paste
is "$OUT" changed 'changed'
like "$ERR" "redirect_uri=http%3A%2F%2Flocalhost[&]" 'another provider: back to localhost'
is "$(form grant_type) $(form code) $(form redirect_uri)" \
    'authorization_code canary-code http://localhost' 'the code is redeemed'
is "$(site_record $who grant)" authorization_code 'the grant'
ok 'a long code' paste_login $who 'f"{redirect}?code={chr(99) * 4000}&state={state}"' --paste
site_script ok:paste-2
count=$(site_count)
for row in '"nonsense"|not the address' '""|no address was given' \
    'f"{redirect}?code=x&state=other"|another state' \
    'f"{redirect}?code=x"|another state' \
    'f"{redirect}?error=access_denied&state={state}"|access_denied'; do
    not_ok "refused: ${row%|*}" paste_login $who "${row%|*}" --paste
    like "$ERR" "${row#*|}.*; " 'cause and remedy'
done
is "$(site_count)" "$count" 'the provider was asked for none of them'

# ----- Entra

id_token()
{
    python3 -c 'import base64, json, sys
e = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).decode().rstrip("=")
print(e({"alg": "none"}) + "." + e(json.loads(sys.argv[1])) + ".sig")' "$1"
}
printf '%s\n' 'provider: microsoft' 'tenant: contoso.test' 'client_id: desk' \
    "token_endpoint: $SITE_URL/token" >"$SITE/etc/exoauth.d/$who.conf"
answer() { printf 'fields:{"access_token":"p","refresh_token":"r","id_token":"%s"}' "$(id_token "$1")"; }
site_script "$(answer '{"preferred_username":"Alice@contoso.test"}')"
ok 'provider microsoft' paste_login $who "$good" --paste
like "$ERR" 'redirect_uri=https%3A%2F%2Flogin.microsoftonline.com%2Fcommon%2Foauth2%2Fnativeclient' \
    'ends on its own page'
like "$ERR" 'scope=[^ &]*openid(\+|%20)profile' 'and is asked who it was'
unlike "$ERR" 'was authorised by' 'the mailbox itself: no warning'
unlike "$(x show $who)" openid 'the scope of the account stays'
site_script "$(answer '{"preferred_username":"bob@contoso.test"}')"
ok 'somebody else' paste_login $who "$good" --paste
like "$ERR" "authorised by bob@contoso.test, not by the owner of mailbox $who; .*login" \
    'is a warning'
for odd in '{"preferred_username":7}' '{"preferred_username":"a\u001b[31m@b"}' '{}' '[]'; do
    site_script "$(answer "$odd")"
    ok "an ID token with $odd" paste_login $who "$good" --paste
    unlike "$ERR" 'was authorised by' 'names nobody'
done
site_script 'fields:{"access_token":"p","refresh_token":"r","id_token":"no.jwt"}'
ok 'an ID token that is none' paste_login $who "$good" --paste

# ----- without a flag

site_script ok:auto
site_account auto@contoso.test "authorization_endpoint: $SITE_URL/authorize"
ok 'no display, no device endpoint' paste_login auto@contoso.test "$good"
like "$ERR" 'Copy that page' 'is paste'
site_account auto2@contoso.test "authorization_endpoint: $SITE_URL/authorize" \
    "device_authorization_endpoint: $SITE_URL/devicecode"
ok 'no display, a device endpoint' x login auto2@contoso.test
like "$ERR" 'enter the code' 'is a device code'
site_account auto3@contoso.test "authorization_endpoint: $SITE_URL/authorize" \
    "device_authorization_endpoint: $SITE_URL/devicecode" 'grant: authorization_code'
ok 'unless the file says authorization_code' paste_login auto3@contoso.test "$good"
site_account auto4@contoso.test "authorization_endpoint: $SITE_URL/authorize" \
    "device_authorization_endpoint: $SITE_URL/devicecode"
if [[ $(id -u) != 0 ]]; then
    mkdir "$SITE/bin"
    printf '#!/bin/sh\necho "$1" >"%s/opened"\n' "$SITE" >"$SITE/bin/xdg-open"
    chmod 0755 "$SITE/bin/xdg-open"
    displayed() { DISPLAY=:77 PATH=$SITE/bin:$PATH x login auto4@contoso.test --wait 1; }
    exits 77 'with a display' displayed
    like "$ERR" 'on this host' 'is the browser here'
    like "$(cat "$SITE/opened")" "^$(site_url)/authorize.client_id=" 'opened by xdg-open'
else
    displayed() { DISPLAY=:77 x login auto4@contoso.test --wait 1; }
    ok 'root with a display' displayed
    like "$ERR" 'enter the code' 'opens no browser as run_as'
fi

# ----- iss, where the provider's metadata says that it always sends it

who=iss@contoso.test
printf '%s\n' 'provider: custom' 'client_id: app' 'servers: mail.contoso.test' \
    "issuer: $SITE_URL" >"$SITE/etc/exoauth.d/$who.conf"
metadata()
{
    site_gets "raw:{\"issuer\":\"$SITE_URL\",\"token_endpoint\":\"$SITE_URL/found\",\
\"authorization_endpoint\":\"$SITE_URL/page?x=y\"$1}"
}
iss=${SITE_URL//:/%3A}
iss=${iss//\//%2F}
with="f\"{redirect}?code=canary-code&state={state}&iss=$iss\""
without='f"{redirect}?code=canary-code&state={state}"'
site_script 'fields:{"access_token":"iss-1","refresh_token":"canary-rt"}'
metadata ',"authorization_response_iss_parameter_supported":true'
ok 'discovered endpoints' paste_login $who "$with" --paste
like "$ERR" "$(site_url)/page[?]x=y&" 'the page is the one found'
is "$(site_record $who token_endpoint)" "$SITE_URL/found" 'the token endpoint is kept'
is "$(form code)" canary-code 'and was asked'
count=$(site_count)
exits 78 'no iss' paste_login $who "$without" --paste
like "$ERR" "without an issuer, which $(site_url) always names; " 'is refused'
exits 78 'another iss' paste_login $who "${with/3A/3B}" --paste
like "$ERR" 'another issuer than' 'is refused'
is "$(site_count)" "$count" 'the code is not used'
metadata ',"authorization_response_iss_parameter_supported":"true"'
ok 'without that promise' paste_login $who "$without" --paste
