#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor: the provider that cannot be reached, phase by phase, the
# clock, and what a token says of itself beside what its account wants.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"
need_cmd openssl

me=relay@contoso.test
site_up
doctor_up
chmod 0600 "$SITE/secret/app"
[[ $(id -u) == 0 ]] && chown nobody "$SITE/secret/app"
site_endpoint
skew() { site_http 'POST /_test/skew' "$1" >/dev/null; }

# at URL: the account's endpoint is there from now on
at() { SITE_URL=$1 site_account $me "secret_file: $SITE/secret/app"; }

# ---- the clock

at "$SITE_URL"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1
skew 600
exits 78 'a clock that is ten minutes behind' doctor
has failure provider 'clock: this host is (59|60)[0-9] s behind the provider; set it' 'is a failure'
skew -600
exits 78 'a clock that is ten minutes ahead' doctor
has failure provider 'clock: this host is (59|60)[0-9] s ahead of the provider; set it' 'is a failure'
skew 120
ok 'a clock that is two minutes behind' doctor
has warning provider 'clock: this host is 1[12][0-9] s behind the provider; run a time service' \
    'is a warning'
skew 0

# ---- phases

at "http://$TAP_LOOP_URL:1"
exits 75 'a port that refuses' doctor
has failure provider "TCP: cannot connect to .*$TAP_LOOP.*: .*; check network" 'is a failure'
at https://no-such-host.invalid
exits 75 'a name that does not resolve' doctor
has failure provider 'DNS: cannot resolve no-such-host.invalid; check DNS' 'is a failure'
has warning token "$me: cannot resolve no-such-host.invalid; check DNS" 'and said of the token'
has ok token "$me: there is a token, no. 1" 'of which there is an older one'

site_pki()
{
    local ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    mkdir -p "$SITE/pki"
    openssl req -x509 "${ec[@]}" -days 30 -subj '/CN=exoauth test CA' \
        -keyout "$SITE/pki/ca.key" -out "$SITE/pki/ca.crt" &&
        openssl req "${ec[@]}" -subj /CN=localhost -keyout "$SITE/pki/srv.key" \
            -out "$SITE/pki/srv.csr" &&
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n' >"$SITE/pki/ext" &&
        openssl x509 -req -in "$SITE/pki/srv.csr" -CA "$SITE/pki/ca.crt" \
            -CAkey "$SITE/pki/ca.key" -CAcreateserial -days 30 \
            -extfile "$SITE/pki/ext" -out "$SITE/pki/srv.crt" &&
        cp "$SITE/pki/srv.key" "$SITE/pki/old.key" &&
        faketime -f -90d openssl x509 -req -in "$SITE/pki/srv.csr" \
            -CA "$SITE/pki/ca.crt" -CAkey "$SITE/pki/ca.key" -CAcreateserial \
            -days 30 -extfile "$SITE/pki/ext" -out "$SITE/pki/old.crt" &&
        chmod 0644 "$SITE/pki/ca.crt"
}

# tls NAME: an endpoint with that certificate; its port in $TLS_PORT
tls()
{
    local dir=$SITE/tls.$1
    mkdir -p "$dir"
    ln -sfn "$SITE/pki" "$dir/pki"
    python3 "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/endpoint.py" \
        --cert "$1" "$dir" >"$dir/log" 2>&1 </dev/null &
    cleanup kill $!
    for ((i = 0; i < 200; i++)); do
        [[ -s $dir/endpoint.port ]] && break
        sleep 0.05
    done
    TLS_PORT=$(<"$dir/endpoint.port")
}

if command -v faketime >/dev/null && site_pki >"$SITE/pki.log" 2>&1; then
    tls srv
    at "https://localhost:$TLS_PORT"
    exits 78 'a certificate of a CA that is not known' doctor
    has failure provider 'TLS: certificate of localhost not accepted: .*; check the name' 'is a failure'
    site_conf ca_file "$SITE/pki/ca.crt"
    exits 78 'with that CA' doctor
    has failure token "$me: the last request failed, [0-9]+ s ago: certificate of localhost not accepted: .*, then run: exoauth refresh $me --force" \
        'the refusal of before is still recorded'
    ok 'a refresh, as it says' "$EXO" refresh $me --force --config "$SITE_CONF"
    ok 'and again' doctor
    has ok provider "DNS, TCP, TLS, HTTP: https://localhost:$TLS_PORT/token answers" 'it is accepted'
    tls old
    at "https://localhost:$TLS_PORT"
    exits 78 'a certificate that has expired' doctor
    has failure provider 'TLS: certificate of localhost not accepted: .*expired' 'is a failure'
    site_conf ca_file "$SITE/pki/none"
    exits 78 'a ca_file that is not there' doctor
    has failure provider 'configuration: cannot use ca_file .*; correct the file' 'is a failure'
    has failure files "ca_file $SITE/pki/none: " 'of the files, too'
    site_conf ca_file
