#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# One credential for a whole domain: @contoso.test serves three senders, with
# one token request, and stands back for a sender that has its own account.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

rig_up
log=$(rig_postfix_log client)
rig_postfix_conf client smtp_sender_dependent_authentication=yes
senders=()
for who in {u1,u2,u3,own}@contoso.test; do senders+=("$who $who"); done
rig_postfix_passwd client "${senders[@]}"

ok 'login of a domain account' rig_login @contoso.test
rig_postfix_start client
for who in u1 u2 u3; do
    rig_send client "$who@contoso.test" bob@contoso.test "from-$who"
done
for who in u1 u2 u3; do
    ok "mail of $who" rig_mail_wait bob@contoso.test "from-$who"
    like "$(<"$RIG/log/dovecot.log")" "user=<$who@contoso.test>, method=XOAUTH2" \
        "the server saw the name of $who"
done
is "$(rig_as_count)" 1 'one token request for all three'
is "$(find "$RIG_STORE" "$RIG_TOKENS" -name '*u[123]*')" '' \
    'and nothing is stored or published under the name of a sender'

ok 'an account of its own beside it' rig_login own@contoso.test \
    client_id=second-app "secret_file=$(rig_secret_file second)"
is "$(rig_as_count client_id=second-app)" 1 'has its own token request'
rig_send client own@contoso.test bob@contoso.test from-own
ok 'mail of the account of its own' rig_mail_wait bob@contoso.test from-own
is "$(rig_as_count client_id=relay-app)" 1 'the domain account had no more'
unlike "$(<"$log")" 'status=(deferred|bounced)' 'no message ever waited'
