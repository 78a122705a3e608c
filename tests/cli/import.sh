#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth import --from: token files of sasl-xoauth2, mutt_oauth2.py and
# email-oauth2-proxy in their documented formats, made here by other programs
# (gpg, Python's cryptography); what becomes of them, and every way in which
# they can be of no use.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
old=$SITE/old
mkdir "$old"
printf '%s\n' canary-refresh-1 canary-secret-1 canary-access canary-password \
    >"$SITE/secret/words"
said() { is "$OUT" "$1" "${2:-it says} $1, and nothing else, on stdout"; }
form() { site_forms "$1" | tail -n 1; }
conf() { cat "$SITE/etc/exoauth.d/$1.conf"; }
no_conf() { ok "$2" test ! -e "$SITE/etc/exoauth.d/$1.conf"; }
# The original as it was: content, owner, mode, times but that of reading.
state() { stat -c '%U %G %a %i %s %Y %Z' "$@"; md5sum "$@"; }
good='fields:{"access_token":"token-2","refresh_token":"canary-refresh-2"}'

# ----- what cannot be

exits 64 'no file' x import --from mutt
one_line 'no file' 'give a file.*see: exoauth import --help'
exits 64 'a file that is not there' x import --from mutt "$old/none"
one_line 'not there' 'no such file'
exits 64 'a tool that is unknown' x import --from kmail "$old/none"
one_line 'unknown tool' 'use one of: email-oauth2-proxy, getmail, mutt, sasl-xoauth2'
exits 64 'a directory' x import --from mutt "$old"
one_line 'directory' 'not a file'
exits 64 'three words' x import --from mutt a b c
exits 64 'an option of another command' x import --from mutt a --device
is "$(ls "$SITE/etc/exoauth.d")" '' 'none of these wrote an account'

# ----- sasl-xoauth2

token=$old/relay@contoso.test
printf '{"client_id": "app-id", "client_secret": "canary-secret-1",
 "token_endpoint": "%s/token", "log_full_trace_on_failure": "no"}' \
    "$SITE_URL" >"$old/sasl-xoauth2.conf"
printf '{"access_token": "canary-access", "expiry": "1700000000",
 "refresh_token": "canary-refresh-1"}\n' >"$token"
chmod 0600 "$token"
[[ $(id -u) != 0 ]] || chown daemon "$token"
before=$(state "$token" "$old/sasl-xoauth2.conf")
sasl=(import --from sasl-xoauth2 "$token" --config-file "$old/sasl-xoauth2.conf")
exits 64 'an endpoint nobody knows' x "${sasl[@]}"
one_line 'servers' 'does not say the mail servers of relay@contoso.test; add --set servers='
no_conf relay@contoso.test 'no account is written then'
exits 64 'a key that is none' x "${sasl[@]}" --set colour=blue --set servers=m.test
is "$(site_count)" 0 'nobody was asked until now'
site_script "$good"
ok 'sasl-xoauth2' x "${sasl[@]}" --set servers=mail.contoso.test
said changed
no_secret 'no secret is shown'
like "$ERR" 'relay@contoso.test: imported.*mail.contoso.test; do not use .*relay@contoso.test elsewhere' \
    'what was imported, and that the original is spent'
is "$(form grant_type) $(form client_id) $(form client_secret) $(form refresh_token)" \
    'refresh_token app-id canary-secret-1 canary-refresh-1' 'the request'
is "$(conf relay@contoso.test)" "provider: custom
token_endpoint: $SITE_URL/token
client_id: app-id
grant: authorization_code
servers: mail.contoso.test" 'the account is named like the file'
is "$(state "$token" "$old/sasl-xoauth2.conf")" "$before" 'the original is untouched'
ok 'token' x token relay@contoso.test
is "$OUT" token-2 'it works'
is "$(x refresh relay@contoso.test --force 2>&1; form refresh_token)" canary-refresh-2 \
    'and goes on with the successor'
