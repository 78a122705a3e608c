#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth-recipes(7), the programs of a person: each block as it is printed, by
# a user without privileges, and mail that really comes and goes.

. "$(dirname "${BASH_SOURCE[0]}")/../lib/tenant.sh"
need_root 'overlays'
need_cmd dovecot msmtp mpop getmail mutt neomutt mbsync
need_file /usr/lib/cyrus/bin/imtest 'run: sudo tests/deps'
alice=alice@contoso.com
info=info@contoso.com
home=/home/alice
tenant_up "{\"shared\": {\"$alice\": \"$info\"}}" 'xoauth2 oauthbearer'
tenant_person alice
tenant_mail "$alice" 'waiting for alice'
tenant_mail "$info" 'waiting for info'
imap_log() { grep -c "imap-login: Info: Login: user=<$1>, method=XOAUTH2" "$RIG/log/dovecot.log"; }
sends() { ok "$1 sends" recipe_run "$1-send" alice && ok 'and it arrives' rig_mail_wait bob@contoso.com "from $1"; }
has() { grep -rqs "^Subject: waiting for $2" "$home/Mail/$1"; }

ok 'the login of a person' tenant_login
is "$OUT" changed 'by device code, nothing else given'

recipe_file msmtp $home/.msmtprc alice
sends msmtp
recipe_file mpop $home/.mpoprc alice
ok 'mpop' recipe_run mpop-run alice
like "$(as alice mpop --debug)" '--> AUTH XOAUTH2[^[:print:]]+<-- \+' \
    'sends AUTH and response on two lines'
ok 'fetches the message' has mpop alice
recipe_file getmail $home/.config/getmail/getmailrc alice
ok 'getmail' recipe_run getmail-run alice
ok 'fetches the message' has getmail alice

# A person at a terminal sees the message in the list and copies it to a file.
at_terminal()
{
    rm -f $home/copy $home/done
    as alice /usr/bin/python3 - 'waiting for alice' "C\\x15$home/copy\\nyq" \
        $home/done sh -c "$1; touch done" <"$RIG_SRC/tests/lib/keys.py"
}
# The same with the other mechanism.
sed -i 's/^auth xoauth2$/auth oauthbearer/' $home/.msmtprc $home/.mpoprc
bearer() { grep -c 'sasl_method=OAUTHBEARER' "$(rig_postfix_log mx)"; }
ok 'msmtp with oauthbearer' recipe_run msmtp-send alice
is "$(bearer)" 1 'logs in'
ok 'and mpop' as alice mpop
like "$(<"$RIG/log/dovecot.log")" "pop3-login: .*user=<$alice>, method=OAUTHBEARER" \
    'logs in'
for program in mutt neomutt; do
    recipe_file $program $home/.${program}rc alice
    sends $program
    ok "$program reads" at_terminal $program
    ok 'the message' grep -qs 'Subject: waiting for alice' $home/copy
done

sed -i '/^set smtp/d' $home/.neomuttrc
echo 'set sendmail = msmtp' >>$home/.neomuttrc
ok 'neomutt through msmtp' recipe_run neomutt-send alice
ok 'and it arrives' rig_mail_wait bob@contoso.com 'from neomutt' 2
is "$(bearer)" 2 'by msmtp'

recipe_file mbsync $home/.mbsyncrc alice
ok 'mbsync' recipe_run mbsync-run alice
ok 'fetches the message' has inbox alice
cyrus() { printf '%s\n' "$2" | recipe_run "$1" alice; }
for pair in 'imtest:. logout' smtptest:quit pop3test:quit; do
    ok "${pair%%:*}" cyrus "${pair%%:*}" "${pair#*:}"
    like "$OUT" 'Authenticated' 'logs in'
done

ok 'a shared mailbox' recipe_run shared alice
recipe_file shared-mbsync $home/.mbsyncrc alice
ok 'mbsync' recipe_run shared-mbsync-run alice
ok 'fetches its message' has info info
ok 'the server sees its name' test "$(imap_log "$info")" -ge 1
recipe_file shared-msmtp $home/.msmtprc alice
ok 'msmtp' recipe_run shared-msmtp-send alice
ok 'sends as it' rig_mail_wait bob@contoso.com 'from info'

# cron's PATH is shorter than that of a login, and what a line prints is mailed.
ok 'the line for cron' as alice env PATH=/usr/bin:/bin \
    sh -c "$(recipe crontab | cut -d' ' -f6-)"
is "$OUT$ERR" '' 'prints nothing'
is "$(rig_as_count grant_type=password)" 0 'no password anywhere'
recipes_complete '!^(postfix-|key-|libsasl2-mutt$)'
