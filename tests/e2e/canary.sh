#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Secrets with known values go through everything: no log, argument vector,
# environment, error text or file may hold one, but for the published tokens
# (access token only); the store holds them sealed. Debug logging is on throughout.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd strace
RIG_SECRET=canary-client-secret-$(openssl rand -hex 12)
relay=relay@contoso.test
alice=alice@contoso.test
bob=bob@contoso.test
rig_up
log=$(rig_postfix_log client)

# Every process of CMD with its arguments and environment, into trace/.
traced()
{
    mkdir -p "$RIG/trace"
    strace -f -qq -v -s 20000 -e trace=execve -o "$RIG/trace/$RANDOM.$RANDOM" "$@"
}
# Every process that is there, while the servers run.
snapshot()
{
    local p
    for p in /proc/[0-9]*; do
        grep -qaF "$RIG" "$p/cmdline" 2>/dev/null || continue
        [[ $(tr '\0' ' ' <"$p/cmdline") == *as.mjs* ]] && continue
        tr '\0' '\n' <"$p/cmdline"
        tr '\0' '\n' <"$p/environ"
    done >>"$RIG/trace/proc" 2>/dev/null
}
run()
{
    local out
    out=$RIG/trace/out.$RANDOM.$RANDOM
    traced "$RIG_EXO" "$@" -v --config "$RIG_CONF" >"$out" 2>&1
}

mkdir -p "$RIG/trace"
secret=$(rig_secret_file)
common=(--set "tenant=$RIG_TENANT" --set servers=localhost
    --set "token_endpoint=$RIG_TOKEN_URL")
ok 'login with a secret file' run login "$relay" "${common[@]}" \
    --set client_id=relay-app --set "secret_file=$secret"
refresh=$(rig_as_refresh_token "$alice")
printf '%s\n' "$refresh" >"$RIG/etc/alice.rt"
ok 'login with a refresh token' run login "$alice" "${common[@]}" \
    --set client_id=device-app --refresh-token-file "$RIG/etc/alice.rt"
cp "$secret" "$RIG/etc/stored"
ok 'login with a secret that is stored' run login app@contoso.test \
    "${common[@]}" --set client_id=second-app --set grant=client_credentials \
    --secret-file "$RIG/etc/stored"
rig_postfix_passwd client "[localhost]:$RIG_SUBMISSION_PORT $relay"
rig_postfix_start client
rig_send client "$relay" "$bob" one
ok 'a message' rig_mail_wait "$bob" one
first=$(rig_published "$relay" token)
rig_unpublish "$relay"
rig_send client "$relay" "$bob" two
ok 'a message by way of spawn(8)' rig_mail_wait "$bob" two
snapshot

# Things that go wrong are where secrets get out.
rig_publish "$relay" "$first-not"
rig_send client "$relay" "$bob" three
ok 'a refused token' rig_log_wait 'said: 535' "$log"
rig_as_fault "{\"status\":400,\"count\":1,\"body\":\"{\\\"error\\\":\\\"invalid_grant\\\",\\\"error_description\\\":\\\"$RIG_SECRET\\\"}\"}"
not_ok 'a provider that sends our secret back' run refresh "$relay" --force
rig_as_fault '[]'
ok 'refresh' run refresh --all --force
ok 'status' run status --json
run show "$relay"
run list
as_host() { SASL_PATH=$RIG_SASL SASL_CONF_PATH=$RIG/sasl2 run "$@"; }
ok 'test' as_host test "$alice" imap --port "$RIG_IMAPS_PORT" --tls implicit \
    --ca-file "$RIG_CA"
ok 'connect' as_host connect pop3 localhost "$RIG_POP3S_PORT" "$alice" \
    --tls implicit --ca-file "$RIG_CA" < <(printf 'STAT\r\nQUIT\r\n')
not_ok 'test, for a mailbox of somebody else' as_host test "$alice" imap \
    --port "$RIG_IMAPS_PORT" --tls implicit --mailbox "$bob" --ca-file "$RIG_CA"
snapshot
second=$(rig_published "$relay" token)
isnt "$second" "$first" 'there was a second token'
current=$(rig_published "$alice" token)

# Files that may hold one: tokens (access), our own inputs. The store is none.
where()
{
    local word=$1 b64
    b64=$(printf '%s' "$word" | base64 -w0)
    find "$RIG" -type f ! -path '*/tokens/*' \
        ! -path "$RIG/as.json" ! -path "$RIG/etc/*" -print0 |
        xargs -0 grep -laF -e "$word" -e "${b64:0:40}" 2>/dev/null
}
is "$(where "$RIG_SECRET")" '' 'the client secret is nowhere else'
is "$(where "$refresh")" '' 'the refresh token is nowhere else'
is "$(where "$first")" '' 'the first access token is nowhere else'
is "$(where "$second")" '' 'the second one neither'
is "$(where "$current")" '' "nor the delegate's"
is "$(grep -rlaF -e "$RIG_SECRET" -e "$refresh" "$RIG_TOKENS" 2>/dev/null)" '' \
    'published tokens hold neither the secret nor a refresh token'
ok 'the store is sealed' grep -rqF aes-256-gcm "$RIG_STORE"
is "$(find "$RIG_STORE" ! -user nobody | head -n1)" '' 'nobody owns the store'
is "$(find "$RIG_STORE" -perm /077 | head -n1)" '' 'nobody else may read it'
ok 'the canary sings: the secret is found where it belongs' \
    grep -qaF "$RIG_SECRET" "$secret"
ok 'and traces were taken' grep -rqaF execve "$RIG/trace"

# Nothing was left where a program without manners would put it.
is "$(find /tmp /var/tmp /dev/shm -maxdepth 2 -type f -newer "$RIG/as.json" \
    -print0 2>/dev/null | xargs -0 -r grep -laF -e "$RIG_SECRET" 2>/dev/null |
    grep -v "^$RIG/")" '' 'no temporary file holds the secret'
