#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth test at real servers: Dovecot for IMAP and POP3, its submission before
# Postfix for SMTP; a shared mailbox, a message, wrong tokens, no login. And a
# message through exoauth connect smtp.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd dovecot
alice=alice@contoso.test
bob=bob@contoso.test
info=info@contoso.test
rig_init
rig_conf log
rig_as_start "{\"shared\": {\"$alice\": \"$info\"}}"
# shellcheck disable=SC2034 # for lib/mail.sh
RIG_MX_PORT=$(rig_port)
rig_dovecot_start
[[ $(id -u) == 0 ]] && rig_mx_start
rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
token=$(sed -n 's/^token: //p' "$RIG_TOKENS/$alice")

t()
{
    local account=$1 proto=$2 port=$3 tls=$4
    shift 4
    rig_sasl timeout 120 "$RIG_EXO" test "$account" "$proto" --port "$port" \
        --tls "$tls" --ca-file "$RIG_CA" --config "$RIG_CONF" "$@"
}
ok 'IMAP, implicit TLS' t "$alice" imap "$RIG_IMAPS_PORT" implicit
like "$OUT" 'S: \* LIST .*INBOX.*READ-ONLY.*works' 'lists folders, examines INBOX'
said=$OUT
ok 'IMAP, STARTTLS' t "$alice" imap "$RIG_IMAP_PORT" starttls
said+=$OUT
ok 'POP3, implicit TLS' t "$alice" pop "$RIG_POP3S_PORT" implicit
like "$OUT" $'C: AUTH XOAUTH2\nS: \\+ *\nC: <token of [0-9]+ bytes>\n' \
    'the response on a line of its own'
said+=$OUT
ok 'POP3, STARTTLS' t "$alice" pop "$RIG_POP3_PORT" starttls
ok 'a shared mailbox' t "$alice" imap "$RIG_IMAPS_PORT" implicit --mailbox "$info"
like "$(<"$RIG/log/dovecot.log")" "imap-login: .*user=<$info>, method=XOAUTH2" \
    'under its name'
exits 78 'a mailbox of somebody else' t "$alice" imap "$RIG_IMAPS_PORT" implicit \
    --mailbox "$bob"
like "$OUT" '<challenge> \{"status":"401"' 'shows the challenge, decoded'
like "$ERR" 'AUTHENTICATIONFAILED.*the token.*; ' 'and says what it means'
ok 'SMTP, STARTTLS' t "$alice" smtp "$RIG_SUBMISSION_PORT" starttls
said+=$OUT

if [[ $(id -u) == 0 ]]; then
    ok 'SMTP, a message' t "$alice" smtp "$RIG_SUBMISSION_PORT" starttls \
        --to "$bob"
    ok 'arrives' rig_mail_wait "$bob" 'Test message of exoauth'
    exits 78 'SMTP, an address that there is not' t "$alice" smtp \
        "$RIG_SUBMISSION_PORT" starttls --to bob@elsewhere.invalid
    # What a mail program says to a tunnel.
    through()
    {
        rig_sasl timeout 60 "$RIG_EXO" connect smtp localhost \
            "$RIG_SUBMISSION_PORT" "$alice" --ca-file "$RIG_CA" \
            --config "$RIG_CONF" < <(printf '%s\r\n' 'EHLO tunnel' \
            "MAIL FROM:<$alice>" "RCPT TO:<$bob>" DATA 'Subject: tunnel' '' hi . QUIT)
    }
    ok 'a message through connect' through
    like "$OUT" $'^220 localhost ESMTP exoauth.*\n250 2' 'is taken'
    ok 'and arrives' rig_mail_wait "$bob" tunnel
    is "$(stat -c %U "$RIG_STORE"/*.json | sort -u)" nobody \
        'nothing of the store is root'\''s'
else
    skip 'SMTP, a message' 'needs root: a Postfix behind the submission'
fi

rig_conf helper "$RIG_EXO"
exits 67 'no such account' t nobody-here@contoso.test imap "$RIG_IMAPS_PORT" \
    implicit --server localhost
like "$ERR" 'no account .*; run: exoauth login' 'is told what to do'
rig_account nologin@contoso.test grant=device_code client_id=device-app
exits 77 'an account that was never logged in' t nologin@contoso.test imap \
    "$RIG_IMAPS_PORT" implicit
like "$ERR" '; run: exoauth login' 'is told what to do'
rig_publish "$alice" "$(printf 'x%.0s' {1..1500})"
exits 78 'a token that is none' t "$alice" pop "$RIG_POP3S_PORT" implicit
unlike "$OUT$ERR" xxxxxxxx 'is not shown either'
unlike "$said" "${token:100:20}" 'nor was the right one'
