#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A mutt that is built --with-sasl uses the plugin and needs no command: IMAP,
# POP3 and SMTP. Debian's is built with GNU SASL; EXO_MUTT names another one.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

mutt=${EXO_MUTT:-$(command -v mutt)}
[[ -n $mutt && $("$mutt" -v) == *+USE_SASL* ]] ||
    skip_all 'mutt is not built with libsasl2; EXO_MUTT=FILE names one that is'
need_cmd dovecot script
need_root 'a Postfix takes what is sent'
alice=alice@contoso.test
bob=bob@contoso.test
rig_init
rig_as_start
RIG_MX_PORT=$(rig_port)
rig_dovecot_start 'xoauth2 plain'
rig_mx_start
box=$RIG/mutt
mkdir -p "$box" "$RIG/mail/$alice/"{new,cur,tmp}
printf 'From: bob\nTo: alice\nSubject: waiting\n\nHello.\n' \
    >"$RIG/mail/$alice/new/1.1.x"
chown -R nobody:nogroup "$RIG/mail/$alice"

# The block of exoauth-recipes(7) with the names of this test, and LINE...
muttrc()
{
    {
        sed -n '/recipe: libsasl2-mutt$/,/^\.Ed/{/^\./d;p}' \
            "$RIG_SRC/man/exoauth-recipes.7" |
            sed -e "s/alice@contoso.com/$alice/g" \
                -e "s/outlook.office365.com/localhost:$RIG_IMAPS_PORT/" \
                -e "s/smtp.office365.com:587/localhost:$RIG_SUBMISSION_PORT/"
        printf '%s\n' "set certificate_file=$RIG_CA ssl_usesystemcerts=no" \
            'set ssl_verify_host=no mark_old=no wait_key=no' \
            "set tmpdir=$box" "$@"
    } >"$box/rc"
}

# Runs it in a terminal, as it has no other way to read mail.
mutt_in_terminal()
{
    rig_sasl env TERM=vt100 HOME="$box" timeout 10 script -qec \
        "$mutt -n -F $box/rc" /dev/null </dev/null
}

# mutt sends the token with AUTH on one line, and Dovecot's submission refuses
# such a line where it is longer than 2 KB.
rig_as_set '{"tokenBytes": 700}'
rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'an account' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"

save="push \"<first-entry><pipe-message>cat >$box/mail<enter><exit>\""
muttrc "$save"
ok 'the page has the lines' grep -q imap_authenticators "$box/rc"
ok 'IMAP: mutt reads, with no password and no command' mutt_in_terminal
ok 'IMAP: the message is here' grep -q '^Subject: waiting' "$box/mail"

muttrc "set spoolfile=pops://$alice@localhost:$RIG_POP3S_PORT/" \
    "set folder=$box pop_pass=none pop_delete=no" 'push "<exit>"'
mutt_in_terminal >"$box/screen" 2>&1
like "$(<"$RIG/log/dovecot.log")" 'pop3-login: .*method=XOAUTH2' 'POP3: it logs in'
like "$(<"$box/screen")" 'Fetching list of messages' 'POP3: and goes on'

muttrc
ok 'SMTP: mutt sends' rig_sasl env HOME="$box" timeout 60 \
    "$mutt" -n -F "$box/rc" -s from-mutt "$bob" </dev/null
ok 'SMTP: and it arrives' rig_mail_wait "$bob" from-mutt
is "$(grep -c 'method=XOAUTH2' "$RIG/log/dovecot.log")" 3 'three logins, all by XOAUTH2'
