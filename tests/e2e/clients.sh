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

# What the Cyrus test programs print: PROGRAM PORT USER [OPTION]...
cyrus()
{
    local program=$1 port=$2 user=$3 bye='. logout'
    shift 3
    [[ $program == imtest ]] || bye=quit
    printf '%s\n' "$bye" |
        rig_sasl timeout 60 "$program" -m XOAUTH2 -a "$user" -u "$user" "$@" \
            -p "$port" localhost 2>&1 | tr -d '\r'
}

mbsync_once()
{
    local user=$1 box=$RIG/mbsync
    mkdir -p "$box"
    cat >"$RIG/etc/mbsyncrc" <<EOF
IMAPAccount exchange
Host localhost
Port $RIG_IMAPS_PORT
SSLType IMAPS
CertificateFile $RIG_CA
User $user
AuthMechs XOAUTH2

IMAPStore far
Account exchange

MaildirStore near
Path $box/
Inbox $box/INBOX

Channel mail
Far :far:
Near :near:
Create Near
SyncState *
EOF
    rig_sasl timeout 60 mbsync -c "$RIG/etc/mbsyncrc" mail </dev/null
}

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login adopts a refresh token' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
mkdir -p "$RIG/mail/$alice/new" "$RIG/mail/$alice/cur" "$RIG/mail/$alice/tmp"
printf 'From: bob\nSubject: waiting\n\nHello.\n' >"$RIG/mail/$alice/new/1.1.x"
[[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$RIG/mail/$alice"

like "$(cyrus imtest "$RIG_IMAPS_PORT" "$alice" -s)" 'Authenticated' \
    'imtest, right token'
like "$(cyrus pop3test "$RIG_POP3S_PORT" "$alice" -s)" 'Authenticated' \
    'pop3test, right token'
like "$(cyrus imtest "$RIG_IMAP_PORT" "$alice" -t '')" 'Authenticated' \
    'imtest over STARTTLS'
if [[ $(id -u) == 0 ]]; then
    like "$(cyrus smtptest "$RIG_SUBMISSION_PORT" "$alice" -t '')" \
        'Authenticated' 'smtptest, right token'
else
    skip 'smtptest, right token' 'needs root: a Postfix behind the submission'
fi
ok 'mbsync, right token, no password anywhere' mbsync_once "$alice"
is "$(cat "$RIG"/mbsync/INBOX/*/* 2>/dev/null | grep -c '^Subject: waiting')" 1 \
    'and the message is here'

# Another mailbox with the same login: user= is the authorization id.
like "$(cyrus imtest "$RIG_IMAPS_PORT" "$alice" -s -u "$info")" \
    'Authenticated' 'imtest opens a shared mailbox'
like "$(<"$RIG/log/dovecot.log")" "imap-login: .*user=<$info>, method=XOAUTH2" \
    'under its name'
like "$(cyrus pop3test "$RIG_POP3S_PORT" "$alice" -s -u "$info")" \
    'Authenticated' 'and so does pop3test'
like "$(<"$RIG/log/dovecot.log")" "pop3-login: .*user=<$info>, method=XOAUTH2" \
    'under its name, too'

# The server's word on a wrong token must come through, and quickly.
rig_publish "$alice" "$(printf 'x%.0s' {1..1500})"
like "$(cyrus imtest "$RIG_IMAPS_PORT" "$alice" -s)" \
    'NO \[AUTHENTICATIONFAILED\]' 'imtest, wrong token: the words of the server'
like "$(cyrus pop3test "$RIG_POP3S_PORT" "$alice" -s)" '-ERR \[AUTH\]' \
    'pop3test, wrong token'
like "$(cyrus smtptest "$RIG_SUBMISSION_PORT" "$alice" -t '')" \
    '535 5\.7\.8 Authentication failed' 'smtptest, wrong token'
exits 1 'mbsync, wrong token: it fails and does not hang' mbsync_once "$alice"
like "$ERR" 'AUTHENTICATIONFAILED' 'and shows the words of the server'

# No account: refused here, with the reason, before a byte is sent.
before=$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")
not_ok 'mbsync, unknown account' mbsync_once nobody-here@contoso.test
is "$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")" "$before" \
    'the server does not hear of it'