else
    skip 'certificates' "no faketime, or openssl failed: $(tail -n 1 "$SITE/pki.log")"
fi

# Connections are made by the kernel, and nobody ever answers.
python3 -c 'import os, socket, sys, time
family = socket.AF_INET6 if ":" in os.environ["TAP_LOOP"] else socket.AF_INET
s = socket.create_server((os.environ["TAP_LOOP"], 0), family=family)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(600)' "$SITE/mute.port" </dev/null >/dev/null 2>&1 &
cleanup kill $!
for ((i = 0; i < 100; i++)); do [[ -s $SITE/mute.port ]] && break; sleep 0.05; done
at "https://$TAP_LOOP_URL:$(<"$SITE/mute.port")"
exits 75 'a provider that hangs' timeout 120 env PATH="$SITE/bin:$PATH" \
    SASL_PATH="$SITE/plugins" "$EXO" doctor --config "$SITE_CONF"
has failure provider "TLS: no answer in time from .*$TAP_LOOP" 'does not hang doctor'

# A full queue: the kernel drops what would be one connection too many.
python3 -c 'import os, socket, sys, time
family = socket.AF_INET6 if ":" in os.environ["TAP_LOOP"] else socket.AF_INET
s = socket.socket(family)
s.bind((os.environ["TAP_LOOP"], 0))
s.listen(0)
others = []
for i in range(4):
    c = socket.socket(family)
    c.setblocking(False)
    c.connect_ex(s.getsockname())
    others.append(c)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(600)' "$SITE/full.port" </dev/null >/dev/null 2>&1 &
cleanup kill $!
for ((i = 0; i < 100; i++)); do [[ -s $SITE/full.port ]] && break; sleep 0.05; done
at "https://$TAP_LOOP_URL:$(<"$SITE/full.port")"
exits 75 'a port that drops what comes' doctor
has failure provider "TCP: no answer in time from .*$TAP_LOOP.*: .*; check network, firewall" 'is another phase'

# ---- what a token says of itself

SITE_URL=http://$TAP_LOOP_URL:$(<"$SITE/endpoint.port")
jwt()
{
    python3 -c 'import base64, sys
b = lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("=")
print(b("""{"alg":"RS256"}"""), b(sys.argv[1]), b("canary-signature"), sep=".")' "$1"
}

# token CLAIMS [LINE]...: the account gets a new token with those
token()
{
    local claims=$1
    shift
    site_account $me "secret_file: $SITE/secret/app" "$@"
    site_script "ok:$(jwt "$claims")"
    "$EXO" refresh $me --force --config "$SITE_CONF" >/dev/null 2>&1
}
exchange='scope: https://outlook.office365.com/.default'

token '{"aud":"https://outlook.office365.com","roles":["SMTP.SendAsApp"],"appid":"app"}' "$exchange"
ok 'a token of an application that fits' doctor
has ok token "$me: audience: https://outlook.office365.com" 'its audience'
has ok token "$me: roles: SMTP.SendAsApp" 'its roles'
has ok token "if Exchange refuses this token, it does not say why.*run: exoauth refresh $me --force" \
    'what to do when a server refuses it'
unlike "$OUT" "$(jwt x | cut -d. -f1)|canary-signature" 'no part of the token is shown'
token '{"aud":"00000002-0000-0ff1-ce00-000000000000","roles":["IMAP.AccessAsApp"]}' "$exchange"
ok 'the audience by its other name' doctor
has ok token 'audience: 00000002-0000-0ff1-ce00-000000000000' 'is the same'
token '{"aud":"https://graph.microsoft.com","roles":["SMTP.SendAsApp"]}' "$exchange"
exits 78 'a token for another service' doctor
has failure token "$me: audience: the token is for https://graph.microsoft.com and not for outlook.office365.com, .*; correct scope, then run: exoauth refresh $me --force" \
    'is a failure'
