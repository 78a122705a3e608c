#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# README's "What the mail log says" against a real mail log: every status is
# made to happen, each to a message of its own, and the words README gives for
# it, those of exoauth and those of libsasl2, must be the ones Postfix wrote.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

bob=bob@contoso.test
rig_up
log=$(rig_postfix_log client)
rig_postfix_conf client smtp_sender_dependent_authentication=yes
readme=$RIG_SRC/README
need_file "$readme"
senders=()
for who in stranger denied nologin revoked down lost damaged secret fenced; do
    senders+=("$who@contoso.test $who@contoso.test")
done
rig_postfix_passwd client "${senders[@]}"
rig_login fenced@contoso.test servers=smtp.office365.com >/dev/null 2>&1
rig_postfix_start client

# What README says of STATUS: the words of libsasl2.
sasl_words() { sed -n "s/^$1, \"\(.*\)\"\$/\1/p" "$readme"; }
# in_readme TEXT: it stands there, however the lines are broken.
in_readme()
{
    tr -s ' \n' '  ' <"$readme" | grep -qF -e "$1"
}
# pattern TEXT: an example as a regular expression. An account, a path and a
# number stand for any, and dots for more.
pattern()
{
    python3 - "$1" <<'PY'
import re, sys
line = re.sub(r"[.()+*?\[\]|^$]", r"[\g<0>]", sys.argv[1])
line = line.replace("[.][.][.]", ".*")
line = re.sub(r"[a-z]+@contoso\[\.\]com", "[^ ]+@contoso[.]test", line)
line = line.replace("/etc/sasl2/exoauth[.]d", "/[^ ]+")
line = line.replace("login[.]microsoftonline[.]com", "localhost")
line = line.replace("mail[.]example[.]com", "localhost")
print(re.sub(r"uid \d+", "uid [0-9]+", line))
PY
}

# hits WHO STATUS TEXT: WHO's message waits, and Postfix wrote README's words.
logged() { tail -n "+$start" "$log" | grep -qE -e "$1"; }
hits()
{
    local who=$1@contoso.test status=$2 text=$3 queued
    local start=$(($(wc -l <"$log") + 1))
    queued=$(sasl_words "$status")
    ok "$status: README has: $text" in_readme "$text"
    rig_send client "$who" "$bob" "from-$1"
    ok "$status ($1): \"$queued\" in the queue" rig_wait 20 logged \
        "status=deferred \(SASL authentication failed; cannot authenticate to server [^ ]+: $queued\)"
    ok "$status ($1): those words in the log" logged \
        "warning: SASL authentication failure: .*$(pattern "$text")" ||
        diag "$(tail -n "+$start" "$log" | grep failure)"
}

hits stranger no-account \
    'no account relay@contoso.com in /etc/sasl2/exoauth.d; run: exoauth login ...'

rig_login denied@contoso.test allow=root >/dev/null 2>&1
rig_unpublish denied@contoso.test
hits denied denied \
    'uid 105 may not have the token of ...; add the user to allow in ...'

rig_account nologin@contoso.test client_id=device-app
hits nologin needs-login \
    'no credential is stored for alice@contoso.com; run: exoauth login ...'

# As Entra puts it; tests/e2e/outage.sh has the provider of the tests say so.
code() { printf '{"error": "%s", "error_description": "AADSTS%s: %s Trace ID: 0", "error_codes": [%s]}' "$1" "$2" "$3" "$2"; }
fault() { python3 -c 'import json,sys; print(json.dumps([{"status": int(sys.argv[1]), "body": sys.argv[2]}]))' "$@"; }
rig_as_refresh_token revoked@contoso.test >"$RIG/etc/revoked.rt"
rig_as_set '{"ttl": 2}'
rig_login revoked@contoso.test client_id=device-app \
    --refresh-token-file "$RIG/etc/revoked.rt" >/dev/null 2>&1
rig_as_set '{"ttl": 3600}'
rig_as_fault "$(fault 400 "$(code invalid_grant 700082 \
    'The refresh token has expired due to inactivity.')")"
expired() { [[ $(date +%s) -gt $(rig_published revoked@contoso.test expires) ]]; }
ok 'a token expires' rig_wait 20 expired
exo refresh revoked@contoso.test --force >/dev/null 2>&1
rig_unpublish revoked@contoso.test
hits revoked needs-login \
    'provider said invalid_grant (AADSTS700082), "...": the refresh token has expired, as it does after 90 days without use; run: exoauth login ...'
rig_as_fault '[]'

rig_account down@contoso.test secret_file="$(rig_secret_file)" \
    token_endpoint=https://localhost:9/token
hits down transient \
    'cannot connect to login.microsoftonline.com: ...; check network, ...'

rig_as_fault '[{"status": 503, "body": "{\"error\": \"temporarily_unavailable\"}"}]'
rig_account lost@contoso.test secret_file="$(rig_secret_file)"
hits lost transient \
    'HTTP 503, temporarily_unavailable: the provider is overloaded or down; ...'
rig_as_fault '[]'

rig_login damaged@contoso.test >/dev/null 2>&1
exo refresh damaged@contoso.test --force >/dev/null 2>&1
rig_unpublish damaged@contoso.test
printf 'not json' >"$RIG_STORE/damaged@contoso.test.json"
hits damaged transient \
    'damaged credential ...; restore the previous copy: mv ...'

rig_as_fault "$(fault 401 "$(code invalid_client 7000222 \
    'The provided client secret keys for app are expired.')")"
rig_account secret@contoso.test secret_file="$(rig_secret_file)"
hits secret misconfigured \
    'provider said invalid_client (AADSTS7000222), "...": the client secret has expired; make a new secret (Entra: App registrations, ...) and store it ...'
rig_as_fault '[]'

rig_unpublish fenced@contoso.test
hits fenced misconfigured \
    'the token of ... may not go to mail.example.com; ...'

# No socket, nothing published: the spawn service is missing.
rig_conf socket "/private/exoauth $(rig_postfix_queue client)/private/nothing"
rig_postfix_master client -MX exoauth/unix
rig_postfix_reload client
hits lost transient \
    'no token for ...: nothing published in ..., and no socket answered (...)'

# One line each, and no more of it than the log can hold.
lines=$(grep -c 'SASL authentication failure' "$log")
ok 'every line has a remedy after a semicolon' test \
    "$(grep -c 'SASL authentication failure: .*; ' "$log")" -eq "$lines"
is "$(awk 'length > 700' "$log" | wc -l)" 0 'none is endless'
is "$(rig_mail_count "$bob")" 0 'and no message has gone anywhere'
