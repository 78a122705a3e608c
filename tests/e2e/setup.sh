#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# From a plain Postfix to one that logs in: `exoauth setup postfix`, chrooted
# and not, for all mail and for one sender, and back to the very bytes.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"

# ----- chrooted, all mail

setup_client
ok 'login' rig_login "$relay"
rig_postfix_start client
rig_send client "$relay" "$bob" before
ok 'before setup, mail goes by the old way' rig_mail_wait "$bob" before
unlike "$(<"$log")" "relay=localhost.*:$RIG_SUBMISSION_PORT" \
    'which is not the relay'
before=$(setup_sums "$etc" "$RIG_CONF")

ok '--dry-run' setup client "$relay" --relayhost "$smtp" --dry-run
like "$OUT" "would change$" 'says that there is something to do'
like "$OUT" "- relayhost = .*"$'\n'"  \+ relayhost = \[localhost\]" \
    'and what: the old relay and the new one'
like "$OUT" 'smtp_sasl_tls_verified_security_options = noanonymous' \
    'the one option that is loosened'
unlike "$OUT" '(\+ smtp_sasl_security_options|\+ smtp_sasl_tls_security_options)' \
    'and no other'
like "$OUT" "exoauth unix - n n - 100 spawn user=nobody argv=$RIG_EXO serve" \
    'the service'
is "$(setup_sums "$etc" "$RIG_CONF")" "$before" 'and changes nothing'

ok 'setup --yes' setup client "$relay" --relayhost "$smtp" --yes
like "$OUT" $'\n''changed$' 'says that it changed something'
like "$ERR" "exoauth serve has a token, as spawn.* will run it" \
    'serve was tried with the credentials of spawn(8)'
like "$ERR" 'the mail user in the jail can log in' \
    'the login was tried as the mail user in the jail'
like "$ERR" 'the socket of spawn.* answers the mail user' \
    'the socket was tried'
is "$(<"$etc/exoauth_passwd")" \
    $'# Made by exoauth setup postfix. Names only, no password.\n'"$smtp $relay" \
    'the map has a name and no password'
like "$(<"$RIG_CONF")" "chroot: $queue" 'the jail is in exoauth.conf'
like "$(<"$RIG_CONF")" 'token_group: postfix' 'and the group'
is "$(stat -c '%U:%G %a' "$queue$RIG_TOKENS")" 'nobody:postfix 2750' \
    'the token directory is in the jail'
ok 'Postfix likes it' postfix -c "$etc" check

rig_send client "$relay" "$bob" after
ok 'mail arrives through the relay' rig_mail_wait "$bob" after
like "$(<"$log")" "relay=localhost.*:$RIG_SUBMISSION_PORT.*status=sent" \
    'Postfix says so'
like "$(<"$RIG/log/dovecot.log")" "user=<$relay>, method=XOAUTH2" \
    'the server saw XOAUTH2'
rig_unpublish "$relay"
rig_send client "$relay" "$bob" socket
ok 'and without a published token, by spawn(8)' rig_mail_wait "$bob" socket

now=$(setup_sums "$etc" "$RIG_CONF")
ok 'a second setup' setup client "$relay" --relayhost "$smtp" --yes
is "${OUT##*$'\n'}" unchanged 'has nothing to do'
like "$ERR" 'the socket of spawn.* answers the mail user' 'but to look whether it works'
is "$(setup_sums "$etc" "$RIG_CONF")" "$now" 'and does nothing'
ok 'not even with no relay named: it is the one of today' \
    setup client "$relay" --yes
is "${OUT##*$'\n'}" unchanged 'as it is the account'"'"'s'

ok '--undo' setup_undo client --yes
like "$OUT" "\+ relayhost = \[$TAP_LOOP\]" 'shows what it gives back'
is "$(setup_sums "$etc" "$RIG_CONF")" "$before" 'byte for byte as before'
ok 'the tokens below the jail are gone' test ! -e "$queue$RIG_TOKENS"
rig_send client "$relay" "$bob" undone
ok 'mail goes the old way again' rig_mail_wait "$bob" undone
ok 'a second --undo' setup_undo client --yes
is "$OUT" unchanged 'has nothing to do'
is "$(ls "$etc")" $'main.cf\nmaster.cf' 'and nothing is left over'

# ----- what others changed since

ok 'setup again' setup client "$relay" --relayhost "$smtp" --yes
rig_postfix_conf client 'relayhost=[elsewhere.test]:25' 'mynetworks=127.0.0.1'
exits 78 'with another relay since, undo refuses' setup_undo client --yes
like "$ERR" 'relayhost is "\[elsewhere.test\]:25" now' 'says what it is'
like "$ERR" "postconf -c $etc -e relayhost='\[$TAP_LOOP\]" 'and how to go back'
is "$(postconf -c "$etc" -h relayhost mynetworks)" \
    $'[elsewhere.test]:25\n127.0.0.1' 'and leaves what is not its own'