if [[ $(id -u) == 0 ]]; then
    is "$(find "$SITE_STORE" "$SITE_TOKENS" ! -user nobody | head -n 3)" '' \
        'all in the store and all that is published belongs to run_as'
fi
ok '--if-needed' x "${sasl[@]}" --if-needed --set servers=mail.contoso.test
said unchanged
isnt "$(form refresh_token)" canary-refresh-1 'does not spend it again'
site_script ok:token-3
ok 'a provider that does not rotate' x "${sasl[@]}" Kept@contoso.test --set servers=m.test
said changed
like "$(conf kept@contoso.test)" 'user: relay@contoso.test|servers: m.test' 'another account'
count=$(site_count)
ok 'the same again' x "${sasl[@]}" kept@contoso.test --set servers=m.test
said unchanged
is "$(site_count)" "$count" 'asks nobody'
ok 'the same with another scope' x "${sasl[@]}" kept@contoso.test --set scope=mail --set servers=m.test
said changed
is "$(form scope)" mail 'asks with it'

# Microsoft, by the endpoint; the request is sent to ours by --set.
ms=$old/ms.json
printf '{"client_id": "ms-id", "client_secret": "", "user": "User@Contoso.test",
 "refresh_token": "canary-refresh-1", "token_endpoint":
 "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"}' >"$ms"
here=(--set "token_endpoint=$SITE_URL/token")
ok 'Microsoft' x import --from sasl-xoauth2 "$ms" "${here[@]}"
is "$(conf user@contoso.test)" "provider: microsoft
cloud: public
tenant: contoso.onmicrosoft.com
client_id: ms-id
scope: https://outlook.office.com/SMTP.Send offline_access
grant: authorization_code
token_endpoint: $SITE_URL/token" 'provider, cloud, tenant and user of the token file'
is "$(form client_secret)" '' 'a public client has no secret'
ok 'another name for it' x import --from sasl-xoauth2 "$ms" shared@contoso.test "${here[@]}"
like "$(conf shared@contoso.test)" 'user: User@Contoso.test' 'keeps the user'
cp "$ms" "$old/plain"
sed -i 's/"user": "[^"]*",//' "$old/plain"
exits 64 'nobody is named' x import --from sasl-xoauth2 "$old/plain" "${here[@]}"
one_line 'nobody is named' 'does not say whose it is; add the account'
sed 's/login.microsoftonline.com/login.microsoftonline.us/' "$ms" >"$old/gov"
ok 'another cloud' x import --from sasl-xoauth2 "$old/gov" gov@contoso.test "${here[@]}"
like "$(conf gov@contoso.test)" 'cloud: usgov' 'is known by its endpoint'
printf '{"client_id": "g", "client_secret": "canary-secret-1", "refresh_token": "canary-refresh-1"}' >"$old/g"
exits 64 'no endpoint' x import --from sasl-xoauth2 "$old/g" g@gmail.test "${here[@]}"
one_line 'no endpoint' 'does not say the provider of g@gmail.test; add --set provider='
sed -i 's/"g"/"g.apps.googleusercontent.com"/' "$old/g"
ok 'Google' x import --from sasl-xoauth2 "$old/g" g@gmail.test "${here[@]}" \
    --config-file "$old/g"
like "$(conf g@gmail.test)" 'provider: google' 'by its client'
printf '{"use_client_credentials": true, "client_id": "app", "client_secret": "canary-secret-1",
 "refresh_token": "", "token_endpoint": "https://login.microsoftonline.com/t.test/oauth2/v2.0/token"}' >"$old/app"
ok 'client credentials' x import --from sasl-xoauth2 "$old/app" app@contoso.test "${here[@]}"
is "$(form grant_type) $(form client_secret) $(form scope)" \
    'client_credentials canary-secret-1 https://outlook.office365.com/.default' 'the request'
ok 'proxy and CA file' x import --from sasl-xoauth2 "$ms" "${here[@]}" --if-needed \
    --config-file <(echo '{"proxy": "http://p.test:1"}')
like "$ERR" 'proxy of sasl-xoauth2 is not taken over; .*set proxy in' 'are warned of'

