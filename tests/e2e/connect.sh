#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that have no login for tokens fetch mail through exoauth connect:
# fetchmail (IMAP and POP3), mbsync and mutt, with the lines of README. As root
# they run as a user who may not open the store and asks the socket.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd dovecot fetchmail mbsync mutt script
alice=alice@contoso.test
info=info@contoso.test
rig_init
rig_as_start "{\"shared\": {\"$alice\": \"$info\"}}"
rig_dovecot_start
rig_conf log
box=$RIG/home
mkdir -m 0700 "$box"

# Who fetches. As root: an ordinary service user.
me() { rig_sasl env HOME="$box" USER=fetcher timeout 60 "$@"; }
if [[ $(id -u) == 0 ]]; then
    chown daemon:daemon "$box"
    me()
    {
        rig_sasl setpriv --reuid 1 --regid 1 --clear-groups \
            env HOME="$box" USER=fetcher timeout 60 "$@"
    }
fi
connect="$RIG_EXO connect --ca-file $RIG_CA --config $RIG_CONF"

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login' rig_login "$alice" client_id=device-app allow=daemon \
    --refresh-token-file "$RIG/etc/alice.rt"
if [[ $(id -u) == 0 ]]; then
    rig_daemon serve "$RIG_EXO" serve --listen "$RIG/socket" --config "$RIG_CONF"
    ok 'serve --listen makes its socket' rig_wait 20 test -S "$RIG/socket"
    rig_conf socket "$RIG/socket"
    not_ok 'the store is closed to who fetches' me ls "$RIG_STORE"
    not_ok 'and so are the published tokens' me ls "$RIG_TOKENS"
else
    rig_conf helper "$RIG_EXO"
    skip 'as a user without rights on the store' 'needs root'
fi

# mail SUBJECT: one message waits for alice
mail()
{
    mkdir -p "$RIG/mail/$alice"/{new,cur,tmp}
    printf 'From: bob@contoso.test\nTo: %s\nSubject: %s\n\nHello.\n' "$alice" \
        "$1" >"$RIG/mail/$alice/new/$RANDOM$RANDOM.1.x"
    [[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$RIG/mail/$alice"
    return 0
}
got() { grep -rlae "^Subject: $1" "$box" | wc -l; }

# ----- fetchmail

fetch()
{
    cat >"$box/.fetchmailrc"
    chmod 0600 "$box/.fetchmailrc"
    [[ $(id -u) == 0 ]] && chown daemon:daemon "$box/.fetchmailrc"
    me fetchmail -v -f "$box/.fetchmailrc" --nosyslog --nodetach
}
# The lines of README, with the names of this test: readme FIRST-LINE PORT NAME
readme()
{
    sed -n "/^    poll .* $1 /,/^$/p" "$RIG_SRC/README" |
        sed -e "s|/usr/local/bin/exoauth connect|$connect --tls $4|" \
            -e "s|%h 99[35]|%h $2|" -e 's|outlook.office365.com|localhost|' \
            -e "s|\(connect.*\)alice@contoso.com|\1$3|" \
            -e "s|alice@contoso.com|$alice|"
    printf "mda \"/bin/sh -c 'cat >>%s.mbox'\"\n" "$box/$1"
}
fetch_imap() { readme imap "$RIG_IMAPS_PORT" "${1:-$alice}" implicit | fetch; }
fetch_pop3() { readme pop3 "$RIG_POP3_PORT" "${1:-$alice}" starttls | fetch; }
like "$(readme imap 1 x implicit)" 'sslproto' 'README has the lines'
mail one
ok 'fetchmail by IMAP' fetch_imap
is "$(got one)" 1 'and the message is here'
mail two
ok 'fetchmail by POP3' fetch_pop3
is "$(got two)" 1 'and the message is here'
like "$(<"$RIG/log/dovecot.log")" 'pop3-login: Info: Login: .*method=XOAUTH2.*TLS' \
    'with a token and under TLS'
exits 1 'fetchmail, nothing is new' fetch_pop3
not_ok 'fetchmail by IMAP, no such account' fetch_imap nobody@contoso.test
like "$OUT$ERR" 'BYE .*; RUN: EXOAUTH' 'is told why, and what to do'
exits 3 'fetchmail by POP3, no such account: an authorization error' \
    fetch_pop3 nobody@contoso.test
like "$OUT$ERR" '-ERR \[AUTH\] .*; run: exoauth' 'is told why, and what to do'

if [[ $(id -u) == 0 ]]; then
    rig_account denied@contoso.test
    exits 3 'fetchmail, an account whose allow does not name it' \
        fetch_pop3 denied@contoso.test
    like "$OUT$ERR" '-ERR \[AUTH\] uid 1 may not have .*allow' 'is told why'
fi

# ----- mbsync

mail three
mkdir -p "$RIG/mbsync"
cat >"$RIG/etc/mbsyncrc" <<EOF2
IMAPAccount exchange
Tunnel "$connect imap localhost $RIG_IMAPS_PORT $alice --tls implicit"

IMAPStore far
Account exchange

MaildirStore near
Path $box/maildir/
Inbox $box/maildir/INBOX

Channel mail
Far :far:
Near :near:
Create Near
SyncState *
EOF2
me mkdir "$box/maildir"
ok 'mbsync, Tunnel' me mbsync -c "$RIG/etc/mbsyncrc" mail
is "$(got three)" 1 'and the message is here'

# ----- mutt

cat >"$RIG/etc/muttrc" <<EOF2
set folder=imap://localhost/
set spoolfile=imap://localhost/INBOX
set tunnel="$connect imap localhost $RIG_IMAPS_PORT $alice --tls implicit"
set header_cache= message_cachedir= record= timeout=5
push "<limit>~s three<enter><pipe-message>cat >$box/mutt.mail<enter><exit>"
EOF2
mutt_once()
{
    me script -qec "env TERM=vt100 mutt -n -F $RIG/etc/muttrc" /dev/null \
        </dev/null
}
ok 'mutt, tunnel' mutt_once
ok 'and the message is here' grep -q '^Subject: three' "$box/mutt.mail"

# ----- another mailbox by the same login

ok 'a shared mailbox' me bash -c "printf 'a LOGOUT\r\n' |
    $connect imap localhost $RIG_IMAPS_PORT $alice --tls implicit --mailbox $info"
like "$(<"$RIG/log/dovecot.log")" "imap-login: .*user=<$info>, method=XOAUTH2" \
    'is opened under its name'

tokens=$(sed -n 's/^token: //p' "$RIG_TOKENS"/*)
isnt "$tokens" '' 'there is a token to look for'
found=$(grep -rlaF -e "$tokens" "$box" "$RIG/log")
is "$found" '' 'no token in what was written'
