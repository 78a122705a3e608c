#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Many processes and one expired token: exactly one request to the provider,
# for an app and for a person whose refresh token is worth one use. A process
# that is killed while it holds the lock holds up nobody.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

crowd=50
site_up
site_conf timeout 30
site_endpoint ok
app=app@contoso.test
person=person@contoso.test
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
echo canary-refresh-1 >"$SITE/secret/refresh"

one() { x token "$1" >"$SITE/crowd/out.$2" 2>"$SITE/crowd/err.$2"; }

# The endpoint lets everybody arrive before it answers.
rush()
{
    local name=$1 want=$2 i failed=0
    local -a pids=()
    rm -rf "$SITE/crowd"
    mkdir "$SITE/crowd"
    before=$(site_count)
    for ((i = 0; i < crowd; i++)); do
        one "$name" "$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
    is $failed 0 "$name: all $crowd succeed"
    is "$(site_count)" $((before + 1)) "$name: one request"
    is "$(cat "$SITE"/crowd/out.* | sort | uniq -c | sed 's/^ *//')" \
        "$crowd $want" "$name: all have the same token"
    is "$(cat "$SITE"/crowd/err.*)" '' "$name: in silence"
}

expire()
{
    site_script "fields:{\"access_token\":\"dying\",\"expires_in\":1${2:-}}"
    "${@:3}" >/dev/null 2>&1
    local expires
    expires=$(site_record "$1" expires)
    while [[ $(date +%s) -lt ${expires:-0} ]]; do sleep 0.1; done
    is "$(site_record "$1" access_token)" dying "$1: a token that has expired"
}

site_script ok:first-token
rush $app first-token
expire $app '' x refresh $app --force
site_script slow:1:ok:second-token
rush $app second-token

expire $person ',"refresh_token":"canary-refresh-2"' x login $person \
    --refresh-token-file "$SITE/secret/refresh"
site_script 'slow:1:fields:{"access_token":"third-token","refresh_token":"canary-refresh-3"}' \
    aadsts:70000:invalid_grant
rush $person third-token
is "$(site_forms refresh_token | tail -n1)" canary-refresh-2 'the right refresh token was spent'
is "$(site_record $person refresh_token)" canary-refresh-3 'and the new one kept'

# A crowd with --force is one request, too: whoever waited has a new token.
one() { x refresh "$1" --force >"$SITE/crowd/out.$2" 2>"$SITE/crowd/err.$2"; }
crowd=10
site_script slow:1:ok:forced ok:forced
rm -rf "$SITE/crowd"
mkdir "$SITE/crowd"
before=$(site_count)
pids=()
for ((i = 0; i < crowd; i++)); do
    one $app $i &
    pids+=($!)
done
wait "${pids[@]}"
like "$(($(site_count) - before))" '^[12]$' 'ten times --force at once'

# A failure is learnt from one request as well.
one() { x token "$1" >"$SITE/crowd/out.$2" 2>"$SITE/crowd/err.$2"; echo $? >"$SITE/crowd/rc.$2"; }
site_account down@contoso.test "secret_file: $SITE/secret/app"
site_script slow:1:status:503:down status:503:down
before=$(site_count)
pids=()
for ((i = 0; i < crowd; i++)); do
    one down@contoso.test $i &
    pids+=($!)
done
wait "${pids[@]}"
is "$(sort -u "$SITE"/crowd/rc.*)" 75 'a provider that is down: all fail alike'
is "$(site_count)" $((before + 1)) 'one request'

# ----- the holder of the lock dies

site_account kill@contoso.test "secret_file: $SITE/secret/app"
before=$(site_count)
site_script hang ok:after-the-kill
"$EXO" token kill@contoso.test --config "$SITE_CONF" >"$SITE/killed" 2>&1 &
victim=$!
disown $victim
for ((i = 0; i < 200; i++)); do
    [[ $(site_count) -gt $before ]] && break
    sleep 0.05
done
is "$(site_count)" $((before + 1)) 'a process in the middle of its request'
mkdir -p "$SITE/crowd"
(x token kill@contoso.test >"$SITE/crowd/next" 2>&1) &
next=$!
sleep 0.3
is "$(site_count)" $((before + 1)) 'another one waits for it'
kill -KILL $victim
wait $next
is $? 0 'after kill -9 the next one goes on'
is "$(cat "$SITE/crowd/next")" after-the-kill 'and gets a token'
is "$(site_count)" $((before + 2)) 'by a request of its own'
is "$(find "$SITE_STORE" -name '.tmp*' | wc -l)" 0 'nothing is left over'
ok 'the account is fine' x token kill@contoso.test

# nowait does not wait for a busy one, and a valid token is not held up.
site_account busy@contoso.test "secret_file: $SITE/secret/app"
site_script ok:busy-token
ok 'a token' x token busy@contoso.test
site_script hang
before=$(site_count)
"$EXO" refresh busy@contoso.test --force --config "$SITE_CONF" >/dev/null 2>&1 &
victim=$!
disown $victim
cleanup kill -KILL $victim
for ((i = 0; i < 200; i++)); do
    [[ $(site_count) -gt $before ]] && break
    sleep 0.05
done
ok 'while another one is being fetched' timeout 10 "$EXO" token busy@contoso.test \
    --config "$SITE_CONF"
is "$OUT" busy-token 'the token at hand is given out at once'
nowait()
{
    printf 'exoauth: 1\nget: busy@contoso.test\nnowait: yes\n\n' |
        timeout 10 "$EXO" serve --config "$SITE_CONF"
}
ok 'nowait' nowait
is "$OUT$ERR" '' 'leaves it to the other'
kill -KILL $victim 2>/dev/null
no_secret 'no secret in any output'
