#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# issuer: endpoints from the provider's metadata, found once and kept, and
# every way in which such metadata may not be believed. The scripted endpoint
# answers GETs and POSTs from lists of their own.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_cmd python3

site_up 'provider: custom' 'client_id: app' 'servers: mail.contoso.test'
site_endpoint
me=app@contoso.test
dir=$SITE/etc/exoauth.d
issuer=$SITE_URL/tenant
printf 'canary-secret\n' >"$SITE/secret/app"

# account NAME [LINE]...
account() { printf '%s\n' "secret_file: $SITE/secret/app" "${@:2}" >"$dir/$1.conf"; }
gets() { grep -c '"method": "GET"' "$SITE/endpoint.requests"; }
posts() { grep '"method": "POST"' "$SITE/endpoint.requests" | grep -c "${1:-/}"; }
last() { tail -n 1 "$SITE/endpoint.requests" | sed 's/.*"path": "\([^"]*\)".*/\1/'; }
# metadata [MEMBER=VALUE]...: raw: and a good answer with these changes
metadata()
{
    python3 - "$issuer" "$SITE_URL" "$@" <<'PY'
import json, sys
issuer, url, *changes = sys.argv[1:]
m = {"issuer": issuer, "token_endpoint": url + "/found/token",
     "authorization_endpoint": url + "/found/auth",
     "device_authorization_endpoint": url + "/found/devicecode",
     "response_types_supported": ["code"]}
for change in changes:
    name, value = change.split("=", 1)
    try:
        m[name] = json.loads(value)
    except ValueError:
        m[name] = value
print("raw:" + json.dumps({k: v for k, v in m.items() if v is not None}))
PY
}

# ----- found once, and kept

account $me "issuer: $issuer"
ok 'show, before anything was asked' x show $me
like "$OUT" '# token_endpoint: from discovery, at the first request' 'says so'
not_ok 'and touched nothing' test -e "$SITE/etc/exoauth.key"
ok 'status' x status $me
site_gets "$(metadata)"
site_script ok:token-1
ok 'an issuer alone' x token $me
is "$OUT" token-1 'the token'
is "$(site_asked | sed -n 1p)" /tenant/.well-known/openid-configuration 'where it asked'
like "$(site_asked)" 'accept: application/json' 'for JSON'
unlike "$(site_asked)" 'canary|authorization' 'and showed nothing'
is "$(last)" /found/token 'and where the token came from'
is "$(site_record $me token_endpoint)" "$SITE_URL/found/token" 'kept in the record'
is "$(site_record $me issuer)" "$issuer" 'with who said it'
ok 'show' x show $me
like "$OUT" $'\n# from discovery\ntoken_endpoint: '"$(site_url)/found/token" 'from discovery'
ok 'refresh' x refresh $me
count=$(gets)
site_later 3400 && {
    ok 'later' x token $me
    is "$(posts /found/token)" 2 'one more token'
    is "$(gets)" "$count" 'and no question about the endpoint'
    site_later 0
}
ok 'refresh --force' x refresh $me --force
is "$(gets)" "$((count + 1))" 'asks anew'

# ----- it moves