refused() # STATUS DESC REGEX TEXT [ARG]...: of sasl-xoauth2
{
    printf '%s' "$4" >"$old/refused"
    exits "$1" "$2" x import --from sasl-xoauth2 "$old/refused" no@contoso.test "${here[@]}" "${@:5}"
    one_line "$2" "$3"
    no_secret "$2: no secret is shown"
}
refused 77 'no refresh token' 'no refresh token for no@contoso.test in it; run: exoauth login no@contoso.test' \
    '{"access_token": "canary-access", "client_id": "x", "scope": "https://mail.google.com/"}'
is "$(grep -E 'provider|client' <(conf no@contoso.test))" 'provider: google
client_id: x' 'has its account file, for that login'
rm "$SITE/etc/exoauth.d/no@contoso.test.conf"
refused 64 'no client id' 'client id of no@contoso.test; add --set client_id=' \
    '{"refresh_token": "canary-refresh-1", "scope": "https://mail.google.com/"}' \
    --config-file <(echo '{}')
refused 64 'an empty file' 'JSON' ''
refused 64 'half a file' 'JSON' '{"refresh_token": "canary-refresh-1'
refused 64 'no JSON' 'JSON' 'canary-refresh-1'
refused 64 'other JSON' 'not a token file of sasl-xoauth2' '{"canary-secret-1": 1}'
refused 64 'the file of mutt_oauth2.py' 'not a token file of sasl-xoauth2' \
    '{"registration": "google", "refresh_token": "canary-refresh-1"}'
refused 64 'a configuration that is not there' 'config-file .*no such file' \
    '{"refresh_token": "canary-refresh-1"}' --config-file "$old/none"
refused 64 'a control character' 'control character' \
    '{"refresh_token": "canary-refresh-1", "client_id": "a\u0007b"}'
refused 64 'an http endpoint' 'token_endpoint must be an https URL' \
    '{"refresh_token": "canary-refresh-1", "client_id": "a", "token_endpoint": "http://evil.test/"}' \
    --set servers=m.test --set token_endpoint=http://evil.test/
no_conf no@contoso.test 'no account is written by these'
head -c 2000000 /dev/zero | tr '\0' ' ' >"$old/refused"
exits 64 'two megabytes' x import --from sasl-xoauth2 "$old/refused" no@contoso.test
one_line 'two megabytes' '1 MiB'
chmod 0666 "$ms"
exits 64 'a file that everybody may write' x import --from sasl-xoauth2 "$ms" "${here[@]}"
one_line 'everybody' 'everybody may write it; .*put it into a file that only you can write'
chmod 0600 "$ms"
site_script aadsts:700082:invalid_grant
exits 77 'a token that has expired' x import --from sasl-xoauth2 "$ms" late@contoso.test "${here[@]}"
like "$ERR" 'AADSTS700082.*exoauth login late@contoso.test' 'cause and remedy'
said ''
not_ok 'is not stored' grep -q canary "$SITE_STORE/late@contoso.test.json"
ok 'but the account file is there, for that login' \
    test -e "$SITE/etc/exoauth.d/late@contoso.test.conf"
site_script aadsts:700016:unauthorized_client
exits 78 'a client that is refused' x import --from sasl-xoauth2 "$ms" wrong@contoso.test "${here[@]}"
ok 'leaves no account file' test ! -e "$SITE/etc/exoauth.d/wrong@contoso.test.conf"

# ----- mutt_oauth2.py

site_script ok:mutt
mutt=$old/mutt.json
printf '{"registration": "microsoft", "authflow": "devicecode", "email": "me@contoso.test",
 "access_token": "canary-access", "access_token_expiration": "2026-01-01T00:00:00.000000",
 "refresh_token": "canary-refresh-1", "client_id": "neo-id", "client_secret": "canary-secret-1"}' >"$mutt"
