#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Fifty processes meet one expired token, and the provider rotates refresh
# tokens and revokes everything when one is used twice: exactly one token
# request, fifty logins. Once with helpers spawned by the plugin, once over a
# socket, once with the program itself.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/lib/cyrus/bin
need_cmd dovecot imtest
alice=alice@contoso.test
crowd=50
rig_init
rig_conf timeout 60
rig_as_start '{"rotate": true}'
rig_dovecot_start

one_login()
{
    printf '. logout\n' | rig_sasl timeout 120 imtest -m XOAUTH2 -a "$alice" \
        -u "$alice" -s -p "$RIG_IMAPS_PORT" localhost >"$RIG/crowd/$1" 2>&1
}
one_token() { exo token "$alice" >"$RIG/crowd/$1" 2>"$RIG/crowd/err.$1"; }

# The token in the store has expired for the server and for us.
expire()
{
    rig_as_set '{"ttl": 2, "latency": 0}' &&
        exo refresh "$alice" --force &&
        rig_wait 20 past_expiry &&
        rig_as_set '{"ttl": 3600, "latency": 500}' &&
        rig_as_reset
}
past_expiry() { [[ $(date +%s) -gt $(rig_published "$alice" expires) ]]; }

rush()
{
    local i
    local -a pids=()
    rm -rf "$RIG/crowd"
    mkdir "$RIG/crowd"
    for ((i = 0; i < crowd; i++)); do
        "$1" "$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
}

check()
{
    is "$(rig_as_count grant_type=refresh_token)" 1 "$1: exactly one token request"
    is "$(rig_as_count status=200)" 1 "$1: which was granted"
    is "$(cat "$RIG"/crowd/[0-9]* | grep -cE "$2")" "$crowd" \
        "$1: $crowd of $crowd succeed"
}

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login adopts a refresh token' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"

ok 'the token expires' expire
rush one_token
check 'exoauth token' '^[A-Za-z0-9_-]{1500}$'
is "$(sort -u "$RIG"/crowd/[0-9]* | wc -l)" 1 'all have the same token'

rig_conf helper "$RIG_EXO"
ok 'the token expires again' expire
rush one_login
check 'spawned helpers' '^Authenticated'

rig_conf helper none
rig_conf socket "$RIG/socket"
rig_daemon serve "$RIG_EXO" serve --listen "$RIG/socket" --config "$RIG_CONF"
ok 'serve --listen makes its socket' rig_wait 20 test -S "$RIG/socket"
ok 'the token expires once more' expire
rush one_login
check 'one socket' '^Authenticated'

ok 'the grant is still alive' exo refresh "$alice" --force
