#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor beside a real Postfix in its jail: what it says is well works,
# and what it says is broken keeps mail waiting, in the same words.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

rig_client

doctor() { rig_doctor "$@"; }
has()
{
    grep -qE -e "^$1 +$2 +.*$3" <<<"$OUT" && { pass "$4: $1"; return; }
    fail "$4: $1"
    diag "$OUT"
}

ok 'login' rig_login "$relay"
rig_postfix_start client
rig_send client "$relay" "$bob" first
ok 'mail flows' rig_mail_wait "$bob" first
ok 'all is well' doctor
has ok plugin 'for XOAUTH2' 'the plugin'
has ok postfix 'Postfix [0-9.]+ logs in with tokens, to verified servers only' 'Postfix'
has ok jail "$relay: Postfix in $queue gets a token for localhost" 'a login in the jail'
has ok provider 'DNS, TCP, TLS, HTTP: https://localhost:[0-9]+/.* answers' 'the provider'
has ok token "$relay: there is a token, no. 1" 'the token'
is "$(rig_as_count grant_type=client_credentials)" 1 'no other token was asked for'

rig_postfix_conf client smtp_sasl_tls_verified_security_options=noplaintext,noanonymous
rig_postfix_reload client
rig_send client "$relay" "$bob" second
ok 'without the one option mail waits' rig_log_wait 'no mechanism available' "$log"
exits 78 'and doctor says so' doctor
has failure postfix 'no login with a token, "no mechanism available"; run: postconf -e' 'the option'
command=$(sed -n "s/.*run: \(postconf -e 'smtp_sasl_tls_verified[^']*'\).*/\1/p" <<<"$OUT" | head -n 1)
ok 'the command that it gives' bash -c "PATH=$RIG/bin:\$PATH; $command"
rig_postfix_reload client
rig_postfix_flush client
ok 'makes mail flow' rig_mail_wait "$bob" second
ok 'and all is well again' doctor

# The same by an option of the service: only that one is changed.
main=$(cat "$etc/main.cf")
rig_postfix_master client -P smtp/unix/smtp_sasl_tls_verified_security_options=noplaintext,noanonymous
rig_postfix_reload client
waits=$(grep -c 'no mechanism available' "$log")
rig_send client "$relay" "$bob" own
ok 'with that option in master.cf mail waits, too' \
    rig_log_wait 'no mechanism available' "$log" 20 $((waits + 1))
exits 78 'and doctor says so' doctor
command=$(sed -n 's/^failure *postfix .*master.cf, smtp: .*run: \(postconf .*\)/\1/p' <<<"$OUT")
like "$command" '^postconf -PX smtp/unix/smtp_sasl_tls_verified_security_options$' 'for that service'
ok 'the command that it gives' bash -c "PATH=$RIG/bin:\$PATH; $command"
is "$(cat "$etc/main.cf")" "$main" 'leaves main.cf as it is'
rig_postfix_reload client
rig_postfix_flush client
ok 'and makes mail flow' rig_mail_wait "$bob" own
ok 'all is well' doctor

# Nothing published and nobody who answers: the words of the mail log.
rig_postfix_master client -MX exoauth/unix
rig_conf socket none
rig_postfix_reload client
rig_unpublish "$relay"
rig_send client "$relay" "$bob" third
ok 'without a token mail waits' rig_log_wait "no token for $relay: nothing published" "$log"
words=$(grep -oE "no token for $relay: [^;]*;" "$log" | tail -n 1)
tap_run doctor
has failure jail "$relay: no token for $relay: nothing published" 'a login in the jail'
has warning postfix 'master.cf has no service for exoauth' 'the service'
has ok token "$relay: there is a token" 'and the token was published'
is "$([[ -n $words && $OUT == *"$words"* ]] && echo yes)" yes 'in the words of the mail log'
rig_postfix_flush client
ok 'so that mail flows' rig_mail_wait "$bob" third