is "$(postconf -c "$etc" -h smtp_sasl_auth_enable smtp_tls_security_level)" \
    no 'the rest is taken back'
is "$(postconf -c "$etc" -M exoauth/unix 2>/dev/null)" '' 'the service, too'
rig_postfix_conf client "relayhost=[$TAP_LOOP]:$RIG_MX_PORT"
ok 'when it is put right' setup_undo client --yes
is "$(ls "$etc")" $'main.cf\nmaster.cf' 'nothing is left over'

# ----- one sender only

rig_postfix_conf client 'sender_dependent_default_transport_maps=' \
    smtp_sasl_security_options=noplaintext,noanonymous
before=$(setup_sums "$etc" "$RIG_CONF")
ok 'a transport of its own' setup client "$relay" --relayhost "$smtp" \
    --transport m365 --yes
like "$OUT" "m365 unix - - y - - smtp .*-o smtp_tls_security_level=secure" \
    'is a service in its jail'
is "$(postconf -c "$etc" -h relayhost smtp_sasl_auth_enable)" \
    "[$TAP_LOOP]:$RIG_MX_PORT"$'\nno' 'the other mail is not concerned'
rig_send client "$relay" "$bob" ours
rig_send client carol@contoso.test "$bob" theirs
ok 'mail of the account' rig_mail_wait "$bob" ours
ok 'and of another sender' rig_mail_wait "$bob" theirs
like "$(<"$log")" "pf-client/(m365|smtp)\[.*relay=localhost.*:$RIG_SUBMISSION_PORT.*status=sent" \
    'the first by the transport'
is "$(grep -c "relay=.*$TAP_LOOP.*:$RIG_MX_PORT.*status=sent" "$log")" 3 \
    'the other by the old way'
ok 'a second time' setup client "$relay" --relayhost "$smtp" --transport m365 --yes
is "${OUT##*$'\n'}" unchanged 'nothing to do'
ok 'undo' setup_undo client --yes
is "$(setup_sums "$etc" "$RIG_CONF")" "$before" 'byte for byte'
rig_postfix_stop client

# ----- not chrooted; several senders; a domain

setup_plain open n
etc=$(rig_postfix_etc open)
log=$(rig_postfix_log open)
ok 'login of a domain' rig_login @contoso.test
rig_postfix_conf open mydestination=localhost
rig_postfix_start open
before=$(setup_sums "$etc" "$RIG_CONF")
ok 'setup without a jail, for a domain beside an account' \
    setup open "$relay" @contoso.test --relayhost "$smtp" --yes
like "$OUT" 'smtp_sender_dependent_authentication = yes' 'senders log in as they are'
unlike "$OUT" 'chroot:' 'no jail'
like "$OUT" "socket: .*$(rig_postfix_queue open)/private/exoauth" \
    'the socket is where the queue is'
relays=$(grep -c "user=<$relay>, method=XOAUTH2" "$RIG/log/dovecot.log")
rig_send open dave@contoso.test "$bob" dave
ok 'mail of somebody in the domain' rig_mail_wait "$bob" dave
like "$(<"$RIG/log/dovecot.log")" "user=<dave@contoso.test>, method=XOAUTH2" \
    'the server saw that name'
rig_send open '"other@fabrikam.test:x"'@contoso.test "$bob" evil
ok 'mail of a sender with a colon, which ends a user name' rig_mail_wait "$bob" evil
unlike "$(<"$RIG/log/dovecot.log")" 'user=<other|oauth2.other' 'logs in as nobody else'
is "$(grep -c "user=<$relay>, method=XOAUTH2" "$RIG/log/dovecot.log")" \
    "$((relays + 1))" 'but as the relay, like every sender that matches nothing'
for who in '"dave@contoso.test"' "\"$relay\""; do
    # The bare local part of a local sender is a key, too, of most maps.
    rig_send open "$who@localhost" "$bob" "local $who"
    ok "mail of $who@localhost" rig_mail_wait "$bob" "local $who"
done
is "$(grep -c 'user=<dave@contoso.test>, method=XOAUTH2' "$RIG/log/dovecot.log")" 1 \
    'logs in as no sender of another domain'
rig_send open "$relay" "$bob" open
ok 'mail of the account' rig_mail_wait "$bob" open
ok 'undo' setup_undo open --yes
is "$(setup_sums "$etc" "$RIG_CONF")" "$before" 'byte for byte'
