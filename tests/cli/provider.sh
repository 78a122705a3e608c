#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Answers that no token endpoint should give, and connections that should not
# be trusted: each has its exit status, one line with cause and remedy, and
# costs nothing that is stored. Known secrets are looked for in every output
# and log.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"
need_cmd openssl

mkdir -p "$SITE/log"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/log"
site_up "log: $SITE/log/exoauth.log"
site_conf timeout 1
site_endpoint
echo canary-client-secret >"$SITE/secret/app"
echo canary-refresh-token >"$SITE/secret/refresh"
person=person@contoso.test
n=0

# One answer, to an app that has no token yet and to a person who has one.
answer()
{
    local status=$1 words=$2 app
    shift 2
    app=app$((++n))@contoso.test
    site_account "$app" "secret_file: $SITE/secret/app"
    site_script "$@"
    exits "$status" "$1" x token "$app"
    one_line "$1" "$words"
    no_secret "$1: no secret"
    # Half a minute is what a refresh gives a provider that hangs.
    [[ $1 == hang || $1 == drip* ]] && return
    not_ok "$1: refresh of a person's token" x refresh "$person" --force
    tap_run x token "$person"
    is "$OUT" "$kept" "$1: the token in hand is used"
    is "$(site_record "$person" refresh_token)" canary-refresh-token \
        "$1: the refresh token is still there"
}

site_script ok:kept-token:3000
kept='kept-token'
site_account "$person" 'grant: device_code'
ok 'a person with a refresh token' x login "$person" \
    --refresh-token-file "$SITE/secret/refresh"
no_secret 'login: no secret'

# What is damaged or no answer at all passes by itself.
answer 75 'HTML' html
answer 75 'nothing' empty
answer 75 'try|answer|check' truncated
answer 75 'sent more' huge:64
answer 75 'JSON|check' deep:100000
answer 75 'more than' long-token:70000
answer 75 'access_token' control-token
answer 75 'access_token' spaced-token
answer 75 'access_token' 'fields:{"access_token":"abc\r\ndef"}'
answer 75 'expires_in' 'fields:{"expires_in":-1}'
answer 75 'expires_in' 'fields:{"expires_in":0}'
answer 75 'expires_in' 'fields:{"expires_in":"soon"}'
answer 75 'expires_in' 'fields:{"expires_in":1e30}'
answer 75 'answer' drop
answer 75 'in time' hang
answer 75 'in time' drip:1
answer 75 'HTTP 500' 'status:500:oops'
answer 75 '429' retry:429:30
answer 75 '503' retry:503:30
answer 75 'AADSTS90033' aadsts:90033:temporarily_unavailable
answer 75 'no token may hold' 'fields:{"access_token":"\u0000abc"}'
answer 75 'no token may hold' 'fields:{"refresh_token":"abc\u0000"}'

# What is sound and says no needs somebody.
answer 78 'access_token' no-token
answer 78 'access_token' 'fields:{"access_token":17}'
answer 78 'Bearer' 'fields:{"token_type":"mac"}'
answer 78 'HTTP 302' "redirect:302:$SITE_URL/elsewhere"
answer 78 'HTTP 307' "redirect:307:$SITE_URL/elsewhere"
answer 78 'HTTP 404' 'status:404:<html>no such page</html>'
answer 78 'AADSTS7000215' aadsts:7000215:invalid_client
answer 78 'AADSTS90002' aadsts:90002:invalid_request
answer 78 'AADSTS70011' aadsts:70011:invalid_scope
answer 78 'never-heard-of' 'error:never-heard-of:something else'

is "$(grep -c '"path": "/elsewhere"' "$SITE/endpoint.requests")" 0 \
    'redirects were not followed'