token '{"aud":"https://outlook.office365.com"}' "$exchange"
ok 'a token without a role' doctor
has warning token "roles: none, neither SMTP.SendAsApp .*; right with RBAC for Applications, else" \
    'is a warning'
token '{"aud":"https://outlook.office365.com","roles":["Mail.Read"]}' "$exchange"
ok 'a token with another role' doctor
has warning token 'roles: Mail.Read, neither SMTP.SendAsApp' 'is a warning'
token '{"aud":"https://outlook.office365.com","roles":["SMTP.SendAsApp"],"appid":"other"}' "$exchange"
ok 'a token of another application' doctor
has warning token 'client: the token was given to other, and client_id is app; run' 'is a warning'
token '{"aud":["one","two"],"scope":"mail"}'
ok 'a provider that is not Microsoft' doctor
has ok token 'audience: one two' 'its audiences are shown'
unlike "$OUT" 'if Exchange' 'and nothing is said of Exchange'
token '{"aud":"a\u001b[2Jb\nc"}'
ok 'control characters in a token' doctor
has ok token 'audience: a\?\[2Jb\?c' 'are not shown'
for text in '[]' '{' '"x"' '{"aud":{}}' '{"aud":7,"roles":{"a":1}}'; do
    token "$text"
    ok "a token that holds $text" doctor
    has ok token 'cannot be looked into|audience: the token names none' 'is no fault'
done

printf '%s\n' 'tenant: contoso.test' 'client_id: app' "secret_file: $SITE/secret/app" \
    "token_endpoint: $SITE_URL/token" 'scope: https://graph.microsoft.com/.default' \
    >"$SITE/etc/exoauth.d/$me.conf"
site_script "ok:$(jwt '{"aud":"https://graph.microsoft.com","roles":["Mail.Send"]}')"
exits 78 'a scope of another service' doctor
has failure token "audience: the token is for https://graph.microsoft.com and not for outlook.office365.com" \
    'is a failure, as the provider is known'
site_account $me "secret_file: $SITE/secret/app"

bob=bob@contoso.test
delegated()
{
    local claims=$1
    shift
    # shellcheck disable=SC2154
    printf '%s\n' 'provider: custom' 'client_id: app' 'grant: device_code' \
        "token_endpoint: $SITE_URL/token" 'servers: mail.contoso.test' \
        'scope: https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access' \
        "$@" >"$SITE/etc/exoauth.d/$bob.conf"
    site_script "fields:{\"access_token\":\"$(jwt "$claims")\",\"refresh_token\":\"canary-refresh\"}"
    printf 'canary-first\n' | "$EXO" login $bob --refresh-token-file - \
        --config "$SITE_CONF" >/dev/null 2>&1
}
delegated '{"aud":"https://outlook.office.com","scp":"SMTP.Send IMAP.AccessAsUser.All","upn":"Bob@contoso.test"}'
ok "a person's token that fits" doctor $bob
has ok token "$bob: scopes: SMTP.Send IMAP.AccessAsUser.All" 'its scopes'
has ok token "$bob: mailbox: Bob@contoso.test" 'its mailbox'
delegated '{"aud":"https://outlook.office.com","scp":"SMTP.Send","upn":"bob@contoso.test"}'
exits 78 'a scope that is missing' doctor $bob
has failure token "scopes: IMAP.AccessAsUser.All is missing, there are SMTP.Send; .*run: exoauth login $bob" \
    'is a failure'
delegated '{"aud":"https://outlook.office.com","scp":"SMTP.Send IMAP.AccessAsUser.All","upn":"eve@contoso.test"}'
ok 'the token of another mailbox' doctor $bob
has warning token "mailbox: the token is eve@contoso.test's, and the login is for $bob; right if" \
    'is a warning'

found=found@contoso.test
printf '%s\n' 'provider: custom' 'client_id: app' "issuer: $SITE_URL/tenant" \
    'servers: mail.contoso.test' "secret_file: $SITE/secret/app" \
    >"$SITE/etc/exoauth.d/$found.conf"
tap_run doctor $found
has ok provider "DNS, TCP, HTTP: $(site_url)/tenant answers" 'an issuer that has to be asked first'
has failure token "$found: " 'and does not say'

# ---- a token that cannot be had

site_account $me "secret_file: $SITE/secret/app" 'scope: other'
site_script aadsts:7000222:invalid_client
exits 78 'a secret that the provider refuses' doctor $me
has failure token "$me: .*AADSTS7000222.*; make a new secret" 'is a failure, in the known words'

all_have_remedies
