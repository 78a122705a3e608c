#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# login --browser with a real browser: headless Chromium goes through the
# provider's own login form. Success, the person declines, another login's
# state, a closed tab; --paste; a certificate at a provider that checks it.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd chromium chromedriver
alice=alice@contoso.test
rig_init
unset DISPLAY WAYLAND_DISPLAY
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=relay-app \
    -keyout "$RIG/etc/app.key" -out "$RIG/etc/app.crt" 2>/dev/null
chmod 0644 "$RIG"/etc/app.*
rig_as_start "{\"jwtCert\": \"$RIG/etc/app.crt\"}"
common=(--set "tenant=$RIG_TENANT" --set client_id=desktop-app --set servers=localhost
    --set "token_endpoint=$RIG_TOKEN_URL" --set "issuer=$RIG_AS"
    --set "authorization_endpoint=$RIG_AS/$RIG_TENANT/oauth2/v2.0/authorize?prompt=consent")
# The one that this provider compares `aud` with.
common_token=$RIG_AS/common/oauth2/v2.0/token

login()
{
    rm -f "$RIG"/login.*
    {
        exo login "$alice" "${common[@]}" "$@" >"$RIG/login.out" \
            2>"$RIG/login.err" </dev/null
        echo $? >"$RIG/login.rc"
    } &
    login_job=$!
    rig_wait 20 grep -q 'waiting for it' "$RIG/login.err"
    url=$(grep -oE 'https://localhost[^ ]*authorize[^ ]*' "$RIG/login.err")
    back=$(grep -oE 'on http://localhost:[0-9]+' "$RIG/login.err")
    back=${back#on }
}
browse()
{
    mkdir -p "$RIG/browser"
    timeout 120 "$RIG_HERE/webdriver.py" chromedriver "$RIG/browser" "$url" "${2:-$alice}" "$1"
    local rc=$?
    rm -rf "$RIG/browser"
    return "$rc"
}
finish()
{
    wait "$login_job"
    RC=$(<"$RIG/login.rc") OUT=$(<"$RIG/login.out") ERR=$(<"$RIG/login.err")
}

# ----- success

login --browser
ok 'a person signs in with Chromium' browse login
like "$OUT" "$back/[?].*code=.*Login complete" 'and ends on the page of exoauth'
finish
is "$RC $OUT" '0 changed' 'login succeeds'
unlike "$ERR" 'was authorised by' 'it was the owner of the mailbox'
is "$(rig_as_count grant_type=authorization_code status=200)" 1 'one code was redeemed'
ok 'refresh' exo refresh "$alice" --force
is "$(rig_as_count grant_type=refresh_token status=200)" 1 'with the refresh token'
ok 'token' exo token "$alice"

# ----- another person

login --browser
ok 'somebody else signs in' browse login bob@contoso.test
finish
is "$RC" 0 'login succeeds'
like "$ERR" "authorised by bob@contoso.test, not by the owner of mailbox $alice" 'with a warning'

# ----- declined, another state, closed

rig_as_reset
login --browser
ok 'the person declines' browse deny
like "$OUT" 'Login failed' 'the page says that it failed'
finish
is "$RC" 77 'login ends with status 77'
like "$(tail -n1 <<<"$ERR")" 'access_denied.*; .*run: exoauth login' 'cause and remedy'

login --browser --wait 300
right=$(grep -oE 'state=[^&]*' <<<"$url")
url=${url/state=/state=x}
ok 'an address with another state' browse login
like "$OUT" 'Not this login' 'the page says so'
is "$(jobs -r | grep -c .)" 1 'login waits for its own'
rig_curl -o /dev/null "$back/?error=access_denied&$right"
finish
is "$RC" 77 'which ends it'
like "$ERR" 'ignored: .*another state' 'it has said what it ignored'

login --browser --wait 3
ok 'a tab that is closed' browse close
finish
is "$RC" 77 'login ends by itself'
like "$(tail -n1 <<<"$ERR")" 'no browser came back within 3 s; .*run: exoauth login' 'cause and remedy'
is "$(rig_as_count grant_type=authorization_code)" 0 'no code was redeemed'
ok 'the credential in store still works' exo refresh "$alice" --force

# ----- paste: the browser ends on a page that is not there

rig_as_reset
mkfifo "$RIG/paste"
paste_login()
{
    rm -f "$RIG"/login.*
    {
        exo login "$alice" "${common[@]}" --paste >"$RIG/login.out" \
            2>"$RIG/login.err" <"$RIG/paste"
        echo $? >"$RIG/login.rc"
    } &
    login_job=$!
    exec 5>"$RIG/paste"
    rig_wait 20 grep -q 'whole address' "$RIG/login.err"
    url=$(grep -oE 'https://localhost[^ ]*authorize[^ ]*' "$RIG/login.err")
}
paste_login
ok 'a person signs in with Chromium' browse away
ended=$OUT
like "$ended" '^https://login.microsoftonline.com/common/oauth2/nativeclient[?].*code=' \
    'and ends on an address where nobody answers'
echo "$ended" >&5
exec 5>&-
finish
is "$RC $OUT" '0 changed' 'which, pasted, is the login'
unlike "$ERR" 'was authorised by' 'of the owner of the mailbox'
is "$(rig_as_count grant_type=authorization_code status=200)" 1 'one code was redeemed'
ok 'refresh' exo refresh "$alice" --force
paste_login
echo "$ended" >&5
exec 5>&-
finish
is "$RC" 77 'the address of the last login'
like "$(tail -n1 <<<"$ERR")" 'another state.*; ' 'is not this one'
is "$(rig_as_count grant_type=authorization_code)" 1 'and is not redeemed'

# ----- by the issuer alone, which this provider always sends with the browser

saved=("${common[@]}")
common=(--set provider=custom --set client_id=desktop-app --set servers=localhost
    --set "issuer=$RIG_AS" --set 'scope=openid https://outlook.office.com/SMTP.Send')
alice=carol@contoso.test
login --browser
ok 'endpoints from discovery' browse login
finish
is "$RC $OUT" '0 changed' 'login succeeds'
alice=alice@contoso.test common=("${saved[@]}")

# ----- certificates

for alg in PS256 RS256; do
    app=${alg,,}@contoso.test
    ok "private_key_jwt, $alg" exo login "$app" --set "tenant=$RIG_TENANT" \
        --set "client_id=relay-app-${alg,,}" --set servers=localhost \
        --set "token_endpoint=$common_token" --set "jwt_alg=$alg" \
        --set "certificate=$RIG/etc/app.crt" --set "private_key=$RIG/etc/app.key"
done
is "$(rig_as_count grant_type=client_credentials status=200)" 2 'both were accepted'
exits 78 'the wrong algorithm' exo login rs256@contoso.test --set jwt_alg=PS256
ok 'secret_basic' exo login basic@contoso.test --set "tenant=$RIG_TENANT" \
    --set client_id=relay-app-basic --set servers=localhost --set client_auth=secret_basic \
    --set "token_endpoint=$RIG_TOKEN_URL" --set "secret_file=$(rig_secret_file)"
