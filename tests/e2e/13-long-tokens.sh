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

# Postfix as a server takes 12 KB of base64 as it comes; RFC 4954 section 4.1
# asks for that much. More for 12 KB of token.
rig_postfix_conf mx line_length_limit=32768 smtpd_sasl_response_limit=32768
rig_postfix_reload mx

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
for kb in 1 2 4 8 12; do
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
is "$(grep -c 'sasl_method=XOAUTH2' "$(rig_postfix_log mx)")" 10 \
    'ten logins at the server'
unlike "$(<"$log")" 'status=(deferred|bounced)' 'no message ever waited'

# As Postfix comes, the server draws the line at 12288 bytes of base64.
rig_postfix_conf mx line_length_limit=16384 smtpd_sasl_response_limit=12288
rig_postfix_reload mx
rig_send client "$relay" "$bob" too-long
ok 'Postfix with its own limit refuses 12 KB, in its own words' rig_log_wait \
    'status=deferred.*said: 500 5\.5\.6 SASL response limit exceeded' "$log"
ok 'a token of 8 KB' get 8192
rig_postfix_flush client
ok 'is within that limit: the mail that waited goes out' \
    rig_mail_wait "$bob" too-long

# Dovecot's submission stops earlier.
rig_postfix_conf client "relayhost=[localhost]:$RIG_SUBMISSION_PORT"
rig_postfix_reload client
rig_send client "$relay" "$bob" dovecot-8
ok 'Dovecot refuses 8 KB, in its own words' rig_log_wait \
    'status=deferred.*said: 500 5\.5\.2 Line too long' "$log"
ok 'a token of 4 KB' get 4096
rig_postfix_flush client
ok 'is what Dovecot takes' rig_mail_wait "$bob" dovecot-8
is "$(rig_mail_count "$bob")" 12 'twelve messages, each delivered once'
unlike "$(<"$log")" 'SASL authentication failure' \
    'and no refusal was our own'
