#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The provider hangs, answers 503 with Retry-After, refuses connections, or
# has revoked the grant, while Postfix sends. With a valid token mail flows;
# with an expired one it waits, is told why, and goes out by itself once the
# provider is back. Requests are counted at a gate in front of the provider.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

relay=relay@contoso.test
alice=alice@contoso.test
bob=bob@contoso.test
rig_up
log=$(rig_postfix_log client)
rig_postfix_conf client smtp_sender_dependent_authentication=yes \
    minimal_backoff_time=2s maximal_backoff_time=4s queue_run_delay=2s \
    smtp_destination_concurrency_limit=1
rig_postfix_passwd client "$relay $relay" "$alice $alice"

# The gate passes connections on to the provider or leaves them hanging, says
# "connection" for each, and when it is stopped they are refused. What the
# mail server asks of the provider does not come this way.
GATE_PORT=$(rig_port)
gate_open()
{
    rm -f "$RIG/hang"
    rig_daemon gate python3 -u -c '
import asyncio, os, sys
hang, here, there = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
LOOP = os.environ["TAP_LOOP"]
async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def one(reader, writer):
    print("connection")
    if os.path.exists(hang):
        await reader.read()
        await asyncio.sleep(600)
    back, forth = await asyncio.open_connection(LOOP, there)
    await asyncio.gather(pump(reader, forth), pump(back, writer))
async def main():
    server = await asyncio.start_server(one, LOOP, here)
    await server.serve_forever()
asyncio.run(main())' "$RIG/hang" "$GATE_PORT" "${RIG_AS##*:}"
    rig_wait 20 rig_listens "$GATE_PORT" || bail 'the gate does not listen'
    : >"$RIG/log/gate.log"
}
gate_hang() { touch "$RIG/hang"; }
gate_close() { rig_stop gate; }
passed() { grep -c '^connection' "$RIG/log/gate.log"; }
# shellcheck disable=SC2034 # for lib/rig.sh
RIG_TOKEN_URL=https://localhost:$GATE_PORT/$RIG_TENANT/oauth2/v2.0/token

# age ACCOUNT SECONDS: as if the token were that much older. Nothing else
# changes: for the mail server it stays good. A failure is forgotten.
age()
{
    local unseal=$EXO_BUILDDIR/tests/lib/unseal record=$RIG_STORE/$1.json
    "$unseal" "$record" "$RIG/sasl2/exoauth.key" >"$RIG/record"
    python3 - "$RIG/record" "$2" <<'PY'
import json, sys
path, seconds = sys.argv[1], int(sys.argv[2])
with open(path) as f:
    r = json.load(f)
for key in ("issued", "refresh_after", "usable_until", "expires", "refreshed"):
    if r.get(key):
        r[key] -= seconds
with open(path, "w") as f:
    json.dump(r, f)
PY
    "$unseal" -s "$RIG/record" "$RIG/sasl2/exoauth.key" >"$RIG/record.sealed"
    cat "$RIG/record.sealed" >"$record"
    rm "$RIG/record" "$RIG/record.sealed"
    rig_unpublish "$1"
}
fresh() { rig_as_fault '[]'; exo refresh "$1" --force; }
count() { grep -cE -e "$1" "$2"; }
# burst NAME: five messages at once, from $from
burst()
{
    local i
    for i in 1 2 3 4 5; do rig_send client "$from" "$bob" "$1-$i"; done
}
delivered() { rig_mail_wait "$bob" "$1-" 5 60; }
waiting() { [[ $(postqueue -c "$(rig_postfix_etc client)" -p | grep -c "^ *(.*$1") -ge ${2:-5} ]]; }

test_two() { [[ $(rig_as_count status=503) -ge 2 ]]; }
test_more()
{
    [[ $(count 'failure: provider said invalid_grant' "$log") -gt $((logins + 4)) ]]
}

gate_open
ok 'login' rig_login "$relay"
rig_postfix_start client
from=$relay

# ----- 503 with Retry-After

unavailable='[{"status": 503, "headers": {"Retry-After": "9"},
    "body": "{\"error\": \"temporarily_unavailable\"}"}]'
rig_as_fault "$unavailable"
age "$relay" 3300
: >"$RIG/log/gate.log"
rig_as_reset
said=$(count 'warning: .*503' "$RIG/exolog/exoauth.log")
burst valid
ok '503, a valid token that should be renewed: mail flows' delivered valid
is "$(passed)" 1 'one request for five messages'
is "$(($(count 'warning: .*503' "$RIG/exolog/exoauth.log") - said))" 1 \
    'one line about it in our log'
unlike "$(<"$log")" 'status=(deferred|bounced)' 'no message waited'
is "$(exo token "$relay" | wc -c)" 1501 'the command hands it out, too'

