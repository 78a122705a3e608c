#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# One Postfix, several senders: two accounts, a domain account, a shared
# mailbox, and those that must not get a token: an unknown account, a server
# the account does not name, a server whose certificate does not verify. This
# smtp(8) is not chrooted; tests/e2e/postfix.sh has the jail.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

alice=alice@contoso.test
info=info@contoso.test
relay=relay@contoso.test
bob=bob@contoso.test
rig_up "{\"shared\": {\"$alice\": \"$info\"}}" n
log=$(rig_postfix_log client)
rig_postfix_conf client smtp_sender_dependent_authentication=yes
senders=()
for who in "$alice" "$info" "$relay" {u1,u2,u3}@fabrikam.test \
    stranger@nowhere.test fenced@contoso.test; do
    senders+=("$who $who")
done
rig_postfix_passwd client "${senders[@]}"

seen() { grep -c "user=<$1>, method=XOAUTH2" "$RIG/log/dovecot.log"; }

# Two accounts of different kinds.
rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
is "$(wc -l <"$RIG/etc/alice.rt")" 1 'a refresh token from the device flow'
rig_as_reset
ok 'login adopts a refresh token' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
is "$(rig_as_count grant_type=refresh_token)" 1 'and proves it at once'
ok 'login of a second account' rig_login "$relay"
rig_postfix_start client
rig_send client "$alice" "$bob" from-alice
rig_send client "$relay" "$bob" from-relay
ok 'mail of the first account' rig_mail_wait "$bob" from-alice
ok 'mail of the second account' rig_mail_wait "$bob" from-relay
is "$(seen "$alice")" 1 'the server saw the first one once'
is "$(seen "$relay")" 1 'and the second one once'

# A shared mailbox: its own name in user=, the token of the delegate.
rig_account "$info" client_id=device-app "credential=$alice"
rig_as_reset
rig_send client "$info" "$bob" from-info
ok 'mail of a shared mailbox with the token of its delegate' \
    rig_mail_wait "$bob" from-info
is "$(seen "$info")" 1 'the server saw the name of the shared mailbox'
is "$(rig_as_count)" 0 'no token request for it'

# An unknown account: nothing may leave.
rig_send client stranger@nowhere.test "$bob" from-stranger
ok 'an account nobody knows: the log says so' \
    rig_log_wait 'SASL authentication failure:.*stranger@nowhere.test' "$log"
ok 'its message waits' \
    rig_log_wait 'status=deferred.*SASL authentication failed' "$log"
is "$(seen stranger@nowhere.test)" 0 'the server never heard of it'

# A server that the account does not name.
ok 'login of an account for another server' rig_login fenced@contoso.test \
    servers=smtp.office365.com
rig_send client fenced@contoso.test "$bob" from-fenced
ok 'its token stays here' \
    rig_log_wait 'SASL authentication failure:.*(localhost|servers)' "$log"
is "$(seen fenced@contoso.test)" 0 'the server did not see it'
is "$(rig_mail_count "$bob")" 3 'three messages so far'

# A certificate that does not verify, twice: level secure stops in TLS; with
# the weaker level libsasl2 finds no mechanism that may be used in the clear.
logins=$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")
rig_postfix_conf client "smtp_tls_CAfile=$RIG/pki/rogue.crt"
rig_postfix_reload client
rig_send client "$relay" "$bob" untrusted
ok 'level secure refuses a certificate it cannot verify' \
    rig_log_wait 'status=deferred \(Server certificate not (verified|trusted)' "$log"
rig_postfix_conf client smtp_tls_security_level=encrypt
rig_postfix_reload client
rig_send client "$relay" "$bob" unverified
ok 'level encrypt: no mechanism for an unverified server' \
    rig_log_wait 'No worthy mechs found' "$log"
is "$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")" "$logins" \
    'no token went there'
rig_postfix_conf client smtp_tls_security_level=secure \
    "smtp_tls_CAfile=$RIG_CA"
rig_postfix_reload client
