#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Other programs that speak libsasl2: imtest, smtptest and pop3test of Cyrus,
# and mbsync, each with a right and a wrong token. Runs with and without root.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/lib/cyrus/bin
need_cmd dovecot imtest smtptest pop3test mbsync
alice=alice@contoso.test
info=info@contoso.test
rig_init
rig_as_start "{\"shared\": {\"$alice\": \"$info\"}}"
# shellcheck disable=SC2034 # for lib/mail.sh
RIG_MX_PORT=$(rig_port)
rig_dovecot_start
[[ $(id -u) == 0 ]] && rig_mx_start

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login adopts a refresh token' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
mkdir -p "$RIG/mail/$alice/new" "$RIG/mail/$alice/cur" "$RIG/mail/$alice/tmp"
printf 'From: bob\nSubject: waiting\n\nHello.\n' >"$RIG/mail/$alice/new/1.1.x"
[[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$RIG/mail/$alice"

like "$(rig_cyrus imtest "$alice" XOAUTH2 "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'imtest, right token'
like "$(rig_cyrus pop3test "$alice" XOAUTH2 "$RIG_POP3S_PORT" -s)" 'Authenticated' \
    'pop3test, right token'
like "$(rig_cyrus imtest "$alice" XOAUTH2 "$RIG_IMAP_PORT" -t '')" 'Authenticated' \
    'imtest over STARTTLS'
if [[ $(id -u) == 0 ]]; then
    like "$(rig_cyrus smtptest "$alice" XOAUTH2 "$RIG_SUBMISSION_PORT" -t '')" \
        'Authenticated' 'smtptest, right token'
else
    skip 'smtptest, right token' 'needs root: a Postfix behind the submission'
fi
ok 'mbsync, right token, no password anywhere' rig_mbsync "$alice" XOAUTH2
is "$(cat "$RIG"/mbsync/INBOX/*/* 2>/dev/null | grep -c '^Subject: waiting')" 1 \
    'and the message is here'

# Another mailbox with the same login: user= is the authorization id.
like "$(rig_cyrus imtest "$alice" XOAUTH2 "$RIG_IMAPS_PORT" -s -u "$info")" \
    'Authenticated' 'imtest opens a shared mailbox'
like "$(<"$RIG/log/dovecot.log")" "imap-login: .*user=<$info>, method=XOAUTH2" \
    'under its name'
like "$(rig_cyrus pop3test "$alice" XOAUTH2 "$RIG_POP3S_PORT" -s -u "$info")" \
    'Authenticated' 'and so does pop3test'
like "$(<"$RIG/log/dovecot.log")" "pop3-login: .*user=<$info>, method=XOAUTH2" \
    'under its name, too'

# The server's word on a wrong token must come through, and quickly.
rig_publish "$alice" "$(printf 'x%.0s' {1..1500})"
like "$(rig_cyrus imtest "$alice" XOAUTH2 "$RIG_IMAPS_PORT" -s)" \
    'NO \[AUTHENTICATIONFAILED\]' 'imtest, wrong token: the words of the server'
like "$(rig_cyrus pop3test "$alice" XOAUTH2 "$RIG_POP3S_PORT" -s)" '-ERR \[AUTH\]' \
    'pop3test, wrong token'
like "$(rig_cyrus smtptest "$alice" XOAUTH2 "$RIG_SUBMISSION_PORT" -t '')" \
    '535 5\.7\.8 Authentication failed' 'smtptest, wrong token'
exits 1 'mbsync, wrong token: it fails and does not hang' rig_mbsync "$alice" XOAUTH2
like "$ERR" 'AUTHENTICATIONFAILED' 'and shows the words of the server'

# No account: refused here, with the reason, before a byte is sent.
before=$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")
not_ok 'mbsync, unknown account' rig_mbsync nobody-here@contoso.test XOAUTH2
is "$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")" "$before" \
    'the server does not hear of it'