age "$relay" 400
burst expired
ok '503, an expired token: mail waits, with the words of SASL in the queue' \
    rig_wait 30 waiting 'remote authentication server unavailable'
like "$(<"$log")" 'warning: SASL authentication failure: HTTP 503, temporarily_unavailable: .*; wait, exoauth tries again by itself' \
    'and ours in the log'
ok 'it is tried again' rig_wait 60 test_two
rig_as_fault '[]'
ok 'the provider is back: all is delivered, without any command' \
    delivered expired
rig_as_stats >"$RIG/stats"
is "$(python3 -c 'import json, sys
t = [r["time"] for r in json.load(open(sys.argv[1]))["requests"]]
print(len(t) > 2 and min(b - a for a, b in zip(t, t[1:])) >= 9000)' \
    "$RIG/stats")" True 'no request came sooner than Retry-After says'
ok 'though Postfix tried more often' test "$(count 'SASL authentication failure: HTTP 503' "$log")" \
    -gt "$(rig_as_count status=503)"

# ----- it hangs

ok 'a fresh token' fresh "$relay"
age "$relay" 2000
gate_hang
: >"$RIG/log/gate.log"
deferred=$(count 'status=deferred' "$log")
burst hang
ok 'it hangs, a token past half its life: mail flows' delivered hang
is "$(passed)" 1 'one request for five messages'
is "$(count 'status=deferred' "$log")" "$deferred" 'no message waited'
# Until it gives up it holds the record, and would write it as it was.
ok 'the one request gives up' rig_log_wait \
    'warning: .*no answer in time from localhost' \
    "$RIG/exolog/exoauth.log" 40
age "$relay" 2000
burst stuck
ok 'it hangs, an expired token: mail waits' \
    rig_wait 60 waiting 'remote authentication server unavailable'
like "$(<"$log")" "SASL authentication failure: no answer in time from localhost: .*;" \
    'the log says that there was no answer'
rm -f "$RIG/hang"
ok 'it answers again: all is delivered' delivered stuck

# ----- it refuses connections

ok 'a fresh token' fresh "$relay"
age "$relay" 3300
gate_close
deferred=$(count 'status=deferred' "$log")
burst refuse
ok 'no connection, a valid token: mail flows' delivered refuse
is "$(count 'status=deferred' "$log")" "$deferred" 'no message waited'
age "$relay" 400
burst closed
ok 'no connection, an expired token: mail waits' \
    rig_wait 30 waiting 'remote authentication server unavailable'
like "$(<"$log")" "SASL authentication failure: cannot connect to localhost.*;" \
    'the log says that there is no connection'
gate_open
ok 'it listens again: all is delivered' delivered closed

# ----- the grant is revoked: a person must act, and asking does not help

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login of a person' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
# The first token once more, and this provider revokes all of the grant.
rig_curl -o /dev/null "$RIG_AS/$RIG_TENANT/oauth2/v2.0/token" \
    -d client_id=device-app -d grant_type=refresh_token \
    --data-urlencode "refresh_token=$(<"$RIG/etc/alice.rt")"
age "$alice" 4000
: >"$RIG/log/gate.log"
from=$alice
burst revoked
ok 'revoked: mail waits, with the words of SASL in the queue' \
    rig_wait 30 waiting 'passphrase expired, has to be reset'
like "$(<"$log")" "SASL authentication failure: provider said invalid_grant.*; run: exoauth login $alice" \
    'and ours in the log'
logins=$(count 'SASL authentication failure: provider said invalid_grant' "$log")
ok 'Postfix tries again and again' rig_wait 30 test_more
is "$(passed)" 1 'one request, and not one per message'
exits 77 'status says so, too' exo status "$alice"
rig_as_refresh_token "$alice" >"$RIG/etc/alice.new"
ok 'a new login' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.new"
ok 'and all is delivered' delivered revoked

# ----- the secret is wrong: the administrator must act

from=$relay
rig_as_fault '[{"status": 401, "body": "{\"error\": \"invalid_client\", \"error_description\": \"AADSTS7000222: The provided client secret keys are expired.\", \"error_codes\": [7000222]}"}]'
age "$relay" 4000
: >"$RIG/log/gate.log"
burst secret
ok 'a secret that expired: mail waits, with the words of SASL in the queue' \
    rig_wait 30 waiting 'error when parsing configuration file'
like "$(<"$log")" 'SASL authentication failure: provider said invalid_client \(AADSTS7000222\).*; make a new secret' \
    'and ours in the log'
is "$(passed)" 1 'one request, and not one per message'
exits 78 'status says so, too' exo status "$relay"
ok 'refresh --force, once it is mended' fresh "$relay"
ok 'and all is delivered' delivered secret

is "$(rig_mail_count "$bob")" 40 'forty messages, each delivered once'
