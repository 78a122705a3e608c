#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The whole path: a Postfix whose smtp(8) is chrooted, a Dovecot that takes
# nothing but XOAUTH2, a token from client_credentials: published, handed over
# through spawn(8), renewed while mail flows, and refused by the server.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

relay=relay@contoso.test
bob=bob@contoso.test
rig_up
log=$(rig_postfix_log client)
queue=$(rig_postfix_queue client)

ok 'login obtains a token with the secret from a file' rig_login "$relay"
is "$OUT" changed 'login says that it changed something'
is "$(rig_as_count grant_type=client_credentials)" 1 'with one token request'
ok 'the token is published' test -s "$RIG_TOKENS/$relay"
ok 'and in the jail, too' test -s "$queue$RIG_TOKENS/$relay"

rig_postfix_start client
rig_send client "$relay" "$bob" first
ok 'a chrooted smtp(8) delivers a message' rig_mail_wait "$bob" first
like "$(<"$log")" "relay=localhost.*status=sent" 'Postfix says sent'
smtp=$(pgrep -f -n -P "$(<"$RIG/pids/pf-client.pid")" '^smtp ')
is "$(readlink "/proc/${smtp:-0}/root")" "$queue" 'smtp(8) is in its jail'
like "$(<"$RIG/log/dovecot.log")" "submission-login: .*user=<$relay>, method=XOAUTH2" \
    'the server saw XOAUTH2'
is "$(rig_as_count)" 1 'no further token request'

# Nothing published: the jailed process asks through private/exoauth.
rig_unpublish "$relay"
rig_send client "$relay" "$bob" second
ok 'without a published token spawn(8) hands one over' \
    rig_mail_wait "$bob" second
is "$(rig_as_count)" 1 'from the store, without a token request'
ok 'and it is published again' test -s "$queue$RIG_TOKENS/$relay"

# Expiry under way: half of six seconds after this, no margin is left.
rig_as_set '{"ttl": 6}'
ok 'refresh --force takes a short-lived token' exo refresh "$relay" --force
is "$(rig_as_count)" 2 'with the second token request'
short=$(rig_published "$relay" token)
rig_as_set '{"ttl": 3600}'
expired() { [[ $(date +%s) -gt $(rig_published "$relay" expires) ]]; }
ok 'it expires' rig_wait 20 expired
rig_send client "$relay" "$bob" third
ok 'mail flows on after the expiry' rig_mail_wait "$bob" third
is "$(rig_as_count)" 3 'one token request made it so'
isnt "$(rig_published "$relay" token)" "$short" 'the new token is published'
unlike "$(<"$log")" 'status=(deferred|bounced)' 'no message ever waited'

# A token that looks good and is not: the server's words must reach the log.
rig_publish "$relay" "$(printf 'x%.0s' {1..1500})"
rig_send client "$relay" "$bob" fourth
ok 'a refused token: the 535 of the server is in the log of Postfix' \
    rig_log_wait 'status=deferred.*said: 535 5.7.8 Authentication failed' "$log"
is "$(rig_mail_count "$bob" fourth)" 0 'the message waits'
ok 'a good token' exo refresh "$relay" --force
rig_postfix_flush client
ok 'and the message that waited is delivered' rig_mail_wait "$bob" fourth

is "$(rig_mail_count "$bob")" 4 'four messages, four deliveries'
