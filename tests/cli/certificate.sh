#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# client_auth private_key_jwt: the assertion that is sent, encrypted keys, a
# new certificate that has to prove itself, and certificates and keys that do
# not do.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd openssl
site_up
site_endpoint ok:cert-1
app=app@contoso.test
rm "$SITE/secret/app"
keys=$SITE/etc/keys
mkdir "$keys"
make_pair()
{
    openssl req -x509 -newkey rsa:2048 -nodes -days "${2:-30}" -subj "/CN=$1" \
        -keyout "$keys/$1.key" -out "$keys/$1.crt" 2>/dev/null
}
make_pair one
make_pair two
echo canary-passphrase >"$SITE/secret/pass"
openssl pkcs8 -topk8 -in "$keys/one.key" -out "$keys/locked.key" \
    -passout "file:$SITE/secret/pass" 2>/dev/null
openssl pkcs12 -export -in "$keys/one.crt" -inkey "$keys/one.key" \
    -out "$keys/one.p12" -passout "file:$SITE/secret/pass" 2>/dev/null
cat "$keys/one.crt" "$keys/one.key" >"$keys/both.pem"
chmod 0644 "$keys"/*
site_account $app "certificate: $keys/one.crt" "private_key: $keys/one.key"
file=$SITE/etc/exoauth.d/$app.conf
form() { site_forms "$1" | tail -n 1; }
# part N: that part of the assertion's three, as JSON
part()
{
    python3 -c 'import base64, sys
p = sys.argv[1].split(".")[int(sys.argv[2])]
print(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)).decode())' \
        "$(form client_assertion)" "$1"
}
field() { part "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$2"; }

# ----- the request

ok 'a certificate alone makes it client_credentials' x token $app
is "$OUT" cert-1 'the token'
is "$(form grant_type) $(form client_id) $(form client_secret)" 'client_credentials app ' \
    'the request: no secret'
is "$(form client_assertion_type)" urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    'but an assertion'
is "$(field 0 alg) $(field 0 typ)" 'PS256 JWT' 'PS256 by default'
thumb=$(openssl x509 -in "$keys/one.crt" -outform der | openssl dgst -sha256 -binary |
    openssl base64 -A | tr '+/' '-_' | tr -d =)
is "$(field 0 'x5t#S256')" "$thumb" 'with the thumbprint that Entra shows'
is "$(field 1 iss) $(field 1 sub) $(field 1 aud)" "app app $SITE_URL/token" \
    'iss, sub and aud'
first=$(field 1 jti)
ok 'refresh' x refresh $app --force
isnt "$(field 1 jti)" "$first" 'each has its own jti'
ok 'RS256 on request' x login $app --set jwt_alg=RS256
is "$(field 0 alg)" RS256 'is RS256'
isnt "$(field 0 x5t)" '' 'with x5t'
like "$(x show $app)" $'private_key: .*\njwt_alg: RS256' 'show shows it'

# ----- files of other kinds

check() { ok "$1" x login $app "${@:2}"; like "$OUT" changed 'login works'; }
site_account $app "certificate: $keys/both.pem"
check 'key and certificate in one PEM file'
site_account $app "certificate: $keys/one.p12"
exits 64 'PKCS#12 without a passphrase or terminal' x login $app
one_line 'no passphrase' 'passphrase of the private key.*--secret-file'
check 'PKCS#12 with its passphrase' --secret-file "$SITE/secret/pass"
is "$(site_record $app client_secret)" canary-passphrase 'which is stored'
notafter=$(date -u -d "$(openssl x509 -noout -enddate -in "$keys/one.crt" | cut -d= -f2)" +%s)
ends() { x status "$1" --json 2>/dev/null | python3 -c 'import json, sys; a = json.load(sys.stdin)["accounts"][0]; print(a["credential_kind"], a["credential_expires"])'; }
is "$(ends $app)" "certificate $notafter" 'status knows its end, without the passphrase'
mkdir -m 0777 "$SITE/told"
site_conf on_event "echo \$EXOAUTH_EVENT \$EXOAUTH_MESSAGE >>$SITE/told/events"
x refresh --all >/dev/null 2>&1
site_conf on_event
like "$(cat "$SITE/told/events")" '^expiring the certificate ends' 'and it is told of in time'
ok 'and used from then on' x refresh $app --force
check 'also by the next login'
no_secret 'it is not shown'
site_account $app "certificate: $keys/one.crt" "private_key: $keys/locked.key"
check 'an encrypted key: the stored one fits'
echo wrong >"$SITE/secret/wrong"
exits 77 'a wrong passphrase' x login $app --secret-file "$SITE/secret/wrong"
one_line 'wrong passphrase' 'the passphrase of .*locked.key is wrong; run: exoauth login'
is "$(site_record $app client_secret)" canary-passphrase 'changes nothing'
site_account $app "certificate: $keys/one.crt" "private_key: $keys/one.key"
check 'a key that needs none'
is "$(site_record $app client_secret)" '' 'what was stored is forgotten'
site_account $app "certificate: $keys/one.crt" "private_key: $keys/locked.key"
exits 77 'then a refresh of the encrypted one' x refresh $app --force
like "$ERR" 'is encrypted and its passphrase is not known; run: exoauth login' 'says so'
site_account $app "certificate: $keys/one.crt" "private_key: $keys/locked.key" \
    "key_passphrase_command: cat $SITE/secret/pass"
chmod 0644 "$SITE/secret/pass"
check 'by key_passphrase_command'
is "$(site_record $app client_secret)" '' 'which is not stored'

# ----- what does not do

bad() { site_account $app "${@:3}"; exits 78 "$1" x login $app; one_line "$1" "$2"; }
asked=$(site_count)
bad 'key without certificate' 'certificate is missing; run: .*--set certificate=' \
    "private_key: $keys/one.key"
bad 'client_auth without certificate' 'certificate is missing' 'client_auth: private_key_jwt'
bad 'a pair that does not match' '.' "certificate: $keys/one.crt" "private_key: $keys/two.key"
like "$ERR" 'belong' 'says that they do not belong together'
bad 'no such file' 'gone.crt' "certificate: $keys/gone.crt"
bad 'no certificate in it' '.' "certificate: $keys/one.key"
bad 'certificate and secret' 'more than one' "certificate: $keys/both.pem" "secret_file: $keys/one.key"
chmod 0666 "$keys/two.key"
bad 'a key that others can write' 'two.key' "certificate: $keys/two.crt" "private_key: $keys/two.key"
chmod 0644 "$keys/two.key"
is "$(site_count)" "$asked" 'for none of them was anybody asked'
if command -v faketime >/dev/null; then
    site_account $app "certificate: $keys/both.pem"
    site_later $((40 * 86400))
    exits 78 'an expired certificate' x login $app
    one_line 'expired' 'expired|ended|not valid'
    site_later 0
else
    skip 'an expired certificate' 'no faketime'
fi

# ----- the provider has the last word

site_account $app "certificate: $keys/both.pem"
site_script ok:proved
check 'one that works'
serial=$(site_record $app serial)
site_script aadsts:700027:invalid_client
exits 78 'a certificate that was not uploaded' x login $app --set "certificate=$keys/two.crt" \
    --set "private_key=$keys/two.key"
like "$ERR" 'AADSTS700027.*; ' 'what Entra says, and what to do'
is "$(site_record $app serial) $(site_record $app state)" "$serial ok" 'the token in store still counts'
if site_later 600; then
    site_script aadsts:700024:invalid_client
    exits 78 'a clock ten minutes off' x login $app
    like "$ERR" 'AADSTS700024.*(59[0-9]|60[0-9]) s ahead of.*; ' \
        'how far off, by the Date of the answer'
    site_later 0
else
    skip 'a clock ten minutes off' 'no faketime'
fi