site_gets "$(metadata "token_endpoint=$SITE_URL/moved/token")"
edit() { site_edit $me python3 -c 'import json, sys
r = json.load(sys.stdin)
r["token_endpoint"], r["issuer"] = sys.argv[1:]
r["config"] = r["tried"] = "0"
print(json.dumps(r))' "$1" "$issuer"; }
edit "$SITE_URL/redirected"
site_script redirect:308:$SITE_URL/moved ok:token-2
tap_run x refresh $me
is "$(last)" /redirected 'a stored endpoint that has moved'
is "$(site_record $me token_endpoint)" '' 'is forgotten'
ok 'the next try' x refresh $me --force
is "$(last)" /moved/token 'finds the new one'
edit http://$TAP_LOOP_URL:1/
tap_run x refresh $me
is "$(site_record $me token_endpoint)" '' 'one that nobody listens at is forgotten'
edit "$SITE_URL/busy"
site_script status:503:busy
tap_run x refresh $me
is "$(site_record $me token_endpoint)" "$SITE_URL/busy" 'one that is only busy is not'
edit "$SITE_URL/refused"
site_script aadsts:7000215:invalid_client
tap_run x refresh $me
is "$(site_record $me token_endpoint)" "$SITE_URL/refused" 'nor one that refuses the secret'
site_script ok:token-3
account $me "issuer: $issuer/"
site_gets "$(metadata "issuer=$issuer/")"
ok 'another issuer' x token $me
is "$(last)" /found/token 'is asked, whatever was stored'
is "$(site_asked | sed -n 1p)" /tenant/.well-known/openid-configuration \
    'a slash at its end is not doubled'

# ----- what is written counts

account $me "issuer: $issuer" "token_endpoint: $SITE_URL/mine"
count=$(gets)
ok 'token_endpoint in the file' x token $me
is "$(last)" /mine 'wins'
is "$(gets)" "$count" 'and nothing is asked'
is "$(site_record $me token_endpoint)" '' 'nor kept'
unlike "$(python3 -c 'import json,sys; print(list(json.load(open(sys.argv[1]))))' \
    "$SITE_STORE/$me.json")" 'issuer|token_endpoint' \
    'such a record looks as it always did'

# ----- the other form

n=0
fresh() { me=f$((++n))@contoso.test; account $me "issuer: $issuer" "$@"; }
fresh
site_gets status:404:{} "$(metadata)"
ok '404 for the first form' x token $me
is "$(site_asked 2 | grep '^/')" '/tenant/.well-known/openid-configuration
/.well-known/oauth-authorization-server/tenant' 'then the one of RFC 8414'
issuer=$SITE_URL
fresh
site_gets status:400:no "$(metadata)"
ok 'an issuer without a path' x token $me
is "$(site_asked 2 | grep '^/')" '/.well-known/openid-configuration
/.well-known/oauth-authorization-server' 'both forms'
issuer=$SITE_URL/tenant

# ----- what is not believed: no secret goes anywhere

refused()
{
    local status=$1 words=$2 what=$3 before
    shift 3
    fresh
    before=$(posts)
    site_gets "$@"
    exits "$status" "$what" x token "$me"
    one_line "$what" "$words"
    is "$(posts)" "$before" "$what: the token endpoint is not called"
    is "$(site_record "$me" token_endpoint)" '' "$what: nothing is kept"
}
refused 78 "calls itself .https://evil.test.; set issuer" 'another issuer' \
    "$(metadata issuer=https://evil.test)"
refused 78 'calls itself' 'a slash too much' "$(metadata "issuer=$issuer/")"
refused 78 'calls itself ..;' 'no issuer' "$(metadata issuer=null)"
refused 78 'calls itself' 'a list of issuers' "$(metadata "issuer=[\"$issuer\"]")"
refused 78 'without token_endpoint' 'no token_endpoint' "$(metadata token_endpoint=null)"
refused 78 'no https URL' 'token_endpoint in the clear' \
    "$(metadata token_endpoint=http://login.test/token)"
refused 78 'no https URL' 'another endpoint in the clear' \
    "$(metadata authorization_endpoint=http://login.test/auth)"
refused 78 'no https URL' 'IMDS as an endpoint' \
    "$(metadata token_endpoint=http://169.254.169.254/token)"
refused 78 'no https URL' 'a user in it' "$(metadata token_endpoint=https://a@login.test/)"
refused 78 'no https URL' 'one that is too long' \
    "$(metadata "token_endpoint=https://login.test/$(head -c 1024 /dev/zero | tr '\0' a)")"
refused 75 'not a JSON object|JSON' 'not JSON' 'raw:hello'
refused 75 'HTML' 'HTML' html
refused 75 'nothing' 'nothing' empty
refused 75 'sent more' 'too big' huge:1
refused 75 'JSON' 'too deep' deep:1000
refused 78 'HTTP 404 from issuer' 'nothing there' status:404:{}
refused 75 'HTTP 503' 'a server in trouble' status:503:down
refused 75 '429' 'too many requests' retry:429:60
refused 78 'redirect' 'a redirect' "redirect:302:$SITE_URL/elsewhere"
site_conf timeout 1
refused 75 'no answer in time' 'a hang' hang
refused 75 'no answer in time' 'one byte now and then' drip:1
site_conf timeout 5
like "$(site_record "$me" error_text)" 'no answer in time' 'which is recorded'
fresh "token_endpoint: $SITE_URL/mine"
site_gets hang
ok 'a hang where nothing is to be asked' x token $me
ok 'explain' x explain "who answers for issuer https://a calls itself \"https://b\""
like "$OUT" 'RFC 8414' 'says where that is written'
exits 64 'an issuer with a query' x login q@contoso.test --set 'issuer=https://a/?b'
one_line 'an issuer with a query' 'without a query'
exits 64 'an issuer in the clear' x login q@contoso.test --set issuer=http://a/
one_line 'an issuer in the clear' 'issuer.*https'

# ----- a person

who=person@contoso.test
account $who "issuer: $issuer" 'grant: device_code'
site_gets "$(metadata)"
site_script ok:token-4
ok 'login --device' x login $who --device
is "$(grep -c found/devicecode "$SITE/endpoint.requests")" 1 'by the endpoint found'
is "$(site_record $who token_endpoint)" "$SITE_URL/found/token" 'kept by a login'
count=$(gets)
printf 'canary-refresh\n' >"$SITE/secret/refresh"
ok 'a refresh token that is given' x login $who \
    --refresh-token-file "$SITE/secret/refresh"
is "$(gets)" "$((count + 1))" 'one question'
no_secret 'nothing is shown'
fresh
site_gets "$(metadata issuer=https://evil.test)"
exits 78 'login where the metadata lies' x login $me --refresh-token-file "$SITE/secret/refresh"
like "$ERR" 'calls itself .https://evil.test' 'is refused'
is "$(grep -c canary-refresh "$SITE/endpoint.requests")" 1 'before the token is sent'