chmod 0600 "$mutt"
before=$(state "$mutt")
ok "neomutt's, plain" x import --from mutt "$mutt" "${here[@]}"
said changed
no_secret 'no secret is shown'
is "$(conf me@contoso.test)" "provider: microsoft
cloud: public
tenant: common
client_id: neo-id
grant: device_code
token_endpoint: $SITE_URL/token" 'its account'
is "$(form client_id) $(form client_secret) $(form refresh_token)" \
    'neo-id canary-secret-1 canary-refresh-1' 'the request'
is "$(state "$mutt")" "$before" 'the original is untouched'
sed 's/, "client_id.*/}/; s/microsoft/google/; s/devicecode/authcode/' "$mutt" >"$old/mutt2"
exits 64 "mutt's, where the script has the client" x import --from mutt "$old/mutt2" a@gmail.test "${here[@]}"
one_line "mutt's" 'client id of a@gmail.test; add --set client_id='
printf 'canary-secret-1\n' >"$SITE/secret/app"
ok 'with the client' x import --from mutt "$old/mutt2" a@gmail.test "${here[@]}" \
    --set client_id=own --secret-file "$SITE/secret/app"
is "$(form client_id) $(form client_secret)" 'own canary-secret-1' 'the request'
like "$(conf a@gmail.test)" 'provider: google.*user: me@contoso.test|user: me@contoso.test.*provider: google' 'Google'
sed 's/"microsoft"/"mine"/' "$mutt" >"$old/mutt3"
exits 64 'a registration of its own' x import --from mutt "$old/mutt3" own@contoso.test
one_line 'registration' 'provider of own@contoso.test; add --set provider='
ok 'with the provider' x import --from mutt "$old/mutt3" own@contoso.test "${here[@]}" \
    --set provider=custom --set servers=m.test
stdin() { x import --from mutt - "${here[@]}" pipe@contoso.test <"$mutt"; }
ok 'from stdin' stdin
sed 's/"canary-refresh-1"/""/' "$mutt" >"$old/mutt4"
exits 77 'no refresh token' x import --from mutt "$old/mutt4" "${here[@]}"
one_line 'no refresh token' 'no refresh token for me@contoso.test'
exits 64 'the file of sasl-xoauth2' x import --from mutt "$ms" "${here[@]}"
one_line 'the file of sasl-xoauth2' 'not a token file of mutt_oauth2.py'

if command -v gpg >/dev/null && command -v gpg-agent >/dev/null; then
    export GNUPGHOME=$SITE/gnupg
    mkdir -m 0700 "$GNUPGHOME"
    cleanup gpgconf --homedir "$GNUPGHOME" --kill all
    # Nothing may look for a key on the network.
    encrypt()
    {
        gpg --batch --quiet --no-auto-key-locate --trust-model always \
            --encrypt --recipient me@contoso.test "$@" 2>/dev/null
    }
    gpg --batch --quiet --passphrase '' --quick-generate-key me@contoso.test \
        future-default default never >/dev/null 2>&1 || diag 'gpg made no key'
    encrypt --output "$old/mutt.gpg" "$mutt"
    encrypt --armor --output "$old/mutt.asc" "$mutt"
    printf 'canary-secret-1' | encrypt --output "$old/other.gpg"
    before=$(state "$old/mutt.gpg")
    ok 'by gpg' x import --from mutt "$old/mutt.gpg" gpg@contoso.test "${here[@]}"
    said changed
    no_secret 'no secret is shown'
    is "$(grep -c . <<<"$ERR")" 1 'gpg itself says nothing'
    is "$(form refresh_token)" canary-refresh-1 'the request'
    is "$(state "$old/mutt.gpg")" "$before" 'the original is untouched'
    ok 'by gpg, armored' x import --from mutt "$old/mutt.asc" asc@contoso.test "${here[@]}"
    exits 64 'something else by gpg' x import --from mutt "$old/other.gpg" "${here[@]}"
    one_line 'something else' 'not a token file of mutt_oauth2.py'
    no_secret 'which is not shown'
    head -c 200 "$old/mutt.gpg" >"$old/half.gpg"
    exits 77 'a half file by gpg' x import --from mutt "$old/half.gpg" "${here[@]}"
    one_line 'half' 'half.gpg: gpg cannot decrypt it'
    mkdir -m 0700 "$SITE/gnupg2"
    other() { GNUPGHOME=$SITE/gnupg2 x "$@"; }
    cleanup gpgconf --homedir "$SITE/gnupg2" --kill all
    exits 77 'by the key of somebody else' other import --from mutt "$old/mutt.gpg" "${here[@]}"
    one_line 'somebody else' 'gpg cannot decrypt it: .*No secret key; decrypt it as the user whose key it is, '
    mkdir "$SITE/empty"
    none() { PATH=$SITE/empty /usr/bin/python3 -I "$EXOAUTH_IMPORT_DIR/import-mutt" <"$old/mutt.gpg"; }
    exits 78 'without gpg' none
    like "$ERR" '^cannot run gpg; install it' 'names it'
    unset GNUPGHOME
