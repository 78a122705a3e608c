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
rig_postfix_start client

# What README says of STATUS: the words of libsasl2, the lines of exoauth.
sasl_words() { sed -n "s/^$1, \"\(.*\)\"\$/\1/p" "$readme"; }
# our_line STATUS N: its Nth example, joined, as a regular expression. An
# account, a path and a number stand for any, dots and the end for more.
our_line()
{
    python3 - "$readme" "$1" "$2" <<'PY'
import re, sys
path, status, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = open(path, encoding="utf-8").read()
part = text.split("What the mail log says\n", 1)[1]
part = re.search(rf'^{status}, ".*"\n((?:    .*\n|\n)*)', part, re.M).group(1)
lines = [l.strip() for l in part.splitlines() if ";" in l]
line = re.escape(lines[n - 1])
line = re.sub(r"[a-z]+@contoso\\\.com", r"[^ ]+@contoso[.]test", line)
line = line.replace(r"/etc/sasl2/exoauth\.d", "/[^ ]+")
line = re.sub(r"uid\\ \d+", "uid [0-9]+", line)
line = line.replace(r"login\.microsoftonline\.com", "localhost")
line = line.replace(r"mail\.example\.com", "localhost")
line = re.sub(r"(\\\.){3}", ".*", line)
print(re.sub(r"\\(.)", lambda m: f"[{m[1]}]" if m[1] in ".()" else m[1], line))
PY
}

# hits WHO STATUS N: WHO's message waits, and Postfix wrote README's words.
hits()
{
    local who=$1@contoso.test status=$2 wanted queued
    wanted=$(our_line "$status" "$3")
    queued=$(sasl_words "$status")
    isnt "$wanted" '' "$status: README has an example"
    rig_send client "$who" "$bob" "from-$1"
    ok "$status ($1): $wanted" rig_log_wait \
        "warning: SASL authentication failure: .*$wanted" "$log"
    ok "$status ($1): \"$queued\"" rig_log_wait \
        "status=deferred \(SASL authentication failed; cannot authenticate to server [^ ]+: $queued\)" \
        "$log"
    mv "$log" "$log.$1"
    cat "$log.$1" >>"$RIG/log/all"
    : >"$log"
}

hits stranger no-account 1

rig_login denied@contoso.test allow=root >/dev/null 2>&1
rig_unpublish denied@contoso.test
hits denied denied 1

rig_account nologin@contoso.test client_id=device-app
hits nologin needs-login 1

# As Entra puts it; 14-outage.sh has the provider of the tests say so.
code() { printf '{"error": "%s", "error_description": "AADSTS%s: %s Trace ID: 0", "error_codes": [%s]}' "$1" "$2" "$3" "$2"; }
fault() { python3 -c 'import json,sys; print(json.dumps([{"status": int(sys.argv[1]), "body": sys.argv[2]}]))' "$@"; }
rig_as_refresh_token revoked@contoso.test >"$RIG/etc/revoked.rt"
rig_login revoked@contoso.test client_id=device-app \
    --refresh-token-file "$RIG/etc/revoked.rt" >/dev/null 2>&1
rig_as_fault "$(fault 400 "$(code invalid_grant 700082 \
    'The refresh token has expired due to inactivity.')")"
exo refresh revoked@contoso.test --force >/dev/null 2>&1
python3 -c 'import json, sys
r = json.load(open(sys.argv[1])); r["expires"] = r["issued"] + 1
json.dump(r, open(sys.argv[1], "w"))' "$RIG_STORE/revoked@contoso.test.json"
rig_unpublish revoked@contoso.test
hits revoked needs-login 2
rig_as_fault '[]'

rig_account down@contoso.test secret_file="$(rig_secret_file)" \
    token_endpoint=https://localhost:9/token
hits down transient 1

rig_as_fault '[{"status": 503, "body": "{\"error\": \"temporarily_unavailable\"}"}]'
rig_account lost@contoso.test secret_file="$(rig_secret_file)"
hits lost transient 2
rig_as_fault '[]'

rig_login damaged@contoso.test >/dev/null 2>&1
exo refresh damaged@contoso.test --force >/dev/null 2>&1
rig_unpublish damaged@contoso.test
printf 'not json' >"$RIG_STORE/damaged@contoso.test.json"
hits damaged transient 4

rig_as_fault "$(fault 401 "$(code invalid_client 7000222 \
    'The provided client secret keys for app are expired.')")"
rig_account secret@contoso.test secret_file="$(rig_secret_file)"
hits secret misconfigured 1
rig_as_fault '[]'

rig_login fenced@contoso.test servers=smtp.office365.com >/dev/null 2>&1
hits fenced misconfigured 2
rig_unpublish fenced@contoso.test
hits fenced misconfigured 2

# No socket, nothing published: the spawn service is missing.
rig_conf socket "/private/exoauth $(rig_postfix_queue client)/private/nothing"
rig_postfix_master client -MX exoauth/unix
rig_postfix_reload client
hits lost transient 3

# One line each, and no more of it than the log can hold.
lines=$(grep -c 'SASL authentication failure' "$RIG/log/all")
ok 'every line has a remedy after a semicolon' test \
    "$(grep -c 'SASL authentication failure: .*; ' "$RIG/log/all")" -eq "$lines"
is "$(awk 'length > 700' "$RIG/log/all" | wc -l)" 0 'none is endless'
is "$(rig_mail_count "$bob")" 0 'and no message has gone anywhere'