# For an app invalid_grant is the app's fault, for a person a new login.
answer 78 'AADSTS700082' aadsts:700082:invalid_grant
exits 77 'a refresh token that is refused' x refresh "$person" --force
one_line 'refused' "run: exoauth login $person"
ok 'the token lives on' x token "$person"
is "$OUT" "$kept" 'to its end'
is "$(site_record "$person" refresh_token)" canary-refresh-token \
    'and the refresh token is kept'

# What a hostile provider writes reaches nobody's terminal, and a provider
# that sends our secret back does not get it into a log.
site_account esc@contoso.test "secret_file: $SITE/secret/app"
site_script "$(printf 'raw:{"error":"invalid_client","error_description":"a\\u001b[31mb\\r\\nroot: forged \\u0085\\u202e canary-client-secret %s"}' \
    "$(printf 'canary%%2Dclient%%2Dsecret')")"
exits 78 'an escape sequence in the description' x token esc@contoso.test
one_line 'escape sequence' 'invalid_client'
no_secret 'our secret in the description is not repeated'

# Good answers of unusual shape.
good()
{
    local desc=$1 want=$2 lifetime=$3 app
    shift 3
    app=app$((++n))@contoso.test
    site_account "$app" "secret_file: $SITE/secret/app"
    site_script "$@"
    ok "$desc" x token "$app"
    is "$OUT" "$want" "$desc: the token"
    is "$ERR" '' "$desc: silence"
    is "$(($(site_record "$app" expires) - $(site_record "$app" issued)))" \
        "$lifetime" "$desc: the lifetime"
}
good 'expires_in as a string' endpoint-token-1 1800 'fields:{"expires_in":"1800"}'
good 'a fraction in expires_in' endpoint-token-1 3599 'fields:{"expires_in":3599.5}'
good 'no expires_in' endpoint-token-1 3600 'fields:{"expires_in":null}'
good 'token_type in capitals' endpoint-token-1 3600 'fields:{"token_type":"BEARER"}'
good 'unknown members' endpoint-token-1 3600 'fields:{"foci":"1","x":[{}]}'
good '12 KB of token' "$(printf 'x%.0s' {1..12288})" 3600 long-token:12288

# A new refresh token beside a broken access token must not be lost: the old
# one may be spent.
site_account rotated@contoso.test 'grant: device_code'
site_script ok
ok 'a grant' x login rotated@contoso.test \
    --refresh-token-file "$SITE/secret/refresh"
site_script 'fields:{"access_token":"broken token","refresh_token":"rotated-1"}'
exits 75 'a broken token with a new refresh token' \
    x refresh rotated@contoso.test --force
site_script ok
ok 'the next time' x refresh rotated@contoso.test --force
is "$(site_forms refresh_token | tail -n1)" rotated-1 \
    'the new refresh token is used'

# ----- who is at the other end

RIG=$SITE/tls
RIG_CA=$RIG/pki/ca.crt
mkdir -p "$RIG/log" "$RIG/pids"
cleanup rig_stop_all
# shellcheck disable=SC2034 # for lib/rig.sh
RIG_NAME_POSTFIX=''
rig_pki
rig_endpoint_start ok:tls-token
# Besides rig_pki's: signed by our CA, for another name.
{
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -subj /CN=other -keyout "$RIG/pki/other.key" -out "$RIG/pki/other.csr" &&
        openssl x509 -req -in "$RIG/pki/other.csr" -CA "$RIG_CA" \
            -CAkey "$RIG/pki/ca.key" -CAcreateserial -days 30 \
            -out "$RIG/pki/other.crt" \
            -extfile <(echo subjectAltName=DNS:other.test)
} >"$RIG/log/other.log" 2>&1 || bail 'no certificate for another name'
good_url=$RIG_TOKEN_URL
url_of()
{
    local name=$1 port
    rm -f "$RIG/endpoint.port"
    rig_daemon "$name" python3 "$RIG_HERE/endpoint.py" --cert "$name" "$RIG" ok
    rig_wait 20 test -s "$RIG/endpoint.port" || bail "no endpoint $name"
    port=$(<"$RIG/endpoint.port")
    RIG_URL=https://localhost:$port/token
}
tls()
{
    local status=$1 desc=$2 url=$3 app=app$((++n))@contoso.test
    shift 3
    site_account "$app" "secret_file: $SITE/secret/app"
    sed -i "s,^token_endpoint:.*,token_endpoint: $url," \
        "$SITE/etc/exoauth.d/$app.conf"
    exits "$status" "$desc" "$@" "$EXO" token "$app" --config "$SITE_CONF"
}
tls 78 'a certificate of a CA nobody named' "$good_url"
one_line 'unknown CA' 'ca_file'
site_conf ca_file "$RIG_CA"
tls 0 'with ca_file' "$good_url"
is "$OUT" tls-token 'it works'
url_of rogue
tls 78 'a certificate that nobody signed' "$RIG_URL"
one_line 'self-signed' 'certificate'
url_of other
tls 78 'a certificate for another name' "$RIG_URL"
one_line 'other name' 'certificate'
tls 78 'http to another host' http://192.0.2.1/token
one_line 'http' 'https'
tls 78 'http to a host that looks like this one' \
    http://localhost.contoso.test/token
tls 78 'http with this host as the user name' http://127.0.0.1@192.0.2.1/token
tls 78 'a password in the URL' https://user:canary@localhost/token
unlike "$ERR" canary 'which is not repeated'
tls 75 'a name that nobody knows' https://no-such-host.invalid/token
one_line 'no such host' 'resolve'
tls 75 'nobody listens' "http://$TAP_LOOP_URL:1/token"
one_line 'refused connection' 'connect'
tls 75 'http where TLS is wanted' "https://localhost:${SITE_URL##*:}/token"
one_line 'no TLS' 'TLS'
echo 'this is no certificate' >"$SITE/bad.pem"
site_conf ca_file "$SITE/bad.pem"
tls 78 'a ca_file without certificates' "$good_url"
one_line 'bad ca_file' 'ca_file'
site_conf ca_file "$SITE/not-there.pem"
tls 78 'a ca_file that is not there' "$good_url"
one_line 'no ca_file' 'ca_file'
site_conf ca_file "$RIG_CA"

# The environment belongs to whoever started us, not to the administrator.
away=http://$TAP_LOOP_URL:1
tls 0 'proxies of the environment are ignored' "$good_url" env \
    http_proxy=$away https_proxy=$away HTTPS_PROXY=$away all_proxy=$away \
    ALL_PROXY=$away
tls 0 'and trust and key logs of the environment' "$good_url" env \
    SSL_CERT_FILE=/dev/null CURL_CA_BUNDLE=/dev/null \
    SSLKEYLOGFILE="$SITE/log/keys"
ok 'no key log was written' test ! -s "$SITE/log/keys"
mkdir "$SITE/home"
echo 'default login netrc-user password netrc-password' >"$SITE/home/.netrc"
chmod 644 "$SITE/home/.netrc"
before=$(wc -l <"$RIG/endpoint.requests")
tls 0 'and ~/.netrc' "$good_url" env HOME="$SITE/home"
is "$(tail -n +$((before + 1)) "$RIG/endpoint.requests" | grep -c authorization)" \
    0 'nothing of it is sent'
site_conf proxy "$away"
tls 75 'a proxy of the configuration is used' "$good_url"
one_line 'dead proxy' 'proxy'
site_conf proxy http://user:canary-proxy@$TAP_LOOP_URL:1
tls 78 'a password in proxy' "$good_url"
unlike "$ERR" canary-proxy 'is not repeated'
one_line 'password in proxy' 'proxy'
site_conf proxy socks5://$TAP_LOOP_URL:1
tls 78 'a proxy of another kind' "$good_url"
one_line 'other proxy' 'exoauth.conf:[0-9]+: proxy: must be http://'
exits 78 'is refused when the configuration is read' x list

no_secret 'no secret anywhere'