else
    skip 'tokens encrypted by gpg' 'gpg or gpg-agent is not installed; run: sudo tests/deps'
fi

# ----- email-oauth2-proxy

if ! python3 -c 'import cryptography' 2>/dev/null; then
    skip_all 'python3-cryptography is not installed; run: sudo tests/deps'
fi

# proxy FILE ROUNDS PASSWORD: the proxy's own way to write its configuration.
# ROUNDS 0: as the versions did that did not write them down.
proxy()
{
    python3 - "$SITE_URL" "$@" <<'END'
import base64, configparser, os, sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

url, path, rounds, password = sys.argv[1:5]
rounds = int(rounds)
config = configparser.ConfigParser(interpolation=None)
salt = os.urandom(16)
fernet = Fernet(base64.urlsafe_b64encode(PBKDF2HMAC(
    algorithm=hashes.SHA256(), length=32, salt=salt,
    iterations=rounds or 100000).derive(password.encode())))


def seal(text):
    return fernet.encrypt(text.encode()).decode()


def account(name, tokens=True, **options):
    config[name] = options
    if tokens:
        config[name].update({
            "token_salt": base64.b64encode(salt).decode(),
            "access_token": seal("canary-access"),
            "access_token_expiry": "1700000000",
            "refresh_token": seal("canary-refresh-1"),
            "last_activity": "1700000000"})
        if rounds:
            config[name]["token_iterations"] = str(rounds)


config["Server setup"] = {
    "documentation": "Local servers are specified below:\n- more = than\n[one] line"}
config["IMAP-1993"] = {"server_address": "imap.contoso.test", "server_port": "993"}
config["SMTP-1587"] = {"server_address": "smtp.contoso.test", "server_starttls": "True"}
sample = dict(permission_url="https://login.example/authorize",
              token_url="https://login.example/token", oauth2_scope="mail",
              client_id="*** your client id here ***",
              client_secret="*** your client secret here ***")
account("your.email@example.com", tokens=False, **sample)
mine = dict(permission_url=url + "/authorize", token_url=url + "/token",
            oauth2_scope="mail\noffline_access", redirect_uri="http://localhost",
            client_id="proxy-id")
account("One@contoso.test", **mine, client_secret="canary-secret-1")
account("two@contoso.test", **mine, client_secret_encrypted=seal("canary-secret-1"))
account("unused@contoso.test", tokens=False, **mine)
microsoft = "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token"
account("device@contoso.test", permission_url="x", token_url=microsoft, oauth2_flow="device",
        oauth2_scope="offline_access https://outlook.office.com/SMTP.Send "
        "https://outlook.office.com/POP.AccessAsUser.All "
        "https://outlook.office.com/IMAP.AccessAsUser.All", client_id="proxy-id",
        client_secret="*** your client secret here (remove this entire line) ***")
account("@fabrikam.test", tokens=False, token_url=microsoft, oauth2_flow="client_credentials",
        oauth2_scope="https://outlook.office365.com/.default", client_id="app-id",
        client_secret="canary-secret-1")
if len(sys.argv) > 5:
    account("@certificate.test", tokens=False, token_url=microsoft,
            oauth2_flow="client_credentials", client_id="app-id",
            oauth2_scope="https://outlook.office365.com/.default",
            jwt_certificate_path=sys.argv[5], jwt_key_path=sys.argv[6])
config["Advanced proxy configuration"] = {"documentation": "x"}
config["emailproxy"] = {"allow_catch_all_accounts": "False"}
with open(path, "w") as file:
    config.write(file)
END
}

