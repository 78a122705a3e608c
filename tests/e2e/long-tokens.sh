#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Tokens of 1, 2, 4, 8 and 12 KB, from the provider through login, store and
# publication, through the plugin in a chrooted smtp(8), once published and
# once handed over by spawn(8). What a server does not take, the server
# refuses: its own words must then be in the log of Postfix.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

relay=relay@contoso.test
bob=bob@contoso.test
rig_up
log=$(rig_postfix_log client)
queue=$(rig_postfix_queue client)
long="[localhost]:$RIG_MXSUBMISSION_PORT"
rig_postfix_passwd client "$long $relay" \
    "[localhost]:$RIG_SUBMISSION_PORT $relay"
rig_postfix_conf client "relayhost=$long"

published() { rig_published "$relay" "$1"; }
# get BYTES: a new token of that length, published
get()
{
    rig_as_set "{\"tokenBytes\": $1}" &&
        exo refresh "$relay" --force &&
        [[ $(published token | tr -d '\n' | wc -c) == "$1" ]]
}

rig_as_set '{"tokenBytes": 1024}'
ok 'login with a token of 1 KB' rig_login "$relay"
rig_postfix_start client

rig_as_reset
n=0
for kb in 1 2 4 8; do
    n=$((n + 1))
    ok "$kb KB: the program gets it and publishes it whole" get $((kb * 1024))
    is "$(<"$queue$RIG_TOKENS/$relay")" "$(<"$RIG_TOKENS/$relay")" \
        "$kb KB: the same in the jail"
    is "$(exo token "$relay")" "$(published token)" \
        "$kb KB: the command prints the same"
    rig_send client "$relay" "$bob" "file-$kb"
    ok "$kb KB: mail with the published token" rig_mail_wait "$bob" "file-$kb"
    rig_unpublish "$relay"
    rig_send client "$relay" "$bob" "spawn-$kb"
    ok "$kb KB: mail by way of spawn(8)" rig_mail_wait "$bob" "spawn-$kb"
    is "$(rig_as_count)" "$n" "$kb KB: one token request"
done
is "$(grep -c 'sasl_method=XOAUTH2' "$(rig_postfix_log mx)")" 8 \
    'eight logins at the server'
unlike "$(<"$log")" 'status=(deferred|bounced)' 'no message ever waited'

# A token of 12 KB makes 16.4 KB of base64. Postfix as a server draws the line
# at 12288 bytes (RFC 4954 section 4 asks for that much), and behind it
# Dovecot at 16384 for a whole request.
ok '12 KB: the program gets it and publishes it whole' get 12288
rig_send client "$relay" "$bob" twelve
ok '12 KB: the server refuses it, in its own words' rig_log_wait \
    'status=deferred.*said: 500 5\.5\.6 SASL response limit exceeded' "$log"
rig_postfix_conf mx line_length_limit=32768 smtpd_sasl_response_limit=32768
rig_postfix_reload mx
rig_postfix_flush client
ok '12 KB: with more room there, the server behind it does' rig_log_wait \
    'status=deferred.*said: 454 4\.7\.0 Temporary authentication failure' "$log"
ok 'a token of 8 KB' get 8192
rig_postfix_flush client
ok 'and the mail that waited goes out' rig_mail_wait "$bob" twelve

# Dovecot's submission stops earlier.
rig_postfix_conf client "relayhost=[localhost]:$RIG_SUBMISSION_PORT"
rig_postfix_reload client
rig_send client "$relay" "$bob" dovecot
ok '8 KB: the submission of Dovecot refuses it, in its own words' rig_log_wait \
    'status=deferred.*said: 500 5\.5\.2 Line too long' "$log"
ok 'a token of 4 KB' get 4096
rig_postfix_flush client
ok 'is one that it takes' rig_mail_wait "$bob" dovecot
is "$(rig_mail_count "$bob")" 10 'ten messages, each delivered once'

# Nothing on our side has a limit there: a server that takes anything.
port=$(rig_port)
mkdir "$RIG/smtpd"
rig_daemon smtpd python3 "$RIG_HERE/smtpd.py" "$RIG" "$port"
rig_wait 20 rig_listens "$port" || bail 'smtpd.py does not listen'
rig_postfix_passwd client "[localhost]:$port $relay"
rig_postfix_conf client "relayhost=[localhost]:$port"
rig_postfix_reload client
ok 'once more a token of 12 KB' get 12288
# came N: the Nth response is the whole of user name and token
came()
{
    cmp "$RIG/smtpd/$1" <(printf 'user=%s\1auth=Bearer %s\1\1' "$relay" \
        "$(exo token "$relay")")
}
rig_send client "$relay" "$bob" file-12
rig_wait 20 test -s "$RIG/smtpd/1"
ok '12 KB: the published token arrives whole' came 1
rig_unpublish "$relay"
rig_send client "$relay" "$bob" spawn-12
rig_wait 20 test -s "$RIG/smtpd/2"
ok '12 KB: and by way of spawn(8)' came 2
unlike "$(<"$log")" 'SASL authentication failure' 'no refusal was our own'
