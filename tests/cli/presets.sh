#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Providers and clouds as an account uses them: what follows from the two
# names, where show says it comes from, scopes with commas, and the resource
# of an endpoint that takes no scope, up to the request.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"

site_up
dir=$SITE/etc/exoauth.d
account() { printf '%s\n' 'client_id: app' "${@:2}" >"$dir/$1.conf"; }
origin() { grep -B99 "^$1: " <<<"$OUT" | grep '^# from ' | tail -n 1; }
value() { sed -n "s/^$1: //p" <<<"$OUT"; }

# cloud, host of the login, the rest of the endpoint, host of the scope, a server
while read -r cloud login path scope server; do
    account app@contoso.test "cloud: $cloud" 'tenant: contoso.test' \
        "secret_file: $SITE/secret/app"
    ok "cloud $cloud" x show app@contoso.test
    is "$(value token_endpoint)" "https://$login/contoso.test/$path/token" \
        'its endpoint'
    is "$(value scope)" "${scope/-/}" 'its scope for an app'
    is "$(origin token_endpoint)" '# from provider microsoft' 'and its origin'
    is "$(origin cloud)" "# from $dir/app@contoso.test.conf:2" \
        'beside the cloud, from the file'
    like " $(value servers) " " ${server//./\\.} " "$server is its server"
done <<'END'
public login.microsoftonline.com oauth2/v2.0 https://outlook.office365.com/.default smtp.office365.com
usgov login.microsoftonline.us oauth2/v2.0 https://outlook.office365.us/.default outlook.office365.us
usgov-dod login.microsoftonline.us oauth2/v2.0 https://outlook.office365.us/.default webmail.apps.mil
china login.partner.microsoftonline.cn oauth2/v2.0 https://partner.outlook.cn/.default smtp.partner.outlook.cn
china-v1 login.partner.microsoftonline.cn oauth2 - smtp.partner.outlook.cn
END
is "$(value resource)" https://partner.outlook.cn 'china-v1 has a resource'
is "$(origin resource)" '# from provider microsoft' 'of the provider'
is "$(value device_authorization_endpoint)" '' 'and no device flow'

# provider, token endpoint, a server
while read -r provider endpoint server; do
    account me@contoso.test "provider: $provider"
    ok "provider $provider" x show me@contoso.test
    is "$(value token_endpoint)" "https://$endpoint" 'its endpoint'
    is "$(origin token_endpoint)" "# from provider $provider" 'and its origin'
    isnt "$(value scope)" '' 'a scope'
    is "$(origin scope)" "# from provider $provider" 'of the provider'
    like " $(value servers) " " ${server//./\\.} " "$server is its server"
    is "$ERR" '' 'no warning'
done <<'END'
google oauth2.googleapis.com/token smtp.gmail.com
fastmail api.fastmail.com/oauth/refresh imap.fastmail.com
yahoo api.login.yahoo.com/oauth2/get_token smtp.mail.yahoo.com
aol api.login.aol.com/oauth2/get_token smtp.aol.com
yandex oauth.yandex.com/token smtp.yandex.com
mail.ru o2.mail.ru/token smtp.mail.ru
comcast oauth.xfinity.com/oauth/token smtp.comcast.net
seznam login.seznam.cz/api/v1/oauth/token smtp.seznam.cz
thundermail auth.tb.pro/realms/tbpro/protocol/openid-connect/token thundermail.com
END

account me@contoso.test 'provider: gmail'
exits 78 'a provider that does not exist' x show me@contoso.test
like "$ERR" 'use one of: microsoft, google, .*mail.ru, .*custom' 'the names'
account me@contoso.test 'cloud: mars' 'tenant: contoso.test'
exits 78 'a cloud that does not exist' x show me@contoso.test
like "$ERR" 'it has: public, usgov, usgov-dod, china, china-v1' 'the clouds'
account me@contoso.test 'tenant: consumers'
ok 'a personal account at outlook.com' x show me@contoso.test
is "$(value token_endpoint)" \
    https://login.microsoftonline.com/consumers/oauth2/v2.0/token 'its endpoint'
like "$(value servers)" 'smtp-mail.outlook.com' 'its server'

# Scopes as portals and other programs write them.
mail='https://outlook.office365.com/IMAP.AccessAsUser.All'
send='https://outlook.office365.com/SMTP.Send'
for scope in "$mail,$send" "$mail, $send" ",$mail ,, $send,"; do
    account me@contoso.test 'tenant: contoso.test' "scope: $scope"
    ok "scope: $scope" x show me@contoso.test
    is "$(value scope)" "$mail $send" 'commas are blanks'
    is "$(origin scope)" "# from $dir/me@contoso.test.conf:3" 'of the file'
done
for scope in ',' ', ,' 'a"b' 'a\b'; do
    account me@contoso.test 'tenant: contoso.test' "scope: $scope"
    exits 78 "scope: $scope" x show me@contoso.test
    like "$ERR" 'line 3: scope must be .*; correct its value' 'is refused'
done

# And on the wire. What was said in a file stays when a grant stands in.
site_endpoint
site_script ok
site_account wire@contoso.test "secret_file: $SITE/secret/app" 'scope: a,b' \
    'resource: https://mail.contoso.test'
ok 'a token' x token wire@contoso.test
is "$(site_forms scope)" 'a b' 'blanks on the wire'
is "$(site_forms resource)" https://mail.contoso.test 'and the resource'
echo a-refresh-token >"$SITE/secret/refresh"
chmod 0644 "$SITE/secret/refresh"
site_script ok ok
site_account person@contoso.test 'scope: a,b' 'grant: device_code'
ok 'a person' x login person@contoso.test \
    --refresh-token-file "$SITE/secret/refresh"
site_account person@contoso.test 'scope: a,b'
ok 'whose grant went from the file' x refresh person@contoso.test --force
is "$(site_forms scope | sort -u)" 'a b' 'asks for the same scope'
is "$(site_forms resource | tail -n 1)" '' 'and for no resource'

# What a token was made for decides whether it can be used.
site_script ok
site_account wire@contoso.test "secret_file: $SITE/secret/app" 'scope: a,b' \
    'resource: https://other.contoso.test'
before=$(site_forms resource | wc -l)
ok 'another resource' x token wire@contoso.test
is "$(site_forms resource | wc -l)" $((before + 1)) 'needs another token'