pw=$SITE/secret/password
printf 'canary-password\n' >"$pw"
printf 'canary-wrong\n' >"$SITE/secret/wrong"
chmod 0600 "$SITE"/secret/*
all=$old/emailproxy.config
proxy "$all" 3000 canary-password
chmod 0640 "$all"
before=$(state "$all")
site_script "$good"
ok 'one account of email-oauth2-proxy' x import --from email-oauth2-proxy "$all" \
    one@contoso.test --password-file "$pw"
said changed
no_secret 'no secret is shown'
is "$(conf one@contoso.test)" "provider: custom
token_endpoint: $SITE_URL/token
servers: imap.contoso.test smtp.contoso.test
client_id: proxy-id
scope: mail offline_access
grant: authorization_code" 'its account'
is "$(form client_id) $(form client_secret) $(form refresh_token)" \
    'proxy-id canary-secret-1 canary-refresh-1' 'the request'
is "$(site_record one@contoso.test refresh_token)" canary-refresh-2 'the successor is stored'
is "$(state "$all")" "$before" 'the original is untouched'
no_conf two@contoso.test 'and no other account is there'
site_script ok:proxy
from_stdin() { x import --from email-oauth2-proxy "$all" TWO@contoso.test --password-file - <"$pw"; }
ok 'the password from stdin' from_stdin
is "$(form client_secret)" canary-secret-1 'an encrypted client secret'
exits 77 'a wrong password' x import --from email-oauth2-proxy "$all" two@contoso.test \
    --password-file "$SITE/secret/wrong"
one_line 'a wrong password' 'password does not decrypt .* of two@contoso.test; give the one that the mail program'
notty() { setsid "$EXO" import --from email-oauth2-proxy "$all" two@contoso.test --config "$SITE_CONF" </dev/null; }
exits 64 'no password and no terminal' notty
one_line 'no terminal' '--password-file'
exits 77 'an account without tokens' x import --from email-oauth2-proxy "$all" unused@contoso.test \
    --password-file "$pw"
one_line 'without tokens' 'no refresh token for unused@contoso.test'
exits 77 'an account that is not in it' x import --from email-oauth2-proxy "$all" nobody@contoso.test
one_line 'not in it' 'no credential of nobody@contoso.test'
proxy "$old/certificate" 3000 canary-password "$SITE/app.crt" "$SITE/app.key"
app=(import --from email-oauth2-proxy "$old/certificate" @certificate.test)
exits 78 'an app by certificate, which is not there' x "${app[@]}" "${here[@]}"
one_line 'by certificate' "cannot read $SITE/app.crt: .*; "
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=app \
    -keyout "$SITE/app.key" -out "$SITE/app.crt" 2>/dev/null
chmod 0644 "$SITE"/app.*
ok 'an app by certificate' x "${app[@]}" "${here[@]}"
is "$(conf @certificate.test)" "provider: microsoft
cloud: public
tenant: contoso.test
client_id: app-id
certificate: $SITE/app.crt
private_key: $SITE/app.key
grant: client_credentials
token_endpoint: $SITE_URL/token" 'its account'
like "$(form client_assertion)" '^[^.]+[.][^.]+[.][^.]+$' 'signed with its key'
is "$(form client_secret)" '' 'and has no secret'
x remove @certificate.test --account-file >/dev/null 2>&1
device=(import --from email-oauth2-proxy "$all" device@contoso.test --password-file "$pw")
ok 'a device flow at Microsoft' x "${device[@]}" "${here[@]}"
is "$(conf device@contoso.test)" "provider: microsoft
cloud: public
tenant: contoso.test
client_id: proxy-id
grant: device_code
token_endpoint: $SITE_URL/token" 'its account, without the scope that is the default'
is "$(form client_secret)" '' "the sample's text is no secret"
ok 'an app for a domain, without a password' x import --from email-oauth2-proxy "$all" \
    @fabrikam.test "${here[@]}"
is "$(form grant_type) $(form client_secret)" 'client_credentials canary-secret-1' 'the request'
like "$(conf @fabrikam.test)" 'grant: client_credentials' 'its account'

proxy "$old/legacy" 0 canary-password
ok 'of a version that did not write its rounds' x import --from email-oauth2-proxy \
    "$old/legacy" one@contoso.test --password-file "$pw"
cp "$SITE/etc/exoauth.d/one@contoso.test.conf" "$SITE/etc/exoauth.d/whose@contoso.test.conf"
printf 'credential: whose@contoso.test\n' >"$SITE/etc/exoauth.d/one@contoso.test.conf"
ok "with another one's credential" x import --from email-oauth2-proxy \
    "$old/legacy" one@contoso.test --password-file "$pw"
like "$ERR" 'one@contoso.test: imported as the credential of whose@contoso.test, for' 'says whose'
rm "$SITE"/etc/exoauth.d/*.conf
exits 77 'all accounts' x import --from email-oauth2-proxy "$all" --password-file "$pw" "${here[@]}"
like "$ERR" 'no refresh token for unused@contoso.test in it; run: exoauth login unused@contoso.test' \
    'the one that was never used is to be logged in'
said ''
is "$(ls "$SITE/etc/exoauth.d" | paste -sd' ')" \
    '@fabrikam.test.conf device@contoso.test.conf one@contoso.test.conf two@contoso.test.conf unused@contoso.test.conf' \
    'all but that of the sample'
count=$(site_count)
exits 77 'all of them again' x import --from email-oauth2-proxy "$all" --password-file "$pw" "${here[@]}"
is "$(site_count)" "$count" 'asks nobody'
site_script aadsts:700082:invalid_grant
exits 78 'all of them refused' x import --from email-oauth2-proxy "$all" --password-file "$pw" \
    --set scope=new "${here[@]}"
said ''
is "$(grep -c 'run: exoauth login' <<<"$ERR") $(grep -c AADSTS700082 <<<"$ERR")" '4 4' \
    'each is said, and the worst is the exit status'
is "$(x token one@contoso.test)" proxy 'what was stored goes on'

# --cache-store: the tokens in a file of their own.
python3 - "$all" "$old/config" "$old/cache" <<'END'
import configparser, sys

config = configparser.ConfigParser(interpolation=None)
config.read(sys.argv[1])
cache = configparser.ConfigParser(interpolation=None)
for name in [s for s in config if "@" in s]:
    for option in list(config[name]):
        if option.startswith(("token_s", "token_i", "access", "refresh", "client_secret_", "last")):
            if not cache.has_section(name):
                cache.add_section(name)
            cache[name][option] = config[name].pop(option)
config.write(open(sys.argv[2], "w"))
cache.write(open(sys.argv[3], "w"))
END
site_script ok:cache
ok '--cache-store' x import --from email-oauth2-proxy "$old/cache" --config-file "$old/config" \
    two@contoso.test --password-file "$pw" --set scope=newer
is "$(form client_secret) $(form refresh_token)" 'canary-secret-1 canary-refresh-1' 'the request'
exits 64 'the cache alone' x import --from email-oauth2-proxy "$old/cache" two@contoso.test --password-file "$pw"
one_line 'the cache alone' 'not a configuration of email-oauth2-proxy.*--config-file'
python3 - "$all" "$old/catch" <<'END'
import configparser, sys

config = configparser.ConfigParser(interpolation=None)
config.read(sys.argv[1])
shared = {k: config["one@contoso.test" if "one@contoso.test" in config else "One@contoso.test"][k]
          for k in ("permission_url", "token_url", "oauth2_scope", "client_id", "client_secret")}
config["@contoso.test"] = shared
for option in shared:
    del config["One@contoso.test"][option]
config["emailproxy"]["allow_catch_all_accounts"] = "True"
config.write(open(sys.argv[2], "w"))
END
ok 'what an account inherits from its domain' x import --from email-oauth2-proxy "$old/catch" \
    one@contoso.test --password-file "$pw" --set scope=newest
is "$(form client_id) $(form client_secret)" 'proxy-id canary-secret-1' 'the request'
sed 's/^allow_catch.*/allow_catch_all_accounts = no/I' "$old/catch" >"$old/nocatch"
exits 64 'which it does only where it is told to' x import --from email-oauth2-proxy "$old/nocatch" \
    new@contoso.test one@contoso.test

# One account that cannot be does not stop the others.
{ cat "$all"; printf '[bad@contoso.test]\ntoken_url = https://idp.test/t\nclient_id = p\nclient_secret = a\n  b\n'
    printf '[long@contoso.test]\ntoken_url = https://idp.test/t\nclient_id = %017000d\n' 0
    printf '[x\001y@contoso.test]\ntoken_url = https://idp.test/t\nclient_id = p\n'; } >"$old/bad"
site_script ok:others
exits 78 'an account that cannot be' x import --from email-oauth2-proxy "$old/bad" --password-file "$pw" "${here[@]}" --set scope=others
like "$ERR" 'bad@contoso.test: control character in client_secret; correct the file' 'is named'
like "$ERR" 'long@contoso.test: client_id is longer than 16 KiB; correct the file' 'so is another'
like "$ERR" 'a section with a name that no account has is left out' 'and one that has no name'
is "$(grep -c ': imported' <<<"$ERR")" 4 'the others are imported'
site_script ok:cache

sed 's/^token_salt = .*/token_salt = !!!/' "$all" >"$old/salt"
exits 77 'a salt that is damaged' x import --from email-oauth2-proxy "$old/salt" two@contoso.test --password-file "$pw"
one_line 'salt' 'token_salt or token_iterations is damaged for two@contoso.test in it; run: exoauth login'
sed 's/^token_iterations = .*/token_iterations = 99999999999/' "$all" >"$old/rounds"
exits 77 'more rounds than anybody waits for' x import --from email-oauth2-proxy "$old/rounds" two@contoso.test --password-file "$pw"
one_line 'rounds' 'damaged'
exits 64 'a file that is no INI' x import --from email-oauth2-proxy "$mutt"
one_line 'no INI' 'not a configuration of email-oauth2-proxy \(line 1\)'

# A person types the password.
pty()
{
    python3 - "$@" <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen, sent = b"", False
while select.select([fd], [], [], 30)[0]:  # asked twice, it would hang
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not sent and seen.rstrip().endswith(b":"):
        time.sleep(0.3)
        os.write(fd, b"canary-password\n")
        sent = True
print(seen.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}
rm "$SITE/secret/password"
ok 'a password that is typed' pty "$EXO" import --from email-oauth2-proxy "$all" two@contoso.test \
    --set scope=typed --config "$SITE_CONF"
like "$OUT" 'Password of two@contoso.test at email-oauth2-proxy:' 'after a question'
unlike "$OUT" canary 'is not shown'

# ----- a person's own configuration

own_home=$SITE/home
mkdir "$own_home" "$SITE/bin"
cp "$EXO" "$SITE/bin/exoauth"
chmod 0755 "$SITE/bin" "$SITE/bin/exoauth" "$old"
as_own=()
if [[ $(id -u) == 0 ]]; then
    chown 4711:4711 "$own_home" "$mutt"
    as_own=(site_as 4711:4711)
fi
own()
{
    "${as_own[@]}" env -u SASL_CONF_PATH -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME \
        HOME="$own_home" "$SITE/bin/exoauth" "$@"
}
ok "an ordinary user's import" own import --from mutt "$mutt" "${here[@]}"
said changed
ok 'makes a configuration of his own' own token me@contoso.test
is "$OUT" cache 'which works'
